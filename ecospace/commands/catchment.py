"""ecospace catchment and visible: the ground that drains to an intake and what changes in it, and the land seen from roads."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ecospace.files import results_folder
from ecospace.language import _

if TYPE_CHECKING:
    from collections.abc import Sequence

    from geopandas import GeoDataFrame

    from ecospace.findings import Finding
    from ecospace.space.catchment import Drainage
    from ecospace.study import Study

#: Where an intake or a reservoir is looked for by its name.
INTAKE_ROLES = ("water", "monitoring", "outfall")


def register(app: typer.Typer) -> None:
    """Declare the commands."""

    @app.command(
        help=_(
            "The ground that drains to a place, from the study's elevation model, and land-use change in it. "
            "Example: ecospace catchment kaiping 112.55,22.40 --after land_use_later"
        )
    )
    def catchment(
        folder: Annotated[Path, typer.Argument(help=_("Folder with a study.toml."))],
        place: Annotated[
            str,
            typer.Argument(help=_("Longitude and latitude of the intake in degrees, e.g. 112.55,22.40, or its name.")),
        ],
        snap_m: Annotated[
            float,
            typer.Option("--snap", min=0, help=_("Move the intake to the most water within this distance, metres.")),
        ] = 200.0,
        after: Annotated[
            str, typer.Option("--after", help=_("Land-use layer of a later date: what changed in the catchment."))
        ] = "",
        before: Annotated[str, typer.Option("--before", help=_("Land-use layer of the earlier date."))] = "land_use",
        layer: Annotated[str, typer.Option("--layer", help=_("Look for the place in this layer alone."))] = "",
        output: Annotated[Path | None, typer.Option("--output", "-o", help=_("Folder for the results."))] = None,
    ) -> None:
        from ecospace.study import open_study

        study = open_study(folder)
        keys = [before, after] if after else []
        _catchment(study, place, layer, snap_m, keys, results_folder(output, study.folder / "outputs" / "catchment"))

    @app.command(
        help=_(
            "Land within a distance of the roads that can be seen from them. Example: ecospace visible kaiping --distance 1000"
        )
    )
    def visible(
        folder: Annotated[Path, typer.Argument(help=_("Folder with a study.toml."))],
        distance_m: Annotated[
            float, typer.Option("--distance", min=0, help=_("Distance from the road in metres."))
        ] = 1000.0,
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
        _visible(study, distance_m, words, results_folder(output, study.folder / "outputs" / "visible"))


def _catchment(study: Study, place: str, layer: str, snap_m: float, keys: Sequence[str], target: Path) -> None:
    import pandas as pd
    import shapely

    from ecospace.commands.answer import finish
    from ecospace.maps.maplayer import MapLayer
    from ecospace.measure.catchment_change import catchment_change
    from ecospace.measure.named import find_place
    from ecospace.measure.study_land import elevation_of, land_of
    from ecospace.report.terrain_tables import catchment_change_table, catchment_table
    from ecospace.space.catchment import catchments, drainage

    there = find_place(study, place, layer=layer, roles=INTAKE_ROLES)
    name = str(there.index[0])
    elevation = elevation_of(study)
    drained = drainage(elevation)
    basin, found = catchments(drained, there, snap_m=snap_m)
    found += _in_water(study, drained, there, basin)
    land = land_of(study)
    names = land["code_name"] if "code_name" in land else land["code"]
    inside = shapely.area(shapely.intersection(land.geometry.to_numpy(), basin.geometry.iloc[0]))
    areas = pd.Series(inside, index=names.to_numpy())
    tables = [catchment_table(name, basin.iloc[0], areas, max(elevation.cell_m), found)]
    answer = _("{title}: the catchment of {place} has {area:.2f} ha by the elevation model.").format(
        title=study.title, place=name, area=float(basin["area_m2"].iloc[0]) / 10_000
    )
    layers = {"catchment": basin.reset_index(), "intake": there.rename_axis("intake").reset_index()}
    drawn = [MapLayer(basin, "catchment"), MapLayer(there, "point", title=name)]
    if keys:
        change = catchment_change(land_of(study, keys[0]), land_of(study, keys[1]), basin)
        dates = [str(study.entries[key].get("date") or study.title_of(key)) for key in keys]
        tables.insert(0, catchment_change_table(name, change, dates).noted(*(finding.text for finding in found)))
        answer += _(" Of it {changed:.2f} ha changed, {harmful:.2f} ha against the protection of the source.").format(
            changed=float(change.table["area_m2"].sum()) / 10_000, harmful=change.harmful_m2 / 10_000
        )
        layers["changed"] = change.pieces
        harmful = change.pieces["harmful"].to_numpy(bool)
        drawn[1:1] = [
            MapLayer(change.pieces[~harmful], "built", title=_("Other change")),
            MapLayer(change.pieces[harmful], "built_new", title=_("Change against the source")),
        ]
    source = _("; ").join(
        study.title_of(key) for key in [*(keys or study.keys("land_use")[:1]), *study.keys("dem")[:1]]
    )
    choices = {_("Place"): name, _("Snapping distance (m)"): snap_m, _("Dates"): ", ".join(keys) or "—"}
    finish(
        study, "catchment", target, answer, [table.sourced(source) for table in tables], layers, drawn, found, choices
    )


def _in_water(study: Study, drained: Drainage, there: GeoDataFrame, basin: GeoDataFrame) -> list[Finding]:
    """Said where an intake lies in a lake or reservoir that takes more water than its own cell does."""
    from ecospace.findings import Finding
    from ecospace.measure.study_land import lines_of
    from ecospace.space.catchment import catchments

    waters = lines_of(study, "water")
    if waters is None or there.geometry.iloc[0].geom_type != "Point":
        return []
    held = waters[waters.intersects(there.geometry.iloc[0])]
    if held.empty:
        return []
    whole, _open = catchments(drained, held.iloc[[0]], snap_m=0)
    own, all_of_it = float(basin["area_m2"].iloc[0]), float(whole["area_m2"].iloc[0])
    if all_of_it <= own:
        return []
    name = str(held["name"].iloc[0]) if "name" in held else str(held.index[0])
    text = _("the intake lies in {water}, whose whole catchment has {whole:.2f} ha; that of the intake's own cell has {own:.2f} ha: on "
             "flat water the model does not know which way it flows.").format(
        water=name, whole=all_of_it / 10_000, own=own / 10_000)  # fmt: skip
    return [
        Finding(
            "F-DEM-04", "warning", text, _("Name the water itself: ecospace catchment … {water}").format(water=name)
        )
    ]


def _visible(study: Study, distance_m: float, words: list[str], target: Path) -> None:
    from ecospace.commands.answer import finish
    from ecospace.errors import StudyError
    from ecospace.maps.maplayer import MapLayer
    from ecospace.measure.study_land import elevation_of, land_of, roads_of
    from ecospace.report.terrain_tables import visible_table
    from ecospace.space.viewshed import visible_from_roads, visible_land

    roads = roads_of(study, kinds=tuple(words))
    if roads is not None and not words:
        roads = roads[roads["group"] == "motorway"]
    if roads is None or roads.empty:
        raise StudyError(
            "E-STUDY-72",
            _("the study has no such roads: {kinds}.").format(kinds=", ".join(words) or _("motorways and railways")),
            cure=_('Add a layer with role = "road", or give --kinds.'),
            file=study.folder / "study.toml",
        )
    roads = roads.dissolve(by="name") if "name" in roads else roads
    seen, found = visible_from_roads(elevation_of(study), roads, radius_m=distance_m)
    land = land_of(study)
    by_class = visible_land(seen, land, by="code_name" if "code_name" in land else "code")
    table = visible_table(seen, by_class, distance_m, found)
    answer = _("{title}: within {metres:g} m of {roads} {area:.2f} ha can be seen, {forest:.2f} ha of them forest land.").format(
        title=study.title, metres=distance_m, roads=_("; ").join(map(str, seen.index)),
        area=float(seen.geometry.union_all().area) / 10_000, forest=_forest_m2(land, by_class) / 10_000,
    )  # fmt: skip
    drawn = [MapLayer(seen, "visible"), MapLayer(_forest(land, by_class), "wedge", title=_("of it forest land")),
             MapLayer(roads, "road")]  # fmt: skip
    choices = {_("Distance (m)"): distance_m, _("Roads"): ", ".join(map(str, seen.index))}
    layers = {"visible": seen.reset_index(), "visible_land": by_class}
    sources = _("; ").join(study.title_of(key) for key in [*study.keys("road")[:1], *study.keys("dem")[:1]])
    finish(study, "visible", target, answer, [table.sourced(sources)], layers, drawn, found, choices)


def _forest(land: GeoDataFrame, by_class: GeoDataFrame) -> GeoDataFrame:
    """The classes of visible land that are forest, by the land groups."""
    from ecospace.terms import standard

    groups = standard("rules/belts")["land"]["candidate"]
    names = land["code_name"] if "code_name" in land else land["code"]
    return by_class[by_class["class"].isin(names[land["group"].isin(groups)].unique())]


def _forest_m2(land: GeoDataFrame, by_class: GeoDataFrame) -> float:
    return float(_forest(land, by_class)["area_m2"].sum())
