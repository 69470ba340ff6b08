"""The panel beside or under the map: legend, table, location, scale bar and notes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import shapely

from ecospace.language import _
from ecospace.maps.drawing import Shown, draw_geometries
from ecospace.maps.frame import MapFrame, draw_scale_bar
from ecospace.maps.layout import Layout
from ecospace.maps.legend import Entry, draw_legend, entries_of, plan_legend, readable, wrap
from ecospace.maps.scale import scale_text
from ecospace.maps.sheet import INK, Box, Sheet
from ecospace.maps.style import Style, Styles, style_of
from ecospace.maps.zone import drawn

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd


@dataclass(frozen=True)
class PanelContent:
    """What the panel tells; see `plan_figure`."""

    layers: tuple[Shown, ...]
    frame: MapFrame
    area: Any
    source: str = ""
    note: str = ""
    maker: str = ""
    date: str = ""
    inset: gpd.GeoDataFrame | None = None
    table: pd.DataFrame | None = None
    styles: Styles | None = None
    demonstration: bool = False
    in_text: bool = False


def draw_panel(sheet: Sheet, layout: Layout, content: PanelContent) -> None:
    """Fill the panel: downwards beside the map, from left to right under it."""
    unit, panel = layout.unit, layout.panel
    sheet.rectangle(panel, line_mm=0.35)
    size = 2.75 * unit
    if layout.beside:
        inner = panel.inside(3 * unit, 0, 2.5 * unit, 0) if layout.in_text else panel.inside(5 * unit, 0, 4 * unit, 0)
        notes = _note_lines(sheet, content, inner.width, size)
        notes_height = _notes_height(notes, unit)
        below = Box(inner.left, inner.bottom, inner.width, notes_height)
        _draw_notes(sheet, below, content, notes, size)
        sheet.line([(panel.left, below.top), (panel.right, below.top)])
        bottom = below.top
        if content.inset is not None:
            height = 58 * unit
            _draw_inset(sheet, Box(inner.left, bottom + 3 * unit, inner.width, height - 3 * unit), content)
            bottom += height
            sheet.line([(panel.left, bottom), (panel.right, bottom)])
        legend = Box(inner.left, bottom, inner.width, panel.top - bottom)
        if content.table is not None:
            height = table_height(content.table, unit) + 4 * unit
            bottom = _draw_legend(sheet, legend.inside(0, height + 3 * unit, 0, 0), content) - 3 * unit
            _draw_table(sheet, Box(inner.left, bottom - height + 4 * unit, inner.width, height - 4 * unit), content)
            return
        _draw_legend(sheet, legend, content)
        return
    notes_width = 96 * unit
    middle_width = 62 * unit if content.inset is not None or content.table is not None else 0.0
    right = Box(panel.right - notes_width, panel.bottom, notes_width, panel.height)
    inner = right.inside(4 * unit, 0, 4 * unit, 0)
    notes = _note_lines(sheet, content, inner.width, size)
    _draw_notes(sheet, inner, content, notes, size)
    sheet.line([(right.left, panel.bottom), (right.left, panel.top)])
    middle = Box(right.left - middle_width, panel.bottom, middle_width, panel.height)
    if middle_width:
        sheet.line([(middle.left, panel.bottom), (middle.left, panel.top)])
        inside = middle.shrunk(3 * unit)
        if content.table is not None:
            height = table_height(content.table, unit)
            _draw_table(sheet, Box(inside.left, inside.top - height, inside.width, height), content)
            inside = inside.inside(0, 0, 0, height + 2 * unit)
        if content.inset is not None and inside.height > 20 * unit:
            _draw_inset(sheet, inside, content)
    left = Box(panel.left, panel.bottom, middle.left - panel.left, panel.height).inside(5 * unit, 0, 4 * unit, 0)
    _draw_legend(sheet, left, content)


def _draw_legend(sheet: Sheet, box: Box, content: PanelContent) -> float:
    """Heading and legend from the top of a box; returns where it ends."""
    unit = sheet.unit
    heading = 11 * unit
    sheet.text(box.left + box.width / 2, box.top - heading * 0.58, _("L e g e n d"), 5 * unit, bold=True, ha="center")
    entries = [*_boundary_entry(content), *entries_of(content.layers, sheet.font)]
    room = Box(box.left, box.bottom + 2 * unit, box.width, box.height - heading - 2 * unit)
    plan = plan_legend(entries, room, sheet.font, largest_row=7.2 * unit)
    draw_legend(sheet, entries, room, plan)
    return room.top - plan.height


def _boundary_entry(content: PanelContent) -> list[Entry]:
    if any(shown.layer.style == "boundary" for shown in content.layers):
        return []
    style = style_of("boundary", styles=content.styles)
    return [Entry(style.title, style, "line")]


def _note_lines(sheet: Sheet, content: PanelContent, width: float, size: float) -> list[str]:
    """The notes, wrapped."""
    zone, frame = content.frame.zone, content.frame
    convergence = zone.convergence_deg(*frame.centre)
    sign = "−" if convergence < 0 else "+"
    minutes = round(abs(convergence) * 60)
    texts = [_("Coordinates: {plane}").format(plane=zone.describe())]
    if not content.in_text:
        texts.append(
            _("Grid: kilometres; up is grid north, convergence at the centre {angle}").format(
                angle=f"{sign}{minutes // 60}°{minutes % 60:02d}′"
            )
        )
    if content.source:
        texts.append(_("Source: {source}").format(source=content.source))
    if content.maker:
        texts.append(_("Made by: {maker}").format(maker=content.maker))
    if content.date:
        texts.append(_("Date: {date}").format(date=content.date))
    used = [style for shown in content.layers for style, _geometries in shown.classes]
    if any(not style.verified for style in used) and not content.in_text:
        texts.append(_("Colours follow common practice; not checked against the official annex."))
    if content.note:
        texts.append(content.note)
    # What was left off the sheet stands on the sheet.
    texts += [finding.text for finding in sheet.findings if finding.level == "warning"]
    readables = [readable(text, "", sheet.font) for text in texts]
    return [line for text in readables if text for line in wrap(text, width, size, sheet.font)]


def _notes_height(lines: Sequence[str], unit: float) -> float:
    return 21 * unit + len(lines) * 4.3 * unit + 2 * unit


def _draw_notes(sheet: Sheet, box: Box, content: PanelContent, lines: Sequence[str], size: float) -> None:
    """Scale, bar, then the notes."""
    unit, denominator = sheet.unit, content.frame.denominator
    text = _("Scale {scale}").format(scale=scale_text(denominator))
    sheet.text(box.left, box.top - 5 * unit, text, 3.8 * unit, bold=True)
    draw_scale_bar(
        sheet, box.left + 1.5 * unit, box.top - 15 * unit, min(box.width - 14 * unit, 70 * unit), denominator
    )
    y = box.top - 21 * unit
    for line in lines:
        sheet.text(box.left, y, line, size)
        y -= 4.3 * unit


def _draw_inset(sheet: Sheet, box: Box, content: PanelContent) -> None:
    """The surroundings with the study area in them (区位图)."""
    assert content.inset is not None
    unit, zone = sheet.unit, content.frame.zone
    title = 5.5 * unit
    sheet.text(box.left + box.width / 2, box.top - title * 0.45, _("Location"), 3.4 * unit, bold=True, ha="center")
    room = box.inside(0, 0, 0, title)
    surroundings = drawn(content.inset, zone, content.frame.denominator)
    ground = shapely.union_all([*surroundings.geometry.to_numpy(), content.area])
    west, south, east, north = ground.bounds
    metres = max((east - west) / (room.width - 4 * unit), (north - south) / (room.height - 4 * unit))
    axes = sheet.axes(room, zorder=11)
    middle = ((west + east) / 2, (south + north) / 2)
    axes.set_xlim(middle[0] - metres * room.width / 2, middle[0] + metres * room.width / 2)
    axes.set_ylim(middle[1] - metres * room.height / 2, middle[1] + metres * room.height / 2)
    sheet.rectangle(room, line_mm=0.15, zorder=5)
    tolerance = metres * 0.05
    land = Style("surroundings", "", "", fill="#F1EFE8", line="#9A968A", line_width_mm=0.12)
    here = Style("here", "", "", fill="#D55E00", fill_opacity=0.85, line="#7A2C00", line_width_mm=0.25)
    draw_geometries(axes, shapely.simplify(surroundings.geometry.to_numpy(), tolerance), land, zorder=1)
    draw_geometries(axes, [shapely.simplify(content.area, tolerance)], here, zorder=2)


def table_height(table: pd.DataFrame, unit: float) -> float:
    """Millimetres of a table with its head."""
    return (len(table) + 1) * 5.6 * unit


def _draw_table(sheet: Sheet, box: Box, content: PanelContent) -> None:
    """A small table as it is: the first column to the left, numbers to the right, three rules."""
    assert content.table is not None
    table, unit = content.table, sheet.unit
    texts = [
        [str(column) for column in table.columns],
        *[[str(v) for v in row] for row in table.itertuples(index=False)],
    ]
    size = 2.9 * unit
    widths = [
        max(sheet.font.size_mm(row[i], size, bold=not n)[0] for n, row in enumerate(texts))
        for i in range(len(texts[0]))
    ]
    while sum(widths) + 3 * unit * len(widths) > box.width and size > 1.6 * unit:
        size *= 0.95
        widths = [width * 0.95 for width in widths]
    spare = (box.width - sum(widths)) / len(widths)
    row_height = box.height / len(texts)
    for number, row in enumerate(texts):
        y = box.top - (number + 0.5) * row_height
        left = box.left
        for column, text in enumerate(row):
            right = left + widths[column] + spare
            first = column == 0
            sheet.text(
                left + unit if first else right - unit, y, text, size, bold=number == 0, ha="left" if first else "right"
            )
            left = right
    for y, width in ((box.top, 0.35), (box.top - row_height, 0.15), (box.bottom, 0.35)):
        sheet.line([(box.left, y), (box.right, y)], width, colour=INK)
