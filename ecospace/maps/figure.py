"""The figure for a plan document (规划附图): one sheet at a fixed usual scale, composed in millimetres."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any

import shapely
from matplotlib.figure import Figure

from ecospace.errors import MapError
from ecospace.findings import Finding
from ecospace.language import _, current, speak
from ecospace.maps.fonts import Font, find_font
from ecospace.maps.frame import MapFrame
from ecospace.maps.inside import draw_inside
from ecospace.maps.labels import Placed
from ecospace.maps.layout import Layout, choose_layout, layout_in_text
from ecospace.maps.legend import readable
from ecospace.maps.maplayer import MapLayer
from ecospace.maps.panel import PanelContent, draw_panel
from ecospace.maps.scale import scale_text, usual_scale
from ecospace.maps.sheet import Sheet
from ecospace.maps.style import Styles
from ecospace.maps.zone import DrawingZone, drawing_zone, drawn

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd


@dataclass(frozen=True)
class PlanRecord:
    """What a figure is: kept with it and written into the metadata of its file.

    Parameters
    ----------
    title : str
        As drawn.
    paper : str
        ``"A3"`` …
    denominator : int
        Of the scale.
    frame : MapFrame
        Inner frame, zone and centre.
    layout : Layout
        Places on the sheet.
    font : Font
        The type used.
    names : tuple of Placed
        Every name on the map and the ground on paper that it takes.
    findings : tuple of Finding
        What the reader has to know.
    source : str
        Where the layers come from.
    """

    title: str
    paper: str
    denominator: int
    frame: MapFrame
    layout: Layout
    font: Font
    names: tuple[Placed, ...]
    findings: tuple[Finding, ...]
    source: str = ""

    @property
    def zone(self) -> DrawingZone:
        """The plane of the drawing."""
        return self.frame.zone

    def metadata(self) -> dict[str, str]:
        """Title, scale, plane, font and source, for the file."""
        return {
            "title": self.title,
            "scale": scale_text(self.denominator),
            "plane": self.zone.crs.name,
            "font": self.font.name,
            "paper": self.paper,
            "source": self.source,
        }

    def as_dict(self) -> dict[str, Any]:
        """For a manifest: the metadata, the window and everything that the reader has to know."""
        return self.metadata() | {
            "denominator": self.denominator,
            "zone": self.zone.number,
            "central_meridian": self.zone.central_meridian,
            "window_m": [round(value, 3) for value in self.frame.bounds],
            "findings": [finding.as_dict() for finding in self.findings],
        }


class PlanFigure(Figure):
    """A matplotlib Figure that knows its scale, plane, font and findings (`plan`)."""

    plan: PlanRecord

    def _repr_png_(self) -> bytes:
        """For a notebook: the sheet at the resolution of a screen."""
        picture = BytesIO()
        self.savefig(picture, format="png", dpi=90)
        return picture.getvalue()


def plan_figure(
    layers: Sequence[MapLayer],
    *,
    boundary: gpd.GeoDataFrame,
    title: str,
    extent: gpd.GeoDataFrame | None = None,
    scale: int | None = None,
    paper: str = "A3",
    landscape: bool | None = None,
    size_mm: tuple[float, float] | None = None,
    zone: int | DrawingZone | None = None,
    source: str = "",
    note: str = "",
    maker: str = "",
    date: str = "",
    map_review_number: str | None = None,
    demonstration: bool = False,
    inset: gpd.GeoDataFrame | None = None,
    table: pd.DataFrame | None = None,
    styles: Styles | None = None,
    font: Font | None = None,
) -> PlanFigure:
    """Draw a figure for a plan document (附图).

    Parameters
    ----------
    layers : sequence of MapLayer
        Drawn in this order, the first lowest; in any CRS with a known relation to CGCS2000.
    boundary : GeoDataFrame
        The study area: it sets scale and zone, and ground outside it is veiled.
    title : str
        Over the map.
    extent : GeoDataFrame, optional
        The ground to be shown where it is another than the study area, e.g. a project site and its surroundings.
    scale : int, optional
        Denominator, e.g. 150000; default: the largest usual scale at which the study area fits.
    paper : str
        ``"A3"``, ``"A4"``, up to ``"A0"``.
    landscape : bool, optional
        Direction of the sheet; default: the one that shows the study area larger.
    size_mm : (float, float), optional
        Width and height of a figure between the paragraphs of a report, instead of a sheet: no title over it and no source
        in it, which its caption and note say; letters of a readable size.
    zone : int or DrawingZone, optional
        3-degree zone by number or central meridian, or the plane of another sheet; default: that of the centre of the
        study area.
    source, note, maker, date : str
        Printed in the panel: 资料来源, 说明, 编制单位, 制图日期. No date is put in by itself: the same input gives the
        same bytes.
    map_review_number : str, optional
        审图号. Without it the footer says that the map is for internal work only.
    demonstration : bool
        Stamp the sheet 示例数据，非法定.
    inset : GeoDataFrame, optional
        The surroundings (a city, a province), drawn small with the study area in them.
    table : DataFrame, optional
        A few rows of text to be printed beside the map, as they are.
    styles : Styles, optional
        From `read_styles`, an office's own colours.
    font : Font, optional
        From `find_font`.

    Returns
    -------
    PlanFigure
        A matplotlib Figure; `figure.plan` has scale, zone, font, placed names and findings.

    Raises
    ------
    MapError
        E-MAP-20 unknown style, E-MAP-30 no usual scale, E-MAP-31 wrong zone, E-MAP-32 unknown sheet, E-MAP-33 legend
        too long, E-MAP-34 nothing to draw.
    CRSError
        A layer whose place is not known.

    Notes
    -----
    Drawn in a CGCS2000 3-degree zone, never in the study CRS or Web Mercator (whose scale bar is 8.6 % wrong at 23°N).
    Layout after 《市级国土空间总体规划制图规范（试行）》 by habit; its text was not at hand.
    """
    type_used = font or find_font()
    # Without a Chinese font the sheet is lettered in English: numbers and lines still come, never empty boxes.
    with _lettered(current() if type_used.chinese else "en"):
        plane = zone if isinstance(zone, DrawingZone) else drawing_zone(boundary, zone)
        area = shapely.union_all(drawn(boundary, plane, 1).geometry.to_numpy())
        if area.is_empty:
            raise MapError("E-MAP-34", _("The study area is empty, so there is nothing to draw."))
        ground = area if extent is None else shapely.union_all(drawn(extent, plane, 1).geometry.to_numpy())
        west, south, east, north = ground.bounds
        if size_mm is None:
            layout, denominator = choose_layout(paper, east - west, north - south, scale=scale, landscape=landscape)
        else:
            layout, paper = layout_in_text(*size_mm), f"{size_mm[0]:g} × {size_mm[1]:g} mm"
            denominator = scale or usual_scale(east - west, north - south, *layout.room)
        figure = PlanFigure(figsize=(layout.page.width / 25.4, layout.page.height / 25.4), facecolor="white")
        sheet = Sheet(figure, type_used, list(type_used.findings), layout.unit)
        frame = MapFrame(layout.map, plane, denominator, ((west + east) / 2, (south + north) / 2))
        _note_cut(sheet, frame, ground)
        heading = readable(" ".join(title.split()), _("Map"), type_used)
        if not layout.in_text:
            _draw_title(sheet, layout, heading)
        placed, seen = draw_inside(
            sheet, frame, layers, area, demonstration=demonstration, styles=styles, graticule=not layout.in_text
        )
        content = PanelContent(
            layers=tuple(seen),
            frame=frame,
            area=area,
            source=source,
            note=note,
            maker=maker,
            date=date,
            inset=inset,
            table=table,
            styles=styles,
            demonstration=demonstration,
            in_text=layout.in_text,
        )
        draw_panel(sheet, layout, content)
        _draw_footer(sheet, layout, map_review_number)
        figure.plan = PlanRecord(
            heading, paper, denominator, frame, layout, type_used, tuple(placed), tuple(sheet.findings), source
        )
    return figure


@contextmanager
def _lettered(language: str) -> Iterator[None]:
    before = current()
    speak(language)
    try:
        yield
    finally:
        speak(before)


def _note_cut(sheet: Sheet, frame: MapFrame, area: Any) -> None:
    """Say so where a fixed scale is too large for the study area."""
    window = shapely.box(*frame.bounds)
    if not window.covers(area):
        share = 1 - area.intersection(window).area / area.area
        sheet.findings.append(
            Finding(
                "F-MAP-01",
                "warning",
                _("At {scale} the sheet shows the study area without {share:.1%} of its ground.").format(
                    scale=scale_text(frame.denominator), share=share
                ),
                cure=_("Leave the scale out, or take a larger sheet."),
            )
        )


def _draw_title(sheet: Sheet, layout: Layout, title: str) -> None:
    size, box = 8.5 * layout.unit, layout.title
    while size > 4 * layout.unit and sheet.font.size_mm(title, size, bold=True)[0] > box.width:
        size *= 0.95
    sheet.text(
        box.left + box.width / 2, box.bottom + box.height * 0.56, title, size, bold=True, ha="center", va="center"
    )


def _draw_footer(sheet: Sheet, layout: Layout, map_review_number: str | None) -> None:
    """The map-review number, or that the map must not be published without one (地图管理条例 15)."""
    box, size = layout.footer, 2.9 * layout.unit
    middle = box.bottom + box.height * 0.35
    slot = map_review_number or "＿" * 8 if sheet.font.chinese else map_review_number or "_" * 16
    sheet.text(layout.panel.left, middle, _("Map review number: {number}").format(number=slot), size)
    if not map_review_number:
        text = _("For internal work only; not to be published without map review")
        left = layout.map.left if layout.beside else layout.panel.right
        sheet.text(left, middle, text, size, ha="left" if layout.beside else "right")
