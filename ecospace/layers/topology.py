"""Shapes drawn twice, overlaps inside a layer, gaps and overhangs against a boundary; each with its place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from ecospace.findings import Finding
from ecospace.language import _
from ecospace.layers.repair import polygons_of

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

LISTED = 100

#: Square metres below which an overlap or gap is counted, but not drawn: rounding of coordinates makes them.
NOISE_M2 = 0.01
#: Mean width in metres below which a long one is noise too: two layers densified apart differ by millimetres.
NOISE_WIDTH_M = 0.01
#: Shapes beyond which overlaps are not looked for pair by pair.
MOST_SHAPES = 200_000

Array = np.ndarray[Any, Any]


def loose_shapes(shapes: Array) -> Array:
    """Positions of the polygons that do not match their neighbours edge by edge (边不匹配的图形)."""
    if not len(shapes):
        return np.empty(0, np.int64)
    return np.flatnonzero(~shapely.is_empty(shapely.coverage_invalid_edges(shapes)))


def overlapping(shapes: Array, loose: Array | None = None) -> tuple[Array, Array, Array]:
    """The pairs of polygons that have ground in common, and that ground.

    Parameters
    ----------
    shapes : ndarray of Polygon or MultiPolygon
    loose : ndarray of int, optional
        What `loose_shapes` found, where it is known.

    Returns
    -------
    first, second : ndarray of int
        Positions, each pair once, in their order.
    pieces : ndarray of geometry

    Notes
    -----
    Where shapes overlap, one of them is loose, or lies among others that match it, and of those one is: a pond in a ring of
    reeds, both drawn upon a forest. So what overlaps a loose shape is looked at in its turn, until nothing new is met.
    """
    tree = shapely.STRtree(shapes)
    new = loose_shapes(shapes) if loose is None else loose
    done = np.zeros(len(shapes), bool)
    found: dict[tuple[int, int], Any] = {}
    while len(new):
        done[new] = True
        one, other = tree.query(shapes[new], predicate="intersects")
        pairs = np.unique(np.sort(np.column_stack([new[one], other]), axis=1), axis=0)
        pairs = pairs[pairs[:, 0] < pairs[:, 1]]
        # Neighbours that only touch need no overlay.
        pairs = pairs[~shapely.touches(shapes[pairs[:, 0]], shapes[pairs[:, 1]])]
        common = shapely.intersection(shapes[pairs[:, 0]], shapes[pairs[:, 1]])
        pieces = [polygons_of(piece) for piece in common]
        met = {(a, b): piece for (a, b), piece in zip(pairs.tolist(), pieces, strict=True) if piece.area > 0}
        found |= met
        involved = np.unique(np.array(list(met), np.int64))
        new = involved[~done[involved]]
    order = sorted(found)
    first, second = np.array(order, np.int64).reshape(-1, 2).T
    return first, second, np.array([found[pair] for pair in order], dtype=object)


def union_of(shapes: Array, loose: Array | None = None) -> Any:
    """The ground that some polygon covers; what matches edge by edge is joined without any overlay."""
    loose = loose_shapes(shapes) if loose is None else loose
    matching = np.ones(len(shapes), bool)
    matching[loose] = False
    joined = [shapely.coverage_union_all(shapes[matching])] if matching.any() else []
    return joined[0] if matching.all() and joined else shapely.union_all([*joined, *shapes[loose]])


def doubles(frame: GeoDataFrame) -> list[Finding]:
    """Rows whose shape another row has already, wherever its ring begins (重复图形)."""
    shapes = frame.geometry.to_numpy()
    # Only what has the same box and as many vertices can be the same.
    alike = pd.DataFrame(np.column_stack([shapely.bounds(shapes), shapely.get_num_coordinates(shapes)]))
    rows = np.flatnonzero(alike.duplicated(keep=False))
    keys = shapely.to_wkb(shapely.normalize(shapes[rows]))
    _unique, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
    first = rows[first[inverse.ravel()]]
    repeats, originals = rows[first != rows], first[first != rows]
    if not len(repeats):
        return []
    pairs = [f"{frame.index[row]} = {frame.index[twin]}" for row, twin in zip(repeats[:5], originals[:5], strict=True)]
    return [Finding(
        "F-DATA-36", "warning",
        _("{count} shapes are drawn twice ({pairs}); areas by union count them once, sums of the attribute twice.").format(
            count=len(repeats), pairs=", ".join(pairs)),
        features=ids_of(frame.index[repeats]), count=len(repeats),
    )]  # fmt: skip


def overlaps(frame: GeoDataFrame, loose: Array | None = None) -> tuple[list[Finding], list[dict[str, Any]]]:
    """Overlaps of a layer's shapes with one another, in a metric CRS: a finding, and a place for each (图形重叠)."""
    shapes = frame.geometry.to_numpy()
    loose = loose_shapes(shapes) if loose is None else loose
    if len(loose) > MOST_SHAPES:
        return [Finding("F-DATA-37", "note", _("with {count} shapes, overlaps were not looked for one by one.").format(
            count=len(loose)))], []  # fmt: skip
    one, other, pieces = overlapping(shapes, loose)
    if not len(pieces):
        return [], []
    areas, real = shapely.area(pieces), _real(pieces)
    ids = [(str(frame.index[a]), str(frame.index[b])) for a, b in zip(one, other, strict=True)]
    involved = list(dict.fromkeys(name for pair, big in zip(ids, real, strict=True) if big for name in pair))
    text = _("{count} pairs of shapes overlap, {area:.4f} ha in all ({noise} of them no more than rounding): {pairs}.")
    if real.all():
        text = _("{count} pairs of shapes overlap, {area:.4f} ha in all: {pairs}.")
    finding = Finding(
        "F-DATA-38", "warning" if real.any() else "note",
        text.format(
            count=len(areas), area=float(areas.sum()) / 1e4, noise=int((~real).sum()),
            pairs=", ".join(f"{a} × {b}" for a, b in _largest(ids, areas))),
        features=tuple(involved[:LISTED]), count=len(areas),
    )  # fmt: skip
    places = [
        _place("F-DATA-38", _("overlap"), pair, float(area), piece)
        for pair, area, piece, big in zip(ids, areas, pieces, real, strict=True) if big
    ]  # fmt: skip
    return [finding], places


