/* Areas of features in one zone layer, or in two at once, without any overlay. */
#include "geometry.h"

#include <stdlib.h>
#include <string.h>

/* The ground a feature shares with a zone of the first layer and one of the second. */
typedef struct {
    int32_t feature, first, second, unused;
    double area_m2;
} Share;

/* An edge as the kernels use it: heights from a base near the feature, the slope computed once. */
typedef struct {
    double x1, x2, y, slope, sign;
} Line;

typedef struct {
    Line *lines;
    int64_t count, room;
} Lines;

static int make_room(Lines *lines, int64_t room) {
    if (room <= lines->room) return 1;
    Line *more = realloc(lines->lines, 2 * room * sizeof(Line));
    if (!more) return 0;
    lines->lines = more;
    lines->room = 2 * room;
    return 1;
}

/* Edges between left and right that reach above the base. */
static void take_lines(const Edge *edges, int64_t count, double left, double right, double base, Lines *lines) {
    Line *line = lines->lines;
    for (const Edge *e = edges; e < edges + count; e++) {
        if (e->x1 == e->x2 || e->x1 >= right || e->x2 <= left || (e->y1 <= base && e->y2 <= base)) continue;
        *line++ = (Line){e->x1, e->x2, e->y1 - base, (e->y2 - e->y1) / (e->x2 - e->x1), e->sign};
    }
    lines->count = line - lines->lines;
}

static inline double height(const Line *line, double x) { return line->y + (x - line->x1) * line->slope; }

/* Area below a line that goes from height a to b over a length, above the base. */
static inline double above_base(double a, double b, double length) {
    if (a >= 0 && b >= 0) return .5 * (a + b) * length;
    if (a <= 0 && b <= 0) return 0;
    return a > 0 ? .5 * a * a / (a - b) * length : .5 * b * b / (b - a) * length;
}

/* Area below both of two lines, above the base. */
static inline double below_both(double a1, double a2, double b1, double b2, double length) {
    double from = a1 - b1, to = a2 - b2;
    if (from <= 0 && to <= 0) return above_base(a1, a2, length);
    if (from >= 0 && to >= 0) return above_base(b1, b2, length);
    double share = from / (from - to), meet = a1 + (a2 - a1) * share;
    if (from < 0) return above_base(a1, meet, length * share) + above_base(meet, b2, length * (1 - share));
    return above_base(b1, meet, length * share) + above_base(meet, a2, length * (1 - share));
}

static double area_of_two(const Lines *p, const Lines *q) {
    double total = 0;
    for (const Line *a = p->lines; a < p->lines + p->count; a++) {
        double sum = 0;
        for (const Line *b = q->lines; b < q->lines + q->count; b++) {
            double left = most(a->x1, b->x1), right = least(a->x2, b->x2);
            if (left >= right) continue;
            sum += b->sign * below_both(height(a, left), height(a, right), height(b, left), height(b, right), right - left);
        }
        total += a->sign * sum;
    }
    return total;
}

/* Area below three lines, above the base: between the places where two of them, or one and the base, meet. */
static double below_three(const double from[3], const double to[3], double length) {
    double places[8];
    int count = 0;
    for (int i = 0; i < 6; i++) {
        double a = i < 3 ? from[i] - from[(i + 1) % 3] : from[i - 3], b = i < 3 ? to[i] - to[(i + 1) % 3] : to[i - 3];
        if ((a < 0 && b > 0) || (a > 0 && b < 0)) {
            double place = a / (a - b);
            int k = count++;
            for (; k > 0 && places[k - 1] > place; k--) places[k] = places[k - 1];
            places[k] = place;
        }
    }
    places[count++] = 1;
    double total = 0, last = 0, lower = most(0, least(from[0], least(from[1], from[2])));
    for (int k = 0; k < count; k++) {
        double place = places[k], h = 1e300;
        for (int i = 0; i < 3; i++) h = least(h, from[i] + (to[i] - from[i]) * place);
        h = most(0, h);
        total += .5 * (lower + h) * (place - last);
        last = place;
        lower = h;
    }
    return total * length;
}

static double area_of_three(const Lines *p, const Lines *q, const Lines *r) {
    double total = 0;
    for (const Line *b = q->lines; b < q->lines + q->count; b++)
        for (const Line *c = r->lines; c < r->lines + r->count; c++) {
            double from = most(b->x1, c->x1), to = least(b->x2, c->x2);
            if (from >= to) continue;
            for (const Line *a = p->lines; a < p->lines + p->count; a++) {
                double left = most(a->x1, from), right = least(a->x2, to);
                if (left >= right) continue;
                double at_left[3] = {height(a, left), height(b, left), height(c, left)};
                double at_right[3] = {height(a, right), height(b, right), height(c, right)};
                total += a->sign * b->sign * c->sign * below_three(at_left, at_right, right - left);
            }
        }
    return total;
}

/* What one feature shares with the zones so far. Mostly one or two zones, the last one again; a feature over many zones
   (a county over its parcels) finds them by hash. */
