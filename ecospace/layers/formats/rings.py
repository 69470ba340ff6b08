"""Rings into polygons: which ring is a shell, which a hole, and of which shell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

#: Vertices of a ring that are asked whether they lie in another ring.
PROBES = 16


@dataclass(frozen=True)
class Rings:
    """The rings of one shape, made into polygons.

    Parameters
    ----------
    geometry : shapely Geometry
        Polygon, MultiPolygon, or None where nothing is left.
    closed : int
        Rings whose last point was not their first; closed.
    short : int
        Rings of fewer than three points; dropped.
    turned : int
        Rings that run the wrong way round while their nesting leaves no doubt.
    ambiguous : (float, float) or None
        Where a ring inside another runs the same way: the area if it is a hole, and if it is a part of its own.
    """

    geometry: Any
    closed: int = 0
    short: int = 0
    turned: int = 0
    ambiguous: tuple[float, float] | None = None


def signed_area(points: np.ndarray[Any, Any]) -> float:
    """The area of a closed ring; positive counter-clockwise."""
    x, y = points[:, 0] - points[0, 0], points[:, 1] - points[0, 1]
    with np.errstate(over="ignore", invalid="ignore"):
        return float(np.nan_to_num(np.sum(x[:-1] * y[1:] - x[1:] * y[:-1]) / 2))


def tidy_ring(points: np.ndarray[Any, Any]) -> tuple[np.ndarray[Any, Any] | None, bool]:
    """A closed ring, or None if it has fewer than three points; and whether it had to be closed."""
    if not len(points):
        return None, False
    open_ring = bool((points[0] != points[-1]).any())
    if open_ring:
        points = np.vstack([points, points[:1]])
    distinct = len(np.unique(points, axis=0))
    return (points if distinct >= 3 and len(points) >= 4 else None), open_ring


def polygons_by_turn(rings: list[np.ndarray[Any, Any]]) -> Rings:
    """Polygons from rings whose turn says what they are: clockwise shells, counter-clockwise holes (Shapefile).

    Where turn and nesting disagree, nesting decides if all rings of a nest alternate; two nested rings that run the
    same way have no one meaning: a part drawn twice, or a hole drawn the wrong way round.
    """
    tidy = [tidy_ring(ring) for ring in rings]
    kept = [ring for ring, _open in tidy if ring is not None]
    closed, short = sum(opened for _ring, opened in tidy), len(tidy) - len(kept)
    if not kept:
        return Rings(None, closed, short)
    areas = np.array([signed_area(ring) for ring in kept])
    shapes = shapely.polygons([shapely.linearrings(ring) for ring in kept])
    parent, depth = nested(kept, shapes, np.abs(areas))
    clockwise = areas < 0
    inner = np.flatnonzero(parent >= 0)
    outer_turns = clockwise[depth == 0]
    same = inner[clockwise[inner] == clockwise[parent[inner]]]
    same = same[~_equal(shapes, same, parent)]
    # A counter-clockwise ring in no other, beside clockwise ones, is a hole outside of its shell.
    stray = (depth == 0) & ~clockwise if outer_turns.any() else np.zeros(len(kept), bool)
    hole = (depth % 2 == 1) | stray
    hole[same] = False
    turned = int((~clockwise[~hole]).sum() + clockwise[hole & ~stray].sum())
    built = _assembled(kept, hole, parent, np.abs(areas))
    ambiguous = None
    if len(same):
        as_hole = hole.copy()
        as_hole[same] = True
        other = _assembled(kept, as_hole, parent, np.abs(areas))
        ambiguous = (float(shapely.area(other)), float(shapely.union_all(shapely.get_parts(built)).area))
    return Rings(built, closed, short, turned, ambiguous)


def polygons_in_order(parts: list[list[np.ndarray[Any, Any]]]) -> Rings:
    """Polygons from rings whose order says what they are: of each part the first is the shell (GeoJSON)."""
    closed = short = 0
    polygons = []
    for rings in parts:
        tidy = [tidy_ring(ring) for ring in rings]
        closed += sum(opened for _ring, opened in tidy)
        short += sum(ring is None for ring, _open in tidy)
        shell, holes = (tidy[0][0] if tidy else None), [ring for ring, _open in tidy[1:] if ring is not None]
        if shell is not None:
            polygons.append(shapely.Polygon(shell, holes))
    if not polygons:
        return Rings(None, closed, short)
    return Rings(polygons[0] if len(polygons) == 1 else shapely.MultiPolygon(polygons), closed, short)


def nested(
    rings: list[np.ndarray[Any, Any]], shapes: Any, sizes: np.ndarray[Any, Any]
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """For each ring the smallest ring around it (-1: none), and how many rings lie around it."""
    count = len(rings)
    parent, depth = np.full(count, -1), np.zeros(count, dtype=int)
    if count == 1:
        return parent, depth
    boxes = shapely.bounds(shapes)
    tree = shapely.STRtree(shapes)
    for inner, outer in np.transpose(tree.query(shapes)):
        larger = (sizes[outer], -outer) > (sizes[inner], -inner)
        covers = (boxes[outer, :2] <= boxes[inner, :2]).all() and (boxes[outer, 2:] >= boxes[inner, 2:]).all()
        if inner == outer or not larger or not covers:
            continue
        step = max(len(rings[inner]) // PROBES, 1)
        probes = rings[inner][::step]
        middles = (rings[inner][:-1:step] + rings[inner][1::step]) / 2
        points = np.vstack([probes, middles])
        if shapely.intersects_xy(shapes[outer], points[:, 0], points[:, 1]).all():
            depth[inner] += 1
            if parent[inner] < 0 or sizes[outer] < sizes[parent[inner]]:
                parent[inner] = outer
    return parent, depth


def _equal(shapes: Any, same: Any, parent: Any) -> Any:
    """Which rings repeat the ring around them: a part that stands there twice has one meaning."""
    return np.array([bool(shapely.equals(shapes[ring], shapes[parent[ring]])) for ring in same], dtype=bool)


def _assembled(rings: Any, hole: Any, parent: Any, sizes: Any) -> Any:
    shells = [number for number in range(len(rings)) if not hole[number]]
    holes: dict[int, list[Any]] = {number: [] for number in shells}
    for number in np.flatnonzero(hole):
        owner = int(parent[number])
        while owner >= 0 and hole[owner]:
            owner = int(parent[owner])
        # A hole in no shell goes to the first one, where the check of validity will find it.
        holes[owner if owner >= 0 else shells[0]].append(rings[number])
    polygons = [shapely.Polygon(rings[number], holes[number]) for number in shells]
    return polygons[0] if len(polygons) == 1 else shapely.MultiPolygon(polygons)
