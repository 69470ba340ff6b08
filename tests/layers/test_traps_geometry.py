"""The geometry traps of the trust study (tB): the right number, or an error that names the feature."""

from __future__ import annotations

import json
import math
import warnings
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
import shapely.affinity
from pyproj import CRS

from ecospace.check.verdict import Level
from ecospace.crs import brought, gauss_zone
from ecospace.errors import EcospaceError, GeometryError, ReadError
from ecospace.layers.contract import check_contract
from ecospace.layers.layer import Layer
from ecospace.layers.read import read_layer
from ecospace.layers.repair import mend, repair
from ecospace.layers.text import match_key
from ecospace.space.overlay import covered_area, cross_area, cross_pieces

from ..check import county
from .formats.shapefiles import EAST, NORTH, square, write_shapefile

BOX = shapely.box(0, 0, 100, 100)
METRES = gauss_zone(114)


def frame_of(*shapes: object, ids: list[str] | None = None) -> gpd.GeoDataFrame:
    names = ids or [f"p{number + 1}" for number in range(len(shapes))]
    return gpd.GeoDataFrame({"n": range(len(shapes))}, geometry=list(shapes), index=names, crs=METRES)


def saved(path: Path, *shapes: object) -> Path:
    """A GeoPackage of shapes at a real place."""
    placed = [shape if shape is None else shapely.affinity.translate(shape, EAST, NORTH) for shape in shapes]
    frame = gpd.GeoDataFrame({"n": range(len(shapes))}, geometry=placed, crs=METRES)
    frame.to_file(path, driver="GPKG", engine="pyogrio")
    return path


def test_tB01_a_bow_tie_stops_with_both_areas_and_is_repaired_when_allowed() -> None:
    bow_tie = shapely.Polygon([(0, 0), (100, 100), (100, 0), (0, 100)])  # drawn area 0, two lobes of 2 500
    with pytest.raises(GeometryError, match=r"p1.*0\.0000.*5000\.0000") as caught:
        repair(frame_of(bow_tie))
    assert caught.value.features == ("p1",)

    kept, (finding,) = repair(frame_of(bow_tie), "all")
    assert kept.area.sum() == 5_000
    assert (finding.area_before_m2, finding.area_after_m2) == (0, 5_000)


def test_tB02_parts_that_overlap_are_one_ground() -> None:
    parts = shapely.MultiPolygon([shapely.box(0, 0, 10, 10), shapely.box(5, 0, 15, 10)])
    kept, (finding,) = repair(frame_of(parts))
    assert kept.area.sum() == 150
    assert (finding.area_before_m2, finding.area_after_m2) == (200, 150)
    assert kept.geometry.iloc[0].intersection(shapely.box(6, 1, 9, 4)).area == 9  # a site in the overlap


def test_tB03_a_part_inside_a_part_is_no_hole() -> None:
    parts = shapely.MultiPolygon([BOX, shapely.box(20, 20, 60, 60)])
    kept, _findings = repair(frame_of(parts))
    assert kept.area.sum() == 10_000
    site = shapely.box(30, 30, 40, 40)
    assert cross_area(frame_of(site), kept.assign(name="x"))["area_m2"].sum() == 100


@pytest.mark.parametrize(
    ("hole", "before", "code"),
    [(shapely.box(200, 0, 250, 50), 7_500, "E-GEO-24"), (shapely.box(-50, -50, 150, 150), -30_000, "E-GEO-25")],
)
def test_tB04_a_hole_outside_or_around_its_shell_is_refused(hole: shapely.Polygon, before: float, code: str) -> None:
    shape = shapely.Polygon(BOX.exterior, [hole.exterior])
    with pytest.raises(GeometryError) as caught:
        repair(frame_of(shape))
    assert caught.value.features == ("p1",)
    kept, (finding,) = repair(frame_of(shape), leave_out=True)
    assert len(kept) == 0
    assert (finding.code, finding.area_before_m2) == (code, before)


