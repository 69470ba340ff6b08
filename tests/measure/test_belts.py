"""Belts, barriers and candidate land by hand."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString, box, unary_union
from shapely.affinity import rotate

from ecospace.measure.belts import (
    barrier_continuity,
    belts_between,
    candidate_land,
    city_outline,
    line_continuity,
    sides_of,
)
from ecospace.report.belt_tables import belts_table, candidates_table, continuity_table, open_stretches_table


def frame(*shapes: object, **columns: object) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(columns, geometry=list(shapes), crs=4547)


#: A belt of 200 m x 1000 m that runs north.
BELT = frame(box(0, 0, 200, 1000), name=["隔离带"])
WEST, EAST = box(-500, 300, -50, 700), box(300, 300, 800, 700)
COUNTY = frame(box(-5000, -5000, 5000, 5000))


def test_towns_that_stay_apart_and_towns_that_grow_together():
    """350 m from town to town; then houses in the belt, 150 m and 100 m from the towns; then a street through."""
    house, street = box(100, 400, 200, 500), box(-50, 300, 300, 320)
    found = belts_between(BELT, {"2017": frame(WEST, EAST), "2020": frame(WEST, EAST, house)})
    assert found.table["gap_m"].tolist() == pytest.approx([350, 150])
    assert found.table["across_m"].tolist() == pytest.approx([350, 150])
    assert found.table["built_in_belt_m2"].tolist() == pytest.approx([0, 10_000])
    assert found.table["belt_share"].tolist() == pytest.approx([0, 0.05])
    assert found.verdicts.tolist() == ["closer"]
    assert found.gaps.length.tolist() == pytest.approx([350, 150])
    later = belts_between(BELT, {"2017": frame(WEST, EAST), "2023": frame(WEST, EAST, street)})
    assert later.verdicts.tolist() == ["merging"] and later.table["gap_m"].tolist() == pytest.approx([350, 0])
    assert belts_between(BELT, {"a": frame(WEST, EAST), "b": frame(WEST, EAST)}).verdicts.tolist() == ["apart"]
    near = belts_between(BELT, {"2017": frame(WEST, EAST), "2020": frame(WEST, EAST, house)}, near_m=150)
    assert near.verdicts.tolist() == ["merging"]


def test_a_village_astride_the_belt_does_not_join_the_towns():
    """It spans the belt, so nothing is open across it there; but it lies 180 m north of both towns' bodies."""
    village = box(-20, 880, 220, 980)
    found = belts_between(BELT, {"2017": frame(WEST, EAST, village)})
    assert found.table["across_m"].tolist() == [0.0]
    # From the west town 30 m east and 180 m north; from the east town 80 m west and 180 m north: the wider leap counts.
    assert found.table["gap_m"].tolist() == pytest.approx([np.hypot(80, 180)])
    assert found.verdicts.tolist() == ["apart"]


def test_a_side_without_houses_cannot_be_judged_and_ground_outside_is_said():
    found = belts_between(BELT, {"2017": frame(WEST)}, boundary=frame(box(-5000, 0, 600, 1000)))
    assert found.verdicts.tolist() == ["unknown"]
    # 400 m of the 2000 m in the east lie in the study area: 1600 of 4000 m do not.
    assert [finding.code for finding in found.findings] == ["F-BELT-01"] and "40%" in found.findings[0].text
    printed = belts_table(found, look_m=2000, near_m=0).rows()
    assert printed == [["隔离带", "2017", "0.00", "0.00", "—", "—", "无法判定：有一侧没有建设用地"]]


@settings(max_examples=40, derandomize=True, deadline=None)
@given(
    angle=st.integers(0, 359), width=st.integers(20, 400), length=st.integers(500, 2000), look=st.integers(100, 3000)
)
def test_sides_are_as_long_as_the_belt_whichever_way_it_runs(angle, width, length, look):
    belt = rotate(box(0, 0, width, length), angle)
    one, other = sides_of(belt, look)
    assert one.area == pytest.approx(look * length, rel=1e-6) and other.area == pytest.approx(look * length, rel=1e-6)
    assert one.distance(other) == pytest.approx(width, rel=1e-6)
    assert unary_union([one, other]).intersection(belt).area < 1e-3


def test_the_concave_side_of_a_bent_belt_is_one_side():
    bent = box(0, 0, 1000, 100).union(box(0, 0, 100, 400))
    one, other = sides_of(bent, 1000)
    assert one.area + other.area == pytest.approx((400 + 2000) * 1000 - bent.area)
    assert not one.intersects(box(500, 300, 510, 310)) or not other.intersects(box(500, 300, 510, 310))


