"""Chainage (桩号): places along a line by their distance from its start, as roads and rivers are described."""

from __future__ import annotations

import re
from typing import Any

import shapely
from shapely.ops import linemerge, substring

from ecospace.errors import GeometryError, RuleError
from ecospace.language import _

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
