"""The tables of a site check (T1–T7, A1 of the report, and the sheets of the workbook)."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

import numpy as np
import shapely

from ecospace.check.basis import cited
from ecospace.check.contact import Contact, Meeting
from ecospace.check.controls import area_text, distance_text
from ecospace.check.grades import grade_label
from ecospace.check.result import SiteResult
from ecospace.check.sentences import undecided_alike
from ecospace.check.verdict import Level, Verdict
from ecospace.language import _
from ecospace.layers.codes import code_system
from ecospace.terms import label
from ecospace.units import round_number

#: Roles of each table.
THREE_LINES = ("eco_redline", "farmland", "urban_boundary")
PROTECTED = (
    "national_park", "nature_reserve", "protected_area", "scenic_area", "forest_park", "wetland_park", "geopark",
    "world_heritage", "germplasm_reserve", "wetland", "public_forest", "ecological_function_zone", "habitat",
)  # fmt: skip
#: Points of a boundary table beyond which a report would be a list of numbers; the rest is in the file itself.
MOST_POINTS = 600
#: Points from which on two stand in a row.
TWO_ABREAST = 24


@dataclass(frozen=True)
class Grid:
    """A table ready to be printed: headings, rows of text, alignment."""

    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    align: tuple[str, ...] = ()
    widths: tuple[float, ...] = ()
    total: bool = False


def hectares(area_m2: float) -> str:
    """Hectares with four decimals; what would print as nothing says its square metres.

    >>> hectares(12345.6), hectares(0.08), hectares(0.0)
    ('1.2346', '<0.0001 (0.08 m²)', '0.0000')
    """
    value = round_number(area_m2 / 10_000, 4)
    if area_m2 > 0 and value == 0:
        return (
            f"<0.0001 ({round_number(area_m2, 4).normalize():f} m²)"
            if area_m2 >= 5e-5
            else f"<0.0001 ({area_m2:.2g} m²)"
        )
    return f"{value}"


def percent(share: float) -> str:
    """A share as per cent with two decimals; above nothing it never prints as nothing.

    >>> percent(0.12345), percent(1e-7), percent(0.0)
    ('12.34', '<0.01', '0.00')
    """
    value = round_number(share * 100, 2)
    return "<0.01" if share > 0 and value == 0 else f"{value}"


def metres(distance_m: float | None) -> str:
    """A distance in metres, one decimal."""
    if distance_m is None:
        return "—"
    return f"{round_number(distance_m, 1)}" if distance_m >= 0.05 or distance_m == 0 else f"{distance_m:.2g}"


def basic_facts(result: SiteResult) -> list[tuple[str, str]]:
    """T1 地块基本情况."""
    site = result.site
    declared = site.declared_area_m2
    origin = site.drawn_as or site
    points = int(shapely.get_num_coordinates(origin.shape))
    difference = "—" if declared is None else f"{round_number((result.area_m2 - declared) / 1e4, 4)} {_('ha')}"
    drawn = {"polygon": _("area"), "line": _("line"), "point": _("point")}[origin.drawn]
    if origin.drawn == "line" and site.width_m:
        drawn = _("line, corridor {width} m wide").format(width=f"{site.width_m:g}")
    elif origin.drawn == "point" and site.radius_m is not None:
        drawn = _("point, radius {radius} m").format(radius=f"{site.radius_m:g}")
    said = {True: _("yes"), False: _("no"), None: _("not stated")}[site.polluting]
    return [
        (_("Site no."), site.id),
        (_("Name"), site.name or "—"),
        (_("Use applied for"), site.use or "—"),
        (_("Township"), town_of(result) or "—"),
        (_("Kind of activity"), site.activity.label if site.activity else _("not stated")),
        (_("Discharges pollutants"), said),
        (_("Computed area"), f"{hectares(result.area_m2)} {_('ha')}"),
        (_("Declared area"), "—" if declared is None else f"{hectares(declared)} {_('ha')}"),
        (_("Computed − declared"), difference),
        (_("Area method"), str(result.study["area_method"])),
        (_("Coordinate system"), crs_text(origin.crs.name)),
        (_("Shape, points"), f"{drawn}, {points}"),
        (_("File"), site.file or "—"),
        (_("Day of the check"), result.on.isoformat()),
    ]


def crs_text(name: str) -> str:
    """A coordinate system as planners call it; another one keeps its name.

    >>> crs_text("CGCS2000 / 3-degree Gauss-Kruger zone 38"), crs_text("China Geodetic Coordinate System 2000")
    ('CGCS2000 3度带（38带）', 'CGCS2000 经纬度')
    """
    zone = re.fullmatch(r"CGCS2000 / (3-degree )?Gauss-Kruger (zone|CM) (\d+)E?", name)
    if name == "China Geodetic Coordinate System 2000":
        return _("CGCS2000, degrees")
    if zone is None:
        return name
    width = "3" if zone[1] else "6"
    if zone[2] == "zone":
        return _("CGCS2000, {width}-degree zone {number}").format(width=width, number=zone[3])
    return _("CGCS2000, {width}-degree zone of {meridian}°E").format(width=width, meridian=zone[3])


def town_of(result: SiteResult) -> str:
    """The township that has most of the site."""
    found = [m for contact in by_role(result, "townships") for m in contact.overlaps]
    return max(found, key=lambda meeting: meeting.area_m2).name if found else ""


def by_role(result: SiteResult, *roles: str) -> list[Contact]:
    """The contacts with layers of some roles."""
    return [contact for contact in result.contacts.values() if contact.layer.facts["role"] in roles]


def three_lines(result: SiteResult) -> Grid:
    """T2 三区三线叠加."""
    rows = []
    for role in THREE_LINES:
        found = by_role(result, role)
        for contact in found:
            relation = _relation(result, contact)
            rows.append((contact.layer.title, hectares(contact.area_m2), percent(_share(result, contact.area_m2)),
                         metres(contact.distance_m), relation, str(contact.layer.facts.get("date") or "—")))  # fmt: skip
        if not found:
            rows.append((label(role), "—", "—", "—", _missing(result, role), "—"))
    headings = (
        _("Control line"),
        _("Area taken (ha)"),
        _("Share of the site (%)"),
        _("Nearest distance (m)"),
        _("Result"),
        _("Date of the layer"),
    )
    return Grid(
        headings, tuple(rows), ("left", "right", "right", "right", "center", "center"), (36, 27, 24, 22, 22, 25)
    )


def protected_places(result: SiteResult) -> Grid:
    """T3 自然保护地及生态空间: every feature met, however small; kinds that are not concerned in one row each."""
    rows: list[tuple[str, ...]] = []
    for role in PROTECTED:
        for contact in by_role(result, role):
            rows += [(meeting.name, label(role), _extra(meeting, "level"), grade_label(meeting.grade) or "—",
                      hectares(meeting.area_m2), percent(_share(result, meeting.area_m2)), _met(meeting))
                     for meeting in contact.meetings]  # fmt: skip
            if not contact.meetings:
                rows.append(("—", label(role), "—", "—", hectares(0.0), percent(0.0), _apart(result, contact)))
    headings = (
        _("Name"),
        _("Kind"),
        _("Level"),
        _("Functional zone"),
        _("Area taken (ha)"),
        _("Share of the site (%)"),
        _("Result (nearest)"),
    )
    return Grid(
        headings,
        tuple(rows),
        ("left", "left", "center", "center", "right", "right", "center"),
        (26, 25, 14, 24, 22, 22, 41),
    )


def water_zones(result: SiteResult) -> Grid:
    """T4 水源保护区."""
    rows = [
        (meeting.name, grade_label(meeting.grade) or _("not stated"), hectares(meeting.area_m2),
         percent(_share(result, meeting.area_m2)), _met(meeting))
        for contact in by_role(result, "water_source") for meeting in contact.meetings
    ]  # fmt: skip
    rows += [
        ("—", "—", hectares(0.0), percent(0.0), _apart(result, c))
        for c in by_role(result, "water_source")
        if not c.meetings
    ]
    if not by_role(result, "water_source"):
        rows = [("—", "—", "—", "—", _missing(result, "water_source"))]
    headings = (_("Water source"), _("Level"), _("Area taken (ha)"), _("Share of the site (%)"), _("Result (nearest)"))
    return Grid(headings, tuple(rows), ("left", "center", "right", "right", "center"), (40, 26, 26, 24, 42))


def control_units(result: SiteResult) -> tuple[Grid, list[tuple[str, str]]]:
    """T5 管控单元, and the four texts of each unit."""
    rows, texts = [], []
    for contact in by_role(result, "control_unit"):
        for meeting in contact.overlaps:
            rows.append((_extra(meeting, "code", meeting.id), meeting.name, grade_label(meeting.grade) or "—",
                         hectares(meeting.area_m2), percent(_share(result, meeting.area_m2))))  # fmt: skip
            for key, heading in (("layout", _("Spatial layout")), ("pollution", _("Pollutant discharge")),
                                 ("risk", _("Environmental risk")), ("efficiency", _("Use of resources"))):  # fmt: skip
                text = _extra(meeting, key, "")
                if text:
                    texts.append((f"{_extra(meeting, 'code', meeting.id)} {heading}", text))
    if not rows:
        rows = [("—", "—", "—", "—", _missing(result, "control_unit") if not by_role(result, "control_unit") else "—")]
    headings = (_("Unit code"), _("Unit"), _("Unit class"), _("Area (ha)"), _("Share of the site (%)"))
    return Grid(headings, tuple(rows), ("center", "left", "center", "right", "right"), (34, 44, 32, 24, 24)), texts


@lru_cache(maxsize=1)
def _land_classes() -> dict[str, Any]:
    return tomllib.loads(files("ecospace.check").joinpath("land_classes.toml").read_text(encoding="utf-8"))


def land_use(result: SiteResult) -> Grid | None:
    """T6 占用地类: by code, with 农用地, 耕地, 建设用地, 未利用地 above where the code system has them."""
    contacts = by_role(result, "land_use")
    if not contacts or not contacts[0].layer.polygons:
        return None
    contact, classes = contacts[0], _land_classes()
    system = str(contact.layer.facts.get("code_system") or "")
    area: dict[str, float] = {}
    for meeting in contact.overlaps:
        code = _extra(meeting, "code", "")
        area[code] = area.get(code, 0.0) + meeting.area_m2
    names = {_extra(meeting, "code", ""): _extra(meeting, "code_name", "") for meeting in contact.overlaps}
    rows = []
    if system == classes["system"]:
        for key, heading in (("agricultural", _("Agricultural land")), ("arable", _("  of which arable")),
                             ("construction", _("Construction land")), ("unused", _("Unused land"))):  # fmt: skip
            taken = sum(value for code, value in area.items() if _is_class(code, key))
            rows.append((heading, "", hectares(taken), percent(_share(result, taken))))
    known = code_system(system).codes if system else {}
    for code in sorted(area):
        name = names.get(code) or str(known.get(code, ""))
        rows.append(
            (f"　{name}" if name else "—", code or "—", hectares(area[code]), percent(_share(result, area[code])))
        )
    total = sum(area.values())
    rows.append((_("Total"), "", hectares(total), percent(_share(result, total))))
    headings = (_("Land class"), _("Code"), _("Area (ha)"), _("Share of the site (%)"))
    return Grid(headings, tuple(rows), ("left", "center", "right", "right"), (40, 16, 22, 22), total=True)


def _is_class(code: str, key: str) -> bool:
    """Whether a land code is of a class: the longest entry that begins it counts."""
    classes = _land_classes()
    best = {name: max((len(entry) for entry in classes[name] if code.startswith(entry)), default=0)
            for name in ("agricultural", "construction", "unused")}  # fmt: skip
    if key == "arable":
        return any(code.startswith(entry) for entry in classes["arable"])
    return best[key] > 0 and best[key] == max(best.values())


def verdicts(result: SiteResult) -> Grid:
    """T7 判定表: the worst first; kinds that the area does not have are left to the note below."""
    alike = {verdict.subject for verdict in undecided_alike(result)}
    shown = sorted(
        (v for v in result.verdicts if (v.layers or v.level is not Level.CLEAR) and v.subject not in alike),
        key=lambda v: v.level.rank,
    )
    rows = tuple(
        (verdict.subject, _area_or_distance(verdict), verdict.level.label, _basis(verdict), _why(verdict))
        for verdict in shown
    )
    headings = (_("Zone concerned"), _("Area / nearest"), _("Verdict reached"), _("Basis"), _("Reason, papers needed"))
    return Grid(headings, rows, ("left", "right", "center", "left", "left"), (30, 25, 23, 36, 44))


def _area_or_distance(verdict: Verdict) -> str:
    if verdict.area_m2 > 0:
        return area_text(verdict.area_m2).split("（")[0].split(" (")[0]
    return distance_text(verdict.distance_m) if verdict.distance_m else "—"


def _basis(verdict: Verdict) -> str:
    return "—" if verdict.level is Level.CLEAR else cited(verdict.clauses) or "—"


def _why(verdict: Verdict) -> str:
    said = _near(verdict) if verdict.level is Level.CLEAR and verdict.distance_m else verdict.text
    papers = _("needed: {papers}").format(papers=verdict.procedure) if verdict.procedure else ""
    parts = [part for part in (said, papers, *verdict.labels) if part]
    return _("; ").join(parts) or "—"


def _near(verdict: Verdict) -> str:
    return _("nearest: {place}").format(place=verdict.places[0]) if verdict.places else ""


def absent_kinds(result: SiteResult) -> list[str]:
    """Kinds of which the office verified that there are none."""
    return [v.subject for v in result.verdicts if v.level is Level.CLEAR and not v.layers]


def boundary_points(result: SiteResult) -> Grid:
    """A1 界址点坐标表: what was drawn in its own CRS, X north and Y east in metres, or latitude and longitude."""
    site = result.site.drawn_as or result.site
    degrees = bool(site.crs.is_geographic)
    rows: list[tuple[str, ...]] = []
    rings = [
        ring
        for part in shapely.get_parts(site.shape)
        for ring in ([part] if part.geom_type != "Polygon" else [part.exterior, *part.interiors])
    ]
    number = 0
    for ring_number, ring in enumerate(rings, start=1):
        points = shapely.get_coordinates(ring)
        closed = len(points) > 1 and bool((points[0] == points[-1]).all())
        lengths = np.hypot(*np.diff(points, axis=0).T)
        first = number + 1
        for k, (east, north) in enumerate(points.tolist()):
            last = closed and k == len(points) - 1
            number += 0 if last else 1
            name = f"J{first if last else number}"
            length = f"{lengths[k]:.3f}" if k < len(lengths) and not degrees else ""
            place = (f"{north:.9f}", f"{east:.9f}") if degrees else (f"{north:.3f}", f"{east:.3f}")
            rows.append((name, str(ring_number), *place, length))
    place = (_("Latitude B (°)"), _("Longitude L (°)")) if degrees else ("X (m)", "Y (m)")
    headings = (_("Point"), _("Ring"), *place, _("Side (m)"))
    aligned, widths = ("center", "center", "right", "right", "right"), (9.0, 8.0, 22.0, 24.0, 16.0)
    shown = rows[:MOST_POINTS]
    if len(shown) <= TWO_ABREAST:
        return Grid(headings, tuple(shown), aligned, widths)
    blank = ("",) * len(headings)
    pairs = zip(shown[::2], [*shown[1::2], blank], strict=False)
    return Grid(headings * 2, tuple(one + other for one, other in pairs), aligned * 2, widths * 2)


def points_left_out(result: SiteResult) -> int:
    """How many points A1 does not list, because they would fill more pages than anybody reads."""
    origin = result.site.drawn_as or result.site
    return max(0, int(shapely.get_num_coordinates(origin.shape)) - MOST_POINTS)


def layer_facts(result: SiteResult) -> Grid:
    """What the check rests on: layers with source, date, CRS and the beginning of their SHA-256."""
    rows = []
    for contact in result.contacts.values():
        facts = contact.layer.facts
        digest = next(iter(facts["sha256"].values()), "")[:8]
        rows.append((contact.layer.title, str(facts.get("source") or "—"), str(facts.get("date") or "—"),
                     crs_text(str(facts["crs"])), str(facts["features"]), digest or "—"))  # fmt: skip
    headings = (_("Layer"), _("Source"), _("Date"), _("Coordinate system"), _("Features"), "SHA-256")
    return Grid(headings, tuple(rows), ("left", "left", "center", "left", "right", "center"), (34, 41, 25, 35, 19, 22))


def _share(result: SiteResult, area_m2: float) -> float:
    return area_m2 / result.area_m2 if result.area_m2 > 0 else 0.0


def _relation(result: SiteResult, contact: Contact) -> str:
    """Overlap, touching or apart; where a rule could not judge what lies apart, the table does not either."""
    if contact.relation == "unknown" or (contact.relation == "apart" and contact.layer.key in undecided_layers(result)):
        return Level.UNDECIDED.label
    return {"overlap": _("overlap"), "touch": Level.TOUCHES.label, "apart": Level.CLEAR.label}[contact.relation]


def undecided_layers(result: SiteResult) -> set[str]:
    """Layers that prove nothing: the site runs beyond the study area, or the layer is outdated. Distances are another question."""
    undecided = [v for v in result.verdicts if v.level is Level.UNDECIDED and v.rule != "keeps_distance"]
    return {key for verdict in undecided if "user-distance" not in verdict.clauses for key in verdict.layers}


def _met(meeting: Meeting) -> str:
    return _("overlap") if meeting.relation == "overlap" else Level.TOUCHES.label


def _apart(result: SiteResult, contact: Contact) -> str:
    relation = _relation(result, contact)
    if contact.relation != "apart" or contact.distance_m is None:
        return relation
    return _("{relation} ({distance})").format(relation=relation, distance=distance_text(contact.distance_m))


def _missing(result: SiteResult, role: str) -> str:
    return Level.UNDECIDED.label if role in result.study["missing"] else _("no layer")


def _extra(meeting: Meeting, column: str, otherwise: str = "—") -> str:
    values = meeting.layer.extra.get(column)
    return str(values[meeting.feature]) or otherwise if values is not None else otherwise


def summary_columns(results: Sequence[SiteResult]) -> list[str]:
    """Roles that have a layer, for the columns of the workbook."""
    roles: Iterable[str] = (
        str(contact.layer.facts["role"]) for result in results for contact in result.contacts.values()
    )
    return [role for role in dict.fromkeys(roles) if role in (*THREE_LINES, *PROTECTED, "water_source", "control_unit")]
