"""What coordinates must be before anything is measured in them; each refusal says what to type."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyproj
import shapely

from ecospace.crs.systems import geographic_of
from ecospace.errors import CRSError, GeometryError
from ecospace.language import _

if TYPE_CHECKING:
    from geopandas import GeoDataFrame


def require_crs(frame: GeoDataFrame, *, layer: str = "") -> None:
    """Refuse a layer without a CRS: one is never assumed (trust.md tA01)."""
    if frame.crs is None:
        raise CRSError(
            "E-CRS-01",
            _("the layer says no coordinate system, so neither its place nor its area is known."),
            cure=_('Give it in study.toml: crs = "EPSG:4490" (or the code the data was made in).'),
            layer=layer,
        )


def require_same_crs(*frames: GeoDataFrame) -> None:
    """Refuse layers in different CRSs: they would be overlaid in the wrong place, or not meet at all.

    Raises
    ------
    CRSError
        E-CRS-01 without a CRS, E-CRS-02 where two differ, E-CRS-05 where the CRS is not in metres.
    """
    for frame in frames:
        require_crs(frame)
        require_metric(frame)
        if frame.crs != frames[0].crs:
            raise CRSError(
                "E-CRS-02",
                _("one layer is in {one}, another in {other}: overlaid so, they would not meet where they do.").format(
                    one=frames[0].crs.name, other=frame.crs.name
                ),
                cure=_("Bring it into the study CRS first: study.crs.bring(layer)"),
            )


def require_metric(frame: GeoDataFrame) -> None:
    """Refuse to measure in degrees or in Web Mercator (trust.md tA09, tA10)."""
    crs = frame.crs
    pseudo_mercator = "Popular Visualisation" in str(crs.coordinate_operation.method_name if crs.is_projected else "")
    if not crs.is_projected or pseudo_mercator or crs.axis_info[0].unit_conversion_factor != 1.0:
        raise CRSError(
            "E-CRS-05",
            _("the layer is in {crs}, in which areas and distances are not metres on the ground.").format(crs=crs.name),
            cure=_("Bring it into the study CRS first: study.crs.bring(layer)"),
        )


def require_in_place(frame: GeoDataFrame, *, layer: str = "") -> None:
    """Refuse coordinates that cannot belong to the CRS that they are said to be in (trust.md tA02 … tA06, tA12)."""
    bounds = frame.geometry.bounds.to_numpy()
    unfinite = (
        ~np.isfinite(bounds).all(axis=1) & ~frame.geometry.is_empty.to_numpy() & ~frame.geometry.isna().to_numpy()
    )
    if unfinite.any():
        raise CRSError(
            "E-CRS-09",
            _("{count} shapes have coordinates that are not numbers.").format(count=int(unfinite.sum())),
            cure=_("Remove them in the source, or have the file exported anew."),
            layer=layer,
            features=list(frame.index[unfinite]),
        )
    west, south, east, north = frame.total_bounds
    if not np.isfinite([west, south, east, north]).all():
        return
    use = frame.crs.area_of_use
    degrees = pyproj.Transformer.from_crs(frame.crs, geographic_of(frame.crs), always_xy=True)
    lon, lat = degrees.transform([west, west, east, east], [south, north, south, north])
    fits = np.isfinite(lon).all() and np.isfinite(lat).all() and np.abs(lon).max() <= 180 and np.abs(lat).max() <= 90
    if fits and use is not None:
        # Degrees: layers cross the edge of a zone, a wrong zone is 3 degrees off; EPSG's China leaves out its southern islands.
        slack = 15.0 if frame.crs.is_geographic else 3.0
        fits = (use.west - slack <= min(lon) and max(lon) <= use.east + slack) or use.west > use.east
        fits = fits and use.south - slack <= min(lat) and max(lat) <= use.north + slack
    if not fits:
        raise CRSError(
            "E-CRS-04",
            _("the coordinates ({west:.6g}, {south:.6g}) to ({east:.6g}, {north:.6g}) cannot be in {crs}.").format(
                west=west, south=south, east=east, north=north, crs=frame.crs.name
            ),
            cure=_(
                "Look at `ecospace inspect` for the system that the numbers fit, and give it as crs = … in study.toml."
            ),
            layer=layer,
        )


def require_valid(geometries: np.ndarray[Any, Any], index: Any, layer: str = "") -> None:
    """Refuse invalid shapes: an area, an overlay or a transform of them is a matter of chance (trust.md tB01 … tB05)."""
    wrong = ~shapely.is_valid(geometries) & ~shapely.is_missing(geometries)
    if wrong.any():
        raise GeometryError(
            "E-GEO-02",
            _("{count} shapes are invalid ({reason}), so their area has no one meaning.").format(
                count=int(wrong.sum()), reason=str(shapely.is_valid_reason(geometries[wrong][0])).split("[")[0]
            ),
            cure=_("Repair the layer first: read_layer does it and says what it did."),
            layer=layer,
            features=list(index[wrong]),
        )
