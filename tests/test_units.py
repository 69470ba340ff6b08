"""Rounding as the standard says, and totals that stay."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecospace.units import balance, convert_area, round_number, unit_of


@pytest.mark.parametrize(
    ("value", "decimals", "printed"),
    [
        (28.175, 2, "28.18"),
        (28.165, 2, "28.16"),
        (0.125, 2, "0.12"),
        (616.75125, 4, "616.7512"),
        (2.675, 2, "2.68"),
        (-0.004, 2, "0.00"),
        (-2.675, 2, "-2.68"),
    ],
)
def test_gb_t_8170(value, decimals, printed):
    assert str(round_number(value, decimals)) == printed


def test_a_mu_is_exactly_ten_thousand_fifteenths():
    """666.67 would be 7.5 亩 off on 100 000 ha."""
    assert convert_area(100_000, "ha", "mu") == 1_500_000
    assert convert_area(1.34, "qian_ha", "ha") == pytest.approx(1340)
    assert [unit_of(text) for text in ("亩", "公顷", " km2", "万亩", "平方米")] == ["mu", "ha", "km2", "wan_mu", "m2"]
    with pytest.raises(KeyError):
        unit_of("里")


def test_worked_balance():
    """standards.md 7.5."""
    parts = [12_344.9, 45_674.8, 78_904.7, 33_334.6]
    assert [str(x) for x in balance([p / 10_000 for p in parts], 2)] == ["1.24", "4.57", "7.89", "3.33"]
    assert [str(x) for x in balance([3.333333, 3.333333, 3.333334], 2)] == ["3.33", "3.33", "3.34"]


@given(st.lists(st.floats(0, 1e9), min_size=1, max_size=40), st.integers(0, 4))
@settings(max_examples=300, derandomize=True)
def test_printed_parts_make_the_printed_total(parts, decimals):
    printed = balance(parts, decimals)
    exact = [Decimal(str(part)) for part in parts]
    assert sum(printed) == round_number(sum(exact), decimals)
    unit = Decimal(1).scaleb(-decimals)
    assert all(abs(shown - part) < unit for shown, part in zip(printed, exact, strict=True))


def test_parts_that_cannot_make_the_total():
    with pytest.raises(ValueError, match="parts"):
        balance([1.0, 2.0], 2, total=4.0)
