"""Where the water of an intake comes from: its catchment, from a digital elevation model (集雨区)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import geopandas
import numpy as np
import shapely
from scipy import ndimage

from ecospace.errors import DataError, UsageError
from ecospace.findings import Finding
from ecospace.language import _
from ecospace.space.grid import Array, Grid, require_grid_crs

#: Stands for "no data" in the elevations given to pyflwdir.
NO_HEIGHT = -9999.0


@dataclass(frozen=True)
class Drainage:
    """Where water flows, cell by cell (D8 流向).

    Parameters
    ----------
    elevation : Grid
        Metres, in a CRS in metres; depressions are filled to their lowest pour point.
    directions : pyflwdir.FlwdirRaster
        One of eight neighbours for each cell.
    upstream_cells : ndarray of int, shape (rows, columns)
        Number of cells that drain through each cell, itself included; −1 without data.
    """

    elevation: Grid
    directions: Any
    upstream_cells: Array


def drainage(elevation: Grid) -> Drainage:
    """Flow directions of an elevation model.

    Parameters
    ----------
    elevation : Grid
        Metres; NaN without data. The whole model in memory: about 60 bytes a cell.

    Raises
    ------
    UsageError
        pyflwdir is not installed (E-USE-78).
    CRSError
        The model is in degrees (E-CRS-05).

    Notes
    -----
    pyflwdir (MIT), after Wang & Liu 2006. Real closed hollows (karst) are filled as well: say so where there are any.
    """
    require_grid_crs(elevation)
    try:
        import pyflwdir
    except ImportError:
        raise UsageError(
            "E-USE-78",
            _("catchments need the package pyflwdir."),
            cure='pip install "ecospace-toolkit[corridor]"',
        ) from None
    heights = np.where(elevation.known, elevation.values, NO_HEIGHT).astype(np.float32)
    directions = pyflwdir.from_dem(heights, nodata=NO_HEIGHT, transform=elevation.transform, latlon=False)
    counts = np.where(elevation.known, directions.upstream_area("cell"), -1)
    return Drainage(elevation, directions, counts.astype(np.int64))


def catchments(
    drained: Drainage, intakes: geopandas.GeoDataFrame, *, snap_m: float
) -> tuple[geopandas.GeoDataFrame, list[Finding]]:
    """The ground that drains to each intake (取水口集雨区).

    Parameters
    ----------
    drained : Drainage
        From :func:`drainage`.
    intakes : GeoDataFrame
        Points with a unique index, in the CRS of the elevation model; or polygons of lakes and reservoirs: all that drains into
        any part of the water, the water itself included, counts.
    snap_m : float
        An intake is moved to the cell with the most water within this distance: a digitised point seldom lies on the
        model's stream. 0 leaves it where it is.

    Returns
    -------
    table : GeoDataFrame
        Indexed by intake: `area_m2`, `upstream_cells`, `moved_m` (by snapping), `complete` (False where the catchment
        reaches the edge of the model), geometry. The catchments of intakes above each other overlap: each is whole.
    findings : list of Finding
        Catchments that reach the edge (F-DEM-01) and are larger in truth; intakes moved (F-DEM-02).
    """
    grid = drained.elevation
    require_grid_crs(grid, intakes)
    points = shapely.get_coordinates(shapely.centroid(intakes.geometry.to_numpy()))
    cells = grid.cells(points)
    rows, findings = [], []
    rim = _rim(grid.known)
    for name, geometry, point, cell in zip(intakes.index, intakes.geometry, points, cells, strict=True):
        if geometry.geom_type == "Point":
            row, column = _wettest(drained, point, cell, snap_m)
            outlets = np.array([row * grid.shape[1] + column])
            moved = float(np.hypot(*(grid.xy(np.array([[row, column]]))[0] - point)))
        else:
            outlets, moved = np.flatnonzero((grid.burn([geometry]) == 1) & (drained.upstream_cells >= 0)), 0.0
        if not len(outlets) or drained.upstream_cells.flat[outlets[0]] < 0:
            raise DataError(
                "E-DATA-86",
                _("an intake lies where the elevation model has no data, so its catchment is unknown."),
                cure=_("Give an elevation model that covers it, or a longer snapping distance."),
                features=[name],
            )
        basin = drained.directions.basins(idxs=outlets) > 0
        # The outlet itself may lie on the rim; any other cell there may have more ground behind it.
        open_ended = basin & rim
        open_ended.flat[outlets] = False
        complete = not open_ended.any()
        shape = grid.polygons(basin.astype(np.int32)).geometry.iloc[0]
        rows.append((name, shape.area, int(basin.sum()), moved, complete, shape))
        if not complete:
            findings.append(Finding(
                "F-DEM-01", "warning",
                _("the catchment of {name} reaches the edge of the elevation model: in truth it is larger.").format(
                    name=name),
                _("Give an elevation model that covers the whole basin."), features=(str(name),),
            ))  # fmt: skip
        if moved > max(grid.cell_m):
            findings.append(Finding(
                "F-DEM-02", "note",
                _("the intake {name} was moved by {metres:.0f} m to the stream of the elevation model.").format(
                    name=name, metres=moved),
                features=(str(name),),
            ))  # fmt: skip
    table = geopandas.GeoDataFrame(
        rows, columns=["intake", "area_m2", "upstream_cells", "moved_m", "complete", "geometry"], crs=grid.crs
    )
    return table.set_index("intake"), findings


def _wettest(drained: Drainage, point: Array, cell: Array, snap_m: float) -> tuple[int, int]:
    grid = drained.elevation
    height, width = grid.cell_m
    rows, columns = int(snap_m // height), int(snap_m // width)
    top, left = max(cell[0] - rows, 0), max(cell[1] - columns, 0)
    part = drained.upstream_cells[top : cell[0] + rows + 1, left : cell[1] + columns + 1]
    inner = np.indices(part.shape).reshape(2, -1).T + np.array([top, left])
    away = np.hypot(*(grid.xy(inner) - point).T)
    near = (away <= snap_m) | (inner == cell).all(axis=1)
    # The most water; of equal ones the nearest.
    best = np.lexsort((away[near], -part.ravel()[near]))[0]
    row, column = inner[near][best]
    return int(row), int(column)


def _rim(known: Array) -> Array:
    """Cells with data at the edge of it."""
    return np.asarray(known & ~ndimage.binary_erosion(known, np.ones((3, 3)), border_value=0))
