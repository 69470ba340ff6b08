"""Exact fraction of each raster cell that a polygon covers, and class areas by zone from it, window by window.

Each edge leaves, in the cells it crosses, its height and the area to its right; a running sum along the row then is the
covered fraction of every cell (as font rasterisers do). No cell centres, no supersampling.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from affine import Affine
from shapely.geometry.base import BaseGeometry

Array = np.ndarray

#: Running sums of whole edges return to 0 and 1 only within rounding; nearer than this they are taken as 0 and 1.
ROUNDING = 1e-12


@dataclass(frozen=True)
class Cover:
    """The covered fractions of the part of a raster that a polygon can reach.

    Parameters
    ----------
    row, column : int
        Place of the window in the raster.
    fractions : ndarray of float64, shape (rows, columns)
        0 to 1; empty where the polygon does not reach the raster.
    """

    row: int
    column: int
    fractions: Array


def cell_fractions(polygon: BaseGeometry, transform: Affine, shape: tuple[int, int]) -> Array:
    """Fraction of each raster cell that a polygon covers (像元覆盖率), exact to 1e-12.

    Parameters
    ----------
    polygon : Polygon or MultiPolygon
        Valid, in the CRS of the raster.
    transform : Affine
        From cell (column, row) to coordinates, as rasterio gives it; may be rotated or south-up.
    shape : (int, int)
        Rows and columns of the raster.

    Returns
    -------
    ndarray of float64, shape (rows, columns)
        0 to 1. Ground beyond the raster is not in it: compare the sum with the polygon's area.

    Examples
    --------
    >>> from shapely import box
    >>> cell_fractions(box(5, 10, 30, 20), Affine(10, 0, 0, 0, -10, 20), (2, 3)).tolist()
    [[0.5, 1.0, 1.0], [0.0, 0.0, 0.0]]
    """
    cover = cover_window(polygon, transform, shape)
    fractions = np.zeros(shape)
    rows, columns = cover.fractions.shape
    fractions[cover.row : cover.row + rows, cover.column : cover.column + columns] = cover.fractions
    return fractions


def cover_window(polygon: BaseGeometry, transform: Affine, shape: tuple[int, int]) -> Cover:
    """As :func:`cell_fractions`, for the smallest window of the raster that holds the polygon."""
    starts, ends, sign = edges(polygon, transform)
    if not len(starts):
        return Cover(0, 0, np.zeros((0, 0)))
    low = np.floor(np.minimum(starts, ends).min(axis=0)).astype(int)
    high = np.ceil(np.maximum(starts, ends).max(axis=0)).astype(int)
    column, row = np.clip(low, 0, (shape[1], shape[0]))
    last_column, last_row = np.clip(high, 0, (shape[1], shape[0]))
    window = (max(int(last_row - row), 0), max(int(last_column - column), 0))
    if 0 in window:
        return Cover(0, 0, np.zeros((0, 0)))
    corner = np.array([column, row])
    return Cover(int(row), int(column), _accumulate(starts - corner, ends - corner, sign, window))


def edges(polygon: BaseGeometry, transform: Affine) -> tuple[Array, Array, Array]:
    """Edges of a polygon in cells: starts and ends, shape (n, 2) as column and row, and +1 or -1 for each.

    The sign is that of the ring: +1 for a ring that adds ground and turns right in rows and columns, and so on, so that
    the result does not depend on how rings are turned in the file.
    """
    polygons = shapely.get_parts(polygon)
    rings, owner = shapely.get_rings(polygons, return_index=True)
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    if not len(xy):
        return np.empty((0, 2)), np.empty((0, 2)), np.empty(0)
    # The origin goes first: subtracting it is exact near the raster, while c·x + d·y + f would cancel large numbers.
    inverse = ~Affine(transform.a, transform.b, 0, transform.d, transform.e, 0)
    dx, dy = xy[:, 0] - transform.c, xy[:, 1] - transform.f
    cells = np.column_stack([inverse.a * dx + inverse.b * dy, inverse.d * dx + inverse.e * dy])
    if transform.b == transform.d == 0:
        cells = np.column_stack([dx / transform.a, dy / transform.e])

    same = ring[1:] == ring[:-1]
    starts, ends, ring = cells[:-1][same], cells[1:][same], ring[1:][same]
    origin = cells[np.concatenate([[True], ~same])][ring]
    a, b = starts - origin, ends - origin
    turn = np.sign(np.bincount(ring, a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0], minlength=len(rings)))
    first_of_polygon = np.concatenate([[True], owner[1:] != owner[:-1]])
    return starts, ends, np.where(first_of_polygon, turn, -turn)[ring]


def _accumulate(starts: Array, ends: Array, sign: Array, shape: tuple[int, int]) -> Array:
    """Green's theorem by cells: cover and area of every edge piece, then a running sum along the rows."""
    rows, columns = shape
    begin, finish, sign = _split(starts, ends, sign, shape)
    middle = (begin + finish) / 2
    row = np.floor(middle[:, 1]).astype(int)
    inside = (row >= 0) & (row < rows)
    row, x = row[inside], np.clip(middle[inside, 0], 0, columns)
    # A shell turns clockwise on the screen (rows run down): its left side runs up and has to count positive.
    height = ((begin[:, 1] - finish[:, 1]) * sign)[inside]
    column = np.minimum(np.floor(x).astype(int), columns)
    share_left = x - column
    width = columns + 2
    place = row * width + column
    total = np.bincount(place, height * (1 - share_left), minlength=rows * width)
    total += np.bincount(place + 1, height * share_left, minlength=rows * width)
    fractions = np.cumsum(total.reshape(rows, width), axis=1)[:, :columns]
    fractions[np.abs(fractions) < ROUNDING] = 0.0
    fractions[np.abs(fractions - 1) < ROUNDING] = 1.0
    return fractions


def _split(starts: Array, ends: Array, sign: Array, shape: tuple[int, int]) -> tuple[Array, Array, Array]:
    """Split edges at all cell boundaries of the raster, rows and columns; its own borders are boundaries too."""
    for axis, last in ((1, shape[0]), (0, shape[1])):
        # Level edges have no height and add nothing; dropping them first saves their splitting.
        sloped = starts[:, 1] != ends[:, 1]
        starts, ends, sign = starts[sloped], ends[sloped], sign[sloped]
        low, high = np.minimum(starts[:, axis], ends[:, axis]), np.maximum(starts[:, axis], ends[:, axis])
        first = np.where(low < 0, 0, np.floor(np.minimum(low, last)) + 1).astype(int)
        final = np.where(high > last, last, np.ceil(np.maximum(high, 0)) - 1).astype(int)
        crossings = np.maximum(final - first + 1, 0)

        points = crossings + 2  # the start, the crossings in the direction of the edge, the end
        edge = np.repeat(np.arange(len(starts)), points)
        step = np.arange(len(edge)) - np.repeat(np.cumsum(points) - points, points)
        a, b = starts[edge], ends[edge]
        rising = a[:, axis] <= b[:, axis]
        line = np.where(rising, first[edge] + step - 1, final[edge] - step + 1)
        other = 1 - axis
        at_end = step == points[edge] - 1
        between = (step > 0) & ~at_end
        place = np.where(at_end[:, None], b, a)
        share = (line - a[:, axis])[between] / (b - a)[between, axis]
        place[between, axis] = line[between]
        place[between, other] += share * (b - a)[between, other]

        starts, ends, sign = place[:-1][~at_end[:-1]], place[1:][~at_end[:-1]], sign[edge[:-1][~at_end[:-1]]]
    return starts, ends, sign
