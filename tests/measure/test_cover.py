"""Forest cover: a named definition, a named code system, exact cells; two definitions explained class by class."""

import geopandas as gpd
import numpy as np
import pytest
import rasterio
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import Point, box

from ecospace.crs import StudyCRS
from ecospace.errors import BalanceError, DataError
from ecospace.layers.codes import clashes, code_system, likely_system
from ecospace.layers.raster import open_raster
from ecospace.layers.read import read_layer
from ecospace.measure.cover import explain, forest_cover, target_gap
from ecospace.measure.cover_definitions import CoverDefinition, cover_definitions

COUNTY = gpd.GeoDataFrame(geometry=[box(500_000, 2_500_000, 510_000, 2_510_000)], crs=4547)


def strip(code, south, north, **more):
    return {"code": code, "geometry": box(500_000, 2_500_000 + south, 510_000, 2_500_000 + north), **more}


LAND = gpd.GeoDataFrame(
    [
        strip("0301", 0, 3000),
        strip("0302", 3000, 3500),
        strip("0305", 3500, 4500),
        strip("0307", 4500, 5000),
        strip("0404", 5000, 6000),
        strip("0103", 6000, 10_000),
    ],
    crs=4547,
)


@pytest.mark.parametrize(
    ("definition", "share"),
    [("dlbm-narrow", 0.35), ("dlbm-wide", 0.45), ("forest-land-rate", 0.50), ("forest-grass", 0.60)],
)
def test_one_land_layer_under_each_definition(definition, share):
    cover = forest_cover(LAND, COUNTY, definition=definition, system="dlbm")
    assert cover.share == pytest.approx(share)
    assert not cover.definition.statutory
    assert cover.units["uncovered_m2"].iloc[0] == pytest.approx(0, abs=1e-6)


def test_other_forest_land_is_never_forest():
    for key, item in cover_definitions().items():
        if item.code_system == "dlbm" and key not in {"forest-land-rate", "forest-grass"}:
            assert "0307" not in item.codes


def test_two_definitions_are_explained_class_by_class():
    narrow = forest_cover(LAND, COUNTY, definition="dlbm-narrow", system="dlbm")
    grass = forest_cover(LAND, COUNTY, definition="forest-grass", system="dlbm")
    table = explain(narrow, grass).set_index("class")
    differing = table[table["difference_m2"] != 0]
    assert differing["difference_share"].to_dict() == pytest.approx({"0305": 0.10, "0404": 0.10, "0307": 0.05})
    assert table["difference_share"].sum() == pytest.approx(grass.share - narrow.share)


def test_results_of_two_lands_are_not_explained():
    other = LAND.assign(code=["0301", "0302", "0305", "0307", "0404", "0301"])
    narrow = forest_cover(LAND, COUNTY, definition="dlbm-narrow", system="dlbm")
    with pytest.raises(BalanceError, match="E-SUM-03"):
        explain(narrow, forest_cover(other, COUNTY, definition="dlbm-narrow", system="dlbm"))


def test_statutory_forest_needs_canopy_of_a_fifth():
    stands = gpd.GeoDataFrame(
        [
            strip("乔木林", 0, 3000, canopy=0.5),
            strip("乔木林", 3000, 5000, canopy=0.15),
            strip("竹林", 5000, 6000, canopy=None),
            strip("灌木林地", 6000, 7000, canopy=0.9),
            strip("特灌林", 7000, 7500, canopy=None),
        ],
        crs=4547,
    )
    cover = forest_cover(stands, COUNTY, definition="statutory", system="forestry")
    assert cover.definition.statutory
    assert cover.share == pytest.approx(0.30 + 0.10 + 0.05)
    without = forest_cover(stands.drop(columns="canopy"), COUNTY, definition="statutory", system="forestry")
    assert without.share == pytest.approx(0.65)
    assert [finding.code for finding in without.findings] == ["F-DATA-01"]


def test_overlapping_stands_count_once():
    twice = gpd.GeoDataFrame([strip("0301", 0, 3000), strip("0301", 2000, 4000), strip("0301", 2500, 2600)], crs=4547)
    cover = forest_cover(twice, COUNTY, definition="dlbm-narrow", system="dlbm")
    assert cover.share == pytest.approx(0.40)
    assert cover.units["doubled_m2"].iloc[0] == pytest.approx(1000 * 10_000 + 100 * 10_000)
    assert "F-DATA-02" in [finding.code for finding in cover.findings]


def test_a_stand_drawn_inside_another_counts_once():
    """No edge of the outer one is in doubt: the overlap shows by the inner one alone."""
    west, south = 500_000, 2_500_000
    outer, inner = (
        box(west, south, west + 5000, south + 5000),
        box(west + 1000, south + 1000, west + 2000, south + 3000),
    )
    inside = gpd.GeoDataFrame({"code": ["0301", "0301"]}, geometry=[outer, inner], crs=4547)
    cover = forest_cover(inside, COUNTY, definition="dlbm-narrow", system="dlbm")
    assert cover.units["doubled_m2"].iloc[0] == pytest.approx(1000 * 2000)
    assert cover.share == pytest.approx(0.25)


