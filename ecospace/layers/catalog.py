"""What lies in a folder, and what it probably is: file and layer names held against those met in practice."""

from __future__ import annotations

import json
import re
import tomllib
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ecospace.errors import EcospaceError, StudyError
from ecospace.language import _
from ecospace.layers.gdal import DRIVERS
from ecospace.terms import kinds

if TYPE_CHECKING:
    from ecospace.layers.contents import Found

VECTORS = {
    ".shp",
    ".gpkg",
    ".gdb",
    ".geojson",
    ".json",
    ".parquet",
    ".geoparquet",
    ".fgb",
    ".kml",
    ".kmz",
    ".tab",
    ".gml",
    ".dxf",
    ".mif",
    ".zip",
    # Cannot be read, and reading them says what to do instead; passed over, their ground would be missing in silence.
    ".mdb",
    ".dwg",
    ".rar",
    ".7z",
}
RASTERS = {".tif", ".tiff"}
#: Boundary points, coordinate tables, or notes: no name says which, so each is a comment of the draft.
TEXTS = {".txt", ".csv", ".xlsx"}
SHAPES = {"Point": "point", "LineString": "line", "Polygon": "polygon"}


@dataclass(frozen=True)
class Seen:
    """One layer found in a folder.

    Parameters
    ----------
    path : Path
        Relative to the folder.
    layer : str
        Its name inside the file, where the file has several.
    role : str
        The role that its name fits; empty where none does.
    shape : str
        ``"polygon"``, ``"line"``, ``"point"``, ``"raster"`` or empty.
    crs : str
        As the file says; empty where it does not.
    count : int
        Features.
    fields : tuple of str
        Attribute columns.
    remark : str
        What a reader should know before using it.
    """

    path: Path
    layer: str
    role: str
    shape: str
    crs: str
    count: int
    fields: tuple[str, ...]
    remark: str


def look_at(folder: str | Path) -> list[Seen]:
    """Look at every layer of a folder, without reading it (图层清查).

    Raises
    ------
    StudyError
        E-STUDY-11: no folder, or nothing in it that can be read.
    """
    base = Path(folder)
    files = sorted(
        path for path in base.rglob("*")
        if path.suffix.lower() in VECTORS | RASTERS | TEXTS and "outputs" not in path.parts
        and not any(parent.suffix.lower() == ".gdb" for parent in path.relative_to(base).parents)
    ) if base.is_dir() else []  # fmt: skip
    if not files:
        require_folder(base)
        raise StudyError("E-STUDY-11", _("{folder} holds no layers.").format(folder=folder),
                         cure=_("Put Shapefiles, GeoPackages, GeoTIFFs … there first."))  # fmt: skip
    return [item for path in files for item in _look(path, base)]


def require_folder(folder: Path) -> None:
    """Raise where there is no such folder: it would read as an empty one.

    Raises
    ------
    StudyError
        E-STUDY-12: there is nothing of that name.
    """
    if not folder.exists():
        raise StudyError(
            "E-STUDY-12", _("there is no folder {folder}.").format(folder=folder), cure=_("Check the path.")
        )


def read_study_table(path: Path) -> dict[str, Any]:
    """The tables of a study.toml.

    Raises
    ------
    StudyError
        E-STUDY-02: it is no TOML, or not in UTF-8.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise StudyError(
            "E-STUDY-02",
            _("study.toml cannot be read: {reason}.").format(reason=_reason(error)),
            cure=_("Correct that line. Text stands in double quotes; the file is UTF-8."),
            file=path,
        ) from error


def _reason(error: ValueError) -> str:
    """Where a TOML file is not understood, in the reader's language; what the parser expected is English, and is left out."""
    place = re.search(r"at line ([0-9]+), column ([0-9]+)", str(error))
    if place:
        return _("line {line}, column {column} is not understood").format(line=place[1], column=place[2])
    if isinstance(error, UnicodeDecodeError):
        return _("byte {place} is not UTF-8").format(place=error.start)
    return _("it ends in the middle of a value")


