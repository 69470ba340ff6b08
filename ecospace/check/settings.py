"""The table [check] of study.toml: what the office sets for its checks."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf
from typing import TYPE_CHECKING, Any

from ecospace.check.verdict import Level
from ecospace.errors import StudyError
from ecospace.language import _
from ecospace.terms import kinds

if TYPE_CHECKING:
    from ecospace.study import Study


@dataclass(frozen=True)
class DistanceRow:
    """A distance that an activity has to keep (防护距离): B09–B11.

    Parameters
    ----------
    name : str
    layers : tuple of str
        Roles or keys of layers to keep away from.
    distance_m : float or None
        Metres; None: the nearest distance is printed, nothing is judged.
    activities : tuple of str
        Tags or codes of activities it is for; empty: all that are polluting.
    clause : str
        Key in ``basis.toml``.
    source : str
        Where the distance comes from.
    """

    name: str
    layers: tuple[str, ...]
    distance_m: float | None = None
    activities: tuple[str, ...] = ()
    clause: str = "user-distance"
    source: str = ""


@dataclass(frozen=True)
class ZoneRow:
    """A rule that an office adds as one row of a table (正面清单、负面清单): E07.

    Parameters
    ----------
    name : str
    layer : str
        Key of the layer.
    level : Level
        Verdict for a site that overlaps it.
    text, procedure, basis : str
        What is printed.
    activities : tuple of str
        Tags or codes it is for; empty: all.
    except_activities : tuple of str
        Tags or codes that are not concerned.
    """

    name: str
    layer: str
    level: Level
    text: str = ""
    procedure: str = ""
    basis: str = ""
    activities: tuple[str, ...] = ()
    except_activities: tuple[str, ...] = ()


@dataclass(frozen=True)
class CheckSettings:
    """What study.toml says for checks.

    Parameters
    ----------
    none : tuple of str
        Roles of which the study area has none, as the office verified (经核实没有).
    tolerance_area_m2, tolerance_width_m : float
        Overlaps below both get the label 疑似误差; 0 is off.
    distances : tuple of DistanceRow
    rows : tuple of ZoneRow
    """

    none: tuple[str, ...] = ()
    tolerance_area_m2: float = 0.0
    tolerance_width_m: float = 0.0
    distances: tuple[DistanceRow, ...] = field(default=())
    rows: tuple[ZoneRow, ...] = ()


def check_settings(study: Study) -> CheckSettings:
    """The settings of a study; the defaults where it has none.

    Raises
    ------
    StudyError
        E-STUDY-50: a key or value that is not understood.
    """
    path = study.folder / "study.toml"
    if not path.is_file():
        return CheckSettings()
    table: Mapping[str, Any] = tomllib.loads(path.read_text(encoding="utf-8-sig")).get("check", {})
    try:
        _known(table, {"none", "tolerance", "distance", "rule"})
        tolerance = table.get("tolerance", {})
        _known(tolerance, {"area_m2", "width_m"})
        return CheckSettings(
            none=_roles(table.get("none", [])),
            tolerance_area_m2=_metres(tolerance.get("area_m2", 0.0)),
            tolerance_width_m=_metres(tolerance.get("width_m", 0.0)),
            distances=tuple(_distance_row(row) for row in table.get("distance", ())),
            rows=tuple(_zone_row(row) for row in table.get("rule", ())),
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise StudyError(
            "E-STUDY-50",
            _("[check] in study.toml has something that is not understood: {reason}.").format(reason=error),
            cure=_(
                'Known: none = ["geopark"] (roles), tolerance = {area_m2 = 1.0, width_m = 0.05}, [[check.distance]] with '
                'layers = ["residential"] and distance_m = 500, [[check.rule]] with level = "prohibited", "restricted", '
                '"avoid", "undecided", "touches" or "clear".'
            ),
            file=path,
        ) from error


def _known(table: Mapping[str, Any], keys: set[str]) -> None:
    rest = set(table) - keys
    if rest:
        raise KeyError(", ".join(sorted(rest)))


def _roles(none: Any) -> tuple[str, ...]:
    """Roles of which the area has none; a role that does not exist would pass for verified and be asked for all the same."""
    strange = [] if isinstance(none, list) else [none]
    strange += [role for role in none if role not in kinds()] if isinstance(none, list) else []
    if strange:
        raise ValueError(f"none = {strange}")
    return tuple(none)


def _metres(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < inf:
        raise ValueError(repr(value))
    return float(value)


def _distance_row(row: Mapping[str, Any]) -> DistanceRow:
    made = DistanceRow(**_tuples(row))
    if isinstance(made.layers, str) or isinstance(made.activities, str):
        raise TypeError(f"layers = {made.layers!r}, activities = {made.activities!r}")
    if made.distance_m is not None:
        _metres(made.distance_m)
    return made


def _zone_row(row: Mapping[str, Any]) -> ZoneRow:
    values: dict[str, Any] = _tuples(row)
    made = ZoneRow(**{**values, "level": Level(values["level"])})
    if isinstance(made.activities, str) or isinstance(made.except_activities, str):
        raise TypeError(f"activities = {made.activities!r}, except_activities = {made.except_activities!r}")
    return made


def _tuples(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of a TOML table with tuples for its lists."""
    return {name: tuple(value) if isinstance(value, list) else value for name, value in row.items()}
