"""One layer of a picture: what is drawn, under which title, in which style. Shared by the web map and the figure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ecospace.errors import MapError
from ecospace.language import _
from ecospace.maps.style import Style, Styles, style_of, styles_of

if TYPE_CHECKING:
    import geopandas as gpd


@dataclass(frozen=True)
class MapLayer:
    """One layer of a map (图层).

    Parameters
    ----------
    frame : GeoDataFrame
        Polygons, lines or points in any CRS.
    style : str or Style, optional
        One style for all features: a key of ``standards/styles`` or a Style. Left out where `by` is given.
    title : str
        What the legend says; empty: the style's own title.
    by : str, optional
        Column of class codes; each class has its own style and its own line in the legend.
    system : str, optional
        Code system of `by` or of `style`, as in `style_of`; unknown classes take the generic palette.
    label : str, optional
        Column whose text is written on the map.
    opacity : float
        0 to 1, multiplies the opacity of the style.
    """

    frame: gpd.GeoDataFrame
    style: str | Style | None = None
    title: str = ""
    by: str | None = None
    system: str | None = None
    label: str | None = None
    opacity: float = 1.0

    def __post_init__(self) -> None:
        missing = [column for column in (self.by, self.label) if column is not None and column not in self.frame]
        if missing:
            text = _("The layer '{layer}' has no column '{column}'.").format(layer=self.title, column=missing[0])
            columns = ", ".join(str(column) for column in self.frame.columns)
            raise MapError("E-MAP-22", text, cure=_("It has {columns}.").format(columns=columns))

    def styles(self, styles: Styles | None = None) -> dict[str, Style]:
        """The style of each class, by code; one entry under the style's own key where the layer has one style.

        Raises
        ------
        MapError
            E-MAP-20 for an unknown style.
        """
        if self.by is not None:
            return styles_of(self.frame[self.by].dropna(), self.system, styles=styles)
        style = style_of(self.style if self.style is not None else "", self.system, styles=styles)
        return {style.key: style}

    @property
    def name(self) -> str:
        """The title of the layer in the language in force."""
        if self.title or self.style is None:
            return self.title or (self.by or "")
        return style_of(self.style, self.system).title
