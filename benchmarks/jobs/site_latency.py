"""One warm site at a time, in one process: p50 and p95 beside a plain STRtree check. Run it as a script:

python -m benchmarks.jobs.site_latency FOLDER PARCELS
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from benchmarks.harness import Data

SITES = 500


def compare(data: Data) -> dict[str, Any]:
    """Milliseconds of both ways, and the largest differences of areas and distances."""
    import numpy as np
    import pyarrow.parquet as parquet
    import shapely

    from benchmarks.sites import LAYERS, checker_of, sites_of_workload, study_folder

    checker, sites = checker_of(data), sites_of_workload(data, SITES)
    folder = study_folder(data)
    trees = {}
    for key in LAYERS:
        shapes = shapely.from_wkb(
            parquet.read_table(folder / f"{key}.parquet", columns=["geometry"])["geometry"].to_numpy()
        )
        trees[key] = shapes, shapely.STRtree(shapes)

    def plain(site: Any) -> list[float]:
        out = []
        for shapes, tree in trees.values():
            hits = tree.query(site, predicate="intersects")
            if len(hits):
                out.append(float(shapely.area(shapely.intersection(shapes[hits], site)).sum()))
            else:
                out.append(-float(tree.query_nearest(site, return_distance=True, all_matches=False)[1][0]))
        return out

    def ours(site: Any) -> list[float]:
        [result] = checker.check([site])
        found = [result.contacts[key] for key in LAYERS]
        return [-c.distance_m if c.relation == "apart" else sum(m.area_m2 for m in c.meetings) for c in found]

    for site in sites[:100]:
        ours(site), plain(site.shape)
    # CPU time: both ways use one thread, and other work on the machine does not count. Each way runs through all sites by
    # itself: warm is warm.
    found, times = {}, {}
    for name, way in (("ecospace", lambda site: ours(site)), ("plain", lambda site: plain(site.shape))):
        found[name], times[name] = [], []
        for site in sites[100:]:
            started = time.process_time_ns()
            found[name].append(way(site))
            times[name].append((time.process_time_ns() - started) / 1e6)
    one, other = np.array(found["ecospace"]), np.array(found["plain"])
    worst = float((np.abs(one - other) / np.maximum(np.abs(other), 1.0)).max())
    percentiles = {f"{key} p{p}": float(np.percentile(values, p)) for key, values in times.items() for p in (50, 95)}
    ratio = percentiles["ecospace p50"] / percentiles["plain p50"]
    return {
        **{key: round(value, 3) for key, value in percentiles.items()},
        "ratio p50": round(ratio, 4),
        "difference": worst,
    }


if __name__ == "__main__":
    from benchmarks.harness import Data as Workload

    print(json.dumps(compare(Workload(Path(sys.argv[1]), int(sys.argv[2])))))
