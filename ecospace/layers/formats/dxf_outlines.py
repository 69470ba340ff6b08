"""The entities of a drawing as lists of points: block references placed, arcs drawn out."""

from __future__ import annotations

import logging
import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ecospace.errors import ReadError
from ecospace.language import _

if TYPE_CHECKING:
    from ezdxf.document import Drawing

#: Arcs are drawn with a point every tenth of a degree: a circle's area is right to 5e-7.
ARC_STEP = math.radians(0.1)
#: More entities than this come from blocks that hold blocks, not from a plan.
LIMIT = 1_000_000
DEPTH = 20


@dataclass(frozen=True)
class Outline:
    """One entity as points in drawing units, with what it was."""

    id: str
    layer: str
    block: str
    entity: str
    points: np.ndarray[Any, Any]
    closed: bool
    arcs: int


def open_drawing(file: Path) -> Drawing:
    """A drawing, opened by ezdxf; whatever is wrong with it is an error of ours (E-READ-85, E-READ-93)."""
    from ezdxf.filemanagement import readfile

    # What ezdxf logs about a damaged drawing is said by our error; without a handler it would go to the terminal.
    logging.getLogger("ezdxf").addHandler(logging.NullHandler())
    try:
        try:
            return readfile(file, errors="strict")
        except UnicodeDecodeError:
            # Drawings that say UTF-8 or Western European, and hold GBK, are common.
            return readfile(file, encoding="gb18030", errors="strict")
    except OSError as error:
        raise ReadError(
            "E-READ-93", _("this is no DXF drawing."), cure=_("Save it as DXF (R2007 or later).")
        ) from error
    except Exception as error:  # a damaged drawing makes ezdxf raise anything from KeyError to RecursionError
        text = _("the drawing is damaged: {reason}.").format(reason=f"{type(error).__name__} {error}"[:200])
        raise ReadError("E-READ-85", text, cure=_("Open it in CAD, run AUDIT, and save it as DXF again.")) from error


def outlines_of(drawing: Drawing, unread: Counter[str]) -> Iterator[Outline]:
    """Every entity that bounds something; the others are counted in `unread`, by their type."""
    try:
        for number, (entity, block, identifier) in enumerate(_entities(drawing.modelspace(), "", "", 0)):
            if number > LIMIT:
                raise ReadError(
                    "E-READ-88",
                    _("the drawing has more than {limit} entities, most of them in blocks.").format(limit=LIMIT),
                    cure=_("Export only the layers with the boundaries."),
                )
            read = _points_of(entity)
            if read is None:
                unread[entity.dxftype()] += 1
                continue
            points, closed, arcs = read
            if not np.isfinite(points).all():
                raise ReadError(
                    "E-READ-96", _("entity {id} has coordinates that are not numbers.").format(id=identifier)
                )
            yield Outline(
                identifier, _readable(entity.dxf.layer), _readable(block), entity.dxftype(), points, closed, arcs
            )
    except ReadError:
        raise
    except Exception as error:  # as above: what ezdxf did not notice when it loaded the file
        text = _("the drawing is damaged: {reason}.").format(reason=f"{type(error).__name__} {error}"[:200])
        raise ReadError("E-READ-85", text, cure=_("Open it in CAD, run AUDIT, and save it as DXF again.")) from error


def _readable(name: str) -> str:
    """A layer name that was GBK in a drawing that says Western European.

    >>> _readable("ºìÏß"), _readable("Grünfläche")
    ('红线', 'Grünfläche')
    """
    try:
        chinese = name.encode("cp1252").decode("gb18030")
    except UnicodeError:
        return name
    return chinese if any("\u4e00" <= sign <= "\u9fff" for sign in chinese) and not _latin(name) else name


def _latin(name: str) -> bool:
    """Whether a name has plain letters beside its accents, as a European word has."""
    return any(sign.isascii() and sign.isalpha() for sign in name)


def _entities(source: Any, block: str, prefix: str, depth: int) -> Iterator[tuple[Any, str, str]]:
    """All entities of the model space, those inside block references placed where they are drawn."""
    for number, entity in enumerate(source, start=1):
        identifier = f"{prefix}.{number}" if prefix else str(entity.dxf.handle)
        if entity.dxftype() != "INSERT":
            yield entity, block, identifier
        elif depth < DEPTH:
            for copy in entity.multi_insert() if entity.mcount > 1 else [entity]:
                yield from _entities(copy.virtual_entities(), entity.dxf.name, identifier, depth + 1)


