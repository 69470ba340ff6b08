"""One HTML file that opens from a double click, with no network: `write_map` for our map and for any other of folium's.

Everything that runs is known before data come in: the hashes of the content-security policy are those of Leaflet's
script, of ours, and of the one that folium wrote for this map, after text from data in it has been made harmless.
They are never collected from the finished page, where a smuggled script would be collected as well.
"""

from __future__ import annotations

import base64
import hashlib
import html
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import folium
from branca.element import CssLink, JavascriptLink
from markupsafe import Markup, escape

from ecospace.errors import MapError
from ecospace.files import atomic
from ecospace.language import _, current
from ecospace.maps.basemap import require_unshifted
from ecospace.maps.coded import Code, Raw, asset
from ecospace.maps.leaflet import leaflet_css, leaflet_js
from ecospace.maps.web import Page

#: What folium lists for every map but few maps use; used only by its coloured icons.
ICON_ASSETS = ("bootstrap", "awesome_markers", "bootstrap_css", "glyphicons_css", "awesome_markers_font_css",
               "awesome_markers_css", "awesome_rotate_css")  # fmt: skip


def write_map(
    map_: folium.Map,
    path: str | Path,
    *,
    keep_key: bool = False,
    assets: Mapping[str, str | Path] | None = None,
    online: bool = False,
) -> Path:
    """Write a map as one self-contained HTML file (单文件网页地图).

    Parameters
    ----------
    map_ : folium.Map
        From `web_map`, or one of the user's own.
    path : str or Path
        The file, replaced whole or not at all.
    keep_key : bool
        Write the key of a basemap into the file. Whoever has the file then has the key; left out, the page asks for it.
    assets : mapping of str to path, optional
        Local files for scripts and styles that a folium plugin needs, by the plugin's name for them.
    online : bool
        Let the map's own tile layers ask their servers; the file then needs the network.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    MapError
        E-MAP-43: the map uses a script or style that is not here; it is named. E-MAP-44: it draws tiles from the
        network. E-MAP-49: an element brings a script of its own, which the page would not run.
    """
    for page in (child for child in map_._children.values() if isinstance(child, Page)):
        page.keep_key = keep_key
    try:
        text = page_text(map_, assets=assets, online=online)
    finally:
        for page in (child for child in map_._children.values() if isinstance(child, Page)):
            page.keep_key = False
    target = Path(path)
    with atomic(target) as temporary:
        temporary.write_text(text, "utf-8", newline="\n")
    return target


def page_text(map_: folium.Map, *, assets: Mapping[str, str | Path] | None = None, online: bool = False) -> str:
    """The text of the page that `write_map` writes."""
    figure: Any = map_.get_root()
    hosts = _hosts(map_, online)
    with _harmless(map_):
        for child in figure._children.values():
            child.render()
        body = "\n".join(_without_scripts(name, child) for name, child in figure.html._children.items())
        main = _closed(figure.script.render())
        scripts, styles, extra = _head(figure, map_, main, dict(assets or {}))
    scripts.append(main)
    hashes = " ".join(f"'sha256-{_hash(script)}'" for script in scripts)
    pictures = " ".join(["data:", "blob:", *hosts])
    policy = (f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; img-src {pictures}; "
              "base-uri 'none'; form-action 'none'")  # fmt: skip
    title = html.escape(getattr(figure, "title", None) or _("Web map"))
    head, tail = scripts[:-1], scripts[-1]
    return "\n".join(
        (
            "<!DOCTYPE html>",
            f'<html lang="{"en" if current() == "en" else "zh-CN"}">',
            "<head>",
            '<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="referrer" content="no-referrer">',
            f"<title>{title}</title>",
            *(f"<style>{style}</style>" for style in styles),
            *extra,
            "</head>",
            "<body>",
            body,
            *(f"<script>{script}</script>" for script in head),
            f"<script>{tail}</script>",
            "</body>",
            "</html>",
            "",
        )
    )


def _head(
    figure: Any, map_: folium.Map, main: str, assets: dict[str, str | Path]
) -> tuple[list[str], list[str], list[str]]:
    """Scripts, styles and other elements of the head; what the map does not use is left out."""
    switches = map_.global_switches
    scripts: list[str] = []
    styles: list[str] = []
    extra: list[str] = []
    if switches.no_touch or switches.disable_3d:
        scripts.append(f"L_NO_TOUCH = {str(bool(switches.no_touch)).lower()}; "
                       f"L_DISABLE_3D = {str(bool(switches.disable_3d)).lower()};")  # fmt: skip
    for name, child in figure.header._children.items():
        if isinstance(child, Code):
            (scripts if child.tag == "script" else styles).append(child.text)
        elif isinstance(child, JavascriptLink | CssLink):
            text = _linked(name, child.url, main, assets)
            (scripts if isinstance(child, JavascriptLink) else styles).append(text)
        elif name == map_.get_name():
            styles.append(_place_of(map_))
        elif name != "meta_http":
            extra.append(_without_scripts(name, child))
    return [text for text in scripts if text], [text for text in styles if text], extra


