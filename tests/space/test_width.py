"""Measured widths: what a reader can measure with a ruler, and what must not change when the drawing does."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString, box
from shapely.affinity import rotate, translate

from ecospace.errors import RuleError
from ecospace.space.compliance import STATES, compliance, judged, stretches
from ecospace.space.width import measured_width, unseen_m

#: A river 80 m wide along the axis y = 0, for 1 km eastwards: its left bank is the north bank.
AXIS = LineString([(0, 0), (1000, 0)])
RIVER = box(0, -40, 1000, 40)


def frame(*shapes: object) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(geometry=list(shapes), crs=4547)


def widths(*green: object, **options: object) -> pd.DataFrame:
    given = {"step_m": 100, "reach_m": 200, "banks": frame(RIVER)} | options
    return measured_width(AXIS, frame(*green), **given)  # type: ignore[arg-type]


def left(found: pd.DataFrame) -> np.ndarray:
    """Both ends of the rows of the left side."""
    return found.loc[found["side"] == "left", ["from_width_m", "to_width_m"]].to_numpy().ravel()


def runs(pieces: pd.DataFrame, required_m: float = 30, line: LineString = AXIS) -> list[list[object]]:
    told = stretches(line, pieces, required_m)
    return [[side, state, round(start, 6), round(end, 6)] for side, state, start, end in
            told[["side", "state", "from_m", "to_m"]].to_numpy().tolist()]  # fmt: skip


def test_left_and_right_from_the_bank():
    """North bank 30 m all along; south bank 50 m for the first 333 m, then 20 m."""
    found = widths(box(0, 40, 1000, 70), box(0, -90, 333, -40), box(333, -60, 1000, -40))
    table = compliance(judged(found, 30))

    assert found["bank_m"].to_numpy() == pytest.approx(40)
    wanted = ["length_m", "asked_m", "complying_m", "failing_m", "share", "narrowest_m", "narrowest_at_m"]
    assert table.loc["left", wanted].tolist() == pytest.approx([1000, 1000, 1000, 0, 1.0, 30, 0])
    assert table.loc["right", wanted].tolist() == pytest.approx([1000, 1000, 333, 667, 0.333, 20, 333])


def test_a_gap_between_two_looks_is_found_to_the_millimetre():
    """A gateway of 3 m at 512.25 m: samples every 100 m would have missed it."""
    found = widths(box(0, 40, 512.25, 70), box(515.25, 40, 1000, 70))
    failing = [run for run in runs(judged(found, 30)) if run[:2] == ["left", "below"]]
    assert failing == [["left", "below", pytest.approx(512.25, abs=1e-3), pytest.approx(515.25, abs=1e-3)]]


def test_a_width_that_changes_evenly_is_cut_where_it_passes_the_width_asked_for():
    """Green grows from 0 to 100 m along the kilometre: 30 m are reached at 300 m, 50 m at 500 m."""
    wedge = shapely.Polygon([(0, 40), (1000, 40), (1000, 140)])
    pieces = judged(widths(wedge), 30, most_m=50)
    assert [run[1:] for run in runs(pieces) if run[0] == "left"] == [
        ["below", 0.0, pytest.approx(300, abs=0.02)],
        ["within", pytest.approx(300, abs=0.02), pytest.approx(500, abs=0.02)],
        ["above", pytest.approx(500, abs=0.02), 1000.0],
    ]


def test_failing_stretches_by_chainage():
    found = widths(box(0, 40, 1000, 70), box(0, -90, 300, -40), box(300, -60, 1000, -40), origin_m=36_945)
    told = stretches(AXIS, judged(found, 30), 30, origin_m=36_945)
    failing = told[told["state"] == "below"]

    assert failing[["side", "start", "end"]].to_numpy().tolist() == [["right", "K37+245", "K37+945"]]
    assert failing["length_m"].iloc[0] == failing.length.iloc[0] == pytest.approx(700)
    assert failing["missing_m"].iloc[0] == pytest.approx(10)


def test_green_behind_a_gap_does_not_count():
    """A road 10 m wide between the bank's 12 m of trees and the park behind it."""
    assert left(widths(box(0, 40, 1000, 52), box(0, 62, 1000, 200))) == pytest.approx(12)


def test_parcels_that_share_an_edge_are_one_width():
    assert left(widths(box(0, 40, 1000, 55), box(0, 55, 1000, 70), box(0, 50, 1000, 60))) == pytest.approx(30)


def test_no_green_is_a_width_of_nought_on_all_the_length():
    pieces = judged(widths(box(0, 500, 10, 510)), 6)
    assert compliance(pieces)["share"].tolist() == [0, 0]
    assert runs(pieces) == [["left", "below", 0.0, 1000.0], ["right", "below", 0.0, 1000.0]]


def test_a_roadway_without_polygon_starts_beside_it():
    assert left(widths(box(0, 8, 1000, 33), banks=None, start_m=8)) == pytest.approx(25)
    assert left(widths(box(0, 8, 1000, 33), banks=None)).max() == 0  # the roadway itself is not green


