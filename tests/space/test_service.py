"""Service radius by hand: a park, streets at right angles, homes in a row."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString, Point, box

from ecospace.errors import RuleError
from ecospace.space.service import home_cells, network_distance, service_coverage


def frame(*shapes: object, **columns: object) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(columns, geometry=list(shapes), crs=4547)


PARK = frame(box(0, 0, 100, 100), kind=["小游园"])
#: One home of 1000 m x 100 m that begins at the park's east edge.
HOMES = frame(box(100, 0, 1100, 100), people=[1000])
#: A grid of 10 x 10 blocks of 100 m.
GRID = frame(
    *[LineString([(0, 100 * k), (1000, 100 * k)]) for k in range(11)],
    *[LineString([(100 * k, 0), (100 * k, 1000)]) for k in range(11)],
)


def test_two_parks_serve_the_same_ground_once():
    parks = frame(box(0, 0, 100, 100), box(0, 0, 100, 100))
    assert service_coverage(parks, HOMES, 300)["share"].iloc[0] == pytest.approx(0.3)


def test_each_park_may_have_its_own_radius():
    """300 m from the west end, 200 m from the east end, of 1000 m."""
    parks = frame(box(0, 0, 100, 100), box(1100, 0, 1200, 100))
    assert service_coverage(parks, HOMES, np.array([300.0, 200.0]))["share"].iloc[0] == pytest.approx(0.5)


def test_no_park_serves_nobody():
    assert service_coverage(PARK.iloc[:0], HOMES, 300)["served_m2"].tolist() == [0.0]
    assert service_coverage(PARK.iloc[:0], HOMES, 300, streets=GRID)["served_m2"].tolist() == [0.0]


def test_streets_lead_round_the_block():
    """300 m east and 400 m north along the streets, 500 m as the crow flies."""
    streets = frame(LineString([(0, 0), (300, 0)]), LineString([(300, -50), (300, 400)]))
    door, home = frame(Point(0, 0)), frame(box(299, 399, 301, 401))
    assert network_distance(home, door, streets).iloc[0] == pytest.approx(700)
    assert service_coverage(door, home, 600)["share"].iloc[0] == pytest.approx(1.0)
    along = service_coverage(door, home, 600, streets=streets)
    assert along["share"].iloc[0] == 0.0
    assert service_coverage(door, home, 710, streets=streets)["share"].iloc[0] == pytest.approx(1.0)


def test_a_long_home_is_judged_cell_by_cell():
    """A home of 1000 m along a street that begins at the door: ten cells of 100 m, their points at 50, 150 … m."""
    home = frame(box(0, 0, 1000, 100))
    street = frame(LineString([(0, 50), (1000, 50)]))
    found = service_coverage(frame(Point(0, 50)), home, 300, streets=street, cell_m=100)
    # Of the third cell the corners beyond 300 m as the crow flies do not count: a circle of 300 m cut at 50 m north and south.
    straight = service_coverage(frame(Point(0, 50)), home, 300)
    assert found["served_m2"].iloc[0] == pytest.approx(straight["served_m2"].iloc[0])
    assert found["distance_m"].iloc[0] == pytest.approx(50)
    assert service_coverage(frame(Point(0, 50)), home, 240, streets=street, cell_m=100)["served_m2"].iloc[0] < 20_001


def test_cells_add_up_to_the_homes():
    homes = frame(box(3, 7, 480, 333), Point(900, 900).buffer(77))
    cells = home_cells(homes, 50)
    assert cells.area.groupby(cells["home"]).sum().to_numpy() == pytest.approx(homes.area.to_numpy(), rel=1e-12)


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
    """From corner to corner of the grid the way is the sum of both legs."""
    random = np.random.default_rng(5)
    corners = random.integers(0, 11, (40, 2)) * 100.0
    found = network_distance(frame(*[Point(xy) for xy in corners]), frame(Point(300, 700)), GRID)
    assert found.to_numpy() == pytest.approx(np.abs(corners - [300, 700]).sum(axis=1), abs=1e-6)


#: On a grid of 10 cm: doubles below 1e-100 are no places.
places = st.tuples(*[st.integers(-2000, 12_000).map(lambda tenths: tenths / 10)] * 2)


@settings(max_examples=60, derandomize=True, deadline=None)
@given(homes=st.lists(places, min_size=1, max_size=8), doors=st.lists(places, min_size=1, max_size=4),
       radius_m=st.floats(50, 900), size=st.floats(5, 160))  # fmt: skip
def test_no_way_along_streets_is_shorter_than_the_straight_line(homes, doors, radius_m, size):
    lived = frame(*[box(x, y, x + size, y + size) for x, y in homes])
    parks = frame(*[box(x, y, x + size, y + size) for x, y in doors])
    along = network_distance(lived, parks, GRID).to_numpy()
    straight = lived.representative_point().distance(parks.union_all()).to_numpy()
    assert (along >= straight - 1e-6).all()
    served = service_coverage(parks, lived, radius_m, streets=GRID)["served_m2"].to_numpy()
    most = service_coverage(parks, lived, radius_m)["served_m2"].to_numpy()
    assert (served <= most + 1e-6).all()


def test_no_radius_is_refused():
    with pytest.raises(RuleError, match="E-RULE-66"):
        service_coverage(PARK, HOMES, 0)
