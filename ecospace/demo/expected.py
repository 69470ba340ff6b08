"""The numbers that the study has to give, found another way: geodesic areas of the files as written.

Nothing of ecospace's reading, transforms or measures is used: files are read by pyogrio, unions are made in the Gauss plane of
zone 38, and areas are geodesics (Karney 2013) between vertices at most 50 m apart.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyogrio
import pyproj
import rasterio
import shapely
from geopandas import GeoDataFrame
from shapely.geometry.base import BaseGeometry

if TYPE_CHECKING:
    from ecospace.demo.sites import Candidate

GEOD = pyproj.Geod(a=6378137.0, rf=298.257222101)
PLANE, DEGREES = pyproj.CRS.from_epsg(4526), pyproj.CRS.from_epsg(4490)
#: Category sets, by the layers that make them.
SETS = {
    "parks-only": ["forest_parks"],
    "parks-and-reserves": ["forest_parks", "reserves"],
    "protected-2016": ["forest_parks", "reserves", "wetland_parks", "water_source", "public_forest"],
}
TOLERANCE = {"share_points": 0.005, "area_ha": 0.01, "site_area_m2": 0.01}


def geodesic_m2(geometry: BaseGeometry, crs: pyproj.CRS) -> float:
    """Area on the ellipsoid, square metres, of polygons whose edges are straight in `crs`."""
    return float(geodesic_areas(np.array([geometry], dtype=object), crs)[0])


def geodesic_areas(geometries: np.ndarray[Any, Any], crs: pyproj.CRS) -> np.ndarray[Any, Any]:
    """The same for many, each ring by itself: shells add, holes subtract."""
    dense = shapely.segmentize(geometries, 50.0 / 111_700 if crs.is_geographic else 50.0)
    parts, owner = shapely.get_parts(dense, return_index=True)
    polygons = shapely.get_type_id(parts) == shapely.GeometryType.POLYGON
    parts, owner = parts[polygons], owner[polygons]
    rings, part = shapely.get_rings(parts, return_index=True)
    shell = np.r_[True, part[1:] != part[:-1]] if len(part) else np.zeros(0, dtype=bool)
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    lon, lat = pyproj.Transformer.from_crs(crs, DEGREES, always_xy=True).transform(xy[:, 0], xy[:, 1])
    ends = np.r_[0, np.flatnonzero(np.diff(ring)) + 1, len(ring)]
    areas = np.zeros(len(geometries))
    for number in range(len(rings)):
        here = slice(ends[number], ends[number + 1])
        area = abs(GEOD.polygon_area_perimeter(lon[here], lat[here])[0])
        areas[owner[part[number]]] += area if shell[number] else -area
    return areas


class Files:
    """The layers of a study folder as they lie there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.entries: dict[str, dict[str, Any]] = tomllib.loads((folder / "study.toml").read_text(encoding="utf-8"))[
            "layers"
        ]
        self.settings = tomllib.loads((folder / "study.toml").read_text(encoding="utf-8"))["study"]
        self._frames: dict[str, GeoDataFrame] = {}
        self._areas: dict[str, np.ndarray[Any, Any]] = {}
        self._planes: dict[str, list[BaseGeometry]] = {}

    def frame(self, key: str) -> GeoDataFrame:
        """A layer as written."""
        if key not in self._frames:
            entry = self.entries[key]
            self._frames[key] = pyogrio.read_dataframe(self.folder / entry["path"], layer=entry.get("layer"))
        return self._frames[key]

    def areas(self, key: str) -> np.ndarray[Any, Any]:
        """Geodesic area of each feature, square metres."""
        if key not in self._areas:
            self._areas[key] = geodesic_areas(self.frame(key).geometry.to_numpy(), self.frame(key).crs)
        return self._areas[key]

    def plane(self, key: str) -> list[BaseGeometry]:
        """The polygons in the Gauss plane, edges densified first."""
        if key in self._planes:
            return self._planes[key]
        frame = self.frame(key)
        unit = 50.0 / 111_700 if frame.crs.is_geographic else 50.0
        step = pyproj.Transformer.from_crs(frame.crs, PLANE, always_xy=True)
        dense = shapely.segmentize(frame.geometry.to_numpy(), unit)
        moved = shapely.transform(dense, lambda xy: np.column_stack(step.transform(xy[:, 0], xy[:, 1])))
        self._planes[key] = list(shapely.make_valid(moved, method="structure", keep_collapsed=False))
        return self._planes[key]

    def union(self, keys: Iterable[str]) -> BaseGeometry:
        """All polygons of some layers as one, in the Gauss plane."""
        return shapely.union_all([shape for key in keys for shape in self.plane(key)])


