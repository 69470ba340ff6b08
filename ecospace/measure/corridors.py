"""The register of declared corridors (生态廊道名录): rivers, roads and belts by name, their ground, and whether they are whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from ecospace.crs import require_metric, require_same_crs
from ecospace.findings import Finding
from ecospace.language import _
from ecospace.space.buffer import QUAD_SEGS, strips
from ecospace.space.chainage import chainage_in, chainage_of, courses
from ecospace.space.compliance import judged, stretches
from ecospace.space.overlay import covered_area, cross_area
from ecospace.space.width import measured_width
from ecospace.terms import standard

#: Columns that a corridor layer may have, and what stands where it has none.
TEXTS = ("name", "alias", "kind", "status", "clause")
#: Metres of natural ground, both sides together, below which a place along an axis is a gap.
GAP_BELOW_M = 1.0
#: Metres by which a line may differ from its chainages: these are written to the metre.
CHAINAGE_M = 1.0


@dataclass(frozen=True, eq=False)
class Register:
    """Corridors with what was measured of each.

    Parameters
    ----------
    corridors : GeoDataFrame
        Indexed by id: name, alias, kind, status, clause, length_m, width_m, area_m2, natural_m2, natural_share, redline_m2,
        redline_share, mapped_share (of the ground, with a land class), start, end (chainage of the axis, ``K36+945``), gaps (count), gap_m
        (their length), continuity (0 to 1), narrowest_m (natural ground across the axis, both sides together), narrowest_at_m (chainage,
        metres); geometry: the ground, clipped to
        the study area; missing where no width is known. NaN: not known, never 0.
    axes : GeoDataFrame
        The lines and points as declared, same index.
    land : DataFrame
        corridor, group (land group), area_m2.
    gaps : GeoDataFrame
        corridor, name, start, end (chainage), from_m, to_m, length_m; pieces of the axes.
    union_m2 : float
        Ground of all corridors, each once.
    findings : tuple of Finding
    """

    corridors: gpd.GeoDataFrame
    axes: gpd.GeoDataFrame
    land: pd.DataFrame
    gaps: gpd.GeoDataFrame
    union_m2: float
    findings: tuple[Finding, ...]


@lru_cache(maxsize=1)
def clauses() -> dict[str, dict[str, Any]]:
    """The clauses that name corridors, by requirement id: text, document, names.

    >>> clauses()["C01"]["names"]
    ['潭江']
    """
    found: dict[str, dict[str, Any]] = standard("rules/corridors")["clause"]
    return found


def corridor_register(
    corridors: gpd.GeoDataFrame,
    land: gpd.GeoDataFrame | None,
    boundary: gpd.GeoDataFrame,
    *,
    redline: gpd.GeoDataFrame | None = None,
    step_m: float = 100.0,
) -> Register:
    """Ground, make-up and gaps of declared corridors (廊道名录).

    Parameters
    ----------
    corridors : GeoDataFrame
        Lines (axes), polygons or points, in a metric CRS, with unique index; columns name, alias, kind, status, clause, width_m
        (full width, metres; the diameter at a point), start_m and end_m (chainage of the ends, metres or ``K36+945``), reversed (chainage
        runs against the drawing), as far as known.
    land : GeoDataFrame or None
        Land polygons that do not overlap, with column group (``land_of``); without them make-up and gaps are not known.
    boundary : GeoDataFrame
        The study area: ground outside it is not counted.
    redline : GeoDataFrame, optional
        The red line; without it its share is not known.
    step_m : float
        Length of axis across which one looks in one direction, metres (`measured_width`).

    Returns
    -------
    Register

    Notes
    -----
    The length of a polygon is the longer side of its smallest rectangle, its width area / length. A line or point without a width
    has no ground: the width is a decision of the plan and is not guessed (B07).
    """
    require_metric(corridors)
    require_same_crs(corridors, boundary)
    words = standard("rules/corridors")
    axes = corridors.assign(**{column: _text(corridors, column) for column in TEXTS})
    axes["width_m"] = pd.to_numeric(corridors.get("width_m"), errors="coerce") if "width_m" in corridors else np.nan
    ground = _ground(axes, boundary)
    known = ground[~ground.geometry.is_empty & ground.geometry.notna()]

    table = ground.copy()
    table["length_m"], table["width_m"] = _sizes(axes)
    table["area_m2"] = known.area
    makeup = _no_land()
    table["mapped_share"] = table["natural_m2"] = np.nan
    if land is not None and len(known):
        require_same_crs(known, land)
        makeup = cross_area(land, known, by="group").rename(columns={"zone": "corridor"})
        by_group = makeup.groupby("corridor")["area_m2"].sum()
        wild = makeup[makeup["group"].isin(words["land"]["natural"])].groupby("corridor")["area_m2"].sum()
        table["mapped_share"] = by_group.reindex(known.index, fill_value=0.0) / known.area
        table["natural_m2"] = wild.reindex(known.index, fill_value=0.0)
    table["natural_share"] = table["natural_m2"] / table["area_m2"]
    table["redline_m2"] = covered_area(redline, known) if redline is not None and len(known) else np.nan
    table["redline_share"] = table["redline_m2"] / table["area_m2"]
    table, gaps = _wholeness(table, axes, land, step_m)
    union_m2 = float(shapely.union_all(known.geometry.to_numpy()).area)
    return Register(table, axes, makeup, gaps, union_m2, tuple(_findings(table, axes)))


def built_rate(register: Register) -> pd.DataFrame:
    """Length by status, and the share that is built (廊道建成率, A26; A27 by status).

    Returns
    -------
    DataFrame
        Indexed by status: count, length_m, share (of the whole length); `attrs["built_share"]` is the built rate. Points have no
        length and do not count.
    """
    table = register.corridors[register.corridors["length_m"] > 0]
    found: pd.DataFrame = table.groupby("status").agg(count=("length_m", "size"), length_m=("length_m", "sum"))
    total = found["length_m"].sum()
    found["share"] = found["length_m"] / total if total else np.nan
    found.attrs["built_share"] = float(
        found.loc[found.index.isin(standard("rules/corridors")["status"]["built"]), "share"].sum()
    )
    return found


def greenway_per_10000(register: Register, population: float) -> float | None:
    """Kilometres of built greenway for 10 000 people (人均绿道长度, A26); None where the register has no greenway.

    Parameters
    ----------
    population : float
        Inhabitants, persons.
    """
    table, words = register.corridors, standard("rules/corridors")
    kinds = table["kind"].astype(str).map(lambda kind: any(word in kind for word in words["greenway"]["kinds"]))
    if not kinds.any() or not population > 0:
        return None
    built = table[kinds & table["status"].isin(words["status"]["built"])]
    return float(built["length_m"].sum() / 1000 / (population / 10_000))


def missing_names(register: Register, keys: Sequence[str] = ()) -> dict[str, list[str]]:
    """Names of the clauses that no row of the register bears, by clause; only clauses that the register uses unless `keys` are given."""
    used = [key for key in (keys or clauses()) if keys or (register.corridors["clause"] == key).any()]
    missing = {}
    for key in used:
        rows = register.corridors[register.corridors["clause"] == key]
        text = " ".join(rows["name"] + " " + rows["alias"])
        absent = [name for name in clauses()[key]["names"] if name not in text]
        if absent:
            missing[key] = absent
    return missing


def _text(frame: gpd.GeoDataFrame, column: str) -> Any:
    return frame[column].fillna("").astype(str) if column in frame else ""


def _ground(axes: gpd.GeoDataFrame, boundary: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The ground of each corridor in the study area; None where no width is known."""
    shapes = np.full(len(axes), None, object)
    whole = boundary.geometry.union_all()
    for place, (shape, width_m) in enumerate(zip(axes.geometry, axes["width_m"], strict=True)):
        dimension = shapely.get_dimensions(shape)
        if dimension == 2:
            shapes[place] = shape
        elif width_m > 0 and dimension == 1:
            one = gpd.GeoDataFrame(geometry=[shape], crs=axes.crs)
            shapes[place] = strips(one, width_m / 2).geometry.iloc[0]
        elif width_m > 0:
            shapes[place] = shapely.buffer(shape, width_m / 2, quad_segs=QUAD_SEGS)
    clipped = shapely.intersection(shapes, whole)
    return axes.set_geometry(gpd.GeoSeries(clipped, index=axes.index, crs=axes.crs))


