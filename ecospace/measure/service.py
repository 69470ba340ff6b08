"""Service radius of parks (公园服务半径覆盖率, B06): residential land and people served, by township and in all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from ecospace.crs import require_metric, require_same_crs
from ecospace.findings import Finding
from ecospace.language import _, current
from ecospace.space.buffer import buffer_rules
from ecospace.space.overlay import NOISE_M2, cross_pieces
from ecospace.space.overlay_geos import polygons_only
from ecospace.space.service import Array, home_cells, service_coverage
from ecospace.terms import standard

#: Metres. A home farther from every street than this is told apart: the street layer hardly serves it.
FAR_FROM_STREETS_M = 200.0


@dataclass(frozen=True)
class ServiceRule:
    """Which parks serve how far (服务半径规则).

    Parameters
    ----------
    key, zh, en, clause, document : str
        As in rules/buffers.toml and rules/service.toml.
    kinds : tuple of str
        Kinds of park that it is about; empty: all parks, by size.
    radii_m : tuple of float
        Each is judged by itself: a range (300–500 m) gives both its ends. Empty where sizes decide.
    sizes : tuple of (min_m2, max_m2, radius_m)
        Parks from min to below max have this radius; they are judged together.
    verified : bool
        Whether the numbers were compared with their source.
    """

    key: str
    zh: str
    en: str
    clause: str
    document: str
    kinds: tuple[str, ...] = ()
    radii_m: tuple[float, ...] = ()
    sizes: tuple[tuple[float, float, float], ...] = ()
    verified: bool = True

    @property
    def label(self) -> str:
        """The label in the language in force."""
        return self.zh if current() == "zh" else self.en

    def runs(self, parks: gpd.GeoDataFrame) -> Iterator[tuple[str, gpd.GeoDataFrame, Array]]:
        """What is judged by itself: the radius as text, the parks, the radius of each."""
        if self.sizes:
            area = parks.area.to_numpy()
            radius = np.full(len(parks), np.nan)
            for least, most, metres in self.sizes:
                radius[(area >= least) & (area < most)] = metres
            counted = ~np.isnan(radius)
            yield "/".join(f"{metres:g}" for *_size, metres in self.sizes), parks[counted], radius[counted]
            return
        chosen = parks[parks["kind"].isin(self.kinds)]
        for metres in self.radii_m:
            yield f"{metres:g}", chosen, np.full(len(chosen), metres)


@dataclass(frozen=True, eq=False)
class Service:
    """Who is served by which rule.

    Parameters
    ----------
    table : DataFrame
        rule, radius (text, metres), way (``"straight"`` or ``"streets"``), zone (code; ``""`` for ground in no zone; ``"whole"``),
        name, places (parks in all), area_m2, served_m2, share, population, served_population, population_share, part, total
        (bool). NaN where there is no park of the kind, or no population.
    ground : GeoDataFrame
        rule, radius, way; geometry: the residential land that is served.
    findings : tuple of Finding
    """

    table: pd.DataFrame
    ground: gpd.GeoDataFrame
    findings: tuple[Finding, ...]


@lru_cache(maxsize=1)
def service_rules() -> dict[str, ServiceRule]:
    """The rules of rules/buffers.toml about parks, then those by size of rules/service.toml.

    >>> service_rules()["B06b"].radii_m, service_rules()["by_size"].sizes[0]
    ((300, 500), (5000.0, inf, 500))
    """
    by_kind = {
        rule.key: ServiceRule(
            rule.key, rule.zh, rule.en, rule.clause, rule.document, kinds=rule.classes, radii_m=rule.widths_m()
        )
        for rule in buffer_rules().values()
        if rule.feature == "park"
    }
    by_size = {}
    for key, entry in standard("rules/service").items():
        if isinstance(entry, dict):
            sizes = tuple(
                (float(size["min_m2"]), float(size.get("max_m2", np.inf)), size["radius_m"])
                for size in entry["classes"]
            )
            by_size[key] = ServiceRule(
                key,
                entry["zh"],
                entry["en"],
                entry["clause"],
                entry["document"],
                sizes=sizes,
                verified=entry["verified"],
            )
    return by_kind | by_size


def park_service(
    parks: gpd.GeoDataFrame,
    homes: gpd.GeoDataFrame,
    boundary: gpd.GeoDataFrame,
    rules: list[ServiceRule],
    *,
    zones: gpd.GeoDataFrame | None = None,
    streets: gpd.GeoDataFrame | None = None,
    cell_m: float = 50.0,
) -> Service:
    """Residential land and people within the service radius of parks, by zone and in all.

    Parameters
    ----------
    parks : GeoDataFrame
        Polygons with column kind, in a metric CRS; parks beyond the boundary serve too.
    homes : GeoDataFrame
        Residential polygons, with column population where it is known (persons; spread evenly over a polygon).
    boundary : GeoDataFrame
        Only homes inside it count.
    rules : list of ServiceRule
    zones : GeoDataFrame, optional
        Townships, indexed by code, with column name.
    streets : GeoDataFrame, optional
        Streets on foot: then every rule is judged along them too.
    cell_m : float
        As for `service_coverage`.
    """
    require_metric(homes)
    require_same_crs(parks, homes, boundary)
    parks = parks if "kind" in parks else parks.assign(kind="")
    ground = _by_zone(homes, boundary, zones)
    people = "population" if "population" in ground else None
    findings = [*_overlaps(ground), *_unpeopled(homes), *_unnamed(parks, rules), *_streetless(ground, streets, cell_m)]
    rows, served_ground = [], []
    for rule in rules:
        for radius, chosen, radii in rule.runs(parks):
            if chosen.empty:
                findings.append(_no_park(rule))
            for way in ("straight", "streets") if streets is not None else ("straight",):
                found = service_coverage(
                    chosen, ground, radii if len(radii) else 1.0, population=people,
                    streets=streets if way == "streets" else None, cell_m=cell_m,
                )  # fmt: skip
                rows.append(_sums(found, zones, people, known=len(chosen) > 0).assign(
                    rule=rule.key, radius=radius, way=way, places=len(chosen)))  # fmt: skip
                shape = found["geometry_served"].union_all()
                served_ground.append({"rule": rule.key, "radius": radius, "way": way, "geometry": shape})
    columns = ["rule", "radius", "way", "zone", "name", "places", "area_m2", "served_m2", "share", "population",
               "served_population", "population_share", "part", "total"]  # fmt: skip
    table = pd.concat(rows, ignore_index=True)[columns]
    ground_served = gpd.GeoDataFrame(served_ground, geometry="geometry", crs=homes.crs)
    return Service(table, ground_served, tuple(dict.fromkeys(findings)))


def _by_zone(homes: gpd.GeoDataFrame, boundary: gpd.GeoDataFrame, zones: gpd.GeoDataFrame | None) -> gpd.GeoDataFrame:
    """Homes inside the boundary, cut by zones; people by area."""
    inside = cross_pieces(homes, boundary)
    pieces = gpd.GeoDataFrame({"feature": inside["feature"], "zone": ""}, geometry=inside.geometry, crs=homes.crs)
    if zones is not None:
        zones = _apart(zones)
        cut = cross_pieces(inside, zones)
        cut["feature"] = inside["feature"].loc[cut["feature"]].to_numpy()
        rest = pieces.assign(geometry=inside.geometry.difference(zones.geometry.union_all()))
        rest = rest[rest.area > NOISE_M2]
        pieces = gpd.GeoDataFrame(pd.concat([cut[["feature", "zone", "geometry"]], rest]), crs=homes.crs)
    pieces = pieces.reset_index(drop=True)
    if "population" in homes:
        density = pd.to_numeric(homes["population"], errors="coerce") / homes.area
        pieces["population"] = density.loc[pieces["feature"]].to_numpy() * pieces.area
    return pieces


def _apart(zones: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Zones that share no ground: what two of them claim goes to the first, so that no home counts twice."""
    if zones.area.sum() - zones.geometry.union_all().area <= NOISE_M2:
        return zones
    taken, shapes = shapely.Polygon(), []
    for shape in zones.geometry.to_numpy():
        shapes.append(polygons_only(np.array([shapely.difference(shape, taken)], object))[0])
        taken = shapely.union(taken, shape)
    own = zones.set_geometry(gpd.GeoSeries(shapes, index=zones.index, crs=zones.crs))
    return own[own.area > NOISE_M2]


