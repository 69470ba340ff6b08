"""Our own folium layer: coded shapes, drawn in the browser on canvas tiles. It stands on any folium map."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely
from branca.element import Element
from folium.map import Layer
from folium.template import Template

from ecospace.language import _
from ecospace.maps.encode import Coded, coarse, encode, in_degrees, variable
from ecospace.maps.maplayer import MapLayer
from ecospace.maps.style import Style, Styles

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

#: Our scripts, in the order in which they build on each other.
SCRIPTS = ("codec.js", "geodesy.js", "tiles.js", "panel.js", "table.js", "decor.js", "tools.js", "start.js")
#: More names than this are not written on a map; the table has them.
MOST_LABELS = 3_000
#: Kinds whose outline the overview shows.
OUTLINES = ("boundary", "townships")


@dataclass(frozen=True)
class WebLayer(MapLayer):
    """A layer of the web map: what `MapLayer` says, and what only a screen can do.

    Parameters
    ----------
    columns : mapping of str to str, optional
        Columns of pop-up and table, with their headings; by default all columns under their own names.
    group : str
        Heading of the layer tree under which it stands.
    shown : bool
        Whether it is drawn when the map opens.
    source : str
        Where the data came from; printed in the notes and on the sheet.
    side : str
        ``"before"`` or ``"after"`` for the two versions under the curtain.
    notes : sequence of str
        Remarks under the layer in the notes, e.g. the texts of its findings.
    class_styles : mapping of str to Style, optional
        The style of each class of `by`, where no code system has them.
    """

    columns: Mapping[str, str] | None = None
    group: str = ""
    shown: bool = True
    source: str = ""
    side: str = ""
    notes: Sequence[str] = ()
    class_styles: Mapping[str, Style] | None = None

    def styles(self, styles: Styles | None = None) -> dict[str, Style]:
        """The style of each class that occurs, by code."""
        if self.class_styles is None or self.by is None:
            return super().styles(styles)
        occurring = set(self.frame[self.by].dropna().astype(str))
        return {code: style for code, style in self.class_styles.items() if code in occurring}


class Raw(Element):  # type: ignore[misc]  # branca has no types
    """Text that goes into the page as it is. Folium would run it through a template engine first."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text

    def render(self, **kwargs: Any) -> str:
        """The text."""
        return self.text


class Code(Raw):
    """A script or style of ours or of Leaflet; `write_map` permits it by its hash, and no other."""

    def __init__(self, text: str, tag: str = "script") -> None:
        # A browser hashes what it has read, and it reads every line end as a line feed.
        super().__init__(text.replace("\r\n", "\n"))
        self.tag = tag

    def render(self, **kwargs: Any) -> str:
        """The element with its tag."""
        return f"<{self.tag}>{self.text}</{self.tag}>"


def asset(name: str) -> str:
    """The text of one of our own scripts or styles."""
    return (files("ecospace.maps") / "assets" / name).read_text("utf-8")


def put_scripts(figure: Any) -> None:
    """Our scripts and styles in the head of a page, once."""
    if "ecospace_js" not in figure.header._children:
        figure.header.add_child(Code("\n".join(asset(name) for name in SCRIPTS)), name="ecospace_js")
        figure.header.add_child(Code(asset("page.css"), "style"), name="ecospace_css")


class CodedLayer(Layer):  # type: ignore[misc]  # folium is untyped here
    """Polygons, lines or points as compact coded shapes (图层): add it to any folium map.

    Parameters
    ----------
    layer : MapLayer or WebLayer
        What is drawn, and how.
    tolerance_m : float
        How far a drawn border may be from its place; see `encode`.
    coarse_degrees : float, optional
        Grid for coordinates of a map that leaves the office.

    Attributes
    ----------
    coded : Coded
        The shapes, with counts, bounds and displacement.

    Raises
    ------
    MapError
        E-MAP-40, E-MAP-41 from `encode`; E-MAP-20 for an unknown style.
    """

    _template = Template(
        "{% macro script(this, kwargs) %}"
        "var {{ this.get_name() }} = ecospace.layer({{ this.get_name()|tojson }});"
        "{% endmacro %}"
    )

    def __init__(self, layer: MapLayer, *, tolerance_m: float = 0.3, coarse_degrees: float | None = None) -> None:
        web = layer if isinstance(layer, WebLayer) else WebLayer(**_fields_of(layer))
        self.layer = web
        self.coded: Coded = encode(web.frame, tolerance_m=tolerance_m, coarse_degrees=coarse_degrees)
        styles, classes = _classes(web)
        shapes = _base64(gzip.compress(self.coded.stream + variable(classes), 6, mtime=0))
        table = _base64(gzip.compress(_json(_columns(web)).encode(), 6, mtime=0))
        head = {
            "title": web.name,
            "key": str(getattr(web.style, "key", web.style) or ""),
            "group": web.group,
            "shape": self.coded.shape,
            "counts": self.coded.counts,
            "classes": [{"title": style.title, "style": _style(style)} for style in styles],
            "opacity": web.opacity,
            "side": web.side,
            "source": web.source,
            "notes": list(web.notes),
            "labels": _labels(web, coarse_degrees or 1e-7),
            "outline": self.outlines,
            "verticesGiven": self.coded.vertices_given,
            "displacement": self.coded.displacement_m,
            "bounds": self.coded.bounds,
        }
        super().__init__(name=web.name, overlay=True, show=web.shown)
        self._name = "CodedLayer"
        # The same layer has the same name in every page: same input, same bytes.
        self._id = hashlib.sha256((_json(head) + shapes + table).encode()).hexdigest()[:16]
        self._blocks = {
            "head": ("application/json", _json(head)),
            "shapes": ("text/plain", shapes),
            "table": ("text/plain", table),
        }

    @property
    def outlines(self) -> bool:
        """Whether this layer shows the study area as a whole."""
        return str(getattr(self.layer.style, "key", self.layer.style)) in OUTLINES

    def render(self, **kwargs: Any) -> str:
        """Put the blocks and the call into the page."""
        figure: Any = self.get_root()
        put_scripts(figure)
        name = self.get_name()
        blocks = "\n".join(
            f'<script type="{kind}" id="{name}-{part}">{text}</script>' for part, (kind, text) in self._blocks.items()
        )
        figure.html.add_child(Raw(blocks), name=name)
        super().render(**kwargs)  # type: ignore[no-untyped-call]
        return ""


