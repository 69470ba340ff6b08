"""The figures of a site check (F1–F5): where it is, and what it lies on."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

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
    ("F2", ("water", "river", "road", "farmland", "eco_redline")),
    ("F3", ("water", "river", "public_forest", "scenic_area", "geopark", "wetland_park", "forest_park", "protected_area",
            "nature_reserve", "national_park", "water_source")),
    ("F4", ("control_unit",)),
    ("F5", ("land_use",)),
)  # fmt: skip
#: Ground shown around a site: so many times its size, and at least so many metres.
AROUND, LEAST_M = 4.0, 1_200.0
DPI = 170
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


def figures(result: SiteResult, study: Study) -> Iterator[tuple[str, bytes]]:
    """The figures that the layers of a study allow, as PNG.

    Yields
    ------
    title : str
    picture : bytes
    """
    from geopandas import GeoDataFrame

    crs = study.crs.crs
    site = GeoDataFrame({"name": [result.site.label]}, geometry=[result.ground], crs=crs)
    west, south, east, north = result.ground.bounds
    margin = max(AROUND * max(east - west, north - south), LEAST_M)
    window = shapely.box(west - margin, south - margin, east + margin, north + margin)
    for key, roles in FIGURES:
        whole = key == "F1"
        frames = [found for role in roles for found in _frames(study, role, None if whole else window)]
        if not frames or (key in ("F4", "F5") and not frames):
            continue
        yield titles()[key], _drawn(result, study, site, frames, titles()[key], None if whole else window)


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


def _drawn(
    result: SiteResult,
    study: Study,
    site: GeoDataFrame,
    frames: list[tuple[str, str, GeoDataFrame]],
    title: str,
    window: Any,
) -> bytes:
    from geopandas import GeoDataFrame

    from ecospace.maps.figure import plan_figure
    from ecospace.maps.maplayer import MapLayer

    layers = [layer for key, role, frame in frames for layer in _layers(study, key, role, frame)]
    if window is None:
        # A site is some metres on a map of a county: a ring shows where.
        west, south, east, north = study.boundary.total_bounds
        ring = result.ground.centroid.buffer(0.015 * max(east - west, north - south))
        layers.append(MapLayer(GeoDataFrame(geometry=[ring], crs=study.crs.crs), "site", title=_("Place of the site")))
    else:
        layers.append(MapLayer(site, "site", title=_("Site")))
        pieces = result.pieces()
        if len(pieces) and any(
            role in ("eco_redline", "nature_reserve", "water_source") for _key, role, _frame in frames
        ):
            keys = {key for key, _role, _frame in frames}
            taken = pieces[pieces["layer"].isin(keys)]
            if len(taken):
                layers.append(MapLayer(taken, "overlap", title=_("Ground in common")))
    extent = None if window is None else GeoDataFrame(geometry=[window], crs=study.crs.crs)
    figure = plan_figure(
        layers,
        boundary=study.boundary,
        extent=extent,
        title=_("{site}: {title}").format(site=result.site.label, title=title),
        paper="A4",
        landscape=True,
        source=str(study.settings.get("source", "")),
        date=result.on.isoformat(),
        demonstration=bool(study.settings.get("demonstration")),
    )
    picture = BytesIO()
    figure.savefig(picture, format="png", dpi=DPI, metadata={"Software": "ecospace"})
    return picture.getvalue()


def _layers(study: Study, key: str, role: str, frame: GeoDataFrame) -> Iterator[Any]:
    from ecospace.maps.maplayer import MapLayer

    title = study.title_of(key)
    if role == "land_use" and "code" in frame.columns:
        yield MapLayer(frame, by="code", system=str(study.entries[key].get("code_system") or "dlbm"), title=title)
        return
    grades = np.array(grades_of(frame, role))
    # The lower grade first: nested levels of water zones would hide the higher one otherwise.
    for grade in [name for name in reversed(GRADE_STYLES) if (grades == name).any()]:
        yield MapLayer(frame[grades == grade], GRADE_STYLES[grade], title=f"{title}：{grade_label(grade)}")
    rest = frame[~np.isin(grades, list(GRADE_STYLES))]
    if len(rest):
        yield MapLayer(
            rest, role, title=title, label="name" if role == "townships" and "name" in frame.columns else None
        )
