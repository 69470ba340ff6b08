/* Accumulated cost: how cheaply each cell of a raster is reached from cells of known cost, in steps to eight neighbours. */
#include "geometry.h"

#include <math.h>
#include <stdlib.h>

/* Buckets of the circular queue, a power of two: the spread of the known costs and the longest step must fit in all but
   two of them (see ecospace/space/spread.py, which chooses the width). */
#define BUCKETS 65536

typedef struct {
    int64_t cell, next;
} Entry;

typedef struct {
    int64_t first[BUCKETS];
    Entry *entries;
    int64_t used, room, unused, waiting; /* unused: the head of the list of entries that may be used again */
} Queue;

static int put(Queue *q, int64_t bucket, int64_t cell) {
    int64_t entry = q->unused, slot = bucket & (BUCKETS - 1);
    if (entry >= 0) {
        q->unused = q->entries[entry].next;
    } else {
        if (q->used == q->room) {
            Entry *more = realloc(q->entries, 2 * (size_t)q->room * sizeof *more);
            if (!more) return -1;
            q->entries = more;
            q->room *= 2;
        }
        entry = q->used++;
    }
    q->entries[entry] = (Entry){cell, q->first[slot]};
    q->first[slot] = entry;
    q->waiting++;
    return 0;
}

/* A bucket queue with label correction: cells wait in buckets of cost, and a cell reached more cheaply waits again. It
   ends where no step lowers any cost, so the answer depends neither on the order nor on the width of the buckets: it is
   the same float for float as that of a sorted queue. */
static int spread(const double *resistance, double *cost, uint8_t *waiting, const int64_t *offsets, const double *halves,
                  double inverse, int64_t now, Queue *q) {
    while (q->waiting) {
        int64_t *slot = &q->first[now & (BUCKETS - 1)], entry = *slot;
        if (entry < 0) {
            now++;
            continue;
        }
        int64_t cell = q->entries[entry].cell;
        *slot = q->entries[entry].next;
        q->entries[entry].next = q->unused;
        q->unused = entry;
        q->waiting--;
        double here = cost[cell], own = resistance[cell];
        /* Else reached more cheaply since it was queued: it has had, or will have, its turn in another bucket. */
        if (!waiting[cell] || (int64_t)(here * inverse) != now) continue;
        waiting[cell] = 0;
        for (int k = 0; k < 8; k++) {
            int64_t other = cell + offsets[k];
            double there = cost[other];
            if (there <= here) continue;
            double reached = here + halves[k] * (own + resistance[other]);
            if (!(reached < there)) continue;
            int64_t bucket = (int64_t)(reached * inverse);
            int queued = waiting[other] && (int64_t)(there * inverse) == bucket;
            cost[other] = reached;
            waiting[other] = 1;
            if (!queued && put(q, bucket, other)) return -1;
        }
    }
    return 0;
}

/* Lower `cost` (infinite where it is not known) to the least, in place. Both rasters have a border of infinite cells,
   and infinite resistance where no way leads. 0, or -1 without memory. */
EXPORT int64_t spread_cost(const double *resistance, double *cost, int64_t rows, int64_t columns, const int64_t *offsets,
                           const double *halves, double width) {
    int64_t cells = rows * columns;
    double lowest = INFINITY, inverse = 1 / width;
    uint8_t *waiting = calloc((size_t)cells, 1);
    Queue *q = malloc(sizeof *q);
    int failed = !waiting || !q;
    if (!failed) {
        *q = (Queue){.room = 1024, .unused = -1, .entries = malloc(1024 * sizeof(Entry))};
        for (int64_t i = 0; i < BUCKETS; i++) q->first[i] = -1;
        failed = !q->entries;
        for (int64_t i = 0; i < cells && !failed; i++) {
            if (!(cost[i] < INFINITY)) continue;
            lowest = least(lowest, cost[i]);
            waiting[i] = 1;
            failed = put(q, (int64_t)(cost[i] * inverse), i);
        }
        if (!failed) failed = spread(resistance, cost, waiting, offsets, halves, inverse, (int64_t)(lowest * inverse), q);
        free(q->entries);
    }
    free(q);
    free(waiting);
    return failed ? -1 : 0;
}
