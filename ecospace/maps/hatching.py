"""Hatches as ruled lines and dots of their own (晕线), in millimetres.

matplotlib's hatches are tiling patterns: Chrome, Edge and Acrobat leave them out of a PDF or paint over them
(matplotlib #12367, #9894), and a red line without its hatch is no longer told from a forest park in grey-scale print.
Ruled lines cut by the outline look the same in every file and every viewer.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.patches import PathPatch
from matplotlib.path import Path as Outline

from ecospace.maps.fonts import POINTS_PER_MM

#: Between two lines or two dots, and their thickness, in millimetres.
SPACING_MM = 1.5
LINE_MM = 0.11
DOT_MM = 0.38

#: Directions of the lines of each hatch, degrees anticlockwise from the right.
DIRECTIONS = {"/": (45,), "\\": (135,), "|": (90,), "-": (0,), "+": (0, 90), "x": (45, 135)}


def millimetre(axes: Axes) -> float:
    """How many units of the axes' data are one millimetre of paper."""
    west, east = axes.get_xlim()
    position = axes.get_position()
    width_mm = position.width * axes.get_figure(root=True).get_size_inches()[0] * 25.4  # type: ignore[union-attr]
    return float((east - west) / width_mm)


def hatch(axes: Axes, shapes: Any, outline: Outline, sign: str, colour: Any, *, zorder: float) -> list[Artist]:
    """Rule polygons.

    Parameters
    ----------
    axes : Axes
        With its limits set.
    shapes : array of polygons
        What is ruled.
    outline : matplotlib.path.Path
        The same as one compound outline, which cuts the lines.
    sign : str
        One of `HATCHES`.
    colour : colour of matplotlib
        Of lines and dots.
    """
    unit = millimetre(axes)
    west, east = sorted(axes.get_xlim())
    south, north = sorted(axes.get_ylim())
    ground = shapely.total_bounds(shapes)
    box = (max(west, ground[0]), max(south, ground[1]), min(east, ground[2]), min(north, ground[3]))
    if not (box[0] < box[2] and box[1] < box[3]):
        return []
    if sign == ".":
        return _dots(axes, shapes, box, unit, colour, zorder)
    artists: list[Artist] = []
    for direction in DIRECTIONS[sign]:
        lines = ruled(box, direction, SPACING_MM * unit)
        codes = np.tile([Outline.MOVETO, Outline.LINETO], len(lines)).astype(Outline.code_type)
        patch = PathPatch(
            Outline(lines.reshape(-1, 2), codes),
            fill=False,
            edgecolor=colour,
            linewidth=LINE_MM * POINTS_PER_MM,
            zorder=zorder,
            capstyle="butt",
        )
        axes.add_artist(patch)
        patch.set_clip_path(outline, axes.transData)
        artists.append(patch)
    return artists


def ruled(box: tuple[float, float, float, float], direction: float, spacing: float) -> np.ndarray[Any, Any]:
    """Parallel lines over a box, as an array of n × 2 ends × 2 coordinates.

    They are counted from the origin of the plane, so that hatches of neighbouring shapes run on into each other.

    >>> ruled((0.0, 0.0, 4.0, 2.0), 0, 1.0)[:, :, 1].ravel().tolist()
    [0.0, 0.0, 1.0, 1.0, 2.0, 2.0]
    """
    turn = np.radians(direction)
    along, across = np.array([np.cos(turn), np.sin(turn)]), np.array([-np.sin(turn), np.cos(turn)])
    corners = np.array([(box[0], box[1]), (box[2], box[1]), (box[2], box[3]), (box[0], box[3])])
    offsets, reach = corners @ across, corners @ along
    # A hair of slack, so that a line right on the border is ruled.
    first, last = np.ceil(offsets.min() / spacing - 1e-9), np.floor(offsets.max() / spacing + 1e-9)
    steps = np.round(np.arange(first, last + 1) * spacing, 9)
    start = steps[:, None] * across + reach.min() * along
    end = steps[:, None] * across + reach.max() * along
    return np.round(np.stack([start, end], axis=1), 9)


def _dots(axes: Axes, shapes: Any, box: Any, unit: float, colour: Any, zorder: float) -> list[Artist]:
    """Dots in rows, every second row moved by half a step; each lies wholly or not at all."""
    spacing = SPACING_MM * unit
    columns = np.arange(np.floor(box[0] / spacing), np.ceil(box[2] / spacing) + 1)
    rows = np.arange(np.floor(box[1] / spacing), np.ceil(box[3] / spacing) + 1)
    x, y = np.meshgrid(columns, rows)
    x = (x + 0.5 * (y % 2)) * spacing
    points = shapely.points(x.ravel(), (y * spacing).ravel())
    _shape, inside = shapely.STRtree(points).query(shapes, predicate="contains")
    if not len(inside):
        return []
    chosen = shapely.get_coordinates(points[np.unique(inside)])
    (line,) = axes.plot(
        chosen[:, 0],
        chosen[:, 1],
        linestyle="none",
        marker="o",
        markersize=DOT_MM * POINTS_PER_MM,
        markerfacecolor=colour,
        markeredgecolor="none",
        zorder=zorder,
    )
    return [line]
