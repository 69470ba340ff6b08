"""What can be pasted: the answer in one sentence, and the standard wording of land-approval reports."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ecospace.check.basis import cited
from ecospace.check.controls import area_text, distance_text, joined
from ecospace.check.verdict import Level, Verdict
from ecospace.language import _, current

if TYPE_CHECKING:
    from ecospace.check.result import SiteResult


def answer(result: SiteResult) -> str:
    """The answer in one sentence: what is concerned, how much, the level, the basis; never that a project is lawful.

    Notes
    -----
    地块A：涉及生态保护红线 0.0123 公顷（0.18 亩），限制，须论证，依据自然资发〔2022〕142号第一条（一）。
    """
    said = [_concerned(verdict) for verdict in result.findings if verdict.level.rank < Level.UNDECIDED.rank]
    if not said:
        said = _clear(result)
    said += [_touching(result)] if any(v.level is Level.TOUCHES for v in result.verdicts) else []
    said += _undecided_parts(result)
    said += list(dict.fromkeys(label for verdict in result.verdicts for label in verdict.labels))
    semicolon, stop = ("；", "。") if current() == "zh" else ("; ", ".")
    return _("{name}: {said}").format(name=result.site.label, said=semicolon.join(part for part in said if part)) + stop


def _concerned(verdict: Verdict) -> str:
    basis = cited(verdict.clauses)
    where = _("on {subject}").format(subject=verdict.subject)
    if verdict.area_m2 > 0:
        where = _("{area} on {subject}").format(area=area_text(verdict.area_m2), subject=verdict.subject)
    elif verdict.distance_m:
        where = _("{distance} from {subject}").format(
            distance=distance_text(verdict.distance_m), subject=verdict.subject
        )
    said = _("{where}: {level}").format(where=where, level=_level(verdict))
    return _("{said} (basis: {basis})").format(said=said, basis=basis) if basis else said


def _level(verdict: Verdict) -> str:
    """The level; a prohibition that hangs on something not stated says so."""
    if verdict.level is Level.PROHIBITED and verdict.text:
        return _("{level} – {text}").format(level=verdict.level.label, text=verdict.text)
    return verdict.level.label


def _touching(result: SiteResult) -> str:
    subjects = joined(verdict.subject for verdict in result.verdicts if verdict.level is Level.TOUCHES)
    return _("touches {subjects} without common ground").format(subjects=subjects)


def _undecided_parts(result: SiteResult) -> list[str]:
    """What cannot be judged, each reason once: beyond the study area, no layer, a layer that cannot be used."""
    undecided = [verdict for verdict in result.verdicts if verdict.level is Level.UNDECIDED]
    beyond = next((verdict.text for verdict in undecided if verdict.rule == "within_study_area"), "")
    alike = undecided_alike(result)
    rest = [verdict for verdict in undecided if verdict.text != beyond and verdict not in alike]
    said = [_("{reason}: cannot be judged there").format(reason=beyond)] if beyond else []
    missing = [verdict.subject for verdict in rest if not verdict.layers]
    if missing:
        said.append(_("cannot be judged for want of a layer: {subjects}").format(subjects=joined(missing)))
    reasons: dict[str, list[str]] = {}
    for verdict in rest:
        if verdict.layers:
            reasons.setdefault(verdict.text, []).append(verdict.subject)
    for text, subjects in reasons.items():
        said.append(_("{subjects} cannot be judged ({reason})").format(subjects=joined(subjects), reason=text))
    return said


def undecided_alike(result: SiteResult) -> list[Verdict]:
    """Kinds that cannot be judged for the one reason that the site runs beyond the study area: said once, not in every row."""
    undecided = [verdict for verdict in result.verdicts if verdict.level is Level.UNDECIDED]
    beyond = next((verdict for verdict in undecided if verdict.rule == "within_study_area"), None)
    if beyond is None:
        return []
    # No control unit reaches beyond the study area either: that is the same reason in other words.
    return [v for v in undecided if v is not beyond and (v.text == beyond.text or v.rule == "follows_control_unit")]


def _clear(result: SiteResult) -> list[str]:
    """What the site was laid over without meeting it, and the unit that it lies in all the same."""
    clear = [v for v in result.verdicts if v.level is Level.CLEAR and v.layers and v.rule != "within_study_area"]
    units = [verdict for verdict in clear if verdict.distance_m == 0]  # a point lies in one, and has no area
    apart = [verdict for verdict in clear if verdict.distance_m != 0]
    said = []
    if apart:
        text = _("after overlay, not concerned: {subjects}").format(
            subjects=joined(verdict.subject for verdict in apart)
        )
        nearest = min((v for v in apart if v.distance_m), key=lambda v: v.distance_m or 0.0, default=None)
        if nearest is not None and nearest.distance_m is not None:
            text = _("{text} (nearest: {subject}, {distance})").format(
                text=text, subject=nearest.subject, distance=distance_text(nearest.distance_m)
            )
        said.append(text)
    said += [_("lies in {subject} {places}, whose demands apply").format(
        subject=verdict.subject, places=joined(verdict.places)) for verdict in units]  # fmt: skip
    return said


def standard_sentences(result: SiteResult) -> list[str]:
    """The sentences that land-approval reports use for red line, reserve and permanent farmland.

    Returns
    -------
    list of str
        One for each kind that was judged; a kind that was not says 无法判定.
    """
    return [_redline(result), _reserve(result), _farmland(result)]


def _of(result: SiteResult, rule: str) -> tuple[float, list[Verdict]]:
    verdicts = [verdict for verdict in result.verdicts if verdict.rule == rule]
    return sum(v.area_m2 for v in verdicts if v.level not in (Level.UNDECIDED, Level.TOUCHES)), verdicts


def _undecided(subject: str, verdicts: list[Verdict]) -> str:
    reason = next((v.text for v in verdicts if v.level is Level.UNDECIDED), _("no rule asked for it"))
    return _("{subject} cannot be judged: {reason}.").format(subject=subject, reason=reason)


def _redline(result: SiteResult) -> str:
    area, verdicts = _of(result, "avoids_eco_redline")
    if not area:
        if not verdicts or any(verdict.level is Level.UNDECIDED for verdict in verdicts):
            return _undecided(_("Ecological red line"), verdicts)
        if any(verdict.level is Level.TOUCHES for verdict in verdicts):
            return _("The site shares a boundary with the ecological red line and takes none of its ground.")
        return _("The site does not lie in the ecological red line.")
    activity = result.site.activity
    if (result.site.drawn_as or result.site).drawn == "line" and (activity is None or activity.kind == "plain"):
        return _(
            "The line crosses the ecological red line; a corridor of {width} m takes {area} of it. "
            "Whether land is applied for inside the red line: 〔to be added〕."
        ).format(width=f"{result.site.width_m:g}", area=area_text(area))
    if activity is not None and activity.kind == "limited":
        return _(
            "The site takes {area} of ecological red line; it is claimed as the limited human activity “{activity}”, "
            "allowed in the red line outside core protection zones. "
            "Opinion of the provincial government: 〔to be added〕."
        ).format(area=area_text(area), activity=activity.said)
    if activity is not None and activity.kind == "major":
        return _(
            "The site takes {area} of ecological red line; it is claimed as a national major project that has to "
            "take it. Study that the red line cannot be avoided: 〔to be added〕."
        ).format(area=area_text(area))
    return _("The site takes {area} of ecological red line; no kind of limited human activity is claimed.").format(
        area=area_text(area)
    )


def _reserve(result: SiteResult) -> str:
    area, verdicts = _of(result, "avoids_nature_reserve")
    if area:
        parts = [f"{v.subject} {area_text(v.area_m2)}" for v in verdicts if v.area_m2 and v.level is not Level.TOUCHES]
        return _("The site lies in a nature reserve: {parts}.").format(parts=joined(parts))
    if not verdicts or any(verdict.level is Level.UNDECIDED for verdict in verdicts):
        return _undecided(_("Nature reserve"), verdicts)
    if any(verdict.level is Level.TOUCHES for verdict in verdicts):
        return _("The site shares a boundary with a nature reserve and takes none of its ground.")
    return _("The site does not lie in a nature reserve.")


def _farmland(result: SiteResult) -> str:
    area, verdicts = _of(result, "avoids_farmland")
    if area:
        return _("The site takes {area} of permanent basic farmland; farmland to be added: 〔  〕 ha.").format(
            area=area_text(area)
        )
    if not verdicts or any(verdict.level is Level.UNDECIDED for verdict in verdicts):
        return _undecided(_("Permanent basic farmland"), verdicts)
    return _("The site takes no permanent basic farmland.")
