"""Ground within a distance: what is left undrawn changes nothing, and a ring is what an overlay would give."""

from __future__ import annotations

from itertools import pairwise

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import GeometryCollection, LineString, MultiLineString, Point, box

from ecospace.space import ground
from ecospace.space.buffer import rings
from ecospace.space.ground import Cells, ground_within, reach_m, ring_between

SEGMENTS = 16


def plain(shapes: np.ndarray, distance_m: float) -> shapely.Geometry:
    return shapely.union_all(shapely.buffer(shapes, distance_m, quad_segs=SEGMENTS))


def assert_same_ground(one: shapely.Geometry, other: shapely.Geometry, *, rel: float = 1e-9) -> None:
    assert one.is_valid
    assert one.symmetric_difference(other).area <= rel * other.area


def scattered(seed: int, count: int, size_m: float) -> np.ndarray:
    """Short lines, points and ponds, with an empty place in the middle of which one line lies alone."""
    random = np.random.default_rng(seed)
    start = random.uniform(0, size_m, (count, 2))
    start = start[np.hypot(*(start - size_m / 2).T) > size_m / 4]
    ends = start + random.normal(0, size_m / 40, start.shape)
    lines = shapely.linestrings(np.stack([start, ends], axis=1))
    points = shapely.points(start[::7] + 5)
    ponds = shapely.buffer(shapely.points(start[::50]), size_m / 60)
    alone = LineString([(size_m / 2, size_m / 2), (size_m / 2 + 10, size_m / 2)])
    return np.array([*lines, *points, *ponds, alone], dtype=object)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(st.integers(0, 10_000), st.integers(20, 600), st.sampled_from([60.0, 200.0, 450.0]))
def test_ground_is_that_of_plain_buffer_and_dissolve(seed: int, count: int, distance_m: float) -> None:
    shapes = scattered(seed, count, 5_000)
    assert_same_ground(ground_within(shapes, distance_m, SEGMENTS), plain(shapes, distance_m), rel=1e-5)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(st.integers(0, 10_000), st.sampled_from([300.0, 450.0, 700.0]), st.sampled_from([2, 8, 16]))
def test_what_is_not_drawn_changes_nothing(seed: int, distance_m: float, segments: int) -> None:
    """Dense lines round an empty place with an island in it: most buffers are not drawn, the area is the same to 1e-12."""
    shapes = scattered(seed, 2_000, 5_000)
    drawn = []
    buffer = shapely.buffer
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shapely, "buffer", lambda some, *a, **k: drawn.append(len(some)) or buffer(some, *a, **k))
        found = ground_within(shapes, distance_m, segments)
    assert sum(drawn) < 0.9 * len(shapes)
    whole = shapely.union_all(shapely.buffer(shapes, distance_m, quad_segs=segments))
    assert found.area == pytest.approx(whole.area, rel=1e-12)
    assert_same_ground(found, whole)
    assert len(shapely.get_parts(found)) == len(shapely.get_parts(whole))


def test_an_island_in_a_gap_in_an_undrawn_belt_keeps_its_gap() -> None:
    """A belt of undrawn buffers lies between the outline and a gap; the gap stays a gap and keeps its island."""
    x, y = np.meshgrid(np.arange(0, 4_000, 50.0), np.arange(0, 4_000, 50.0))
    places = np.stack([x.ravel(), y.ravel()], axis=1)
    around = places[np.abs(places - 2_000).max(axis=1) > 900]
    shapes = shapely.points(np.concatenate([around, [[2_000.0, 2_000.0]]]))
    found, whole = ground_within(shapes, 400, SEGMENTS), plain(shapes, 400)
    assert [len(part.interiors) for part in shapely.get_parts(whole)] in ([1, 0], [0, 1])
    assert found.area == pytest.approx(whole.area, rel=1e-12)
    assert_same_ground(found, whole)


def test_how_far_a_buffer_reaches() -> None:
    """The drawn outline of a bend lies between what `reach_m` says, for coarse and fine arcs."""
    random = np.random.default_rng(2)
    for segments in (1, 2, 8, 16):
        line = LineString(np.cumsum(random.normal(0, 3, (60, 2)), axis=0))
        least, most = reach_m(30, segments)
        outline = shapely.points(shapely.get_coordinates(line.buffer(30, quad_segs=segments)))
        assert shapely.distance(line, outline).max() < most
        edges = shapely.get_parts(shapely.boundary(line.buffer(30, quad_segs=segments)))
        assert shapely.distance(line, edges).min() > least


def test_cells_by_hand() -> None:
    """A block of 3 x 3 marked cells of 10 m: shrunk by 0 m it keeps only what no unmarked cell is beside."""
    marked = np.zeros((5, 5), dtype=bool)
    marked[1:4, 1:4] = True
    cells = Cells(marked, np.array([100.0, 200.0]), 10.0)
    assert np.argwhere(cells.shrunk(0).marked).tolist() == [[2, 2]]
    shapes = np.array([Point(125, 225), LineString([(125, 225), (105, 225)]), Point(0, 0), Point(105, 205)])
    assert cells.share_held(shapes).tolist() == [1, 0.5, 0, 0]


