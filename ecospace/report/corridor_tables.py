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
    from ecospace.measure.rule_widths import RuleWidths
    from ecospace.space.buffer import BufferRule


def register_table(register: Register, *, brief: bool = False) -> Table:
    """The register (廊道名录), with the clause beside each name; in brief, the clause by its id only."""
    frame = pd.DataFrame(register.corridors.drop(columns="geometry"))
    frame["number"] = range(1, len(frame) + 1)
    for column in ("start", "end"):
        frame[column] = frame[column].fillna("—")
    frame["narrowest_at"] = ["—" if at != at else chainage_of(at) for at in frame["narrowest_at_m"]]
    frame["text"] = [clauses().get(key, {}).get("text", "") for key in frame["clause"]]
    table = Table(frame).titled(_("Register of ecological corridors"), _("Register"))
    columns: list[tuple[str, str, dict[str, Any]]] = [
        ("number", _("No."), {}),
        ("name", _("Name"), {}),
        ("alias", _("Alias"), {}),
        ("kind", _("Kind"), {}),
        ("status", _("State of building"), {}),
        ("start", _("From"), {}),
        ("end", _("To"), {}),
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
        if not brief or key not in ("alias", "start", "end", "width_m", "continuity", "text"):
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
            "Chainage counts from the start_m of the layer where it has one, else from the first vertex as drawn. Ends of gaps are where the "
            "edges of the land polygons put them, not sampled."
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


def widths_table(found: RuleWidths) -> Table:
    """Lengths that a width rule asks for, that comply, that fail, that it does not ask for, that cannot be judged (绿化带宽度达标)."""
    rule = found.rule
    whole = pd.DataFrame([{"name": _("Total"), "side": "", **found.whole()}])
    frame = pd.concat([found.lengths, whole], ignore_index=True)
    frame["side"] = frame["side"].map(_sides()).fillna("")
    frame["at"] = ["—" if at != at else chainage_of(at) for at in frame["narrowest_at_m"]]
    for state in ("below", "within", "above"):
        frame[f"{state}_share"] = frame[f"{state}_m"] / frame["asked_m"].where(frame["asked_m"] > 0)
    adds_up = {"parts": "is_part", "total": "is_total"}
    table = (
        Table(frame.assign(is_part=frame.index < len(frame) - 1, is_total=frame.index == len(frame) - 1))
        .titled(
            _("Widths against the rule {key}: {rule}").format(key=rule.key, rule=rule.label),
            _("Widths {key}").format(key=rule.key),
        )
        .show("name", _("Name"))
        .show("side", _("Side"))
        .show("length_m", _("Measured"), unit="m", decimals=0, **adds_up)
        .show("asked_m", _("Asked for and judged"), unit="m", decimals=0, **adds_up)
        .show("complying_m", _("Complies"), unit="m", decimals=0, **adds_up)
        .show("failing_m", _("Fails"), unit="m", decimals=0, **adds_up)
        .show("not_asked_m", _("Not asked for"), unit="m", decimals=0, **adds_up)
        .show("unjudged_m", _("Cannot be judged"), unit="m", decimals=0, **adds_up)
        .show("share", _("Share that complies"), unit="%", decimals=1)
    )
    if rule.max_m is not None:
        least, most = (f"{value:g}" for value in rule.widths_m())
        table = (
            table.show("below_share", _("narrower than {least} m").format(least=least), unit="%", decimals=1)
            .show("within_share", _("{least}–{most} m").format(least=least, most=most), unit="%", decimals=1)
            .show("above_share", _("wider than {most} m").format(most=most), unit="%", decimals=1)
        )
    table = table.show("narrowest_m", _("Narrowest"), unit="m", decimals=1).show("at", _("at chainage"))
    return table.noted(*_rule_notes(found))


def stretches_table(found: RuleWidths, *, failing: bool) -> Table:
    """Stretches by chainage: those that fail; or all others that do not simply comply, each with what the rule says of it."""
    rule, fails = found.rule, found.failing
    others = found.stretches.drop(fails.index)
    chosen = fails if failing else others[others["state"] != "within"]
    frame = pd.DataFrame(chosen.drop(columns="geometry"))
    words = _states(rule)
    frame["side"], frame["state"] = frame["side"].map(_sides()), frame["state"].map(words)
    title = (
        _("Stretches that fail the rule {key}: {rule}") if failing else _("Other stretches, rule {key}: {rule}")
    ).format(key=rule.key, rule=rule.label)
    short = (_("Failing {key}") if failing else _("Others {key}")).format(key=rule.key)
    table = Table(frame).titled(title, short)
    for key, label in (("name", _("Name")), ("side", _("Side")), ("start", _("From")), ("end", _("To"))):
        table = table.show(key, label)
    table = table.show("length_m", _("Length"), unit="m", decimals=1).show("state", _("Judgement"))
    table = table.show("narrowest_m", _("Narrowest"), unit="m", decimals=1)
    if failing:
        table = table.show("missing_m", _("Missing"), unit="m", decimals=1)
    return table.noted(*_rule_notes(found))


def rule_line(found: RuleWidths) -> str:
    """The answer of one rule in one sentence."""
    if found.reason:
        return _("{key} {rule}: cannot be judged. {reason}").format(
            key=found.rule.key, rule=found.rule.label, reason=found.reason
        )
    whole = found.whole()
    share = _("nothing is asked for") if whole["share"] != whole["share"] else f"{whole['share']:.1%}"
    return _(
        "{key} {rule}: asked for on {asked:.2f} km of {length:.2f} km measured, complying {complying:.2f} km ({share}), failing "
        "{failing:.2f} km in {count} stretches; not asked for {free:.2f} km, cannot be judged {unjudged:.2f} km."
    ).format(
        key=found.rule.key, rule=found.rule.label, asked=whole["asked_m"] / 1000, length=whole["length_m"] / 1000,
        complying=whole["complying_m"] / 1000, share=share, failing=whole["failing_m"] / 1000, count=len(found.failing),
        free=whole["not_asked_m"] / 1000, unjudged=whole["unjudged_m"] / 1000,
    )  # fmt: skip


def clause_lines(register: Register) -> str:
    """The numbers and names of a map, clause by clause in the words of the document, to be printed beside it."""
    names = [f"{number} {name}" for number, name in enumerate(_plain_names(register), start=1)]
    lines = []
    for key in register.corridors["clause"].unique():
        text = clauses().get(key, {}).get("text", "")
        own = [name for name, clause in zip(names, register.corridors["clause"], strict=True) if clause == key]
        lines.append(_("{clause}: {names}").format(clause=f"{key} {text}".strip(), names=_(", ").join(own)))
    return "\n".join(lines)


def short_names(register: Register) -> list[str]:
    """Names for a map, without the words that its legend says."""
    names = []
    for name in register.corridors["name"]:
        short = name
        for word in standard("rules/corridors")["labels"]["shortened"]:
            short = short.replace(word, "")
        names.append(short.strip() or name)
    return names


def _plain_names(register: Register) -> list[str]:
    return list(register.corridors["name"].str.removesuffix("（示例）"))


def _sides() -> dict[str, str]:
    return {"left": _("left"), "right": _("right"), "outside": _("outside")}


def _states(rule: BufferRule) -> dict[str, str]:
    """What a stretch is called."""
    return {
        "below": _("too narrow"),
        "within": _("complies"),
        "above": _("too wide") if rule.above_fails else _("complies; wider than the range (remark)"),
        "not_asked": _("the rule does not ask here: no such land beside it"),
        "unjudged": _("cannot be judged"),
    }


def _rule_notes(found: RuleWidths) -> tuple[str, ...]:
    rule = found.rule
    width = "–".join(f"{value:g}" for value in rule.widths_m())
    notes = [
        _("Cannot be judged: {reason}").format(reason=found.reason) if found.reason else "",
        _("{key}: {clause} ({document}); asked for: {width} m.").format(
            key=rule.key, clause=rule.clause, document=rule.document, width=width
        ),
        _(
            "Measured = asked for and judged + not asked for + cannot be judged; asked for = complies + fails. Both sides count."
        ),
    ]
    if rule.land_use:
        codes = "; ".join(f"{system}: {', '.join(codes)}" for system, codes in rule.land_use.items())
        notes.append(
            _(
                "The rule asks only where land of these classes begins within {distance:g} m of the bank, on that side: {codes}. "
                "Classes and distance are this program's reading of the clause, not verified."
            ).format(distance=rule.beside_m or 0.0, codes=codes)
        )
    else:
        notes.append(_("The clause names no land beside the line: it is held against its whole length."))
    if rule.elsewhere:
        notes.append(
            _(
                "The clause also holds in places that no layer tells ({places}): beside other land it cannot be judged."
            ).format(places=rule.elsewhere)
        )
    if rule.max_m is not None and not rule.above_fails:
        notes.append(_("Wider than the range is a remark, no failure: the clause does not forbid it."))
    counted = {
        "green": _("green (forest, shrub, grass by the land-use layer)"),
        "open": _("ground that is not built on (by the land-use layer)"),
    }[rule.measures]
    return (
        *notes,
        _("Width: the unbroken {counted} from the bank outwards; left and right in the direction of chainage.").format(
            counted=counted
        ),
        _(
            "Ends of stretches are where the edges of the polygons put them, to a centimetre, not sampled. One looks at right angles to chords of "
            "{step:g} m; outside bends, what is narrower than {unseen:.1f} m may lie between two views and not be seen."
        ).format(step=found.step_m, unseen=found.unseen_m),
        _(
            "No bank within {reach:g} m of the line, a line outside the water polygons, ground that the map does not cover: cannot be judged."
        ).format(reach=found.bank_reach_m),
    )
