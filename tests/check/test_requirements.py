"""The kinds of place and the distances that the plans ask for (requirements B08–B11, D01–D14): each has a rule, each is judged here."""

from __future__ import annotations

from dataclasses import replace

import pytest
import shapely

from ecospace.check.basis import clause, clauses
from ecospace.check.checker import Checker
from ecospace.check.conflicts import line_conflicts
from ecospace.check.result import SiteResult
from ecospace.check.settings import DistanceRow, ZoneRow
from ecospace.check.verdict import Level, Verdict
from ecospace.report.site_workbook import town_table
from ecospace.terms import label
from tests.check.county import OTHERS, X, Y, box, county, layer, sites

SITE = box(0, 0, 100, 100)  # one hectare
#: Half of the site, and ground beside it.
HALF = box(0, 0, 50, 500)
NONE = [*OTHERS, "eco_redline"]


def result_of(checker: Checker, shape: object = SITE, **what: object) -> SiteResult:
    [result] = checker.check(sites(shape, **what))
    return result


def said(checker: Checker, shape: object = SITE, **what: object) -> dict[str, Verdict]:
    """The verdicts that say more than 不涉及, by subject."""
    return {v.subject: v for v in result_of(checker, shape, **what).verdicts if v.level is not Level.CLEAR}


def the_one(role: str, shape: object = HALF, *, columns: dict[str, list[str]] | None = None, **what: object) -> Verdict:
    """The only finding in a county that has one layer."""
    [verdict] = said(county(layer([shape], role, **(columns or {})), none=NONE), **what).values()
    return verdict


def test_B08_a_stretch_of_road_is_checked_by_its_corridor() -> None:
    stretch = shapely.LineString([(X - 400, Y + 250), (X + 400, Y + 250)])
    found = said(county(layer([HALF])), stretch, activity="road", width_m=20.0)
    assert found["生态保护红线"].area_m2 == pytest.approx(50 * 20)
    assert found["生态保护红线"].level is Level.PROHIBITED


@pytest.mark.parametrize("role", ["residential", "sensitive_point"])
def test_B09_the_nearest_home_or_school_is_always_said(role: str) -> None:
    verdict = the_one(role, box(300, 0, 400, 100), columns={"name": ["示例小学"]}, activity="smelting", polluting=True)
    assert verdict.level is Level.UNDECIDED
    assert "示例小学" in verdict.text
    assert verdict.distance_m == pytest.approx(200)


def test_B10_heavy_metals_near_permanent_farmland() -> None:
    checker = county(layer([box(300, 0, 400, 100)], "farmland"), none=NONE)
    row = DistanceRow("避开永久基本农田", ("farmland",), 500.0, ("smelting",), source="本地规定")
    checker.__dict__["settings"] = replace(checker.settings, distances=(row,))
    assert said(checker, activity="smelting", polluting=True)["永久基本农田"].level is Level.PROHIBITED
    assert not said(checker, activity="housing", polluting=False)


@pytest.mark.parametrize(("metres", "level"), [(150.0, Level.CLEAR), (250.0, Level.PROHIBITED)])
def test_B11_a_chemical_plant_by_the_distance_of_its_industry(metres: float, level: Level) -> None:
    checker = county(layer([box(300, 0, 400, 100)], "residential", name=["示例村"]), none=NONE)
    row = DistanceRow("卫生防护距离", ("residential",), metres, ("chemicals",), "chemicals-distance", "环评批复")
    checker.__dict__["settings"] = replace(checker.settings, distances=(row,))
    result = result_of(checker, activity="chemicals", polluting=True)
    [verdict] = [item for item in result.verdicts if item.rule == "卫生防护距离"]
    assert (verdict.level, verdict.distance_m) == (level, pytest.approx(200))


@pytest.mark.parametrize("role", ["nature_reserve", "scenic_area", "forest_park", "geopark", "wetland_park"])
def test_D01_the_statutory_protected_places(role: str) -> None:
    verdict = the_one(role, activity="mining")
    assert verdict.level is Level.PROHIBITED
    assert verdict.area_m2 == pytest.approx(5_000)


