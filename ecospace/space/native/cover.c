/* Exact cell coverage of a raster: every edge leaves its height and the area to its right in the cells it crosses; a
   running sum along the row is then the covered fraction of each cell. Runs of whole cells are only counted. */
#include "geometry.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What edges of one zone leave in one cell: `here` in this cell, `right` in all further ones of the row. */
typedef struct {
    int32_t zone, column;
    double here, right;
} Mark;

typedef struct {
    Mark *marks;
    int64_t *row_start; /* rows + 1 */
    int64_t count, room;
    int32_t rows, columns;
    int32_t *row_of; /* while building */
} Marks;

static int add_mark(Marks *m, int32_t row, Mark mark) {
    if (m->count == m->room) {
        int64_t room = 2 * m->room + 1024;
        Mark *marks = realloc(m->marks, room * sizeof(Mark));
        if (marks) m->marks = marks;
        int32_t *row_of = realloc(m->row_of, room * sizeof(int32_t));
        if (row_of) m->row_of = row_of;
        if (!marks || !row_of) return 0;
        m->room = room;
    }
    m->row_of[m->count] = row;
    m->marks[m->count++] = mark;
    return 1;
}

/* An edge in cells (x: column, y: row downwards); sign +1 where the ground lies to its right. */
static int mark_edge(Marks *m, int32_t zone, double x1, double y1, double x2, double y2, double sign) {
    if (y1 == y2) return 1;
    if (y1 > y2) {
        double x = x1, y = y1;
        x1 = x2, y1 = y2, x2 = x, y2 = y;
    }
    if (y2 <= 0 || y1 >= m->rows) return 1;
    double slope = (x2 - x1) / (y2 - y1), top = most(y1, 0), bottom = least(y2, m->rows);
    int32_t last = clamped((int64_t)ceil(bottom) - 1, m->rows - 1);
    for (int32_t row = (int32_t)top; row <= last; row++) {
        double from = most(top, row), to = least(bottom, row + 1.0);
        if (to <= from) continue;
        double xa = from == y1 ? x1 : x1 + (from - y1) * slope, xb = to == y2 ? x2 : x1 + (to - y1) * slope;
        double left = least(xa, xb), right = most(xa, xb), rise = sign * (to - from);
        if (left >= m->columns) continue;
        /* The part left of the raster covers its rows from column 0 on. */
        if (left < 0) {
            double share = right <= 0 ? 1 : -left / (right - left);
            if (!add_mark(m, row, (Mark){zone, 0, rise * share, 0})) return 0;
            if (right <= 0) continue;
            rise *= 1 - share;
            left = 0;
        }
        double length = right - left;
        int32_t first = (int32_t)left, end = right >= m->columns ? m->columns - 1 : (int32_t)right;
        for (int32_t column = first; column <= end; column++) {
            double a = most(left, column), b = least(right, column + 1.0);
            if (b < a || (b == a && length > 0)) continue;
            double part = length > 0 ? rise * (b - a) / length : rise, middle = .5 * (a + b);
            if (!add_mark(m, row, (Mark){zone, column, part * (column + 1 - middle), part * (middle - column)})) return 0;
        }
    }
    return 1;
}

static int by_zone_and_column(const void *a, const void *b) {
    const Mark *p = a, *q = b;
    if (p->zone != q->zone) return p->zone < q->zone ? -1 : 1;
    return p->column < q->column ? -1 : p->column > q->column;
}

EXPORT void free_marks(Marks *m) {
    if (!m) return;
    free(m->marks);
    free(m->row_start);
    free(m->row_of);
    free(m);
}

/* Mark the edges of zones (a WKB column) in a raster. `cell` is the inverse transform without its origin: column =
   a (x - c) + b (y - f), row = d (x - c) + e (y - f), as {a, b, c, d, e, f}. *wrong: -1, or the unreadable zone. */
