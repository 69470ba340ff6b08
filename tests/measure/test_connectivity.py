from __future__ import annotations

from functools import cache
from pathlib import Path

import geopandas
import numpy as np
import pytest
import shapely
from shapely import LineString, box

from ecospace.errors import DataError
from ecospace.measure.connectivity import (
    Corridors,
    model_corridors,
    network_change,
    network_of,
    restored,
    steadiness,
    taken,
)
from ecospace.space.cost import least_cost_way
from ecospace.space.grid import empty_grid
from ecospace.space.network import Dispersal
from ecospace.space.nodes import crossings, junctions
from ecospace.space.resistance import PRESETS, land_groups, resistance_table, road_group
from ecospace.space.sources import sources_from_layers
from ecospace.study import open_study
from tests.space.grids import ZONE

SAMPLE = Path(__file__).resolve().parents[2] / "layers" / "sample"


@cache
def modelled() -> Corridors:
    """The corridors of the small sample county (invented) under three resistance tables."""
    study = open_study(SAMPLE)
    land = study.frame("land_use")
    roads = study.frame("roads")
    return model_corridors(
        sources_from_layers([study.frame("redline"), study.frame("reserves")], minimum_m2=3e4),
        land.assign(group=land_groups(land["code"], "dlbm")),
        empty_grid(study.boundary.geometry.iloc[0], study.boundary.crs, 60.0),
        [resistance_table(name) for name in PRESETS],
        roads=roads.assign(group=roads["kind"].map(road_group)),
        rivers=study.frame("rivers"),
    )


def test_ways_join_their_sources_and_lie_in_their_corridors() -> None:
    found = modelled()
    assert len(found.ways) == len(found.corridors) >= 2
    for way, corridor in zip(found.ways.itertuples(), found.corridors.itertuples(), strict=True):
        ends = [found.sources.geometry[name] for name in (way.start, way.end)]
        cell = 60 * 2**0.5
        assert all(way.geometry.distance(source) <= cell for source in ends)
        ground = shapely.union_all([corridor.geometry, *found.sources.geometry]).buffer(cell / 2)
        assert way.geometry.within(ground)
        assert way.length_m >= way.euclidean_m - 2 * cell
        assert way.cost == pytest.approx(way.cost_ratio * way.length_m)
        assert 0 < way.effective_resistance < way.cost / 60 * (1 + 1e-9)


def test_the_strongest_link_ranks_first() -> None:
    ways = modelled().ways
    assert sorted(ways["rank"]) == list(range(1, len(ways) + 1))
    assert ways.loc[ways["gravity"].idxmax(), "rank"] == 1


def test_the_sensitivity_run_is_part_of_the_result() -> None:
    found = modelled()
    assert set(found.sensitivity["table"]) == set(PRESETS)
    assert len(found.sensitivity) == len(PRESETS) * len(found.ways)
    assert (found.sensitivity.query("table == 'range-100'")["shared"] == 1).all()
    assert found.sensitivity["shared"].between(0, 1 + 1e-9).all()
    steady = steadiness(found.sensitivity)
    assert (steady["best_rank"] <= steady["worst_rank"]).all() and (steady["tables"] == 3).all()


def test_scaling_a_table_leaves_ways_and_their_share() -> None:
    found = modelled()
    base = found.table
    surface = found.resistance
    times = surface.like(surface.values * 7)
    way = found.ways.iloc[0]
    source, target = (surface.burn([found.sources.geometry[name]]) == 1 for name in (way.start, way.end))
    from ecospace.space.cost import accumulated_cost

    one = least_cost_way(surface, accumulated_cost(surface, source), target)
    other = least_cost_way(times, accumulated_cost(times, source), target)
    assert other.cost == pytest.approx(7 * one.cost, rel=1e-12)
    assert base.key == "range-100"


def test_nodes_lie_on_ways_and_barriers() -> None:
    found = modelled()
    on_ways = found.nodes[found.nodes["kind"].isin(["crossing", "junction"])]
    assert len(on_ways) and on_ways.distance(found.ways.union_all()).max() < 1e-6
    assert found.ways["crossings"].sum() == (found.nodes["kind"] == "crossing").sum()
    assert {"pinch", "barrier"} <= set(found.nodes["kind"])


def test_one_source_is_no_network() -> None:
    found = modelled()
    with pytest.raises(DataError, match="E-DATA-89"):
        model_corridors(found.sources.iloc[:1], found.sources.assign(group="forest"), found.resistance, [found.table])


def test_crossings_by_hand() -> None:
    ways = geopandas.GeoDataFrame(
        {"start": ["a", "a"], "end": ["b", "c"]},
        geometry=[LineString([(0, 0), (100, 0)]), LineString([(0, 0), (60, 0), (60, 50)])], crs=ZONE,
    )  # fmt: skip
    roads = geopandas.GeoDataFrame({"name": ["G94"]}, geometry=[LineString([(30, -10), (30, 10)])], crs=ZONE)
    found = crossings(ways, roads)
    assert found[["name", "value"]].to_numpy().tolist() == [["G94", 30.0], ["G94", 30.0]]
    # They share the first 60 m: it begins at 0 and ends where they part.
    assert junctions(ways)["value"].tolist() == [0.0, 60.0]


def strip() -> geopandas.GeoDataFrame:
    """One forest of 3 km × 1 km."""
    return geopandas.GeoDataFrame(geometry=[box(0, 0, 3000, 1000)], crs=ZONE)


def test_a_motorway_through_a_forest_by_hand() -> None:
    # 100 m of the middle are taken: two patches of 1.45 km² with 100 m between them.
    motorway = geopandas.GeoDataFrame(geometry=[box(1450, -50, 1550, 1050)], crs=ZONE)
    after = taken(strip(), motorway)
    assert after.area.tolist() == [1_450_000, 1_450_000]
    row = network_change(strip(), after, [Dispersal(100, 0.5)], landscape_m2=1e7).iloc[0]
    # ECA after = √(2·1.45² + 2·1.45²·0.5) = 1.45·√3 km².
    assert row["eca_after_m2"] == pytest.approx(1_450_000 * 3**0.5)
    assert row["area_change"] == pytest.approx(-1 / 30)
    assert row["eca_change"] == pytest.approx(1.45 * 3**0.5 / 3 - 1)
    # The cut weighs five times its area.
    assert row["relative_change"] == pytest.approx(4.885, abs=1e-3)
    assert row["index_before"] == pytest.approx(0.09)


def test_a_restoration_gives_back_what_the_project_took() -> None:
    motorway = geopandas.GeoDataFrame(geometry=[box(1450, 0, 1550, 1000)], crs=ZONE)
    again = restored(taken(strip(), motorway), motorway)
    change = network_change(strip(), again, [Dispersal(100, 0.5), Dispersal(1000, 0.05)], landscape_m2=1e7)
    assert change["eca_change"].abs().max() < 1e-9 and (change["patches_after"] == 1).all()
    assert np.isnan(change["relative_change"]).all()


def test_iic_change_and_network_of() -> None:
    patches = geopandas.GeoDataFrame(geometry=[box(0, 0, 10, 10), box(20, 0, 30, 10)], index=["a", "b"], crs=ZONE)
    network = network_of(patches, Dispersal(10, 0.5), index="IIC")
    assert network.numerator == pytest.approx(100**2 * (1 + 1 + 2 / 2))
    assert network.importance().index.tolist() == ["a", "b"]
    row = network_change(patches, patches.iloc[:1], [Dispersal(10, 0.5)], landscape_m2=1000, index="IIC").iloc[0]
    assert row["index_after"] == pytest.approx(0.01)
