from __future__ import annotations

from pathlib import Path

import geopandas
import numpy as np
import pytest
from shapely import LineString, box

from ecospace.errors import DataError
from ecospace.space.viewshed import viewpoints, visible, visible_from_roads, visible_land
from tests.space.grids import ZONE, grid


def seen_along(heights: list[float], *, eye_m: float = 1.5, target_m: float = 0.0) -> list[bool]:
    """What is seen from the first cell of a profile of 10 m cells."""
    profile = grid([heights])
    points = profile.xy(np.array([[0, 0]]))
    return visible(profile, points, radius_m=1000, eye_m=eye_m, target_m=target_m)[0].tolist()


def test_a_plain_is_seen_wholly_and_a_wall_hides_what_is_behind() -> None:
    assert all(seen_along([0.0] * 60))
    # A wall of 3 m at 20 m, the eye at 1.5 m: its top is seen, the plain behind is not.
    assert seen_along([0, 0, 3, 0, 0, 0]) == [True, True, True, False, False, False]


def test_a_hill_behind_a_wall_is_seen_from_where_the_line_of_sight_meets_it() -> None:
    # Over the wall (3 m at 20 m) the line rises 1.5 m in 20 m: at 40 m it stands at 4.5 m, at 50 m at 5.25 m.
    assert seen_along([0, 0, 3, 0, 4.4, 5.3])[4:] == [False, True]
    # What stands 0.2 m above the ground shows.
    assert seen_along([0, 0, 3, 0, 4.4, 5.3], target_m=0.2)[4:] == [True, True]


def test_the_earth_is_round() -> None:
    # At 999 m a plain lies 0.068 m lower: an eye of 0.01 m over flat ground does not see it.
    assert not seen_along([0.0] * 100, eye_m=0.01)[-1]
    assert seen_along([0.0] * 100, eye_m=1.5)[-1]


def test_each_cell_of_the_circle_equals_a_walk_along_its_ray() -> None:
    # Independent: each ray sampled at 2000 points with bilinear... on a ramp of planes both are exact.
    random = np.random.default_rng(3)
    relief = grid(random.random((41, 41)) * 4)
    found = visible(relief, relief.xy(np.array([[20, 20]])), radius_m=200, eye_m=1.5)
    values = relief.values
    eye = values[20, 20] + 1.5
    drop = 0.87 / (2 * 6_371_000)
    for row in range(0, 41, 3):
        for column in range(0, 41, 3):
            down, right = row - 20, column - 20
            far = 10 * np.hypot(down, right)
            if not 0 < far <= 200:
                continue
            highest = -np.inf
            steps = max(abs(down), abs(right))
            for k in range(1, steps):
                y, x = 20 + down * k / steps, 20 + right * k / steps
                top, left = int(np.floor(y)), int(np.floor(x))
                fy, fx = y - top, x - left
                here = (values[top, left] * (1 - fy) * (1 - fx) + values[min(top + 1, 40), left] * fy * (1 - fx)
                        + values[top, min(left + 1, 40)] * (1 - fy) * fx)  # fmt: skip
                along = far * k / steps
                highest = max(highest, (here - drop * along**2 - eye) / along)
            sight = (values[row, column] - drop * far**2 - eye) / far
            if abs(sight - highest) > 1e-9:
                assert found[row, column] == (sight > highest), (row, column)


def test_viewpoints_stand_along_the_road_both_ends_included() -> None:
    road = geopandas.GeoDataFrame(geometry=[LineString([(0, 0), (95, 0)])], crs=ZONE)
    assert viewpoints(road, 20)[:, 0].tolist() == pytest.approx([0, 19, 38, 57, 76, 95])


def ridge() -> tuple:
    """A road along the west side of a plain of 2 × 2 km; a ridge 30 m high 500 m east of it."""
    heights = np.zeros((100, 100))
    heights[:, 35] = 30.0
    land = grid(heights, cell_m=20)
    north = 2_500_000 + 2000
    road = geopandas.GeoDataFrame(geometry=[LineString([(500_210, 2_500_000 + 10), (500_210, north - 10)])],
                                  index=["高速"], crs=ZONE)  # fmt: skip
    return land, road


def test_a_ridge_ends_the_visible_land_of_a_road_in_memory_and_by_window(tmp_path: Path) -> None:
    land, road = ridge()
    seen, findings = visible_from_roads(land, road, radius_m=1000)
    strip = seen.geometry.iloc[0]
    # The ridge column is seen (x from 700 to 720), nothing east of it; all of the plain west of it is.
    assert strip.bounds[2] == pytest.approx(500_720)
    assert strip.area == pytest.approx(720 * 2000, rel=0.01)
    assert [finding.code for finding in findings] == ["F-DEM-03"]  # the model ends 210 m west of the road
    again, _findings = visible_from_roads(land.save(tmp_path / "dem.tif"), road, radius_m=1000)
    assert again.geometry.iloc[0].symmetric_difference(strip).area < 1e-6 * strip.area


def test_visible_forest_is_cut_to_the_distance_and_counted_once() -> None:
    land, road = ridge()
    twice = geopandas.GeoDataFrame(geometry=[*road.geometry, *road.geometry], index=["a", "b"], crs=ZONE)
    seen, _findings = visible_from_roads(land, twice, radius_m=300)
    assert seen["area_m2"].max() <= seen["within_m2"].max()
    forest = geopandas.GeoDataFrame(
        {"kind": ["forest", "field", "far"]},
        geometry=[box(500_400, 2_500_800, 500_600, 2_501_000), box(500_300, 2_500_800, 500_400, 2_501_000),
                  box(501_500, 2_500_800, 501_600, 2_501_000)], crs=ZONE,
    )  # fmt: skip
    table = visible_land(seen, forest, by="kind").set_index("class")
    # 300 m from the road at x = 210 ends at 510: 110 m of the forest, all of the field.
    assert table["area_m2"].to_dict() == pytest.approx({"forest": 110 * 200, "field": 100 * 200})
    with pytest.raises(DataError, match="E-DATA-88"):
        visible_land(seen, forest, by="klass")
