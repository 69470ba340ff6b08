from __future__ import annotations

from pathlib import Path

import geopandas
import numpy as np
import pandas as pd
import pytest
import rasterio
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString, box

from ecospace.errors import DataError, UsageError
from ecospace.layers.codes import code_system
from ecospace.space.gravity import gravity
from ecospace.space.grid import Grid
from ecospace.space.resistance import (
    SHIPPED,
    from_suitability,
    land_group,
    land_groups,
    resistance_surface,
    resistance_table,
    slope,
    write_resistance,
)
from tests.space.grids import ZONE, grid

WEST, NORTH = 500_000, 2_500_030


def strips() -> geopandas.GeoDataFrame:
    """Forest, cropland and town side by side, 30 m wide each, and 30 m of nothing."""
    return geopandas.GeoDataFrame(
        {"group": ["forest", "cropland", "urban"]},
        geometry=[box(WEST + x, NORTH - 30, WEST + x + 30, NORTH) for x in (0, 30, 60)],
        crs=ZONE,
    )


@pytest.mark.parametrize("name", SHIPPED)
def test_every_table_is_complete_and_says_that_it_is_not_verified(name: str) -> None:
    table = resistance_table(name)
    assert set(table.groups) == set(resistance_table("range-100").groups)
    assert min(table.groups.values()) == table.groups["core"] == 1
    assert "未核对" in table.label
    frame = table.as_frame()
    assert len(frame) == 11 + (5 if table.slope_weight else 0)


@pytest.mark.parametrize("system", ["dlbm", "landuse-2023", "binary"])
def test_every_land_code_has_a_group_or_is_sea(system: str) -> None:
    codes = [code for code in code_system(system).codes if land_group(code, system) is None]
    assert all(system == "landuse-2023" and int(code[:2]) in (18, 19, 20, 21, 22, 24) for code in codes)


def test_codes_without_a_group_stop_with_their_names() -> None:
    with pytest.raises(DataError, match=r"E-DATA-80.*9999"):
        land_groups(pd.Series(["0301", "9999"]), "dlbm")


def test_a_surface_takes_the_class_of_each_cell_and_roads_raise_it() -> None:
    cells = grid(np.full((3, 12), np.nan))
    table = resistance_table("range-1000").with_values(forest=10, cropland=100, urban=1000, road=300)
    plain = resistance_surface(strips(), table, cells).values
    assert plain[1, [0, 3, 6]].tolist() == [10, 100, 1000] and np.isnan(plain[1, 9])
    road = geopandas.GeoDataFrame(
        {"group": ["road"]}, geometry=[LineString([(WEST, NORTH - 15), (WEST + 90, NORTH - 15)])], crs=ZONE
    )
    crossed = resistance_surface(strips(), table, cells, roads=road, cores=strips().iloc[[1]]).values
    # At least the road's: 300 on forest and on the core in the middle row, the town keeps 1000.
    assert crossed[1, [0, 3, 6]].tolist() == [300, 300, 1000]
    assert crossed[0, [0, 3]].tolist() == [10, 1]
    with pytest.raises(UsageError, match="E-USE-76"):
        resistance_surface(strips().assign(group="moon"), table, cells)


def test_overlapping_land_takes_the_harder_class() -> None:
    cells = grid(np.full((3, 12), np.nan))
    table = resistance_table("range-1000")
    twice = pd.concat([strips(), strips().iloc[[0]].assign(group="urban"), strips().iloc[[2]].assign(group="forest")])
    assert resistance_surface(twice, table, cells).values[1, [0, 6]].tolist() == [1000, 1000]


def test_slope_of_a_plane_and_its_weight() -> None:
    # Rising 3 m in 10 m to the east: atan(0.3) = 16.7°, the third class.
    plane = grid(np.arange(6) * 3.0 * np.ones((5, 1)))
    degrees = slope(plane)
    assert degrees.values[2, 2] == pytest.approx(np.degrees(np.arctan(0.3)))
    table = resistance_table("range-100")
    land = geopandas.GeoDataFrame(
        {"group": ["forest"]}, geometry=[box(WEST, 2_500_000, WEST + 60, 2_500_050)], crs=ZONE
    )
    surface = resistance_surface(land, table, plane, slope_degrees=degrees).values
    assert surface[2, 2] == pytest.approx(0.85 * 4 + 0.15 * 40)
    assert surface[0, 0] == 4  # no slope is known at the rim


def test_suitability_is_between_0_and_1() -> None:
    with pytest.raises(DataError, match="E-DATA-81"):
        from_suitability(grid([[0.0, 1.2]]))


