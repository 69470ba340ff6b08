"""What a command of a subject says at its end: the answer, its table, what has to be known, and the files written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ecospace.console import console
from ecospace.language import _

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from geopandas import GeoDataFrame

    from ecospace.findings import Finding
    from ecospace.maps.maplayer import MapLayer
    from ecospace.report.table import Table
    from ecospace.study import Study

#: Warnings shown on the terminal; all of them stand in the workbook.
SHOWN = 12


def say(answer: str, table: Table, findings: Sequence[Finding]) -> None:
    """The answer, the table, and the first of what has to be known."""
    out = console()
    if answer:
        out.print(answer, style="bold", markup=False)
    out.print(table)
    warnings = [finding for finding in findings if finding.level != "note"]
    for finding in warnings[:SHOWN]:
        out.print(f"{_('Note')}: {finding.text} {finding.cure}".rstrip(), style="yellow", markup=False)


def name_paths(paths: Sequence[Path]) -> None:
    """The files that were written, one a line."""
    for path in paths:
        console().print(f"→ {path}", markup=False, soft_wrap=True)


def stated(study: Study, table: Table) -> Table:
    """The table with what all numbers of a study rest on: the area method, the CRS, and that a demonstration is none."""
    method = _("Area method: {method}").format(method=study.crs.describe())
    return table.noted(method, study.notice)


def finish(
    study: Study,
    name: str,
    target: Path,
    answer: str,
    tables: Sequence[Table],
    layers: Mapping[str, GeoDataFrame],
    drawn: Sequence[MapLayer],
    findings: Sequence[Finding],
    choices: Mapping[str, object],
    extent: GeoDataFrame | None = None,
) -> None:
    """Say the answer and the first table; write workbook, values, layers and the figure.

    Parameters
    ----------
    name : str
        Of the files.
    drawn : sequence of MapLayer
        The figure, from the lowest layer to the topmost; its title is that of the first table.
    extent : GeoDataFrame, optional
        The ground that the figure shows; else the study area.
    """
    from ecospace.maps.figure import plan_figure
    from ecospace.maps.save import save_figure
    from ecospace.report.connectivity_outputs import save_results

    shown = [stated(study, table) for table in tables]
    every = [*study.findings(), *findings]
    say(answer, shown[0], every)
    paths = save_results(study, name, target, shown, layers, every, choices)
    figure = plan_figure(
        [layer for layer in drawn if len(layer.frame)], boundary=study.boundary, extent=extent, title=shown[0].title,
        source=shown[0].source, demonstration=bool(study.settings.get("demonstration")),
    )  # fmt: skip
    name_paths([*paths, save_figure(figure, target / f"{name}.png")])


def require_shapes(frame: GeoDataFrame, layer: str, dimension: int, what: str) -> None:
    """Refuse a layer of other shapes than asked for."""
    import shapely

    from ecospace.errors import UsageError

    if (shapely.get_dimensions(frame.geometry.to_numpy()) != dimension).any():
        raise UsageError(
            "E-USE-96",
            _("the layer {layer!r} has other shapes than {what}.").format(layer=layer, what=what),
            cure=_("Name another layer, or split it by shape."),
            layer=layer,
        )
