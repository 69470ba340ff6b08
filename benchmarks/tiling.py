"""Tilings whose cells have jagged edges and share them to the last digit."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from scipy.spatial import Voronoi

Array = np.ndarray[Any, Any]


def clustered_points(count: int, rng: np.random.Generator) -> Array:
    """Points of uneven density in the unit square: half spread evenly, half round 60 centres; none very close."""
    centres, spread = rng.uniform(0, 1, (60, 2)), rng.uniform(0.015, 0.08, 60)
    which = rng.integers(0, 60, count)
    near = centres[which] + rng.normal(0, 1, (count, 2)) * spread[which][:, None]
    near = near[((near > 0) & (near < 1)).all(axis=1)]
    side = int(np.sqrt(count * 0.62))
    x, y = np.meshgrid(np.arange(side), np.arange(side))
    even = (np.column_stack([x.ravel(), y.ravel()]) + rng.uniform(0.1, 0.9, (side * side, 2))) / side
    points = np.vstack([even, near[: max(0, count - side * side)]])
    cell = np.floor(points * np.sqrt(count) * 2.2).astype(np.int64)
    _, first = np.unique(cell[:, 0] * 10_000_000 + cell[:, 1], return_index=True)
    return points[np.sort(first)]


def jagged_tiling(
    points: Array,
    rng: np.random.Generator,
    step: float,
    fewest: int = 2,
    most: int = 12,
    *,
    smooth: bool = False,
    corner: tuple[float, float],
    side: float,
) -> Array:
    """Voronoi cells of points in the unit square, each edge made jagged inside its own kite, scaled to a square.

    The kite of an edge is spanned by its ends and the two points it parts: what stays inside it crosses no other edge.
    """
    ridge_points, a, b, inner = _ridges(points)
    along = b - a
    length = np.hypot(*along.T)
    more = np.clip((length / step).astype(int), fewest, most) + rng.integers(0, 3, len(length))
    more[~inner | (length < 1e-7)] = 0
    vertices = _jagged(points_of(points, ridge_points), a, along, length, more, rng, smooth)
    return _cells(points, ridge_points, a, b, more, vertices, corner, side)


def _ridges(points: Array) -> tuple[Array, Array, Array, Array]:
    """The points that each Voronoi edge parts, its ends, and whether it parts two cells of the square."""
    count, near = len(points), 18.0 / np.sqrt(len(points))
    mirrored = [points]
    for axis in (0, 1):  # mirrored neighbours make the outer cells end exactly on the square
        for border in (0.0, 1.0):
            image = points[np.abs(points[:, axis] - border) < near].copy()
            image[:, axis] = 2 * border - image[:, axis]
            mirrored.append(image)
    diagram = Voronoi(np.vstack(mirrored))
    pairs, ends = np.asarray(diagram.ridge_points), np.asarray(diagram.ridge_vertices)
    keep = (pairs < count).any(axis=1) & (ends >= 0).all(axis=1)
    pairs, ends = pairs[keep], ends[keep]
    corners = diagram.vertices.copy()
    for axis in (0, 1):
        for border in (0.0, 1.0):
            corners[np.abs(corners[:, axis] - border) < 1e-9, axis] = border
    pairs = np.where(pairs[:, [0]] < count, pairs, pairs[:, ::-1])  # the first is always a cell of the square
    return pairs, corners[ends[:, 0]], corners[ends[:, 1]], (pairs < count).all(axis=1)


def points_of(points: Array, pairs: Array) -> Array:
    """The first point of each pair."""
    return points[pairs[:, 0]]


def _jagged(
    centre: Array, a: Array, along: Array, length: Array, more: Array, rng: np.random.Generator, smooth: bool
) -> Array:
    """New vertices of all edges, in order from a to b."""
    edge = np.repeat(np.arange(len(more)), more)
    ends = np.cumsum(more)
    place = np.arange(len(edge)) - (ends - more)[edge] + 1
    share = (place + rng.uniform(-0.3, 0.3, len(edge))) / (more[edge] + 1)
    with np.errstate(all="ignore"):
        unit = along / length[:, None]
        away = centre - a
        foot = ((away * unit).sum(axis=1) / length)[edge]
        height = np.abs(away[:, 0] * unit[:, 1] - away[:, 1] * unit[:, 0])[edge]
        left = np.where(foot > 0, share / foot, np.inf)
        right = np.where(foot < 1, (1 - share) / (1 - foot), np.inf)
    room = np.minimum(np.minimum(left, right) * height, 0.25 * length[edge])
    aside = rng.uniform(-0.55, 0.55, len(edge))
    if smooth:  # an administrative border: a random walk that comes back, not a zigzag
        walk = np.concatenate([[0.0], np.cumsum(aside)])
        start, end = walk[ends - more][edge], walk[ends][edge]
        bridge = walk[1:] - start - (end - start) * place / (more[edge] + 1)
        aside = np.clip(1.2 * bridge * length[edge] / (more[edge] + 1), -0.9 * room, 0.9 * room)
    else:
        aside = aside * room
    normal = np.column_stack([-unit[edge, 1], unit[edge, 0]])
    return a[edge] + along[edge] * share[:, None] + normal * aside[:, None]


def _cells(
    points: Array,
    pairs: Array,
    a: Array,
    b: Array,
    more: Array,
    vertices: Array,
    corner: tuple[float, float],
    side: float,
) -> Array:
    """Rings of the cells from the edges round each, in turn."""
    count, edges = len(points), len(more)
    cell = np.concatenate([pairs[:, 0], pairs[:, 1]])
    edge = np.tile(np.arange(edges), 2)
    own = cell < count
    cell, edge = cell[own], edge[own]
    middle = (a[edge] + b[edge]) / 2 - points[cell]
    order = np.lexsort((np.arctan2(middle[:, 1], middle[:, 0]), cell))
    cell, edge = cell[order], edge[order]
    to_a, to_b = a[edge] - points[cell], b[edge] - points[cell]
    backwards = to_a[:, 0] * to_b[:, 1] - to_a[:, 1] * to_b[:, 0] < 0
    size = 1 + more[edge]  # the edge's first corner and its new vertices
    start = np.concatenate([[0], np.cumsum(size)])
    half = np.repeat(np.arange(len(edge)), size)
    step = np.arange(start[-1]) - start[half]
    first = (np.cumsum(more) - more)[edge[half]]
    source = np.where(backwards[half], first + more[edge[half]] - step, first + step - 1)
    corners = np.where(backwards[:, None], b[edge], a[edge])[half]
    xy = np.where((step == 0)[:, None], corners, vertices[np.clip(source, 0, max(len(vertices) - 1, 0))])
    begin = start[np.searchsorted(cell, np.arange(count))]
    end = start[np.searchsorted(cell, np.arange(count), side="right")]
    offsets = np.concatenate([[0], np.cumsum(end - begin + 1)])
    ring = np.repeat(np.arange(count), end - begin + 1)
    place = np.arange(offsets[-1]) - offsets[ring]
    closed = np.where(place == (end - begin)[ring], begin[ring], begin[ring] + place)
    metres = (np.array(corner) + side * xy[closed]).round(4)
    return shapely.from_ragged_array(shapely.GeometryType.POLYGON, metres, (offsets, np.arange(count + 1)))
