"""KML, written by hand: GDAL's writer says nothing when the disk is full (trust.md tE04)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import shapely
from geopandas import GeoDataFrame
from pyproj import CRS

from ecospace.crs import brought, require_crs, require_known_shift
from ecospace.files import atomic
from ecospace.findings import Finding
from ecospace.language import _
from ecospace.layers.formats.kml import read_kml
from ecospace.layers.readback import Written, require_same

WGS84 = CRS.from_epsg(4326)
#: A billionth of a degree is a tenth of a millimetre.
DECIMALS = 9
#: Signs that XML 1.0 cannot hold.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def write_kml(frame: GeoDataFrame, path: str | Path, *, title: str = "") -> Written:
    """Write a layer as KML, and read it back.

    Parameters
    ----------
    frame : GeoDataFrame
        In a CRS whose relation to WGS 84 is known; 2-D. Columns name and description are a placemark's own, the others
        go into its extended data as texts.
    path : str or Path
        Ends with .kml.
    title : str
        Name of the document.

    Returns
    -------
    Written

    Raises
    ------
    CRSError
        The shift to WGS 84 is not known (E-CRS-03).
    WriteError
        E-WRITE-40 … 43: the file does not read back the same.
    """
    target = Path(path)
    degrees, findings = _in_degrees(frame)
    columns = [str(column) for column in frame.columns if column != frame.geometry.name]
    texts = {column: [_text(value) for value in frame[column]] for column in columns}
    dropped = sum(_CONTROL.sub("", text) != text for column in columns for text in texts[column])
    if dropped:
        text = _("{count} texts held control characters, which were left out.")
        findings.append(Finding("F-KML-21", "warning", text.format(count=dropped), count=dropped))
    texts = {column: [_CONTROL.sub("", text).strip() for text in values] for column, values in texts.items()}
    rows = [dict(zip(texts, values, strict=True)) for values in zip(*texts.values(), strict=True)] or [{}] * len(frame)
    with atomic(target) as temporary:
        with temporary.open("w", encoding="utf-8") as file:
            file.writelines(_document(degrees.geometry, rows, title))
        again = read_kml(temporary, source="-").frame
        sent = GeoDataFrame(texts, geometry=list(degrees.geometry), crs=WGS84)
        own = {"id", "kind", "folder", "geometry"}
        names = {column: f"{column}_" for column in columns if column in own}
        kept = [column for column in columns if names.get(column, column) in again.columns]
        again = again.drop(columns=[name for name in names if name in again.columns and name != "geometry"])
        again = again.rename(columns={new: old for old, new in names.items()})
        require_same(sent, again.set_geometry("geometry"), path=target, columns=kept, step=10.0**-DECIMALS)
    return Written(target, len(frame), tuple(finding.of(file=target.name) for finding in findings))


def _in_degrees(frame: GeoDataFrame) -> tuple[GeoDataFrame, list[Finding]]:
    require_crs(frame)
    findings = require_known_shift(CRS.from_user_input(frame.crs), WGS84)
    if frame.crs.is_geographic:
        # A straight line in degrees stays one: no points are to be added.
        return frame.to_crs(WGS84), findings
    moved = brought(frame, WGS84)
    added = int(shapely.get_num_coordinates(moved.geometry).sum() - shapely.get_num_coordinates(frame.geometry).sum())
    if added:
        text = _("{count} points were added so that straight edges of the plane stay straight in degrees.")
        findings.append(Finding("F-KML-22", "note", text.format(count=added), count=added))
    return moved, findings


def _text(value: Any) -> str:
    if value is None or value != value:
        return ""
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _document(shapes: Any, rows: list[dict[str, str]], title: str) -> Iterator[str]:
    yield '<?xml version="1.0" encoding="UTF-8"?>\n<kml xmlns="http://www.opengis.net/kml/2.2">\n<Document>\n'
    yield f"<name>{escape(title)}</name>\n"
    for number, (shape, row) in enumerate(zip(shapes, rows, strict=True), start=1):
        yield f'<Placemark id="{number}">\n'
        for tag in ("name", "description"):
            if row.get(tag):
                yield f"<{tag}>{escape(row[tag])}</{tag}>\n"
        data = [(key, text) for key, text in row.items() if key not in ("name", "description")]
        if data:
            yield "<ExtendedData>\n"
            for key, text in data:
                yield f"<Data name={quoteattr(key)}><value>{escape(text)}</value></Data>\n"
            yield "</ExtendedData>\n"
        yield from _shape(shape)
        yield "</Placemark>\n"
    yield "</Document>\n</kml>\n"


def _shape(shape: Any) -> Iterator[str]:
    parts = shapely.get_parts(shape)
    if len(parts) > 1:
        yield "<MultiGeometry>\n"
    for part in parts:
        if part.geom_type == "Polygon":
            yield f"<Polygon><outerBoundaryIs>{_ring(part.exterior)}</outerBoundaryIs>"
            for ring in part.interiors:
                yield f"<innerBoundaryIs>{_ring(ring)}</innerBoundaryIs>"
            yield "</Polygon>\n"
        else:
            yield f"<{part.geom_type}>{_coordinates(part)}</{part.geom_type}>\n"
    if len(parts) > 1:
        yield "</MultiGeometry>\n"


def _ring(ring: Any) -> str:
    return f"<LinearRing>{_coordinates(ring)}</LinearRing>"


def _coordinates(line: Any) -> str:
    places = " ".join(f"{x:.{DECIMALS}f},{y:.{DECIMALS}f}" for x, y in shapely.get_coordinates(line))
    return f"<coordinates>{places}</coordinates>"
