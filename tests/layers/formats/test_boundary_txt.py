"""Boundary-point text files: every variant met, strict where a number is at stake."""

from __future__ import annotations

from pathlib import Path

import pytest
from geopandas import GeoDataFrame
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely.geometry import MultiPolygon, Polygon, box

from ecospace.crs import StudyCRS, geodesic_area
from ecospace.errors import CRSError, DataError, EcospaceError, GeometryError, ReadError
from ecospace.layers.formats.boundary_txt import read_boundary_txt
from ecospace.layers.formats.boundary_txt_writer import write_boundary_txt
from tests.parcel_texts import DK001, DK002, HEADER

#: A plain square of 100 m: one hectare.
SQUARE = """5,1.0000,DK1,甲地块,面,,工业用地,0601,@
J1,1,2560000.000,38460000.000
J2,1,2560000.000,38460100.000
J3,1,2559900.000,38460100.000
J4,1,2559900.000,38460000.000
J1,1,2560000.000,38460000.000
"""


def written(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    path = folder / "地块.txt"
    path.write_bytes(text.encode(encoding))
    return path


def codes(parcels: object) -> list[str]:
    return [finding.code for finding in parcels.findings if finding.code != "F-TXT-06"]  # type: ignore[attr-defined]


@pytest.fixture(scope="session")
def worked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("txt"), HEADER + DK001 + DK002)


def test_the_worked_example_of_the_standard(worked: Path) -> None:
    parcels = read_boundary_txt(worked)
    frame = parcels.frame
    assert frame.crs.to_epsg() == 4526
    assert frame.area.to_list() == [110_000.0, 17_500.0]
    assert frame.geom_type.to_list() == ["Polygon", "MultiPolygon"]
    assert [len(frame.geometry.iloc[0].interiors), len(frame.geometry.iloc[1].geoms)] == [1, 2]
    ellipsoid = [geodesic_area(shape, frame.crs) for shape in frame.geometry]
    assert ellipsoid == pytest.approx([109_995.70, 17_499.33], abs=0.005)
    study = StudyCRS.for_boundary(frame).bring(frame)
    assert study.area.to_list() == pytest.approx(ellipsoid, abs=0.001)
    assert frame["declared_area_m2"].to_list() == pytest.approx([109_996.0, 17_499.0], abs=1e-9)
    assert frame[["id", "name", "sheet", "use"]].iloc[0].to_list() == ["DK001", "地块一", "F49G028080", "工业用地"]
    assert parcels.header["数据产生单位"] == "XX市自然资源局"
    assert codes(parcels) == []


@pytest.mark.data
@pytest.mark.parametrize("name", ["parcel_pengbu_utf8.txt", "parcel_pengbu_gb18030_crlf.txt"])
def test_a_real_parcel_in_both_encodings(data: Path, name: str) -> None:
    parcels = read_boundary_txt(data / "formats" / name)
    (shape,) = parcels.frame.geometry
    assert parcels.frame["name"].to_list() == ["彭埠单元B/R-14地块"]
    assert parcels.frame.crs.to_epsg() == 4528
    assert parcels.frame["declared_area_m2"].to_list() == [57_089.0]
    assert shape.area == pytest.approx(57_089.50, abs=0.005)
    assert geodesic_area(shape, parcels.frame.crs) == pytest.approx(57_088.89, abs=0.005)
    assert shape.length == pytest.approx(930.37, abs=0.005)
    assert parcels.frame["points"].to_list() == [66]


def swap_columns(text: str) -> str:
    lines = [line.split(",") for line in text.splitlines()]
    return "\n".join(",".join([f[0], f[1], f[3], f[2]] if len(f) == 4 else f) for f in lines) + "\n"


