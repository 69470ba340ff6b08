"""The workload: a made-up city of 60 km x 60 km, the same bytes wherever it is made.

Land parcels tile the square exactly (their edges are shared to the last digit); a part of them is merged into forests and
waters of up to 2 000 vertices with holes. Half of the red lines follow parcel edges, half do not; some are slivers of 0.5 to
3 m. Protected areas and water zones overlap. Townships tile the square. All is synthetic: nothing here is a real place.

    base/      townships, blobs, protected, water, sites, rivers      the same for every number of parcels
    n<N>/      parcels (.parquet, .gpkg, .shp in GBK), redline, redline_old
    */store/   the same layers, certified by ecospace: what the jobs read
    landcover_6000.tif, landcover_12000.tif
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from benchmarks.tiling import clustered_points, jagged_tiling

if TYPE_CHECKING:
    from ecospace.crs import StudyCRS

CRS = "EPSG:4547"
LEFT, BOTTOM, SIDE = 470_000.0, 3_320_000.0, 60_000.0
SQUARE = shapely.box(LEFT, BOTTOM, LEFT + SIDE, BOTTOM + SIDE)
#: Land codes, names and how common each is.
LAND = [
    ("0101", "水田", 9), ("0102", "水浇地", 6), ("0103", "旱地", 12), ("0201", "果园", 6), ("0301", "乔木林地", 18),
    ("0302", "竹林地", 4), ("0305", "灌木林地", 8), ("0307", "其他林地", 7), ("0401", "天然牧草地", 2), ("0404", "其他草地", 4),
    ("0602", "采矿用地", 1), ("0701", "城镇住宅用地", 3), ("0702", "农村宅基地", 6), ("1001", "铁路用地", 0.5),
    ("1003", "公路用地", 2), ("1006", "农村道路", 3), ("1101", "河流水面", 2), ("1103", "水库水面", 1), ("1104", "坑塘水面", 3),
    ("1106", "内陆滩涂", 1), ("1107", "沟渠", 2), ("1206", "裸土地", 0.5), ("1207", "裸岩石砾地", 0.5),
]  # fmt: skip

Array = np.ndarray[Any, Any]


def study_crs() -> StudyCRS:
    """The study CRS of the square."""
    from ecospace.crs import StudyCRS

    return StudyCRS.for_boundary(gpd.GeoDataFrame(geometry=[SQUARE], crs=CRS))


def make(folder: Path, what: Sequence[str]) -> None:
    """Make what is not there yet: ``["100000", "raster"]``."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "study_crs.wkt").write_text(study_crs().crs.to_wkt())
    if not (folder / "base" / "blobs.parquet").exists():
        _timed("base layers", lambda: base_layers(folder / "base"))
    for word in what:
        if word == "raster":
            _timed("rasters", lambda: rasters(folder))
        else:
            count = int(word)
            target = folder / f"n{count}"
            if not (target / "redline_old.parquet").exists():
                _timed(f"{count} parcels", lambda count=count: sized_layers(folder, count))
    prepare_stores(folder)


def _timed(name: str, work: Callable[[], object]) -> None:
    started = time.perf_counter()
    work()
    print(f"{name}: {time.perf_counter() - started:.0f} s", flush=True)


def prepare_stores(folder: Path) -> None:
    """Certify every layer that has no store yet."""
    from ecospace.layers.store import prepare_store

    for path in sorted(folder.glob("*/*.parquet")):
        target = path.parent / "store" / path.name
        if (
            path.stem not in ("sites", "rivers", "blobs")
            and not path.stem.startswith("scratch")
            and not target.exists()
        ):
            _timed(f"store of {path.stem}", lambda path=path, target=target: prepare_store(path, target, study_crs()))


def blob(rng: np.random.Generator, x: float, y: float, radius: float, vertices: int, holes: int = 0) -> Any:
    """A star-shaped patch with a fractal edge."""

    def ring(x: float, y: float, radius: float, vertices: int, rough: float) -> Any:
        angle = np.linspace(0, 2 * np.pi, vertices, endpoint=False)
        far = np.ones(vertices)
        for wave in range(1, 40):
            far += 0.6 * rough * rng.normal() / wave**1.1 * np.cos(wave * angle + rng.uniform(0, 2 * np.pi))
        far = np.clip(far + rng.normal(0, 0.004, vertices), 0.25, 2.2) * radius
        return shapely.polygons(np.column_stack([x + far * np.cos(angle), y + far * np.sin(angle)]).round(3))

    patch = shapely.make_valid(ring(x, y, radius, vertices, 0.35))
    for _ in range(holes):
        angle, away = rng.uniform(0, 2 * np.pi), rng.uniform(0, 0.5) * radius
        hole = ring(x + away * np.cos(angle), y + away * np.sin(angle), radius * rng.uniform(0.02, 0.08), 40, 0.2)
        patch = shapely.difference(patch, hole)
    return patch


