"""The legal basis of the rules, as dated data: ``basis.toml``. A clause that was not read at a source says so."""

from __future__ import annotations

import tomllib
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
    document, number, article : str
        Title, document number or version, article.
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
        mark = "" if self.verified else _(" [to be checked]")
        return f"{self.document}{number}{self.article}{mark}"

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
            key=row["key"], document=document["title"], number=document.get("number", ""), article=row["article"],
            text=row["text"], english=row["english"], checked=row.get("checked", checked), verified=row["verified"],
            in_force=document.get("in_force"), until=document.get("until"), source=document.get("source", ""),
        )  # fmt: skip
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
