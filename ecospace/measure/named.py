"""A place that a planner names: 示例水库, or a longitude and a latitude, found among the layers of a study."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import shapely

from ecospace.errors import UsageError
from ecospace.language import _

if TYPE_CHECKING:
    from ecospace.study import Study

#: Where the name of a reservoir, river, park or town is looked for, in this order.
ROLES = ("water", "monitoring", "water_source", "river", "forest_park", "nature_reserve", "wetland_park", "townships")


def find_place(study: Study, text: str, *, layer: str = "", roles: tuple[str, ...] = ROLES) -> gpd.GeoDataFrame:
    """The one place that a text means, in the study CRS (地名查找).

    Parameters
    ----------
    study : Study
    text : str
        A name, or a part of it that no other name has; or ``"112.55,22.40"``, longitude first, in the geographic CRS of the boundary.
    layer : str
        Look in this layer alone.
    roles : tuple of str
        Layers in which a name is looked for; the first role that has it decides.

    Returns
    -------
    GeoDataFrame
        One row, indexed by its name.

    Raises
    ------
    UsageError
        E-USE-79: neither a name nor two numbers. E-USE-81: outside the study area. E-USE-95: the name means several places.
    """
    parts = text.replace("，", ",").split(",")
    if len(parts) == 2:
        return _at(study, text, parts)
    found = {}
    for keys in [[layer]] if layer else [study.keys(role) for role in roles]:
        for key in (key for key in keys if not study.is_raster(key)):
            frame = study.frame(key)
            if "name" in frame:
                named = frame[frame["name"].astype(str).str.contains(text, regex=False)]
                exact = named[named["name"].astype(str) == text]
                for name, rows in (exact if len(exact) else named).groupby("name"):
                    found[str(name)] = rows.geometry.union_all()
        if found:
            break
    if len(found) > 1:
        raise UsageError(
            "E-USE-95",
            _("{text!r} may be any of {names}.").format(text=text, names=_("; ").join(sorted(found)[:12])),
            cure=_("Give the whole name, or the layer with --layer."),
        )
    if not found:
        raise UsageError(
            "E-USE-79",
            _("{place!r} is not a longitude and a latitude, and no place of the study has that name.").format(
                place=text
            ),
            cure="ecospace catchment kaiping 112.55,22.40",
        )
    name, shape = next(iter(found.items()))
    return gpd.GeoDataFrame(geometry=[shape], index=[name], crs=study.crs.crs)


def _at(study: Study, text: str, parts: list[str]) -> gpd.GeoDataFrame:
    try:
        longitude, latitude = (float(part) for part in parts)
    except ValueError:
        raise UsageError(
            "E-USE-79",
            _("{place!r} is not a longitude and a latitude, and no place of the study has that name.").format(
                place=text
            ),
            cure="ecospace catchment kaiping 112.55,22.40",
        ) from None
    point = gpd.GeoDataFrame(geometry=[shapely.Point(longitude, latitude)], index=[text], crs=study.crs.geographic)
    there = study.crs.bring(point)
    if not there.geometry.iloc[0].intersects(study.boundary.geometry.iloc[0]):
        raise UsageError(
            "E-USE-81",
            _("{place} lies outside the study area, where the land is not known.").format(place=text),
            cure=_("Give longitude first, then latitude, both in degrees."),
        )
    return there
