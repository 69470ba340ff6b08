"""Gaps, merging towns, land round a place, wedges: all by hand."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
from shapely import LineString, Point, box

from ecospace.errors import DataError, RuleError
from ecospace.space.gaps import candidates, gaps_along, merging, wedges

COAST = LineString([(0, 0), (600, 0), (600, 400)])


def frame(*shapes: object) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(geometry=list(shapes), crs=4547)


def test_gaps_go_round_the_corner_and_add_up():
    """Forest on the first 500 m and the last 250 m of 1000 m."""
    forest = frame(box(0, -5, 500, 5), box(595, 150, 605, 400))
    gaps = gaps_along(COAST, forest, origin_m=10_000)
    assert gaps[["start", "end", "length_m"]].to_numpy().tolist() == [["K10+500", "K10+750", pytest.approx(250)]]
    covered = COAST.intersection(forest.union_all()).length
    assert gaps["length_m"].sum() + covered == pytest.approx(COAST.length, rel=1e-9)


def test_forest_behind_the_beach_counts_within_its_distance():
    forest = frame(box(-100, 30, 570, 80), box(500, 30, 570, 500))
    assert gaps_along(COAST, forest)["length_m"].sum() == pytest.approx(1000)
    assert gaps_along(COAST, forest, within_m=60).empty


def test_short_gaps_can_be_left_out_and_shared_edges_are_none():
    forest = frame(box(0, -5, 300, 5), box(300, -5, 600, 5), box(590, 20, 610, 400))
    assert gaps_along(COAST, forest)["length_m"].tolist() == pytest.approx([15])
    assert gaps_along(COAST, forest, least_m=50).empty


def test_nothing_at_all_is_one_gap():
    assert gaps_along(COAST, frame(Point(5000, 5000).buffer(1)))["length_m"].tolist() == [1000]


WEST, BELT, EAST = box(0, 0, 1000, 1000), box(1000, 0, 1500, 1000), box(1500, 0, 2500, 1000)


def test_two_towns_before_and_after():
    """500 m open; then houses in the belt 100 m long, 200 m from either town; then a street through."""
    towns = [box(0, 0, 1000, 300), box(1500, 0, 2500, 300)]
    built = {
        "2017": frame(*towns),
        "2020": frame(*towns, box(1200, 0, 1300, 100)),
        "2023": frame(*towns, box(1000, 100, 1500, 120)),
    }
    found = merging(built, WEST, EAST, BELT, near_m=50)
    assert found["gap_m"].tolist() == pytest.approx([500, 200, 0])
    assert found["merged"].tolist() == [False, False, True]
    assert found["built_in_belt_m2"].tolist() == pytest.approx([0, 10_000, 10_000])
    assert found["belt_share"].tolist() == pytest.approx([0, 0.02, 0.02])
    assert found.loc["2020"].geometry.length == pytest.approx(200)


def test_a_side_without_houses_has_no_gap_to_close():
    found = merging({"2017": frame(box(0, 0, 100, 100))}, WEST, EAST, BELT)
    assert np.isnan(found["gap_m"].iloc[0]) and not found["merged"].iloc[0]


def test_500_mu_round_a_reservoir():
    """Parcels of 10 ha in a row: 500 mu are 33.3 ha, so four whole parcels, the nearest ones."""
    reservoir = box(-1000, 0, 0, 100)
    land = frame(*[box(1000 * k, 0, 1000 * (k + 1), 100) for k in (5, 2, 0, 4, 1, 3)])
    found = candidates(reservoir, land, 500 * 10_000 / 15)
    assert found["distance_m"].tolist() == [0, 1000, 2000, 3000]
    assert found["total_m2"].iloc[-1] == pytest.approx(400_000)


def test_the_reservoir_itself_is_no_candidate_and_too_little_land_is_said():
    land = frame(box(0, 0, 100, 100), box(50, 0, 150, 100))
    with pytest.raises(DataError, match=r"E-DATA-90.* 5000 "):
        candidates(box(0, 0, 100, 100), land, 6_000)
    with pytest.raises(RuleError, match="E-RULE-67"):
        candidates(box(0, 0, 100, 100), land, 0)


def test_a_street_between_two_parks_does_not_end_a_wedge():
    city = box(0, 0, 1000, 1000)
    green = frame(box(-500, 400, 300, 600), box(320, 400, 450, 600))
    assert wedges(green, city)["depth_m"].tolist() == pytest.approx([300])
    joined = wedges(green, city, join_m=20.001)
    assert joined["depth_m"].tolist() == pytest.approx(
        [400]
    )  # its far corners: 450 m from the west, 400 m from the south
    assert joined["inside_m2"].iloc[0] == pytest.approx(300 * 200 + 130 * 200)


def test_a_park_inside_the_edge_of_the_city_is_no_wedge():
    """5 m from the edge: joined over 30 m, the ground between would reach out of the city, the park does not."""
    city = box(0, 0, 1000, 1000)
    green = frame(box(5, 400, 300, 600))
    assert wedges(green, city).empty
    assert wedges(green, city, join_m=30).empty
    hills = frame(box(5, 400, 300, 600), box(-500, 400, -10, 600))
    assert wedges(hills, city, join_m=30)["depth_m"].tolist() == [300.0]
