"""A style as OGC Styled Layer Descriptor 1.0 (.sld), which GeoServer and the converters of ArcGIS read."""

from __future__ import annotations

from xml.etree.ElementTree import Element, SubElement

from ecospace.maps.hatching import LINE_MM, SPACING_MM
from ecospace.maps.legend import shape_of
from ecospace.maps.maplayer import MapLayer
from ecospace.maps.qml import as_text
from ecospace.maps.style import Style, Styles

SLD_MARKERS = {"circle": "circle", "square": "square", "triangle": "triangle", "diamond": "square", "cross": "x"}
SLD_HATCH = {"/": "slash", "\\": "backslash", "|": "vertline", "-": "horline", "+": "plus", "x": "times", ".": "dot"}

#: SLD counts in pixels of 0.28 mm.
PIXEL_MM = 0.28


def sld(layer: MapLayer, name: str, styles: Styles | None = None) -> str:
    """The style of a layer as SLD."""
    drawn = layer.styles(styles)
    shape = shape_of(layer.frame)
    root = Element("StyledLayerDescriptor", {
        "version": "1.0.0", "xmlns": "http://www.opengis.net/sld", "xmlns:ogc": "http://www.opengis.net/ogc"})  # fmt: skip
    named = SubElement(root, "NamedLayer")
    SubElement(named, "Name").text = name
    rules = SubElement(SubElement(named, "UserStyle"), "FeatureTypeStyle")
    for code, style in drawn.items():
        rule = SubElement(rules, "Rule")
        SubElement(rule, "Title").text = style.title
        if layer.by is not None:
            equal = SubElement(SubElement(rule, "ogc:Filter"), "ogc:PropertyIsEqualTo")
            SubElement(equal, "ogc:PropertyName").text = layer.by
            SubElement(equal, "ogc:Literal").text = code
        if shape == "point":
            _sld_point(rule, style)
        elif shape == "line":
            _sld_stroke(SubElement(rule, "LineSymbolizer"), style)
        else:
            _sld_polygon(rule, style, layer.opacity)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + as_text(root) + "\n"


def _sld_polygon(rule: Element, style: Style, opacity: float) -> None:
    symbolizer = SubElement(rule, "PolygonSymbolizer")
    if style.filled:
        fill = SubElement(symbolizer, "Fill")
        _css(fill, {"fill": style.fill, "fill-opacity": f"{style.fill_opacity * opacity:g}"})
    if style.line:
        _sld_stroke(symbolizer, style)
    if style.hatch:
        graphic = SubElement(
            SubElement(SubElement(SubElement(rule, "PolygonSymbolizer"), "Fill"), "GraphicFill"), "Graphic"
        )
        mark = SubElement(graphic, "Mark")
        SubElement(mark, "WellKnownName").text = f"shape://{SLD_HATCH[style.hatch]}"
        _css(
            SubElement(mark, "Stroke"),
            {"stroke": style.line or style.fill, "stroke-width": f"{LINE_MM / PIXEL_MM:.2f}"},
        )
        SubElement(graphic, "Size").text = f"{SPACING_MM / PIXEL_MM:.2f}"


def _sld_stroke(parent: Element, style: Style) -> None:
    words = {"stroke": style.line or style.fill, "stroke-width": f"{max(style.line_width_mm, 0.06) / PIXEL_MM:.2f}"}
    if style.line_dash:
        words["stroke-dasharray"] = " ".join(f"{length / PIXEL_MM:.2f}" for length in style.line_dash)
    _css(SubElement(parent, "Stroke"), words)


def _sld_point(rule: Element, style: Style) -> None:
    graphic = SubElement(SubElement(rule, "PointSymbolizer"), "Graphic")
    mark = SubElement(graphic, "Mark")
    SubElement(mark, "WellKnownName").text = SLD_MARKERS[style.marker]
    _css(SubElement(mark, "Fill"), {"fill": style.fill or "#FFFFFF"})
    _css(
        SubElement(mark, "Stroke"),
        {"stroke": style.line or "#1A1A1A", "stroke-width": f"{style.line_width_mm / PIXEL_MM:.2f}"},
    )
    SubElement(graphic, "Size").text = f"{style.marker_mm / PIXEL_MM:.2f}"


def _css(parent: Element, words: dict[str, str]) -> None:
    for word, value in words.items():
        SubElement(parent, "CssParameter", name=word).text = value
