"""Least cost from one corner over a landscape of 2000 x 2000 cells, resistance 1 to 1000.

Costs are summed by bands of 100 rows: all engines must agree to 1e-9."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.harness import Bar

if TYPE_CHECKING:
    from benchmarks.harness import Data

CELLS = 2_000
#: Of six land classes, half of them cheap.
RESISTANCES = np.array([1.0, 10, 10, 50, 100, 1000])


def landscape(cells: int = CELLS) -> np.ndarray:
    """Patches of 16 cells, with a tenth of the cells of another class: neither smooth nor noise."""
    random = np.random.default_rng(20)
    blocks = random.integers(0, 6, (cells // 16 + 1, cells // 16 + 1))
    classes = np.repeat(np.repeat(blocks, 16, axis=0), 16, axis=1)[:cells, :cells]
    other = random.random(classes.shape) < 0.1
    return RESISTANCES[np.where(other, random.integers(0, 6, classes.shape), classes)]


def bands(cost: np.ndarray) -> dict[str, float]:
    return {str(row): float(cost[row : row + 100].sum()) for row in range(0, len(cost), 100)}


def ecospace(data: Data) -> dict[str, float]:
    from affine import Affine
    from pyproj import CRS

    from ecospace.space.cost import accumulated_cost
    from ecospace.space.grid import Grid

    values = landscape()
    source = np.zeros(values.shape, dtype=bool)
    source[10, 10] = True
    surface = Grid(values, Affine(30, 0, 0, 0, -30, 0), CRS.from_epsg(4547))
    return bands(accumulated_cost(surface, source).values)


def ecospace_plain(data: Data) -> dict[str, float]:
    """As where there was no C compiler: scipy's Dijkstra."""
    os.environ["ECOSPACE_KERNELS"] = "off"
    return ecospace(data)


def scikit_image(data: Data) -> dict[str, float]:
    from skimage.graph import MCP_Geometric

    costs, _traceback = MCP_Geometric(landscape(), sampling=(30.0, 30.0)).find_costs([(10, 10)])
    return bands(costs)


OURS = {"ecospace": ecospace, "ecospace, without kernels": ecospace_plain}
PEERS = {"scikit-image MCP_Geometric": scikit_image}
BARS = [Bar("wall", 1.0, against="scikit-image"), Bar("cpu", 1.0, against="scikit-image")]
