"""Shapes from the records of a .shp, taken out in blocks: what cannot be read is noted by its number."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely

from ecospace.errors import ReadError
from ecospace.language import _
from ecospace.layers.formats.rings import polygons_by_turn
from ecospace.layers.formats.shp_records import MISSING, Records

#: Records read at a time.
BLOCK = 32_768
#: Shape types of the format: what they are, and whether they carry heights or measures.
POINTS, LINES, POLYGONS, MULTIPOINTS = (1, 11, 21), (3, 13, 23), (5, 15, 25), (8, 18, 28)
MULTIPATCH = 31


@dataclass
class Seen:
    """Record numbers (1, 2, …) by what was seen at them while the shapes were made."""

    unreadable: list[int] = field(default_factory=list)
    unfinite: list[int] = field(default_factory=list)
    closed: list[int] = field(default_factory=list)
    short: list[int] = field(default_factory=list)
    turned: list[int] = field(default_factory=list)
    boxes: list[int] = field(default_factory=list)
    ambiguous: list[tuple[int, float, float]] = field(default_factory=list)


def shapes_of(records: Records, seen: Seen) -> Iterator[np.ndarray[Any, Any]]:
    """The shapes of all records, block after block."""
    if records.shape_type == MULTIPATCH:
        raise ReadError(
            "E-READ-35",
            _("the layer holds 3-D bodies (multipatch, TIN), which have no area on the ground of their own."),
            cure=_("Have them converted to footprints (polygons) first."),
        )
    for first in range(0, len(records.start), BLOCK):
        yield _block(records, first, min(first + BLOCK, len(records.start)), seen)


def _block(records: Records, first: int, last: int, seen: Seen) -> np.ndarray[Any, Any]:
    """The shapes of some records, which lie one after another in the file."""
    start, length = records.start[first:last], records.length[first:last]
    shapes = np.full(last - first, None, dtype=object)
    present = np.flatnonzero(length >= 4)
    seen.unreadable += [first + int(at) + 1 for at in np.flatnonzero((length < 4) & (length != MISSING))]
    if not len(present):
        return shapes
    base = int(start[present[0]])
    piece = records.data[base : int(start[present[-1]] + length[present[-1]])]
    piece = np.ascontiguousarray(piece[: len(piece) // 4 * 4])
    if ((start[present] - base) % 4).any():
        return _one_by_one(records, first, present, shapes, seen)
    words = piece.view("<i4")
    at = (start[present] - base) // 4
    kinds = words[at]
    for family, take in ((POLYGONS, _polygons), (LINES, _lines), (POINTS, _points), (MULTIPOINTS, _multipoints)):
        chosen = np.isin(kinds, family)
        if chosen.any():
            numbers = first + present[chosen] + 1
            shapes[present[chosen]] = take(words, at[chosen], length[present[chosen]] // 4, numbers, seen)
    seen.unreadable += [
        first + int(at) + 1 for at in present[~np.isin(kinds, (0, *POLYGONS, *LINES, *POINTS, *MULTIPOINTS))]
    ]
    return shapes


def _one_by_one(
    records: Records, first: int, present: np.ndarray[Any, Any], shapes: np.ndarray[Any, Any], seen: Seen
) -> np.ndarray[Any, Any]:
    """Records at odd places, which no program writes, but the format allows."""
    for at in present:
        start = records.start[first + at : first + at + 1]
        length = records.length[first + at : first + at + 1]
        alone = Records(records.data, start, length, records.shape_type, ())
        own = Seen()
        shapes[at] = _block(alone, 0, 1, own)[0]
        number = first + int(at) + 1
        for name in ("unreadable", "unfinite", "closed", "short", "turned", "boxes"):
            getattr(seen, name).extend([number] * len(getattr(own, name)))
        seen.ambiguous += [(number, hole, part) for _one, hole, part in own.ambiguous]
    return shapes


def _polygons(words: Any, at: Any, length: Any, numbers: Any, seen: Seen) -> np.ndarray[Any, Any]:
    good, parts, coordinates, owner_offsets = _parts(words, at, length, numbers, seen)
    shapes = np.full(len(at), None, dtype=object)
    if not len(good):
        return shapes
    # parts: first point of each ring; owner_offsets: first ring of each record.
    ends = np.append(parts[1:], len(coordinates))
    sizes = ends - parts
    open_ring = np.zeros(len(parts), dtype=bool)
    filled = sizes > 0
    open_ring[filled] = (coordinates[parts[filled]] != coordinates[ends[filled] - 1]).any(axis=1)
    twice = _signed_areas(coordinates, parts, sizes)
    doubtful = open_ring | (sizes < 4) | (twice == 0)
    rings_of = np.diff(owner_offsets)
    is_first = np.zeros(len(parts), dtype=bool)
    is_first[owner_offsets[:-1][rings_of > 0]] = True
    # A record is plain if its first ring runs clockwise and all others run the other way round.
    doubtful |= np.where(is_first, twice > 0, twice < 0)
    owner = np.repeat(np.arange(len(good)), rings_of)
    plain = (np.bincount(owner[doubtful], minlength=len(good)) == 0) & (rings_of > 0)
    single = shapely.from_ragged_array(
        shapely.GeometryType.POLYGON, *_only(coordinates, parts, sizes, owner, plain, rings_of)
    )
    made = np.full(len(good), None, dtype=object)
    made[plain] = single
    for number in np.flatnonzero(~plain):
        rings = [coordinates[parts[ring] : ends[ring]] for ring in range(*owner_offsets[number : number + 2])]
        made[number] = _doubtful_polygon(rings, int(numbers[good[number]]), seen)
    shapes[good] = made
    _compare_boxes(words, at[good], made, numbers[good], seen)
    return shapes


def _doubtful_polygon(rings: list[Any], number: int, seen: Seen) -> Any:
    built = polygons_by_turn(rings)
    seen.closed += [number] * built.closed
    seen.short += [number] * built.short
    seen.turned += [number] * min(built.turned, 1)
    if built.ambiguous is not None:
        seen.ambiguous.append((number, *built.ambiguous))
    return built.geometry


def _lines(words: Any, at: Any, length: Any, numbers: Any, seen: Seen) -> np.ndarray[Any, Any]:
    good, parts, coordinates, owner_offsets = _parts(words, at, length, numbers, seen)
    shapes = np.full(len(at), None, dtype=object)
    if not len(good):
        return shapes
    sizes = np.diff(np.append(parts, len(coordinates)))
    too_short = sizes < 2
    owner = np.repeat(np.arange(len(good)), np.diff(owner_offsets))
    seen.short += [int(numbers[good[number]]) for number in owner[too_short]]
    kept = np.repeat(~too_short, sizes)
    lines = np.concatenate([[0], np.cumsum(sizes[~too_short])])
    owners = np.concatenate([[0], np.cumsum(np.bincount(owner[~too_short], minlength=len(good)))])
    made = shapely.from_ragged_array(shapely.GeometryType.MULTILINESTRING, coordinates[kept], (lines, owners))
    one = np.diff(owners) == 1
    made[one] = shapely.get_geometry(made[one], 0)
    shapes[good] = made
    return shapes


def _points(words: Any, at: Any, length: Any, numbers: Any, seen: Seen) -> np.ndarray[Any, Any]:
    shapes = np.full(len(at), None, dtype=object)
    enough = length >= 5
    seen.unreadable += [int(number) for number in numbers[~enough]]
    taken = words[at[enough][:, None] + np.arange(1, 5)]
    shapes[enough] = shapely.points(np.ascontiguousarray(taken).view("<f8"))
    return shapes


def _multipoints(words: Any, at: Any, length: Any, numbers: Any, seen: Seen) -> np.ndarray[Any, Any]:
    shapes = np.full(len(at), None, dtype=object)
    for position, (begin, size, number) in enumerate(zip(at, length, numbers, strict=True)):
        count = int(words[begin + 9]) if size >= 10 else -1
        if count < 1 or 10 + 4 * count > size:
            seen.unreadable.append(int(number))
            continue
        points = np.ascontiguousarray(words[begin + 10 : begin + 10 + 4 * count]).view("<f8").reshape(-1, 2)
        shapes[position] = shapely.multipoints(points)
    return shapes


def _parts(
    words: Any, at: Any, length: Any, numbers: Any, seen: Seen
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any], np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Points and parts of records of rings or lines.

    Returns
    -------
    good : positions of the records that can be read
    parts : first point of each part among all points
    coordinates : (n, 2) array
    owner_offsets : first part of each good record, and the number of parts at the end
    """
    long_enough = length >= 11
    part_count = np.where(long_enough, words[np.where(long_enough, at + 9, 0)], -1).astype(np.int64)
    point_count = np.where(long_enough, words[np.where(long_enough, at + 10, 0)], -1).astype(np.int64)
    fits = (part_count > 0) & (point_count > 0) & (11 + part_count + 4 * point_count <= length)
    good = np.flatnonzero(fits)
    if len(good):
        first_parts = _spans(words, at[good] + 11, part_count[good])
        owner_offsets = np.concatenate([[0], np.cumsum(part_count[good])])
        owner = np.repeat(np.arange(len(good)), part_count[good])
        is_first = np.zeros(len(first_parts), dtype=bool)
        is_first[owner_offsets[:-1]] = True
        before = np.concatenate([[-1], first_parts[:-1]])
        wrong = np.where(is_first, first_parts != 0, first_parts < before) | (first_parts > point_count[good][owner])
        fits[good[np.unique(owner[wrong])]] = False
        good = np.flatnonzero(fits)
    seen.unreadable += [int(number) for number in numbers[~fits]]
    coordinates = _spans(words, at[good] + 11 + part_count[good], 4 * point_count[good]).view("<f8").reshape(-1, 2)
    finite = np.isfinite(coordinates).all(axis=1)
    if not finite.all():
        owner = np.repeat(np.arange(len(good)), point_count[good])
        unfinite = np.bincount(owner[~finite], minlength=len(good)) > 0
        seen.unfinite += [int(number) for number in numbers[good[unfinite]]]
        coordinates, good = coordinates[~unfinite[owner]], good[~unfinite]
    if not len(good):
        return good, np.zeros(0, np.int64), np.zeros((0, 2)), np.zeros(1, np.int64)
    owner_offsets = np.concatenate([[0], np.cumsum(part_count[good])])
    first_point = np.concatenate([[0], np.cumsum(point_count[good])[:-1]])
    parts = _spans(words, at[good] + 11, part_count[good]) + np.repeat(first_point, part_count[good])
    return good, parts.astype(np.int64), coordinates, owner_offsets


