from __future__ import annotations

from pathlib import Path

import geopandas
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage
from shapely import box

from ecospace.errors import DataError
from ecospace.space.grid import read_grid
from ecospace.space.sources import Pattern, core_areas, core_areas_by_edge, pattern, sources_from_layers
from tests.space.grids import ZONE, grid


def drawn(text: str) -> np.ndarray:
    """A habitat from a drawing: # habitat, . other."""
    return np.array([[float(sign == "#") for sign in line.strip()] for line in text.strip().splitlines()])


LANDSCAPE = drawn(
    """
    ......................
    .#######......#######.
    .#######......#######.
    .#######......#######.
    .####################.
    .#######......#######.
    .#######......###.###.
    .#######......#######.
    ...#..........#######.
    ...#..........#######.
    ...#...##.....#######.
    ......................
    """
)


def test_each_class_where_the_eye_expects_it() -> None:
    found = pattern(grid(LANDSCAPE), 10.0)
    assert found[2, 2] == Pattern.CORE and found[1, 1] == Pattern.EDGE
    assert found[4, 10] == Pattern.BRIDGE
    assert found[9, 3] == Pattern.BRANCH
    assert found[10, 7] == found[10, 8] == Pattern.ISLET
    assert found[5, 17] == Pattern.PERFORATION and found[6, 17] == Pattern.BACKGROUND


def test_a_handle_is_a_loop() -> None:
    handle = drawn(
        """
        ...........
        .#####.....
        .#########.
        .#####...#.
        .#####...#.
        .#########.
        .#####.....
        ...........
        """
    )
    assert pattern(grid(handle), 10.0)[3, 9] == Pattern.LOOP


def test_core_of_a_square_by_hand() -> None:
    # 9 × 9 cells of 10 m: an edge of 10, 20, 30 m leaves 7², 5², 3² cells.
    habitat = np.zeros((13, 13))
    habitat[2:11, 2:11] = 1
    table, found = core_areas_by_edge(grid(habitat), [30, 10, 20])
    assert table["edge_m"].tolist() == [10, 20, 30]
    assert table["core_m2"].tolist() == [4900, 2500, 900]
    assert table["share"].tolist() == pytest.approx([49 / 81, 25 / 81, 9 / 81])
    assert found[20].attrs["edge_m"] == 20 and found[20].area.sum() == 2500
    with pytest.raises(DataError, match="E-DATA-85"):
        core_areas_by_edge(grid(habitat), [10, 20])
    with pytest.raises(DataError, match="E-DATA-84"):
        core_areas(grid(habitat), 5)


def test_ground_without_data_is_no_edge() -> None:
    habitat = np.ones((6, 6))
    habitat[:, 3:] = np.nan
    assert (pattern(grid(habitat), 10.0)[:, :3] == Pattern.CORE).all()
    assert (pattern(grid(habitat), 10.0)[:, 3:] == Pattern.BACKGROUND).all()


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.integers(0, 2**32 - 1), st.sampled_from([10.0, 20.0, 30.0]))
def test_classes_cover_the_habitat_and_turn_with_it(seed: int, edge_m: float) -> None:
    smooth = ndimage.gaussian_filter(np.random.default_rng(seed).normal(size=(40, 40)), 2)
    habitat = (smooth > np.quantile(smooth, 0.4)).astype(float)
    found = pattern(grid(habitat), edge_m)
    np.testing.assert_array_equal(found > 0, habitat > 0)
    np.testing.assert_array_equal(pattern(grid(habitat[:, ::-1]), edge_m)[:, ::-1] == 1, found == 1)
    wider = pattern(grid(habitat), edge_m + 10)
    assert not ((wider == Pattern.CORE) & (found != Pattern.CORE)).any()


def test_sources_from_layers_count_ground_once_and_name_the_largest_first() -> None:
    redline = geopandas.GeoDataFrame(geometry=[box(0, 0, 100, 100), box(500, 0, 510, 10)], crs=ZONE)
    park = geopandas.GeoDataFrame(geometry=[box(50, 0, 150, 100), box(1000, 0, 1300, 100)], crs=ZONE)
    sources = sources_from_layers([redline, park], minimum_m2=1000)
    assert sources["area_m2"].to_dict() == {"S1": 30_000.0, "S2": 15_000.0}
    assert sources.attrs["left_out"] == (1, 100.0)


def test_real_forest_has_less_core_the_wider_the_edge(data: Path) -> None:
    land = read_grid(data / "zion" / "nlcd2011.tif")
    forest = land.like(np.where(land.known, np.isin(land.values, [41, 42, 43]), np.nan))
    cells = int(np.nansum(forest.values))
    table, _found = core_areas_by_edge(forest, [32, 64, 95], minimum_m2=1e5)
    assert table["core_m2"].is_monotonic_decreasing
    assert 0 < table["core_m2"].iloc[0] < cells * forest.cell_area_m2
    # An independent way to the core of one cell width: erosion by a cross (all cells with a centre within 32 m).
    eroded = ndimage.binary_erosion((forest.values > 0) | ~forest.known, border_value=1) & (forest.values > 0)
    np.testing.assert_array_equal(pattern(forest, 32) == Pattern.CORE, eroded)
