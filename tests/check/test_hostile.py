"""Hostile studies: what is misspelt, of another datum, mixed or closed stops with a line to type, and is never clear."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from pyproj import CRS

from ecospace.check.checker import Checker
from ecospace.check.moving import move
from ecospace.check.result import SiteResult
from ecospace.check.site import read_sites, sites_of
from ecospace.check.verdict import Level, Verdict
from ecospace.commands.check import check_files
from ecospace.errors import CRSError, DataError, EcospaceError, StudyError, UsageError
from ecospace.study import open_study
from tests.check.county import CRS_GK, OTHERS, X, Y, box, county, layer, sites

RED, FAR, CLEAR = box(0, 0, 1000, 1000), box(5000, 5000, 6000, 6000), box(3000, 3000, 3100, 3100)


def study(folder: Path, *shapes: object, crs: int = 4547, settings: str = "", check: str = "", area: str = "") -> Path:
    """A study of one red line and nothing else."""
    edge = box(-20_000, -20_000, 20_000, 20_000)
    gpd.GeoDataFrame({"name": ["县"]}, geometry=[edge], crs=CRS_GK).to_file(folder / "boundary.gpkg")
    gpd.GeoDataFrame({"name": ["r"] * len(shapes)}, geometry=list(shapes), crs=crs).to_file(folder / "red.gpkg")
    absent = "none = [" + ", ".join(f'"{role}"' for role in OTHERS) + "]"
    (folder / "study.toml").write_text(
        f'[study]\nboundary = "boundary"\n{area}\n[check]\n{check or absent}\n[layers.boundary]\nrole = "boundary"\n'
        f'path = "boundary.gpkg"\n[layers.red]\nrole = "eco_redline"\npath = "red.gpkg"\n{settings}\n', encoding="utf-8",
    )  # fmt: skip
    return folder


def redline(folder: Path, shape: object = CLEAR) -> Verdict:
    [result] = Checker(open_study(folder)).check(sites(shape))
    [verdict] = [verdict for verdict in result.verdicts if verdict.rule == "avoids_eco_redline"]
    return verdict


def test_without_any_fault_the_site_is_clear(tmp_path: Path) -> None:
    assert redline(study(tmp_path, RED)).level is Level.CLEAR


@pytest.mark.parametrize(
    ("settings", "said"),
    [('valid_to = "长期"', "valid_to = 2030-12-31"), ('valid_to = "2020-1-1"', "valid_to"), ('date = "2018年6月"', "date"),
     ('accuracy_m = "5米"', "accuracy_m = 5"), ("accuracy_m = -5", "accuracy_m = 5"), ("vaild_to = 2020-01-01", "valid_to"),
     ('keeep = { name = "r" }', "keep"), ('far_features = "ok"', "verified"), ("date = 2999-01-01", "--on")],
)  # fmt: skip
def test_a_setting_that_is_not_understood_leaves_nothing_clear(tmp_path: Path, settings: str, said: str) -> None:
    verdict = redline(study(tmp_path, RED, settings=settings))
    assert verdict.level is Level.UNDECIDED
    assert said in verdict.procedure


@pytest.mark.parametrize(
    "check",
    ['none = "eco_redline"', 'none = ["redline"]', 'tolerance = "big"', "tolerance = { area = 1.0 }",
     "tolerance = { area_m2 = -1.0 }", 'tolerance = { width_m = "5" }',
     '[[check.distance]]\nname = "x"\nlayers = "red"', '[[check.distance]]\nname = "x"\nlayers = ["red"]\ndistance_m = "100"',
     '[[check.distance]]\nname = "x"\nlayers = ["red"]\ndistance_m = -100', '[[check.rule]]\nname = "x"\nlayer = "red"\nlevel = "禁止"',
     '[[check.rule]]\nname = "x"\nlayer = "red"\nlevel = "avoid"\nactivities = "road"', "nonne = []"],
)  # fmt: skip
def test_a_table_check_that_is_not_understood_stops(tmp_path: Path, check: str) -> None:
    with pytest.raises(StudyError, match="E-STUDY-50"):
        redline(study(tmp_path, RED, check=check))


@pytest.mark.parametrize("area", ["", 'area = "plane:EPSG:4547"'])
@pytest.mark.parametrize("code", [2383, 4610, 4214])
def test_another_datum_is_never_taken_as_it_is(tmp_path: Path, area: str, code: int) -> None:
    """Xian 1980 and Beijing 1954 lie up to 100 m and more away; PROJ leaves their coordinates as they are."""
    shape = gpd.GeoSeries([RED], crs=2383).to_crs(code).iloc[0]
    folder = study(tmp_path, shape, crs=code, area=area)
    verdict = redline(folder, box(1010, 0, 1100, 100))
    assert verdict.level is Level.UNDECIDED
    assert "helmert" in verdict.procedure
    with pytest.raises(CRSError, match="E-CRS-03"):
        Checker(open_study(study(tmp_path, RED, area=area))).check(sites(shape, crs=CRS.from_epsg(code)))


@pytest.mark.parametrize(
    "mixture",
    [shapely.GeometryCollection([CLEAR, shapely.LineString([(X + 400, Y + 400), (X + 500, Y + 400)])]),
     shapely.GeometryCollection([CLEAR, shapely.Point(X + 400, Y + 400)])],
)  # fmt: skip
def test_a_mixed_site_stops(tmp_path: Path, mixture: shapely.Geometry) -> None:
    frame = gpd.GeoDataFrame({"name": ["甲"]}, geometry=[mixture], crs=CRS_GK)
    with pytest.raises(DataError, match="E-DATA-55"):
        sites_of(frame)
    frame.to_file(tmp_path / "site.gpkg")
    with pytest.raises(DataError, match="E-DATA-55"):
        read_sites(tmp_path / "site.gpkg")


def test_a_closed_line_is_no_corridor() -> None:
    """An outline exported as a line, around a red line that its own corridor never meets."""
    outline = shapely.LineString(box(-10, -10, 1010, 1010).exterior.coords)
    with pytest.raises(UsageError, match="E-USE-54"):
        county(layer([RED])).check(sites(outline, width_m=1))
    first, second = outline.coords[:3], outline.coords[2:]
    [result] = county(layer([RED])).check(sites(shapely.MultiLineString([first, second]), width_m=1))
    assert result.level is Level.CLEAR


@pytest.mark.parametrize("column", ["width_m", "radius_m", "declared_area_m2"])
def test_a_number_in_words_stops(column: str) -> None:
    frame = gpd.GeoDataFrame({column: ["三十"]}, geometry=[CLEAR], crs=CRS_GK)
    with pytest.raises(UsageError, match="E-USE-55"):
        sites_of(frame)


def test_a_day_in_words_stops(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="E-USE-56"):
        check_files([tmp_path / "site.gpkg"], study(tmp_path, RED), on="昨天")


@pytest.mark.parametrize("depth", [1e-6, 1e-5, 1e-4, 1e-3, 1.0])
@pytest.mark.parametrize("drawn", ["line", "end", "point"])
def test_corridors_and_circles_are_good_to_a_micrometre(depth: float, drawn: str) -> None:
    """Their ground is made in the study CRS, and PROJ's way out of an equal-area projection is 1.6 mm off."""
    red = layer([box(0, 0, 2000, 2000)])
    checker = county(red, area="ellipsoid")
    if drawn == "point":
        shape, said = shapely.Point(X - 5, Y + 100), "radius_m"
    else:
        there = (X - 5, Y + 101) if drawn == "line" else (X - 6, Y + 100)
        shape, said = shapely.LineString([(X - 5, Y + 100), there]), "width_m"
    ground = checker.crs.bring(gpd.GeoDataFrame(geometry=[shape], crs=CRS_GK)).geometry.iloc[0]
    edge = checker.crs.bring(gpd.GeoDataFrame(geometry=[box(0, 0, 2000, 2000)], crs=CRS_GK)).geometry.iloc[0]
    reach = shapely.distance(ground, edge) + depth
    twice = 1 if drawn == "point" else 2
    [result] = checker.check(sites(shape, **{said: twice * reach}))  # type: ignore[arg-type]
    assert result.contacts["eco_redline"].relation == "overlap" or (depth < 3e-6 and result.level is Level.TOUCHES)
    assert all(abs(rest) < 1e-5 for rest in result.balance.values())
    [result] = checker.check(sites(shape, **{said: twice * (reach - depth - 2e-4)}))  # type: ignore[arg-type]
    assert result.contacts["eco_redline"].relation == "apart"
    assert result.contacts["eco_redline"].distance_m == pytest.approx(1.5e-4, abs=5.2e-5)


@pytest.mark.parametrize("code", [3035, 4547])
def test_there_and_back_to_a_micrometre(code: int) -> None:
    source, degrees = CRS.from_epsg(code), CRS.from_epsg(4258 if code == 3035 else 4490)
    place = shapely.Point(4_050_000, 3_090_000) if code == 3035 else shapely.Point(X, Y)
    there = move(source, degrees)(np.array([place], dtype=object))
    back = move(degrees, source)(there)
    assert shapely.distance(back[0], place) < 2e-6


def test_every_message_has_a_cure(tmp_path: Path) -> None:
    """What stops a site or leaves it undecided always says what to do."""
    results: list[SiteResult] = Checker(open_study(study(tmp_path, RED, check="none = []"))).check(sites(CLEAR))
    undecided = [verdict for verdict in results[0].verdicts if verdict.level is Level.UNDECIDED]
    assert len(undecided) > 10
    assert all(verdict.procedure for verdict in undecided)
    with pytest.raises(EcospaceError) as stopped:
        sites_of(gpd.GeoDataFrame({"radius_m": ["x"]}, geometry=[CLEAR], crs=CRS_GK))
    assert stopped.value.cure
