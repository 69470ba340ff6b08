"""ecospace check: may it be built here?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ecospace.language import _, current

if TYPE_CHECKING:
    from ecospace.check.result import SiteResult
    from ecospace.check.site import Site
    from ecospace.check.verdict import Verdict

#: Names of devices that Windows takes for no file.
RESERVED = {"CON", "PRN", "AUX", "NUL", *(f"{port}{number}" for port in ("COM", "LPT") for number in range(1, 10))}


def register(app: typer.Typer) -> None:
    """Declare the commands."""
    example = _("Example: ecospace check site.txt --study kaiping --activity road --polluting no -o report")

    @app.command(
        help=_("Check project sites against every control layer: overlaps, distances, clauses, procedure.")
        + " "
        + example,
        epilog=_(
            "Exit status: 0 every site is not concerned by anything; 10 findings: an overlap, a shared boundary, or a site that "
            "is clear only within the accuracy of the data; 11 something cannot be judged and nothing is worse; 2 wrong usage "
            "or a site file that cannot be read; 1 a fault of the program. Only 0 may be taken as clear."
        ),
    )
    def check(
        sites: Annotated[
            list[Path] | None, typer.Argument(help=_("Files with sites: TXT, DXF, KML, Shapefile, table …"))
        ] = None,
        study: Annotated[Path, typer.Option("--study", "-s", help=_("Folder with a study.toml."))] = Path(),
        activity: Annotated[str | None, typer.Option(help=_("What is to be built; a code, see --activities."))] = None,
        polluting: Annotated[
            str | None, typer.Option(metavar="yes|no", help=_("Whether it discharges pollutants."))
        ] = None,
        width: Annotated[float | None, typer.Option(help=_("Full width of the corridor of lines, metres."))] = None,
        radius: Annotated[float | None, typer.Option(help=_("Radius around points, metres; may be 0."))] = None,
        crs: Annotated[str | None, typer.Option(help=_("Only where a file does not settle it: EPSG:4526"))] = None,
        layer: Annotated[str | None, typer.Option(help=_("The layer inside a file that has several."))] = None,
        swap: Annotated[bool, typer.Option("--swap", help=_("The file has north where east should stand."))] = False,
        points: Annotated[
            str | None, typer.Option(metavar="boundary|separate", help=_("What the rows of a table of points are."))
        ] = None,
        on: Annotated[
            str | None, typer.Option(metavar="YYYY-MM-DD", help=_("Day of the check; today if not given."))
        ] = None,
        output: Annotated[
            Path | None,
            typer.Option(
                "--output", "-o", help=_("Folder for Word, Excel, GeoPackage and JSON, or one file by suffix.")
            ),
        ] = None,
        activities: Annotated[
            bool, typer.Option("--activities", help=_("List the codes of activities and stop."))
        ] = False,
    ) -> None:
        if activities or not sites:
            _list_activities(activities)
            raise typer.Exit(0 if activities else 2)
        results = check_files(
            sites,
            study,
            on=on,
            polluting=polluting,
            activity=activity,
            width_m=width,
            radius_m=radius,
            crs=crs,
            layer=layer,
            swap=swap or None,
            points=points,
        )
        _say(results)
        for path in write_outputs(results, output, study):
            typer.echo(f"→ {path}")
        from ecospace.check.result import exit_status

        raise typer.Exit(exit_status(results))

    @app.command(
        help=_("Where the three lines, or two zonings, claim the same ground.")
        + " "
        + _("Example: ecospace conflicts kaiping")
    )
    def conflicts(
        folder: Annotated[Path, typer.Argument(help=_("Folder with a study.toml."))],
        layers: Annotated[
            list[str] | None, typer.Option("--layer", help=_("Keys or roles; the three lines if not given."))
        ] = None,
        output: Annotated[Path | None, typer.Option("--output", "-o", help=_("A file .xlsx, .csv or .json."))] = None,
    ) -> None:
        from ecospace.check.conflicts import line_conflicts
        from ecospace.report.conflict_table import conflict_table
        from ecospace.study import open_study

        opened = open_study(folder)
        table = conflict_table(line_conflicts(opened, tuple(layers or ())), opened)
        typer.echo(table.to_text())
        if output is not None:
            typer.echo(f"→ {table.save(output)}")
        raise typer.Exit(10 if len(table.frame) else 0)


def check_files(
    sites: list[Path], study: Path, *, polluting: str | None = None, on: str | None = None, **how: Any
) -> list[SiteResult]:
    """Read the sites of some files and check them against the study of a folder; `how` is that of `read_sites`."""
    from datetime import date

    from ecospace.check.checker import Checker
    from ecospace.check.site import yes_or_no
    from ecospace.errors import UsageError
    from ecospace.study import open_study

    try:
        day = date.fromisoformat(on) if on else None
    except ValueError as error:
        raise UsageError(
            "E-USE-56", _("--on {text}: that is no day.").format(text=on), cure=_("Write it so: --on 2026-06-30")
        ) from error
    if not (study / "study.toml").exists():
        raise UsageError(
            "E-USE-58",
            _("the folder {folder} is no study, so there is nothing to check the site against.").format(folder=study),
            cure=_("Name the folder that has the study.toml: --study FOLDER"),
        )
    checker = Checker(open_study(study), on=day)
    return checker.check(_read_all(sites, polluting=yes_or_no(polluting), **how))


def _read_all(paths: list[Path], **how: Any) -> list[Site]:
    """The sites of all files; where some cannot be read all of these are named, and nothing is judged."""
    from ecospace.check.site import read_sites
    from ecospace.commands.alone import typed
    from ecospace.errors import EcospaceError, ReadError

    sites, unread = [], []
    for path in paths:
        try:
            with typed():
                sites += read_sites(path, **how)
        except EcospaceError as error:
            unread.append(error)
    if len(unread) > 1:
        raise ReadError(
            "E-READ-97",
            _("{count} of {all} files cannot be used, and no site was judged:").format(
                count=len(unread), all=len(paths)
            )
            + "".join(f"\n  {error}" for error in unread),
            cure=_("Mend them, or leave them out of the command."),
        )
    if unread:
        raise unread[0]
    return sites


def write_outputs(results: list[SiteResult], output: Path | None, study: Path) -> list[Path]:
    """Write what was asked for: one file by its suffix, or the whole set into a folder."""
    if output is None:
        return []
    from ecospace.check.result import write_json, write_pieces

    suffix = output.suffix.lower()
    if suffix == ".json":
        return [write_json(results, output)]
    if suffix == ".gpkg":
        return [write_pieces(results, output)]
    from ecospace.report.site_report import save_site_report
    from ecospace.report.site_workbook import save_site_workbook
    from ecospace.study import open_study

    if suffix == ".xlsx":
        return [save_site_workbook(results, output)]
    if suffix == ".docx":
        return [save_site_report(results, output, study=open_study(study))]
    output.mkdir(parents=True, exist_ok=True)
    opened = open_study(study)
    names = file_names(results)
    reports = [
        save_site_report([one], output / f"{name}.docx", study=opened) for one, name in zip(results, names, strict=True)
    ]
    return [
        *reports,
        save_site_workbook(results, output / _("site_check.xlsx")),
        write_pieces(results, output / _("overlaps.gpkg")),
        write_json(results, output / "site-check.json"),
    ]


def file_names(results: list[SiteResult]) -> list[str]:
    """A name for the file of each site: number and name without what file systems refuse, and no name twice."""
    taken: dict[str, int] = {}
    names = []
    for result in results:
        text = "-".join(dict.fromkeys(part for part in (result.site.id, result.site.name) if part))
        clean = (
            "".join(sign if sign.isalnum() or sign in "-_（）()·" else "_" for sign in text).strip("_.")[:60] or "site"
        )
        # Windows knows no file CON or NUL, and takes upper and lower case for the same.
        clean = f"{clean}_" if clean.upper() in RESERVED else clean
        taken[clean.lower()] = taken.get(clean.lower(), 0) + 1
        names.append(clean if taken[clean.lower()] == 1 else f"{clean}-{taken[clean.lower()]}")
    return names


def _say(results: list[SiteResult]) -> None:
    """First the sentence that can be pasted; for one site, the verdicts below, the worst first."""
    for result in results:
        typer.echo(result.sentence)
    if len(results) > 1:
        return
    from ecospace.check.controls import joined
    from ecospace.check.sentences import undecided_alike
    from ecospace.terms import label

    [result] = results
    alike = undecided_alike(result)
    for verdict in result.findings:
        if verdict not in alike:
            _say_verdict(verdict)
    if alike:
        typer.echo("  " + _("For the same reason not judged: {kinds}").format(kinds=joined(v.subject for v in alike)))
    clear = [verdict for verdict in result.verdicts if verdict not in result.findings]
    for verdict in clear:
        if verdict.layers:
            _say_verdict(verdict)
    absent = [verdict.subject for verdict in clear if not verdict.layers]
    if absent:
        typer.echo("  " + _("By the study's settings the area has none of: {kinds}").format(kinds=joined(absent)))
    judged = {verdict.subject for verdict in result.verdicts}
    unasked = [label(role) for role in result.study["missing"] if label(role) not in judged]
    if unasked:
        typer.echo("  " + _("No layer, so not looked at: {kinds}").format(kinds=joined(unasked)))
    for advice in _advice(result):
        typer.echo(advice)


def _say_verdict(verdict: Verdict) -> None:
    colon = "：" if current() == "zh" else ": "
    typer.echo(f"  [{verdict.level.label}] {verdict.subject}" + (f"{colon}{verdict.text}" if verdict.text else ""))
    if verdict.procedure:
        typer.echo("      " + _("needed: {papers}").format(papers=verdict.procedure))
    for remark in verdict.labels:
        typer.echo(f"      {remark}")


def _advice(result: SiteResult) -> list[str]:
    """What the planner has to add for a better answer."""
    from ecospace.check.verdict import Level

    if not any(verdict.level.rank < Level.UNDECIDED.rank for verdict in result.verdicts):
        return []
    said = []
    if result.site.activity is None:
        said.append(_("State what is to be built: --activity CODE (ecospace check --activities lists the codes)."))
    if result.site.polluting is None:
        said.append(_("State whether it discharges pollutants: --polluting yes or no."))
    return said


def _list_activities(wanted: bool) -> None:
    if not wanted:
        typer.echo(_("Name at least one file with sites; ecospace check --help shows how."), err=True)
        return
    from ecospace.check.activity import activities

    for item in activities().values():
        typer.echo(f"{item.code:<18} {item.said}")
