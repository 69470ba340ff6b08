"""Coded shapes: nothing lost, nothing moved farther than printed, no gap along a shared border."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from ecospace.errors import MapError
from ecospace.maps.encode import UNITS_PER_METRE, decode, encode, ground, screen, unvariable, unzigzag, variable, zigzag

EAST, NORTH = 38_500_000.0, 2_500_000.0  # in EPSG:4526, zone 38; about 22.6°N


def parcels(size: int = 8, jitter: float = 6.0, corners: int = 6) -> gpd.GeoDataFrame:
    """A coverage of wobbly squares of 100 m, borders shared vertex for vertex."""
    generator = np.random.default_rng(5)
    along = {}

    def border(a: tuple[int, int], b: tuple[int, int]) -> np.ndarray:
        if (b, a) in along:
            return along[b, a][::-1]
        if (a, b) not in along:
            share = np.linspace(0, 1, corners)[:, None]
            line = np.array(a) * 100.0 * (1 - share) + np.array(b) * 100.0 * share
            line[1:-1] += generator.uniform(-jitter, jitter, (corners - 2, 2))
            along[a, b] = line
        return along[a, b]

    shapes = []
    for i in range(size):
        for j in range(size):
            corner = [(i, j), (i + 1, j), (i + 1, j + 1), (i, j + 1), (i, j)]
            ring = np.concatenate([border(a, b)[:-1] for a, b in pairwise(corner)])
            shapes.append(shapely.polygons(ring + np.array([EAST, NORTH])))
    return gpd.GeoDataFrame({"name": [f"p{i}" for i in range(len(shapes))]}, geometry=shapes, crs="EPSG:4526")


def on_screen(frame: gpd.GeoDataFrame) -> np.ndarray:
    degrees = frame.geometry.to_crs(4490).to_numpy()
    return shapely.transform(degrees, lambda xy: screen(xy[:, 0], xy[:, 1]))


def metres(units: float, latitude: float = 22.6) -> float:
    return units / UNITS_PER_METRE * np.cos(np.radians(latitude))


@given(st.lists(st.integers(-(2**31) + 1, 2**31 - 1), min_size=1))
def test_numbers_of_variable_length_come_back(numbers: list[int]) -> None:
    given_ = np.array(numbers, dtype=np.int64)
    assert (unzigzag(unvariable(variable(zigzag(given_)))) == given_).all()


@given(st.floats(70, 140), st.floats(3, 54))
def test_the_screen_gives_the_place_back(longitude: float, latitude: float) -> None:
    back = ground(screen(np.array([longitude]), np.array([latitude])))
    assert back[0] == pytest.approx([longitude, latitude], abs=1e-9)


def test_every_vertex_is_kept_where_asked() -> None:
    frame = parcels()
    drawn = decode(encode(frame, tolerance_m=0))
    moved = shapely.hausdorff_distance(on_screen(frame), drawn)
    assert moved.max() <= np.sqrt(0.5) + 1e-6  # rounded to whole units of 0.07 m, no more


def test_a_border_is_stored_once_and_stays_gap_free() -> None:
    frame = parcels()
    coded = encode(frame, tolerance_m=1.0)
    # 8 x 8 squares have 2 * 8 * 9 = 144 borders; the outer ones join at the corners where nobody else meets them.
    assert 100 < coded.counts["arcs"] <= 144
    drawn = decode(coded)
    assert shapely.is_valid(drawn).all()
    assert shapely.coverage_is_valid(drawn)
    assert shapely.area(drawn).sum() == pytest.approx(shapely.union_all(drawn).area, rel=1e-12)


@pytest.mark.parametrize("tolerance_m", [0.0, 0.3, 1.0, 5.0])
def test_no_border_is_farther_from_its_place_than_the_page_says(tolerance_m: float) -> None:
    frame = parcels(corners=40, jitter=2.0)
    coded = encode(frame, tolerance_m=tolerance_m)
    moved = metres(shapely.hausdorff_distance(on_screen(frame), decode(coded), densify=0.05).max())
    assert moved <= coded.displacement_m
    assert coded.displacement_m <= tolerance_m + 0.06
    if tolerance_m >= 1:
        assert coded.counts["vertices"] < 0.8 * coded.vertices_given / 2  # and it does simplify


def test_nothing_vanishes_however_small() -> None:
    small = [
        shapely.box(EAST + 100 * i, NORTH, EAST + 100 * i + size, NORTH + size)
        for i, size in enumerate([1e-4, 0.02, 0.5, 50])
    ]
    strip = shapely.box(
        EAST, NORTH + 100, EAST + 200, NORTH + 100.0004
    )  # 0.4 mm x 200 m: a site that touches a red line
    frame = gpd.GeoDataFrame(geometry=[*small, strip], crs="EPSG:4526")
    coded = encode(frame, tolerance_m=0.5)
    assert coded.counts["features"] == 5
    assert unvariable(coded.stream)[-5:].tolist() == [1] * 5
    left, _bottom, right, _top = shapely.bounds(
        shapely.linestrings(_vertices_of(coded)[-3:])  # the strip is stored last
    )
    assert metres(right - left) == pytest.approx(200, abs=0.2)


def _vertices_of(coded) -> np.ndarray:
    numbers = unvariable(coded.stream)
    arcs, vertices = coded.counts["arcs"], coded.counts["vertices"]
    x, y = (np.cumsum(unzigzag(numbers[arcs + i * vertices : arcs + (i + 1) * vertices])) for i in (0, 1))
    return np.column_stack([x, y]).astype(float)


def test_islands_holes_and_parts_come_back() -> None:
    hole = shapely.box(EAST + 30, NORTH + 30, EAST + 60, NORTH + 60)
    ring = shapely.difference(shapely.box(EAST, NORTH, EAST + 100, NORTH + 100), hole)
    both = shapely.union(ring, shapely.box(EAST + 200, NORTH, EAST + 250, NORTH + 50))
    frame = gpd.GeoDataFrame(geometry=[both, hole], crs="EPSG:4526")
    coded = encode(frame, tolerance_m=0)
    assert coded.counts["arcs"] == 3  # the outer ring, the island in the hole and the hole share one, the second part
    drawn = decode(coded)
    expected = on_screen(frame)
    assert shapely.area(drawn) == pytest.approx(shapely.area(expected), rel=5e-3)
    assert shapely.get_num_geometries(drawn[0]) == 2


def test_overlapping_polygons_are_coded_as_well() -> None:
    frame = gpd.GeoDataFrame(
        geometry=[
            shapely.box(EAST, NORTH, EAST + 100, NORTH + 100),
            shapely.box(EAST + 50, NORTH, EAST + 150, NORTH + 100),
        ],
        crs="EPSG:4526",
    )
    drawn = decode(encode(frame, tolerance_m=0))
    assert shapely.area(shapely.intersection(*drawn)) == pytest.approx(shapely.area(drawn[0]) / 2, rel=0.01)


@pytest.mark.parametrize("kind", ["line", "point"])
def test_lines_and_points(kind: str) -> None:
    line = shapely.linestrings([(EAST, NORTH), (EAST + 1000, NORTH), (EAST + 1000, NORTH + 500)])
    shape = line if kind == "line" else shapely.points(EAST, NORTH)
    coded = encode(gpd.GeoDataFrame(geometry=[shape], crs="EPSG:4526"), tolerance_m=0.3)
    assert coded.shape == kind
    assert shapely.hausdorff_distance(decode(coded)[0], on_screen(gpd.GeoDataFrame(geometry=[shape], crs=4526))[0]) < 1


def test_a_long_straight_edge_is_drawn_where_it_lies() -> None:
    # Straight in zone 38, 60 km: on the screen's projection the chord of its ends would be tens of metres beside it.
    edge = shapely.linestrings([(EAST - 30_000, 4_000_000), (EAST + 30_000, 4_000_000)])
    frame = gpd.GeoDataFrame(geometry=[edge], crs="EPSG:4526")
    dense = on_screen(frame.set_geometry(frame.segmentize(50)))
    drawn = decode(encode(frame, tolerance_m=0.3))
    assert metres(shapely.hausdorff_distance(dense, drawn)[0], 36) < 0.5


def test_a_coarse_grid_hides_the_place_and_says_so() -> None:
    frame = parcels(size=2)
    coded = encode(frame, tolerance_m=0, coarse_degrees=1e-4)
    degrees = ground(_vertices_of(coded))
    assert np.abs(degrees - np.round(degrees, 4)).max() < 1e-6
    assert coded.displacement_m > 7


def test_empty_and_mixed_shapes_are_named() -> None:
    frame = gpd.GeoDataFrame(
        geometry=[shapely.box(0, 0, 1, 1), shapely.Point(1, 1), None, shapely.box(2, 2, 3, 3)],
        crs=4490,
        index=list("abcd"),
    )
    with pytest.raises(MapError, match="E-MAP-40") as caught:
        encode(frame)
    assert caught.value.features == ("b", "c")


def test_the_same_layer_gives_the_same_bytes() -> None:
    assert encode(parcels()).packed() == encode(parcels()).packed()


@pytest.mark.data
@pytest.mark.parametrize(
    ("file", "layer"),
    [
        ("guangdong_admin/guangdong_tianditu_cgcs2000.gpkg", "district"),
        ("aachen/aachen.gpkg", "natura2000"),
        ("taiwan_water_zones/taiwan_water_source_plans.gpkg", "H0306_shimen"),
    ],
)
def test_real_layers_are_drawn_where_they_lie(data: Path, file: str, layer: str) -> None:
    frame = gpd.read_file(data / file, layer=layer)
    coded = encode(frame, tolerance_m=0.5)
    degrees = frame.geometry.to_crs(frame.crs.geodetic_crs).to_numpy()
    there = shapely.transform(degrees, lambda xy: screen(xy[:, 0], xy[:, 1]))
    drawn = decode(coded)
    latitude = np.abs(frame.geometry.to_crs(frame.crs.geodetic_crs).bounds[["miny", "maxy"]].to_numpy()).min()
    moved = metres(shapely.hausdorff_distance(there, drawn).max(), latitude)
    assert 0 < moved <= coded.displacement_m
    # A border of length L that moves by d changes an area by L * d at most.
    change = np.abs(shapely.area(drawn) - shapely.area(there))
    assert (change <= shapely.length(there) * coded.displacement_m * UNITS_PER_METRE / np.cos(np.radians(60)) + 1).all()