typedef struct {
    Share *shares;
    int64_t count, room, last;
    int64_t *slots; /* 1 + place of a share, 0 where free; twice as many as shares, a power of two */
    int64_t slot_count;
} Found;

#define FEW 16

static uint64_t slot_of(const Found *found, int32_t first, int32_t second) {
    uint64_t key = (uint64_t)(uint32_t)first << 32 | (uint32_t)second;
    return (key * 0x9E3779B97F4A7C15u) >> 20 & (uint64_t)(found->slot_count - 1);
}

static void take_slot(Found *found, int64_t place) {
    uint64_t slot = slot_of(found, found->shares[place].first, found->shares[place].second);
    while (found->slots[slot]) slot = (slot + 1) & (uint64_t)(found->slot_count - 1);
    found->slots[slot] = place + 1;
}

/* Place of the share of two zones, or -1. */
static int64_t find_share(const Found *found, int32_t first, int32_t second) {
    if (found->count <= FEW) {
        for (int64_t k = 0; k < found->count; k++)
            if (found->shares[k].first == first && found->shares[k].second == second) return k;
        return -1;
    }
    uint64_t slot = slot_of(found, first, second);
    for (; found->slots[slot]; slot = (slot + 1) & (uint64_t)(found->slot_count - 1)) {
        const Share *s = found->shares + found->slots[slot] - 1;
        if (s->first == first && s->second == second) return found->slots[slot] - 1;
    }
    return -1;
}

static int append_share(Found *found, int32_t first, int32_t second) {
    if (found->count == found->room) {
        int64_t room = 2 * found->room + FEW;
        Share *more = realloc(found->shares, room * sizeof(Share));
        if (!more) return 0;
        found->shares = more;
        found->room = room;
    }
    found->shares[found->count++] = (Share){0, first, second, 0, 0};
    if (found->count <= FEW) return 1;
    if (found->count == FEW + 1 || 2 * found->count > found->slot_count) {
        int64_t slots = 64;
        while (slots < 4 * found->count) slots *= 2;
        free(found->slots);
        found->slots = calloc(slots, sizeof(int64_t));
        if (!found->slots) return 0;
        found->slot_count = slots;
        for (int64_t k = 0; k < found->count; k++) take_slot(found, k);
    } else
        take_slot(found, found->count - 1);
    return 1;
}

static int add_share(Found *found, int32_t first, int32_t second, double area_m2) {
    Share *s = found->shares + found->last;
    if (found->last >= found->count || s->first != first || s->second != second) {
        int64_t place = find_share(found, first, second);
        if (place < 0) {
            if (!append_share(found, first, second)) return 0;
            place = found->count - 1;
        }
        found->last = place;
        s = found->shares + place;
    }
    s->area_m2 += area_m2;
    return 1;
}

/* The edges p (a feature, or its part in this cell) against all zones of a cell. */
static int cross_cell(const Lines *p, double left, double right, double base, const Cut *one, const Cut *two,
                      int64_t cell, Lines *q, Lines *r, Found *found) {
    for (int32_t a = one->cell_start[cell]; a < one->cell_start[cell + 1]; a++) {
        int64_t start = one->group_start[a];
        take_lines(one->edges + start, one->group_start[a + 1] - start, left, right, base, q);
        if (!q->count) continue;
        if (!two) {
            if (!add_share(found, one->group_feature[a], 0, area_of_two(p, q))) return 0;
            continue;
        }
        int32_t from = two->cell_start[cell], to = two->cell_start[cell + 1];
        for (int32_t b = from; b < to; b++) {
            double area_m2;
            if (two->group_whole[b])
                area_m2 = area_of_two(p, q);
            else {
                start = two->group_start[b];
                take_lines(two->edges + start, two->group_start[b + 1] - start, left, right, base, r);
                area_m2 = one->group_whole[a] ? area_of_two(p, r) : area_of_three(p, q, r);
            }
            if (!add_share(found, one->group_feature[a], two->group_feature[b], area_m2)) return 0;
        }
    }
    return 1;
}

static int by_cell(const void *a, const void *b) {
    const CellEdge *p = a, *q = b;
    return p->cell < q->cell ? -1 : p->cell > q->cell;
}

/* A feature over many cells is cut as well, so that its edges meet only zones of their own cell. */
static int cross_large(const Shape *shape, const Cut *one, const Cut *two, CellEdges *parts, Lines *p, Lines *q,
                       Lines *r, Found *found) {
    const Grid *grid = &one->grid;
    parts->count = 0;
    cut_shape(shape, 0, grid, parts);
    if (parts->failed) return 0;
    qsort(parts->items, parts->count, sizeof(CellEdge), by_cell);
    for (int64_t i = 0, j; i < parts->count; i = j) {
        int32_t cell = parts->items[i].cell;
        for (j = i; j < parts->count && parts->items[j].cell == cell; j++) continue;
        if (one->cell_start[cell] == one->cell_start[cell + 1]) continue;
        if (!make_room(p, j - i)) return 0;
        double left = grid->x0 + (cell % grid->columns) * grid->size, base = grid->y0 + (cell / grid->columns) * grid->size;
        p->count = 0;
        for (int64_t k = i; k < j; k++) {
            const Edge *e = &parts->items[k].edge;
            p->lines[p->count++] = (Line){e->x1, e->x2, e->y1 - base, (e->y2 - e->y1) / (e->x2 - e->x1), e->sign};
        }
        if (!cross_cell(p, left - grid->size, left + 2 * grid->size, base, one, two, cell, q, r, found)) return 0;
    }
    return 1;
}

