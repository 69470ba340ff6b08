"""Measured width (实测宽度): how wide the green beside a river or road is, left and right apart, and where it falls short."""

from __future__ import annotations

from itertools import groupby
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from ecospace.crs import require_metric, require_same_crs
from ecospace.errors import RuleError
from ecospace.language import _
from ecospace.space.chainage import chainage_of, one_line, stretch

Array = np.ndarray[Any, Any]
#: Metres. Runs of green closer than this are one: the rounding of coordinates along a shared edge.
JOINT_M = 1e-3


def measured_width(
    line: Any,
    green: gpd.GeoDataFrame,
    *,
    step_m: float,
    reach_m: float,
    banks: gpd.GeoDataFrame | None = None,
    start_m: float = 0.0,
    origin_m: float = 0.0,
) -> gpd.GeoDataFrame:
    """Width of the green on each side of a line, by transects across it (断面量宽).

    Parameters
    ----------
    line : LineString or MultiLineString
        Centre line in the CRS of `green`, in the direction of chainage; its parts join end to end.
    green : GeoDataFrame
        Polygons that count as green, in a metric CRS. They may overlap and share edges.
    step_m : float
        Distance of transects along the line, metres; shortened so that they divide it evenly.
    reach_m : float
        How far from the start a transect looks, metres: a width that reaches so far is at least that.
    banks : GeoDataFrame, optional
        Water (or roadway) polygons: where the line lies in one, a transect starts at its bank.
    start_m : float
        Where there is no bank: how far from the centre line the green may begin, e.g. half of the roadway.
    origin_m : float
        Chainage of the line's first vertex.

    Returns
    -------
    GeoDataFrame
        One row a transect and side: side (``"left"``, ``"right"``), chainage_m (of the transect), from_m, to_m (chainage of the piece of line that
        it stands for), bank_m (from the line to the start), width_m, geometry (the green part of the transect; empty where none).

    Raises
    ------
    RuleError
        E-RULE-65: a step or reach that is not positive.
    GeometryError
        E-GEO-70: the line is in parts.

    Notes
    -----
    The width is the unbroken run of green from the start outwards: green behind a gap does not protect the bank and is not
    counted. A transect stands at right angles to the chord of one step, so that a wiggle of the drawing does not turn it.

    Examples
    --------
    >>> road = shapely.LineString([(0, 0), (1000, 0)])
    >>> trees = gpd.GeoDataFrame(geometry=[shapely.box(0, 0, 1000, 25), shapely.box(0, -40, 500, 0)], crs=4547)
    >>> found = measured_width(road, trees, step_m=250, reach_m=100)
    >>> found.groupby("side")["width_m"].apply(list).to_dict()
    {'left': [25.0, 25.0, 25.0, 25.0], 'right': [40.0, 40.0, 0.0, 0.0]}
    """
    require_metric(green)
    if not step_m > 0 or not reach_m > 0 or start_m < 0:
        raise RuleError(
            "E-RULE-65",
            _("widths need a step and a reach above 0 m, not {step} and {reach}.").format(step=step_m, reach=reach_m),
            cure=_("For example step_m=50, reach_m=200."),
        )
    joined = one_line(line)
    ends = np.linspace(0.0, joined.length, int(np.ceil(joined.length / step_m - 1e-9)) + 1)
    middle = (ends[:-1] + ends[1:]) / 2
    feet = shapely.get_coordinates(shapely.line_interpolate_point(joined, middle))
    outward = _normals(joined, middle, ends[1] / 2)
    water = np.empty(0, object)
    if banks is not None:
        require_same_crs(green, banks)
        water = banks.geometry.to_numpy()
    sides = []
    for side, sign in (("left", 1.0), ("right", -1.0)):
        # The bank may be anywhere within the reach; the green is then looked for over the reach again.
        rays = _rays(feet, sign * outward, np.zeros(len(feet)), reach_m)
        bank_m = np.maximum(_run(rays, water), start_m if banks is None else 0.0)
        rays = _rays(feet, sign * outward, bank_m, reach_m)
        width_m = _run(rays, green.geometry.to_numpy())
        seen = shapely.line_interpolate_point(rays, width_m)
        shapes = shapely.linestrings(
            np.stack([shapely.get_coordinates(shapely.get_point(rays, 0)), shapely.get_coordinates(seen)], axis=1)
        )
        shapes[width_m == 0] = shapely.LineString()
        rows = {"side": side, "chainage_m": origin_m + middle, "from_m": origin_m + ends[:-1], "to_m": origin_m + ends[1:],
                "bank_m": bank_m, "width_m": width_m}  # fmt: skip
        sides.append(gpd.GeoDataFrame(rows, geometry=shapes, crs=green.crs))
    return gpd.GeoDataFrame(pd.concat(sides, ignore_index=True), crs=green.crs)


