"""Declared corridors on a sheet, numbered as in the register, and the stretches that a width rule finds too narrow."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

from ecospace.language import _
from ecospace.maps.figure import PlanFigure, plan_figure
from ecospace.maps.maplayer import MapLayer
from ecospace.report.corridor_tables import clause_lines, rule_line, short_names
from ecospace.terms import standard

if TYPE_CHECKING:
    import geopandas as gpd

    from ecospace.measure.corridors import Register
    from ecospace.measure.rule_widths import RuleWidths
    from ecospace.study import Study

#: Part of the study area's extent by which the two sides of a line stand apart on a sheet: about 0.8 mm on A3.
APART = 1 / 450


def corridor_figure(study: Study, found: Register) -> PlanFigure:
    """The sheet with every corridor by its number and name; the clauses stand beside it in the words of the document."""
    names = [f"{number} {name}" for number, name in enumerate(short_names(found), start=1)]
    numbers = np.array([name.split()[0] for name in names])
    figure = _numbered(study, found, names)
    west, south, east, north = study.boundary.total_bounds
    # Where there is no room for a name its number has to do, if need be those of its neighbours, too: the panel says what they mean.
    for near_m in (0.0, max(east - west, north - south) / 30, np.inf):
        absent = ~np.isin(numbers, [placed.name.text.split()[0] for placed in figure.plan.names])
        if not absent.any():
            break
        crowded = shapely.union_all(found.axes.geometry.to_numpy()[absent])
        close = found.axes.distance(crowded).to_numpy() <= near_m
        names = [str(number) if short else name for number, name, short in zip(numbers, names, close, strict=True)]
        figure = _numbered(study, found, names)
    return figure


def _numbered(study: Study, found: Register, shown: list[str]) -> PlanFigure:
    axes = found.axes.assign(shown=shown)
    dimension = shapely.get_dimensions(axes.geometry.to_numpy())
    kinds = axes["kind"].map(_style_of)
    ground = found.corridors[found.corridors["area_m2"].notna() & (dimension < 2)]
    layers = [
        MapLayer(ground, "corridor_ground"),
        MapLayer(axes[dimension == 2], "corridor_belt", label="shown"),
        *(MapLayer(axes[(dimension == 1) & (kinds == kind)], kind, label="shown")
          for kind in ("corridor_river", "corridor_road", "corridor_green")),
        MapLayer(found.gaps, "corridor_gap"),
        MapLayer(axes[dimension == 0], "point", title=_("Greening at an exit"), label="shown"),
    ]  # fmt: skip
    return plan_figure(
        [layer for layer in layers if len(layer.frame)], boundary=study.boundary,
        title=_("{study}: ecological corridors and their clauses").format(study=study.title),
        source=study.title_of(study.keys("corridor")[0]), note=clause_lines(found), paper="A2",
        demonstration=bool(study.settings.get("demonstration")),
    )  # fmt: skip


def widths_figure(study: Study, found: RuleWidths) -> PlanFigure:
    """The sheet of one width rule: each side of each line by what the rule says of it, drawn beside the line."""
    lines = beside(found.stretches, study.boundary)
    layers = [
        MapLayer(lines[lines["state"] == state], f"width_{state}")
        for state in ("not_asked", "unjudged", "within", "above", "below")
    ]
    return plan_figure(
        [layer for layer in layers if len(layer.frame)], boundary=study.boundary,
        title=_("{study}: rule {key}, {rule}").format(study=study.title, key=found.rule.key, rule=found.rule.label),
        source=study.title_of(study.keys("corridor")[0]) if study.keys("corridor") else "",
        note=f"{found.rule.clause}（{found.rule.document}）\n{rule_line(found)}",
        demonstration=bool(study.settings.get("demonstration")),
    )  # fmt: skip


def beside(stretches: gpd.GeoDataFrame, boundary: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Stretches moved to the side that they speak of, so that both sides of a line can be seen."""
    west, south, east, north = boundary.total_bounds
    apart_m = max(east - west, north - south) * APART
    away = stretches["side"].map({"left": apart_m, "right": -apart_m}).fillna(-apart_m / 2).to_numpy()
    moved = shapely.offset_curve(stretches.geometry.to_numpy(), away, join_style="bevel")
    # A stretch shorter than the distance vanishes inside a bend: better on the line than not at all.
    drawn = np.where(shapely.is_empty(moved), stretches.geometry.to_numpy(), moved)
    return stretches.set_geometry(drawn, crs=stretches.crs)


def _style_of(kind: object) -> str:
    words = standard("rules/corridors")["kinds"]
    return next(
        (f"corridor_{key}" for key, parts in words.items() if any(part in str(kind) for part in parts)),
        "corridor_green",
    )
