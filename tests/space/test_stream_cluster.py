"""A real cluster of processes: the same bytes on 1, 2 and 4 workers, and with one killed in the middle."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely
from shapely import box

from ecospace.crs import StudyCRS
from ecospace.layers import store as stores
from ecospace.layers.store import Store, prepare_store
from ecospace.space.stream import stream_area

distributed = pytest.importorskip("distributed")
# Dask warns about ports in use and about workers that die: here they are meant to.
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]


@pytest.fixture(scope="module")
def towns() -> gpd.GeoDataFrame:
    shapes = [box(500_000 + i * 500, 2_470_000, 500_500 + i * 500, 2_471_000) for i in range(4)]
    return gpd.GeoDataFrame(index=list("abcd"), geometry=shapes, crs=4547)


@pytest.fixture(scope="module")
def store(towns: gpd.GeoDataFrame, tmp_path_factory: pytest.TempPathFactory) -> Store:
    """3 000 parcels in 30 row groups."""
    folder = tmp_path_factory.mktemp("store")
    points = np.random.default_rng(1).uniform(0, 1, (3_000, 2)) * [2_000, 1_000] + [500_000, 2_470_000]
    cells = shapely.get_parts(shapely.voronoi_polygons(shapely.MultiPoint(points), extend_to=towns.union_all()))
    cells = shapely.intersection(cells, towns.union_all())
    kinds = np.resize(np.array(["0101", "0301", "1101"], object), len(cells))
    gpd.GeoDataFrame({"DLBM": kinds}, geometry=cells, crs=4547).to_file(folder / "parcels.gpkg")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stores, "GROUP_ROWS", 100)
        patch.setattr("ecospace.layers.batches.GROUP_ROWS", 100)
        return prepare_store(folder / "parcels.gpkg", folder / "store.parquet", StudyCRS.for_boundary(towns))


def result(store: Store, towns: gpd.GeoDataFrame, **options: Any) -> bytes:
    """The table as bytes: every digit counts."""
    zones = StudyCRS.for_boundary(towns).bring(towns)
    table = stream_area(store, zones, by="DLBM", **options)
    assert table["area_m2"].sum() == pytest.approx(2e6, rel=1e-3)
    return table.to_csv().encode() + table["area_m2"].to_numpy().tobytes()


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_any_number_of_workers_gives_the_same_bytes(store: Store, towns: gpd.GeoDataFrame, workers: int) -> None:
    with distributed.LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=None) as cluster:
        assert result(store, towns, scheduler=cluster.scheduler_address) == result(store, towns)


def test_a_killed_worker_loses_nothing(store: Store, towns: gpd.GeoDataFrame) -> None:
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
    ):
        killed: list[int] = []

        def kill_one(done: int, groups: int) -> None:
            if done == 3 and not killed:
                assert groups == 30
                killed.append(min(client.run(os.getpid).values()))
                os.kill(killed[0], signal.SIGKILL)

        assert result(store, towns, scheduler=client, progress=kill_one) == result(store, towns)
        assert killed and killed[0] not in client.run(os.getpid).values()


def test_when_all_workers_are_killed_the_zones_are_sent_again(store: Store, towns: gpd.GeoDataFrame) -> None:
    with (
        distributed.LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
    ):
        killed: list[int] = []

        def kill(done: int, _groups: int) -> None:
            if done == 2 and not killed:
                killed.extend(client.run(os.getpid).values())
                os.kill(killed[0], signal.SIGKILL)

        assert result(store, towns, scheduler=client, progress=kill) == result(store, towns)
        assert killed


def test_a_missing_cluster_is_said(store: Store, towns: gpd.GeoDataFrame, tmp_path: Path) -> None:
    with pytest.raises((OSError, TimeoutError)):
        result(store, towns, scheduler=distributed.Client("tcp://127.0.0.1:1", timeout=0.5))
