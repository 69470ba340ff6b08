"""Corridors and belts of the plan (C01–C04), urban parks, homes, stations, shorelines: each labelled 示例."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import shapely
import shapely.ops
from geopandas import GeoDataFrame
from shapely import LineString, Point
from shapely.geometry.base import BaseGeometry

from ecospace.demo.land import Built
from ecospace.demo.place import Place
from ecospace.demo.roads import Road
from ecospace.demo.shapes import blob, ground, polygons_of, without_crumbs, without_hairs
from ecospace.demo.water import Reservoir, River

#: Full widths of the corridors in metres: invented.
MAIN_RIVER_WIDTH_M, RIVER_WIDTH_M, ROAD_WIDTH_M, GREEN_WIDTH_M = 300.0, 120.0, 100.0, 200.0
#: The stretch of the S367 whose green is to be restored (requirement B08): K36+945 to K45+540.
STRETCH_M = (36_945.0, 45_540.0)
BUILT_SHARE = 0.8


def corridors(place: Place, rivers: list[River], roads: list[Road], towns: GeoDataFrame) -> GeoDataFrame:
    """The corridors that the plan names, as centre lines with a full width and a status, and the clause beside each."""
    rows: list[tuple[str, str, str, float | None, str, str, str | None, BaseGeometry]] = []
    for number, river in enumerate(rivers):
        width = MAIN_RIVER_WIDTH_M if number == 0 else RIVER_WIDTH_M
        rows.append(
            (
                f"{river.name}河流廊道（示例）",
                river.alias,
                "河流廊道",
                width,
                "建成",
                "C01" if number == 0 else "C02",
                None,
                river.line,
            )
        )
    for road in roads:
        if road.start_m:
            line = stretch(road, *STRETCH_M)
            if not line.is_empty:
                rows.append(
                    (
                        f"{road.name}恢复绿化段 K36+945~K45+540（示例）",
                        "",
                        "道路绿廊",
                        ROAD_WIDTH_M,
                        "规划",
                        "B08",
                        "K36+945",
                        line,
                    )
                )
        else:
            rows.append(
                (f"{road.name}道路绿廊（示例）", road.code, "道路绿廊", ROAD_WIDTH_M, "建成", "C03", None, road.line)
            )
    rows += [(*row, None, line) for row, line in _green_corridors(place, towns)]
    # The plan names a wall beside the belt and tells neither its course nor its width.
    neighbour, wall = place.design["names"]["belt_between"][1], _belt_axis(place, towns).parallel_offset(200)
    wall = wall.intersection(place.boundary)
    rows.append((f"城区与{neighbour}之间的生态墙（示例）", "", "生态墙", None, "规划", "C04", None, wall))
    columns = ["name", "alias", "kind", "width_m", "status", "clause", "start_m", "geometry"]
    return GeoDataFrame(rows, columns=columns, crs=place.crs)


def stretch(road: Road, start_m: float, end_m: float) -> LineString:
    """A stretch of a road by chainage (桩号); empty where the road does not have all of it."""
    if start_m < road.start_m or end_m > road.start_m + road.line.length:
        return LineString()
    return shapely.ops.substring(road.line, start_m - road.start_m, end_m - road.start_m)


def exits(roads: list[Road], place: Place) -> GeoDataFrame:
    """Motorway exits (高速出入口) whose surroundings are to be planted (C03)."""
    rows = [(f"{name}出入口", road.name, point) for road in roads for name, point in road.exits.items()]
    return GeoDataFrame(rows, columns=["name", "road", "geometry"], crs=place.crs)


def belts(place: Place, towns: GeoDataFrame, built: Built) -> GeoDataFrame:
    """The isolation belt (生态隔离带) between the city and its eastern neighbour (C04), 400 m across half way between them."""
    neighbour, axis = place.design["names"]["belt_between"][1], _belt_axis(place, towns)
    belt = ground(axis.buffer(200, cap_style="flat").intersection(place.boundary).difference(built.urban))
    names = [f"城区与{neighbour}之间的生态隔离带（示例）"]
    return GeoDataFrame(
        {"name": names, "kind": ["生态隔离带"], "status": ["续建"], "clause": ["C04"]}, geometry=[belt], crs=place.crs
    )


def _belt_axis(place: Place, towns: GeoDataFrame) -> LineString:
    """The middle line of the belt, square to the line between the seats."""
    city, neighbour = place.design["names"]["belt_between"]
    seats = towns.set_index("name")[["seat_east", "seat_north"]]
    one, other = seats.loc[city].to_numpy(), seats.loc[neighbour].to_numpy()
    middle, along = (one + other) / 2, other - one
    across = np.array([-along[1], along[0]]) / np.hypot(*along)
    reach = min(2_500.0, 0.35 * np.hypot(*along))
    return LineString([middle - across * reach, middle + across * reach])


def urban_parks(place: Place, towns: GeoDataFrame, built: Built) -> GeoDataFrame:
    """Comprehensive parks (综合公园) and small gardens (小游园) in the seats of towns (B06)."""
    random = place.random("urban parks")
    rows: list[tuple[str, str, BaseGeometry]] = []
    for town in towns.itertuples():
        body = built.urban.intersection(Point(town.seat_east, town.seat_north).buffer(town.urban_m * 1.2))
        for number in range(1 + int(town.urban_m / 900)):
            kind, radius = ("综合公园", 190.0) if number == 0 else ("小游园", 45.0)
            angle, away = random.uniform(0, 2 * np.pi), random.uniform(0, 0.5) * town.urban_m
            x, y = town.seat_east + away * np.cos(angle), town.seat_north + away * np.sin(angle)
            shape = ground(
                blob(random, x, y, roughness=0.15, corners=24)
                .grown(radius * random.uniform(0.8, 1.2))
                .intersection(body)
            )
            taken = [row[2] for row in rows]
            if shape.area > 1_000 and not shapely.intersects(taken, shape).any():
                rows.append((f"{town.name}{kind}{number or ''}（示例）", kind, shape))
    frame = GeoDataFrame(rows, columns=["name", "kind", "geometry"], crs=place.crs)
    return frame.assign(area_ha=(frame.area / 1e4).round(4))


def homes(place: Place, built: Built, parks: GeoDataFrame) -> GeoDataFrame:
    """Residential land (居住用地): villages, and most of the seats without their parks; people in proportion to area."""
    urban = without_hairs(built.urban.difference(shapely.union_all(parks.geometry.to_numpy())))
    rows = [("城镇居住用地", part) for part in polygons_of(without_crumbs(urban, 50.0))] + [
        ("村庄", part) for part in polygons_of(without_crumbs(built.villages, 50.0))
    ]
    frame = GeoDataFrame(rows, columns=["kind", "geometry"], crs=place.crs)
    weight = frame.area * np.where(frame["kind"] == "村庄", 0.5, 1.0)
    return frame.assign(population=(weight / weight.sum() * place.plan["population"]).round(1))


def stations(place: Place, rivers: list[River], waters: list[Reservoir]) -> GeoDataFrame:
    """Monitoring points (监测点): one at most reservoirs, so that some zone has none, and two on every river."""
    rows: list[tuple[str, str, Any]] = []
    for reservoir in waters[: max(1, len(waters) - 1)]:
        rows.append((f"{reservoir.name}取水口（示例）", "水源地", reservoir.water.point_on_surface()))
    for river in rivers:
        line = max(shapely.get_parts(river.line), key=lambda part: part.length)
        for number, share in enumerate((0.3, 0.8), start=1):
            rows.append((f"{river.name}断面{number}（示例）", "河流断面", line.interpolate(share, normalized=True)))
    return GeoDataFrame(rows, columns=["name", "kind", "geometry"], crs=place.crs)


def shorelines(place: Place, rivers: list[River], built: Built) -> GeoDataFrame:
    """River banks by class: built-up banks are artificial (人工岸线), the others natural (自然岸线)."""
    near = built.urban.buffer(120)
    rows = []
    for river in rivers:
        banks = river.banks.boundary.intersection(place.boundary.buffer(-1))
        for kind, line in (("人工岸线", banks.intersection(near)), ("自然岸线", banks.difference(near))):
            if line.length > 1:
                rows.append((river.name, kind, line))
    return GeoDataFrame(rows, columns=["name", "kind", "geometry"], crs=place.crs)


def schools(place: Place, towns: GeoDataFrame) -> GeoDataFrame:
    """A school and a clinic in every town (环境敏感点)."""
    random = place.random("schools")
    rows = []
    for town in towns.itertuples():
        for kind in ("学校", "医院"):
            x, y = np.array([town.seat_east, town.seat_north]) + random.normal(0, 0.2 * town.urban_m, 2)
            rows.append((f"{town.name}示例{kind}", kind, Point(x, y)))
    return GeoDataFrame(rows, columns=["name", "kind", "geometry"], crs=place.crs)


def _green_corridors(
    place: Place, towns: GeoDataFrame
) -> list[tuple[tuple[str, str, str, float, str, str], LineString]]:
    """Five green corridors between neighbouring towns; the plan tells their number, not their course."""
    count = min(5, len(towns) - 1)
    seats = towns[["seat_east", "seat_north"]].to_numpy()
    found = []
    for number in range(count):
        line = LineString([seats[number], seats[number + 1]]).intersection(place.boundary)
        status = "建成" if number < round(BUILT_SHARE * count) else "规划"
        found.append(((f"示例绿色生态廊道{number + 1}", "", "绿色生态廊道", GREEN_WIDTH_M, status, "C04"), line))
    return found


def with_ids(frame: GeoDataFrame, prefix: str) -> GeoDataFrame:
    """The frame with a readable id in front."""
    ids = [f"{prefix}{number:03d}" for number in range(1, len(frame) + 1)]
    return GeoDataFrame(
        pd.concat([pd.Series(ids, index=frame.index, name="id"), frame], axis=1), geometry="geometry", crs=frame.crs
    )
