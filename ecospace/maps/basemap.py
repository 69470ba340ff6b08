"""What may lie under the layers: nothing by default; the user's own tile service; a photograph from the user's disk.

A page with a tile service is no longer offline. The key of a service is the user's: a page asks for it, and it is not
written into a file unless the user says so.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ecospace.errors import MapError
from ecospace.language import _, current
from ecospace.terms import standard


@dataclass(frozen=True)
class Basemap:
    """A tile service (在线底图), named by the user.

    Parameters
    ----------
    title : str
        What the layer tree says.
    url : str
        XYZ or WMTS address with ``{x}``, ``{y}``, ``{z}``, Web Mercator tiles; ``{s}`` for `subdomains` and ``{key}``
        for the user's key.
    key : str
        The user's own key. It stays in memory: see `write_map`.
    attribution : str
        Whom the service wants to be named.
    subdomains : str
        One character each.
    max_zoom : int
        The service has no finer tiles.
    shown : bool
        Whether it is drawn when the map opens.

    Raises
    ------
    MapError
        E-MAP-45: not an address of tiles. E-MAP-46: tiles with shifted coordinates (GCJ-02, BD-09). E-MAP-47: tiles in
        degrees.
    """

    title: str
    url: str
    key: str = ""
    attribution: str = ""
    subdomains: str = "abc"
    max_zoom: int = 18
    shown: bool = True

    def __post_init__(self) -> None:
        require_unshifted(self.url)
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not all(word in self.url for word in ("{x}", "{y}", "{z}")):
            raise MapError(
                "E-MAP-45",
                _("'{url}' is not an address of map tiles.").format(url=self.url),
                cure=_(
                    "Write it with {{x}}, {{y}} and {{z}}, e.g. http://10.0.0.8/tiles/{{z}}/{{x}}/{{y}}.png"
                ).format(),
            )
        if any(word in self.url.lower() for word in ("tilematrixset=c&", "_c/wmts")):
            raise MapError(
                "E-MAP-47",
                _("'{url}' gives tiles in degrees; on this map they would lie in the wrong place.").format(
                    url=self.url
                ),
                cure=_("Use the Web Mercator set of the same service (its name ends in _w)."),
            )

    @property
    def hosts(self) -> list[str]:
        """The origins that the page may ask for pictures."""
        parts = urlsplit(self.url)
        names = (
            [parts.netloc.replace("{s}", letter) for letter in self.subdomains]
            if "{s}" in parts.netloc
            else [parts.netloc]
        )
        return [f"{parts.scheme}://{name}" for name in names]

    def as_dict(self, *, keep_key: bool) -> dict[str, Any]:
        """For the page."""
        options = {"subdomains": self.subdomains, "maxNativeZoom": self.max_zoom, "maxZoom": 22}
        return {"title": self.title, "url": self.url, "attribution": self.attribution, "options": options,
                "shown": self.shown, "key": self.key if keep_key else ""}  # fmt: skip


def tianditu(kind: str = "vec", *, key: str = "") -> tuple[Basemap, ...]:
    """天地图: the national map service (CGCS2000, not shifted), tiles and names as two basemaps.

    Parameters
    ----------
    kind : str
        ``"vec"`` (矢量), ``"img"`` (影像) or ``"ter"`` (地形).
    key : str
        The user's own ``tk``; without one, the page asks for it.
    """
    service = standard("basemaps")["tianditu"]
    if kind not in service["layers"]:
        text = _("天地图 has no layer '{kind}'.").format(kind=kind)
        raise MapError("E-MAP-45", text, cure=", ".join(service["layers"]))
    return tuple(
        Basemap(
            entry["zh"] if current() == "zh" else entry["en"],
            service["url"].replace("{layer}", entry["layer"]),
            key=key,
            attribution=service["attribution"],
            subdomains=service["subdomains"],
        )
        for entry in service["layers"][kind]
    )


def require_unshifted(url: str) -> None:
    """Refuse tiles whose coordinates are shifted by hundreds of metres: a red line on them lies in the wrong place."""
    host = (urlsplit(url).hostname or "").lower()
    for shifted in standard("basemaps")["shifted"]:
        if any(host == name or host.endswith("." + name) for name in shifted["hosts"]):
            raise MapError(
                "E-MAP-46",
                _("the tiles of {host} are in {system}, 100 to 700 m off: a red line would lie on other ground.")
                .format(host=host, system=shifted["system"]),
                cure=_("Use 天地图 with your own key, or a tile service of your own network."),
            )  # fmt: skip


def photograph(path: str | Path, *, title: str = "", most_pixels: int = 4096, opacity: float = 1.0) -> Any:
    """A local orthophoto (正射影像) as an image that stands inside the page: add it to the map.

    Parameters
    ----------
    path : str or Path
        A GeoTIFF with one or three bands of bytes, in any CRS.
    title : str
        Its name; the file name by default.
    most_pixels : int
        Longer sides are sampled down to this, so that the page stays small.
    opacity : float
        0 to 1.

    Returns
    -------
    folium.raster_layers.ImageOverlay

    Raises
    ------
    MapError
        E-MAP-48: the picture has no place (no CRS), or is not one of bytes.
    CRSError
        E-CRS-03: it lies on a datum whose shift is unknown.
    """
    import numpy as np
    import rasterio
    from affine import Affine
    from folium.raster_layers import ImageOverlay
    from pyproj import CRS
    from rasterio.enums import Resampling
    from rasterio.io import MemoryFile
    from rasterio.vrt import WarpedVRT
    from rasterio.warp import transform_bounds

    from ecospace.crs import geographic_of, require_known_shift

    with rasterio.open(path) as source:
        if source.crs is None or any(kind != "uint8" for kind in source.dtypes):
            text = _("the picture has no coordinate system, or is not a picture of bytes (8 bits a band).")
            raise MapError("E-MAP-48", text, cure=_("Export it as an 8-bit GeoTIFF in CGCS2000."), file=path)
        # What lies on a known datum is straightened to the screen's projection; an unknown shift is refused.
        require_known_shift(geographic_of(CRS.from_wkt(source.crs.to_wkt())), CRS.from_epsg(4490), layer=str(path))
        with WarpedVRT(source, crs="EPSG:3857", resampling=Resampling.bilinear, add_alpha=True) as flat:
            shrink = max(1.0, max(flat.width, flat.height) / most_pixels)
            shape = (max(1, int(flat.height / shrink)), max(1, int(flat.width / shrink)))
            bands = flat.read(out_shape=(flat.count, *shape), resampling=Resampling.average)
            west, south, east, north = transform_bounds("EPSG:3857", "EPSG:4326", *flat.bounds)
    colours = bands[:3] if len(bands) >= 4 else np.repeat(bands[:1], 3, axis=0)
    image = np.concatenate([colours, bands[-1:]])
    kind = "WEBP" if _writes_webp() else "PNG"
    # A place is written only to keep the library from complaining that there is none; the page knows the corners.
    profile = {
        "width": shape[1],
        "height": shape[0],
        "count": 4,
        "dtype": "uint8",
        "transform": Affine(2, 0, 0, 0, -2, 0),
    }
    with MemoryFile() as memory:
        with memory.open(driver=kind, **profile) as out:
            out.write(image)
        data = memory.read()
    overlay = ImageOverlay(
        f"data:image/{kind.lower()};base64," + base64.b64encode(data).decode(),
        [[south, west], [north, east]],
        opacity=opacity,
        name=title or Path(path).stem,
    )
    overlay.options |= {"pane": "tilePane", "alt": title or Path(path).stem}
    return overlay


def _writes_webp() -> bool:
    from rasterio.drivers import raster_driver_extensions

    return "webp" in raster_driver_extensions()
