"""What must not change the answer, or must change it in a known way: relations on the public path, from files to verdicts.

==  ==========================  ============================================================  ==========================
no  relation                    what is changed                                               what must hold
==  ==========================  ============================================================  ==========================
 1  format of the red line      GBK and UTF-8 Shapefile, GeoPackage, GeoParquet, FlatGeobuf,  same levels, 1e-9 of areas
                                FileGDB, zip                                                  (FileGDB: its 0.1 mm grid)
 2  format of the sites         Shapefile, GeoJSON, GeoParquet, FlatGeobuf, zip               same levels, 1e-7
 3  formats of surveyors        boundary TXT one by one, DXF, KML, within their digits        same levels, their digits
 4  zone of the red line        111°E, 6-degree zone, degrees, WGS 84                         same levels, 1e-7
 5  zone of the sites           111°E, 6-degree zone, degrees, WGS 84                         same levels, 1e-7
 6  zone number                 eastings with 38 in front, of one, the other, both            same levels, 1e-7
 7  whole zone                  the same numbers 3° farther east                              the same bytes of areas
 8  translation                 by whole kilometres                                           same levels, 1e-9
 9  rotation                    by a quarter                                                  same levels, 1e-7
10  order                       of red shapes, of sites                                       same levels, 1e-9
11  direction                   rings reversed, begun elsewhere                               same levels, 1e-9
12  dense                       more vertices on straight edges                               same levels, 1e-7
13  split                       every red shape cut in two                                    same levels, 1e-9
14  union                       all red shapes as one                                         same levels, 1e-9
15  parts                       all red shapes as parts of one feature, overlapping ones too  same levels, 1e-9
16  doubles                     every red shape twice                                         same levels, 1e-9
17  two layers                  red shapes in two files of one role                           same levels, 1e-9
18  hole                        a red shape with a hole, or without that ground               same levels, 1e-9
19  filled hole                 a hole with another feature in it, or none                    same levels, 1e-9
20  many parts of one site      a site of two parts, or two sites                             the worse, the sum
21  larger site                 a site and its buffer                                         never better
22  larger red line             a red line and its buffer                                     never better
23  tolerance                   0, small, huge                                                labels alone
24  accuracy                    0, 5 m, 50 m                                                  labels alone
25  batch                       sites together or singly                                      the same bytes of areas
26  heights                     Z on red line and sites                                       same levels, 1e-12
27  attributes                  further columns, other names                                  same levels, 1e-12
==  ==========================  ============================================================  ==========================
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely
from shapely import affinity

from ecospace.check.checker import Checker, check_site, check_sites
from ecospace.check.result import SiteResult
from ecospace.check.site import read_sites
from ecospace.check.verdict import Level
from ecospace.layers.write import write_layer
from ecospace.study import open_study
from tests.check.county import CRS_GK, OTHERS, X, Y, box, star

SEEDS = [1, pytest.param(2, marks=pytest.mark.slow), pytest.param(3, marks=pytest.mark.slow)]
#: Area of what areas are made of, for bars that are shares.
SIZE_M2 = 1e5


@dataclass(frozen=True)
class World:
    """Red shapes and sites around one place in the zone of 114°E, some of them meeting."""

    red: list[Any]
    site: list[Any]


@dataclass(frozen=True)
class Said:
    """What a check says of the red line, site by site."""

    levels: list[Level]
    areas: np.ndarray
    distances: np.ndarray

    def like(self, other: Said, share: float, metres: float = 2e-6) -> None:
        """Both say the same within a share of the areas and some metres of the distances."""
        assert self.levels == other.levels
        assert np.abs(self.areas - other.areas).max() <= share * SIZE_M2
        assert np.abs(self.distances - other.distances).max() <= metres


def world_of(seed: int) -> World:
    random = np.random.default_rng(seed)

    def stars(count: int, size: float, reach: float) -> list[Any]:
        return [
            star(random, *random.uniform(-reach, reach, 2), random.uniform(0.3, 1.0) * size, int(corners))
            for corners in random.choice([5, 9, 30, 220], count)
        ]

    # In millimetres, as surveyors' files hold them.
    return World(*([shapely.transform(shape, lambda xy: xy.round(3)) for shape in group]
                   for group in (stars(7, 300.0, 700), stars(12, 90.0, 900))))  # fmt: skip


@pytest.fixture(params=SEEDS)
def world(request: pytest.FixtureRequest) -> World:
    return world_of(request.param)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Callable[[], Path]]:
    """A new folder for each question."""
    yield lambda: Path(_new(tmp_path))


def _new(base: Path) -> str:
    folder = base / f"{len(list(base.iterdir())):03d}"
    folder.mkdir()
    return str(folder)


def frame(shapes: list[Any], epsg: int = 4547, name: str = "图斑", **columns: Any) -> gpd.GeoDataFrame:
    """Shapes drawn in the zone of 114°E, stored in a CRS, by number; what has to bend is given vertices before."""
    if epsg != 4547:
        shapes = [shapely.segmentize(shape, 1.0) for shape in shapes]
    made = gpd.GeoDataFrame(
        {"name": [f"{name}{i}" for i in range(len(shapes))], **columns}, geometry=shapes, crs=CRS_GK
    )
    return made.to_crs(epsg) if epsg != 4547 else made


def save(shapes: gpd.GeoDataFrame, folder: Path, stem: str, form: str) -> Path:
    """One file of a format."""
    path = folder / f"{stem}.{form}"
    if form == "gbk" or form == "utf8":
        path = folder / f"{stem}.shp"
        shapes.to_file(path, engine="pyogrio", encoding="GBK" if form == "gbk" else "UTF-8")
    elif form == "zip":
        inner = save(shapes, folder, f"in-{stem}", "gbk")
        with zipfile.ZipFile(path, "w") as archive:
            for member in folder.glob(f"{inner.stem}.*"):
                archive.write(member, member.name)
    elif form == "parquet":
        shapes.to_parquet(path)
    elif form == "gdb":
        shapes.to_file(path, engine="pyogrio", driver="OpenFileGDB")
    elif form == "geojson":
        shapes.to_file(path, engine="pyogrio", COORDINATE_PRECISION=15)
    else:
        shapes.to_file(path, engine="pyogrio")
    return path


def study(folder: Path, *reds: Path, settings: str = "", check: str = "", centre: tuple[float, float] = (X, Y),
          epsg: int = 4547) -> Path:  # fmt: skip
    """A study of one or more red-line files; areas are plane areas, so that turning and moving changes nothing."""
    edge = affinity.translate(box(-20_000, -20_000, 20_000, 20_000), centre[0] - X, centre[1] - Y)
    gpd.GeoDataFrame({"name": ["县"]}, geometry=[edge], crs=epsg).to_file(folder / "boundary.gpkg", engine="pyogrio")
    absent = ", ".join(f'"{role}"' for role in OTHERS)
    layers = "".join(
        f'[layers.red{i}]\nrole = "eco_redline"\npath = "{path.name}"\nsource = "县局"\n{settings}\n'
        for i, path in enumerate(reds)
    )
    (folder / "study.toml").write_text(
        f'[study]\nboundary = "boundary"\narea = "plane:EPSG:{epsg}"\n[check]\nnone = [{absent}]\n{check}\n'
        f'[layers.boundary]\nrole = "boundary"\npath = "boundary.gpkg"\n{layers}', encoding="utf-8",
    )  # fmt: skip
    return folder


def said(results: list[SiteResult]) -> Said:
    """What is said of the red line, in the order of the numbers in the sites' names."""
    results = sorted(results, key=lambda result: int("".join(filter(str.isdigit, result.site.name)) or 0))
    levels, areas, distances = [], [], []
    for result in results:
        verdicts = [item for item in result.verdicts if item.rule == "avoids_eco_redline"]
        levels.append(min((item.level for item in verdicts), key=lambda level: level.rank))
        areas.append(sum(item.area_m2 for item in verdicts))
        distances.append(min(c.distance_m or 0.0 for key, c in result.contacts.items() if key.startswith("red")))
    return Said(levels, np.array(areas), np.array(distances))


