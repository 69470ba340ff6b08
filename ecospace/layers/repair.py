"""Repair of shapes by structure: what was wrong, what was done, and the area before and after.

A shell keeps being a shell and a hole a hole. GEOS's other method (linework, even-odd), the default of geopandas, turns
a part inside a part into a hole and lets a site vanish (trust.md tB02, tB03). What has no one meaning is not repaired.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import shapely

from ecospace.errors import GeometryError, UsageError
from ecospace.findings import Finding
from ecospace.language import _

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

How = Literal["none", "safe", "all"]

#: Share of its area that a safe repair may change.
MAX_CHANGE = 0.001
#: Crossings of a ring with itself beyond which it is a scribble: GEOS would compute for minutes (trust.md tS11).
MAX_CROSSINGS = 1_000
#: Findings of one kind that are listed one by one; the rest is put together.
LISTED = 100

#: Code of each refusal.
REFUSALS = {
    "outside": "E-GEO-24", "around": "E-GEO-25", "collapse": "E-GEO-26", "scribble": "E-GEO-27", "area": "E-GEO-28",
    "none": "E-GEO-29",
}  # fmt: skip

POLYGONS = (3, 6)
COLLECTION = 7


@dataclass(frozen=True)
class Mended:
    """One shape, repaired or refused.

    Parameters
    ----------
    geometry : shapely Geometry
        The result; None where it is refused.
    kinds : tuple of str
        What was wrong, keys of `kind_texts`.
    refused : str
        Why there is no one result; empty where there is one.
    before, after : float
        Areas in square units of the file's CRS: as the shape was written, and repaired by structure.
    change : float
        Share of the area that the repair changes, overlaps of parts left aside: they have one meaning, their union.
    """

    geometry: Any
    kinds: tuple[str, ...]
    refused: str
    before: float
    after: float
    change: float


def repair(
    frame: GeoDataFrame, how: How = "safe", max_change: float = MAX_CHANGE, *, layer: str = "", leave_out: bool = False
) -> tuple[GeoDataFrame, list[Finding]]:
    """Shapes that are valid, two-dimensional and finite, with a finding for each thing done (几何修复).

    Parameters
    ----------
    frame : GeoDataFrame
        In any CRS, indexed by feature id.
    how : {"none", "safe", "all"}
        How much may be repaired. ``"safe"``: only what has a single result — doubled or overlapping parts, spikes and
        crossings that change the area by no more than `max_change`. ``"all"``: also larger changes. A shape that
        collapses, or whose hole lies around its shell, is never repaired.
    max_change : float
        Share of the area that a safe repair may change, 0 to 1.
    layer : str
        Name of the layer in messages.
    leave_out : bool
        Leave out the features that cannot be repaired, with a finding of level "error", instead of stopping.

    Returns
    -------
    GeoDataFrame
        The same rows in the same order, less those left out.
    list of Finding
        Areas before and after in square metres.

    Raises
    ------
    GeometryError
        E-GEO-20, with all features that cannot be repaired, why, and both areas.
    """
    kept, findings = assess(frame, how, max_change, layer=layer)
    refused = [finding for finding in findings if finding.level == "error"]
    if refused and not leave_out:
        raise GeometryError(
            "E-GEO-20",
            _("{count} shapes have no one meaning, so no area of the layer is certain: {list}.").format(
                count=sum(finding.count for finding in refused),
                list="; ".join(finding.text.rstrip("。.") for finding in refused[:10]),
            ),
            cure=refused[0].cure,
            layer=layer,
            features=[feature for finding in refused for feature in finding.features],
        )
    return kept, findings


def assess(
    frame: GeoDataFrame, how: How = "safe", max_change: float = MAX_CHANGE, *, layer: str = ""
) -> tuple[GeoDataFrame, list[Finding]]:
    """As `repair`, but what cannot be repaired is left out with a finding of level "error"."""
    if how not in ("none", "safe", "all"):
        raise UsageError(
            "E-USE-24",
            _("repair = {how!r} is not known.").format(how=how),
            cure=_('Write repair = "none", "safe" or "all".'),
        )
    shapes = np.array(frame.geometry.to_numpy(), dtype=object)
    shapes, findings = _plain(shapes, frame.index)
    changed = bool(findings)
    good = np.ones(len(shapes), dtype=bool)
    valid = np.asarray(shapely.is_valid(shapes))
    for kind, where in _unusable(shapes, ~valid):
        good &= ~where
        findings += _listed(kind, frame.index[where])

    wrong = np.flatnonzero(good & ~valid)
    factors = square_metres_per_unit(shapes[wrong], frame.crs)
    for position, factor in zip(wrong, factors, strict=True):
        mended = mend(shapes[position], how, max_change)
        identifier = str(frame.index[position])
        findings.append(_finding(mended, identifier, float(factor)))
        if mended.refused:
            good[position] = False
        else:
            shapes[position] = mended.geometry
    findings = [finding.of(layer=layer) for finding in _shortened(findings)]
    out = _with(frame, shapes) if changed or len(wrong) else frame
    return out if good.all() else out.loc[good], findings


def mend(shape: Any, how: How = "safe", max_change: float = MAX_CHANGE) -> Mended:
    """One invalid shape, repaired by structure or refused.

    >>> bow_tie = shapely.from_wkt("POLYGON ((0 0, 100 100, 100 0, 0 100, 0 0))")
    >>> mended = mend(bow_tie)
    >>> mended.refused, mended.before, mended.after
    ('area', 0.0, 5000.0)
    >>> mend(bow_tie, "all").geometry.area
    5000.0
    """
    before = float(shapely.area(shape))
    if shapely.get_dimensions(shape) < 2:
        return Mended(None, ("collapse",), "collapse", before, 0.0, 1.0)
    if crossings(shape) > MAX_CROSSINGS:
        return Mended(None, ("scribble",), "scribble", before, 0.0, 1.0)

    kinds: list[str] = []
    parts, doubled = _without_doubles(shapely.get_parts(shape))
    if doubled:
        kinds.append("double")
    whole, simple_area = [], 0.0
    refused = ""
    for part in parts:
        simple_area += float(shapely.area(part))
        if shapely.is_valid(part):
            whole.append(part)
            continue
        kind, fixed = _mend_part(part)
        kinds.append(kind)
        if kind in ("around", "collapse") or (kind == "outside" and how != "all"):
            refused = refused or kind
        whole.append(fixed)

    structured = sum(float(shapely.area(part)) for part in whole)
    change = abs(structured - simple_area) / max(structured, abs(simple_area), np.finfo(float).tiny)
    result = shapely.union_all(whole) if len(whole) > 1 else whole[0]
    result = polygons_of(result)
    after = float(shapely.area(result))
    if structured - after > 1e-9 * max(structured, 1.0):
        kinds.append("overlap")
    if not refused and after == 0.0:
        refused = "collapse"
    if not refused and how != "all" and change > max_change:
        refused = "area"
    if not refused and how == "none":
        refused = "none"
    named = tuple(dict.fromkeys(kinds)) or ("crossing",)
    return Mended(None if refused else result, named, refused, before, after, change)


def polygons_of(shape: Any) -> Any:
    """The polygons of a shape; lines and points that a repair leaves over have no area and are left out."""
    if shapely.get_type_id(shape) in POLYGONS:
        return shape
    parts = shapely.get_parts(shapely.get_parts(shape))
    polygons = [part for part in parts if shapely.get_type_id(part) == 3 and not shapely.is_empty(part)]
    return polygons[0] if len(polygons) == 1 else shapely.MultiPolygon(polygons)


def crossings(shape: Any, limit: int = MAX_CROSSINGS) -> int:
    """How often the rings of a shape properly cross themselves or each other; counting ends past `limit`."""
    rings = shapely.get_rings(shape)
    coordinates, ring = shapely.get_coordinates(rings, return_index=True)
    same = ring[1:] == ring[:-1]
    start, end = coordinates[:-1][same], coordinates[1:][same]
    low, high = np.minimum(start, end), np.maximum(start, end)
    order = np.argsort(low[:, 0], kind="stable")
    start, end, low, high = start[order], end[order], low[order], high[order]
    # A sweep over x: each edge is compared with those that begin before it ends.
    last = np.searchsorted(low[:, 0], high[:, 0], side="right")
    count = 0
    for one in range(len(start)):
        others = slice(one + 1, last[one])
        if others.start >= others.stop:
            continue
        near = (low[others, 1] <= high[one, 1]) & (high[others, 1] >= low[one, 1])
        if near.any():
            count += _proper(start[one], end[one], start[others][near], end[others][near])
            if count > limit:
                break
    return count


def square_metres_per_unit(shapes: Any, crs: Any) -> np.ndarray[Any, Any]:
    """Square metres in one square unit of a CRS at each shape, for messages: 1 in metres, about 1.2e10 in degrees."""
    count = len(shapes)
    if crs is None:
        return np.ones(count)
    if crs.is_projected:
        return np.full(count, float(crs.axis_info[0].unit_conversion_factor) ** 2)
    latitude = np.radians(np.nan_to_num(shapely.bounds(shapes).reshape(count, 4)[:, 1]))
    ellipsoid = crs.ellipsoid
    major = ellipsoid.semi_major_metre
    eccentricity2 = 1 - (ellipsoid.semi_minor_metre / major) ** 2
    # Radii of curvature of the meridian and of the prime vertical.
    root = 1 - eccentricity2 * np.sin(latitude) ** 2
    square = major**2 * (1 - eccentricity2) / root**2
    return np.asarray(np.radians(1.0) ** 2 * square * np.cos(latitude))


def kind_texts() -> dict[str, str]:
    """What can be wrong with a shape, in the reader's language."""
    return {
        "crossing": _("the boundary crosses or touches itself"),
        "spike": _("a spike without area"),
        "double": _("a part stands there twice"),
        "overlap": _("parts overlap"),
        "hole": _("holes overlap or cut the shell"),
        "outside": _("a hole lies outside its shell"),
        "around": _("a hole lies around its shell"),
        "collapse": _("nothing of the area remains"),
        "scribble": _("the boundary crosses itself more than a thousand times"),
        "area": _("a repair would change the area"),
        "none": _('repair = "none" allows no repair'),
        "null": _("there is no geometry"),
        "outline": _("closed outlines stand beside its areas, and may be areas too"),
        "empty": _("the geometry is empty"),
        "nan": _("coordinates are not numbers"),
    }


