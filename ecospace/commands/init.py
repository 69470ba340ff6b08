"""ecospace init: look at the files of a folder and write a commented study.toml."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ecospace.language import _


def register(app: typer.Typer) -> None:
    """Declare the command."""

    @app.command(
        help=_("Look at the files of a folder and write a commented study.toml. Example: ecospace init my-county")
    )
    def init(
        folder: Annotated[Path, typer.Argument(help=_("Folder with layers."))],
        force: Annotated[bool, typer.Option("--force", help=_("Overwrite a study.toml that is there."))] = False,
    ) -> None:
        from ecospace.console import console
        from ecospace.errors import StudyError
        from ecospace.files import atomic
        from ecospace.layers.catalog import draft_study, look_at

        target = folder / "study.toml"
        if target.exists() and not force:
            raise StudyError("E-STUDY-10", _("{path} is there already.").format(path=target),
                             cure=_("Use --force to write it anew."), file=target)  # fmt: skip
        seen = look_at(folder)
        with atomic(target) as temporary:
            temporary.write_text(draft_study(folder, seen), encoding="utf-8")
        out = console()
        for item in seen:
            out.print(
                f"{item.path}{f' [{item.layer}]' if item.layer else ''}: {item.role or '?'}  {item.remark}",
                markup=False,
            )
        out.print(_("Wrote {path}. Read it through, then: ecospace inspect {folder}").format(path=target, folder=folder),
                  markup=False)  # fmt: skip
