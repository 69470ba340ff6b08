"""The web map in a browser without a network: every control is used, and what it says is compared with PROJ."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyproj
import pytest
import shapely

from ecospace.language import speak
from ecospace.maps.coded import WebLayer
from ecospace.maps.page import write_map
from ecospace.maps.style import Style
from ecospace.maps.web import web_map
from tests.maps.browser import EAST, NORTH, Seen, browser, county, frame, opened
from tests.maps.test_web_encode import parcels

pytestmark = pytest.mark.browser

GEOD = pyproj.Geod(ellps="GRS80")  # CGCS2000 differs from it by 0.1 mm in b
TO_DEGREES = pyproj.Transformer.from_crs(4526, 4490, always_xy=True)


@pytest.fixture(scope="module")
def running() -> Iterator[Any]:
    with browser() as started:
        yield started


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_map(
        web_map(county(), title="示例县一张图", subtitle="测试", demonstration="示例数据，非法定"),
        tmp_path_factory.mktemp("web") / "地图.html",
    )


@pytest.fixture
def seen(running: Any, file: Path) -> Iterator[Seen]:
    opened_page = opened(running, file)
    opened_page.page.wait_for_selector("body[data-drawn=yes]")
    yield opened_page
    opened_page.page.wait_for_timeout(50)
    assert opened_page.requests == []
    assert opened_page.complaints == []
    opened_page.page.context.close()


def at(x: float, y: float) -> tuple[float, float]:
    """Degrees of a place of the county, given in metres from its corner."""
    return TO_DEGREES.transform(EAST + x, NORTH + y)


def click(seen: Seen, x: float, y: float) -> None:
    seen.page.mouse.click(*seen.place_on_page(*at(x, y)))


def leaf(seen: Seen, title: str) -> Any:
    return seen.page.locator(".eco-leaf", has=seen.page.locator("label", has_text=title))


def legend(seen: Seen) -> list[str]:
    return seen.page.locator(".eco-legend .eco-class").all_inner_texts()


def test_it_opens_without_a_network_and_is_not_blank(seen: Seen) -> None:
    page = seen.page
    assert page.title() == "示例县一张图"
    assert page.get_attribute("html", "lang") == "zh-CN"
    assert page.inner_text(".eco-notice") == "仅供内部工作使用，未经地图审核不得公开"
    assert "审图号：（未取得）" in page.inner_text(".eco-foot")
    assert page.inner_text(".eco-demo") == "示例数据，非法定"
    assert "89 个要素" in page.inner_text(".eco-facts")
    assert re.search(r"位移 ≤ 0\.35 米", page.inner_text(".eco-facts"))
    colours = np.unique(seen.colours().reshape(-1, 3), axis=0)
    assert len(colours) > 500
    assert "maximum-scale" not in page.content()


def test_the_tree_shows_hides_and_fades_and_the_legend_follows(seen: Seen) -> None:
    before = seen.colours()
    assert "水田" in legend(seen)
    box = leaf(seen, "地类").get_by_role("checkbox")
    box.uncheck()
    seen.settled()
    assert "水田" not in legend(seen)
    assert (seen.colours() != before).any(axis=2).mean() > 0.1
    box.check()
    seen.settled()
    assert "水田" in legend(seen)

    slider = leaf(seen, "地类").get_by_role("slider")
    slider.fill("30")
    assert leaf(seen, "地类").locator("output").inner_text() == "30%"
    shown = seen.page.evaluate("getComputedStyle(ecospace.page.layers[0].getContainer()).opacity")
    assert float(shown) == pytest.approx(0.3)

    zoom = seen.page.evaluate("ecospace.page.map.getZoom()")
    leaf(seen, "红线 2018").get_by_role("button").click()
    seen.wait(f"ecospace.page.map.getZoom() > {zoom}")


def test_a_class_can_be_taken_away(seen: Seen) -> None:
    row = seen.page.locator(".eco-class", has_text="水田")
    row.click()
    seen.settled()
    assert row.get_attribute("aria-pressed") == "false"
    click(seen, 1000, 1000)  # a paddy field: it is not drawn, so it does not answer
    seen.page.wait_for_selector(".eco-popup")
    assert seen.page.inner_text(".eco-popup h3") == "乡镇" or "县界" in seen.page.inner_text(".eco-popup")
    row.click()
    click(seen, 1000, 1000)
    seen.page.wait_for_selector(".eco-popup h3:text('地类')")


def test_a_place_answers_with_all_that_lies_there(seen: Seen) -> None:
    click(seen, 5000, 5500)
    page = seen.page
    page.wait_for_selector(".eco-popup")
    titles = []
    for _number in range(6):
        titles.append(page.inner_text(".eco-popup h3"))
        if page.locator(".eco-popup nav span").inner_text().startswith(str(len(titles)) + " / " + str(len(titles))):
            break
        page.get_by_role("button", name="下一个").first.click()
        page.wait_for_timeout(60)
    assert titles[:3] == ["红线 2024", "红线 2018", "地类"]
    assert set(titles[3:]) == {"县界", "乡镇"}


def test_every_feature_is_drawn_and_answers(seen: Seen) -> None:
    layers = county()
    for number, layer in enumerate(layers):
        inside = layer.frame.representative_point().to_crs(4490)
        hits = seen.page.evaluate(
            """([number, places]) => places.map(([x, y]) => {
                 const shapes = ecospace.page.layers[number].shapes;
                 return shapes.at(...ecospace.toWorld(x, y), 20);
               })""",
            [number, [[p.x, p.y] for p in inside]],
        )
        assert [i in found for i, found in enumerate(hits)] == [True] * len(layer.frame)


def test_the_table_is_searched_sorted_turned_and_leads_to_the_map(seen: Seen) -> None:
    page = seen.page
    page.get_by_role("tab", name="要素表").click()
    page.locator("#eco-tab-table select").select_option(label="地类")
    page.wait_for_selector(".eco-table tbody tr")
    assert page.inner_text(".eco-count") == "80 / 80 个要素"
    assert page.locator(".eco-table tbody tr").count() == 50
    page.locator(".eco-pages button").nth(1).click()
    seen.wait("document.querySelectorAll('.eco-table tbody tr').length === 30")
    page.get_by_role("button", name="名称").click()
    page.get_by_role("button", name="名称").click()
    seen.wait("document.querySelector('.eco-table tbody td').textContent === '图斑079'")

    page.get_by_role("searchbox").fill("图斑013")
    seen.wait("document.querySelector('.eco-count').textContent.startsWith('1 ')")
    page.locator(".eco-table tbody tr").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector(".eco-popup")
    assert "图斑013" in page.inner_text(".eco-popup")
    centre = page.evaluate("(() => { const c = ecospace.page.map.getCenter(); return [c.lng, c.lat]; })()")
    assert centre == pytest.approx(at(3000, 11_000), abs=0.02)  # 图斑013 is i = 1, j = 5
    page.get_by_role("searchbox").fill("没有这样的图斑")
    seen.wait("document.querySelector('.eco-count').textContent.startsWith('0 ')")


def test_coordinates_are_those_of_proj(seen: Seen) -> None:
    x, y = 7000.0, 12_000.0
    seen.page.mouse.move(*seen.place_on_page(*at(x, y)))
    text = seen.page.inner_text(".eco-coordinates")
    longitude, latitude = (float(word) for word in re.match(r"([\d.]+)°, ([\d.]+)°", text).groups())
    pixel = seen.page.evaluate("ecospace.metresPerPixel(ecospace.page.map)")
    assert (longitude, latitude) == pytest.approx(at(x, y), abs=2e-5 * pixel)
    north, east = (float(word) for word in re.search(r"第38带.*X ([\d.]+)\s+Y ([\d.]+)", text).groups())
    expected = pyproj.Transformer.from_crs(4490, 4526, always_xy=True).transform(longitude, latitude)
    assert (east, north) == pytest.approx(expected, abs=0.2)  # the read-out is rounded to 1e-6 degrees and 0.1 m


def test_the_zone_coordinates_are_right_to_a_millimetre(seen: Seen) -> None:
    generator = np.random.default_rng(1)
    places = np.column_stack([generator.uniform(73.6, 135, 300), generator.uniform(3, 53.5, 300)])
    ours = seen.page.evaluate(
        "places => places.map(([x, y]) => { const z = ecospace.zoneCoordinates(x, y); return [z.zone, z.x, z.y]; })",
        places.tolist(),
    )
    for (longitude, latitude), (zone, x, y) in zip(places, ours, strict=True):
        assert zone == np.floor(longitude / 3 + 0.5)
        transformer = pyproj.Transformer.from_crs(4490, 4488 + int(zone), always_xy=True)
        assert (y, x) == pytest.approx(transformer.transform(longitude, latitude), abs=1e-3)


def test_areas_and_lengths_are_those_of_geodesics(seen: Seen) -> None:
    generator = np.random.default_rng(2)
    for size_m in (20, 500, 5_000, 50_000, 100_000):
        for _round in range(8):
            longitude, latitude = generator.uniform(80, 130), generator.uniform(18, 53)
            angles = np.sort(generator.uniform(0, 2 * np.pi, 7))
            lengths = size_m * generator.uniform(0.5, 1, 7)
            longitudes, latitudes, _back = GEOD.fwd([longitude] * 7, [latitude] * 7, np.degrees(angles), lengths)
            ring = [list(place) for place in zip(longitudes, latitudes, strict=True)]
            area, length = seen.page.evaluate("ring => [ecospace.areaOf(ring), ecospace.lengthOf(ring)]", ring)
            expected, _perimeter = GEOD.polygon_area_perimeter(longitudes, latitudes)
            assert area == pytest.approx(abs(expected), rel=1e-6)
            assert length == pytest.approx(GEOD.line_length(longitudes, latitudes), rel=1e-7)


def test_measuring_by_mouse_and_by_keyboard(seen: Seen) -> None:
    page = seen.page
    tool = page.locator("[data-tool=measure_area]")
    tool.click()
    assert tool.get_attribute("aria-pressed") == "true"
    corners = [(2000, 2000), (12_000, 2000), (12_000, 12_000), (2000, 12_000)]
    for corner in corners:
        click(seen, *corner)
    page.keyboard.press("Enter")
    text = page.inner_text(".eco-measured")
    hectares, mu, km2 = (
        float(word) for word in re.match(r"([\d.]+) 公顷（([\d.]+) 亩，([\d.]+) 平方公里）", text).groups()
    )
    pixel = page.evaluate("ecospace.metresPerPixel(ecospace.page.map)")
    expected, perimeter = GEOD.polygon_area_perimeter(*zip(*(at(*corner) for corner in corners), strict=True))
    assert hectares == pytest.approx(abs(expected) / 1e4, abs=4 * 10_000 * pixel / 1e4)
    assert mu == pytest.approx(hectares * 15, abs=0.01)
    assert km2 == pytest.approx(hectares / 100, abs=1e-4)
    assert float(re.search(r"周长 ([\d.]+) 公里", text)[1]) == pytest.approx(perimeter / 1000, abs=8 * pixel / 1000)
    assert page.locator(".eco-popup").count() == 0  # while a tool is in use, a click is a corner
    page.keyboard.press("Escape")
    assert not page.is_visible(".eco-measured")

    page.locator("[data-tool=measure_length]").click()
    page.keyboard.press(" ")
    page.evaluate("ecospace.page.map.panBy([100, 0], { animate: false })")
    page.keyboard.press(" ")
    metres = float(re.match(r"([\d.]+) 公里", page.inner_text(".eco-measured"))[1]) * 1000
    assert metres == pytest.approx(100 * pixel, rel=0.01)


def test_the_curtain_lies_between_the_two_versions(seen: Seen) -> None:
    page = seen.page
    page.locator("[data-tool=swipe]").click()
    assert page.locator(".eco-swipe-title").all_inner_texts() == ["红线 2018", "红线 2024"]
    for value in ("1000", "0", "500"):
        page.locator(".eco-swipe").fill(value)
        clips = page.evaluate("[2, 3].map(i => ecospace.page.layers[i].getContainer().style.clip)")
        rights, lefts = (float(re.findall(r"[-\d.]+px", clip)[i][:-2]) for i, clip in ((1, clips[0]), (3, clips[1])))
        assert rights == lefts
        assert rights == pytest.approx(seen.map_box()["width"] * float(value) / 1000, abs=2)
    page.keyboard.press("ArrowRight")
    assert page.locator(".eco-swipe").input_value() == "501"
    page.keyboard.press("Escape")
    assert page.evaluate("ecospace.page.layers[2].getContainer().style.clip") == ""


def test_overview_and_scale_bar(seen: Seen) -> None:
    page = seen.page
    width = page.locator(".eco-scale-bar").bounding_box()["width"]
    stated = page.inner_text(".eco-scale")
    metres = float(re.match(r"([\d.]+)", stated)[1]) * (1000 if "公里" in stated else 1)
    middle = seen.map_box()["y"] + seen.map_box()["height"] / 2
    ends = page.evaluate(
        "([a, b, y]) => [a, b].map(x => ecospace.page.map.containerPointToLatLng([x, y])).map(p => [p.lng, p.lat])",
        [300, 300 + width, middle - seen.map_box()["y"]],
    )
    assert GEOD.inv(*ends[0], *ends[1])[2] == pytest.approx(metres, rel=0.01)
    before = page.evaluate("ecospace.page.map.getCenter().lng")
    page.locator(".eco-overview-box").click(position={"x": 20, "y": 55})
    seen.wait(f"ecospace.page.map.getCenter().lng < {before - 0.02}")


def test_a_sheet_for_paper(seen: Seen) -> None:
    from pypdf import PdfReader

    page = seen.page
    page.locator("[data-tool=paper_sheet]").click()
    page.get_by_label("审图号").fill("粤S(2026)001号")
    for paper, turn, size in (
        ("A4", "landscape", (297, 210)),
        ("A3", "landscape", (420, 297)),
        ("A3", "portrait", (297, 420)),
    ):
        page.get_by_label("纸张").select_option(paper)
        page.get_by_label("方向").select_option(turn)
        seen.settled()
        document = PdfReader(io.BytesIO(page.pdf(prefer_css_page_size=True, print_background=True)))
        assert len(document.pages) == 1
        sheet = document.pages[0].mediabox
        assert (sheet.width * 25.4 / 72, sheet.height * 25.4 / 72) == pytest.approx(size, abs=0.5)
    text = page.inner_text(".eco-paper")
    for words in (
        "示例县一张图",
        "图例",
        "水田",
        "资料来源",
        "2000国家大地坐标系",
        "审图号：粤S(2026)001号",
        "仅供内部工作使用",
    ):
        assert words in text
    overflow = page.evaluate(
        "(() => { const l = document.querySelector('.eco-paper-legend'); return l.scrollHeight - l.clientHeight; })()"
    )
    assert overflow <= 1
    page.get_by_role("button", name="返回地图").click()
    assert page.is_visible(".eco-side")


def test_the_page_can_be_used_from_the_keyboard(seen: Seen) -> None:
    page = seen.page
    page.get_by_role("tab", name="图层").focus()
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.textContent") == "要素表"
    page.keyboard.press("ArrowRight")
    assert page.is_visible("#eco-tab-notes")
    assert "示例" in page.inner_text("#eco-tab-notes")
    page.locator(".folium-map").focus()
    before = page.evaluate("ecospace.page.map.getCenter().lng")
    page.keyboard.press("ArrowRight")
    seen.wait(f"ecospace.page.map.getCenter().lng > {before}")
    page.get_by_role("tab", name="图层").click()
    reached = set()
    for _step in range(60):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.tagName + (document.activeElement.type || '')"))
    assert {"BUTTONbutton", "INPUTcheckbox", "INPUTrange"} <= reached
    page.get_by_role("button", name="显示或隐藏面板").click()
    assert not page.is_visible(".eco-side")


def test_in_english(running: Any, tmp_path: Path) -> None:
    speak("en")
    seen = opened(running, write_map(web_map(county(), title="County", subtitle="Test"), tmp_path / "map.html"))
    seen.page.wait_for_selector("body[data-drawn=yes]")
    assert seen.page.get_attribute("html", "lang") == "en"
    own = re.sub(r"地类|红线|河流|监测站|乡镇|县界|管控|现状", "", seen.page.inner_text("body"))
    assert not re.findall(r"[\u4e00-\u9fff]+", own)
    assert "For internal work only" in own


def test_borders_have_no_gap_at_any_zoom(running: Any, tmp_path: Path) -> None:
    """A coverage of one colour on the ground of the page: within its outline no pixel is anything else."""
    land = parcels(size=30, jitter=7, corners=7)
    land["name"] = [str(i % 3) for i in range(len(land))]
    same = Style("same", "同色", "same", fill="#224466", line="")
    file_ = write_map(web_map([WebLayer(land, same, title="面")], title="缝"), tmp_path / "gap.html")
    seen = opened(running, file_)
    seen.page.wait_for_selector("body[data-drawn=yes]")
    seen.page.add_style_tag(content=".leaflet-control,.leaflet-eco-decor-pane{display:none!important}")
    middle = land.geometry.union_all().centroid
    longitude, latitude = TO_DEGREES.transform(middle.x, middle.y)
    for zoom in (13, 14, 15, 16, 18, 20):
        seen.page.evaluate(
            "([x, y, z]) => ecospace.page.map.setView([y, x], z, { animate: false })", [longitude, latitude, zoom]
        )
        seen.page.wait_for_timeout(50)
        seen.settled()
        picture = seen.colours()
        height, width = picture.shape[:2]
        metres = seen.page.evaluate("ecospace.metresPerPixel(ecospace.page.map)")
        half = int(min(1400 / metres, height / 2 - 2, width / 2 - 2))
        inner = picture[height // 2 - half : height // 2 + half, width // 2 - half : width // 2 + half].astype(int)
        # A seam lets half of the ground through (105 of 210 levels); a few levels are the rounding of soft edges.
        assert np.abs(inner - [0x22, 0x44, 0x66]).max() <= 15


@pytest.mark.slow
def test_a_red_line_of_half_a_million_vertices_does_not_freeze(running: Any, tmp_path: Path) -> None:
    angle = np.linspace(0, 2 * np.pi, 50_001)[:-1]
    generator = np.random.default_rng(3)
    parts = []
    for number in range(10):
        radius = 4000 * (1 + 0.2 * np.sin(9 * angle)) + generator.uniform(-8, 8, len(angle))
        centre = (EAST + 12_000 * (number % 5), NORTH + 12_000 * (number // 5))
        parts.append(
            shapely.polygons(np.column_stack([centre[0] + radius * np.cos(angle), centre[1] + radius * np.sin(angle)]))
        )
    red = frame([shapely.multipolygons(parts)], name=["红线"])
    assert shapely.get_num_coordinates(red.geometry.iloc[0]) > 500_000
    file_ = write_map(web_map([WebLayer(red, "eco_redline")], title="大红线", tolerance_m=0), tmp_path / "red.html")
    seen = opened(running, file_)
    seen.page.evaluate("""() => {
        window.longest = 0; let last = performance.now();
        setInterval(() => { const now = performance.now(); window.longest = Math.max(window.longest, now - last); last = now; }, 5);
    }""")
    seen.page.wait_for_selector("body[data-drawn=yes]")
    rounds = []
    for _round in range(3):  # the machine may be busy with other work: the best round tells what the page itself needs
        seen.page.evaluate("window.longest = 0")
        for zoom in (12, 15, 18, 13):
            seen.page.evaluate(
                "([x, y, z]) => ecospace.page.map.setView([y, x], z, { animate: false })", [*at(4000, 0), zoom]
            )
            seen.settled()
        rounds.append(seen.page.evaluate("window.longest"))
    assert min(rounds) < 1000
    assert seen.page.evaluate(
        "([x, y]) => ecospace.page.layers[0].shapes.at(...ecospace.toWorld(x, y), 1)", list(at(0, 0))
    ) == [0]
    assert seen.complaints == []
