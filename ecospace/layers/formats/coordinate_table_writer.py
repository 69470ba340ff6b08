"""The coordinate table of boundary points (界址点成果表) as an Excel workbook or a CSV file."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from geopandas import GeoDataFrame

from ecospace.crs import geodesic_area
from ecospace.files import atomic
from ecospace.findings import Finding
from ecospace.language import _
from ecospace.layers.formats.boundary_points import boundary_points, in_zone, require_polygons, texts_of
from ecospace.layers.formats.boundary_txt import Point
from ecospace.layers.formats.coordinate_table import read_coordinate_table
from ecospace.layers.readback import Written, require_same
from ecospace.layers.zones import Zone
from ecospace.units import round_number

#: What a planner prints; the reader reads the same words.
TITLE = "界址点成果表"
FORMULA = ("=", "+", "-", "@", "\t", "\r")
CSV_COLUMNS = ("地块编号", "地块名称", "圈号", "点号", "X坐标", "Y坐标", "边长", "坐标系", "带号")


def write_coordinate_table(
    frame: GeoDataFrame, path: str | Path, *, crs: str | None = None, decimals: int = 3
) -> Written:
    """Write parcels as a table of boundary points, and read it back.

    Parameters
    ----------
    frame : GeoDataFrame
        Polygons; columns id and name as far as there are.
    path : str or Path
        .xlsx, one block for each parcel with its ellipsoidal area; or .csv, one row for each point.
    crs : str, optional
        The zone to write in; see `ecospace.layers.formats.boundary_txt_writer.write_boundary_txt`.
    decimals : int
        Of the coordinates.

    Returns
    -------
    Written

    Raises
    ------
    CRSError, GeometryError, WriteError
        As for `write_boundary_txt`.
    """
    target = Path(path)
    plane, zone, findings = in_zone(frame, crs)
    require_polygons(plane, target)
    rows, replaced = texts_of(plane, ("id", "name"))
    if target.suffix.lower() == ".csv":
        rows, quoted = _quoted(rows)
        replaced += quoted
    parcels = [(row, geometry, _sides(geometry)) for row, geometry in zip(rows, plane.geometry, strict=True)]
    with atomic(target) as temporary:
        if target.suffix.lower() == ".csv":
            _write_csv(temporary, parcels, zone, decimals)
        else:
            _write_excel(temporary, parcels, zone, decimals, plane.crs)
        again = read_coordinate_table(temporary, declared_area="ignore").frame
        sent = GeoDataFrame(rows, geometry=plane.geometry.to_list(), crs=plane.crs)
        require_same(sent, again, path=target, columns=("id", "name"), step=10.0**-decimals)
    return Written(target, len(frame), tuple(finding.of(file=target.name) for finding in [*findings, *replaced]))


def _quoted(rows: list[dict[str, str]]) -> tuple[list[dict[str, str]], list[Finding]]:
    """Texts that a spreadsheet would run as a formula, with an apostrophe in front (trust.md tE01)."""
    out = [{key: f"'{text}" if text[:1] in FORMULA else text for key, text in row.items()} for row in rows]
    count = sum(one[key] != other[key] for one, other in zip(rows, out, strict=True) for key in one)
    if not count:
        return out, []
    text = _("{count} texts begin like a formula; an apostrophe was put in front of them.").format(count=count)
    return out, [Finding("F-OUT-06", "warning", text, count=count)]


def _sides(geometry: Any) -> list[tuple[Point, float | None]]:
    """Each point with the distance to the next one of its ring (边长), None at the end of a ring."""
    points = list(boundary_points(geometry))
    return [
        (
            one,
            ((one.east - other.east) ** 2 + (one.north - other.north) ** 2) ** 0.5 if one.ring == other.ring else None,
        )
        for one, other in zip(points, [*points[1:], Point("", 0, 0.0, 0.0, 0)], strict=True)
    ]


def _write_csv(path: Path, parcels: list[Any], zone: Zone, decimals: int) -> None:
    # The byte-order mark is what makes Excel read UTF-8.
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(CSV_COLUMNS)
        for row, _geometry, sides in parcels:
            for point, side in sides:
                north, east = f"{point.north:.{decimals}f}", f"{point.east:.{decimals}f}"
                length = "" if side is None else f"{side:.{decimals}f}"
                system = (zone.system.names[0], zone.number)
                writer.writerow([row["id"], row["name"], point.ring, point.label, north, east, length, *system])


def _write_excel(path: Path, parcels: list[Any], zone: Zone, decimals: int, crs: Any) -> None:
    from xlsxwriter import Workbook

    # Texts stay texts: an id that begins with = is no formula, one of digits no number (trust.md tC13, tE01).
    with Workbook(path, {"strings_to_formulas": False, "strings_to_numbers": False, "strings_to_urls": False}) as book:
        sheet = book.add_worksheet(TITLE)
        middle = book.add_format({"align": "center", "valign": "vcenter", "border": 1})
        title = book.add_format({"align": "center", "bold": True, "font_size": 14})
        number = book.add_format({"num_format": "0." + "0" * decimals, "border": 1})
        sheet.set_column(0, 2, 8)
        sheet.set_column(3, 5, 18)
        at = 0
        for row, geometry, sides in parcels:
            area = round_number(geodesic_area(geometry, crs) / 10_000, 4)
            sheet.merge_range(at, 0, at, 5, TITLE, title)
            sheet.write_string(at + 1, 0, f"宗地号：{row['id']}")
            sheet.write_string(at + 2, 0, f"地块名称：{row['name']}")
            sheet.write_string(at + 3, 0, f"宗地面积(公顷)：{area}")
            sheet.write_string(at + 3, 4, f"带号：{zone.number}")
            for column, name in ((0, "序号"), (1, "点号"), (2, "圈号"), (5, "边长(m)")):
                sheet.merge_range(at + 4, column, at + 5, column, name, middle)
            sheet.merge_range(at + 4, 3, at + 4, 4, f"坐标({zone.system.names[0]})", middle)
            sheet.write_string(at + 5, 3, "X(m)", middle)
            sheet.write_string(at + 5, 4, "Y(m)", middle)
            at += 6
            for place, (point, side) in enumerate(sides, start=1):
                sheet.write_number(at, 0, place, middle)
                sheet.write_string(at, 1, point.label, middle)
                sheet.write_number(at, 2, point.ring, middle)
                sheet.write_number(at, 3, round(point.north, decimals), number)
                sheet.write_number(at, 4, round(point.east, decimals), number)
                if side is None:
                    sheet.write_blank(at, 5, None, number)
                else:
                    sheet.write_number(at, 5, round(side, decimals), number)
                at += 1
            at += 1
