"""The study CRS: an area means the same by four independent ways; a CRS that is not known is refused."""

import geopandas as gpd
import numpy as np
import pyproj
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import CRS
from shapely import Polygon, box

from ecospace.crs import (
    StudyCRS,
    brought,
    densified,
    gauss_zone,
    geodesic_area,
    is_study_crs,
    require_metric,
    require_same_crs,
)
from ecospace.errors import CRSError, GeometryError
from tests.official_series import ring_area, trapezoid

# standards.md 7.1: X north, Y east with zone prefix.
PARCEL = [
    (2563020.456, 38453210.123),
    (2563512.902, 38455480.771),
    (2562077.615, 38456105.338),
    (2560654.001, 38455002.447),
    (2561203.874, 38453998.219),
    (2560990.332, 38452870.905),
]


def parcel() -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(geometry=[Polygon([(y, x) for x, y in PARCEL])], crs=4526)


def test_worked_parcel_by_three_ways():
    frame = parcel()
    study = StudyCRS.for_boundary(frame)
    assert study.bring(frame).area.sum() == pytest.approx(6_167_272.5109, abs=0.01)
    assert geodesic_area(frame.geometry.iloc[0], frame.crs) == pytest.approx(6_167_272.5109, abs=0.01)
    dense = shapely.segmentize(frame.geometry.iloc[0], 70)
    lon, lat = pyproj.Transformer.from_crs(4526, 4490, always_xy=True).transform(*shapely.get_coordinates(dense).T)
    assert ring_area(np.array(lon), np.array(lat)) == pytest.approx(6_167_272.5110, abs=0.01)


@pytest.mark.parametrize(
    ("east", "north", "width", "height", "plane", "ellipsoid"),
    [
        (38480000, 2550000, 1000, 500, 500_000.0, 499_995.3036),
        (38640000, 2550000, 1000, 500, 500_000.0, 499_756.3193),
        (38440000, 2530000, 30_000, 30_000, 900_000_000.0, 899_953_324.86),
        (38440000, 4430000, 30_000, 30_000, 900_000_000.0, 899_953_489.14),
    ],
)
def test_worked_rectangles(east, north, width, height, plane, ellipsoid):
    frame = gpd.GeoDataFrame(geometry=[box(east, north, east + width, north + height)], crs=4526)
    assert StudyCRS.for_boundary(frame).bring(frame).area.sum() == pytest.approx(ellipsoid, abs=0.01)
    assert StudyCRS.for_boundary(frame, "plane:EPSG:4526").bring(frame).area.sum() == pytest.approx(plane, abs=1e-4)


def test_trapezoid_of_a_map_sheet():
    """3′45″ × 2′30″ with its south edge at 23°N: 29 562 612.16 m² (standards.md 7.1)."""
    assert trapezoid(np.radians(23), np.radians(23 + 2.5 / 60), np.radians(3.75 / 60)) == pytest.approx(
        29_562_612.1622, abs=1e-3
    )
    sheet = gpd.GeoDataFrame(geometry=[box(113, 23, 113 + 3.75 / 60, 23 + 2.5 / 60)], crs=4490)
    assert StudyCRS.for_boundary(sheet).bring(sheet).area.sum() == pytest.approx(29_562_612.1622, abs=0.01)


def test_inverse_projection_check_point():
    lon, lat = pyproj.Transformer.from_crs(4526, 4490, always_xy=True).transform(38453210.123, 2563020.456)
    assert (lat, lon) == (pytest.approx(23.1662327642, abs=1e-9), pytest.approx(113.5430556369, abs=1e-9))


@given(
    lon=st.floats(76, 134),
    lat=st.floats(4, 52),
    width=st.floats(0.001, 0.6),
    height=st.floats(0.001, 0.6),
)
@settings(max_examples=40, deadline=None, derandomize=True)
def test_area_is_the_official_one_everywhere_in_china(lon, lat, width, height):
    frame = gpd.GeoDataFrame(geometry=[box(lon, lat, lon + width, lat + height)], crs=4490)
    official = trapezoid(np.radians(lat), np.radians(lat + height), np.radians(width))
    assert StudyCRS.for_boundary(frame).bring(frame).area.sum() == pytest.approx(official, rel=1e-9)


@pytest.mark.parametrize("place", ["开平市", "东莞市", "连州市"])
def test_real_boundaries(data, place):
    counties = gpd.read_file(data / "guangdong_admin/guangdong_amap_wgs84.gpkg", layer="county")
    column = next(name for name in counties if (counties[name].astype(str) == place).any())
    county = counties[counties[column] == place]
    area = StudyCRS.for_boundary(county).bring(county).area.sum()
    assert area == pytest.approx(geodesic_area(county.geometry.iloc[0], county.crs), rel=1e-9)
    assert area / 1e6 == pytest.approx({"开平市": 1656.997, "东莞市": 2460.347, "连州市": 2667.708}[place], abs=0.002)


