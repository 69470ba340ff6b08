"""A site against one control layer: overlap, contact or distance.

Whether interiors meet is asked of raw coordinates in the control layer's own CRS, by an exact predicate **or** an area;
areas and distances are measured in the study CRS. What rounding cannot tell apart from contact is 相接, never clear.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import numpy as np
import shapely
from pyproj.crs import CRS

from ecospace.check.boxes import Array
from ecospace.check.control import ControlLayer
from ecospace.check.moving import move
from ecospace.check.seen import Seen, Sites

Relation = Literal["overlap", "touch", "apart", "unknown"]

#: Multiples of the noise floor beyond which a mean width needs no exact predicate.
PLAIN = 8.0
#: Lower bounds of distances in another CRS are loosened so much: the scale of a 3- or 6-degree zone stays below.
LOOSE = 1.01


@dataclass(frozen=True, eq=False)
class Meeting:
    """One feature that a site meets (叠加图斑).

    Parameters
    ----------
    feature : int
        Its number in the layer.
    relation : {"overlap", "touch"}
    area_m2, length_m : float
        Square metres of polygons, metres of lines, in the study CRS.
    cuts : array of Geometry
        The common ground in the layer's own CRS, in tiles.
    """

    feature: int
    relation: Relation
    area_m2: float
    length_m: float
    cuts: Array
    layer: ControlLayer = field(repr=False)
    study: CRS = field(repr=False)

    @property
    def id(self) -> str:
        """The feature's id in its layer."""
        return str(self.layer.ids[self.feature])

    @property
    def name(self) -> str:
        """The feature's name, or its id."""
        return str(self.layer.names[self.feature]) or self.id

    @property
    def grade(self) -> str:
        """The feature's grade (core, level-1 …), a key of ``grades.toml``; empty where the layer has none."""
        return str(self.layer.grades[self.feature])

    @cached_property
    def ground(self) -> Any:
        """The common ground as one geometry in the study CRS."""
        return shapely.union_all(move(self.layer.crs, self.study)(self.cuts))

    @cached_property
    def parts(self) -> Array:
        """The separate pieces of common ground, the largest first."""
        parts = shapely.get_parts(self.ground)
        return np.asarray(parts[np.argsort(-shapely.area(parts), kind="stable")])

    @property
    def width_m(self) -> float:
        """Mean width of the common ground: twice its area by its perimeter."""
        around = float(shapely.length(self.ground))
        return 2.0 * float(shapely.area(self.ground)) / around if around > 0 else 0.0


@dataclass(frozen=True, eq=False)
class Contact:
    """A site and one control layer (核查结果).

    Parameters
    ----------
    layer : ControlLayer
    relation : {"overlap", "touch", "apart", "unknown"}
    reason : str
        Why it is unknown.
    area_m2 : float
        Ground in common, overlapping features counted once, square metres.
    distance_m : float or None
        Metres to the nearest feature; 0 where they meet.
    nearest : int or None
        Number of that feature.
    noise_m : float
        What rounding and the bend of moved edges may hide, metres.
    meetings : tuple of Meeting
        Every feature met, however small.
    """

    layer: ControlLayer
    relation: Relation
    reason: str = ""
    area_m2: float = 0.0
    distance_m: float | None = None
    nearest: int | None = None
    noise_m: float = 0.0
    meetings: tuple[Meeting, ...] = ()

    @property
    def overlaps(self) -> tuple[Meeting, ...]:
        """The features whose ground is shared."""
        return tuple(meeting for meeting in self.meetings if meeting.relation == "overlap")


