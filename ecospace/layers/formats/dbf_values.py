"""Numbers, dates and truth values of a .dbf, read strictly: what is none is named, and makes no hole in a sum."""

from __future__ import annotations

from typing import Any

import numpy as np

from ecospace.findings import Finding
from ecospace.language import _

LISTED = 100
#: Digits that a float keeps.
FLOAT_DIGITS = 15


def plain_column(values: np.ndarray[Any, Any], kind: str, decimals: int, name: str) -> tuple[Any, list[Finding]]:
    """A column of numbers (N, F), dates (D) or truth values (L); another kind as text."""
    if kind in "NF":
        return _numbers(values, decimals, name)
    texts = [value.strip(b" \x00").decode("ascii", errors="replace") for value in values.tolist()]
    if kind == "D":
        return _dates(texts, name)
    if kind == "L":
        return np.array(
            [{"T": True, "Y": True, "F": False, "N": False}.get(text.upper()) for text in texts], object
        ), []
    return np.array([text or None for text in texts], object), [Finding(
        "F-TEXT-06", "note", _("the field {name} has the type {kind}, which was read as text.").format(
            name=name, kind=kind))]  # fmt: skip


def _numbers(values: np.ndarray[Any, Any], decimals: int, name: str) -> tuple[Any, list[Finding]]:
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
    if decimals == 0 and not (numbers % 1 > 0).any():
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