def test_a_whole_province(data):
    province = gpd.read_file(data / "guangdong_admin/guangdong_amap_wgs84.gpkg", layer="province")
    area = StudyCRS.for_boundary(province).bring(province).area.sum()
    assert area == pytest.approx(sum(geodesic_area(shape, province.crs) for shape in province.geometry), rel=1e-9)


def test_the_centre_is_rounded_so_that_a_redrawn_boundary_does_not_move_it():
    one = gpd.GeoDataFrame(geometry=[box(112.3, 22.1, 112.8, 22.6)], crs=4490)
    redrawn = gpd.GeoDataFrame(geometry=[box(112.301, 22.101, 112.8, 22.6)], crs=4490)
    assert StudyCRS.for_boundary(one).crs == StudyCRS.for_boundary(redrawn).crs
    assert is_study_crs(StudyCRS.for_boundary(one).crs)
    assert not is_study_crs(CRS.from_epsg(4490))


@pytest.mark.parametrize("code", [4610, 4214, 2362, 2414])
def test_tA08_beijing_54_and_xian_80_are_refused(code):
    study = StudyCRS.for_boundary(gpd.GeoDataFrame(geometry=[box(112, 22, 113, 23)], crs=4490))
    shape = box(113, 22.5, 113.1, 22.6)
    degrees = gpd.GeoDataFrame(geometry=[shape], crs=CRS.from_epsg(code).geodetic_crs)
    with pytest.raises(CRSError, match="E-CRS-03"):
        study.bring(degrees)


def test_a_listed_datum_pair_is_used_and_said():
    study = StudyCRS.for_boundary(gpd.GeoDataFrame(geometry=[box(112, 22, 113, 23)], crs=4490))
    moved = study.bring(gpd.GeoDataFrame(geometry=[box(112, 22, 113, 23)], crs=4326))
    assert [finding.code for finding in moved.attrs["findings"]] == ["F-CRS-01"]
    assert "1.0" in moved.attrs["findings"][0].text


def test_tA01_no_crs_is_never_assumed():
    study = StudyCRS.for_boundary(parcel())
    with pytest.raises(CRSError, match="E-CRS-01"):
        study.bring(gpd.GeoDataFrame(geometry=[box(0, 0, 1, 1)]))


def test_degrees_are_refused_and_the_advice_works():
    frame = gpd.GeoDataFrame(geometry=[box(112, 22, 112.01, 22.01)], crs=4490)
    with pytest.raises(CRSError, match="E-CRS-05") as refused:
        require_same_crs(frame, frame)
    assert "study.crs.bring" in refused.value.cure
    study = StudyCRS.for_boundary(frame)
    require_same_crs(study.bring(frame), study.bring(frame))


def test_tA10_web_mercator_is_refused():
    with pytest.raises(CRSError, match="E-CRS-05"):
        require_metric(gpd.GeoDataFrame(geometry=[box(0, 0, 1, 1)], crs=3857))


def test_two_crs_are_refused():
    with pytest.raises(CRSError, match="E-CRS-02"):
        require_same_crs(
            gpd.GeoDataFrame(geometry=[box(0, 0, 1, 1)], crs=4547),
            gpd.GeoDataFrame(geometry=[box(0, 0, 1, 1)], crs=4546),
        )


@pytest.mark.parametrize(
    ("shape", "code"),
    [
        (box(38500000, 2500000, 38501000, 2501000), 4547),  # tA05: zone prefix in the CRS without
        (box(500000, 2500000, 501000, 2501000), 4490),  # tA02: metres as degrees
        (box(22.5, 113.0, 22.6, 113.1), 4490),  # tA03: latitude first
        (box(500000, 2500000, 501000, 2501000), 4526),  # no prefix in the CRS with one
    ],
)
def test_coordinates_that_cannot_be_in_their_crs(shape, code):
    study = StudyCRS.for_boundary(gpd.GeoDataFrame(geometry=[box(113, 22, 115, 23)], crs=4490))
    with pytest.raises(CRSError, match="E-CRS-04"):
        study.bring(gpd.GeoDataFrame(geometry=[shape], crs=code))


def test_tA11_a_long_edge_bends_as_it_does_on_the_ground():
    """A 60 km edge moved by its ends alone is 31.8 m off; the middle of ours is where the edge's middle goes."""
    line = shapely.LineString([(38440000, 2530000), (38500000, 2530000)])
    frame = gpd.GeoDataFrame(geometry=[line.buffer(11, cap_style="flat")], crs=4526)
    study = StudyCRS.for_boundary(frame)
    middle = pyproj.Transformer.from_crs(4526, study.crs, always_xy=True).transform(38470000, 2530000)
    assert study.bring(frame).geometry.iloc[0].distance(shapely.Point(middle)) == 0
    assert study.bring(frame).geometry.iloc[0].boundary.distance(shapely.Point(middle)) == pytest.approx(11, abs=0.01)


