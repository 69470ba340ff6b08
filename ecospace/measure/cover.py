"""Forest cover and other shares of land classes (森林覆盖率、林草覆盖率), under a named definition, from polygons or a raster."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from ecospace.crs import require_same_crs
from ecospace.errors import BalanceError, DataError
from ecospace.findings import Finding
from ecospace.language import _
from ecospace.layers.canopy import Closures, canopy_closures, closure_findings
from ecospace.layers.codes import CodeSystem, code_system, require_code_system
from ecospace.layers.topology import Array, loose_shapes, overlapping
from ecospace.measure.cover_definitions import CoverDefinition, cover_definition, cover_definitions
from ecospace.measure.raster_areas import raster_class_areas
from ecospace.measure.units import units_of
from ecospace.space.overlay import cross_area, cross_pieces
from ecospace.units import round_number

if TYPE_CHECKING:
    from ecospace.layers.raster import Raster

#: Share of the study area in mixed cells beyond which a raster is too coarse for it.
TOO_COARSE = 0.05
#: How far the zones may be from the whole, relative: cells of a raster have their area to 1e-8.
CLOSED = 1e-6
#: Ground counted twice below this is rounding of shared borders: recorded, but no warning.
NOTICED_M2 = 0.5


@dataclass(frozen=True, eq=False)
class Cover:
    """Areas of land classes by unit, and the share of those that count.

    Attributes
    ----------
    definition : CoverDefinition
        What counts.
    classes : DataFrame
        unit, class, name, area_m2, counted (bool); a class of which canopy closure decides has a row for each.
    units : DataFrame
        The whole first: unit, name, role, area_m2, official_m2, counted_m2, share, share_official, uncovered_m2 (ground of
        which the layer says nothing), doubled_m2 (counted ground that several shapes claim; counted once), undecided_m2 (ground
        not counted because its canopy closure is missing or cannot be read).
    findings : tuple of Finding
    """

    definition: CoverDefinition
    classes: pd.DataFrame
    units: pd.DataFrame
    findings: tuple[Finding, ...] = ()

    @property
    def share(self) -> float:
        """Share of the whole by the computed denominator, 0 to 1."""
        return float(self.units["share"].iloc[0])

    @property
    def share_most(self) -> float:
        """The share if all ground whose canopy closure is not known were forest; `share` where all is known."""
        whole = self.units.iloc[0]
        return min(float((whole["counted_m2"] + whole["undecided_m2"]) / whole["area_m2"]), 1.0)

    @property
    def share_official(self) -> float:
        """Share of the whole by the official denominator, 0 to 1; NaN where there is none."""
        return float(self.units["share_official"].iloc[0])


def forest_cover(
    land: gpd.GeoDataFrame | Raster,
    boundary: gpd.GeoDataFrame,
    zones: gpd.GeoDataFrame | None = None,
    *,
    definition: str | CoverDefinition,
    system: str | None,
    code: str = "code",
    official_area_m2: float | None = None,
    folder: Path | None = None,
    cells: str = "fraction",
) -> Cover:
    """Forest cover of the whole and of each zone (森林覆盖率).

    Parameters
    ----------
    land : GeoDataFrame or Raster
        Land classes: valid polygons in the study CRS with the class in column `code`, or a raster of classes in any CRS.
    boundary, zones : GeoDataFrame
        In the study CRS; zones indexed by code, with `name`.
    definition : str or CoverDefinition
        What counts: a key of ``standards/definitions/forest.toml``, or one's own.
    system : str or None
        The code system of the layer, never guessed; it must be the one that the definition is meant in.
    code : str
        Column of the class.
    official_area_m2 : float, optional
        Official area of the whole, for the second share.
    folder : Path, optional
        Where a code book of the user's lies.
    cells : {"fraction", "centre"}
        For a raster: count cells on the boundary by the part that lies inside, or whole by their centre; with ``"centre"`` the
        denominator is made of cells too.

    Returns
    -------
    Cover

    Raises
    ------
    DataError
        No code system (E-DATA-11), unknown codes (E-DATA-12), a definition of another system (E-DATA-13).

    Notes
    -----
    森林法实施条例第二十四条. Only the definition `statutory`, on forestry data, is 森林覆盖率; the rest is labelled as a proxy.

    Examples
    --------
    >>> from shapely import box
    >>> county = gpd.GeoDataFrame(geometry=[box(0, 0, 100, 100)], crs=4547)
    >>> land = gpd.GeoDataFrame({"code": ["0301", "0305"]}, geometry=[box(0, 0, 100, 40), box(0, 40, 100, 60)], crs=4547)
    >>> forest_cover(land, county, definition="dlbm-narrow", system="dlbm").share.__round__(9)
    0.4
    >>> forest_cover(land, county, definition="dlbm-wide", system="dlbm").share.__round__(9)
    0.6
    """
    chosen = cover_definition(definition) if isinstance(definition, str) else definition
    classes = land_classes(land, boundary, zones, system=system, code=code, folder=folder, cells=cells)
    return counted_cover(classes, chosen, official_area_m2=official_area_m2)


@dataclass(frozen=True, eq=False)
class LandClasses:
    """Areas of land classes by unit, before it is said what counts: measured once, counted under several definitions.

    Attributes
    ----------
    areas : DataFrame
        unit, class (text; empty for no data), canopy (NaN where the layer has none), area_m2.
    units : GeoDataFrame
        See `Units.frame`.
    denominators : Series
        Area of each unit, square metres, by the method of the numerators.
    system : CodeSystem
    involved : GeoDataFrame
        The pieces, by unit, of shapes that overlap others: class, canopy, zone.
    loose : ndarray of int
        Positions of the shapes that do not match their neighbours: `ecospace.layers.topology.loose_shapes`.
    closures : Closures or None
        The canopy closures as they were read; None where the layer has no such column.
    findings : tuple of Finding
    """

    areas: pd.DataFrame
    units: gpd.GeoDataFrame
    denominators: pd.Series[Any]
    system: CodeSystem
    involved: gpd.GeoDataFrame | None = None
    loose: Array | None = None
    closures: Closures | None = None
    findings: tuple[Finding, ...] = ()


def land_classes(
    land: gpd.GeoDataFrame | Raster,
    boundary: gpd.GeoDataFrame,
    zones: gpd.GeoDataFrame | None = None,
    *,
    system: str | None,
    code: str = "code",
    folder: Path | None = None,
    cells: str = "fraction",
) -> LandClasses:
    """Areas of land classes by unit (地类面积汇总); see `forest_cover` for the parameters."""
    units = units_of(boundary, zones)
    denominators: pd.Series[Any] = units.frame.geometry.area
    involved = loose = closures = None
    if isinstance(land, gpd.GeoDataFrame):
        land = land.assign(**{code: "*"}) if system == "whole-layer" else land
        codes = _class_column(land, code)
        book = require_code_system(system, codes.unique(), land.get("code_name", ()), folder=folder)
        require_same_crs(land, units.frame)
        closures = canopy_closures(land["canopy"]) if "canopy" in land else None
        canopy = np.nan if closures is None else closures.values
        marked = land[[land.geometry.name]].assign(**{"class": codes, "canopy": canopy})
        areas = cross_area(marked, units.frame, by=["class", "canopy"]).rename(columns={"zone": "unit"})
        loose = loose_shapes(land.geometry.to_numpy())
        involved = _overlapping(marked, units.frame, loose)
        findings = [*units.findings, *closure_findings(land.assign(code=codes))]
    else:
        book = code_system(system, folder) if system else require_code_system(system, ())
        areas, seen = raster_class_areas(land, units.frame, cells=cells)
        require_code_system(book.key, areas.loc[areas["class"] != "", "class"].unique(), folder=folder)
        findings = [*units.findings, *seen, *_coarse(areas)]
        areas = areas.assign(canopy=np.nan)
        if cells == "centre":
            denominators = areas.groupby("unit")["area_m2"].sum()
    return LandClasses(areas, units.frame, denominators, book, involved, loose, closures, tuple(findings))


def counted_cover(classes: LandClasses, definition: CoverDefinition, *, official_area_m2: float | None = None) -> Cover:
    """The share of the classes that a definition counts; see `forest_cover`."""
    _require_same_system(definition, classes.system)
    findings = list(classes.findings)
    tested = _tested(classes.closures, definition)
    areas = classes.areas.assign(counted=_counts(classes.areas, definition, tested))
    if definition.min_canopy is not None and not tested:
        findings.append(
            Finding(
                "F-DATA-01",
                "warning",
                _(
                    "the layer has no canopy closure (郁闭度): arbour forest is counted as given, without the test of {least}."
                ).format(least=definition.min_canopy),
                _('Say where it stands: fields = { canopy = "YBD" }'),
            )
        )
    doubled = pd.Series(0.0, index=classes.units.index)
    if classes.involved is not None:
        counted = classes.involved[_counts(classes.involved, definition, tested)]
        for unit, pieces in counted.groupby("zone", sort=False):
            once = shapely.area(shapely.union_all(pieces.geometry.to_numpy()))
            doubled[unit] = float(pieces.geometry.area.sum() - once)
    if doubled.iloc[0] > 0:
        findings.append(
            Finding(
                "F-DATA-02",
                "warning" if doubled.iloc[0] >= NOTICED_M2 else "note",
                _("{area} ha of counted ground lie in several shapes of the layer and were counted once.").format(
                    area=round_number(float(doubled.iloc[0]) / 10_000, 4)
                ),
            )
        )
    unknown = areas[areas["class"].isin(definition.canopy_codes) & areas["canopy"].isna() & tested]
    undecided = unknown.groupby("unit")["area_m2"].sum().reindex(classes.units.index, fill_value=0.0)
    cover = _cover(areas, doubled, undecided, classes, definition, official_area_m2, findings)
    return replace(cover, findings=(*cover.findings, *_range(cover)))


def _tested(closures: Closures | None, definition: CoverDefinition) -> bool:
    """Whether canopy closure decides; a layer without any is counted as given, with a finding."""
    if definition.min_canopy is None or closures is None or closures.missing.all():
        return False
    if not closures.scale:
        raise closures.refusal()
    return True


def _counts(areas: pd.DataFrame, definition: CoverDefinition, tested: bool) -> pd.Series[Any]:
    counted: pd.Series[Any] = areas["class"].isin(definition.codes)
    if tested:
        counted &= ~areas["class"].isin(definition.canopy_codes) | (areas["canopy"] >= definition.min_canopy)
    return counted


def _range(cover: Cover) -> list[Finding]:
    """Between what the share lies where closures are not known."""
    undecided = float(cover.units["undecided_m2"].iloc[0])
    if not undecided:
        return []
    return [Finding(
        "F-DATA-46", "warning",
        _("{hectares:.4f} ha of arbour forest are not counted, because their canopy closure is not known: {label} lies between "
          "{least:.2%} and {most:.2%}.").format(
            hectares=undecided / 1e4, label=cover.definition.label, least=cover.share, most=cover.share_most),
        _("Fill in the canopy closures; until then neither end may be printed as the value."))]  # fmt: skip


def explain(one: Cover, other: Cover) -> pd.DataFrame:
    """Why two definitions give two numbers for one place, class by class (口径差异说明).

    Parameters
    ----------
    one, other : Cover
        Of the same land and study area.

    Returns
    -------
    DataFrame
        class, name, area_m2, in_one, in_other, difference_m2 and difference_share (other − one); the classes that differ first, largest first.
        The differences add up to the difference of the two shares, checked.

    Raises
    ------
    BalanceError
        E-SUM-03: the differences do not explain the gap (another land layer, or another area).
    """
    unit = one.units["unit"].iloc[0]
    area = float(one.units["area_m2"].iloc[0])
    left = one.classes[one.classes["unit"] == unit].set_index("class")
    right = other.classes[other.classes["unit"] == unit].set_index("class")
    table = pd.DataFrame({
        "name": left["name"].combine_first(right["name"]),
        "area_m2": left["area_m2"].combine_first(right["area_m2"]),
        "in_one": left["counted"].reindex(left.index.union(right.index), fill_value=False),
        "in_other": right["counted"].reindex(left.index.union(right.index), fill_value=False),
    })  # fmt: skip
    table["difference_m2"] = table["area_m2"] * (table["in_other"].astype(float) - table["in_one"].astype(float))
    table["difference_share"] = table["difference_m2"] / area
    gap = other.share - one.share
    if abs(float(table["difference_share"].sum()) - gap) > 1e-9:
        raise BalanceError(
            "E-SUM-03",
            _(
                "the classes explain {explained:.6%} of a gap of {gap:.6%}: the two results are not of the same land."
            ).format(explained=float(table["difference_share"].sum()), gap=gap),
            cure=_("Compute both definitions on one layer and one study area."),
        )
    order = np.lexsort((table.index.to_numpy().astype(str), -table["difference_m2"].abs().to_numpy()))
    return table.iloc[order].reset_index(names="class")


def target_gap(cover: Cover, target: float) -> dict[str, float]:
    """What is still to be planted for a target (目标差距).

    Parameters
    ----------
    cover : Cover
    target : float
        Share, 0 to 1.

    Returns
    -------
    dict
        gap_share (target − share; negative where it is met) and gap_m2.
    """
    area = float(cover.units["area_m2"].iloc[0])
    return {"gap_share": target - cover.share, "gap_m2": (target - cover.share) * area}


def _class_column(land: gpd.GeoDataFrame, code: str) -> pd.Series[Any]:
    if code not in land:
        raise DataError(
            "E-DATA-07",
            _("the layer has no column {code!r} for the land class.").format(code=code),
            cure=_('Say where it stands: fields = {{ code = "DLBM" }} in study.toml. Columns: {columns}.').format(
                columns=", ".join(map(str, land.columns))),
        )  # fmt: skip
    missing = land[code].isna() | (land[code].astype(str).str.strip() == "")
    if missing.any():
        raise DataError(
            "E-DATA-08",
            _("{count} shapes have no land class; their ground would belong to nothing.").format(
                count=int(missing.sum())
            ),
            cure=_("Fill them in, or leave them out with keep = …"),
            features=list(land.index[missing]),
        )
    stripped: pd.Series[Any] = land[code].astype(str).str.strip()
    return stripped


def _require_same_system(definition: CoverDefinition, book: CodeSystem) -> None:
    if definition.code_system != book.key:
        raise DataError(
            "E-DATA-13",
            _(
                "the definition {definition} is meant in {one}, the layer is in {other}; the same code means other land."
            ).format(definition=definition.key, one=definition.code_system, other=book.key),
            cure=_("Definitions for this layer: {known}.").format(
                known=", ".join(key for key, item in cover_definitions().items() if item.code_system == book.key)
            ),
        )


def _overlapping(land: gpd.GeoDataFrame, units: gpd.GeoDataFrame, loose: Array) -> gpd.GeoDataFrame | None:
    """The pieces of shapes that overlap others, by unit; None where there are none."""
    first, second, _pieces = overlapping(land.geometry.to_numpy(), loose)
    if not len(first):
        return None
    return cross_pieces(land.iloc[np.unique([first, second])], units, by=["class", "canopy"])


def _coarse(areas: pd.DataFrame) -> list[Finding]:
    mixed = float(areas.attrs["mixed_share"])
    if mixed <= TOO_COARSE:
        return []
    return [Finding(
        "F-RASTER-01", "warning",
        _("the raster is too coarse for this study area: {share:.0%} of it lie in cells that the boundary cuts.").format(
            share=mixed),
        _("Use a finer raster; cells should be a hundredth of the study area's width or less."))]  # fmt: skip


def _cover(
    areas: pd.DataFrame,
    doubled: pd.Series[Any],
    undecided: pd.Series[Any],
    land: LandClasses,
    definition: CoverDefinition,
    official_area_m2: float | None,
    findings: list[Finding],
) -> Cover:
    units = land.units
    names: Mapping[str, str] = {**land.system.codes, "": _("(no data)")}
    classes = areas.groupby(["unit", "class", "counted"], sort=False, as_index=False)["area_m2"].sum()
    classes = classes.assign(name=classes["class"].map(names))[["unit", "class", "name", "area_m2", "counted"]]
    known = classes[classes["class"] != ""]
    table = pd.DataFrame(
        {
            "unit": units.index,
            "name": units["name"].to_numpy(),
            "role": units["role"].to_numpy(),
            "area_m2": land.denominators.reindex(units.index).to_numpy(),
        }
    )
    table["official_m2"] = np.where(table["role"] == "whole", official_area_m2 or np.nan, np.nan)
    counted = known[known["counted"]].groupby("unit")["area_m2"].sum()
    described = known.groupby("unit")["area_m2"].sum()
    table["doubled_m2"] = doubled.reindex(table["unit"]).to_numpy()
    table["undecided_m2"] = undecided.reindex(table["unit"]).to_numpy()
    table["counted_m2"] = counted.reindex(table["unit"], fill_value=0.0).to_numpy() - table["doubled_m2"]
    table["uncovered_m2"] = np.maximum(
        table["area_m2"] - described.reindex(table["unit"], fill_value=0.0).to_numpy(), 0.0
    )
    table["share"] = table["counted_m2"] / table["area_m2"]
    table["share_official"] = table["counted_m2"] / table["official_m2"]
    _require_closed(table, findings)
    return Cover(definition, classes, table, tuple(findings))


def _require_closed(table: pd.DataFrame, findings: list[Finding]) -> None:
    if (table["share"] > 1 + 1e-9).any():
        raise BalanceError(
            "E-SUM-02",
            _("the classes cover more ground than there is, so no share is given."),
            cure=_("Look for overlapping shapes: ecospace inspect FOLDER"),
        )
    parts = table[table["role"].isin(["zone", "remainder"])]
    whole = max(float(table["counted_m2"].iloc[0]), 1.0)
    residual = abs(float(parts["counted_m2"].sum()) / whole - 1) if len(parts) else 0.0
    if residual > CLOSED and not any(finding.code == "F-ZONE-02" for finding in findings):
        raise BalanceError(
            "E-SUM-04",
            _("the zones add up to another forest area than the whole ({residual:.3g} relative).").format(
                residual=residual
            ),
            cure=_("Look at the zones: ecospace inspect FOLDER"),
        )
