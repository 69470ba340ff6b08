"""ecospace connectivity: modelled corridors and networks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ecospace.files import results_folder
from ecospace.language import _

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

    from ecospace.measure.connectivity import Corridors
    from ecospace.report.table import Table
    from ecospace.space.grid import Grid
    from ecospace.study import Study

#: Resistance tables where none are named; the first draws the corridors.
PRESETS = ("range-100", "range-1000", "wide")
#: Roles whose land is taken for sources where none are named.
SOURCE_ROLES = ("eco_redline", "national_park", "nature_reserve", "forest_park", "wetland_park")


def register(app: typer.Typer) -> None:
    """Declare the command."""

    @app.command(
        help=_(
            "Corridors between ecological sources, by least cost and circuit theory. Example: ecospace connectivity kaiping"
        )
    )
    def connectivity(
        folder: Annotated[Path, typer.Argument(help=_("Folder with a study.toml."))],
        output: Annotated[Path | None, typer.Option("--output", "-o", help=_("Folder for the results."))] = None,
        sources: Annotated[
            str,
            typer.Option(
                "--sources",
                help=_("Layers whose land is a source, joined by commas; else the red line and protected places."),
            ),
        ] = "",
        cores: Annotated[
            str, typer.Option("--cores", help=_("Take the core areas of this forest layer for sources instead."))
        ] = "",
        edge_m: Annotated[
            float,
            typer.Option(
                "--edge", help=_("Edge width of core areas in metres; twice and three times it are shown beside.")
            ),
        ] = 60.0,
        minimum_ha: Annotated[
            float, typer.Option("--minimum-ha", min=0, help=_("Smaller pieces are no sources."))
        ] = 20.0,
        cell_m: Annotated[float, typer.Option("--cell", min=0.1, help=_("Cell size in metres."))] = 30.0,
        resistance: Annotated[
            list[str] | None,
            typer.Option(
                "--resistance",
                help=_(
                    "Resistance table: range-100, range-1000, wide, water-100 or a TOML file; may be repeated, the first draws."
                ),
            ),
        ] = None,
        cut: Annotated[
            float | None, typer.Option("--cut", help=_("Where bands are cut, in metres times resistance."))
        ] = None,
        dispersal_m: Annotated[
            float, typer.Option("--dispersal", min=0.1, help=_("Dispersal distance in metres."))
        ] = 1000.0,
        probability: Annotated[
            float,
            typer.Option("--probability", min=0.001, max=0.999, help=_("Probability that belongs to the distance.")),
        ] = 0.5,
    ) -> None:
        from ecospace.study import open_study

        study = open_study(folder)
        choice = Choice(
            tuple(key.strip() for key in sources.split(",") if key.strip()), cores, edge_m, minimum_ha, cell_m,
            tuple(resistance or PRESETS), cut, dispersal_m, probability,
        )  # fmt: skip
        _connect(study, results_folder(output, study.folder / "outputs" / "connectivity"), choice)


@dataclass(frozen=True)
class Choice:
    """What the user chose for the corridors; see the options of the command."""

    layers: tuple[str, ...]
    cores: str
    edge_m: float
    minimum_ha: float
    cell_m: float
    tables: tuple[str, ...]
    cut: float | None
    dispersal_m: float
    probability: float


def _connect(study: Study, target: Path, choice: Choice) -> None:
    import pandas as pd

    from ecospace.commands.answer import name_paths, say
    from ecospace.measure.connectivity import model_corridors, network_of
    from ecospace.measure.study_land import land_of, lines_of, roads_of, slope_on
    from ecospace.report.connectivity_outputs import (
        corridor_layers,
        save_corridor_figure,
        save_corridor_map,
        save_results,
    )
    from ecospace.report.connectivity_tables import corridor_tables, importance_table, mesh_table, protconn_table
    from ecospace.space.grid import empty_grid
    from ecospace.space.network import Dispersal
    from ecospace.space.patches import effective_mesh_size
    from ecospace.space.protconn import protected_connected
    from ecospace.space.resistance import resistance_table

    mover = Dispersal(choice.dispersal_m, choice.probability)
    cells = empty_grid(study.boundary.geometry.iloc[0], study.boundary.crs, choice.cell_m)
    tables = [resistance_table(name) for name in choice.tables]
    sources, named, beside = _sources(study, choice, cells)
    found = model_corridors(
        sources, land_of(study), cells, tables, roads=roads_of(study), rivers=lines_of(study, "river"),
        slope_degrees=slope_on(study, cells), cut=choice.cut,
    )  # fmt: skip
    shown = corridor_tables(found, tables)
    if not choice.cores:
        land = pd.concat([study.frame(key)[["geometry"]] for key in choice.layers or study.keys(*SOURCE_ROLES)])
        beside = [*beside, protconn_table(protected_connected(land, study.boundary, mover), named)]
    shown[2:2] = [*beside, importance_table(network_of(sources, mover).importance(), mover)]
    if study.zones is not None:
        shown.insert(3, mesh_table(effective_mesh_size(sources, study.zones), study.zones["name"]))
    shown = [table.noted(_("Sources: {layers}.").format(layers=named), study.notice) for table in shown]
    findings = [*study.findings(), *found.findings]
    choices = {
        _("Sources"): named, _("Smallest source (ha)"): choice.minimum_ha, _("Cell (m)"): choice.cell_m,
        _("Resistance tables"): ", ".join(choice.tables), _("Cut (cost units)"): found.cut, _("Dispersal"): mover,
    }  # fmt: skip

    say(headline(study, found), shown[0], findings)
    paths = save_results(study, "corridors", target, shown, corridor_layers(found), findings, choices)
    figure = save_corridor_figure(study, found, target / "corridors.png")
    name_paths([*paths, figure, save_corridor_map(study, found, target / "corridors.html")])


def _sources(study: Study, choice: Choice, cells: Grid) -> tuple[GeoDataFrame, str, list[Table]]:
    """The sources, what they are in words, and for core areas the table of other edge widths."""
    from ecospace.measure.study_land import forest_on
    from ecospace.report.connectivity_tables import cores_table
    from ecospace.space.sources import core_areas_by_edge, sources_from_layers

    minimum_m2 = choice.minimum_ha * 10_000
    if not choice.cores:
        keys = choice.layers or study.keys(*SOURCE_ROLES)
        named = _("; ").join(map(study.title_of, keys))
        return sources_from_layers([study.frame(key) for key in keys], minimum_m2=minimum_m2), named, []
    forest = forest_on(study, choice.cores, cells)
    widths = [choice.edge_m, 2 * choice.edge_m, 3 * choice.edge_m]
    table, found = core_areas_by_edge(forest, widths, minimum_m2=minimum_m2)
    named = _("core areas of {layer}, edge {edge:g} m").format(layer=study.title_of(choice.cores), edge=choice.edge_m)
    return found[choice.edge_m], named, [cores_table(table)]


def headline(study: Study, found: Corridors) -> str:
    """The answer in one sentence that can be pasted."""
    ways = found.ways.sort_values("rank")
    best = ways.iloc[0]
    return _(
        "{title}: {sources} sources, {links} corridors of {length:.1f} km in all; the strongest links {start} and {end} "
        "({best:.1f} km). Modelled with unverified resistance values, not a legal extent."
    ).format(
        title=study.title, sources=len(found.sources), links=len(ways), length=ways["length_m"].sum() / 1000,
        start=best["start"], end=best["end"], best=best["length_m"] / 1000,
    )  # fmt: skip
