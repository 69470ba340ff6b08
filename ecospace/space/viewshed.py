"""Land that can be seen from a road, by an elevation model (可视域)."""

from __future__ import annotations

from pathlib import Path

import geopandas
import numpy as np
import shapely

from ecospace.crs import require_same_crs
from ecospace.errors import DataError
from ecospace.findings import Finding
from ecospace.language import _
from ecospace.layers.raster import open_raster
from ecospace.space.grid import Array, Grid, grid_of, require_grid_crs
from ecospace.space.patches import QUARTER_SEGMENTS

#: Metres: the earth's mean radius, and the share of its curvature that refraction takes back.
EARTH_RADIUS_M, REFRACTION = 6_371_000.0, 0.13


def viewpoints(roads: geopandas.GeoDataFrame, step_m: float) -> Array:
    """Points along roads, at most `step_m` apart, both ends included; (x, y) pairs, each once."""
    points = []
    for line in shapely.get_parts(shapely.line_merge(shapely.union_all(roads.geometry.to_numpy()))):
        count = max(int(np.ceil(line.length / step_m)), 1)
        points.append(
            shapely.get_coordinates(shapely.line_interpolate_point(line, np.linspace(0, line.length, count + 1)))
        )
    return np.unique(np.concatenate(points), axis=0) if points else np.zeros((0, 2))


