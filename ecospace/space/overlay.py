"""The overlay engine: areas, and pieces when asked, of polygons crossed with zones. Exact; no grid, no tolerance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from ecospace.crs import require_metric, require_same_crs
from ecospace.errors import DataError, GeometryError, UsageError
from ecospace.language import _
from ecospace.space import kernels, overlay_cells, overlay_geos

POLYGONS = (shapely.GeometryType.POLYGON.value, shapely.GeometryType.MULTIPOLYGON.value)
#: Square metres. A group of shares below a square millimetre is the rounding of coordinates along a shared edge, by
#: either engine; it is left out of tables. Any real sliver is larger: 0.5 m of overlap is 5e5 times this per metre.
NOISE_M2 = 1e-6

Zones: TypeAlias = "gpd.GeoDataFrame | Mapping[str, gpd.GeoDataFrame]"
Array = np.ndarray[Any, Any]


def cross_area(features: gpd.GeoDataFrame, zones: Zones, *, by: str | Sequence[str] = ()) -> pd.DataFrame:
    """Area of the features in each zone, added up by columns of the features (叠加面积汇总).

    Parameters
    ----------
    features : GeoDataFrame
        Valid polygons, in a metric CRS. They may overlap each other: each is counted.
    zones : GeoDataFrame, or dict of two by name
        Valid polygons indexed by zone code, in the same CRS; they may overlap each other. Two layers are crossed with
        each other too: ``{"line": redline, "town": townships}``.
    by : str or sequence of str
        Columns of `features` to add up by; a missing value is a class of its own.

    Returns
    -------
    DataFrame
        zone (or one column for each name of `zones`), the columns of `by`, area_m2 (square metres); sorted by the order
        of the zones, then by `by`.

    Raises
    ------
    CRSError
        The CRS differ or are not metric.
    GeometryError
        A geometry is missing, empty, invalid or not a polygon; its id is named.

    Notes
    -----
    No grid, no tolerance, no simplification: equal to the plain overlay within the rounding of coordinates. Groups
    below :data:`NOISE_M2` are left out: boundary contact gives no row. Ground outside all zones is not in the table.

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
    layers = named_layers(zones)
    columns = _check(features, list(layers.values()), by)
    feature, places, area_m2 = shares(features, list(layers.values()))
    classes, label = labels_of(features, columns)
    sums = add_up(label[feature], places, area_m2)
    return table_of(sums, classes, {name: frame.index for name, frame in layers.items()})


def cross_pieces(
    features: gpd.GeoDataFrame, zones: gpd.GeoDataFrame, *, by: str | Sequence[str] = ()
) -> gpd.GeoDataFrame:
    """The pieces of the features in each zone (叠加图斑): one row for each feature and zone that share ground.

    Parameters
    ----------
    features, zones, by
        As in :func:`cross_area`; one layer of zones.

    Returns
    -------
    GeoDataFrame
        zone, feature (index value of the feature), the columns of `by`, area_m2, geometry (a Polygon or
        MultiPolygon, in the features' CRS); sorted by zone, then in the order of the features.
    """
    columns = _check(features, [zones], by)
    feature, zone, pieces = overlay_geos.pair_pieces(_geometries(features), _geometries(zones))
    order = np.lexsort((feature, zone))
    feature, zone, pieces = feature[order], zone[order], pieces[order]
    table = features[columns].take(feature).reset_index(drop=True)
    table.insert(0, "zone", zones.index.take(zone))
    table.insert(1, "feature", features.index.take(feature))
    table["area_m2"] = shapely.area(pieces)
    return gpd.GeoDataFrame(table, geometry=pieces, crs=features.crs)


def covered_area(features: gpd.GeoDataFrame, zones: gpd.GeoDataFrame) -> pd.Series:
    """Ground of each zone that features cover, overlaps counted once (去重面积).

    Parameters
    ----------
    features, zones : GeoDataFrame
        As in :func:`cross_area`. For several layers, put them into one frame: ``pd.concat([redline, reserves])``.

    Returns
    -------
    Series
        Square metres by zone code, 0 where nothing is covered; named area_m2.
    """
    _check(features, [zones], ())
    return pd.Series(_once(features, zones, None)[:, 0], index=zones.index, name="area_m2")


def compared_area(before: gpd.GeoDataFrame, after: gpd.GeoDataFrame, zones: gpd.GeoDataFrame) -> pd.DataFrame:
    """Ground of each zone that two versions of a layer cover: removed, added and kept (两版对比), each ground once.

    Parameters
    ----------
    before, after, zones : GeoDataFrame
        As in :func:`cross_area`; features of one version may overlap each other.

    Returns
    -------
    DataFrame
        removed_m2, added_m2, kept_m2 (square metres), indexed by zone code.
    """
    _check(before, [zones], ())
    _check(after, [zones], ())
    require_same_crs(before, after)
    return pd.DataFrame(_once(before, zones, after), index=zones.index, columns=["removed_m2", "added_m2", "kept_m2"])


