"""Results: one record a job and size in results.json, and the tables of results.md made from it."""

from __future__ import annotations

import json
import os
import platform
from pathlib import Path
from typing import Any

from benchmarks.harness import MEASURES

HERE = Path(__file__).parent
RECORDS, REPORT = HERE / "results.json", HERE / "results.md"
SCALING = HERE / "scaling.png"
#: How a measure is called in a table, where it is not by its own name.
TITLES = {"cpu": "CPU", "memory": "peak memory"}


def records() -> dict[str, Any]:
    return json.loads(RECORDS.read_text(encoding="utf-8")) if RECORDS.exists() else {}


def keep(record: dict[str, Any]) -> None:
    """Put a record in place of the older one of the same job and size."""
    kept = records()
    record.pop("totals", None)
    kept[f"{record['job']} {record['parcels']}"] = record | {"machine": machine()}
    text = json.dumps(dict(sorted(kept.items())), ensure_ascii=False, indent=1)
    RECORDS.write_text(text + "\n", encoding="utf-8")


def machine() -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30 if hasattr(os, "sysconf") else 0
    return f"{os.cpu_count()} processors, {memory:.0f} GiB, {platform.system()} {platform.machine()}, Python {platform.python_version()}"


def write_report() -> Path:
    """results.md from results.json."""
    lines = [
        "# Benchmark results",
        "",
        "Written by `scripts/bench`; each row is a process of its own, run in turn with the others: median (lowest – highest) of wall",
        "time, CPU time and peak memory. `difference`: the largest relative difference of a total to that of ecospace. Ratios are the",
        "median over neighbouring runs, with their range. Absolute times depend on the machine; ratios less so.",
    ]
    for record in records().values():
        lines += ["", *section(record)]
    if plot_scaling(SCALING):
        lines += [
            "",
            "## Cost by number of parcels",
            "",
            f"![Wall and CPU time of the overlay by number of parcels]({SCALING.name})",
        ]
    REPORT.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return REPORT


def points() -> list[tuple[float, str, str, float]]:
    """Parcels (millions), row, "wall" or "cpu", and seconds, of the overlay at every size that was measured."""
    found = []
    copies = {"once": 1, "twice": 2, "four times": 4}
    for record in records().values():
        if record["job"] not in ("overlay", "scaling"):
            continue
        for name, row in record["rows"].items():
            streamed = record["job"] == "scaling"
            millions = record["parcels"] * (copies[name] if streamed else 1) / 1e6
            found += [(millions, "ecospace" if streamed else name, what, row[what][0]) for what in ("wall", "cpu")]
    return sorted(found)


def plot_scaling(path: Path) -> bool:
    """Seconds against parcels, both logarithmic: a slope of 1 is a straight line at 45 degrees."""
    sizes = {millions for millions, *_ in points()}
    if len(sizes) < 2:
        return False
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    picture, axes = plt.subplots(figsize=(7, 4.5), layout="constrained")
    for name in sorted({name for _, name, what, _ in points() if what == "cpu"}):
        own = [(millions, seconds) for millions, row, what, seconds in points() if row == name and what == "cpu"]
        if len({millions for millions, _ in own}) > 1:
            axes.plot(*zip(*own, strict=True), marker="o", label=name)
    low, high = min(sizes), max(sizes)
    axes.plot([low, high], [1, high / low], color="#999999", linestyle=":", label="slope 1")
    axes.set(xscale="log", yscale="log", xlabel="million parcels", ylabel="CPU time, seconds")
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    picture.savefig(path, dpi=120, metadata={"Software": None})
    return True


def section(record: dict[str, Any]) -> list[str]:
    """The tables of one job."""
    forms = record.get("measures", MEASURES)
    lines = [
        f"## {record['title']}",
        "",
        f"`{record['job']}`, workload of {record['parcels']:,} parcels, {record['date']}; {record['machine']}.",
        "",
        f"| | runs | {' | '.join(TITLES.get(what, what) for what in forms)} | difference |",
        f"| --- | --- | {'--- | ' * len(forms)}--- |",
    ]
    for name, row in record["rows"].items():
        cells = [ranged(row[what], form) for what, form in forms.items()]
        apart = row.get("difference", float("nan"))
        other = "counts otherwise" if apart != apart else f"{apart:.0e}"
        lines.append(f"| {name} | {row['runs']} | {' | '.join(cells)} | {other} |")
    lines += [f"| {name} | – | {note} {'| ' * len(forms)}|" for name, note in record["notes"].items()]
    if record["bars"]:
        lines += ["", "| ratio | against | measured | bar | |", "| --- | --- | --- | --- | --- |"]
    for bar in record["bars"]:
        reached = "reached" if bar["ratio"][0] <= bar["bar"] else "**not reached**"
        form = "{:.3f}" if bar["against"] else forms[bar["what"]]
        cells = [bar["against"] or "itself", ranged(bar["ratio"], form), form.format(bar["bar"]), reached]
        lines.append(f"| {bar['what']} of {bar['ours']} | {' | '.join(cells)} |")
    return lines


def ranged(values: list[float], form: str) -> str:
    middle, low, high = values
    return f"{form.format(middle)} ({form.split(' ')[0].format(low)} – {form.split(' ')[0].format(high)})"
