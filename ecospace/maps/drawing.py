"""Features as outlines: polygons, lines and points of a layer drawn in their styles, in the plane of the figure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from matplotlib.axes import Axes
from matplotlib.patches import PathPatch
from matplotlib.path import Path as Outline

from ecospace.maps.fonts import POINTS_PER_MM
from ecospace.maps.hatching import hatch, millimetre
from ecospace.maps.maplayer import MapLayer
from ecospace.maps.style import Style, Styles, read_styles

if TYPE_CHECKING:
    import geopandas as gpd

MARKER_SIGNS = {"circle": "o", "square": "s", "triangle": "^", "diamond": "D", "cross": "X"}


def outline_of(geometries: Any) -> Outline:
    """One compound outline of many polygons.

    Parameters
    ----------
    geometries : array of shapely polygons or multipolygons

    Returns
    -------
    matplotlib.path.Path
        Shells anticlockwise and holes clockwise: a hole stays open under both fill rules, and ground that two
        polygons share is painted once.
    """
    parts = shapely.get_parts(np.asarray(geometries, dtype=object))
    parts = parts[(shapely.get_type_id(parts) == 3) & ~shapely.is_empty(parts)]
    rings = shapely.get_rings(shapely.orient_polygons(parts))
    return _path(rings, closed=True)


def line_of(geometries: Any) -> Outline:
    """One compound outline of many lines."""
    parts = shapely.get_parts(np.asarray(geometries, dtype=object))
    return _path(parts[np.isin(shapely.get_type_id(parts), (1, 2)) & ~shapely.is_empty(parts)], closed=False)


def _path(lines: Any, *, closed: bool) -> Outline:
    vertices = shapely.get_coordinates(lines)
    codes = np.full(len(vertices), Outline.LINETO, dtype=Outline.code_type)
    counts = shapely.get_num_coordinates(lines)
    starts = np.concatenate(([0], np.cumsum(counts)[:-1])) if len(counts) else np.zeros(0, dtype=int)
    codes[starts] = Outline.MOVETO
    if closed and len(counts):
        codes[starts + counts - 1] = Outline.CLOSEPOLY
    return Outline(vertices, codes)


@dataclass(frozen=True)
class Shown:
    """A layer as it stands on the sheet.

    Parameters
    ----------
    layer : MapLayer
        As it was given.
    frame : GeoDataFrame
        Its features in the plane of the figure, cut to the window.
    classes : tuple of (Style, array of geometries)
        Each style that is seen, in the order of the legend; features without a class are in none.
    """

    layer: MapLayer
    frame: gpd.GeoDataFrame
    classes: tuple[tuple[Style, Any], ...]


def shown(layer: MapLayer, frame: gpd.GeoDataFrame, styles: Styles | None = None) -> Shown:
    """A layer with the classes that its part inside the window has; colours are those of the whole layer."""
    drawn = layer.styles(styles)
    geometry = frame.geometry.to_numpy()
    if layer.by is None:
        classes = [(style, geometry) for style in drawn.values()]
    else:
        codes = frame[layer.by].map(str).to_numpy(dtype=object)
        codes[frame[layer.by].isna().to_numpy()] = None
        classes = [(style, geometry[codes == code]) for code, style in drawn.items()]
        if layer.system in (styles or read_styles()).nested:
            classes = _unnested(classes)
    return Shown(layer, frame, tuple((style, found) for style, found in classes if len(found)))


def _unnested(classes: list[tuple[Style, Any]]) -> list[tuple[Style, Any]]:
    """Milder levels without the ground of stricter ones, so that each keeps the colour that the legend shows."""
    alone: list[tuple[Style, Any]] = []
    stricter = shapely.Polygon()
    for style, geometries in classes:
        rest = shapely.difference(geometries, stricter)
        alone.append((style, rest[~shapely.is_empty(rest)]))
        stricter = shapely.union_all([stricter, *geometries])
    return alone


def draw_layer(axes: Axes, layer: Shown, *, zorder: float) -> None:
    """Draw a layer on axes in metres of the plane."""
    # The strictest level stands first in the legend and topmost on the map.
    for style, geometries in reversed(layer.classes):
        draw_geometries(axes, geometries, style, opacity=layer.layer.opacity, zorder=zorder)


def draw_geometries(axes: Axes, geometries: Any, style: Style, *, opacity: float = 1.0, zorder: float) -> None:
    """Draw geometries of any type in one style."""
    parts = shapely.get_parts(np.asarray(geometries, dtype=object))
    parts = shapely.get_parts(parts)  # parts of a collection may be multi-part themselves
    kinds = shapely.get_type_id(parts)
    if np.isin(kinds, 3).any() and not (style.filled or style.hatch):
        borders = single_borders(parts[kinds == 3], 0.3 * millimetre(axes) if style.line_dash else 0.0)
        stroke(axes, line_of([borders]), style, opacity=opacity, zorder=zorder)
    elif np.isin(kinds, 3).any():
        paint(axes, parts[kinds == 3], style, opacity=opacity, zorder=zorder)
    if np.isin(kinds, (1, 2)).any():
        lines = parts[np.isin(kinds, (1, 2))]
        stroke(axes, line_of(lines), style, opacity=opacity, zorder=zorder, weight=_weight(axes, lines))
    if (kinds == 0).any():
        mark(axes, shapely.get_coordinates(parts[kinds == 0]), style, opacity=opacity, zorder=zorder + 0.2)


def paint(
    axes: Axes, shapes: Any, style: Style, *, opacity: float = 1.0, zorder: float, widest_mm: float = np.inf
) -> None:
    """Fill, hatch and outline polygons in one style.

    Parameters
    ----------
    axes : Axes
        With its limits set.
    shapes : array of polygons
        Painted as one: ground that two of them share is painted once.
    opacity : float
        Multiplies that of the style.
    widest_mm : float
        Outlines are no wider than this (in a legend).
    """
    outline = outline_of(shapes)
    if style.filled:
        fill = (style.fill, style.fill_opacity * opacity)
        axes.add_artist(PathPatch(outline, facecolor=fill, edgecolor="none", linewidth=0.0, zorder=zorder))
    if style.hatch:
        hatch(axes, shapes, outline, style.hatch, (style.line or style.fill, opacity), zorder=zorder)
    if style.line and style.line_width_mm:
        width = min(style.line_width_mm, widest_mm) * POINTS_PER_MM
        axes.add_artist(
            PathPatch(
                outline,
                fill=False,
                edgecolor=(style.line, opacity),
                linewidth=width,
                zorder=zorder,
                linestyle=dashes(style, width),
                joinstyle="round",
                capstyle="butt",
            )
        )


#: More polygons than this share their borders exactly, or nobody sees that they do not.
MOST_BORDERS = 400


def single_borders(shapes: Any, tolerance: float) -> Any:
    """Borders of polygons, each once: dashes drawn twice would close each other's gaps.

    Parameters
    ----------
    shapes : array of polygons
    tolerance : float
        Borders nearer to each other than this are one, as where townships were drawn apart; units of the shapes.
    """
    borders = shapely.boundary(shapes)
    if tolerance and len(borders) <= MOST_BORDERS:
        drawn = borders[:1]
        for border in borders[1:]:
            near = drawn[shapely.dwithin(drawn, border, tolerance)]
            rest = shapely.difference(border, shapely.buffer(shapely.union_all(near), tolerance, quad_segs=2))
            drawn = np.append(drawn, rest)
        borders = drawn
    return shapely.line_merge(shapely.union_all(borders))


#: Millimetres of line on a square millimetre of paper from which lines are drawn thinner: a town's streets are no blot.
DENSE = 0.1


def _weight(axes: Axes, lines: Any) -> float:
    unit = millimetre(axes)
    (west, east), (south, north) = axes.get_xlim(), axes.get_ylim()
    density = shapely.length(lines).sum() * unit / abs((east - west) * (north - south))
    return float(np.clip(DENSE / max(density, 1e-9), 0.35, 1.0))


#: Thickness of the edges of a band.
EDGE_MM = 0.12


def band_mm(style: Style) -> float:
    """Width of a band over all, millimetres."""
    return 3.2 * style.line_width_mm


def stroke(
    axes: Axes, outline: Outline, style: Style, *, opacity: float = 1.0, zorder: float, weight: float = 1.0
) -> None:
    """Draw lines; a style with a fill (a road, a corridor given by its axis) becomes a band with two edges."""
    band = style.filled and bool(style.line)
    colours = [style.line, style.fill] if band else [style.line or style.fill]
    whole = band_mm(style)
    widths = [whole, whole - 2 * EDGE_MM] if band else [max(style.line_width_mm, 0.15)]
    for colour, width_mm in zip(colours, widths, strict=True):
        width = width_mm * POINTS_PER_MM * weight
        axes.add_artist(
            PathPatch(
                outline,
                fill=False,
                edgecolor=(colour, opacity),
                linewidth=width,
                zorder=zorder,
                linestyle="-" if band else dashes(style, width),
                joinstyle="round",
                capstyle="butt" if style.line_dash else "round",
            )
        )


def mark(axes: Axes, points: Any, style: Style, *, opacity: float = 1.0, zorder: float) -> None:
    """Draw points as the marker of the style."""
    axes.plot(
        points[:, 0],
        points[:, 1],
        linestyle="none",
        marker=MARKER_SIGNS[style.marker],
        markersize=style.marker_mm * POINTS_PER_MM,
        markerfacecolor=style.fill or "#FFFFFF",
        markeredgecolor=style.line or "#1A1A1A",
        markeredgewidth=style.line_width_mm * POINTS_PER_MM,
        alpha=opacity,
        zorder=zorder,
    )


def dashes(style: Style, width_points: float) -> Any:
    """matplotlib's dash pattern, which counts in line widths, from one in millimetres."""
    if not style.line_dash or not width_points:
        return "-"
    return (0.0, tuple(length * POINTS_PER_MM / width_points for length in style.line_dash))