def ask(place: Callable[[], Path], red: list[Any], site: list[Any], *, red_form: str = "gpkg", site_form: str = "gpkg",
        red_epsg: int = 4547, site_epsg: int = 4547, **how: Any) -> Said:  # fmt: skip
    """What the public path says: files are written, a study is opened, sites are read and checked."""
    folder = place()
    reds = save(frame(red, red_epsg), folder, "红线", red_form)
    sites = save(frame(site, site_epsg, "地块"), folder, "地块", site_form)
    return said(check_sites(sites, open_study(study(folder, reds, **how))))


@pytest.fixture
def plain(world: World, place: Callable[[], Path]) -> Said:
    """The answer that the others are held against; it has overlaps and clear sites."""
    answer = ask(place, world.red, world.site)
    assert {Level.PROHIBITED, Level.CLEAR} <= set(answer.levels)
    truth = shapely.area(shapely.intersection(np.array(world.site), shapely.union_all(world.red)))
    assert np.abs(answer.areas - truth).max() <= 1e-9 * SIZE_M2
    return answer


# --- 1 to 7: how files hold it ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["gbk", "utf8", "parquet", "fgb", "zip", "gdb"])
def test_01_format_of_the_red_line(form: str, world: World, place: Any, plain: Said) -> None:
    digits = (1e-5, 2e-4) if form == "gdb" else (1e-9, 1e-9)
    ask(place, world.red, world.site, red_form=form).like(plain, *digits)


