"""The file traps of the trust study (tC): what every library reads in silence is read right, or named."""

from __future__ import annotations

import json
import sqlite3
import struct
import zipfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from ecospace.crs import gauss_zone
from ecospace.errors import DataError, EcospaceError, ReadError
from ecospace.layers.read import read_layer

from .formats.shapefiles import EAST, NORTH, square, write_dbf, write_shapefile

NAMES = ["生态保护红线", "一级保护区", "开平市"]
SQUARES = [[square(200 * number)] for number in range(3)]


def three(folder: Path, **more: object) -> Path:
    """Three squares with Chinese names, GBK without a hint."""
    return write_shapefile(folder / "red.shp", SQUARES, names=NAMES, **more)  # type: ignore[arg-type]


def codes(layer: object) -> list[str]:
    return [finding.code for finding in layer.findings]  # type: ignore[attr-defined]


@pytest.mark.parametrize("hint", [None, "OEM", "ANSI 936", "UTF-8", "GBK", "936", "54936", "ISO-8859-1", "nonsense"])
@pytest.mark.parametrize("language", [0, 0x57, 0x4D, 0x01])
@pytest.mark.parametrize("encoding", ["gb18030", "utf-8"])
def test_tC01_texts_are_read_by_their_bytes_whatever_the_hint(
    tmp_path: Path, hint: str | None, language: int, encoding: str
) -> None:
    path = three(tmp_path, encoding=encoding, language=language)
    if hint:
        path.with_suffix(".cpg").write_text(hint)
    layer = read_layer(path, keep={"MC": "生态保护红线"})
    assert layer.frame["MC"].tolist() == ["生态保护红线"]
    assert "F-TEXT-01" in codes(layer)


def test_tC01_a_wrong_hint_is_said(tmp_path: Path) -> None:
    path = three(tmp_path)
    path.with_suffix(".cpg").write_text("UTF-8")
    (finding,) = [finding for finding in read_layer(path).findings if finding.code == "F-TEXT-01"]
    assert finding.level == "warning"
    assert finding.count == 3


def test_tC01_one_value_in_another_encoding_is_read_and_counted(tmp_path: Path) -> None:
    raw = [name.encode("utf-8") for name in ["清溪镇人民政府", "凤岗镇人民政府"]] + ["樟木头".encode("gb18030")]
    layer = read_layer(write_shapefile(tmp_path / "a.shp", SQUARES, names=raw, width=40))
    assert layer.frame["MC"].tolist()[2] == "樟木头"
    (finding,) = [finding for finding in layer.findings if finding.code == "F-TEXT-01"]
    assert finding.level == "warning"


def test_tC01_field_names_are_decoded_and_kept_apart(tmp_path: Path) -> None:
    path = three(tmp_path, field="名称".encode("gb18030"))
    assert "名称" in read_layer(path).frame.columns
    rows = [[name.encode("gb18030"), b"x"] for name in NAMES]
    write_dbf(path.with_suffix(".dbf"), [("名称".encode("gb18030"), "C", 20, 0)] * 2, [[a, b] for a, b in rows])
    layer = read_layer(path)
    assert {"名称", "名称_2"} <= set(layer.frame.columns)
    assert "F-TEXT-04" in codes(layer)


@pytest.mark.parametrize("encoding", ["gb18030", "utf-8"])
def test_tC02_a_character_cut_at_the_end_of_its_field_is_counted(tmp_path: Path, encoding: str) -> None:
    raw = "国土空间".encode(encoding)[:-1]  # as a field one byte too short leaves it
    names = [raw, "一".encode(encoding), "二".encode(encoding)]
    layer = read_layer(write_shapefile(tmp_path / "a.shp", SQUARES, names=names, width=len(raw)))
    assert layer.frame["MC"].tolist() == ["国土空", "一", "二"]
    (finding,) = [finding for finding in layer.findings if finding.code == "F-TEXT-02"]
    assert finding.features == ("1",)


