"""Distances that polluting projects keep to homes, schools, hospitals and permanent farmland (防护距离): B09–B11."""

from __future__ import annotations

from functools import partial

from ecospace.check.controls import Control, Subject, distance_text, elsewhere
from ecospace.check.verdict import Level, Verdict
from ecospace.language import _


def keeps_distance(site: Subject, residential: Control, sensitive_point: Control, farmland: Control) -> list[Verdict]:
    """Keep polluting projects away from homes, schools, hospitals and permanent farmland (防护距离): B09, B10."""
    if not (site.site.polluting or site.does("smelting", "chemicals")):
        return []
    key = "chemicals-distance" if site.does("chemicals") else "soil-sensitive"
    return [item for control in (residential, sensitive_point, farmland)
            for item in distance_verdict("keeps_distance", site, control, None, key)]  # fmt: skip


def distance_verdict(rule: str, site: Subject, control: Control, distance_m: float | None, key: str) -> list[Verdict]:
    """The nearest distance, always said; judged where the user gave the distance to keep."""
    nearest = control.nearest
    if control.absent:
        return elsewhere(rule, site, control, (key,))
    verdict = partial(Verdict, rule=rule, subject=control.title, layers=control.keys, clauses=(key,))
    if control.unknown() or nearest is None or nearest.distance_m is None:
        reason = control.unknown() or _("there is no layer of {title}").format(title=control.title)
        return [verdict(level=Level.UNDECIDED, text=reason)]
    metres = nearest.distance_m
    name = (
        str(nearest.layer.names[nearest.nearest] or nearest.layer.ids[nearest.nearest])
        if nearest.nearest is not None
        else ""
    )
    said = _("nearest is {place}, {distance} away").format(place=name, distance=distance_text(metres))
    if distance_m is None:
        if control.overlaps:
            text = _("{said}; the site lies on it").format(said=said)
            return [verdict(level=Level.PROHIBITED, text=text, distance_m=0.0, places=(name,))]
        text = _("{said}; the distance to keep is not set").format(said=said)
        return [verdict(level=Level.UNDECIDED, text=text, distance_m=metres, places=(name,))]
    level = Level.PROHIBITED if metres < distance_m else Level.CLEAR
    text = _("{said}; {required} m are to be kept").format(said=said, required=f"{distance_m:g}")
    accuracy = site.accuracy_m(nearest)
    labels = (_("depends on the accuracy of the data: ±{accuracy} m").format(accuracy=f"{accuracy:g}"),) if (
        accuracy and abs(metres - distance_m) <= accuracy) else ()  # fmt: skip
    return [verdict(level=level, text=text, distance_m=metres, places=(name,), labels=labels)]