def polygons_only(shape: Any) -> Any:
    """The polygons of a shape, without crumbs below 10 cm²."""
    parts = shapely.get_parts(shapely.get_parts(np.atleast_1d(shape)))
    return shapely.multipolygons(parts[(shapely.get_type_id(parts) == 3) & (shapely.area(parts) > 1e-3)])


def _place(rng: np.random.Generator) -> tuple[float, float]:
    return LEFT + rng.uniform(0, SIDE), BOTTOM + rng.uniform(0, SIDE)


def _write(folder: Path, name: str, shapes: Any, columns: dict[str, Any]) -> gpd.GeoDataFrame:
    folder.mkdir(parents=True, exist_ok=True)
    frame = gpd.GeoDataFrame(columns, geometry=shapes, crs=CRS)
    frame.to_parquet(folder / f"{name}.parquet")
    return frame


def base_layers(folder: Path) -> None:
    """Layers that do not depend on the parcels."""
    rng = np.random.default_rng(20260101)
    x, y = np.meshgrid(np.arange(5), np.arange(5))
    seeds = (np.column_stack([x.ravel(), y.ravel()]) + rng.uniform(0.15, 0.85, (25, 2))) / 5
    towns = jagged_tiling(seeds, rng, 1 / 3000, 100, 700, smooth=True, corner=(LEFT, BOTTOM), side=SIDE)
    codes = {"XZQDM": [f"42010{i:04d}" for i in range(25)], "XZQMC": [f"乡镇{i + 1}" for i in range(25)]}
    _write(folder, "townships", towns, codes)
    blobs = red_blobs(rng)
    _write(folder, "blobs", blobs, {"HXDM": [f"HX{i:03d}" for i in range(len(blobs))]})
    protected = []
    for i in range(60):
        place = _place(rng)
        if i < 40:
            inside = shapely.point_on_surface(blobs[int(rng.integers(len(blobs)))])
            place = (inside.x + rng.normal(0, 800), inside.y + rng.normal(0, 800))
        radius = float(np.clip(rng.lognormal(7.3, 0.5), 400, 5000))
        patch = blob(rng, *place, radius, int(rng.integers(300, 6000)), int(rng.integers(0, 4)))
        protected.append(polygons_only(shapely.intersection(patch, SQUARE)))
    _write(folder, "protected", protected, {"BHDMC": [f"保护地{i}" for i in range(60)]})
    water = []
    for _ in range(14):
        core = blob(rng, *_place(rng), float(rng.uniform(200, 500)), 300)
        water += [shapely.buffer(core, far, quad_segs=8) if far else core for far in (0, 500, 2000)]
    water = [polygons_only(shapely.intersection(zone, SQUARE)) for zone in water]
    water = [zone for zone in water if not zone.is_empty]
    _write(folder, "water", water, {"SYDMC": [f"水源地{i // 3}" for i in range(len(water))]})
    _write(folder, "sites", *_sites(rng, 10_000))
    _write(folder, "rivers", *_rivers(rng, 400))


