"""ecospace service as it is typed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from openpyxl import load_workbook

from tests.commands.conftest import run


@pytest.mark.slow
def test_parks_of_the_sample_county(county: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("service", county) == 0
    shown = capsys.readouterr().out
    # The answer first; what cannot be judged is said, and no number stands for it.
    assert shown.startswith("示例县生态空间规划（示例）：公园服务半径覆盖的居住用地：1500 米（B06a，直线距离）")
    assert "300 米（B06b，直线距离）无法判定" in shown.replace("\n", "")
    for words in ("路网距离：未判定", "未与原文核对", "示例数据", "面积口径"):
        assert words in shown
    folder = county / "outputs" / "service"
    assert {"服务半径", "B06a 1500 直线距离", "by_size 500-300 直线距离"} <= set(
        load_workbook(folder / "service.xlsx").sheetnames
    )
    first = (folder / "service.json").read_bytes()
    tables = json.loads(first)
    towns = next(table for table in tables if "1500" in table["title"] and table is not tables[0])
    area = [float(row[1]) for row in towns["printed"]]
    assert sum(area[:-1]) == pytest.approx(area[-1]) and len(area) == 4
    assert (folder / "service-B06a-1500-straight.png").stat().st_size > 50_000
    assert run("--lang", "en", "service", county, "--streets", "roads", "-o", county / "en") == 0
    english = capsys.readouterr().out
    assert "along streets" in english and "farther than 200 m from every street" in english.replace("\n", "")


def test_without_parks_nothing_is_said(county: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = (county / "study.toml").read_text(encoding="utf-8")
    (county / "study.toml").write_text(text.replace('role = "park"', 'role = "context"'), encoding="utf-8")
    assert run("service", county) == 2
    assert "E-STUDY-80" in capsys.readouterr().err
