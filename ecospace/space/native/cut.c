/* Reading features from WKB, and cutting them into grid cells as loose signed edges. */
#include "geometry.h"

#include <stdlib.h>
#include <string.h>

static uint32_t number_at(const uint8_t *bytes) {
    uint32_t value;
    memcpy(&value, bytes, 4);
    return value;
}

static double coordinate_at(const uint8_t *bytes) {
    double value;
    memcpy(&value, bytes, 8); /* WKB coordinates are not aligned */
    return value;
}

static int add_ring(const uint8_t *points, uint32_t count, int hole, Shape *shape) {
    if (shape->count + count > shape->room) {
        int64_t room = 2 * (shape->count + count) + 64;
        Edge *edges = realloc(shape->edges, room * sizeof(Edge));
        if (!edges) return -2;
        shape->edges = edges;
        shape->room = room;
    }
    if (!count) return 0;
    double x0 = coordinate_at(points), y0 = coordinate_at(points + 8), twice = 0;
    double x = x0, y = y0;
    Edge *first = shape->edges + shape->count, *edge = first;
    for (uint32_t i = 0; i < count; i++, points += 16) {
        double nx = coordinate_at(points), ny = coordinate_at(points + 8);
        if (!(nx - nx == 0 && ny - ny == 0)) return -1; /* not finite */
        shape->xmin = least(shape->xmin, nx);
        shape->xmax = most(shape->xmax, nx);
        shape->ymin = least(shape->ymin, ny);
        shape->ymax = most(shape->ymax, ny);
        if (i) {
            /* From the ring's first point: coordinates of millions of metres would cancel. */
            twice += (x - x0) * (ny - y0) - (nx - x0) * (y - y0);
            *edge++ = x <= nx ? (Edge){x, y, nx, ny, -1} : (Edge){nx, ny, x, y, 1};
        }
        x = nx;
        y = ny;
    }
    /* Rings are turned either way in real files: the area says how, so signs are put right here. */
    double turn = (twice > 0) != hole ? 1 : -1;
    if (turn < 0)
        for (Edge *e = first; e < edge; e++) e->sign = -e->sign;
    shape->area += turn * twice / 2;
    shape->count = edge - shape->edges;
    return 0;
}

int read_shape(const uint8_t *wkb, int64_t length, Shape *shape) {
    const uint8_t *end = wkb + length;
    shape->count = 0;
    shape->area = 0;
    shape->xmin = shape->ymin = 1e300;
    shape->xmax = shape->ymax = -1e300;
    if (length < 9 || wkb[0] != 1) return -1;
    uint32_t type = number_at(wkb + 1), polygons = 1;
    if (type == 6) {
        polygons = number_at(wkb + 5);
        wkb += 9;
    } else if (type != 3)
        return -1;
    for (uint32_t p = 0; p < polygons; p++) {
        if (end - wkb < 9 || wkb[0] != 1 || number_at(wkb + 1) != 3) return -1;
        uint32_t rings = number_at(wkb + 5);
        wkb += 9;
        for (uint32_t r = 0; r < rings; r++) {
            if (end - wkb < 4) return -1;
            uint32_t count = number_at(wkb);
            wkb += 4;
            if ((end - wkb) / 16 < (ptrdiff_t)count) return -1;
            int code = add_ring(wkb, count, r > 0, shape);
            if (code) return code;
            wkb += 16 * (int64_t)count;
        }
    }
    return 0;
}

static void add_edge(CellEdges *into, int32_t cell, int32_t feature, double x1, double y1, double x2, double y2,
                     double sign) {
    if (into->count == into->room) {
        int64_t room = 2 * into->room + 256;
        CellEdge *items = realloc(into->items, room * sizeof(CellEdge));
        if (!items) {
            into->failed = 1;
            return;
        }
        into->items = items;
        into->room = room;
    }
    into->items[into->count++] = (CellEdge){{x1, y1, x2, y2, sign}, cell, feature};
}

