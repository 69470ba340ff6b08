"""One catalogue, two languages: every text has its Chinese, and the placeholders agree."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from ecospace.language import _, current, speak

ROOT = Path(__file__).resolve().parent.parent
PLACEHOLDER = re.compile(r"(?<!{){([a-z_0-9]+)[^}]*}(?!})")


def catalogue():
    for source in sorted((ROOT / "ecospace/locale/zh_CN").glob("*.po")):
        with source.open("rb") as file:
            yield from ((source.name, message) for message in read_po(file) if message.id)


def test_every_text_of_the_code_has_its_chinese():
    done = subprocess.run([sys.executable, ROOT / "scripts/catalogue"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:]


def test_placeholders_agree():
    for name, message in catalogue():
        assert set(PLACEHOLDER.findall(message.id)) == set(PLACEHOLDER.findall(message.string)), f"{name}: {message.id}"


def test_one_text_has_one_translation():
    seen: dict[str, str] = {}
    for name, message in catalogue():
        assert seen.setdefault(message.id, message.string) == message.string, f"{name}: {message.id}"


def test_imports_point_down():
    done = subprocess.run([sys.executable, ROOT / "scripts/imports"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_language_is_chinese_unless_asked():
    assert current() == "zh"
    assert _("Total") == "合计"
    speak("en")
    assert _("Total") == "Total"
    with pytest.raises(ValueError, match="language"):
        speak("fr")


def test_a_clone_that_was_never_compiled_speaks_chinese_all_the_same():
    from ecospace.language import CATALOGUES, _catalogue, _Sources

    sources = _Sources((CATALOGUES / "zh_CN").glob("*.po"))
    compiled = _catalogue("zh_CN")
    texts = [message.id for _name, message in catalogue()]
    assert len(texts) > 1000
    assert all(sources.gettext(text) == compiled.gettext(text) for text in texts)


def test_texts_inside_f_strings_are_translated_too():
    assert _("Data inspection") == "数据体检"
