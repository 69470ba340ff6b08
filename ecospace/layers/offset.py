"""Layers drawn on an online map: the offset of GCJ-02 and BD-09, found against a reference boundary (坐标偏移识别).

One layer does not show it: areas stay right to 0.1 %, only the place is 300 to 1400 m off, and a site beside a red line
comes out on the wrong side (trust.md tA07). Against a boundary that is known it shows. It is never corrected here: the
true coordinates are with whoever made the layer.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from ecospace.crs import StudyCRS, geographic_of, moving
from ecospace.findings import Finding
from ecospace.language import _
from ecospace.layers.zones import offset_constants

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

#: Overlap from which two layers are taken for outlines of the same ground, so that one can be laid onto the other.
SAME_GROUND = 0.5
#: How near, as a share of the map's offset, a measured shift must come to it to be put down to it.
NEAR = 0.35
#: Share of a layer outside the boundary that is worth a question, and how much of it the map's offset has to explain.
OUTSIDE, EXPLAINED = 0.002, 0.75


@dataclass(frozen=True)
class Offset:
    """How a layer lies to a reference.

    Parameters
    ----------
    system : str
        ``"GCJ-02"``, ``"BD-09"``, or empty where the layer is not shifted as by an online map.
    distance_m : float
        Measured distance from the reference to the layer, in metres; NaN where it could not be measured.
    east_m, north_m : float
        Its components.
    overlap : float
        Intersection over union as the layer lies, 0 to 1.
    overlap_moved : float
        The same with the layer moved back by the offset.
    expected_m : float
        Offset of the online map at this place.
    finding : Finding or None
        Of level ``"error"`` where the layer is suspected.
    """

    system: str
    distance_m: float
    east_m: float
    north_m: float
    overlap: float
    overlap_moved: float
    expected_m: float
    finding: Finding | None = None


def gcj02(longitude: Any, latitude: Any) -> tuple[Any, Any]:
    """Where an online map draws a point of WGS 84 (火星坐标).

    >>> lon, lat = gcj02(112.238917, 22.417291)
    >>> round(float(lon), 4), round(float(lat), 4)
    (112.244, 22.4144)
    """
    constants = offset_constants()
    a, ee = constants["a"], constants["ee"]
    x, y = np.asarray(longitude) - 105.0, np.asarray(latitude) - 35.0
    waves = (20 * np.sin(6 * x * np.pi) + 20 * np.sin(2 * x * np.pi)) * 2 / 3
    d_lat = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * np.sqrt(np.abs(x)) + waves
    d_lat = d_lat + (20 * np.sin(y * np.pi) + 40 * np.sin(y / 3 * np.pi)) * 2 / 3
    d_lat = d_lat + (160 * np.sin(y / 12 * np.pi) + 320 * np.sin(y * np.pi / 30)) * 2 / 3
    d_lon = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * np.sqrt(np.abs(x)) + waves
    d_lon = d_lon + (20 * np.sin(x * np.pi) + 40 * np.sin(x / 3 * np.pi)) * 2 / 3
    d_lon = d_lon + (150 * np.sin(x / 12 * np.pi) + 300 * np.sin(x / 30 * np.pi)) * 2 / 3
    radians = np.radians(latitude)
    magic = 1 - ee * np.sin(radians) ** 2
    d_lat = np.degrees(d_lat / (a * (1 - ee) / (magic * np.sqrt(magic))))
    d_lon = np.degrees(d_lon / (a / np.sqrt(magic) * np.cos(radians)))
    return longitude + d_lon, latitude + d_lat


def bd09(longitude: Any, latitude: Any) -> tuple[Any, Any]:
    """Where Baidu draws a point of WGS 84 (百度坐标)."""
    constants = offset_constants()
    x, y = gcj02(longitude, latitude)
    step = np.pi * 3000 / 180
    radius = np.hypot(x, y) + 0.00002 * np.sin(y * step)
    angle = np.arctan2(y, x) + 0.000003 * np.cos(x * step)
    return (
        radius * np.cos(angle) + constants["bd_longitude"],
        radius * np.sin(angle) + constants["bd_latitude"],
    )


MAPS = {"GCJ-02": gcj02, "BD-09": bd09}


def find_offset(frame: GeoDataFrame, reference: GeoDataFrame, *, layer: str = "") -> Offset:
    """Compare where a layer lies with a reference boundary.

    Parameters
    ----------
    frame : GeoDataFrame
        Polygons that outline the same ground as the reference (towns, a city boundary) or lie inside it (a red line).
    reference : GeoDataFrame
        The boundary, known to be in its CRS (天地图, the survey's own).
    layer : str
        Its name in the finding.

    Returns
    -------
    Offset

    Raises
    ------
    CRSError
        A layer without CRS, or with an unknown shift between the two.

    Notes
    -----
    Outlines of the same ground are laid onto one another by the shift with the greatest overlap; its vector is compared
    with that of the maps. A layer inside the boundary is suspected where the inverse of a map's offset brings what
    lies outside back in.
    """
    study = StudyCRS.for_boundary(reference)
    ground = shapely.union_all(study.bring(reference, layer="reference").geometry.to_numpy())
    shape = shapely.union_all(study.bring(frame, layer=layer).geometry.to_numpy())
    centre = _in_degrees(study, np.array([[ground.centroid.x, ground.centroid.y]]))[0]
    vectors = {name: _vector(study, centre, shifted) for name, shifted in MAPS.items()}
    overlap = _overlap(shape, ground)
    if overlap < SAME_GROUND:
        return _by_outside(shape, ground, vectors, overlap, layer)
    east, north = _best_shift(shape, ground, [(0.0, 0.0), *vectors.values()])
    distance = math.hypot(east, north)
    moved = _overlap(shapely.transform(shape, lambda points: points - (east, north)), ground)
    for name, (map_east, map_north) in vectors.items():
        expected = math.hypot(map_east, map_north)
        if math.hypot(east - map_east, north - map_north) <= NEAR * expected:
            text = _(
                "the layer lies {distance:.0f} m to the {bearing} of the reference boundary, as {map} would at this place "
                "({expected:.0f} m); moved back its overlap rises from {overlap:.1%} to {moved:.1%}."
            ).format(
                distance=distance,
                bearing=_bearing(east, north),
                map=name,
                expected=expected,
                overlap=overlap,
                moved=moved,
            )
            return Offset(name, distance, east, north, overlap, moved, expected, _finding(text, layer))
    return Offset("", distance, east, north, overlap, moved, math.nan)


def _by_outside(shape: Any, ground: Any, vectors: dict[str, tuple[float, float]], overlap: float, layer: str) -> Offset:
    """Judge a layer that lies inside the boundary by what reaches out of it."""
    outside = shape.difference(ground).area / shape.area
    for name, (east, north) in vectors.items():
        back = shapely.transform(shape, lambda points, by=(east, north): points - by)
        after = back.difference(ground).area / shape.area
        if outside > OUTSIDE and after < (1 - EXPLAINED) * outside and outside < 1:
            distance = math.hypot(east, north)
            text = _(
                "{outside:.2%} of the layer lie outside the reference boundary; moved back by the offset of {map} at this "
                "place ({expected:.0f} m) only {after:.2%} would."
            ).format(outside=outside, map=name, expected=distance, after=after)
            return Offset(name, math.nan, east, north, overlap, math.nan, distance, _finding(text, layer))
    return Offset("", math.nan, 0.0, 0.0, overlap, math.nan, math.nan)


def _finding(text: str, layer: str) -> Finding:
    cure = _("Ask for the coordinates of the survey; a layer taken from an online map is not corrected here.")
    return Finding("E-CRS-37", "error", text, cure, layer=layer)


def _best_shift(shape: Any, ground: Any, starts: list[tuple[float, float]]) -> tuple[float, float]:
    """The shift, in metres, by which a shape lies off the ground it overlaps best."""
    from scipy.optimize import minimize

    # Five metres is far below any offset and makes the search ten times faster.
    shape, ground = (shapely.make_valid(shapely.simplify(one, 5.0), method="structure") for one in (shape, ground))

    def miss(shift: Any) -> float:
        return 1 - _overlap(shapely.transform(shape, lambda points: points - shift), ground)

    first = min(starts, key=miss)
    found = minimize(
        miss, first, method="Nelder-Mead", options={"initial_simplex": _simplex(first), "xatol": 0.5, "fatol": 1e-7}
    )
    return float(found.x[0]), float(found.x[1])


def _simplex(first: tuple[float, float]) -> list[tuple[float, float]]:
    return [first, (first[0] + 100, first[1]), (first[0], first[1] + 100)]


def _overlap(one: Any, other: Any) -> float:
    common = one.intersection(other).area
    return float(common / (one.area + other.area - common))


def _in_degrees(study: StudyCRS, points: Any) -> Any:
    return moving(study.crs, geographic_of(study.crs))(points)


def _vector(study: StudyCRS, centre: Any, shifted: Any) -> tuple[float, float]:
    """The offset of a map at a place, in metres east and north."""
    geod = geographic_of(study.crs).get_geod()
    assert geod is not None  # every geographic CRS has an ellipsoid
    lon, lat = shifted(*centre)
    azimuth, _back, distance = geod.inv(centre[0], centre[1], float(lon), float(lat))
    return distance * math.sin(math.radians(azimuth)), distance * math.cos(math.radians(azimuth))


def _bearing(east: float, north: float) -> str:
    names = [
        _("north"),
        _("north-east"),
        _("east"),
        _("south-east"),
        _("south"),
        _("south-west"),
        _("west"),
        _("north-west"),
    ]
    return names[round(math.degrees(math.atan2(east, north)) / 45) % 8]
