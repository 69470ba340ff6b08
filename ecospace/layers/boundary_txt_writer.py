"""Boundary-point text in its strict form (界址点坐标 TXT): X first, ring closed, labels counted on, CRLF."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from geopandas import GeoDataFrame
from pyproj import CRS

from ecospace.crs import geodesic_area, require_crs
from ecospace.errors import CRSError, GeometryError
from ecospace.files import atomic
from ecospace.findings import Finding
from ecospace.language import _
from ecospace.layers.boundary_txt import read_boundary_txt
from ecospace.layers.readback import Written, require_same
from ecospace.layers.zones import Zone, system_of, zone_of
from ecospace.units import round_number

#: Metres by which a straight edge may bend when only its ends are brought into another zone: 5e-9 L² (trust.md tA11).
BEND_M = 0.001


def write_boundary_txt(
    frame: GeoDataFrame,
    path: str | Path,
    *,
    crs: str | None = None,
    header: Mapping[str, str] | None = None,
    encoding: str = "gb18030",
    decimals: int = 3,
) -> Written:
    """Write parcels as boundary points, and read them back.

    Parameters
    ----------
    frame : GeoDataFrame
        Polygons; columns id, name, sheet, use, class_code as far as there are. The area in the head is the ellipsoidal
        one, in hectares with four decimals.
    path : str or Path
        Ends with .txt.
    crs : str, optional
        The zone to write in, e.g. ``"EPSG:4526"``; needed where the frame is not in a zone of China. Only on the
        frame's own datum: no datum is shifted here.
    header : mapping, optional
        Lines of [属性描述], e.g. 数据产生单位. Those on the coordinate system always come from the CRS.
    encoding : {"gb18030", "utf-8"}
        GBK as planners' tools write it, or UTF-8.
    decimals : int
        Of the coordinates; 3 is millimetres.

    Returns
    -------
    Written

    Raises
    ------
    CRSError
        E-CRS-36: not in a Gauss–Krüger zone of China.
    GeometryError
        E-GEO-43: something else than valid polygons.
    WriteError
        E-WRITE-40 … 43: the file does not read back the same. The old file is left whole.
    """
    target = Path(path)
    plane, zone, findings = _in_zone(frame, crs)
    wrong = ~(plane.geom_type.isin(["Polygon", "MultiPolygon"]) & plane.is_valid & ~plane.is_empty)
    if wrong.any():
        raise GeometryError(
            "E-GEO-43",
            _("{count} features are not valid polygons; a list of boundary points cannot hold them.").format(
                count=int(wrong.sum())
            ),
            cure=_("Repair or remove them first."),
            features=list(plane.index[wrong]),
            file=target,
        )
    rows, replaced = _texts(plane)
    if replaced:
        text = _("{count} texts hold commas, @ or line breaks, which the format cannot; they were replaced.")
        findings.append(Finding("F-TXT-21", "warning", text.format(count=replaced), count=replaced))
    lines = [*_header(zone, header or {}, decimals), "[地块坐标]"]
    for row, geometry in zip(rows, plane.geometry, strict=True):
        points = list(_points(geometry, decimals))
        area = round_number(geodesic_area(geometry, plane.crs) / 10_000, 4)
        fields = [
            str(len(points)),
            str(area),
            row["id"],
            row["name"],
            "面",
            row["sheet"],
            row["use"],
            row["class_code"],
        ]
        lines += [",".join([*fields, "@"]), *points]
    with atomic(target) as temporary:
        temporary.write_bytes(("\r\n".join(lines) + "\r\n").encode(encoding))
        again = read_boundary_txt(temporary, declared_area="ignore").frame
        sent = GeoDataFrame(rows, geometry=plane.geometry.to_list(), crs=plane.crs)
        require_same(sent, again, path=target, columns=list(rows[0]) if rows else [], step=10.0**-decimals)
    return Written(target, len(frame), tuple(finding.of(file=target.name) for finding in findings))


def _in_zone(frame: GeoDataFrame, crs: str | None) -> tuple[GeoDataFrame, Zone, list[Finding]]:
    """The frame in a zone-prefixed Gauss–Krüger CRS on its own datum."""
    require_crs(frame)
    wanted = CRS.from_user_input(crs) if crs is not None else CRS.from_user_input(frame.crs)
    zone = zone_of(wanted)
    if zone is None or zone.system != system_of(frame.crs):
        raise CRSError(
            "E-CRS-36",
            _(
                "boundary points are written in a Gauss–Krüger zone of the data's own datum; {crs} is none for {own}."
            ).format(crs=wanted.name, own=frame.crs.name),
            cure=_propose(frame),
        )
    target = zone.system.zone(zone.number)
    findings: list[Finding] = []
    if target is None or frame.crs == target:
        return frame, zone, findings
    if zone_of(frame.crs) == Zone(zone.system, zone.width, zone.number, prefixed=False):
        # The same plane: only the zone number comes in front of the easting.
        return (
            frame.set_geometry(frame.translate(zone.number * 1e6)).set_crs(target, allow_override=True),
            zone,
            findings,
        )
    plane = frame.to_crs(target)
    longest = max((_longest_edge(geometry) for geometry in plane.geometry), default=0.0)
    if 5e-9 * longest**2 > BEND_M:
        text = _("only the points were brought into {crs}: edges of up to {longest:.0f} m bend by up to {bend:.3f} m.")
        text = text.format(crs=target.name, longest=longest, bend=5e-9 * longest**2)
        findings.append(Finding("F-TXT-22", "warning", text))
    return plane, zone, findings


def _propose(frame: GeoDataFrame) -> str:
    system = system_of(frame.crs)
    if system is None:
        return _("Bring the data into CGCS2000 (EPSG:4490) first.")
    degrees = frame.geometry.to_crs(system.geographic)
    west, _south, east, _north = degrees.total_bounds
    code = system.three_zone + round((west + east) / 6) - 25
    return _('Write crs = "EPSG:{code}".').format(code=code)


def _longest_edge(geometry: Any) -> float:
    longest = 0.0
    for part in shapely.get_parts(geometry):
        for ring in (part.exterior, *part.interiors):
            points = shapely.get_coordinates(ring)
            longest = max(longest, float(np.hypot(*np.diff(points, axis=0).T).max()))
    return longest


def _texts(plane: GeoDataFrame) -> tuple[list[dict[str, str]], int]:
    """The texts of each head, without the signs that separate fields, and how many had some."""
    rows: list[dict[str, str]] = []
    replaced = 0
    for index, values in zip(plane.index, plane.drop(columns=plane.geometry.name).to_dict("records"), strict=True):
        row = {}
        for column in ("id", "name", "sheet", "use", "class_code"):
            value = values.get(column, index if column == "id" else "")
            text = "" if value is None or value != value else str(value)
            clean = " ".join(text.split()).replace(",", "，").replace("@", "＠")
            replaced += clean != text
            row[column] = clean
        rows.append(row)
    return rows, replaced


def _header(zone: Zone, header: Mapping[str, str], decimals: int) -> Iterator[str]:
    lines = {
        "格式版本号": "1.01版本",
        "数据产生单位": "",
        "数据产生日期": "",
        **{key: value for key, value in header.items() if "/" not in key},
        "坐标系": zone.system.names[0],
        "几度分带": str(zone.width),
        "投影类型": "高斯克吕格",
        "计量单位": "米",
        "带号": str(zone.number),
        "精度": f"{10.0**-decimals:.{decimals}f}",
    }
    lines.setdefault("转换参数", ",,,,,,")
    yield "[属性描述]"
    for key, value in lines.items():
        yield f"{key}={' '.join(str(value).split())}"


def _points(geometry: Any, decimals: int) -> Iterator[str]:
    """The points of all rings: outer rings clockwise from the north-west, labels and rings counted on."""
    label = ring_number = 0
    for part in shapely.get_parts(shapely.orient_polygons(geometry, exterior_cw=True)):
        for ring in (part.exterior, *part.interiors):
            ring_number += 1
            points = shapely.get_coordinates(ring)[:-1]
            corner = np.array([points[:, 0].min(), points[:, 1].max()])
            start = int(np.argmin(((points - corner) ** 2).sum(axis=1)))
            points = np.roll(points, -start, axis=0)
            labels = [f"J{label + offset + 1}" for offset in range(len(points))]
            for name, (east, north) in zip([*labels, labels[0]], [*points, points[0]], strict=True):
                yield f"{name},{ring_number},{north:.{decimals}f},{east:.{decimals}f}"
            label += len(points)
