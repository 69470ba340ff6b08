"""Certified stores and what streams from them: the same numbers as in memory, and what is refused."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow.parquet as parquet
import pytest
import shapely
from shapely import box

from ecospace.crs import StudyCRS, densified
from ecospace.errors import CRSError, DataError, GeometryError, ReadError, UsageError
from ecospace.layers import store as stores
from ecospace.layers.store import import_store, open_store, prepare_store
from ecospace.space import kernels
from ecospace.space.overlay import cross_area
from ecospace.space.overlay_cells import wkb_of
from ecospace.space.stream import stream_area
from ecospace.space.stream_once import compared_by_zone, covered_by_zone

pytestmark = pytest.mark.usefixtures("engine")


@pytest.fixture
def county() -> gpd.GeoDataFrame:
    """Two towns of 1 km², in a 3-degree zone, indexed by code."""
    shapes = [box(500_000, 2_470_000, 501_000, 2_471_000), box(501_000, 2_470_000, 502_000, 2_471_000)]
    return gpd.GeoDataFrame({"name": ["东镇", "西镇"]}, index=["t1", "t2"], geometry=shapes, crs=4526 + 21)


@pytest.fixture
def parcels(county: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """400 parcels that tile the towns; a few with a hole, in two parts, without a class."""
    points = np.random.default_rng(1).uniform(0, 1, (400, 2)) * [2_000, 1_000] + [500_000, 2_470_000]
    whole = county.union_all()
    cells = shapely.get_parts(shapely.voronoi_polygons(shapely.MultiPoint(points), extend_to=whole))
    cells = shapely.intersection(shapely.set_precision(cells, 1e-4, mode="pointwise"), whole)
    cells[0] = cells[0].difference(cells[0].centroid.buffer(2))
    cells[1] = shapely.MultiPolygon([*shapely.get_parts(cells[1]), box(503_000, 2_470_000, 503_010, 2_470_010)])
    kinds = np.resize(np.array(["0101", "0301", None, "1101"], object), len(cells))
    return gpd.GeoDataFrame({"DLBM": kinds, "TBMJ": shapely.area(cells)}, geometry=cells, crs=county.crs)


@pytest.fixture
def study_crs(county: gpd.GeoDataFrame) -> StudyCRS:
    return StudyCRS.for_boundary(county)


def written(frame: gpd.GeoDataFrame, path: Path) -> Path:
    frame.to_file(path, driver="GPKG") if path.suffix == ".gpkg" else frame.to_parquet(path)
    return path


@pytest.mark.parametrize("suffix", [".gpkg", ".parquet"])
def test_a_certified_store_measures_as_the_frame_does(
    parcels: gpd.GeoDataFrame, county: gpd.GeoDataFrame, study_crs: StudyCRS, tmp_path: Path, suffix: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(stores, "GROUP_ROWS", 90)
    monkeypatch.setattr("ecospace.layers.batches.GROUP_ROWS", 90)
    store = prepare_store(written(parcels, tmp_path / f"parcels{suffix}"), tmp_path / "store.parquet", study_crs)
    assert store.rows == 400 and store.crs == study_crs.crs and len(store.group_bytes()) == 5
    towns = study_crs.bring(county)
    done: list[tuple[int, int]] = []
    table = stream_area(store, towns, by="DLBM", progress=lambda *now: done.append(now))
    expected = cross_area(study_crs.bring(parcels), towns, by="DLBM")
    pd.testing.assert_frame_equal(table, expected, rtol=1e-9, check_dtype=False)
    assert done == [(n, 5) for n in range(1, 6)]
    assert table["area_m2"].sum() == pytest.approx(towns.area.sum() - store_hole(parcels), rel=1e-6)


def store_hole(parcels: gpd.GeoDataFrame) -> float:
    return float(shapely.area(shapely.Polygon(parcels.geometry.iloc[0].interiors[0])))


def test_zones_may_be_stores_and_two(
    parcels: gpd.GeoDataFrame, county: gpd.GeoDataFrame, study_crs: StudyCRS, tmp_path: Path
) -> None:
    line = gpd.GeoDataFrame({"code": ["L"]}, geometry=[box(500_500, 2_470_200, 501_500, 2_470_600)], crs=county.crs)
    towns = county.reset_index(names="code")[["code", "geometry"]]
    kept = {
        name: prepare_store(written(frame, tmp_path / f"{name}.gpkg"), tmp_path / f"{name}.parquet", study_crs)
        for name, frame in {"parcels": parcels, "line": line, "town": towns}.items()
    }
    assert kept["line"].columns[0] == "code"
    table = stream_area(kept["parcels"], {"line": kept["line"], "town": kept["town"]}, by="DLBM")
    frames = {"line": study_crs.bring(line.set_index("code")), "town": study_crs.bring(county)}
    pd.testing.assert_frame_equal(
        table, cross_area(study_crs.bring(parcels), frames, by="DLBM"), rtol=1e-9, check_dtype=False
    )


def test_what_is_not_certified_is_refused(
    parcels: gpd.GeoDataFrame, county: gpd.GeoDataFrame, study_crs: StudyCRS, tmp_path: Path
) -> None:
    plain = written(parcels, tmp_path / "plain.parquet")
    copied = import_store(written(parcels, tmp_path / "parcels.gpkg"), tmp_path / "copied.parquet")
    for store in (open_store(plain), copied):
        with pytest.raises(DataError, match="E-DATA-63"):
            stream_area(store, county)


def test_a_store_changed_after_its_certificate_is_refused(
    parcels: gpd.GeoDataFrame, county: gpd.GeoDataFrame, study_crs: StudyCRS, tmp_path: Path
) -> None:
    store = prepare_store(written(parcels, tmp_path / "p.gpkg"), tmp_path / "store.parquet", study_crs)
    with parquet.ParquetFile(store.path) as file:
        table, said = file.read(), file.metadata.metadata
    with parquet.ParquetWriter(tmp_path / "cut.parquet", table.schema) as writer:
        writer.write_table(table.slice(0, 399))
        writer.add_key_value_metadata({key: value for key, value in said.items() if key != b"ARROW:schema"})
    with pytest.raises(DataError, match=r"E-DATA-64.*399"):
        stream_area(tmp_path / "cut.parquet", study_crs.bring(county))


def test_other_crs_unknown_columns_and_too_little_memory_are_refused(
    parcels: gpd.GeoDataFrame, county: gpd.GeoDataFrame, study_crs: StudyCRS, tmp_path: Path
) -> None:
    store = prepare_store(written(parcels, tmp_path / "p.gpkg"), tmp_path / "store.parquet", study_crs)
    towns = study_crs.bring(county)
    with pytest.raises(CRSError, match="E-CRS-61"):
        stream_area(store, county)
    with pytest.raises(DataError, match=r"E-DATA-60.*DLMC"):
        stream_area(store, towns, by="DLMC")
    with pytest.raises(UsageError, match="E-USE-61"):
        stream_area(store, towns, memory_mb=100)
    with pytest.raises(UsageError, match="E-USE-60"):
        stream_area(store, {})
    with pytest.raises(ReadError, match="E-READ-94"):
        open_store(written(parcels, tmp_path / "q.gpkg"))


def test_invalid_rows_are_repaired_with_a_finding_or_refused_by_number(
    county: gpd.GeoDataFrame, study_crs: StudyCRS, tmp_path: Path
) -> None:
    good = box(500_100, 2_470_100, 500_200, 2_470_200)
    twice = shapely.MultiPolygon([good, box(500_150, 2_470_100, 500_250, 2_470_200)])  # parts overlap: one meaning
    frame = gpd.GeoDataFrame({"DLBM": ["a", "b"]}, geometry=[good, twice], crs=county.crs)
    store = prepare_store(written(frame, tmp_path / "a.gpkg"), tmp_path / "store.parquet", study_crs)
    table = stream_area(store, study_crs.bring(county), by="DLBM")
    assert table["area_m2"].to_numpy() == pytest.approx([10_000, 15_000], rel=1e-3)
    assert store.certificate is not None and store.certificate["findings"][0]["features"] == ["2"]

    bow_tie = shapely.Polygon([(500_000, 2_470_000), (500_100, 2_470_100), (500_100, 2_470_000), (500_000, 2_470_090)])
    frame = gpd.GeoDataFrame({"DLBM": ["a", "b"]}, geometry=[good, bow_tie], crs=county.crs)
    with pytest.raises(GeometryError, match=r"E-GEO-20.*2"):
        prepare_store(written(frame, tmp_path / "b.gpkg"), tmp_path / "never.parquet", study_crs)
    with pytest.raises(GeometryError, match=r"E-GEO-60.*2"):
        frame.geometry = [good, None]
        prepare_store(written(frame, tmp_path / "c.gpkg"), tmp_path / "never.parquet", study_crs)
    assert not (tmp_path / "never.parquet").exists() and not list(tmp_path.glob(".*"))


def test_long_edges_get_vertices_as_the_study_crs_gives_them(county: gpd.GeoDataFrame, engine: str) -> None:
    if engine == "geos":
        pytest.skip("this is about the kernels")
    ring = shapely.Polygon([(0, 0), (1_234.5, 7), (1_250, 999), (3, 49)], [[(200, 300), (260, 300), (230, 333)]])
    shapes = np.array([ring, box(0, 0, 10, 10), shapely.MultiPolygon([box(0, 0, 120, 1), box(200, 0, 250, 50)])])
    expected = densified(shapes, county.crs)
    assert wkb_of(expected).bytes.tobytes() == kernels.densified(wkb_of(shapes), 50.0).bytes.tobytes()


def test_doubtful_shapes_are_left_to_geos(engine: str) -> None:
    if engine == "geos":
        pytest.skip("this is about the kernels")
    rng = np.random.default_rng(5)
    shapes = np.array([shapely.Polygon(rng.integers(0, 8, (n, 2))) for n in rng.integers(3, 9, 3_000)])
    doubtful = kernels.invalid_or_doubtful(wkb_of(shapes))
    sure = np.setdiff1d(np.arange(len(shapes)), doubtful)
    assert shapely.is_valid(shapes[sure]).all() and len(sure) > 300


def test_an_interrupted_preparation_leaves_no_half_file(
    parcels: gpd.GeoDataFrame, study_crs: StudyCRS, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, target = written(parcels, tmp_path / "p.gpkg"), tmp_path / "store.parquet"
    target.write_text("the old file")
    monkeypatch.setattr("ecospace.layers.batches.GROUP_ROWS", 90)
    monkeypatch.setattr(stores, "GROUP_ROWS", 90)
    monkeypatch.setattr("ecospace.layers.certify.require_in_place", _stop)
    with pytest.raises(KeyboardInterrupt):
        prepare_store(source, target, study_crs)
    assert target.read_text() == "the old file" and not list(tmp_path.glob(".*"))


def _stop(*_given: object, **_named: object) -> None:
    raise KeyboardInterrupt


def test_ground_counted_once_from_stores(county: gpd.GeoDataFrame, study_crs: StudyCRS, tmp_path: Path) -> None:
    def store(name: str, shapes: list[shapely.Geometry]) -> stores.Store:
        codes = [f"{name}{number}" for number in range(len(shapes))]
        frame = gpd.GeoDataFrame({"code": codes}, geometry=shapes, crs=county.crs)
        return prepare_store(written(frame, tmp_path / f"{name}.gpkg"), tmp_path / f"{name}.parquet", study_crs)

    towns = store("t", list(county.geometry))
    old = store("old", [box(500_900, 2_470_000, 501_100, 2_470_100), box(500_950, 2_470_000, 501_200, 2_470_100)])
    new = store("new", [box(500_800, 2_470_000, 501_000, 2_470_100)])
    covered = covered_by_zone([old, new], towns)
    assert covered == pytest.approx({"t0": 20_000, "t1": 20_000}, rel=1e-3)
    compared = compared_by_zone(old, new, towns)
    assert compared["t0"] == pytest.approx((0, 10_000, 10_000), rel=1e-3, abs=1e-6)
    assert compared["t1"] == pytest.approx((20_000, 0, 0), rel=1e-3, abs=1e-6)
    assert sum(compared["t0"]) == pytest.approx(covered["t0"], rel=1e-12)
