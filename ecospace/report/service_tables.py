"""Tables of who is served: parks by radius, greenways by inhabitants."""

from __future__ import annotations

import pandas as pd

from ecospace.language import _
from ecospace.measure.greenways import Greenways
from ecospace.measure.service import Service, ServiceRule, service_rules
from ecospace.report.table import Table
from ecospace.terms import standard


def service_table(found: Service, *, cell_m: float) -> Table:
    """Every rule and radius for the whole study area (服务半径覆盖率)."""
    whole = found.table[found.table["zone"] == "whole"]
    frame = whole.assign(label=[service_rules()[key].label for key in whole["rule"]], way=whole["way"].map(way_names()))
    table = Table(frame).titled(_("Service radius of parks"), _("Service radius"))
    for key, label in (
        ("label", _("Park class")),
        ("radius", _("Radius (m)")),
        ("way", _("Distance")),
        ("places", _("Parks")),
    ):
        table = table.show(key, label)
    rules = [service_rules()[key] for key in dict.fromkeys(whole["rule"])]
    return _served(table, whole).noted(*_method(found, cell_m), *map(_clause, rules), *(f.text for f in found.findings))


def zone_tables(found: Service, *, cell_m: float) -> list[Table]:
    """One table for each rule, radius and way: townships that add up to the whole (分镇街)."""
    tables = []
    for (key, radius, way), part in found.table.groupby(["rule", "radius", "way"], sort=False):
        rule = service_rules()[str(key)]
        title = _("{rule}, radius {radius} m, {way}, by zone").format(
            rule=rule.label, radius=radius, way=way_names()[str(way)]
        )
        sheet = f"{key} {radius} {way_names()[str(way)]}".replace("/", "-")
        table = Table(part).titled(title, sheet).show("name", _("Zone"))
        tables.append(_served(table, part, parts="part", total="total").noted(*_method(found, cell_m), _clause(rule)))
    return tables


def way_names() -> dict[str, str]:
    """How a distance was taken, in words."""
    return {"straight": _("straight line"), "streets": _("along streets")}


def _served(table: Table, frame: pd.DataFrame, **sums: str) -> Table:
    area = {"unit": "ha", "decimals": 2, **sums}
    table = (
        table.show("area_m2", _("Residential land"), **area)
        .show("served_m2", _("of it served"), **area)
        .show("share", _("Share of land"), unit="%", decimals=2)
    )
    if frame["population"].notna().any():
        table = (
            table.show("population", _("Inhabitants"), decimals=0, **sums)
            .show("served_population", _("of them served"), decimals=0, **sums)
            .show("population_share", _("Share of inhabitants"), unit="%", decimals=2)
        )
    return table


def _clause(rule: ServiceRule) -> str:
    text = f"{rule.key}: {rule.clause}（{rule.document}）"
    return text if rule.verified else _("{text} Not compared with its source.").format(text=text)


def _method(found: Service, cell_m: float) -> tuple[str, ...]:
    straight = _(
        "Straight line: residential land within the radius of the edge of a park; overlapping catchments once."
    )
    spread = _("Inhabitants are spread evenly over each residential polygon.")
    if "streets" not in set(found.table["way"]):
        streets = _("Along streets: not judged, no street layer is named (--streets).")
    else:
        streets = _(
            "Along streets: from a point of each cell of {cell:g} m straight to the nearest street, along streets, straight to the "
            "park, whose door is its point nearest to a street; streets meet where they cross; motorways and railways are left out."
        ).format(cell=cell_m)
    return straight, streets, spread


def greenways_table(found: Greenways, target_km: float | None, clause: str) -> Table:
    """Built greenway for 10 000 people, zone by zone (人均绿道长度)."""
    length = {"unit": "km", "decimals": 3, "parts": "part", "total": "total"}
    verdict = ""
    whole = float(found.table["per_10000_m"].to_dict()["whole"])
    if target_km is not None and whole == whole:
        reached = _("reached") if whole >= target_km * 1000 else _("not reached")
        verdict = _("Target {target:g} km for 10 000 people: {reached}.").format(target=target_km, reached=reached)
    return (
        Table(found.table.reset_index(names="zone"))
        .titled(_("Greenways for 10 000 people"), _("Greenways"))
        .show("name", _("Zone"))
        .show("population", _("Inhabitants"), decimals=0)
        .show("total_m", _("Greenways, all statuses"), **length)
        .show("built_m", _("of them built"), **length)
        .show("per_10000_m", _("Built, for 10 000 people"), unit="km", decimals=3)
        .noted(
            verdict,
            clause,
            _("A stretch drawn twice counts once; lines beside each other count each. Built: status {words}.").format(
                words=_("; ").join(standard("rules/corridors")["status"]["built"])
            ),
            *(finding.text for finding in found.findings),
        )
    )


def greenway_status_table(found: Greenways) -> Table:
    """Length by status and zone (按建设状态)."""
    frame = found.by_status.assign(
        status=found.by_status["status"].where(found.by_status["status"] != "", _("not stated"))
    )
    table = Table(frame).titled(_("Greenways by status"), _("By status")).show("status", _("Stage of building"))
    return table.show("name", _("Zone")).show("length_m", _("Length"), unit="km", decimals=3)
