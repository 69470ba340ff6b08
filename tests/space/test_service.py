"""Service radius by hand: a park, streets at right angles, homes in a row."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
from shapely import LineString, Point, box

from ecospace.errors import RuleError
from ecospace.space.service import network_distance, service_coverage, service_table


def frame(*shapes: object, **columns: object) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(columns, geometry=list(shapes), crs=4547)


PARK = frame(box(0, 0, 100, 100), kind=["小游园"])
#: One home of 1000 m x 100 m that begins at the park's east edge.
HOMES = frame(box(100, 0, 1100, 100), people=[1000])


def test_both_ends_of_a_range_are_reported():
    table = service_table(PARK, HOMES, {"小游园": (300, 500), "综合公园": (1500,)}, population="people")
    assert table[["kind", "radius_m", "places"]].to_numpy().tolist() == [
        ["小游园", 300, 1], ["小游园", 500, 1], ["综合公园", 1500, 0],
    ]  # fmt: skip
    assert table["served_m2"].tolist() == pytest.approx([30_000, 50_000, 0])
    assert table["population_share"].tolist() == pytest.approx([0.3, 0.5, 0])


def test_two_parks_serve_the_same_ground_once():
    parks = frame(box(0, 0, 100, 100), box(0, 0, 100, 100))
    assert service_coverage(parks, HOMES, 300)["share"].iloc[0] == pytest.approx(0.3)


def test_streets_lead_round_the_block():
    """300 m east and 400 m north along the streets, 500 m as the crow flies."""
    streets = frame(LineString([(0, 0), (300, 0)]), LineString([(300, -50), (300, 400)]))
    door, home = frame(Point(0, 0)), frame(box(299, 399, 301, 401))
    assert network_distance(home, door, streets).iloc[0] == pytest.approx(700)
    assert service_coverage(door, home, 600)["share"].iloc[0] == pytest.approx(1.0)
    along = service_coverage(door, home, 600, streets=streets)
    assert along["share"].iloc[0] == 0.0
    assert service_coverage(door, home, 700.001, streets=streets)["share"].iloc[0] == 1.0


def test_the_way_to_the_street_counts():
    """Home 30 m north of the street, door 20 m south of it, 500 m apart along it; both on one street."""
    streets = frame(LineString([(0, 0), (1000, 0)]))
    found = network_distance(frame(Point(700, 30)), frame(Point(200, -20)), streets)
    assert found.iloc[0] == pytest.approx(550)


def test_the_nearest_of_several_doors_is_taken_and_an_island_is_not_reached():
    streets = frame(LineString([(0, 0), (1000, 0)]), LineString([(0, 900), (100, 900)]))
    homes = frame(Point(400, 0), Point(50, 900))
    doors = frame(Point(0, 0), Point(900, 0), Point(500, 0), Point(500, 0))
    assert network_distance(homes, doors, streets).tolist() == pytest.approx([100, np.inf])


def test_against_a_graph_written_by_hand():
    """A grid of 10 x 10 blocks of 100 m: the way from corner to corner is the sum of both legs."""
    lines = [LineString([(0, 100 * k), (1000, 100 * k)]) for k in range(11)]
    lines += [LineString([(100 * k, 0), (100 * k, 1000)]) for k in range(11)]
    random = np.random.default_rng(5)
    corners = random.integers(0, 11, (40, 2)) * 100.0
    found = network_distance(frame(*[Point(xy) for xy in corners]), frame(Point(300, 700)), frame(*lines))
    assert found.to_numpy() == pytest.approx(np.abs(corners - [300, 700]).sum(axis=1), abs=1e-6)


def test_no_radius_is_refused():
    with pytest.raises(RuleError, match="E-RULE-66"):
        service_coverage(PARK, HOMES, 0)
