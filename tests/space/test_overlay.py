"""Areas by zone: arithmetic by hand, what is refused, and GEOS pair by pair as the plain way."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import box

from ecospace.errors import CRSError, DataError, GeometryError
from ecospace.space.overlay import cross_area, cross_pieces
from ecospace.space.overlay_geos import pair_areas, subdivide

CRS = 4547


def frame(shapes: list[shapely.Geometry], index: list[str] | None = None, **columns: list[object]) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(columns, index=index, geometry=shapes, crs=CRS)


TOWNS = frame([box(0, 0, 100, 100), box(100, 0, 200, 100)], ["440783001", "440783002"])


def test_two_towns_and_a_feature_over_both() -> None:
    land = frame([box(50, 0, 150, 10), box(0, 50, 30, 60)], kind=["wood", "wood"])
    table = cross_area(land, TOWNS, by="kind")
    assert table.values.tolist() == [["440783001", "wood", 800.0], ["440783002", "wood", 500.0]]


def test_overlapping_features_are_each_counted() -> None:
    twice = frame([box(0, 0, 10, 10), box(5, 0, 15, 10)])
    assert cross_area(twice, TOWNS)["area_m2"].tolist() == [200.0]


def test_the_order_of_the_zones_is_kept() -> None:
    land = frame([box(0, 0, 200, 100)])
    assert cross_area(land, TOWNS.iloc[::-1])["zone"].tolist() == ["440783002", "440783001"]


def test_missing_class_is_a_class_of_its_own() -> None:
    land = frame([box(0, 0, 10, 10), box(20, 0, 30, 10)], kind=[None, "wood"])
    table = cross_area(land, TOWNS, by=["kind"])
    assert table["area_m2"].sum() == 200 and table["kind"].isna().sum() == 1


def test_a_shared_edge_is_no_overlap() -> None:
    assert cross_area(frame([box(-50, 0, 0, 100)]), TOWNS).empty
    assert cross_pieces(frame([box(-50, 0, 0, 100)]), TOWNS).empty


def test_half_a_metre_of_overlap_is_kept() -> None:
    sliver = frame([box(199.5, 0, 300, 100)])
    assert cross_area(sliver, TOWNS)["area_m2"].tolist() == [50.0]
    assert cross_pieces(sliver, TOWNS)["area_m2"].tolist() == [50.0]


def test_a_zone_in_the_hole_of_a_feature() -> None:
    ring = shapely.Polygon(box(-10, -10, 300, 300).exterior, [box(0, 0, 100, 100).exterior.coords])
    assert cross_area(frame([ring]), TOWNS).values.tolist() == [["440783002", 10_000.0]]


def test_pieces_hold_the_ground_and_the_columns() -> None:
    land = frame([box(50, 0, 150, 10), box(0, 50, 30, 60)], ["a", "b"], kind=["wood", "field"])
    pieces = cross_pieces(land, TOWNS, by="kind")
    assert pieces[["zone", "feature", "kind", "area_m2"]].values.tolist() == [
        ["440783001", "a", "wood", 500.0],
        ["440783001", "b", "field", 300.0],
        ["440783002", "a", "wood", 500.0],
    ]
    assert pieces.geometry.iloc[2].equals(box(100, 0, 150, 10)) and pieces.crs == CRS


def test_contact_lines_are_taken_out_of_the_pieces() -> None:
    step = shapely.Polygon([(150, 50), (150, 100), (250, 100), (250, 0), (200, 0), (200, 50)])
    piece = cross_pieces(frame([step]), TOWNS).geometry.iloc[0]
    assert piece.geom_type in ("Polygon", "MultiPolygon") and piece.area == 2500


@pytest.mark.parametrize("wrong", [None, shapely.Polygon(), shapely.Point(1, 1), shapely.LineString([(0, 0), (1, 1)])])
def test_what_is_no_polygon_is_refused_by_id(wrong: object) -> None:
    with pytest.raises(GeometryError, match=r"E-GEO-60.*second"):
        cross_area(frame([box(0, 0, 1, 1), wrong], ["first", "second"]), TOWNS)


def test_invalid_is_refused_by_id_on_both_sides() -> None:
    bow_tie = shapely.Polygon([(0, 0), (10, 10), (10, 0), (0, 10)])
    with pytest.raises(GeometryError, match=r"E-GEO-61.*tie"):
        cross_area(frame([bow_tie], ["tie"]), TOWNS)
    with pytest.raises(GeometryError, match=r"E-GEO-61.*tie"):
        cross_area(TOWNS, frame([bow_tie], ["tie"]))


def test_other_crs_degrees_and_missing_columns_are_refused() -> None:
    land = frame([box(0, 0, 1, 1)])
    with pytest.raises(CRSError):
        cross_area(land.set_crs(4526, allow_override=True), TOWNS)
    with pytest.raises(CRSError):
        cross_area(land.set_crs(4490, allow_override=True), TOWNS.set_crs(4490, allow_override=True))
    with pytest.raises(DataError, match=r"E-DATA-60.*DLBM"):
        cross_area(land, TOWNS, by="DLBM")
    with pytest.raises(DataError, match=r"E-DATA-61.*440783001"):
        cross_area(land, TOWNS.iloc[[0, 0]])


def jagged(seed: int, count: int, vertices: int) -> np.ndarray:
    """Valid polygons with many vertices and a hole, overlapping one another."""
    rng = np.random.default_rng(seed)
    angle = np.linspace(0, 2 * np.pi, vertices, endpoint=False)
    shapes = []
    for x, y in rng.uniform(0, 1000, (count, 2)):
        radius = rng.uniform(50, 200) * (1 + rng.uniform(-1, 1, vertices) * min(0.3, 20 / vertices))
        ring = np.column_stack([x + radius * np.cos(angle), y + radius * np.sin(angle)])
        shapes.append(shapely.Polygon(ring, [shapely.Point(x, y).buffer(20).exterior.coords]))
    return np.array(shapes)


def test_cutting_keeps_every_square_metre() -> None:
    shapes = jagged(1, 5, 3000)
    pieces, origin = subdivide(shapes, 96)
    assert shapely.get_num_coordinates(pieces).max() <= 96
    np.testing.assert_allclose(np.bincount(origin, shapely.area(pieces)), shapely.area(shapes), rtol=1e-12)


@settings(max_examples=15, deadline=None, derandomize=True)
@given(st.integers(0, 10_000), st.sampled_from([8, 200, 3000]), st.sampled_from([8, 200, 3000]))
def test_equals_the_plain_overlay_pair_by_pair(seed: int, left: int, right: int) -> None:
    features, zones = jagged(seed, 12, left), jagged(seed + 1, 6, right)
    feature, zone, area_m2 = pair_areas(features, zones)
    table = np.zeros((12, 6))
    np.add.at(table, (feature, zone), area_m2)
    plain = shapely.area(shapely.intersection(features[:, None], zones[None, :]))
    np.testing.assert_allclose(table, plain, rtol=1e-9, atol=1e-6)