def test_tC02_a_field_name_cut_inside_a_character_does_not_stop_the_layer(tmp_path: Path) -> None:
    path = three(tmp_path, field="行政区名称".encode()[:10])
    layer = read_layer(path)
    assert "行政区" in layer.frame.columns
    assert "F-TEXT-04" in codes(layer)


class TestFilesThatDisagree:
    """tC05: .shp, .shx and .dbf of one layer say different things."""

    def test_tC05_a_short_dbf_names_the_shapes_without_row(self, tmp_path: Path) -> None:
        path = three(tmp_path)
        table = path.with_suffix(".dbf")
        raw = table.read_bytes()
        table.write_bytes(raw[:4] + struct.pack("<I", 2) + raw[8:-22])
        with pytest.raises(ReadError) as caught:
            read_layer(path)
        assert (caught.value.code, caught.value.features) == ("E-READ-38", ("3",))
        assert len(read_layer(path, on_error="leave out").frame) == 2

    def test_tC05_a_cut_dbf_names_the_shapes_without_row(self, tmp_path: Path) -> None:
        path = three(tmp_path)
        table = path.with_suffix(".dbf")
        table.write_bytes(table.read_bytes()[:-30])
        with pytest.raises(ReadError, match="E-READ-38"):
            read_layer(path)

    def test_tC05_a_deleted_row_is_named(self, tmp_path: Path) -> None:
        path = three(tmp_path)
        table = path.with_suffix(".dbf")
        raw = bytearray(table.read_bytes())
        raw[32 + 32 + 1 + 21] = ord("*")
        table.write_bytes(bytes(raw))
        with pytest.raises(ReadError) as caught:
            read_layer(path)
        assert (caught.value.code, caught.value.features) == ("E-READ-39", ("2",))

    def test_tC05_no_dbf_is_said(self, tmp_path: Path) -> None:
        path = three(tmp_path)
        path.with_suffix(".dbf").unlink()
        layer = read_layer(path)
        assert layer.frame.area.sum() == 30_000
        assert "F-READ-36" in codes(layer)

    def test_tC05_suffixes_in_other_case_are_found(self, tmp_path: Path) -> None:
        path = three(tmp_path)
        path.with_suffix(".dbf").rename(tmp_path / "red.DbF")
        path.with_suffix(".prj").rename(tmp_path / "red.PRJ")
        layer = read_layer(path)
        assert layer.frame["MC"].tolist() == NAMES
        assert layer.crs is not None

    def test_tC05_a_stale_index_is_passed_over(self, tmp_path: Path) -> None:
        path = three(tmp_path)
        other = write_shapefile(
            tmp_path / "other.shp", [[square(), square(30, 30, 10, clockwise=False)], [square(500)]]
        )
        path.with_suffix(".shx").write_bytes(other.with_suffix(".shx").read_bytes())
        layer = read_layer(path)
        assert layer.frame.area.tolist() == [10_000] * 3
        assert "F-READ-35" in codes(layer)

    def test_tC05_no_index_is_no_harm(self, tmp_path: Path) -> None:
        path = three(tmp_path)
        path.with_suffix(".shx").unlink()
        layer = read_layer(path)
        assert layer.frame.area.sum() == 30_000
        assert "F-READ-34" in codes(layer)


@pytest.mark.parametrize("cut", [1, 30, 140, 200])
def test_tC06_a_cut_shp_names_the_shapes_that_are_gone(tmp_path: Path, cut: int) -> None:
    path = three(tmp_path)
    whole = path.read_bytes()
    path.write_bytes(whole[:-cut])
    with pytest.raises(ReadError) as caught:
        read_layer(path)
    assert "3" in caught.value.features
    left = read_layer(path, on_error="leave out")
    assert len(left.frame) == (2 if cut < 136 else 1)


def test_tC06_less_than_a_header_is_no_shapefile(tmp_path: Path) -> None:
    path = three(tmp_path)
    path.write_bytes(path.read_bytes()[:90])
    with pytest.raises(ReadError, match="E-READ-32"):
        read_layer(path)


