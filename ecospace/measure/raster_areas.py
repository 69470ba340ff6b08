"""Class areas from a raster by exact cell fractions: every cell counts by the part of it that lies in the unit."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from ecospace.crs import brought
from ecospace.errors import CRSError
from ecospace.findings import Finding
from ecospace.language import _
from ecospace.space.fractions import cover_window

if TYPE_CHECKING:
    from ecospace.layers.raster import Raster

Array = np.ndarray[Any, Any]

#: Nodes, in each direction of a window, at which the true area of a cell is computed; between them it changes smoothly.
NODES = 129


def raster_class_areas(
    raster: Raster, units: gpd.GeoDataFrame, *, cells: str = "fraction"
) -> tuple[pd.DataFrame, list[Finding]]:
    """Area of each class of a raster in each unit.

    Parameters
    ----------
    raster : Raster
        Classes as whole numbers, in any CRS with a known relation to the units'.
    units : GeoDataFrame
        Polygons in the study CRS, the whole first.
    cells : {"fraction", "centre"}
        How a cell on the boundary counts: by the part of it that lies inside, or wholly if its centre does (to compare with
        numbers made so by others).

    Returns
    -------
    DataFrame
        unit, class (text; empty for no data), area_m2 (in the study CRS, cell by cell). ``attrs["mixed_share"]`` is the share of
        the first unit that lies in cells cut by its boundary.
    list of Finding
        Ground beyond the raster.
    """
    shapes = brought(units, raster.crs, layer=raster.key)
    rows: list[dict[str, Any]] = []
    findings: list[Finding] = []
    mixed_share = 0.0
    for unit, shape, true_m2 in zip(units.index, shapes.geometry, units.geometry.area, strict=True):
        cover = cover_window(shape, raster.transform, raster.shape)
        if cover.fractions.size:
            values, valid = raster.read(cover.row, cover.column, *cover.fractions.shape)
            cut = (cover.fractions > 0) & (cover.fractions < 1)
            fractions = (
                cover.fractions if cells == "fraction" else _by_centre(cover.fractions, cut, shape, raster, cover)
            )
            areas = fractions * cell_areas(raster, cover.row, cover.column, cover.fractions.shape, units.crs)
            codes, place = np.unique(np.where(valid, values, 0).astype(np.int64), return_inverse=True)
            sums = np.bincount(place.ravel(), np.where(valid, areas, 0.0).ravel(), minlength=len(codes))
            rows += [{"unit": unit, "class": str(code), "area_m2": float(area)}
                     for code, area in zip(codes, sums, strict=True) if area > 0]  # fmt: skip
            nothing = float(areas[~valid].sum())
            if nothing > 0:
                rows.append({"unit": unit, "class": "", "area_m2": nothing})
            if unit == units.index[0]:
                mixed_share = float(areas[cut].sum() / true_m2)
                beyond = true_m2 - float(areas.sum())
                if cells == "fraction" and beyond > 1e-6 * true_m2:
                    findings.append(Finding(
                        "F-RASTER-02", "warning",
                        _("{share:.2%} of the study area lie beyond the raster.").format(share=beyond / true_m2),
                        _("Use a raster that covers it wholly; the share is of the whole area all the same."),
                        layer=raster.key))  # fmt: skip
                if nothing > 1e-6 * true_m2:
                    findings.append(Finding(
                        "F-RASTER-03", "warning",
                        _("{share:.2%} of the study area have no data in the raster.").format(share=nothing / true_m2),
                        layer=raster.key))  # fmt: skip
    table = pd.DataFrame(rows, columns=["unit", "class", "area_m2"])
    table.attrs["mixed_share"] = mixed_share
    return table, findings


def _by_centre(fractions: Array, cut: Array, shape: Any, raster: Raster, cover: Any) -> Array:
    rows, columns = np.nonzero(cut)
    x = raster.transform.c + (cover.column + columns + 0.5) * raster.transform.a
    y = raster.transform.f + (cover.row + rows + 0.5) * raster.transform.e
    out = fractions.copy()
    out[rows, columns] = shapely.contains_xy(shape, x, y)
    return out


def cell_areas(raster: Raster, row: int, column: int, shape: tuple[int, int], crs: Any) -> Array:
    """True area of each cell of a window, square metres, in the study CRS.

    Notes
    -----
    Cells of a raster in degrees differ by 1 % within a city (trust.md tD07); those of a Gauss–Krüger plane by 0.06 %.
    """
    import pyproj

    if raster.crs == crs:
        return np.full(shape, abs(raster.transform.a * raster.transform.e))
    transformer = pyproj.Transformer.from_crs(raster.crs, crs, always_xy=True)
    steps = [np.linspace(0.5, size - 0.5, min(NODES, size)) for size in shape]
    centre_row, centre_column = np.meshgrid(row + steps[0], column + steps[1], indexing="ij")
    corners = []
    for down, right in ((-0.5, -0.5), (-0.5, 0.5), (0.5, 0.5), (0.5, -0.5)):
        x = raster.transform.c + (centre_column + right) * raster.transform.a
        y = raster.transform.f + (centre_row + down) * raster.transform.e
        corners.append(transformer.transform(x, y))
    area = np.zeros_like(centre_row)
    # Differences to the first corner, so that large coordinates do not cancel.
    for (x1, y1), (x2, y2) in pairwise(corners[1:]):
        x0, y0 = corners[0]
        area += ((x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)) / 2
    area = np.abs(area)
    if not np.isfinite(area).all():
        raise CRSError("E-CRS-10", _("cells of the raster leave the domain of the projection."),
                       cure=_("Check the coordinate system of the raster."), layer=raster.key)  # fmt: skip
    along_rows = np.apply_along_axis(lambda v: np.interp(np.arange(shape[0]) + 0.5, steps[0], v), 0, area)
    return np.apply_along_axis(lambda v: np.interp(np.arange(shape[1]) + 0.5, steps[1], v), 1, along_rows)
