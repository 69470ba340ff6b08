"""A site check as documents: the Word page set for the file, and one workbook for all sites."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from ecospace.check.basis import clause
from ecospace.check.controls import joined
from ecospace.check.result import SiteResult
from ecospace.check.sentences import standard_sentences, undecided_alike
from ecospace.check.verdict import Level
from ecospace.language import _
from ecospace.report import site_tables as tables
from ecospace.report.excel import save_workbook
from ecospace.report.table import Table
from ecospace.report.word import WordDocument
from ecospace.terms import label

if TYPE_CHECKING:
    from ecospace.study import Study


def save_site_report(results: Sequence[SiteResult], path: str | Path, *, study: Study | None = None) -> Path:
    """The page set of one or several sites (核查报告).

    Parameters
    ----------
    results : sequence of SiteResult
    path : str or Path
        .docx
    study : Study, optional
        For the figures; without it there are none.

    Raises
    ------
    BalanceError
        Inside and outside do not make the site: nothing is written.
    """
    for result in results:
        _proof = result.balance
    first = results[0]
    notice = str(first.study.get("notice") or "")
    document = WordDocument(_("Site check report: ecological space"), footer=notice, date=first.on)
    for number, result in enumerate(results):
        if number:
            document.page_break()
        _one_site(document, result, study)
    return document.save(path)


def _one_site(document: WordDocument, result: SiteResult, study: Study | None) -> None:
    site = result.site
    document.subtitle(_("{site} (no. {number})").format(site=site.label, number=site.id))
    document.heading(_("1. Conclusion"))
    document.conclusion(result.sentence, lead=_("Overall: {level}. ").format(level=result.level.label))
    for sentence in standard_sentences(result):
        document.text(sentence)
    document.heading(_("2. The site"))
    document.facts(tables.basic_facts(result), caption=_("The site"))
    for finding in site.findings:
        if finding.level != "note":
            document.note(_("Note: {text}").format(text=finding.text))
    document.heading(_("3. Overlay"))
    _grid(document, tables.three_lines(result), _("Overlay with the three control lines"))
    _grid(document, tables.protected_places(result), _("Overlay with protected places and ecological space"))
    _grid(document, tables.water_zones(result), _("Overlay with drinking-water source zones"))
    units, texts = tables.control_units(result)
    _grid(document, units, _("Environmental control units"))
    for heading, text in texts:
        document.note(_("{name}: {said}").format(name=heading, said=text))
    classes = tables.land_use(result)
    if classes is not None:
        _grid(document, classes, _("Land classes taken"))
        if classes.rows and len(classes.rows) > 4:
            document.note(
                _("Note: classes by the third land survey's codes; the grouping is not verified against the standard.")
            )
    document.heading(_("4. Verdicts and their basis"))
    _grid(document, tables.verdicts(result), _("Verdicts"))
    alike = undecided_alike(result)
    if alike:
        document.note(
            _("Note: as the site runs beyond the study area, these cannot be judged either: {kinds}.").format(
                kinds=joined(verdict.subject for verdict in alike)
            )
        )
    absent = tables.absent_kinds(result)
    if absent:
        document.note(_("Note: by the study's settings the area has none of: {kinds}.").format(kinds=joined(absent)))
    _clauses(document, result)
    _closing(document, result)
    if study is not None:
        _figures(document, result, study)
    document.heading(_("Annex"))
    _grid(document, tables.boundary_points(result), _("Boundary points"), label=_("Annex table A1"), small=True)
    left_out = tables.points_left_out(result)
    if left_out:
        document.note(
            _("Note: {count} more points are not listed here; they stand in the file of the site.").format(
                count=left_out
            )
        )
    _grid(
        document, tables.layer_facts(result), _("Layers that the check rests on"), label=_("Annex table A2"), small=True
    )


def _grid(document: WordDocument, grid: tables.Grid, caption: str, *, label: str = "", small: bool = False) -> None:
    if not grid.rows:
        return
    document.table(
        grid.headings,
        grid.rows,
        caption=caption,
        align=cast(Any, grid.align),
        widths=grid.widths,
        total=grid.total,
        label=label,
        small=small,
    )


def _clauses(document: WordDocument, result: SiteResult) -> None:
    """The wording of the clauses that a finding rests on."""
    keys = dict.fromkeys(
        key for verdict in result.findings if verdict.level is not Level.UNDECIDED for key in verdict.clauses
    )
    if not keys:
        return
    document.heading(_("Wording of the clauses"), level=2)
    for key in keys:
        item = clause(key)
        document.note(_("{name}: {said}").format(name=item.citation, said=item.wording))
    document.note(
        _(
            "Note: compared on {date}; entries marked [not verified] were not read at their source. Check validity before use."
        ).format(date=max(clause(key).checked for key in keys))
    )


def _figures(document: WordDocument, result: SiteResult, study: Study) -> None:
    from ecospace.report.site_figures import figures

    drawn = list(figures(result, study))
    if not drawn:
        return
    document.heading(_("5. Figures"))
    for figure in drawn:
        if figure.picture is None:
            document.note(_("{name}: {said}").format(name=figure.title, said=figure.note))
            continue
        document.figure(figure.picture, caption=figure.title, note=_("Layers: {layers}").format(layers=figure.note))
    document.note(
        _("Note: {text}").format(text=_("Colours follow common practice; not checked against the official annex."))
    )


def _closing(document: WordDocument, result: SiteResult) -> None:
    noise = max((contact.noise_m for contact in result.contacts.values()), default=0.0)
    document.note(
        _("Note: {method}. Whether a site overlaps is decided on raw coordinates in each layer's own system; every overlap is "
          "listed, however small. Rounding and transforms may hide {noise} mm.").format(
              method=result.study["area_method"], noise=millimetres(noise))
    )  # fmt: skip
    missing = [label(role) for role in result.study["missing"]]
    if missing:
        document.note(_("Note: no usable layer, so not judged: {kinds}.").format(kinds=joined(missing)))
    if result.study.get("notice"):
        document.note(_("Note: {text}").format(text=result.study["notice"]))
    document.note(
        _("This page set states overlays and clauses; it is no permit, and does not replace review by the authorities.")
    )


def millimetres(metres: float) -> str:
    """A noise floor in words of an office.

    >>> millimetres(2e-7), millimetres(0.0123)
    ('0.0002', '10')
    """
    return f"{float(f'{metres * 1000:.1g}'):.10f}".rstrip("0").rstrip(".") or "0"


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
            row[role] = sum(contact.area_m2 for contact in found) if found else None
        rows.append(row | {f"×{name}": str(value) for name, value in result.site.attributes.items()})
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
    )
    for role in roles:
        table = table.show(role, label(role), unit="m2", decimals=4)
    for name in [name for name in frame.columns if str(name).startswith("×")]:
        table = table.show(str(name), str(name)[1:])
    return table.show("sentence", _("Conclusion"))


def verdict_table(results: Sequence[SiteResult]) -> Table:
    """One row for each verdict of each site."""
    import pandas as pd

    rows = [
        {"id": result.site.id, "name": result.site.name, "subject": verdict.subject, "level": verdict.level.label,
         "area_m2": verdict.area_m2, "share": verdict.share, "distance_m": verdict.distance_m, "text": verdict.text,
         "basis": "；".join(clause(key).citation for key in verdict.clauses), "procedure": verdict.procedure,
         "labels": "；".join(verdict.labels), "places": "、".join(verdict.places)}
        for result in results for verdict in result.verdicts
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
        .show("places", _("Features met"))
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
        .show("pieces", _("Pieces"))
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
        table = table.show(level.value, level.label)
    return table


def clause_table(results: Sequence[SiteResult]) -> Table:
    """The clauses cited, with their wording."""
    import pandas as pd

    keys = dict.fromkeys(key for result in results for verdict in result.verdicts for key in verdict.clauses)
    rows = [
        {"citation": clause(key).citation, "text": clause(key).wording, "checked": clause(key).checked.isoformat(),
         "verified": _("yes") if clause(key).verified else _("no"), "source": clause(key).source}
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