def test_tC06_a_record_that_claims_2_billion_points_is_named(tmp_path: Path) -> None:
    path = three(tmp_path)
    raw = bytearray(path.read_bytes())
    second = 100 + 8 + (len(raw) - 100) // 3
    raw[second + 8 + 36 - 8 + 4 : second + 8 + 36 - 8 + 8] = struct.pack("<i", 2**31 - 1)
    path.write_bytes(bytes(raw))
    with pytest.raises(ReadError) as caught:
        read_layer(path)
    assert (caught.value.code, caught.value.features) == ("E-READ-36", ("2",))


class TestZips:
    """tC07: archives as planners send them."""

    def pack(self, path: Path, *files: Path, names: dict[str, bytes] | None = None, folder: str = "") -> Path:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for stem in files:
                for member in sorted(stem.parent.glob(f"{stem.stem}.*")):
                    archive.write(member, f"{folder}{member.name}")
        return path

    def test_tC07_several_layers_need_a_choice(self, tmp_path: Path) -> None:
        write_shapefile(tmp_path / "river.shp", [[square(0, 0, 50)]])
        path = self.pack(tmp_path / "a.zip", three(tmp_path), tmp_path / "river.shp")
        with pytest.raises(ReadError, match=r"red.*river|river.*red"):
            read_layer(path)
        assert len(read_layer(path, layer="red").frame) == 3

    def test_tC07_a_sub_folder_with_a_chinese_name_in_gbk_is_found(self, tmp_path: Path) -> None:
        three(tmp_path)
        path = tmp_path / "a.zip"
        members = sorted(tmp_path.glob("red.*"))
        # As Windows writes it: names in GBK without the UTF-8 flag. zipfile cannot, so names of the same length are replaced.
        wanted = {member: f"红线/红线{member.suffix}".encode("gb18030") for member in members}
        with zipfile.ZipFile(path, "w") as archive:
            for number, member in enumerate(members):
                archive.writestr(str(number) * len(wanted[member]), member.read_bytes())
        raw = path.read_bytes()
        for number, member in enumerate(members):
            raw = raw.replace(str(number).encode() * len(wanted[member]), wanted[member])
        path.write_bytes(raw)
        layer = read_layer(path, layer="红线/红线")
        assert layer.frame["MC"].tolist() == NAMES
        assert layer.frame.area.sum() == 30_000

    def test_tC07_a_changed_byte_fails_the_checksum(self, tmp_path: Path) -> None:
        path = tmp_path / "a.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
            for member in sorted(three(tmp_path).parent.glob("red.*")):
                archive.write(member, member.name)
        raw = bytearray(path.read_bytes())
        place = raw.index(struct.pack("<d", EAST + 100))
        raw[place + 5] ^= 1
        path.write_bytes(bytes(raw))
        with pytest.raises(ReadError, match="E-READ-24"):
            read_layer(path)


def two_layers(path: Path) -> Path:
    for name, side in (("红线", 100), ("河流", 50)):
        frame = gpd.GeoDataFrame(
            {"MC": [name]}, geometry=[shapely.box(EAST, NORTH, EAST + side, NORTH + side)], crs=gauss_zone(114)
        )
        frame.to_file(path, layer=name, driver="GPKG", engine="pyogrio")
    return path


def test_tC08_a_layer_is_never_chosen_by_chance(tmp_path: Path) -> None:
    path = two_layers(tmp_path / "a.gpkg")
    with pytest.raises(ReadError, match=r"红线.*河流") as caught:
        read_layer(path)
    assert "layer = " in caught.value.cure
    assert read_layer(path, layer="河流").frame.area.sum() == 2_500
    with pytest.raises(ReadError, match="E-READ-27"):
        read_layer(path, layer="湖泊")


