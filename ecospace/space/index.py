"""Questions to a packed index of boxes, answered by the compiled kernels: which meet a window, what is nearest.

Only after `ecospace.space.kernels.available` said yes. See native/nearest.c.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import numpy as np

from ecospace.space.kernels import kernels

Array = np.ndarray[Any, Any]

#: Most levels of an index: with blocks of 32 more than there is memory for.
LEVELS = 8
NONE = np.empty(0, np.int64)


class Index(ctypes.Structure):
    """Boxes in blocks, the levels from the top down (外包框索引), as in nearest.c.

    Parameters
    ----------
    levels : sequence of arrays of float, (n, 4)
        West, south, east, north; box i of a level holds boxes ``block * i`` to ``block * (i + 1)`` of the next.
    block : int
    """

    _fields_ = [
        ("bounds", ctypes.c_void_p * LEVELS),
        ("counts", ctypes.c_int64 * LEVELS),
        ("levels", ctypes.c_int32),
        ("block", ctypes.c_int32),
    ]

    def __init__(self, levels: Sequence[Array], block: int) -> None:
        super().__init__()
        self._held = [np.ascontiguousarray(level, float) for level in levels]
        for i, level in enumerate(self._held):
            self.bounds[i], self.counts[i] = level.ctypes.data, len(level)
        self.levels, self.block = len(self._held), block
        self._here = ctypes.addressof(self)

    def __reduce__(self) -> tuple[Any, ...]:
        return Index, (self._held, self.block)  # addresses mean nothing in a copy or another process

    def meeting(self, windows: Array) -> tuple[Array, Array]:
        """Pairs (window, box) that have a point in common, in the order of the windows, then of the boxes.

        Parameters
        ----------
        windows : array of float64, (m, 4)
        """
        count, asked = len(windows), windows.tobytes()
        ends, room = (ctypes.c_int64 * count)(), 64 * count
        items = (ctypes.c_int64 * room)()
        while (found := kernels().meet_boxes(self._here, asked, count, ends, items, room)) > room:
            room, items = found, (ctypes.c_int64 * found)()
        if not found:
            return NONE, NONE
        rows = np.zeros(found, int) if count == 1 else np.repeat(np.arange(count), np.diff(ends, prepend=0))
        return rows, np.ctypeslib.as_array(items)[:found]


class Shapes(ctypes.Structure):
    """Shapes as WKB under an index, to measure distances to, as in nearest.c.

    Parameters
    ----------
    index : Index
    wkb, starts : arrays of uint8 and int64
        The WKB of shape i, 2-D, begins at ``wkb[starts[i]]``.
    owner : array of int32
        The feature of each shape.
    """

    _fields_ = [
        ("index", Index),
        ("wkb", ctypes.c_void_p),
        ("starts", ctypes.c_void_p),
        ("owner", ctypes.c_void_p),
    ]

    def __init__(self, index: Index, wkb: Array, starts: Array, owner: Array) -> None:
        super().__init__()
        self._held = (
            index, np.ascontiguousarray(wkb, np.uint8), np.ascontiguousarray(starts, np.int64),
            np.ascontiguousarray(owner, np.int32),
        )  # fmt: skip
        self.index = index
        self.wkb, self.starts, self.owner = (array.ctypes.data for array in self._held[1:])

    def __reduce__(self) -> tuple[Any, ...]:
        return Shapes, self._held


class Ruler:
    """Distances to the shapes of some sets, as if they were one.

    Parameters
    ----------
    sets : sequence of Shapes
        Each with at least one shape.
    """

    def __init__(self, sets: Sequence[Shapes]) -> None:
        self._held = tuple(sets)
        self._places = (ctypes.c_void_p * len(sets))(*map(ctypes.addressof, sets))

    def __reduce__(self) -> tuple[Any, ...]:
        return Ruler, (self._held,)

    def nearest(self, sites: Sequence[bytes]) -> tuple[list[float], list[int]]:
        """Distance from each site to the nearest shape, and whose it is; no site may meet one.

        Parameters
        ----------
        sites : sequence of bytes
            Their WKB, 2-D.

        Returns
        -------
        distances : list of float
            In units of the coordinates, on the plane.
        owners : list of int
            The least of those that are equally near.
        """
        count = len(sites)
        starts = (ctypes.c_int64 * count)(*accumulate(map(len, sites[:-1]), initial=0))
        distances, owners = (ctypes.c_double * count)(), (ctypes.c_int64 * count)()
        code = kernels().nearest_pieces(
            self._places, len(self._held), b"".join(sites), starts, count, distances, owners
        )  # fmt: skip
        if code:
            raise (
                MemoryError("the index had no memory left") if code == -2 else ValueError("the index holds no 2-D WKB")
            )
        return list(distances), list(owners)
