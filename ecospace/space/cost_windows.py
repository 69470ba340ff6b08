"""Accumulated cost over rasters larger than memory, window by window.

A least-cost way may cross windows many times, so each window is spread again whenever a neighbour has brought cheaper
ways to its rim, until none has. What is left is the one answer: the same float for float as in memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import geopandas
import numpy as np
from affine import Affine
from pyproj import CRS

from ecospace.errors import DataError
from ecospace.files import atomic
from ecospace.language import _
from ecospace.layers import gdal
from ecospace.layers.raster import Raster, open_raster
from ecospace.space.grid import Array, Grid, require_grid_crs
from ecospace.space.spread import spread


@dataclass(frozen=True)
class Spread:
    """What a run over windows did.

    Parameters
    ----------
    path : Path
        GeoTIFF of the cost, float64; NaN where nothing leads or no data is.
    windows : int
        Number of windows.
    rounds : int
        How many times a window was spread in all.
    """

    path: Path
    windows: int
    rounds: int


def accumulated_cost_by_windows(
    resistance: str | Path, source: geopandas.GeoDataFrame, target: str | Path, *, window: int = 2048
) -> Spread:
    """Least cost from a source to every cell of a raster file (累积耗费距离, 分块).

    Parameters
    ----------
    resistance : str or Path
        Raster of positive resistances, north-up, in metres (:func:`ecospace.space.resistance.write_resistance`).
    source : GeoDataFrame
        Polygons, in the same CRS; cells whose centre they hold cost 0.
    target : str or Path
        GeoTIFF to be written.
    window : int
        Cells along a side of a window: about 17 bytes a cell are held in memory, 8 more for each cell of the raster on
        disk beside the target while it runs.

    Returns
    -------
    Spread

    Raises
    ------
    DataError
        The source has no cell with data (E-DATA-74); a resistance is not positive (E-DATA-73).
    """
    raster = open_raster(resistance)
    require_grid_crs(Grid(np.zeros((1, 1)), raster.transform, CRS.from_user_input(raster.crs)), source)
    with atomic(target) as temporary:
        scratch = temporary.parent / "cost.raw"
        cost = np.memmap(scratch, dtype=np.float64, mode="w+", shape=raster.shape)
        squares = [
            (row, column) for row in range(0, raster.shape[0], window) for column in range(0, raster.shape[1], window)
        ]
        for row, column in squares:
            cost[row : row + window, column : column + window] = np.inf
        waiting = _sown(raster, source, cost, squares, window)
        if not waiting:
            raise DataError(
                "E-DATA-74",
                _("a source has no cell with data on the resistance surface, so no cost can be counted from it."),
                cure=_("Extend the resistance surface over all sources, or use smaller cells."),
            )
        rounds = 0
        while waiting:
            # The window with the cheapest news first: what lies further on is then seldom spread twice.
            square = min(waiting, key=lambda place: (waiting[place], place))
            del waiting[square]
            rounds += 1
            for neighbour, cheapest in _spread_square(raster, cost, square, window):
                waiting[neighbour] = min(cheapest, waiting.get(neighbour, np.inf))
        _write(raster, cost, temporary, squares, window)
        del cost
        scratch.unlink()
    return Spread(Path(target), len(squares), rounds)


def _sown(
    raster: Raster,
    source: geopandas.GeoDataFrame,
    cost: Array,
    squares: list[tuple[int, int]],
    window: int,
) -> dict[tuple[int, int], float]:
    """Set the cost of the source's cells to 0; the windows that have such cells."""
    from rasterio.features import rasterize

    waiting = {}
    for row, column in squares:
        values = _read(raster, row, column, window, window)
        if (values <= 0).any():
            raise DataError(
                "E-DATA-73",
                _("{count} cells have a resistance that is not a positive number, so cost has no meaning.").format(
                    count=int((values <= 0).sum())
                ),
                cure=_("Give every class a resistance above 0; leave cells that cannot be crossed without data."),
            )
        a, _b, c, _d, e, f = raster.transform[:6]
        here = Affine(a, 0, c + column * a, 0, e, f + row * e)
        burnt = rasterize(source.geometry, out_shape=values.shape, transform=here, dtype="uint8") == 1
        seeds = burnt & ~np.isnan(values)
        if seeds.any():
            cost[row : row + window, column : column + window][seeds] = 0.0
            waiting[row, column] = 0.0
    return waiting


def _spread_square(
    raster: Raster, cost: Array, square: tuple[int, int], window: int
) -> Iterator[tuple[tuple[int, int], float]]:
    """Spread one window from what it and its rim know; its neighbours that get news, with the cheapest of it."""
    row, column = square
    top, left = max(row - 1, 0), max(column - 1, 0)
    bottom, right = min(row + window + 1, raster.shape[0]), min(column + window + 1, raster.shape[1])
    values = _read(raster, top, left, bottom - top, right - left)
    before = np.array(cost[top:bottom, left:right])
    after = spread(values, before, -raster.transform.e, raster.transform.a)
    after[np.isnan(values)] = np.inf
    cost[top:bottom, left:right] = after
    cheaper = after < before
    # Cells of the window's own outermost ring are rim cells of its neighbours, and those of its rim are theirs.
    for down in (-window, 0, window):
        for across in (-window, 0, window):
            place = (row + down, column + across)
            if place == square or not (0 <= place[0] < raster.shape[0] and 0 <= place[1] < raster.shape[1]):
                continue
            rows = slice(max(place[0] - 1 - top, 0), min(place[0] + window + 1, bottom) - top)
            columns = slice(max(place[1] - 1 - left, 0), min(place[1] + window + 1, right) - left)
            news = cheaper[rows, columns]
            if news.any():
                yield place, float(after[rows, columns][news].min())


def _read(raster: Raster, row: int, column: int, rows: int, columns: int) -> Array:
    height, width = raster.shape
    values, valid = raster.read(row, column, min(rows, height - row), min(columns, width - column))
    return np.where(valid, values, np.nan).astype(np.float64)


def _write(raster: Raster, cost: Array, path: Path, squares: list[tuple[int, int]], window: int) -> None:
    from rasterio.windows import Window

    profile = {"driver": "GTiff", "width": raster.shape[1], "height": raster.shape[0], "count": 1, "dtype": "float64",
               "crs": raster.crs.to_wkt(), "transform": raster.transform, "nodata": float("nan"), "compress": "deflate",
               "tiled": True, "bigtiff": "if_safer"}  # fmt: skip
    with gdal.raster().open(path, "w", **profile) as out:
        for row, column in squares:
            part = np.array(cost[row : row + window, column : column + window])
            part[np.isinf(part)] = np.nan
            out.write(part, 1, window=Window(column, row, part.shape[1], part.shape[0]))