def test_near_cells_are_those_within_the_radius() -> None:
    random = np.random.default_rng(4)
    marked = random.random((30, 40)) < 0.02
    rows, columns = np.indices(marked.shape)
    for radius in (0.0, 1.0, 1.5, 4.3, 60.0):
        at = np.argwhere(marked)
        squared = (rows[..., None] - at[:, 0]) ** 2 + (columns[..., None] - at[:, 1]) ** 2
        assert (ground._near(marked, radius) == (squared.min(axis=2) <= radius**2)).all()


def test_a_ring_between_grounds_with_islands_and_gaps() -> None:
    """Gap, island in the gap, gap in the island; and holes that touch their outline in a point."""
    outer = shapely.union_all([box(0, 0, 100, 100) - box(30, 30, 70, 70), box(40, 40, 60, 60) - box(48, 48, 52, 52)])
    inner = shapely.union_all([box(5, 5, 95, 95) - box(25, 25, 75, 75), box(43, 43, 57, 57) - box(46, 46, 54, 54)])
    ring = ring_between(outer, inner)
    assert ring.area == pytest.approx(outer.difference(inner).area, rel=1e-12)
    assert_same_ground(ring, outer.difference(inner))
    touching = shapely.Polygon(box(0, 0, 10, 10).exterior, [[(0, 0), (4, 2), (2, 4)], [(4, 2), (6, 2), (6, 4)]])
    assert touching.is_valid
    inside = box(7, 7, 8, 8)
    assert_same_ground(ring_between(touching, inside), touching.difference(inside))


def test_grounds_that_are_not_nested_are_overlaid() -> None:
    """Beside each other, across each other, edge on edge, ground where the outer has a hole: all as by overlay."""
    square = box(0, 0, 10, 10)
    for outer, inner in (
        (square, box(20, 0, 25, 5)),
        (square, box(5, 5, 15, 8)),
        (square, box(0, 2, 5, 5)),
        (square - box(4, 4, 6, 6), box(2, 2, 8, 8)),
        (box(2, 2, 8, 8), square),
    ):
        expected = outer.difference(inner)
        assert ring_between(outer, inner).symmetric_difference(expected).area == 0


def test_a_dense_spiral() -> None:
    """GEOS draws round a dense spiral too little, and differently for each distance: rings stay apart all the same."""
    turn = np.cumsum(0.3 * np.exp(-0.01 * np.arange(120)))
    spiral = LineString(np.cumsum(0.3 * np.stack([np.cos(turn), np.sin(turn)], axis=1), axis=0))
    found = rings(gpd.GeoDataFrame(geometry=[spiral], crs=4547), [29, 29.5, 30, 50])
    assert found.geometry.is_valid.all()
    for one, other in pairwise(found.geometry):
        assert one.intersection(other).area <= 1e-6


@settings(max_examples=20, deadline=None, derandomize=True)
@given(st.integers(0, 10_000), st.sampled_from([(30.0, 50.0, 1000.0), (30.0, 30.5), (200.0, 201.0, 400.0)]))
def test_rings_are_apart_and_make_the_ground(seed: int, distances_m: tuple[float, ...]) -> None:
    """Each ring is valid, none overlaps the next, and with the own ground they make the last buffer, to 1e-9."""
    shapes = scattered(seed, 150, 5_000)
    found = rings(gpd.GeoDataFrame(geometry=shapes, crs=4547), distances_m)
    own = shapely.union_all(shapes[shapely.get_type_id(shapes) == 3])
    whole = ground_within(shapes, distances_m[-1], SEGMENTS)
    assert found.geometry.is_valid.all()
    assert own.area + found["area_m2"].sum() == pytest.approx(whole.area, rel=1e-9)
    pieces = [own, *found.geometry]
    for one, other in pairwise(pieces):
        assert one.intersection(other).area <= 1e-9 * whole.area
    for outer_m, inner_m, ring in zip(distances_m[1:], distances_m, found.geometry[1:], strict=False):
        expected = plain(shapes, outer_m).difference(plain(shapes, inner_m))
        assert ring.area == pytest.approx(expected.area, abs=1e-5 * whole.area)


def test_collections_multilines_and_nothing() -> None:
    """What is drawn as many pieces is the ground of these pieces."""
    line, pond = LineString([(0, 0), (900, 0)]), box(100, -50, 200, 50)
    together = gpd.GeoDataFrame(
        geometry=[GeometryCollection([line, pond]), MultiLineString([line]), None, Point()], crs=4547
    )
    apart = gpd.GeoDataFrame(geometry=[line, pond], crs=4547)
    assert rings(together, [30, 50])["area_m2"].tolist() == pytest.approx(rings(apart, [30, 50])["area_m2"].tolist())
    assert rings(gpd.GeoDataFrame(geometry=[None, Point()], crs=4547), [30, 50])["area_m2"].tolist() == [0, 0]
