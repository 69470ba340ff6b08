"""AutoCAD drawings (DXF): every closed outline becomes an area, everything else is named.

GDAL makes a line of every closed polyline, circle and block: 10,000 of 95,700 m² are left, and millimetres are taken for
metres (trust.md tC10). A drawing says no CRS and often a wrong unit: both are asked for, with a proposal.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import shapely
from geopandas import GeoDataFrame
from pyproj import CRS

from ecospace.errors import ReadError
from ecospace.findings import Finding
from ecospace.language import _
from ecospace.layers.coordinates import Judgement, judge_crs
from ecospace.layers.even_odd import polygon_of_rings
from ecospace.layers.parcels import Parcels, naming, unique_ids

if TYPE_CHECKING:
    from ezdxf.document import Drawing

#: Arcs are drawn with a point every tenth of a degree: a circle's area is right to 5e-7.
ARC_STEP = math.radians(0.1)
#: Metres in one drawing unit, by $INSUNITS and by what a user writes.
UNITS = {1: 0.0254, 2: 0.3048, 4: 0.001, 5: 0.01, 6: 1.0, 7: 1000.0}
UNIT_NAMES = {"m": 1.0, "mm": 0.001, "cm": 0.01, "km": 1000.0, "ft": 0.3048, "in": 0.0254}
#: More entities than this come from blocks that hold blocks, not from a plan.
LIMIT = 1_000_000
DEPTH = 20
#: Entities that say something but bound nothing.
SILENT = {"TEXT", "MTEXT", "ATTRIB", "ATTDEF", "DIMENSION", "LEADER", "MULTILEADER", "VIEWPORT"}


@dataclass(frozen=True)
class Outline:
    """One entity as points in drawing units, with what it was."""

    id: str
    layer: str
    block: str
    entity: str
    points: np.ndarray[Any, Any]
    closed: bool
    arcs: int


def read_dxf(
    path: str | Path,
    *,
    layers: list[str] | None = None,
    unit: Literal["m", "mm", "cm", "km", "ft", "in"] | None = None,
    crs: str | None = None,
    swap: bool = False,
    nested: Literal["separate", "holes"] = "separate",
    place: GeoDataFrame | None = None,
) -> Parcels:
    """Read the outlines of a drawing.

    Parameters
    ----------
    path : str or Path
        .dxf, text or binary.
    layers : list of str, optional
        Only these layers of the drawing; all by default.
    unit : str, optional
        The drawing unit, where the drawing says none or a wrong one.
    crs : str, optional
        A drawing never says it.
    swap : bool
        X of the drawing is north.
    nested : {"separate", "holes"}
        Whether an outline inside another one of its layer is a parcel of its own or a hole.
    place : GeoDataFrame, optional
        The study boundary, to compare the coordinates with.

    Returns
    -------
    Parcels
        Areas (面) of closed outlines, lines (线) of open ones; columns id (the handle), name, kind, layer, block, entity,
        arcs. In metres if the unit is settled, else in drawing units.

    Raises
    ------
    ReadError
        E-READ-85 … 87: damaged, nothing to read, no such layer.
    CRSError
        The numbers do not fit the CRS given.
    """
    file = Path(path)
    with naming(file):
        drawing = _opened(file)
        unread: Counter[str] = Counter()
        outlines = list(_outlines(drawing, unread))
        names = sorted({outline.layer for outline in outlines})
        missing = set(layers or []) - set(names)
        if missing or not outlines:
            code = "E-READ-87" if missing else "E-READ-86"
            listed = ", ".join(f"{count} {entity}" for entity, count in sorted(unread.items())) or "0"
            text = _("the drawing has no outline on {layers} (other entities: {listed}).")
            cure = _("Layers with outlines: {names}.").format(names=", ".join(names))
            raise ReadError(code, text.format(layers=", ".join(sorted(missing)) or "*", listed=listed), cure=cure)
        chosen = [outline for outline in outlines if layers is None or outline.layer in layers]
        factor, judgement, findings = _scale(drawing, chosen, unit, crs, swap, place)
        frame, seen = _frame(chosen, factor, swap, nested)
        frame = frame.set_crs(judgement.crs)
    findings += [*seen, *_listed(chosen, unread, drawing)]
    marked = tuple(finding.of(file=file.name) for finding in findings)
    return Parcels(frame, _header(drawing), marked, judgement.proposal)


def _opened(file: Path) -> Drawing:
    from ezdxf.filemanagement import readfile

    try:
        return readfile(file, errors="strict")
    except OSError as error:
        raise ReadError(
            "E-READ-85", _("this is no DXF drawing."), cure=_("Save it as DXF (R2007 or later).")
        ) from error
    except Exception as error:  # a damaged drawing makes ezdxf raise anything from KeyError to RecursionError
        text = _("the drawing is damaged: {reason}.").format(reason=f"{type(error).__name__} {error}"[:200])
        raise ReadError("E-READ-85", text, cure=_("Open it in CAD, run AUDIT, and save it as DXF again.")) from error


def _outlines(drawing: Drawing, unread: Counter[str]) -> Iterator[Outline]:
    try:
        for number, (entity, block, identifier) in enumerate(_entities(drawing.modelspace(), "", "", 0)):
            if number > LIMIT:
                raise ReadError(
                    "E-READ-88",
                    _("the drawing has more than {limit} entities, most of them in blocks.").format(limit=LIMIT),
                    cure=_("Export only the layers with the boundaries."),
                )
            read = _points_of(entity)
            if read is None:
                unread[entity.dxftype()] += 1
                continue
            points, closed, arcs = read
            if not np.isfinite(points).all():
                raise ReadError(
                    "E-READ-85", _("entity {id} has coordinates that are not numbers.").format(id=identifier)
                )
            yield Outline(identifier, entity.dxf.layer, block, entity.dxftype(), points, closed, arcs)
    except ReadError:
        raise
    except Exception as error:  # as above: what ezdxf did not notice when it loaded the file
        text = _("the drawing is damaged: {reason}.").format(reason=f"{type(error).__name__} {error}"[:200])
        raise ReadError("E-READ-85", text, cure=_("Open it in CAD, run AUDIT, and save it as DXF again.")) from error


def _entities(source: Any, block: str, prefix: str, depth: int) -> Iterator[tuple[Any, str, str]]:
    """All entities of the model space, those inside block references placed where they are drawn."""
    for number, entity in enumerate(source, start=1):
        identifier = f"{prefix}.{number}" if prefix else str(entity.dxf.handle)
        if entity.dxftype() != "INSERT":
            yield entity, block, identifier
        elif depth < DEPTH:
            for copy in entity.multi_insert() if entity.mcount > 1 else [entity]:
                yield from _entities(copy.virtual_entities(), entity.dxf.name, identifier, depth + 1)


def _points_of(entity: Any) -> tuple[np.ndarray[Any, Any], bool, int] | None:
    """Points in drawing units, whether they close, and how many arcs they hold; None for what bounds nothing."""
    kind = entity.dxftype()
    if kind == "LWPOLYLINE":
        points, arcs = _bulged([(x, y, bulge) for x, y, bulge in entity.get_points("xyb")], bool(entity.closed))
        return _in_world(entity, points), _closes(points, bool(entity.closed)), arcs
    if kind == "POLYLINE" and (entity.is_2d_polyline or entity.is_3d_polyline):
        vertices = [(v.dxf.location.x, v.dxf.location.y, v.dxf.get("bulge", 0.0)) for v in entity.vertices]
        flat = [(x, y, 0.0 if entity.is_3d_polyline else bulge) for x, y, bulge in vertices]
        points, arcs = _bulged(flat, bool(entity.is_closed))
        return _in_world(entity, points), _closes(points, bool(entity.is_closed)), arcs
    if kind == "LINE":
        ends = (entity.dxf.start, entity.dxf.end)
        return np.array([(end.x, end.y) for end in ends]), False, 0
    if kind in ("CIRCLE", "ARC"):
        first = 0.0 if kind == "CIRCLE" else math.radians(entity.dxf.start_angle)
        turn = 2 * math.pi if kind == "CIRCLE" else (math.radians(entity.dxf.end_angle) - first) % (2 * math.pi)
        angles = first + np.linspace(0, turn, max(2, math.ceil(turn / ARC_STEP) + 1))
        centre = entity.dxf.center
        points = np.column_stack([np.cos(angles), np.sin(angles)]) * entity.dxf.radius + (centre.x, centre.y)
        return _in_world(entity, points), kind == "CIRCLE", 1
    if kind == "ELLIPSE":
        first, last = entity.dxf.start_param, entity.dxf.end_param
        turn = (last - first) % (2 * math.pi) or 2 * math.pi
        steps = np.linspace(first, first + turn, max(2, math.ceil(turn / ARC_STEP) + 1))
        points = np.array([(vertex.x, vertex.y) for vertex in entity.vertices(steps)])
        return points, math.isclose(turn, 2 * math.pi), 1
    if kind == "SPLINE":
        points = np.array([(vertex.x, vertex.y) for vertex in entity.flattening(0.001, 16)])
        return points, _closes(points, bool(entity.closed)), 1
    return None


def _in_world(entity: Any, points: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Points of the entity's own plane in the drawing's: a mirrored block turns the plane over."""
    ocs = entity.ocs()
    if not ocs.transform:
        return points
    return np.array([(world.x, world.y) for world in ocs.points_to_wcs([(x, y, 0.0) for x, y in points])])


