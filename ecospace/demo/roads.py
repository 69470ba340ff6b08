"""Roads with chainage, the ground they take, and the motorway exits of requirement C03."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from shapely import LineString
from shapely.geometry.base import BaseGeometry

from ecospace.demo.place import Place
from ecospace.demo.shapes import ground, wandering

#: Metres from edge to edge.
WIDTH_M = {"高速公路": 34.0, "省道": 20.0}


@dataclass(frozen=True)
class Road:
    """A road (道路) inside the boundary, with the chainage (桩号) at its start and its exits."""

    name: str
    kind: str
    code: str
    line: LineString
    start_m: float
    exits: dict[str, shapely.Point]

    @property
    def surface(self) -> BaseGeometry:
        """The ground it takes."""
        return self.line.buffer(WIDTH_M[self.kind] / 2, cap_style="flat", join_style="mitre")


def roads(place: Place) -> list[Road]:
    """Roads through the hints of the design, clipped to the boundary, longest piece of each."""
    random = place.random("roads")
    found = []
    for entry in place.design["roads"]:
        hints = place.metres(entry["through"])
        hints[1:-1] += random.normal(0, place.size_m / 200, hints[1:-1].shape)
        course = LineString(wandering(random, hints, amplitude=0.05, step_m=500))
        pieces = shapely.get_parts(course.simplify(15).intersection(place.boundary))
        line = max(pieces, key=lambda piece: piece.length)
        names = entry.get("exits", [])
        at = np.linspace(0, 1, len(names) + 2)[1:-1]
        exits = {name: line.interpolate(share, normalized=True) for name, share in zip(names, at, strict=True)}
        found.append(
            Road(entry["name"], entry["class"], entry["code"], line, entry.get("chainage_start_m", 0.0), exits)
        )
    return found


def bridges(lines: list[Road], river_banks: BaseGeometry) -> list[tuple[str, LineString]]:
    """Where a road crosses a river: the road over the water and 30 m beyond either bank."""
    wide = river_banks.buffer(30)
    found = []
    for road in lines:
        for piece in shapely.get_parts(road.line.intersection(wide)):
            if piece.geom_type == "LineString" and piece.intersects(river_banks):
                found.append((road.name, piece))
    return found


def road_ground(lines: list[Road], boundary: BaseGeometry) -> BaseGeometry:
    """The ground that all roads take."""
    return ground(shapely.union_all([road.surface for road in lines]).intersection(boundary))
