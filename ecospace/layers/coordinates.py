"""Which coordinate system a layer is in: what the file says and what the numbers say, compared (坐标系判定).

A wrong zone, a swapped pair of axes or metres called degrees lets two layers miss one another, and a site that touches
a red line comes out clear (trust.md tA02 … tA07, tA15, tA18). The judgement never corrects: it says what the numbers
fit, as a line that can be typed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pyproj import CRS, Transformer

from ecospace.errors import CRSError, ReadError
from ecospace.findings import Finding
from ecospace.language import _
from ecospace.layers.numbers import unpack_dms
from ecospace.layers.zones import Declared, System, Zone, declared_by, ranges, system_of, systems, zone_of

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

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


@dataclass(frozen=True)
class Judgement:
    """The CRS of a layer, if it is established, and what speaks against it.

    Parameters
    ----------
    crs : CRS or None
        Established: said by file, header or user, and not contradicted by the numbers. None otherwise.
    findings : tuple of Finding
        Findings of level ``"error"`` say why there is no `crs`.
    proposal : str
        What to type, e.g. ``crs = "EPSG:4526"``; empty where nothing is to be changed or nothing is known.
    proposed : CRS or None
        The CRS of the proposal.
    swap : bool
        Whether the proposal is to exchange the axes.
    """

    crs: CRS | None
    findings: tuple[Finding, ...] = ()
    proposal: str = ""
    proposed: CRS | None = None
    swap: bool = False

    def settled(self, *, file: str | Path | None = None, layer: str | None = None) -> CRS:
        """The established CRS, or the error that says why there is none."""
        for finding in self.findings:
            if finding.level == "error":
                raise CRSError(finding.code, finding.text, cure=finding.cure, file=file, layer=layer)
        if self.crs is None:
            raise CRSError("E-CRS-21", _no_crs_text(), cure=_cure(self.proposal), file=file, layer=layer)
        return self.crs


def judge_crs(
    coordinates: Any,
    declared: CRS | None = None,
    *,
    header: Mapping[str, str] | None = None,
    place: GeoDataFrame | None = None,
    packed: bool = False,
) -> Judgement:
    """Compare what is said of a layer's CRS with its numbers.

    Parameters
    ----------
    coordinates : array_like
        Bounds ``(minx, miny, maxx, maxy)`` or an array of shape (n, 2) or (n, 3): x or east first, y or north second.
    declared : CRS, optional
        What the file (.prj, layer metadata) or the user says.
    header : mapping, optional
        The header lines of a surveyors' file: 坐标系, 几度分带, 带号, 中央子午线.
    place : GeoDataFrame, optional
        The study boundary, in any known CRS. With it a wrong central meridian can be seen; without it, it cannot.
    packed : bool
        Whether degrees may be packed as ddd.mmss, as in surveyors' lists; in KML, GeoJSON and databases they are not.

    Returns
    -------
    Judgement
        Never a corrected CRS: `crs` is the declared one or None.

    Notes
    -----
    standards.md 2.7. The shift of GCJ-02 and BD-09 does not show in one layer: see `ecospace.layers.offset`.
    """
    points = _points(coordinates)
    reading = read_numbers(points)
    if reading.kind == "packed" and not packed:
        reading = replace(reading, kind="degrees")
    if reading.kind == "nothing":
        return Judgement(None, (_error("E-CRS-32", _("the layer has no coordinate that is a number.")),))
    said = declared_by(header or {})
    place_box = _degrees_box(place) if place is not None else None

    system = said.system or system_of(declared)

    doubts = list(_contradictions(said, reading))
    # A CRS that is given for the file has precedence over its header: so the proposal can be typed and works.
    problem = next((doubt for doubt in doubts if declared is None or doubt.code == "E-CRS-23"), None)
    problem = problem or _other_datum(said, declared)
    established = declared if declared is not None else _from_header(said, reading)
    if problem is None and established is not None:
        problem = _misfit(points, reading, established, place_box)
        system = system or system_of(established)
    if problem is not None or established is None:
        return _proposing(problem or _error("E-CRS-21", _no_crs_text()), points, reading, system, place_box)
    overruled = [replace(doubt, level="warning", cure="") for doubt in doubts]
    return Judgement(established, (*overruled, *_remarks(said, declared, established, reading)))


def read_numbers(points: np.ndarray[Any, Any]) -> Reading:
    """What coordinates look like, from their size alone.

    >>> read_numbers(np.array([[2560000.0, 38460000.0]]))
    Reading(kind='prefixed', swapped=True, zones=(38,))
    """
    finite = points[np.isfinite(points).all(axis=1)]
    if not len(finite):
        return Reading("nothing")
    kind, zones = _kind(finite)
    if kind == "other":
        swapped, zones = _kind(finite[:, ::-1])
        if swapped not in ("other", "mercator"):
            return Reading(swapped, True, zones)
    return Reading(kind, False, zones)


def _kind(points: np.ndarray[Any, Any]) -> tuple[Kind, tuple[int, ...]]:
    within = ranges()
    x, y = points[:, 0], points[:, 1]

    def all_in(values: np.ndarray[Any, Any], name: str) -> bool:
        low, high = within[name]
        return bool(values.min() >= low and values.max() <= high)

    if all_in(x, "longitude") and all_in(y, "latitude"):
        return ("packed" if _looks_packed(points) else "degrees"), ()
    if np.abs(x).max() <= 180 and np.abs(y).max() <= 90:
        # Outside China: degrees, unless they are China's with the axes exchanged.
        exchanged = all_in(y, "longitude") and all_in(x, "latitude")
        return ("other" if exchanged else "degrees"), ()
    if all_in(y, "northing_m"):
        zones = np.floor(x / 1e6).astype(int)
        known = ((zones >= 13) & (zones <= 23)) | ((zones >= 25) & (zones <= 45))
        if known.all() and all_in(x - zones * 1e6, "easting_m"):
            return "prefixed", tuple(int(zone) for zone in np.unique(zones))
        if all_in(x, "easting_m"):
            return "plain", ()
    if all_in(x, "mercator_x_m") and all_in(y, "mercator_y_m"):
        return "mercator", ()
    return "other", ()


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


def _unpacked(points: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return np.array([[unpack_dms(float(value)) for value in point] for point in points])


def _contradictions(said: Declared, reading: Reading) -> Iterator[Finding]:
    """What the header says against itself and against the numbers."""
    number = said.zone_number
    if reading.kind == "prefixed" and len(reading.zones) > 1:
        text = _("the eastings begin with {zones}: two zones in one file.")
        cure = _("Split the file by zone, one layer for each.")
        yield _error("E-CRS-23", text, cure, zones=", ".join(map(str, reading.zones)))
    if reading.kind == "prefixed" and number is not None and number not in reading.zones:
        text = _(
            "the header says zone {number} (带号), but the eastings begin with {found}: one of them is wrong, by "
            "hundreds of kilometres."
        )
        yield _error("E-CRS-22", text, number=number, found=reading.zones[0])
    if number is not None and not (13 <= number <= 23 or 25 <= number <= 45):
        yield _error("E-CRS-24", _("zone {number} (带号) does not exist in China."), number=number)
    elif number is not None and said.width not in (None, _width(number)):
        text = _(
            "the header says zones of {width} degrees and zone {number}, which is a zone of {other} degrees "
            "(13 to 23 are 6-degree zones, 25 to 45 3-degree zones)."
        )
        yield _error("E-CRS-24", text, width=said.width, number=number, other=_width(number))
    if said.number is not None and said.central_meridian not in (None, _meridian_of(said.number)):
        text = _(
            "the header says zone {number}, whose central meridian is {expected}°E, and central meridian {meridian}°E."
        )
        expected = _meridian_of(said.number)
        yield _error("E-CRS-22", text, number=said.number, expected=expected, meridian=said.central_meridian)


def _other_datum(said: Declared, declared: CRS | None) -> Finding | None:
    if declared is None or said.system is None or system_of(declared) in (None, said.system):
        return None
    text = _("the header says {said}, but {declared} was given: tens of metres apart.")
    return _error("E-CRS-25", text, said=said.system.title, declared=declared.name)


def _from_header(said: Declared, reading: Reading) -> CRS | None:
    """The CRS that header and numbers establish together: the datum is never assumed."""
    if said.system is None:
        return None
    number = said.zone_number
    if reading.kind in ("degrees", "packed") and (said.degrees or number is None):
        return CRS.from_epsg(said.system.geographic)
    if reading.kind == "prefixed":
        return said.system.zone(reading.zones[0])
    return said.system.meridian(_meridian_of(number), _width(number)) if number is not None else None


def _misfit(points: np.ndarray[Any, Any], reading: Reading, crs: CRS, place: Box | None) -> Finding | None:
    """Why the numbers cannot be in a CRS, or None."""
    west, south, east, north = _bounds(points)
    said = {"crs": crs.name, "span": f"({west:.10g}, {south:.10g}) – ({east:.10g}, {north:.10g})"}
    in_degrees = max(abs(west), abs(east), abs(south), abs(north)) <= 180
    misfit = (
        _misfit_of_degrees(points, reading, crs, place, said)
        if crs.is_geographic
        else _misfit_of_metres(reading, zone_of(crs), in_degrees, said)
    )
    if misfit is not None:
        return misfit
    # The zones' areas of use end at the mainland's coast; their numbers are checked above, islands among them.
    chinese = zone_of(crs) is not None and reading.kind in ("prefixed", "plain")
    if not chinese and not _in_area_of_use(points, crs):
        return _error("E-CRS-30", _("the numbers {span} lie far outside the area of {crs}."), **said)
    if place is not None and not _meets(points, crs, place):
        text = _(
            "read as {crs} the layer does not meet the study area: either it is another place or its coordinate system "
            "is another one."
        )
        return _error("E-CRS-34", text, **said)
    return None


def _misfit_of_degrees(
    points: np.ndarray[Any, Any], reading: Reading, crs: CRS, place: Box | None, said: dict[str, str]
) -> Finding | None:
    west, south, east, north = _bounds(points)
    if max(abs(west), abs(east), abs(south), abs(north)) > 180:
        return _error(
            "E-CRS-26", _("the layer is said to be in degrees ({crs}), but its numbers are not: {span}."), **said
        )
    if reading.swapped or max(abs(south), abs(north)) > 90:
        return _error("E-CRS-28", _("longitude and latitude are exchanged: {span}."), **said)
    if east - west > 180:
        text = _("the layer reaches around the globe ({span}); it cannot be one place.")
        return _error("E-CRS-33", text, _("Cut it to the study area in the source."), **said)
    if reading.kind == "packed" and (place is None or _meets(_unpacked(points), crs, place)):
        text = _(
            "the numbers may be packed degrees, minutes and seconds (ddd.mmss): every one has minutes and seconds "
            "below 60; read as decimal degrees the layer would lie up to 40 km off."
        )
        return _error("E-CRS-31", text, _('Say which: angles = "dms" or angles = "decimal".'), **said)
    return None


def _misfit_of_metres(reading: Reading, zone: Zone | None, in_degrees: bool, said: dict[str, str]) -> Finding | None:
    if in_degrees and (reading.kind != "other" or reading.swapped):
        return _error(
            "E-CRS-27", _("the layer is said to be in metres ({crs}), but its numbers are degrees: {span}."), **said
        )
    if zone is None:
        return None
    if reading.swapped:
        return _error("E-CRS-28", _("north stands where east should (X and Y are exchanged): {span}."), **said)
    if reading.kind == "prefixed" and not zone.prefixed:
        text = _(
            "the eastings begin with the zone number {number}, but those of {crs} do not: the layer would lie "
            "{number}000 km away."
        )
        return _error("E-CRS-29", text, number=reading.zones[0], **said)
    if reading.kind == "prefixed" and reading.zones != (zone.number,):
        text = _("the eastings begin with {number}, but {crs} is zone {zone}.")
        return _error("E-CRS-22", text, number=reading.zones[0], zone=zone.number, **said)
    if reading.kind == "plain" and zone.prefixed:
        text = _("{crs} begins its eastings with zone {zone}, but the numbers do not: {span}.")
        return _error("E-CRS-29", text, zone=zone.number, **said)
    return None


def _remarks(said: Declared, declared: CRS | None, crs: CRS, reading: Reading) -> Iterator[Finding]:
    if declared is None and said.zone_number is None and reading.kind == "prefixed":
        text = _("the header names no zone (带号); zone {number} was taken from the eastings.")
        yield Finding("F-CRS-21", "warning", text.format(number=reading.zones[0]))
    if declared is None and said.zone_number is not None and reading.kind == "plain":
        text = _("the eastings have no zone number; zone {number} was taken from the header: {crs}.")
        yield Finding("F-CRS-22", "note", text.format(number=said.zone_number, crs=crs.name))
    system = system_of(crs)
    if system is not None and system.key != "cgcs2000":
        text = _(
            "the layer is in {system}, tens of metres to over 100 m away from CGCS2000: it can be overlaid only with "
            "the seven parameters of the region."
        )
        cure = _("Give them in study.toml: helmert = [dx, dy, dz, rx, ry, rz, ppm].")
        yield Finding("F-CRS-23", "warning", text.format(system=system.title), cure)


def _proposing(
    problem: Finding, points: np.ndarray[Any, Any], reading: Reading, system: System | None, place: Box | None
) -> Judgement:
    """The judgement that nothing is established, with what the numbers fit."""
    proposed = next(_candidates(points, reading, system or systems()[0], place), None)
    proposal = f'crs = "EPSG:{proposed.to_epsg()}"' if proposed is not None else ""
    if proposal and reading.swapped:
        proposal += ", swap = true"
    finding = replace(problem, cure=problem.cure or _cure(proposal))
    return Judgement(None, (finding,), proposal, proposed, reading.swapped)


def _candidates(points: np.ndarray[Any, Any], reading: Reading, system: System, place: Box | None) -> Iterator[CRS]:
    """The CRSs of a system that the numbers fit, and that meet the place where one is known."""
    ordered = points[:, ::-1] if reading.swapped else points
    found: list[CRS | None] = []
    if reading.kind in ("degrees", "packed"):
        found = [CRS.from_epsg(system.geographic)]
    elif reading.kind == "prefixed" and len(reading.zones) == 1:
        found = [system.zone(reading.zones[0])]
    elif reading.kind == "plain" and place is not None:
        # The nearest meridian first: it is the one an office would have used.
        middle = (place[0] + place[2]) / 2
        meridians = sorted(range(75, 136, 3), key=lambda degrees: abs(degrees - middle))
        found = [system.meridian(degrees, width) for degrees in meridians for width in (3, 6)]
    elif reading.kind == "mercator":
        found = [CRS.from_epsg(3857)]
    for crs in found:
        # Degrees are proposed only where the system is in use: -15, 3 are no place in China.
        usable = crs is not None and (not crs.is_geographic or _in_area_of_use(ordered, crs))
        if crs is not None and usable and (place is None or _meets(ordered, crs, place)):
            yield crs


def _points(coordinates: Any) -> np.ndarray[Any, Any]:
    array = np.asarray(coordinates, dtype=float)
    if array.shape == (4,):
        return array.reshape(2, 2)
    return array.reshape(-1, array.shape[-1])[:, :2] if array.size else np.empty((0, 2))


def _bounds(points: np.ndarray[Any, Any]) -> Box:
    finite = points[np.isfinite(points).all(axis=1)]
    (west, south), (east, north) = finite.min(axis=0), finite.max(axis=0)
    return float(west), float(south), float(east), float(north)


def _box_in_degrees(points: np.ndarray[Any, Any], crs: CRS) -> Box | None:
    """Bounds in longitude and latitude on the CRS's own datum, or None where it has none or they are not finite."""
    base = crs.geodetic_crs
    if base is None:
        return None
    west, south, east, north = _bounds(points)
    if crs.is_geographic:
        return west, south, east, north
    x, y = np.meshgrid(np.linspace(west, east, 5), np.linspace(south, north, 5))
    lon, lat = Transformer.from_crs(crs, base.to_2d(), always_xy=True).transform(x.ravel(), y.ravel())
    if not (np.isfinite(lon).all() and np.isfinite(lat).all()):
        return None
    return float(lon.min()), float(lat.min()), float(lon.max()), float(lat.max())


