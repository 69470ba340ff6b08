"""Sites as they are seen from the CRS of a control layer, and what rounding may hide there."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import shapely
from pyproj.crs import CRS

from ecospace.check.boxes import Array
from ecospace.check.moving import metres_per_unit, move

#: Longest edge, in metres, before a site is moved for a verdict. An edge of length L bends by at most 2.7e-8 L² metres
#: in any CRS used in China (curvature tan 54° / R), here 0.11 micrometres; edges of 50 m would hide 60 micrometres.
VERDICT_EDGE_M = 2.0
BEND_PER_M2 = 2.7e-8
#: Vertices that densifying for a verdict may add to one site; a 60 km site gets longer edges and a larger noise floor.
MOST_VERTICES = 200_000
#: Units in the last place of the largest coordinate that a coordinate may be off: as written, after a transform.
STEPS_AS_WRITTEN, STEPS_MOVED = 4, 16
OUTWARD = np.array([-1.0, -1.0, 1.0, 1.0])


@dataclass(frozen=True, eq=False)
class Seen:
    """Shapes of sites in one CRS.

    Parameters
    ----------
    shapes : array of Geometry
        Prepared.
    exact : bool
        Whether they are the raw ones, not moved.
    noise_m : array of float
        The noise floor of each: what rounding and the bend of moved edges may hide, metres.
    bounds : array of float, (n, 4)
    """

    shapes: Array
    exact: bool
    noise_m: Array
    bounds: Array
    _windows: dict[float, tuple[Array, Array]] = field(default_factory=dict, repr=False)

    @cached_property
    def wkb(self) -> list[bytes]:
        """The shapes for the compiled kernels."""
        return list(shapely.to_wkb(self.shapes))

    def windows(self, unit_m: float) -> tuple[Array, Array]:
        """The bounds widened by the noise floor, and that floor in units of so many metres."""
        if unit_m not in self._windows:
            reach = self.noise_m / unit_m
            self._windows[unit_m] = self.bounds + reach[:, None] * OUTWARD, reach
        return self._windows[unit_m]


class Sites:
    """Shapes of sites in their own CRS, and as they are seen from others.

    Parameters
    ----------
    shapes : array of Geometry
        Valid, 2-D.
    crs : CRS
    """

    def __init__(self, shapes: Array, crs: CRS) -> None:
        self.shapes, self.crs = np.asarray(shapes, dtype=object), crs
        self._seen: dict[int, Seen] = {}
        self._crss: list[CRS] = []

    def __len__(self) -> int:
        return len(self.shapes)

    def seen_in(self, crs: CRS) -> Seen:
        """The shapes in a CRS; looked at once for all that mean the same."""
        if id(crs) not in self._seen:
            same = next((kept for kept in self._crss if move(kept, crs).same), None)
            self._seen[id(crs)] = self._look(crs) if same is None else self._seen[id(same)]
            # Kept, so that no other object can take its identity.
            self._crss.append(crs)
        return self._seen[id(crs)]

    def _look(self, crs: CRS) -> Seen:
        way = move(self.crs, crs)
        if way.same:
            shapes, exact, bend, steps, unit_m = self.shapes, True, 0.0, STEPS_AS_WRITTEN, way.unit_m
        else:
            length_m = shapely.length(self.shapes) * way.unit_m
            edge_m = np.maximum(VERDICT_EDGE_M, length_m / MOST_VERTICES)
            shapes = way(self.shapes, edge_m)
            # Valid shapes can cross themselves after a transform (trust.md tB22).
            wrong = ~shapely.is_valid(shapes)
            shapes[wrong] = shapely.make_valid(shapes[wrong], method="structure", keep_collapsed=False)
            exact, bend, steps, unit_m = False, BEND_PER_M2 * edge_m**2, STEPS_MOVED, metres_per_unit(crs)
        shapely.prepare(shapes)
        bounds = shapely.bounds(shapes)
        largest = np.abs(bounds).max(axis=1)
        return Seen(shapes, exact, bend + steps * unit_m * np.spacing(largest), bounds)
