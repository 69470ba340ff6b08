"""The web map: a folium map with our layers and our page round it."""

from __future__ import annotations

import hashlib
import html
import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, ClassVar

import folium
import shapely
from branca.element import MacroElement
from folium.template import Template

from ecospace.crs import brought, geographic_of, require_crs
from ecospace.errors import MapError
from ecospace.findings import Finding
from ecospace.language import _, current
from ecospace.maps.basemap import Basemap
from ecospace.maps.coded import Code, CodedLayer, Raw, put_scripts
from ecospace.maps.leaflet import leaflet_css, leaflet_js
from ecospace.maps.maplayer import MapLayer
from ecospace.maps.webtexts import page_texts
from ecospace.terms import standard


class PlanMap(folium.Map):  # type: ignore[misc]  # folium is untyped here
    """A folium map that carries Leaflet with it instead of asking the network for it; no basemap."""

    default_js: ClassVar[list[tuple[str, str]]] = []  # type: ignore[misc]  # folium declares it of the instance
    default_css: ClassVar[list[tuple[str, str]]] = []  # type: ignore[misc]

    _template = Template(
        """
        {% macro html(this, kwargs) %}
        <div class="folium-map" id="{{ this.get_name() }}"></div>
        {% endmacro %}
        {% macro script(this, kwargs) %}
        var {{ this.get_name() }} = L.map({{ this.get_name()|tojson }},
            {center: {{ this.location|tojson }}, crs: L.CRS.EPSG3857, ...{{ this.options|tojavascript }}});
        {% endmacro %}
        """
    )

    def render(self, **kwargs: Any) -> str:
        """Leaflet first, then our scripts, then what stands on the map."""
        figure: Any = self.get_root()
        figure.header.add_child(Code(leaflet_js()), name="leaflet")
        figure.header.add_child(Code(leaflet_css(), "style"), name="leaflet_css")
        look = f"html,body{{margin:0;height:100%}}#{self.get_name()}{{position:absolute;inset:0;height:100%}}"
        figure.header.add_child(Code(look, "style"), name="map_css")
        put_scripts(figure)
        super().render(**kwargs)  # type: ignore[no-untyped-call]
        return ""

    def _repr_html_(self, **kwargs: Any) -> str:
        """The map in a notebook: the page that `write_map` writes, in a frame of its own."""
        from ecospace.maps.page import page_text

        text = html.escape(page_text(self))
        style = "width:100%;height:640px;border:1px solid #d5ddd6"
        return f'<iframe srcdoc="{text}" sandbox="allow-scripts allow-modals" style="{style}"></iframe>'


