"""What a file is, by its first bytes: a name proves nothing.

A file called .geojson or .shp that really is a GDAL virtual file (VRT) makes GDAL read any other file or call the
network (trust.md tS05, tS06). So nothing is handed on that was not recognised here.
"""

from __future__ import annotations

import codecs
import re
from pathlib import Path

from ecospace.errors import ReadError, UnsafeError
from ecospace.language import _

#: Bytes looked at.
HEAD = 65_536

#: Formats by the bytes they begin with.
MAGIC = (
    (b"\x00\x00\x27\x0a", "shp"),
    (b"SQLite format 3\x00", "gpkg"),
    (b"fgb\x03fgb", "fgb"),
    (b"PAR1", "parquet"),
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"II*\x00", "tiff"),
    (b"MM\x00*", "tiff"),
    (b"II+\x00", "tiff"),
    (b"MM\x00+", "tiff"),
    (b"EHFA_HEADER_TAG", "img"),
    (b"AutoCAD Binary DXF", "dxf"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "xls"),
    (b"\x00\x01\x00\x00Standard Jet DB", "mdb"),
    (b"\x00\x01\x00\x00Standard ACE DB", "mdb"),
    (b"AC10", "dwg"),
    (b"Rar!", "rar"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"\x1f\x8b", "gzip"),
    (b"%PDF", "pdf"),
)

#: XML root elements, without name space.
ROOTS = {"kml": "kml", "FeatureCollection": "gml"}

#: Marks of files that stand for other files or for a service.
VIRTUAL = re.compile(
    rb"<(?:OGR)?(?:VRT|OGRVRT)DataSource|<VRTDataset|<GDAL_WMS|<GDAL_WCS|<OGRWFSDataSource|<WCS_GDAL|<Capabilities|"
    rb"<[A-Za-z]+:?_?Capabilities|gdal_streamed_alg|<GDALTileIndexDataset",
    re.IGNORECASE,
)

#: Suffixes that a format may bear. Another one is read all the same, with a finding.
SUFFIXES = {
    "shp": {".shp"}, "gpkg": {".gpkg"}, "fgb": {".fgb"}, "parquet": {".parquet", ".geoparquet"},
    "geojson": {".geojson", ".json", ".geojsonl"}, "kml": {".kml"}, "gml": {".gml", ".xml"}, "dxf": {".dxf"},
    "tab": {".tab"}, "mif": {".mif"}, "text": {".txt", ".csv", ".tsv", ".asc"}, "zip": {".zip"}, "kmz": {".kmz"},
    "xlsx": {".xlsx", ".xlsm"}, "tiff": {".tif", ".tiff"}, "gdb": {".gdb"}, "img": {".img"},
}  # fmt: skip


#: Suffixes of formats that are no text: under one of them a text is a file gone wrong, not a list of points.
BINARY = {".shp", ".gpkg", ".fgb", ".parquet", ".geoparquet", ".tif", ".tiff", ".img"}


def sniff(path: Path) -> str:
    """The format of a file or folder.

    Parameters
    ----------
    path : Path
        On this machine; see `ecospace.layers.gdal.local_path`.

    Returns
    -------
    str
        shp, gpkg, gdb, fgb, parquet, geojson, kml, kmz, gml, dxf, tab, mif, xlsx, zip, tiff, img or text.

    Raises
    ------
    UnsafeError
        A virtual file (E-SAFE-02), or XML with a DOCTYPE (E-SAFE-03).
    ReadError
        No such file (E-READ-21), an empty one (E-READ-22), a format that cannot be read (E-READ-23).
    """
    if path.is_dir():
        if any(path.glob("a*.gdbtable")):
            return "gdb"
        raise ReadError(
            "E-READ-23",
            _("the folder is no File Geodatabase: it holds no .gdbtable file."),
            cure=_("Give the path of a file in it, or of the folder whose name ends in .gdb."),
            file=path,
        )
    if not path.is_file():
        raise ReadError("E-READ-21", _("there is no such file."), cure=_("Check the path."), file=path)
    with path.open("rb") as file:
        head = file.read(HEAD)
    if not head:
        raise ReadError("E-READ-22", _("the file is empty (0 bytes)."), cure=_("Copy or export it again."), file=path)
    found = _by_magic(path, head) or _by_text(path, head)
    if found is None or (found == "text" and path.suffix.lower() in BINARY):
        raise _unknown(path, _("its first bytes belong to no format that ecospace reads."))
    return found