def _points_of(entity: Any) -> tuple[np.ndarray[Any, Any], bool, int] | None:
    """Points in drawing units, whether they close, and how many arcs they hold; None for what bounds nothing."""
    kind = entity.dxftype()
    if kind == "LWPOLYLINE":
        points, arcs = _bulged([(x, y, bulge) for x, y, bulge in entity.get_points("xyb")], bool(entity.closed))
        return _in_world(entity, points), _closes(points, bool(entity.closed)), arcs
    if kind == "POLYLINE" and (entity.is_2d_polyline or entity.is_3d_polyline):
        vertices = [(v.dxf.location.x, v.dxf.location.y, v.dxf.get("bulge", 0.0)) for v in entity.vertices]
        flat = [(x, y, 0.0 if entity.is_3d_polyline else bulge) for x, y, bulge in vertices]
        points, arcs = _bulged(flat, bool(entity.is_closed))
        return _in_world(entity, points), _closes(points, bool(entity.is_closed)), arcs
    if kind == "LINE":
        ends = (entity.dxf.start, entity.dxf.end)
        return np.array([(end.x, end.y) for end in ends]), False, 0
    if kind in ("CIRCLE", "ARC"):
        first = 0.0 if kind == "CIRCLE" else math.radians(entity.dxf.start_angle)
        turn = 2 * math.pi if kind == "CIRCLE" else (math.radians(entity.dxf.end_angle) - first) % (2 * math.pi)
        angles = first + np.linspace(0, turn, max(2, math.ceil(turn / ARC_STEP) + 1))
        centre = entity.dxf.center
        points = np.column_stack([np.cos(angles), np.sin(angles)]) * entity.dxf.radius + (centre.x, centre.y)
        return _in_world(entity, points), kind == "CIRCLE", 1
    if kind == "ELLIPSE":
        first, last = entity.dxf.start_param, entity.dxf.end_param
        turn = (last - first) % (2 * math.pi) or 2 * math.pi
        steps = np.linspace(first, first + turn, max(2, math.ceil(turn / ARC_STEP) + 1))
        points = np.array([(vertex.x, vertex.y) for vertex in entity.vertices(steps)])
        return points, math.isclose(turn, 2 * math.pi), 1
    if kind == "SPLINE":
        points = np.array([(vertex.x, vertex.y) for vertex in entity.flattening(0.001, 16)])
        return points, _closes(points, bool(entity.closed)), 1
    return None


def _in_world(entity: Any, points: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Points of the entity's own plane in the drawing's: a mirrored block turns the plane over."""
    ocs = entity.ocs()
    if not ocs.transform:
        return points
    return np.array([(world.x, world.y) for world in ocs.points_to_wcs([(x, y, 0.0) for x, y in points])])


def _closes(points: np.ndarray[Any, Any], flag: bool) -> bool:
    return len(points) > 2 and (flag or bool((points[0] == points[-1]).all()))


def _bulged(vertices: list[tuple[float, float, float]], closed: bool) -> tuple[np.ndarray[Any, Any], int]:
    """The points of a polyline, its arcs (bulges) drawn out: bulge is the tangent of a quarter of the arc's angle.

    >>> from shapely import Polygon
    >>> points, arcs = _bulged([(0, 0, 1.0), (2, 0, 1.0)], closed=True)  # a circle of radius 1
    >>> round(float(abs(Polygon(points).area) / math.pi), 6), arcs
    (0.999999, 2)
    """
    points: list[tuple[float, float]] = []
    arcs = 0
    following = [*vertices[1:], vertices[0]] if closed and vertices else vertices[1:]
    for (x, y, bulge), (to_x, to_y, _next) in zip(vertices, following, strict=False):
        points.append((x, y))
        if not bulge or (x, y) == (to_x, to_y):
            continue
        arcs += 1
        angle = 4 * math.atan(bulge)
        # The centre lies on the perpendicular through the middle of the chord.
        reach = (1 - bulge**2) / (4 * bulge)
        centre = ((x + to_x) / 2 - (to_y - y) * reach, (y + to_y) / 2 + (to_x - x) * reach)
        radius = math.hypot(x - centre[0], y - centre[1])
        first = math.atan2(y - centre[1], x - centre[0])
        steps = max(2, math.ceil(abs(angle) / ARC_STEP))
        for step in range(1, steps):
            turned = first + angle * step / steps
            points.append((centre[0] + radius * math.cos(turned), centre[1] + radius * math.sin(turned)))
    if not closed and vertices:
        points.append(vertices[-1][:2])
    return np.array(points, dtype=float).reshape(-1, 2), arcs
