"""Ready layers and the map of a study: what they say is what the results say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ecospace.check.checker import check_sites
from ecospace.check.site import read_sites
from ecospace.language import speak
from ecospace.maps import web
from ecospace.maps.coded import CodedLayer, WebLayer
from ecospace.maps.layers import buffer_layer, corridor_layer, site_layers, version_layers
from ecospace.maps.page import page_text, write_map
from ecospace.maps.studymap import study_map
from ecospace.maps.web import coded_layers, web_map
from ecospace.study import open_study
from tests.maps.browser import box, browser, frame, opened

SAMPLE = Path(__file__).resolve().parents[2] / "layers" / "sample"


@pytest.fixture(scope="module")
def study() -> Any:
    return open_study(SAMPLE)


@pytest.fixture(scope="module")
def running() -> Iterator[Any]:
    with browser() as started:
        yield started


def test_the_map_of_a_study_has_all_its_vector_layers_in_groups(study: Any) -> None:
    map_ = study_map(study)
    drawn = {layer.layer.name: layer.layer for layer in coded_layers(map_)}
    for key in study.entries:
        if not study.is_raster(key):
            assert study.title_of(key) in drawn
    assert [*drawn][-1] == study.title_of("boundary")
    assert drawn[study.title_of("redline")].shown
    assert not drawn[study.title_of("forest")].shown
    assert drawn[study.title_of("redline")].group == "三条控制线"
    assert drawn[study.title_of("redline")].source.startswith("示例数据")
    assert "示例数据，非法定" in page_text(map_)


def test_the_map_of_a_study_counts_every_feature(study: Any) -> None:
    for layer in coded_layers(study_map(study)):
        assert layer.coded.counts["features"] == len(layer.layer.frame)


def test_no_control_is_hidden_by_a_milder_one(study: Any) -> None:
    drawn = [layer.layer for layer in coded_layers(study_map(study))]
    ground = [layer.name for layer in drawn if layer.frame.geom_type.str.contains("Polygon").all()]
    above = ground[ground.index(study.title_of("redline")) + 1 :]
    roles = {study.title_of(key): study.entries[key]["role"] for key in study.entries}
    assert {roles[name] for name in above} <= {
        "eco_redline",
        "townships",
        "boundary",
    }  # an older red line, and outlines


def test_a_page_of_many_features_says_so(study: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    map_ = study_map(study)
    assert web.size_finding(map_) is None
    monkeypatch.setattr(web, "standard", lambda _name: {"most_features": 100})
    finding = web.size_finding(map_)
    assert finding is not None and finding.count == sum(layer.coded.counts["features"] for layer in coded_layers(map_))
    assert "keep = { … }" in finding.cure


def test_in_english_the_groups_are_english(study: Any) -> None:
    speak("en")
    assert {layer.layer.group for layer in coded_layers(study_map(study))} >= {"Control lines", "Administrative"}


def test_sites_are_drawn_by_their_verdict_with_every_overlap(study: Any) -> None:
    sites = [site for name in ("S01", "S03") for site in read_sites(SAMPLE / "sites" / f"{name}_demo.txt")]
    results = check_sites(sites, study)
    *overlaps, drawn = site_layers(results)
    assert list(drawn.frame["level"]) == [result.level.value for result in results]
    assert list(drawn.frame["sentence"]) == [result.sentence for result in results]
    assert {style.title_zh for style in drawn.styles().values()} == {result.level.label for result in results}
    assert len(overlaps) == 1
    assert len(overlaps[0].frame) == sum(len(result.pieces()) for result in results)
    text = page_text(study_map(study, site_layers(results)))
    assert "项目用地（按核查结论）" in text


def test_corridors_are_ground_or_axes_and_buffers_say_that_they_are_no_legal_extent() -> None:
    import shapely

    line = frame([shapely.linestrings([(38_400_000, 2_480_000), (38_405_000, 2_480_000)])])
    assert corridor_layer(line).name == "廊道中心线"
    assert corridor_layer(frame([box(0, 0, 10, 10)])).name == "生态廊道"
    assert "非法定" in buffer_layer(frame([box(0, 0, 10, 10)])).name


def test_versions_lie_under_a_curtain_with_their_changes_over_them() -> None:
    old, new = frame([box(0, 0, 100, 100)]), frame([box(50, 0, 100, 100)])
    change = frame([box(0, 0, 50, 100), box(100, 0, 50, 100)], change=["removed", "added"])
    layers = version_layers(old, new, change)
    assert [layer.side for layer in layers] == ["before", "after", ""]
    titles = [entry.title_zh for entry in layers[2].styles().values()]
    assert titles == ["调入", "调出"]
    text = page_text(web_map(layers, title="版本"))
    assert '"side":"before"' in text


def test_a_layer_of_the_figure_is_a_layer_of_the_web_map() -> None:
    from ecospace.maps.maplayer import MapLayer

    plain = MapLayer(frame([box(0, 0, 10, 10)], code=["0101"]), by="code", system="dlbm", title="地类", opacity=0.5)
    head = CodedLayer(plain)._blocks["head"][1]
    assert '"title":"水田"' in head
    assert '"opacity":0.5' in head


def test_attributes_come_through_as_they_are() -> None:
    import pandas as pd

    layer = WebLayer(
        frame(
            [box(20 * i, 0, 10, 10) for i in range(3)],
            number=[1, 2, 3],
            area=[1234567.891, float("nan"), 0.1 + 0.2],
            day=pd.to_datetime(["2018-06-30", None, "2020-01-01"]),
            flag=[True, False, True],
            word=["a", None, "a"],
        ),
        "eco_redline",
    )
    from ecospace.maps.coded import _columns

    columns = {column["title"]: column for column in _columns(layer)}
    assert columns["number"]["values"] == [1, 2, 3]
    assert columns["area"]["values"] == [1234567.891, None, 0.3]
    assert columns["flag"]["values"] == ["是", "否", "是"]
    assert [columns["word"]["words"][value] for value in columns["word"]["values"]] == ["a", None, "a"]
    assert "2018-06-30" in str(columns["day"])


@pytest.mark.browser
def test_the_sample_county_in_the_browser(running: Any, study: Any, tmp_path: Path) -> None:
    sites = [site for name in ("S01", "S03") for site in read_sites(SAMPLE / "sites" / f"{name}_demo.txt")]
    seen = opened(
        running, write_map(study_map(study, site_layers(check_sites(sites, study))), tmp_path / "sample.html")
    )
    page = seen.page
    page.wait_for_selector("body[data-drawn=yes]")
    assert "生态保护红线" in page.inner_text(".eco-legend")
    assert re.search("项目用地", page.inner_text("#eco-tab-layers"))
    assert seen.requests == []
    assert seen.complaints == []
