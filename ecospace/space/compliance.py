"""Is it wide enough (达标)? Stretches of a line by what a width rule says of them, left and right apart, and their lengths."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from ecospace.space.chainage import chainage_of, stretch
from ecospace.space.width import JOINT_M

Array = np.ndarray[Any, Any]
#: What a rule says of a stretch: too narrow; as wide as asked; wider than the upper end of the range; asked for nothing here; unknown.
STATES = ("below", "within", "above", "not_asked", "unjudged")


def judged(
    widths: pd.DataFrame,
    required_m: float,
    *,
    most_m: float | None = None,
    beside_m: float | None = None,
    elsewhere: bool = False,
) -> pd.DataFrame:
    """Every piece of the line with what the rule says of it (逐段判定).

    Parameters
    ----------
    widths : DataFrame
        From `measured_width`.
    required_m : float
        The width asked for, metres; what is just as wide complies.
    most_m : float, optional
        Upper end of a range; what is wider is told apart.
    beside_m : float, optional
        The rule asks only where the land that `measured_width` was told of (`beside`) begins no further than this from the bank.
    elsewhere : bool
        Whether the rule asks at other places too, of which nothing is known: what is not asked by its land is then not judged.

    Returns
    -------
    DataFrame
        side, from_m, to_m, state (one of `STATES`), least_m (the least width on the piece): pieces tile the line on each side.

    Notes
    -----
    Not judged: no bank was found; a green that ends, too narrow, where the map ends; no land of the rule in sight before the map ends.
    """
    limits = [("width", required_m - JOINT_M), ("width", (np.inf if most_m is None else most_m) + JOINT_M),
              ("beside", (np.inf if beside_m is None else beside_m) + JOINT_M)]  # fmt: skip
    crossings = [_crossing(widths, name, limit) for name, limit in limits]
    # Where the green ends because the map ends is a place, too.
    over = [widths[f"{end}_width_m"] - widths[f"{end}_known_m"] for end in ("from", "to")]
    crossings.append(_share(over[0], over[1], -2 * JOINT_M))
    crossings += [_crossing(widths, "known", limit - 2 * JOINT_M) for limit in (beside_m,) if limit is not None]
    edges = np.sort(np.column_stack([np.zeros(len(widths)), *crossings, np.ones(len(widths))]), axis=1)
    apart = np.diff(edges, axis=1) > 0
    row, _place = np.nonzero(apart)
    starts, ends = edges[:, :-1][apart], edges[:, 1:][apart]
    own = widths.iloc[row].reset_index(drop=True)
    width, away, known = (_between(own, name, (starts + ends) / 2) for name in ("width", "beside", "known"))
    length = (own["to_m"] - own["from_m"]).to_numpy()
    table = pd.DataFrame(
        {"side": own["side"], "from_m": np.where(starts == 0, own["from_m"], own["from_m"] + starts * length)}
    )
    table["to_m"] = np.where(ends == 1, own["to_m"], own["from_m"] + ends * length)
    asked = np.ones(len(table), bool) if beside_m is None else away <= beside_m + JOINT_M
    table["state"] = np.select(
        [
            np.isnan(width),
            ~asked & (elsewhere | (False if beside_m is None else known < beside_m - 2 * JOINT_M)),
            ~asked,
            width > (np.inf if most_m is None else most_m) + JOINT_M,
            width >= required_m - JOINT_M,
            width >= known - 2 * JOINT_M,
        ],
        ["unjudged", "unjudged", "not_asked", "above", "within", "unjudged"],
        "below",
    )
    least = np.minimum(_between(own, "width", starts), _between(own, "width", ends))
    return table.assign(least_m=np.maximum(least, 0.0))


def compliance(pieces: pd.DataFrame, *, above_fails: bool = False) -> pd.DataFrame:
    """Lengths by what the rule says (达标长度、不达标长度、不作要求长度), and the share of the length that complies.

    Parameters
    ----------
    pieces : DataFrame
        From `judged`.
    above_fails : bool
        Whether the rule forbids to be wider than its range; else that is a remark.

    Returns
    -------
    DataFrame
        Indexed by side: length_m, and its parts below_m, within_m, above_m, not_asked_m, unjudged_m; asked_m (where the rule asks and it can
        be judged), complying_m, failing_m, share (complying of asked, 0 to 1; NaN where nothing is asked), narrowest_m, narrowest_at_m
        (chainage of the first such place that is asked).

    Examples
    --------
    >>> import shapely
    >>> from ecospace.space.width import measured_width
    >>> road = shapely.LineString([(0, 0), (1000, 0)])
    >>> trees = gpd.GeoDataFrame(geometry=[shapely.box(0, 0, 1000, 30), shapely.box(0, -40, 333, 0)], crs=4547)
    >>> compliance(judged(measured_width(road, trees, step_m=100, reach_m=100), 30))["share"].round(9).to_dict()
    {'left': 1.0, 'right': 0.333}
    """
    rows = {}
    for side, part in pieces.groupby("side", sort=True):
        length = part["to_m"] - part["from_m"]
        lengths = length.groupby(part["state"]).sum().reindex(STATES, fill_value=0.0)
        row = {"length_m": length.sum()} | {f"{state}_m": lengths[state] for state in STATES}
        row["asked_m"] = lengths["below"] + lengths["within"] + lengths["above"]
        row["failing_m"] = lengths["below"] + (lengths["above"] if above_fails else 0.0)
        row["complying_m"] = row["asked_m"] - row["failing_m"]
        row["share"] = row["complying_m"] / row["asked_m"] if row["asked_m"] else np.nan
        asked = part[part["state"].isin(["below", "within", "above"])]
        least = asked["least_m"].idxmin() if len(asked) else None
        row["narrowest_m"] = np.nan if least is None else asked.at[least, "least_m"]
        row["narrowest_at_m"] = np.nan if least is None else asked.at[least, "from_m"]
        rows[side] = row
    return pd.DataFrame.from_dict(rows, orient="index")


def stretches(line: Any, pieces: pd.DataFrame, required_m: float, *, origin_m: float = 0.0) -> gpd.GeoDataFrame:
    """Neighbouring pieces of one state as one stretch of the line, by chainage (路段、河段).

    Parameters
    ----------
    line, origin_m
        As for `measured_width`.
    pieces : DataFrame
        From `judged`, of the same line.
    required_m : float
        The width asked for, metres.

    Returns
    -------
    GeoDataFrame
        side, state, start, end (``K36+945``), from_m, to_m, length_m, narrowest_m, missing_m (at the narrowest place of a stretch that is too
        narrow), geometry; in the order of chainage. Without a CRS of its own: set that of the line.
    """
    pieces = pieces.sort_values(["side", "from_m"], kind="stable")
    number = ((pieces["state"] != pieces["state"].shift()) | (pieces["side"] != pieces["side"].shift())).cumsum()
    found = pieces.groupby(number, sort=False).agg(
        side=("side", "first"), state=("state", "first"), from_m=("from_m", "first"), to_m=("to_m", "last"),
        narrowest_m=("least_m", "min"),
    )  # fmt: skip
    found["length_m"] = found["to_m"] - found["from_m"]
    found["missing_m"] = (required_m - found["narrowest_m"]).where(found["state"] == "below")
    found["start"], found["end"] = found["from_m"].map(chainage_of), found["to_m"].map(chainage_of)
    ends = zip(found["from_m"].tolist(), found["to_m"].tolist(), strict=True)
    shapes = [stretch(line, start, end, origin_m=origin_m) for start, end in ends]
    columns = ["side", "state", "start", "end", "from_m", "to_m", "length_m", "narrowest_m", "missing_m"]
    return gpd.GeoDataFrame(found[columns].reset_index(drop=True), geometry=shapes)


def _crossing(widths: pd.DataFrame, name: str, limit: float) -> Array:
    return _share(widths[f"from_{name}_m"] - limit, widths[f"to_{name}_m"] - limit, 0.0)


def _share(start: Any, end: Any, level: float) -> Array:
    """Where between 0 and 1 a value that changes evenly passes a level; 1 where it does not."""
    start, end = np.asarray(start, float) - level, np.asarray(end, float) - level
    with np.errstate(divide="ignore", invalid="ignore"):
        share = start / (start - end)
    return np.where((share > 0) & (share < 1), share, 1.0)


def _between(widths: pd.DataFrame, name: str, share: Array) -> Array:
    start, end = widths[f"from_{name}_m"].to_numpy(), widths[f"to_{name}_m"].to_numpy()
    with np.errstate(invalid="ignore"):
        return np.where(start == end, start, start + share * (end - start))
