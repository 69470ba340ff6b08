"""Attribute texts brought to one form, with a finding: full-width digits and letters, outer blanks (文本规范化).

``DLBM = ０３０１`` or a trailing blank makes a class match nothing (trust.md tB14). Brackets and punctuation of Chinese
names stay as they are; only for comparing are texts brought to their compatibility form (`match_key`).
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Any

from ecospace.findings import Finding
from ecospace.language import _

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

#: Full-width digits and letters, and the ideographic blank.
FULL_WIDTH = re.compile("[\uff10-\uff19\uff21-\uff3a\uff41-\uff5a\u3000]")
_PLAIN = {code: code - 0xFEE0 for first, last in ((0xFF10, 0xFF19), (0xFF21, 0xFF3A), (0xFF41, 0xFF5A))
          for code in range(first, last + 1)} | {0x3000: 0x20}  # fmt: skip
#: Signs between full-width digits that belong to a number.
_POINT = re.compile("(?<=[0-9])[\uff0e\uff0c](?=[0-9])")
LISTED = 100


def match_key(text: object) -> str:
    """The form in which names and codes are compared (NFKC, no outer blanks, lower case).

    >>> match_key(" ＤＬＴＢ　") == match_key("dltb")
    True
    """
    return unicodedata.normalize("NFKC", str(text)).strip().casefold()


def plain_text(text: str) -> str:
    """A text with plain digits and letters and without outer blanks.

    >>> plain_text("　０３０１ "), plain_text("３．５"), plain_text("大沙镇（街道）")
    ('0301', '3.5', '大沙镇（街道）')
    """
    plain = text.translate(_PLAIN)
    return _POINT.sub(lambda sign: "." if sign.group() == "\uff0e" else ",", plain).strip()


def normalised(frame: GeoDataFrame) -> tuple[GeoDataFrame, list[Finding]]:
    """The frame with all texts in plain form, and a finding for each column in which one changed."""
    import pandas as pd

    changes: dict[Any, Any] = {}
    findings = []
    for name in frame.columns:
        column = frame[name]
        if name == frame.geometry.name or not (pd.api.types.is_object_dtype(column) or _is_text(column)):
            continue
        values = column.dropna()
        unique = [value for value in pd.unique(values) if isinstance(value, str)]
        wrong = {value: plain for value in unique if (plain := plain_text(value)) != value}
        if wrong:
            affected = column.isin(list(wrong))
            changes[name] = column.map(lambda value, wrong=wrong: wrong.get(value, value) or None)
            findings.append(_finding(name, wrong, frame.index[affected]))
    return (frame.assign(**changes) if changes else frame), findings


def _is_text(column: Any) -> bool:
    import pandas as pd

    return bool(pd.api.types.is_string_dtype(column.dtype))


def _finding(name: str, wrong: dict[str, str], index: Any) -> Finding:
    before, after = next(iter(wrong.items()))
    return Finding(
        "F-TEXT-20",
        "note",
        _("the field {name}: {count} texts had full-width digits or outer blanks, e.g. {before!r} → {after!r}.").format(
            name=name, count=len(index), before=before[:30], after=after[:30]
        ),
        features=tuple(map(str, index[:LISTED])),
        count=len(index),
    )