def test_edges_are_at_most_50_m():
    for code, shape in ((4490, box(112, 22, 112.02, 22.02)), (4526, box(38440000, 2530000, 38441000, 2531000))):
        dense = densified(np.array([shape], dtype=object), CRS.from_epsg(code))[0]
        xy = shapely.get_coordinates(dense)
        geod = CRS.from_epsg(4490).get_geod()
        lon, lat = pyproj.Transformer.from_crs(code, 4490, always_xy=True).transform(*xy.T)
        assert np.max(geod.line_lengths(lon, lat)) <= 50.05


@given(st.integers(3, 30), st.integers(0, 10_000), st.booleans())
@settings(max_examples=60, deadline=None, derandomize=True)
def test_densifying_keeps_every_vertex_and_the_area(corners, seed, hole):
    random = np.random.default_rng(seed)
    angles = np.sort(random.uniform(0, 2 * np.pi, corners))
    shell = np.column_stack([np.cos(angles), np.sin(angles)]) * random.uniform(500, 4000, (corners, 1)) + [
        38500000,
        2500000,
    ]
    shape = Polygon(shell, [box(38499990, 2499990, 38500010, 2500010).exterior] if hole else [])
    if not shape.is_valid:
        return
    many = np.array(
        [shape, shapely.MultiPolygon([shape, shapely.transform(shape, lambda xy: xy + 20_000)]), shape.exterior],
        dtype=object,
    )
    for before, after in zip(many, densified(many, CRS.from_epsg(4526)), strict=True):
        vertices = {tuple(xy) for xy in shapely.get_coordinates(after)}
        assert vertices >= {tuple(xy) for xy in shapely.get_coordinates(before)}
        assert after.area == pytest.approx(before.area, rel=1e-12)
        assert after.geom_type == before.geom_type or before.geom_type == "LinearRing"
        assert shapely.get_num_interior_rings(shapely.get_geometry(after, 0)) == shapely.get_num_interior_rings(
            shapely.get_geometry(before, 0)
        )


def test_tB22_what_a_transform_breaks_is_repaired_and_said():
    """A spike of a tenth of a micrometre that degrees cannot hold becomes invalid; its area stays."""
    shape = Polygon(
        [
            (38500000, 2500000),
            (38500100, 2500000),
            (38500100, 2500100),
            (38500000.0000001, 2500000.0000001),
            (38500000, 2500100),
        ]
    )
    frame = gpd.GeoDataFrame(geometry=[shape], index=["F1"], crs=4526)
    if not shape.is_valid:
        frame = frame.set_geometry(frame.geometry.make_valid(method="structure"))
    moved = StudyCRS.for_boundary(frame).bring(frame)
    assert moved.is_valid.all()
    assert moved.area.sum() == pytest.approx(shape.area, rel=1e-4)


def test_a_bow_tie_is_not_mended_by_a_transform():
    """shapely.segmentize would: it gives a valid shape with one lobe of two, without a word."""
    frame = gpd.GeoDataFrame(
        geometry=[Polygon([(38500000, 2500000), (38500100, 2500100), (38500100, 2500000), (38500000, 2500100)])],
        index=["bow"],
        crs=4526,
    )
    with pytest.raises(GeometryError, match="E-GEO-02") as refused:
        StudyCRS.for_boundary(parcel()).bring(frame)
    assert refused.value.features == ("bow",)


def test_plane_by_central_meridian_and_by_code():
    assert StudyCRS.for_boundary(parcel(), "plane:114").crs.to_epsg() == 4547
    assert StudyCRS.for_boundary(parcel(), "plane:EPSG:3826").crs.to_epsg() == 3826
    for wrong in ("plane:113", "sphere", "plane:EPSG:4490"):
        with pytest.raises(CRSError):
            StudyCRS.for_boundary(parcel(), wrong)


def test_zone_numbers():
    assert [gauss_zone(cm).to_epsg() for cm in (75, 111, 114, 135)] == [4534, 4546, 4547, 4554]
    assert [gauss_zone(cm, prefixed=True).to_epsg() for cm in (75, 114, 135)] == [4513, 4526, 4533]


def test_there_and_back_again_to_a_micrometre():
    """PROJ's own way back from the equal-area plane is 1.6 mm off."""
    county = gpd.GeoDataFrame(geometry=[box(112.2, 21.9, 112.9, 22.7)], crs=4490)
    study = StudyCRS.for_boundary(county)
    there = study.bring(county)
    back = shapely.get_coordinates(brought(there, CRS.from_epsg(4490)).geometry.to_numpy())
    dense = shapely.get_coordinates(densified(county.geometry.to_numpy(), county.crs))
    nearest = shapely.distance(shapely.points(dense), shapely.multipoints(back))
    assert nearest.max() * 111_000 < 1e-6
