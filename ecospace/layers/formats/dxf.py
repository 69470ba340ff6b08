"""AutoCAD drawings (DXF): every closed outline becomes an area, everything else is named.

GDAL makes a line of every closed polyline, circle and block: 10,000 of 95,700 m² are left, and millimetres are taken for
metres (trust.md tC10). A drawing says no CRS and often a wrong unit: both are asked for, with a proposal.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
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
from ecospace.layers.formats.dxf_outlines import Outline, open_drawing, outlines_of
from ecospace.layers.formats.even_odd import polygon_of_rings
from ecospace.layers.formats.parcels import Parcels, naming, unique_ids

if TYPE_CHECKING:
    from ezdxf.document import Drawing

#: Metres in one drawing unit, by $INSUNITS and by what a user writes.
UNITS = {1: 0.0254, 2: 0.3048, 4: 0.001, 5: 0.01, 6: 1.0, 7: 1000.0}
UNIT_NAMES = {"m": 1.0, "mm": 0.001, "cm": 0.01, "km": 1000.0, "ft": 0.3048, "in": 0.0254}
#: Entities that say something but bound nothing.
SILENT = {"TEXT", "MTEXT", "ATTRIB", "ATTDEF", "DIMENSION", "LEADER", "MULTILEADER", "VIEWPORT"}


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
        E-READ-85 … 96: damaged, nothing to read, no such layer.
    CRSError
        The numbers do not fit the CRS given.
    """
    file = Path(path)
    with naming(file):
        drawing = open_drawing(file)
        unread: Counter[str] = Counter()
        outlines = list(outlines_of(drawing, unread))
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


def _once(frame: GeoDataFrame) -> tuple[GeoDataFrame, list[Finding]]:
    """The same outline drawn twice on a layer, as CAD leaves it, counts once."""
    same = [
        (row.layer, shapely.to_wkb(shapely.normalize(shape)))
        for row, shape in zip(frame.itertuples(), frame.geometry, strict=True)
    ]
    repeated = frame.assign(same=same)["same"].duplicated().to_numpy()
    if not repeated.any():
        return frame, []
    ids = tuple(map(str, frame.index[repeated][:100]))
    text = _("{count} outlines are drawn twice on their layer; one of each was kept.").format(count=int(repeated.sum()))
    return frame[~repeated], [Finding("F-DXF-10", "warning", text, features=ids, count=int(repeated.sum()))]


def _nested(frame: GeoDataFrame, how: Literal["separate", "holes"]) -> tuple[GeoDataFrame, list[Finding]]:
    """Outlines inside another one of the same layer: left as they are and named, or cut out."""
    frame, findings = _once(frame)
    areas = frame[(frame["kind"] == "面") & frame.is_valid]
    shapes, layers = areas.geometry.to_numpy(), areas["layer"].to_numpy()
    pairs = shapely.STRtree(shapes).query(shapes, predicate="within").T
    inside = [(int(a), int(b)) for a, b in pairs if a != b and layers[a] == layers[b]]
    if not inside:
        return frame, findings
    # How many outlines lie around each one: the first level is a hole, the second an island in it, and so on.
    depth = Counter(a for a, _b in inside)
    within = sorted(depth)
    if how == "separate":
        ids = tuple(str(areas.index[at]) for at in within[:100])
        text = _(
            "{count} outlines lie inside another one of their layer; both were kept whole, so their ground counts twice."
        )
        cure = _('If they are holes, write nested = "holes".')
        found = Finding("F-DXF-03", "warning", text.format(count=len(within)), cure, features=ids, count=len(within))
        return frame, [*findings, found]
    holes: dict[int, list[Any]] = {}
    for a, b in inside:
        if depth[a] == depth[b] + 1 and depth[b] % 2 == 0:
            holes.setdefault(b, []).append(shapes[a])
    cut = {areas.index[at]: shapes[at].difference(shapely.union_all(found)) for at, found in holes.items()}
    gone = [at for at in within if depth[at] % 2]
    kept = frame.drop(index=[areas.index[at] for at in gone])
    kept = kept.set_geometry([cut.get(index, shape) for index, shape in kept.geometry.items()])
    text = _("{count} outlines inside another one of their layer were cut out as holes.").format(count=len(gone))
    ids = tuple(str(areas.index[at]) for at in gone[:100])
    return kept, [*findings, Finding("F-DXF-04", "note", text, features=ids, count=len(gone))]


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
