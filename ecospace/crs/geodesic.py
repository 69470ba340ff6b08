"""Areas by geodesics: an independent way to the number that the study CRS gives."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from pyproj.crs import CRS

from ecospace.crs.bring import moving
from ecospace.crs.dense import densified
from ecospace.crs.systems import geographic_of


def geodesic_area(geometry: Any, crs: CRS) -> float:
    """The ellipsoidal area, in square metres, of a polygon in any CRS, by geodesics between densified vertices.

    An independent way to the number that the study CRS gives: PROJ's geodesics (Karney 2013) know nothing of the
    equal-area projection.
    """
    geographic = geographic_of(crs)
    dense = densified(np.array([geometry], dtype=object), crs)[0]
    degrees = shapely.transform(dense, moving(crs, geographic))
    geod = geographic.get_geod()
    assert geod is not None  # a geographic CRS always has an ellipsoid
    area, _perimeter = geod.geometry_area_perimeter(shapely.orient_polygons(degrees))
    return abs(float(area))
