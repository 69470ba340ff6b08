"""Boundary-point text files (勘测定界界址点坐标交换格式, 报备坐标 TXT), in all the variants that offices write.

::

    [属性描述]                                       key=value lines: 坐标系, 几度分带, 带号, 精度 …
    [地块坐标]                                       then for each parcel
    点数,面积,编号,名称,面|线|点,图幅号,用途,地类编码,@    its head, ended by @
    点号,圈号,X,Y                                   its points: X is north, Y is east

Strict where a number is at stake, tolerant in everything else; what was tolerated is a finding with line numbers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ecospace.errors import ReadError
from ecospace.findings import Finding
from ecospace.language import _
from ecospace.layers.formats.numbers import half_width, parse_angle, parse_number, unpack_dms
from ecospace.layers.formats.parcels import Parcels, naming
from ecospace.layers.formats.plain_text import decode_text

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

KINDS = ("面", "线", "点")


@dataclass(frozen=True)
class Point:
    """One line of a point list: its label, ring number and place, with the line it stands on."""

    label: str
    ring: int
    east: float
    north: float
    line: int


@dataclass
class Plot:
    """One parcel while it is read: the fields of its head, then its points."""

    line: int
    declared_points: int
    declared_area: float | None
    id: str
    name: str
    kind: str
    rest: list[str]
    points: list[Point] = field(default_factory=list)
    data: dict[str, str] = field(default_factory=dict)

    @property
    def feature(self) -> str:
        """What messages call it."""
        return self.id or self.name or _("line {number}").format(number=self.line)


@dataclass
class Noted:
    """Lines on which something was tolerated, by the code of the finding."""

    lines: dict[str, list[int]] = field(default_factory=dict)

    def add(self, code: str, line: int) -> None:
        """Remember a line once."""
        seen = self.lines.setdefault(code, [])
        if not seen or seen[-1] != line:
            seen.append(line)

    def findings(self) -> Iterator[Finding]:
        """One finding for each kind."""
        texts = {
            "F-TXT-01": _(
                "full-width signs in numbers or separators were read as plain ones on {count} lines ({lines})."
            ),
            "F-TXT-02": _("the head of a parcel does not end with @ on {count} lines ({lines})."),
            "F-TXT-03": _(
                "the head of a parcel does not say 面, 线 or 点 on {count} lines ({lines}); it was taken as 面."
            ),
            "F-TXT-04": _("a height was left out on {count} lines ({lines})."),
            "F-TXT-05": _("{count} lines before the first section were not understood ({lines})."),
        }
        for code, lines in sorted(self.lines.items()):
            level: Literal["note", "warning"] = "note" if code in ("F-TXT-01", "F-TXT-04") else "warning"
            some = ", ".join(map(str, lines[:10])) + (" …" if len(lines) > 10 else "")
            yield Finding(code, level, texts[code].format(count=len(lines), lines=some), count=len(lines))


def read_boundary_txt(
    path: str | Path,
    *,
    crs: str | None = None,
    swap: bool = False,
    angles: Literal["decimal", "dms"] | None = None,
    place: GeoDataFrame | None = None,
    declared_area: Literal["check", "ignore"] = "check",
) -> Parcels:
    """Read a boundary-point text file (界址点坐标 TXT).

    Parameters
    ----------
    path : str or Path
        UTF-8, UTF-16 or GB18030 text.
    crs : str, optional
        Only where header and coordinates do not settle it.
    swap : bool
        The file has east in the X column and north in the Y column.
    angles : {"decimal", "dms"}, optional
        For degrees: decimal, or packed as ddd.mmss.
    place : GeoDataFrame, optional
        The study boundary, to compare the coordinates with.
    declared_area : {"check", "ignore"}
        Whether an area in the head that contradicts the coordinates stops.

    Returns
    -------
    Parcels
        Columns id, name, kind, declared_area_m2, sheet, use, class_code, extra, points, rings.

    Raises
    ------
    ReadError
        E-READ-62 … 68, with line numbers.
    CRSError
        E-CRS-22 … 34: header and coordinates contradict each other.
    GeometryError
        E-GEO-40 … 42: rings without one meaning.
    DataError
        E-DATA-91: the declared area is not that of the coordinates, in hectares or square metres.

    Notes
    -----
    Grammar and variants: standards.md 3.1. Rings are put together by the even-odd rule, whatever their numbers.
    """
    from ecospace.layers.formats.plots import parcels_of

    file = Path(path)
    text, encoding = decode_text(file.read_bytes(), file=file)
    noted = Noted()
    with naming(file):
        header, plots = parse(text, noted, packed=angles == "dms")
        parcels = parcels_of(
            plots, header, crs=crs, swap=swap, decimal=angles is not None, place=place, declared_area=declared_area
        )
    seen = [Finding("F-TXT-06", "note", _("the text was read as {encoding}.").format(encoding=encoding))]
    findings = (*seen, *noted.findings(), *parcels.findings)
    return replace(parcels, findings=tuple(finding.of(file=file.name) for finding in findings))


def parse(text: str, noted: Noted, *, packed: bool = False) -> tuple[dict[str, str], list[Plot]]:
    """Header and parcels of a boundary-point text.

    Parameters
    ----------
    text : str
        The whole file.
    noted : Noted
        Gets the lines on which something was tolerated.
    packed : bool
        Coordinates are packed ddd.mmss.

    Returns
    -------
    header : dict of str to str
        Keys of [属性描述] as they are, those of other sections as ``section/key``.
    plots : list of Plot

    Raises
    ------
    ReadError
        E-READ-63 … 67.
    """
    header: dict[str, str] = {}
    plots: list[Plot] = []
    section = ""
    for number, raw in enumerate(re.split(r"\r\n|\n|\r", text), start=1):
        line = raw.strip("\ufeff \t　\x1a")
        if not line:
            continue
        name = re.fullmatch(r"\[(.+)\]", half_width(line)[0])
        if name:
            section = name.group(1).strip()
        elif section == "地块坐标":
            _take(line, number, plots, noted, packed)
        elif "=" in half_width(line)[0]:
            key, _equals, value = re.split("([=＝])", line, maxsplit=1)
            prefix = "" if section in ("属性描述", "") else f"{section}/"
            header[prefix + key.strip()] = value.strip()
        else:
            noted.add("F-TXT-05", number)
    if not plots:
        raise ReadError(
            "E-READ-63",
            _("the file has no parcel: no section [地块坐标] with heads and points was found."),
            cure=_("Give a boundary-point file (勘测定界界址点坐标交换格式); a plain list of points is read as .csv."),
        )
    empty = next((plot for plot in plots if not plot.points), None)
    if empty is not None:
        raise ReadError(
            "E-READ-68",
            _("line {number}: the parcel has a head but no points; the file may be cut off.").format(number=empty.line),
            cure=_("Compare with the original, or remove the head."),
            features=[empty.feature],
        )
    return header, plots


def _take(line: str, number: int, plots: list[Plot], noted: Noted, packed: bool) -> None:
    """Put one line of [地块坐标] where it belongs."""
    if half_width(line)[0].endswith("@") or line.count(",") + line.count("，") >= 6:
        plots.append(_head(line, number, noted))
        return
    plain, changed = half_width(line)
    if changed:
        noted.add("F-TXT-01", number)
    fields = [part.strip() for part in plain.split(",")]
    while len(fields) > 4 and not fields[-1]:
        fields.pop()
    if not plots:
        raise _line_error("E-READ-64", number, line, _("a point stands before the head of the first parcel."))
    if len(fields) not in (4, 5):
        text = _("a point needs four fields (label, ring, X, Y), here are {count}.").format(count=len(fields))
        raise _line_error("E-READ-64", number, line, text)
    if len(fields) == 5:
        noted.add("F-TXT-04", number)
    if not re.fullmatch(r"[0-9]{1,6}", fields[1]) or int(fields[1]) < 1:
        raise _line_error("E-READ-64", number, line, _("the ring number (圈号) is not a positive whole number."))
    north, east = (_coordinate(text, number, line, packed) for text in fields[2:4])
    plots[-1].points.append(Point(fields[0], int(fields[1]), east, north, number))


def _coordinate(text: str, number: int, line: str, packed: bool) -> float:
    try:
        return unpack_dms(parse_number(text).value) if packed else parse_angle(text).value
    except ReadError as error:
        raise _line_error(error.code, number, line, error.text) from None


def _head(line: str, number: int, noted: Noted) -> Plot:
    """The head of a parcel: 点数,面积,编号,名称,面,图幅号,用途,地类编码,…,@"""
    fields = [part.strip() for part in line.split(",")]
    if len(fields) < 6:  # full-width commas as separators; in a name they stay
        noted.add("F-TXT-01", number)
        fields = [part.strip() for part in line.replace("，", ",").split(",")]
    if half_width(fields[-1])[0].endswith("@"):
        fields[-1] = fields[-1][:-1].strip()
        if not fields[-1]:
            fields.pop()
    else:
        noted.add("F-TXT-02", number)
    if len(fields) < 4:
        raise _line_error("E-READ-65", number, line, _("the head of a parcel has too few fields."))
    try:
        count, area = parse_number(fields[0]), parse_number(fields[1]) if fields[1] else None
    except ReadError as error:
        raise _line_error("E-READ-65", number, line, error.text) from None
    if count.value != int(count.value) or count.value < 0:
        raise _line_error("E-READ-65", number, line, _("the number of points is not a whole number."))
    if count.normalised or (area is not None and area.normalised):
        noted.add("F-TXT-01", number)
    at = next((place for place, text in enumerate(fields) if place >= 3 and text in KINDS), None)
    if at is None:
        noted.add("F-TXT-03", number)
        at = min(4, len(fields))
    # A name may hold commas: the kind says where it ends.
    return Plot(
        line=number,
        declared_points=int(count.value),
        declared_area=area.value if area is not None else None,
        id=fields[2] if at > 2 else "",
        name=",".join(fields[3:at]),
        kind=fields[at] if at < len(fields) and fields[at] in KINDS else "面",
        rest=fields[at + 1 :],
    )


def _line_error(code: str, number: int, line: str, text: str) -> ReadError:
    shown = line if len(line) <= 60 else line[:57] + "…"
    return ReadError(
        code,
        _("line {number}: {text} The line reads: {line}").format(number=number, text=text, line=shown),
        cure=_("Correct the line; fields are separated by plain commas."),
    )


def rings_of(points: list[Point], feature: str) -> list[list[Point]]:
    """The rings of a parcel, in order: a new one begins with a new ring number, and after a ring has closed.

    Writers that give every part the number 1 close each before the next, so both habits come out the same.

    Raises
    ------
    ReadError
        E-READ-66: the closing point repeats the first label with other coordinates.
    """
    rings: list[list[Point]] = []
    closed = True
    for point in points:
        if closed or point.ring != rings[-1][-1].ring:
            rings.append([])
        rings[-1].append(point)
        first = rings[-1][0]
        closed = len(rings[-1]) > 3 and (point.east, point.north) == (first.east, first.north)
    for ring in rings:
        first, last = ring[0], ring[-1]
        apart = ((first.east - last.east) ** 2 + (first.north - last.north) ** 2) ** 0.5
        if len(ring) > 1 and first.label and first.label == last.label and apart:
            raise ReadError(
                "E-READ-66",
                _(
                    "lines {one} and {other}: point {label} has two places, {apart:.4g} apart; the ring does not close."
                ).format(one=first.line, other=last.line, label=first.label, apart=apart),
                cure=_("Correct one of the two lines."),
                features=[feature],
            )
    return rings