def expected_numbers(folder: Path, sites: list[Candidate] | None = None) -> dict[str, Any]:
    """Everything the study has to give; see `write_expected`."""
    files = Files(folder)
    boundary = float(files.areas("boundary").sum())
    official = float(files.settings["official_area_km2"]) * 1e6
    unions = {name: files.union(keys) for name, keys in SETS.items()}
    return {
        "note": "示例数据，非法定 (synthetic); geodesic areas of the files as written, independent of ecospace's measures",
        "seed": files.settings["seed"],
        "tolerance": TOLERANCE,
        "boundary_ha": _ha(boundary),
        "official_ha": _ha(official),
        "forest": _forest(files, boundary, official),
        "sets": {name: _shares(files, keys, unions[name], boundary, official) for name, keys in SETS.items()},
        "protected": _protected(files, unions),
        "towns": _towns(files, unions["protected-2016"]),
        "industrial_park": _industrial_park(files, unions["protected-2016"]),
        "redline": _redline(files, boundary, official),
        "farmland_conflict_m2": round(_conflict(files), 4),
        "land_use": _land_use(files),
        "deletions": _deletions(files, unions["protected-2016"]),
        "corridors": sorted(files.frame("corridors")["name"]) + sorted(files.frame("belts")["name"]),
        "sites": [_site(files, site) for site in sites or []],
    }


def write_expected(folder: Path, sites: list[Candidate]) -> None:
    """expected.json beside the layers."""
    text = json.dumps(expected_numbers(folder, sites), ensure_ascii=False, indent=1)
    (folder / "expected.json").write_text(text + "\n", encoding="utf-8")


def _ha(square_metres: float) -> float:
    return round(square_metres / 1e4, 4)


def _share(part: float, boundary: float, official: float) -> dict[str, float]:
    return {"share": round(part / boundary, 8), "share_official": round(part / official, 8)}


def _forest(files: Files, boundary: float, official: float) -> dict[str, Any]:
    frame, areas = files.frame("forest"), files.areas("forest")
    counted = frame["DI_LEI"].isin(["乔木林地", "竹林地"]).to_numpy()
    land, parcels = files.frame("land_use"), files.areas("land_use")
    with rasterio.open(files.folder / files.entries["forest_30m"]["path"]) as mask:
        cells = mask.read(1)
    return {
        "statutory": {"area_ha": _ha(areas[counted].sum()), **_share(areas[counted].sum(), boundary, official)},
        "trees": {"area_ha": _ha(areas.sum()), **_share(areas.sum(), boundary, official)},
        "by_class_ha": {
            name: _ha(areas[(frame["DI_LEI"] == name).to_numpy()].sum()) for name in sorted(frame["DI_LEI"].unique())
        },
        "dlbm_narrow_ha": _ha(parcels[land["DLBM"].isin(["0301", "0302"]).to_numpy()].sum()),
        "raster_share": round(float((cells == 1).sum() / (cells != 255).sum()), 6),
    }


def _shares(files: Files, keys: list[str], union: BaseGeometry, boundary: float, official: float) -> dict[str, Any]:
    area = geodesic_m2(union, PLANE)
    gross = sum(float(files.areas(key).sum()) for key in keys)
    return {"gross_ha": _ha(gross), "union_ha": _ha(area), **_share(area, boundary, official)}