def _mend_part(part: Any) -> tuple[str, Any]:
    """One invalid polygon by structure, and what was wrong with it."""
    shell = polygons_of(shapely.make_valid(shapely.polygons(part.exterior), method="structure", keep_collapsed=False))
    if shapely.area(shell) == 0.0:
        return "collapse", shell
    rings, doubled = _without_doubles(np.array([shapely.polygons(ring) for ring in part.interiors], dtype=object))
    holes = [polygons_of(shapely.make_valid(ring, method="structure", keep_collapsed=False)) for ring in rings]
    for hole in holes:
        if shapely.equals(hole, shell):
            return "collapse", shapely.Polygon()
        if shapely.covers(hole, shell):
            return "around", shapely.Polygon()
    outside = [not shapely.intersects(hole, shell) or shapely.touches(hole, shell) for hole in holes]
    fixed = shell
    if holes:
        fixed = polygons_of(shapely.difference(shell, shapely.union_all(holes)))
    if any(outside):
        return "outside", fixed
    if shapely.area(fixed) == 0.0:
        return "collapse", fixed
    if doubled:
        return "double", fixed
    if holes and shapely.is_valid(shapely.polygons(part.exterior)):
        return "hole", fixed
    same = abs(float(shapely.area(fixed)) - float(shapely.area(part))) <= 1e-9 * float(shapely.area(fixed))
    return ("spike" if same else "crossing"), fixed


