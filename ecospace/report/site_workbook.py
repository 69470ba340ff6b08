"""A site check as one workbook for all sites: summary, verdicts, every overlap, townships, clauses."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ecospace.check.basis import Clause, cited, clause
from ecospace.check.controls import joined
from ecospace.check.result import SiteResult
from ecospace.check.verdict import Level
from ecospace.language import _
from ecospace.report import site_tables as tables
from ecospace.report.excel import save_workbook
from ecospace.report.table import Table
from ecospace.terms import label

#: Columns that readers add to what the file says.
COUNTED = ("id", "points", "rings")


def save_site_workbook(results: Sequence[SiteResult], path: str | Path) -> Path:
    """One workbook for all sites: summary, verdicts, every overlap, towns, clauses (核查结果汇总)."""
    for result in results:
        _proof = result.balance
    first = results[0]
    explanation = {
        _("Study"): str(first.study["title"]),
        _("Area method"): str(first.study["area_method"]),
        _("Day of the check"): first.on.isoformat(),
        _("Notice"): str(first.study.get("notice") or "—"),
        _("Layers"): [list(row) for row in (tables.layer_facts(first).headings, *tables.layer_facts(first).rows)],
        _("Not judged, no usable layer"): joined(label(role) for role in first.study["missing"]) or "—",
        _("None in the area, by the study's settings"): joined(tables.absent_kinds(first)) or "—",
    }
    made = [
        summary_table(results),
        verdict_table(results),
        overlap_table(results),
        town_table(results),
        clause_table(results),
    ]
    return save_workbook([table for table in made if len(table.frame)], path, explanation=explanation)


def summary_table(results: Sequence[SiteResult]) -> Table:
    """One row for each site."""
    import pandas as pd

    roles = tables.summary_columns(results)
    rows = []
    for result in results:
        row: dict[str, Any] = {
            "id": result.site.id, "name": result.site.name, "town": tables.town_of(result), "area_m2": result.area_m2,
            "declared_m2": result.site.declared_area_m2, "level": result.level.label, "sentence": result.sentence,
        }  # fmt: skip
        for role in roles:
            found = tables.by_role(result, role)
            area = sum(contact.area_m2 for contact in found)
            # Nought would read as clear where the layer proves nothing.
            row[role] = area if area or not tables.undecided_layers(result) & {c.layer.key for c in found} else None
        rows.append(row | {f"×{name}": _said(value) for name, value in result.site.attributes.items()})
    frame = pd.DataFrame(rows)
    table = (
        Table(frame)
        .titled(_("Site checks"), _("Summary"))
        .show("id", _("Site no."))
        .show("name", _("Name"))
        .show("town", _("Township"))
        .show("area_m2", _("Computed area"), unit="ha", decimals=4)
        .show("declared_m2", _("Declared area"), unit="ha", decimals=4)
        .show("level", _("Verdict reached"))
        .show("sentence", _("Conclusion"))
    )
    for role in roles:
        table = table.show(role, label(role), unit="m2", decimals=4)
    for name in [str(name) for name in frame.columns if str(name).startswith("×")]:
        # What a reader counted, and columns that no site has filled, say nothing about the sites.
        if name[1:] not in COUNTED and frame[name].fillna("").ne("").any():
            table = table.show(name, _columns_of_a_txt().get(name[1:], name[1:]))
    return table


def _columns_of_a_txt() -> dict[str, str]:
    """What the columns of a boundary-point file are called in an office."""
    return {"kind": _("Form"), "sheet": _("Map sheet no."), "class_code": _("Land class code"), "extra": _("Remarks")}


def _said(value: object) -> str:
    """A value of the site's own file as text; nothing for what is empty."""
    return "" if value is None or value != value else str(value)


