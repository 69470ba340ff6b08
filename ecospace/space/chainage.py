"""Chainage (桩号): places along a line by their distance from its start, as roads and rivers are described."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import shapely
from shapely.ops import linemerge, substring

from ecospace.errors import GeometryError, RuleError
from ecospace.language import _
from ecospace.terms import standard

CHAINAGE = re.compile(r"^\s*K\s*(\d+)\s*\+\s*(\d+(?:\.\d+)?)\s*$", re.IGNORECASE)


def metres_of(chainage: str) -> float:
    """The metres of a chainage.

    >>> metres_of("K45+540") - metres_of("K36+945")
    8595.0
    """
    found = CHAINAGE.match(chainage)
    if found is None or float(found.group(2)) >= 1000:
        raise RuleError(
            "E-RULE-60",
            _("{text!r} is no chainage; a stretch cannot be found by it.").format(text=chainage),
            cure=_("Write it so: K36+945 (kilometres + metres below 1000)."),
        )
    return float(found.group(1)) * 1000 + float(found.group(2))


def chainage_of(metres: float) -> str:
    """The chainage of metres, to the metre.

    >>> chainage_of(36944.7), chainage_of(999.8)
    ('K36+945', 'K1+000')
    """
    kilometres, rest = divmod(round(metres), 1000)
    return f"K{kilometres}+{rest:03d}"


def chainage_in(value: object) -> float | None:
    """The metres that a cell of a table tells, as a number or as a chainage; None where it is empty.

    >>> chainage_in("K36+945"), chainage_in("28400"), chainage_in(0), chainage_in(float("nan")), chainage_in("")
    (36945.0, 28400.0, 0.0, None, None)
    """
    text = "" if value is None or value != value else str(value).strip()
    if not text or text.lower() in ("none", "nan", "<na>"):
        return None
    try:
        metres = float(text)
    except ValueError:
        return metres_of(text)
    if not np.isfinite(metres):
        return metres_of(text)  # which refuses it
    return metres


def runs_back(value: object) -> bool:
    """Whether a cell of a table says that chainage runs against the direction of the drawing.

    >>> runs_back("是"), runs_back(True), runs_back(0), runs_back(None)
    (True, True, False, False)
    """
    return str(value).strip().lower() in standard("rules/corridors")["chainage"]["reversed"]


def courses(shape: Any, *, start: object = None, back: object = False) -> list[tuple[Any, float]]:
    """The lines of a road or river in the direction of chainage, with the chainage at which each begins.

    Parameters
    ----------
    shape : LineString or MultiLineString
        In a metric CRS. Parts that do not join are counted one after the other, in their order.
    start : object
        Chainage of the first vertex, as a number of metres or as ``"K36+945"``; 0 where there is none.
    back : object
        Whether chainage runs against the drawing: it then starts at the last vertex.

    Returns
    -------
    list of (LineString, float)

    Examples
    --------
    >>> courses(shapely.LineString([(0, 0), (10, 0)]), start="K1+000", back="是")
    [(<LINESTRING (10 0, 0 0)>, 1000.0)]
    """
    lines = _merged(shape)
    if runs_back(back):
        lines = shapely.reverse(lines)[::-1]
    ahead = np.cumsum(shapely.length(lines)) - shapely.length(lines)
    origin_m = chainage_in(start) or 0.0
    return [(line, origin_m + float(before)) for line, before in zip(lines, ahead, strict=True)]


def _merged(shape: Any) -> Any:
    """Parts that join as one line, in the order in which the first part of each is drawn."""
    drawn, lines = shapely.get_parts(shape), shapely.get_parts(shapely.line_merge(shape))
    middles = shapely.line_interpolate_point(drawn, 0.5, normalized=True)
    owner, first = np.unique(shapely.STRtree(lines).nearest(middles), return_index=True)
    return lines[owner[np.argsort(first)]]


def one_line(shape: Any) -> Any:
    """The one line of a road or river that may be drawn in parts.

    Raises
    ------
    GeometryError
        E-GEO-70: the parts do not join end to end, so chainage along them has no meaning.
    """
    line = linemerge(shape) if shape.geom_type == "MultiLineString" else shape
    if line.geom_type != "LineString":
        raise GeometryError(
            "E-GEO-70",
            _("the line is in {count} parts that do not join end to end; chainage along it has no meaning.").format(
                count=shapely.get_num_geometries(line)
            ),
            cure=_("Join the parts in the drawing, or give the stretch as a layer of its own."),
        )
    return line


def stretch(line: Any, start: str | float, end: str | float, *, origin_m: float = 0.0) -> Any:
    """The part of a line between two chainages (桩号路段).

    Parameters
    ----------
    line : LineString or MultiLineString
        In a metric CRS, drawn in the direction in which chainage runs.
    start, end : str or float
        ``"K36+945"`` or metres.
    origin_m : float
        Chainage of the first vertex: a county holds only a part of a road.

    Returns
    -------
    LineString

    Raises
    ------
    RuleError
        E-RULE-60: not a chainage. E-RULE-61: the stretch is not on the line.

    Examples
    --------
    >>> stretch(shapely.LineString([(0, 0), (10_000, 0)]), "K36+945", "K45+540", origin_m=36_000).length
    8595.0
    """
    joined = one_line(line)
    from_m, to_m = ((metres_of(value) if isinstance(value, str) else float(value)) - origin_m for value in (start, end))
    if not 0 <= from_m < to_m <= joined.length + 1e-6:
        raise RuleError(
            "E-RULE-61",
            _("the line runs from {first} to {last}; the stretch {start} to {end} is not on it.").format(
                first=chainage_of(origin_m),
                last=chainage_of(origin_m + joined.length),
                start=chainage_of(from_m + origin_m),
                end=chainage_of(to_m + origin_m),
            ),
            cure=_("Check the chainage of the line's first vertex (origin_m, start_m) and its direction."),
        )
    return substring(joined, from_m, to_m)


def chainage_at(line: Any, point: Any, *, origin_m: float = 0.0) -> float:
    """Metres of chainage of the place on a line that is nearest to a point.

    >>> chainage_at(shapely.LineString([(0, 0), (100, 0)]), shapely.Point(30, 5), origin_m=1000)
    1030.0
    """
    return float(origin_m + one_line(line).project(point))
