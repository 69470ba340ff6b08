"""What always holds, whatever the shapes: properties and metamorphic relations of the public check."""

from __future__ import annotations

from dataclasses import replace

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import affinity

from ecospace.check.checker import Checker
from ecospace.check.result import SiteResult, exit_status
from ecospace.check.site import sites_of
from ecospace.check.verdict import Level
from tests.check.county import CRS_GK, box, county, layer, sites, star

pytestmark = pytest.mark.slow
#: Ten sites in each example: 500 cases for each property.
always = settings(max_examples=50, deadline=None, derandomize=True, database=None)
seeds = st.integers(0, 2**31)


def world(seed: int, red: int = 5, water: int = 3) -> tuple[np.random.Generator, list, list, list]:
    """Red shapes, water zones and ten sites around one place, some of them meeting."""
    random = np.random.default_rng(seed)

    def stars(count: int, size: float) -> list:
        return [
            star(
                random,
                *random.uniform(-400, 400, 2),
                random.uniform(0.2, 1.0) * size,
                int(random.choice([4, 9, 30, 220])),
            )
            for _ in range(count)
        ]

    return random, stars(red, 260.0), stars(water, 200.0), stars(10, 120.0)


def red_of(results: list[SiteResult]) -> np.ndarray:
    """Areas on the red line."""
    return np.array([result.contacts["eco_redline"].area_m2 for result in results])


def far_of(results: list[SiteResult]) -> np.ndarray:
    """Distances to the red line."""
    return np.array([result.contacts["eco_redline"].distance_m for result in results])


def levels_of(results: list[SiteResult]) -> list[Level]:
    """Overall levels."""
    return [result.level for result in results]


def checked(red: list, site: list, *more: object, **said: object) -> list[SiteResult]:
    """Check sites against red shapes and further layers."""
    return county(layer(red), *more).check(sites(*site, **said))  # type: ignore[arg-type]


def same(one: np.ndarray, other: np.ndarray, sizes: float = 1e5) -> None:
    """Equal to 1e-9 of what the areas are made of."""
    assert np.abs(one - other).max() <= 1e-9 * sizes


# --- what areas, shares, distances are -------------------------------------------------------------------------------


@always
@given(seeds)
def test_area_is_not_negative_and_at_most_the_site(seed: int) -> None:
    _, red, _, site = world(seed)
    results = checked(red, site)
    for result in results:
        assert 0 <= result.contacts["eco_redline"].area_m2 <= result.area_m2 * (1 + 1e-9)
        assert all(0 <= verdict.share <= 1 for verdict in result.verdicts)


@always
@given(seeds)
def test_area_is_that_of_the_union(seed: int) -> None:
    _, red, _, site = world(seed)
    same(red_of(checked(red, site)), shapely.area(shapely.intersection(np.array(site), shapely.union_all(red))))


@always
@given(seeds)
def test_distance_is_that_of_the_nearest_shape(seed: int) -> None:
    _, red, _, site = world(seed)
    assert far_of(checked(red, site)) == pytest.approx(
        shapely.distance(np.array(site), shapely.union_all(red)), abs=1e-9
    )


@always
@given(seeds)
def test_distance_is_zero_just_where_they_meet(seed: int) -> None:
    _, red, _, site = world(seed)
    for result in checked(red, site):
        contact = result.contacts["eco_redline"]
        assert (contact.distance_m <= contact.noise_m) == (contact.relation in ("overlap", "touch"))


@always
@given(seeds)
def test_the_relation_is_the_exact_predicate(seed: int) -> None:
    _, red, _, site = world(seed)
    for shape, result in zip(site, checked(red, site), strict=True):
        meets = any(shapely.relate_pattern(shape, one, "T********") for one in red)
        assert (result.contacts["eco_redline"].relation == "overlap") == meets


