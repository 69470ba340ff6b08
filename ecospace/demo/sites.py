"""Candidate sites as boundary-point TXT (勘测定界界址点坐标交换格式), each laid where its verdict is known by construction."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from pyproj import Geod
from pyproj.crs import CRS
from shapely import Polygon, STRtree
from shapely.geometry.base import BaseGeometry

from ecospace.crs import moving
from ecospace.demo.lines import FARMLAND_CRS, PLOT_M, REDLINE_CRS, delivered
from ecospace.demo.place import GEOGRAPHIC, NOTICE
from ecospace.demo.shapes import ground

if TYPE_CHECKING:
    from ecospace.demo.county import County

#: How deep the almost invisible overlap is, and how long, in metres.
HAIR_M, HAIR_LENGTH_M = 0.0004, 200.0
FOLDER = "sites"
#: Ground narrower than twice this has no room for a site.
ROOM_M = 15.0
#: The words of a verdict, and one for files that must not be read as they are.
PROHIBITED, RESTRICTED, AVOID, UNDECIDED, TOUCHES, CLEAR = (
    "禁止",
    "限制，须论证",
    "避让或减缓",
    "无法判定",
    "相接",
    "不涉及",
)
STOPS = "停止"
#: Role, grade, verdict, clause.
Reason = tuple[str, str, str, str]


@dataclass(frozen=True)
class Candidate:
    """A site (候选地块): its points in a zone, what is to be built, and what has to be said about it.

    Parameters
    ----------
    points : tuple of (north, east)
        In the CRS, as a surveyor writes them.
    verdict : str
        The worst of all, in the words of the check; 停止 for files that must not be read as they are.
    because : tuple of (role, grade, verdict, clause)
        What is to be found, clause by its key in check/basis.toml.
    proposal : str
        For files that stop: what the message has to propose.
    """

    number: str
    name: str
    crs: CRS
    points: tuple[tuple[float, float], ...]
    activity: str
    polluting: bool
    verdict: str
    because: tuple[Reason, ...] = ()
    proposal: str = ""
    header: dict[str, str] = field(default_factory=dict)
    decimals: int = 3
    encoding: str = "utf-8"

    @property
    def file(self) -> str:
        """Its file inside the study folder."""
        return f"{FOLDER}/{self.number}_demo.txt"

    @property
    def polygon(self) -> Polygon:
        """The site, east before north, in its CRS."""
        return Polygon([(east, north) for north, east in self.points])

    @property
    def area_m2(self) -> float:
        """Its area on the ellipsoid by geodesics."""
        dense = shapely.get_coordinates(shapely.segmentize(self.polygon, 50.0))
        return abs(Geod(ellps="GRS80").polygon_area_perimeter(*moving(self.crs, GEOGRAPHIC)(dense).T)[0])


def candidates(county: County) -> list[Candidate]:
    """All sites of a county."""
    return _Siting(county).all()


def write_sites(found: list[Candidate], folder: Path, seed: int) -> None:
    """One TXT for each site."""
    (folder / FOLDER).mkdir(exist_ok=True)
    for site in found:
        (folder / site.file).write_bytes(text_of(site, seed).replace("\n", "\r\n").encode(site.encoding))


def text_of(site: Candidate, seed: int) -> str:
    """The file of a site: header, plot line with the declared area in hectares, points with the first one repeated."""
    header = {
        "格式版本号": "1.01版本", "数据产生单位": f"示例单位（{NOTICE}）", "数据产生日期": "2018-06-30", "坐标系": "2000国家大地坐标系",
        "几度分带": "3", "投影类型": "高斯克吕格", "计量单位": "米", "带号": "37" if site.crs == FARMLAND_CRS else "38",
        "精度": f"{10.0**-site.decimals:.{site.decimals}f}", "转换参数": "0,0,0,0,0,0,0", **site.header,
    }  # fmt: skip
    lines = ["[项目信息]", "data_origin=synthetic", f"seed={seed}", f"说明={NOTICE}", "[属性描述]"]
    lines += [f"{key}={value}" for key, value in header.items()]
    area = 0.0 if site.verdict == STOPS else site.area_m2 / 1e4
    lines += ["[地块坐标]", f"{len(site.points) + 1},{area:.4f},{site.number},{site.name},面,,建设用地,,@"]
    for number, (x, y) in enumerate([*site.points, site.points[0]]):
        label = number + 1 if number < len(site.points) else 1
        lines.append(f"J{label},1,{x:.{site.decimals}f},{y:.{site.decimals}f}")
    return "\n".join(lines) + "\n"


class _Siting:
    """Finds ground for each site; everything in the CRS of the place until the points are written."""

    def __init__(self, county: County) -> None:
        self.county, self.place = county, county.place
        self.random = county.place.random("sites")
        home = self.place.crs
        self.red = shapely.union_all(delivered(county.red_line.first, home).geometry.to_numpy())
        self.fields = list(delivered(county.farmland, home).geometry)
        protected = county.protected
        self.reserves = shapely.union_all([grown.shape for grown in protected.reserves])
        self.parks = shapely.union_all(
            [grown.shape for group in (protected.parks, protected.wetland_parks) for grown in group]
        )
        self.welfare = shapely.union_all(county.public_forest.geometry.to_numpy())
        self.zones = [reservoir.zones for reservoir in county.reservoirs]
        self.level_1, self.level_2, self.quasi = (
            shapely.union_all([zones[level] for zones in self.zones])
            for level in ("一级保护区", "二级保护区", "准保护区")
        )
        self.strict = shapely.union_all([self.red, self.reserves, self.parks, self.welfare])
        priority = county.control_units[county.control_units["level"] == 1]
        self.tree = STRtree([*self.fields, self.strict, self.quasi, *priority.geometry])

    def all(self) -> list[Candidate]:
        """The sites in their order; a small county has not the ground for every one."""
        clear = self._clear(self.county.built.urban, 90)
        sites = [
            self._site("S01", "不涉及示例", clear, CLEAR, encoding="gb18030"),
            *self._in_water_zones(),
            *self._in_reserves(),
            self._site("S06", "跨市界示例", self._over_the_boundary(), UNDECIDED, ("boundary", "", UNDECIDED, "study-area")),
            self._beside_plot("S07", "相接示例", 0.0, TOUCHES),
            self._beside_plot("S08", "毫米重叠示例", HAIR_M, PROHIBITED),
            self._site("S09", "缺图层示例", self._clear(None, 120), UNDECIDED,
                       ("livestock_ban", "", UNDECIDED, "livestock-11"), activity="livestock"),
        ]  # fmt: skip
        found = [site for site in sites if site is not None]
        swapped = tuple((east, north) for north, east in found[0].points)
        found.append(replace(found[0], number="S12", name="坐标颠倒示例", points=swapped, verdict=STOPS,
                             proposal="X、Y 颠倒", encoding="utf-8"))  # fmt: skip
        found.append(replace(found[0], number="S13", name="带号有误示例", header={"带号": "37"}, verdict=STOPS,
                             proposal="带号 38", encoding="utf-8"))  # fmt: skip
        return sorted(found, key=lambda site: site.number)

    def _in_water_zones(self) -> list[Candidate | None]:
        """Level 2 with and without discharge, the quasi-protection zone, and two kinds of ground at once."""
        strictest = [self.level_1, self.red, self.reserves, self.parks, *self._fields_near(self.level_2)]
        level_2 = self.level_2.difference(shapely.union_all(strictest))
        quasi = self.quasi.difference(shapely.union_all([self.level_2, self.strict, *self._fields_near(self.quasi)]))
        dirty, clean = (("water_source", "level-2", verdict, "water-66") for verdict in (PROHIBITED, RESTRICTED))
        mixed, reasons = self._mixed()
        return [
            self._site(
                "S02", "二级水源排污示例", self._inside(level_2), PROHIBITED, dirty, activity="industry", polluting=True
            ),
            self._site("S03", "二级水源不排污示例", self._inside(level_2, 1), RESTRICTED, clean),
            self._site("S05", "跨两类示例", mixed, PROHIBITED, *reasons),
            self._site("S10", "准保护区示例", self._inside(quasi), AVOID, ("water_source", "quasi", AVOID, "water-67")),
        ]

    def _in_reserves(self) -> list[Candidate | None]:
        """A core zone, and one site of a general zone in the coordinates of two 3-degree zones."""
        off = shapely.union_all([self.parks, self.welfare, self.quasi]).buffer(5)
        zones = self.county.protected.zones
        core, general = (max((shape for _name, zone, shape in zones if zone == wanted), key=lambda shape: shape.area)
                         for wanted in ("核心保护区", "一般控制区"))  # fmt: skip
        twin = self._inside(general.difference(off))
        claimed = (
            ("nature_reserve", "general", RESTRICTED, "general-zone"),
            ("eco_redline", "", RESTRICTED, "redline-142-outside"),
        )
        return [
            self._site("S04", "保护区核心示例", self._inside(core.difference(off)), PROHIBITED,
                       ("nature_reserve", "core", PROHIBITED, "core-zone"), ("eco_redline", "core", PROHIBITED, "redline-142-core")),
            self._site("S11-37", "跨带示例（37带）", twin, RESTRICTED, *claimed, activity="limited-5", crs=FARMLAND_CRS),
            self._site("S11-38", "跨带示例（38带）", twin, RESTRICTED, *claimed, activity="limited-5"),
        ]  # fmt: skip

    def _site(
        self, number: str, name: str, shape: Polygon | None, verdict: str, *because: Reason,
        activity: str = "housing", polluting: bool = False, crs: CRS = REDLINE_CRS, encoding: str = "utf-8",
    ) -> Candidate | None:  # fmt: skip
        if shape is None:
            return None
        corners = shapely.get_coordinates(shape.exterior)[:-1]
        points = tuple((round(float(n), 3), round(float(e), 3)) for e, n in moving(self.place.crs, crs)(corners))
        return Candidate(number, name, crs, points, activity, polluting, verdict, because, encoding=encoding)

    def _beside_plot(self, number: str, name: str, depth: float, verdict: str) -> Candidate:
        """On the east side of the rectangle, an edge of 200 m on its edge, or beyond it by a hair."""
        east, north = self.county.red_line.plot
        left = east + PLOT_M[0] - depth
        low, high = north + 50.0, north + 50.0 + HAIR_LENGTH_M
        points = ((low, left), (high, left), (high, left + 150), (low, left + 150))
        return Candidate(number, name, REDLINE_CRS, points, "housing", False, verdict,
                         (("eco_redline", "", verdict, "redline-142-outside"),), decimals=4)  # fmt: skip

    def _inside(self, area: BaseGeometry, which: int = 0) -> Polygon | None:
        """A rectangle well inside an area: in its largest part, or the next; None where there is no room."""
        parts = sorted(shapely.get_parts(ground(area.buffer(-ROOM_M))), key=lambda part: -part.area)
        if not parts:
            return None
        circle = shapely.maximum_inscribed_circle(parts[min(which, len(parts) - 1)], tolerance=2.0)
        (x, y), radius = circle.coords[0], circle.length
        if which and len(parts) == 1:
            x += radius / 2
            radius /= 2
        return _rectangle(x, y, min(radius, 150.0))

    def _mixed(self) -> tuple[Polygon | None, tuple[Reason, ...]]:
        """A rectangle on permanent farmland in a quasi-protection zone, off everything else."""
        best: tuple[float, Any] = (0.0, None)
        only_quasi = self.quasi.difference(shapely.union_all([self.level_2, self.strict]).buffer(30))
        shapely.prepare(only_quasi)
        for field_ in self._fields_near(only_quasi):
            inside = field_.intersection(only_quasi)
            if inside.area > best[0]:
                best = (inside.area, inside)
        if best[1] is None:
            return self._park_in_reserve()
        circle = shapely.maximum_inscribed_circle(
            max(shapely.get_parts(best[1]), key=lambda part: part.area), tolerance=2.0
        )
        x, y = circle.coords[0]
        why = (("farmland", "", PROHIBITED, "farmland-35"), ("water_source", "quasi", AVOID, "water-67"))
        return _rectangle(x, y, min(circle.length, 120.0) * 0.8), why

    def _park_in_reserve(self) -> tuple[Polygon | None, tuple[Reason, ...]]:
        """A rectangle on ground that a forest park and the general zone of a reserve both claim."""
        general = shapely.union_all([zone for _name, kind, zone in self.county.protected.zones if kind == "一般控制区"])
        both = general.intersection(shapely.union_all([grown.shape for grown in self.county.protected.parks]))
        why = tuple(
            (role, grade, PROHIBITED, "general-zone")
            for role, grade in (("nature_reserve", "general"), ("forest_park", ""))
        )
        return self._inside(both), why

    def _over_the_boundary(self) -> Polygon:
        line = self.place.boundary.exterior
        at = [line.interpolate(share, normalized=True) for share in np.linspace(0, 1, 800)]
        indices, away = self.tree.query_nearest(at, return_distance=True, all_matches=False)
        best = at[int(indices[0][away.argmax()])]
        return _rectangle(best.x, best.y, min(110.0, 0.8 * float(away.max())))

    def _clear(self, area: BaseGeometry | None, radius: float) -> Polygon:
        """A rectangle away from every layer, inside an area if one is given."""
        room = (area if area is not None else self.place.boundary).intersection(self.place.boundary.buffer(-radius * 2))
        west, south, east, north = room.bounds
        points = np.column_stack([self.random.uniform(west, east, 4000), self.random.uniform(south, north, 4000)])
        points = points[shapely.contains_xy(room, points[:, 0], points[:, 1])]
        _pairs, away = self.tree.query_nearest(shapely.points(points), return_distance=True, all_matches=False)
        x, y = points[int(away.argmax())]
        return _rectangle(float(x), float(y), min(radius, 0.9 * float(away.max())))

    def _fields_near(self, area: BaseGeometry) -> list[BaseGeometry]:
        tree = STRtree(self.fields)
        return [self.fields[i] for i in sorted(tree.query(area, predicate="intersects"))]


def _rectangle(x: float, y: float, radius: float) -> Polygon:
    """A rectangle inside a circle, its sides 4 : 3."""
    half_width, half_height = 0.8 * radius, 0.6 * radius
    return Polygon([(x - half_width, y - half_height), (x - half_width, y + half_height),
                    (x + half_width, y + half_height), (x + half_width, y - half_height)])  # fmt: skip
