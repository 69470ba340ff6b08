"""What surrounds a map on its sheet (图廓整饰): frame, kilometre grid, graticule, north arrow, scale bar."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import shapely
from matplotlib.axes import Axes

from ecospace.language import _
from ecospace.maps.fonts import POINTS_PER_MM
from ecospace.maps.scale import round_step
from ecospace.maps.sheet import INK, Box, Sheet
from ecospace.maps.zone import DrawingZone

GRID_COLOUR = "#4A6A82"

#: Steps of the graticule in minutes.
GRATICULE_MINUTES = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 20, 30, 60, 120, 300)


@dataclass(frozen=True)
class MapFrame:
    """The inner frame (内图廓): the window of paper on the plane.

    Parameters
    ----------
    box : Box
        On paper, millimetres.
    zone : DrawingZone
        The plane.
    denominator : int
        Of the scale.
    centre : (float, float)
        Easting and northing of the middle of the box, metres.
    """

    box: Box
    zone: DrawingZone
    denominator: int
    centre: tuple[float, float]

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east, north of the window, metres: millimetres of the box times the scale, exactly."""
        half_width = self.box.width * self.denominator / 2000
        half_height = self.box.height * self.denominator / 2000
        east, north = self.centre
        return east - half_width, north - half_height, east + half_width, north + half_height

    def axes(self, sheet: Sheet, *, zorder: float) -> Axes:
        """Axes over the box, in metres of the plane."""
        west, south, east, north = self.bounds
        axes = sheet.axes(self.box, zorder=zorder)
        axes.set_xlim(west, east)
        axes.set_ylim(south, north)
        return axes

    def on_paper(self, geometry: Any) -> Any:
        """A geometry of the plane, or an array of them, in millimetres of the sheet."""
        west, south, _east, _north = self.bounds
        millimetres = 1000 / self.denominator
        shift = np.array([west, south])
        corner = np.array([self.box.left, self.box.bottom])
        return shapely.transform(geometry, lambda xy: (xy - shift) * millimetres + corner)


def draw_frame(sheet: Sheet, frame: MapFrame, *, graticule: bool = True) -> None:
    """Inner frame, grid of kilometres with its numbers, and the band of minutes round it."""
    box, unit = frame.box, sheet.unit
    sheet.rectangle(box, line_mm=0.2 if graticule else 0.35, zorder=12.0)
    _grid(sheet, frame)
    if not graticule:
        return
    _graticule(sheet, frame, inner=box.shrunk(-4.6 * unit), outer=box.shrunk(-5.8 * unit))


def frame_margin(sheet: Sheet) -> float:
    """Millimetres that grid numbers, band and degrees need round the inner frame."""
    return 9.4 * sheet.unit


def _grid(sheet: Sheet, frame: MapFrame) -> None:
    """Lines of whole kilometres; eastings carry the number of the zone."""
    west, south, east, north = frame.bounds
    step = max(round_step(70e-3 * frame.denominator * sheet.unit), 100.0)
    axes = frame.axes(sheet, zorder=2)
    box, size, prefix = frame.box, 2.5 * sheet.unit, str(frame.zone.number or "")
    for easting in np.arange(math.ceil(west / step), math.floor(east / step) + 1) * step:
        axes.plot([easting, easting], [south, north], color=GRID_COLOUR, linewidth=0.09 * POINTS_PER_MM, alpha=0.4)
        x = box.left + (easting - west) * 1000 / frame.denominator
        for y, end in ((box.bottom, -1), (box.top, 1)):
            sheet.line([(x, y), (x, y + end * 1.2 * sheet.unit)], 0.15)
            sheet.text(x, y + end * 2.9 * sheet.unit, _kilometres(easting, step, prefix), size, ha="center")
    for northing in np.arange(math.ceil(south / step), math.floor(north / step) + 1) * step:
        axes.plot([west, east], [northing, northing], color=GRID_COLOUR, linewidth=0.09 * POINTS_PER_MM, alpha=0.4)
        y = box.bottom + (northing - south) * 1000 / frame.denominator
        for x, end in ((box.left, -1), (box.right, 1)):
            sheet.line([(x, y), (x + end * 1.2 * sheet.unit, y)], 0.15)
            sheet.text(x + end * 2.9 * sheet.unit, y, _kilometres(northing, step), size, ha="center", rotation=90)


def _kilometres(metres: float, step: float, zone: str = "") -> str:
    """A grid number, with decimals where the step is below a kilometre: 38410, 38410.5."""
    return f"{zone}{metres / 1000:03.0f}" if step >= 1000 else f"{zone}{metres / 1000:05.1f}"