class Page(MacroElement):  # type: ignore[misc]  # branca has no types
    """The page round a map: head, layer tree, legend, table, notes, tools. Written anew at every rendering."""

    _template = Template(
        "{% macro script(this, kwargs) %}"
        "ecospace.dress({{ this._parent.get_name() }}, {{ this.get_name()|tojson }});"
        "{% endmacro %}"
    )

    def __init__(self, words: dict[str, Any], basemaps: Sequence[Basemap]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._name = "Page"
        self._id = hashlib.sha256(json.dumps(words, sort_keys=True).encode()).hexdigest()[:16]
        self.words = words
        self.basemaps = tuple(basemaps)
        self.keep_key = False

    def render(self, **kwargs: Any) -> str:
        """Put the settings of the page into it, with every layer that the map has by now."""
        layers = list(coded_layers(self._parent))
        # The map opens on the study area; a river that runs on beyond it does not make it small.
        outlines = [layer for layer in layers if layer.outlines]
        boxes = [layer.coded.bounds for layer in outlines or layers]
        west, south = (min(box[i] for box in boxes) for i in (0, 1))
        east, north = (max(box[i] for box in boxes) for i in (2, 3))
        settings = self.words | {
            "language": current(),
            "texts": page_texts(),
            "order": [layer.get_name() for layer in layers],
            "bounds": [west, south, east, north],
            "basemaps": [basemap.as_dict(keep_key=self.keep_key) for basemap in self.basemaps],
        }
        text = json.dumps(settings, ensure_ascii=False).replace("<", "\\u003c").replace(">", "\\u003e")
        block = f'<script type="application/json" id="{self.get_name()}">{text}</script>'
        figure: Any = self.get_root()
        figure.html.add_child(Raw(block), name=self.get_name())
        super().render(**kwargs)  # type: ignore[no-untyped-call]
        return ""


def size_finding(map_: folium.Map) -> Finding | None:
    """A warning where a page holds so many features that it opens slowly (``most_features`` of standards/webmap.toml)."""
    count = sum(layer.coded.counts["features"] for layer in coded_layers(map_))
    most = int(standard("webmap")["most_features"])
    if count <= most:
        return None
    return Finding(
        "F-MAP-30", "warning",
        _("the web map holds {count} features: above {most} it opens slowly on an office PC, and may not on a phone.").format(
            count=f"{count:,}", most=f"{most:,}"),
        cure=_("Keep fewer with keep = {{ … }} in the layer's table of study.toml, or go on in QGIS: "
               "ecospace map FOLDER --no-web --qgis").format(),
        count=count,
    )  # fmt: skip


def coded_layers(element: Any) -> Iterable[CodedLayer]:
    """The coded layers of a map, in groups or not, from the lowest to the topmost."""
    for child in element._children.values():
        if isinstance(child, CodedLayer):
            yield child
        else:
            yield from coded_layers(child)


def web_map(
    layers: Iterable[MapLayer],
    *,
    title: str = "",
    subtitle: str = "",
    source: str = "",
    notice: str | None = None,
    review_number: str = "",
    demonstration: str = "",
    notes: Sequence[str] = (),
    basemaps: Sequence[Basemap] = (),
    tolerance_m: float = 0.3,
    coarse_degrees: float | None = None,
) -> folium.Map:
    """An interactive map of layers (网页地图), to be looked at in a notebook or written by `write_map`.

    Parameters
    ----------
    layers : iterable of MapLayer or WebLayer
        From the lowest to the topmost; any CRS whose datum is known.
    title, subtitle, source : str
        Head of the page; where its data come from.
    notice : str, optional
        The line at the foot; by default 仅供内部工作使用，未经地图审核不得公开. An empty text takes it away.
    review_number : str
        审图号, if the map has one; it is never made up.
    demonstration : str
        A mark for data that are not real, e.g. 示例数据，非法定.
    notes : sequence of str
        Remarks in the notes of the page.
    basemaps : sequence of Basemap
        Tile services that the user names. Without any, the page needs no network.
    tolerance_m : float
        Drawn borders may be this far from their place, metres on the ground; the page prints it.
    coarse_degrees : float, optional
        Round all coordinates to this grid for a map that leaves the office, e.g. 1e-4 (about 10 m).

    Returns
    -------
    folium.Map
        With one `CodedLayer` for each layer; anything of folium's can be added to it.

    Raises
    ------
    MapError
        E-MAP-42: nothing to draw. E-MAP-40, E-MAP-41: shapes that cannot be coded.
    CRSError
        A layer without CRS (E-CRS-01), or on a datum with an unknown shift to the first one's (E-CRS-03).
    """
    drawn = [part for layer in layers if len(layer.frame) for part in _by_kind(layer)]
    if not drawn:
        raise MapError(
            "E-MAP-42", _("there is no feature to draw, so there is no map."), cure=_("Give one layer or more.")
        )
    for layer in drawn:
        require_crs(layer.frame, layer=layer.name)
    geographic = geographic_of(drawn[0].frame.crs)
    if notice is None:
        notice = _("For internal work only; not to be published without map review.")
    words = {
        "title": title or drawn[-1].name,
        "subtitle": subtitle,
        "source": source,
        "notice": notice,
        "review": review_number,
        "demonstration": demonstration,
        "notes": list(notes),
        "datum": _("China Geodetic Coordinate System 2000 (CGCS2000)")
        if geographic.to_epsg() == 4490
        else geographic.name,
        "zones": geographic.to_epsg() == 4490,
        "accuracy": _("Borders are simplified for the screen; areas and verdicts are computed from the full data."),
    }
    coded = [
        CodedLayer(_on_datum(layer, geographic), tolerance_m=tolerance_m, coarse_degrees=coarse_degrees)
        for layer in drawn
    ]
    west, south, east, north = coded[0].coded.bounds
    map_ = PlanMap(
        [(south + north) / 2, (west + east) / 2],
        tiles=None,
        zoom_start=10,
        max_zoom=20,
        min_zoom=3,
        fade_animation=False,
        attribution_control=False,
    )
    page = Page(words, basemaps)
    map_._id = page._id
    figure: Any = map_.get_root()
    figure.title = words["title"]
    for child in coded:
        child.add_to(map_)
    page.add_to(map_)
    return map_


def _by_kind(layer: MapLayer) -> list[MapLayer]:
    """A layer as layers of one kind of shape each: points over lines over polygons, nothing left out."""
    frame = layer.frame
    geometry = frame.geometry.to_numpy()
    if (shapely.get_type_id(geometry) == shapely.GeometryType.GEOMETRYCOLLECTION).any():
        frame = frame.explode(index_parts=False)
        geometry = frame.geometry.to_numpy()
    dimension = shapely.get_dimensions(geometry)
    kinds = sorted({kind for kind in dimension.tolist() if kind >= 0}, reverse=True)
    if len(kinds) < 2:
        return [replace(layer, frame=frame)]
    words = (_("points"), _("lines"), _("polygons"))
    return [
        replace(
            layer,
            frame=frame[dimension == kind],
            title=_("{layer} ({kind})").format(layer=layer.name, kind=words[kind]),
        )
        for kind in kinds
    ]


def _on_datum(layer: MapLayer, geographic: Any) -> MapLayer:
    """The layer on the datum of the first one: a known shift, or an error."""
    if geographic_of(layer.frame.crs) == geographic:
        return layer
    return replace(layer, frame=brought(layer.frame, geographic, layer=layer.name))