static inline double line_x(const Grid *grid, int64_t column) { return grid->x0 + (double)column * grid->size; }
static inline double line_y(const Grid *grid, int64_t row) { return grid->y0 + (double)row * grid->size; }

/* The part of an edge inside one column, cut at the horizontal grid lines; what is beyond the grid is left out. */
static void cut_in_column(const Edge *e, double x1, double y1, double x2, double y2, int32_t column, int32_t feature,
                          const Grid *grid, CellEdges *into) {
    double slope = (e->y2 - e->y1) / (e->x2 - e->x1), x = x1, y = y1;
    int rising = y2 > y1;
    int64_t row = rising ? floor_of((y1 - grid->y0) / grid->size) : -floor_of(-(y1 - grid->y0) / grid->size) - 1;
    int64_t enter = clamped(row, grid->rows - 1);
    if (row != enter) {
        if (rising ? row > enter : row < enter) return;
        row = enter;
        y = line_y(grid, row + !rising);
        x = least(most(e->x1 + (y - e->y1) / slope, x1), x2);
        if (rising ? y2 <= y : y2 >= y) return;
    }
    for (int last = 0; !last && row >= 0 && row < grid->rows; row += rising ? 1 : -1) {
        double line = line_y(grid, row + rising), tx = x2, ty = y2;
        last = y1 == y2 || (rising ? y2 <= line : y2 >= line);
        if (!last) {
            ty = line;
            tx = least(most(e->x1 + (line - e->y1) / slope, x), x2);
        }
        if (tx > x) add_edge(into, (int32_t)row * grid->columns + column, feature, x, y, tx, ty, e->sign);
        x = tx;
        y = ty;
    }
}

static void cut_edge(const Edge *e, int32_t feature, const Grid *grid, CellEdges *into) {
    double right = line_x(grid, grid->columns);
    if (e->x1 == e->x2 || e->x2 <= grid->x0 || e->x1 >= right) return;
    int32_t first = clamped(floor_of((e->x1 - grid->x0) / grid->size), grid->columns - 1);
    int32_t last = clamped(floor_of((e->x2 - grid->x0) / grid->size), grid->columns - 1);
    double slope = (e->y2 - e->y1) / (e->x2 - e->x1), x = most(e->x1, grid->x0);
    double y = x == e->x1 ? e->y1 : e->y1 + (x - e->x1) * slope;
    for (int32_t column = first; column <= last; column++) {
        double tx = least(column == last ? e->x2 : line_x(grid, column + 1), least(e->x2, right));
        if (tx <= x) continue;
        double ty = tx == e->x2 ? e->y2 : e->y1 + (tx - e->x1) * slope;
        cut_in_column(e, x, y, tx, ty, column, feature, grid, into);
        x = tx;
        y = ty;
    }
}

static int by_line_and_place(const void *a, const void *b) {
    const Crossing *p = a, *q = b;
    if (p->line != q->line) return p->line < q->line ? -1 : 1;
    return p->x < q->x ? -1 : p->x > q->x;
}

/* All places where the feature meets the horizontal grid lines; a vertex on a line counts as below it. */
static Crossing *crossings_of(const Shape *shape, const Grid *grid, int64_t *count) {
    int64_t room = 0, n = 0;
    Crossing *found = NULL;
    for (const Edge *e = shape->edges; e < shape->edges + shape->count; e++) {
        double low = least(e->y1, e->y2), high = most(e->y1, e->y2);
        if (high <= grid->y0) continue;
        int32_t from = clamped(floor_of((low - grid->y0) / grid->size), grid->rows);
        int32_t to = clamped(floor_of((high - grid->y0) / grid->size) + 1, grid->rows);
        for (int32_t line = from; line <= to; line++) {
            double y = line_y(grid, line);
            if (!(low <= y && high > y)) continue;
            if (n == room) {
                room = 2 * room + 64;
                Crossing *more = realloc(found, room * sizeof(Crossing));
                if (!more) {
                    free(found);
                    *count = -1;
                    return NULL;
                }
                found = more;
            }
            double x = e->x1 == e->x2 ? e->x1 : e->x1 + (y - e->y1) * (e->x2 - e->x1) / (e->y2 - e->y1);
            found[n++] = (Crossing){line, (int32_t)(e->y2 > e->y1 ? e->sign : -e->sign), x};
        }
    }
    if (n) qsort(found, n, sizeof(Crossing), by_line_and_place);
    *count = n;
    return found;
}