def test_tB05_doubled_parts_count_once_and_a_hole_like_its_shell_is_refused() -> None:
    kept, (finding,) = repair(frame_of(shapely.MultiPolygon([BOX, BOX.reverse()])))
    assert kept.area.sum() == 10_000
    assert (finding.area_before_m2, finding.area_after_m2) == (20_000, 10_000)
    with pytest.raises(GeometryError):
        repair(frame_of(shapely.Polygon(BOX.exterior, [BOX.exterior])), "all")


def test_tB06_a_spike_goes_and_the_feature_stays() -> None:
    spike = shapely.Polygon([(0, 0), (100, 0), (100, 50), (5_000, 50), (100, 50), (100, 100), (0, 100)])
    kept, (finding,) = repair(frame_of(spike))
    assert kept.geometry.iloc[0].equals(BOX)
    assert finding.level == "note"
    assert not kept.intersects(shapely.box(4_000, 0, 4_100, 100)).any()


def test_tB07_a_mixed_intersection_loses_no_ground() -> None:
    zone = shapely.Polygon([(0, 0), (100, 0), (100, 100), (50, 100), (50, 40), (0, 40)])
    site = shapely.box(0, 40, 60, 60)  # touches the zone along a line, overlaps it in 10 × 20
    assert shapely.intersection(zone, site).geom_type == "GeometryCollection"
    zones = frame_of(zone).assign(name="z")
    assert cross_area(frame_of(site), zones)["area_m2"].sum() == 200
    assert cross_pieces(frame_of(site), zones).area.sum() == 200

    kept, findings = repair(frame_of(shapely.GeometryCollection([shapely.LineString([(0, 0), (1, 1)]), BOX])))
    assert kept.area.sum() == 10_000
    assert [finding.code for finding in findings] == ["F-GEO-22"]


def test_tB08_arcs_keep_their_area(tmp_path: Path) -> None:
    path = circle(tmp_path / "circle.gpkg", radius=1_000)
    layer = read_layer(path)
    assert layer.frame.area.sum() == pytest.approx(math.pi * 1_000**2, rel=1e-6)
    assert "F-READ-60" in [finding.code for finding in layer.findings]


