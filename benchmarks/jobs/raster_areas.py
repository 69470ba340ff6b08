"""Class areas of a raster by township, 6000 x 6000 cells, exact on the edges."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.harness import Bar

if TYPE_CHECKING:
    from benchmarks.harness import Data

CELLS = 6_000
#: Forest and shrub: the classes whose area is compared.
FOREST = (3, 7)


def ecospace(data: Data, cells: int = CELLS) -> dict[str, float]:
    import os

    os.environ.setdefault("GDAL_NUM_THREADS", "2")
    import pyarrow.parquet as parquet

    from ecospace.layers import gdal
    from ecospace.space.arrow import wkb_of_arrow
    from ecospace.space.raster_cells import cells_by_zone

    towns = parquet.read_table(data.plain("townships"), columns=["XZQDM", "geometry"]).combine_chunks()
    codes = towns["XZQDM"].to_pylist()
    with gdal.raster().open(data.raster(cells)) as raster:
        found = cells_by_zone(raster, wkb_of_arrow(towns["geometry"].chunk(0)))
        cell_m2 = abs(raster.transform.a * raster.transform.e)
    totals = dict.fromkeys(codes, 0.0)
    for (zone, value), count in found.items():
        if value in FOREST:
            totals[codes[zone]] += count * cell_m2
    return totals


def exactextract(data: Data, cells: int = CELLS, strategy: str = "feature-sequential") -> dict[str, float]:
    import geopandas as gpd
    from exactextract import exact_extract

    towns = gpd.read_parquet(data.plain("townships"))
    table = exact_extract(
        str(data.raster(cells)), towns, ["count", "unique", "frac"], include_cols=["XZQDM"], output="pandas",
        strategy=strategy, max_cells_in_memory=200_000_000,
    )  # fmt: skip
    cell_m2 = (60_000 / cells) ** 2
    return {
        row.XZQDM: sum(frac for value, frac in zip(row.unique, row.frac, strict=True) if value in FOREST)
        * row.count_
        * cell_m2
        for row in table.rename(columns={"count": "count_"}).itertuples()
    }


def exactextract_by_raster(data: Data) -> dict[str, float]:
    return exactextract(data, strategy="raster-sequential")


def rasterstats(data: Data) -> dict[str, float]:
    """By the centre rule: its totals differ, and not by noise."""
    import geopandas as gpd
    from rasterstats import zonal_stats

    towns = gpd.read_parquet(data.plain("townships"))
    counts = zonal_stats(towns, str(data.raster(CELLS)), categorical=True, stats=["count"])
    cell_m2 = (60_000 / CELLS) ** 2
    found = [sum(count.get(value, 0) for value in FOREST) * cell_m2 for count in counts]
    return dict(zip(towns["XZQDM"], found, strict=True))


OURS = {"ecospace": ecospace}
PEERS = {
    "exactextract, by feature": exactextract,
    "exactextract, by raster": exactextract_by_raster,
    "rasterstats (centre rule)": rasterstats,
}
ONCE = {"rasterstats (centre rule)"}
BARS = [Bar("wall", 0.65, against="exactextract"), Bar("memory", 1.2, against="exactextract")]
