from __future__ import annotations

from pathlib import Path

import geopandas
import numpy as np
import pytest
from pyproj import CRS
from shapely import LineString, Point, box

from ecospace.errors import CRSError, DataError, RuleError
from ecospace.space.grid import Grid, brought_grid, cells_of, read_grid
from ecospace.space.water_zones import ZoneDistances, label, water_zone_sketch
from tests.space.grids import ZONE, grid

pytest.importorskip("pyflwdir")
from ecospace.space.catchment import catchments, drainage


def intake(*points: tuple[float, float]) -> geopandas.GeoDataFrame:
    return geopandas.GeoDataFrame(geometry=[Point(*point) for point in points], crs=ZONE)


def valley() -> Grid:
    """A V-shaped valley of 21 × 40 cells of 10 m that falls to the south, walled in by a rim ten metres higher."""
    rows, columns = np.mgrid[0:40, 0:21]
    heights = 3.0 * np.abs(columns - 10) + 0.5 * (39 - rows)
    heights[0], heights[:, [0, 20]] = heights.max() + 10, heights.max() + 10
    return grid(heights)


def test_the_whole_valley_drains_to_its_mouth() -> None:
    drained = drainage(valley())
    table, findings = catchments(drained, intake((500_105, 2_500_005)), snap_m=0)
    # All but the rim's own corner cells may drain elsewhere: the inside of 39 rows × 19 columns is certain.
    assert table["upstream_cells"].iloc[0] >= 39 * 19
    assert table["area_m2"].iloc[0] == pytest.approx(100 * table["upstream_cells"].iloc[0])
    assert not table["complete"].iloc[0]  # the rim is the edge of the model
    assert findings[0].code == "F-DEM-01"


def test_a_lake_has_the_ground_that_drains_into_any_part_of_it() -> None:
    """Across the mouth of the valley: the lake takes all that its wettest cell takes, and the slopes beside it."""
    drained = drainage(valley())
    lake = geopandas.GeoDataFrame(geometry=[box(500_050, 2_500_150, 500_160, 2_500_200)], crs=ZONE)
    whole, _findings = catchments(drained, lake, snap_m=0)
    middle, _findings = catchments(drained, intake((500_105, 2_500_155)), snap_m=0)
    assert whole["upstream_cells"].iloc[0] > middle["upstream_cells"].iloc[0]
    assert whole.geometry.iloc[0].buffer(1e-6).contains(middle.geometry.iloc[0])
    assert whole.geometry.iloc[0].buffer(1e-6).contains(lake.geometry.iloc[0])
    assert whole["moved_m"].iloc[0] == 0


def test_an_inner_catchment_is_complete_and_equals_walking_downhill() -> None:
    # A cone of rings around a drain: every path of steepest descent can be walked by hand.
    random = np.random.default_rng(7)
    columns = np.arange(30)
    heights = 2.0 * columns + random.random((30, 30))
    drained = drainage(grid(heights))
    table, findings = catchments(drained, intake((500_105, 2_500_155)), snap_m=0)
    row, column = 14, 10
    assert table["complete"].iloc[0] == (findings == [])
    # Walk down from every cell along the filled surface's directions, independently of pyflwdir's own basin search.
    down = drained.directions.idxs_ds
    inside = 0
    for start in range(900):
        here = start
        for _step in range(900):
            if here == row * 30 + column:
                inside += 1
                break
            if down[here] == here:
                break
            here = int(down[here])
    assert table["upstream_cells"].iloc[0] == inside


def test_snapping_moves_an_intake_to_the_stream_and_says_so() -> None:
    drained = drainage(valley())
    beside = intake((500_125, 2_500_055))
    dry, _findings = catchments(drained, beside, snap_m=0)
    wet, findings = catchments(drained, beside, snap_m=30)
    assert wet["upstream_cells"].iloc[0] > 10 * dry["upstream_cells"].iloc[0]
    assert wet["moved_m"].iloc[0] <= 30
    assert "F-DEM-02" in [finding.code for finding in findings]


