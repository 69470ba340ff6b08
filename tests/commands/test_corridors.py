"""ecospace corridors as it is typed: the register of a study whose plan is not the one that the clauses are from."""

import json
import shutil
from pathlib import Path

import geopandas
import pyogrio
import pytest

from ecospace.cli import main

SAMPLE = Path(__file__).resolve().parents[2] / "layers/sample"


@pytest.mark.slow
def test_no_foreign_clause_stands_beside_a_corridor(tmp_path, capsys):
    shutil.copytree(SAMPLE, tmp_path / "sample", ignore=shutil.ignore_patterns("outputs", ".ecospace"))
    with pytest.raises(SystemExit) as ended:
        main(["corridors", str(tmp_path / "sample"), "--step", "100"])
    assert ended.value.code in (0, 10)
    printed = capsys.readouterr().out
    assert "潭江" not in printed
    written = {path.name for path in (tmp_path / "sample/outputs").rglob("*") if path.is_file()}
    assert {"corridors.xlsx", "corridors.json", "corridors.gpkg", "corridor-register.png"} <= written
    content = (tmp_path / "sample/outputs/corridors.json").read_text(encoding="utf-8")
    assert "潭江" not in content
    assert json.loads(content)


@pytest.fixture
def county(tmp_path: Path) -> Path:
    folder = tmp_path / "sample"
    shutil.copytree(SAMPLE, folder, ignore=shutil.ignore_patterns("outputs", ".ecospace"))
    return folder


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["corridors", *arguments])
    return int(str(ended.value.code))


def printed_tables(county: Path) -> dict[str, list[list[str]]]:
    tables = json.loads((county / "outputs/corridors.json").read_text(encoding="utf-8"))
    return {table["title"]: table["printed"] for table in tables}


@pytest.mark.slow
def test_the_chainage_of_the_layer_stands_in_the_register_and_the_rules_on_sheets(county: Path, capsys):
    """The columns 起点桩号 and 桩号反向 of an office are taken by their names; each rule has its tables, its lines and its sheet."""
    corridors = geopandas.read_file(county / "sample_demo.gpkg", layer="corridors_demo").drop(columns="start_m")
    corridors["起点桩号"] = ["K36+945", *[None] * (len(corridors) - 1)]
    corridors["桩号反向"] = ["是", *[None] * (len(corridors) - 1)]
    corridors.to_file(county / "own.gpkg")
    roads = geopandas.read_file(county / "sample_demo.gpkg", layer="roads_demo").assign(start_m="K12+000")
    roads.to_file(county / "roads.gpkg")
    text = (county / "study.toml").read_text(encoding="utf-8")
    for layer, file in (("corridors_demo", "own.gpkg"), ("roads_demo", "roads.gpkg")):
        text = text.replace(f'path = "sample_demo.gpkg"\nlayer = "{layer}"', f'path = "{file}"')
    (county / "study.toml").write_text(text, encoding="utf-8")

    assert run(str(county), "--rule", "B02", "--rule", "B05") in (0, 10)
    printed = capsys.readouterr().out
    assert "B02 市区河、湖、水库两侧绿化带：量测" in printed and "不作要求" in printed
    tables = printed_tables(county)
    row = tables["生态廊道名录"][0]
    assert row[5] == "K36+945" and row[6].startswith("K4")
    failing = tables["不达标路段、河段（B05）：高速公路、铁路经城镇、厂区、农用地两侧绿化"]
    assert failing and all(line[2].startswith("K1") for line in failing)  # the motorway begins at K12+000
    whole = tables["宽度核查（B02）：市区河、湖、水库两侧绿化带"][-1]
    length, asked, good, bad, free, unknown = (int(cell) for cell in whole[2:8])
    assert (length, asked) == (asked + free + unknown, good + bad)
    names = {str(name) for name in pyogrio.list_layers(county / "outputs/corridors.gpkg")[:, 0]}
    assert {"widths_B02", "widths_B05", "gaps", "axes"} <= names
    assert (county / "outputs/figures/widths-B05.png").stat().st_size > 10_000


@pytest.mark.slow
def test_without_land_use_nothing_complies_and_nothing_fails(county: Path, capsys):
    text = (county / "study.toml").read_text(encoding="utf-8")
    (county / "study.toml").write_text(text.replace('role = "land_use"', 'role = "context"'), encoding="utf-8")
    assert run(str(county), "--rule", "B02") in (0, 10)
    printed = capsys.readouterr().out
    assert "B02 市区河、湖、水库两侧绿化带：无法判定。研究区没有地类图层" in printed
    whole = printed_tables(county)["宽度核查（B02）：市区河、湖、水库两侧绿化带"][-1]
    assert whole[3:7] == ["0", "0", "0", "0"] and whole[7] == whole[2] != "0" and whole[8] == "—"
    assert printed_tables(county)["生态廊道名录"][0][10] == "—"  # the natural share
