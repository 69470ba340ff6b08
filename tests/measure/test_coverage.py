"""Coverage: overlaps once, parts that make the union, zones that make the whole."""

from itertools import pairwise

import geopandas as gpd
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import box
from shapely.affinity import rotate, translate

from ecospace.crs import StudyCRS
from ecospace.errors import CRSError, DataError, UsageError
from ecospace.layers.read import read_layer
from ecospace.measure.coverage import coverage
from ecospace.measure.definitions import definition
from ecospace.measure.units import units_of

X, Y = 2_550_000, 38_460_000


def square(east, far_east, north, far_north):
    return box(Y + east, X + north, Y + far_east, X + far_north)


def frame(shapes, **columns):
    return gpd.GeoDataFrame(columns, geometry=shapes, crs=4526)


COUNTY = frame([square(0, 20_000, 0, 15_000)])
PLACES = frame(
    [
        square(1000, 7000, 1000, 6000),
        square(5000, 11_000, 4000, 9000),
        square(9000, 13_000, 7000, 10_000),
        square(18_000, 22_000, 12_000, 16_000),
    ],
    kind=["nature_reserve", "forest_park", "water_source", "scenic_area"],
)


def test_worked_example():
    """standards.md 7.3: 23.33 %, never 29.33 (sum) or 26.00 (sum of the clipped)."""
    study = StudyCRS.for_boundary(COUNTY)
    result = coverage(
        study.bring(PLACES), study.bring(COUNTY), rank=["nature_reserve", "forest_park", "water_source", "scenic_area"]
    )
    assert result.share == pytest.approx(0.2333, abs=5e-5)
    assert result.union_m2 / 1e6 == pytest.approx(69.9982, abs=5e-5)
    assert result.whole["area_m2"] / 1e6 == pytest.approx(299.9931, abs=5e-5)
    assert result.whole["gross_m2"] / 1e6 == pytest.approx(77.9980, abs=5e-5)
    assert result.places["drawn_m2"].sum() / 1e6 == pytest.approx(87.9979, abs=5e-5)
    attributed = dict(zip(result.kinds["kind"], result.kinds["attributed_m2"] / 1e6, strict=True))
    assert attributed == pytest.approx(
        {"nature_reserve": 29.9990, "forest_park": 25.9994, "water_source": 7.9998, "scenic_area": 5.9999}, abs=1e-4
    )
    assert max(result.proof.values()) < 1e-9


def test_rank_moves_ground_between_kinds_and_not_the_union():
    default = coverage(PLACES, COUNTY)
    other = coverage(PLACES, COUNTY, rank=["water_source", "forest_park"])
    assert other.union_m2 == pytest.approx(default.union_m2, rel=1e-12)
    own = other.kinds.set_index("kind")["attributed_m2"]
    assert own["water_source"] == pytest.approx(12e6)
    assert own["forest_park"] == pytest.approx(26e6)
    assert own["nature_reserve"] == pytest.approx(26e6)


def test_zones_the_remainder_and_ground_in_two_zones():
    """Two towns overlap by 1 km², 5 km × 15 km lie in none: sums differ from the whole by exactly that."""
    towns = gpd.GeoDataFrame(
        {"name": ["甲", "乙"]},
        geometry=[square(0, 8000, 0, 15_000), square(7000, 15_000, 0, 15_000)],
        index=["01", "02"],
        crs=4526,
    )
    result = coverage(PLACES, COUNTY, towns)
    roles = result.units.set_index("unit")["role"].to_dict()
    assert roles == {"whole": "whole", "01": "zone", "02": "zone", "remainder": "remainder"}
    area = result.units.set_index("unit")["area_m2"]
    assert area["01"] + area["02"] + area["remainder"] - 15e6 == pytest.approx(area["whole"])
    shares = result.units.set_index("unit")["union_m2"]
    doubled = 1000 * 5000  # the forest park in the strip of both towns
    assert shares["01"] + shares["02"] + shares["remainder"] - doubled == pytest.approx(shares["whole"])
    codes = [finding.code for finding in units_of(COUNTY, towns).findings]
    assert codes == ["F-ZONE-01", "F-ZONE-02"]


