"""What the modelled corridors need from a study: land groups, roads, rivers, heights."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ecospace.errors import StudyError
from ecospace.language import _
from ecospace.space.grid import brought_grid, cells_of, grid_of
from ecospace.space.resistance import land_groups, road_group, slope

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

    from ecospace.space.grid import Grid
    from ecospace.study import Study

#: Metres of one degree of latitude, for the cell size of a model in degrees.
METRES_PER_DEGREE = 111_195.0


def land_of(study: Study, key: str | None = None) -> GeoDataFrame:
    """A land-use layer in the study CRS, with its land groups in column `group`.

    Parameters
    ----------
    study : Study
    key : str, optional
        Of another date; by default the layer with the role land_use.

    Raises
    ------
    StudyError
        The study has no land-use layer (E-STUDY-70), or the layer no code system (E-STUDY-71).
    DataError
        Codes without a group (E-DATA-80).
    """
    key = key or next(iter(study.keys("land_use")), None)
    if key is None:
        raise StudyError(
            "E-STUDY-70",
            _("the study has no land-use layer, so there is no resistance surface."),
            cure=_('Add [layers.land_use] with role = "land_use" and its code_system.'),
            file=study.folder / "study.toml",
        )
    land = study.frame(key)
    system = study.entries[key].get("code_system")
    if not system:
        raise StudyError(
            "E-STUDY-71",
            _("the land-use layer {key!r} names no code system, and codes mean different things in each.").format(
                key=key
            ),
            cure=_('Add code_system = "dlbm" (third land survey) or "landuse-2023".'),
            file=study.folder / "study.toml",
        )
    return land.assign(group=land_groups(land["code"], str(system)))


def roads_of(study: Study, *, kinds: tuple[str, ...] = ()) -> GeoDataFrame | None:
    """The roads with their group (``motorway`` or ``road``); None where the study has no road layer.

    Parameters
    ----------
    study : Study
    kinds : tuple of str
        Only roads whose kind contains one of these words.
    """
    roads = lines_of(study, "road")
    if roads is None:
        return None
    named = roads["kind"].astype(str) if "kind" in roads else roads.index.to_series().map(lambda _name: "")
    wanted = named.map(lambda kind: not kinds or any(word in kind for word in kinds))
    return roads.assign(group=named.map(road_group))[wanted.to_numpy(dtype=bool)]


def forest_on(study: Study, key: str, cells: Grid) -> Grid:
    """A forest layer on given cells: 1 forest, 0 other land of the study, NaN beyond its boundary.

    Parameters
    ----------
    study : Study
    key : str
        Polygons, all of them forest; or a raster of classes with a code system that has a group ``forest``.
    cells : Grid
    """
    ground = cells.burn(study.boundary.geometry) == 1
    if study.is_raster(key):
        system = str(study.entries[key].get("code_system", ""))
        values = brought_grid(grid_of(study.raster(key)), cells, classes=True).values
        codes = pd.Series([f"{code:g}" for code in np.unique(values[~np.isnan(values)])], dtype=object)
        forest = codes[land_groups(codes, system) == "forest"].astype(float)
        covered = np.isin(values, forest)
    else:
        covered = cells.burn([study.frame(key).geometry.union_all()]) == 1
    return cells.like(np.where(ground, covered, np.nan))


def lines_of(study: Study, role: str) -> GeoDataFrame | None:
    """The first vector layer of a role in the study CRS; None where there is none."""
    key = next((key for key in study.keys(role) if not study.is_raster(key)), None)
    return study.frame(key) if key else None


def elevation_of(study: Study) -> Grid:
    """The elevation model on square cells in the study CRS.

    Raises
    ------
    StudyError
        The study has none (E-STUDY-73).
    """
    key = _elevation_key(study)
    if key is None:
        raise StudyError(
            "E-STUDY-73",
            _("the study has no elevation model, so heights are unknown."),
            cure=_('Add [layers.dem] with role = "dem" and the path of a raster.'),
            file=study.folder / "study.toml",
        )
    elevation = grid_of(study.raster(key))
    size = max(elevation.cell_m) * (METRES_PER_DEGREE if elevation.crs.is_geographic else 1.0)
    return brought_grid(elevation, cells_of(elevation, study.crs.crs, round(size, 3)))


def slope_on(study: Study, cells: Grid) -> Grid | None:
    """Slope in degrees on given cells; None where the study has no elevation model."""
    key = _elevation_key(study)
    if key is None:
        return None
    elevation = grid_of(study.raster(key))
    if elevation.crs.is_projected:
        # In the model's own metres, before heights are smoothed by resampling.
        return brought_grid(slope(elevation), cells)
    return slope(brought_grid(elevation, cells))


def _elevation_key(study: Study) -> str | None:
    return next((key for key in study.keys("dem") if study.is_raster(key)), None)
