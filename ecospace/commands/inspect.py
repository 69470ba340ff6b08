"""ecospace inspect: what is wrong with the files of a folder, before anything is measured with them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ecospace.files import results_folder
from ecospace.language import _

if TYPE_CHECKING:
    from ecospace.layers.inspect import LayerReport


def register(app: typer.Typer) -> None:
    """Declare the command."""

    @app.command(
        help=_("Say what is wrong with the layers of a folder, a study or a file. Example: ecospace inspect my-county")
    )
    def inspect(
        path: Annotated[Path, typer.Argument(help=_("Folder, study or file."))],
        output: Annotated[
            Path | None, typer.Option("--output", "-o", help=_("Folder for the page and the map of faulty places."))
        ] = None,
    ) -> None:
        from ecospace.console import console
        from ecospace.layers.inspect import inspect as inspected
        from ecospace.layers.inspect_page import facts_line, marks, remarks

        inspection = inspected(path)
        inspection = replace(inspection, layers=(*study_report(path), *inspection.layers))
        out = console()
        out.print(inspection.headline, style="bold", markup=False)
        colours = {"ok": "green", "warning": "yellow", "error": "red", "note": "dim"}
        for report in inspection.layers:
            out.print()
            out.print(f"{report.key}: {marks()[report.grade]}", style=colours[report.grade], markup=False)
            out.print(f"  {facts_line(report)}", markup=False)
            for finding in remarks(report):
                line = f"  [{finding.code}] {finding.text}"
                out.print(line, style=colours[finding.level], markup=False)
                if finding.cure and finding.level != "note":
                    out.print(f"    → {finding.cure}", markup=False)
        out.print()
        base = path if path.is_dir() and path.suffix.lower() != ".gdb" else path.parent
        for written in inspection.save(results_folder(output, base / "outputs")):
            out.print(f"→ {written}", markup=False, soft_wrap=True)
        raise typer.Exit(10 if any(report.grade == "error" for report in inspection.layers) else 0)


def study_report(path: Path) -> Iterator[LayerReport]:
    """What a run or a check would refuse in the study.toml itself; nothing where it is in order."""
    from ecospace.check.settings import check_settings
    from ecospace.errors import StudyError
    from ecospace.findings import Finding
    from ecospace.layers.inspect import LayerReport
    from ecospace.study import open_study

    toml = path if path.suffix == ".toml" else path / "study.toml"
    if not toml.is_file():
        return
    try:
        study = open_study(path)
        verified_absent = check_settings(study).none
    except StudyError as error:
        yield LayerReport(toml.name, "", toml.name, "", error)
        return
    both = [role for role in verified_absent if study.keys(role)]
    if both:
        yield LayerReport(toml.name, "", toml.name, "", None, (Finding(
            "F-DATA-49", "warning",
            _("[check] none says that there is no {roles}, but the study has layers of it; the check uses the layers.").format(
                roles=", ".join(both)),
            cure=_("Take it out of none, or take the layer out of study.toml."), count=len(both)),))  # fmt: skip
