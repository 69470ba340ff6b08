"""Writing the web map of land parcels, beside folium's own GeoJson.

The browser's side of it (first draw, zoom; needs Chromium) is measured by this file itself:

    python -m benchmarks.jobs.webmap DATA 10000 50000                  all peers, one JSON line each
    python -m benchmarks.jobs.webmap DATA 100000 --peers ecospace

DATA is made by `scripts/bench make`. Both pages show the same features in the same colours by class, with the same attributes
on a click. Folium's page takes Leaflet from the same disk, so that no network counts against it; the clock of the browser starts
with the navigation and stops two frames after everything is drawn. Zoom is the time until all tiles (or shapes) of the new view
stand. `answering` is the share of 2000 features, spread over the layer, that answer to a click on a point inside them.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.harness import Bar

if TYPE_CHECKING:
    from benchmarks.harness import Data

PAGES = ("ecospace", "folium", "folium-canvas")
ZOOMS = (1, 1, 1, 1, 1, -1, -1, -1, -1, -1)
FRAMES = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now()))))"
#: Whether the feature of a number is among those that answer at a place inside it.
ANSWERS = """places => places.filter(([number, x, y]) =>
    ecospace.page.layers[0].shapes.at(...ecospace.toWorld(x, y), 1).includes(number)).length / places.length"""


def inner_places(parcels: Path) -> list[list[float]]:
    """Number, longitude and latitude of a point inside each of 2000 features."""
    import geopandas as gpd

    frame = gpd.read_parquet(parcels, columns=["geometry"])
    numbers = range(0, len(frame), max(1, len(frame) // 2000))
    inside = frame.geometry.iloc[list(numbers)].representative_point().to_crs(4490)
    return [[number, point.x, point.y] for number, point in zip(numbers, inside, strict=True)]


def write(peer: str, parcels: Path, target: Path) -> dict[str, Any]:
    """Write the page of one peer; the data are read and the packages imported before the clock starts."""
    import geopandas as gpd

    from ecospace.maps.style import styles_of

    frame = gpd.read_parquet(parcels)
    if peer == "ecospace":
        from ecospace.maps.coded import WebLayer
        from ecospace.maps.page import write_map
        from ecospace.maps.web import web_map

        started = time.perf_counter()
        map_ = web_map([WebLayer(frame, by="DLBM", system="dlbm", title="地类图斑")], title="地类图斑")
        write_map(map_, target)
        displacement = next(iter(map_._children.values())).coded.displacement_m
    else:
        import folium

        from ecospace.maps.leaflet import leaflet_css, leaflet_js

        (target.parent / "leaflet.js").write_text(leaflet_js(), "utf-8")
        (target.parent / "leaflet.css").write_text(leaflet_css(), "utf-8")
        colours = {code: style.fill for code, style in styles_of(frame["DLBM"], "dlbm").items()}
        started = time.perf_counter()
        degrees = frame.to_crs(4326)
        west, south, east, north = degrees.total_bounds
        map_ = folium.Map(tiles=None, prefer_canvas=peer == "folium-canvas")
        map_.default_js, map_.default_css = [("leaflet", "leaflet.js")], [("leaflet_css", "leaflet.css")]
        fields = [name for name in frame.columns if name != "geometry"]
        folium.GeoJson(
            degrees,
            style_function=lambda feature: {
                "fillColor": colours[feature["properties"]["DLBM"]], "fillOpacity": 1, "color": "#8A8A8A", "weight": 0.3},
            popup=folium.GeoJsonPopup(fields),
        ).add_to(map_)  # fmt: skip
        map_.fit_bounds([[south, west], [north, east]])
        map_.save(str(target))
        displacement = 0.0
    return {
        "write_s": time.perf_counter() - started,
        "mb": target.stat().st_size / 1e6,
        "features": len(frame),
        "vertices": int(frame.geometry.count_coordinates().sum()),
        "median_vertices": float(frame.geometry.count_coordinates().median()),
        "displacement_m": displacement,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def look(peer: str, page: Path, chromium: str, places: list[list[float]]) -> dict[str, Any]:
    """Open the page with the network off; first draw, then zoom in and out."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        tab = browser.new_context(viewport={"width": 1440, "height": 900}, offline=True).new_page()
        tab.set_default_timeout(600_000)
        tab.goto(page.resolve().as_uri(), wait_until="load", timeout=600_000)
        if peer == "ecospace":
            tab.wait_for_selector("body[data-drawn=yes]")
            first = tab.evaluate("ecospace.firstDrawn")
            step = """async by => { const map = ecospace.page.map; const from = performance.now();
                map.setZoom(map.getZoom() + by, { animate: false }); return await ecospace.settled() - from; }"""
        else:
            first = tab.evaluate(FRAMES)
            name = tab.evaluate("Object.keys(window).find(key => key.startsWith('map_'))")
            step = f"""async by => {{ const map = window['{name}']; const from = performance.now();
                map.setZoom(map.getZoom() + by, {{ animate: false }}); return await {FRAMES} - from; }}"""
        answering = tab.evaluate(ANSWERS, places) if peer == "ecospace" else 1.0
        zooms = sorted(tab.evaluate(step, by) / 1000 for by in ZOOMS)
        browser.close()
    return {
        "first_s": first / 1000,
        "answering": answering,
        "zoom_p50_s": statistics.median(zooms),
        "zoom_p95_s": zooms[min(len(zooms) - 1, round(0.95 * len(zooms)))],
    }


