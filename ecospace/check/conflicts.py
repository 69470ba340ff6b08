"""Where control lines claim the same ground: the three lines against each other (三条控制线), or two zonings."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import shapely

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

    from ecospace.study import Study

THREE_LINES = ("eco_redline", "farmland", "urban_boundary")


def line_conflicts(study: Study, layers: tuple[str, ...] = ()) -> GeoDataFrame:
    """Every pair of features of two layers that share ground.

    Parameters
    ----------
    study : Study
    layers : tuple of str
        Keys or roles of polygon layers; the three control lines by default.

    Returns
    -------
    GeoDataFrame
        one_layer, one, other_layer, other, area_m2, in the study CRS; sorted by area. A feature that overlaps two
        others stands in two rows, so the rows of one pair of layers may count ground twice.
    """
    from geopandas import GeoDataFrame

    wanted = layers or THREE_LINES
    keys = [key for key in study.entries if key in wanted or study.entries[key].get("role") in wanted]
    rows: list[dict[str, object]] = []
    for one, other in combinations(keys, 2):
        first, second = study.frame(one), study.frame(other)
        left, right = first.geometry.to_numpy(), second.geometry.to_numpy()
        i, j = shapely.STRtree(right).query(left, predicate="intersects")
        cuts = shapely.intersection(left[i], right[j])
        names = _names(first), _names(second)
        rows += [
            {
                "one_layer": study.title_of(one),
                "one": names[0][a],
                "other_layer": study.title_of(other),
                "other": names[1][b],
                "area_m2": float(cut.area),
                "geometry": cut,
            }
            for a, b, cut in zip(i.tolist(), j.tolist(), cuts, strict=True)
            if cut.area > 0
        ]
    columns = ["one_layer", "one", "other_layer", "other", "area_m2", "geometry"]
    frame = GeoDataFrame(rows, columns=columns, geometry="geometry", crs=study.crs.crs)
    return frame.sort_values("area_m2", ascending=False, kind="stable", ignore_index=True)


def _names(frame: GeoDataFrame) -> list[str]:
    names = np.asarray(frame["name"].astype(str)) if "name" in frame.columns else np.asarray(frame.index.astype(str))
    return [str(name) for name in names]