def visible(elevation: Grid, points: Array, *, radius_m: float, eye_m: float, target_m: float = 0.0) -> Array:
    """Which cells can be seen from any of some points.

    Parameters
    ----------
    elevation : Grid
        Metres above sea; ground alone, unless the model has trees and houses in it.
    points : ndarray, shape (n, 2)
        Viewpoints.
    radius_m : float
        How far is looked.
    eye_m, target_m : float
        Height of the eye above the ground, and of what is looked at.

    Returns
    -------
    ndarray of bool, shape (rows, columns)

    Notes
    -----
    A cell is seen if its centre stands no lower than every line of sight before it: along the ray the height is
    interpolated between the two cell centres that it passes between, at every row or column that it crosses. Heights
    fall with the earth's curvature, less refraction (0.07 m at 1 km). Without data nothing hides and nothing is seen.
    """
    height, width = elevation.cell_m
    rows, columns = elevation.shape
    reach = int(radius_m // height), int(radius_m // width)
    down, right = (side.ravel() for side in np.mgrid[-reach[0] : reach[0] + 1, -reach[1] : reach[1] + 1])
    far = np.hypot(down * height, right * width)
    within = (far <= radius_m) & (far > 0)
    down, right, far = down[within], right[within], far[within]
    steps = np.maximum(np.abs(down), np.abs(right))
    # Targets from the nearest ring outwards: a ray of few crossings drops out of the later rounds.
    order = np.argsort(steps, kind="stable")
    down, right, far, steps = down[order], right[order], far[order], steps[order]
    drop = (1 - REFRACTION) / (2 * EARTH_RADIUS_M)

    pad = max(reach) + 1
    ground = np.pad(elevation.values, pad, constant_values=np.nan)
    seen = np.zeros(ground.shape, dtype=bool)
    for row, column in elevation.cells(points) + pad:
        eye = ground[row, column] + eye_m
        if np.isnan(eye):
            continue
        seen[row, column] = True
        hidden_below = np.full(len(far), -np.inf)
        for crossing in range(1, max(reach)):
            first = int(np.searchsorted(steps, crossing, side="right"))
            share = crossing / steps[first:]
            y, x = row + share * down[first:], column + share * right[first:]
            along = share * far[first:]
            tangent = (_between(ground, y, x) - drop * along**2 - eye) / along
            np.fmax(hidden_below[first:], tangent, out=hidden_below[first:])
        targets = (row + down, column + right)
        tangent = (ground[targets] + target_m - drop * far**2 - eye) / far
        # A hair of slack: a plane slope looked at along itself is seen, not hidden by rounding.
        seen[targets] |= tangent >= hidden_below - 1e-9
    return seen[pad : pad + rows, pad : pad + columns] & elevation.known


def _between(ground: Array, y: Array, x: Array) -> Array:
    """Height where one of the coordinates is whole: between two neighbours in the row or the column."""
    top, left = np.floor(y + 1e-9).astype(np.int64), np.floor(x + 1e-9).astype(np.int64)
    part_y, part_x = np.maximum(y - top, 0.0), np.maximum(x - left, 0.0)
    one = ground[top, left]
    other = np.where(part_y > part_x, ground[top + 1, left], ground[top, left + 1])
    part = np.maximum(part_y, part_x)
    return np.asarray(np.where(part < 1e-9, one, one + part * (other - one)))


def visible_from_roads(
    elevation: Grid | str | Path,
    roads: geopandas.GeoDataFrame,
    *,
    radius_m: float = 1000.0,
    step_m: float | None = None,
    eye_m: float = 1.5,
    target_m: float = 0.0,
) -> tuple[geopandas.GeoDataFrame, list[Finding]]:
    """Land within a distance of roads that can be seen from them (道路两侧可视范围).

    Parameters
    ----------
    elevation : Grid or path
        A grid; or a raster file, from which only the windows around the roads are read, road by road, so that it may
        be larger than memory.
    roads : GeoDataFrame
        Lines with a unique index, in the CRS of the elevation model.
    radius_m : float
        1000 m in 开平's plan (公路、铁路两侧1公里内可视范围).
    step_m : float, optional
        Distance of viewpoints along the road; by default two cells.
    eye_m, target_m : float
        Height of the eye above the road, and of what is seen above the ground.

    Returns
    -------
    table : GeoDataFrame
        Indexed by road: `area_m2` (land seen within the distance), `within_m2` (all land within the distance),
        `share` (0 to 1), `viewpoints`, geometry (the land seen, cut to the exact distance).
    findings : list of Finding
        Roads whose surroundings the model does not cover (F-DEM-03).
    """
    rows, findings = [], []
    source = elevation if isinstance(elevation, Grid) else open_raster(elevation)
    for name, line in roads.geometry.items():
        margin_m = radius_m + 4 * source.transform.a
        ground = source if isinstance(source, Grid) else grid_of(source, around=line, margin_m=margin_m)
        one = roads.loc[[name]]
        require_grid_crs(ground, one)
        near = shapely.buffer(line, radius_m, quad_segs=QUARTER_SEGMENTS)
        step = step_m or 2 * max(ground.cell_m)
        points = viewpoints(one, step)
        # A little farther than the distance, so that every cell at its edge is looked at; then cut to it exactly.
        far = radius_m + step + 2 * max(ground.cell_m)
        seen = visible(ground, points, radius_m=far, eye_m=eye_m, target_m=target_m)
        pieces = ground.polygons(seen.astype(np.int32))
        shape = shapely.intersection(pieces.geometry.iloc[0], near) if len(pieces) else shapely.Polygon()
        rows.append((name, shape.area, near.area, shape.area / near.area, len(points), shape))
        missing = near.area - _covered(ground, near)
        if missing > 1e-6 * near.area:
            findings.append(Finding(
                "F-DEM-03", "warning",
                _("the elevation model lacks {share:.1%} of the land around {name}: what is seen there is unknown and "
                  "not counted.").format(share=missing / near.area, name=name),
                _("Give an elevation model that covers the whole distance."), features=(str(name),),
            ))  # fmt: skip
    columns = ["road", "area_m2", "within_m2", "share", "viewpoints", "geometry"]
    table = geopandas.GeoDataFrame(rows, columns=columns, crs=roads.crs)
    return table.set_index("road"), findings


def _covered(ground: Grid, near: shapely.Geometry) -> float:
    """Area of a shape on which the model has data."""
    known = ground.polygons(ground.known.astype(np.int32))
    return float(shapely.intersection(known.geometry.iloc[0], near).area) if len(known) else 0.0


def visible_land(seen: geopandas.GeoDataFrame, land: geopandas.GeoDataFrame, *, by: str) -> geopandas.GeoDataFrame:
    """Visible land by class, e.g. the hill forest that a road plan speaks of (可视范围林地).

    Parameters
    ----------
    seen : GeoDataFrame
        From :func:`visible_from_roads`.
    land : GeoDataFrame
        Polygons that do not overlap, with the class in column `by`, in the same CRS.

    Returns
    -------
    GeoDataFrame
        `class`, `area_m2`, geometry; ground seen from several roads counts once.
    """
    require_same_crs(seen, land)
    whole = seen.geometry.union_all()
    if by not in land:
        raise DataError(
            "E-DATA-88",
            _("the land layer has no column {column!r}.").format(column=by),
            cure=_("It has: {columns}").format(columns=", ".join(map(str, land.columns))),
        )
    rows = []
    for name, part in land.groupby(by, sort=True):
        shape = shapely.intersection(part.geometry.union_all(), whole)
        if shape.area > 0:
            rows.append((name, shape.area, shape))
    return geopandas.GeoDataFrame(rows, columns=["class", "area_m2", "geometry"], crs=land.crs)
