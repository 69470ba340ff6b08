"""A large layer as Arrow batches: attributes and WKB, no geometry objects."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from ecospace.layers import gdal
from ecospace.layers.formats.sniff import sniff
from ecospace.layers.store import GROUP_ROWS, open_store, regrouped

if TYPE_CHECKING:
    from pyproj import CRS


def arrow_batches(path: Path, layer: str = "") -> tuple[CRS | None, Iterator[pa.RecordBatch]]:
    """The CRS of a layer, and its rows with WKB in a last column `geometry`, in batches of one row group.

    GeoPackage, File Geodatabase, FlatGeobuf, MapInfo, GML and GeoParquet stream past; other formats, which our own
    readers read, are held in memory once.
    """
    gdal.local_path(path)
    format = sniff(path)
    if format == "parquet":
        store = open_store(path)
        return store.crs, regrouped(_named(batch, store.geometry) for batch in store.batches(store.columns))
    if format in gdal.DRIVERS:
        return _through_gdal(path, format, layer)
    return _read_whole(path, layer)


def _through_gdal(path: Path, format: str, layer: str) -> tuple[CRS | None, Iterator[pa.RecordBatch]]:
    from pyproj import CRS

    pyogrio = gdal.vector()
    connection = gdal.connection(path, format)
    crs = pyogrio.read_info(connection, layer=layer or None)["crs"]

    def rows() -> Iterator[pa.RecordBatch]:
        with pyogrio.raw.open_arrow(connection, layer=layer or None, use_pyarrow=True, batch_size=GROUP_ROWS) as (
            meta,
            reader,
        ):
            for batch in reader:
                yield _named(batch, meta["geometry_name"] or "wkb_geometry")

    return CRS.from_user_input(crs) if crs else None, regrouped(rows())


def _read_whole(path: Path, layer: str) -> tuple[CRS | None, Iterator[pa.RecordBatch]]:
    from ecospace.layers.read import read_layer

    frame = read_layer(path, layer=layer or None).frame
    plain = pa.RecordBatch.from_pandas(frame.drop(columns=frame.geometry.name), preserve_index=False)
    shapes = pa.array(np.asarray(frame.geometry.to_wkb()), pa.binary())
    whole = pa.RecordBatch.from_arrays([*plain.columns, shapes], [*plain.schema.names, "geometry"])
    return frame.crs, regrouped([whole])


def _named(batch: pa.RecordBatch, geometry: str) -> pa.RecordBatch:
    """The batch with its WKB last and named geometry, and without extension types."""
    shapes: Any = batch.column(batch.schema.get_field_index(geometry))
    shapes = getattr(shapes, "storage", shapes)
    plain = batch.drop_columns([geometry])
    return pa.RecordBatch.from_arrays([*plain.columns, shapes], [*plain.schema.names, "geometry"])
