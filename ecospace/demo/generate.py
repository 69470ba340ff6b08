"""From a seed to a study folder: every layer in its order, the sites, the expected numbers, and study.toml last."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import numpy as np
import pandas as pd
import shapely
from geopandas import GeoDataFrame
from pyproj.crs import CRS
from shapely.geometry.base import BaseGeometry

from ecospace.demo import expected, forest, greens, land, lines, parks, rasters, relief, roads, sites, towns, water
from ecospace.demo.place import GEOGRAPHIC, Place
from ecospace.demo.writing import Sheet, write_sheet

ZONE_37, ZONE_38 = lines.FARMLAND_CRS, lines.REDLINE_CRS


@dataclass(frozen=True)
class County:
    """All that was invented for one place, in its own CRS."""

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
        "1103": lakes,
        "1101": banks,
        "1003": surface,
        "0701": built.urban,
        "0601": built.industry,
        "0702": built.villages,
    }
    parcels = land.arrangement(place, units, ground, cover, kinds)
    blocks = land.forest_blocks(parcels, place.design["code"])
    protected = parks.protected_places(place, ground, cover.forest, reservoirs)
    others = shapely.union_all([
        *(grown.shape for group in (protected.parks, protected.reserves, protected.wetland_parks) for grown in group),
        *(zone for reservoir in reservoirs for zone in reservoir.zones.values()),
    ])  # fmt: skip
    welfare = parks.public_forest(place, blocks, others, reservoirs, protected.reserves[-1].shape.buffer(300))
    red = lines.red_line(place, units, blocks, protected, reservoirs, shapely.union_all([others, houses, wet]))
    fields = lines.permanent_farmland(place, parcels, red)
    all_parks = shapely.union_all([grown.shape for grown in protected.parks])
    control = lines.control_units(place, units, red, all_parks, shapely.union_all([built.urban, built.industry]))
    kept = shapely.union_all(
        [*lines.delivered(red.first, place.crs).geometry, *lines.delivered(fields, place.crs).geometry]
    )
    parcels["dlbm_later"] = land.second_date(place, parcels, built, kept)
    return County(place, units, ground, rivers, reservoirs, ways, park, built, cover, parcels, blocks, protected, welfare, red,
                  fields, control)  # fmt: skip


def sheets(county: County) -> list[Sheet]:
    """The vector layers as they are written: field names, formats and systems as planners have them."""
    place = county.place
    units = county.towns.reset_index()
    lakes = county.reservoirs
    return [
        Sheet("boundary", "boundary_demo.gpkg", place.boundary_frame.assign(name=place.design["name"], code=place.design["code"])
              [["name", "code", "geometry"]], GEOGRAPHIC, origin=str(place.design.get("boundary_origin", "synthetic"))),
        Sheet("townships", "townships_demo.geojson", units.rename(columns={"code": "XZQDM", "name": "XZQMC", "kind": "LX", "population": "RK"})
              [["XZQDM", "XZQMC", "LX", "RK", "geometry"]], GEOGRAPHIC),
        Sheet("industrial_park", "industrial_park_demo.gpkg", _rows(place, [(place.design["names"]["industrial_park"], "省级示例", county.industrial_park)],
              ["name", "level"]), GEOGRAPHIC),
        Sheet("forest_parks", "forest_parks_demo.shp", _ledger(place, "SLGY", "森林公园", county.protected.parks), ZONE_38),
        Sheet("reserves", "reserves_demo.gpkg", _reserve_zones(place, county.protected), ZONE_38),
        Sheet("wetland_parks", "wetland_parks_demo.gpkg", _ledger(place, "SDGY", "湿地公园", county.protected.wetland_parks), GEOGRAPHIC),
        Sheet("water_source", "water_source_demo.gpkg", greens.with_ids(_rows(
            place, [(f"{r.name}饮用水水源保护区", level, shape) for r in lakes for level, shape in r.zones.items()], ["name", "level"]), "SY"), GEOGRAPHIC),
        Sheet("public_forest", "public_forest_demo.gpkg", _forest_fields(county.public_forest), GEOGRAPHIC),
        Sheet("forest", "forest_demo.gpkg", _forest_fields(county.blocks), GEOGRAPHIC),
        Sheet("redline", "redline_demo.gpkg", _red_fields(county.red_line.first), ZONE_38),
        Sheet("redline_v2", "redline_v2_demo.gpkg", _red_fields(county.red_line.second), ZONE_38),
        Sheet("farmland", "farmland_demo.gpkg", _farm_fields(county.farmland), ZONE_37),
        Sheet("land_use", "land_use_2017_demo.gpkg", _land_fields(county.parcels, "dlbm"), GEOGRAPHIC),
        Sheet("land_use_later", "land_use_2020_demo.fgb", _land_fields(county.parcels, "dlbm_later"), GEOGRAPHIC,
              options={"SPATIAL_INDEX": "NO"}),
        Sheet("control_units", "control_units_demo.gpkg", _unit_fields(county.control_units), GEOGRAPHIC),
        Sheet("water", "water_demo.gpkg", _rows(place, [*((r.name, "水库", r.water) for r in lakes), *((r.name, "河流", r.banks) for r in county.rivers)],
              ["name", "kind"]), GEOGRAPHIC),
        Sheet("rivers", "rivers_demo.gpkg", _rows(place, [(r.name, r.alias, r.line) for r in county.rivers], ["name", "alias"]), GEOGRAPHIC),
        Sheet("roads", "roads_demo.gpkg", _rows(place, [(r.name, r.kind, r.code, r.start_m, r.line) for r in county.roads],
              ["name", "kind", "code", "start_m"]), GEOGRAPHIC),
        Sheet("bridges", "bridges_demo.gpkg", _rows(place, [(f"{name}示例桥{n}", name, line) for n, (name, line) in enumerate(
            roads.bridges(county.roads, county.rivers[0].banks), start=1)], ["name", "road"]), GEOGRAPHIC),
        Sheet("exits", "exits_demo.gpkg", greens.exits(county.roads, place), GEOGRAPHIC),
        Sheet("corridors", "corridors_demo.gpkg", greens.with_ids(greens.corridors(place, county.rivers, county.roads, county.towns), "LD"), GEOGRAPHIC),
        Sheet("belts", "belts_demo.gpkg", greens.belts(place, county.towns, county.built), GEOGRAPHIC),
        *_urban_sheets(county),
    ]  # fmt: skip


def _urban_sheets(county: County) -> list[Sheet]:
    place = county.place
    gardens = greens.urban_parks(place, county.towns, county.built)
    return [
        Sheet("urban_parks", "urban_parks_demo.gpkg", gardens, GEOGRAPHIC),
        Sheet(
            "residential", "residential_demo.gpkg", greens.homes(place, county.towns, county.built, gardens), GEOGRAPHIC
        ),
        Sheet(
            "monitoring", "monitoring_demo.gpkg", greens.stations(place, county.rivers, county.reservoirs), GEOGRAPHIC
        ),
        Sheet("shoreline", "shoreline_demo.gpkg", greens.shorelines(place, county.rivers, county.built), GEOGRAPHIC),
        Sheet("sensitive", "sensitive_demo.gpkg", greens.schools(place, county.towns), GEOGRAPHIC),
    ]


def write_study(county: County, folder: Path, study_toml: str) -> None:
    """All files into a folder, through a temporary one beside it; study.toml comes last and marks the whole."""
    single = county.place.design.get("one_file")
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        for sheet in sheets(county):
            write_sheet(sheet, temporary, county.place.seed, single)
        rasters.write_forest_mask(county.place, county.cover.forest, temporary / "forest_30m_demo.tif")
        rasters.write_dem(county.place, county.relief, county.reservoirs, temporary / "dem_90m_demo.tif")
        (temporary / "study.toml").write_text(study_toml, encoding="utf-8")
        found = sites.candidates(county)
        sites.write_sites(found, temporary, county.place.seed)
        expected.write_expected(temporary, found)
        folder.mkdir(exist_ok=True)
        for item in sorted(temporary.iterdir(), key=lambda path: path.name == "study.toml"):
            target = folder / item.name
            if target.is_dir():
                shutil.rmtree(target)
            item.replace(target)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _rows(place: Place, rows: list[tuple[Any, ...]], columns: list[str]) -> GeoDataFrame:
    return GeoDataFrame(rows, columns=[*columns, "geometry"], crs=place.crs)


def _ledger(place: Place, prefix: str, kind: str, grown: list[parks.Grown]) -> GeoDataFrame:
    """A ledger of protected places in the field names of the survey database: BHQMC, BHQJB, BHQMJ (公顷), PZJG, PZSJ."""
    rows = [
        (f"{prefix}{number:02d}", place_.name, kind, "国家级" if "国家" in place_.name else "县级",
         round(place_.shape.area / 1e4, 2), "示例批准机关", "示例〔2017〕1号", "2017-06-30", place_.shape)
        for number, place_ in enumerate(grown, start=1)
    ]  # fmt: skip
    return _rows(place, rows, ["BHQBH", "BHQMC", "BHQLX", "BHQJB", "BHQMJ", "PZJG", "PZWH", "PZSJ"])


def _reserve_zones(place: Place, protected: parks.Protected) -> GeoDataFrame:
    """The functional zones (功能分区) of the reserves, as offices keep them: two rows a reserve, areas adding up to its own."""
    core, general = protected.zones[0::2], protected.zones[1::2]
    whole = _ledger(place, "ZRBHQ", "自然保护区", protected.reserves)
    inner = whole.assign(GNFQ="核心保护区", BHQMJ=[round(shape.area / 1e4, 2) for _name, _zone, shape in core])
    outer = whole.assign(GNFQ="一般控制区", BHQMJ=(whole["BHQMJ"] - inner["BHQMJ"]).round(2))
    inner["geometry"], outer["geometry"] = [row[2] for row in core], [row[2] for row in general]
    rows = GeoDataFrame(
        pd.concat([inner, outer]).sort_values(["BHQBH", "GNFQ"], ascending=[True, False], kind="stable"), crs=place.crs
    )
    rows["BHQBH"] = [
        f"{code}{'H' if zone == '核心保护区' else 'Y'}" for code, zone in zip(rows["BHQBH"], rows["GNFQ"], strict=True)
    ]
    return rows[["BHQBH", "BHQMC", "BHQLX", "GNFQ", "BHQJB", "BHQMJ", "PZJG", "PZWH", "PZSJ", "geometry"]]


def _forest_fields(blocks: GeoDataFrame) -> GeoDataFrame:
    """A forest inventory: class (地类) by name, canopy closure (郁闭度), area in hectares."""
    names = {"0301": "乔木林地", "0302": "竹林地", "0305": "一般灌木林地"}
    out = blocks.assign(
        XBH=list(blocks.index), XZQDM=blocks["town"], DI_LEI=blocks["dlbm"].map(names), DLBM=blocks["dlbm"],
        YU_BI_DU=np.where(blocks["dlbm"] == "0301", np.round(0.3 + 0.5 * (blocks["height_m"] % 97) / 97, 2), 0.0),
        MIAN_JI=(blocks.area / 1e4).round(4),
    )  # fmt: skip
    return out[["XBH", "XZQDM", "DI_LEI", "DLBM", "YU_BI_DU", "MIAN_JI", "geometry"]]


def _red_fields(red: GeoDataFrame) -> GeoDataFrame:
    out = red.assign(HXBM=[f"HX{number:04d}" for number in range(1, len(red) + 1)])
    out = out.rename(columns={"name": "HXMC", "kind": "HXLX", "origin": "LY", "town": "XZQDM"})
    return out[["HXBM", "HXMC", "HXLX", "LY", "XZQDM", "geometry"]]


def _farm_fields(fields: GeoDataFrame) -> GeoDataFrame:
    out = fields.assign(JBNTTBBH=[f"NT{number:05d}" for number in range(1, len(fields) + 1)])
    out["BZ"] = ["", *[""] * (len(out) - 2), "与生态保护红线冲突的示例地块"][: len(out)]
    return out.rename(columns={"town": "XZQDM", "dlbm": "DLBM"})[["JBNTTBBH", "XZQDM", "DLBM", "BZ", "geometry"]]


def _land_fields(parcels: GeoDataFrame, column: str) -> GeoDataFrame:
    return GeoDataFrame({
        "TBBH": [f"{number:05d}" for number in range(1, len(parcels) + 1)],
        "DLBM": parcels[column].to_numpy(),
        "DLMC": pd.Series(parcels[column]).map(land.NAMES).to_numpy(),
        "ZLDWDM": parcels["town"].to_numpy(),
        "TBMJ": parcels.area.round(2).to_numpy(),
    }, geometry=parcels.geometry.to_numpy(), crs=parcels.crs)  # fmt: skip


def _unit_fields(units: GeoDataFrame) -> GeoDataFrame:
    """Control units in the field names of the 三线一单 platforms, with the four kinds of requirement as 示例 texts."""
    texts = {
        1: (
            "禁止大规模、高强度的工业开发和城镇建设（示例）",
            "不新增污染物排放（示例）",
            "加强森林防火和水源保护（示例）",
            "严控用水总量（示例）",
        ),
        2: (
            "引导产业集聚发展，限制高耗能项目（示例）",
            "主要污染物等量替代（示例）",
            "园区应制定突发环境事件应急预案（示例）",
            "提高单位用地产出（示例）",
        ),
        3: (
            "落实生态环境保护基本要求（示例）",
            "农业面源污染治理（示例）",
            "加强农用地风险管控（示例）",
            "推进节水灌溉（示例）",
        ),
    }
    out = units.rename(columns={"code": "HJZHGKDYBM", "name": "HJZHGKDYMC", "level": "ZHGKDYFL", "town": "XZQDM"})
    for number, column in enumerate(("KJBJYS", "PWWPFGK", "HJFXFK", "ZYKFXLYQ")):
        out[column] = [texts[level][number] for level in out["ZHGKDYFL"]]
    return out[["HJZHGKDYBM", "HJZHGKDYMC", "ZHGKDYFL", "XZQDM", "KJBJYS", "PWWPFGK", "HJFXFK", "ZYKFXLYQ", "geometry"]]


__all__ = ["CRS", "County", "invent", "sheets", "write_study"]