@always
@given(seeds)
def test_every_overlapping_feature_is_listed_once(seed: int) -> None:
    _, red, _, site = world(seed)
    for shape, result in zip(site, checked(red, site), strict=True):
        listed = [meeting.id for meeting in result.contacts["eco_redline"].overlaps]
        expected = [str(i + 1) for i, one in enumerate(red) if shapely.relate_pattern(shape, one, "T********")]
        assert sorted(listed) == sorted(expected)


@always
@given(seeds)
def test_inside_and_outside_make_the_site(seed: int) -> None:
    _, red, water, site = world(seed)
    zones = layer(water, "water_source", level=["一级保护区", "二级保护区", "准保护区"])
    for result in checked(red, site, zones):
        for rest in result.balance.values():
            assert abs(rest) <= 1e-9 * max(result.area_m2, 1e4)


@always
@given(seeds)
def test_features_sum_to_no_less_than_their_union(seed: int) -> None:
    _, red, _, site = world(seed)
    for result in checked(red, site):
        contact = result.contacts["eco_redline"]
        assert sum(meeting.area_m2 for meeting in contact.overlaps) >= contact.area_m2 * (1 - 1e-9)


@always
@given(seeds)
def test_pieces_of_a_feature_add_up(seed: int) -> None:
    _, red, _, site = world(seed)
    for result in checked(red, site):
        for _key, meeting in result.meetings:
            assert shapely.area(meeting.parts).sum() == pytest.approx(meeting.area_m2, rel=1e-9, abs=1e-6)
            assert meeting.width_m >= 0


# --- what verdicts are -----------------------------------------------------------------------------------------------


@always
@given(seeds)
def test_an_overlap_is_never_clear_nor_undecided(seed: int) -> None:
    _, red, _, site = world(seed)
    for result in checked(red, site):
        if result.contacts["eco_redline"].relation == "overlap":
            assert result.level is Level.PROHIBITED
            assert "不涉及生态保护红线" not in result.sentence


@always
@given(seeds)
def test_an_activity_not_stated_is_the_strictest(seed: int) -> None:
    _, red, water, site = world(seed)
    zones = layer(water, "water_source", level=["一级保护区", "二级保护区", "准保护区"])
    unstated = levels_of(checked(red, site, zones))
    for code in ("limited-6", "major", "water-works", "industry"):
        for polluting in (True, False):
            stated = levels_of(checked(red, site, zones, activity=code, polluting=polluting))
            assert all(one.rank <= other.rank for one, other in zip(unstated, stated, strict=True))


@always
@given(seeds)
def test_a_limited_activity_is_restricted_never_clear(seed: int) -> None:
    _, red, _, site = world(seed)
    for result in checked(red, site, activity="limited-5"):
        if result.contacts["eco_redline"].relation == "overlap":
            assert result.level is Level.RESTRICTED


@always
@given(seeds)
def test_the_overall_level_is_the_worst_verdict(seed: int) -> None:
    _, red, _, site = world(seed)
    for result in checked(red, site):
        assert result.level.rank == min(verdict.level.rank for verdict in result.verdicts)


@always
@given(seeds)
def test_a_missing_layer_is_undecided_and_hides_no_overlap(seed: int) -> None:
    _, red, _, site = world(seed)
    for result in county(layer(red), none=()).check(sites(*site)):
        overlap = result.contacts["eco_redline"].relation == "overlap"
        assert result.level is (Level.PROHIBITED if overlap else Level.UNDECIDED)


@always
@given(seeds)
def test_an_outdated_layer_calls_nothing_clear(seed: int) -> None:
    _, red, _, site = world(seed)
    for result in county(layer(red, valid_to="2001-01-01")).check(sites(*site)):
        assert result.level in (Level.PROHIBITED, Level.UNDECIDED)


@always
@given(seeds)
def test_never_lawful(seed: int) -> None:
    _, red, _, site = world(seed)
    for result in checked(red, site):
        assert "合法" not in result.sentence
        assert "可建" not in result.sentence


