"""Definitions (口径) of forest cover: which classes count, and whether the result may be called 森林覆盖率."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from ecospace.errors import DataError
from ecospace.language import _, current
from ecospace.terms import standard


@dataclass(frozen=True)
class CoverDefinition:
    """Which classes count as forest (森林覆盖率口径).

    Parameters
    ----------
    key, zh, en : str
        Name in study.toml and labels.
    code_system : str
        In which the codes are meant.
    codes : tuple of str
        What counts.
    document : str
        Where it stands.
    statutory : bool
        Whether the result may be printed as 森林覆盖率; others are proxies and say so in their label.
    min_canopy : float or None
        Least canopy closure (郁闭度) of the `canopy_codes`, where the layer has a column `canopy`.
    verified : bool
        Whether the text was read at its source.
    """

    key: str
    zh: str
    en: str
    code_system: str
    codes: tuple[str, ...]
    document: str
    statutory: bool = False
    min_canopy: float | None = None
    canopy_codes: tuple[str, ...] = ()
    verified: bool = False

    @property
    def label(self) -> str:
        """The label in the language in force."""
        return self.zh if current() == "zh" else self.en

    def statement(self) -> str:
        """The sentence that is printed under every table that uses it."""
        text = _("Definition: {label}; classes {codes} ({document}).").format(
            label=self.label, codes="、".join(self.codes), document=self.document
        )
        return text if self.verified else text + _(" Not yet verified against its source.")


@lru_cache(maxsize=1)
def cover_definitions() -> dict[str, CoverDefinition]:
    """All shipped definitions of forest cover by key."""
    table = standard("definitions/forest")
    return {
        key: CoverDefinition(
            key=key,
            **{**entry, "codes": tuple(entry["codes"]), "canopy_codes": tuple(entry.get("canopy_codes", ()))},
        )
        for key, entry in table.items()
        if isinstance(entry, dict)
    }


def cover_definition(key: str) -> CoverDefinition:
    """A definition by its key.

    >>> cover_definition("dlbm-narrow").codes[-1]
    '0304'
    """
    try:
        return cover_definitions()[key]
    except KeyError:
        raise DataError(
            "E-DATA-06",
            _("there is no definition {key!r} of forest cover.").format(key=key),
            cure=_("Definitions: {known}.").format(known=", ".join(cover_definitions())),
        ) from None
