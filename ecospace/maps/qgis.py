"""Work goes on in QGIS: the layers of a figure as a GeoPackage that opens in their styles, with .qml and .sld beside it."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, SubElement, indent, tostring

import shapely

from ecospace.crs import brought
from ecospace.files import atomic
from ecospace.maps.hatching import DIRECTIONS, DOT_MM, LINE_MM, SPACING_MM
from ecospace.maps.maplayer import MapLayer
from ecospace.maps.style import Style, Styles
from ecospace.maps.zone import DrawingZone, drawing_zone

if TYPE_CHECKING:
    import geopandas as gpd

MARKERS = {"circle": "circle", "square": "square", "triangle": "triangle", "diamond": "diamond", "cross": "cross_fill"}
SLD_MARKERS = {"circle": "circle", "square": "square", "triangle": "triangle", "diamond": "square", "cross": "x"}
SLD_HATCH = {"/": "slash", "\\": "backslash", "|": "vertline", "-": "horline", "+": "plus", "x": "times", ".": "dot"}

#: Dates that GeoPackage asks for: one that says nothing, so that the same layers give the same file.
NO_DATE = "1970-01-01T00:00:00.000Z"


def export_qgis(
    layers: Sequence[MapLayer],
    path: str | Path,
    *,
    boundary: gpd.GeoDataFrame | None = None,
    zone: int | None = None,
    styles: Styles | None = None,
) -> Path:
    """Write layers for QGIS.

    Parameters
    ----------
    layers : sequence of MapLayer
        In drawing order.
    path : str or Path
        The GeoPackage (.gpkg). Beside it stand ``NAME.qml`` and ``NAME.sld`` of each layer.
    boundary : GeoDataFrame, optional
        Chooses the zone; default: the first layer.
    zone : int, optional
        3-degree zone, as in `drawing_zone`.
    styles : Styles, optional
        An office's own.

    Returns
    -------
    Path
        The GeoPackage: layers in the CGCS2000 3-degree zone (never the study CRS), the styles inside as defaults.
    """
    target = Path(path)
    plane = drawing_zone(layers[0].frame if boundary is None else boundary, zone)
    names = _names(layers)
    with atomic(target) as temporary:
        for name, layer in zip(names, layers, strict=True):
            _write_layer(layer, name, temporary, plane)
        _store_styles(
            temporary,
            {name: (qml(layer, styles), sld(layer, name, styles)) for name, layer in zip(names, layers, strict=True)},
        )
    for name, layer in zip(names, layers, strict=True):
        for suffix, text in ((".qml", qml(layer, styles)), (".sld", sld(layer, name, styles))):
            with atomic(target.parent / f"{name}{suffix}") as temporary:
                temporary.write_text(text, encoding="utf-8")
    return target


def _names(layers: Sequence[MapLayer]) -> list[str]:
    """File and table names: numbered in drawing order, with what the layer is."""
    kinds = [layer.style if isinstance(layer.style, str) else layer.system or layer.by or "layer" for layer in layers]
    return [f"{number:02d}_{kind}".replace("-", "_") for number, kind in enumerate(kinds, 1)]


def _write_layer(layer: MapLayer, name: str, path: Path, plane: DrawingZone) -> None:
    frame = brought(layer.frame, plane.crs, layer=layer.name)
    kinds = set(shapely.get_dimensions(frame.geometry.to_numpy()).tolist())
    if kinds == {2}:
        parts = [shapely.multipolygons(shapely.get_parts(shape)) for shape in frame.geometry]
        frame = frame.set_geometry(frame.geometry.__class__(parts, index=frame.index, crs=plane.crs))
    if layer.by is not None:
        # The categories of a style compare text with text.
        frame = frame.assign(
            **{layer.by: frame[layer.by].map(lambda code: None if code is None or code != code else str(code))}
        )
    frame.to_file(path, layer=name, driver="GPKG", engine="pyogrio", layer_options={"DESCRIPTION": layer.name})


def _store_styles(path: Path, texts: dict[str, tuple[str, str]]) -> None:
    """The table layer_styles, from which QGIS takes the default style of a layer."""
    with sqlite3.connect(path) as base:
        base.execute(
            "CREATE TABLE IF NOT EXISTS layer_styles (id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL, f_table_catalog TEXT(256), "
            "f_table_schema TEXT(256), f_table_name TEXT(256), f_geometry_column TEXT(256), styleName TEXT(30), styleQML TEXT, "
            "styleSLD TEXT, useAsDefault BOOLEAN, description TEXT, owner TEXT(30), ui TEXT(30), update_time DATETIME DEFAULT "
            "(strftime('%Y-%m-%dT%H:%M:%fZ','now')))"
        )
        base.execute(
            "INSERT OR IGNORE INTO gpkg_contents (table_name, data_type, identifier, last_change) "
            "VALUES ('layer_styles', 'attributes', 'layer_styles', ?)",
            (NO_DATE,),
        )
        for name, (as_qml, as_sld) in texts.items():
            (column,) = base.execute(
                "SELECT column_name FROM gpkg_geometry_columns WHERE table_name = ?", (name,)
            ).fetchone()
            base.execute(
                "INSERT INTO layer_styles (f_table_catalog, f_table_schema, f_table_name, f_geometry_column, styleName, styleQML, "
                "styleSLD, useAsDefault, description, owner, update_time) VALUES ('', '', ?, ?, ?, ?, ?, 1, 'ecospace', '', ?)",
                (name, column, name, as_qml, as_sld, NO_DATE),
            )
        base.execute("UPDATE gpkg_contents SET last_change = ?", (NO_DATE,))
    base.close()


def qml(layer: MapLayer, styles: Styles | None = None) -> str:
    """The style of a layer for QGIS (.qml)."""
    drawn = layer.styles(styles)
    shape = _shape(layer)
    root = Element("qgis", version="3.22.0", styleCategories="Symbology|Labeling")
    if layer.by is None:
        renderer = SubElement(root, "renderer-v2", type="singleSymbol", symbollevels="0", enableorderby="0")
        symbols = SubElement(renderer, "symbols")
    else:
        renderer = SubElement(
            root, "renderer-v2", type="categorizedSymbol", attr=layer.by, symbollevels="0", enableorderby="0"
        )
        categories = SubElement(renderer, "categories")
        for index, (code, style) in enumerate(drawn.items()):
            SubElement(
                categories, "category", value=code, symbol=str(index), label=style.title, render="true", type="string"
            )
        symbols = SubElement(renderer, "symbols")
    for index, style in enumerate(drawn.values()):
        _symbol(symbols, str(index), style, shape, layer.opacity)
    if layer.label is not None:
        _labels(root, layer.label)
    SubElement(root, "layerGeometryType").text = {"point": "0", "line": "1", "polygon": "2"}[shape]
    indent(root, " ")
    return "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n" + tostring(root, encoding="unicode") + "\n"


def _shape(layer: MapLayer) -> str:
    kinds = set(shapely.get_dimensions(layer.frame.geometry.to_numpy()).tolist())
    return "polygon" if 2 in kinds else "line" if 1 in kinds else "point"


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
    if style.line or shape == "line":
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


def sld(layer: MapLayer, name: str, styles: Styles | None = None) -> str:
    """The style of a layer as OGC Styled Layer Descriptor 1.0 (.sld), which ArcGIS converters and GeoServer read."""
    drawn = layer.styles(styles)
    shape = _shape(layer)
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
    indent(root, " ")
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode") + "\n"


#: SLD counts in pixels of 0.28 mm.
PIXEL_MM = 0.28


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
