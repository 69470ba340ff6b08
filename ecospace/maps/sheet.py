"""A sheet of paper measured in millimetres (图幅): boxes, lines and type, all placed from the lower left corner."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Polygon, Rectangle
from matplotlib.text import Text

from ecospace.errors import MapError
from ecospace.findings import Finding
from ecospace.language import _
from ecospace.maps.fonts import POINTS_PER_MM, Font
from ecospace.terms import standard

INK = "#1A1A1A"


@dataclass(frozen=True)
class Box:
    """A rectangle on paper, millimetres from the lower left corner of the sheet."""

    left: float
    bottom: float
    width: float
    height: float

    @property
    def right(self) -> float:
        return self.left + self.width

    @property
    def top(self) -> float:
        return self.bottom + self.height

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """left, bottom, right, top."""
        return self.left, self.bottom, self.right, self.top

    def inside(self, left: float, bottom: float, right: float, top: float) -> Box:
        """The box without margins of these widths."""
        return Box(self.left + left, self.bottom + bottom, self.width - left - right, self.height - bottom - top)

    def shrunk(self, margin: float) -> Box:
        """The box without an even margin; a negative one makes it larger."""
        return self.inside(margin, margin, margin, margin)


def paper_size(paper: str, landscape: bool) -> tuple[float, float]:
    """Width and height of a sheet in millimetres.

    Raises
    ------
    MapError
        E-MAP-32 for a sheet that ``standards/scales.toml`` does not list.

    >>> paper_size("A3", landscape=True)
    (420.0, 297.0)
    """
    papers = standard("scales")["papers"]
    if paper not in papers:
        text = _("There is no sheet '{paper}'.").format(paper=paper)
        raise MapError("E-MAP-32", text, cure=_("Take one of {papers}.").format(papers=", ".join(papers)))
    short, long = (float(side) for side in papers[paper])
    return (long, short) if landscape else (short, long)


@dataclass
class Sheet:
    """The drawing surface of one figure.

    Parameters
    ----------
    figure : Figure
        Of the size of the sheet.
    font : Font
        The type used.
    findings : list of Finding
        What the reader of the figure has to know; grows while it is drawn.
    unit : float, optional
        Sizes of type and spaces are multiples of it: 1 on A3, by the size of the sheet if not given.
    """

    figure: Figure
    font: Font
    findings: list[Finding] = field(default_factory=list)
    unit: float = 0.0

    def __post_init__(self) -> None:
        width, height = self.figure.get_size_inches() * 25.4
        self.page = Box(0.0, 0.0, float(width), float(height))
        self.unit = self.unit or max(self.page.width, self.page.height) / 420
        # Over the map, so that names, arrow and frame lie on top of it.
        self.surface = self.axes(self.page, zorder=10)

    def axes(self, box: Box, *, zorder: float) -> Axes:
        """Axes that fill a box, in millimetres of the sheet until their limits are set."""
        page = self.page
        axes = self.figure.add_axes(
            (box.left / page.width, box.bottom / page.height, box.width / page.width, box.height / page.height),
            zorder=zorder,
        )
        axes.set_axis_off()
        axes.set_xlim(box.left, box.right)
        axes.set_ylim(box.bottom, box.top)
        return axes

    def text(
        self,
        x: float,
        y: float,
        text: str,
        size_mm: float,
        *,
        bold: bool = False,
        ha: str = "left",
        va: str = "center",
        colour: str = INK,
        rotation: float = 0.0,
        zorder: float = 5.0,
        target: Axes | None = None,
    ) -> Text:
        """A line of type; characters that no font has are marked and reported."""
        missing = self.font.missing(text)
        if missing:
            self.findings.append(
                Finding(
                    "F-FONT-02",
                    "warning",
                    _("No font has the characters {signs}; the figure shows a mark in their place.").format(
                        signs=" ".join(f"{sign} (U+{ord(sign):04X})" for sign in missing)
                    ),
                    cure=_("Install a font that has them, or write the name in other characters."),
                )
            )
        # A dollar sign in a name is no formula.
        return (target or self.surface).text(
            x,
            y,
            self.font.writable(text),
            fontproperties=self.font.properties(size_mm, bold=bold),
            color=colour,
            ha=ha,
            va=va,
            rotation=rotation,
            rotation_mode="anchor",
            zorder=zorder,
            parse_math=False,
        )

    def line(
        self, points: Sequence[tuple[float, float]], width_mm: float = 0.15, *, colour: str = INK, zorder: float = 4.0
    ) -> Line2D:
        """A line through points in millimetres."""
        xs, ys = zip(*points, strict=True)
        line = Line2D(xs, ys, linewidth=width_mm * POINTS_PER_MM, color=colour, zorder=zorder, solid_capstyle="butt")
        self.surface.add_line(line)
        return line

    def rectangle(
        self, box: Box, *, line_mm: float = 0.15, fill: str = "none", colour: str = INK, zorder: float = 3.0
    ) -> Rectangle:
        """A rectangle; with `line_mm` 0 without outline."""
        patch = Rectangle(
            (box.left, box.bottom),
            box.width,
            box.height,
            facecolor=fill,
            edgecolor=colour if line_mm else "none",
            linewidth=line_mm * POINTS_PER_MM,
            zorder=zorder,
            joinstyle="miter",
        )
        self.surface.add_patch(patch)
        return patch

    def polygon(
        self, points: Sequence[tuple[float, float]], *, fill: str, line_mm: float = 0.0, zorder: float = 5.0
    ) -> Polygon:
        """A filled shape."""
        patch = Polygon(
            points, closed=True, facecolor=fill, edgecolor=INK, linewidth=line_mm * POINTS_PER_MM, zorder=zorder
        )
        self.surface.add_patch(patch)
        return patch
