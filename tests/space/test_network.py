from __future__ import annotations

from pathlib import Path

import geopandas
import numpy as np
import pandas as pd
import pytest
import shapely
from scipy.sparse import csgraph
from shapely import Point, box

from ecospace.errors import CRSError, DataError, UsageError
from ecospace.space.network import (
    Dispersal,
    Network,
    binary_network,
    probability_network,
)
from ecospace.space.patches import distances, effective_mesh_size, shapes_of
from tests.space.grids import ZONE

MEDIAN = Dispersal(1000, 0.5)


def squares(*corners: tuple[float, float, float]) -> geopandas.GeoDataFrame:
    """Squares by (x, y, side)."""
    return geopandas.GeoDataFrame(geometry=[box(x, y, x + side, y + side) for x, y, side in corners], crs=ZONE)


def line_of_three(network: object) -> Network:
    """Three patches of 1, 2 and 3 in a row, 1000 m apart, the ends 3000 m from each other."""
    apart = np.array([[0.0, 1000, 3000], [1000, 0, 1000], [3000, 1000, 0]])
    return network(np.array([1.0, 2.0, 3.0]), apart, MEDIAN, ids=("a", "b", "c"))  # type: ignore[operator, no-any-return]


def test_probability_of_connectivity_by_hand() -> None:
    network = line_of_three(probability_network)
    # p_ab = p_bc = 1/2; by the stepping stone b p_ac = 1/4, better than 1/8.
    # 1 + 4 + 9 + 2·(1·2/2 + 2·3/2 + 1·3/4) = 23.5
    assert network.numerator == pytest.approx(23.5)
    assert network.of(10.0) == pytest.approx(0.235)
    assert network.equivalent_area_m2 == pytest.approx(23.5**0.5)
    worth = network.importance()
    # Without b: 1 + 9 + 2·3/8 = 10.75; b: 4 inside, 2·(1 + 3) = 8 as an end, 12.75 − 12 = 0.75 as a stone.
    assert worth.loc["b"].tolist() == pytest.approx([2.0, *(100 / 23.5 * np.array([12.75, 4, 8, 0.75]))])
    assert worth.loc["a", "connector"] == 0.0


def test_integral_index_of_connectivity_by_hand() -> None:
    network = line_of_three(binary_network)
    # Links a–b and b–c; a–c by two links: 1 + 4 + 9 + 2·(2/2 + 6/2 + 3/3) = 24
    assert network.numerator == pytest.approx(24.0)
    worth = network.importance()
    # Without b nothing joins a and c: 1 + 9 = 10.
    assert worth.loc["b", "delta"] == pytest.approx(100 * 14 / 24)
    assert worth.loc["b", ["intra", "flux", "connector"]].tolist() == pytest.approx([400 / 24, 800 / 24, 200 / 24])


def test_the_pair_of_distance_and_probability_is_one_parameter() -> None:
    apart = np.array([[0.0, 1000], [1000, 0]])
    areas = np.array([1.0, 1.0])
    # The same distance, another probability: another index (methods.md: 14 to 27 % on real patches).
    few, half = (probability_network(areas, apart, Dispersal(1000, p)).numerator for p in (0.05, 0.5))
    assert (few, half) == (pytest.approx(2.1), pytest.approx(3.0))
    # p(1000 m) = 0.25 is the same mover as p(500 m) = 0.5.
    assert Dispersal(1000, 0.25).decay == pytest.approx(Dispersal(500, 0.5).decay)
    with pytest.raises(UsageError, match="E-USE-74"):
        Dispersal(1000, 1.0)


def by_removal(network: Network) -> pd.DataFrame:
    """Importance by brute force: take each patch out, compute everything anew with scipy."""

    def numerator(areas: np.ndarray, lengths: np.ndarray) -> float:
        graph = np.ma.masked_invalid(lengths)
        ways = csgraph.shortest_path(csgraph.csgraph_from_dense(graph, null_value=np.inf), "FW", directed=False)
        worth = np.exp(-ways) if network.index == "PC" else 1 / (1 + ways)
        return float(areas @ worth @ areas)

    whole = numerator(network.areas_m2, network.lengths)
    rows = []
    for k in range(len(network.areas_m2)):
        rest = np.arange(len(network.areas_m2)) != k
        rows.append(100 * (whole - numerator(network.areas_m2[rest], network.lengths[np.ix_(rest, rest)])) / whole)
    return pd.Series(rows, index=list(network.ids))  # type: ignore[return-value]


