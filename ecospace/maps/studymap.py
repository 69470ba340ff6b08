"""The web map of a whole study: the one map (一张图) on which every vector layer lies, in groups."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from ecospace.language import _, current
from ecospace.maps.coded import WebLayer
from ecospace.maps.maplayer import MapLayer
from ecospace.maps.web import web_map
from ecospace.terms import standard

if TYPE_CHECKING:
    import folium
    import geopandas as gpd

    from ecospace.maps.atlas import StudyLayers
    from ecospace.study import Study

#: Canonical columns come first, under the names that planners know.
CANONICAL = ("name", "code", "kind", "level", "zone", "grade")


def study_map(study: Study, more: Iterable[MapLayer] = (), **options: Any) -> folium.Map:
    """The web map of a study (生态空间一张图).

    Parameters
    ----------
    study : Study
        Opened by `open_study`.
    more : iterable of MapLayer
        Results to lie over its layers, e.g. from `site_layers`.
    **options
        As in `web_map`.

    Returns
    -------
    folium.Map
        Every vector layer of the study that can be read; what cannot is said in the notes of the page.
    """
    from ecospace.maps.atlas import StudyLayers

    layers = StudyLayers(study)
    drawn = [*study_layers(layers), *more]
    missing = [f"{study.title_of(key)}: {error}" for key, error in layers.errors.items()]
    given = {
        "title": study.title,
        "subtitle": _("Ecological space: one map"),
        "demonstration": study.notice,
        "notes": [_("Left out: {layer}").format(layer=text) for text in missing],
    }
    return web_map(drawn, **(given | options))


def study_layers(layers: StudyLayers) -> list[WebLayer]:
    """The layers of a study in the groups of ``standards/webmap.toml``, from the lowest to the topmost."""
    table = standard("webmap")
    found = []
    for group in table["group"]:
        for role in group["roles"]:
            for layer in layers.layers(role, label=role in table["label"]):
                found.append(_of_study(layers.study, layer, layers, group, shown=role in group["shown"]))
    return found


def _of_study(study: Study, layer: MapLayer, layers: StudyLayers, group: dict[str, Any], *, shown: bool) -> WebLayer:
    key = next(key for key in study.entries if layers.frame(key) is layer.frame)
    record = study.layer(key)
    dated = f"{record.source} ({record.date.isoformat()})" if record.date and record.source else record.source
    return WebLayer(
        layer.frame,
        layer.style,
        layer.title,
        layer.by,
        layer.system,
        layer.label,
        layer.opacity,
        columns=columns_of(layer.frame),
        group=group["zh" if current() == "zh" else "en"],
        shown=shown,
        source=dated,
        notes=[finding.text for finding in record.findings if finding.level != "note"][:8],
    )


def columns_of(frame: gpd.GeoDataFrame) -> dict[str, str]:
    """Columns for pop-up and table: canonical ones under their words, then the file's own that say something else."""
    words = {"name": _("Name"), "code": _("Code"), "kind": _("Kind"), "level": _("Level"), "zone": _("Functional zone"),
             "grade": _("Grade")}  # fmt: skip
    chosen = {name: words[name] for name in CANONICAL if name in frame}
    for column in _attributes(frame):
        if column not in chosen and not any(frame[column].equals(frame[name]) for name in chosen):
            chosen[column] = column
    return chosen


def _attributes(frame: gpd.GeoDataFrame) -> Sequence[str]:
    return [str(column) for column in frame.columns if column != frame.geometry.name and column in frame]
