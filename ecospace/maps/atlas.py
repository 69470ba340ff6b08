"""The figures of a whole study: the plan's list, and one figure for each township (图集)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ecospace.errors import EcospaceError, UsageError
from ecospace.files import atomic
from ecospace.language import _, current
from ecospace.maps.figure import PlanFigure, plan_figure
from ecospace.maps.maplayer import MapLayer
from ecospace.maps.save import PRINT_DPI, save_figure
from ecospace.maps.style import Styles
from ecospace.maps.zone import DrawingZone, drawing_zone
from ecospace.terms import label as term
from ecospace.terms import standard

if TYPE_CHECKING:
    import geopandas as gpd

    from ecospace.study import Study


@dataclass(frozen=True)
class PlanSheet:
    """One figure of the list, ready to be drawn.

    Parameters
    ----------
    key : str
        Name of its file.
    title : str
        Over the map.
    layers : tuple of MapLayer
        In drawing order.
    boundary : GeoDataFrame
        The study area, or one township.
    zone : DrawingZone
        The plane, one for all sheets of a study: the towns of an area across two zones lie in one grid.
    inset : GeoDataFrame or None
        Surroundings.
    source : str
        Where its layers come from.
    note : str
        Which layers it should have and has not.
    """

    key: str
    title: str
    layers: tuple[MapLayer, ...]
    boundary: gpd.GeoDataFrame
    zone: DrawingZone
    inset: gpd.GeoDataFrame | None = None
    source: str = ""
    note: str = ""

    def draw(self, study: Study, styles: Styles | None = None, **options: Any) -> PlanFigure:
        """The figure; `options` as in `plan_figure`."""
        return plan_figure(
            self.layers,
            boundary=self.boundary,
            zone=self.zone,
            title=self.title,
            source=self.source,
            note=self.note,
            demonstration=bool(study.settings.get("demonstration")),
            inset=self.inset,
            styles=styles,
            **options,
        )


class StudyLayers:
    """The layers of a study as map layers, read once; what cannot be read is kept in `errors`.

    Parameters
    ----------
    study : Study
        Opened by `open_study`.
    """

    def __init__(self, study: Study) -> None:
        self.study = study
        self.errors: dict[str, EcospaceError] = {}
        self._frames: dict[str, gpd.GeoDataFrame] = {}
        self._special: Mapping[str, Mapping[str, str]] = standard("figures")["styles"]

    @property
    def boundary(self) -> gpd.GeoDataFrame:
        """The study area in its own CRS."""
        key = str(self.study.settings.get("boundary", "boundary"))
        if key not in self._frames:
            self._frames[key] = self.study.layer(key).frame
        return self._frames[key]

    @cached_property
    def zone(self) -> DrawingZone:
        """The plane in which all figures of the study are drawn."""
        return drawing_zone(self.boundary)

    def frame(self, key: str) -> gpd.GeoDataFrame | None:
        """A vector layer in its own CRS; None where it cannot be read."""
        if key in self.errors or self.study.is_raster(key):
            return None
        if key not in self._frames:
            try:
                self._frames[key] = self.study.layer(key).frame
            except EcospaceError as error:
                self.errors[key] = error
                return None
        return self._frames[key]

    def layers(self, name: str, *, label: bool = False) -> list[MapLayer]:
        """The layers of a role, or of an entry of ``[styles]`` in the list, as they are drawn."""
        entry = self._special.get(name, {"role": name})
        found: list[MapLayer] = []
        for key in self.study.keys(entry["role"]):
            frame = self.frame(key)
            if frame is None or not len(frame):
                continue
            by, system = self._classes(key, entry, frame)
            named = "name" if (label or name == "townships") and "name" in frame else None
            style = None if by else entry["role"]
            found.append(MapLayer(frame, style, self.study.title_of(key), by, system, named))
        return found

    def _classes(self, key: str, entry: Mapping[str, str], frame: gpd.GeoDataFrame) -> tuple[str | None, str | None]:
        """Column and code system by which a layer is coloured."""
        settings = self.study.layer(key).settings
        if entry["role"] == "land_use" and "code" in frame:
            return "code", settings.get("code_system")
        if entry.get("by") in frame:
            return entry["by"], entry["system"]
        return None, None

    def source(self, names: Sequence[str]) -> str:
        """Where the layers of some roles come from, each source once with its years."""
        roles = [self._special.get(name, {"role": name})["role"] for name in names]
        years: dict[str, list[str]] = {}
        for key in (key for role in roles for key in self.study.keys(role) if key in self._frames):
            layer = self.study.layer(key)
            if layer.source:
                years.setdefault(layer.source, []).extend([str(layer.date.year)] if layer.date else [])
        chinese = current() == "zh"
        texts = []
        for text, dates in years.items():
            when = ("、" if chinese else ", ").join(sorted(set(dates)))
            texts.append(text if not when else f"{text}（{when}）" if chinese else f"{text} ({when})")
        return ("；" if chinese else "; ").join(texts)

    def missing(self, names: Sequence[str]) -> list[str]:
        """Labels of the roles of which the study has no layer that can be drawn."""
        return [term(name) for name in names if not self.layers(name)]


def plan_sheets(layers: StudyLayers, only: Sequence[str] = ()) -> Iterator[PlanSheet]:
    """The figures of ``standards/figures.toml`` that the layers of a study allow.

    Parameters
    ----------
    layers : StudyLayers
        Of the study.
    only : sequence of str
        Keys of the figures wanted; default: all.

    Raises
    ------
    UsageError
        E-USE-26: there is no figure of that key.
    """
    table = standard("figures")
    known = [entry["key"] for entry in table["figure"]]
    if unknown := [key for key in only if key not in known]:
        raise UsageError(
            "E-USE-26",
            _("there is no figure {name}, so nothing would be drawn.").format(name=", ".join(unknown)),
            cure=_("Figures: {known}.").format(known=", ".join(known)),
        )
    for number, entry in enumerate(table["figure"], 1):
        if only and entry["key"] not in only:
            continue
        needed = [layer for role in entry["need"] for layer in layers.layers(role)]
        if "column" in entry:
            needed = [layer for layer in needed if entry["column"] in layer.frame]
        if needed:
            title = entry["title_en" if current() == "en" else "title_zh"]
            yield _sheet(
                layers, entry, table["over"], f"{number:02d}-{entry['key']}", f"{place_of(layers.study)}{title}"
            )


def atlas_sheets(layers: StudyLayers) -> Iterator[PlanSheet]:
    """One sheet for each township, with the county as its location."""
    table = standard("figures")
    entry = table["atlas"]
    for towns in layers.layers("townships"):
        names = towns.frame["name"] if "name" in towns.frame else towns.frame.index.astype(str)
        codes = towns.frame["code"] if "code" in towns.frame else towns.frame.index.astype(str)
        for position, (name, code) in enumerate(zip(names, codes, strict=True)):
            title = entry["title_en" if current() == "en" else "title_zh"].format(name=name)
            own = towns.frame.iloc[[position]]
            yield _sheet(layers, entry, table["over"], f"{entry['key']}-{code}", title, own, towns.frame)


def _sheet(
    layers: StudyLayers,
    entry: Mapping[str, Any],
    over: Sequence[str],
    key: str,
    title: str,
    boundary: gpd.GeoDataFrame | None = None,
    inset: gpd.GeoDataFrame | None = None,
) -> PlanSheet:
    names = [*entry.get("under", ()), *entry["draw"], *entry.get("over", over)]
    drawn = [layer for name in names for layer in layers.layers(name, label=name in entry.get("label", ()))]
    missing = layers.missing(entry["draw"]) if entry.get("complete") else []
    note = _("No data: {layers}").format(layers=("、" if current() == "zh" else ", ").join(missing)) if missing else ""
    area = layers.boundary if boundary is None else boundary
    return PlanSheet(key, title, tuple(drawn), area, layers.zone, inset, layers.source(["boundary", *names]), note)


def place_of(study: Study) -> str:
    """The name of the place for titles, from the boundary layer; empty in English or where it has none."""
    frame = study.layer(str(study.settings.get("boundary", "boundary"))).frame
    if current() == "en" or "name" not in frame or len(frame) != 1:
        return ""
    return str(frame["name"].iloc[0])


def write_figures(
    study: Study,
    sheets: Iterable[PlanSheet],
    folder: str | Path,
    *,
    formats: Sequence[str] = ("png",),
    dpi: int = PRINT_DPI,
    **options: Any,
) -> Iterator[tuple[Path, PlanFigure]]:
    """Draw sheets into a folder, and record in ``figures.json`` what each of them is.

    Parameters
    ----------
    study : Study
        Whose sheets they are.
    sheets : iterable of PlanSheet
        From `plan_sheets` and `atlas_sheets`.
    folder : str or Path
        For the files, named by the keys of the sheets.
    formats : sequence of str
        ``"png"``, ``"pdf"``, ``"svg"``.
    dpi : int
        Of PNG.
    **options
        As in `plan_figure`.

    Yields
    ------
    path : Path
        Each file as soon as it is written.
    figure : PlanFigure
        What it shows; `figure.plan.findings` is what the reader has to know.
    """
    records: dict[str, dict[str, Any]] = {}
    for sheet in sheets:
        figure = sheet.draw(study, **options)
        records[sheet.key] = figure.plan.as_dict()
        for kind in formats:
            yield save_figure(figure, Path(folder) / f"{sheet.key}.{kind}", dpi=dpi), figure
    with atomic(Path(folder) / "figures.json") as temporary:
        temporary.write_text(json.dumps(records, ensure_ascii=False, indent=1, sort_keys=True), encoding="utf-8")