def verdict_table(results: Sequence[SiteResult]) -> Table:
    """One row for each verdict of each site, the worst first; kinds that the area has none of stand in the explanation."""
    import pandas as pd

    rows = [
        {"id": result.site.id, "name": result.site.name, "subject": verdict.subject, "level": verdict.level.label,
         "area_m2": verdict.area_m2, "share": verdict.share, "distance_m": verdict.distance_m, "text": verdict.text,
         "basis": cited(verdict.clauses), "procedure": verdict.procedure,
         "labels": "；".join(verdict.labels), "places": joined(verdict.places)}
        for result in results for verdict in sorted(result.verdicts, key=lambda v: v.level.rank)
        if verdict.layers or verdict.level is not Level.CLEAR
    ]  # fmt: skip
    return (
        Table(pd.DataFrame(rows))
        .titled(_("Verdicts"), _("Verdicts"))
        .show("id", _("Site no."))
        .show("name", _("Name"))
        .show("subject", _("Zone concerned"))
        .show("level", _("Verdict reached"))
        .show("area_m2", _("Area"), unit="m2", decimals=4)
        .show("share", _("Share"), unit="%", decimals=2, beside="area_m2")
        .show("distance_m", _("Nearest distance"), unit="m", decimals=3)
        .show("places", _("Features met, or the nearest"))
        .show("text", _("Reason"))
        .show("procedure", _("Papers needed"))
        .show("labels", _("Remarks"))
        .show("basis", _("Basis"))
    )


def overlap_table(results: Sequence[SiteResult]) -> Table:
    """Every feature met, however small."""
    import pandas as pd

    from ecospace.check.grades import grade_label

    rows = [
        {"id": result.site.id, "layer": meeting.layer.title, "feature": meeting.id, "name": meeting.name,
         "grade": grade_label(meeting.grade), "relation": _("overlap") if meeting.relation == "overlap" else Level.TOUCHES.label,
         "area_m2": meeting.area_m2, "width_m": meeting.width_m, "pieces": len(meeting.parts)}
        for result in results for _key, meeting in result.meetings if meeting.layer.facts["role"] not in ("boundary", "townships")
    ]  # fmt: skip
    columns = ["id", "layer", "feature", "name", "grade", "relation", "area_m2", "width_m", "pieces"]
    return (
        Table(pd.DataFrame(rows, columns=columns))
        .titled(_("Every overlap"), _("Overlap details"))
        .show("id", _("Site no."))
        .show("layer", _("Layer"))
        .show("feature", _("Feature"))
        .show("name", _("Name"))
        .show("grade", _("Functional zone"))
        .show("relation", _("Result"))
        .show("area_m2", _("Area"), unit="m2", decimals=4)
        .show("width_m", _("Mean width"), unit="m", decimals=4)
        .show("pieces", _("Pieces"), decimals=0)
    )


def town_table(results: Sequence[SiteResult]) -> Table:
    """How many sites of each township end in each verdict: 禁养区内养殖场 and the like are counted so (E23)."""
    import pandas as pd

    towns = sorted({tables.town_of(result) for result in results})
    rows = [
        {"town": town or "—", **{level.value: sum(1 for r in results if tables.town_of(r) == town and r.level is level) for level in Level}}
        for town in towns
    ]  # fmt: skip
    table = Table(pd.DataFrame(rows)).titled(_("Sites by township"), _("Townships")).show("town", _("Township"))
    for level in Level:
        table = table.show(level.value, level.label, decimals=0)
    return table


def _read_at(item: Clause) -> str:
    """Where a clause was read."""
    return (
        _("general knowledge, not read at its source") if item.source.startswith("general knowledge") else item.source
    )


def clause_table(results: Sequence[SiteResult]) -> Table:
    """The clauses cited, with their wording."""
    import pandas as pd

    keys = dict.fromkeys(key for result in results for verdict in result.verdicts for key in verdict.clauses)
    rows = [
        {"citation": clause(key).citation, "text": clause(key).wording, "checked": clause(key).checked.isoformat(),
         "verified": _("yes") if clause(key).verified else _("no"), "source": _read_at(clause(key))}
        for key in keys
    ]  # fmt: skip
    return (
        Table(pd.DataFrame(rows, columns=["citation", "text", "checked", "verified", "source"]))
        .titled(_("Clauses"), _("Clauses"))
        .show("citation", _("Clause"))
        .show("text", _("Wording"))
        .show("checked", _("Compared on"))
        .show("verified", _("Read at its source"))
        .show("source", _("Where"))
    )