def written(peer: str, data: Data) -> dict[str, float]:
    """Write one page and forget it; the totals are what stands in it."""
    with tempfile.TemporaryDirectory() as folder:
        record = write(peer, data.plain("parcels"), Path(folder) / "map.html")
    return {"features": record["features"], "vertices": record["vertices"]}


def ecospace(data: Data) -> dict[str, float]:
    return written("ecospace", data)


def folium(data: Data) -> dict[str, float]:
    return written("folium", data)


OURS = {"ecospace": ecospace}
PEERS = {"folium": folium}
BARS = [Bar("wall", 0.5, against="folium")]


def main() -> None:
    """Write in child processes, look from here, print one JSON line for each peer and size."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("data", type=Path)
    arguments.add_argument("sizes", nargs="+", type=int)
    arguments.add_argument("--peers", nargs="+", default=list(PAGES), choices=PAGES)
    arguments.add_argument("--rounds", type=int, default=1)
    arguments.add_argument("--chromium", default="/usr/bin/chromium")
    arguments.add_argument("--write", metavar="TARGET", type=Path, help=argparse.SUPPRESS)
    chosen = arguments.parse_args()
    if chosen.write:
        parcels = chosen.data / f"n{chosen.sizes[0]}" / "parcels.parquet"
        print(json.dumps(write(chosen.peers[0], parcels, chosen.write)))
        return
    for size in chosen.sizes:
        places = inner_places(chosen.data / f"n{size}" / "parcels.parquet")
        for _round in range(chosen.rounds):
            for peer in chosen.peers:
                with tempfile.TemporaryDirectory() as folder:
                    page = Path(folder) / f"{peer}.html"
                    command = [
                        sys.executable,
                        "-m",
                        "benchmarks.jobs.webmap",
                        str(chosen.data),
                        str(size),
                        "--peers",
                        peer,
                        "--write",
                        str(page),
                    ]
                    child = subprocess.run(command, check=True, capture_output=True, text=True)
                    record = {
                        "peer": peer,
                        "size": size,
                        **json.loads(child.stdout),
                        **look(peer, page, chosen.chromium, places),
                    }
                print(
                    json.dumps({name: round(v, 3) if isinstance(v, float) else v for name, v in record.items()}),
                    flush=True,
                )


if __name__ == "__main__":
    main()
