"""ecospace prepare and ecospace accounts on the small sample county."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import geopandas as gpd
import openpyxl
import pandas as pd
import pytest

from ecospace.cli import main
from ecospace.study import open_study

SAMPLE = Path(__file__).resolve().parents[2] / "layers" / "sample"
pytestmark = pytest.mark.skipif(not (SAMPLE / "study.toml").exists(), reason="the sample county is not here")


def run(*arguments: object) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--lang", "en", *map(str, arguments)])
    assert not ended.value.code


def rows_of(path: Path) -> pd.DataFrame:
    return pd.DataFrame(json.loads(path.read_text(encoding="utf-8"))["rows"])


def test_the_account_of_the_sample_closes_and_lists_the_park(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run("accounts", SAMPLE, "-o", tmp_path / "accounts.csv")
    table = pd.read_csv(tmp_path / "accounts.csv", dtype=str, comment="#")
    assert len(table) > 30
    run("accounts", SAMPLE)
    printed = capsys.readouterr().out
    assert "Land account" in printed and "of which" in printed
    assert "nested:" not in printed and "whole" not in printed
    assert "示例数据，非法定" in printed
    assert any("0301" in line and "乔木林地" in line for line in printed.splitlines())


def test_a_prepared_layer_gives_the_same_account(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = tmp_path / "land.parquet"
    run("prepare", SAMPLE / "sample_demo.gpkg", store, "--study", SAMPLE, "--layer", land_layer())
    assert "certified" in capsys.readouterr().out
    run("accounts", SAMPLE, "--land", store, "--within", "redline")
    streamed = capsys.readouterr()
    assert "Crossing: 1/1" in streamed.err and "redline" not in streamed.err
    run("accounts", SAMPLE, "--within", "redline")
    plain = capsys.readouterr().out
    numbers = [
        [line.split()[i] for i in (0, 1, 2, -1)]
        for line in (plain + streamed.out).splitlines() if line.strip()[:1].isdigit()
    ]  # fmt: skip
    assert numbers and numbers[: len(numbers) // 2] == numbers[len(numbers) // 2 :]


def test_two_dates_give_a_balance(capsys: pytest.CaptureFixture[str]) -> None:
    run("accounts", SAMPLE, "--land", "land_use_later", "--since", "land_use")
    printed = capsys.readouterr().out
    assert "Opening (ha)" in printed and "Closing (ha)" in printed


def land_layer() -> str:
    return str(open_study(SAMPLE).layer("land_use").layer_name)


def test_an_account_inside_a_layer_says_so_and_needs_ground(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("accounts", SAMPLE, "--within", "redline", "-o", tmp_path / "inside.xlsx")
    capsys.readouterr()
    sheet = openpyxl.load_workbook(tmp_path / "inside.xlsx").worksheets[0]
    texts = [str(cell.value) for row in sheet.iter_rows() for cell in row]
    assert any("only ground inside" in text for text in texts)
    assert "示例数据，非法定" in texts
    with pytest.raises(SystemExit) as ended:
        main(["accounts", str(SAMPLE), "--within", "roads"])
    assert ended.value.code == 2
    assert "E-DATA-19" in capsys.readouterr().err


def test_codes_of_another_system_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(SAMPLE, tmp_path / "sample")
    land = gpd.read_file(SAMPLE / "sample_demo.gpkg", layer=land_layer())
    land.loc[land["DLBM"] == "0305", "DLBM"] = "033"
    land.to_file(tmp_path / "sample" / "sample_demo.gpkg", layer=land_layer(), engine="pyogrio")
    run("accounts", tmp_path / "sample", "-o", tmp_path / "mixed.xlsx")
    assert "033" in capsys.readouterr().out
    sheet = openpyxl.load_workbook(tmp_path / "mixed.xlsx").worksheets[0]
    assert any("033" in str(row[0].value) and "dlbm" in str(row[0].value) for row in sheet.iter_rows())
