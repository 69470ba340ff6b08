"""ecospace corridors: the register of declared corridors, their gaps, and the green width on the banks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ecospace.language import _

if TYPE_CHECKING:
    from collections.abc import Sequence

    from geopandas import GeoDataFrame

    from ecospace.maps.figure import PlanFigure
    from ecospace.measure.corridors import Register
    from ecospace.report.table import Table
    from ecospace.space.buffer import BufferRule
    from ecospace.study import Study


def register(app: typer.Typer) -> None:
    """Declare the command."""

    @app.command(
        help=_(
            "Register of declared corridors: length, ground, make-up, gaps, clause; green width on the banks. "
            "Example: ecospace corridors kaiping"
        )
    )
    def corridors(
        folder: Annotated[Path, typer.Argument(help=_("Folder with a study.toml."))],
        output: Annotated[Path | None, typer.Option("--output", "-o", help=_("Folder for the results."))] = None,
        exits: Annotated[str, typer.Option("--exits", help=_("Layer of motorway exits to be greened."))] = "exits",
        exit_radius_m: Annotated[
            float | None, typer.Option("--exit-radius", help=_("Radius round an exit, metres; not guessed."))
        ] = None,
        rule: Annotated[str, typer.Option("--rule", help=_("Width rule for the banks: B01a, B02, B03, B07."))] = "B02",
        width_m: Annotated[
            float | None, typer.Option("--width", help=_("A width of your own instead of the rule's, metres."))
        ] = None,
        step_m: Annotated[float, typer.Option("--step", help=_("Distance of transects along a line, metres."))] = 100.0,
    ) -> None:
        from ecospace.study import open_study

        study = open_study(folder)
        asked = rule_named(rule, width_m)
        _register(study, output or study.folder / "outputs", exits, exit_radius_m, asked, step_m)


def rule_named(key: str, width_m: float | None) -> BufferRule:
    """A width rule by its id, with a width of the user's own; refused where it has none."""
    from ecospace.errors import UsageError
    from ecospace.space.buffer import buffer_rules

    if key not in buffer_rules():
        raise UsageError(
            "E-USE-85",
            _("{key!r} is not a width rule.").format(key=key),
            cure=_("Rules: {rules}.").format(rules=", ".join(buffer_rules())),
        )
    chosen = buffer_rules()[key] if width_m is None else buffer_rules()[key].wide(width_m)
    chosen.widths_m()
    return chosen


def declared(study: Study, exits: str, exit_radius_m: float | None) -> GeoDataFrame:
    """All corridors that the study declares, and its exits as points, indexed by layer and id."""
    import geopandas as gpd
    import pandas as pd

    from ecospace.errors import StudyError
    from ecospace.terms import standard

    frames = []
    for key in study.keys("corridor"):
        frame = study.frame(key)
        frames.append(frame.set_axis([f"{key}/{code}" for code in frame.index]))
    if not frames:
        raise StudyError(
            "E-STUDY-75",
            _("the study declares no corridors, so there is nothing to register."),
            cure=_('Add a layer with role = "corridor"; modelled ones: ecospace connectivity.'),
            file=study.folder / "study.toml",
        )
    if exits in study.entries:
        points = study.frame(exits)
        diameter = None if exit_radius_m is None else 2 * exit_radius_m
        named = points.assign(kind=_("Greening at an exit"), width_m=diameter, clause="C03", status=_("planned"))
        frames.append(named.set_axis([f"{exits}/{code}" for code in points.index]))
    wanted = ["name", "alias", "kind", "status", "clause", "width_m", "geometry"]
    parts = [frame[[column for column in wanted if column in frame]].astype({}) for frame in frames]
    found = gpd.GeoDataFrame(pd.concat(parts), geometry="geometry", crs=study.crs.crs)
    # The clauses that are shipped are those of one plan: under another, the same key would put foreign words beside a name.
    return found if study.settings.get("indicators") == standard("rules/corridors")["plan"] else found.assign(clause="")