def test_an_industrial_park_is_shown_and_not_added():
    towns = gpd.GeoDataFrame(
        {"name": ["甲", "乙"]},
        geometry=[square(0, 10_000, 0, 15_000), square(10_000, 20_000, 0, 15_000)],
        index=["01", "02"],
        crs=4526,
    )
    park = gpd.GeoDataFrame({"name": ["园区"]}, geometry=[square(9000, 12_000, 6000, 9000)], index=["P"], crs=4526)
    with_park = coverage(PLACES, COUNTY, towns, nested=park)
    assert with_park.units["role"].tolist() == ["whole", "zone", "zone", "nested"]
    zones = with_park.units[with_park.units["role"] == "zone"]
    assert zones["union_m2"].sum() == pytest.approx(with_park.union_m2)


def test_land_only_share_leaves_the_sea_out_of_both():
    sea = frame([square(15_000, 25_000, 0, 20_000)])
    result = coverage(PLACES, COUNTY, exclude=sea)
    assert result.whole["area_m2"] == pytest.approx(15_000 * 15_000)
    assert result.union_m2 == pytest.approx(64e6)  # the scenic area lies in the sea


def test_a_definition_chooses_the_kinds():
    parks = coverage(PLACES, COUNTY, definition=definition("parks-only"))
    assert parks.union_m2 == pytest.approx(30e6)
    both = coverage(PLACES, COUNTY, definition=definition("parks-and-reserves"))
    assert both.union_m2 == pytest.approx(56e6)
    assert both.overlaps["area_m2"].tolist() == [pytest.approx(4e6)]
    with pytest.raises(DataError, match="E-DATA-05"):
        definition("everything")


def test_official_denominator_stands_beside():
    result = coverage(PLACES, COUNTY, official_area_m2=310e6)
    assert result.share == pytest.approx(70e6 / 300e6)
    assert result.share_official == pytest.approx(70e6 / 310e6)
    assert np.isnan(coverage(PLACES, COUNTY).share_official)


def test_what_is_refused():
    with pytest.raises(CRSError, match="E-CRS-02"):
        coverage(PLACES, COUNTY.to_crs(4525))
    with pytest.raises(UsageError, match="E-USE-01"):
        coverage(PLACES.drop(columns="kind"), COUNTY)


@given(
    st.lists(
        st.tuples(
            st.integers(-2000, 18_000),
            st.integers(-2000, 13_000),
            st.integers(100, 9000),
            st.integers(100, 9000),
            st.floats(0, 90),
            st.sampled_from(["nature_reserve", "forest_park", "public_forest", "water_source"]),
        ),
        min_size=1,
        max_size=9,
    ),
    st.integers(1, 4),
)
@settings(max_examples=40, deadline=None, derandomize=True)
def test_always_closes(rectangles, columns):
    """Attributed parts make the union; zones make the whole; the union never passes the sum or the territory."""
    shapes = [rotate(square(e, e + w, n, n + h), angle) for e, n, w, h, angle, _kind in rectangles]
    places = frame(shapes, kind=[item[-1] for item in rectangles])
    edges = np.linspace(0, 20_000, columns + 1)
    towns = gpd.GeoDataFrame(
        {"name": [str(i) for i in range(columns)]},
        geometry=[square(a, b, 0, 15_000) for a, b in pairwise(edges)],
        index=[str(i) for i in range(columns)],
        crs=4526,
    )
    result = coverage(places, COUNTY, towns)
    whole = result.kinds[result.kinds["unit"] == "whole"]
    assert whole["attributed_m2"].sum() == pytest.approx(result.union_m2, rel=1e-9, abs=1e-3)
    assert result.union_m2 <= whole["net_m2"].sum() * (1 + 1e-12) + 1e-6
    assert 0 <= result.share <= 1
    zones = result.units[result.units["role"] == "zone"]
    assert zones["union_m2"].sum() == pytest.approx(result.union_m2, rel=1e-9, abs=1e-3)
    moved = coverage(
        places.set_geometry(places.translate(5000, 3000)), COUNTY.set_geometry(COUNTY.translate(5000, 3000))
    )
    assert moved.union_m2 == pytest.approx(result.union_m2, rel=1e-9, abs=1e-3)
    again = coverage(gpd.GeoDataFrame(gpd.pd.concat([places, places.iloc[::-1]], ignore_index=True), crs=4526), COUNTY)
    assert again.union_m2 == pytest.approx(result.union_m2, rel=1e-9, abs=1e-3)


