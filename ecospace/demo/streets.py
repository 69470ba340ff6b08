"""Streets and greenways of the demonstration: what service radii along streets and kilometres for 10 000 people are shown on."""

from __future__ import annotations

import numpy as np
import shapely
from geopandas import GeoDataFrame
from shapely import LineString
from shapely.affinity import rotate
from shapely.ops import substring

from ecospace.demo.land import Built
from ecospace.demo.place import Place
from ecospace.demo.water import River

#: Metres from street to street in a town; how far streets lead beyond its houses.
BLOCK_M, BEYOND_M = 180.0, 60.0
#: Greenways by status, metres from the start of a river: what the plan announces (新建4公里、改造提升6公里), and an invented stock.
GREENWAYS = (
    ("建成", 0, 0.0, 8_000.0),
    ("改造", 0, 8_000.0, 14_000.0),
    ("新建", 0, 14_000.0, 18_000.0),
    ("建成", 1, 0.0, 12_000.0),
)


def streets(place: Place, towns: GeoDataFrame, built: Built) -> GeoDataFrame:
    """A rectangular grid of streets (街道) in every town, turned a little, as far as its houses reach."""
    random = place.random("streets")
    rows = []
    for town in towns.itertuples():
        seat = shapely.Point(town.seat_east, town.seat_north)
        body = built.urban.intersection(seat.buffer(town.urban_m * 1.2)).buffer(BEYOND_M)
        reach = float(np.ceil(town.urban_m * 1.4 / BLOCK_M) * BLOCK_M)
        steps = np.arange(-reach, reach + 1, BLOCK_M)
        x, y = town.seat_east, town.seat_north
        grid = [LineString([(x + step, y - reach), (x + step, y + reach)]) for step in steps]
        grid += [LineString([(x - reach, y + step), (x + reach, y + step)]) for step in steps]
        turned = rotate(shapely.MultiLineString(grid), random.uniform(0, 90), origin=seat)
        lines = shapely.get_parts(turned.intersection(body))
        rows += [
            (f"{town.name}示例街道{number}", "街道", line)
            for number, line in enumerate(lines, start=1)
            if line.length > 30
        ]
    return GeoDataFrame(rows, columns=["name", "kind", "geometry"], crs=place.crs)


def greenways(place: Place, rivers: list[River]) -> GeoDataFrame:
    """Greenways (绿道) along two rivers, by status."""
    rows = []
    for status, number, start_m, end_m in GREENWAYS:
        line = max(shapely.get_parts(rivers[number].line), key=lambda part: part.length)
        rows.append((f"{rivers[number].name}绿道（示例）", "绿道", status, substring(line, start_m, end_m)))
    return GeoDataFrame(rows, columns=["name", "kind", "status", "geometry"], crs=place.crs)
