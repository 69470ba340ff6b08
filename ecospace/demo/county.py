"""All that is invented for one place, in the order in which one thing follows from another."""

from __future__ import annotations

from dataclasses import dataclass

import shapely
from geopandas import GeoDataFrame
from shapely.geometry.base import BaseGeometry

from ecospace.demo import forest, land, lines, parks, relief, roads, towns, water
from ecospace.demo.place import Place


@dataclass(frozen=True, eq=False)
class County:
    """An invented county, in the CRS of its place; red line and farmland in those of their files."""

    place: Place
    towns: GeoDataFrame
    relief: relief.Relief
    rivers: list[water.River]
    reservoirs: list[water.Reservoir]
    roads: list[roads.Road]
    industrial_park: BaseGeometry
    built: land.Built
    cover: forest.Cover
    parcels: GeoDataFrame
    blocks: GeoDataFrame
    protected: parks.Protected
    public_forest: GeoDataFrame
    red_line: lines.RedLine
    farmland: GeoDataFrame
    control_units: GeoDataFrame


def invent(place: Place) -> County:
    """Invent a county: relief from rivers, water and forest from relief, protected places from both, lines from all."""
    courses = water.courses(place)
    ground = relief.make_relief(place, courses)
    rivers = water.rivers(place, courses)
    reservoirs = water.reservoirs(place, ground, courses)
    units = towns.towns(place)
    park = towns.industrial_park(place, units)
    ways = roads.roads(place)
    lakes = shapely.union_all([reservoir.water for reservoir in reservoirs])
    banks = shapely.union_all([river.banks for river in rivers])
    surface = roads.road_ground(ways, place.boundary)
    wet = shapely.union_all([lakes, banks, surface])
    built = land.built_up(place, units, ground, park, wet)
    houses = shapely.union_all([built.urban, built.villages, built.industry])
    cover = forest.forest_cover(place, ground, shapely.union_all([wet, houses]))
    kinds = {
        "1103": lakes, "1101": banks, "1003": surface, "0701": built.urban, "0601": built.industry, "0702": built.villages,
    }  # fmt: skip
    parcels = land.arrangement(place, units, ground, cover, kinds)
    blocks = land.forest_blocks(parcels, place.design["code"])
    protected = parks.protected_places(place, ground, cover.forest, reservoirs)
    others = shapely.union_all([*protected.shapes(), *(zone for lake in reservoirs for zone in lake.zones.values())])
    welfare = parks.public_forest(place, blocks, others, reservoirs, protected.alone(place))
    red = lines.red_line(place, units, blocks, protected, reservoirs, shapely.union_all([others, houses, wet]))
    fields = lines.permanent_farmland(place, parcels, red)
    all_parks = shapely.union_all([grown.shape for grown in protected.parks])
    control = lines.control_units(place, units, red, all_parks, shapely.union_all([built.urban, built.industry]))
    kept = shapely.union_all(
        [shape for frame in (red.first, fields) for shape in lines.delivered(frame, place.crs).geometry]
    )
    parcels["dlbm_later"] = land.second_date(place, parcels, built, kept)
    return County(
        place=place, towns=units, relief=ground, rivers=rivers, reservoirs=reservoirs, roads=ways, industrial_park=park,
        built=built, cover=cover, parcels=parcels, blocks=blocks, protected=protected, public_forest=welfare, red_line=red,
        farmland=fields, control_units=control,
    )  # fmt: skip
