"""Coverage with full reconciliation (受保护地区占国土面积比例): every step from approved areas to the share, and the proof
that the parts add up to the union.

Cov = A(∪ Pᵢ ∩ T) / A(T). Ground that several kinds claim goes to the first by rank:
Eᵢ = Pᵢ∩T \\ ∪ⱼ Pⱼ for all j before i, so that Σ A(Eᵢ) = A(∪Pᵢ∩T) (methods.md M1).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from ecospace.crs import require_same_crs
from ecospace.errors import BalanceError, UsageError
from ecospace.language import _
from ecospace.measure.definitions import Definition
from ecospace.measure.units import Units, units_of
from ecospace.space.overlay import covered_area, cross_pieces
from ecospace.terms import kinds

#: How far parts may be from their whole, relative: the noise of double precision, not a tolerance for error.
CLOSED = 1e-9
KIND_COLUMNS = ["unit", "kind", "rows", "clipped_m2", "net_m2", "attributed_m2"]
OVERLAP_COLUMNS = ["unit", "kind", "other", "area_m2"]


@dataclass(frozen=True, eq=False)
class Coverage:
    """A coverage ratio with everything that it was made from.

    Attributes
    ----------
    definition : Definition or None
        What counts.
    places : DataFrame
        One row a place: id, kind, name, approved_m2 (attribute, NaN where none), drawn_m2, inside_m2.
    kinds : DataFrame
        One row a unit and kind, of the places that reach into it: unit, kind, count, approved_m2, drawn_m2, clipped_m2 (sum of the
        clipped places), net_m2 (their union), attributed_m2 (what the rank gives it).
    overlaps : DataFrame
        One row a unit and pair of kinds that share ground: unit, kind, other, area_m2.
    units : DataFrame
        One row a unit, the whole first: unit, name, role ("whole", "zone", "remainder", "nested"), area_m2, official_m2,
        gross_m2 (sum over all places), net_m2 (sum over kinds), union_m2, share, share_official.
    proof : dict of str to float
        Largest relative residual of each identity, each below 1e-9.
    """

    definition: Definition | None
    places: pd.DataFrame
    kinds: pd.DataFrame
    overlaps: pd.DataFrame
    units: pd.DataFrame
    proof: dict[str, float]

    @property
    def whole(self) -> pd.Series[Any]:
        """The row of the whole study area."""
        return self.units.iloc[0]

    @property
    def share(self) -> float:
        """Share of the whole by the computed denominator, 0 to 1."""
        return float(self.whole["share"])

    @property
    def share_official(self) -> float:
        """Share of the whole by the official denominator, 0 to 1; NaN where there is none."""
        return float(self.whole["share_official"])

    @property
    def union_m2(self) -> float:
        """Ground covered, once, square metres."""
        return float(self.whole["union_m2"])


def coverage(
    places: gpd.GeoDataFrame,
    boundary: gpd.GeoDataFrame,
    zones: gpd.GeoDataFrame | None = None,
    *,
    nested: gpd.GeoDataFrame | None = None,
    exclude: gpd.GeoDataFrame | None = None,
    rank: Sequence[str] | None = None,
    official_area_m2: float | None = None,
    definition: Definition | None = None,
) -> Coverage:
    """Area and share of protected ground, for the whole and each zone, overlaps once (受保护地区面积及占比).

    Parameters
    ----------
    places : GeoDataFrame
        Valid polygons with the column `kind`, in a metric CRS. They may overlap and lie across the boundary. Columns
        `name` and `approved_m2` are used where present.
    boundary : GeoDataFrame
        The study area, in the same CRS.
    zones : GeoDataFrame, optional
        Townships indexed by code, with `name`. Ground of the boundary in no zone becomes a unit of its own.
    nested : GeoDataFrame, optional
        Units that lie across zones (an industrial park); listed, never added up.
    exclude : GeoDataFrame, optional
        Ground that is neither counted nor part of the denominator (sea: 陆域面积占比).
    rank : sequence of str, optional
        Kinds, the first takes shared ground first. Default: the rank of ``standards/kinds.toml``.
    official_area_m2 : float, optional
        Official area of the whole, for the second share.
    definition : Definition, optional
        What counts; the kinds that it does not name are left out.

    Returns
    -------
    Coverage

    Raises
    ------
    CRSError
        Layers in different CRSs, or not in metres.
    BalanceError
        The parts do not add up to the union to 1e-9 (E-SUM-01): no number is given then.

    Examples
    --------
    >>> from shapely import box
    >>> land = gpd.GeoDataFrame(geometry=[box(0, 0, 100, 100)], crs=4547)
    >>> parks = gpd.GeoDataFrame({"kind": ["forest_park", "nature_reserve"]},
    ...                          geometry=[box(0, 0, 20, 50), box(10, 0, 30, 50)], crs=4547)
    >>> result = coverage(parks, land)
    >>> result.union_m2, round(result.share, 9)
    (1500.0, 0.15)
    >>> result.kinds[["kind", "net_m2", "attributed_m2"]].values.tolist()
    [['nature_reserve', 1000.0, 1000.0], ['forest_park', 1000.0, 500.0]]
    """
    if "kind" not in places:
        raise UsageError("E-USE-01", _("places have no column 'kind'."), cure=_("Give it: frame.assign(kind=…)"))
    require_same_crs(places, boundary, *[frame for frame in (zones, nested, exclude) if frame is not None])
    if definition is not None:
        places = places[places["kind"].isin(definition.kinds)]
    units = units_of(boundary, zones, nested=nested, exclude=exclude)
    order = _ranked(places, rank)
    # Towns that tile the territory are measured town by town, which is far quicker than one union of everything; the whole is
    # their sum then, and an engine that makes no unions at all has to come to the same area.
    by_zones = bool((units.frame["role"] == "zone").any()) and not units.double
    measured = units.frame[units.frame["role"] != "whole"] if by_zones else units.frame
    pieces = cross_pieces(places.assign(_row=np.arange(len(places))), measured, by=["kind", "_row"])
    parts = [_measured(unit, pieces[pieces["zone"] == unit], order) for unit in measured.index]
    if by_zones:
        of_whole = pieces["zone"].isin(measured.index[measured["role"] != "nested"])
        parts.insert(0, _summed(units.frame.index[0], pieces[of_whole], parts, measured["role"]))
    else:
        of_whole = pieces["zone"] == units.frame.index[0]
    kind_rows = pd.DataFrame([row for part in parts for row in part.kinds], columns=KIND_COLUMNS)
    table = _unit_table(units, parts, official_area_m2)
    proof = {
        "parts_to_union": max(part.residual for part in parts),
        "zones_to_whole": _zones_close(table, places, units),
        "by_another_engine": _engines_agree(places, units.frame.iloc[[0]], float(table["union_m2"].iloc[0])),
    }
    _require_closed(proof, table)
    return Coverage(
        definition=definition,
        places=_places(places, pieces[of_whole]),
        kinds=_with_whole_areas(kind_rows, places, units.frame.index[0]),
        overlaps=pd.DataFrame([row for part in parts for row in part.overlaps], columns=OVERLAP_COLUMNS),
        units=table,
        proof=proof,
    )


@dataclass(frozen=True)
class _Part:
    """What one unit holds."""

    unit: str
    kinds: list[dict[str, Any]]
    overlaps: list[dict[str, Any]]
    gross_m2: float
    net_m2: float
    union_m2: float
    residual: float


def _measured(unit: str, here: gpd.GeoDataFrame, order: Sequence[str]) -> _Part:
    """Unions and differences in one unit; the parts by rank have to make the union of all."""
    nets = {kind: _union(here.loc[here["kind"] == kind]) for kind in order}
    taken = shapely.Polygon()
    rows: list[dict[str, Any]] = []
    for kind in order:
        own = here.loc[here["kind"] == kind]
        rows.append(
            {
                "unit": unit,
                "kind": kind,
                "rows": frozenset(own["_row"]),
                "clipped_m2": float(own.geometry.area.sum()),
                "net_m2": float(shapely.area(nets[kind])),
                "attributed_m2": float(shapely.area(shapely.difference(nets[kind], taken))),
            }
        )
        taken = shapely.union(taken, nets[kind])
    union_m2 = float(shapely.area(shapely.union_all(list(nets.values()))))
    return _Part(
        unit=unit,
        kinds=rows,
        overlaps=_overlaps(unit, nets, order),
        gross_m2=float(here.geometry.area.sum()),
        net_m2=sum(row["net_m2"] for row in rows),
        union_m2=union_m2,
        residual=abs(sum(row["attributed_m2"] for row in rows) - union_m2) / max(union_m2, 1.0),
    )


def _summed(unit: str, here: gpd.GeoDataFrame, parts: Sequence[_Part], roles: pd.Series[Any]) -> _Part:
    """The whole as the sum of its zones and of the ground in none."""
    inside = [part for part in parts if roles[part.unit] != "nested"]
    kinds_of = pd.DataFrame([row for part in inside for row in part.kinds])
    overlaps_of = pd.DataFrame([row for part in inside for row in part.overlaps], columns=OVERLAP_COLUMNS)
    kind_rows: list[dict[str, Any]] = [
        {
            "unit": unit,
            "kind": kind,
            "rows": frozenset().union(*rows["rows"]),
            **{column: float(rows[column].sum()) for column in ("clipped_m2", "net_m2", "attributed_m2")},
        }
        for kind, rows in (kinds_of.groupby("kind", sort=False) if len(kinds_of) else ())
    ]
    overlap_rows = overlaps_of.groupby(["kind", "other"], sort=False, as_index=False)["area_m2"].sum().assign(unit=unit)
    return _Part(
        unit=unit,
        kinds=kind_rows,
        overlaps=[dict(zip(OVERLAP_COLUMNS, row, strict=True)) for row in overlap_rows[OVERLAP_COLUMNS].to_numpy()],
        gross_m2=float(here.geometry.area.sum()),
        net_m2=sum(part.net_m2 for part in inside),
        union_m2=sum(part.union_m2 for part in inside),
        residual=max((part.residual for part in inside), default=0.0),
    )


def _unit_table(units: Units, parts: Sequence[_Part], official_area_m2: float | None) -> pd.DataFrame:
    frame = units.frame.loc[[part.unit for part in parts]]
    table = pd.DataFrame(
        {
            "unit": frame.index,
            "name": frame["name"].to_numpy(),
            "role": frame["role"].to_numpy(),
            "area_m2": frame.geometry.area.to_numpy(),
        }
    )
    whole = table["role"] == "whole"
    table["official_m2"] = np.where(whole, official_area_m2 or np.nan, np.nan)
    for column in ("gross_m2", "net_m2", "union_m2"):
        table[column] = [getattr(part, column) for part in parts]
    table["share"] = table["union_m2"] / table["area_m2"]
    table["share_official"] = table["union_m2"] / table["official_m2"]
    return table


def _with_whole_areas(rows: pd.DataFrame, places: gpd.GeoDataFrame, whole: str) -> pd.DataFrame:
    """Counts for every unit; approved and drawn areas, which know no zones, for the whole: of the places that it counts."""
    # A reserve drawn as two functional zones is one place: places of one layer and name count once.
    place = np.arange(len(places))
    if "name" in places:
        layer = places["layer"].to_numpy() if "layer" in places else places["kind"].to_numpy()
        place = pd.factorize(pd.Series(layer).astype(str) + "\n" + pd.Series(places["name"].to_numpy()).astype(str))[0]
    counts = [len({place[row] for row in ids}) for ids in rows["rows"]]
    out = rows.assign(count=counts, approved_m2=np.nan, drawn_m2=np.nan)
    for i, (unit, ids) in enumerate(zip(rows["unit"], rows["rows"], strict=True)):
        if unit == whole:
            own = np.isin(np.arange(len(places)), list(ids))
            out.loc[i, "approved_m2"] = _sum(places, "approved_m2", own)
            out.loc[i, "drawn_m2"] = float(places.geometry[own].area.sum())
    return out[["unit", "kind", "count", "approved_m2", "drawn_m2", "clipped_m2", "net_m2", "attributed_m2"]]


def _engines_agree(places: gpd.GeoDataFrame, whole: gpd.GeoDataFrame, union_m2: float) -> float:
    """The covered ground once more, as an area only: by sums over edges where the kernels are there (no unions are made)."""
    other = float(covered_area(places, whole).sum()) if len(places) else 0.0
    return abs(other - union_m2) / max(union_m2, 1.0)


def _ranked(places: gpd.GeoDataFrame, rank: Sequence[str] | None) -> list[str]:
    known = kinds()
    order = list(rank or ())
    present = sorted(set(places["kind"]), key=lambda kind: (known[kind].rank if kind in known else 99, str(kind)))
    return [kind for kind in order if kind in present] + [kind for kind in present if kind not in order]


def _union(rows: gpd.GeoDataFrame) -> Any:
    return shapely.union_all(rows.geometry.to_numpy()) if len(rows) else shapely.Polygon()


def _overlaps(unit: str, nets: dict[str, Any], order: Sequence[str]) -> list[dict[str, Any]]:
    rows = []
    for i, kind in enumerate(order):
        for other in order[i + 1 :]:
            area = float(shapely.area(shapely.intersection(nets[kind], nets[other])))
            if area > 0:
                rows.append({"unit": unit, "kind": kind, "other": other, "area_m2": area})
    return rows


def _sum(frame: gpd.GeoDataFrame, column: str, rows: np.ndarray[Any, Any]) -> float:
    return float(frame[column][rows].sum(min_count=1)) if column in frame else float("nan")


def _places(places: gpd.GeoDataFrame, inside: gpd.GeoDataFrame) -> pd.DataFrame:
    area = inside.geometry.area.groupby(inside["_row"].to_numpy()).sum()
    table = pd.DataFrame({
        "id": places.index.astype(str), "kind": places["kind"].to_numpy(),
        "name": places["name"].to_numpy() if "name" in places else "",
        "approved_m2": places["approved_m2"].to_numpy() if "approved_m2" in places else np.nan,
        "drawn_m2": places.geometry.area.to_numpy(),
        "inside_m2": area.reindex(range(len(places)), fill_value=0.0).to_numpy(),
    })  # fmt: skip
    for column in ("layer", "level", "status"):
        if column in places:
            table[column] = places[column].to_numpy()
    return table


def _zones_close(table: pd.DataFrame, places: gpd.GeoDataFrame, units: Units) -> float:
    """Zones and the remainder, less ground that lies in two zones, make the whole."""
    parts = table[table["role"].isin(["zone", "remainder"])]
    if parts.empty:
        return 0.0
    doubled = units.doubled_ground(_union(places)) if units.double else 0.0
    return abs(float(parts["union_m2"].sum()) - doubled - float(table["union_m2"].iloc[0])) / max(
        float(table["union_m2"].iloc[0]), 1.0
    )


def _require_closed(proof: dict[str, float], table: pd.DataFrame) -> None:
    worst = max(proof, key=lambda name: proof[name])
    shares = table["share"].to_numpy()
    if proof[worst] > CLOSED or (shares > 1 + CLOSED).any() or not np.isfinite(shares).all():
        raise BalanceError(
            "E-SUM-01",
            _("the parts do not add up to their whole ({what}: {residual:.3g} relative), so no share is given.").format(
                what=worst, residual=proof[worst]
            ),
            cure=_("Look at the layers: ecospace inspect FOLDER; if they are sound, this is an error of ecospace."),
        )