def _closes(points: np.ndarray[Any, Any], flag: bool) -> bool:
    return len(points) > 2 and (flag or bool((points[0] == points[-1]).all()))


def _bulged(vertices: list[tuple[float, float, float]], closed: bool) -> tuple[np.ndarray[Any, Any], int]:
    """The points of a polyline, its arcs (bulges) drawn out: bulge is the tangent of a quarter of the arc's angle.

    >>> points, arcs = _bulged([(0, 0, 1.0), (2, 0, 1.0)], closed=True)  # a circle of radius 1
    >>> round(float(abs(shapely.Polygon(points).area) / math.pi), 6), arcs
    (0.999999, 2)
    """
    points: list[tuple[float, float]] = []
    arcs = 0
    following = [*vertices[1:], vertices[0]] if closed and vertices else vertices[1:]
    for (x, y, bulge), (to_x, to_y, _next) in zip(vertices, following, strict=False):
        points.append((x, y))
        if not bulge or (x, y) == (to_x, to_y):
            continue
        arcs += 1
        angle = 4 * math.atan(bulge)
        # The centre lies on the perpendicular through the middle of the chord.
        reach = (1 - bulge**2) / (4 * bulge)
        centre = ((x + to_x) / 2 - (to_y - y) * reach, (y + to_y) / 2 + (to_x - x) * reach)
        radius = math.hypot(x - centre[0], y - centre[1])
        first = math.atan2(y - centre[1], x - centre[0])
        steps = max(2, math.ceil(abs(angle) / ARC_STEP))
        for step in range(1, steps):
            turned = first + angle * step / steps
            points.append((centre[0] + radius * math.cos(turned), centre[1] + radius * math.sin(turned)))
    if not closed and vertices:
        points.append(vertices[-1][:2])
    return np.array(points, dtype=float).reshape(-1, 2), arcs


