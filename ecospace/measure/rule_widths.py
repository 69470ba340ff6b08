"""A width rule held against the banks: length asked, wide enough, too narrow, not asked, not to be judged (宽度规则核查)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from ecospace.crs import require_metric
from ecospace.language import _
from ecospace.space.buffer import BufferRule
from ecospace.space.chainage import courses
from ecospace.space.compliance import STATES, compliance, judged, stretches
from ecospace.space.width import measured_width, unseen_m
from ecospace.terms import standard

#: How much further than a rule asks one looks from the bank, so that "wider than" can be told.
LOOK = 1.25
#: Pieces that a ring is taken in at least: the chord of a whole ring has no direction.
RING_STEPS = 16


@dataclass(frozen=True, eq=False)
class RuleWidths:
    """What a rule says of a study's lines.

    Parameters
    ----------
    rule : BufferRule
    lengths : DataFrame
        name, side (``left``, ``right``, ``outside`` of a polygon), and the columns of `compliance`.
    stretches : GeoDataFrame
        name, side, state, start, end (chainage), from_m, to_m, length_m, narrowest_m, missing_m, geometry: all stretches, so that their
        lengths add up to the length measured.
    step_m, bank_reach_m : float
        As for `measured_width`.
    unseen_m : float
        What is narrower may hide outside a bend (`ecospace.space.width.unseen_m`, up to the width asked for).
    reason : str
        Why nothing can be judged; empty where it can.
    """

    rule: BufferRule
    lengths: pd.DataFrame
    stretches: gpd.GeoDataFrame
    step_m: float
    bank_reach_m: float
    unseen_m: float
    reason: str = ""

    @property
    def failing(self) -> gpd.GeoDataFrame:
        """The stretches that do not comply (不达标河段、路段)."""
        states = ["below", "above"] if self.rule.above_fails else ["below"]
        return self.stretches[self.stretches["state"].isin(states)]

    def whole(self) -> pd.Series[float]:
        """Lengths of all lines and sides together, and the share of them."""
        sums: pd.Series[float] = self.lengths[["length_m", "asked_m", "complying_m", "failing_m",
                                               *(f"{state}_m" for state in STATES)]].sum()  # fmt: skip
        sums["share"] = sums["complying_m"] / sums["asked_m"] if sums["asked_m"] else np.nan
        return sums


def rule_widths(
    rule: BufferRule,
    lines: gpd.GeoDataFrame,
    land: gpd.GeoDataFrame | None,
    *,
    system: str = "",
    banks: gpd.GeoDataFrame | None = None,
    step_m: float = 100.0,
    bank_reach_m: float = 500.0,
) -> RuleWidths:
    """Hold a width rule against rivers, shores or roads, stretch by stretch (B01, B02, B03, B05, B07).

    Parameters
    ----------
    rule : BufferRule
        With a width; `measures` says what is counted.
    lines : GeoDataFrame
        Centre lines, or polygons whose outside is measured (lakes, industrial parks), in a metric CRS; columns name, and as far as known
        start_m (chainage of the first vertex, metres or ``K36+945``) and reversed.
    land : GeoDataFrame or None
        Land polygons with columns code and group (``land_of``). None: nothing can be judged.
    system : str
        Code system of the land codes.
    banks : GeoDataFrame, optional
        Water (or roadway) polygons from whose edge one measures.
    step_m, bank_reach_m : float
        As for `measured_width`.

    Returns
    -------
    RuleWidths

    Notes
    -----
    Rows of one name without a chainage of their own are one line, drawn in parts. A line outside all water polygons has no bank and is not
    judged; a road outside all roadway polygons is measured from its centre line.
    """
    require_metric(lines)
    required_m, most_m = rule.widths_m()[0], rule.max_m
    reason = _reason(rule, lines, land, system, banks)
    reach_m = LOOK * max(required_m, most_m or 0.0, rule.beside_m or 0.0)
    if not reason and land is not None:
        groups = standard("rules/corridors")["land"][rule.measures]
        green = land[land["group"].isin(groups)]
        beside = land[land["code"].astype(str).str.startswith(rule.land_use[system])] if rule.land_use else None
    tables, found, unseen = [], [], [0.0]
    for name, line, origin_m, own in _courses(lines):
        if reason or land is None:
            pieces = _unjudged(line.length, origin_m)
        else:
            step = min(step_m, line.length / (1 if own is None else RING_STEPS))
            widths = measured_width(
                line, green, banks=banks if own is None else own, step_m=step, reach_m=reach_m, bank_reach_m=bank_reach_m,
                beside=beside, mapped=land, origin_m=origin_m,
            )  # fmt: skip
            if own is None and rule.start == "bank":
                # Outside all water the bank is not known; the centre line is no bank.
                ashore = widths["bank_m"] == 0
                widths.loc[ashore, ["from_width_m", "to_width_m"]] = np.nan
            unseen.append(unseen_m(line, step, required_m + np.nan_to_num(widths["bank_m"]).max()))
            pieces = judged(widths, required_m, most_m=most_m, beside_m=rule.beside_m, elsewhere=bool(rule.elsewhere))
        # The outer ring of a polygon runs anticlockwise: its outside is on the right.
        sides = (
            {"right": "outside"}
            if own is not None
            else {side: side for side in ("left", "right") if rule.side in ("both", side)}
        )
        pieces = pieces[pieces["side"].isin(list(sides))]
        told = stretches(line, pieces, required_m, origin_m=origin_m)
        tables.append(pieces.assign(name=name, side=pieces["side"].map(sides)))
        found.append(told.assign(name=name, side=told["side"].map(sides)))
    every = pd.concat(tables, ignore_index=True)
    lengths = pd.concat(
        [compliance(part, above_fails=rule.above_fails).rename_axis("side").reset_index().assign(name=name)
         for name, part in every.groupby("name", sort=False)], ignore_index=True,
    )  # fmt: skip
    runs = gpd.GeoDataFrame(pd.concat(found, ignore_index=True), geometry="geometry", crs=lines.crs)
    for table in (lengths, runs):
        table.insert(0, "name", table.pop("name"))
    return RuleWidths(rule, lengths, runs, step_m, bank_reach_m, max(unseen), reason)


def standing_water(waters: gpd.GeoDataFrame, rivers: gpd.GeoDataFrame | None) -> gpd.GeoDataFrame:
    """Lakes and reservoirs: water through which no river line runs for half its length or more, so that its shore is measured.

    Parameters
    ----------
    waters : GeoDataFrame
        Water polygons, in a metric CRS.
    rivers : GeoDataFrame or None
        Centre lines in the same CRS; the banks of what they run through are measured along them.
    """
    if rivers is None or rivers.empty:
        return waters
    run = shapely.length(shapely.intersection(waters.geometry.to_numpy(), rivers.geometry.union_all()))
    boxes = shapely.minimum_rotated_rectangle(waters.geometry.to_numpy())
    sides = [np.hypot(*np.diff(shapely.get_coordinates(box), axis=0).T).max(initial=0.0) for box in boxes]
    return waters[run < np.array(sides) / 2]


def _reason(
    rule: BufferRule,
    lines: gpd.GeoDataFrame,
    land: gpd.GeoDataFrame | None,
    system: str,
    banks: gpd.GeoDataFrame | None,
) -> str:
    """Why a rule cannot be judged at all; empty where it can."""
    if land is None:
        return _("The study has no land-use layer, so neither the green nor the land beside the bank is known.")
    if rule.land_use and system not in rule.land_use:
        return _(
            "The rule holds beside certain land classes only, and they are not given in the code system {system!r}."
        ).format(system=system)
    if banks is None and rule.start == "bank" and (shapely.get_dimensions(lines.geometry.to_numpy()) == 1).any():
        return _("The study has no water polygons, so the bank is not known.")
    return ""


def _courses(lines: gpd.GeoDataFrame) -> list[tuple[str, Any, float, gpd.GeoDataFrame | None]]:
    """Name, line, chainage of its start, and of a polygon's outer ring the polygon itself."""
    found: list[tuple[str, Any, float, gpd.GeoDataFrame | None]] = []
    area = shapely.get_dimensions(lines.geometry.to_numpy()) == 2
    drawn = lines[~area]
    starts = _column(drawn, "start_m")
    # A row with a chainage of its own is a line of its own; the others of one name are one.
    own = [f"{row}" if start is not None else "" for row, start in enumerate(starts)]
    for (name, _own), group in drawn.groupby(
        [drawn["name"].astype(str), pd.Series(own, index=drawn.index)], sort=False
    ):
        parts = shapely.multilinestrings(shapely.get_parts(group.geometry.to_numpy()))
        start, back = _column(group, "start_m")[0], _column(group, "reversed")[0]
        found += [(name, line, at, None) for line, at in courses(parts, start=start, back=back)]
    for name, shape in zip(lines.loc[area, "name"].astype(str), lines.geometry[area], strict=True):
        own_ground = gpd.GeoDataFrame(geometry=[shape], crs=lines.crs)
        at = 0.0
        for part in shapely.get_parts(shapely.orient_polygons(shape)):
            ring = shapely.LineString(part.exterior.coords)
            found.append((name, ring, at, own_ground))
            at += ring.length
    return found


def _column(frame: gpd.GeoDataFrame, name: str) -> list[Any]:
    """The cells of a column, None where they are empty or there is no such column."""
    if name not in frame:
        return [None] * len(frame)
    return [None if value is None or value != value or str(value).strip() == "" else value for value in frame[name]]


def _unjudged(length_m: float, origin_m: float) -> pd.DataFrame:
    row = {"from_m": origin_m, "to_m": origin_m + length_m, "state": "unjudged", "least_m": np.nan}
    return pd.DataFrame([{"side": side, **row} for side in ("left", "right")])