def _fields_of(layer: MapLayer) -> dict[str, Any]:
    return {name: getattr(layer, name) for name in MapLayer.__dataclass_fields__}


def _json(value: Any) -> str:
    """JSON that is safe inside a script element, and that no template engine takes for its own."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026").replace("\u2028", "\\u2028")


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _style(style: Style) -> dict[str, Any]:
    names = ("fill", "fill_opacity", "line", "line_width_mm", "line_dash", "hatch", "marker", "marker_mm")
    return {name: getattr(style, name) for name in names}


def _classes(layer: WebLayer) -> tuple[list[Style], np.ndarray[Any, Any]]:
    """The styles of the classes that occur, and the class number of each feature."""
    styles = layer.styles()
    if layer.by is None:
        return list(styles.values()), np.zeros(len(layer.frame), np.int64)
    codes = layer.frame[layer.by]
    names = [str(code) for code in styles]
    number = pd.Categorical(codes.astype(str).where(codes.notna()), categories=names).codes.astype(np.int64)
    chosen = list(styles.values())
    if (number < 0).any():
        # A feature without a class is drawn and said to have none; it is not left out.
        chosen.append(Style("", "未分类", "No class", fill="#FFFFFF", line="#8A8A8A", line_width_mm=0.06, hatch="."))
        number = np.where(number < 0, len(chosen) - 1, number)
    return chosen, number


def _columns(layer: WebLayer) -> list[dict[str, Any]]:
    """Attribute columns; words that come again and again stand in the page once."""
    frame = layer.frame
    named = dict(layer.columns) if layer.columns is not None else _all_columns(frame)
    return [{"title": title, **_values(frame[column])} for column, title in named.items()]


def _all_columns(frame: GeoDataFrame) -> dict[str, str]:
    return {column: str(column) for column in frame.columns if column != frame.geometry.name}


def _values(column: pd.Series[Any]) -> dict[str, Any]:
    if pd.api.types.is_bool_dtype(column):
        return {"values": [None if pd.isna(value) else (_("yes") if value else _("no")) for value in column]}
    if pd.api.types.is_numeric_dtype(column):
        return {"values": [_number(value) for value in column.tolist()]}
    codes, words = pd.factorize(column.astype(object), use_na_sentinel=True)
    texts = [_text(word) for word in words]
    if len(texts) * 2 > len(column):
        return {"values": [texts[code] if code >= 0 else None for code in codes.tolist()]}
    return {"words": [*texts, None], "values": np.where(codes < 0, len(texts), codes).tolist()}


def _number(value: Any) -> int | float | None:
    """Twelve digits: more than any survey has, fewer than the noise of binary fractions."""
    if value is None or value is pd.NA or not math.isfinite(value):
        return None
    return value if isinstance(value, int) else float(f"{value:.12g}")


def _text(value: Any) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _labels(layer: WebLayer, grid: float) -> list[tuple[float, float, str]]:
    """Names with the place where each stands, in degrees; the largest features first."""
    if layer.label is None:
        return []
    words = layer.frame[layer.label]
    frame = layer.frame[words.notna() & (words.astype(str) != "")]
    places, _vertices = in_degrees(frame.set_geometry(frame.representative_point()))
    shapes = frame.geometry.to_numpy()
    order = np.argsort(-(shapely.area(shapes) + shapely.length(shapes)), kind="stable")[:MOST_LABELS]
    texts = frame[layer.label].astype(str).to_numpy()
    return [
        (coarse(float(shapely.get_x(places[i])), grid), coarse(float(shapely.get_y(places[i])), grid), str(texts[i]))
        for i in order
    ]
