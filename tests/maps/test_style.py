"""Styles: sourced, drawable, told apart without colour."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import pytest

from ecospace.errors import MapError
from ecospace.maps.style import HATCHES, Style, read_styles, style_of, styles_of
from ecospace.terms import kinds

CONTROL = [
    "eco_redline", "nature_reserve", "forest_park", "wetland_park", "scenic_area", "geopark", "public_forest",
    "farmland", "urban_boundary", "water_source_1", "water_source_2", "water_source_quasi", "core_zone", "general_zone",
    "national_park", "germplasm_reserve", "world_heritage", "ecological_function_zone",
    "protected_area", "livestock_ban", "control_unit_priority", "control_unit_key", "control_unit_general",
]  # fmt: skip
BASE = [
    "boundary", "townships", "river", "road", "site", "sites", "corridor", "buffer", "water", "forest",
    "residential", "park", "industrial_park", "station", "outfall", "pipe", "point", "shoreline",
    "version_added", "version_removed", "version_kept",
]  # fmt: skip


def lightness(style: Style) -> float:
    """CIE L* (0 to 100) of the fill as it lies on white paper."""
    channels = [int(style.fill[i : i + 2], 16) / 255 * style.fill_opacity + 1 - style.fill_opacity for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return 116 * luminance ** (1 / 3) - 16 if luminance > 0.008856 else 903.3 * luminance


def test_lightness_of_known_greys() -> None:
    assert lightness(Style("white", "", "", fill="#FFFFFF")) == pytest.approx(100, abs=0.01)
    assert lightness(Style("half", "", "", fill="#777777")) == pytest.approx(50, abs=0.1)


@pytest.mark.parametrize(("one", "other"), list(combinations(CONTROL, 2)))
def test_any_two_control_styles_stay_apart_in_grey(one: str, other: str) -> None:
    a, b = style_of(one), style_of(other)
    apart = a.filled != b.filled or a.hatch != b.hatch or abs(lightness(a) - lightness(b)) >= 6
    assert apart, f"{one} L*={lightness(a):.0f}, {other} L*={lightness(b):.0f}, both hatched {a.hatch!r}"


@pytest.mark.parametrize("key", CONTROL + BASE)
def test_every_style_can_be_drawn_and_says_where_it_comes_from(key: str) -> None:
    style = style_of(key)
    assert style.source
    assert style.filled or style.line
    assert style.hatch in HATCHES
    assert style.title_zh != style.title_en


def test_every_kind_of_layer_has_a_style_of_its_name() -> None:
    for key, kind in kinds().items():
        style = style_of(key)
        assert kind.shape == "raster" or style.filled or style.line


def test_the_red_line_is_not_filled_red() -> None:
    # Planners read red as the urban development boundary.
    fill = style_of("eco_redline").fill
    assert int(fill[1:3], 16) < int(fill[3:5], 16)


def test_a_code_means_what_its_system_says() -> None:
    assert style_of("0601", "dlbm").title_zh == "工业用地"
    assert style_of("0601", "landuse-2023").title_zh == "农业设施建设用地"
    with pytest.raises(MapError, match="E-MAP-20"):
        style_of("0601")


def test_unverified_colours_say_so() -> None:
    assert not style_of("0301", "dlbm").verified
    assert not style_of("eco_redline").verified
    assert style_of("version_added").verified


def test_adjustable_codes_and_child_codes_fall_back() -> None:
    assert style_of("0201K", "dlbm").fill == style_of("0201", "dlbm").fill
    assert style_of("0201K", "dlbm").key == "0201K"
    assert style_of("060201", "landuse-2023").title_zh == "农业设施建设用地"
    with pytest.raises(MapError):
        style_of("0201X", "dlbm")


@pytest.mark.parametrize(("system", "length"), [("dlbm", 4), ("landuse-2023", 2), ("landuse-2023", 4)])
def test_classes_that_share_a_colour_differ_in_hatch(system: str, length: int) -> None:
    codes = [code for own, code in read_styles().by_code if own == system and len(code) == length]
    looks = {(style_of(code, system).fill, style_of(code, system).hatch) for code in codes}
    assert len(looks) == len(codes) > 10


def test_generic_classes_differ_for_48_classes() -> None:
    drawn = styles_of([f"class {i:02}" for i in range(48)])
    assert len({(style.fill, style.hatch) for style in drawn.values()}) == 48
    assert list(drawn) == sorted(drawn)


def test_levels_as_planners_write_them() -> None:
    assert style_of("一级", "water_source").key == "water_source_1"
    assert style_of("重点管控单元", "control_unit").key == "control_unit_key"
    assert style_of("调入", "change").key == "version_added"


def test_stricter_levels_come_first_however_they_are_written() -> None:
    def keys(codes: list[str], system: str) -> list[str]:
        return [style.key for style in styles_of(codes, system).values()]

    levels = ["water_source_1", "water_source_2", "water_source_quasi"]
    assert keys(["准保护区", "二级保护区", "一级保护区"], "water_source") == levels
    assert keys(["一般控制区", "核心保护区"], "protected_zone") == ["core_zone", "general_zone"]
    assert keys(["一般", "优先", "重点", "其他"], "control_unit")[:3] == [
        "control_unit_priority", "control_unit_key", "control_unit_general",
    ]  # fmt: skip


def test_an_office_lays_its_own_colours_over(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text(
        'source = "本局图式"\nverified = true\n[eco_redline]\ntitle_zh = "红线"\nfill = "#112233"\n', "utf-8"
    )
    own = read_styles(path)
    assert style_of("eco_redline", styles=own).fill == "#112233"
    assert style_of("eco_redline", styles=own).source == "本局图式"
    assert style_of("forest_park", styles=own) == style_of("forest_park")


@pytest.mark.parametrize("line", ['fill = "red"', 'hatch = "~"', 'marker = "star"', 'colour = "#112233"'])
def test_a_word_no_map_can_draw_is_refused(tmp_path: Path, line: str) -> None:
    path = tmp_path / "own.toml"
    path.write_text(f"[eco_redline]\n{line}\n", "utf-8")
    with pytest.raises(MapError, match="E-MAP-21"):
        read_styles(path)
