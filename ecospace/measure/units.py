"""The units of a table: the whole, its zones, the ground in no zone, and units that lie across zones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import shapely

from ecospace.errors import DataError
from ecospace.findings import Finding
from ecospace.language import _
from ecospace.units import round_number

#: Ground below this share of the whole is noise of shared borders, listed but not a unit of its own.
SLIVER = 1e-9


@dataclass(frozen=True, eq=False)
class Units:
    """What areas are given for.

    Attributes
    ----------
    frame : GeoDataFrame
        Indexed by code, unique, the whole first; columns name, role ("whole", "zone", "remainder", "nested").
    double : geometry
        Ground that lies in two zones or more; empty where they tile.
    findings : tuple of Finding
        Gaps, overlaps and overhang of the zones.
    """

    frame: gpd.GeoDataFrame
    double: tuple[Any, ...]
    findings: tuple[Finding, ...]

    def doubled_ground(self, ground: Any) -> float:
        """How much of some ground the sum over the zones counts too often, square metres."""
        return float(sum(shapely.area(shapely.intersection(ground, part)) for part in self.double))


def units_of(
    boundary: gpd.GeoDataFrame,
    zones: gpd.GeoDataFrame | None = None,
    *,
    nested: gpd.GeoDataFrame | None = None,
    exclude: gpd.GeoDataFrame | None = None,
) -> Units:
    """The units of a study; zones are clipped to the boundary, what they leave is a unit of its own.

    Parameters
    ----------
    boundary, zones, nested, exclude : GeoDataFrame
        In one metric CRS; zones and nested units indexed by code, with `name`.

    Returns
    -------
    Units
    """
    whole = boundary.geometry.union_all()
    if exclude is not None:
        whole = whole.difference(exclude.geometry.union_all())
    name = str(boundary["name"].iloc[0]) if "name" in boundary else _("whole")
    rows = [("whole", name, "whole", whole)]
    double: list[Any] = []
    findings: list[Finding] = []
    if zones is not None:
        clipped = shapely.intersection(zones.geometry.to_numpy(), whole)
        _require_inside(zones, clipped)
        rows += [(str(code), str(zone), "zone", shape) for code, zone, shape in
                 zip(zones.index, zones["name"], clipped, strict=True)]  # fmt: skip
        covered, double = _layered(clipped)
        rest = shapely.difference(whole, covered)
        if shapely.area(rest) > SLIVER * shapely.area(whole):
            rows.append(("remainder", _("(in no zone)"), "remainder", rest))
        overhang = float(zones.geometry.area.sum() - shapely.area(clipped).sum())
        findings = _zone_findings(whole, float(shapely.area(rest)), sum(map(shapely.area, double)), overhang)
    if nested is not None:
        rows += [(f"nested:{code}", str(unit), "nested", shape.intersection(whole)) for code, unit, shape in
                 zip(nested.index, nested["name"], nested.geometry, strict=True)]  # fmt: skip
    frame = gpd.GeoDataFrame(
        {"name": [row[1] for row in rows], "role": [row[2] for row in rows]},
        geometry=[row[3] for row in rows], index=[row[0] for row in rows], crs=boundary.crs,
    )  # fmt: skip
    return Units(frame, tuple(double), tuple(findings))


def _require_inside(zones: gpd.GeoDataFrame, clipped: Any) -> None:
    """Refuse zones without any ground of the study area: their row would be a county's that is not asked about."""
    outside = shapely.area(clipped) == 0
    if outside.any():
        raise DataError(
            "E-DATA-20",
            _("{count} zones lie wholly outside the study area: {names}. One of the two layers is of another place.").format(
                count=int(outside.sum()), names=", ".join(map(str, zones.loc[outside, "name"][:8]))),
            cure=_("Compare boundary and zones on a map: ecospace map FOLDER; or leave zones out with keep = … in study.toml."),
            features=zones.index[outside].tolist(),
        )  # fmt: skip


def _layered(zones: Any) -> tuple[Any, list[Any]]:
    """The union of the zones, and the ground that each zone has in common with those before it."""
    double = []
    tree = shapely.STRtree(zones)
    for second, shape in enumerate(zones):
        before = [first for first in tree.query(shape) if first < second]
        shared = shapely.intersection(shape, shapely.union_all(zones[before])) if before else shapely.Polygon()
        if shapely.area(shared) > 0:
            double.append(shared)
    return shapely.union_all(zones), double


def _zone_findings(whole: Any, gap: float, overlap: float, overhang: float) -> list[Finding]:
    noticed = 1e-6 * shapely.area(whole)
    texts = [
        ("F-ZONE-01", gap, _("{area} ha of the study area lie in no zone; they stand in a row of their own.")),
        (
            "F-ZONE-02",
            overlap,
            _("{area} ha lie in two zones; the sum over the zones counts them twice, the whole once."),
        ),
        ("F-ZONE-03", overhang, _("{area} ha of the zones lie outside the study area and were clipped.")),
    ]
    return [
        Finding(code, "warning", text.format(area=round_number(area / 10_000, 2)), layer="zones")
        for code, area, text in texts
        if area > noticed
    ]
