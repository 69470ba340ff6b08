"""ecospace deliver: a layer in the exact form that a database standard asks for."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ecospace.commands.alone import read_alone
from ecospace.commands.convert import brought_to, hectares, show
from ecospace.language import _


def register(app: typer.Typer) -> None:
    """Declare the command."""
    example = _("Example: ecospace deliver redline.gpkg delivery.gdb --schema STBHHX --field MC=name")

    @app.command(
        help=_("Write a layer with the fields, types, widths and aliases of a schema, read back and compared.")
        + " "
        + example
    )
    def deliver(
        source: Annotated[Path, typer.Argument(help=_("The file to read."))],
        target: Annotated[Path, typer.Argument(help=_("The delivery: .gdb, .gpkg or .shp"))],
        schema: Annotated[str, typer.Option(help=_("DLTB, STBHHX, or a .toml file of your own."))],
        field: Annotated[
            list[str] | None, typer.Option(metavar="FIELD=COLUMN", help=_("Which column a field is; may be repeated."))
        ] = None,
        layer: Annotated[str | None, typer.Option(help=_("The layer inside a file that has several."))] = None,
        crs: Annotated[str | None, typer.Option(help=_("Only where the file does not settle it: EPSG:4526"))] = None,
        to: Annotated[str | None, typer.Option(help=_("The coordinate system to write in: EPSG:4490"))] = None,
    ) -> None:
        from ecospace.errors import UsageError
        from ecospace.layers.deliver import deliver as delivered

        columns = dict(pair.split("=", 1) for pair in field or [] if "=" in pair)
        if len(columns) != len(field or []):
            raise UsageError(
                "E-USE-44",
                _("a field is given as FIELD=COLUMN, each once."),
                cure=_("For example: --field MC=name"),
            )
        read = read_alone(source, layer=layer, crs=crs)
        frame = read.frame if to is None else brought_to(read.frame, to)
        written = delivered({schema: frame}, target, columns={schema: columns})
        show([*read.findings, *written.findings])
        typer.echo(
            _("{file}: {count} features, {hectares:.4f} ha on the ellipsoid.").format(
                file=written.path, count=written.features, hectares=hectares(read.frame)
            )
        )
