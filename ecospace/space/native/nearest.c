/* Questions to a packed index of boxes: which meet a window, and which of the shapes in them is nearest to a site.

   Boxes stand in blocks of so many; a level above holds the box of each block. Shapes are read from their WKB where they
   lie, so that a layer of a million is asked without one geometry object. */
#include "geometry.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LEVELS 8

/* West, south, east, north of each box, from the top level down; the last is that of the shapes. */
typedef struct {
    const double *bounds[LEVELS];
    int64_t counts[LEVELS];
    int32_t levels, block;
} Boxes;

/* Shapes by their boxes, where the WKB of each begins, and whose they are. */
typedef struct {
    Boxes boxes;
    const uint8_t *wkb;
    const int64_t *starts;
    const int32_t *owner;
} Pieces;

typedef struct {
    double x1, y1, x2, y2;
} Segment;

typedef struct {
    Segment *items;
    int64_t count, room;
} Segments;

/* A box still to be opened, by the least distance that anything in it can have. */
typedef struct {
    double gap;
    int64_t item;
    int32_t level;
} Task;

typedef struct {
    Task *items;
    int64_t count, room;
} Heap;

static int64_t meet(const Boxes *boxes, int32_t level, int64_t first, int64_t last, const double *window, int64_t *items,
                    int64_t room, int64_t count) {
    const double *box = boxes->bounds[level] + 4 * first;
    for (int64_t i = first; i < last; i++, box += 4) {
        if (box[0] > window[2] || box[2] < window[0] || box[1] > window[3] || box[3] < window[1]) continue;
        if (level + 1 == boxes->levels) {
            if (count < room) items[count] = i;
            count++;
            continue;
        }
        int64_t end = (i + 1) * boxes->block, most_of = boxes->counts[level + 1];
        count = meet(boxes, level + 1, i * boxes->block, end < most_of ? end : most_of, window, items, room, count);
    }
    return count;
}

/* The boxes that have a point in common with each window, in order: ends[i] is where those of window i end. Returns how
   many there are; beyond `room` they are counted only. */
EXPORT int64_t meet_boxes(const Boxes *boxes, const double *windows, int64_t count, int64_t *ends, int64_t *items,
                          int64_t room) {
    int64_t found = 0;
    for (int64_t i = 0; i < count; i++)
        ends[i] = found = meet(boxes, 0, 0, boxes->counts[0], windows + 4 * i, items, room, found);
    return found;
}

static int add_segment(Segments *into, Segment one) {
    if (into->count == into->room) {
        int64_t room = 2 * into->room + 256;
        Segment *items = realloc(into->items, room * sizeof *items);
        if (!items) return -2;
        into->items = items, into->room = room;
    }
    into->items[into->count++] = one;
    return 0;
}

/* Segments of a chain of points; a single point is one without length. */
static int read_chain(const uint8_t *at, uint32_t points, Segments *into) {
    Segment one;
    for (uint32_t k = 0; k + 1 < points || (k == 0 && points == 1); k++, at += 16) {
        memcpy(&one, at, points == 1 ? 16 : 32);
        if (points == 1) one.x2 = one.x1, one.y2 = one.y1;
        if (add_segment(into, one)) return -2;
    }
    return 0;
}

static uint32_t whole_at(const uint8_t *bytes) {
    uint32_t value;
    memcpy(&value, bytes, 4);
    return value;
}

/* Segments of a 2-D, little-endian WKB of any kind, and where it ends; NULL where it is none or memory is out. */
static const uint8_t *read_segments(const uint8_t *at, Segments *into) {
    if (at[0] != 1) return NULL;
    uint32_t kind = whole_at(at + 1), count;
    if (kind < 1 || kind > 7) return NULL;
    at += 5;
    if (kind == 1) return read_chain(at, 1, into) ? NULL : at + 16;
    count = whole_at(at);
    at += 4;
    if (kind == 2) return read_chain(at, count, into) ? NULL : at + 16 * (int64_t)count;
    for (uint32_t k = 0; k < count; k++) {
        if (kind == 3) {
            uint32_t points = whole_at(at);
            if (read_chain(at + 4, points, into)) return NULL;
            at += 4 + 16 * (int64_t)points;
        } else if (!(at = read_segments(at, into)))
            return NULL;
    }
    return at;
}

/* Least and largest square of a distance between the points of a box and of a window. */
static double gap_between(const double *box, const double *window) {
    double x = most(most(box[0] - window[2], window[0] - box[2]), 0), y = most(most(box[1] - window[3], window[1] - box[3]), 0);
    return x * x + y * y;
}

static double reach_between(const double *box, const double *window) {
    double x = most(box[2] - window[0], window[2] - box[0]), y = most(box[3] - window[1], window[3] - box[1]);
    return x * x + y * y;
}

static double from_point(double x, double y, const Segment *s) {
    double across = s->x2 - s->x1, along = s->y2 - s->y1, square = across * across + along * along;
    double there = (x - s->x1) * across + (y - s->y1) * along;
    if (there <= 0 || square == 0) return (x - s->x1) * (x - s->x1) + (y - s->y1) * (y - s->y1);
    if (there >= square) return (x - s->x2) * (x - s->x2) + (y - s->y2) * (y - s->y2);
    double off = (s->y1 - y) * across - (s->x1 - x) * along;
    return off * off / square;
}

