"""The rules, one function each. What follows the site in its parameters are the roles of the layers it needs.

Their legal basis is dated data (``basis.toml``). A rule of an office is one more function of this form, given to
`check_site(..., rules=[*RULES, my_rule])`, or a row ``[[check.rule]]`` in study.toml.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import shapely

from ecospace.check.contact import Meeting, area_once
from ecospace.check.controls import (
    Control,
    Outcome,
    Subject,
    area_text,
    distance_text,
    elsewhere,
    ground_of,
    judged,
    verdict,
)
from ecospace.check.distances import keeps_distance
from ecospace.check.verdict import Level, Verdict
from ecospace.check.zones import (
    avoids_fuel_ban,
    avoids_livestock_ban,
    follows_function_zone,
    keeps_river_range,
    minds_farmland_soil,
    spares_ecological_function_zone,
    spares_habitat,
)
from ecospace.language import _

Rule = Callable[..., list[Verdict]]

#: Grades of core zones, of the old zoning and the new.
CORE = ("core", "old-core")


def within_study_area(site: Subject, boundary: Control) -> list[Verdict]:
    """Lie within the study area (研究区): beyond it there are no control layers, so nothing is judged there."""
    rule = "within_study_area"
    inside = sum(contact.area_m2 for contact in boundary.contacts)
    outside = site.area_m2 - inside
    floor = max((contact.noise_m for contact in boundary.contacts), default=0.0) * shapely.length(site.ground)
    reason = boundary.unknown()
    if not reason and (boundary.overlaps and outside <= max(floor, 1e-9 * site.area_m2)):
        return [Verdict(rule, Level.CLEAR, _("Study area"), _("the site lies within the study area"), distance_m=0.0,
                        clauses=("study-area",), layers=boundary.keys)]  # fmt: skip
    nearest = boundary.nearest
    if not reason and inside <= 0 and nearest is not None and nearest.distance_m:
        reason = _(
            "the whole site lies outside the study area, {distance} away, where there are no control layers"
        ).format(distance=distance_text(nearest.distance_m))
    if not reason:
        reason = _("{area} of the site lie outside the study area, where there are no control layers").format(
            area=area_text(outside)
        )
    return [Verdict(rule, Level.UNDECIDED, _("Study area"), reason,
                    area_m2=max(outside, 0.0), share=site.share(max(outside, 0.0)), clauses=("study-area",),
                    layers=boundary.keys)]  # fmt: skip


def avoids_eco_redline(
    site: Subject, eco_redline: Control, nature_reserve: Control, national_park: Control, protected_area: Control
) -> list[Verdict]:
    """Keep out of the ecological conservation red line (生态保护红线), its core zones most of all."""
    rule, reserves = "avoids_eco_redline", (nature_reserve, national_park, protected_area)
    meetings = eco_redline.overlaps
    if not meetings:
        return elsewhere(rule, site, eco_redline, ("redline-142-outside",))
    cores = [meeting for reserve in reserves for meeting in reserve.graded(*CORE)]
    red = ground_of(meetings) if cores else None
    own_core = eco_redline.graded("core")
    core = shapely.intersection(red, ground_of([*cores, *own_core])) if cores else None
    core_m2 = float(core.area) if core is not None else sum(meeting.area_m2 for meeting in own_core)
    whole = verdict(rule, site, eco_redline, meetings, _redline_outside(site))
    found = []
    if core_m2 > 0:
        text = _("inside a core protection zone: human activity is in principle forbidden")
        outcome = Outcome(Level.PROHIBITED, text, ("redline-142-core", "redline-142-special"))
        found.append(verdict(rule, site, eco_redline, meetings, outcome, grade="core", area_m2=core_m2))
    if core_m2 <= 0 or whole.area_m2 - core_m2 > _rounding_m2(site, meetings):
        outside = whole.area_m2 - core_m2
        found.append(verdict(rule, site, eco_redline, meetings, _redline_outside(site), area_m2=outside))
    unknown = [reserve for reserve in reserves if reserve.unknown() or _ungraded(reserve)]
    if unknown and any(item.level is Level.RESTRICTED for item in found):
        text = _("whether it lies in a core protection zone is not known (zones of {layers})").format(
            layers=", ".join(reserve.title for reserve in unknown)
        )
        found.append(Verdict(rule, Level.UNDECIDED, eco_redline.title, text, layers=eco_redline.keys,
                             clauses=("redline-142-core",)))  # fmt: skip
    rest = elsewhere(rule, site, eco_redline) if eco_redline.unknown() else []
    return [*found, *rest]


def _rounding_m2(site: Subject, meetings: Sequence[Meeting]) -> float:
    """Area that two layers from different CRSs may differ by along their common edges: 12 micrometres on each side."""
    around = shapely.length(site.ground) + sum(shapely.length(meeting.ground) for meeting in meetings)
    return 2.5e-5 * float(around)


def _redline_outside(site: Subject) -> Outcome:
    """Inside the red line, outside core zones: only what the ten kinds allow, or a national major project."""
    activity = site.site.activity
    if site.does("reclamation"):
        text = _("new land reclamation and enclosure of the sea are forbidden")
        return Outcome(Level.PROHIBITED, text, ("redline-reclaim", "redline-142-outside"))
    if activity is None:
        text = _(
            "prohibited unless it is one of the limited human activities allowed; the kind of activity has to be added"
        )
        return Outcome(Level.PROHIBITED, text, ("redline-142-outside",), _("state the kind of activity"))
    if activity.kind == "limited":
        number = activity.code.split("-")[1]
        text = _("claimed as limited human activity no. {number}").format(number=number)
        papers = _("provincial government's opinion that it is a limited human activity allowed in the red line")
        return Outcome(Level.RESTRICTED, text, ("redline-142-outside", activity.clause, "redline-142-opinion"), papers)
    if activity.kind == "major":
        papers = _(
            "provincial government's opinion that the red line cannot be avoided; State Council approval of the land"
        )
        text = _("claimed as a national major project that cannot avoid the red line")
        return Outcome(Level.RESTRICTED, text, ("redline-142-major",), papers)
    text = _("{activity} is none of the limited human activities allowed").format(activity=activity.label)
    return Outcome(Level.PROHIBITED, text, ("redline-142-outside",))


def _ungraded(reserve: Control) -> bool:
    return bool(reserve.graded(""))


def _reserve_zone(site: Subject, grade: str) -> Outcome:
    """Zones of reserves, old and new (自然保护区功能分区)."""
    office = _("opinion of the forestry and grassland (protected area) authority")
    if site.does("mining"):
        return Outcome(
            Level.PROHIBITED, _("mining, quarrying and digging are forbidden in the whole reserve"), ("reserve-26",)
        )
    if grade == "core":
        return Outcome(
            Level.PROHIBITED, _("core protection zone: human activity is in principle forbidden"), ("core-zone",)
        )
    if grade == "old-core":
        return Outcome(Level.PROHIBITED, _("core area: nobody may enter, nothing may be built"), ("reserve-18-core",))
    if grade == "old-buffer":
        if site.does("research"):
            text = _("buffer area: only research that does no harm, by permit")
            return Outcome(Level.RESTRICTED, text, ("reserve-28-buffer",), office)
        return Outcome(
            Level.PROHIBITED, _("buffer area: no production facility, no tourism or business"), ("reserve-28-buffer",)
        )
    if grade == "old-experimental":
        if site.site.polluting is False:
            text = _("experimental area: other projects within the emission standards")
            return Outcome(Level.RESTRICTED, text, ("reserve-32-experimental",), office)
        text = _("experimental area: no facility that pollutes or does harm")
        if site.site.polluting is None:
            text = _(
                "experimental area: prohibited if it pollutes or does harm; "
                "whether it discharges pollutants has to be added"
            )
        return Outcome(Level.PROHIBITED, text, ("reserve-32-experimental",))
    if grade == "general":
        return _general_zone(site, grade)
    text = _("the functional zone is not stated: judged as a core zone; the zoning has to be added")
    return Outcome(Level.PROHIBITED, text, ("core-zone",), office)


def _general_zone(site: Subject, grade: str) -> Outcome:
    """General control zones (一般控制区), nature parks among them."""
    office = _("opinion of the forestry and grassland (protected area) authority")
    if not site.stated:
        text = _(
            "general control zone: prohibited unless it is a limited human activity allowed; the kind has to be added"
        )
        return Outcome(Level.PROHIBITED, text, ("general-zone",), office)
    if site.does("limited", "major"):
        return Outcome(
            Level.RESTRICTED, _("general control zone: only limited human activity"), ("general-zone",), office
        )
    return Outcome(Level.PROHIBITED, _("general control zone: no development or production"), ("general-zone",))


def _avoids_reserve(rule: str, site: Subject, control: Control) -> list[Verdict]:
    """Zones as they are drawn; an outline without zoning counts only where no zone lies on it."""
    zones = [meeting for meeting in control.overlaps if meeting.grade]
    bare = control.graded("")
    found = judged(rule, site, control, partial(_reserve_zone, site), clear_clauses=("core-zone",))
    if not (zones and bare):
        return found
    left = shapely.difference(ground_of(bare), ground_of(zones)).area
    kept = [item for item in found if item.subject != control.title or item.level is Level.UNDECIDED]
    if left > 1e-6 * sum(meeting.area_m2 for meeting in bare):
        kept.append(verdict(rule, site, control, bare, _reserve_zone(site, ""), area_m2=float(left)))
    return kept


def avoids_nature_reserve(site: Subject, nature_reserve: Control) -> list[Verdict]:
    """Keep to the zones of nature reserves (自然保护区)."""
    return _avoids_reserve("avoids_nature_reserve", site, nature_reserve)


def avoids_national_park(site: Subject, national_park: Control) -> list[Verdict]:
    """Keep to the zones of national parks (国家公园)."""
    return _avoids_reserve("avoids_national_park", site, national_park)


def avoids_protected_area(site: Subject, protected_area: Control) -> list[Verdict]:
    """Keep to the zones of protected areas whose kind is not told apart (自然保护地)."""
    return _avoids_reserve("avoids_protected_area", site, protected_area)


def avoids_forest_park(site: Subject, forest_park: Control) -> list[Verdict]:
    """Keep to the general control zone of forest parks (森林公园)."""
    return judged(
        "avoids_forest_park", site, forest_park, partial(_general_zone, site), clear_clauses=("general-zone",)
    )


def avoids_wetland_park(site: Subject, wetland_park: Control) -> list[Verdict]:
    """Keep to the general control zone of wetland parks (湿地公园)."""
    return judged(
        "avoids_wetland_park", site, wetland_park, partial(_general_zone, site), clear_clauses=("general-zone",)
    )


def avoids_geopark(site: Subject, geopark: Control) -> list[Verdict]:
    """Keep to the general control zone of geoparks (地质公园)."""
    return judged("avoids_geopark", site, geopark, partial(_general_zone, site), clear_clauses=("general-zone",))


def avoids_scenic_area(site: Subject, scenic_area: Control) -> list[Verdict]:
    """Keep to the plan of scenic areas (风景名胜区), and out of their core."""

    def decide(grade: str) -> Outcome:
        if site.does("mining", "chemicals"):
            return Outcome(
                Level.PROHIBITED, _("mining and dangerous stores are forbidden in scenic areas"), ("scenic-26",)
            )
        if grade == "scenic-core":
            text = _("core scenic area: only what serves the protection of the scenery")
            return Outcome(Level.PROHIBITED, text, ("scenic-26",))
        text = _("scenic area: the manager reviews, then the permits follow")
        return Outcome(Level.RESTRICTED, text, ("scenic-28",), _("review by the manager of the scenic area"))

    return judged("avoids_scenic_area", site, scenic_area, decide, clear_clauses=("scenic-28",))


def avoids_world_heritage(site: Subject, world_heritage: Control) -> list[Verdict]:
    """Fit the protection plan of world heritage (世界遗产)."""
    text = _("world heritage: building has to fit its protection plan")
    outcome = Outcome(Level.RESTRICTED, text, ("heritage-manage",), _("opinion of the heritage authority"))
    return judged(
        "avoids_world_heritage", site, world_heritage, lambda grade: outcome, clear_clauses=("heritage-manage",)
    )


def avoids_germplasm_reserve(site: Subject, germplasm_reserve: Control) -> list[Verdict]:
    """Study the impact on aquatic germplasm reserves (水产种质资源保护区)."""
    text = _("aquatic germplasm reserve: an impact study is needed")
    outcome = Outcome(
        Level.RESTRICTED, text, ("germplasm-manage",), _("impact study, opinion of the fishery authority")
    )
    return judged("avoids_germplasm_reserve", site, germplasm_reserve, lambda grade: outcome,
                  clear_clauses=("germplasm-manage",))  # fmt: skip


def avoids_water_source(site: Subject, water_source: Control) -> list[Verdict]:
    """Keep to the levels of drinking-water source zones (饮用水水源保护区)."""
    polluting = site.site.polluting

    def decide(grade: str) -> Outcome:
        if site.does("outfall"):
            text = _("sewage outfalls are forbidden in all source zones")
            return Outcome(Level.PROHIBITED, text, ("water-64", "water-gd-43"))
        if grade in ("level-1", ""):
            known = _("level 1") if grade else _("the level is not stated: judged as level 1")
            if site.does("water_supply"):
                text = _("{level}: only what serves water supply or protects the source").format(level=known)
                return Outcome(
                    Level.RESTRICTED, text, ("water-65",), _("approval by the water and environment authorities")
                )
            text = _("{level}: nothing that does not serve water supply or protect the source").format(level=known)
            return Outcome(Level.PROHIBITED, text, ("water-65", "water-gd-44"))
        if grade == "level-2":
            if polluting is False:
                text = _(
                    "level 2, no discharge: to be avoided as far as possible; if proven impossible, strict approval"
                )
                return Outcome(
                    Level.RESTRICTED, text, ("water-66", "water-gd-44"), _("study that the zone cannot be avoided")
                )
            text = _("level 2: no project that discharges pollutants")
            if polluting is None:
                text = _("level 2: prohibited if it discharges pollutants; whether it does has to be added")
            return Outcome(Level.PROHIBITED, text, ("water-66", "water-gd-44"))
        if polluting is False:
            return Outcome(Level.AVOID, _("quasi-protection zone: keep the water clean"), ("water-67",))
        text = _("quasi-protection zone: heavily polluting projects are forbidden, others must not raise discharges")
        return Outcome(Level.RESTRICTED, text, ("water-67",), _("environmental impact assessment of the discharge"))

    rule, found = "avoids_water_source", []
    stricter: list[Meeting] = []
    for grade in ("level-1", "", "level-2", "quasi"):
        meetings = water_source.graded(grade)
        if not meetings:
            continue
        # Levels are often drawn nested: ground of a stricter level counts there only.
        area = area_once(meetings)
        if stricter:
            area = float(shapely.difference(ground_of(meetings), ground_of(stricter)).area)
        if not stricter or area > _rounding_m2(site, meetings):
            found.append(verdict(rule, site, water_source, meetings, decide(grade), grade=grade, area_m2=area))
        stricter += meetings
    clear = ("water-65", "water-66", "water-67")
    return [*found, *elsewhere(rule, site, water_source, clear)]


def avoids_farmland(site: Subject, farmland: Control) -> list[Verdict]:
    """Take no permanent basic farmland (永久基本农田)."""
    if site.does("major"):
        papers = _("State Council approval; farmland of the same quality added")
        outcome = Outcome(Level.RESTRICTED, _("key national project that cannot avoid permanent farmland"),
                          ("farmland-35", "farmland-46"), papers)  # fmt: skip
    else:
        text = _("permanent farmland must not be taken or changed")
        if not site.stated:
            text = _(
                "permanent farmland must not be taken, unless by a key national project; "
                "the kind of activity has to be added"
            )
        outcome = Outcome(Level.PROHIBITED, text, ("farmland-35", "farmland-17"))
    return judged("avoids_farmland", site, farmland, lambda grade: outcome, clear_clauses=("farmland-35",))


def avoids_wetland(site: Subject, wetland: Control) -> list[Verdict]:
    """Site works away from wetlands (湿地), and never on important ones."""

    def decide(grade: str) -> Outcome:
        if grade == "important" and not site.does("major"):
            text = _("wetland of national importance: must not be taken")
            return Outcome(Level.PROHIBITED, text, ("wetland-19", "wetland-28"))
        text = _("wetland: to be avoided; if impossible, take as little as can be and mitigate")
        level = Level.RESTRICTED if grade == "important" else Level.AVOID
        return Outcome(level, text, ("wetland-19", "wetland-28"), _("opinion of the forestry and grassland authority"))

    return judged("avoids_wetland", site, wetland, decide, clear_clauses=("wetland-19",))


def spares_public_forest(site: Subject, public_forest: Control) -> list[Verdict]:
    """Take forest land only with the forestry authority's consent (生态公益林, 林地)."""
    text = _("forest land: to be spared; taking it needs consent")
    outcome = Outcome(
        Level.RESTRICTED, text, ("forest-37", "forest-38"), _("forestry authority's consent to use forest land")
    )
    return judged("spares_public_forest", site, public_forest, lambda grade: outcome, clear_clauses=("forest-37",))