@pytest.mark.parametrize("form", ["gbk", "utf8", "parquet", "fgb", "zip", "geojson"])
def test_02_format_of_the_sites(form: str, world: World, place: Any, plain: Said) -> None:
    epsg = 4490 if form == "geojson" else 4547
    ask(place, world.red, world.site, site_form=form, site_epsg=epsg).like(plain, 1e-7)


@pytest.mark.parametrize(("form", "share", "metres"), [("txt", 1e-9, 1e-8), ("dxf", 1e-9, 1e-8), ("kml", 1e-6, 1e-4)])
def test_03_formats_of_surveyors(form: str, share: float, metres: float, world: World, place: Any, plain: Said) -> None:
    folder = place()
    opened = open_study(study(folder, save(frame(world.red), folder, "红线", "gpkg")))
    results = []
    # Four are enough of what takes a transform from WGS 84 for each file.
    asked = list(range(12 if form != "kml" else 4))
    for number, shape in [(number, world.site[number]) for number in asked]:
        one = frame([shape]).assign(name=f"地块{number}")
        path = folder / f"{number}.{form}"
        if form == "kml":
            one = one.set_geometry([shapely.segmentize(shape, 1.0)]).to_crs(4490)
        write_layer(one, path)
        [site] = read_sites(
            path, **({"crs": "EPSG:4547"} if form == "dxf" else {"source": "县局"} if form == "kml" else {})
        )
        results.append(Checker(opened).check([site])[0])
    areas = np.array([result.contacts["red0"].area_m2 for result in results])
    away = np.array([result.contacts["red0"].distance_m for result in results])
    assert np.abs(areas - plain.areas[asked]).max() <= share * SIZE_M2
    assert np.abs(away - plain.distances[asked]).max() <= metres
    assert said(results).levels == [plain.levels[number] for number in asked]


@pytest.mark.parametrize("epsg", [4546, 4508, 4490, 4326])
def test_04_zone_of_the_red_line(epsg: int, world: World, place: Any, plain: Said) -> None:
    ask(place, world.red, world.site, red_epsg=epsg).like(plain, 1e-7)


@pytest.mark.parametrize("epsg", [4546, 4508, 4490, 4326])
def test_05_zone_of_the_sites(epsg: int, world: World, place: Any, plain: Said) -> None:
    ask(place, world.red, world.site, site_epsg=epsg).like(plain, 1e-7)


@pytest.mark.parametrize(("red_epsg", "site_epsg"), [(4526, 4547), (4547, 4526), (4526, 4526)])
def test_06_zone_number(red_epsg: int, site_epsg: int, world: World, place: Any, plain: Said) -> None:
    ask(place, world.red, world.site, red_epsg=red_epsg, site_epsg=site_epsg).like(plain, 1e-7)


