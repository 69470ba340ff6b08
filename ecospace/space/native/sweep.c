/* Ground covered once: slabs inside each cell, counting how many features of two layers lie on it, by zone. */
#include "geometry.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST, SECOND, ZONE };

typedef struct {
    Edge edge;
    int32_t layer, feature;
} Tagged;

typedef struct {
    Tagged *edges;
    double *places;
    int32_t *active;
    double *heights;
    int64_t edge_room, place_room, count, place_count;
    int32_t *inside; /* how often the ground is inside each zone of the cell, and the zones */
    int32_t *zones;
    int64_t zone_room, zone_count;
} Slabs;

static inline double height_at(const Edge *e, double x) {
    return e->y1 + (x - e->x1) * ((e->y2 - e->y1) / (e->x2 - e->x1));
}

static int by_left(const void *a, const void *b) {
    const Tagged *p = a, *q = b;
    if (p->edge.x1 != q->edge.x1) return p->edge.x1 < q->edge.x1 ? -1 : 1;
    return p->edge.x2 < q->edge.x2 ? -1 : p->edge.x2 > q->edge.x2;
}

static int by_value(const void *a, const void *b) {
    double p = *(const double *)a, q = *(const double *)b;
    return p < q ? -1 : p > q;
}

static int add_place(Slabs *s, double x) {
    if (s->place_count == s->place_room) {
        int64_t room = 2 * s->place_room + 256;
        double *more = realloc(s->places, room * sizeof(double));
        if (!more) return 0;
        s->places = more;
        s->place_room = room;
    }
    s->places[s->place_count++] = x;
    return 1;
}

static int add_group(Slabs *s, const Cut *cut, int32_t group, int32_t layer) {
    int64_t from = cut->group_start[group], to = cut->group_start[group + 1];
    if (s->count + to - from > s->edge_room) {
        int64_t room = 2 * (s->count + to - from) + 64;
        Tagged *edges = realloc(s->edges, room * sizeof(Tagged));
        if (edges) s->edges = edges;
        int32_t *active = realloc(s->active, room * sizeof(int32_t));
        if (active) s->active = active;
        double *heights = realloc(s->heights, room * sizeof(double));
        if (heights) s->heights = heights;
        if (!edges || !active || !heights) return 0;
        s->edge_room = room;
    }
    for (int64_t i = from; i < to; i++)
        s->edges[s->count++] = (Tagged){cut->edges[i], layer, cut->group_feature[group]};
    return 1;
}

static int add_zone(Slabs *s, int32_t zone) {
    if (s->zone_count == s->zone_room) {
        int64_t room = 2 * s->zone_room + 16;
        int32_t *zones = realloc(s->zones, room * sizeof(int32_t));
        if (zones) s->zones = zones;
        int32_t *inside = realloc(s->inside, room * sizeof(int32_t));
        if (inside) s->inside = inside;
        if (!zones || !inside) return 0;
        s->zone_room = room;
    }
    s->zones[s->zone_count++] = zone;
    return 1;
}

/* Where the order of the edges from bottom to top may change: their ends and their crossings. Edges sorted by x1. */
static int find_places(Slabs *s) {
    s->place_count = 0;
    for (int64_t i = 0; i < s->count; i++) {
        const Edge *a = &s->edges[i].edge;
        if (!add_place(s, a->x1) || !add_place(s, a->x2)) return 0;
        for (int64_t j = i + 1; j < s->count && s->edges[j].edge.x1 < a->x2; j++) {
            const Edge *b = &s->edges[j].edge;
            double left = b->x1, right = least(a->x2, b->x2);
            if (left >= right) continue;
            double from = height_at(a, left) - height_at(b, left), to = height_at(a, right) - height_at(b, right);
            if (((from < 0 && to > 0) || (from > 0 && to < 0)) && !add_place(s, left + (right - left) * from / (from - to)))
                return 0;
        }
    }
    qsort(s->places, s->place_count, sizeof(double), by_value);
    return 1;
}