def follows_control_unit(site: Subject, control_unit: Control) -> list[Verdict]:
    """Follow the demands of the environmental control unit (环境管控单元), and avoid priority units."""
    rule, clauses = "follows_control_unit", ("zoning-unit",)
    if not control_unit.overlaps:
        if control_unit.unknown() or control_unit.absent:
            return elsewhere(rule, site, control_unit, clauses)
        text = _("the site lies in no control unit, although units cover the whole area")
        return [Verdict(rule, Level.UNDECIDED, control_unit.title, text, layers=control_unit.keys, clauses=clauses)]

    def decide(grade: str) -> Outcome:
        if grade == "priority":
            text = _("priority protection unit: protection comes first; the unit's admission list applies")
            return Outcome(Level.AVOID, text, clauses, _("compare with the unit's admission list"))
        if grade == "":
            return Outcome(Level.UNDECIDED, _("the class of the unit is not stated"), clauses)
        if grade == "key" and site.site.polluting:
            text = _("key unit: discharges stay within the carrying capacity; the unit's list applies")
            return Outcome(Level.AVOID, text, clauses, _("compare with the unit's admission list"))
        return Outcome(Level.CLEAR, _("no priority protection unit; the unit's list applies all the same"), clauses)

    return judged(rule, site, control_unit, decide)


#: The rules of a check, in the order of the report.
RULES: tuple[Rule, ...] = (
    within_study_area, avoids_eco_redline, avoids_nature_reserve, avoids_national_park, avoids_protected_area,
    avoids_forest_park, avoids_wetland_park, avoids_geopark, avoids_scenic_area, avoids_world_heritage,
    avoids_germplasm_reserve, avoids_water_source, avoids_farmland, avoids_wetland, spares_public_forest,
    follows_control_unit, avoids_livestock_ban, avoids_fuel_ban, follows_function_zone, spares_ecological_function_zone,
    spares_habitat, keeps_river_range, minds_farmland_soil, keeps_distance,
)  # fmt: skip
