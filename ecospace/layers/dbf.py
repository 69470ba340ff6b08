"""Attributes of a Shapefile, read from the bytes of its .dbf: every value decoded or named (DBF 属性表).

GDAL trusts the hint in the file (.cpg, language id), which is missing or wrong in most files from planners' PCs: the
text becomes mojibake in silence, a filter by class finds nothing, and the site is "clear" (trust.md tC01, tC02, tC14).
"""

from __future__ import annotations

import codecs
import re
import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ecospace.errors import ReadError
from ecospace.findings import Finding
from ecospace.language import _

if TYPE_CHECKING:
    import pandas as pd

#: Language ids of the DBF header that name an encoding used for Chinese.
LANGUAGES = {0x4D: "gb18030", 0x7A: "gb18030", 0x4F: "big5", 0x78: "big5"}
#: Names that .cpg files give to them.
CODE_PAGES = {
    "UTF-8": "utf-8", "UTF8": "utf-8", "65001": "utf-8", "GBK": "gb18030", "GB2312": "gb18030", "GB18030": "gb18030",
    "936": "gb18030", "CP936": "gb18030", "ANSI 936": "gb18030", "54936": "gb18030", "BIG5": "big5", "950": "big5",
    "CP950": "big5",
}  # fmt: skip
#: Texts that decode as UTF-8 but hold none of these are no Chinese: GBK bytes can happen to be UTF-8.
HAN = re.compile("[\u3400-\u9fff\uf900-\ufaff]")
#: Digits that a float keeps.
FLOAT_DIGITS = 15
LISTED = 100


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
    hint = _hint(header, code_page)
    texts = {item: _column_bytes(records, item) for item in header.fields if item.kind in "CM"}
    findings: list[Finding] = []
    chosen = (
        _checked(encoding, path) if encoding else _vote([*texts.values(), [item.name for item in header.fields]], hint)
    )
    names, renamed = _names(header, chosen)
    findings += renamed
    columns: dict[str, Any] = {}
    decoder = _Decoder(chosen)
    for item, name in zip(header.fields, names, strict=True):
        if item in texts:
            columns[name] = decoder.column(texts[item], item.width, name)
        else:
            columns[name], seen = _plain(records, item, name)
            findings += seen
    if decoder.foreign:
        findings.append(_encoding_finding(decoder, hint, code_page, asked=encoding is not None))
    findings += decoder.findings()
    deleted = np.asarray(records["mark"] == b"*")
    return Attributes(columns, deleted, header, tuple(findings))


class _Decoder:
    """Decodes texts by one encoding and, where that fails, by the others, and remembers what it had to do."""

    def __init__(self, encoding: str) -> None:
        self.order = [encoding, *(name for name in ("utf-8", "gb18030") if name != encoding)]
        self.foreign = 0
        self.sample = ""
        self.by_encoding: dict[str, int] = {}
        self.cut: dict[str, list[int]] = {}
        self.lost: dict[str, list[int]] = {}

    def column(self, values: list[bytes], width: int, name: str) -> pd.api.extensions.ExtensionArray:
        import pandas as pd
        import pyarrow as pa

        if not any(not value.isascii() for value in values):
            joined = pa.array(values, type=pa.binary()).cast(pa.string())
            return pd.array(_stripped(joined), dtype=_text_type())
        memory: dict[bytes, tuple[str | None, str]] = {}
        texts: list[str | None] = []
        for position, value in enumerate(values):
            known = memory.get(value)
            if known is None:
                known = memory[value] = self._one(value, width)
            text, how = known
            texts.append(text)
            if how:
                self.foreign += 1
                if how == "cut":
                    self.cut.setdefault(name, []).append(position + 1)
                elif how == "lost":
                    self.lost.setdefault(name, []).append(position + 1)
                else:
                    self.by_encoding[how] = self.by_encoding.get(how, 0) + 1
        return pd.array(_stripped(pa.array(texts, type=pa.string())), dtype=_text_type())

    def _one(self, value: bytes, width: int) -> tuple[str | None, str]:
        if value.isascii():
            return value.decode("ascii"), ""
        for encoding in self.order:
            try:
                text = value.decode(encoding)
            except UnicodeDecodeError:
                # The field may have ended inside the last character.
                shortened = _cut(value, encoding) if len(value) >= width - 1 else None
                if shortened is not None and encoding == self.order[0]:
                    return shortened, "cut"
                continue
            self.sample = self.sample or text.strip()[:20]
            return text, encoding
        return value.decode(self.order[0], errors="replace"), "lost"

    def findings(self) -> list[Finding]:
        found = []
        for name, records in self.cut.items():
            found.append(Finding(
                "F-TEXT-02", "warning",
                _("the field {name} was too short: in {count} values the last character is cut off.").format(
                    name=name, count=len(records)),
                features=tuple(map(str, records[:LISTED])), count=len(records),
            ))  # fmt: skip
        for name, records in self.lost.items():
            found.append(Finding(
                "F-TEXT-03", "warning",
                _("the field {name}: {count} values are in no known encoding; what is lost stands as \ufffd.").format(
                    name=name, count=len(records)),
                cure=_('If you know it, write encoding = "…" in study.toml.'),
                features=tuple(map(str, records[:LISTED])), count=len(records),
            ))  # fmt: skip
        return found


