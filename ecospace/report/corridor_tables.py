"""Declared corridors as tables: the register, land make-up, length by status, gaps, bank widths, clauses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from ecospace.language import _, current
from ecospace.measure.corridors import GAP_BELOW_M, Register, built_rate, clauses
from ecospace.report.table import Table
from ecospace.space.chainage import chainage_of
from ecospace.terms import standard

if TYPE_CHECKING:
    from ecospace.space.buffer import BufferRule


def register_table(register: Register, *, brief: bool = False) -> Table:
    """The register (廊道名录), with the clause beside each name; in brief, the clause by its id only."""
    frame = pd.DataFrame(register.corridors.drop(columns="geometry"))
    frame["number"] = range(1, len(frame) + 1)
    frame["narrowest_at"] = ["—" if at != at else chainage_of(at) for at in frame["narrowest_at_m"]]
    frame["text"] = [clauses().get(key, {}).get("text", "") for key in frame["clause"]]
    table = Table(frame).titled(_("Register of ecological corridors"), _("Register"))
    columns: list[tuple[str, str, dict[str, Any]]] = [
        ("number", _("No."), {}),
        ("name", _("Name"), {}),
        ("alias", _("Alias"), {}),
        ("kind", _("Kind"), {}),
        ("status", _("State of building"), {}),
        ("length_m", _("Length"), {"unit": "km", "decimals": 2}),
        ("width_m", _("Width"), {"unit": "m", "decimals": 0}),
        ("area_m2", _("Area"), {"unit": "ha", "decimals": 2}),
        ("natural_share", _("Natural ground"), {"unit": "%", "decimals": 1}),
        ("redline_share", _("Inside the red line"), {"unit": "%", "decimals": 2, "beside": "redline_m2"}),
        ("gaps", _("Gaps"), {"decimals": 0}),
        ("gap_m", _("Length of gaps"), {"unit": "m", "decimals": 0}),
        ("continuity", _("Continuity"), {"unit": "%", "decimals": 1}),
        ("narrowest_m", _("Narrowest natural width"), {"unit": "m", "decimals": 1}),
        ("narrowest_at", _("at chainage"), {}),
        ("clause", _("Clause"), {}),
        ("text", _("Text of the clause"), {}),
    ]
    for key, label, how in columns:
        if not brief or key not in ("alias", "width_m", "continuity", "text"):
            table = table.show(key, label, **how)
    return table.noted(
        _("Ground of all corridors, each once: {area:.2f} ha; the rows overlap, so their sum is more.").format(
            area=register.union_m2 / 10_000
        ),
        _("A gap is a stretch with less than {limit:g} m of natural ground on both sides of the axis together.").format(
            limit=GAP_BELOW_M
        ),
        _(
            "Natural ground: forest, shrub, grass, wetland and water by the land-use layer; a reading of this program, not verified."
        ),
        _(
            "Chainage counts from the first vertex of the axis as drawn. Ends of gaps are right to half a transect step."
        ),
    )


def makeup_table(register: Register) -> Table:
    """Land make-up of each corridor (用地构成)."""
    names = {key: label[current()] for key, label in standard("resistance/groups")["names"].items()}
    frame = register.land.assign(
        name=register.land["corridor"].map(register.corridors["name"]),
        label=register.land["group"].map(names).fillna(register.land["group"]),
        share=register.land["area_m2"] / register.land["corridor"].map(register.corridors["area_m2"]),
    )
    return (
        Table(frame)
        .titled(_("Land make-up of the corridors"), _("Make-up"))
        .show("name", _("Name"))
        .show("label", _("Land"))
        .show("area_m2", _("Area"), unit="ha", decimals=2)
        .show("share", _("Share"), unit="%", decimals=2, beside="area_m2")
    )


def status_table(register: Register) -> Table:
    """Length by status and the built rate (建成率, A26–A28)."""
    rate = built_rate(register)
    return (
        Table(rate.reset_index())
        .titled(_("Corridors by status"), _("By status"))
        .show("status", _("State of building"))
        .show("count", _("Count"))
        .show("length_m", _("Length"), unit="km", decimals=2)
        .show("share", _("Share"), unit="%", decimals=2)
        .noted(_("Built: {share:.2%} of the length.").format(share=rate.attrs["built_share"]))
    )


def gaps_table(register: Register) -> Table:
    """Gaps by chainage (断点)."""
    table = Table(pd.DataFrame(register.gaps.drop(columns="geometry")))
    for key, label in (("name", _("Name")), ("start", _("From")), ("end", _("To"))):
        table = table.show(key, label)
    return table.show("length_m", _("Length"), unit="m", decimals=0).titled(_("Gaps of the corridors"), _("Gaps"))


def widths_table(widths: pd.DataFrame, rule: BufferRule) -> Table:
    """Green width along rivers against a rule (绿化带宽度达标)."""
    frame = widths.assign(
        side=widths["side"].map({"left": _("left"), "right": _("right")}),
        at=[chainage_of(metres) for metres in widths["narrowest_at_m"]],
    )
    return (
        Table(frame)
        .titled(_("Green width on the banks: {rule}").format(rule=rule.label), _("Bank widths"))
        .show("river", _("River"))
        .show("side", _("Side"))
        .show("length_m", _("Length"), unit="km", decimals=2)
        .show("complying_m", _("wide enough"), unit="km", decimals=2)
        .show("share", _("Share"), unit="%", decimals=1)
        .show("narrowest_m", _("Narrowest"), unit="m", decimals=1)
        .show("at", _("at chainage"))
        .noted(*_rule_notes(rule))
    )


def failing_table(failing: pd.DataFrame, rule: BufferRule) -> Table:
    """Stretches that are too narrow, by chainage (不达标河段)."""
    frame = pd.DataFrame(failing.drop(columns="geometry"))
    frame["side"] = frame["side"].map({"left": _("left"), "right": _("right")})
    table = Table(frame).titled(_("Stretches too narrow: {rule}").format(rule=rule.label), _("Too narrow"))
    for key, label in (("river", _("River")), ("side", _("Side")), ("start", _("From")), ("end", _("To"))):
        table = table.show(key, label)
    return (
        table.show("length_m", _("Length"), unit="m", decimals=0)
        .show("narrowest_m", _("Narrowest"), unit="m", decimals=1)
        .show("missing_m", _("Missing"), unit="m", decimals=1)
        .noted(*_rule_notes(rule))
    )


def clause_lines(register: Register) -> str:
    """The numbers and names of a map, clause by clause in the words of the document, to be printed beside it."""
    named = register.corridors["name"].str.removesuffix("（示例）")
    numbered = [f"{number} {name}" for number, name in enumerate(named, start=1)]
    lines = []
    for key in register.corridors["clause"].unique():
        text = clauses().get(key, {}).get("text", "")
        names = [name for name, clause in zip(numbered, register.corridors["clause"], strict=True) if clause == key]
        lines.append(f"{key} {text}: {', '.join(names)}".strip())
    return "\n".join(lines)


def _rule_notes(rule: BufferRule) -> tuple[str, ...]:
    width = " – ".join(f"{value:g}" for value in rule.widths_m())
    return (
        _("{key}: {clause} ({document}); asked for: {width} m.").format(
            key=rule.key, clause=rule.clause, document=rule.document, width=width
        ),
        _(
            "Width: the unbroken green from the bank outwards, left and right seen in the direction of the line as drawn."
        ),
        _("The whole river is measured; the clause may hold in town only."),
    )
