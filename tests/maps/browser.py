"""A browser without a network, and a small county to look at."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely

from ecospace.maps.coded import WebLayer

EAST, NORTH = 38_400_000.0, 2_480_000.0  # EPSG:4526, west of CM 114
CHROMIUM = Path("/usr/bin/chromium")


@dataclass
class Seen:
    """A page that was opened, and everything that it asked for or complained about."""

    page: Any
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def settled(self) -> None:
        """Wait until everything shown is drawn."""
        self.page.evaluate("ecospace.settled()")

    def wait(self, condition: str) -> None:
        """Wait for a condition in the page; the page itself may not evaluate text, so it is asked from outside."""
        for _try in range(200):
            if self.page.evaluate(condition):
                return
            self.page.wait_for_timeout(25)
        raise AssertionError(f"never came true: {condition}")

    def map_box(self) -> dict[str, float]:
        return self.page.locator(".folium-map").bounding_box()

    def colours(self) -> np.ndarray:
        """The pixels of the map as it is seen: height, width, RGB."""
        import io

        from PIL import Image

        picture = Image.open(io.BytesIO(self.page.locator(".folium-map").screenshot())).convert("RGB")
        return np.asarray(picture)

    def place_on_page(self, longitude: float, latitude: float) -> tuple[float, float]:
        at = self.page.evaluate("([x, y]) => ecospace.page.map.latLngToContainerPoint([y, x])", [longitude, latitude])
        box = self.map_box()
        return box["x"] + at["x"], box["y"] + at["y"]


@contextmanager
def browser() -> Iterator[Any]:
    """Chromium, headless, software drawing."""
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as play:
        path = str(CHROMIUM) if CHROMIUM.exists() else None
        running = play.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        yield running
        running.close()


def opened(running: Any, path: Path, *, width: int = 1280, height: int = 800) -> Seen:
    """A page opened from its file, with the network off; requests other than the file itself are noted."""
    context = running.new_context(viewport={"width": width, "height": height}, offline=True)
    page = context.new_page()
    seen = Seen(page)
    page.on("request", lambda request: seen.requests.append(request.url))
    # What the page's own policy stopped has not been asked for.
    stopped: list[str] = []
    page.on("requestfailed", lambda request: stopped.append(request.url) if "csp" in (request.failure or "") else None)
    page.on("requestfailed", lambda request: request.url in stopped and seen.requests.remove(request.url))
    page.on("console", lambda message: seen.complaints.append(message.text) if message.type != "log" else None)
    page.on("pageerror", lambda error: seen.complaints.append(str(error)))
    page.on("dialog", lambda dialog: (seen.complaints.append("dialog: " + dialog.message), dialog.dismiss()))
    address = path.resolve().as_uri()
    page.goto(address)
    seen.requests[:] = [url for url in seen.requests if url != address and not url.startswith(("data:", "blob:"))]
    return seen


def box(x: float, y: float, width: float, height: float) -> Any:
    return shapely.box(EAST + x, NORTH + y, EAST + x + width, NORTH + y + height)


def frame(shapes: list[Any], **columns: Any) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(columns, geometry=shapes, crs="EPSG:4526")


def county() -> list[WebLayer]:
    """20 by 16 km: land, a red line in two versions, a river, stations, two towns and the boundary."""
    land = [box(2000 * i, 2000 * j, 2000, 2000) for i in range(10) for j in range(8)]
    codes = [("0101", "0301", "0701", "1101")[(i + j) % 4] for i in range(10) for j in range(8)]
    names = [f"图斑{i:03d}" for i in range(80)]
    old = [box(3000, 3000, 6000, 5000)]
    new = [box(3500, 3000, 6000, 5000), box(13_000, 9000, 4000, 4000)]
    river = [
        shapely.linestrings([(EAST - 500, NORTH + 7000), (EAST + 9000, NORTH + 9000), (EAST + 20_500, NORTH + 5000)])
    ]
    stations = [shapely.points(EAST + x, NORTH + y) for x, y in [(5000, 12_000), (16_000, 3000)]]
    towns = [box(0, 0, 10_000, 16_000), box(10_000, 0, 10_000, 16_000)]
    return [
        WebLayer(frame(land, code=codes, name=names, area_m2=[4e6] * 80), by="code", system="dlbm", title="地类", group="现状",
                 columns={"name": "名称", "code": "编码", "area_m2": "面积（平方米）"}, source="示例"),
        WebLayer(frame(river, name=["示例河"]), "river", title="河流", group="现状"),
        WebLayer(frame(old, name=["旧红线"]), "eco_redline", title="红线 2018", side="before", group="管控"),
        WebLayer(frame(new, name=["新红线甲", "新红线乙"]), "eco_redline", title="红线 2024", side="after", group="管控"),
        WebLayer(frame(stations, name=["站甲", "站乙"]), "station", title="监测站", label="name", group="现状"),
        WebLayer(frame(towns, name=["东镇", "西镇"]), "townships", title="乡镇", label="name", group="现状"),
        WebLayer(frame([box(0, 0, 20_000, 16_000)], name=["示例县"]), "boundary", title="县界", group="现状"),
    ]  # fmt: skip
