"""ecospace service and greenways: who lives within reach of a park, and how much greenway there is for them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ecospace.files import results_folder
from ecospace.language import _

if TYPE_CHECKING:
    import pandas as pd
    from geopandas import GeoDataFrame

    from ecospace.maps.figure import PlanFigure
    from ecospace.measure.service import Service
    from ecospace.study import Study


def register(app: typer.Typer) -> None:
    """Declare the commands."""

    @app.command(
        help=_(
            "Residential land and people within the service radius of parks, by township, straight and along streets. "
            "Example: ecospace service kaiping --streets roads"
        )
    )
    def service(
        folder: Annotated[Path, typer.Argument(help=_("Folder with a study.toml."))],
        streets: Annotated[
            str, typer.Option("--streets", help=_("Layer of streets: distance along them too. Motorways are left out."))
        ] = "",
        cell_m: Annotated[
            float, typer.Option("--cell", help=_("Along streets homes are judged in squares of this side, metres."))
        ] = 50.0,
        output: Annotated[Path | None, typer.Option("--output", "-o", help=_("Folder for the results."))] = None,
    ) -> None:
        from ecospace.study import open_study

        study = open_study(folder)
        _serve(study, streets, cell_m, results_folder(output, study.folder / "outputs" / "service"))

    @app.command(
        help=_(
            "Built greenways for 10 000 people, and their length by status and township. Example: ecospace greenways kaiping"
        )
    )
    def greenways(
        folder: Annotated[Path, typer.Argument(help=_("Folder with a study.toml."))],
        layer: Annotated[
            str,
            typer.Option("--layer", help=_("All lines of this layer; else corridors whose kind says 绿道 or 碧道.")),
        ] = "",
        output: Annotated[Path | None, typer.Option("--output", "-o", help=_("Folder for the results."))] = None,
    ) -> None:
        from ecospace.study import open_study

        study = open_study(folder)
        _greenways(study, layer, results_folder(output, study.folder / "outputs" / "greenways"))


def _serve(study: Study, streets: str, cell_m: float, target: Path) -> None:
    from ecospace.commands.answer import name_paths, say, stated
    from ecospace.maps.save import save_figure
    from ecospace.measure.service import park_service, service_rules
    from ecospace.report.connectivity_outputs import save_results
    from ecospace.report.service_tables import service_table, zone_tables

    parks, homes = _needed(study, "park"), _needed(study, "residential")
    found = park_service(
        parks, homes, study.boundary, list(service_rules().values()), zones=study.zones,
        streets=_walkable(study, streets) if streets else None, cell_m=cell_m,
    )  # fmt: skip
    tables = [service_table(found, cell_m=cell_m), *zone_tables(found, cell_m=cell_m)]
    source = _("; ").join(study.title_of(key) for key in study.keys("park", "residential"))
    tables = [stated(study, table.sourced(source)) for table in tables]
    findings = [*study.findings(), *found.findings]

    say(headline(study, found), tables[0], findings)
    choices = {_("Streets"): streets or "—", _("Cell (m)"): cell_m}
    paths = save_results(study, "service", target, tables, {"served": found.ground}, findings, choices)
    for row in found.ground.itertuples():
        if not row.geometry.is_empty:
            figure = service_figure(study, parks, homes, found, row.Index)
            name = f"service-{row.rule}-{row.radius}-{row.way}.png".replace("/", "+")
            paths.append(save_figure(figure, target / name))
    name_paths(paths)


def _greenways(study: Study, layer: str, target: Path) -> None:
    from ecospace.commands.answer import finish
    from ecospace.maps.maplayer import MapLayer
    from ecospace.measure.greenways import greenways as measure_greenways
    from ecospace.report.service_tables import greenway_status_table, greenways_table
    from ecospace.terms import standard

    lines = _greenway_lines(study, layer)
    found = measure_greenways(lines, study.boundary, zones=study.zones, population=_population(study))
    rule = standard("rules/greenway")
    # The target and the clause are those of one plan: under another they would be foreign words.
    own = study.settings.get("indicators") == rule["plan"]
    clause = _("{clause} ({document})").format(clause=rule["clause"], document=rule["document"]) if own else ""
    tables = [greenways_table(found, rule["target_km"] if own else None, clause), greenway_status_table(found)]
    source = study.title_of(layer or study.keys("corridor")[0])
    whole = found.table.to_dict("index")["whole"]
    built, share = (
        _("{length:.3f} km").format(length=whole[key] / 1000) if whole[key] == whole[key] else _("cannot be judged")
        for key in ("built_m", "per_10000_m")
    )
    answer = _("{title}: greenways {total:.3f} km; of them built: {built}; for 10 000 people: {share}.").format(
        title=study.title, total=whole["total_m"] / 1000, built=built, share=share
    )
    drawn = [MapLayer(lines, "covered_line", title=_("Greenways"))]
    shown = [table.sourced(source) for table in tables]
    choices = {_("Layer"): layer or "—"}
    finish(study, "greenways", target, answer, shown, {"greenways": lines}, drawn, found.findings, choices)


def _greenway_lines(study: Study, layer: str) -> GeoDataFrame:
    """The lines that are greenways; refused where there are none, because 0 would be a number."""
    import geopandas as gpd
    import pandas as pd

    from ecospace.errors import StudyError
    from ecospace.measure.greenways import is_greenway

    frames = [study.frame(layer)] if layer else []
    for key in [] if layer else study.keys("corridor"):
        frame = study.frame(key)
        frames += [frame[is_greenway(frame["kind"]).to_numpy()]] if "kind" in frame else []
    lines = [frame[frame.geom_type.isin(["LineString", "MultiLineString"])] for frame in frames]
    lines = [frame for frame in lines if len(frame)]
    if not lines:
        raise StudyError(
            "E-STUDY-81",
            _("the study has no greenway, so their length for 10 000 people cannot be judged; it is not 0."),
            cure=_("Name a layer of lines with --layer, or give corridors the kind 绿道 or 碧道."),
            file=study.folder / "study.toml",
        )
    return gpd.GeoDataFrame(pd.concat(lines, ignore_index=True), geometry="geometry", crs=study.crs.crs)


def _population(study: Study) -> pd.Series | None:
    """Inhabitants by zone code, where the layer of zones has them."""
    key = study.settings.get("zones")
    frame = study.frame(str(key)) if key else None
    if frame is None or "population" not in frame or study.zones is None:
        return None
    people: pd.Series = frame["population"].set_axis(study.zones.index)
    return people


def headline(study: Study, found: Service) -> str:
    """The answer in one sentence that can be pasted."""
    from ecospace.report.service_tables import way_names

    parts = []
    for row in found.table[found.table["total"]].to_dict("records"):
        share = f"{row['share']:.2%}" if row["share"] == row["share"] else _("cannot be judged")
        parts.append(_("{radius} m ({rule}, {way}) {share}").format(
            radius=row["radius"], rule=row["rule"], way=way_names()[row["way"]], share=share))  # fmt: skip
    return _("{title}: residential land within reach of parks: {parts}.").format(
        title=study.title, parts=_("; ").join(parts)
    )


def service_figure(study: Study, parks: GeoDataFrame, homes: GeoDataFrame, found: Service, row: int) -> PlanFigure:
    """The sheet of one rule and radius: parks, residential land served and not served."""
    import geopandas as gpd

    from ecospace.maps.figure import plan_figure
    from ecospace.maps.maplayer import MapLayer
    from ecospace.measure.service import service_rules
    from ecospace.report.service_tables import way_names

    one = found.ground.loc[row]
    served = gpd.GeoDataFrame(geometry=[one.geometry], crs=found.ground.crs)
    inside = homes.clip(study.boundary.geometry.iloc[0])
    left = gpd.GeoDataFrame(geometry=[inside.geometry.union_all().difference(one.geometry)], crs=homes.crs)
    layers = [
        MapLayer(left, "unserved", title=_("Residential land not served")),
        MapLayer(served, "served", title=_("Residential land served")),
        MapLayer(parks, "park", title=_("Parks")),
    ]
    rule = service_rules()[one["rule"]]
    title = _("{rule}: {radius} m, {way}").format(rule=rule.label, radius=one["radius"], way=way_names()[one["way"]])
    return plan_figure(
        [layer for layer in layers if not layer.frame.geometry.is_empty.all()], boundary=study.boundary,
        title=title, source=str(study.settings.get("source", "")), note=rule.clause,
        demonstration=bool(study.settings.get("demonstration")),
    )  # fmt: skip


def _walkable(study: Study, key: str) -> GeoDataFrame:
    """A street layer without motorways and railways."""
    from ecospace.commands.answer import require_shapes
    from ecospace.space.resistance import road_group

    frame = study.frame(key)
    require_shapes(frame, key, 1, _("lines"))
    if "kind" not in frame:
        return frame
    return frame[frame["kind"].astype(str).map(road_group).to_numpy() != "motorway"]


def _needed(study: Study, role: str) -> GeoDataFrame:
    """All layers of a role as one frame."""
    import geopandas as gpd
    import pandas as pd

    from ecospace.errors import StudyError
    from ecospace.terms import label

    keys = study.keys(role)
    if not keys:
        raise StudyError(
            "E-STUDY-80",
            _("the study has no layer of {role}, so nothing can be said about who is served.").format(role=label(role)),
            cure=_('Add a layer with role = "{role}".').format(role=role),
            file=study.folder / "study.toml",
        )
    frames = [study.frame(key) for key in keys]
    return gpd.GeoDataFrame(pd.concat(frames, ignore_index=True), geometry="geometry", crs=study.crs.crs)
