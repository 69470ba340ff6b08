"""What became of each class between two dates: change matrix (转移矩阵) and balance sheet (期初期末平衡表), which close.

N[k, l] is the ground of class k before and class l after, in a unit. Row sums are the opening, column sums the closing
stock; both are measured by themselves and have to agree.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from ecospace.errors import BalanceError, UsageError
from ecospace.language import _
from ecospace.measure.accounts import CLOSED
from ecospace.space.overlay import covered_area, cross_area

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, eq=False)
class Change:
    """A change matrix by unit.

    Attributes
    ----------
    table : DataFrame
        unit, before, after, area_m2: one row for each pair of classes. A missing class (NaN) is ground that one of the
        two layers does not draw.
    balance : DataFrame
        unit, class, opening_m2, lost_m2, gained_m2, closing_m2: opening − lost + gained = closing.
    proof : dict of str to float
        Largest relative residual of each identity, below 1e-9.
    """

    table: pd.DataFrame
    balance: pd.DataFrame
    proof: dict[str, float]

    def matrix(self, unit: object) -> pd.DataFrame:
        """The matrix of one unit: rows before, columns after, square metres."""
        own = self.table[self.table["unit"] == unit]
        return own.pivot_table(
            index="before", columns="after", values="area_m2", aggfunc="sum", fill_value=0.0, dropna=False
        )


def change_matrix(before: gpd.GeoDataFrame, after: gpd.GeoDataFrame, units: gpd.GeoDataFrame, *, by: str) -> Change:
    """Ground of each class before and after, in each unit (A34, E03, E14, E28–E30).

    Parameters
    ----------
    before, after : GeoDataFrame
        Parcels of two dates with their class in column `by`; neither may overlap itself.
    units : GeoDataFrame
        Polygons indexed by code: townships, the red line, one township for an audit of its leaders (离任审计).
    by : str

    Returns
    -------
    Change

    Raises
    ------
    UsageError
        A layer overlaps itself, so its ground has no one class (E-USE-63).
    BalanceError
        Stocks and flows do not agree to 1e-9 of the unit (E-SUM-63).
    """
    areas = units.geometry.area
    stock = {name: _stock(land, units, by, name) for name, land in (("before", before), ("after", after))}
    codes = after.reset_index(drop=True)
    flows = cross_area(before, {"after": codes, "unit": units}, by=by)
    flows = flows.rename(columns={by: "before"}).assign(after=codes[by].to_numpy()[flows["after"].to_numpy(int)])
    flows = flows.groupby(["unit", "before", "after"], dropna=False, observed=True)["area_m2"].sum().reset_index()
    balance = _balance(flows, stock, units.index)
    missing = _undrawn(balance, areas)
    residual = _closed(balance, areas)
    order = pd.Series(range(len(units)), index=units.index)
    table = pd.concat([flows, missing]).sort_values(
        ["unit", "before", "after"], key=lambda column: column.map(order) if column.name == "unit" else column
    )
    return Change(table.reset_index(drop=True), balance.drop(columns=["to_none", "from_none"]), {"balance": residual})


def _stock(land: gpd.GeoDataFrame, units: gpd.GeoDataFrame, by: str, name: str) -> pd.Series:
    """Area by unit and class, of a layer that does not overlap itself."""
    table = cross_area(land, units, by=by)
    drawn = table.groupby("zone")["area_m2"].sum().reindex(units.index, fill_value=0.0)
    double = (drawn - covered_area(land, units)) / units.geometry.area
    if (double > CLOSED).any():
        worst = double.idxmax()
        raise UsageError(
            "E-USE-63",
            _("The layer {name!r} overlaps itself: {share:.3g} of unit {unit} has two classes.").format(
                name=name, share=float(double.max()), unit=worst
            ),
            cure=_("Take the overlaps out first; they are listed when the layer is read."),
        )
    return table.set_index(["zone", by])["area_m2"].rename_axis(["unit", "class"])


def _balance(flows: pd.DataFrame, stock: dict[str, pd.Series], units: pd.Index) -> pd.DataFrame:
    """Opening, lost, gained and closing of each class in each unit; to and from ground that is not drawn."""
    kept = flows[flows["before"].eq(flows["after"]) | (flows["before"].isna() & flows["after"].isna())]
    sums = {
        "opening_m2": stock["before"],
        "closing_m2": stock["after"],
        "kept_m2": _by_class(kept, "before"),
        "out_m2": _by_class(flows, "before"),
        "in_m2": _by_class(flows, "after"),
    }
    table = pd.concat(sums, axis=1).fillna(0.0).reset_index()
    table["to_none"], table["from_none"] = table["opening_m2"] - table["out_m2"], table["closing_m2"] - table["in_m2"]
    table["lost_m2"], table["gained_m2"] = (
        table["opening_m2"] - table["kept_m2"],
        table["closing_m2"] - table["kept_m2"],
    )
    place = pd.Series(range(len(units)), index=units)
    table = table.sort_values(["unit", "class"], key=lambda c: c.map(place) if c.name == "unit" else c)
    columns = ["unit", "class", "opening_m2", "lost_m2", "gained_m2", "closing_m2", "to_none", "from_none"]
    return table[columns].reset_index(drop=True)


def _by_class(flows: pd.DataFrame, side: str) -> pd.Series:
    sums = flows.groupby(["unit", side], dropna=False, observed=True)["area_m2"].sum()
    return sums.rename_axis(["unit", "class"])


def _undrawn(balance: pd.DataFrame, areas: pd.Series) -> pd.DataFrame:
    """Flows from and to ground that the other layer does not draw, where they are more than noise."""
    noise = CLOSED * balance["unit"].map(areas)
    rows = []
    for column, one, other in (("to_none", "before", "after"), ("from_none", "after", "before")):
        part = balance[balance[column] > noise]
        rows.append(pd.DataFrame({"unit": part["unit"], one: part["class"], other: None, "area_m2": part[column]}))
    return pd.concat(rows)[["unit", "before", "after", "area_m2"]]


def _closed(balance: pd.DataFrame, areas: pd.Series) -> float:
    """No class flows out more than it had or in more than it has; lost and gained ground of a unit agree."""
    unit_m2 = balance["unit"].map(areas)
    beyond = (-balance[["to_none", "from_none"]].min(axis=1)).clip(lower=0.0) / unit_m2
    step = (balance["opening_m2"] - balance["lost_m2"] + balance["gained_m2"] - balance["closing_m2"]).abs() / unit_m2
    worst = float(max(beyond.max(), step.max())) if len(balance) else 0.0
    if worst > CLOSED:
        raise BalanceError(
            "E-SUM-63",
            _("Stocks and flows differ by {gap:.3g} of a unit, so the matrix does not close.").format(gap=worst),
            cure=_("This is a fault of ecospace or of invalid shapes: read the layer with read_layer and report it."),
        )
    return worst
