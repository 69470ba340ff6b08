"""Is it whole? Gaps along a corridor, built-up land that merges across a belt, land round a place, green wedges."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from ecospace.crs import require_metric, require_same_crs
from ecospace.errors import DataError, RuleError
from ecospace.language import _
from ecospace.space.buffer import QUAD_SEGS
from ecospace.space.chainage import chainage_of, one_line

Array = np.ndarray[Any, Any]
#: Metres. A gap below this is the rounding of coordinates along a shared edge.
JOINT_M = 1e-3
#: m². Less green beyond the edge of a city is the rounding of coordinates.
LEAST_M2 = 1e-3


def gaps_along(
    line: Any, cover: gpd.GeoDataFrame, *, within_m: float = 0.0, least_m: float = 0.0, origin_m: float = 0.0
) -> gpd.GeoDataFrame:
    """The stretches of a line that nothing covers: gaps of a coast or barrier forest, of a corridor (断点、缺口).

    Parameters
    ----------
    line : LineString or MultiLineString
        Coast, river or axis, in the CRS of `cover`; its parts join end to end.
    cover : GeoDataFrame
        Polygons of what should be there, in a metric CRS.
    within_m : float
        Cover counts that stands no further from the line than this: a coastal forest stands behind the beach.
    least_m : float
        Shorter gaps are left out (a bridge, a jetty).
    origin_m : float
        Chainage of the line's first vertex.

    Returns
    -------
    GeoDataFrame
        start, end (``K1+200``), from_m, to_m, length_m, geometry, in the order of chainage. Continuity (连续度) is
        ``1 - gaps["length_m"].sum() / line.length``.

    Examples
    --------
    >>> coast = shapely.LineString([(0, 0), (1000, 0)])
    >>> forest = gpd.GeoDataFrame(geometry=[shapely.box(0, 10, 400, 60), shapely.box(520, 10, 1000, 60)], crs=4547)
    >>> gaps_along(coast, forest, within_m=10.001)[["start", "end"]].to_numpy().tolist()
    [['K0+400', 'K0+520']]
    """
    require_metric(cover)
    joined = one_line(line)
    shapes = cover.geometry.to_numpy()
    shapes = shapes[shapely.STRtree(shapes).query(joined, predicate="dwithin", distance=max(within_m, 0))]
    if within_m > 0:
        shapes = shapely.buffer(shapes, within_m, quad_segs=QUAD_SEGS)
    open_ground = shapely.difference(joined, shapely.union_all(shapes)) if len(shapes) else joined
    # Parts in the order of the line; a line that crosses itself may give parts that a place on it cannot tell apart.
    merged = shapely.line_merge(open_ground) if open_ground.geom_type == "MultiLineString" else open_ground
    rows = []
    for part in shapely.get_parts(merged):
        start = joined.project(shapely.get_point(part, 0))
        if part.length >= max(least_m, JOINT_M):
            rows.append((start, part))
    rows.sort(key=lambda row: row[0])
    table = pd.DataFrame(
        {
            "start": [chainage_of(origin_m + start) for start, _part in rows],
            "end": [chainage_of(origin_m + start + part.length) for start, part in rows],
            "from_m": [origin_m + start for start, _part in rows],
            "to_m": [origin_m + start + part.length for start, part in rows],
            "length_m": [part.length for _start, part in rows],
        }
    )
    return gpd.GeoDataFrame(table, geometry=[part for _start, part in rows], crs=cover.crs)


def merging(
    built: dict[str, gpd.GeoDataFrame], first: Any, second: Any, belt: Any, *, near_m: float = 0.0
) -> gpd.GeoDataFrame:
    """Whether built-up land of two places grows together across a belt between them (连绵发展), date by date.

    Parameters
    ----------
    built : dict of GeoDataFrame
        Built-up polygons by date, e.g. ``{"2017": …, "2020": …}``, in one metric CRS.
    first, second : geometry
        The ground on either side of the belt, e.g. two townships without the belt.
    belt : geometry
        The isolation belt (隔离带).
    near_m : float
        Built-up land that is no further apart counts as one.

    Returns
    -------
    GeoDataFrame
        Indexed by date: built_in_belt_m2, belt_share (0 to 1), gap_m (the widest open gap on the way from one side to
        the other over built-up land, NaN where one side has none), merged (gap_m <= near_m), geometry (that gap as a
        line).

    Notes
    -----
    The gap is the smallest, over all ways across, of the widest leap: houses in the belt are stepping stones, which the plain
    distance of the two towns would not show.

    Examples
    --------
    >>> west, belt, east = shapely.box(0, 0, 100, 100), shapely.box(100, 0, 200, 100), shapely.box(200, 0, 300, 100)
    >>> towns = [shapely.box(0, 0, 100, 50), shapely.box(200, 0, 300, 50)]
    >>> before = gpd.GeoDataFrame(geometry=towns, crs=4547)
    >>> after = gpd.GeoDataFrame(geometry=[*towns, shapely.box(130, 0, 160, 50)], crs=4547)
    >>> found = merging({"2017": before, "2020": after}, west, east, belt, near_m=40)
    >>> found[["gap_m", "merged"]].to_numpy().tolist()  # 100 m; then 30 m, and 40 m behind the new houses
    [[100.0, False], [40.0, True]]
    """
    frames = list(built.values())
    require_metric(frames[0])
    require_same_crs(*frames)
    rows = []
    for frame in frames:
        shapes = frame.geometry.to_numpy()
        ground = shapely.union_all([first, second, belt])
        whole = shapely.union_all(shapely.intersection(shapes, ground))
        parts = shapely.get_parts(whole)
        parts = parts[shapely.area(parts) > 0]
        sides = [shapely.area(shapely.intersection(parts, side)) > 1e-6 for side in (first, second)]
        gap = _leap(parts, *sides)
        inside = shapely.area(shapely.intersection(whole, belt))
        rows.append((inside, inside / belt.area, gap.length if gap is not None else np.nan, gap))
    table = pd.DataFrame(
        [row[:3] for row in rows], columns=["built_in_belt_m2", "belt_share", "gap_m"], index=list(built)
    )
    table["merged"] = table["gap_m"] <= near_m + JOINT_M
    return gpd.GeoDataFrame(table, geometry=[row[3] for row in rows], crs=frames[0].crs)


def candidates(place: Any, land: gpd.GeoDataFrame, target_m2: float) -> gpd.GeoDataFrame:
    """The parcels nearest to a place until their area reaches a target: protection forest round a reservoir (B14).

    Parameters
    ----------
    place : geometry
        Reservoir or farm, in the CRS of `land`.
    land : GeoDataFrame
        Parcels that may be chosen (forest, by the planner's choice of classes), in a metric CRS, not overlapping.
    target_m2 : float
        Area wanted; 500 亩 are 333 333 m².

    Returns
    -------
    GeoDataFrame
        Chosen parcels, the nearest first: distance_m, area_m2 (outside the place itself), total_m2 (so far). Parcels stay whole, so
        the last one goes over the target.

    Raises
    ------
    DataError
        E-DATA-90: all the land together is less than the target.

    Examples
    --------
    >>> pond = shapely.box(0, 0, 100, 100)
    >>> shapes = [shapely.box(300, 0, 400, 100), shapely.box(100, 0, 200, 100), shapely.box(200, 0, 300, 100)]
    >>> forest = gpd.GeoDataFrame(index=["c", "a", "b"], geometry=shapes, crs=4547)
    >>> candidates(pond, forest, 15_000)["total_m2"].to_dict()
    {'a': 10000.0, 'b': 20000.0}
    """
    require_metric(land)
    if not target_m2 > 0:
        raise RuleError(
            "E-RULE-67",
            _("a target of {area} m² chooses nothing.").format(area=target_m2),
            cure=_("Give an area above 0; 500 mu are 333 333 m²."),
        )
    outside = shapely.area(shapely.difference(land.geometry.to_numpy(), place))
    near = land.assign(distance_m=shapely.distance(land.geometry.to_numpy(), place), area_m2=outside)
    near = near[near["area_m2"] > 0].sort_values("distance_m", kind="stable")
    near["total_m2"] = near["area_m2"].cumsum()
    have = near["area_m2"].sum()
    if have < target_m2:
        raise DataError(
            "E-DATA-90",
            _("all candidate land together has {have:.0f} m², less than the target of {target:.0f} m².").format(
                have=have, target=target_m2
            ),
            cure=_("Allow more classes of land, or lower the target."),
        )
    return near[near["total_m2"] - near["area_m2"] < target_m2]


def wedges(green: gpd.GeoDataFrame, city: Any, *, join_m: float = 0.0, least_depth_m: float = 0.0) -> gpd.GeoDataFrame:
    """Green that reaches from open country into the city without a break (绿楔).

    Parameters
    ----------
    green : GeoDataFrame
        Green polygons inside and around the city, in a metric CRS.
    city : geometry
        The built-up city, in the same CRS.
    join_m : float
        Green no further apart is one (a street between two parks).
    least_depth_m : float
        Shallower ones are left out.

    Returns
    -------
    GeoDataFrame
        depth_m (how far its deepest vertex lies from the city's edge), inside_m2, geometry (the part inside the city), the deepest
        first. Green inside the city that has no way out is no wedge.

    Examples
    --------
    >>> city = shapely.box(0, 0, 1000, 1000)
    >>> hills = [shapely.box(-500, 400, 300, 600), shapely.box(400, 400, 600, 600), shapely.box(-50, 0, 20, 100)]
    >>> found = wedges(gpd.GeoDataFrame(geometry=hills, crs=4547), city, least_depth_m=100)
    >>> found[["depth_m", "inside_m2"]].to_numpy().tolist()  # the park in the middle is an island
    [[300.0, 60000.0]]
    """
    require_metric(green)
    shapes = shapely.union_all(green.geometry.to_numpy())
    joined = (
        shapely.union_all(shapely.buffer(green.geometry.to_numpy(), join_m / 2, quad_segs=QUAD_SEGS))
        if join_m
        else shapes
    )
    rows = []
    for part in shapely.get_parts(joined):
        # The green itself decides, not the ground between: a park near the city's edge is no way out.
        own = shapely.intersection(part, shapes) if join_m else part
        inside = shapely.intersection(own, city)
        if inside.area == 0 or shapely.difference(own, city).area <= LEAST_M2:
            continue
        corners = shapely.points(shapely.get_coordinates(inside))
        rows.append((float(shapely.distance(corners, city.boundary).max()), inside.area, inside))
    rows.sort(key=lambda row: -row[0])
    kept = [row for row in rows if row[0] >= least_depth_m]
    table = pd.DataFrame([row[:2] for row in kept], columns=["depth_m", "inside_m2"])
    return gpd.GeoDataFrame(table, geometry=[row[2] for row in kept], crs=green.crs)


def _leap(parts: Array, first: Array, second: Array) -> Any:
    """The widest leap on the best way from the first side to the second, as a line; None where a side has no part."""
    if not first.any() or not second.any():
        return None
    if (first & second).any():
        return shapely.LineString()  # one piece of built-up land lies on both sides
    group = np.arange(len(parts))
    ones, others = np.triu_indices(len(parts), 1)
    away = shapely.distance(parts[ones], parts[others])
    for pair in np.argsort(away, kind="stable"):  # Kruskal: shortest leaps first, until the sides are one
        a, b = group[ones[pair]], group[others[pair]]
        group[group == b] = a
        if set(group[first]) & set(group[second]):
            return shapely.shortest_line(parts[ones[pair]], parts[others[pair]])
    return None