def fits_suffix(path: Path, format: str) -> bool:
    """Whether the name of a file says the format that it is."""
    return path.suffix.lower() in SUFFIXES.get(format, {path.suffix.lower()})


def _by_magic(path: Path, head: bytes) -> str | None:
    found = next((format for magic, format in MAGIC if head.startswith(magic)), None)
    if found == "gpkg" and head[68:72] not in (b"GPKG", b"GP10", b"GP11", b"GP12") and path.suffix.lower() != ".gpkg":
        raise _unknown(path, _("it is an SQLite database, but no GeoPackage."))
    if found == "zip" and path.suffix.lower() in (".xlsx", ".xlsm"):
        return "xlsx"
    if found == "zip" and path.suffix.lower() == ".kmz":
        return "kmz"
    explained = {
        "mdb": _("a personal geodatabase (.mdb) needs ArcGIS; have it exported as a File Geodatabase or GeoPackage."),
        "dwg": _("a DWG drawing can be read by its own program only; save it as DXF (AutoCAD 2018 or older)."),
        "xls": _("an old .xls workbook; save it as .xlsx."),
        "rar": _("a RAR archive; unpack it, or pack it as .zip."),
        "7z": _("a 7z archive; unpack it, or pack it as .zip."),
        "gzip": _("a gzip or tar archive; unpack it, or pack it as .zip."),
        "pdf": _("a PDF; its drawing has no coordinates that could be trusted. Ask for the vector file."),
    }
    if found in explained:
        raise _unknown(path, explained[found])
    return found


def _by_text(path: Path, head: bytes) -> str | None:
    if VIRTUAL.search(head.replace(b"\x00", b"")):
        raise UnsafeError(
            "E-SAFE-02",
            _("the file only points to other files or to a service; opening it would read them."),
            cure=_("Ask for the data file itself."),
            file=path,
        )
    text = _as_text(head)
    if text is None:
        return None
    start = text.lstrip()
    if start.startswith("<"):
        return ROOTS.get(_xml_root(path, start))
    if start.startswith(("{", "[{", "//", "/*")) and path.suffix.lower() != ".txt":
        return "geojson"
    lowered = start[:200].lower()
    if lowered.startswith("!table"):
        return "tab"
    if lowered.startswith("version") and path.suffix.lower() == ".mif":
        return "mif"
    if re.match(r"0\s*[\r\n]+\s*SECTION|999\s*[\r\n]", start):
        return "dxf"
    return "text"


def _as_text(head: bytes) -> str | None:
    """The beginning as text, or None if it is none; a last character cut by the window does no harm."""
    for mark, name in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if head.startswith(mark):
            return head.decode(name, errors="replace")
    if b"\x00" in head:
        return None
    return head.decode("utf-8", errors="replace")


def _xml_root(path: Path, text: str) -> str:
    """The root element of XML; comments and instructions before it are passed over, a DOCTYPE is refused."""
    while True:
        text = text.lstrip()
        if text[:9].upper() == "<!DOCTYPE" or text[:8].upper() == "<!ENTITY":
            raise UnsafeError(
                "E-SAFE-03",
                _("the XML declares a document type (DOCTYPE), by which it could read other files."),
                cure=_("Export the file again; no GIS program needs a DOCTYPE."),
                file=path,
            )
        for begin, end in (("<?", "?>"), ("<!--", "-->")):
            if text.startswith(begin):
                _comment, found, rest = text.partition(end)
                if not found:
                    raise _unknown(path, _("its XML begins with a comment that does not end."))
                text = rest
                break
        else:
            name = re.match(r"<([^\s/>]+)", text)
            return name.group(1).rpartition(":")[2] if name else ""


def _unknown(path: Path, reason: str) -> ReadError:
    return ReadError(
        "E-READ-23",
        _("the file cannot be read: {reason}").format(reason=reason),
        cure=_("Formats: GeoPackage, Shapefile, File Geodatabase, GeoJSON, KML, DXF, MapInfo TAB, FlatGeobuf, "
               "GeoParquet, GML, Excel, CSV, boundary-point TXT, zip, GeoTIFF."),
        file=path,
    )  # fmt: skip