@always
@given(seeds)
def test_a_tolerance_labels_and_removes_nothing(seed: int) -> None:
    _, red, _, site = world(seed)
    plain, tolerant = county(layer(red)), county(layer(red))
    tolerant.__dict__["settings"] = replace(tolerant.settings, tolerance_area_m2=1e9, tolerance_width_m=1e9)
    one, other = plain.check(sites(*site)), tolerant.check(sites(*site))
    assert red_of(one).tolist() == red_of(other).tolist()
    assert levels_of(one) == levels_of(other)
    for result in other:
        for verdict in result.verdicts:
            if verdict.level is Level.PROHIBITED:
                assert any("疑似误差" in label for label in verdict.labels)


@always
@given(seeds)
def test_accuracy_marks_what_is_near(seed: int) -> None:
    _, red, _, site = world(seed)
    for result in county(layer(red, accuracy_m=50.0)).check(sites(*site)):
        contact = result.contacts["eco_redline"]
        verdict = next(item for item in result.verdicts if item.rule == "avoids_eco_redline")
        if contact.relation == "apart":
            assert bool(verdict.labels) == (contact.distance_m <= 50.0)


@always
@given(seeds)
def test_exit_status_follows_the_levels(seed: int) -> None:
    _, red, _, site = world(seed)
    results = checked(red, site)
    assert exit_status(results) == (0 if all(result.level is Level.CLEAR for result in results) else 10)


@always
@given(seeds)
def test_the_json_is_the_same_twice(seed: int) -> None:
    _, red, _, site = world(seed)
    one, other = checked(red, site), checked(red, site)
    assert [result.as_dict() for result in one] == [result.as_dict() for result in other]


@always
@given(seeds)
def test_one_by_one_or_as_a_batch(seed: int) -> None:
    _, red, _, site = world(seed)
    batch = checked(red, site)
    alone = [checked(red, [shape])[0] for shape in site]
    assert red_of(batch).tolist() == red_of(alone).tolist()
    assert far_of(batch) == pytest.approx(far_of(alone), rel=1e-12)


# --- metamorphic relations: what must not change the answer ----------------------------------------------------------


@always
@given(seeds)
def test_order_of_the_red_shapes(seed: int) -> None:
    random, red, _, site = world(seed)
    mixed = [red[i] for i in random.permutation(len(red))]
    same(red_of(checked(red, site)), red_of(checked(mixed, site)))


@always
@given(seeds)
def test_order_of_the_sites(seed: int) -> None:
    _, red, _, site = world(seed)
    assert red_of(checked(red, site)).tolist() == red_of(checked(red, site[::-1]))[::-1].tolist()


@always
@given(seeds)
def test_split_features(seed: int) -> None:
    _, red, _, site = world(seed)
    halves = [part for one in red for cut in (box(-2e3, -2e3, 0, 2e3), box(0, -2e3, 2e3, 2e3))
              for part in shapely.get_parts(one.intersection(cut)) if part.area > 0]  # fmt: skip
    same(red_of(checked(red, site)), red_of(checked(halves, site)))


@always
@given(seeds)
def test_merged_features(seed: int) -> None:
    _, red, _, site = world(seed)
    same(red_of(checked(red, site)), red_of(checked([shapely.union_all(red)], site)))


@always
@given(seeds)
def test_doubled_features(seed: int) -> None:
    _, red, _, site = world(seed)
    same(red_of(checked(red, site)), red_of(checked([*red, *red], site)))


@always
@given(seeds)
def test_split_site(seed: int) -> None:
    _, red, _, site = world(seed)
    halves = [
        [shape.intersection(box(-3e3, -3e3, 0, 3e3)), shape.intersection(box(0, -3e3, 3e3, 3e3))] for shape in site
    ]
    flat = [half for pair in halves for half in pair if half.area > 0]
    areas = iter(red_of(checked(red, flat)))
    sums = np.array([sum(next(areas) for half in pair if half.area > 0) for pair in halves])
    same(red_of(checked(red, site)), sums)


