"""Rule buffers (缓冲带): strips and rings of a stated width along banks or centre lines, from rules that are data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from shapely.ops import linemerge

from ecospace.crs import require_metric, require_same_crs
from ecospace.errors import RuleError
from ecospace.language import _, current
from ecospace.space.ground import ground_within, ring_between
from ecospace.terms import standard

#: Segments of a quarter circle: 16 make a disc 0.16 % too small. Stated with every result (methods.md).
QUAD_SEGS = 16
SIDES = ("both", "left", "right")


@dataclass(frozen=True)
class BufferRule:
    """A width that a document asks for (缓冲带规则).

    Parameters
    ----------
    key, zh, en : str
        Requirement id and labels.
    feature : str
        Role of the layer: river, road, park …
    side : str
        ``"both"``, ``"left"`` or ``"right"``, seen in the direction of the line.
    start : str
        ``"bank"``: from the edge of a polygon; ``"centre"``: from the centre line.
    min_m, max_m : float or None
        Width on each side, metres; a range has both.
    classes : tuple of str
        Kinds of the feature.
    land_use : mapping of tuple of str
        Land classes beside which it holds, by code system; empty: everywhere.
    beside_m : float or None
        How far from the bank such land counts as beside it, metres.
    elsewhere : str
        Where it holds, too, though no layer tells: other places cannot be judged.
    measures : str
        What is counted across the line, by its list of land groups in ``rules/corridors``; ``""``: the rule is no width of ground.
    above_fails : bool
        Whether the clause forbids more than the upper end of its range.
    clause, document : str
        The words and where they stand.
    """

    key: str
    zh: str
    en: str
    feature: str
    side: str
    start: str
    clause: str
    document: str
    min_m: float | None = None
    max_m: float | None = None
    classes: tuple[str, ...] = ()
    land_use: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    beside_m: float | None = None
    elsewhere: str = ""
    measures: str = ""
    above_fails: bool = False

    @property
    def label(self) -> str:
        """The label in the language in force."""
        return self.zh if current() == "zh" else self.en

    def widths_m(self) -> tuple[float, ...]:
        """The width, or both ends of its range.

        Raises
        ------
        RuleError
            E-RULE-62: the rule gives no width; it is never guessed.
        """
        if self.min_m is None:
            raise RuleError(
                "E-RULE-62",
                _("the rule {key} ({clause}) gives no width, so no buffer can be drawn from it.").format(
                    key=self.key, clause=self.clause
                ),
                cure=_("Give one: rule.wide(30), or --width 30."),
            )
        return (self.min_m,) if self.max_m is None else (self.min_m, self.max_m)

    def wide(self, min_m: float, max_m: float | None = None) -> BufferRule:
        """The rule with a width of the planner's own."""
        return replace(self, min_m=min_m, max_m=max_m)


@lru_cache(maxsize=1)
def buffer_rules() -> dict[str, BufferRule]:
    """The width rules of the plan documents by requirement id.

    >>> buffer_rules()["B05"].widths_m()
    (20, 50)
    """
    table = standard("rules/buffers")
    return {
        key: BufferRule(
            key=key,
            **{
                **entry,
                "classes": tuple(entry.get("classes", ())),
                "land_use": {system: tuple(codes) for system, codes in entry.get("land_use", {}).items()},
            },
        )
        for key, entry in table.items()
        if isinstance(entry, dict)
    }


