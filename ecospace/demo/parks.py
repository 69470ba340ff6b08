"""Forest parks, nature reserves, wetland parks and public-welfare forest, each to its area."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import shapely
from geopandas import GeoDataFrame
from scipy import ndimage
from shapely.geometry.base import BaseGeometry

from ecospace.demo.place import Place
from ecospace.demo.relief import Relief
from ecospace.demo.shapes import blob, ground, grow_to_area, grown_within, western_part, without_crumbs, without_hairs
from ecospace.demo.water import Reservoir

Point = tuple[float, float]
#: Metres between two protected places that do not overlap.
APART_M = 250.0
#: The share of a reserve that is its core zone.
CORE_SHARE = 0.45


@dataclass(frozen=True)
class Grown:
    """A protected place: its name, its ground and where it grew from."""

    name: str
    seed: Point
    shape: BaseGeometry


@dataclass(frozen=True)
class Protected:
    """Forest parks, reserves and their functional zones (功能分区), and wetland parks."""

    parks: list[Grown]
    reserves: list[Grown]
    zones: list[tuple[str, str, BaseGeometry]]
    wetland_parks: list[Grown]

    def shapes(self) -> list[BaseGeometry]:
        """The ground of them all."""
        return [grown.shape for group in (self.parks, self.reserves, self.wetland_parks) for grown in group]

    def alone(self, place: Place) -> BaseGeometry:
        """The ground around the reserves that overlap nothing, to be kept free of other kinds."""
        lonely = self.reserves[len(place.plan["overlaps_ha"]) :]
        return shapely.union_all([reserve.shape for reserve in lonely]).buffer(300)


def protected_places(place: Place, relief: Relief, forest: BaseGeometry, waters: list[Reservoir]) -> Protected:
    """Reserves and parks grown in the forest: areas and overlaps are those of the plan, to the square metre.

    The first reserves overlap a park by a stated area each; nothing else overlaps. The last reserve lies off all water
    zones, so that leaving it out changes a union by its own area.
    """
    random = place.random("parks")
    plan, names = place.plan, place.design["names"]
    room = _room(place, forest, waters)
    areas = _park_areas(random, plan["forest_parks_ha"], plan["forest_parks"])
    reserve_seeds, park_seeds = _seeds(place, _Sites(relief, room, random), areas, waters)

    parks: list[Grown] = []
    for name, hectares, at in zip(names["forest_park"], areas, park_seeds, strict=True):
        free = room.difference(_around(parks))
        parks.append(Grown(name, at, grown_within(blob(random, *at), free, hectares * 1e4)))
    reserves: list[Grown] = []
    all_parks = shapely.union_all([park.shape for park in parks])
    for number, (name, hectares, at) in enumerate(
        zip(names["reserves"], plan["reserves_ha"], reserve_seeds, strict=True)
    ):
        outline = blob(random, *at, roughness=0.14)
        shared_ha = plan["overlaps_ha"][number] if number < len(plan["overlaps_ha"]) else 0.0
        free = room.difference(shapely.union_all([all_parks, _around(reserves)]))
        shape = grown_within(outline, free, (hectares - shared_ha) * 1e4)
        if shared_ha:
            shape = shape.union(grown_within(outline, parks[number].shape, shared_ha * 1e4))
        reserves.append(Grown(name, at, without_hairs(shape)))
    zones = [zone for reserve in reserves for zone in _functional_zones(reserve)]
    wetlands = [
        Grown(name, (0.0, 0.0), ground(reservoir.water.buffer(90).intersection(place.boundary)))
        for name, reservoir in zip(names["wetland_parks"], waters, strict=False)
    ]
    return Protected(parks, reserves, zones, wetlands)


def _room(place: Place, forest: BaseGeometry, waters: list[Reservoir]) -> BaseGeometry:
    """Where protected places may grow: a legal outline is smoother than the trees, and keeps off the county's edge."""
    lakes = shapely.union_all([reservoir.water for reservoir in waters])
    smooth = forest.buffer(80).buffer(-80).simplify(10)
    return ground(smooth.intersection(place.boundary.buffer(-60)).difference(lakes.buffer(60)))


def _seeds(place: Place, sites: _Sites, areas: list[float], waters: list[Reservoir]) -> tuple[list[Point], list[Point]]:
    """Where reserves and parks grow from: the reserve that overlaps nothing first, then the others, then the parks."""
    hectares = place.plan["reserves_ha"]
    partners = len(place.plan["overlaps_ha"])
    hints = place.design["names"].get("reserves_at")
    basins = shapely.union_all([reservoir.zones["准保护区"] for reservoir in waters])
    reserves: list[Point] = []
    for number in reversed(range(len(hectares))):
        near = place.metres([hints[number]])[0] if hints else None
        reserves.insert(0, sites.take(hectares[number], off=basins if number >= partners else None, near=near))
    beside = [sites.beside(hectares[number], reserves[number], areas[number]) for number in range(partners)]
    return reserves, [*beside, *(sites.take(size) for size in areas[partners:])]


def _around(places: list[Grown]) -> BaseGeometry:
    return shapely.union_all([one.shape for one in places]).buffer(APART_M)


