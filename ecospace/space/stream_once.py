"""Ground counted once, from certified stores: coverage by zone, and two versions compared by zone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ecospace.layers.store import Store
from ecospace.space import kernels, overlay_cells
from ecospace.space.arrow import arrow_of_wkb
from ecospace.space.kernels import Wkb
from ecospace.space.zone_layers import joined, zone_layers

Array = np.ndarray[Any, Any]


def covered_by_zone(features: Sequence[Store], zones: Store) -> dict[Any, float]:
    """Ground of each zone that any of the stores covers, overlaps once, square metres; as overlay.covered_area."""
    areas = _once([_all_shapes(store, zones) for store in features], zones, None)
    return {code: float(area[0]) for code, area in areas.items()}


def compared_by_zone(before: Store, after: Store, zones: Store) -> dict[Any, tuple[float, float, float]]:
    """Removed, added and kept ground of each zone, each ground once, square metres; as overlay.compared_area."""
    areas = _once([_all_shapes(before, zones)], zones, _all_shapes(after, zones))
    return {code: (float(area[0]), float(area[1]), float(area[2])) for code, area in areas.items()}


def _once(first: list[Wkb], zones: Store, second: Wkb | None) -> dict[Any, Array]:
    layer = zone_layers(zones, zones)
    features = joined(first)
    if kernels.available():
        table = overlay_cells.covered_once(features, layer.shapes[0], second)
    else:
        import shapely

        from ecospace.space import overlay_geos

        def objects(wkb: Wkb) -> Array:
            return np.asarray(shapely.from_wkb(arrow_of_wkb(wkb).to_numpy(zero_copy_only=False)))

        other = None if second is None else objects(second)
        table = overlay_geos.covered_once(objects(features), objects(layer.shapes[0]), other)
    return dict(zip(layer.codes[0], table, strict=True))


def _all_shapes(store: Store, zones: Store) -> Wkb:
    """The shapes of a certified store in the zones' CRS."""
    return zone_layers(store, zones).shapes[0]
