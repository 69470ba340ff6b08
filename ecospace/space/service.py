"""Service radius (服务半径): who lives within a distance of a park, as the crow flies or along the streets."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import dijkstra

from ecospace.crs import require_metric, require_same_crs
from ecospace.errors import RuleError
from ecospace.language import _
from ecospace.space.buffer import QUAD_SEGS

Array = np.ndarray[Any, Any]


def service_coverage(
    places: gpd.GeoDataFrame,
    homes: gpd.GeoDataFrame,
    radius_m: float | Array,
    *,
    population: str | None = None,
    streets: gpd.GeoDataFrame | None = None,
    cell_m: float = 50.0,
) -> gpd.GeoDataFrame:
    """Residential land and people within a distance of a place (服务半径覆盖率).

    Parameters
    ----------
    places : GeoDataFrame
        Parks as polygons, or their entrances as points, in a metric CRS.
    homes : GeoDataFrame
        Residential polygons that do not overlap, in the same CRS.
    radius_m : float or ndarray, shape (places,)
        The distance, metres, > 0; of each place its own where an array is given.
    population : str, optional
        Column of `homes` with inhabitants; they are spread evenly over a polygon.
    streets : GeoDataFrame, optional
        Street lines in the same CRS: distance along them instead of the straight line.
    cell_m : float
        Along streets a home is judged cell by cell, squares of this side, each by one point inside it.

    Returns
    -------
    GeoDataFrame
        The homes with area_m2, served_m2, share (0 to 1), geometry_served (the ground that is served) and, where there is a
        population, served_population; with streets also distance_m (of the nearest cell; infinite where no street leads there).

    Raises
    ------
    RuleError
        E-RULE-66: a radius that is not positive.

    Notes
    -----
    Straight: A(R ∩ ∪ buffer(park, r)) / A(R), from the edge of the park. Discs have 16 segments a quarter: 0.16 % too small,
    never too large. Catchments that overlap count once. Along streets never more than straight: a cell that is near enough
    along the streets counts with its part inside the straight distance.

    Examples
    --------
    >>> park = gpd.GeoDataFrame(geometry=[shapely.box(0, 0, 100, 100)], crs=4547)
    >>> homes = gpd.GeoDataFrame({"people": [1000]}, geometry=[shapely.box(100, 0, 1100, 100)], crs=4547)
    >>> served = service_coverage(park, homes, 300, population="people")
    >>> float(served["share"].iloc[0]), float(served["served_population"].iloc[0])  # 300 m of 1000 m
    (0.3, 300.0)
    """
    require_metric(homes)
    require_same_crs(places, homes)
    radii = np.broadcast_to(np.asarray(radius_m, float), len(places))
    if not (np.asarray(radius_m) > 0).all():
        raise RuleError(
            "E-RULE-66",
            _("a service radius of {radius} m reaches nobody.").format(radius=np.min(radius_m)),
            cure=_("Give a radius above 0 m, for example 300, 500 or 1500."),
        )
    reach = shapely.union_all(shapely.buffer(places.geometry.to_numpy(), radii, quad_segs=QUAD_SEGS))
    found = homes.assign(area_m2=homes.area)
    if streets is None:
        served = shapely.intersection(homes.geometry.to_numpy(), reach)
    else:
        cells = home_cells(homes, cell_m)
        metres = np.full(len(cells), np.inf)
        near = np.zeros(len(cells), bool)
        for radius in np.unique(radii):
            away = network_distance(cells, places[radii == radius], streets).to_numpy()
            near |= away <= radius
            metres = np.minimum(metres, away)
        found["distance_m"] = (
            pd.Series(metres).groupby(cells["home"].to_numpy()).min().reindex(range(len(homes))).to_numpy()
        )
        inside = shapely.intersection(cells.geometry.to_numpy()[near], reach)
        served = np.full(len(homes), shapely.Polygon(), object)
        for home, parts in pd.Series(inside).groupby(cells["home"].to_numpy()[near]):
            served[home] = shapely.union_all(parts.to_numpy())
    found["geometry_served"] = gpd.GeoSeries(served, index=homes.index, crs=homes.crs)
    found["served_m2"] = shapely.area(served)
    found["share"] = found["served_m2"] / found["area_m2"]
    if population is not None:
        found["served_population"] = found[population] * found["share"]
    return found


def home_cells(homes: gpd.GeoDataFrame, cell_m: float) -> gpd.GeoDataFrame:
    """Homes cut by a square grid, so that a long one is not judged by one point alone.

    Returns
    -------
    GeoDataFrame
        home (position of the home), geometry; areas add up to those of the homes.
    """
    pieces, owners = [], []
    for place, shape in enumerate(homes.geometry.to_numpy()):
        west, south, east, north = shapely.bounds(shape)
        x, y = np.meshgrid(
            np.arange(np.floor(west / cell_m), np.ceil(east / cell_m)) * cell_m,
            np.arange(np.floor(south / cell_m), np.ceil(north / cell_m)) * cell_m,
        )
        shapely.prepare(shape)
        boxes = shapely.box(x.ravel(), y.ravel(), x.ravel() + cell_m, y.ravel() + cell_m)
        parts = shapely.intersection(shape, boxes[shapely.intersects(shape, boxes)])
        parts = parts[shapely.area(parts) > 0]
        pieces.append(parts)
        owners.append(np.full(len(parts), place))
    empty = np.zeros(0, int)
    owner = np.concatenate([empty, *owners])
    return gpd.GeoDataFrame(
        {"home": owner}, geometry=list(np.concatenate([empty.astype(object), *pieces])), crs=homes.crs
    )


def network_distance(homes: gpd.GeoDataFrame, places: gpd.GeoDataFrame, streets: gpd.GeoDataFrame) -> pd.Series:
    """Distance along the streets from each home to the nearest place (路网距离).

    Parameters
    ----------
    homes, places : GeoDataFrame
        Polygons or points; a home is one point inside it, a place is its edge.
    streets : GeoDataFrame
        Lines in the same metric CRS. They meet where they cross: a bridge over a road counts as a crossing.

    Returns
    -------
    Series
        Metres: from the home straight to the nearest street, along streets, and straight to the place, whose door is its point nearest
        to a street. Give entrances as points where they are known: a park has several.
    """
    require_metric(homes)
    require_same_crs(homes, places, streets)
    unreached = pd.Series(np.inf, index=homes.index, name="distance_m")
    if places.empty or streets.empty:
        return unreached
    lines = shapely.get_parts(shapely.node(shapely.multilinestrings(_lines(streets))))
    doors = places.geometry.to_numpy()
    starts = shapely.point_on_surface(homes.geometry.to_numpy())
    edges, nodes, off_m = _graph(lines, np.concatenate([starts, doors]))
    source = nodes[len(starts) :]
    # A super-source: its edges carry the walk from the street to each door.
    hub = int(max(edges[0].max(), edges[1].max())) + 1
    first = np.concatenate([edges[0], source])
    second = np.concatenate([edges[1], np.full(len(source), hub)])
    # scipy takes an explicit nought for no edge, and adds up edges that stand twice: both would change distances.
    weight = np.maximum(np.concatenate([edges[2], off_m[len(starts) :]]), 1e-9)
    pairs = pd.DataFrame({"first": np.minimum(first, second), "second": np.maximum(first, second), "m": weight})
    least = pairs.groupby(["first", "second"], as_index=False)["m"].min()
    graph = coo_matrix((least["m"], (least["first"], least["second"])), shape=(hub + 1, hub + 1)).tocsr()
    away = dijkstra(graph, directed=False, indices=hub)
    return pd.Series(away[nodes[: len(starts)]] + off_m[: len(starts)], index=homes.index, name="distance_m")


def _lines(streets: gpd.GeoDataFrame) -> Array:
    parts: Array = shapely.get_parts(streets.geometry.to_numpy())
    long: Array = parts[shapely.length(parts) > 0]
    return long


def _graph(lines: Array, places: Array) -> tuple[tuple[Array, Array, Array], Array, Array]:
    """Edges (first, second, metres) of the streets split where places are joined on; node and walk of each place."""
    tree = shapely.STRtree(lines)
    line = tree.nearest(places)
    foot = shapely.get_point(shapely.shortest_line(lines[line], places), 0)
    off_m = shapely.distance(foot, places)
    along_m = shapely.line_locate_point(lines[line], foot)
    stops = pd.DataFrame(
        {
            "line": np.concatenate([line, np.arange(len(lines)), np.arange(len(lines))]),
            "along_m": np.concatenate([along_m, np.zeros(len(lines)), shapely.length(lines)]),
        }
    )
    ends = np.concatenate([shapely.get_coordinates(shapely.get_point(lines, place)) for place in (0, -1)])
    _unique, junction = np.unique(ends, axis=0, return_inverse=True)
    node = np.concatenate([junction.max() + 1 + np.arange(len(places)), junction.ravel()])
    order = np.lexsort((stops["along_m"], stops["line"]))
    same = np.diff(stops["line"].to_numpy()[order]) == 0
    step = np.diff(stops["along_m"].to_numpy()[order])
    return (node[order[:-1]][same], node[order[1:]][same], step[same]), node[: len(places)], off_m
