"""What was seen while reading and measuring: nothing is dropped or repaired in silence."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

Level = Literal["note", "warning", "error"]


@dataclass(frozen=True)
class Finding:
    """One thing that a reader of the numbers has to know (发现).

    Parameters
    ----------
    code : str
        Stable code: ``F-`` and a subject, e.g. ``F-TEXT-01``; the code of the error where one was avoided.
    level : {"note", "warning", "error"}
        note: recorded; warning: a number may be other than expected; error: the feature or layer is left out.
    text : str
        The fact and what it will mean, in the reader's language.
    cure : str
        What to type or to change.
    layer, file : str
        Where it was seen.
    features : tuple of str
        Ids of the features concerned, at most 100 kept; `count` has the true number.
    count : int
        How many features, values or places.
    area_before_m2, area_after_m2 : float or None
        Square metres before and after a repair, in the file's own CRS.
    """

    code: str
    level: Level
    text: str
    cure: str = ""
    layer: str = ""
    file: str = ""
    features: tuple[str, ...] = ()
    count: int = 1
    area_before_m2: float | None = None
    area_after_m2: float | None = None

    def of(self, *, layer: str = "", file: str = "") -> Finding:
        """The same finding, with the layer and file it belongs to where it had none."""
        return replace(self, layer=self.layer or layer, file=self.file or file)

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON; what is empty is left out."""
        return {key: value for key, value in asdict(self).items() if value not in ("", (), None)}


def once(findings: Iterable[Finding]) -> list[Finding]:
    """Each finding once, in their order: reading, contract and measures look at some things twice."""
    return list({(finding.layer, finding.code, finding.text): finding for finding in findings}.values())