def test_a_river_wider_than_one_looks_is_not_judged():
    """A lake of 1 km: its bank lies beyond the 200 m that one looks for it."""
    found = widths(box(0, 500, 1000, 530), banks=frame(box(0, -40, 1000, 500)))
    assert np.isnan(left(found)).all()
    table = compliance(judged(found, 30))
    assert table.loc["left", ["unjudged_m", "asked_m"]].tolist() == [1000, 0] and np.isnan(table.loc["left", "share"])
    seen = widths(box(0, 500, 1000, 530), banks=frame(box(0, -40, 1000, 500)), bank_reach_m=600)
    assert left(seen) == pytest.approx(30)


def test_the_rule_asks_only_beside_its_land():
    """Town behind the bank from 200 to 600 m, 90 m away; trees 30 m wide from 400 m on. Beside 100 m: asked on 400 m, half of it green."""
    found = widths(box(400, 40, 1000, 70), beside=frame(box(200, 130, 600, 400)))
    near, far = judged(found, 30, beside_m=100), judged(found, 30, beside_m=80)
    assert [run[1:] for run in runs(near) if run[0] == "left"] == [
        ["not_asked", 0.0, 200.0], ["below", 200.0, 400.0], ["within", 400.0, 600.0], ["not_asked", 600.0, 1000.0]
    ]  # fmt: skip
    assert compliance(near).loc["left", "share"] == pytest.approx(0.5)
    assert compliance(far)["not_asked_m"].tolist() == pytest.approx([1000, 1000])
    unknown = judged(found, 30, beside_m=100, elsewhere=True)
    assert compliance(unknown).loc["left", ["unjudged_m", "asked_m"]].tolist() == pytest.approx([600, 400])


def test_what_the_map_does_not_cover_is_not_judged():
    """The map ends 60 m behind the bank, and at 20 m beyond 700 m: green that ends with the map may go on."""
    known = frame(box(0, -400, 700, 100), box(700, -400, 1000, 60))
    found = widths(box(0, 40, 300, 70), box(300, 40, 1000, 60), mapped=known)
    assert [run[1:] for run in runs(judged(found, 30)) if run[0] == "left"] == [
        ["within", 0.0, 300.0], ["below", 300.0, 700.0], ["unjudged", 700.0, 1000.0]
    ]  # fmt: skip
    town = widths(box(0, 40, 300, 70), mapped=known, beside=frame(box(0, 90, 500, 100)))
    assert [run[1:] for run in runs(judged(town, 30, beside_m=100)) if run[0] == "left"] == [
        ["within", 0.0, 300.0], ["below", 300.0, 500.0], ["unjudged", 500.0, 1000.0]
    ]  # fmt: skip


def test_too_wide_fails_only_where_the_clause_says_so():
    pieces = judged(widths(box(0, 40, 1000, 110)), 20, most_m=50)
    assert compliance(pieces).loc["left", ["above_m", "failing_m", "share"]].tolist() == pytest.approx([1000, 0, 1])
    assert compliance(pieces, above_fails=True).loc["left", ["failing_m", "share"]].tolist() == pytest.approx([1000, 0])


#: A county of scattered parcels round a river that bends: parcels, a town, a river.
BENDS = LineString([(0, 0), (310, 40), (520, -60), (800, 0), (1010, 130)])


def scattered(seed: int) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame, gpd.GeoDataFrame]:
    random = np.random.default_rng(seed)
    squares = [
        rotate(box(x, y, x + w, y + h), a)
        for x, y, w, h, a in random.uniform([0, -150, 10, 10, 0], [1000, 150, 120, 60, 90], (40, 5))
    ]
    return frame(*squares[:25]), frame(*squares[25:]), frame(BENDS.buffer(20))


def measured(line: LineString, seed: int, **options: object) -> pd.DataFrame:
    green, town, river = scattered(seed)
    given = {"banks": river, "beside": town, "step_m": 90, "reach_m": 120} | options
    return judged(measured_width(line, green, **given), 20, most_m=50, beside_m=60)  # type: ignore[arg-type]


def lengths(pieces: pd.DataFrame, side: str) -> np.ndarray:
    return compliance(pieces).loc[side, [f"{state}_m" for state in STATES]].to_numpy(float)


seeds = given(st.integers(0, 10_000))
few = settings(derandomize=True, max_examples=8, deadline=None)


@seeds
@few
def test_pieces_tile_the_line_and_their_lengths_add_up(seed: int):
    pieces = measured(BENDS, seed)
    for side, part in pieces.groupby("side"):
        assert part["from_m"].iloc[0] == 0 and part["to_m"].iloc[-1] == pytest.approx(BENDS.length, rel=1e-12)
        assert (part["from_m"].to_numpy()[1:] == part["to_m"].to_numpy()[:-1]).all()
        row = compliance(pieces).loc[side]
        told = row["complying_m"] + row["failing_m"] + row["not_asked_m"] + row["unjudged_m"]
        assert told == pytest.approx(BENDS.length, rel=1e-9)
        assert stretches(BENDS, part, 20)["length_m"].sum() == pytest.approx(BENDS.length, rel=1e-9)
    assert len(pieces["state"].unique()) >= 2


