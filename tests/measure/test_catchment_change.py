"""Change in a catchment of 100 ha, by hand."""

from __future__ import annotations

import geopandas as gpd
import pytest
from shapely import box

from ecospace.measure.catchment_change import catchment_change
from ecospace.report.terrain_tables import catchment_change_table

BASIN = gpd.GeoDataFrame(geometry=[box(0, 0, 1000, 1000)], index=["取水口"], crs=4547)
GROUP = {"0301": "forest", "0101": "cropland", "0201": "orchard", "0701": "urban", "1104": "wetland_water"}
NAME = {"0301": "乔木林地", "0101": "水田", "0201": "果园", "0701": "城镇住宅用地", "1104": "坑塘水面"}


def land(*rows: tuple[str, tuple[float, float, float, float]]) -> gpd.GeoDataFrame:
    codes = [row[0] for row in rows]
    columns = {"code": codes, "code_name": [NAME[code] for code in codes], "group": [GROUP[code] for code in codes]}
    return gpd.GeoDataFrame(columns, geometry=[box(*row[1]) for row in rows], crs=4547)


#: Forest in the west, rice in the east; both reach beyond the catchment.
BEFORE = land(("0301", (-500, 0, 500, 1000)), ("0101", (500, 0, 2000, 1000)))
#: 10 ha of forest became an orchard, 4 ha of rice houses, 3 ha of rice a pond.
AFTER = land(
    ("0201", (0, 0, 500, 200)), ("0301", (-500, 200, 500, 1000)), ("0301", (-500, 0, 0, 200)),
    ("0701", (500, 0, 900, 100)), ("1104", (500, 100, 800, 200)),
    ("0101", (900, 0, 2000, 200)), ("0101", (800, 100, 900, 200)), ("0101", (500, 200, 2000, 1000)),
)  # fmt: skip


def test_what_changed_and_what_of_it_is_against_the_source():
    found = catchment_change(BEFORE, AFTER, BASIN)
    rows = found.table[["before", "after", "area_m2", "harmful"]].to_numpy().tolist()
    assert rows == [
        ["乔木林地", "果园", pytest.approx(100_000), True],
        ["水田", "城镇住宅用地", pytest.approx(40_000), True],
        ["水田", "坑塘水面", pytest.approx(30_000), False],
    ]
    assert found.unchanged_m2 == pytest.approx(830_000) and found.unknown_m2 == 0
    assert found.harmful_m2 == pytest.approx(140_000) and found.proof < 1e-9
    assert found.pieces.area.sum() == pytest.approx(170_000)
    assert found.pieces.loc[found.pieces["harmful"], "geometry"].area.sum() == pytest.approx(140_000)


def test_the_rows_add_up_to_the_catchment():
    table = catchment_change_table("取水口", catchment_change(BEFORE, AFTER, BASIN), ["2017", "2020"])
    assert table.rows() == [
        ["乔木林地", "果园", "10.00", "10.00", "不利于水源保护"],
        ["水田", "城镇住宅用地", "4.00", "4.00", "不利于水源保护"],
        ["水田", "坑塘水面", "3.00", "3.00", ""],
        ["未变更", "", "83.00", "83.00", ""],
        ["合计", "", "100.00", "100.00", ""],
    ]


def test_ground_that_a_layer_does_not_draw_is_not_judged():
    """The later layer lacks 2 ha of rice; both lack the northernmost 5 ha."""
    low = gpd.GeoDataFrame(geometry=[box(0, 0, 1000, 1050)], index=["取水口"], crs=4547)
    later = land(("0301", (-500, 0, 500, 1000)), ("0101", (500, 40, 2000, 1000)))
    found = catchment_change(BEFORE, later, low)
    assert found.unknown_m2 == pytest.approx(50_000)
    assert found.table["area_m2"].tolist() == pytest.approx([20_000])
    assert found.table["harmful"].tolist() == [None] and found.harmful_m2 == 0
    printed = catchment_change_table("取水口", found, ["2017", "2020"]).rows()
    assert printed[0] == ["水田", "未绘制", "2.00", "1.90", "无法判定"]
    assert printed[-2] == ["地类图层以外", "", "5.00", "4.76", "无法判定"] or printed[-2][2] == "5.00"
    assert printed[-1][2] == "105.00"


def test_nothing_changed():
    found = catchment_change(BEFORE, BEFORE, BASIN)
    assert found.table.empty and found.pieces.empty and found.harmful_m2 == 0
    assert found.unchanged_m2 == pytest.approx(1_000_000)
