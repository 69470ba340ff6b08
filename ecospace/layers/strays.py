"""Features that lie far from the study area and from the rest of their layer: digitised in another zone (离群图斑).

A few features with the coordinates of the neighbouring zone move no bound of their layer beyond what China allows. They
lie 300 km away, and a site on their true ground would be clear of them. They are found by where clusters of boxes stand,
and by reading the numbers of a cluster another way: what then falls into the study area is a stray.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import numpy as np
from pyproj import CRS, Transformer
from pyproj.crs import GeographicCRS, ProjectedCRS
from pyproj.crs.coordinate_operation import TransverseMercatorConversion

from ecospace.findings import Finding
from ecospace.language import _
from ecospace.layers.zones import stray_bars, zone_of

Array = np.ndarray[Any, Any]

#: Metres in a degree of latitude, never more than there are.
DEGREE_M = 110_500.0
#: EPSG's method of Gauss–Krüger and UTM.
TRANSVERSE_MERCATOR = "9807"
#: Ids that are kept of one cluster.
NAMED = 100


@dataclass(frozen=True)
class Cluster:
    """Features of a layer that stand together (图斑群).

    Parameters
    ----------
    box : tuple of float
        West, south, east, north, in the layer's own CRS.
    count : int
        Features that have a part in it.
    features : tuple of str
        Ids of at most 100 of them.
    """

    box: tuple[float, float, float, float]
    count: int
    features: tuple[str, ...]


@dataclass(frozen=True)
class Stray:
    """A cluster that lies far away from the study area.

    Parameters
    ----------
    cluster : Cluster
    distance_m : float
        From the study area, roughly.
    reading : str
        How its numbers fall into the study area, in words; empty where no reading is known that does it.
    """

    cluster: Cluster
    distance_m: float
    reading: str = ""


def clusters_of(bounds: Array, owner: Array, ids: Sequence[str], crs: CRS) -> tuple[Cluster, ...]:
    """The clusters of a layer, the largest first.

    Parameters
    ----------
    bounds : array of float, (n, 4)
        Boxes of its parts, in its own CRS.
    owner : array of int, (n,)
        Number of the feature that each part belongs to.
    ids : sequence of str
        Id of each feature.
    crs : CRS

    Returns
    -------
    tuple of Cluster
        Boxes that lie less than 50 km from one another always stand in one cluster, those more than 100 km apart only
        through others between them.
    """
    bounds, owner = np.asarray(bounds, dtype=float), np.asarray(owner)
    label = _labels(bounds, _cell(bounds, crs))
    found = []
    for number in range(int(label.max()) + 1 if len(label) else 0):
        rows = slice(None) if not label.any() else np.flatnonzero(label == number)
        members = np.flatnonzero(np.bincount(owner[rows], minlength=1))
        low, high = bounds[rows, :2].min(axis=0), bounds[rows, 2:].max(axis=0)
        box = (float(low[0]), float(low[1]), float(high[0]), float(high[1]))
        found.append(Cluster(box, len(members), tuple(str(ids[i]) for i in members[:NAMED].tolist())))
    return tuple(sorted(found, key=lambda cluster: (-cluster.count, cluster.box)))


def find_strays(clusters: Sequence[Cluster], crs: CRS, place: Sequence[Cluster], place_crs: CRS) -> list[Stray]:
    """The clusters of a layer that are far from the study area, and how their numbers would fall into it.

    Parameters
    ----------
    clusters : sequence of Cluster
        Of the layer.
    crs : CRS
        Its own.
    place : sequence of Cluster
        Of the study boundary.
    place_crs : CRS

    Returns
    -------
    list of Stray
        Empty where all stand within 100 km of the study area.
    """
    if not clusters or not place:
        return []
    bars = stray_bars()
    study = _degrees(_boxes(place), place_crs)
    distance_m = _gaps(_degrees(_boxes(clusters), crs), study)
    # What cannot be placed on the earth is far from everything.
    far = np.flatnonzero(~(distance_m <= bars.far_m))
    if not len(far):
        return []
    boxes = _boxes([clusters[i] for i in far.tolist()])
    readings = [""] * len(far)
    for text, numbers, read_in in _readings(boxes, crs):
        for i in np.flatnonzero(_within(_degrees(numbers, read_in), study, bars.margin_m)):
            readings[i] = readings[i] or text
    return [Stray(clusters[i], float(distance_m[i]), text) for i, text in zip(far.tolist(), readings, strict=True)]


def stray_findings(strays: Sequence[Stray], features: int) -> list[Finding]:
    """What is said of strays.

    Parameters
    ----------
    strays : sequence of Stray
    features : int
        Number of features of the layer.

    Returns
    -------
    list of Finding
        E-CRS-47 where another reading puts them into the study area, F-CRS-47 where none does; nothing for a layer that
        reaches far with many of its features.
    """
    found = []
    for stray in strays:
        if stray.reading:
            found.append(_finding(
                "E-CRS-47", "error", stray.cluster.features, stray.cluster.count,
                _("{count} features ({features}) lie about {distance} km from the study area; {reading} they lie in it: "
                  "ground in the study area may be missing from the layer").format(
                    count=stray.cluster.count, features=_some(stray.cluster.features),
                    distance=_kilometres(stray.distance_m), reading=stray.reading),
                _('Have their coordinates corrected at the source; if they do lie there, write far_features = "verified" for '
                  "this layer in study.toml."),
            ))  # fmt: skip
    rest = [stray for stray in strays if not stray.reading]
    count = sum(stray.cluster.count for stray in rest)
    if rest and count <= max(1.0, stray_bars().few * features):
        names = tuple(name for stray in rest for name in stray.cluster.features)[:NAMED]
        found.append(_finding(
            "F-CRS-47", "warning", names, count,
            _("{count} features ({features}) lie about {distance} km from the study area and from the rest of the layer").format(
                count=count, features=_some(names), distance=_kilometres(min(stray.distance_m for stray in rest))),
            _('Check their coordinates; if they do lie there, write far_features = "verified" for this layer in study.toml.'),
        ))  # fmt: skip
    return found


def _finding(
    code: str, level: Literal["warning", "error"], features: tuple[str, ...], count: int, text: str, cure: str
) -> Finding:
    return Finding(code, level, text, cure, features=features, count=count)


def _readings(boxes: Array, crs: CRS) -> Iterator[tuple[str, Array, CRS]]:
    """Other ways to read the numbers of some boxes: in words, the numbers, and the CRS that they are read in."""
    swapped = boxes[:, [1, 0, 3, 2]]
    if crs.is_geographic:
        yield _("with longitude and latitude exchanged"), swapped, crs
        return
    for meridian, other in _neighbours(crs):
        yield _("with the central meridian {degrees}°").format(degrees=f"{meridian:g}"), boxes, other
    yield _("with X and Y exchanged"), swapped, crs
    geographic = crs.geodetic_crs
    if geographic is not None:
        yield _("read as degrees"), boxes, geographic.to_2d()
        yield _("read as degrees with longitude and latitude exchanged"), swapped, geographic.to_2d()
    zone = zone_of(crs)
    for number in sorted({int(value) for value in (boxes[:, 0] // 1e6) if zone is not None and 13 <= value <= 45}):
        assert zone is not None
        prefixed = zone.system.zone(number)
        if prefixed is not None and prefixed != crs:
            yield _("with zone {number}, which their eastings begin with").format(number=number), boxes, prefixed
    bare = None if zone is None or not zone.prefixed else zone.system.meridian(zone.central_meridian, zone.width)
    if bare is not None:
        yield _("without a zone number before their eastings"), boxes, bare
    for text, east, north in (
        (_("a whole {distance} km farther east"), 1.0, 0.0), (_("a whole {distance} km farther west"), -1.0, 0.0),
        (_("a whole {distance} km farther north"), 0.0, 1.0), (_("a whole {distance} km farther south"), 0.0, -1.0),
    ):  # fmt: skip
        # A figure too many or too few in front of the numbers.
        for thousand in (1_000, 2_000, 3_000):
            shift = 1_000.0 * thousand * np.array([east, north, east, north])
            yield text.format(distance=thousand), boxes + shift, crs


@lru_cache(maxsize=64)
def _neighbours(crs: CRS) -> tuple[tuple[float, CRS], ...]:
    """The same projection on neighbouring central meridians, by meridian."""
    operation = crs.coordinate_operation
    if operation is None or operation.method_code != TRANSVERSE_MERCATOR:
        return ()
    values = {str(item.name): float(item.value) for item in operation.params}
    own = values["Longitude of natural origin"]
    return tuple(
        (own + step, ProjectedCRS(
            TransverseMercatorConversion(
                latitude_natural_origin=values.get("Latitude of natural origin", 0.0),
                longitude_natural_origin=own + step,
                false_easting=values.get("False easting", 0.0),
                false_northing=values.get("False northing", 0.0),
                scale_factor_natural_origin=values.get("Scale factor at natural origin", 1.0),
            ),
            geodetic_crs=crs.geodetic_crs or GeographicCRS(),
        ))
        for zones in stray_bars().meridians for step in (zones, -zones)
    )  # fmt: skip


def _cell(bounds: Array, crs: CRS) -> Array:
    """Size of the cells in which boxes are gathered, in units of the CRS."""
    cell_m = stray_bars().far_m / 2
    if crs.is_geographic:
        latitude = min(float(np.abs(bounds[:, [1, 3]]).max(initial=0.0)), 80.0)
        return np.array([cell_m / (DEGREE_M * np.cos(np.deg2rad(latitude))), cell_m / DEGREE_M])
    return np.full(2, cell_m / float(crs.axis_info[0].unit_conversion_factor))


def _labels(bounds: Array, cell: Array) -> Array:
    """Number of the cluster of each box: boxes whose cells touch stand together."""
    if not len(bounds):
        return np.empty(0, int)
    low, span = bounds[:, :2].min(axis=0), bounds[:, 2:].max(axis=0) - bounds[:, :2].min(axis=0)
    if (span < 2 * cell).all():
        return np.zeros(len(bounds), int)
    # A damaged layer that reaches around the earth is gathered more coarsely.
    cell = np.maximum(cell, span / 1_000)
    corners = [((bounds[:, side] - low[side % 2]) / cell[side % 2]).astype(np.int64) << 12 * side for side in range(4)]
    kinds, kind_of = np.unique(np.bitwise_or.reduce(corners), return_inverse=True)
    parts = (kinds[:, None] >> np.array([0, 12, 24, 36])) & 0xFFF
    cells = [{(x, y) for x in range(w, e + 1) for y in range(s, n + 1)} for w, s, e, n in parts.tolist()]
    open_cells: set[tuple[int, int]] = set().union(*cells)
    cluster: dict[tuple[int, int], int] = {}
    number = 0
    while open_cells:
        heap = [open_cells.pop()]
        while heap:
            x, y = heap.pop()
            cluster[x, y] = number
            around = {(x + i, y + j) for i in (-1, 0, 1) for j in (-1, 0, 1)} & open_cells
            open_cells -= around
            heap += around
        number += 1
    return np.array([cluster[min(group)] for group in cells])[kind_of.ravel()]


def _boxes(clusters: Sequence[Cluster]) -> Array:
    return np.array([cluster.box for cluster in clusters], dtype=float).reshape(-1, 4)


def _degrees(boxes: Array, crs: CRS) -> Array:
    """Boxes in longitude and latitude; not finite where they lie nowhere."""
    if crs.is_geographic or crs.geodetic_crs is None:
        return boxes
    across, along = np.meshgrid(np.linspace(0, 1, 3), np.linspace(0, 1, 3))
    x = boxes[:, [0]] + (boxes[:, [2]] - boxes[:, [0]]) * across.ravel()
    y = boxes[:, [1]] + (boxes[:, [3]] - boxes[:, [1]]) * along.ravel()
    lon, lat = Transformer.from_crs(crs, crs.geodetic_crs.to_2d(), always_xy=True).transform(x, y)
    return np.column_stack([lon.min(axis=1), lat.min(axis=1), lon.max(axis=1), lat.max(axis=1)])


def _gaps(boxes: Array, places: Array) -> Array:
    """Metres from each box to the nearest of some places, all in degrees; not a number where a box lies nowhere."""
    gaps = []
    for west, south, east, north in places.tolist():
        along = np.maximum(np.maximum(boxes[:, 1] - north, south - boxes[:, 3]), 0.0) * DEGREE_M
        narrow = np.cos(np.deg2rad(np.clip((south + north) / 2, -80, 80)))
        across = np.maximum(np.maximum(boxes[:, 0] - east, west - boxes[:, 2]), 0.0) * DEGREE_M * narrow
        gaps.append(np.hypot(across, along))
    nearest = np.min(gaps, axis=0)
    return np.where(np.isfinite(boxes).all(axis=1), nearest, np.inf)


def _within(boxes: Array, places: Array, margin_m: float) -> Array:
    """Whether each box lies wholly in one of some places, widened by a margin."""
    out = np.zeros(len(boxes), dtype=bool)
    for west, south, east, north in places.tolist():
        more = margin_m / DEGREE_M
        wider = more / np.cos(np.deg2rad(np.clip((south + north) / 2, -80, 80)))
        low = (boxes[:, 0] >= west - wider) & (boxes[:, 1] >= south - more)
        out |= low & (boxes[:, 2] <= east + wider) & (boxes[:, 3] <= north + more)
    return out


def _kilometres(metres: float) -> str:
    return f"{metres / 1000:.0f}" if np.isfinite(metres) else "> 1000"


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (" …" if len(names) > 5 else "")
