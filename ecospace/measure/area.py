"""The area of a study by every method that matters, side by side: a number in hectares means nothing without its method."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import shapely

from ecospace.crs import StudyCRS, brought, plane_beside


@dataclass(frozen=True)
class AreaStatement:
    """Computed, plane and official area (国土面积).

    Attributes
    ----------
    method : str
        ``"ellipsoid"`` or ``"plane"``: how `area_m2` was computed.
    area_m2 : float
        By the study's method.
    plane_m2 : float
        In the plane of the 3-degree zone, named `plane`.
    official_m2 : float or None
        As a document says.
    """

    method: str
    area_m2: float
    plane_m2: float
    plane: str
    official_m2: float | None = None

    @property
    def plane_ppm(self) -> float:
        """Plane area less computed, millionths of the computed."""
        return (self.plane_m2 / self.area_m2 - 1) * 1e6

    @property
    def official_ppm(self) -> float | None:
        """Official area less computed, millionths of the computed."""
        return None if self.official_m2 is None else (self.official_m2 / self.area_m2 - 1) * 1e6


def state_area(boundary: gpd.GeoDataFrame, crs: StudyCRS, official_m2: float | None = None) -> AreaStatement:
    """The area of a boundary in the study CRS, with the plane and the official area beside it.

    Parameters
    ----------
    boundary : GeoDataFrame
        In the study CRS.
    crs : StudyCRS
    official_m2 : float, optional
        Square metres.
    """
    degrees = brought(boundary, crs.geographic)
    west, _south, east, _north = degrees.total_bounds
    if crs.method == "ellipsoid":
        plane = plane_beside(crs.geographic, (west + east) / 2)
        other = brought(boundary, plane).geometry.area.sum()
        return AreaStatement(crs.method, float(boundary.geometry.area.sum()), float(other), plane.name, official_m2)
    # A study in the plane has the ellipsoidal area as its other one.
    ellipsoid = StudyCRS.for_boundary(degrees)
    area = float(boundary.geometry.area.sum())
    beside = float(shapely.area(ellipsoid.bring(degrees).geometry.to_numpy()).sum())
    return AreaStatement(crs.method, area, beside, ellipsoid.describe(), official_m2)
