"""Tables of catchments and views by hand: what the land layer does not reach stands in a row of its own."""

from __future__ import annotations

import geopandas as gpd
import pandas as pd
from shapely import box

from ecospace.report.terrain_tables import catchment_table, visible_table


def test_land_in_a_catchment_adds_up_to_it():
    basin = pd.Series({"area_m2": 1_000_000.0})
    areas = pd.Series([500_000.0, 100_000.0, 300_000.0, 0.0], index=["水田", "乔木林地", "水田", "果园"])
    assert catchment_table("取水口", basin, areas, 90, []).rows() == [
        ["水田", "80.00", "80.00"], ["乔木林地", "10.00", "10.00"], ["用地图层之外", "10.00", "10.00"],
    ]  # fmt: skip


def test_visible_land_of_two_roads_counts_once_by_class():
    """Two roads see 2 km² and 1 km², 0.5 km² of it the same ground: 2.5 km² in all, 1.5 of them forest, 0.4 fields."""
    seen = gpd.GeoDataFrame(
        {"area_m2": [2e6, 1e6], "share": [0.8, 0.5]},
        geometry=[box(0, 0, 2000, 1000), box(1500, 0, 2500, 1000)], index=["高速", "铁路"], crs=4547,
    )  # fmt: skip
    by_class = gpd.GeoDataFrame(
        {"class": ["乔木林地", "水田"], "area_m2": [1.5e6, 0.4e6]},
        geometry=[box(0, 0, 1500, 1000), box(1500, 0, 1900, 1000)], crs=4547,
    )  # fmt: skip
    table = visible_table(seen, by_class, 1000, [])
    assert table.rows() == [
        ["高速", "200.00", "80.0"], ["铁路", "100.00", "50.0"],
        ["乔木林地", "150.00", "60.0"], ["水田", "40.00", "16.0"], ["用地图层之外", "60.00", "24.0"],
    ]  # fmt: skip
    assert "1000 米" in table.title
