"""The coordinate systems of Chinese plans: names in file headers, zones, EPSG codes (高斯-克吕格投影分带)."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from pyproj import CRS

from ecospace.layers.formats.numbers import half_width


@dataclass(frozen=True)
class System:
    """One national system (大地坐标系) and the first EPSG codes of its zones; see ``standards/coordinates.toml``."""

    key: str
    title: str
    names: tuple[str, ...]
    geographic: int
    six_zone: int
    six_meridian: int
    three_zone: int
    three_meridian: int

    def zone(self, number: int) -> CRS | None:
        """The CRS whose eastings begin with a zone number: 13 to 23 is a 6-degree zone, 25 to 45 a 3-degree one."""
        if 13 <= number <= 23:
            return CRS.from_epsg(self.six_zone + number - 13)
        if 25 <= number <= 45:
            return CRS.from_epsg(self.three_zone + number - 25)
        return None

    def meridian(self, degrees: float, width: int) -> CRS | None:
        """The CRS without zone prefix of a central meridian, in zones of 3 or 6 degrees."""
        first, step = (self.three_meridian, 3) if width == 3 else (self.six_meridian, 6)
        if not 75 <= degrees <= 135 or (degrees - 75) % step:
            return None
        return CRS.from_epsg(first + int(degrees - 75) // step)

    @property
    def codes(self) -> dict[int, tuple[int, int, bool]]:
        """EPSG code → zone width in degrees, zone number, whether eastings begin with the zone number."""
        table: dict[int, tuple[int, int, bool]] = {}
        for number in range(13, 24):
            table[self.six_zone + number - 13] = (6, number, True)
            table[self.six_meridian + number - 13] = (6, number, False)
        for number in range(25, 46):
            table[self.three_zone + number - 25] = (3, number, True)
            table[self.three_meridian + number - 25] = (3, number, False)
        return table


@dataclass(frozen=True)
class Zone:
    """The Gauss–Krüger zone that a CRS is (投影带)."""

    system: System
    width: int
    number: int
    prefixed: bool

    @property
    def central_meridian(self) -> int:
        """Degrees east: 3n, or 6n-3."""
        return 3 * self.number if self.width == 3 else 6 * self.number - 3


@dataclass(frozen=True)
class Declared:
    """What the header of a surveyors' file says about its coordinates; None where it says nothing.

    `strange` is a unit or projection that is neither metres nor degrees, neither Gauss–Krüger nor none.
    """

    system: System | None = None
    width: int | None = None
    number: int | None = None
    central_meridian: float | None = None
    degrees: bool = False
    strange: str = ""

    @property
    def zone_number(self) -> int | None:
        """The zone number, from 带号 or from the central meridian."""
        if self.number is not None or self.central_meridian is None:
            return self.number
        return int(self.central_meridian / 3) if self.width != 6 else int((self.central_meridian + 3) / 6)


@lru_cache(maxsize=1)
def _table() -> dict[str, Any]:
    path = Path(__file__).parent.parent / "standards" / "coordinates.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Strays:
    """From where on features are far from a study area, and which readings of them are tried; see ``standards/coordinates.toml``."""

    far_m: float
    margin_m: float
    few: float
    meridians: tuple[float, ...]


@lru_cache(maxsize=1)
def stray_bars() -> Strays:
    """The bars of ``[stray]``."""
    entry = _table()["stray"]
    return Strays(
        float(entry["far_m"]), float(entry["margin_m"]), float(entry["few"]), tuple(map(float, entry["meridians"]))
    )


@lru_cache(maxsize=1)
def systems() -> tuple[System, ...]:
    """The systems known, CGCS2000 first."""
    return tuple(System(**{**entry, "names": tuple(entry["names"])}) for entry in _table()["system"])


@lru_cache(maxsize=1)
def ranges() -> dict[str, tuple[float, float]]:
    """Smallest and largest numbers that places in China have, by kind of coordinate."""
    return {key: (float(low), float(high)) for key, (low, high) in _table()["range"].items()}


def system_named(text: str) -> System | None:
    """The system that a header means by its 坐标系 line.

    >>> system_named("80国家大地坐标系").key, system_named("CGCS2000_3_Degree_GK_Zone_38").key
    ('xian80', 'cgcs2000')
    """
    wanted = re.sub(r"[\s_]", "", half_width(text)[0]).lower()
    for system in systems():
        if any(name.replace(" ", "").lower() in wanted for name in system.names):
            return system
    return None


def system_of(crs: CRS | None) -> System | None:
    """The system a CRS stands on, found by its geographic CRS."""
    base = crs.geodetic_crs if crs is not None else None
    code = base.to_epsg() if base is not None else None
    return next((system for system in systems() if system.geographic == code), None)


def zone_of(crs: CRS) -> Zone | None:
    """The Gauss–Krüger zone of China that a CRS is, if it is one.

    >>> zone = zone_of(CRS.from_epsg(4526))
    >>> zone.width, zone.number, zone.prefixed, zone.central_meridian
    (3, 38, True, 114)
    """
    system = system_of(crs)
    code = crs.to_epsg() if system is not None and crs.is_projected else None
    if system is None or code not in system.codes:
        return None
    return Zone(system, *system.codes[code])


def declared_by(header: Mapping[str, str]) -> Declared:
    """What the header lines of a surveyors' file say: 坐标系, 几度分带, 带号, 中央子午线, 投影类型.

    >>> said = declared_by({"坐标系": "2000国家大地坐标系", "几度分带": "3", "带号": "38"})
    >>> said.system.key, said.width, said.number
    ('cgcs2000', 3, 38)
    """
    plain = {half_width(key)[0].strip(): half_width(value)[0].strip() for key, value in header.items()}
    width = _first_number(plain.get("几度分带", "") or plain.get("分带", ""))
    number = _first_number(plain.get("带号", ""))
    meridian = _first_number(plain.get("中央子午线", "") or plain.get("中央经线", ""))
    unit, projection = plain.get("计量单位", ""), plain.get("投影类型", "")
    words = _table()["header"]
    strange = [
        text
        for text, known in ((unit, words["units"]), (projection, words["projections"]))
        if text and not any(word in text.lower() for word in known)
    ]
    return Declared(
        system=system_named(plain.get("坐标系", "") or plain.get("坐标系统", "")),
        width=int(width) if width in (3, 6) else None,
        number=int(number) if number is not None and number == int(number) else None,
        central_meridian=meridian,
        degrees=any(word in unit + projection for word in words["degrees"]),
        strange=" ".join(strange),
    )


def _first_number(text: str) -> float | None:
    found = re.search(r"\d+(\.\d+)?", text)
    return float(found.group()) if found else None


@lru_cache(maxsize=1)
def column_names() -> dict[str, str]:
    """What a column of a coordinate table means, by its name without blanks, brackets and units."""
    return {name: meaning for meaning, names in _table()["columns"].items() for name in names}


@lru_cache(maxsize=1)
def offset_constants() -> dict[str, Any]:
    """The constants of the offset of online maps; unverified, for recognising it only."""
    return dict(_table()["offset"])
