"""PostScript type turned into TrueType for the PDF: the same letters, the same widths."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO

import pytest
from fontTools.pens.areaPen import AreaPen
from fontTools.ttLib import TTFont
from matplotlib import font_manager
from matplotlib.figure import Figure

from ecospace.maps.fonts import find_font
from ecospace.maps.truetype import readable_everywhere, truetype

SIGNS = "生态保护红线1:150 000（㎡）"


@pytest.fixture
def original() -> Iterator[TTFont]:
    path = font_manager.findfont(find_font().properties(4))
    with TTFont(path, fontNumber=path.face_index, lazy=True) as font:
        if "CFF " not in font:
            pytest.skip("the font of this machine is TrueType already")
        yield font


def test_letters_keep_their_width_and_shape(original: TTFont) -> None:
    path = font_manager.findfont(find_font().properties(4))
    turned = TTFont(BytesIO(truetype(str(path), path.face_index, SIGNS) or b""))
    assert "glyf" in turned
    for sign in SIGNS:
        old, new = original.getBestCmap()[ord(sign)], turned.getBestCmap()[ord(sign)]
        assert turned["hmtx"][new][0] == original["hmtx"][old][0]
        areas = []
        for font, glyph in ((original, old), (turned, new)):
            pen = AreaPen(font.getGlyphSet())
            font.getGlyphSet()[glyph].draw(pen)
            areas.append(abs(pen.value))
        assert areas[1] == pytest.approx(areas[0], rel=5e-3, abs=50)


def test_the_same_letters_give_the_same_font() -> None:
    path = font_manager.findfont(find_font().properties(4))
    one = truetype(str(path), path.face_index, SIGNS)
    truetype.cache_clear()
    assert truetype(str(path), path.face_index, SIGNS[::-1]) == one


def test_the_figure_keeps_its_own_font() -> None:
    figure = Figure()
    text = figure.text(0.5, 0.5, "红线", fontproperties=find_font().properties(4, bold=True))
    with readable_everywhere(figure):
        pass
    assert text.get_fontproperties().get_family()[0] == find_font().name
    assert text.get_fontproperties().get_weight() in ("bold", "normal")


def test_latin_type_of_matplotlib_is_truetype_already() -> None:
    assert truetype(font_manager.findfont("DejaVu Sans"), 0, "abc") is None
