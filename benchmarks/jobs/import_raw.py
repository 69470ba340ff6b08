"""Import of a GeoPackage of parcels, as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.harness import Bar

if TYPE_CHECKING:
    from benchmarks.harness import Data


def ecospace(data: Data) -> dict[str, float]:
    """Into GeoParquet, ready to stream."""
    from ecospace.layers.store import import_store

    store = import_store(data.sized / "parcels.gpkg", data.sized / "scratch.parquet")
    store.path.unlink()
    return {"rows": store.rows}


def geopandas_read(data: Data) -> dict[str, float]:
    """Into memory only: read_file with use_arrow."""
    import geopandas as gpd

    return {"rows": len(gpd.read_file(data.sized / "parcels.gpkg", use_arrow=True))}


def geopandas_store(data: Data) -> dict[str, float]:
    """Into GeoParquet as well."""
    import geopandas as gpd

    frame = gpd.read_file(data.sized / "parcels.gpkg", use_arrow=True)
    target = data.sized / "scratch_peer.parquet"
    frame.to_parquet(target)
    target.unlink()
    return {"rows": len(frame)}


OURS = {"ecospace": ecospace}
PEERS = {"geopandas read_file(use_arrow=True)": geopandas_read, "geopandas read_file, to_parquet": geopandas_store}
ONCE = {"geopandas read_file, to_parquet"}
BARS = [Bar("wall", 0.5, against="use_arrow"), Bar("memory", 0.5, against="use_arrow")]
