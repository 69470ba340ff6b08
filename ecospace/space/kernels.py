"""The compiled kernels as plain functions on numpy arrays; absent where no wheel or compiler brought them."""

from __future__ import annotations

import ctypes
import os
import weakref
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from ecospace.errors import GeometryError
from ecospace.language import _
from ecospace.space.native.build import library_path

Array = np.ndarray[Any, Any]

#: What a feature shares with a zone of the first layer and one of the second (positions), in square metres.
SHARE = np.dtype([("feature", "i4"), ("first", "i4"), ("second", "i4"), ("unused", "i4"), ("area_m2", "f8")])
#: Buckets of the queue in spread.c.
SPREAD_BUCKETS = 65536
NUMBERS, ADDRESS = ctypes.c_int64, ctypes.c_void_p


class Grid(ctypes.Structure):
    """Cells of one size, as in geometry.h."""

    _fields_ = [
        ("x0", ctypes.c_double),
        ("y0", ctypes.c_double),
        ("size", ctypes.c_double),
        ("columns", ctypes.c_int32),
        ("rows", ctypes.c_int32),
    ]


@dataclass(frozen=True)
class Wkb:
    """A column of WKB polygons: one buffer of bytes, and where each feature begins (n + 1 offsets)."""

    bytes: Array
    offsets: Array

    def __len__(self) -> int:
        return len(self.offsets) - 1


class Handle:
    """Memory of the kernels, freed with the object."""

    def __init__(self, address: int, free: Any) -> None:
        self.address = address
        self._finalizer = weakref.finalize(self, free, address)


def available() -> bool:
    """Whether the kernels are there; the environment variable ECOSPACE_KERNELS=off keeps them out."""
    return os.environ.get("ECOSPACE_KERNELS", "").lower() != "off" and _library() is not None


@lru_cache(maxsize=1)
def _library() -> ctypes.CDLL | None:
    try:
        library = ctypes.CDLL(str(library_path()))
    except OSError:
        return None
    grid, n, p = ctypes.POINTER(Grid), NUMBERS, ADDRESS
    for name, result, arguments in (
        ("measure_features", n, (p, p, n, p)),
        ("cut_features", p, (p, p, n, n, grid, p)),
        ("free_parts", None, (p,)),
        ("join_parts", p, (p, n, grid)),
        ("free_cut", None, (p,)),
        ("describe_cut", None, (p, p)),
        ("cross_features", n, (p, p, n, n, p, p, p, n, p, p)),
        ("sweep_cells", n, (p, p, p, n, n, p)),
        ("mark_zones", p, (p, p, n, p, ctypes.c_int32, ctypes.c_int32, p)),
        ("free_marks", None, (p,)),
        ("count_classes", n, (p, p, n, n, n, p)),
        ("densify_features", None, (p, p, n, ctypes.c_double, p, p)),
        ("find_valid", None, (p, p, n, p)),
        ("spread_cost", n, (p, p, n, n, p, p, ctypes.c_double)),
        ("move_vertices", n, (p, p, n, p, p, ctypes.c_int)),
        ("meet_boxes", n, (p, p, n, p, p, n)),
        ("nearest_pieces", ctypes.c_int, (p, ctypes.c_int32, p, p, n, p, p)),
    ):
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


def kernels() -> Any:
    """The library; only after :func:`available` said yes."""
    library = _library()
    assert library is not None
    return library


def thread_count() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def in_threads(work: Callable[[int], Any], blocks: Sequence[int]) -> list[Any]:
    """work(block) for each block, results in order; in threads where there is more than one (kernels drop the GIL)."""
    if len(blocks) < 2:
        return [work(block) for block in blocks]
    with ThreadPoolExecutor(thread_count()) as threads:
        return list(threads.map(work, blocks))


def measured(shapes: Wkb) -> Array:
    """xmin, ymin, xmax, ymax, area and number of edges of each feature, shape (n, 6)."""
    table = np.empty((len(shapes), 6))
    wrong = kernels().measure_features(*_addresses(shapes), len(shapes), table.ctypes.data)
    if wrong != -1:
        raise unreadable(wrong)
    return table


def unreadable(position: int) -> Exception:
    """The error for a feature that the kernels cannot read, or for the lack of memory (negative)."""
    if position < 0:
        return MemoryError("the overlay kernels had no memory left")
    return GeometryError(
        "E-GEO-62",
        _("Feature {position} is not a polygon with finite coordinates, so it has no area to measure.").format(
            position=position
        ),
        cure=_("Read the layer with read_layer, which names such features by their id."),
        features=[position],
    )


