"""GDAL, made safe before it is imported: no driver that reads other files or calls the network, no network at all.

`import ecospace` sets the environment; the two wheels that carry a GDAL of their own (pyogrio for vectors, rasterio for
rasters) read it when they are imported. A driver list set later than that has no effect (trust.md, finding 11): where
the user's program has imported them before, what remains is that only a file whose first bytes were recognised by
`sniff` is ever opened, and that it is opened through `connection`.
"""

from __future__ import annotations

import os
from pathlib import Path
from types import ModuleType

from ecospace.errors import ReadError, UnsafeError
from ecospace.language import _

#: Drivers that read other files by name, run queries, or call the network.
RISKY_DRIVERS = (
    "OGR_VRT", "VRT", "GDALG", "GTI", "DERIVED", "HTTP", "WFS", "OAPIF", "OGCAPI", "CSW", "WMS", "WMTS", "WCS", "DAAS",
    "EEDA", "EEDAI", "PLMOSAIC", "PLSCENES", "NGW", "Carto", "AmigoCloud", "Elasticsearch", "ADBC", "STACTA", "STACIT",
    "MVT", "MBTiles", "PMTiles", "MRF", "KMLSUPEROVERLAY", "RS2", "SAFE", "SENTINEL2", "Zarr",
    "GPSBabel", "OSM", "PDF", "ODS", "Idrisi", "VDV", "GTFS", "MapML", "LVBAG",
)  # fmt: skip

#: Settings of both GDALs. A finer arc step keeps the area of a circle to 5e-7; GDAL's own 4 degrees lose 0.081 %.
CONFIG = {
    "OGR_ARC_STEPSIZE": "0.1",
    "CPL_CURL_ENABLE_VSIMEM": "NO",
    "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": ".nothing",
    "GDAL_HTTP_CONNECTTIMEOUT": "1",
    "GDAL_HTTP_MAX_RETRY": "0",
    "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",
    "GDAL_PAM_ENABLED": "NO",
    "GDAL_VRT_ENABLE_PYTHON": "NO",
    "GML_DOWNLOAD_SCHEMA": "NO",
    "GML_SKIP_RESOLVE_ELEMS": "ALL",
    "OGR_SQLITE_LOAD_EXTENSIONS": "",
    "OGR_GEOJSON_MAX_OBJ_SIZE": "1000",
    "PROJ_NETWORK": "OFF",
}

#: Formats that GDAL reads for us: the key that `sniff` gives, and the driver that has to recognise it.
DRIVERS = {
    "gpkg": "GPKG",
    "gdb": "OpenFileGDB",
    "fgb": "FlatGeobuf",
    "tab": "MapInfo File",
    "mif": "MapInfo File",
    "gml": "GML",
}


def prepare_environment() -> None:
    """Set the environment that both GDALs read when they are imported. Does no harm when done twice."""
    wanted = [*filter(None, os.environ.get("GDAL_SKIP", "").split(",")), *RISKY_DRIVERS]
    os.environ["GDAL_SKIP"] = ",".join(dict.fromkeys(wanted))
    os.environ.update(CONFIG)


def vector() -> ModuleType:
    """The module pyogrio, with its GDAL made safe."""
    import pyogrio

    pyogrio.set_gdal_config_options(CONFIG)
    return pyogrio  # type: ignore[no-any-return]


def raster() -> ModuleType:
    """The module rasterio, with its GDAL made safe."""
    import rasterio

    return rasterio  # type: ignore[no-any-return]


def connection(path: Path, format: str) -> str:
    """What to hand to GDAL so that only the driver of a format can take the file.

    Parameters
    ----------
    path : Path
        A local file (or File Geodatabase folder) that `sniff` has recognised.
    format : str
        A key of `DRIVERS`.
    """
    if format not in DRIVERS:
        raise ReadError("E-READ-20", _("{format} is not read through GDAL.").format(format=format), file=path)
    # Only these two drivers know a prefix; the others are told apart by the bytes that sniff has seen.
    return f"GPKG:{path}" if format == "gpkg" else str(path)


def local_path(path: str | Path) -> Path:
    """A path on this machine, or a refusal: a URL or a /vsi… path would read elsewhere.

    Raises
    ------
    UnsafeError
        E-SAFE-01.
    """
    text = str(path)
    scheme, separator, _rest = text.partition(":")
    drive = len(scheme) == 1 and scheme.isalpha()
    if text.startswith(("/vsi", "\\\\")) or "://" in text or (separator and not drive and not Path(text).exists()):
        raise UnsafeError(
            "E-SAFE-01",
            _("{path} is not a path on this machine; ecospace never reads from elsewhere.").format(path=text[:80]),
            cure=_("Copy the file here and give its path."),
        )
    return Path(text)
