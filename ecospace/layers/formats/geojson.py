"""GeoJSON, read by ourselves: its schema is checked before a shape is made (读取 GeoJSON).

GDAL gives a null geometry for numbers written as text or brackets nested wrongly, stops the whole layer at one unclosed
ring, and follows a ``crs`` link to the network (trust.md tB19, tS06).
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from ecospace.errors import EcospaceError, ReadError
from ecospace.findings import Finding
from ecospace.language import _
from ecospace.layers.formats.numbers import parse_number
from ecospace.layers.formats.rings import polygons_in_order

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from pyproj import CRS

#: Depth of the brackets around one position.
DEPTH = {"Point": 0, "MultiPoint": 1, "LineString": 1, "MultiLineString": 2, "Polygon": 2, "MultiPolygon": 3}
#: Properties that name a feature in messages.
NAMES = ("name", "NAME", "Name", "名称", "MC", "XZQMC")
#: Strings and comments; outside of strings a comment is white space.
TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|//[^\r\n]*|/\*.*?\*/', re.DOTALL)
LISTED = 100


@dataclass
class Seen:
    """Names of features by what was seen at them."""

    closed: list[str] = field(default_factory=list)
    short: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    heights: list[str] = field(default_factory=list)
    wrong: list[tuple[str, str]] = field(default_factory=list)


class _SchemaError(Exception):
    """A geometry that breaks the schema; the text says how."""


def read_geojson(path: Path) -> tuple[GeoDataFrame, list[Finding]]:
    """A GeoJSON file as it is, with everything that is wrong with it.

    Returns
    -------
    GeoDataFrame
        Indexed by feature number as text ("1", "2", …). CRS as named in the file; WGS 84 where it names none and the
        numbers can be degrees (RFC 7946); else None. Null geometries are None.
    list of Finding
        Features whose geometry breaks the schema are left out, with a finding of level "error".

    Raises
    ------
    ReadError
        E-READ-40: no JSON. E-READ-41: JSON, but no GeoJSON.
    """
    from geopandas import GeoDataFrame

    text, findings = _text(path)
    features, crs_member = _features(path, text, findings)
    seen = Seen()
    shapes, kept, labels = np.full(len(features), None, dtype=object), [], []
    for number, feature in enumerate(features):
        label = _label(number, feature)
        try:
            shapes[number] = _shape(feature.get("geometry"), label, seen)
            kept.append(number)
        except _SchemaError as reason:
            seen.wrong.append((label, str(reason)))
        labels.append(label)
    findings += _findings(seen, labels)
    columns = _columns([feature.get("properties") for feature in features], findings)
    crs = _crs(crs_member, shapes, findings, path)
    numbers = [str(number + 1) for number in range(len(features))]
    frame = GeoDataFrame(columns, geometry=shapes, index=numbers, crs=crs)
    return (frame if len(kept) == len(frame) else frame.iloc[kept]), findings


def _text(path: Path) -> tuple[str, list[Finding]]:
    raw = path.read_bytes()
    for encoding in ("utf-8-sig", "utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "gb18030"):
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if encoding == "utf-8-sig":
            return text, []
        return text, [Finding(
            "F-TEXT-01", "warning", _("the file is in {encoding}; GeoJSON has to be UTF-8.").format(encoding=encoding),
            cure=_("Save it as UTF-8."),
        )]  # fmt: skip
    raise ReadError(
        "E-READ-40",
        _("the file is text in no known encoding, so it is damaged or no GeoJSON."),
        cure=_("Export it again."),
        file=path,
    )


def _features(path: Path, text: str, findings: list[Finding]) -> tuple[list[dict[str, Any]], Any]:
    document = _parsed(path, text, findings)
    if isinstance(document, list) and all(isinstance(item, dict) for item in document):
        document = {"type": "FeatureCollection", "features": document}
    if not isinstance(document, dict):
        raise _no_geojson(path, _("it holds no object"))
    kind = document.get("type")
    if document.get("UTF8Encoding") is True:
        raise _no_geojson(path, _("it is an ECharts map with packed coordinates (UTF8Encoding)"))
    if kind == "Topology":
        raise _no_geojson(path, _("it is TopoJSON"))
    if "rings" in document or "geometryType" in document:
        raise _no_geojson(path, _("it is Esri JSON"))
    if kind in DEPTH or kind == "GeometryCollection":
        document = {"type": "FeatureCollection", "features": [{"type": "Feature", "geometry": document}]}
    elif kind == "Feature":
        document = {"type": "FeatureCollection", "features": [document], "crs": document.get("crs")}
    features = document.get("features")
    if document.get("type") != "FeatureCollection" or not isinstance(features, list):
        raise _no_geojson(path, _("it has no list of features"))
    if not all(isinstance(feature, dict) for feature in features):
        raise _no_geojson(path, _("some of its features are no objects"))
    return features, document.get("crs")


def _parsed(path: Path, text: str, findings: list[Finding]) -> Any:
    # NaN and Infinity are no JSON, but programs write them; they become what no coordinate check lets pass.
    decoder = json.JSONDecoder(parse_constant=lambda name: math.nan)
    try:
        return decoder.decode(text)
    except RecursionError:
        raise _no_geojson(path, _("its brackets are nested too deep")) from None
    except json.JSONDecodeError as error:
        lines = [line for line in text.splitlines() if line.strip()]
        if error.msg == "Extra data" and all(line.lstrip("\x1e").startswith("{") for line in lines):
            return _by_line(path, decoder, lines)
        plain = TOKEN.sub(lambda found: found.group() if found.group().startswith('"') else " ", text)
        if plain != text:
            try:
                document = decoder.decode(plain)
            except (json.JSONDecodeError, RecursionError):
                pass
            else:
                findings.append(
                    Finding("F-READ-50", "warning", _("comments (// or /* */) were passed over; JSON has none."))
                )
                return document
        raise ReadError(
            "E-READ-40",
            _("line {line}, column {column}: no JSON ({reason}); the file is cut or damaged.").format(
                line=error.lineno, column=error.colno, reason=error.msg
            ),
            cure=_("Export or copy it again."),
            file=path,
        ) from None
    except ValueError as error:
        raise _no_geojson(path, str(error)) from None


def _by_line(path: Path, decoder: json.JSONDecoder, lines: list[str]) -> list[Any]:
    documents = []
    for number, line in enumerate(lines):
        try:
            documents.append(decoder.decode(line.lstrip("\x1e")))
        except (ValueError, RecursionError):
            raise ReadError(
                "E-READ-40",
                _("line {line}, column {column}: no JSON ({reason}); the file is cut or damaged.").format(
                    line=number + 1, column=1, reason="JSON"
                ),
                cure=_("Export or copy it again."),
                file=path,
            ) from None
    return documents


def _shape(geometry: Any, label: str, seen: Seen) -> Any:
    if geometry is None:
        return None
    if not isinstance(geometry, dict):
        raise _SchemaError(_("its geometry is no object"))
    kind = geometry.get("type")
    if kind == "GeometryCollection":
        members = geometry.get("geometries")
        if not isinstance(members, list):
            raise _SchemaError(_("a collection without a list of geometries"))
        return shapely.GeometryCollection([item for item in (_shape(part, label, seen) for part in members) if item])
    if kind not in DEPTH:
        raise _SchemaError(_("its geometry has the unknown type {kind!r}").format(kind=kind))
    coordinates = geometry.get("coordinates")
    if coordinates is None:
        raise _SchemaError(_("it has no coordinates"))
    parts = _checked(coordinates, DEPTH[kind], label, seen)
    if kind == "Point":
        return shapely.Point(parts[:2]) if len(parts) else shapely.Point()
    if kind == "MultiPoint":
        return shapely.MultiPoint(parts[:, :2]) if len(parts) else shapely.MultiPoint()
    if kind == "LineString":
        return _line(parts, label, seen)
    if kind == "MultiLineString":
        return shapely.MultiLineString(
            [line for line in (_line(part, label, seen) for part in parts) if line is not None]
        )
    built = polygons_in_order([parts] if kind == "Polygon" else parts)
    seen.closed += [label] * built.closed
    seen.short += [label] * built.short
    return built.geometry if built.geometry is not None else shapely.Polygon()


def _line(points: np.ndarray[Any, Any], label: str, seen: Seen) -> Any:
    if len(points) < 2:
        seen.short.append(label)
        return None
    return shapely.LineString(points[:, :2])


def _checked(value: Any, depth: int, label: str, seen: Seen) -> Any:
    """Coordinates as arrays of positions, or how they break the schema."""
    if not isinstance(value, list):
        raise _SchemaError(_("its brackets are nested wrongly"))
    if depth == 0:
        return np.array(_position(value, label, seen)[:2]) if value else np.zeros(0)
    if depth == 1:
        if value and not all(isinstance(position, list) for position in value):
            raise _SchemaError(_("its brackets are nested wrongly"))
        return np.array([_position(position, label, seen)[:2] for position in value]).reshape(-1, 2)
    return [_checked(item, depth - 1, label, seen) for item in value]


def _position(value: list[Any], label: str, seen: Seen) -> list[float]:
    if any(isinstance(number, list) for number in value):
        raise _SchemaError(_("its brackets are nested wrongly"))
    if len(value) < 2:
        raise _SchemaError(_("a position has fewer than two numbers"))
    if len(value) > 2 and (not seen.heights or seen.heights[-1] != label):
        seen.heights.append(label)
    numbers = []
    for number in value[:2]:
        if isinstance(number, str):
            try:
                numbers.append(parse_number(number).value)
            except EcospaceError:
                raise _SchemaError(_("{number!r} stands where a number should").format(number=number[:30])) from None
            if not seen.texts or seen.texts[-1] != label:
                seen.texts.append(label)
        elif isinstance(number, bool) or not isinstance(number, (int, float)) or not math.isfinite(number):
            raise _SchemaError(_("{number!r} stands where a number should").format(number=number))
        else:
            numbers.append(float(number))
    return numbers


def _columns(rows: list[Any], findings: list[Finding]) -> dict[str, Any]:
    """The properties as columns; lists and objects as their JSON text, whole numbers beyond 64 bits as text."""
    import pandas as pd

    table = [row if isinstance(row, dict) else {} for row in rows]
    names = list(dict.fromkeys(name for row in table for name in row))
    columns: dict[str, Any] = {}
    for name in names:
        values = [row.get(name) for row in table]
        values = [json.dumps(v, ensure_ascii=False) if isinstance(v, (dict, list)) else v for v in values]
        if any(isinstance(v, int) and abs(v) >= 2**63 for v in values):
            values = [None if v is None else str(v) for v in values]
            findings.append(Finding(
                "F-TEXT-09", "warning",
                _("the field {name} holds whole numbers too large for a number; it stays text.").format(name=name),
            ))  # fmt: skip
        columns["geometry_1" if name == "geometry" else name] = pd.Series(values, dtype=_type_of(values)).array
    return columns


def _type_of(values: list[Any]) -> Any:
    """Whole numbers with gaps stay whole: a float would round long codes."""
    known = [value for value in values if value is not None]
    whole = all(isinstance(value, int) and not isinstance(value, bool) for value in known)
    return "Int64" if known and whole and len(known) < len(values) else None


def _crs(member: Any, shapes: np.ndarray[Any, Any], findings: list[Finding], path: Path) -> CRS | None:
    from pyproj import CRS
    from pyproj.exceptions import CRSError as ProjError

    if isinstance(member, dict) and member.get("type") == "name":
        name = (member.get("properties") or {}).get("name")
        try:
            crs = CRS.from_user_input(str(name))
        except ProjError:
            raise ReadError(
                "E-READ-42",
                _("the file names the coordinate system {name!r}, which is not known.").format(name=name),
                cure=_('Write crs = "EPSG:…" in study.toml.'),
                file=path,
            ) from None
        return CRS.from_epsg(4326) if crs == CRS.from_user_input("OGC:CRS84") else crs
    if isinstance(member, dict):
        findings.append(Finding(
            "F-READ-51", "warning",
            _("the file points to a coordinate system by a link; it was not followed (nothing is fetched)."),
        ))  # fmt: skip
    bounds = shapely.total_bounds(shapes)
    if np.isfinite(bounds).all() and np.abs(bounds[[0, 2]]).max() <= 180 and np.abs(bounds[[1, 3]]).max() <= 90:
        findings.append(Finding(
            "F-READ-52", "note",
            _("the file names no coordinate system; GeoJSON then means WGS 84 (RFC 7946). Data from online maps "
              "of China is shifted by 300 to 700 m (GCJ-02) all the same."),
            cure=_("Compare it with a reference layer: ecospace inspect"),
        ))  # fmt: skip
        return CRS.from_epsg(4326)
    return None


def _findings(seen: Seen, labels: list[str]) -> list[Finding]:
    where = {label: str(number + 1) for number, label in enumerate(labels)}

    def ids(chosen: list[str]) -> tuple[str, ...]:
        return tuple(where[label] for label in dict.fromkeys(chosen[:LISTED]))

    found = [
        Finding(
            "E-READ-43", "error",
            _("{feature}: {reason}; GDAL would give an empty shape.").format(feature=label, reason=reason),
            cure=_("Correct the file where it was made."), features=ids([label]),
        )
        for label, reason in seen.wrong
    ]  # fmt: skip
    for code, names, text in (
        ("F-READ-37", seen.closed,
         _("{count} rings in {features} features were not closed; their first point was repeated: {names}.")),
        ("F-READ-38", seen.short,
         _("{count} rings or lines in {features} features have too few points for one; dropped: {names}.")),
        ("F-READ-53", seen.texts,
         _("coordinates of {features} features are written as text; read as numbers: {names}.")),
    ):  # fmt: skip
        if names:
            unique = list(dict.fromkeys(names))
            found.append(Finding(
                code, "warning",
                text.format(count=len(names), features=len(unique), names=_some(unique)),
                features=ids(unique), count=len(names),
            ))  # fmt: skip
    if seen.heights:
        unique = list(dict.fromkeys(seen.heights))
        found.append(Finding(
            "F-GEO-20", "note", _("heights or measures (Z, M) were left out; areas are plane areas."),
            features=ids(unique), count=len(unique),
        ))  # fmt: skip
    return found


def _label(number: int, feature: dict[str, Any]) -> str:
    properties = feature.get("properties")
    named = _names_in(properties) if isinstance(properties, dict) else iter(())
    return " ".join([str(number + 1), *list(named)[:1]])


def _names_in(properties: dict[str, Any]) -> Iterator[str]:
    return (str(properties[key]) for key in NAMES if properties.get(key))


def _some(names: list[str]) -> str:
    return ", ".join(names[:40]) + (" …" if len(names) > 40 else "")


def _no_geojson(path: Path, reason: str) -> ReadError:
    return ReadError(
        "E-READ-41",
        _("the file is JSON but no GeoJSON: {reason}.").format(reason=reason),
        cure=_("Export it as GeoJSON or GeoPackage."),
        file=path,
    )