def contacts(sites: Sites, layer: ControlLayer, study: CRS) -> list[Contact]:
    """The contact of each site with a layer.

    Parameters
    ----------
    sites : Sites
    layer : ControlLayer
        Prepared; must not be empty.
    study : CRS
        The study CRS, metres.

    Returns
    -------
    list of Contact
        In the order of the sites.
    """
    seen = sites.seen_in(layer.crs)
    groups = _groups(seen, layer, study)
    met = {} if groups is None else groups.of_each()
    free = [number for number in range(len(sites)) if number not in met] if met else range(len(sites))
    beside = iter(zip(*_nearest(sites, seen, free, layer, study), strict=True))
    out = []
    for number, floor in enumerate(seen.noise_m.tolist()):
        if groups is None or number not in met:
            metres, feature = next(beside)
            relation: Relation = "touch" if metres <= floor else "apart"
            out.append(Contact(layer, relation, distance_m=metres, nearest=feature, noise_m=floor))
            continue
        meetings = groups.meetings(met[number], layer, study)
        if number in groups.broken:
            out.append(Contact(layer, "unknown", groups.broken[number], noise_m=floor, meetings=meetings))
            continue
        overlaps = [meeting for meeting in meetings if meeting.relation == "overlap"]
        out.append(Contact(
            layer, "overlap" if overlaps else "touch", area_m2=area_once(overlaps), distance_m=0.0,
            nearest=meetings[0].feature, noise_m=floor, meetings=meetings,
        ))  # fmt: skip
    return out


def area_once(meetings: Sequence[Meeting]) -> float:
    """Area of the ground of some meetings, in square metres: ground that several features share is counted once."""
    shared = [meeting for meeting in meetings if meeting.layer.shares_ground[meeting.feature]]
    several_layers = len({id(meeting.layer) for meeting in meetings}) > 1
    if several_layers or len(shared) > 1:
        joint = list(meetings) if several_layers else shared
        alone = sum(meeting.area_m2 for meeting in meetings if meeting not in joint)
        return alone + float(shapely.area(shapely.union_all([meeting.ground for meeting in joint])))
    return float(sum(meeting.area_m2 for meeting in meetings))


@dataclass
class _Groups:
    """Pairs (site, feature) that meet, by site."""

    site: Array
    feature: Array
    overlap: Array
    area: Array
    length: Array
    first: Array
    cuts: Array
    broken: dict[int, str]

    def of_each(self) -> dict[int, slice]:
        """Where the groups of each site that meets something stand."""
        sites, starts = np.unique(self.site, return_index=True)
        return dict(
            zip(sites.tolist(), map(slice, starts.tolist(), [*starts[1:].tolist(), len(self.site)]), strict=True)
        )

    def meetings(self, found: slice, layer: ControlLayer, study: CRS) -> tuple[Meeting, ...]:
        """The meetings of one site, the largest first."""
        made = [
            Meeting(
                int(self.feature[i]), "overlap" if self.overlap[i] else "touch", float(self.area[i]),
                float(self.length[i]), self.cuts[self.first[i] : self.first[i + 1]], layer, study,
            )
            for i in range(found.start, found.stop)
        ]  # fmt: skip
        return tuple(sorted(made, key=lambda meeting: (meeting.relation, -meeting.area_m2, meeting.feature)))


def _groups(seen: Seen, layer: ControlLayer, study: CRS) -> _Groups | None:
    areas, shapes, noise_m = layer.areas, seen.shapes, seen.noise_m
    unit_m = min(layer.scale)
    windows, reach = seen.windows(unit_m)
    rows, items = areas.within(shapes, windows, reach)
    if not len(rows):
        return None
    order = np.lexsort((areas.owner[items], rows))
    rows, items = rows[order], items[order]
    pieces = areas.shapes(items)
    owner = areas.owner[items]
    cuts, square, faulty = _intersections(shapes[rows], pieces)
    change = np.ones(len(rows), dtype=bool)
    change[1:] = (rows[1:] != rows[:-1]) | (owner[1:] != owner[:-1])
    first = change.nonzero()[0]
    site, feature = rows[first], owner[first]
    add = np.add.reduceat
    raw, around = add(square, first), add(shapely.length(cuts), first)
    width_m = np.divide(2.0 * raw, around, out=np.zeros(len(first)), where=around > 0) * unit_m
    overlap = width_m > PLAIN * noise_m[site]
    ends = np.array([*first.tolist(), len(rows)])
    for i in (~overlap).nonzero()[0].tolist():
        members = slice(ends[i], ends[i + 1])
        meets = _interiors_meet(
            shapes[site[i]], pieces[members], items[members], int(feature[i]), reach[site[i]], layer
        )
        # Lines and points have no width; of moved polygons, less than the noise floor is no more than contact.
        flat = layer.polygons and bool(shapely.get_dimensions(shapes[site[i]]) == 2)
        thin = flat and not seen.exact and width_m[i] <= noise_m[site[i]]
        overlap[i] = (meets or raw[i] > 0.0) and not thin
    way = move(layer.crs, study)
    measured = cuts if way.same else way(cuts)
    area = raw if way.same else add(shapely.area(measured), first)
    length = np.zeros(len(first)) if layer.polygons else add(shapely.length(measured), first)
    broken = {int(rows[i]): text for i, text in faulty.items()}
    return _Groups(site, feature, overlap, area, length, ends, cuts, broken)