@pytest.mark.parametrize(
    ("kind", "what", "level"),
    [
        ("禁止开发区", "housing", Level.PROHIBITED), ("禁止开发区", "limited-5", Level.RESTRICTED),
        ("限制开发区", "housing", Level.AVOID), ("重点生态功能区", "housing", Level.AVOID),
        ("", "housing", Level.UNDECIDED),
    ],
)  # fmt: skip
def test_D02_zones_of_forbidden_development(kind: str, what: str, level: Level) -> None:
    verdict = the_one("main_function_zone", columns={"kind": [kind]}, activity=what)
    assert verdict.level is level
    assert "未核验" in clause(verdict.clauses[0]).citation


def test_D03_the_named_places_are_named() -> None:
    verdict = the_one("nature_reserve", columns={"name": ["狮山自然保护区"], "zone": ["核心保护区"]})
    assert verdict.places == ("狮山自然保护区",)


def test_D04_reclaiming_the_sea_in_the_red_line() -> None:
    found = said(county(layer([HALF], name=["黄唇鱼自然保护区海域"])), activity="reclamation")
    assert found["生态保护红线"].level is Level.PROHIBITED
    assert found["生态保护红线"].clauses[0] == "redline-reclaim"


def test_D05_germplasm_reserves_need_a_study() -> None:
    verdict = the_one("germplasm_reserve", activity="housing")
    assert verdict.level is Level.RESTRICTED
    assert "专题论证" in verdict.procedure


def test_D06_ecological_function_zones_are_to_be_avoided() -> None:
    assert the_one("ecological_function_zone", activity="housing").level is Level.AVOID


def test_D07_nested_levels_count_ground_once() -> None:
    water = layer([box(0, 0, 500, 500), HALF], "water_source", level=["二级保护区", "一级保护区"])
    found = said(county(water, none=NONE), activity="industry", polluting=True)
    areas = [found[f"饮用水水源保护区（{grade}）"].area_m2 for grade in ("一级保护区", "二级保护区")]
    assert areas == [pytest.approx(5_000), pytest.approx(5_000)]


def test_D08_the_three_lines_exclude_each_other() -> None:
    checker = county(
        layer([HALF]), layer([box(40, 0, 90, 100)], "farmland"), layer([box(90, 0, 200, 100)], "urban_boundary")
    )
    found = line_conflicts(checker.study)
    assert found[["one_layer", "other_layer"]].to_numpy().tolist() == [["生态保护红线", "永久基本农田"]]
    assert found["area_m2"].tolist() == [pytest.approx(10 * 100)]


@pytest.mark.parametrize(
    ("what", "key"), [("housing", "water-use-37"), ("road", "water-use-38"), ("mining", "water-use-39")]
)
def test_D09_the_range_of_rivers_and_lakes(what: str, key: str) -> None:
    verdict = the_one("river_range", activity=what)
    assert verdict.level is Level.RESTRICTED
    assert key in verdict.clauses
    assert verdict.procedure


@pytest.mark.parametrize(
    ("kind", "polluting", "level"),
    [
        ("优先保护类", True, Level.PROHIBITED), ("优先保护类", None, Level.PROHIBITED), ("严格管控类", False, Level.AVOID),
        ("", False, Level.UNDECIDED),
    ],
)  # fmt: skip
def test_D10_soil_classes_of_farmland(kind: str, polluting: bool | None, level: Level) -> None:
    verdict = the_one("farmland_soil", columns={"类别": [kind]}, activity="industry", polluting=polluting)
    assert verdict.level is level


def test_D10_clean_and_safe_use_land_ask_no_more() -> None:
    for kind in ("优先保护类", "安全利用类"):
        soil = layer([HALF], "farmland_soil", 类别=[kind])
        assert not said(county(soil, none=NONE), activity="housing", polluting=False)


