"""ecospace prepare and ecospace accounts on the small sample county."""

from __future__ import annotations

import json
from pathlib import Path

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
    assert "Land account" in printed and "nested:" in printed


def test_a_prepared_layer_gives_the_same_account(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = tmp_path / "land.parquet"
    run("prepare", SAMPLE / "sample_demo.gpkg", store, "--study", SAMPLE, "--layer", land_layer())
    assert "certified" in capsys.readouterr().out
    run("accounts", SAMPLE, "--land", store, "--within", "redline")
    streamed = capsys.readouterr()
    assert "Crossing: 1/1" in streamed.err and "redline" not in streamed.err
    run("accounts", SAMPLE, "--within", "redline")
    plain = capsys.readouterr().out
    same = [line.split() for line in plain.splitlines() if line.strip()[:1].isdigit()]
    assert same and same == [line.split() for line in streamed.out.splitlines() if line.strip()[:1].isdigit()]


def test_two_dates_give_a_balance(capsys: pytest.CaptureFixture[str]) -> None:
    run("accounts", SAMPLE, "--land", "land_use_later", "--since", "land_use")
    printed = capsys.readouterr().out
    assert "Opening (ha)" in printed and "Closing (ha)" in printed


def land_layer() -> str:
    return str(open_study(SAMPLE).layer("land_use").layer_name)
