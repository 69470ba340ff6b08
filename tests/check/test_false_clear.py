"""The first rule: a site that touches a red line is never reported as clear. Pairs whose truth is known exactly."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import geopandas as gpd
import numpy as np
import pytest
import shapely
from pyproj.crs import CRS

from ecospace.check.contact import Contact, contacts
from ecospace.check.control import ControlLayer
from ecospace.check.prepared import prepare
from ecospace.check.seen import Sites
from ecospace.layers.repair import repair
from tests.check.county import CRS_GK, X, Y, layer

Array = np.ndarray


def exactly_meet(one: Array, other: Array) -> bool:
    """Whether the interiors of two convex rings meet, in rational arithmetic: no edge separates them."""
    a = [(Fraction(x), Fraction(y)) for x, y in one.tolist()]
    b = [(Fraction(x), Fraction(y)) for x, y in other.tolist()]
    for ring in (a, b):
        for (x1, y1), (x2, y2) in pairwise(ring):
            nx, ny = y2 - y1, x1 - x2
            here, there = [nx * x + ny * y for x, y in a], [nx * x + ny * y for x, y in b]
            if max(here) <= min(there) or max(there) <= min(here):
                return False
    return True


def depths(random: np.random.Generator, count: int, least: float) -> Array:
    """Depths in metres from the least to a kilometre, as many in each power of ten."""
    return 10.0 ** random.uniform(np.log10(least), 3.0, count)


def convex(random: np.random.Generator, count: int) -> list[Array]:
    """Closed convex rings around the origin, 3 to 8 corners, some 100 m across."""
    rings = []
    for _ in range(count):
        corners = int(random.integers(3, 9))
        angles = np.sort(random.uniform(0, 2 * np.pi, corners))
        while np.diff(angles, append=angles[0] + 2 * np.pi).max() > 0.9 * np.pi:
            angles = np.sort(random.uniform(0, 2 * np.pi, corners))
        ring = random.uniform(40, 150) * np.column_stack([np.cos(angles), np.sin(angles)])
        rings.append(np.vstack([ring, ring[:1]]))
    return rings


def scattered(count: int, prefix: float = 0.0, step: float = 5_000.0) -> Array:
    """Places far enough apart that each pair stands alone."""
    side = int(np.ceil(np.sqrt(count)))
    rows, columns = np.divmod(np.arange(count), side)
    return np.column_stack([X + prefix + columns * step, Y + rows * step])


def against(red: list[object], site: list[object], red_crs: CRS = CRS_GK, site_crs: CRS | None = None) -> list[Contact]:
    """The contacts of sites with one layer of all the red shapes."""
    shapes = np.empty(len(site), dtype=object)
    shapes[:] = site
    return contacts(Sites(shapes, site_crs or red_crs), prepare(layer(red, crs=red_crs)), red_crs)


def pushed(random: np.random.Generator, rings: list[Array], others: list[Array], depth: Array) -> list[Array]:
    """The second rings, moved so that a corner of each lies about `depth` inside the first."""
    out = []
    for one, other, deep in zip(rings, others, depth, strict=True):
        edge = int(random.integers(len(one) - 1))
        (x1, y1), (x2, y2) = one[edge], one[edge + 1]
        outward = np.array([y2 - y1, x1 - x2]) / np.hypot(x2 - x1, y2 - y1)
        corner = other[np.argmin(other @ outward)]
        place = one[edge] + random.uniform(0.1, 0.9) * (one[edge + 1] - one[edge])
        out.append(other + (place - outward * deep - corner))
    return out


@pytest.mark.parametrize(("count", "least"), [(300, 1e-9), pytest.param(3_000, 1e-9, marks=pytest.mark.slow)])
def test_convex_pairs_in_their_own_crs_are_judged_as_rational_arithmetic_does(count: int, least: float) -> None:
    random = np.random.default_rng(5)
    places = scattered(count)
    ones = [ring + place for ring, place in zip(convex(random, count), places, strict=True)]
    twos = convex(random, count)
    moved = [ring + place for ring, place in zip(twos, places, strict=True)]
    moved = pushed(random, ones, moved, depths(random, count, least) * random.choice([1, 1, 1, -1], count))
    truth = [exactly_meet(one, two) for one, two in zip(ones, moved, strict=True)]

    found = against([shapely.Polygon(ring) for ring in ones], [shapely.Polygon(ring) for ring in moved])

    assert sum(truth) > count / 4
    assert [contact.relation == "overlap" for contact in found] == truth
    assert not any(contact.relation == "unknown" for contact in found)


def box_pairs(random: np.random.Generator, count: int, least: float, prefix: float = 0.0) -> tuple[list, list, Array]:
    """Red boxes in five forms (plain, of 400 vertices, with a hole, in parts, nested) and sites that enter them."""
    places = scattered(count, prefix)
    red, site = [], []
    deep = depths(random, count, least)
    for i, ((x, y), depth) in enumerate(zip(places, deep, strict=True)):
        wide, high = random.uniform(1_100, 1_900), random.uniform(300, 900)
        form, whole = i % 5, shapely.box(x, y, x + wide, y + high)
        # The rounded coordinate decides, so what is asked for is only about the depth that comes out.
        edge = x
        if form == 1:
            whole = shapely.segmentize(whole, (2 * wide + 2 * high) / 400)
        if form == 2:
            whole = whole.difference(shapely.box(x + wide * 0.3, y + high * 0.3, x + wide * 0.6, y + high * 0.6))
        if form == 3:
            whole = shapely.MultiPolygon([whole, shapely.box(x - 900, y - 900, x - 500, y - 500)])
        if form == 4:
            whole = shapely.MultiPolygon([whole, shapely.box(x + 10, y + 10, x + 50, y + 50)])
        red.append(whole)
        site.append(shapely.box(edge - 120, y + high / 4, edge + depth, y + high / 4 + random.uniform(1, 90)))
    return red, site, deep


@pytest.mark.parametrize("prefix", [0.0, 38_000_000.0])
@pytest.mark.parametrize("count", [250, pytest.param(1_000, marks=pytest.mark.slow)])
def test_boxes_of_every_form_are_never_clear(prefix: float, count: int) -> None:
    random = np.random.default_rng(7)
    crs = CRS.from_epsg(4526) if prefix else CRS_GK
    red, site, _deep = box_pairs(random, count, 1e-9 if not prefix else 1e-6, prefix)
    frame = gpd.GeoDataFrame(geometry=red, crs=crs)
    mended, findings = repair(frame, "all")
    assert any(finding.count for finding in findings)  # the nested parts

    found = against(list(mended.geometry), site, crs)

    # Truth from the doubles themselves: east side of the site against west side of the red box.
    entered = np.array([shape.bounds[2] for shape in site]) > np.array(
        [box_west(shape, one) for shape, one in zip(site, red, strict=True)]
    )
    assert entered.mean() > 0.98
    assert [contact.relation == "overlap" for contact in found] == entered.tolist()
    # What rounding brought to nothing is contact, not clear.
    assert all(contact.relation == "touch" for contact, meets in zip(found, entered, strict=True) if not meets)


def box_west(site: shapely.Polygon, red: object) -> float:
    """West side of the part of a red shape that the site was aimed at."""
    parts = [
        part for part in shapely.get_parts(red) if part.bounds[1] < site.bounds[1] and part.bounds[3] > site.bounds[3]
    ]
    return min(part.bounds[0] for part in parts)


@pytest.mark.parametrize("site_epsg", [4526, 4490, 4546, 4508])
@pytest.mark.parametrize("count", [60, pytest.param(300, marks=pytest.mark.slow)])
def test_reprojected_sites_deeper_than_a_micrometre_are_never_clear(site_epsg: int, count: int) -> None:
    random = np.random.default_rng(site_epsg)
    places = scattered(count, step=3_500.0)
    deep = depths(random, count, 1e-6)
    red = [shapely.box(x, y, x + 1_500, y + 700) for x, y in places]
    site = [shapely.box(x - 80, y + 100, x + d, y + 160) for (x, y), d in zip(places, deep, strict=True)]
    # Edges of the site bend with the transform; made short first, they stay where the truth says.
    there = gpd.GeoSeries([shapely.segmentize(shape, 1.0) for shape in site], crs=CRS_GK).to_crs(site_epsg)

    found = against(red, list(there), CRS_GK, CRS.from_epsg(site_epsg))

    assert all(contact.relation in ("overlap", "touch") for contact in found)
    assert all(contact.relation == "overlap" for contact, d in zip(found, deep, strict=True) if d > 2e-6)
    areas = np.array([contact.area_m2 for contact in found])
    assert np.abs(areas - 60 * deep)[deep > 1e-3] == pytest.approx(0, abs=60 * 3e-6)


@pytest.mark.parametrize("depth", [1e-9, 1e-8, 1e-7, 1e-6, 1e-3, 1.0, 100.0])
@pytest.mark.parametrize("red_epsg", [4547, 4526])
def test_sixty_kilometre_edges(depth: float, red_epsg: int) -> None:
    prefix = 38_000_000.0 if red_epsg == 4526 else 0.0
    x, y = X + prefix, Y
    red = shapely.box(x, y, x + 60_000, y + 30_000)
    site = shapely.box(x + 20_000, y - 50, x + 20_100, y + depth)
    [found] = against([red], [site], CRS.from_epsg(red_epsg))
    assert found.relation == ("overlap" if site.bounds[3] > y else "touch")
    # The same site in degrees: the long edge is the red line's own, straight in its own CRS.
    there = gpd.GeoSeries([shapely.segmentize(site, 1.0)], crs=red_epsg).to_crs(4490)
    [found] = against([red], [there.iloc[0]], CRS.from_epsg(red_epsg), CRS.from_epsg(4490))
    assert found.relation in ("overlap", "touch")
    assert depth < 2e-6 or found.relation == "overlap"


@pytest.mark.parametrize("gap", [1e-9, 5e-10])
def test_a_gap_that_rounding_can_make_is_contact(gap: float) -> None:
    red = shapely.box(X, Y, X + 100, Y + 100)
    site = shapely.box(X + 100 + gap, Y, X + 150, Y + 50)
    [found] = against([red], [site])
    assert found.relation == "touch"


def test_a_site_wholly_inside_a_large_red_line_is_seen_without_any_edge_near() -> None:
    ring = shapely.Point(X, Y).buffer(5_000, quad_segs=400)
    red = ring.difference(shapely.Point(X, Y).buffer(1_000, quad_segs=100))
    inside, hole, outside = (shapely.box(X + east, Y, X + east + 1, Y + 1) for east in (2_000, 0, 6_000))
    found = against([red], [inside, hole, outside])
    assert [contact.relation for contact in found] == ["overlap", "apart", "apart"]
    assert found[0].area_m2 == pytest.approx(1.0, rel=1e-9)
    assert found[1].distance_m == pytest.approx(shapely.distance(red, hole), rel=1e-9)


def test_without_the_exact_predicate_thin_overlaps_would_be_lost() -> None:
    """The reason for predicate or area: some overlaps of under a micrometre have no area in floating point."""
    random = np.random.default_rng(11)
    red, site, _ = box_pairs(random, 200, 1e-9)
    mended = list(repair(gpd.GeoDataFrame(geometry=red, crs=CRS_GK), "all")[0].geometry)
    prepared: ControlLayer = prepare(layer(mended))
    shapes = np.empty(len(site), dtype=object)
    shapes[:] = site
    found = contacts(Sites(shapes, CRS_GK), prepared, CRS_GK)
    assert all(contact.relation != "apart" for contact in found)
