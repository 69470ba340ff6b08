"""Rings to polygons by the even-odd rule (奇偶规则).

In surveyors' files a second ring is a hole for some writers and a second part for others, and the ring number says
nothing. The rings themselves do: a ring inside another is cut out of it, a ring beside it is another part. Rings that
cross each other have no one meaning and are refused. (Shapefiles say hole or shell by orientation: see `rings`.)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import shapely
from shapely import Polygon, STRtree

from ecospace.errors import GeometryError
from ecospace.findings import Finding
from ecospace.language import _

#: Mean width up to which a ring may reach over another: coordinates are written to the millimetre.
REACH_M = 0.002
REACH_DEGREES = 2e-8


def polygon_of_rings(rings: Sequence[Any], *, feature: str, degrees: bool = False) -> tuple[Any, list[Finding]]:
    """One polygon or multipolygon from all rings of a parcel.

    Parameters
    ----------
    rings : sequence of array_like
        Each of shape (n, 2), closed or not.
    feature : str
        The id of the parcel, for messages.
    degrees : bool
        Whether the coordinates are degrees.

    Returns
    -------
    geometry : Polygon or MultiPolygon
        Largest ring first, symmetric difference with the next smaller ones. A single ring that crosses itself comes
        back as it is, with a finding: repairing it is for the reader of layers to decide.
    findings : list of Finding
        Rings that were closed (F-RING-01), too short and left out (F-RING-02), repeated points (F-RING-03), a ring
        that crosses itself (F-RING-04).

    Raises
    ------
    GeometryError
        E-GEO-40: no ring has three points; E-GEO-41: rings cross each other; E-GEO-42: rings cancel each other.

    >>> square = [(0, 0), (0, 10), (10, 10), (10, 0)]
    >>> hole = [(2, 2), (2, 4), (4, 4), (4, 2)]
    >>> geometry, findings = polygon_of_rings([hole, square], feature="DK1")
    >>> geometry.area, [finding.code for finding in findings]
    (96.0, ['F-RING-01'])
    """
    shells, findings = _polygons(rings, feature)
    if not shells:
        raise GeometryError(
            "E-GEO-40",
            _("no ring of the parcel has three different points, so it has no area."),
            cure=_("Check the point list of the parcel."),
            features=[feature],
        )
    crossing = [shell for shell in shells if not shell.is_valid]
    if crossing:
        text = _("a ring crosses itself: {reason}.").format(reason=shapely.is_valid_reason(crossing[0]))
        cure = _("Check the order of the points of the parcel.")
        if len(shells) > 1:
            raise GeometryError("E-GEO-41", text, cure=cure, features=[feature])
        return shells[0], [*findings, Finding("F-RING-04", "warning", text, cure, features=(feature,))]
    _require_apart(shells, feature, REACH_DEGREES if degrees else REACH_M)
    geometry: Any = shells[0]
    for shell in shells[1:]:
        geometry = geometry.symmetric_difference(shell)
    if geometry.is_empty:
        raise GeometryError(
            "E-GEO-42",
            _("the rings of the parcel cancel each other (a hole as large as its parcel)."),
            cure=_("Remove the ring that is there twice."),
            features=[feature],
        )
    return geometry, findings


def _polygons(rings: Sequence[Any], feature: str) -> tuple[list[Polygon], list[Finding]]:
    """The rings as polygons without holes, largest first, and what had to be done to them."""
    shells: list[Polygon] = []
    closed_here = short = repeated = 0
    for ring in rings:
        points = np.asarray(ring, dtype=float).reshape(-1, 2)
        kept = np.ones(len(points), dtype=bool)
        kept[1:] = (points[1:] != points[:-1]).any(axis=1)
        repeated += int((~kept).sum())
        points = points[kept]
        closed = len(points) > 1 and bool((points[0] == points[-1]).all())
        if len(points) - closed < 3:
            short += 1
            continue
        closed_here += not closed
        shells.append(Polygon(points))
    seen: list[tuple[str, Literal["note", "warning"], str, int]] = [
        ("F-RING-01", "note", _("{count} rings were not closed; the last point was joined to the first."), closed_here),
        ("F-RING-02", "warning", _("{count} rings have fewer than three different points and were left out."), short),
        ("F-RING-03", "note", _("{count} points stand twice in a row; one of each was kept."), repeated),
    ]
    findings = [
        Finding(code, level, text.format(count=count), features=(feature,), count=count)
        for code, level, text, count in seen
        if count
    ]
    return sorted(shells, key=lambda shell: -shell.area), findings


def _require_apart(shells: list[Polygon], feature: str, reach: float) -> None:
    """Refuse rings that partly overlap: even-odd would take their common ground out in silence."""
    tree = STRtree(shells)
    for small, shell in enumerate(shells):
        for large in tree.query(shell, predicate="intersects"):
            if large >= small:
                continue
            common = shell.intersection(shells[large]).area
            outside = shell.area - common
            if min(common, outside) > reach * shell.length:
                raise GeometryError(
                    "E-GEO-41",
                    _("two rings of the parcel cross each other: {common:.6g} of {whole:.6g} lie in both.").format(
                        common=common, whole=shell.area
                    ),
                    cure=_("A hole must lie inside its parcel and parts beside each other; check the points."),
                    features=[feature],
                )