def _protected(files: Files, unions: dict[str, BaseGeometry]) -> dict[str, Any]:
    parks, reserves = files.frame("forest_parks"), files.frame("reserves")
    by_name = {
        name: _ha(files.areas("reserves")[(reserves["BHQMC"] == name).to_numpy()].sum())
        for name in reserves["BHQMC"].unique()
    }
    all_parks = files.union(["forest_parks"])
    shapes = files.plane("reserves")
    overlaps = {
        name: _ha(geodesic_m2(shapely.union_all([s for s, n in zip(shapes, reserves["BHQMC"], strict=True) if n == name])
                              .intersection(all_parks), PLANE)) for name in by_name
    }  # fmt: skip
    water = files.frame("water_source")
    levels = files.areas("water_source")
    return {
        "forest_parks": {"count": len(parks), "area_ha": _ha(files.areas("forest_parks").sum()),
                         "approved_ha": round(float(parks["BHQMJ"].sum()), 2)},
        "reserves": {"count": len(by_name), "area_ha": by_name, "approved_ha": round(float(reserves["BHQMJ"].sum()), 2)},
        "reserve_in_forest_parks_ha": overlaps,
        "water_source_by_level_ha": {level: _ha(levels[(water["level"] == level).to_numpy()].sum()) for level in water["level"].unique()},
        "water_source_union_ha": _ha(geodesic_m2(files.union(["water_source"]), PLANE)),
    }  # fmt: skip


def _towns(files: Files, protected: BaseGeometry) -> dict[str, Any]:
    frame = files.frame("townships")
    forest, blocks = files.frame("forest"), files.areas("forest")
    counted = forest["DI_LEI"].isin(["乔木林地", "竹林地"]).to_numpy()
    towns = {}
    for code, name, people, area, shape in zip(
        frame["XZQDM"], frame["XZQMC"], frame["RK"], files.areas("townships"), files.plane("townships"), strict=True
    ):
        here = (forest["XZQDM"] == code).to_numpy() & counted
        towns[str(code)] = {
            "name": name, "population": int(people), "area_ha": _ha(area), "forest_ha": _ha(blocks[here].sum()),
            "protected_ha": _ha(geodesic_m2(shape.intersection(protected), PLANE)),
        }  # fmt: skip
    total = {
        key: round(sum(town[key] for town in towns.values()), 4)
        for key in ("population", "area_ha", "forest_ha", "protected_ha")
    }
    return {"units": towns, "total": total}


def _industrial_park(files: Files, protected: BaseGeometry) -> dict[str, Any]:
    park = files.union(["industrial_park"])
    towns = zip(files.frame("townships")["XZQMC"], files.plane("townships"), strict=True)
    by_town = {
        name: _ha(geodesic_m2(shape.intersection(park), PLANE)) for name, shape in towns if shape.intersects(park)
    }
    return {"area_ha": _ha(geodesic_m2(park, PLANE)), "by_town_ha": by_town,
            "protected_ha": _ha(geodesic_m2(park.intersection(protected), PLANE))}  # fmt: skip


def _redline(files: Files, boundary: float, official: float) -> dict[str, Any]:
    first, second = files.frame("redline"), files.frame("redline_v2")
    old, new = files.areas("redline"), files.areas("redline_v2")
    towns = sorted({*first["XZQDM"], *second["XZQDM"]})
    change = {}
    for town in towns:
        difference = new[(second["XZQDM"] == town).to_numpy()].sum() - old[(first["XZQDM"] == town).to_numpy()].sum()
        if abs(difference) > 1.0:
            change[str(town)] = _ha(difference)
    kinds = dict(zip(first["HXMC"], first["HXLX"], strict=True))
    return {
        "area_ha": _ha(old.sum()), **_share(old.sum(), boundary, official), "second_area_ha": _ha(new.sum()),
        "net_change_ha": _ha(new.sum() - old.sum()), "change_by_town_ha": change,
        "retyped": [name for name, kind in zip(second["HXMC"], second["HXLX"], strict=True) if kinds.get(name, kind) != kind],
        "shifted": "红线示例小区",
    }  # fmt: skip


def _conflict(files: Files) -> float:
    return geodesic_m2(files.union(["farmland"]).intersection(files.union(["redline"])), PLANE)


