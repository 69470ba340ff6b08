"""Tables of catchments and of land seen from roads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from ecospace.language import _
from ecospace.report.table import Table
from ecospace.terms import standard

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ecospace.findings import Finding
    from ecospace.measure.catchment_change import CatchmentChange


def catchment_table(
    place: str, basin: pd.Series, area_by_class: pd.Series, cell_m: float, findings: Sequence[Finding]
) -> Table:
    """Land in a catchment by class (集雨区土地构成)."""
    ground = float(basin["area_m2"])
    areas = area_by_class.groupby(level=0).sum().sort_values(ascending=False)
    areas = areas[areas > 0]
    classes = _with_rest(pd.DataFrame({"class": areas.index, "area_m2": areas.to_numpy()}), ground)
    return (
        Table(classes.assign(share=classes["area_m2"] / ground))
        .titled(_("Land in the catchment of {place}").format(place=place), _("Catchment"))
        .show("class", _("Land"))
        .show("area_m2", _("Area"), unit="ha", decimals=2)
        .show("share", _("Share of the catchment"), unit="%", decimals=2)
        .noted(
            _("Catchment {area:.2f} ha by the elevation model with cells of {cell:g} m; shares are of the whole "
              "catchment.").format(area=ground / 10_000, cell=cell_m),
            *(finding.text for finding in findings),
        )
    )  # fmt: skip


def visible_table(seen: pd.DataFrame, by_class: pd.DataFrame, distance_m: float, findings: Sequence[Finding]) -> Table:
    """Land seen from roads: each road, then the land of all roads together by class (可视范围)."""
    whole = float(seen.geometry.union_all().area)
    classes = _with_rest(pd.DataFrame(by_class.drop(columns="geometry")), whole)
    by_road = pd.DataFrame({"class": seen.index.astype(str), "area_m2": seen["area_m2"], "share": seen["share"]})
    frame = pd.concat([by_road, classes.assign(share=classes["area_m2"] / whole)], ignore_index=True)
    return (
        Table(frame)
        .titled(_("Land seen from roads within {metres:g} m").format(metres=distance_m), _("Visible land"))
        .show("class", _("Road, or land of all roads together"))
        .show("area_m2", _("Area"), unit="ha", decimals=2)
        .show("share", _("Share"), unit="%", decimals=1)
        .noted(
            _("Share: of all land within the distance for a road, of all visible land for a land class. Eye 1.5 m above "
              "the road, bare ground by the elevation model: trees and houses hide nothing."),
            *(finding.text for finding in findings),
        )
    )  # fmt: skip


def catchment_change_table(place: str, change: CatchmentChange, dates: Sequence[str]) -> Table:
    """Change of land use in a catchment; the rows add up to it (集雨区内土地利用变更)."""
    rows = [
        {"before": _known(row["before"]), "after": _known(row["after"]), "area_m2": row["area_m2"],
         "verdict": {True: _("against the source"), False: "", None: _("cannot be judged")}[row["harmful"]]}
        for row in change.table.to_dict("records")
    ]  # fmt: skip
    rows.append({"before": _("unchanged"), "after": "", "area_m2": change.unchanged_m2, "verdict": ""})
    if change.unknown_m2:
        rows.append({"before": _("beyond the land layer"), "after": "", "area_m2": change.unknown_m2,
                     "verdict": _("cannot be judged")})  # fmt: skip
    rows.append({"before": _("Whole"), "after": "", "area_m2": change.catchment_m2, "verdict": ""})
    frame = pd.DataFrame(rows)
    frame["total"] = [*[False] * (len(frame) - 1), True]
    frame["part"] = ~frame["total"]
    frame["share"] = frame["area_m2"] / change.catchment_m2
    rule = standard("rules/belts")["catchment"]
    sums = {"parts": "part", "total": "total"}
    return (
        Table(frame)
        .titled(_("Change of land use in the catchment of {place}, {dates}").format(place=place, dates="–".join(dates)), _("Change"))
        .show("before", _("Land before"))
        .show("after", _("Land after"))
        .show("area_m2", _("Area"), unit="ha", decimals=2, **sums)
        .show("share", _("Share of the catchment"), unit="%", decimals=2, beside="area_m2")
        .show("verdict", _("Finding"))
        .noted(
            _("B12: {clause} ({document}).").format(clause=rule["clause"], document=rule["document"]),
            _("Against the source: from forest, grass, water or wetland to fields, orchards or built ground, and from any other ground to "
              "built ground; this software's reading of the clause, not compared with a published list."),
            _("Stocks and flows of the change matrix agree to {residual:.1g} of the catchment.").format(residual=abs(change.proof)),
        )
    )  # fmt: skip


def _known(name: object) -> str:
    return str(name) if name == name and name is not None else _("not drawn")


def _with_rest(classes: pd.DataFrame, whole_m2: float) -> pd.DataFrame:
    """One more row for the ground that the land layer does not reach, so that the classes add up to the whole."""
    rest = whole_m2 - float(classes["area_m2"].sum())
    if rest <= 1e-6 * whole_m2:
        return classes
    row = pd.DataFrame({"class": [_("beyond the land layer")], "area_m2": [rest]})
    return pd.concat([classes, row], ignore_index=True)
