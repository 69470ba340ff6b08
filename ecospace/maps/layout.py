"""Where everything stands on a sheet (版式): title, map, side panel, footer, in millimetres."""

from __future__ import annotations

from dataclasses import dataclass

from ecospace.errors import MapError
from ecospace.maps.scale import usual_scale
from ecospace.maps.sheet import Box, paper_size

#: Millimetres between the study area and the inner frame, on A3.
AIR = 4.0
#: Of a figure in a text: the smallest letters are then about 6 points.
UNIT_IN_TEXT = 0.85


@dataclass(frozen=True)
class Layout:
    """The places on a sheet; everything in millimetres.

    Parameters
    ----------
    page, title, map, panel, footer : Box
        `map` is the inner frame.
    landscape : bool
        The sheet lies on its long side.
    beside : bool
        The panel stands to the right of the map; else under it.
    unit : float
        1 on A3; sizes of type and spaces are multiples of it.
    in_text : bool
        A figure between the paragraphs of a report: its caption is the title, its note the source.
    """

    page: Box
    title: Box
    map: Box
    panel: Box
    footer: Box
    landscape: bool
    beside: bool
    unit: float
    in_text: bool = False

    @property
    def room(self) -> tuple[float, float]:
        """Width and height for the study area inside the frame."""
        return self.map.width - 2 * AIR * self.unit, self.map.height - 2 * AIR * self.unit


#: The forms that are tried, (lying, panel beside the map): the first ones are the habit of plan documents.
FORMS = ((True, True), (False, False), (True, False), (False, True))


def layout_of(paper: str, landscape: bool, beside: bool) -> Layout:
    """The layout of a sheet in one direction, with the panel beside the map or under it."""
    width, height = paper_size(paper, landscape)
    unit = max(width, height) / 420
    page = Box(0.0, 0.0, width, height)
    content = page.shrunk(9 * unit)
    title = Box(content.left, content.top - 16 * unit, content.width, 16 * unit)
    footer = Box(content.left, content.bottom, content.width, 6 * unit)
    main = Box(content.left, footer.top, content.width, title.bottom - footer.top)
    # Grid numbers, band of minutes and degrees stand round the inner frame.
    round_frame, degrees = 5.8 * unit, 3.8 * unit
    if beside:
        panel_width = 82 * unit
        panel = Box(main.right - panel_width, main.bottom + degrees, panel_width, main.height - 2 * degrees)
        outer = Box(main.left + degrees, panel.bottom, panel.left - main.left - 2 * degrees - 1.5 * unit, panel.height)
    else:
        panel_height = (70 if landscape else 86) * unit
        panel = Box(main.left + degrees, main.bottom + unit, main.width - 2 * degrees, panel_height)
        bottom = panel.top + degrees + 1.5 * unit
        outer = Box(panel.left, bottom, panel.width, main.top - degrees - bottom)
    return Layout(page, title, outer.shrunk(round_frame), panel, footer, landscape, beside, unit)


def layout_in_text(width_mm: float, height_mm: float) -> Layout:
    """The layout of a figure between the paragraphs of a report: letters of a size that is still read, little round the map."""
    unit, panel_width = UNIT_IN_TEXT, 45.0
    page = Box(0.0, 0.0, width_mm, height_mm)
    content = page.shrunk(0.4)
    footer = Box(content.left, content.bottom, content.width, 4.6 * unit)
    main = Box(content.left, footer.top, content.width, content.top - footer.top)
    numbers = 4.6 * unit
    inner = main.inside(numbers, numbers, panel_width + numbers, numbers)
    panel = Box(main.right - panel_width, inner.bottom, panel_width, inner.height)
    nothing = Box(content.left, content.top, content.width, 0.0)
    return Layout(page, nothing, inner, panel, footer, True, True, unit, in_text=True)


def choose_layout(
    paper: str, width_m: float, height_m: float, *, scale: int | None = None, landscape: bool | None = None
) -> tuple[Layout, int]:
    """The form of the sheet and the scale that show a study area largest.

    Parameters
    ----------
    paper : str
        ``"A3"``, ``"A4"`` …
    width_m, height_m : float
        Of the study area in the plane.
    scale : int, optional
        A fixed denominator.
    landscape : bool, optional
        A fixed direction.

    Raises
    ------
    MapError
        E-MAP-30 where no usual scale is small enough.
    """
    options: list[tuple[float, float, Layout, int]] = []
    failed: MapError | None = None
    for order, (lying, beside) in enumerate(FORMS):
        if landscape not in (None, lying):
            continue
        layout = layout_of(paper, lying, beside)
        needed = 1000 * max(width_m / layout.room[0], height_m / layout.room[1])
        try:
            denominator = scale or usual_scale(width_m, height_m, *layout.room)
        except MapError as error:
            failed = error
            continue
        # A fixed scale that fits leaves the choice to habit, as does an equal one: the lying sheet first.
        worth = float(denominator) if scale is None else max(needed, float(scale))
        options.append((worth, float(order), layout, denominator))
    if not options:
        assert failed is not None
        raise failed
    _worth, _order, layout, denominator = min(options, key=lambda option: option[:2])
    return layout, denominator
