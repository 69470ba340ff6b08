"""Tables of boundary points in Excel and CSV (界址点成果表, 拐点坐标表), read by contract.

Spreadsheets lose digits, names and rows without a word (trust.md tC13): so ids are texts, numbers are parsed strictly,
a formula without a stored value and an 18-digit number stop, and rows that were skipped or filled are counted.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ecospace.errors import ReadError
from ecospace.findings import Finding
from ecospace.language import _
from ecospace.layers.formats.boundary_txt import Plot, Point
from ecospace.layers.formats.numbers import half_width, parse_angle, parse_number, unpack_dms
from ecospace.layers.formats.parcels import Parcels, naming
from ecospace.layers.formats.sheets import Rows, sheets_of
from ecospace.layers.zones import column_names, system_named
from ecospace.units import convert_area, unit_of

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

NUMBER_BEGINS = re.compile(r"[NSEW东西南北]?\s*[+-]?\d")
#: What lines above a table say in words.
HEADER_WORDS = {
    "带号": r"带号\D{0,2}(\d{2})(?!\d)|(?<!\d)(\d{2})\s*(?:度?带)",
    "中央子午线": r"中央(?:子午|经)线\D{0,2}(\d{2,3})",
    "page": r"第\s*(\d+)\s*页",
}


@dataclass
class Seen:
    """What was tolerated in a table, counted."""

    text_numbers: int = 0
    filled: int = 0
    skipped: list[int] = field(default_factory=list)

    def findings(self) -> Iterator[Finding]:
        """One finding for each kind."""
        if self.text_numbers:
            text = _("{count} coordinates had signs other than plain digits; they were read by their meaning.")
            yield Finding("F-TAB-01", "note", text.format(count=self.text_numbers), count=self.text_numbers)
        if self.filled:
            text = _("{count} rows name no parcel; the name of the row above was taken.")
            yield Finding("F-TAB-02", "note", text.format(count=self.filled), count=self.filled)
        if self.skipped:
            text = _("{count} rows without coordinates were skipped (rows {rows}).")
            rows = ", ".join(map(str, self.skipped[:10]))
            yield Finding(
                "F-TAB-03", "warning", text.format(count=len(self.skipped), rows=rows), count=len(self.skipped)
            )


def read_coordinate_table(
    path: str | Path,
    *,
    sheet: str | None = None,
    crs: str | None = None,
    swap: bool = False,
    angles: Literal["decimal", "dms"] | None = None,
    place: GeoDataFrame | None = None,
    declared_area: Literal["check", "ignore"] = "check",
    points: Literal["boundary", "separate"] | None = None,
) -> Parcels:
    """Read a table of boundary points (界址点成果表), or of places (点位表).

    Parameters
    ----------
    path : str or Path
        .xlsx, .xlsm, .csv, .tsv or .txt.
    sheet : str, optional
        The worksheet; needed where several hold a table. ``"*"`` reads all.
    crs, swap, angles, place, declared_area
        As for `ecospace.layers.formats.boundary_txt.read_boundary_txt`.
    points : {"boundary", "separate"}, optional
        Whether the rows are points of a boundary or places of their own (monitoring points); asked for where every row
        has another number or name.

    Returns
    -------
    Parcels
        One parcel for each value of the parcel column, or for each block with a title of its own; or one point for
        each row, with all other columns as texts.

    Raises
    ------
    ReadError
        E-READ-69 … 92: no table, several sheets, a row that is not understood.
    DataError
        E-DATA-91: the declared area is another; E-DATA-92: a number that has lost digits.
    CRSError, GeometryError
        As for `read_boundary_txt`.
    """
    from ecospace.layers.formats.plots import parcels_of

    file = Path(path)
    seen = Seen()
    header: dict[str, str] = {}
    plots: list[Plot] = []
    with naming(file):
        for name, rows in _chosen(sheets_of(file), sheet).items():
            tables = _meant(_tables(rows, seen), points)
            read = _places if points == "separate" else _plots
            found = read(tables, header, seen, packed=angles == "dms")
            plots += [plot if plot.id or sheet != "*" else replace(plot, id=name) for plot in found]
        parcels = parcels_of(
            plots, header, crs=crs, swap=swap, decimal=angles is not None, place=place, declared_area=declared_area
        )
    findings = (*seen.findings(), *parcels.findings)
    return replace(parcels, findings=tuple(finding.of(file=file.name) for finding in findings))


def _chosen(sheets: dict[str, Rows], sheet: str | None) -> dict[str, Rows]:
    """The sheets that hold a table of points and were asked for."""
    tables = {name: rows for name, rows in sheets.items() if any(_columns(rows, at) for at in range(len(rows)))}
    if sheet not in (None, "*") and sheet not in tables:
        raise ReadError(
            "E-READ-77",
            _("there is no sheet {sheet!r} with a table of points.").format(sheet=sheet),
            cure=_("Sheets with one: {sheets}.").format(sheets=", ".join(tables)),
        )
    if not tables:
        raise ReadError(
            "E-READ-69",
            _("no row names the columns of coordinates (X and Y, or 经度 and 纬度)."),
            cure=_("Write a row of column names above the points, e.g. 点号, X(m), Y(m)."),
        )
    if sheet is None and len(tables) > 1:
        raise ReadError(
            "E-READ-78",
            _(
                "{count} sheets hold tables of points ({sheets}); reading one of them would leave out the others."
            ).format(count=len(tables), sheets=", ".join(tables)),
            cure=_('Say which: sheet = "{name}", or sheet = "*" for all.').format(name=next(iter(tables))),
        )
    return {name: rows for name, rows in tables.items() if sheet in (None, "*", name)}


@dataclass
class Table:
    """One table of a sheet: which column is what, what stands above it, and the rows with points."""

    columns: dict[str, int]
    others: dict[str, int]
    above: dict[str, str]
    rows: list[tuple[int, list[str]]]


def _tables(rows: Rows, seen: Seen) -> list[Table]:
    """The tables of a sheet, each with the lines above it."""
    tables: list[Table] = []
    waiting: list[list[str]] = []
    for number, row in enumerate(rows, start=1):
        columns = _columns(rows, number - 1)
        if columns:
            others = {name: place for place, name in enumerate(row) if name and place not in columns.values()}
            tables.append(Table(columns, others, _said([*waiting, row]), []))
            waiting = []
        elif tables and _has_point(row, tables[-1].columns):
            tables[-1].rows.append((number, row))
        elif any(row):
            waiting.append(row)
            if tables and not _is_about(row):
                seen.skipped.append(number)
    return tables


def _meant(tables: list[Table], points: str | None) -> list[Table]:
    """The tables with their columns as they are meant: a number for each point is its label, not that of a parcel.

    Raises
    ------
    ReadError
        E-READ-75: a number or name stands for fewer points than a parcel has, and nobody said what the rows are.
    """
    out = []
    for table in tables:
        column = "id" if "id" in table.columns else "name"
        named = [name for _line, row in table.rows if (name := _cell(row, table.columns, column))]
        single = len(named) > 1 and min(Counter(named).values()) < 3 and len(set(named)) > len(table.rows) / 3
        if single and points is None:
            raise ReadError(
                "E-READ-75",
                _(
                    "almost every row names another place ({names} …): they may be no boundary, but single points."
                ).format(names=", ".join(list(dict.fromkeys(named))[:2])),
                cure=_('Say which: points = "separate" or points = "boundary".'),
            )
        if single and points == "boundary" and column == "id":
            columns = {**table.columns, "label": table.columns.get("label", table.columns["id"])}
            del columns["id"]
            table = replace(table, columns=columns)
        out.append(table)
    return out


def _places(tables: list[Table], header: dict[str, str], seen: Seen, *, packed: bool) -> list[Plot]:
    """One point for each row, with the texts of all other columns."""
    places = []
    for table in tables:
        for line, row in table.rows:
            _agree(header, _system_of(table, row))
            point = _point(row, line, table.columns, "1", seen, packed)
            identifier = _cell(row, table.columns, "id") or point.label
            place = Plot(line, 1, None, identifier, _cell(row, table.columns, "name"), "点", [], [point])
            place.data = {name: row[at].strip() for name, at in table.others.items() if at < len(row)}
            places.append(place)
    return places


def _plots(tables: list[Table], header: dict[str, str], seen: Seen, *, packed: bool) -> list[Plot]:
    """The parcels of one sheet: one for each id, or for each table that is not a further page."""
    plots: dict[str, Plot] = {}
    current, ring, number, last = "", "1", 0, ""
    for table in tables:
        if table.above.get("page", "1") == "1":
            current, ring, number = table.above.get("id", ""), "1", number + 1
        for line, row in table.rows:
            own = _cell(row, table.columns, "id")
            seen.filled += "id" in table.columns and not own and bool(current)
            current = own or current
            ring = _cell(row, table.columns, "ring") or ring
            _agree(header, _system_of(table, row))
            key = current if "id" in table.columns else str(number)
            if key not in plots:
                name = _cell(row, table.columns, "name") or table.above.get("name", "")
                plots[key] = Plot(line, 0, _hectares(table.above), current, name, "面", [])
            point = _point(row, line, table.columns, ring, seen, packed)
            if key != last and plots[key].points and plots[key].points[-1].ring == point.ring:
                raise ReadError(
                    "E-READ-76",
                    _(
                        "row {row}: parcel {id} goes on after another one; its points may belong to another ring."
                    ).format(row=line, id=current),
                    cure=_("Sort the rows by parcel, or give each ring its number in a column 圈号."),
                )
            plots[key].points.append(point)
            plots[key].declared_points += 1
            last = key
    return list(plots.values())


def _system_of(table: Table, row: list[str]) -> dict[str, str]:
    """What the lines above a table and the columns of a row say of the coordinate system."""
    above = {key: table.above.get(key, "") for key in ("坐标系", "带号", "中央子午线")}
    columns = {"坐标系": _cell(row, table.columns, "system"), "带号": _cell(row, table.columns, "zone")}
    return above | {key: value for key, value in columns.items() if value}


def _agree(header: dict[str, str], said: dict[str, str]) -> None:
    """Put what one row says of the coordinate system into the header; all must say the same."""
    for key, value in said.items():
        if value and header.setdefault(key, value) != value:
            text = _("{key} is {one} in one place of the table and {other} in another.")
            raise ReadError(
                "E-READ-79",
                text.format(key=key, one=header[key], other=value),
                cure=_("Split the table, one coordinate system each."),
            )


def _hectares(above: dict[str, str]) -> float | None:
    """The area that stands above a table."""
    for key, value in above.items():
        if key.startswith("area:"):
            return convert_area(parse_number(value).value, key.removeprefix("area:"), "ha")
    return None


def _point(row: list[str], number: int, columns: dict[str, int], ring: str, seen: Seen, packed: bool) -> Point:
    values = []
    for column in ("north", "east") if "north" in columns else ("latitude", "longitude"):
        text = _cell(row, columns, column)
        try:
            read = parse_number(text) if packed else parse_angle(text)
        except ReadError as error:
            place = _("row {row}: {text}").format(row=number, text=error.text)
            raise ReadError(error.code, place, cure=error.cure) from None
        seen.text_numbers += read.normalised
        values.append(unpack_dms(read.value) if packed else read.value)
    if not re.fullmatch(r"[0-9]{1,6}", ring):
        text = _("row {row}: the ring number (圈号) is not a positive whole number.").format(row=number)
        raise ReadError("E-READ-89", text, cure=_("Correct the row."))
    return Point(_cell(row, columns, "label"), int(ring), values[1], values[0], number)


def _columns(rows: Rows, at: int) -> dict[str, int] | None:
    """Which column is what, if a row names columns of coordinates; a name may stand one row higher (merged cells)."""
    above = rows[at - 1] if at else []
    columns: dict[str, int] = {}
    for place, text in enumerate(rows[at]):
        for candidate in (text, above[place] if place < len(above) else ""):
            meaning = column_names().get(_plain(candidate))
            if meaning and meaning not in columns:
                columns[meaning] = place
                break
    own = {column_names().get(_plain(text)) for text in rows[at]}
    if {"north", "east"} <= own or {"longitude", "latitude"} <= own:
        return columns
    return None


def _plain(text: str) -> str:
    """A column name without blanks, brackets and units."""
    plain = half_width(text)[0].lower()
    return re.sub(r"\(.*?\)|[\s_/、]|\[.*?\]", "", plain)


def _said(rows: Rows) -> dict[str, str]:
    """What the lines above a table say: 权利人, 宗地号, 宗地面积(公顷), 坐标系, 带号, 中央子午线, 第 n 页."""
    said: dict[str, str] = {}
    words = half_width(" ".join(cell for row in rows for cell in row))[0]
    for row in rows[:-1]:
        cells = [cell for cell in row if cell]
        for cell, following in zip(cells, [*cells[1:], ""], strict=True):
            key, *rest = re.split("[:：]", cell, maxsplit=1)
            value = (rest[0] if rest else following).strip()
            meaning = column_names().get(_plain(key))
            if meaning == "area" and value:
                unit = re.search(r"公顷|平方米|平方公里|亩|hm2|ha|m2", half_width(key + value)[0])
                number = re.sub(r"[^\d.]+$", "", half_width(value)[0])
                said.setdefault(f"area:{unit_of(unit.group()) if unit else 'ha'}", number)
            elif meaning in ("id", "name") and value:
                said.setdefault(meaning, value)
    for key, pattern in HEADER_WORDS.items():
        found = re.search(pattern, words)
        if found:
            said[key] = next(group for group in found.groups() if group)
    system = system_named(words)
    if system is not None:
        said["坐标系"] = system.names[0]
    return said


def _is_about(row: list[str]) -> bool:
    """Whether a row is a title, a page number, column names or a key with its value: read, not skipped."""
    text = half_width(" ".join(row))[0]
    return (
        ":" in text or "成果表" in text or "page" in _said([row]) or any(_plain(cell) in column_names() for cell in row)
    )


def _has_point(row: list[str], columns: dict[str, int]) -> bool:
    pair = ("north", "east") if "north" in columns else ("latitude", "longitude")
    digits = [bool(NUMBER_BEGINS.match(half_width(_cell(row, columns, column))[0])) for column in pair]
    # One of two is a hole in the list of points, not a row to skip: it is read, and fails with its number.
    return all(digits) or (any(digits) and not _is_about(row))


def _cell(row: list[str], columns: dict[str, int], column: str) -> str:
    place = columns.get(column, -1)
    return row[place].strip() if 0 <= place < len(row) else ""
