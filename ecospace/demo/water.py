"""Rivers, reservoirs, and the protection zones of drinking-water sources (饮用水水源保护区)."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import shapely
import shapely.ops
from shapely import LineString
from shapely.geometry.base import BaseGeometry

from ecospace.demo.place import Place
from ecospace.demo.relief import Relief, basin_of
from ecospace.demo.shapes import blob, ground, polygons_of, wandering, without_crumbs

#: Zone levels, the highest first: (label, metres of land around the water, None for the rest of the basin).
LEVEL_1_LAND_M = 200.0
LEVEL_2_REACH_M = 2_000.0


@dataclass(frozen=True)
class River:
    """A named river (河流): its course beyond the boundary too, and its water from bank to bank inside."""

    name: str
    alias: str
    course: LineString
    line: BaseGeometry
    banks: BaseGeometry


@dataclass(frozen=True)
class Reservoir:
    """A reservoir (水库) with its basin and its zones, each level holding those above it."""

    name: str
    water: BaseGeometry
    level_m: float
    zones: dict[str, BaseGeometry]


def courses(place: Place) -> list[LineString]:
    """River courses through the hints of the design; every tributary ends on the main river."""
    random = place.random("rivers")
    lines: list[LineString] = []
    for number, river in enumerate(place.design["rivers"]):
        hints = place.metres(river["through"])
        hints[1:-1] += random.normal(0, place.size_m / 120, hints[1:-1].shape)
        course = LineString(wandering(random, hints, amplitude=0.09, step_m=400))
        smooth = shapely.simplify(course, 20)
        for _round in range(3):
            smooth = _cut_corners(smooth)
        if number:
            end = smooth.coords[-1]
            main = lines[0]
            meeting = main.interpolate(main.project(shapely.Point(end)))
            smooth = LineString([*list(smooth.coords)[:-1], meeting.coords[0]])
        lines.append(smooth)
    return lines


def rivers(place: Place, lines: list[LineString]) -> list[River]:
    """Rivers with banks that widen downstream."""
    found = []
    for entry, course in zip(place.design["rivers"], lines, strict=True):
        narrow, wide = entry["width"]
        banks = _widening(course, narrow, wide).intersection(place.boundary)
        line = course.intersection(place.boundary)
        found.append(River(entry["name"], entry.get("alias", ""), course, line, ground(banks)))
    return found


def reservoirs(place: Place, relief: Relief, lines: list[LineString]) -> list[Reservoir]:
    """Lows in the hills, filled to a wanted area, with the three levels of zones nested around them."""
    random = place.random("reservoirs")
    waters: list[BaseGeometry] = []
    levels: list[float] = []
    for entry in place.design["reservoirs"]:
        x, y = place.metres([entry["at"]])[0] + random.normal(0, place.size_m / 140, 2)
        wanted = entry["area_ha"] * 1e4 * random.uniform(0.9, 1.1)
        water, level = _filled(place, relief, random, x, y, wanted, waters)
        waters.append(water)
        levels.append(level)
    rivers_far_from_water = [line.difference(shapely.union_all(waters).buffer(600)) for line in lines]
    basins = basin_of(relief, waters, rivers_far_from_water)
    reach = min(
        LEVEL_2_REACH_M, place.size_m / 7
    )  # a small county has small basins; none reaches further than 2.1 times
    found = []
    for entry, water, level, basin in zip(place.design["reservoirs"], waters, levels, basins, strict=True):
        near = basin.intersection(water.buffer(2.1 * reach))
        first = ground(water.buffer(LEVEL_1_LAND_M).intersection(place.boundary))
        second = ground(shapely.union_all([first, near.intersection(water.buffer(reach))])
                        .intersection(place.boundary))  # fmt: skip
        third = ground(shapely.union_all([second, near]).intersection(place.boundary))
        zones = {"一级保护区": first, "二级保护区": without_crumbs(second, 5e4), "准保护区": without_crumbs(third, 5e4)}
        found.append(Reservoir(entry["name"], water, level, zones))
    return found


def _filled(
    place: Place, relief: Relief, random: np.random.Generator, x: float, y: float, wanted_m2: float, others: list[Any]
) -> tuple[BaseGeometry, float]:
    """Water behind a dam: the low ground around a point, up to the level at which it has the wanted area."""
    window = blob(random, x, y, roughness=0.12).grown(np.sqrt(wanted_m2 / np.pi) * 2.1)
    room = window.intersection(place.boundary.buffer(-150))
    if others:
        room = room.difference(shapely.union_all(others).buffer(700))
    near = relief.window(room)
    heights = np.sort(near.height[near.cells_in(room)])
    step = near.east[1] - near.east[0]
    guess = min(int(wanted_m2 / step**2), len(heights) - 1)
    low, high = heights[guess], heights[-1]
    body: BaseGeometry = shapely.Polygon()
    for _try in range(24):
        level = (low + high) / 2
        flooded = polygons_of(near.between(-1e9, level).intersection(room))
        body = max(flooded, key=lambda part: part.area)
        low, high = (level, high) if body.area < wanted_m2 else (low, level)
        if abs(body.area / wanted_m2 - 1) < 0.01:
            break
    return shapely.Polygon(shapely.simplify(body, 8).exterior), float(level)


def _widening(course: LineString, narrow_m: float, wide_m: float) -> BaseGeometry:
    pieces = []
    stations = np.linspace(0, course.length, max(3, int(course.length / 2500)))
    for start, end in pairwise(stations):
        width = narrow_m + (wide_m - narrow_m) * end / course.length
        pieces.append(shapely.ops.substring(course, start, end).buffer(width / 2, quad_segs=6))
    return shapely.union_all(pieces).simplify(1.5)


def _cut_corners(line: LineString) -> LineString:
    """Chaikin's way to round a line, its ends held."""
    points = shapely.get_coordinates(line)
    near, far = 0.75 * points[:-1] + 0.25 * points[1:], 0.25 * points[:-1] + 0.75 * points[1:]
    middle = np.empty((2 * len(near), 2))
    middle[0::2], middle[1::2] = near, far
    return LineString(np.vstack([points[:1], middle, points[-1:]]))
