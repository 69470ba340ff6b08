"""Shapefiles written byte by byte, so that tests can write what no library would."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path

Ring = Sequence[tuple[float, float]]

CGCS2000_38 = (
    'PROJCS["CGCS2000_3_Degree_GK_CM_114E",GEOGCS["GCS_China_Geodetic_Coordinate_System_2000",DATUM["D_China_2000",'
    'SPHEROID["CGCS2000",6378137.0,298.257222101]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],'
    'PROJECTION["Gauss_Kruger"],PARAMETER["False_Easting",500000.0],PARAMETER["False_Northing",0.0],'
    'PARAMETER["Central_Meridian",114.0],PARAMETER["Scale_Factor",1.0],PARAMETER["Latitude_Of_Origin",0.0],UNIT["Meter",1.0]]'
)

#: A place in 东莞, zone CM 114: tests count from here.
EAST, NORTH = 480_000.0, 2_540_000.0


def square(x: float = 0.0, y: float = 0.0, side: float = 100.0, *, clockwise: bool = True) -> list[tuple[float, float]]:
    """A closed ring, x and y counted from EAST and NORTH; clockwise is a shell in a Shapefile."""
    x, y = x + EAST, y + NORTH
    ring = [(x, y), (x, y + side), (x + side, y + side), (x + side, y), (x, y)]
    return ring if clockwise else ring[::-1]


def content(rings: Sequence[Ring]) -> bytes:
    """The content of a polygon record."""
    points = [point for ring in rings for point in ring]
    xs, ys = [x for x, _y in points], [y for _x, y in points]
    parts, start = [], 0
    for ring in rings:
        parts.append(start)
        start += len(ring)
    box = struct.pack("<4d", min(xs), min(ys), max(xs), max(ys))
    head = struct.pack("<i", 5) + box + struct.pack("<2i", len(parts), len(points))
    return head + struct.pack(f"<{len(parts)}i", *parts) + b"".join(struct.pack("<2d", *point) for point in points)


def write_shapefile(
    path: Path,
    records: Sequence[Sequence[Ring] | bytes],
    *,
    names: Sequence[bytes | str] | None = None,
    prj: str | None = CGCS2000_38,
    field: bytes = b"MC",
    width: int = 20,
    language: int = 0,
    encoding: str = "gb18030",
) -> Path:
    """A Shapefile of polygons (rings, or raw record contents) with one text column."""
    body, index, position = b"", b"", 50
    for number, record in enumerate(records):
        raw = record if isinstance(record, bytes) else content(record)
        body += struct.pack(">2i", number + 1, len(raw) // 2) + raw
        index += struct.pack(">2i", position, len(raw) // 2)
        position += 4 + len(raw) // 2

    def head(words: int) -> bytes:
        return struct.pack(">7i", 9994, 0, 0, 0, 0, 0, words) + struct.pack("<2i8d", 1000, 5, *[0.0] * 8)

    path.write_bytes(head(position) + body)
    path.with_suffix(".shx").write_bytes(head(50 + 4 * len(records)) + index)
    texts = names if names is not None else [f"甲{number + 1}" for number in range(len(records))]
    raw_texts = [text if isinstance(text, bytes) else text.encode(encoding) for text in texts]
    write_dbf(path.with_suffix(".dbf"), [(field, "C", width, 0)], [[text] for text in raw_texts], language=language)
    if prj is not None:
        path.with_suffix(".prj").write_text(prj)
    return path


def write_dbf(
    path: Path, fields: Sequence[tuple[bytes, str, int, int]], rows: Sequence[Sequence[bytes]], *, language: int = 0
) -> Path:
    """A .dbf of raw bytes: fields are name, type, width, decimals."""
    width = 1 + sum(size for _name, _kind, size, _decimals in fields)
    start = 32 + 32 * len(fields) + 1
    head = struct.pack("<4BIHH17xB2x", 3, 126, 11, 21, len(rows), start, width, language)
    described = b"".join(
        name[:11].ljust(11, b"\0") + kind.encode() + bytes(4) + bytes([size, decimals]) + bytes(14)
        for name, kind, size, decimals in fields
    )
    lines = b"".join(
        b" " + b"".join(value[:size].ljust(size) for value, (_n, _k, size, _d) in zip(row, fields, strict=True))
        for row in rows
    )
    path.write_bytes(head + described + b"\r" + lines + b"\x1a")
    return path
