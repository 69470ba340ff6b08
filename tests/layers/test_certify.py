"""Certifying WKB: what lies there as the kernels read it is not copied; any other writing of a polygon gives the same."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pyarrow as pa
import pytest
import shapely

from ecospace.crs import StudyCRS
from ecospace.errors import GeometryError
from ecospace.layers.certify import Certifier, plain_polygons

SHAPES = np.array(
    [*shapely.box([0, 20, 40], 0, [10, 30, 50], [10, 30, 50]), shapely.MultiPolygon([shapely.box(0, 50, 5, 60)])]
)
SHAPES = shapely.transform(SHAPES, lambda xy: xy + np.array([500_000, 2_500_000]))


def batch_of(wkb: list[bytes | None], kind: pa.DataType) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays([pa.array(range(len(wkb))), pa.array(wkb, kind)], ["code", "geometry"])


def certified(batch: pa.RecordBatch) -> list[bytes]:
    boundary = gpd.GeoDataFrame(geometry=[shapely.box(*shapely.total_bounds(SHAPES))], crs=4547)
    found = list(Certifier(boundary.crs, StudyCRS.for_boundary(boundary), name="parcels").certified([batch]))
    return [value for batch in found for value in batch.column("geometry").to_pylist()]


def test_every_writing_of_a_polygon_gives_the_same_bytes() -> None:
    """Small and large columns, a slice of one, big endian, with heights, with an EWKB number of a CRS."""
    wkb = shapely.to_wkb(SHAPES, byte_order=1).tolist()
    expected = certified(batch_of(wkb, pa.binary()))
    assert [len(value) for value in expected] == [len(value) for value in wkb]
    sliced = batch_of([wkb[3], *wkb, wkb[0]], pa.binary()).slice(1, len(wkb))
    assert plain_polygons(sliced.column("geometry")) is not None
    mixed = [*shapely.to_wkb(SHAPES[:2], byte_order=0).tolist(), shapely.to_wkb(shapely.force_3d(SHAPES[2], 9.0)),
             shapely.to_wkb(shapely.set_srid(SHAPES[3], 4547), include_srid=True)]  # fmt: skip
    assert plain_polygons(pa.array(mixed, pa.binary())) is None
    for batch in (batch_of(wkb, pa.large_binary()), sliced, batch_of(mixed, pa.binary())):
        assert certified(batch) == expected


@pytest.mark.parametrize("bad", [None, shapely.to_wkb(shapely.Point(500_000, 2_500_000)), b"\x01\x03"])
def test_what_is_no_polygon_is_named_by_its_row(bad: bytes | None) -> None:
    wkb = shapely.to_wkb(SHAPES, byte_order=1).tolist()
    with pytest.raises((GeometryError, shapely.errors.GEOSException)) as caught:
        certified(batch_of([wkb[0], bad, wkb[1]], pa.binary()))
    if bad != b"\x01\x03":
        assert caught.value.code == "E-GEO-60" and "2" in str(caught.value)


def test_an_empty_column_is_no_error() -> None:
    assert plain_polygons(pa.array([], pa.binary())) is None
