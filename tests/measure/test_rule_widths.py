"""Width rules held against banks: one river through town, fields and forest, by hand."""

from __future__ import annotations

import geopandas as gpd
import pytest
from shapely import LineString, box

from ecospace.measure.rule_widths import RuleWidths, rule_widths, standing_water
from ecospace.report.corridor_tables import rule_line, stretches_table, widths_table
from ecospace.space.buffer import buffer_rules

#: 2 km of river 100 m wide; north bank: 1 km of town behind 40 m of trees on its first half, then 1 km of forest; south bank: fields.
RIVER = box(0, 450, 2000, 550)
PARCELS = {
    "0301": [box(0, 550, 500, 590), box(1000, 550, 2000, 1000)],
    "0701": [box(0, 590, 500, 1000), box(500, 550, 1000, 1000)],
    "0101": [box(0, 0, 2000, 450)],
    "1101": [RIVER],
}
GROUPS = {
    "0301": "forest",
    "0701": "urban",
    "0101": "cropland",
    "1101": "wetland_water",
    "1003": "road",
    "1103": "wetland_water",
}


def frame(shapes: list[object], **columns: object) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(columns, geometry=shapes, crs=4547)


def land_of(parcels: dict[str, list[object]]) -> gpd.GeoDataFrame:
    codes = [code for code, shapes in parcels.items() for _shape in shapes]
    shapes = [shape for group in parcels.values() for shape in group]
    return frame(shapes, code=codes, group=[GROUPS[code] for code in codes])


def held(key: str, **options: object) -> RuleWidths:
    river = frame([LineString([(0, 500), (2000, 500)])], name=["潭江"], start_m=["K10+000"])
    given = {"system": "dlbm", "banks": frame([RIVER]), "land": land_of(PARCELS), "lines": river} | options
    return rule_widths(buffer_rules()[key], **given)  # type: ignore[arg-type]


def runs(found: RuleWidths) -> list[list[object]]:
    return found.stretches[["side", "state", "start", "end"]].to_numpy().tolist()


def test_in_town_30_m_and_elsewhere_nothing_is_asked():
    """B02, 市区: trees before the town comply; the town at the water fails; the forest and the fields are not town."""
    found = held("B02")
    assert runs(found)[:3] == [
        ["left", "within", "K10+000", "K10+500"],
        ["left", "below", "K10+500", "K11+000"],
        ["left", "not_asked", "K11+000", "K12+000"],
    ]
    assert [row[1] for row in runs(found)[3:]] == ["not_asked"]
    whole = found.whole()
    wanted = ["length_m", "asked_m", "complying_m", "failing_m", "not_asked_m", "unjudged_m", "share"]
    assert whole[wanted].tolist() == pytest.approx([4000, 1000, 500, 500, 3000, 0, 0.5])
    assert found.failing["missing_m"].tolist() == [30]


def test_of_dykes_no_layer_tells():
    """B01a, 城区滨河、沿堤防: outside town it may hold on a dyke, so that cannot be judged."""
    whole = held("B01a").whole()
    assert whole[["asked_m", "not_asked_m", "unjudged_m"]].tolist() == pytest.approx([1000, 0, 3000])


def test_a_rule_for_all_rivers_counts_open_ground():
    """B03, 全市河涌 6 m: fields, trees and forest are open, the town at the water is not."""
    whole = held("B03").whole()
    assert whole[["asked_m", "failing_m", "not_asked_m"]].tolist() == pytest.approx([4000, 500, 0])


