"""Sites: what is to be judged, and what is said about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import shapely

from ecospace.check.activity import Activity, activity
from ecospace.errors import DataError, UsageError
from ecospace.findings import Finding
from ecospace.language import _

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

    from ecospace.crs import StudyCRS
    from ecospace.layers.layer import Layer

#: Columns of a batch that say something about a site, and what planners call them.
COLUMNS = {
    "name": ("name", "地块名称", "项目名称", "名称"),
    "use": ("use", "地块用途", "用途", "申请用地性质"),
    "activity": ("activity", "活动类别"),
    "polluting": ("polluting", "排放污染物", "是否排污"),
    "declared_area_m2": ("declared_area_m2",),
    "width_m": ("width_m", "廊道宽度"),
    "radius_m": ("radius_m", "半径"),
}
#: How far a polygon may reach beyond the circle that it stands for, and stay within the round end of a corridor, metres.
ROUND_M, END_M = 1e-4, 1e-6
#: Type of a mixed geometry.
COLLECTION = 7
YES, NO = {"yes", "true", "1", "是", "y"}, {"no", "false", "0", "否", "n"}


@dataclass(frozen=True, eq=False)
class Site:
    """One project site (项目地块).

    Parameters
    ----------
    id, name : str
    shape : shapely Geometry
        Valid, 2-D, in `crs`; what was drawn: a polygon, a line (with `width_m`) or a point (with `radius_m`).
    crs : pyproj.CRS
        The CRS of its coordinates.
    activity : Activity or None
        What is to be built; None where it is not stated.
    polluting : bool or None
        Whether it discharges pollutants; None where it is not stated.
    width_m, radius_m : float or None
        Full width of the corridor of a line, radius around a point.
    use : str
        The use applied for, in the words of the file.
    declared_area_m2 : float or None
    attributes : mapping
        The other columns of the file.
    file : str
    sha256 : mapping of str to str
    findings : tuple of Finding
        What was seen while reading it.
    drawn_as : Site or None
        What was drawn, where the ground of this one was made from it: the line of a corridor, the point of a circle.
    """

    id: str
    name: str
    shape: Any
    crs: Any
    activity: Activity | None = None
    polluting: bool | None = None
    width_m: float | None = None
    radius_m: float | None = None
    use: str = ""
    declared_area_m2: float | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)
    file: str = ""
    sha256: Mapping[str, str] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    drawn_as: Site | None = None

    @property
    def label(self) -> str:
        """Its name, or its number where it has none."""
        return self.name or self.id

    @property
    def drawn(self) -> Literal["polygon", "line", "point"]:
        """What was drawn."""
        return ("point", "line", "polygon")[int(shapely.get_dimensions(self.shape))]  # type: ignore[return-value]


def read_sites(
    path: str | Path,
    *,
    crs: str | None = None,
    layer: str | None = None,
    activity: str | None = None,
    polluting: bool | None = None,
    width_m: float | None = None,
    radius_m: float | None = None,
    **how: Any,
) -> list[Site]:
    """Read project sites from any file that `read_layer` reads (读取项目地块).

    Parameters
    ----------
    path : str or Path
    crs : str, optional
        Only where the file does not settle it.
    layer : str, optional
        The layer inside the file.
    activity, polluting, width_m, radius_m
        For the sites that have no column of their own for it.
    **how
        Further arguments of `read_layer`.

    Returns
    -------
    list of Site
    """
    from ecospace.layers.read import read_layer

    options: dict[str, Any] = {k: v for k, v in (("crs", crs), ("layer", layer)) if v is not None}
    read = read_layer(path, role="site", key="site", **options, **how)
    return sites_of(read, activity=activity, polluting=polluting, width_m=width_m, radius_m=radius_m)


def sites_of(
    source: Layer | GeoDataFrame,
    *,
    activity: str | None = None,
    polluting: bool | None = None,
    width_m: float | None = None,
    radius_m: float | None = None,
) -> list[Site]:
    """Sites of a layer or a frame, one for each row; see `read_sites`.

    Raises
    ------
    DataError
        E-DATA-51 without a CRS or a site, E-DATA-52 without a shape, E-DATA-53 for one that crosses itself, E-DATA-55 for a
        mixture of areas, lines and points.
    UsageError
        E-USE-51 for an activity, E-USE-52 for a yes or no, E-USE-55 for a number that is not understood.
    """
    frame: Any = getattr(source, "frame", source)
    given = {"activity": activity, "polluting": polluting, "width_m": width_m, "radius_m": radius_m}
    columns = {key: next((name for name in names if name in frame.columns), None) for key, names in COLUMNS.items()}
    if frame.crs is None or not len(frame):
        raise DataError(
            "E-DATA-51",
            _("the sites have no coordinate system, or there are none: nothing can be judged."),
            cure=_("Give the system that the coordinates were made in: --crs EPSG:4526"),
            file=getattr(source, "path", None),
        )
    used = {name for name in columns.values() if name} | {frame.geometry.name}
    rest = [name for name in frame.columns if name not in used]
    findings: tuple[Finding, ...] = tuple(getattr(source, "findings", ()))
    shared = {
        "crs": frame.crs,
        "file": Path(source.path).name if hasattr(source, "path") else "",
        "sha256": dict(getattr(source, "sha256", {})),
    }
    sites = []
    for identifier, row in zip(frame.index, frame.to_dict(orient="records"), strict=True):
        said = {key: _value(row, name, given.get(key)) for key, name in columns.items()}
        sites.append(_site(str(identifier), row[frame.geometry.name], said, {**shared, "attributes": {
            name: row[name] for name in rest}, "findings": _of(findings, str(identifier), len(frame))}))  # fmt: skip
    return sites


def _of(findings: Sequence[Finding], identifier: str, count: int) -> tuple[Finding, ...]:
    """Findings that concern one site: those that name it, and those that name none."""
    return tuple(item for item in findings if count == 1 or not item.features or identifier in item.features)


def _value(row: Mapping[str, Any], column: str | None, otherwise: Any) -> Any:
    value = row.get(column) if column else None
    missing = value is None or value != value or (isinstance(value, str) and not value.strip())
    return otherwise if missing else value


def _site(identifier: str, shape: Any, said: Mapping[str, Any], shared: Mapping[str, Any]) -> Site:
    mixed = any(item.code == "F-GEO-22" for item in shared["findings"])
    if mixed or (shape is not None and shapely.get_type_id(shape) == COLLECTION):
        raise DataError(
            "E-DATA-55",
            _("the site is a mixture of areas, lines or points: what is not an area would be left out of the check."),
            cure=_("Draw areas, lines and points as sites of their own."), features=[identifier],
        )  # fmt: skip
    if shape is None or shape.is_empty:
        raise DataError(
            "E-DATA-52",
            _("the site has no shape: it would read as clear of everything."),
            cure=_("Draw it, or leave the row out."), features=[identifier],
        )  # fmt: skip
    return Site(
        id=identifier,
        name=str(said["name"] or ""),
        shape=_sound(shapely.force_2d(shape), identifier),
        activity=activity(None if said["activity"] is None else str(said["activity"])),
        polluting=yes_or_no(said["polluting"]),
        width_m=_number(said["width_m"], "width_m"),
        radius_m=_number(said["radius_m"], "radius_m"),
        use=str(said["use"] or ""),
        declared_area_m2=_number(said["declared_area_m2"], "declared_area_m2"),
        **shared,
    )


def _number(value: Any, column: str) -> float | None:
    try:
        return None if value is None else float(value)
    except (TypeError, ValueError) as error:
        raise UsageError(
            "E-USE-55",
            _("{column} = {value!r} is no number.").format(column=column, value=value),
            cure=_("Write it in metres or square metres without a unit, or leave it empty."),
        ) from error


def yes_or_no(value: Any) -> bool | None:
    """Yes, no, or not stated.

    >>> yes_or_no("是"), yes_or_no("no"), yes_or_no(None)
    (True, False, None)
    """
    if value is None or isinstance(value, bool):
        return value
    text = str(value).strip().lower().removesuffix(".0")
    if text not in YES | NO:
        raise UsageError(
            "E-USE-52",
            _("{value!r} is neither yes nor no.").format(value=value),
            cure=_("Write yes or no (是 / 否), or leave it empty where it is not known."),
        )
    return text in YES


def _sound(shape: Any, identifier: str) -> Any:
    """A site drawn badly: repaired by structure where that has one meaning, refused where it has none."""
    shape = shapely.set_precision(shape, 0.0) if shapely.get_precision(shape) else shape
    if shape.is_valid:
        return shape
    repaired = shapely.make_valid(shape, method="structure", keep_collapsed=False)
    change = abs(abs(repaired.area) - abs(shape.area))
    if repaired.is_empty or change > 1e-3 * max(repaired.area, abs(shape.area)):
        raise DataError(
            "E-DATA-53",
            _("the site crosses itself, and a repair would change its area from {before:.6g} to {after:.6g}.").format(
                before=shape.area, after=repaired.area),
            cure=_("Correct the order of its points."), features=[identifier],
        )  # fmt: skip
    return repaired


def on_the_ground(site: Site, study_crs: StudyCRS) -> Site:
    """The site as a polygon: a line takes its corridor, a point its circle, measured in the study CRS.

    Raises
    ------
    UsageError
        E-USE-53: a line without a width, a point without a radius; E-USE-54: a closed line. Nothing is guessed.
    """
    if site.drawn == "polygon":
        return site
    if site.drawn == "line" and _closed(site.shape):
        raise UsageError(
            "E-USE-54",
            _("{name} is drawn as a closed line: whether it is the outline of an area or a ring that takes a corridor is not "
              "said.").format(name=site.label),
            cure=_("Draw the area as a polygon; for a ring road split the line in two."),
        )  # fmt: skip
    half = site.width_m / 2 if site.drawn == "line" and site.width_m else site.radius_m
    if half is None or not 0 <= half < np.inf or (site.drawn == "line" and not site.width_m):
        raise UsageError(
            "E-USE-53",
            _("{name} is drawn as a line or a point; how wide it is on the ground is not said.").format(
                name=site.label
            ),
            cure=_(
                "Give the full width of the line (--width 30) or the radius around the point "
                "(--radius 50; 0 is allowed)."
            ),
        )
    if half == 0:
        return site
    from geopandas import GeoDataFrame

    frame = study_crs.bring(GeoDataFrame(geometry=[site.shape], crs=site.crs))
    # Around a point the polygon stands outside the circle: stated ground is never left out, at most 0.1 mm is added. The sides
    # of a corridor are exact, its round ends to a micrometre.
    point = site.drawn == "point"
    segments = int(np.clip(np.ceil(np.pi / 4 / np.sqrt(2 * (ROUND_M if point else END_M) / half)), 32, 4096))
    reach = half / np.cos(np.pi / 4 / segments) if point else half
    shape = frame.geometry.buffer(reach, quad_segs=segments).iloc[0]
    return replace(site, shape=shape, crs=study_crs.crs, drawn_as=site.drawn_as or site)


def _closed(lines: Any) -> bool:
    parts = shapely.get_parts(lines)
    return bool((shapely.is_closed(parts) & (shapely.get_num_points(parts) > 3)).any())


def shapes_of(sites: Sequence[Site]) -> np.ndarray[Any, Any]:
    """The shapes of some sites as an array."""
    out = np.empty(len(sites), dtype=object)
    out[:] = [site.shape for site in sites]
    return out
