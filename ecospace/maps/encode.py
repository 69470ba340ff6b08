"""Compact coded geometry for the web map: every shared border stands in the file once.

Polygons are cut into arcs at the places where their neighbours change, so that a border between two parcels is one arc
that both refer to. It is simplified once and drawn once the same, and no gap can open along it. `coverage_simplify`
limits the area of the triangles that it drops, not how far a border moves, and it wants a coverage without a flaw; the
arcs are therefore simplified by distance (Douglas–Peucker), which keeps the promise that a map prints: no border is
drawn farther than so many metres from where it is. Layers whose polygons overlap are coded in the same way.
"""

from __future__ import annotations

import gzip
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt
import shapely

from ecospace.crs import geographic_of, moving
from ecospace.errors import MapError
from ecospace.language import _

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

Shape = Literal["polygon", "line", "point"]
Integers = npt.NDArray[np.int64]

#: Whole numbers across the world of the Web Mercator tiles: 0.075 m on the equator, less elsewhere.
WORLD = 1 << 29
#: The sphere of the Web Mercator tiles; display only, nothing is measured in it.
RADIUS_M = 6_378_137.0
UNITS_PER_METRE = WORLD / (2 * math.pi * RADIUS_M)
#: A longer edge is cut before it is brought to the screen's projection: straight there, it would be up to 0.1 m off.
LONGEST_EDGE_M = 2_000.0


@dataclass(frozen=True)
class Coded:
    """The shapes of a layer as the page holds them (坐标压缩编码).

    Parameters
    ----------
    shape : str
        ``"polygon"``, ``"line"`` or ``"point"``.
    stream : bytes
        Numbers of variable length: see `encode`.
    counts : dict of str to int
        ``features``, ``rings``, ``references``, ``arcs``, ``vertices``: how to cut the stream.
    vertices_given : int
        Vertices of the layer as it was given.
    displacement_m : float
        No drawn border is farther than this from its place, metres on the ground.
    bounds : tuple of float
        West, south, east, north in degrees.
    """

    shape: Shape
    stream: bytes
    counts: dict[str, int]
    vertices_given: int
    displacement_m: float
    bounds: tuple[float, float, float, float]

    def packed(self, level: int = 9) -> bytes:
        """The stream, compressed; the same bytes every time."""
        return gzip.compress(self.stream, level, mtime=0)


