"""Protected places of a study as one frame: kind, name, level, status, approved area."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pandas as pd

from ecospace.errors import DataError, EcospaceError
from ecospace.findings import Finding
from ecospace.language import _
from ecospace.layers.contract import stated_areas, without_area
from ecospace.measure.definitions import Definition
from ecospace.units import convert_area, unit_of

if TYPE_CHECKING:
    from ecospace.study import Study

POLYGONS = ["Polygon", "MultiPolygon"]


@dataclass(frozen=True, eq=False)
class Places:
    """What a definition counts, and what it had to leave out.

    Attributes
    ----------
    frame : GeoDataFrame
        In the study CRS; columns kind, layer, name, level, status, approved_m2; indexed by ``layer:id``.
    left_out : tuple of Finding
        Places that are planned or unapproved.
    errors : mapping of str to EcospaceError
        Layers that the definition needs and that could not be read or placed.
    missing : tuple of str
        Kinds of the definition for which the study has no layer.
    """

    frame: gpd.GeoDataFrame
    left_out: tuple[Finding, ...]
    errors: dict[str, EcospaceError]
    missing: tuple[str, ...]


def protected_places(study: Study, definition: Definition, *, planned: bool = False) -> Places:
    """The places that a definition counts (受保护地区清单).

    Parameters
    ----------
    study : Study
    definition : Definition
    planned : bool
        Count planned and unapproved places too.

    Returns
    -------
    Places
    """
    frames, left_out = [], []
    errors: dict[str, EcospaceError] = {}
    for key in study.keys(*definition.kinds):
        try:
            frame = _of_layer(study, key)
        except EcospaceError as error:
            errors[key] = error
            continue
        unapproved = frame["status"].isin(definition.not_counted_status)
        if unapproved.any() and not planned:
            left_out.append(Finding(
                "F-DATA-03", "note",
                _("{count} places are planned or not approved ({names}) and do not count.").format(
                    count=int(unapproved.sum()), names="、".join(frame.loc[unapproved, "name"].astype(str)[:8])),
                layer=key, count=int(unapproved.sum()), features=tuple(frame.index[unapproved][:100])))  # fmt: skip
            frame = frame[~unapproved]
        frames.append(frame)
    columns = ["kind", "layer", "name", "level", "status", "approved_m2", "geometry"]
    whole = (
        gpd.GeoDataFrame(pd.concat(frames)[columns], geometry="geometry", crs=study.crs.crs)
        if frames
        else gpd.GeoDataFrame({name: [] for name in columns}, geometry="geometry", crs=study.crs.crs)
    )
    present = {str(study.entries[key]["role"]) for key in study.keys(*definition.kinds)}
    return Places(whole, tuple(left_out), errors, tuple(kind for kind in definition.kinds if kind not in present))


def approved_area_m2(frame: pd.DataFrame, unit: str | None, *, layer: str = "") -> pd.Series[Any]:
    """The stated areas of a layer in square metres (批准面积).

    Parameters
    ----------
    frame : DataFrame
        With the column `approved_area`, where the layer has one.
    unit : str or None
        ``area_unit`` of study.toml: m2, ha, mu, km2, or as planners write it.

    Raises
    ------
    DataError
        E-DATA-14: areas without a unit; a number without one is off by 15 or 10 000 times.
    """
    if "approved_area" not in frame:
        return pd.Series(float("nan"), index=frame.index)
    if not unit:
        raise DataError(
            "E-DATA-14",
            _("the layer has approved areas, but does not say in which unit."),
            cure=_('Add area_unit = "ha" (or m2, mu, km2) to its table in study.toml.'),
            layer=layer,
        )
    numbers = pd.Series(stated_areas(frame["approved_area"])[0], index=frame.index)
    return numbers * convert_area(1.0, unit_of(unit), "m2")


def _of_layer(study: Study, key: str) -> gpd.GeoDataFrame:
    frame = study.frame(key)
    entry = study.entries[key]
    for finding in without_area(str(entry["role"]), frame):
        # Some lines among the polygons are a warning of the layer's contract; lines alone are no layer of area.
        if finding.level == "error":
            raise DataError(finding.code, finding.text, cure=finding.cure, layer=key, file=study.path(key))
    frame = frame[frame.geom_type.isin(POLYGONS)]
    out = gpd.GeoDataFrame(
        {
            "kind": str(entry["role"]),
            "layer": key,
            "name": frame["name"] if "name" in frame else frame.index.astype(str),
            "level": frame.get("level", ""),
            "status": frame["status"].astype(str).str.strip() if "status" in frame else "",
            "approved_m2": approved_area_m2(frame, entry.get("area_unit"), layer=key),
        },
        geometry=frame.geometry.to_numpy(),
        index=frame.index,
        crs=frame.crs,
    )
    return out.set_axis([f"{key}:{feature}" for feature in out.index], axis=0)
