"""What is to be built: the activities that the rules tell apart, as dated data (``activities.toml``)."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Literal

from ecospace.errors import UsageError
from ecospace.language import _, current


@dataclass(frozen=True)
class Activity:
    """One kind of activity that rules ask for (活动类别).

    Parameters
    ----------
    code : str
        As typed: ``--activity limited-6``.
    zh, en : str
        What it is.
    kind : {"limited", "major", "plain"}
        limited: one of the limited human activities allowed in the red line outside core zones (有限人为活动);
        major: a national major project (国家重大项目); plain: neither.
    tags : tuple of str
        What rules look for: water_supply, livestock, smelting, research, tourism, linear …
    clause : str
        Key in ``basis.toml``.
    verified : bool
        Whether the wording was read at a source.
    """

    code: str
    zh: str
    en: str
    kind: Literal["limited", "major", "plain"]
    tags: tuple[str, ...] = ()
    clause: str = ""
    verified: bool = False

    @property
    def label(self) -> str:
        """The activity in the language in force."""
        return self.zh if current() == "zh" else self.en

    @property
    def said(self) -> str:
        """The label, marked where its wording was not read at a source.

        >>> activity("limited-9").said
        '依法和按国界管理协定开展的边界边境通视道清理及界务工程[未核验]'
        """
        return self.label if self.verified else f"{self.label}{_('[not verified]')}"


@lru_cache(maxsize=1)
def activities() -> dict[str, Activity]:
    """All activities by code."""
    text = files("ecospace.check").joinpath("activities.toml").read_text(encoding="utf-8")
    rows = tomllib.loads(text)["activity"]
    return {row["code"]: Activity(**{**row, "tags": tuple(row.get("tags", ()))}) for row in rows}


def activity(code: str | None) -> Activity | None:
    """The activity of a code; None where none is stated.

    Raises
    ------
    UsageError
        E-USE-51 for a code that is not in the list: a typing mistake must not read as an allowed activity.
    """
    if not code:
        return None
    try:
        return activities()[code.strip()]
    except KeyError:
        raise UsageError(
            "E-USE-51",
            _("the activity {code!r} is not in the list, so no rule can use it.").format(code=code),
            cure=_("Codes: {codes}.").format(codes=", ".join(activities())),
        ) from None
