"""Layers of the demonstration as files: in the formats, systems and field names that planners meet, the same bytes each time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import rasterio
from affine import Affine
from geopandas import GeoDataFrame
from pyproj.crs import CRS

from ecospace.demo.lines import delivered
from ecospace.demo.place import NOTICE

#: The date that is written into files, so that two runs give the same bytes.
WRITTEN_ON = "2018-06-30"
DRIVERS = {".gpkg": "GPKG", ".shp": "ESRI Shapefile", ".geojson": "GeoJSON", ".fgb": "FlatGeobuf"}


@dataclass(frozen=True)
class Sheet:
    """A layer to be written: its file, its frame, and the CRS of the file."""

    file: str
    frame: GeoDataFrame
    crs: CRS
    origin: str = "synthetic"
    options: Mapping[str, Any] = field(default_factory=dict)


def write_sheet(sheet: Sheet, folder: Path, seed: int, single: str | None = None) -> Path:
    """One vector file; every feature carries data_origin, seed and notice.

    Parameters
    ----------
    single : str, optional
        A GeoPackage that takes all vector layers, so that a small county is a small file.
    """
    path = folder / (single or sheet.file)
    frame = sheet.frame if sheet.frame.crs == sheet.crs else delivered(sheet.frame, sheet.crs)
    marked = frame.assign(data_origin=sheet.origin, seed=seed, notice=NOTICE if sheet.origin == "synthetic" else "")
    marked = marked[[*(c for c in marked.columns if c != "geometry"), "geometry"]]
    extra: dict[str, Any] = {}
    if path.suffix == ".shp":
        extra = {"encoding": "UTF-8", "DBF_DATE_LAST_UPDATE": WRITTEN_ON}
        marked = marked.rename(columns={"data_origin": "data_orig"})  # ten bytes are all that a DBF has for a name
    elif single is not None:
        extra = {"SPATIAL_INDEX": "NO", "append": path.exists()}
    with fixed_dates():
        pyogrio.write_dataframe(
            marked.reset_index(drop=True), path, layer=Path(sheet.file).stem, driver=DRIVERS[path.suffix],
            **{**extra, **(sheet.options if single is None else {})},
        )  # fmt: skip
    return path


def write_raster(
    path: Path,
    cells: np.ndarray[Any, Any],
    west: float,
    north: float,
    step: float,
    crs: CRS,
    nodata: int,
    tags: Mapping[str, str],
) -> None:
    """A GeoTIFF, rows from north to south."""
    with rasterio.open(
        path, "w", driver="GTiff", width=cells.shape[1], height=cells.shape[0], count=1, dtype=cells.dtype,
        crs=crs.to_wkt(), transform=Affine(step, 0.0, west, 0.0, -step, north), nodata=nodata, compress="deflate",
        predictor=1 if cells.dtype == np.uint8 else 2, tiled=True, blockxsize=256, blockysize=256,
    ) as file:  # fmt: skip
        file.write(cells, 1)
        file.update_tags(**tags)


@contextmanager
def fixed_dates() -> Iterator[None]:
    """GeoPackage stamps the clock into its tables; here it stamps a fixed date."""
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": f"{WRITTEN_ON}T00:00:00.000Z"})
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})
