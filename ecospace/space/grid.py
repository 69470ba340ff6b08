"""A raster in memory: values, where they lie, and the steps between raster and vector."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from affine import Affine
from pyproj import CRS
from shapely.geometry.base import BaseGeometry

from ecospace.crs import require_known_shift, require_metric
from ecospace.errors import CRSError, DataError
from ecospace.files import atomic
from ecospace.language import _
from ecospace.layers import gdal
from ecospace.layers.raster import Raster, open_raster

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class Grid:
    """A north-up raster in memory (栅格).

    Parameters
    ----------
    values : ndarray of float64, shape (rows, columns)
        NaN where there is no data.
    transform : Affine
        From cell (column, row) to coordinates; not rotated.
    crs : pyproj.CRS
        Of the coordinates.
    """

    values: Array
    transform: Affine
    crs: CRS

    def __post_init__(self) -> None:
        if self.transform.b or self.transform.d or self.transform.e >= 0 or self.transform.a <= 0:
            raise DataError(
                "E-DATA-70",
                _("the raster is rotated or not north-up, so rows and columns are not north and east."),
                cure=_("Warp it first: gdalwarp -t_srs <its own CRS> in.tif out.tif"),
            )

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        rows, columns = self.values.shape
        return rows, columns

    @property
    def cell_m(self) -> tuple[float, float]:
        """Height and width of a cell, in units of the CRS (metres)."""
        return -self.transform.e, self.transform.a

    @property
    def cell_area_m2(self) -> float:
        """Area of a cell."""
        height, width = self.cell_m
        return height * width

    @property
    def known(self) -> Array:
        """Where there is data."""
        return ~np.isnan(self.values)

    def like(self, values: Array) -> Grid:
        """Other values on the same cells."""
        if values.shape != self.shape:
            raise ValueError(f"values of shape {values.shape} on a grid of {self.shape}")
        return Grid(np.asarray(values, dtype=np.float64), self.transform, self.crs)

    def xy(self, cells: Array) -> Array:
        """Coordinates of cell centres: (row, column) pairs to (x, y) pairs."""
        cells = np.asarray(cells, dtype=np.float64).reshape(-1, 2)
        return np.column_stack(
            (
                self.transform.c + (cells[:, 1] + 0.5) * self.transform.a,
                self.transform.f + (cells[:, 0] + 0.5) * self.transform.e,
            )
        )

    def cells(self, points: Array) -> Array:
        """Cells that hold points: (x, y) pairs to (row, column) pairs.

        Raises
        ------
        DataError
            A point lies outside the raster (E-DATA-71).
        """
        points = np.asarray(points, dtype=np.float64).reshape(-1, 2)
        found = np.column_stack(
            (
                np.floor((points[:, 1] - self.transform.f) / self.transform.e),
                np.floor((points[:, 0] - self.transform.c) / self.transform.a),
            )
        ).astype(np.int64)
        outside = ((found < 0) | (found >= np.array(self.shape))).any(axis=1)
        if outside.any():
            raise DataError(
                "E-DATA-71",
                _("{count} points lie outside the raster, so nothing can be said about them.").format(
                    count=int(outside.sum())
                ),
                cure=_("Give a raster that covers them, in the same coordinate system."),
            )
        return found

    def line(self, cells: Array) -> shapely.LineString:
        """The line through cell centres."""
        return shapely.LineString(self.xy(cells))

    def burn(self, geometries: Any, numbers: Any | None = None) -> Array:
        """Cells of geometries, by number: 1, 2, … in the order given, 0 where there is none.

        A cell belongs to a polygon that holds its centre. A geometry too small or thin to hold any centre gets the
        cells that it touches, so that no patch vanishes; later ones do not overwrite earlier ones there.

        Parameters
        ----------
        geometries : sequence of geometries
            In the CRS of the grid.
        numbers : sequence of int, optional
            Numbers instead of 1, 2, …

        Returns
        -------
        ndarray of int32, shape (rows, columns)
        """
        from rasterio.features import rasterize

        shapes = list(geometries)
        wanted = list(range(1, len(shapes) + 1)) if numbers is None else list(numbers)
        out = np.zeros(self.shape, dtype=np.int32)
        if not shapes:
            return out
        rasterize(zip(shapes, wanted, strict=True), out=out, transform=self.transform)
        missed = set(wanted) - set(np.unique(out).tolist())
        for shape, number in zip(shapes, wanted, strict=True):
            if number in missed:
                touched = rasterize(
                    [(shape, 1)], out_shape=self.shape, transform=self.transform, all_touched=True, dtype="uint8"
                )
                out[(touched == 1) & (out == 0)] = number
        return out

    def touched(self, geometries: Any) -> Array:
        """Every cell that a line or polygon touches."""
        from rasterio.features import rasterize

        shapes = [shape for shape in geometries if not shape.is_empty]
        if not shapes:
            return np.zeros(self.shape, dtype=bool)
        return np.asarray(
            rasterize(
                ((shape, 1) for shape in shapes),
                out_shape=self.shape,
                transform=self.transform,
                all_touched=True,
                dtype="uint8",
            )
            == 1
        )

    def polygons(self, labels: Array) -> GeoDataFrame:
        """Labelled cells as polygons: one row for each number above 0, column `number`.

        Parameters
        ----------
        labels : ndarray of int, shape (rows, columns)
            0 is background. Cells of a number that meet only in a corner become parts of one MultiPolygon.
        """
        from geopandas import GeoDataFrame
        from rasterio.features import shapes

        parts: dict[int, list[BaseGeometry]] = {}
        traced = shapes(labels.astype(np.int32), mask=labels > 0, transform=self.transform)
        for shape, number in traced:
            parts.setdefault(int(number), []).append(shapely.geometry.shape(shape))
        numbers = sorted(parts)
        merged = [shapely.union_all(parts[number]) for number in numbers]
        return GeoDataFrame({"number": numbers}, geometry=merged, crs=self.crs)

    def save(self, path: str | Path) -> Path:
        """Write a GeoTIFF (float32, deflate, tiled); NaN is the nodata value."""
        target = Path(path)
        rows, columns = self.shape
        with (
            atomic(target) as temporary,
            gdal.raster().open(
                temporary, "w", driver="GTiff", width=columns, height=rows, count=1, dtype="float32",
                crs=self.crs.to_wkt(), transform=self.transform, nodata=float("nan"), compress="deflate", tiled=True,
            ) as raster,
        ):  # fmt: skip
            raster.write(self.values.astype(np.float32), 1)
        return target


def read_grid(path: str | Path, *, around: BaseGeometry | None = None, margin_m: float = 0.0) -> Grid:
    """Read a GeoTIFF, or only the window around a geometry. See `open_raster` and `grid_of` for what is refused."""
    return grid_of(open_raster(path), around=around, margin_m=margin_m)


def grid_of(raster: Raster, *, around: BaseGeometry | None = None, margin_m: float = 0.0) -> Grid:
    """A raster layer in memory, whole or in part, with the CRS and the no-data value that the study gives it.

    Parameters
    ----------
    raster : Raster
    around : geometry, optional
        In the raster's own CRS: only the cells within `margin_m` of its bounds are read.
    margin_m : float
        In units of the CRS.

    Raises
    ------
    DataError
        The window does not meet the raster (E-DATA-72).
    """
    (rows, columns), (a, _b, c, _d, e, f) = raster.shape, tuple(raster.transform)[:6]
    top, left, bottom, right = 0, 0, rows, columns
    if around is not None:
        west, south, east, north = around.bounds
        left, right = np.clip([(west - margin_m - c) // a, -((c - east - margin_m) // a)], 0, columns).astype(int)
        top, bottom = np.clip([(north + margin_m - f) // e, -((f - south + margin_m) // e)], 0, rows).astype(int)
        if left == right or top == bottom:
            raise DataError(
                "E-DATA-72",
                _("the raster does not reach the place asked for, so there is nothing to measure."),
                cure=_("Give a raster that covers it, in the same coordinate system."),
                layer=raster.key,
                file=raster.path,
            )
    values, valid = raster.read(int(top), int(left), int(bottom - top), int(right - left))
    moved = Affine(a, 0, c + left * a, 0, e, f + top * e)
    return Grid(np.where(valid, values, np.nan).astype(np.float64), moved, CRS.from_user_input(raster.crs))


def brought_grid(grid: Grid, cells: Grid, *, classes: bool = False) -> Grid:
    """A raster resampled onto the cells of another: nearest for classes, bilinear for quantities.

    Parameters
    ----------
    grid : Grid
        In any CRS.
    cells : Grid
        Its cells and CRS are taken, not its values: :func:`empty_grid`, :func:`cells_of`.

    Raises
    ------
    CRSError
        PROJ does not know the datum shift (E-CRS-03).
    """
    from rasterio.warp import Resampling, reproject

    require_known_shift(grid.crs, cells.crs)
    out = np.full(cells.shape, np.nan)
    reproject(
        grid.values, out, src_transform=grid.transform, src_crs=grid.crs.to_wkt(), dst_transform=cells.transform,
        dst_crs=cells.crs.to_wkt(), src_nodata=np.nan, dst_nodata=np.nan,
        resampling=Resampling.nearest if classes else Resampling.bilinear,
    )  # fmt: skip
    return cells.like(out)


def cells_of(grid: Grid, crs: CRS, cell_m: float) -> Grid:
    """Empty cells over the same ground in another CRS."""
    from rasterio.warp import transform_bounds

    (rows, columns), transform = grid.shape, grid.transform
    west, north = transform.c, transform.f
    east, south = west + columns * transform.a, north + rows * transform.e
    bounds = transform_bounds(grid.crs.to_wkt(), crs.to_wkt(), west, south, east, north)
    return empty_grid(shapely.box(*bounds), crs, cell_m)


def empty_grid(area: BaseGeometry, crs: CRS, cell_m: float) -> Grid:
    """An empty raster over an area, its cells aligned to multiples of the cell size."""
    west, south, east, north = area.bounds
    column, row = np.floor(west / cell_m), np.ceil(north / cell_m)
    width, height = int(np.ceil(east / cell_m) - column), int(row - np.floor(south / cell_m))
    return Grid(np.full((height, width), np.nan), Affine(cell_m, 0, column * cell_m, 0, -cell_m, row * cell_m), crs)


def require_grid_crs(grid: Grid, *frames: GeoDataFrame) -> None:
    """Refuse a grid in degrees, or layers that lie in another CRS than the grid.

    Raises
    ------
    CRSError
        E-CRS-05 where the grid is not in metres, E-CRS-02 where a layer is in another CRS.
    """
    from geopandas import GeoDataFrame

    require_metric(GeoDataFrame(geometry=[], crs=grid.crs))
    for frame in frames:
        if frame.crs is None or not CRS.from_user_input(frame.crs).equals(grid.crs, ignore_axis_order=True):
            raise CRSError(
                "E-CRS-02",
                _("one layer is in {one}, another in {other}: overlaid so, they would not meet where they do.").format(
                    one=grid.crs.name, other=frame.crs.name if frame.crs is not None else "?"
                ),
                cure=_("Bring it into the study CRS first: study.crs.bring(layer)"),
            )
