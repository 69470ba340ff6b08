"""ecospace run: everything that the layers of a study allow."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ecospace.files import results_folder
from ecospace.language import _

if TYPE_CHECKING:
    from ecospace.run import Results
    from ecospace.study import Study


def register(app: typer.Typer) -> None:
    """Declare the command."""

    @app.command(
        help=_("Measure everything that a study's layers allow, into its folder outputs. Example: ecospace run kaiping")
    )
    def run(
        folder: Annotated[Path, typer.Argument(help=_("Folder with a study.toml."))],
        output: Annotated[Path | None, typer.Option("--output", "-o", help=_("Folder for the results."))] = None,
    ) -> None:
        from ecospace.study import open_study

        raise typer.Exit(run_folder(open_study(folder), output))


def run_folder(study: Study, output: Path | None = None) -> int:
    """Run a study, print its indicators, write its outputs.

    Returns
    -------
    int
        0, or 10 where a layer had to be left out.
    """
    from ecospace.console import console
    from ecospace.report.outputs import save_outputs
    from ecospace.report.study_tables import indicators_table, kinds_table
    from ecospace.run import run_study

    target = results_folder(output, study.folder / "outputs")
    results = run_study(study)
    out = console()
    out.print(headline(results), style="bold", markup=False)
    out.print()
    out.print(indicators_table(results))
    first = next(iter(results.coverages.values()), None)
    if first is not None:
        out.print(kinds_table(results, first))
    for key, error in results.errors.items():
        out.print(f"{_('Left out')}: {key}: {error}", style="red", markup=False)
    # The errors first; the order of a level is that of the run.
    warnings = sorted(
        (found for found in results.findings if found.level != "note"), key=lambda found: found.level != "error"
    )
    for finding in warnings[:12]:
        head = ": ".join(part for part in (_("Note"), finding.layer) if part)
        style = "red" if finding.level == "error" else "yellow"
        out.print(f"{head}: {finding.text} {finding.cure}".rstrip(), style=style, markup=False)
    if len(warnings) > 12:
        out.print(_("… and {count} more in manifest.json").format(count=len(warnings) - 12), markup=False)
    for path in save_outputs(results, target):
        out.print(f"→ {path}", markup=False, soft_wrap=True)
    return 10 if results.errors else 0


def headline(results: Results) -> str:
    """The answer in one sentence that can be pasted."""
    parts = []
    for row in results.indicators.to_dict(orient="records"):
        if row["share_most"] is not None and row["share_most"] == row["share_most"]:
            parts.append(_("{name} between {least:.2f}% and {most:.2f}%").format(
                name=row["name"], least=row["share"] * 100, most=row["share_most"] * 100))  # fmt: skip
        elif row["share"] is not None and row["share"] == row["share"]:
            parts.append(_("{name} {share:.2f}% ({area:.2f} ha)").format(
                name=row["name"], share=row["share"] * 100, area=row["area_m2"] / 1e4))  # fmt: skip
        else:
            parts.append(f"{row['name']} {row['status']}")
    study = results.study
    return _("{title}: {parts}.").format(title=study.title, parts=_("; ").join(parts))
