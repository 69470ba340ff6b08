"""Old datums, by the user's own parameters only."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from geopandas import GeoDataFrame
from pyproj import CRS, Transformer
from shapely.geometry import Point, box

from ecospace.crs import brought
from ecospace.errors import CRSError, ReadError
from ecospace.layers.datum import Helmert, shift_datum

#: The size of real parameters; not those of any place.
SEVEN = [-12.3, 108.6, 61.9, 0.8, -1.1, 2.3, -4.5]
XIAN, CGCS = (6378140.0, 1 / 298.257), (6378137.0, 1 / 298.257222101)
KRASSOVSKY = (6378245.0, 1 / 298.3)


def geocentric(lon: float, lat: float, ellipsoid: tuple[float, float]) -> np.ndarray:
    a, f = ellipsoid
    e2 = f * (2 - f)
    b, turn = math.radians(lat), math.radians(lon)
    n = a / math.sqrt(1 - e2 * math.sin(b) ** 2)
    return np.array([n * math.cos(b) * math.cos(turn), n * math.cos(b) * math.sin(turn), n * (1 - e2) * math.sin(b)])


def geodetic(xyz: np.ndarray, ellipsoid: tuple[float, float]) -> tuple[float, float]:
    a, f = ellipsoid
    e2 = f * (2 - f)
    p = math.hypot(xyz[0], xyz[1])
    b = math.atan2(xyz[2], p * (1 - e2))
    for _round in range(20):
        n = a / math.sqrt(1 - e2 * math.sin(b) ** 2)
        b = math.atan2(xyz[2] + n * e2 * math.sin(b), p)
    return math.degrees(math.atan2(xyz[1], xyz[0])), math.degrees(b)


def by_hand(lon: float, lat: float, source: tuple[float, float], seven: list[float]) -> tuple[float, float]:
    """布尔沙: X₂ = T + (1+k)·[[1, εz, -εy], [-εz, 1, εx], [εy, -εx, 1]]·X₁"""
    ex, ey, ez = (math.radians(angle / 3600) for angle in seven[3:6])
    rotation = np.array([[1, ez, -ey], [-ez, 1, ex], [ey, -ex, 1]])
    moved = np.array(seven[:3]) + (1 + seven[6] * 1e-6) * rotation @ geocentric(lon, lat, source)
    return geodetic(moved, CGCS)


@pytest.mark.parametrize(("code", "ellipsoid"), [(4610, XIAN), (4214, KRASSOVSKY)])
def test_tA08_seven_parameters_against_a_computation_by_hand(code: int, ellipsoid: tuple[float, float]) -> None:
    places = [(112.5, 22.4), (113.7, 23.0), (116.4, 39.9), (87.6, 43.8)]
    frame = GeoDataFrame(geometry=[Point(place) for place in places], crs=code)
    moved = shift_datum(frame, Helmert.of(SEVEN))
    assert moved.crs.to_epsg() == 4490
    for point, place in zip(moved.geometry, places, strict=True):
        lon, lat = by_hand(*place, ellipsoid, SEVEN)
        assert (point.x, point.y) == pytest.approx((lon, lat), abs=2e-11)  # 2 micrometres


@pytest.mark.parametrize(
    ("source", "target"), [(2362, 4526), (2383, 4547), (2331, 4495), (2342, 4506), (2414, 4526), (2435, 4547)]
)
def test_a_plane_layer_stays_in_its_zone(source: int, target: int) -> None:
    zone = CRS.from_epsg(source)
    lon = next(p.value for p in zone.coordinate_operation.params if p.name == "Longitude of natural origin") + 0.2
    geographic = zone.geodetic_crs
    x, y = Transformer.from_crs(geographic, zone, always_xy=True).transform(lon, 22.5)
    moved = shift_datum(GeoDataFrame(geometry=[Point(x, y)], crs=source), Helmert.of(SEVEN))
    assert moved.crs.to_epsg() == target
    ellipsoid = XIAN if geographic.to_epsg() == 4610 else KRASSOVSKY
    expected = Transformer.from_crs(4490, target, always_xy=True).transform(*by_hand(lon, 22.5, ellipsoid, SEVEN))
    assert moved.geometry.iloc[0].coords[0] == pytest.approx(expected, abs=1e-4)
    (finding,) = moved.attrs["findings"]
    assert finding.code == "F-CRS-26" and "-12.3" in finding.text
    distance = float(np.hypot(moved.geometry.iloc[0].x - x, moved.geometry.iloc[0].y - y))
    assert f"{distance:.3f}" in finding.text


def test_position_vector_is_the_same_with_the_rotations_turned() -> None:
    frame = GeoDataFrame(geometry=[Point(112.5, 22.4)], crs=4610)
    turned = [*SEVEN[:3], *(-angle for angle in SEVEN[3:6]), SEVEN[6]]
    one = shift_datum(frame, Helmert.of(SEVEN)).geometry.iloc[0]
    other = shift_datum(frame, Helmert.of(turned, "position_vector")).geometry.iloc[0]
    wrong = shift_datum(frame, Helmert.of(SEVEN, "position_vector")).geometry.iloc[0]
    assert one.distance(other) < 1e-11
    assert one.distance(wrong) * 111_000 > 1


@pytest.mark.parametrize("code", [4610, 2362, 4214, 2414])
@pytest.mark.parametrize("target", [4490, 4326])
def test_tA08_without_parameters_it_is_refused(code: int, target: int) -> None:
    site = box(112.5, 22.4, 112.51, 22.41)
    frame = GeoDataFrame(geometry=[site], crs=CRS.from_epsg(code).geodetic_crs).to_crs(code)
    with pytest.raises(CRSError, match=r"E-CRS-03.*helmert"):
        brought(frame, CRS.from_epsg(target))


def test_the_advice_works() -> None:
    frame = GeoDataFrame(geometry=[box(112.5, 22.4, 112.51, 22.41)], crs=4610)
    moved = brought(shift_datum(frame, Helmert.of(SEVEN)), CRS.from_epsg(4326))
    assert len(moved) == 1 and moved.crs.to_epsg() == 4326


@pytest.mark.parametrize(
    ("seven", "expected"),
    [
        ([1, 2, 3], "E-CRS-38"),
        ([0] * 7, "E-CRS-38"),
        ([float("nan")] + [1] * 6, "E-CRS-38"),
        ([*SEVEN[:3], *(math.radians(angle) for angle in (800, 900, 1000)), 0], "E-CRS-44"),
        ([12300, 108600, 61900, 0, 0, 0, 0], "E-CRS-44"),  # millimetres
        ([0, 0, 0, 0, 0, 0, -450], "E-CRS-45"),  # scale not in ppm
    ],
)
def test_parameters_in_wrong_units_stop(seven: list[float], expected: str) -> None:
    frame = GeoDataFrame(geometry=[Point(112.5, 22.4)], crs=4610)
    with pytest.raises(CRSError, match=expected):
        shift_datum(frame, Helmert.of(seven))


def test_other_layers_and_missing_grids_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CRSError, match="E-CRS-39"):
        shift_datum(GeoDataFrame(geometry=[Point(112.5, 22.4)], crs=4490), Helmert.of(SEVEN))
    with pytest.raises(ReadError, match="E-READ-74"):
        shift_datum(GeoDataFrame(geometry=[Point(112.5, 22.4)], crs=4610), tmp_path / "none.gsb")
    (tmp_path / "bad.gsb").write_bytes(b"no grid")
    with pytest.raises(ReadError, match="E-READ-74"):
        shift_datum(GeoDataFrame(geometry=[Point(112.5, 22.4)], crs=4610), tmp_path / "bad.gsb")
