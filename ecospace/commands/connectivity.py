"""ecospace connectivity, catchment, visible: modelled corridors and networks, catchments of intakes, land seen from roads."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ecospace.language import _

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd
    from geopandas import GeoDataFrame

    from ecospace.findings import Finding
    from ecospace.measure.connectivity import Corridors
    from ecospace.space.grid import Grid
    from ecospace.study import Study

#: Roles whose land is taken for sources where none are named.
SOURCE_ROLES = ("eco_redline", "national_park", "nature_reserve", "forest_park", "wetland_park")


def register(app: typer.Typer) -> None:
    """Declare the commands."""

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
        minimum_ha: Annotated[float, typer.Option("--minimum-ha", help=_("Smaller pieces are no sources."))] = 20.0,
        cell_m: Annotated[float, typer.Option("--cell", help=_("Cell size in metres."))] = 30.0,
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
        dispersal_m: Annotated[float, typer.Option("--dispersal", help=_("Dispersal distance in metres."))] = 1000.0,
        probability: Annotated[
            float, typer.Option("--probability", help=_("Probability that belongs to the distance."))
        ] = 0.5,
    ) -> None:
        from ecospace.study import open_study

        study = open_study(folder)
        wanted = [key.strip() for key in sources.split(",") if key.strip()] or study.keys(*SOURCE_ROLES)
        names = resistance or ["range-100", "range-1000", "wide"]
        _connect(study, output or study.folder / "outputs" / "connectivity", wanted, minimum_ha, cell_m, names, cut,
                 (dispersal_m, probability))  # fmt: skip

    @app.command(
        help=_(
            "The ground that drains to a place, from the study's elevation model. Example: ecospace catchment kaiping 112.45,22.40"
        )
    )
    def catchment(
        folder: Annotated[Path, typer.Argument(help=_("Folder with a study.toml."))],
        place: Annotated[
            str, typer.Argument(help=_("Longitude and latitude of the intake in degrees, e.g. 112.45,22.40."))
        ],
        snap_m: Annotated[
            float, typer.Option("--snap", help=_("Move the intake to the most water within this distance, metres."))
        ] = 200.0,
        output: Annotated[Path | None, typer.Option("--output", "-o", help=_("Folder for the results."))] = None,
    ) -> None:
        from ecospace.study import open_study

        study = open_study(folder)
        _catchment(study, place, snap_m, output or study.folder / "outputs" / "catchment")

    @app.command(
        help=_(
            "Land within a distance of the roads that can be seen from them. Example: ecospace visible kaiping --distance 1000"
        )
    )
    def visible(
        folder: Annotated[Path, typer.Argument(help=_("Folder with a study.toml."))],
        distance_m: Annotated[float, typer.Option("--distance", help=_("Distance from the road in metres."))] = 1000.0,
        kinds: Annotated[
            str,
            typer.Option(
                "--kinds",
                help=_(
                    "Only roads whose kind contains one of these words, joined by commas; else motorways and railways."
                ),
            ),
        ] = "",
        output: Annotated[Path | None, typer.Option("--output", "-o", help=_("Folder for the results."))] = None,
    ) -> None:
        from ecospace.study import open_study

        study = open_study(folder)
        words = [word.strip() for word in kinds.split(",") if word.strip()]
        _visible(study, distance_m, words, output or study.folder / "outputs" / "visible")


def _connect(
    study: Study,
    target: Path,
    keys: list[str],
    minimum_ha: float,
    cell_m: float,
    names: list[str],
    cut: float | None,
    dispersal: tuple[float, float],
) -> None:
    from ecospace.measure.connectivity import model_corridors, network_of
    from ecospace.report.connectivity_tables import corridor_tables, importance_table, mesh_table
    from ecospace.report.excel import save_workbook
    from ecospace.space.grid import empty_grid
    from ecospace.space.network import Dispersal, effective_mesh_size
    from ecospace.space.resistance import resistance_table
    from ecospace.space.sources import sources_from_layers

    mover = Dispersal(*dispersal)
    cells = empty_grid(study.boundary.geometry.iloc[0], study.boundary.crs, cell_m)
    tables = [resistance_table(name) for name in names]
    sources = sources_from_layers([study.frame(key) for key in keys], minimum_m2=minimum_ha * 10_000)
    found = model_corridors(
        sources, land_of(study), cells, tables, roads=roads_of(study), rivers=_first(study, "river"),
        slope_degrees=_slope(study, cells), cut=cut,
    )  # fmt: skip
    shown = corridor_tables(found, tables)
    shown.insert(2, importance_table(network_of(sources, mover).importance(), mover))
    if study.zones is not None:
        shown.insert(3, mesh_table(effective_mesh_size(sources, study.zones), study.zones["name"]))
    remark = (_("Sources: {layers}.").format(layers=_("; ").join(map(study.title_of, keys))), study.notice)
    shown = [table.noted(*remark) for table in shown]

    out = _console()
    out.print(headline(study, found), style="bold", markup=False)
    out.print(shown[0])
    _print_findings(found.findings)
    layers = {
        "sources": found.sources.reset_index(),
        "ways": found.ways,
        "corridors": found.corridors,
        "nodes": found.nodes,
    }
    paths = [
        save_workbook(shown, target / "corridors.xlsx"),
        save_layers(study, layers, target / "corridors.gpkg"),
        _corridor_map(study, found, target / "corridors.html"),
    ]
    for path in paths:
        out.print(f"→ {path}", markup=False, soft_wrap=True)


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


def land_of(study: Study) -> GeoDataFrame:
    """The land-use layer with its land groups.

    Raises
    ------
    StudyError
        The study has no land-use layer (E-STUDY-70), or the layer no code system (E-STUDY-71).
    """
    from ecospace.errors import StudyError
    from ecospace.space.resistance import land_groups

    key = next(iter(study.keys("land_use")), None)
    if key is None:
        raise StudyError(
            "E-STUDY-70",
            _("the study has no land-use layer, so there is no resistance surface."),
            cure=_('Add [layers.land_use] with role = "land_use" and its code_system.'),
            file=study.folder / "study.toml",
        )
    system = study.entries[key].get("code_system")
    if not system:
        raise StudyError(
            "E-STUDY-71",
            _("the land-use layer {key!r} names no code system, and codes mean different things in each.").format(
                key=key
            ),
            cure=_('Add code_system = "dlbm" (third land survey) or "landuse-2023".'),
            file=study.folder / "study.toml",
        )
    land = study.frame(key)
    return land.assign(group=land_groups(land["code"], str(system)))


def roads_of(study: Study) -> GeoDataFrame | None:
    """The road layers with their group; None where there are none."""
    from ecospace.space.resistance import road_group

    roads = _first(study, "road")
    if roads is None:
        return None
    kinds = roads["kind"] if "kind" in roads else roads.index.to_series().map(lambda _name: "")
    return roads.assign(group=kinds.map(road_group))


def _first(study: Study, role: str) -> GeoDataFrame | None:
    key = next((key for key in study.keys(role) if not study.is_raster(key)), None)
    return study.frame(key) if key else None


def _slope(study: Study, cells: Grid) -> Grid | None:
    from ecospace.space.grid import brought_grid, read_grid
    from ecospace.space.resistance import slope

    key = next((key for key in study.keys("dem") if study.is_raster(key)), None)
    if key is None:
        return None
    # Slope in the model's own metres; heights in degrees are brought onto the cells first.
    elevation = read_grid(study.path(key))
    if elevation.crs.is_projected:
        return brought_grid(slope(elevation), cells)
    return slope(brought_grid(elevation, cells))


def _catchment(study: Study, place: str, snap_m: float, target: Path) -> None:
    import geopandas
    import pandas as pd
    import shapely

    from ecospace.errors import UsageError
    from ecospace.report.table import Table
    from ecospace.space.catchment import catchments, drainage

    try:
        longitude, latitude = (float(part) for part in place.replace("，", ",").split(","))
    except ValueError:
        raise UsageError(
            "E-USE-79",
            _("{place!r} is not a longitude and a latitude.").format(place=place),
            cure="ecospace catchment kaiping 112.45,22.40",
        ) from None
    degrees = geopandas.GeoDataFrame(
        geometry=[shapely.Point(longitude, latitude)], index=[place], crs=study.crs.geographic
    )
    elevation = _elevation(study)
    basin, findings = catchments(drainage(elevation), study.crs.bring(degrees), snap_m=snap_m)
    land = land_of(study)
    ground = basin.geometry.iloc[0]
    names = land["code_name"] if "code_name" in land else land["code"]
    area = pd.Series(shapely.area(shapely.intersection(land.geometry.to_numpy(), ground)), index=names.to_numpy())
    classes = area.groupby(level=0).sum().rename_axis("class").reset_index(name="area_m2")
    classes = _with_rest(classes[classes["area_m2"] > 0].sort_values("area_m2", ascending=False), ground.area)
    table = (
        Table(classes.assign(share=classes["area_m2"] / ground.area))
        .titled(_("Land in the catchment of {place}").format(place=place), _("Catchment"))
        .show("class", _("Land"))
        .show("area_m2", _("Area"), unit="ha", decimals=2)
        .show("share", _("Share of the catchment"), unit="%", decimals=2)
        .noted(
            _("Catchment {area:.2f} ha by the elevation model with cells of {cell:g} m; shares are of the whole "
              "catchment.").format(area=ground.area / 10_000, cell=max(elevation.cell_m)),
            study.notice, *(finding.text for finding in findings),
        )
    )  # fmt: skip
    _deliver(study, table, {"catchment": basin.reset_index()}, findings, target, "catchment")


def _visible(study: Study, distance_m: float, words: list[str], target: Path) -> None:
    import pandas as pd

    from ecospace.errors import StudyError
    from ecospace.report.table import Table
    from ecospace.space.viewshed import visible_from_roads, visible_land

    roads = roads_of(study)
    if roads is not None:
        kinds = roads["kind"].astype(str) if "kind" in roads else roads.index.to_series().map(str)
        wanted = kinds.map(lambda kind: any(word in kind for word in words)) if words else roads["group"] == "motorway"
        roads = roads[wanted]
    if roads is None or roads.empty:
        raise StudyError(
            "E-STUDY-72",
            _("the study has no such roads: {kinds}.").format(kinds=", ".join(words) or _("motorways and railways")),
            cure=_('Add a layer with role = "road", or give --kinds.'),
            file=study.folder / "study.toml",
        )
    roads = roads.dissolve(by="name") if "name" in roads else roads
    seen, findings = visible_from_roads(_elevation(study), roads, radius_m=distance_m)
    land = land_of(study)
    by_class = visible_land(seen, land, by="code_name" if "code_name" in land else "code")
    whole = float(seen.geometry.union_all().area)
    classes = _with_rest(pd.DataFrame(by_class.drop(columns="geometry")), whole)
    by_road = pd.DataFrame({"class": seen.index.astype(str), "area_m2": seen["area_m2"], "share": seen["share"]})
    frame = pd.concat([by_road, classes.assign(share=classes["area_m2"] / whole)], ignore_index=True)
    table = (
        Table(frame)
        .titled(_("Land seen from roads within {metres:g} m").format(metres=distance_m), _("Visible land"))
        .show("class", _("Road, or land of all roads together"))
        .show("area_m2", _("Area"), unit="ha", decimals=2)
        .show("share", _("Share"), unit="%", decimals=1)
        .noted(
            _("Share: of all land within the distance for a road, of all visible land for a land class. Eye 1.5 m above "
              "the road, bare ground by the elevation model: trees and houses hide nothing."),
            study.notice, *(finding.text for finding in findings),
        )
    )  # fmt: skip
    layers = {"visible": seen.reset_index(), "visible_land": by_class}
    _deliver(study, table, layers, findings, target, "visible")


def _with_rest(classes: pd.DataFrame, whole_m2: float) -> pd.DataFrame:
    """One more row for the ground that the land layer does not reach, so that the classes add up to the whole."""
    import pandas as pd

    rest = whole_m2 - float(classes["area_m2"].sum())
    if rest <= 1e-6 * whole_m2:
        return classes
    row = pd.DataFrame({"class": [_("beyond the land layer")], "area_m2": [rest]})
    return pd.concat([classes, row], ignore_index=True)


def _elevation(study: Study) -> Grid:
    """The elevation model on square cells in the study CRS."""
    from ecospace.errors import StudyError
    from ecospace.space.grid import brought_grid, cells_of, read_grid

    key = next((key for key in study.keys("dem") if study.is_raster(key)), None)
    if key is None:
        raise StudyError(
            "E-STUDY-73",
            _("the study has no elevation model, so heights are unknown."),
            cure=_('Add [layers.dem] with role = "dem" and the path of a raster.'),
            file=study.folder / "study.toml",
        )
    elevation = read_grid(study.path(key))
    size = max(elevation.cell_m) * (111_195.0 if elevation.crs.is_geographic else 1.0)
    return brought_grid(elevation, cells_of(elevation, study.crs.crs, round(size, 3)))


def _deliver(
    study: Study, table: Any, layers: dict[str, GeoDataFrame], findings: Iterable[Finding], target: Path, name: str
) -> None:
    from ecospace.report.excel import save_workbook

    out = _console()
    out.print(table)
    _print_findings(findings)
    for path in (save_workbook([table], target / f"{name}.xlsx"), save_layers(study, layers, target / f"{name}.gpkg")):
        out.print(f"→ {path}", markup=False, soft_wrap=True)


def save_layers(study: Study, layers: dict[str, GeoDataFrame], path: Path) -> Path:
    """Layers into one GeoPackage, in the geographic CRS of the study's boundary: never in the study CRS."""
    from ecospace.crs import brought
    from ecospace.files import atomic

    with atomic(path) as temporary:
        for name, frame in layers.items():
            if len(frame):
                plain = brought(frame, study.crs.geographic)
                plain.attrs = {}
                plain.to_file(temporary, layer=name, driver="GPKG", engine="pyogrio")
    return path


