"""The cells of Excel and CSV files as texts, every digit kept."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from ecospace.errors import DataError, ReadError
from ecospace.language import _
from ecospace.layers.formats.plain_text import decode_text

#: Whole numbers from here on lose their last digits in a spreadsheet.
EXACT = 10**15
Rows = list[list[str]]


def sheets_of(file: Path) -> dict[str, Rows]:
    """All cells of a file as texts, by sheet; merged cells hold their value everywhere.

    Raises
    ------
    ReadError
        E-READ-84: a formula without a stored value; E-READ-73: the old format; E-READ-92: damaged.
    DataError
        E-DATA-92: a number that has lost its last digits.
    """
    raw = file.read_bytes()
    if raw.startswith(b"PK"):
        return _excel(file)
    if raw.startswith(b"\xd0\xcf\x11\xe0"):
        raise ReadError(
            "E-READ-73",
            _("the file is in the old Excel format (.xls), which is not read."),
            cure=_("Save it in Excel or WPS as .xlsx."),
        )
    text, _encoding = decode_text(raw, file=file)
    sample = text[:5000]
    delimiter = max(",\t;，", key=sample.count)
    rows = list(csv.reader(text.splitlines(), delimiter=delimiter)) if sample.count(delimiter) else []
    return {file.stem: [[cell.strip() for cell in row] for row in rows]}


def _excel(file: Path) -> dict[str, Rows]:
    from openpyxl import load_workbook

    try:
        values = load_workbook(file, data_only=True)
        formulas = load_workbook(file, data_only=False)
    except Exception as error:  # openpyxl lets errors of zipfile, ElementTree and its own checks through
        raise ReadError(
            "E-READ-92",
            _("the workbook is damaged: {reason}.").format(reason=type(error).__name__),
            cure=_("Open it in Excel or WPS and save it again as .xlsx."),
        ) from error
    return {sheet.title: _cells(sheet, formulas[sheet.title]) for sheet in values.worksheets}


def _cells(sheet: Any, formulas: Any) -> Rows:
    rows: Rows = []
    for row, formula_row in zip(sheet.iter_rows(), formulas.iter_rows(), strict=True):
        cells = []
        for cell, formula in zip(row, formula_row, strict=True):
            if cell.value is None and formula.data_type == "f":
                raise ReadError(
                    "E-READ-84",
                    _("cell {cell} holds a formula without a stored value; its number is not known.").format(
                        cell=f"{sheet.title}!{cell.coordinate}"
                    ),
                    cure=_("Open the workbook in Excel or WPS, let it calculate, and save it."),
                )
            cells.append(_cell_text(cell.value, f"{sheet.title}!{cell.coordinate}"))
        rows.append(cells)
    for merged in sheet.merged_cells.ranges:
        value = rows[merged.min_row - 1][merged.min_col - 1]
        for row_number in range(merged.min_row - 1, merged.max_row):
            for column in range(merged.min_col - 1, merged.max_col):
                rows[row_number][column] = value
    return rows


def _cell_text(value: Any, cell: str) -> str:
    """A cell as text, every digit kept."""
    if value is None:
        return ""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        if abs(value) >= EXACT:
            raise DataError(
                "E-DATA-92",
                _("cell {cell}: a number of more than 15 digits has lost its last ones in the spreadsheet.").format(
                    cell=cell
                ),
                cure=_("Format the column as text and enter the codes again."),
            )
        whole = isinstance(value, float) and value.is_integer()
        return str(int(value)) if whole else repr(value) if abs(value) >= 1e-4 or not value else f"{value:.12f}"
    return str(value).strip()
