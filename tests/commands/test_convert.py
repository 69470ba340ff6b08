"""ecospace convert and ecospace deliver, as a user meets them."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pytest
import typer
from geopandas import GeoDataFrame
from shapely.geometry import box
from typer.testing import CliRunner

from ecospace.commands import convert, deliver
from ecospace.errors import CRSError, DataError, ReadError, UsageError
from ecospace.layers.formats.boundary_txt import read_boundary_txt
from ecospace.layers.write import write_layer

SITE = GeoDataFrame(
    {"id": ["DK1"], "name": ["甲地块"], "BSM": ["1"]},
    geometry=[box(38_460_000, 2_559_900, 38_460_100, 2_560_000)],
    crs=4526,
)


def run(*arguments: object) -> str:
    app = typer.Typer()
    convert.register(app)
    deliver.register(app)
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


def test_from_txt_to_every_format_and_back(tmp_path: Path) -> None:
    write_layer(SITE, tmp_path / "地块.txt")
    for suffix in (".xlsx", ".kml", ".gpkg", ".shp", ".csv"):
        output = run("convert", tmp_path / "地块.txt", tmp_path / f"x{suffix}")
        assert "1 个要素" in output and "1.0000 公顷" in output
    run("convert", tmp_path / "x.kml", tmp_path / "回.gpkg", "--to", "EPSG:4526")
    back = gpd.read_file(tmp_path / "回.gpkg")
    assert back.crs.to_epsg() == 4526 and back.area.sum() == pytest.approx(10_000, abs=0.01)


def test_boundary_points_keep_their_number_in_another_zone(tmp_path: Path) -> None:
    write_layer(SITE, tmp_path / "x.gpkg")
    run("convert", tmp_path / "x.gpkg", tmp_path / "x.txt", "--to", "EPSG:4527")
    frame = read_boundary_txt(tmp_path / "x.txt").frame
    assert frame.crs.to_epsg() == 4527 and frame["points"].tolist() == [5]


def test_what_a_message_proposes_can_be_typed(tmp_path: Path) -> None:
    write_layer(SITE, tmp_path / "x.txt")
    text = (tmp_path / "x.txt").read_text("gb18030").replace("带号=38", "带号=39")
    (tmp_path / "x.txt").write_text(text, "gb18030")
    with pytest.raises(CRSError, match=r'E-CRS-22.*crs = "EPSG:4526"'):
        run("convert", tmp_path / "x.txt", tmp_path / "x.gpkg")
    assert "[E-CRS-22]" in run("convert", tmp_path / "x.txt", tmp_path / "x.gpkg", "--crs", "EPSG:4526")
    with pytest.raises(UsageError, match="E-USE-43"):
        run("convert", tmp_path / "x.gpkg", tmp_path / "y.gpkg", "--to", "EPSG:xyz")


def test_a_delivery_by_schema(tmp_path: Path) -> None:
    write_layer(SITE, tmp_path / "x.gpkg")
    output = run("deliver", tmp_path / "x.gpkg", tmp_path / "交.gdb", "--schema", "STBHHX", "--field", "MC=name")
    assert "[F-DEL-01]" in output and "1 个要素" in output
    assert gpd.read_file(tmp_path / "交.gdb", layer="STBHHX")["MC"].tolist() == ["甲地块"]
    with pytest.raises(DataError, match=r"E-DATA-93.*MC"):
        run("deliver", tmp_path / "x.gpkg", tmp_path / "交.gdb", "--schema", "STBHHX")
    with pytest.raises(UsageError, match="E-USE-44"):
        run("deliver", tmp_path / "x.gpkg", tmp_path / "交.gdb", "--schema", "STBHHX", "--field", "MC")


@pytest.mark.filterwarnings("ignore:.crs. was not provided")
@pytest.mark.parametrize("command", ["convert", "deliver"])
def test_a_setting_of_a_study_is_told_as_the_option_that_it_is_here(tmp_path: Path, command: str) -> None:
    more = ["--schema", "STBHHX"] if command == "deliver" else []
    SITE.set_crs(None, allow_override=True).to_file(tmp_path / "a.gpkg", layer="甲 地")
    with pytest.raises(CRSError, match="--crs EPSG:4526"):
        run(command, tmp_path / "a.gpkg", tmp_path / "b.gpkg", *more)
    SITE.to_file(tmp_path / "a.gpkg", layer="乙")
    with pytest.raises(ReadError, match=r"E-READ-02.*--layer '甲 地'"):
        run(command, tmp_path / "a.gpkg", tmp_path / "b.gpkg", *more)
