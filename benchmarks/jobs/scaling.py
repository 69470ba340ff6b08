"""Cost grows linearly: parcels × red line × township, the same store streamed once, twice, and four times over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.jobs.overlay import by_town

if TYPE_CHECKING:
    from benchmarks.harness import Data


def times(data: Data, copies: int) -> dict[str, float]:
    """The store's rows so many times over, crossed at no more than 2 GB; totals divided by the copies."""
    from ecospace.layers.store import Store, open_store
    from ecospace.space.stream import stream_area

    class Repeated(Store):
        """A store whose rows come again and again."""

        def batches(self, columns, *, groups=None):  # type: ignore[no-untyped-def]
            for _ in range(copies):
                yield from super().batches(columns, groups=groups)

    plain = open_store(data.store("parcels"))
    certificate = dict(plain.certificate or {})
    certificate |= {"rows": copies * certificate["rows"], "area_m2": copies * certificate["area_m2"]}
    store = Repeated(plain.path, plain.rows, plain.columns, plain.geometry, plain.crs_text, certificate)
    zones = {"line": open_store(data.store("redline")), "town": open_store(data.store("townships"))}
    table = stream_area(store, zones, by="DLBM", memory_mb=2_000)
    return {town: area / copies for town, area in by_town(zip(table["town"], table["area_m2"], strict=True)).items()}


OURS = {
    "once": lambda data: times(data, 1),
    "twice": lambda data: times(data, 2),
    "four times": lambda data: times(data, 4),
}
PEERS: dict[str, object] = {}
