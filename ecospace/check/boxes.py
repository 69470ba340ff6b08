"""Which boxes meet a window, and which may be nearest to it: a packed index of two levels that is read, not built."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import shapely

Array = np.ndarray[Any, Any]

#: Boxes to a block. 300 000 boxes make 9 400 blocks, which numpy scans in some 20 microseconds.
BLOCK = 32
#: Windows in one question beyond which a tree is worth building.
MANY = 64


class Boxes:
    """Bounding boxes, ordered so that neighbours stand together (外包框索引).

    Parameters
    ----------
    bounds : array of float, (n, 4)
        West, south, east, north; may be memory-mapped. `curve_order` gives a good order.
    """

    def __init__(self, bounds: Array) -> None:
        self.bounds = bounds

    @cached_property
    def _blocks(self) -> Array:
        starts = np.arange(0, len(self.bounds), BLOCK)
        if not len(starts):
            return np.empty((0, 4))
        return np.hstack([
            np.minimum.reduceat(self.bounds[:, :2], starts, axis=0),
            np.maximum.reduceat(self.bounds[:, 2:], starts, axis=0),
        ])  # fmt: skip

    @cached_property
    def tree(self) -> shapely.STRtree:
        """An STRtree of the boxes, for many windows at once."""
        return shapely.STRtree(shapely.box(*np.asarray(self.bounds).T))

    def meeting(self, windows: Array) -> tuple[Array, Array]:
        """Pairs (window, box) that have a point in common, in the order of the windows.

        Parameters
        ----------
        windows : array of float, (m, 4)

        Returns
        -------
        windows, boxes : arrays of int
        """
        if len(windows) > MANY:
            rows, items = self.tree.query(shapely.box(*windows.T))
            order = np.lexsort((items, rows))
            return rows[order], items[order]
        found = [self._in_window(window) for window in windows]
        rows = np.repeat(np.arange(len(windows)), [len(items) for items in found])
        return rows, np.concatenate(found) if found else np.empty(0, int)

    def _in_window(self, window: Array) -> Array:
        items = self._members(np.flatnonzero(_meet(self._blocks, window)))
        return items[_meet(self.bounds[items], window)]

    def _members(self, blocks: Array) -> Array:
        items = (blocks[:, None] * BLOCK + np.arange(BLOCK)).ravel()
        return items[items < len(self.bounds)]

    def nearest_first(self, window: Array, scale: tuple[float, float]) -> tuple[Array, Array]:
        """Blocks by their least possible distance to a window: (block numbers, distances).

        Parameters
        ----------
        window : array of float, (4,)
        scale : (float, float)
            Metres in one unit of x and of y.
        """
        gaps = _gap(self._blocks, window, scale)
        order = np.argsort(gaps, kind="stable")
        return order, gaps[order]

    def members_within(
        self, blocks: Array, window: Array, scale: tuple[float, float], reach: float
    ) -> tuple[Array, Array]:
        """Boxes of some blocks that may lie within a reach of a window, and their least possible distances."""
        items = self._members(blocks)
        gaps = _gap(self.bounds[items], window, scale)
        near = gaps <= reach
        return items[near], gaps[near]


def _meet(bounds: Array, window: Array) -> Array:
    west, south, east, north = window
    return (bounds[:, 0] <= east) & (bounds[:, 2] >= west) & (bounds[:, 1] <= north) & (bounds[:, 3] >= south)  # type: ignore[no-any-return]


def _gap(bounds: Array, window: Array, scale: tuple[float, float]) -> Array:
    west, south, east, north = window
    across = np.maximum(np.maximum(bounds[:, 0] - east, west - bounds[:, 2]), 0.0) * scale[0]
    along = np.maximum(np.maximum(bounds[:, 1] - north, south - bounds[:, 3]), 0.0) * scale[1]
    return np.hypot(across, along)  # type: ignore[no-any-return]


def curve_order(bounds: Array) -> Array:
    """An order in which boxes that are near each other stand near each other (Z curve of their centres)."""
    if not len(bounds):
        return np.empty(0, int)
    centres = (bounds[:, :2] + bounds[:, 2:]) / 2
    low = centres.min(axis=0)
    span = max(float((centres.max(axis=0) - low).max()), np.finfo(float).tiny)
    cells = np.minimum((centres - low) / span * 65_536, 65_535).astype(np.uint64)
    return np.argsort(_spread(cells[:, 0]) | (_spread(cells[:, 1]) << np.uint64(1)), kind="stable")


def _spread(values: Array) -> Array:
    """Bits of 16-bit numbers, with a zero between each two."""
    for shift, mask in ((8, 0x00FF00FF), (4, 0x0F0F0F0F), (2, 0x33333333), (1, 0x55555555)):
        values = (values | (values << np.uint64(shift))) & np.uint64(mask)
    return values
