"""Leaflet's own files, from the declared package XStatic-Leaflet."""

from __future__ import annotations

import base64
import re
from functools import lru_cache
from importlib import import_module
from pathlib import Path

from ecospace.errors import MapError
from ecospace.language import _


def _folder() -> Path:
    try:
        return Path(import_module("xstatic.pkg.leaflet").BASE_DIR)
    except ImportError as error:
        text = _("Leaflet's files are not here (package XStatic-Leaflet), so no web map can be written.")
        raise MapError("E-MAP-43", text, cure="pip install xstatic-leaflet") from error


def _embedded(name: str) -> str:
    data = (_folder() / "images" / name).read_bytes()
    return "data:image/png;base64," + base64.b64encode(data).decode("ascii")


@lru_cache(maxsize=1)
def leaflet_js() -> str:
    """Leaflet's script, with its marker pictures inside."""
    text = (_folder() / "leaflet.js").read_text("utf-8")
    text = re.sub(r"//# sourceMappingURL=.*", "", text)
    icon = (
        f'L.Icon.Default.imagePath="";L.Icon.Default.mergeOptions({{iconUrl:"{_embedded("marker-icon.png")}",'
        f'iconRetinaUrl:"{_embedded("marker-icon-2x.png")}",shadowUrl:"{_embedded("marker-shadow.png")}"}});'
    )
    return f"{text}\n{icon}"


@lru_cache(maxsize=1)
def leaflet_css() -> str:
    """Leaflet's style sheet, with its pictures inside."""
    text = (_folder() / "leaflet.css").read_text("utf-8")
    text = re.sub(r"\s*behavior: url\(#default#VML\);", "", text)
    return re.sub(r"url\(images/([\w.-]+)\)", lambda match: f"url({_embedded(match[1])})", text)
