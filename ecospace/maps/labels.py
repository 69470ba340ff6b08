"""Names on the map (注记): each near its place, none over another; what finds no room is reported, not squeezed in."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from shapely import affinity
from shapely.geometry.base import BaseGeometry

from ecospace.maps.fonts import Font

#: White space kept round every name, millimetres.
CLEARANCE_MM = 0.6


@dataclass(frozen=True)
class Name:
    """A name to be placed.

    Parameters
    ----------
    text : str
        What is written.
    place : shapely geometry
        What it names, millimetres on paper, cut to the frame.
    size_mm : float
        Body height.
    bold : bool
        Whether it is set in bold.
    rank : int
        Lower ranks are placed first.
    colour, halo : str
        Of the type and of the rim round it.
    """

    text: str
    place: BaseGeometry
    size_mm: float
    bold: bool = False
    rank: int = 0
    colour: str = "#1A1A1A"
    halo: str = "#FFFFFF"


@dataclass(frozen=True)
class Placed:
    """A name in its place.

    Parameters
    ----------
    name : Name
        What is written.
    x, y : float
        Its centre, millimetres.
    rotation : float
        Degrees anticlockwise.
    outline : shapely polygon
        The ground on paper that it takes, without clearance.
    """

    name: Name
    x: float
    y: float
    rotation: float
    outline: BaseGeometry


def place_names(
    names: Sequence[Name], font: Font, frame: BaseGeometry, *, taken: Sequence[BaseGeometry] = ()
) -> tuple[list[Placed], list[Name]]:
    """Place names so that none overlaps another.

    Parameters
    ----------
    names : sequence of Name
        In any order; placed by rank, then size, then text, so that the same map is always lettered alike.
    font : Font
        Measures the text.
    frame : polygon
        Names stay inside, millimetres.
    taken : sequence of geometry
        Ground on paper that is not to be written over (north arrow, scale bar).

    Returns
    -------
    placed : list of Placed
    left_out : list of Name
        Found no room.
    """
    placed: list[Placed] = []
    left_out: list[Name] = []
    occupied: list[BaseGeometry] = list(taken)
    order = sorted(names, key=lambda n: (n.rank, -n.place.area, -n.place.length, n.text, n.place.bounds))
    for name in order:
        width, height = font.size_mm(name.text, name.size_mm, bold=name.bold)
        tree = shapely.STRtree(occupied)
        for x, y, rotation in _candidates(name.place, width, height):
            outline = affinity.rotate(
                shapely.box(x - width / 2, y - height / 2, x + width / 2, y + height / 2), rotation, (x, y)
            )
            ground = outline.buffer(CLEARANCE_MM / 2, join_style="mitre")
            if frame.contains(ground) and not len(tree.query(ground, predicate="intersects")):
                placed.append(Placed(name, x, y, rotation, outline))
                occupied.append(ground)
                break
        else:
            left_out.append(name)
    return placed, left_out


def _candidates(place: BaseGeometry, width: float, height: float) -> Iterator[tuple[float, float, float]]:
    """Centres and directions for a name, the best first."""
    if place.is_empty:
        return
    if place.geom_type in {"Polygon", "MultiPolygon", "GeometryCollection"} and place.area > 0:
        yield from ((x, y, 0.0) for x, y in _in_polygon(place, width, height))
    elif place.geom_type in {"LineString", "MultiLineString"}:
        yield from _along_line(place, width, height)
    else:
        for point in shapely.get_coordinates(place)[:1]:
            yield from ((x, y, 0.0) for x, y in _round_point(float(point[0]), float(point[1]), width, height))


def _in_polygon(place: BaseGeometry, width: float, height: float) -> Iterator[tuple[float, float]]:
    """Where the whole name lies inside first, nearest the middle first; then where it sticks out least."""
    parts = [part for part in shapely.get_parts(place) if part.geom_type == "Polygon"]
    largest = max(parts, key=lambda part: part.area)
    west, south, east, north = largest.bounds
    middle = shapely.maximum_inscribed_circle(largest, tolerance=max(east - west, north - south) / 50).coords[0]
    columns, rows = 13, 13
    xs = np.linspace(west, east, columns + 2)[1:-1]
    ys = np.linspace(south, north, rows + 2)[1:-1]
    grid_x, grid_y = np.meshgrid(np.append(xs, middle[0]), np.append(ys, middle[1]))
    x, y = grid_x.ravel(), grid_y.ravel()
    boxes = shapely.box(x - width / 2, y - height / 2, x + width / 2, y + height / 2)
    shapely.prepare(largest)
    outside = 1 - shapely.area(shapely.intersection(boxes, largest)) / (width * height)
    away = np.hypot(x - middle[0], y - middle[1]) / max(math.sqrt(largest.area), 1e-9)
    # A name half outside its ground names its neighbour.
    good = outside < 0.5
    order = np.lexsort((y, x, np.round(away + 4 * outside, 6)))
    yield from ((float(x[i]), float(y[i])) for i in order if good[i])
    yield from _round_point(middle[0], middle[1], width, height, gap=0.0)


def _round_point(x: float, y: float, width: float, height: float, gap: float = 1.6) -> Iterator[tuple[float, float]]:
    """The eight places round a point: right, left, above, below, corners."""
    sideways, upwards = width / 2 + gap, height / 2 + gap
    for right, up in ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 0.8), (1, -0.8), (-1, 0.8), (-1, -0.8)):
        yield x + right * sideways, y + up * upwards


def _along_line(place: BaseGeometry, width: float, height: float) -> Iterator[tuple[float, float, float]]:
    """Beside the longest stretch, in its direction, never upside down."""
    merged = shapely.line_merge(place) if place.geom_type == "MultiLineString" else place
    parts = sorted(shapely.get_parts(merged), key=lambda part: -part.length)
    for line in parts[:4]:
        if line.length < width * 0.9:
            continue
        positions = np.linspace(width / 2, line.length - width / 2, 15)
        for position in sorted(positions, key=lambda p: abs(p - line.length / 2)):
            start = line.interpolate(max(position - width / 2, 0.0))
            end = line.interpolate(min(position + width / 2, line.length))
            chord = math.hypot(end.x - start.x, end.y - start.y)
            if chord < width * 0.85:
                continue
            rotation = math.degrees(math.atan2(end.y - start.y, end.x - start.x))
            rotation = rotation - 180 if rotation > 90 else rotation + 180 if rotation <= -90 else rotation
            middle = line.interpolate(position)
            off = height / 2 + 0.5
            for side in (1, -1):
                turn = math.radians(rotation + 90)
                yield middle.x + side * off * math.cos(turn), middle.y + side * off * math.sin(turn), rotation


def overlaps(placed: Sequence[Placed]) -> list[tuple[str, str]]:
    """Pairs of names whose ground on paper overlaps: none, unless someone moved them."""
    outlines: list[Any] = [name.outline for name in placed]
    if not outlines:
        return []
    one, other = shapely.STRtree(outlines).query(outlines, predicate="overlaps")
    return [(placed[i].name.text, placed[j].name.text) for i, j in zip(one, other, strict=True) if i < j]
