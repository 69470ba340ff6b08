"""Greenways (绿道、碧道) by inhabitants and by status, township by township (A26–A28)."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from ecospace.crs import require_metric, require_same_crs
from ecospace.findings import Finding
from ecospace.language import _
from ecospace.terms import standard


@dataclass(frozen=True, eq=False)
class Greenways:
    """Length of greenways by zone.

    Parameters
    ----------
    table : DataFrame
        Indexed by zone code, ``""`` for ground in no zone, ``"whole"``: name, population, built_m (NaN where no status is known),
        per_10000_m (built metres for 10 000 inhabitants; NaN where their number is not known), total_m (all statuses, each stretch
        once), part, total.
    by_status : DataFrame
        status, zone, name, length_m.
    findings : tuple of Finding
    """

    table: pd.DataFrame
    by_status: pd.DataFrame
    findings: tuple[Finding, ...]


def is_greenway(kinds: pd.Series) -> pd.Series:
    """Whether a corridor is a greenway, by the words of rules/corridors.toml.

    >>> is_greenway(pd.Series(["城市绿道", "河流廊道", "碧道"])).tolist()
    [True, False, True]
    """
    words = standard("rules/corridors")["greenway"]["kinds"]
    return kinds.astype(str).map(lambda kind: any(word in kind for word in words))


def greenways(
    lines: gpd.GeoDataFrame,
    boundary: gpd.GeoDataFrame,
    *,
    zones: gpd.GeoDataFrame | None = None,
    population: pd.Series | None = None,
) -> Greenways:
    """Built greenway for 10 000 people, and length by status, by zone and in all (人均绿道长度).

    Parameters
    ----------
    lines : GeoDataFrame
        Greenways as lines in a metric CRS, with column status (建成, 新建 …) as far as known; only built ones count for the people.
    boundary : GeoDataFrame
        Only what lies inside it counts.
    zones : GeoDataFrame, optional
        Townships indexed by code, with column name.
    population : Series, optional
        Inhabitants by zone code. Without zones: one number, index ``"whole"``.

    Notes
    -----
    A stretch that is drawn twice on the same line counts once; parallel lines beside each other count each.
    """
    require_metric(lines)
    require_same_crs(lines, boundary)
    words = standard("rules/corridors")["status"]["built"]
    status = lines["status"].fillna("").astype(str).str.strip() if "status" in lines else pd.Series("", lines.index)
    whole = boundary.geometry.union_all()
    names = {} if zones is None else zones["name"].to_dict()
    ground = {} if zones is None else dict(zones.geometry.items())
    known = shapely.union_all(list(ground.values())) if ground else None

    def lengths(chosen: pd.Series) -> dict[str, float]:
        """Length of a union of lines in every zone, in none, and in all: on a border the first zone has it."""
        left = shapely.intersection(shapely.union_all(lines.geometry[chosen].to_numpy()), whole)
        found = {"whole": left.length}
        for code, shape in ground.items():
            found[code] = shapely.intersection(left, shape).length
            left = shapely.difference(left, shape)
        if known is not None and left.length > 1e-6:
            found[""] = left.length
        return found

    built = lengths(status.isin(words))
    every = lengths(pd.Series(True, lines.index))
    codes = [*ground, *([""] if "" in every else []), "whole"]
    table = pd.DataFrame(
        {"name": [_("Whole") if code == "whole" else names.get(code, _("outside the zones")) for code in codes]},
        index=codes,
    )
    people = pd.Series(dtype=float) if population is None else pd.to_numeric(population, errors="coerce")
    if "whole" not in people.index and len(people):
        people = pd.concat([people, pd.Series({"whole": people.sum(min_count=len(people))})])
    table["population"] = people.reindex(codes).to_numpy()
    # Where no status is known at all, nothing is known to be built or not: not 0.
    table["built_m"] = [built.get(code, 0.0) if (status != "").any() else np.nan for code in codes]
    table["total_m"] = [every.get(code, 0.0) for code in codes]
    table["per_10000_m"] = np.where(table["population"] > 0, table["built_m"] / (table["population"] / 10_000), np.nan)
    table["total"] = table.index == "whole"
    table["part"] = ~table["total"]
    rows = []
    for name in sorted(status.unique()):
        found = lengths(status == name)
        rows += [(name, code, table.at[code, "name"], found[code]) for code in codes if found.get(code, 0.0) > 0]
    by_status = pd.DataFrame(rows, columns=["status", "zone", "name", "length_m"])
    return Greenways(table, by_status, tuple(_findings(status, words)))


def _findings(status: pd.Series, words: list[str]) -> list[Finding]:
    unknown = int((status == "").sum())
    if not unknown:
        return []
    text = _(
        "{count} greenways have no status, so whether they are built is not known and they do not count as built."
    ).format(count=unknown)
    cure = _("Give the layer a column status: {words}, or another.").format(words=_("; ").join(words))
    return [Finding("F-GREENWAY-01", "warning", text, cure=cure, count=unknown)]
