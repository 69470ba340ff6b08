"""Rules of zones that plans name beside the red line and protected places: bans, function zones, habitats, river ranges.

Livestock and fuel bans are asked for what they concern. The other zones are drawn in few studies: where a study has no layer of
them nothing is judged, and the report lists them as not looked at; a layer that cannot be used is 无法判定 as everywhere.
"""

from __future__ import annotations

from ecospace.check.controls import Control, Outcome, Subject, judged
from ecospace.check.verdict import Level, Verdict
from ecospace.language import _


def avoids_livestock_ban(site: Subject, livestock_ban: Control) -> list[Verdict]:
    """Keep livestock farms out of the ban zones (畜禽禁养区): D11."""
    if not site.does("livestock"):
        return []
    outcome = Outcome(Level.PROHIBITED, _("livestock-ban zone: no farm above the size limit"), ("livestock-11",))
    return judged("avoids_livestock_ban", site, livestock_ban, lambda grade: outcome, clear_clauses=("livestock-11",))


def avoids_fuel_ban(site: Subject, fuel_ban: Control) -> list[Verdict]:
    """Keep facilities for high-pollution fuel out of the ban zones (高污染燃料禁燃区): D12."""
    if not site.does("fuel"):
        return []
    text = _("fuel-ban zone: no new or larger facility that burns high-pollution fuel")
    outcome = Outcome(Level.PROHIBITED, text, ("air-38",))
    return judged("avoids_fuel_ban", site, fuel_ban, lambda grade: outcome, clear_clauses=("air-38",))


def follows_function_zone(site: Subject, main_function_zone: Control) -> list[Verdict]:
    """Follow the main function of the ground (主体功能区), most of all where development is forbidden: D02, D14."""
    if _lacking(main_function_zone):
        return []
    clauses = ("function-zones",)

    def decide(grade: str) -> Outcome:
        if grade == "no-development":
            if site.does("limited", "major"):
                text = _("zone of forbidden development: only what fits its main function")
                return Outcome(Level.RESTRICTED, text, clauses, _("study that the project fits the main function"))
            text = _("zone of forbidden development: no development that does not fit its main function")
            return Outcome(Level.PROHIBITED, text, clauses)
        if grade == "limited-development":
            text = _("zone of limited development: large-scale industry and towns are limited")
            return Outcome(Level.AVOID, text, clauses)
        if grade == "":
            return Outcome(Level.UNDECIDED, _("the class of the function zone is not stated"), clauses)
        return Outcome(Level.CLEAR, _("neither forbidden nor limited development"), clauses)

    return judged("follows_function_zone", site, main_function_zone, decide, clear_clauses=clauses)


def spares_ecological_function_zone(site: Subject, ecological_function_zone: Control) -> list[Verdict]:
    """Do no harm to the service that an ecological function zone is there for (生态功能区): D06."""
    if _lacking(ecological_function_zone):
        return []
    clauses = ("eco-function",)
    text = _("ecological function zone: to be avoided, harm to its function to be mitigated")
    outcome = Outcome(Level.AVOID, text, clauses, _("impact on the ecological function within the impact assessment"))
    return judged(
        "spares_ecological_function_zone",
        site,
        ecological_function_zone,
        lambda grade: outcome,
        clear_clauses=clauses,
    )


def spares_habitat(site: Subject, habitat: Control) -> list[Verdict]:
    """Keep away from habitats of rare and endangered species (珍稀濒危物种栖息地): D13."""
    if _lacking(habitat):
        return []
    text = _("habitat of rare species: to be avoided; the wildlife authority is to be asked")
    outcome = Outcome(
        Level.RESTRICTED, text, ("wildlife-13",), _("impact study, opinion of the wildlife protection authority")
    )
    return judged("spares_habitat", site, habitat, lambda grade: outcome, clear_clauses=("wildlife-13",))


def keeps_river_range(site: Subject, river_range: Control) -> list[Verdict]:
    """Build in the management range of rivers and lakes only as the water authority agrees (河湖管理范围): D09."""
    if _lacking(river_range):
        return []
    papers = _("water authority's consent to the works, with a study of the effect on floods")
    text = _(
        "management range of rivers and lakes: nothing that hinders the flow; works need the water authority's consent"
    )
    clauses: tuple[str, ...] = ("water-use-37", "water-use-38")
    if site.does("mining"):
        text = _(
            "management range of rivers and lakes: sand only by licence; digging that harms banks or flow is forbidden"
        )
        clauses, papers = ("water-use-39",), _("sand-mining licence")
    outcome = Outcome(Level.RESTRICTED, text, clauses, papers)
    return judged("keeps_river_range", site, river_range, lambda grade: outcome, clear_clauses=("water-use-38",))


def minds_farmland_soil(site: Subject, farmland_soil: Control) -> list[Verdict]:
    """Keep what may pollute away from clean farmland, and mind the strictly controlled (耕地土壤环境质量类别): D10."""
    if _lacking(farmland_soil):
        return []

    def decide(grade: str) -> Outcome:
        if grade == "soil-priority" and site.site.polluting is not False:
            text = _("priority-protection farmland: no project that may pollute the soil")
            if site.site.polluting is None:
                text = _("{text}; whether it discharges pollutants has to be added").format(text=text)
            return Outcome(Level.PROHIBITED, text, ("soil-50",))
        if grade == "soil-strict":
            text = _("strictly controlled farmland: polluted soil, risk control before use changes")
            return Outcome(Level.AVOID, text, ("soil-54",), _("soil survey and risk assessment"))
        if grade == "":
            return Outcome(Level.UNDECIDED, _("the soil class is not stated"), ("soil-50",))
        return Outcome(Level.CLEAR, _("no demand beyond those on farmland"), ("soil-50",))

    return judged("minds_farmland_soil", site, farmland_soil, decide, clear_clauses=("soil-50",))


def _lacking(control: Control) -> bool:
    """Whether the study has no layer of a kind at all; one that is there and cannot be used says another reason."""
    return control.missing == _("the study has no layer of {title}").format(title=control.title)
