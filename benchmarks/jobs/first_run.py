"""Parcels × red line × township from the original files: first run, everything included."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchmarks.harness import Bar
from benchmarks.jobs.overlay import by_town, crossed_with_shapely

if TYPE_CHECKING:
    from benchmarks.harness import Data


def ecospace(data: Data) -> dict[str, float]:
    """GeoPackage certified into the study CRS, zones too, then crossed; nothing is there before."""
    import shutil
    import tempfile
    from pathlib import Path

    from benchmarks.workload import study_crs
    from ecospace.layers.store import prepare_store
    from ecospace.space.stream import stream_area

    crs = study_crs()
    folder = Path(tempfile.mkdtemp(dir=data.sized))
    try:
        sources = {
            "parcels": data.sized / "parcels.gpkg", "redline": data.plain("redline"), "townships": data.plain("townships"),
        }  # fmt: skip
        stores = {name: prepare_store(path, folder / f"{name}.parquet", crs) for name, path in sources.items()}
        table = stream_area(stores["parcels"], {"line": stores["redline"], "town": stores["townships"]}, by="DLBM")
    finally:
        shutil.rmtree(folder)
    return by_town(zip(table["town"], table["area_m2"], strict=True))


def shapely_threads(data: Data) -> dict[str, float]:
    """The same steps with geopandas and shapely in 2 threads."""
    import geopandas as gpd
    import numpy as np
    import pyproj

    crs = pyproj.CRS.from_wkt((data.folder / "study_crs.wkt").read_text())

    def valid(frame: Any) -> Any:
        invalid = ~frame.is_valid
        if invalid.any():
            fixed = frame.geometry[invalid].make_valid(method="structure", keep_collapsed=False)
            frame.loc[invalid, "geometry"] = fixed
        return frame

    def fit(frame: Any) -> Any:
        frame = valid(frame)
        frame = valid(frame.set_geometry(frame.geometry.segmentize(50)).to_crs(crs))
        return np.asarray(frame.geometry.array)

    parcels = fit(gpd.read_file(data.sized / "parcels.gpkg", use_arrow=True))
    towns = gpd.read_parquet(data.plain("townships"))
    lines, ground = fit(gpd.read_parquet(data.plain("redline"))), fit(towns)
    return dict(zip(towns["XZQDM"], crossed_with_shapely(parcels, lines, ground), strict=True))


OURS = {"ecospace": ecospace}
PEERS = {"geopandas and shapely, 2 threads": shapely_threads}
BARS = [Bar("wall", 1 / 3)]
