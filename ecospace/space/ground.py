"""All ground within a distance of many features, each ground once, and the rings between two distances."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import shapely

Array = np.ndarray[Any, Any]

#: GEOS straightens what it buffers by a hundredth of the distance (a dense spiral by more); twice that is kept clear of.
STRAIGHTENED = 0.02
#: A cell of known ground, as part of the distance; and the most cells there may be (some 20 bytes each while it runs).
CELL, MOST_CELLS = 0.1, 4_000_000


def reach_m(distance_m: float, quad_segs: int) -> tuple[float, float]:
    """How far a drawn buffer reaches at least and at most: its arcs are chords, its corners straightened."""
    # A turn is drawn in the nearest whole number of steps, so a step may be half as wide again.
    chord = math.cos(1.5 * math.pi / 4 / quad_segs)
    return distance_m * (chord - STRAIGHTENED), distance_m * (1 + STRAIGHTENED)


def ground_within(shapes: Array, distance_m: float, quad_segs: int) -> Any:
    """All ground within a distance of any shape, by the faster of two ways.

    Parameters
    ----------
    shapes : ndarray of geometry
        Points, lines and polygons, no collections, in metres.
    distance_m : float
        Above 0.
    quad_segs : int
        Segments of a quarter circle.

    Returns
    -------
    Polygon or MultiPolygon

    Notes
    -----
    All lines at once cross their offset curves once: three times faster than a union of buffers while these are narrow.
    Round a distance longer than the lines are, nearly all curves lie inside other buffers; those that surely do are
    not drawn at all.
    """
    lines = shapely.get_type_id(shapes) == 1
    if not lines.any() or distance_m > np.median(shapely.length(shapes[lines])):
        return _wide_ground(shapes, distance_m, quad_segs)
    joined = shapely.line_merge(shapely.multilinestrings(shapes[lines]))
    drawn = shapely.buffer(joined, distance_m, quad_segs=quad_segs)
    if lines.all():
        return drawn  # its parts are apart as it is: another union would cost as much again
    return shapely.union_all([drawn, *shapely.buffer(shapes[~lines], distance_m, quad_segs=quad_segs)])


def _wide_ground(shapes: Array, distance_m: float, quad_segs: int) -> Any:
    """All ground within a distance, drawn only for the shapes that may reach its outline.

    Cells that lie wholly within reach of some vertex are ground for certain, and a buffer in such cells alone adds no
    ground to them. Where it is not drawn, a gap is left whose whole outline lies in such cells; the outline of the
    ground itself lies in none. So the ground is what is drawn without the outlines in such cells: the same, to the
    last corner, as if all had been drawn.
    """
    known = _known_ground(shapes, distance_m, quad_segs)
    if known is None:
        return shapely.union_all(shapely.buffer(shapes, distance_m, quad_segs=quad_segs))
    inner = known.shrunk(reach_m(distance_m, quad_segs)[1] + known.size / 2).share_held(_close(shapes, known.size)) == 1
    inner &= shapely.get_type_id(shapes) < 2  # the inside of a polygon may be far from its corners
    drawn = shapely.union_all(shapely.buffer(shapes[~inner], distance_m, quad_segs=quad_segs))
    ground = _assembled(*(rings[known.share_held(rings) < 0.5] for rings in _outlines(drawn)))
    return ground or shapely.union_all(shapely.buffer(shapes, distance_m, quad_segs=quad_segs))


def _known_ground(shapes: Array, distance_m: float, quad_segs: int) -> Cells | None:
    """The cells that lie wholly within reach of a corner; None where there are none, or too many to look at."""
    size = distance_m * CELL
    corners = shapely.get_coordinates(_close(shapes, size))
    if not len(corners):
        return None
    origin = corners.min(axis=0) - size
    columns, rows = ((corners.max(axis=0) - origin) / size).astype(np.int64) + 2  # a margin that is never known
    if rows * columns > MOST_CELLS:
        return None
    column, row = ((corners - origin) / size).astype(np.int64).T
    with_corner = np.zeros((rows, columns), dtype=bool)
    with_corner[row, column] = True
    # Points of two cells may be a diagonal further apart than the centres.
    known = _near(with_corner, reach_m(distance_m, quad_segs)[0] / size - math.sqrt(2))
    known[[0, -1]] = known[:, [0, -1]] = False
    return Cells(known, origin, size) if known.any() else None


def _close(shapes: Array, step_m: float) -> Array:
    """Lines with corners so close that each place on them is within half a step of one; all else as it is."""
    lines = shapely.get_type_id(shapes) == 1
    out = shapes.copy()
    out[lines] = shapely.segmentize(shapes[lines], step_m)
    return out


@dataclass(frozen=True)
class Cells:
    """Marked cells, shape (rows, columns), from the corner `origin` on, `size` metres each."""

    marked: Array
    origin: Array
    size: float

    def shrunk(self, distance_m: float) -> Cells:
        """The cells that have only marked ones within a distance of any of their points."""
        return replace(self, marked=~_near(~self.marked, distance_m / self.size + math.sqrt(2)))

    def share_held(self, shapes: Array) -> Array:
        """The share of each shape's corners that lie in marked cells; NaN without corners."""
        corners, owner = shapely.get_coordinates(shapes, return_index=True)
        held = np.bincount(owner[self._hold(corners)], minlength=len(shapes))
        with np.errstate(invalid="ignore"):
            return np.asarray(held / np.bincount(owner, minlength=len(shapes)))

    def _hold(self, corners: Array) -> Array:
        column, row = np.floor((corners - self.origin) / self.size).astype(np.int64).T
        rows, columns = self.marked.shape
        held = (row >= 0) & (column >= 0) & (row < rows) & (column < columns)
        held[held] = self.marked[row[held], column[held]]
        return np.asarray(held)


