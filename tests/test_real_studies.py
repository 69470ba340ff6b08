"""`run_study` on real layers as they are: five places, five kinds of trouble."""

from pathlib import Path

import pytest

from ecospace.report.study_tables import study_tables
from ecospace.run import run_study
from ecospace.study import open_study


def study(folder: Path, settings: str, **layers: str):
    parts = ["[study]", 'title = "试"', settings]
    for key, lines in layers.items():
        parts += [f"[layers.{key}]", *lines.split("; ")]
    (folder / "study.toml").write_text("\n".join(parts), encoding="utf-8")
    return open_study(folder)


def layer(role: str, path: Path, name: str = "", more: str = "") -> str:
    said = [f'role = "{role}"', f'path = "{path.as_posix()}"']
    return "; ".join([*said, *([f'layer = "{name}"'] if name else []), *([more] if more else [])])


def test_aachen(data, tmp_path):
    file = data / "aachen/aachen.gpkg"
    opened = study(
        tmp_path,
        'boundary = "region"',
        region=layer("boundary", file, "region"),
        cdda=layer("protected_area", file, "cdda"),
        natura=layer("protected_area", file, "natura2000"),
        clc=layer("land_use", data / "aachen/clc-aachen_clipped.tif", more='code_system = "clc"'),
    )
    results = run_study(opened)
    assert results.errors == {}
    assert results.coverages["protected-2016"].share * 100 == pytest.approx(26.954, abs=0.0006)
    assert results.indicators.set_index("id").loc["A05", "status"] in {"无阈值", "推算值，不作判定"}
    assert study_tables(results)


def test_guangdong_one_county_of_many_beside_its_official_area(data, tmp_path):
    """开平: 1656.997 km² in the Amap layer, 1656.54 in Tianditu's, beside the official 1656.94 with the difference in ppm."""
    amap = data / "guangdong_admin/guangdong_amap_wgs84.gpkg"
    tianditu = data / "guangdong_admin/guangdong_tianditu_cgcs2000.gpkg"
    import geopandas as gpd

    counties = gpd.read_file(amap, layer="county", rows=3000)
    column = next(name for name in counties if (counties[name].astype(str) == "开平市").any())
    for number, (file, name, field, computed) in enumerate(
        [(amap, "county", column, 1656.997), (tianditu, "district", "name", 1656.54)]
    ):
        folder = tmp_path / str(number)
        folder.mkdir()
        opened = study(
            folder,
            'boundary = "county"\nofficial_area_km2 = 1656.94',
            county=layer("boundary", file, name, f'keep = {{ "{field}" = "开平市" }}'),
        )
        area = run_study(opened).area
        assert area.area_m2 / 1e6 == pytest.approx(computed, abs=0.002)
        assert area.official_ppm == pytest.approx((1656.94 / (area.area_m2 / 1e6) - 1) * 1e6)
        assert 500 < area.plane_ppm < 700  # 开平 lies between two zones
        assert any("ppm" in heading for table in study_tables(run_study(opened)) for heading in table.headings())


def test_liechtenstein(data, tmp_path):
    file = data / "liechtenstein/liechtenstein_osm_2013.gpkg"
    opened = study(
        tmp_path,
        'boundary = "country"\nzones = "towns"',
        country=layer("boundary", file, "admin", 'keep = { admin_level = "2" }'),
        towns=layer("townships", file, "admin", 'keep = { admin_level = "8" }; fields = { name = "name" }'),
        sites=layer("protected_area", file, "protected"),
        forest=layer("forest", file, "forest", 'code_system = "whole-layer"'),
    )
    results = run_study(opened)
    assert results.errors == {}
    assert results.coverages["protected-2016"].union_m2 / 1e6 == pytest.approx(0.0186, abs=0.0001)
    cover = results.covers["forest-layer"]
    assert cover.share == pytest.approx(30.842 / 160.498, abs=1e-4)
    zones = cover.units[cover.units["role"].isin(["zone", "remainder"])]
    assert len(cover.units[cover.units["role"] == "zone"]) == 11
    assert zones["counted_m2"].sum() == pytest.approx(cover.units["counted_m2"].iloc[0], rel=1e-6)


def test_taiwan_water_zones_in_their_official_plane(data, tmp_path):
    file = data / "taiwan_water_zones/taiwan_water_source_plans.gpkg"
    opened = study(
        tmp_path,
        'boundary = "plan"\narea = "plane:EPSG:3826"\nofficial_area_km2 = 23.048219',
        plan=layer("boundary", file, "H0306_shimen"),
        zones=layer("water_source", file, "H0306_shimen", 'area_unit = "m2"; fields = { approved_area = "參考面" }'),
    )
    results = run_study(opened)
    assert results.errors == {}
    assert abs(results.area.official_ppm or 99) < 1
    places = results.coverages["protected-2016"].places
    assert (places["drawn_m2"] - places["approved_m2"]).abs().max() <= 0.16
    assert results.coverages["protected-2016"].share == pytest.approx(1, abs=1e-6)


def test_wadden_with_prefixed_eastings_and_three_units(data, tmp_path):
    file = data / "wadden/wadden_national_parks.gpkg"
    opened = study(
        tmp_path,
        'boundary = "park"',
        park=layer("boundary", file, "lkn_nationalpark_sh"),
        sh=layer(
            "national_park", file, "lkn_nationalpark_sh", 'area_unit = "km2"; fields = { approved_area = "area_km2" }'
        ),
    )
    results = run_study(opened)
    assert results.errors == {}
    place = results.coverages["protected-2016"].places.iloc[0]
    assert place["drawn_m2"] / 1e6 == pytest.approx(4383.400, abs=0.01)
    assert place["approved_m2"] / 1e6 == pytest.approx(4380.06)
    assert results.coverages["protected-2016"].share == pytest.approx(1, abs=1e-9)