def _without_doubles(parts: np.ndarray[Any, Any]) -> tuple[np.ndarray[Any, Any], int]:
    """Parts of which none is there twice, whatever vertex it starts at and whichever way it runs."""
    if len(parts) < 2:
        return parts, 0
    keys = shapely.to_wkb(shapely.normalize(parts))
    _keys, first = np.unique(keys, return_index=True)
    return parts[np.sort(first)], len(parts) - len(first)


def _proper(a: Any, b: Any, c: Any, d: Any) -> int:
    """How many segments c–d cross the segment a–b inside both."""

    def side(p: Any, q: Any, r: Any) -> Any:
        return (q[..., 0] - p[..., 0]) * (r[..., 1] - p[..., 1]) - (q[..., 1] - p[..., 1]) * (r[..., 0] - p[..., 0])

    apart = (side(a, b, c) * side(a, b, d) < 0) & (side(c, d, a) * side(c, d, b) < 0)
    return int(apart.sum())


def _plain(shapes: np.ndarray[Any, Any], index: Any) -> tuple[np.ndarray[Any, Any], list[Finding]]:
    """Shapes without heights and measures, without a precision of their own, collections opened."""
    findings = []
    raised = shapely.has_z(shapes) | shapely.has_m(shapes)
    if raised.any():
        shapes = shapely.force_2d(shapes)
        findings.append(Finding(
            "F-GEO-20", "note", _("heights or measures (Z, M) were left out; areas are plane areas."),
            features=_ids(index[raised]), count=int(raised.sum()),
        ))  # fmt: skip
    # A precision grid sticks to a geometry and rounds every later overlay: 21 % wrong on a 50 m grid (trust.md tB21).
    rounded = np.nan_to_num(shapely.get_precision(shapes)) != 0
    if rounded.any():
        shapes[rounded] = shapely.set_precision(shapes[rounded], 0)
        findings.append(Finding(
            "F-GEO-21", "note", _("a precision grid that stuck to the geometry was taken off."),
            features=_ids(index[rounded]), count=int(rounded.sum()),
        ))  # fmt: skip
    mixed = np.flatnonzero(shapely.get_type_id(shapes) == COLLECTION)
    opened = []
    for position in mixed:
        dimension = shapely.get_dimensions(shapes[position])
        parts = shapely.get_parts(shapes[position])
        kept = shapely.get_parts(parts[shapely.get_dimensions(parts) == dimension])
        if len(kept) and not _has_closed_outline(parts, dimension):
            build = (shapely.multipoints, shapely.multilinestrings, shapely.multipolygons)[int(dimension)]
            shapes[position] = kept[0] if len(kept) == 1 else build(kept)
            opened.append(position)
    if opened:
        findings.append(Finding(
            "F-GEO-22", "warning",
            _("a mixed collection: the parts of the highest dimension (areas before lines before points) were kept."),
            features=_ids(index[opened]), count=len(opened),
        ))  # fmt: skip
    return shapes, findings


