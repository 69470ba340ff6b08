"""Delivery of layers in an exact form (数据汇交): File Geodatabase, GeoPackage or Shapefile, read back and compared.

A Shapefile's widths and decimals are written by fiona, whose schemas say them; a geodatabase and a GeoPackage by pyogrio,
because only its Arrow schema carries the aliases. Either way another library reads the file back.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from geopandas import GeoDataFrame
from pyproj import CRS

from ecospace.errors import GeometryError, UsageError, WriteError
from ecospace.files import atomic, on_disk
from ecospace.findings import Finding
from ecospace.language import _
from ecospace.layers.gdal import vector
from ecospace.layers.readback import Written, remove_stale, require_deliverable, require_same
from ecospace.layers.schema import GEOMETRIES, Schema, filled, read_schema

DRIVERS = {".gdb": "OpenFileGDB", ".gpkg": "GPKG", ".shp": "ESRI Shapefile"}
#: The coordinate step of a geodatabase: a tenth of a millimetre, or a billionth of a degree.
STEP_M, STEP_DEGREES = 1e-4, 1e-9


def deliver(
    layers: Mapping[str, GeoDataFrame],
    path: str | Path,
    *,
    columns: Mapping[str, Mapping[str, str]] | None = None,
    encoding: str = "GBK",
) -> Written:
    """Write layers in the form that their schemas ask for, and read them back.

    Parameters
    ----------
    layers : mapping of str to GeoDataFrame
        Name of a schema (``"DLTB"``, or a .toml file) → the layer, in the CRS it is delivered in.
    path : str or Path
        .gdb or .gpkg for any number of layers, .shp for one. What is there is replaced.
    columns : mapping, optional
        For each schema: field → column of the frame, where the names differ.
    encoding : {"GBK", "UTF-8"}
        Of a Shapefile, in which widths count as bytes.

    Returns
    -------
    Written

    Raises
    ------
    DataError
        E-DATA-93 … 76: a value that the schema does not allow, with the ids of the features.
    GeometryError
        E-GEO-45: another kind of geometry, or an invalid one.
    WriteError
        E-WRITE-40 … 45: the delivery does not read back the same. The old one is left whole.
    UsageError
        E-USE-40: no such schema; E-USE-41: the format cannot hold it.
    """
    target = Path(path)
    driver = DRIVERS.get(target.suffix.lower())
    if driver is None or not layers or (target.suffix.lower() == ".shp" and len(layers) > 1):
        raise UsageError(
            "E-USE-41",
            _("{count} layers cannot be delivered as {name}.").format(count=len(layers), name=target.name),
            cure=_("Write .gdb or .gpkg for several layers, .shp for one."),
        )
    prepared = []
    findings: list[Finding] = []
    for name, frame in layers.items():
        schema = read_schema(name)
        require_deliverable(frame, target, layer=schema.name)
        _require_kind(frame, schema, target)
        width_bytes = encoding if driver == "ESRI Shapefile" else ""
        attributes = frame.drop(columns=frame.geometry.name)
        values = filled(attributes, schema, dict((columns or {}).get(name, {})), width_bytes=width_bytes)
        findings += [finding.of(layer=schema.name) for finding in values.findings]
        if not schema.verified:
            text = _("the schema of {layer} was not compared with the text of its standard ({source}).")
            text = text.format(layer=schema.name, source=schema.source)
            findings.append(Finding("F-DEL-01", "warning", text, layer=schema.name))
        flat = shapely.force_2d(frame.geometry.to_numpy())
        prepared.append((schema, GeoDataFrame(values.values, geometry=flat, crs=frame.crs)))
    with on_disk(target), atomic(target) as temporary:
        for schema, sent in prepared:
            if driver == "ESRI Shapefile":
                _write_fiona(sent, schema, temporary, encoding)
            else:
                _write_arrow(sent, schema, temporary, driver)
        for schema, sent in prepared:
            _compare(sent, schema, temporary, driver, target)
        if driver == "ESRI Shapefile":
            remove_stale(target, temporary)
    marked = tuple(finding.of(file=target.name) for finding in findings)
    return Written(target, sum(len(sent) for _schema, sent in prepared), marked)


def _require_kind(frame: GeoDataFrame, schema: Schema, target: Path) -> None:
    shapes = frame.geometry.to_numpy()
    kind = GEOMETRIES[schema.geometry]
    wrong = (shapely.get_dimensions(shapes) != kind) | ~shapely.is_valid(shapes) | shapely.is_empty(shapes)
    if wrong.any():
        raise GeometryError(
            "E-GEO-45",
            _("{count} features are not valid shapes of the kind {kind}, which the layer is for.").format(
                count=int(wrong.sum()), kind=schema.geometry
            ),
            cure=_("Repair or remove them first: ecospace inspect"),
            file=target,
            layer=schema.name,
            features=list(frame.index[wrong]),
        )


def _geometry_type(frame: GeoDataFrame, schema: Schema) -> str:
    many = frame.geom_type.str.startswith("Multi").any()
    return ("Multi" if many else "") + {"point": "Point", "line": "LineString", "polygon": "Polygon"}[schema.geometry]


def _write_arrow(frame: GeoDataFrame, schema: Schema, path: Path, driver: str) -> None:
    """By pyogrio: GDAL takes aliases and text widths from the metadata of an Arrow schema."""
    import pyarrow as pa

    vector()
    from pyogrio.raw import write_arrow

    kind = _geometry_type(frame, schema)
    shapes = frame.geometry.to_numpy()
    if kind.startswith("Multi"):
        shapes = np.array([_multi(shape, kind) for shape in shapes], dtype=object)
    types = {"text": pa.string(), "integer": pa.int64(), "number": pa.float64(), "date": pa.date32()}
    arrays, fields = [], []
    for entry in schema.fields:
        said = {"GDAL:OGR:alternative_name": entry.alias} if entry.alias else {}
        if entry.type == "text" and entry.width:
            said["GDAL:OGR:width"] = str(entry.width)
        small = entry.type == "integer" and 0 < entry.width <= 9
        data_type = pa.int32() if small else types[entry.type]
        array = pa.array(frame[entry.name].tolist(), data_type, from_pandas=True)
        if entry.type == "date" and driver == "OpenFileGDB":
            # Geodatabases that every ArcGIS opens have no type for days: midnight stands for one.
            data_type = pa.timestamp("ms")
            array = array.cast(data_type)
        arrays.append(array)
        fields.append(pa.field(entry.name, data_type, metadata=said))
    arrays.append(pa.array(shapely.to_wkb(shapes), pa.binary()))
    fields.append(pa.field("geometry", pa.binary(), metadata={"ARROW:extension:name": "ogc.wkb"}))
    options: dict[str, Any] = (
        {"LAYER_ALIAS": schema.title} if driver == "OpenFileGDB" else {"DESCRIPTION": schema.title}
    )
    try:
        write_arrow(
            pa.Table.from_arrays(arrays, schema=pa.schema(fields)), path, layer=schema.name, driver=driver,
            geometry_name="geometry", geometry_type=kind, crs=CRS(frame.crs).to_wkt(), layer_options=options,
        )  # fmt: skip
    except (RuntimeError, ValueError) as error:
        raise _unwritten(path, schema, str(error)) from error


def _multi(shape: Any, kind: str) -> Any:
    makers = {
        "MultiPolygon": shapely.MultiPolygon,
        "MultiLineString": shapely.MultiLineString,
        "MultiPoint": shapely.MultiPoint,
    }
    return shape if shape.geom_type == kind else makers[kind]([shape])


def _write_fiona(frame: GeoDataFrame, schema: Schema, path: Path, encoding: str) -> None:
    """By fiona: its schema says the width and the decimals of a DBF field."""
    try:
        import fiona
        from fiona.errors import FionaError
    except ImportError as error:
        raise UsageError(
            "E-USE-42",
            _("Shapefiles of exact widths are written by fiona, which is not installed."),
            cure=_("pip install fiona, or deliver a File Geodatabase (.gdb)."),
        ) from error

    kinds = {"text": "str", "integer": "int", "number": "float", "date": "date"}
    properties = {}
    for entry in schema.fields:
        width = str(entry.width or "")
        size = f":{width}.{entry.precision}" if entry.type == "number" and width else f":{width}" if width else ""
        properties[entry.name] = kinds[entry.type] + ("" if entry.type == "date" else size)
    shapes = [shapely.geometry.mapping(shape) for shape in frame.geometry]
    rows = frame.drop(columns=frame.geometry.name).astype(object).where(frame.notna(), None).to_dict("records")
    try:
        with fiona.open(
            path, "w", driver="ESRI Shapefile", crs_wkt=CRS(frame.crs).to_wkt(), encoding=encoding,
            schema={"geometry": _geometry_type(frame, schema).removeprefix("Multi"), "properties": properties},
        ) as file:  # fmt: skip
            file.writerecords(
                {"geometry": shape, "properties": _for_fiona(row)} for shape, row in zip(shapes, rows, strict=True)
            )
    except (FionaError, RuntimeError, ValueError) as error:
        raise _unwritten(path, schema, str(error)) from error


def _for_fiona(row: dict[Any, Any]) -> dict[str, Any]:
    return {str(key): value.isoformat() if hasattr(value, "isoformat") else value for key, value in row.items()}


def _compare(sent: GeoDataFrame, schema: Schema, path: Path, driver: str, target: Path) -> None:
    """Read a layer back and compare fields, values, count and areas."""
    pyogrio = vector()
    try:
        again = pyogrio.read_dataframe(path, layer=schema.name if driver != "ESRI Shapefile" else path.stem)
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, ValueError) as error:
        raise _unwritten(target, schema, str(error)) from error
    names = [entry.name for entry in schema.fields]
    own = {"shape_length", "shape_area", "objectid"}
    found = [str(name) for name in again.columns if name != again.geometry.name and str(name).lower() not in own]
    if found != names:
        raise WriteError(
            "E-WRITE-42",
            _("the fields {names} read back as {found}.").format(names=", ".join(names), found=", ".join(found)),
            cure=_("Shorten field names to 10 bytes, or deliver a File Geodatabase (.gdb)."),
            file=target,
            layer=schema.name,
        )
    step = 0.0
    if driver == "OpenFileGDB":
        step = STEP_DEGREES if CRS(sent.crs).is_geographic else STEP_M
    require_same(sent, again, path=target, columns=names, step=step)


def _unwritten(path: Path, schema: Schema, reason: str) -> WriteError:
    return WriteError(
        "E-WRITE-44",
        _("the delivery could not be written or read back: {reason}.").format(reason=reason[:200]),
        cure=_("The old delivery was left as it was; check the schema and the disk."),
        file=path,
        layer=schema.name,
    )