def encode(frame: GeoDataFrame, *, tolerance_m: float = 0.3, coarse_degrees: float | None = None) -> Coded:
    """Code the geometry of a layer.

    Parameters
    ----------
    frame : GeoDataFrame
        Polygons, lines or points (one kind), in any CRS; none missing or empty.
    tolerance_m : float
        How far a simplified border may move, metres on the ground; 0 keeps every vertex.
    coarse_degrees : float, optional
        Round coordinates to this grid, e.g. ``1e-4`` (about 10 m), for a map that leaves the office.

    Returns
    -------
    Coded

    Raises
    ------
    MapError
        E-MAP-40: shapes are missing, empty or of mixed kinds. E-MAP-41: no ring is left on a coarse grid.

    Notes
    -----
    Order of the stream, all as variable-length numbers of 7 bits a byte, signed ones zigzag:
    vertices of each arc; x, then y of all vertices as differences; arcs of each ring; references (how many arcs back
    from the newest one, times two, plus one if it runs backwards; 0 and 1 mean the next new one); rings of each
    feature.
    """
    shape = _shape_of(frame)
    degrees, vertices = in_degrees(frame)
    west, south, east, north = (float(edge) for edge in shapely.total_bounds(degrees))
    latitude = 0.0 if south * north < 0 else math.radians(min(abs(south), abs(north)))
    units_per_metre = UNITS_PER_METRE / math.cos(latitude)
    if shape == "polygon":
        degrees = shapely.orient_polygons(degrees)

    feature_of_ring, ring_of_vertex, world = _rings(degrees, shape, coarse_degrees)
    arcs, ring_starts, references = _arcs(world, ring_of_vertex, closed=shape == "polygon")
    if shape != "point" and tolerance_m > 0:
        arcs = _simplified(arcs, ring_starts, references, tolerance_m * units_per_metre * 0.99, shape == "polygon")

    rings = np.bincount(feature_of_ring, minlength=len(frame))
    if (rings == 0).any():
        empty = [str(name) for name in frame.index[rings == 0]]
        text = _("{count} features have no shape left and would not be seen.").format(count=len(empty))
        raise MapError("E-MAP-41", text, cure=_("Use a finer grid for the coordinates."), features=empty)
    coordinates, starts = arcs
    stream = b"".join(
        (
            variable(np.diff(starts)),
            variable(zigzag(np.diff(coordinates[:, 0], prepend=0))),
            variable(zigzag(np.diff(coordinates[:, 1], prepend=0))),
            variable(np.diff(ring_starts)),
            variable(_back_references(references)),
            variable(rings),
        )
    )
    counts = {
        "features": len(frame),
        "rings": len(ring_starts) - 1,
        "references": len(references),
        "arcs": len(starts) - 1,
        "vertices": len(coordinates),
    }
    rounding_m = math.sqrt(0.5) / UNITS_PER_METRE
    moved = rounding_m + (tolerance_m if shape != "point" else 0.0)
    if coarse_degrees:
        moved += coarse_degrees * 111_700.0 * math.sqrt(0.5)
        # The corners of the layer would give the hidden digits away.
        west, south, east, north = (coarse(edge, coarse_degrees) for edge in (west, south, east, north))
    return Coded(shape, stream, counts, vertices, moved, (west, south, east, north))


def coarse(degrees: float, grid: float) -> float:
    """A coordinate on a grid, written without the noise of binary fractions.

    >>> coarse(113.123456, 1e-4)
    113.1235
    """
    return float(f"{round(degrees / grid) * grid:.12g}")


def decode(coded: Coded) -> npt.NDArray[Any]:
    """The shapes that a page draws, one for each feature, in whole units of the screen's world: the coding undone."""
    counts = coded.counts
    numbers, at = unvariable(coded.stream), 0

    def take(count: int) -> Integers:
        nonlocal at
        at += count
        return numbers[at - count : at]

    starts = np.concatenate([[0], np.cumsum(take(counts["arcs"]))])
    x, y = (np.cumsum(unzigzag(take(counts["vertices"]))) for _axis in range(2))
    vertices = np.column_stack([x, y]).astype(float)
    ring_starts = np.concatenate([[0], np.cumsum(take(counts["rings"]))])
    references = take(counts["references"]).copy()
    newest = 0
    for place, code in enumerate(references.tolist()):
        back, reverse = code >> 1, code & 1
        arc = newest if back == 0 else newest - back
        newest += back == 0
        references[place] = arc * 2 + reverse
    shapes = []
    ring = 0
    for count in take(counts["features"]):
        paths = []
        for first, last in zip(ring_starts[ring : ring + count], ring_starts[ring + 1 : ring + count + 1], strict=True):
            path: list[npt.NDArray[np.float64]] = []
            for reference in references[first:last]:
                piece = vertices[starts[reference >> 1] : starts[(reference >> 1) + 1]]
                piece = piece[::-1] if reference & 1 else piece
                path.append(piece[1:] if path else piece)
            paths.append(np.concatenate(path))
        shapes.append(_shape(paths, coded.shape))
        ring += int(count)
    return np.array(shapes, dtype=object)


def _shape(paths: list[npt.NDArray[np.float64]], shape: Shape) -> Any:
    if shape == "point":
        return shapely.multipoints(np.concatenate(paths))
    if shape == "line":
        return shapely.multilinestrings([shapely.linestrings(path) for path in paths])
    # Each shell is followed by its holes, which turn the other way; y points down, so that is the other way round too.
    parts: list[tuple[Any, list[Any]]] = []
    for ring in (shapely.linearrings(path) for path in paths):
        if parts and shapely.is_ccw(ring):
            parts[-1][1].append(ring)
        else:
            parts.append((ring, []))
    polygons = [shapely.Polygon(shell, holes) for shell, holes in parts]
    return polygons[0] if len(polygons) == 1 else shapely.multipolygons(polygons)


