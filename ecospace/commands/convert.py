"""ecospace convert: a layer in another format, read with everything that is wrong with it and read back after writing."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ecospace.commands.alone import read_alone
from ecospace.language import _

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

    from ecospace.findings import Finding


def register(app: typer.Typer) -> None:
    """Declare the command."""

    @app.command(
        help=_("Write a layer in another format, compared after writing. Example: ecospace convert site.txt site.xlsx")
    )
    def convert(
        source: Annotated[Path, typer.Argument(help=_("The file to read: TXT, Excel, CSV, KML, DXF, Shapefile …"))],
        target: Annotated[
            Path, typer.Argument(help=_("The file to write: .gpkg .shp .geojson .parquet .fgb .kml .txt .xlsx .csv"))
        ],
        layer: Annotated[str | None, typer.Option(help=_("The layer inside a file that has several."))] = None,
        crs: Annotated[str | None, typer.Option(help=_("Only where the file does not settle it: EPSG:4526"))] = None,
        to: Annotated[str | None, typer.Option(help=_("The coordinate system to write in: EPSG:4490"))] = None,
        swap: Annotated[bool, typer.Option("--swap", help=_("The file has north where east should stand."))] = False,
        points: Annotated[
            str | None, typer.Option(metavar="boundary|separate", help=_("What the rows of a table of points are."))
        ] = None,
    ) -> None:
        from ecospace.layers.write import write_layer

        read = read_alone(source, layer=layer, crs=crs, swap=swap or None, points=points)
        by_points = target.suffix.lower() in (".txt", ".xlsx", ".csv")
        # Boundary points keep their number: only their coordinates change. Other layers are densified first.
        options = {"crs": to} if by_points and to else {}
        frame = read.frame if by_points or to is None else brought_to(read.frame, to)
        written = write_layer(frame, target, **options)
        show([*read.findings, *written.findings])
        typer.echo(
            _("{file}: {count} features, {hectares:.4f} ha on the ellipsoid.").format(
                file=written.path, count=written.features, hectares=hectares(read.frame)
            )
        )


def brought_to(frame: GeoDataFrame, crs: str) -> GeoDataFrame:
    """The frame in the CRS that a user names."""
    from pyproj import CRS
    from pyproj.exceptions import CRSError as Unknown

    from ecospace.crs import brought
    from ecospace.errors import UsageError

    try:
        wanted = CRS.from_user_input(crs)
    except Unknown as error:
        raise UsageError(
            "E-USE-43",
            _("{crs} is not a coordinate system.").format(crs=crs),
            cure=_("Write e.g. EPSG:4490, or EPSG:4526 for zone 38."),
        ) from error
    return brought(frame, wanted)


def hectares(frame: GeoDataFrame) -> float:
    """The ellipsoidal area of all shapes of a layer."""
    from ecospace.crs import geodesic_area

    areas = frame.geometry[frame.geom_type.isin(["Polygon", "MultiPolygon"])]
    return sum(geodesic_area(shape, frame.crs) for shape in areas) / 10_000


def show(findings: Iterable[Finding]) -> None:
    """Print what a planner has to know before the file goes on."""
    for finding in findings:
        if finding.level != "note":
            typer.echo(f"[{finding.code}] {finding.text} {finding.cure}".rstrip(), err=True)
