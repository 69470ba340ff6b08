"""What is written reads back the same, or the old file stays."""

from __future__ import annotations

import datetime
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
from geopandas import GeoDataFrame
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, MultiPolygon, Point, Polygon, box

from ecospace.crs import StudyCRS
from ecospace.errors import CRSError, WriteError
from ecospace.layers.readback import require_same
from ecospace.layers.write import short_names, write_layer

SHAPES = [
    box(112.5, 22.3, 112.6, 22.4).difference(box(112.52, 22.32, 112.54, 22.34)),
    MultiPolygon([box(112.7, 22.3, 112.8, 22.4), box(112.9, 22.3, 112.95, 22.4)]),
    Polygon([(112.5, 22.5), (112.6, 22.5), (112.55, 22.6)]),
]


def layer(crs: int = 4490) -> GeoDataFrame:
    frame = GeoDataFrame(
        {
            "id": ["A-1", "A-2", "B"],
            "名称": ["孔雀湖", "梁金山（北）", ""],
            "DLBM": ["0301", "0307K", "1101"],
            "TBMJ": [1234.56, 0.1 + 0.2, 1e9 + 0.01],
            "数量": [1, -2, 2**40],
        },
        geometry=SHAPES,
        crs=4490,
    )
    return frame if crs == 4490 else frame.to_crs(crs)


def read(path: Path) -> GeoDataFrame:
    return gpd.read_parquet(path) if path.suffix == ".parquet" else gpd.read_file(path)


SUFFIXES = [".gpkg", ".shp", ".geojson", ".parquet", ".fgb", ".kml"]


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("crs", [4490, 4526, 4547])
def test_tE06_every_format_keeps_count_ids_texts_and_areas(tmp_path: Path, suffix: str, crs: int) -> None:
    frame = layer(crs)
    written = write_layer(frame, tmp_path / f"图层{suffix}")
    assert written.features == 3
    again = read(written.path)
    if suffix == ".kml":
        assert again["Name"].tolist() == [""] * 3 or len(again) == 3  # GDAL's own reader sees the same three
        return
    assert again["id"].tolist() == frame["id"].tolist()
    assert again["名称"].fillna("").tolist() == frame["名称"].tolist()
    assert again["DLBM"].tolist() == frame["DLBM"].tolist()
    assert again["TBMJ"].tolist() == pytest.approx(frame["TBMJ"].tolist(), rel=1e-12)
    assert again["数量"].tolist() == frame["数量"].tolist()
    assert again.to_crs(4526).area.tolist() == pytest.approx(frame.to_crs(4526).area.tolist(), rel=1e-7)


def test_the_index_becomes_the_id(tmp_path: Path) -> None:
    frame = layer().drop(columns="id").set_axis(["甲", "乙", "丙"], axis=0)
    write_layer(frame, tmp_path / "x.gpkg")
    assert gpd.read_file(tmp_path / "x.gpkg")["id"].tolist() == ["甲", "乙", "丙"]


def test_tC03_field_names_are_cut_between_characters_and_stay_different(tmp_path: Path) -> None:
    frame = layer().rename(columns={"名称": "生态保护红线名称", "DLBM": "生态保护红线类型"})
    written = write_layer(frame, tmp_path / "x.shp")
    assert [finding.code for finding in written.findings] == ["F-OUT-01"]
    assert "生态保护红线名称 → 生态保护红" in written.findings[0].text
    again = gpd.read_file(tmp_path / "x.shp")
    assert again["生态保护红"].tolist()[:2] == ["孔雀湖", "梁金山（北）"]
    assert again["生态保护1"].tolist() == ["0301", "0307K", "1101"]


@settings(max_examples=200, derandomize=True)
@given(st.lists(st.text(alphabet="生态保护红线ABCabc123面积", min_size=1, max_size=12), unique=True, max_size=30))
def test_tC03_any_names_fit_and_differ(names: list[str]) -> None:
    for encoding in ("GBK", "UTF-8"):
        short = list(short_names(names, encoding).values())
        assert all(0 < len(name.encode(encoding)) <= 10 for name in short)
        assert len({name.upper() for name in short}) == len(names)


def test_tC04_texts_that_do_not_fit_stop_and_dates_are_said(tmp_path: Path) -> None:
    long = layer().assign(备注=["一" * 127, "一" * 128, ""])
    with pytest.raises(WriteError, match=r"E-WRITE-46.*A-2"):
        write_layer(long, tmp_path / "x.shp")
    assert list(tmp_path.iterdir()) == []
    write_layer(long, tmp_path / "x.gpkg")
    assert gpd.read_file(tmp_path / "x.gpkg")["备注"].str.len().tolist()[:2] == [127, 128]

    moments = layer().assign(时间=pd.to_datetime(["2024-05-06 07:08:09"] * 3), 日期=[datetime.date(2024, 5, 6)] * 3)
    written = write_layer(moments, tmp_path / "y.shp")
    assert [finding.code for finding in written.findings] == ["F-OUT-03"]
    assert gpd.read_file(tmp_path / "y.shp")["时间"].tolist() == ["2024-05-06T07:08:09"] * 3


