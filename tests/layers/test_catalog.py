"""ecospace init passes no layer over: what it cannot open is in the draft too, and stops the run instead of missing from it."""

from __future__ import annotations

import struct
import zipfile
from pathlib import Path

import pytest

from ecospace.errors import StudyError
from ecospace.layers.catalog import draft_study, look_at
from ecospace.layers.inspect import inspect
from ecospace.run import run_study
from ecospace.study import open_study

from .formats.shapefiles import square, write_shapefile


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A boundary, a zipped Shapefile with Chinese names, a RAR, a Shapefile that is none, one that points elsewhere."""
    write_shapefile(tmp_path / "县界.shp", [[square(-500, -500, 3_000)]])
    packed = tmp_path.parent / f"{tmp_path.name}_packed"
    packed.mkdir()
    write_shapefile(packed / "park.shp", [[square()]], names=["梁金山"])
    with zipfile.ZipFile(tmp_path / "森林公园.zip", "w") as archive:
        for item in packed.iterdir():
            archive.write(item, f"资料/森林公园{item.suffix}")
    (tmp_path / "永久基本农田.rar").write_bytes(b"Rar!\x1a\x07\x00")
    (tmp_path / "水源保护区.shp").write_bytes(b"not a shapefile")
    (tmp_path / "公益林.geojson").write_text('<OGRVRTDataSource><OGRVRTLayer name="x"/></OGRVRTDataSource>')
    return tmp_path


def test_no_layer_of_a_folder_is_passed_over(folder: Path) -> None:
    seen = {item.path.name: item for item in look_at(folder)}
    assert {name: item.role for name, item in seen.items()} == {
        "县界.shp": "boundary", "森林公园.zip": "forest_park", "永久基本农田.rar": "farmland",
        "水源保护区.shp": "water_source", "公益林.geojson": "public_forest",
    }  # fmt: skip
    assert seen["森林公园.zip"].crs and seen["森林公园.zip"].count == 1
    assert all(seen[name].remark for name in ("永久基本农田.rar", "水源保护区.shp", "公益林.geojson"))
    assert "RAR" in seen["永久基本农田.rar"].remark


def test_the_draft_reads_what_can_be_read_and_stops_at_the_rest(folder: Path) -> None:
    (folder / "study.toml").write_text(draft_study(folder, look_at(folder)), encoding="utf-8")
    results = run_study(open_study(folder))
    assert {key: error.code for key, error in results.errors.items()} == {
        "farmland": "E-READ-23", "water_source": "E-READ-23", "public_forest": "E-SAFE-02",
    }  # fmt: skip
    assert results.study.layer("forest_park").frame["name"].tolist() == ["梁金山"]
    status = results.indicators.set_index("id")["status"]
    assert "water_source E-READ-23" in status["A01"]
    assert "water_source" not in status["A05"]  # forest cover has no layer at all; the others are not its reason


def test_field_names_in_gbk_without_a_code_page_are_chinese(folder: Path) -> None:
    import struct

    table = folder / "县界.dbf"
    head = bytearray(table.read_bytes())
    head[29] = 0
    head[32:43] = struct.pack("11s", "名称".encode("gbk"))
    table.write_bytes(head)
    for item in folder.glob("县界.[cC][pP][gG]"):
        item.unlink()
    (seen,) = (item for item in look_at(folder) if item.path.name == "县界.shp")
    assert seen.fields[0] == "名称"


@pytest.mark.parametrize("what", [look_at, inspect, open_study])
def test_a_folder_that_is_not_there_is_not_an_empty_one(tmp_path: Path, what) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(StudyError, match="E-STUDY-12"):
        what(tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()
    with pytest.raises(StudyError, match="E-STUDY-01" if what is open_study else "E-STUDY-11"):
        what(tmp_path)


def test_texts_of_a_folder_are_comments_of_the_draft(folder: Path) -> None:
    (folder / "地块.txt").write_text("J1,2500000.0,38500000.0", encoding="utf-8")
    draft = draft_study(folder, look_at(folder))
    assert '# path = "地块.txt"' in draft.splitlines()


def test_measures_are_no_warning(tmp_path: Path) -> None:
    """One point with M, by hand: type 21, 100 bytes of header, 8 + 28 of a record."""
    east, north = 113.0, 22.5
    head = struct.pack("<2i4d", 1000, 21, east, north, east, north) + struct.pack("<4d", 0, 0, 7, 7)
    shape = struct.pack("<i3d", 21, east, north, 7.0)
    for suffix, body in ((".shp", struct.pack(">2i", 1, 14) + shape), (".shx", struct.pack(">2i", 50, 14))):
        (tmp_path / f"stops{suffix}").write_bytes(
            struct.pack(">7i", 9994, 0, 0, 0, 0, 0, (100 + len(body)) // 2) + head + body
        )
    (seen,) = look_at(tmp_path)  # warnings are errors in tests
    assert (seen.shape, seen.count, seen.remark) == ("point", 1, "")
