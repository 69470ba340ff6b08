"""The layers of a county as they are written: in the file names, field names, formats and systems that planners have."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
from geopandas import GeoDataFrame

from ecospace.demo import greens, land, parks
from ecospace.demo.county import County
from ecospace.demo.lines import FARMLAND_CRS, REDLINE_CRS
from ecospace.demo.place import GEOGRAPHIC, Place
from ecospace.demo.roads import bridges
from ecospace.demo.streets import greenways, streets
from ecospace.demo.writing import Sheet


def sheets(county: County) -> list[Sheet]:
    """All vector layers of a county."""
    return [*_units(county), *_protected(county), *_lines(county), *_land(county), *_courses(county), *_urban(county),
            *_ways(county)]  # fmt: skip


def _units(county: County) -> list[Sheet]:
    place, design = county.place, county.place.design
    boundary = place.boundary_frame.assign(name=design["name"], code=design["code"])[["name", "code", "geometry"]]
    towns = county.towns.reset_index().rename(
        columns={"code": "XZQDM", "name": "XZQMC", "kind": "LX", "population": "RK"}
    )
    park = _rows(place, [(design["names"]["industrial_park"], "省级示例", county.industrial_park)], "name", "level")
    return [
        Sheet("boundary_demo.gpkg", boundary, GEOGRAPHIC, origin=str(design.get("boundary_origin", "synthetic"))),
        Sheet("townships_demo.geojson", towns[["XZQDM", "XZQMC", "LX", "RK", "geometry"]], GEOGRAPHIC),
        Sheet("industrial_park_demo.gpkg", park, GEOGRAPHIC),
    ]


def _protected(county: County) -> list[Sheet]:
    place, protected = county.place, county.protected
    zones = [
        (f"{lake.name}饮用水水源保护区", level, zone)
        for lake in county.reservoirs
        for level, zone in lake.zones.items()
    ]
    return [
        Sheet("forest_parks_demo.shp", _ledger(place, "SLGY", "森林公园", protected.parks), REDLINE_CRS),
        Sheet("reserves_demo.gpkg", _reserve_zones(place, protected), REDLINE_CRS),
        Sheet("wetland_parks_demo.gpkg", _ledger(place, "SDGY", "湿地公园", protected.wetland_parks), GEOGRAPHIC),
        Sheet("water_source_demo.gpkg", greens.with_ids(_rows(place, zones, "name", "level"), "SY"), GEOGRAPHIC),
        Sheet("public_forest_demo.gpkg", _forest_fields(county.public_forest), GEOGRAPHIC),
    ]


def _lines(county: County) -> list[Sheet]:
    return [
        Sheet("redline_demo.gpkg", _red_fields(county.red_line.first), REDLINE_CRS),
        Sheet("redline_v2_demo.gpkg", _red_fields(county.red_line.second), REDLINE_CRS),
        Sheet("farmland_demo.gpkg", _farm_fields(county.farmland), FARMLAND_CRS),
        Sheet("control_units_demo.gpkg", _unit_fields(county.control_units), GEOGRAPHIC),
    ]


def _land(county: County) -> list[Sheet]:
    later = _land_fields(county.parcels, "dlbm_later")
    return [
        Sheet("forest_demo.gpkg", _forest_fields(county.blocks), GEOGRAPHIC),
        Sheet("land_use_2017_demo.gpkg", _land_fields(county.parcels, "dlbm"), GEOGRAPHIC),
        # Without an index FlatGeobuf keeps the order of the rows.
        Sheet("land_use_2020_demo.fgb", later, GEOGRAPHIC, options={"SPATIAL_INDEX": "NO"}),
    ]


def _courses(county: County) -> list[Sheet]:
    place, rivers, roads = county.place, county.rivers, county.roads
    wet = [(lake.name, "水库", lake.water) for lake in county.reservoirs] + [(r.name, "河流", r.banks) for r in rivers]
    over = enumerate(bridges(roads, rivers[0].banks), start=1)
    spans = [(f"{road}示例桥{number}", road, line) for number, (road, line) in over]
    corridors = greens.with_ids(greens.corridors(place, rivers, roads, county.towns), "LD")
    return [
        Sheet("water_demo.gpkg", _rows(place, wet, "name", "kind"), GEOGRAPHIC),
        Sheet("rivers_demo.gpkg", _rows(place, [(r.name, r.alias, r.line) for r in rivers], "name", "alias"), GEOGRAPHIC),
        Sheet("roads_demo.gpkg", _rows(place, [(r.name, r.kind, r.code, r.start_m, r.line) for r in roads],
                                       "name", "kind", "code", "start_m"), GEOGRAPHIC),
        Sheet("bridges_demo.gpkg", _rows(place, spans, "name", "road"), GEOGRAPHIC),
        Sheet("exits_demo.gpkg", greens.exits(roads, place), GEOGRAPHIC),
        Sheet("corridors_demo.gpkg", corridors, GEOGRAPHIC),
        Sheet("belts_demo.gpkg", greens.belts(place, county.towns, county.built), GEOGRAPHIC),
        Sheet("shoreline_demo.gpkg", greens.shorelines(place, rivers, county.built), GEOGRAPHIC),
    ]  # fmt: skip


def _urban(county: County) -> list[Sheet]:
    place, towns, built = county.place, county.towns, county.built
    gardens = greens.urban_parks(place, towns, built)
    return [
        Sheet("urban_parks_demo.gpkg", gardens, GEOGRAPHIC),
        Sheet("residential_demo.gpkg", greens.homes(place, built, gardens), GEOGRAPHIC),
        Sheet("monitoring_demo.gpkg", greens.stations(place, county.rivers, county.reservoirs), GEOGRAPHIC),
        Sheet("sensitive_demo.gpkg", greens.schools(place, towns), GEOGRAPHIC),
    ]


def _ways(county: County) -> list[Sheet]:
    """Streets and greenways, where the design has them: the small sample county stays below a megabyte."""
    place = county.place
    if not place.design.get("streets"):
        return []
    return [
        Sheet("streets_demo.gpkg", streets(place, county.towns, county.built), GEOGRAPHIC),
        Sheet("greenways_demo.gpkg", greenways(place, county.rivers), GEOGRAPHIC),
    ]


def _rows(place: Place, rows: Iterable[tuple[Any, ...]], *columns: str) -> GeoDataFrame:
    return GeoDataFrame(list(rows), columns=[*columns, "geometry"], crs=place.crs)


def _ledger(place: Place, prefix: str, kind: str, grown: list[parks.Grown]) -> GeoDataFrame:
    """A ledger of protected places in the field names of the survey database: BHQMC, BHQJB, BHQMJ (公顷), PZJG, PZSJ."""
    rows = [
        (f"{prefix}{number:02d}", one.name, kind, "国家级" if "国家" in one.name else "县级", round(one.shape.area / 1e4, 2),
         "示例批准机关", "示例〔2017〕1号", "2017-06-30", one.shape)
        for number, one in enumerate(grown, start=1)
    ]  # fmt: skip
    return _rows(place, rows, "BHQBH", "BHQMC", "BHQLX", "BHQJB", "BHQMJ", "PZJG", "PZWH", "PZSJ")


def _reserve_zones(place: Place, protected: parks.Protected) -> GeoDataFrame:
    """The functional zones (功能分区) of the reserves, as offices keep them: two rows a reserve, areas adding up to its own."""
    ledger = _ledger(place, "ZRBHQ", "自然保护区", protected.reserves).itertuples()
    rows = []
    for reserve, core, general in zip(ledger, protected.zones[0::2], protected.zones[1::2], strict=True):
        core_ha = round(core[2].area / 1e4, 2)
        areas = (core_ha, round(reserve.BHQMJ - core_ha, 2))
        for letter, (name, zone, shape), area_ha in zip("HY", (core, general), areas, strict=True):
            rows.append((f"{reserve.BHQBH}{letter}", name, reserve.BHQLX, zone, reserve.BHQJB, area_ha,
                         reserve.PZJG, reserve.PZWH, reserve.PZSJ, shape))  # fmt: skip
    return _rows(place, rows, "BHQBH", "BHQMC", "BHQLX", "GNFQ", "BHQJB", "BHQMJ", "PZJG", "PZWH", "PZSJ")


def _forest_fields(blocks: GeoDataFrame) -> GeoDataFrame:
    """A forest inventory: class (地类) by name, canopy closure (郁闭度), area in hectares."""
    names = {"0301": "乔木林地", "0302": "竹林地", "0305": "一般灌木林地"}
    canopy = np.round(0.3 + 0.5 * (blocks["height_m"] % 97) / 97, 2)
    out = blocks.assign(
        XBH=list(blocks.index), XZQDM=blocks["town"], DI_LEI=blocks["dlbm"].map(names), DLBM=blocks["dlbm"],
        YU_BI_DU=np.where(blocks["dlbm"] == "0301", canopy, 0.0), MIAN_JI=(blocks.area / 1e4).round(4),
    )  # fmt: skip
    return out[["XBH", "XZQDM", "DI_LEI", "DLBM", "YU_BI_DU", "MIAN_JI", "geometry"]]


def _red_fields(red: GeoDataFrame) -> GeoDataFrame:
    out = red.assign(HXBM=[f"HX{number:04d}" for number in range(1, len(red) + 1)])
    out = out.rename(columns={"name": "HXMC", "kind": "HXLX", "origin": "LY", "town": "XZQDM"})
    return out[["HXBM", "HXMC", "HXLX", "LY", "XZQDM", "geometry"]]


def _farm_fields(fields: GeoDataFrame) -> GeoDataFrame:
    out = fields.assign(JBNTTBBH=[f"NT{number:05d}" for number in range(1, len(fields) + 1)], BZ="")
    out.loc[out.index[-1], "BZ"] = "与生态保护红线冲突的示例地块"
    return out.rename(columns={"town": "XZQDM", "dlbm": "DLBM"})[["JBNTTBBH", "XZQDM", "DLBM", "BZ", "geometry"]]


def _land_fields(parcels: GeoDataFrame, column: str) -> GeoDataFrame:
    fields = {
        "TBBH": [f"{number:05d}" for number in range(1, len(parcels) + 1)],
        "DLBM": parcels[column].to_numpy(),
        "DLMC": pd.Series(parcels[column]).map(land.NAMES).to_numpy(),
        "ZLDWDM": parcels["town"].to_numpy(),
        "TBMJ": parcels.area.round(2).to_numpy(),
    }
    return GeoDataFrame(fields, geometry=parcels.geometry.to_numpy(), crs=parcels.crs)


def _unit_fields(units: GeoDataFrame) -> GeoDataFrame:
    """Control units in the field names of the 三线一单 platforms, with the four kinds of requirement as 示例 texts."""
    texts = {
        1: ("禁止大规模、高强度的工业开发和城镇建设", "不新增污染物排放", "加强森林防火和水源保护", "严控用水总量"),
        2: (
            "引导产业集聚发展，限制高耗能项目",
            "主要污染物等量替代",
            "园区应制定突发环境事件应急预案",
            "提高单位用地产出",
        ),
        3: ("落实生态环境保护基本要求", "农业面源污染治理", "加强农用地风险管控", "推进节水灌溉"),
    }
    out = units.rename(columns={"code": "HJZHGKDYBM", "name": "HJZHGKDYMC", "level": "ZHGKDYFL", "town": "XZQDM"})
    demands = ["KJBJYS", "PWWPFGK", "HJFXFK", "ZYKFXLYQ"]
    for number, column in enumerate(demands):
        out[column] = [f"{texts[level][number]}（示例）" for level in out["ZHGKDYFL"]]
    return out[["HJZHGKDYBM", "HJZHGKDYMC", "ZHGKDYFL", "XZQDM", *demands, "geometry"]]
