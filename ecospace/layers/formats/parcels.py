"""What every reader of a surveyors' format returns: parcels, the header and what was seen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ecospace.errors import EcospaceError
from ecospace.findings import Finding

if TYPE_CHECKING:
    from geopandas import GeoDataFrame


@dataclass(frozen=True, eq=False)
class Parcels:
    """Parcels of one file, as the file says them (地块).

    Parameters
    ----------
    frame : GeoDataFrame
        One row per parcel, indexed by a unique text id; x is east and y is north; 2-D. Columns as far as the format
        has them: id, name, kind (面, 线, 点), declared_area_m2, sheet, use, class_code, rings, points, layer … Its CRS
        is set only where it is established, and is None otherwise.
    header : dict of str to str
        The header of the file, key by key, as written.
    findings : tuple of Finding
        Everything that was normalised, closed, dropped or does not agree.
    crs_proposal : str
        What to type where the CRS is not established, e.g. ``crs = "EPSG:4526"``.
    """

    frame: GeoDataFrame
    header: dict[str, str] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    crs_proposal: str = ""


def unique_ids(names: Sequence[str]) -> tuple[list[str], list[str]]:
    """Unique ids from the ids of a file, and those that occurred more than once or were empty.

    >>> unique_ids(["DK1", "DK2", "DK1", ""])
    (['DK1', 'DK2', 'DK1#2', '4'], ['DK1', ''])
    """
    taken: set[str] = set()
    ids: list[str] = []
    repeated: list[str] = []
    for number, name in enumerate(names, start=1):
        stem = name or str(number)
        candidate, copy = stem, 2
        while candidate in taken:
            candidate, copy = f"{stem}#{copy}", copy + 1
        if candidate != name:
            repeated.append(name)
        taken.add(candidate)
        ids.append(candidate)
    return ids, repeated


@contextmanager
def naming(file: Path) -> Iterator[None]:
    """Errors of the block name the file, unless they name one already."""
    try:
        yield
    except EcospaceError as error:
        if error.file:
            raise
        raise type(error)(
            error.code, error.text, cure=error.cure, file=file, layer=error.layer, features=error.features
        ) from error
