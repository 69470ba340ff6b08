"""The table [check] of study.toml: what the office sets for its checks."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ecospace.check.verdict import Level
from ecospace.errors import StudyError
from ecospace.language import _

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
        tolerance = table.get("tolerance", {})
        rest = set(table) - {"none", "tolerance", "distance", "rule"}
        if rest:
            raise KeyError(", ".join(sorted(rest)))
        return CheckSettings(
            none=tuple(table.get("none", ())),
            tolerance_area_m2=float(tolerance.get("area_m2", 0.0)),
            tolerance_width_m=float(tolerance.get("width_m", 0.0)),
            distances=tuple(DistanceRow(**_tuples(row)) for row in table.get("distance", ())),
            rows=tuple(_zone_row(row) for row in table.get("rule", ())),
        )  # fmt: skip
    except (KeyError, TypeError, ValueError) as error:
        raise StudyError(
            "E-STUDY-50",
            _("[check] in study.toml has something that is not understood: {reason}.").format(reason=error),
            cure=_("Known: none = […], tolerance = {area_m2, width_m}, [[check.distance]], [[check.rule]]."),
            file=path,
        ) from error


def _zone_row(row: Mapping[str, Any]) -> ZoneRow:
    values: dict[str, Any] = _tuples(row)
    return ZoneRow(**{**values, "level": Level(values["level"])})


def _tuples(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of a TOML table with tuples for its lists."""
    return {name: tuple(value) if isinstance(value, list) else value for name, value in row.items()}
