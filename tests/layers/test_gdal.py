"""No module of ours imports a GDAL before the environment that makes it safe is set, whatever a program begins with."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SAMPLE = Path(__file__).resolve().parents[2] / "layers" / "sample"

#: Looks at the environment in the moment in which Python looks for a GDAL.
WATCH = """
import os, sys
class Watch:
    seen = []
    def find_spec(self, name, path=None, target=None):
        if name in ("pyogrio", "rasterio", "fiona"):
            assert "OGR_VRT" in os.environ.get("GDAL_SKIP", ""), f"{name} is imported before its environment is set"
            assert os.environ["GML_DOWNLOAD_SCHEMA"] == "NO"
            self.seen.append(name)
sys.meta_path.insert(0, Watch())
"""

ENTRIES = {
    "open_study": "from ecospace import open_study; study = open_study(sample); study.frame('townships')",
    "read_layer": "from ecospace import read_layer; read_layer(sample + '/sample_demo.gpkg', layer='boundary_demo')",
    "open_raster": "from ecospace.layers.raster import open_raster; open_raster(sample + '/dem_90m_demo.tif')",
    "inspect": "from ecospace.layers.inspect import inspect; inspect(sample + '/dem_90m_demo.tif')",
    "check": "from ecospace import open_study; from ecospace.check.checker import Checker; Checker(open_study(sample)).study.boundary",
    "map": "from ecospace.maps.atlas import StudyLayers; from ecospace import open_study; "
    "StudyLayers(open_study(sample)).frame('redline')",
    "deliver": "import ecospace.layers.deliver, fiona",
    "demo": "import ecospace.demo.writing",
    "space": "from ecospace.space import grid; from rasterio.features import rasterize",
}


@pytest.mark.parametrize("entry", ENTRIES)
def test_the_environment_is_set_before_any_gdal(entry: str) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("GDAL_", "GML_", "OGR_"))}
    program = f"{WATCH}\nsample = {str(SAMPLE)!r}\n{ENTRIES[entry]}\nassert Watch.seen, 'no GDAL was imported at all'"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
