"""What a rule sees: one site, and its contact with all layers of one role."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import shapely

from ecospace.check.basis import clause
from ecospace.check.contact import Contact, Meeting, area_once
from ecospace.check.grades import grade_label
from ecospace.check.settings import CheckSettings
from ecospace.check.site import Site
from ecospace.check.verdict import Level, Verdict
from ecospace.language import _, current
from ecospace.units import round_number


@dataclass(frozen=True, eq=False)
class Control:
    """A site's contact with the layers of one role.

    Parameters
    ----------
    role : str
    contacts : tuple of Contact
        One for each layer of the role.
    missing : str
        Why nothing can be judged, where there is no layer, or one that cannot be used.
    absent : bool
        The office verified that there is none (study.toml, [check] none).
    outdated : str
        Why a layer that was used is not enough to call anything clear.
    described : str
        Its layers with their dates: 生态保护红线（2018-06-30）.
    title : str
        The kind of place in the language in force.
    entries : tuple of str
        Keys of its layers in study.toml, also of those that cannot be used.
    cure : str
        What to type or to change where something is missing or not enough.
    """

    role: str
    contacts: tuple[Contact, ...] = ()
    missing: str = ""
    absent: bool = False
    outdated: str = ""
    described: str = ""
    title: str = ""
    entries: tuple[str, ...] = ()
    cure: str = ""

    @cached_property
    def overlaps(self) -> tuple[Meeting, ...]:
        """Every feature whose ground is shared, the largest first."""
        return tuple(meeting for contact in self.contacts for meeting in contact.overlaps)

    @property
    def touches(self) -> bool:
        """Whether a boundary is shared, or is too near to be told apart from one."""
        return any(contact.relation == "touch" for contact in self.contacts)

    @property
    def nearest(self) -> Contact | None:
        """The contact with the least distance."""
        known = [contact for contact in self.contacts if contact.distance_m is not None]
        return min(known, key=lambda contact: contact.distance_m or 0.0, default=None)

    @property
    def keys(self) -> tuple[str, ...]:
        """Keys of its layers; where none can be used, of those that study.toml has."""
        return tuple(contact.layer.key for contact in self.contacts) or self.entries

    def graded(self, *grades: str) -> tuple[Meeting, ...]:
        """The overlaps of some grades."""
        return tuple(meeting for meeting in self.overlaps if meeting.grade in grades)

    def unknown(self) -> str:
        """Why nothing can be called clear; empty where all is known."""
        broken = [contact for contact in self.contacts if contact.relation == "unknown"]
        if broken:
            return _("the overlay with {title} failed").format(title=broken[0].layer.title)
        return self.missing or self.outdated


@dataclass(frozen=True, eq=False)
class Subject:
    """A site while it is judged.

    Parameters
    ----------
    site : Site
    area_m2 : float
        Its computed area.
    ground : shapely Geometry
        Its shape in the study CRS.
    settings : CheckSettings
    shift_m : dict of str to float
        Tolerance of the datum pair used for each layer, metres.
    """

    site: Site
    area_m2: float
    ground: Any
    settings: CheckSettings
    shift_m: dict[str, float] = field(default_factory=dict)

    def share(self, area_m2: float) -> float:
        """A part of the site, 0 to 1."""
        return area_m2 / self.area_m2 if self.area_m2 > 0 else 0.0

    def accuracy_m(self, contact: Contact) -> float:
        """Accuracy of a layer against this site: of its source and of the datum pair."""
        return contact.layer.accuracy_m + self.shift_m.get(contact.layer.key, 0.0)

    def does(self, *tags: str) -> bool:
        """Whether the activity stated has one of some tags, or is of that kind or code."""
        stated = self.site.activity
        return stated is not None and bool({stated.code, stated.kind, *stated.tags} & set(tags))

    @property
    def stated(self) -> bool:
        """Whether it is said what is to be built."""
        return self.site.activity is not None


@dataclass(frozen=True)
class Outcome:
    """How one grade ends: the level, why, on which clauses, by which procedure."""

    level: Level
    text: str
    clauses: tuple[str, ...]
    procedure: str = ""


def area_text(area_m2: float) -> str:
    """Hectares and 亩 for a sentence; an area that would print as nothing keeps its square metres.

    >>> area_text(123.4), area_text(0.08)
    ('0.0123 公顷（0.19 亩）', '0.08 平方米（不足 0.0001 公顷）')
    """
    hectares = round_number(area_m2 / 10_000, 4)
    if area_m2 > 0 and hectares == 0:
        metres = f"{round_number(area_m2, 4).normalize():f}" if area_m2 >= 5e-5 else f"{area_m2:.3g}"
        return _("{metres} m² (less than 0.0001 ha)").format(metres=metres)
    return _("{hectares} ha ({mu} mu)").format(hectares=hectares, mu=round_number(area_m2 * 15 / 10_000, 2))


def distance_text(metres: float) -> str:
    """A distance for a sentence.

    >>> distance_text(12.345), distance_text(12345.6), distance_text(2e-5)
    ('12.3 米', '12.35 公里', '0.00002 米')
    """
    if metres >= 10_000:
        return _("{distance} km").format(distance=round_number(metres / 1000, 2))
    if metres >= 1:
        return _("{distance} m").format(distance=round_number(metres, 1))
    return _("{distance} m").format(distance=f"{float(f'{metres:.2g}'):.10f}".rstrip("0").rstrip(".") or "0")


def joined(parts: Iterable[str]) -> str:
    """A list in a sentence, each part once, in order."""
    return ("、" if current() == "zh" else ", ").join(dict.fromkeys(part for part in parts if part))


def verdict(
    rule: str, subject: Subject, control: Control, meetings: Sequence[Meeting], outcome: Outcome, *,
    grade: str = "", area_m2: float | None = None,
) -> Verdict:  # fmt: skip
    """A verdict on ground that is shared."""
    area = area_once(meetings) if area_m2 is None else area_m2
    for key in outcome.clauses:
        clause(key)
    return Verdict(
        rule=rule,
        level=outcome.level,
        subject=_subject(control.title, grade),
        text=outcome.text,
        area_m2=area,
        share=min(subject.share(area), 1.0),
        distance_m=0.0,
        places=tuple(dict.fromkeys(meeting.name for meeting in meetings)),
        clauses=outcome.clauses,
        procedure=outcome.procedure,
        labels=tuple(_labels(subject, control, meetings, area)),
        layers=tuple(dict.fromkeys(meeting.layer.key for meeting in meetings)),
    )


def _subject(title: str, grade: str) -> str:
    shown = grade_label(grade)
    if not shown:
        return title
    return _("{title}, {grade}").format(title=title, grade=shown)


def _labels(subject: Subject, control: Control, meetings: Sequence[Meeting], area_m2: float) -> Iterable[str]:
    settings = subject.settings
    small = area_m2 < settings.tolerance_area_m2
    accuracy = max((subject.accuracy_m(contact) for contact in control.contacts if contact.overlaps), default=0.0)
    if not (small or accuracy):
        return
    width_m = max((meeting.width_m for meeting in meetings), default=0.0)
    if small and width_m < settings.tolerance_width_m:
        yield _("suspected error: below {area} m² and {width} m").format(
            area=f"{settings.tolerance_area_m2:g}", width=f"{settings.tolerance_width_m:g}")  # fmt: skip
    if width_m < accuracy:
        yield _("depends on the accuracy of the data: {width} m wide, accuracy ±{accuracy} m").format(
            width=f"{width_m:.3g}", accuracy=f"{accuracy:g}")  # fmt: skip


def judged(
    rule: str,
    subject: Subject,
    control: Control,
    decide: Callable[[str], Outcome],
    *,
    clear_clauses: tuple[str, ...] = (),
) -> list[Verdict]:
    """One verdict for each grade that is met; without any: touching, clear, or that it cannot be judged.

    Parameters
    ----------
    rule : str
    subject : Subject
    control : Control
    decide : callable
        Grade → Outcome.
    clear_clauses : tuple of str
        What a site that is not concerned was judged by.
    """
    grades = dict.fromkeys(meeting.grade for meeting in control.overlaps)
    found = [verdict(rule, subject, control, control.graded(grade), decide(grade), grade=grade) for grade in grades]
    return [*found, *elsewhere(rule, subject, control, clear_clauses)]


def elsewhere(rule: str, subject: Subject, control: Control, clauses: tuple[str, ...] = ()) -> list[Verdict]:
    """What is said besides overlaps: that it cannot be judged, that it touches, or that it is not concerned."""
    reason = control.unknown()
    nearest = control.nearest
    distance = nearest.distance_m if nearest is not None else None
    base = {"rule": rule, "subject": control.title, "distance_m": distance, "layers": control.keys, "clauses": clauses}
    if reason:
        return [Verdict(level=Level.UNDECIDED, text=reason, procedure=control.cure, **base)]  # type: ignore[arg-type]
    if control.overlaps:
        return []
    if control.absent:
        text = _("by the study's settings the area has no {title}").format(title=control.title)
        return [Verdict(level=Level.CLEAR, text=text, **base)]  # type: ignore[arg-type]
    if control.touches:
        places = tuple(
            str(c.layer.names[c.nearest] or c.layer.ids[c.nearest])
            for c in control.contacts if c.relation == "touch" and c.nearest is not None
        )  # fmt: skip
        text = _("shares a boundary with {title}, without common ground").format(title=control.title)
        thin = [m for c in control.contacts for m in c.meetings if m.relation == "touch" and m.area_m2 > 0]
        if thin:
            text = _("{text}; a strip of {area} m², {width} m wide, is below the noise floor of {noise} m").format(
                text=text, area=f"{sum(m.area_m2 for m in thin):.3g}", width=f"{max(m.width_m for m in thin):.2g}",
                noise=f"{max(c.noise_m for c in control.contacts):.2g}",
            )  # fmt: skip
        return [Verdict(level=Level.TOUCHES, text=text, places=places, area_m2=sum(m.area_m2 for m in thin), **base)]  # type: ignore[arg-type]
    assert nearest is not None and distance is not None
    name = (
        str(nearest.layer.names[nearest.nearest] or nearest.layer.ids[nearest.nearest])
        if nearest.nearest is not None
        else ""
    )
    text = _("after overlay with {layers}: not concerned; nearest is {place}, {distance} away").format(
        layers=control.described, place=name, distance=distance_text(distance)
    )
    accuracy = max(subject.accuracy_m(contact) for contact in control.contacts)
    labels: tuple[str, ...] = ()
    if accuracy and distance <= accuracy:
        labels = (_("depends on the accuracy of the data: {distance} away, accuracy ±{accuracy} m").format(
            distance=distance_text(distance), accuracy=f"{accuracy:g}"),)  # fmt: skip
    return [Verdict(level=Level.CLEAR, text=text, labels=labels, places=(name,) if name else (), **base)]  # type: ignore[arg-type]


def ground_of(meetings: Iterable[Meeting]) -> Any:
    """The ground of some meetings as one geometry in the study CRS."""
    return shapely.union_all([meeting.ground for meeting in meetings])
