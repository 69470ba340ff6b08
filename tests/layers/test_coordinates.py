"""Which CRS: what the file says against what the numbers say."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import CRS
from shapely.geometry import box

from ecospace.errors import CRSError
from ecospace.layers.appearance import read_numbers
from ecospace.layers.coordinates import Judgement, judge_crs
from ecospace.layers.zones import declared_by, systems, zone_of

COUNTY = gpd.GeoDataFrame(geometry=[box(112.2, 22.0, 112.9, 22.7)], crs=4490)
#: A site of 400 m in that county, in each form that offices deliver it in.
DEGREES = (112.600, 22.300, 112.604, 22.303)


def in_crs(code: int) -> np.ndarray:
    return gpd.GeoSeries([box(*DEGREES)], crs=4490).to_crs(code).total_bounds


def swapped(bounds: np.ndarray) -> np.ndarray:
    return bounds[[1, 0, 3, 2]]


def code(judgement: Judgement) -> str:
    return next(finding.code for finding in judgement.findings if finding.level == "error")


def test_every_zone_code_is_what_epsg_says() -> None:
    for system in systems():
        for epsg, (width, number, prefixed) in system.codes.items():
            crs = CRS.from_epsg(epsg)
            step = {p.name: p.value for p in crs.coordinate_operation.params}
            meridian = 3 * number if width == 3 else 6 * number - 3
            assert step["Longitude of natural origin"] == meridian
            assert step["False easting"] == 500_000 + (number * 1_000_000 if prefixed else 0)
            assert crs.geodetic_crs.to_epsg() == system.geographic
            assert zone_of(crs).central_meridian == meridian


def test_the_right_crs_is_established_with_and_without_a_place() -> None:
    for epsg in (4490, 4526, 4547, 4525, 4546, 4497, 4508):
        for place in (None, COUNTY):
            judgement = judge_crs(in_crs(epsg), CRS.from_epsg(epsg), place=place)
            assert judgement.crs.to_epsg() == epsg and judgement.proposal == ""
            assert judgement.settled().to_epsg() == epsg


@pytest.mark.parametrize(
    ("name", "bounds", "declared", "place", "expected", "proposal"),
    [
        ("tA01 no crs", in_crs(4526), None, None, "E-CRS-21", 'crs = "EPSG:4526"'),
        ("tA02 metres as degrees", in_crs(4526), 4490, None, "E-CRS-26", 'crs = "EPSG:4526"'),
        ("tA02 metres as degrees, plain", in_crs(4547), 4490, COUNTY, "E-CRS-26", 'crs = "EPSG:4547"'),
        ("tA03 lat, lon", swapped(np.array(DEGREES)), 4490, None, "E-CRS-28", 'crs = "EPSG:4490", swap = true'),
        ("tA04 west China", (40.0, 80.0, 40.1, 80.1), 4490, None, "E-CRS-28", 'crs = "EPSG:4490", swap = true'),
        ("tA03 X and Y", swapped(in_crs(4526)), 4526, None, "E-CRS-28", 'crs = "EPSG:4526", swap = true'),
        ("tA05 prefix with 4547", in_crs(4526), 4547, None, "E-CRS-29", 'crs = "EPSG:4526"'),
        ("tA05 the other way", in_crs(4547), 4526, COUNTY, "E-CRS-29", ""),
        ("tA06 wrong meridian", in_crs(4547), 4543, COUNTY, "E-CRS-34", ""),
        ("tA09 degrees as metres", DEGREES, 4547, None, "E-CRS-27", 'crs = "EPSG:4490"'),
        ("tA15 GeoJSON in metres", in_crs(4526), 4326, None, "E-CRS-26", 'crs = "EPSG:4526"'),
        ("tA15 web mercator", in_crs(3857), 4326, None, "E-CRS-26", 'crs = "EPSG:3857"'),
        ("tA16 GML axis order", swapped(np.array(DEGREES)), 4490, COUNTY, "E-CRS-28", 'swap = true'),
        ("tA18 antimeridian", (-179.9, 20.0, 179.9, 21.0), 4326, None, "E-CRS-33", ""),
        ("wrong zone", in_crs(4526), 4527, None, "E-CRS-22", 'crs = "EPSG:4526"'),
        ("another country", (500_000, 5_400_000, 500_100, 5_400_100), 2056, None, "E-CRS-30", ""),
        ("nothing", (np.nan,) * 4, 4490, None, "E-CRS-32", ""),
    ],
)  # fmt: skip
def test_tA01_tA02_tA03_tA04_tA05_tA06_tA09_tA15_tA16_tA18_a_layer_in_the_wrong_place_stops_with_a_line_to_type(
    name: str, bounds: object, declared: int | None, place: object, expected: str, proposal: str
) -> None:
    judgement = judge_crs(bounds, CRS.from_epsg(declared) if declared else None, place=place)
    assert judgement.crs is None
    assert code(judgement) == expected
    assert proposal in judgement.proposal
    with pytest.raises(CRSError, match=expected):
        judgement.settled(file="x.shp")


def test_tA06_the_meridian_that_meets_the_county_is_proposed_first() -> None:
    judgement = judge_crs(in_crs(4547), CRS.from_epsg(4543), place=COUNTY)
    # The numbers (E = 356 km) meet the county only with the meridian 114.
    assert judgement.proposed is not None
    moved = gpd.GeoSeries([box(*in_crs(4547))], crs=judgement.proposed).to_crs(4490)
    assert moved.intersects(COUNTY.geometry.iloc[0]).all()


def test_the_advice_of_the_message_works() -> None:
    judgement = judge_crs(in_crs(4526), CRS.from_epsg(4547))
    again = judge_crs(in_crs(4526), judgement.proposed, place=COUNTY)
    assert again.settled().to_epsg() == 4526
    exchanged = judge_crs(swapped(in_crs(4526)), CRS.from_epsg(4526))
    assert exchanged.swap
    assert judge_crs(swapped(swapped(in_crs(4526))), exchanged.proposed).settled().to_epsg() == 4526


HEADER = {"坐标系": "2000国家大地坐标系", "几度分带": "3", "投影类型": "高斯克吕格", "计量单位": "米", "带号": "38"}


@pytest.mark.parametrize(
    ("change", "bounds", "epsg", "expected"),
    [
        ({}, in_crs(4526), 4526, ""),
        ({}, in_crs(4547), 4547, "F-CRS-22"),
        ({"带号": ""}, in_crs(4526), 4526, "F-CRS-21"),
        ({"带号": "３８"}, in_crs(4526), 4526, ""),
        ({"带号": "", "中央子午线": "114"}, in_crs(4547), 4547, "F-CRS-22"),
        ({"坐标系": "CGCS2000"}, in_crs(4526), 4526, ""),
        ({"坐标系": "1980西安坐标系"}, in_crs(4526), 2362, "F-CRS-23"),
        ({"坐标系": "1954年北京坐标系"}, in_crs(4526), 2414, "F-CRS-23"),
        ({"几度分带": "6", "带号": "19"}, in_crs(4497), 4497, ""),
    ],
)
def test_header_and_numbers_together(change: dict[str, str], bounds: object, epsg: int, expected: str) -> None:
    judgement = judge_crs(bounds, header=HEADER | change)
    assert judgement.settled().to_epsg() == epsg
    assert [finding.code for finding in judgement.findings] == ([expected] if expected else [])


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"带号": "39"}, "E-CRS-22"),
        ({"几度分带": "6"}, "E-CRS-24"),
        ({"带号": "24"}, "E-CRS-22"),
        ({"坐标系": ""}, "E-CRS-21"),
        ({"坐标系": "地方独立坐标系"}, "E-CRS-21"),
        ({"中央子午线": "117"}, "E-CRS-22"),
    ],
)
def test_a_header_that_contradicts_the_numbers_stops(change: dict[str, str], expected: str) -> None:
    judgement = judge_crs(in_crs(4526), header=HEADER | change)
    assert code(judgement) == expected
    assert 'crs = "EPSG:4526"' in judgement.proposal


def test_the_proposal_overrules_a_wrong_header() -> None:
    stopped = judge_crs(in_crs(4526), header=HEADER | {"带号": "39"})
    again = judge_crs(in_crs(4526), stopped.proposed, header=HEADER | {"带号": "39"})
    assert again.settled().to_epsg() == 4526
    assert [(f.code, f.level) for f in again.findings] == [("E-CRS-22", "warning")]
    with pytest.raises(CRSError, match="E-CRS-25"):  # but never the datum
        judge_crs(in_crs(4526), CRS.from_epsg(4526), header=HEADER | {"坐标系": "1980西安坐标系"}).settled()


def test_two_zones_in_one_file_stop() -> None:
    west, east = in_crs(4525), in_crs(4526)
    judgement = judge_crs((west[0], west[1], east[2], east[3]), CRS.from_epsg(4526))
    assert code(judgement) == "E-CRS-23"


def test_packed_degrees_are_asked_for() -> None:
    # 113°27′07.2″ … written 113.27072: as decimal degrees 20 km away.
    packed = np.array([[113.27072, 22.15301], [113.27305, 22.15301], [113.27305, 22.16012], [113.27072, 22.16012]])
    assert read_numbers(packed).kind == "packed"
    assert code(judge_crs(packed, CRS.from_epsg(4490), packed=True)) == "E-CRS-31"
    # A county that only the decimal degrees meet settles it; a format that never packs does not ask.
    near = gpd.GeoDataFrame(geometry=[box(113.26, 22.14, 113.29, 22.17)], crs=4490)
    assert judge_crs(packed, CRS.from_epsg(4490), packed=True, place=near).crs is not None
    assert judge_crs(packed, CRS.from_epsg(4490)).crs is not None
    decimal = packed + 0.0071  # 22.16012 → 22.16722: 72 seconds
    assert judge_crs(decimal, CRS.from_epsg(4490), packed=True).settled().to_epsg() == 4490


@pytest.mark.parametrize(
    ("point", "kind"),
    [
        ((113.0, 2_560_000.0), "other"),
        ((38_050_000.0, 2_560_000.0), "other"),  # no easting begins below 100 km
        ((38_950_000.0, 2_560_000.0), "other"),
        ((24_500_000.0, 2_560_000.0), "other"),  # no zone 24
        ((38_500_000.0, 7_560_000.0), "other"),
        ((50_000.0, 2_560_000.0), "other"),
        ((500_000.0, 2_560_000.0), "plain"),
        ((20_500_000.0, 2_560_000.0), "prefixed"),
        ((12_600_000.0, 2_560_000.0), "mercator"),
        ((6.0, 50.0), "degrees"),
        ((113.0, 22.0), "degrees"),
    ],
)
def test_what_numbers_look_like(point: tuple[float, float], kind: str) -> None:
    reading = read_numbers(np.array([point, point]))
    assert (reading.kind, reading.swapped) == (kind, False)


def test_nothing_is_proposed_that_does_not_meet_the_place() -> None:
    elsewhere = gpd.GeoDataFrame(geometry=[box(100.0, 30.0, 101.0, 31.0)], crs=4490)
    judgement = judge_crs(in_crs(4526), CRS.from_epsg(4547), place=elsewhere)
    assert code(judgement) == "E-CRS-29" and judgement.proposal == "" and judgement.proposed is None
    near = judge_crs(in_crs(4526), CRS.from_epsg(4526), place=elsewhere)
    assert code(near) == "E-CRS-34" and near.proposal == ""


def test_other_countries_are_not_refused() -> None:
    assert judge_crs((2_538_000, 1_152_000, 2_540_000, 1_154_000), CRS.from_epsg(2056)).settled().to_epsg() == 2056
    assert judge_crs((32_500_000, 5_900_000, 32_600_000, 6_000_000), CRS.from_epsg(4647)).settled().to_epsg() == 4647
    assert judge_crs((6.0, 50.5, 6.4, 50.9), CRS.from_epsg(4326)).settled().to_epsg() == 4326


def test_declared_by_reads_what_offices_write() -> None:
    said = declared_by({"分带": "3度带", "带号": "38带", "坐标系": " 国家2000 "})
    assert (said.width, said.number, said.system.key) == (3, 38, "cgcs2000")


@settings(max_examples=200, derandomize=True, deadline=None)
@given(
    st.floats(75, 135),
    st.floats(4, 53),
    st.sampled_from([system.key for system in systems()]),
    st.booleans(),
)
def test_a_prefixed_zone_is_always_found_again(lon: float, lat: float, key: str, exchange: bool) -> None:
    system = next(system for system in systems() if system.key == key)
    crs = system.zone(min(max(round(lon / 3), 25), 45))
    site = gpd.GeoSeries([box(lon, lat, lon + 0.001, lat + 0.001)], crs=system.geographic).to_crs(crs).total_bounds
    judgement = judge_crs(swapped(site) if exchange else site, header={"坐标系": system.names[0]})
    found = judgement.proposed if exchange else judgement.crs
    assert found is not None and found.to_epsg() == crs.to_epsg()
    assert judgement.swap == exchange
