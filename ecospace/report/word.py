"""Word documents as offices file them: own styles, Chinese and Latin faces, grid tables, captions, page numbers.

Described first (`WordDocument` and its steps), written at the end by `save`. Text from files and attributes is text: no field, no
link, no markup can come out of it, and signs that XML forbids are left out and counted.
"""

from __future__ import annotations

import datetime
import re
import zipfile
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any, Literal
from unicodedata import east_asian_width

from docx import Document
from docx.enum.section import WD_ORIENT
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.table import WD_ROW_HEIGHT_RULE, WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_BREAK, WD_LINE_SPACING
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor

from ecospace.files import atomic
from ecospace.language import _, current

Align = Literal["left", "right", "center"]
ALIGNMENTS = {
    "left": WD_ALIGN_PARAGRAPH.LEFT,
    "right": WD_ALIGN_PARAGRAPH.RIGHT,
    "center": WD_ALIGN_PARAGRAPH.CENTER,
}

#: Faces that every Chinese Windows and WPS has (GB/T 9704: 仿宋 for text, 黑体 for headings), and their Latin companions.
TEXT_FACE, HEADING_FACE, TABLE_FACE = "仿宋", "黑体", "宋体"
LATIN_TEXT, LATIN_HEADING = "Times New Roman", "Arial"
#: Margins of official documents: top, right, bottom, left, millimetres.
MARGINS_MM = (30.0, 25.0, 25.0, 27.0)
#: The same for pages across, which hold a figure each.
MARGINS_ACROSS_MM = (20.0, 22.0, 20.0, 22.0)
#: Rows of a table that is never broken over two pages.
SHORT = 9
PAGE_MM = (210.0, 297.0)
GREY, RULE = "F2F2F2", "808080"

#: Characters that XML 1.0 does not allow, lone halves of pairs among them.
FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
#: Signs that turn the direction of text: a name could make a table read other than it is.
TURNING = re.compile("[\u202a-\u202e\u2066-\u2069\u200e\u200f]")


