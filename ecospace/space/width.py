"""Measured width (实测宽度): how wide the green beside a river or road is, left and right apart, at every place of the line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from ecospace.crs import require_metric, require_same_crs
from ecospace.errors import RuleError
from ecospace.language import _
from ecospace.space.chainage import one_line

Array = np.ndarray[Any, Any]
#: Metres. Runs of green closer than this are one: the rounding of coordinates along a shared edge.
JOINT_M = 1e-3
#: Metres. A width that leaves the straight line by less between two corners is straight there.
STRAIGHT_M = 1e-6
#: Metres along the line to which a place is found where no corner of a polygon marks it.
PLACE_M = 1e-3
#: Metres from the ends of a row at which one looks: at a corner itself a view may go either way.
INSET_M = 1e-2
#: Pieces of a step with a view of their own: outside a bend the wedges between views are so many times narrower.
VIEWS_IN_STEP = 8
SIDES = (("left", 1.0), ("right", -1.0))


def measured_width(
    line: Any,
    green: gpd.GeoDataFrame,
    *,
    step_m: float,
    reach_m: float,
    banks: gpd.GeoDataFrame | None = None,
    start_m: float = 0.0,
    bank_reach_m: float | None = None,
    beside: gpd.GeoDataFrame | None = None,
    mapped: gpd.GeoDataFrame | None = None,
    origin_m: float = 0.0,
) -> pd.DataFrame:
    """Width of the green on each side of a line, from end to end of it (断面量宽).

    Parameters
    ----------
    line : LineString or MultiLineString
        Centre line in the CRS of `green`, in the direction of chainage; its parts join end to end.
    green : GeoDataFrame
        Polygons that count as green, in a metric CRS. They may overlap and share edges.
    step_m : float
        One looks at right angles to the chord of so much line round a place, metres (shortened so that steps divide the line evenly), so that
        a wiggle of the drawing does not turn the view; the view turns with the line in `VIEWS_IN_STEP` pieces a step.
    reach_m : float
        How far from the bank one looks, metres: a width that reaches so far is at least that.
    banks : GeoDataFrame, optional
        Water (or roadway) polygons: where the line lies in one, the width starts at its bank.
    start_m : float
        Where there are no `banks`: how far from the centre line the green may begin, e.g. half of the roadway.
    bank_reach_m : float, optional
        How far from the line the bank is looked for, metres; without it as far as `reach_m`. Where none is found there is no width.
    beside : GeoDataFrame, optional
        Land whose distance from the bank is wanted: that beside which a rule holds.
    mapped : GeoDataFrame, optional
        All ground whose land is known; without it all ground counts as known.
    origin_m : float
        Chainage of the line's first vertex.

    Returns
    -------
    DataFrame
        Rows that tile the line on each side: side (``"left"``, ``"right"``), from_m, to_m (chainage), and at either end of the row, linear
        between them: from_width_m, to_width_m (NaN: no bank within reach), from_beside_m, to_beside_m (to the nearest of `beside`, infinite
        where none is in reach), from_known_m, to_known_m (from the bank to ground that is not mapped); bank_m (from the line, in the middle).

    Raises
    ------
    RuleError
        E-RULE-65: a step or reach that is not positive.
    GeometryError
        E-GEO-70: the line is in parts.

    Notes
    -----
    The width is the unbroken run of green from the bank outwards: green behind a gap does not protect the bank and is not counted.

    Nothing is sampled: the view sweeps over every piece, and rows end wherever it passes a corner of a polygon, so that between the
    ends of a row the width changes evenly. Places are right to a centimetre for the views as they stand. Outside a bend, a wedge between
    the views of two pieces is not seen; `unseen_m` says how wide it gets.

    Examples
    --------
    >>> road = shapely.LineString([(0, 0), (1000, 0)])
    >>> trees = gpd.GeoDataFrame(geometry=[shapely.box(0, 0, 1000, 25), shapely.box(0, -40, 333, 0)], crs=4547)
    >>> found = measured_width(road, trees, step_m=500, reach_m=100)
    >>> right = found.loc[found["side"] == "right", ["from_m", "to_m", "from_width_m", "to_width_m"]].to_numpy().round(9)
    >>> right[5:7].tolist()  # the green ends at 333 m
    [[312.5, 333.0, 40.0, 40.0], [333.0, 375.0, 0.0, 0.0]]
    """
    require_metric(green)
    if not step_m > 0 or not reach_m > 0 or start_m < 0:
        raise RuleError(
            "E-RULE-65",
            _("widths need a step and a reach above 0 m, not {step} and {reach}.").format(step=step_m, reach=reach_m),
            cure=_("For example step_m=50, reach_m=200."),
        )
    for other in (banks, beside, mapped):
        if other is not None:
            require_same_crs(green, other)
    course = _course(one_line(line), step_m)
    look_m = reach_m if bank_reach_m is None else bank_reach_m
    bands = course.bands(look_m + reach_m)
    ground = {
        name: _clipped(frame, bands)
        for name, frame in {"banks": banks, "green": green, "beside": beside, "mapped": mapped}.items()
        if frame is not None
    }
    rows = list(_until_straight(course, ground, look_m, reach_m, start_m if banks is None else None))
    starts, ends, values = (np.concatenate(part) for part in zip(*rows, strict=True))
    order = np.argsort(starts, kind="stable")
    starts, ends, values = starts[order] + origin_m, ends[order] + origin_m, values[order]
    tables = []
    for place, (side, _sign) in enumerate(SIDES):
        table = {"side": side, "from_m": starts, "to_m": ends}
        for column, name in enumerate(("bank", "width", "beside", "known")):
            table |= {f"from_{name}_m": values[:, 0, place, column], f"to_{name}_m": values[:, 1, place, column]}
        frame = pd.DataFrame(table)
        frame["bank_m"] = (frame.pop("from_bank_m") + frame.pop("to_bank_m")) / 2
        tables.append(frame)
    return pd.concat(tables, ignore_index=True)


def unseen_m(line: Any, step_m: float, away_m: float) -> float:
    """The widest ground between the views of two neighbouring pieces, metres: what is narrower may hide outside a bend.

    Parameters
    ----------
    line, step_m
        As for `measured_width`.
    away_m : float
        Distance from the line up to which one looks, metres.

    Examples
    --------
    >>> unseen_m(shapely.LineString([(0, 0), (1000, 0)]), 100, 70)
    0.0
    """
    left = _course(one_line(line), step_m).left
    return float(np.hypot(*np.diff(left, axis=0).T).max(initial=0.0) * away_m)


@dataclass(frozen=True)
class _Course:
    """A line in pieces, each with one direction of view, square to the chord of one step round it.

    `at` (n+1) and `corners` (n+1, 2): chainage and place of its vertices and of the ends of its pieces; `piece` (n): the piece of each
    segment between them; `left` (pieces, 2): the view to the left. The pieces of one step look at one ground.
    """

    at: Array
    corners: Array
    piece: Array
    left: Array

    @property
    def step(self) -> Array:
        """The step of each segment."""
        return np.asarray(self.piece // VIEWS_IN_STEP)

    def places(self, at: Array) -> Array:
        """Points of the line by chainage."""
        return np.stack([np.interp(at, self.at, self.corners[:, axis]) for axis in (0, 1)], axis=-1)

    def bands(self, reach_m: float) -> Array:
        """The ground that the views of each step sweep over, on both sides, and a little more."""
        away = self.left[self.piece] * reach_m
        ends = [self.corners[:-1], self.corners[1:]]
        swept = np.stack([end + sign * away for end in ends for sign in (1, -1)], axis=1).reshape(-1, 2)
        hulls = shapely.convex_hull(shapely.multipoints(shapely.points(swept), indices=np.repeat(self.step, 4)))
        # Wider by a metre, so that the corners which the cut makes stand outside the views.
        return np.asarray(shapely.buffer(hulls, 1.0, join_style="mitre"))


def _course(line: Any, step_m: float) -> _Course:
    drawn = shapely.get_coordinates(line)
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(drawn, axis=0).T))])

    def places(at: Array) -> Array:
        return np.column_stack([np.interp(at, along, drawn[:, axis]) for axis in (0, 1)])

    steps = int(np.ceil(along[-1] / step_m - 1e-9))
    ends = np.linspace(0.0, along[-1], steps * VIEWS_IN_STEP + 1)
    at = np.union1d(along, ends)
    at = np.concatenate([at[:1], at[1:-1][np.diff(at[:-1]) > 1e-9], at[-1:]])
    piece = np.minimum(np.searchsorted(ends, (at[:-1] + at[1:]) / 2, side="right") - 1, len(ends) - 2)
    middle, half_m = (ends[:-1] + ends[1:]) / 2, along[-1] / steps / 2
    chord = places(np.minimum(middle + half_m, along[-1])) - places(np.maximum(middle - half_m, 0.0))
    length = np.hypot(*chord.T)
    # A chord of no length (a loop of one step) has no direction: it is taken to run east rather than to fail.
    chord = np.where(length[:, None] > 0, chord / np.where(length, length, 1)[:, None], [1.0, 0.0])
    return _Course(at, places(at), piece, np.column_stack([-chord[:, 1], chord[:, 0]]))


def _clipped(frame: gpd.GeoDataFrame, bands: Array) -> Array:
    """The ground of a frame within each band, as one shape without inner edges."""
    shapes = frame.geometry.to_numpy()
    band, shape = shapely.STRtree(shapes).query(bands, predicate="intersects")
    parts, owner = shapely.get_parts(shapely.intersection(shapes[shape], bands[band]), return_index=True)
    areas = shapely.get_dimensions(parts) == 2  # a polygon that only touches the band leaves a line or a point
    parts, band = parts[areas], band[owner[areas]]
    order = np.argsort(band, kind="stable")
    split = np.split(parts[order], np.searchsorted(band[order], np.arange(1, len(bands))))
    return np.array([shapely.union_all(group) if len(group) else shapely.Polygon() for group in split], dtype=object)


def _until_straight(
    course: _Course, ground: dict[str, Array], look_m: float, reach_m: float, start_m: float | None
) -> Any:
    """Starts, ends and the values there (n, 2, sides, 4) of stretches on which all values change evenly."""
    starts, ends, segment = _between_corners(course, ground)
    while len(starts):
        length = ends - starts
        inset = np.minimum(length / 4, INSET_M)
        places = np.stack([starts + inset, (starts + ends) / 2, ends - inset], axis=1)
        seen = _views(course, places.ravel(), np.repeat(segment, 3), ground, look_m, reach_m, start_m)
        one, middle, other = np.moveaxis(seen.reshape(len(starts), 3, *seen.shape[1:]), 1, 0)
        with np.errstate(invalid="ignore"):
            even = (np.abs(one + other - 2 * middle) <= STRAIGHT_M) | ((one == middle) & (middle == other))
        even |= np.isnan(one) & np.isnan(middle) & np.isnan(other)
        straight, short = even.all(axis=(1, 2)), length <= PLACE_M
        with np.errstate(invalid="ignore"):
            half = (other - one) * (length / (2 * (length - 2 * inset)))[:, None, None]
        half = np.where(even & np.isfinite(middle), half, 0.0)
        values = np.stack([middle - half, middle + half], axis=1)
        done = straight | short
        yield starts[done], ends[done], values[done]
        starts, ends, segment = starts[~done], ends[~done], segment[~done]
        halves = (starts + ends) / 2
        starts, ends = np.concatenate([starts, halves]), np.concatenate([halves, ends])
        segment = np.concatenate([segment, segment])


def _between_corners(course: _Course, ground: dict[str, Array]) -> tuple[Array, Array, Array]:
    """Pieces of the line between the places at which the view passes a corner of a polygon: starts, ends, segment."""
    marks = list(ground.values())
    if "banks" in ground:
        # Where the edge of a green crosses the bank, the width leaps without a corner.
        bank = shapely.boundary(ground["banks"])
        marks += [shapely.intersection(bank, shapely.boundary(ground[name])) for name in ground if name != "banks"]
    corner, step = shapely.get_coordinates(np.stack(marks).ravel(), return_index=True)
    step %= len(marks[0])
    order = np.argsort(step, kind="stable")
    corner, step = corner[order], step[order]
    first = np.searchsorted(step, course.step)
    count = np.searchsorted(step, course.step, side="right") - first
    segment = np.repeat(np.arange(len(course.step)), count)
    which = np.arange(len(segment)) - np.repeat(np.cumsum(count) - count, count) + np.repeat(first, count)
    ahead = np.column_stack([course.left[:, 1], -course.left[:, 0]])[course.piece]
    length = np.einsum("ij,ij->i", np.diff(course.corners, axis=0), ahead)
    with np.errstate(divide="ignore", invalid="ignore"):
        away = np.einsum("ij,ij->i", corner[which] - course.corners[segment], ahead[segment]) / length[segment]
    passed = (away > 0) & (away < 1)
    at = course.at[segment[passed]] + away[passed] * np.diff(course.at)[segment[passed]]
    cuts = np.union1d(course.at, at)
    # Corners passed at once (both ends of an edge across the line) differ by rounding.
    kept = np.concatenate([[True], np.diff(cuts[:-1]) > 1e-9, [True]])
    cuts = cuts[kept]
    middle = (cuts[:-1] + cuts[1:]) / 2
    return cuts[:-1], cuts[1:], np.clip(np.searchsorted(course.at, middle) - 1, 0, len(course.step) - 1)


def _views(
    course: _Course,
    places: Array,
    segment: Array,
    ground: dict[str, Array],
    look_m: float,
    reach_m: float,
    start_m: float | None,
) -> Array:
    """bank, width, beside, known (metres) of the views from places of the line: (places, sides, 4)."""
    feet, step = course.places(places), course.step[segment]
    seen = np.full((len(places), 2, 4), np.inf)
    for side, (_name, sign) in enumerate(SIDES):
        outward = sign * course.left[course.piece[segment]]
        if start_m is None:
            bank_m = _run(_rays(feet, outward, np.zeros(len(feet)), look_m), ground["banks"][step])
            bank_m[bank_m >= look_m - JOINT_M] = np.nan
        else:
            bank_m = np.full(len(feet), start_m)
        rays = _rays(feet, outward, np.nan_to_num(bank_m), reach_m)
        seen[:, side, 0] = bank_m
        seen[:, side, 1] = _run(rays, ground["green"][step])
        if "beside" in ground:
            seen[:, side, 2] = _first(rays, ground["beside"][step])
        if "mapped" in ground:
            seen[:, side, 3] = _run(rays, ground["mapped"][step])
        seen[np.isnan(bank_m), side, 1:] = np.nan
    return seen


def _rays(feet: Array, outward: Array, from_m: Array, reach_m: float) -> Array:
    start = feet + outward * from_m[:, None]
    rays: Array = shapely.linestrings(np.stack([start, start + outward * reach_m], axis=1))
    return rays


def _spans(rays: Array, shapes: Array) -> tuple[Array, Array, Array]:
    """Where rays lie in the shape of each: ray, from and to (metres from its start), in the order of rays and outwards."""
    pieces, owner = shapely.get_parts(shapely.intersection(rays, shapes), return_index=True)
    lines = shapely.length(pieces) > 0
    pieces, owner = pieces[lines], owner[lines]
    starts = shapely.get_point(rays[owner], 0)
    ends = [shapely.distance(shapely.get_point(pieces, place), starts) for place in (0, -1)]
    near, far = np.minimum(*ends), np.maximum(*ends)
    order = np.lexsort((near, owner))
    return owner[order], near[order], far[order]


def _run(rays: Array, shapes: Array) -> Array:
    """Length of the unbroken run inside the shape from the start of each ray, metres."""
    runs = np.zeros(len(rays))
    for ray, near, far in zip(*_spans(rays, shapes), strict=True):
        if near <= runs[ray] + JOINT_M:
            runs[ray] = max(runs[ray], far)
    return runs


def _first(rays: Array, shapes: Array) -> Array:
    """From the start of each ray to the shape, metres; infinite where it does not meet it."""
    first = np.full(len(rays), np.inf)
    ray, near, _far = _spans(rays, shapes)
    np.minimum.at(first, ray, near)
    return first
