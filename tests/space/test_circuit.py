from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import rasterio
from hypothesis import given, settings
from hypothesis import strategies as st

from ecospace.errors import DataError, UsageError
from ecospace.space import circuit as circuit_module
from ecospace.space.circuit import Circuit, barriers, every_pair, pinch_points
from ecospace.space.cost import accumulated_cost
from tests.space.grids import grid, place


def test_series_obeys_ohms_law() -> None:
    # Five cells of 2, 4, 6, 8, 10 Ω in a row: steps of 3 + 5 + 7 + 9 = 24 Ω.
    circuit = Circuit(grid([[2.0, 4, 6, 8, 10]]))
    flow = circuit.between(place((1, 5), 0, 0), place((1, 5), 0, 4))
    assert flow.effective_resistance == pytest.approx(24.0, rel=1e-12)
    assert flow.current().values.tolist() == [pytest.approx([1.0] * 5)]


def test_parallel_obeys_ohms_law() -> None:
    # Three separate rows of 3, 6 and 18 Ω per step, four steps each, joined at both ends: 1/(1/12 + 1/24 + 1/72) = 7.2.
    values = np.full((5, 5), np.nan)
    for row, ohms in ((0, 3.0), (2, 6.0), (4, 18.0)):
        values[row] = ohms
    left, right = np.zeros((5, 5), bool), np.zeros((5, 5), bool)
    left[:, 0], right[:, 4] = True, True
    flow = Circuit(grid(values)).between(left, right)
    assert flow.effective_resistance == pytest.approx(7.2, rel=1e-12)
    # The current splits as 1/12 : 1/24 : 1/72.
    assert flow.current().values[[0, 2, 4], 2] == pytest.approx([0.6, 0.3, 0.1])


@pytest.mark.parametrize("width", [1, 3, 8])
def test_a_sheet_between_its_ends_is_rows_in_parallel(width: int) -> None:
    left, right = np.zeros((width, 11), bool), np.zeros((width, 11), bool)
    left[:, 0], right[:, 10] = True, True
    flow = Circuit(grid(np.full((width, 11), 5.0)), neighbours=4).between(left, right)
    assert flow.effective_resistance == pytest.approx(10 * 5.0 / width, rel=1e-12)


def test_averages_and_diagonals_are_those_of_circuitscape() -> None:
    pair = grid([[1.0, 3.0]])
    ends = place((1, 2), 0, 0), place((1, 2), 0, 1)
    assert Circuit(pair).between(*ends).effective_resistance == pytest.approx(2.0)
    assert Circuit(pair, average="conductance").between(*ends).effective_resistance == pytest.approx(1.5)
    diagonal = grid([[1.0, np.nan], [np.nan, 3.0]])
    ends = place((2, 2), 0, 0), place((2, 2), 1, 1)
    assert Circuit(diagonal).between(*ends).effective_resistance == pytest.approx(2 * 2**0.5)
    assert np.isinf(Circuit(diagonal, neighbours=4).between(*ends).effective_resistance)


def test_places_without_data_are_refused_and_bad_options_too() -> None:
    circuit = Circuit(grid([[1.0, np.nan]]))
    with pytest.raises(DataError, match="E-DATA-76"):
        circuit.between(place((1, 2), 0, 0), place((1, 2), 0, 1))
    with pytest.raises(UsageError, match="E-USE-72"):
        Circuit(grid([[1.0]]), neighbours=6)


@settings(max_examples=30, deadline=None, derandomize=True)
@given(st.integers(0, 2**32 - 1))
def test_effective_resistance_is_a_distance_and_less_than_any_way(seed: int) -> None:
    values = np.random.default_rng(seed).integers(1, 50, (7, 8)).astype(float)
    circuit = Circuit(grid(values, cell_m=1.0))
    a, b, c = place((7, 8), 0, 0), place((7, 8), 6, 7), place((7, 8), 3, 2)
    ab, bc, ac = (circuit.between(*pair).effective_resistance for pair in ((a, b), (b, c), (a, c)))
    assert circuit.between(b, a).effective_resistance == pytest.approx(ab, rel=1e-9)
    assert ac <= (ab + bc) * (1 + 1e-12)
    assert ab <= accumulated_cost(circuit.resistance, a).values[6, 7] * (1 + 1e-12)
    tripled = Circuit(grid(values * 3, cell_m=1.0)).between(a, b)
    assert tripled.effective_resistance == pytest.approx(3 * ab, rel=1e-9)
    np.testing.assert_allclose(tripled.current().values, circuit.between(a, b).current().values, rtol=1e-7, atol=1e-10)