def _spans(words: Any, begin: Any, size: Any) -> np.ndarray[Any, Any]:
    """The words of several spans, one after another; the spans are in order and do not touch."""
    steps = np.zeros(len(words) + 1, dtype=np.int8)
    steps[begin] = 1
    steps[begin + size] = -1
    return np.ascontiguousarray(words[np.cumsum(steps[:-1], dtype=np.int8).astype(bool)])


def _signed_areas(coordinates: Any, parts: Any, sizes: Any) -> np.ndarray[Any, Any]:
    """Twice the signed area of each ring, from its first point: zone-prefixed eastings would cancel digits."""
    shifted = coordinates - np.repeat(coordinates[np.minimum(parts, len(coordinates) - 1)], sizes, axis=0)
    with np.errstate(over="ignore", invalid="ignore"):  # numbers beyond the earth; their place is judged later
        cross = shifted[:-1, 0] * shifted[1:, 1] - shifted[1:, 0] * shifted[:-1, 1]
    cross = np.append(cross, 0.0)
    filled = sizes > 0
    # The step from the last point of a ring to the first of the next belongs to neither.
    cross[(parts + sizes - 1)[filled]] = 0.0
    out = np.zeros(len(parts))
    if filled.any():
        with np.errstate(over="ignore", invalid="ignore"):
            out[filled] = np.add.reduceat(cross, parts[filled])
    return np.nan_to_num(out)


