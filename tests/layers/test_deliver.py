"""Delivery in an exact form."""

from __future__ import annotations

import datetime
from pathlib import Path

import fiona
import geopandas as gpd
import pyogrio
import pytest
from geopandas import GeoDataFrame
from shapely.geometry import LineString, MultiPolygon, box

from ecospace.crs import StudyCRS
from ecospace.errors import CRSError, DataError, GeometryError, UsageError, WriteError
from ecospace.layers.deliver import deliver
from ecospace.layers.schema import FOLDER, read_schema

PARCELS = GeoDataFrame(
    {
        "BSM": ["440783201000000001", "440783201000000002", "440783201000000003"],
        "DLBM": ["0301", "0307K", "08H2A"],
        "DLMC": ["乔木林地", "可调整其他林地", "高教用地"],
        "TBMJ": [10_000.005, 20_000.0, 29_999.995],
        "KCXS": [0.0, None, 0.0834],
        "SJNF": [2024, 2024, None],
        "调查员": ["张三"] * 3,
    },
    index=["a", "b", "c"],
    geometry=[
        box(38_460_000, 2_559_900, 38_460_100, 2_560_000),
        MultiPolygon([box(38_461_000, 2_559_900, 38_461_100, 2_560_000), box(38_462_000, 2_559_900, 38_462_100, 2_560_000)]),
        box(38_463_000, 2_559_900, 38_463_300, 2_560_000).difference(box(38_463_010, 2_559_910, 38_463_020, 2_559_920)),
    ],
    crs=4526,
)  # fmt: skip
REDLINE = GeoDataFrame(
    {"BSM": ["1", "2"], "name": ["大沙河水源涵养红线", "孔雀湖"], "LXDM": ["1", "2"], "SLSJ": ["20180630", None]},
    geometry=[box(38_460_000, 2_559_900, 38_460_100, 2_560_000), box(38_470_000, 2_559_900, 38_470_100, 2_560_000)],
    crs=4526,
)


def test_the_schemas_that_come_along_are_sound_and_say_what_is_unverified() -> None:
    for path in FOLDER.glob("*.toml"):
        schema = read_schema(path.stem)
        assert schema.fields and schema.source and schema.key
        assert all(field.alias and (field.width or field.type == "date") for field in schema.fields)
        assert not schema.verified


@pytest.mark.parametrize("suffix", [".gdb", ".gpkg"])
def test_a_geodatabase_of_two_layers(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"汇交{suffix}"
    written = deliver({"DLTB": PARCELS, "STBHHX": REDLINE}, path, columns={"STBHHX": {"MC": "name"}})
    assert written.features == 5
    assert sorted(pyogrio.list_layers(path)[:, 0]) == ["DLTB", "STBHHX"]
    land = gpd.read_file(path, layer="DLTB")
    assert land["BSM"].tolist() == PARCELS["BSM"].tolist()
    assert land["DLMC"].tolist() == PARCELS["DLMC"].tolist()
    assert land["TBMJ"].tolist() == [10_000.0, 20_000.0, 30_000.0]  # five to even, GB/T 8170
    assert land.crs.to_epsg() == 4526
    assert land.area.sum() == pytest.approx(PARCELS.area.sum(), abs=0.1)
    assert gpd.read_file(path, layer="STBHHX")["MC"].tolist() == REDLINE["name"].tolist()
    codes = [finding.code for finding in written.findings]
    assert sorted(set(codes)) == ["F-DEL-01", "F-DEL-02", "F-DEL-03", "F-DEL-04"]
    assert any("调查员" in finding.text for finding in written.findings)


@pytest.mark.parametrize("suffix", [".gdb", ".gpkg"])
def test_aliases_and_widths_are_in_the_file(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"x{suffix}"
    deliver({"DLTB": PARCELS}, path)
    _meta, table = pyogrio.raw.read_arrow(path, layer="DLTB")
    said = {field.name: field.metadata or {} for field in table.schema}
    for entry in read_schema("DLTB").fields:
        assert said[entry.name][b"GDAL:OGR:alternative_name"].decode() == entry.alias
        if entry.type == "text":
            assert int(said[entry.name][b"GDAL:OGR:width"]) == entry.width
    # fiona carries a GDAL of its own, which sees the same.
    with fiona.open(path, layer="DLTB") as file:
        assert file.schema["properties"]["BSM"] == "str:18"
        assert file.schema["properties"]["SJNF"] == "int32"
        assert list(file.schema["properties"])[:3] == ["BSM", "YSDM", "TBYBH"]


def test_a_shapefile_has_the_widths_and_decimals_of_the_schema(tmp_path: Path) -> None:
    deliver({"DLTB": PARCELS}, tmp_path / "DLTB.shp")
    with fiona.open(tmp_path / "DLTB.shp") as file:
        said = file.schema["properties"]
    assert said["BSM"] == "str:18" and said["TBMJ"] == "float:15.2" and said["KCXS"] == "float:6.4"
    assert said["SJNF"] in ("int32:4", "int:4")
    again = gpd.read_file(tmp_path / "DLTB.shp")
    assert again["DLMC"].tolist() == PARCELS["DLMC"].tolist()
    assert again["TBMJ"].tolist() == [10_000.0, 20_000.0, 30_000.0]
    assert "乔木林地".encode("gbk") in (tmp_path / "DLTB.dbf").read_bytes()


def test_dates(tmp_path: Path) -> None:
    schema = tmp_path / "点.toml"
    schema.write_text(
        '[layer]\nname="JCD"\ntitle="监测点"\ngeometry="polygon"\nkey="BH"\n[[field]]\nname="BH"\ntype="text"\nwidth=4\n'
        '[[field]]\nname="RQ"\nalias="日期"\ntype="date"\n',
        encoding="utf-8",
    )
    frame = GeoDataFrame(
        {"BH": ["1"], "RQ": [datetime.date(2024, 5, 6)]}, geometry=[PARCELS.geometry.iloc[0]], crs=4526
    )
    for suffix in (".gdb", ".gpkg", ".shp"):
        deliver({str(schema): frame}, tmp_path / f"JCD{suffix}")
        assert str(gpd.read_file(tmp_path / f"JCD{suffix}")["RQ"].iloc[0])[:10] == "2024-05-06"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"BSM": ["4407832010000000011", "2", "3"]}, "E-DATA-94"),
        ({"BSM": ["1", "1", "3"]}, "E-DATA-97"),
        ({"BSM": ["1", None, "3"]}, "E-DATA-93"),
        ({"BSM": [1, 2, 3]}, "E-DATA-95"),
        ({"DLBM": ["0301", "林地", "1101"]}, "E-DATA-96"),
        ({"TBMJ": [1.0, 0.0, 2.0]}, "E-DATA-96"),
        ({"TBMJ": [1.0, float("nan"), 2.0]}, "E-DATA-93"),
        ({"TBMJ": [1.0, float("inf"), 2.0]}, "E-DATA-95"),
        ({"TBMJ": [1.0, 1e13, 2.0]}, "E-DATA-94"),
        ({"TBMJ": ["1", "2", "3"]}, "E-DATA-95"),
        ({"SJNF": [2024, 2024.5, 2024]}, "E-DATA-95"),
        ({"SJNF": [2024, 20240, 2024]}, "E-DATA-94"),
    ],
)
def test_a_value_that_the_schema_does_not_allow_stops_by_id(tmp_path: Path, change: dict[str, list], code: str) -> None:
    with pytest.raises(DataError, match=code) as caught:
        deliver({"DLTB": PARCELS.assign(**change)}, tmp_path / "x.gdb")
    assert caught.value.features and caught.value.layer == "DLTB"
    assert list(tmp_path.iterdir()) == []