def _sizes(axes: gpd.GeoDataFrame) -> tuple[Any, Any]:
    """Length and width in metres: of a line its own, of a polygon by its smallest rectangle, of a point none."""
    length, width = [], []
    for shape, width_m in zip(axes.geometry, axes["width_m"], strict=True):
        dimension = shapely.get_dimensions(shape)
        if dimension == 2:
            corners = shapely.get_coordinates(shapely.minimum_rotated_rectangle(shape))
            longest = float(np.hypot(*np.diff(corners, axis=0).T).max())
            length.append(longest)
            width.append(shape.area / longest)
        else:
            length.append(shape.length if dimension == 1 else np.nan)
            width.append(width_m)
    return length, width


def _wholeness(
    table: gpd.GeoDataFrame, axes: gpd.GeoDataFrame, land: gpd.GeoDataFrame | None, step_m: float
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Chainage of axes; gaps, continuity and the narrowest place of those that have a width."""
    words = standard("rules/corridors")["land"]
    natural, roadway = (
        land if land is None else land[land["group"].isin(words[kind])] for kind in ("natural", "roadway")
    )
    gaps = []
    measured: dict[Any, dict[str, Any]] = {}
    for code, row in axes.iterrows():
        if shapely.get_dimensions(row.geometry) != 1:
            continue
        lines = courses(row.geometry, start=row.get("start_m"), back=row.get("reversed"))
        last, origin_m = lines[-1]
        measured[code] = {"start": chainage_of(lines[0][1]), "end": chainage_of(origin_m + last.length)}
        if natural is None or not row["width_m"] > 0:
            continue
        pieces, holes = [], []
        for line, origin_m in lines:
            across = judged(
                _both_sides(measured_width(
                    line, natural, banks=roadway, step_m=step_m, reach_m=row["width_m"] / 2, origin_m=origin_m
                )), GAP_BELOW_M,
            )  # fmt: skip
            pieces.append(across)
            runs = stretches(line, across, GAP_BELOW_M, origin_m=origin_m)
            holes.append(runs[runs["state"] == "below"])
        open_ground = pd.concat(holes, ignore_index=True)
        gaps.append(open_ground.assign(corridor=code, name=row["name"]))
        least = pd.concat(pieces, ignore_index=True)
        narrowest = least["least_m"].idxmin()
        measured[code] |= {
            "gaps": float(len(open_ground)),
            "gap_m": open_ground["length_m"].sum(),
            "continuity": 1 - open_ground["length_m"].sum() / row.geometry.length,
            "narrowest_m": least.at[narrowest, "least_m"],
            "narrowest_at_m": least.at[narrowest, "from_m"],
        }
    columns = ["start", "end", "gaps", "gap_m", "continuity", "narrowest_m", "narrowest_at_m"]
    found = pd.DataFrame.from_dict(measured, orient="index", columns=columns)
    found[columns[2:]] = found[columns[2:]].astype(float)
    wanted = ["corridor", "name", "start", "end", "from_m", "to_m", "length_m", "geometry"]
    holes_found = pd.concat(gaps, ignore_index=True)[wanted] if gaps else pd.DataFrame(columns=wanted)
    return table.join(found), gpd.GeoDataFrame(holes_found, geometry="geometry", crs=axes.crs)


def _both_sides(widths: pd.DataFrame) -> pd.DataFrame:
    """Widths of both sides together; where the roadway reaches beyond the corridor there is nothing natural in it."""
    left, right = (widths[widths["side"] == side].fillna(0.0).reset_index(drop=True) for side in ("left", "right"))
    sums = {column: left[column] + right[column] for column in ("from_width_m", "to_width_m")}
    return left.assign(side="both", **sums)


def _no_land() -> pd.DataFrame:
    return pd.DataFrame({"corridor": [], "group": [], "area_m2": []})


def _findings(table: gpd.GeoDataFrame, axes: gpd.GeoDataFrame) -> list[Finding]:
    found = []
    if nameless := table.index[table["area_m2"].isna()].astype(str).tolist():
        found.append(
            Finding(
                "F-CORRIDOR-01",
                "warning",
                _(
                    "{count} corridors have no width, so they have no ground and no area: a width is not guessed."
                ).format(count=len(nameless)),
                cure=_("Give the layer a column width_m, in metres; for exits --exit-radius."),
                features=tuple(nameless),
                count=len(nameless),
            )
        )
    if unlike := _unlike(axes):
        found.append(
            Finding(
                "F-CORRIDOR-04",
                "warning",
                _("{count} corridors are as drawn not as long as their chainages say: {listed}.").format(
                    count=len(unlike), listed="; ".join(unlike.values())
                ),
                cure=_("Check start_m and end_m, and whether the line is drawn whole; nothing is stretched to fit."),
                features=tuple(map(str, unlike)),
                count=len(unlike),
            )
        )
    if thin := table.index[table["mapped_share"] < 0.999].astype(str).tolist():
        found.append(
            Finding(
                "F-CORRIDOR-02",
                "warning",
                _(
                    "{count} corridors lie partly on ground without a land class, so their natural share is a lower bound."
                ).format(count=len(thin)),
                cure=_("Complete the land-use layer, or read the column with it in mind."),
                features=tuple(thin),
                count=len(thin),
            )
        )
    outside = axes.index[
        (axes.geometry.length > 0) & (shapely.get_num_geometries(shapely.line_merge(axes.geometry.to_numpy())) > 1)
    ]
    if len(outside):
        found.append(
            Finding(
                "F-CORRIDOR-03",
                "note",
                _("{count} corridors are drawn in parts that do not join; chainage runs on from part to part.").format(
                    count=len(outside)
                ),
                features=tuple(map(str, outside)),
                count=len(outside),
            )
        )
    return found


def _unlike(axes: gpd.GeoDataFrame) -> dict[Any, str]:
    """Axes whose length is not that between their chainages, to the metre."""
    found = {}
    for code, row in axes.iterrows():
        start, end = (chainage_in(row.get(column)) for column in ("start_m", "end_m"))
        if start is not None and end is not None and abs(end - start - row.geometry.length) > CHAINAGE_M:
            text = _("{name} {start}–{end} {stated:.0f} m, drawn {drawn:.0f} m")
            found[code] = text.format(
                name=row["name"],
                start=chainage_of(start),
                end=chainage_of(end),
                stated=end - start,
                drawn=row.geometry.length,
            )
    return found
