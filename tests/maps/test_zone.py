"""The plane of a figure."""

from __future__ import annotations

import math

import geopandas as gpd
import pytest
from shapely import Polygon, box

from ecospace.maps.scale import usual_scale
from ecospace.maps.zone import drawing_zone, drawn, within
from tests.maps.county import boundary, frame


def at(longitude: float, latitude: float, crs: str = "EPSG:4490") -> gpd.GeoDataFrame:
    return frame([box(longitude - 0.1, latitude - 0.1, longitude + 0.1, latitude + 0.1)], crs=crs)


@pytest.mark.parametrize(
    ("longitude", "zone", "epsg"), [(113.7, 38, 4547), (112.4, 37, 4546), (112.6, 38, 4547), (87.6, 29, 4538)]
)
def test_the_zone_of_the_centre(longitude: float, zone: int, epsg: int) -> None:
    chosen = drawing_zone(at(longitude, 30))
    assert (chosen.number, chosen.crs.to_epsg()) == (zone, epsg)


def test_convergence_follows_its_formula() -> None:
    # γ ≈ (L − L0) sin B: at 113°E, 22.5°N in zone 38: −1° × 0.3827 = −0.3827°, grid north to the west of true north.
    zone = drawing_zone(at(114, 22.5))
    east, north = zone.from_degrees.transform(113.0, 22.5)
    assert zone.convergence_deg(east, north) == pytest.approx(-math.sin(math.radians(22.5)), abs=2e-4)
    assert zone.convergence_deg(500_000, north) == pytest.approx(0, abs=1e-6)


def test_wgs84_data_in_china_are_drawn_in_cgcs2000() -> None:
    zone = drawing_zone(at(113.7, 23, crs="EPSG:4326"))
    assert zone.crs.to_epsg() == 4547


def test_outside_china_the_datum_stays() -> None:
    zone = drawing_zone(at(6.1, 50.8, crs="EPSG:4258"))
    assert zone.number is None
    assert zone.crs.geodetic_crs.name == "ETRS89"
    assert "6°E" in zone.describe()


def test_paper_cannot_show_what_simplifying_leaves_out() -> None:
    ring = boundary().geometry.iloc[0].segmentize(100)
    zone = drawing_zone(boundary())
    thin = drawn(frame([ring]), zone, 100_000)
    # 0.01 mm at 1:100 000 is one metre.
    assert thin.geometry.iloc[0].hausdorff_distance(ring) <= 1.0
    assert len(thin.geometry.iloc[0].exterior.coords) < 10


def test_within_cuts_and_keeps_what_is_needed() -> None:
    bowl = Polygon([(0, 0), (10, 0), (10, 10), (0, 10)])
    parts = frame([bowl, box(100, 100, 101, 101), box(1, 1, 2, 2)])
    cut = within(parts, (0, 0, 5, 5))
    assert cut.geometry.area.tolist() == [25, 1]


def test_worked_scales_of_the_standards() -> None:
    # standards.md 5.1: a town of 20 × 15 km takes 1:75 000, a site of 5 × 4 km 1:20 000 in 380 × 240 mm.
    assert usual_scale(20_000, 15_000, 380, 240) == 75_000
    assert usual_scale(5_000, 4_000, 380, 240) == 20_000
