"""Square metres, hectares, square kilometres, 亩; rounding by GB/T 8170; rounding that keeps totals."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from fractions import Fraction

#: Square metres in one unit of area. 1 亩 is exactly 10000/15 m², never 666.67.
SQUARE_METRES: dict[str, Fraction] = {
    "m2": Fraction(1),
    "mu": Fraction(10_000, 15),
    "ha": Fraction(10_000),
    "km2": Fraction(1_000_000),
    "wan_mu": Fraction(10_000 * 10_000, 15),
    "qian_ha": Fraction(10_000_000),
}

#: What planners write for each unit.
UNIT_NAMES: dict[str, tuple[str, ...]] = {
    "m2": ("m2", "m²", "㎡", "平方米", "平米"),
    "mu": ("mu", "亩", "市亩"),
    "ha": ("ha", "hm2", "hm²", "公顷"),
    "km2": ("km2", "km²", "平方公里", "平方千米"),
    "wan_mu": ("wan_mu", "万亩"),
    "qian_ha": ("qian_ha", "千公顷"),
}


def unit_of(text: str) -> str:
    """The key of an area unit as planners write it.

    >>> unit_of("公顷"), unit_of("万亩"), unit_of("km²")
    ('ha', 'wan_mu', 'km2')
    """
    wanted = text.strip().lower()
    for key, names in UNIT_NAMES.items():
        if wanted in names:
            return key
    raise KeyError(text)


def convert_area(area: float, unit: str, to: str = "m2") -> float:
    """An area in another unit.

    >>> convert_area(616.7273, "ha", "mu")
    9250.9095
    >>> convert_area(15, "mu", "ha")
    1.0
    """
    return float(Fraction(area) * SQUARE_METRES[unit] / SQUARE_METRES[to])


def round_number(value: float | Decimal, decimals: int, *, half: str = "even") -> Decimal:
    """Round by GB/T 8170 (四舍六入五成双), or half up as spreadsheets do.

    Parameters
    ----------
    value : float or Decimal
        A float is taken as it prints, so that 2.675 is two point six seven five.
    decimals : int
        Decimals kept.
    half : {"even", "up"}
        ``"even"`` is GB/T 8170; ``"up"`` is what spreadsheet users expect.

    >>> [str(round_number(x, 2)) for x in (28.175, 28.165, 0.125, 2.675)]
    ['28.18', '28.16', '0.12', '2.68']
    >>> str(round_number(0.125, 2, half="up"))
    '0.13'
    """
    exact = value if isinstance(value, Decimal) else Decimal(str(value))
    mode = ROUND_HALF_EVEN if half == "even" else ROUND_HALF_UP
    rounded = exact.quantize(Decimal(1).scaleb(-decimals), rounding=mode)
    return abs(rounded) if rounded == 0 else rounded


def balance(values: Sequence[float], decimals: int, *, total: float | None = None) -> list[Decimal]:
    """Round so that the printed parts add up to the printed total (强制调平, largest remainder).

    Parameters
    ----------
    values : sequence of float
        The parts, not negative.
    decimals : int
        Decimals printed.
    total : float, optional
        The whole, if it is known otherwise than as the sum of the parts.

    Returns
    -------
    list of Decimal
        In the order given; each differs from the plain rounding by at most one unit of the last digit.

    Notes
    -----
    Keep the unadjusted values in the data: this is for print. 第二次全国土地调查数据库面积汇总统计规定.

    >>> [str(x) for x in balance([1.23449, 4.56748, 7.89047, 3.33346], 2)]
    ['1.24', '4.57', '7.89', '3.33']
    >>> [str(x) for x in balance([3.333333, 3.333333, 3.333334], 2)]
    ['3.33', '3.33', '3.34']
    """
    exact = [Decimal(str(value)) for value in values]
    whole = round_number(sum(exact, Decimal(0)) if total is None else total, decimals)
    unit = Decimal(1).scaleb(-decimals)
    floors = [value.quantize(unit, rounding=ROUND_DOWN) for value in exact]
    missing = int((whole - sum(floors, Decimal(0))) / unit)
    if not 0 <= missing <= len(floors):
        raise ValueError(f"parts {sum(exact)} do not make the total {whole}")
    order = sorted(range(len(exact)), key=lambda i: (floors[i] - exact[i], i))
    for i in order[:missing]:
        floors[i] += unit
    return floors
