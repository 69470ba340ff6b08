"""The type of a figure (字体): found in a declared order, recorded, and never an empty box in place of a character."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from matplotlib import font_manager
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path

from ecospace.findings import Finding
from ecospace.language import _
from ecospace.terms import standard

#: One millimetre in points, the unit of type.
POINTS_PER_MM = 72 / 25.4

#: Stands for a character that no font has, as in Chinese printing (〓, the geta mark).
MISSING_MARK = "〓"

#: What ships with matplotlib: Latin, Greek and Cyrillic only.
LATIN = "DejaVu Sans"


@dataclass(frozen=True)
class Font:
    """The type found on this machine.

    Parameters
    ----------
    families : tuple of str
        In the order used; a character is taken from the first that has it.
    chinese : bool
        Whether Chinese can be written at all.
    bold : bool
        Whether the first family has a bold weight of its own.
    findings : tuple of Finding
        F-FONT-01 where no Chinese font was found.
    """

    families: tuple[str, ...]
    chinese: bool
    bold: bool
    findings: tuple[Finding, ...] = ()

    @property
    def name(self) -> str:
        """The first family: what the metadata of the figure say."""
        return self.families[0]

    def properties(self, size_mm: float, *, bold: bool = False) -> FontProperties:
        """For matplotlib's text, with the body height in millimetres."""
        weight = "bold" if bold and self.bold else "normal"
        return FontProperties(family=list(self.families), weight=weight, size=size_mm * POINTS_PER_MM)

    def size_mm(self, text: str, size_mm: float, *, bold: bool = False) -> tuple[float, float]:
        """Width and height of a line of text in millimetres."""
        # A line takes its whole body, whatever letters stand in it: neighbours must not move with the text.
        return _width(self.families, bold and self.bold, self.writable(text)) * size_mm, size_mm * 1.2

    def missing(self, text: str) -> str:
        """The characters of a text that no family has, each once, in order."""
        known = _characters(self.families)
        return "".join(dict.fromkeys(sign for sign in text if ord(sign) not in known and not sign.isspace()))

    def writable(self, text: str) -> str:
        """The text with a mark in place of each character that would be drawn as an empty box."""
        missing = set(self.missing(text))
        if not missing:
            return text
        mark = MISSING_MARK if self.chinese else "?"
        return "".join(mark if sign in missing else sign for sign in text)


def find_font(families: tuple[str, ...] | None = None) -> Font:
    """The first Chinese font of the declared search order (``standards/fonts.toml``).

    Parameters
    ----------
    families : tuple of str, optional
        Another order; default: ECOSPACE_FONT, then the file's.

    Returns
    -------
    Font
        Without a Chinese font it writes Latin text and numbers, and its findings say what to install.
    """
    declared = standard("fonts")
    wanted = tuple(_asked()) + tuple(declared["families"]) if families is None else families
    found = tuple(name for name in wanted if _draws(name, declared["sample"]))
    if found:
        return Font((*found, LATIN), chinese=True, bold=_has_bold(found[0]))
    packages = ", ".join(f"{system}: {package}" for system, package in declared["packages"].items())
    finding = Finding(
        "F-FONT-01",
        "warning",
        _("No Chinese font was found: the figure is lettered in English, Chinese names are left out, numbers stay."),
        cure=_("Install one ({packages}), or name a font file in the environment variable ECOSPACE_FONT.").format(
            packages=packages
        ),
    )
    return Font((LATIN,), chinese=False, bold=True, findings=(finding,))


def _asked() -> Iterator[str]:
    """The family that ECOSPACE_FONT names, or that stands in the file it names."""
    asked = os.environ.get("ECOSPACE_FONT", "")
    if Path(asked).suffix.lower() in {".ttf", ".otf", ".ttc"} and Path(asked).is_file():
        before = len(font_manager.fontManager.ttflist)
        font_manager.fontManager.addfont(asked)
        yield from dict.fromkeys(entry.name for entry in font_manager.fontManager.ttflist[before:])
    elif asked:
        yield asked


def _entries(family: str) -> list[font_manager.FontEntry]:
    return [entry for entry in font_manager.fontManager.ttflist if entry.name == family and entry.style == "normal"]


def _has_bold(family: str) -> bool:
    return any(
        str(entry.weight) in {"bold", "heavy", "black"} or _number(entry.weight) >= 600 for entry in _entries(family)
    )


def _number(weight: str | int) -> int:
    return weight if isinstance(weight, int) else 400


def _draws(family: str, sample: str) -> bool:
    return bool(_entries(family)) and all(ord(sign) in _characters((family,)) for sign in sample)


@lru_cache(maxsize=65_536)
def _width(families: tuple[str, ...], bold: bool, text: str) -> float:
    """Width of a line in bodies of its type; measured once, as unhinted type grows evenly."""
    if not text:
        return 0.0
    large = FontProperties(family=list(families), weight="bold" if bold else "normal", size=100)
    return float(text_to_path.get_text_width_height_descent(text, large, ismath=False)[0]) / 100


@lru_cache(maxsize=32)
def _characters(families: tuple[str, ...]) -> frozenset[int]:
    """Every character that the families can draw."""
    known: set[int] = set()
    for family in families:
        for entry in _entries(family)[:1]:
            path = font_manager.FontPath(entry.fname, entry.index)
            known |= font_manager.get_font(path).get_charmap().keys()
    return frozenset(known)