def _register(
    study: Study, target: Path, exits: str, exit_radius_m: float | None, rule: BufferRule, step_m: float
) -> None:
    from ecospace.maps.save import save_figure
    from ecospace.measure.corridors import corridor_register
    from ecospace.measure.study_land import land_of
    from ecospace.report.connectivity_outputs import save_results
    from ecospace.report.corridor_tables import gaps_table, makeup_table, register_table, status_table

    lines = next(iter(study.keys("eco_redline")), None)
    land = land_of(study)
    found = corridor_register(
        declared(study, exits, exit_radius_m), land, study.boundary,
        redline=study.frame(lines) if lines else None, step_m=step_m,
    )  # fmt: skip
    tables = [register_table(found), status_table(found), makeup_table(found), gaps_table(found)]
    bank_tables, failing = _banks(study, land, rule, step_m)
    source = study.title_of(study.keys("corridor")[0])
    tables = [table.sourced(source).noted(study.notice) for table in [*tables, *bank_tables]]
    _say(study, found)
    layers = {"corridors": _with_ground(found), "axes": found.axes, "gaps": found.gaps, "too_narrow": failing}
    layers = {name: frame for name, frame in layers.items() if frame is not None and len(frame)}
    findings = [*study.findings(), *found.findings]
    choices = {
        _("Transects (m)"): step_m,
        _("Width rule"): f"{rule.key} {rule.label}",
        _("Radius round an exit (m)"): "—" if exit_radius_m is None else exit_radius_m,
    }
    paths = save_results(study, "corridors", target, tables, layers, findings, choices)
    figure = corridor_figure(study, found)
    paths.append(save_figure(figure, target / "figures" / "corridor-register.png"))
    from ecospace.console import console

    for path in paths:
        console().print(f"→ {path}", markup=False, soft_wrap=True)


def _banks(
    study: Study, land: GeoDataFrame, rule: BufferRule, step_m: float
) -> tuple[Sequence[Table], GeoDataFrame | None]:
    """Green width along the study's rivers, where it has both rivers and water polygons."""
    from ecospace.measure.corridors import bank_widths
    from ecospace.measure.study_land import lines_of
    from ecospace.report.corridor_tables import failing_table, widths_table
    from ecospace.terms import standard

    rivers, waters = lines_of(study, "river"), lines_of(study, "water")
    if rivers is None or waters is None or "name" not in rivers:
        return [], None
    green = land[land["group"].isin(standard("rules/corridors")["land"]["green"])]
    widths, failing = bank_widths(rivers, waters, green, rule.widths_m()[0], step_m=step_m)
    return [widths_table(widths, rule), failing_table(failing, rule)], failing


def _with_ground(found: Register) -> GeoDataFrame:
    known = found.corridors[found.corridors["area_m2"].notna()]
    return known.rename_axis("corridor").reset_index()


def corridor_figure(study: Study, found: Register) -> PlanFigure:
    """The sheet with every corridor by its number in the register; names and clauses stand beside it."""
    import shapely

    from ecospace.maps.figure import plan_figure
    from ecospace.maps.maplayer import MapLayer
    from ecospace.report.corridor_tables import clause_lines

    numbers = [str(number) for number in range(1, len(found.axes) + 1)]
    axes = found.axes.assign(shown=numbers)
    dimension = shapely.get_dimensions(axes.geometry.to_numpy())
    ground = found.corridors[found.corridors["area_m2"].notna()].join(axes["shown"])
    belts = ground[dimension[found.corridors["area_m2"].notna().to_numpy()] == 2]
    layers = [
        MapLayer(ground, "corridor"),
        MapLayer(axes[dimension == 1], "corridor_line", label="shown"),
        MapLayer(belts, "corridor", label="shown", title=_("Isolation belts")),
        MapLayer(found.gaps, "gap", title=_("Gaps of the corridors")),
        MapLayer(axes[dimension == 0], "point", title=_("Greening at an exit"), label="shown"),
    ]
    return plan_figure(
        [layer for layer in layers if len(layer.frame)], boundary=study.boundary,
        title=_("{study}: ecological corridors and their clauses").format(study=study.title),
        source=study.title_of(study.keys("corridor")[0]), note=clause_lines(found), paper="A2",
        demonstration=bool(study.settings.get("demonstration")),
    )  # fmt: skip


def headline(study: Study, found: Register) -> str:
    """The answer in one sentence that can be pasted."""
    from ecospace.measure.corridors import built_rate

    return _(
        "{title}: {count} corridors on {area:.2f} ha, {length:.2f} km of them with a length, {built:.2%} built; "
        "{gaps} gaps of {gap:.2f} km in all."
    ).format(
        title=study.title, count=len(found.corridors), area=found.union_m2 / 10_000,
        length=found.corridors["length_m"].sum() / 1000, built=built_rate(found).attrs["built_share"],
        gaps=len(found.gaps), gap=found.gaps["length_m"].sum() / 1000,
    )  # fmt: skip


def _say(study: Study, found: Register) -> None:
    from ecospace.console import console
    from ecospace.measure.corridors import missing_names
    from ecospace.report.corridor_tables import register_table

    out = console()
    out.print(headline(study, found), style="bold", markup=False)
    out.print(register_table(found, brief=True).noted(study.notice))
    for key, names in missing_names(found).items():
        text = _("The clause {key} names {names}; no row of the register bears the name.")
        out.print(text.format(key=key, names=_("; ").join(names)), style="yellow", markup=False)
    for finding in found.findings:
        out.print(f"{_('Note')}: {finding.text} {finding.cure}".rstrip(), style="yellow", markup=False)
