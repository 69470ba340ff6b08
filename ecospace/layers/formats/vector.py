"""GeoPackage, File Geodatabase, FlatGeobuf, MapInfo and GML through GDAL, GeoParquet through Arrow, batch after batch.

Attributes never become Python objects, shapes are made batch by batch: a million parcels need a fraction of the
memory of `geopandas.read_file`. No `bbox`, `where` or SQL: an index of the file may be stale (trust.md tC15, tC17).
"""

from __future__ import annotations

import json
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from ecospace.errors import ReadError, UnsafeError
from ecospace.findings import Finding
from ecospace.language import _
from ecospace.layers import gdal
from ecospace.layers.formats.sniff import VIRTUAL

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from pyproj import CRS

BATCH = 65_536
#: Codes of well-known binary for arcs and shapes made of them, less the thousands for heights and measures.
CURVES = (8, 9, 10, 11, 12, 13, 14)
#: Codes of bodies (polyhedral surface, TIN, triangle), which have no area of their own on the ground.
BODIES = (15, 16, 17)


@dataclass(frozen=True)
class Inner:
    """A layer inside a file: its name, its geometry type (empty for a table), and its number of features."""

    name: str
    geometry: str
    features: int


def inner_layers(path: Path, format: str) -> list[Inner]:
    """The layers of a file that GDAL reads, tables without geometry among them."""
    if format == "parquet":
        return [Inner(path.stem, "", -1)]
    with _explained(path, []), _alone(path, format) as file:
        pyogrio = gdal.vector()
        connection = gdal.connection(file, format)
        return [Inner(str(name), str(geometry or ""), -1) for name, geometry in pyogrio.list_layers(connection)]


def read_vector(path: Path, format: str, layer: str) -> tuple[GeoDataFrame, list[Finding]]:
    """A layer as it is, with everything that is wrong with it.

    Parameters
    ----------
    path : Path
    format : str
        A key of `gdal.DRIVERS`, or ``"parquet"``.
    layer : str
        The layer inside.

    Returns
    -------
    GeoDataFrame
        Indexed by row number as text ("1", "2", …).
    list of Finding

    Raises
    ------
    ReadError
        E-READ-51: the file cannot be read wholly. E-READ-52: the layer has no geometry.
    """
    if format == "parquet":
        return _parquet(path)
    if format in ("tab", "mif"):
        _refuse_companions(path)
    findings: list[Finding] = []
    with _explained(path, findings), _alone(path, format) as file:
        return _through_gdal(file, format, layer, findings), findings


def _through_gdal(path: Path, format: str, layer: str, findings: list[Finding]) -> GeoDataFrame:
    pyogrio = gdal.vector()
    connection = gdal.connection(path, format)
    options = {"ENCODING": "CP936"} if format in ("tab", "mif") and _neutral(path) else {}
    info = pyogrio.read_info(connection, layer=layer, force_feature_count=True, **options)
    if info["geometry_type"] is None:
        raise ReadError(
            "E-READ-52",
            _("the layer {layer} is a table without geometry.").format(layer=layer),
            cure=_("Choose another layer of the file."),
            file=path,
            layer=layer,
        )
    batches: list[Any] = []
    shapes: list[np.ndarray[Any, Any]] = []
    curved = False
    with pyogrio.raw.open_arrow(connection, layer=layer, use_pyarrow=True, batch_size=BATCH, **options) as (
        meta,
        reader,
    ):
        geometry = meta["geometry_name"] or "wkb_geometry"
        crs = meta["crs"]
        for batch in reader:
            wkb = batch.column(geometry)
            kinds = _kinds(wkb)
            if kinds & set(BODIES):
                raise _bodies(path)
            if kinds & set(CURVES):
                curved = True
                break
            shapes.append(_shapes(wkb))
            batches.append(batch.drop_columns([geometry]))
        schema = reader.schema
    if curved:
        return _with_arcs(path, layer, connection, options, findings)
    frame = _frame(batches, schema, geometry, shapes, _crs(crs))
    if info["features"] >= 0 and info["features"] != len(frame):
        raise ReadError(
            "E-READ-51",
            _("the file declares {declared} features, {read} can be read.").format(
                declared=info["features"], read=len(frame)
            ),
            cure=_("The file is damaged: copy or export it again."),
            file=path,
            layer=layer,
        )
    return frame


