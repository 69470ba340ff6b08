"""Shapes of a site check in another CRS: for predicates and areas of pieces, where a whole layer is not brought."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pyproj
import shapely
from pyproj.crs import CRS

from ecospace.check.boxes import Array
from ecospace.crs import LONGEST_EDGE_M, METRES_PER_DEGREE


def metres_per_unit(crs: CRS) -> float:
    """Metres in one unit of a CRS; for degrees, those of latitude."""
    return METRES_PER_DEGREE if crs.is_geographic else float(crs.axis_info[0].unit_conversion_factor)


def same_coordinates(one: CRS, other: CRS) -> bool:
    """Whether coordinates mean the same in both, by definition or because PROJ has nothing to do between them."""
    return one == other or transformer(one, other).definition.startswith("proj=noop")


@lru_cache(maxsize=64)
def transformer(source: CRS, target: CRS) -> pyproj.Transformer:
    """The transform between two CRSs, x or longitude first."""
    return pyproj.Transformer.from_crs(source, target, always_xy=True)


def moved(shapes: Array, source: CRS, target: CRS, edge_m: float | Array = LONGEST_EDGE_M) -> Array:
    """Shapes in another CRS, their edges made short before. Validity is not repaired: for areas and predicates only.

    Parameters
    ----------
    shapes : array of Geometry
    source, target : CRS
    edge_m : float or array
        Longest edge before the transform, metres.
    """
    shapes = np.asarray(shapes, dtype=object)
    if not len(shapes) or source == target:
        return shapes.copy()
    dense = shapely.segmentize(shapes, edge_m / metres_per_unit(source))
    to = transformer(source, target)
    return np.asarray(
        shapely.transform(dense, lambda xy: np.column_stack(to.transform(xy[:, 0], xy[:, 1]))), dtype=object
    )
