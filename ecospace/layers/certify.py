"""Certify the rows of a large layer batch by batch: valid, 2-D, densified, in the study CRS, valid again.

Valid shapes take the short way, as bytes through the kernels; what is invalid before or after the transform goes
through the same repair and the same transform as any layer (ecospace.layers.repair, ecospace.crs), with its findings.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np
import pyarrow as pa
import pyproj
import shapely
from geopandas import GeoDataFrame
from pyproj import CRS

from ecospace.crs import (
    LONGEST_EDGE_M,
    METRES_PER_DEGREE,
    StudyCRS,
    densified,
    require_crs,
    require_in_place,
    require_known_shift,
)
from ecospace.errors import GeometryError
from ecospace.findings import Finding
from ecospace.language import _
from ecospace.layers.repair import repair
from ecospace.layers.store import some
from ecospace.space import kernels
from ecospace.space.arrow import arrow_of_wkb, wkb_of_arrow
from ecospace.space.kernels import Wkb
from ecospace.space.overlay_cells import wkb_of, wkb_of_bytes

Array = np.ndarray[Any, Any]
POLYGONS = (3, 6)
#: How 2-D polygons begin in little-endian WKB.
HEADS = np.array([[1, kind, 0, 0, 0] for kind in POLYGONS], dtype=np.uint8)


class Certifier:
    """Brings batches of one layer into the study CRS, two or more at a time, and keeps account of what was seen."""

    def __init__(self, crs: CRS | None, study_crs: StudyCRS, *, name: str) -> None:
        require_crs(GeoDataFrame(geometry=[], crs=crs), layer=name)
        self.crs = CRS.from_user_input(crs)
        self.study_crs = study_crs
        self.name = name
        self.findings = require_known_shift(self.crs, study_crs.crs, layer=name)
        self.rows = 0
        self.area_m2 = 0.0

    def summary(self) -> dict[str, Any]:
        """Rows, total area and findings, for the certificate."""
        findings = [finding.as_dict() for finding in self.findings]
        return {"rows": self.rows, "area_m2": self.area_m2, "findings": findings}

    def certified(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """The batches in order, with certified geometry; as many at work as there are processors."""
        workers = kernels.thread_count()
        waiting: deque[Future[tuple[pa.RecordBatch, list[Finding], float]]] = deque()
        with ThreadPoolExecutor(workers) as threads:
            start = 0
            for batch in batches:
                waiting.append(threads.submit(self._certify, batch, start))
                start += len(batch)
                if len(waiting) > workers:
                    yield self._account(*waiting.popleft().result())
            while waiting:
                yield self._account(*waiting.popleft().result())

    def _account(self, batch: pa.RecordBatch, findings: list[Finding], area_m2: float) -> pa.RecordBatch:
        self.rows += len(batch)
        self.area_m2 += area_m2
        self.findings += [finding for finding in findings if finding not in self.findings]
        return batch

    def _certify(self, batch: pa.RecordBatch, start: int) -> tuple[pa.RecordBatch, list[Finding], float]:
        column = batch.column(batch.num_columns - 1)
        ids = np.arange(start, start + len(column))
        shapes = plain_polygons(column)
        if shapes is None:
            raw = np.asarray(column.to_numpy(zero_copy_only=False), dtype=object)
            self._require(np.isin([kind_of(value) for value in raw], POLYGONS), ids)
            shapes = wkb_of_bytes(flat(raw))
        bounds = measured(shapes)
        self._require(bounds[:, 0] <= bounds[:, 2], ids)  # an empty shape has no bounds
        invalid = invalid_of(shapes)
        box = shapely.box(*bounds[:, :2].min(axis=0), *bounds[:, 2:4].max(axis=0))
        require_in_place(GeoDataFrame(geometry=[box], crs=self.crs), layer=self.name)
        moved = self._moved(shapes)
        rows = np.union1d(invalid, invalid_of(moved))
        findings: list[Finding] = []
        if len(rows):
            moved, findings = self._repaired(shapes, moved, rows, ids)
        columns = [*batch.columns[:-1], arrow_of_wkb(moved)]
        area_m2 = float(measured(moved)[:, 4].sum())
        return pa.RecordBatch.from_arrays(columns, batch.schema.names), findings, area_m2

    def _require(self, fit: Array, ids: Array) -> None:
        """Refuse rows that have no area to measure, by their number."""
        if not fit.all():
            raise GeometryError(
                "E-GEO-60",
                _("{count} of the {name} are missing, empty or not polygons, so they have no area to measure.").format(
                    count=int((~fit).sum()), name=_("features")
                ),
                cure=_("Take them out, and say so, before measuring."),
                layer=self.name,
                features=some(ids[~fit]),
            )

    def _repaired(self, shapes: Wkb, moved: Wkb, rows: Array, ids: Array) -> tuple[Wkb, list[Finding]]:
        """Rows that are invalid before or after the transform, the long way: repaired with findings, then brought."""
        frame = GeoDataFrame(geometry=objects_of(shapes, rows), index=some(ids[rows]), crs=self.crs)
        frame, findings = repair(frame, layer=self.name)
        brought = self.study_crs.bring(frame, layer=self.name)
        pieces = arrow_of_wkb(moved).to_numpy(zero_copy_only=False).copy()
        pieces[rows] = shapely.to_wkb(np.asarray(brought.geometry.array), output_dimension=2, byte_order=1)
        seen = [finding for finding in brought.attrs.get("findings", []) if finding not in self.findings]
        return wkb_of_bytes(pieces), [*findings, *seen]

    def _moved(self, shapes: Wkb) -> Wkb:
        """Valid or not, densified and transformed, as the study CRS does it."""
        if self.crs == self.study_crs.crs:
            return shapes
        # A transformer holds a PROJ context, which belongs to one thread.
        transformer = pyproj.Transformer.from_crs(self.crs, self.study_crs.crs, always_xy=True)
        if not kernels.available():
            dense = densified(objects_of(shapes, np.arange(len(shapes))), self.crs)
            return wkb_of(shapely.transform(dense, lambda xy: np.column_stack(transformer.transform(*xy.T))))
        unit = METRES_PER_DEGREE if self.crs.is_geographic else self.crs.axis_info[0].unit_conversion_factor
        dense_wkb = kernels.densified(shapes, LONGEST_EDGE_M / unit)
        return kernels.moved(dense_wkb, lambda x, y: transformer.transform(x, y, inplace=True))


def plain_polygons(column: pa.Array) -> Wkb | None:
    """A column of WKB where it lies, if all of it is 2-D polygons, little endian, as most files have it; else None."""
    if column.null_count:
        return None
    shapes = wkb_of_arrow(column)
    if not len(shapes) or np.diff(shapes.offsets).min() < len(HEADS[0]):
        return None
    heads = shapes.bytes[shapes.offsets[:-1, None] + np.arange(len(HEADS[0]))]
    return shapes if (heads[:, None] == HEADS).all(axis=2).any(axis=1).all() else None


def kind_of(value: bytes | None) -> int:
    """The geometry type of WKB, whatever its byte order and dimensions (ISO adds thousands, EWKB high bits)."""
    if value is None:
        return -1
    return (int.from_bytes(value[1:5], "little" if value[0] else "big") & 0x0FFF_FFFF) % 1_000


def flat(raw: Array) -> Array:
    """WKB of 2-D polygons, little endian; only what is not so already is written anew."""
    kinds = np.array([int.from_bytes(value[:5], "little") for value in raw])
    other = ~np.isin(kinds, [1 | kind << 8 for kind in POLYGONS])
    if other.any():
        raw = raw.copy()
        raw[other] = shapely.to_wkb(shapely.from_wkb(raw[other]), output_dimension=2, byte_order=1)
    return raw


def objects_of(shapes: Wkb, rows: Array) -> Array:
    """Some features as geometry objects."""
    offsets = shapes.offsets
    return np.asarray(shapely.from_wkb([shapes.bytes[offsets[i] : offsets[i + 1]].tobytes() for i in rows]))


def invalid_of(shapes: Wkb) -> Array:
    """Positions of invalid features: the kernels pass what is valid beyond doubt, GEOS judges the rest."""
    rows = kernels.invalid_or_doubtful(shapes) if kernels.available() else np.arange(len(shapes))
    found: Array = rows[~shapely.is_valid(objects_of(shapes, rows))] if len(rows) else rows
    return found


def measured(shapes: Wkb) -> Array:
    """Bounds and area of each feature: columns xmin, ymin, xmax, ymax, area."""
    if kernels.available():
        return kernels.measured(shapes)
    objects = objects_of(shapes, np.arange(len(shapes)))
    return np.column_stack([shapely.bounds(objects), shapely.area(objects)])
