"""Rule buffers: widths from the documents, areas by hand, nothing lost between rings and remainder."""

from __future__ import annotations

import itertools
import math

import geopandas as gpd
import numpy as np
import pytest
import shapely
from shapely import LineString, Point, box

from ecospace.errors import CRSError, RuleError
from ecospace.space.buffer import QUAD_SEGS, buffer_rules, rings, strips

METRES = 4547


def frame(*shapes: object, crs: int = METRES) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(geometry=list(shapes), crs=crs)


def test_widths_of_the_documents():
    rules = buffer_rules()
    assert {key: rules[key].widths_m() for key in ("B01a", "B01b", "B02", "B03", "B04", "B05", "B06a", "B06b")} == {
        "B01a": (30,), "B01b": (50,), "B02": (30,), "B03": (6,), "B04": (1000,), "B05": (20, 50), "B06a": (1500,),
        "B06b": (300, 500),
    }  # fmt: skip
    assert rules["B05"].land_use and rules["B05"].classes == ("高速公路", "铁路")


def test_a_rule_without_a_width_is_refused_and_the_advice_works():
    rule = buffer_rules()["B07"]
    with pytest.raises(RuleError, match="E-RULE-62"):
        rule.widths_m()
    assert rule.wide(30).widths_m() == (30,)


def test_both_sides_left_and_right_of_a_centre_line():
    """1 km of road eastwards: its left is north."""
    road = frame(LineString([(0, 0), (1000, 0)]))
    assert strips(road, 20).area.iloc[0] == pytest.approx(40_000)
    left, right = strips(road, 20, side="left"), strips(road, 20, side="right")
    assert left.total_bounds.tolist() == [0, 0, 1000, 20]
    assert right.total_bounds.tolist() == [0, -20, 1000, 0]
    back = frame(LineString([(1000, 0), (0, 0)]))
    assert strips(back, 20, side="left").total_bounds.tolist() == [0, -20, 1000, 0]


def test_a_strip_starts_at_the_bank_not_at_the_centre():
    """A river of 1000 m x 80 m: 30 m from its banks are 2 x 1000 x 30 + 2 x 80 x 30 and four quarter discs."""
    river = frame(box(0, 0, 1000, 80))
    corners = QUAD_SEGS * 2 * math.sin(math.pi / (2 * QUAD_SEGS)) * 30**2  # the disc as drawn, 16 segments a quarter
    strip = strips(river, 30)
    assert strip.area.iloc[0] == pytest.approx(60_000 + 4_800 + corners, rel=1e-9)
    assert strip.intersection(river).area.iloc[0] == 0


@pytest.mark.parametrize(("width_m", "side"), [(0, "both"), (-6, "both"), (math.nan, "both"), (30, "north")])
def test_what_cannot_be_drawn_is_refused(width_m: float, side: str):
    with pytest.raises(RuleError, match="E-RULE-63"):
        strips(frame(box(0, 0, 1, 1)), width_m, side=side)


def test_degrees_are_refused():
    with pytest.raises(CRSError):
        strips(frame(LineString([(112, 22), (113, 22)]), crs=4490), 30)


def test_rings_of_a_point_by_hand():
    disc = QUAD_SEGS * 2 * math.sin(math.pi / (2 * QUAD_SEGS))  # area of the drawn disc of radius 1
    found = rings(frame(Point(0, 0)), [50, 30])
    assert found["from_m"].tolist() == [0, 30] and found["to_m"].tolist() == [30, 50]
    assert found["area_m2"].tolist() == pytest.approx([disc * 900, disc * 1600], rel=1e-9)
    assert disc / math.pi == pytest.approx(0.9984, abs=1e-4)  # what the docstring says of 16 segments


def test_rings_and_remainder_make_the_whole():
    """Own ground + rings + what is left = the ground they are cut to, within 1e-9."""
    random = np.random.default_rng(7)
    shapes = [LineString(np.cumsum(random.normal(0, 300, (20, 2)), axis=0) + 3000) for _line in range(20)]
    waters = [Point(x, y).buffer(r) for x, y, r in random.uniform(100, 5900, (10, 3)) / [1, 1, 20]]
    features, land = frame(*shapes, *waters), frame(box(0, 0, 6000, 6000))
    found = rings(features, [30, 50, 1000], within=land)

    ground = shapely.union_all(waters).intersection(land.geometry.iloc[0])
    left = land.geometry.iloc[0].difference(shapely.union_all([ground, *found.geometry]))
    assert ground.area + found["area_m2"].sum() + left.area == pytest.approx(36e6, rel=1e-9)
    assert all(a.intersection(b).area < 1e-3 for a, b in zip(found.geometry, found.geometry[1:], strict=False))


def test_joined_lines_have_the_area_of_their_pieces():
    """A river in 40 parts is one river: area as by plain buffer and dissolve, but for the corners of arcs at joints."""
    random = np.random.default_rng(3)
    corners = np.cumsum(random.uniform(-20, 80, (41, 2)), axis=0)
    pieces = frame(*[LineString(pair) for pair in itertools.pairwise(corners)])
    plain = shapely.union_all(shapely.buffer(pieces.geometry.to_numpy(), 30, quad_segs=QUAD_SEGS)).area
    assert rings(pieces, [30])["area_m2"].iloc[0] == pytest.approx(plain, rel=2e-4)


@pytest.mark.parametrize("distances", [[], [0, 30], [-5]])
def test_rings_need_distances(distances: list[float]):
    with pytest.raises(RuleError, match="E-RULE-64"):
        rings(frame(Point(0, 0)), distances)
