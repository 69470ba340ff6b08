from __future__ import annotations

import json
import re
from pathlib import Path

import geopandas
import pytest
from openpyxl import load_workbook
from pyogrio import list_layers

from ecospace.crs import is_study_crs
from tests.commands.conftest import run


@pytest.mark.slow
def test_corridors_of_the_sample_county(county: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("connectivity", county, "--minimum-ha", 3, "--cell", 60) == 0
    shown = capsys.readouterr().out
    # The answer comes first, in one sentence; the table says what it rests on and that it is no legal extent.
    assert re.match(r"示例县生态空间规划（示例）：\d+ 个源地，\d+ 条廊道", shown)
    for words in ("数值未核对", "非法定范围", "示例数据", "位次"):
        assert words in shown
    folder = county / "outputs" / "connectivity"
    book = load_workbook(folder / "corridors.xlsx")
    assert {
        "廊道",
        "源地",
        "斑块重要性",
        "ProtConn",
        "有效网格面积",
        "敏感性",
        "节点",
        "range-100",
        "range-1000",
        "wide",
    } <= set(book.sheetnames)
    layers = [name for name, _kind in list_layers(folder / "corridors.gpkg")]
    assert set(layers) == {"sources", "ways", "corridors", "nodes"}
    ways = geopandas.read_file(folder / "corridors.gpkg", layer="ways")
    assert not is_study_crs(ways.crs) and ways.crs.to_epsg() == 4490
    first = (folder / "corridors.json").read_bytes()
    assert (folder / "corridors.png").stat().st_size > 50_000
    assert run("connectivity", county, "--minimum-ha", 3, "--cell", 60) == 0
    assert (folder / "corridors.json").read_bytes() == first
    page = (folder / "corridors.html").read_text(encoding="utf-8")
    assert "模型廊道" in page and "示例数据" in page


def test_core_areas_as_sources(county: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("connectivity", county, "--cores", "forest_30m", "--edge", 60, "--cell", 30, "--minimum-ha", 30,
               "--resistance", "range-100") == 0  # fmt: skip
    assert "核心区" in capsys.readouterr().out
    book = load_workbook(county / "outputs" / "connectivity" / "corridors.xlsx")
    widths = [row[0].value for row in book["核心区"].iter_rows() if isinstance(row[0].value, int | float)]
    assert widths == [60, 120, 180]


def test_visible_land_of_the_sample_county(county: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("visible", county, "--distance", 500) == 0
    shown = capsys.readouterr().out
    assert "示例高速" in shown and "乔木林地" in shown and "500 米" in shown
    assert (county / "outputs" / "visible" / "visible.gpkg").is_file()
    assert run("visible", county, "--kinds", "高铁") == 2
    assert "E-STUDY-72" in capsys.readouterr().err


def test_catchment_of_the_sample_county(county: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("pyflwdir")
    assert run("--lang", "en", "catchment", county, "113.60,23.55") == 0
    assert "Catchment" in capsys.readouterr().out
    assert run("--lang", "zh", "catchment", county, "示例河断面2", "--after", "land_use_later") == 0
    shown = capsys.readouterr().out.replace("\n", "")
    # 7.81 ha of an orchard in the catchment became a factory.
    assert "不利于水源保护的 7.81 公顷" in shown and "工业用地" in shown and "未与公开清单核对" in shown
    tables = json.loads((county / "outputs" / "catchment" / "catchment.json").read_text(encoding="utf-8"))
    areas = [float(row[2]) for row in tables[0]["printed"]]
    assert sum(areas[:-1]) == pytest.approx(areas[-1])
    # In the middle of flat water no cell knows which way it flows: the catchment of the whole reservoir is named beside.
    assert run("catchment", county, "示例水库取水口", "--after", "land_use_later") == 0
    assert "整个水体的集雨区为 212.22 公顷" in capsys.readouterr().out.replace("\n", "")
    assert run("catchment", county, "示例水库") == 0
    assert "集雨区为 212.22 公顷" in capsys.readouterr().out
    # Latitude first: far outside, and said so.
    assert run("catchment", county, "23.55,113.60") == 2
    assert "E-" in capsys.readouterr().err
    assert run("catchment", county, "113.60,24.55") == 2
    assert "E-USE-81" in capsys.readouterr().err
    assert run("catchment", county, "here") == 2
    assert "E-USE-79" in capsys.readouterr().err


def test_without_land_use_nothing_is_modelled(county: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = (county / "study.toml").read_text(encoding="utf-8")
    (county / "study.toml").write_text(text.replace('role = "land_use"', 'role = "context"'), encoding="utf-8")
    assert run("connectivity", county) == 2
    assert "E-STUDY-70" in capsys.readouterr().err