def _real(pieces: Any) -> Array:
    """Which pieces are more than rounding, by area and by mean width."""
    shapes = np.array(list(pieces), dtype=object)
    area, length = shapely.area(shapes), shapely.length(shapes)
    return np.asarray((area > NOISE_M2) & (2 * area > NOISE_WIDTH_M * length))


def _largest(ids: Sequence[tuple[str, str]], areas: Array) -> list[tuple[str, str]]:
    return [ids[position] for position in np.argsort(-areas, kind="stable")[:5]]


def gaps(union: Any, boundary: GeoDataFrame | None) -> tuple[list[Finding], list[dict[str, Any]], dict[str, float]]:
    """Ground that no shape covers, inside the boundary where there is one, else inside the layer's own outline (缝隙).

    Returns
    -------
    findings, places, facts
        facts: gap_m2 and, with a boundary, overhang_m2 and missing_m2 (boundary less union), square metres.
    """
    findings, facts = [], {}
    if boundary is None:
        outline = shapely.union_all([shapely.polygons(part.exterior) for part in shapely.get_parts(union)])
    else:
        outline = shapely.union_all(boundary.geometry.to_numpy())
    gap = polygons_of(shapely.difference(outline, union))
    pieces = sorted(shapely.get_parts(gap), key=lambda piece: -piece.area)
    large = [piece for piece, real in zip(pieces, _real(pieces), strict=True) if real]
    facts["gap_m2"] = float(shapely.area(gap))
    places = [_place("F-DATA-39", _("gap"), (), float(piece.area), piece) for piece in large]
    if large:
        findings.append(Finding(
            "F-DATA-39", "warning",
            _("{area:.4f} ha in {count} places belong to no shape of the layer; the largest is {largest:.4f} ha.").format(
                area=sum(piece.area for piece in large) / 1e4, count=len(large), largest=large[0].area / 1e4),
            cure=_("A unit may be missing; look at the places in the GeoPackage of inspect."), count=len(large),
        ))  # fmt: skip
    if boundary is not None:
        beyond = polygons_of(shapely.difference(union, outline))
        facts["overhang_m2"] = float(shapely.area(beyond))
        facts["missing_m2"] = float(shapely.area(outline)) - float(shapely.area(union))
        parts = shapely.get_parts(beyond)
        over = [piece for piece, real in zip(parts, _real(parts), strict=True) if real]
        places += [_place("F-DATA-40", _("overhang"), (), float(piece.area), piece) for piece in over]
        if over:
            findings.append(Finding(
                "F-DATA-40", "warning",
                _("{area:.4f} ha of the layer in {count} places lie outside the study area; the ground it covers differs from the "
              "study area by {missing:.4f} ha.").format(
                area=sum(piece.area for piece in over) / 1e4, count=len(over), missing=abs(facts["missing_m2"]) / 1e4),
                count=len(over),
            ))  # fmt: skip
    return findings, places, facts


def _place(code: str, text: str, features: Sequence[str], area: float, geometry: Any) -> dict[str, Any]:
    return {"code": code, "text": text, "features": ", ".join(features), "area_m2": area, "geometry": geometry}


def ids_of(index: Any) -> tuple[str, ...]:
    """At most a hundred ids of an index, as text."""
    return tuple(map(str, list(index)[:LISTED]))
