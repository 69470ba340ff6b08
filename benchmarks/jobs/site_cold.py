"""Site check, cold: one site, one command, a fresh process; every source file hashed again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.harness import Bar

if TYPE_CHECKING:
    from benchmarks.harness import Data

EAST, NORTH, RADIUS_M = 498_000.0, 3_349_000.0, 120.0


def ecospace(data: Data) -> dict[str, float]:
    """The command as it is typed: a TXT of the surveyor, the sentence, a JSON."""
    import contextlib
    import io
    import json

    from benchmarks.sites import study_folder
    from ecospace.cli import main

    folder = study_folder(data)
    out = folder / "site.json"
    with contextlib.suppress(SystemExit), contextlib.redirect_stdout(io.StringIO()):
        main(["check", str(site_file(data)), "--study", str(folder), "-o", str(out), "--on", "2026-01-01"])
    [result] = json.loads(out.read_text(encoding="utf-8"))
    layers = {item["key"]: item for item in result["layers"]}
    return {
        key: layers[key]["area_m2"] or -layers[key]["distance_m"]
        for key in ("redline", "protected", "water", "farmland")
    }


def geopandas_plain(data: Data) -> dict[str, float]:
    """Read the layers, overlay, nearest distance."""
    import geopandas as gpd

    from benchmarks.sites import study_folder

    folder = study_folder(data)
    site = gpd.GeoSeries.from_wkt([site_wkt()], crs=4547).iloc[0]
    out = {}
    for key in ("redline", "protected", "water", "farmland", "rivers"):
        layer = gpd.read_parquet(folder / f"{key}.parquet")
        hit = layer[layer.intersects(site)]
        out[key] = float(hit.intersection(site).area.sum()) if len(hit) else -float(layer.distance(site).min())
    out.pop("rivers")
    return out


def corners() -> list[tuple[float, float]]:
    """A site of 24 corners on the millimetre."""
    import math

    return [(round(EAST + RADIUS_M * math.cos(k * math.pi / 12), 3), round(NORTH + RADIUS_M * math.sin(k * math.pi / 12), 3))
            for k in range(24)]  # fmt: skip


def site_wkt() -> str:
    ring = ", ".join(f"{east} {north}" for east, north in [*corners(), corners()[0]])
    return f"POLYGON (({ring}))"


def site_file(data: Data) -> object:
    """The site as a boundary-point TXT, clockwise from the north."""
    path = data.folder / "site.txt"
    points = [*corners()[::-1], corners()[-1]]
    lines = [f"J{k % 24 + 1},1,{north:.3f},{east:.3f}" for k, (east, north) in enumerate(points)]
    head = "[属性描述]\n坐标系=2000国家大地坐标系\n几度分带=3\n投影类型=高斯克吕格\n计量单位=米\n带号=38\n精度=0.001\n转换参数=,,,,,,\n[地块坐标]\n"
    path.write_text(head + "25,,S1,site,面,,建设用地,,@\n" + "\n".join(lines) + "\n", encoding="utf-8")
    return path


OURS = {"ecospace": ecospace}
PEERS = {"geopandas, whole layers": geopandas_plain}
BARS = [Bar("wall", 0.75, against="geopandas")]