EXPORT Marks *mark_zones(const uint8_t *wkb, const int64_t *offsets, int64_t count, const double *cell, int32_t rows,
                         int32_t columns, int64_t *wrong) {
    Marks *m = calloc(1, sizeof(Marks));
    Shape shape = {0};
    *wrong = -1;
    if (!m) return NULL;
    m->rows = rows;
    m->columns = columns;
    /* A mirrored raster (north up: rows run down) turns rings the other way. */
    double mirrored = cell[0] * cell[4] - cell[1] * cell[3] < 0 ? 1 : -1;
    for (int64_t i = 0; i < count; i++) {
        int code = read_shape(wkb + offsets[i], offsets[i + 1] - offsets[i], &shape);
        if (code == -1) {
            *wrong = i;
            goto failed;
        }
        if (code) goto failed;
        for (const Edge *e = shape.edges; e < shape.edges + shape.count; e++) {
            double x1 = e->x1 - cell[2], y1 = e->y1 - cell[5], x2 = e->x2 - cell[2], y2 = e->y2 - cell[5];
            double c1 = cell[0] * x1 + cell[1] * y1, r1 = cell[3] * x1 + cell[4] * y1;
            double c2 = cell[0] * x2 + cell[1] * y2, r2 = cell[3] * x2 + cell[4] * y2;
            /* The edge runs to +x with sign -1 round a shell that turns left. */
            double down = r2 > r1 ? 1 : -1;
            if (!mark_edge(m, (int32_t)i, c1, r1, c2, r2, -e->sign * down * mirrored)) goto failed;
        }
    }
    free(shape.edges);
    shape.edges = NULL;
    m->row_start = calloc(rows + 2, sizeof(int64_t));
    Mark *sorted = malloc((m->count + 1) * sizeof(Mark));
    if (!m->row_start || !sorted) {
        free(sorted);
        goto failed;
    }
    for (int64_t i = 0; i < m->count; i++) m->row_start[m->row_of[i] + 2]++;
    for (int32_t r = 0; r < rows; r++) m->row_start[r + 2] += m->row_start[r + 1];
    for (int64_t i = 0; i < m->count; i++) sorted[m->row_start[m->row_of[i] + 1]++] = m->marks[i];
    free(m->marks);
    free(m->row_of);
    m->marks = sorted;
    m->row_of = NULL;
    for (int32_t r = 0; r < rows; r++)
        qsort(sorted + m->row_start[r], m->row_start[r + 1] - m->row_start[r], sizeof(Mark), by_zone_and_column);
    return m;

failed:
    free(shape.edges);
    free_marks(m);
    return NULL;
}

/* Covered cells of each class (a byte for each cell, rows [row, row + height) of the raster), added to
   table[zones][256]. 0, or -2 without memory. */
EXPORT int64_t count_classes(const Marks *m, const uint8_t *classes, int64_t row, int64_t height, int64_t zones,
                             double *table) {
    /* Whole cells in four counters: one would wait for itself wherever a class repeats, and classes do. */
    int64_t(*whole)[4][256] = calloc(zones, sizeof *whole);
    if (!whole && zones) return -2;
    for (int64_t y = 0; y < height; y++) {
        const uint8_t *line = classes + y * m->columns;
        const Mark *mark = m->marks + m->row_start[row + y], *end = m->marks + m->row_start[row + y + 1];
        while (mark < end) {
            int32_t zone = mark->zone, column = mark->column, next = column;
            double covered = 0, carry = 0;
            for (; next < m->columns; column = next) {
                covered += carry;
                carry = 0;
                for (; mark < end && mark->zone == zone && mark->column == column; mark++) {
                    covered += mark->here;
                    carry += mark->right;
                }
                if (covered > 1e-12) table[256 * (int64_t)zone + line[column]] += least(covered, 1);
                next = mark < end && mark->zone == zone ? mark->column : m->columns;
                if (next == column + 1 && next < m->columns) continue;
                /* Between marks the cover is whole or none, but for rounding. */
                covered += carry;
                carry = 0;
                covered = covered > .5;
                if (covered)
                    for (int32_t x = column + 1; x < next; x++) whole[zone][x & 3][line[x]]++;
            }
        }
    }
    for (int64_t z = 0; z < zones; z++)
        for (int c = 0; c < 256; c++)
            for (int k = 0; k < 4; k++) table[256 * z + c] += (double)whole[z][k][c];
    free(whole);
    return 0;
}
