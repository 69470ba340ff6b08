"""Land-use change inside the catchment of an intake, and which of it is against the protection of the source (B12)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import pandas as pd
import shapely

from ecospace.crs import require_metric, require_same_crs
from ecospace.measure.change_matrix import change_matrix
from ecospace.terms import standard

#: Share of the catchment below which ground that the land layers do not draw is rounding.
ROUNDING = 1e-9


@dataclass(frozen=True, eq=False)
class CatchmentChange:
    """What changed in a catchment between two dates.

    Parameters
    ----------
    table : DataFrame
        before, after (class names; NaN where that layer draws nothing), area_m2, harmful (bool; None where a class is not known):
        one row for each pair of classes that differ, the largest first.
    unchanged_m2 : float
        Ground whose class is the same at both dates.
    unknown_m2 : float
        Ground that neither layer draws.
    catchment_m2 : float
    pieces : GeoDataFrame
        before, after, harmful; geometry: the changed ground.
    proof : float
        Largest relative residual of the change matrix, below 1e-9.
    """

    table: pd.DataFrame
    unchanged_m2: float
    unknown_m2: float
    catchment_m2: float
    pieces: gpd.GeoDataFrame
    proof: float

    @property
    def harmful_m2(self) -> float:
        """Ground changed against the protection of the source."""
        return float(self.table.loc[self.table["harmful"].eq(True), "area_m2"].sum())


def catchment_change(before: gpd.GeoDataFrame, after: gpd.GeoDataFrame, basin: gpd.GeoDataFrame) -> CatchmentChange:
    """Land-use change inside a catchment, class by class (集雨区内土地利用变更).

    Parameters
    ----------
    before, after : GeoDataFrame
        Land of two dates from ``land_of``: columns code and group, code_name where there is one; neither overlaps itself.
    basin : GeoDataFrame
        One polygon, from :func:`ecospace.space.catchment.catchments`, in the same CRS.

    Notes
    -----
    Against the protection of the source counts what goes from natural ground to fields, orchards or built ground, and from any
    other ground to built ground (``standards/rules/belts.toml``): this project's reading of the clause, not a published list.
    """
    require_metric(basin)
    require_same_crs(before, after, basin)
    earlier, later = _named(before), _named(after)
    made = change_matrix(earlier, later, basin, by="class")
    flows = made.table.groupby(["before", "after"], dropna=False)["area_m2"].sum().reset_index()
    groups = pd.concat([earlier, later]).drop_duplicates("class").set_index("class")["group"].to_dict()
    same = flows["before"].eq(flows["after"])
    changed = flows[~same].sort_values("area_m2", ascending=False, kind="stable").reset_index(drop=True)
    changed["harmful"] = pd.Series(
        [
            _harmful(groups.get(one), groups.get(other))
            for one, other in zip(changed["before"], changed["after"], strict=True)
        ],
        dtype=object,
    )
    ground = float(basin.area.sum())
    # Flows to ground that one layer does not draw are in the table too; what is left is drawn by neither.
    unknown = ground - float(flows["area_m2"].sum())
    return CatchmentChange(
        table=changed,
        unchanged_m2=float(flows.loc[same, "area_m2"].sum()),
        unknown_m2=unknown if unknown > ROUNDING * ground else 0.0,
        catchment_m2=ground,
        pieces=_pieces(earlier, later, basin, groups),
        proof=made.proof["balance"],
    )


def _named(land: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    names = land["code_name"] if "code_name" in land else land["code"]
    return land.assign(**{"class": names.astype(str)})[["class", "group", "geometry"]]


def _harmful(before: Any, after: Any) -> bool | None:
    words = standard("rules/belts")["catchment"]
    if before is None or after is None:
        return None
    spoiled = before in words["natural"] and after in words["used"]
    return spoiled or (after in words["built"] and before not in words["built"])


def _pieces(
    before: gpd.GeoDataFrame, after: gpd.GeoDataFrame, basin: gpd.GeoDataFrame, groups: dict[Any, Any]
) -> gpd.GeoDataFrame:
    """The changed ground itself, for the map."""
    ground = basin.geometry.union_all()
    near = [land[land.intersects(ground)] for land in (before, after)]
    both = near[0].overlay(near[1], how="intersection", keep_geom_type=True)
    both = both[both["class_1"] != both["class_2"]]
    shapes = shapely.intersection(both.geometry.to_numpy(), ground)
    pieces = gpd.GeoDataFrame(
        {"before": both["class_1"].to_numpy(), "after": both["class_2"].to_numpy()}, geometry=shapes, crs=basin.crs
    )
    pieces["harmful"] = [
        bool(_harmful(groups.get(one), groups.get(other)))
        for one, other in zip(pieces["before"], pieces["after"], strict=True)
    ]
    return pieces[pieces.area > 0].reset_index(drop=True)