def guess_role(name: str, shape: str) -> str:
    """The role whose names a file or layer name fits best; empty where none does.

    >>> guess_role("STBHHX_2023", "polygon"), guess_role("镇街界线", "polygon"), guess_role("abc", "polygon")
    ('eco_redline', 'townships', '')
    >>> guess_role("S05_demo", ""), guess_role("dem_30m", "raster")
    ('', 'dem')
    """
    lowered = name.lower()
    best, length = "", 0
    for kind in kinds().values():
        if shape and shape not in kind.shape and kind.shape != "any":
            continue
        for known in kind.names:
            if _names(known, lowered) and len(known) > length:
                best, length = kind.key, len(known)
    return best


def _names(known: str, name: str) -> bool:
    """Whether a name holds a known one; an English word ends where it ends: no dem in a demo."""
    if known.isascii() and known.islower():
        return re.search(rf"{re.escape(known)}s?(?![a-z])", name) is not None
    return known.lower() in name


def draft_study(folder: str | Path, seen: Sequence[Seen]) -> str:
    """A commented study.toml for the layers seen; what is not certain is a comment, not a setting.

    Returns
    -------
    str
        TOML in UTF-8.
    """
    roles = [item.role for item in seen]
    lines = ["# " + _("Written by ecospace init from the names of the files. Read it through: every role is a guess."),
             "[study]", f"title = {json.dumps(Path(folder).resolve().name, ensure_ascii=False)}"]  # fmt: skip
    keys = _keys(seen)
    boundary = keys[roles.index("boundary")] if "boundary" in roles else "boundary"
    lines.append(
        f'boundary = "{boundary}"'
        + ("" if "boundary" in roles else "   # " + _("no file looks like a boundary: name one"))
    )
    if "townships" in roles:
        lines.append(f'zones = "{keys[roles.index("townships")]}"')
    lines += [
        "# official_area_km2 = 0.0   # " + _("official area, printed beside the computed one"),
        '# terrain = "平原"          # ' + _("平原, 丘陵 or 山区: picks the threshold"),
        'area = "ellipsoid"         # ' + _('or "plane:114" (central meridian of a 3-degree zone)'),
        'indicators = "basic"',
        "",
    ]
    for key, item in zip(keys, seen, strict=True):
        lines += _entry(key, item)
    return "\n".join(lines) + "\n"


def _entry(key: str, item: Seen) -> list[str]:
    mark = "" if item.role else "# "
    lines = [f"{mark}[layers.{key}]"]
    if not item.role:
        lines[0] += "   # " + _("role not recognised: give one and remove the # signs")
    lines += [
        f'{mark}role = "{item.role or "context"}"',
        f"{mark}path = {json.dumps(item.path.as_posix(), ensure_ascii=False)}",
    ]
    if item.layer:
        lines.append(f"{mark}layer = {json.dumps(item.layer, ensure_ascii=False)}")
    lines.append(f'{mark}source = ""   # ' + _("who made it, in which document, state of which date"))
    if not item.crs:
        lines.append('# crs = "EPSG:4490"   # ' + _("the file does not say its coordinate system: give it"))
    if item.role in {"land_use", "forest"}:
        lines.append(
            '# code_system = "dlbm"   # ' + _("dlbm (三调), landuse-2023 (用地用海), forestry …: never guessed")
        )
    if item.fields:
        lines.append("# " + _("fields: {fields}").format(fields=", ".join(item.fields[:20])))
    if item.remark:
        lines.append(f"# {item.remark}")
    return [*lines, ""]


def _keys(seen: Sequence[Seen]) -> list[str]:
    keys: list[str] = []
    for item in seen:
        base = item.role or "layer"
        key, number = base, 1
        while key in keys:
            number += 1
            key = f"{base}_{number}"
        keys.append(key)
    return keys


