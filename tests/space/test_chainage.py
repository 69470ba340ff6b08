"""Chainage: the stretch that the plan names, by hand."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString, MultiLineString, Point

from ecospace.errors import GeometryError, RuleError
from ecospace.space.chainage import chainage_at, chainage_of, metres_of, one_line, stretch

#: 10 km east, then 10 km north.
ROAD = LineString([(0, 0), (10_000, 0), (10_000, 10_000)])


def test_the_stretch_of_the_plan_is_8595_m_long():
    """S367 K36+945–K45+540 (B08), on a road whose part in the county begins at K30+000."""
    found = stretch(ROAD, "K36+945", "K45+540", origin_m=30_000)

    assert found.length == pytest.approx(8_595, abs=1e-9)
    assert found.coords[0] == (6_945, 0)  # 6 945 m from the start of the county
    assert found.coords[-1] == pytest.approx((10_000, 5_540))


def test_parts_that_join_are_one_line_and_others_are_refused():
    parts = MultiLineString([[(0, 0), (4, 0)], [(4, 0), (10, 0)]])
    assert one_line(parts).length == 10
    assert stretch(parts, 3, 5).length == 2
    with pytest.raises(GeometryError, match="E-GEO-70"):
        one_line(MultiLineString([[(0, 0), (4, 0)], [(5, 0), (10, 0)]]))


@pytest.mark.parametrize("text", ["36945", "K36+1000", "K36", "36+945", ""])
def test_what_is_no_chainage_is_refused(text: str):
    with pytest.raises(RuleError, match="E-RULE-60"):
        metres_of(text)


@pytest.mark.parametrize(("start", "end"), [("K29+999", "K31+000"), ("K49+000", "K50+001"), ("K40+000", "K40+000")])
def test_a_stretch_beside_the_line_is_refused_and_the_line_is_named(start: str, end: str):
    with pytest.raises(RuleError, match=r"E-RULE-61.*K30\+000.*K50\+000"):
        stretch(ROAD, start, end, origin_m=30_000)


def test_chainage_of_a_place():
    assert chainage_of(chainage_at(ROAD, Point(10_080, 5_540), origin_m=30_000)) == "K45+540"


@given(st.integers(min_value=0, max_value=9_999_999))
@settings(derandomize=True)
def test_there_and_back(metres: int):
    assert metres_of(chainage_of(metres)) == metres
