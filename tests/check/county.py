"""A county in memory for the tests of checks: layers are frames, nothing is read from disk."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from pyproj.crs import CRS

from ecospace.check.checker import Checker
from ecospace.check.site import Site, sites_of
from ecospace.layers.layer import Layer
from ecospace.study import Study
from ecospace.terms import kinds

#: South-west corner of the ground that the tests build on: 开平 in the zone of 114°E without prefix.
X, Y = 400_000.0, 2_480_000.0
CRS_GK = CRS.from_epsg(4547)
#: Roles that a test county says it has none of.
OTHERS = (
    "national_park", "protected_area", "geopark", "scenic_area", "forest_park", "wetland_park", "world_heritage",
    "germplasm_reserve", "wetland", "public_forest", "control_unit", "nature_reserve", "water_source", "farmland",
    "residential", "sensitive_point", "livestock_ban",
)  # fmt: skip


def box(west: float, south: float, east: float, north: float) -> shapely.Polygon:
    """A rectangle by its offsets from the corner of the county, metres."""
    return shapely.box(X + west, Y + south, X + east, Y + north)


def layer(shapes: Sequence[Any], role: str = "eco_redline", crs: Any = CRS_GK, **columns: Any) -> Layer:
    """A layer in memory; keys that no feature has one of are settings."""
    settings = {name: columns.pop(name) for name in ("accuracy_m", "valid_to") if name in columns}
    names = columns.pop("name", [f"{role} {i + 1}" for i in range(len(shapes))])
    frame = gpd.GeoDataFrame({"name": names, **columns}, geometry=list(shapes), crs=crs)
    frame.index = [str(i + 1) for i in range(len(frame))]
    title = kinds()[role].zh
    return Layer(frame=frame, path=Path(f"{role}.gpkg"), key=role, role=role, title=title, settings=settings)


def county(
    *layers: Layer, none: Sequence[str] = OTHERS, area: str = "plane:EPSG:4547", size_m: float = 200_000.0
) -> Checker:
    """A county with some layers, ready to check; what it has no layer of is declared absent."""
    edge = layer([box(-size_m, -size_m, size_m, size_m)], "boundary")
    made = {item.key: item for item in (edge, *layers)}
    entries: dict[str, Mapping[str, Any]] = {
        key: {"role": item.role, "path": f"{key}.gpkg", "title": item.title, **item.settings}
        for key, item in made.items()
    }
    study = Study(
        Path(tempfile.gettempdir()) / "ecospace-no-such-folder",
        {"title": "示例县", "boundary": "boundary", "area": area},
        entries,
    )
    study._layers.update(made)
    checker = Checker(study)
    checker.__dict__["settings"] = checker.settings.__class__(none=tuple(role for role in none if role not in made))
    return checker


def sites(*shapes: Any, crs: Any = CRS_GK, **said: Any) -> list[Site]:
    """Sites from shapes."""
    frame = gpd.GeoDataFrame(geometry=list(shapes), crs=crs)
    frame.index = [f"S{i + 1}" for i in range(len(frame))]
    return sites_of(frame, **said)


def star(random: np.random.Generator, east: float, north: float, radius: float, count: int) -> shapely.Polygon:
    """A polygon without symmetry around a place."""
    angles = np.sort(random.uniform(0, 2 * np.pi, count)) + np.linspace(0, 1e-3, count)
    angles = (
        np.linspace(0, 2 * np.pi, count, endpoint=False)
        + random.uniform(0, 0.8 * 2 * np.pi / count, count)
        + 0 * angles
    )
    radii = radius * random.uniform(0.55, 1.0, count)
    return shapely.Polygon(np.column_stack([X + east + radii * np.cos(angles), Y + north + radii * np.sin(angles)]))
