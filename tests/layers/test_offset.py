"""Online maps' offset against a reference boundary."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from geopandas import GeoDataFrame
from shapely.geometry import Polygon, box

from ecospace.errors import CRSError
from ecospace.layers.offset import bd09, find_offset, gcj02


def shifted(frame: GeoDataFrame, how: object) -> GeoDataFrame:
    return frame.set_geometry(
        shapely.transform(frame.geometry.to_numpy(), lambda p: np.column_stack(how(p[:, 0], p[:, 1])))
    )  # type: ignore[operator]


def county(longitude: float = 112.5, latitude: float = 22.4) -> GeoDataFrame:
    rough = np.random.default_rng(1).uniform(0.15, 0.25, 180)
    angles = np.linspace(0, 2 * np.pi, 180, endpoint=False)
    ring = np.column_stack([longitude + rough * np.cos(angles), latitude + rough * np.sin(angles)])
    return GeoDataFrame(geometry=[Polygon(ring)], crs=4490)


@pytest.mark.parametrize(
    ("longitude", "latitude", "gcj_m", "bd_m"),
    [(113.75, 23.05, 611, 1257), (116.40, 39.90, 556, 1379), (104.07, 30.57, 360, 950)],
)  # standards.md 2.7: Dongguan, Beijing, Chengdu
def test_the_offsets_are_those_of_the_table(longitude: float, latitude: float, gcj_m: float, bd_m: float) -> None:
    from pyproj import Geod

    geod = Geod(ellps="WGS84")
    for shift, expected in ((gcj02, gcj_m), (bd09, bd_m)):
        *_azimuths, distance = geod.inv(longitude, latitude, *map(float, shift(longitude, latitude)))
        assert distance == pytest.approx(expected, abs=15)


@pytest.mark.parametrize(("how", "system"), [(gcj02, "GCJ-02"), (bd09, "BD-09")])
@pytest.mark.parametrize(("longitude", "latitude"), [(112.5, 22.4), (116.4, 39.9), (87.6, 43.8)])
def test_tA07_a_shifted_outline_is_recognised(how: object, system: str, longitude: float, latitude: float) -> None:
    reference = county(longitude, latitude)
    found = find_offset(shifted(reference, how), reference)
    assert found.system == system
    assert found.distance_m == pytest.approx(found.expected_m, rel=0.12)  # it varies across a county
    assert found.overlap_moved > 0.98 > found.overlap
    assert found.finding is not None and found.finding.level == "error"


def test_tA07_an_outline_in_its_place_is_not_suspected() -> None:
    reference = county()
    assert find_offset(reference, reference).finding is None
    coarse = reference.set_geometry(reference.simplify(0.005))
    assert find_offset(coarse, reference).finding is None
    # 100 m off, as Xian 80 read as CGCS2000 is: measured, but not an online map.
    moved = reference.set_geometry(reference.translate(0.001, 0))
    found = find_offset(moved, reference)
    assert found.system == "" and found.distance_m == pytest.approx(103, abs=3)


def test_tA07_a_layer_inside_is_judged_by_what_reaches_out() -> None:
    reference = county()
    inside = reference.set_geometry(reference.intersection(box(112.4, 22.0, 113.0, 22.35)))
    assert find_offset(inside, reference).overlap < 0.5
    assert find_offset(inside, reference).finding is None
    found = find_offset(shifted(inside, gcj02), reference)
    assert found.system == "GCJ-02" and found.finding is not None


def test_tA01_without_a_crs_nothing_is_compared() -> None:
    with pytest.raises(CRSError, match="E-CRS-01"):
        find_offset(county().set_crs(None, allow_override=True), county())


@pytest.fixture(scope="module")
def kaiping(data: Path) -> GeoDataFrame:
    districts = gpd.read_file(data / "guangdong_admin" / "guangdong_tianditu_cgcs2000.gpkg", layer="district")
    return districts[districts["name"] == "开平市"]


@pytest.mark.data
def test_tA07_amap_kaiping_in_gcj02_is_612_m_off_and_in_wgs84_is_not(data: Path, kaiping: GeoDataFrame) -> None:
    folder = data / "guangdong_admin"
    read = {name: gpd.read_file(folder / f"guangdong_amap_{name}.gpkg", layer="county") for name in ("gcj02", "wgs84")}
    layers = {name: frame[frame["district"] == "开平市"] for name, frame in read.items()}
    assert layers["gcj02"].crs is None
    shifted_layer = find_offset(layers["gcj02"].set_crs(4326), kaiping)
    assert shifted_layer.system == "GCJ-02"
    assert shifted_layer.distance_m == pytest.approx(612, abs=15)  # DATA.md: 599 to 623, mean 612
    assert (shifted_layer.overlap, shifted_layer.overlap_moved) == pytest.approx((0.9179, 0.9759), abs=5e-4)
    right = find_offset(layers["wgs84"], kaiping)
    assert right.system == "" and right.finding is None and right.distance_m < 50
    assert right.overlap == pytest.approx(0.9759, abs=5e-4)