def shares(features: gpd.GeoDataFrame, layers: Sequence[gpd.GeoDataFrame]) -> tuple[Array, Array, Array]:
    """Positions of features, positions of zones (one column for each layer) and square metres, by either engine."""
    shapes, zones = _geometries(features), [_geometries(layer) for layer in layers]
    if kernels.available():
        found = [np.empty(0, kernels.SHARE)]
        cut = overlay_cells.cut_zones(*map(overlay_cells.wkb_of, zones))
        for start in range(0, len(shapes), 65_536):  # the bytes of all features at once would double the memory
            part, _areas = overlay_cells.cross(overlay_cells.wkb_of(shapes[start : start + 65_536]), cut)
            part["feature"] += start
            found.append(part)
        table = np.concatenate(found)
        places = np.column_stack([table["first"], table["second"]])[:, : len(layers)]
        return table["feature"], places, table["area_m2"]
    if len(layers) == 1:
        feature, zone, area_m2 = overlay_geos.pair_areas(shapes, overlay_geos.cut_zones(zones[0]))
        return feature, zone[:, None], area_m2
    first, second, pieces = overlay_geos.pair_pieces(*zones)
    feature, piece, area_m2 = overlay_geos.pair_areas(shapes, overlay_geos.cut_zones(pieces))
    return feature, np.column_stack([first[piece], second[piece]]), area_m2


def labels_of(features: pd.DataFrame, columns: list[str]) -> tuple[pd.DataFrame, Array]:
    """The different values of the columns, sorted, and which of them each feature has."""
    if not columns:
        return pd.DataFrame(index=[0]), np.zeros(len(features), np.int64)
    plain = pd.DataFrame(features[columns])
    label = plain.groupby(columns, dropna=False, sort=True, observed=True).ngroup().to_numpy()
    first = pd.Series(np.arange(len(label))).groupby(label).first().sort_index()
    return plain.take(first.to_numpy()).reset_index(drop=True), label


def add_up(label: Array, places: Array, area_m2: Array) -> dict[tuple[int, ...], float]:
    """Sums by zones and label, in the order in which they stand: partial sums merge to the same bytes anywhere."""
    keys = np.column_stack([places, label])
    if not len(keys):
        return {}
    unique, inverse = np.unique(keys, axis=0, return_inverse=True)
    sums = np.bincount(inverse.ravel(), area_m2, minlength=len(unique))
    return {tuple(key): area for key, area in zip(unique.tolist(), sums.tolist(), strict=True)}


def table_of(
    sums: Mapping[tuple[int, ...], float], classes: pd.DataFrame, zones: Mapping[str, pd.Index]
) -> pd.DataFrame:
    """The tidy table of sums by positions; groups of noise are left out."""
    kept = sorted((key, area) for key, area in sums.items() if area > NOISE_M2)
    keys = np.array([key for key, _area in kept], int).reshape(len(kept), len(zones) + 1)
    table = classes.take(keys[:, -1]).reset_index(drop=True)
    for place, (name, codes) in enumerate(zones.items()):
        table.insert(place, name, codes.take(keys[:, place]))
    return table.assign(area_m2=np.array([area for _key, area in kept], float))


def named_layers(zones: Zones) -> dict[str, gpd.GeoDataFrame]:
    """Zones by the name of their column: one layer is called zone."""
    layers: dict[str, gpd.GeoDataFrame] = dict(zones) if isinstance(zones, Mapping) else {"zone": zones}
    if not 1 <= len(layers) <= 2:
        raise UsageError(
            "E-USE-60",
            _("{count} layers of zones were given; features are crossed with one or two at a time.").format(
                count=len(layers)
            ),
            cure=_('Give one frame, or two by name: {"line": redline, "town": townships}.'),
        )
    return layers


def _once(features: gpd.GeoDataFrame, zones: gpd.GeoDataFrame, second: gpd.GeoDataFrame | None) -> Array:
    """Area by zone in the features only, in the second only, and in both."""
    shapes, ground = _geometries(features), _geometries(zones)
    other = None if second is None else _geometries(second)
    if not kernels.available():
        return overlay_geos.covered_once(shapes, ground, other)
    wkb = None if other is None else overlay_cells.wkb_of(other)
    return overlay_cells.covered_once(overlay_cells.wkb_of(shapes), overlay_cells.wkb_of(ground), wkb)


def _check(features: gpd.GeoDataFrame, layers: list[gpd.GeoDataFrame], by: str | Sequence[str]) -> list[str]:
    """Refuse what has no one area; the columns to add up by."""
    require_same_crs(features, *layers)
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
    for zones in layers:
        if not zones.index.is_unique:
            raise DataError(
                "E-DATA-61",
                _("Zone codes stand more than once, so areas cannot be told apart by zone."),
                cure=_("Give each zone its own code, or dissolve by it: zones.dissolve('code')."),
                features=zones.index[zones.index.duplicated()].unique().tolist(),
            )
        require_polygons(zones, _("zones"))
    require_polygons(features, _("features"))
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


def _geometries(frame: gpd.GeoDataFrame) -> Array:
    return np.asarray(frame.geometry.array)