class TestNumbers:
    """tC14: numbers of a DBF and of GeoJSON."""

    def numbers(self, tmp_path: Path, *values: bytes, width: int = 12, decimals: int = 2) -> object:
        path = write_shapefile(tmp_path / "a.shp", [[square(200 * n)] for n in range(len(values))])
        write_dbf(path.with_suffix(".dbf"), [(b"MJ", "N", width, decimals)], [[value.rjust(width)] for value in values])
        return read_layer(path)

    def test_tC14_asterisks_are_named(self, tmp_path: Path) -> None:
        layer = self.numbers(tmp_path, b"1.50", b"************", b"2.50")
        assert layer.frame["MJ"].tolist()[::2] == [1.5, 2.5]  # type: ignore[attr-defined]
        (finding,) = [finding for finding in layer.findings if finding.code == "F-TEXT-08"]  # type: ignore[attr-defined]
        assert (finding.level, finding.features) == ("warning", ("2",))

    @pytest.mark.parametrize("value", [b"12,5", b"1_000", b"nan", b"inf", b"1e999", b"--1"])
    def test_tC14_what_is_no_number_makes_no_hole_in_a_sum(self, tmp_path: Path, value: bytes) -> None:
        layer = self.numbers(tmp_path, b"1.50", value)
        assert layer.frame["MJ"].tolist() == ["1.50", value.decode()]  # type: ignore[attr-defined]
        (finding,) = [finding for finding in layer.findings if finding.code == "F-TEXT-05"]  # type: ignore[attr-defined]
        assert finding.features == ("2",)

    def test_tC14_long_codes_keep_their_digits(self, tmp_path: Path) -> None:
        layer = self.numbers(tmp_path, b"441900000000000001", b"441900000000000002", width=18, decimals=0)
        assert [int(value) for value in layer.frame["MJ"]] == [441900000000000001, 441900000000000002]  # type: ignore[attr-defined]
        gapped = self.numbers(tmp_path, b"441900000000000001", b"", width=18, decimals=0)
        assert int(gapped.frame["MJ"].iloc[0]) == 441900000000000001  # type: ignore[attr-defined]

    def test_tC14_whole_numbers_beyond_64_bits_stay_text(self, tmp_path: Path) -> None:
        path = tmp_path / "a.geojson"
        ring = [[113.1, 23.1], [113.2, 23.1], [113.2, 23.2], [113.1, 23.1]]
        feature = {
            "type": "Feature",
            "properties": {"BSM": 2**64 + 1},
            "geometry": {"type": "Polygon", "coordinates": [ring]},
        }
        path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
        assert read_layer(path).frame["BSM"].tolist() == ["18446744073709551617"]


def test_tC15_a_stale_spatial_index_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.gpkg"
    frame = gpd.GeoDataFrame(
        {"n": range(25)}, geometry=[shapely.box(x, NORTH, x + 10, NORTH + 10) for x in EAST + 20 * np.arange(25)],
        crs=gauss_zone(114),
    )  # fmt: skip
    frame.to_file(path, driver="GPKG", layer="a", engine="pyogrio")
    with sqlite3.connect(path) as base:
        base.execute("DELETE FROM rtree_a_geom_rowid")
    base.close()
    assert len(read_layer(path).frame) == 25
    shape = three(tmp_path)
    (tmp_path / "red.qix").write_bytes(b"SQT\x01\x01\x00\x00\x00" + bytes(40))
    assert len(read_layer(shape).frame) == 3


@pytest.mark.parametrize("share", [0.2, 0.6, 0.95])
@pytest.mark.parametrize("format", ["geojson", "gpkg", "fgb", "parquet"])
def test_tC16_a_cut_file_raises(tmp_path: Path, format: str, share: float) -> None:
    frame = gpd.GeoDataFrame(
        {"n": range(400)},
        geometry=[shapely.box(x, 23, x + 0.001, 23.001) for x in np.linspace(113, 114, 400)],
        crs=4490,
    )
    path = tmp_path / f"a.{format}"
    if format == "parquet":
        frame.to_parquet(path)
    else:
        frame.to_file(path, engine="pyogrio")
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(EcospaceError):
        read_layer(path)


