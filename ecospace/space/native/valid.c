/* Which polygons are valid beyond doubt: one ring whose edges, by signs that rounding cannot turn, meet only at their
   ends. Everything else (holes, parts, long rings, near misses) is left to GEOS. */
#include "geometry.h"

#include <string.h>

#define LONGEST_RING 512

typedef struct {
    double x, y;
} Point;

/* The side of c on the line from a to b: +1 or -1 where certain, else 0 (Shewchuk's static error bound). */
static int certain_side(Point a, Point b, Point c) {
    double left = (a.x - c.x) * (b.y - c.y), right = (a.y - c.y) * (b.x - c.x), turn = left - right;
    double size = (left < 0 ? -left : left) + (right < 0 ? -right : right);
    double bound = 3.4e-16 * size;
    return turn > bound ? 1 : -turn > bound ? -1 : 0;
}

/* Two edges that follow each other share only their common end b. */
static int follow_well(Point a, Point b, Point c) {
    if (certain_side(a, b, c)) return 1;
    double x = (b.x - a.x) * (c.x - b.x), y = (b.y - a.y) * (c.y - b.y);
    double size = (x < 0 ? -x : x) + (y < 0 ? -y : y);
    return x + y > 1e-15 * size; /* straight on, not back */
}

/* Bounds of the edges of a ring, coordinate by coordinate: so a compiler compares several at once. */
typedef struct {
    double xmin[LONGEST_RING], xmax[LONGEST_RING], ymin[LONGEST_RING], ymax[LONGEST_RING];
} Bounds;

/* How far the bounds of edge i are from those of later edges, at least; at most 0 where they meet. */
static void measure_gaps(const Bounds *b, int i, int first, int last, double *restrict gap) {
    double xmin = b->xmin[i], xmax = b->xmax[i], ymin = b->ymin[i], ymax = b->ymax[i];
    for (int j = first; j < last; j++)
        gap[j] = most(most(xmin - b->xmax[j], b->xmin[j] - xmax), most(ymin - b->ymax[j], b->ymin[j] - ymax));
}

/* Whether two edges whose bounds meet do not, for certain. */
static int apart(const Point *p, const Point *q) {
    int a = certain_side(p[0], p[1], q[0]);
    if (a && a == certain_side(p[0], p[1], q[1])) return 1;
    int b = certain_side(q[0], q[1], p[0]);
    return b && b == certain_side(q[0], q[1], p[1]);
}

static uint8_t surely_valid(const uint8_t *wkb, int64_t length) {
    uint32_t head[3];
    if (length < 13 || wkb[0] != 1) return 0;
    memcpy(head, wkb + 1, 12); /* type, rings, points */
    if (head[0] != 3 || head[1] != 1 || head[2] < 4 || head[2] > LONGEST_RING) return 0;
    if (length != 13 + 16 * (int64_t)head[2]) return 0;
    Point p[LONGEST_RING];
    memcpy(p, wkb + 13, 16 * head[2]);
    int n = (int)head[2] - 1; /* edges */
    if (p[0].x != p[n].x || p[0].y != p[n].y) return 0;
    Bounds b;
    double gap[LONGEST_RING];
    for (int i = 0; i < n; i++) {
        if (!(p[i].x - p[i].x == 0 && p[i].y - p[i].y == 0)) return 0;
        if (!follow_well(p[i], p[i + 1], p[i + 1 < n ? i + 2 : 1])) return 0;
        b.xmin[i] = least(p[i].x, p[i + 1].x), b.xmax[i] = most(p[i].x, p[i + 1].x);
        b.ymin[i] = least(p[i].y, p[i + 1].y), b.ymax[i] = most(p[i].y, p[i + 1].y);
    }
    for (int i = 0; i < n; i++) {
        int last = n - (i == 0);
        measure_gaps(&b, i, i + 2, last, gap);
        for (int j = i + 2; j < last; j++)
            if (gap[j] <= 0 && !apart(p + i, p + j)) return 0;
    }
    return 1;
}

/* valid[i] = 1 where feature i is valid beyond doubt, 0 where GEOS has to say. */
EXPORT void find_valid(const uint8_t *wkb, const int64_t *offsets, int64_t count, uint8_t *valid) {
    for (int64_t i = 0; i < count; i++) valid[i] = surely_valid(wkb + offsets[i], offsets[i + 1] - offsets[i]);
}
