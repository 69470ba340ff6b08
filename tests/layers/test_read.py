"""Real files of other people's making, and the reader's own promises."""

from __future__ import annotations

import warnings
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyogrio
import pytest
import shapely

from ecospace.crs import StudyCRS, gauss_zone
from ecospace.errors import CRSError, DataError, EcospaceError, GeometryError, ReadError
from ecospace.layers.contract import check_contract
from ecospace.layers.formats.shapefile import read_shapefile
from ecospace.layers.read import read_layer

from .formats.shapefiles import EAST, NORTH, square, write_shapefile

#: 32 towns and sub-districts of 东莞, and the park that the file lacks.
TOWNS = ["松山湖", "寮步镇", "虎门镇"]


class TestTownsOfDongguan:
    """A really broken GeoJSON: 26 of 33 rings are not closed, one has two points."""

    @pytest.fixture
    def layer(self, data: Path) -> object:
        return read_layer(data / "dongguan_towns" / "441900.geojson", role="townships", names=TOWNS)

    def test_it_is_read_whole(self, layer: object) -> None:
        assert len(layer.frame) == 32  # type: ignore[attr-defined]
        assert layer.frame.is_valid.all()  # type: ignore[attr-defined]

    def test_the_unclosed_rings_and_the_short_one_are_named(self, layer: object) -> None:
        findings = {finding.code: finding for finding in layer.findings}  # type: ignore[attr-defined]
        closed, short = findings["F-READ-37"], findings["F-READ-38"]
        assert (closed.count, len(closed.features)) == (26, 25)
        assert "虎门镇" in closed.text
        assert short.count == 1
        assert "寮步镇" in short.text

    def test_its_areas_are_those_of_the_study_of_the_file(self, layer: object, data: Path) -> None:
        city = gpd.read_file(data / "guangdong_admin" / "guangdong_amap_wgs84.gpkg", layer="city")
        city = city[city.geometry.contains(shapely.Point(113.75, 23.03))]
        study = StudyCRS.for_boundary(city)
        contract = check_contract(layer, study.bring(layer.frame), boundary=study.bring(city))  # type: ignore[attr-defined, arg-type]
        assert contract.facts["sum_m2"] / 1e6 == pytest.approx(2439.03, abs=0.005)
        assert contract.facts["union_m2"] / 1e6 == pytest.approx(2435.31, abs=0.005)
        assert contract.facts["missing_m2"] / 1e6 == pytest.approx(25.0, abs=0.1)
        findings = {finding.code: finding for finding in contract.findings}
        assert "松山湖" in findings["F-DATA-25"].text
        assert findings["F-DATA-38"].level == "warning"  # 3.71 km² in two towns
        assert {"F-DATA-39", "F-DATA-40"} <= set(findings)
        overlaps = sum(place["area_m2"] for place in contract.faults if place["code"] == "F-DATA-38")
        assert overlaps / 1e6 == pytest.approx(3.71, abs=0.01)


def test_the_outline_of_guangdong_in_gbk(data: Path) -> None:
    path = data / "formats" / "guangdong_gbk.shp"
    with pytest.raises(CRSError, match="EPSG:4490"):
        read_layer(path)
    layer = read_layer(path, crs="EPSG:4490")
    row = layer.frame.iloc[0]
    assert row["地市名"] == "广东"
    assert StudyCRS.for_boundary(layer.frame).bring(layer.frame).area.sum() / 1e6 == pytest.approx(175_741.62, abs=0.5)
    assert row["Shape_Area"] == 175_741_587_365


class TestFileGeodatabase:
    """37 layers in a zip: points to multipatches, null and empty shapes, tables."""

    def read(self, data: Path, layer: str, **more: object) -> object:
        return read_layer(data / "formats" / "testopenfilegdb.gdb.zip", layer=layer, **more)  # type: ignore[arg-type]

    def test_one_of_many_has_to_be_chosen(self, data: Path) -> None:
        with pytest.raises(ReadError, match="34"):
            read_layer(data / "formats" / "testopenfilegdb.gdb.zip")

    @pytest.mark.parametrize("name", ["null_polygon", "empty_polygon", "empty_multipoint", "empty_polygonm"])
    def test_null_and_empty_shapes_are_named(self, data: Path, name: str) -> None:
        with pytest.raises(GeometryError, match=r"E-GEO-2[12]"):
            self.read(data, name)

    @pytest.mark.parametrize("name", ["none", "big_layer", "no_field"])
    def test_tables_are_explained(self, data: Path, name: str) -> None:
        with pytest.raises(ReadError, match="E-READ-52"):
            self.read(data, name)

    def test_bodies_are_explained(self, data: Path) -> None:
        with pytest.raises(ReadError, match="E-READ-35"):
            self.read(data, "multipatch")

    def test_an_empty_layer_is_not_clear(self, data: Path) -> None:
        with pytest.raises(ReadError, match="E-READ-56"):
            self.read(data, "testnotnullable")

    def test_every_other_layer_is_read_or_explained(self, data: Path) -> None:
        path = data / "formats" / "testopenfilegdb.gdb.zip"
        read = []
        for name in _names(path):
            try:
                layer = read_layer(path, layer=name)
            except EcospaceError as error:
                assert error.cure, name
                continue
            read.append(name)
            assert not layer.frame.has_z.any()
            assert layer.frame.is_valid.all()
        assert len(read) >= 24

    def test_measures_are_left_out_and_said(self, data: Path) -> None:
        layer = self.read(data, "polygonzm")
        assert "F-GEO-20" in [finding.code for finding in layer.findings]  # type: ignore[attr-defined]

    def test_a_layer_without_crs_asks(self, data: Path) -> None:
        with pytest.raises(CRSError):
            self.read(data, "several_polygons")


