"""A style as QGIS reads it (.qml): the colours, hatches and dashes of the figure, in millimetres."""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from ecospace.maps.drawing import EDGE_MM, band_mm
from ecospace.maps.hatching import DIRECTIONS, DOT_MM, LINE_MM, SPACING_MM
from ecospace.maps.legend import shape_of
from ecospace.maps.maplayer import MapLayer
from ecospace.maps.style import Style, Styles

MARKERS = {"circle": "circle", "square": "square", "triangle": "triangle", "diamond": "diamond", "cross": "cross_fill"}

#: What QGIS calls points, lines and polygons.
GEOMETRIES = {"point": "0", "line": "1", "polygon": "2"}


def as_text(root: Element) -> str:
    """XML with line breaks; control characters, which XML cannot hold, are left out."""
    indent(root, " ")
    return re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", "", tostring(root, encoding="unicode"))


def qml(layer: MapLayer, styles: Styles | None = None) -> str:
    """The style of a layer for QGIS (.qml)."""
    root = Element(
        "qgis", version="3.22.0", styleCategories="Symbology|Labeling", labelsEnabled=str(int(layer.label is not None))
    )
    add_style(root, layer, styles)
    SubElement(root, "layerGeometryType").text = GEOMETRIES[shape_of(layer.frame)]
    return "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n" + as_text(root) + "\n"


def add_style(root: Element, layer: MapLayer, styles: Styles | None = None) -> None:
    """Put renderer and labels under an element: of a style file, or of a layer in a project."""
    drawn = layer.styles(styles)
    shape = shape_of(layer.frame)
    kind = "singleSymbol" if layer.by is None else "categorizedSymbol"
    # Levels of drawing put the first class, the strictest one, on top.
    renderer = SubElement(
        root, "renderer-v2", type=kind, symbollevels=str(int(layer.by is not None)), enableorderby="0"
    )
    if layer.by is not None:
        renderer.set("attr", layer.by)
        categories = SubElement(renderer, "categories")
        for index, (code, style) in enumerate(drawn.items()):
            words = {"value": code, "symbol": str(index), "label": style.title, "render": "true", "type": "string"}
            SubElement(categories, "category", words)
    symbols = SubElement(renderer, "symbols")
    for index, style in enumerate(drawn.values()):
        _symbol(symbols, str(index), style, shape, layer.opacity)
    for index, symbol in enumerate(symbols):
        for part in symbol.findall("layer"):
            part.set("pass", str(len(symbols) - 1 - index))
    if layer.label is not None:
        _labels(root, layer.label)


def _symbol(parent: Element, name: str, style: Style, shape: str, opacity: float) -> None:
    kind = {"polygon": "fill", "line": "line", "point": "marker"}[shape]
    symbol = SubElement(parent, "symbol", name=name, type=kind, alpha=f"{opacity:g}", clip_to_extent="1", force_rhr="0")
    edge = _rgba(style.line or style.fill, 1.0)
    dash = {"use_custom_dash": "1", "customdash": ";".join(f"{length:g}" for length in style.line_dash),
            "customdash_unit": "MM"} if style.line_dash else {}  # fmt: skip
    width = {"line_width": f"{max(style.line_width_mm, 0.06):g}", "line_width_unit": "MM", "line_style": "solid"}
    if shape == "point":
        _symbol_layer(symbol, "SimpleMarker", {
            "name": MARKERS[style.marker], "color": _rgba(style.fill or "#FFFFFF", style.fill_opacity), "outline_color": edge,
            "outline_width": f"{style.line_width_mm:g}", "outline_width_unit": "MM", "size": f"{style.marker_mm:g}", "size_unit": "MM",
        })  # fmt: skip
        return
    if shape == "polygon" and style.filled:
        _symbol_layer(
            symbol,
            "SimpleFill",
            {"color": _rgba(style.fill, style.fill_opacity), "style": "solid", "outline_style": "no"},
        )
    if shape == "polygon" and style.hatch == ".":
        pattern = _symbol_layer(symbol, "PointPatternFill", {
            "distance_x": f"{SPACING_MM:g}", "distance_x_unit": "MM", "distance_y": f"{SPACING_MM:g}", "distance_y_unit": "MM",
            "displacement_x": f"{SPACING_MM / 2:g}", "displacement_x_unit": "MM",
        })  # fmt: skip
        dots = SubElement(pattern, "symbol", name=f"@{name}@1", type="marker", alpha="1")
        _symbol_layer(
            dots,
            "SimpleMarker",
            {"name": "circle", "color": edge, "outline_style": "no", "size": f"{DOT_MM:g}", "size_unit": "MM"},
        )
    for angle in DIRECTIONS.get(style.hatch, ()) if shape == "polygon" else ():
        pattern = _symbol_layer(symbol, "LinePatternFill", {
            "angle": str(angle), "distance": f"{SPACING_MM:g}", "distance_unit": "MM", "line_width": f"{LINE_MM:g}",
            "line_width_unit": "MM", "color": edge,
        })  # fmt: skip
        strokes = SubElement(pattern, "symbol", name=f"@{name}@{angle}", type="line", alpha="1")
        _symbol_layer(
            strokes, "SimpleLine", {"line_color": edge, "line_width": f"{LINE_MM:g}", "line_width_unit": "MM"}
        )
    if shape == "line" and style.filled and style.line:
        whole = band_mm(style)
        for colour, width_mm in ((style.line, whole), (style.fill, whole - 2 * EDGE_MM)):
            words = {"line_color": _rgba(colour, 1.0), "line_width": f"{width_mm:g}", "line_width_unit": "MM"}
            _symbol_layer(symbol, "SimpleLine", words | {"joinstyle": "round", "capstyle": "round"})
    elif style.line or shape == "line":
        _symbol_layer(symbol, "SimpleLine", {"line_color": edge, "joinstyle": "round"} | width | dash)


def _symbol_layer(symbol: Element, kind: str, words: dict[str, str]) -> Element:
    layer = SubElement(symbol, "layer", {"class": kind, "enabled": "1", "locked": "0", "pass": "0"})
    # QGIS 3.22 reads <prop>, newer ones <Option>: both say the same.
    options = SubElement(layer, "Option", type="Map")
    for word, value in words.items():
        SubElement(options, "Option", name=word, value=value, type="QString")
    for word, value in words.items():
        SubElement(layer, "prop", k=word, v=value)
    return layer


def _rgba(colour: str, opacity: float) -> str:
    if not colour:
        return "0,0,0,0"
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"{red},{green},{blue},{round(opacity * 255)}"


def _labels(root: Element, column: str) -> None:
    labeling = SubElement(root, "labeling", type="simple")
    settings = SubElement(labeling, "settings", calloutType="simple")
    text = SubElement(
        settings,
        "text-style",
        fieldName=column,
        isExpression="0",
        fontSize="8",
        fontSizeUnit="Point",
        textColor="26,26,26,255",
    )
    SubElement(
        text, "text-buffer", bufferDraw="1", bufferSize="0.7", bufferSizeUnits="MM", bufferColor="255,255,255,255"
    )