def circle(path: Path, radius: float) -> Path:
    """A GeoPackage whose one shape is a true circle: a CurvePolygon of a CircularString."""
    import sqlite3
    import struct

    saved(path, shapely.box(-radius, -radius, radius, radius))
    points = [(-radius, 0), (0, radius), (radius, 0), (0, -radius), (-radius, 0)]
    ring = struct.pack("<BII", 1, 8, 5) + b"".join(struct.pack("<2d", EAST + x, NORTH + y) for x, y in points)
    shape = struct.pack("<BII", 1, 10, 1) + ring
    with sqlite3.connect(path) as base:
        (name,) = base.execute("SELECT table_name FROM gpkg_contents").fetchone()
        (srs,) = base.execute("SELECT srs_id FROM gpkg_contents").fetchone()
        triggers = [row[0] for row in base.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")]
        for trigger in triggers:  # they call functions that only GDAL has
            base.execute(f'DROP TRIGGER "{trigger}"')
        base.execute(f'UPDATE "{name}" SET geom = ?', (b"GP\x00\x01" + struct.pack("<i", srs) + shape,))
    base.close()
    return path


def test_tB09_null_and_empty_shapes_stop_by_id(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.gpkg", BOX, None, shapely.Polygon())
    with pytest.raises(GeometryError) as caught:
        read_layer(path)
    assert set(caught.value.features) == {"2", "3"}
    left = read_layer(path, on_error="leave out")
    assert list(left.frame.index) == ["1"]
    assert {feature for finding in left.findings if finding.level == "error" for feature in finding.features} == {
        "2",
        "3",
    }


def test_tB09_a_layer_with_features_left_out_judges_no_site(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.gpkg", BOX, None)
    red = read_layer(path, on_error="leave out", key="eco_redline", role="eco_redline")
    far = gpd.GeoSeries([shapely.box(EAST + 5_000, NORTH, EAST + 5_100, NORTH + 100)], crs=METRES)
    edge = shapely.box(EAST - 9_000, NORTH - 9_000, EAST + 9_000, NORTH + 9_000)
    checker = county.county(county.layer([edge], "boundary"), red)
    (result,) = checker.check(county.sites(far.iloc[0]))
    assert result.level is Level.UNDECIDED


def test_tB10_ground_that_several_shapes_cover_counts_once() -> None:
    shapes = frame_of(shapely.box(0, 0, 60, 100), shapely.box(30, 0, 90, 100), shapely.box(30, 0, 90, 100))
    zones = frame_of(BOX, ids=["z"])
    assert covered_area(shapes, zones).to_dict() == {"z": 9_000.0}
    contract = check_contract(Layer(shapes, Path("a.gpkg"), role="eco_redline"), shapes)
    assert (contract.facts["sum_m2"], contract.facts["union_m2"]) == (18_000, 9_000)
    assert {"F-DATA-36", "F-DATA-38"} <= {finding.code for finding in contract.findings}


def test_tB11_tB23_neighbours_stay_neighbours_after_a_transform() -> None:
    left = shapely.box(113.00, 23.00, 113.10, 23.10)
    # The right one has another vertex in the middle of the shared 11 km edge.
    right = shapely.Polygon([(113.10, 23.00), (113.20, 23.00), (113.20, 23.10), (113.10, 23.10), (113.10, 23.05)])
    moved = brought(gpd.GeoDataFrame(geometry=[left, right], crs="EPSG:4490"), gauss_zone(114))
    overlap = moved.geometry.iloc[0].intersection(moved.geometry.iloc[1]).area
    assert overlap / 11_000 < 1e-5  # mean width of the false overlap, in metres


def test_tB12_a_thin_overlap_is_not_rounded_away() -> None:
    strip = frame_of(shapely.box(0, 0, 10_000, 0.0004))  # 0.4 mm × 10 km
    assert cross_area(strip, frame_of(shapely.box(0, 0, 10_000, 10_000)).assign(name="z"))[
        "area_m2"
    ].sum() == pytest.approx(4)


def test_tB13_an_overlap_without_area_is_still_an_overlap() -> None:
    red = county.box(0, 0, 1_000, 1_000)
    # One representable step into the red line, which the area of the intersection cannot hold.
    inside = np.nextafter(county.X, np.inf)
    site = shapely.Polygon([(inside, county.Y + 500), (county.X - 50, county.Y + 450), (county.X - 50, county.Y + 550)])
    assert site.intersection(red).area < 1e-6
    (result,) = county.county(county.layer([red])).check(county.sites(site))
    assert result.level in (Level.PROHIBITED, Level.RESTRICTED)


def test_tB14_keys_are_compared_in_one_form() -> None:
    variants = ["大沙镇", " 大沙镇", "大沙镇　", "大沙镇 "]
    assert len({match_key(name) for name in variants}) == 1
    land = frame_of(BOX, shapely.box(100, 0, 200, 100), shapely.box(200, 0, 300, 100)).assign(kind=["a", None, "b"])
    table = cross_area(land, frame_of(shapely.box(0, 0, 300, 100)).assign(name="z"), by="kind")
    assert table["area_m2"].sum() == pytest.approx(30_000)  # the row without a kind is there


def test_tB15_an_invalid_operand_is_refused_before_an_overlay() -> None:
    bow_tie = shapely.Polygon([(0, 0), (100, 100), (100, 0), (0, 100)])
    with pytest.raises(EcospaceError):
        cross_area(frame_of(bow_tie), frame_of(BOX).assign(name="z"))


def test_tB16_prefixed_eastings_add_up() -> None:
    rng = np.random.default_rng(5)
    base = np.array([38_480_000.0, 2_540_000.0])
    for _number in range(50):
        site = shapely.convex_hull(shapely.MultiPoint(base + rng.random((12, 2)) * 500))
        red = shapely.convex_hull(shapely.MultiPoint(base + rng.random((12, 2)) * 500))
        inside, outside = site.intersection(red).area, site.difference(red).area
        assert inside + outside == pytest.approx(site.area, rel=1e-9)


class TestRingsOfShapefiles:
    """tB17: the turn of a ring says whether it is a hole, and files get it wrong."""

    def test_tB17_a_hole_that_runs_right_is_cut(self, tmp_path: Path) -> None:
        path = write_shapefile(tmp_path / "a.shp", [[square(), square(40, 40, 20, clockwise=False)]])
        assert read_layer(path).frame.area.sum() == 9_600

    def test_tB17_a_hole_that_runs_the_wrong_way_has_two_meanings(self, tmp_path: Path) -> None:
        path = write_shapefile(tmp_path / "a.shp", [[square(300)], [square(), square(40, 40, 20)]])
        with pytest.raises(ReadError, match=r"9600\.0000.*10000\.0000") as caught:
            read_layer(path)
        assert caught.value.features == ("2",)

    def test_tB17_a_shape_wholly_turned_round_is_the_same_shape(self, tmp_path: Path) -> None:
        path = write_shapefile(tmp_path / "a.shp", [[square(clockwise=False), square(40, 40, 20)]])
        layer = read_layer(path)
        assert layer.frame.area.sum() == 9_600
        assert "F-READ-39" in [finding.code for finding in layer.findings]

    def test_tB17_shells_that_overlap_are_one_ground(self, tmp_path: Path) -> None:
        path = write_shapefile(tmp_path / "a.shp", [[square(), square(50)]])
        assert read_layer(path).frame.area.sum() == 15_000

    def test_tB17_an_unclosed_ring_is_closed_and_the_rest_is_read(self, tmp_path: Path) -> None:
        path = write_shapefile(tmp_path / "a.shp", [[square()], [square(200)[:-1]], [square(400)]])
        layer = read_layer(path)
        assert layer.frame.area.tolist() == [10_000] * 3
        (finding,) = [finding for finding in layer.findings if finding.code == "F-READ-37"]
        assert finding.features == ("2",)

    def test_tB17_an_island_in_a_hole_is_ground(self, tmp_path: Path) -> None:
        rings = [square(), square(20, 20, 60, clockwise=False), square(40, 40, 20)]
        path = write_shapefile(tmp_path / "a.shp", [rings])
        assert read_layer(path).frame.area.sum() == 10_000 - 3_600 + 400

    def test_tB17_a_hole_outside_is_refused(self, tmp_path: Path) -> None:
        path = write_shapefile(tmp_path / "a.shp", [[square(), square(200, 0, 50, clockwise=False)]])
        with pytest.raises(GeometryError) as caught:
            read_layer(path)
        assert caught.value.code == "E-GEO-24"


def test_tB18_heights_go_and_doubles_show(tmp_path: Path) -> None:
    flat = shapely.box(EAST, NORTH, EAST + 100, NORTH + 100)
    raised = shapely.force_3d(flat, 12.5)
    path = tmp_path / "a.gpkg"
    gpd.GeoDataFrame({"n": [1, 2]}, geometry=[raised, raised], crs=METRES).to_file(path, driver="GPKG")
    layer = read_layer(path)
    assert not layer.frame.has_z.any()
    assert "F-GEO-20" in [finding.code for finding in layer.findings]
    contract = check_contract(layer, layer.frame)
    assert "F-DATA-36" in [finding.code for finding in contract.findings]


RING = [[113.1, 23.1], [113.2, 23.1], [113.2, 23.2], [113.1, 23.1]]


class TestMalformedGeoJSON:
    """tB19: GDAL gives a null shape for each of these, without a word."""

    def read(self, tmp_path: Path, geometry: object) -> object:
        path = tmp_path / "a.geojson"
        features = [
            {"type": "Feature", "properties": {"name": "好"}, "geometry": {"type": "Polygon", "coordinates": [RING]}},
            {"type": "Feature", "properties": {"name": "坏"}, "geometry": geometry},
        ]
        path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
        return read_layer(path)

    @pytest.mark.parametrize(
        "geometry",
        [
            {"type": "Polygon", "coordinates": RING},  # one bracket too few
            {"type": "Polygon", "coordinates": [[RING]]},  # one too many
            {"type": "Polygon", "coordinates": [[[113.1, None], *RING[1:]]]},
            {"type": "Polygon", "coordinates": [[["abc", "def"], *RING[1:]]]},
            {"type": "Polygon", "coordinates": [[[113.1], *RING[1:]]]},
            {"type": "Polygon", "coordinates": [[[True, 23.0], *RING[1:]]]},
            {"type": "Polygon"},
            {"type": "Kreis", "coordinates": [RING]},
            "POLYGON",
        ],
    )
    def test_tB19_a_broken_shape_is_named(self, tmp_path: Path, geometry: object) -> None:
        with pytest.raises(ReadError, match="坏") as caught:
            self.read(tmp_path, geometry)
        assert caught.value.features == ("2",)

    def test_tB19_a_null_shape_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(GeometryError) as caught:
            self.read(tmp_path, None)
        assert caught.value.features == ("2",)

    def test_tB19_numbers_written_as_text_are_numbers(self, tmp_path: Path) -> None:
        ring = [[str(x), str(y)] for x, y in RING]
        layer = self.read(tmp_path, {"type": "Polygon", "coordinates": [ring]})
        areas = layer.frame.geometry.to_numpy()  # type: ignore[attr-defined]
        assert shapely.equals(areas[0], areas[1])
        assert "F-READ-53" in [finding.code for finding in layer.findings]  # type: ignore[attr-defined]

    def test_tB19_a_second_shell_is_no_hole(self, tmp_path: Path) -> None:
        other = [[x + 1, y] for x, y in RING]
        with pytest.raises(GeometryError) as caught:
            self.read(tmp_path, {"type": "Polygon", "coordinates": [RING, other]})
        assert caught.value.code == "E-GEO-24"


def test_tB20_a_site_across_two_shapes_lies_in_the_layer() -> None:
    red = frame_of(shapely.box(0, 0, 50, 100), shapely.box(50, 0, 100, 100))
    site = frame_of(shapely.box(40, 40, 60, 60))
    assert not red.covers(site.geometry.iloc[0]).any()
    assert covered_area(red, site).iloc[0] == site.area.iloc[0]


def test_tB21_a_precision_grid_does_not_stick() -> None:
    coarse = shapely.set_precision(shapely.box(3, 3, 97, 97), 50)
    kept, (finding,) = repair(frame_of(coarse))
    assert finding.code == "F-GEO-21"
    assert kept.geometry.iloc[0].intersection(shapely.box(0, 0, 33, 33)).area == 33 * 33


def test_a_scribble_is_refused_before_GEOS_computes_for_minutes() -> None:
    star = shapely.Polygon(np.random.default_rng(1).random((400, 2)) * 1_000)
    assert mend(star, "all").refused == "scribble"


def test_nothing_is_touched_where_nothing_is_wrong() -> None:
    frame = frame_of(BOX, shapely.Point(1, 1), shapely.LineString([(0, 0), (1, 1)]))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        kept, findings = repair(frame, "none")
    assert kept is frame
    assert findings == []


def test_areas_of_findings_are_square_metres_in_degrees_too() -> None:
    box = shapely.box(113.0, 23.0, 113.01, 23.01)
    parts = shapely.MultiPolygon([box, box])
    _kept, (finding,) = repair(gpd.GeoDataFrame(geometry=[parts], crs=CRS.from_epsg(4490)))
    assert finding.area_after_m2 == pytest.approx(1_135_600, rel=1e-3)  # 1 024.9 m × 1 107.6 m


def test_repair_none_names_what_it_would_have_to_repair() -> None:
    parts = shapely.MultiPolygon([BOX, BOX])
    with pytest.raises(GeometryError, match="p1"):
        repair(frame_of(parts), "none")


def test_the_word_for_how_is_checked() -> None:
    with pytest.raises(EcospaceError):
        repair(frame_of(BOX), "some")  # type: ignore[arg-type]
