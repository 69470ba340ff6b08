"""Ready layers for the web map: a site check, corridors, buffers, two versions. They show results and compute none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd
import shapely

from ecospace.language import _
from ecospace.maps.coded import WebLayer
from ecospace.maps.style import Style, style_of
from ecospace.units import convert_area, round_number

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

    from ecospace.check.result import SiteResult

#: The style of each level of a verdict (check/verdict.py); the legend says the level itself.
_LEVEL_STYLES = {
    "prohibited": "prohibited",
    "restricted": "restricted",
    "avoid": "restricted",
    "undecided": "unknown",
    "touches": "unknown",
    "clear": "clear",
}


def site_layers(results: Sequence[SiteResult]) -> list[WebLayer]:
    """Sites by their verdict, and every piece of common ground (选址核查结果).

    Parameters
    ----------
    results : sequence of SiteResult
        From `check_site` or `check_sites`, of one study.

    Returns
    -------
    list of WebLayer
        The pieces of overlap, where there are any, and the sites over them.
    """
    from geopandas import GeoDataFrame
    from pyproj import CRS

    from ecospace.check.verdict import Level

    group = _("Site check")
    rows = [
        {
            "id": result.site.id,
            "name": result.site.name,
            "level": result.level.value,
            "verdict": result.level.label,
            "sentence": result.sentence,
            "area_ha": float(round_number(convert_area(result.area_m2, "m2", "ha"), 4)),
            "area_mu": float(round_number(convert_area(result.area_m2, "m2", "mu"), 2)),
            "on": result.on,
        }
        for result in results
    ]
    ground = [result.ground for result in results]
    sites = GeoDataFrame(rows, geometry=ground, crs=CRS.from_wkt(results[0].study["crs"]))
    styles = {level.value: _of_level(level.value, level.label) for level in Level}
    drawn = WebLayer(
        sites,
        by="level",
        class_styles=styles,
        title=_("Project sites by verdict"),
        group=group,
        label="name",
        columns={
            "id": _("id"),
            "name": _("Name"),
            "verdict": _("Verdict"),
            "sentence": _("Result"),
            "area_ha": _("Area (ha)"),
            "area_mu": _("Area (mu)"),
            "on": _("Checked on"),
        },
    )
    pieces = [frame for frame in (result.pieces() for result in results) if len(frame)]
    if not pieces:
        return [drawn]
    common = GeoDataFrame(pd.concat(pieces, ignore_index=True), crs=pieces[0].crs)
    columns = {
        "site": _("Site"),
        "title": _("Control layer"),
        "name": _("Name"),
        "grade": _("Grade"),
        "area_m2": _("Overlap (m²)"),
        "width_m": _("Width (m)"),
    }
    overlap = WebLayer(common, "overlap", title=_("Overlap with control layers"), group=group, columns=columns)
    return [overlap, drawn]


def _of_level(level: str, label: str) -> Style:
    style = style_of(_LEVEL_STYLES[level], "verdict")
    hatch = {"avoid": "-", "touches": "|"}.get(level, style.hatch)
    return replace(style, key=level, title_zh=label, title_en=label, hatch=hatch)


def corridor_layer(corridors: GeoDataFrame, *, title: str = "", label: str | None = None, source: str = "") -> WebLayer:
    """Corridors (生态廊道): belts as ground, axes as dashed lines.

    Parameters
    ----------
    corridors : GeoDataFrame
        Polygons or lines.
    title, label, source : str
        As in `WebLayer`.
    """
    lines = len(corridors) > 0 and int(shapely.get_dimensions(corridors.geometry.to_numpy()).max()) == 1
    style = style_of("corridor_line" if lines else "corridor")
    return WebLayer(corridors, style, title=title, label=label, source=source, group=_("Corridors and buffers"))


def buffer_layer(buffers: GeoDataFrame, *, title: str = "", label: str | None = None, source: str = "") -> WebLayer:
    """Buffers (缓冲带): drawn thin and said to be indicative, for a distance is not yet a legal extent."""
    return WebLayer(buffers, "buffer", title=title, label=label, source=source, group=_("Corridors and buffers"))


def version_layers(
    before: GeoDataFrame,
    after: GeoDataFrame,
    differences: GeoDataFrame | None = None,
    *,
    by: str = "change",
    style: str | Style = "eco_redline",
    titles: tuple[str, str] = ("", ""),
) -> list[WebLayer]:
    """Two versions of a layer under one curtain, with what changed over them (版本对比).

    Parameters
    ----------
    before, after : GeoDataFrame
        The two versions.
    differences : GeoDataFrame, optional
        Pieces of ground with ``kept``, ``added``, ``removed`` or ``changed`` (保留、调入、调出、性质改变) in column `by`.
    style : str or Style
        Of both versions.
    titles : tuple of str
        What the two sides are called; 调整前, 调整后 by default.
    """
    group = _("Two versions")
    drawn = style_of(style)
    layers = [
        WebLayer(before, drawn, title=titles[0] or _("Before"), side="before", group=group),
        WebLayer(after, drawn, title=titles[1] or _("After"), side="after", group=group),
    ]
    if differences is not None and len(differences):
        layers.append(WebLayer(differences, by=by, system="change", title=_("What changed"), group=group, shown=True))
    return layers