/* Parts of the cells' sides inside the feature: upper sides count +, lower sides -, so that each cell is closed. */
static void close_cells(const Crossing *found, int64_t count, int32_t feature, const Grid *grid, CellEdges *into) {
    int depth = 0;
    for (int64_t i = 0; i + 1 < count; i++) {
        depth = (i && found[i - 1].line == found[i].line ? depth : 0) + found[i].change;
        if (!depth || found[i + 1].line != found[i].line) continue;
        int32_t line = found[i].line;
        double y = line_y(grid, line), from = found[i].x, to = found[i + 1].x;
        int32_t first = clamped(floor_of((from - grid->x0) / grid->size), grid->columns - 1);
        int32_t last = clamped(floor_of((to - grid->x0) / grid->size), grid->columns - 1);
        for (int32_t column = first; column <= last; column++) {
            double x1 = most(from, line_x(grid, column)), x2 = least(to, line_x(grid, column + 1));
            if (x2 <= x1) continue;
            if (line < grid->rows) add_edge(into, line * grid->columns + column, feature, x1, y, x2, y, -depth);
            if (line > 0) add_edge(into, (line - 1) * grid->columns + column, feature, x1, y, x2, y, depth);
        }
    }
}

void cut_shape(const Shape *shape, int32_t feature, const Grid *grid, CellEdges *into) {
    for (int64_t i = 0; i < shape->count; i++) cut_edge(shape->edges + i, feature, grid, into);
    int64_t count;
    Crossing *found = crossings_of(shape, grid, &count);
    if (count < 0)
        into->failed = 1;
    else
        close_cells(found, count, feature, grid, into);
    free(found);
}

/* Cut features [first, last) of a WKB column. NULL without memory; *wrong is the feature that could not be read. */
EXPORT CellEdges *cut_features(const uint8_t *wkb, const int64_t *offsets, int64_t first, int64_t last,
                               const Grid *grid, int64_t *wrong) {
    Shape shape = {0};
    CellEdges *parts = calloc(1, sizeof(CellEdges));
    *wrong = -1;
    for (int64_t i = first; parts && i < last && !parts->failed; i++) {
        int code = read_shape(wkb + offsets[i], offsets[i + 1] - offsets[i], &shape);
        if (code == -2) parts->failed = 1;
        if (code == -1) {
            *wrong = i;
            break;
        }
        cut_shape(&shape, (int32_t)i, grid, parts);
    }
    free(shape.edges);
    return parts;
}

EXPORT void free_parts(CellEdges *parts) {
    if (parts) free(parts->items);
    free(parts);
}

EXPORT void free_cut(Cut *cut) {
    if (!cut) return;
    free(cut->edges);
    free(cut->group_start);
    free(cut->group_feature);
    free(cut->group_whole);
    free(cut->cell_start);
    free(cut);
}

/* Two whole sides, and nothing else, are a whole cell. Sides are computed from the grid alone, so equality is exact. */
static uint8_t is_whole(const Edge *edges, int64_t count, const Grid *grid, int32_t cell) {
    if (count != 2) return 0;
    int32_t column = cell % grid->columns, row = cell / grid->columns;
    double left = line_x(grid, column), right = line_x(grid, column + 1);
    for (int k = 0; k < 2; k++)
        if (edges[k].x1 != left || edges[k].x2 != right || edges[k].y1 != edges[k].y2) return 0;
    double bottom = line_y(grid, row), top = line_y(grid, row + 1);
    return least(edges[0].y1, edges[1].y1) == bottom && most(edges[0].y1, edges[1].y1) == top;
}