@pytest.mark.parametrize(
    ("land", "system", "definition", "code"),
    [
        (LAND, None, "dlbm-narrow", "E-DATA-11"),
        (LAND, "dlbm", "landuse-2023-narrow", "E-DATA-13"),
        (LAND.assign(code=["0301", "0302", "0305", "0307", "0404", "9999"]), "dlbm", "dlbm-narrow", "E-DATA-12"),
        (LAND.assign(code=["0301", "0302", "0305", None, "0404", "0103"]), "dlbm", "dlbm-narrow", "E-DATA-08"),
        (LAND.drop(columns="code"), "dlbm", "dlbm-narrow", "E-DATA-07"),
        (LAND, "no-such-book", "dlbm-narrow", "E-DATA-10"),
        (LAND, "dlbm", "no-such-definition", "E-DATA-06"),
    ],
)
def test_what_is_refused(land, system, definition, code):
    with pytest.raises(DataError, match=code):
        forest_cover(land, COUNTY, definition=definition, system=system)


def test_29_codes_clash_and_names_tell():
    assert len(clashes()) == 29
    assert clashes()["0303"] == ("红树林地", "灌木林地")
    assert "0701" not in clashes()
    assert "08" not in clashes()
    assert likely_system(["0303"], ["灌木林地"]) == "landuse-2023"
    assert likely_system(["0303"], ["红树林地"]) == "dlbm"
    assert likely_system(["0303"]) == ""
    assert likely_system(["070101"]) == "landuse-2023"


def test_a_code_book_of_the_users(tmp_path):
    (tmp_path / "book.toml").write_text('zh = "本局地类"\n[codes]\nF = "林"\nX = "其他"\n', encoding="utf-8")
    assert code_system("book.toml", tmp_path).codes == {"F": "林", "X": "其他"}
    own = CoverDefinition(key="own", zh="本局口径", en="own", code_system="book.toml", codes=("F",), document="本局")
    land = gpd.GeoDataFrame([strip("F", 0, 2000), strip("X", 2000, 10_000)], crs=4547)
    assert forest_cover(land, COUNTY, definition=own, system="book.toml", folder=tmp_path).share == pytest.approx(0.2)


def test_gap_to_a_target():
    gap = target_gap(forest_cover(LAND, COUNTY, definition="dlbm-narrow", system="dlbm"), 0.40)
    assert gap == pytest.approx({"gap_share": 0.05, "gap_m2": 5e6})


def raster_of(values, folder, *, origin=(500_000, 2_510_000), size=100.0, crs=4547, nodata=None):
    path = folder / "classes.tif"
    values = np.asarray(values, dtype=np.uint8)
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=values.shape[1],
        height=values.shape[0],
        count=1,
        dtype="uint8",
        crs=crs,
        nodata=nodata,
        transform=Affine(size, 0, origin[0], 0, -size, origin[1]),
    ) as file:
        file.write(values, 1)
    return open_raster(path)


def test_cells_count_by_the_part_that_lies_inside(tmp_path):
    """A circle of 1 km radius, half of it forest: every cell by its exact fraction."""
    values = np.zeros((100, 100))
    values[:, 50:] = 1
    raster = raster_of(values, tmp_path)
    circle = gpd.GeoDataFrame(geometry=[Point(505_000, 2_505_000).buffer(1000, quad_segs=64)], crs=4547)
    cover = forest_cover(raster, circle, definition="forest-mask", system="binary")
    assert cover.share == pytest.approx(0.5, rel=1e-12)
    assert cover.classes["area_m2"].sum() == pytest.approx(circle.area.sum(), rel=1e-12)


def test_tD01_no_data_is_a_row_of_its_own_and_an_unknown_class_an_error(tmp_path):
    values = np.full((100, 100), 1)
    values[:50] = 255
    half = forest_cover(raster_of(values, tmp_path, nodata=255), COUNTY, definition="forest-mask", system="binary")
    assert half.share == pytest.approx(0.5)
    assert half.units["uncovered_m2"].iloc[0] == pytest.approx(50e6)
    assert "F-RASTER-03" in [finding.code for finding in half.findings]
    with pytest.raises(DataError, match="E-DATA-12"):
        forest_cover(raster_of(values, tmp_path), COUNTY, definition="forest-mask", system="binary")


def test_tD06_ground_beyond_the_raster_is_said(tmp_path):
    cover = forest_cover(raster_of(np.ones((100, 60)), tmp_path), COUNTY, definition="forest-mask", system="binary")
    assert cover.share == pytest.approx(0.6)
    assert "F-RASTER-02" in [finding.code for finding in cover.findings]


