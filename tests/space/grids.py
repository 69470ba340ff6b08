"""Small rasters for the tests of the modelled corridors."""

from __future__ import annotations

from typing import Any

import numpy as np
from affine import Affine
from pyproj import CRS

from ecospace.space.grid import Grid

ZONE = CRS.from_epsg(4547)


def grid(values: Any, cell_m: float = 10.0) -> Grid:
    """A raster whose lower left corner lies at (500 000, 2 500 000) in CGCS2000 / 3-degree CM 114E."""
    values = np.asarray(values, dtype=np.float64)
    return Grid(values, Affine(cell_m, 0, 500_000, 0, -cell_m, 2_500_000 + cell_m * values.shape[0]), ZONE)


def place(shape: tuple[int, int], row: int, column: int) -> np.ndarray:
    """One cell of a raster."""
    out = np.zeros(shape, dtype=bool)
    out[row, column] = True
    return out
