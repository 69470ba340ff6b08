"""A small invented county for pictures: two townships of 20 × 20 km, a red line, a river, stations."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
from shapely import LineString, Point, box

from ecospace.maps.maplayer import MapLayer

CRS = "EPSG:4547"  # CGCS2000, 3-degree, central meridian 114°E
WEST, SOUTH = 420_000.0, 2_460_000.0


def frame(geometries: list[object], crs: str = CRS, **columns: object) -> gpd.GeoDataFrame:
    """A layer."""
    return gpd.GeoDataFrame(columns or {"id": range(len(geometries))}, geometry=geometries, crs=crs)


def boundary(width_km: float = 40, height_km: float = 20) -> gpd.GeoDataFrame:
    """A rectangle."""
    return frame([box(WEST, SOUTH, WEST + width_km * 1000, SOUTH + height_km * 1000)], name=["示例县"])


def layers() -> list[MapLayer]:
    """What most plan figures have."""
    towns = [box(WEST + i * 20_000, SOUTH, WEST + (i + 1) * 20_000, SOUTH + 20_000) for i in range(2)]
    lake = Point(WEST + 30_000, SOUTH + 10_000)
    zones = [lake.buffer(1000), lake.buffer(2500) - lake.buffer(1000), lake.buffer(4000) - lake.buffer(2500)]
    x = np.linspace(WEST - 2000, WEST + 42_000, 200)
    river = LineString(np.column_stack([x, SOUTH + 6000 + 1500 * np.sin(x / 4000)]))
    stations = [Point(WEST + 3000 + 5000 * i, SOUTH + 15_000) for i in range(6)]
    return [
        MapLayer(
            frame(zones, level=["一级", "二级", "准"]), by="level", system="water_source", title="饮用水水源保护区"
        ),
        MapLayer(
            frame([box(WEST + 2000, SOUTH + 8000, WEST + 12_000, SOUTH + 18_000)], name=["北部红线"]), "eco_redline"
        ),
        MapLayer(frame([river], name=["潭江"]), "river", label="name"),
        MapLayer(frame(towns, name=["东山镇", "西湾镇"]), "townships", label="name"),
        MapLayer(frame(stations, name=[f"{i}号站" for i in range(6)]), "station", label="name"),
    ]
