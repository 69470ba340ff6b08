"""The prepared store of a large layer: GeoParquet in small row groups, certified fit to be measured.

A city's parcels are prepared once and measured many times. A certified store holds valid 2-D polygons in the study CRS,
its edges made at most 50 m long before the transform; the certificate stands in the file. Reading it makes no geometry
object: rows stream past the kernels as bytes (ecospace.space.stream).
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as parquet

from ecospace.errors import DataError, ReadError
from ecospace.files import atomic, sha256_of
from ecospace.language import _

if TYPE_CHECKING:
    from pyproj import CRS

    from ecospace.crs import StudyCRS

#: Rows of one group: small enough to stream in tens of megabytes, large enough that a kernel call is not noticed.
GROUP_ROWS = 65_536
KEY = b"ecospace"


@dataclass(frozen=True)
class Store:
    """A prepared layer on disk (预处理图层).

    Parameters
    ----------
    path : Path
    rows : int
    columns : tuple of str
        Attributes, without the geometry.
    geometry : str
        Name of the column of WKB.
    crs_text : str
        The CRS as PROJJSON, WKT or authority code.
    certificate : dict or None
        What was checked and done when the store was certified; None for a plain GeoParquet file.
    """

    path: Path
    rows: int
    columns: tuple[str, ...]
    geometry: str
    crs_text: str
    certificate: dict[str, Any] | None

    @property
    def crs(self) -> CRS:
        """The CRS of the coordinates."""
        from pyproj import CRS

        return CRS.from_user_input(self.crs_text)

    def batches(self, columns: Sequence[str], *, groups: Sequence[int] | None = None) -> Iterator[pa.RecordBatch]:
        """Row groups in order, the next one decoded while this one is worked on: at most two are in memory."""
        wanted = [*columns, self.geometry]
        with parquet.ParquetFile(self.path) as file, ThreadPoolExecutor(1) as reader:
            numbers = list(range(file.num_row_groups) if groups is None else groups)
            following: Future[pa.Table] | None = None
            for place, number in enumerate(numbers):
                table = (following or reader.submit(file.read_row_group, number, wanted)).result()
                following = None
                if place + 1 < len(numbers):
                    following = reader.submit(file.read_row_group, numbers[place + 1], wanted)
                yield table.combine_chunks().to_batches()[0] if len(table) else _empty_batch(table)

    def group_bytes(self) -> list[int]:
        """Bytes of each row group when decoded."""
        with parquet.ParquetFile(self.path) as file:
            return [file.metadata.row_group(i).total_byte_size for i in range(file.num_row_groups)]


def open_store(path: str | Path) -> Store:
    """Look at a GeoParquet file, prepared by us or not; no row is read.

    Raises
    ------
    ReadError
        It is no GeoParquet file with WKB geometry (E-READ-94).
    """
    file = Path(path)
    try:
        with parquet.ParquetFile(file) as opened:
            names, rows, said = opened.schema_arrow.names, opened.metadata.num_rows, opened.metadata.metadata or {}
        geo = json.loads(said[b"geo"])
        geometry = geo["primary_column"]
        column = geo["columns"][geometry]
        if str(column["encoding"]).upper() != "WKB":
            raise KeyError("WKB")
        crs = column.get("crs", "OGC:CRS84")
        certificate = json.loads(said[KEY]) if KEY in said else None
    except (OSError, KeyError, TypeError, ValueError, pa.ArrowException) as error:
        raise ReadError(
            "E-READ-94",
            _("this is no GeoParquet file with WKB geometry ({reason}).").format(reason=str(error)[:100]),
            cure=_("Prepare the layer first: ecospace prepare LAYER STORE.parquet"),
            file=file,
        ) from error
    columns = tuple(name for name in names if name not in (geometry, "bbox"))
    text = crs if isinstance(crs, str) else json.dumps(crs)
    return Store(file, rows, columns, geometry, text, certificate)


def require_certified(store: Store) -> dict[str, Any]:
    """The certificate of a store; a store without one is refused (E-DATA-63)."""
    if store.certificate is None or not store.certificate.get("certified"):
        raise DataError(
            "E-DATA-63",
            _("the store is not certified: its shapes may be invalid or in another CRS, so no area of it is certain."),
            cure=_("Certify it: ecospace prepare LAYER STORE.parquet --study FOLDER"),
            file=store.path,
        )
    return store.certificate


def import_store(source: str | Path, target: str | Path, *, layer: str = "") -> Store:
    """Copy a layer into GeoParquet as it is, uncertified: fast to read again, not fit to be measured.

    Parameters
    ----------
    source : str or Path
        GeoPackage, File Geodatabase, FlatGeobuf, MapInfo, GML or GeoParquet.
    target : str or Path
        The .parquet file; written whole or not at all.
    layer : str
        The layer inside, where there are several.
    """
    from ecospace.layers.batches import arrow_batches

    crs, batches = arrow_batches(Path(source), layer)
    write_store(target, batches, crs, None)
    return open_store(target)


def prepare_store(source: str | Path, target: str | Path, study_crs: StudyCRS, *, layer: str = "") -> Store:
    """Certify a layer for measuring (图层预处理): valid, 2-D, edges ≤ 50 m before the transform, in the study CRS.

    Parameters
    ----------
    source, target, layer
        As in :func:`import_store`.
    study_crs : StudyCRS

    Raises
    ------
    GeometryError
        A shape that cannot be repaired without a choice; its row is named.
    CRSError
        The CRS is unknown, or has no known relation to the study's.
    """
    from ecospace.layers.batches import arrow_batches
    from ecospace.layers.certify import Certifier

    crs, batches = arrow_batches(Path(source), layer)
    certifier = Certifier(crs, study_crs, name=Path(source).name)
    certificate = {
        "certified": True, "source": Path(source).name, "method": study_crs.method,
        "sha256": sha256_of(source) if Path(source).is_file() else "",
    }  # fmt: skip
    write_store(target, certifier.certified(batches), study_crs.crs, lambda: certificate | certifier.summary())
    return open_store(target)


def write_store(target: str | Path, batches: Iterable[pa.RecordBatch], crs: CRS | None, certificate: Any) -> None:
    """Write batches with a last column `geometry` (WKB) as GeoParquet; the certificate is asked for at the end."""
    with atomic(target) as temporary, ThreadPoolExecutor(1) as writer, _sent_to_disk(temporary) as send:
        file, pending = None, None
        for batch in batches:
            if file is None:
                plain = [name for name in batch.schema.names if name != "geometry"]
                # lz4 costs no time to decode; a dictionary of geometries would only repeat them. A plain copy is read
                # once or twice: packing its coordinates would cost more than it saves.
                packed = dict.fromkeys(plain, "lz4") | {"geometry": "none" if certificate is None else "lz4"}
                file = parquet.ParquetWriter(
                    temporary, batch.schema, compression=packed, use_dictionary=plain, write_statistics=plain
                )
                file.add_key_value_metadata({"geo": json.dumps(_geo(crs))})
            if pending is not None:
                pending.result()
                send()
            pending = writer.submit(file.write_batch, batch, GROUP_ROWS)
        if file is None or pending is None:
            raise ReadError("E-READ-95", _("the layer has no feature, so there is nothing to prepare."), file=target)
        pending.result()
        if certificate is not None:
            file.add_key_value_metadata({KEY.decode(): json.dumps(certificate(), ensure_ascii=False)})
        file.close()


@contextmanager
def _sent_to_disk(path: Path) -> Iterator[Callable[[], None]]:
    """A call that lets what is written so far go to the disk meanwhile, so that nobody waits for all of it at the end."""
    path.touch()
    last: Future[None] | None = None
    with path.open("rb+") as file, ThreadPoolExecutor(1) as sender:

        def send() -> None:
            nonlocal last
            if last is None or last.done():
                last = sender.submit(os.fsync, file.fileno())

        yield send


def _geo(crs: CRS | None) -> dict[str, Any]:
    column: dict[str, Any] = {"encoding": "WKB", "geometry_types": ["Polygon", "MultiPolygon"]}
    column["crs"] = None if crs is None else crs.to_json_dict()
    return {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": column}}


def _empty_batch(table: pa.Table) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays([pa.array([], field.type) for field in table.schema], schema=table.schema)


def regrouped(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The same rows in batches of :data:`GROUP_ROWS`, whatever size they come in."""
    waiting: list[pa.RecordBatch] = []
    count = 0
    for batch in batches:
        if not waiting and len(batch) == GROUP_ROWS:  # as GDAL hands them over: no copy
            yield batch
            continue
        waiting.append(batch)
        count += len(batch)
        while count >= GROUP_ROWS:
            table = pa.Table.from_batches(waiting)
            yield table.slice(0, GROUP_ROWS).combine_chunks().to_batches()[0]
            waiting = table.slice(GROUP_ROWS).to_batches()
            count -= GROUP_ROWS
    if count:
        yield pa.Table.from_batches(waiting).combine_chunks().to_batches()[0]


def some(rows: np.ndarray[Any, Any]) -> list[str]:
    """Row numbers, from 1, as ids in messages."""
    return [str(row + 1) for row in rows.tolist()]
