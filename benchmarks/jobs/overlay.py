"""Parcels × red line × township: area by land class, from the prepared store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchmarks.harness import Bar

if TYPE_CHECKING:
    from benchmarks.harness import Data


def by_town(rows: Any) -> dict[str, float]:
    """Totals by township of (township, square metres)."""
    totals: dict[str, float] = {}
    for town, area in rows:
        totals[town] = totals.get(town, 0.0) + area
    return totals


def ecospace(data: Data) -> dict[str, float]:
    from ecospace.layers.store import open_store
    from ecospace.space.stream import stream_area

    zones = {"line": open_store(data.store("redline")), "town": open_store(data.store("townships"))}
    table = stream_area(data.store("parcels"), zones, by="DLBM")
    return by_town(zip(table["town"], table["area_m2"], strict=True))


def without_kernels(data: Data) -> dict[str, float]:
    import os

    os.environ["ECOSPACE_KERNELS"] = "off"
    return ecospace(data)


def crossed_with_shapely(parcels: Any, lines: Any, towns: Any) -> list[float]:
    """Square metres by township. The best we know with shapely: red line × township first, 2 threads, and the tree holds
    the many small shapes: the few large ones ask it, for it is those that GEOS prepares."""
    from concurrent.futures import ThreadPoolExecutor

    import numpy as np
    import shapely

    t, r = shapely.STRtree(lines).query(towns, predicate="intersects")
    zones = shapely.intersection(lines[r], towns[t])
    z, i = shapely.STRtree(parcels).query(zones, predicate="intersects")

    def areas(start: int) -> Any:
        part = slice(start, start + 2_000)
        return shapely.area(shapely.intersection(parcels[i[part]], zones[z[part]]))

    with ThreadPoolExecutor(2) as threads:
        found = np.concatenate(list(threads.map(areas, range(0, len(i), 2_000))))
    sums: list[float] = np.bincount(t[z], found, len(towns)).tolist()
    return sums


def shapely_threads(data: Data) -> dict[str, float]:
    import pyarrow.parquet as parquet
    import shapely

    def read(name: str, column: str) -> tuple[Any, Any]:
        table = parquet.read_table(data.store(name), columns=[column, "geometry"])
        return shapely.from_wkb(table["geometry"].to_numpy()), table[column].to_pylist()

    (lines, _), (towns, codes), (parcels, _) = (
        read("redline", "HXDM"),
        read("townships", "XZQDM"),
        read("parcels", "DLBM"),
    )
    return dict(zip(codes, crossed_with_shapely(parcels, lines, towns), strict=True))


def geopandas_overlay(data: Data) -> dict[str, float]:
    import geopandas as gpd

    parcels, lines, towns = (gpd.read_parquet(data.store(name)) for name in ("parcels", "redline", "townships"))
    zones = gpd.overlay(lines[["HXDM", "geometry"]], towns[["XZQDM", "geometry"]], how="intersection")
    cut = gpd.overlay(parcels[["DLBM", "geometry"]], zones, how="intersection", keep_geom_type=True)
    return cut.area.groupby(cut["XZQDM"]).sum().to_dict()


SQL = """WITH z AS {kept} (SELECT t."XZQDM" AS town, ST_Intersection(r.geometry, t.geometry) AS geometry
  FROM redline r JOIN townships t ON ST_Intersects(r.geometry, t.geometry))
SELECT z.town, p."DLBM", sum(ST_Area(ST_Intersection(p.geometry, z.geometry))) AS area
FROM parcels p JOIN z ON ST_Intersects(p.geometry, z.geometry) GROUP BY 1, 2"""


def duckdb_spatial(data: Data) -> dict[str, float]:
    from benchmarks.peers import duckdb_with

    connection = duckdb_with(data, "parcels", "redline", "townships")
    rows = connection.execute(SQL.format(kept="MATERIALIZED")).fetchall()
    return by_town((town, area) for town, _, area in rows)


def sedonadb(data: Data) -> dict[str, float]:
    from benchmarks.peers import sedona_with

    context = sedona_with(data, "parcels", "redline", "townships")
    zones = context.sql("""SELECT t."XZQDM" AS town, ST_Intersection(r.geometry, t.geometry) AS geometry
        FROM redline r JOIN townships t ON ST_Intersects(r.geometry, t.geometry)""").to_memtable()
    zones.to_view("z")
    table = context.sql("""SELECT z.town, p."DLBM", sum(ST_Area(ST_Intersection(p.geometry, z.geometry))) AS area
        FROM parcels p JOIN z ON ST_Intersects(p.geometry, z.geometry) GROUP BY z.town, p."DLBM" """).to_pandas()
    return by_town(zip(table["town"], table["area"], strict=True))


def postgis(data: Data) -> dict[str, float]:
    """Query only: the tables are loaded and indexed before (benchmarks/peers.py says how)."""
    from benchmarks.peers import postgis_rows

    sql = SQL.replace('"XZQDM"', "k").replace('"DLBM"', "k").replace("geometry", "g").format(kept="MATERIALIZED")
    return by_town((town, area) for town, _, area in postgis_rows(data, sql, "parcels", "redline", "townships"))


OURS = {"ecospace": ecospace, "ecospace, no kernels": without_kernels}
PEERS = {
    "shapely, 2 threads": shapely_threads,
    "SedonaDB": sedonadb,
    "DuckDB spatial": duckdb_spatial,
    "geopandas overlay": geopandas_overlay,
    "PostGIS (query only)": postgis,
}
#: One run has to do for these: they take minutes at a million parcels.
ONCE = {"geopandas overlay", "DuckDB spatial", "PostGIS (query only)"}
BARS = [
    Bar("wall", 0.28, parcels=100_000),
    Bar("wall", 1 / 15, parcels=1_000_000),
    Bar("cpu", 1 / 20, parcels=1_000_000),
    Bar("memory", 1 / 4, against="shapely", parcels=1_000_000),
    Bar("wall", 1 / 3, ours="ecospace, no kernels", parcels=1_000_000),
]
