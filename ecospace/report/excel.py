"""Tables into one Excel workbook, with a sheet 说明 that says where every number comes from."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unicodedata import east_asian_width

from ecospace.files import atomic
from ecospace.language import _
from ecospace.report.table import Column, Table, clean

if TYPE_CHECKING:
    from xlsxwriter import Workbook

FONT = "宋体"
#: Characters of the name of a sheet.
SHEET_NAME = 31
#: What Excel can hold in a cell, and the height of a row, points.
LONGEST, HIGHEST = 32_767, 409.0
#: Characters that a sheet of A4 shows side by side in letters that can be read; wider tables go to A3.
A4_WIDE, A4, A3 = 170.0, 9, 8


def save_workbook(tables: Sequence[Table], path: str | Path, *, explanation: Mapping[str, Any] | None = None) -> Path:
    """Write tables as sheets of one workbook (工作簿).

    Parameters
    ----------
    tables : sequence of Table
        One sheet each, named by `Table.name` or the title.
    path : str or Path
        .xlsx
    explanation : mapping, optional
        What the sheet 说明 lists: text → text, or text → list of rows.

    Returns
    -------
    Path

    Notes
    -----
    Text is always written as text: an attribute that begins with ``=`` is no formula (trust.md tE01). The file is the same byte for
    byte on a second run.
    """
    import datetime

    from xlsxwriter import Workbook

    target = Path(path)
    names: list[str] = []
    with atomic(target) as temporary:
        # A fixed creation date: the same tables give the same bytes.
        book = Workbook(
            temporary, {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
        )
        book.set_properties({"created": datetime.datetime(2000, 1, 1)})
        for table in tables:
            names.append(sheet_name(table.name or table.title, names))
            _write_table(book, table, names[-1])
        if explanation:
            _write_explanation(book, explanation, sheet_name(_("Explanation"), names))
        book.close()
    return target


def sheet_name(text: str, taken: Sequence[str] = ()) -> str:
    """A name that Excel accepts: at most 31 characters, none of ``[]:*?/\\\\``, not used yet.

    >>> sheet_name("受保护地区/口径", ["受保护地区 口径"])
    '受保护地区 口径 2'
    """
    plain = _units(clean(re.sub(r"[\[\]:*?/\\\x00-\x1f]", " ", text)), SHEET_NAME).strip("' ") or "Sheet"
    # Excel keeps the name History for itself.
    plain = f"{plain} 1" if plain.lower() == "history" else plain
    name, number = plain, 1
    while name.lower() in (other.lower() for other in taken):
        number += 1
        name = f"{_units(plain, SHEET_NAME - len(str(number)) - 1)} {number}"
    return name


def _units(text: str, most: int) -> str:
    """The beginning of a text in units of UTF-16, as Excel counts: a sign beyond the basic plane is two."""
    return text.encode("utf-16-le")[: 2 * most].decode("utf-16-le", errors="ignore")


def _write_table(book: Workbook, table: Table, name: str) -> None:
    sheet = book.add_worksheet(name)
    base = {"font_name": FONT, "font_size": 11, "valign": "vcenter"}
    title = book.add_format({**base, "bold": True, "font_size": 14, "align": "center"})
    head = book.add_format(
        {**base, "bold": True, "border": 1, "align": "center", "text_wrap": True, "bg_color": "#E8F1EA"}
    )
    text = book.add_format({**base, "border": 1, "text_wrap": True, "indent": 1})
    note = book.add_format({**base, "font_size": 9, "text_wrap": True, "valign": "top"})
    count = len(table.columns)
    sheet.merge_range(0, 0, 0, max(count - 1, 1), clean(table.title), title)
    sheet.set_row(0, 26)
    wide = [_column_width(table, column) for column in range(count)]
    headings = [fitting(_on_two_lines(column)) for column in table.columns]
    for number, heading in enumerate(headings):
        sheet.write_string(1, number, heading, head)
    sheet.set_row(1, _height(headings, wide))
    formats: dict[int, Any] = {}
    for i, row in enumerate(table.numbers()):
        for column, cell in enumerate(row):
            if isinstance(cell, Decimal):
                decimals = table.columns[column].decimals or 0
                if decimals not in formats:
                    pattern = "#,##0" + ("." + "0" * decimals if decimals else "")
                    formats[decimals] = book.add_format({**base, "border": 1, "num_format": pattern})
                sheet.write_number(2 + i, column, float(cell), formats[decimals])
            else:
                sheet.write_string(2 + i, column, fitting(cell), text)
        # Not every office program fits the height of rows by itself; text then runs over its neighbours.
        sheet.set_row(2 + i, _height([f"{cell}" for cell in row], wide))
    below = [*table.notes, *([_("Source: {source}").format(source=table.source)] if table.source else [])]
    for i, line in enumerate(below):
        sheet.merge_range(3 + len(table.frame) + i, 0, 3 + len(table.frame) + i, max(count - 1, 1), clean(line), note)
        sheet.set_row(3 + len(table.frame) + i, 14 * (1 + int(_width(line) // max(sum(wide), 20))))
    for column in range(count):
        sheet.set_column(column, column, wide[column])
    # Of a wide table number and name stay in sight.
    sheet.freeze_panes(2, 2 if count > 8 else 0)
    if len(table.frame) > 1:
        sheet.autofilter(1, 0, 1 + len(table.frame), count - 1)
    sheet.repeat_rows(0, 1)
    _print_setup(sheet, A3 if sum(wide) > A4_WIDE else A4)


def _print_setup(sheet: Any, paper: int) -> None:
    """Across, one page wide, with page numbers."""
    sheet.set_landscape()
    sheet.set_paper(paper)
    sheet.set_margins(left=0.5, right=0.5, top=0.6, bottom=0.7)
    sheet.center_horizontally()
    sheet.fit_to_pages(1, 0)
    sheet.set_footer("&C&P / &N")


def _write_explanation(book: Workbook, explanation: Mapping[str, Any], name: str) -> None:
    sheet = book.add_worksheet(name)
    bold = book.add_format({"font_name": FONT, "bold": True, "valign": "top", "text_wrap": True})
    text = book.add_format({"font_name": FONT, "valign": "top", "text_wrap": True})
    sheet.set_column(0, 0, 26)
    sheet.set_column(1, 7, 30)
    row = 0
    for heading, content in explanation.items():
        sheet.write_string(row, 0, clean(str(heading)), bold)
        lines = content if isinstance(content, (list, tuple)) else [content]
        for line in lines:
            cells = line if isinstance(line, (list, tuple)) else [line]
            for column, cell in enumerate(cells):
                sheet.write_string(row, 1 + column, fitting("" if cell is None else str(cell)), text)
            row += 1
        row += 1 if not lines else 0
    _print_setup(sheet, A3)


def fitting(text: str) -> str:
    """Text that a cell can hold; what is cut says so.

    >>> fitting("短"), len(fitting("长" * 40_000))
    ('短', 32767)
    """
    plain = clean(text)
    return plain if len(plain.encode("utf-16-le")) // 2 <= LONGEST else _units(plain, LONGEST - 1) + "…"


def _on_two_lines(column: Column) -> str:
    """The heading with its unit below, rather than a bracket broken in two."""
    return column.label + "\n" + column.heading[len(column.label) :].strip() if column.unit else column.label


def _column_width(table: Table, column: int) -> float:
    """Wide enough for the longest cell on one line, and for the heading on two."""
    texts = [_width(row[column]) + 3 for row in table.rows()]
    widest = 64 if max(texts, default=0) > 200 else 42
    return float(min(max(9, _width(table.headings()[column]) / 2 + 5, *texts), widest))


def _height(cells: Sequence[str], widths: Sequence[float]) -> float:
    """Points for the cell with the most lines."""
    lines = max(
        (
            sum(max(-(-_width(line) // max(int(wide) - 2, 1)), 1) for line in cell.split("\n"))
            for cell, wide in zip(cells, widths, strict=True)
        ),
        default=1,
    )
    return min(15.0 * lines + 3.0, HIGHEST)


def _width(text: str) -> int:
    return sum(2 if east_asian_width(sign) in "WF" else 1 for sign in text)
