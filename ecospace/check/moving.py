"""Shapes of a site check in another CRS: for predicates and areas of pieces, where a whole layer is not brought."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyproj
import shapely
from pyproj.crs import CRS

from ecospace.check.boxes import Array
from ecospace.crs import LONGEST_EDGE_M, METRES_PER_DEGREE, densified, mended, moving
from ecospace.layers.strays import TRANSVERSE_MERCATOR


@dataclass(frozen=True, eq=False)
class Move:
    """The way from one CRS to another.

    Parameters
    ----------
    source, target : CRS
    same : bool
        Coordinates mean the same in both, by definition or because PROJ has nothing to do between them.
    unit_m : float
        Metres in one unit of the source; for degrees, those of latitude.
    points : callable
        Coordinates (n × 2, x or longitude first) in the source → in the target, good to a micrometre.
    """

    source: CRS
    target: CRS
    same: bool
    unit_m: float
    points: Callable[[Array], Array]

    def __call__(self, shapes: Array, edge_m: float | Array = LONGEST_EDGE_M) -> Array:
        """Shapes in the target, their edges made short before; validity is not repaired.

        Parameters
        ----------
        shapes : array of Geometry
        edge_m : float or array
            Longest edge before the transform, metres.
        """
        shapes = np.asarray(shapes, dtype=object)
        if self.same or not len(shapes):
            return shapes
        dense = np.empty(len(shapes), dtype=object)
        edges = np.broadcast_to(np.asarray(edge_m, dtype=float), len(shapes))
        for edge in np.unique(edges).tolist():
            rows = np.flatnonzero(edges == edge)
            dense[rows] = densified(shapes[rows], self.source, edge)
        return np.asarray(shapely.transform(dense, self.points), dtype=object)


def metres_per_unit(crs: CRS) -> float:
    """Metres in one unit of a CRS; for degrees, those of latitude."""
    return METRES_PER_DEGREE if crs.is_geographic else float(crs.axis_info[0].unit_conversion_factor)


#: Ways already made, by the identity of both ends: comparing two CRSs costs more than checking a site.
_MADE: dict[tuple[int, int], Move] = {}


def move(source: CRS, target: CRS) -> Move:
    """The way between two CRSs, made once for two objects."""
    key = (id(source), id(target))
    # A Move holds its ends, so that no other object can take their identity while it is kept.
    if key not in _MADE:
        if len(_MADE) > 256:
            _MADE.clear()
        transformer = pyproj.Transformer.from_crs(source, target, always_xy=True)
        same = source == target or transformer.definition.startswith("proj=noop")
        # PROJ's way back is exact from degrees and from Gauss–Krüger alone: from an equal-area projection, which lines with
        # a corridor and points with a radius are drawn in, it is 1.6 mm off.
        exact = source.is_geographic or getattr(source.coordinate_operation, "method_code", "") == TRANSVERSE_MERCATOR
        points = moving(source, target) if exact else mended(source, target)
        _MADE[key] = Move(source, target, bool(same), metres_per_unit(source), points)
    return _MADE[key]
