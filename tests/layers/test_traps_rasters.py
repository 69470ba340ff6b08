"""The raster traps of the trust study (tD): the right number, or an error of ours."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from affine import Affine
from pyproj import CRS

from ecospace.crs import gauss_zone
from ecospace.errors import CRSError, DataError, ReadError, UnsafeError
from ecospace.layers.codes import code_system
from ecospace.layers.raster import open_raster, require_classes
from ecospace.measure.cover import forest_cover
from ecospace.measure.raster_areas import cell_areas, raster_class_areas
from ecospace.space.fractions import cell_fractions
from ecospace.space.raster_cells import class_cells

METRES = gauss_zone(114)
X, Y = 480_000.0, 2_540_000.0
NORTH_UP = Affine(10, 0, X, 0, -10, Y)


def tiff(path: Path, values: Any, *, transform: Affine = NORTH_UP, crs: Any = METRES, **more: Any) -> Path:
    """A GeoTIFF of 10 m cells whose north-west corner is at X, Y."""
    bands = np.asarray(values)
    bands = bands if bands.ndim == 3 else bands[None]
    profile = {"count": len(bands), "height": bands.shape[1], "width": bands.shape[2], "dtype": bands.dtype,
               "transform": transform, "crs": crs.to_wkt() if crs is not None else None}  # fmt: skip
    mask = more.pop("mask", None)
    scale = more.pop("scale", None)
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True), rasterio.open(path, "w", driver="GTiff", **profile, **more) as out:
        out.write(bands)
        if mask is not None:
            out.write_mask(mask)
        if scale is not None:
            out.scales = [scale]
    return path


def zone(west: float, south: float, east: float, north: float) -> gpd.GeoDataFrame:
    """A zone by metres east and south of the corner."""
    box = shapely.box(X + west, Y - south, X + east, Y - north)
    return gpd.GeoDataFrame({"name": ["z"]}, geometry=[box], index=["z"], crs=METRES)


HALF = np.hstack([np.full((10, 5), 1, np.uint8), np.full((10, 5), 255, np.uint8)])


def test_tD01_255_that_no_one_declared_is_no_class(tmp_path: Path) -> None:
    raster = open_raster(tiff(tmp_path / "a.tif", HALF))
    assert "F-RASTER-10" in [finding.code for finding in raster.findings]
    with pytest.raises(DataError, match=r"255.*50"):
        require_classes(raster, code_system("binary").codes)
    with pytest.raises(DataError):
        forest_cover(raster, zone(0, 100, 100, 0), definition="imagery", system="binary")

    declared = open_raster(tmp_path / "a.tif", nodata=255)  # the advice works
    assert require_classes(declared, code_system("binary").codes) == {1: 50}


def test_tD02_a_zone_without_data_is_a_row_of_its_own(tmp_path: Path) -> None:
    raster = open_raster(tiff(tmp_path / "a.tif", HALF, nodata=255))
    table, findings = raster_class_areas(raster, zone(50, 100, 100, 0))
    assert table[["class", "area_m2"]].to_numpy().tolist() == [["", pytest.approx(5_000)]]
    assert "F-RASTER-03" in [finding.code for finding in findings]
    cells = class_cells(tmp_path / "a.tif", zone(50, 100, 100, 0))
    assert cells["value"].isna().tolist() == [True]


def test_tD03_another_crs_is_never_counted(tmp_path: Path) -> None:
    path = tiff(tmp_path / "a.tif", HALF)
    with pytest.raises(CRSError):
        class_cells(path, zone(0, 100, 100, 0).to_crs(4490))
    in_degrees = zone(0, 100, 100, 0).to_crs(4490)
    table, _findings = raster_class_areas(open_raster(path), in_degrees.to_crs(METRES))
    assert table["area_m2"].sum() == pytest.approx(10_000, rel=1e-6)
    with pytest.raises(CRSError):
        open_raster(tiff(tmp_path / "none.tif", HALF, crs=None))


@pytest.mark.parametrize("transform", [Affine(10, 0, X, 0, 10, Y), Affine(8, 6, X, 6, -8, Y)])
def test_tD04_south_up_and_rotated_rasters_are_refused(tmp_path: Path, transform: Affine) -> None:
    path = tiff(tmp_path / "a.tif", HALF, transform=transform)
    with pytest.raises(ReadError) as caught:
        open_raster(path)
    assert caught.value.code == "E-READ-72"
    assert "gdalwarp" in caught.value.cure


def test_tD05_a_thin_zone_counts_parts_of_cells(tmp_path: Path) -> None:
    raster = open_raster(tiff(tmp_path / "a.tif", np.full((10, 10), 1, np.uint8)))
    thin = zone(3, 100, 7.05, 0)  # 4.05 m × 100 m, no cell centre in it
    table, _findings = raster_class_areas(raster, thin)
    assert table["area_m2"].sum() == pytest.approx(405, rel=1e-9)


def test_tD06_a_zone_beyond_the_raster_is_said(tmp_path: Path) -> None:
    raster = open_raster(tiff(tmp_path / "a.tif", np.full((10, 10), 1, np.uint8)))
    table, findings = raster_class_areas(raster, zone(50, 100, 200, 0))
    assert table["area_m2"].sum() == pytest.approx(5_000)
    (finding,) = [finding for finding in findings if finding.code == "F-RASTER-02"]
    assert "66.67" in finding.text


def test_tD07_cells_in_degrees_have_their_own_area(tmp_path: Path) -> None:
    degrees = CRS.from_epsg(4490)
    transform = Affine(0.001, 0, 113.0, 0, -0.001, 23.5)
    raster = open_raster(tiff(tmp_path / "a.tif", np.ones((600, 4), np.uint8), transform=transform, crs=degrees))
    from ecospace.crs import StudyCRS

    place = gpd.GeoDataFrame(geometry=[shapely.box(113.0, 22.9, 113.004, 23.5)], crs=degrees)
    areas = cell_areas(raster, 0, 0, raster.shape, StudyCRS.for_boundary(place).crs)
    assert areas[-1, 0] / areas[0, 0] == pytest.approx(
        np.cos(np.radians(22.9005)) / np.cos(np.radians(23.4995)), rel=2e-4
    )
    assert areas[0, 0] == pytest.approx(11_316, rel=2e-3)  # not (111.32 m)² = 12 392


def test_tD08_measurements_are_no_classes(tmp_path: Path) -> None:
    smoothed = tiff(tmp_path / "a.tif", np.linspace(1, 2, 100, dtype=np.float32).reshape(10, 10))
    with pytest.raises(DataError) as caught:
        open_raster(smoothed).classes()
    assert caught.value.code == "E-DATA-30"
    with pytest.raises(DataError):
        class_cells(smoothed, zone(0, 100, 100, 0))


def test_tD09_sums_are_made_in_double_precision_and_nan_is_no_data(tmp_path: Path) -> None:
    values = np.full((600, 600), 0.1, np.float32)
    values[0, 0] = np.nan
    raster = open_raster(tiff(tmp_path / "a.tif", values, nodata=float("nan")))
    read, valid = raster.read(0, 0, 600, 600)
    assert int(valid.sum()) == 600 * 600 - 1
    assert not valid[0, 0]
    bytes_of = open_raster(tiff(tmp_path / "b.tif", np.full((10, 10), 200, np.uint8)))
    table, _findings = raster_class_areas(bytes_of, zone(0, 100, 100, 0))
    assert table["area_m2"].sum() == pytest.approx(10_000)  # 100 cells of class 200: nothing wraps
    assert float(read[valid].sum(dtype=np.float64)) == pytest.approx(0.1 * (600 * 600 - 1), rel=1e-6)


def test_tD10_the_mask_and_the_scale_of_the_file_count(tmp_path: Path) -> None:
    mask = np.zeros((10, 10), np.uint8)
    mask[:, :5] = 255
    masked = open_raster(tiff(tmp_path / "m.tif", np.full((10, 10), 1, np.uint8), mask=mask))
    assert masked.classes() == {1: 50}
    scaled = open_raster(tiff(tmp_path / "s.tif", np.full((10, 10), 75, np.uint8), scale=0.01))
    values, _valid = scaled.read(0, 0, 10, 10)
    assert values.max() == 0.75
    assert "F-RASTER-11" in [finding.code for finding in scaled.findings]


def test_tD11_a_cut_file_raises(tmp_path: Path) -> None:
    path = tiff(tmp_path / "a.tif", np.random.default_rng(1).integers(0, 255, (400, 400), np.uint8))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(ReadError):
        open_raster(path).classes()
    (tmp_path / "b.tif").write_bytes(b"II*\x00" + bytes(20))
    with pytest.raises(ReadError):
        open_raster(tmp_path / "b.tif")


def test_tD12_areas_come_from_shapes_and_not_from_cells() -> None:
    square = shapely.box(X + 3, Y - 158, X + 158, Y - 3)  # 155 m, 24 025 m²
    fractions = cell_fractions(square, NORTH_UP, (20, 20))
    assert fractions.sum() * 100 == pytest.approx(square.area, rel=1e-12)
    assert (fractions > 0).sum() * 100 > square.area * 1.06  # as whole cells: too much


def test_several_bands_need_a_choice(tmp_path: Path) -> None:
    path = tiff(tmp_path / "a.tif", np.stack([HALF, HALF]))
    with pytest.raises(ReadError) as caught:
        open_raster(path)
    assert caught.value.code == "E-READ-71"
    assert open_raster(path, band=2).band == 2


def test_a_raster_that_is_another_file_is_refused(tmp_path: Path) -> None:
    target = tiff(tmp_path / "real.tif", HALF)
    fake = tmp_path / "fake.tif"
    fake.write_text(
        f'<VRTDataset rasterXSize="10" rasterYSize="10"><VRTRasterBand dataType="Byte" band="1"><SimpleSource>'
        f"<SourceFilename>{target}</SourceFilename></SimpleSource></VRTRasterBand></VRTDataset>"
    )
    with pytest.raises(UnsafeError):
        open_raster(fake)


def test_a_small_file_that_asks_for_all_memory_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bomb.tif"
    with rasterio.open(
        path, "w", driver="GTiff", count=1, height=200_000, width=200_000, dtype="uint8", sparse_ok=True, tiled=True,
        blockxsize=4_096, blockysize=4_096, transform=NORTH_UP, crs=METRES.to_wkt(),
    ):  # fmt: skip
        pass
    with pytest.raises(UnsafeError):
        open_raster(path)


def test_the_real_land_cover_of_aachen_is_counted_as_published(data: Path) -> None:
    raster = open_raster(data / "aachen" / "clc-aachen_clipped.tif")
    assert set(require_classes(raster, code_system("clc").codes)) <= set(range(1, 45))
