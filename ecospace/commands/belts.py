"""ecospace belts, wedges, continuity, candidates: do towns stay apart, does green reach in, is a barrier whole, where to plant."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ecospace.files import results_folder
from ecospace.language import _

if TYPE_CHECKING:
    from collections.abc import Sequence

    from geopandas import GeoDataFrame

    from ecospace.study import Study

#: Square metres of one 亩.
MU_M2 = 10_000 / 15


def register(app: typer.Typer) -> None:
    """Declare the commands."""

    @app.command(
        help=_(
            "Does built-up land merge across the isolation belts between two dates? "
            "Example: ecospace belts kaiping --after land_use_later"
        )
    )
    def belts(
        folder: Annotated[Path, typer.Argument(help=_("Folder with a study.toml."))],
        after: Annotated[str, typer.Option("--after", help=_("Land-use layer of the later date."))],
        before: Annotated[str, typer.Option("--before", help=_("Land-use layer of the earlier date."))] = "land_use",
        layer: Annotated[str, typer.Option("--belts", help=_("Layer of the belts, polygons."))] = "belts",
        near_m: Annotated[
            float, typer.Option("--near", help=_("Built-up land no further apart counts as one, metres."))
        ] = 0.0,
        look_m: Annotated[
            float, typer.Option("--look", help=_("How far from the belt built-up land is looked at, metres."))
        ] = 2000.0,
        output: Annotated[Path | None, typer.Option("--output", "-o", help=_("Folder for the results."))] = None,
    ) -> None:
        from ecospace.study import open_study

        study = open_study(folder)
        _belts(
            study, layer, [before, after], near_m, look_m, results_folder(output, study.folder / "outputs" / "belts")
        )

    @app.command(
        help=_(
            "Green that reaches from open country into the built-up city. Example: ecospace wedges kaiping --join 30"
        )
    )
    def wedges(
        folder: Annotated[Path, typer.Argument(help=_("Folder with a study.toml."))],
        city: Annotated[
            str,
            typer.Option(
                "--city",
                help=_("Layer of the city's extent; else the urban boundary, else a sketch from built-up land."),
            ),
        ] = "",
        join_m: Annotated[
            float, typer.Option("--join", help=_("Green no further apart is one, metres: a street between two parks."))
        ] = 0.0,
        least_m: Annotated[
            float, typer.Option("--depth", help=_("Wedges shallower than this are left out, metres."))
        ] = 100.0,
        sketch_m: Annotated[
            float,
            typer.Option("--sketch", help=_("For the sketch: built-up land no further apart is one city, metres.")),
        ] = 200.0,
        output: Annotated[Path | None, typer.Option("--output", "-o", help=_("Folder for the results."))] = None,
    ) -> None:
        from ecospace.study import open_study

        study = open_study(folder)
        _wedges(study, city, join_m, least_m, sketch_m, results_folder(output, study.folder / "outputs" / "wedges"))

    @app.command(
        help=_(
            "Continuity and gaps of forest along a coast, a river or an axis, or of a barrier of hills and forest. "
            "Example: ecospace continuity kaiping rivers --cover forest --within 50"
        )
    )
    def continuity(
        folder: Annotated[Path, typer.Argument(help=_("Folder with a study.toml."))],
        layer: Annotated[str, typer.Argument(help=_("Layer of lines; or of polygons: the barrier itself."))],
        within_m: Annotated[
            float,
            typer.Option(
                "--within",
                help=_(
                    "Forest counts that stands no further from the line; pieces of a barrier no further apart are one. Metres."
                ),
            ),
        ],
        cover: Annotated[
            str, typer.Option("--cover", help=_("Layers of what should stand there, joined by commas."))
        ] = "forest",
        least: Annotated[
            float,
            typer.Option(
                "--least", help=_("Shorter gaps are left out, metres; of a barrier smaller pieces, hectares.")
            ),
        ] = 0.0,
        output: Annotated[Path | None, typer.Option("--output", "-o", help=_("Folder for the results."))] = None,
    ) -> None:
        from ecospace.study import open_study

        study = open_study(folder)
        _continuity(
            study, layer, cover, within_m, least, results_folder(output, study.folder / "outputs" / "continuity")
        )

    @app.command(
        help=_(
            "Forest land nearest to a place up to a target area, to be planted or improved. "
            "Example: ecospace candidates kaiping 狮山水库 --target 500"
        )
    )
    def candidates(
        folder: Annotated[Path, typer.Argument(help=_("Folder with a study.toml."))],
        place: Annotated[str, typer.Argument(help=_("Name of a reservoir or farm, or longitude,latitude in degrees."))],
        target_mu: Annotated[float, typer.Option("--target", help=_("Area wanted, mu."))] = 500.0,
        classes: Annotated[
            str,
            typer.Option("--classes", help=_("Land codes that may be chosen, joined by commas; else all forest land.")),
        ] = "",
        layer: Annotated[str, typer.Option("--layer", help=_("Look for the place in this layer alone."))] = "",
        output: Annotated[Path | None, typer.Option("--output", "-o", help=_("Folder for the results."))] = None,
    ) -> None:
        from ecospace.study import open_study

        study = open_study(folder)
        _candidates(
            study, place, layer, target_mu, classes, results_folder(output, study.folder / "outputs" / "candidates")
        )


def _belts(study: Study, layer: str, keys: list[str], near_m: float, look_m: float, target: Path) -> None:
    from ecospace.commands.answer import finish, require_shapes
    from ecospace.maps.maplayer import MapLayer
    from ecospace.measure.belts import belts_between
    from ecospace.report.belt_tables import belts_table, verdict_text

    built = {_date(study, key): _grouped(study, key, "built") for key in keys}
    belts = study.frame(layer)
    require_shapes(belts, layer, 2, _("polygons"))
    found = belts_between(belts, built, look_m=look_m, near_m=near_m, boundary=study.boundary)
    table = belts_table(found, look_m=look_m, near_m=near_m).sourced(_titles(study, [layer, *keys]))
    names = found.table.drop_duplicates("belt").set_index("belt")["name"].to_dict()
    answer = _("{title}: {belts}.").format(
        title=study.title,
        belts=_("; ").join(
            _("{belt}: {verdict}").format(belt=names[code], verdict=verdict_text(verdict))
            for code, verdict in found.verdicts.items()
        ),
    )
    first, last = (built[date] for date in (next(iter(built)), list(built)[-1]))
    new = last.overlay(first[["geometry"]], how="difference") if len(built) > 1 else last.iloc[:0]
    at_last = found.gaps[found.gaps["date"] == list(built)[-1]]
    drawn = [
        MapLayer(belts, "belt"),
        MapLayer(first, "built"),
        MapLayer(new, "built_new"),
        MapLayer(at_last, "open_gap"),
    ]
    layers = {"belts": belts, "gaps": found.gaps, "new_built": new}
    choices = {
        _("Belts"): layer,
        _("Dates"): ", ".join(built),
        _("Counts as one (m)"): near_m,
        _("Looked at (m)"): look_m,
    }
    finish(
        study, "belts", target, answer, [table.noted(_clause(study, "merging"))], layers, drawn, found.findings, choices
    )


def _wedges(study: Study, city: str, join_m: float, least_m: float, sketch_m: float, target: Path) -> None:
    import geopandas as gpd
    import pandas as pd

    from ecospace.commands.answer import finish
    from ecospace.maps.maplayer import MapLayer
    from ecospace.measure.belts import city_outline
    from ecospace.report.belt_tables import wedges_table
    from ecospace.space.gaps import wedges as find_wedges

    key = city or next(iter(study.keys("urban_boundary")), "")
    if key:
        outline, named = study.frame(key).geometry.union_all(), study.title_of(key)
    else:
        outline = city_outline(_grouped(study, "land_use", "built"), sketch_m)
        named = _(
            "a sketch: built-up land no further apart than {metres:g} m, the largest piece, not a legal extent"
        ).format(metres=sketch_m)
    parks = [study.frame(park)[["geometry"]] for park in study.keys("park")]
    land = _grouped(study, "land_use", "green")
    green = gpd.GeoDataFrame(pd.concat([land[["geometry"]], *parks], ignore_index=True), crs=study.crs.crs)
    found = find_wedges(green, outline, join_m=join_m, least_depth_m=least_m)
    table = wedges_table(found, outline.area, join_m=join_m, least_m=least_m, city=named)
    wedged = _("{title}: {count} green wedges reach into the city, {area:.2f} ha in all, the deepest {depth:.0f} m.")
    answer = wedged.format(
        title=study.title, count=len(found), area=found.area.sum() / 10_000, depth=found["depth_m"].max()
    )
    if found.empty:
        answer = _("{title}: no green wedge of {depth:g} m or more reaches into the city.").format(
            title=study.title, depth=least_m
        )
    extent = gpd.GeoDataFrame(geometry=[outline], crs=study.crs.crs)
    numbered = found.assign(number=[str(number) for number in range(1, len(found) + 1)])
    drawn = [MapLayer(green, "green"), MapLayer(extent, "city", title="" if not key else named),
             MapLayer(numbered, "wedge", label="number")]  # fmt: skip
    choices = {_("City"): named, _("Counts as one (m)"): join_m, _("Least depth (m)"): least_m}
    sources = _titles(study, ["land_use", *study.keys("park"), *([key] if key else [])])
    layers = {"wedges": found, "city": extent}
    finish(study, "wedges", target, answer, [table.sourced(sources)], layers, drawn, (), choices, extent=extent)


def _continuity(study: Study, layer: str, cover: str, within_m: float, least: float, target: Path) -> None:
    import geopandas as gpd
    import pandas as pd
    import shapely

    from ecospace.commands.answer import finish, require_shapes
    from ecospace.maps.maplayer import MapLayer
    from ecospace.measure.belts import barrier_continuity, line_continuity
    from ecospace.report.belt_tables import continuity_table, open_stretches_table

    frame = study.frame(layer)
    keys = [key.strip() for key in cover.split(",") if key.strip()]
    if (shapely.get_dimensions(frame.geometry.to_numpy()) == 2).all():
        found = barrier_continuity(frame, near_m=within_m, least_m2=least * 10_000)
        named, keys = study.title_of(layer), []
        drawn = [MapLayer(frame, "wedge", title=named)]
    else:
        require_shapes(frame, layer, 1, _("lines"))
        stands = gpd.GeoDataFrame(
            pd.concat([study.frame(key)[["geometry"]] for key in keys], ignore_index=True), crs=study.crs.crs
        )
        found = line_continuity(frame, stands, study.boundary, within_m=within_m, least_m=least)
        named = _("; ").join(map(study.title_of, keys))
        drawn = [MapLayer(stands, "green", title=named), MapLayer(frame, "covered_line")]
    tables = [continuity_table(found, cover=named, within_m=within_m, least=least), open_stretches_table(found)]
    worst = found.table.sort_values("continuity", kind="stable").iloc[0]
    answer = _("{title}: {line} {share:.2%} continuous, {count} gaps of {length:.3f} km in all.").format(
        title=study.title, line=worst["name"] or named, share=worst["continuity"], count=worst["gaps"],
        length=worst["gap_m"] / 1000,
    )  # fmt: skip
    drawn.append(MapLayer(found.gaps, "open_line"))
    choices = {_("Layer"): layer, _("Cover"): named, _("Within (m)"): within_m, _("Least"): least}
    tables = [table.sourced(_titles(study, [layer, *keys])) for table in tables]
    finish(study, "continuity", target, answer, tables, {"judged": frame, "gaps": found.gaps}, drawn, (), choices)


def _candidates(study: Study, place: str, layer: str, target_mu: float, classes: str, target: Path) -> None:
    import geopandas as gpd
    import shapely

    from ecospace.commands.answer import finish
    from ecospace.maps.maplayer import MapLayer
    from ecospace.measure.belts import candidate_land
    from ecospace.measure.named import find_place
    from ecospace.measure.study_land import land_of
    from ecospace.report.belt_tables import candidates_table

    there = find_place(study, place, layer=layer)
    codes = tuple(code.strip() for code in classes.split(",") if code.strip())
    if codes:
        land = land_of(study)
        land, named = land[land["code"].astype(str).isin(codes)], ", ".join(codes)
    else:
        land, named = _grouped(study, "land_use", "candidate"), _("forest land")
    line = next(iter(study.keys("eco_redline")), None)
    chosen, findings = candidate_land(
        there.geometry.iloc[0], land, target_mu * MU_M2, boundary=study.boundary,
        redline=study.frame(line) if line else None,
    )  # fmt: skip
    name = str(there.index[0])
    table = candidates_table(chosen, name, target_mu * MU_M2, named, _clause(study, "candidates"), findings)
    answer = _("{title}: {count} parcels round {place} have {area:.2f} mu, up to {metres:.0f} m away.").format(
        title=study.title, count=len(chosen), place=name, area=chosen["total_m2"].iloc[-1] / MU_M2,
        metres=chosen["distance_m"].max(),
    )  # fmt: skip
    drawn = [MapLayer(land, "green", title=named), MapLayer(chosen, "candidate"), MapLayer(there, "site", title=name)]
    whole = shapely.union_all([*chosen.geometry, *there.geometry])
    around = gpd.GeoDataFrame(geometry=[shapely.envelope(whole)], crs=study.crs.crs)
    choices = {_("Place"): name, _("Target (mu)"): target_mu, _("Land"): named}
    tables = [table.sourced(study.title_of("land_use") if "land_use" in study.entries else "")]
    finish(study, "candidates", target, answer, tables, {"candidates": chosen}, drawn, findings, choices, extent=around)


def _grouped(study: Study, key: str, what: str) -> GeoDataFrame:
    """The land of a layer that counts as built, green or candidate, by rules/belts.toml."""
    from ecospace.measure.study_land import land_of
    from ecospace.terms import standard

    land = land_of(study, key if key in study.entries else None)
    return land[land["group"].isin(standard("rules/belts")["land"][what])]


def _date(study: Study, key: str) -> str:
    """The date of a layer as study.toml gives it; else its title."""
    date = study.entries[key].get("date") if key in study.entries else None
    return str(date or study.title_of(key))


def _clause(study: Study, key: str) -> str:
    """The clause of the plan that the study belongs to; nothing under another plan."""
    from ecospace.terms import standard

    rule = standard("rules/belts")[key]
    own = study.settings.get("indicators") == rule["plan"]
    return _("{clause} ({document})").format(clause=rule["clause"], document=rule["document"]) if own else ""


def _titles(study: Study, keys: Sequence[str]) -> str:
    return _("; ").join(study.title_of(key) for key in keys if key in study.entries)
