"""A sketch of water-source zones by distance (饮用水水源保护区示意): never the legal zones.

The distances of HJ 338-2018 differ by source type and could not be confirmed, so none is shipped: the user gives them,
and every row carries the label.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import geopandas
import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry
from shapely.ops import substring

from ecospace.crs import require_same_crs
from ecospace.errors import DataError, RuleError
from ecospace.language import _
from ecospace.space.patches import QUARTER_SEGMENTS


@dataclass(frozen=True)
class ZoneDistances:
    """The distances of one zone at a river, as the user gives them.

    Parameters
    ----------
    name : str
        ``"一级"``, ``"二级"``, ``"准保护区"``.
    upstream_m, downstream_m : float
        Along the river from the intake.
    bank_m : float
        Depth of the land on both sides.
    source : str
        Where the distances come from; printed with the zone.
    """

    name: str
    upstream_m: float
    downstream_m: float
    bank_m: float
    source: str


def label() -> str:
    """What every sketch must say."""
    return _("sketch, not the legal extent")


def water_zone_sketch(
    intake: geopandas.GeoDataFrame,
    river: geopandas.GeoDataFrame,
    zones: Sequence[ZoneDistances],
    *,
    water: geopandas.GeoDataFrame | None = None,
    catchment: BaseGeometry | None = None,
) -> geopandas.GeoDataFrame:
    """Zones by distance around an intake at a river.

    Parameters
    ----------
    intake : GeoDataFrame
        One point.
    river : GeoDataFrame
        One centre line, drawn downstream, in the same CRS in metres.
    zones : sequence of ZoneDistances
        From the innermost outwards.
    water : GeoDataFrame, optional
        Bank polygons: the depth is then counted from the bank, and the water itself is in the zone.
    catchment : geometry, optional
        Zones are cut to it: land beyond the watershed does not drain to the intake.

    Returns
    -------
    GeoDataFrame
        One row a zone, without the ground of those further in: `zone`, `area_m2`, `upstream_m`, `downstream_m`,
        `bank_m`, `source`, `label` (示意,非法定范围).

    Raises
    ------
    RuleError
        A zone without distances or source (E-RULE-70), or one that is smaller than the one within (E-RULE-71).
    DataError
        The river is not one line (E-DATA-87).
    """
    require_same_crs(*(frame for frame in (intake, river, water) if frame is not None))
    _require_distances(zones)
    line = shapely.line_merge(river.geometry.union_all())
    if line.geom_type != "LineString" or len(intake) != 1:
        raise DataError(
            "E-DATA-87",
            _("the sketch needs one intake and one river line without gaps or branches."),
            cure=_("Choose the main stem, and join its pieces."),
        )
    at = line.project(intake.geometry.iloc[0])
    banks = water.geometry.union_all() if water is not None else None
    rows = []
    inner: BaseGeometry = shapely.Point()
    for zone in zones:
        stretch = substring(line, max(at - zone.upstream_m, 0.0), min(at + zone.downstream_m, line.length))
        ground = _around(stretch, line, banks, zone.bank_m)
        if catchment is not None:
            ground = shapely.intersection(ground, catchment)
        own = shapely.difference(ground, inner)
        inner = shapely.union(inner, ground)
        rows.append((zone.name, own.area, zone.upstream_m, zone.downstream_m, zone.bank_m, zone.source, label(), own))
    columns = ["zone", "area_m2", "upstream_m", "downstream_m", "bank_m", "source", "label", "geometry"]
    return geopandas.GeoDataFrame(rows, columns=columns, crs=river.crs)


def _around(stretch: BaseGeometry, line: BaseGeometry, banks: BaseGeometry | None, depth_m: float) -> BaseGeometry:
    if banks is None:
        return shapely.buffer(stretch, depth_m, quad_segs=QUARTER_SEGMENTS, cap_style="flat")
    # The water of the stretch: what lies nearer to it than to the rest of the line.
    reach = shapely.distance(stretch, banks) + np.sqrt(banks.area)
    slab = shapely.buffer(stretch, reach, quad_segs=QUARTER_SEGMENTS, cap_style="flat")
    own_water = shapely.intersection(banks, slab)
    pieces = [part for part in shapely.get_parts(own_water) if part.intersects(stretch)]
    wet = shapely.union_all([*pieces, stretch])
    return shapely.intersection(shapely.buffer(wet, depth_m, quad_segs=QUARTER_SEGMENTS), slab)


def _require_distances(zones: Sequence[ZoneDistances]) -> None:
    for zone in zones:
        wanted = (zone.upstream_m, zone.downstream_m, zone.bank_m)
        if not zone.source or not all(np.isfinite(metres) and metres >= 0 for metres in wanted):
            raise RuleError(
                "E-RULE-70",
                _("the zone {name!r} lacks a distance or the source of its distances, so it is not drawn.").format(
                    name=zone.name
                ),
                cure='ZoneDistances("一级", upstream_m=…, downstream_m=…, bank_m=…, source="…")',
            )
    for one, other in pairwise(zones):
        if (other.upstream_m, other.downstream_m, other.bank_m) < (one.upstream_m, one.downstream_m, one.bank_m):
            raise RuleError(
                "E-RULE-71",
                _("the zone {outer!r} is smaller than {inner!r}, which must lie inside it.").format(
                    outer=other.name, inner=one.name
                ),
                cure=_("Give the zones from the innermost outwards."),
            )
