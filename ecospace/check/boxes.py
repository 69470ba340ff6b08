"""Which boxes meet a window, and which may be nearest to it: a packed index of few levels that is read, not built."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

from ecospace.space.index import Index
from ecospace.space.kernels import available

Array = np.ndarray[Any, Any]

#: Boxes to a block, and blocks to a block of the next level; so many at the top are best scanned at once by numpy.
BLOCK, TOP = 32, 512


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
    def _levels(self) -> list[Array]:
        """The boxes, blocks of them, blocks of those … from the top down."""
        return packed([np.asarray(self.bounds)], TOP)

    @cached_property
    def index(self) -> Index | None:
        """The same for the compiled kernels; None without them."""
        return Index(packed(self._levels, BLOCK), BLOCK) if available() else None

    def meeting(self, windows: Array) -> tuple[Array, Array]:
        """Pairs (window, box) that have a point in common, in the order of the windows.

        Parameters
        ----------
        windows : array of float, (m, 4)

        Returns
        -------
        windows, boxes : arrays of int
        """
        if self.index is not None:
            return self.index.meeting(windows)
        found = [self._in_window(window.tolist()) for window in windows]
        if len(found) == 1:
            return np.zeros(len(found[0]), int), found[0]
        rows = np.repeat(np.arange(len(windows)), [len(items) for items in found])
        return rows, np.concatenate(found) if found else np.empty(0, int)

    def _in_window(self, window: list[float]) -> Array:
        top, *below = self._levels
        items = _meet(top, window).nonzero()[0]
        for level in below:
            if not len(items):
                break
            items = _members(items, len(level))
            items = items[_meet(level[items], window)]
        return items

    def maybe_nearest(self, window: Array, scale: tuple[float, float], loose: float) -> tuple[Array, Array]:
        """Boxes of which one holds the shape nearest to a window, the likeliest first, with their least distances.

        Parameters
        ----------
        window : array of float, (4,)
            Bounds of a site.
        scale : (float, float)
            Metres in one unit of x and of y.
        loose : float
            Factor by which distances may be longer where they are measured.

        Returns
        -------
        boxes : array of int
        gaps : array of float
            Metres below which no point of the box can be.

        Notes
        -----
        A shape has a point on each side of its box, so it is no farther from the window than the far corner of the box:
        the least of these is an upper bound, and boxes beyond it are left out, level by level.
        """
        edges = window.tolist()
        items = None
        for level in self._levels:
            items = np.arange(len(level)) if items is None else _members(items, len(level))
            bounds = level if len(items) == len(level) else level[items]
            gaps = _gap(bounds, edges, scale)
            near = gaps <= _farthest(bounds, edges, scale).min() * loose
            items, gaps = items[near], gaps[near]
        assert items is not None
        order = gaps.argsort(kind="stable")
        return items[order], gaps[order]


def packed(levels: list[Array], top: int) -> list[Array]:
    """Levels of boxes with blocks of 32, blocks of 32 of those … above them, until no more than so many stand at the top."""
    levels = list(levels)
    while len(levels[0]) > top:
        starts = np.arange(0, len(levels[0]), BLOCK)
        low = np.minimum.reduceat(levels[0][:, :2], starts, axis=0)
        levels.insert(0, np.hstack([low, np.maximum.reduceat(levels[0][:, 2:], starts, axis=0)]))
    return levels


def _members(blocks: Array, count: int) -> Array:
    """Numbers of the boxes that stand in some blocks."""
    items = (blocks[:, None] * BLOCK + np.arange(BLOCK)).ravel()
    return items[items < count] if items[-1] >= count else items


def _meet(bounds: Array, window: list[float]) -> Array:
    west, south, east, north = window
    return (bounds[:, 0] <= east) & (bounds[:, 2] >= west) & (bounds[:, 1] <= north) & (bounds[:, 3] >= south)  # type: ignore[no-any-return]


def _gap(bounds: Array, window: list[float], scale: tuple[float, float]) -> Array:
    """Least distance between the points of a box and of a window."""
    west, south, east, north = window
    across = np.maximum(np.maximum(bounds[:, 0] - east, west - bounds[:, 2]), 0.0) * scale[0]
    along = np.maximum(np.maximum(bounds[:, 1] - north, south - bounds[:, 3]), 0.0) * scale[1]
    return np.sqrt(across * across + along * along)  # type: ignore[no-any-return]


def _farthest(bounds: Array, window: list[float], scale: tuple[float, float]) -> Array:
    """Distance that no point of a box exceeds from every point of a window."""
    west, south, east, north = window
    across = np.maximum(bounds[:, 2] - west, east - bounds[:, 0]) * scale[0]
    along = np.maximum(bounds[:, 3] - south, north - bounds[:, 1]) * scale[1]
    return np.sqrt(across * across + along * along)  # type: ignore[no-any-return]


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
