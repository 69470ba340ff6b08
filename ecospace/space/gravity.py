"""The gravity model: which links between sources matter most, as a rank (重力模型)."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ecospace.errors import DataError
from ecospace.language import _


def gravity(links: pd.DataFrame, area_ha: pd.Series, patch_resistance: pd.Series) -> pd.DataFrame:
    """Interaction of each pair of sources (相互作用强度).

    Parameters
    ----------
    links : DataFrame
        `start`, `end` (ids of sources) and `cost`, the cumulative resistance of the corridor.
    area_ha : Series
        Area of each source by id, in hectares: the logarithm makes the unit part of the result.
    patch_resistance : Series
        Mean resistance of each source by id.

    Returns
    -------
    DataFrame
        The links with `gravity` and `rank` (1 is the strongest; equal ones share a rank).

    Raises
    ------
    DataError
        A source of 1 ha or less, whose logarithm is not above 0 (E-DATA-82), or a link without cost (E-DATA-83).

    Notes
    -----
    G = L²max · ln Sₐ · ln S_b / (L²ₐb · Pₐ · P_b); Lmax is the largest cost of these links. G is a rank and no more:
    it changes with the unit of area and with the span of resistances, so never compare it between studies.
    The formula is as Chinese practice prints it; its source was not read.

    Examples
    --------
    >>> links = pd.DataFrame({"start": ["A", "A", "B"], "end": ["B", "C", "C"], "cost": [5200.0, 9800.0, 7400.0]})
    >>> area, resistance = pd.Series({"A": 1200, "B": 450, "C": 300}), pd.Series({"A": 1.8, "B": 2.4, "C": 3.0})
    >>> gravity(links, area, resistance)[["gravity", "rank"]].round(2).to_numpy().tolist()
    [[35.61, 1.0], [7.49, 3.0], [8.49, 2.0]]
    """
    ends = links[["start", "end"]]
    small = area_ha[area_ha.index.isin(np.unique(ends)) & ~(area_ha > 1)]
    if len(small):
        raise DataError(
            "E-DATA-82",
            _(
                "{count} sources have 1 ha or less: their logarithm is not above 0 and the gravity has no meaning."
            ).format(count=len(small)),
            cure=_("Leave out small sources, or rank links by cost."),
            features=list(small.index),
        )
    if not (links["cost"] > 0).all():
        raise DataError(
            "E-DATA-83",
            _("a link has no cost: its two sources touch, and no corridor is needed between them."),
            cure=_("Merge sources that touch first."),
        )
    cost = links["cost"].to_numpy(dtype=float)
    mass = [np.log(ends[end].map(area_ha).to_numpy(dtype=float)) for end in ends]
    drag = [ends[end].map(patch_resistance).to_numpy(dtype=float) for end in ends]
    force = (cost.max() / cost) ** 2 * mass[0] * mass[1] / (drag[0] * drag[1]) if len(cost) else cost
    ranks = pd.Series(force, index=links.index).rank(ascending=False, method="min").astype(int)
    return links.assign(gravity=force, rank=ranks)