/* Square of the distance of two segments that do not cross. */
static double between(const Segment *a, const Segment *b) {
    double one = least(from_point(a->x1, a->y1, b), from_point(a->x2, a->y2, b));
    return least(one, least(from_point(b->x1, b->y1, a), from_point(b->x2, b->y2, a)));
}

static void box_of(const Segment *s, double *box) {
    box[0] = least(s->x1, s->x2), box[1] = least(s->y1, s->y2), box[2] = most(s->x1, s->x2), box[3] = most(s->y1, s->y2);
}

/* Square of the distance of two sets of segments; infinite where it is above `limit`. */
static double apart(const Segments *site, const double *window, const Segments *piece, double limit) {
    double box[4], own[4], found = INFINITY;
    for (int64_t i = 0; i < piece->count; i++) {
        box_of(piece->items + i, box);
        if (gap_between(box, window) > limit) continue;
        for (int64_t k = 0; k < site->count; k++) {
            box_of(site->items + k, own);
            if (gap_between(box, own) > limit) continue;
            double square = between(site->items + k, piece->items + i);
            if (square <= limit) limit = found = square;
        }
    }
    return found;
}

static int push(Heap *heap, Task task) {
    if (heap->count == heap->room) {
        int64_t room = 2 * heap->room + 256;
        Task *items = realloc(heap->items, room * sizeof *items);
        if (!items) return -2;
        heap->items = items, heap->room = room;
    }
    int64_t at = heap->count++;
    for (int64_t up; at && heap->items[up = (at - 1) / 2].gap > task.gap; at = up) heap->items[at] = heap->items[up];
    heap->items[at] = task;
    return 0;
}

static Task pop(Heap *heap) {
    Task first = heap->items[0], task = heap->items[--heap->count];
    int64_t at = 0;
    for (int64_t down; (down = 2 * at + 1) < heap->count; at = down) {
        if (down + 1 < heap->count && heap->items[down + 1].gap < heap->items[down].gap) down++;
        if (heap->items[down].gap >= task.gap) break;
        heap->items[at] = heap->items[down];
    }
    heap->items[at] = task;
    return first;
}

/* A box is as small as what is in it, so that something is no farther than its far corner: what lies beyond the nearest
   of these need not be opened. A little room is left for rounding. */
static int open_boxes(const Pieces *pieces, int32_t level, int64_t first, int64_t last, const double *window,
                      double *bound, Heap *heap) {
    const double *box = pieces->boxes.bounds[level] + 4 * first;
    for (int64_t i = first; i < last; i++) *bound = least(*bound, reach_between(box + 4 * (i - first), window) * (1 + 1e-9));
    for (int64_t i = first; i < last; i++, box += 4) {
        double gap = gap_between(box, window);
        if (gap <= *bound && push(heap, (Task){gap, i, level})) return -2;
    }
    return 0;
}

typedef struct {
    double square, bound;
    int32_t owner;
} Best;

static int search(const Pieces *pieces, const Segments *site, const double *window, Heap *heap, Segments *piece, Best *best) {
    const Boxes *boxes = &pieces->boxes;
    heap->count = 0;
    if (open_boxes(pieces, 0, 0, boxes->counts[0], window, &best->bound, heap)) return -2;
    while (heap->count) {
        Task task = pop(heap);
        if (task.gap > best->bound || task.gap > best->square) break;
        if (task.level + 1 < boxes->levels) {
            int64_t end = (task.item + 1) * boxes->block, most_of = boxes->counts[task.level + 1];
            if (open_boxes(pieces, task.level + 1, task.item * boxes->block, end < most_of ? end : most_of, window,
                           &best->bound, heap))
                return -2;
            continue;
        }
        piece->count = 0;
        if (!read_segments(pieces->wkb + pieces->starts[task.item], piece)) return -1;
        double square = apart(site, window, piece, least(best->square, best->bound));
        if (isinf(square)) continue;
        int32_t owner = pieces->owner[task.item];
        if (square < best->square || owner < best->owner) best->owner = owner;
        best->square = square;
    }
    return 0;
}

/* The distance from each site to the nearest of some sets of pieces that it does not meet, and that one's owner: the least
   of those that are equally near. 0, -1 where a shape cannot be read, -2 without memory. */
EXPORT int nearest_pieces(const Pieces *const *sets, int32_t set_count, const uint8_t *sites, const int64_t *starts,
                          int64_t count, double *distance, int64_t *owner) {
    Segments site = {0}, piece = {0};
    Heap heap = {0};
    int code = 0;
    for (int64_t i = 0; i < count && !code; i++) {
        Best best = {INFINITY, INFINITY, -1};
        double window[4] = {INFINITY, INFINITY, -INFINITY, -INFINITY}, box[4];
        site.count = 0;
        code = read_segments(sites + starts[i], &site) ? 0 : -1;
        for (int64_t k = 0; k < site.count; k++) {
            box_of(site.items + k, box);
            window[0] = least(window[0], box[0]), window[1] = least(window[1], box[1]);
            window[2] = most(window[2], box[2]), window[3] = most(window[3], box[3]);
        }
        for (int32_t set = 0; set < set_count && !code; set++)
            code = search(sets[set], &site, window, &heap, &piece, &best);
        distance[i] = sqrt(best.square);
        owner[i] = best.owner;
    }
    free(site.items), free(piece.items), free(heap.items);
    return code;
}