def _only(
    coordinates: Any, parts: Any, sizes: Any, owner: Any, plain: Any, rings_of: Any
) -> tuple[np.ndarray[Any, Any], tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]]:
    """Coordinates and offsets of the plain records alone."""
    if plain.all():
        ring_offsets = np.append(parts, len(coordinates))
        return coordinates, (ring_offsets, np.concatenate([[0], np.cumsum(rings_of)]))
    ring_kept = plain[owner]
    point_kept = np.repeat(ring_kept, sizes)
    ring_offsets = np.concatenate([[0], np.cumsum(sizes[ring_kept])])
    return coordinates[point_kept], (ring_offsets, np.concatenate([[0], np.cumsum(rings_of[plain])]))


def _compare_boxes(words: Any, at: Any, shapes: Any, numbers: Any, seen: Seen) -> None:
    """Each record carries its own bounding box: a changed byte in a coordinate often contradicts it."""
    stored = np.ascontiguousarray(words[at[:, None] + np.arange(1, 9)]).view("<f8")
    real = shapely.bounds(shapes)
    with np.errstate(invalid="ignore", over="ignore"):
        slack = 1e-6 * np.maximum(np.abs(real).max(axis=1, initial=1.0), 1.0)[:, None]
        apart = np.isfinite(real).all(axis=1) & ~(np.abs(stored - real) <= slack).all(axis=1)
    seen.boxes += [int(number) for number in numbers[apart]]