def _stripped(texts: Any) -> Any:
    import pyarrow.compute as pc

    stripped = pc.utf8_trim(texts, " \x00\t\r\n\u3000")
    return pc.if_else(pc.equal(stripped, ""), None, stripped)


def _text_type() -> str:
    import pandas as pd

    return "str" if int(pd.__version__.partition(".")[0]) >= 3 else "object"


def _records(path: Path, header: Header) -> np.ndarray[Any, Any]:
    kinds: list[tuple[str, str]] = [("mark", "S1")]
    kinds += [(f"f{number}", f"S{item.width}") for number, item in enumerate(header.fields) if item.width]
    used = 1 + sum(item.width for item in header.fields)
    if header.width > used:
        kinds.append(("rest", f"V{header.width - used}"))
    if not header.present:
        return np.zeros(0, dtype=kinds)
    return np.memmap(path, dtype=kinds, mode="r", offset=header.start, shape=(header.present,))


def _column_bytes(records: np.ndarray[Any, Any], item: Field) -> list[bytes]:
    name = _column(records, item)
    return [b""] * len(records) if name is None else [value.rstrip(b" \x00") for value in records[name].tolist()]


def _column(records: np.ndarray[Any, Any], item: Field) -> str | None:
    names = records.dtype.fields or {}
    return next(
        (name for name, (_kind, start, *_title) in names.items() if start == item.start and name != "mark"), None
    )


def _hint(header: Header, code_page: Path | None) -> str | None:
    if code_page is not None:
        text = code_page.read_bytes()[:64].decode("ascii", errors="replace").strip().upper()
        if text in CODE_PAGES:
            return CODE_PAGES[text]
    return LANGUAGES.get(header.language)


def _checked(encoding: str, path: Path) -> str:
    try:
        name = codecs.lookup(encoding).name
    except LookupError:
        raise ReadError(
            "E-READ-31",
            _("there is no encoding {name!r}.").format(name=encoding),
            cure=_('Write encoding = "GBK" or "UTF-8", or leave it out.'),
            file=path,
        ) from None
    return "gb18030" if name in ("gbk", "gb2312", "gb18030") else name


def _vote(columns: list[list[bytes]], hint: str | None) -> str:
    """The encoding of a file: UTF-8 where all its texts are, else GB18030, else what the hint says.

    GBK texts of a few characters can happen to be UTF-8, then without Chinese in them; so a file that holds Chinese
    as GB18030 and none as UTF-8 is GB18030.
    """
    foreign = {value for values in columns for value in values if not value.isascii()}
    if not foreign:
        return hint or "utf-8"
    if hint == "big5" and all(_decodes(value, "big5") for value in foreign):
        return "big5"
    as_utf8 = [value for value in foreign if _decodes(value, "utf-8") or _cut(value, "utf-8") is not None]
    whole = [value for value in as_utf8 if _decodes(value, "utf-8")]
    # A cut UTF-8 text may also be GBK by chance: whole texts decide, and a majority of them.
    if len(as_utf8) == len(foreign) and len(whole) * 2 >= len(as_utf8):
        chinese = any(HAN.search(value.decode("utf-8")) for value in whole)
        other = any(_decodes(value, "gb18030") and HAN.search(value.decode("gb18030")) for value in foreign)
        if chinese or not other or hint == "utf-8":
            return "utf-8"
    return "gb18030" if hint != "big5" else "big5"


