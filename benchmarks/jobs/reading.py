"""Reading parcels from a GeoPackage and from a GBK Shapefile: decoded, headers and coordinates checked; and made valid."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.harness import Bar

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.harness import Data


def _checked(path: Path) -> dict[str, float]:
    """Everything but the validity of shapes: what pyogrio does, with our checks of headers, texts and coordinates."""
    import shapely

    from ecospace.layers.contents import read_content
    from ecospace.layers.read import placed

    frame, _findings = placed(read_content(path), None, None, "parcels", path)
    return {"rows": len(frame), "area_m2": float(shapely.area(frame.geometry.to_numpy()).sum())}


def _whole(path: Path) -> dict[str, float]:
    """All of read_layer: with fingerprint, normalised texts and valid shapes."""
    import shapely

    from ecospace.layers.read import read_layer

    frame = read_layer(path).frame
    return {"rows": len(frame), "area_m2": float(shapely.area(frame.geometry.to_numpy()).sum())}


def _geopandas(path: Path, *, valid: bool = False, **options: str) -> dict[str, float]:
    import geopandas as gpd
    import shapely

    frame = gpd.read_file(path, engine="pyogrio", use_arrow=True, **options)
    if valid:
        assert frame.is_valid.all()
    return {"rows": len(frame), "area_m2": float(shapely.area(frame.geometry.to_numpy()).sum())}


def gpkg(data: Data) -> dict[str, float]:
    return _checked(data.sized / "parcels.gpkg")


def shp(data: Data) -> dict[str, float]:
    return _checked(data.sized / "parcels.shp")


def gpkg_whole(data: Data) -> dict[str, float]:
    return _whole(data.sized / "parcels.gpkg")


def shp_whole(data: Data) -> dict[str, float]:
    return _whole(data.sized / "parcels.shp")


def geopandas_gpkg(data: Data) -> dict[str, float]:
    return _geopandas(data.sized / "parcels.gpkg")


def geopandas_shp(data: Data) -> dict[str, float]:
    return _geopandas(data.sized / "parcels.shp", encoding="GBK")


def geopandas_gpkg_valid(data: Data) -> dict[str, float]:
    return _geopandas(data.sized / "parcels.gpkg", valid=True)


def geopandas_shp_valid(data: Data) -> dict[str, float]:
    return _geopandas(data.sized / "parcels.shp", valid=True, encoding="GBK")


OURS = {
    "ecospace, GeoPackage": gpkg,
    "ecospace, Shapefile": shp,
    "ecospace, GeoPackage, valid": gpkg_whole,
    "ecospace, Shapefile, valid": shp_whole,
}
PEERS = {
    "geopandas use_arrow, GeoPackage": geopandas_gpkg,
    "geopandas use_arrow, Shapefile": geopandas_shp,
    "geopandas GeoPackage, is_valid": geopandas_gpkg_valid,
    "geopandas Shapefile, is_valid": geopandas_shp_valid,
}
BARS = [
    Bar("wall", 1.15, against="use_arrow, GeoPackage", ours="ecospace, GeoPackage"),
    Bar("wall", 1.15, against="use_arrow, Shapefile", ours="ecospace, Shapefile"),
    Bar("wall", 1.5, against="GeoPackage, is_valid", ours="ecospace, GeoPackage, valid"),
    Bar("wall", 1.5, against="Shapefile, is_valid", ours="ecospace, Shapefile, valid"),
]
