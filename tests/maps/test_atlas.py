"""The set of a plan's figures: what the layers allow, and the atlas of townships."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from matplotlib.text import Text
from shapely import box
from typer.testing import CliRunner

from ecospace.cli import build
from ecospace.maps.atlas import StudyLayers, atlas_sheets, plan_sheets
from ecospace.study import Study, open_study
from tests.maps.county import SOUTH, WEST, frame, layers

STUDY = """
[study]
title = "示例县规划"
boundary = "boundary"
zones = "townships"
demonstration = true
"""


@pytest.fixture
def study(tmp_path: Path) -> Study:
    """A folder with a boundary, two townships, a red line and zones of a water source."""
    water, redline, river, townships, _stations = layers()
    whole = frame([box(WEST, SOUTH, WEST + 40_000, SOUTH + 20_000)], name=["示例县"])
    files = {
        "boundary": ("boundary", whole),
        "townships": ("townships", townships.frame.assign(code=["001", "002"])),
        "redline": ("eco_redline", redline.frame),
        "water": ("water_source", water.frame),
        "river": ("river", river.frame),
        "farmland": ("farmland", frame([box(WEST + 20_000, SOUTH, WEST + 24_000, SOUTH + 4000)])),
    }
    text = STUDY
    for key, (role, own) in files.items():
        own.to_file(tmp_path / f"{key}.gpkg")
        text += f'\n[layers.{key}]\nrole = "{role}"\npath = "{key}.gpkg"\nsource = "{key}报批稿"\ndate = 2018-06-30\n'
    (tmp_path / "study.toml").write_text(text, encoding="utf-8")
    return open_study(tmp_path)


def test_a_figure_is_drawn_where_its_layers_are(study: Study) -> None:
    sheets = {sheet.key.partition("-")[2]: sheet for sheet in plan_sheets(StudyLayers(study))}
    assert set(sheets) == {"one-map", "redline", "protected", "water-source", "three-lines", "townships"}
    assert sheets["one-map"].title == "示例县生态保护红线“一张图”"
    assert sheets["one-map"].source == "；".join(
        f"{key}报批稿（2018）" for key in ("boundary", "water", "redline", "river", "townships")
    )


def test_what_a_figure_should_have_and_lacks_is_named(study: Study) -> None:
    (sheet,) = plan_sheets(StudyLayers(study), ["three-lines"])
    figure = sheet.draw(study)
    assert "无数据：城镇开发边界" in [text.get_text() for text in figure.findobj(Text)]


def test_one_sheet_for_each_township_all_in_one_zone(study: Study) -> None:
    sheets = list(atlas_sheets(StudyLayers(study)))
    assert [sheet.title for sheet in sheets] == ["东山镇生态保护红线与受保护地区图", "西湾镇生态保护红线与受保护地区图"]
    figures = [sheet.draw(study) for sheet in sheets]
    assert {figure.plan.zone.number for figure in figures} == {38}
    east = figures[1].plan
    # Its neighbour is named too, beyond its border.
    names = {name.name.text: name for name in east.names}
    border = east.frame.on_paper(box(WEST, SOUTH, WEST + 20_000, SOUTH + 20_000)).bounds[2]
    assert names["东山镇"].x < border < names["西湾镇"].x
    assert names["西湾镇"].name.bold and not names["东山镇"].name.bold


def test_the_command_writes_the_set_and_records_it(study: Study, tmp_path: Path) -> None:
    arguments = [
        "map",
        str(study.folder),
        "--only",
        "one-map",
        "--only",
        "townships",
        "--no-web",
        "--dpi",
        "60",
        "--formats",
        "png,svg",
    ]
    result = CliRunner().invoke(build(), arguments)  # type: ignore[arg-type]
    assert result.exit_code == 0, result.output
    folder = study.folder / "outputs" / "figures"
    record = json.loads((folder / "figures.json").read_text("utf-8"))
    assert sorted(record) == ["01-one-map", "15-townships"]
    for key in record:
        assert (folder / f"{key}.png").is_file() and (folder / f"{key}.svg").is_file()
    first = record["01-one-map"]
    assert (first["zone"], first["denominator"]) == (38, 150_000)
    assert first["font"]


def test_a_layer_that_cannot_be_read_is_named_and_the_rest_is_drawn(study: Study) -> None:
    (study.folder / "redline.gpkg").write_bytes(b"not a GeoPackage")
    result = CliRunner().invoke(build(), ["map", str(study.folder), "--no-web", "--dpi", "40"])  # type: ignore[arg-type]
    assert result.exit_code == 10
    assert "未采用: redline" in result.output
    assert "water-source.png" in result.output