def test_multigrid_agrees_with_the_direct_solver(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pyamg")
    values = np.random.default_rng(2).integers(1, 1000, (120, 90)).astype(float)
    values[40:60, 20:70] = np.nan
    ends = place((120, 90), 3, 3), place((120, 90), 110, 80)
    direct = Circuit(grid(values)).between(*ends)
    monkeypatch.setattr(circuit_module, "DIRECT", 100)
    iterative = Circuit(grid(values)).between(*ends)
    assert iterative.effective_resistance == pytest.approx(direct.effective_resistance, rel=1e-7)
    np.testing.assert_allclose(iterative.current().values, direct.current().values, atol=1e-6)


def test_too_large_without_pyamg_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(circuit_module, "pyamg", None)
    monkeypatch.setattr(circuit_module, "DIRECT_AT_MOST", 10)
    with pytest.raises(UsageError, match=r"ecospace-toolkit\[corridor\]"):
        Circuit(grid(np.ones((5, 5)))).between(place((5, 5), 0, 0), place((5, 5), 4, 4))


def test_all_current_passes_a_gate_and_the_gate_is_the_pinch_point() -> None:
    values = np.ones((9, 9))
    values[:, 4] = np.nan
    values[4, 4] = 1.0
    current = Circuit(grid(values)).between(place((9, 9), 4, 0), place((9, 9), 4, 8)).current()
    assert current.values[4, 4] == pytest.approx(1.0)
    inside = np.ones((9, 9), bool)
    inside[:, [0, 8]] = False
    assert np.argwhere(pinch_points(current, inside, share=0.01)).tolist() == [[4, 4]]


def test_a_barrier_is_worth_what_its_removal_saves() -> None:
    # Eleven cells of 10 m, all 1 Ω but the middle one of 100: LCD = 100·1 − 10 … by steps of 10 m × mean.
    values = np.ones((1, 11))
    values[0, 5] = 100.0
    surface = grid(values)
    one, other = accumulated_cost(surface, place((1, 11), 0, 0)), accumulated_cost(surface, place((1, 11), 0, 10))
    # 8 steps of 10, two of 10 × 50.5.
    assert one.values[0, 10] == pytest.approx(8 * 10 + 2 * 505)
    gain = barriers(one, other, diameter_m=20.0, restored=1.0)
    # A window of 20 m around the barrier reaches cells 4 and 6: LCD′ = 40 + 40 + 20 × 1 = 100.
    assert gain.values[0, 5] == pytest.approx((1090 - 100) / 20)
    assert gain.values.argmax() == 5
    assert gain.values[0, 1] == 0.0


@pytest.fixture(scope="module")
def verified(data: Path) -> tuple:
    """Circuitscape.jl's verification case 1 (MIT): four neighbours, average resistance, two short-circuit regions."""
    folder = data / "connectivity" / "circuitscape_sgVerify1"
    habitat = np.loadtxt(folder / "cellmap.asc", skiprows=6)
    with rasterio.open(folder / "polygons.tif") as raster:
        regions = raster.read(1)
    circuit = Circuit(
        grid(np.where(habitat == -9999, np.nan, habitat), cell_m=1.0),
        neighbours=4,
        average="resistance",
        short_circuits=np.where(regions > 0, regions, 0).astype(int),
    )
    return circuit, np.loadtxt(folder / "points.asc", skiprows=6), folder


def test_circuitscape_sgverify1_resistances_and_cumulative_current(verified: tuple) -> None:
    circuit, points, folder = verified
    published = np.loadtxt(folder / "sgVerify1_resistances.out")
    names, resistances = published[0, 1:].astype(int), published[1:, 1:]
    places = {str(name): points == name for name in names}
    # Points on cells without data: Circuitscape writes −1 for every pair of theirs.
    astray = {str(name) for name in names if not (circuit.resistance.known & (points == name)).any()}
    assert astray == {"3", "6", "11", "51"}
    found, current = every_pair(circuit, {name: place for name, place in places.items() if name not in astray})
    truth = pd.DataFrame(resistances, index=map(str, names), columns=map(str, names))
    assert len(found) == 15
    for row in found.itertuples():
        assert row.effective_resistance == pytest.approx(truth.loc[row.start, row.end], rel=1e-6)
    for one, other in combinations(places, 2):
        if {one, other} & astray:
            assert truth.loc[one, other] == -1
            with pytest.raises(DataError, match="E-DATA-76"):
                circuit.between(places[one], places[other])
    published_current = np.loadtxt(folder / "sgVerify1_cum_curmap.asc", skiprows=6)
    np.testing.assert_allclose(np.nan_to_num(current.values), published_current, atol=2e-6)