def _near(marked: Array, radius: float) -> Array:
    """Cells whose centre is within a radius, in cells, of the centre of a marked one."""
    rows, columns = marked.shape
    reach = int(radius)
    count = np.zeros((rows + 2 * reach, columns + 1), dtype=np.int32)  # of marked cells before each, row by row
    np.cumsum(marked, axis=1, out=count[reach : reach + rows, 1:])
    near, column = np.zeros_like(marked), np.arange(columns)
    for down in range(-reach, reach + 1):
        half = int(math.sqrt(radius**2 - down**2))
        row = count[reach + down : reach + down + rows]
        near |= row[:, np.minimum(column + half + 1, columns)] > row[:, np.maximum(column - half, 0)]
    return near


def ring_between(outer: Any, inner: Any) -> Any:
    """Outer ground less inner ground.

    Where their outlines nowhere meet no overlay is needed: outlines of the outer ground and holes of the inner bound
    the ring from without, the others from within.
    """
    (shells, inner_holes), (inner_shells, holes) = _outlines(outer), _outlines(inner)
    if not len(inner_shells):
        return outer
    without = shapely.multilinestrings([*shells, *inner_holes])
    shapely.prepare(without)
    if shapely.intersects(without, [*inner_shells, *holes]).any():
        return shapely.difference(outer, inner)
    ring = _assembled(np.concatenate([shells, holes]), np.concatenate([inner_holes, inner_shells]))
    return ring or shapely.difference(outer, inner)


def _outlines(ground: Any) -> tuple[Array, Array]:
    """Outer outlines and holes of all parts."""
    rings, part = shapely.get_rings(shapely.get_parts(ground), return_index=True)
    outline = np.diff(part, prepend=-1) != 0
    return rings[outline], rings[~outline]


def _assembled(shells: Array, holes: Array) -> Any:
    """Ground with these outlines and holes, which cross nowhere; None where holes do not alternate with outlines."""
    discs = shapely.polygons(np.concatenate([shells, holes]))
    sizes = shapely.area(discs)
    around, held = shapely.STRtree(shapely.point_on_surface(discs)).query(discs, predicate="contains")
    # A point in a ring may lie on an island in that ring too: only what is larger lies round it.
    larger = sizes[around] > sizes[held]
    around, held = around[larger], held[larger]
    smallest_last = np.lexsort((-sizes[around], held))
    owner = np.full(len(discs), -1)
    owner[held[smallest_last]] = around[smallest_last]
    owner, owner_of_shell = owner[len(shells) :], owner[: len(shells)]
    if (
        not ((owner >= 0) & (owner < len(shells))).all()
        or ((owner_of_shell >= 0) & (owner_of_shell < len(shells))).any()
    ):
        return None
    parts = discs[: len(shells)]
    order = np.argsort(owner, kind="stable")
    held_by, start = np.unique(owner[order], return_index=True)
    for shell, own in zip(held_by, np.split(holes[order], start)[1:], strict=True):
        parts[shell] = shapely.polygons(shells[shell], holes=own)
    parts = shapely.orient_polygons(parts)
    return parts[0] if len(parts) == 1 else shapely.multipolygons(parts)
