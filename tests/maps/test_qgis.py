"""Layers for QGIS: a GeoPackage in a zone, with its styles inside and beside it."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from xml.etree import ElementTree

import geopandas as gpd
import pytest

from ecospace.crs import StudyCRS
from ecospace.maps.maplayer import MapLayer
from ecospace.maps.qgis import export_qgis
from ecospace.maps.qml import qml
from ecospace.maps.sld import sld
from ecospace.maps.style import style_of
from tests.maps.county import boundary, layers


@pytest.fixture
def exported(tmp_path: Path) -> Path:
    return export_qgis(layers(), tmp_path / "plan.gpkg")


def test_layers_keep_their_features_and_stand_in_a_zone(exported: Path) -> None:
    names = [name for name in gpd.list_layers(exported)["name"] if name != "layer_styles"]
    assert names == ["01_water_source", "02_eco_redline", "03_river", "04_townships", "05_station"]
    for name, layer in zip(names, layers(), strict=True):
        frame = gpd.read_file(exported, layer=name)
        assert frame.crs.to_epsg() == 4547
        assert len(frame) == len(layer.frame)
        assert frame.area.sum() == pytest.approx(layer.frame.area.sum(), rel=1e-9)


def test_nothing_is_delivered_in_the_study_crs(tmp_path: Path) -> None:
    study = StudyCRS.for_boundary(boundary())
    layer = MapLayer(study.bring(layers()[1].frame), "eco_redline")
    frame = gpd.read_file(export_qgis([layer], tmp_path / "plan.gpkg"), layer="01_eco_redline")
    assert frame.crs.to_epsg() == 4547
    assert frame.area.sum() == pytest.approx(layers()[1].frame.area.sum(), rel=1e-6)


def test_each_layer_has_a_default_style_inside_and_beside(exported: Path) -> None:
    with sqlite3.connect(exported) as base:
        rows = base.execute(
            "SELECT f_table_name, useAsDefault, styleQML, styleSLD FROM layer_styles ORDER BY 1"
        ).fetchall()
    base.close()
    assert [name for name, *_rest in rows] == [
        f"0{i}_{k}" for i, k in enumerate(("water_source", "eco_redline", "river", "townships", "station"), 1)
    ]
    for name, default, as_qml, as_sld in rows:
        assert default == 1
        assert as_qml == (exported.parent / f"{name}.qml").read_text("utf-8")
        assert as_sld == (exported.parent / f"{name}.sld").read_text("utf-8")


def test_the_same_layers_give_the_same_styles_and_data(tmp_path: Path, exported: Path) -> None:
    again = export_qgis(layers(), tmp_path / "again" / "plan.gpkg")
    for path in sorted(exported.parent.glob("*.qml")) + sorted(exported.parent.glob("*.sld")):
        assert path.read_bytes() == (again.parent / path.name).read_bytes()
    assert again.read_bytes() == exported.read_bytes()


def test_qml_says_colour_opacity_hatch_and_classes() -> None:
    water, redline, _river, townships, _stations = layers()
    style = style_of("eco_redline")
    root = ElementTree.fromstring(qml(redline).partition("\n")[2])
    fill = root.find(".//layer[@class='SimpleFill']/Option/Option[@name='color']")
    assert fill is not None and fill.get("value") == f"56,168,0,{round(style.fill_opacity * 255)}"
    hatch = root.find(".//layer[@class='LinePatternFill']/Option/Option[@name='angle']")
    assert hatch is not None and hatch.get("value") == "45"
    categories = ElementTree.fromstring(qml(water).partition("\n")[2]).findall(".//category")
    assert [category.get("value") for category in categories] == ["一级", "二级", "准"]
    assert categories[0].get("label") == "饮用水水源一级保护区"
    # The strictest level is drawn last, on top.
    symbols = ElementTree.fromstring(qml(water).partition("\n")[2]).findall("renderer-v2/symbols/symbol")
    assert [symbol.find("layer").get("pass") for symbol in symbols] == ["2", "1", "0"]  # type: ignore[union-attr]
    dash = ElementTree.fromstring(qml(townships).partition("\n")[2]).find(".//Option[@name='customdash']")
    assert dash is not None and dash.get("value") == "1.4;0.7"


def test_sld_filters_by_class_and_escapes_text() -> None:
    water = layers()[0]
    frame = water.frame.assign(level=["<一级>", "二级&", "准"])
    text = sld(MapLayer(frame, by="level"), "water")
    root = ElementTree.fromstring(text)
    names = {"ogc": "http://www.opengis.net/ogc"}
    assert [element.text for element in root.findall(".//ogc:Literal", names)] == ["<一级>", "二级&", "准"]
    assert "<一级>" not in text


def test_control_characters_do_not_break_the_xml() -> None:
    water = layers()[0]
    frame = water.frame.assign(level=["\x0b一级", "二级", "准"])
    for text in (sld(MapLayer(frame, by="level"), "water"), qml(MapLayer(frame, by="level")).partition("\n")[2]):
        assert "一级" in "".join(ElementTree.fromstring(text).itertext()) + text


def test_the_project_opens_the_layers_by_title_topmost_first(exported: Path) -> None:
    root = ElementTree.fromstring(exported.with_suffix(".qgs").read_text("utf-8").partition("\n")[2])
    titles = [entry.get("name") for entry in root.findall("layer-tree-group/layer-tree-layer")]
    assert titles == ["监测点位", "乡镇界线", "河流", "生态保护红线", "饮用水水源保护区"]
    sources = [element.text for element in root.findall("projectlayers/maplayer/datasource")]
    # QGIS 3.22 makes up another id where one has ten characters or fewer, and then finds no layer for its tree.
    assert all(len(element.text or "") > 10 for element in root.findall("projectlayers/maplayer/id"))
    assert sources[0] == "./plan.gpkg|layername=01_water_source"
    assert root.find("projectCrs/spatialrefsys/authid").text == "EPSG:4547"  # type: ignore[union-attr]
