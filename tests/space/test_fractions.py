"""Exact cell coverage: arithmetic by hand, and GEOS as an independent engine."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from shapely import box

from ecospace.space.fractions import cell_fractions

NORTH_UP = Affine(10, 0, 100, 0, -10, 260)  # 10 m cells, corner at (100, 260)


def placed(transform: Affine, column: np.ndarray, row: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    a, b, c, d, e, f = tuple(transform)[:6]
    return a * column + b * row + c, d * column + e * row + f


def by_overlay(polygon: shapely.Geometry, transform: Affine, shape: tuple[int, int]) -> np.ndarray:
    """The same by cutting every cell with GEOS."""
    row, column = np.indices(shape)
    corners = [placed(transform, column + x, row + y) for x, y in ((0, 0), (1, 0), (1, 1), (0, 1))]
    cells = shapely.polygons(np.stack([np.stack(corner, axis=-1) for corner in corners], axis=-2))
    return shapely.area(shapely.intersection(cells, polygon)) / abs(transform.determinant)


def test_half_and_quarter_cells() -> None:
    fractions = cell_fractions(box(105, 225, 130, 250), NORTH_UP, (4, 4))
    assert fractions.tolist() == [[0, 0, 0, 0], [0.5, 1, 1, 0], [0.5, 1, 1, 0], [0.25, 0.5, 0.5, 0]]


def test_triangle_covers_half_of_the_diagonal_cells() -> None:
    triangle = shapely.Polygon([(100, 230), (130, 230), (100, 260)])
    assert cell_fractions(triangle, NORTH_UP, (3, 3)).tolist() == [[0.5, 0, 0], [1, 0.5, 0], [1, 1, 0.5]]


def test_vertices_on_cell_corners_and_a_hole_on_cell_lines() -> None:
    ring = shapely.Polygon(box(100, 220, 140, 260).exterior, [box(110, 230, 130, 250).exterior.coords])
    assert cell_fractions(ring, NORTH_UP, (4, 4)).tolist() == [[1, 1, 1, 1], [1, 0, 0, 1], [1, 0, 0, 1], [1, 1, 1, 1]]


def test_ground_beyond_the_raster_is_left_out_on_every_side() -> None:
    fractions = cell_fractions(box(-1000, -1000, 1000, 1000), NORTH_UP, (3, 5))
    assert (fractions == 1).all()
    for outside in (box(0, 0, 50, 50), box(500, 240, 600, 250), box(100, 300, 140, 400), box(110, 0, 120, 100)):
        assert (cell_fractions(outside, NORTH_UP, (3, 5)) == 0).all()


def test_a_strip_half_a_metre_wide_is_not_lost() -> None:
    strip = box(104.2, 200, 104.7, 260)
    assert cell_fractions(strip, NORTH_UP, (3, 3)).sum() * 100 == pytest.approx(0.5 * 30, rel=1e-12)


def test_two_parts_in_one_cell_add_up() -> None:
    parts = shapely.union_all([box(101, 251, 102, 252), box(107, 258, 109, 259)])
    assert cell_fractions(parts, NORTH_UP, (1, 1)).tolist() == [[pytest.approx(0.03, rel=1e-12)]]


def test_nothing_of_an_empty_polygon() -> None:
    assert cell_fractions(shapely.Polygon(), NORTH_UP, (2, 2)).tolist() == [[0, 0], [0, 0]]


@pytest.mark.parametrize(
    "transform",
    [
        Affine(10, 0, 100, 0, 10, 200),  # south-up
        Affine(8, 6, 100, 6, -8, 230),  # rotated
        Affine(0.0001, 0, 113.0, 0, -0.0001, 23.0),  # degrees
    ],
)
def test_any_affine_raster(transform: Affine) -> None:
    corners = np.array([(0.3, 0.4), (4.6, 1.1), (3.2, 4.9), (1.7, 2.2), (0.1, 3.3)])
    polygon = shapely.Polygon(np.column_stack(placed(transform, *corners.T)))
    assert_allclose(cell_fractions(polygon, transform, (5, 5)), by_overlay(polygon, transform, (5, 5)), atol=2e-9)


@st.composite
def stars(draw: st.DrawFn) -> shapely.Polygon:
    """A star in an 8 x 8 raster of unit cells and beyond it, often with vertices on cell lines or a hole."""
    corners = draw(st.integers(3, 12))
    angles = np.linspace(0, 2 * np.pi, corners, endpoint=False)
    radius = np.array(draw(st.lists(st.floats(0.5, 6), min_size=corners, max_size=corners)))
    x, y = draw(st.floats(-2, 10)), draw(st.floats(-2, 10))
    ring = np.column_stack([x + radius * np.cos(angles), y + radius * np.sin(angles)])
    if draw(st.booleans()):
        ring = np.round(ring * 2) / 2
    polygon = shapely.Polygon(ring)
    if draw(st.booleans()):
        polygon = polygon.difference(shapely.Point(x, y).buffer(0.4, quad_segs=2))
    return polygon if draw(st.booleans()) else shapely.reverse(polygon)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(stars())
def test_equals_the_overlay_of_every_cell(polygon: shapely.Polygon) -> None:
    if not polygon.is_valid or polygon.is_empty:
        return
    transform, shape = Affine(1, 0, 0, 0, -1, 8), (8, 8)
    assert_allclose(cell_fractions(polygon, transform, shape), by_overlay(polygon, transform, shape), atol=1e-12)


def test_a_tiling_covers_every_cell_once() -> None:
    towns = shapely.get_parts(
        shapely.voronoi_polygons(shapely.MultiPoint([(3, 4), (17, 8), (9, 16), (12, 2)]), extend_to=box(0, 0, 20, 20))
    )
    towns = shapely.intersection(towns, box(0, 0, 20, 20))
    whole = sum(cell_fractions(town, Affine(1, 0, 0, 0, -1, 20), (20, 20)) for town in towns)
    assert_allclose(whole, 1, atol=1e-12)
