"""Parcels as a drawing (DXF): closed polylines in metres, with their numbers as text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import shapely
from geopandas import GeoDataFrame
from pyproj import CRS

from ecospace.errors import WriteError
from ecospace.files import atomic
from ecospace.findings import Finding
from ecospace.language import _
from ecospace.layers.formats.dxf import read_dxf
from ecospace.layers.readback import Written

METRES = 6
#: Height of the numbers, as a share of the parcel's own size.
TEXT_SHARE = 0.05


def write_dxf(frame: GeoDataFrame, path: str | Path, *, label: str = "name", layer: str = "") -> Written:
    """Write areas and lines as polylines, and read them back.

    Parameters
    ----------
    frame : GeoDataFrame
        In a projected CRS in metres; areas and lines.
    path : str or Path
        Ends with .dxf.
    label : str
        The column written into each parcel, if there is one.
    layer : str
        The drawing's layer; the file's stem by default.

    Returns
    -------
    Written
        With the finding that a drawing carries no coordinate system.

    Raises
    ------
    WriteError
        E-WRITE-40, E-WRITE-43: the drawing does not read back the same; E-WRITE-50: degrees, or points.
    """
    from ezdxf.document import Drawing
    from ezdxf.filemanagement import new

    target = Path(path)
    crs = CRS.from_user_input(frame.crs)
    shapes = shapely.force_2d(frame.geometry.to_numpy())
    if crs.is_geographic or not np.isin(shapely.get_dimensions(shapes), (1, 2)).all():
        raise WriteError(
            "E-WRITE-50",
            _("a drawing holds areas and lines in metres; the layer is in {crs} or has other shapes.").format(
                crs=crs.name
            ),
            cure=_("Bring it into a 3-degree zone first: --to EPSG:4526 on the command line, for zone 38."),
            file=target,
        )
    drawing: Drawing = new("R2007", units=METRES)
    name = layer or target.stem
    # A file called 0.dxf: every drawing has a layer 0 of its own.
    if name not in drawing.layers:
        drawing.layers.add(name)
    drawing.styles.new("宋体", dxfattribs={"font": "simsun.ttc"})
    space = drawing.modelspace()
    texts = frame[label].tolist() if label in frame.columns else [""] * len(frame)
    outlines: list[Any] = []
    for shape, text in zip(shapes, texts, strict=True):
        for part in shapely.get_parts(shape):
            rings = [part.exterior, *part.interiors] if part.geom_type == "Polygon" else [part]
            for ring in rings:
                points = shapely.get_coordinates(ring)
                closed = part.geom_type == "Polygon"
                space.add_lwpolyline(points[: -1 if closed else None], close=closed, dxfattribs={"layer": name})
                outlines.append(shapely.Polygon(points) if closed else shapely.LineString(points))
        if isinstance(text, str) and text:
            place, size = shape.representative_point(), max(shapely.area(shape), 1.0) ** 0.5
            space.add_text(text, height=size * TEXT_SHARE, dxfattribs={"layer": name, "style": "宋体"}).set_placement(
                (place.x, place.y)
            )
    with atomic(target) as temporary:
        drawing.saveas(temporary, encoding="utf-8")
        again = read_dxf(temporary, unit="m").frame
        _require_same(np.array(outlines, dtype=object), again.geometry.to_numpy(), target)
    text = _("a drawing carries no coordinate system: say beside it that it is {crs}.").format(crs=crs.name)
    return Written(target, len(frame), (Finding("F-OUT-05", "warning", text, file=target.name),))


def _require_same(sent: np.ndarray[Any, Any], again: np.ndarray[Any, Any], target: Path) -> None:
    cure = _("The old file was left as it was; choose GeoPackage (.gpkg).")
    if len(sent) != len(again):
        text = _("{sent} features were written, {again} read back.").format(sent=len(sent), again=len(again))
        raise WriteError("E-WRITE-40", text, cure=cure, file=target)
    moved = [row for row, pair in enumerate(zip(sent, again, strict=True)) if not pair[0].equals_exact(pair[1], 1e-6)]
    if moved:
        raise WriteError("E-WRITE-43", _("a feature moved by writing."), cure=cure, file=target, features=moved)
