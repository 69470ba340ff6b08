"""The overlay on the compiled kernels: zones are cut into grid cells once, features stream past as WKB bytes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from ecospace.space import kernels
from ecospace.space.kernels import Grid, Handle, Wkb

Array = np.ndarray[Any, Any]

#: Features in one call of a kernel: small enough to share work evenly, large enough not to notice the call.
BLOCK = 8_192
#: Edges of the zones for each cell of the grid, on average: fewer make more cells, more make longer sums.
EDGES_PER_CELL = 4
#: The grid is moved by odd fractions of a cell, so that its lines rarely meet vertices (there it is right too).
SHIFT = (0.371_13, 0.613_37)


@dataclass(frozen=True)
class CutZones:
    """One or two layers of zones in the cells of one grid.

    Parameters
    ----------
    grid : Grid
        Has an empty ring of cells round all zones.
    layers : tuple of Handle
        Each layer cut by the grid.
    counts : tuple of int
        How many zones each layer has.
    """

    grid: Grid
    layers: tuple[Handle, ...]
    counts: tuple[int, ...]


def wkb_of(shapes: Array) -> Wkb:
    """Geometry objects as one buffer of 2-D WKB."""
    import shapely

    pieces = shapely.to_wkb(shapes, output_dimension=2, byte_order=1)
    return wkb_of_bytes(pieces)


def wkb_of_bytes(pieces: Array) -> Wkb:
    """WKB values as one buffer."""
    offsets = np.zeros(len(pieces) + 1, np.int64)
    np.cumsum([len(piece) for piece in pieces], out=offsets[1:])
    return Wkb(np.frombuffer(b"".join(pieces) or b"\0", np.uint8), offsets)


def cut_zones(*layers: Wkb) -> CutZones:
    """Cut layers of zones by one grid that fits their vertices."""
    tables = np.vstack([np.empty((0, 6)), *[kernels.measured(layer) for layer in layers]])
    grid = fitting_grid(tables)
    return CutZones(grid, tuple(kernels.cut(layer, grid) for layer in layers), tuple(len(layer) for layer in layers))


def fitting_grid(table: Array) -> Grid:
    """A grid over all features of a table of :func:`kernels.measured`, fine where they have many vertices."""
    table = table[table[:, 5] > 0]
    if not len(table):
        return Grid(0.0, 0.0, 1.0, 1, 1)
    left, bottom = table[:, :2].min(axis=0)
    right, top = table[:, 2:4].max(axis=0)
    width, height = max(right - left, 1e-3), max(top - bottom, 1e-3)
    cells = min(max(table[:, 5].sum() / EDGES_PER_CELL, 64), 2**22)
    # A layer along a line (a road, a coast) would make cells of no height: never more than all cells in one row.
    size = max(math.sqrt(width * height / cells), max(width, height) / cells)
    x0, y0 = left - (1 + SHIFT[0]) * size, bottom - (1 + SHIFT[1]) * size
    return Grid(x0, y0, size, math.ceil((right - x0) / size) + 1, math.ceil((top - y0) / size) + 1)


def cross(features: Wkb, zones: CutZones) -> tuple[Array, Array]:
    """Shares of features with the zones (dtype :data:`kernels.SHARE`), in the order of the features, and their areas.

    A share may be zero or, within rounding, negative where a feature only touches a zone.
    """
    one, two = zones.layers[0], zones.layers[1] if len(zones.layers) > 1 else None
    done = kernels.in_threads(
        lambda start: kernels.crossed(features, one, two, start, min(start + BLOCK, len(features))),
        range(0, len(features), BLOCK),
    )
    shares = np.concatenate([np.empty(0, kernels.SHARE), *[part for part, _areas in done]])
    return shares, np.concatenate([np.empty(0), *[areas for _part, areas in done]])


def covered_once(features: Wkb, zones: Wkb, second: Wkb | None = None) -> Array:
    """Area by zone in `features` only, `second` only, and both, each ground counted once: shape (zones, 3)."""
    layers = [features, zones] + ([second] if second is not None else [])
    cut = cut_zones(*layers)
    third = cut.layers[2] if second is not None else None
    return kernels.swept(cut.layers[0], third, cut.layers[1], len(zones), cut.grid)
