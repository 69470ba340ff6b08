"""Numbers as surveyors write them, read strictly.

``float()`` takes ``1_000``, ``nan``, ``inf`` and Arabic digits for numbers, and ``pandas.to_numeric`` makes a hole of
what it cannot read: both change a parcel in silence (trust.md tC11). Here a text is a number of plain digits or an
error; full-width digits are brought to plain ones, and the caller is told.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from ecospace.errors import ReadError
from ecospace.language import _

#: Full-width forms that Chinese input methods leave in numbers and separators.
_HALF_WIDTH = str.maketrans(
    {chr(0xFF01 + offset): chr(0x21 + offset) for offset in range(94)}
    | {"　": " ", "−": "-", "【": "[", "】": "]", "。": "."}
)
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]*)?", re.ASCII)
_DMS = re.compile(
    r"([NSEW北南东西]?)\s*(-?[0-9]{1,3})\s*[°度]\s*([0-9]{1,2})\s*['′’分]\s*([0-9]{1,2}(?:\.[0-9]+)?)\s*(?:[\"″”秒]|'')"
    r"\s*([NSEW]?)",
    re.ASCII,
)


@dataclass(frozen=True)
class Number:
    """A number and whether its text had to be normalised to read it."""

    value: float
    normalised: bool


def half_width(text: str) -> tuple[str, bool]:
    """A text with full-width signs brought to plain ones, and whether there were any.

    >>> half_width("３８，４６０．５")
    ('38,460.5', True)
    """
    if text.isascii():
        return text, False
    plain = text.translate(_HALF_WIDTH)
    return plain, plain != text


def parse_number(text: str) -> Number:
    """A decimal number.

    Parameters
    ----------
    text : str
        Plain or full-width digits, with a sign and a decimal point. No exponent: ``3.85E+07`` has lost its digits.

    Raises
    ------
    ReadError
        E-READ-60: anything else, ``1_000``, ``1,000``, ``nan`` and ``inf`` among it.

    >>> parse_number("３８４６０．５")
    Number(value=38460.5, normalised=True)
    >>> parse_number("1_000")
    Traceback (most recent call last):
    ecospace.errors.ReadError: [E-READ-60] ...
    """
    plain, changed = half_width(text)
    plain = plain.strip()
    value = float(plain) if _NUMBER.fullmatch(plain) else math.nan
    if not math.isfinite(value):
        raise ReadError(
            "E-READ-60",
            _("{text!r} is not a number; a coordinate or area cannot be taken from it.").format(text=text[:40]),
            cure=_("Write plain digits with one decimal point, e.g. 38460000.123."),
        )
    return Number(value, changed)


def parse_angle(text: str) -> Number:
    """Degrees, from decimal degrees or from degrees, minutes and seconds.

    >>> parse_angle("113°27′07.2″").value
    113.452
    >>> parse_angle("东113度27分7.2秒").value
    113.452

    Raises
    ------
    ReadError
        E-READ-60: not a number; E-READ-61: minutes or seconds of 60 and more.
    """
    raw = text.strip()
    if raw.isascii() and _NUMBER.fullmatch(raw):
        return parse_number(raw)
    found = _DMS.fullmatch(raw) or _DMS.fullmatch(half_width(raw)[0])
    if found is None:
        return parse_number(text)
    before, degrees, minutes, seconds, after = found.groups()
    value = _sexagesimal(int(degrees.lstrip("-")), int(minutes), float(seconds), text)
    negative = degrees.startswith("-") or (before or after) in ("S", "W", "南", "西")
    return Number(-value if negative else value, True)


def unpack_dms(packed: float) -> float:
    """Degrees from a packed ddd.mmss number (度.分秒).

    >>> unpack_dms(113.27072)
    113.452

    Raises
    ------
    ReadError
        E-READ-61: minutes or seconds of 60 and more, so the number was not packed.
    """
    sign = -1.0 if packed < 0 else 1.0
    # Digits, not arithmetic: 113.27 - 113 is 0.26999… and would become 26 minutes and 99 seconds.
    whole, _point, rest = f"{abs(packed):.10f}".partition(".")
    return sign * _sexagesimal(int(whole), int(rest[:2]), float(f"{rest[2:4]}.{rest[4:]}"), f"{packed}")


def _sexagesimal(degrees: int, minutes: int, seconds: float, text: str) -> float:
    if minutes >= 60 or seconds >= 60:
        raise ReadError(
            "E-READ-61",
            _("{text!r} has minutes or seconds of 60 or more, so it is not degrees, minutes and seconds.").format(
                text=text[:40]
            ),
            cure=_("Check whether the column is decimal degrees."),
        )
    return round(degrees + minutes / 60 + seconds / 3600, 12)
