"""Coverage by township, overlaps counted once: red line, protected areas and water sources."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchmarks.harness import Bar

if TYPE_CHECKING:
    from benchmarks.harness import Data

LAYERS = ("redline", "protected", "water")


def ecospace(data: Data) -> dict[str, float]:
    from ecospace.layers.store import open_store
    from ecospace.space.stream_once import covered_by_zone

    return covered_by_zone([open_store(data.store(name)) for name in LAYERS], open_store(data.store("townships")))


def without_kernels(data: Data) -> dict[str, float]:
    import os

    os.environ["ECOSPACE_KERNELS"] = "off"
    return ecospace(data)


def shapely_clip(data: Data) -> dict[str, float]:
    """Clip by township, then unite, 2 threads."""
    from concurrent.futures import ThreadPoolExecutor

    import numpy as np
    import pyarrow.parquet as parquet
    import shapely

    def read(name: str, *columns: str) -> Any:
        return parquet.read_table(data.store(name), columns=[*columns, "geometry"])

    shapes = np.concatenate([shapely.from_wkb(read(name)["geometry"].to_numpy()) for name in LAYERS])
    towns = read("townships", "XZQDM")
    ground = shapely.from_wkb(towns["geometry"].to_numpy())
    t, s = shapely.STRtree(shapes).query(ground, predicate="intersects")

    def area(k: int) -> float:
        return float(shapely.area(shapely.union_all(shapely.intersection(shapes[s[t == k]], ground[k]))))

    with ThreadPoolExecutor(2) as threads:
        return dict(zip(towns["XZQDM"].to_pylist(), threads.map(area, range(len(ground))), strict=True))


CLIP = """SELECT t."XZQDM", ST_Area(ST_Union_Agg(ST_Intersection(t.geometry, s.geometry))) AS area
FROM townships t JOIN ({source}) s ON ST_Intersects(t.geometry, s.geometry) GROUP BY t."XZQDM" """
SOURCE = " UNION ALL ".join(f"SELECT geometry FROM {name}" for name in LAYERS)


def duckdb_clip(data: Data) -> dict[str, float]:
    from benchmarks.peers import duckdb_with

    return dict(duckdb_with(data, *LAYERS, "townships").execute(CLIP.format(source=SOURCE)).fetchall())


def sedonadb_clip(data: Data) -> dict[str, float]:
    from benchmarks.peers import sedona_with

    context = sedona_with(data, *LAYERS, "townships")
    context.sql(SOURCE).to_memtable().to_view("s")
    table = context.sql(CLIP.format(source="SELECT geometry FROM s")).to_pandas()
    return dict(zip(table["XZQDM"], table["area"], strict=True))


def geopandas_dissolve(data: Data) -> dict[str, float]:
    import geopandas as gpd
    import pandas as pd

    *layers, towns = (gpd.read_parquet(data.store(name)) for name in (*LAYERS, "townships"))
    one = pd.concat([layer[["geometry"]] for layer in layers]).dissolve()
    cut = gpd.overlay(towns, one, how="intersection")
    return cut.area.groupby(cut["XZQDM"]).sum().to_dict()


OURS = {"ecospace": ecospace, "ecospace, no kernels": without_kernels}
PEERS = {
    "DuckDB, clip then unite": duckdb_clip,
    "shapely, clip then unite, 2 threads": shapely_clip,
    "SedonaDB, clip then unite": sedonadb_clip,
    "geopandas, dissolve then overlay": geopandas_dissolve,
}
ONCE = {"geopandas, dissolve then overlay", "SedonaDB, clip then unite"}
BARS = [
    Bar("wall", 0.6, against="DuckDB"),
    Bar("cpu", 0.45, against="DuckDB"),
    Bar("memory", 3.0, against="DuckDB"),
]
