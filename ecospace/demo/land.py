"""Land parcels (地类图斑) of two dates that tile the boundary, and the forest blocks that are made of them.

One planar arrangement carries it all: every line of every layer is noded once, so that neighbours share their vertices
and forest blocks, parcels and towns agree to the last digit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import shapely
from geopandas import GeoDataFrame
from shapely import STRtree
from shapely.geometry.base import BaseGeometry

from ecospace.demo.forest import Cover, block_numbers
from ecospace.demo.place import Place
from ecospace.demo.relief import Relief
from ecospace.demo.shapes import blob, polygons_of

#: DLBM (第三次全国国土调查 工作分类) → name.
NAMES = {
    "0101": "水田", "0103": "旱地", "0201": "果园", "0301": "乔木林地", "0302": "竹林地", "0305": "灌木林地",
    "0404": "其他草地", "0601": "工业用地", "0701": "城镇住宅用地", "0702": "农村宅基地", "0810": "公园与绿地",
    "1003": "公路用地", "1101": "河流水面", "1103": "水库水面", "1104": "坑塘水面",
}  # fmt: skip


@dataclass(frozen=True)
class Built:
    """Built-up land: the seats of towns, villages, and the industrial park."""

    urban: BaseGeometry
    villages: BaseGeometry
    industry: BaseGeometry


def built_up(place: Place, towns: GeoDataFrame, relief: Relief, park: BaseGeometry, wet: BaseGeometry) -> Built:
    """Town seats as blobs, villages scattered over the plain, the park between two towns."""
    random = place.random("built")
    dry = place.boundary.difference(wet)
    urban = shapely.union_all([
        blob(random, town.seat_east, town.seat_north, roughness=0.24).grown(town.urban_m * 0.62)
        for town in towns.itertuples()
    ]).intersection(dry)  # fmt: skip
    industry = park.intersection(dry).difference(urban)
    west, south, east, north = place.boundary.bounds
    count = int(place.boundary.area / 1e6 * 0.55)
    points = np.column_stack([random.uniform(west, east, 3 * count), random.uniform(south, north, 3 * count)])
    heights = relief.at(points)
    low = np.median(relief.height[relief.cells_in(place.boundary)])
    points = points[heights < low][:count]
    villages = shapely.union_all([
        blob(random, x, y, roughness=0.2, corners=14).grown(random.uniform(70, 190)) for x, y in points
    ]).intersection(dry).difference(shapely.union_all([urban, industry]))  # fmt: skip
    return Built(urban, villages, industry)


def arrangement(
    place: Place, towns: GeoDataFrame, relief: Relief, cover: Cover, ground: dict[str, BaseGeometry]
) -> GeoDataFrame:
    """The parcels: faces between all lines.

    Parameters
    ----------
    ground : dict
        Ground that is neither forest nor field, by DLBM; earlier entries go first where they overlap.

    Returns
    -------
    GeoDataFrame
        Columns town, block, height_m, dlbm (of the first date), geometry; an exact tiling of the boundary.
    """
    cells = _cells(place, relief)
    outlines = [place.boundary, *towns.geometry, cover.forest, cover.shrub, *ground.values()]
    lines = shapely.union_all([*[outline.boundary for outline in outlines], cells])
    faces = shapely.get_parts(shapely.polygonize([lines]))
    middles = shapely.point_on_surface(faces)
    inside = shapely.contains(place.boundary, middles)
    faces, middles = faces[inside], middles[inside]
    points = shapely.get_coordinates(middles)
    frame = GeoDataFrame(geometry=faces, crs=place.crs)
    frame["town"] = _name_at(middles, list(towns.geometry), list(towns.index))
    frame["height_m"] = relief.at(points)
    frame["block"] = block_numbers(place, _cell_centres(place, relief, points), place.design["block_ha"])
    layers = {**ground, "forest": cover.forest, "0305": cover.shrub}
    frame["dlbm"] = _name_at(middles, list(layers.values()), list(layers))
    _fields_and_forest(place, frame, points)
    # One order for good: from north to south, then from west to east.
    order = np.lexsort([points[:, 0], -points[:, 1]])
    return frame.iloc[order].reset_index(drop=True)


def forest_blocks(parcels: GeoDataFrame, code: str) -> GeoDataFrame:
    """Forest and shrub blocks (小班): the parcels of one block, town and class as one feature."""
    trees = parcels[parcels["dlbm"].isin(["0301", "0302", "0305"])]
    rows = []
    for (town, _block, dlbm), group in trees.groupby(["town", "block", "dlbm"], sort=True):
        rows.append((town, dlbm, group["height_m"].mean(), shapely.coverage_union_all(group.geometry.to_numpy())))
    table = GeoDataFrame(rows, columns=["town", "dlbm", "height_m", "geometry"], crs=parcels.crs)
    table.index = pd.Index([f"LB{code[-3:]}{number:05d}" for number in range(1, len(table) + 1)], name="id")
    return table


def second_date(place: Place, parcels: GeoDataFrame, built: Built, kept: BaseGeometry) -> pd.Series[Any]:
    """DLBM of the second date: some fields beside towns were built on, some fields were planted; forest and what is kept stay.

    Parameters
    ----------
    kept : geometry
        Ground on which nothing changes (red line, permanent farmland).
    """
    random = place.random("second date")
    later: pd.Series[Any] = parcels["dlbm"].copy()
    shapely.prepare(kept)
    still = shapely.intersects(kept, parcels.geometry.to_numpy())
    fields = parcels[parcels["dlbm"].isin(["0101", "0103", "0201"]) & ~still & (parcels.area > 5_000)]
    for area, code, share in ((built.urban, "0701", 0.02), (built.industry, "0601", 0.01)):
        nearest = fields.distance(area).sort_values(kind="stable").index[: max(2, round(share * len(fields)))]
        later[nearest] = code
        fields = fields.drop(nearest)
    ponds = random.choice(fields.index, max(2, round(0.01 * len(fields))), replace=False)
    later[ponds] = "1104"
    return later


def _cells(place: Place, relief: Relief) -> BaseGeometry:
    points = shapely.multipoints(_cell_seeds(place, relief))
    return shapely.voronoi_polygons(points, extend_to=place.boundary, only_edges=True)


def _cell_seeds(place: Place, relief: Relief) -> np.ndarray[Any, Any]:
    random = place.random("parcels")
    west, south, east, north = place.boundary.buffer(500).bounds
    plain_ha, hill_ha = place.design["parcel_ha"]
    count = int((east - west) * (north - south) / 1e4 / plain_ha)
    points = np.column_stack([random.uniform(west, east, count), random.uniform(south, north, count)])
    hilly = relief.at(points) > np.median(relief.height)
    points = points[~hilly | (random.random(count) < plain_ha / hill_ha)]
    near = shapely.contains_xy(place.boundary.buffer(500), points[:, 0], points[:, 1])
    return np.asarray(points[near])


def _cell_centres(place: Place, relief: Relief, points: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    seeds = _cell_seeds(place, relief)
    nearest = STRtree(shapely.points(seeds)).nearest(shapely.points(points))
    return np.asarray(seeds[nearest])


def _name_at(middles: np.ndarray[Any, Any], areas: list[BaseGeometry], names: list[str]) -> np.ndarray[Any, Any]:
    """The name of the first area that holds each point, "" where none does."""
    found = np.full(len(middles), "", dtype=object)
    parts, owners = [], []
    for number, area in enumerate(areas):
        for part in polygons_of(area):
            parts.append(part)
            owners.append(number)
    tree = STRtree(parts)
    which_point, which_part = tree.query(middles, predicate="within")
    owner = np.asarray(owners)[which_part]
    order = np.lexsort([-owner, which_point])  # the first area is written last, and so it stays
    found[which_point[order]] = np.asarray(names, dtype=object)[owner[order]]
    return found


def _fields_and_forest(place: Place, frame: GeoDataFrame, points: np.ndarray[Any, Any]) -> None:
    random = place.random("fields")
    bamboo = np.random.default_rng([place.seed, 7]).random(int(frame["block"].max()) + 1) < 0.12
    forest = frame["dlbm"] == "forest"
    frame.loc[forest, "dlbm"] = np.where(bamboo[frame.loc[forest, "block"]], "0302", "0301")
    empty = (frame["dlbm"] == "").to_numpy()
    draw = random.random(len(frame))
    higher = frame["height_m"].to_numpy() > np.quantile(frame["height_m"], 0.35)
    dry = np.where(draw < 0.45, "0201", np.where(draw < 0.85, "0103", "0404"))
    wet = np.where(draw < 0.72, "0101", np.where(draw < 0.86, "1104", "0103"))
    frame.loc[empty, "dlbm"] = np.where(higher, dry, wet)[empty]
