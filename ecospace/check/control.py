"""A control layer made ready for questions: pieces, names, grades, and where it came from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import shapely
from pyproj.crs import CRS

from ecospace.check.boxes import Array
from ecospace.check.moving import move
from ecospace.check.pieces import Pieces
from ecospace.check.seen import Seen
from ecospace.layers.strays import Cluster
from ecospace.space.index import Ruler


@dataclass(eq=False)
class ControlLayer:
    """One control layer, prepared (管控图层).

    Parameters
    ----------
    facts : mapping
        key, role, title, source, date, valid_to, sha256, accuracy_m, features: what a report prints.
    wkt : str
        Its own CRS.
    areas, edges : Pieces
        See `ecospace.check.pieces`.
    ids, names, grades : arrays of str
        For each feature.
    shares_ground : array of bool
        Whether the feature overlaps another of the layer.
    extra : mapping of str to array of str
        Further columns that reports print (requirement texts of control units, area as approved …).
    clusters : tuple of Cluster
        Where its features stand together, the largest group first.
    """

    facts: Mapping[str, Any]
    wkt: str
    areas: Pieces
    edges: Pieces
    ids: Array
    names: Array
    grades: Array
    shares_ground: Array
    extra: Mapping[str, Array] = field(default_factory=dict)
    clusters: tuple[Cluster, ...] = ()

    @property
    def key(self) -> str:
        """Its key in study.toml."""
        return str(self.facts["key"])

    @property
    def title(self) -> str:
        """Its title in tables."""
        return str(self.facts["title"])

    @property
    def accuracy_m(self) -> float:
        """Accuracy of its source in metres; 0.0 where study.toml does not say."""
        return float(self.facts.get("accuracy_m") or 0.0)

    @property
    def polygons(self) -> bool:
        """Whether it has ground, not only lines or points."""
        return bool(self.facts["polygons"])

    @cached_property
    def crs(self) -> CRS:
        """Its own CRS."""
        return CRS.from_wkt(self.wkt)

    @cached_property
    def scale(self) -> tuple[float, float]:
        """Metres in one unit of x and of y, never more than there are."""
        if not self.crs.is_geographic:
            unit = float(self.crs.axis_info[0].unit_conversion_factor)
            return unit, unit
        latitude = np.deg2rad(np.abs(self.areas.bounds[:, [1, 3]]).max())
        return 111_300.0 * float(np.cos(latitude)), 110_500.0

    def nearest(self, seen: Seen, rows: Sequence[int]) -> tuple[list[float], list[int]]:
        """Distances from some sites, none of which meets a feature, in the layer's own CRS, and the nearest feature.

        Of features that are equally near, the first.
        """
        if self.ruler is not None:
            return self.ruler.nearest([seen.wkb[row] for row in rows])
        tree, owner = self._tree
        (sites, parts), distance = tree.query_nearest(seen.shapes[list(rows)], return_distance=True, all_matches=True)
        order = np.lexsort((owner[parts], sites))
        first = order[np.unique(sites[order], return_index=True)[1]]
        return distance[first].tolist(), owner[parts[first]].tolist()

    @cached_property
    def ruler(self) -> Ruler | None:
        """What distances are measured to: small parts whole, large ones by their raw edges, which are shorter than tiles.
        Right only for sites that are not inside. None without the compiled kernels."""
        sets = [pieces.uncut for pieces in (self.areas, self.edges) if pieces.uncut is not None]
        return Ruler(sets) if sets else None

    @cached_property
    def _tree(self) -> tuple[shapely.STRtree, Array]:
        """The same as a tree, and the feature of each part."""
        small = np.flatnonzero(self.areas.whole)
        shapes = np.concatenate([self.areas.shapes(small), self.edges.shapes(np.arange(len(self.edges)))])
        tree = shapely.STRtree(shapes)
        # The first query builds it; two threads must never do that at once (performance.md, a crash with threads).
        tree.query(shapely.Point(0, 0))
        return tree, np.concatenate([self.areas.owner[small], self.edges.owner])

    def in_study_crs(self, study: CRS) -> bool:
        """Whether it is stored in the study CRS."""
        return move(self.crs, study).same

    def seen(self, items: Array, study: CRS) -> Array:
        """Some pieces in the study CRS, for distances."""
        return move(self.crs, study)(self.areas.shapes(items))
