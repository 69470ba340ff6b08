"""Run the functions of a job in turn, each in a fresh process, and compare time, memory and totals."""

from __future__ import annotations

import importlib
import json
import math
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
NOT_INSTALLED = 77


@dataclass(frozen=True)
class Data:
    """Where the workload stands.

    `base`, `sized`: plain layers, EPSG:4547. `store(name)`: the same, certified by `ecospace prepare`.
    """

    folder: Path
    parcels: int

    @property
    def base(self) -> Path:
        return self.folder / "base"

    @property
    def sized(self) -> Path:
        return self.folder / f"n{self.parcels}"

    def plain(self, name: str) -> Path:
        """A layer as GeoParquet, as geopandas writes it."""
        sized = self.sized / f"{name}.parquet"
        return sized if sized.exists() else self.base / f"{name}.parquet"

    def store(self, name: str) -> Path:
        """The prepared store of a layer: what ecospace and its peers read."""
        plain = self.plain(name)
        return plain.parent / "store" / plain.name

    def raster(self, cells: int) -> Path:
        return self.folder / f"landcover_{cells}.tif"


@dataclass(frozen=True)
class Bar:
    """A ratio ecospace / peer that is to be reached: of "wall", "cpu" or "memory"; at one size only, where it says so."""

    what: str
    ratio: float
    against: str = "best"
    ours: str = ""
    parcels: int = 0


@dataclass(frozen=True)
class Run:
    """One process: seconds, megabytes, and its totals by key."""

    wall_s: float
    cpu_s: float
    memory_mb: float
    totals: dict[str, float]


def job_named(name: str) -> ModuleType:
    return importlib.import_module(f"benchmarks.jobs.{name}")


def job_names() -> list[str]:
    """The jobs that follow the form of README.md."""
    names = sorted(path.stem for path in (ROOT / "benchmarks" / "jobs").glob("[a-z]*.py"))
    return [name for name in names if hasattr(job_named(name), "OURS")]


def measure(python: str, job: str, function: str, data: Data) -> Run | str:
    """One run in a process of its own; a text where it is not installed or failed."""
    command = [python, "-m", "benchmarks.harness", job, function, str(data.folder), str(data.parcels)]
    started = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=os.environ | {"PYTHONWARNINGS": "ignore"}
    )
    out, error = (text.decode(errors="replace") for text in process.communicate())
    wall_s = time.perf_counter() - started
    if process.returncode == NOT_INSTALLED:
        return f"not installed ({error.strip().splitlines()[-1] if error.strip() else ''})"
    if process.returncode:
        return f"failed: {error.strip().splitlines()[-1][:160] if error.strip() else process.returncode}"
    said = json.loads(out.strip().splitlines()[-1])
    return Run(wall_s, said["cpu_s"], said["memory_mb"], said["totals"])


def run_job(
    name: str, data: Data, repeats: int, peers: str, only: list[str], once: list[str], say: Callable[[str], None]
) -> dict[str, Any]:
    """All functions of a job, in turn, so many times; the record for results.json."""
    job = job_named(name)
    interpreters = dict.fromkeys(job.OURS, sys.executable) | dict.fromkeys(job.PEERS, peers)
    chosen = [key for key in interpreters if not only or any(word in key for word in only)]
    runs: dict[str, list[Run]] = {key: [] for key in chosen}
    notes: dict[str, str] = {}
    limits = {key for key in chosen if key in getattr(job, "ONCE", ()) or any(word in key for word in once)}
    for turn in range(repeats):
        for key in chosen:
            if key in notes or (turn and key in limits):
                continue
            found = measure(interpreters[key], name, key, data)
            if isinstance(found, str):
                notes[key] = found
                say(f"{name} · {key}: {found}")
                continue
            runs[key].append(found)
            say(
                f"{name} · {key} · {turn + 1}/{repeats}: {found.wall_s:.2f} s, CPU {found.cpu_s:.2f} s, {found.memory_mb:.0f} MB"
            )
    return record_of(job, name, data, {key: found for key, found in runs.items() if found}, notes)


