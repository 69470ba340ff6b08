"""The figures of a site check (F1–F5): where it is, and what it lies on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from ecospace.check.controls import joined
from ecospace.check.grades import grade_label, grades_of
from ecospace.check.result import SiteResult
from ecospace.errors import EcospaceError
from ecospace.language import _

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

    from ecospace.study import Study

#: Figures: title and roles, lowest first. A role without a layer is left out; a figure without any layer is not drawn.
FIGURES = (
    ("F1", ("townships", "water", "river", "road")),
    ("F2", ("river_range", "water", "river", "road", "farmland", "urban_boundary", "eco_redline")),
    ("F3", ("water", "river", "ecological_function_zone", "public_forest", "wetland", "scenic_area", "world_heritage", "geopark",
            "wetland_park", "forest_park", "germplasm_reserve", "habitat", "protected_area", "nature_reserve", "national_park",
            "water_source")),
    ("F4", ("control_unit",)),
    ("F5", ("land_use",)),
)  # fmt: skip
#: Ground shown around a site: so many times its size, and at least so many metres; units are larger than parcels.
AROUND, LEAST_M, UNITS_LEAST_M = 2.0, 800.0, 2_500.0
#: What a figure is about: where none of it lies around the site, the nearest is shown, up to so many metres.
ABOUT = {
    "F2": ("eco_redline",),
    "F3": ("nature_reserve", "national_park", "protected_area", "forest_park", "water_source"),
}
FARTHEST_M = 12_000.0
#: Share of the figure below which a site is a dot, and gets a ring.
SMALLEST = 0.03
#: Millimetres: the width between the margins, and two of them with their captions on a page.
SIZE_MM = (158.0, 92.0)
#: A county is often taller than wide.
COUNTY_MM = (158.0, 99.0)
DPI = 220
#: Characters of a layer's title in a legend: what is longer is cut, so that every line can be read.
LONGEST = 28
#: Grades that have a style of their own.
GRADE_STYLES = {
    "core": "core_zone", "general": "general_zone", "level-1": "water_source_1", "level-2": "water_source_2",
    "quasi": "water_source_quasi", "priority": "control_unit_priority", "key": "control_unit_key",
    "normal": "control_unit_general",
}  # fmt: skip


def titles() -> dict[str, str]:
    """What stands over each figure."""
    return {
        "F1": _("Location of the site"),
        "F2": _("The site and the control lines"),
        "F3": _("The site, protected places and water sources"),
        "F4": _("The site and the control units"),
        "F5": _("Land use of the site"),
    }


@dataclass(frozen=True)
class SiteFigure:
    """A figure of a page set: its title, what it was drawn from, and the picture, or why there is none."""

    title: str
    note: str
    picture: bytes | None


def figures(result: SiteResult, study: Study) -> Iterator[SiteFigure]:
    """The figures that the layers of a study allow, as PNG; one that cannot be drawn says why."""
    from geopandas import GeoDataFrame

    site = GeoDataFrame({"name": [result.site.label]}, geometry=[result.ground], crs=study.crs.crs)
    for key, roles in FIGURES:
        window = None if key == "F1" else _window(result, key)
        frames = [found for role in roles for found in _frames(study, role, window)]
        if not frames:
            continue
        try:
            picture = _drawn(result, study, site, frames, key, window)
        except EcospaceError as error:
            yield SiteFigure(
                titles()[key], _("The figure could not be drawn: {reason}").format(reason=error.text), None
            )
            continue
        yield SiteFigure(titles()[key], _drawn_from(study, frames), picture)


def _window(result: SiteResult, key: str) -> Any:
    """The ground that a figure shows: around the site, and as far as the nearest of what the figure is about."""
    size_m = _size_m(result)
    margin = max(min(AROUND * size_m, 0.5 * size_m + 1_000.0), UNITS_LEAST_M if key == "F4" else LEAST_M)
    apart = [
        c.distance_m for c in result.contacts.values() if c.layer.facts["role"] in ABOUT.get(key, ()) and c.distance_m
    ]
    # Where one of them lies near, the others need not be in the picture.
    if apart and len(apart) == sum(c.layer.facts["role"] in ABOUT[key] for c in result.contacts.values()):
        margin = max(margin, min(1.3 * min(apart), FARTHEST_M))
    return shapely.buffer(shapely.envelope(result.ground), margin, cap_style="square", join_style="mitre")


def _size_m(result: SiteResult) -> float:
    west, south, east, north = result.ground.bounds
    return float(max(east - west, north - south))


def _frames(study: Study, role: str, window: Any) -> Iterator[tuple[str, str, GeoDataFrame]]:
    for key in study.keys(role):
        if study.is_raster(key):
            continue
        try:
            frame = study.frame(key)
        except EcospaceError:
            continue  # said in the tables: a layer that cannot be used is 无法判定 there
        if window is not None:
            frame = frame[frame.intersects(window)]
        if len(frame):
            yield key, role, frame


def _drawn_from(study: Study, frames: list[tuple[str, str, GeoDataFrame]]) -> str:
    """The layers of a figure with their dates: a number or a line that carries no source is worth nothing."""
    dated: dict[str, list[str]] = {}
    for key, _role, _frame in frames:
        date = str(study.entries[key].get("date") or _("no date"))
        dated.setdefault(date, []).append(shortened(study.title_of(key)))
    return joined(_("{title} ({date})").format(title=joined(titles), date=date) for date, titles in dated.items())


def _drawn(
    result: SiteResult,
    study: Study,
    site: GeoDataFrame,
    frames: list[tuple[str, str, GeoDataFrame]],
    key: str,
    window: Any,
) -> bytes:
    from geopandas import GeoDataFrame

    from ecospace.maps.figure import plan_figure
    from ecospace.maps.maplayer import MapLayer

    layers = [layer for name, role, frame in frames for layer in _layers(study, name, role, frame)]
    west, south, east, north = study.boundary.total_bounds if window is None else window.bounds
    wide_m = float(max(east - west, north - south))
    if _size_m(result) < SMALLEST * wide_m:
        # A site is some metres on a map of a county: a ring shows where.
        ring = result.ground.buffer(0.02 * wide_m)
        layers.append(MapLayer(GeoDataFrame(geometry=[ring], crs=study.crs.crs), "site", title=_("Place of the site")))
    else:
        layers.append(MapLayer(site, "site", title=_("Site")))
    pieces = result.pieces()
    taken = pieces[pieces["layer"].isin([name for name, _role, _frame in frames])]
    if key in ("F2", "F3") and len(taken):
        layers.append(MapLayer(taken, "overlap", title=_("Ground in common")))
    figure = plan_figure(
        layers,
        boundary=study.boundary,
        extent=None if window is None else GeoDataFrame(geometry=[window], crs=study.crs.crs),
        title=_("{site}: {title}").format(site=result.site.label, title=titles()[key]),
        size_mm=COUNTY_MM if window is None else SIZE_MM,
        demonstration=bool(study.settings.get("demonstration")),
    )
    picture = BytesIO()
    figure.savefig(picture, format="png", dpi=DPI, metadata={"Software": "ecospace"})
    return picture.getvalue()


def _layers(study: Study, key: str, role: str, frame: GeoDataFrame) -> Iterator[Any]:
    from ecospace.maps.maplayer import MapLayer

    title = shortened(study.title_of(key))
    if role == "land_use" and "code" in frame.columns:
        yield MapLayer(frame, by="code", system=str(study.entries[key].get("code_system") or "dlbm"), title=title)
        return
    grades = np.array(grades_of(frame, role))
    alone = len(study.keys(role)) == 1
    # The lower grade first: nested levels of water zones would hide the higher one otherwise.
    for grade in [name for name in reversed(GRADE_STYLES) if (grades == name).any()]:
        # Of one layer the style says enough: 饮用水水源二级保护区.
        name = "" if alone else _("{title}, {grade}").format(title=title, grade=grade_label(grade))
        yield MapLayer(frame[grades == grade], GRADE_STYLES[grade], title=name)
    rest = frame[~np.isin(grades, list(GRADE_STYLES))]
    if len(rest):
        named = role == "townships" and "name" in frame.columns
        yield MapLayer(rest, role, title=title, label="name" if named else None)


def shortened(text: str) -> str:
    """A layer's title for a legend.

    >>> shortened("生态保护红线"), len(shortened("长" * 300))
    ('生态保护红线', 28)
    """
    plain = " ".join(text.split())
    return plain if len(plain) <= LONGEST else plain[: LONGEST - 1] + "…"