/* One slab: edges from top to bottom; area between two neighbours goes to the state reached above it. */
static void add_slab(Slabs *s, int64_t active, double left, double right, int depth_first, int depth_second,
                     double *table) {
    double middle = .5 * (left + right), width = right - left;
    for (int64_t k = 0; k < active; k++) { /* nearly sorted from the slab before */
        int32_t edge = s->active[k];
        double y = height_at(&s->edges[edge].edge, middle);
        int64_t z = k;
        for (; z > 0 && s->heights[z - 1] < y; z--) {
            s->heights[z] = s->heights[z - 1];
            s->active[z] = s->active[z - 1];
        }
        s->heights[z] = y;
        s->active[z] = edge;
    }
    for (int64_t k = 0; k < active; k++) {
        if (k && (depth_first > 0 || depth_second > 0)) {
            double area_m2 = (s->heights[k - 1] - s->heights[k]) * width;
            int state = depth_first > 0 ? (depth_second > 0 ? 2 : 0) : 1;
            for (int64_t z = 0; z < s->zone_count; z++)
                if (s->inside[z] > 0) table[3 * s->zones[z] + state] += area_m2;
        }
        const Tagged *t = s->edges + s->active[k];
        int step = (int)t->edge.sign;
        if (t->layer == FIRST)
            depth_first += step;
        else if (t->layer == SECOND)
            depth_second += step;
        else
            for (int64_t z = 0; z < s->zone_count; z++)
                if (s->zones[z] == t->feature) s->inside[z] += step;
    }
}

static int sweep_slabs(Slabs *s, double *table) {
    qsort(s->edges, s->count, sizeof(Tagged), by_left);
    if (!find_places(s)) return 0;
    int64_t next = 0, active = 0;
    for (int64_t p = 0; p + 1 < s->place_count; p++) {
        double left = s->places[p], right = s->places[p + 1];
        if (right <= left) continue;
        int64_t kept = 0;
        for (int64_t k = 0; k < active; k++)
            if (s->edges[s->active[k]].edge.x2 > left) s->active[kept++] = s->active[k];
        active = kept;
        for (; next < s->count && s->edges[next].edge.x1 <= left; next++)
            if (s->edges[next].edge.x2 > left) s->active[active++] = (int32_t)next;
        memset(s->inside, 0, s->zone_count * sizeof(int32_t));
        add_slab(s, active, left, right, 0, 0, table);
    }
    return 1;
}

/* Signed sum of one group's edges: its area in the cell. */
static double group_area(const Cut *cut, int32_t group, double base) {
    double total = 0;
    for (const Edge *e = cut->edges + cut->group_start[group]; e < cut->edges + cut->group_start[group + 1]; e++)
        total += e->sign * (e->x2 - e->x1) * (.5 * (e->y1 + e->y2) - base);
    return total;
}

static int any_whole(const Cut *cut, int64_t cell) {
    for (int32_t g = cut->cell_start[cell]; g < cut->cell_start[cell + 1]; g++)
        if (cut->group_whole[g]) return 1;
    return 0;
}

/* Area of ground in the first layer only, the second only, and both, by zone, in cells [first, last).
   table[zones][3] is added to. `second` may be NULL. 0, or -2 without memory. */
EXPORT int64_t sweep_cells(const Cut *one, const Cut *second, const Cut *zones, int64_t first, int64_t last,
                           double *table) {
    Slabs s = {0};
    int ok = 1;
    const Grid *grid = &zones->grid;
    for (int64_t cell = first; cell < last && ok; cell++) {
        int32_t a = one->cell_start[cell], a_end = one->cell_start[cell + 1];
        int32_t b = second ? second->cell_start[cell] : 0, b_end = second ? second->cell_start[cell + 1] : 0;
        int32_t z = zones->cell_start[cell], z_end = zones->cell_start[cell + 1];
        if (z == z_end || (a == a_end && b == b_end)) continue;
        int whole_first = any_whole(one, cell), whole_second = second && any_whole(second, cell);
        int first_plain = whole_first || a == a_end, second_plain = whole_second || b == b_end;
        double base = grid->y0 + (cell / grid->columns) * grid->size;
        if (first_plain && second_plain) { /* the whole cell is in one state */
            int state = whole_first ? (whole_second ? 2 : 0) : 1;
            for (; z < z_end; z++) table[3 * zones->group_feature[z] + state] += group_area(zones, z, base);
            continue;
        }
        if (z_end == z + 1 && zones->group_whole[z] && b == b_end && a_end == a + 1) {
            table[3 * zones->group_feature[z]] += group_area(one, a, base);
            continue;
        }
        s.count = s.zone_count = 0;
        for (; ok && a < a_end; a++) ok = add_group(&s, one, a, FIRST);
        for (; ok && b < b_end; b++) ok = add_group(&s, second, b, SECOND);
        for (; ok && z < z_end; z++)
            ok = add_group(&s, zones, z, ZONE) && add_zone(&s, zones->group_feature[z]);
        if (ok) ok = sweep_slabs(&s, table);
    }
    free(s.edges);
    free(s.places);
    free(s.active);
    free(s.heights);
    free(s.inside);
    free(s.zones);
    return ok ? 0 : -2;
}