VARIANTS = {
    "no version": (HEADER.replace("格式版本号=1.01版本\n", "") + SQUARE, []),
    "full-width version": (HEADER.replace("1.01版本", "1．01版本") + SQUARE, []),
    "分带=3度带": (HEADER.replace("几度分带=3", "分带=3度带") + SQUARE, []),
    "带号 empty": (HEADER.replace("带号=38", "带号=") + SQUARE, ["F-CRS-21"]),
    "精度=3": (HEADER.replace("精度=0.001", "精度=3") + SQUARE, []),
    "精度 empty": (HEADER.replace("精度=0.001", "精度=") + SQUARE, []),
    "六个逗号": (HEADER.replace(",,,,,,", "0,0,0,0,0,0,0") + SQUARE, []),
    "七个逗号": (HEADER.replace(",,,,,,", ",,,,,,,") + SQUARE, []),
    "CGCS2000": (HEADER.replace("2000国家大地坐标系", "CGCS2000") + SQUARE, []),
    "parameters of a transformation": (HEADER.replace("=,,,,,,", "=12.3,0,0,0,0,0,0") + SQUARE, ["F-TXT-11"]),
    "unknown key": (HEADER.replace("[地块坐标]", "备注说明=报批\n[地块坐标]") + SQUARE, []),
    "other section": ("[项目信息]\n项目名称=某项目\n" + HEADER + SQUARE, []),
    "full-width brackets": ((HEADER + SQUARE).replace("[", "【").replace("]", "】"), []),
    "full-width equals": (HEADER.replace("=", "＝") + SQUARE, []),
    "full-width commas": (HEADER + SQUARE.replace(",", "，"), ["F-TXT-01"]),
    "full-width digits": (HEADER + SQUARE.replace("2560000.000", "２５６００００．０００"), ["F-TXT-01"]),
    "full-width @": (HEADER + SQUARE.replace("@", "＠"), []),
    "no @": (HEADER + SQUARE.replace(",@", ","), ["F-TXT-02"]),
    "six commas": (HEADER + SQUARE.replace("面,,工业用地,0601,@", "面,,@"), []),
    "nine commas": (HEADER + SQUARE.replace("0601,@", "0601,,@"), []),
    "thirteen fields": (HEADER + SQUARE.replace("0601,@", "0601,图斑,旱地,7,6,备注,@"), []),
    "name with commas": (HEADER + SQUARE.replace("甲地块", "甲,乙,丙地块"), []),
    "name with full-width comma": (HEADER + SQUARE.replace("甲地块", "甲，乙地块"), []),
    "kind empty": (HEADER + SQUARE.replace(",面,", ",,"), ["F-TXT-03"]),
    "area in m2": (HEADER + SQUARE.replace("5,1.0000", "5,9999.57"), ["F-TXT-08"]),
    "area empty": (HEADER + SQUARE.replace("5,1.0000", "5,"), []),
    "labels J01": (HEADER + SQUARE.replace("J", "J0"), []),
    "labels 1": (HEADER + SQUARE.replace("J", ""), []),
    "closed under a new name": (HEADER + SQUARE[: SQUARE.rindex("J1")] + "J5" + SQUARE[SQUARE.rindex("J1") + 2 :], []),
    "not closed": (HEADER + SQUARE[: SQUARE.rindex("J1")].replace("5,1.0", "4,1.0"), ["F-RING-01"]),
    "not closed, counted as if": (HEADER + SQUARE[: SQUARE.rindex("J1")], ["F-RING-01"]),
    "count without closing": (HEADER + SQUARE.replace("5,1.0", "4,1.0"), []),
    "count wrong but area right": (HEADER + SQUARE.replace("5,1.0", "7,1.0"), ["F-TXT-10"]),
    "point twice": (
        HEADER + SQUARE.replace("J3,", "J2,1,2560000.000,38460100.000\nJ3,").replace("5,1", "6,1"), ["F-RING-03"]),
    "height": (HEADER + SQUARE.replace("00.000\n", "00.000,12.5\n"), ["F-TXT-04"]),
    "trailing commas": (HEADER + SQUARE.replace("00.000\n", "00.000,\n"), []),
    "blank lines and blanks": (HEADER + SQUARE.replace("\n", " \n\n").replace(",", " , "), []),
    "plain eastings": (HEADER + SQUARE.replace(",38460", ",460"), ["F-CRS-22"]),
    "central meridian": (HEADER.replace("带号=38", "中央子午线=114") + SQUARE.replace(",38460", ",460"), ["F-CRS-22"]),
    "six degrees": (
        HEADER.replace("带号=38", "带号=20").replace("分带=3", "分带=6") + SQUARE.replace(",38460", ",20460"), []),
}  # fmt: skip


