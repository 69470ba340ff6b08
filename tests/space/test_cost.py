from __future__ import annotations

from pathlib import Path

import geopandas
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import box

from ecospace.errors import CRSError, DataError, UsageError
from ecospace.space import kernels
from ecospace.space.cost import accumulated_cost, corridor_band, corridor_width_m, least_cost_way, neighbours
from ecospace.space.grid import cells_of, read_grid
from ecospace.space.links import link
from ecospace.space.native.build import compile_kernels
from ecospace.space.spread import _by_kernel, _by_scipy, spread
from tests.space.grids import ZONE, grid, place


def test_a_straight_way_costs_length_times_resistance() -> None:
    # 5 cells of 10 m, resistance 3: four steps of 10 m × 3.
    surface = grid(np.full((1, 5), 3.0))
    cost = accumulated_cost(surface, place((1, 5), 0, 0))
    assert cost.values.tolist() == [[0.0, 30.0, 60.0, 90.0, 120.0]]


def test_a_step_costs_the_mean_of_its_two_cells_and_a_diagonal_one_is_longer() -> None:
    surface = grid([[1.0, 100.0], [100.0, 3.0]])
    cost = accumulated_cost(surface, place((2, 2), 0, 0)).values
    assert cost[0, 1] == pytest.approx(10 * 50.5)
    assert cost[1, 1] == pytest.approx(10 * 2**0.5 * 2)


def test_a_way_goes_around_a_wall_through_its_gate() -> None:
    values = np.ones((5, 5))
    values[:4, 2] = np.nan  # a wall without data, open in the last row
    surface = grid(values)
    cost = accumulated_cost(surface, place((5, 5), 0, 0))
    way = least_cost_way(surface, cost, place((5, 5), 0, 4))
    assert (4, 2) in [tuple(cell) for cell in way.cells]
    # Straight down 2, three diagonals in all, … : 4 diagonal steps and 4 straight ones is the least.
    assert way.cost == pytest.approx(10 * (4 * 2**0.5 + 4))


def test_what_nothing_leads_to_is_infinite_and_has_no_way() -> None:
    surface = grid([[1.0, np.nan, 1.0]])
    cost = accumulated_cost(surface, place((1, 3), 0, 0))
    assert np.isinf(cost.values[0, 2]) and np.isnan(cost.values[0, 1])
    with pytest.raises(DataError, match="E-DATA-75"):
        least_cost_way(surface, cost, place((1, 3), 0, 2))


def test_zero_resistance_and_a_source_without_data_are_refused() -> None:
    with pytest.raises(DataError, match="E-DATA-73"):
        accumulated_cost(grid([[0.0, 1.0]]), place((1, 2), 0, 1))
    with pytest.raises(DataError, match="E-DATA-74"):
        accumulated_cost(grid([[np.nan, 1.0]]), place((1, 2), 0, 0))


def test_a_way_cannot_be_traced_on_another_surface() -> None:
    surface = grid(np.ones((3, 3)))
    cost = accumulated_cost(surface, place((3, 3), 0, 0))
    with pytest.raises(UsageError, match="E-USE-70"):
        least_cost_way(grid(np.full((3, 3), 2.0)), cost, place((3, 3), 2, 2))


surfaces = st.integers(0, 2**32 - 1).map(
    lambda seed: np.random.default_rng(seed).integers(1, 60, (9, 12)).astype(float)
)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(surfaces, st.sampled_from([7.0, 1000.0, 0.25]))
def test_scaling_resistance_scales_cost_and_leaves_the_way(values: np.ndarray, k: float) -> None:
    one, other = grid(values), grid(values * k)
    start, end = place((9, 12), 0, 0), place((9, 12), 8, 11)
    # Ties may break either way only where two ways cost the same: generic surfaces have none.
    jitter = np.random.default_rng(1).random(values.shape) * 1e-3
    one, other = grid(values + jitter), grid((values + jitter) * k)
    ways = [least_cost_way(surface, accumulated_cost(surface, start), end) for surface in (one, other)]
    assert ways[1].cost == pytest.approx(k * ways[0].cost, rel=1e-12)
    assert ways[0].cells.tolist() == ways[1].cells.tolist()


