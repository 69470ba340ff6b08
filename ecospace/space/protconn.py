"""ProtConn: how much of a region is protected and connected."""

from __future__ import annotations

import geopandas
import numpy as np
import pandas as pd
import shapely

from ecospace.crs import require_same_crs
from ecospace.space.grid import Array
from ecospace.space.network import Dispersal, probability_network
from ecospace.space.patches import QUARTER_SEGMENTS, distances, parts_of


def protected_connected(
    protected: geopandas.GeoDataFrame,
    region: geopandas.GeoDataFrame,
    dispersal: Dispersal,
    *,
    transboundary_m: float = 0.0,
) -> pd.Series:
    """How much of a region is protected and connected (受保护且连通的土地, ProtConn).

    Parameters
    ----------
    protected : GeoDataFrame
        Protected land inside and around the region; overlaps count once.
    region : GeoDataFrame
        The region, in the same CRS.
    dispersal : Dispersal
        With edge-to-edge distances.
    transboundary_m : float
        Protected land outside the region and within this distance helps as stepping stones, with area 0 (跨界节点).

    Returns
    -------
    Series
        As :func:`connected_shares`.

    Notes
    -----
    Nodes are the connected parts of the dissolved protected land, not the features (Saura et al. 2017).
    """
    require_same_crs(protected, region)
    ground = region.geometry.union_all()
    land = protected.geometry.union_all()
    inside = parts_of(shapely.intersection(land, ground))
    outside = parts_of(shapely.difference(shapely.intersection(land, _around(ground, transboundary_m)), ground))
    if transboundary_m <= 0:
        outside = outside[:0]
    nodes = geopandas.GeoDataFrame(geometry=np.concatenate([inside, outside]), crs=region.crs)
    areas = np.concatenate([shapely.area(inside), np.zeros(len(outside))])
    return connected_shares(areas, distances(nodes), len(inside), dispersal, region_m2=ground.area)


def connected_shares(
    areas_m2: Array, apart_m: Array, inside: int, dispersal: Dispersal, *, region_m2: float
) -> pd.Series:
    """ProtConn and its fractions from the areas of the nodes and the distances between them.

    Parameters
    ----------
    areas_m2 : ndarray, shape (n,)
        Of the nodes; those outside the region stand last and have area 0.
    apart_m : ndarray, shape (n, n)
        Distances between them, metres.
    inside : int
        Number of nodes inside the region.
    dispersal : Dispersal
    region_m2 : float
        Area of the region.

    Returns
    -------
    Series
        Shares of the region (0 to 1): `prot`, `protconn`, `protunconn` = prot − protconn; `relconn` = protconn / prot.
        Shares of protconn, which add up to 1: `by_protected` (moves inside protected land), `by_transboundary` (what would
        be lost without the protected land outside), `by_unprotected` (the rest: moves over unprotected land). Counts
        `nodes`, `transboundary_nodes`; areas `region_m2`, `equivalent_area_m2`. NaN where nothing is protected.

    Notes
    -----
    Saura et al. 2017, 10.1016/j.ecolind.2016.12.047, and 2018, 10.1016/j.biocon.2017.12.020, with the fractions in the order in
    which Makurhini takes them: EC of moves inside nodes alone, √Σaᵢ², then EC less EC without the nodes outside, then the rest.
    No published example was found whose inputs could be had. So the tests take the sums of two published tables, which print EC
    and both areas, and every number by a second way, path by path, on 60 generated networks.

    Examples
    --------
    >>> apart = np.array([[0, 1000], [1000, 0]])
    >>> found = connected_shares(np.ones(2), apart, 2, Dispersal(1000, 0.5), region_m2=100.0)
    >>> float(found["protconn"].round(6)), float(found["prot"])  # √(1 + 1 + 2 · 0.5) of 100
    (0.017321, 0.02)
    """
    protected = float(areas_m2.sum())
    whole = probability_network(areas_m2, apart_m, dispersal).equivalent_area_m2 if len(areas_m2) else 0.0
    alone = (
        probability_network(areas_m2[:inside], apart_m[:inside, :inside], dispersal).equivalent_area_m2
        if inside
        else 0.0
    )
    certain = float(np.sqrt((areas_m2**2).sum()))
    by_protected = certain / whole if whole else np.nan
    by_transboundary = (whole - alone) / whole if whole else np.nan
    return pd.Series(
        {
            "region_m2": region_m2,
            "nodes": inside,
            "transboundary_nodes": len(areas_m2) - inside,
            "equivalent_area_m2": whole,
            "prot": protected / region_m2,
            "protconn": whole / region_m2,
            "protunconn": (protected - whole) / region_m2,
            "relconn": whole / protected if protected else np.nan,
            "by_protected": by_protected,
            "by_transboundary": by_transboundary,
            "by_unprotected": 1 - by_protected - by_transboundary,
        },
        name=str(dispersal),
    )


def _around(ground: shapely.Geometry, width_m: float) -> shapely.Geometry:
    return shapely.buffer(ground, width_m, quad_segs=QUARTER_SEGMENTS)