@always
@given(seeds)
def test_reversed_and_restarted_rings(seed: int) -> None:
    _, red, _, site = world(seed)
    turned = [shapely.Polygon(np.roll(np.array(one.exterior.coords)[:-1][::-1], 3, axis=0)) for one in red]
    same(red_of(checked(red, site)), red_of(checked(turned, site)))
    assert far_of(checked(red, site)) == pytest.approx(far_of(checked(turned, site)), abs=1e-9)


@always
@given(seeds)
def test_moved_by_whole_kilometres(seed: int) -> None:
    _, red, _, site = world(seed)
    there = [[affinity.translate(shape, 4096.0, -8192.0) for shape in group] for group in (red, site)]
    same(red_of(checked(red, site)), red_of(checked(*there)))


@always
@given(seeds)
def test_turned_by_a_quarter(seed: int) -> None:
    _, red, _, site = world(seed)
    turned = [
        [affinity.rotate(shape, 90, origin=box(0, 0, 1, 1).bounds[:2]) for shape in group] for group in (red, site)
    ]
    assert np.abs(red_of(checked(red, site)) - red_of(checked(*turned))).max() <= 1e-7 * 1e5


@always
@given(seeds)
def test_a_further_layer_changes_no_other(seed: int) -> None:
    _, red, water, site = world(seed)
    zones = layer(water, "water_source", level=["一级保护区", "二级保护区", "准保护区"])
    assert red_of(checked(red, site)).tolist() == red_of(checked(red, site, zones)).tolist()


@always
@given(seeds)
def test_a_larger_red_line_never_takes_less(seed: int) -> None:
    _, red, _, site = world(seed)
    wider = [*red, shapely.union_all(red).buffer(5.0)]
    assert (red_of(checked(wider, site)) >= red_of(checked(red, site)) - 1e-6).all()
    assert (far_of(checked(wider, site)) <= far_of(checked(red, site)) + 1e-9).all()


@always
@given(seeds)
def test_raised_to_three_dimensions(seed: int) -> None:
    _, red, _, site = world(seed)
    high = [shapely.force_3d(shape, 7.0) for shape in site]
    assert red_of(checked(red, site)).tolist() == red_of(checked(red, high)).tolist()


def zones_apart(checker: Checker, site: list, epsg: int) -> list[SiteResult]:
    """The same sites, drawn in another zone; short edges, so that they are the same ground."""
    frame = gpd.GeoDataFrame(geometry=[shapely.segmentize(shape, 1.0) for shape in site], crs=CRS_GK).to_crs(epsg)
    return checker.check(sites_of(frame))


@always
@given(seeds, st.sampled_from([4546, 4526, 4490, 4508, 4326]))
def test_drawn_in_another_zone(seed: int, epsg: int) -> None:
    _, red, _, site = world(seed)
    checker = county(layer(red))
    here, there = checker.check(sites(*site)), zones_apart(checker, site, epsg)
    assert np.abs(red_of(here) - red_of(there)).max() <= 1e-7 * 1e5
    assert np.abs(far_of(here) - far_of(there)).max() <= 2e-6
    assert levels_of(here) == levels_of(there)


@always
@given(seeds, st.sampled_from([4526, 4490]))
def test_red_line_stored_in_another_zone(seed: int, epsg: int) -> None:
    _, red, _, site = world(seed)
    moved = gpd.GeoSeries([shapely.segmentize(shape, 1.0) for shape in red], crs=CRS_GK).to_crs(epsg)
    here, there = checked(red, site), county(layer(list(moved), crs=epsg)).check(sites(*site))
    assert np.abs(red_of(here) - red_of(there)).max() <= 1e-7 * 1e5
    assert np.abs(far_of(here) - far_of(there)).max() <= 2e-6
    assert levels_of(here) == levels_of(there)
