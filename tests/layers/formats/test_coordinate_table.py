"""Tables of boundary points in Excel and CSV."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest
from geopandas import GeoDataFrame
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely.geometry import MultiPolygon, box

from ecospace.errors import CRSError, DataError, EcospaceError, ReadError
from ecospace.layers.formats.boundary_txt import read_boundary_txt
from ecospace.layers.formats.boundary_txt_writer import write_boundary_txt
from ecospace.layers.formats.coordinate_table import read_coordinate_table
from ecospace.layers.formats.coordinate_table_writer import write_coordinate_table

POINTS = [(2560000, 38460000), (2560000, 38460100), (2559900, 38460100), (2559900, 38460000)]
HEAD = ["地块编号", "点号", "X坐标(m)", "Y坐标(m)", "坐标系"]
SYSTEM = "2000国家大地坐标系"


def csv_file(folder: Path, rows: list[list[object]], encoding: str = "utf-8-sig", delimiter: str = ",") -> Path:
    path = folder / "拐点.csv"
    path.write_text("\n".join(delimiter.join(map(str, row)) for row in rows) + "\n", encoding=encoding)
    return path


def excel_file(folder: Path, rows: list[list[object]], merge: str = "") -> Path:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    if merge:
        book.active.merge_cells(merge)
    book.save(folder / "拐点.xlsx")
    return folder / "拐点.xlsx"


def square(identifier: object = "A", **change: object) -> list[list[object]]:
    return [HEAD, *([identifier, f"J{i}", *point, SYSTEM] for i, point in enumerate(POINTS, 1))]


def codes(parcels: object) -> list[str]:
    return [finding.code for finding in parcels.findings]  # type: ignore[attr-defined]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";", "，"])
def test_a_csv_of_any_make(tmp_path: Path, encoding: str, delimiter: str) -> None:
    frame = read_coordinate_table(csv_file(tmp_path, square(), encoding, delimiter)).frame
    assert frame.crs.to_epsg() == 4526
    assert frame.area.to_list() == [10_000.0] and frame.index.to_list() == ["A"]


def test_an_excel_table_with_title_and_two_header_rows(tmp_path: Path) -> None:
    rows: list[list[object]] = [
        ["界址点成果表", None, None, None, None],
        ["第 1 页", "共 1 页", None, None, None],
        ["权利人：某某公司", None, "宗地号", "440783001", None],
        ["宗地面积(公顷)", 1.0, None, None, None],
        ["序号", "点号", "坐标(2000国家大地坐标系)", None, "边长(m)"],
        [None, None, "X(m)", "Y(m)", None],
        *([i, f"J{i}", *point, 100] for i, point in enumerate(POINTS, 1)),
        [5, "J1", *POINTS[0], None],
        ["制表：张三", None, None, None, None],
    ]
    parcels = read_coordinate_table(excel_file(tmp_path, rows, merge="C5:D5"))
    (row,) = parcels.frame.to_dict("records")
    assert (row["id"], row["name"], row["declared_area_m2"]) == ("440783001", "某某公司", 10_000.0)
    assert parcels.frame.area.to_list() == [10_000.0]
    assert parcels.frame.crs.to_epsg() == 4526
    assert codes(parcels) == ["F-CRS-21"]  # no 带号: taken from the eastings, and said


def test_a_second_page_goes_on_and_a_second_title_begins(tmp_path: Path) -> None:
    def block(page: int, number: str, points: list[tuple[int, int]]) -> list[list[object]]:
        title: list[list[object]] = [["界址点成果表"], [f"第 {page} 页"], [f"宗地号：{number}"], ["带号：38"]]
        return [*title, ["点号", "X(m)", "Y(m)", SYSTEM], *([f"J{i}", *p, None] for i, p in enumerate(points, 1))]

    other = [(north - 500, east) for north, east in POINTS]
    rows = block(1, "一", POINTS[:2]) + block(2, "一", POINTS[2:]) + block(1, "二", other)
    frame = read_coordinate_table(excel_file(tmp_path, rows)).frame
    assert frame["id"].to_list() == ["一", "二"]
    assert frame.area.to_list() == [10_000.0, 10_000.0]


def test_tC13_merged_and_blank_ids_are_filled_and_counted(tmp_path: Path) -> None:
    rows = square()
    for row in rows[2:]:
        row[0] = None
    merged = read_coordinate_table(excel_file(tmp_path, rows, merge="A2:A5"))
    assert merged.frame.index.to_list() == ["A"] and "F-TAB-02" not in codes(merged)
    blank = read_coordinate_table(excel_file(tmp_path, rows))
    assert blank.frame.index.to_list() == ["A"]
    assert [f.count for f in blank.findings if f.code == "F-TAB-02"] == [3]


def test_tC13_text_numbers_leading_zeros_and_NA(tmp_path: Path) -> None:
    rows = square("007")
    rows[2][2] = "2560000.000"
    rows[3][3] = "３８４６０１００"
    parcels = read_coordinate_table(excel_file(tmp_path, rows))
    assert parcels.frame.area.to_list() == [10_000.0]
    assert parcels.frame["id"].to_list() == ["007"]
    assert [f.count for f in parcels.findings if f.code == "F-TAB-01"] == [1]
    assert read_coordinate_table(csv_file(tmp_path, square("NA"))).frame["id"].to_list() == ["NA"]


def test_tC13_an_18_digit_number_stops_and_as_text_is_kept(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"E-DATA-92.*A2"):
        read_coordinate_table(excel_file(tmp_path, square(440783001002003001)))
    kept = read_coordinate_table(excel_file(tmp_path, square("440783001002003001")))
    assert kept.frame["id"].to_list() == ["440783001002003001"]


def test_tC13_a_formula_without_value_stops(tmp_path: Path) -> None:
    rows = square()
    rows[2][2] = "=C2+100"
    with pytest.raises(ReadError, match=r"E-READ-84.*C3"):
        read_coordinate_table(excel_file(tmp_path, rows))


@pytest.mark.parametrize("text", ["1_000", "nan", "2,560,000", "#REF!", "二百五十六万", ""])
def test_tC11_what_is_no_number_stops_with_its_row(tmp_path: Path, text: str) -> None:
    rows = square()
    rows[3][2] = text
    with pytest.raises(ReadError, match=r"E-READ-60.*4"):
        read_coordinate_table(excel_file(tmp_path, rows))


def test_skipped_rows_are_named(tmp_path: Path) -> None:
    parcels = read_coordinate_table(csv_file(tmp_path, [*square(), ["合计", "", "", "", ""]]))
    assert [f.text for f in parcels.findings if f.code == "F-TAB-03"] and parcels.frame.area.to_list() == [10_000.0]


def test_tC12_mathematical_axes_stop_and_the_advice_works(tmp_path: Path) -> None:
    rows = square()
    for row in rows[1:]:
        row[2], row[3] = row[3], row[2]
    path = csv_file(tmp_path, rows)
    with pytest.raises(CRSError, match="swap = true"):
        read_coordinate_table(path)
    assert read_coordinate_table(path, swap=True).frame.area.to_list() == [10_000.0]


def test_several_sheets_need_a_choice(tmp_path: Path) -> None:
    path = excel_file(tmp_path, square())
    book = openpyxl.load_workbook(path)
    sheet = book.create_sheet("二")
    for row in square("B"):
        sheet.append(row)
    book.create_sheet("说明").append(["没有坐标"])
    book.save(path)
    with pytest.raises(ReadError, match="E-READ-78"):
        read_coordinate_table(path)
    assert read_coordinate_table(path, sheet="二").frame.index.to_list() == ["B"]
    assert read_coordinate_table(path, sheet="*").frame.index.to_list() == ["A", "B"]
    with pytest.raises(ReadError, match="E-READ-77"):
        read_coordinate_table(path, sheet="三")


def test_degrees_in_columns_of_longitude_and_latitude(tmp_path: Path) -> None:
    rows = [
        ["点号", "经度", "纬度", "坐标系"],
        *([i, 113 + i % 2 / 10, 22 + i // 2 / 10, SYSTEM] for i in (0, 1, 3, 2)),
    ]
    frame = read_coordinate_table(csv_file(tmp_path, rows), angles="decimal").frame
    assert frame.crs.to_epsg() == 4490
    assert frame.total_bounds.tolist() == [113.0, 22.0, 113.1, 22.1]


def test_places_of_their_own_are_asked_for_and_keep_their_columns(tmp_path: Path) -> None:
    rows = [["点位名称", "名称", "经度", "纬度", "坐标系", "水质"]]
    rows += [[i, f"监测点{i}", 112.5 + i / 100, 22.3 + i * i / 500, SYSTEM, "Ⅱ类"] for i in range(1, 5)]
    path = csv_file(tmp_path, rows)
    with pytest.raises(ReadError, match=r'E-READ-75.*points = "separate"'):
        read_coordinate_table(path, angles="decimal")
    frame = read_coordinate_table(path, points="separate", angles="decimal").frame
    assert set(frame["kind"]) == {"点"} and len(frame) == 4
    assert frame["水质"].tolist() == ["Ⅱ类"] * 4 and frame["name"].iloc[0] == "监测点1"
    assert frame.geometry.iloc[0].coords[0] == (112.51, 22.302)
    assert read_coordinate_table(path, points="boundary", angles="decimal").frame["kind"].tolist() == ["面"]


def test_a_number_for_each_point_is_its_label_where_the_rows_are_a_boundary(tmp_path: Path) -> None:
    rows: list[list[object]] = [["编号", "X", "Y", "坐标系"]]
    rows += [[i, *point, SYSTEM] for i, point in enumerate([*POINTS, POINTS[0]], 1)]
    rows[-1][0] = 1  # closed under the first number
    path = csv_file(tmp_path, rows)
    with pytest.raises(ReadError, match=r'E-READ-75.*points = "boundary"'):
        read_coordinate_table(path)
    parcels = read_coordinate_table(path, points="boundary")
    assert parcels.frame.area.tolist() == [10_000.0] and codes(parcels)[-1] != "F-RING-01"


def test_a_parcel_that_goes_on_after_another_stops(tmp_path: Path) -> None:
    first = square("A")
    second = [[("B" if row[0] == "A" else row[0]), *row[1:]] for row in square("A")[1:]]
    again = [[row[0], row[1], row[2] - 500, *row[3:]] for row in square("A")[1:]]
    with pytest.raises(ReadError, match=r"E-READ-76.*A"):
        read_coordinate_table(csv_file(tmp_path, first + second + again))
    ringed = [[*row, ring] for rows, ring in ((first, 1), (second, 1), (again, 2)) for row in rows]
    ringed[0][-1] = "圈号"
    frame = read_coordinate_table(csv_file(tmp_path, ringed)).frame
    assert frame.area.tolist() == [20_000.0, 10_000.0]


def test_packed_degrees_in_a_table_are_asked_for(tmp_path: Path) -> None:
    corners = [(113.27072, 22.15301), (113.27305, 22.15301), (113.27305, 22.16012), (113.27072, 22.16012)]
    rows: list[list[object]] = [["点号", "经度", "纬度", "坐标系"]]
    rows += [[i, *corner, SYSTEM] for i, corner in enumerate(corners, 1)]
    path = csv_file(tmp_path, rows)
    with pytest.raises(CRSError, match="E-CRS-31"):
        read_coordinate_table(path)
    decimal = read_coordinate_table(path, angles="decimal").frame
    assert decimal.total_bounds.tolist() == [113.27072, 22.15301, 113.27305, 22.16012]
    packed = read_coordinate_table(path, angles="dms").frame
    assert packed.total_bounds[0] == pytest.approx(113 + 27 / 60 + 7.2 / 3600)


@pytest.mark.parametrize("content", [b"", b"a,b\n1,2\n", b"\xd0\xcf\x11\xe0abc", b"PK\x03\x04abc", b"\xff\xfe\x00"])
def test_other_files_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.xlsx"
    path.write_bytes(content)
    with pytest.raises(ReadError):
        read_coordinate_table(path)


PARCELS = GeoDataFrame(
    {"id": ["440783001002003001", "=1+1"], "name": ["甲地块", "乙, 丙"]},
    geometry=[
        box(38_460_000, 2_559_900, 38_460_100, 2_560_000).difference(box(38_460_010, 2_559_910, 38_460_020, 2_559_920)),
        MultiPolygon([box(38_461_000, 2_559_900, 38_461_100.123, 2_560_000),
                      box(38_462_000, 2_559_900, 38_462_001, 2_560_000)]),
    ],
    crs=4526,
)  # fmt: skip


@pytest.mark.parametrize("suffix", [".xlsx", ".csv"])
def test_write_read_same(tmp_path: Path, suffix: str) -> None:
    written = write_coordinate_table(PARCELS, tmp_path / f"成果{suffix}")
    parcels = read_coordinate_table(written.path)
    guarded = "=1+1" if suffix == ".xlsx" else "'=1+1"  # tE01: no formula may live in a CSV
    assert parcels.frame["id"].to_list() == ["440783001002003001", guarded]
    assert parcels.frame["name"].to_list() == ["甲地块", "乙， 丙"]
    assert parcels.frame.area.to_list() == pytest.approx(PARCELS.area.to_list(), abs=1e-6)
    assert parcels.frame.crs.to_epsg() == 4526
    assert [f.code for f in written.findings] == ["F-TXT-21", *(["F-OUT-06"] if suffix == ".csv" else [])]
    assert codes(parcels) == []


def test_the_declared_area_of_the_workbook_is_checked_when_read_again(tmp_path: Path) -> None:
    write_coordinate_table(PARCELS, tmp_path / "x.xlsx")
    frame = read_coordinate_table(tmp_path / "x.xlsx").frame
    assert frame["declared_area_m2"].to_list() == pytest.approx([9899.6, 10_111.9], abs=0.6)


def test_txt_and_table_say_the_same(tmp_path: Path) -> None:
    write_boundary_txt(PARCELS, tmp_path / "x.txt")
    write_coordinate_table(read_boundary_txt(tmp_path / "x.txt").frame, tmp_path / "x.xlsx")
    again = read_coordinate_table(tmp_path / "x.xlsx").frame
    assert again.geom_equals(read_boundary_txt(tmp_path / "x.txt").frame, align=False).all()


@settings(max_examples=80, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 10_000), st.integers(0, 255), st.booleans())
def test_one_wrong_byte_gives_parcels_or_our_error(tmp_path: Path, at: int, byte: int, excel: bool) -> None:
    path = excel_file(tmp_path, square()) if excel else csv_file(tmp_path, square())
    raw = bytearray(path.read_bytes())
    raw[at % len(raw)] = byte
    path.write_bytes(bytes(raw))
    try:
        assert len(read_coordinate_table(path).frame) >= 1
    except EcospaceError as error:
        assert error.code


@settings(
    max_examples=200, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(
        st.lists(
            st.sampled_from(["", "X", "Y", "点号", "2560000", "38460100", "面积(亩)", "第2页", "x：1"]), max_size=5
        ),
        max_size=8,
    )
)
def test_any_table_gives_parcels_or_our_error(tmp_path: Path, rows: list[list[object]]) -> None:
    try:
        read_coordinate_table(csv_file(tmp_path, rows))
    except EcospaceError as error:
        assert error.code
