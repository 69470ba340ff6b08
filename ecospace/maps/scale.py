"""The scale of a figure (比例尺): from the usual list, the largest at which the ground fits the frame."""

from __future__ import annotations

import math

from ecospace.errors import MapError
from ecospace.language import _
from ecospace.terms import standard


def usual_scales() -> list[int]:
    """Denominators of ``standards/scales.toml``, ascending."""
    return sorted(standard("scales")["denominators"])


def usual_scale(width_m: float, height_m: float, frame_width_mm: float, frame_height_mm: float) -> int:
    """The denominator of the largest usual scale at which the ground fits into a frame.

    Parameters
    ----------
    width_m, height_m : float
        Extent of the ground, metres in the plane of the drawing.
    frame_width_mm, frame_height_mm : float
        The room for it on paper, millimetres.

    Raises
    ------
    MapError
        E-MAP-30 where even the smallest usual scale is too large.

    Examples
    --------
    A city of 60 × 50 km needs 1:208 333 in a frame of 380 × 240 mm (standards.md 5.1).

    >>> usual_scale(60_000, 50_000, 380, 240)
    250000
    """
    needed = max(width_m / frame_width_mm, height_m / frame_height_mm) * 1000
    for denominator in usual_scales():
        if denominator >= needed * (1 - 1e-9):
            return denominator
    text = _("The area of {width:.0f} × {height:.0f} km fits the sheet at no usual scale.").format(
        width=width_m / 1000, height=height_m / 1000
    )
    raise MapError("E-MAP-30", text, cure=_("Take a larger sheet, or give scale= yourself."))


def round_step(ground_m: float, factors: tuple[float, ...] = (1, 2, 5)) -> float:
    """The largest of `factors` × 10ⁿ metres that is not longer than a length: the step of grids and scale bars.

    >>> [round_step(x) for x in (999, 1000, 4999, 70_000)]
    [500.0, 1000.0, 2000.0, 50000.0]
    """
    power = 10.0 ** math.floor(math.log10(ground_m * (1 + 1e-12)))
    return max(factor * power for factor in factors if factor * power <= ground_m * (1 + 1e-12))


def scale_text(denominator: int) -> str:
    """A scale as it is printed.

    >>> scale_text(150_000)
    '1:150 000'
    """
    return f"1:{denominator:,}".replace(",", " ")
