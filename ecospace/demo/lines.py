"""The control lines: red line (生态保护红线) in two versions, permanent farmland, and control units (环境管控单元)."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas
import numpy as np
import pandas as pd
import shapely
from geopandas import GeoDataFrame
from pyproj.crs import CRS
from shapely import Polygon
from shapely.geometry.base import BaseGeometry

from ecospace.crs import mended, moving
from ecospace.demo.parks import Protected
from ecospace.demo.place import Place
from ecospace.demo.shapes import ground, polygons_of, western_part, without_crumbs, without_hairs
from ecospace.demo.water import Reservoir

#: The red line is delivered in the 3-degree zone 38, eastings with prefix; farmland, as other offices do, in zone 37.
REDLINE_CRS = CRS.from_epsg(4526)
FARMLAND_CRS = CRS.from_epsg(4525)
#: What the second version changes: one town loses, another gains, one shape is only drawn elsewhere by a hair.
LOST_HA, GAINED_HA = 12.00, 17.00
NOISE_M = (0.30, -0.24)
#: The rectangle with edges on whole metres in the file's own CRS, metres east by north: sites are laid against it.
PLOT_M = (400, 300)
PLOT_NAME = "红线示例小区"
#: The one stated conflict of permanent farmland with the red line, metres east by north, inside the rectangle.
CONFLICT_M = (100, 120)


@dataclass(frozen=True)
class RedLine:
    """Both versions in EPSG:4526, and what is known of the change between them."""

    first: GeoDataFrame
    second: GeoDataFrame
    plot: tuple[int, int]
    losing_town: str
    gaining_town: str
    retyped: str

    @property
    def ground(self) -> BaseGeometry:
        """The first version as one geometry, in its own CRS."""
        return shapely.union_all(self.first.geometry.to_numpy())


def red_line(
    place: Place,
    towns: GeoDataFrame,
    blocks: GeoDataFrame,
    protected: Protected,
    waters: list[Reservoir],
    busy: BaseGeometry,
) -> RedLine:
    """Reserves, level-1 zones, and the highest forest blocks until the wanted share; none overlaps another.

    Parameters
    ----------
    busy : geometry
        Ground that the rectangle of the sites keeps off.
    """
    rows: list[tuple[str, str, str, BaseGeometry]] = []
    taken: BaseGeometry = Polygon()
    for reserve in protected.reserves:
        rows.append((reserve.name, "生物多样性维护", "自然保护区", reserve.shape))
        taken = taken.union(reserve.shape)
    for reservoir in waters:
        free = without_crumbs(without_hairs(reservoir.zones["一级保护区"].difference(taken)), 100.0)
        if free.is_empty:
            continue  # a reserve covers it all
        rows.append((f"{reservoir.name}水源地", "水源涵养", "饮用水水源一级保护区", free))
        taken = taken.union(free)
    plot = _plot(place, shapely.union_all([taken, busy]), blocks)
    missing = place.plan["redline_share"] * place.boundary.area - taken.area - PLOT_M[0] * PLOT_M[1]
    high = blocks[blocks["dlbm"] != "0305"].sort_values(["height_m"], ascending=False, kind="stable").copy()
    high["geometry"] = shapely.difference(high.geometry.to_numpy(), taken)
    high = high[(high.area > 1_000) & ~high.intersects(_at_home(place, plot).buffer(1_500))]
    whole = high[high.area.cumsum() <= missing]
    last = high.iloc[[len(whole)]].copy()
    last["geometry"] = [western_part(last.geometry.iloc[0], missing - whole.area.sum())]
    high = GeoDataFrame(pd.concat([whole, last]), crs=place.crs)
    for town, group in high.groupby("town", sort=True):
        whole_hills = without_crumbs(shapely.union_all(group.geometry.to_numpy()), 10.0)
        for number, part in enumerate(polygons_of(whole_hills), start=1):
            rows.append((f"{towns.loc[town, 'name']}山地{number}", "水土保持", "高处林地", part))
    frame = GeoDataFrame(rows, columns=["name", "kind", "origin", "geometry"], crs=place.crs)
    frame["town"] = [_town_of(shape, towns) for shape in frame.geometry]
    first = delivered(frame, REDLINE_CRS)
    exact = GeoDataFrame(
        {
            "name": [PLOT_NAME],
            "kind": ["生物多样性维护"],
            "origin": ["示例矩形"],
            "town": [_town_of(_at_home(place, plot), towns)],
        },
        geometry=[rectangle(plot, *PLOT_M)],
        crs=REDLINE_CRS,
    )
    first = GeoDataFrame(pd.concat([first, exact], ignore_index=True), crs=REDLINE_CRS)
    second, losing, gaining, retyped = _second_version(place, towns, blocks, frame, first)
    return RedLine(first, second, plot, losing, gaining, retyped)


def rectangle(corner: tuple[int, int], width: float, height: float) -> Polygon:
    """A rectangle on whole metres, its south-west corner given, wound clockwise as surveyors do."""
    east, north = corner
    return Polygon([(east, north), (east, north + height), (east + width, north + height), (east + width, north)])


def delivered(frame: GeoDataFrame, crs: CRS) -> GeoDataFrame:
    """A frame of the place in the CRS of a file; long edges get vertices first, so that no edge moves."""
    target = CRS.from_user_input(crs)
    # An overlay leaves vertices nanometres apart, which can change places on the way.
    apart = shapely.remove_repeated_points(frame.geometry.to_numpy(), 1e-5)
    dense = shapely.segmentize(apart, 100.0)
    # What one seed gave is laid on again: both ways have to be good to nanometres, or random choices fall otherwise.
    shapes = shapely.transform(dense, mended(frame.crs, target))
    wrong = ~shapely.is_valid(shapes)
    if wrong.any():
        shapes[wrong] = shapely.make_valid(shapes[wrong], method="structure", keep_collapsed=False)
    return frame.set_geometry(geopandas.GeoSeries(shapes, index=frame.index, crs=target))


def permanent_farmland(place: Place, parcels: GeoDataFrame, line: RedLine) -> GeoDataFrame:
    """Most of the paddy and dry fields, apart from the red line but for one stated case; in EPSG:4525."""
    random = place.random("farmland")
    fields = parcels[parcels["dlbm"].isin(["0101", "0103"]) & (parcels.area > 20_000)]
    fields = fields[random.random(len(fields)) < 0.85]
    red = delivered(line.first, place.crs)
    # The ground around the rectangle is left to the sites that are laid against it.
    away = shapely.union_all([*red.geometry.buffer(5), _at_home(place, line.plot).buffer(400)])
    shapely.prepare(away)
    fields = fields[~shapely.intersects(away, fields.geometry.to_numpy())]
    frame = delivered(fields[["town", "dlbm", "geometry"]].reset_index(drop=True), FARMLAND_CRS)
    east, north = line.plot
    case = GeoDataFrame(
        {"town": [line.first["town"].iloc[-1]], "dlbm": ["0101"]},
        geometry=[rectangle((east, north + 100), *CONFLICT_M)],
        crs=REDLINE_CRS,
    ).to_crs(FARMLAND_CRS)
    return GeoDataFrame(pd.concat([frame, case], ignore_index=True), crs=FARMLAND_CRS)


def control_units(
    place: Place, towns: GeoDataFrame, line: RedLine, parks: BaseGeometry, built: BaseGeometry
) -> GeoDataFrame:
    """Priority, key and general units (优先、重点、一般) that tile the boundary, town by town."""
    # Without the rectangle, so that a site beside it meets one line only.
    red = shapely.union_all(delivered(line.first.iloc[:-1], place.crs).geometry.to_numpy())
    first = without_crumbs(ground(shapely.union_all([red, parks])), 1_000)
    key = without_crumbs(ground(built.buffer(400).buffer(-300).difference(first)), 100_000)
    rows = []
    serial = {1: 0, 2: 0, 3: 0}
    words = {1: "优先保护单元", 2: "重点管控单元", 3: "一般管控单元"}
    for town in towns.itertuples():
        left = town.geometry
        for level, area in ((1, first), (2, key), (3, None)):
            part = ground(left if area is None else left.intersection(area))
            if part.is_empty:
                continue
            left = left.difference(part)
            serial[level] += 1
            code = f"ZH{place.design['code']}{level}{serial[level]:04d}"
            rows.append((code, f"{town.name}{words[level]}（示例）", level, town.Index, part))
    return GeoDataFrame(rows, columns=["code", "name", "level", "town", "geometry"], crs=place.crs)


def _plot(place: Place, busy: BaseGeometry, blocks: GeoDataFrame) -> tuple[int, int]:
    """A corner on whole tens of metres in EPSG:4526, as far from everything as a random search finds."""
    random = place.random("plot")
    keep_off = shapely.union_all(
        [busy, shapely.coverage_union_all(blocks.geometry.to_numpy()).buffer(30), place.boundary.boundary.buffer(300)]
    )
    shapely.prepare(keep_off)
    west, south, east, north = place.boundary.bounds
    points = np.column_stack([random.uniform(west, east, 1500), random.uniform(south, north, 1500)])
    inside = shapely.contains_xy(place.boundary, points[:, 0], points[:, 1])
    points = points[inside]
    away = shapely.distance(shapely.points(points), keep_off)
    best = points[away.argmax()]
    x, y = moving(place.crs, REDLINE_CRS)(best[None, :])[0]
    return round((x - PLOT_M[0] / 2) / 10) * 10, round((y - PLOT_M[1] / 2) / 10) * 10


def _at_home(place: Place, plot: tuple[int, int]) -> BaseGeometry:
    frame = geopandas.GeoSeries([rectangle(plot, *PLOT_M)], crs=REDLINE_CRS).to_crs(place.crs)
    return frame.iloc[0]


def _town_of(shape: BaseGeometry, towns: GeoDataFrame) -> str:
    return str(towns.index[shapely.area(shapely.intersection(towns.geometry.to_numpy(), shape)).argmax()])


def _second_version(
    place: Place, towns: GeoDataFrame, blocks: GeoDataFrame, frame: GeoDataFrame, first: GeoDataFrame
) -> tuple[GeoDataFrame, str, str, str]:
    """One town loses a stated area, another gains one, one shape moves by less than half a metre, one changes its kind."""
    hills = frame[frame["origin"] == "高处林地"]
    losing = hills.area.idxmax()
    shape = hills.geometry[losing]
    remains = ground(shape.difference(western_part(shape, LOST_HA * 1e4)))

    red = shapely.union_all(frame.geometry.to_numpy()).buffer(20)
    shapely.prepare(red)
    town = str(frame["town"][losing])
    spare = blocks[(blocks["dlbm"] == "0301") & (blocks["town"] != town) & (blocks.area > GAINED_HA * 1.3e4)]
    spare = spare[~shapely.intersects(red, spare.geometry.to_numpy())]
    gaining = spare.area.idxmax()
    block = max(polygons_of(spare.geometry[gaining]), key=lambda part: part.area)
    gained = western_part(block, GAINED_HA * 1e4)

    changed = frame.copy()
    changed.loc[losing, "geometry"] = remains
    extra = GeoDataFrame(
        {"name": ["新增示例地块"], "kind": ["水土保持"], "origin": ["新增"], "town": [spare["town"][gaining]]},
        geometry=[gained], crs=place.crs,
    )  # fmt: skip
    parts = delivered(GeoDataFrame(pd.concat([changed, extra], ignore_index=True), crs=place.crs), REDLINE_CRS)
    plot = first.iloc[[-1]].copy()
    plot["geometry"] = plot.translate(*NOISE_M)
    second = GeoDataFrame(pd.concat([parts, plot], ignore_index=True), crs=REDLINE_CRS)
    retyped = str(hills["name"].drop(losing).iloc[0]) if len(hills) > 1 else str(frame["name"].iloc[0])
    second.loc[second["name"] == retyped, "kind"] = "水源涵养"
    return second, town, str(spare["town"][gaining]), retyped
