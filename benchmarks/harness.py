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
#: Name of the function of a job that measures all its rows in one process, turn by turn.
TOGETHER = "together"


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
    """A ratio ecospace / peer that is to be reached: of "wall", "cpu", "memory" or a measure of the job's own.

    At one size only, where it says so. Without a peer (`against` empty) it is the measure itself that is held against it.
    """

    what: str
    ratio: float
    against: str = "best"
    ours: str = ""
    parcels: int = 0


@dataclass(frozen=True)
class Run:
    """One row once: what it took, by measure, and its totals by key."""

    took: dict[str, float]
    totals: dict[str, float]


#: What is measured of a process, and how it is printed; a job that measures by itself has a table MEASURES of its own.
MEASURES = {"wall": "{:.2f} s", "cpu": "{:.2f} s", "memory": "{:.0f} MB"}


def job_named(name: str) -> ModuleType:
    return importlib.import_module(f"benchmarks.jobs.{name}")


def job_names() -> list[str]:
    """The jobs that follow the form of README.md."""
    names = sorted(path.stem for path in (ROOT / "benchmarks" / "jobs").glob("[a-z]*.py"))
    return [name for name in names if hasattr(job_named(name), "OURS")]


def measure(python: str, job: str, function: str, data: Data) -> dict[str, Run] | str:
    """The rows of one process; a text where something is not installed or failed."""
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
    if function == TOGETHER:
        return {key: Run(**row) for key, row in said["rows"].items()}
    return {function: Run({"wall": wall_s, **said["took"]}, said["totals"])}


def run_job(
    name: str, data: Data, repeats: int, peers: str, only: list[str], once: list[str], say: Callable[[str], None]
) -> dict[str, Any]:
    """All functions of a job, in turn, so many times; the record for results.json."""
    job = job_named(name)
    interpreters = dict.fromkeys(job.OURS, sys.executable) | dict.fromkeys(job.PEERS, peers)
    chosen = [key for key in interpreters if not only or any(word in key for word in only)]
    if hasattr(job, TOGETHER):
        interpreters, chosen = {TOGETHER: sys.executable}, [TOGETHER]
    runs: dict[str, list[Run]] = {}
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
            for row, run in found.items():
                runs.setdefault(row, []).append(run)
                took = ", ".join(f"{what} {form.format(run.took[what])}" for what, form in measures(job).items())
                say(f"{name} · {row} · {turn + 1}/{repeats}: {took}")
    return record_of(job, name, data, runs, notes)


def measures(job: ModuleType) -> dict[str, str]:
    """What a job measures, and how each is printed."""
    return dict(getattr(job, "MEASURES", MEASURES))


def record_of(
    job: ModuleType, name: str, data: Data, runs: dict[str, list[Run]], notes: dict[str, str]
) -> dict[str, Any]:
    """Medians, ranges, agreement and bars of a job."""
    rows = {
        key: {
            "runs": len(found),
            **{what: ranged([run.took[what] for run in found]) for what in measures(job)},
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
        "rows": rows, "measures": measures(job), "notes": notes, "bars": bars, "date": time.strftime("%Y-%m-%d"),
        "totals": runs[ours][0].totals if ours else {},
    }  # fmt: skip


def ranged(values: list[float]) -> list[float]:
    """Median, lowest, highest."""
    return [statistics.median(values), min(values), max(values)]


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
    ours = bar.ours or next(iter(job.OURS))
    if ours not in runs:
        return None
    if not bar.against:
        values = [run.took[bar.what] for run in runs[ours]]
        return {"what": bar.what, "ours": ours, "against": "", "bar": bar.ratio, "ratio": ranged(values)}
    candidates = {
        key: found for key, found in runs.items() if key in job.PEERS and (bar.against == "best" or bar.against in key)
    }
    if not candidates:
        return None
    best = min(candidates, key=lambda key: statistics.median(run.took[bar.what] for run in candidates[key]))
    pairs = list(zip(runs[ours], candidates[best] * len(runs[ours]), strict=False))
    ratios = [a.took[bar.what] / b.took[bar.what] for a, b in pairs]
    return {"what": bar.what, "ours": ours, "against": best, "bar": bar.ratio, "ratio": ranged(ratios)}


def main() -> int:
    """The child: run one function and say what it took, or what it measured of its rows."""
    import resource

    name, key, folder, parcels = sys.argv[1:5]
    job = job_named(name)
    data = Data(Path(folder), int(parcels))
    try:
        if key == TOGETHER:
            said: dict[str, Any] = {"rows": getattr(job, key)(data)}
        else:
            said = {"totals": {str(k): float(v) for k, v in (job.OURS | job.PEERS)[key](data).items()}}
    except ImportError as missing:
        print(missing, file=sys.stderr)
        return NOT_INSTALLED
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    said["took"] = {
        "cpu": sum(one.ru_utime + one.ru_stime for one in used),
        "memory": max(one.ru_maxrss for one in used) / 1024,
    }
    print(json.dumps(said))
    sys.stdout.flush()
    # Interpreters with many modules take a while to tear down; that is not the job.
    os._exit(0)


if __name__ == "__main__":
    raise SystemExit(main())