def _with_arcs(
    path: Path, layer: str, connection: str, options: dict[str, str], findings: list[Finding]
) -> GeoDataFrame:
    """Shapes with arcs, made of chords of a tenth of a degree: the area of a circle is right to 5e-7."""
    frame = gdal.vector().read_dataframe(connection, layer=layer, **options)
    findings.append(Finding(
        "F-READ-60", "note",
        _("the layer has arcs; they were drawn as chords of 0.1°, which keeps areas to 5e-7."), count=len(frame),
    ))  # fmt: skip
    return frame.set_axis([str(number + 1) for number in range(len(frame))], axis=0)


def _parquet(path: Path) -> tuple[GeoDataFrame, list[Finding]]:
    import pyarrow.parquet as parquet
    from pyarrow.lib import ArrowException

    try:
        with parquet.ParquetFile(path) as file:
            metadata = json.loads((file.schema_arrow.metadata or {}).get(b"geo", b"null"))
            if not isinstance(metadata, dict) or "primary_column" not in metadata:
                raise ReadError(
                    "E-READ-52",
                    _("the layer {layer} is a table without geometry.").format(layer=path.stem),
                    cure=_("Write it with geopandas or GDAL: GeoParquet says which column is the geometry."),
                    file=path,
                )
            geometry = metadata["primary_column"]
            column = metadata["columns"][geometry]
            if str(column.get("encoding", "")).upper() != "WKB":
                raise ReadError(
                    "E-READ-53",
                    _("the geometry is encoded as {encoding}, not as WKB.").format(encoding=column.get("encoding")),
                    cure=_("Write it again with WKB geometry, the default of geopandas."),
                    file=path,
                )
            batches, shapes = [], []
            for batch in file.iter_batches(BATCH):
                shapes.append(_shapes(batch.column(geometry)))
                batches.append(batch.drop_columns([geometry]))
            frame = _frame(batches, file.schema_arrow, geometry, shapes, _parquet_crs(column))
    except (ArrowException, OSError, ValueError, KeyError, TypeError, shapely.errors.GEOSException) as error:
        raise _unreadable(path, str(error)) from error
    return frame, []


def _parquet_crs(column: dict[str, Any]) -> CRS | None:
    from pyproj import CRS

    if "crs" not in column:
        # The standard's default: longitude and latitude on WGS 84.
        return CRS.from_epsg(4326)
    return None if column["crs"] is None else _crs(json.dumps(column["crs"]))


def _shapes(wkb: Any) -> np.ndarray[Any, Any]:
    """The shapes of a batch; what a program wrote as another type of WKB stays what it is."""
    return np.asarray(shapely.from_wkb(wkb.to_numpy(zero_copy_only=False)), dtype=object)


def _kinds(wkb: Any) -> set[int]:
    """The type codes of a batch of well-known binary, less the thousands for heights and measures."""
    if not len(wkb):
        return set()
    import pyarrow.compute as pc

    heads = pc.unique(pc.binary_slice(wkb.drop_null(), 1, 5)).to_pylist()
    return {int.from_bytes(head, "little") % 1000 for head in heads}


def _frame(batches: list[Any], schema: Any, geometry: str, shapes: list[Any], crs: Any) -> GeoDataFrame:
    import pyarrow as pa
    from geopandas import GeoDataFrame

    index = schema.get_field_index(geometry)
    plain = pa.schema([field for number, field in enumerate(schema) if number != index]) if index >= 0 else schema
    table = pa.Table.from_batches([batch.cast(plain) for batch in batches], schema=plain)
    # GDAL hands on the texts of a damaged file as they are; pandas would stumble over them much later.
    table.validate(full=True)
    columns = {name: _column(table.column(number)) for number, name in enumerate(table.column_names)}
    columns = {f"{name}_1" if name == "geometry" else name: column for name, column in columns.items()}
    merged = np.concatenate(shapes) if shapes else np.empty(0, dtype=object)
    return GeoDataFrame(columns, geometry=merged, index=[str(n + 1) for n in range(len(merged))], crs=crs)


