"""Attacks on the first rule: a site that touches a red line is never reported as clear, however the data are wrong."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import geopandas as gpd
import pytest
import shapely

from ecospace.check.checker import Checker
from ecospace.check.result import SiteResult
from ecospace.check.verdict import Level, Verdict
from ecospace.errors import UsageError
from ecospace.study import open_study
from tests.check.county import CRS_GK, X, Y, box, county, layer, sites

RED, FAR, SITE = box(0, 0, 1000, 1000), box(5000, 5000, 6000, 6000), box(400, 400, 500, 500)
OUTLINE = shapely.LineString(RED.exterior.coords)


def folder_with(folder: Path, *shapes: object, settings: str = "", more: str = "", crs: object = CRS_GK) -> Path:
    columns = {"name": [f"r{i}" for i in range(len(shapes))], "kind": ["a", "b"][: len(shapes)]}
    gpd.GeoDataFrame(columns, geometry=list(shapes), crs=crs).to_file(folder / "redline.gpkg")
    edge = box(-20_000, -20_000, 20_000, 20_000)
    gpd.GeoDataFrame({"name": ["edge"]}, geometry=[edge], crs=CRS_GK).to_file(folder / "boundary.gpkg")
    (folder / "study.toml").write_text(
        '[study]\nboundary = "boundary"\narea = "plane:EPSG:4547"\n'
        '[layers.boundary]\nrole = "boundary"\npath = "boundary.gpkg"\n'
        f'[layers.redline]\nrole = "eco_redline"\npath = "redline.gpkg"\n{settings}\n{more}',
        encoding="utf-8",
    )
    return folder


def redline(result: SiteResult) -> Verdict:
    [verdict] = [verdict for verdict in result.verdicts if verdict.rule == "avoids_eco_redline"]
    return verdict


def check(folder: Path, site: object = SITE) -> Verdict:
    return redline(Checker(open_study(folder)).check(sites(site))[0])


@pytest.mark.parametrize(
    "shapes",
    [(OUTLINE,), (FAR, OUTLINE), (FAR, shapely.Point(X + 450, Y + 600))],
    ids=["outline", "outline beside polygons", "point"],
)
def test_an_outline_without_ground_is_undecided(tmp_path: Path, shapes: tuple[object, ...]) -> None:
    verdict = check(folder_with(tmp_path, *shapes))
    assert verdict.level is Level.UNDECIDED
    assert "轮廓线" in verdict.text


@pytest.mark.parametrize("shape", [None, shapely.Polygon()], ids=["null", "empty"])
@pytest.mark.parametrize("settings", ["", 'on_error = "leave out"', 'repair = "none"'])
def test_a_shape_that_is_not_there_is_undecided(tmp_path: Path, shape: object, settings: str) -> None:
    assert check(folder_with(tmp_path, shape, FAR, settings=settings)).level is Level.UNDECIDED


@pytest.mark.parametrize("how", ["none", "safe"])
def test_a_bow_tie_is_undecided(tmp_path: Path, how: str) -> None:
    bow_tie = shapely.Polygon([(X, Y), (X + 1000, Y + 1000), (X + 1000, Y), (X, Y + 1000)])
    settings = f'repair = "{how}"\non_error = "leave out"'
    assert (
        check(folder_with(tmp_path, bow_tie, FAR, settings=settings), box(900, 400, 950, 500)).level is Level.UNDECIDED
    )


@pytest.mark.parametrize("both", [True, False])
def test_exchanged_axes_are_undecided(tmp_path: Path, both: bool) -> None:
    def exchanged(shape: object) -> object:
        return shapely.transform(shape, lambda place: place[:, ::-1])

    shapes = (exchanged(RED), exchanged(FAR) if both else FAR)
    assert check(folder_with(tmp_path, *shapes)).level is Level.UNDECIDED


def test_the_label_of_another_zone_is_undecided(tmp_path: Path) -> None:
    assert check(folder_with(tmp_path, RED, FAR, crs="EPSG:4548")).level is Level.UNDECIDED


def test_a_raster_beside_the_polygons_is_undecided(tmp_path: Path) -> None:
    more = '[layers.second]\nrole = "eco_redline"\npath = "second.tif"\n'
    assert check(folder_with(tmp_path, FAR, more=more)).level is Level.UNDECIDED


def test_a_filter_is_said_beside_every_clear_verdict(tmp_path: Path) -> None:
    verdict = check(folder_with(tmp_path, RED, FAR, settings='keep = { kind = "b" }'))
    assert verdict.level is Level.CLEAR
    assert "按筛选条件 kind = b 取 2 个要素中的 1 个" in verdict.text


@pytest.mark.parametrize(("empty", "level"), [("", Level.UNDECIDED), (", empty = true", Level.PROHIBITED),
                                              (", empty = false", Level.CLEAR)])  # fmt: skip
def test_features_without_a_number_are_named_by_a_numeric_filter(tmp_path: Path, empty: str, level: Level) -> None:
    folder = folder_with(tmp_path, RED, FAR, settings=f"keep = {{ rank = {{ above = 1{empty} }} }}")
    frame = gpd.read_file(folder / "redline.gpkg")
    frame.assign(rank=[float("nan"), 2.0]).to_file(folder / "redline.gpkg")
    found = Checker(open_study(folder)).check(sites(SITE))[0].verdicts
    assert next(item.level for item in found if item.rule == "avoids_eco_redline") is level
    verdict = next(item for item in found if item.rule == "avoids_eco_redline")
    if level is Level.UNDECIDED:
        assert "1 个图斑（1）的 rank 字段没有数值" in verdict.text
        assert "empty = true" in verdict.procedure


def test_a_numeric_filter_that_is_not_understood_stops_the_layer(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, FAR, settings="keep = { kind = { abvoe = 1 } }")
    verdict = check(folder)
    assert verdict.level is Level.UNDECIDED
    assert "abvoe" in verdict.text


@pytest.mark.parametrize("site", [box(90_000, 0, 90_100, 100), box(19_900, 0, 20_100, 100)], ids=["far", "astride"])
def test_beyond_the_study_area_no_verdict_is_clear(site: object) -> None:
    [result] = county(layer([RED]), size_m=20_000).check(sites(site))
    assert {verdict.level for verdict in result.verdicts} == {Level.UNDECIDED}
    assert "未涉及" not in result.sentence
    assert result.sentence.count("研究区范围外") == 1


def test_what_stands_in_a_write_ahead_log_is_seen(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, FAR, RED)
    assert check(folder).level is Level.PROHIBITED
    writer = sqlite3.connect(folder / "redline.gpkg")
    try:
        writer.execute("pragma journal_mode = wal")
        assert check(folder).level is Level.PROHIBITED
        for (name,) in writer.execute("select name from sqlite_master where type = 'trigger'").fetchall():
            writer.execute(f'drop trigger "{name}"')
        writer.execute("delete from redline where name = 'r1'")
        writer.execute("update gpkg_ogr_contents set feature_count = 1")
        writer.commit()
        assert check(folder).level is Level.CLEAR  # of the one that is left: the log was read, the store made anew
    finally:
        writer.close()


@pytest.mark.parametrize("metres", [float("nan"), float("inf"), -1.0])
def test_a_width_that_is_no_length_stops(metres: float) -> None:
    line = shapely.LineString([(X + 450, Y + 450), (X + 460, Y + 450)])
    for shape, said in ((line, {"width_m": metres}), (shapely.Point(X + 450, Y + 450), {"radius_m": metres})):
        with pytest.raises(UsageError, match="E-USE-53"):
            county(layer([RED])).check(sites(shape, **said))
