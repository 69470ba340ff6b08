"""Whether a layer fits those around it better when it is moved back by the shift of an online map (偏移疑似).

One layer alone does not show that it was drawn on Amap or Baidu (trust.md tA07); a wetland park that lies on its lake only
after such a move does.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import shapely
import shapely.affinity
from pyproj import Transformer

from ecospace.findings import Finding
from ecospace.language import _
from ecospace.layers.offset import bd09, gcj02

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

    from ecospace.crs import StudyCRS

#: Roles whose shapes often share their edges or ground with others.
RELATED = (
    "eco_redline",
    "water",
    "wetland_park",
    "forest_park",
    "nature_reserve",
    "water_source",
    "geopark",
    "scenic_area",
)
#: Share of the layer in another after the move, and how much more than before, from which it is suspected.
FITS, GAIN = 0.8, 0.1
#: Vertices beyond which a layer is not moved about.
MOST_VERTICES = 200_000


def suspect_shift(frame: GeoDataFrame, others: Mapping[str, GeoDataFrame], study: StudyCRS) -> Finding | None:
    """A warning where a layer, moved back by GCJ-02 or BD-09, falls into place.

    Parameters
    ----------
    frame : GeoDataFrame
        Polygons in the study CRS.
    others : mapping of str to GeoDataFrame
        Layers that it may share ground with, by title, in the study CRS.
    study : StudyCRS

    Returns
    -------
    Finding or None
        None also where nothing can be said.
    """
    shapes = frame.geometry.to_numpy()
    if not len(shapes) or shapely.get_num_coordinates(shapes).sum() > MOST_VERTICES:
        return None
    ground = shapely.union_all(shapes)
    if not ground.area:
        return None
    for name, (east, north) in _shifts(ground.centroid, study).items():
        back = shapely.affinity.translate(ground, -east, -north)
        away = shapely.affinity.translate(ground, east, north)
        for title, other in others.items():
            now, moved, further = (_share(shape, other) for shape in (ground, back, away))
            if moved >= FITS and moved - now >= GAIN and further < now:
                return Finding(
                    "F-CRS-30", "warning",
                    _("moved back by {distance:.0f} m, the shift of {map} at this place, {moved:.0%} of the layer lie in "
                      "{other} instead of {now:.0%}: it may have been drawn on an online map.").format(
                        distance=float(np.hypot(east, north)), map=name, moved=moved, other=title, now=now),
                    cure=_("Ask for the coordinates of the survey; a layer taken from an online map is not corrected here."),
                )  # fmt: skip
    return None


def _shifts(centre: shapely.Point, study: StudyCRS) -> dict[str, tuple[float, float]]:
    """East and north of each map's shift at a place, metres."""
    to_degrees = Transformer.from_crs(study.crs, study.geographic, always_xy=True)
    to_metres = Transformer.from_crs(study.geographic, study.crs, always_xy=True)
    longitude, latitude = to_degrees.transform(centre.x, centre.y)
    shifts = {}
    for name, drawn in (("GCJ-02", gcj02), ("BD-09", bd09)):
        east, north = to_metres.transform(*drawn(longitude, latitude))
        shifts[name] = (float(east) - centre.x, float(north) - centre.y)
    return shifts


def _share(ground: shapely.Geometry, other: GeoDataFrame) -> float:
    """How much of some ground lies in another layer."""
    shapes = other.geometry.to_numpy()
    near = shapes[shapely.intersects(shapes, ground)]
    return float(shapely.intersection(ground, shapely.union_all(near)).area / ground.area) if len(near) else 0.0