def _scale(
    drawing: Drawing, outlines: list[Outline], unit: str | None, crs: str | None, swap: bool, place: GeoDataFrame | None
) -> tuple[float, Judgement, list[Finding]]:
    """Metres in a drawing unit, and the CRS: both settled by the user or by numbers that fit what was given."""
    corners = np.vstack([outline.points for outline in outlines])
    bounds = np.array([corners.min(axis=0), corners.max(axis=0)])
    bounds = bounds[:, ::-1] if swap else bounds
    declared = CRS.from_user_input(crs) if crs is not None else None
    said = UNITS.get(drawing.header.get("$INSUNITS", 0))
    factors = [UNIT_NAMES[unit]] if unit is not None else list(dict.fromkeys([said or 1.0, 1.0]))
    judgements = [(factor, judge_crs(bounds * factor, declared, place=place)) for factor in factors]
    fitting = [
        (factor, judgement)
        for factor, judgement in judgements
        if judgement.crs is not None or (declared is None and judgement.proposed is not None)
    ]
    if declared is not None and not fitting:
        judgements[0][1].settled()
    factor, judgement = (fitting or judgements)[0]
    fits = judgement.crs or judgement.proposed
    if (
        unit is not None
        or (said is not None and factor == said and fitting)
        or (fits is not None and fits.is_geographic)
    ):
        return factor, judgement, list(judgement.findings)
    name = next((key for key, metres in UNIT_NAMES.items() if metres == said), _("no unit"))
    if not fitting:
        text = _(
            "the drawing says {unit}, and its numbers fit no coordinate system of China: size and place are unknown."
        )
        cure = _('Give unit = "m" and crs = "EPSG:…", or ask for the drawing in the survey\'s coordinates.')
        return 1.0, judgement, [*judgement.findings, Finding("F-DXF-02", "error", text.format(unit=name), cure)]
    text = _("the drawing says {unit}, but its numbers fit metres; they were taken as metres.").format(unit=name)
    cure = _('If that is so, write unit = "m".')
    return factor, judgement, [*judgement.findings, Finding("F-DXF-01", "warning", text, cure)]


