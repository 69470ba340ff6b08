"""ecospace demo: the demonstration study, generated where it is absent, and run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ecospace.errors import UsageError
from ecospace.language import _


def register(app: typer.Typer) -> None:
    """Declare the command."""

    @app.command(
        help=_(
            "Generate the demonstration study of Kaiping (synthetic layers) and run it. Example: ecospace demo kaiping"
        )
    )
    def demo(
        folder: Annotated[Path, typer.Argument(help=_("Folder for the study; made where it is absent."))] = Path(
            "kaiping"
        ),
        seed: Annotated[
            int | None, typer.Option("--seed", help=_("Another seed gives other layers and the same shares."))
        ] = None,
        again: Annotated[bool, typer.Option("--again", help=_("Generate anew over an earlier demonstration."))] = False,
    ) -> None:
        from ecospace.commands.run import run_folder
        from ecospace.study import open_study

        generate(folder, seed, again=again)
        raise typer.Exit(run_folder(open_study(folder)))


def generate(folder: Path, seed: int | None, *, again: bool = False) -> None:
    """Make the study where it is absent; a folder that holds something else is never written into.

    Raises
    ------
    UsageError
        E-USE-90: the folder holds other files. E-USE-91: a demonstration of another seed is there.
    """
    from ecospace.console import console
    from ecospace.demo.make import SEED, make_kaiping

    there = demonstration_seed(folder)
    if there is None and folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(
            "E-USE-90",
            _("{folder} is not empty and holds no demonstration; nothing was written into it.").format(folder=folder),
            cure=_("Name another folder: ecospace demo kaiping-demo"),
        )
    if there is not None and not again:
        if seed is not None and seed != there:
            raise UsageError(
                "E-USE-91",
                _("{folder} holds the demonstration of seed {there}, not of {seed}.").format(
                    folder=folder, there=there, seed=seed
                ),
                cure=_("Name another folder, or replace it: ecospace demo {folder} --seed {seed} --again").format(
                    folder=folder, seed=seed
                ),
            )
        return
    chosen = seed if seed is not None else there if there is not None else SEED
    console().print(
        _("Generating synthetic layers for Kaiping, seed {seed}: about half a minute …").format(seed=chosen),
        markup=False,
    )
    make_kaiping(folder, chosen)


def demonstration_seed(folder: Path) -> int | None:
    """The seed of the demonstration in a folder, None where there is none."""
    import tomllib

    try:
        settings = tomllib.loads((folder / "study.toml").read_text(encoding="utf-8")).get("study", {})
    except (OSError, ValueError):
        return None
    return int(settings["seed"]) if settings.get("demonstration") and "seed" in settings else None
