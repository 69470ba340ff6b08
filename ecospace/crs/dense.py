"""Edges made short before a transform: a straight edge is a curve in another CRS."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from pyproj.crs import CRS

#: Longest edge, in metres, before a transform: a 50 m edge is 12 micrometres off, a 60 km one 31.8 m (trust.md tA11).
LONGEST_EDGE_M = 50.0
#: Metres in one degree of latitude, never less, so that a limit in degrees is never longer than one in metres.
METRES_PER_DEGREE = 111_700.0

Array = np.ndarray[Any, Any]


def densified(geometries: Array, crs: CRS, longest_edge_m: float = LONGEST_EDGE_M) -> Array:
    """Geometries whose edges are at most 50 m long in their own CRS; their own vertices stay to the last bit.

    Notes
    -----
    Not `shapely.segmentize`: GEOS repairs by ``buffer(0)``, without a word, what is invalid or becomes so by the rounding of a
    new vertex, and ``buffer(0)`` can lose a lobe.
    """
    unit = METRES_PER_DEGREE if crs.is_geographic else crs.axis_info[0].unit_conversion_factor
    step = longest_edge_m / unit
    out = geometries.copy()
    kinds = shapely.get_type_id(geometries)
    for kind in (1, 3, 5, 6):
        rows = np.flatnonzero((kinds == kind) & ~shapely.is_empty(geometries))
        if len(rows):
            rows = rows[_has_edge_over(geometries[rows], step)]
        if len(rows):
            out[rows] = _with_more_vertices(geometries[rows], step)
    return out


def _has_edge_over(geometries: Array, step: float) -> Array:
    xy, owner = shapely.get_coordinates(geometries, return_index=True)
    long = np.hypot(*np.diff(xy, axis=0).T) > step
    # The step from one geometry to the next is no edge; that from part to part is none either, but costs only time.
    same = owner[1:] == owner[:-1]
    return np.bincount(owner[1:][long & same], minlength=len(geometries)) > 0


def _with_more_vertices(geometries: Array, step: float) -> Array:
    kind, xy, offsets = shapely.to_ragged_array(geometries)
    ends = np.zeros(len(xy), dtype=bool)
    ends[np.asarray(offsets[0][1:]) - 1] = True  # the last vertex of each ring or line starts no edge
    edge = np.zeros_like(xy)
    edge[:-1] = np.diff(xy, axis=0)
    pieces = np.where(ends, 1, np.maximum(np.ceil(np.hypot(edge[:, 0], edge[:, 1]) / step), 1)).astype(np.int64)
    start = np.concatenate([[0], np.cumsum(pieces)])
    along = np.arange(start[-1]) - np.repeat(start[:-1], pieces)
    share = along / np.repeat(pieces, pieces)
    dense = np.repeat(xy, pieces, axis=0) + np.repeat(edge, pieces, axis=0) * share[:, None]
    return np.asarray(shapely.from_ragged_array(kind, dense, (start[np.asarray(offsets[0])], *offsets[1:])))
