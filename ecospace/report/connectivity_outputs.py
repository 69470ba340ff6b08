"""Modelled corridors on disk: workbook, values as JSON, layers, web map."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ecospace.crs import brought
from ecospace.files import atomic
from ecospace.language import _
from ecospace.maps.figure import plan_figure
from ecospace.maps.maplayer import MapLayer
from ecospace.maps.page import write_map
from ecospace.maps.save import save_figure
from ecospace.maps.web import web_map
from ecospace.report.excel import save_workbook
from ecospace.report.outputs import versions

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

    from ecospace.findings import Finding
    from ecospace.measure.connectivity import Corridors
    from ecospace.report.table import Table
    from ecospace.study import Study


def save_results(
    study: Study,
    name: str,
    folder: Path,
    tables: Sequence[Table],
    layers: Mapping[str, GeoDataFrame],
    findings: Sequence[Finding],
    choices: Mapping[str, object],
) -> list[Path]:
    """Write tables and layers of one subject.

    Parameters
    ----------
    name : str
        Of the files: ``name.xlsx``, ``name.json`` (the same inputs give the same bytes), ``name.gpkg``.
    choices : mapping
        What the user chose, printed on the sheet 说明.
    """
    explanation = explained(study, findings, choices)
    written = [save_workbook(tables, folder / f"{name}.xlsx", explanation=explanation)]
    with atomic(folder / f"{name}.json") as temporary:
        content = [table.as_dict() for table in tables]
        temporary.write_text(json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True), encoding="utf-8")
    written.append(folder / f"{name}.json")
    written.append(save_layers(study, layers, folder / f"{name}.gpkg"))
    return written


def explained(study: Study, findings: Sequence[Finding], choices: Mapping[str, object]) -> dict[str, Any]:
    """The sheet 说明: what the numbers rest on."""
    return {
        _("Study"): study.title,
        _("Notice"): study.notice or "—",
        _("Area method"): study.crs.describe(),
        _("Study CRS"): study.crs.crs.name,
        _("Choices"): [[key, str(value)] for key, value in choices.items()] or "—",
        _("Inputs"): [[_("Layer"), _("File"), _("CRS"), _("Date"), _("Source"), "SHA-256"],
                      *[[item["title"] or item["key"], item["file"], item["crs"], item["date"] or "—",
                         item["source"] or "—", " ".join(item["sha256"].values())] for item in study.provenance()]],
        _("Findings"): [[finding.layer, finding.level, finding.code, finding.text, finding.cure]
                        for finding in findings] or "—",
        _("Versions"): [f"{package} {number}" for package, number in versions().items()],
    }  # fmt: skip


def save_layers(study: Study, layers: Mapping[str, GeoDataFrame], path: Path) -> Path:
    """Layers into one GeoPackage, in the geographic CRS of the study's boundary: never in the study CRS."""
    with atomic(path) as temporary:
        for name, frame in layers.items():
            if len(frame):
                plain = brought(frame, study.crs.geographic)
                plain.attrs = {}
                if study.notice:
                    plain = plain.assign(notice=study.notice)
                plain.to_file(temporary, layer=name, driver="GPKG", engine="pyogrio")
    return path


def corridor_layers(found: Corridors) -> dict[str, GeoDataFrame]:
    """The layers of modelled corridors, by name in the GeoPackage."""
    return {
        "sources": found.sources.reset_index(),
        "ways": found.ways,
        "corridors": found.corridors,
        "nodes": found.nodes,
    }


def corridor_map_layers(found: Corridors) -> list[MapLayer]:
    """What is drawn of modelled corridors, from the lowest to the topmost."""
    nodes = found.nodes
    drawn = [
        MapLayer(found.corridors, "corridor", title=_("Corridor bands")),
        MapLayer(found.sources.reset_index(), "ecological_source", title=_("Ecological sources")),
        MapLayer(found.ways, "corridor_line", title=_("Least-cost ways")),
        MapLayer(nodes[nodes["kind"] == "pinch"], "pinch_point", title=_("Pinch points")),
        MapLayer(nodes[nodes["kind"].isin(["crossing", "barrier"])], "barrier", title=_("Crossings and barriers")),
    ]
    return [layer for layer in drawn if len(layer.frame)]


def save_corridor_map(study: Study, found: Corridors, path: Path) -> Path:
    """The web map of modelled corridors."""
    drawn = web_map(
        [*corridor_map_layers(found), MapLayer(study.boundary, "boundary")], title=_("Modelled corridors"),
        subtitle=study.title, source=str(study.settings.get("source", "")), demonstration=study.notice,
        notes=[_("Modelled corridors are a proposal, not a legal extent."), found.table.label],
    )  # fmt: skip
    return write_map(drawn, path)


def save_corridor_figure(study: Study, found: Corridors, path: Path) -> Path:
    """The figure of modelled corridors for a plan document."""
    figure = plan_figure(
        corridor_map_layers(found), boundary=study.boundary, title=_("Modelled corridors"),
        source=str(study.settings.get("source", "")), demonstration=bool(study.notice),
        note=_("{table}. Modelled corridors are a proposal, not a legal extent.").format(table=found.table.label),
    )  # fmt: skip
    return save_figure(figure, path)
