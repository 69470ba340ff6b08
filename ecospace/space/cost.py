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
from ecospace.space.spread import HALF_OF_STEPS, STEPS, cell_pairs, half_length, spread


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
    Knaapen et al. 1992; 俞孔坚 1999. See :func:`ecospace.space.spread.spread` for the two engines.
    """
    require_resistance(resistance)
    seeds = source & resistance.known
    if not seeds.any():
        raise DataError(
            "E-DATA-74",
            _("a source has no cell with data on the resistance surface, so no cost can be counted from it."),
            cure=_("Extend the resistance surface over all sources, or use smaller cells."),
        )
    return resistance.like(spread(resistance.values, np.where(seeds, 0.0, np.inf), *resistance.cell_m))


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
