"""The dirty twin: the same study with the flaws that real layers arrive with, each of them written down.

A reader has to give the numbers of the clean study with every flaw named, or to stop and say what to do.
"""

from __future__ import annotations

import json
import shutil
import warnings
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import shapely
from geopandas import GeoDataFrame
from shapely import Polygon
from shapely.geometry.base import BaseGeometry

from ecospace.demo.expected import Files
from ecospace.demo.writing import WRITTEN_ON, fixed_dates
from ecospace.layers.offset import gcj02

#: How far a town's corner is off its neighbours', in metres.
SLIVER_M = 3.0
#: How much of a block the repair of its bow-tie may win or lose, in square metres.
TIED_M2 = 60.0
SQUARE_DEGREE_M2 = 1.15e10


@dataclass(frozen=True)
class Flaw:
    """One flaw (毛病): where it is, what it is, and which trap of its kind it stands for."""

    layer: str
    file: str
    flaw: str
    trap: str
    feature: str = ""


def make_dirty(clean: Path, folder: Path) -> list[Flaw]:
    """Write the dirty twin of a generated study.

    Parameters
    ----------
    clean : Path
        A folder that `make_kaiping` made.
    folder : Path
        Made anew.

    Returns
    -------
    list of Flaw
        The same as in ``flaws.json``.
    """
    shutil.copytree(clean, folder, ignore=shutil.ignore_patterns("outputs", ".*"))
    files = Files(clean)
    flaws = [
        *_parks(files, folder),
        *_shifted(files, folder),
        *_no_crs(files, folder),
        *_bow_tie(files, folder),
        *_towns(clean, folder),
    ]
    text = json.dumps([asdict(flaw) for flaw in flaws], ensure_ascii=False, indent=1)
    (folder / "flaws.json").write_text(text + "\n", encoding="utf-8")
    return flaws


def _parks(files: Files, folder: Path) -> list[Flaw]:
    """GBK attributes without a code page, areas in 亩 under a heading of hectares, one park twice."""
    name = str(files.entries["forest_parks"]["path"])
    frame = files.frame("forest_parks")
    frame = frame.iloc[[*range(len(frame)), 0]].reset_index(drop=True)
    frame["BHQMJ"] = (frame["BHQMJ"] * 15).round(2)
    _replace(frame, folder / name, encoding="GBK", DBF_DATE_LAST_UPDATE=WRITTEN_ON)
    (folder / name).with_suffix(".cpg").unlink()
    dbf = bytearray((folder / name).with_suffix(".dbf").read_bytes())
    dbf[29] = 0  # the language id: no hint left
    (folder / name).with_suffix(".dbf").write_bytes(dbf)
    return [
        Flaw("forest_parks", name, "属性为 GBK 编码，没有 .cpg，DBF 也无语言标识", "tC01"),
        Flaw("forest_parks", name, "面积字段是亩，不是公顷（大 15 倍）", "units"),
        Flaw("forest_parks", name, "一个森林公园重复出现", "tB10", str(frame["BHQBH"].iloc[0])),
    ]


def _shifted(files: Files, folder: Path) -> list[Flaw]:
    """Drawn on an online map: moved by GCJ-02, and still said to be CGCS2000."""
    name = str(files.entries["wetland_parks"]["path"])
    frame = files.frame("wetland_parks")
    moved = shapely.transform(frame.geometry.to_numpy(), lambda xy: np.column_stack(gcj02(xy[:, 0], xy[:, 1])))
    _replace(frame.set_geometry(list(moved), crs=frame.crs), folder / name)
    return [Flaw("wetland_parks", name, "坐标为 GCJ-02（偏移约 612 米），却写作 CGCS2000", "tA07")]


def _no_crs(files: Files, folder: Path) -> list[Flaw]:
    """Eastings with the zone number in front, and nothing that says in which system."""
    name = str(files.entries["reserves"]["path"])
    _replace(files.frame("reserves").set_crs(None, allow_override=True), folder / name)
    return [Flaw("reserves", name, "没有坐标系，东坐标带 38 带号", "tA01 tA05")]


def _bow_tie(files: Files, folder: Path) -> list[Flaw]:
    """Two corners of one forest block in the wrong order."""
    name = str(files.entries["public_forest"]["path"])
    frame = files.frame("public_forest")
    shapes = frame.geometry.to_numpy().copy()
    for number in np.argsort(-shapely.area(shapes)):
        tied = _tied(shapes[number])
        if tied is not None:
            shapes[number] = tied
            break
    _replace(frame.set_geometry(list(shapes), crs=frame.crs), folder / name)
    return [
        Flaw("public_forest", name, "一个面自相交（两个界址点顺序颠倒）", "tB01", str(frame["XBH"].iloc[int(number)]))
    ]


def _tied(shape: BaseGeometry) -> BaseGeometry | None:
    """A polygon with two neighbouring vertices exchanged so that it crosses itself, its area almost the same."""
    parts = list(shapely.get_parts(shape))
    largest = max(range(len(parts)), key=lambda i: parts[i].area)
    points = shapely.get_coordinates(parts[largest].exterior)
    for i in range(1, len(points) - 3):
        turned = points.copy()
        turned[[i, i + 1]] = turned[[i + 1, i]]
        tied = Polygon(turned, parts[largest].interiors)
        if tied.is_valid:
            continue
        repaired = shapely.make_valid(tied, method="structure", keep_collapsed=False)
        if abs(repaired.area - parts[largest].area) < TIED_M2 / SQUARE_DEGREE_M2:
            parts[largest] = tied
            return parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts)
    return None


def _towns(clean: Path, folder: Path) -> list[Flaw]:
    """One ring that does not close, one corner 3 m away from where the neighbours have it."""
    files = Files(clean)
    entry = files.entries["townships"]
    target = folder / str(entry["path"])
    table = json.loads((clean / str(entry["path"])).read_text(encoding="utf-8"))
    first, second = table["features"][0], table["features"][1]
    ring = _longest_ring(first["geometry"])
    ring.pop()
    other = _longest_ring(second["geometry"])
    middle = len(other) // 2
    other[middle] = [other[middle][0], other[middle][1] + SLIVER_M / 111_000]
    target.write_text(json.dumps(table, ensure_ascii=False), encoding="utf-8")
    return [
        Flaw("townships", target.name, "环没有闭合", "tB17", first["properties"]["XZQDM"]),
        Flaw("townships", target.name, "一个拐点与邻镇相差 3 米，形成狭缝", "tB11", second["properties"]["XZQDM"]),
    ]


def _longest_ring(geometry: dict[str, Any]) -> list[list[float]]:
    polygons = geometry["coordinates"] if geometry["type"] == "MultiPolygon" else [geometry["coordinates"]]
    rings: list[list[list[float]]] = [polygon[0] for polygon in polygons]
    return max(rings, key=len)


def _replace(frame: GeoDataFrame, path: Path, **options: Any) -> None:
    layer = path.stem
    for companion in path.parent.glob(f"{path.stem}.*"):
        companion.unlink()
    with fixed_dates(), warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # that a file has no CRS is the flaw that is wanted
        pyogrio.write_dataframe(frame, path, **({"layer": layer} if path.suffix == ".gpkg" else {}), **options)
