"""A whole study: 100 000 parcels from a GBK Shapefile, red line and townships, all tables; beside a plain geopandas script."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.harness import Bar

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.harness import Data

FOREST = ("0301", "0301K", "0302", "0302K", "0303", "0304")
STUDY = """[study]
title = "bench"
boundary = "boundary"
zones = "towns"
area = "plane:EPSG:4547"
[layers.boundary]
role = "boundary"
path = "boundary.gpkg"
[layers.towns]
role = "townships"
path = "towns.gpkg"
fields = { code = "XZQDM", name = "XZQMC" }
[layers.redline]
role = "eco_redline"
path = "redline.gpkg"
[layers.land]
role = "land_use"
path = "DLTB.shp"
code_system = "dlbm"
fields = { id = "BSM", code = "DLBM", code_name = "DLMC" }
"""


def study_folder(data: Data) -> Path:
    """The study as files, made once: the same files for all."""
    import geopandas as gpd

    folder = data.sized / "study"
    if not (folder / "study.toml").exists():
        folder.mkdir(exist_ok=True)
        towns = gpd.read_parquet(data.plain("townships"))
        towns.to_file(folder / "towns.gpkg")
        gpd.GeoDataFrame(geometry=[towns.union_all()], crs=towns.crs).to_file(folder / "boundary.gpkg")
        gpd.read_parquet(data.plain("redline")).to_file(folder / "redline.gpkg")
        gpd.read_parquet(data.plain("parcels")).to_file(folder / "DLTB.shp", encoding="GBK")
        (folder / "study.toml").write_text(STUDY, encoding="utf-8")
    return folder


def ecospace_run(data: Data) -> dict[str, float]:
    from ecospace.report.outputs import save_outputs
    from ecospace.run import run_study
    from ecospace.study import open_study

    results = run_study(open_study(study_folder(data)))
    save_outputs(results)
    units = results.covers["dlbm-narrow"].units
    zones = units[units["role"] == "zone"].set_index("unit")["counted_m2"]
    return {"redline": results.coverages["eco-redline"].union_m2, **zones.to_dict()}


def geopandas_script(data: Data) -> dict[str, float]:
    """Read, overlay by township, union: no checks, no repair, no reconciliation."""
    import geopandas as gpd

    folder = study_folder(data)
    towns = gpd.read_file(folder / "towns.gpkg")
    land = gpd.read_file(folder / "DLTB.shp", encoding="GBK")
    red = gpd.read_file(folder / "redline.gpkg")
    cut = gpd.overlay(land[land["DLBM"].isin(FOREST)], towns[["XZQDM", "geometry"]])
    red_by_town = gpd.overlay(red[["geometry"]], towns[["XZQDM", "geometry"]]).dissolve("XZQDM")
    return {"redline": float(red_by_town.area.sum()), **cut.area.groupby(cut["XZQDM"]).sum().to_dict()}


OURS = {"ecospace": ecospace_run}
PEERS = {"geopandas script": geopandas_script}
BARS = [Bar("wall", 1.0, against="geopandas script")]