def _column(column: Any) -> Any:
    """A column for pandas; whole numbers with gaps stay whole (a float would round long codes)."""
    import pandas as pd
    import pyarrow as pa

    if pa.types.is_integer(column.type) and column.null_count:
        return pd.array(column.to_pylist(), dtype="Int64")
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    return column.to_pandas().array


def _crs(text: Any) -> CRS | None:
    """The CRS of a file, by its EPSG code where it is one of those."""
    from pyproj import CRS
    from pyproj.exceptions import CRSError as ProjError

    if not text:
        return None
    try:
        crs = CRS.from_user_input(text)
    except ProjError:
        return None
    # Engineering and "undefined" systems say nothing about where on earth the layer is.
    if not (crs.is_geographic or crs.is_projected):
        return None
    code = crs.to_epsg(min_confidence=70)
    return CRS.from_epsg(code) if code is not None else crs


def _neutral(path: Path) -> bool:
    """Whether a MapInfo file does not say its text encoding: on planners' PCs that means GBK."""
    head = path.read_bytes()[:2_000].lower()
    return b'charset "neutral"' in head or b"charset" not in head


def _refuse_companions(path: Path) -> None:
    """MapInfo stands beside files that GDAL opens by itself; none of them may be a virtual one."""
    for item in sorted(path.parent.glob(f"{path.stem}.*")):
        if item.is_file() and VIRTUAL.search(_head(item)):
            raise UnsafeError(
                "E-SAFE-02",
                _("the file only points to other files or to a service; opening it would read them."),
                cure=_("Ask for the data file itself."),
                file=item,
            )


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(65_536)


@contextmanager
def _alone(path: Path, format: str) -> Iterator[Path]:
    """The file itself; GML as a copy in a folder of its own, as GDAL writes a .gfs beside it and believes one it finds."""
    if format != "gml":
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="ecospace-") as folder:
        copy = Path(folder) / path.name
        shutil.copyfile(path, copy)
        yield copy


@contextmanager
def _explained(path: Path, findings: list[Finding]) -> Iterator[None]:
    """GDAL's exceptions as ours, and its warnings as findings."""
    from pyogrio.errors import DataLayerError, DataSourceError, FeatureError, FieldError, GeometryError

    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            yield
    except (DataLayerError, DataSourceError, FeatureError, FieldError, GeometryError) as error:
        raise _unreadable(path, str(error)) from error
    except (shapely.errors.GEOSException, ValueError, NotImplementedError, RuntimeError, OSError) as error:
        raise _unreadable(path, str(error)) from error
    texts = dict.fromkeys(str(warning.message) for warning in caught)
    measured = [text for text in texts if "easured" in text]
    if measured:
        findings.append(
            Finding("F-GEO-20", "note", _("heights or measures (Z, M) were left out; areas are plane areas."))
        )
    for text in texts:
        if text not in measured and "not found within" not in text:
            findings.append(Finding("F-READ-61", "warning", _("GDAL says: {text}").format(text=text[:300])))


def _bodies(path: Path) -> ReadError:
    return ReadError(
        "E-READ-35",
        _("the layer holds 3-D bodies (multipatch, TIN), which have no area on the ground of their own."),
        cure=_("Have them converted to footprints (polygons) first."),
        file=path,
    )


def _unreadable(path: Path, reason: str) -> ReadError:
    # Bodies also hide in collections, where only GEOS finds them.
    if any(f"Unknown WKB type {body}" in reason for body in BODIES):
        return _bodies(path)
    return ReadError(
        "E-READ-51",
        _("the file cannot be read wholly: {reason}").format(reason=reason.replace(str(path), path.name)[:300]),
        cure=_("It is damaged or unfinished: copy or export it again."),
        file=path,
    )
