"""Sites as surveyors send them: TXT in both encodings, holes and parts, lines and points, tables of many."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely

from ecospace.check.checker import Checker, check_site, check_sites
from ecospace.check.result import SiteResult
from ecospace.check.site import read_sites, sites_of
from ecospace.check.verdict import Level
from ecospace.errors import DataError, UsageError
from tests.check.county import CRS_GK, X, Y, box, county, layer, sites, star
from tests.parcel_texts import DK001, DK002, HEADER

TWO_PLOTS = HEADER + DK001 + DK002


def place(epsg: int, west: float, south: float, east: float, north: float, area: str = "ellipsoid") -> Checker:
    """A county around coordinates of a zone, with a red line over all of it."""
    ground = shapely.box(west, south, east, north)
    edge = layer([ground.buffer(20_000)], "boundary", crs=epsg)
    red = layer([ground], crs=epsg)
    made = county(red, area=area)
    made.study._layers["boundary"] = edge
    return made


@pytest.mark.parametrize("name", ["parcel_pengbu_utf8.txt", "parcel_pengbu_gb18030_crlf.txt"])
def test_the_real_parcel_in_both_encodings(data: Path, name: str) -> None:
    [site] = read_sites(data / "formats" / name, activity="housing")
    assert "彭埠" in site.label
    assert site.declared_area_m2 == pytest.approx(57_089)
    west, south, east, north = site.shape.bounds
    # A red line that takes the east half.
    checker = place(4528, (west + east) / 2, south - 100, east + 500, north + 100)
    [result] = checker.check([site])
    assert result.area_m2 == pytest.approx(57_088.89, abs=0.02)  # geodesic; 57 089.50 in the plane of zone 40
    assert abs(result.area_m2 - 57_089) / 57_089 < 1e-4
    assert result.level is Level.PROHIBITED
    inside = result.contacts["eco_redline"].area_m2
    half = site.shape.intersection(shapely.box((west + east) / 2, south, east, north)).area
    assert inside == pytest.approx(half, rel=2e-5)


def test_hole_and_two_parts_exactly(tmp_path: Path) -> None:
    file = tmp_path / "地块.txt"
    file.write_bytes(TWO_PLOTS.replace("\n", "\r\n").encode("gb18030"))
    one, two = read_sites(file)
    checker = place(4526, 38_460_150, 2_559_000, 38_470_000, 2_559_850)
    first, second = checker.check([one, two])
    assert first.area_m2 == pytest.approx(109_995.70, abs=0.005)
    assert second.area_m2 == pytest.approx(17_499.33, abs=0.005)
    assert (one.declared_area_m2, two.declared_area_m2) == (pytest.approx(109_996), pytest.approx(17_499))
    # The red line from E 150 and below N 850 takes 250 × 150 of the plot less 50 × 50 of its hole; all of the other plot.
    assert first.contacts["eco_redline"].area_m2 == pytest.approx(
        (250 * 150 - 50 * 50) * 109_995.70 / 110_000, rel=1e-6
    )
    assert second.contacts["eco_redline"].area_m2 == pytest.approx(second.area_m2, rel=1e-12)


def test_lines_take_their_corridor_points_their_circle() -> None:
    checker = county(layer([box(0, 0, 1000, 1000)]))
    line = shapely.LineString([(X - 500, Y + 500), (X + 500, Y + 500)])
    point = shapely.Point(X + 500, Y + 500)
    with pytest.raises(UsageError, match="--width"):
        checker.check(sites(line))
    with pytest.raises(UsageError, match="--radius"):
        checker.check(sites(point))
    [result] = checker.check(sites(line, width_m=30))
    assert result.contacts["eco_redline"].area_m2 == pytest.approx(500 * 30 + 3.14159 / 2 * 15**2, rel=1e-3)
    [result] = checker.check(sites(point, radius_m=50))
    assert result.area_m2 == pytest.approx(3.14159 * 50**2, rel=1e-3)


def test_points_without_extent_are_in_or_out() -> None:
    checker = county(layer([box(0, 0, 1000, 1000)]))
    inside, edge, outside = (shapely.Point(X + east, Y + 5) for east in (1, 1000, 1001))
    found = checker.check(sites(inside, edge, outside, radius_m=0))
    assert [result.contacts["eco_redline"].relation for result in found] == ["overlap", "touch", "apart"]
    assert [result.level for result in found] == [Level.PROHIBITED, Level.TOUCHES, Level.CLEAR]


def test_points_without_extent_are_in_or_out_in_another_zone_too() -> None:
    # Found by a newcomer: what has no width is not thin, and a point in the middle of a red line was a mere touch.
    checker = county(layer([box(0, 0, 1000, 1000)]))
    points = gpd.GeoSeries([shapely.Point(X + east, Y + 5) for east in (500, 1001)], crs=CRS_GK).to_crs(4526)
    found = checker.check(sites(*points, crs=points.crs, radius_m=0))
    assert [result.contacts["eco_redline"].relation for result in found] == ["overlap", "apart"]
    assert [result.level for result in found] == [Level.PROHIBITED, Level.CLEAR]


def test_a_point_lies_in_its_unit() -> None:
    unit = layer([box(0, 0, 1000, 1000)], "control_unit", name=["甲单元"], grade=["重点管控单元"])
    [result] = county(unit).check(sites(shapely.Point(X + 5, Y + 5), radius_m=0))
    assert "位于环境管控单元（重点管控单元）“甲单元”" in result.sentence
    assert "未涉及环境管控单元" not in result.sentence


def test_a_batch_says_for_each_what_it_is() -> None:
    frame = gpd.GeoDataFrame(
        {"name": ["甲", "乙"], "activity": ["limited-6", None], "polluting": ["否", "是"], "业主": ["=1+1", "某公司"]},
        geometry=[box(0, 0, 10, 10), box(20, 0, 30, 10)], crs=CRS_GK,
    )  # fmt: skip
    one, two = sites_of(frame, activity="industry")
    assert (one.activity.code, two.activity.code) == ("limited-6", "industry")
    assert (one.polluting, two.polluting) == (False, True)
    assert one.attributes["业主"] == "=1+1"
    levels = [result.level for result in county(layer([box(0, 0, 100, 100)])).check([one, two])]
    assert levels == [Level.RESTRICTED, Level.PROHIBITED]


def test_check_site_and_check_sites_take_frames_and_files(tmp_path: Path) -> None:
    checker = county(layer([box(0, 0, 1000, 1000)]))
    frame = gpd.GeoDataFrame({"name": ["甲"]}, geometry=[box(0, 0, 10, 10)], crs=CRS_GK)
    result = check_site(frame, checker.study)
    assert isinstance(result, SiteResult)
    frame.to_file(tmp_path / "甲.gpkg", engine="pyogrio")
    [again] = check_sites(tmp_path / "甲.gpkg", checker.study)
    assert again.contacts["eco_redline"].area_m2 == pytest.approx(100)
    assert again.level is result.level is Level.PROHIBITED


def test_sites_that_cannot_be_judged_stop() -> None:
    bow = shapely.Polygon([(X, Y), (X + 10, Y + 10), (X + 10, Y), (X, Y + 10)])
    with pytest.raises(DataError, match="E-DATA-53"):
        sites(bow)
    with pytest.raises(DataError, match="E-DATA-52"):
        sites(shapely.Polygon())
    with pytest.raises(DataError, match="E-DATA-51"):
        sites_of(gpd.GeoDataFrame(geometry=[box(0, 0, 1, 1)]))
    with pytest.raises(UsageError, match="E-USE-52"):
        sites(box(0, 0, 1, 1), polluting="perhaps")


def test_a_batch_in_two_threads_says_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(3)
    shapes = [star(random, *random.uniform(0, 5_000, 2), 120.0, 12) for _ in range(150)]
    layers = [
        layer([star(random, *random.uniform(0, 5_000, 2), 600.0, 300) for _ in range(12)], role)
        for role in ("eco_redline", "farmland", "public_forest")
    ]
    alone = county(*layers).check(sites(*shapes))
    monkeypatch.setattr("ecospace.check.checker.THREADED", 100)
    for _ in range(5):
        together = county(*layers).check(sites(*shapes))
        assert [result.as_dict() for result in together] == [result.as_dict() for result in alone]


def test_the_pieces_drawn_lie_where_the_corners_are_to_a_micrometre() -> None:
    checker = county(layer([box(0, 0, 1000, 1000)]), area="ellipsoid")
    [result] = checker.check(sites(box(900, 900, 1100, 1100)))
    pieces = result.pieces().to_crs(CRS_GK)
    [piece] = pieces[pieces["layer"] == "eco_redline"].geometry
    assert shapely.hausdorff_distance(piece, box(900, 900, 1000, 1000)) < 5e-6