def _names(path: Path) -> list[str]:
    from ecospace.layers.contents import opened

    with opened(path) as found:
        return [one.inner for one in found]


def test_a_column_called_boundary_stays_a_column(data: Path) -> None:
    path = data / "liechtenstein" / "liechtenstein_osm_2013.gpkg"
    layer = read_layer(path, layer="admin", keep={"boundary": "administrative", "admin_level": "8"}, role="townships")
    assert set(layer.frame["boundary"]) == {"administrative"}
    study = StudyCRS.for_boundary(layer.frame)
    metric = study.bring(layer.frame)
    assert metric.area.sum() / 1e6 == pytest.approx(160.498, abs=0.001)
    assert check_contract(layer, metric).facts["union_m2"] / 1e6 == pytest.approx(160.498, abs=0.001)


@pytest.mark.parametrize(
    ("file", "layer", "unit"),
    [("wadden/wadden_national_parks.gpkg", "nlwkn_nationalparke_dtk25", "m2"),
     ("wadden/wadden_national_parks.gpkg", "lkn_nationalpark_sh", "km2"),
     ("wadden/wadden_national_parks.gpkg", "natura2000_northsea_mpa", "ha"),
     ("taiwan_water_zones/taiwan_water_source_plans.gpkg", "F0310_wulai", "m2")],
)  # fmt: skip
def test_the_unit_of_official_areas_is_found(data: Path, file: str, layer: str, unit: str) -> None:
    read = read_layer(data / file, layer=layer, area_unit=unit)
    metric = StudyCRS.for_boundary(read.frame).bring(read.frame)
    codes = {finding.code: finding for finding in check_contract(read, metric).findings}
    assert unit in codes["F-DATA-34"].text
    wrong = read_layer(data / file, layer=layer, area_unit="mu")
    (finding,) = [one for one in check_contract(wrong, metric).findings if one.code == "E-DATA-33"]
    assert finding.level == "error"
    assert f'area_unit = "{unit}"' in finding.cure


@pytest.mark.parametrize(
    ("file", "layer"),
    [("guangdong_admin/guangdong_amap_wgs84.gpkg", "county"), ("aachen/aachen.gpkg", "natura2000"),
     ("aachen/aachen.gpkg", "points"), ("aachen/aachen.gpkg", "roads"),
     ("connectivity/tmvs_habitat_nodes.gpkg", "habitat_nodes"), ("liechtenstein/liechtenstein_osm_2013.gpkg", "forest")],
)  # fmt: skip
def test_shapefiles_are_read_as_gdal_reads_sound_ones(data: Path, tmp_path: Path, file: str, layer: str) -> None:
    frame = pyogrio.read_dataframe(data / file, layer=layer)
    path = tmp_path / "a.shp"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # GDAL says which names it cut
        pyogrio.write_dataframe(frame, path, encoding="UTF-8")
        theirs = pyogrio.read_dataframe(path)
    ours, _findings = read_shapefile(path)
    assert shapely.equals_identical(
        shapely.normalize(ours.geometry.to_numpy()), shapely.normalize(theirs.geometry.to_numpy())
    ).all()
    assert list(ours.columns) == list(theirs.columns)
    for column in theirs.columns[:-1]:
        if theirs[column].dtype.kind == "f":
            assert np.allclose(ours[column].astype(float), theirs[column], equal_nan=True)
        elif theirs[column].dtype.kind != "M":
            assert _texts(ours[column]) == _texts(theirs[column])


def _texts(values: object) -> list[str]:
    return ["" if value is None or value != value else str(value).strip() for value in values]  # type: ignore[attr-defined]


