"""Canopy closure (郁闭度) as a forest inventory writes it: 0.74, 74 %, 74; read strictly, one scale for the whole column."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ecospace.errors import DataError
from ecospace.findings import Finding
from ecospace.language import _
from ecospace.layers.topology import ids_of
from ecospace.terms import standard

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

#: Up to here a whole column above 1 may be tenths (7 for 0.7) as well as percent.
TENTHS = 10.0
_NUMBER = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([%％]?)")


@dataclass(frozen=True, eq=False)
class Closures:
    """The canopy closures of a layer (郁闭度).

    Attributes
    ----------
    values : Series of float
        0 to 1, by feature; NaN where there is none that can be read.
    unreadable : Series of bool
        Where something stands that is no closure: a word, a negative number, more than all of the ground.
    scale : {"share", "percent", ""}
        How numbers without a percent sign are meant; empty where they contradict each other, and then none of them is used.
    told : Series of str
        What stands in the column.
    """

    values: pd.Series[Any]
    unreadable: pd.Series[Any]
    scale: str
    told: pd.Series[Any]

    @property
    def missing(self) -> pd.Series[Any]:
        """Where nothing stands."""
        return self.values.isna() & ~self.unreadable

    def findings(self, needed: pd.Series[Any], areas_m2: pd.Series[Any]) -> list[Finding]:
        """What stands in the column that a number needs to know.

        Parameters
        ----------
        needed : Series of bool
            The features whose closure decides whether they are forest.
        areas_m2 : Series of float
            Their areas, square metres.
        """
        if not self.scale:
            error = self.refusal()
            return [Finding(error.code, "error", error.text, cure=error.cure)]
        found = []
        if self.scale == "percent":
            found.append(Finding("F-DATA-43", "warning", _(
                "canopy closure (郁闭度) is read as percent: no number of the column is a share between 0 and 1, e.g. {sample}.")
                .format(sample=self._sample(self.told.index)),
                _("If it is meant otherwise, write shares (0.74) into the column.")))  # fmt: skip
        wrong = _(
            "{count} stands of {hectares:.4f} ha have a canopy closure (郁闭度) that cannot be read, e.g. {sample}."
        )
        empty = _("{count} stands of {hectares:.4f} ha have no canopy closure (郁闭度).")
        for code, where, text in (
            ("F-DATA-44", self.unreadable & needed, wrong),
            ("F-DATA-45", self.missing & needed, empty),
        ):
            names = where.index[where]
            if len(names):
                found.append(Finding(
                    code, "warning",
                    text.format(count=len(names), hectares=float(areas_m2[names].sum()) / 1e4, sample=self._sample(names)),
                    _("Fill it in as a share (0.74) or with its sign (74%)."), features=ids_of(names), count=len(names),
                ))  # fmt: skip
        return found

    def refusal(self) -> DataError:
        """The error for a column whose numbers are of several scales."""
        text = _("canopy closure (郁闭度) has numbers of several scales ({sample}): share, tenths or percent cannot be told apart, "
                 "so nothing can be counted by it.")  # fmt: skip
        numbers = sorted({part[1] for part in map(_NUMBER.fullmatch, self.told.dropna()) if part}, key=float)
        return DataError(
            "E-DATA-16", text.format(sample=", ".join([*numbers[:2], "…", *numbers[-2:]] if len(numbers) > 4 else numbers)),
            cure=_("Write the whole column as shares (0.74) or with a percent sign (74%)."),
        )  # fmt: skip

    def _sample(self, names: pd.Index[Any]) -> str:
        return ", ".join(dict.fromkeys(self.told[names].dropna()[:20].tolist()[:3]))


def canopy_closures(column: pd.Series[Any]) -> Closures:
    """Canopy closures of a column (读取郁闭度).

    Parameters
    ----------
    column : Series
        Numbers or texts, by feature.

    Returns
    -------
    Closures

    Examples
    --------
    >>> canopy_closures(pd.Series(["0.74", "74%", "七成", None])).values.tolist()
    [0.74, 0.74, nan, nan]
    >>> canopy_closures(pd.Series([74, 10, 0])).values.tolist()
    [0.74, 0.1, 0.0]
    >>> canopy_closures(pd.Series([0.74, 74])).scale
    ''
    """
    texts = column.astype("string").str.strip()
    empty = (texts.isna() | (texts == "") | (texts.str.lower() == "nan")).to_numpy(dtype=bool)
    parts = [None if none else _NUMBER.fullmatch(str(text)) for text, none in zip(texts, empty, strict=True)]
    numbers = np.array([np.nan if part is None else float(part[1]) for part in parts])
    signed = np.array([part is not None and bool(part[2]) for part in parts], dtype=bool)
    bare = numbers[~signed & np.isfinite(numbers) & (numbers > 0)]
    scale = _scale(bare)
    values = np.where(signed | (scale == "percent"), numbers / 100, numbers if scale else np.nan)
    values = np.where(values <= 1, values, np.nan)
    unreadable = ~empty & np.isnan(values)
    return Closures(
        pd.Series(values, column.index, dtype=float), pd.Series(unreadable, column.index, dtype=bool), scale, texts
    )


def _scale(bare: np.ndarray[Any, Any]) -> str:
    if not len(bare) or bare.max() <= 1:
        return "share"
    return "percent" if bare.min() > 1 and TENTHS < bare.max() <= 100 else ""


@lru_cache(maxsize=1)
def _deciding() -> frozenset[str]:
    """Classes that are forest only from some canopy closure on, under any shipped definition."""
    entries = [entry for entry in standard("definitions/forest").values() if isinstance(entry, dict)]
    return frozenset(code for entry in entries for code in entry.get("canopy_codes", ()))


def closure_findings(frame: GeoDataFrame) -> list[Finding]:
    """What is wrong with the canopy closures of a layer; nothing where it has no such column (郁闭度检查).

    Parameters
    ----------
    frame : GeoDataFrame
        With `code` and `canopy`, areas in square metres.
    """
    if "canopy" not in frame or "code" not in frame:
        return []
    needed = frame["code"].astype("string").str.strip().isin(_deciding()).fillna(False)
    return canopy_closures(frame["canopy"]).findings(needed.astype(bool), frame.area)
