"""ecospace corridors: the register of declared corridors, their gaps, and the green width on the banks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ecospace.files import results_folder
from ecospace.language import _

if TYPE_CHECKING:
    from collections.abc import Sequence

    from geopandas import GeoDataFrame

    from ecospace.measure.corridors import Register
    from ecospace.measure.rule_widths import RuleWidths
    from ecospace.space.buffer import BufferRule
    from ecospace.study import Study


#: The rules of the plan that are about rivers and roads in general; more by --rule.
DEFAULT_RULES = ("B02", "B05")


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
            float | None, typer.Option("--exit-radius", min=0, help=_("Radius round an exit, metres; not guessed."))
        ] = None,
        rule: Annotated[
            list[str] | None,
            typer.Option(
                "--rule",
                help=_(
                    "Width rules to hold against rivers, shores, roads: B01a, B01b, B02, B03, B05, B07. Default: B02, B05."
                ),
            ),
        ] = None,
        width_m: Annotated[
            float | None,
            typer.Option("--width", help=_("A width of your own instead of the rule's, metres; with one rule.")),
        ] = None,
        step_m: Annotated[
            float,
            typer.Option("--step", min=0.1, help=_("Length of line across which one looks in one direction, metres.")),
        ] = 100.0,
    ) -> None:
        from ecospace.study import open_study

        study = open_study(folder)
        asked = rules_named(rule or DEFAULT_RULES, width_m)
        _register(study, results_folder(output, study.folder / "outputs"), exits, exit_radius_m, asked, step_m)


def rules_named(keys: Sequence[str], width_m: float | None) -> list[BufferRule]:
    """Width rules by their ids, with a width of the user's own; refused where one has none or is no width of ground."""
    from ecospace.errors import UsageError
    from ecospace.space.buffer import buffer_rules

    known = {key: rule for key, rule in buffer_rules().items() if rule.measures}
    for key in keys:
        if key not in known:
            raise UsageError(
                "E-USE-85",
                _("{key!r} is no rule on a width of green or open ground.").format(key=key),
                cure=_("Rules: {rules}.").format(rules=", ".join(known)),
            )
    if width_m is not None and len(keys) != 1:
        raise UsageError(
            "E-USE-86",
            _("one width cannot stand for {count} rules.").format(count=len(keys)),
            cure=_("Name one: --rule B07 --width 30."),
        )
    chosen = [known[key] if width_m is None else known[key].wide(width_m) for key in dict.fromkeys(keys)]
    for rule in chosen:
        rule.widths_m()
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
    wanted = ["name", "alias", "kind", "status", "clause", "width_m", "start_m", "end_m", "reversed", "geometry"]
    parts = [frame[[column for column in wanted if column in frame]].astype({}) for frame in frames]
    found = gpd.GeoDataFrame(pd.concat(parts), geometry="geometry", crs=study.crs.crs)
    # The clauses that are shipped are those of one plan: under another, the same key would put foreign words beside a name.
    return found if study.settings.get("indicators") == standard("rules/corridors")["plan"] else found.assign(clause="")


def _register(
    study: Study, target: Path, exits: str, exit_radius_m: float | None, rules: Sequence[BufferRule], step_m: float
) -> None:
    from ecospace.maps.save import save_figure
    from ecospace.measure.corridors import corridor_register
    from ecospace.measure.study_land import land_of
    from ecospace.report.connectivity_outputs import save_results
    from ecospace.report.corridor_maps import corridor_figure, widths_figure
    from ecospace.report.corridor_tables import (
        gaps_table,
        makeup_table,
        register_table,
        status_table,
        stretches_table,
        widths_table,
    )

    lines = next(iter(study.keys("eco_redline")), None)
    land = land_of(study) if study.keys("land_use") else None
    found = corridor_register(
        declared(study, exits, exit_radius_m), land, study.boundary,
        redline=study.frame(lines) if lines else None, step_m=step_m,
    )  # fmt: skip
    tables = [register_table(found), status_table(found), makeup_table(found), gaps_table(found)]
    held = held_against(study, rules, land, step_m)
    for result in held:
        tables += [widths_table(result), stretches_table(result, failing=True), stretches_table(result, failing=False)]
    source = study.title_of(study.keys("corridor")[0])
    tables = [table.sourced(source).noted(study.notice) for table in tables]
    _say(study, found, held)
    layers = {"corridors": _with_ground(found), "axes": found.axes, "gaps": found.gaps}
    layers |= {f"widths_{result.rule.key}": result.stretches for result in held}
    layers = {name: frame for name, frame in layers.items() if len(frame)}
    findings = [*study.findings(), *found.findings]
    choices = {
        _("Steps of the line (m)"): step_m,
        _("Width rules"): "; ".join(f"{rule.key} {rule.label}" for rule in rules),
        _("Radius round an exit (m)"): "—" if exit_radius_m is None else exit_radius_m,
    }
    paths = save_results(study, "corridors", target, tables, layers, findings, choices)
    paths.append(save_figure(corridor_figure(study, found), target / "figures" / "corridor-register.png"))
    for result in held:
        paths.append(save_figure(widths_figure(study, result), target / "figures" / f"widths-{result.rule.key}.png"))
    from ecospace.console import console

    for path in paths:
        console().print(f"→ {path}", markup=False, soft_wrap=True)