def _decodes(value: bytes, encoding: str) -> bool:
    try:
        value.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _cut(value: bytes, encoding: str) -> str | None:
    """The text before a last character that was cut off, or None if that is not what is wrong."""
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        text = decoder.decode(value, final=False)
    except UnicodeDecodeError:
        return None
    return text if decoder.getstate()[0] else None


def _names(header: Header, encoding: str) -> tuple[list[str], list[Finding]]:
    """Field names, decoded, without parts of characters, each once."""
    names: list[str] = []
    repaired = []
    for number, item in enumerate(header.fields):
        raw = item.name.strip()
        name = ""
        # Bytes that are Chinese in UTF-8 are so by no chance; the values may be in another encoding.
        for candidate in dict.fromkeys(("utf-8", encoding, "gb18030") if _chinese_utf8(raw) else (encoding, "gb18030")):
            whole = raw.decode(candidate) if _decodes(raw, candidate) else None
            name = whole or _cut(raw, candidate) or ""
            if name:
                repaired += [] if whole else [name]
                break
        name = name.strip() or f"field_{number + 1}"
        unique, copy = name, 2
        while unique in names or unique == "geometry":
            unique, copy = f"{name}_{copy}", copy + 1
        if unique != name:
            repaired.append(unique)
        names.append(unique)
    if not repaired:
        return names, []
    return names, [Finding(
        "F-TEXT-04", "warning",
        _("field names were cut inside a character or stood there twice; they are now: {names}.").format(
            names=", ".join(repaired)),
        cure=_("Save as GeoPackage: it keeps long names."), count=len(repaired),
    )]  # fmt: skip


def _chinese_utf8(raw: bytes) -> bool:
    text = raw.decode("utf-8") if _decodes(raw, "utf-8") else _cut(raw, "utf-8")
    return bool(text and HAN.search(text))


def _encoding_finding(decoder: _Decoder, hint: str | None, code_page: Path | None, *, asked: bool) -> Finding:
    used = decoder.order[0]
    label = {"gb18030": "GB18030 (GBK)", "utf-8": "UTF-8", "big5": "Big5"}.get(used, used)
    minority = {name: count for name, count in decoder.by_encoding.items() if name != used}
    text = _("{count} texts were read as {encoding}, e.g. {sample}.").format(
        count=decoder.foreign, encoding=label, sample=decoder.sample or "–")  # fmt: skip
    wrong = hint is not None and hint != used and not asked
    if wrong:
        said = _("the .cpg file") if code_page is not None else _("the language mark of the .dbf")
        text += _(" {said} says {hint}, which the bytes contradict.").format(said=said, hint=hint)
    if minority:
        text += _(" {count} of them are in another encoding than the rest.").format(count=sum(minority.values()))
    return Finding(
        "F-TEXT-01", "warning" if wrong or minority else "note", text,
        cure=_('If the example reads wrong, write encoding = "…" in study.toml.'), count=decoder.foreign,
    )  # fmt: skip


def _plain(records: np.ndarray[Any, Any], item: Field, name: str) -> tuple[Any, list[Finding]]:
    """A column of numbers, dates or truth values."""
    values = np.asarray(records[_column(records, item)]) if _column(records, item) else np.zeros(len(records), "S1")
    if item.kind in "NF":
        return _numbers(values, item, name)
    texts = [value.strip(b" \x00").decode("ascii", errors="replace") for value in values.tolist()]
    if item.kind == "D":
        return _dates(texts, name)
    if item.kind == "L":
        return np.array(
            [{"T": True, "Y": True, "F": False, "N": False}.get(text.upper()) for text in texts], object
        ), []
    return np.array([text or None for text in texts], object), [Finding(
        "F-TEXT-06", "note", _("the field {name} has the type {kind}, which was read as text.").format(
            name=name, kind=item.kind))]  # fmt: skip


