"""Indicator sets: what a plan prints, what it asks, and what the layers give, in columns of their own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from ecospace.errors import DataError
from ecospace.language import _, current
from ecospace.terms import standard

SETS = ("kaiping-2018", "basic")


@dataclass(frozen=True)
class Indicator:
    """One row of an indicator set (指标).

    Parameters
    ----------
    id, zh, en, unit, attribute : str
        Requirement id, labels, unit, 约束性/参考性/预期性.
    measure : str
        ``"protected"`` or ``"forest"``: what computes it.
    definition : str
        Its definition; for forest the study's own.
    threshold : mapping of str to float
        By terrain: 山区, 丘陵, 平原.
    printed : float or None
        The value that the plan prints; never computed, never changed.
    targets : mapping of str to float
        By year.
    """

    id: str
    zh: str
    en: str
    unit: str
    attribute: str
    measure: str
    definition: str = ""
    threshold: Mapping[str, float] = field(default_factory=dict)
    printed: float | None = None
    targets: Mapping[str, float] = field(default_factory=dict)
    verified: bool = False
    note: str = ""

    @property
    def label(self) -> str:
        """The label in the language in force."""
        return self.zh if current() == "zh" else self.en


@dataclass(frozen=True)
class IndicatorSet:
    """A dated set of indicators with its document (指标体系)."""

    key: str
    zh: str
    en: str
    document: str
    printed_year: int | None
    indicators: tuple[Indicator, ...]

    @property
    def label(self) -> str:
        """The label in the language in force."""
        return self.zh if current() == "zh" else self.en


@dataclass(frozen=True)
class Value:
    """A computed share, or why there is none.

    Parameters
    ----------
    share, share_official : float or None
        0 to 1, by the computed and by the official denominator.
    area_m2 : float or None
        The numerator.
    definition : str
        Label of what was counted.
    statutory : bool
        False for a proxy: it is shown, but not judged against the threshold.
    reason : str
        Why there is no value: no layer, or the error of one.
    most : float or None
        The share if everything that could not be decided counted; None where all is decided.
    """

    share: float | None = None
    share_official: float | None = None
    area_m2: float | None = None
    definition: str = ""
    statutory: bool = True
    reason: str = ""
    most: float | None = None


def indicator_set(key: str) -> IndicatorSet:
    """An indicator set by its key.

    >>> [indicator.printed for indicator in indicator_set("kaiping-2018").indicators]
    [20.44, 43.06, None]
    """
    if key not in SETS:
        raise DataError("E-DATA-15", _("there is no indicator set {key!r}.").format(key=key),
                        cure=_("Sets: {known}.").format(known=", ".join(SETS)))  # fmt: skip
    table = standard(f"indicators/{key}")
    return IndicatorSet(
        key=key, zh=table["zh"], en=table["en"], document=table["document"], printed_year=table.get("printed_year"),
        indicators=tuple(Indicator(**entry) for entry in table["indicator"]),
    )  # fmt: skip


def indicator_table(chosen: IndicatorSet, values: Mapping[str, Value], terrain: str | None) -> pd.DataFrame:
    """The indicator table of a study (指标表).

    Parameters
    ----------
    chosen : IndicatorSet
    values : mapping of str to Value
        By indicator id.
    terrain : str or None
        山区, 丘陵 or 平原; picks the threshold.

    Returns
    -------
    DataFrame
        id, name, unit, attribute, threshold, printed (the plan's own value, points), share, share_most (of a share that is not
        decided), share_official, area_m2, difference (computed − printed, points), status, definition.
    """
    rows: list[dict[str, Any]] = []
    for indicator in chosen.indicators:
        value = values.get(indicator.id, Value(reason=_("no layer")))
        threshold = indicator.threshold.get(terrain or "")
        rows.append({
            "id": indicator.id, "name": indicator.label, "unit": indicator.unit, "attribute": indicator.attribute,
            "threshold": threshold, "printed": indicator.printed, "share": value.share,
            "share_most": value.most,
            "share_official": value.share_official, "area_m2": value.area_m2,
            "difference": None if value.share is None or indicator.printed is None
            else value.share * 100 - indicator.printed,
            "status": _status(value, threshold), "definition": value.definition,
        })  # fmt: skip
    return pd.DataFrame(rows)


def _status(value: Value, threshold: float | None) -> str:
    if value.share is None:
        return _("no data: {reason}").format(reason=value.reason) if value.reason else _("no data")
    if value.most is not None and not (threshold is not None and value.share * 100 >= threshold):
        return _("not decided: {least:.2f}% to {most:.2f}%").format(least=value.share * 100, most=value.most * 100)
    if threshold is None:
        return _("no threshold")
    if not value.statutory:
        return _("proxy, not judged")
    return _("met") if value.share * 100 >= threshold else _("not met")
