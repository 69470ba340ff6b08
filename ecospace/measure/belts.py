"""Do towns stay apart, does green reach into the city, is a barrier whole, and where may be planted (C09, C11–C13, B14)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.sparse.csgraph import minimum_spanning_tree
from shapely.ops import split

from ecospace.crs import require_metric, require_same_crs
from ecospace.findings import Finding
from ecospace.language import _
from ecospace.space.buffer import QUAD_SEGS
from ecospace.space.gaps import candidates, gaps_along, merging
from ecospace.space.overlay import covered_area
from ecospace.space.patches import contiguous, distances

#: Metres. How far from the belt built-up land on either side is looked at.
LOOK_M = 2000.0
#: Metres. More than coordinates are rounded by, less than anything drawn.
HAIR_M = 1e-5


@dataclass(frozen=True, eq=False)
class Belts:
    """What became of belts between towns.

    Parameters
    ----------
    table : DataFrame
        belt (id), name, date, built_in_belt_m2, belt_share (0 to 1), across_m (gap between built-up land of any size on the two
        sides), gap_m (gap between the main bodies of the two sides). NaN where a side has no built-up land.
    verdicts : Series
        By belt, of the main bodies: ``"merged"``, ``"merging"`` (apart at first, merged at last), ``"closer"``, ``"apart"`` or
        ``"unknown"``.
    gaps : GeoDataFrame
        belt, name, date; geometry: the gap between the main bodies as a line, where one is open.
    findings : tuple of Finding
    """

    table: pd.DataFrame
    verdicts: pd.Series
    gaps: gpd.GeoDataFrame
    findings: tuple[Finding, ...]


def sides_of(belt: Any, look_m: float) -> tuple[Any, Any]:
    """The ground on either side of a belt: as long as the belt, and `look_m` deep (隔离带两侧).

    Parameters
    ----------
    belt : Polygon or MultiPolygon
        An isolation belt that is longer than wide, in a metric CRS.
    look_m : float
        Metres.

    Returns
    -------
    (geometry, geometry)
        Left and right of the long axis of its smallest rectangle. Ground round the ends of the belt belongs to neither side:
        towns that meet there go round the belt, not across it.

    Examples
    --------
    >>> left, right = sides_of(shapely.box(0, 0, 100, 1000), 500)
    >>> sorted([round(side) for side in shape.bounds] for shape in (left, right))
    [[-500, 0, 0, 1000], [100, 0, 600, 1000]]
    """
    corners = shapely.get_coordinates(shapely.minimum_rotated_rectangle(belt))
    edges = np.diff(corners, axis=0)
    long = int(np.hypot(*edges.T)[:2].argmax())
    along = edges[long] / np.hypot(*edges[long])
    across = edges[long - 1] / np.hypot(*edges[long - 1])
    width = np.hypot(*edges[long - 1])
    # A hair shorter than the belt, so that rounding leaves no sliver round its ends.
    start, length = corners[long] + along * HAIR_M, np.hypot(*edges[long]) - 2 * HAIR_M
    # The edge before the long one runs towards its start: the rectangle lies on the side that it came from.
    near, far = start + across * look_m, start - across * (width + look_m)
    strip = shapely.Polygon([near, near + along * length, far + along * length, far])
    axis = shapely.LineString([start - across * width / 2 - along, start - across * width / 2 + along * (length + 1)])
    ends = [shapely.LineString([edge, edge + along * length]) for edge in (near, far)]
    sides: tuple[list[Any], list[Any]] = ([], [])
    for part in shapely.get_parts(shapely.difference(strip, belt)):
        away = [part.distance(end) for end in ends]
        # A belt with holes between its parts leaves ground that reaches from edge to edge: its axis parts that.
        pieces = shapely.get_parts(split(part, axis)) if max(away) < 1e-6 else [part]
        for piece in pieces:
            sides[int(np.argmin([piece.distance(end) for end in ends]))].append(piece)
    return shapely.union_all(sides[0]), shapely.union_all(sides[1])


def belts_between(
    belts: gpd.GeoDataFrame,
    built: Mapping[str, gpd.GeoDataFrame],
    *,
    look_m: float = LOOK_M,
    near_m: float = 0.0,
    boundary: gpd.GeoDataFrame | None = None,
) -> Belts:
    """Whether built-up land merges across belts between dates (镇区连绵发展, C13).

    Parameters
    ----------
    belts : GeoDataFrame
        Polygons with a unique index, name as far as known, in a metric CRS.
    built : mapping of str to GeoDataFrame
        Built-up land by date, the earliest first, in the same CRS.
    look_m, near_m : float
        How far from the belt is looked; built-up land no further apart than `near_m` counts as one.
    boundary : GeoDataFrame, optional
        The study area: a belt whose sides reach beyond it is named, because the land there is not known.

    Notes
    -----
    The main body of a side is its largest piece of built-up land at the first date: the town, not a village that happens to stand
    astride the belt. All other built-up land is a stepping stone between the bodies.
    """
    require_metric(belts)
    require_same_crs(belts, *built.values())
    rows, lines, findings, verdicts = [], [], [], {}
    for code, belt in belts.geometry.items():
        name = str(belts.at[code, "name"]) if "name" in belts else str(code)
        first, second = sides_of(belt, look_m)
        across = merging(dict(built), first, second, belt, near_m=near_m)
        one, other = _body(next(iter(built.values())), first), _body(next(iter(built.values())), second)
        rest = shapely.difference(shapely.union_all([first, second, belt]), shapely.union_all([one, other]))
        between = merging(dict(built), one, other, rest)
        for date in built:
            gap = float(between["gap_m"].to_dict()[date])
            inside = across.loc[date]
            rows.append((code, name, date, inside["built_in_belt_m2"], inside["belt_share"], inside["gap_m"], gap))
            if gap > 0:
                lines.append((code, name, date, between.geometry[date]))
        verdicts[code] = _verdict(between["gap_m"].to_numpy(), near_m)
        if boundary is not None:
            beyond = shapely.difference(shapely.union_all([first, second]), boundary.geometry.union_all()).area
            if beyond > 0.01 * (first.area + second.area):
                text = _(
                    "{share:.0%} of the ground beside the belt {name} lies outside the study area, where built-up land is not known."
                )
                findings.append(Finding("F-BELT-01", "warning", text.format(share=beyond / (first.area + second.area), name=name),
                                        features=(str(code),)))  # fmt: skip
    columns = ["belt", "name", "date", "built_in_belt_m2", "belt_share", "across_m", "gap_m"]
    gaps = gpd.GeoDataFrame(lines, columns=["belt", "name", "date", "geometry"], geometry="geometry", crs=belts.crs)
    return Belts(pd.DataFrame(rows, columns=columns), pd.Series(verdicts, dtype=object), gaps, tuple(findings))


def _body(built: gpd.GeoDataFrame, side: Any) -> Any:
    """The largest piece of built-up land on a side; empty where there is none."""
    parts = shapely.get_parts(shapely.union_all(shapely.intersection(built.geometry.to_numpy(), side)))
    return parts[np.argmax(shapely.area(parts))] if len(parts) else shapely.Polygon()


def _verdict(gaps_m: Any, near_m: float) -> str:
    if np.isnan(gaps_m).any():
        return "unknown"
    merged = gaps_m <= near_m + 1e-3
    if merged[0]:
        return "merged"
    if merged[-1]:
        return "merging"
    return "closer" if gaps_m[-1] < gaps_m[0] - 1e-3 else "apart"


def city_outline(built: gpd.GeoDataFrame, join_m: float) -> Any:
    """The built-up city: built-up land no further apart than a distance taken as one, without holes, the largest piece (建成区).

    A sketch, not the legal extent of a city (示意，非法定范围).

    >>> houses = [shapely.box(0, 0, 100, 100), shapely.box(120, 0, 220, 100), shapely.box(900, 0, 950, 100)]
    >>> city = city_outline(gpd.GeoDataFrame(geometry=houses, crs=4547), 50)
    >>> [round(float(side)) for side in city.bounds]  # the two houses with what is between them
    [0, 0, 220, 100]
    """
    grown = shapely.union_all(shapely.buffer(built.geometry.to_numpy(), join_m / 2, quad_segs=QUAD_SEGS))
    shrunk = shapely.get_parts(shapely.buffer(grown, -join_m / 2, quad_segs=QUAD_SEGS))
    largest = shrunk[np.argmax(shapely.area(shrunk))]
    return shapely.Polygon(shapely.get_exterior_ring(largest))


@dataclass(frozen=True, eq=False)
class Continuity:
    """How whole lines or barriers are.

    Parameters
    ----------
    table : DataFrame
        name, length_m (of a line inside the study area) or area_m2 (of a barrier), gaps (count), gap_m (their length), longest_m,
        continuity (covered share of a line; share of the largest piece of a barrier, 0 to 1).
    gaps : GeoDataFrame
        name, start, end (chainage; empty for a barrier), length_m; geometry: lines.
    """

    table: pd.DataFrame
    gaps: gpd.GeoDataFrame


def line_continuity(
    lines: gpd.GeoDataFrame,
    cover: gpd.GeoDataFrame,
    boundary: gpd.GeoDataFrame,
    *,
    within_m: float,
    least_m: float = 0.0,
) -> Continuity:
    """Continuity and gaps of forest along coasts, rivers or axes (沿海防护林、廊道连续性, C09).

    Parameters
    ----------
    lines : GeoDataFrame
        Lines in a metric CRS, with name as far as known; chainage runs from the first vertex, from part to part.
    cover : GeoDataFrame
        Polygons of what should stand there.
    boundary : GeoDataFrame
        Only the line inside it is judged: beyond it the cover is not known.
    within_m : float
        Cover counts that stands no further from the line than this.
    least_m : float
        Shorter gaps are left out.
    """
    require_metric(lines)
    require_same_crs(lines, cover, boundary)
    ground = boundary.geometry.union_all()
    names = lines["name"].astype(str) if "name" in lines else pd.Series(lines.index.astype(str), lines.index)
    rows, holes = [], []
    for name, group in lines.groupby(names, sort=False):
        merged = shapely.line_merge(shapely.multilinestrings(shapely.get_parts(group.geometry.to_numpy())))
        parts = shapely.get_parts(merged)
        origins = np.concatenate([[0.0], np.cumsum(shapely.length(parts))[:-1]])
        length, found = 0.0, []
        for part, origin in zip(parts, origins, strict=True):
            for inside in shapely.get_parts(shapely.line_merge(shapely.intersection(part, ground))):
                if inside.length == 0:
                    continue
                start = float(origin + part.project(shapely.get_point(inside, 0)))
                length += inside.length
                found.append(gaps_along(inside, cover, within_m=within_m, least_m=least_m, origin_m=start))
        gaps = pd.concat(found, ignore_index=True) if found else None
        missing = 0.0 if gaps is None else float(gaps["length_m"].sum())
        longest = 0.0 if gaps is None or gaps.empty else float(gaps["length_m"].max())
        count = 0 if gaps is None else len(gaps)
        rows.append((name, length, count, missing, longest, 1 - missing / length if length else np.nan))
        if gaps is not None and len(gaps):
            holes.append(gaps.assign(name=name))
    columns = ["name", "length_m", "gaps", "gap_m", "longest_m", "continuity"]
    wanted = ["name", "start", "end", "length_m", "geometry"]
    every = pd.concat(holes, ignore_index=True)[wanted] if holes else pd.DataFrame(columns=wanted)
    return Continuity(pd.DataFrame(rows, columns=columns), gpd.GeoDataFrame(every, geometry="geometry", crs=lines.crs))


def barrier_continuity(barrier: gpd.GeoDataFrame, *, near_m: float, least_m2: float) -> Continuity:
    """Whether a barrier of hills and shelter forest is one, and where it is broken (生态屏障连续性, C12).

    Parameters
    ----------
    barrier : GeoDataFrame
        Polygons in a metric CRS, overlapping or not.
    near_m : float
        Pieces no further apart are one.
    least_m2 : float
        Smaller pieces are no part of the barrier.

    Returns
    -------
    Continuity
        One row: area_m2, pieces, gaps, gap_m, longest_m, continuity = area of the largest chain of pieces / area. The gaps are the
        shortest set that would join all pieces (the minimum spanning tree), those wider than `near_m`.
    """
    require_metric(barrier)
    pieces = contiguous(barrier)
    pieces = pieces[pieces.area >= least_m2].reset_index(drop=True)
    apart = distances(pieces) if len(pieces) else np.zeros((0, 0))
    # scipy takes nought for no edge: a hair stands for pieces that touch in a corner.
    edges = np.maximum(apart, 1e-9) - np.diag(np.full(len(pieces), 1e-9))
    tree = minimum_spanning_tree(edges if len(pieces) else np.zeros((1, 1))).tocoo()
    order = np.argsort(tree.data, kind="stable")
    links = [(int(tree.row[k]), int(tree.col[k]), float(tree.data[k])) for k in order]
    group = np.arange(len(pieces))
    for one, other, metres in links:
        if metres <= near_m + 1e-6:
            group[group == group[other]] = group[one]
    area = pieces.area.to_numpy()
    whole = float(area.sum())
    largest = float(pd.Series(area).groupby(group).sum().max()) if len(area) else np.nan
    open_links = [(one, other, metres) for one, other, metres in links if metres > near_m + 1e-6]
    shapes = pieces.geometry.to_numpy()
    rows = [
        ("", "", "", metres, shapely.shortest_line(shapes[one], shapes[other])) for one, other, metres in open_links
    ]
    gaps = gpd.GeoDataFrame(
        rows, columns=["name", "start", "end", "length_m", "geometry"], geometry="geometry", crs=barrier.crs
    )
    table = pd.DataFrame(
        {
            "name": [""],
            "area_m2": [whole],
            "pieces": [len(np.unique(group))],
            "gaps": [len(gaps)],
            "gap_m": [float(gaps["length_m"].sum())],
            "longest_m": [float(gaps["length_m"].max()) if len(gaps) else 0.0],
            "continuity": [largest / whole if whole else np.nan],
        }
    )
    return Continuity(table, gaps)


def candidate_land(
    place: Any,
    land: gpd.GeoDataFrame,
    target_m2: float,
    *,
    boundary: gpd.GeoDataFrame | None = None,
    redline: gpd.GeoDataFrame | None = None,
) -> tuple[gpd.GeoDataFrame, list[Finding]]:
    """Land round a place up to a target area, and how much of it lies in the red line (B14).

    Parameters
    ----------
    place, land, target_m2
        As for :func:`ecospace.space.gaps.candidates`.
    boundary : GeoDataFrame, optional
        The study area: said where the land reaches as far as its edge.
    redline : GeoDataFrame, optional
        For the column redline_m2; NaN without it.

    Returns
    -------
    GeoDataFrame, list of Finding
        The parcels, the nearest first: distance_m, area_m2, total_m2, redline_m2.
    """
    chosen = candidates(place, land, target_m2)
    outside = chosen.set_geometry(chosen.geometry.difference(place))
    chosen["redline_m2"] = covered_area(redline, outside).to_numpy() if redline is not None else np.nan
    reached = float(chosen["distance_m"].max())
    findings = []
    if boundary is not None and shapely.distance(place, boundary.geometry.union_all().boundary) < reached:
        text = _("the candidates lie up to {metres:.0f} m from the place, farther than the edge of the study area: nearer land beyond "
                 "it is not known.").format(metres=reached)  # fmt: skip
        findings.append(Finding("F-BELT-02", "warning", text))
    return chosen, findings
