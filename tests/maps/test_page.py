"""One file for any folium map: what is used is inside, what is missing is named, what is not used stays out."""

from __future__ import annotations

import base64
import hashlib
import html.parser
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import folium
import folium.plugins
import geopandas as gpd
import numpy as np
import pytest
import shapely

from ecospace.errors import CRSError, MapError
from ecospace.maps.basemap import Basemap, photograph, tianditu
from ecospace.maps.coded import CodedLayer, WebLayer
from ecospace.maps.maplayer import MapLayer
from ecospace.maps.page import page_text, write_map
from ecospace.maps.web import coded_layers, web_map
from tests.maps.browser import box, browser, county, frame, opened


class Scripts(html.parser.HTMLParser):
    """The scripts of a page, as a browser finds them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[dict[str, str | None], str]] = []
        self.outside: list[str] = []
        self.inside = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        words = dict(attrs)
        self.outside += [value for name, value in attrs if name in ("src", "href") and value]
        self.inside = tag == "script"
        if self.inside:
            self.found.append((words, ""))

    def handle_endtag(self, tag: str) -> None:
        self.inside = False

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.found[-1] = (self.found[-1][0], self.found[-1][1] + data)


def own_map() -> folium.Map:
    map_ = folium.Map([22.4, 112.7], tiles=None, zoom_start=11)
    folium.Marker([22.4, 112.7], popup="<b>站</b>", tooltip="站甲").add_to(map_)
    land = gpd.GeoDataFrame({"name": ["甲"]}, geometry=[shapely.box(112.6, 22.3, 112.65, 22.35)], crs=4326)
    folium.GeoJson(land, name="地块", tooltip=folium.GeoJsonTooltip(["name"])).add_to(map_)
    folium.LayerControl().add_to(map_)
    return map_


@pytest.mark.parametrize("make", [own_map, lambda: web_map(county(), title="县")])
def test_the_policy_permits_the_scripts_of_the_page_and_nothing_else(make: Any) -> None:
    text = page_text(make())
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', text)[1]
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe-eval" not in policy
    assert "http" not in policy
    permitted = set(re.findall(r"'sha256-([^']+)'", policy))
    scripts = Scripts(text)
    running = [body for words, body in scripts.found if words.get("type") not in ("application/json", "text/plain")]
    assert {base64.b64encode(hashlib.sha256(body.encode()).digest()).decode() for body in running} == permitted
    assert scripts.outside == []
    assert "sourceMappingURL" not in text


def test_what_folium_lists_and_the_map_does_not_use_is_left_out() -> None:
    text = page_text(own_map())
    assert len(text) < 300_000
    assert "bootstrap" not in text.lower()
    assert "L.AwesomeMarkers" not in text
    assert "user-scalable" not in text


def test_a_used_asset_that_is_missing_is_named() -> None:
    map_ = folium.Map([22.4, 112.7], tiles=None)
    folium.Marker([22.4, 112.7], icon=folium.Icon(color="red")).add_to(map_)
    with pytest.raises(MapError, match=r"E-MAP-43.*awesome_markers|E-MAP-43.*bootstrap"):
        page_text(map_)
    other = folium.Map([22.4, 112.7], tiles=None)
    folium.plugins.Fullscreen().add_to(other)
    with pytest.raises(MapError, match=r"E-MAP-43.*Control.Fullscreen.js"):
        page_text(other)


def test_the_advice_of_the_message_works(tmp_path: Path) -> None:
    map_ = folium.Map([22.4, 112.7], tiles=None)
    folium.plugins.Fullscreen().add_to(map_)
    file = tmp_path / "fullscreen.js"
    file.write_text("/* a local copy */", "utf-8")
    text = page_text(map_, assets={"Control.Fullscreen.js": file, "Control.FullScreen.css": file})
    assert "/* a local copy */" in text


def test_tiles_from_the_network_need_a_word(tmp_path: Path) -> None:
    map_ = folium.Map([22.4, 112.7])
    with pytest.raises(MapError, match="E-MAP-44"):
        page_text(map_)
    assert "img-src data: blob: https://" in page_text(map_, online=True)


def test_a_script_of_an_element_is_refused() -> None:
    map_ = own_map()
    map_.get_root().html.add_child(folium.Element("<script>alert(1)</script>"))
    with pytest.raises(MapError, match="E-MAP-49"):
        page_text(map_)


def test_a_heading_of_the_users_own_stays() -> None:
    map_ = own_map()
    map_.get_root().html.add_child(folium.Element("<h3>标题</h3>"))
    assert "<h3>标题</h3>" in page_text(map_)


def test_writing_changes_nothing_in_the_map() -> None:
    map_ = own_map()
    names = [child.layer_name for child in map_._children.values() if hasattr(child, "layer_name")]
    tooltips = [c.text for m in map_._children.values() for c in m._children.values() if isinstance(c, folium.Tooltip)]
    page_text(map_)
    assert [child.layer_name for child in map_._children.values() if hasattr(child, "layer_name")] == names
    assert [c.text for m in map_._children.values() for c in m._children.values() if type(c) is folium.Tooltip][
        :1
    ] == tooltips[:1]


def test_the_same_layers_give_the_same_bytes(tmp_path: Path) -> None:
    one = write_map(web_map(county(), title="县"), tmp_path / "one.html").read_bytes()
    other = write_map(web_map(county(), title="县"), tmp_path / "other.html").read_bytes()
    assert one == other


def test_our_layer_stands_on_any_folium_map() -> None:
    map_ = own_map()
    CodedLayer(MapLayer(frame([box(0, 0, 10, 10)], name=["甲"]), "eco_redline")).add_to(map_)
    text = page_text(map_)
    assert "ecospace.layer(" in text
    assert "bootstrap" not in text.lower()


def test_a_later_element_of_folium_can_be_added_to_our_map() -> None:
    map_ = web_map(county(), title="县")
    folium.Marker([22.4, 113.1], tooltip="标记").add_to(map_)
    assert "L.marker(" in page_text(map_)


def test_nothing_to_draw_and_no_crs_are_errors() -> None:
    with pytest.raises(MapError, match="E-MAP-42"):
        web_map([])
    with pytest.raises(CRSError, match="E-CRS-01"):
        web_map([MapLayer(frame([box(0, 0, 1, 1)]).set_crs(None, allow_override=True), "eco_redline")])


def test_a_layer_on_a_datum_with_an_unknown_shift_is_refused() -> None:
    old = frame([box(0, 0, 100, 100)]).set_crs(2433, allow_override=True)  # Beijing 1954 / 3-degree CM 114E
    old = old.set_geometry(old.geometry.translate(-38_400_000 + 400_000, 0))
    with pytest.raises(CRSError, match="E-CRS-03"):
        web_map([MapLayer(frame([box(0, 0, 1, 1)]), "eco_redline"), MapLayer(old, "eco_redline")])


def test_a_layer_of_several_kinds_of_shape_is_drawn_whole() -> None:
    corner = box(0, 0, 100, 100)
    both = shapely.GeometryCollection([corner, shapely.points(38_400_500, 2_480_500)])
    line = shapely.linestrings([(38_400_000, 2_480_000), (38_400_500, 2_480_000)])
    map_ = web_map([MapLayer(frame([corner, both, line], name=list("abc")), "eco_redline", title="红线")])
    drawn = {layer.layer.name: layer.coded.counts["features"] for layer in coded_layers(map_)}
    assert drawn == {"红线（面）": 2, "红线（线）": 1, "红线（点）": 1}


def test_a_coarse_grid_leaves_no_finer_digit_in_the_page() -> None:
    shapes = [box(123.4, 567.8, 4321.1, 2345.6), box(6000.3, 100.7, 900.1, 800.9)]
    map_ = web_map(
        [WebLayer(frame(shapes, name=["甲", "乙"]), "eco_redline", label="name", columns={"name": "名"})],
        coarse_degrees=1e-3,
    )
    head = next(iter(coded_layers(map_)))._blocks["head"][1]
    numbers = re.findall(r"(?:11[23]|22)\.\d+", head)
    assert len(numbers) == 8
    assert all(len(number.split(".")[1]) <= 3 for number in numbers)


def test_features_without_a_class_are_drawn_and_said_to_have_none() -> None:
    layer = CodedLayer(
        WebLayer(frame([box(0, 0, 10, 10), box(20, 0, 10, 10)], kind=["0101", None]), by="kind", system="dlbm")
    )
    assert '"title":"未分类"' in layer._blocks["head"][1]


# --- basemaps -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "https://webrd01.is.autonavi.com/appmaptile?x={x}&y={y}&z={z}",
        "https://rt0.map.gtimg.com/tile?z={z}&x={x}&y={y}",
        "http://mt0.google.cn/vt?x={x}&y={y}&z={z}",
        "https://maponline0.bdimg.com/tile/?x={x}&y={y}&z={z}",
    ],
)
def test_shifted_tiles_are_refused(url: str) -> None:
    with pytest.raises(MapError, match="E-MAP-46"):
        Basemap("底图", url)
    with pytest.raises(MapError, match="E-MAP-46"):
        page_text(folium.Map([22, 112], tiles=url, attr="x"), online=True)


def test_tiles_in_degrees_and_other_addresses_are_refused() -> None:
    with pytest.raises(MapError, match="E-MAP-47"):
        Basemap("底图", "https://t0.tianditu.gov.cn/vec_c/wmts?TILEMATRIX={z}&TILEROW={y}&TILECOL={x}")
    for url in ("file:///etc/{x}{y}{z}", "https://host/map.png", "ftp://h/{x}/{y}/{z}"):
        with pytest.raises(MapError, match="E-MAP-45"):
            Basemap("底图", url)


def test_a_key_is_written_only_when_asked(tmp_path: Path) -> None:
    map_ = web_map(county(), title="县", basemaps=tianditu("img", key="secret-tk-123"))
    shared = write_map(map_, tmp_path / "shared.html").read_text("utf-8")
    assert "secret-tk-123" not in shared
    assert "https://t0.tianditu.gov.cn" in shared
    assert "secret-tk-123" in write_map(map_, tmp_path / "own.html", keep_key=True).read_text("utf-8")
    assert "secret-tk-123" not in page_text(map_)


def photo(path: Path) -> Path:
    import rasterio
    from affine import Affine

    with rasterio.open(path, "w", driver="GTiff", width=200, height=100, count=3, dtype="uint8", crs="EPSG:4547",
                       transform=Affine(5, 0, 400_000, 0, -5, 2_481_000)) as out:  # fmt: skip
        picture = np.zeros((3, 100, 200), np.uint8)
        picture[0] = 200
        out.write(picture)
    return path


def test_a_local_photograph_stands_in_the_page_at_its_place(tmp_path: Path) -> None:
    overlay = photograph(photo(tmp_path / "photo.tif"), title="影像")
    (south, west), (north, east) = overlay.bounds
    from pyproj import Transformer

    corners = Transformer.from_crs(4547, 4490, always_xy=True).transform([400_000, 401_000], [2_480_500, 2_481_000])
    assert (west, east) == pytest.approx(tuple(corners[0]), abs=1e-4)
    assert (south, north) == pytest.approx(tuple(corners[1]), abs=1e-4)
    map_ = web_map(county(), title="县")
    overlay.add_to(map_)
    text = page_text(map_)
    assert "data:image/" in text


def test_a_photograph_without_a_place_is_refused(tmp_path: Path) -> None:
    import rasterio
    from affine import Affine

    with rasterio.open(tmp_path / "no.tif", "w", driver="GTiff", width=4, height=4, count=1, dtype="uint16",
                       crs="EPSG:4490", transform=Affine(1, 0, 112, 0, -1, 22)) as out:  # fmt: skip
        out.write(np.zeros((1, 4, 4), np.uint16))
    with pytest.raises(MapError, match="E-MAP-48"):
        photograph(tmp_path / "no.tif")


# --- in the browser -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def running() -> Iterator[Any]:
    with browser() as started:
        yield started


@pytest.mark.browser
def test_a_map_of_the_users_own_works_offline(running: Any, tmp_path: Path) -> None:
    seen = opened(running, write_map(own_map(), tmp_path / "own.html"))
    page = seen.page
    marker = page.locator("img.leaflet-marker-icon")
    marker.wait_for()
    assert marker.get_attribute("src").startswith("data:image/png")
    assert marker.evaluate("image => image.naturalWidth") > 0
    marker.hover()
    page.wait_for_selector(".leaflet-tooltip:has-text('站甲')")
    marker.click()
    page.wait_for_selector(".leaflet-popup b:text('站')")
    assert page.locator("path.leaflet-interactive").count() == 1
    page.locator(".leaflet-control-layers").hover()
    page.locator(".leaflet-control-layers-overlays input").uncheck()
    assert page.locator("path.leaflet-interactive").count() == 0
    assert seen.requests == []
    assert seen.complaints == []


@pytest.mark.browser
def test_our_layer_and_a_photograph_on_the_page(running: Any, tmp_path: Path) -> None:
    map_ = web_map(county(), title="县")
    photograph(photo(tmp_path / "photo.tif"), title="影像 2024").add_to(map_)
    seen = opened(running, write_map(map_, tmp_path / "photo.html"))
    page = seen.page
    page.wait_for_selector("body[data-drawn=yes]")
    assert page.locator("img.leaflet-image-layer").evaluate("image => image.naturalWidth") >= 200
    page.get_by_label("影像 2024", exact=True).uncheck()
    assert page.locator("img.leaflet-image-layer").count() == 0
    assert seen.requests == []
    assert seen.complaints == []


@pytest.mark.browser
def test_a_basemap_asks_for_its_key_and_only_then_for_tiles(running: Any, tmp_path: Path) -> None:
    map_ = web_map(county(), title="县", basemaps=[Basemap("内网底图", "http://127.0.0.1:9/{z}/{x}/{y}.png?tk={key}")])
    seen = opened(running, write_map(map_, tmp_path / "key.html"))
    page = seen.page
    page.wait_for_selector("body[data-drawn=yes]")
    assert seen.requests == []
    page.get_by_label("底图服务密钥").fill("abc")
    page.keyboard.press("Tab")
    page.wait_for_timeout(400)
    assert seen.requests
    assert all(url.startswith("http://127.0.0.1:9/") and url.endswith("tk=abc") for url in seen.requests)


@pytest.mark.browser
def test_the_map_is_seen_in_a_notebook(running: Any, tmp_path: Path) -> None:
    page_of_notebook = tmp_path / "notebook.html"
    page_of_notebook.write_text(
        "<!doctype html><meta charset=utf-8>" + web_map(county(), title="县")._repr_html_(), "utf-8"
    )
    seen = opened(running, page_of_notebook)
    frame_ = seen.page.frame_locator("iframe")
    frame_.locator("body[data-drawn=yes]").wait_for()
    assert frame_.locator(".eco-legend .eco-class").count() > 5
    assert seen.requests == []
    assert seen.complaints == []


@pytest.mark.browser
def test_a_coded_layer_on_a_map_of_the_users_own(running: Any, tmp_path: Path) -> None:
    map_ = folium.Map([22.4, 113.1], tiles=None, zoom_start=11)
    CodedLayer(MapLayer(frame([box(0, 0, 9000, 9000)], name=["甲"]), "eco_redline")).add_to(map_)
    folium.LayerControl().add_to(map_)  # folium wants it to be the last
    seen = opened(running, write_map(map_, tmp_path / "coded.html"))
    seen.page.wait_for_selector("canvas.leaflet-tile")
    assert seen.complaints == []
    assert seen.requests == []
