"""Work goes on in QGIS: the layers of a figure as a GeoPackage that opens in their styles, with .qml and .sld beside it."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, SubElement

import shapely

from ecospace.crs import brought
from ecospace.files import atomic
from ecospace.maps.legend import shape_of
from ecospace.maps.maplayer import MapLayer
from ecospace.maps.qml import GEOMETRIES, add_style, as_text, qml
from ecospace.maps.sld import sld
from ecospace.maps.style import Styles
from ecospace.maps.zone import DrawingZone, drawing_zone

if TYPE_CHECKING:
    import geopandas as gpd


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
        The GeoPackage (.gpkg). Beside it stand a project (.qgs), and a .qml and .sld for each layer.
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
        The project ``NAME.qgs`` beside it opens them in order, under their titles.
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
    with atomic(target.with_suffix(".qgs")) as temporary:
        temporary.write_text(
            _project(target.name, dict(zip(names, layers, strict=True)), plane, styles), encoding="utf-8"
        )
    return target


def _project(package: str, layers: dict[str, MapLayer], plane: DrawingZone, styles: Styles | None) -> str:
    """A project of QGIS that opens the layers of a GeoPackage beside it."""
    root = Element("qgis", version="3.22.0", projectname="ecospace")
    _add_crs(SubElement(root, "projectCrs"), plane)
    tree = SubElement(root, "layer-tree-group")
    stored = SubElement(root, "projectlayers")
    for name, layer in layers.items():
        source = f"./{package}|layername={name}"
        shape = shape_of(layer.frame)
        entry = SubElement(
            stored,
            "maplayer",
            type="vector",
            geometry=shape.capitalize(),
            labelsEnabled=str(int(layer.label is not None)),
        )
        SubElement(entry, "id").text = _identifier(name)
        SubElement(entry, "datasource").text = source
        SubElement(entry, "layername").text = layer.name
        _add_crs(SubElement(entry, "srs"), plane)
        SubElement(entry, "provider", encoding="UTF-8").text = "ogr"
        add_style(entry, layer, styles)
        SubElement(entry, "layerGeometryType").text = GEOMETRIES[shape]
    for name, layer in reversed(layers.items()):  # QGIS lists the topmost layer first
        source = f"./{package}|layername={name}"
        words = {
            "id": _identifier(name),
            "name": layer.name,
            "source": source,
            "providerKey": "ogr",
            "checked": "Qt::Checked",
            "expanded": "0",
        }
        SubElement(tree, "layer-tree-layer", words)
    return "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n" + as_text(root) + "\n"


def _identifier(name: str) -> str:
    """The id of a layer in a project: QGIS takes ids of ten characters and fewer for missing, and makes up others."""
    return f"ecospace_layer_{name}"


def _add_crs(parent: Element, plane: DrawingZone) -> None:
    crs = SubElement(parent, "spatialrefsys")
    SubElement(crs, "wkt").text = plane.crs.to_wkt()
    if code := plane.crs.to_epsg():
        SubElement(crs, "authid").text = f"EPSG:{code}"


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
