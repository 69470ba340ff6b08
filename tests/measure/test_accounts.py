"""Accounts close, or are refused: a county of two towns of 100 m, arithmetic by hand."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from shapely import box

from ecospace.errors import BalanceError, DataError, UsageError
from ecospace.measure import accounts as module
from ecospace.measure.accounts import apportioned, compensation, land_accounts
from ecospace.measure.change_matrix import change_matrix


def frame(shapes: list[shapely.Geometry], index: list[str] | None = None, **columns: list[object]) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(columns, index=index, geometry=shapes, crs=4547)


BOUNDARY = frame([box(0, 0, 200, 100)], name=["县"])
TOWNS = frame([box(0, 0, 100, 100), box(100, 0, 200, 100)], ["t1", "t2"], name=["东镇", "西镇"])
PARK = frame([box(90, 0, 120, 100)], ["p"], name=["园区"])
LAND = frame([box(0, 0, 200, 60), box(0, 60, 150, 100), box(150, 60, 200, 100)], DLBM=["0301", "0101", "1101"])


def rows(table: pd.DataFrame) -> list[list[object]]:
    return table.round(6).values.tolist()


def test_classes_close_to_towns_and_county() -> None:
    account = land_accounts(LAND, BOUNDARY, TOWNS, by="DLBM")
    assert rows(account.table) == [
        ["whole", "0101", 6000.0], ["whole", "0301", 12000.0], ["whole", "1101", 2000.0],
        ["t1", "0101", 4000.0], ["t1", "0301", 6000.0],
        ["t2", "0101", 2000.0], ["t2", "0301", 6000.0], ["t2", "1101", 2000.0],
    ]  # fmt: skip
    assert account.units["missing_m2"].tolist() == [0, 0, 0] == account.units["double_m2"].tolist()
    assert max(account.proof.values()) < 1e-12
    assert account.wide().loc["t1"].round(6).to_dict() == {"0101": 4000.0, "0301": 6000.0, "1101": 0.0}


def test_a_park_over_two_towns_is_counted_once() -> None:
    account = land_accounts(LAND, BOUNDARY, TOWNS, by="DLBM", nested=PARK)
    park = account.table[account.table["unit"] == "nested:p"]
    assert rows(park[["DLBM", "area_m2"]]) == [["0101", 1200.0], ["0301", 1800.0]]
    whole = account.table.groupby("unit")["area_m2"].sum().round(6)
    assert whole["whole"] == 20_000 == whole["t1"] + whole["t2"]


def test_gaps_and_doubles_stand_in_the_account() -> None:
    land = frame([box(0, 0, 90, 100), box(80, 0, 180, 100)], DLBM=["a", "b"])
    units = land_accounts(land, BOUNDARY, TOWNS, by="DLBM").units
    assert units["drawn_m2"].round(6).tolist() == [19_000, 11_000, 8_000]
    assert units["double_m2"].round(6).tolist() == [1_000, 1_000, 0]
    assert units["missing_m2"].round(6).tolist() == [2_000, 0, 2_000]


def test_towns_that_overlap_or_leave_ground_still_close_to_the_county() -> None:
    towns = frame([box(0, 0, 110, 100), box(90, 0, 180, 100)], ["t1", "t2"], name=["东镇", "西镇"])
    account = land_accounts(LAND, BOUNDARY, towns, by="DLBM")
    assert account.units["role"].tolist() == ["whole", "zone", "zone", "remainder"]
    assert account.units["area_m2"].round(6).tolist() == [20_000, 11_000, 9_000, 2_000]
    assert account.proof["whole"] < 1e-12


def test_the_account_of_the_red_line_counts_its_overlaps_once() -> None:
    line = frame([box(50, 0, 150, 50), box(60, 0, 150, 50)])
    account = land_accounts(LAND, BOUNDARY, TOWNS, by="DLBM", within=line)
    assert rows(account.table) == [["whole", "0301", 5000.0], ["t1", "0301", 2500.0], ["t2", "0301", 2500.0]]


def test_what_does_not_close_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "covered_area", lambda _land, units: units.geometry.area * 1.000_001)
    with pytest.raises(BalanceError, match="E-SUM-60"):
        land_accounts(LAND, BOUNDARY, TOWNS, by="DLBM")
    monkeypatch.undo()
    true = module.cross_area

    def one_town_short(*given: object, **named: object) -> pd.DataFrame:
        table = true(*given, **named)
        return table[table["unit" if "unit" in table else "zone"] != "t1"]

    monkeypatch.setattr(module, "cross_area", one_town_short)
    with pytest.raises(BalanceError, match="E-SUM-6"):
        land_accounts(LAND, BOUNDARY, TOWNS, by="DLBM")


def test_attribute_areas_are_shared_out_by_ground() -> None:
    """The worked example of the standard: a third of a parcel, TBMJ 599 988.37 m², ridges 0.0834."""
    parcel = frame([box(0, 0, 3, 1)], DLBM=["0101"], TBMJ=[599_988.37], KCXS=[0.0834])
    zones = frame([box(0, 0, 0.333_333_43 * 3, 1), box(0.333_333_43 * 3, 0, 3, 1)], ["site", "rest"])
    table = apportioned(parcel, zones, by="DLBM", deducted="KCXS")
    assert table["attribute_m2"].iloc[0] == pytest.approx(199_996.18, abs=0.005)
    assert table["net_m2"].iloc[0] == pytest.approx(183_316.50, abs=0.005)
    assert table["attribute_m2"].sum() == pytest.approx(599_988.37, rel=1e-12)


def test_attribute_areas_that_are_missing_or_shared_twice_are_refused() -> None:
    parcel = frame([box(0, 0, 200, 10)], ["a"], DLBM=["0101"], TBMJ=[None])
    with pytest.raises(DataError, match=r"E-DATA-66.*a"):
        apportioned(parcel, TOWNS, by="DLBM")
    twice = pd.concat([TOWNS, PARK])
    with pytest.raises(BalanceError, match=r"E-SUM-62.*a"):
        apportioned(parcel.assign(TBMJ=2000.0), twice, by="DLBM")


def test_compensation_needs_a_rate_for_each_class() -> None:
    account = land_accounts(LAND, BOUNDARY, TOWNS, by="DLBM")
    paid = compensation(account, {"0301": 300.0, "0101": 0.0, "1101": 150.0})
    assert paid.groupby("unit")["amount"].sum().round(6).to_dict() == {"whole": 390.0, "t1": 180.0, "t2": 210.0}
    with pytest.raises(DataError, match=r"E-DATA-67.*1101"):
        compensation(account, {"0301": 1, "0101": 1})


def test_a_change_matrix_and_its_balance() -> None:
    later = frame([box(0, 0, 200, 50), box(0, 50, 150, 100), box(150, 50, 200, 100)], DLBM=["0301", "0101", "1101"])
    change = change_matrix(LAND, later, TOWNS, by="DLBM")
    assert change.matrix("t1").round(6).to_dict() == {
        "0101": {"0101": 4000.0, "0301": 1000.0},
        "0301": {"0101": 0.0, "0301": 5000.0},
    }
    assert rows(change.balance[change.balance["unit"] == "t2"]) == [
        ["t2", "0101", 2000.0, 0.0, 500.0, 2500.0],
        ["t2", "0301", 6000.0, 1000.0, 0.0, 5000.0],
        ["t2", "1101", 2000.0, 0.0, 500.0, 2500.0],
    ]
    assert change.table["area_m2"].sum() == pytest.approx(20_000, rel=1e-12)
    assert change.proof["balance"] < 1e-12


def test_ground_that_one_date_does_not_draw_is_a_class_of_its_own() -> None:
    before, after = frame([box(0, 0, 100, 50)], DLBM=["a"]), frame([box(0, 25, 100, 100)], DLBM=["b"])
    change = change_matrix(before, after, TOWNS, by="DLBM")
    flows = {(str(b), str(a)): area for _unit, b, a, area in rows(change.table)}
    assert flows == {("a", "b"): 2500.0, ("a", "None"): 2500.0, ("None", "b"): 5000.0} or flows == {
        ("a", "b"): 2500.0, ("a", "nan"): 2500.0, ("nan", "b"): 5000.0,
    }  # fmt: skip


def test_a_layer_that_overlaps_itself_has_no_change_matrix() -> None:
    with pytest.raises(UsageError, match=r"E-USE-63.*t1"):
        change_matrix(frame([box(0, 0, 60, 10), box(50, 0, 70, 10)], DLBM=["a", "b"]), LAND, TOWNS, by="DLBM")


def test_random_tilings_close() -> None:
    rng = np.random.default_rng(4)
    whole = box(500_000, 2_470_000, 520_000, 2_490_000)

    def tiling(count: int) -> np.ndarray:
        points = shapely.MultiPoint(rng.uniform((500_000, 2_470_000), (520_000, 2_490_000), (count, 2)))
        return shapely.intersection(shapely.get_parts(shapely.voronoi_polygons(points, extend_to=whole)), whole)

    towns = tiling(8)
    zones = frame(list(towns), [f"t{n}" for n in range(8)], name=[f"镇{n}" for n in range(8)])
    kinds = ["0101", "0301", "0701", "1101"]
    before, after = (
        frame(list(shapes), DLBM=list(np.resize(kinds, len(shapes)))) for shapes in (tiling(500), tiling(450))
    )
    account = land_accounts(before, frame([whole], name=["县"]), zones, by="DLBM")
    change = change_matrix(before, after, zones, by="DLBM")
    assert max(*account.proof.values(), change.proof["balance"]) < 1e-9
    opening = change.balance.groupby("class")["opening_m2"].sum()
    county = account.table[account.table["unit"] == "whole"].set_index("DLBM")["area_m2"]
    np.testing.assert_allclose(opening.to_numpy(), county.to_numpy(), rtol=1e-10)