def test_D10_strictly_controlled_land_in_permanent_farmland_is_listed() -> None:
    checker = county(layer([HALF], "farmland"), layer([box(30, 0, 90, 100)], "farmland_soil", 类别=["严格管控类"]))
    found = line_conflicts(checker.study, ("farmland", "farmland_soil"))
    assert found["area_m2"].tolist() == [pytest.approx(20 * 100)]


def test_D11_E23_farms_in_ban_zones_are_counted_by_town() -> None:
    ban = layer([HALF], "livestock_ban")
    towns = layer([box(-500, -500, 100, 500), box(100, -500, 900, 500)], "townships", name=["甲镇", "乙镇"])
    farms = county(ban, towns, none=NONE).check(
        sites(SITE, box(10, 200, 20, 210), box(400, 0, 410, 10), activity="livestock", polluting=True)
    )
    assert [farm.level for farm in farms[:2]] == [Level.PROHIBITED] * 2
    counted = town_table(farms).frame.set_index("town")["prohibited"]
    assert counted.to_dict() == {"甲镇": 2, "乙镇": 0}


def test_D12_fuel_bans_concern_what_burns_fuel() -> None:
    assert the_one("fuel_ban", activity="fuel").level is Level.PROHIBITED
    assert not said(county(layer([HALF], "fuel_ban"), none=NONE), activity="housing")
    [verdict] = said(county(none=NONE), activity="fuel").values()
    assert verdict.level is Level.UNDECIDED  # asked for, and no layer


def test_D12_a_burning_ban_is_one_row_of_the_office() -> None:
    checker = county(layer([HALF], "context", name=["秸秆禁烧区"]), none=NONE)
    row = ZoneRow("秸秆禁烧区", "context", Level.AVOID, "禁止露天焚烧秸秆、落叶", basis="本市通告")
    checker.__dict__["settings"] = replace(checker.settings, rows=(row,))
    [verdict] = [v for v in result_of(checker, activity="housing").verdicts if v.rule == "秸秆禁烧区"]
    assert (verdict.level, verdict.area_m2) == (Level.AVOID, pytest.approx(5_000))


def test_D13_habitats_of_rare_species() -> None:
    verdict = the_one("habitat", columns={"name": ["极小种群野生植物分布点"]}, activity="housing")
    assert verdict.level is Level.RESTRICTED
    assert "野生动物保护主管部门" in verdict.procedure


def test_D14_the_function_of_a_town_is_told() -> None:
    zones = layer([box(-500, -500, 900, 900)], "main_function_zone", name=["水口镇"], kind=["重点开发区"])
    result = result_of(county(zones, none=NONE), activity="housing")
    assert result.level is Level.CLEAR
    assert "位于主体功能区（重点开发区域）“水口镇”" in result.sentence


@pytest.mark.parametrize(
    "role", ["main_function_zone", "ecological_function_zone", "habitat", "river_range", "farmland_soil"]
)
def test_zones_that_few_studies_draw_are_listed_as_not_looked_at(role: str) -> None:
    result = result_of(county(layer([box(5_000, 0, 5_100, 100)])), activity="housing", polluting=False)
    assert result.level is Level.CLEAR
    assert role in result.study["missing"]
    assert label(role) not in result.sentence
    empty = result_of(county(layer([], role), none=NONE), activity="housing", polluting=False)
    assert empty.level is Level.UNDECIDED  # a layer that is there and holds nothing is no proof


def test_every_clause_is_cited_by_a_rule_or_told_apart() -> None:
    import inspect

    from ecospace.check import distances, rules, zones

    text = "".join(inspect.getsource(module) for module in (rules, zones, distances))
    cited = {key for key in clauses() if f'"{key}"' in text}
    # Cited by activities, by the settings, or by the table of conflicts.
    other = {key for key in clauses() if key.startswith("redline-142-") and key[-1].isdigit()}
    assert set(clauses()) - cited - other <= {"user-distance", "three-lines-overlap"}
