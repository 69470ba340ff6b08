"""Definitions (口径): what counts. Chosen by name, printed in the table, kept in dated data files."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from ecospace.errors import DataError
from ecospace.language import _, current
from ecospace.terms import standard


@dataclass(frozen=True)
class Definition:
    """Which kinds of place count as protected (受保护地区口径).

    Parameters
    ----------
    key, zh, en : str
        Name in study.toml and labels.
    kinds : tuple of str
        Keys of ``standards/kinds.toml``.
    document : str
        Where it stands.
    verified : bool
        Whether the text was read at its source; printed where it was not.
    not_counted_status : tuple of str
        Values of `status` whose places do not count unless asked for.
    note : str
        A remark on the source.
    """

    key: str
    zh: str
    en: str
    kinds: tuple[str, ...]
    document: str
    verified: bool
    not_counted_status: tuple[str, ...] = ()
    note: str = ""

    @property
    def label(self) -> str:
        """The label in the language in force."""
        return self.zh if current() == "zh" else self.en

    def statement(self) -> str:
        """The sentence that is printed under every table that uses it."""
        text = _("Definition: {label} ({document}).").format(label=self.label, document=self.document)
        return text if self.verified else text + _(" Not yet verified against its source.")


@lru_cache(maxsize=1)
def definitions() -> dict[str, Definition]:
    """All definitions of protected land by key."""
    table = standard("definitions/protected")
    status = tuple(table["not_counted_status"])
    return {
        key: Definition(key=key, not_counted_status=status, **{**entry, "kinds": tuple(entry["kinds"])})
        for key, entry in table.items()
        if isinstance(entry, dict)
    }


def definition(key: str) -> Definition:
    """A definition by its key.

    >>> definition("parks-only").kinds
    ('forest_park',)
    """
    try:
        return definitions()[key]
    except KeyError:
        raise DataError(
            "E-DATA-05",
            _("there is no definition {key!r} of protected land.").format(key=key),
            cure=_("Definitions: {known}.").format(known=", ".join(definitions())),
        ) from None
