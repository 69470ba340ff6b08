"""The inner loop of the accumulated cost, compiled by numba (the extra ``fast``)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

#: Buckets of the circular queue, a power of two: the spread of the seeds and the longest step must fit in all but two.
BUCKETS = 65536


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def spread(
    resistance: np.ndarray[Any, np.dtype[np.float64]],
    cost: np.ndarray[Any, np.dtype[np.float64]],
    waiting: np.ndarray[Any, np.dtype[np.uint8]],
    seeds: np.ndarray[Any, np.dtype[np.int64]],
    offsets: np.ndarray[Any, np.dtype[np.int64]],
    half_lengths: np.ndarray[Any, np.dtype[np.float64]],
    bucket_width: float,
) -> None:
    """Spread the cost from the seeds, whose cost is given, over a flat raster with a border of infinite resistance.

    A bucket queue with label correction: cells wait in buckets of cost, and a cell reached more cheaply waits again.
    It ends where no step lowers any cost, so the answer does not depend on the order or on the bucket width:
    it is the same float for float as that of a sorted queue.
    """
    first = np.full(BUCKETS, -1, np.int64)
    room = max(1024, 2 * seeds.size)
    cells = np.empty(room, np.int64)
    following = np.empty(room, np.int64)
    free = np.int64(-1)
    used = np.int64(0)
    mask = BUCKETS - 1
    inverse = 1.0 / bucket_width

    lowest = np.inf
    for seed in seeds:
        lowest = min(lowest, cost[seed])
    now = np.int64(lowest * inverse)
    for seed in seeds:
        slot = np.int64(cost[seed] * inverse) & mask
        waiting[seed] = 1
        cells[used] = seed
        following[used] = first[slot]
        first[slot] = used
        used += 1
    entries = used

    while entries > 0:
        slot = now & mask
        entry = first[slot]
        if entry < 0:
            now += 1
            continue
        first[slot] = following[entry]
        cell = cells[entry]
        following[entry] = free
        free = entry
        entries -= 1
        here = cost[cell]
        if waiting[cell] == 0 or np.int64(here * inverse) != now:
            # Reached more cheaply since it was queued: it has had, or will have, its turn in another bucket.
            continue
        waiting[cell] = 0
        own = resistance[cell]
        for k in range(offsets.size):
            other = cell + offsets[k]
            there = cost[other]
            if there <= here:
                continue
            reached = here + half_lengths[k] * (own + resistance[other])
            if reached < there:
                before = np.int64(there * inverse) if there < np.inf else np.int64(-1)
                cost[other] = reached
                bucket = np.int64(reached * inverse)
                if waiting[other] == 1 and before == bucket:
                    continue
                waiting[other] = 1
                if free >= 0:
                    entry = free
                    free = following[entry]
                else:
                    if used == room:
                        cells = np.concatenate((cells, np.empty(room, np.int64)))
                        following = np.concatenate((following, np.empty(room, np.int64)))
                        room *= 2
                    entry = used
                    used += 1
                cells[entry] = other
                slot = bucket & mask
                following[entry] = first[slot]
                first[slot] = entry
                entries += 1
