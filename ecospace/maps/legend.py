"""The legend (图例): every style drawn as on the map, in as many columns as the room asks for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely
from matplotlib.path import Path as Outline

from ecospace.errors import MapError
from ecospace.language import _
from ecospace.maps.drawing import Shown, mark, paint, stroke
from ecospace.maps.fonts import Font
from ecospace.maps.sheet import Box, Sheet
from ecospace.maps.style import Style

if TYPE_CHECKING:
    import geopandas as gpd


@dataclass(frozen=True)
class Entry:
    """One line of the legend.

    Parameters
    ----------
    title : str
        What it says.
    style : Style or None
        None: a heading over the classes of a layer.
    shape : str
        ``"polygon"``, ``"line"`` or ``"point"``.
    opacity : float
        Of the layer.
    """

    title: str
    style: Style | None
    shape: str = "polygon"
    opacity: float = 1.0


def entries_of(layers: Sequence[Shown], font: Font) -> list[Entry]:
    """The lines of a legend, upper layers first, as a reader meets them on the map."""
    entries: list[Entry] = []
    for shown in reversed(layers):
        layer, styles = shown.layer, [style for style, _geometries in shown.classes]
        shape = shape_of(shown.frame)
        alone = layer.by is None
        if len(styles) > 1 and layer.title:
            entries.append(Entry(readable(layer.title, "", font), None))
        for style in styles:
            title = layer.title if alone and layer.title else style.title
            entries.append(Entry(readable(title, style.title_en, font), style, shape, layer.opacity))
    return entries


def readable(title: str, instead: str, font: Font) -> str:
    """A title, or what stands for it where no font can write most of it."""
    missing = sum(sign in font.missing(title) for sign in title)
    return instead if missing > len(title) / 2 and not font.missing(instead) else title


def shape_of(frame: gpd.GeoDataFrame) -> str:
    """Whether a layer has polygons, lines or points; mixed layers count as what covers most."""
    kinds = set(shapely.get_dimensions(frame.geometry.to_numpy()).tolist())
    return "polygon" if 2 in kinds else "line" if 1 in kinds else "point"


@dataclass(frozen=True)
class Place:
    """Where an entry stands: column, rows above it, and its lines of text."""

    column: int
    above: float
    lines: tuple[str, ...]

    @property
    def rows(self) -> float:
        """Rows that it takes."""
        return max(1.0, 0.8 * len(self.lines))


@dataclass(frozen=True)
class LegendPlan:
    """How a legend fits a box: millimetres of a row, columns, and the place of every entry."""

    row: float
    columns: int
    places: tuple[Place, ...]

    @property
    def text_mm(self) -> float:
        """Body height of the letters."""
        return self.row * 0.6

    @property
    def height(self) -> float:
        """Millimetres from the first row to the last."""
        return max((place.above + place.rows for place in self.places), default=0.0) * self.row


def plan_legend(entries: Sequence[Entry], box: Box, font: Font, *, largest_row: float) -> LegendPlan:
    """The plan with the largest letters that fit a box; one column and unbroken titles are worth smaller ones.

    Raises
    ------
    MapError
        E-MAP-33 where it fits at no readable size: no class is left out in silence.
    """
    plans: list[tuple[float, LegendPlan]] = []
    row = largest_row
    while row >= 2.6:
        for columns in range(1, 5):
            width = box.width / columns
            room = width - row * (1.7 + 0.45 + 0.5)
            if room < row * 3:
                break
            lines = [tuple(wrap(entry.title, room if entry.style else width, row * 0.6, font)) for entry in entries]
            longest = max((len(text) for text in lines), default=1)
            places = _flow(entries, lines, columns, box.height / row)
            if longest <= 2 and places is not None:
                worth = row * 0.9 ** (columns - 1) * (0.75 if longest == 2 else 1.0)
                plans.append((worth, LegendPlan(row, columns, places)))
        row *= 0.95
    if plans:
        return max(plans, key=lambda plan: plan[0])[1]
    text = _("The legend of {count} classes does not fit the sheet in letters that can be read.").format(
        count=len(entries)
    )
    raise MapError("E-MAP-33", text, cure=_("Group classes (by=), take a larger sheet, or split the figure in two."))


def _flow(
    entries: Sequence[Entry], lines: Sequence[tuple[str, ...]], columns: int, height: float
) -> tuple[Place, ...] | None:
    """Fill columns of a height in rows, as evenly as they allow; None where the entries do not fit."""
    needed = sum(max(1.0, 0.8 * len(text)) for text in lines)
    # Even columns look better than one full and one short: try the lowest height first.
    for limit in np.arange(np.ceil(needed / columns), height + 1e-9, 0.5):
        places: list[Place] = []
        column, used = 0, 0.0
        for index, (entry, text) in enumerate(zip(entries, lines, strict=True)):
            place = Place(column, used, text)
            # A heading stays with its first class.
            follows = max(1.0, 0.8 * len(lines[index + 1])) if entry.style is None and index + 1 < len(lines) else 0.0
            if used + place.rows + follows > limit + 1e-9:
                column, used = column + 1, 0.0
                place = Place(column, used, text)
            places.append(place)
            used += place.rows
        if column < columns:
            return tuple(places)
    return None


def draw_legend(sheet: Sheet, entries: Sequence[Entry], box: Box, plan: LegendPlan) -> None:
    """Draw the legend from the upper left corner of a box."""
    width = box.width / plan.columns
    for entry, place in zip(entries, plan.places, strict=True):
        left = box.left + place.column * width
        middle = box.top - (place.above + place.rows / 2) * plan.row
        if entry.style is not None:
            swatch = Box(left, middle - plan.row * 0.34, plan.row * 1.7, plan.row * 0.68)
            draw_swatch(sheet, entry, swatch)
            left = swatch.right + plan.row * 0.45
        for number, text in enumerate(place.lines):
            rise = ((len(place.lines) - 1) / 2 - number) * plan.text_mm * 1.18
            sheet.text(left, middle + rise, text, plan.text_mm, bold=entry.style is None)


def draw_swatch(sheet: Sheet, entry: Entry, box: Box) -> None:
    """A piece of the map in the style of an entry."""
    style = entry.style
    assert style is not None
    middle = box.bottom + box.height / 2
    # A polygon that has only an outline is read as a line, the way it looks on the map.
    if entry.shape == "polygon" and (style.filled or style.hatch):
        shapes = np.array([shapely.box(*box.bounds)])
        paint(sheet.surface, shapes, style, opacity=entry.opacity, zorder=5, widest_mm=0.3)
        return
    if entry.shape == "point":
        point = np.array([[box.left + box.width / 2, middle]])
        mark(sheet.surface, point, style, opacity=entry.opacity, zorder=5)
        return
    stroke(sheet.surface, Outline([(box.left, middle), (box.right, middle)]), style, opacity=entry.opacity, zorder=5)


#: Signs that no line may begin with.
_NO_START = "，。、；：！？）》」』】,.;:!?)]}％%"


def wrap(text: str, width_mm: float, size_mm: float, font: Font) -> list[str]:
    """A text in lines of at most a width: Chinese between any two characters, Latin between words.

    Parameters
    ----------
    text : str
        May hold line breaks of its own.
    width_mm, size_mm : float
        Of a line, and of the letters.
    """
    lines: list[str] = []
    for paragraph in text.split("\n"):
        line = ""
        for piece in _pieces(paragraph):
            if line and font.size_mm((line + piece).rstrip(), size_mm)[0] > width_mm and piece[0] not in _NO_START:
                lines.append(line.rstrip())
                line = piece.lstrip()
            else:
                line += piece
        lines.append(line.rstrip())
    return lines


def _pieces(text: str) -> list[str]:
    pieces: list[str] = []
    for sign in text:
        latin = ord(sign) < 0x2E80
        if pieces and latin and ord(pieces[-1][-1]) < 0x2E80 and not pieces[-1].endswith(" "):
            pieces[-1] += sign
        else:
            pieces.append(sign)
    return pieces
