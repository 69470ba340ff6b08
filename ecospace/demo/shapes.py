"""Outlines that look grown: blobs of an exact area, and lines that wander."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import shapely
from shapely import Polygon
from shapely.geometry.base import BaseGeometry

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Blob:
    """A star-shaped outline around a point, which can be grown: a larger one holds every smaller one."""

    east: float
    north: float
    directions: Array

    def grown(self, radius_m: float) -> Polygon:
        """The outline at a mean radius."""
        return shapely.Polygon(np.array([self.east, self.north]) + radius_m * self.directions)


def blob(random: np.random.Generator, east: float, north: float, *, roughness: float = 0.2, corners: int = 96) -> Blob:
    """A blob around a point; `roughness` is the relative spread of its radius."""
    angle = np.linspace(0, 2 * np.pi, corners, endpoint=False)
    radius = np.ones(corners)
    for wave in range(2, 9):
        radius += roughness * 1.6 / wave * random.normal() * np.cos(wave * angle + random.uniform(0, 2 * np.pi))
    radius = np.clip(radius, 0.45, None) / np.clip(radius, 0.45, None).mean()
    return Blob(east, north, np.column_stack([radius * np.cos(angle), radius * np.sin(angle)]))


def grow_to_area(shape_at: Callable[[float], BaseGeometry], area_m2: float, low: float, high: float) -> BaseGeometry:
    """The shape of an exact area, by bisection of what it depends on.

    Parameters
    ----------
    shape_at : callable
        Of one number; its area must not fall when the number rises.
    area_m2 : float
        Square metres to be met within 0.01.
    low, high : float
        Between which the number lies.
    """
    if shape_at(high).area < area_m2:
        raise ValueError(f"not even the largest shape has {area_m2:.0f} m²")
    shape = shape_at(high)
    for _step in range(80):
        middle = (low + high) / 2
        shape = shape_at(middle)
        if abs(shape.area - area_m2) < 0.01:
            break
        low, high = (middle, high) if shape.area < area_m2 else (low, middle)
    return shape


def grown_within(outline: Blob, room: BaseGeometry, area_m2: float) -> BaseGeometry:
    """The part of a room that a growing blob covers when it has an exact area.

    Raises
    ------
    ValueError
        There is not so much room around the blob.
    """
    reach = float(np.sqrt(area_m2 / np.pi))
    for factor in (2.2, 3.5, 6.0, 12.0, 24.0):
        near = ground(room.intersection(outline.grown(reach * factor)))  # so that bisection works on few vertices
        if near.area > area_m2:
            return ground(grow_to_area(partial(_covered, outline, near), area_m2, 10.0, reach * factor))
    raise ValueError(f"no room for {area_m2:.0f} m²")


def _covered(outline: Blob, room: BaseGeometry, radius_m: float) -> BaseGeometry:
    return outline.grown(radius_m).intersection(room)


def western_part(shape: BaseGeometry, area_m2: float, off: BaseGeometry | None = None) -> BaseGeometry:
    """The part of a shape west of the line at which it has an area, counted without the ground `off`."""
    west, south, east, north = shape.bounds
    free = shape if off is None else shape.difference(off)
    low, high = west, east
    while high - low > 1e-7:
        middle = (low + high) / 2
        area = free.intersection(shapely.box(west, south, middle, north)).area
        low, high = (middle, high) if area < area_m2 else (low, middle)
        if abs(area - area_m2) < 0.01:
            break
    return ground(shape.intersection(shapely.box(west, south, middle, north)))


def wandering(random: np.random.Generator, points: Array, *, amplitude: float, step_m: float) -> Array:
    """A line through points that wanders between them by midpoint displacement, ends held.

    Parameters
    ----------
    points : ndarray, n × 2
        In metres.
    amplitude : float
        Displacement as a share of the distance between two neighbours.
    step_m : float
        Stop when vertices are nearer than this.
    """
    line = np.asarray(points, dtype=float)
    while True:
        difference = np.diff(line, axis=0)
        length = np.hypot(difference[:, 0], difference[:, 1])
        if length.max() <= step_m:
            return line
        normal = np.column_stack([-difference[:, 1], difference[:, 0]])
        shift = random.normal(0, amplitude, len(difference)).clip(-2 * amplitude, 2 * amplitude)
        middle = (line[:-1] + line[1:]) / 2 + normal * shift[:, None]
        woven = np.empty((2 * len(line) - 1, 2))
        woven[0::2], woven[1::2] = line, middle
        line = woven


def polygons_of(geometry: BaseGeometry) -> list[Polygon]:
    """The polygons in any geometry; lines and points that an intersection left are not ground."""
    parts = shapely.get_parts(geometry)
    nested = [polygons_of(part) if part.geom_type.startswith(("Multi", "Geometry")) else [part] for part in parts]
    return [part for parts_of in nested for part in parts_of if part.geom_type == "Polygon" and not part.is_empty]


def ground(geometry: BaseGeometry) -> BaseGeometry:
    """Only the polygons of a geometry, as one Polygon or MultiPolygon."""
    parts = polygons_of(geometry)
    return parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts)


def without_hairs(geometry: BaseGeometry) -> BaseGeometry:
    """Without spikes and necks narrower than 2 cm, which a transform could turn inside out; corners stay sharp."""
    inner = geometry.buffer(-0.01, join_style="mitre", mitre_limit=20)
    return ground(inner.buffer(0.01, join_style="mitre", mitre_limit=20))


def without_crumbs(geometry: BaseGeometry, smallest_m2: float) -> BaseGeometry:
    """Without parts, and without holes, below an area."""
    kept = []
    for part in polygons_of(geometry):
        if part.area >= smallest_m2:
            holes = [hole for hole in part.interiors if Polygon(hole).area >= smallest_m2]
            kept.append(Polygon(part.exterior, holes))
    return shapely.MultiPolygon(kept)
