"""Where the records of a Shapefile lie, and whether its three files agree (Shapefile 预检).

GDAL gives null geometries for a cut .shp or a stale .shx, and fewer rows for a short .dbf, without a word; a null
geometry is then "clear" of everything (trust.md tC05, tC06).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ecospace.errors import ReadError
from ecospace.findings import Finding
from ecospace.language import _

#: Bytes of the header of .shp and .shx.
HEADER = 100
#: Length of a record that the table has a row for, but the file no shape.
MISSING = -1
LISTED = 100


@dataclass(frozen=True)
class Companions:
    """The files of a Shapefile, found whatever the case of their suffixes; None where one is missing."""

    shp: Path
    shx: Path | None
    dbf: Path | None
    prj: Path | None
    cpg: Path | None


@dataclass(frozen=True)
class Records:
    """The records of a .shp.

    Parameters
    ----------
    data : ndarray of uint8
        The file, mapped.
    start, length : ndarray of int64
        First byte and number of bytes of the content of each record, without its 8-byte header. Length 0: the record
        is cut; `MISSING`: it is not there.
    shape_type : int
        The type in the file header.
    findings : tuple of Finding
    """

    data: np.ndarray[Any, Any]
    start: np.ndarray[Any, Any]
    length: np.ndarray[Any, Any]
    shape_type: int
    findings: tuple[Finding, ...]


def companions(path: Path) -> Companions:
    """The members of a Shapefile; ``.DBF`` and ``.DbF`` are found as well as ``.dbf``."""
    stem = path.stem.casefold()
    found: dict[str, Path] = {}
    for item in sorted(path.parent.iterdir()):
        if item.stem.casefold() == stem and (item.suffix.lower() not in found or item.stem == path.stem):
            found[item.suffix.lower()] = item
    return Companions(path, found.get(".shx"), found.get(".dbf"), found.get(".prj"), found.get(".cpg"))


def find_records(files: Companions, rows: int | None) -> Records:
    """Every record of a .shp, from its index where that agrees with it, else from the records themselves.

    Parameters
    ----------
    files : Companions
    rows : int or None
        How many rows the .dbf declares.

    Raises
    ------
    ReadError
        E-READ-32: no Shapefile, or shorter than its header.
    """
    size = files.shp.stat().st_size
    if size < HEADER:
        raise ReadError(
            "E-READ-32",
            _("the .shp has {size} bytes, less than its header.").format(size=size),
            cure=_("Copy or export it again."),
            file=files.shp,
        )
    data = np.memmap(files.shp, dtype=np.uint8, mode="r")
    declared_size, shape_type = _header(data)
    findings: list[Finding] = []
    indexed = _from_index(files.shx, data)
    if indexed is not None and _agrees(data, *indexed):
        start, length = indexed
    else:
        start, length = _walk(data)
        if declared_size <= size:  # a cut file says enough by itself
            findings.append(_index_finding(files.shx, indexed))
    expected = _expected(files.shx, rows, len(start))
    if declared_size != size:
        findings.append(Finding(
            "E-READ-33" if size < declared_size else "F-READ-33", "error" if size < declared_size else "warning",
            _("the header of the .shp declares {declared} bytes, the file has {size}.").format(
                declared=declared_size, size=size),
            cure=_("The file was cut or changed after it was written: copy or export it again."),
        ))  # fmt: skip
    if expected > len(start):
        missing = range(len(start) + 1, expected + 1)
        findings.append(Finding(
            "E-READ-34", "error",
            _("{count} of {expected} shapes are missing from the .shp, from record {first} on.").format(
                count=len(missing), expected=expected, first=missing[0]),
            cure=_("The file was cut: copy or export it again."),
            features=tuple(map(str, missing[:LISTED])), count=len(missing),
        ))  # fmt: skip
        start = np.concatenate([start, np.zeros(len(missing), np.int64)])
        length = np.concatenate([length, np.full(len(missing), MISSING)])
    return Records(data, start, length, shape_type, tuple(findings))


def _header(data: np.ndarray[Any, Any]) -> tuple[int, int]:
    head = data[:HEADER].tobytes()
    (words,) = struct.unpack(">i", head[24:28])
    (shape_type,) = struct.unpack("<i", head[32:36])
    return 2 * words, shape_type


def _from_index(shx: Path | None, data: np.ndarray[Any, Any]) -> tuple[Any, Any] | None:
    if shx is None:
        return None
    raw = shx.read_bytes()[HEADER:]
    pairs = np.frombuffer(raw[: len(raw) // 8 * 8], dtype=">i4").reshape(-1, 2).astype(np.int64)
    return pairs[:, 0] * 2 + 8, pairs[:, 1] * 2


def _agrees(data: np.ndarray[Any, Any], start: Any, length: Any) -> bool:
    """Whether each record of the index bears its own number and length in the .shp, one after another to the end."""
    if not len(start) or start[0] != HEADER + 8 or (length < 4).any() or start[-1] + length[-1] > len(data):
        return bool(not len(start) and len(data) == HEADER)
    if (start[1:] != start[:-1] + length[:-1] + 8).any():
        return False
    heads = data[(start[:, None] - 8) + np.arange(8)].copy().view(">i4")
    numbered = bool((heads[:, 0] == np.arange(1, len(start) + 1)).all())
    return numbered and bool((heads[:, 1].astype(np.int64) * 2 == length).all()) and start[-1] + length[-1] == len(data)


def _walk(data: np.ndarray[Any, Any]) -> tuple[Any, Any]:
    """Records one after another, as their own headers say, until the file ends or a header makes no sense."""
    starts: list[int] = []
    lengths: list[int] = []
    position, size = HEADER, len(data)
    while position + 12 <= size:
        number, words = struct.unpack(">ii", data[position : position + 8].tobytes())
        if words < 2 or number != len(starts) + 1:
            break
        whole = position + 8 + 2 * words <= size
        starts.append(position + 8)
        lengths.append(2 * words if whole else 0)
        if not whole:
            break
        position += 8 + 2 * words
    return np.array(starts, np.int64), np.array(lengths, np.int64)


def _expected(shx: Path | None, rows: int | None, found: int) -> int:
    """How many records there should be: the .dbf and the .shx each say a number, and the larger one counts."""
    indexed = max((shx.stat().st_size - HEADER) // 8, 0) if shx is not None else 0
    # A stale index may be longer than everything else; the table decides where there is one.
    return max(found, rows if rows is not None else indexed)


def _index_finding(shx: Path | None, indexed: Any) -> Finding:
    if shx is None or indexed is None:
        return Finding(
            "F-READ-34", "warning", _("there is no .shx; the records were found one after another in the .shp.")
        )
    return Finding(
        "F-READ-35", "warning",
        _("the .shx does not fit the .shp (stale, or of another file); the records were found in the .shp itself."),
        cure=_("Make sure that .shp, .shx and .dbf were copied together."),
    )  # fmt: skip
