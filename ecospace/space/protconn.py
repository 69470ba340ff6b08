"""ProtConn: how much of a region is protected and connected."""

from __future__ import annotations

import geopandas
import numpy as np
import pandas as pd
import shapely

from ecospace.crs import require_same_crs
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
        Shares of the region (0 to 1): `prot`, `protconn`, `protunconn` = prot − protconn; `relconn` = protconn / prot.
        Shares of protconn: `by_protected` (over protected land of the region alone), `by_transboundary` (also over
        protected land outside), `by_unprotected` (the rest). Counts `nodes`, `transboundary_nodes`; areas
        `region_m2`, `equivalent_area_m2`.

    Notes
    -----
    Saura et al. 2017, 2018. Nodes are the connected parts of the dissolved protected land, not the features. The three
    fractions follow the definitions in words of the 2017 paper: equivalent area with only such moves allowed.
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
    apart = distances(nodes)

    whole = probability_network(areas, apart, dispersal).equivalent_area_m2 if len(areas) else 0.0
    # Moves over protected land alone: certain between parts that touch, else impossible.
    touching = np.where(apart == 0, 0.0, np.inf)
    within = probability_network(areas[: len(inside)], touching[: len(inside), : len(inside)], dispersal)
    beyond = probability_network(areas, touching, dispersal)
    certain = within.equivalent_area_m2 / whole if whole else np.nan
    around = beyond.equivalent_area_m2 / whole if whole else np.nan
    return pd.Series(
        {
            "region_m2": ground.area,
            "nodes": len(inside),
            "transboundary_nodes": len(outside),
            "equivalent_area_m2": whole,
            "prot": areas.sum() / ground.area,
            "protconn": whole / ground.area,
            "protunconn": (areas.sum() - whole) / ground.area,
            "relconn": whole / areas.sum() if areas.sum() else np.nan,
            "by_protected": certain,
            "by_transboundary": around - certain,
            "by_unprotected": 1 - around,
        },
        name=str(dispersal),
    )


def _around(ground: shapely.Geometry, width_m: float) -> shapely.Geometry:
    return shapely.buffer(ground, width_m, quad_segs=QUARTER_SEGMENTS)
