"""Who is served, by township and in all: two towns of 1 km², homes in both, parks of two kinds."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
from shapely import LineString, box

from ecospace.measure.service import park_service, service_rules
from ecospace.report.service_tables import service_table, zone_tables

BOUNDARY = gpd.GeoDataFrame(geometry=[box(0, 0, 2000, 1000)], index=["whole"], crs=4547)
TOWNS = gpd.GeoDataFrame(
    {"name": ["西镇", "东镇"]}, geometry=[box(0, 0, 1000, 1000), box(1000, 0, 2000, 1000)], index=["01", "02"], crs=4547
)
#: A strip of 2000 m x 100 m through both towns, and 100 m of it beyond the boundary in the west.
HOMES = gpd.GeoDataFrame({"population": [2100.0]}, geometry=[box(-100, 0, 2000, 100)], crs=4547)
#: A small park of 100 m x 100 m in the middle of the strip's south side, and its twin beside it.
PARKS = gpd.GeoDataFrame(
    {"kind": ["小游园", "小游园"]}, geometry=[box(900, -100, 1000, 0), box(1000, -100, 1100, 0)], crs=4547
)
RULES = [service_rules()["B06a"], service_rules()["B06b"]]


def row(found, rule, radius, zone, way="straight"):
    table = found.table
    return table[(table.rule == rule) & (table.radius == radius) & (table.zone == zone) & (table.way == way)].iloc[0]


def test_township_rows_add_up_and_ground_outside_does_not_count():
    found = park_service(PARKS, HOMES, BOUNDARY, RULES, zones=TOWNS)
    whole = row(found, "B06b", "300", "whole")
    assert whole["area_m2"] == pytest.approx(200_000)
    assert whole["population"] == pytest.approx(2000)
    parts = [row(found, "B06b", "300", zone) for zone in ("01", "02")]
    # The catchments of both parks overlap in the middle; they count once, and each town has half of them.
    assert parts[0]["served_m2"] == pytest.approx(parts[1]["served_m2"], rel=1e-9)
    assert sum(part["served_m2"] for part in parts) == pytest.approx(whole["served_m2"], rel=1e-12)
    # 200 m below the parks wholly, and on either side a quarter disc of 300 m cut at 100 m:
    # ∫₀¹⁰⁰ √(300² − y²) dy = ½·(100·√80000 + 90000·asin(1/3)).
    quarter = 0.5 * (100 * 80_000**0.5 + 90_000 * np.arcsin(1 / 3))
    assert whole["served_m2"] == pytest.approx(200 * 100 + 2 * quarter, rel=2e-3)
    assert whole["served_population"] == pytest.approx(whole["served_m2"] / 100, rel=1e-12)
    assert whole["share"] == pytest.approx(whole["population_share"])


def test_a_kind_without_a_park_is_not_judged():
    found = park_service(PARKS, HOMES, BOUNDARY, RULES, zones=TOWNS)
    whole = row(found, "B06a", "1500", "whole")
    assert np.isnan(whole["served_m2"]) and np.isnan(whole["share"]) and whole["area_m2"] > 0
    assert [finding.code for finding in found.findings] == ["F-SERVICE-01"]
    printed = service_table(found, cell_m=50).rows()
    assert printed[0][1:] == ["1500", "直线距离", "0", "20.00", "—", "—", "2000", "—", "—"]


def test_by_size_takes_each_park_with_its_own_radius():
    """Both are 1 ha: 500 m; a garden of 3000 m² at the east end has 300 m; one of 1000 m² counts nowhere."""
    garden = gpd.GeoDataFrame({"kind": ["口袋公园"]}, geometry=[box(2000, 0, 2030, 100)], crs=4547)
    small = gpd.GeoDataFrame({"kind": ["口袋公园"]}, geometry=[box(0, 100, 10, 200)], crs=4547)
    parks = gpd.pd.concat([PARKS, garden, small], ignore_index=True)
    found = park_service(parks, HOMES, BOUNDARY, [service_rules()["by_size"]], zones=TOWNS)
    whole = row(found, "by_size", "500/300", "whole")
    assert whole["places"] == 3
    middle = 200 * 100 + (100 * (250_000 - 10_000) ** 0.5 + 250_000 * np.arcsin(1 / 5))
    assert whole["served_m2"] == pytest.approx(middle + 300 * 100, rel=2e-3)


def test_along_a_street_on_the_far_side_less_is_served():
    """The only street runs 50 m south of the parks' edge line, so every way begins with a walk across the strip."""
    street = gpd.GeoDataFrame(geometry=[LineString([(0, -150), (2000, -150)])], crs=4547)
    found = park_service(PARKS, HOMES, BOUNDARY, RULES, zones=TOWNS, streets=street)
    along, straight = (row(found, "B06b", "300", "whole", way)["served_m2"] for way in ("streets", "straight"))
    assert 0 < along < straight
    assert any("300 米" in "".join(table.title) or "300" in table.title for table in zone_tables(found, cell_m=50))


def test_homes_far_from_all_streets_and_overlaps_are_said():
    street = gpd.GeoDataFrame(geometry=[LineString([(0, 50), (500, 50)])], crs=4547)
    twice = gpd.pd.concat([HOMES, HOMES], ignore_index=True)
    found = park_service(PARKS, twice, BOUNDARY, [service_rules()["B06b"]], streets=street)
    assert {finding.code for finding in found.findings} == {"F-SERVICE-02", "F-SERVICE-04"}
    # 500 m of street, 200 m more: 700 of 2000 m are near.
    text = next(finding.text for finding in found.findings if finding.code == "F-SERVICE-04")
    assert "65.0%" in text


def test_tables_of_towns_print_what_adds_up():
    found = park_service(PARKS, HOMES, BOUNDARY, RULES, zones=TOWNS)
    for table in zone_tables(found, cell_m=50):
        rows = table.rows()
        if rows[-1][2] != "—":
            assert sum(float(line[2]) for line in rows[:-1]) == pytest.approx(float(rows[-1][2]))
        assert "直线距离：" in table.notes[0]


def test_towns_that_overlap_count_no_home_twice():
    """The middle 200 m belong to both towns: the first has them."""
    wide = TOWNS.set_geometry([box(0, 0, 1100, 1000), box(900, 0, 2000, 1000)])
    found = park_service(PARKS, HOMES, BOUNDARY, [service_rules()["B06b"]], zones=wide)
    assert row(found, "B06b", "300", "whole")["area_m2"] == pytest.approx(200_000)
    assert [row(found, "B06b", "300", zone)["area_m2"] for zone in ("01", "02")] == pytest.approx([110_000, 90_000])


def test_homes_without_inhabitants_are_said():
    homes = gpd.GeoDataFrame(
        {"population": [1000.0, None]}, geometry=[box(0, 0, 1000, 100), box(1000, 0, 2000, 100)], crs=4547
    )
    found = park_service(PARKS, homes, BOUNDARY, [service_rules()["B06b"]])
    assert [finding.code for finding in found.findings] == ["F-SERVICE-05"]
    assert row(found, "B06b", "300", "whole")["population"] == pytest.approx(1000)
