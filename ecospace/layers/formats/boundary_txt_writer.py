"""Boundary-point text in its strict form (界址点坐标 TXT): X first, ring closed, labels counted on, CRLF."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from geopandas import GeoDataFrame

from ecospace.crs import geodesic_area
from ecospace.files import atomic
from ecospace.layers.formats.boundary_points import boundary_points, in_zone, require_polygons, texts_of
from ecospace.layers.formats.boundary_txt import read_boundary_txt
from ecospace.layers.readback import Written, require_same
from ecospace.layers.zones import Zone
from ecospace.units import round_number

TEXTS = ("id", "name", "sheet", "use", "class_code")


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
    plane, zone, findings = in_zone(frame, crs)
    require_polygons(plane, target)
    rows, replaced = texts_of(plane, TEXTS)
    lines = [*_header(zone, header or {}, decimals), "[地块坐标]"]
    for row, geometry in zip(rows, plane.geometry, strict=True):
        points = list(boundary_points(geometry))
        area = round_number(geodesic_area(geometry, plane.crs) / 10_000, 4)
        fields = [len(points), area, row["id"], row["name"], "面", row["sheet"], row["use"], row["class_code"], "@"]
        lines.append(",".join(map(str, fields)))
        for point in points:
            lines.append(f"{point.label},{point.ring},{point.north:.{decimals}f},{point.east:.{decimals}f}")
    with atomic(target) as temporary:
        temporary.write_bytes(("\r\n".join(lines) + "\r\n").encode(encoding))
        again = read_boundary_txt(temporary, declared_area="ignore").frame
        sent = GeoDataFrame(rows, geometry=plane.geometry.to_list(), crs=plane.crs)
        require_same(sent, again, path=target, columns=TEXTS, step=10.0**-decimals)
    return Written(target, len(frame), tuple(finding.of(file=target.name) for finding in [*findings, *replaced]))


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