def aachen(data, name, **how):
    return read_layer(data / "aachen/aachen.gpkg", layer=name, **how).frame


def places_of(*frames):
    rows = [
        gpd.GeoDataFrame(
            {"kind": "protected_area"}, geometry=frame.geometry.to_numpy(), index=frame.index, crs=frame.crs
        )
        for frame in frames
    ]
    return gpd.GeoDataFrame(gpd.pd.concat(rows, ignore_index=True), crs=rows[0].crs)


def test_aachen_against_published_shares(data):
    """DATA.md: CDDA 23.531 %, Natura 2000 5.723 % (sum 41.745, union 40.600 km²), either 26.954 %, after 2000 13.098 %."""
    region = aachen(data, "region")
    study = StudyCRS.for_boundary(region)
    boundary = study.bring(region)
    cdda, natura = study.bring(aachen(data, "cdda")), study.bring(aachen(data, "natura2000"))
    assert boundary.area.sum() / 1e6 == pytest.approx(709.404, abs=0.001)
    assert coverage(places_of(cdda), boundary).share * 100 == pytest.approx(23.531, abs=0.0006)
    second = coverage(places_of(natura), boundary)
    assert second.share * 100 == pytest.approx(5.723, abs=0.0006)
    assert second.whole["gross_m2"] / 1e6 == pytest.approx(41.745, abs=0.001)
    assert second.union_m2 / 1e6 == pytest.approx(40.600, abs=0.001)
    assert coverage(places_of(cdda, natura), boundary).share * 100 == pytest.approx(26.954, abs=0.0006)
    later = study.bring(aachen(data, "cdda", keep={"YEAR": {"above": 2000}}))
    assert coverage(places_of(later), boundary).share * 100 == pytest.approx(13.098, abs=0.0006)
    wide = later.set_geometry(later.buffer(400, quad_segs=16))
    assert coverage(places_of(wide), boundary).share * 100 == pytest.approx(22.031, abs=0.0006)


@pytest.mark.parametrize("suffix", [".shp", ".geojson", ".fgb", ".parquet", ".gdb"])
def test_five_formats_give_one_number(data, tmp_path, suffix):
    region = aachen(data, "region")
    study = StudyCRS.for_boundary(region)
    original = aachen(data, "natura2000")
    target = tmp_path / f"natura{suffix}"
    bare = original[["geometry"]].reset_index(drop=True)
    if suffix == ".parquet":
        bare.to_parquet(target)
    else:
        drivers = {".shp": "ESRI Shapefile", ".geojson": "GeoJSON", ".fgb": "FlatGeobuf", ".gdb": "OpenFileGDB"}
        options = {"COORDINATE_PRECISION": 15} if suffix == ".geojson" else {}
        bare.to_file(target, driver=drivers[suffix], engine="pyogrio", **options)
    again = read_layer(target, crs="EPSG:3035" if suffix == ".geojson" else None).frame
    one = coverage(places_of(study.bring(original)), study.bring(region))
    other = coverage(places_of(study.bring(again)), study.bring(region))
    assert other.union_m2 == pytest.approx(one.union_m2, rel=1e-9)
    assert other.whole["gross_m2"] == pytest.approx(one.whole["gross_m2"], rel=1e-9)


def test_liechtenstein_is_clipped_before_the_ratio(data):
    """All four sites of the extract lie across the border: 0.0186 km² inside, not 9.48."""
    path = data / "liechtenstein/liechtenstein_osm_2013.gpkg"
    country = read_layer(path, layer="admin", keep={"admin_level": "2"}).frame
    study = StudyCRS.for_boundary(country)
    sites = study.bring(read_layer(path, layer="protected").frame)
    assert sites.area.sum() / 1e6 == pytest.approx(9.481, abs=0.001)
    assert coverage(places_of(sites), study.bring(country)).union_m2 / 1e6 == pytest.approx(0.0186, abs=0.0001)
    assert "boundary" in read_layer(path, layer="admin").frame.columns  # an OSM column of that name is data


