"""The language a reader sees: Chinese by default, English on request; one gettext catalogue for both.

Message ids in the code are English; the Chinese texts stand in ``locale/zh_CN/*.po`` and are compiled into one
``ecospace.mo`` when the package is built (``hatch_build.py``).
"""

from __future__ import annotations

import gettext
import json
import os
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

LOCALES = {"zh": "zh_CN", "en": "en"}
CATALOGUES = Path(__file__).parent / "locale"


def current() -> str:
    """The language in force, ``"zh"`` or ``"en"``: the environment variable ECOSPACE_LANG, else Chinese."""
    return "en" if os.environ.get("ECOSPACE_LANG", "").lower().startswith("en") else "zh"


def speak(language: str) -> None:
    """Use a language from here on, in this process and in those it starts.

    Parameters
    ----------
    language : str
        ``"zh"`` (中文) or ``"en"``.
    """
    if language not in LOCALES:
        raise ValueError(f"language must be one of {', '.join(LOCALES)}, not {language!r}")
    os.environ["ECOSPACE_LANG"] = language


@cache
def _catalogue(locale: str) -> gettext.NullTranslations:
    try:
        return gettext.translation("ecospace", CATALOGUES, [locale])
    except FileNotFoundError:
        # A clone whose catalogues were never compiled speaks from their sources; English has none.
        return _Sources((CATALOGUES / locale).glob("*.po"))


class _Sources(gettext.NullTranslations):
    """The texts of .po files as they stand, without a compiler."""

    def __init__(self, files: Iterable[Path]) -> None:
        super().__init__()
        self._texts = {
            _unquoted(entry[1]): _unquoted(entry[2])
            for file in files for entry in _ENTRY.finditer(file.read_text(encoding="utf-8"))
            if _unquoted(entry[2])
        }  # fmt: skip

    def gettext(self, message: str) -> str:
        return self._texts.get(message, message)


_QUOTED = r'((?:"(?:[^"\\\n]|\\.)*"\s*)+)'
_ENTRY = re.compile(rf"^msgid {_QUOTED}msgstr {_QUOTED}", re.MULTILINE)


def _unquoted(lines: str) -> str:
    return "".join(json.loads(line) for line in re.findall(r'"(?:[^"\\\n]|\\.)*"', lines))


def _(text: str) -> str:
    """The text in the language in force."""
    return _catalogue(LOCALES[current()]).gettext(text)
