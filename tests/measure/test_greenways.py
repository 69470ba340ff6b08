"""Greenways for 10 000 people, by hand."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import LineString, box

from ecospace.measure.greenways import greenways
from ecospace.report.service_tables import greenway_status_table, greenways_table

BOUNDARY = gpd.GeoDataFrame(geometry=[box(0, 0, 20_000, 10_000)], index=["whole"], crs=4547)
TOWNS = gpd.GeoDataFrame(
    {"name": ["西镇", "东镇"]},
    geometry=[box(0, 0, 10_000, 10_000), box(10_000, 0, 20_000, 10_000)],
    index=["01", "02"],
    crs=4547,
)
PEOPLE = pd.Series({"01": 20_000, "02": 5_000})


def lines(*rows: tuple[str, list[tuple[float, float]]]) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        {"status": [row[0] for row in rows]}, geometry=[LineString(row[1]) for row in rows], crs=4547
    )


#: 6 km built from west to east, 4 km of them in the west, of which 1 km is drawn twice; 4 km new; 3 km beyond the county.
LINES = lines(
    ("建成", [(6_000, 500), (12_000, 500)]), ("建成", [(6_000, 500), (7_000, 500)]),
    ("新建", [(15_000, 2_000), (19_000, 2_000)]), ("建成", [(20_000, 9_000), (23_000, 9_000)]),
)  # fmt: skip


def test_kilometres_for_10_000_people_by_town():
    found = greenways(LINES, BOUNDARY, zones=TOWNS, population=PEOPLE)
    assert found.table["built_m"].to_dict() == pytest.approx({"01": 4_000, "02": 2_000, "whole": 6_000})
    assert found.table["total_m"].to_dict() == pytest.approx({"01": 4_000, "02": 6_000, "whole": 10_000})
    # 4 km / 2, 2 km / 0.5, 6 km / 2.5
    assert found.table["per_10000_m"].to_dict() == pytest.approx({"01": 2_000, "02": 4_000, "whole": 2_400})
    assert greenway_status_table(found).rows() == [
        ["建成", "西镇", "4.000"], ["建成", "东镇", "2.000"], ["建成", "合计", "6.000"],
        ["新建", "东镇", "4.000"], ["新建", "合计", "4.000"],
    ]  # fmt: skip
    table = greenways_table(found, 2.0, "条文")
    assert table.rows()[-1] == ["合计", "25000", "10.000", "6.000", "2.400"]
    assert "目标 2 公里/万人：达到。" in table.notes
    assert "目标 2.5 公里/万人：未达到。" in greenways_table(found, 2.5, "").notes


def test_a_line_on_the_border_of_two_towns_counts_once():
    border = lines(("建成", [(10_000, 0), (10_000, 3_000)]))
    found = greenways(border, BOUNDARY, zones=TOWNS, population=PEOPLE)
    assert found.table["built_m"].to_dict() == pytest.approx({"01": 3_000, "02": 0, "whole": 3_000})


def test_no_status_is_no_built_greenway_and_no_nought():
    found = greenways(LINES.drop(columns="status"), BOUNDARY, zones=TOWNS, population=PEOPLE)
    assert found.table["built_m"].isna().all() and found.table["per_10000_m"].isna().all()
    assert found.table.loc["whole", "total_m"] == pytest.approx(10_000)
    assert [finding.code for finding in found.findings] == ["F-GREENWAY-01"]


def test_unknown_inhabitants_give_no_ratio():
    found = greenways(LINES, BOUNDARY, zones=TOWNS, population=pd.Series({"01": 20_000, "02": np.nan}))
    assert found.table.loc["01", "per_10000_m"] == pytest.approx(2_000)
    assert np.isnan(found.table.loc["whole", "per_10000_m"]) and np.isnan(found.table.loc["02", "per_10000_m"])
    alone = greenways(LINES, BOUNDARY)
    assert alone.table.index.tolist() == ["whole"] and np.isnan(alone.table.loc["whole", "per_10000_m"])
