"""StudyCRS: the one CRS of a study, and what an area means in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pyproj.crs import CRS

from ecospace.crs.bring import brought
from ecospace.crs.require import require_crs
from ecospace.crs.systems import equal_area, gauss_zone, geographic_of
from ecospace.errors import CRSError
from ecospace.language import _

if TYPE_CHECKING:
    from geopandas import GeoDataFrame


@dataclass(frozen=True)
class StudyCRS:
    """The CRS in which a study measures (统一坐标系).

    Parameters
    ----------
    crs : pyproj.CRS
        Projected, metres. With method ``"ellipsoid"`` a Lambert azimuthal equal-area projection, in which a plane area
        is the ellipsoidal area (国土调查办发〔2008〕32号) and distances within a city are right to about 1e-5.
    geographic : pyproj.CRS
        The geographic CRS that it stands on: that of the boundary layer.
    method : str
        ``"ellipsoid"`` (椭球面积) or ``"plane"`` (投影平面面积).
    """

    crs: CRS
    geographic: CRS
    method: str

    @classmethod
    def for_boundary(cls, boundary: GeoDataFrame, area: str = "ellipsoid") -> StudyCRS:
        """The study CRS of a boundary.

        Parameters
        ----------
        boundary : GeoDataFrame
            The study area, in any CRS with a datum.
        area : str
            ``"ellipsoid"``; ``"plane:114"``, the CGCS2000 3-degree zone with central meridian 114°E; or
            ``"plane:EPSG:3826"``.

        Raises
        ------
        CRSError
            The boundary has no CRS (E-CRS-01), or `area` is not understood (E-CRS-06).
        """
        require_crs(boundary, layer="boundary")
        geographic = geographic_of(boundary.crs)
        if area == "ellipsoid":
            west, south, east, north = brought(boundary, geographic, layer="boundary").total_bounds
            centre = (round((west + east) / 2, 1), round((south + north) / 2, 1))
            return cls(equal_area(geographic, *centre), geographic, "ellipsoid")
        kind, _colon, name = area.partition(":")
        if kind == "plane" and name:
            crs = gauss_zone(float(name)) if name.replace(".", "").isdigit() else CRS.from_user_input(name)
            if crs.is_projected:
                return cls(crs, geographic_of(crs), "plane")
        raise CRSError(
            "E-CRS-06",
            _("the area method {area!r} is not understood, so no area can be computed.").format(area=area),
            cure=_('Write area = "ellipsoid", "plane:114" (central meridian) or "plane:EPSG:4526" into study.toml.'),
        )

    def bring(self, frame: GeoDataFrame, *, layer: str = "") -> GeoDataFrame:
        """A layer in the study CRS.

        Parameters
        ----------
        frame : GeoDataFrame
            In any CRS whose datum has a known relation to the study's.
        layer : str
            Its name in messages.

        Returns
        -------
        GeoDataFrame
            The same rows and index; geometry 2-D, finite and valid. ``attrs["findings"]`` says what was done.

        Raises
        ------
        CRSError
            No CRS (E-CRS-01), an unknown datum shift (E-CRS-03), coordinates outside their CRS (E-CRS-04).
        GeometryError
            A shape that the transform broke beyond noise (E-GEO-01).
        """
        return brought(frame, self.crs, layer=layer)

    def describe(self) -> str:
        """The area method in one sentence, to be printed under every table."""
        if self.method == "ellipsoid":
            name = "CGCS2000" if self.geographic.to_epsg() == 4490 else self.geographic.name
            return _("ellipsoidal area on {datum}").format(datum=name)
        return _("plane area in {crs}").format(crs=self.crs.name)

    def as_dict(self) -> dict[str, Any]:
        """For the manifest."""
        return {"method": self.method, "name": self.crs.name, "geographic": self.geographic.to_string(),
                "wkt": self.crs.to_wkt()}  # fmt: skip
