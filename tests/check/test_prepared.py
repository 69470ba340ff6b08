"""Layers prepared once: used only while nothing of their source has changed, and never half written."""

from __future__ import annotations

import json
import zipfile
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


def marked(folder: Path) -> float:
    """A number that only a layer read anew can have: the store is marked, so that what comes from it shows."""
    head = folder / ".ecospace" / "check" / "redline" / "layer.json"
    known = json.loads(head.read_text(encoding="utf-8"))
    known["facts"]["accuracy_m"] = 77.0
    head.write_text(json.dumps(known, ensure_ascii=False), encoding="utf-8")
    return check(folder).contacts["redline"].layer.accuracy_m


def test_what_comes_from_the_store_shows(folder: Path) -> None:
    check(folder)
    assert marked(folder) == 77.0


@pytest.mark.parametrize("member", [".shp", ".shx", ".dbf", ".prj", ".cpg"])
def test_every_member_of_a_shapefile_breaks_the_seal(folder: Path, member: str) -> None:
    check(folder)
    file = folder / f"redline{member}"
    if member in (".shp", ".shx"):
        write(folder, "redline", box(60, 0, 1000, 1000), box(2000, 0, 2100, 100))
    elif member == ".dbf":
        file.write_bytes(file.read_bytes().replace(b"redline 0", b"redline 9"))
    elif member == ".cpg":
        file.unlink()
    else:
        file.write_bytes(file.read_bytes() + b" ")
    assert marked(folder) == 0.0


def test_a_companion_that_comes_later_breaks_the_seal(folder: Path) -> None:
    (folder / "redline.cpg").unlink()
    check(folder)
    (folder / "redline.cpg").write_text("GBK", encoding="ascii")
    assert marked(folder) == 0.0


@pytest.mark.parametrize("suffix", [".gpkg", ".geojson", ".kml", ".fgb", ".mif", ".zip", ".gdb"])
def test_every_format_breaks_its_seal(folder: Path, suffix: str) -> None:
    def save(*shapes: object) -> None:
        frame = gpd.GeoDataFrame({"name": [f"r{i}" for i in range(len(shapes))]}, geometry=list(shapes), crs=CRS_GK)
        target = folder / f"other{suffix}"
        if suffix == ".zip":
            write(folder, "inner", *shapes)
            with zipfile.ZipFile(target, "w") as archive:
                for member in folder.glob("inner.*"):
                    archive.write(member, member.name)
            return
        degrees = suffix in (".geojson", ".kml")
        driver = {".gdb": "OpenFileGDB", ".mif": "MapInfo File", ".kml": "KML"}.get(suffix)
        (frame.to_crs(4490) if degrees else frame).to_file(target, engine="pyogrio", driver=driver)

    toml = folder / "study.toml"
    save(box(50, 0, 1000, 1000))
    settings = 'source = "县局"\ncrs = "EPSG:4547"\n' if suffix in (".mif",) else 'source = "县局"\n'
    toml.write_text(
        toml.read_text(encoding="utf-8").replace('redline.shp"', f'other{suffix}"') + settings, encoding="utf-8"
    )
    check(folder)
    assert marked(folder) == 77.0
    if suffix == ".mif":
        mid = folder / "other.mid"
        mid.write_bytes(mid.read_bytes().replace(b"r0", b"r7"))
    else:
        save(box(60, 0, 1000, 1000))
    assert marked(folder) == 0.0


@pytest.mark.parametrize(
    "setting", ['date = "2018-06-30"', 'keep = { name = "redline 0" }', 'fields = { kind = "name" }', 'repair = "all"',
                'valid_to = "2030-01-01"', 'far_features = "verified"', 'encoding = "GBK"'],
)  # fmt: skip
def test_every_setting_breaks_the_seal(folder: Path, setting: str) -> None:
    check(folder)
    toml = folder / "study.toml"
    toml.write_text(toml.read_text(encoding="utf-8") + setting + "\n", encoding="utf-8")
    assert marked(folder) == 0.0


def test_another_grid_of_a_datum_shift_breaks_the_seal(tmp_path: Path) -> None:
    """The shift of a layer of 1954 or 1980 comes from a file of its own: another file is another place."""
    entry = {"path": "redline.shp", "grid": "shift.gsb"}
    (tmp_path / "redline.shp").write_bytes(b"shapes")
    without = prepared.seal(tmp_path / "redline.shp", entry)
    (tmp_path / "shift.gsb").write_bytes(b"one")
    one = prepared.seal(tmp_path / "redline.shp", entry)
    (tmp_path / "shift.gsb").write_bytes(b"two")
    assert len({without, one, prepared.seal(tmp_path / "redline.shp", entry)}) == 3


def test_another_boundary_is_another_study_area(folder: Path) -> None:
    """The boundary is a reference of every layer: whether a layer meets it and what lies beyond it is never stored."""
    assert check(folder).level is Level.PROHIBITED
    write(folder, "boundary", box(-20_000, -20_000, 75, 20_000))
    [result] = Checker(open_study(folder), on=DAY).check(sites(box(60, 10, 100, 20)))
    assert any(item.rule == "within_study_area" and item.level is Level.UNDECIDED for item in result.verdicts)
    write(folder, "boundary", box(90_000, 90_000, 95_000, 95_000))
    assert "redline" not in Checker(open_study(folder), on=DAY).check(sites(SITE))[0].contacts


def test_another_release_reads_layers_anew(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check(folder)
    monkeypatch.setattr(prepared, "_code", lambda: [["layers/read.py", 1, 1]])
    assert marked(folder) == 0.0


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
