/* Polygons as signed edges, and the grid they are cut by.

   A polygon's indicator is the signed sum of the trapezoids below its edges: +1 below an upper edge, -1 below a lower
   one. Areas of intersections are then double (or triple) sums over edges; no topology is ever built, so shared edges,
   slivers and holes are no special cases. */
#ifndef ECOSPACE_GEOMETRY_H
#define ECOSPACE_GEOMETRY_H

#include <stddef.h>
#include <stdint.h>

#ifdef _WIN32
#define EXPORT __declspec(dllexport)
#else
#define EXPORT __attribute__((visibility("default")))
#endif

/* From (x1, y1) to (x2, y2) with x1 <= x2; sign +1 where the ground lies below the edge, -1 where it lies above.
   A vertical edge (x1 == x2) keeps its own direction and the sign of an edge that runs to +x. */
typedef struct {
    double x1, y1, x2, y2, sign;
} Edge;

/* One feature: the edges of all its rings, its bounds and its area. */
typedef struct {
    Edge *edges;
    int64_t count, room;
    double xmin, ymin, xmax, ymax, area;
} Shape;

/* Cells of one size; cell (column, row) has its corner at x0 + column * size, y0 + row * size. */
typedef struct {
    double x0, y0, size;
    int32_t columns, rows;
} Grid;

/* An edge inside one cell of one feature. */
typedef struct {
    Edge edge;
    int32_t cell, feature;
} CellEdge;

/* Where a horizontal grid line meets a feature; change is +1 where the feature begins on the way to +x. */
typedef struct {
    int32_t line, change;
    double x;
} Crossing;

typedef struct {
    CellEdge *items;
    int64_t count, room;
    int failed;
} CellEdges;

/* A layer cut into cells. Groups (one feature in one cell) are sorted by cell, then by feature. */
typedef struct {
    Grid grid;
    Edge *edges;
    int64_t *group_start; /* groups + 1: range of edges */
    int32_t *group_feature;
    uint8_t *group_whole; /* the feature covers the whole cell */
    int32_t *cell_start;  /* cells + 1: range of groups */
    int64_t edge_count, group_count, largest_group, largest_cell;
} Cut;

static inline int64_t floor_of(double value) {
    if (value > 9e15) return (int64_t)9e15; /* beyond that a conversion is undefined */
    if (value < -9e15) return -(int64_t)9e15;
    int64_t whole = (int64_t)value;
    return whole - (value < (double)whole);
}

static inline int32_t clamped(int64_t value, int32_t last) {
    return (int32_t)(value < 0 ? 0 : value > last ? last : value);
}

static inline double least(double a, double b) { return a < b ? a : b; }
static inline double most(double a, double b) { return a > b ? a : b; }

/* Read a WKB Polygon or MultiPolygon (2-D, little endian): 0, or -1 where it is neither or not
   finite, -2 without memory. */
int read_shape(const uint8_t *wkb, int64_t length, Shape *shape);

/* Cut a feature by the grid and close it along the cells' upper and lower sides. */
void cut_shape(const Shape *shape, int32_t feature, const Grid *grid, CellEdges *into);

#endif
