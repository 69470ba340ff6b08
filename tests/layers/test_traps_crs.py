"""The coordinate traps of the trust study (tA) that reading and the study CRS have to catch."""

from __future__ import annotations

import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from pyproj import CRS

from ecospace.crs import brought, gauss_zone, geodesic_area, require_metric, require_same_crs
from ecospace.errors import CRSError, GeometryError
from ecospace.layers.read import read_layer

from .formats.shapefiles import EAST, NORTH, square, write_shapefile

DEGREES = CRS.from_epsg(4490)


def test_tA01_a_shapefile_without_prj_stops_and_the_advice_works(tmp_path: Path) -> None:
    path = write_shapefile(tmp_path / "red.shp", [[square()]], prj=None)
    with pytest.raises(CRSError, match="EPSG:45") as caught:
        read_layer(path)
    assert caught.value.code == "E-CRS-21"
    assert read_layer(path, crs="EPSG:4547").frame.area.sum() == 10_000


def test_tA09_degrees_are_no_metres() -> None:
    frame = gpd.GeoDataFrame(geometry=[shapely.box(113, 23, 113.1, 23.1)], crs=DEGREES)
    with pytest.raises(CRSError) as caught:
        require_metric(frame)
    assert caught.value.code == "E-CRS-05"


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_tA12_coordinates_that_are_no_numbers_stop_by_id(tmp_path: Path, value: float) -> None:
    ring = square()
    ring[2] = (value, ring[2][1])
    path = write_shapefile(tmp_path / "red.shp", [[square(300)], [ring]])
    with pytest.raises((GeometryError, CRSError)) as caught:
        read_layer(path)
    assert caught.value.features == ("2",)


def test_tA13_a_transform_out_of_its_domain_raises() -> None:
    far = gpd.GeoDataFrame(geometry=[shapely.box(-60, -89, -59, -88)], crs=DEGREES)
    with pytest.raises(CRSError):
        brought(far, gauss_zone(114))


def test_tA14_a_crs_set_over_that_of_the_file_is_held_against_the_numbers(tmp_path: Path) -> None:
    path = write_shapefile(tmp_path / "red.shp", [[square()]])
    with pytest.raises(CRSError):
        read_layer(path, crs="EPSG:4490")  # the numbers are metres
    layer = read_layer(path, crs="EPSG:4548")  # possible, so it is believed, and said
    assert "F-CRS-20" in [finding.code for finding in layer.findings]


def gml(path: Path, first: float, second: float, srs: str) -> Path:
    x, y = first, second
    points = [(x, y), (x + 0.01, y), (x + 0.01, y + 0.01), (x, y)]
    positions = " ".join(f"{a} {b}" for a, b in points)
    path.write_text(
        f"""<?xml version="1.0" encoding="UTF-8"?>
<ogr:FeatureCollection xmlns:ogr="http://ogr.maptools.org/" xmlns:gml="http://www.opengis.net/gml/3.2" gml:id="a">
<ogr:featureMember><ogr:red gml:id="red.1"><ogr:geometryProperty><gml:Polygon srsName="{srs}" gml:id="g1"><gml:exterior>
<gml:LinearRing><gml:posList>{positions}</gml:posList></gml:LinearRing></gml:exterior></gml:Polygon></ogr:geometryProperty>
<ogr:MC>甲</ogr:MC></ogr:red></ogr:featureMember></ogr:FeatureCollection>""",
        encoding="utf-8",
    )
    return path


def test_tA16_gml_with_latitude_first_is_put_right_or_refused(tmp_path: Path) -> None:
    urn = read_layer(gml(tmp_path / "urn.gml", 23.0, 113.0, "urn:ogc:def:crs:EPSG::4490"))
    assert urn.frame.total_bounds[0] == pytest.approx(113.0)
    with pytest.raises(CRSError, match=r"swap"):
        read_layer(gml(tmp_path / "short.gml", 23.0, 113.0, "EPSG:4490"))


def test_tA17_layers_are_put_together_in_one_crs_only() -> None:
    one = gpd.GeoDataFrame(geometry=[shapely.box(0, 0, 1, 1)], crs=gauss_zone(114))
    with pytest.raises(CRSError, match="E-CRS-01"):
        require_same_crs(one, one.set_crs(None, allow_override=True))
    with pytest.raises(CRSError, match="E-CRS-02"):
        require_same_crs(one, one.set_crs(4548, allow_override=True))


def test_tA19_geodesic_areas_do_not_depend_on_the_turn_of_rings() -> None:
    shell = shapely.box(113.0, 23.0, 113.1, 23.1)
    hole = shapely.box(113.02, 23.02, 113.04, 23.04)
    areas = [
        geodesic_area(shapely.Polygon(outer, [inner]), DEGREES)
        for outer in (shell.exterior, shell.exterior.reverse())
        for inner in (hole.exterior, hole.exterior.reverse())
    ]
    alone = geodesic_area(shell, DEGREES) - geodesic_area(hole, DEGREES)
    assert areas == pytest.approx([alone] * 4, rel=1e-9)


def test_a_layer_in_two_places_is_not_believed(tmp_path: Path) -> None:
    """GeoJSON without a CRS whose numbers cannot be degrees is no WGS 84 (tA15 by another way)."""
    path = tmp_path / "red.geojson"
    ring = [list(point) for point in square()]
    path.write_text(json.dumps({"type": "Polygon", "coordinates": [ring]}))
    with pytest.raises(CRSError):
        read_layer(path)


def test_west_china_with_exchanged_axes_is_refused_by_the_place(tmp_path: Path) -> None:
    place = gpd.GeoDataFrame(geometry=[shapely.box(79.0, 39.0, 81.0, 41.0)], crs=DEGREES)
    path = tmp_path / "red.gpkg"
    gpd.GeoDataFrame({"n": [1]}, geometry=[shapely.box(40.0, 80.0, 40.1, 80.1)], crs=DEGREES).to_file(
        path, driver="GPKG"
    )
    with pytest.raises(CRSError):
        read_layer(path, place=place)


def test_nothing_moves_where_the_system_stays() -> None:
    frame = gpd.GeoDataFrame(geometry=[shapely.box(EAST, NORTH, EAST + 1, NORTH + 1)], crs=gauss_zone(114))
    assert brought(frame, gauss_zone(114)) is frame
    assert np.array_equal(frame.total_bounds, brought(frame, gauss_zone(114)).total_bounds)
