"""Resistance surfaces: how hard each piece of land is to cross for a species (生态阻力面).

The tables are dated data in ``standards/resistance``; none is verified against a paper, so the table used is part of
every result, and the corridors are run over several of them.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import geopandas
import numpy as np
import pandas as pd

from ecospace.errors import DataError, UsageError
from ecospace.files import atomic
from ecospace.language import _, current
from ecospace.layers import gdal
from ecospace.layers.raster import open_raster
from ecospace.space.grid import Array, Grid, require_grid_crs
from ecospace.terms import standard

#: The shipped tables for land species, from the narrowest to the widest span.
PRESETS = ("range-100", "range-1000", "wide")
SHIPPED = (*PRESETS, "water-100")
#: Cells along a side of a window, where a raster is worked on in windows.
WINDOW = 2048


@dataclass(frozen=True)
class ResistanceTable:
    """Resistance by land group, and what slope adds (阻力值表).

    Parameters
    ----------
    key, zh, en, document, target : str
        Name, labels, where the numbers come from, for which species.
    verified : bool
        Whether the numbers were read at their source.
    groups : mapping of str to float
        Resistance by land group (``core``, ``forest``, … ``road``), above 0.
    slope_limits, slope_resistance : tuple of float
        Upper limits of the slope classes in degrees, and the resistance of each class, one more.
    slope_weight : float
        0 to 1: R = (1 − w)·R_land + w·R_slope.
    """

    key: str
    zh: str
    en: str
    document: str
    target: str
    verified: bool
    groups: Mapping[str, float]
    slope_limits: tuple[float, ...] = ()
    slope_resistance: tuple[float, ...] = (1.0,)
    slope_weight: float = field(default=0.0)

    @property
    def label(self) -> str:
        """The label in the language in force, with a word where the numbers are not verified."""
        name = self.zh if current() == "zh" else self.en
        return name if self.verified else _("{name} (values not verified)").format(name=name)

    def with_values(self, **groups: float) -> ResistanceTable:
        """The same table with other numbers for some groups."""
        unknown = set(groups) - set(self.groups)
        if unknown:
            raise UsageError(
                "E-USE-76",
                _("the resistance table has no group {groups}.").format(groups=", ".join(sorted(unknown))),
                cure=_("Known: {known}").format(known=", ".join(self.groups)),
            )
        return replace(self, key=f"{self.key}*", groups={**self.groups, **groups})

    def as_frame(self) -> pd.DataFrame:
        """The table as it is printed with every result: `group`, `name`, `resistance`."""
        names = standard("resistance/groups")["names"]
        language = current()
        rows = [(key, names.get(key, {}).get(language, key), value) for key, value in self.groups.items()]
        if self.slope_weight:
            lower = (0.0, *self.slope_limits)
            for low, high, value in zip(lower, (*self.slope_limits, 90.0), self.slope_resistance, strict=True):
                rows.append(("slope", _("slope {low:g}°–{high:g}° (weight {weight:g})").format(
                    low=low, high=high, weight=self.slope_weight), value))  # fmt: skip
        return pd.DataFrame(rows, columns=["group", "name", "resistance"])


def resistance_table(name: str | Path) -> ResistanceTable:
    """A shipped resistance table, or one of the user's.

    Parameters
    ----------
    name : str or Path
        ``"range-100"``, ``"range-1000"``, ``"wide"`` (land species), ``"water-100"`` (wetland species), or the path of
        a TOML file of the same form.

    Raises
    ------
    UsageError
        No such table (E-USE-77).
    DataError
        A resistance that is not above 0 (E-DATA-73).

    Examples
    --------
    >>> resistance_table("range-1000").groups["wetland_water"]
    450.0
    """
    path = Path(name)
    if str(name) in SHIPPED:
        table = standard(f"resistance/{name}")
    elif path.suffix == ".toml" and path.is_file():
        table = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    else:
        raise UsageError(
            "E-USE-77",
            _("there is no resistance table {name!r}.").format(name=str(name)),
            cure=_("Known: {known}; or the path of a TOML file.").format(known=", ".join(SHIPPED)),
        )
    suffix = "_en" if current() == "en" else ""
    groups = {group: float(value) for group, value in table["groups"].items()}
    slope = table.get("slope", {})
    heights = tuple(map(float, slope.get("resistance", [1.0])))
    wrong = [group for group, value in groups.items() if not value > 0] + [str(h) for h in heights if not h > 0]
    if wrong or len(heights) != len(slope.get("limits", ())) + 1:
        raise DataError(
            "E-DATA-73",
            _("{count} cells have a resistance that is not a positive number, so cost has no meaning.").format(
                count=len(wrong)
            ),
            cure=_("Give every class a resistance above 0; leave cells that cannot be crossed without data."),
            file=path,
            features=wrong,
        )
    return ResistanceTable(
        key=path.stem if path.suffix else str(name),
        zh=table.get("zh", path.stem),
        en=table.get("en", path.stem),
        document=table.get(f"document{suffix}", table.get("document", "")),
        target=table.get(f"target{suffix}", table.get("target", "")),
        verified=bool(table.get("verified", False)),
        groups=groups,
        slope_limits=tuple(map(float, slope.get("limits", ()))),
        slope_resistance=heights,
        slope_weight=float(slope.get("weight", 0.0)),
    )


def land_group(code: object, system: str) -> str | None:
    """The land group of a code in a code system, by the longest code that it begins with; None where there is none.

    >>> land_group("0303", "dlbm"), land_group("0303", "landuse-2023"), land_group("0301K", "dlbm")
    ('forest', 'shrub_grass', 'forest')
    """
    table = standard("resistance/groups").get(system, {})
    text = str(code)
    for length in range(len(text), 0, -1):
        if text[:length] in table:
            return str(table[text[:length]])
    return None


def road_group(kind: object) -> str:
    """``"motorway"`` or ``"road"`` from the kind of a road as a layer names it.

    >>> road_group("高速公路"), road_group("省道")
    ('motorway', 'road')
    """
    text = str(kind).lower()
    known = standard("resistance/groups")["roads"]
    return next((str(group) for word, group in known.items() if word in text), "road")


def land_groups(codes: pd.Series, system: str) -> pd.Series:
    """The land group of each code.

    Raises
    ------
    DataError
        Codes without a group (E-DATA-80): their land would have no resistance.
    """
    groups = {code: land_group(code, system) for code in codes.unique()}
    unknown = sorted(str(code) for code, group in groups.items() if group is None)
    if unknown:
        raise DataError(
            "E-DATA-80",
            _("{count} land codes have no group in {system!r}, so their land has no resistance.").format(
                count=len(unknown), system=system
            ),
            cure=_("Check the code system of the layer, or give the frame a column of groups yourself."),
            features=unknown,
        )
    return codes.map(groups)


def resistance_surface(
    land: geopandas.GeoDataFrame,
    table: ResistanceTable,
    cells: Grid,
    *,
    group: str = "group",
    roads: geopandas.GeoDataFrame | None = None,
    cores: geopandas.GeoDataFrame | None = None,
    slope_degrees: Grid | None = None,
) -> Grid:
    """The resistance surface of a land layer.

    Parameters
    ----------
    land : GeoDataFrame
        Polygons with the land group in column `group` (:func:`land_groups`).
    table : ResistanceTable
        Resistance by group.
    cells : Grid
        Its cells are used, not its values.
    roads : GeoDataFrame, optional
        Lines with ``motorway`` or ``road`` in column `group`: every cell they touch gets at least that resistance.
    cores : GeoDataFrame, optional
        Core areas: their cells get the resistance of ``core``.
    slope_degrees : Grid, optional
        On the same cells (:func:`slope`).

    Returns
    -------
    Grid
        NaN where no land lies; that ground cannot be crossed.
    """
    require_grid_crs(cells, *(frame for frame in (land, roads, cores) if frame is not None))
    values = np.full(cells.shape, np.nan)
    # From the easiest to the hardest: where two polygons overlap the ground is not made easier than either says.
    for name in sorted(land[group].unique(), key=lambda name: (_resistance_of(table, str(name)), name)):
        part = land.geometry[land[group] == name]
        values[cells.burn([part.union_all()]) == 1] = _resistance_of(table, str(name))
    if cores is not None and len(cores):
        values[cells.burn([cores.geometry.union_all()]) == 1] = _resistance_of(table, "core")
    if roads is not None:
        for name, part in roads.groupby(group, sort=True):
            touched = cells.touched(part.geometry)
            values[touched] = np.fmax(values[touched], _resistance_of(table, str(name)))
    if slope_degrees is not None:
        values = with_slope(values, slope_degrees.values, table)
    return cells.like(values)


def _resistance_of(table: ResistanceTable, group: str) -> float:
    if group not in table.groups:
        table.with_values(**{group: 1.0})  # raises with the groups there are
    return float(table.groups[group])


def with_slope(land: Array, degrees: Array, table: ResistanceTable) -> Array:
    """Land resistance and slope resistance as a weighted sum; land alone where the slope is unknown."""
    steep = np.array(table.slope_resistance)[np.searchsorted(table.slope_limits, degrees, side="right")]
    weight = np.where(np.isnan(degrees), 0.0, table.slope_weight)
    return np.asarray((1 - weight) * land + weight * steep)


def slope(elevation: Grid) -> Grid:
    """Slope in degrees by Horn's formula (坡度), from elevations in metres.

    Notes
    -----
    Horn 1981, as in GDAL and ArcGIS. Cells at the rim and beside cells without data have none (NaN).
    """
    height, width = elevation.cell_m
    z = np.pad(elevation.values, 1, constant_values=np.nan)
    west, east = z[:, :-2], z[:, 2:]
    north, south = z[:-2], z[2:]
    dx = (east[:-2] + 2 * east[1:-1] + east[2:] - west[:-2] - 2 * west[1:-1] - west[2:]) / (8 * width)
    dy = (south[:, :-2] + 2 * south[:, 1:-1] + south[:, 2:] - north[:, :-2] - 2 * north[:, 1:-1] - north[:, 2:]) / (
        8 * height
    )
    return elevation.like(np.degrees(np.arctan(np.hypot(dx, dy))))


def from_suitability(suitability: Grid) -> Grid:
    """Resistance 1 to 10 from habitat suitability 0 to 1: 1000 to the power of −HS, rescaled (生境适宜性).

    >>> from affine import Affine; from pyproj import CRS
    >>> hs = Grid(np.array([[0.0, 0.5, 1.0]]), Affine(10, 0, 0, 0, -10, 10), CRS.from_epsg(4547))
    >>> from_suitability(hs).values.round(4).tolist()
    [[10.0, 1.2759, 1.0]]
    """
    values = suitability.values
    if np.nanmin(values) < 0 or np.nanmax(values) > 1:
        raise DataError(
            "E-DATA-81",
            _("suitability must lie between 0 and 1."),
            cure=_("Rescale it first."),
        )
    lowest = 1e-3
    return suitability.like(1 + 9 * (1000.0**-values - lowest) / (1 - lowest))


def write_resistance(
    source: str | Path, target: str | Path, table: ResistanceTable, *, system: str, band: int = 1
) -> dict[str, float]:
    """The resistance surface of a raster of land codes, window by window, for rasters larger than memory.

    Parameters
    ----------
    source, target : str or Path
        Raster of land codes in; GeoTIFF of resistance out (float32, NaN where there is no data).
    table : ResistanceTable
    system : str
        Code system of the values.

    Returns
    -------
    dict
        Area in m² by land group, summed over the windows.

    Raises
    ------
    DataError
        Codes without a group (E-DATA-80); nothing is written then.
    """
    from rasterio.windows import Window

    path, land = Path(target), open_raster(source, band=band)
    rows, columns = land.shape
    areas: dict[str, float] = {}
    cell_area = abs(land.transform.a * land.transform.e)
    profile = {"driver": "GTiff", "width": columns, "height": rows, "count": 1, "dtype": "float32",
               "crs": land.crs.to_wkt(), "transform": land.transform, "nodata": float("nan"), "compress": "deflate",
               "tiled": True}  # fmt: skip
    with atomic(path) as temporary, gdal.raster().open(temporary, "w", **profile) as out:
        for row in range(0, rows, WINDOW):
            for column in range(0, columns, WINDOW):
                height, width = min(WINDOW, rows - row), min(WINDOW, columns - column)
                codes, valid = land.read(row, column, height, width)
                values = np.full(codes.shape, np.nan, dtype=np.float32)
                present, counts = np.unique(codes[valid], return_counts=True)
                groups = land_groups(pd.Series([f"{code:g}" for code in present], dtype=object), system)
                for code, name, count in zip(present, groups, counts, strict=True):
                    values[valid & (codes == code)] = _resistance_of(table, str(name))
                    areas[name] = areas.get(name, 0.0) + float(count) * cell_area
                out.write(values, 1, window=Window(column, row, width, height))
    return areas
