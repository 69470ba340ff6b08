"""Which coordinate system a layer is in: what the file says and what the numbers say, compared (坐标系判定).

A wrong zone, a swapped pair of axes or metres called degrees lets two layers miss one another, and a site that touches
a red line comes out clear (trust.md tA02 … tA07, tA15, tA18). The judgement never corrects: it says what the numbers
fit, as a line that can be typed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from pyproj import CRS

from ecospace.errors import CRSError
from ecospace.findings import Finding
from ecospace.language import _
from ecospace.layers.appearance import (
    Box,
    Reading,
    bounds_of,
    box_in_degrees,
    in_area_of_use,
    meets,
    points_of,
    read_numbers,
)
from ecospace.layers.formats.numbers import unpack_dms
from ecospace.layers.zones import Declared, System, Zone, declared_by, system_of, systems, zone_of

if TYPE_CHECKING:
    from geopandas import GeoDataFrame


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
    points = points_of(coordinates)
    reading = read_numbers(points, packed=packed)
    if reading.kind == "nothing":
        return Judgement(None, (_error("E-CRS-32", _("the layer has no coordinate that is a number.")),))
    # From here on only the extent counts.
    points = np.array(bounds_of(points)).reshape(2, 2)
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


def _unpacked(points: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return np.array([[unpack_dms(float(value)) for value in point] for point in points])


def _contradictions(said: Declared, reading: Reading) -> Iterator[Finding]:
    """What the header says against itself and against the numbers."""
    number = said.zone_number
    if said.strange:
        text = _(
            "the header says {words} (计量单位, 投影类型), which is neither metres in Gauss–Krüger zones nor degrees."
        )
        yield _error("E-CRS-43", text, _("Have it brought to CGCS2000 in metres."), words=said.strange)
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
    west, south, east, north = bounds_of(points)
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
    if not chinese and not in_area_of_use(points, crs):
        return _error("E-CRS-30", _("the numbers {span} lie far outside the area of {crs}."), **said)
    if place is not None and not meets(points, crs, place):
        text = _(
            "read as {crs} the layer does not meet the study area: either it is another place or its coordinate system "
            "is another one."
        )
        return _error("E-CRS-34", text, **said)
    return None


def _misfit_of_degrees(
    points: np.ndarray[Any, Any], reading: Reading, crs: CRS, place: Box | None, said: dict[str, str]
) -> Finding | None:
    west, south, east, north = bounds_of(points)
    if max(abs(west), abs(east), abs(south), abs(north)) > 180:
        return _error(
            "E-CRS-26", _("the layer is said to be in degrees ({crs}), but its numbers are not: {span}."), **said
        )
    if reading.swapped or max(abs(south), abs(north)) > 90:
        return _error("E-CRS-28", _("longitude and latitude are exchanged: {span}."), **said)
    if east - west > 180:
        text = _("the layer reaches around the globe ({span}); it cannot be one place.")
        return _error("E-CRS-33", text, _("Cut it to the study area in the source."), **said)
    if reading.kind == "packed" and (place is None or meets(_unpacked(points), crs, place)):
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
        usable = crs is not None and (not crs.is_geographic or in_area_of_use(ordered, crs))
        if crs is not None and usable and (place is None or meets(ordered, crs, place)):
            yield crs


def _degrees_box(place: GeoDataFrame) -> Box:
    if place.crs is None:
        raise CRSError(
            "E-CRS-35",
            _("the reference boundary says no coordinate system, so nothing can be compared with it."),
            cure=_('Give the boundary\'s own first: crs = "EPSG:4490" under its layer in study.toml.'),
        )
    box = box_in_degrees(points_of(place.total_bounds), CRS.from_user_input(place.crs))
    if box is None:
        raise CRSError(
            "E-CRS-35", _("the reference boundary has no usable coordinates."), cure=_("Check the boundary first.")
        )
    return box


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
