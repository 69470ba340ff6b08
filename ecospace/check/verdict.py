"""What a site check says: six levels, and one verdict for each rule, also for the rules that are met."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import Enum
from typing import Any

from ecospace.language import _


class Level(Enum):
    """How a rule ends for a site, the worst first (判定). None of them says that a project is lawful."""

    PROHIBITED = "prohibited"
    RESTRICTED = "restricted"
    AVOID = "avoid"
    UNDECIDED = "undecided"
    TOUCHES = "touches"
    CLEAR = "clear"

    @property
    def label(self) -> str:
        """The level in the language in force.

        >>> [level.label for level in Level]
        ['禁止', '限制，须论证', '避让或减缓', '无法判定', '相接', '不涉及']
        """
        return {
            Level.PROHIBITED: _("prohibited"),
            Level.RESTRICTED: _("restricted, needs an opinion"),
            Level.AVOID: _("avoid or mitigate"),
            Level.UNDECIDED: _("cannot be judged"),
            Level.TOUCHES: _("touches"),
            Level.CLEAR: _("not concerned"),
        }[self]

    @property
    def rank(self) -> int:
        """0 for the worst."""
        return _RANKS[self]


_RANKS = {level: rank for rank, level in enumerate(Level)}


@dataclass(frozen=True)
class Verdict:
    """What one rule says about one site (判定).

    Parameters
    ----------
    rule : str
        Key of the rule: the name of its function, or of its row in study.toml.
    level : Level
    subject : str
        The kind of place, with its grade where that decides, e.g. 饮用水水源一级保护区.
    text : str
        Why, in one sentence, in the reader's language.
    area_m2 : float
        Ground of the site concerned, square metres by the study's area method; overlapping features once.
    share : float
        The same as a share of the site, 0 to 1.
    distance_m : float or None
        Distance to the nearest feature in metres; 0 where they meet; None where it is not known.
    places : tuple of str
        Names of the features concerned.
    clauses : tuple of str
        Keys in ``basis.toml``.
    procedure : str
        Papers and steps that the clause asks for.
    labels : tuple of str
        疑似误差, 结果取决于数据精度 …: remarks that never change the level.
    layers : tuple of str
        Keys of the layers it rests on.
    """

    rule: str
    level: Level
    subject: str
    text: str
    area_m2: float = 0.0
    share: float = 0.0
    distance_m: float | None = None
    places: tuple[str, ...] = ()
    clauses: tuple[str, ...] = ()
    procedure: str = ""
    labels: tuple[str, ...] = ()
    layers: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON, every key always there."""
        return {**asdict(self), "level": self.level.value, "level_label": self.level.label}


def worst(levels: Iterable[Level]) -> Level:
    """The worst of some levels; without any, nothing was judged.

    >>> worst([Level.CLEAR, Level.TOUCHES]).value, worst([]).value
    ('touches', 'undecided')
    """
    return min(levels, key=lambda level: level.rank, default=Level.UNDECIDED)