def _intersections(one: Array, other: Array) -> tuple[Array, Array, dict[int, str]]:
    """Intersections, their areas, and the reasons why some could not be computed."""
    faulty: dict[int, str] = {}
    try:
        cuts = np.asarray(shapely.intersection(one, other), dtype=object)
    except shapely.errors.GEOSException:
        cuts = np.full(len(one), shapely.Polygon(), dtype=object)
        for i in range(len(one)):
            try:
                cuts[i] = shapely.intersection(one[i], other[i])
            except shapely.errors.GEOSException as error:
                faulty[i] = type(error).__name__
    area, most = shapely.area(cuts), np.minimum(shapely.area(one), shapely.area(other))
    # An overlay that breaks can return more ground than there is (trust.md tB22).
    for i in (area > most * (1.0 + 1e-9) + 1e-12).nonzero()[0].tolist():
        faulty[i] = "area"
    return cuts, area, faulty


def _interiors_meet(site: Any, pieces: Array, items: Array, feature: int, reach: float, layer: ControlLayer) -> bool:
    """Whether the interior of a site meets that of a feature: an exact predicate on raw coordinates."""
    whole = layer.areas.whole[items]
    if whole.any() and shapely.relate_pattern(site, pieces[whole], "T********").any():
        return True
    if whole.all():
        return False
    window = np.asarray(shapely.bounds(site)) + np.array([-reach, -reach, reach, reach])
    stretches = layer.edges.boxes.meeting(window[None, :])[1]
    stretches = stretches[layer.edges.owner[stretches] == feature]
    edges = layer.edges.shapes(stretches)
    if shapely.get_dimensions(site) == 2:
        # Where a raw edge runs through the inside of the site, ground on one of its two sides is the feature's.
        if len(edges) and shapely.relate_pattern(site, edges, "T********").any():
            return True
    elif len(edges) and shapely.dwithin(site, edges, reach).any():
        return False
    # No edge inside: each part of the site is wholly in the feature or wholly out, and one point tells.
    points = shapely.point_on_surface(shapely.get_parts(site))
    return bool(shapely.intersects(points[:, None], pieces[~whole][None, :]).any())


def _nearest(
    sites: Sites, seen: Seen, rows: Sequence[int], layer: ControlLayer, study: CRS
) -> tuple[list[float], list[int]]:
    """Distance in metres from some sites to a layer that they do not meet, and the nearest feature."""
    if not rows:
        return [], []
    if layer.in_study_crs(study):
        return layer.nearest(seen, rows)
    ruler = sites.seen_in(study).shapes
    found = [_nearest_of_one(seen.shapes[row], ruler[row], layer, study) for row in rows]
    return [metres for metres, _feature in found], [feature for _metres, feature in found]


def _nearest_of_one(shape: Any, ruler: Any, layer: ControlLayer, study: CRS) -> tuple[float, int]:
    items, gaps = layer.areas.boxes.maybe_nearest(np.asarray(shape.bounds), layer.scale, LOOSE)
    metres, owner = np.inf, -1
    for start, end in ((0, 4), (4, len(items))):
        within = items[start:end][gaps[start:end] <= metres * LOOSE]
        if len(within):
            measured = shapely.distance(ruler, layer.seen(within, study))
            best = int(measured.argmin())
            if measured[best] < metres:
                metres, owner = float(measured[best]), int(layer.areas.owner[within[best]])
    return metres, owner
