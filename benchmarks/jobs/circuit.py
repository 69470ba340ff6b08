"""Current between two places of a raster: one pair, with everything that it needs (network, solver, current map).

    python benchmarks/jobs/circuit.py                   1000 × 1000 cells, three surfaces, each in its own process
    python benchmarks/jobs/circuit.py --surface noise   one surface

No free peer of this size was found for Python (PyPI's circuitscape dates from 2014, Circuitscape.jl needs Julia): the
bar is 10 s for one pair. What is checked: the current in equals the current out over every cut of the raster, to 1e-6,
and the effective resistance agrees with a second solution of a hundredth of the residual.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from cost import surface

SURFACES = ("landscape", "noise", "gaps")


def once(size: int, kind: str) -> dict[str, object]:
    """One pair on one surface, in this process."""
    from affine import Affine
    from pyproj import CRS

    from ecospace.space import circuit
    from ecospace.space.grid import Grid

    values = surface(size, "noise" if kind == "noise" else "landscape")
    if kind == "gaps":
        values[np.random.default_rng(5).random(values.shape) < 0.2] = np.nan
    start, end = np.zeros(values.shape, dtype=bool), np.zeros(values.shape, dtype=bool)
    start[size // 10 : size // 10 + 20, size // 10 : size // 10 + 20] = True
    end[-size // 10 : -size // 10 + 20, -size // 5 : -size // 5 + 20] = True
    grid = Grid(values, Affine(30, 0, 0, 0, -30, 0), CRS.from_epsg(4547))

    begun, used = time.perf_counter(), time.process_time()
    flow = circuit.Circuit(grid, neighbours=4).between(start, end)
    flow.current()
    record = {
        "job": "circuit", "surface": kind, "size": size, "wall_s": round(time.perf_counter() - begun, 2),
        "cpu_s": round(time.process_time() - used, 2), "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "effective_resistance": flow.effective_resistance,
    }  # fmt: skip
    begun = time.perf_counter()
    flow8 = circuit.Circuit(grid).between(start, end)
    flow8.current()
    record["wall_8_neighbours_s"] = round(time.perf_counter() - begun, 2)
    _check(flow, start, end)
    circuit.TOLERANCE /= 100
    finer = circuit.Circuit(grid, neighbours=4).between(start, end)
    record["resistance_error"] = abs(finer.effective_resistance / flow.effective_resistance - 1)
    assert record["resistance_error"] < 1e-6
    return record


def _check(flow: object, start: np.ndarray, end: np.ndarray) -> None:
    """Every row between the two places is crossed by one ampere, net."""
    circuit = flow.circuit  # type: ignore[attr-defined]
    one, other, conductance = circuit.branches
    rows = np.zeros(len(circuit.parts))
    rows[circuit.nodes[circuit.resistance.known]] = np.nonzero(circuit.resistance.known)[0]
    amperes = conductance * (flow.voltages[one] - flow.voltages[other])  # type: ignore[attr-defined]
    first, last = np.nonzero(start)[0].max() + 1, np.nonzero(end)[0].min() - 1
    for row in np.linspace(first, last, 7).astype(int):
        crossing = (rows[one] > row) != (rows[other] > row)
        net = np.where(rows[other] > row, amperes, -amperes)[crossing].sum()
        assert abs(net - 1) < 1e-6, (row, net)


def main() -> None:
    """Run one surface, or all of them."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--surface", choices=SURFACES)
    arguments.add_argument("--size", type=int, default=1000)
    chosen = arguments.parse_args()
    if chosen.surface:
        print(json.dumps(once(chosen.size, chosen.surface)))
        return
    for kind in SURFACES:
        command = [sys.executable, __file__, "--surface", kind, "--size", str(chosen.size)]
        print(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout, end="", flush=True)


if __name__ == "__main__":
    main()