@settings(max_examples=40, deadline=None, derandomize=True)
@given(surfaces)
def test_costs_are_symmetric_and_the_band_is_zero_along_the_way(values: np.ndarray) -> None:
    surface = grid(values)
    start, end = place((9, 12), 2, 1), place((9, 12), 7, 10)
    there, back = accumulated_cost(surface, start), accumulated_cost(surface, end)
    assert there.values[7, 10] == pytest.approx(back.values[2, 1], rel=1e-12)
    band = corridor_band(there, back)
    way = least_cost_way(surface, there, end)
    assert (band.values[way.cells[:, 0], way.cells[:, 1]] == 0).all()
    assert (band.values >= 0).all()


needs_kernels = pytest.mark.skipif(
    compile_kernels() is None or not kernels.available(), reason="no C compiler on this machine, so no kernels"
)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.integers(0, 2**32 - 1), st.sampled_from([(10.0, 12.0), (30.0, 30.0), (0.5, 7.0)]))
def test_kernel_scipy_and_scikit_image_agree(seed: int, cell: tuple[float, float]) -> None:
    """With cells without data, walls that close off ground, several sources, and cells that are no squares."""
    graph = pytest.importorskip("skimage.graph")
    random = np.random.default_rng(seed)
    values = random.choice([random.integers(1, 60, (9, 12)), random.lognormal(2, 3, (9, 12))]).astype(float)
    values[random.random(values.shape) < 0.15] = np.nan
    values[:, 7] = np.nan if random.random() < 0.3 else values[:, 7]
    seeds = np.argwhere(~np.isnan(values))[random.integers(0, 60, random.integers(1, 4)) % (~np.isnan(values)).sum()]
    known = np.full(values.shape, np.inf)
    known[tuple(seeds.T)] = 0.0
    slow = _by_scipy(values, known, *cell)
    peer = graph.MCP_Geometric(np.where(np.isnan(values), -1, values), sampling=cell)
    peer_cost = np.asarray(peer.find_costs(seeds.tolist())[0])
    np.testing.assert_allclose(slow, peer_cost, rtol=1e-12)
    assert (np.isnan(spread(values, known, *cell)) == np.isnan(values)).all()
    if kernels.available():
        np.testing.assert_array_equal(_by_kernel(values, known, *cell), slow)


@needs_kernels
@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.integers(0, 2**32 - 1))
def test_known_costs_are_kept_or_lowered_by_both_engines(seed: int) -> None:
    random = np.random.default_rng(seed)
    values = random.lognormal(1, 2, (8, 9))
    values[random.random(values.shape) < 0.1] = np.nan
    known = np.where(random.random(values.shape) < 0.2, random.choice([0.0, 5.0, 400.0, 1e6], values.shape), np.inf)
    known[0, 0], values[0, 0] = 3.0, 1.0
    fast, slow = _by_kernel(values, known, 10.0, 10.0), _by_scipy(values, known, 10.0, 10.0)
    np.testing.assert_array_equal(fast, slow)
    assert (fast[~np.isnan(values)] <= known[~np.isnan(values)]).all()


@needs_kernels
@pytest.mark.parametrize("spread_of", [1e-12, 1e7, 1e15])
def test_extreme_resistances_do_not_break_the_bucket_queue(spread_of: float) -> None:
    # Longer than the circle of buckets by far: 1 beside ten million and more.
    values = np.random.default_rng(4).random((60, 60)) + 0.5
    values[::7] *= spread_of
    known = np.where(place((60, 60), 30, 30), 0.0, np.inf)
    np.testing.assert_array_equal(_by_kernel(values, known, 10.0, 10.0), _by_scipy(values, known, 10.0, 10.0))


