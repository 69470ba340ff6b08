"""The register of declared corridors: one county of squares by hand, and every name of the plan in the demonstration."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
from shapely import LineString, Point, box

from ecospace.errors import RuleError, UsageError
from ecospace.measure.corridors import (
    Register,
    built_rate,
    clauses,
    corridor_register,
    greenway_per_10000,
    missing_names,
)
from ecospace.report.corridor_tables import gaps_table, makeup_table, register_table, status_table

SAMPLE = Path(__file__).resolve().parents[2] / "layers" / "sample"
#: 2 km x 1 km: forest in the west, fields in the east, a river 100 m wide along y = 500.
BOUNDARY = box(0, 0, 2000, 1000)
FOREST = [box(0, 0, 1000, 450), box(0, 550, 1000, 1000)]
FIELDS = [box(1000, 0, 2000, 450), box(1000, 550, 2000, 1000)]
RIVER = box(0, 450, 2000, 550)


def frame(shapes: list[object], **columns: object) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(columns, geometry=shapes, crs=4547)


def registered() -> Register:
    land = frame([*FOREST, *FIELDS, RIVER], group=["forest"] * 2 + ["cropland"] * 2 + ["wetland_water"])
    corridors = frame(
        [
            LineString([(-500, 500), (2500, 500)]),  # 1 km of it lies outside
            LineString([(0, 200), (2000, 200)]),
            box(900, 600, 1100, 1000),
            Point(500, 800),
        ],
        name=["潭江", "示例绿道", "隔离带", "水口出入口"],
        kind=["河流廊道", "绿道", "生态隔离带", "出入口绿化提升"],
        status=["建成", "建成", "规划", "规划"],
        clause=["C01", "", "C04", "C03"],
        width_m=[200, 100, np.nan, np.nan],
    )
    redline = frame([box(0, 0, 500, 1000), box(0, 0, 400, 1000)])  # they overlap
    return corridor_register(corridors, land, frame([BOUNDARY]), redline=redline, step_m=50)


def test_ground_and_make_up_by_hand():
    """River 2000 x 200 m in the county: 100 m of water all along, 100 m of forest for 1000 m."""
    table = registered().corridors
    assert table["length_m"].tolist()[:3] == pytest.approx([3000, 2000, 400])
    assert table["area_m2"].tolist()[:3] == pytest.approx([400_000, 200_000, 80_000])
    assert table["natural_m2"].tolist()[:3] == pytest.approx([300_000, 100_000, 40_000])
    assert table["natural_share"].tolist()[:3] == pytest.approx([0.75, 0.5, 0.5])
    assert table["redline_share"].tolist()[:3] == pytest.approx([0.25, 0.25, 0])
    assert table["width_m"].iloc[2] == pytest.approx(200)


def test_make_up_adds_up_to_the_ground():
    found = registered()
    sums = found.land.groupby("corridor")["area_m2"].sum()
    assert sums.to_numpy() == pytest.approx(found.corridors["area_m2"].dropna().to_numpy(), rel=1e-9)
    assert found.union_m2 == pytest.approx(400_000 + 200_000 + 80_000)


def test_gaps_and_the_narrowest_place():
    """The greenway runs through 1 km of fields: one gap of 1000 m; the river has water all along."""
    found = registered()
    greenway = found.corridors.iloc[1]
    assert (greenway["gaps"], greenway["gap_m"], greenway["continuity"]) == pytest.approx((1, 1000, 0.5))
    assert greenway["narrowest_m"] == 0
    assert found.gaps.loc[found.gaps["name"] == "示例绿道", ["start", "end"]].to_numpy().tolist() == [
        ["K1+000", "K2+000"]
    ]
    inside = found.gaps[found.gaps["name"] == "潭江"]
    assert inside["length_m"].tolist() == pytest.approx([500, 500])  # the two ends outside the county have no land


def test_a_corridor_without_a_width_has_no_area_and_says_so():
    found = registered()
    assert np.isnan(found.corridors["area_m2"].iloc[3])
    assert [finding.code for finding in found.findings] == ["F-CORRIDOR-01"]
    assert register_table(found).rows()[3][7] == "—"


def test_chainage_of_the_layer_is_read_and_both_directions():
    """The stretch of the plan (B08): 8 595 m of road from K36+945; a gap of 500 m that begins 1 000 m from its western end."""
    road = LineString([(0, 500), (8595, 500)])
    trees = [box(0, 400, 1000, 600), box(1500, 400, 8595, 600)]
    land = frame([*trees, box(1000, 400, 1500, 600)], group=["forest", "forest", "cropland"])
    ground = frame([box(0, 0, 8595, 1000)])

    def told(line: LineString, **columns: object) -> list[object]:
        row = {"name": ["S367"], "clause": ["B08"], "width_m": [100]} | {key: [value] for key, value in columns.items()}
        found = corridor_register(frame([line], **row), land, ground)
        gap = found.gaps.iloc[0]
        return [*found.corridors[["start", "end"]].iloc[0], gap["start"], gap["end"]]

    there = ["K36+945", "K45+540", "K37+945", "K38+445"]
    assert told(road, start_m="K36+945") == told(road, start_m=36_945.0) == there
    assert told(road.reverse(), start_m="K36+945", reversed="是") == there
    assert told(road.reverse(), start_m="K36+945") == ["K36+945", "K45+540", "K44+040", "K44+540"]
    assert told(road) == ["K0+000", "K8+595", "K1+000", "K1+500"]


def test_a_line_that_is_not_as_long_as_its_chainages_is_told():
    row = {"name": ["S367"], "clause": ["B08"], "width_m": [100], "start_m": ["K36+945"], "end_m": ["K45+540"]}
    land = frame([box(0, 0, 9000, 1000)], group=["forest"])
    for length, codes in ((8_595.4, []), (8_500, ["F-CORRIDOR-04"])):
        axis = LineString([(0, 500), (length, 500)])
        found = corridor_register(frame([axis], **row), land, frame([box(0, 0, 9000, 1000)]))
        assert [finding.code for finding in found.findings] == codes
    assert "K36+945–K45+540 应为 8595 米" in found.findings[0].text and "8500" in found.findings[0].text


def test_without_land_use_the_register_says_what_it_does_not_know():
    axis = LineString([(0, 500), (2000, 500)])
    found = corridor_register(frame([axis], name=["潭江"], width_m=[200]), None, frame([BOUNDARY]))
    row = found.corridors.iloc[0]
    assert row["area_m2"] == pytest.approx(400_000) and row["end"] == "K2+000"
    assert np.isnan([row["natural_m2"], row["natural_share"], row["gaps"], row["narrowest_m"]]).all()
    assert "0.0" not in register_table(found).rows()[0]


def test_built_rate_and_greenway():
    """5 km of 5.4 km are built; 2 km of greenway for 20 000 people."""
    found = registered()
    rate = built_rate(found)
    assert rate.attrs["built_share"] == pytest.approx(5000 / 5400)
    assert rate["share"].sum() == pytest.approx(1)
    assert greenway_per_10000(found, 20_000) == pytest.approx(1.0)
    assert greenway_per_10000(found, 0) is None


def test_names_of_the_plan_that_are_missing_are_named():
    missing = missing_names(registered())
    assert "C01" not in missing
    assert missing["C03"] == [name for name in clauses()["C03"]["names"] if name != "水口"]


def test_tables_print():
    found = registered()
    for table in (register_table(found), makeup_table(found), status_table(found), gaps_table(found)):
        assert table.rows() and table.title in table.to_text()


def test_a_rule_without_a_width_is_refused_by_the_command():
    from ecospace.commands.corridors import rules_named

    with pytest.raises(RuleError, match="E-RULE-62"):
        rules_named(["B07"], None)
    assert rules_named(["B07"], 30)[0].widths_m() == (30,)
    assert [rule.key for rule in rules_named(["B02", "B05", "B02"], None)] == ["B02", "B05"]
    for key in ("B99", "B04", "B06a"):  # no rule; hills in view; a service radius
        with pytest.raises(UsageError, match="E-USE-85"):
            rules_named([key], None)
    with pytest.raises(UsageError, match="E-USE-86"):
        rules_named(["B02", "B07"], 30)


@pytest.mark.slow
def test_every_name_of_the_plan_is_registered_and_on_the_map(kaiping: Path):
    """C01–C04 in the demonstration: each name in the register with the text of its clause, each number on the sheet."""
    from ecospace.commands.corridors import declared
    from ecospace.measure.study_land import land_of
    from ecospace.report.corridor_maps import corridor_figure
    from ecospace.report.corridor_tables import clause_lines
    from ecospace.study import open_study

    study = open_study(kaiping)
    found = corridor_register(
        declared(study, "exits", None), land_of(study), study.boundary, redline=study.frame("redline")
    )
    assert missing_names(found, ["C01", "C02", "C03", "C04", "B08"]) == {}
    table = register_table(found)
    assert all(row[table.headings().index("条款原文")] for row in table.rows())
    stretch = found.corridors[found.corridors["clause"] == "B08"]
    assert stretch["length_m"].iloc[0] == pytest.approx(8_595, abs=0.01)
    assert stretch[["start", "end"]].iloc[0].tolist() == ["K36+945", "K45+540"]
    names = " ".join(found.corridors["name"])
    assert all(name in names for name in ("K36+945~K45+540", "生态墙"))

    drawn = {placed.name.text for placed in corridor_figure(study, found).plan.names}
    assert {str(number) for number in range(1, len(found.corridors) + 1)} <= {text.split()[0] for text in drawn}
    beside = clause_lines(found)
    for clause in ("C01", "C02", "C03", "C04"):
        assert clauses()[clause]["text"] in beside
        assert all(name in beside for name in clauses()[clause]["names"])
