"""What a layer promises by its role, and where it breaks it: ids, classes, stated areas, overlaps, gaps (图层质检).

Every fault is a finding with feature ids, and a place on a map where it has one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from ecospace.findings import Finding
from ecospace.language import _, current
from ecospace.layers.canopy import closure_findings
from ecospace.layers.fields import column_of
from ecospace.layers.topology import Array, doubles, gaps, ids_of, loose_shapes, overlaps, union_of
from ecospace.terms import kinds, standard
from ecospace.units import SQUARE_METRES, UNIT_NAMES, unit_of

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from pandas import Series

    from ecospace.layers.layer import Layer

#: Units tried for stated areas, and how far from one the middle of all may be.
UNITS = ("m2", "mu", "ha", "km2", "wan_mu")
UNIT_SLACK = 0.05
#: Share of the territory from which a second part of its boundary is no islet, and has to be looked at.
LARGE_PART = 0.01


@dataclass(frozen=True)
class Promise:
    """What layers of a role promise; see ``standards/contracts.toml``."""

    overlaps: bool = True
    tiles: bool = False
    classes: bool = False
    names: bool = False
    areas: float = 0.01


@dataclass(frozen=True, eq=False)
class Contract:
    """The result of the checks.

    Parameters
    ----------
    findings : tuple of Finding
    faults : list of dict
        Places: code, text, features, area_m2, geometry in the study CRS.
    facts : dict
        sum_m2, union_m2 and, with a boundary, gap_m2, overhang_m2, missing_m2 (boundary less union).
    """

    findings: tuple[Finding, ...]
    faults: list[dict[str, Any]] = field(default_factory=list)
    facts: dict[str, float] = field(default_factory=dict)


@lru_cache(maxsize=1)
def _promises() -> dict[str, Promise]:
    table = standard("contracts")
    default = table["default"]
    return {role: Promise(**{**default, **entry}) for role, entry in table.items() if isinstance(entry, dict)}


def promise_of(role: str) -> Promise:
    """What a layer of a role promises."""
    return _promises().get(role, _promises()["default"])


def check_contract(
    layer: Layer, frame: GeoDataFrame, *, boundary: GeoDataFrame | None = None, loose: Array | None = None
) -> Contract:
    """Hold a layer against the promises of its role.

    Parameters
    ----------
    layer : Layer
        As read.
    frame : GeoDataFrame
        Its frame in a study CRS (metres, areas ellipsoidal).
    boundary : GeoDataFrame, optional
        The study area in the same CRS; without it, gaps are only found inside the layer.
    loose : ndarray of int, optional
        What `loose_shapes` of the frame's polygons is, where it is known: on a large layer it takes most of the time.

    Returns
    -------
    Contract
    """
    promise = promise_of(layer.role)
    findings: list[Finding] = []
    faults: list[dict[str, Any]] = []
    facts: dict[str, float] = {}
    findings += without_area(layer.role, frame)
    findings += _ids(layer, frame)
    if promise.names:
        findings += _names(layer, frame)
    if promise.classes or "code_system" in layer.settings:
        findings += class_findings(layer, frame)
    polygons = frame[frame.geom_type.isin(("Polygon", "MultiPolygon"))]
    if len(polygons):
        findings += _parts(polygons) if layer.role == "boundary" else []
        findings += _areas(layer, polygons, promise.areas)
        findings += closure_findings(polygons)
        findings += doubles(polygons)
        facts = {"sum_m2": float(polygons.area.sum())}
        shapes = polygons.geometry.to_numpy()
        if promise.tiles or not promise.overlaps:
            loose = loose_shapes(shapes) if loose is None else loose
        if not promise.overlaps:
            seen, places = overlaps(polygons, loose)
            findings += seen
            faults += places
        if promise.tiles or not promise.overlaps:
            union = union_of(shapes, loose)
            facts["union_m2"] = float(union.area)
            if promise.tiles:
                seen, places, more = gaps(union, boundary)
                findings += seen
                faults += places
                facts |= more
    named = tuple(finding.of(layer=layer.key, file=layer.path.name) for finding in findings)
    return Contract(named, faults, facts)


def without_area(role: str, frame: GeoDataFrame) -> list[Finding]:
    """Lines and points in a layer whose role is measured by area; an error where the layer has nothing else."""
    known = kinds().get(role)
    if known is None or known.shape != "polygon":
        return []
    flat = frame.index[~frame.geom_type.isin(("Polygon", "MultiPolygon"))]
    if not len(flat):
        return []
    return [Finding(
        "E-DATA-17", "error" if len(flat) == len(frame) else "warning",
        _("{count} of {all} features of the layer are lines or points, which have no area: {role} cannot be measured with them.")
        .format(count=len(flat), all=len(frame), role=known.label),
        cure=_("Ask for the polygons, or close the outlines to polygons in GIS."), features=ids_of(flat), count=len(flat),
    )]  # fmt: skip


def stated_areas(values: Series[Any]) -> tuple[np.ndarray[Any, Any], list[Any]]:
    """Stated areas as numbers; texts are read strictly, with the ids of those that are none.

    >>> import pandas as pd
    >>> stated_areas(pd.Series(["1,234.5", "12 公顷", "约3"]))[0].tolist()
    [1234.5, 12.0, nan]
    """
    import pandas as pd

    if pd.api.types.is_numeric_dtype(values):
        numbers = values.to_numpy(dtype=float, na_value=np.nan)
        return np.where(np.isinf(numbers), np.nan, numbers), list(values.index[np.isinf(numbers)])
    out, wrong = np.full(len(values), np.nan), []
    for position, (identifier, value) in enumerate(values.items()):
        if value is None or value is pd.NA or value != value:
            continue
        found = _AREA.fullmatch(str(value).strip())
        if found is None:
            wrong.append(identifier)
        else:
            out[position] = float(found.group(1).replace(",", ""))
    return out, wrong


_UNIT_WORDS = "|".join(
    re.escape(name) for names in UNIT_NAMES.values() for name in sorted(names, key=len, reverse=True)
)
_AREA = re.compile(rf"([0-9]{{1,3}}(?:,[0-9]{{3}})+(?:\.[0-9]+)?|[0-9]+(?:\.[0-9]+)?)\s*(?:{_UNIT_WORDS})?")


def area_unit(stated: np.ndarray[Any, Any], square_metres: np.ndarray[Any, Any]) -> str | None:
    """The unit in which stated areas are nearest to the computed ones, or None if they are near in none.

    >>> area_unit(np.array([15.0, 30.0]), np.array([10_000.0, 20_000.0]))
    'mu'
    """
    usable = np.isfinite(stated) & (stated > 0) & (square_metres > 0)
    if not usable.any():
        return None
    ratio = float(np.median(square_metres[usable] / stated[usable]))
    unit = min(UNITS, key=lambda key: abs(np.log(ratio / float(SQUARE_METRES[key]))))
    return unit if abs(ratio / float(SQUARE_METRES[unit]) - 1) <= UNIT_SLACK else None


def unit_label(unit: str) -> str:
    """A unit as a reader knows it, with the key to type: 亩 (mu).

    >>> unit_label("mu")
    '亩 (mu)'
    """
    if current() != "zh":
        return unit
    return next((f"{name} ({unit})" for name in UNIT_NAMES[unit] if "\u4e00" <= name[-1] <= "\u9fff"), unit)


def unit_finding(column: str, unit: str, said: object) -> Finding | None:
    """An error where area_unit of study.toml is another unit than the drawn areas show, or none that is known."""
    try:
        told = unit_of(str(said)) if said else unit
    except KeyError:
        told = ""
    if told == unit:
        return None
    if not told:
        text = _("area_unit says {said}, which is no unit of area; by the drawn areas {column} is in {unit}.").format(
            column=column, unit=unit_label(unit), said=said)  # fmt: skip
    else:
        factor = SQUARE_METRES[told] / SQUARE_METRES[unit]
        times = f"{float(factor):g}" if factor >= 1 else f"1/{float(1 / factor):g}"
        text = _(
            "{column} is in {unit} by the drawn areas, but area_unit says {said}: sums would be {times} of the true ones."
        )
        text = text.format(column=column, unit=unit_label(unit), said=said, times=times)
    return Finding(
        "E-DATA-33", "error", text,
        cure=_('Write area_unit = "{unit}" in study.toml.').format(unit=unit),
    )  # fmt: skip


def _parts(frame: GeoDataFrame) -> list[Finding]:
    """The parts of a boundary: all of them are territory, and every share is of their sum."""
    import shapely

    whole = shapely.union_all(frame.geometry.to_numpy())
    areas = sorted((float(part.area) for part in shapely.get_parts(whole)), reverse=True)
    if len(areas) == 1:
        return []
    listed = ", ".join(f"{area / 1e6:.4f} km²" for area in areas[:6]) + (" …" if len(areas) > 6 else "")
    return [Finding(
        "F-DATA-48", "warning" if areas[1] > LARGE_PART * sum(areas) else "note",
        _("the boundary has {count} separate parts ({areas}), and shares are of all of them together.").format(
            count=len(areas), areas=listed),
        cure=_("If one of them is another county's, leave it out: keep = { column = value } in the table of the boundary."),
        count=len(areas),
    )]  # fmt: skip


def _ids(layer: Layer, frame: GeoDataFrame) -> list[Finding]:
    column = "id" if "id" in frame else column_of(frame.columns, "id", layer.role)
    if column is None or any(finding.code == "F-DATA-20" for finding in layer.findings):
        return []
    ids = frame[column].astype("string")
    empty = ids.isna() | (ids.str.strip() == "")
    twice = ids[~empty & ids.duplicated(keep=False)]
    findings = []
    if len(twice):
        findings.append(Finding(
            "F-DATA-20", "warning",
            _("{column} is not unique ({count} rows, e.g. {sample}); features are named by row number.").format(
                column=column, count=len(twice), sample=", ".join(twice.unique()[:3])),
            features=ids_of(twice.index), count=len(twice),
        ))  # fmt: skip
    if empty.any() and not empty.all():
        findings.append(Finding(
            "F-DATA-22", "warning", _("{column} is empty in {count} rows.").format(column=column, count=int(empty.sum())),
            features=ids_of(frame.index[empty]), count=int(empty.sum()),
        ))  # fmt: skip
    return findings


def _names(layer: Layer, frame: GeoDataFrame) -> list[Finding]:
    column = "name" if "name" in frame else column_of(frame.columns, "name", layer.role)
    wanted = [str(name) for name in layer.settings.get("names", ())]
    if column is None:
        return [Finding("F-DATA-23", "warning", _("no column holds the names."),
                        cure=_('Say which: fields = {{ name = "…" }} in study.toml.').format())]  # fmt: skip
    names = frame[column].astype("string").str.strip()
    empty = names.isna() | (names == "")
    findings = []
    if empty.any():
        findings.append(Finding(
            "F-DATA-24", "warning", _("{count} shapes have no name.").format(count=int(empty.sum())),
            features=ids_of(frame.index[empty]), count=int(empty.sum()),
        ))  # fmt: skip
    twice = names[~empty & names.duplicated(keep=False)]
    if layer.role == "townships" and len(twice):
        findings.append(Finding(
            "F-DATA-51", "warning",
            _("{names}: one name for several units ({ids}); tables keep them apart by their code alone.").format(
                names="、".join(twice.unique()[:5]), ids=", ".join(map(str, twice.index[:8]))),
            cure=_("Correct the names, or merge the parts of one unit into one feature."),
            features=ids_of(twice.index), count=len(twice),
        ))  # fmt: skip
    missing = [name for name in wanted if name not in set(names.dropna())]
    strange = [name for name in names.dropna().unique() if wanted and name not in wanted]
    if missing or strange:
        findings.append(Finding(
            "F-DATA-25", "warning",
            _("names expected but missing: {missing}; there but not expected: {strange}.").format(
                missing=", ".join(missing) or "–", strange=", ".join(strange) or "–"),
            count=len(missing) + len(strange),
        ))  # fmt: skip
    return findings


def class_findings(layer: Layer, frame: GeoDataFrame) -> list[Finding]:
    """Land classes that are missing, of no named code system, or of another one than is named."""
    from ecospace.errors import DataError
    from ecospace.layers.codes import code_system, likely_system

    column = "code" if "code" in frame else column_of(frame.columns, "code", layer.role)
    if column is None:
        return [Finding("F-DATA-26", "warning", _("no column holds the land class."),
                        cure=_('Say which: fields = {{ code = "DLBM" }} in study.toml.').format())]  # fmt: skip
    codes = frame[column].astype("string").str.strip()
    empty = codes.isna() | (codes == "")
    findings = []
    if empty.any():
        findings.append(Finding(
            "F-DATA-27", "warning",
            _("{count} shapes have no class: their ground would belong to nothing.").format(count=int(empty.sum())),
            features=ids_of(frame.index[empty]), count=int(empty.sum()),
        ))  # fmt: skip
    met = [str(code) for code in codes.dropna().unique() if code]
    key = str(layer.settings.get("code_system", ""))
    if not key:
        names = frame["code_name"].dropna().astype(str).unique() if "code_name" in frame else ()
        guess = likely_system(met, names)
        return [*findings, Finding(
            "F-DATA-28", "warning", _("the layer does not say its code system; the same code means other land in another."),
            cure=_('Add code_system = "{guess}" to study.toml, if that is what it is.').format(guess=guess or "dlbm"),
        )]  # fmt: skip
    try:
        known = code_system(key).codes
    except DataError as error:
        return [*findings, Finding(error.code, "warning", error.text, cure=error.cure)]
    unknown = sorted(code for code in met if code not in known)
    if unknown:
        rows = frame.index[codes.isin(unknown)]
        findings.append(Finding(
            "F-DATA-29", "warning",
            _("{count} shapes have classes that are not in {system}: {codes}.").format(
                count=len(rows), system=key, codes=", ".join(unknown[:12])),
            cure=_("Correct them, or name another code_system."), features=ids_of(rows), count=len(rows),
        ))  # fmt: skip
    return findings


def _areas(layer: Layer, frame: GeoDataFrame, tolerance: float) -> list[Finding]:
    column = "approved_area" if "approved_area" in frame else column_of(frame.columns, "approved_area", layer.role)
    if column is None:
        return []
    stated, wrong = stated_areas(frame[column])
    findings = []
    if wrong:
        findings.append(Finding(
            "F-DATA-30", "warning",
            _("{column}: {count} texts are no areas, e.g. {sample!r}.").format(
                column=column, count=len(wrong), sample=str(frame[column][wrong[0]])[:30]),
            features=ids_of(wrong), count=len(wrong),
        ))  # fmt: skip
    missing = int(np.isnan(stated).sum()) - len(wrong)
    if missing and missing < len(stated):
        rows = frame.index[np.isnan(stated)]
        findings.append(Finding(
            "F-DATA-31", "warning",
            _("{column}: {count} of {all} areas are missing; a sum would pass over them.").format(
                column=column, count=missing, all=len(stated)),
            features=ids_of(rows), count=missing,
        ))  # fmt: skip
    square_metres = frame.area.to_numpy()
    unit = area_unit(stated, square_metres)
    if unit is None:
        if np.isfinite(stated).any():
            findings.append(Finding(
                "F-DATA-32", "warning",
                _("{column} fits the drawn areas in no unit: the middle of drawn ÷ stated is {ratio:.6g}.").format(
                    column=column, ratio=float(np.nanmedian(square_metres / np.where(stated > 0, stated, np.nan)))),
                cure=_("Ask what it holds."),
            ))  # fmt: skip
        return findings
    wrong_unit = unit_finding(column, unit, layer.settings.get("area_unit"))
    if wrong_unit is not None:
        findings.append(replace(wrong_unit, count=len(frame)))
    else:
        findings.append(Finding("F-DATA-34", "note", _("{column} is in {unit}, as the drawn areas show.").format(
            column=column, unit=unit_label(unit))))  # fmt: skip
    factor = float(SQUARE_METRES[unit])
    apart = np.abs(square_metres - stated * factor) > np.maximum(
        tolerance * square_metres, 0.5 * _step(stated) * factor
    )
    apart &= np.isfinite(stated)
    if apart.any():
        worst = int(
            np.nanargmax(np.where(apart, np.abs(square_metres / np.where(stated > 0, stated * factor, np.nan) - 1), -1))
        )
        findings.append(Finding(
            "F-DATA-35", "warning",
            _("{count} shapes differ from their stated area by more than {tolerance:.1%}; most: {feature}, stated {stated:.2f} "
              "m², drawn {drawn:.2f} m².").format(
                count=int(apart.sum()), tolerance=tolerance, feature=frame.index[worst],
                stated=float(stated[worst]) * factor, drawn=float(square_metres[worst])),
            features=ids_of(frame.index[apart]), count=int(apart.sum()),
        ))  # fmt: skip
    return findings


def _step(values: np.ndarray[Any, Any]) -> float:
    """The last digit in which areas are written: 0.01 for 12.34."""
    for decimals in range(7):
        if np.allclose(
            np.nan_to_num(values), np.round(np.nan_to_num(values), decimals), rtol=0, atol=10.0 ** -(decimals + 3)
        ):
            return float(10.0**-decimals)
    return 0.0
