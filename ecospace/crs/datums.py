"""Datum shifts: known ones are said, taken ones are listed (``standards/datums.toml``), unknown ones are refused."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import pyproj
from pyproj.crs import CRS

from ecospace.crs.systems import geographic_of
from ecospace.errors import CRSError
from ecospace.findings import Finding
from ecospace.language import _
from ecospace.terms import standard


def require_known_shift(source: CRS, target: CRS, *, layer: str = "") -> list[Finding]:
    """Refuse a datum shift that PROJ does not know: it would silently leave the coordinates as they are.

    Returns
    -------
    list of Finding
        A note where a listed datum pair (``standards/datums.toml``) or a shift of known accuracy was used.
    """
    one, other = _datum(source), _datum(target)
    if one == other:
        return []
    pair = _datum_pair(one, other)
    if pair is not None:
        return [Finding(
            "F-CRS-01", "note",
            _("{one} is taken as {other}: they agree within {tolerance} m ({source}).").format(
                one=one, other=other, tolerance=pair["tolerance_m"], source=pair["source"]),
            layer=layer,
        )]  # fmt: skip
    group = pyproj.transformer.TransformerGroup(geographic_of(source), geographic_of(target), always_xy=True)
    known = [operation for operation in group.transformers if operation.accuracy >= 0]
    # EPSG has shifts for Beijing 1954 in six oil fields; elsewhere PROJ falls back on none at all, without a word.
    regional = {one, other} & set(_listed()["regional"]["datums"])
    if regional or not known or group.transformers[0].accuracy < 0:
        raise CRSError(
            "E-CRS-03",
            _("the shift from {one} to {other} is unknown; without it the layer may be off by 100 m and more.").format(
                one=one, other=other
            ),
            cure=_("Have it transformed by the surveying office, or give the seven parameters in study.toml: "
                   "helmert = [dx, dy, dz, rx, ry, rz, ppm]."),
            layer=layer,
        )  # fmt: skip
    return [Finding(
        "F-CRS-02", "note",
        _("{one} was shifted to {other} with an accuracy of {accuracy} m.").format(
            one=one, other=other, accuracy=group.transformers[0].accuracy),
        layer=layer,
    )]  # fmt: skip


def shift_tolerance(source: CRS, target: CRS) -> float:
    """Metres within which two datums are taken for one another by ``standards/datums.toml``; 0.0 for the same datum.

    >>> shift_tolerance(CRS.from_epsg(4326), CRS.from_epsg(4547)), shift_tolerance(CRS.from_epsg(4490), CRS.from_epsg(4526))
    (1.0, 0.0)
    """
    pair = _datum_pair(_datum(source), _datum(target))
    return float(pair["tolerance_m"]) if pair is not None else 0.0


def _datum(crs: CRS) -> str:
    datum = geographic_of(crs).datum
    # Shapefiles name datums the Esri way: D_China_2000.
    return datum.name.removeprefix("D_").replace("_", " ") if datum is not None else "unknown"


@lru_cache(maxsize=1)
def _listed() -> dict[str, Any]:
    return standard("datums")


def _datum_pair(one: str, other: str) -> dict[str, Any] | None:
    pair: dict[str, Any]
    for pair in _listed()["pair"]:
        left, right = set(pair["one"]), set(pair["other"])
        if (one in left and other in right) or (one in right and other in left):
            return pair
    return None
