"""Tables: rounded by the standard, balanced, honest about small shares, inert in a spreadsheet."""

import json
import zipfile

import openpyxl
import pandas as pd
import pytest

from ecospace.errors import UsageError
from ecospace.language import speak
from ecospace.report.excel import save_workbook, sheet_name
from ecospace.report.table import Table, inert


def towns() -> Table:
    frame = pd.DataFrame(
        {
            "name": ["甲镇", "乙镇", "丙镇", "合计"],
            "area_m2": [33_333.33, 33_333.33, 33_333.34, 100_000.0],
            "share": [0.33333, 0.33333, 0.33334, 1.0],
            "part": [True, True, True, False],
            "total": [False, False, False, True],
        }
    )
    how = {"parts": "part", "total": "total"}
    return (
        Table(frame)
        .titled("表 1 各乡镇面积", "乡镇")
        .show("name", "乡镇")
        .show("area_m2", "面积", unit="ha", decimals=2, **how)
        .show("area_m2", "面积", unit="mu", decimals=2, **how)
        .show("share", "占比", unit="%", decimals=2, **how)
        .noted("椭球面积")
        .sourced("示例")
    )


def test_printed_parts_make_the_printed_total():
    rows = towns().rows()
    assert [row[1] for row in rows] == ["3.33", "3.33", "3.34", "10.00"]
    assert sum(float(row[2]) for row in rows[:3]) == pytest.approx(float(rows[3][2]), abs=1e-9)
    assert rows[0][3] == "33.33"
    assert towns().frame["area_m2"].tolist()[0] == 33_333.33  # the data keep the unadjusted value


def test_headings_speak_both_languages():
    assert towns().headings() == ["乡镇", "面积（公顷）", "面积（亩）", "占比（%）"]
    speak("en")
    assert towns().headings()[1] == "面积 (ha)"


def test_tE07_a_small_share_never_prints_as_nothing():
    frame = pd.DataFrame({"share": [4.9e-7, 0.0, 0.5], "area_m2": [49.0, 0.0, 5e7]})
    table = Table(frame).show("share", "占比", unit="%", decimals=2, beside="area_m2")
    assert table.rows() == [["<0.01 (49.00 m²)"], ["0.00"], ["50.00"]]


def test_missing_is_a_dash_and_never_a_zero():
    frame = pd.DataFrame({"area_m2": [float("nan"), None, 1e4]})
    assert Table(frame).show("area_m2", "面积", unit="ha", decimals=2).rows() == [["—"], ["—"], ["1.00"]]


PAYLOADS = [
    "=1+1",
    '=HYPERLINK("http://x","y")',
    "+1",
    "-1",
    "@SUM(A1)",
    "a\x07b\x00c",
    "<script>alert(1)</script>",
    "[bold]x[/]",
]


@pytest.mark.parametrize("text", PAYLOADS)
def test_tE01_no_attribute_becomes_a_formula(text, tmp_path):
    table = Table(pd.DataFrame({"name": [text]})).titled(text).show("name", text).noted(text).sourced(text)
    table.save(tmp_path / "t.xlsx")
    book = openpyxl.load_workbook(tmp_path / "t.xlsx")
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert cells
    assert all(cell.data_type == "s" for cell in cells)
    with zipfile.ZipFile(tmp_path / "t.xlsx") as parts:
        assert not any(b"<f>" in parts.read(name) for name in parts.namelist() if "sheet" in name)
    table.save(tmp_path / "t.csv")
    body = (tmp_path / "t.csv").read_text(encoding="utf-8-sig").splitlines()[-1].strip('"')
    assert body[:1] not in "=+-@"
    assert "\x07" not in body
    assert text.replace("\x07", "").replace("\x00", "")[:3] in table.to_text().replace("\x07", "")


def test_tE02_sheet_names():
    assert sheet_name("a/b[c]:*?") == "a b c"
    assert len(sheet_name("长" * 60)) == 31
    assert sheet_name("", []) == "Sheet"
    assert inert("—") == "—"


def test_the_same_tables_give_the_same_bytes(tmp_path):
    explanation = {"输入": [["图层", "SHA-256"], ["红线", "00"]], "方法": "椭球面积", "无": []}
    for name in ("a", "b"):
        save_workbook([towns(), towns()], tmp_path / f"{name}.xlsx", explanation=explanation)
        towns().save(tmp_path / f"{name}.json")
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()
    book = openpyxl.load_workbook(tmp_path / "a.xlsx")
    assert book.sheetnames == ["乡镇", "乡镇 2", "说明"]
    assert book["乡镇"]["B3"].value == 3.33
    assert json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))["printed"][3][1] == "10.00"


def test_what_is_refused(tmp_path):
    with pytest.raises(UsageError, match="E-USE-02"):
        towns().show("nothing", "x")
    with pytest.raises(UsageError, match="E-USE-03"):
        towns().save(tmp_path / "t.docm")
