"""Towns as an exact coverage of the boundary, and an industrial park that lies across two of them."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import shapely
from geopandas import GeoDataFrame
from shapely import LineString, Point
from shapely.geometry.base import BaseGeometry

from ecospace.demo.place import Place
from ecospace.demo.shapes import blob, ground, wandering
from ecospace.units import balance


def towns(place: Place) -> GeoDataFrame:
    """Towns (乡镇街道): Voronoi cells of their seats with wandering borders, which two neighbours share vertex by vertex.

    Returns
    -------
    GeoDataFrame
        Indexed by town code; columns name, kind, population, seat_east, seat_north, urban_m, geometry.
    """
    random = place.random("towns")
    entries = place.design["towns"]
    seats = place.metres([town["at"] for town in entries]) + random.normal(0, place.size_m / 160, (len(entries), 2))
    cells = shapely.voronoi_polygons(shapely.multipoints(seats), extend_to=place.boundary, only_edges=True)
    cells = shapely.line_merge(cells.intersection(place.boundary.buffer(place.size_m / 25)))
    borders = []
    for edge in shapely.get_parts(cells):
        ends = shapely.get_coordinates(edge)
        for start, end in pairwise(ends):
            borders.append(LineString(wandering(random, np.array([start, end]), amplitude=0.08, step_m=160)))
    lines = shapely.union_all([place.boundary.boundary, *borders])
    faces = [
        face
        for face in shapely.get_parts(shapely.polygonize([lines]))
        if place.boundary.contains(face.point_on_surface())
    ]
    owner = [_owner(face, seats) for face in faces]
    outlines = [
        shapely.coverage_union_all([f for f, o in zip(faces, owner, strict=True) if o == i]) for i in range(len(seats))
    ]
    people = balance(_people(random, entries, place.plan["population"]), 0, total=place.plan["population"])
    return GeoDataFrame(
        {
            "name": [town["name"] for town in entries],
            "kind": ["街道" if town["name"].endswith("街道") else "镇" for town in entries],
            "population": [int(number) for number in people],
            "seat_east": seats[:, 0],
            "seat_north": seats[:, 1],
            "urban_m": [town["urban"] * 1000.0 for town in entries],
        },
        geometry=[ground(outline) for outline in outlines],
        index=pd.Index([f"{place.design['code']}{number:03d}" for number in range(1, len(entries) + 1)], name="code"),
        crs=place.crs,
    )


def industrial_park(place: Place, units: GeoDataFrame) -> BaseGeometry:
    """An industrial park around the border of two towns, so that towns and park together would count it twice."""
    one, other = (
        units[units["name"] == name].geometry.iloc[0] for name in place.design["names"]["industrial_park_between"]
    )
    border = shapely.line_merge(one.intersection(other))
    longest = max(shapely.get_parts(border), key=lambda part: part.length)
    middle = longest.interpolate(0.5, normalized=True)
    size = min(1_500.0, place.size_m / 20)
    return (
        blob(place.random("industrial park"), middle.x, middle.y, roughness=0.12, corners=24)
        .grown(size)
        .intersection(place.boundary)
    )


def _owner(face: BaseGeometry, seats: np.ndarray) -> int:
    inside = [i for i, seat in enumerate(seats) if face.contains(Point(seat))]
    if inside:
        return inside[0]
    middle = face.point_on_surface()
    return int(np.hypot(seats[:, 0] - middle.x, seats[:, 1] - middle.y).argmin())


def _people(random: np.random.Generator, entries: list[dict[str, Any]], total: int) -> list[float]:
    weights = np.array([town["people"] for town in entries]) * random.uniform(0.97, 1.03, len(entries))
    return list(weights / weights.sum() * total)
