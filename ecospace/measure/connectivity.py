"""Corridors and networks as tidy tables: links, sensitivity to the resistance table, importance, before and after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import geopandas
import numpy as np
import pandas as pd
import shapely

from ecospace.crs import require_same_crs
from ecospace.errors import DataError
from ecospace.findings import Finding
from ecospace.language import _
from ecospace.space.circuit import Circuit, barriers, pinch_points
from ecospace.space.cost import corridor_band, corridor_width_m
from ecospace.space.gravity import gravity
from ecospace.space.grid import Grid
from ecospace.space.links import Links, link
from ecospace.space.network import Dispersal, Network, binary_network, probability_network
from ecospace.space.nodes import crossings, junctions, places
from ecospace.space.patches import QUARTER_SEGMENTS, contiguous, distances
from ecospace.space.resistance import ResistanceTable, resistance_surface

#: A corridor is what costs at most this share of the median link more than the best way, where no cut is given.
CUT_SHARE = 0.05


@dataclass(frozen=True, eq=False)
class Corridors:
    """Modelled corridors between sources under one resistance table, and how they fare under the others.

    Parameters
    ----------
    sources : GeoDataFrame
        Indexed by id, `area_m2`.
    table : ResistanceTable
        The one that the ways were drawn with.
    resistance : Grid
        The surface.
    links : Links
        Ways and cost surfaces.
    ways : GeoDataFrame
        `start`, `end`, `cost`, `length_m`, `euclidean_m`, `cost_ratio`, `gravity`, `rank`, `effective_resistance`
        (within the corridor), `narrowest_m`, `crossings`, geometry.
    corridors : GeoDataFrame
        `start`, `end`, `area_m2`, geometry: the bands cut at `cut`.
    nodes : GeoDataFrame
        `kind` (crossing, junction, pinch, barrier), `start`, `end`, `name`, `value`, geometry.
    sensitivity : DataFrame
        From :func:`sensitivity`.
    cut : float
        Cost units (metres times resistance).
    findings : tuple of Finding
    """

    sources: geopandas.GeoDataFrame
    table: ResistanceTable
    resistance: Grid
    links: Links
    ways: geopandas.GeoDataFrame
    corridors: geopandas.GeoDataFrame
    nodes: geopandas.GeoDataFrame
    sensitivity: pd.DataFrame
    cut: float
    findings: tuple[Finding, ...]


def model_corridors(
    sources: geopandas.GeoDataFrame,
    land: geopandas.GeoDataFrame,
    cells: Grid,
    tables: Sequence[ResistanceTable],
    *,
    roads: geopandas.GeoDataFrame | None = None,
    rivers: geopandas.GeoDataFrame | None = None,
    slope_degrees: Grid | None = None,
    cut: float | None = None,
    restored_m: float | None = None,
) -> Corridors:
    """Corridors between sources: ways, bands, rank, pinch points, barriers, nodes, and their sensitivity.

    Parameters
    ----------
    sources : GeoDataFrame
        At least two, with a unique index (``sources_from_layers``, ``core_areas``).
    land : GeoDataFrame
        Polygons with the land group in column `group`.
    cells : Grid
        Its cells are used.
    tables : sequence of ResistanceTable
        The first draws the corridors; all of them take part in the sensitivity run.
    roads : GeoDataFrame, optional
        Lines with ``motorway`` or ``road`` in column `group` and a `name`.
    rivers : GeoDataFrame, optional
        Lines with a `name`: only their crossings are listed.
    slope_degrees : Grid, optional
        On the same cells.
    cut : float, optional
        Where the bands are cut, in cost units; without it a twentieth of the median link.
    restored_m : float, optional
        Diameter of the window of the barrier search; without it three cells.

    Raises
    ------
    DataError
        Fewer than two sources (E-DATA-89), or no link between any (E-DATA-75).
    """
    if len(sources) < 2:
        raise DataError(
            "E-DATA-89",
            _("{count} source: a corridor needs two.").format(count=len(sources)),
            cure=_("Lower the smallest area of a source, or add layers."),
        )
    surfaces = [
        resistance_surface(land, table, cells, roads=roads, cores=sources, slope_degrees=slope_degrees)
        for table in tables
    ]
    links = link(surfaces[0], sources)
    if links.table.empty:
        raise DataError(
            "E-DATA-75",
            _("no way leads from the source to the target over cells with data."),
            cure=_("Close the gaps in the resistance surface, or leave out this pair."),
        )
    limit = float(CUT_SHARE * links.table["cost"].median()) if cut is None else cut
    drawn, parts, nodes = _drawn(links, surfaces[0], sources, limit, restored_m or 3 * max(cells.cell_m))
    lines = [frame for frame in (roads, rivers) if frame is not None and len(frame)]
    nodes = [*(crossings(links.table, frame) for frame in lines), junctions(links.table), *nodes]
    found = geopandas.GeoDataFrame(pd.concat([frame for frame in nodes if len(frame)], ignore_index=True)
                                   if any(map(len, nodes)) else nodes[0], crs=sources.crs)  # fmt: skip
    crossed = found[found["kind"] == "crossing"].groupby(["start", "end"]).size()
    pairs = pd.MultiIndex.from_frame(drawn[["start", "end"]])
    drawn["crossings"] = crossed.reindex(pairs, fill_value=0).to_numpy() if len(crossed) else 0
    return Corridors(
        sources, tables[0], surfaces[0], links, ranked(drawn, sources, surfaces[0]), parts, found,
        sensitivity(sources, surfaces, tables, links), limit, _findings(links, surfaces[0], sources),
    )  # fmt: skip


def _drawn(
    links: Links, resistance: Grid, sources: geopandas.GeoDataFrame, cut: float, restored_m: float
) -> tuple[geopandas.GeoDataFrame, geopandas.GeoDataFrame, list[geopandas.GeoDataFrame]]:
    """What is measured inside each corridor: band, width, current, pinch points, barriers."""
    rows, parts, nodes = [], [], []
    inside = {str(name): resistance.burn([shape]) == 1 for name, shape in sources.geometry.items()}
    every_source = np.any(list(inside.values()), axis=0)
    for way in links.table.itertuples():
        one, other = links.costs[way.start], links.costs[way.end]
        band = corridor_band(one, other)
        corridor = np.nan_to_num(band.values, nan=np.inf) <= cut
        flow = Circuit(resistance.like(np.where(corridor, resistance.values, np.nan))).between(
            inside[way.start] & corridor, inside[way.end] & corridor
        )
        current = flow.current()
        between = corridor & ~every_source
        trodden = resistance.cells(shapely.get_coordinates(way.geometry))
        outside = trodden[between[trodden[:, 0], trodden[:, 1]]]
        narrowest = corridor_width_m(band, cut, outside).min() if len(outside) else np.nan
        rows.append((flow.effective_resistance, float(narrowest)))
        nodes.append(places(pinch_points(current, between), current, "pinch", way.start, way.end))
        gain = barriers(one, other, diameter_m=restored_m)
        worth = between & (gain.values > 0)
        if worth.any():
            worth &= gain.values >= np.quantile(gain.values[worth], 0.95)
        nodes.append(places(worth, gain, "barrier", way.start, way.end))
        shape = resistance.polygons(between.astype(np.int32)).geometry
        parts.append((way.start, way.end, shape.iloc[0] if len(shape) else shapely.Polygon()))
    drawn = links.table.copy()
    drawn[["effective_resistance", "narrowest_m"]] = np.array(rows)
    frame = geopandas.GeoDataFrame(parts, columns=["start", "end", "geometry"], crs=resistance.crs)
    frame.insert(2, "area_m2", frame.area)
    return drawn, frame, nodes


def ranked(links: geopandas.GeoDataFrame, sources: geopandas.GeoDataFrame, resistance: Grid) -> geopandas.GeoDataFrame:
    """Links with `gravity` and `rank`; links of no cost, whose sources share a cell, have neither."""
    area_ha = sources.area / 10_000
    area_ha.index = area_ha.index.astype(str)
    mean = {
        str(name): float(np.nanmean(resistance.values[resistance.burn([shape]) == 1]))
        for name, shape in sources.geometry.items()
    }
    costly = links[links["cost"] > 0]
    found = gravity(costly, area_ha, pd.Series(mean))
    return links.join(found[["gravity", "rank"]].astype({"rank": "Int64"}))


def sensitivity(
    sources: geopandas.GeoDataFrame, surfaces: Sequence[Grid], tables: Sequence[ResistanceTable], base: Links
) -> pd.DataFrame:
    """The same links under each resistance table: do their cost rank and their course hold?

    Parameters
    ----------
    sources : GeoDataFrame
    surfaces : sequence of Grid
        One for each table.
    base : Links
        Under the first table; its pairs are run under the others.

    Returns
    -------
    DataFrame
        `table`, `start`, `end`, `cost`, `cost_rank` (1 is the cheapest), `length_m`, `shared` (0 to 1: share of the way
        within two cells of the way under the first table).

    Notes
    -----
    陈春娣 et al. 2015: the size of resistances does not matter, their relative order and spread move the ways.
    """
    pairs = [(str(row.start), str(row.end)) for row in base.table.itertuples()]
    reach = 2 * max(surfaces[0].cell_m)
    around = {
        (row.start, row.end): shapely.buffer(row.geometry, reach, quad_segs=QUARTER_SEGMENTS)
        for row in base.table.itertuples()
    }
    rows = []
    for table, surface in zip(tables, surfaces, strict=True):
        found = (base if surface is surfaces[0] else link(surface, sources, pairs=pairs)).table
        ranks = found["cost"].rank(method="min").astype(int)
        for row, rank in zip(found.itertuples(), ranks, strict=True):
            common = shapely.intersection(row.geometry, around[row.start, row.end]).length
            share = common / row.length_m if row.length_m else 1.0
            rows.append((table.key, row.start, row.end, row.cost, int(rank), row.length_m, share))
    return pd.DataFrame(rows, columns=["table", "start", "end", "cost", "cost_rank", "length_m", "shared"])


def steadiness(table: pd.DataFrame) -> pd.DataFrame:
    """One row a link from :func:`sensitivity`: best and worst rank, and the least share of the way that is kept."""
    grouped = table.groupby(["start", "end"], sort=False)
    return grouped.agg(
        best_rank=("cost_rank", "min"), worst_rank=("cost_rank", "max"), least_shared=("shared", "min"),
        tables=("table", "nunique"),
    ).reset_index()  # fmt: skip


def _findings(links: Links, resistance: Grid, sources: geopandas.GeoDataFrame) -> tuple[Finding, ...]:
    found = []
    for one, other in links.table.attrs["unreachable"]:
        found.append(Finding(
            "F-LINK-01", "warning",
            _("no way joins {one} and {other}: the land between them has no resistance.").format(one=one, other=other),
            features=(one, other),
        ))  # fmt: skip
    hull = resistance.burn([sources.geometry.union_all().convex_hull]) == 1
    unknown = int((hull & ~resistance.known).sum())
    if unknown:
        found.append(Finding(
            "F-LINK-02", "warning",
            _("{area:.2f} ha around and between the sources have no land class, mostly beyond the study area: no way can lead there.").format(
                area=unknown * resistance.cell_area_m2 / 10_000),
            _("Extend the land layer beyond the study area."), count=unknown,
        ))  # fmt: skip
    return tuple(found)


def network_of(
    patches: geopandas.GeoDataFrame, dispersal: Dispersal, *, index: str = "PC", between: str = "edges"
) -> Network:
    """The network of patches, by area and distance.

    Parameters
    ----------
    patches : GeoDataFrame
        Polygons that do not touch (:func:`ecospace.space.patches.contiguous`), with a unique index.
    dispersal : Dispersal
    index : {"PC", "IIC"}
    between : {"edges", "points"}
    """
    make = {"PC": probability_network, "IIC": binary_network}[index]
    ids = tuple(map(str, patches.index))
    return make(patches.area.to_numpy(), distances(patches, between=between), dispersal, ids=ids)


def taken(patches: geopandas.GeoDataFrame, project: geopandas.GeoDataFrame) -> geopandas.GeoDataFrame:
    """Patches without the ground of a project: what it cuts in two are two patches."""
    require_same_crs(patches, project)
    rest = shapely.difference(patches.geometry.to_numpy(), project.geometry.union_all())
    return contiguous(geopandas.GeoDataFrame(geometry=rest[~shapely.is_empty(rest)], crs=patches.crs))


def restored(patches: geopandas.GeoDataFrame, restoration: geopandas.GeoDataFrame) -> geopandas.GeoDataFrame:
    """Patches with restored ground: what it joins is one patch."""
    require_same_crs(patches, restoration)
    together = pd.concat([patches[["geometry"]], restoration[["geometry"]]], ignore_index=True)
    return contiguous(geopandas.GeoDataFrame(together, crs=patches.crs))


def network_change(
    before: geopandas.GeoDataFrame,
    after: geopandas.GeoDataFrame,
    dispersals: Sequence[Dispersal],
    *,
    landscape_m2: float,
    index: str = "PC",
) -> pd.DataFrame:
    """What a project or a restoration does to the network (项目前后连通性变化).

    Parameters
    ----------
    before, after : GeoDataFrame
        Patches (:func:`taken`, :func:`restored`).
    dispersals : sequence of Dispersal
        One row each: the answer depends on who moves.
    landscape_m2 : float
        Area of the landscape, for PC or IIC.
    index : {"PC", "IIC"}

    Returns
    -------
    DataFrame
        `distance_m`, `probability`, `index`, `patches_before`, `patches_after`, `area_before_m2`, `area_after_m2`,
        `eca_before_m2`, `eca_after_m2`, `index_before`, `index_after`, `area_change`, `eca_change` (shares),
        `relative_change` (rECA = dECA / dA: above 1 the change weighs more for connectivity than its area).

    Notes
    -----
    Saura et al. 2011, 10.1016/j.ecolind.2010.06.011.
    """
    require_same_crs(before, after)
    apart = [distances(patches) for patches in (before, after)]
    areas = [patches.area.to_numpy() for patches in (before, after)]
    make = {"PC": probability_network, "IIC": binary_network}[index]
    rows = []
    for dispersal in dispersals:
        networks = [make(area, between, dispersal) for area, between in zip(areas, apart, strict=True)]
        eca = [network.equivalent_area_m2 for network in networks]
        area_change = areas[1].sum() / areas[0].sum() - 1
        eca_change = eca[1] / eca[0] - 1
        rows.append({
            "distance_m": dispersal.distance_m, "probability": dispersal.probability, "index": index,
            "patches_before": len(before), "patches_after": len(after),
            "area_before_m2": areas[0].sum(), "area_after_m2": areas[1].sum(),
            "eca_before_m2": eca[0], "eca_after_m2": eca[1],
            "index_before": networks[0].of(landscape_m2), "index_after": networks[1].of(landscape_m2),
            "area_change": area_change, "eca_change": eca_change,
            "relative_change": eca_change / area_change if abs(area_change) > 1e-12 else np.nan,
        })  # fmt: skip
    return pd.DataFrame(rows)
