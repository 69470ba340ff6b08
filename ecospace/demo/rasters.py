"""The forest mask and the elevation model, as GeoTIFF in the 3-degree zone 38."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import shapely
from affine import Affine
from rasterio.features import rasterize
from shapely.geometry.base import BaseGeometry

from ecospace.crs import moving
from ecospace.demo.lines import REDLINE_CRS
from ecospace.demo.place import NOTICE, Place
from ecospace.demo.relief import Relief
from ecospace.demo.water import Reservoir
from ecospace.demo.writing import write_raster

FOREST_STEP_M = 30.0
DEM_STEP_M = 90.0
OUTSIDE = 255
NO_HEIGHT = -32768


def write_forest_mask(place: Place, forest: BaseGeometry, path: Path) -> None:
    """1 forest, 0 other land, 255 outside the boundary; by cell centres of a 30 m grid."""
    boundary, trees = (_in_zone(place, area) for area in (place.boundary, forest))
    west, north, rows, columns = _grid(boundary, FOREST_STEP_M)
    transform = Affine(FOREST_STEP_M, 0.0, west, 0.0, -FOREST_STEP_M, north)
    cells = np.full((rows, columns), OUTSIDE, dtype=np.uint8)
    for area, value in ((boundary, 0), (trees, 1)):
        cells = rasterize([(area, value)], out=cells, transform=transform)
    tags = {
        "classes": "1=森林;0=非森林;255=界外",
        "data_origin": "synthetic",
        "seed": str(place.seed),
        "notice": NOTICE,
    }
    write_raster(path, cells, west, north, FOREST_STEP_M, REDLINE_CRS, OUTSIDE, tags)


def write_dem(place: Place, relief: Relief, waters: list[Reservoir], path: Path) -> None:
    """Heights in metres on a 90 m grid, reservoirs level, a margin of 2 km around the boundary."""
    area = _in_zone(place, place.boundary.buffer(2_000))
    west, north, rows, columns = _grid(area, DEM_STEP_M)
    east = west + DEM_STEP_M * (np.arange(columns) + 0.5)
    south = north - DEM_STEP_M * (np.arange(rows) + 0.5)
    grid_east, grid_north = np.meshgrid(east, south)
    home = moving(REDLINE_CRS, place.crs)(np.column_stack([grid_east.ravel(), grid_north.ravel()]))
    heights = relief.at(home)
    for reservoir in waters:
        shapely.prepare(reservoir.water)
        heights[shapely.contains_xy(reservoir.water, *home.T)] = reservoir.level_m
    cells = np.round(heights).astype(np.int16).reshape(rows, columns)
    tags = {"unit": "m", "data_origin": "synthetic", "seed": str(place.seed), "notice": NOTICE}
    write_raster(path, cells, west, north, DEM_STEP_M, REDLINE_CRS, NO_HEIGHT, tags)


def _in_zone(place: Place, area: BaseGeometry) -> BaseGeometry:
    return shapely.transform(area, moving(place.crs, REDLINE_CRS))


def _grid(area: Any, step: float) -> tuple[float, float, int, int]:
    west, south, east, north = area.bounds
    west, north = np.floor(west / step) * step, np.ceil(north / step) * step
    return float(west), float(north), int(np.ceil((north - south) / step)), int(np.ceil((east - west) / step))
