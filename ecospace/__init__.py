"""ecospace: ecological-space analysis for planners (生态空间分析工具).

The public names, in the order in which a study uses them. Each is imported when it is first used.

Importing the package makes GDAL safe for the process: `ecospace.layers.gdal` sets the environment that pyogrio and rasterio
read when they are imported, so whichever module of ours imports them first, drivers that read other files or call the
network are not there.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from ecospace.layers import gdal as _gdal

__version__ = "0.1.0"

_HOME = {
    "open_study": "ecospace.study",
    "Study": "ecospace.study",
    "read_layer": "ecospace.layers.read",
    "Layer": "ecospace.layers.layer",
    "StudyCRS": "ecospace.crs",
    "Finding": "ecospace.findings",
    "EcospaceError": "ecospace.errors",
    "coverage": "ecospace.measure.coverage",
    "Coverage": "ecospace.measure.coverage",
    "forest_cover": "ecospace.measure.cover",
    "Cover": "ecospace.measure.cover",
    "explain": "ecospace.measure.cover",
    "run_study": "ecospace.run",
    "check_site": "ecospace.check.checker",
    "check_sites": "ecospace.check.checker",
    "web_map": "ecospace.maps.web",
    "write_map": "ecospace.maps.page",
    "plan_figure": "ecospace.maps.figure",
    "MapLayer": "ecospace.maps.maplayer",
    "cross_area": "ecospace.space.overlay",
    "model_corridors": "ecospace.measure.connectivity",
    "Table": "ecospace.report.table",
    "study_tables": "ecospace.report.study_tables",
    "save_outputs": "ecospace.report.outputs",
}

_gdal.prepare_environment()

__all__ = ["__version__", *_HOME]  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module 'ecospace' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOME])
