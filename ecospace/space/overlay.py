"""The overlay engine: areas, and pieces when asked, of polygons crossed with zones. Exact; no grid, no tolerance."""

from __future__ import annotations

from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from ecospace.crs import require_metric, require_same_crs
from ecospace.errors import DataError, GeometryError
from ecospace.language import _
from ecospace.space import overlay_geos

POLYGONS = (shapely.GeometryType.POLYGON.value, shapely.GeometryType.MULTIPOLYGON.value)


def cross_area(features: gpd.GeoDataFrame, zones: gpd.GeoDataFrame, *, by: str | Sequence[str] = ()) -> pd.DataFrame:
    """Area of the features in each zone, added up by columns of the features (叠加面积汇总).

    Parameters
    ----------
    features : GeoDataFrame
        Valid polygons, in a metric CRS. They may overlap each other: each is counted.
    zones : GeoDataFrame
        Valid polygons indexed by zone code, in the same CRS. They may overlap each other.
    by : str or sequence of str
        Columns of `features` to add up by; a missing value is a class of its own.

    Returns
    -------
    DataFrame
        zone, the columns of `by`, area_m2 (square metres, > 0); sorted by the order of the zones, then by `by`.

    Raises
    ------
    CRSError
        The CRS differ or are not metric.
    GeometryError
        A geometry is missing, empty, invalid or not a polygon; its id is named.

    Notes
    -----
    Boundary contact gives no row. Ground of a feature outside all zones is not in the table.

    Examples
    --------
    >>> from shapely import box
    >>> shapes = [box(0, 0, 150, 50), box(0, 50, 150, 80)]
    >>> land = gpd.GeoDataFrame({"class": ["林地", "耕地"]}, geometry=shapes, crs=4547)
    >>> towns = gpd.GeoDataFrame(index=["01", "02"], geometry=[box(0, 0, 100, 100), box(100, 0, 200, 100)], crs=4547)
    >>> print(cross_area(land, towns, by="class").to_string(index=False))
    zone class  area_m2
      01    林地   5000.0
      01    耕地   3000.0
      02    林地   2500.0
      02    耕地   1500.0
    """
    columns = _check(features, zones, by)
    feature, zone, area_m2 = overlay_geos.pair_areas(_geometries(features), _geometries(zones))
    table = features[columns].take(feature).reset_index(drop=True)
    table.insert(0, "zone", zones.index.take(zone))
    table["area_m2"] = area_m2
    return add_up(table, columns, zones.index)


def cross_pieces(
    features: gpd.GeoDataFrame, zones: gpd.GeoDataFrame, *, by: str | Sequence[str] = ()
) -> gpd.GeoDataFrame:
    """The pieces of the features in each zone (叠加图斑): one row for each feature and zone that share ground.

    Parameters
    ----------
    features, zones, by
        As in :func:`cross_area`.

    Returns
    -------
    GeoDataFrame
        zone, feature (index value of the feature), the columns of `by`, area_m2, geometry (a Polygon or
        MultiPolygon, in the features' CRS); sorted by zone, then in the order of the features.
    """
    columns = _check(features, zones, by)
    feature, zone, pieces = overlay_geos.pair_pieces(_geometries(features), _geometries(zones))
    order = np.lexsort((feature, zone))
    feature, zone, pieces = feature[order], zone[order], pieces[order]
    table = features[columns].take(feature).reset_index(drop=True)
    table.insert(0, "zone", zones.index.take(zone))
    table.insert(1, "feature", features.index.take(feature))
    table["area_m2"] = shapely.area(pieces)
    return gpd.GeoDataFrame(table, geometry=pieces, crs=features.crs)


def add_up(table: pd.DataFrame, columns: list[str], zones: pd.Index) -> pd.DataFrame:
    """Add up `area_m2` by zone and columns, in the order of the zones; a missing value is a class of its own."""
    place = pd.Series(np.arange(len(zones)), index=zones)
    table = table.groupby(["zone", *columns], dropna=False, sort=True, observed=True)["area_m2"].sum().reset_index()
    order = np.argsort(place.reindex(table["zone"]).to_numpy(), kind="stable")
    return table.take(order).reset_index(drop=True)


def _check(features: gpd.GeoDataFrame, zones: gpd.GeoDataFrame, by: str | Sequence[str]) -> list[str]:
    """Refuse what has no one area; the columns to add up by."""
    require_same_crs(features, zones)
    require_metric(features)
    columns = [by] if isinstance(by, str) else list(by)
    if missing := [column for column in columns if column not in features.columns]:
        raise DataError(
            "E-DATA-60",
            _("The features have no column {columns}, so their area cannot be added up by it.").format(
                columns=", ".join(missing)
            ),
            cure=_("Their columns are: {columns}.").format(columns=", ".join(map(str, features.columns))),
        )
    if not zones.index.is_unique:
        raise DataError(
            "E-DATA-61",
            _("Zone codes stand more than once, so areas cannot be told apart by zone."),
            cure=_("Give each zone its own code, or dissolve by it: zones.dissolve('code')."),
            features=zones.index[zones.index.duplicated()].unique().tolist(),
        )
    require_polygons(features, _("features"))
    require_polygons(zones, _("zones"))
    return columns


def require_polygons(frame: gpd.GeoDataFrame, name: str) -> None:
    """Refuse geometries that have no one area: missing, empty, not polygons, or invalid; with their ids."""
    shapes = _geometries(frame)
    wrong = ~np.isin(shapely.get_type_id(shapes), POLYGONS) | shapely.is_empty(shapes)
    if wrong.any():
        raise GeometryError(
            "E-GEO-60",
            _("{count} of the {name} are missing, empty or not polygons, so they have no area to measure.").format(
                count=int(wrong.sum()), name=name
            ),
            cure=_("Take them out, and say so, before measuring."),
            features=frame.index[wrong].tolist(),
        )
    invalid = ~shapely.is_valid(shapes)
    if invalid.any():
        raise GeometryError(
            "E-GEO-61",
            _("{count} of the {name} are invalid, so their area has no one meaning.").format(
                count=int(invalid.sum()), name=name
            ),
            cure=_("Read the layer with read_layer, which repairs by structure and lists both areas."),
            features=frame.index[invalid].tolist(),
        )


def _geometries(frame: gpd.GeoDataFrame) -> np.ndarray:
    return np.asarray(frame.geometry.array)
