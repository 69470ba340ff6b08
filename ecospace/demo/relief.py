"""The relief stand-in: hills where the design hints at them, valleys along the rivers, noise at every scale."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, cast

import contourpy
import numpy as np
import shapely
from scipy import ndimage
from shapely.geometry.base import BaseGeometry

from ecospace.demo.place import Place
from ecospace.demo.shapes import polygons_of

Array = np.ndarray[Any, Any]
#: Ground beyond the boundary that the grid covers, so that basins and contours do not end at it.
MARGIN_M = 3_000.0
#: Standard deviation of the noise fields in metres, and their weight.
NOISE = ((250.0, 0.07), (600.0, 0.24), (2_000.0, 0.34), (6_000.0, 0.14))


@dataclass(frozen=True)
class Relief:
    """A height field on a grid: `height` in metres, rows from south to north, `east` and `north` of the cell centres."""

    east: Array
    north: Array
    height: Array

    def at(self, points: Array) -> Array:
        """Heights, bilinear, at points (n × 2)."""
        step = self.east[1] - self.east[0]
        columns = (points[:, 0] - self.east[0]) / step
        rows = (points[:, 1] - self.north[0]) / step
        return np.asarray(ndimage.map_coordinates(self.height, [rows, columns], order=1, mode="nearest"))

    def window(self, area: BaseGeometry) -> Relief:
        """The part of the grid around an area."""
        west, south, right, top = area.bounds
        columns = slice(max(0, int(np.searchsorted(self.east, west)) - 2), int(np.searchsorted(self.east, right)) + 2)
        rows = slice(max(0, int(np.searchsorted(self.north, south)) - 2), int(np.searchsorted(self.north, top)) + 2)
        return Relief(self.east[columns], self.north[rows], self.height[rows, columns])

    def between(self, low: float, high: float) -> BaseGeometry:
        """The ground between two heights, with smooth contours for its outline."""
        return filled_contour(self.east, self.north, self.height, low, high)

    def cells_in(self, area: BaseGeometry) -> Array:
        """Which cells have their centre in an area."""
        shapely.prepare(area)
        east, north = np.meshgrid(self.east, self.north)
        return np.asarray(shapely.contains_xy(area, east.ravel(), north.ravel()).reshape(self.height.shape))

    def nearest_cell(self, east: float, north: float) -> tuple[int, int]:
        """Row and column of the cell of a point."""
        return int(np.abs(self.north - north).argmin()), int(np.abs(self.east - east).argmin())


def filled_contour(east: Array, north: Array, field: Array, low: float, high: float) -> BaseGeometry:
    """The polygons where a field is between two values."""
    generator = contourpy.contour_generator(east, north, field, fill_type=contourpy.FillType.OuterOffset)
    points, offsets = cast("tuple[list[Array], list[Array]]", generator.filled(low, high))
    polygons = []
    for vertices, starts in zip(points, offsets, strict=True):
        rings = [vertices[a:b] for a, b in pairwise(starts) if b - a >= 4]
        if rings:
            polygons.append(shapely.Polygon(rings[0], rings[1:]))
    return shapely.make_valid(shapely.multipolygons(polygons), method="structure", keep_collapsed=False)


def make_relief(place: Place, courses: list[BaseGeometry]) -> Relief:
    """Hills, valleys and noise over the boundary and a margin around it."""
    step = float(place.design["grid_m"])
    west, south, right, top = place.boundary.bounds
    east = np.arange(np.floor((west - MARGIN_M) / step), np.ceil((right + MARGIN_M) / step)) * step
    north = np.arange(np.floor((south - MARGIN_M) / step), np.ceil((top + MARGIN_M) / step)) * step
    grid_east, grid_north = np.meshgrid(east, north)

    hills = place.metres([hill[:2] for hill in place.design["hills"]])
    trend = np.zeros(grid_east.shape)
    for (x, y), (_lon, _lat, height, radius_km) in zip(hills, place.design["hills"], strict=True):
        away = np.hypot(grid_east - x, grid_north - y) / (radius_km * 1000)
        trend = np.maximum(trend, height * np.exp(-(away**3)))

    random = place.random("relief")
    scale = min(1.0, place.size_m / 25_000)  # a small county has small hills
    noise = sum(weight * _noise(random, grid_east.shape, sigma * scale / step) for sigma, weight in NOISE)
    valley = _valleys(courses, east, north, 2_600.0 * scale)
    shape = 0.62 * ndimage.gaussian_filter(trend, 900 * scale / step) + noise * (0.35 + 0.65 * valley)
    shape = shape - 0.35 * (1 - valley)
    return Relief(east, north, 6 + 240 * np.logaddexp(0, 4 * (shape - 0.25)) / 4 * (1 + 0.5 * np.clip(shape, 0, 2)))


def _noise(random: np.random.Generator, shape: tuple[int, ...], sigma: float) -> Array:
    """Smoothed white noise of unit variance, made on a coarser grid where it has nothing finer to show."""
    coarse = max(1, int(sigma / 3))
    small = tuple(-(-size // coarse) + 2 for size in shape)
    field = ndimage.gaussian_filter(random.standard_normal(small), sigma / coarse, mode="wrap")
    if coarse > 1:
        field = ndimage.zoom(field, coarse, order=3)
    field = field[: shape[0], : shape[1]]
    return np.asarray((field - field.mean()) / field.std())


def _valleys(courses: list[BaseGeometry], east: Array, north: Array, width_m: float) -> Array:
    """0 on a river, rising to 1 away from it."""
    step = east[1] - east[0]
    dry = np.ones((len(north), len(east)), dtype=bool)
    for course in courses:
        points = shapely.get_coordinates(shapely.segmentize(course, step / 2))
        columns = np.round((points[:, 0] - east[0]) / step).astype(int)
        rows = np.round((points[:, 1] - north[0]) / step).astype(int)
        inside = (columns >= 0) & (rows >= 0) & (columns < len(east)) & (rows < len(north))
        dry[rows[inside], columns[inside]] = False
    away = ndimage.distance_transform_edt(dry) * step
    return np.asarray(1 - np.exp(-((away / width_m) ** 1.5)))


def basin_of(relief: Relief, water: list[BaseGeometry], outlets: list[BaseGeometry]) -> list[BaseGeometry]:
    """The basin of each reservoir: ground that is flooded from it before it is from a river or from outside.

    A marker-controlled watershed (priority flood) on every third cell.
    """
    every = 3
    east, north, height = relief.east[::every], relief.north[::every], relief.height[::every, ::every]
    coarse = Relief(east, north, height)
    owner = np.zeros(height.shape, dtype=np.int32)
    owner[[0, -1], :] = owner[:, [0, -1]] = -1
    for outlet in outlets:
        owner[coarse.cells_in(outlet.buffer(2 * (east[1] - east[0])))] = -1
    for number, lake in enumerate(water, start=1):
        owner[coarse.cells_in(lake.buffer(east[1] - east[0]))] = number
    queue = [(float(height[cell]), cell) for cell in map(tuple, np.argwhere(owner != 0))]
    heapq.heapify(queue)
    rows, columns = height.shape
    while queue:
        level, (row, column) = heapq.heappop(queue)
        for r, c in ((row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1)):
            if 0 <= r < rows and 0 <= c < columns and owner[r, c] == 0:
                owner[r, c] = owner[row, column]
                heapq.heappush(queue, (max(level, float(height[r, c])), (r, c)))
    basins = []
    for number, lake in enumerate(water, start=1):
        smooth = ndimage.gaussian_filter((owner == number).astype(float), 1.5)
        found = [p for p in polygons_of(filled_contour(east, north, smooth, 0.5, 2.0)) if p.intersects(lake)]
        basins.append(shapely.union_all([*found, lake]))
    return basins
