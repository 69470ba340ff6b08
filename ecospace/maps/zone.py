"""The plane of a figure: a CGCS2000 3-degree Gauss–Krüger zone, chosen from the study area and printed on the sheet.

Never the study CRS: a reader of the sheet must be able to find a coordinate of it with any surveying tool.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyproj
import shapely
from pyproj.crs import CRS

from ecospace.crs import brought, gauss_zone, geographic_of, plane_beside, require_crs
from ecospace.errors import MapError
from ecospace.language import _

if TYPE_CHECKING:
    import geopandas as gpd


@dataclass(frozen=True)
class DrawingZone:
    """The plane that a figure is drawn in (投影带).

    Parameters
    ----------
    crs : pyproj.CRS
        Transverse Mercator, metres, easting 500 000 at the central meridian, no zone prefix in the numbers.
    central_meridian : int
        Degrees east.
    number : int or None
        Number of the 3-degree zone of CGCS2000, 25 to 45; None outside China.
    """

    crs: CRS
    central_meridian: int
    number: int | None

    def describe(self) -> str:
        """Datum and projection in one line, for the sheet."""
        if self.number is not None:
            text = _("CGCS2000, Gauss–Krüger 3-degree zone {number}, central meridian {meridian}°E")
            return text.format(number=self.number, meridian=self.central_meridian)
        hemisphere = "E" if self.central_meridian >= 0 else "W"
        text = _("{datum}, transverse Mercator, central meridian {meridian}°{hemisphere}")
        return text.format(
            datum=geographic_of(self.crs).name, meridian=abs(self.central_meridian), hemisphere=hemisphere
        )

    def convergence_deg(self, easting_m: float, northing_m: float) -> float:
        """The angle from true north to grid north, degrees, clockwise positive (子午线收敛角)."""
        longitude, latitude = self.to_degrees.transform(easting_m, northing_m)
        east, north = self.from_degrees.transform([longitude, longitude], [latitude, latitude + 1e-4])
        return math.degrees(math.atan2(-(east[1] - east[0]), north[1] - north[0]))

    @property
    def to_degrees(self) -> pyproj.Transformer:
        """From easting, northing to longitude, latitude."""
        return pyproj.Transformer.from_crs(self.crs, geographic_of(self.crs), always_xy=True)

    @property
    def from_degrees(self) -> pyproj.Transformer:
        """From longitude, latitude to easting, northing."""
        return pyproj.Transformer.from_crs(geographic_of(self.crs), self.crs, always_xy=True)


def drawing_zone(boundary: gpd.GeoDataFrame, zone: int | None = None) -> DrawingZone:
    """The 3-degree zone in which a study area is drawn.

    Parameters
    ----------
    boundary : GeoDataFrame
        The study area in any CRS.
    zone : int, optional
        Its number (25 to 45) or its central meridian (75 to 135); default: the zone of the centre of the area, so that
        an area across two zones is distorted least.

    Returns
    -------
    DrawingZone
        In CGCS2000 where the area lies in China, or the like on the area's own datum elsewhere.

    Raises
    ------
    CRSError
        E-CRS-01 where the boundary has no CRS.
    MapError
        E-MAP-31 where `zone` is no 3-degree zone, or more than one zone away from the area.
    """
    require_crs(boundary)
    geographic = geographic_of(boundary.crs)
    west, south, east, north = brought(boundary, geographic).total_bounds
    longitude, latitude = (west + east) / 2, (south + north) / 2
    meridian = 3 * math.floor(longitude / 3 + 0.5)
    # 4490 and the datums known to agree with it: the rest of the world has no CGCS2000 plane.
    chinese = 73 <= longitude <= 136 and 3 <= latitude <= 54
    if zone is not None:
        chosen = zone if 75 <= zone <= 135 else zone * 3
        if not (chosen % 3 == 0 and 75 <= chosen <= 135 and abs(chosen - longitude) <= 4.5):
            text = _("Zone {zone} does not hold the study area at {longitude:.2f}°E.").format(
                zone=zone, longitude=longitude
            )
            raise MapError("E-MAP-31", text, cure=_("Leave it out, or give zone={zone}.").format(zone=meridian // 3))
        meridian = chosen
    if chinese or zone is not None:
        return DrawingZone(gauss_zone(meridian), meridian, meridian // 3)
    return DrawingZone(plane_beside(geographic, longitude), meridian, None)


def drawn(frame: gpd.GeoDataFrame, zone: DrawingZone, denominator: int) -> gpd.GeoDataFrame:
    """A layer in the plane of the figure, without the detail that paper cannot show.

    Parameters
    ----------
    frame : GeoDataFrame
        In any CRS.
    zone : DrawingZone
        The plane.
    denominator : int
        Of the scale: vertices nearer than 0.01 mm on paper to the line without them are left out.
    """
    plane = brought(frame, zone.crs)
    tolerance_m = 1e-5 * denominator
    geometry = shapely.simplify(plane.geometry.to_numpy(), tolerance_m, preserve_topology=True)
    return plane.set_geometry(plane.geometry.__class__(geometry, index=plane.index, crs=zone.crs))


def within(frame: gpd.GeoDataFrame, bounds: tuple[float, float, float, float]) -> gpd.GeoDataFrame:
    """The parts of the features that lie inside a rectangle of the plane; features wholly outside go."""
    boxes = frame.geometry.bounds.to_numpy()
    west, south, east, north = bounds
    meets = (boxes[:, 0] <= east) & (boxes[:, 2] >= west) & (boxes[:, 1] <= north) & (boxes[:, 3] >= south)
    inside = (boxes[:, 0] >= west) & (boxes[:, 2] <= east) & (boxes[:, 1] >= south) & (boxes[:, 3] <= north)
    kept = frame[np.nan_to_num(meets)]
    geometry = kept.geometry.to_numpy().copy()
    cross = ~inside[np.nan_to_num(meets)]
    geometry[cross] = shapely.intersection(
        shapely.make_valid(geometry[cross], method="structure", keep_collapsed=False), shapely.box(*bounds)
    )
    out = kept.set_geometry(kept.geometry.__class__(geometry, index=kept.index, crs=frame.crs))
    return out[~out.geometry.is_empty]