def _land_use(files: Files) -> dict[str, Any]:
    first, second, areas = files.frame("land_use"), files.frame("land_use_later"), files.areas("land_use")
    later = second.set_index("TBBH").loc[first["TBBH"], "DLBM"].to_numpy()
    codes = sorted({*first["DLBM"], *later})
    changed = first["DLBM"].to_numpy() != later
    pairs = sorted({(a, b) for a, b in zip(first["DLBM"][changed], later[changed], strict=True)})
    return {
        "first_ha": {code: _ha(areas[(first["DLBM"] == code).to_numpy()].sum()) for code in codes},
        "second_ha": {code: _ha(areas[later == code].sum()) for code in codes},
        "changed_ha": {f"{a}→{b}": _ha(areas[(first["DLBM"] == a).to_numpy() & (later == b)].sum()) for a, b in pairs},
    }


def _deletions(files: Files, protected: BaseGeometry) -> list[dict[str, Any]]:
    """What the computed column loses when something is left out: a whole reserve, a forest block."""
    reserves = files.frame("reserves")
    alone = str(reserves["BHQMC"].iloc[-1])
    shapes = [s for s, name in zip(files.plane("reserves"), reserves["BHQMC"], strict=True) if name == alone]
    rest = [s for s, name in zip(files.plane("reserves"), reserves["BHQMC"], strict=True) if name != alone]
    others = shapely.union_all([files.union([key for key in SETS["protected-2016"] if key != "reserves"]), *rest])
    net = geodesic_m2(shapely.union_all(shapes).difference(others), PLANE)
    forest, areas = files.frame("forest"), files.areas("forest")
    counted = np.flatnonzero(forest["DI_LEI"].isin(["乔木林地", "竹林地"]).to_numpy())
    block = int(counted[areas[counted].argmax()])
    gross = sum(geodesic_m2(shape, PLANE) for shape in shapes)
    return [
        {"layer": "reserves", "field": "BHQMC", "value": alone, "area_ha": _ha(gross), "loss_ha": _ha(net), "indicator": "A01"},
        {"layer": "forest", "field": "XBH", "value": str(forest["XBH"].iloc[block]), "area_ha": _ha(areas[block]),
         "loss_ha": _ha(areas[block]), "indicator": "A05"},
    ]  # fmt: skip


#: Roles of the site check → layers of the study.
CONTROLS = {"eco_redline": "redline", "nature_reserve": "reserves", "forest_park": "forest_parks", "wetland_park": "wetland_parks",
            "water_source": "water_source", "farmland": "farmland", "public_forest": "public_forest"}  # fmt: skip


def _site(files: Files, site: Candidate) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "id": site.number, "name": site.name, "file": site.file, "activity": site.activity, "polluting": site.polluting,
        "verdict": site.verdict,
    }  # fmt: skip
    if site.proposal:
        return {**entry, "proposal": site.proposal}
    overlaps = {role: round(_overlap(files, key, site), 4) for role, key in CONTROLS.items()}
    area = geodesic_m2(site.polygon, site.crs)
    inside = _overlap(files, "boundary", site)
    entry |= {
        "area_m2": round(area, 4),
        "outside_m2": round(max(0.0, area - inside), 4) if area - inside > 1e-4 else 0.0,
        "overlap_m2": {role: found for role, found in overlaps.items() if found > 0},
        "because": [
            {"role": role, "grade": grade, "verdict": verdict, "clause": clause}
            for role, grade, verdict, clause in site.because
        ],
    }
    return entry


def _overlap(files: Files, key: str, site: Candidate) -> float:
    """Ground of a layer under a site, overlaps once; cut in the layer's own CRS, where the layer's edges are straight."""
    frame = files.frame(key)
    step = pyproj.Transformer.from_crs(site.crs, frame.crs, always_xy=True)
    shape: BaseGeometry = site.polygon
    if site.crs != frame.crs:
        shape = shapely.transform(
            shapely.segmentize(shape, 1.0), lambda xy: np.column_stack(step.transform(xy[:, 0], xy[:, 1]))
        )
    near = frame.geometry.to_numpy()[frame.sindex.query(shape)]
    pieces = shapely.union_all(shapely.intersection(near, shape))
    # Shares with the boundary are edges, not ground.
    return geodesic_m2(pieces, frame.crs) if pieces.area > 0 else 0.0
