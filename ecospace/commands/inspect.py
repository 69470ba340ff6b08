"""ecospace inspect: what is wrong with the files of a folder, before anything is measured with them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ecospace.language import _


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
        for written in inspection.save(output or base / "outputs"):
            out.print(f"→ {written}", markup=False, soft_wrap=True)
        raise typer.Exit(10 if any(report.grade == "error" for report in inspection.layers) else 0)
