"""Texts of a .dbf by what their bytes are: UTF-8, GB18030, Big5; the hints in the file are only hints."""

from __future__ import annotations

import codecs
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ecospace.errors import ReadError
from ecospace.findings import Finding
from ecospace.language import _

if TYPE_CHECKING:
    import pandas as pd

LISTED = 100

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


class Decoder:
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


def hinted(language: int, code_page: Path | None) -> str | None:
    if code_page is not None:
        text = code_page.read_bytes()[:64].decode("ascii", errors="replace").strip().upper()
        if text in CODE_PAGES:
            return CODE_PAGES[text]
    return LANGUAGES.get(language)


def known_encoding(encoding: str, path: Path) -> str:
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


def voted(columns: list[list[bytes]], hint: str | None) -> str:
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


def field_texts(raw_names: list[bytes], encoding: str) -> tuple[list[str], list[Finding]]:
    """Field names, decoded, without parts of characters, each once."""
    names: list[str] = []
    repaired = []
    for number, raw_name in enumerate(raw_names):
        raw = raw_name.strip()
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


def encoding_finding(decoder: Decoder, hint: str | None, code_page: Path | None, *, asked: bool) -> Finding:
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
