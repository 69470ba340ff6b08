"""Habitat networks: how well patches hang together for a mover, and what each patch is worth to the whole.

PC, IIC, ECA, and the importance of patches with its three fractions. Areas in square metres, distances in metres;
indices as shares of 1, importances in per cent as the literature prints them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ecospace.errors import DataError, UsageError
from ecospace.language import _
from ecospace.space.grid import Array


@dataclass(frozen=True)
class Dispersal:
    """How far a mover gets: one distance with its probability (扩散距离与概率); neither means anything alone.

    Parameters
    ----------
    distance_m : float
        Metres (or cost units, where distances are least costs).
    probability : float
        That a mover covers this distance: 0.5 for a median, 0.05 for a distance that few exceed.

    Examples
    --------
    >>> median = Dispersal(1000, 0.5)
    >>> median.probabilities(np.array([0.0, 1000.0, 2000.0])).round(9).tolist()
    [1.0, 0.5, 0.25]
    >>> str(median)
    'p(1000 m) = 0.5'
    """

    distance_m: float
    probability: float

    def __post_init__(self) -> None:
        if not (self.distance_m > 0 and 0 < self.probability < 1):
            raise UsageError(
                "E-USE-74",
                _("a dispersal needs a distance above 0 and a probability between 0 and 1 that belongs to it."),
                cure="Dispersal(distance_m=1000, probability=0.5)",
            )

    def __str__(self) -> str:
        return f"p({self.distance_m:g} m) = {self.probability:g}"

    @property
    def decay(self) -> float:
        """k in p = exp(−k·d), per metre."""
        return float(-np.log(self.probability) / self.distance_m)

    def probabilities(self, distances_m: Array) -> Array:
        """The probability of a direct move over each distance; 0 where it is infinite."""
        return np.asarray(np.exp(-self.decay * distances_m))


def shortest(lengths: Array) -> Array:
    """Lengths of the shortest ways through the network, stepping stones allowed; infinite where there is none."""
    return _through(lengths.copy(), range(len(lengths)))


def _through(lengths: Array, stones: Iterator[int] | range) -> Array:
    """Shorten ways by stepping stones, one after the other (Floyd–Warshall), in place."""
    for k in stones:
        np.minimum(lengths, lengths[:, k, None] + lengths[None, k, :], out=lengths)
    return lengths


def _without_each(lengths: Array) -> Iterator[tuple[int, Array]]:
    """Shortest lengths without each node in turn, in n² log n steps of Floyd–Warshall instead of n³.

    Half the nodes are let in as stepping stones, then the other half is asked which of its members to leave out, and
    so on: each node has then let in all others but itself.
    """

    def ask(left_out: Array, found: Array) -> Iterator[tuple[int, Array]]:
        if len(left_out) == 1:
            yield int(left_out[0]), found
            return
        half = len(left_out) // 2
        for asked, let_in in ((left_out[:half], left_out[half:]), (left_out[half:], left_out[:half])):
            yield from ask(asked, _through(found.copy(), let_in.tolist()))

    if len(lengths):
        yield from ask(np.arange(len(lengths)), lengths.copy())


@dataclass(frozen=True)
class Network:
    """Patches and the lengths of the links between them.

    Parameters
    ----------
    ids : tuple of str
        Of the patches.
    areas_m2 : ndarray, shape (n,)
        Area, or any other quantity of habitat; 0 makes a patch a stepping stone only.
    lengths : ndarray, shape (n, n)
        For PC −ln of the probability of a direct move; for IIC 1 for a link. Infinite without one, 0 on the diagonal.
    index : {"PC", "IIC"}
        How a length counts: exp(−l) for PC, 1 / (1 + l) for IIC.
    dispersal : Dispersal
        What the lengths were made with.
    """

    ids: tuple[str, ...]
    areas_m2: Array
    lengths: Array
    index: str
    dispersal: Dispersal

    def _worth(self, lengths: Array) -> Array:
        return np.exp(-lengths) if self.index == "PC" else 1 / (1 + lengths)

    @property
    def numerator(self) -> float:
        """ΣΣ aᵢ aⱼ p*ᵢⱼ in m⁴."""
        worth = self._worth(shortest(self.lengths))
        return float(self.areas_m2 @ worth @ self.areas_m2)

    @property
    def equivalent_area_m2(self) -> float:
        """The area of one patch that would be worth as much (等效连通面积, ECA = EC(PC), EC(IIC))."""
        return float(np.sqrt(self.numerator))

    def of(self, landscape_m2: float) -> float:
        """PC or IIC of a landscape: the probability that two random points of it are connected (0 to 1)."""
        return self.numerator / landscape_m2**2

    def importance(self) -> pd.DataFrame:
        """What the index loses with each patch, in per cent, and why (斑块重要性 dPC, dIIC).

        Returns
        -------
        DataFrame
            Indexed by patch: `area_m2`; `delta` = 100·(PC − PC₋ₖ)/PC = `intra` (the habitat in it) + `flux` (its
            links as an end) + `connector` (the ways of others that it shortens).

        Notes
        -----
        Pascual-Hortal & Saura 2006; Saura & Rubio 2010. Exact: every removal is computed, not estimated.
        """
        areas = self.areas_m2
        worth = self._worth(shortest(self.lengths))
        whole = float(areas @ worth @ areas)
        if whole == 0:
            raise DataError(
                "E-DATA-78",
                _("the patches have no area, so no share of it can be told."),
                cure=_("Give at least one patch an area above 0."),
            )
        left = np.zeros(len(areas))
        for k, lengths in _without_each(self.lengths):
            others = areas.copy()
            others[k] = 0.0
            left[k] = others @ self._worth(lengths) @ others
        intra = areas**2
        flux = 2 * (areas * (worth @ areas) - intra)
        # Where no way of others leads through a patch the difference is rounding alone.
        connector = whole - left - intra - flux
        connector[np.abs(connector) <= 1e-12 * whole] = 0.0
        parts = pd.DataFrame({"intra": intra, "flux": flux, "connector": connector}, index=list(self.ids)) * 100 / whole
        parts.insert(0, "delta", parts.sum(axis=1))
        parts.insert(0, "area_m2", areas)
        parts.index.name = "patch"
        return parts


def probability_network(
    areas_m2: Array, distances_m: Array, dispersal: Dispersal, *, ids: tuple[str, ...] | None = None
) -> Network:
    """The network of PC: every pair linked with a probability that falls with distance (可能连通性指数).

    Parameters
    ----------
    areas_m2 : ndarray, shape (n,)
    distances_m : ndarray, shape (n, n)
        From :func:`distances`, or least costs; infinite where there is no link.
    dispersal : Dispersal
        In the unit of the distances.
    ids : tuple of str, optional

    Notes
    -----
    Saura & Pascual-Hortal 2007; p*ᵢⱼ = exp of minus the shortest way of −ln p.
    """
    areas, lengths = _checked(areas_m2, distances_m)
    return Network(_named(ids, areas), areas, lengths * dispersal.decay, "PC", dispersal)


def binary_network(
    areas_m2: Array, distances_m: Array, dispersal: Dispersal, *, ids: tuple[str, ...] | None = None
) -> Network:
    """The network of IIC: pairs within the distance are linked, all links alike (整体连通性指数).

    Notes
    -----
    Pascual-Hortal & Saura 2006. The probability of the dispersal is not used, but printed with the result.
    """
    areas, lengths = _checked(areas_m2, distances_m)
    linked = np.where(lengths <= dispersal.distance_m, 1.0, np.inf)
    np.fill_diagonal(linked, 0.0)
    return Network(_named(ids, areas), areas, linked, "IIC", dispersal)


def _checked(areas_m2: Array, distances_m: Array) -> tuple[Array, Array]:
    areas, lengths = np.asarray(areas_m2, dtype=np.float64), np.asarray(distances_m, dtype=np.float64)
    square = lengths.shape == (len(areas), len(areas))
    if not square or np.isnan(lengths).any() or (lengths < 0).any() or not (areas >= 0).all():
        raise DataError(
            "E-DATA-79",
            _("areas and distances must be numbers not below 0, one distance for each pair of patches."),
            cure="distances(patches)",
        )
    lengths = np.minimum(lengths, lengths.T)
    np.fill_diagonal(lengths, 0.0)
    return areas, lengths


def _named(ids: tuple[str, ...] | None, areas: Array) -> tuple[str, ...]:
    return tuple(map(str, ids)) if ids is not None else tuple(map(str, range(1, len(areas) + 1)))
