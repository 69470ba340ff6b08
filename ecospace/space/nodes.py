"""Ecological nodes: where corridors meet barriers or each other (生态节点)."""

from __future__ import annotations

import geopandas
import numpy as np
import pandas as pd
import shapely
from scipy import ndimage

from ecospace.crs import require_same_crs
from ecospace.space.grid import Array, Grid

COLUMNS = ["kind", "start", "end", "name", "value", "geometry"]


def crossings(
    ways: geopandas.GeoDataFrame, barriers: geopandas.GeoDataFrame, *, name: str = "name"
) -> geopandas.GeoDataFrame:
    """Points where least-cost ways cross roads, railways, rivers or other lines (廊道断点).

    Parameters
    ----------
    ways : GeoDataFrame
        Lines with `start` and `end`.
    barriers : GeoDataFrame
        Lines, with a column `name` where they have one.

    Returns
    -------
    GeoDataFrame
        `kind` = ``"crossing"``, `start`, `end`, `name` of the barrier, `value` (metres along the way), geometry Point.
    """
    require_same_crs(ways, barriers)
    lines = barriers.geometry.to_numpy()
    names = barriers[name].astype(str).to_numpy() if name in barriers else barriers.index.astype(str).to_numpy()
    tree = shapely.STRtree(lines)
    rows = []
    for way in ways.itertuples():
        for k in sorted(tree.query(way.geometry, predicate="intersects").tolist()):
            meeting = shapely.intersection(way.geometry, lines[k])
            # A way that runs along a barrier meets it in a line: its middle stands for it.
            for part in shapely.get_parts(meeting):
                point = part if part.geom_type == "Point" else part.interpolate(0.5, normalized=True)
                rows.append(("crossing", way.start, way.end, names[k], way.geometry.project(point), point))
    rows.sort(key=lambda row: (row[1], row[2], row[4], row[3]))
    return geopandas.GeoDataFrame(pd.DataFrame(rows, columns=COLUMNS), geometry="geometry", crs=ways.crs)


def junctions(ways: geopandas.GeoDataFrame) -> geopandas.GeoDataFrame:
    """Points where two ways meet, part or cross: the ends of every stretch that they share.

    Returns
    -------
    GeoDataFrame
        `kind` = ``"junction"``, `start` and `end` of the one way, `name` of the other, `value` (metres along the way).
    """
    shapes = ways.geometry.to_numpy()
    rows = []
    for i, one in enumerate(ways.itertuples()):
        for j in range(i + 1, len(ways)):
            meeting = shapely.intersection(shapes[i], shapes[j])
            if meeting.is_empty:
                continue
            other = f"{ways['start'].iloc[j]}–{ways['end'].iloc[j]}"
            pieces = shapely.get_parts(meeting)
            shared = shapely.line_merge(shapely.union_all(pieces[shapely.get_dimensions(pieces) == 1]))
            ends = {*shapely.get_parts(shared.boundary)} | {*pieces[shapely.get_dimensions(pieces) == 0]}
            rows += [("junction", one.start, one.end, other, shapes[i].project(end), end) for end in ends]
    rows.sort(key=lambda row: (row[1], row[2], row[3], row[4]))
    return geopandas.GeoDataFrame(pd.DataFrame(rows, columns=COLUMNS), geometry="geometry", crs=ways.crs)


def places(cells: Array, values: Grid, kind: str, start: str, end: str) -> geopandas.GeoDataFrame:
    """Marked cells (pinch points, barriers) as points: the best cell of each connected group.

    Parameters
    ----------
    cells : ndarray of bool, shape (rows, columns)
    values : Grid
        What they were marked by: current, or gain of a restoration.
    kind, start, end : str
        Written into the rows.
    """
    groups, count = ndimage.label(cells, np.ones((3, 3)))
    best = ndimage.maximum_position(values.values, groups, range(1, count + 1)) if count else []
    points = shapely.points(values.xy(np.array(best))) if count else []
    rows = [(kind, start, end, "", float(values.values[cell]), point) for cell, point in zip(best, points, strict=True)]
    return geopandas.GeoDataFrame(pd.DataFrame(rows, columns=COLUMNS), geometry="geometry", crs=values.crs)
