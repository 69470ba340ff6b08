"""The overlay on GEOS alone, for machines without the compiled kernels and for those who want the pieces.

Big polygons are cut into small pieces first. A feature inside a piece then costs a comparison of boxes or one prepared
predicate; only features that cross an edge are clipped.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import shapely

#: Pieces of zones have at most this many vertices: clipping costs grow with it, the number of pieces falls.
PIECE_VERTICES = 192
#: A feature with more vertices than this is cut as well, so that no pair is large on both sides.
FEATURE_VERTICES = 2_048
POLYGON = shapely.GeometryType.POLYGON.value

Array = np.ndarray


@dataclass(frozen=True)
class ZonePieces:
    """Zones cut into small pieces, ready to be searched by many features."""

    pieces: Array
    zone: Array
    tree: shapely.STRtree


def cut_zones(zones: Array) -> ZonePieces:
    """Cut zones (valid polygons) once; the tree is built, so that threads may share it."""
    pieces, zone = subdivide(zones, PIECE_VERTICES)
    tree = shapely.STRtree(pieces)
    tree.query(shapely.Point(0, 0))
    return ZonePieces(pieces, zone, tree)


def pair_areas(features: Array, zones: ZonePieces) -> tuple[Array, Array, Array]:
    """Area of each feature in each zone.

    Parameters
    ----------
    features : ndarray of Polygon or MultiPolygon, shape (n,)
        Valid, in the zones' metric CRS.
    zones : ZonePieces

    Returns
    -------
    feature, zone : ndarray of int, shape (k,)
        Positions; a pair may stand more than once, its areas add up.
    area_m2 : ndarray of float, shape (k,)
        Square metres, > 0.
    """
    feature_pieces, feature_id = subdivide(features, FEATURE_VERTICES)
    zone_pieces, zone_id, tree = zones.pieces, zones.zone, zones.tree
    if not len(feature_pieces) or not len(zone_pieces):
        return np.empty(0, int), np.empty(0, int), np.empty(0)

    blocks = _blocks(len(feature_pieces), 20_000)
    found = _in_threads(lambda part: tree.query(feature_pieces[part]) + np.array([[part.start], [0]]), blocks)
    left, right = np.hstack(found)

    whole = shapely.area(feature_pieces)
    area_m2 = np.where(_boxes_hold(zone_pieces, feature_pieces, left, right), whole[left], np.nan)
    rest = np.flatnonzero(np.isnan(area_m2))
    # A prepared geometry builds its index at first use and must stay in one thread, so blocks end between pieces.
    rest = rest[np.argsort(right[rest], kind="stable")]
    piece = right[rest]
    cuts = np.unique(np.concatenate([np.searchsorted(piece, piece[::2_000]), [len(rest)]]))

    def clip(part: slice) -> Array:
        rows = rest[part]
        small, large = feature_pieces[left[rows]], zone_pieces[right[rows]]
        shapely.prepare(large)
        area: Array = whole[left[rows]]
        meeting = shapely.intersects(large, small)
        area[~meeting] = 0.0
        crossing = np.flatnonzero(meeting)
        crossing = crossing[~shapely.contains_properly(large[crossing], small[crossing])]
        shapely.destroy_prepared(large)
        area[crossing] = shapely.area(shapely.intersection(small[crossing], large[crossing]))
        return area

    parts = [slice(a, b) for a, b in pairwise(cuts)]
    if parts:
        area_m2[rest] = np.concatenate(_in_threads(clip, parts))
    met = area_m2 > 0
    return feature_id[left[met]], zone_id[right[met]], area_m2[met]


def pair_pieces(features: Array, zones: Array) -> tuple[Array, Array, Array]:
    """The ground that each feature shares with each zone, as (feature, zone, geometry), one row for each pair."""
    zone, feature = shapely.STRtree(features).query(zones, predicate="intersects")

    pieces = polygons_only(_intersections(features, feature, zones, zone, 1_000))
    met = ~shapely.is_empty(pieces)
    return feature[met], zone[met], pieces[met]


def covered_once(features: Array, zones: Array, second: Array | None = None) -> Array:
    """Area by zone in `features` only, `second` only, and both, each ground counted once: shape (zones, 3).

    Each zone clips first and unites then: that is faster than the other way round, and needs less memory.
    """
    trees = [shapely.STRtree(layer) for layer in (features, second) if layer is not None]
    for tree in trees:
        tree.query(zones[:1])  # builds the tree before threads share it

    def one(part: slice) -> Array:
        zone = zones[part.start]
        covers = [
            shapely.union_all(
                polygons_only(shapely.intersection(tree.geometries[tree.query(zone, "intersects")], zone))
            )
            for tree in trees
        ]
        if second is None:
            return np.array([shapely.area(covers[0]), 0.0, 0.0])
        both = shapely.area(shapely.intersection(*covers))
        return np.array([*(shapely.area(a) for a in (covers[0] - covers[1], covers[1] - covers[0])), both])

    return np.array(_in_threads(one, _blocks(len(zones), 1))).reshape(len(zones), 3)


def polygons_only(shapes: Array) -> Array:
    """Each shape without its points and lines (what two polygons share may hold contact lines too)."""
    mixed = shapely.get_type_id(shapes) == shapely.GeometryType.GEOMETRYCOLLECTION.value
    bare = shapely.get_dimensions(shapes) < 2
    result = shapes.copy()
    result[bare] = shapely.Polygon()
    for i in np.flatnonzero(mixed & ~bare):
        parts = shapely.get_parts(shapes[i])
        polygons = parts[shapely.get_type_id(parts) == POLYGON]
        result[i] = shapely.multipolygons(polygons) if len(polygons) else shapely.Polygon()
    return result


def subdivide(shapes: Array, vertices: int) -> tuple[Array, Array]:
    """Cut polygons into pieces of at most so many vertices, level by level; pieces and the position they come from."""
    parts, origin = shapely.get_parts(shapes, return_index=True)
    done, done_origin = [np.empty(0, object)], [np.empty(0, int)]
    while len(parts):
        count = shapely.get_num_coordinates(parts)
        left, bottom, right, top = shapely.bounds(parts).T
        # A piece below a metre with many vertices is left whole: cutting further only adds rounding.
        big = (count > vertices) & (np.maximum(right - left, top - bottom) > 1.0)
        done.append(parts[~big])
        done_origin.append(origin[~big])
        parts, origin, count = parts[big], origin[big], count[big]
        if not len(parts):
            break
        side = np.where(count > 12 * vertices, 4, 2)
        source = np.repeat(np.arange(len(parts)), side**2)
        column, row = _positions(side)
        step_x, step_y = ((right - left)[big] / side)[source], ((top - bottom)[big] / side)[source]
        x, y = left[big][source], bottom[big][source]
        # The last box ends on the piece's own bound: a side computed short of it would lose a sliver.
        side_x, side_y = right[big][source], top[big][source]
        end_x = np.where(column + 1 == side[source], side_x, x + (column + 1) * step_x)
        end_y = np.where(row + 1 == side[source], side_y, y + (row + 1) * step_y)
        boxes = shapely.box(x + column * step_x, y + row * step_y, end_x, end_y)
        order = np.argsort(-count[source], kind="stable")  # long ones first keep both threads busy to the end
        source, boxes = source[order], boxes[order]

        cut = _intersections(parts, source, boxes, np.arange(len(boxes)), 64)
        parts, index = shapely.get_parts(cut, return_index=True)
        origin = origin[source[index]]
        keep = (shapely.get_type_id(parts) == POLYGON) & ~shapely.is_empty(parts)
        parts, origin = parts[keep], origin[keep]
    return np.concatenate(done), np.concatenate(done_origin)


def _positions(side: Array) -> tuple[Array, Array]:
    """Column and row of every box when part i is cut into side[i] x side[i]."""
    total = side**2
    place = np.arange(total.sum()) - np.repeat(np.cumsum(total) - total, total)
    repeated = np.repeat(side, total)
    return place % repeated, place // repeated


def _boxes_hold(zone_pieces: Array, feature_pieces: Array, left: Array, right: Array) -> Array:
    """Pairs whose zone piece is a box that holds the whole feature piece."""
    zone_box, feature_box = shapely.bounds(zone_pieces), shapely.bounds(feature_pieces)
    sides = zone_box[:, 2:] - zone_box[:, :2]
    # Only a box fills its own bounds: one inset by more than rounding has less area.
    is_box = shapely.area(zone_pieces) >= sides.prod(axis=1) * (1 - 1e-15)
    outer, inner = zone_box[right], feature_box[left]
    low = (outer[:, :2] <= inner[:, :2]).all(axis=1)
    high = (outer[:, 2:] >= inner[:, 2:]).all(axis=1)
    held: Array = is_box[right] & low & high
    return held


def _intersections(left: Array, i: Array, right: Array, j: Array, size: int) -> Array:
    """What left[i] and right[j] share, pair by pair, in blocks of so many pairs."""
    blocks = _blocks(len(i), size)
    return np.concatenate(
        [np.empty(0, object), *_in_threads(lambda part: shapely.intersection(left[i[part]], right[j[part]]), blocks)]
    )


def _blocks(count: int, size: int) -> list[slice]:
    return [slice(start, min(start + size, count)) for start in range(0, count, size)]


def _in_threads(work: Callable[[slice], Array], parts: list[slice]) -> list[Array]:
    """work(part) for each part in threads, results in order; GEOS releases the interpreter lock."""
    if len(parts) < 2:
        return [work(part) for part in parts]
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        return list(threads.map(work, parts))