def _degrees_box(place: GeoDataFrame) -> Box:
    if place.crs is None:
        raise CRSError(
            "E-CRS-35",
            _("the reference boundary says no coordinate system, so nothing can be compared with it."),
            cure=_('Give the boundary\'s own first: crs = "EPSG:4490" under its layer in study.toml.'),
        )
    box = _box_in_degrees(_points(place.total_bounds), CRS.from_user_input(place.crs))
    if box is None:
        raise CRSError(
            "E-CRS-35", _("the reference boundary has no usable coordinates."), cure=_("Check the boundary first.")
        )
    return box


def _meets(points: np.ndarray[Any, Any], crs: CRS, place: Box) -> bool:
    box = _box_in_degrees(points, crs)
    return box is not None and (
        box[0] <= place[2] + MARGIN and place[0] <= box[2] + MARGIN
        and box[1] <= place[3] + MARGIN and place[1] <= box[3] + MARGIN
    )  # fmt: skip


def _in_area_of_use(points: np.ndarray[Any, Any], crs: CRS) -> bool:
    box = _box_in_degrees(points, crs)
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


def _width(zone: int) -> int:
    """13 to 23 are 6-degree zones, 25 to 45 3-degree zones: no number is both."""
    return 6 if zone <= 23 else 3


def _meridian_of(zone: int) -> int:
    return 6 * zone - 3 if _width(zone) == 6 else 3 * zone


def _error(code: str, text: str, cure: str = "", **values: object) -> Finding:
    return Finding(code, "error", text.format(**values), cure)


def _no_crs_text() -> str:
    return _("no coordinate system is said that the numbers bear out, so neither place nor area is known.")


def _cure(proposal: str) -> str:
    if not proposal:
        return _('Ask who made the file, and write e.g. crs = "EPSG:4526" for this layer in study.toml.')
    text = _("The numbers fit {proposal}: if the maker of the file says so too, write it for this layer in study.toml.")
    return text.format(proposal=proposal)
