"""Against an independent engine: Clipper works on integers, here tens of micrometres, and shares no code with GEOS."""

from __future__ import annotations

import numpy as np
import pyclipper
import pytest
import shapely

from ecospace.check.contact import contacts
from ecospace.check.prepared import prepare
from ecospace.check.seen import Sites
from tests.check.county import CRS_GK, X, Y, layer

GRID = 1e-5
#: Clipper rounds crossings to its integers: a finer grid for them keeps its own error out of the comparison.
FINE = 64


def whole_star(random: np.random.Generator, count: int, radius: float) -> np.ndarray:
    """A ring around the origin on the grid, in integers."""
    angles = np.linspace(0, 2 * np.pi, count, endpoint=False) + random.uniform(0, 1.6 * np.pi / count, count)
    radii = radius * random.uniform(0.4, 1.0, count)
    return np.rint(np.column_stack([radii * np.cos(angles), radii * np.sin(angles)]) / GRID).astype(np.int64)


def clipper_area(one: np.ndarray, other: np.ndarray) -> tuple[float, float]:
    """Area and greatest depth bound (area by half the perimeter) of the intersection, square metres and metres."""
    engine = pyclipper.Pyclipper()
    engine.AddPath((one * FINE).tolist(), pyclipper.PT_SUBJECT, True)
    engine.AddPath((other * FINE).tolist(), pyclipper.PT_CLIP, True)
    paths = engine.Execute(pyclipper.CT_INTERSECTION, pyclipper.PFT_NONZERO, pyclipper.PFT_NONZERO)
    area = sum(pyclipper.Area(path) for path in paths)
    around = sum(np.hypot(*np.diff([*path, path[0]], axis=0).T).sum() for path in map(np.array, paths))
    return area * (GRID / FINE) ** 2, (2 * area / around * GRID / FINE if around else 0.0)


@pytest.mark.parametrize("count", [800, pytest.param(10_000, marks=pytest.mark.slow)])
def test_areas_and_verdicts_agree_with_clipper(count: int) -> None:
    random = np.random.default_rng(count)
    side = int(np.ceil(np.sqrt(count)))
    red, site, areas, depths = [], [], np.zeros(count), np.zeros(count)
    for i in range(count):
        place = np.array([X + 1_000.0 * (i % side), Y + 1_000.0 * (i // side)])
        # Rings of 200 and more vertices are cut into tiles, so both ways through the check are compared.
        one = whole_star(random, int(random.choice([5, 12, 40, 200, 300])), random.uniform(20, 200))
        shift = np.rint(random.uniform(-250, 250, 2) / GRID).astype(np.int64)
        other = whole_star(random, int(random.integers(3, 60)), random.uniform(5, 200)) + shift
        areas[i], depths[i] = clipper_area(one, other)
        red.append(shapely.Polygon(one * GRID + place))
        site.append(shapely.Polygon(other * GRID + place))
    shapes = np.array(site, dtype=object)

    found = contacts(Sites(shapes, CRS_GK), prepare(layer(red)), CRS_GK)

    ours = np.array([contact.area_m2 for contact in found])
    smaller = np.minimum(shapely.area(np.array(red, dtype=object)), shapely.area(shapes))
    assert (np.abs(ours - areas) / smaller).max() < 1e-7
    overlap = np.array([contact.relation == "overlap" for contact in found])
    assert overlap[depths > 20e-6].all()
    assert not overlap[(depths == 0) & (ours > 0) & (ours / smaller > 1e-7)].any()
    # What Clipper sees apart by more than its grid is not overlapped here either.
    apart = shapely.distance(shapes, np.array(red, dtype=object)) > 20e-6
    assert not overlap[apart].any()
    assert 0.2 < overlap.mean() < 0.9
