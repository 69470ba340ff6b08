"""Features digitised in the neighbouring zone: a site on their true ground is never called clear (离群图斑)."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pytest
import shapely
from pyproj import CRS
from shapely import affinity

from ecospace.check.checker import Checker
from ecospace.check.result import SiteResult
from ecospace.check.verdict import Level, Verdict
from ecospace.layers.inspect import inspect
from ecospace.study import open_study
from tests.check.county import sites

#: The study area in degrees: 开平. Its numbers in the zone of 114°E are those of a place in 广西 in the zone of 111°E.
COUNTY = shapely.box(112.2, 22.1, 112.7, 22.6)


def there(west: float, south: float, epsg: int, size: float = 0.02) -> shapely.Geometry:
    """A square by its south-west corner in degrees, in a CRS."""
    shape = shapely.segmentize(shapely.box(west, south, west + size, south + size), 0.001)
    return gpd.GeoSeries([shape], crs=4490).to_crs(epsg).iloc[0]


def study(folder: Path, *shapes: shapely.Geometry, crs: int = 4546, settings: str = "", suffix: str = "gpkg") -> Path:
    """A study folder whose red line has some shapes, as numbers, in a CRS."""
    edge = gpd.GeoDataFrame({"name": ["县"]}, geometry=[COUNTY], crs=4490)
    edge.to_file(folder / "boundary.gpkg")
    frame = gpd.GeoDataFrame({"name": [f"r{i}" for i in range(len(shapes))]}, geometry=list(shapes), crs=crs)
    frame.to_file(folder / f"redline.{suffix}")
    (folder / "study.toml").write_text(
        '[study]\nboundary = "boundary"\n[layers.boundary]\nrole = "boundary"\npath = "boundary.gpkg"\n'
        f'[layers.redline]\nrole = "eco_redline"\npath = "redline.{suffix}"\n{settings}\n', encoding="utf-8",
    )  # fmt: skip
    return folder


def redline(result: SiteResult) -> Verdict:
    [verdict] = [verdict for verdict in result.verdicts if verdict.rule == "avoids_eco_redline"]
    return verdict


def judged(folder: Path, west: float = 112.5, south: float = 22.3) -> Verdict:
    site = there(west + 0.005, south + 0.005, 4490, 0.005)
    return redline(Checker(open_study(folder)).check(sites(site, crs=CRS.from_epsg(4490)))[0])


RIGHT = there(112.3, 22.4, 4546)


def test_a_feature_of_another_zone_leaves_nothing_clear(tmp_path: Path) -> None:
    folder = study(tmp_path, RIGHT, there(112.5, 22.3, 4547))
    for _first_and_from_the_store in range(2):
        verdict = judged(folder)
        assert verdict.level is Level.UNDECIDED
        assert "按中央子午线 114°" in verdict.text
        assert "1 个图斑（2）" in verdict.text
        assert "far_features" in verdict.procedure
    # What is met is said all the same.
    met = sites(there(112.305, 22.405, 4490, 0.005), crs=CRS.from_epsg(4490))
    assert Checker(open_study(folder)).check(met)[0].level is Level.PROHIBITED


def test_without_strays_the_same_site_is_clear(tmp_path: Path) -> None:
    assert judged(study(tmp_path, RIGHT, there(112.6, 22.3, 4546))).level is Level.CLEAR


def test_the_same_numbers_in_a_zone_with_prefix_and_in_six_degrees(tmp_path: Path) -> None:
    prefixed = affinity.translate(there(112.5, 22.3, 4547), 37_000_000)
    assert judged(study(tmp_path, there(112.3, 22.4, 4525), prefixed, crs=4525)).level is Level.UNDECIDED
    six = there(112.5, 22.3, 4509)  # 117°E, the next zone of six degrees
    assert judged(study(tmp_path, there(112.3, 22.4, 4508), six, crs=4508)).level is Level.UNDECIDED


def test_a_part_of_a_feature_counts_as_a_stray(tmp_path: Path) -> None:
    whole = shapely.MultiPolygon([RIGHT, there(112.5, 22.3, 4547)])
    assert judged(study(tmp_path, whole, there(112.6, 22.5, 4546))).level is Level.UNDECIDED


def test_a_figure_too_many_is_a_stray(tmp_path: Path) -> None:
    north = affinity.translate(there(112.5, 22.3, 4546), 0, 1_000_000)
    verdict = judged(study(tmp_path, RIGHT, north))
    assert verdict.level is Level.UNDECIDED
    assert "南移整 1000 公里" in verdict.text


def test_longitude_and_latitude_of_one_feature_exchanged(tmp_path: Path) -> None:
    # In the west of China both readings are degrees of the map.
    swapped = shapely.transform(there(112.5, 22.3, 4490), lambda xy: xy[:, ::-1])
    assert judged(study(tmp_path, there(112.3, 22.4, 4490), swapped, crs=4490)).level is Level.UNDECIDED


@pytest.mark.parametrize("wrong", ["prefix", "degrees", "swapped", "zero", "million", "two zones on"])
def test_numbers_of_another_kind_name_their_feature(tmp_path: Path, wrong: str) -> None:
    shape = there(112.5, 22.3, 4546)
    odd = {
        "prefix": affinity.translate(shape, 37_000_000),
        "degrees": there(112.5, 22.3, 4490),
        "swapped": shapely.transform(shape, lambda xy: xy[:, ::-1]),
        "zero": affinity.translate(shape, -shape.bounds[0], -shape.bounds[1]),
        "two zones on": there(112.5, 22.3, 4548),
        "million": affinity.translate(shape, 0, 30_000_000),
    }[wrong]
    verdict = judged(study(tmp_path, RIGHT, there(112.4, 22.4, 4546), odd))
    assert verdict.level is Level.UNDECIDED
    assert "（3）" in verdict.text
    assert verdict.procedure


def test_a_layer_that_reaches_far_in_one_piece_is_clear(tmp_path: Path) -> None:
    # A province: reserves every 40 km from the county to 400 km west of it, some exactly where a stray would lie.
    chain = [there(112.4 - 0.35 * step, 22.3, 4546, 0.1) for step in range(12)]
    verdict = judged(study(tmp_path, *chain))
    assert verdict.level is Level.CLEAR
    assert "距研究区" not in verdict.text


def test_a_place_far_away_that_no_reading_explains_is_said(tmp_path: Path) -> None:
    # An island of the same county, 200 km south.
    near = [there(112.3 + 0.03 * i, 22.4, 4546) for i in range(9)]
    verdict = judged(study(tmp_path, *near, there(112.9, 20.0, 4546)))
    assert verdict.level is Level.CLEAR
    assert "1 个图斑（10）距研究区和本图层其余图斑约 2" in verdict.text


def test_an_office_that_looked_may_say_so(tmp_path: Path) -> None:
    folder = study(tmp_path, RIGHT, there(112.5, 22.3, 4547), settings='far_features = "verified"')
    assert judged(folder).level is Level.CLEAR


def test_inspect_says_it(tmp_path: Path) -> None:
    report = inspect(study(tmp_path, RIGHT, there(112.5, 22.3, 4547)))
    [layer] = [layer for layer in report.layers if layer.key == "redline"]
    [finding] = [finding for finding in layer.findings if finding.code == "E-CRS-47"]
    assert finding.features == ("2",)
    assert layer.grade == "error"


def test_a_site_of_another_zone_is_outside_the_study_area(tmp_path: Path) -> None:
    folder = study(tmp_path, RIGHT)
    stray = there(112.505, 22.305, 4547, 0.005)
    [result] = Checker(open_study(folder)).check(sites(stray, crs=CRS.from_epsg(4546)))
    assert {verdict.level for verdict in result.verdicts} == {Level.UNDECIDED}
