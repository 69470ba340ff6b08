"""A written file is read again and compared before it takes the old one's place (回读比对)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import shapely
from geopandas import GeoDataFrame

from ecospace.crs import is_study_crs, require_crs
from ecospace.errors import WriteError
from ecospace.findings import Finding
from ecospace.language import _

#: Relative difference of an area that is plain floating-point noise.
NOISE = 1e-9
#: The same for a coordinate: 0.04 mm of an easting with its zone number.
EXACT = 1e-12
#: Companions of a Shapefile that go stale when it is written anew.
STALE = {".qix", ".sbn", ".sbx", ".fbn", ".fbx", ".ain", ".aih", ".atx", ".ixs", ".mxs", ".idm", ".ind", ".cpg", ".qpj"}


@dataclass(frozen=True)
class Written:
    """A file that was written and reads back the same.

    Parameters
    ----------
    path : Path
        The file, or the folder of a File Geodatabase.
    features : int
        How many features it holds.
    findings : tuple of Finding
        What the format could not take as it was: names that were cut, signs that were replaced, edges, precision.
    """

    path: Path
    features: int
    findings: tuple[Finding, ...] = ()


def require_deliverable(frame: GeoDataFrame, file: Path, *, layer: str = "") -> None:
    """Refuse a layer that no other program could place: without CRS, or in the study CRS.

    Raises
    ------
    CRSError
        E-CRS-01.
    WriteError
        E-WRITE-45.
    """
    require_crs(frame, layer=layer)
    if is_study_crs(frame.crs):
        raise WriteError(
            "E-WRITE-45",
            _("the layer is in the study CRS, which no other program knows; such a file is never delivered."),
            cure=_("Bring it back first, e.g. frame.to_crs(4490) or a 3-degree zone."),
            file=file,
            layer=layer,
        )


def remove_stale(target: Path, written: Path) -> None:
    """Remove the indexes and companions that an older Shapefile of the same name left behind.

    A stale .qix makes GDAL find nothing in a place, and a stale .cpg garbles the texts (trust.md tC01, tC15).
    """
    fresh = {companion.suffix.lower() for companion in written.parent.glob(f"{written.stem}.*")}
    for companion in target.parent.glob(f"{target.stem}.*"):
        if companion.suffix.lower() in STALE - fresh:
            companion.unlink()


def require_same(
    sent: GeoDataFrame, again: GeoDataFrame, *, path: Path, columns: Sequence[str], step: float = 0.0, key: str = ""
) -> None:
    """Refuse a file that does not read back as what was sent: count, ids, texts, numbers, areas and lengths.

    Parameters
    ----------
    sent, again : GeoDataFrame
        In the same CRS; `again` may have its rows in another order if `key` is given.
    path : Path
        For the message.
    columns : sequence of str
        The attributes to compare; both frames have them.
    step : float
        The coordinate step of the format, in units of the CRS (0.001 for millimetres in metres).
    key : str
        The column by which rows are matched; by order where empty.

    Raises
    ------
    WriteError
        E-WRITE-40: count; E-WRITE-41: ids; E-WRITE-42: a value; E-WRITE-43: an area, length or kind of geometry.
    """
    if len(sent) != len(again):
        raise _error("E-WRITE-40", _("{sent} features were written, {again} read back.").format(
            sent=len(sent), again=len(again)), path)  # fmt: skip
    if key:
        one, other = sent[key].astype(str), again[key].astype(str)
        if sorted(one) != sorted(other) or not one.is_unique:
            raise _error("E-WRITE-41", _("the ids of the features do not read back."), path)
        again = again.set_axis(list(other), axis=0).loc[list(one)]
    for column in columns:
        for row, (one, other) in enumerate(zip(sent[column].tolist(), again[column].tolist(), strict=True)):
            if not _equal(one, other):
                text = _("column {column}, row {row}: {sent!r} was written, {again!r} read back.")
                raise _error("E-WRITE-42", text.format(column=column, row=row + 1, sent=one, again=other), path)
    _require_same_shapes(sent.geometry.to_numpy(), again.geometry.to_numpy(), path, step)


def _require_same_shapes(sent: np.ndarray[Any, Any], again: np.ndarray[Any, Any], path: Path, step: float) -> None:
    if not (shapely.get_dimensions(sent) == shapely.get_dimensions(again)).all():
        raise _error("E-WRITE-43", _("the kind of a geometry changed."), path)
    lengths = shapely.length(sent)
    # Each vertex moves by up to 0.7 steps: an area by no more than that times the perimeter, a length by no more than
    # 1.5 steps for each vertex.
    allowed_area = NOISE * shapely.area(sent) + 0.75 * step * lengths
    allowed_length = NOISE * lengths + 1.5 * step * shapely.get_num_coordinates(sent)
    area = np.abs(shapely.area(sent) - shapely.area(again))
    length = np.abs(lengths - shapely.length(again))
    wrong = (area > allowed_area) | (length > allowed_length)
    centres = shapely.get_coordinates(shapely.centroid(sent)), shapely.get_coordinates(shapely.centroid(again))
    if len(centres[0]) != len(centres[1]) or wrong.any():
        worst = int(np.argmax(area - allowed_area))
        text = _("the area of feature {row} changed from {sent:.10g} to {again:.10g} by writing.")
        values = {"sent": shapely.area(sent[worst]), "again": shapely.area(again[worst])}
        raise _error("E-WRITE-43", text.format(row=worst + 1, **values), path)
    if len(centres[0]) and np.abs(centres[0] - centres[1]).max() > step * 2 + EXACT * np.abs(centres[0]).max():
        raise _error("E-WRITE-43", _("a feature moved by writing."), path)


def _equal(one: Any, other: Any) -> bool:
    one, other = _plain(one), _plain(other)
    if isinstance(one, float) and isinstance(other, float):
        return abs(one - other) <= NOISE * max(abs(one), abs(other))
    if isinstance(one, str) or isinstance(other, str):
        return (one or "") == (other or "")
    return bool(one == other)


def _plain(value: Any) -> Any:
    """None for every kind of missing value, float for every kind of number, ISO text for dates."""
    if value is None or value is pd.NaT or value is pd.NA or (isinstance(value, float) and np.isnan(value)):
        return None
    if isinstance(value, (bool, np.bool_)):
        return float(value)
    if isinstance(value, (int, float, np.integer, np.floating)):
        return float(value)
    if hasattr(value, "isoformat"):
        # A geodatabase keeps a day as midnight in UTC.
        return value.isoformat().removesuffix("+00:00").removesuffix("T00:00:00")
    return value


def _error(code: str, text: str, path: Path) -> WriteError:
    return WriteError(code, text, cure=_("The old file was left as it was; choose GeoPackage (.gpkg)."), file=path)