def test_an_intake_off_the_model_is_refused_and_so_are_degrees() -> None:
    drained = drainage(valley())
    with pytest.raises(DataError, match="E-DATA-71"):
        catchments(drained, intake((0, 0)), snap_m=0)
    with pytest.raises(CRSError, match="E-CRS-05"):
        drainage(Grid(np.ones((3, 3)), valley().transform, CRS.from_epsg(4490)))
    holed = valley()
    holed.values[20, 5] = np.nan
    with pytest.raises(DataError, match="E-DATA-86"):
        catchments(drainage(holed), intake((500_055, 2_500_195)), snap_m=0)


def test_real_relief(data: Path) -> None:
    # Zion: SRTM brought to its UTM zone; nested catchments grow downstream and nest.
    relief = read_grid(data / "zion" / "srtm.tif")
    relief = brought_grid(relief, cells_of(relief, CRS.from_epsg(32612), 90.0))
    drained = drainage(relief)
    down = drained.directions.idxs_ds
    counts = drained.upstream_cells
    inner = counts[20:-20, 20:-20]
    row, column = np.unravel_index(np.where(inner > 3000, 0, inner).argmax(), inner.shape)
    cell = (row + 20) * relief.shape[1] + column + 20
    further = int(down[cell])
    places = np.array([divmod(cell, relief.shape[1]), divmod(further, relief.shape[1])])
    points = geopandas.GeoDataFrame(geometry=[Point(*xy) for xy in relief.xy(places)], crs=relief.crs)
    table, _findings = catchments(drained, points, snap_m=0)
    one, other = table.geometry
    assert table["upstream_cells"].tolist() == [counts.flat[cell], counts.flat[further]]
    assert one.difference(other).area == pytest.approx(0, abs=1e-6) and other.area > one.area


ZONES = [
    ZoneDistances("一级", upstream_m=1000, downstream_m=100, bank_m=50, source="用户给定"),
    ZoneDistances("二级", upstream_m=3000, downstream_m=300, bank_m=1000, source="用户给定"),
]


def river() -> geopandas.GeoDataFrame:
    """Ten kilometres, flowing east, in two pieces."""
    return geopandas.GeoDataFrame(
        geometry=[LineString([(0, 0), (4000, 0)]), LineString([(4000, 0), (10_000, 0)])], crs=ZONE
    )


def test_water_zones_by_hand_nest_and_carry_their_label() -> None:
    zones = water_zone_sketch(intake((5000, 10)), river(), ZONES)
    # 1100 m × 100 m; 3300 m × 2000 m less the first.
    assert zones["area_m2"].tolist() == pytest.approx([110_000, 3300 * 2000 - 110_000])
    assert set(zones["label"]) == {"示意，非法定范围"} == {label()}
    assert zones.geometry[0].bounds == (4000, -50, 5100, 50)
    assert zones.geometry[0].intersection(zones.geometry[1]).area == 0


def test_water_zones_count_from_the_bank_and_stop_at_the_watershed() -> None:
    water = geopandas.GeoDataFrame(geometry=[box(0, -100, 10_000, 100)], crs=ZONE)
    zones = water_zone_sketch(intake((5000, 10)), river(), ZONES[:1], water=water, catchment=box(0, -500, 4500, 500))
    # The water 200 m wide and 50 m on both sides, from 4000 m to the watershed at 4500 m.
    assert zones["area_m2"].iloc[0] == pytest.approx(500 * 300)


def test_water_zones_without_distances_or_source_are_not_drawn() -> None:
    with pytest.raises(RuleError, match="E-RULE-70"):
        water_zone_sketch(intake((5000, 0)), river(), [ZoneDistances("一级", 1000, 100, 50, source="")])
    with pytest.raises(RuleError, match="E-RULE-70"):
        water_zone_sketch(intake((5000, 0)), river(), [ZoneDistances("一级", 1000, float("nan"), 50, source="s")])
    with pytest.raises(RuleError, match="E-RULE-71"):
        water_zone_sketch(intake((5000, 0)), river(), ZONES[::-1])
    broken = river().assign(geometry=[LineString([(0, 0), (9, 0)]), LineString([(0, 5), (9, 5)])])
    with pytest.raises(DataError, match="E-DATA-87"):
        water_zone_sketch(intake((5000, 0)), broken, ZONES)