@seeds
@few
def test_a_reversed_line_swaps_left_and_right(seed: int):
    there, back = measured(BENDS, seed), measured(BENDS.reverse(), seed)
    assert lengths(there, "left") == pytest.approx(lengths(back, "right"), abs=1e-3)
    assert lengths(there, "right") == pytest.approx(lengths(back, "left"), abs=1e-3)


@seeds
@few
def test_more_vertices_change_nothing(seed: int):
    dense = BENDS.segmentize(7.3)
    for side in ("left", "right"):
        assert lengths(measured(BENDS, seed), side) == pytest.approx(lengths(measured(dense, seed), side), abs=0.02)


@seeds
@few
def test_a_line_drawn_in_parts_is_the_same_line(seed: int):
    corners = list(BENDS.segmentize(60).coords)
    parts = shapely.MultiLineString([corners[:5], corners[4:9], corners[8:]])
    for side in ("left", "right"):
        assert lengths(measured(BENDS, seed), side) == pytest.approx(lengths(measured(parts, seed), side), abs=0.02)


@given(st.integers(0, 10_000), st.floats(0, 360), st.floats(-5e5, 5e5))
@few
def test_widths_do_not_depend_on_compass_or_place(seed: int, angle: float, away: float):
    def moved(shape: object) -> object:
        return translate(rotate(shape, angle, origin=(0, 0)), away, -away)

    layers = [frame(*map(moved, layer.geometry)) for layer in scattered(seed)]
    green, town, river = layers
    options = {"banks": river, "beside": town, "step_m": 90, "reach_m": 120}
    pieces = judged(measured_width(moved(BENDS), green, **options), 20, most_m=50, beside_m=60)  # type: ignore[arg-type]
    for side in ("left", "right"):
        assert lengths(pieces, side) == pytest.approx(lengths(measured(BENDS, seed), side), abs=0.01)


@given(st.integers(0, 10_000), st.floats(0.001, 0.999))
@few
def test_any_place_has_the_width_that_a_ray_of_our_own_finds(seed: int, share: float):
    """One step of line, so one direction: the width at any place against a union of all green and one ray from the bank."""
    straight = LineString([(0, 0), (1000, 180)])
    green, _town, _river = scattered(seed)
    river = frame(straight.buffer(20))
    found = measured_width(straight, green, banks=river, step_m=5000, reach_m=120)
    foot = straight.interpolate(share, normalized=True)
    ahead = np.array([1000, 180]) / straight.length
    at = share * straight.length
    for side, out in (("left", np.array([-ahead[1], ahead[0]])), ("right", np.array([ahead[1], -ahead[0]]))):
        bank = np.array(foot.coords[0]) + 20 * out
        inside = LineString([bank, bank + 120 * out]).intersection(green.union_all())
        first = [part.length for part in shapely.get_parts(inside) if part.distance(shapely.Point(bank)) < 1e-6]
        row = found[(found["side"] == side) & (found["from_m"] <= at) & (found["to_m"] >= at)].iloc[0]
        between = (at - row["from_m"]) / (row["to_m"] - row["from_m"])
        width = row["from_width_m"] + between * (row["to_width_m"] - row["from_width_m"])
        if row["to_m"] - row["from_m"] > 0.01:
            assert width == pytest.approx(sum(first), abs=1e-4)


#: A road that turns left by a right angle at (500, 0): its outside is the quarter round that corner.
CORNER = LineString([(0, 0), (500, 0), (500, 500)])


@given(st.floats(-88, -2), st.floats(5, 40), st.sampled_from([25, 100]))
@settings(derandomize=True, max_examples=25, deadline=None)
def test_what_is_wider_than_the_stated_wedge_is_seen_outside_a_bend(angle: float, away: float, step: int):
    wedge = unseen_m(CORNER, step, 50)
    place = (500 + away * np.cos(np.radians(angle)), away * np.sin(np.radians(angle)))
    trees = CORNER.buffer(100)

    def failing(hole_m: float) -> float:
        green = frame(trees.difference(shapely.Point(place).buffer(hole_m / 2)))
        return float(
            compliance(judged(measured_width(CORNER, green, step_m=step, reach_m=80), 50)).loc["right", "below_m"]
        )

    assert failing(1.02 * wedge) > 0


def test_a_bend_has_a_wedge_and_a_straight_line_none():
    """A right angle, seen in 8 pieces a step: chords turn from 0° to 90° over one step, tan by the share that has turned."""
    assert unseen_m(AXIS, 100, 50) == 0
    shares = (np.arange(9) - 0.5).clip(0, 8) / 8  # of the chord that lies behind the corner
    angles = np.arctan2(shares, 1 - shares)
    widest = 2 * np.sin(np.diff(angles).max() / 2) * 50
    assert unseen_m(CORNER, 100, 50) == pytest.approx(widest, rel=0.05)


def test_a_step_of_nought_is_refused():
    with pytest.raises(RuleError, match="E-RULE-65"):
        widths(box(0, 0, 1, 1), step_m=0)