def test_07_whole_zone(world: World, place: Any, plain: Said) -> None:
    folder = place()
    reds = save(frame(world.red).set_crs(4548, allow_override=True), folder, "红线", "gpkg")
    sites = save(frame(world.site, name="地块").set_crs(4548, allow_override=True), folder, "地块", "gpkg")
    found = said(check_sites(sites, open_study(study(folder, reds, epsg=4548))))
    assert found.levels == plain.levels
    assert found.areas.tolist() == plain.areas.tolist()


# --- 8 to 12: how it is drawn ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("east", "north"), [(4_096.0, -8_192.0), (-65_536.0, 131_072.0)])
def test_08_translation(east: float, north: float, world: World, place: Any, plain: Said) -> None:
    red, site = ([affinity.translate(shape, east, north) for shape in group] for group in (world.red, world.site))
    ask(place, red, site, centre=(X + east, Y + north)).like(plain, 1e-9)


def test_09_rotation(world: World, place: Any, plain: Said) -> None:
    red, site = ([affinity.rotate(shape, 90, origin=(X, Y)) for shape in group] for group in (world.red, world.site))
    ask(place, red, site).like(plain, 1e-7)


def test_10_order(world: World, place: Any, plain: Said) -> None:
    ask(place, world.red[::-1], world.site).like(plain, 1e-9)
    turned = ask(place, world.red, world.site[::-1])
    Said(turned.levels[::-1], turned.areas[::-1], turned.distances[::-1]).like(plain, 1e-12)


def test_11_direction(world: World, place: Any, plain: Said) -> None:
    def turned(shape: Any) -> Any:
        return shapely.Polygon(np.roll(np.array(shape.exterior.coords)[:-1][::-1], 3, axis=0))

    ask(place, list(map(turned, world.red)), list(map(turned, world.site))).like(plain, 1e-9, 1e-9)


@pytest.mark.parametrize("step", [0.5, 7.0])
def test_12_dense(step: float, world: World, place: Any, plain: Said) -> None:
    dense = [[shapely.segmentize(shape, step) for shape in group] for group in (world.red, world.site)]
    ask(place, *dense).like(plain, 1e-7)


# --- 13 to 19: how it is put together --------------------------------------------------------------------------------


def test_13_split(world: World, place: Any, plain: Said) -> None:
    halves = (box(-3e3, -3e3, 17, 3e3), box(17, -3e3, 3e3, 3e3))
    parts = [part for shape in world.red for half in halves for part in shapely.get_parts(shape.intersection(half))]
    ask(place, [part for part in parts if part.area > 0], world.site).like(plain, 1e-9)


def test_14_union(world: World, place: Any, plain: Said) -> None:
    ask(place, [shapely.union_all(world.red)], world.site).like(plain, 1e-9)


@pytest.mark.parametrize("form", ["gpkg", "parquet"])
def test_15_parts(form: str, world: World, place: Any, plain: Said) -> None:
    """Overlapping parts of one feature are no valid polygon; repaired by structure they are their union."""
    ask(place, [shapely.MultiPolygon(world.red)], world.site, red_form=form).like(plain, 1e-9)


def test_16_doubles(world: World, place: Any, plain: Said) -> None:
    ask(place, [*world.red, *world.red], world.site).like(plain, 1e-9)


def test_17_two_layers(world: World, place: Any, plain: Said) -> None:
    folder = place()
    reds = [save(frame(group), folder, f"红线{i}", "gpkg") for i, group in enumerate((world.red[:3], world.red[3:]))]
    sites = save(frame(world.site, name="地块"), folder, "地块", "gpkg")
    said(check_sites(sites, open_study(study(folder, *reds)))).like(plain, 1e-9)


def test_18_hole(world: World, place: Any) -> None:
    whole, ground = box(-1_500, -1_500, 1_500, 1_500), shapely.union_all(world.red)
    parts = [part for part in shapely.get_parts(whole.difference(ground)) if part.area > 0]
    quarters = [box(-1_500, -1_500, 33, 1_500), box(33, -1_500, 1_500, 1_500)]
    cut = [p for part in parts for q in quarters for p in shapely.get_parts(part.intersection(q)) if p.area > 0]
    ask(place, parts, world.site).like(ask(place, cut, world.site), 1e-9)


