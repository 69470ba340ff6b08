"""Type: these tests require a Chinese font (Debian: apt install fonts-noto-cjk); without one, numbers still come."""

from __future__ import annotations

from pathlib import Path

import pytest
from matplotlib import font_manager
from matplotlib.text import Text

from ecospace.maps.figure import plan_figure
from ecospace.maps.fonts import LATIN, find_font
from ecospace.maps.maplayer import MapLayer
from ecospace.maps.save import save_figure
from tests.maps.county import SOUTH, WEST, boundary, frame, layers


def test_a_chinese_font_is_installed_where_the_tests_run() -> None:
    font = find_font()
    assert font.chinese, font.findings
    assert font.missing("生态保护红线图例比例尺审图号〓①℃㙟") == ""


def test_without_a_chinese_font_numbers_come_and_nothing_is_tofu(tmp_path: Path) -> None:
    # A glyph that is missing is a warning of matplotlib, and warnings are errors here.
    font = find_font(("No Such Font",))
    assert [finding.code for finding in font.findings] == ["F-FONT-01"]
    assert "fonts-noto-cjk" in font.findings[0].cure
    figure = plan_figure(layers(), boundary=boundary(), title="生态保护红线图", source="某局", font=font)
    save_figure(figure, tmp_path / "figure.png", dpi=60)
    written = [text.get_text() for text in figure.findobj(Text)]
    assert {"Scale 1:150 000", "38420", "Map"} <= set(written)
    assert "Ecological conservation redline" in " ".join(written)
    assert all(ord(sign) < 0x2E80 for text in written for sign in text)
    assert figure.plan.font.name == LATIN
    assert "F-FONT-01" in {finding.code for finding in figure.plan.findings}


def test_a_character_that_no_font_has_is_marked_and_reported(tmp_path: Path) -> None:
    named = frame([boundary().geometry.iloc[0].buffer(-4000)], name=["\U0003134a村"])
    figure = plan_figure([MapLayer(named, "forest_park", label="name")], boundary=boundary(), title="图")
    save_figure(figure, tmp_path / "figure.png", dpi=60)
    assert "〓村" in [text.get_text() for text in figure.findobj(Text)]
    finding = next(finding for finding in figure.plan.findings if finding.code == "F-FONT-02")
    assert "U+3134A" in finding.text


def test_bold_is_declared_or_not_used() -> None:
    font = find_font()
    assert font.bold == (font.properties(4, bold=True).get_weight() == "bold")
    path = font_manager.findfont(font.properties(4, bold=True))
    assert font_manager.get_font(path).family_name == font.name


def test_simplified_shapes_are_used() -> None:
    # Face 0 of the collection has Japanese shapes and punctuation.
    path = font_manager.findfont(find_font().properties(4))
    assert not font_manager.get_font(path).family_name.endswith("JP")


def test_a_font_file_of_the_user_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ECOSPACE_FONT", "Noto Serif CJK SC")
    if not any(entry.name == "Noto Serif CJK SC" for entry in font_manager.fontManager.ttflist):
        pytest.skip("the second family is not installed")
    assert find_font().name == "Noto Serif CJK SC"


def test_widths_are_measured_as_drawn() -> None:
    font = find_font()
    width, height = font.size_mm("生态红线", 5.0)
    assert width == pytest.approx(20.0, abs=0.1)  # a Chinese character is as wide as its body
    assert height == pytest.approx(6.0)


def test_the_study_area_of_the_tests_is_where_it_says() -> None:
    assert boundary().total_bounds.tolist() == [WEST, SOUTH, WEST + 40_000, SOUTH + 20_000]