def test_tC01_gbk_by_default_and_utf_8_where_it_must_be(tmp_path: Path) -> None:
    write_layer(layer(), tmp_path / "x.shp")
    assert "孔雀湖".encode("gbk") in (tmp_path / "x.dbf").read_bytes()
    rare = layer().assign(名称=["𠮷", "b", "c"])
    written = write_layer(rare, tmp_path / "y.shp")
    assert [finding.code for finding in written.findings] == ["F-OUT-02"]
    assert gpd.read_file(tmp_path / "y.shp")["名称"].tolist() == ["𠮷", "b", "c"]


def test_tC15_stale_companions_of_an_older_shapefile_go(tmp_path: Path) -> None:
    (tmp_path / "x.cpg").write_text("UTF-8")
    (tmp_path / "x.qix").write_bytes(b"stale")
    (tmp_path / "x.txt").write_text("mine")
    write_layer(layer(), tmp_path / "x.shp")
    assert not (tmp_path / "x.qix").exists()
    assert (tmp_path / "x.txt").read_text() == "mine"
    assert gpd.read_file(tmp_path / "x.shp")["名称"].tolist()[:2] == ["孔雀湖", "梁金山（北）"]
    assert not (tmp_path / "x.cpg").exists() or (tmp_path / "x.cpg").read_text() != "UTF-8"


def test_mixed_kinds_need_another_format(tmp_path: Path) -> None:
    mixed = GeoDataFrame({"id": ["a", "b"]}, geometry=[Point(113, 22), LineString([(113, 22), (114, 22)])], crs=4490)
    with pytest.raises(WriteError, match="E-WRITE-47"):
        write_layer(mixed, tmp_path / "x.shp")
    write_layer(mixed, tmp_path / "x.gpkg")
    assert len(gpd.read_file(tmp_path / "x.gpkg")) == 2


def test_the_study_crs_is_never_delivered(tmp_path: Path) -> None:
    study = StudyCRS.for_boundary(layer())
    with pytest.raises(WriteError, match="E-WRITE-45"):
        write_layer(study.bring(layer()), tmp_path / "x.gpkg")
    with pytest.raises(CRSError, match="E-CRS-01"):
        write_layer(layer().set_crs(None, allow_override=True), tmp_path / "x.gpkg")
    with pytest.raises(WriteError, match="E-WRITE-48"):
        write_layer(layer(), tmp_path / "x.dwg")


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_tE08_writing_twice_does_not_double(tmp_path: Path, suffix: str) -> None:
    for _time in range(2):
        write_layer(layer(), tmp_path / f"x{suffix}")
    assert len(read(tmp_path / f"x{suffix}")) == 3


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_tE03_a_failure_leaves_the_old_file_whole(tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / f"x{suffix}"
    write_layer(layer(), path)
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}

    def failing(*_arguments: object, **_options: object) -> None:
        raise WriteError("E-WRITE-43", "does not read back", cure="")

    for module in ("ecospace.layers.write", "ecospace.layers.formats.kml_writer"):
        monkeypatch.setattr(f"{module}.require_same", failing)
    with pytest.raises(WriteError, match="E-WRITE-43"):
        write_layer(layer().iloc[:1], path)
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before


CHILD = """
import os, resource, signal, sys
import geopandas
from pathlib import Path
import ecospace.layers.write, ecospace.layers.readback
from ecospace.layers.write import write_layer
frame = geopandas.read_file(sys.argv[1])
if sys.argv[3] == "full":
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4000, 4000))
else:
    def kill(*a, **k): os.kill(os.getpid(), signal.SIGKILL)
    import ecospace.layers.formats.kml_writer
    ecospace.layers.write.require_same = ecospace.layers.formats.kml_writer.require_same = kill
try:
    write_layer(frame, Path(sys.argv[2]))
except Exception as error:
    print(type(error).__name__, getattr(error, "code", ""))
    sys.exit(3)
"""


