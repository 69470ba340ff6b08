"""Polygons as lists of boundary points in a Gauss–Krüger zone (界址点), for the writers of surveyors' formats."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from geopandas import GeoDataFrame
from pyproj import CRS

from ecospace.crs import require_crs
from ecospace.errors import CRSError, GeometryError
from ecospace.findings import Finding
from ecospace.language import _
from ecospace.layers.formats.boundary_txt import Point
from ecospace.layers.zones import Zone, system_of, zone_of

#: Metres by which a straight edge may bend when only its ends are brought into another zone: 5e-9 L² (trust.md tA11).
BEND_M = 0.001


def in_zone(frame: GeoDataFrame, crs: str | None) -> tuple[GeoDataFrame, Zone, list[Finding]]:
    """The frame in a Gauss–Krüger zone of China, with the zone number before the eastings; its datum stays.

    Raises
    ------
    CRSError
        E-CRS-36: the frame's CRS, or the one asked for, is not such a zone of the frame's own datum.
    """
    require_crs(frame)
    wanted = CRS.from_user_input(crs) if crs is not None else CRS.from_user_input(frame.crs)
    zone = zone_of(wanted)
    if zone is None or zone.system != system_of(frame.crs):
        text = _("boundary points are written in a Gauss–Krüger zone of the data's datum; {crs} is none for {own}.")
        raise CRSError("E-CRS-36", text.format(crs=wanted.name, own=frame.crs.name), cure=_proposal(frame))
    target = zone.system.zone(zone.number)
    if target is None or frame.crs == target:
        return frame, zone, []
    if zone_of(frame.crs) == Zone(zone.system, zone.width, zone.number, prefixed=False):
        # The same plane: only the zone number comes in front of the easting.
        moved = frame.set_geometry(frame.translate(zone.number * 1e6))
        return moved.set_crs(target, allow_override=True), zone, []
    plane = frame.to_crs(target)
    longest = max((_longest_edge(geometry) for geometry in plane.geometry), default=0.0)
    if 5e-9 * longest**2 <= BEND_M:
        return plane, zone, []
    text = _("only the points were brought into {crs}: edges of up to {longest:.0f} m bend by up to {bend:.3f} m.")
    text = text.format(crs=target.name, longest=longest, bend=5e-9 * longest**2)
    return plane, zone, [Finding("F-TXT-22", "warning", text)]


def require_polygons(frame: GeoDataFrame, file: Path) -> None:
    """Refuse what a list of boundary points cannot hold.

    Raises
    ------
    GeometryError
        E-GEO-43: something else than valid polygons.
    """
    wrong = ~(frame.geom_type.isin(["Polygon", "MultiPolygon"]) & frame.is_valid & ~frame.is_empty)
    if wrong.any():
        text = _("{count} features are not valid polygons; a list of boundary points cannot hold them.")
        raise GeometryError(
            "E-GEO-43",
            text.format(count=int(wrong.sum())),
            cure=_("Repair or remove them first."),
            features=list(frame.index[wrong]),
            file=file,
        )


def texts_of(frame: GeoDataFrame, columns: tuple[str, ...]) -> tuple[list[dict[str, str]], list[Finding]]:
    """The texts of each parcel, without the signs that separate fields; ``id`` falls back on the index."""
    rows: list[dict[str, str]] = []
    replaced = 0
    for index, values in zip(frame.index, frame.drop(columns=frame.geometry.name).to_dict("records"), strict=True):
        row = {}
        for column in columns:
            value = values.get(column, index if column == "id" else "")
            text = "" if value is None or value != value else str(value)
            clean = " ".join(text.split()).replace(",", "，").replace("@", "＠")
            replaced += clean != text
            row[column] = clean
        rows.append(row)
    if not replaced:
        return rows, []
    text = _("{count} texts hold commas, @ or line breaks, which the format cannot; they were replaced.")
    return rows, [Finding("F-TXT-21", "warning", text.format(count=replaced), count=replaced)]


def boundary_points(geometry: Any) -> Iterator[Point]:
    """The points of all rings: outer rings clockwise from the north-west, closed; labels and rings are counted on.

    >>> [point.label for point in boundary_points(shapely.box(0, 0, 1, 1))]
    ['J1', 'J2', 'J3', 'J4', 'J1']
    """
    label = ring_number = line = 0
    for part in shapely.get_parts(shapely.orient_polygons(geometry, exterior_cw=True)):
        for ring in (part.exterior, *part.interiors):
            ring_number += 1
            points = shapely.get_coordinates(ring)[:-1]
            corner = np.array([points[:, 0].min(), points[:, 1].max()])
            start = int(np.argmin(((points - corner) ** 2).sum(axis=1)))
            points = np.roll(points, -start, axis=0)
            labels = [f"J{label + offset + 1}" for offset in range(len(points))]
            for name, (east, north) in zip([*labels, labels[0]], [*points, points[0]], strict=True):
                line += 1
                yield Point(name, ring_number, float(east), float(north), line)
            label += len(points)


def _proposal(frame: GeoDataFrame) -> str:
    system = system_of(frame.crs)
    if system is None:
        return _("Bring it into CGCS2000 first, and write that file: ecospace convert SOURCE step.gpkg --to EPSG:4490")
    west, _south, east, _north = frame.geometry.to_crs(system.geographic).total_bounds
    return _('Write crs = "EPSG:{code}".').format(code=system.three_zone + round((west + east) / 6) - 25)


def _longest_edge(geometry: Any) -> float:
    rings = [ring for part in shapely.get_parts(geometry) for ring in (part.exterior, *part.interiors)]
    return max(float(np.hypot(*np.diff(shapely.get_coordinates(ring), axis=0).T).max()) for ring in rings)
