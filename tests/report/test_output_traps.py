"""Traps of outputs (trust.md E) on everything that a site check writes: Word, Excel, CSV, JSON, GeoPackage, file names."""

from __future__ import annotations

import json
import os
import re
import resource
import signal
import subprocess
import sys
import zipfile
from dataclasses import replace
from datetime import date
from pathlib import Path

import geopandas as gpd
import openpyxl
import pandas as pd
import pytest
from docx import Document
from lxml import etree

from ecospace.check.checker import Checker
from ecospace.check.result import SiteResult, write_json, write_pieces
from ecospace.commands.check import file_names
from ecospace.report.excel import save_workbook, sheet_name
from ecospace.report.site_report import save_site_report
from ecospace.report.site_tables import hectares, percent
from ecospace.report.site_workbook import save_site_workbook
from ecospace.report.table import Table, inert
from tests.check.county import box, county, layer, sites

#: Signs with which a spreadsheet begins a formula, full-width ones and hidden ones among them.
FORMULAS = ("=1+1", "+1+1", "-1+1", "@SUM(1)", "\t=1+1", "\r=1+1", "\n=1+1", " =1+1", "＝1+1", "=cmd|' /C calc'!A0")
#: What else an attribute can be.
STRANGE = (
    "\x00\x01\x0b\x1f\x7f\x85", "\ufffe\uffff", "🐟保护区🌳", "\u202etxt.exe\u202c", "א‎ב", "é́́́", "\u200b\u2060\ufeff",
    "<b>&amp;</b>", "]]>", "长" * 40_000, "a" * 40_000, "多\n行\r\n文\t字", "",
)  # fmt: skip
SAVERS = {".docx": save_site_report, ".xlsx": save_site_workbook, ".json": write_json, ".gpkg": write_pieces}


def judged(*names: str) -> list[SiteResult]:
    """One site on red line, water source, unit, land use and town that all bear the same names."""
    strips = [box(0, 10 * i, 50, 10 * i + 10) for i in range(len(names))]
    given = list(names)
    checker: Checker = county(
        layer(strips, name=given),
        layer(strips, "water_source", name=given, level=["一级保护区"] * len(given)),
        layer(
            [box(-900, -900, 900, 900)],
            "control_unit",
            code=[given[0]],
            name=[given[0]],
            layout=[given[0]],
            grade=["优先"],
        ),
        layer([box(-900, -900, 900, 900)], "land_use", code=["0301"], code_name=[given[0]]),
        layer([box(-900, -900, 900, 900)], "townships", name=[given[0]]),
    )
    checker.on = date(2026, 1, 1)
    [site] = sites(box(0, 0, 100, 10 * len(names)))
    return checker.check([replace(site, name=given[0], use=given[0], attributes={given[0] or "空": given[0]})])


@pytest.mark.parametrize("text", FORMULAS)
def test_tE01_no_live_formula_in_excel_and_csv(tmp_path: Path, text: str) -> None:
    book = openpyxl.load_workbook(save_site_workbook(judged(text, "甲"), tmp_path / "a.xlsx"))
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert not [cell.coordinate for cell in cells if cell.data_type == "f" or cell.hyperlink]
    with zipfile.ZipFile(tmp_path / "a.xlsx") as file:
        assert "<f>" not in "".join(file.read(name).decode() for name in file.namelist() if "/sheet" in name)
    table = Table(pd.DataFrame({"name": [text]})).show("name", "名称")
    written = table.save(tmp_path / "a.csv").read_text(encoding="utf-8-sig").split("\n", 1)[1].strip("\n").strip('"')
    assert not written.startswith(("=", "+", "-", "@", "\t", "\r"))


@pytest.mark.parametrize("text", [*FORMULAS, *STRANGE], ids=range(len(FORMULAS) + len(STRANGE)))
def test_tE02_every_document_is_written_whatever_a_name_holds(tmp_path: Path, text: str) -> None:
    found = judged(text, "甲")
    for suffix, save in SAVERS.items():
        save(found, tmp_path / f"a{suffix}")
    with zipfile.ZipFile(tmp_path / "a.docx") as file:
        root = etree.fromstring(file.read("word/document.xml"))
        fields = {node.text for node in root.iter("{*}instrText")}
    assert fields <= {"SEQ 表 \\* ARABIC", "SEQ 图 \\* ARABIC"}
    assert not list(root.iter("{*}hyperlink"))
    Document(str(tmp_path / "a.docx"))
    openpyxl.load_workbook(tmp_path / "a.xlsx")
    raw = (tmp_path / "a.json").read_text(encoding="utf-8")
    assert not re.search(r"[<>&]", raw)
    [result] = json.loads(raw)
    assert result["site"]["name"] == text  # JSON keeps the text as it is


@pytest.mark.parametrize("text", ["\u202etxt.exe\u202c", "\u2066x\u2069"])
def test_tE02_turned_text_does_not_turn_a_word_table(tmp_path: Path, text: str) -> None:
    path = save_site_report(judged(text), tmp_path / "a.docx")
    with zipfile.ZipFile(path) as file:
        assert not re.search("[\u202a-\u202e\u2066-\u2069]", file.read("word/document.xml").decode())


