"""The lines that messages propose, typed: swap, helmert and crs work for every format through read_layer."""

from __future__ import annotations

from pathlib import Path

import pytest
import shapely
from geopandas import GeoDataFrame
from shapely.geometry import box

from ecospace.errors import CRSError
from ecospace.layers.datum import Helmert, shift_datum
from ecospace.layers.read import read_layer
from ecospace.layers.write import write_layer

SITE = GeoDataFrame(
    {"id": ["a"], "name": ["甲"]}, geometry=[box(38_460_000, 2_559_900, 38_460_100, 2_560_000)], crs=4526
)
SEVEN = [-12.3, 108.6, 61.9, 0.8, -1.1, 2.3, -4.5]


def turned(frame: GeoDataFrame) -> GeoDataFrame:
    return frame.set_geometry(shapely.transform(frame.geometry.to_numpy(), lambda points: points[:, ::-1]), crs=4526)


@pytest.mark.parametrize("suffix", [".gpkg", ".shp", ".parquet", ".fgb"])
def test_tA03_swap_works_for_vector_files(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"x{suffix}"
    write_layer(turned(SITE), path)
    with pytest.raises(CRSError, match=r"E-CRS-28.*swap = true"):
        read_layer(path)
    layer = read_layer(path, swap=True)
    assert layer.frame.total_bounds.tolist() == SITE.total_bounds.tolist()
    assert layer.frame.crs.to_epsg() == 4526


def test_tA08_helmert_of_study_toml_brings_a_layer_to_cgcs2000(tmp_path: Path) -> None:
    old = SITE.set_crs(2362, allow_override=True)  # Xian 80, zone 38
    write_layer(old, tmp_path / "x.gpkg")
    assert read_layer(tmp_path / "x.gpkg").frame.crs.to_epsg() == 2362
    layer = read_layer(tmp_path / "x.gpkg", helmert=SEVEN)
    assert layer.frame.crs.to_epsg() == 4526
    expected = shift_datum(old, Helmert.of(SEVEN)).geometry.iloc[0]
    assert layer.frame.geometry.iloc[0].equals_exact(expected, 1e-6)
    assert "F-CRS-26" in [finding.code for finding in layer.findings]
    with pytest.raises(CRSError, match="E-CRS-38"):
        read_layer(tmp_path / "x.gpkg", helmert=[1, 2, "x"])
    with pytest.raises(CRSError, match="E-CRS-38"):
        read_layer(tmp_path / "x.gpkg", helmert=SEVEN, helmert_convention="?")


@pytest.mark.parametrize("suffix", [".txt", ".xlsx", ".csv", ".kml", ".gpkg", ".shp", ".geojson", ".parquet", ".fgb"])
def test_what_is_written_is_read_by_read_layer(tmp_path: Path, suffix: str) -> None:
    written = write_layer(SITE, tmp_path / f"地块{suffix}")
    layer = read_layer(written.path, source="测试")
    assert len(layer.frame) == 1
    assert layer.frame.to_crs(4526).area.sum() == pytest.approx(10_000, abs=0.01)
    assert layer.frame["name"].tolist() == ["甲"]
