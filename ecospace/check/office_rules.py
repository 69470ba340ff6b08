"""Rules that an office adds as rows of study.toml: distances (B09–B11) and zones (准入清单, 负面清单)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from ecospace.check.controls import Control, Outcome, Subject, elsewhere, verdict
from ecospace.check.distances import distance_verdict
from ecospace.check.settings import CheckSettings, DistanceRow, ZoneRow
from ecospace.check.verdict import Level, Verdict
from ecospace.language import _


def office_verdicts(
    site: Subject, settings: CheckSettings, verdicts: Sequence[Verdict], control: Callable[[str], Control]
) -> list[Verdict]:
    """The verdicts of a check with those of the office's own rows.

    Parameters
    ----------
    site : Subject
    settings : CheckSettings
    verdicts : sequence of Verdict
        Of the rules of the package.
    control : callable
        Role or key of a layer → Control.
    """
    rows = [row for row in settings.distances if _concerns(site, row)]
    own = [item for row in rows for name in row.layers for item in _distance(site, row, control(name))]
    # A distance that the office set takes the place of the rule that only prints the nearest one.
    set_for = {item.subject for item in own}
    kept = [item for item in verdicts if item.rule != "keeps_distance" or item.subject not in set_for]
    return [*kept, *own, *(item for row in settings.rows for item in _zone(site, row, control(row.layer)))]


def _concerns(site: Subject, row: DistanceRow) -> bool:
    return site.does(*row.activities) if row.activities else bool(site.site.polluting)


def _distance(site: Subject, row: DistanceRow, control: Control) -> list[Verdict]:
    found = distance_verdict(row.name, site, control, row.distance_m, row.clause)
    return [replace(item, procedure=row.source or item.procedure) for item in found]


def _zone(site: Subject, row: ZoneRow, control: Control) -> list[Verdict]:
    if (row.activities and not site.does(*row.activities)) or site.does(*row.except_activities):
        return []
    if not control.overlaps:
        return [replace(item, rule=row.name) for item in elsewhere(row.name, site, control, ("user-distance",))]
    level = row.level
    text = row.text or _("rule of the office: {name}").format(name=row.name)
    if row.activities == () and not site.stated and level in (Level.AVOID, Level.CLEAR):
        text = _("{text} (the kind of activity is not stated)").format(text=text)
    outcome = Outcome(level, text, (), row.procedure or row.basis)
    return [verdict(row.name, site, control, control.overlaps, outcome), *(
        elsewhere(row.name, site, control) if control.unknown() else [])]  # fmt: skip