@given(lat=st.floats(18, 50), lon=st.floats(80, 130))
@settings(max_examples=15, deadline=None, derandomize=True)
def test_tD07_cells_in_degrees_have_their_true_area(lat, lon, tmp_path_factory):
    """A raster in degrees: the classes make the ellipsoidal area of the county to 1e-7."""
    raster = raster_of(
        np.ones((60, 60)), tmp_path_factory.mktemp("r"), origin=(lon - 0.3, lat + 0.3), size=0.01, crs=4490
    )
    county = gpd.GeoDataFrame(geometry=[box(lon - 0.21, lat - 0.19, lon + 0.2, lat + 0.2)], crs=4490)
    study = StudyCRS.for_boundary(county)
    cover = forest_cover(raster, study.bring(county), definition="forest-mask", system="binary")
    assert cover.share == pytest.approx(1, rel=1e-7)


def test_aachen_corine(data):
    """Published shares were made by cell centres; exact fractions differ by the noise of a 100 m raster."""
    region = read_layer(data / "aachen/aachen.gpkg", layer="region").frame
    study = StudyCRS.for_boundary(region)
    raster = open_raster(data / "aachen/clc-aachen_clipped.tif")
    centre = forest_cover(raster, study.bring(region), definition="clc-forest", system="clc", cells="centre")
    assert centre.share * 100 == pytest.approx(31.425, abs=0.0006)
    codes = centre.classes[centre.classes["class"] != ""]
    low = codes.loc[codes["class"].astype(int) <= 12, "area_m2"].sum() / centre.units["area_m2"].iloc[0]
    assert low * 100 == pytest.approx(41.476376, abs=1e-5)
    exact = forest_cover(raster, study.bring(region), definition="clc-forest", system="clc")
    assert exact.share * 100 == pytest.approx(31.425, abs=0.03)
    assert exact.classes["area_m2"].sum() == pytest.approx(study.bring(region).area.sum(), rel=1e-8)


def test_a_raster_too_coarse_for_its_county_says_so(data):
    county = gpd.read_file(data / "guangdong_admin/guangdong_tianditu_cgcs2000.gpkg", layer="district")
    county = county[county["name"] == "开平市"]
    study = StudyCRS.for_boundary(county)
    raster = open_raster(data / "landcover_global/mcd12c1_2019_igbp_guangdong_bbox.tif", crs="EPSG:4326")
    cover = forest_cover(raster, study.bring(county), definition="igbp-forest", system="igbp")
    assert "F-RASTER-01" in [finding.code for finding in cover.findings]
    assert cover.share < 0.06  # 43 % on the ground


def stands_with(*canopies: object) -> gpd.GeoDataFrame:
    """Stands of arbour forest, each a tenth of the county, with canopy closures as an inventory writes them."""
    rows = [strip("乔木林", 1000 * i, 1000 * i + 1000, canopy=canopy) for i, canopy in enumerate(canopies)]
    return gpd.GeoDataFrame(rows, crs=4547)


@pytest.mark.parametrize(
    ("canopies", "least", "most"),
    [
        ((0.5, 0.1), 0.10, 0.10),
        (("50%", "10％"), 0.10, 0.10),
        ((50, 10), 0.10, 0.10),
        (("50%", "0.1"), 0.10, 0.10),
        ((0.5, None), 0.10, 0.20),
        (("0.5", "五成"), 0.10, 0.20),
        (("0.5", "74%%"), 0.10, 0.20),
        (("0.5", "-0.3", "130%"), 0.10, 0.30),
        (("五成", "六成"), 0.00, 0.20),
    ],
)
def test_canopy_closure_is_read_or_leaves_the_share_open(canopies, least, most):
    cover = forest_cover(stands_with(*canopies), COUNTY, definition="statutory", system="forestry")
    assert (cover.share, cover.share_most) == pytest.approx((least, most))
    assert ("F-DATA-46" in [finding.code for finding in cover.findings]) == (most > least)


@pytest.mark.parametrize("canopies", [(0.5, 50), (7, 2), (1, 80), (50, 120)])
def test_canopy_closures_of_two_scales_are_refused(canopies):
    with pytest.raises(DataError, match="E-DATA-16"):
        forest_cover(stands_with(*canopies), COUNTY, definition="statutory", system="forestry")


def test_what_stands_in_the_canopy_column_is_told():
    cover = forest_cover(stands_with("0.5", "五成", None), COUNTY, definition="statutory", system="forestry")
    told = {finding.code: finding for finding in cover.findings}
    assert (told["F-DATA-44"].features, told["F-DATA-45"].features) == (("1",), ("2",))
    assert "1000.0000" in told["F-DATA-44"].text
    assert "五成" in told["F-DATA-44"].text
    percent = forest_cover(stands_with(50, 10), COUNTY, definition="statutory", system="forestry")
    assert [finding.code for finding in percent.findings] == ["F-DATA-43"]
