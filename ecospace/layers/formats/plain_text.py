"""The text of a file whose encoding nobody wrote down: BOM, then UTF-8, then GB18030, always strictly."""

from __future__ import annotations

import codecs
from pathlib import Path

from ecospace.errors import ReadError
from ecospace.language import _

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def decode_text(raw: bytes, *, file: str | Path | None = None) -> tuple[str, str]:
    """The text of a file and the encoding it was read with.

    Raises
    ------
    ReadError
        E-READ-62: no encoding in use in China reads all of it. Nothing is replaced or left out.

    >>> decode_text("地块".encode("gbk")), decode_text("地块".encode("utf-16"))
    (('地块', 'gb18030'), ('地块', 'utf-16'))
    """
    for encoding in _encodings(raw):
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            return text, encoding.removesuffix("-sig")
    raise ReadError(
        "E-READ-62",
        _("the file is not text in UTF-8, UTF-16 or GB18030 (GBK); what it says cannot be known."),
        cure=_("Save it again as text, encoding UTF-8 or ANSI."),
        file=file,
    )


def _encodings(raw: bytes) -> list[str]:
    for mark, encoding in _MARKS:
        if raw.startswith(mark):
            return [encoding]
    # Digits and commas leave every second byte zero in UTF-16.
    even, odd = raw[0:2000:2].count(0), raw[1:2000:2].count(0)
    if even or odd:
        return ["utf-16-le" if odd > even else "utf-16-be"]
    return ["utf-8", "gb18030"]
