"""Measured widths: what a reader can measure with a ruler."""

from __future__ import annotations

import geopandas as gpd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString, box
from shapely.affinity import rotate

from ecospace.errors import RuleError
from ecospace.space.width import compliance, failing_stretches, measured_width

#: A river 80 m wide along the axis y = 0, for 1 km eastwards: its left bank is the north bank.
AXIS = LineString([(0, 0), (1000, 0)])
RIVER = box(0, -40, 1000, 40)


def frame(*shapes: object) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(geometry=list(shapes), crs=4547)


def widths(*green: object, **options: object) -> gpd.GeoDataFrame:
    given = {"step_m": 100, "reach_m": 200, "banks": frame(RIVER)} | options
    return measured_width(AXIS, frame(*green), **given)  # type: ignore[arg-type]


def test_left_and_right_from_the_bank():
    """North bank 30 m all along; south bank 50 m for the first 300 m, then 20 m."""
    found = widths(box(0, 40, 1000, 70), box(0, -90, 300, -40), box(300, -60, 1000, -40))
    table = compliance(found, 30)

    assert found["bank_m"].unique().tolist() == [40]
    assert table.loc["left"].to_dict() == pytest.approx(
        {"length_m": 1000, "complying_m": 1000, "share": 1.0, "narrowest_m": 30, "narrowest_at_m": 50}
    )
    assert table.loc["right"].to_dict() == pytest.approx(
        {"length_m": 1000, "complying_m": 300, "share": 0.3, "narrowest_m": 20, "narrowest_at_m": 350}
    )


def test_failing_stretches_by_chainage():
    found = widths(box(0, 40, 1000, 70), box(0, -90, 300, -40), box(300, -60, 1000, -40), origin_m=36_945)
    failing = failing_stretches(AXIS, found, 30, origin_m=36_945)

    assert failing[["side", "start", "end"]].to_numpy().tolist() == [["right", "K37+245", "K37+945"]]
    assert failing["length_m"].iloc[0] == failing.length.iloc[0] == pytest.approx(700)
    assert failing["missing_m"].iloc[0] == pytest.approx(10)


def test_green_behind_a_gap_does_not_count():
    """A road 10 m wide between the bank's 12 m of trees and the park behind it."""
    found = widths(box(0, 40, 1000, 52), box(0, 62, 1000, 200))
    assert found.loc[found["side"] == "left", "width_m"].tolist() == pytest.approx([12] * 10)


def test_parcels_that_share_an_edge_are_one_width():
    found = widths(box(0, 40, 1000, 55), box(0, 55, 1000, 70), box(0, 50, 1000, 60))
    assert found.loc[found["side"] == "left", "width_m"].tolist() == pytest.approx([30] * 10)


def test_no_green_is_a_width_of_nought_on_all_the_length():
    found = widths(box(0, 500, 10, 510))
    assert compliance(found, 6)["share"].tolist() == [0, 0]
    assert len(failing_stretches(AXIS, found, 6)) == 2


def test_a_roadway_without_polygon_starts_beside_it():
    found = widths(box(0, 8, 1000, 33), banks=None, start_m=8)
    assert found.loc[found["side"] == "left", "width_m"].tolist() == pytest.approx([25] * 10)
    assert widths(box(0, 8, 1000, 33), banks=None)["width_m"].max() == 0  # the roadway itself is not green


def test_steps_divide_the_line():
    """1000 m by steps of at most 300 m: four of 250 m."""
    found = widths(box(0, 40, 1000, 70), step_m=300)
    assert found.loc[found["side"] == "left", "chainage_m"].tolist() == pytest.approx([125, 375, 625, 875])


@given(st.floats(0, 360))
@settings(derandomize=True, max_examples=25, deadline=None)
def test_widths_do_not_depend_on_the_compass(angle: float):
    turned = [rotate(shape, angle, origin=(0, 0)) for shape in (AXIS, RIVER, box(-50, 40, 1050, 67))]
    found = measured_width(turned[0], frame(turned[2]), step_m=100, reach_m=200, banks=frame(turned[1]))
    assert found.loc[found["side"] == "left", "width_m"].tolist() == pytest.approx([27] * 10, abs=1e-6)


def test_a_step_of_nought_is_refused():
    with pytest.raises(RuleError, match="E-RULE-65"):
        widths(box(0, 0, 1, 1), step_m=0)