/* 1 where every cell of the window is whole inside one and the same zone of each layer, 0 where all are empty, else -1. */
static int all_alike(const Cut *one, const Cut *two, int32_t column, int32_t last_column, int32_t row, int32_t last_row,
                     int32_t *first, int32_t *second) {
    int empty = 1, alike = 1;
    *first = -1;
    *second = 0;
    for (int32_t y = row; y <= last_row; y++)
        for (int32_t x = column; x <= last_column; x++) {
            int64_t cell = (int64_t)y * one->grid.columns + x;
            int32_t a = one->cell_start[cell], b = two ? two->cell_start[cell] : 0;
            if (one->cell_start[cell + 1] == a) {
                alike = 0;
                continue;
            }
            empty = 0;
            if (one->cell_start[cell + 1] != a + 1 || !one->group_whole[a]) alike = 0;
            if (two && (two->cell_start[cell + 1] != b + 1 || !two->group_whole[b])) alike = 0;
            if (!alike) return -1;
            int32_t f = one->group_feature[a], s = two ? two->group_feature[b] : 0;
            if (*first < 0) {
                *first = f;
                *second = s;
            } else if (*first != f || *second != s)
                return -1;
        }
    return empty ? 0 : alike ? 1 : -1;
}

/* Edges times cells from which a feature is cut before it is crossed. */
#define LARGE 1500

/* Shares of features [first, last) of a WKB column with the zones, in the order of the features.
   Returns the number of shares; *next is the feature to go on with when the room is full (last when done).
   -1 where feature *next cannot be read, -2 without memory. areas_m2[i - first] is the area of each feature. */
EXPORT int64_t cross_features(const uint8_t *wkb, const int64_t *offsets, int64_t first, int64_t last, const Cut *one,
                              const Cut *two, Share *shares, int64_t room, int64_t *next, double *areas_m2) {
    const Grid *grid = &one->grid;
    Shape shape = {0};
    Lines p = {0}, q = {0}, r = {0};
    CellEdges parts = {0};
    Found found = {0};
    int64_t count = 0, code = 0, i = first;
    if (!make_room(&q, one->largest_group + 1) || !make_room(&r, (two ? two->largest_group : 0) + 1)) code = -2;
    for (; i < last && !code; i++) {
        if ((code = read_shape(wkb + offsets[i], offsets[i + 1] - offsets[i], &shape))) break;
        areas_m2[i - first] = shape.area;
        double right = grid->x0 + grid->columns * grid->size, top = grid->y0 + grid->rows * grid->size;
        if (shape.xmin >= right || shape.xmax <= grid->x0 || shape.ymin >= top || shape.ymax <= grid->y0) continue;
        int32_t column = clamped(floor_of((shape.xmin - grid->x0) / grid->size), grid->columns - 1);
        int32_t last_column = clamped(floor_of((shape.xmax - grid->x0) / grid->size), grid->columns - 1);
        int32_t row = clamped(floor_of((shape.ymin - grid->y0) / grid->size), grid->rows - 1);
        int32_t last_row = clamped(floor_of((shape.ymax - grid->y0) / grid->size), grid->rows - 1);
        int32_t a, b;
        int alike = all_alike(one, two, column, last_column, row, last_row, &a, &b);
        if (!alike) continue;
        found.count = found.last = 0;
        int ok = 1;
        if (alike == 1)
            ok = add_share(&found, a, b, shape.area);
        else if (shape.count * (last_column - column + 1) * (last_row - row + 1) > LARGE)
            ok = cross_large(&shape, one, two, &parts, &p, &q, &r, &found);
        else if ((ok = make_room(&p, shape.count))) {
            take_lines(shape.edges, shape.count, shape.xmin - 1, shape.xmax + 1, shape.ymin, &p);
            for (int32_t y = row; ok && y <= last_row; y++)
                for (int32_t x = column; ok && x <= last_column; x++)
                    ok = cross_cell(&p, shape.xmin, shape.xmax, shape.ymin, one, two, (int64_t)y * grid->columns + x, &q,
                                    &r, &found);
        }
        if (!ok) {
            code = -2;
            break;
        }
        if (count + found.count > room) break;
        for (int64_t k = 0; k < found.count; k++) {
            found.shares[k].feature = (int32_t)i;
            shares[count++] = found.shares[k];
        }
    }
    *next = i;
    free(shape.edges);
    free(p.lines);
    free(q.lines);
    free(r.lines);
    free(parts.items);
    free(found.shares);
    free(found.slots);
    return code ? code : count;
}