@pytest.mark.parametrize("token", ["NaN", "Infinity", "1e999"])
def test_tC16_numbers_that_are_none_are_named_in_geojson(tmp_path: Path, token: str) -> None:
    path = tmp_path / "a.geojson"
    path.write_text(
        '{"type":"Polygon","coordinates":[[[113,23],[114,23],[114,TOKEN],[113,23]]]}'.replace("TOKEN", token)
    )
    with pytest.raises(ReadError, match="E-READ-43"):
        read_layer(path)


def test_tC17_a_filter_that_matches_nothing_is_an_error(tmp_path: Path) -> None:
    path = three(tmp_path)
    with pytest.raises(DataError, match="E-DATA-02"):
        read_layer(path, keep={"MC": "生态红线"})
    with pytest.raises(DataError, match="E-DATA-01"):
        read_layer(path, keep={"名称": "生态保护红线"})
    with pytest.raises(DataError, match="E-DATA-03"):
        read_layer(path, fields={"name": "HXMC"})


BYTES: dict[str, bytes] = {}


@pytest.fixture(scope="module")
def members(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("flip")
    path = three(folder)
    return {suffix: path.with_suffix(suffix).read_bytes() for suffix in (".shp", ".shx", ".dbf", ".prj")}


@given(suffix=st.sampled_from([".shp", ".shx", ".dbf", ".prj"]), place=st.floats(0, 0.9999), bit=st.integers(0, 7))
@settings(max_examples=120, derandomize=True, deadline=None)
def test_tC_F_one_changed_bit_never_raises_anything_but_ours(
    members: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory, suffix: str, place: float, bit: int
) -> None:
    folder = tmp_path_factory.mktemp("one")
    for member, raw in members.items():
        changed = bytearray(raw)
        if member == suffix:
            changed[int(place * len(changed))] ^= 1 << bit
        (folder / f"red{member}").write_bytes(bytes(changed))
    try:
        layer = read_layer(folder / "red.shp")
    except EcospaceError as error:
        assert error.code
        return
    assert len(layer.frame) == 3
    assert layer.sha256[f"red{suffix}"]  # and every version of a file has another fingerprint


@given(
    raw=st.binary(max_size=400),
    head=st.sampled_from([b"", b"\x00\x00\x27\x0a", b"{", b'{"type":"Feature', b"<kml", b"PK\x03\x04"]),
)
@settings(max_examples=80, derandomize=True, deadline=None)
def test_tC_F_any_bytes_raise_nothing_but_ours(
    tmp_path_factory: pytest.TempPathFactory, raw: bytes, head: bytes
) -> None:
    path = tmp_path_factory.mktemp("any") / "a.shp"
    path.write_bytes(head + raw)
    with pytest.raises(EcospaceError):
        read_layer(path)


GEOJSON = json.dumps({
    "type": "FeatureCollection",
    "features": [{"type": "Feature", "properties": {"name": "甲", "n": 1}, "geometry": {"type": "Polygon", "coordinates": [
        [[113.1, 23.1], [113.2, 23.1], [113.2, 23.2], [113.1, 23.1]]]}}],
}, ensure_ascii=False).encode()  # fmt: skip


@given(place=st.integers(0, len(GEOJSON) - 1), byte=st.integers(0, 255))
@settings(max_examples=120, derandomize=True, deadline=None)
def test_tC_F_a_changed_byte_in_geojson_raises_nothing_but_ours(
    tmp_path_factory: pytest.TempPathFactory, place: int, byte: int
) -> None:
    path = tmp_path_factory.mktemp("json") / "a.geojson"
    path.write_bytes(GEOJSON[:place] + bytes([byte]) + GEOJSON[place + 1 :])
    try:
        assert len(read_layer(path).frame) == 1
    except EcospaceError as error:
        assert error.code
