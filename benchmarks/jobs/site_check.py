"""Site check, a batch: 10 000 sites against five layers; hits, areas, nearest distances, verdicts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchmarks.harness import Bar

if TYPE_CHECKING:
    from benchmarks.harness import Data


def ecospace(data: Data) -> dict[str, float]:
    from benchmarks.sites import LAYERS, checker_of, sites_of_workload, totals

    results = checker_of(data).check(sites_of_workload(data))
    met = {key: [result.contacts[key] for result in results] for key in LAYERS}
    return totals(
        {key: sum(m.area_m2 for c in found for m in c.meetings) for key, found in met.items() if key != "rivers"},
        {key: sum(c.distance_m for c in found if c.relation == "apart") for key, found in met.items()},
        {key: sum(c.relation != "apart" for c in found) for key, found in met.items()},
    )


def shapely_plain(data: Data) -> dict[str, float]:
    """STRtree of whole shapes, intersection, nearest: what a careful script does. No verdicts."""
    import numpy as np
    import pyarrow.parquet as parquet
    import shapely

    from benchmarks.sites import LAYERS, study_folder, totals

    folder = study_folder(data)

    def read(path: Any) -> Any:
        return shapely.from_wkb(parquet.read_table(path, columns=["geometry"])["geometry"].to_numpy())

    sites = read(data.plain("sites"))
    areas, distances, hits = {}, {}, {}
    for key in LAYERS:
        shapes = read(folder / f"{key}.parquet")
        tree = shapely.STRtree(shapes)
        s, i = tree.query(sites, predicate="intersects")
        hit = np.zeros(len(sites), bool)
        hit[s] = True
        if key != "rivers":
            areas[key] = float(shapely.area(shapely.intersection(sites[s], shapes[i])).sum())
        _, far = tree.query_nearest(sites[~hit], return_distance=True, all_matches=False)
        distances[key], hits[key] = float(far.sum()), int(hit.sum())
    return totals(areas, distances, hits)


def geopandas_plain(data: Data) -> dict[str, float]:
    """sjoin, overlay and sjoin_nearest."""
    import geopandas as gpd

    from benchmarks.sites import LAYERS, study_folder, totals

    folder = study_folder(data)
    sites = gpd.read_parquet(data.plain("sites"), columns=["geometry"])
    areas, distances, hits = {}, {}, {}
    for key in LAYERS:
        layer = gpd.read_parquet(folder / f"{key}.parquet", columns=["geometry"])
        joined = sites.sjoin(layer)
        hit = sites.index.isin(joined.index)
        if key != "rivers":
            flat = sites[(sites.geom_type != "Point") & hit]
            areas[key] = float(gpd.overlay(flat, layer, how="intersection").area.sum())
        near = sites[~hit].sjoin_nearest(layer, distance_col="metres")
        distances[key] = float(near[~near.index.duplicated()]["metres"].sum())
        hits[key] = int(hit.sum())
    return totals(areas, distances, hits)


OURS = {"ecospace": ecospace}
PEERS = {"shapely, STRtree": shapely_plain, "geopandas, sjoin and overlay": geopandas_plain}
ONCE = {"geopandas, sjoin and overlay"}
BARS = [Bar("wall", 1 / 6, against="shapely")]