@pytest.mark.parametrize("name", VARIANTS)
def test_every_variant_met_gives_the_same_hectare(tmp_path: Path, name: str) -> None:
    text, expected = VARIANTS[name]
    parcels = read_boundary_txt(written(tmp_path, text))
    (shape,) = parcels.frame.geometry
    assert shape.area == pytest.approx(10_000, abs=1e-6)
    assert codes(parcels) == expected
    assert parcels.frame["id"].to_list() == ["DK1"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_encodings_and_line_ends(tmp_path: Path, encoding: str, newline: str) -> None:
    parcels = read_boundary_txt(written(tmp_path, (HEADER + SQUARE).replace("\n", newline), encoding))
    assert parcels.frame["name"].to_list() == ["甲地块"]
    assert parcels.frame.area.to_list() == [10_000.0]


def test_findings_count_the_lines_and_name_them(tmp_path: Path) -> None:
    parcels = read_boundary_txt(written(tmp_path, HEADER + SQUARE.replace(",", "，")))
    (finding,) = [finding for finding in parcels.findings if finding.code == "F-TXT-01"]
    assert finding.count == 6 and "13, 14, 15, 16, 17, 18" in finding.text


def test_names_and_extra_fields_are_kept(tmp_path: Path) -> None:
    text, _codes = VARIANTS["thirteen fields"]
    assert read_boundary_txt(written(tmp_path, text)).frame["extra"].to_list() == ["图斑,旱地,7,6,备注"]
    text, _codes = VARIANTS["name with commas"]
    assert read_boundary_txt(written(tmp_path, text)).frame["name"].to_list() == ["甲,乙,丙地块"]
    text, _codes = VARIANTS["other section"]
    assert read_boundary_txt(written(tmp_path, text)).header["项目信息/项目名称"] == "某项目"


def test_tC12_parts_that_all_have_ring_number_1_are_told_apart(tmp_path: Path) -> None:
    same = DK001.replace(",2,", ",1,") + DK002.replace(",2,", ",1,")
    assert read_boundary_txt(written(tmp_path, HEADER + same)).frame.area.to_list() == [110_000.0, 17_500.0]


def test_tC12_a_hole_is_cut_and_a_part_added_whatever_the_order(tmp_path: Path) -> None:
    lines = DK001.splitlines()
    hole_first = "\n".join([lines[0], *lines[6:], *lines[1:6]]) + "\n"
    assert read_boundary_txt(written(tmp_path, HEADER + hole_first)).frame.area.to_list() == [110_000.0]


def test_lines_and_points(tmp_path: Path) -> None:
    line = SQUARE.replace(",面,", ",线,").replace("5,1.0000", "5,0")
    point = "1,0,P1,界桩,点,,,,@\nJ1,1,2560000.000,38460000.000\n"
    frame = read_boundary_txt(written(tmp_path, HEADER + line + point)).frame
    assert frame.geom_type.to_list() == ["LineString", "Point"]
    assert frame.length.to_list() == [400.0, 0.0]
    short = "2,0,L1,界线,线,,,,@\n" + "\n".join(SQUARE.splitlines()[1:3])
    assert read_boundary_txt(written(tmp_path, HEADER + short)).frame.length.to_list() == [100.0]
    with pytest.raises(GeometryError, match="E-GEO-47"):
        read_boundary_txt(written(tmp_path, HEADER + short.rpartition("\n")[0].replace("2,0", "1,0")))


STOPS = {
    "tC12 X and Y exchanged": (HEADER + swap_columns(SQUARE), CRSError, "E-CRS-28"),
    "带号 contradicts": (HEADER.replace("带号=38", "带号=39") + SQUARE, CRSError, "E-CRS-22"),
    "几度分带 contradicts": (HEADER.replace("几度分带=3", "几度分带=6") + SQUARE, CRSError, "E-CRS-24"),
    "tC11 1_000": (HEADER + SQUARE.replace("2559900.000", "2_559_900"), ReadError, "E-READ-60"),
    "tC11 nan": (HEADER + SQUARE.replace("2559900.000", "nan"), ReadError, "E-READ-60"),
    "tC11 inf": (HEADER + SQUARE.replace("2559900.000", "inf"), ReadError, "E-READ-60"),
    "tC11 Arabic digits": (HEADER + SQUARE.replace("2559900.000", "٢٥٥٩٩٠٠"), ReadError, "E-READ-60"),
    "tC11 exponent": (HEADER + SQUARE.replace("38460100.000", "3.85E+07"), ReadError, "E-READ-60"),
    "tC11 decimal comma": (HEADER + SQUARE.replace("2559900.000", "2559900,000"), CRSError, "E-CRS-30"),
    "missing field": (HEADER + SQUARE.replace("J3,1,", "J3,"), ReadError, "E-READ-64"),
    "ring number": (HEADER + SQUARE.replace("J3,1,", "J3,A,"), ReadError, "E-READ-64"),
    "point before head": (HEADER + SQUARE[SQUARE.index("J1") :], ReadError, "E-READ-64"),
    "head": (HEADER + SQUARE.replace("5,1.0000", "五,1.0000"), ReadError, "E-READ-65"),
    "first point at two places": (
        HEADER + SQUARE[: SQUARE.rindex("2560000")] + "2560001.000,38460000.000\n", ReadError, "E-READ-66"),
    "count wrong, no area": (HEADER + SQUARE.replace("5,1.0000", "9,"), ReadError, "E-READ-67"),
    "area wrong": (HEADER + SQUARE.replace("1.0000", "1.2000"), DataError, "E-DATA-91"),
    "area in mu": (HEADER + SQUARE.replace("1.0000", "15.0000"), DataError, "亩"),
    "one digit wrong": (HEADER + SQUARE.replace("J2,1,2560000", "J2,1,2560900"), DataError, "E-DATA-91"),
    "no parcel": (HEADER, ReadError, "E-READ-63"),
    "parcel without points": (HEADER + SQUARE.splitlines()[0], ReadError, "E-READ-68"),
    "points in a wrong order": (
        HEADER + "5,,DK1,甲,面,,,,@\n" + "\n".join(SQUARE.splitlines()[at] for at in (1, 3, 2, 4, 5)),
        GeometryError, "E-GEO-46"),
    "another unit": (HEADER.replace("计量单位=米", "计量单位=公里") + SQUARE, CRSError, "E-CRS-43"),
    "another projection": (HEADER.replace("高斯克吕格", "兰伯特") + SQUARE, CRSError, "E-CRS-43"),
    "rings cross": (HEADER + DK001.replace("38460200", "38460900"), GeometryError, "E-GEO-41"),
    "hole as large as the parcel": (
        HEADER + SQUARE.replace("5,1.0", "10,") + SQUARE[SQUARE.index("J1") :].replace(",1,", ",2,"),
        GeometryError, "E-GEO-42"),
}  # fmt: skip


@pytest.mark.parametrize("name", STOPS)
def test_what_would_give_a_wrong_number_stops(tmp_path: Path, name: str) -> None:
    text, kind, expected = STOPS[name]
    with pytest.raises(kind, match=expected) as caught:
        read_boundary_txt(written(tmp_path, text))
    assert caught.value.cure and caught.value.file


def test_messages_name_the_line_and_quote_it(tmp_path: Path) -> None:
    text = HEADER + SQUARE.replace("J3,1,2559900.000", "J3,1,2559900.0OO")
    with pytest.raises(ReadError, match=r"16.*J3,1,2559900\.0OO"):
        read_boundary_txt(written(tmp_path, text))


def test_the_advice_of_the_messages_works(tmp_path: Path) -> None:
    swapped = written(tmp_path, HEADER + swap_columns(SQUARE))
    with pytest.raises(CRSError, match="swap = true"):
        read_boundary_txt(swapped)
    assert read_boundary_txt(swapped, swap=True).frame.area.to_list() == [10_000.0]

    template = written(tmp_path, HEADER.replace("带号=38", "带号=39") + SQUARE)
    with pytest.raises(CRSError, match='crs = "EPSG:4526"'):
        read_boundary_txt(template)
    parcels = read_boundary_txt(template, crs="EPSG:4526")
    assert parcels.frame.crs.to_epsg() == 4526 and "E-CRS-22" in codes(parcels)

    unlike = written(tmp_path, HEADER + SQUARE.replace("1.0000", "1.2000"))
    parcels = read_boundary_txt(unlike, declared_area="ignore")
    assert codes(parcels) == ["E-DATA-91"] and parcels.frame["declared_area_m2"].isna().all()


def test_tA01_without_a_system_nothing_is_assumed(tmp_path: Path) -> None:
    parcels = read_boundary_txt(written(tmp_path, HEADER.replace("坐标系=2000国家大地坐标系", "坐标系=") + SQUARE))
    assert parcels.frame.crs is None
    assert parcels.crs_proposal == 'crs = "EPSG:4526"'
    assert codes(parcels) == ["E-CRS-21"]


def test_degrees_minutes_and_seconds(tmp_path: Path) -> None:
    head = HEADER.replace("几度分带=3", "几度分带=").replace("带号=38", "带号=").replace("计量单位=米", "计量单位=度")
    points = ["22°08′00″,113°30′00″", "22°08′00″,113°30′10″", "22°07′50″,113°30′10″", "22°07′50″,113°30′00″"]
    body = "4,,DK1,甲,面,,,,@\n" + "".join(f"J{i},1,{point}\n" for i, point in enumerate(points, 1))
    frame = read_boundary_txt(written(tmp_path, head + body)).frame
    assert frame.crs.to_epsg() == 4490
    assert frame.total_bounds == pytest.approx([113.5, 22 + 470 / 3600, 113.5 + 10 / 3600, 22 + 8 / 60])
    packed = body.replace("°", ".").replace("′", "").replace("″", "")
    with pytest.raises(CRSError, match="E-CRS-31"):
        read_boundary_txt(written(tmp_path, head + packed))
    again = read_boundary_txt(written(tmp_path, head + packed), angles="dms").frame
    assert again.total_bounds == pytest.approx(frame.total_bounds, abs=1e-11)


def test_tA08_an_old_datum_is_read_and_marked(tmp_path: Path) -> None:
    parcels = read_boundary_txt(written(tmp_path, HEADER.replace("2000国家大地坐标系", "1980西安坐标系") + SQUARE))
    assert parcels.frame.crs.to_epsg() == 2362
    assert codes(parcels) == ["F-CRS-23"]
    county = GeoDataFrame(geometry=[box(113, 22, 114, 24)], crs=4490)
    with pytest.raises(CRSError, match="E-CRS-03"):
        StudyCRS.for_boundary(county).bring(parcels.frame)


def test_repeated_ids_are_told_apart(tmp_path: Path) -> None:
    frame = read_boundary_txt(written(tmp_path, HEADER + SQUARE + SQUARE)).frame
    assert frame.index.to_list() == ["DK1", "DK1#2"]
    assert frame["id"].to_list() == ["DK1", "DK1"]


# Writing


@pytest.mark.parametrize("encoding", ["gb18030", "utf-8"])
def test_write_read_same(worked: Path, tmp_path: Path, encoding: str) -> None:
    first = read_boundary_txt(worked)
    result = write_boundary_txt(first.frame, tmp_path / "出.txt", header=first.header, encoding=encoding)
    assert result.features == 2 and result.findings == ()
    raw = result.path.read_bytes()
    assert raw.count(b"\r\n") == raw.count(b"\n") == 12 + 20
    again = read_boundary_txt(result.path)
    assert again.header == first.header
    assert again.frame.drop(columns="geometry").equals(first.frame.drop(columns="geometry"))
    assert again.frame.geom_equals(first.frame, align=False).all()
    assert codes(again) == []


def test_the_strict_form(worked: Path, tmp_path: Path) -> None:
    path = write_boundary_txt(read_boundary_txt(worked).frame, tmp_path / "x.txt", encoding="utf-8").path
    lines = path.read_text("utf-8").splitlines()
    assert lines[12] == "10,10.9996,DK001,地块一,面,F49G028080,工业用地,,@"
    assert lines[13] == "J1,1,2560000.000,38460000.000"  # north-west corner
    assert lines[14] == "J2,1,2560000.000,38460400.000"  # clockwise
    assert lines[17] == "J1,1,2560000.000,38460000.000"
    assert lines[18].startswith("J5,2,")


def test_writing_adds_the_zone_and_refuses_another_datum(tmp_path: Path) -> None:
    plain = GeoDataFrame({"id": ["a"]}, geometry=[box(460_000, 2_559_900, 460_100, 2_560_000)], crs=4547)
    write_boundary_txt(plain, tmp_path / "x.txt")
    again = read_boundary_txt(tmp_path / "x.txt").frame
    assert again.crs.to_epsg() == 4526
    assert again.total_bounds.tolist() == [38_460_000.0, 2_559_900.0, 38_460_100.0, 2_560_000.0]

    degrees = plain.to_crs(4490)
    with pytest.raises(CRSError, match="EPSG:4526"):
        write_boundary_txt(degrees, tmp_path / "y.txt")
    write_boundary_txt(degrees, tmp_path / "y.txt", crs="EPSG:4526")
    assert read_boundary_txt(tmp_path / "y.txt").frame.area.iloc[0] == pytest.approx(10_000, abs=0.2)
    with pytest.raises(CRSError, match="E-CRS-36"):
        write_boundary_txt(degrees.set_crs(4326, allow_override=True), tmp_path / "z.txt", crs="EPSG:4526")
    assert not (tmp_path / "z.txt").exists()


def test_texts_that_the_format_cannot_hold_are_replaced_and_counted(tmp_path: Path) -> None:
    frame = GeoDataFrame({"id": ["a"], "name": ["一,二@\n三"]}, geometry=[box(0, 0, 10, 10)], crs=4526)
    frame = frame.set_geometry(frame.translate(38_460_000, 2_560_000))
    result = write_boundary_txt(frame, tmp_path / "x.txt")
    assert [finding.code for finding in result.findings] == ["F-TXT-21"]
    assert read_boundary_txt(result.path).frame["name"].to_list() == ["一，二＠ 三"]


coordinates = st.tuples(st.integers(0, 40), st.integers(0, 40))


@settings(max_examples=25, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(coordinates, st.integers(3, 30), st.booleans()), min_size=1, max_size=6))
def test_any_parcels_read_back_the_same(tmp_path: Path, drawn: list[tuple[tuple[int, int], int, bool]]) -> None:
    shapes = []
    for (i, j), size, with_hole in drawn:
        east, north = 38_400_000 + i * 997.3, 2_400_000 + j * 1009.1
        shell = box(east, north, east + size, north + size)
        hole = box(east + 1, north + 1, east + size / 2, north + size / 2)
        other = Polygon([(east + 50, north), (east + 60, north), (east + 55, north + size)])
        shapes.append(MultiPolygon([shell.difference(hole) if with_hole else shell, other]))
    frame = GeoDataFrame({"id": [f"地{i}" for i in range(len(shapes))]}, geometry=shapes, crs=4526)
    write_boundary_txt(frame, tmp_path / "x.txt", decimals=4)
    again = read_boundary_txt(tmp_path / "x.txt").frame
    assert again["id"].to_list() == frame["id"].to_list()
    assert again.area.to_numpy() == pytest.approx(frame.area.to_numpy(), abs=0.05)


@settings(
    max_examples=300, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.integers(0, 600), st.integers(0, 255), st.sampled_from(["utf-8", "gbk", "utf-16"]))
def test_one_wrong_byte_gives_parcels_or_our_error(tmp_path: Path, at: int, byte: int, encoding: str) -> None:
    raw = bytearray((HEADER + DK002).encode(encoding))
    raw[at % len(raw)] = byte
    path = tmp_path / "x.txt"
    path.write_bytes(bytes(raw))
    try:
        frame = read_boundary_txt(path).frame
    except EcospaceError:
        return
    assert len(frame) >= 1 and frame.geometry.is_valid.all()


@settings(
    max_examples=200, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.text(alphabet="[]属性描述地块坐标=,，@J12.\n面 1９", max_size=200))
def test_any_text_gives_parcels_or_our_error(tmp_path: Path, text: str) -> None:
    for content in (text, "[地块坐标]\n" + text, HEADER + text):
        try:
            read_boundary_txt(written(tmp_path, content))
        except EcospaceError as error:
            assert error.code and error.cure
