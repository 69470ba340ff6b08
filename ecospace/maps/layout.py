"""Where everything stands on a sheet (版式): title, map, side panel, footer, in millimetres."""

from __future__ import annotations

from dataclasses import dataclass

from ecospace.errors import MapError
from ecospace.maps.scale import usual_scale
from ecospace.maps.sheet import Box, paper_size

#: Millimetres between the study area and the inner frame, on A3.
AIR = 6.0


@dataclass(frozen=True)
class Layout:
    """The places on a sheet; everything in millimetres.

    Parameters
    ----------
    page, title, map, panel, footer : Box
        `map` is the inner frame.
    landscape : bool
        The panel stands to the right of the map; else under it.
    unit : float
        1 on A3; sizes of type and spaces are multiples of it.
    """

    page: Box
    title: Box
    map: Box
    panel: Box
    footer: Box
    landscape: bool
    unit: float

    @property
    def room(self) -> tuple[float, float]:
        """Width and height for the study area inside the frame."""
        return self.map.width - 2 * AIR * self.unit, self.map.height - 2 * AIR * self.unit


def layout_of(paper: str, landscape: bool) -> Layout:
    """The layout of a sheet in one direction."""
    width, height = paper_size(paper, landscape)
    unit = max(width, height) / 420
    page = Box(0.0, 0.0, width, height)
    content = page.shrunk(9 * unit)
    title = Box(content.left, content.top - 16 * unit, content.width, 16 * unit)
    footer = Box(content.left, content.bottom, content.width, 6 * unit)
    main = Box(content.left, footer.top, content.width, title.bottom - footer.top)
    # Grid numbers, band of minutes and degrees stand round the inner frame.
    round_frame, degrees = 5.8 * unit, 3.8 * unit
    if landscape:
        panel_width = 82 * unit
        panel = Box(main.right - panel_width, main.bottom + degrees, panel_width, main.height - 2 * degrees)
        outer = Box(main.left + degrees, panel.bottom, panel.left - main.left - 2 * degrees - 1.5 * unit, panel.height)
    else:
        panel_height = 86 * unit
        panel = Box(main.left + degrees, main.bottom + unit, main.width - 2 * degrees, panel_height)
        bottom = panel.top + degrees + 1.5 * unit
        outer = Box(panel.left, bottom, panel.width, main.top - degrees - bottom)
    return Layout(page, title, outer.shrunk(round_frame), panel, footer, landscape, unit)


def choose_layout(
    paper: str, width_m: float, height_m: float, *, scale: int | None = None, landscape: bool | None = None
) -> tuple[Layout, int]:
    """The direction of the sheet and the scale that show a study area largest.

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
    options: list[tuple[int, float, Layout]] = []
    failed: MapError | None = None
    for turned in (True, False) if landscape is None else (landscape,):
        layout = layout_of(paper, turned)
        needed = max(width_m / layout.room[0], height_m / layout.room[1])
        try:
            options.append((scale or usual_scale(width_m, height_m, *layout.room), needed, layout))
        except MapError as error:
            failed = error
    if not options:
        assert failed is not None
        raise failed
    # At equal scale a lying sheet is the habit of plan documents; at a fixed one the sheet that holds more.
    denominator, _needed, layout = min(options, key=lambda option: option[0] if scale is None else option[1])
    return layout, denominator
