"""ProtConn and its fractions: by hand, by a second way on generated networks, and against the sums of published tables."""

from __future__ import annotations

from itertools import pairwise, permutations
from math import exp, log, sqrt

import geopandas
import numpy as np
import pandas as pd
import pytest
from shapely import Point, box

from ecospace.space.network import Dispersal
from ecospace.space.protconn import connected_shares, protected_connected
from tests.space.grids import ZONE

MEDIAN = Dispersal(1000, 0.5)


def squares(*corners: tuple[float, float, float]) -> geopandas.GeoDataFrame:
    """Squares by (x, y, side)."""
    return geopandas.GeoDataFrame(geometry=[box(x, y, x + side, y + side) for x, y, side in corners], crs=ZONE)


def test_two_reserves_by_hand() -> None:
    # A region of 10 km × 10 km with two reserves of 1 km² that lie 1000 m apart.
    found = protected_connected(squares((0, 0, 1000), (2000, 0, 1000)), squares((0, 0, 10_000)), MEDIAN)
    # ΣΣ = 1 + 1 + 2·0.5 = 3 km⁴: EC = √3 km², ProtConn = 1.732 %, Prot = 2 %.
    assert found["prot"] == pytest.approx(0.02)
    assert found["protconn"] == pytest.approx(3**0.5 / 100)
    assert found["relconn"] == pytest.approx(3**0.5 / 2)
    # Without moves over unprotected land EC = √2.
    assert found["by_protected"] == pytest.approx((2 / 3) ** 0.5)
    assert found["by_transboundary"] == 0.0
    assert found["by_unprotected"] == pytest.approx(1 - (2 / 3) ** 0.5)
    assert found.name == "p(1000 m) = 0.5"


def test_ground_counts_once_and_reserves_beyond_the_border_help() -> None:
    region = squares((0, 0, 10_000))
    reserves = squares((0, 0, 1000), (2000, 0, 1000))
    twice = pd.concat([reserves, reserves.iloc[:1]], ignore_index=True)
    assert protected_connected(twice, region, MEDIAN)["prot"] == pytest.approx(0.02)
    # A strip just outside touches both: it joins them wholly and adds no area.
    strip = geopandas.GeoDataFrame(geometry=[box(0, -100, 3000, 0)], crs=ZONE)
    abroad = pd.concat([reserves, strip], ignore_index=True)
    alone = protected_connected(abroad, region, MEDIAN)
    joined = protected_connected(abroad, region, MEDIAN, transboundary_m=500)
    assert alone["protconn"] == pytest.approx(3**0.5 / 100)
    assert (joined["protconn"], joined["prot"]) == (pytest.approx(0.02), pytest.approx(0.02))
    assert joined["transboundary_nodes"] == 1
    # 2 with the strip, √3 without it: what is lost is its fraction.
    assert joined["by_transboundary"] == pytest.approx((2 - 3**0.5) / 2)
    assert joined["by_protected"] == pytest.approx(2**0.5 / 2)


def test_nothing_protected_is_no_fraction() -> None:
    far = geopandas.GeoDataFrame(geometry=[Point(90_000, 90_000).buffer(10)], crs=ZONE)
    found = protected_connected(far, squares((0, 0, 1000)), MEDIAN)
    assert (found["prot"], found["protconn"], found["nodes"]) == (0, 0, 0)
    assert np.isnan(found[["relconn", "by_protected", "by_transboundary", "by_unprotected"]].astype(float)).all()


def every_path(areas: list[float], apart: list[list[float]], count: int, decay: float) -> float:
    """EC by the definition: the best product of probabilities over every path through the first nodes, one by one."""
    total = 0.0
    for i in range(count):
        for j in range(count):
            best = 1.0 if i == j else 0.0
            others = [k for k in range(count) if k not in (i, j)]
            for size in range(len(others) + 1 if i != j else 0):
                for stones in permutations(others, size):
                    way = [i, *stones, j]
                    metres = sum(apart[a][b] for a, b in pairwise(way))
                    best = max(best, exp(-decay * metres))
            total += areas[i] * areas[j] * best
    return sqrt(total)


@pytest.mark.parametrize("seed", range(60))
def test_fractions_by_every_path_of_generated_networks(seed: int) -> None:
    random = np.random.default_rng(seed)
    inside, outside = int(random.integers(1, 5)), int(random.integers(0, 3))
    count = inside + outside
    xy = random.random((count, 2)) * 4000
    apart = np.hypot(*(xy[:, None] - xy[None]).T)
    if seed % 2:  # least costs are no metric: stones shorten ways, some pairs are not joined
        apart = apart * random.lognormal(0, 1, apart.shape)
        apart[random.random(apart.shape) < 0.2] = np.inf
        apart = np.minimum(apart, apart.T)
        np.fill_diagonal(apart, 0.0)
    areas = np.concatenate([random.lognormal(1, 1, inside), np.zeros(outside)])
    mover = Dispersal(float(random.integers(300, 3000)), float(random.choice([0.5, 0.05])))
    found = connected_shares(areas, apart, inside, mover, region_m2=1000.0)

    decay = -log(mover.probability) / mover.distance_m
    whole = every_path(areas.tolist(), apart.tolist(), count, decay)
    alone = every_path(areas.tolist(), apart.tolist(), inside, decay)
    certain = sqrt(sum(area * area for area in areas.tolist()))
    assert found["protconn"] == pytest.approx(whole / 1000, rel=1e-12)
    assert found["by_protected"] == pytest.approx(certain / whole, rel=1e-12)
    assert found["by_transboundary"] == pytest.approx((whole - alone) / whole, rel=1e-9, abs=1e-12)
    fractions = found[["by_protected", "by_transboundary", "by_unprotected"]].astype(float)
    assert fractions.sum() == pytest.approx(1.0, rel=1e-12)
    assert (fractions >= -1e-12).all()
    assert found["prot"] == pytest.approx(found["protconn"] + found["protunconn"], rel=1e-12)
    assert found["protconn"] <= found["prot"] * (1 + 1e-12)


#: EC(PC) and areas in hectares, then what is printed: Prot, ProtConn, ProtUnconn, RelConn in per cent. Makurhini's Spanish manual,
#: chapter ProtConn (first ecoregion of Colombia), and its article ProtConnIndicator (first region of Mexico).
PUBLISHED = [
    (4404760.07, 6321860.45, 17196418.45, 36.7627, 25.6144, 11.1483, 69.6751),
    (130282.77, 278983.74, 3708497.35, 7.5228, 3.5131, 4.0097, 46.6991),
]


@pytest.mark.parametrize("row", PUBLISHED)
def test_published_tables_add_up_as_ours_do(row: tuple[float, ...]) -> None:
    """Eight like patches, each pair as likely joined as the published EC asks for: the printed shares have to follow."""
    equivalent, protected, region, *printed = row
    count, mover = 8, Dispersal(1000, 0.5)
    each = protected / count
    # EC² = a²·(8 + 8·7·p)
    worth = (equivalent**2 / each**2 - count) / (count * (count - 1))
    metres = -log(worth) / mover.decay
    apart = np.full((count, count), metres) - np.diag(np.full(count, metres))
    found = connected_shares(np.full(count, each), apart, count, mover, region_m2=region)
    shares = 100 * found[["prot", "protconn", "protunconn", "relconn"]].astype(float)
    assert shares.tolist() == pytest.approx(printed, abs=1.01e-4)
