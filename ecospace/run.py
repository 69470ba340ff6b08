"""A whole study: everything that its layers allow, measured once, kept in one result."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ecospace.errors import EcospaceError, StudyError
from ecospace.findings import Finding, once
from ecospace.language import _

if TYPE_CHECKING:
    import pandas as pd

    from ecospace.layers.topology import Array
    from ecospace.measure.area import AreaStatement
    from ecospace.measure.cover import Cover
    from ecospace.measure.coverage import Coverage
    from ecospace.study import Study

#: Order in which layers are looked through for forest.
FOREST_ROLES = ("forest", "land_use")


@dataclass(frozen=True, eq=False)
class Results:
    """What a run found (计算结果).

    Attributes
    ----------
    study : Study
    area : AreaStatement
    coverages : dict of str to Coverage
        By definition; the one of the study first.
    covers : dict of str to Cover
        By definition; the one of the study first.
    indicators : DataFrame
        See `indicator_table`.
    findings : list of Finding
        Everything seen on the way.
    errors : dict of str to EcospaceError
        Layers that were left out, and why.
    """

    study: Study
    area: AreaStatement
    coverages: dict[str, Coverage]
    covers: dict[str, Cover]
    indicators: pd.DataFrame
    findings: list[Finding] = field(default_factory=list)
    errors: dict[str, EcospaceError] = field(default_factory=dict)


def run_study(study: Study) -> Results:
    """Measure everything that the layers of a study allow.

    Parameters
    ----------
    study : Study

    Returns
    -------
    Results
        A layer that cannot be used is left out and named; what needs it has no value. The boundary must be readable.
    """
    from ecospace.measure.area import state_area
    from ecospace.measure.indicators import indicator_set, indicator_table

    area = state_area(study.boundary, study.crs, study.official_area_m2)
    # A share by an area in another unit is a wrong number, not a doubtful one.
    official = None if any(found.level == "error" for found in area.findings) else area.official_m2
    errors: dict[str, EcospaceError] = {}
    findings: list[Finding] = []
    chosen = indicator_set(str(study.settings.get("indicators", "basic")))
    coverages = _coverages(study, _definitions_asked(study, chosen), errors, findings, official)
    covers, loose = _covers(study, errors, findings, official)
    contracts = _contracts(study, loose)
    values = {indicator.id: _value(indicator, study, coverages, covers, errors) for indicator in chosen.indicators}
    _read_the_rest(study, errors)
    return Results(
        study=study,
        area=area,
        coverages=coverages,
        covers=covers,
        indicators=indicator_table(chosen, values, study.settings.get("terrain")),
        findings=once([*area.findings, *study.findings(), *contracts, *findings]),
        errors=errors,
    )


def _definitions_asked(study: Study, chosen: Any) -> list[str]:
    own = str(study.settings.get("definition", "protected-2016"))
    of_set = [indicator.definition for indicator in chosen.indicators if indicator.measure == "protected"]
    return list(dict.fromkeys([own, *map(str, study.settings.get("compare", ())), *of_set]))


def _coverages(
    study: Study,
    keys: list[str],
    errors: dict[str, EcospaceError],
    findings: list[Finding],
    official_area_m2: float | None,
) -> dict[str, Coverage]:
    from ecospace.measure.coverage import coverage
    from ecospace.measure.definitions import definition
    from ecospace.measure.places import protected_places

    zones = _optional(lambda: study.zones, str(study.settings.get("zones")), errors)
    nested = [study.frame(key) for key in study.keys("industrial_park") if _readable(study, key, errors)]
    exclude = [study.frame(key) for key in study.keys("sea") if _readable(study, key, errors)]
    out: dict[str, Coverage] = {}
    for key in keys:
        chosen = definition(key)
        places = protected_places(study, chosen)
        errors.update(places.errors)
        findings += [finding for finding in places.left_out if finding not in findings]
        # A share without one of its layers would be too small and look like a real one.
        if places.errors or places.frame.empty:
            continue
        out[key] = coverage(
            places.frame, study.boundary, zones,
            nested=nested[0] if nested else None, exclude=exclude[0] if exclude else None,
            rank=study.settings.get("rank"), official_area_m2=official_area_m2, definition=chosen,
        )  # fmt: skip
    return out


def _contracts(study: Study, loose: Mapping[str, Array]) -> list[Finding]:
    """What the layers that were measured promise and do not keep: ids, names, classes, stated areas, overlaps, gaps."""
    return [found for key in study.measured_keys() for found in study.contract(key, loose=loose.get(key)).findings]


def _covers(
    study: Study, errors: dict[str, EcospaceError], findings: list[Finding], official_area_m2: float | None
) -> tuple[dict[str, Cover], dict[str, Array]]:
    """Covers by definition; and of the land layer, which shapes do not match their neighbours: the contract asks it too."""
    from ecospace.measure.cover import counted_cover, land_classes
    from ecospace.measure.cover_definitions import cover_definition, cover_definitions

    wanted = study.settings.get("forest", {})
    keys = _forest_layers(study)
    zones = _optional(lambda: study.zones, str(study.settings.get("zones")), errors)
    for key in keys:
        system = study.entries[key].get("code_system")
        known = [item.key for item in cover_definitions().values() if item.code_system == system]
        own = wanted.get("definition")
        covers: dict[str, Cover] = {}
        try:
            land = study.raster(key) if study.is_raster(key) else study.frame(key)
            classes = land_classes(land, study.boundary, zones, system=system, folder=study.folder)
            for name in dict.fromkeys([*([own] if own else []), *known]):
                covers[name] = counted_cover(classes, cover_definition(name), official_area_m2=official_area_m2)
                new = [found.of(layer=key) for found in covers[name].findings]
                findings += [found for found in new if found not in findings]
        except EcospaceError as error:
            errors[key] = error
            continue
        return covers, ({} if classes.loose is None else {key: classes.loose})
    return {}, {}


def _forest_layers(study: Study) -> list[str]:
    wanted = study.settings.get("forest", {})
    return [wanted["layer"]] if "layer" in wanted else [key for role in FOREST_ROLES for key in study.keys(role)]


def _value(
    indicator: Any,
    study: Study,
    coverages: dict[str, Coverage],
    covers: dict[str, Cover],
    errors: Mapping[str, EcospaceError],
) -> Any:
    from ecospace.measure.definitions import definition
    from ecospace.measure.indicators import Value

    if indicator.measure == "forest":
        cover = next(iter(covers.values()), None)
        if cover is None:
            return Value(reason=_why(_forest_layers(study), errors))
        row = cover.units.iloc[0]
        return Value(cover.share, _real(cover.share_official), float(row["counted_m2"]), cover.definition.label,
                     cover.definition.statutory, most=cover.share_most if row["undecided_m2"] else None)  # fmt: skip
    result = coverages.get(indicator.definition)
    if result is None or result.definition is None:
        return Value(reason=_why(study.keys(*definition(indicator.definition).kinds), errors))
    return Value(result.share, _real(result.share_official), result.union_m2, result.definition.label)


def _why(needed: Iterable[str], errors: Mapping[str, EcospaceError]) -> str:
    """Why a number is missing: what is wrong with the layers that it needs, and with no others."""
    return "; ".join(f"{key} {errors[key].code}" for key in needed if key in errors) or _("no layer")


def _real(value: float) -> float | None:
    return None if value != value else value


def _optional(get: Any, key: str, errors: dict[str, EcospaceError]) -> Any:
    try:
        return get()
    except EcospaceError as error:
        errors[key] = error
        return None


def _readable(study: Study, key: str, errors: dict[str, EcospaceError]) -> bool:
    return _optional(lambda: study.frame(key), key, errors) is not None


def _read_the_rest(study: Study, errors: dict[str, EcospaceError]) -> None:
    """Layers that no number needs are read all the same: what is wrong with them is said now, not on the day of the map."""
    for key in study.entries:
        if key in errors:
            continue
        try:
            if study.is_raster(key):
                study.raster(key)
            else:
                study.frame(key)
        except EcospaceError as error:
            errors[key] = error


def require_complete(results: Results) -> None:
    """Raise the first error of a run, for those who want all or nothing."""
    for error in results.errors.values():
        raise error
    if not results.coverages and not results.covers:
        raise StudyError(
            "E-STUDY-09",
            _("no layer of the study gives an indicator."),
            cure=_("Give roles such as nature_reserve, eco_redline or forest in study.toml."),
        )
