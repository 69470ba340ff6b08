"""The documents of a site check: complete, plain text whatever the attributes say, the same bytes again (traps tE01–tE08)."""

from __future__ import annotations

import json
import os
import re
import zipfile
from datetime import date
from pathlib import Path

import geopandas as gpd
import openpyxl
import pytest
from docx import Document

from ecospace.check.checker import Checker
from ecospace.check.result import SCHEMA, SiteResult, write_json, write_pieces
from ecospace.check.site import sites_of
from ecospace.language import speak
from ecospace.report.site_report import save_site_report
from ecospace.report.site_tables import hectares, percent
from ecospace.report.site_workbook import save_site_workbook
from ecospace.report.word import WordDocument
from tests.check.county import CRS_GK, box, county, layer

#: What an attribute can hold: formulas, markup, Word fields, control signs, turned text.
PAYLOADS = (
    '=HYPERLINK("http://evil.example","x")', "+1+cmd|' /C calc'!A0", "-2+3", "@SUM(1+1)", "<script>alert(1)</script>",
    "]]><w:p><w:r><w:t>x</w:t></w:r></w:p>", "{ INCLUDETEXT c:\\secret.txt }", "\x00\x07\x1b bell", "a\u202etxt.exe",
    '"; DROP TABLE sites; --', "&amp;&#x0;", "换\r\n行\t格", "{site.__class__}", "%s %(x)s",
)  # fmt: skip


@pytest.fixture
def checker() -> Checker:
    texts = list(PAYLOADS)
    red = layer([box(0, 0, 50, 40 * (i + 1)) for i in range(len(texts))], name=texts)
    water = layer(
        [box(0, 0, 30, 500), box(0, 0, 60, 500)], "water_source", level=["一级保护区", "二级保护区"], name=texts[:2]
    )
    reserve = layer([box(0, 0, 70, 30)], "nature_reserve", zone=["一般控制区"], name=[texts[4]], level=[texts[0]])
    units = layer(
        [box(-900, -900, 900, 900)], "control_unit", code=["ZH44078320002"], name=[texts[4]], layout=[texts[5]]
    )
    land = layer(
        [box(0, 0, 40, 900), box(40, 0, 900, 900)], "land_use", code=["0103", "0301"], code_name=["旱地", texts[0]]
    )
    towns = layer([box(-900, -900, 900, 900)], "townships", name=[texts[3]])
    made = county(red, water, reserve, units, land, towns)
    made.on = date(2026, 1, 1)
    return made


def results(checker: Checker) -> list[SiteResult]:
    frame = gpd.GeoDataFrame(
        {"name": list(PAYLOADS[:3]), "业主": list(PAYLOADS[4:7])},
        geometry=[box(0, 0, 100, 100), box(200, 200, 300, 300), box(50, 700, 60, 710)], crs=CRS_GK,
    )  # fmt: skip
    return checker.check(sites_of(frame))


def text_of(path: Path) -> str:
    """Everything that a reader of a Word file sees."""
    document = Document(str(path))
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return "\n".join([paragraph.text for paragraph in document.paragraphs] + cells)


def test_word_has_every_table_and_the_answer_first(checker: Checker, tmp_path: Path) -> None:
    found = results(checker)[:1]
    text = text_of(save_site_report(found, tmp_path / "a.docx"))
    captions = re.findall(r"表 \d+　(\S+)", text)
    assert captions == [
        "地块基本情况", "与三条控制线叠加情况", "与自然保护地及其他生态空间叠加情况", "与饮用水水源保护区叠加情况", "所在环境管控单元",
        "占用地类情况", "判定情况",
    ]  # fmt: skip
    assert "附表 A1　界址点坐标表" in text
    assert text.index("核查结论") < text.index("总体判定：禁止") < text.index("地块基本情况")
    assert "合法" not in text
    for clause in ("自然资发〔2022〕142号", "《水污染防治法》第六十五条", "《水污染防治法》第六十六条"):
        assert clause in text
    assert "不作为许可依据" in text


def test_no_markup_and_no_field_from_attributes(checker: Checker, tmp_path: Path) -> None:
    path = save_site_report(results(checker), tmp_path / "a.docx")
    with zipfile.ZipFile(path) as file:
        body = file.read("word/document.xml").decode()
        assert not [name for name in file.namelist() if "embed" in name or "vba" in name.lower()]
        relations = file.read("word/_rels/document.xml.rels").decode()
    assert 'TargetMode="External"' not in relations
    assert "<script>" not in body
    assert "&lt;script&gt;" in body
    # The only fields are ours: caption numbers (and the page number in the footer).
    assert set(re.findall(r"<w:instrText[^>]*>([^<]*)<", body)) <= {"SEQ 表 \\* ARABIC", "SEQ 图 \\* ARABIC"}
    assert "<w:fldSimple" not in body
    assert "<w:hyperlink" not in body
    assert "\u202e" not in body


def test_excel_has_no_live_formula(checker: Checker, tmp_path: Path) -> None:
    path = save_site_workbook(results(checker), tmp_path / "a.xlsx")
    book = openpyxl.load_workbook(path)
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert not [cell.coordinate for cell in cells if cell.data_type == "f"]
    assert not [cell.coordinate for cell in cells if cell.hyperlink]
    assert any(str(cell.value).startswith("=HYPERLINK") for cell in cells)
    with zipfile.ZipFile(path) as file:
        assert not [name for name in file.namelist() if "externalLink" in name or "vba" in name.lower()]
        assert "<f>" not in "".join(file.read(name).decode() for name in file.namelist() if "sheet" in name)
    assert book.sheetnames[:4] == ["汇总", "判定情况", "叠加明细", "乡镇统计"]


