"""The packed index against reading every box and every shape."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
import shapely

from ecospace.check.boxes import BLOCK, curve_order, packed
from ecospace.space import kernels
from ecospace.space.index import Index, Ruler, Shapes
from ecospace.space.native.build import compile_kernels

pytestmark = pytest.mark.skipif(
    compile_kernels() is None or not kernels.available(), reason="no C compiler on this machine, so no kernels"
)


def shapes_of(count: int, seed: int) -> np.ndarray:
    """Points, lines and polygons with a hole, on a grid of 1 m so that many are equally near, in curve order."""
    rng = np.random.default_rng(seed)
    places = rng.integers(0, 2_000, (count, 2)).astype(float)
    lines = shapely.linestrings(places[:, None, :] + rng.integers(0, 9, (count, 4, 2)))
    rings = shapely.buffer(shapely.points(places), 5.0, quad_segs=2)
    holed = shapely.difference(rings, shapely.buffer(shapely.points(places), 2.0, quad_segs=1))
    shapes = np.choose(np.arange(count) % 3, [shapely.points(places), lines, holed])
    return np.asarray(shapes[curve_order(shapely.bounds(shapes))])


def index_of(shapes: np.ndarray) -> Shapes:
    wkb = shapely.to_wkb(shapes)
    starts = np.cumsum([0, *map(len, wkb)], dtype=np.int64)
    blob = np.frombuffer(b"".join(wkb), np.uint8)
    index = Index(packed([shapely.bounds(shapes)], BLOCK), BLOCK)
    return Shapes(index, blob, starts, np.arange(len(shapes)))


@pytest.mark.parametrize("count", [1, 31, 33, 512, 513, 20_000])
def test_the_boxes_met_are_those_that_meet(count: int) -> None:
    shapes = shapes_of(count, count)
    bounds = shapely.bounds(shapes)
    corner = np.random.default_rng(1).integers(0, 2_000, (40, 2)).astype(float)
    windows = np.hstack([corner, corner + np.array([0, 300])])  # without width, and touching on whole metres
    windows[0] = [-10, -10, 3_000, 3_000]
    rows, items = Index(packed([bounds], BLOCK), BLOCK).meeting(windows)
    meet = (
        (bounds[:, 0] <= windows[:, None, 2]) & (bounds[:, 2] >= windows[:, None, 0])
        & (bounds[:, 1] <= windows[:, None, 3]) & (bounds[:, 3] >= windows[:, None, 1])
    )  # fmt: skip
    assert [rows.tolist(), items.tolist()] == [part.tolist() for part in np.nonzero(meet)]


@pytest.mark.parametrize("count", [1, 40, 3_000])
def test_the_nearest_is_the_first_of_the_least_distances(count: int) -> None:
    shapes = shapes_of(count, count)
    rng = np.random.default_rng(2)
    places = rng.integers(-500, 2_500, (300, 2)).astype(float)
    sites = np.concatenate([
        shapely.points(places[:100]), shapely.buffer(shapely.points(places[100:200]), 1.5, quad_segs=4),
        shapely.multipoints(places[200:].reshape(50, 2, 2)),
    ])  # fmt: skip
    every = np.array([shapely.distance(site, shapes) for site in sites])
    apart = every.min(axis=1) > 0
    found, owners = Ruler([index_of(shapes)]).nearest(list(shapely.to_wkb(sites[apart])))
    least = every[apart].min(axis=1)
    assert np.abs(found - least).max() < 1e-12 * 3_000
    # A tie is a tie to the last bit where the coordinates are whole.
    first = (every[apart] <= least[:, None] + 1e-9).argmax(axis=1)
    assert apart.sum() > 100 and (first == owners).mean() > 0.99


def test_two_sets_are_one_question() -> None:
    sets = [index_of(shapely.points(places)) for places in ([[0.0, 0.0], [9.0, 0.0]], [[40.0, 0.0], [11.0, 0.0]])]
    sites = [shapely.to_wkb(shapely.Point(x, 0)) for x in (10.0, 9.5, 10.5)]
    assert Ruler(sets).nearest(sites) == ([1.0, 0.5, 0.5], [1, 1, 1])
    assert Ruler(sets[1:]).nearest(sites[:1]) == ([1.0], [1])


def test_bytes_that_are_no_shape_are_refused() -> None:
    ruler = Ruler([index_of(shapely.points([[0.0, 0.0]]))])
    with pytest.raises(ValueError, match="no 2-D WKB"):
        ruler.nearest([shapely.to_wkb(shapely.Point(1, 2, 3), output_dimension=3)])
    with pytest.raises(ValueError, match="no 2-D WKB"):
        ruler.nearest([shapely.to_wkb(shapely.Point(1, 2), byte_order=0)])


def test_a_copy_and_another_process_get_their_own() -> None:
    shapes = shapes_of(100, 5)
    ruler = Ruler([index_of(shapes)])
    asked = [shapely.to_wkb(shapely.Point(-700, 40)), shapely.to_wkb(shapely.Point(2_600, 900))]
    sent = pickle.dumps(ruler)
    expected = ruler.nearest(asked)
    del ruler
    assert pickle.loads(sent).nearest(asked) == expected
