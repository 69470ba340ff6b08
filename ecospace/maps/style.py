"""How each kind of layer and each class is drawn (图式): dated data in ``standards/styles``, the same for both maps.

A style has a colour *and* a hatch, so that a sheet still reads in grey-scale print and for colour-blind readers.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from ecospace.errors import MapError
from ecospace.language import _, current

#: The hatches both maps can draw: none, two slants, upright, level, cross, slanted cross, dots.
HATCHES = ("", "/", "\\", "|", "-", "+", "x", ".")

#: The marks for points.
MARKERS = ("circle", "square", "triangle", "diamond", "cross")


@dataclass(frozen=True)
class Style:
    """How one kind or class is drawn.

    Parameters
    ----------
    key : str
        Kind (``eco_redline``), level (``water_source_1``) or class code (``0301``).
    title_zh, title_en : str
        What the legend says.
    fill : str
        ``#RRGGBB``, or empty: only the outline is drawn.
    fill_opacity : float
        0 to 1.
    line : str
        ``#RRGGBB``, or empty: no outline.
    line_width_mm : float
        Millimetres on paper.
    line_dash : tuple of float
        Millimetres on and off; empty for a solid line.
    hatch : str
        One of `HATCHES`, drawn in the colour of the line.
    source : str
        Where colour and hatch come from.
    verified : bool
        Whether they were checked against that source.
    marker : str
        One of `MARKERS`, for points.
    marker_mm : float
        Size of the marker in millimetres.
    """

    key: str
    title_zh: str
    title_en: str
    fill: str = ""
    fill_opacity: float = 1.0
    line: str = ""
    line_width_mm: float = 0.2
    line_dash: tuple[float, ...] = ()
    hatch: str = ""
    source: str = ""
    verified: bool = False
    marker: str = "circle"
    marker_mm: float = 1.8

    @property
    def title(self) -> str:
        """The legend text in the language in force."""
        return self.title_en if current() == "en" else self.title_zh

    @property
    def filled(self) -> bool:
        """Whether ground inside the outline is painted."""
        return bool(self.fill) and self.fill_opacity > 0


@dataclass(frozen=True)
class Styles:
    """One or more style files, looked up by key or by (system, code).

    `nested` names the systems whose levels hold each other.
    """

    by_key: Mapping[str, Style]
    by_code: Mapping[tuple[str, str], Style]
    fallbacks: Mapping[str, str]
    palette: tuple[Style, ...]
    nested: frozenset[str] = frozenset()

    def find(self, key: str, system: str | None = None) -> Style | None:
        """The style of a key, or of a class code in a system; None where there is none."""
        if system is None:
            return self.by_key.get(key)
        for code in _spellings(key, self.fallbacks.get(system, "")):
            if style := self.by_code.get((system, code)):
                return replace(style, key=key) if code != key and self.fallbacks.get(system) else style
        return None


def _spellings(code: str, fallback: str) -> Iterable[str]:
    """A code and the shorter codes that may stand for it."""
    yield code
    if fallback == "adjustable" and code.endswith("K"):
        yield code[:-1]
    if fallback == "parent":
        yield from (code[:length] for length in range(len(code) - 2, 1, -2))


def read_styles(*paths: Path) -> Styles:
    """The styles of the package, with an office's own files laid over them.

    Parameters
    ----------
    *paths : Path
        Style files (.toml) in the manner of ``ecospace/standards/styles``; a later file wins.

    Raises
    ------
    MapError
        E-MAP-21 where a file has an unknown word, colour, hatch or marker.
    """
    return _read(tuple(str(path) for path in paths))


@lru_cache(maxsize=8)
def _read(paths: tuple[str, ...]) -> Styles:
    own = sorted((entry for entry in (files("ecospace") / "standards" / "styles").iterdir()), key=lambda f: f.name)
    texts = [(entry.name, entry.read_text("utf-8")) for entry in own if entry.name.endswith(".toml")]
    texts += [(path, Path(path).read_text("utf-8")) for path in paths]
    by_key: dict[str, Style] = {}
    by_code: dict[tuple[str, str], Style] = {}
    fallbacks: dict[str, str] = {}
    palette: list[Style] = []
    nested: set[str] = set()
    for name, text in texts:
        content = tomllib.loads(text)
        common = {word: value for word, value in content.items() if not isinstance(value, dict)}
        nested |= set(common.pop("nested", ()))
        if "fallback" in common:
            fallbacks[common["system"]] = common["fallback"]
        for key, entry in content.items():
            if not isinstance(entry, dict):
                continue
            both = common | entry
            style, system = _style(name, key, both), both.get("system")
            if system == "generic":
                palette.append(style)
                continue
            if system not in fallbacks:
                by_key[key] = style
            if system:
                by_code |= {(system, code): style for code in (key, *both.get("also", ()))}
        if common.get("system") == "generic":
            first = [style for style in palette if not style.hatch]
            palette = [replace(style, hatch=hatch) for hatch in common["hatches"] for style in first]
    return Styles(by_key, by_code, fallbacks, tuple(palette), frozenset(nested))


#: Words of a style file that are not fields of a style.
_OTHER_WORDS = {"also", "system", "fallback", "checked", "hatches"}


def _style(file: str, key: str, words: Mapping[str, Any]) -> Style:
    known = {field.name for field in fields(Style)} - {"key"}
    given = {word: value for word, value in words.items() if word in known}
    wrong = sorted(set(words) - known - _OTHER_WORDS)
    wrong += [f"{word} = {given[word]!r}" for word in ("fill", "line") if not _is_colour(given.get(word, ""))]
    wrong += [f"hatch = {given['hatch']!r}"] if given.get("hatch", "") not in HATCHES else []
    wrong += [f"marker = {given['marker']!r}"] if given.get("marker", "circle") not in MARKERS else []
    if wrong:
        text = _("Style '{key}' has words that no map can draw: {words}.").format(key=key, words=", ".join(wrong))
        cure = _("Colours are '#RRGGBB', hatches one of {hatches}, markers one of {markers}.").format(
            hatches=" ".join(HATCHES[1:]), markers=" ".join(MARKERS)
        )
        raise MapError("E-MAP-21", text, cure=cure, file=file)
    given["line_dash"] = tuple(float(length) for length in given.get("line_dash", ()))
    given.setdefault("line", _darker(given["fill"]) if given.get("fill") else "")
    return Style(key, given.pop("title_zh", key), given.pop("title_en", key), **given)


def _is_colour(text: str) -> bool:
    return text == "" or re.fullmatch(r"#[0-9A-Fa-f]{6}", text) is not None


def _darker(colour: str) -> str:
    return "#" + "".join(f"{int(colour[i : i + 2], 16) * 55 // 100:02X}" for i in (1, 3, 5))


def style_of(key: str | Style, system: str | None = None, *, styles: Styles | None = None) -> Style:
    """The style of a kind, or of a class code in a code system.

    Parameters
    ----------
    key : str or Style
        ``"eco_redline"``, ``"water_source_1"``, or with `system` a class code or what planners write for it
        (``"0301"``, ``"一级"``). A Style is returned as it is.
    system : str, optional
        ``"dlbm"`` (三调), ``"landuse-2023"`` (用地用海 2023), ``"water_source"``, ``"protected_zone"``, ``"control_unit"``,
        ``"change"``, ``"verdict"``.
    styles : Styles, optional
        From `read_styles`; the package's own by default.

    Raises
    ------
    MapError
        E-MAP-20: nothing is drawn in a guessed style.

    Examples
    --------
    >>> style_of("eco_redline").hatch
    '/'
    >>> style_of("0301K", "dlbm").title_zh, style_of("0301", "landuse-2023").title_zh
    ('乔木林地', '林地')
    >>> style_of("一级", "water_source").key
    'water_source_1'
    """
    if isinstance(key, Style):
        return key
    found = (styles or read_styles()).find(str(key), system)
    if found is None:
        text = _("There is no style for '{key}'.") if system is None else _("'{system}' has no style for '{key}'.")
        cure = _("Name a style that exists, pass a Style, or give a style file of your own.")
        raise MapError("E-MAP-20", text.format(key=key, system=system), cure=cure)
    return found


def styles_of(codes: Iterable[object], system: str | None = None, *, styles: Styles | None = None) -> dict[str, Style]:
    """A style for each class: the standard's where it has one, else the next of the generic palette (Okabe–Ito).

    Parameters
    ----------
    codes : iterable
        Class codes; each is taken once, so that the same classes always look the same.
    system : str, optional
        As in `style_of`; None: every class is generic unless its name is the key of a style.

    Returns
    -------
    dict of str to Style
        In the order of the style file, strictest level first (一级, 二级, 准; 核心, 一般), then by code. Where levels are
        nested, draw them the other way round, so that no milder level covers a stricter one.
    """
    chosen = styles or read_styles()
    ranks = {style.key: rank for rank, ((own, _code), style) in enumerate(chosen.by_code.items()) if own == system}
    drawn: list[tuple[int, str, Style]] = []
    used = 0
    for code in sorted({str(code) for code in codes}):
        style = chosen.find(code, system)
        if style is None:
            style = replace(chosen.palette[used % len(chosen.palette)], key=code, title_zh=code, title_en=code)
            used += 1
        drawn.append((ranks.get(style.key, len(chosen.by_code)), code, style))
    return {code: style for _rank, code, style in sorted(drawn, key=lambda entry: entry[:2])}
