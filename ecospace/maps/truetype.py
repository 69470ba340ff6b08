"""Type that every PDF viewer can read: the letters used, as TrueType outlines.

Fonts with PostScript outlines (Noto and Source Han from Linux packages) are embedded by matplotlib in a way that the
PDF standard does not know, and Acrobat refuses (matplotlib #12636, #20870). The few hundred letters of a figure are
turned into a TrueType font of their own first; those of Windows fonts are TrueType already and stay as they are.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from io import BytesIO
from pathlib import Path

import matplotlib
from fontTools.fontBuilder import FontBuilder  # type: ignore[import-untyped]
from fontTools.pens.cu2quPen import Cu2QuPen  # type: ignore[import-untyped]
from fontTools.pens.ttGlyphPen import TTGlyphPen  # type: ignore[import-untyped]
from fontTools.ttLib import TTFont  # type: ignore[import-untyped]
from matplotlib import font_manager
from matplotlib.figure import Figure
from matplotlib.font_manager import FontEntry, weight_dict
from matplotlib.text import Text

from ecospace.files import atomic

#: How far a TrueType outline may be from the original, in parts of the body: 0.0005 of 3 mm is 1.5 micrometres.
TOLERANCE = 0.0005

#: 1970-01-01, in the seconds since 1904 that fonts count.
EPOCH = 2_082_844_800


@contextmanager
def readable_everywhere(figure: Figure) -> Iterator[None]:
    """Letter a figure in TrueType while its PDF is written, and put it back afterwards."""
    texts = [text for text in figure.findobj(Text) if isinstance(text, Text) and text.get_text()]
    before = [(text, text.get_fontproperties()) for text in texts]
    signs: dict[FontEntry, set[str]] = {}
    for text, properties in before:
        for family in properties.get_family():
            if face := _face(family, properties.get_weight()):
                signs.setdefault(face, set()).update(text.get_text())
    names = {face: _truetype_family(face, "".join(sorted(used))) for face, used in signs.items()}
    try:
        for text, properties in before:
            turned = properties.copy()
            faces = [(family, _face(family, properties.get_weight())) for family in properties.get_family()]
            turned.set_family([names[face] if face else family for family, face in faces])
            text.set_fontproperties(turned)
        yield
    finally:
        for text, properties in before:
            text.set_fontproperties(properties)


@lru_cache(maxsize=256)
def _face(family: str, weight: str | int) -> FontEntry | None:
    """The face that a family and weight stand for."""
    wanted = weight_dict.get(weight, weight) if isinstance(weight, str) else weight
    faces = [face for face in font_manager.fontManager.ttflist if face.name == family and face.style == "normal"]
    return min(faces, key=lambda face: (abs(_number(face.weight) - int(wanted)), face.fname), default=None)


def _number(weight: str | int) -> int:
    return int(weight_dict.get(weight, 400)) if isinstance(weight, str) else weight


def _truetype_family(face: FontEntry, signs: str) -> str:
    """The name under which matplotlib finds the letters of a face as TrueType."""
    content = truetype(face.fname, face.index, signs)
    if content is None:
        return face.name
    digest = hashlib.sha256(content).hexdigest()[:16]
    name = f"{face.name} {digest}"
    if not any(known.name == name for known in font_manager.fontManager.ttflist):
        path = Path(matplotlib.get_cachedir()) / "ecospace" / f"{digest}.ttf"
        if not path.is_file():
            with atomic(path) as temporary:
                temporary.write_bytes(content)
        font_manager.fontManager.ttflist.append(FontEntry(fname=str(path), name=name, weight=face.weight))
    return name


@lru_cache(maxsize=8)
def truetype(path: str, index: int, signs: str) -> bytes | None:
    """A TrueType font with some characters of a font with PostScript outlines; None where it has TrueType ones.

    Parameters
    ----------
    path, index : str, int
        The font file, and the face in it.
    signs : str
        The characters needed; those that the font lacks are left out.

    Returns
    -------
    bytes or None
        The same for the same characters.
    """
    with TTFont(path, fontNumber=index, lazy=True, recalcTimestamp=False) as source:
        if "CFF " not in source:
            return None
        unit = source["head"].unitsPerEm
        known = source.getBestCmap()
        codes = {ord(sign): known[ord(sign)] for sign in sorted(set(signs)) if ord(sign) in known}
        order = [".notdef", *dict.fromkeys(codes.values())]
        shapes = source.getGlyphSet()
        glyphs, widths = {}, {}
        for glyph in order:
            pen = TTGlyphPen(None)
            shapes[glyph].draw(Cu2QuPen(pen, TOLERANCE * unit, reverse_direction=True))
            glyphs[glyph] = pen.glyph()
            widths[glyph] = source["hmtx"][glyph][0]
        heights = source["hhea"].ascent, source["hhea"].descent
        name = source["name"].getDebugName(6) or "Font"
        build = FontBuilder(unit, isTTF=True)
        build.setupGlyphOrder(order)
        build.setupCharacterMap(codes)
        build.setupGlyf(glyphs)
        table = build.font["glyf"]
        build.setupHorizontalMetrics({glyph: (widths[glyph], getattr(table[glyph], "xMin", 0)) for glyph in order})
        build.setupHorizontalHeader(ascent=heights[0], descent=heights[1])
        build.setupOS2(
            sTypoAscender=heights[0], sTypoDescender=heights[1], usWinAscent=heights[0], usWinDescent=-heights[1]
        )
        build.setupNameTable({"familyName": name, "styleName": "Regular", "psName": name, "fullName": name})
        build.setupPost(keepGlyphNames=False)
        build.setupHead(unitsPerEm=unit, created=EPOCH, modified=EPOCH)
        build.font.recalcTimestamp = False
        target = BytesIO()
        build.font.save(target)
        return target.getvalue()