def _frame(
    outlines: list[Outline], factor: float, swap: bool, nested: Literal["separate", "holes"]
) -> tuple[GeoDataFrame, list[Finding]]:
    findings: list[Finding] = []
    rows: list[dict[str, Any]] = []
    for outline in outlines:
        points = outline.points * factor
        points = points[:, ::-1] if swap else points
        columns = {"id": outline.id, "name": "", "layer": outline.layer, "block": outline.block}
        columns |= {"entity": outline.entity, "arcs": outline.arcs}  # type: ignore[dict-item]
        if outline.closed and len(np.unique(points, axis=0)) >= 3:
            shape, seen = polygon_of_rings([points], feature=outline.id)
            findings += [finding for finding in seen if finding.code != "F-RING-01"]
            rows.append({**columns, "kind": "面", "geometry": shape})
        elif len(np.unique(points, axis=0)) >= 2:
            rows.append({**columns, "kind": "线", "geometry": shapely.LineString(points)})
        else:
            text = _("an outline with fewer than two different points was left out.")
            findings.append(Finding("F-DXF-06", "warning", text, features=(outline.id,)))
    ids, _repeated = unique_ids([row["id"] for row in rows])
    frame = GeoDataFrame(rows, index=ids, geometry="geometry") if rows else GeoDataFrame(geometry=[])
    if len(frame) and (frame["kind"] == "面").any():
        frame, seen = _nested(frame, nested)
        findings += seen
    return frame, findings


def _nested(frame: GeoDataFrame, how: Literal["separate", "holes"]) -> tuple[GeoDataFrame, list[Finding]]:
    """Outlines inside another one of the same layer: left as they are and named, or cut out."""
    areas = frame[(frame["kind"] == "面") & frame.is_valid]
    shapes, layers = areas.geometry.to_numpy(), areas["layer"].to_numpy()
    pairs = shapely.STRtree(shapes).query(shapes, predicate="within").T
    inner = [(a, b) for a, b in pairs if a != b and layers[a] == layers[b] and shapes[a].area < shapes[b].area]
    if not inner:
        return frame, []
    within = sorted({int(a) for a, _b in inner})
    ids = tuple(str(areas.index[at]) for at in within[:100])
    if how == "separate":
        text = _(
            "{count} outlines lie inside another one of their layer; both were kept whole, so their ground counts twice."
        )
        cure = _('If they are holes, write nested = "holes".')
        return frame, [
            Finding("F-DXF-03", "warning", text.format(count=len(within)), cure, features=ids, count=len(within))
        ]
    cut = {}
    for outer in {b for _a, b in inner} - set(within):
        holes = shapely.union_all([shapes[a] for a, b in inner if b == outer])
        cut[areas.index[outer]] = shapes[outer].difference(holes)
    kept = frame.drop(index=[areas.index[at] for at in within])
    kept = kept.set_geometry([cut.get(index, shape) for index, shape in kept.geometry.items()])
    text = _("{count} outlines inside another one of their layer were cut out as holes.").format(count=len(within))
    return kept, [Finding("F-DXF-04", "note", text, features=ids, count=len(within))]


def _listed(outlines: list[Outline], unread: Counter[str], drawing: Drawing) -> Iterator[Finding]:
    lines = [outline for outline in outlines if not outline.closed]
    if lines:
        text = _("{count} outlines are not closed and have no area; they were read as lines.")
        ids = tuple(outline.id for outline in lines[:100])
        cure = _("Close them in CAD (PEDIT, Close) if they bound a parcel.")
        yield Finding("F-DXF-05", "warning", text.format(count=len(lines)), cure, features=ids, count=len(lines))
    arcs = sum(outline.arcs for outline in outlines)
    if arcs:
        text = _("{count} arcs were drawn out with a point every 0.1°; areas differ by up to 5e-7.").format(count=arcs)
        yield Finding("F-DXF-07", "note", text, count=arcs)
    for entity, count in sorted(unread.items()):
        text = _("{count} × {entity} bound no area and were not read.").format(count=count, entity=entity)
        yield Finding("F-DXF-08", "note" if entity in SILENT else "warning", text, count=count)
    paper = sum(len(layout) for layout in drawing.layouts if not layout.is_modelspace)
    if paper:
        text = _("{count} entities of the paper space were not read.").format(count=paper)
        yield Finding("F-DXF-09", "note", text, count=paper)


def _header(drawing: Drawing) -> dict[str, str]:
    header = {
        "version": drawing.dxfversion,
        "encoding": drawing.encoding,
        "units": str(drawing.header.get("$INSUNITS", 0)),
    }
    geodata = drawing.modelspace().get_geodata()
    if geodata is not None:
        try:
            code, _north_east = geodata.get_crs()
            header["geodata"] = f"EPSG:{code}"
        except Exception:  # ezdxf knows only some of the forms of this entity
            header["geodata"] = "?"
    return header
