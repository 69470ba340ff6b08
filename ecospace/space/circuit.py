"""Circuit theory: land as a sheet of resistors, movement as current (电路理论).

A cell is a node; neighbours are joined by a resistor. One ampere goes in at one place and out at another: the voltage
between them is the effective resistance (all ways count, not only the best), the current through a cell is how much
movement would use it. High current in a narrow place is a pinch point (夹点).

The whole raster must be in memory: every voltage depends on every cell. With pyamg (the extra ``corridor``) about
0.6 GB for a million cells.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations

import numpy as np
import pandas as pd
from scipy import ndimage
from scipy.sparse import coo_array, csgraph, csr_array, diags_array
from scipy.sparse.linalg import cg, spsolve

from ecospace.errors import DataError, UsageError
from ecospace.language import _
from ecospace.space.cost import require_resistance
from ecospace.space.grid import Array, Grid
from ecospace.space.spread import HALF_OF_STEPS, cell_pairs

try:
    import pyamg
except ImportError:  # optional: the extra "corridor"
    pyamg = None

#: Up to so many nodes a direct solver is quick and exact to rounding.
DIRECT = 40_000
#: Without pyamg a direct solver is used up to so many nodes.
DIRECT_AT_MOST = 400_000
#: Residual of the iterative solver, relative to the current put in. Effective resistances are right to its square.
TOLERANCE = 1e-7
#: Rounds of the iterative solver before it gives up; landscapes need 15 to 60.
ROUNDS = 1000


@dataclass(frozen=True)
class Circuit:
    """A resistance surface as a network of resistors.

    Parameters
    ----------
    resistance : Grid
        Positive; cells without data do not conduct. Ohms for a step of one cell: the size of a cell does not count,
        as in Circuitscape.
    neighbours : {8, 4}
        Whether diagonal neighbours are joined (over √2 of the way).
    average : {"resistance", "conductance"}
        Of two cells: g = 1 / mean(R₁, R₂), or g = mean(1/R₁, 1/R₂).
    short_circuits : ndarray of int, shape (rows, columns), optional
        Cells with the same number above 0 are one node: ground without resistance (短路区).

    Notes
    -----
    McRae, Dickson, Keitt & Shah 2008, Ecology 89: 2712; options as in Circuitscape.jl.
    """

    resistance: Grid
    neighbours: int = 8
    average: str = "resistance"
    short_circuits: Array | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if self.neighbours not in (4, 8) or self.average not in ("resistance", "conductance"):
            raise UsageError(
                "E-USE-72",
                _("a circuit joins 4 or 8 neighbours, by average 'resistance' or 'conductance'."),
                cure='Circuit(resistance, neighbours=8, average="resistance")',
            )
        require_resistance(self.resistance)

    @cached_property
    def nodes(self) -> Array:
        """Number of the node of each cell, shape (rows, columns); −1 without data."""
        known = self.resistance.known
        # 32 bits: half the traffic of the solver's inner loop.
        numbers = np.full(known.shape, -1, dtype=np.int32)
        numbers[known] = np.arange(int(known.sum()))
        if self.short_circuits is not None:
            regions = np.where(known, self.short_circuits, 0)
            for region in np.unique(regions[regions > 0]):
                here = regions == region
                numbers[here] = numbers[here].min()
            _present, compact = np.unique(numbers[known], return_inverse=True)
            numbers[known] = compact
        return numbers

    @cached_property
    def branches(self) -> tuple[Array, Array, Array]:
        """Both nodes and the conductance of every resistor between two cells."""
        known, values = self.resistance.known, self.resistance.values
        starts, ends, conductances = [], [], []
        for step in HALF_OF_STEPS[: self.neighbours // 2]:
            here, there = cell_pairs(step, values.shape)
            both = known[here] & known[there]
            one, other = values[here][both], values[there][both]
            length = float(np.hypot(*step))
            mean = 2 / (one + other) if self.average == "resistance" else (1 / one + 1 / other) / 2
            starts.append(self.nodes[here][both])
            ends.append(self.nodes[there][both])
            conductances.append(mean / length)
        return np.concatenate(starts), np.concatenate(ends), np.concatenate(conductances)

    @cached_property
    def conductance(self) -> csr_array:
        """The symmetric matrix of conductances between nodes; steps inside a short circuit are left out."""
        size = int(self.nodes.max()) + 1
        start, end, value = self.branches
        apart = start != end
        half = coo_array((value[apart], (start[apart], end[apart])), (size, size)).tocsr()
        return csr_array(half + half.T)

    @cached_property
    def parts(self) -> Array:
        """Number of the connected part of each node."""
        return np.asarray(csgraph.connected_components(self.conductance, directed=False)[1])

    def between(self, start: Array, end: Array) -> Flow:
        """One ampere from one place to another.

        Parameters
        ----------
        start, end : ndarray of bool, shape (rows, columns)
            Each place is one node while the current flows: all its cells are short-circuited.

        Raises
        ------
        DataError
            A place has no cell that conducts (E-DATA-76).
        """
        known = self.resistance.known
        source, sink = (np.unique(self.nodes[place & known]) for place in (start, end))
        if not (len(source) and len(sink)):
            raise DataError(
                "E-DATA-76",
                _("a place has no cell with data on the resistance surface, so no current can enter there."),
                cure=_("Extend the resistance surface over all sources, or use smaller cells."),
            )
        voltages = np.zeros(len(self.parts))
        if len(np.intersect1d(source, sink)):
            return Flow(self, source, sink, 0.0, voltages)
        # Current flows in the parts that reach both places; the source is held at one volt, the sink at none.
        joined = np.isin(self.parts, np.intersect1d(self.parts[source], self.parts[sink]))
        if not joined.any():
            return Flow(self, source, sink, np.inf, voltages)
        voltages[source] = 1.0
        held = np.zeros(len(voltages), dtype=bool)
        held[source] = held[sink] = True
        free = np.flatnonzero(joined & ~held)
        if len(free):
            voltages[free] = self._solve(free, source)
        one, other, conductance = self.branches
        # The power at one volt is the current; as a sum of squares it is far more exact than the voltages are.
        amperes = float((conductance * (voltages[one] - voltages[other]) ** 2)[joined[one]].sum())
        return Flow(self, source, sink, 1 / amperes, np.where(joined, voltages / amperes, 0.0))

    def _solve(self, free: Array, source: Array) -> Array:
        rows = self.conductance[free]
        total = rows.sum(axis=1)
        inward = csr_array(rows[:, free])
        driven = rows[:, source].sum(axis=1)
        matrix = csr_array(diags_array(total).tocsr() - inward)
        if len(free) <= DIRECT or pyamg is None:
            return _solve_directly(matrix, driven)
        return _solve_iteratively(matrix, driven)


def _solve_directly(matrix: csr_array, driven: Array) -> Array:
    if len(driven) > DIRECT_AT_MOST:
        raise UsageError(
            "E-USE-73",
            _("a circuit of {count} cells is too large for the direct solver.").format(count=len(driven)),
            cure='pip install "ecospace-toolkit[corridor]"',
        )
    return np.asarray(spsolve(matrix.tocsc(), driven)).reshape(-1)


def _solve_iteratively(matrix: csr_array, driven: Array) -> Array:
    # Weights by row sums instead of spectral radii: a tenth of the set-up time, a few rounds more.
    levels = pyamg.smoothed_aggregation_solver(
        matrix, B=np.ones((len(driven), 1)), symmetry="symmetric", max_coarse=500, coarse_solver="pinv",
        smooth=("jacobi", {"omega": 4 / 3, "weighting": "local"}), improve_candidates=None,
        presmoother=("gauss_seidel", {"sweep": "forward"}), postsmoother=("gauss_seidel", {"sweep": "backward"}),
    )  # fmt: skip
    preconditioner = levels.aspreconditioner(cycle="V")
    voltages, failed = cg(matrix, driven, rtol=TOLERANCE, atol=0.0, maxiter=ROUNDS, M=preconditioner)
    if failed:
        raise DataError(
            "E-DATA-77",
            _("the voltages did not settle after {count} rounds, so no current can be given.").format(count=ROUNDS),
            cure=_("Use a narrower span of resistances or coarser cells."),
        )
    return np.asarray(voltages)


@dataclass(frozen=True)
class Flow:
    """One ampere between two places.

    Parameters
    ----------
    circuit : Circuit
        The network.
    source, sink : ndarray of int
        The nodes where the current goes in and out.
    effective_resistance : float
        Ohms (有效电阻); infinite where nothing connects the two, 0 where a short circuit does.
    voltages : ndarray, shape (nodes,)
        Volts above the sink; 0 where no current flows.
    """

    circuit: Circuit
    source: Array
    sink: Array
    effective_resistance: float
    voltages: Array = field(repr=False)

    def current(self) -> Grid:
        """Current through each cell in amperes (电流密度): the larger of what flows in and what flows out.

        The places of entry and exit carry the whole ampere, and so does every cell of a short circuit that carries it.
        """
        circuit = self.circuit
        through = np.zeros(len(self.voltages))
        if 0 < self.effective_resistance < np.inf:
            # What comes in at a node goes out again: half the sum of both is either of them.
            one, other, conductance = circuit.branches
            flows = conductance * np.abs(self.voltages[one] - self.voltages[other])
            through = (np.bincount(one, flows, len(through)) + np.bincount(other, flows, len(through))) / 2
            through[self.source] = through[self.sink] = 1.0
        grid = circuit.resistance
        return grid.like(np.where(grid.known, through[circuit.nodes], np.nan))


def every_pair(circuit: Circuit, places: Mapping[str, Array]) -> tuple[pd.DataFrame, Grid]:
    """One ampere between every two places, one pair after the other (成对模式).

    Parameters
    ----------
    circuit : Circuit
    places : mapping of str to ndarray of bool
        Each with at least one cell that conducts.

    Returns
    -------
    resistances : DataFrame
        `start`, `end`, `effective_resistance` (infinite where nothing connects the two).
    current : Grid
        Sum of the currents of all pairs (累积电流).
    """
    rows = []
    total = np.zeros(circuit.resistance.shape)
    for start, end in combinations(places, 2):
        flow = circuit.between(places[start], places[end])
        rows.append((start, end, flow.effective_resistance))
        if 0 < flow.effective_resistance < np.inf:
            total += np.nan_to_num(flow.current().values)
    table = pd.DataFrame(rows, columns=["start", "end", "effective_resistance"])
    return table, circuit.resistance.like(np.where(circuit.resistance.known, total, np.nan))


def pinch_points(current: Grid, corridor: Array, *, share: float = 0.05) -> Array:
    """The cells of a corridor with the highest current (夹点).

    Parameters
    ----------
    current : Grid
        From :meth:`Flow.current`.
    corridor : ndarray of bool, shape (rows, columns)
        The corridor band, without the sources themselves.
    share : float
        0 to 1: this share of the corridor's cells, by current.

    Returns
    -------
    ndarray of bool, shape (rows, columns)
    """
    inside = corridor & current.known
    if not inside.any():
        return np.zeros(current.shape, dtype=bool)
    limit = np.quantile(current.values[inside], 1 - share)
    return np.asarray(inside & (current.values >= limit))


def barriers(cost_one: Grid, cost_other: Grid, *, diameter_m: float, restored: float = 1.0) -> Grid:
    """How much a link would gain for each metre restored around a cell (障碍点改善值).

    Parameters
    ----------
    cost_one, cost_other : Grid
        Accumulated cost from both sources, in metres times resistance.
    diameter_m : float
        Of the round window that is restored.
    restored : float
        Resistance after the restoration.

    Returns
    -------
    Grid
        (LCD − LCD′) / diameter, in resistance units; 0 where a restoration would gain nothing. LCD′ is the least cost
        to the window from both sides and, across it, its diameter times the restored resistance.

    Notes
    -----
    McRae, Hall, Beier & Theobald 2012, PLoS ONE 7: e52604 (Barrier Mapper).
    """
    height, width = cost_one.cell_m
    rows, columns = int(diameter_m / 2 // height), int(diameter_m / 2 // width)
    y, x = np.mgrid[-rows : rows + 1, -columns : columns + 1]
    disc = (y * height) ** 2 + (x * width) ** 2 <= (diameter_m / 2) ** 2
    best = float(np.nanmin(cost_one.values + cost_other.values))
    reach = [
        ndimage.minimum_filter(np.nan_to_num(cost.values, nan=np.inf), footprint=disc, mode="constant", cval=np.inf)
        for cost in (cost_one, cost_other)
    ]
    gain = (best - (reach[0] + reach[1] + diameter_m * restored)) / diameter_m
    return cost_one.like(np.maximum(gain, 0.0))
