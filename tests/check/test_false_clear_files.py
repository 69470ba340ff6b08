"""The first rule through the public path: pairs of known truth are written into files, read, prepared and judged.

Each case is a study folder on disk whose red line stands in one file and a batch of sites in another, far enough apart that
each pair stands alone. The depth runs from the least that the coordinates can hold to a kilometre; one site in ten keeps a gap.

=================  =========================  ==============================================  =======
case               red line                   sites                                           least
=================  =========================  ==============================================  =======
own zone           GBK Shapefile              GBK Shapefile                                   1e-9 m
database           GeoPackage                 GeoPackage                                      1e-9 m
columns            GeoParquet                 FlatGeobuf                                      1e-9 m
geodatabase        FileGDB, grid of 1e-9 m    Shapefile in a zip                              1e-8 m
prefixed           GBK Shapefile, zone 38     GeoPackage, zone 38                             1e-6 m
prefix against it  GeoPackage                 GBK Shapefile, zone 38                          1e-6 m
degrees            GeoPackage                 GeoJSON, CGCS2000 degrees                       1e-6 m
next zone          GBK Shapefile              GeoPackage, 111°E                               1e-6 m
six degrees        GeoPackage                 FlatGeobuf, 6-degree zone of 111°E              1e-6 m
red in degrees     GeoJSON, degrees           GBK Shapefile                                   1e-6 m
red elsewhere      GeoParquet, zone 37        GeoPackage                                      1e-6 m
KML                GeoPackage                 KML, 1e-12 degrees                              1e-6 m
TXT                GBK Shapefile              boundary points, millimetres, in one file       1e-3 m
=================  =========================  ==============================================  =======

Red shapes are plain, of 400 vertices, with a hole, in parts, nested, overlapping, doubled, run round twice, or turned; what of
these is no valid polygon is repaired on the way. Truth is arithmetic on the doubles that were written.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely
from shapely import affinity

from ecospace.check.checker import Checker, check_site
from ecospace.check.result import SiteResult
from ecospace.check.site import read_sites
from ecospace.check.verdict import Level
from ecospace.study import open_study
from tests.check.county import CRS_GK, OTHERS, X, Y
from tests.check.test_false_clear import convex, depths, exactly_meet, pushed

#: Metres between pairs; a site is at most 150 m wide and 1 km deep.
STEP = 2_600.0
#: What a reprojected site may hide, metres: below it contact is as right as overlap.
MOVED = 2e-6
#: The tail of a red line's name: every name is GBK text of its own.
NAME = "生态保护红线图斑"


@dataclass(frozen=True)
class Case:
    """How one batch is written."""

    red: str
    site: str
    least: float
    red_epsg: int = 4547
    site_epsg: int = 4547
    exact: bool = False


CASES = {
    "own zone": Case("shp", "shp", 1e-9, exact=True),
    "database": Case("gpkg", "gpkg", 1e-9, exact=True),
    "columns": Case("parquet", "fgb", 1e-9, exact=True),
    "geodatabase": Case("gdb", "zip", 1e-8, exact=True),
    "prefixed": Case("shp", "gpkg", 1e-6, 4526, 4526, exact=True),
    "prefix against it": Case("gpkg", "shp", 1e-6, site_epsg=4526),
    "degrees": Case("gpkg", "geojson", 1e-6, site_epsg=4490),
    "next zone": Case("shp", "gpkg", 1e-6, site_epsg=4546),
    "six degrees": Case("gpkg", "fgb", 1e-6, site_epsg=4508),
    "red in degrees": Case("geojson", "shp", 1e-6, red_epsg=4490),
    "red elsewhere": Case("parquet", "gpkg", 1e-6, red_epsg=4525),
    "KML": Case("gpkg", "kml", 1e-6, site_epsg=4490),
    "TXT": Case("shp", "txt", 1e-3, site_epsg=4526),
}


def pairs(random: np.random.Generator, count: int, case: Case) -> tuple[list[Any], list[Any], np.ndarray, np.ndarray]:
    """Red shapes and sites in the zone of 114°E, how deep each site lies in its red shape (below 0: a gap), and whether their
    interiors meet."""
    side = int(np.ceil(np.sqrt(count)))
    rows, columns = np.divmod(np.arange(count), side)
    prefix = 38_000_000.0 if case.red_epsg == case.site_epsg == 4526 else 0.0
    places = np.column_stack([X + prefix + columns * STEP, Y + rows * STEP])
    deep = depths(random, count, case.least)
    gaps = random.random(count) < 0.1
    deep[gaps] = -np.maximum(deep[gaps], 1e-3)
    if case.site == "txt":
        deep, places = np.where(gaps, deep.round(3) - 0.001, np.maximum(deep.round(3), 1e-3)), places.round(3)
    red, site, meets = [], [], np.zeros(count, dtype=bool)
    long_edges = case.red_epsg == case.site_epsg or case.red_epsg == 4547
    for i, ((x, y), depth) in enumerate(zip(places, deep, strict=True)):
        if case.exact and i % 9 == 8:
            one = convex(random, 1)[0] + (x, y)
            [other] = pushed(random, [one], [convex(random, 1)[0] + (x, y)], [min(depth, 200.0)])
            red.append(shapely.Polygon(one))
            site.append(shapely.Polygon(other))
            meets[i] = exactly_meet(one, other)
            continue
        wide, high = (random.uniform(1_050, 1_300), random.uniform(300, 900)) if long_edges else (1_010.0, 40.0)
        # A ring inside a ring, or twice, may be a hole in a Shapefile: such a layer is refused as ambiguous.
        form = 0 if case.red == "shp" and i % 8 in (4, 6) else i % 8
        shape = formed(form, shapely.box(x, y, x + wide, y + high), x, y, wide, high)
        red.append(shape)
        south = y + high / 4
        drawn = shapely.box(x - 120, south, x + depth, south + min(random.uniform(1, 90), high / 2))
        site.append(drawn if case.site != "txt" else shapely.transform(drawn, lambda xy: xy.round(3)))
        meets[i] = site[-1].bounds[2] > x
    return red, site, deep, meets


def formed(form: int, whole: Any, x: float, y: float, wide: float, high: float) -> Any:
    """A box in one of eight forms, its west side where it was."""
    if form == 1:
        return shapely.segmentize(whole, (2 * wide + 2 * high) / 400)
    if form == 2:
        return whole.difference(shapely.box(x + wide * 0.3, y + high * 0.85, x + wide * 0.6, y + high * 0.95))
    if form == 3:
        return shapely.MultiPolygon([shapely.box(x - 900, y - 900, x - 500, y - 500), whole])
    if form == 4:
        return shapely.MultiPolygon([whole, shapely.box(x + 10, y + high * 0.8, x + 50, y + high * 0.9)])
    if form == 5:
        return shapely.MultiPolygon([whole, shapely.box(x + wide / 2, y + high / 2, x + wide + 50, y + high + 20)])
    if form == 6:
        return shapely.MultiPolygon([whole, whole])
    if form == 7:
        ring = np.array(whole.exterior.coords)
        return shapely.Polygon(np.vstack([ring, ring[1:]]))
    return whole


def written(folder: Path, name: str, shapes: list[Any], form: str, epsg: int, drawn: int) -> Path:
    """A file of shapes drawn in one CRS and stored in another."""
    names = [f"{NAME}{i + 1}" for i in range(len(shapes))]
    if epsg != drawn:
        # Edges bend with the transform; made short first, they stay where the truth says.
        shapes = [shapely.segmentize(shape, 2.0) for shape in shapes]
    frame = gpd.GeoDataFrame({"name": names}, geometry=shapes, crs=drawn)
    if form in ("kml", "txt"):
        return surveyed(frame, folder, name, form, epsg)
    frame = frame.to_crs(epsg) if epsg != drawn else frame
    path = folder / f"{name}.{form}"
    if form == "zip":
        inner = folder / f"{name}.shp"
        frame.to_file(inner, engine="pyogrio", encoding="GBK")
        with zipfile.ZipFile(path, "w") as archive:
            for member in sorted(folder.glob(f"{name}.*")):
                if member.suffix in (".shp", ".shx", ".dbf", ".prj", ".cpg"):
                    archive.write(member, member.name)
                    member.unlink()
    elif form == "parquet":
        frame.to_parquet(path)
    elif form == "gdb":
        frame = frame.set_geometry([shapely.multipolygons(shapely.get_parts(shape)) for shape in frame.geometry])
        grid = {"XORIGIN": 0, "YORIGIN": 0, "XYSCALE": 1e9, "XYTOLERANCE": 1e-9}
        frame.to_file(path, engine="pyogrio", driver="OpenFileGDB", geometry_type="MultiPolygon", **grid)
    elif form == "geojson":
        frame.to_file(path, engine="pyogrio", COORDINATE_PRECISION=15)
    else:
        frame.to_file(path, engine="pyogrio", **({"encoding": "GBK"} if form == "shp" else {}))
    return path


def surveyed(frame: gpd.GeoDataFrame, folder: Path, name: str, form: str, epsg: int) -> Path:
    """Sites as KML of twelve decimals, or as boundary points in millimetres, all in one file."""
    path = folder / f"{name}.{form}"
    if form == "kml":
        marks = "".join(
            f"<Placemark><name>{title}</name><Polygon><outerBoundaryIs><LinearRing><coordinates>"
            + " ".join(f"{x:.12f},{y:.12f}" for x, y in shape.exterior.coords)
            + "</coordinates></LinearRing></outerBoundaryIs></Polygon></Placemark>"
            for title, shape in zip(frame["name"], frame.to_crs(epsg).geometry, strict=True)
        )
        path.write_text(f'<?xml version="1.0" encoding="UTF-8"?><kml xmlns="http://www.opengis.net/kml/2.2"><Document>{marks}'
                        "</Document></kml>", encoding="utf-8")  # fmt: skip
        return path
    lines = ["[属性描述]", "坐标系=2000国家大地坐标系", "几度分带=3", "投影类型=高斯克吕格", "计量单位=米", "带号=38", "精度=0.001",
             "转换参数=,,,,,,", "[地块坐标]"]  # fmt: skip
    for number, shape in enumerate(frame.geometry, start=1):
        ring = np.array(shape.exterior.coords)[::-1]
        lines.append(f"{len(ring)},{shape.area / 1e4:.4f},{number},{NAME}{number},面,,,,@")
        lines += [f"J{k % (len(ring) - 1) + 1},1,{y:.3f},{x + 38_000_000:.3f}" for k, (x, y) in enumerate(ring)]
    path.write_bytes("\r\n".join(lines).encode("gb18030"))
    return path


def study(folder: Path, red: Path, size_m: float, more: str = "") -> Path:
    """The study folder around a red line."""
    edge = shapely.box(X - 3_000, Y - 3_000, X + size_m, Y + size_m)
    gpd.GeoDataFrame({"name": ["县"]}, geometry=[edge], crs=CRS_GK).to_file(folder / "boundary.gpkg", engine="pyogrio")
    absent = ", ".join(f'"{role}"' for role in OTHERS)
    (folder / "study.toml").write_text(
        f'[study]\nboundary = "boundary"\n[check]\nnone = [{absent}]\n[layers.boundary]\nrole = "boundary"\n'
        f'path = "boundary.gpkg"\n[layers.red]\nrole = "eco_redline"\npath = "{red.name}"\nrepair = "all"\n{more}',
        encoding="utf-8",
    )
    return folder


def levels(results: list[SiteResult]) -> list[Level]:
    """The worst that is said of the red line itself, site by site; that the zones of reserves are not known is no matter here."""
    said = [[item for item in result.verdicts if item.rule == "avoids_eco_redline"] for result in results]
    return [min((item.level for item in items), key=lambda level: level.rank) for items in said]


@pytest.mark.parametrize("count", [110, pytest.param(500, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", CASES)
def test_pairs_of_known_truth_through_files(name: str, count: int, tmp_path: Path) -> None:
    case, random = CASES[name], np.random.default_rng(len(name) + count)
    drawn = 4526 if case.red_epsg == case.site_epsg == 4526 else 4547
    red, site, deep, meets = pairs(random, count, case)
    stored = written(tmp_path, "redline", red, case.red, case.red_epsg, drawn)
    sites = written(tmp_path, "sites", site, case.site, case.site_epsg, drawn)
    folder = study(tmp_path, stored, STEP * (np.ceil(np.sqrt(count)) + 1))

    batch = read_sites(sites, **({"source": "县局"} if case.site == "kml" else {}))
    # FlatGeobuf keeps an order of its own.
    batch.sort(key=lambda one: int(one.name.removeprefix(NAME)))
    for _read_and_from_the_store in range(2):
        results = Checker(open_study(folder)).check(batch)
        found = levels(results)

        assert len(found) == count
        assert Level.CLEAR not in [level for level, meet in zip(found, meets, strict=True) if meet]
        assert found.count(Level.UNDECIDED) == 0
        if case.exact:
            assert [level is Level.PROHIBITED for level in found] == meets.tolist()
        sure = [level is Level.PROHIBITED for level, depth in zip(found, deep, strict=True) if depth > MOVED]
        assert all(sure) or case.exact
        assert all(level is Level.CLEAR for level, depth in zip(found, deep, strict=True) if depth <= -1e-3)
    places = [place for item in results[0].verdicts for place in item.places]
    assert meets[0] is np.False_ or f"{NAME}1" in places


@pytest.mark.parametrize("least", [1e-9, 1e-6, 1e-3, 1.0])
@pytest.mark.parametrize(("red", "site_epsg"), [("shp", 4547), ("gpkg", 4526), ("parquet", 4490), ("shp", 4546)])
def test_edges_of_sixty_kilometres_through_files(red: str, site_epsg: int, least: float, tmp_path: Path) -> None:
    """Strips of 60 km, whose straight sides are 31.8 m off where only their ends are transformed."""
    random = np.random.default_rng(60)
    wests = X + 2_000.0 * np.arange(8)
    strips = [shapely.box(x, Y, x + 1_100, Y + 60_000) for x in wests]
    souths, deep = random.uniform(Y + 100, Y + 59_000, 8), least * random.uniform(1, 9, 8)
    site = [shapely.box(x - 50, y, x + depth, y + 40) for x, y, depth in zip(wests, souths, deep, strict=True)]
    stored = written(tmp_path, "redline", strips, red, 4547, 4547)
    sites = written(tmp_path, "sites", site, "gpkg", site_epsg, 4547)
    folder = study(tmp_path, stored, 70_000.0)
    found = levels(Checker(open_study(folder)).check(read_sites(sites)))
    assert Level.CLEAR not in found
    assert Level.UNDECIDED not in found
    if site_epsg == 4547 or least > MOVED:
        entered = [shape.bounds[2] > x for shape, x in zip(site, wests, strict=True)]
        assert [level is Level.PROHIBITED for level in found] == entered


@pytest.mark.parametrize("encoding", ["gb18030", "utf-8"])
def test_boundary_points_one_file_a_site(encoding: str, tmp_path: Path) -> None:
    case, random = CASES["TXT"], np.random.default_rng(12)
    red, site, _deep, meets = pairs(random, 12, case)
    folder = study(tmp_path, written(tmp_path, "redline", red, "shp", 4547, 4547), 30_000.0)
    opened = open_study(folder)
    for number, (shape, meet) in enumerate(zip(site, meets, strict=True), start=1):
        path = written(tmp_path, f"地块{number}", [shape], "txt", 4526, 4547)
        if encoding == "utf-8":
            path.write_text(path.read_text(encoding="gb18030"), encoding="utf-8", newline="")
        result = check_site(path, opened)
        assert result.site.name == f"{NAME}1"
        assert levels([result]) == [Level.PROHIBITED if meet else Level.CLEAR]


@pytest.mark.parametrize("form", ["shp", "gpkg", "fgb", "parquet", "gdb", "zip"])
def test_the_files_hold_the_doubles_that_the_truth_is_made_of(form: str, tmp_path: Path) -> None:
    read: Callable[..., gpd.GeoDataFrame] = gpd.read_parquet if form == "parquet" else gpd.read_file
    red, _site, _deep, _meets = pairs(np.random.default_rng(1), 40, CASES["own zone"])
    valid = [shape for shape in red if shape.is_valid]
    back = read(written(tmp_path, "red", valid, form, 4547, 4547))
    ours = np.sort(np.array([shape.bounds for shape in valid]), axis=0)
    theirs = np.sort(back.geometry.bounds.to_numpy(), axis=0)
    assert np.abs(ours - theirs).max() <= (1e-9 if form == "gdb" else 0.0)


def test_a_site_that_is_moved_out_is_clear_again(tmp_path: Path) -> None:
    """The test can fail: the same pairs, each site moved 1.2 km west, touch nothing."""
    red, site, _deep, _meets = pairs(np.random.default_rng(2), 16, CASES["database"])
    folder = study(tmp_path, written(tmp_path, "redline", red[:1], "gpkg", 4547, 4547), 30_000.0)
    moved = affinity.translate(site[0], -1_500, 0)
    sites = written(tmp_path, "sites", [site[0], moved], "gpkg", 4547, 4547)
    assert levels(Checker(open_study(folder)).check(read_sites(sites)))[1] is Level.CLEAR