def _corridor_map(study: Study, found: Corridors, path: Path) -> Path:
    from ecospace.maps.maplayer import MapLayer
    from ecospace.maps.page import write_map
    from ecospace.maps.web import web_map

    nodes = found.nodes
    layers = [
        MapLayer(found.corridors, "corridor", title=_("Corridor bands")),
        MapLayer(found.sources.reset_index(), "ecological_source", title=_("Ecological sources")),
        MapLayer(found.ways, "corridor_line", title=_("Least-cost ways")),
        MapLayer(nodes[nodes["kind"] == "pinch"], "pinch_point", title=_("Pinch points")),
        MapLayer(nodes[nodes["kind"].isin(["crossing", "barrier"])], "barrier", title=_("Crossings and barriers")),
        MapLayer(study.boundary, "boundary"),
    ]
    drawn = web_map(
        layers, title=_("Modelled corridors"), subtitle=study.title, source=str(study.settings.get("source", "")),
        demonstration=study.notice,
        notes=[_("Modelled corridors are a proposal, not a legal extent."), found.table.label],
    )  # fmt: skip
    return write_map(drawn, path)


def _console() -> Any:
    from ecospace.console import console

    return console()


def _print_findings(findings: Iterable[Finding]) -> None:
    for finding in findings:
        if finding.level != "note":
            _console().print(f"{_('Note')}: {finding.text} {finding.cure}".rstrip(), style="yellow", markup=False)
