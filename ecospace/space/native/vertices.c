/* Vertices of WKB polygons: more of them on long edges, and their coordinates taken out and put back for a transform. */
#include "geometry.h"

#include <math.h>
#include <string.h>

/* Walks the rings of a WKB Polygon or MultiPolygon that read_shape has accepted. */
typedef struct {
    const uint8_t *at;
    uint32_t polygons, rings;
} Walk;

static uint32_t whole_at(const uint8_t *bytes) {
    uint32_t value;
    memcpy(&value, bytes, 4);
    return value;
}

static Walk walk_from(const uint8_t *wkb) {
    return whole_at(wkb + 1) == 6 ? (Walk){wkb + 9, whole_at(wkb + 5), 0} : (Walk){wkb, 1, 0};
}

/* The next ring's number of points, with w->at on its first point; 0 at the end. `header` is where bytes before it
   (of polygons and of the count) begin. */
static uint32_t next_ring(Walk *w, const uint8_t **header) {
    *header = w->at;
    while (!w->rings) {
        if (!w->polygons) return 0;
        w->polygons--;
        w->rings = whole_at(w->at + 5);
        w->at += 9;
    }
    w->rings--;
    uint32_t count = whole_at(w->at);
    w->at += 4;
    return count;
}

static int64_t pieces_of(const uint8_t *point, double step) {
    double edge[4];
    memcpy(edge, point, 32);
    double x = edge[2] - edge[0], y = edge[3] - edge[1];
    if (x * x + y * y < .99 * step * step) return 1; /* most edges, without a root */
    double pieces = ceil(hypot(x, y) / step);
    return pieces > 1 ? (int64_t)pieces : 1;
}

/* Features whose edges are at most `step` long; their own vertices stay to the last bit. Called first with into NULL
   for new_offsets, then for the bytes. */
EXPORT void densify_features(const uint8_t *wkb, const int64_t *offsets, int64_t count, double step,
                             int64_t *new_offsets, uint8_t *into) {
    if (!into) new_offsets[0] = 0;
    for (int64_t i = 0; i < count; i++) {
        Walk walk = walk_from(wkb + offsets[i]);
        const uint8_t *header, *start = wkb + offsets[i];
        int64_t more = 0;
        if (into && new_offsets[i + 1] - new_offsets[i] == offsets[i + 1] - offsets[i]) { /* no long edge */
            memcpy(into + new_offsets[i], start, offsets[i + 1] - offsets[i]);
            continue;
        }
        uint8_t *to = into ? into + new_offsets[i] : NULL;
        if (into && walk.at != start) {
            memcpy(to, start, walk.at - start);
            to += walk.at - start;
        }
        for (uint32_t points; (points = next_ring(&walk, &header));) {
            const uint8_t *point = walk.at;
            uint8_t *number = NULL;
            uint32_t total = points;
            if (into) {
                memcpy(to, header, point - header);
                to += point - header;
                number = to - 4;
            }
            for (uint32_t k = 0; k < points; k++, point += 16) {
                if (into) memcpy(to, point, 16), to += 16;
                if (k + 1 == points) break;
                int64_t pieces = pieces_of(point, step);
                more += pieces - 1;
                total += (uint32_t)(pieces - 1);
                if (!into || pieces == 1) continue;
                double edge[4];
                memcpy(edge, point, 32);
                for (int64_t part = 1; part < pieces; part++) {
                    double share = (double)part / (double)pieces;
                    double place[2] = {edge[0] + (edge[2] - edge[0]) * share, edge[1] + (edge[3] - edge[1]) * share};
                    memcpy(to, place, 16);
                    to += 16;
                }
            }
            if (into) memcpy(number, &total, 4);
            walk.at += 16 * (int64_t)points;
        }
        if (!into) new_offsets[i + 1] = new_offsets[i] + offsets[i + 1] - offsets[i] + 16 * more;
    }
}

/* Coordinates of all vertices into x and y (where not NULL), or from them back; the number of vertices. */
EXPORT int64_t move_vertices(uint8_t *wkb, const int64_t *offsets, int64_t count, double *x, double *y, int back) {
    int64_t n = 0;
    for (int64_t i = 0; i < count; i++) {
        Walk walk = walk_from(wkb + offsets[i]);
        const uint8_t *header;
        for (uint32_t points; (points = next_ring(&walk, &header)); walk.at += 16 * (int64_t)points) {
            uint8_t *point = wkb + (walk.at - wkb);
            if (x)
                for (uint32_t k = 0; k < points; k++, point += 16) {
                    memcpy(back ? point : (uint8_t *)(x + n + k), back ? (uint8_t *)(x + n + k) : point, 8);
                    memcpy(back ? point + 8 : (uint8_t *)(y + n + k), back ? (uint8_t *)(y + n + k) : point + 8, 8);
                }
            n += points;
        }
    }
    return n;
}