def test_a_users_table_is_read_and_a_free_class_is_refused(tmp_path: Path) -> None:
    own = tmp_path / "frogs.toml"
    own.write_text('zh = "蛙类"\nverified = true\n[groups]\ncore = 1\nforest = 0.5\n', encoding="utf-8")
    assert resistance_table(own).groups["forest"] == 0.5
    assert resistance_table(own).label == "蛙类"
    own.write_text("[groups]\nforest = 0\n", encoding="utf-8")
    with pytest.raises(DataError, match="E-DATA-73"):
        resistance_table(own)
    with pytest.raises(UsageError, match="E-USE-77"):
        resistance_table("moon")


def test_by_windows_as_in_memory(tmp_path: Path, data: Path) -> None:
    source = data / "lausanne" / "ls100_12.tif"
    with rasterio.open(source) as raster:
        codes, profile = raster.read(1), raster.profile
    # A CORINE-like raster in classes of this test's own: 1 town, 2 the rest.
    landuse = tmp_path / "land.tif"
    with rasterio.open(landuse, "w", **{**profile, "tiled": True, "blockxsize": 128, "blockysize": 128}) as out:
        out.write(np.where(codes == 255, 255, np.where(codes == 1, 1, 2)).astype("uint8"), 1)
    table = resistance_table("wide")
    areas = write_resistance(landuse, tmp_path / "resistance.tif", table, system="clc")
    with rasterio.open(tmp_path / "resistance.tif") as written:
        values = written.read(1)
    np.testing.assert_array_equal(values[codes == 1], np.float32(30000))
    np.testing.assert_array_equal(values[(codes != 1) & (codes != 255)], np.float32(200))
    assert np.isnan(values[codes == 255]).all()
    cell = 99.99245895814812**2
    assert areas["urban"] == pytest.approx((codes == 1).sum() * cell, rel=1e-12)


EXAMPLE = pd.DataFrame({"start": ["A", "A", "B"], "end": ["B", "C", "C"], "cost": [5200.0, 9800.0, 7400.0]})
AREA, DRAG = pd.Series({"A": 1200.0, "B": 450.0, "C": 300.0}), pd.Series({"A": 1.8, "B": 2.4, "C": 3.0})


def test_gravity_example_and_its_scaling() -> None:
    found = gravity(EXAMPLE, AREA, DRAG)
    assert found["gravity"].tolist() == pytest.approx([35.61, 7.49, 8.49], abs=0.005)
    assert found["rank"].tolist() == [1, 3, 2]
    # All resistances × 7: L²max / L² stays, P·P grows 49-fold.
    scaled = gravity(EXAMPLE.assign(cost=EXAMPLE["cost"] * 7), AREA, DRAG * 7)
    assert scaled["gravity"].tolist() == pytest.approx([0.7268, 0.1528, 0.1732], abs=5e-5)
    assert scaled["rank"].tolist() == [1, 3, 2]


@settings(max_examples=50, deadline=None, derandomize=True)
@given(st.floats(0.01, 1000))
def test_gravity_falls_with_the_square_of_the_span(k: float) -> None:
    scaled = gravity(EXAMPLE.assign(cost=EXAMPLE["cost"] * k), AREA, DRAG * k)
    np.testing.assert_allclose(scaled["gravity"] * k**2, gravity(EXAMPLE, AREA, DRAG)["gravity"], rtol=1e-9)


def test_gravity_without_meaning_is_refused() -> None:
    with pytest.raises(DataError, match="E-DATA-82"):
        gravity(EXAMPLE, AREA.replace(300.0, 1.0), DRAG)
    with pytest.raises(DataError, match="E-DATA-83"):
        gravity(EXAMPLE.assign(cost=[0.0, 1, 2]), AREA, DRAG)


def test_a_grid_keeps_its_place_through_a_file(tmp_path: Path) -> None:
    from ecospace.space.grid import read_grid

    written = grid([[1.0, np.nan], [3.0, 4.0]])
    path = written.save(tmp_path / "out" / "grid.tif")
    again = read_grid(path)
    np.testing.assert_array_equal(again.values, written.values)
    assert isinstance(again, Grid) and again.transform == written.transform and again.crs == written.crs
    part = read_grid(path, around=box(500_011, 2_500_001, 500_012, 2_500_002))
    assert part.values.tolist() == [[4.0]] and part.xy(np.array([[0, 0]])).tolist() == [[500_015, 2_500_005]]
    with pytest.raises(DataError, match="E-DATA-72"):
        read_grid(path, around=box(0, 0, 1, 1))