@needs_kernels
def test_the_way_is_the_same_with_each_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a surface full of ways of equal cost."""
    surface = grid(np.random.default_rng(3).choice([1.0, 2.0, 4.0], (40, 50)))
    start, end = place((40, 50), 1, 1), place((40, 50), 38, 47)
    ways = []
    for engine in ("", "off"):
        monkeypatch.setenv("ECOSPACE_KERNELS", engine)
        ways.append(least_cost_way(surface, accumulated_cost(surface, start), end))
    assert ways[0].cells.tolist() == ways[1].cells.tolist() and ways[0].cost == ways[1].cost


def test_links_join_neighbours_only_unless_all_are_asked_for() -> None:
    surface = grid(np.ones((3, 30)))
    west, north = 500_000, 2_500_030
    sources = geopandas.GeoDataFrame(
        geometry=[box(west + x, north - 30, west + x + 20, north) for x in (0, 140, 280)], index=list("abc"), crs=ZONE
    )
    near = link(surface, sources)
    assert near.table[["start", "end"]].to_numpy().tolist() == [["a", "b"], ["b", "c"]]
    # From cell 1 to cell 14: 13 steps of 10 m; edge to edge 120 m.
    assert near.table["cost"].tolist() == [130.0, 130.0]
    assert near.table["euclidean_m"].tolist() == [120.0, 120.0]
    assert len(link(surface, sources, pairs="all").table) == 3
    assert neighbours(list(near.costs.values())) == [(0, 1), (1, 2)]
    assert (near.band().values[1, 1:29] == 0).all()


def test_links_refuse_another_crs_and_take_the_advice() -> None:
    surface = grid(np.ones((3, 30)))
    west, north = 500_000, 2_500_030
    sources = geopandas.GeoDataFrame(
        geometry=[box(west, north - 30, west + 20, north), box(west + 200, north - 30, west + 220, north)], crs=ZONE
    )
    with pytest.raises(CRSError, match="E-CRS-02"):
        link(surface, sources.to_crs(4490))
    with pytest.raises(CRSError, match="E-CRS-05"):
        link(cells_of(surface, sources.to_crs(4490).crs, 1e-4), sources.to_crs(4490))
    assert len(link(surface, sources).table) == 1


def test_a_pair_without_a_way_is_named_not_dropped() -> None:
    values = np.ones((3, 9))
    values[:, 4] = np.nan
    west, north = 500_000, 2_500_030
    sources = geopandas.GeoDataFrame(
        geometry=[box(west, north - 30, west + 20, north), box(west + 70, north - 30, west + 90, north)],
        index=["a", "b"], crs=ZONE,
    )  # fmt: skip
    found = link(grid(values), sources, pairs="all")
    assert found.table.empty and found.table.attrs["unreachable"] == [("a", "b")]


def test_the_width_of_a_band_is_the_full_width() -> None:
    # A lane of 5 cells of 10 m between walls: 50 m wide.
    band = grid(np.where((np.arange(11) >= 3) & (np.arange(11) < 8), 0.0, 99.0)[:, None] * np.ones((1, 40)))
    way = np.array([[5, 20]])
    assert corridor_width_m(band, 1.0, way).tolist() == [50.0]


@pytest.fixture(scope="module")
def linkage(data: Path) -> tuple:
    resistance = read_grid(data / "connectivity" / "lm_resistances.tif")
    cores = geopandas.read_file(data / "connectivity" / "lm_cores.gpkg").set_index("core_id")
    # Both files write NAD83 Albers with other names and digits of the same ellipsoid.
    cores = cores.set_crs(resistance.crs, allow_override=True)
    published = np.loadtxt(data / "connectivity" / "distances_lm_cores.txt")
    return resistance, cores, published


def test_linkage_mapper_core_distances_to_the_millimetre(linkage: tuple) -> None:
    resistance, cores, published = linkage
    links = link(resistance, cores, pairs="all").table.set_index(["start", "end"])
    assert len(published) == len(links) == 15
    for one, other, distance in published:
        assert links.loc[(str(int(one)), str(int(other))), "euclidean_m"] == pytest.approx(distance, abs=1e-3)


def test_least_costs_and_ways_between_the_cores_equal_scikit_image(linkage: tuple) -> None:
    graph = pytest.importorskip("skimage.graph")
    resistance, cores, _published = linkage
    # The real surface has ways of equal cost; a generic one, 1e-6 beside it, has one best way for both engines.
    generic = resistance.like(resistance.values * (1 + 1e-6 * np.random.default_rng(5).random(resistance.shape)))
    cells = [(resistance.burn([core]) == 1) & resistance.known for core in cores.geometry]
    for surface, unique in ((resistance, False), (generic, True)):
        costs = [accumulated_cost(surface, cell) for cell in cells]
        for i in range(5):
            peer = graph.MCP_Geometric(np.where(surface.known, surface.values, -1), sampling=surface.cell_m)
            peer_cost, _steps = peer.find_costs(np.argwhere(cells[i]).tolist())
            np.testing.assert_allclose(costs[i].values[surface.known], peer_cost[surface.known], rtol=1e-12)
            for j in range(i + 1, 6):
                way = least_cost_way(surface, costs[i], cells[j])
                ends = np.where(cells[j], peer_cost, np.inf)
                theirs = np.array(peer.traceback(np.unravel_index(ends.argmin(), ends.shape)))
                band = corridor_band(costs[i], costs[j]).values
                assert way.cost == pytest.approx(ends.min(), rel=1e-9)
                assert (band[way.cells[:, 0], way.cells[:, 1]] == 0).all()
                assert (band[theirs[:, 0], theirs[:, 1]] == 0).all()
                if unique:
                    assert way.cells.tolist() == theirs.tolist()


@settings(max_examples=8, deadline=None, derandomize=True)
@given(st.integers(0, 2**32 - 1), st.sampled_from([5, 8, 13]))
def test_by_windows_is_the_same_float_for_float(seed: int, window: int) -> None:
    for engine in ("", "off"):
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("ECOSPACE_KERNELS", engine)
            by_windows_as_a_whole(seed, window)


def by_windows_as_a_whole(seed: int, window: int) -> None:
    from tempfile import TemporaryDirectory

    from ecospace.space.cost_windows import accumulated_cost_by_windows

    random = np.random.default_rng(seed)
    # Walls with gates make ways that cross windows to and fro.
    values = random.lognormal(2, 2, (31, 27)).round(3) + 0.01
    values[:, ::4] = np.nan
    values[random.integers(0, 31, 7), np.arange(0, 27, 4)] = 1.0
    surface = grid(values.astype(np.float32))
    west, north = 500_000, 2_500_310
    source = geopandas.GeoDataFrame(geometry=[box(west + 10, north - 40, west + 40, north - 10)], crs=ZONE)
    with TemporaryDirectory() as folder:
        path = surface.save(Path(folder) / "resistance.tif")
        done = accumulated_cost_by_windows(path, source, Path(folder) / "cost.tif", window=window)
        written = read_grid(done.path)
        assert done.rounds >= 1 and sorted(item.name for item in Path(folder).iterdir()) == [
            "cost.tif",
            "resistance.tif",
        ]
    whole = accumulated_cost(surface, surface.burn(source.geometry) == 1).values
    np.testing.assert_array_equal(written.values, np.where(np.isinf(whole), np.nan, whole))


def test_by_windows_refuses_what_has_no_meaning(tmp_path: Path) -> None:
    from ecospace.space.cost_windows import accumulated_cost_by_windows

    path = grid(np.ones((4, 4))).save(tmp_path / "one.tif")
    far = geopandas.GeoDataFrame(geometry=[box(0, 0, 1, 1)], crs=ZONE)
    with pytest.raises(DataError, match="E-DATA-74"):
        accumulated_cost_by_windows(path, far, tmp_path / "cost.tif")
    free = grid(np.zeros((4, 4))).save(tmp_path / "free.tif")
    with pytest.raises(DataError, match="E-DATA-73"):
        accumulated_cost_by_windows(free, far, tmp_path / "cost.tif")
    assert not (tmp_path / "cost.tif").exists()
