"""Point lists to parcels: rings, CRS and declared area of what `boundary_txt` and `coordinate_table` have read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal

import numpy as np
import shapely
from geopandas import GeoDataFrame
from pyproj import CRS

from ecospace.crs import geodesic_area
from ecospace.errors import DataError, GeometryError, ReadError
from ecospace.findings import Finding
from ecospace.language import _
from ecospace.layers.coordinates import Judgement, judge_crs
from ecospace.layers.formats.boundary_txt import Plot, Point, rings_of
from ecospace.layers.formats.even_odd import polygon_of_rings
from ecospace.layers.formats.parcels import Parcels, unique_ids
from ecospace.units import convert_area

#: How far the declared area may be from the computed one before its unit is in doubt, and before it is worth a word.
UNIT_TOLERANCE = 0.005
AREA_TOLERANCE = 0.001


def parcels_of(
    plots: list[Plot],
    header: Mapping[str, str],
    *,
    crs: str | None,
    swap: bool,
    decimal: bool,
    place: GeoDataFrame | None,
    declared_area: Literal["check", "ignore"],
) -> Parcels:
    """Parcels from point lists; see `ecospace.layers.formats.boundary_txt.read_boundary_txt` for the parameters."""
    if swap:
        plots = [_exchanged(plot) for plot in plots]
    points = np.array([(point.east, point.north) for plot in plots for point in plot.points]).reshape(-1, 2)
    declared = CRS.from_user_input(crs) if crs is not None else None
    judgement = judge_crs(points, declared, header=header, place=place, packed=not decimal)
    unknown = any(finding.code == "E-CRS-21" for finding in judgement.findings)
    if not unknown:
        judgement.settled()
    ids, repeated = unique_ids([plot.id for plot in plots])
    findings = list(judgement.findings)
    parameters = header.get("转换参数", "")
    if any(digit in "123456789" for digit in parameters):
        text = _("the header holds parameters of a transformation (转换参数 {parameters}); they were not applied.")
        cure = _("Ask whether the coordinates are those before it or after it.")
        findings.append(Finding("F-TXT-11", "warning", text.format(parameters=parameters), cure))
    if repeated:
        text = _("{count} parcels have no number or one that was used before; they are told apart by # and a number.")
        findings.append(Finding("F-TXT-07", "warning", text.format(count=len(repeated)), count=len(repeated)))
    rows = []
    for identifier, plot in zip(ids, plots, strict=True):
        row, seen = _row(identifier, plot, judgement, declared_area)
        rows.append(row)
        findings += seen
    frame = GeoDataFrame(rows, index=ids, geometry="geometry", crs=judgement.crs)
    return Parcels(frame, dict(header), tuple(findings), judgement.proposal)


def _exchanged(plot: Plot) -> Plot:
    return replace(plot, points=[replace(point, east=point.north, north=point.east) for point in plot.points])


def _row(
    identifier: str, plot: Plot, judgement: Judgement, declared_area: Literal["check", "ignore"]
) -> tuple[dict[str, Any], list[Finding]]:
    rings = rings_of(plot.points, plot.feature)
    crs = judgement.crs
    degrees = crs.is_geographic if crs is not None else bool(plot.points and abs(plot.points[0].east) <= 180)
    geometry, findings = _geometry(plot, rings, identifier, degrees)
    crossing = next((finding for finding in findings if finding.code == "F-RING-04"), None)
    if crossing is not None:
        # In a list of points a crossing is a wrong order or a wrong digit: no repair can know which.
        raise GeometryError("E-GEO-46", crossing.text, cure=crossing.cure, features=[identifier])
    computed = _area(geometry, crs, degrees) if plot.kind == "面" and plot.declared_area else None
    area, said = _declared_area(plot, computed, identifier)
    if declared_area == "check" and said and said[0].level == "error":
        raise DataError(said[0].code, said[0].text, cure=said[0].cure, features=[identifier])
    agrees = computed is not None and area is not None and not said
    findings += [replace(finding, level="warning") if finding.level == "error" else finding for finding in said]
    findings += _count(plot, rings, identifier, agrees)
    rest = plot.rest + [""] * 3
    return {
        "id": plot.id,
        "name": plot.name,
        "kind": plot.kind,
        "declared_area_m2": area,
        "sheet": rest[0],
        "use": rest[1],
        "class_code": rest[2],
        "extra": ",".join(plot.rest[3:]),
        "points": len(plot.points),
        "rings": len(rings),
        "geometry": geometry,
        **{name if name != "geometry" else "geometry_": text for name, text in plot.data.items()},
    }, findings


def _geometry(plot: Plot, rings: list[list[Point]], identifier: str, degrees: bool) -> tuple[Any, list[Finding]]:
    lines = [[(point.east, point.north) for point in ring] for ring in rings]
    if plot.kind == "面":
        return polygon_of_rings(lines, feature=identifier, degrees=degrees)
    if plot.kind == "点" and plot.points:
        places = [shapely.Point(place) for line in lines for place in line]
        return places[0] if len(places) == 1 else shapely.MultiPoint(places), []
    if plot.kind == "线" and lines and all(len(set(line)) > 1 for line in lines):
        parts = [shapely.LineString(line) for line in lines]
        return parts[0] if len(parts) == 1 else shapely.MultiLineString(parts), []
    raise GeometryError(
        "E-GEO-47",
        _("the parcel is said to be {kind}, but has not the points for it.").format(kind=plot.kind),
        cure=_("Check the point list of the parcel."),
        features=[identifier],
    )


def _area(geometry: Any, crs: CRS | None, degrees: bool) -> float | None:
    """Ellipsoidal square metres, or plane ones while the CRS is unknown; None for degrees of an unknown datum."""
    if crs is not None:
        return geodesic_area(geometry, crs)
    return None if degrees else float(geometry.area)


def _declared_area(plot: Plot, computed: float | None, identifier: str) -> tuple[float | None, list[Finding]]:
    """The declared area in square metres: hectares by the rule, square metres where only they fit."""
    declared = plot.declared_area
    if not declared:
        return None, []
    if computed is None:
        return convert_area(declared, "ha"), []
    for unit in ("ha", "m2"):
        area = convert_area(declared, unit)
        # An area of four decimals of a hectare is rounded to half a square metre.
        half_a_digit = 0.5 if unit == "ha" else 0.005
        difference = abs(area - computed)
        if difference <= max(UNIT_TOLERANCE * computed, half_a_digit):
            return area, list(_area_findings(unit, area, computed, difference > half_a_digit, identifier))
    others = [unit for unit in ("mu", "km2") if abs(convert_area(declared, unit) / computed - 1) < UNIT_TOLERANCE]
    text = _(
        "the head says an area of {declared}, but the points enclose {computed:.2f} m² = {hectares:.4f} ha."
    ).format(declared=declared, computed=computed, hectares=computed / 1e4)
    if others:
        text += " " + _("It would fit the unit {unit}.").format(unit={"mu": "亩", "km2": "km²"}[others[0]])
    cure = _('Correct the points or the area (in hectares); to read on anyway: declared_area = "ignore".')
    return None, [Finding("E-DATA-91", "error", text, cure, features=(identifier,))]


def _area_findings(unit: str, area: float, computed: float, differs: bool, identifier: str) -> list[Finding]:
    findings = []
    if unit == "m2":
        text = _("the declared area is in square metres, not in hectares as the format asks for.")
        findings.append(Finding("F-TXT-08", "warning", text, features=(identifier,)))
    if differs and abs(area - computed) > AREA_TOLERANCE * computed:
        text = _("the declared area is {declared:.2f} m², the points enclose {computed:.2f} m² on the ellipsoid.")
        text = text.format(declared=area, computed=computed)
        findings.append(Finding("F-TXT-09", "warning", text, features=(identifier,)))
    return findings


def _count(plot: Plot, rings: list[list[Point]], identifier: str, agrees: bool) -> list[Finding]:
    """Compare the number of points with the head's: with the closing points or without, both are in use."""
    lines = len(plot.points)
    closings = sum(len(ring) > 1 and (ring[0].east, ring[0].north) == (ring[-1].east, ring[-1].north) for ring in rings)
    if plot.declared_points in (lines, lines - closings, lines + len(rings) - closings):
        return []
    text = _("the head says {declared} points, but {lines} lines follow.").format(
        declared=plot.declared_points, lines=lines
    )
    if not agrees:
        raise ReadError(
            "E-READ-67",
            _("line {number}: {text} Points may be missing, and no declared area bears them out.").format(
                number=plot.line, text=text
            ),
            cure=_("Compare with the original; correct the number or the points."),
            features=[identifier],
        )
    return [Finding("F-TXT-10", "warning", text + " " + _("The declared area bears them out."), features=(identifier,))]