def _sums(found: gpd.GeoDataFrame, zones: gpd.GeoDataFrame | None, people: str | None, *, known: bool) -> pd.DataFrame:
    """By zone in the order of the zones, ground in no zone, and the whole; nothing is known where there is no park."""
    numbers = ["area_m2", "served_m2", *(["population", "served_population"] if people else [])]
    by_zone = pd.DataFrame(found[["zone", *numbers]]).groupby("zone")[numbers].sum(min_count=1)
    order = [] if zones is None else list(zones.index)
    rest = [""] if zones is not None and "" in by_zone.index else []
    table = by_zone.reindex([*order, *rest])
    table[["area_m2", "served_m2"]] = table[["area_m2", "served_m2"]].fillna(0.0)
    whole = found[numbers].sum(min_count=1).to_frame().T.set_axis(["whole"])
    table = pd.concat([table, whole]) if len(table) else whole
    table = table.reindex(columns=["area_m2", "served_m2", "population", "served_population"]).astype(float)
    if not known:
        table[["served_m2", "served_population"]] = np.nan
    names = {} if zones is None else zones["name"].to_dict()
    table["name"] = [_("Whole") if code == "whole" else names.get(code, _("outside the zones")) for code in table.index]
    table["share"] = table["served_m2"] / table["area_m2"]
    table["population_share"] = table["served_population"] / table["population"]
    table["total"] = table.index == "whole"
    table["part"] = ~table["total"]
    rows: pd.DataFrame = table.rename_axis("zone").reset_index()
    return rows