def record_of(
    job: ModuleType, name: str, data: Data, runs: dict[str, list[Run]], notes: dict[str, str]
) -> dict[str, Any]:
    """Medians, ranges, agreement and bars of a job."""
    rows = {
        key: {
            "runs": len(found),
            **{
                what: [statistics.median(values), min(values), max(values)]
                for what, values in (
                    ("wall", [run.wall_s for run in found]),
                    ("cpu", [run.cpu_s for run in found]),
                    ("memory", [run.memory_mb for run in found]),
                )
            },
        }
        for key, found in runs.items()
    }
    ours = next((key for key in job.OURS if key in runs), None)
    if ours is not None:
        for key, found in runs.items():
            rows[key]["difference"] = difference(runs[ours][0].totals, found[0].totals)
    asked = [bar for bar in getattr(job, "BARS", []) if bar.parcels in (0, data.parcels)]
    bars = [judged for bar in asked if (judged := _judged(bar, job, runs)) is not None]
    return {
        "job": name, "title": (job.__doc__ or name).strip().splitlines()[0], "parcels": data.parcels,
        "rows": rows, "notes": notes, "bars": bars, "date": time.strftime("%Y-%m-%d"),
        "totals": runs[ours][0].totals if ours else {},
    }  # fmt: skip


def difference(ours: dict[str, float], other: dict[str, float]) -> float:
    """Largest difference of a total, relative to it; keys that one lacks count as 0."""
    if not ours.keys() & other.keys():
        return math.nan  # it counts something else, as its docstring says
    keys = ours.keys() | other.keys()
    scale = max((abs(value) for value in ours.values()), default=1.0)
    return max(
        (abs(ours.get(key, 0) - other.get(key, 0)) / max(abs(ours.get(key, 0)), 1e-6 * scale) for key in keys),
        default=math.nan,
    )


def _judged(bar: Bar, job: ModuleType, runs: dict[str, list[Run]]) -> dict[str, Any] | None:
    """A bar with its ratio: the median over pairs of runs that stood next to each other."""
    attribute = {"wall": "wall_s", "cpu": "cpu_s", "memory": "memory_mb"}[bar.what]
    ours = bar.ours or next(iter(job.OURS))
    peers = {key: found for key, found in runs.items() if key in job.PEERS}
    candidates = {key: found for key, found in peers.items() if bar.against in ("best", key) or bar.against in key}
    if ours not in runs or not candidates:
        return None
    best = min(candidates, key=lambda key: statistics.median(getattr(run, attribute) for run in candidates[key]))
    pairs = list(zip(runs[ours], candidates[best] * len(runs[ours]), strict=False))
    ratios = [getattr(a, attribute) / getattr(b, attribute) for a, b in pairs]
    return {
        "what": bar.what, "ours": ours, "against": best, "bar": bar.ratio,
        "ratio": [statistics.median(ratios), min(ratios), max(ratios)],
    }  # fmt: skip


def main() -> int:
    """The child: run one function and say what it took."""
    import resource

    name, key, folder, parcels = sys.argv[1:5]
    job = job_named(name)
    try:
        totals = (job.OURS | job.PEERS)[key](Data(Path(folder), int(parcels)))
    except ImportError as missing:
        print(missing, file=sys.stderr)
        return NOT_INSTALLED
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    print(json.dumps({
        "cpu_s": sum(one.ru_utime + one.ru_stime for one in used),
        "memory_mb": max(one.ru_maxrss for one in used) / 1024,
        "totals": {str(k): float(v) for k, v in totals.items()},
    }))  # fmt: skip
    sys.stdout.flush()
    # Interpreters with many modules take a while to tear down; that is not the job.
    os._exit(0)


if __name__ == "__main__":
    raise SystemExit(main())