class WordDocument:
    """A document in the making (Word 文档).

    Parameters
    ----------
    title : str
        Printed on the first page and kept in the properties of the file.
    footer : str
        Small print beside the page number, e.g. 示例数据，非法定.
    date : date, optional
        Kept in the properties; a fixed day otherwise, so that the same content gives the same bytes.

    Examples
    --------
    >>> document = WordDocument("核查报告")
    >>> document.heading("一、结论").text("经核查，……")  # doctest: +ELLIPSIS
    <ecospace.report.word.WordDocument object at ...>
    """

    def __init__(self, title: str, *, footer: str = "", date: datetime.date | None = None) -> None:
        self.document = Document()
        self.removed = 0
        self._numbers = {"table": 0, "figure": 0}
        self._chinese = current() == "zh"
        title = self.clean(title)
        day = date or datetime.date(2000, 1, 1)
        properties = self.document.core_properties
        properties.title, properties.author, properties.comments = title, "ecospace", ""
        properties.created = properties.modified = datetime.datetime(day.year, day.month, day.day)
        properties.language = "zh-CN" if self._chinese else "en"
        self._styles()
        self._page(self.document.sections[0])
        self._footer(footer)
        self._add(title, "Eco Title")

    # -- text -----------------------------------------------------------------------------------------------------------

    def clean(self, text: object) -> str:
        """Text without signs that no Word file can hold; how many were left out is counted in `removed`."""
        plain = str(text)
        kept = TURNING.sub("", FORBIDDEN.sub("", plain)).replace("\r\n", "\n").replace("\r", "\n")
        self.removed += len(plain) - len(kept) - plain.count("\r\n")
        return kept

    def subtitle(self, text: str) -> WordDocument:
        """A line under the title."""
        self._add(text, "Eco Subtitle")
        return self

    def heading(self, text: str, level: int = 1, *, new_page: bool = False) -> WordDocument:
        """A heading; level 1 is 一、, level 2 is （一）."""
        paragraph = self._add(text, f"Heading {level}")
        if new_page:
            paragraph.paragraph_format.page_break_before = True
        return self

    def text(self, text: str, *, bold: bool = False) -> WordDocument:
        """A paragraph, its first line indented by two characters."""
        self._add(text, "Eco Text", bold=bold)
        return self

    def conclusion(self, text: str, *, lead: str = "") -> WordDocument:
        """The answer: a paragraph between two rules, so that nobody overlooks it."""
        paragraph = self._add("", "Eco Text")
        paragraph.add_run(self.clean(lead)).bold = True
        paragraph.add_run(self.clean(text))
        borders = OxmlElement("w:pBdr")
        for side in ("top", "bottom"):
            borders.append(_border(side, 8, "000000", space=6))
        properties = paragraph._p.get_or_add_pPr()
        # The schema wants borders before spacing and alignment; Word repairs a file that has them elsewhere.
        properties.insert_element_before(borders, "w:shd", "w:tabs", "w:spacing", "w:ind", "w:jc", "w:rPr")
        return self

    def note(self, text: str) -> WordDocument:
        """Small print under a table or figure: 注：…"""
        self._add(text, "Eco Note")
        return self

    def page_break(self) -> WordDocument:
        """What follows begins on a new page."""
        self._add("", "Normal").add_run().add_break(WD_BREAK.PAGE)
        return self

    def _add(self, text: str, style: str, *, bold: bool = False) -> Any:
        paragraph = self.document.add_paragraph(style=style)
        run = paragraph.add_run(self.clean(text))
        if bold:
            run.bold = True
        return paragraph

    # -- tables ---------------------------------------------------------------------------------------------------------

    def table(
        self,
        headings: Sequence[str],
        rows: Sequence[Sequence[object]],
        *,
        caption: str = "",
        align: Sequence[Align] | None = None,
        widths: Sequence[float] | None = None,
        total: bool = False,
        label: str = "",
        small: bool = False,
    ) -> WordDocument:
        """A grid table with a caption above it; its heading row is repeated on each page.

        Parameters
        ----------
        headings : sequence of str
        rows : sequence of sequences
            Cells as they are to be printed.
        caption : str
            Numbered: 表 1 …
        align : sequence of {"left", "right", "center"}, optional
            For each column; centred by default.
        widths : sequence of float, optional
            Shares of the width of the page; from the content by default.
        total : bool
            The last row is a sum, printed bold.
        label : str
            Instead of 表 and a number, e.g. 附表 A1.
        small : bool
            Small print, for annexes of many columns.
        """
        cells = [[self.clean(cell) for cell in row] for row in (headings, *rows)]
        if caption:
            self._caption(caption, "table", label)
        count = len(headings)
        made = self.document.add_table(rows=len(cells), cols=count)
        made.alignment = WD_TABLE_ALIGNMENT.CENTER
        made.autofit = False
        shares = list(widths) if widths else content_widths(cells)
        self._grid(made, [self.width_mm * share / sum(shares) for share in shares])
        where: Sequence[Align] = align or ["center"] * count
        # python-docx finds a cell by walking the whole table; the rows are walked once instead.
        # A unit stands under its heading rather than broken in two.
        cells[0] = [
            heading.replace("（", "\n（").replace(" (", "\n(") if text_width(heading) > 10 else heading
            for heading in cells[0]
        ]
        for i, (row, texts) in enumerate(zip(made._tbl.tr_lst, cells, strict=True)):
            strong = i == 0 or (total and i == len(cells) - 1)
            _row_properties(row, heading=i == 0, height_mm=5.5 if small else 6.2)
            together = i < 2 or (len(cells) <= SHORT and i < len(cells) - 1)
            for cell, text, side in zip(row.tc_lst, texts, where, strict=True):
                self._cell(
                    cell,
                    text,
                    "center" if i == 0 else side,
                    strong=strong,
                    shaded=i == 0,
                    together=together,
                    style="Eco Small Cell" if small else "Eco Cell",
                )
        self._add("", "Eco Gap")
        return self

    def facts(self, pairs: Sequence[tuple[str, object]], *, caption: str = "") -> WordDocument:
        """A table of names and values, two pairs to a line (基本情况表)."""
        cells = [(self.clean(name), self.clean(value)) for name, value in pairs]
        if len(cells) % 2:
            cells.append(("", ""))
        if caption:
            self._caption(caption, "table", "")
        made = self.document.add_table(rows=len(cells) // 2, cols=4)
        made.alignment, made.autofit = WD_TABLE_ALIGNMENT.CENTER, False
        self._grid(made, [self.width_mm * share for share in (0.19, 0.31, 0.19, 0.31)])
        for i, row in enumerate(made._tbl.tr_lst):
            _row_properties(row, heading=False)
            four = [text for pair in cells[2 * i : 2 * i + 2] for text in pair]
            for j, (cell, text) in enumerate(zip(row.tc_lst, four, strict=True)):
                self._cell(
                    cell,
                    text,
                    "left" if j % 2 else "center",
                    strong=not j % 2,
                    shaded=not j % 2,
                    together=i < len(cells) // 2 - 1,
                )
        self._add("", "Eco Gap")
        return self

    def _grid(self, table: Any, widths_mm: Sequence[float]) -> None:
        properties = table._tbl.tblPr
        borders = OxmlElement("w:tblBorders")
        for side in ("top", "left", "bottom", "right", "insideH", "insideV"):
            borders.append(
                _border(side, 8 if side in ("top", "bottom") else 4, "000000" if side in ("top", "bottom") else RULE)
            )
        # The schema fixes the order inside a table's properties; Word calls a file with another one damaged.
        after = ("w:tblLook", "w:tblCaption", "w:tblDescription")
        properties.insert_element_before(borders, "w:shd", "w:tblLayout", "w:tblCellMar", *after)
        margins = OxmlElement("w:tblCellMar")
        for side, twips in (("top", 40), ("left", 80), ("bottom", 40), ("right", 80)):
            edge = OxmlElement(f"w:{side}")
            edge.set(qn("w:w"), str(twips))
            edge.set(qn("w:type"), "dxa")
            margins.append(edge)
        properties.insert_element_before(margins, *after)
        for column, width in zip(table._tbl.tblGrid.gridCol_lst, widths_mm, strict=True):
            column.w = Mm(width)
        for row in table._tbl.tr_lst:
            for cell, width in zip(row.tc_lst, widths_mm, strict=True):
                cell.width = Mm(width)

    def _cell(
        self,
        cell: Any,
        text: str,
        side: Align,
        *,
        strong: bool,
        shaded: bool,
        together: bool = False,
        style: str = "Eco Cell",
    ) -> None:
        properties = cell.get_or_add_tcPr()
        if shaded:
            shade = OxmlElement("w:shd")
            for name, value in (("val", "clear"), ("color", "auto"), ("fill", GREY)):
                shade.set(qn(f"w:{name}"), value)
            properties.append(shade)
        middle = OxmlElement("w:vAlign")
        middle.set(qn("w:val"), "center")
        properties.append(middle)
        paragraph = _Paragraph(cell.p_lst[0], self.document)
        paragraph.style = self.document.styles[style]
        paragraph.alignment = ALIGNMENTS[side]
        if together:
            paragraph.paragraph_format.keep_with_next = True
        run = paragraph.add_run(text)
        run.bold = strong or None

    def _caption(self, text: str, kind: Literal["table", "figure"], label: str, *, follows: bool = False) -> None:
        paragraph = self.document.add_paragraph(style="Eco Caption")
        paragraph.paragraph_format.keep_with_next = kind == "table" or follows
        if label:
            paragraph.add_run(self.clean(f"{label}　{text}" if self._chinese else f"{label}  {text}"))
            return
        self._numbers[kind] += 1
        word = (_("Table") if kind == "table" else _("Figure")) + " "
        paragraph.add_run(word)
        _field(paragraph, f"SEQ {'表' if kind == 'table' else '图'} \\* ARABIC", str(self._numbers[kind]))
        paragraph.add_run(("　" if self._chinese else "  ") + self.clean(text))

    # -- figures --------------------------------------------------------------------------------------------------------

    def figure(
        self,
        picture: bytes | Path,
        *,
        caption: str = "",
        note: str = "",
        width_mm: float | None = None,
        height_mm: float | None = None,
    ) -> WordDocument:
        """A picture with its caption below: 图 1 …, and small print under that; never wider than the page, never parted."""
        paragraph = self.document.add_paragraph(style="Eco Figure")
        source = BytesIO(picture) if isinstance(picture, bytes) else str(picture)
        shape = paragraph.add_run().add_picture(source)
        wanted = min(width_mm or self.width_mm, self.width_mm, (height_mm or 1e9) * shape.width / shape.height)
        shape.width, shape.height = Mm(wanted), Mm(wanted * shape.height / shape.width)
        paragraph.paragraph_format.keep_with_next = bool(caption)
        if caption:
            self._caption(caption, "figure", "", follows=bool(note))
        if note:
            self._add(note, "Eco Figure Note")
        return self

    # -- pages and styles -----------------------------------------------------------------------------------------------

    @property
    def width_mm(self) -> float:
        """Width between the margins."""
        section: Any = self.document.sections[-1]
        return float((section.page_width - section.left_margin - section.right_margin) / 36_000)

    def section(self, *, landscape: bool) -> WordDocument:
        """What follows stands on new pages of another direction."""
        self._page(self.document.add_section(), landscape=landscape)
        return self

    def _page(self, section: Any, *, landscape: bool = False) -> None:
        wide, high = (PAGE_MM[1], PAGE_MM[0]) if landscape else PAGE_MM
        section.orientation = WD_ORIENT.LANDSCAPE if landscape else WD_ORIENT.PORTRAIT
        section.page_width, section.page_height = Mm(wide), Mm(high)
        top, right, bottom, left = MARGINS_ACROSS_MM if landscape else MARGINS_MM
        section.top_margin, section.right_margin = Mm(top), Mm(right)
        section.bottom_margin, section.left_margin = Mm(bottom), Mm(left)
        section.footer_distance = Mm(10 if landscape else 14)

    def _footer(self, text: str) -> None:
        paragraph = self.document.sections[0].footer.paragraphs[0]
        paragraph.style = self.document.styles["Eco Footer"]
        paragraph.add_run("— ")
        _field(paragraph, "PAGE", "1")
        paragraph.add_run(" —")
        if text:
            below = self.document.sections[0].footer.add_paragraph(style="Eco Footer")
            below.add_run(self.clean(text)).font.size = Pt(8)

    def _styles(self) -> None:
        latin, head = (LATIN_TEXT, LATIN_HEADING)
        body = 14.0 if self._chinese else 11.0
        # Which of the Chinese, Japanese and Korean shapes of a sign is meant, where a machine has to substitute a face.
        for language in self.document.styles.element.iter(qn("w:lang")):
            language.set(qn("w:val"), "en-US")
            language.set(qn("w:eastAsia"), "zh-CN")
        self._style("Normal", TEXT_FACE, latin, body)
        self._style("Eco Title", HEADING_FACE, head, 22 if self._chinese else 18, align="center", after=4, before=0)
        self._style("Eco Subtitle", TEXT_FACE, latin, body, align="center", after=12)
        self._style("Heading 1", HEADING_FACE, head, 16 if self._chinese else 13, before=10, after=5, keep=True)
        self._style("Heading 2", "楷体", head, body, before=8, after=4, keep=True, bold=True)
        text = self._style("Eco Text", TEXT_FACE, latin, body, line=26 if self._chinese else 16)
        text.paragraph_format.first_line_indent = Pt(2 * body) if self._chinese else Pt(0)
        text.paragraph_format.space_after = Pt(0 if self._chinese else 6)
        # Not justified: a document number cannot be broken, and the line before it would be torn apart.
        text.paragraph_format.alignment = WD_ALIGN_PARAGRAPH.LEFT
        self._style(
            "Eco Caption", HEADING_FACE, head, 10.5 if self._chinese else 9.5, align="center", before=6, after=3
        )
        self._style("Eco Cell", TABLE_FACE, latin, 10 if self._chinese else 9, line=14 if self._chinese else 12)
        self._style("Eco Small Cell", TABLE_FACE, latin, 8.5, line=12)
        self._style("Eco Note", TABLE_FACE, latin, 9, line=13, after=2)
        self._style("Eco Figure Note", TABLE_FACE, latin, 8.5, line=11.5, after=4, align="center")
        self._style("Eco Gap", TABLE_FACE, latin, 4, line=6)
        self._style("Eco Figure", TEXT_FACE, latin, body, align="center", before=6)
        self._style("Eco Footer", TABLE_FACE, latin, 10.5, align="center")

    def _style(
        self, name: str, face: str, latin: str, size: float, *, align: Align | None = None, before: float = 0,
        after: float = 0, line: float | None = None, keep: bool = False, bold: bool = False,
    ) -> Any:  # fmt: skip
        styles = self.document.styles
        style = (
            styles[name] if name in [item.name for item in styles] else styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
        )
        style.font.name, style.font.size, style.font.bold, style.font.italic = latin, Pt(size), bold, False
        style.font.color.rgb = RGBColor(0, 0, 0)
        fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
        for theme in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
            fonts.attrib.pop(qn(f"w:{theme}"), None)
        # In English the Latin face comes first for quotes and dashes, which both scripts have.
        for slot, value in (("ascii", latin), ("hAnsi", latin), ("cs", latin), ("eastAsia", face)):
            fonts.set(qn(f"w:{slot}"), value)
        fonts.set(qn("w:hint"), "eastAsia" if self._chinese else "default")
        layout = style.paragraph_format
        layout.space_before, layout.space_after, layout.keep_with_next = Pt(before), Pt(after), keep
        if align:
            layout.alignment = ALIGNMENTS[align]
        if line:
            layout.line_spacing_rule, layout.line_spacing = WD_LINE_SPACING.EXACTLY, Pt(line)
        else:
            layout.line_spacing = 1.15
        return style

    # -- the file -------------------------------------------------------------------------------------------------------

    def save(self, path: str | Path) -> Path:
        """Write the file: whole or not at all, the same bytes for the same content."""
        raw = BytesIO()
        self.document.save(raw)
        target = Path(path)
        with atomic(target) as temporary, zipfile.ZipFile(raw) as source, zipfile.ZipFile(temporary, "w") as out:
            for name in source.namelist():
                # A zip keeps the time of writing for each member; one day for all keeps the bytes the same.
                out.writestr(zipfile.ZipInfo(name, (2000, 1, 1, 0, 0, 0)), source.read(name), zipfile.ZIP_DEFLATED)
        return target


def content_widths(cells: Sequence[Sequence[str]]) -> list[float]:
    """Shares of the width for columns, from their text: a long text may wrap, a short one never has to.

    >>> content_widths([["序号", "管控要素"], ["1", "饮用水水源二级保护区"]])
    [6.0, 20.0]
    """
    widths = []
    for column in zip(*cells, strict=True):
        lengths = sorted(max((text_width(line) for line in text.split("\n")), default=0) for text in column)
        typical = lengths[max(0, int(len(lengths) * 0.8) - 1)]
        # Between the longest and the usual text, so that one outlier does not starve the other columns.
        wanted = min(lengths[-1], max(2.0 * typical, 20.0), 44.0)
        widths.append(float(max(wanted, min(text_width(column[0]), 12), 6)))
    return widths


def text_width(text: str) -> int:
    """Width of a line in half-width characters.

    >>> text_width("生态red")
    7
    """
    return sum(2 if east_asian_width(sign) in "WFA" else 1 for sign in text)


def _border(side: str, eighths: int, colour: str, space: int = 0) -> Any:
    edge = OxmlElement(f"w:{side}")
    for name, value in (("val", "single"), ("sz", str(eighths)), ("space", str(space)), ("color", colour)):
        edge.set(qn(f"w:{name}"), value)
    return edge


def _row_properties(row: Any, *, heading: bool, height_mm: float = 6.2) -> None:
    properties = row.get_or_add_trPr()
    whole = OxmlElement("w:cantSplit")
    properties.append(whole)
    if heading:
        properties.append(OxmlElement("w:tblHeader"))
    row.trHeight_val, row.trHeight_hRule = Mm(height_mm), WD_ROW_HEIGHT_RULE.AT_LEAST


def _field(paragraph: Any, instruction: str, result: str) -> None:
    """A field of Word's own (page number, caption number), with its result as text for readers that do not compute it."""
    for kind, text in (("begin", None), (None, instruction), ("separate", None), ("result", result), ("end", None)):
        run = paragraph.add_run(text if kind == "result" else "")
        if kind in ("begin", "separate", "end"):
            mark = OxmlElement("w:fldChar")
            mark.set(qn("w:fldCharType"), kind)
            run._r.append(mark)
        elif kind is None:
            code = OxmlElement("w:instrText")
            code.set(qn("xml:space"), "preserve")
            code.text = text
            run._r.append(code)


def _Paragraph(element: Any, document: Any) -> Any:  # noqa: N802 (stands for the class of python-docx)
    from docx.text.paragraph import Paragraph

    return Paragraph(element, document._body)
