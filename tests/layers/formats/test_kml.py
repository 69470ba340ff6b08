"""KML and KMZ: every placemark read or named."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from geopandas import GeoDataFrame
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, MultiPolygon, Point, Polygon, box

from ecospace.errors import CRSError, EcospaceError, GeometryError, ReadError, UnsafeError, WriteError
from ecospace.layers.formats.kml import read_kml
from ecospace.layers.formats.kml_writer import write_kml

SQUARE = "113.0,22.0 113.1,22.0 113.1,22.1 113.0,22.1 113.0,22.0"


def kml(body: str, head: str = "") -> str:
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>{head}<kml xmlns="http://www.opengis.net/kml/2.2"><Document>'
        f"<name>图</name>{body}</Document></kml>"
    )


def polygon(coordinates: str, *holes: str, name: str = "甲") -> str:
    inner = "".join(
        f"<innerBoundaryIs><LinearRing><coordinates>{hole}</coordinates></LinearRing></innerBoundaryIs>"
        for hole in holes
    )
    return (
        f"<Placemark><name>{name}</name><Polygon><outerBoundaryIs><LinearRing><coordinates>{coordinates}</coordinates>"
        f"</LinearRing></outerBoundaryIs>{inner}</Polygon></Placemark>"
    )


def file(folder: Path, text: str) -> Path:
    path = folder / "图.kml"
    path.write_text(text, encoding="utf-8")
    return path


def codes(parcels: object) -> list[str]:
    return [finding.code for finding in parcels.findings]  # type: ignore[attr-defined]


def test_tC08_every_folder_is_read(tmp_path: Path) -> None:
    body = f"<Folder><name>一</name>{polygon(SQUARE)}<Folder><name>二</name>{polygon(SQUARE)}</Folder></Folder>"
    parcels = read_kml(file(tmp_path, kml(body + polygon(SQUARE))), source="测量")
    assert parcels.frame["folder"].to_list() == ["一", "一 / 二", ""]
    assert parcels.frame.index.to_list() == ["1", "2", "3"]
    assert parcels.frame.crs.to_epsg() == 4326
    assert codes(parcels) == []


@pytest.mark.parametrize(
    ("coordinates", "expected"),
    [
        (SQUARE.replace(",", ", "), []),
        (SQUARE.replace(",", " , "), []),
        (SQUARE.replace(",", "，"), ["F-KML-01"]),
        (SQUARE.replace("113.1", "１１３．１"), ["F-KML-01"]),
        (SQUARE.replace(" ", ",15.5 ") + ",15.5", ["F-KML-06"]),
        (SQUARE.replace(" ", "\n\t"), []),
        (SQUARE.rpartition(" ")[0], ["F-RING-01"]),
    ],
)
def test_tC09_hand_made_coordinates_are_read_right(tmp_path: Path, coordinates: str, expected: list[str]) -> None:
    parcels = read_kml(file(tmp_path, kml(polygon(coordinates))), source="测量")
    assert parcels.frame.geometry.iloc[0].equals(box(113, 22, 113.1, 22.1))
    assert codes(parcels) == expected


@pytest.mark.parametrize(
    ("coordinates", "kind", "expected"),
    [
        (SQUARE.replace(" ", ","), ReadError, "E-READ-83"),
        (SQUARE.replace(" ", ",0") + ",0", ReadError, "E-READ-83"),
        ("22.0,113.0 22.1,113.0 22.1,113.1 22.0,113.1", CRSError, "E-CRS-28"),
        ("113°00′,22°00′ 113°06′,22°00′ 113°06′,22°06′", ReadError, "E-READ-60"),
        ("38460000,2560000 38460100,2560000 38460100,2559900", CRSError, "E-CRS-26"),
        ("113.0,22.0 113.1,22.0", GeometryError, "E-GEO-40"),
        ("nan,22.0 113.1,22.0 113.1,22.1", ReadError, "E-READ-60"),
        ("", GeometryError, "E-GEO-40"),
    ],
)
def test_tC09_what_would_be_lost_or_moved_stops(tmp_path: Path, coordinates: str, kind: type, expected: str) -> None:
    with pytest.raises(kind, match=expected) as caught:
        read_kml(file(tmp_path, kml(polygon(coordinates))))
    assert caught.value.file and caught.value.cure


def test_the_advice_for_latitude_first_works(tmp_path: Path) -> None:
    path = file(tmp_path, kml(polygon("22.0,113.0 22.1,113.0 22.1,113.1 22.0,113.1")))
    with pytest.raises(CRSError, match="swap = true"):
        read_kml(path)
    assert read_kml(path, swap=True).frame.total_bounds.tolist() == [113.0, 22.0, 113.1, 22.1]


def test_holes_parts_and_extended_data(tmp_path: Path) -> None:
    hole = "113.02,22.02 113.04,22.02 113.04,22.04 113.02,22.04 113.02,22.02"
    data = (
        '<ExtendedData><Data name="面积"><value>1.5</value></Data><SchemaData schemaUrl="#s"><SimpleData name="name">乙'
        "</SimpleData></SchemaData></ExtendedData>"
    )
    multi = polygon(SQUARE, hole).replace("<Polygon>", data + "<MultiGeometry><Polygon>").replace(
        "</Polygon>", f"</Polygon>{polygon(SQUARE.replace('22.', '23.'))[24:-12]}</MultiGeometry>"
    )  # fmt: skip
    parcels = read_kml(file(tmp_path, kml(multi)))
    (row,) = parcels.frame.to_dict("records")
    assert isinstance(row["geometry"], MultiPolygon)
    assert row["geometry"].area == pytest.approx(0.01 + 0.01 - 0.0004)
    assert (row["name"], row["name_"], row["面积"], row["kind"]) == ("甲", "乙", "1.5", "面")


def test_tB04_a_hole_outside_its_outline_stops(tmp_path: Path) -> None:
    with pytest.raises(GeometryError, match="E-GEO-44"):
        read_kml(file(tmp_path, kml(polygon(SQUARE, SQUARE.replace("22.", "23.")))))
    with pytest.raises(GeometryError, match="E-GEO-41"):
        read_kml(file(tmp_path, kml(polygon(SQUARE, "113.05,22.0 113.15,22.0 113.15,22.1 113.05,22.1"))))
    with pytest.raises(GeometryError, match="E-GEO-42"):
        read_kml(file(tmp_path, kml(polygon(SQUARE, SQUARE))))


def test_tB18_heights_go_and_are_counted(tmp_path: Path) -> None:
    parcels = read_kml(file(tmp_path, kml("<Placemark><Point><coordinates>113,22,5</coordinates></Point></Placemark>")))
    assert not parcels.frame.has_z.any()
    assert [f.count for f in parcels.findings if f.code == "F-KML-06"] == [1]


def test_what_is_not_read_is_named(tmp_path: Path) -> None:
    link = "<NetworkLink><Link><href>http://a.b/c.kml</href></Link></NetworkLink>"
    empty = "<Placemark><name>空</name></Placemark>"
    parcels = read_kml(file(tmp_path, kml(polygon(SQUARE) + link + empty)))
    assert set(codes(parcels)) == {"F-KML-02", "F-KML-04", "F-KML-05"}
    assert [f.features for f in parcels.findings if f.code == "F-KML-02"] == [("空",)]
    with pytest.raises(ReadError, match="E-READ-82"):
        read_kml(file(tmp_path, kml(link)))


def test_tS07_a_doctype_is_refused(tmp_path: Path) -> None:
    head = '<!DOCTYPE kml [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
    with pytest.raises(UnsafeError, match="E-SAFE-40"):
        read_kml(file(tmp_path, kml(polygon(SQUARE, name="&a;"), head)))


def test_tA07_the_base_map_has_to_be_named(tmp_path: Path) -> None:
    path = file(tmp_path, kml(polygon(SQUARE)))
    assert codes(read_kml(path)) == ["F-KML-05"]
    assert codes(read_kml(path, source="2024 年实测")) == []


def test_a_kmz_with_several_documents_needs_a_choice(tmp_path: Path) -> None:
    path = tmp_path / "a.kmz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("甲.kml", kml(polygon(SQUARE)))
        archive.writestr("乙.kml", kml(polygon(SQUARE)))
    with pytest.raises(ReadError, match="E-READ-81"):
        read_kml(path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("doc.kml", kml(polygon(SQUARE, name="主")))
    assert read_kml(path).frame["name"].to_list() == ["主"]


@pytest.mark.data
def test_real_files(data: Path) -> None:
    trails = read_kml(data / "formats" / "HeritageTrailsKML.kml").frame
    assert len(trails) == 19 and set(trails["kind"]) == {"点"}
    assert trails["description"].str.contains("Ang Mo Kio").any()


@pytest.mark.data
@pytest.mark.slow
def test_a_real_kmz_of_34639_points(data: Path) -> None:
    frame = read_kml(data / "formats" / "ON_STREET_PARK_PT.kmz").frame
    assert len(frame) == 34_639
    assert frame.total_bounds.round(3).tolist() == [113.862, 22.212, 114.319, 22.547]


# Writing

LAYER = GeoDataFrame(
    {"id": ["1", "2", "3"], "name": ["甲 <b>&", "乙", ""], "类": ["林地", "=1+1", None], "面积": [1.5, 2.0, 3.25]},
    geometry=[
        box(113, 22, 113.1, 22.1).difference(box(113.02, 22.02, 113.04, 22.04)),
        MultiPolygon([box(113, 23, 113.1, 23.1), box(114, 23, 114.1, 23.1)]),
        Polygon([(113, 24), (113.5, 24), (113.2, 24.5)]),
    ],
    crs=4490,
)


def test_write_read_same(tmp_path: Path) -> None:
    written = write_kml(LAYER, tmp_path / "出.kml", title="生态空间")
    again = read_kml(written.path, source="-")
    assert again.frame.geom_equals(LAYER.geometry.set_crs(4326, allow_override=True), align=False).all()
    assert again.frame["name"].to_list() == LAYER["name"].to_list()
    assert again.frame["类"].to_list() == ["林地", "=1+1", ""]
    assert again.frame["面积"].to_list() == ["1.5", "2.0", "3.25"]
    assert again.header["title"] == "生态空间"
    assert [f.code for f in written.findings] == ["F-CRS-01"]  # CGCS2000 taken as WGS 84, and said


def test_tE06_a_plane_layer_keeps_its_area_in_kml(tmp_path: Path) -> None:
    plane = LAYER.iloc[[0]].to_crs(4526)
    write_kml(plane, tmp_path / "x.kml")
    again = read_kml(tmp_path / "x.kml").frame.set_crs(4490, allow_override=True).to_crs(4526)
    assert again.area.iloc[0] == pytest.approx(plane.area.iloc[0], rel=1e-8)


def test_lines_points_and_control_characters(tmp_path: Path) -> None:
    mixed = GeoDataFrame(
        {"name": ["a\x00b", "p"]}, geometry=[LineString([(113, 22), (114, 23)]), Point(113, 22)], crs=4326
    )
    written = write_kml(mixed, tmp_path / "x.kml")
    assert [f.code for f in written.findings] == ["F-KML-21"]
    assert read_kml(tmp_path / "x.kml").frame["name"].to_list() == ["ab", "p"]


def test_tA08_beijing_54_is_not_written_as_wgs_84(tmp_path: Path) -> None:
    with pytest.raises(CRSError, match="E-CRS-03"):
        write_kml(LAYER.set_crs(4214, allow_override=True), tmp_path / "x.kml")
    assert not (tmp_path / "x.kml").exists()


def test_tE04_a_full_disk_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_kml(LAYER, tmp_path / "x.kml")
    before = (tmp_path / "x.kml").read_bytes()
    import ecospace.layers.formats.kml_writer as module

    whole = module._document

    def cut(*arguments: object) -> object:
        # What GDAL's KML driver leaves on a full disk: a file without its end.
        yield from list(whole(*arguments))[:-6]

    monkeypatch.setattr(module, "_document", cut)
    with pytest.raises((ReadError, WriteError)):
        write_kml(LAYER, tmp_path / "x.kml")
    assert (tmp_path / "x.kml").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["x.kml"]


SHARED_FOLDER = [HealthCheck.function_scoped_fixture]


@settings(max_examples=300, derandomize=True, deadline=None, suppress_health_check=SHARED_FOLDER)
@given(st.integers(0, 2000), st.integers(0, 255), st.booleans())
def test_one_wrong_byte_gives_placemarks_or_our_error(tmp_path: Path, at: int, byte: int, packed: bool) -> None:
    content = kml(polygon(SQUARE) + polygon(SQUARE, name="乙")).encode()
    path = tmp_path / "x.kmz"
    if packed:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("doc.kml", content)
        content = path.read_bytes()
    raw = bytearray(content)
    raw[at % len(raw)] = byte
    path.write_bytes(bytes(raw))
    try:
        assert len(read_kml(path).frame) >= 1
    except EcospaceError as error:
        assert error.code


@settings(max_examples=200, derandomize=True, deadline=None, suppress_health_check=SHARED_FOLDER)
@given(st.text(alphabet="0123456789.,- \n，。°ne", max_size=60))
def test_any_coordinates_give_a_shape_or_our_error(tmp_path: Path, text: str) -> None:
    try:
        read_kml(file(tmp_path, kml(polygon(text))))
    except EcospaceError as error:
        assert error.code
