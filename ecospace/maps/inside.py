"""What stands inside the frame of a figure: layers, veil and border, arrow and stamp, names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from matplotlib import patheffects
from matplotlib.axes import Axes

from ecospace.findings import Finding
from ecospace.language import _
from ecospace.maps.drawing import Shown, draw_geometries, draw_layer, shown
from ecospace.maps.fonts import POINTS_PER_MM
from ecospace.maps.frame import MapFrame, draw_frame, draw_north
from ecospace.maps.labels import Name, Placed, place_names
from ecospace.maps.maplayer import MapLayer
from ecospace.maps.sheet import INK, Box, Sheet
from ecospace.maps.style import Style, Styles, style_of
from ecospace.maps.zone import drawn, within

if TYPE_CHECKING:
    pass

LAND = "#FFFFFF"
OUTSIDE = "#EFF1EE"
BAND = "#D8CBE0"
PALE = "#8A8F8A"

#: Share of a feature below which its part in the study area is taken for a sliver, when names are placed.
SLIVER = 0.02


def draw_inside(
    sheet: Sheet,
    frame: MapFrame,
    layers: Sequence[MapLayer],
    area: Any,
    *,
    demonstration: bool,
    styles: Styles | None,
    graticule: bool = True,
) -> tuple[list[Placed], list[Shown]]:
    """Everything inside the inner frame; returns the names and the layers that are seen."""
    axes = frame.axes(sheet, zorder=1)
    window = shapely.box(*frame.bounds)
    # Outlines run a little beyond the frame, so that cut edges stay out of sight.
    wider = window.buffer(3e-3 * frame.denominator, join_style="mitre")
    draw_geometries(axes, [wider], Style("outside", "", "", fill=OUTSIDE), zorder=0.5)
    draw_geometries(axes, [area], Style("land", "", "", fill=LAND), zorder=1.0)
    names: list[Name] = []
    taken: list[Any] = []
    seen: list[Shown] = []
    for layer in layers:
        _note_unclassed(sheet, layer)
        found = shown(layer, within(drawn(layer.frame, frame.zone, frame.denominator), wider.bounds), styles)
        if not found.classes:
            _note_absent(sheet, layer)
            continue
        draw_layer(axes, found, zorder=2 + len(seen) * 0.01)
        # No name may cover the mark of a point, its own or another's.
        marks = shapely.get_parts(found.frame.geometry.to_numpy())
        taken += list(shapely.buffer(frame.on_paper(marks[shapely.get_type_id(marks) == 0]), 0.9))
        if layer.label is not None:
            names += _names_of(sheet, frame, found, area)
        seen.append(found)
    _veil(axes, area, wider, frame.denominator, styles)
    draw_frame(sheet, frame, graticule=graticule)
    taken += [shapely.box(*box.bounds) for box in _corner_pieces(sheet, frame, area, demonstration)]
    placed, left_out = place_names(names, sheet.font, shapely.box(*frame.box.shrunk(1.2).bounds), taken=taken)
    for one in placed:
        text = sheet.text(
            one.x,
            one.y,
            one.name.text,
            one.name.size_mm,
            bold=one.name.bold,
            ha="center",
            va="center_baseline",
            colour=one.name.colour,
            rotation=one.rotation,
            zorder=15,
        )
        text.set_path_effects(
            [patheffects.withStroke(linewidth=0.75 * sheet.unit * POINTS_PER_MM, foreground=one.name.halo)]
        )
    if left_out:
        sheet.findings.append(
            Finding(
                "F-MAP-02",
                "note",
                _("{count} names found no room on the map and are left out.").format(count=len(left_out)),
                cure=_("Take a larger sheet or a larger scale, or draw one figure per township."),
                features=tuple(name.text for name in left_out[:100]),
                count=len(left_out),
            )
        )
    return placed, seen


def _note_absent(sheet: Sheet, layer: MapLayer) -> None:
    """Say that a layer has nothing to show, and leave it out of the legend."""
    sheet.findings.append(
        Finding(
            "F-MAP-04",
            "note",
            _("'{layer}' has nothing in the window of the map and is left out of the legend.").format(layer=layer.name),
            cure=_("Check the layer and its coordinate system, or draw a larger area."),
            layer=layer.name,
        )
    )


def _note_unclassed(sheet: Sheet, layer: MapLayer) -> None:
    """Say how many features have no class: they are not drawn, and that must not pass unseen."""
    if layer.by is None:
        return
    missing = layer.frame[layer.by].isna()
    if missing.any():
        sheet.findings.append(
            Finding(
                "F-MAP-03",
                "warning",
                _("{count} features of '{layer}' have no class in '{column}' and are not drawn.").format(
                    count=int(missing.sum()), layer=layer.name, column=layer.by
                ),
                cure=_("Fill the column, or draw the layer without by=."),
                features=tuple(str(key) for key in layer.frame.index[missing][:100]),
                count=int(missing.sum()),
            )
        )


def _veil(axes: Axes, area: Any, window: Any, denominator: int, styles: Styles | None) -> None:
    """Ground outside the study area goes pale, and a soft band follows its border from without."""
    outside = shapely.difference(window, area)
    veil = Style("veil", "", "", fill=OUTSIDE, fill_opacity=0.62, line="")
    draw_geometries(axes, [outside], veil, zorder=5.0)
    band = shapely.difference(shapely.buffer(area, 1.5e-3 * denominator, quad_segs=4), area)
    draw_geometries(axes, [band], Style("band", "", "", fill=BAND, fill_opacity=0.8, line=""), zorder=5.1)
    draw_geometries(axes, [shapely.boundary(area)], style_of("boundary", styles=styles), zorder=5.2)


def _corner_pieces(sheet: Sheet, frame: MapFrame, area: Any, demonstration: bool) -> list[Box]:
    """North arrow and stamp in the corners of the map where the study area leaves most room."""
    unit, box, ground = sheet.unit, frame.box, frame.on_paper(area)
    width, height, gap = 11 * unit, 21 * unit, 3 * unit
    arrow = _free_corner(box.shrunk(gap), width, height, ground, [], first="right")
    pieces = [draw_north(sheet, arrow.left + width / 2, arrow.bottom + unit, height - 2 * unit)]
    if demonstration:
        text = _("Demonstration data, no legal force")
        size = 4.2 * unit
        wide = sheet.font.size_mm(text, size, bold=True)[0] + 5 * unit
        stamp = _free_corner(box.shrunk(gap), wide, 8.5 * unit, ground, pieces, first="left")
        sheet.rectangle(stamp, line_mm=0.4, fill="#FFFFFF", colour="#C00000", zorder=19)
        sheet.text(
            stamp.left + wide / 2,
            stamp.bottom + stamp.height / 2,
            text,
            size,
            bold=True,
            ha="center",
            va="center_baseline",
            colour="#C00000",
            zorder=20,
        )
        pieces.append(stamp)
    return pieces


def _free_corner(box: Box, width: float, height: float, ground: Any, taken: Sequence[Box], *, first: str) -> Box:
    right, left, top, bottom = box.right - width, box.left, box.top - height, box.bottom
    near, far = (right, left) if first == "right" else (left, right)
    corners = [Box(x, y, width, height) for x, y in ((near, top), (far, top), (near, bottom), (far, bottom))]
    free = [c for c in corners if not any(shapely.box(*c.bounds).intersects(shapely.box(*t.bounds)) for t in taken)]
    return min(free, key=lambda corner: round(shapely.box(*corner.bounds).intersection(ground).area, 3))


def _names_of(sheet: Sheet, frame: MapFrame, shown: Shown, area: Any) -> list[Name]:
    """The names of one layer: parts of one name are named once, points each.

    Outside the study area only neighbouring townships are named, in grey.
    """
    layer = shown.layer
    assert layer.label is not None
    towns = layer.style == "townships"
    ground, window = frame.on_paper(area), shapely.box(*frame.box.bounds)
    texts = shown.frame[layer.label]
    colour = shown.classes[0][0].line or INK
    geometry = frame.on_paper(shown.frame.geometry.to_numpy())
    names: list[Name] = []
    for text in sorted({str(t) for t in texts.dropna()}):
        written = " ".join(text.split())
        if not written or (sheet.font.missing(written) and not sheet.font.chinese):
            continue
        own = geometry[(texts.astype("object") == text).to_numpy()]
        dimensions = shapely.get_dimensions(own)
        places = [own[i] for i in np.flatnonzero(dimensions == 0)]
        places += [shapely.union_all(own[dimensions == d]) for d in (1, 2) if (dimensions == d).any()]
        for whole in places:
            place = shapely.intersection(whole, ground)
            # Two townships drawn from different files share a sliver along their border: that names nothing.
            neighbour = shapely.get_dimensions(whole) == 2 and place.area < SLIVER * whole.area
            if neighbour and towns:
                place = shapely.difference(whole, ground)
            elif neighbour:
                continue
            place = shapely.intersection(place, window)
            if not place.is_empty:
                size = (3.5 if towns and not neighbour else 2.9) * sheet.unit
                line = shapely.get_dimensions(place) == 1
                rank = 0 if towns and not neighbour else 2 if neighbour else 1
                ink = PALE if neighbour else colour if line else INK
                names.append(Name(written, place, size, bold=towns and not neighbour, rank=rank, colour=ink))
    return names