def _linked(name: str, url: str, main: str, assets: dict[str, str | Path]) -> str:
    """The text of a script or style that folium would fetch; empty where the map does not use it."""
    file = assets.get(name) or assets.get(url)
    if file is not None:
        return _closed(Path(file).read_text("utf-8").replace("\r\n", "\n"))
    if name in ("leaflet", "leaflet_css"):
        return leaflet_js() if name == "leaflet" else leaflet_css()
    if name == "jquery":
        return asset("dollar.js") if "$(" in main else ""
    if name in ICON_ASSETS and "L.AwesomeMarkers" not in main:
        return ""
    raise MapError(
        "E-MAP-43",
        _("the map uses '{name}' ({url}), which is not on this computer.").format(name=name, url=url),
        cure=_("Give the file: write_map(map, path, assets={{{name!r}: 'file'}}); or take the element away "
               "(folium.Icon: use a Marker without an icon, or a CircleMarker).").format(name=name),
    )  # fmt: skip


def _place_of(map_: folium.Map) -> str:
    """Size and place of the map on the page, as folium gives them, without its scripts and its ban on zooming."""
    (width, width_unit), (height, height_unit) = map_.width, map_.height
    return (
        "html,body{width:100%;height:100%;margin:0;padding:0}"
        f"#{map_.get_name()}{{position:{map_.position};width:{width}{width_unit};height:{height}{height_unit};"
        f"left:{map_.left[0]}{map_.left[1]};top:{map_.top[0]}{map_.top[1]}}}"
        f".leaflet-container{{font-size:{map_.font_size}}}"
    )


def _without_scripts(name: str, child: Any) -> str:
    text = str(child.render())
    if not isinstance(child, Raw) and re.search(r"<script|<iframe|<object|<embed", text, re.IGNORECASE):
        raise MapError(
            "E-MAP-49",
            _("the element '{name}' brings a script or frame of its own, which this page would not run.").format(
                name=name
            ),
            cure=_("Take it away, or use a folium class instead of raw HTML."),
        )
    return text


def _hosts(map_: folium.Map, online: bool) -> list[str]:
    """Origins of tiles: those of basemaps that the user named; those of folium's tile layers only if asked for."""
    hosts = []
    for element in _tree(map_):
        if isinstance(element, Page):
            hosts += [host for basemap in element.basemaps for host in basemap.hosts]
        if isinstance(element, folium.TileLayer | folium.raster_layers.WmsTileLayer):
            address = str(getattr(element, "tiles", None) or getattr(element, "url", ""))
            require_unshifted(address)
            if not online:
                raise MapError(
                    "E-MAP-44",
                    _("the map draws tiles from the network ({url}), so the file would not open offline.").format(
                        url=address
                    ),
                    cure=_("Make it with folium.Map(tiles=None), or write write_map(map, path, online=True)."),
                )
            scheme, _colon, rest = address.partition("://")
            hosts.append(f"{scheme}://" + re.sub(r"\{\w+\}", "*", rest.split("/")[0]))
    return sorted(set(hosts))


def _tree(element: Any) -> Iterator[Any]:
    yield element
    for child in element._children.values():
        yield from _tree(child)
    if isinstance(element, folium.Popup):
        yield from _tree(element.html)


@contextmanager
def _harmless(map_: folium.Map) -> Iterator[None]:
    """Text that folium pastes into a script or a template, spelled so that it stays text; put back afterwards."""
    before: list[tuple[Any, str, Any]] = []

    def spell(element: Any, name: str, text: Any) -> None:
        before.append((element, name, getattr(element, name)))
        setattr(element, name, text)

    try:
        for element in _tree(map_):
            if isinstance(element, folium.Tooltip):
                spell(element, "text", _entities(element.text))
            elif isinstance(element, folium.Html):
                data = element.data
                spell(element, "data", Markup(_entities(data if element.script else str(escape(data)))))
            elif isinstance(element, folium.map.Layer):
                spell(element, "layer_name", _entities(html.escape(str(element.layer_name))))
        yield
    finally:
        for element, name, value in reversed(before):
            setattr(element, name, value)


def _entities(text: str) -> str:
    """Signs that open an expression in a script or a template, as HTML entities: the reader sees the same."""
    for sign in "\\`${}":
        text = text.replace(sign, f"&#{ord(sign)};")
    return text


def _closed(script: str) -> str:
    """A script whose text cannot end its own element."""
    script = script.replace("\r\n", "\n").replace("\r", "\n")
    return re.sub(r"<(?=/script|script|!--)", r"\\x3c", script, flags=re.IGNORECASE)


def _hash(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode("ascii")
