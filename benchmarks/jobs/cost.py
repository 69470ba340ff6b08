"""Accumulated cost over a raster, beside scikit-image's MCP_Geometric on the same numbers.

    python benchmarks/jobs/cost.py                    every peer in its own process, five rounds in turn, one JSON line each
    python benchmarks/jobs/cost.py ours --size 2000   one peer

Time counts the spreading of the cost from one corner cell, not the imports; numba's compiler has run before (a first run
on 50 × 50 cells) and its time is given apart as `first_s`. Answers must be equal to 1e-9, or nothing is reported.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

PEERS = ("ours", "scikit-image", "ours-without-numba")


def surface(size: int, kind: str) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Resistance 1 to 1000: smooth patches as in a landscape, or independent cells (the harder case)."""
    random = np.random.default_rng(20)
    if kind == "noise":
        return random.integers(1, 1001, (size, size)).astype(np.float64)
    from scipy.ndimage import gaussian_filter

    smooth = gaussian_filter(random.normal(size=(size, size)), 5)
    classes = np.digitize(smooth, np.quantile(smooth, [0.3, 0.5, 0.7, 0.9, 0.97]))
    return np.array([1.0, 10, 50, 100, 300, 1000])[classes]


def spread(peer: str, values: np.ndarray[Any, np.dtype[np.float64]]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """The cost from cell (10, 10)."""
    if peer == "scikit-image":
        from skimage.graph import MCP_Geometric

        return np.asarray(MCP_Geometric(values, sampling=(30.0, 30.0)).find_costs([(10, 10)])[0])
    from affine import Affine
    from pyproj import CRS

    from ecospace.space import cost
    from ecospace.space.grid import Grid

    if peer == "ours-without-numba":
        cost.cost_kernel = None  # type: ignore[assignment]
    source = np.zeros(values.shape, dtype=bool)
    source[10, 10] = True
    grid = Grid(values, Affine(30, 0, 0, 0, -30, 0), CRS.from_epsg(4547))
    return cost.accumulated_cost(grid, source).values


def once(peer: str, size: int, kind: str, keep: Path | None) -> dict[str, object]:
    """One peer, in this process."""
    values = surface(size, kind)
    begun = time.perf_counter()
    spread(peer, surface(50, "noise"))
    first = time.perf_counter() - begun
    begun, used = time.perf_counter(), time.process_time()
    found = spread(peer, values)
    record = {
        "job": "cost", "peer": peer, "surface": kind, "size": size, "wall_s": round(time.perf_counter() - begun, 3),
        "cpu_s": round(time.process_time() - used, 3), "first_s": round(first, 3),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }  # fmt: skip
    if keep is not None:
        np.save(keep, found)
    return record


def main() -> None:
    """Run one peer, or all of them in turn."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("peer", nargs="?", choices=PEERS)
    arguments.add_argument("--size", type=int, default=2000)
    arguments.add_argument("--surface", choices=("landscape", "noise"), default="landscape")
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--keep", type=Path)
    chosen = arguments.parse_args()
    if chosen.peer:
        print(json.dumps(once(chosen.peer, chosen.size, chosen.surface, chosen.keep)))
        return
    for kind in ("landscape", "noise"):
        with tempfile.TemporaryDirectory() as folder:
            records: dict[str, list[dict[str, Any]]] = {peer: [] for peer in PEERS}
            for turn in range(chosen.rounds):
                for peer in PEERS:
                    if peer == "ours-without-numba" and turn:
                        continue  # once is enough to know that it is slow
                    command = [sys.executable, __file__, peer, "--size", str(chosen.size), "--surface", kind,
                               "--keep", f"{folder}/{peer}.npy"]  # fmt: skip
                    done = subprocess.run(command, capture_output=True, text=True, check=True)
                    records[peer].append(json.loads(done.stdout))
            truth = np.load(f"{folder}/scikit-image.npy")
            for peer in PEERS:
                np.testing.assert_allclose(np.load(f"{folder}/{peer}.npy"), truth, rtol=1e-9)
        theirs = statistics.median(record["wall_s"] for record in records["scikit-image"])
        for peer in PEERS:
            median = statistics.median(record["wall_s"] for record in records[peer])
            last = records[peer][-1]
            print(json.dumps({
                "job": "cost", "surface": kind, "size": chosen.size, "peer": peer, "rounds": len(records[peer]),
                "wall_s": median, "ratio_to_scikit_image": round(median / theirs, 3), "cpu_s": last["cpu_s"],
                "first_s": max(record["first_s"] for record in records[peer]), "peak_mb": last["peak_mb"],
            }), flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
