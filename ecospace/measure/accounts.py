"""Land accounts (土地台账): class × unit tables that close to the township and the city, proven when they are made.

For each unit: Σ classes − ground drawn twice + ground not drawn = area of the unit. The classes come from the sums over
edges, the ground drawn once from a sweep over the same cells: two ways that share no arithmetic, so that a fault of one
shows as more ground than there is, or as a gap in the table. For each class:
Σ townships + ground in no township − ground in two townships = the city, which is measured by itself. A park that lies
over several towns (园区) is a unit of its own that no sum contains, so it is counted once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from ecospace.errors import BalanceError, DataError
from ecospace.language import _
from ecospace.measure.units import Units, units_of
from ecospace.space.overlay import NOISE_M2, covered_area, cross_area, labels_of, shares
from ecospace.space.overlay_geos import polygons_only

if TYPE_CHECKING:
    from ecospace.layers.store import Store

#: How far parts may be from their whole, relative: the noise of double precision, not a tolerance for error.
CLOSED = 1e-9
DOUBLE = "double:"
#: Half the last digit of TBMJ (two decimals), square metres: borders of towns overlap by rounding, not by more.
TBMJ_DIGIT = 0.005

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, eq=False)
class Accounts:
    """A land account with what proves that it closes.

    Attributes
    ----------
    by : str
        The column that holds the class.
    table : DataFrame
        unit, the column `by`, area_m2: one row for each class that a unit has.
    units : DataFrame
        Indexed by unit, the whole first: name, role ("whole", "zone", "remainder", "nested"), area_m2 (of the unit),
        drawn_m2 (sum of the classes), covered_m2 (ground with a class, once), double_m2 (drawn − covered), missing_m2
        (area − covered).
    proof : dict of str to float
        Largest relative residual of each identity, each below 1e-9.
    """

    by: str
    table: pd.DataFrame
    units: pd.DataFrame
    proof: dict[str, float]

    def wide(self) -> pd.DataFrame:
        """One row a unit, one column a class, square metres; 0 where a unit has none of a class."""
        wide = self.table.pivot_table(
            index="unit", columns=self.by, values="area_m2", aggfunc="sum", fill_value=0.0, dropna=False, observed=True
        )
        return wide.reindex(self.units.index, fill_value=0.0)


def land_accounts(
    land: gpd.GeoDataFrame | Store,
    boundary: gpd.GeoDataFrame,
    zones: gpd.GeoDataFrame | None = None,
    *,
    by: str,
    nested: gpd.GeoDataFrame | None = None,
    within: gpd.GeoDataFrame | None = None,
    **streaming: Any,
) -> Accounts:
    """Area of each land class in the study area, each township, and each unit across townships (分类分区面积台账).

    Parameters
    ----------
    land : GeoDataFrame or Store
        Parcels with the class of each in column `by`; a missing class is a class of its own. A certified store may be of any
        size: it is read in a stream.
    boundary, zones, nested : GeoDataFrame
        The study area; townships indexed by code with `name`; units across townships, such as a park (E40).
    by : str
    within : GeoDataFrame, optional
        Only ground inside it, overlaps once: the account of the red line by township.
    **streaming
        For a store: memory_mb, scheduler, progress of :func:`ecospace.space.stream.stream_area`.

    Returns
    -------
    Accounts

    Raises
    ------
    BalanceError
        Parts and whole differ by more than 1e-9 (E-SUM-60 in a unit, E-SUM-61 over the units).

    Notes
    -----
    Whether parcels overlap is not looked for in a stream: covered_m2 and double_m2 are missing, and missing_m2 is the unit's
    area less what is drawn, negative where more is drawn than there is ground.
    """
    frame = _all_units(units_of(boundary, zones, nested=nested), within)
    if isinstance(land, gpd.GeoDataFrame):
        return _account(by, frame, cross_area(land, frame, by=by), covered_area(land, frame))
    from ecospace.space.stream import stream_area

    return _account(by, frame, stream_area(land, frame, by=by, **streaming), None)


def apportioned(
    land: gpd.GeoDataFrame, zones: gpd.GeoDataFrame, *, by: str, column: str = "TBMJ", deducted: str | None = None
) -> pd.DataFrame:
    """Attribute areas shared out by ground: TBMJ × share of the parcel in the zone (图斑面积按比例分摊).

    Parameters
    ----------
    land, zones, by
        As in :func:`ecospace.space.overlay.cross_area`.
    column : str
        The surveyed area of each parcel, square metres.
    deducted : str, optional
        Column of the field-ridge coefficient KCXS (田坎系数, 0 to 1): adds a column net_m2 without ridges (TBDLMJ).

    Returns
    -------
    DataFrame
        zone, the column `by`, area_m2 (measured), attribute_m2, and net_m2 with `deducted`.

    Raises
    ------
    DataError
        A parcel has no attribute area, or a coefficient outside 0 to 1 (E-DATA-66, with ids).
    BalanceError
        A parcel gets more than its attribute area (zones overlap) (E-SUM-62).
    """
    attribute = _numbers(land, column, 0.0, np.inf)
    feature, places, area_m2 = shares(land, [zones])
    share = area_m2 / shapely.area(np.asarray(land.geometry.array))[feature]
    given = np.bincount(feature, share, minlength=len(land))
    if (over := np.flatnonzero((given - 1) * attribute > TBMJ_DIGIT)).size:
        raise BalanceError(
            "E-SUM-62",
            _("{count} parcels would be shared out more than once, because the zones overlap.").format(count=len(over)),
            cure=_("Give zones that do not overlap; account for a park over several towns by itself."),
            features=land.index[over].tolist(),
        )
    parts = {"area_m2": area_m2, "attribute_m2": attribute[feature] * share}
    if deducted is not None:
        parts["net_m2"] = parts["attribute_m2"] * (1 - _numbers(land, deducted, 0.0, 1.0)[feature])
    classes, label = labels_of(land, [by])
    table = pd.DataFrame({"zone": places[:, 0], "label": label[feature], **parts})
    table = table.groupby(["zone", "label"], as_index=False).sum()
    table = table[table["area_m2"] > CLOSED]
    table.insert(1, by, classes[by].take(table.pop("label").to_numpy()).to_numpy())
    return table.assign(zone=zones.index.take(table["zone"])).reset_index(drop=True)


def compensation(accounts: Accounts, rates: Mapping[str, float]) -> pd.DataFrame:
    """Area × rate by unit (生态补偿测算, E36): unit, class, area_m2, rate (per hectare), amount.

    Raises
    ------
    DataError
        A class has no rate (E-DATA-67): no money is shared out by a guess.
    """
    classes = accounts.table[accounts.by].unique().tolist()
    if missing := [str(name) for name in classes if name not in rates]:
        raise DataError(
            "E-DATA-67",
            _("{classes} have no rate, so no amount is certain.").format(classes=", ".join(missing)),
            cure=_("Give a rate for each class, 0 where nothing is paid."),
        )
    table = accounts.table.copy()
    table["rate"] = table[accounts.by].map(dict(rates)).astype(float)
    return table.assign(amount=table["area_m2"] / 10_000 * table["rate"])


def _all_units(units: Units, within: gpd.GeoDataFrame | None) -> gpd.GeoDataFrame:
    """The units, and the ground in two zones as units of role DOUBLE; all cut to `within`."""
    double = gpd.GeoDataFrame(
        {"name": "", "role": DOUBLE}, geometry=list(units.double), crs=units.frame.crs,
        index=[f"{DOUBLE}{number}" for number in range(len(units.double))],
    )  # fmt: skip
    frame = pd.concat([units.frame, double]) if len(double) else units.frame
    if within is not None:
        inside = polygons_only(shapely.intersection(np.asarray(frame.geometry.array), within.geometry.union_all()))
        frame = frame.set_geometry(gpd.GeoSeries(inside, index=frame.index, crs=frame.crs))
        frame = frame[~frame.geometry.is_empty]
        if frame.empty:
            raise DataError(
                "E-DATA-19",
                _(
                    "no ground of the study lies inside the layer: it has only lines or points, or touches the boundary alone."
                ),
                cure=_("Name a layer of polygons: --within redline"),
            )
    return frame


def _account(by: str, frame: gpd.GeoDataFrame, table: pd.DataFrame, covered: pd.Series | None) -> Accounts:
    """The account of units from the sums of cross_area and the ground that is covered once, where that is known."""
    table = table.rename(columns={"zone": "unit"})
    areas = frame.geometry.area
    drawn = table.groupby("unit")["area_m2"].sum().reindex(frame.index, fill_value=0.0)
    once = drawn if covered is None else covered

    def told(gap: pd.Series) -> pd.Series:
        return gap.where(gap.abs() > CLOSED * areas, 0.0)  # below it is the noise of two sums

    summary = pd.DataFrame({
        "name": frame["name"], "role": frame["role"], "area_m2": areas, "drawn_m2": drawn, "covered_m2": covered,
        "double_m2": told(drawn - covered) if covered is not None else np.nan, "missing_m2": told(areas - once),
    })  # fmt: skip
    proof = {"whole": _closed_over_units(table, summary, by)}
    if covered is not None:
        proof["unit"] = _possible_in_units(summary)
    real = summary["role"] != DOUBLE
    return Accounts(by, table[table["unit"].isin(summary.index[real])].reset_index(drop=True), summary[real], proof)


def _possible_in_units(summary: pd.DataFrame) -> float:
    """No unit is covered beyond its area, nor beyond what is drawn in it: two ways of measuring that have to agree."""
    # Below 1 000 m² (slivers between borders) a unit is held to a square millimetre: coordinates know no better.
    area = summary["area_m2"].clip(lower=NOISE_M2 / CLOSED)
    room = summary[["area_m2", "drawn_m2"]].min(axis=1)
    beyond = (summary["covered_m2"] - room).clip(lower=0.0) / area
    if (beyond > CLOSED).any():
        raise BalanceError(
            "E-SUM-60",
            _("The classes of {count} units do not make up their area: off by up to {gap:.3g} of it.").format(
                count=int((beyond > CLOSED).sum()), gap=float(beyond.max())
            ),
            cure=_("This is a fault of ecospace or of invalid shapes: read the layer with read_layer and report it."),
            features=summary.index[beyond > CLOSED].tolist(),
        )
    return float(beyond.max())


def _closed_over_units(table: pd.DataFrame, summary: pd.DataFrame, by: str) -> float:
    """For each class: zones + ground in no zone − ground in two zones = the whole, measured by itself."""
    role = table["unit"].map(summary["role"])
    if not (role == "zone").any():
        return 0.0
    sums = table.assign(role=role).groupby([by, "role"], dropna=False, observed=True)["area_m2"].sum().unstack("role")
    sums = sums.fillna(0.0).reindex(columns=["whole", "zone", "remainder", DOUBLE], fill_value=0.0)
    gap = (sums["zone"] + sums["remainder"] - sums[DOUBLE] - sums["whole"]).abs()
    # A class of a few square metres cannot be closer than the noise of the whole table.
    worst = float((gap / sums["whole"].clip(lower=1e-3 * sums["whole"].sum())).max())
    if worst > CLOSED:
        raise BalanceError(
            "E-SUM-61",
            _("The townships do not add up to the whole: a class is off by {gap:.3g} of its area.").format(gap=worst),
            cure=_("This is a fault of ecospace or of invalid shapes: read the layer with read_layer and report it."),
            features=gap.index[gap == gap.max()].tolist(),
        )
    return worst


def _numbers(land: gpd.GeoDataFrame, column: str, low: float, high: float) -> Array:
    if column not in land.columns:
        raise DataError(
            "E-DATA-60",
            _("The features have no column {columns}, so their area cannot be added up by it.").format(columns=column),
            cure=_("Their columns are: {columns}.").format(columns=", ".join(map(str, land.columns))),
        )
    values: Array = pd.to_numeric(land[column], errors="coerce").to_numpy(float)
    wrong = ~((values >= low) & (values <= high) & np.isfinite(values))
    if wrong.any():
        raise DataError(
            "E-DATA-66",
            _("{count} parcels have no usable number in {column}, so nothing can be shared out by it.").format(
                count=int(wrong.sum()), column=column
            ),
            cure=_("Have the column filled, or use the measured area alone."),
            features=land.index[wrong].tolist(),
        )
    return values
