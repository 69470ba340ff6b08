"""A table to be read: a frame plus title, units, rounding, notes and source. Described first, then rendered."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ecospace.errors import UsageError
from ecospace.files import atomic
from ecospace.language import _, current
from ecospace.units import balance, convert_area, round_number

if TYPE_CHECKING:
    import pandas as pd

#: DEL, halves of pairs, and what is no character: no file takes them.
UNWRITABLE = re.compile("[\x7f\ud800-\udfff\ufffe\uffff]")
#: Headings of area units, by language.
UNIT_LABELS = {
    "m2": ("平方米", "m²"), "ha": ("公顷", "ha"), "mu": ("亩", "mu"), "km2": ("平方公里", "km²"), "%": ("%", "%"),
    "ppm": ("ppm", "ppm"), "m": ("米", "m"), "km": ("公里", "km"),
}  # fmt: skip


@dataclass(frozen=True)
class Column:
    """How one column of a frame is shown.

    Parameters
    ----------
    key : str
        Column of the frame; areas in m², shares 0 to 1, lengths in m.
    label : str
        Heading, without the unit.
    unit : str
        ``""`` for text and counts, ``"m2"``, ``"ha"``, ``"mu"``, ``"km2"`` for areas in m², ``"%"`` for shares, ``"ppm"``, ``"m"``, ``"km"``.
    decimals : int or None
        None for text and counts.
    parts : str
        Name of a boolean column of the frame that marks the rows which add up to the rows that `total` marks: printed so that
        they do (强制调平).
    total : str
        See `parts`.
    beside : str
        Area column, m², printed beside a share that would print as 0.00.
    """

    key: str
    label: str
    unit: str = ""
    decimals: int | None = None
    parts: str = ""
    total: str = ""
    beside: str = ""

    @property
    def heading(self) -> str:
        """Label with unit, e.g. 面积（公顷）."""
        if not self.unit:
            return self.label
        zh, en = UNIT_LABELS[self.unit]
        return f"{self.label}（{zh}）" if current() == "zh" else f"{self.label} ({en})"

    def scaled(self, value: float) -> float:
        """The value in the unit shown."""
        if self.unit == "%":
            return value * 100
        if self.unit == "km":
            return value / 1000
        return convert_area(value, "m2", self.unit) if self.unit in {"m2", "ha", "mu", "km2"} else value


@dataclass(frozen=True, eq=False)
class Table:
    """A display table (表). Immutable: each step returns a new one.

    Parameters
    ----------
    frame : DataFrame
        SI values; nothing is rounded in it.
    columns : tuple of Column
        What is shown, in order.
    title, source : str
    notes : tuple of str
        Definitions, methods and everything else that has to be read with the numbers.
    half : {"even", "up"}
        Rounding: GB/T 8170, or half up.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"town": ["甲", "乙"], "area_m2": [12344.9, 45674.8]})
    >>> table = Table(frame).titled("表 1").show("town", "乡镇").show("area_m2", "面积", unit="ha", decimals=2)
    >>> table.rows()
    [['甲', '1.23'], ['乙', '4.57']]
    """

    frame: pd.DataFrame
    columns: tuple[Column, ...] = ()
    title: str = ""
    name: str = ""
    source: str = ""
    notes: tuple[str, ...] = ()
    half: str = "even"
    _cache: dict[str, Any] = field(default_factory=dict, repr=False)

    def titled(self, title: str, name: str = "") -> Table:
        """With a title, and a short name for its sheet."""
        return replace(self, title=title, name=name or self.name, _cache={})

    def sourced(self, source: str) -> Table:
        """With the source of its numbers."""
        return replace(self, source=source, _cache={})

    def noted(self, *notes: str) -> Table:
        """With notes under it; empty ones and repetitions are left out."""
        new = tuple(dict.fromkeys(note for note in notes if note and note not in self.notes))
        return replace(self, notes=self.notes + new, _cache={})

    def show(self, key: str, label: str, **how: Any) -> Table:
        """With one more column; see `Column`."""
        if key not in self.frame:
            raise UsageError("E-USE-02", _("the table has no column {key!r}.").format(key=key),
                             cure=_("Columns: {columns}.").format(columns=", ".join(map(str, self.frame.columns))))  # fmt: skip
        return replace(self, columns=(*self.columns, Column(key, label, **how)), _cache={})

    def headings(self) -> list[str]:
        """The headings of the columns, with units."""
        return [column.heading for column in self.columns]

    def numbers(self) -> list[list[Decimal | str]]:
        """What is printed, cell by cell: rounded numbers as Decimal, everything else as text; rows that add up are balanced."""
        if "numbers" not in self._cache:
            columns = [self._column(column) for column in self.columns]
            self._cache["numbers"] = [list(row) for row in zip(*columns, strict=True)] if columns else []
        numbers: list[list[Decimal | str]] = self._cache["numbers"]
        return numbers

    def rows(self) -> list[list[str]]:
        """What is printed, as text; thousands are not grouped."""
        return [[f"{cell:f}" if isinstance(cell, Decimal) else cell for cell in row] for row in self.numbers()]

    def _column(self, column: Column) -> list[Decimal | str]:
        values = self.frame[column.key].tolist()
        if column.decimals is None:
            return [_plain(value) for value in values]
        printed = [self._rounded(column, value) for value in values]
        if column.parts:
            self._balance(column, values, printed)
        if column.beside:
            areas = self.frame[column.beside].tolist()
            for i, (value, area) in enumerate(zip(values, areas, strict=True)):
                if isinstance(printed[i], Decimal) and printed[i] == 0 and _known(value) and value > 0:
                    least = Decimal(1).scaleb(-column.decimals)
                    printed[i] = f"<{least:f} ({round_number(area, 2)} m²)"
        return printed

    def _rounded(self, column: Column, value: Any) -> Decimal | str:
        if isinstance(value, str):
            return value
        if not _known(value):
            return "—"
        return round_number(column.scaled(float(value)), column.decimals or 0, half=self.half)

    def _balance(self, column: Column, values: Sequence[Any], printed: list[Decimal | str]) -> None:
        parts = [i for i, flag in enumerate(self.frame[column.parts]) if flag and _known(values[i])]
        totals = [i for i, flag in enumerate(self.frame[column.total]) if flag and _known(values[i])]
        if not parts or len(totals) != 1:
            return
        scaled = [column.scaled(float(values[i])) for i in parts]
        total = column.scaled(float(values[totals[0]]))
        # Parts that are no partition of the total (towns that overlap) are left as they round.
        if abs(sum(scaled) - total) <= 1e-6 * max(abs(total), 1.0):
            for i, number in zip(parts, balance(scaled, column.decimals or 0, total=total), strict=True):
                printed[i] = number

    def to_text(self, width: int | None = None) -> str:
        """The table for a terminal."""
        from io import StringIO

        from rich.console import Console

        # rich measures the columns of Chinese text; an own file keeps it from the real terminal, and from the page of a notebook.
        console = Console(
            file=StringIO(), width=width or 160, force_terminal=False, force_jupyter=False, color_system=None
        )
        console.print(self.__rich__())
        text: str = console.file.getvalue()  # type: ignore[attr-defined]
        return "\n".join(line.rstrip() for line in text.splitlines())

    def __rich__(self) -> Any:
        from rich import box
        from rich.console import Group
        from rich.table import Table as RichTable
        from rich.text import Text

        shown = RichTable(
            title=Text(clean(self.title), style="bold"), box=box.SIMPLE_HEAD, title_justify="left", pad_edge=False
        )
        for column in self.columns:
            shown.add_column(
                Text(clean(column.heading)), justify="left" if column.decimals is None else "right", overflow="fold"
            )
        for row in self.rows():
            shown.add_row(*[Text(clean(cell)) for cell in row])
        # Plain Text: square brackets in names are no markup.
        below = [Text(clean(f"* {note}"), style="dim") for note in self.notes]
        if self.source:
            below.append(Text(clean(_("Source: {source}").format(source=self.source)), style="dim"))
        return Group(shown, *below)

    def as_dict(self) -> dict[str, Any]:
        """For JSON: raw values and what is printed."""
        raw = self.frame.to_dict(orient="records")
        return {
            "title": self.title, "headings": self.headings(), "printed": self.rows(), "notes": list(self.notes),
            "source": self.source,
            "values": [{str(key): _json_value(value) for key, value in row.items()} for row in raw],
        }  # fmt: skip

    def save(self, path: str | Path) -> Path:
        """Write the table; the suffix says how: .xlsx, .json, .csv, .txt."""
        target = Path(path)
        suffix = target.suffix.lower()
        if suffix == ".xlsx":
            from ecospace.report.excel import save_workbook

            return save_workbook([self], target)
        texts = {".json": self._json, ".csv": self._csv, ".txt": self.to_text}
        if suffix not in texts:
            text = _("a table is one file, and the name {name} does not say of which format.").format(name=target.name)
            raise UsageError("E-USE-03", text, cure=_("Name a file: -o {name}.xlsx (or .json, .csv, .txt)").format(
                name=target.stem))  # fmt: skip
        with atomic(target) as temporary:
            temporary.write_text(texts[suffix](), encoding="utf-8-sig" if suffix == ".csv" else "utf-8", newline="\n")
        return target

    def _json(self) -> str:
        return json.dumps(self.as_dict(), ensure_ascii=False, indent=1, sort_keys=True)

    def _csv(self) -> str:
        import csv
        from io import StringIO

        out = StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(self.headings())
        for row in self.numbers():
            writer.writerow([f"{cell:f}" if isinstance(cell, Decimal) else inert(cell) for cell in row])
        return out.getvalue()


def inert(text: str) -> str:
    """Text that no spreadsheet takes for a formula, without control characters (trust.md tE01, tE02).

    >>> inert("=1+1"), inert("a\\x07b")
    ("'=1+1", 'ab')
    """
    plain = clean(text)
    return f"'{plain}" if plain[:1] in ("=", "+", "-", "@", "\t") else plain


def clean(text: str) -> str:
    """Without control characters: they make a workbook unreadable and let an attribute steer a terminal (trust.md tE02).

    >>> clean("a\\x1b[31mb\\ufffe")
    'a[31mb'
    """
    return "".join(sign for sign in text if sign in "\t\n" or not (ord(sign) < 32 or UNWRITABLE.match(sign)))


def _plain(value: Any) -> str:
    if isinstance(value, str):
        return value
    if not _known(value):
        return "—"
    return (
        f"{value:d}"
        if isinstance(value, int)
        else (f"{value:.0f}" if isinstance(value, float) and value == int(value) else str(value))
    )


def _known(value: Any) -> bool:
    return value is not None and value == value  # NaN is not equal to itself


def _json_value(value: Any) -> Any:
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and value != value:
        return None
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)
