"""Areas of layers larger than memory: a certified store streams past zones that are cut once, row group by row group.

The sums of one row group do not depend on where they are computed, and are merged in the order of the groups: one
thread, many threads and a cluster of machines give the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

import numpy as np

from ecospace.errors import DataError, UsageError
from ecospace.language import _
from ecospace.layers.store import Store, open_store, require_certified
from ecospace.space.zone_layers import ZoneLayers, prepared, shares_of, zone_layers

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd
    import pyarrow as pa

#: Square metres; as in ecospace.space.overlay.
NOISE_M2 = 1e-6
#: What the interpreter, its libraries and the zones need beside the rows, in megabytes.
BASE_MB = 400
#: Megabytes of memory that a row group needs for each megabyte of it when decoded.
PER_GROUP = 3

Array = np.ndarray[Any, Any]
Key = tuple[Any, ...]
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Partial:
    """The sums of one row group: square metres by zones and classes, rows, and the whole area of its features."""

    sums: dict[Key, float]
    rows: int
    area_m2: float


def stream_area(
    features: Store | str | Path,
    zones: gpd.GeoDataFrame | Store | Mapping[str, gpd.GeoDataFrame | Store],
    *,
    by: str | Sequence[str] = (),
    memory_mb: int = 2_000,
    scheduler: Any = None,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """As :func:`ecospace.space.overlay.cross_area`, for a certified store of any size (大图层分块叠加).

    Parameters
    ----------
    features : Store or path
        Certified (ecospace prepare … --study …).
    zones : GeoDataFrame or Store, or two by name
        Valid polygons in the store's CRS. A frame is indexed by zone code; of a store, the first column is the code.
    by : str or sequence of str
        Columns of the store.
    memory_mb : int
        What the process may use, in megabytes.
    scheduler : str or dask.distributed.Client, optional
        Run on a Dask cluster: ``"tcp://192.168.1.10:8786"``. Its workers must see the store under the same path.
    progress : callable, optional
        Called as (groups done, groups in all).

    Returns
    -------
    DataFrame
        zone (or one column for each name), the columns of `by`, area_m2; sorted by zones and `by`.

    Raises
    ------
    DataError
        The store is not certified (E-DATA-63), or its rows are not those of its certificate (E-DATA-64).
    UsageError
        One row group does not fit into the memory allowed (E-USE-61).
    """
    # Importing pandas takes as long as 200 000 parcels: it is done while the kernels work, which hold no lock.
    Thread(target=import_module, args=("pandas",), daemon=True).start()
    store = features if isinstance(features, Store) else open_store(features)
    columns = [by] if isinstance(by, str) else list(by)
    layers = zone_layers(zones, store)
    _require_columns(store, columns)
    groups = _require_memory(store, memory_mb)
    if scheduler is None:
        parts = _here(store, columns, layers)
    else:
        from ecospace.space.cluster import on_cluster

        parts = on_cluster(scheduler, store, columns, layers, groups)
    merged = _merged(parts, groups, progress)
    _require_whole(store, merged)
    return _table(merged.sums, columns, layers)


def sums_of_group(path: Path, columns: list[str], layers: ZoneLayers, group: int) -> Partial:
    """The sums of one row group; what a worker of a cluster runs."""
    (batch,) = open_store(path).batches(columns, groups=[group])
    return sums_of(batch, columns, layers)


def sums_of(batch: pa.RecordBatch, columns: list[str], layers: ZoneLayers) -> Partial:
    """Square metres of the rows of a batch by zones and classes."""
    feature, places, area_m2, whole_m2 = shares_of(batch.column(len(columns)), prepared(layers), len(layers.names))
    values, label = _labels(batch, columns)
    keys = np.column_stack([places, label[feature]])
    sums: dict[Key, float] = {}
    if len(keys):
        unique, inverse = np.unique(keys, axis=0, return_inverse=True)
        areas = np.bincount(inverse.ravel(), area_m2, minlength=len(unique))
        for key, area in zip(unique.tolist(), areas.tolist(), strict=True):
            sums[(*key[:-1], *values[key[-1]])] = area
    return Partial(sums, len(batch), whole_m2)


def _labels(batch: pa.RecordBatch, columns: list[str]) -> tuple[list[Key], Array]:
    """The different values of the columns in a batch, and which of them each row has."""
    values: list[Key] = [()]
    label = np.zeros(len(batch), np.int64)
    for number in range(len(columns)):
        encoded = batch.column(number)
        if not hasattr(encoded, "dictionary"):
            encoded = encoded.dictionary_encode(null_encoding="encode")
        own = encoded.dictionary.to_pylist()
        place = encoded.indices.fill_null(len(own)).to_numpy(zero_copy_only=False)
        own.append(None)
        values = [(*before, value) for before in values for value in own]
        label = label * len(own) + place
    return values, label


def _here(store: Store, columns: list[str], layers: ZoneLayers) -> Iterator[Partial]:
    """Row groups one after the other in this process; threads work inside each."""
    for batch in store.batches(columns):
        yield sums_of(batch, columns, layers)


def _merged(parts: Iterable[Partial], groups: int, progress: Progress | None) -> Partial:
    """Partial sums added up in the order of the row groups."""
    sums: dict[Key, float] = {}
    rows, area_m2 = 0, 0.0
    for done, part in enumerate(parts, start=1):
        for key, area in part.sums.items():
            sums[key] = sums.get(key, 0.0) + area
        rows += part.rows
        area_m2 += part.area_m2
        if progress is not None:
            progress(done, groups)
    return Partial(sums, rows, area_m2)


def _table(sums: dict[Key, float], columns: list[str], layers: ZoneLayers) -> pd.DataFrame:
    import pandas as pd

    depth = len(layers.names)
    kept = [(key, area) for key, area in sums.items() if area > NOISE_M2]
    # A missing value is a class of its own and stands last, as pandas sorts it.
    kept.sort(key=lambda item: [*item[0][:depth], *((value is None, value or "") for value in item[0][depth:])])
    table: dict[str, Any] = {}
    for place, name in enumerate(layers.names):
        table[name] = [layers.codes[place][key[place]] for key, _area in kept]
    for place, column in enumerate(columns, start=depth):
        table[column] = [key[place] for key, _area in kept]
    return pd.DataFrame(table | {"area_m2": np.array([area for _key, area in kept], float)})


def _require_columns(store: Store, columns: list[str]) -> None:
    if missing := [column for column in columns if column not in store.columns]:
        raise DataError(
            "E-DATA-60",
            _("The features have no column {columns}, so their area cannot be added up by it.").format(
                columns=", ".join(missing)
            ),
            cure=_("Their columns are: {columns}.").format(columns=", ".join(store.columns)),
            file=store.path,
        )


def _require_memory(store: Store, memory_mb: int) -> int:
    """The number of row groups, if the largest fits into the memory allowed."""
    groups = store.group_bytes()
    needed = BASE_MB + PER_GROUP * max(groups, default=0) / 1e6
    if needed > memory_mb:
        raise UsageError(
            "E-USE-61",
            _("One row group of the store needs about {needed:.0f} MB, more than the {allowed} MB allowed.").format(
                needed=needed, allowed=memory_mb
            ),
            cure=_("Allow more memory, or prepare the store again: its row groups will be smaller."),
            file=store.path,
        )
    return len(groups)


def _require_whole(store: Store, merged: Partial) -> None:
    """The rows measured are the rows that were certified."""
    certificate = require_certified(store)
    same_area = abs(merged.area_m2 - certificate["area_m2"]) <= 1e-12 * max(certificate["area_m2"], 1.0)
    if merged.rows != certificate["rows"] or not same_area:
        raise DataError(
            "E-DATA-64",
            _("{rows} rows with {area:.4f} m² were measured, but {certified_rows} with {certified_area:.4f} m² were "
              "certified: the store was changed since.").format(
                rows=merged.rows, area=merged.area_m2,
                certified_rows=certificate["rows"], certified_area=certificate["area_m2"],
            ),
            cure=_("Prepare the layer again."),
            file=store.path,
        )  # fmt: skip
