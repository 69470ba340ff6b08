"""Rings of 30 m, 50 m and 1 km round 20 000 river segments, dissolved.

400 rivers of 50 segments each; both make the rings between the distances. ecospace joins the segments end to end for the narrow
rings, which takes the arcs at their joints away: the area differs from plain buffer + dissolve by about 4e-6 for that reason
alone (16 segments of a quarter circle in both); the 1 km ring is the same to 1e-9.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.harness import Bar

if TYPE_CHECKING:
    from benchmarks.harness import Data

DISTANCES_M = (30.0, 50.0, 1000.0)
RIVERS, SEGMENTS, CORNERS, EDGE_M = 400, 50, 5, 60.0


def rivers() -> Any:
    """Winding rivers on 60 km x 60 km, each cut into segments of 300 m that share their ends."""
    import geopandas
    import shapely

    random = np.random.default_rng(1)
    heading = random.uniform(0, 2 * np.pi, (RIVERS, 1)) + random.normal(0, 0.3, (RIVERS, SEGMENTS * CORNERS)).cumsum(
        axis=1
    )
    steps = EDGE_M * np.stack([np.cos(heading), np.sin(heading)], axis=2)
    start = random.uniform(0, 60_000, (RIVERS, 1, 2))
    courses = np.concatenate([start, start + steps.cumsum(axis=1)], axis=1)
    places = np.arange(SEGMENTS)[:, None] * CORNERS + np.arange(CORNERS + 1)
    segments = shapely.linestrings(courses[:, places].reshape(RIVERS * SEGMENTS, CORNERS + 1, 2))
    return geopandas.GeoDataFrame(geometry=segments, crs=4547)


def ecospace(data: Data) -> dict[str, float]:
    from ecospace.space.buffer import rings

    found = rings(rivers(), DISTANCES_M)
    return dict(zip(map(str, DISTANCES_M), found["area_m2"].cumsum().tolist(), strict=True))


def geopandas_dissolve(data: Data) -> dict[str, float]:
    segments = rivers()
    found, inner, total_m2 = {}, None, 0.0
    for distance_m in DISTANCES_M:
        outer = segments.set_geometry(segments.buffer(distance_m, resolution=16)).dissolve()
        ring = outer if inner is None else outer.difference(inner)
        total_m2 += float(ring.area.sum())
        found[str(distance_m)] = total_m2
        inner = outer
    return found


OURS = {"ecospace": ecospace}
PEERS = {"geopandas buffer + dissolve": geopandas_dissolve}
BARS = [Bar("wall", 1 / 3, against="geopandas"), Bar("cpu", 1 / 3, against="geopandas")]
