"""Two versions of the red line: removed, added and kept ground by township, each ground once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchmarks.harness import Bar

if TYPE_CHECKING:
    from benchmarks.harness import Data


def ecospace(data: Data) -> dict[str, float]:
    from ecospace.layers.store import open_store
    from ecospace.space.stream_once import compared_by_zone

    before, after, towns = (open_store(data.store(name)) for name in ("redline_old", "redline", "townships"))
    return {
        f"{town} {what}": area
        for town, areas in compared_by_zone(before, after, towns).items()
        for what, area in zip(("removed", "added", "kept"), areas, strict=True)
    }


def geopandas_union(data: Data) -> dict[str, float]:
    """Dissolved first, so that ground counts once, then by township."""
    import geopandas as gpd

    before, after, towns = (gpd.read_parquet(data.store(name)) for name in ("redline_old", "redline", "townships"))
    old, new = before.dissolve()[["geometry"]].assign(old=1), after.dissolve()[["geometry"]].assign(new=1)
    both = gpd.overlay(old, new, how="union", keep_geom_type=True)
    cut = gpd.overlay(towns[["XZQDM", "geometry"]], both, how="intersection", keep_geom_type=True)
    return _by_town(cut["XZQDM"], cut["old"].notna(), cut["new"].notna(), cut.area)


def geopandas_pairs(data: Data) -> dict[str, float]:
    """As most scripts do it, pairs counted (ground that a version overlaps counts twice): its totals differ, and not by noise."""
    import geopandas as gpd

    before, after = (gpd.read_parquet(data.store(name)) for name in ("redline_old", "redline"))
    both = gpd.overlay(
        before[["geometry"]].assign(old=1), after[["geometry"]].assign(new=1), how="union", keep_geom_type=True
    )
    return {"all kept": float(both.area[both["old"].notna() & both["new"].notna()].sum())}


def shapely_clip(data: Data) -> dict[str, float]:
    """By township: clip, unite, intersect; 2 threads."""
    from concurrent.futures import ThreadPoolExecutor

    import pyarrow.parquet as parquet
    import shapely

    def read(name: str) -> Any:
        return shapely.from_wkb(parquet.read_table(data.store(name), columns=["geometry"])["geometry"].to_numpy())

    codes = parquet.read_table(data.store("townships"), columns=["XZQDM"])["XZQDM"].to_pylist()
    trees = [shapely.STRtree(read(name)) for name in ("redline_old", "redline")]
    towns = read("townships")
    for tree in trees:
        tree.query(towns[:1])

    def one(k: int) -> list[float]:
        old, new = (
            shapely.union_all(shapely.intersection(tree.geometries[tree.query(towns[k], "intersects")], towns[k]))
            for tree in trees
        )
        kept = shapely.area(shapely.intersection(old, new))
        return [shapely.area(old) - kept, shapely.area(new) - kept, kept]

    with ThreadPoolExecutor(2) as threads:
        found = list(threads.map(one, range(len(towns))))
    return {
        f"{code} {what}": area
        for code, areas in zip(codes, found, strict=True)
        for what, area in zip(("removed", "added", "kept"), areas, strict=True)
    }


def _by_town(towns: Any, old: Any, new: Any, areas: Any) -> dict[str, float]:
    totals: dict[str, float] = {}
    for town, was, has, area in zip(towns, old, new, areas, strict=True):
        key = f"{town} {'kept' if was and has else 'removed' if was else 'added'}"
        totals[key] = totals.get(key, 0.0) + area
    return totals


OURS = {"ecospace": ecospace}
PEERS = {
    "geopandas overlay, dissolved": geopandas_union,
    "geopandas overlay, pairs": geopandas_pairs,
    "shapely, clip then unite, 2 threads": shapely_clip,
}
ONCE = {"geopandas overlay, dissolved"}
BARS = [Bar("wall", 1 / 6, against="geopandas overlay, pairs"), Bar("wall", 1 / 6, against="dissolved")]
