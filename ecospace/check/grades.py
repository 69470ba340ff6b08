"""The grade of a feature inside its layer: core or general zone, water level, unit class; read from its attributes."""

from __future__ import annotations

import re
import tomllib
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from ecospace.language import current

if TYPE_CHECKING:
    from geopandas import GeoDataFrame


@lru_cache(maxsize=1)
def _table() -> dict[str, Any]:
    return tomllib.loads(files("ecospace.check").joinpath("grades.toml").read_text(encoding="utf-8"))


def grade_label(grade: str) -> str:
    """The label of a grade in the language in force; empty for none.

    >>> grade_label("level-1"), grade_label("")
    ('一级保护区', '')
    """
    row = _table()["grade"].get(grade)
    return "" if row is None else str(row["zh" if current() == "zh" else "en"])


def grades_of(frame: GeoDataFrame, role: str) -> list[str]:
    """The grade of each feature of a layer: a key of ``grades.toml``, empty where no attribute tells.

    Parameters
    ----------
    frame : GeoDataFrame
        With the columns that planners use: level, kind, zone, 功能分区, 级别 …, name, code.
    role : str
        Role of the layer, as in study.toml.

    Notes
    -----
    Columns are asked in the order of the file; the first that tells counts, so that a name like 一级水源村 does not
    overrule a level column.
    """
    table = _table()
    patterns = [(grade, re.compile(row["match"])) for grade, row in table["grade"].items() if role in row["roles"]]
    grades = [""] * len(frame)
    if not patterns:
        return grades
    for column in [name for name in table["columns"] if name in frame.columns]:
        for i, value in enumerate(frame[column]):
            if not grades[i] and value is not None and value == value:
                grades[i] = next((grade for grade, pattern in patterns if pattern.search(str(value).strip())), "")
    return grades
