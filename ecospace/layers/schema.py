"""The exact form in which a layer is delivered: fields, types, widths, decimals, aliases (汇交数据结构)."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

import pandas as pd

from ecospace.errors import DataError, UsageError
from ecospace.findings import Finding
from ecospace.language import _
from ecospace.units import round_number

FOLDER = Path(__file__).parent.parent / "standards" / "delivery"
TYPES = ("text", "integer", "number", "date")
GEOMETRIES = {"point": 0, "line": 1, "polygon": 2}


@dataclass(frozen=True)
class Field:
    """One field of a delivered layer (字段).

    Parameters
    ----------
    name, alias : str
        字段代码 and 字段名称.
    type : {"text", "integer", "number", "date"}
    width : int
        Characters of a text, digits of a number with sign and point.
    precision : int
        Decimals of a number.
    required : bool
        Whether every feature must have a value (M).
    pattern : str
        Regular expression of a text.
    codes : tuple of str
        The values allowed, if there is a list.
    above, least : float or None
        A number must be greater than `above`, not less than `least`.
    verified : bool
        Whether the field was compared with the text of its standard.
    """

    name: str
    alias: str = ""
    type: str = "text"
    width: int = 0
    precision: int = 0
    required: bool = False
    pattern: str = ""
    codes: tuple[str, ...] = ()
    above: float | None = None
    least: float | None = None
    verified: bool = False


@dataclass(frozen=True)
class Schema:
    """The form of one delivered layer (图层结构)."""

    name: str
    title: str
    geometry: str
    key: str
    fields: tuple[Field, ...]
    source: str = ""
    verified: bool = False


@dataclass
class Filled:
    """The values of a layer in the form of its schema, and what was done to them."""

    values: dict[str, list[Any]] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)


@lru_cache(maxsize=32)
def read_schema(name: str | Path) -> Schema:
    """The schema of a name (DLTB, STBHHX) or of a TOML file of one's own.

    Raises
    ------
    UsageError
        E-USE-40: there is none, or it is not well-formed.

    >>> schema = read_schema("DLTB")
    >>> schema.title, [(f.alias, f.type, f.width, f.precision) for f in schema.fields if f.name == "TBMJ"]
    ('地类图斑', [('图斑面积', 'number', 15, 2)])
    """
    path = Path(name) if Path(name).suffix == ".toml" else FOLDER / f"{name}.toml"
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        fields = tuple(Field(**{**entry, "codes": tuple(entry.get("codes", ()))}) for entry in table["field"])
        schema = Schema(
            **table["layer"], fields=fields, source=table.get("source", ""), verified=table.get("verified", False)
        )
        names = [entry.name for entry in fields]
        sound = len(set(names)) == len(names) and schema.key in names and schema.geometry in GEOMETRIES
        sound = sound and all(entry.type in TYPES and entry.width >= 0 for entry in fields)
        reason = "" if sound else _("a name twice, no key, or an unknown type")
    except (OSError, KeyError, TypeError, ValueError) as error:
        # What the parser says is English and names folders of this machine.
        reason = (
            _("there is no such schema") if isinstance(error, OSError) else _("a key is missing or no TOML is written")
        )
    if reason:
        raise UsageError(
            "E-USE-40",
            _("the schema {name} cannot be read: {reason}.").format(name=path.name, reason=reason),
            cure=_("Schemas that come with ecospace: {names}; or give a .toml file.").format(
                names=", ".join(sorted(item.stem for item in FOLDER.glob("*.toml")))
            ),
            file=path,
        )
    return schema


def filled(frame: pd.DataFrame, schema: Schema, columns: dict[str, str], *, width_bytes: str = "") -> Filled:
    """The values of a layer, checked against its schema and rounded to its decimals.

    Parameters
    ----------
    frame : DataFrame
        One row per feature, indexed by id.
    schema : Schema
    columns : dict of str to str
        Field → column of the frame, where the names differ.
    width_bytes : str
        The encoding in which widths count as bytes (Shapefile); characters where empty.

    Raises
    ------
    DataError
        E-DATA-93: a required field is missing or empty; E-DATA-94: a value does not fit its width; E-DATA-95: a value
        of another type; E-DATA-96: a value not allowed; E-DATA-97: the key is not unique.
    """
    out = Filled()
    needed = [entry for entry in schema.fields if entry.name in columns or entry.required]
    lacking = [entry for entry in needed if columns.get(entry.name, entry.name) not in frame.columns]
    if lacking:
        raise DataError(
            "E-DATA-93",
            _("the layer has no columns for {count} fields of {layer}: {names}.").format(
                count=len(lacking), layer=schema.name, names=", ".join(f"{one.name} {one.alias}" for one in lacking)),
            cure=_("Say which columns they are: {options}. Columns: {columns}.").format(
                options=" ".join(f"--field {one.name}=…" for one in lacking), columns=", ".join(map(str, frame.columns))),
            layer=schema.name,
        )  # fmt: skip
    for entry in schema.fields:
        column = columns.get(entry.name, entry.name)
        if column not in frame.columns:
            out.values[entry.name] = [None] * len(frame)
            continue
        out.values[entry.name] = _column(frame[column], schema, entry, width_bytes, out)
    empty = [entry.name for entry in schema.fields if columns.get(entry.name, entry.name) not in frame.columns]
    if empty:
        text = _("{count} fields of {layer} stay empty, the layer has no such columns: {names}.")
        text = text.format(count=len(empty), layer=schema.name, names=", ".join(empty))
        out.findings.append(Finding("F-DEL-02", "warning", text, count=len(empty)))
    used = {columns.get(entry.name, entry.name) for entry in schema.fields}
    extra = [str(column) for column in frame.columns if column not in used]
    if extra:
        text = _("{count} columns are not in the schema of {layer} and were left out: {names}.")
        text = text.format(count=len(extra), layer=schema.name, names=", ".join(extra[:20]))
        out.findings.append(Finding("F-DEL-03", "note", text, count=len(extra)))
    keys = pd.Series(out.values[schema.key], index=frame.index)
    twice = keys[keys.duplicated(keep=False)]
    if len(twice):
        entry = next(entry for entry in schema.fields if entry.name == schema.key)
        raise _error(
            "E-DATA-97", schema, entry, _("{count} features share a key.").format(count=len(twice)), twice.index
        )
    return out


def _column(values: pd.Series[Any], schema: Schema, entry: Field, width_bytes: str, out: Filled) -> list[Any]:
    result: list[Any] = []
    wrong: dict[str, list[Any]] = {}
    rounded = 0
    for index, value in values.items():
        missing = value is None or value is pd.NaT or value is pd.NA or value != value or value == ""
        if missing:
            if entry.required:
                wrong.setdefault("E-DATA-93", []).append(index)
            result.append(None)
            continue
        try:
            plain = _typed(value, entry)
        except (ValueError, ArithmeticError, TypeError):
            wrong.setdefault("E-DATA-95", []).append(index)
            continue
        rounded += entry.type == "number" and abs(plain - float(value)) > 1e-9
        if not _fits(plain, entry, width_bytes):
            wrong.setdefault("E-DATA-94", []).append(index)
        if not _allowed(plain, entry):
            wrong.setdefault("E-DATA-96", []).append(index)
        result.append(plain)
    texts = {
        "E-DATA-93": _("{count} features have no value."),
        "E-DATA-94": _("{count} values do not fit the width {width}."),
        "E-DATA-95": _("{count} values are not of the type {type}."),
        "E-DATA-96": _("{count} values are not allowed there."),
    }
    for code, ids in wrong.items():
        raise _error(code, schema, entry, texts[code].format(count=len(ids), width=entry.width, type=entry.type), ids)
    if rounded:
        text = _("{layer}.{field}: {count} numbers were rounded to {precision} decimals (GB/T 8170).")
        text = text.format(layer=schema.name, field=entry.name, count=rounded, precision=entry.precision)
        out.findings.append(Finding("F-DEL-04", "note", text, count=rounded))
    return result


def _typed(value: Any, entry: Field) -> Any:
    """A value in the type of its field; ValueError where it is none."""
    if entry.type == "text":
        # A code that came as a number has lost its leading zeros: it is no text.
        if not isinstance(value, str):
            raise ValueError(value)
        return value
    if entry.type == "date":
        return pd.Timestamp(value).date()
    if isinstance(value, (bool, str)):
        raise ValueError(value)
    if entry.type == "integer":
        if int(value) != value:
            raise ValueError(value)
        return int(value)
    return float(round_number(Decimal(str(float(value))), entry.precision))


def _fits(value: Any, entry: Field, width_bytes: str) -> bool:
    if not entry.width or entry.type == "date":
        return True
    if entry.type == "text":
        try:
            return len(value.encode(width_bytes) if width_bytes else value) <= entry.width
        except UnicodeEncodeError:
            return False
    return len(f"{value:.{entry.precision}f}" if entry.type == "number" else str(value)) <= entry.width


def _allowed(value: Any, entry: Field) -> bool:
    if entry.type == "text":
        listed = not entry.codes or value in entry.codes
        return listed and (not entry.pattern or re.fullmatch(entry.pattern, value) is not None)
    if entry.type == "date":
        return True
    return (entry.above is None or value > entry.above) and (entry.least is None or value >= entry.least)


def _error(code: str, schema: Schema, entry: Field, text: str, features: Any = ()) -> DataError:
    return DataError(
        code,
        f"{schema.name}.{entry.name} {entry.alias}: {text}",
        cure=_("Correct the values, or say which column it is: --field {field}=…").format(field=entry.name),
        layer=schema.name,
        features=list(features),
    )