@pytest.mark.slow
@pytest.mark.parametrize("how", ["full", "kill"])
@pytest.mark.parametrize("suffix", [".gpkg", ".shp", ".geojson", ".kml"])
def test_tE04_a_full_disk_or_a_kill_leaves_the_old_file_whole(tmp_path: Path, suffix: str, how: str) -> None:
    large = GeoDataFrame(
        {"id": [str(number) for number in range(400)]},
        geometry=[box(112 + number / 1000, 22, 112 + number / 1000 + 0.0005, 22.1) for number in range(400)], crs=4490,
    )  # fmt: skip
    source = tmp_path / "in" / "in.gpkg"
    write_layer(large, source)
    path = tmp_path / "out" / f"x{suffix}"
    write_layer(layer(), path)
    before = {file.name: file.read_bytes() for file in path.parent.iterdir() if file.is_file()}
    root = Path(__file__).resolve().parents[2]
    child = subprocess.run(
        [sys.executable, "-c", CHILD, str(source), str(path), how], capture_output=True, text=True, check=False,
        env=os.environ | {"PYTHONPATH": str(root)}, timeout=120,
    )  # fmt: skip
    if how == "full":
        assert child.returncode == 3 and "WriteError" in child.stdout, child.stdout + child.stderr
    else:
        assert child.returncode == -signal.SIGKILL
    after = {file.name: file.read_bytes() for file in path.parent.iterdir() if file.is_file()}
    assert after == before
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 4000


def test_the_comparison_sees_what_it_should(tmp_path: Path) -> None:
    sent = layer(4526)
    shifted = sent.set_geometry(sent.translate(0.01, 0))
    smaller = sent.set_geometry([*sent.geometry[:2], sent.geometry.iloc[2].buffer(-0.01)])
    changes = {
        "E-WRITE-40": sent.iloc[:2],
        "E-WRITE-41": sent.assign(id=["A-1", "A-2", "C"]),
        "E-WRITE-42": sent.assign(名称=["孔雀湖", "梁金山(北)", ""]),
        "E-WRITE-43": smaller,
    }
    for code, again in changes.items():
        with pytest.raises(WriteError, match=code):
            require_same(sent, again, path=tmp_path, columns=["名称", "TBMJ"], key="id", step=0.001)
    with pytest.raises(WriteError, match="E-WRITE-43"):
        require_same(sent, shifted, path=tmp_path, columns=[], step=0.001)
    with pytest.raises(WriteError, match="E-WRITE-42"):
        require_same(sent, sent.assign(TBMJ=sent["TBMJ"] + 0.01), path=tmp_path, columns=["TBMJ"])
    with pytest.raises(WriteError, match="E-WRITE-43"):  # to the last digit, unless the format has a step
        require_same(sent, shifted, path=tmp_path, columns=[])
    with pytest.raises(WriteError, match="E-WRITE-42"):
        require_same(sent, sent.assign(名称=None), path=tmp_path, columns=["名称"])
    require_same(sent.assign(空=None), sent.assign(空=[float("nan"), pd.NA, pd.NaT]), path=tmp_path, columns=["空"])
    require_same(sent, sent.iloc[::-1], path=tmp_path, columns=["名称", "TBMJ", "数量"], key="id")


names = st.text(alphabet="生态红线abcXYZ0159，（）-'\"<&=", max_size=20)


@settings(max_examples=15, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(names, st.floats(-1e9, 1e9), st.integers(-(2**53), 2**53)), min_size=1, max_size=8))
def test_any_texts_and_numbers_read_back_the_same(tmp_path: Path, rows: list[tuple[str, float, int]]) -> None:
    texts, numbers, counts = zip(*rows, strict=True)
    shapes = [box(112 + i / 10, 22, 112.05 + i / 10, 22.05) for i in range(len(rows))]
    frame = GeoDataFrame({"名": list(texts), "数": list(numbers), "个": list(counts)}, geometry=shapes, crs=4490)
    for suffix in SUFFIXES:
        if suffix == ".shp":
            frame = frame.assign(数=frame["数"].round(3), 名=frame["名"].str.strip(), 个=frame["个"] % 10**9)
        if suffix == ".kml":
            frame = frame.assign(名=frame["名"].str.strip())
        write_layer(frame, tmp_path / f"x{suffix}")


def test_field_names_that_differ_by_case_alone(tmp_path):
    """SQLite does not heed case: the second is renamed, with a finding, and both columns come back."""
    frame = gpd.GeoDataFrame({"NAME": ["甲"], "name": ["乙"]}, geometry=[Point(112, 22)], index=["1"], crs=4490)
    written = write_layer(frame, tmp_path / "x.gpkg")
    again = gpd.read_file(tmp_path / "x.gpkg")
    assert (again["NAME"].iloc[0], again["name_1"].iloc[0]) == ("甲", "乙")
    assert [finding.code for finding in written.findings] == ["F-OUT-20"]
