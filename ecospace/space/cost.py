"""Least cost: how hard a place is to reach, the way there, and the band of ways that are nearly as good.

The cost of a step between neighbouring cells is its length in metres times the mean resistance of the two cells
(minimum cumulative resistance, MCR). The functions here hold the whole raster in memory, as a least-cost way may lead
anywhere: about 60 bytes a cell while they run, and 8 for each source. For rasters that do not fit there is
`cost_windows`, which gives the same numbers window by window.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ecospace.errors import DataError, UsageError
from ecospace.language import _
from ecospace.space.grid import Array, Grid

try:
    from ecospace.space import cost_kernel
except ImportError:  # numba is optional: the extra "fast"
    cost_kernel = None  # type: ignore[assignment]

#: The eight neighbours of a cell, in the order in which ways of equal cost are preferred: straight steps first.
STEPS = ((-1, 0), (0, -1), (0, 1), (1, 0), (-1, -1), (-1, 1), (1, -1), (1, 1))
#: One step of each pair of opposite ones.
HALF_OF_STEPS = ((-1, 0), (0, -1), (-1, -1), (-1, 1))


@dataclass(frozen=True)
class Way:
    """A least-cost way (最小成本路径).

    Parameters
    ----------
    cells : ndarray of int, shape (n, 2)
        Rows and columns, from the source to the target.
    cost : float
        Cost units: metres times resistance.
    """

    cells: Array
    cost: float


def require_resistance(resistance: Grid) -> None:
    """Refuse resistances that are not positive: a free step makes every detour as good as the way.

    Raises
    ------
    DataError
        E-DATA-73.
    """
    wrong = int((resistance.values <= 0).sum() + np.isinf(resistance.values).sum())
    if wrong:
        raise DataError(
            "E-DATA-73",
            _("{count} cells have a resistance that is not a positive number, so cost has no meaning.").format(
                count=wrong
            ),
            cure=_("Give every class a resistance above 0; leave cells that cannot be crossed without data."),
        )


def accumulated_cost(resistance: Grid, source: Array) -> Grid:
    """Least cost from a source to every cell (累积耗费距离, MCR).

    Parameters
    ----------
    resistance : Grid
        Positive; cells without data cannot be crossed. In a CRS in metres.
    source : ndarray of bool, shape (rows, columns)
        The cells where the cost is 0.

    Returns
    -------
    Grid
        Metres times resistance; infinite where no way leads, NaN where there is no data.

    Raises
    ------
    DataError
        A resistance is not positive (E-DATA-73), or the source has no cell with data (E-DATA-74).

    Notes
    -----
    Knaapen et al. 1992; 俞孔坚 1999. With numba (the extra ``fast``) by a bucket queue, else by scipy's Dijkstra,
    which is as exact, but takes three times as long and four times the memory. Both give the same float for float.
    """
    require_resistance(resistance)
    seeds = source & resistance.known
    if not seeds.any():
        raise DataError(
            "E-DATA-74",
            _("a source has no cell with data on the resistance surface, so no cost can be counted from it."),
            cure=_("Extend the resistance surface over all sources, or use smaller cells."),
        )
    height, width = resistance.cell_m
    if cost_kernel is not None:
        return resistance.like(_spread(resistance.values, seeds, height, width))
    return resistance.like(_dijkstra(resistance.values, seeds, height, width))


def half_length(step: tuple[int, int], height: float, width: float) -> float:
    """Half the length of a step between neighbours."""
    return float(np.hypot(step[0] * height, step[1] * width)) / 2


def _spread(values: Array, seeds: Array, height: float, width: float) -> Array:
    padded = np.pad(values, 1, constant_values=np.inf)
    padded[np.isnan(padded)] = np.inf
    columns = padded.shape[1]
    cost = np.full(padded.size, np.inf)
    starts = np.flatnonzero(np.pad(seeds, 1))
    cost[starts] = 0.0
    half_lengths = np.array([half_length(step, height, width) for step in STEPS])
    bounds = (np.nanmin(values), np.nanmax(values))
    cost_kernel.spread(
        padded.ravel(),
        cost,
        np.zeros(padded.size, dtype=np.uint8),
        starts,
        np.array([row * columns + column for row, column in STEPS], dtype=np.int64),
        half_lengths,
        max(2 * half_lengths.max() * bounds[1] / (cost_kernel.BUCKETS - 2), 2 * half_lengths.min() * bounds[0]),
    )
    out = cost.reshape(padded.shape)[1:-1, 1:-1].copy()
    out[np.isnan(values)] = np.nan
    return out


def _dijkstra(values: Array, seeds: Array, height: float, width: float) -> Array:
    from scipy.sparse import coo_array, csgraph

    known = ~np.isnan(values)
    number = np.full(values.shape, -1, dtype=np.int64)
    number[known] = np.arange(known.sum())
    starts, ends, costs = [], [], []
    for step in HALF_OF_STEPS:
        here, there = cell_pairs(step, values.shape)
        both = known[here] & known[there]
        starts.append(number[here][both])
        ends.append(number[there][both])
        costs.append(half_length(step, height, width) * (values[here] + values[there])[both])
    size = int(known.sum())
    graph = coo_array((np.concatenate(costs), (np.concatenate(starts), np.concatenate(ends))), (size, size)).tocsr()
    found = csgraph.dijkstra(graph, directed=False, indices=number[seeds], min_only=True)
    out = np.full(values.shape, np.nan)
    out[known] = found
    return out


def cell_pairs(step: tuple[int, int], shape: tuple[int, ...]) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """The two views of a raster in which a cell and its neighbour stand in the same place."""
    here, there = [], []
    for shift, size in zip(step, shape, strict=True):
        here.append(slice(max(-shift, 0), size - max(shift, 0)))
        there.append(slice(max(shift, 0), size - max(-shift, 0)))
    return (here[0], here[1]), (there[0], there[1])


def least_cost_way(resistance: Grid, cost: Grid, target: Array) -> Way:
    """The cheapest way from the source of a cost surface to a target (最小成本路径).

    Parameters
    ----------
    resistance : Grid
        The one that `cost` was accumulated on.
    cost : Grid
        From :func:`accumulated_cost`.
    target : ndarray of bool, shape (rows, columns)
        The way ends in the cheapest of these cells; of equal ones in the first, row by row.

    Raises
    ------
    DataError
        No way leads to the target (E-DATA-75).

    Notes
    -----
    Among ways of equal cost the one with straight steps first is taken, so that the answer is always the same.
    """
    costs = np.where(target & resistance.known, cost.values, np.inf)
    end = int(np.argmin(costs))
    if not np.isfinite(costs.flat[end]):
        raise DataError(
            "E-DATA-75",
            _("no way leads from the source to the target over cells with data."),
            cure=_("Close the gaps in the resistance surface, or leave out this pair."),
        )
    rows, columns = resistance.shape
    height, width = resistance.cell_m
    halves = [half_length(step, height, width) for step in STEPS]
    row, column = divmod(end, columns)
    cells = [(row, column)]
    surface, steepness = cost.values, resistance.values
    here = float(surface[row, column])
    while here > 0:
        for (down, right), half in zip(STEPS, halves, strict=True):
            r, c = row + down, column + right
            if 0 <= r < rows and 0 <= c < columns:
                before = float(surface[r, c])
                # Exact: the surface was made by this very sum, so one neighbour always gives it bit for bit.
                if before < here and before + half * (steepness[row, column] + steepness[r, c]) == here:
                    row, column, here = r, c, before
                    break
        else:
            raise UsageError(
                "E-USE-70",
                _("the cost surface does not belong to this resistance surface, so no way can be traced."),
                cure="cost = accumulated_cost(resistance, source)",
            )
        cells.append((row, column))
    return Way(np.array(cells[::-1]), float(costs.flat[end]))


def corridor_band(cost_one: Grid, cost_other: Grid) -> Grid:
    """How much dearer than the best is the best way through each cell (归一化最小成本廊道).

    Parameters
    ----------
    cost_one, cost_other : Grid
        Accumulated cost from the one and the other source.

    Returns
    -------
    Grid
        CWD_A + CWD_B − LCD_AB in cost units: 0 along the least-cost way; cut it at a width in cost units.

    Notes
    -----
    McRae & Kavanagh 2011, Linkage Mapper user guide. Sums of floats in another order differ in the last digits: what
    is within 1e-12 of the whole is 0.
    """
    total = cost_one.values + cost_other.values
    best = np.nanmin(total)
    band = total - best
    band[np.abs(band) <= 1e-12 * best] = 0.0
    return cost_one.like(band)


def neighbours(costs: list[Grid]) -> list[tuple[int, int]]:
    """Pairs of sources whose cost allocations touch: the links that lead through no other source's ground."""
    stack = np.stack([np.where(np.isnan(cost.values), np.inf, cost.values) for cost in costs])
    nearest = np.where(np.isfinite(stack.min(axis=0)), stack.argmin(axis=0), -1)
    found: set[tuple[int, int]] = set()
    for step in HALF_OF_STEPS:
        here, there = cell_pairs(step, nearest.shape)
        apart = (nearest[here] != nearest[there]) & (nearest[here] >= 0) & (nearest[there] >= 0)
        one, other = nearest[here][apart], nearest[there][apart]
        found |= set(zip(np.minimum(one, other).tolist(), np.maximum(one, other).tolist(), strict=True))
    return sorted(found)


def corridor_width_m(band: Grid, cutoff: float, way: Array) -> Array:
    """Full width of a corridor band at each cell of its way (廊道总宽): twice the distance to the band's edge.

    Parameters
    ----------
    band : Grid
        From :func:`corridor_band`.
    cutoff : float
        The band's edge in cost units.
    way : ndarray of int, shape (n, 2)
        Cells of the least-cost way.
    """
    from scipy import ndimage

    inside = np.pad(np.nan_to_num(band.values, nan=np.inf) <= cutoff, 1)
    distance = ndimage.distance_transform_edt(inside, sampling=band.cell_m)[1:-1, 1:-1]
    # The distance runs to the next centre outside; the edge lies half a cell before it.
    return np.asarray(2 * distance[way[:, 0], way[:, 1]] - min(band.cell_m))
