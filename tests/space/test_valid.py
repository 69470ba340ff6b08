"""The validity kernel never passes what GEOS calls invalid, and leaves GEOS little."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from ecospace.space import kernels
from ecospace.space.native.build import compile_kernels
from ecospace.space.overlay_cells import wkb_of

pytestmark = pytest.mark.skipif(
    compile_kernels() is None or not kernels.available(), reason="no C compiler on this machine, so no kernels"
)


def test_what_the_kernel_passes_is_valid() -> None:
    """Rings on coarse and fine lattices touch themselves in all ways; stars and far-off rings are the ordinary case."""
    random = np.random.default_rng(0)
    rings = []
    for turn in range(6_000):
        count = random.integers(3, 12)
        angles = np.sort(random.uniform(0, 2 * np.pi, count))
        ring = (
            random.integers(0, 6, (count, 2)).astype(float),
            random.integers(0, 4, (count, 2)) * 1e-3 + 5e5,
            random.random((count, 2)) * 1e6 + 4e6,
            np.stack([np.cos(angles), np.sin(angles)], axis=1) * random.uniform(50, 100, (count, 1)) + 5e5,
        )[turn % 4]
        rings.append(shapely.Polygon([*ring, ring[0]]))
    shapes = np.array(rings)
    passed = np.ones(len(shapes), dtype=bool)
    passed[kernels.invalid_or_doubtful(wkb_of(shapes))] = False
    valid = shapely.is_valid(shapes)
    assert not (passed & ~valid).any()
    assert passed.sum() > 0.9 * valid.sum() > 1_000


def test_long_rings_and_holes_are_left_to_geos() -> None:
    disc = shapely.Point(0, 0).buffer(1)
    shapes = np.array([disc, shapely.Point(0, 0).buffer(1, quad_segs=200), disc - disc.buffer(-0.5)])
    assert kernels.invalid_or_doubtful(wkb_of(shapes)).tolist() == [1, 2]
