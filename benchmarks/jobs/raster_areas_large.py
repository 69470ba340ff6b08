"""Class areas of a raster by township, 12000 x 12000 cells, exact on the edges."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.harness import Bar
from benchmarks.jobs import raster_areas

if TYPE_CHECKING:
    from benchmarks.harness import Data


def ecospace(data: Data) -> dict[str, float]:
    return raster_areas.ecospace(data, 12_000)


def exactextract(data: Data) -> dict[str, float]:
    return raster_areas.exactextract(data, 12_000)


def exactextract_by_raster(data: Data) -> dict[str, float]:
    return raster_areas.exactextract(data, 12_000, "raster-sequential")


OURS = {"ecospace": ecospace}
PEERS = {"exactextract, by feature": exactextract, "exactextract, by raster": exactextract_by_raster}
BARS = [Bar("wall", 1 / 3, against="exactextract"), Bar("memory", 1.2, against="exactextract")]
