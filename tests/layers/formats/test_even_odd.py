"""Rings to polygons by the even-odd rule, against counting by hand and against points."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import Point, box

from ecospace.errors import EcospaceError, GeometryError
from ecospace.layers.formats.even_odd import polygon_of_rings


def ring(x: float, y: float, side: float, *, closed: bool = True, backwards: bool = False) -> np.ndarray:
    points = shapely.get_coordinates(box(x, y, x + side, y + side))
    points = points[::-1] if backwards else points
    return points if closed else points[:-1]


def test_hole_island_and_part_in_any_order() -> None:
    rings = [ring(0, 0, 100), ring(10, 10, 50), ring(20, 20, 10), ring(200, 0, 10)]
    for order in ([0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1]):
        shape, findings = polygon_of_rings([rings[at] for at in order], feature="x")
        assert shape.area == 10_000 - 2_500 + 100 + 100
        assert shape.is_valid and findings == []


def test_parts_that_share_an_edge_and_holes_that_touch_the_outline() -> None:
    shape, _findings = polygon_of_rings([ring(0, 0, 10), ring(10, 0, 10)], feature="x")
    assert shape.area == 200 and shape.is_valid
    shape, _findings = polygon_of_rings([ring(0, 0, 10), ring(0, 2, 4)], feature="x")
    assert shape.area == 84 and shape.is_valid


def test_tB17_unclosed_rings_are_closed_and_short_ones_left_out_with_their_number() -> None:
    shape, findings = polygon_of_rings([ring(0, 0, 10, closed=False), [(1, 1), (2, 2)], [(1, 1)]], feature="DK1")
    assert shape.area == 100
    assert [(f.code, f.count, f.features) for f in findings] == [("F-RING-01", 1, ("DK1",)), ("F-RING-02", 2, ("DK1",))]


def test_tB01_a_bow_tie_alone_is_left_for_repair_and_named() -> None:
    shape, findings = polygon_of_rings([[(0, 0), (10, 10), (10, 0), (0, 10), (0, 0)]], feature="x")
    assert not shape.is_valid and [f.code for f in findings] == ["F-RING-04"]


@pytest.mark.parametrize(
    ("rings", "code"),
    [
        ([ring(0, 0, 10), ring(5, 5, 10)], "E-GEO-41"),  # tB02: parts that overlap
        ([ring(0, 0, 10), ring(5, 2, 6)], "E-GEO-41"),  # a hole that reaches over its outline
        ([ring(0, 0, 10), ring(0, 0, 10)], "E-GEO-42"),  # tB05: a hole as large as the parcel
        ([ring(0, 0, 10), [(1, 1), (3, 3), (3, 1), (1, 3)]], "E-GEO-41"),
        ([[(0, 0), (1, 1)]], "E-GEO-40"),
        ([], "E-GEO-40"),
    ],
)
def test_rings_without_one_meaning_stop(rings: list, code: str) -> None:
    with pytest.raises(GeometryError, match=code):
        polygon_of_rings(rings, feature="x")


def test_a_millimetre_over_the_edge_is_no_crossing() -> None:
    shape, _findings = polygon_of_rings([ring(0, 0, 100), ring(-0.001, 20, 10)], feature="x")
    assert shape.area == pytest.approx(9_900, abs=0.05)


@settings(max_examples=150, derandomize=True, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 12), st.integers(0, 12), st.integers(1, 8), st.booleans()), min_size=1, max_size=6
    ),
    st.lists(st.tuples(st.floats(-1, 21), st.floats(-1, 21)), min_size=20, max_size=20),
)
def test_a_point_is_inside_where_an_odd_number_of_rings_holds_it(
    drawn: list[tuple[int, int, int, bool]], probes: list[tuple[float, float]]
) -> None:
    squares = [box(x, y, x + side, y + side) for x, y, side, _back in drawn]
    try:
        shape, _findings = polygon_of_rings([ring(x, y, s, backwards=back) for x, y, s, back in drawn], feature="x")
    except EcospaceError:
        return
    edges = shapely.union_all([one.boundary for one in squares])
    for probe in map(Point, probes):
        if probe.distance(edges) > 1e-6:
            assert shape.contains(probe) == (sum(one.contains(probe) for one in squares) % 2 == 1)
