"""Overlaps, unions and doubles are those that comparing every shape with every other gives."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
import shapely
from geopandas import GeoDataFrame
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import box

from ecospace.layers.topology import doubles, loose_shapes, overlapping, overlaps, union_of

FOREST = box(0, 0, 100, 100)
POND = box(40, 40, 60, 60)
REEDS = box(30, 30, 70, 70).difference(POND)  # a ring round the pond, edge by edge


def pairs_of(*shapes: shapely.Polygon) -> list[tuple[int, int]]:
    first, second, _pieces = overlapping(np.array(shapes, dtype=object))
    return list(zip(first.tolist(), second.tolist(), strict=True))


def test_a_pond_drawn_upon_a_forest_overlaps_it_though_the_forest_matches_all_it_meets() -> None:
    assert loose_shapes(np.array([FOREST, POND])).tolist() == [1]
    assert pairs_of(FOREST, POND) == [(0, 1)]


def test_a_pond_among_its_reeds_is_found_though_it_matches_them_all_round() -> None:
    assert loose_shapes(np.array([FOREST, POND, REEDS])).tolist() == [2]
    assert pairs_of(FOREST, POND, REEDS) == [(0, 1), (0, 2)]


def test_shapes_that_tile_the_ground_have_no_pair() -> None:
    assert pairs_of(box(0, 0, 50, 100), box(50, 0, 100, 50), box(50, 50, 100, 100)) == []


def test_neighbours_that_share_a_line_and_a_point_have_no_ground_in_common() -> None:
    step = shapely.Polygon([(100, 0), (150, 0), (150, 100), (100, 100), (120, 80), (100, 60)])  # an edge, and a corner
    assert FOREST.intersection(step).geom_type == "GeometryCollection"
    assert pairs_of(FOREST, step) == []


def test_the_finding_says_the_area_and_the_pairs() -> None:
    land = GeoDataFrame(geometry=[FOREST, POND, REEDS], index=["forest", "pond", "reeds"], crs=4547)
    (finding,), places = overlaps(land)
    assert finding.count == 2
    assert "0.1600" in finding.text  # 40 m × 40 m, in hectares
    assert "取整误差" not in finding.text  # where no pair is rounding, rounding is not spoken of
    assert sum(place["area_m2"] for place in places) == pytest.approx(1600)


def test_doubles_are_told_wherever_their_rings_begin() -> None:
    turned = shapely.Polygon([(60, 60), (60, 40), (40, 40), (40, 60)])
    other = shapely.Polygon([(40, 40), (60, 40), (60, 60), (50, 50)])  # the same box and as many vertices
    (finding,) = doubles(GeoDataFrame(geometry=[FOREST, POND, turned, other], index=list("abcd"), crs=4547))
    assert finding.features == ("c",)
    assert "c = b" in finding.text


corner = st.integers(0, 8)
rectangle = st.tuples(corner, corner, st.integers(1, 4), st.integers(1, 4)).map(
    lambda at: box(at[0], at[1], at[0] + at[2], at[1] + at[3])
)


@settings(max_examples=300, derandomize=True, deadline=None)
@given(st.lists(rectangle, min_size=1, max_size=9))
def test_every_pair_of_a_comparison_of_all_with_all_is_found(shapes: list[shapely.Polygon]) -> None:
    wanted = [
        pair for pair in combinations(range(len(shapes)), 2) if shapes[pair[0]].intersection(shapes[pair[1]]).area
    ]
    assert pairs_of(*shapes) == wanted
    assert union_of(np.array(shapes)).equals(shapely.union_all(shapes))


@settings(max_examples=60, derandomize=True, deadline=None)
@given(st.lists(rectangle, min_size=1, max_size=4), st.integers(2, 9))
def test_what_is_drawn_upon_a_tiling_is_found_in_full(shapes: list[shapely.Polygon], step: int) -> None:
    tiles = [box(x, y, x + step, y + step) for x in range(0, 12, step) for y in range(0, 12, step)]
    both = [*tiles, *shapes]
    wanted = [pair for pair in combinations(range(len(both)), 2) if both[pair[0]].intersection(both[pair[1]]).area]
    assert pairs_of(*both) == wanted
