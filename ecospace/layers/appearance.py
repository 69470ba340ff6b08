"""What coordinates look like from their size alone, and where on the earth they would lie in a CRS."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from pyproj import CRS, Transformer

from ecospace.errors import ReadError
from ecospace.layers.formats.numbers import unpack_dms
from ecospace.layers.zones import ranges

#: West, south, east, north.
Box = tuple[float, float, float, float]
Kind = Literal["degrees", "packed", "prefixed", "plain", "mercator", "other", "nothing"]

#: Degrees by which a layer may miss the place and still be said to meet it: 1 km, more than any datum shift.
MARGIN = 0.01
#: A code far from its own area of use by more degrees than this is the wrong code; real layers cross a zone's edge.
SLACK = 3.0


@dataclass(frozen=True)
class Reading:
    """What the numbers themselves say.

    Parameters
    ----------
    kind : str
        degrees; packed (ddd.mmss); prefixed or plain Gauss–Krüger metres; mercator; other; nothing (no finite number).
    swapped : bool
        Whether north stands where east should.
    zones : tuple of int
        The zone numbers in front of the eastings, for kind ``"prefixed"``.
    """

    kind: Kind
    swapped: bool = False
    zones: tuple[int, ...] = ()


def read_numbers(points: np.ndarray[Any, Any], *, packed: bool = True) -> Reading:
    """What coordinates look like, from their size alone; `packed`: whether degrees may be ddd.mmss.

    >>> read_numbers(np.array([[2560000.0, 38460000.0]]))
    Reading(kind='prefixed', swapped=True, zones=(38,))
    """
    finite = _finite(points)
    if not len(finite):
        return Reading("nothing")
    west, south, east, north = bounds_of(finite)
    kind, zones = _kind((west, south, east, north), finite[:, 0])
    swapped = False
    if kind == "other":
        turned, turned_zones = _kind((south, west, north, east), finite[:, 1])
        if turned not in ("other", "mercator"):
            kind, zones, swapped = turned, turned_zones, True
    if kind == "degrees" and packed and _looks_packed(finite):
        kind = "packed"
    return Reading(kind, swapped, zones)


def _finite(points: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    finite = np.isfinite(points)
    return points if finite.all() else points[finite.all(axis=1)]


def _kind(box: Box, eastings: np.ndarray[Any, Any]) -> tuple[Kind, tuple[int, ...]]:
    west, south, east, north = box
    within = ranges()

    def inside(low: float, high: float, name: str) -> bool:
        return within[name][0] <= low and high <= within[name][1]

    if inside(west, east, "longitude") and inside(south, north, "latitude"):
        return "degrees", ()
    if max(abs(west), abs(east)) <= 180 and max(abs(south), abs(north)) <= 90:
        # Outside China: degrees, unless they are China's with the axes exchanged.
        exchanged = inside(south, north, "longitude") and inside(west, east, "latitude")
        return ("other" if exchanged else "degrees"), ()
    if inside(south, north, "northing_m"):
        zones = _prefixes(west, east, eastings)
        if zones:
            return "prefixed", zones
        if inside(west, east, "easting_m"):
            return "plain", ()
    if inside(west, east, "mercator_x_m") and inside(south, north, "mercator_y_m"):
        return "mercator", ()
    return "other", ()


def _prefixes(west: float, east: float, eastings: np.ndarray[Any, Any]) -> tuple[int, ...]:
    """The zone numbers in front of eastings; none where a number has no zone or lies outside its zone."""
    ends = np.array([west, east])
    if west // 1e6 != east // 1e6:
        ends = np.unique(eastings)
    zones = ends // 1e6
    known = ((zones >= 13) & (zones <= 23)) | ((zones >= 25) & (zones <= 45))
    low, high = ranges()["easting_m"]
    rest = ends - zones * 1e6
    if not known.all() or rest.min() < low or rest.max() > high:
        return ()
    return tuple(int(zone) for zone in np.unique(zones))


def _looks_packed(points: np.ndarray[Any, Any]) -> bool:
    """Whether every number can be ddd.mmss and is written no finer than ddd.mmssss."""
    values = np.unique(points[:, :2])
    if len(values) < 4 or len(values) > 2000:
        return False
    if not np.allclose(values, values.round(6), rtol=0, atol=1e-9) or np.allclose(values, values.round(2)):
        return False
    try:
        for value in values:
            unpack_dms(float(value))
    except ReadError:
        return False
    return True


def points_of(coordinates: Any) -> np.ndarray[Any, Any]:
    """Bounds, or an array of shape (n, 2) or (n, 3), as an array of shape (n, 2)."""
    array = np.asarray(coordinates, dtype=float)
    if array.shape == (4,):
        return array.reshape(2, 2)
    return array.reshape(-1, array.shape[-1])[:, :2] if array.size else np.empty((0, 2))


def bounds_of(points: np.ndarray[Any, Any]) -> Box:
    """West, south, east and north of the points that are numbers."""
    finite = _finite(points)
    # Column by column: numpy is four times slower along the rows of a narrow array.
    x, y = finite[:, 0], finite[:, 1]
    return float(x.min()), float(y.min()), float(x.max()), float(y.max())


def box_in_degrees(points: np.ndarray[Any, Any], crs: CRS) -> Box | None:
    """Bounds in longitude and latitude on the CRS's own datum, or None where it has none or they are not finite."""
    base = crs.geodetic_crs
    if base is None:
        return None
    west, south, east, north = bounds_of(points)
    if crs.is_geographic:
        return west, south, east, north
    x, y = np.meshgrid(np.linspace(west, east, 5), np.linspace(south, north, 5))
    lon, lat = Transformer.from_crs(crs, base.to_2d(), always_xy=True).transform(x.ravel(), y.ravel())
    if not (np.isfinite(lon).all() and np.isfinite(lat).all()):
        return None
    return float(lon.min()), float(lat.min()), float(lon.max()), float(lat.max())


def meets(points: np.ndarray[Any, Any], crs: CRS, place: Box) -> bool:
    """Whether points, read in a CRS, come near a place given in degrees."""
    box = box_in_degrees(points, crs)
    return box is not None and (
        box[0] <= place[2] + MARGIN and place[0] <= box[2] + MARGIN
        and box[1] <= place[3] + MARGIN and place[1] <= box[3] + MARGIN
    )  # fmt: skip


def in_area_of_use(points: np.ndarray[Any, Any], crs: CRS) -> bool:
    """Whether points, read in a CRS, lie where it is meant to be used; true where that is not known."""
    box = box_in_degrees(points, crs)
    if crs.geodetic_crs is None:
        return True
    if box is None or max(abs(box[0]), abs(box[2])) > 180 or max(abs(box[1]), abs(box[3])) > 90:
        return False
    use = crs.area_of_use
    if use is None or use.west > use.east:
        return True
    return bool(
        use.west - SLACK <= box[0] and box[2] <= use.east + SLACK
        and use.south - SLACK <= box[1] and box[3] <= use.north + SLACK
    )  # fmt: skip
