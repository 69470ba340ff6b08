"""The small county: what it says of itself, and that the study gives the numbers that geodesics give."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pyogrio
import pytest

from ecospace.check.checker import check_site
from ecospace.demo.make import SEED, make_sample
from ecospace.errors import EcospaceError
from ecospace.run import Results, run_study
from ecospace.study import open_study


@pytest.fixture(scope="module")
def numbers(sample: Path) -> dict[str, Any]:
    table: dict[str, Any] = json.loads((sample / "expected.json").read_text(encoding="utf-8"))
    return table


@pytest.fixture(scope="module")
def results(sample: Path) -> Results:
    return run_study(open_study(sample))


def test_every_feature_says_that_it_is_invented(sample: Path) -> None:
    names = [str(name) for name in pyogrio.list_layers(sample / "sample_demo.gpkg")[:, 0]]
    assert len(names) > 20
    for name in names:
        frame = pyogrio.read_dataframe(sample / "sample_demo.gpkg", layer=name)
        assert name.endswith("_demo")
        assert len(frame) > 0
        assert set(frame["data_origin"]) == {"synthetic"}
        assert set(frame["seed"]) == {SEED}
        assert set(frame["notice"]) == {"示例数据，非法定"}


def test_the_county_is_small_enough_to_be_committed(sample: Path) -> None:
    assert (
        sum(file.stat().st_size for file in sample.rglob("*") if file.is_file() and "outputs" not in file.parts)
        < 1_000_000
    )


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    one, other = make_sample(tmp_path / "one"), make_sample(tmp_path / "other")
    files = sorted(path.relative_to(one) for path in one.rglob("*") if path.is_file())
    assert files == sorted(path.relative_to(other) for path in other.rglob("*") if path.is_file())
    assert len(files) > 15
    for file in files:
        assert (one / file).read_bytes() == (other / file).read_bytes(), file


def test_another_seed_gives_other_layers_and_the_same_shares(tmp_path: Path, numbers: dict[str, Any]) -> None:
    other = json.loads((make_sample(tmp_path / "other", seed=5) / "expected.json").read_text(encoding="utf-8"))
    assert other["land_use"]["first_ha"] != numbers["land_use"]["first_ha"]
    assert other["forest"]["statutory"]["share"] == pytest.approx(numbers["forest"]["statutory"]["share"], abs=5e-6)
    for name in ("parks-only", "parks-and-reserves", "protected-2016"):
        assert other["sets"][name]["share"] == pytest.approx(numbers["sets"][name]["share"], abs=1e-7)
    text = (tmp_path / "other" / "study.toml").read_text(encoding="utf-8")
    assert tomllib.loads(text)["study"]["seed"] == 5


def test_shares_are_those_of_the_geodesics(results: Results, numbers: dict[str, Any]) -> None:
    assert not results.errors
    for name, wanted in numbers["sets"].items():
        found = results.coverages[name]
        assert found.union_m2 / 1e4 == pytest.approx(wanted["union_ha"], abs=0.01)
        assert found.share == pytest.approx(wanted["share"], abs=1e-7)
        assert found.share_official == pytest.approx(wanted["share_official"], abs=1e-7)
    statutory = results.covers["statutory"]
    assert statutory.share == pytest.approx(numbers["forest"]["statutory"]["share"], abs=1e-7)


def test_towns_add_up_and_the_industrial_park_is_not_added(results: Results, numbers: dict[str, Any]) -> None:
    towns = numbers["towns"]["units"]
    assert sum(town["area_ha"] for town in towns.values()) == pytest.approx(numbers["boundary_ha"], abs=0.001)
    assert sum(town["population"] for town in towns.values()) == 96_400
    by_unit = results.covers["statutory"].units.set_index("unit")["counted_m2"] / 1e4
    for code, town in towns.items():
        assert by_unit[code] == pytest.approx(town["forest_ha"], abs=0.01)
    park = numbers["industrial_park"]
    assert len(park["by_town_ha"]) == 2
    assert sum(park["by_town_ha"].values()) == pytest.approx(park["area_ha"], abs=0.001)


def test_two_definitions_of_tree_cover_differ_by_the_shrub(numbers: dict[str, Any]) -> None:
    forest = numbers["forest"]
    shrub = forest["by_class_ha"]["一般灌木林地"]
    assert forest["trees"]["area_ha"] - forest["statutory"]["area_ha"] == pytest.approx(shrub, abs=0.001)
    assert forest["trees"]["share"] == pytest.approx(0.43, abs=5e-6)


def test_the_inventory_and_the_land_survey_agree_on_the_same_forest(numbers: dict[str, Any]) -> None:
    assert numbers["forest"]["dlbm_narrow_ha"] == pytest.approx(numbers["forest"]["statutory"]["area_ha"], abs=0.001)


def _cases() -> list[Any]:
    from .conftest import SAMPLE

    table = json.loads((SAMPLE / "expected.json").read_text(encoding="utf-8"))
    return [pytest.param(site, id=site["id"]) for site in table["sites"]]


@pytest.mark.parametrize("site", _cases())
def test_every_site_gets_the_verdict_it_was_laid_out_for(site: dict[str, Any], sample: Path) -> None:
    study = open_study(sample)
    if "proposal" in site:
        with pytest.raises(EcospaceError, match="EPSG:4526"):
            check_site(sample / site["file"], study, activity=site["activity"], polluting=site["polluting"])
        return
    result = check_site(sample / site["file"], study, activity=site["activity"], polluting=site["polluting"])
    assert result.level.label == site["verdict"]
    assert result.area_m2 == pytest.approx(site["area_m2"], abs=0.01)
    for reason in site["because"]:
        said = [(item.level.label, clause) for item in result.verdicts for clause in item.clauses]
        assert (reason["verdict"], reason["clause"]) in said
    red = sum(item.area_m2 for item in result.verdicts if item.rule == "avoids_eco_redline")
    assert red == pytest.approx(site["overlap_m2"].get("eco_redline", 0.0), abs=0.01)


def test_a_hair_of_the_red_line_is_never_clear(numbers: dict[str, Any]) -> None:
    hair = next(site for site in numbers["sites"] if site["id"] == "S08")
    assert hair["overlap_m2"]["eco_redline"] == pytest.approx(0.0004 * 200, rel=1e-3)
    beside = next(site for site in numbers["sites"] if site["id"] == "S07")
    assert "eco_redline" not in beside["overlap_m2"]


def test_control_units_have_codes_of_the_grammar_and_tile_the_county(sample: Path, numbers: dict[str, Any]) -> None:
    units = open_study(sample).frame("control_units")
    assert units["code"].str.fullmatch(r"ZH\d{6}[123]\d{4}").all()
    assert units["code"].is_unique
    assert set(units["grade"]) == {1, 2, 3}
    assert units.area.sum() / 1e4 == pytest.approx(numbers["boundary_ha"], abs=0.001)


def test_parcels_of_both_dates_tile_the_county_and_few_change(sample: Path, numbers: dict[str, Any]) -> None:
    land = numbers["land_use"]
    for date in ("first_ha", "second_ha"):
        assert sum(land[date].values()) == pytest.approx(numbers["boundary_ha"], abs=0.01)
    changed = sum(land["changed_ha"].values())
    assert 0 < changed < 0.05 * numbers["boundary_ha"]
    built = ("0601", "0701")
    assert sum(land["second_ha"][code] - land["first_ha"][code] for code in built) == pytest.approx(
        sum(area for change, area in land["changed_ha"].items() if change.endswith(built)), abs=0.001
    )


def test_water_zones_are_nested_on_purpose(sample: Path, numbers: dict[str, Any]) -> None:
    levels = numbers["protected"]["water_source_by_level_ha"]
    assert levels["一级保护区"] < levels["二级保护区"] < levels["准保护区"]
    assert numbers["protected"]["water_source_union_ha"] == pytest.approx(levels["准保护区"], abs=0.01)


def test_farmland_keeps_off_the_red_line_but_for_the_stated_case(sample: Path, numbers: dict[str, Any]) -> None:
    study = open_study(sample)
    red = study.frame("redline").union_all()
    meets = study.frame("farmland").intersection(red).area
    assert (meets > 1.0).sum() == 1
    assert meets.sum() == pytest.approx(numbers["farmland_conflict_m2"], abs=0.1)
    assert study.layer("farmland").frame.loc[meets.idxmax(), "BZ"] == "与生态保护红线冲突的示例地块"


def test_the_forest_raster_and_the_blocks_agree(numbers: dict[str, Any]) -> None:
    forest = numbers["forest"]
    assert forest["raster_share"] == pytest.approx(forest["statutory"]["share"], abs=0.0005)


def test_sites_are_written_in_the_grammar_of_surveyors(sample: Path) -> None:
    for path in sorted((sample / "sites").glob("*.txt")):
        raw = path.read_bytes()
        text = raw.decode("gb18030" if path.stem == "S01_demo" else "utf-8")
        assert raw.count(b"\r\n") == raw.count(b"\n") > 15
        lines = text.split("\r\n")
        head = next(line for line in lines if line.endswith(",@"))
        points = [line.split(",") for line in lines if line.startswith("J")]
        assert int(head.split(",")[0]) == len(points) == 5
        assert points[0] == points[-1]
        assert "示例数据，非法定" in text
