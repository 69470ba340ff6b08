"""A control layer cut for quick questions: small polygons as they are, large ones as tiles with their raw edges beside.

Tiles carry areas and distances; whether interiors meet is asked of raw coordinates only: of the small polygon itself,
or of the uncut edges of a large one (see `ecospace.check.contact`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import shapely

from ecospace.check.boxes import Array, Boxes, curve_order
from ecospace.space.index import Shapes

#: Vertices beyond which a polygon is cut into tiles, and beyond which a tile is cut again.
LARGE, TILE = 160, 64
#: Segments in one stretch of raw edge.
STRETCH = 16
#: Questions after which a tree of all pieces is worth building; the first ones, of a command for one site, are answered
#: by reading blocks of boxes.
MANY = 64


@dataclass
class Pieces:
    """Geometries stored as WKB in one block of bytes, parsed when asked for.

    Parameters
    ----------
    bounds : array, (n, 4)
    blob, starts : arrays of uint8 and int64
        WKB of all pieces; piece i is ``blob[starts[i]:starts[i + 1]]``.
    owner : array of int
        Number of the feature that each belongs to.
    whole : array of bool
        Whether the piece is an uncut part of its feature.
    """

    bounds: Array
    blob: Array
    starts: Array
    owner: Array
    whole: Array
    _shapes: Array = field(init=False, repr=False)
    _parsed: Array = field(init=False, repr=False)
    _asked: int = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.boxes = Boxes(self.bounds)
        self._shapes = np.full(len(self.bounds), None, dtype=object)
        self._parsed = np.zeros(len(self.bounds), dtype=bool)
        self._asked = 0

    def __len__(self) -> int:
        return len(self.bounds)

    def shapes(self, numbers: Array) -> Array:
        """The geometries of some pieces; each is parsed once."""
        found = self._shapes[numbers]
        if not self._parsed[numbers].all():
            missing = np.unique(numbers[~self._parsed[numbers]])
            self._parsed[missing] = True
            starts, ends = self.starts[missing].tolist(), self.starts[missing + 1].tolist()
            blob = self.blob.data
            wkb = [bytes(blob[start:end]) for start, end in zip(starts, ends, strict=True)]
            self._shapes[missing] = shapely.from_wkb(wkb)
            found = self._shapes[numbers]
        return found

    @cached_property
    def tree(self) -> shapely.STRtree:
        """An STRtree of all pieces, for many questions."""
        tree = shapely.STRtree(self.shapes(np.arange(len(self))))
        # The first query builds it; two threads must never do that at once (performance.md, a crash with threads).
        tree.query(shapely.Point(0, 0))
        return tree

    @cached_property
    def uncut(self) -> Shapes | None:
        """The uncut pieces for the kernels that measure distances (the cuts of tiles are rounded); None without any."""
        boxes = self.boxes if self.whole.all() else Boxes(self.bounds[self.whole])
        if boxes.index is None or not len(boxes.bounds):
            return None
        return Shapes(boxes.index, self.blob, self.starts[:-1][self.whole], self.owner[self.whole])

    def within(self, shapes: Array, windows: Array, reach: Array) -> tuple[Array, Array]:
        """Pairs (shape, piece) no farther apart than a reach, by shape.

        Parameters
        ----------
        shapes : array of Geometry
            Prepared.
        windows : array of float, (m, 4)
            Their bounds, widened by the reach.
        reach : array of float
            In units of the CRS.
        """
        self._asked += len(shapes)
        if self.busy:
            rows, items = self.tree.query(shapes, predicate="dwithin", distance=reach)
            return rows, items
        rows, items = self.boxes.meeting(windows)
        if not len(rows):
            return rows, items
        near = shapely.dwithin(shapes[rows], self.shapes(items), reach[rows])
        return rows[near], items[near]

    @property
    def busy(self) -> bool:
        """Whether so many questions came that a tree is worth building, which kernels make needless."""
        return self._asked > MANY and self.boxes.index is None

    @classmethod
    def of(cls, shapes: Array, owner: Array, whole: Array) -> Pieces:
        """Pieces from geometries, in curve order."""
        bounds = shapely.bounds(shapes).reshape(-1, 4)
        order = curve_order(bounds)
        wkb = shapely.to_wkb(shapes[order])
        starts = np.concatenate([[0], np.cumsum([len(item) for item in wkb], dtype=np.int64)]).astype(np.int64)
        blob = np.frombuffer(b"".join(wkb), dtype=np.uint8)
        return cls(bounds[order], blob, starts, owner[order].astype(np.int32), whole[order])


def cut(geometries: Array) -> tuple[Pieces, Pieces]:
    """Areas and raw edges of a layer.

    Parameters
    ----------
    geometries : array of Geometry
        Valid, 2-D; polygons, lines or points, one for each feature.

    Returns
    -------
    areas : Pieces
        Every part, the large ones as tiles; stretches of lines; points.
    edges : Pieces
        The raw edges of those polygons that were cut.
    """
    parts, owner = shapely.get_parts(geometries, return_index=True)
    polygon = shapely.get_type_id(parts) == 3
    large = polygon & (shapely.get_num_coordinates(parts) > LARGE)
    line = np.isin(shapely.get_type_id(parts), (1, 2))
    tiles, tile_owner = tiled(parts[large], owner[large])
    edges, edge_owner = stretches(shapely.boundary(parts[large]), owner[large])
    runs, run_owner = stretches(parts[line], owner[line])
    kept = ~large & ~line
    areas = np.concatenate([parts[kept], tiles, runs])
    owners = np.concatenate([owner[kept], tile_owner, run_owner])
    whole = np.repeat([True, False, True], [int(kept.sum()), len(tiles), len(runs)])
    return Pieces.of(areas, owners, whole), Pieces.of(edges, edge_owner, np.ones(len(edges), bool))


def tiled(polygons: Array, owner: Array) -> tuple[Array, Array]:
    """Polygons cut in halves across their longer side until no tile has more than 64 vertices."""
    done: list[Array] = [np.empty(0, dtype=object)]
    owners: list[Array] = [np.empty(0, dtype=int)]
    while len(polygons):
        west, south, east, north = shapely.bounds(polygons).T
        middle_x, middle_y, wide = (west + east) / 2, (south + north) / 2, (east - west) >= (north - south)
        first = shapely.box(west, south, np.where(wide, middle_x, east), np.where(wide, north, middle_y))
        second = shapely.box(np.where(wide, middle_x, west), np.where(wide, south, middle_y), east, north)
        halves = shapely.intersection(np.concatenate([polygons, polygons]), np.concatenate([first, second]))
        parts, index = shapely.get_parts(halves, return_index=True)
        owner_of = np.concatenate([owner, owner])[index]
        flat = shapely.get_type_id(parts) == 3
        parts, owner_of = parts[flat], owner_of[flat]
        small = shapely.get_num_coordinates(parts) <= TILE
        done.append(parts[small])
        owners.append(owner_of[small])
        polygons, owner = parts[~small], owner_of[~small]
    return np.concatenate(done), np.concatenate(owners)


def stretches(lines: Array, owner: Array) -> tuple[Array, Array]:
    """Lines in stretches of 16 segments, vertices untouched."""
    if not len(lines):
        return np.empty(0, dtype=object), np.empty(0, dtype=int)
    single, index = shapely.get_parts(lines, return_index=True)
    owner = owner[index]
    coordinates = shapely.get_coordinates(single)
    counts = shapely.get_num_coordinates(single)
    first = np.concatenate([[0], np.cumsum(counts)[:-1]])
    number = np.maximum(-(-(counts - 1) // STRETCH), 1)
    line = np.repeat(np.arange(len(single)), number)
    begin = first[line] + STRETCH * (np.arange(len(line)) - np.repeat(np.cumsum(number) - number, number))
    length = np.minimum(STRETCH + 1, first[line] + counts[line] - begin)
    rows = np.repeat(begin - (np.cumsum(length) - length), length) + np.arange(int(length.sum()))
    made = shapely.linestrings(coordinates[rows], indices=np.repeat(np.arange(len(line)), length))
    return np.asarray(made, dtype=object), owner[line]


def overlapping(pieces: Pieces, count: int) -> Array:
    """Which features share ground with another of the same layer, so that their areas must not be added up.

    Parameters
    ----------
    pieces : Pieces
    count : int
        Number of features.

    Returns
    -------
    array of bool, (count,)
    """
    shared = np.zeros(count, dtype=bool)
    shapes = pieces.shapes(np.arange(len(pieces)))
    flat = np.flatnonzero(shapely.get_type_id(shapes) == 3)
    if not len(flat):
        return shared
    tree = shapely.STRtree(shapes[flat])
    for start in range(0, len(flat), 20_000):
        asked = flat[start : start + 20_000]
        one, other = tree.query(shapes[asked])
        one, other = asked[one], flat[other]
        apart = (pieces.owner[one] < pieces.owner[other]) & ~(shared[pieces.owner[one]] & shared[pieces.owner[other]])
        one, other = one[apart], other[apart]
        shapely.prepare(shapes[one])
        meet = shapely.intersects(shapes[one], shapes[other]) & ~shapely.touches(shapes[one], shapes[other])
        shared[pieces.owner[one[meet]]] = True
        shared[pieces.owner[other[meet]]] = True
    return shared


def stored(pieces: Pieces) -> dict[str, Any]:
    """The arrays of pieces by name, to be saved."""
    return {name: getattr(pieces, name) for name in ("bounds", "blob", "starts", "owner", "whole")}
