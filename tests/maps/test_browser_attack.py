"""Text from data that is meant to run: nothing of it runs, and where our page shows it, it is read as it was written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import folium
import geopandas as gpd
import pytest
import shapely

from ecospace.maps.basemap import Basemap
from ecospace.maps.coded import WebLayer
from ecospace.maps.maplayer import MapLayer
from ecospace.maps.page import write_map
from ecospace.maps.style import style_of
from ecospace.maps.web import web_map
from tests.maps.browser import Seen, box, browser, frame, opened

pytestmark = pytest.mark.browser

#: Each sets window.ran when it runs; the last three are not scripts but break out of careless templates.
PAYLOADS = (
    "<script>window.ran=1</script>",
    "</script><script>window.ran=2</script>",
    "<img src=x onerror='window.ran=3'>",
    "<svg onload=window.ran=4>",
    "${window.ran=5}",
    "`;window.ran=6;`",
    "';window.ran=7;//",
    '";window.ran=8;//',
    '<a href="javascript:window.ran=9">x</a>',
    "<iframe srcdoc='<script>parent.ran=10</script>'></iframe>",
    "<!--<script>window.ran=11</script>-->",
    "--><details open ontoggle=window.ran=12>",
    "\\u003cscript>window.ran=13\\u003c/script>",
    "{{ this._parent }}{% set x = 1 %}",
    "]]></style><b>bold</b>",
)


@pytest.fixture(scope="module")
def running() -> Iterator[Any]:
    with browser() as started:
        yield started


def checked(seen: Seen) -> None:
    seen.page.wait_for_timeout(150)
    assert seen.page.evaluate("window.ran") is None
    assert seen.requests == []
    assert [text for text in seen.complaints if "Content Security Policy" not in text] == []


def wicked_map(text: str) -> folium.Map:
    """The text in every place where our map takes text from data."""
    layers = [
        WebLayer(
            frame(
                [box(0, 0, 3000, 3000), box(3000, 0, 3000, 3000)],
                **{"name": [text, "x"], "class": [text, "y"], f"col {text}": [text, text]},
            ),
            by="class",  # class names, in the legend and on the sheet
            title=text,  # layer name: tree, legend, pop-up, table
            label="name",  # on the map
            group=text,
            columns={"name": text, f"col {text}": "b"},  # headings
            source=text,
            side="before",
            notes=[text],
        ),
        WebLayer(
            frame([box(500, 500, 3000, 3000)], name=[text]),
            replace(style_of("eco_redline"), title_zh=text),
            title="",
            side="after",
        ),
    ]
    return web_map(
        layers,
        title=text,
        subtitle=text,
        source=text,
        notice=text,
        review_number=text,
        demonstration=text,
        notes=[text],
        basemaps=[Basemap(text, "http://127.0.0.1:9/{z}/{x}/{y}.png", attribution=text, shown=False)],
    )


#: Where the text has to be read: selector, and whether it is the whole text of the element.
PLACES = {
    "title of the page": ".eco-titles h1",
    "subtitle": ".eco-titles p",
    "mark": ".eco-head .eco-demo",
    "notice": ".eco-foot .eco-notice",
    "review number": ".eco-foot .eco-review",
    "group": ".eco-group > legend",
    "layer in the tree": ".eco-leaf-name label",
    "layer in the legend": ".eco-legend .eco-legend-layer",
    "class in the legend": ".eco-legend .eco-class span",
    "layer of the table": "#eco-tab-table option",
    "heading of the table": ".eco-table th",
    "cell of the table": ".eco-table td",
    "source in the notes": "#eco-tab-notes dd",
    "remark": "#eco-tab-notes p",
    "name of a basemap": ".eco-group .eco-leaf > label",
    "whom it thanks": ".eco-group .eco-leaf > small",
    "pop-up heading": ".eco-popup h3",
    "pop-up row": ".eco-popup td",
    "pop-up column": ".eco-popup th",
    "curtain": ".eco-swipe-title",
    "title of the sheet": ".eco-paper h1",
    "legend of the sheet": ".eco-paper-legend .eco-class span",
    "notes of the sheet": ".eco-paper-notes p",
}


@pytest.mark.slow
@pytest.mark.parametrize("text", PAYLOADS)
def test_on_our_map_nothing_runs_and_text_is_text(running: Any, tmp_path: Path, text: str) -> None:
    seen = opened(running, write_map(wicked_map(text), tmp_path / "wicked.html"))
    page = seen.page
    page.wait_for_selector("body[data-drawn=yes]")
    assert page.title().strip() == text.strip()
    read: dict[str, bool] = {}

    def look() -> None:
        for place, selector in PLACES.items():
            texts = page.locator(selector).evaluate_all("all => all.map(element => element.textContent)")
            read[place] = read.get(place, False) or any(text in found for found in texts)

    page.get_by_role("tab").nth(1).click()
    page.locator("#eco-tab-table select").select_option(index=0)
    page.wait_for_selector(".eco-table tbody tr")
    look()
    page.locator(".eco-table tbody tr").first.click()
    page.wait_for_selector(".eco-popup")
    page.get_by_role("searchbox").fill(text)
    page.wait_for_timeout(300)
    assert page.locator(".eco-table tbody tr").count() == 2  # the search takes it as text, too
    look()
    page.locator("[data-tool=swipe]").click()
    look()
    page.locator("[data-tool=paper_sheet]").click()
    look()
    assert [place for place, seen_there in read.items() if not seen_there] == []
    assert page.locator("b, details details, svg[onload], .eco-page img, .eco-page iframe").count() == 0
    checked(seen)
    page.context.close()


@pytest.mark.slow
@pytest.mark.parametrize("text", PAYLOADS[:13])
def test_on_a_map_of_the_users_own_nothing_runs(running: Any, tmp_path: Path, text: str) -> None:
    map_ = folium.Map([22.4, 112.7], tiles=None, zoom_start=11)
    group = folium.FeatureGroup(name=text).add_to(map_)
    folium.Marker(
        [22.4, 112.7], popup=folium.Popup(text, show=True), tooltip=folium.Tooltip(text, permanent=True)
    ).add_to(group)
    folium.Marker([22.41, 112.7], popup=folium.Popup(text, parse_html=True), tooltip=text).add_to(map_)
    folium.Marker([22.42, 112.7], icon=folium.DivIcon(html=text)).add_to(map_)
    folium.CircleMarker([22.43, 112.7], popup=text, tooltip=text).add_to(map_)
    land = gpd.GeoDataFrame({"name": [text], text: ["x"]}, geometry=[shapely.box(112.6, 22.3, 112.65, 22.35)], crs=4326)
    folium.GeoJson(
        land, name=text, tooltip=folium.GeoJsonTooltip(["name"], aliases=[text]), popup=folium.GeoJsonPopup(["name"])
    ).add_to(map_)
    folium.LayerControl(collapsed=False).add_to(map_)
    seen = opened(running, write_map(map_, tmp_path / "own.html"))
    page = seen.page
    page.wait_for_selector(".leaflet-control-layers-overlays label")
    name = page.locator(".leaflet-control-layers-overlays label").first.inner_text().strip()
    assert name == " ".join(text.split()) or text in name
    page.locator("path.leaflet-interactive").last.hover()
    page.locator("path.leaflet-interactive").last.click(force=True)
    checked(seen)
    page.context.close()


def test_a_plain_layer_may_carry_wicked_text_as_well(running: Any, tmp_path: Path) -> None:
    map_ = web_map([MapLayer(frame([box(0, 0, 10, 10)], name=[PAYLOADS[1]]), "eco_redline", title=PAYLOADS[1])])
    seen = opened(running, write_map(map_, tmp_path / "plain.html"))
    seen.page.wait_for_selector("body[data-drawn=yes]")
    checked(seen)
