"""The same sums on a Dask cluster: workers get the zones once and row groups one by one; a lost worker loses nothing.

Needs the optional extra ``cluster`` (dask, distributed). Workers read the store themselves, so it must stand under the
same path on each machine.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ecospace.errors import UsageError
from ecospace.language import _
from ecospace.layers.store import Store
from ecospace.space.stream import Partial, sums_of_group
from ecospace.space.zone_layers import ZoneLayers

#: How often a row group is tried again when its worker, or the only copy of the zones, is lost.
RETRIES = 5


def on_cluster(scheduler: Any, store: Store, columns: list[str], layers: ZoneLayers, groups: int) -> Iterator[Partial]:
    """Partial sums of all row groups, in their order.

    Parameters
    ----------
    scheduler : str or dask.distributed.Client
        Address of a scheduler, or a client that is already connected.
    store, columns, layers, groups
        As in :func:`ecospace.space.stream.stream_area`.
    """
    client, opened = _client(scheduler)
    try:
        tasks = _submitted(client, store, columns, layers, list(range(groups)))
        for group in range(groups):
            yield _result(client, tasks, store, columns, layers, group)
            del tasks[group]
    finally:
        if opened:
            client.close()


def _submitted(client: Any, store: Store, columns: list[str], layers: ZoneLayers, groups: list[int]) -> dict[int, Any]:
    """One task for each row group; each worker holds a copy of the zones."""
    zones = client.scatter(layers, broadcast=True, hash=False)
    path = store.path.resolve()
    return {
        group: client.submit(sums_of_group, path, columns, zones, group, pure=False, retries=RETRIES)
        for group in groups
    }


def _result(
    client: Any, tasks: dict[int, Any], store: Store, columns: list[str], layers: ZoneLayers, group: int
) -> Partial:
    """The sums of one group. Where the workers died that held the zones, what is open is submitted anew."""
    from concurrent.futures import CancelledError

    from distributed.scheduler import KilledWorker

    for attempt in range(RETRIES + 1):
        try:
            return tasks[group].result()  # type: ignore[no-any-return]
        except (CancelledError, KilledWorker):
            if attempt == RETRIES:
                raise
            open_groups = [number for number, task in tasks.items() if task.status != "finished"]
            tasks.update(_submitted(client, store, columns, layers, open_groups))
    raise AssertionError("unreachable")


def _client(scheduler: Any) -> tuple[Any, bool]:
    """A connected client, and whether it was opened here."""
    try:
        from distributed import Client
    except ModuleNotFoundError as error:
        raise UsageError(
            "E-USE-62",
            _("A cluster was named, but Dask is not installed, so nothing can run on it."),
            cure=_("Install it: pip install 'ecospace-toolkit[cluster]'"),
        ) from error
    if isinstance(scheduler, Client):
        return scheduler, False
    return Client(scheduler), True  # type: ignore[no-untyped-call]
