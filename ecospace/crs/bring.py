"""Layers from one CRS into another: the one place of the package where coordinates are transformed."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pyproj
import shapely
from pyproj.crs import CRS

from ecospace.crs.datums import require_known_shift
from ecospace.crs.dense import densified
from ecospace.crs.require import require_crs, require_in_place, require_valid
from ecospace.crs.systems import is_study_crs
from ecospace.errors import CRSError, GeometryError
from ecospace.findings import Finding
from ecospace.language import _

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

#: How much a repair after a transform may change an area: plain noise, never a shape (trust.md tB22).
REPAIR_NOISE = 1e-6

Array = np.ndarray[Any, Any]
Move = Callable[[Array], Array]


def brought(frame: GeoDataFrame, target: CRS, *, layer: str = "") -> GeoDataFrame:
    """A layer in another CRS: densified before, checked and made valid after. See `StudyCRS.bring`."""
    require_crs(frame, layer=layer)
    if frame.crs == target:
        return frame
    findings = require_known_shift(frame.crs, target, layer=layer)
    require_in_place(frame, layer=layer)
    flat = shapely.force_2d(frame.geometry.to_numpy())
    require_valid(flat, frame.index, layer)
    dense = densified(flat, frame.crs)
    moved = shapely.transform(dense, moving(frame.crs, target))
    moved, repaired = _made_valid(moved, frame.index, layer)
    out = frame.set_geometry(_series(moved, frame, target))
    if len(repaired):
        findings = [*findings, Finding(
            "F-GEO-10", "note",
            _("{count} shapes became invalid by the transform and were repaired by structure.").format(
                count=len(repaired)),
            layer=layer, features=tuple(map(str, repaired[:100])), count=len(repaired),
        )]  # fmt: skip
    out.attrs["findings"] = [*frame.attrs.get("findings", []), *findings]
    return out


def moving(source: CRS, target: CRS) -> Move:
    """What moves coordinates (n × 2, east before north) from one CRS to another, good to a micrometre both ways."""
    return mended(source, target) if is_study_crs(source) else _plain(source, target)


def mended(source: CRS, target: CRS) -> Move:
    """As `moving`, held against the way back whatever the CRSs are.

    Notes
    -----
    PROJ's way from an equal-area projection cuts its series short and is 1.6 mm off at 22°N, its way there is exact: what
    the way back shows is put right once (a Newton step).
    """
    there, back = _plain(source, target), _plain(target, source)

    def move(points: Array) -> Array:
        return there(2 * points - back(there(points)))

    return move


@lru_cache(maxsize=32)
def _plain(source: CRS, target: CRS) -> Move:
    transformer = pyproj.Transformer.from_crs(source, target, always_xy=True)

    def move(points: Array) -> Array:
        return np.column_stack(transformer.transform(points[:, 0], points[:, 1]))

    return move


def _made_valid(geometries: Array, index: Any, layer: str) -> tuple[Array, list[Any]]:
    finite = (
        np.isfinite(shapely.bounds(geometries)).all(axis=1)
        | shapely.is_empty(geometries)
        | shapely.is_missing(geometries)
    )
    if not finite.all():
        raise CRSError(
            "E-CRS-10",
            _("{count} shapes left the domain of the projection.").format(count=int((~finite).sum())),
            cure=_("Check the coordinate system of the layer: ecospace inspect"),
            layer=layer,
            features=list(index[~finite]),
        )
    wrong = ~shapely.is_valid(geometries) & ~shapely.is_missing(geometries)
    if not wrong.any():
        return geometries, []
    before = geometries[wrong]
    after = shapely.make_valid(before, method="structure", keep_collapsed=False)
    change = np.abs(shapely.area(after) - np.abs(shapely.area(before)))
    broken = change > REPAIR_NOISE * np.maximum(shapely.area(after), 1.0)
    if broken.any():
        raise GeometryError(
            "E-GEO-01",
            _("{count} shapes are invalid and a repair would change their area by up to {change:.6g} m².").format(
                count=int(broken.sum()), change=float(change.max())
            ),
            cure=_("Repair the layer first: read_layer does it and says what it did."),
            layer=layer,
            features=list(index[wrong][broken]),
        )
    out = geometries.copy()
    out[wrong] = after
    return out, list(index[wrong])


def _series(geometries: Array, frame: GeoDataFrame, crs: CRS) -> Any:
    from geopandas import GeoSeries

    return GeoSeries(geometries, index=frame.index, crs=crs, name=frame.geometry.name)
