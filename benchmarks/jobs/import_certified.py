"""Import of a GeoPackage of parcels, certified: valid, edges ≤ 50 m, in the study CRS, valid again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.harness import Bar

if TYPE_CHECKING:
    from benchmarks.harness import Data


def ecospace(data: Data) -> dict[str, float]:
    from benchmarks.workload import study_crs
    from ecospace.layers.store import prepare_store

    store = prepare_store(data.sized / "parcels.gpkg", data.sized / "scratch_certified.parquet", study_crs())
    store.path.unlink()
    assert store.certificate is not None
    return {"rows": store.rows, "area_m2": store.certificate["area_m2"]}


def plain_script(data: Data) -> dict[str, float]:
    """What one writes with geopandas to the same end."""
    import geopandas as gpd
    import pyproj

    crs = pyproj.CRS.from_wkt((data.folder / "study_crs.wkt").read_text())
    frame = gpd.read_file(data.sized / "parcels.gpkg", use_arrow=True)
    for step in ("as drawn", "transformed"):
        invalid = ~frame.is_valid
        if invalid.any():
            fixed = frame.geometry[invalid].make_valid(method="structure", keep_collapsed=False)
            frame.loc[invalid, "geometry"] = fixed
        if step == "as drawn":
            frame = frame.set_geometry(frame.geometry.segmentize(50)).to_crs(crs)
    target = data.sized / "scratch_script.parquet"
    frame.to_parquet(target)
    target.unlink()
    return {"rows": len(frame), "area_m2": float(frame.area.sum())}


OURS = {"ecospace": ecospace}
PEERS = {"geopandas script": plain_script}
BARS = [Bar("wall", 0.5), Bar("memory", 0.5)]