def test_a_range_beside_a_motorway():
    """B05, 20–50 m beside town, works, fields: 10, 30 and 70 m of trees for 300 m each, fields behind; then forest without end."""
    road = box(0, -17, 2000, 17)
    green = [box(0, 17, 300, 27), box(300, 17, 600, 47), box(600, 17, 900, 87), box(900, 17, 2000, 400)]
    fields = [box(0, 27, 300, 400), box(300, 47, 600, 400), box(600, 87, 900, 400), box(0, -400, 2000, -17)]
    land = land_of({"1003": [road], "0301": green, "0101": fields})
    motorway = frame([LineString([(0, 0), (2000, 0)])], name=["开阳高速"])
    found = held("B05", lines=motorway, land=land, banks=land[land["group"] == "road"])
    assert [row[:2] + row[2:] for row in runs(found)] == [
        ["left", "below", "K0+000", "K0+300"],
        ["left", "within", "K0+300", "K0+600"],
        ["left", "above", "K0+600", "K0+900"],
        ["left", "not_asked", "K0+900", "K2+000"],
        ["right", "below", "K0+000", "K2+000"],
    ]
    left = found.lengths.set_index("side").loc["left"]
    assert left[["asked_m", "below_m", "within_m", "above_m", "complying_m"]].tolist() == pytest.approx(
        [900, 300, 300, 300, 600]
    )
    assert left["share"] == pytest.approx(2 / 3)  # wider than the range is a remark
    row = dict(zip(widths_table(found).headings(), widths_table(found).rows()[0], strict=True))
    assert [row["窄于 20 米（%）"], row["20–50 米（%）"], row["宽于 50 米（%）"]] == ["33.3", "33.3", "33.3"]
    remarks = [line[5] for line in stretches_table(found, failing=False).rows()]
    assert "达标；超出规定上限（提示）" in remarks and "此处无条款所指地类，条款不作要求" in remarks


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"land": None}, "没有地类图层"),
        ({"system": "clc"}, "clc"),
        ({"banks": None}, "没有水面"),
    ],
)
def test_what_cannot_be_judged_says_why(options: dict[str, object], reason: str):
    found = held("B02", **options)
    assert reason in found.reason
    assert found.whole()[["asked_m", "unjudged_m"]].tolist() == [0, 4000]
    assert "无法判定" in rule_line(found) and reason in rule_line(found)
    assert any(reason in note for note in widths_table(found).notes)
    assert set(found.stretches["state"]) == {"unjudged"} and found.failing.empty


def test_a_river_drawn_outside_its_water_has_no_bank():
    found = held("B02", banks=frame([box(0, 450, 1500, 550)]))
    left = found.stretches[found.stretches["side"] == "left"]
    assert left.iloc[-1][["state", "start"]].tolist() == ["unjudged", "K11+500"]


def test_the_shore_of_a_reservoir_is_measured_all_round():
    """A pool of 400 x 300 m: trees 40 m wide along its north side, town on all sides."""
    pool = box(0, 0, 400, 300)
    trees, town = box(-100, 300, 500, 340), box(-300, -300, 700, 600)
    land = land_of({"1103": [pool], "0301": [trees], "0701": [town.difference(pool).difference(trees)]})
    found = held("B02", lines=frame([pool], name=["示例水库"]), land=land, banks=None)
    assert found.lengths["side"].tolist() == ["outside"]
    row = found.lengths.iloc[0]
    assert row["length_m"] == pytest.approx(1400) and row["unjudged_m"] == 0
    assert row["complying_m"] == pytest.approx(
        400, abs=90
    )  # views across a corner look askew: up to one step at either end


def test_a_reservoir_at_the_end_of_a_river_keeps_its_shore():
    """The river ends 50 m inside a pool of 400 m; it runs through its own water all along."""
    pool, apart = box(1950, 300, 2350, 700), box(5000, 0, 5400, 300)
    river = frame([LineString([(0, 500), (2000, 500)])])
    waters = frame([RIVER, pool, apart], name=["潭江", "示例水库", "示例湖"])
    assert standing_water(waters, river)["name"].tolist() == ["示例水库", "示例湖"]
    assert len(standing_water(waters, None)) == 3


def test_rows_with_a_chainage_are_lines_of_their_own_and_others_one():
    parts = [LineString([(0, 500), (800, 500)]), LineString([(800, 500), (2000, 500)])]
    one = held("B02", lines=frame(parts, name=["潭江", "潭江"]))
    assert one.whole().to_numpy() == pytest.approx(held("B02").whole().to_numpy(), rel=1e-9)
    two = held("B02", lines=frame(parts, name=["潭江", "潭江"], start_m=["K5+000", "K20+000"]))
    failing = two.failing[["start", "end"]].to_numpy().tolist()
    assert failing == [["K5+500", "K5+800"], ["K20+000", "K20+200"]]
    assert two.whole()["failing_m"] == pytest.approx(500)


def test_the_reasons_and_the_clause_stand_under_the_table():
    notes = "\n".join(widths_table(held("B02")).notes)
    assert "市区内河、湖、水库等两侧控制不低于30 m的绿化带" in notes and "0701" in notes and "未经核对" in notes
    total = widths_table(held("B02")).rows()[-1]
    assert total[2] == "4000" and total[3:8] == ["1000", "500", "500", "3000", "0"]