def _look(path: Path, base: Path) -> list[Seen]:
    relative = path.relative_to(base)
    if path.suffix.lower() in TEXTS:
        remark = _("boundary points or a coordinate table? then give it a role; else leave it a comment")
        return [Seen(relative, "", "", "", "", 0, (), remark)]
    try:
        if path.suffix.lower() in RASTERS:
            return [_look_raster(path, relative)]
        return _look_vector(path, relative)
    except EcospaceError as error:
        return [
            Seen(
                relative,
                "",
                guess_role(path.stem, ""),
                "",
                "",
                0,
                (),
                _("cannot be opened: {reason}").format(reason=error.text),
            )
        ]


def _look_vector(path: Path, relative: Path) -> list[Seen]:
    from ecospace.layers.contents import opened

    # The same door as reading: by the first bytes, archives unpacked, no file that points to others.
    with opened(path) as found:
        drawn = [one for one in found if one.geometry != "table"]
        return [_look_inside(one, relative, several=len(drawn) > 1) for one in drawn]


def _look_inside(one: Found, relative: Path, *, several: bool) -> Seen:
    remark = ""
    try:
        shape, crs, count, fields = _described(one)
    except Exception:  # any file may be broken in any way; init only looks
        shape, crs, count, fields = "", "", 0, ()
        remark = _("cannot be opened: {reason}").format(reason=_("ecospace inspect says why"))
    role = guess_role(Path(one.name).name, shape) or guess_role(relative.stem, shape)
    return Seen(relative, one.name if several else "", role, shape, crs, count, fields, remark)


def _described(one: Found) -> tuple[str, str, int, tuple[str, ...]]:
    """Shape, CRS, number of features and fields, from the heads of the files."""
    if one.format == "parquet":
        import pyarrow.parquet as parquet

        schema = parquet.read_schema(one.path)
        meta = json.loads(schema.metadata[b"geo"]) if schema.metadata and b"geo" in schema.metadata else {}
        column = meta.get("columns", {}).get(meta.get("primary_column", "geometry"), {})
        crs = str((column.get("crs") or {}).get("id", "EPSG:4326")) if column else ""
        fields = tuple(name for name in schema.names if name != "geometry")
        return (
            _shape(next(iter(column.get("geometry_types", [])), "")),
            crs,
            parquet.read_metadata(one.path).num_rows,
            fields,
        )
    if one.format not in {*DRIVERS, "shp", "geojson"}:
        return "", "", 0, ()
    from ecospace.layers.gdal import vector

    with warnings.catch_warnings():
        # Measures (M) are no fault of a layer: reading leaves them out, as it does heights.
        warnings.filterwarnings("ignore", "Measured")
        info: dict[str, Any] = vector().read_info(one.path, layer=one.inner or None)
    fields = _dbf_fields(one.path) if one.format == "shp" else tuple(map(str, info["fields"]))
    return _shape(info["geometry_type"]), str(info["crs"] or ""), int(info["features"]), fields


def _dbf_fields(path: Path) -> tuple[str, ...]:
    """The fields of a Shapefile in the characters that reading will find."""
    from ecospace.layers.formats.dbf import read_header
    from ecospace.layers.formats.dbf_text import field_texts

    table = next((item for item in path.parent.glob("*") if item.name.lower() == path.stem.lower() + ".dbf"), None)
    return () if table is None else tuple(field_texts([item.name for item in read_header(table).fields], "utf-8")[0])


def _shape(kind: Any) -> str:
    return SHAPES.get(str(kind or "").split(" ")[0].removeprefix("Multi").removeprefix("Curve"), "")


def _look_raster(path: Path, relative: Path) -> Seen:
    from ecospace.layers.gdal import raster

    try:
        opened = raster().open(path, driver="GTiff")
    except Exception:  # as above
        remark = _("cannot be opened: {reason}").format(reason=_("ecospace inspect says why"))
        return Seen(relative, "", guess_role(path.stem, "raster"), "raster", "", 0, (), remark)
    with opened as source:
        crs = source.crs.to_string() if source.crs else ""
        return Seen(relative, "", guess_role(path.stem, "raster"), "raster", crs, source.width * source.height, (), "")
