"""ecospace inspect: every flaw of a bad folder is told, with what to type, and nothing of a good one."""

from __future__ import annotations

import json
import re
from pathlib import Path

import geopandas as gpd
import pytest
import shapely

from ecospace.layers.inspect import Inspection, inspect

from .formats.shapefiles import square, write_shapefile


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A boundary, a red line with a bow-tie, a file without CRS, a damaged one, a text that is none."""
    write_shapefile(tmp_path / "boundary.shp", [[square(-500, -500, 3_000)]])
    bow_tie = square()
    bow_tie[1], bow_tie[2] = bow_tie[2], bow_tie[1]
    write_shapefile(
        tmp_path / "redline.shp",
        [[square(300)], [bow_tie], [square(350)]],
        names=["甲", "<script>alert(1)</script>", "丙"],
    )
    write_shapefile(tmp_path / "river.shp", [[square()]], prj=None)
    (tmp_path / "broken.gpkg").write_bytes(b"SQLite format 3\x00" + bytes(50) + b"GPKG" + bytes(100))
    (tmp_path / "notes.txt").write_text("会议纪要", encoding="utf-8")
    return tmp_path


def reports(inspection: Inspection) -> dict[str, object]:
    return {report.key: report for report in inspection.layers}


def test_every_layer_has_a_grade_and_the_worst_are_explained(folder: Path) -> None:
    found = reports(inspect(folder))
    assert {key: report.grade for key, report in found.items()} == {  # type: ignore[attr-defined]
        "boundary": "ok", "redline": "error", "river": "error", "broken": "error", "notes": "error",
    }  # fmt: skip
    assert found["river"].error.code == "E-CRS-21"  # type: ignore[attr-defined]
    assert "EPSG:45" in found["river"].error.cure  # type: ignore[attr-defined]
    codes = {finding.code for finding in found["redline"].findings}  # type: ignore[attr-defined]
    assert {"E-GEO-28", "F-DATA-38"} <= codes  # the bow-tie; 1 and 3 overlap


def test_faults_with_a_place_are_on_the_map_in_degrees(folder: Path) -> None:
    written = inspect(folder).save(folder / "out")
    assert [path.name for path in written] == ["inspect.html", "inspect.gpkg"]
    places = gpd.read_file(written[1], layer="places")
    assert places.crs.to_epsg() == 4490
    (overlap,) = places.itertuples()
    assert (overlap.layer, overlap.features) == ("redline", "1, 3")
    assert overlap.area_m2 == pytest.approx(5_000, rel=1e-3)
    outlines = gpd.read_file(written[1], layer="outlines")
    assert outlines["features"].tolist() == ["2"]


def test_the_page_is_one_file_without_script_and_with_everything_escaped(folder: Path) -> None:
    (page, *_rest) = inspect(folder).save(folder / "out")
    text = page.read_text(encoding="utf-8")
    assert "<script" not in text
    assert not re.search(r"(src|href)=", text)
    assert "default-src 'none'" in text
    assert "E-GEO-28" in text


def test_a_study_is_read_as_its_toml_says(folder: Path) -> None:
    (folder / "study.toml").write_text(
        '[study]\ntitle = "试"\n[layers.boundary]\nrole = "boundary"\npath = "boundary.shp"\n'
        '[layers.river]\nrole = "river"\npath = "river.shp"\ncrs = "EPSG:4547"\n',
        encoding="utf-8",
    )
    found = reports(inspect(folder))
    assert list(found) == ["boundary", "river"]
    assert found["river"].grade != "error"  # type: ignore[attr-defined]


def test_a_layer_elsewhere_is_told(folder: Path) -> None:
    write_shapefile(folder / "river.shp", [[square(80_000)]])
    found = reports(inspect(folder))
    assert "E-STUDY-06" in {finding.code for finding in found["river"].findings}  # type: ignore[attr-defined]


def test_one_file_alone(folder: Path) -> None:
    inspection = inspect(folder / "boundary.shp")
    assert [report.key for report in inspection.layers] == ["boundary"]
    assert inspection.layers[0].facts["sum_m2"] == pytest.approx(9e6, rel=1e-3)


@pytest.mark.slow
def test_the_dirty_twin_is_seen_through_and_its_cures_give_the_clean_numbers(kaiping: Path, tmp_path: Path) -> None:
    """demo.md 13: each flaw is named, and what the messages tell to type gives the numbers of the clean study."""
    from ecospace.demo.dirty import make_dirty
    from ecospace.run import run_study
    from ecospace.study import open_study

    flaws = make_dirty(kaiping, tmp_path / "dirty")
    found = reports(inspect(tmp_path / "dirty"))
    told = {
        key: {finding.code for finding in report.findings} | ({report.error.code} if report.error else set())  # type: ignore[attr-defined]
        for key, report in found.items()
    }
    named = {
        ("forest_parks", "tC01"): "F-TEXT-01", ("forest_parks", "units"): "E-DATA-33", ("forest_parks", "tB10"): "F-DATA-36",
        ("wetland_parks", "tA07"): "F-CRS-30", ("reserves", "tA01 tA05"): "E-CRS-21", ("public_forest", "tB01"): "F-GEO-23",
        ("townships", "tB17"): "F-READ-37", ("townships", "tB11"): "F-DATA-38",
    }  # fmt: skip
    assert {(flaw.layer, flaw.trap) for flaw in flaws} == set(named)
    for (layer, _trap), code in named.items():
        assert code in told[layer], (layer, code)
    assert {key: report.grade for key, report in reports(inspect(kaiping)).items() if report.grade == "error"} == {}  # type: ignore[attr-defined]

    toml = tmp_path / "dirty" / "study.toml"
    text = toml.read_text(encoding="utf-8")
    park = text.index("[layers.forest_parks]")
    text = text[:park] + text[park:].replace('area_unit = "ha"', 'area_unit = "mu"', 1)
    text = text.replace("[layers.reserves]\n", '[layers.reserves]\ncrs = "EPSG:4526"\n')
    toml.write_text(text, encoding="utf-8")
    before = run_study(open_study(kaiping)).indicators
    after = run_study(open_study(tmp_path / "dirty"))
    assert after.errors == {}
    # The wetland parks stay 612 m off and one corner 3 m: 0.01 percentage points.
    assert (after.indicators["share"] - before["share"]).abs().max() < 1e-4
    expected = json.loads((kaiping / "expected.json").read_text(encoding="utf-8"))
    assert expected


def test_a_shift_shows_against_neighbours_only() -> None:
    from ecospace.crs import StudyCRS
    from ecospace.layers.offset import gcj02
    from ecospace.layers.shifted import suspect_shift

    lake = gpd.GeoDataFrame(geometry=[shapely.Point(112.6, 22.4).buffer(0.02)], crs=4490)
    drawn = shapely.transform(
        lake.geometry.iloc[0], lambda xy: shapely.get_coordinates(shapely.points(*gcj02(xy[:, 0], xy[:, 1])))
    )
    park = gpd.GeoDataFrame(geometry=[drawn], crs=4490)
    study = StudyCRS.for_boundary(lake)
    finding = suspect_shift(study.bring(park), {"water": study.bring(lake)}, study)
    assert finding is not None
    assert "GCJ-02" in finding.text
    assert suspect_shift(study.bring(lake), {"water": study.bring(lake)}, study) is None
    assert suspect_shift(study.bring(park), {}, study) is None


def test_the_command_says_what_is_wrong_and_ends_with_10(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from ecospace.cli import main

    with pytest.raises(SystemExit) as ended:
        main(["inspect", str(folder), "-o", str(folder / "out")])
    said = capsys.readouterr().out
    assert ended.value.code == 10
    assert said.splitlines()[0].endswith("5 个图层，1 个正常，0 个须留意，4 个不能直接使用。")
    assert "[E-GEO-28]" in said
    assert "→ " in said
    assert (folder / "out" / "inspect.html").is_file()
