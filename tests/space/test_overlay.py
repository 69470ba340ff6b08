"""Areas by zone: arithmetic by hand, what is refused, and GEOS pair by pair as the plain way."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely import box

from ecospace.errors import CRSError, DataError, GeometryError, UsageError
from ecospace.space.overlay import compared_area, covered_area, cross_area, cross_pieces, shares
from ecospace.space.overlay_geos import subdivide

CRS = 4547
pytestmark = pytest.mark.usefixtures("engine")


def frame(shapes: list[shapely.Geometry], index: list[str] | None = None, **columns: list[object]) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(columns, index=index, geometry=shapes, crs=CRS)


def rows(table: pd.DataFrame) -> list[list[object]]:
    """The rows of a table, square metres to six decimals: both engines add up in floating point."""
    return table.round(6).values.tolist()


TOWNS = frame([box(0, 0, 100, 100), box(100, 0, 200, 100)], ["440783001", "440783002"])


def test_two_towns_and_a_feature_over_both() -> None:
    land = frame([box(50, 0, 150, 10), box(0, 50, 30, 60)], kind=["wood", "wood"])
    table = cross_area(land, TOWNS, by="kind")
    assert rows(table) == [["440783001", "wood", 800.0], ["440783002", "wood", 500.0]]


def test_overlapping_features_are_each_counted() -> None:
    twice = frame([box(0, 0, 10, 10), box(5, 0, 15, 10)])
    assert cross_area(twice, TOWNS)["area_m2"].round(6).tolist() == [200.0]


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
    assert cross_area(sliver, TOWNS)["area_m2"].round(6).tolist() == [50.0]
    assert cross_pieces(sliver, TOWNS)["area_m2"].round(6).tolist() == [50.0]


def test_a_zone_in_the_hole_of_a_feature() -> None:
    ring = shapely.Polygon(box(-10, -10, 300, 300).exterior, [box(0, 0, 100, 100).exterior.coords])
    assert rows(cross_area(frame([ring]), TOWNS)) == [["440783002", 10_000.0]]


def test_pieces_hold_the_ground_and_the_columns() -> None:
    land = frame([box(50, 0, 150, 10), box(0, 50, 30, 60)], ["a", "b"], kind=["wood", "field"])
    pieces = cross_pieces(land, TOWNS, by="kind")
    assert rows(pieces[["zone", "feature", "kind", "area_m2"]]) == [
        ["440783001", "a", "wood", 500.0],
        ["440783001", "b", "field", 300.0],
        ["440783002", "a", "wood", 500.0],
    ]
    assert pieces.geometry.iloc[2].equals(box(100, 0, 150, 10)) and pieces.crs == CRS


def test_contact_lines_are_taken_out_of_the_pieces() -> None:
    step = shapely.Polygon([(150, 50), (150, 100), (250, 100), (250, 0), (200, 0), (200, 50)])
    piece = cross_pieces(frame([step]), TOWNS).geometry.iloc[0]
    assert piece.geom_type in ("Polygon", "MultiPolygon") and piece.area == 2500


def test_two_layers_of_zones_are_crossed_with_each_other() -> None:
    lines = frame([box(50, 0, 150, 50), box(80, 0, 90, 50)], ["core", "inner"])
    land = frame([box(0, 0, 200, 10), box(0, 10, 200, 100)], kind=["wood", "field"])
    table = cross_area(land, {"line": lines, "town": TOWNS}, by="kind")
    assert rows(table) == [
        ["core", "440783001", "field", 2000.0],
        ["core", "440783001", "wood", 500.0],
        ["core", "440783002", "field", 2000.0],
        ["core", "440783002", "wood", 500.0],
        ["inner", "440783001", "field", 400.0],
        ["inner", "440783001", "wood", 100.0],
    ]
    with pytest.raises(UsageError, match="E-USE-60"):
        cross_area(land, {"a": lines, "b": TOWNS, "c": TOWNS})


def test_overlapping_ground_is_covered_once() -> None:
    parts = frame([box(50, 0, 150, 10), box(60, 0, 160, 10), box(60, 0, 160, 10), box(900, 0, 901, 1)])
    assert covered_area(parts, TOWNS).round(6).to_dict() == {"440783001": 500.0, "440783002": 600.0}


def test_a_park_over_two_towns_is_a_zone_of_its_own_and_once_in_the_city() -> None:
    zones = frame([*TOWNS.geometry, box(90, 0, 120, 100)], [*TOWNS.index, "park"])
    land = frame([box(0, 0, 200, 100)])
    assert covered_area(land, zones).round(6).tolist() == [10_000.0, 10_000.0, 3_000.0]
    assert covered_area(zones, frame([box(0, 0, 200, 100)], ["city"])).round(6).tolist() == [20_000.0]


def test_two_versions_with_overlaps_inside_each() -> None:
    before = frame([box(0, 0, 60, 10), box(50, 0, 70, 10)])
    after = frame([box(20, 0, 110, 10), box(100, 0, 130, 10)])
    assert rows(compared_area(before, after, TOWNS)) == [[200.0, 300.0, 500.0], [0.0, 300.0, 0.0]]


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


def tabulated(features: np.ndarray, zones: np.ndarray) -> np.ndarray:
    """Areas as a full table, features by zones, by the engine in force."""
    feature, places, area_m2 = shares(gpd.GeoDataFrame(geometry=features), [gpd.GeoDataFrame(geometry=zones)])
    table = np.zeros((len(features), len(zones)))
    np.add.at(table, (feature, places[:, 0]), area_m2)
    return table


@settings(max_examples=20, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 10_000), st.sampled_from([8, 200, 3000]), st.sampled_from([8, 200, 3000]))
def test_equals_the_plain_overlay_pair_by_pair(engine: str, seed: int, left: int, right: int) -> None:
    features, zones = jagged(seed, 12, left), jagged(seed + 1, 6, right)
    plain = shapely.area(shapely.intersection(features[:, None], zones[None, :]))
    np.testing.assert_allclose(tabulated(features, zones), plain, rtol=1e-9, atol=1e-6)