def _no_park(rule: ServiceRule) -> Finding:
    return Finding(
        "F-SERVICE-01",
        "warning",
        _(
            "no park of the kind of {rule} is in the layer: whether nobody is served or the layer lacks them cannot be told."
        ).format(rule=rule.label),
        cure=_("Add the parks of this kind, or correct the column kind."),
    )


def _overlaps(ground: gpd.GeoDataFrame) -> list[Finding]:
    double = float(ground.area.sum() - ground.geometry.union_all().area)
    if double <= max(1e-6 * ground.area.sum(), 1.0):
        return []
    text = _("residential polygons overlap by {area:.1f} m²; that ground counts twice.").format(area=double)
    return [Finding("F-SERVICE-02", "warning", text, cure=_("Take the overlaps out of the residential layer."))]


def _unpeopled(homes: gpd.GeoDataFrame) -> list[Finding]:
    if "population" not in homes:
        return []
    empty = homes.index[pd.to_numeric(homes["population"], errors="coerce").isna()]
    if empty.empty:
        return []
    text = _(
        "{count} residential polygons have no number of inhabitants: the people counted are a lower bound."
    ).format(count=len(empty))
    return [Finding("F-SERVICE-05", "warning", text, features=tuple(map(str, empty[:100])), count=len(empty))]


def _unnamed(parks: gpd.GeoDataFrame, rules: list[ServiceRule]) -> list[Finding]:
    kinds = {kind for rule in rules for kind in rule.kinds}
    other = parks[~parks["kind"].isin(kinds)]
    if not kinds or other.empty:
        return []
    text = _("{count} parks are of a kind that no rule names ({kinds}) and count in no rule by kind.").format(
        count=len(other), kinds=", ".join(sorted(other["kind"].astype(str).unique()))
    )
    features = tuple(map(str, other.index[:100]))
    return [Finding("F-SERVICE-03", "note", text, features=features, count=len(other))]


def _streetless(ground: gpd.GeoDataFrame, streets: gpd.GeoDataFrame | None, cell_m: float) -> list[Finding]:
    """How much residential land the street layer does not come near: an incomplete layer makes ways too long."""
    if streets is None:
        return []
    cells = home_cells(ground, cell_m)
    points, lines = cells.representative_point().to_numpy(), streets.geometry.to_numpy()
    away = shapely.distance(points, lines[shapely.STRtree(lines).nearest(points)])
    share = float(cells.area[away > FAR_FROM_STREETS_M].sum() / cells.area.sum())
    if share <= 0.01:
        return []
    text = _("{share:.1%} of the residential land lies farther than {metres:g} m from every street of the layer: where it lacks "
             "streets, too little is served along them.").format(share=share, metres=FAR_FROM_STREETS_M)  # fmt: skip
    return [Finding("F-SERVICE-04", "warning", text, cure=_("Give a complete street layer, footways included."))]
