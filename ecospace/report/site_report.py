"""A site check as a document: the Word page set for the file."""

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
    # A heading that keeps with a picture is left behind by some programs; two pictures fill a page anyway.
    document.heading(_("5. Figures"), new_page=True)
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