def test_a_belt_in_two_parts_is_parted_by_its_axis():
    """Open ground of 100 m between two parts of the belt: half of it belongs to either side."""
    belt = box(0, 0, 200, 450).union(box(0, 550, 200, 1000))
    one, other = sides_of(belt, 500)
    assert one.area == pytest.approx(500 * 1000 + 100 * 100) and other.area == pytest.approx(one.area)


def test_continuity_of_a_coast_inside_the_county():
    """1000 m of coast, 200 m of it beyond the county; forest on 500 m, a gap of 30 m in it that is too short to count."""
    coast = frame(LineString([(-200, 0), (800, 0)]), name=["海岸"])
    county = frame(box(0, -1000, 5000, 1000))
    forest = frame(box(0, 10, 200, 60), box(230, 10, 500, 60))
    found = line_continuity(coast, forest, county, within_m=10.0001, least_m=50)
    row = found.table.iloc[0]
    assert (row["length_m"], row["gaps"], row["longest_m"]) == (800, 1, pytest.approx(300, abs=0.1))
    assert row["continuity"] == pytest.approx(500 / 800, abs=1e-3)
    # Chainage runs from the line's first vertex, also that of the part outside.
    assert found.gaps[["start", "end"]].to_numpy().tolist() == [["K0+700", "K1+000"]]
    every = line_continuity(coast, forest, county, within_m=10.0001)
    assert every.table["gaps"].tolist() == [2]
    assert every.gaps["length_m"].sum() == pytest.approx(330, abs=0.2)
    printed = continuity_table(found, cover="森林", within_m=10, least=50).rows()
    assert printed == [["海岸", "0.800", "1", "0.300", "300", "62.50"]]
    assert open_stretches_table(every).rows()[0][1:3] == ["K0+700", "K1+000"]


def test_continuity_of_a_barrier_of_three_hills():
    """10 ha, then 100 m of open ground, 6 ha, then 700 m, 4 ha; a copse of 0.1 ha is no part of it."""
    hills = frame(box(0, 0, 1000, 100), box(1100, 0, 1700, 100), box(2400, 0, 2800, 100), box(0, 5000, 10, 5100))
    loose = barrier_continuity(hills, near_m=150, least_m2=10_000)
    assert loose.table[["pieces", "gaps", "longest_m"]].to_numpy().tolist() == [[2, 1, 700]]
    assert loose.table["continuity"].tolist() == pytest.approx([16 / 20])
    strict = barrier_continuity(hills, near_m=50, least_m2=10_000)
    assert strict.gaps["length_m"].tolist() == pytest.approx([100, 700])
    assert strict.table["continuity"].tolist() == pytest.approx([0.5])
    whole = barrier_continuity(hills, near_m=10_000, least_m2=0)
    assert whole.table[["pieces", "gaps", "continuity"]].to_numpy().tolist() == [[1, 0, 1.0]]
    nothing = barrier_continuity(hills, near_m=50, least_m2=1e9)
    assert np.isnan(nothing.table["continuity"].iloc[0]) and nothing.table["gaps"].iloc[0] == 0
    assert continuity_table(strict, cover="屏障", within_m=50, least=1).rows() == [
        ["20.00", "3", "2", "0.800", "700", "50.00"]
    ]


def test_candidates_with_red_line_and_edge_of_the_county():
    """500 mu are 33.3 ha: four parcels of 10 ha; half of the first lies in the red line."""
    reservoir = box(-1000, 0, 0, 100)
    land = frame(*[box(1000 * k, 0, 1000 * (k + 1), 100) for k in range(6)], code_name=["乔木林地"] * 6)
    chosen, findings = candidate_land(
        reservoir, land, 500 * 10_000 / 15, boundary=COUNTY, redline=frame(box(0, 0, 500, 100))
    )
    assert chosen["redline_m2"].tolist() == pytest.approx([50_000, 0, 0, 0])
    assert findings == []
    _chosen, findings = candidate_land(reservoir, land, 500 * 10_000 / 15, boundary=frame(box(-1500, -50, 6000, 150)))
    assert [finding.code for finding in findings] == ["F-BELT-02"]
    table = candidates_table(chosen, "水库", 500 * 10_000 / 15, "林地", "", findings)
    assert table.rows()[-1][4:] == ["150.00", "600.00", "0.00"]


def test_the_city_is_the_largest_piece_without_holes():
    houses = frame(
        box(0, 0, 400, 100), box(0, 300, 400, 400), box(0, 0, 100, 400), box(300, 0, 400, 400), box(5000, 0, 5100, 100)
    )
    assert city_outline(houses, 50).area == pytest.approx(400 * 400, rel=1e-3)