def cut(shapes: Wkb, grid: Grid) -> Handle:
    """Cut a layer into the cells of a grid, in threads."""
    offsets = shapes.offsets
    # Blocks of about equal bytes: one red line may have as many vertices as a thousand others.
    blocks = min(4 * thread_count(), 1 + int(offsets[-1] - offsets[0]) // 100_000)
    ends = np.searchsorted(offsets, np.linspace(offsets[0], offsets[-1], blocks + 1))
    ends[0], ends[-1] = 0, len(shapes)

    def part(block: int) -> tuple[int, int]:
        wrong = ctypes.c_int64(-1)
        address = kernels().cut_features(
            *_addresses(shapes), int(ends[block]), int(ends[block + 1]), grid, ctypes.byref(wrong)
        )
        return address, wrong.value

    parts = in_threads(part, range(blocks))
    addresses = (ctypes.c_void_p * len(parts))(*[address for address, _wrong in parts])
    try:
        if bad := [wrong for _address, wrong in parts if wrong >= 0]:
            raise unreadable(bad[0])
        joined = kernels().join_parts(addresses, len(parts), grid)
    finally:
        for address, _wrong in parts:
            kernels().free_parts(address)
    if not joined:
        raise unreadable(-2)
    return Handle(joined, kernels().free_cut)


def crossed(shapes: Wkb, one: Handle, two: Handle | None, first: int, last: int) -> tuple[Array, Array]:
    """Shares of features [first, last) with the zones, dtype SHARE, and the area of each feature."""
    areas = np.empty(last - first)
    found, room = [], 2 * (last - first) + 1_000
    following = ctypes.c_int64(first)
    while following.value < last:
        shares = np.empty(room, SHARE)
        start = following.value
        count = kernels().cross_features(
            *_addresses(shapes), start, last, one.address, two.address if two else None,
            shares.ctypes.data, room, ctypes.byref(following), areas[start - first :].ctypes.data,
        )  # fmt: skip
        if count < 0:
            raise unreadable(following.value if count == -1 else -2)
        found.append(shares[:count])
        room = room if following.value > start else 4 * room
    return (found[0] if len(found) == 1 else np.concatenate([np.empty(0, SHARE), *found])), areas


def swept(one: Handle, second: Handle | None, zones: Handle, zone_count: int, grid: Grid) -> Array:
    """Area in the first layer only, the second only, and both, by zone: shape (zones, 3); each ground once."""
    cells = grid.columns * grid.rows
    # Blocks do not depend on the machine, and are summed in order: the number of threads does not change a digit.
    blocks = min(64, 1 + cells // 1_000)
    ends = np.linspace(0, cells, blocks + 1).astype(int)

    def part(block: int) -> Array:
        table = np.zeros((zone_count, 3))
        code = kernels().sweep_cells(
            one.address, second.address if second else None, zones.address, int(ends[block]), int(ends[block + 1]),
            table.ctypes.data,
        )  # fmt: skip
        if code:
            raise unreadable(-2)
        return table

    total: Array = np.sum(in_threads(part, range(blocks)), axis=0)
    return total


def marked(zones: Wkb, cell: Array, rows: int, columns: int) -> Handle:
    """Zones marked in the cells of a raster; `cell` is {a, b, c, d, e, f} of the inverse transform, see cover.c."""
    wrong = ctypes.c_int64(-1)
    cell = np.ascontiguousarray(cell, float)
    address = kernels().mark_zones(*_addresses(zones), len(zones), cell.ctypes.data, rows, columns, ctypes.byref(wrong))
    if not address:
        raise unreadable(wrong.value if wrong.value >= 0 else -2)
    return Handle(address, kernels().free_marks)


def counted(marks: Handle, classes: Array, row: int, zone_count: int) -> Array:
    """Covered cells of each class (uint8, whole rows from `row` on) by zone: shape (zones, 256)."""
    table = np.zeros((zone_count, 256))
    classes = np.ascontiguousarray(classes, np.uint8)
    if kernels().count_classes(marks.address, classes.ctypes.data, row, len(classes), zone_count, table.ctypes.data):
        raise unreadable(-2)
    return table


def invalid_or_doubtful(shapes: Wkb) -> Array:
    """Positions of the features that are not valid beyond doubt: GEOS has to judge these, and only these."""
    valid = np.empty(len(shapes), np.uint8)
    kernels().find_valid(*_addresses(shapes), len(shapes), valid.ctypes.data)
    return np.flatnonzero(valid == 0)


def densified(shapes: Wkb, step: float) -> Wkb:
    """Features whose edges are at most `step` long; their own vertices stay to the last bit."""
    offsets = np.empty(len(shapes) + 1, np.int64)
    kernels().densify_features(*_addresses(shapes), len(shapes), step, offsets.ctypes.data, None)
    data = np.empty(int(offsets[-1]), np.uint8)
    kernels().densify_features(*_addresses(shapes), len(shapes), step, offsets.ctypes.data, data.ctypes.data)
    return Wkb(data, offsets)


def moved(shapes: Wkb, move: Callable[[Array, Array], tuple[Array, Array]]) -> Wkb:
    """Features with their coordinates passed through `move`, as (x, y) to (x, y) of all vertices at once."""
    count = kernels().move_vertices(*_addresses(shapes), len(shapes), None, None, 0)
    x, y = np.empty(count), np.empty(count)
    kernels().move_vertices(*_addresses(shapes), len(shapes), x.ctypes.data, y.ctypes.data, 0)
    x, y = (np.ascontiguousarray(values, float) for values in move(x, y))
    result = Wkb(shapes.bytes.copy(), shapes.offsets)
    kernels().move_vertices(*_addresses(result), len(result), x.ctypes.data, y.ctypes.data, 1)
    return result


def spread_cost(
    resistance: Array, cost: Array, steps: Sequence[tuple[int, int]], halves: Array, longest: float, shortest: float
) -> None:
    """Lower `cost` in place to the least by steps to neighbours; both with a border of infinite cells, see spread.c.

    `longest` is what the queue has to hold at once: the spread of the costs and the longest step.
    """
    rows, columns = cost.shape
    offsets = np.array([down * columns + across for down, across in steps], np.int64)
    width = max(longest / (SPREAD_BUCKETS - 2), shortest)
    if kernels().spread_cost(
        resistance.ctypes.data, cost.ctypes.data, rows, columns, offsets.ctypes.data, halves.ctypes.data, width
    ):
        raise MemoryError("the cost kernel had no memory left")


def _addresses(shapes: Wkb) -> tuple[int, int]:
    assert shapes.offsets.dtype == np.int64 and shapes.offsets.flags.c_contiguous
    return shapes.bytes.ctypes.data, shapes.offsets.ctypes.data
