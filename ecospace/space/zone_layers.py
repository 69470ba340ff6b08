"""Zones as bytes: what a stream, a worker or a sweep needs of them, checked once and cut once in each process."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from ecospace.errors import CRSError, UsageError
from ecospace.language import _
from ecospace.layers.store import Store, require_certified
from ecospace.space import kernels, overlay_cells
from ecospace.space.arrow import arrow_of_wkb, wkb_of_arrow
from ecospace.space.kernels import Wkb

if TYPE_CHECKING:
    import pyarrow as pa

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class ZoneLayers:
    """One or two layers of zones as bytes: what a worker needs, and nothing else.

    Parameters
    ----------
    names : tuple of str
        Column of each layer in the table.
    codes : tuple of tuple
        Zone codes of each layer.
    shapes : tuple of Wkb
    token : str
        Digest of all of it: layers are equal where it is, so that a process cuts the same zones once.
    """

    names: tuple[str, ...]
    codes: tuple[tuple[Any, ...], ...]
    shapes: tuple[Wkb, ...]
    token: str

    def __hash__(self) -> int:
        return hash(self.token)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ZoneLayers) and other.token == self.token


def zone_layers(zones: Any, store: Store) -> ZoneLayers:
    """Zones as bytes, after the checks that keep an area from being wrong."""
    named: dict[str, Any] = dict(zones) if isinstance(zones, Mapping) else {"zone": zones}
    if not 1 <= len(named) <= 2:
        raise UsageError(
            "E-USE-60",
            _("{count} layers of zones were given; features are crossed with one or two at a time.").format(
                count=len(named)
            ),
            cure=_('Give one frame, or two by name: {"line": redline, "town": townships}.'),
        )
    require_certified(store)
    codes, shapes = [], []
    digest = hashlib.sha256()
    for name, layer in named.items():
        if getattr(layer, "crs_text", None) != store.crs_text and layer.crs != store.crs:
            raise CRSError(
                "E-CRS-61",
                _("the zones {name!r} are in another CRS than the store, so they would be crossed in the wrong place."
                  ).format(name=name),
                cure=_("Certify the store for the study that the zones belong to."),
                file=store.path,
            )  # fmt: skip
        if isinstance(layer, Store):
            require_certified(layer)
            batches = list(layer.batches(layer.columns[:1]))
            codes.append(tuple(code for batch in batches for code in batch.column(0).to_pylist()))
            shapes.append(joined([wkb_of_arrow(batch.column(1)) for batch in batches]))
        else:
            from ecospace.space.overlay import require_polygons

            require_polygons(layer, name)
            codes.append(tuple(layer.index))
            shapes.append(overlay_cells.wkb_of(np.asarray(layer.geometry.array)))
        digest.update(repr((name, codes[-1])).encode())
        digest.update(shapes[-1].bytes.data)
    return ZoneLayers(tuple(named), tuple(codes), tuple(shapes), digest.hexdigest())


def joined(layers: list[Wkb]) -> Wkb:
    """Features of several layers as one."""
    if len(layers) == 1:
        return layers[0]
    ends = np.cumsum([0, *[layer.offsets[-1] - layer.offsets[0] for layer in layers]])
    offsets = [layer.offsets[1:] - layer.offsets[0] + end for layer, end in zip(layers, ends, strict=False)]
    content = [layer.bytes[layer.offsets[0] : layer.offsets[-1]] for layer in layers]
    return Wkb(np.concatenate(content), np.concatenate([np.zeros(1, np.int64), *offsets]))


@lru_cache(maxsize=2)
def prepared(layers: ZoneLayers) -> Any:
    """Zones cut once in each process, for whichever engine it has."""
    if kernels.available():
        return overlay_cells.cut_zones(*layers.shapes)
    import shapely

    from ecospace.space import overlay_geos

    objects = [shapely.from_wkb(arrow_of_wkb(shapes).to_pylist()) for shapes in layers.shapes]
    if len(objects) == 1:
        return overlay_geos.cut_zones(objects[0]), np.arange(len(objects[0]))[:, None]
    first, second, pieces = overlay_geos.pair_pieces(*objects)
    return overlay_geos.cut_zones(pieces), np.column_stack([first, second])


def shares_of(column: pa.Array, zones: Any, layer_count: int) -> tuple[Array, Array, Array, float]:
    """Feature, zones and square metres of each share, and the area of all features."""
    if isinstance(zones, overlay_cells.CutZones):
        shares, areas = overlay_cells.cross(wkb_of_arrow(column), zones)
        places = np.column_stack([shares["first"], shares["second"]])[:, :layer_count]
        return shares["feature"], places, shares["area_m2"], float(areas.sum())
    import shapely

    from ecospace.space import overlay_geos

    pieces, place_of_piece = zones
    shapes = shapely.from_wkb(column.to_numpy(zero_copy_only=False))
    feature, piece, area_m2 = overlay_geos.pair_areas(shapes, pieces)
    order = np.argsort(feature, kind="stable")
    return feature[order], place_of_piece[piece[order]], area_m2[order], float(shapely.area(shapes).sum())