@pytest.mark.parametrize("name", ["[a]:b*c?d/e\\f", "长" * 40, "'quoted'", "", "History", "🐟" * 20, "a\x00b"])
def test_tE02_sheet_names_that_excel_accepts(tmp_path: Path, name: str) -> None:
    made = sheet_name(name)
    assert 1 <= len(made.encode("utf-16-le")) // 2 <= 31  # Excel counts in units of UTF-16
    assert not re.search(r"[\[\]:*?/\\\x00-\x1f]", made)
    assert not made.startswith("'")
    table = Table(pd.DataFrame({"a": [1]})).titled("表", name).show("a", "甲")
    book = openpyxl.load_workbook(save_workbook([table, table], tmp_path / "a.xlsx"))
    assert len(set(book.sheetnames)) == 2


def test_tE02_a_cell_that_is_too_long_says_that_it_is_cut(tmp_path: Path) -> None:
    book = openpyxl.load_workbook(save_site_workbook(judged("长" * 40_000), tmp_path / "a.xlsx"))
    longest = max((str(cell.value) for row in book["汇总"].iter_rows() for cell in row if cell.value), key=len)
    assert len(longest) == 32_767
    assert longest.endswith("…")


def test_tE02_file_names_are_safe_and_never_the_same() -> None:
    [result] = judged("甲")

    def named(number: str, name: str) -> SiteResult:
        return replace(result, site=replace(result.site, id=number, name=name))

    made = file_names(
        [named("1", "../../etc/passwd"), named("A", "x"), named("a", "X"), named("", "CON"), named("", "🐟")]
    )
    assert made == ["1-_________etc_passwd".replace("_________", "______"), "A-x", "a-X-2", "CON_", "site"]


CHILD = """
import os, resource, signal, sys
from pathlib import Path
from tests.report.test_output_traps import SAVERS, judged
found, target, how = judged("甲", "乙"), Path(sys.argv[1]), sys.argv[2]
if how == "full":
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
else:
    os.replace = lambda *a, **k: os.kill(os.getpid(), signal.SIGKILL)
try:
    SAVERS[target.suffix](found, target)
except Exception as error:
    print(type(error).__name__)
    sys.exit(3)
"""


@pytest.mark.slow
@pytest.mark.parametrize("how", ["full", "kill"])
@pytest.mark.parametrize("suffix", [".docx", ".xlsx", ".json", ".gpkg"])
def test_tE03_tE04_a_kill_or_a_full_disk_leaves_the_old_report_whole(tmp_path: Path, suffix: str, how: str) -> None:
    found = judged("甲", "乙")
    target = tmp_path / "out" / f"报告{suffix}"
    target.parent.mkdir()
    SAVERS[suffix](found, target)
    before = target.read_bytes()
    root = Path(__file__).resolve().parents[2]
    child = subprocess.run(
        [sys.executable, "-c", CHILD, str(target), how], capture_output=True, text=True,
        check=False, env=os.environ | {"PYTHONPATH": str(root)}, timeout=120,
    )  # fmt: skip
    assert child.returncode == (3 if how == "full" else -signal.SIGKILL), child.stdout + child.stderr
    assert target.read_bytes() == before
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 2000


@pytest.mark.parametrize("suffix", list(SAVERS))
def test_tE05_what_a_check_writes_is_not_for_everyone(tmp_path: Path, suffix: str) -> None:
    path = SAVERS[suffix](judged("甲"), tmp_path / f"a{suffix}")
    assert path.stat().st_mode & 0o777 in (0o600, 0o640)


def test_tE06_the_pieces_read_back_with_their_areas(tmp_path: Path) -> None:
    found = judged("甲", "乙", "丙")
    frame = gpd.read_file(write_pieces(found, tmp_path / "a.gpkg"), engine="pyogrio")
    written = {(m.layer.key, m.id): m.area_m2 for _key, m in found[0].meetings if m.relation == "overlap"}
    read = {(row.layer, row.feature): row.geometry.area for row in frame.to_crs(4547).itertuples()}
    assert read.keys() == written.keys()
    assert all(read[key] == pytest.approx(area, rel=1e-8) for key, area in written.items())


@pytest.mark.parametrize("area_m2", [49.0, 0.3, 1e-4, 1e-9])
def test_tE07_no_overlap_prints_as_nothing(area_m2: float) -> None:
    assert hectares(area_m2) != "0.0000"
    assert percent(area_m2 / 1e8) != "0.00"
    found = judged("甲")
    assert "0.0000 公顷" not in found[0].sentence


@pytest.mark.parametrize("suffix", list(SAVERS))
def test_tE08_writing_twice_doubles_nothing(tmp_path: Path, suffix: str) -> None:
    found = judged("甲", "乙")
    path = SAVERS[suffix](found, tmp_path / f"a{suffix}")
    if suffix == ".gpkg":
        count = len(gpd.read_file(path, engine="pyogrio"))
        assert len(gpd.read_file(SAVERS[suffix](found, path), engine="pyogrio")) == count
    else:
        before = path.read_bytes()
        assert SAVERS[suffix](found, path).read_bytes() == before


def test_tE02_what_no_file_takes_is_left_out_and_text_stays_text() -> None:
    assert inert("甲\ud800\x7f\x00乙") == "甲乙"
    assert inert("甲") == "甲"