def _has_closed_outline(parts: np.ndarray[Any, Any], dimension: int) -> bool:
    """Whether a closed line stands beside areas: it may be an area that a drawing program left as its outline."""
    lines = shapely.get_parts(parts[shapely.get_dimensions(parts) == 1])
    return bool(dimension == 2 and (shapely.is_closed(lines) & (shapely.get_num_points(lines) > 3)).any())


def _unusable(
    shapes: np.ndarray[Any, Any], invalid: np.ndarray[Any, Any]
) -> Iterable[tuple[str, np.ndarray[Any, Any]]]:
    missing = np.asarray(shapely.is_missing(shapes))
    yield "null", missing
    yield "empty", np.asarray(shapely.is_empty(shapes))
    yield "outline", (shapely.get_type_id(shapes) == COLLECTION) & ~shapely.is_empty(shapes)
    # The bounds of a shape pass over NaN: only its coordinates tell. GEOS calls every such shape invalid.
    suspects = np.flatnonzero(invalid & ~missing)
    coordinates, owner = shapely.get_coordinates(shapes[suspects], return_index=True)
    unfinite = np.zeros(len(shapes), dtype=bool)
    unfinite[suspects[owner[~np.isfinite(coordinates).all(axis=1)]]] = True
    yield "nan", unfinite