/* Join parts (in the order of their features) into one layer sorted by cell. NULL without memory. */
EXPORT Cut *join_parts(CellEdges **parts, int64_t part_count, const Grid *grid) {
    int64_t cells = (int64_t)grid->columns * grid->rows, total = 0, groups = 0;
    for (int64_t p = 0; p < part_count; p++) {
        if (!parts[p] || parts[p]->failed) return NULL;
        total += parts[p]->count;
    }
    Cut *cut = calloc(1, sizeof(Cut));
    int64_t *place = calloc(cells + 1, sizeof(int64_t));
    int32_t *features = malloc((total + 1) * sizeof(int32_t)); /* the feature of each sorted edge */
    if (cut) {
        cut->grid = *grid;
        cut->edges = malloc((total + 1) * sizeof(Edge));
        cut->cell_start = calloc(cells + 1, sizeof(int32_t));
    }
    if (!cut || !place || !features || !cut->edges || !cut->cell_start) goto failed;

    for (int64_t p = 0; p < part_count; p++)
        for (int64_t i = 0; i < parts[p]->count; i++) place[parts[p]->items[i].cell + 1]++;
    for (int64_t c = 0; c < cells; c++) {
        if (place[c + 1] > cut->largest_cell) cut->largest_cell = place[c + 1];
        place[c + 1] += place[c];
    }
    /* A counting sort keeps the order within a cell, so one feature's edges stay together. */
    for (int64_t p = 0; p < part_count; p++) {
        for (int64_t i = 0; i < parts[p]->count; i++) {
            const CellEdge *item = parts[p]->items + i;
            features[place[item->cell]] = item->feature;
            cut->edges[place[item->cell]++] = item->edge;
        }
        free(parts[p]->items);
        parts[p]->items = NULL;
        parts[p]->count = parts[p]->room = 0;
    }
    for (int64_t c = 0, i = 0; c < cells; c++) /* place[c] is now the end of cell c */
        for (int64_t start = i; i < place[c]; i++) groups += i == start || features[i] != features[i - 1];

    cut->edge_count = total;
    cut->group_count = groups;
    cut->group_start = malloc((groups + 1) * sizeof(int64_t));
    cut->group_feature = malloc((groups + 1) * sizeof(int32_t));
    cut->group_whole = malloc(groups + 1);
    if (!cut->group_start || !cut->group_feature || !cut->group_whole) goto failed;
    int64_t g = 0;
    for (int64_t c = 0, i = 0; c < cells; c++) {
        cut->cell_start[c] = (int32_t)g;
        while (i < place[c]) {
            int64_t start = i;
            while (i < place[c] && features[i] == features[start]) i++;
            cut->group_start[g] = start;
            cut->group_feature[g] = features[start];
            cut->group_whole[g] = is_whole(cut->edges + start, i - start, grid, (int32_t)c);
            if (i - start > cut->largest_group) cut->largest_group = i - start;
            g++;
        }
    }
    cut->cell_start[cells] = (int32_t)g;
    cut->group_start[g] = total;
    free(place);
    free(features);
    return cut;

failed:
    free(place);
    free(features);
    free_cut(cut);
    return NULL;
}

/* Bounds, area and number of edges of each feature: table[n][6]. -1, or the feature that could not be read; -2 without
   memory. */
EXPORT int64_t measure_features(const uint8_t *wkb, const int64_t *offsets, int64_t count, double *table) {
    Shape shape = {0};
    int64_t wrong = -1;
    for (int64_t i = 0; i < count && wrong == -1; i++, table += 6) {
        int code = read_shape(wkb + offsets[i], offsets[i + 1] - offsets[i], &shape);
        if (code) wrong = code == -2 ? -2 : i;
        table[0] = shape.xmin, table[1] = shape.ymin, table[2] = shape.xmax, table[3] = shape.ymax;
        table[4] = shape.area, table[5] = (double)shape.count;
    }
    free(shape.edges);
    return wrong;
}

EXPORT void describe_cut(const Cut *cut, int64_t *numbers) {
    numbers[0] = cut->edge_count, numbers[1] = cut->group_count;
    numbers[2] = cut->largest_group, numbers[3] = cut->largest_cell;
}
