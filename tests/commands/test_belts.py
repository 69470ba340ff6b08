"""ecospace belts, wedges, continuity, candidates and greenways as they are typed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.commands.conftest import run


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "words"),
    [
        (["belts", "--after", "land_use_later"], ["未相连", "两侧城镇主体间距", "未与公开口径核对", "2017-12-31"]),
        (["wedges", "--join", 60, "--sketch", 900], ["处绿楔伸入建成区", "非法定范围"]),
        (["continuity", "rivers", "--cover", "land_use", "--within", 100], ["连续度", "示例河"]),
        (["continuity", "public_forest", "--within", 100, "--least", 1], ["连续度", "片数"]),
        (["candidates", "示例水库", "--target", 500], ["示例水库周边", "实地确定"]),
        (["greenways", "--layer", "corridors"], ["万人绿道长度", "每万人"]),
    ],
)  # fmt: skip
def test_command(command: list[object], words: list[str], county: Path, capsys: pytest.CaptureFixture[str]) -> None:
    name = str(command[0])
    assert run(command[0], county, *command[1:]) == 0
    shown = capsys.readouterr().out.replace("\n", "")
    for word in [*words, "示例数据"]:
        assert word in shown
    folder = county / "outputs" / name
    first = (folder / f"{name}.json").read_bytes()
    assert json.loads(first)[0]["values"]
    assert (folder / f"{name}.png").stat().st_size > 20_000
    assert (folder / f"{name}.xlsx").is_file() and (folder / f"{name}.gpkg").is_file()


def test_what_cannot_be_judged_is_refused(county: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("greenways", county) == 2
    assert "E-STUDY-81" in (errors := capsys.readouterr().err) and "并非 0" in errors
    assert run("continuity", county, "exits", "--within", 10) == 2
    assert "E-USE-96" in capsys.readouterr().err
    assert run("belts", county, "--belts", "rivers", "--after", "land_use_later") == 2
    assert "E-USE-96" in capsys.readouterr().err
    assert run("candidates", county, "示例") == 2
    assert "E-USE-95" in capsys.readouterr().err
    assert run("candidates", county, "无此地") == 2
    assert "E-USE-79" in capsys.readouterr().err
    assert run("candidates", county, "示例水库", "--target", 1_000_000) == 2
    assert "E-DATA-90" in capsys.readouterr().err
    # How far from the line forest still counts is a decision of the plan: not guessed.
    assert run("continuity", county, "rivers") == 2
    assert "--within" in capsys.readouterr().err
