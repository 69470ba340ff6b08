"""Which column is which: field names met in practice, held against those of a layer (字段对照)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from ecospace.findings import Finding
from ecospace.language import _
from ecospace.layers.text import match_key
from ecospace.terms import standard

if TYPE_CHECKING:
    from geopandas import GeoDataFrame


@dataclass(frozen=True)
class FieldNames:
    """Names under which a canonical field is met; `automatic`: whether it may be taken without being told."""

    canonical: str
    names: tuple[str, ...]
    roles: tuple[str, ...] = ()
    automatic: bool = True


@lru_cache(maxsize=1)
def field_names() -> tuple[FieldNames, ...]:
    """The table ``standards/fields.toml``."""
    return tuple(
        FieldNames(
            entry.get("canonical", key),
            tuple(entry["names"]),
            tuple(entry.get("roles", ())),
            entry.get("automatic", True),
        )
        for key, entry in standard("fields").items()
        if isinstance(entry, dict)
    )


def column_of(columns: Iterable[str], canonical: str, role: str = "") -> str | None:
    """The column that holds a canonical field in a layer of a role, or None.

    >>> column_of(["BSM", "HXMC", "geometry"], "name", "eco_redline")
    'HXMC'
    >>> column_of(["XZQMC", "XZQDM"], "code", "townships"), column_of(["XZQDM"], "code", "land_use")
    ('XZQDM', None)
    """
    by_key = {match_key(column): column for column in reversed(list(columns))}
    for entry in field_names():
        if entry.canonical != canonical or (entry.roles and role not in entry.roles):
            continue
        for name in entry.names:
            if match_key(name) in by_key:
                return by_key[match_key(name)]
    return None


def recognised(frame: GeoDataFrame, role: str) -> tuple[GeoDataFrame, list[Finding]]:
    """The frame with canonical columns that it lacks and whose names say what they are, and a note of what was taken."""
    columns = [str(column) for column in frame.columns if column != frame.geometry.name]
    taken = {}
    for entry in field_names():
        if not entry.automatic or entry.canonical in columns or entry.canonical in taken:
            continue
        column = column_of(columns, entry.canonical, role)
        if column is not None:
            taken[entry.canonical] = column
    if not taken:
        return frame, []
    listed = ", ".join(f"{canonical} = {column}" for canonical, column in taken.items())
    return frame.assign(**{canonical: frame[column] for canonical, column in taken.items()}), [Finding(
        "F-DATA-21", "note", _("columns taken by their names: {listed}.").format(listed=listed),
        cure=_('If one is wrong, write fields = {{ … }} in study.toml.').format(),
    )]  # fmt: skip
