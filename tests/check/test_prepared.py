"""Layers prepared once: used only while nothing of their source has changed, and never half written."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import geopandas as gpd
import pytest

from ecospace.check import prepared
from ecospace.check.checker import Checker
from ecospace.check.result import SiteResult, write_json
from ecospace.check.verdict import Level
from ecospace.layers.layer import Layer
from ecospace.study import open_study
from tests.check.county import CRS_GK, box, sites

SITE = box(0, 0, 100, 100)
DAY = date(2026, 1, 1)


def write(folder: Path, name: str, *shapes: object, suffix: str = ".shp") -> None:
    frame = gpd.GeoDataFrame({"name": [f"{name} {i}" for i in range(len(shapes))]}, geometry=list(shapes), crs=CRS_GK)
    frame.to_file(folder / f"{name}{suffix}", engine="pyogrio", encoding="GBK" if suffix == ".shp" else None)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path, "boundary", box(-20_000, -20_000, 20_000, 20_000))
    write(tmp_path, "redline", box(50, 0, 1000, 1000))
    (tmp_path / "study.toml").write_text(
        '[study]\ntitle = "示例县"\nboundary = "boundary"\narea = "plane:EPSG:4547"\n'
        '[layers.boundary]\nrole = "boundary"\npath = "boundary.shp"\n'
        '[layers.redline]\nrole = "eco_redline"\npath = "redline.shp"\n',
        encoding="utf-8",
    )
    return tmp_path


def check(folder: Path) -> SiteResult:
    [result] = Checker(open_study(folder), on=DAY).check(sites(SITE))
    return result


def area(folder: Path) -> float:
    return check(folder).contacts["redline"].area_m2


def test_second_time_nothing_is_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = check(folder)

    def never(layer: Layer) -> None:
        raise AssertionError("a prepared layer was prepared again")

    monkeypatch.setattr(prepared, "prepare", never)
    monkeypatch.setattr("ecospace.layers.read.read_layer", never)
    assert check(folder).as_dict() == first.as_dict()


def test_a_changed_source_is_never_trusted(folder: Path) -> None:
    assert area(folder) == pytest.approx(5_000)
    write(folder, "redline", box(90, 0, 1000, 1000))
    assert area(folder) == pytest.approx(1_000)


@pytest.mark.parametrize("member", [".dbf", ".prj"])
def test_a_changed_companion_is_seen(folder: Path, member: str) -> None:
    before = check(folder)
    file = folder / f"redline{member}"
    file.write_bytes(file.read_bytes() + b" ")
    after = check(folder)
    assert before.contacts["redline"].layer.facts["sha256"] != after.contacts["redline"].layer.facts["sha256"]


def test_changed_settings_are_seen(folder: Path) -> None:
    assert check(folder).contacts["redline"].layer.accuracy_m == 0
    toml = folder / "study.toml"
    toml.write_text(toml.read_text(encoding="utf-8") + "accuracy_m = 5\n", encoding="utf-8")
    assert check(folder).contacts["redline"].layer.accuracy_m == 5


@pytest.mark.parametrize("damage", ["cut", "gone", "rubbish"])
def test_a_damaged_store_is_made_anew(folder: Path, damage: str) -> None:
    assert area(folder) == pytest.approx(5_000)
    store = folder / ".ecospace" / "check" / "redline"
    array = store / "areas_blob.npy"
    if damage == "cut":
        array.write_bytes(array.read_bytes()[:-10])
    elif damage == "gone":
        array.unlink()
    else:
        (store / "layer.json").write_text("{", encoding="utf-8")
    assert area(folder) == pytest.approx(5_000)


def test_a_study_that_cannot_be_written_is_checked_all_the_same(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_args: object, **_kwargs: object) -> None:
        raise PermissionError

    monkeypatch.setattr(prepared, "_save", refused)
    assert area(folder) == pytest.approx(5_000)


def test_a_missing_file_is_undecided_not_clear(folder: Path) -> None:
    assert check(folder).level is Level.PROHIBITED
    (folder / "redline.shp").unlink()
    result = check(folder)
    assert result.level is Level.UNDECIDED
    assert "redline" not in result.contacts


def test_a_truncated_source_is_undecided_not_clear(folder: Path) -> None:
    file = folder / "redline.shp"
    file.write_bytes(file.read_bytes()[:-40])
    assert check(folder).level is Level.UNDECIDED


def test_json_is_the_same_byte_for_byte(folder: Path, tmp_path: Path) -> None:
    one, two = tmp_path / "one.json", tmp_path / "two.json"
    write_json([check(folder)], one)  # prepared just now
    write_json([check(folder)], two)  # loaded
    assert one.read_bytes() == two.read_bytes()
