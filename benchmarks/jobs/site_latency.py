"""Site check, warm: one site at a time against five layers, beside a plain STRtree check.

Milliseconds of CPU in one process that has the layers ready. Both ways run through all sites in turn, several times; what
counts of a site is the least of its times (other work on the machine only adds), and of these the median and the 95th
percentile over the sites. `first sight` is the median of the first times: the ground around a site was not asked for before.

ecospace: the whole check, verdicts and their texts included. The peer: areas and nearest distances, nothing else.

The study measures in the plane that its layers are stored in, as the peer does. With areas on the ellipsoid (the default)
each piece near the site is brought into the study CRS first: 2.9 ms a site (p95 4.7 ms), no longer an eighth.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from benchmarks.harness import Bar

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.harness import Data

#: Sites before the first that is timed, sites timed, and turns.
WARMED, TIMED, TURNS = 100, 400, 7


def together(data: Data) -> dict[str, dict[str, dict[str, float]]]:
    """Both ways, site by site: what they took, and every area and (negative) distance that they found."""
    import numpy as np

    from benchmarks.sites import LAYERS, sites_of_workload

    ways = {"ecospace": ecospace(data), PLAIN: shapely_plain(data)}
    sites = sites_of_workload(data, WARMED + TIMED)
    for way in ways.values():
        for site in sites[:WARMED]:
            way(site)
    times: dict[str, list[list[float]]] = {name: [] for name in ways}
    totals: dict[str, dict[str, float]] = {name: {} for name in ways}
    for _turn in range(TURNS):
        for name, way in ways.items():
            times[name].append([])
            for number, site in enumerate(sites[WARMED:]):
                started = time.process_time_ns()
                found = way(site)
                times[name][-1].append((time.process_time_ns() - started) / 1e6)
                totals[name] |= {f"{key} {number}": value for key, value in zip(LAYERS, found, strict=True)}
    rows = {}
    for name in ways:
        least = np.min(times[name], axis=0)
        took = [np.percentile(least, 50), np.percentile(least, 95), np.median(times[name][0])]
        rows[name] = {"took": dict(zip(MEASURES, map(float, took), strict=True)), "totals": totals[name]}
    return rows


def ecospace(data: Data) -> Callable[[Any], list[float]]:
    """A study ready to judge."""
    from benchmarks.sites import LAYERS, checker_of

    checker = checker_of(data)

    def check(site: Any) -> list[float]:
        [result] = checker.check([site])
        found = [result.contacts[key] for key in LAYERS]
        return [-c.distance_m if c.relation == "apart" else sum(m.area_m2 for m in c.meetings) for c in found]

    return check


def shapely_plain(data: Data) -> Callable[[Any], list[float]]:
    """An STRtree of the whole shapes of each layer."""
    import pyarrow.parquet as parquet
    import shapely

    from benchmarks.sites import LAYERS, study_folder

    layers = []
    for key in LAYERS:
        table = parquet.read_table(study_folder(data) / f"{key}.parquet", columns=["geometry"])
        shapes = shapely.from_wkb(table["geometry"].to_numpy())
        layers.append((shapes, shapely.STRtree(shapes)))

    def check(site: Any) -> list[float]:
        out = []
        for shapes, tree in layers:
            hits = tree.query(site.shape, predicate="intersects")
            if len(hits):
                out.append(float(shapely.area(shapely.intersection(shapes[hits], site.shape)).sum()))
            else:
                out.append(-float(tree.query_nearest(site.shape, return_distance=True, all_matches=False)[1][0]))
        return out

    return check


PLAIN = "shapely, STRtree"
OURS = {"ecospace": ecospace}
PEERS = {PLAIN: shapely_plain}
MEASURES = {"p50": "{:.2f} ms", "p95": "{:.2f} ms", "first sight": "{:.2f} ms"}
BARS = [Bar("p50", 1 / 8, against="shapely"), Bar("p95", 5.0, against="")]
