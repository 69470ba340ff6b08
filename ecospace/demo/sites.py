"""Candidate sites as boundary-point TXT (勘测定界界址点坐标交换格式), each laid where its verdict is known by construction."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from pyproj import Geod
from pyproj.crs import CRS
from shapely import Polygon, STRtree
from shapely.geometry.base import BaseGeometry

from ecospace.demo.lines import FARMLAND_CRS, PLOT_M, REDLINE_CRS, delivered
from ecospace.demo.place import GEOGRAPHIC, NOTICE, transformer
from ecospace.demo.shapes import ground

if TYPE_CHECKING:
    from ecospace.demo.generate import County

#: How deep the almost invisible overlap is, and how long, in metres.
HAIR_M, HAIR_LENGTH_M = 0.0004, 200.0
FOLDER = "sites"
#: Ground narrower than twice this has no room for a site.
ROOM_M = 15.0
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
        The worst of all: 禁止, 限制，须论证, 避让或减缓, 无法判定, 相接, 不涉及; or 停止 for files that must not be read as they are.
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
        step = transformer(self.crs, GEOGRAPHIC)
        return abs(Geod(ellps="GRS80").polygon_area_perimeter(*step.transform(dense[:, 0], dense[:, 1]))[0])


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
    area = 0.0 if site.verdict == "停止" else site.area_m2 / 1e4
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
        self.parks = shapely.union_all([grown.shape for group in (protected.parks, protected.wetland_parks) for grown in group])
        self.welfare = shapely.union_all(county.public_forest.geometry.to_numpy())
        self.zones = [reservoir.zones for reservoir in county.reservoirs]
        self.level_1, self.level_2, self.quasi = (
            shapely.union_all([zones[level] for zones in self.zones]) for level in ("一级保护区", "二级保护区", "准保护区")
        )
        self.strict = shapely.union_all([self.red, self.reserves, self.parks, self.welfare])
        priority = county.control_units[county.control_units["level"] == 1]
        self.tree = STRtree([*self.fields, self.strict, self.quasi, *priority.geometry])

    def all(self) -> list[Candidate]:
        core = max((zone for _name, kind, zone in self.county.protected.zones if kind == "核心保护区"), key=lambda zone: zone.area)
        general = max((zone for _name, kind, zone in self.county.protected.zones if kind == "一般控制区"), key=lambda zone: zone.area)
        strictest = [self.level_1, self.red, self.reserves, self.parks, *self._fields_near(self.level_2)]
        free_2 = self.level_2.difference(shapely.union_all(strictest))
        free_3 = self.quasi.difference(shapely.union_all([self.level_2, self.strict, *self._fields_near(self.quasi)]))
        mixed, two_kinds = self._mixed()
        shared = general.difference(shapely.union_all([self.parks, self.welfare, self.quasi]).buffer(5))
        reserve_only = core.difference(shapely.union_all([self.parks, self.welfare, self.quasi]).buffer(5))
        twin = self._inside(shared)
        clear = self._clear(self.county.built.urban, 90)
        water_2 = ("water_source", "level-2")
        red = ("eco_redline", "", "禁止", "redline-142-outside")
        sites = [
            self._site("S01", "不涉及示例", clear, "housing", False, "不涉及", encoding="gb18030"),
            self._site("S02", "二级水源排污示例", self._inside(free_2), "industry", True, "禁止", (*water_2, "禁止", "water-66")),
            self._site("S03", "二级水源不排污示例", self._inside(free_2, 1), "housing", False, "限制，须论证", (*water_2, "限制，须论证", "water-66")),
            self._site("S04", "保护区核心示例", self._inside(reserve_only), "housing", False, "禁止",
                       ("nature_reserve", "core", "禁止", "core-zone"), ("eco_redline", "core", "禁止", "redline-142-core")),
            self._site("S05", "跨两类示例", mixed, "housing", False, "禁止", *two_kinds),
            self._site("S06", "跨市界示例", self._over_the_boundary(), "housing", False, "无法判定", ("boundary", "", "无法判定", "study-area")),
            self._beside_plot("S07", "相接示例", 0.0, "相接", ("eco_redline", "", "相接", "redline-142-outside")),
            self._beside_plot("S08", "毫米重叠示例", HAIR_M, "禁止", red),
            self._site("S09", "缺图层示例", self._clear(None, 120), "livestock", False, "无法判定", ("livestock_ban", "", "无法判定", "livestock-11")),
            self._site("S10", "准保护区示例", self._inside(free_3), "housing", False, "避让或减缓", ("water_source", "quasi", "避让或减缓", "water-67")),
            *(self._site(f"S11-{zone}", f"跨带示例（{zone}带）", twin, "limited-5", False, "限制，须论证",
                         ("nature_reserve", "general", "限制，须论证", "general-zone"), ("eco_redline", "", "限制，须论证", "redline-142-outside"), crs=crs)
              for zone, crs in (("37", FARMLAND_CRS), ("38", REDLINE_CRS))),
        ]  # fmt: skip
        found = [site for site in sites if site is not None]
        swapped = found[0]
        turned = tuple((east, north) for north, east in swapped.points)
        stop = {"activity": "housing", "polluting": False, "verdict": "停止", "crs": REDLINE_CRS}
        found.append(Candidate("S12", "坐标颠倒示例", points=turned, proposal="X、Y 颠倒", **stop))  # type: ignore[arg-type]
        found.append(Candidate("S13", "带号有误示例", points=swapped.points, proposal="带号 38", header={"带号": "37"}, **stop))  # type: ignore[arg-type]
        return found

    def _site(
        self, number: str, name: str, shape: Polygon | None, activity: str, polluting: bool, verdict: str,
        *because: Reason, crs: CRS = REDLINE_CRS, encoding: str = "utf-8",
    ) -> Candidate | None:  # fmt: skip
        if shape is None:
            return None  # a small county has not every kind of ground
        step = transformer(self.place.crs, crs)
        corners = shapely.get_coordinates(shape.exterior)[:-1]
        east, north = step.transform(corners[:, 0], corners[:, 1])
        points = tuple((round(float(n), 3), round(float(e), 3)) for e, n in zip(east, north, strict=True))
        return Candidate(number, name, crs, points, activity, polluting, verdict, tuple(because), encoding=encoding)

    def _beside_plot(self, number: str, name: str, depth: float, verdict: str, why: Reason) -> Candidate:
        """On the east side of the rectangle, an edge of 200 m on its edge, or beyond it by a hair."""
        east, north = self.county.red_line.plot
        left = east + PLOT_M[0] - depth
        low, high = north + 50.0, north + 50.0 + HAIR_LENGTH_M
        points = ((low, left), (high, left), (high, left + 150), (low, left + 150))
        return Candidate(number, name, REDLINE_CRS, points, "housing", False, verdict, (why,), decimals=4)

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
        circle = shapely.maximum_inscribed_circle(max(shapely.get_parts(best[1]), key=lambda part: part.area), tolerance=2.0)
        x, y = circle.coords[0]
        why = (("farmland", "", "禁止", "farmland-35"), ("water_source", "quasi", "避让或减缓", "water-67"))
        return _rectangle(x, y, min(circle.length, 120.0) * 0.8), why

    def _park_in_reserve(self) -> tuple[Polygon | None, tuple[Reason, ...]]:
        """A rectangle on ground that a forest park and the general zone of a reserve both claim."""
        general = shapely.union_all([zone for _name, kind, zone in self.county.protected.zones if kind == "一般控制区"])
        both = general.intersection(shapely.union_all([grown.shape for grown in self.county.protected.parks]))
        why = tuple((role, grade, "禁止", "general-zone") for role, grade in (("nature_reserve", "general"), ("forest_park", "")))
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
