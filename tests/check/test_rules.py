"""Rules: what each zone and activity comes to, on a county that a reader can draw."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ecospace.check.activity import activities, activity
from ecospace.check.basis import clause, clauses
from ecospace.check.checker import Checker
from ecospace.check.controls import Control, Outcome, Subject, judged
from ecospace.check.rules import RULES
from ecospace.check.settings import CheckSettings, DistanceRow, ZoneRow
from ecospace.check.verdict import Level, Verdict
from ecospace.errors import RuleError, UsageError
from tests.check.county import OTHERS, box, county, layer, sites

SITE = box(0, 0, 100, 100)  # one hectare


def said(checker: Checker, shape: object = SITE, **what: object) -> dict[str, Verdict]:
    """The verdicts on one site, by subject, without those that are not concerned."""
    [result] = checker.check(sites(shape, **what))
    return {verdict.subject: verdict for verdict in result.verdicts if verdict.level is not Level.CLEAR}


def red(east: float = 0) -> object:
    return layer([box(east, 0, east + 1000, 1000)])


def test_every_activity_and_rule_cites_clauses_that_exist() -> None:
    assert (
        len([item for item in activities().values() if item.kind == "limited" and item.code != "limited-6-water"]) == 10
    )
    assert all(item.clause in clauses() for item in activities().values() if item.clause)
    with pytest.raises(RuleError, match="E-RULE-50"):
        clause("no-such-clause")
    with pytest.raises(UsageError, match="limited-6"):
        activity("linear")


def test_clauses_that_were_not_read_say_so() -> None:
    unread = [item for item in clauses().values() if not item.verified]
    assert unread
    assert all("未核验" in item.citation for item in unread)


@pytest.mark.parametrize(
    ("what", "level"),
    [
        (None, Level.PROHIBITED), ("limited-1", Level.RESTRICTED), ("limited-10", Level.RESTRICTED),
        ("major", Level.RESTRICTED), ("industry", Level.PROHIBITED), ("road", Level.PROHIBITED),
    ],
)  # fmt: skip
def test_red_line_by_activity(what: str | None, level: Level) -> None:
    found = said(county(red()), activity=what)
    assert found["生态保护红线"].level is level
    assert found["生态保护红线"].area_m2 == pytest.approx(10_000)


def test_an_activity_not_stated_is_prohibited_unless_never_undecided() -> None:
    verdict = said(county(red()))["生态保护红线"]
    assert verdict.level is Level.PROHIBITED
    assert "除非属于允许的有限人为活动；须补充活动类别" in verdict.text


def test_red_line_inside_a_core_zone_is_prohibited_for_all() -> None:
    reserve = layer([box(0, 0, 50, 100), box(50, 0, 100, 100)], "nature_reserve", zone=["核心保护区", "一般控制区"])
    found = said(county(red(), reserve), activity="limited-6")
    assert found["生态保护红线（核心保护区）"].level is Level.PROHIBITED
    assert found["生态保护红线（核心保护区）"].area_m2 == pytest.approx(5_000)
    assert found["生态保护红线"].level is Level.RESTRICTED
    assert found["生态保护红线"].area_m2 == pytest.approx(5_000)


def test_without_reserve_zones_the_core_cannot_be_excluded() -> None:
    none = [role for role in OTHERS if role != "nature_reserve"]
    [result] = county(red(), none=none).check(sites(SITE, activity="limited-6"))
    assert result.level is Level.RESTRICTED
    assert any(v.level is Level.UNDECIDED and "核心保护区" in v.text for v in result.verdicts)


@pytest.mark.parametrize(
    ("zone", "what", "level"),
    [
        ("核心保护区", "limited-1", Level.PROHIBITED), ("一般控制区", "limited-1", Level.RESTRICTED),
        ("一般控制区", "industry", Level.PROHIBITED), ("核心区", "limited-1", Level.PROHIBITED),
        ("缓冲区", "limited-1", Level.RESTRICTED), ("缓冲区", "limited-5", Level.PROHIBITED),
        ("实验区", "industry", Level.PROHIBITED), ("实验区", "limited-1", Level.PROHIBITED),
        ("一般控制区", "mining", Level.PROHIBITED), ("", "limited-1", Level.PROHIBITED),
    ],
)  # fmt: skip
def test_reserve_zones_old_and_new(zone: str, what: str, level: Level) -> None:
    reserve = layer([box(0, 0, 500, 500)], "nature_reserve", zone=[zone])
    [verdict] = said(county(reserve, none=[*OTHERS, "eco_redline"]), activity=what).values()
    assert verdict.level is level


def test_an_outline_under_its_zones_counts_only_beside_them() -> None:
    reserve = layer(
        [box(0, 0, 500, 500), box(0, 0, 60, 500)],
        "nature_reserve",
        name=["总范围", "一般控制区"],
        zone=["", "一般控制区"],
    )
    found = said(county(reserve, none=[*OTHERS, "eco_redline"]), activity="limited-5")
    assert found["自然保护区（一般控制区）"].area_m2 == pytest.approx(6_000)
    assert found["自然保护区"].area_m2 == pytest.approx(4_000)


@pytest.mark.parametrize(
    ("grade", "what", "polluting", "level"),
    [
        ("一级保护区", "water-works", False, Level.RESTRICTED), ("一级保护区", "housing", False, Level.PROHIBITED),
        ("一级保护区", None, None, Level.PROHIBITED), ("二级保护区", "housing", True, Level.PROHIBITED),
        ("二级保护区", "housing", False, Level.RESTRICTED), ("二级保护区", "housing", None, Level.PROHIBITED),
        ("准保护区", "housing", False, Level.AVOID), ("准保护区", "industry", True, Level.RESTRICTED),
        ("二级保护区", "outfall", False, Level.PROHIBITED), ("", "housing", False, Level.PROHIBITED),
    ],
)  # fmt: skip
def test_water_levels(grade: str, what: str | None, polluting: bool | None, level: Level) -> None:
    water = layer([box(0, 0, 500, 500)], "water_source", level=[grade])
    found = said(county(water, none=[*OTHERS, "eco_redline"]), activity=what, polluting=polluting)
    assert {v.level for v in found.values()} == {level}


def test_nested_water_levels_count_ground_once() -> None:
    water = layer([box(0, 0, 500, 500), box(0, 0, 30, 500)], "water_source", level=["二级保护区", "一级保护区"])
    found = said(county(water, none=[*OTHERS, "eco_redline"]), polluting=False)
    assert found["饮用水水源保护区（一级保护区）"].area_m2 == pytest.approx(3_000)
    assert found["饮用水水源保护区（二级保护区）"].area_m2 == pytest.approx(7_000)


@pytest.mark.parametrize(
    ("role", "what", "level", "key"),
    [
        ("farmland", "housing", Level.PROHIBITED, "farmland-35"), ("farmland", "major", Level.RESTRICTED, "farmland-46"),
        ("public_forest", "housing", Level.RESTRICTED, "forest-37"), ("wetland", "housing", Level.AVOID, "wetland-19"),
        ("forest_park", "limited-5", Level.RESTRICTED, "general-zone"), ("geopark", "industry", Level.PROHIBITED, "general-zone"),
        ("scenic_area", "housing", Level.RESTRICTED, "scenic-28"), ("scenic_area", "mining", Level.PROHIBITED, "scenic-26"),
        ("world_heritage", "housing", Level.RESTRICTED, "heritage-manage"),
        ("germplasm_reserve", "housing", Level.RESTRICTED, "germplasm-manage"),
        ("livestock_ban", "livestock", Level.PROHIBITED, "livestock-11"),
    ],
)  # fmt: skip
def test_other_kinds(role: str, what: str, level: Level, key: str) -> None:
    [verdict] = said(county(layer([box(0, 0, 50, 500)], role), none=[*OTHERS, "eco_redline"]), activity=what).values()
    assert verdict.level is level
    assert key in verdict.clauses
    assert verdict.area_m2 == pytest.approx(5_000)


def test_livestock_zones_concern_farms_only() -> None:
    ban = layer([box(0, 0, 50, 500)], "livestock_ban")
    assert not said(county(ban, none=[*OTHERS, "eco_redline"]), activity="housing")


def test_control_units() -> None:
    units = layer(
        [box(-500, -500, 50, 500), box(50, -500, 500, 500)], "control_unit",
        code=["ZH44078310001", "ZH44078320002"], layout=["禁止开发", "集约布局"],
    )  # fmt: skip
    checker = county(units, none=[*OTHERS, "eco_redline"])
    found = said(checker)
    assert found["环境管控单元（优先保护单元）"].level is Level.AVOID
    assert found["环境管控单元（优先保护单元）"].area_m2 == pytest.approx(5_000)
    assert not said(checker, box(200, 0, 300, 100))
    assert said(checker, box(200, 0, 300, 100), polluting=True)["环境管控单元（重点管控单元）"].level is Level.AVOID
    [outside] = said(checker, box(2000, 0, 2100, 100)).values()
    assert outside.level is Level.UNDECIDED


def test_site_over_the_boundary_is_undecided() -> None:
    [result] = county(red(5_000), size_m=50.0).check(sites(SITE))
    assert result.level is Level.UNDECIDED
    [verdict] = [v for v in result.verdicts if v.rule == "within_study_area"]
    assert verdict.area_m2 == pytest.approx(7_500)


def test_distances_are_printed_always_and_judged_where_set() -> None:
    homes = layer([box(300, 0, 400, 100)], "residential", name=["示例村"])
    checker = county(homes, none=[*OTHERS, "eco_redline"])
    [verdict] = said(checker, activity="smelting", polluting=True).values()
    assert verdict.level is Level.UNDECIDED
    assert "示例村" in verdict.text
    assert verdict.distance_m == pytest.approx(200)
    for metres, level in ((150.0, None), (250.0, Level.PROHIBITED)):
        row = DistanceRow("防护距离", ("residential",), metres, ("smelting",), source="本地规定")
        checker.__dict__["settings"] = replace(checker.settings, distances=(row,))
        found = said(checker, activity="smelting", polluting=True)
        assert [v.level for v in found.values()] == ([level] if level else [])


def test_a_rule_of_an_office_is_one_row() -> None:
    zone = layer([box(0, 0, 50, 100)], "context", name=["高污染燃料禁燃区"])
    checker = county(zone, none=[*OTHERS, "eco_redline"])
    row = ZoneRow(
        "禁燃区", "context", Level.PROHIBITED, "禁止燃用高污染燃料", activities=("industry",), basis="本市通告"
    )
    checker.__dict__["settings"] = replace(checker.settings, rows=(row,))
    checker.__dict__.pop("_keys", None)
    assert not said(checker, activity="housing")
    [verdict] = said(checker, activity="industry").values()
    assert (verdict.level, verdict.area_m2) == (Level.PROHIBITED, pytest.approx(5_000))


def test_a_rule_of_an_office_is_one_function() -> None:
    def avoids_industrial_park(site: Subject, industrial_park: Control) -> list[Verdict]:
        """Keep out of the industrial park."""
        return judged("avoids_industrial_park", site, industrial_park, lambda grade: Outcome(Level.AVOID, "园区内", ()))

    park = layer([box(0, 0, 50, 100)], "industrial_park")
    made = county(park, none=[*OTHERS, "eco_redline"])
    checker = Checker(made.study, rules=[*RULES, avoids_industrial_park])
    checker.__dict__["settings"] = made.settings
    assert said(checker)["产业园区"].level is Level.AVOID


def test_layers_that_are_empty_or_misplaced_cannot_be_judged() -> None:
    empty = layer([], "eco_redline")
    far = layer([box(900_000, 0, 901_000, 100)], "eco_redline")
    for bad in (empty, far):
        [result] = county(bad).check(sites(SITE))
        assert result.level is Level.UNDECIDED
        assert "无法判定" in result.sentence


def test_settings_from_study_toml(tmp_path: Path) -> None:
    from ecospace.check.settings import check_settings
    from ecospace.errors import StudyError
    from ecospace.study import Study

    text = """[check]
none = ["geopark"]
tolerance = { area_m2 = 1, width_m = 0.05 }
[[check.distance]]
name = "卫生防护距离"
layers = ["residential"]
distance_m = 500
activities = ["chemicals"]
[[check.rule]]
name = "禁燃区"
layer = "ban"
level = "prohibited"
"""
    (tmp_path / "study.toml").write_text(text, encoding="utf-8")
    study = Study(tmp_path, {}, {})
    settings = check_settings(study)
    assert settings.distances[0].distance_m == 500
    assert settings.rows[0].level is Level.PROHIBITED
    (tmp_path / "study.toml").write_text("[check]\nnon = []", encoding="utf-8")
    with pytest.raises(StudyError, match="E-STUDY-50"):
        check_settings(study)
    assert check_settings(Study(tmp_path / "none", {}, {})) == CheckSettings()
