"""Where results go, and numbers that no command can work with: refused before anything is computed, with what to type."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest

from ecospace.cli import main
from ecospace.layers.contract import stated_areas
from ecospace.report.table import Table

SAMPLE = str(Path(__file__).resolve().parents[2] / "layers" / "sample")


def refused(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """What a command says on standard error when it ends with the status of a usage error."""
    with pytest.raises(SystemExit) as ended:
        main([*map(str, arguments)])
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert "Traceback" not in said
    return said


@pytest.mark.parametrize(
    "command",
    ["run", "map", "inspect", "corridors", "connectivity", "visible", "service"],
)
@pytest.mark.parametrize("name", ["there", "bad.pptx", "catch.gpkg"])
def test_a_file_is_no_folder_of_results(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str, name: str
) -> None:
    (tmp_path / "there").write_text("不是文件夹", encoding="utf-8")
    assert "E-USE-25" in refused(capsys, command, SAMPLE, "-o", tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == ["there"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("visible", SAMPLE, "--distance", -5),
        ("connectivity", SAMPLE, "--cell", 0),
        ("map", SAMPLE, "--dpi", 0),
        ("corridors", SAMPLE, "--exit-radius", -3),
    ],
)
def test_numbers_out_of_range_are_refused(capsys: pytest.CaptureFixture[str], arguments: tuple[object, ...]) -> None:
    assert re.search("应不小于|应在", refused(capsys, *arguments))


def test_a_figure_that_is_none_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = refused(capsys, "map", SAMPLE, "--only", "bogus", "--no-web", "-o", tmp_path / "maps")
    assert "E-USE-26" in said
    assert "one-map" in said


@pytest.mark.parametrize("name", ["table.csv", "table.xlsx"])
def test_a_place_that_cannot_be_written_is_an_error_of_ours(tmp_path: Path, name: str) -> None:
    from ecospace.errors import WriteError

    (tmp_path / "there").write_text("x")
    table = Table(pd.DataFrame({"a": ["b"]})).show("a", "a")
    for place in (tmp_path / "there", Path("/proc/none")):
        with pytest.raises(WriteError, match="E-WRITE-49"):
            table.save(place / name)


def test_an_infinite_area_is_none() -> None:
    numbers, wrong = stated_areas(pd.Series([80.0, float("inf")], index=["甲", "乙"]))
    assert (numbers[0], wrong) == (80.0, ["乙"])