def _listed(kind: str, index: Any) -> list[Finding]:
    if not len(index):
        return []
    code = {"null": "E-GEO-21", "empty": "E-GEO-22", "nan": "E-GEO-23", "outline": "E-GEO-38"}[kind]
    return [Finding(
        code,
            "error",
        _("{features}: {what}; left in, it would count as clear of everything.").format(
            features=_some(index), what=kind_texts()[kind]),
        cure=_('Have the shape drawn, or the row taken out; a layer of a study goes on without it by on_error = "leave out".'),
        features=_ids(index), count=len(index),
    )]  # fmt: skip


def _finding(mended: Mended, identifier: str, factor: float) -> Finding:
    texts = kind_texts()
    before, after = mended.before * factor, mended.after * factor
    what = ", ".join(texts[kind] for kind in mended.kinds)
    areas = _("{before:.4f} m² as drawn, {after:.4f} m² by structure").format(before=before, after=after)
    if not mended.refused:
        return Finding(
            "F-GEO-23", "warning" if mended.change > MAX_CHANGE or {"overlap", "double"} & set(mended.kinds) else "note",
            _("{feature}: {what}; repaired: {areas}").format(feature=identifier, what=what, areas=areas),
            features=(identifier,), area_before_m2=before, area_after_m2=after,
        )  # fmt: skip
    if mended.refused != mended.kinds[0]:
        what = f"{what}; {texts[mended.refused]}"
    curable = mended.refused in ("area", "outside", "none")
    code = REFUSALS[mended.refused]
    return Finding(
        code,
        "error",
        _("{feature}: {what} ({areas})").format(feature=identifier, what=what, areas=areas),
        cure=_('Repair it in the drawing, or write repair = "all" to take the area by structure.')
        if curable
        else _('Redraw it, or write on_error = "leave out" to go on without it, named in every result.'),
        features=(identifier,),
        area_before_m2=before,
        area_after_m2=after,
    )


def _shortened(findings: list[Finding]) -> list[Finding]:
    """At most a hundred findings of one code; the rest of them as one, with the sums of their areas."""
    out: list[Finding] = []
    for code in dict.fromkeys(finding.code for finding in findings):
        same = [finding for finding in findings if finding.code == code]
        out += same[:LISTED]
        rest = same[LISTED:]
        if rest:
            out.append(replace(
                rest[0],
                text=_("and {count} more of the same kind").format(count=len(rest)),
                features=tuple(finding.features[0] for finding in rest[:LISTED]), count=len(rest),
                area_before_m2=sum(finding.area_before_m2 or 0.0 for finding in rest),
                area_after_m2=sum(finding.area_after_m2 or 0.0 for finding in rest),
            ))  # fmt: skip
    return out


def _with(frame: GeoDataFrame, shapes: np.ndarray[Any, Any]) -> GeoDataFrame:
    from geopandas import GeoSeries

    name = frame.geometry.name
    return frame.set_geometry(GeoSeries(shapes, index=frame.index, crs=frame.crs, name=name))


def _ids(index: Any) -> tuple[str, ...]:
    return tuple(map(str, index[:LISTED]))


def _some(index: Any) -> str:
    shown = ", ".join(map(str, index[:5]))
    return shown if len(index) <= 5 else f"{shown} …"