def _graticule(sheet: Sheet, frame: MapFrame, inner: Box, outer: Box) -> None:
    """A band of black and white in minutes, degrees outside: where meridians and parallels leave the frame."""
    unit = sheet.unit
    sheet.rectangle(inner, line_mm=0.12)
    sheet.rectangle(outer, line_mm=0.35)
    ground_per_minute = 1852 * math.cos(math.radians(_latitude(frame)))
    minutes = next(
        m for m in GRATICULE_MINUTES if m * ground_per_minute / frame.denominator * 1000 >= 45 * unit or m == 300
    )
    fine = minutes / (3 if minutes in (15, 30, 300) else 4 if minutes in (20, 60, 120) else 5)
    for side in ("bottom", "top", "left", "right"):
        upright = side in ("left", "right")
        start, end = (frame.box.bottom, frame.box.top) if upright else (frame.box.left, frame.box.right)
        near, far = _edges(side, inner, outer)
        # The band runs on round the corners, beyond the inner frame.
        first, last = (inner.bottom, inner.top) if upright else (inner.left, inner.right)
        crossings = list(_crossings(frame, side, fine, first, last))
        ends = [first, *[position for position, _value in crossings], last]
        for index, (one, other) in enumerate(pairwise(ends)):
            value = crossings[index - 1][1] if index else crossings[0][1] - fine if crossings else 0.0
            if round(value / fine) % 2 == 0:
                low, high = min(near, far), max(near, far)
                band = Box(low, one, high - low, other - one) if upright else Box(one, low, other - one, high - low)
                sheet.rectangle(band, line_mm=0, fill=INK)
        for position, value in crossings:
            if abs(value / minutes - round(value / minutes)) > 1e-6 or not start < position < end:
                continue
            outward = -1 if side in ("bottom", "left") else 1
            at = far + outward * 2.0 * unit
            text = degrees_text(value, "NS" if upright else "EW")
            if upright:
                sheet.text(at, position, text, 2.3 * unit, ha="center", rotation=90)
            else:
                sheet.text(position, at, text, 2.3 * unit, ha="center")


def _edges(side: str, inner: Box, outer: Box) -> tuple[float, float]:
    return {
        "bottom": (inner.bottom, outer.bottom),
        "top": (inner.top, outer.top),
        "left": (inner.left, outer.left),
        "right": (inner.right, outer.right),
    }[side]


def _latitude(frame: MapFrame) -> float:
    return float(frame.zone.to_degrees.transform(*frame.centre)[1])


def _crossings(frame: MapFrame, side: str, minutes: float, first: float, last: float) -> Iterator[tuple[float, float]]:
    """Where round minutes cross one side: millimetres of the sheet along it, and the minutes."""
    west, south, east, north = frame.bounds
    along = np.linspace(first, last, 400)
    metres = frame.denominator / 1000
    if side in ("bottom", "top"):
        eastings = west + (along - frame.box.left) * metres
        values = frame.zone.to_degrees.transform(
            eastings, np.full_like(eastings, south if side == "bottom" else north)
        )[0]
    else:
        northings = south + (along - frame.box.bottom) * metres
        values = frame.zone.to_degrees.transform(np.full_like(northings, west if side == "left" else east), northings)[
            1
        ]
    values = np.asarray(values) * 60
    for count in range(math.ceil(values.min() / minutes), math.floor(values.max() / minutes) + 1):
        yield float(np.interp(count * minutes, values, along)), count * minutes


def degrees_text(minutes: float, letters: str) -> str:
    """Degrees and minutes as on a sheet.

    >>> degrees_text(6750, "EW"), degrees_text(1334.5, "NS")
    ('112°30′E', '22°14′30″N')
    """
    seconds = round(abs(minutes) * 60)
    letter = letters[0] if minutes >= 0 else letters[1]
    text = f"{seconds // 3600}°{seconds % 3600 // 60:02d}′"
    return text + (f"{seconds % 60:02d}″" if seconds % 60 else "") + letter


def draw_north(sheet: Sheet, x: float, y: float, height: float) -> Box:
    """The arrow of grid north (坐标北), its foot centred on a point; returns the ground it takes."""
    half, base = height * 0.2, y + height * 0.17
    tip, notch = base + height * 0.62, base + height * 0.14
    sheet.polygon([(x, tip), (x - half, base), (x, notch)], fill=INK, line_mm=0.15, zorder=20)
    sheet.polygon([(x, tip), (x + half, base), (x, notch)], fill="#FFFFFF", line_mm=0.15, zorder=20)
    sheet.text(x, tip + height * 0.11, _("N"), height * 0.2, bold=True, ha="center", zorder=20)
    sheet.text(x, y + height * 0.05, _("grid north"), height * 0.125, ha="center", zorder=20)
    return Box(x - half * 1.6, y - height * 0.04, half * 3.2, height * 1.06)


def scale_bar_step(denominator: int, width_mm: float) -> float:
    """Metres of one of the four parts of a scale bar that fits a width."""
    return round_step(width_mm / 4 * denominator / 1000, factors=(1, 2, 2.5, 4, 5))


def draw_scale_bar(sheet: Sheet, x: float, y: float, width_mm: float, denominator: int) -> Box:
    """A bar of four parts and its numbers; lengths on paper are ground lengths divided by the scale, exactly.

    Parameters
    ----------
    x, y : float
        Lower left corner, millimetres.
    width_mm : float
        Room for it; the bar takes the longest round length that fits.

    Returns
    -------
    Box
        The bar alone, without its numbers.
    """
    step_m = scale_bar_step(denominator, width_mm)
    part = step_m / denominator * 1000
    height = 1.5 * sheet.unit
    for index in range(4):
        box = Box(x + index * part, y, part, height)
        sheet.rectangle(box, line_mm=0.15, fill=INK if index % 2 == 0 else "#FFFFFF", zorder=6)
    kilometres = step_m >= 1000
    unit_m = 1000 if kilometres else 1
    # On a short bar the number of the first part would run into that of the second; a digit is half as wide as high.
    widest = len(f"{2 * step_m / unit_m:g}") * 0.55 * 2.6 * sheet.unit
    for index in (0, 1, 2, 4) if part > 1.3 * widest else (0, 2, 4):
        length = index * step_m / unit_m
        sheet.text(x + index * part, y + height + 2.0 * sheet.unit, f"{length:g}", 2.6 * sheet.unit, ha="center")
    sheet.text(
        x + 4 * part + 4.5 * sheet.unit,
        y + height + 2.0 * sheet.unit,
        _("km") if kilometres else _("m"),
        2.6 * sheet.unit,
    )
    return Box(x, y, 4 * part, height)
