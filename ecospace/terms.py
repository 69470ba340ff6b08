"""Domain words: key, Chinese label, English label. Roles of layers and kinds of protected place stand in
``standards/kinds.toml``."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

from ecospace.language import current


@dataclass(frozen=True)
class Kind:
    """What a layer can be, and what kind of place it holds.

    Parameters
    ----------
    key : str
        As in study.toml: ``role = "forest_park"``.
    zh, en : str
        Labels.
    shape : str
        ``"polygon"``, ``"line"``, ``"point"``, ``"raster"``, or several joined by ``or``.
    names : tuple of str
        Layer and file names met in practice, from which `ecospace init` guesses.
    protected : bool
        Whether it is a kind of protected place (受保护地区).
    rank : int
        Which kind takes ground that several claim; lower first.
    """

    key: str
    zh: str
    en: str
    shape: str
    names: tuple[str, ...] = ()
    protected: bool = False
    rank: int = 99

    @property
    def label(self) -> str:
        """The label in the language in force."""
        return self.zh if current() == "zh" else self.en


def standard(name: str) -> dict[str, Any]:
    """A dated data file of the package: ``standard("kinds")``, ``standard("indicators/kaiping-2018")``."""
    text = files("ecospace.standards").joinpath(f"{name}.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


@lru_cache(maxsize=1)
def kinds() -> dict[str, Kind]:
    """All roles and kinds by key."""
    table = standard("kinds")
    return {
        key: Kind(key=key, **{**entry, "names": tuple(entry["names"])})
        for key, entry in table.items()
        if isinstance(entry, dict)
    }


def label(key: str) -> str:
    """The label of a kind in the language in force; a key that is not in the list is its own label.

    >>> label("eco_redline")
    '生态保护红线'
    """
    kind = kinds().get(key)
    return kind.label if kind else key
