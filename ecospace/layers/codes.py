"""Code systems of land classes. The same code means different things in two systems in daily use, so one is always named.

29 codes clash between the third land survey (DLBM) and 用地用海 2023: 0303 is 红树林地 in one, 灌木林地 in the other.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ecospace.errors import DataError
from ecospace.language import _
from ecospace.terms import standard

SHIPPED = ("dlbm", "landuse-2023", "forestry", "clc", "igbp", "binary", "whole-layer")


@dataclass(frozen=True)
class CodeSystem:
    """A list of land classes (分类体系).

    Parameters
    ----------
    key, zh, en : str
        Name in study.toml (``code_system = "dlbm"``) and labels.
    document : str
        Where it stands.
    codes : mapping of str to str
        Code → name.
    letters : str
        Letters that occur in its codes only.
    """

    key: str
    zh: str
    en: str
    document: str
    codes: Mapping[str, str]
    letters: str = ""


@cache
def code_system(key: str, folder: Path | None = None) -> CodeSystem:
    """A code system: one that is shipped, or a code book of the user's.

    Parameters
    ----------
    key : str
        ``"dlbm"`` (三调), ``"landuse-2023"`` (用地用海), ``"forestry"``, ``"clc"``, ``"igbp"``, ``"binary"``,
        ``"whole-layer"`` (every shape counts), or the name of a TOML file with a table ``[codes]``.
    folder : Path, optional
        Where such a file is looked for.

    Raises
    ------
    DataError
        E-DATA-10: no such system.

    Examples
    --------
    >>> code_system("dlbm").codes["0303"], code_system("landuse-2023").codes["0303"]
    ('红树林地', '灌木林地')
    """
    if key.lower() in SHIPPED:
        table = standard(f"codes/{key.lower()}")
    else:
        path = (folder or Path()) / key
        if path.suffix != ".toml" or not path.is_file():
            raise DataError(
                "E-DATA-10",
                _("there is no code system {key!r}, so no class of the layer has a meaning.").format(key=key),
                cure=_("Known: {known}; or the name of a TOML file with a table [codes].").format(
                    known=", ".join(SHIPPED)
                ),
            )
        table = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    return CodeSystem(
        key=key.lower() if key.lower() in SHIPPED else key,
        zh=table.get("zh", key),
        en=table.get("en", key),
        document=table.get("document", ""),
        codes={str(code): str(name) for code, name in table["codes"].items()},
        letters=table.get("letters", ""),
    )


def clashes(one: str = "dlbm", other: str = "landuse-2023") -> dict[str, tuple[str, str]]:
    """Codes that two systems share with different names.

    >>> len(clashes())
    29
    """
    left, right = code_system(one).codes, code_system(other).codes
    return {code: (left[code], right[code]) for code in left if code in right and left[code] != right[code]}


def likely_system(codes: Iterable[object], names: Iterable[object] = ()) -> str:
    """The system that codes, with their names where there are some, can only belong to; empty where either could be.

    A proposal for a message, never a decision: ``code_system`` is always the user's word.

    >>> likely_system(["0303", "0101"], ["灌木林地", "水田"]), likely_system(["1104A"]), likely_system(["0101"])
    ('landuse-2023', 'dlbm', '')
    """
    pairs = list(zip(map(str, codes), map(str, names), strict=False))
    for code, (survey, plan) in clashes().items():
        if (code, plan) in pairs:
            return "landuse-2023"
        if (code, survey) in pairs:
            return "dlbm"
    texts = [str(code) for code in codes] or [code for code, _name in pairs]
    if any(letter in text for text in texts for letter in code_system("dlbm").letters):
        return "dlbm"
    return "landuse-2023" if any(len(text) == 6 and text.isdigit() for text in texts) else ""


def require_code_system(key: str | None, codes: Iterable[object], names: Iterable[object] = (), *, layer: str = "",
                        folder: Path | None = None) -> CodeSystem:  # fmt: skip
    """The named system, refusing to guess one, and every code found in it.

    Raises
    ------
    DataError
        E-DATA-11 without a system, E-DATA-12 where a code is not in it.
    """
    found = [str(code) for code in codes]
    if not key:
        guess = likely_system(found, names)
        raise DataError(
            "E-DATA-11",
            _("the layer does not say its code system; 29 codes mean different land in 三调 and 用地用海 (0303: 红树林地 or "
              "灌木林地), so nothing can be counted."),
            cure=_('Add code_system = "{guess}" to study.toml{hint}.').format(
                guess=guess or "dlbm",
                hint=_(" (the codes and names met fit it)") if guess else _(' or code_system = "landuse-2023"')),
            layer=layer,
        )  # fmt: skip
    system = code_system(key, folder)
    unknown = sorted(set(found) - set(system.codes))
    if unknown:
        raise DataError(
            "E-DATA-12",
            _("{count} codes are not in {system}: {codes}. Their ground would belong to no class.").format(
                count=len(unknown), system=system.zh, codes=", ".join(unknown[:10])
            ),
            cure=_(
                "Correct them, name another code_system, or give a code book of your own (a TOML file with [codes])."
            ),
            layer=layer,
        )
    return system