def screen(longitude: npt.NDArray[np.float64], latitude: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Degrees to the units of the screen's world (Web Mercator tiles, y downwards): shape (n, 2)."""
    x = WORLD * (longitude / 360 + 0.5)
    y = WORLD * (0.5 - np.arctanh(np.sin(np.radians(latitude))) / (2 * np.pi))
    return np.column_stack([x, y])


def ground(world: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Units of the screen's world back to longitude and latitude in degrees: shape (n, 2)."""
    longitude = (world[:, 0] / WORLD - 0.5) * 360
    latitude = np.degrees(np.arcsin(np.tanh((0.5 - world[:, 1] / WORLD) * 2 * np.pi)))
    return np.column_stack([longitude, latitude])


def _shape_of(frame: GeoDataFrame) -> Shape:
    geometry = frame.geometry.to_numpy()
    missing = shapely.is_missing(geometry) | shapely.is_empty(geometry)
    dimension = shapely.get_dimensions(geometry)
    collection = shapely.get_type_id(geometry) == 7
    if missing.any() or collection.any() or len(set(dimension.tolist())) > 1:
        common = np.bincount(dimension[dimension >= 0], minlength=1).argmax()
        wrong = missing | collection | (dimension != common)
        raise MapError(
            "E-MAP-40",
            _("the layer has {count} features without a shape or of another kind than the rest.").format(
                count=int(wrong.sum())
            ),
            cure=_("Draw points, lines and polygons as layers of their own; take empty shapes out."),
            features=[str(name) for name in frame.index[wrong]],
        )
    kinds: tuple[Shape, ...] = ("point", "line", "polygon")
    return kinds[int(dimension[0])] if len(dimension) else "polygon"


def in_degrees(frame: GeoDataFrame) -> tuple[npt.NDArray[Any], int]:
    """The shapes in degrees of their own datum: only the projection is undone, no datum shift takes place."""
    geometry = shapely.force_2d(frame.geometry.to_numpy())
    vertices = int(shapely.get_num_coordinates(geometry).sum())
    if frame.crs is None or frame.crs.is_geographic:
        return geometry, vertices
    box = frame.total_bounds
    if max(box[2] - box[0], box[3] - box[1]) > LONGEST_EDGE_M:
        geometry = shapely.segmentize(geometry, LONGEST_EDGE_M)
    return shapely.transform(geometry, moving(frame.crs, geographic_of(frame.crs))), vertices


def _rings(degrees: npt.NDArray[Any], shape: Shape, coarse: float | None) -> tuple[Integers, Integers, Integers]:
    """Feature of each ring, ring of each vertex, and the vertices in whole units, repeated ones left out."""
    parts, feature_of_part = shapely.get_parts(degrees, return_index=True)
    if shape == "polygon":
        paths, part_of_ring = shapely.get_rings(parts, return_index=True)
        feature = feature_of_part[part_of_ring]
    else:
        paths, feature = parts, feature_of_part
    xy, ring = shapely.get_coordinates(paths, return_index=True)
    if coarse:
        xy = np.round(xy / coarse) * coarse
    world = np.rint(screen(xy[:, 0], xy[:, 1])).astype(np.int64)
    repeated = np.zeros(len(world), bool)
    repeated[1:] = (ring[1:] == ring[:-1]) & (world[1:] == world[:-1]).all(axis=1)
    if shape == "polygon":
        # A ring that shrinks to a point keeps it twice: a dot on the map rather than nothing.
        last = np.flatnonzero(np.diff(ring, append=-1))
        left = np.bincount(ring[~repeated], minlength=len(paths))
        repeated[last[left[ring[last]] < 2]] = False
    return feature.astype(np.int64), ring[~repeated].astype(np.int64), world[~repeated]


Arcs = tuple[Integers, Integers]


def _arcs(world: Integers, ring: Integers, *, closed: bool) -> tuple[Arcs, Integers, Integers]:
    """Cut rings where their neighbours change: arcs (vertices, starts), start of each ring, arc * 2 + backwards.

    A vertex is a cut where two rings that pass through it come from, or go to, different neighbours.
    """
    _names, first_seen, name = np.unique(world[:, 0] * WORLD + world[:, 1], return_index=True, return_inverse=True)
    size = len(first_seen)
    ends = np.flatnonzero(np.diff(ring, append=-1))
    begins = np.concatenate([[0], ends[:-1] + 1])
    if not closed:
        starts = np.concatenate([begins, [len(world)]])
        return (world, starts), np.arange(len(begins) + 1), np.arange(len(begins)) * 2

    # Without the closing vertex, each ring is a circle.
    open_ = np.ones(len(world), bool)
    open_[ends] = False
    name, ring, world = name[open_], ring[open_], world[open_]
    ends = np.flatnonzero(np.diff(ring, append=-1))
    begins = np.concatenate([[0], ends[:-1] + 1])
    length = ends - begins + 1
    before, after = np.roll(name, 1), np.roll(name, -1)
    before[begins], after[ends] = name[ends], name[begins]
    low, high = np.minimum(before, after), np.maximum(before, after)
    first = np.zeros(size, np.int64)
    first[name[::-1]] = np.arange(len(name))[::-1]
    differs = (low != low[first[name]]) | (high != high[first[name]])
    cut = np.zeros(size, bool)
    cut[name[differs]] = True
    is_cut = cut[name]

    # A ring starts at its first cut; one without any at its lowest name, so that an island and its hole start alike.
    number = np.repeat(np.arange(len(begins)), length)
    order = np.where(is_cut, np.arange(len(name)) - begins[number], (1 << 40) + name)
    start = begins + _argmin_by(order, begins)
    place = np.arange(len(name)) - begins[number]
    turned = begins[number] + (place + (start - begins)[number]) % length[number]
    name, world, is_cut = name[turned], world[turned], is_cut[turned]
    is_cut[begins] = True

    # Arc k runs from cut k to the next cut, or round to the start of its ring.
    heads = np.flatnonzero(is_cut)
    arc_ring = number[heads]
    stops = np.append(heads[1:], len(name))
    tails = np.where(np.append(arc_ring[1:], -1) == arc_ring, stops, begins[arc_ring])
    second = np.where(heads + 1 < stops, heads + 1, tails)
    last_but_one = stops - 1
    forward = name[heads] * size + name[np.where(second >= len(name), begins[arc_ring], second)]
    backward = name[tails % len(name)] * size + name[last_but_one]
    keys, chosen, arc = np.unique(np.minimum(forward, backward), return_index=True, return_inverse=True)
    reverse = backward < forward

    # Arcs are numbered by their first use, so that a reference to a new one costs nothing.
    rank = np.empty(len(keys), np.int64)
    rank[np.argsort(chosen)] = np.arange(len(keys))
    chosen = np.sort(chosen)
    # The first user may meet its arc backwards; the arc is stored as that user meets it.
    reference = rank[arc] * 2 + (reverse != reverse[chosen][rank[arc]])
    span = stops[chosen] - heads[chosen]
    vertex_starts = np.concatenate([[0], np.cumsum(span + 1)])
    within = np.arange(vertex_starts[-1]) - np.repeat(vertex_starts[:-1], span + 1)
    source = np.repeat(heads[chosen], span + 1) + within
    source[vertex_starts[1:] - 1] = tails[chosen] % len(name)
    ring_starts = np.concatenate([np.searchsorted(arc_ring, np.arange(len(begins))), [len(arc_ring)]])
    return (world[source], vertex_starts), ring_starts, reference


def _argmin_by(values: Integers, begins: Integers) -> Integers:
    """Place of the least value within each group of neighbours."""
    least = np.minimum.reduceat(values, begins)
    length = np.diff(np.append(begins, len(values)))
    hits = np.flatnonzero(values == np.repeat(least, length))
    group = np.searchsorted(begins, hits, side="right") - 1
    _groups, first = np.unique(group, return_index=True)
    place: Integers = hits[first] - begins
    return place


def _simplified(arcs: Arcs, ring_starts: Integers, references: Integers, tolerance: float, closed: bool) -> Arcs:
    """Fewer vertices, none of the dropped ones farther than `tolerance` units from the arc that is left."""
    world, starts = arcs
    whole = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    lines = shapely.linestrings(world.astype(float), indices=whole)
    simple = shapely.simplify(lines, tolerance, preserve_topology=False)
    count = shapely.get_num_coordinates(simple)
    if closed:
        # A ring of fewer than three corners would vanish: its arcs stay as they are.
        corners = np.add.reduceat(count[references >> 1] - 1, ring_starts[:-1])
        ring = np.repeat(np.arange(len(ring_starts) - 1), np.diff(ring_starts))
        kept = references[corners[ring] < 3] >> 1
        simple[kept] = lines[kept]
    # A loop may be reduced to nothing by an odd tolerance; it stays as well.
    simple = np.where(shapely.get_num_coordinates(simple) < 2, lines, simple)
    coordinates, owner = shapely.get_coordinates(simple, return_index=True)
    sizes = np.bincount(owner, minlength=len(starts) - 1)
    return coordinates.astype(np.int64), np.concatenate([[0], np.cumsum(sizes)])


def _back_references(references: Integers) -> Integers:
    """Arc numbers as distances back from the newest one; 0 for the next new one."""
    arc, reverse = references >> 1, references & 1
    newest = np.maximum.accumulate(arc) + 1
    before = np.concatenate([[0], newest[:-1]])
    back: Integers = np.where(arc == before, 0, before - arc)
    return back * 2 + reverse


def zigzag(numbers: Integers) -> Integers:
    """Signed numbers as unsigned ones, small ones small: 0, -1, 1, -2 become 0, 1, 2, 3."""
    return (numbers << 1) ^ (numbers >> 63)


def unzigzag(numbers: Integers) -> Integers:
    """The inverse of `zigzag`."""
    return (numbers >> 1) ^ -(numbers & 1)


def variable(numbers: Integers) -> bytes:
    """Unsigned numbers in as many bytes as each needs, 7 bits a byte, the low ones first.

    >>> list(variable(np.array([1, 127, 128, 300])))
    [1, 127, 128, 1, 172, 2]
    """
    numbers = np.asarray(numbers, np.int64)
    width = np.ones(len(numbers), np.int64)
    for bits in (7, 14, 21, 28):
        width += numbers >= 1 << bits
    starts = np.concatenate([[0], np.cumsum(width)])
    out = np.zeros(int(starts[-1]), np.uint8)
    for place in range(5):
        long_enough = width > place
        septet = (numbers[long_enough] >> (7 * place)) & 127
        out[starts[:-1][long_enough] + place] = septet | np.where(width[long_enough] > place + 1, 128, 0)
    return out.tobytes()


def unvariable(data: bytes) -> Integers:
    """The inverse of `variable`."""
    octets = np.frombuffer(data, np.uint8).astype(np.int64)
    ends = octets < 128
    group = np.concatenate([[0], np.cumsum(ends)[:-1]])
    starts = np.concatenate([[0], np.flatnonzero(ends)[:-1] + 1])
    place = np.arange(len(octets)) - starts[group]
    numbers = np.zeros(int(ends.sum()), np.int64)
    np.add.at(numbers, group, (octets & 127) << (7 * place))
    return numbers