def rule_lines(study: Study, rule: BufferRule, land: GeoDataFrame | None) -> tuple[GeoDataFrame, GeoDataFrame | None]:
    """The lines or polygons of a study that a width rule is about, and the polygons from whose edge one measures; empty where it has none."""
    import geopandas as gpd
    import pandas as pd

    from ecospace.measure.rule_widths import standing_water
    from ecospace.measure.study_land import lines_of
    from ecospace.terms import standard

    waters = lines_of(study, "water")
    banks = waters if rule.start == "bank" else None
    if rule.feature == "road":
        lines = lines_of(study, "road")
        if lines is not None and rule.classes:
            kinds = lines["kind"].astype(str) if "kind" in lines else lines.index.to_series().map(lambda _row: "")
            lines = lines[kinds.map(lambda kind: any(word in kind for word in rule.classes)).to_numpy(dtype=bool)]
        if land is not None:
            banks = land[land["group"].isin(standard("rules/corridors")["land"]["roadway"])]
    else:
        lines = lines_of(study, "river" if rule.feature == "water" else rule.feature)
    frames = [] if lines is None else [lines]
    if rule.feature == "water" and waters is not None:
        # Standing water has no line: its shore is measured. What a river runs through is measured along the river.
        frames.append(standing_water(waters, lines))
    named = [
        frame.assign(name=frame["name"].astype(str) if "name" in frame else frame.index.astype(str)) for frame in frames
    ]
    columns = ["name", "start_m", "reversed", "geometry"]
    parts = [frame[[column for column in columns if column in frame]] for frame in named if len(frame)]
    if not parts:
        return gpd.GeoDataFrame({"name": []}, geometry=[], crs=study.crs.crs), banks
    return gpd.GeoDataFrame(pd.concat(parts, ignore_index=True), geometry="geometry", crs=study.crs.crs), banks


def held_against(
    study: Study, rules: Sequence[BufferRule], land: GeoDataFrame | None, step_m: float
) -> list[RuleWidths]:
    """What the rules say of the study's rivers, shores and roads; rules for which it has no line are left out."""
    from ecospace.measure.rule_widths import rule_widths

    key = next(iter(study.keys("land_use")), None)
    system = str(study.entries[key].get("code_system", "")) if key else ""
    found = []
    for rule in rules:
        lines, banks = rule_lines(study, rule, land)
        if len(lines):
            found.append(rule_widths(rule, lines, land, system=system, banks=banks, step_m=step_m))
    return found


def _with_ground(found: Register) -> GeoDataFrame:
    known = found.corridors[found.corridors["area_m2"].notna()]
    return known.rename_axis("corridor").reset_index()


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


def _say(study: Study, found: Register, held: Sequence[RuleWidths]) -> None:
    from ecospace.console import console
    from ecospace.measure.corridors import missing_names
    from ecospace.report.corridor_tables import register_table, rule_line

    out = console()
    out.print(headline(study, found), style="bold", markup=False)
    for result in held:
        out.print(rule_line(result), markup=False)
    out.print(register_table(found, brief=True).noted(study.notice))
    for key, names in missing_names(found).items():
        text = _("The clause {key} names {names}; no row of the register bears the name.")
        out.print(text.format(key=key, names=_("; ").join(names)), style="yellow", markup=False)
    for finding in found.findings:
        out.print(f"{_('Note')}: {finding.text} {finding.cure}".rstrip(), style="yellow", markup=False)