def test_json_keeps_its_form_and_holds_no_markup(checker: Checker, tmp_path: Path) -> None:
    path = write_json(results(checker), tmp_path / "a.json")
    raw = path.read_text(encoding="utf-8")
    assert "<" not in raw
    assert ">" not in raw
    [first, *_rest] = json.loads(raw)
    assert first["schema"] == SCHEMA == "ecospace/site-check/1"
    assert list(first) == sorted(
        [
            "schema",
            "sentence",
            "level",
            "level_label",
            "depends_on_accuracy",
            "checked_on",
            "study",
            "site",
            "verdicts",
            "layers",
            "clauses",
        ]
    )
    assert set(first["verdicts"][0]) == {
        "rule", "level", "level_label", "subject", "text", "area_m2", "share", "distance_m", "places", "clauses",
        "procedure", "labels", "layers",
    }  # fmt: skip
    assert {item["key"] for item in first["clauses"]} >= {
        key for verdict in first["verdicts"] for key in verdict["clauses"]
    }
    names = [
        item["name"] for entry in first["layers"] if entry["key"] == "eco_redline" for item in entry["features_met"]
    ]
    assert PAYLOADS[0] in names


def test_pieces_are_delivered_in_degrees_and_add_up(checker: Checker, tmp_path: Path) -> None:
    found = results(checker)
    path = write_pieces(found, tmp_path / "a.gpkg")
    frame = gpd.read_file(path, engine="pyogrio")
    assert frame.crs.to_epsg() == 4490
    assert len(frame) == sum(len(contact.overlaps) for result in found for contact in result.contacts.values())
    back = frame.to_crs(4547)
    assert back.area.to_numpy() == pytest.approx(frame["area_m2"].to_numpy(), abs=1e-3)


@pytest.mark.parametrize("suffix", [".docx", ".xlsx", ".json"])
def test_same_bytes_again(checker: Checker, tmp_path: Path, suffix: str) -> None:
    found = results(checker)
    save = {".docx": save_site_report, ".xlsx": save_site_workbook, ".json": write_json}[suffix]
    one, two = save(found, tmp_path / f"1{suffix}"), save(found, tmp_path / f"2{suffix}")
    assert one.read_bytes() == two.read_bytes()


@pytest.mark.parametrize("suffix", [".docx", ".xlsx", ".json", ".gpkg"])
def test_a_failed_write_leaves_the_old_file_whole(
    checker: Checker, tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / f"report{suffix}"
    target.write_bytes(b"old")

    def full(*_args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    save = {".docx": save_site_report, ".xlsx": save_site_workbook, ".json": write_json, ".gpkg": write_pieces}[suffix]
    with pytest.raises(OSError, match="No space"):
        save(results(checker), target)
    assert target.read_bytes() == b"old"
    assert [item.name for item in tmp_path.iterdir()] == [target.name]


def test_files_are_not_for_everyone(checker: Checker, tmp_path: Path) -> None:
    path = save_site_report(results(checker), tmp_path / "a.docx")
    assert path.stat().st_mode & 0o007 == 0


def test_printed_numbers_never_hide_an_overlap() -> None:
    assert hectares(49) == "0.0049"
    assert hectares(0.3) == "<0.0001 (0.3 m²)"
    assert hectares(1e-9) == "<0.0001 (1e-09 m²)"
    assert percent(4e-5) == "<0.01"
    assert (hectares(0), percent(0)) == ("0.0000", "0.00")


def test_english(checker: Checker, tmp_path: Path) -> None:
    speak("en")
    text = text_of(save_site_report(results(checker)[:1], tmp_path / "a.docx"))
    assert "Overall: prohibited" in text
    assert "Table 7" in text
    speak("zh")


def test_signs_that_word_cannot_hold_are_counted(tmp_path: Path) -> None:
    document = WordDocument("核查\x00报告")
    document.text("铃\x07声\u202e反转\ud800")
    assert document.removed == 4
    assert "铃声反转" in text_of(document.save(tmp_path / "a.docx"))


def test_a_long_table_repeats_its_heading(tmp_path: Path) -> None:
    document = WordDocument("长表").table(
        ["序号", "名称"], [[i, f"图斑 {i}"] for i in range(300)], caption="清单", total=True
    )
    path = document.save(tmp_path / "a.docx")
    with zipfile.ZipFile(path) as file:
        body = file.read("word/document.xml").decode()
    assert body.count("<w:tblHeader/>") == 1
    assert body.count("<w:cantSplit/>") == 301


#: Order of children by ISO 29500-1, as far as we write them.
ORDER = {
    "tblPr": ["tblStyle", "tblW", "jc", "tblBorders", "shd", "tblLayout", "tblCellMar", "tblLook"],
    "tcPr": ["tcW", "shd", "vAlign"],
    "pPr": ["pStyle", "keepNext", "keepLines", "pageBreakBefore", "pBdr", "spacing", "ind", "jc", "rPr", "sectPr"],
    "rPr": ["rFonts", "b", "i", "color", "sz", "lang"],
}


def test_the_file_is_as_the_schema_wants_it(checker: Checker, tmp_path: Path) -> None:
    """Word repairs or refuses a file whose elements stand in another order; LibreOffice does not mind."""
    from lxml import etree

    space = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
    with zipfile.ZipFile(save_site_report(results(checker), tmp_path / "a.docx")) as file:
        roots = [etree.fromstring(file.read(f"word/{name}.xml")) for name in ("document", "footer1")]
    for root in roots:
        for tag, order in ORDER.items():
            for element in root.iter(space + tag):
                children = [etree.QName(child).localname for child in element]
                assert set(children) <= set(order), children
                assert children == sorted(children, key=order.index), (tag, children)
        for cell in root.iter(space + "tc"):
            assert cell[-1].tag == space + "p"  # a cell ends with a paragraph
