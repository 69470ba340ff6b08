"""How many cells of each raster value lie in each zone, by exact fractions; the raster may be larger than memory."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import rasterio
from affine import Affine
from rasterio.windows import Window

from ecospace.errors import CRSError, DataError
from ecospace.language import _
from ecospace.space.fractions import cover_window
from ecospace.space.overlay import require_polygons

#: Rows read at a time: one row of blocks in the usual tiled GeoTIFF.
BAND_ROWS = 512


def class_cells(raster: str | Path | rasterio.DatasetReader, zones: gpd.GeoDataFrame, *, band: int = 1) -> pd.DataFrame:
    """Cells of each value in each zone, a cell on a zone's edge counted by its covered fraction (分类栅格分区统计).

    Parameters
    ----------
    raster : path or open rasterio dataset
        Classes (whole numbers). It may be larger than memory.
    zones : GeoDataFrame
        Valid polygons indexed by zone code, in the raster's CRS.
    band : int
        Band of the raster, from 1.

    Returns
    -------
    DataFrame
        zone, value (Int64; missing where the raster has no data), cells (float, exact to 1e-9 of a zone); sorted by the
        order of the zones, then by value. Ground of a zone beyond the raster is not in it: compare the zone's sum.
    """
    if isinstance(raster, (str, Path)):
        with rasterio.open(raster) as dataset:
            return class_cells(dataset, zones, band=band)
    _require_classes(raster, zones, band)
    tables = [_count_rows(raster, zones, band, row) for row in range(0, raster.height, BAND_ROWS)]
    table = pd.concat(tables).groupby(["zone", "value"], dropna=False)["cells"].sum().reset_index()
    codes = zones.index.take(table["zone"])
    return table.assign(zone=codes)


def _count_rows(raster: rasterio.DatasetReader, zones: gpd.GeoDataFrame, band: int, row: int) -> pd.DataFrame:
    """The table of some rows of the raster, with zones as positions."""
    window = Window(0, row, raster.width, min(BAND_ROWS, raster.height - row))
    block = raster.read(band, window=window, masked=True)
    values, place = np.unique(block.data, return_inverse=True)
    place = np.where(np.ma.getmaskarray(block), len(values), place.reshape(block.shape))
    names = pd.array([*values.tolist(), None], dtype="Int64")
    origin = raster.transform
    transform = Affine(origin.a, origin.b, origin.c + origin.b * row, origin.d, origin.e, origin.f + origin.e * row)
    tables = []
    for position, polygon in enumerate(zones.geometry):
        cover = cover_window(polygon, transform, block.shape)
        rows, columns = cover.fractions.shape
        part = place[cover.row : cover.row + rows, cover.column : cover.column + columns]
        cells = np.bincount(part.ravel(), cover.fractions.ravel(), minlength=len(values) + 1)
        met = np.flatnonzero(cells > 0)
        tables.append(pd.DataFrame({"zone": position, "value": names[met], "cells": cells[met]}))
    return pd.concat(tables)


def _require_classes(raster: rasterio.DatasetReader, zones: gpd.GeoDataFrame, band: int) -> None:
    """Refuse another CRS, and values that are no classes."""
    require_polygons(zones, _("zones"))
    if zones.crs is None or raster.crs is None or zones.crs != raster.crs.to_wkt():
        raise CRSError(
            "E-CRS-60",
            _("The zones and the raster are in two coordinate systems, so cells would be counted in the wrong place."),
            cure=_("Bring the zones to the raster first: zones.to_crs(raster.crs)."),
        )
    if not np.issubdtype(np.dtype(raster.dtypes[band - 1]), np.integer):
        raise DataError(
            "E-DATA-62",
            _("The raster holds {kind} values, which are measurements and not classes.").format(
                kind=raster.dtypes[band - 1]
            ),
            cure=_("Give a raster of whole numbers, or classify this one first."),
        )