def red_blobs(rng: np.random.Generator) -> Array:
    """300 disjoint multipolygons of log-normal size, with holes and slivers 0.5 to 3 m wide."""
    found: list[Any] = []
    number = 0
    while len(found) < 300:
        radius = float(np.clip(rng.lognormal(6.7, 0.65), 150, 5000))
        vertices = int(np.clip(radius * rng.uniform(0.8, 6), 60, 20_000))
        x, y = _place(rng)
        parts = [blob(rng, x, y, radius, vertices, int(rng.integers(0, 9)))]
        for _ in range(int(rng.integers(0, 3))):
            away = rng.normal(0, 3 * radius, 2)
            parts.append(blob(rng, x + away[0], y + away[1], radius * rng.uniform(0.1, 0.4), max(40, vertices // 5)))
        if number % 4 == 0:
            length, width, angle = rng.uniform(100, 800), rng.uniform(0.5, 3), rng.uniform(0, 2 * np.pi)
            start = np.array([x, y]) + rng.normal(0, 2 * radius, 2)
            end = start + length * np.array([np.cos(angle), np.sin(angle)])
            parts.append(shapely.buffer(shapely.linestrings([start, end]), width / 2, cap_style="flat"))
        number += 1
        shape = shapely.intersection(shapely.union_all(parts), SQUARE)
        near = [other for other in found if shapely.intersects(other, shape)]
        shape = polygons_only(shapely.difference(shape, shapely.union_all(near)) if near else shape)
        if shapely.area(shape) > 100:
            found.append(shape)
    return np.array(found)


def _sites(rng: np.random.Generator, count: int) -> tuple[list[Any], dict[str, Any]]:
    places = np.array([LEFT, BOTTOM]) + rng.uniform(100, SIDE - 100, (count, 2))
    shapes = []
    for i, place in enumerate(places):
        angle = np.linspace(0, 2 * np.pi, int(rng.integers(6, 32)), endpoint=False)
        far = np.clip(rng.lognormal(3.9, 0.7), 8, 600) * rng.uniform(0.6, 1.2, len(angle))
        ring = (place + np.column_stack([far * np.cos(angle), far * np.sin(angle)])).round(3)
        shapes.append(shapely.points(place) if i % 10 < 3 else shapely.polygons(ring))
    return shapes, {"XMBH": [f"XM{i:05d}" for i in range(count)]}


def _rivers(rng: np.random.Generator, count: int) -> tuple[list[Any], dict[str, Any]]:
    lines = []
    for _ in range(count):
        bends = int(rng.integers(100, 500))
        angle = rng.uniform(0, 2 * np.pi) + np.cumsum(rng.normal(0, 0.12, bends))
        steps = rng.uniform(20, 60) * np.column_stack([np.cos(angle), np.sin(angle)])
        lines.append(shapely.linestrings((np.array(_place(rng)) + np.cumsum(steps, axis=0)).round(3)))
    return lines, {"HLMC": [f"河{i}" for i in range(count)]}


def sized_layers(folder: Path, count: int) -> None:
    """Parcels, and the red lines that follow them."""
    rng = np.random.default_rng(count)
    target = folder / f"n{count}"
    shapes, large = parcels_of(rng, count)
    x, y = ((shapely.get_coordinates(shapely.centroid(shapes)) - [LEFT, BOTTOM]) / SIDE).T
    order = np.lexsort((x, np.floor(y * 60)))  # strips of 1 km, as a survey goes by village
    shapes, large, x, y = shapes[order], large[order], x[order], y[order]
    weight = np.array([row[2] for row in LAND])
    wave = np.sin(7 * x + 3 * np.sin(5 * y)) + np.cos(9 * y - 4 * x)
    place = np.clip(0.5 + 0.22 * wave + rng.normal(0, 0.2, len(shapes)), 0, 0.9999)
    kind = np.minimum(np.searchsorted(np.cumsum(weight / weight.sum()), place), len(LAND) - 1)
    kind[large] = rng.choice([4, 4, 4, 6, 7, 17], int(large.sum()))
    village = (np.floor(y * 20) * 20 + np.floor(x * 20)).astype(int)
    frame = _write(target, "parcels", shapes, {
        "BSM": [f"420100{i:012d}" for i in range(len(shapes))],
        "DLBM": np.array([row[0] for row in LAND])[kind], "DLMC": np.array([row[1] for row in LAND])[kind],
        "QSDWDM": pd.Series(village).map("4201{:08d}0000000".format).to_numpy(),
        "QSDWMC": pd.Series(village).map("第{}村".format).to_numpy(),
        "KCXS": np.where(kind < 3, 0.08, 0.0), "TBMJ": shapely.area(shapes).round(2),
    })  # fmt: skip
    frame.to_file(target / "parcels.gpkg", driver="GPKG", use_arrow=True)
    frame.to_file(target / "parcels.shp", encoding="GBK")
    blobs = np.asarray(gpd.read_parquet(folder / "base" / "blobs.parquet").geometry.array)
    lines = following(blobs, shapes)
    codes = [f"HX{i:03d}" for i in range(len(lines))]
    _write(target, "redline", lines, {"HXDM": codes})
    old = older(rng, lines)
    _write(target, "redline_old", old, {"HXDM": [f"HX{i:03d}" for i in range(len(old))]})


def parcels_of(rng: np.random.Generator, count: int) -> tuple[Array, Array]:
    """About so many parcels that tile the square, and which are large."""
    points = clustered_points(int(count * 1.29), rng)
    cells = jagged_tiling(points, rng, 1 / np.sqrt(len(points)) / 7, corner=(LEFT, BOTTOM), side=SIDE)
    centres = shapely.centroid(cells)
    patches = count // 250
    seeds = shapely.points(np.array([LEFT, BOTTOM]) + rng.uniform(0, SIDE, (patches, 2)))
    reach = SIDE * np.sqrt(0.16 / patches / np.pi) * rng.lognormal(-0.15, 0.45, patches)
    patch, cell = shapely.STRtree(centres).query(seeds, predicate="dwithin", distance=reach)
    group = np.full(len(cells), -1)
    group[cell] = patch
    group[rng.random(len(cells)) < 0.02] = -1  # holes in the large parcels
    single, order = cells[group < 0], np.argsort(group[group >= 0], kind="stable")
    members, numbers = cells[group >= 0][order], group[group >= 0][order]
    together = np.split(members, np.flatnonzero(np.diff(numbers)) + 1)
    merged = shapely.get_parts(np.array([shapely.coverage_union_all(part) for part in together], dtype=object))
    return np.concatenate([single, merged]), np.arange(len(single) + len(merged)) >= len(single)


def following(blobs: Array, parcels: Array) -> Array:
    """Every second blob as the parcels in it, edge for edge; the others cut back where those lie."""
    lines = blobs.copy()
    even, odd = np.arange(0, len(lines), 2), np.arange(1, len(lines), 2)
    line, parcel = shapely.STRtree(shapely.point_on_surface(parcels)).query(lines[even], predicate="intersects")
    taken = np.zeros(len(parcels), bool)
    for number in range(len(even)):
        own = parcel[line == number]
        own = own[~taken[own]]
        taken[own] = True
        if len(own):
            lines[even[number]] = polygons_only(shapely.coverage_union_all(parcels[own]))
    tree = shapely.STRtree(lines[even])
    for number in odd:
        near = tree.query(lines[number], predicate="intersects")
        if len(near):
            lines[number] = polygons_only(shapely.difference(lines[number], shapely.union_all(lines[even][near])))
    return lines[shapely.area(lines) > 0]


def older(rng: np.random.Generator, lines: Array) -> list[Any]:
    """An older version: most the same, some moved or simplified, some not there, some that are gone since."""
    found = []
    for line in lines:
        fate = rng.uniform()
        if fate < 0.6:
            found.append(line)
        elif fate < 0.75:
            found.append(polygons_only(shapely.buffer(line, float(rng.choice([-15, 20])), quad_segs=2)))
        elif fate < 0.9:
            found.append(polygons_only(shapely.make_valid(shapely.simplify(line, 3))))
    gone = [polygons_only(shapely.intersection(blob(rng, *_place(rng), 500, 800), SQUARE)) for _ in range(20)]
    return [shape for shape in [*found, *gone] if not shape.is_empty]


def rasters(folder: Path) -> None:
    """Land cover of seven classes at 10 m and at 5 m, with a corner without data."""
    import rasterio
    from rasterio.transform import from_origin

    for cells in (6_000, 12_000):
        rng = np.random.default_rng(7)
        y, x = np.ogrid[0 : 1 : cells * 1j, 0 : 1 : cells * 1j]
        field = np.zeros((cells, cells), np.float32)
        for wave in range(40):
            a, b = rng.normal(0, 6 + wave, 2)
            field += (np.sin(a * x + b * y + rng.uniform(0, 6.28)) / (1 + 0.12 * wave)).astype(np.float32)
        field += rng.normal(0, 0.5, field.shape).astype(np.float32)
        steps = np.quantile(field[::7, ::7], [0.15, 0.3, 0.4, 0.75, 0.85, 0.93])
        classes = np.array([1, 2, 5, 3, 7, 4, 6], np.uint8)[np.digitize(field, steps)]
        classes[:40, :60] = 0
        with rasterio.open(
            folder / f"landcover_{cells}.tif", "w", driver="GTiff", width=cells, height=cells, count=1, dtype="uint8",
            nodata=0, crs=CRS, transform=from_origin(LEFT, BOTTOM + SIDE, SIDE / cells, SIDE / cells),
            tiled=True, blockxsize=512, blockysize=512, compress="deflate",
        ) as raster:  # fmt: skip
            raster.write(classes, 1)
