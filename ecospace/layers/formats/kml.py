"""KML and KMZ, read by a tokeniser of our own.

GDAL takes the first folder only, makes an empty polygon of a full-width comma, and loses rings whose points run together
(trust.md tC08, tC09). Here every placemark is read or named, coordinates are strict, and a DOCTYPE is refused.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import shapely
from geopandas import GeoDataFrame
from pyproj import CRS

from ecospace.errors import GeometryError, ReadError, UnsafeError
from ecospace.findings import Finding
from ecospace.language import _
from ecospace.layers.coordinates import judge_crs
from ecospace.layers.formats.archive import unpacked
from ecospace.layers.formats.even_odd import polygon_of_rings
from ecospace.layers.formats.numbers import half_width, parse_number
from ecospace.layers.formats.parcels import Parcels, naming, unique_ids

#: Elements that hold places we cannot take as shapes; each is named.
UNREAD = {"Model", "Track", "MultiTrack", "NetworkLink", "GroundOverlay", "PhotoOverlay", "ScreenOverlay", "Tour"}
COLUMNS = ("id", "name", "kind", "folder", "description")


@dataclass
class Placemark:
    """One placemark while it is read."""

    id: str
    folder: str
    name: str = ""
    description: str = ""
    data: dict[str, str] = field(default_factory=dict)
    polygons: list[list[str]] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    points: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)

    @property
    def feature(self) -> str:
        """What messages call it."""
        return self.name or self.id


class Reader:
    """Target of the XML parser: gets every tag, keeps the placemarks."""

    def __init__(self) -> None:
        self.placemarks: list[Placemark] = []
        self.unread: list[str] = []
        self.title = ""
        self._stack: list[str] = []
        self._folders: list[str] = []
        self._text: list[str] = []
        self._key = ""
        self._now: Placemark | None = None

    def doctype(self, name: str, public: str | None, system: str | None) -> None:
        """A document type can call files and the network, and grow without end (trust.md tS07)."""
        raise UnsafeError(
            "E-SAFE-40",
            _("the file declares a document type (DOCTYPE), which can read other files; it was not read."),
            cure=_("Export the KML anew; no program that draws maps writes a DOCTYPE."),
        )

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        tag = tag.rpartition("}")[2]
        self._stack.append(tag)
        self._text = []
        if tag == "Placemark":
            number = str(len(self.placemarks) + 1)
            folders = " / ".join(name for name in self._folders if name)
            self._now = Placemark(attributes.get("id", number), folders)
        elif tag in ("Folder", "Document"):
            self._folders.append("")
        elif tag in ("Data", "SimpleData"):
            self._key = attributes.get("name", "")
        elif tag == "Polygon" and self._now is not None:
            self._now.polygons.append([])
        elif tag in UNREAD:
            (self._now.unread if self._now is not None else self.unread).append(tag)

    def data(self, text: str) -> None:
        """Text inside an element, in pieces."""
        self._text.append(text)

    def end(self, tag: str) -> None:
        """An element ends."""
        tag = self._stack.pop()
        text, self._text = "".join(self._text).strip(), []
        parent = self._stack[-1] if self._stack else ""
        if tag in ("Folder", "Document"):
            self._folders.pop()
        elif tag == "name" and parent in ("Folder", "Document"):
            if parent == "Folder":
                self._folders[-1] = text
            else:
                self.title = self.title or text
        elif self._now is not None:
            self._within(self._now, tag, parent, text)

    def _within(self, now: Placemark, tag: str, parent: str, text: str) -> None:
        if tag == "Placemark":
            self.placemarks.append(now)
            self._now = None
        elif tag == "name" and parent == "Placemark":
            now.name = text
        elif tag == "description" and parent == "Placemark":
            now.description = text
        elif tag in ("value", "SimpleData") and self._key:
            now.data[self._key] = text
            self._key = ""
        elif tag == "coordinates":
            if "Polygon" in self._stack:
                now.polygons[-1].append(text)
            elif parent == "Point":
                now.points.append(text)
            elif parent in ("LineString", "LinearRing"):
                now.lines.append(text)

    def close(self) -> None:
        """The document ended."""


def read_kml(
    path: str | Path,
    *,
    crs: str | None = None,
    swap: bool = False,
    place: GeoDataFrame | None = None,
    source: str = "",
) -> Parcels:
    """Read all placemarks of a KML or KMZ file.

    Parameters
    ----------
    path : str or Path
        .kml or .kmz.
    crs : str, optional
        Where the maker says that the degrees are on another datum than WGS 84, e.g. ``"EPSG:4490"``.
    swap : bool
        The file has latitude before longitude.
    place : GeoDataFrame, optional
        The study boundary, to compare the coordinates with.
    source : str
        Who drew it on which base map; without it the file may be drawn on a map with an offset (GCJ-02).

    Returns
    -------
    Parcels
        Columns id, name, kind, folder, description, then the extended data, all texts.

    Raises
    ------
    ReadError
        E-READ-80 … 83: damaged, without placemarks, several documents in one KMZ, coordinates not understood.
    UnsafeError
        E-SAFE-40: a DOCTYPE.
    CRSError
        Coordinates that are not degrees, or latitude first.
    """
    file = Path(path)
    if file.read_bytes()[:2] == b"PK":
        with unpacked(file) as folder, naming(file):
            return _read(_only_document(folder), file, crs, swap, place, source)
    with naming(file):
        return _read(file, file, crs, swap, place, source)


def _only_document(folder: Path) -> Path:
    documents = sorted(path for path in folder.rglob("*") if path.suffix.lower() == ".kml")
    main = [path for path in documents if path.name.lower() == "doc.kml"]
    if (len(documents) > 1 and len(main) != 1) or not documents:
        raise ReadError(
            "E-READ-81",
            _("the KMZ holds {count} KML documents: {names}.").format(
                count=len(documents), names=", ".join(path.name for path in documents[:10])
            ),
            cure=_("Unpack it and give the one that is meant."),
        )
    return documents[0] if len(documents) == 1 else main[0]


def _read(document: Path, file: Path, crs: str | None, swap: bool, place: GeoDataFrame | None, source: str) -> Parcels:
    reader = _parsed(document)
    counts: dict[str, int] = {}
    rows, findings = [], []
    for mark in reader.placemarks:
        shape, seen = _shape(mark, swap, counts)
        findings += seen
        if shape is not None:
            names = {key if key not in (*COLUMNS, "geometry") else f"{key}_": text for key, text in mark.data.items()}
            kind = {0: "点", 1: "线", 2: "面"}[shapely.get_dimensions(shape)]
            row = {"id": mark.id, "name": mark.name, "kind": kind, "folder": mark.folder}
            rows.append({**row, "description": mark.description, **names, "geometry": shape})
    if not rows:
        raise ReadError(
            "E-READ-82",
            _("the file has no placemark with a shape ({count} placemarks).").format(count=len(reader.placemarks)),
            cure=_("A network link holds only an address: export the places themselves."),
        )
    ids, _repeated = unique_ids([str(row["id"]) for row in rows])
    frame = GeoDataFrame(rows, index=ids, geometry="geometry")
    judgement = judge_crs(_corners(frame), CRS.from_user_input(crs or "EPSG:4326"), place=place)
    frame = frame.set_crs(judgement.settled())
    findings += [*_noted(counts, reader, source), *judgement.findings]
    marked = tuple(finding.of(file=file.name) for finding in findings)
    return Parcels(frame, {"title": reader.title, "document": document.name}, marked, judgement.proposal)


def _corners(frame: GeoDataFrame) -> Any:
    return frame.geometry.bounds.to_numpy().reshape(-1, 2)


def _parsed(document: Path) -> Reader:
    reader = Reader()
    parser = ET.XMLParser(target=reader)
    try:
        with document.open("rb") as file:
            while block := file.read(1 << 20):
                parser.feed(block)
        parser.close()
    except (ET.ParseError, ValueError, LookupError, IndexError) as error:
        raise ReadError(
            "E-READ-80",
            _("the KML is damaged: {reason}.").format(reason=error),
            cure=_("Export it anew; a part of it would be left out otherwise."),
        ) from error
    return reader


def _shape(mark: Placemark, swap: bool, counts: dict[str, int]) -> tuple[Any, list[Finding]]:
    """The shape of a placemark, or None with a finding where it has none."""
    findings: list[Finding] = []
    for tag in mark.unread:
        text = _("the placemark has a {tag}, which is not read as a shape.").format(tag=tag)
        findings.append(Finding("F-KML-04", "warning", text, features=(mark.feature,)))
    polygons = []
    for rings in mark.polygons:
        polygon, seen = _polygon([list(_positions(text, mark, swap, counts)) for text in rings], mark.feature)
        polygons.append(polygon)
        findings += seen
    lines = [
        shapely.LineString(line) for text in mark.lines if len(line := list(_positions(text, mark, swap, counts))) > 1
    ]
    points = [shapely.Point(point) for text in mark.points for point in _positions(text, mark, swap, counts)]
    kinds = [shapes for shapes in (polygons, lines, points) if shapes]
    if not kinds:
        findings.append(
            Finding("F-KML-02", "error", _("the placemark has no shape and was left out."), features=(mark.feature,))
        )
        return None, findings
    if len(kinds) > 1:
        text = _("the placemark has shapes of several kinds; only the {kind} were kept.").format(
            kind={0: _("points"), 1: _("lines"), 2: _("areas")}[shapely.get_dimensions(kinds[0][0])]
        )
        findings.append(Finding("F-KML-03", "warning", text, features=(mark.feature,)))
    shapes = kinds[0]
    many = (shapely.MultiPoint, shapely.MultiLineString, _multipolygon)[shapely.get_dimensions(shapes[0])]
    return (shapes[0] if len(shapes) == 1 else many(shapes)), findings


def _multipolygon(polygons: list[Any]) -> Any:
    return shapely.MultiPolygon([part for polygon in polygons for part in shapely.get_parts(polygon)])


def _polygon(rings: list[list[tuple[float, float]]], feature: str) -> tuple[Any, list[Finding]]:
    """A polygon whose first ring is its shell: the holes must lie in it."""
    polygon, findings = polygon_of_rings(rings, feature=feature, degrees=True)
    if len(rings) > 1:
        shell, _seen = polygon_of_rings(rings[:1], feature=feature, degrees=True)
        if not shapely.covers(shell.buffer(1e-9), polygon):
            raise GeometryError(
                "E-GEO-44",
                _("a hole of the placemark lies outside its outline: is it a hole or another part?"),
                cure=_("Draw the part as a polygon of its own."),
                features=[feature],
            )
    return polygon, findings


def _positions(text: str, mark: Placemark, swap: bool, counts: dict[str, int]) -> Iterator[tuple[float, float]]:
    """The positions of a coordinates element: ``lon,lat[,height]``, separated by blanks."""
    plain, changed = half_width(text)
    counts["F-KML-01"] = counts.get("F-KML-01", 0) + changed
    for token in re.sub(r"\s*,\s*", ",", plain).split():
        fields = token.split(",")
        if len(fields) not in (2, 3):
            raise ReadError(
                "E-READ-83",
                _("{token!r} is not lon,lat or lon,lat,height: a blank or a comma is missing.").format(
                    token=token[:60]
                ),
                cure=_("Correct the coordinates, e.g. 112.55,22.38,0 112.56,22.38,0"),
                features=[mark.feature],
            )
        try:
            first, second = (parse_number(value).value for value in fields[:2])
        except ReadError as error:
            raise ReadError(error.code, error.text, cure=error.cure, features=[mark.feature]) from None
        counts["height"] = counts.get("height", 0) + (len(fields) == 3)
        yield (second, first) if swap else (first, second)


def _noted(counts: dict[str, int], reader: Reader, source: str) -> Iterator[Finding]:
    if counts.get("F-KML-01"):
        text = _("full-width signs in the coordinates of {count} shapes were read as plain ones.")
        yield Finding("F-KML-01", "note", text.format(count=counts["F-KML-01"]), count=counts["F-KML-01"])
    if counts.get("height"):
        text = _("the heights of {count} points were left out.").format(count=counts["height"])
        yield Finding("F-KML-06", "note", text, count=counts["height"])
    for tag in sorted(set(reader.unread)):
        text = _("{count} × {tag} of the file are not read: they hold pictures or addresses, not shapes.")
        yield Finding("F-KML-04", "warning", text.format(count=reader.unread.count(tag), tag=tag))
    if not source:
        text = _(
            "nobody says on which base map the KML was drawn; drawn on Amap, Tencent or Baidu it is off by 300 to 1400 m."
        )
        cure = _('Give its source in study.toml, and compare it with the boundary: source = "…".')
        yield Finding("F-KML-05", "warning", text, cure)
