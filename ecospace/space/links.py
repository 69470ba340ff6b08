"""Least-cost links between ecological sources (生态廊道)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import geopandas
import numpy as np
import pandas as pd

from ecospace.errors import DataError, UsageError
from ecospace.language import _
from ecospace.space.cost import Way, accumulated_cost, corridor_band, least_cost_way, neighbours
from ecospace.space.grid import Array, Grid, require_grid_crs


@dataclass(frozen=True)
class Links:
    """Least-cost links between sources, with the cost surfaces that they came from.

    Parameters
    ----------
    table : GeoDataFrame
        One least-cost way for each pair: `start`, `end` (ids of the sources), `cost` (metres times resistance),
        `length_m` (of the way), `euclidean_m` (edge to edge), `cost_ratio` (cost / length), geometry LineString.
    costs : dict
        Accumulated cost from each source, by id.
    """

    table: geopandas.GeoDataFrame
    costs: dict[str, Grid]

    def bands(self) -> Iterator[tuple[str, str, Grid]]:
        """The corridor band of each link."""
        for row in self.table.itertuples():
            yield row.start, row.end, corridor_band(self.costs[row.start], self.costs[row.end])

    def band(self) -> Grid:
        """The least band value of all links at each cell: one picture of the corridors."""
        least: Array | None = None
        grid = next(iter(self.costs.values()))
        for _start, _end, band in self.bands():
            least = band.values if least is None else np.fmin(least, band.values)
        return grid.like(np.full(grid.shape, np.nan) if least is None else least)


def link(
    resistance: Grid, sources: geopandas.GeoDataFrame, *, pairs: str | Sequence[tuple[str, str]] = "neighbours"
) -> Links:
    """Least-cost links between ecological sources (生态廊道).

    Parameters
    ----------
    resistance : Grid
        In metres, in the same CRS as the sources.
    sources : GeoDataFrame
        Polygons with a unique index.
    pairs : {"neighbours", "all"} or sequence of (str, str)
        Only pairs whose cost allocations touch, every pair, or these.

    Returns
    -------
    Links
        Pairs that no way joins are left out of the table; ``table.attrs["unreachable"]`` lists them.
    """
    if isinstance(pairs, str) and pairs not in ("neighbours", "all"):
        raise UsageError(
            "E-USE-71",
            _("pairs must be 'neighbours' or 'all', not {pairs!r}.").format(pairs=pairs),
            cure='link(resistance, sources, pairs="neighbours")',
        )
    require_grid_crs(resistance, sources)
    names = [str(name) for name in sources.index]
    shapes = sources.geometry.to_numpy()
    cells = [resistance.burn([shape]) == 1 for shape in shapes]
    costs = [accumulated_cost(resistance, cell) for cell in cells]
    if not isinstance(pairs, str):
        wanted = [(names.index(one), names.index(other)) for one, other in pairs]
    elif pairs == "all":
        wanted = [(i, j) for i in range(len(names)) for j in range(i + 1, len(names))]
    else:
        wanted = neighbours(costs)

    rows, unreachable = [], []
    for i, j in wanted:
        try:
            way = least_cost_way(resistance, costs[i], cells[j])
        except DataError as error:
            if error.code != "E-DATA-75":
                raise
            unreachable.append((names[i], names[j]))
            continue
        rows.append(_link_row(resistance, names[i], names[j], way, float(shapes[i].distance(shapes[j]))))
    columns = ["start", "end", "cost", "length_m", "euclidean_m", "cost_ratio", "geometry"]
    table = geopandas.GeoDataFrame(pd.DataFrame(rows, columns=columns), geometry="geometry", crs=resistance.crs)
    table.attrs["unreachable"] = unreachable
    return Links(table, dict(zip(names, costs, strict=True)))


def _link_row(grid: Grid, start: str, end: str, way: Way, euclidean_m: float) -> tuple[object, ...]:
    # Two sources that share a cell have a way of one cell: a line of no length, drawn as such.
    line = grid.line(way.cells if len(way.cells) > 1 else np.repeat(way.cells, 2, axis=0))
    return start, end, way.cost, line.length, euclidean_m, way.cost / line.length if line.length else np.nan, line