@pytest.mark.parametrize("seed", range(30))
@pytest.mark.parametrize("make", [probability_network, binary_network])
def test_importance_equals_brute_force_removal(seed: int, make: object) -> None:
    random = np.random.default_rng(seed)
    count = int(random.integers(2, 40))
    xy = random.random((count, 2)) * 5000
    apart = np.hypot(*(xy[:, None] - xy[None]).T)
    if seed % 3 == 0:
        # Least costs are no metric: detours can be shorter than the direct way, and some pairs are not joined.
        apart *= random.lognormal(0, 1, apart.shape)
        apart[random.random(apart.shape) < 0.3] = np.inf
        apart = np.minimum(apart, apart.T)
    areas = random.lognormal(10, 2, count) * (random.random(count) > 0.1)
    areas[0] = 1.0
    network = make(areas, apart, Dispersal(float(random.integers(200, 2000)), 0.3))  # type: ignore[operator]
    worth = network.importance()
    np.testing.assert_allclose(worth["delta"], by_removal(network), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(worth["delta"], worth[["intra", "flux", "connector"]].sum(axis=1), rtol=1e-12)
    assert (worth[["intra", "flux", "connector"]] >= -1e-9).all(axis=None)


def test_no_area_has_no_importance() -> None:
    with pytest.raises(DataError, match="E-DATA-78"):
        probability_network(np.zeros(2), np.zeros((2, 2)), MEDIAN).importance()
    with pytest.raises(DataError, match="E-DATA-79"):
        probability_network(np.ones(2), np.array([[0, np.nan], [np.nan, 0]]), MEDIAN)


def test_distances_run_from_edge_to_edge_or_between_points_on_the_patches() -> None:
    patches = squares((0, 0, 100), (300, 0, 100), (0, 500, 10))
    assert distances(patches)[0].tolist() == pytest.approx([0, 200, 400])
    assert distances(patches, between="points")[0, 1] == pytest.approx(300)
    # The centroid of a ring lies in its hole: the point must not.
    ring = Point(0, 0).buffer(100).difference(Point(0, 0).buffer(90))
    pair = geopandas.GeoDataFrame(geometry=[ring, box(1000, -5, 1010, 5)], crs=ZONE)
    assert abs(distances(pair, between="points")[0, 1] - 1005) > 80
    with pytest.raises(CRSError):
        distances(patches.to_crs(4490))


def test_effective_mesh_size_by_hand_and_across_borders() -> None:
    # One forest of 2 km² cut by a township line, and one of 1 km² wholly in the east.
    zones = geopandas.GeoDataFrame(
        geometry=[box(0, 0, 2000, 2000), box(2000, 0, 4000, 2000)], index=["west", "east"], crs=ZONE
    )
    forest = geopandas.GeoDataFrame(
        geometry=[box(1000, 0, 2000, 1000), box(2000, 0, 3000, 1000), box(3000, 1000, 4000, 2000)], crs=ZONE
    )
    table = effective_mesh_size(forest, zones)
    # West: 1 of the 2 km² patch: cut 1·1/4, across 1·2/4. East: cut (1 + 1)/4, across (1·2 + 1·1)/4.
    assert (table["mesh_cut_m2"] / 1e6).tolist() == pytest.approx([0.25, 0.5])
    assert (table["mesh_m2"] / 1e6).tolist() == pytest.approx([0.5, 0.75])
    assert table["division"].tolist() == pytest.approx([1 - 1 / 16, 1 - 2 / 16])
    # Weighted by area, the cross-boundary numbers give that of the whole; cutting out does not.
    whole = effective_mesh_size(forest, zones.dissolve()).iloc[0]
    assert table["mesh_m2"].mean() == pytest.approx(whole["mesh_m2"]) == pytest.approx(whole["mesh_cut_m2"])


def test_shape_of_a_square_by_hand() -> None:
    row = shapes_of(squares((0, 0, 100)), edge_m=20).iloc[0]
    assert row["perimeter_m"] == 400 and row["core_m2"] == pytest.approx(3600)
    assert row["shape_index"] == pytest.approx(2 / np.pi**0.5)  # 400 / (2·√(π·10 000))


@pytest.fixture(scope="module")
def patches(data: Path) -> geopandas.GeoDataFrame:
    """404 habitat patches of the Trans-Mexican Volcanic System, published with the R package Makurhini."""
    frame = geopandas.read_file(data / "connectivity" / "tmvs_habitat_nodes.gpkg", layer="habitat_nodes")
    frame["geometry"] = shapely.make_valid(frame.geometry.to_numpy(), method="structure", keep_collapsed=False)
    return frame.set_index("Id")


def test_published_areas_and_mesh_size_of_the_404_patches(patches: geopandas.GeoDataFrame) -> None:
    assert len(patches) == 404
    assert (patches.area.head(6) / 1e6).round(4).tolist() == [0.8584, 2.2022, 110.1997, 1.2100, 1.8472, 0.2631]
    assert patches.area.sum() / 1e6 == pytest.approx(12735.7391, abs=5e-4)
    assert patches.length.sum() / 1e3 == pytest.approx(17920.474, abs=0.01)
    table = shapes_of(patches, edge_m=500)
    assert table["area_m2"].mean() / 1e6 == pytest.approx(31.5241, abs=1e-4)
    assert table["shape_index"].mean() == pytest.approx(2.2073, abs=5e-4)
    assert table["shape_index"].head(6).tolist() == pytest.approx(
        [1.8235, 2.1568, 4.9705, 1.7885, 2.9996, 2.5766], abs=5e-4
    )
    # Its buffers have other corners: 0.1 %, and one small core more.
    assert table["core_m2"].sum() / 1e6 == pytest.approx(6315.9513, rel=1e-3)
    assert (table["core_m2"] > 0).mean() == pytest.approx(0.6040, abs=0.003)
    # Its landscape is the patches themselves, and none of them touch: both procedures are the plain formula.
    everything = geopandas.GeoDataFrame(geometry=[patches.geometry.union_all()], index=["all"], crs=patches.crs)
    mesh = effective_mesh_size(patches, everything).loc["all"]
    assert mesh["patches"] == 404
    assert mesh["mesh_cut_m2"] / 1e6 == pytest.approx(1443.4320, abs=5e-4)


@pytest.mark.slow
def test_importance_of_the_404_patches_by_brute_force_and_as_published(patches: geopandas.GeoDataFrame) -> None:
    apart = distances(patches)
    network = probability_network(patches.area.to_numpy(), apart, Dispersal(10_000, 0.5))
    worth = network.importance()
    np.testing.assert_allclose(worth["delta"], by_removal(network), rtol=1e-9, atol=1e-9)
    # Makurhini's course prints dPC of the first ten for edge distances, p(10 km) = 0.5, between shapes that it first
    # simplified to a tenth of their vertices (keep = 0.1): so 4 % and no closer.
    published = [0.0128564, 0.0332059, 1.6831849, 0.0184037, 0.0285162, 0.0040938, 0.0069481, 0.0088543, 0.036915]
    assert worth["delta"].head(9).tolist() == pytest.approx(published, rel=0.04)
    assert worth["flux"].iloc[[0, 1, 2, 3, 4]].tolist() == pytest.approx(
        [0.0128558, 0.0332022, 1.6665804, 0.0184026, 0.0285136], rel=0.04
    )
    assert worth["connector"].iloc[2] == pytest.approx(0.007274621, rel=0.01)


@pytest.mark.slow
def test_binary_importance_of_the_404_patches_by_brute_force(patches: geopandas.GeoDataFrame) -> None:
    network = binary_network(patches.area.to_numpy(), distances(patches, between="points"), Dispersal(10_000, 0.5))
    np.testing.assert_allclose(network.importance()["delta"], by_removal(network), rtol=1e-9, atol=1e-9)
