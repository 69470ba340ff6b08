"""Shapefiles written and read again: any sound polygon comes back as it was, however its rings are ordered."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from ecospace.layers.formats.dbf import read_dbf
from ecospace.layers.formats.rings import polygons_by_turn
from ecospace.layers.formats.shapefile import read_shapefile

from .shapefiles import EAST, NORTH, square, write_dbf, write_shapefile


@st.composite
def nested_boxes(draw: Any) -> Any:
    """A multipolygon of boxes on a coarse grid: holes, islands in holes, parts beside one another."""
    cells = draw(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=20, unique=True))
    ground = shapely.union_all([shapely.box(EAST + x, NORTH + y, EAST + x + 1, NORTH + y + 1) for x, y in cells])
    inner = shapely.box(EAST + 0.25, NORTH + 0.25, EAST + 0.75, NORTH + 0.75)
    return ground.difference(inner).union(shapely.box(EAST + 0.4, NORTH + 0.4, EAST + 0.6, NORTH + 0.6))


def rings_of(shape: Any) -> list[list[tuple[float, float]]]:
    """The rings of a shape as the format wants them: shells clockwise, holes the other way."""
    rings = []
    for part in shapely.get_parts(shape):
        turned = shapely.orient_polygons(part, exterior_cw=True)
        rings += [list(turned.exterior.coords), *(list(ring.coords) for ring in turned.interiors)]
    return rings


@given(shape=nested_boxes(), order=st.randoms(use_true_random=False))
@settings(max_examples=60, derandomize=True, deadline=None)
def test_polygons_come_back_whatever_the_order_of_their_rings(
    tmp_path_factory: pytest.TempPathFactory, shape: Any, order: Any
) -> None:
    rings = rings_of(shape)
    order.shuffle(rings)
    path = write_shapefile(tmp_path_factory.mktemp("shp") / "a.shp", [rings, rings_of(shape)])
    frame, findings = read_shapefile(path)
    assert [finding for finding in findings if finding.level != "note"] == []
    for read in frame.geometry:
        assert read.is_valid
        assert shapely.equals(read, shape)


@given(shape=nested_boxes())
@settings(max_examples=40, derandomize=True, deadline=None)
def test_rings_turned_all_round_keep_their_meaning(shape: Any) -> None:
    turned = [np.array(ring)[::-1] for ring in rings_of(shape)]
    built = polygons_by_turn(turned)
    assert built.ambiguous is None
    assert shapely.equals(built.geometry, shape)


def test_lines_points_and_nulls_stand_beside_each_other(tmp_path: Path) -> None:
    import struct

    line = struct.pack("<i4d2i2i", 3, 0, 0, 1, 1, 2, 4, 0, 2) + struct.pack("<8d", 0, 0, 1, 1, 2, 2, 3, 3)
    point = struct.pack("<i2d", 1, 5.0, 6.0)
    null = struct.pack("<i", 0)
    path = write_shapefile(tmp_path / "a.shp", [line, point, null, [square()]])
    frame, _findings = read_shapefile(path)
    kinds = [None if shape is None else shape.geom_type for shape in frame.geometry]
    assert kinds == ["MultiLineString", "Point", None, "Polygon"]
    assert shapely.length(frame.geometry.iloc[0]) == pytest.approx(2 * 2**0.5)


def test_many_records_are_read_in_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ecospace.layers.formats.shp_shapes.BLOCK", 3)
    path = write_shapefile(tmp_path / "a.shp", [[square(200 * number)] for number in range(10)])
    frame, _findings = read_shapefile(path)
    assert frame.area.tolist() == [10_000] * 10
    assert list(frame.index) == [str(number + 1) for number in range(10)]


def test_gbk_that_happens_to_be_utf8_is_chinese(tmp_path: Path) -> None:
    raw = b"\xc4\xa3\xd0\xbf"  # two characters of GBK; as UTF-8 they would be two letters of other scripts
    assert raw.decode("utf-8")
    table = read_dbf(write_dbf(tmp_path / "a.dbf", [(b"MC", "C", 10, 0)], [[raw]]))
    assert list(table.columns["MC"]) == [raw.decode("gb18030")]


def test_european_texts_in_utf8_with_a_hint_stay_what_they_are(tmp_path: Path) -> None:
    path = write_dbf(tmp_path / "a.dbf", [(b"NAME", "C", 20, 0)], [["Münsterbusch".encode()]])
    (tmp_path / "a.cpg").write_text("UTF-8")
    assert list(read_dbf(path, code_page=tmp_path / "a.cpg").columns["NAME"]) == ["Münsterbusch"]


def test_dates_and_truth_values(tmp_path: Path) -> None:
    fields = [(b"RQ", "D", 8, 0), (b"OK", "L", 1, 0)]
    path = write_dbf(tmp_path / "a.dbf", fields, [[b"20180630", b"T"], [b"00000000", b"?"], [b"        ", b"F"]])
    table = read_dbf(path)
    assert str(table.columns["RQ"][0])[:10] == "2018-06-30"
    assert np.isnat(table.columns["RQ"][1:]).all()
    assert list(table.columns["OK"]) == [True, None, False]
    wrong = read_dbf(write_dbf(tmp_path / "b.dbf", fields[:1], [[b"20180630"], [b"20181399"]]))
    assert list(wrong.columns["RQ"]) == ["20180630", "20181399"]
    assert [finding.code for finding in wrong.findings] == ["F-TEXT-07"]