def _numbers(values: np.ndarray[Any, Any], item: Field, name: str) -> tuple[Any, list[Finding]]:
    """Numbers, strictly: a column in which one value is none stays text, so that no sum passes over it in silence."""
    width = values.dtype.itemsize
    if not len(values):
        return np.zeros(0), []
    signs = np.ascontiguousarray(values).view(np.uint8).reshape(len(values), width)
    blank = ((signs == 0x20) | (signs == 0)).all(axis=1)
    known = np.zeros(256, dtype=bool)
    known[list(b"0123456789+-.eE \x00")] = True
    doubtful = np.asarray(~known[signs].all(axis=1))
    numbers = np.full(len(values), np.nan)
    try:
        # A blank is no number; Python's float would refuse it, and so does astype.
        numbers[~blank & ~doubtful] = np.char.strip(values[~blank & ~doubtful], b" \x00").astype(float)
    except ValueError:
        for position in np.flatnonzero(~blank & ~doubtful):
            try:
                numbers[position] = float(values[position].strip(b" \x00"))
            except ValueError:
                doubtful[position] = True
    doubtful |= np.isinf(numbers)
    stars = np.asarray((signs == ord("*")).any(axis=1))
    doubtful &= ~stars
    findings = []
    if stars.any():
        # GDAL writes asterisks for "no value", other programs for a number too large for the field.
        where = np.flatnonzero(stars)
        findings.append(Finding(
            "F-TEXT-08", "warning",
            _("the field {name}: {count} values are asterisks (****): empty, or too large for the field when they were "
              "written. They count as missing.").format(name=name, count=len(where)),
            cure=_("Correct them at the source, with a wider field."),
            features=tuple(str(position + 1) for position in where[:LISTED]), count=len(where),
        ))  # fmt: skip
    if doubtful.any():
        texts = [value.strip(b" \x00").decode("utf-8", errors="replace") or None for value in values.tolist()]
        where = np.flatnonzero(doubtful)
        return np.array(texts, object), [*findings, Finding(
            "F-TEXT-05", "warning",
            _("the field {name}: {count} values such as {sample!r} are no numbers. The column stays text, so that no "
              "sum leaves them out in silence.").format(name=name, count=len(where), sample=texts[where[0]]),
            cure=_("Correct them at the source."),
            features=tuple(str(position + 1) for position in where[:LISTED]), count=len(where),
        )]  # fmt: skip
    if item.decimals == 0 and not (numbers % 1 > 0).any():
        return _integers(values, numbers, blank | stars), findings
    return numbers, findings


def _integers(values: np.ndarray[Any, Any], numbers: np.ndarray[Any, Any], blank: np.ndarray[Any, Any]) -> Any:
    import pandas as pd

    largest = np.nanmax(np.abs(numbers)) if not blank.all() else 0.0
    if largest < 10**FLOAT_DIGITS:
        return numbers if blank.any() else numbers.astype(np.int64)
    # Codes of 16 and more digits: a float would round them (…001 becomes …000).
    texts = [
        None if empty else value.strip(b" \x00").decode("ascii")
        for value, empty in zip(values.tolist(), blank, strict=True)
    ]
    if largest < 2**63 - 1024 and all(text is None or text.lstrip("+-").isdigit() for text in texts):
        return pd.array([None if text is None else int(text) for text in texts], dtype="Int64")
    return np.array(texts, object)


def _dates(texts: list[str], name: str) -> tuple[Any, list[Finding]]:
    import pandas as pd

    empty = pd.Series([text if text.strip("0") else None for text in texts], dtype=object)
    dates = pd.to_datetime(empty, format="%Y%m%d", errors="coerce")
    wrong = np.flatnonzero((dates.isna() & empty.notna()).to_numpy())
    if not len(wrong):
        return dates.to_numpy(), []
    return np.array([text or None for text in texts], object), [Finding(
        "F-TEXT-07", "warning",
        _("the field {name}: {count} values such as {sample!r} are no dates; the column stays text.").format(
            name=name, count=len(wrong), sample=texts[wrong[0]]),
        features=tuple(str(position + 1) for position in wrong[:LISTED]), count=len(wrong),
    )]  # fmt: skip


def _broken(path: Path, reason: str) -> ReadError:
    return ReadError(
        "E-READ-30",
        _("the attribute table is damaged: {reason}.").format(reason=reason),
        cure=_("Export the Shapefile again; all of .shp, .shx, .dbf and .prj belong together."),
        file=path,
    )
