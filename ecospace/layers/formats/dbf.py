"""Attributes of a Shapefile, read from the bytes of its .dbf: every value decoded or named (DBF 属性表).

GDAL trusts the hint in the file (.cpg, language id), which is missing or wrong in most files from planners' PCs: the
text becomes mojibake in silence, a filter by class finds nothing, and the site is "clear" (trust.md tC01, tC02, tC14).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ecospace.errors import ReadError
from ecospace.findings import Finding
from ecospace.language import _
from ecospace.layers.formats.dbf_text import Decoder, encoding_finding, field_texts, hinted, known_encoding, voted
from ecospace.layers.formats.dbf_values import plain_column


@dataclass(frozen=True)
class Field:
    """One column as the header describes it: name, type letter, place and width in the record, decimals."""

    name: bytes
    kind: str
    start: int
    width: int
    decimals: int


@dataclass(frozen=True)
class Header:
    """The header of a .dbf: what it declares, and how many whole records the file holds."""

    declared: int
    present: int
    start: int
    width: int
    language: int
    fields: tuple[Field, ...]


@dataclass(frozen=True)
class Attributes:
    """The table of a Shapefile.

    Parameters
    ----------
    columns : dict of str to array
        One array for each field, in file order, one value for each record present.
    deleted : ndarray of bool
        Records marked as deleted.
    header : Header
    findings : tuple of Finding
    """

    columns: dict[str, Any]
    deleted: np.ndarray[Any, Any]
    header: Header
    findings: tuple[Finding, ...] = field(default=())


def read_header(path: Path) -> Header:
    """The header of a .dbf, checked against the length of the file.

    Raises
    ------
    ReadError
        E-READ-30: the header contradicts itself.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(32)
        if len(head) < 32:
            raise _broken(path, _("it has {size} bytes, less than a header").format(size=size))
        declared, start, width = struct.unpack("<IHH", head[4:12])
        rest = file.read(max(start - 32, 0))
    fields, offset = [], 1
    for position in range(0, len(rest) - 31, 32):
        described = rest[position : position + 32]
        if described[0] in (0x0D, 0x00):
            break
        length, decimals = described[16], described[17]
        kind = chr(described[11])
        if kind == "C" and decimals:
            # Clipper's way to texts longer than 255 bytes; otherwise texts have no decimals.
            length, decimals = length + 256 * decimals, 0
        fields.append(Field(described[:11].partition(b"\0")[0], kind, offset, length, decimals))
        offset += length
    if not fields or start < 33 or width < 2 or offset > width:
        raise _broken(path, _("its fields need {needed} bytes, its records have {width}").format(
            needed=offset, width=width))  # fmt: skip
    present = max(min((size - start) // width, declared), 0)
    return Header(declared, present, start, width, head[29], tuple(fields))


def read_dbf(path: Path, *, code_page: Path | None = None, encoding: str | None = None) -> Attributes:
    """The attributes of a Shapefile, decoded by what the bytes are.

    Parameters
    ----------
    path : Path
        The .dbf.
    code_page : Path, optional
        The .cpg beside it: a hint, believed only where the bytes agree.
    encoding : str, optional
        What the user says; then nothing is guessed.

    Returns
    -------
    Attributes

    Raises
    ------
    ReadError
        E-READ-30 for a broken header, E-READ-31 for an encoding that does not exist.
    """
    header = read_header(path)
    records = _records(path, header)
    hint = hinted(header.language, code_page)
    texts = {
        item: [value.rstrip(b" \x00") for value in _column(records, item).tolist()]
        for item in header.fields
        if item.kind in "CM"
    }
    findings: list[Finding] = []
    raw_names = [item.name for item in header.fields]
    chosen = known_encoding(encoding, path) if encoding else voted([*texts.values(), raw_names], hint)
    names, renamed = field_texts(raw_names, chosen)
    findings += renamed
    columns: dict[str, Any] = {}
    decoder = Decoder(chosen)
    for item, name in zip(header.fields, names, strict=True):
        if item in texts:
            columns[name] = decoder.column(texts[item], item.width, name)
        else:
            columns[name], seen = plain_column(_column(records, item), item.kind, item.decimals, name)
            findings += seen
    if decoder.foreign:
        findings.append(encoding_finding(decoder, hint, code_page, asked=encoding is not None))
    findings += decoder.findings()
    deleted = np.asarray(records["mark"] == b"*")
    return Attributes(columns, deleted, header, tuple(findings))


def _records(path: Path, header: Header) -> np.ndarray[Any, Any]:
    kinds: list[tuple[str, str]] = [("mark", "S1")]
    kinds += [(f"f{number}", f"S{item.width}") for number, item in enumerate(header.fields) if item.width]
    used = 1 + sum(item.width for item in header.fields)
    if header.width > used:
        kinds.append(("rest", f"V{header.width - used}"))
    if not header.present:
        return np.zeros(0, dtype=kinds)
    return np.memmap(path, dtype=kinds, mode="r", offset=header.start, shape=(header.present,))


def _column(records: np.ndarray[Any, Any], item: Field) -> np.ndarray[Any, Any]:
    names = records.dtype.fields or {}
    found = (name for name, (_kind, start, *_title) in names.items() if start == item.start and name != "mark")
    name = next(found, None)
    return np.zeros(len(records), "S1") if name is None else np.asarray(records[name])


def _broken(path: Path, reason: str) -> ReadError:
    return ReadError(
        "E-READ-30",
        _("the attribute table is damaged: {reason}.").format(reason=reason),
        cure=_("Export the Shapefile again; all of .shp, .shx, .dbf and .prj belong together."),
        file=path,
    )
