"""Every site of the demonstration: the verdict, area and clause that it was designed for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ecospace.check.basis import clauses
from ecospace.check.checker import Checker
from ecospace.check.result import SiteResult, exit_status
from ecospace.check.site import read_sites
from ecospace.errors import CRSError
from ecospace.study import open_study

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def answers(kaiping: Path, expected: dict[str, Any]) -> dict[str, SiteResult]:
    checker = Checker(open_study(kaiping))
    out = {}
    for site in expected["sites"]:
        if site["verdict"] != "停止":
            read = read_sites(kaiping / site["file"], activity=site["activity"], polluting=site["polluting"])
            [out[site["id"]]] = checker.check(read)
    return out


def test_verdicts(answers: dict[str, SiteResult], expected: dict[str, Any]) -> None:
    designed = {site["id"]: site["verdict"] for site in expected["sites"] if site["verdict"] != "停止"}
    assert len(designed) >= 11
    assert {number: result.level.label for number, result in answers.items()} == designed


def test_areas_of_sites_and_overlaps_by_geodesics(answers: dict[str, SiteResult], expected: dict[str, Any]) -> None:
    tolerance = 0.01  # m²: geodesics on edges of 50 m against the equal-area projection
    for site in expected["sites"]:
        if site["id"] not in answers:
            continue
        result = answers[site["id"]]
        assert result.area_m2 == pytest.approx(site["area_m2"], abs=tolerance)
        for role, area in site["overlap_m2"].items():
            found = sum(c.area_m2 for c in result.contacts.values() if c.layer.facts["role"] == role)
            assert found == pytest.approx(area, abs=max(tolerance, 1e-6 * area)), (site["id"], role)
        assert sum(v.area_m2 for v in result.verdicts if v.rule == "within_study_area") == pytest.approx(
            site["outside_m2"], abs=tolerance
        )


def test_grades_levels_and_clauses(answers: dict[str, SiteResult], expected: dict[str, Any]) -> None:
    for site in expected["sites"]:
        for reason in site["because"] if site["id"] in answers else []:
            assert reason["clause"] in clauses()
            said = [v for v in answers[site["id"]].verdicts if reason["clause"] in v.clauses]
            assert reason["verdict"] in {verdict.level.label for verdict in said}, (site["id"], reason)


def test_the_hair_is_listed_and_is_never_clear(answers: dict[str, SiteResult]) -> None:
    hair = answers["S08"].contacts["redline"]
    assert hair.relation == "overlap"
    assert hair.area_m2 == pytest.approx(0.08, abs=1e-3)
    assert hair.meetings[0].width_m == pytest.approx(0.0004, rel=0.01)
    assert answers["S07"].contacts["redline"].relation == "touch"


def test_one_site_in_two_zones(answers: dict[str, SiteResult]) -> None:
    one, other = answers["S11-37"], answers["S11-38"]
    assert one.level is other.level
    # The points are rounded to a millimetre in each zone.
    assert one.area_m2 == pytest.approx(other.area_m2, abs=2.0)


def test_sites_that_stop_propose_what_to_type(kaiping: Path, expected: dict[str, Any]) -> None:
    stops = [site for site in expected["sites"] if site["verdict"] == "停止"]
    assert len(stops) == 2
    for site in stops:
        with pytest.raises(CRSError, match="EPSG:4526"):
            read_sites(kaiping / site["file"])


def test_prepared_layers_stand_beside_the_study_and_give_the_same(
    kaiping: Path, answers: dict[str, SiteResult]
) -> None:
    assert (kaiping / ".ecospace" / "check" / "redline" / "layer.json").is_file()
    read = read_sites(kaiping / "sites" / "S08_demo.txt", activity="housing", polluting=False)
    [again] = Checker(open_study(kaiping), on=answers["S08"].on).check(read)
    assert again.as_dict() == answers["S08"].as_dict()


def test_exit_status(answers: dict[str, SiteResult]) -> None:
    assert exit_status([answers["S01"]]) == 0
    assert exit_status([answers["S01"], answers["S09"]]) == 11
    assert exit_status([answers["S09"], answers["S08"]]) == 10
    assert exit_status([answers["S07"]]) == 10
