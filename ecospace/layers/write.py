"""Writers for the vector formats: whole or not at all, and read back before the old file goes (写出与回读).

GeoPackage is the one to choose. Shapefile cuts names and texts, GeoJSON and KML hold degrees, FlatGeobuf changes the order
of the rows (trust.md tC03, tC04, tE03 … tE08): what a format cannot hold is a finding or an error here, never a surprise.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import shapely
from geopandas import GeoDataFrame, read_parquet
from pyproj import CRS

from ecospace.crs import brought, geographic_of
from ecospace.errors import WriteError
from ecospace.files import atomic, on_disk
from ecospace.findings import Finding
from ecospace.language import _
from ecospace.layers.gdal import vector
from ecospace.layers.readback import Written, remove_stale, require_deliverable, require_same

#: Bytes of a field name and of a text in a DBF file.
NAME_BYTES, TEXT_BYTES = 10, 254
#: Decimals of degrees in GeoJSON: a tenth of a millimetre.
DEGREE_DECIMALS = 9


def write_layer(
    frame: GeoDataFrame, path: str | Path, *, name: str = "", encoding: str = "GBK", **options: Any
) -> Written:
    """Write a layer in the format that the suffix says, and read it back.

    Parameters
    ----------
    frame : GeoDataFrame
        In a CRS that may be delivered: not the study CRS. Its index goes into a column ``id`` unless it has one.
    path : str or Path
        .gpkg, .shp, .geojson, .parquet, .fgb, .kml, .txt (boundary points), .xlsx or .csv (coordinate table), .dxf.
    name : str
        The layer's name inside the file; the file's stem by default.
    encoding : {"GBK", "UTF-8"}
        Of a Shapefile's texts: GBK is read right by everything in use in China, UTF-8 needs a program that heeds .cpg.
    **options
        For .kml, .txt, .xlsx, .csv and .dxf: as for `write_kml`, `write_boundary_txt`, `write_coordinate_table`, `write_dxf`.

    Returns
    -------
    Written

    Raises
    ------
    WriteError
        E-WRITE-40 … 44: the file does not read back the same; E-WRITE-45: the study CRS; E-WRITE-46: texts that do
        not fit; E-WRITE-47: several kinds of geometry; E-WRITE-48: no such format; E-WRITE-49: the disk.
        The old file is left as it was in every case.
    CRSError
        E-CRS-01: no CRS.

    Examples
    --------
    >>> import tempfile
    >>> parks = GeoDataFrame({"名称": ["孔雀湖"]}, geometry=[shapely.box(112.5, 22.3, 112.6, 22.4)], crs=4490)
    >>> write_layer(parks, Path(tempfile.mkdtemp()) / "公园.gpkg").features
    1
    """
    target = Path(path)
    require_deliverable(frame, target)
    write = _WRITERS.get(target.suffix.lower())
    if write is None:
        raise WriteError(
            "E-WRITE-48",
            _("{suffix} is not a format that is written.").format(suffix=target.suffix or target.name),
            cure=_("Choose one of {suffixes}.").format(suffixes=" ".join(_WRITERS)),
            file=target,
        )
    with on_disk(target):
        return write(frame, target, name=name or target.stem, encoding=encoding, **options)


def _with_id(frame: GeoDataFrame) -> GeoDataFrame:
    """The frame in plain form: 2-D, its index as a column, one kind of geometry for a file of one kind."""
    plain = frame.set_geometry(shapely.force_2d(frame.geometry.to_numpy()))
    plain.geometry = plain.geometry.set_crs(frame.crs)
    if "id" not in plain.columns:
        plain = plain.assign(id=[str(index) for index in plain.index])
    return plain.reset_index(drop=True)


def _write_gdal(
    frame: GeoDataFrame, target: Path, driver: str, name: str, *, step: float = 0.0, key: str = "", **options: Any
) -> None:
    """Write by GDAL into a temporary file, read that back and compare."""
    pyogrio = vector()
    columns = [str(column) for column in frame.columns if column != frame.geometry.name]
    with atomic(target) as temporary:
        try:
            pyogrio.write_dataframe(frame, temporary, driver=driver, layer=name, **options)
            again = pyogrio.read_dataframe(temporary)
        except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, ValueError, UnicodeError) as error:
            raise WriteError(
                "E-WRITE-44",
                _("the {driver} file could not be written or read back: {reason}.").format(
                    driver=driver, reason=str(error)[:200]
                ),
                cure=_("The old file was left as it was; choose GeoPackage (.gpkg)."),
                file=target,
            ) from error
        require_same(frame, again, path=target, columns=columns, step=step, key=key)
        _require_crs(frame.crs, again.crs, target)
        if driver == "ESRI Shapefile":
            remove_stale(target, temporary)


def _require_crs(sent: CRS, again: CRS | None, target: Path) -> None:
    if again is None or (
        not CRS(sent).equals(CRS(again), ignore_axis_order=True) and sent.to_epsg() != again.to_epsg(20)
    ):
        raise WriteError(
            "E-WRITE-44",
            _("the coordinate system {sent} reads back as {again}.").format(
                sent=sent.name, again=again.name if again is not None else "?"
            ),
            cure=_("The old file was left as it was; choose GeoPackage (.gpkg)."),
            file=target,
        )


def _geopackage(frame: GeoDataFrame, target: Path, *, name: str, encoding: str) -> Written:
    plain, findings = _with_id(frame), []
    columns = [str(column) for column in plain.columns if column != plain.geometry.name]
    renamed = {long: own for long, own in unlike_names(columns).items() if long != own}
    if renamed:
        text = _("{count} field names differ from others by case alone, which GeoPackage cannot hold: {names}.").format(
            count=len(renamed), names=", ".join(f"{long} → {own}" for long, own in renamed.items())
        )
        findings.append(Finding("F-OUT-20", "warning", text, count=len(renamed)))
    _write_gdal(plain.rename(columns=renamed), target, "GPKG", name, promote_to_multi=_mixed_parts(plain))
    return Written(target, len(plain), _marked(findings, target))


def unlike_names(names: list[str]) -> dict[str, str]:
    """Field names that are different without regard to case, as SQLite wants them.

    >>> unlike_names(["NAME", "name", "code"])
    {'NAME': 'NAME', 'name': 'name_1', 'code': 'code'}
    """
    taken: set[str] = set()
    own: dict[str, str] = {}
    for name in names:
        candidate, number = name, 0
        while candidate.upper() in taken:
            number += 1
            candidate = f"{name}_{number}"
        taken.add(candidate.upper())
        own[name] = candidate
    return own


def _mixed_parts(frame: GeoDataFrame) -> bool:
    """Whether single and multi geometries of one kind stand together: GDAL wants one type."""
    return bool(frame.geom_type.nunique() > 1 and len(set(shapely.get_dimensions(frame.geometry))) == 1)


def _flatgeobuf(frame: GeoDataFrame, target: Path, *, name: str, encoding: str) -> Written:
    plain = _with_id(frame)
    # Without its index the format keeps the order of the rows.
    _write_gdal(plain, target, "FlatGeobuf", name, promote_to_multi=_mixed_parts(plain), SPATIAL_INDEX="NO")
    return Written(target, len(plain))


def _geojson(frame: GeoDataFrame, target: Path, *, name: str, encoding: str) -> Written:
    plain, findings = _with_id(frame), []
    if not plain.crs.is_geographic:
        degrees = geographic_of(CRS.from_user_input(plain.crs))
        plain = brought(plain, degrees)
        text = _("GeoJSON holds degrees: the layer was brought to {crs}, edges cut to 50 m.").format(crs=degrees.name)
        findings.append(Finding("F-OUT-04", "note", text))
    options = {"RFC7946": "NO", "COORDINATE_PRECISION": str(DEGREE_DECIMALS), "SIGNIFICANT_FIGURES": "17"}
    _write_gdal(plain, target, "GeoJSON", name, step=10.0**-DEGREE_DECIMALS, **options)
    return Written(target, len(plain), _marked(findings, target))


def _parquet(frame: GeoDataFrame, target: Path, *, name: str, encoding: str) -> Written:
    plain = _with_id(frame)
    columns = [str(column) for column in plain.columns if column != plain.geometry.name]
    with atomic(target) as temporary:
        plain.to_parquet(temporary)
        again = read_parquet(temporary)
        require_same(plain, again, path=target, columns=columns)
        _require_crs(plain.crs, again.crs, target)
    return Written(target, len(plain))


def _shapefile(frame: GeoDataFrame, target: Path, *, name: str, encoding: str) -> Written:
    plain = _with_id(frame)
    findings: list[Finding] = []
    if len(set(shapely.get_dimensions(plain.geometry))) > 1:
        raise WriteError(
            "E-WRITE-47",
            _("the layer has points, lines or areas together; a Shapefile holds one kind."),
            cure=_("Write GeoPackage (.gpkg), or one file for each kind."),
            file=target,
        )
    for column in plain.columns:
        if pd.api.types.is_datetime64_any_dtype(plain[column]):
            plain[column] = plain[column].map(lambda moment: None if moment is pd.NaT else moment.isoformat())
            text = _("column {column}: moments were written as text; a Shapefile holds days only.").format(
                column=column
            )
            findings.append(Finding("F-OUT-03", "note", text))
    texts = [column for column in plain.columns if plain[column].map(lambda value: isinstance(value, str)).any()]
    encoding = _encoding_for(plain, texts, encoding, findings)
    long = [
        (str(index), column)
        for column in texts
        for index, value in zip(plain["id"], plain[column], strict=True)
        if isinstance(value, str) and len(value.encode(encoding)) > TEXT_BYTES
    ]
    if long:
        raise WriteError(
            "E-WRITE-46",
            _("{count} texts are longer than {limit} bytes and would be cut off, the first in column {column}.").format(
                count=len(long), limit=TEXT_BYTES, column=long[0][1]
            ),
            cure=_("Write GeoPackage (.gpkg), or shorten the texts."),
            file=target,
            features=[index for index, _column in long],
        )
    names = short_names([str(column) for column in plain.columns if column != plain.geometry.name], encoding)
    cut = {long_name: short for long_name, short in names.items() if long_name != short}
    if cut:
        text = _("{count} field names were cut to 10 bytes: {names}.").format(
            count=len(cut), names=", ".join(f"{long_name} → {short}" for long_name, short in cut.items())
        )
        findings.append(Finding("F-OUT-01", "warning", text, count=len(cut)))
    _write_gdal(plain.rename(columns=names), target, "ESRI Shapefile", target.stem, encoding=encoding)
    return Written(target, len(plain), _marked(findings, target))


def _encoding_for(frame: GeoDataFrame, texts: list[str], encoding: str, findings: list[Finding]) -> str:
    """UTF-8 where a text has signs that GBK lacks."""
    if encoding.upper() == "UTF-8":
        return "UTF-8"
    everything = "".join(
        [*map(str, frame.columns), *(value for c in texts for value in frame[c] if isinstance(value, str))]
    )
    try:
        everything.encode(encoding)
    except UnicodeEncodeError as error:
        text = _("the sign {sign!r} is not in {encoding}; the texts were written in UTF-8 with a .cpg file.")
        sign = everything[error.start]
        findings.append(Finding("F-OUT-02", "warning", text.format(sign=sign, encoding=encoding)))
        return "UTF-8"
    return encoding


def short_names(names: list[str], encoding: str = "GBK") -> dict[str, str]:
    """Field names of at most 10 bytes, never cut inside a character, all different.

    >>> short_names(["生态保护红线面积", "生态保护红线类型", "TBMJ"])
    {'生态保护红线面积': '生态保护红', '生态保护红线类型': '生态保护1', 'TBMJ': 'TBMJ'}
    """
    short: dict[str, str] = {}
    taken: set[str] = set()
    for name in names:
        candidate, number = _cut(name, NAME_BYTES, encoding), 0
        # Field names of a DBF file do not heed case.
        while candidate.upper() in taken:
            number += 1
            candidate = _cut(name, NAME_BYTES - len(str(number)) - (name.isascii() is False), encoding) + str(number)
        taken.add(candidate.upper())
        short[name] = candidate
    return short


def _cut(text: str, size: int, encoding: str) -> str:
    while len(text.encode(encoding)) > size:
        text = text[:-1]
    return text


def _kml(frame: GeoDataFrame, target: Path, *, name: str, encoding: str, **options: Any) -> Written:
    from ecospace.layers.formats.kml_writer import write_kml

    return write_kml(_with_id(frame), target, title=options.pop("title", name), **options)


def _txt(frame: GeoDataFrame, target: Path, *, name: str, encoding: str, **options: Any) -> Written:
    from ecospace.layers.formats.boundary_txt_writer import write_boundary_txt

    return write_boundary_txt(frame, target, encoding="gb18030" if encoding == "GBK" else encoding, **options)


def _dxf(frame: GeoDataFrame, target: Path, *, name: str, encoding: str, **options: Any) -> Written:
    from ecospace.layers.formats.dxf_writer import write_dxf

    return write_dxf(frame, target, layer=name, **options)


def _table(frame: GeoDataFrame, target: Path, *, name: str, encoding: str, **options: Any) -> Written:
    from ecospace.layers.formats.coordinate_table_writer import write_coordinate_table

    return write_coordinate_table(frame, target, **options)


def _marked(findings: list[Finding], target: Path) -> tuple[Finding, ...]:
    return tuple(finding.of(file=target.name) for finding in findings)


_WRITERS: dict[str, Callable[..., Written]] = {
    ".gpkg": _geopackage,
    ".shp": _shapefile,
    ".geojson": _geojson,
    ".parquet": _parquet,
    ".fgb": _flatgeobuf,
    ".kml": _kml,
    ".txt": _txt,
    ".xlsx": _table,
    ".csv": _table,
    ".dxf": _dxf,
}