def test_all_faults_of_a_file_are_told_at_once(tmp_path: Path) -> None:
    path = write_shapefile(
        tmp_path / "a.shp", [[square()], [square(), square(40, 40, 20)], b"\x05\x00\x00\x00" + bytes(40)]
    )
    with pytest.raises(ReadError) as caught:
        read_layer(path)
    assert set(caught.value.features) == {"2", "3"}
    assert "on_error" in caught.value.cure


def test_a_layer_keeps_where_it_came_from(tmp_path: Path) -> None:
    path = write_shapefile(tmp_path / "a.shp", [[square()]])
    layer = read_layer(path, key="red", role="eco_redline", source="红线（2018）", date="2018-06-30", area_unit="ha")
    assert set(layer.sha256) == {"a.shp", "a.shx", "a.dbf", "a.prj"}
    assert (layer.key, layer.source, str(layer.date), layer.settings) == (
        "red",
        "红线（2018）",
        "2018-06-30",
        {"area_unit": "ha"},
    )
    assert layer.frame["name"].tolist() == ["甲1"]  # MC, by its name
    assert "F-DATA-21" in [finding.code for finding in layer.findings]


def test_ids_that_repeat_are_said(tmp_path: Path) -> None:
    path = write_shapefile(tmp_path / "a.shp", [[square()], [square(300)]], names=["x", "x"])
    layer = read_layer(path, fields={"id": "MC"})
    assert list(layer.frame.index) == ["1", "2"]
    assert "F-DATA-20" in [finding.code for finding in layer.findings]
    other = write_shapefile(tmp_path / "b.shp", [[square()], [square(300)]], names=["x", "y"])
    assert list(read_layer(other, fields={"id": "MC"}).frame.index) == ["x", "y"]


def test_full_width_codes_are_plain_and_said(tmp_path: Path) -> None:
    path = write_shapefile(tmp_path / "a.shp", [[square()], [square(300)]], names=["０３０１", "0301 "])
    layer = read_layer(path, keep={"MC": "0301"})
    assert len(layer.frame) == 2
    assert "F-TEXT-20" in [finding.code for finding in layer.findings]


def test_words_of_settings_are_checked(tmp_path: Path) -> None:
    path = write_shapefile(tmp_path / "a.shp", [[square()]])
    for wrong in ({"on_error": "ignore"}, {"crs": "EPSG:99999"}, {"encoding": "klingon"}, {"repair": "most"}):
        with pytest.raises(EcospaceError):
            read_layer(path, **wrong)  # type: ignore[arg-type]


def test_townships_that_overlap_and_leave_gaps_are_told_with_places() -> None:
    from ecospace.layers.layer import Layer

    def box(west: float, east: float) -> shapely.Polygon:
        return shapely.box(EAST + west, NORTH, EAST + east, NORTH + 100)

    towns = gpd.GeoDataFrame(
        {"name": ["甲镇", "乙镇", ""]}, geometry=[box(0, 110), box(100, 200), box(203, 300)], index=["1", "2", "3"],
        crs=gauss_zone(114),
    )  # fmt: skip
    whole = gpd.GeoDataFrame(geometry=[box(0, 290)], crs=gauss_zone(114))
    contract = check_contract(Layer(towns, Path("towns.shp"), key="towns", role="townships"), towns, boundary=whole)
    assert contract.facts == {
        "sum_m2": 11_000 + 10_000 + 9_700, "union_m2": 29_700, "gap_m2": 300, "overhang_m2": 1_000, "missing_m2": -700,
    }  # fmt: skip
    places = {place["code"]: place["area_m2"] for place in contract.faults}
    assert places == {"F-DATA-38": 1_000, "F-DATA-39": 300, "F-DATA-40": 1_000}
    assert {finding.code for finding in contract.findings} == {"F-DATA-24", "F-DATA-38", "F-DATA-39", "F-DATA-40"}


def test_classes_are_held_against_their_list() -> None:
    from ecospace.layers.layer import Layer

    land = gpd.GeoDataFrame(
        {"code": ["0301", "0101", "9999", None]}, geometry=[shapely.box(x, 0, x + 1, 1) for x in range(4)],
        index=list("abcd"), crs=gauss_zone(114),
    )  # fmt: skip
    said = Layer(land, Path("land.shp"), role="land_use", settings={"code_system": "dlbm"})
    findings = {finding.code: finding for finding in check_contract(said, land).findings}
    assert findings["F-DATA-29"].features == ("c",)
    assert findings["F-DATA-27"].features == ("d",)
    silent = check_contract(Layer(land, Path("land.shp"), role="land_use"), land)
    assert "F-DATA-28" in [finding.code for finding in silent.findings]


def test_errors_are_of_the_kind_that_their_code_says(tmp_path: Path) -> None:
    path = write_shapefile(tmp_path / "a.shp", [[square()]])
    with pytest.raises(DataError):
        read_layer(path, keep={"MC": "nobody"})