def public_forest(
    place: Place, blocks: GeoDataFrame, others: BaseGeometry, waters: list[Reservoir], apart: BaseGeometry
) -> GeoDataFrame:
    """Public-welfare forest (生态公益林): forest blocks, nearest to water first, until all protected ground is what it should be.

    Parameters
    ----------
    blocks : GeoDataFrame
        Forest blocks that do not overlap.
    others : geometry
        The union of all other protected ground.
    apart : geometry
        Ground that it keeps off.

    Returns
    -------
    GeoDataFrame
        The blocks taken, the last one trimmed so that the union has its share of the boundary to 0.01 m².
    """
    lakes = shapely.union_all([reservoir.water for reservoir in waters])
    trees = blocks[blocks["dlbm"] != "0305"]
    trees = trees[~trees.intersects(apart)].copy()
    shapely.prepare(others)
    trees["away_m"] = trees.distance(lakes)
    trees = trees.sort_values("away_m", kind="stable")
    added = trees.area - shapely.area(shapely.intersection(trees.geometry.to_numpy(), others))
    missing = place.plan["protected_share"] * place.boundary.area - others.area
    total = added.cumsum()
    whole = trees[total <= missing]
    last = trees.iloc[[len(whole)]].copy()
    remainder = missing - (total.iloc[len(whole) - 1] if len(whole) else 0.0)
    last["geometry"] = [western_part(last.geometry.iloc[0], remainder, off=others)]
    taken = pd.concat([whole, last[~last.is_empty]])
    return GeoDataFrame(taken.drop(columns="away_m"), crs=blocks.crs)


def _functional_zones(reserve: Grown) -> list[tuple[str, str, BaseGeometry]]:
    wanted = reserve.shape.area * CORE_SHARE
    core = grow_to_area(lambda inset: reserve.shape.buffer(-3_000 + inset), wanted, 0, 3_000)
    core = without_crumbs(core, 20_000)
    return [
        (reserve.name, "核心保护区", ground(core)),
        (reserve.name, "一般控制区", ground(reserve.shape.difference(core))),
    ]


def _park_areas(random: np.random.Generator, total_ha: float, count: int) -> list[float]:
    """Log-normal areas between 20 and 900 ha, largest first, adding up to the total in hundredths of a hectare."""
    sizes = np.sort(random.lognormal(np.log(total_ha / count * 0.85), 0.6, count))[::-1]
    for _round in range(50):
        sizes = np.clip(sizes / sizes.sum() * total_ha, 20, 900)
    rounded = np.round(sizes, 2)
    middle = count // 2  # the largest stays within its bound
    rounded[middle] = round(total_ha - rounded.sum() + rounded[middle], 2)
    return [float(size) for size in rounded]


class _Sites:
    """Where the next protected place may grow: deep in its room, apart from those before it."""

    def __init__(self, relief: Relief, room: BaseGeometry, random: np.random.Generator) -> None:
        self.random = random
        self.grid = Relief(relief.east[::2], relief.north[::2], relief.height[::2, ::2])
        step = self.grid.east[1] - self.grid.east[0]
        self.depth = ndimage.distance_transform_edt(self.grid.cells_in(room)) * step
        self.grid_east, self.grid_north = np.meshgrid(self.grid.east, self.grid.north)
        self.taken: list[tuple[float, float, float]] = []

    def take(self, hectares: float, off: BaseGeometry | None = None, near: np.ndarray[Any, Any] | None = None) -> Point:
        """A random place as deep as it can be had, or the one nearest to a hint."""
        radius = np.sqrt(hectares * 1e4 / np.pi)
        free = self._free(radius)
        if off is not None:
            free &= ~self.grid.cells_in(off.buffer(1.6 * radius))
        for depth in (0.9, 0.75, 0.6, 0.45, 0.3, 0.2, 0.1, 0.05):
            cells = np.argwhere(free & (self.depth >= depth * radius))
            if len(cells):
                chosen = int(self.random.integers(len(cells)))
                if near is not None:
                    away = np.hypot(self.grid.east[cells[:, 1]] - near[0], self.grid.north[cells[:, 0]] - near[1])
                    chosen = int(away.argmin())
                return self._keep(cells[chosen], radius)
        raise ValueError(f"no place for {hectares} ha")

    def beside(self, neighbour_ha: float, seed: Point, hectares: float) -> Point:
        """A place so near to another that the two overlap, as deep as it can be had."""
        radius, other = np.sqrt(hectares * 1e4 / np.pi), np.sqrt(neighbour_ha * 1e4 / np.pi)
        away = np.hypot(self.grid_east - seed[0], self.grid_north - seed[1])
        ring = (away > other + 0.25 * radius) & (away < other + 0.6 * radius) & self._free(radius, but=seed)
        depth = np.where(ring, self.depth, -1)
        return self._keep(np.array(np.unravel_index(depth.argmax(), depth.shape)), radius)

    def _free(self, radius: float, but: Point | None = None) -> np.ndarray[Any, Any]:
        free = np.ones(self.depth.shape, dtype=bool)
        for east, north, other in self.taken:
            if (east, north) != but:
                away = np.hypot(self.grid_east - east, self.grid_north - north)
                free &= away > 1.25 * (radius + other) + APART_M
        return free

    def _keep(self, cell: np.ndarray[Any, Any], radius: float) -> Point:
        at = float(self.grid.east[cell[1]]), float(self.grid.north[cell[0]])
        self.taken.append((*at, float(radius)))
        return at
