"""Forest as the higher ground, to an exact share of the boundary; shrub below it; blocks (小班) of both."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from scipy.spatial import cKDTree
from shapely.geometry.base import BaseGeometry

from ecospace.demo.place import Place
from ecospace.demo.relief import Relief
from ecospace.demo.shapes import ground, without_crumbs

#: Smallest patch of forest, and smallest clearing in it: 1 亩.
SMALLEST_M2 = 10_000 / 15
#: The southern part of the place that has shrub.
SHRUB_PART = 0.45
#: How near the share has to come, in parts of the boundary: far inside the 0.005 points that are promised.
CLOSE = 2e-6


@dataclass(frozen=True)
class Cover:
    """Ground with trees: `forest` (森林, counted) and `shrub` (一般灌木林, counted as 林木绿化 only)."""

    forest: BaseGeometry
    shrub: BaseGeometry
    treeline_m: float


def forest_cover(place: Place, relief: Relief, taken: BaseGeometry) -> Cover:
    """All ground above a height, without what is taken by water, roads and houses."""
    free = place.boundary.difference(taken)
    forest, treeline = _above(place, relief, free, place.plan["forest_share"] * place.boundary.area)
    # Shrub in the south only: one wide belt below the treeline instead of a hem around every wood.
    west, south, east, north = place.boundary.bounds
    belt = free.difference(forest).intersection(shapely.box(west, south, east, south + SHRUB_PART * (north - south)))
    wanted = place.plan["tree_share"] * place.boundary.area - forest.area
    shrub, _level = _above(place, relief, belt, wanted, start=treeline - 3)
    return Cover(forest, shrub, treeline)


def _above(
    place: Place, relief: Relief, free: BaseGeometry, wanted: float, start: float | None = None
) -> tuple[BaseGeometry, float]:
    """Free ground above the height at which it has a wanted area, found by secants."""
    inside = relief.height[relief.cells_in(place.boundary)]
    levels = [start or float(np.quantile(inside, 1 - wanted / place.boundary.area * 1.03))]
    areas = []
    step = 2.0
    while True:
        land = without_crumbs(
            ground(relief.between(levels[-1], 1e9).simplify(place.design["smooth_m"]).intersection(free)), SMALLEST_M2
        )
        areas.append(land.area - wanted)
        if abs(areas[-1]) < CLOSE * place.boundary.area or len(levels) > 25:
            return land, levels[-1]
        if len(levels) == 1:
            levels.append(levels[0] + (step if areas[0] > 0 else -step))
        else:
            slope = (areas[-1] - areas[-2]) / (levels[-1] - levels[-2])
            levels.append(levels[-1] - areas[-1] / slope)


def block_numbers(place: Place, points: np.ndarray, hectares: float) -> np.ndarray:
    """The block of each point: that of the nearest of random seeds, about so many hectares to each."""
    random = place.random("blocks")
    west, south, east, north = place.boundary.bounds
    count = max(6, int((east - west) * (north - south) / 1e4 / hectares))
    seeds = np.column_stack([random.uniform(west, east, count), random.uniform(south, north, count)])
    return np.asarray(cKDTree(seeds).query(points)[1])
