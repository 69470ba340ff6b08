"""Shapefiles, read by ourselves: a record that cannot be read is named and never stops the rest (读取 Shapefile).

GDAL stops at the first unclosed ring, and says nothing of missing records, wrong-way holes or mojibake (trust.md tB17,
tC01, tC05, tC06). The file is mapped and its points are taken out in blocks, so that a million parcels take seconds.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ecospace.errors import CRSError
from ecospace.findings import Finding
from ecospace.language import _
from ecospace.layers.formats.dbf import Attributes, read_dbf, read_header
from ecospace.layers.formats.shp_records import MISSING, Companions, Records, companions, find_records
from ecospace.layers.formats.shp_shapes import Seen, shapes_of

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from pyproj import CRS

LISTED = 100


def read_shapefile(path: Path, *, encoding: str | None = None) -> tuple[GeoDataFrame, list[Finding]]:
    """A Shapefile as it is, with everything that is wrong with it.

    Parameters
    ----------
    path : Path
        The .shp.
    encoding : str, optional
        Of the .dbf, where the user knows better than the bytes.

    Returns
    -------
    GeoDataFrame
        Indexed by record number as text ("1", "2", …). CRS from the .prj, or None. Null shapes are None.
    list of Finding
        Records that cannot be read are left out, with a finding of level "error".

    Raises
    ------
    ReadError
        The .shp or .dbf has no usable header.
    """
    from geopandas import GeoDataFrame

    files = companions(path)
    rows = read_header(files.dbf).declared if files.dbf is not None else None
    records = find_records(files, rows)
    findings = list(records.findings)
    seen = Seen()
    shapes = np.concatenate([np.empty(0, object), *shapes_of(records, seen)])
    lost = records.length == MISSING
    lost[np.array([number - 1 for number in (*seen.unreadable, *seen.unfinite)], dtype=int)] = True
    lost[np.array([number - 1 for number, _hole, _part in seen.ambiguous], dtype=int)] = True
    findings += _ring_findings(seen, records)

    columns: dict[str, Any] = {}
    if files.dbf is None:
        findings.append(Finding(
            "F-READ-36", "warning",
            _("there is no .dbf beside the .shp: the shapes have no names, classes or areas."),
            cure=_("Copy the .dbf of the same name beside it."),
        ))  # fmt: skip
    else:
        table = read_dbf(files.dbf, code_page=files.cpg, encoding=encoding)
        columns, absent, noted = _joined(table, len(shapes))
        findings += [*table.findings, *noted]
        lost |= absent
    crs = _crs(files)
    numbers = [str(number + 1) for number in range(len(shapes))]
    frame = GeoDataFrame(columns, geometry=shapes, index=numbers, crs=crs)
    return frame if not lost.any() else frame.loc[~lost], findings


def _ring_findings(seen: Seen, records: Records) -> list[Finding]:
    findings = []
    if seen.unreadable:
        findings.append(Finding(
            "E-READ-36", "error",
            _("{count} records of the .shp cannot be read (lengths and counts contradict each other).").format(
                count=len(seen.unreadable)),
            cure=_("Copy or export the file again."), features=_texts(seen.unreadable), count=len(seen.unreadable),
        ))  # fmt: skip
    if seen.unfinite:
        findings.append(Finding(
            "E-GEO-23", "error",
            _("{features}: {what}; left in, it would count as clear of everything.").format(
                features=", ".join(map(str, seen.unfinite[:5])), what=_("coordinates are not numbers")),
            cure=_("Copy or export the file again."), features=_texts(seen.unfinite), count=len(seen.unfinite),
        ))  # fmt: skip
    for number, as_hole, as_part in seen.ambiguous:
        findings.append(Finding(
            "E-READ-37", "error",
            _("{feature}: a ring lies inside another and runs the same way round: a hole drawn the wrong way "
              "({hole:.4f}) or a part drawn twice ({part:.4f}, square units of the file).").format(
                feature=number, hole=as_hole, part=as_part),
            cure=_("Open it in a GIS, decide, and save it again."), features=(str(number),),
        ))  # fmt: skip
    for code, level, numbers, text in (
        ("F-READ-37", "warning", seen.closed, _("{count} rings were not closed; their first point was repeated.")),
        ("F-READ-38", "warning", seen.short, _("{count} rings or lines have too few points for one; dropped.")),
        ("F-READ-39", "note", seen.turned, _("{count} shapes have rings that run the wrong way round; their nesting "
                                             "left no doubt which are holes.")),
        ("F-READ-40", "warning", seen.boxes, _("{count} records: the stored extent is not that of their points; a byte "
                                               "may have changed.")),
    ):  # fmt: skip
        if numbers:
            findings.append(Finding(
                code, level, text.format(count=len(numbers)),  # type: ignore[arg-type]
                features=_texts(list(dict.fromkeys(numbers))), count=len(numbers),
            ))  # fmt: skip
    if records.shape_type in (11, 13, 15, 18, 21, 23, 25, 28):
        text = _("heights or measures (Z, M) were left out; areas are plane areas.")
        findings.append(Finding("F-GEO-20", "note", text, count=len(records.start)))
    return findings


def _joined(table: Attributes, count: int) -> tuple[dict[str, Any], np.ndarray[Any, Any], list[Finding]]:
    """The columns brought to the number of shapes, the rows that have none or are deleted, and what was seen."""
    import pandas as pd

    present = table.header.present
    columns = {name: pd.Series(values).reindex(range(count)).array for name, values in table.columns.items()}
    absent = np.zeros(count, dtype=bool)
    findings = []
    if present < count:
        absent[present:] = True
        numbers = list(range(present + 1, count + 1))
        findings.append(Finding(
            "E-READ-38", "error",
            _("the .dbf has {present} rows for {count} shapes: {missing} shapes have no name or class.").format(
                present=present, count=count, missing=len(numbers)),
            cure=_("The .dbf was cut or belongs to another file: copy all members together again."),
            features=_texts(numbers), count=len(numbers),
        ))  # fmt: skip
    deleted = np.zeros(count, dtype=bool)
    deleted[:present] = table.deleted[:count]
    if deleted.any():
        numbers = [int(at) + 1 for at in np.flatnonzero(deleted)]
        findings.append(Finding(
            "E-READ-39", "error",
            _("{count} rows are marked as deleted in the .dbf, but their shapes are still there.").format(
                count=len(numbers)),
            cure=_("Open the file in a GIS and save it again with or without them."),
            features=_texts(numbers), count=len(numbers),
        ))  # fmt: skip
    return columns, absent | deleted, findings


def _crs(files: Companions) -> CRS | None:
    """The CRS of the .prj, by its EPSG code where it is one of those."""
    from pyproj import CRS
    from pyproj.exceptions import CRSError as ProjError

    if files.prj is None:
        return None
    text = files.prj.read_bytes()[:20_000].decode("utf-8", errors="replace").strip("\ufeff\x00 \r\n\t")
    try:
        crs = CRS.from_wkt(text)
    except ProjError as error:
        raise CRSError(
            "E-CRS-40",
            _("the .prj file does not describe a coordinate system."),
            cure=_('Delete it and write crs = "EPSG:…" in study.toml.'),
            file=files.prj,
        ) from error
    code = crs.to_epsg(min_confidence=70)
    return CRS.from_epsg(code) if code is not None else crs


def _texts(numbers: list[int]) -> tuple[str, ...]:
    return tuple(map(str, numbers[:LISTED]))