def test_widths_of_a_shapefile_are_bytes(tmp_path: Path) -> None:
    long = PARCELS.assign(DLMC=["林" * 31, "b", "c"])  # 62 bytes in GBK, 31 characters
    deliver({"DLTB": long}, tmp_path / "x.gdb")
    with pytest.raises(DataError, match=r"E-DATA-94.*DLMC"):
        deliver({"DLTB": long}, tmp_path / "x.shp")


def test_other_refusals(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"E-DATA-93.*TBMJ"):
        deliver({"DLTB": PARCELS.drop(columns="TBMJ")}, tmp_path / "x.gdb")
    with pytest.raises(UsageError, match=r"E-USE-40.*DLTB, STBHHX"):
        deliver({"XXXX": PARCELS}, tmp_path / "x.gdb")
    with pytest.raises(UsageError, match="E-USE-41"):
        deliver({"DLTB": PARCELS, "STBHHX": REDLINE}, tmp_path / "x.shp")
    with pytest.raises(GeometryError, match="E-GEO-45"):
        deliver({"DLTB": PARCELS.set_geometry([LineString([(0, 0), (1, 1)])] * 3, crs=4526)}, tmp_path / "x.gdb")
    with pytest.raises(WriteError, match="E-WRITE-45"):
        deliver({"DLTB": StudyCRS.for_boundary(PARCELS).bring(PARCELS)}, tmp_path / "x.gdb")
    with pytest.raises(CRSError, match="E-CRS-01"):
        deliver({"DLTB": PARCELS.set_crs(None, allow_override=True)}, tmp_path / "x.gdb")


@pytest.mark.parametrize("suffix", [".gdb", ".gpkg", ".shp"])
def test_tE03_tE08_a_failure_leaves_the_old_delivery_and_a_second_one_replaces_it(
    tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / f"x{suffix}"
    for _time in range(2):
        deliver({"DLTB": PARCELS}, path)
    assert len(gpd.read_file(path)) == 3
    before = {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()}

    def failing(*_arguments: object, **_options: object) -> None:
        raise WriteError("E-WRITE-43", "does not read back")

    monkeypatch.setattr("ecospace.layers.deliver.require_same", failing)
    with pytest.raises(WriteError, match="E-WRITE-43"):
        deliver({"DLTB": PARCELS.iloc[:1]}, path)
    assert {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()} == before


def test_all_missing_fields_are_named_at_once_with_what_to_type(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="E-DATA-93") as caught:
        deliver({"DLTB": PARCELS.drop(columns=["TBMJ", "DLBM"])}, tmp_path / "x.gdb")
    assert "--field DLBM=… --field TBMJ=…" in caught.value.cure or "--field TBMJ=… --field DLBM=…" in caught.value.cure
    with pytest.raises(UsageError, match="没有这个数据标准") as other:
        deliver({str(tmp_path / "none.toml"): PARCELS}, tmp_path / "x.gdb")
    assert "Errno" not in other.value.text
