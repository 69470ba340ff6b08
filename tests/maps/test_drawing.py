"""Outlines: holes, shared borders, hatches."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from matplotlib.path import Path as Outline
from shapely import Point, box

from ecospace.maps.drawing import outline_of, single_borders
from ecospace.maps.figure import plan_figure
from ecospace.maps.hatching import DIRECTIONS, millimetre, ruled
from tests.maps.county import boundary


def test_a_hole_stays_open_and_shared_ground_is_painted_once() -> None:
    ring = Point(0, 0).buffer(10) - Point(0, 0).buffer(5)
    outline = outline_of(np.array([shapely.reverse(ring), box(6, -1, 20, 1)]))
    assert list(outline.codes).count(Outline.MOVETO) == 3
    # Shells turn left and holes right, however they came: the non-zero rule of PDF, SVG and Agg then paints as meant.
    turns = [shapely.is_ccw(shapely.linearrings(part)) for part in outline.to_polygons()]
    assert turns == [True, False, True]


def test_a_shared_border_is_drawn_once() -> None:
    towns = np.array([box(0, 0, 10, 10), box(10, 0, 20, 10)])
    # 2 × 40 of borders, 10 of them twice.
    assert shapely.length(single_borders(towns, 0.0)) == pytest.approx(70)
    assert shapely.length(single_borders(towns, 0.1)) == pytest.approx(70, abs=0.5)


def test_borders_that_nearly_meet_are_one_on_paper() -> None:
    towns = np.array([box(0, 0, 10, 10), box(10.05, 0, 20, 10)])
    assert shapely.length(single_borders(towns, 0.1)) == pytest.approx(70, abs=0.5)
    assert shapely.length(single_borders(towns, 0.0)) == pytest.approx(79.9)


@pytest.mark.parametrize("sign", DIRECTIONS)
def test_hatch_lines_are_evenly_apart_and_cover_the_box(sign: str) -> None:
    for direction in DIRECTIONS[sign]:
        lines = ruled((3.0, 5.0, 23.0, 15.0), direction, 1.5)
        across = np.array([-np.sin(np.radians(direction)), np.cos(np.radians(direction))])
        offsets = (lines[:, 0] @ across).round(6)
        assert np.diff(offsets) == pytest.approx(1.5, abs=1e-6)
        cover = shapely.buffer(shapely.union_all(shapely.linestrings(lines)), 1.5)
        assert shapely.covers(cover, box(3, 5, 23, 15))


def test_a_millimetre_on_the_map_is_the_scale() -> None:
    figure = plan_figure([], boundary=boundary(), title="图", scale=150_000)
    axes = next(axes for axes in figure.axes if axes.get_xlim()[0] > 1000)
    assert millimetre(axes) == pytest.approx(150.0)