def test_municipalities_of_liechtenstein_add_up(data):
    path = data / "liechtenstein/liechtenstein_osm_2013.gpkg"
    country = read_layer(path, layer="admin", keep={"admin_level": "2"}).frame
    study = StudyCRS.for_boundary(country)
    towns = study.bring(read_layer(path, layer="admin", keep={"admin_level": "8"}).frame)
    towns = towns.set_axis([str(i) for i in range(len(towns))], axis=0)
    forest = study.bring(read_layer(path, layer="forest").frame)
    result = coverage(places_of(forest), study.bring(country), towns)
    assert result.union_m2 / 1e6 == pytest.approx(30.842, abs=0.001)
    parts = result.units[result.units["role"].isin(["zone", "remainder"])]
    assert parts["union_m2"].sum() == pytest.approx(result.union_m2, rel=1e-6)


def test_taiwan_plan_features_against_their_official_areas(data):
    """294 features within 0.16 m² in the official plane; on the ellipsoid up to 742 m² apart."""
    path = data / "taiwan_water_zones/taiwan_water_source_plans.gpkg"
    worst, apart, count = 0.0, 0.0, 0
    for layer in ("H0306_shimen", "F0310_wulai", "F0311_pinglin"):
        frame = read_layer(path, layer=layer).frame
        official = frame["參考面"].astype(float)
        plane = StudyCRS.for_boundary(frame, "plane:EPSG:3826").bring(frame).area
        ellipsoid = StudyCRS.for_boundary(frame).bring(frame).area
        worst = max(worst, float((plane - official).abs().max()))
        apart = max(apart, float((ellipsoid - official).abs().max()))
        count += len(frame)
    assert count == 294
    assert worst <= 0.16
    assert apart == pytest.approx(742, abs=0.5)


def test_wadden_parks_against_their_attributes(data):
    """Three units, zone-prefixed eastings: each within what the plane differs from the ellipsoid."""
    path = data / "wadden/wadden_national_parks.gpkg"
    for layer, field, unit_m2 in (
        ("lkn_nationalpark_sh", "area_km2", 1e6),
        ("natura2000_northsea_mpa", "FLAECHE", 1e4),
        ("nlwkn_nationalparke_dtk25", "FLAECHE", 1.0),
    ):
        frame = read_layer(path, layer=layer).frame
        plane = frame.area
        ellipsoid = StudyCRS.for_boundary(frame).bring(frame).area
        stated = frame[field].astype(float) * unit_m2
        assert ((plane / stated - 1).abs() < 0.002).all()
        assert ((ellipsoid / stated - 1).abs() < 0.002).all()
        assert ((ellipsoid / plane - 1).abs() < 0.0016).all()
        whole = {  # DATA.md, km²: on the plane and geodesic
            "lkn_nationalpark_sh": (frame.index == frame.index, 4380.056, 4383.400),
            "natura2000_northsea_mpa": (stated.round(-4) == 101_250_000, 101.253, 101.266),
            "nlwkn_nationalparke_dtk25": (stated.round(-3).isin([157_729_000, 736_000]), 158.466, 158.550),
        }[layer]
        assert plane[whole[0]].sum() / 1e6 == pytest.approx(whole[1], abs=0.001)
        assert ellipsoid[whole[0]].sum() / 1e6 == pytest.approx(whole[2], abs=0.001)


def test_translate_keeps_the_share():
    moved = translate(PLACES.geometry.iloc[0], 10, 10)
    one = coverage(frame([moved], kind=["forest_park"]), COUNTY)
    assert one.union_m2 == pytest.approx(30e6)


def test_a_reserve_drawn_as_two_zones_is_one_place():
    zones = frame(
        [square(0, 1000, 0, 1000), square(1000, 2000, 0, 1000), square(5000, 6000, 0, 1000)],
        kind=["nature_reserve"] * 3,
        name=["甲", "甲", "乙"],
    )
    assert coverage(zones, COUNTY).kinds["count"].tolist() == [2]
