"""Cells by value and zone: arithmetic by hand, nodata, rasters in several bands of rows."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
import shapely
from affine import Affine
from shapely import box

from ecospace.errors import CRSError, DataError
from ecospace.space import raster_cells
from ecospace.space.fractions import cell_fractions
from ecospace.space.raster_cells import class_cells

pytestmark = pytest.mark.usefixtures("engine")
TOWNS = gpd.GeoDataFrame(index=["a", "b"], geometry=[box(0, 0, 25, 40), box(25, 0, 60, 40)], crs=4547)


def written(path: Path, values: np.ndarray, nodata: int | None = None) -> Path:
    """A raster of 10 m cells with its corner at (0, 40)."""
    height, width = values.shape
    with rasterio.open(
        path, "w", driver="GTiff", width=width, height=height, count=1, dtype=values.dtype, nodata=nodata,
        crs="EPSG:4547", transform=Affine(10, 0, 0, 0, -10, 40),
    ) as raster:  # fmt: skip
        raster.write(values, 1)
    return path


def test_cells_on_the_edge_count_by_their_fraction(tmp_path: Path) -> None:
    values = np.array([[1, 1, 2, 2, 2, 2], [1, 1, 1, 2, 2, 2], [3, 3, 3, 3, 3, 3], [0, 0, 0, 0, 0, 0]], np.uint8)
    table = class_cells(written(tmp_path / "land.tif", values, nodata=0), TOWNS)
    table["value"] = table["value"].fillna(-1)
    assert table.round(12).values.tolist() == [
        ["a", 1, 4.5], ["a", 2, 0.5], ["a", 3, 2.5], ["a", -1, 2.5],
        ["b", 1, 0.5], ["b", 2, 6.5], ["b", 3, 3.5], ["b", -1, 3.5],
    ]  # fmt: skip


def test_bands_of_rows_add_up_to_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path / "land.tif", np.random.default_rng(3).integers(1, 5, (4, 6)).astype(np.int16))
    whole = class_cells(path, TOWNS)
    monkeypatch.setattr(raster_cells, "BAND_ROWS", 1)
    pd.testing.assert_frame_equal(class_cells(path, TOWNS), whole, rtol=1e-14)


def test_ground_beyond_the_raster_is_missing_from_the_sum(tmp_path: Path) -> None:
    path = written(tmp_path / "land.tif", np.ones((4, 2), np.uint8))
    assert class_cells(path, TOWNS).values.tolist() == [["a", 1, 8.0]]


def test_another_crs_and_measurements_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CRSError, match="E-CRS-60"):
        class_cells(written(tmp_path / "land.tif", np.ones((4, 6), np.uint8)), TOWNS.to_crs(4526))
    with pytest.raises(DataError, match="E-DATA-62"):
        class_cells(written(tmp_path / "height.tif", np.ones((4, 6), np.float32)), TOWNS)


def test_towns_of_any_shape_equal_the_fractions_of_each_cell(tmp_path: Path) -> None:
    """600 x 500 cells, towns with holes and beyond the raster, 16-bit classes: against numpy cell by cell."""
    rng = np.random.default_rng(2)
    values = rng.choice([101, 301, 1101], (500, 600)).astype(np.int16)
    towns = shapely.get_parts(shapely.voronoi_polygons(shapely.MultiPoint(rng.uniform(0, 5_000, (12, 2)))))
    towns = shapely.difference(towns, shapely.buffer(shapely.centroid(towns), 80))
    transform = Affine(10, 0, 13, 0, -10, 4_987)
    path = tmp_path / "land.tif"
    with rasterio.open(
        path, "w", driver="GTiff", width=600, height=500, count=1, dtype="int16", nodata=301, crs="EPSG:4547",
        transform=transform,
    ) as raster:  # fmt: skip
        raster.write(values, 1)
    table = class_cells(path, gpd.GeoDataFrame(geometry=towns, crs=4547)).set_index(["zone", "value"])["cells"]
    for zone, town in enumerate(towns):
        fractions = cell_fractions(town, transform, (500, 600))
        for value in (101, 1101):
            assert table.get((zone, value), 0) == pytest.approx(fractions[values == value].sum(), rel=1e-9, abs=1e-9)
    within = shapely.intersection(towns, box(13, -13, 6_013, 4_987))
    assert table.sum() * 100 == pytest.approx(shapely.area(within).sum(), rel=1e-12)
