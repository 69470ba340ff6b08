"""The area of a study by every method that matters, side by side: a number in hectares means nothing without its method."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely

from ecospace.crs import StudyCRS, brought, plane_beside
from ecospace.findings import Finding
from ecospace.language import _
from ecospace.layers.contract import area_unit, unit_label

#: How far the official area may be from the computed one, relative, before the boundary is suspected of being another.
OFFICIAL_SLACK = 0.01


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

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What does not fit between the official and the computed area; an error where the number is in another unit."""
        if self.official_m2 is None or abs(self.official_m2 / self.area_m2 - 1) <= OFFICIAL_SLACK:
            return ()
        stated = self.official_m2 / 1e6
        unit = area_unit(np.array([stated]), np.array([self.area_m2]))
        if unit not in (None, "km2"):
            return (Finding(
                "E-DATA-18", "error",
                _("official_area_km2 = {stated:g} is {times:.4g} times the area of the boundary ({area:.4f} km²): it is that "
                  "area in {unit}. No share by it is given.").format(
                    stated=stated, times=self.official_m2 / self.area_m2, area=self.area_m2 / 1e6, unit=unit_label(str(unit))),
                cure=_("Write square kilometres: official_area_km2 = {area:.2f}").format(area=self.area_m2 / 1e6),
            ),)  # fmt: skip
        return (Finding(
            "F-DATA-47", "warning",
            _("official_area_km2 = {stated:g} differs by {share:+.1%} from the area of the boundary ({area:.4f} km²): one of the "
              "two is of another place or date.").format(
                stated=stated, share=self.official_m2 / self.area_m2 - 1, area=self.area_m2 / 1e6),
            cure=_("Compare the boundary file with the document that states the area, before a share is printed."),
        ),)  # fmt: skip


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
