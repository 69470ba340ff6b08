"""Current between two places on a landscape of 1000 x 1000 cells: network, solver and current map of one pair.

The peer is the same network by scipy's direct solver. Circuitscape.jl needs Julia, PyPI's circuitscape dates from 2014.
Bar of the issue: 10 s for one pair on two cores. Totals: effective resistance, and the amperes through six rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from benchmarks.harness import Bar
from benchmarks.jobs.cost import landscape

if TYPE_CHECKING:
    from benchmarks.harness import Data

CELLS = 1_000


def ecospace(data: Data) -> dict[str, float]:
    from affine import Affine
    from pyproj import CRS

    from ecospace.space.circuit import Circuit
    from ecospace.space.grid import Grid

    start, end = np.zeros((2, CELLS, CELLS), dtype=bool)
    start[100:120, 100:120] = True
    end[-100:-80, -200:-180] = True
    surface = Grid(landscape(CELLS), Affine(30, 0, 0, 0, -30, 0), CRS.from_epsg(4547))
    flow = Circuit(surface).between(start, end)
    current = flow.current().values
    rows = {f"row {row}": float(current[row].sum()) for row in range(200, 800, 100)}
    return {"effective resistance": flow.effective_resistance, **rows}


def direct(data: Data) -> dict[str, float]:
    """The same by scipy's direct solver (SuperLU)."""
    from ecospace.space import circuit

    circuit.pyamg = None
    circuit.DIRECT_AT_MOST = CELLS**2
    return ecospace(data)


OURS = {"ecospace": ecospace}
PEERS = {"scipy spsolve": direct}
ONCE = {"scipy spsolve"}
BARS = [Bar("wall", 0.5, against="scipy"), Bar("memory", 0.5, against="scipy")]
