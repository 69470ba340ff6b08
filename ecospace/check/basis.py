"""The legal basis of the rules, as dated data: ``basis.toml``. A clause that was not read at a source says so."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date
from functools import lru_cache
from importlib.resources import files
from typing import Any

from ecospace.errors import RuleError
from ecospace.language import _, current


@dataclass(frozen=True)
class Clause:
    """One article of a law, regulation or notice (条款).

    Parameters
    ----------
    key : str
        As rules cite it.
    document, short, number, article : str
        Title, title as cited in a sentence, document number or version, article.
    text : str
        What it says; the law's words where `verified`.
    english : str
        What it says, in English, not official.
    in_force, until : date or None
        First and last day known.
    checked : date
        When this entry was last compared.
    verified : bool
        Whether the stored text of the source was read; otherwise a person has to check it before use.
    source : str
        Where it was read.
    """

    key: str
    document: str
    short: str
    number: str
    article: str
    text: str
    english: str
    checked: date
    verified: bool
    in_force: date | None = None
    until: date | None = None
    source: str = ""

    @property
    def citation(self) -> str:
        """Document and article on one line, marked where the text was not verified."""
        number = f"（{self.number}）" if self.number else ""
        mark = "" if self.verified else _("[not verified]")
        return f"{self.document}{number}{self.article}{mark}"

    @property
    def brief(self) -> str:
        """As cited in a sentence.

        >>> clause("water-66").brief
        '《水污染防治法》第六十六条'
        """
        return cited([self.key])

    @property
    def wording(self) -> str:
        """What it says, in the language in force."""
        return self.text if current() == "zh" else self.english

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {name: value.isoformat() if isinstance(value, date) else value for name, value in asdict(self).items()}


@lru_cache(maxsize=1)
def clauses() -> dict[str, Clause]:
    """All clauses by key."""
    table = tomllib.loads(files("ecospace.check").joinpath("basis.toml").read_text(encoding="utf-8"))
    checked = table["checked"]
    documents = table["document"]
    out = {}
    for row in table["clause"]:
        document = documents[row["document"]]
        out[row["key"]] = Clause(
            key=row["key"],
            document=document["title"],
            short=document["short"],
            number=document.get("number", ""),
            article=row["article"],
            text=row["text"],
            english=row["english"],
            checked=row.get("checked", checked),
            verified=row["verified"],
            in_force=document.get("in_force"),
            until=document.get("until"),
            source=row.get("source", document.get("source", "")),
        )
    return out


def clause(key: str) -> Clause:
    """The clause of a key.

    Raises
    ------
    RuleError
        E-RULE-50: a rule without its legal basis is no rule.
    """
    try:
        return clauses()[key]
    except KeyError:
        raise RuleError(
            "E-RULE-50",
            _("the clause {key!r} is not in basis.toml, so the rule that cites it has no legal basis.").format(key=key),
            cure=_("Add the clause, or correct its key."),
        ) from None


def cited(keys: Iterable[str]) -> str:
    """Clauses as cited in a sentence: each document once, with its articles; what was not verified is marked.

    >>> cited(["water-65", "water-66", "general-zone"])
    '《水污染防治法》第六十五条、第六十六条、《关于建立以国家公园为主体的自然保护地体系的指导意见》一般控制区[未核验]'
    """
    by_document: dict[str, list[str]] = {}
    for item in (clause(key) for key in dict.fromkeys(keys)):
        mark = "" if item.verified else _("[not verified]")
        article = f"{item.article}{mark}"
        if article not in by_document.setdefault(item.short, []):
            by_document[item.short].append(article)
    # No semicolon: in the one-sentence answer it parts one finding from the next.
    return "、".join(f"{document}{'、'.join(articles)}" for document, articles in by_document.items())
