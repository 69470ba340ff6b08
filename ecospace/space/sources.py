"""Ecological sources (生态源地): from layers, or from the shape of the habitat itself (MSPA-like core areas)."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum

import geopandas
import numpy as np
import pandas as pd
from scipy import ndimage

from ecospace.crs import require_same_crs
from ecospace.errors import DataError
from ecospace.language import _
from ecospace.space.grid import Array, Grid
from ecospace.space.patches import contiguous

EIGHT = np.ones((3, 3), dtype=bool)


class Pattern(IntEnum):
    """The classes of habitat by shape (景观形态类型)."""

    BACKGROUND = 0
    CORE = 1  # 核心区
    ISLET = 2  # 孤岛
    PERFORATION = 3  # 孔隙
    EDGE = 4  # 边缘区
    LOOP = 5  # 环道区
    BRIDGE = 6  # 桥接区
    BRANCH = 7  # 支线


def sources_from_layers(layers: Sequence[geopandas.GeoDataFrame], *, minimum_m2: float = 0.0) -> geopandas.GeoDataFrame:
    """Sources from protected land: the layers as one, cut into connected pieces, small ones left out.

    Parameters
    ----------
    layers : sequence of GeoDataFrame
        Red line, reserves, forest parks …, in one CRS.
    minimum_m2 : float
        Pieces below this area are no sources.

    Returns
    -------
    GeoDataFrame
        Indexed ``S1``, ``S2`` … from the largest; `area_m2`. ``attrs["left_out"]`` has the number and area of the
        pieces below the minimum.
    """
    require_same_crs(*layers)
    together = pd.concat([layer[["geometry"]].set_geometry("geometry") for layer in layers], ignore_index=True)
    return _ranked(contiguous(geopandas.GeoDataFrame(together, crs=layers[0].crs)), minimum_m2)


def _ranked(pieces: geopandas.GeoDataFrame, minimum_m2: float) -> geopandas.GeoDataFrame:
    areas = pieces.area
    kept = pieces[areas >= minimum_m2]
    # From the largest; equal ones from north to south, so that names do not depend on the order of the file.
    order = sorted(
        kept.index, key=lambda i: (-round(areas[i], 6), -kept.geometry[i].bounds[3], kept.geometry[i].bounds[0])
    )
    out = geopandas.GeoDataFrame(
        {"area_m2": areas[order].to_numpy()},
        geometry=kept.geometry[order].to_numpy(),
        index=pd.Index([f"S{i}" for i in range(1, len(order) + 1)], name="source"),
        crs=pieces.crs,
    )
    out.attrs["left_out"] = (int((areas < minimum_m2).sum()), float(areas[areas < minimum_m2].sum()))
    return out


def pattern(habitat: Grid, edge_m: float) -> Array:
    """The shape class of each habitat cell, after the morphological spatial pattern analysis (MSPA-like).

    Parameters
    ----------
    habitat : Grid
        1 habitat, 0 other, NaN without data. Ground without data is no edge: a forest that runs on beyond the border
        of the study is not cut by it.
    edge_m : float
        Edge width in metres: a cell belongs to a core if its centre is farther than this from every centre outside.

    Returns
    -------
    ndarray of int8, shape (rows, columns)
        Values of :class:`Pattern`.

    Notes
    -----
    Written from Soille & Vogt 2009 (10.1016/j.patrec.2008.10.015), habitat 8-connected. Core, islet, edge and
    perforation follow the paper. Connectors are told apart piece by piece, not by its skeletons: a piece of habitat
    beyond all edges that meets two cores is a bridge, one core twice a loop, else a branch. So a bridge keeps its dead
    ends, and a waist narrower than two edge widths is edge. Cores, and so the sources, are not affected.
    """
    known = habitat.known
    inside, core, nearest = _core(habitat, edge_m)
    out = np.zeros(habitat.shape, dtype=np.int8)
    pieces, _count = ndimage.label(inside, EIGHT)
    with_core = np.isin(pieces, np.unique(pieces[core]))
    out[inside] = np.where(with_core[inside], Pattern.BRANCH, Pattern.ISLET)
    if core.any():
        _shell(out, inside, core, nearest, edge_m, habitat.cell_m, with_core)
        _connectors(out, core, habitat.cell_m)
    out[core] = Pattern.CORE
    out[~inside | ~known] = Pattern.BACKGROUND
    return out


def _core(habitat: Grid, edge_m: float) -> tuple[Array, Array, Array]:
    """Habitat, core, and for each cell the nearest one outside."""
    width = max(habitat.cell_m)
    if edge_m < width:
        raise DataError(
            "E-DATA-84",
            _("an edge of {edge:g} m is narrower than a cell of {cell:g} m, so every cell would be core.").format(
                edge=edge_m, cell=width
            ),
            cure=_("Give an edge width of at least one cell."),
        )
    inside = (habitat.values > 0) | ~habitat.known
    if inside.all():
        return inside, inside, np.zeros((2, *habitat.shape), dtype=int)
    depth, nearest = ndimage.distance_transform_edt(inside, sampling=habitat.cell_m, return_indices=True)
    # A hair of slack: the distance of three cells of 10.1 m must not be a rounding above 30.3 m.
    return inside, inside & (depth > edge_m * (1 + 1e-9)), nearest


def _shell(
    out: Array, inside: Array, core: Array, nearest: Array, edge_m: float, cell_m: tuple[float, float], with_core: Array
) -> None:
    """Edge and perforation: habitat within the edge width of a core, by the ground that it faces."""
    away = ndimage.distance_transform_edt(~core, sampling=cell_m)
    # The corner of a square lies √2 edge widths from the corner of its core.
    shell = inside & ~core & with_core & (away <= edge_m * 2**0.5 * (1 + 1e-9))
    ground, _count = ndimage.label(~inside)  # four-connected, as the habitat is eight-connected
    outer = np.unique(np.concatenate([ground[0], ground[-1], ground[:, 0], ground[:, -1]]))
    hole = ~np.isin(ground, outer) & (ground > 0)
    out[shell] = np.where(hole[nearest[0], nearest[1]][shell], Pattern.PERFORATION, Pattern.EDGE)


def _connectors(out: Array, core: Array, cell_m: tuple[float, float]) -> None:
    """Bridge, loop or branch: what is beyond all edges, by the cores that it meets."""
    cores, _count = ndimage.label(core, EIGHT)
    nearest = ndimage.distance_transform_edt(~core, sampling=cell_m, return_distances=False, return_indices=True)
    owner = cores[nearest[0], nearest[1]]
    shell = (out == Pattern.EDGE) | (out == Pattern.PERFORATION)
    links, count = ndimage.label((out == Pattern.BRANCH) & ~core, EIGHT)
    for number, box in enumerate(ndimage.find_objects(links, count), start=1):
        rows, columns = (slice(max(side.start - 1, 0), side.stop + 1) for side in box)
        piece = links[rows, columns] == number
        contact = ndimage.binary_dilation(piece, EIGHT) & shell[rows, columns]
        met = np.unique(owner[rows, columns][contact])
        if len(met) > 1:
            out[rows, columns][piece] = Pattern.BRIDGE
        elif ndimage.label(contact, EIGHT)[1] > 1:
            out[rows, columns][piece] = Pattern.LOOP


def core_areas(habitat: Grid, edge_m: float, *, minimum_m2: float = 0.0) -> geopandas.GeoDataFrame:
    """Core areas as polygons, largest first (核心区).

    Parameters
    ----------
    habitat : Grid
        1 habitat, 0 other, NaN without data.
    edge_m : float
        Edge width in metres.
    minimum_m2 : float
        Smaller cores are left out.

    Returns
    -------
    GeoDataFrame
        Indexed ``S1``, ``S2`` …; `area_m2`; ``attrs["edge_m"]`` and ``attrs["left_out"]``.
    """
    _inside, core, _nearest = _core(habitat, edge_m)
    labels, count = ndimage.label(core & habitat.known, EIGHT)
    areas = np.bincount(labels.ravel(), minlength=count + 1) * habitat.cell_area_m2
    # Small cores are let go before they become polygons: there may be thousands.
    small = areas < minimum_m2
    small[0] = True
    out = _ranked(habitat.polygons(np.where(small[labels], 0, labels)), 0.0)
    out.attrs["edge_m"] = edge_m
    out.attrs["left_out"] = (int(small[1:].sum()), float(areas[1:][small[1:]].sum()))
    return out


def core_areas_by_edge(
    habitat: Grid, edges_m: Sequence[float], *, minimum_m2: float = 0.0
) -> tuple[pd.DataFrame, dict[float, geopandas.GeoDataFrame]]:
    """Core areas for several edge widths: the sources change with it, so one alone is not a result.

    Parameters
    ----------
    edges_m : sequence of float
        At least three widths in metres.

    Returns
    -------
    table : DataFrame
        `edge_m`, `cores` (number), `core_m2`, `share` (of the habitat), `largest_m2`, `left_out` (number below the
        minimum).
    cores : dict
        The core areas of each width.

    Raises
    ------
    DataError
        Fewer than three widths (E-DATA-85).
    """
    if len(set(edges_m)) < 3:
        raise DataError(
            "E-DATA-85",
            _("sources change with the edge width, so at least three widths have to be shown."),
            cure="core_areas_by_edge(habitat, [30, 60, 90])",
        )
    habitat_m2 = float(np.nansum(habitat.values > 0)) * habitat.cell_area_m2
    found = {edge: core_areas(habitat, edge, minimum_m2=minimum_m2) for edge in sorted(set(edges_m))}
    rows = [
        (edge, len(cores), cores["area_m2"].sum(), cores["area_m2"].sum() / habitat_m2 if habitat_m2 else np.nan,
         cores["area_m2"].max() if len(cores) else 0.0, cores.attrs["left_out"][0])
        for edge, cores in found.items()
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["edge_m", "cores", "core_m2", "share", "largest_m2", "left_out"]), found
