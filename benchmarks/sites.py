"""The study that the site jobs check against: five layers of the made-up city, and the way a plain script would do it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from benchmarks.harness import Data

#: Key in study.toml, role.
LAYERS = {
    "redline": "eco_redline", "protected": "nature_reserve", "water": "water_source", "farmland": "farmland", "rivers": "river",
}  # fmt: skip


def study_folder(data: Data) -> Path:
    """A study folder over the workload, made at the first call; layers as geopandas writes them."""
    folder = data.folder / f"site_study_{data.parcels}"
    if (folder / "study.toml").exists():
        return folder
    import geopandas as gpd

    from benchmarks.workload import CRS, SQUARE

    folder.mkdir(parents=True, exist_ok=True)
    gpd.GeoDataFrame({"name": ["city"]}, geometry=[SQUARE], crs=CRS).to_parquet(folder / "boundary.parquet")
    parcels = gpd.read_parquet(data.plain("parcels"), columns=["DLBM", "geometry"])
    parcels[parcels["DLBM"].str.startswith("01")].to_parquet(folder / "farmland.parquet")
    for name in ("redline", "protected", "water", "rivers"):
        gpd.read_parquet(data.plain(name)).to_parquet(folder / f"{name}.parquet")
    entries = "".join(f'[layers.{key}]\nrole = "{role}"\npath = "{key}.parquet"\n' for key, role in LAYERS.items())
    (folder / "study.toml").write_text(
        '[study]\ntitle = "city"\nboundary = "boundary"\narea = "plane:EPSG:4547"\n'
        f'[layers.boundary]\nrole = "boundary"\npath = "boundary.parquet"\n{entries}'
        '[check]\n[[check.rule]]\nname = "rivers"\nlayer = "rivers"\nlevel = "avoid"\n',
        encoding="utf-8",
    )
    return folder


def checker_of(data: Data) -> Any:
    """The study, ready to judge: the rules that its layers allow."""
    from ecospace.check import rules
    from ecospace.check.checker import Checker
    from ecospace.study import open_study

    asked = (rules.avoids_eco_redline, rules.avoids_nature_reserve, rules.avoids_water_source, rules.avoids_farmland)
    return Checker(open_study(study_folder(data)), rules=asked, listed=False)


def sites_of_workload(data: Data, count: int | None = None) -> Any:
    """The sites, 70 % polygons and 30 % points, which have no extent."""
    from geopandas import read_parquet

    from ecospace.check.site import sites_of

    frame = read_parquet(data.plain("sites"), columns=["geometry"])
    return sites_of(frame if count is None else frame.iloc[:count], radius_m=0)


def totals(areas: dict[str, float], distances: dict[str, float], hits: dict[str, int]) -> dict[str, float]:
    """What all ways have to agree on."""
    return {
        **{f"area {key}": value for key, value in areas.items()},
        **{f"distance {key}": value for key, value in distances.items()},
        **{f"hits {key}": float(value) for key, value in hits.items()},
    }