def compliance(widths: pd.DataFrame, required_m: float) -> pd.DataFrame:
    """How much of the length is wide enough (达标长度比例), left and right apart.

    Parameters
    ----------
    widths : DataFrame
        From `measured_width`.
    required_m : float
        The width asked for, metres; what is just as wide complies.

    Returns
    -------
    DataFrame
        Indexed by side: length_m, complying_m, share (0 to 1), narrowest_m, narrowest_at_m (chainage of the first such).

    Examples
    --------
    >>> road = shapely.LineString([(0, 0), (1000, 0)])
    >>> trees = gpd.GeoDataFrame(geometry=[shapely.box(0, 0, 1000, 30), shapely.box(0, -40, 500, 0)], crs=4547)
    >>> compliance(measured_width(road, trees, step_m=100, reach_m=100), 30)["share"].to_dict()
    {'left': 1.0, 'right': 0.5}
    """
    rows = {}
    for side, part in widths.groupby("side", sort=True):
        lengths = part["to_m"] - part["from_m"]
        good = lengths[_wide(part, required_m)].sum()
        least = part["width_m"].idxmin()
        rows[side] = {
            "length_m": lengths.sum(),
            "complying_m": good,
            "share": good / lengths.sum(),
            "narrowest_m": part.at[least, "width_m"],
            "narrowest_at_m": part.at[least, "chainage_m"],
        }
    return pd.DataFrame.from_dict(rows, orient="index")


def failing_stretches(
    line: Any, widths: gpd.GeoDataFrame, required_m: float, *, origin_m: float = 0.0
) -> gpd.GeoDataFrame:
    """The stretches that are too narrow (不达标路段、河段), by chainage, as pieces of the line.

    Parameters
    ----------
    line, origin_m
        As for `measured_width`.
    widths : GeoDataFrame
        From `measured_width` along the same line.
    required_m : float
        The width asked for, metres.

    Returns
    -------
    GeoDataFrame
        side, start, end (``K36+945``), from_m, to_m, length_m, narrowest_m, missing_m (at the narrowest place), geometry.

    Notes
    -----
    Ends are right to half a step: transects stand in the middle of the pieces that they stand for.
    """
    rows, shapes = [], []
    for side, part in widths.groupby("side", sort=True):
        records = list(zip(part["from_m"], part["to_m"], part["width_m"], _wide(part, required_m), strict=True))
        for wide, run in groupby(records, key=lambda record: bool(record[3])):
            if wide:
                continue
            found = list(run)
            start, end, narrowest = found[0][0], found[-1][1], min(record[2] for record in found)
            rows.append(
                (side, chainage_of(start), chainage_of(end), start, end, end - start, narrowest, required_m - narrowest)
            )
            shapes.append(stretch(line, start, end, origin_m=origin_m))
    columns = ["side", "start", "end", "from_m", "to_m", "length_m", "narrowest_m", "missing_m"]
    return gpd.GeoDataFrame(pd.DataFrame(rows, columns=columns), geometry=shapes, crs=widths.crs)


def _wide(widths: pd.DataFrame, required_m: float) -> Any:
    return widths["width_m"] >= required_m - JOINT_M


def _normals(line: Any, places_m: Array, half_m: float) -> Array:
    """Unit vectors to the left of the line, by the chord round each place."""
    back = shapely.get_coordinates(shapely.line_interpolate_point(line, np.maximum(places_m - half_m, 0)))
    ahead = shapely.get_coordinates(shapely.line_interpolate_point(line, np.minimum(places_m + half_m, line.length)))
    chord = ahead - back
    # A chord of no length (a loop of one step) has no direction: it is taken to run east rather than to fail.
    length = np.hypot(*chord.T)
    chord = np.where(length[:, None] > 0, chord / np.where(length, length, 1)[:, None], [1.0, 0.0])
    return np.column_stack([-chord[:, 1], chord[:, 0]])


def _rays(feet: Array, outward: Array, from_m: Array, reach_m: float) -> Array:
    start = feet + outward * from_m[:, None]
    rays: Array = shapely.linestrings(np.stack([start, start + outward * reach_m], axis=1))
    return rays


def _run(rays: Array, shapes: Array) -> Array:
    """Length of the unbroken run inside the shapes from the start of each ray, metres."""
    runs = np.zeros(len(rays))
    if not len(shapes):
        return runs
    ray, shape = shapely.STRtree(shapes).query(rays, predicate="intersects")
    pieces, owner = shapely.get_parts(shapely.intersection(rays[ray], shapes[shape]), return_index=True)
    lines = shapely.get_type_id(pieces) == 1
    pieces, owner = pieces[lines], ray[owner[lines]]
    starts = shapely.get_point(rays[owner], 0)
    ends = [shapely.distance(shapely.get_point(pieces, place), starts) for place in (0, -1)]
    near, far = np.minimum(*ends), np.maximum(*ends)
    for place in np.lexsort((near, owner)):  # from the start of each ray outwards
        if near[place] <= runs[owner[place]] + JOINT_M:
            runs[owner[place]] = max(runs[owner[place]], far[place])
    return runs
