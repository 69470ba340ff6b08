"""Coordinate systems by name: the datum under one, the zones of China, the equal-area one that a study stands on."""

from __future__ import annotations

import math

from pyproj.crs import CRS, ProjectedCRS
from pyproj.crs.coordinate_operation import LambertAzimuthalEqualAreaConversion, TransverseMercatorConversion

from ecospace.errors import CRSError
from ecospace.language import _

#: Names of study CRSs begin so; no delivered file may carry one.
STUDY_NAME = "ecospace study CRS"


def geographic_of(crs: CRS) -> CRS:
    """The 2-D geographic CRS under a CRS."""
    geodetic = CRS.from_user_input(crs).geodetic_crs
    if geodetic is None:
        raise CRSError(
            "E-CRS-07",
            _("the coordinate system {crs} stands on no datum (a local or engineering system).").format(crs=crs.name),
            cure=_("Ask the surveyor for the data in CGCS2000."),
        )
    return geodetic.to_2d()


def gauss_zone(central_meridian: float, *, prefixed: bool = False) -> CRS:
    """The CGCS2000 3-degree Gauss–Krüger zone of a central meridian (国家大地坐标系 3度带).

    >>> gauss_zone(114).to_epsg(), gauss_zone(114, prefixed=True).to_epsg()
    (4547, 4526)
    """
    zone = central_meridian / 3
    if zone != int(zone) or not 25 <= zone <= 45:
        raise CRSError(
            "E-CRS-08",
            _("{degrees}° is not the central meridian of a 3-degree zone of China (75° to 135°, every 3°).").format(
                degrees=central_meridian
            ),
            cure=_("For 113.3°E write 114, for example."),
        )
    return CRS.from_epsg(4488 + int(zone) if prefixed else 4534 + int(zone) - 25)


def plane_beside(geographic: CRS, longitude: float) -> CRS:
    """The plane in which areas are printed beside the ellipsoidal ones: the 3-degree zone of a longitude."""
    central_meridian = 3 * math.floor(longitude / 3 + 0.5)
    if geographic.to_epsg() == 4490 and 75 <= central_meridian <= 135:
        return gauss_zone(central_meridian)
    return ProjectedCRS(
        TransverseMercatorConversion(longitude_natural_origin=central_meridian, false_easting=500_000),
        name=f"{geographic.name} / 3-degree Gauss-Kruger CM {central_meridian}E",
        geodetic_crs=geographic,
    )


def equal_area(geographic: CRS, longitude: float, latitude: float) -> CRS:
    """The equal-area projection of a study (兰伯特等积方位投影) with its centre there."""
    return ProjectedCRS(
        LambertAzimuthalEqualAreaConversion(latitude, longitude),
        name=f"{STUDY_NAME} (LAEA {longitude:.1f}E {latitude:.1f}N, {geographic.name})",
        geodetic_crs=geographic,
    )


def is_study_crs(crs: CRS | None) -> bool:
    """Whether a CRS is that of a study, in which nothing may be delivered."""
    return crs is not None and str(CRS.from_user_input(crs).name).startswith(STUDY_NAME)
