"""ecospace map: the figures of a plan and its web map."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ecospace.files import results_folder
from ecospace.language import _

if TYPE_CHECKING:
    from ecospace.findings import Finding
    from ecospace.maps.atlas import PlanSheet, StudyLayers
    from ecospace.maps.style import Styles
    from ecospace.study import Study


def register(app: typer.Typer) -> None:
    """Declare the command."""

    @app.command(
        "map",
        help=_("Draw the figures of a plan and its web map, into its folder outputs. Example: ecospace map kaiping"),
    )
    def map_(
        folder: Annotated[Path, typer.Argument(help=_("Folder with a study.toml."))],
        output: Annotated[Path | None, typer.Option("--output", "-o", help=_("Folder for the results."))] = None,
        only: Annotated[
            list[str] | None, typer.Option("--only", help=_("Draw this figure only; may be repeated, e.g. one-map."))
        ] = None,
        atlas: Annotated[bool, typer.Option("--atlas", help=_("One more figure for each township."))] = False,
        paper: Annotated[str, typer.Option("--paper", help=_("Sheet: A3, A4 …"))] = "A3",
        scale: Annotated[
            int | None, typer.Option("--scale", min=1, help=_("Denominator of a fixed scale, e.g. 150000."))
        ] = None,
        formats: Annotated[str, typer.Option("--formats", help=_("png, pdf, svg, joined by commas."))] = "png",
        dpi: Annotated[int, typer.Option("--dpi", min=10, max=2400, help=_("Dots per inch of png."))] = 300,
        styles: Annotated[
            Path | None, typer.Option("--styles", help=_("A style file (.toml) of your own office."))
        ] = None,
        maker: Annotated[str, typer.Option("--maker", help=_("Who makes the map."))] = "",
        date: Annotated[str, typer.Option("--date", help=_("Date printed on the map; none by default."))] = "",
        review_number: Annotated[
            str, typer.Option("--review-number", help=_("Map review number, if there is one."))
        ] = "",
        web: Annotated[bool, typer.Option("--web/--no-web", help=_("Write map.html as well."))] = True,
        qgis: Annotated[
            bool, typer.Option("--qgis", help=_("Write a GeoPackage with QGIS styles to go on with."))
        ] = False,
    ) -> None:
        from ecospace.console import console
        from ecospace.maps.atlas import StudyLayers, atlas_sheets, plan_sheets, write_figures
        from ecospace.maps.style import read_styles
        from ecospace.study import open_study

        study = open_study(folder)
        target = results_folder(output, study.folder / "outputs")
        own = read_styles(styles) if styles else None
        layers = StudyLayers(study)
        out = console()
        sheets = [*plan_sheets(layers, only or ()), *(atlas_sheets(layers) if atlas else ())]
        told: set[Finding] = set()
        for path, figure in write_figures(
            study,
            sheets,
            target / "figures",
            formats=[kind.strip().lower() for kind in formats.split(",")],
            dpi=dpi,
            styles=own,
            paper=paper,
            scale=scale,
            maker=maker,
            date=date,
            map_review_number=review_number or None,
        ):
            out.print(f"→ {path}  1:{figure.plan.denominator}", markup=False, soft_wrap=True)
            for finding in figure.plan.findings:
                if finding not in told and (finding.level != "note" or finding.code == "F-MAP-02"):
                    out.print(f"{_('Note')}: {finding.text} {finding.cure}", style="yellow", markup=False)
                told.add(finding)
        if web:
            path, heavy = _write_web_map(study, target, review_number)
            out.print(f"→ {path}", markup=False, soft_wrap=True)
            if heavy is not None:
                out.print(f"{_('Note')}: {heavy.text} {heavy.cure}", style="yellow", markup=False)
        if qgis:
            out.print(f"→ {_write_qgis(layers, sheets, target, own)}", markup=False, soft_wrap=True)
        for key, error in layers.errors.items():
            out.print(f"{_('Left out')}: {key}: {error}", style="red", markup=False)
        raise typer.Exit(10 if layers.errors else 0)


def _write_web_map(study: Study, target: Path, review_number: str) -> tuple[Path, Finding | None]:
    """Every vector layer of the study on one page, and a warning where they are many."""
    from ecospace.maps.page import write_map
    from ecospace.maps.studymap import study_map
    from ecospace.maps.web import size_finding

    map_ = study_map(study, review_number=review_number)
    return write_map(map_, target / "map.html"), size_finding(map_)


def _write_qgis(layers: StudyLayers, sheets: list[PlanSheet], target: Path, styles: Styles | None) -> Path:
    """Every layer of the figures once, with its style."""
    from ecospace.maps.qgis import export_qgis

    seen = {id(layer.frame): layer for sheet in sheets for layer in sheet.layers}
    return export_qgis(list(seen.values()), target / "qgis" / "plan.gpkg", styles=styles)
