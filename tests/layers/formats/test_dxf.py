"""Drawings: every closed outline an area, every arc drawn out, every unit and CRS asked for."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import ezdxf
import pytest
from geopandas import GeoDataFrame
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely.geometry import MultiPolygon, box

from ecospace.errors import CRSError, EcospaceError, ReadError, WriteError
from ecospace.layers.formats.dxf import read_dxf
from ecospace.layers.write import write_layer

#: A place in zone 38.
EAST, NORTH = 38_460_000.0, 2_560_000.0
METRES = 6


def drawing(folder: Path, draw: Any, unit: int = METRES, version: str = "R2010") -> Path:
    document = ezdxf.new(version, units=unit)
    document.layers.add("红线")
    draw(document.modelspace(), document)
    path = folder / "图.dxf"
    document.saveas(path)
    return path


def square(space: Any, side: float = 100.0, at: tuple[float, float] = (EAST, NORTH), **attributes: Any) -> Any:
    x, y = at
    points = [(x, y), (x + side, y), (x + side, y + side), (x, y + side)]
    return space.add_lwpolyline(points, close=True, dxfattribs={"layer": "红线", **attributes})


def codes(parcels: object) -> list[str]:
    return [finding.code for finding in parcels.findings]  # type: ignore[attr-defined]


def test_tC10_every_closed_outline_is_an_area(tmp_path: Path) -> None:
    def draw(space: Any, document: Any) -> None:
        square(space)
        space.add_polyline2d([(EAST + 200, NORTH), (EAST + 300, NORTH), (EAST + 300, NORTH + 50)], close=True)
        space.add_circle((EAST + 500, NORTH), 100)
        space.add_ellipse((EAST + 800, NORTH), major_axis=(100, 0), ratio=0.5)
        block = document.blocks.new("地块")
        square(block, side=10, at=(0, 0))
        space.add_blockref("地块", (EAST, NORTH + 500), dxfattribs={"xscale": 2, "yscale": 2, "rotation": 30})
        mirrored = space.add_blockref("地块", (EAST + 100, NORTH + 500), dxfattribs={"xscale": -1})
        assert mirrored is not None
        # Not closed by its flag, but its last point is its first.
        space.add_lwpolyline([(EAST, NORTH + 800), (EAST + 10, NORTH + 800), (EAST, NORTH + 810), (EAST, NORTH + 800)])

    parcels = read_dxf(drawing(tmp_path, draw), crs="EPSG:4526")
    frame = parcels.frame
    expected = [10_000, 2_500, math.pi * 100**2, math.pi * 100 * 50, 400, 100, 50]
    assert frame.area.to_list() == pytest.approx(expected, rel=1e-6)
    assert set(frame["kind"]) == {"面"} and frame.is_valid.all()
    assert frame["block"].to_list() == ["", "", "", "", "地块", "地块", ""]
    assert frame["layer"].iloc[0] == "红线"
    assert frame.crs.to_epsg() == 4526
    assert frame.index.is_unique


def test_tB08_bulges_are_drawn_out_to_5e_7(tmp_path: Path) -> None:
    def draw(space: Any, _document: Any) -> None:
        # Two half circles of radius 50 on the ends of a 100 m square, one out, one in; then a full circle of two arcs.
        points = [(EAST, NORTH, 0), (EAST + 100, NORTH, 1), (EAST + 100, NORTH + 100, 0), (EAST, NORTH + 100, 1)]
        space.add_lwpolyline(points, format="xyb", close=True)
        space.add_lwpolyline([(EAST + 500, NORTH, -1), (EAST + 700, NORTH, -1)], format="xyb", close=True)
        space.add_lwpolyline([(EAST, NORTH + 300, math.tan(math.pi / 8)), (EAST + 100, NORTH + 400, 0),
                              (EAST, NORTH + 400, 0)], format="xyb", close=True)  # fmt: skip

    parcels = read_dxf(drawing(tmp_path, draw), crs="EPSG:4526")
    quarter = math.pi * 100**2 / 4  # the chord of a quarter circle of radius 100, bulging away from the corner
    expected = [10_000 + math.pi * 50**2, math.pi * 100**2, quarter]
    assert parcels.frame.area.to_list() == pytest.approx(expected, rel=6e-7)
    assert parcels.frame["arcs"].to_list() == [2, 2, 1]
    assert [f.count for f in parcels.findings if f.code == "F-DXF-07"] == [5]


def test_tC10_open_outlines_and_texts_are_named_not_dropped(tmp_path: Path) -> None:
    def draw(space: Any, _document: Any) -> None:
        square(space)
        space.add_lwpolyline([(EAST, NORTH), (EAST + 100, NORTH), (EAST + 100, NORTH + 99)])
        space.add_line((EAST, NORTH), (EAST + 1, NORTH))
        space.add_text("甲地块", dxfattribs={"insert": (EAST, NORTH)})
        space.add_point((EAST, NORTH))

    parcels = read_dxf(drawing(tmp_path, draw), crs="EPSG:4526")
    assert parcels.frame["kind"].to_list() == ["面", "线", "线"]
    named = {finding.code: finding for finding in parcels.findings}
    assert named["F-DXF-05"].count == 2 and len(named["F-DXF-05"].features) == 2
    assert [f.level for f in parcels.findings if f.code == "F-DXF-08"] == ["warning", "note"]  # a point, a text


@pytest.mark.parametrize(
    ("unit", "scale", "expected"), [(6, 1, []), (4, 1000, []), (5, 100, []), (0, 1, ["F-DXF-01"]), (4, 1, ["F-DXF-01"])]
)
def test_tC10_units_are_compared_with_the_numbers(tmp_path: Path, unit: int, scale: int, expected: list[str]) -> None:
    path = drawing(tmp_path, lambda space, _d: square(space, 100 * scale, (EAST * scale, NORTH * scale)), unit)
    parcels = read_dxf(path, crs="EPSG:4526")
    assert parcels.frame.area.to_list() == pytest.approx([10_000])
    assert codes(parcels) == expected
    asked = read_dxf(path)
    assert asked.frame.crs is None and asked.crs_proposal == 'crs = "EPSG:4526"'
    assert asked.frame.area.to_list() == pytest.approx([10_000])


def test_a_drawing_in_no_known_place_says_so(tmp_path: Path) -> None:
    path = drawing(tmp_path, lambda space, _d: square(space, at=(0, 0)), unit=0)
    parcels = read_dxf(path)
    assert codes(parcels)[:2] == ["E-CRS-21", "F-DXF-02"] and parcels.frame.crs is None
    with pytest.raises(CRSError, match="E-CRS"):
        read_dxf(path, crs="EPSG:4526")


def test_tA05_eastings_with_a_zone_number_do_not_fit_a_crs_without(tmp_path: Path) -> None:
    path = drawing(tmp_path, lambda space, _d: square(space))
    with pytest.raises(CRSError, match=r'E-CRS-29.*crs = "EPSG:4526"'):
        read_dxf(path, crs="EPSG:4547")


def test_outlines_inside_others(tmp_path: Path) -> None:
    def draw(space: Any, _document: Any) -> None:
        square(space)
        square(space, 10, (EAST + 10, NORTH + 10))
        square(space, 10, (EAST + 50, NORTH + 10), layer="0")

    path = drawing(tmp_path, draw)
    separate = read_dxf(path, crs="EPSG:4526")
    assert separate.frame.area.to_list() == [10_000, 100, 100]
    assert [f.count for f in separate.findings if f.code == "F-DXF-03"] == [1]
    cut = read_dxf(path, crs="EPSG:4526", nested="holes")
    assert cut.frame.area.to_list() == [9_900, 100]
    assert read_dxf(path, crs="EPSG:4526", layers=["红线"]).frame.area.to_list() == [10_000, 100]
    with pytest.raises(ReadError, match=r"E-READ-87.*红线"):
        read_dxf(path, layers=["蓝线"])


def test_an_island_in_a_hole_is_ground_again_and_a_double_outline_counts_once(tmp_path: Path) -> None:
    def draw(space: Any, _document: Any) -> None:
        for inset in (0, 10, 20, 30):
            square(space, 100 - 2 * inset, (EAST + inset, NORTH + inset))
        square(space)  # drawn twice

    cut = read_dxf(drawing(tmp_path, draw), crs="EPSG:4526", nested="holes")
    assert cut.frame.area.to_list() == [10_000 - 6_400, 3_600 - 1_600]
    assert [f.count for f in cut.findings if f.code == "F-DXF-10"] == [1]
    assert [f.count for f in cut.findings if f.code == "F-DXF-04"] == [2]


def test_tB18_heights_are_dropped_and_swap_turns_the_axes(tmp_path: Path) -> None:
    def draw(space: Any, _document: Any) -> None:
        space.add_polyline3d([(NORTH, EAST, 5), (NORTH + 10, EAST, 6), (NORTH, EAST + 10, 7)], close=True)

    path = drawing(tmp_path, draw)
    with pytest.raises(CRSError, match="swap = true"):
        read_dxf(path, crs="EPSG:4526")
    frame = read_dxf(path, crs="EPSG:4526", swap=True).frame
    assert frame.area.to_list() == [50] and not frame.has_z.any()


@pytest.mark.parametrize("version", ["R12", "R2000", "R2004", "R2007", "R2018"])
def test_versions_and_their_text_encodings(tmp_path: Path, version: str) -> None:
    document = ezdxf.new(version, units=METRES)
    document.encoding = "gbk" if version in ("R12", "R2000", "R2004") else "utf-8"
    document.header["$DWGCODEPAGE"] = "ANSI_936"
    document.layers.add("红线")
    document.modelspace().add_polyline2d([(EAST, NORTH), (EAST + 10, NORTH), (EAST, NORTH + 10)], close=True,
                                         dxfattribs={"layer": "红线"})  # fmt: skip
    document.saveas(tmp_path / "图.dxf")
    parcels = read_dxf(tmp_path / "图.dxf")
    assert parcels.frame["layer"].to_list() == ["红线"]
    assert parcels.frame.area.to_list() == [50]


def test_gbk_names_in_a_drawing_that_says_western_european(tmp_path: Path) -> None:
    path = drawing(tmp_path, lambda space, _d: square(space), version="R2000")
    escaped = rb"(\\U\+[0-9a-fA-F]{4}){2}"  # how AutoCAD writes signs that the code page lacks
    raw, count = re.subn(escaped, "红线".encode("gbk"), path.read_bytes())
    assert count
    path.write_bytes(raw)
    assert read_dxf(path).frame["layer"].to_list() == ["红线"]


def test_a_block_that_holds_itself_is_refused_in_time(tmp_path: Path) -> None:
    def draw(space: Any, document: Any) -> None:
        inner = document.blocks.new("b0")
        square(inner)
        for depth in range(1, 15):
            outer = document.blocks.new(f"b{depth}")
            for _copy in range(8):
                outer.add_blockref(f"b{depth - 1}", (0, 0))
        space.add_blockref("b14", (0, 0))

    import ecospace.layers.formats.dxf_outlines as module

    limit, module.LIMIT = module.LIMIT, 1000
    try:
        with pytest.raises(ReadError, match="E-READ-88"):
            read_dxf(drawing(tmp_path, draw))
    finally:
        module.LIMIT = limit


@pytest.mark.parametrize("content", [b"", b"hello", b"  0\nSECTION\n  2\nHEADER\n", b"AC1027abc"])
def test_other_files_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.dxf"
    path.write_bytes(content)
    with pytest.raises(ReadError):
        read_dxf(path)


@pytest.mark.data
def test_the_real_drawings_are_read_and_explained(data: Path) -> None:
    usa = read_dxf(data / "formats" / "usa.dxf")
    assert len(usa.frame) == 59 and set(usa.frame["kind"]) == {"面"} and set(usa.frame["layer"]) == {"BORDERS"}
    assert codes(usa)[:2] == ["E-CRS-21", "F-DXF-02"] and usa.frame.crs is None
    assert sum(code == "F-RING-04" for code in codes(usa)) == int((~usa.frame.is_valid).sum()) == 4
    houses = read_dxf(data / "formats" / "houses_of_parliament_georeferenced.dxf")
    assert len(houses.frame) == 1 and houses.header["geodata"] == "EPSG:27700"
    assert "F-DXF-02" in codes(houses)


def test_write_read_same(tmp_path: Path) -> None:
    shell = box(EAST, NORTH, EAST + 100, NORTH + 100).difference(box(EAST + 10, NORTH + 10, EAST + 20, NORTH + 20))
    parts = MultiPolygon(
        [box(EAST + 200, NORTH, EAST + 300, NORTH + 50), box(EAST + 400, NORTH, EAST + 410, NORTH + 10)]
    )
    frame = GeoDataFrame({"name": ["甲地块", ""]}, geometry=[shell, parts], crs=4526)
    written = write_layer(frame, tmp_path / "红线.dxf")
    assert [finding.code for finding in written.findings] == ["F-OUT-05"]
    again = read_dxf(written.path, crs="EPSG:4526", nested="holes")
    assert again.frame.area.to_list() == [9_900, 5_000, 100]
    assert set(again.frame["layer"]) == {"红线"}
    assert "F-DXF-01" not in codes(again)  # the drawing says metres
    with pytest.raises(WriteError, match="E-WRITE-50"):
        write_layer(frame.to_crs(4490), tmp_path / "x.dxf")


@settings(max_examples=60, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 100_000), st.integers(0, 255))
def test_one_wrong_byte_gives_outlines_or_our_error(tmp_path: Path, at: int, byte: int) -> None:
    path = tmp_path / "图.dxf"
    if not (tmp_path / "whole").exists():
        drawing(tmp_path, lambda space, _d: [square(space), space.add_circle((EAST, NORTH), 5)], version="R2000")
        (tmp_path / "whole").write_bytes(path.read_bytes())
    raw = bytearray((tmp_path / "whole").read_bytes())
    # The last part of the file holds the entities; elsewhere most bytes are never looked at.
    raw[-1 - at % min(len(raw), 4000)] = byte
    path.write_bytes(bytes(raw))
    try:
        assert len(read_dxf(path).frame) >= 1
    except EcospaceError as error:
        assert error.code