def test_19_filled_hole(world: World, place: Any) -> None:
    whole, plug = box(-1_500, -1_500, 1_500, 1_500), box(-200, -150, 260, 340)
    holed = shapely.Polygon(whole.exterior.coords, [plug.exterior.coords])
    ask(place, [whole], world.site).like(ask(place, [holed, plug], world.site), 1e-9)


# --- 20 to 27: what is asked -----------------------------------------------------------------------------------------


def test_20_many_parts_of_one_site(world: World, place: Any, plain: Said) -> None:
    apart = [(i, i + 1) for i in range(0, 12, 2) if world.site[i].disjoint(world.site[i + 1])]
    joint = [shapely.MultiPolygon([world.site[i], world.site[j]]) for i, j in apart]
    found = ask(place, world.red, joint)
    assert found.levels == [min((plain.levels[i], plain.levels[j]), key=lambda level: level.rank) for i, j in apart]
    assert np.abs(found.areas - [plain.areas[i] + plain.areas[j] for i, j in apart]).max() <= 1e-9 * SIZE_M2
    least = [min(plain.distances[i], plain.distances[j]) for i, j in apart]
    assert found.distances == pytest.approx(least, abs=1e-9)


def test_21_larger_site(world: World, place: Any, plain: Said) -> None:
    found = ask(place, world.red, [shape.buffer(20.0) for shape in world.site])
    assert all(one.rank <= other.rank for one, other in zip(found.levels, plain.levels, strict=True))
    assert (found.areas >= plain.areas - 1e-6).all()
    assert (found.distances <= plain.distances + 1e-9).all()


def test_22_larger_red_line(world: World, place: Any, plain: Said) -> None:
    found = ask(place, [shape.buffer(20.0) for shape in world.red], world.site)
    assert all(one.rank <= other.rank for one, other in zip(found.levels, plain.levels, strict=True))
    assert (found.areas >= plain.areas - 1e-6).all()


def test_23_tolerance(world: World, place: Any, plain: Said) -> None:
    for area, width in ((1.0, 0.05), (1e9, 1e9)):
        check = f"tolerance = {{ area_m2 = {area}, width_m = {width} }}"
        ask(place, world.red, world.site, check=check).like(plain, 0.0, 0.0)


def test_24_accuracy(world: World, place: Any, plain: Said) -> None:
    for metres in (5, 50.0):
        ask(place, world.red, world.site, settings=f"accuracy_m = {metres}").like(plain, 0.0, 0.0)


def test_25_batch(world: World, place: Any, plain: Said) -> None:
    folder = place()
    opened = open_study(study(folder, save(frame(world.red), folder, "红线", "gpkg")))
    files = [save(frame([shape]).assign(name=f"地块{i}"), folder, f"{i}", "gpkg") for i, shape in enumerate(world.site)]
    alone = said([check_site(path, opened) for path in files])
    assert alone.areas.tolist() == plain.areas.tolist()
    assert alone.levels == plain.levels


def test_26_heights(world: World, place: Any, plain: Said) -> None:
    red, site = ([shapely.force_3d(shape, 7.5) for shape in group] for group in (world.red, world.site))
    ask(place, red, site).like(plain, 1e-12, 1e-12)


def test_27_attributes(world: World, place: Any, plain: Said) -> None:
    folder = place()
    reds = frame(world.red, name="=1+1", 面积=[-1.0] * 7, 备注=[None] * 7, NAME_1=["<b>"] * 7)
    sites = frame(world.site, name="地块", 业主=["某公司"] * 12, fid_2=list(range(12)))
    path = save(sites, folder, "地块", "gpkg")
    said(check_sites(path, open_study(study(folder, save(reds, folder, "红线", "gpkg"))))).like(plain, 1e-12, 1e-12)


def test_the_table_names_every_relation() -> None:
    """27 relations in the table, 27 tests."""
    numbers = sorted(int(name[5:7]) for name in globals() if name.startswith("test_") and name[5:7].isdigit())
    assert all(later - earlier == 1 for earlier, later in pairwise(numbers))
    assert [line.split()[0] for line in (__doc__ or "").splitlines() if line[:2].strip().isdigit()] == list(
        map(str, numbers)
    )