def strips(
    features: gpd.GeoDataFrame,
    width_m: float,
    *,
    side: str = "both",
    round_ends: bool = False,
    quad_segs: int = QUAD_SEGS,
) -> gpd.GeoDataFrame:
    """A strip along each feature: from the bank of a polygon outwards, or from a centre line (条带缓冲).

    Parameters
    ----------
    features : GeoDataFrame
        Polygons (banks) or lines (centre lines), in a metric CRS.
    width_m : float
        Width on each side, metres, > 0.
    side : {"both", "left", "right"}
        Of lines, seen in their direction; polygons have only an outside.
    round_ends : bool
        Whether strips of lines go round their ends.
    quad_segs : int
        Segments of a quarter circle.

    Returns
    -------
    GeoDataFrame
        The same rows; the feature itself is not part of its strip, other features are: dissolve and cut as needed.

    Raises
    ------
    RuleError
        E-RULE-63: a width that is not positive, or a side that is none.

    Examples
    --------
    >>> pond = gpd.GeoDataFrame(geometry=[shapely.box(0, 0, 100, 100)], crs=4547)
    >>> float(strips(pond, 30).area.iloc[0].round(-2))  # four sides of 3000 m² and a disc of 2827 m², less its corners
    14800.0
    """
    require_metric(features)
    if not width_m > 0 or side not in SIDES:
        raise RuleError(
            "E-RULE-63",
            _("a strip of width {width} on side {side!r} cannot be drawn.").format(width=width_m, side=side),
            cure=_("Give a width above 0 m and one of: both, left, right."),
        )
    shapes = features.geometry.to_numpy()
    area = np.isin(shapely.get_type_id(shapes), (3, 6))
    out = shapes.copy()
    if area.any():
        out[area] = shapely.difference(shapely.buffer(shapes[area], width_m, quad_segs=quad_segs), shapes[area])
    if (~area).any():
        out[~area] = [_along(shape, width_m, side, round_ends, quad_segs) for shape in shapes[~area]]
    return features.set_geometry(gpd.GeoSeries(out, index=features.index, crs=features.crs))


def _along(line: Any, width_m: float, side: str, round_ends: bool, quad_segs: int) -> Any:
    joined = linemerge(line) if line.geom_type == "MultiLineString" else line
    if side == "both":
        return shapely.buffer(joined, width_m, quad_segs=quad_segs, cap_style="round" if round_ends else "flat")
    signed = width_m if side == "left" else -width_m
    return shapely.union_all(
        [part.buffer(signed, quad_segs=quad_segs, single_sided=True) for part in shapely.get_parts(joined)]
    )


def rings(
    features: gpd.GeoDataFrame,
    distances_m: Sequence[float],
    *,
    within: gpd.GeoDataFrame | None = None,
    quad_segs: int = QUAD_SEGS,
) -> gpd.GeoDataFrame:
    """Rings of growing distance round all features together, each ground once (分级缓冲区).

    Parameters
    ----------
    features : GeoDataFrame
        Lines, polygons or points in a metric CRS.
    distances_m : sequence of float
        Outer distances, metres; they are put into order.
    within : GeoDataFrame, optional
        Clip to this ground, in the same CRS.
    quad_segs : int
        Segments of a quarter circle.

    Returns
    -------
    GeoDataFrame
        from_m, to_m, area_m2, geometry; the first ring starts at the edge of the features (their own ground is left
        out), so that own ground, rings and remainder make the ground of `within`.

    Notes
    -----
    Lines longer than the distance are joined end to end first: the arcs at their joints fall away, which changes the
    area by about 1e-5 (fewer corners of the tessellation); else it is that of a plain buffer and dissolve to 1e-9. The
    distances are drawn side by side: GEOS leaves the interpreter free. See :mod:`ecospace.space.ground`.

    Examples
    --------
    >>> river = gpd.GeoDataFrame(geometry=[shapely.LineString([(0, 0), (1000, 0)])], crs=4547)
    >>> land = gpd.GeoDataFrame(geometry=[shapely.box(0, -200, 1000, 200)], crs=4547)
    >>> rings(river, [30, 50], within=land)["area_m2"].round(6).tolist()
    [60000.0, 40000.0]
    """
    require_metric(features)
    order = sorted(float(distance) for distance in distances_m)
    if not order or order[0] <= 0:
        raise RuleError(
            "E-RULE-64", _("rings need distances above 0 m."), cure=_("Give them, for example 30, 50, 1000.")
        )
    if within is not None:
        require_same_crs(features, within)
    shapes = shapely.get_parts(features.geometry.to_numpy())
    own = shapely.union_all(shapes[shapely.get_type_id(shapes) == 3])
    with ThreadPoolExecutor(max_workers=2) as threads:  # the widest first: it takes longest
        drawn = list(threads.map(lambda distance: ground_within(shapes, distance, quad_segs), reversed(order)))
        between = list(threads.map(ring_between, reversed(drawn), [own, *drawn[:0:-1]]))
    if within is not None:
        between = list(shapely.intersection(between, within.geometry.union_all()))
    return gpd.GeoDataFrame(
        {"from_m": [0.0, *order[:-1]], "to_m": order, "area_m2": shapely.area(between)},
        geometry=between,
        crs=features.crs,
    )
