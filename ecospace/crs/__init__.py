"""Coordinates: the one CRS of a study, what an area means in it, and all transforms of the package.

Edges are densified before a transform, coordinates and validity are checked after, and a datum shift that PROJ does not
know, or would silently leave out, is refused.

::

    systems    the datum under a CRS, China's zones, the equal-area projection of a study
    datums     which datum shifts are known
    require    what is refused: no CRS, mixed ones, degrees, coordinates out of place, invalid shapes
    dense      edges of at most 50 m
    bring      a layer from one CRS into another
    study      StudyCRS, in which a study measures
    geodesic   areas without any projection, to hold the others against
"""

from pyproj import network

from ecospace.crs.bring import brought, mended, moving
from ecospace.crs.datums import require_known_shift, shift_tolerance
from ecospace.crs.dense import LONGEST_EDGE_M, METRES_PER_DEGREE, densified
from ecospace.crs.geodesic import geodesic_area
from ecospace.crs.require import require_crs, require_in_place, require_metric, require_same_crs, require_valid
from ecospace.crs.study import StudyCRS
from ecospace.crs.systems import STUDY_NAME, gauss_zone, geographic_of, is_study_crs, plane_beside

__all__ = [
    "LONGEST_EDGE_M", "METRES_PER_DEGREE", "STUDY_NAME", "StudyCRS", "brought", "densified", "gauss_zone",
    "geodesic_area", "geographic_of", "is_study_crs", "mended", "moving", "plane_beside", "require_crs", "require_in_place",
    "require_known_shift", "require_metric", "require_same_crs", "require_valid", "shift_tolerance",
]  # fmt: skip

network.set_network_enabled(False)  # type: ignore[attr-defined]  # pyproj re-exports it without saying so
