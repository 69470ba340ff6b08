"""How many cells of each raster value lie in each zone, by exact fractions; the raster may be larger than memory."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ecospace.errors import CRSError, DataError
from ecospace.language import _
from ecospace.layers import gdal
from ecospace.space import kernels
from ecospace.space.kernels import Wkb

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd
    from rasterio.io import DatasetReader

Array = np.ndarray[Any, Any]
Cells = dict[tuple[int, int | None], float]

#: Rows read at a time: one row of blocks in the usual tiled GeoTIFF.
BAND_ROWS = 512


def class_cells(raster: str | Path | DatasetReader, zones: gpd.GeoDataFrame, *, band: int = 1) -> pd.DataFrame:
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
    import pandas as pd

    from ecospace.space.overlay import require_polygons
    from ecospace.space.overlay_cells import wkb_of

    require_polygons(zones, _("zones"))
    if isinstance(raster, (str, Path)):
        with gdal.raster().open(gdal.local_path(raster)) as dataset:
            return class_cells(dataset, zones, band=band)
    if zones.crs is None or raster.crs is None or zones.crs != raster.crs.to_wkt():
        raise CRSError(
            "E-CRS-60",
            _("The zones and the raster are in two coordinate systems, so cells would be counted in the wrong place."),
            cure=_("Bring the zones to the raster first: zones.to_crs(raster.crs)."),
        )
    shapes = np.asarray(zones.geometry.array)
    cells = cells_by_zone(raster, wkb_of(shapes), band) if kernels.available() else _by_fractions(raster, shapes, band)
    rows = sorted(cells.items(), key=lambda row: (row[0][0], row[0][1] is None, row[0][1] or 0))
    return pd.DataFrame({
        "zone": zones.index.take([zone for (zone, _value), _count in rows]),
        "value": pd.array([value for (_zone, value), _count in rows], dtype="Int64"),
        "cells": np.array([count for _key, count in rows], float),
    })  # fmt: skip


def cells_by_zone(raster: DatasetReader, zones: Wkb, band: int = 1) -> Cells:
    """Cells by (position of the zone, value) on the kernels: every cell is touched once, whatever the number of zones."""
    here = raster.transform
    inverse = ~type(here)(here.a, here.b, 0.0, here.d, here.e, 0.0)
    corner = [inverse.a, inverse.b, here.c, inverse.d, inverse.e, here.f]
    marks = kernels.marked(zones, np.array(corner), raster.height, raster.width)
    cells: defaultdict[tuple[int, int | None], float] = defaultdict(float)
    with ThreadPoolExecutor(kernels.thread_count()) as threads:
        waiting = []
        for row, names, classes in _bands(raster, band):
            waiting.append((names, threads.submit(kernels.counted, marks, classes, row, len(zones))))
            if len(waiting) > kernels.thread_count():
                _add(cells, *waiting.pop(0))
        for names, work in waiting:
            _add(cells, names, work)
    return dict(cells)


def _add(cells: Cells, names: list[int | None], work: Any) -> None:
    table = work.result()
    for zone, place in zip(*np.nonzero(table), strict=True):
        key = (int(zone), names[place])
        cells[key] = cells.get(key, 0.0) + float(table[zone, place])


def _by_fractions(raster: DatasetReader, shapes: Array, band: int) -> Cells:
    """The same without kernels: the window of each zone in each band of rows, by numpy."""
    from affine import Affine

    from ecospace.space.fractions import cover_window

    cells: defaultdict[tuple[int, int | None], float] = defaultdict(float)
    here = raster.transform
    for row, names, classes in _bands(raster, band):
        transform = Affine(here.a, here.b, here.c + here.b * row, here.d, here.e, here.f + here.e * row)
        for zone, polygon in enumerate(shapes):
            cover = cover_window(polygon, transform, classes.shape)
            rows, columns = cover.fractions.shape
            part = classes[cover.row : cover.row + rows, cover.column : cover.column + columns]
            counts = np.bincount(part.ravel(), cover.fractions.ravel(), minlength=len(names))
            for place in np.flatnonzero(counts):
                cells[zone, names[place]] += float(counts[place])
    return dict(cells)


def _bands(raster: DatasetReader, band: int) -> Iterator[tuple[int, list[int | None], Array]]:
    """Bands of rows with a byte for each cell: first row, the value of each byte (None: no data), the bytes."""
    from rasterio.windows import Window

    kind = np.dtype(raster.dtypes[band - 1])
    if not np.issubdtype(kind, np.integer):
        raise DataError(
            "E-DATA-62",
            _("The raster holds {kind} values, which are measurements and not classes.").format(kind=kind),
            cure=_("Give a raster of whole numbers, or classify this one first."),
        )
    # A mask of its own (or an alpha band) says more than one value that means no data.
    plain = (
        "nodata" in raster.mask_flag_enums[band - 1][0].name or raster.mask_flag_enums[band - 1][0].name == "all_valid"
    )
    with ThreadPoolExecutor(1) as reader:

        def read(row: int) -> Array:
            window = Window(0, row, raster.width, min(BAND_ROWS, raster.height - row))
            block: Array = raster.read(band, window=window, masked=not plain)
            return block

        following = reader.submit(read, 0)
        for row in range(0, raster.height, BAND_ROWS):
            block = following.result()
            if row + BAND_ROWS < raster.height:
                following = reader.submit(read, row + BAND_ROWS)
            names, classes = _as_bytes(block, raster.nodata if plain else None)
            yield row, names, classes


def _as_bytes(block: Array, nodata: float | None) -> tuple[list[int | None], Array]:
    """A byte for each cell, and the value that each byte stands for."""
    if block.dtype == np.uint8 and not np.ma.isMaskedArray(block):
        return [None if value == nodata else value for value in range(256)], block
    values, place = np.unique(np.ma.getdata(block), return_inverse=True)
    names: list[int | None] = [None if value == nodata else int(value) for value in values.tolist()]
    place = np.where(np.ma.getmaskarray(block), len(names), place.reshape(block.shape))
    names.append(None)
    if len(names) > 256:
        raise DataError(
            "E-DATA-65",
            _("The raster has more than 255 different values in one band of rows, so they are no classes."),
            cure=_("Classify the raster first."),
        )
    return names, place.astype(np.uint8)
