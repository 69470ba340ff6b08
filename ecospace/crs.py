"""StudyCRS: the one CRS of a study, and what an area means in it.

All transforms of the package happen here: edges are densified before, coordinates and validity are checked after, and
a datum shift that PROJ does not know, or would silently leave out, is refused.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyproj
import shapely
from pyproj import network
from pyproj.crs import CRS, ProjectedCRS
from pyproj.crs.coordinate_operation import LambertAzimuthalEqualAreaConversion, TransverseMercatorConversion

from ecospace.errors import CRSError, GeometryError
from ecospace.findings import Finding
from ecospace.language import _

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

network.set_network_enabled(False)  # type: ignore[attr-defined]  # pyproj re-exports it without saying so

#: Longest edge, in metres, before a transform: a 50 m edge is 12 micrometres off, a 60 km one 31.8 m (trust.md tA11).
LONGEST_EDGE_M = 50.0
#: Metres in one degree of latitude, never less, so that a limit in degrees is never longer than one in metres.
METRES_PER_DEGREE = 111_700.0
#: How much a repair after a transform may change an area: plain noise, never a shape (trust.md tB22).
REPAIR_NOISE = 1e-6
#: Names of study CRSs begin so; no delivered file may carry one.
STUDY_NAME = "ecospace study CRS"


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
            return cls(_equal_area(geographic, *centre), geographic, "ellipsoid")
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


def is_study_crs(crs: CRS | None) -> bool:
    """Whether a CRS is that of a study, in which nothing may be delivered."""
    return crs is not None and str(CRS.from_user_input(crs).name).startswith(STUDY_NAME)


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


def geodesic_area(geometry: Any, crs: CRS) -> float:
    """The ellipsoidal area, in square metres, of a polygon in any CRS, by geodesics between densified vertices.

    An independent way to the number that the study CRS gives: PROJ's geodesics (Karney 2013) know nothing of the
    equal-area projection.
    """
    geographic = geographic_of(crs)
    dense = densified(np.array([geometry], dtype=object), crs)[0]
    transformer = pyproj.Transformer.from_crs(crs, geographic, always_xy=True)
    degrees = shapely.transform(dense, lambda xy: np.column_stack(transformer.transform(xy[:, 0], xy[:, 1])))
    geod = geographic.get_geod()
    assert geod is not None  # a geographic CRS always has an ellipsoid
    area, _perimeter = geod.geometry_area_perimeter(shapely.orient_polygons(degrees))
    return abs(float(area))


def densified(
    geometries: np.ndarray[Any, Any], crs: CRS, longest_edge_m: float = LONGEST_EDGE_M
) -> np.ndarray[Any, Any]:
    """Geometries whose edges are at most 50 m long in their own CRS; their own vertices stay to the last bit.

    Notes
    -----
    Not `shapely.segmentize`: GEOS repairs by ``buffer(0)``, without a word, what is invalid or becomes so by the rounding of a
    new vertex, and ``buffer(0)`` can lose a lobe.
    """
    unit = METRES_PER_DEGREE if crs.is_geographic else crs.axis_info[0].unit_conversion_factor
    step = longest_edge_m / unit
    out = geometries.copy()
    kinds = shapely.get_type_id(geometries)
    for kind in (1, 3, 5, 6):
        rows = np.flatnonzero((kinds == kind) & ~shapely.is_empty(geometries))
        if len(rows):
            rows = rows[_has_edge_over(geometries[rows], step)]
        if len(rows):
            out[rows] = _with_more_vertices(geometries[rows], step)
    return out


def _has_edge_over(geometries: np.ndarray[Any, Any], step: float) -> np.ndarray[Any, Any]:
    xy, owner = shapely.get_coordinates(geometries, return_index=True)
    long = np.hypot(*np.diff(xy, axis=0).T) > step
    # The step from one geometry to the next is no edge; that from part to part is none either, but costs only time.
    same = owner[1:] == owner[:-1]
    return np.bincount(owner[1:][long & same], minlength=len(geometries)) > 0


def _with_more_vertices(geometries: np.ndarray[Any, Any], step: float) -> np.ndarray[Any, Any]:
    kind, xy, offsets = shapely.to_ragged_array(geometries)
    ends = np.zeros(len(xy), dtype=bool)
    ends[np.asarray(offsets[0][1:]) - 1] = True  # the last vertex of each ring or line starts no edge
    edge = np.zeros_like(xy)
    edge[:-1] = np.diff(xy, axis=0)
    pieces = np.where(ends, 1, np.maximum(np.ceil(np.hypot(edge[:, 0], edge[:, 1]) / step), 1)).astype(np.int64)
    start = np.concatenate([[0], np.cumsum(pieces)])
    along = np.arange(start[-1]) - np.repeat(start[:-1], pieces)
    share = along / np.repeat(pieces, pieces)
    dense = np.repeat(xy, pieces, axis=0) + np.repeat(edge, pieces, axis=0) * share[:, None]
    return np.asarray(shapely.from_ragged_array(kind, dense, (start[np.asarray(offsets[0])], *offsets[1:])))


def brought(frame: GeoDataFrame, target: CRS, *, layer: str = "") -> GeoDataFrame:
    """A layer in another CRS: densified before, checked and made valid after. See `StudyCRS.bring`."""
    require_crs(frame, layer=layer)
    if frame.crs == target:
        return frame
    findings = require_known_shift(frame.crs, target, layer=layer)
    require_in_place(frame, layer=layer)
    flat = shapely.force_2d(frame.geometry.to_numpy())
    require_valid(flat, frame.index, layer)
    dense = densified(flat, frame.crs)
    moved = shapely.transform(dense, _moving(frame.crs, target))
    moved, repaired = _made_valid(moved, frame.index, layer)
    out = frame.set_geometry(_series(moved, frame, target))
    if len(repaired):
        findings = [*findings, Finding(
            "F-GEO-10", "note",
            _("{count} shapes became invalid by the transform and were repaired by structure.").format(
                count=len(repaired)),
            layer=layer, features=tuple(map(str, repaired[:100])), count=len(repaired),
        )]  # fmt: skip
    out.attrs["findings"] = [*frame.attrs.get("findings", []), *findings]
    return out


def _moving(source: CRS, target: CRS) -> Callable[[np.ndarray[Any, Any]], np.ndarray[Any, Any]]:
    """Coordinates from one CRS to another, good to a micrometre both ways."""
    there = pyproj.Transformer.from_crs(source, target, always_xy=True)

    def move(xy: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        return np.column_stack(there.transform(xy[:, 0], xy[:, 1]))

    if not is_study_crs(source):
        return move
    # PROJ's way back from an equal-area projection is 1.6 mm off at 22°N, its way there is exact: one Newton step.
    back = pyproj.Transformer.from_crs(target, source, always_xy=True)

    def corrected(xy: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        first = move(xy)
        return move(2 * xy - np.column_stack(back.transform(first[:, 0], first[:, 1])))

    return corrected


def require_known_shift(source: CRS, target: CRS, *, layer: str = "") -> list[Finding]:
    """Refuse a datum shift that PROJ does not know: it would silently leave the coordinates as they are.

    Returns
    -------
    list of Finding
        A note where a listed datum pair (``standards/datums.toml``) or a shift of known accuracy was used.
    """
    one, other = _datum(source), _datum(target)
    if one == other:
        return []
    pair = _datum_pair(one, other)
    if pair is not None:
        return [Finding(
            "F-CRS-01", "note",
            _("{one} is taken as {other}: they agree within {tolerance} m ({source}).").format(
                one=one, other=other, tolerance=pair["tolerance_m"], source=pair["source"]),
            layer=layer,
        )]  # fmt: skip
    group = pyproj.transformer.TransformerGroup(geographic_of(source), geographic_of(target), always_xy=True)
    known = [operation for operation in group.transformers if operation.accuracy >= 0]
    # EPSG has shifts for Beijing 1954 in six oil fields; elsewhere PROJ falls back on none at all, without a word.
    regional = {one, other} & set(_regional_datums())
    if regional or not known or group.transformers[0].accuracy < 0:
        raise CRSError(
            "E-CRS-03",
            _("the shift from {one} to {other} is unknown; without it the layer may be off by 100 m and more.").format(
                one=one, other=other
            ),
            cure=_("Have it transformed by the surveying office, or give the seven parameters in study.toml: "
                   "helmert = [dx, dy, dz, rx, ry, rz, ppm]."),
            layer=layer,
        )  # fmt: skip
    return [Finding(
        "F-CRS-02", "note",
        _("{one} was shifted to {other} with an accuracy of {accuracy} m.").format(
            one=one, other=other, accuracy=group.transformers[0].accuracy),
        layer=layer,
    )]  # fmt: skip


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


def _made_valid(geometries: np.ndarray[Any, Any], index: Any, layer: str) -> tuple[np.ndarray[Any, Any], list[Any]]:
    finite = (
        np.isfinite(shapely.bounds(geometries)).all(axis=1)
        | shapely.is_empty(geometries)
        | shapely.is_missing(geometries)
    )
    if not finite.all():
        raise CRSError(
            "E-CRS-10",
            _("{count} shapes left the domain of the projection.").format(count=int((~finite).sum())),
            cure=_("Check the coordinate system of the layer: ecospace inspect"),
            layer=layer,
            features=list(index[~finite]),
        )
    wrong = ~shapely.is_valid(geometries) & ~shapely.is_missing(geometries)
    if not wrong.any():
        return geometries, []
    before = geometries[wrong]
    after = shapely.make_valid(before, method="structure", keep_collapsed=False)
    change = np.abs(shapely.area(after) - np.abs(shapely.area(before)))
    broken = change > REPAIR_NOISE * np.maximum(shapely.area(after), 1.0)
    if broken.any():
        raise GeometryError(
            "E-GEO-01",
            _("{count} shapes are invalid and a repair would change their area by up to {change:.6g} m².").format(
                count=int(broken.sum()), change=float(change.max())
            ),
            cure=_("Repair the layer first: read_layer does it and says what it did."),
            layer=layer,
            features=list(index[wrong][broken]),
        )
    out = geometries.copy()
    out[wrong] = after
    return out, list(index[wrong])


def _series(geometries: np.ndarray[Any, Any], frame: GeoDataFrame, crs: CRS) -> Any:
    from geopandas import GeoSeries

    return GeoSeries(geometries, index=frame.index, crs=crs, name=frame.geometry.name)


def _equal_area(geographic: CRS, longitude: float, latitude: float) -> CRS:
    return ProjectedCRS(
        LambertAzimuthalEqualAreaConversion(latitude, longitude),
        name=f"{STUDY_NAME} (LAEA {longitude:.1f}E {latitude:.1f}N, {geographic.name})",
        geodetic_crs=geographic,
    )


def _datum(crs: CRS) -> str:
    datum = geographic_of(crs).datum
    # Shapefiles name datums the Esri way: D_China_2000.
    return datum.name.removeprefix("D_").replace("_", " ") if datum is not None else "unknown"


@lru_cache(maxsize=1)
def _datum_table() -> dict[str, Any]:
    return tomllib.loads((Path(__file__).parent / "standards" / "datums.toml").read_text(encoding="utf-8"))


def _datum_pairs() -> list[dict[str, Any]]:
    return list(_datum_table()["pair"])


def _regional_datums() -> list[str]:
    return list(_datum_table()["regional"]["datums"])


def _datum_pair(one: str, other: str) -> dict[str, Any] | None:
    for pair in _datum_pairs():
        left, right = set(pair["one"]), set(pair["other"])
        if (one in left and other in right) or (one in right and other in left):
            return pair
    return None


def shift_tolerance(source: CRS, target: CRS) -> float:
    """Metres within which two datums are taken for one another by ``standards/datums.toml``; 0.0 for the same datum.

    >>> shift_tolerance(CRS.from_epsg(4326), CRS.from_epsg(4547)), shift_tolerance(CRS.from_epsg(4490), CRS.from_epsg(4526))
    (1.0, 0.0)
    """
    pair = _datum_pair(_datum(source), _datum(target))
    return float(pair["tolerance_m"]) if pair is not None else 0.0
