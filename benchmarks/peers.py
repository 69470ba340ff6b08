"""How peers are opened, once for all jobs."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from benchmarks.harness import Data


def duckdb_with(data: Data, *names: str) -> Any:
    """DuckDB with its spatial extension (from the Python package: no download) and the stores as views."""
    from pathlib import Path

    import duckdb
    import duckdb_extension_spatial

    folder = Path(duckdb_extension_spatial.__file__).parent
    extension = next(folder.glob("extensions/*/spatial.duckdb_extension"))
    connection = duckdb.connect(config={"allow_unsigned_extensions": "true", "autoinstall_known_extensions": "false"})
    connection.execute(f"LOAD '{extension}'")
    connection.execute("SET threads = 2")
    for name in names:
        connection.execute(f"CREATE VIEW {name} AS SELECT * FROM '{data.store(name)}'")
    return connection


def sedona_with(data: Data, *names: str) -> Any:
    """SedonaDB with the stores as views."""
    import sedonadb

    context = sedonadb.connect()
    for name in names:
        context.read_parquet(str(data.store(name))).to_view(name)
    return context


def postgis_rows(data: Data, sql: str, *names: str) -> list[tuple[Any, ...]]:
    """Rows of a query on a PostGIS that PGDSN names, with the tables `name(k text, g geometry)` in it."""
    if "PGDSN" not in os.environ:
        raise ImportError("PostGIS: no server named in PGDSN")
    import psycopg2

    with psycopg2.connect(os.environ["PGDSN"]) as connection, connection.cursor() as cursor:
        for name in names:
            cursor.execute("SELECT to_regclass(%s)", (f"{name}_{data.parcels}",))
            if cursor.fetchone()[0] is None:
                load_postgis(cursor, data, name)
            cursor.execute(f"CREATE TEMP VIEW {name} AS SELECT * FROM {name}_{data.parcels}")
        cursor.execute(sql)
        return list(cursor.fetchall())


def load_postgis(cursor: Any, data: Data, name: str) -> None:
    """A store as an indexed table; its first column is the key."""
    import io

    import pyarrow.parquet as parquet

    key = {"parcels": "DLBM", "redline": "HXDM", "townships": "XZQDM"}.get(name)
    table = parquet.read_table(data.store(name), columns=[*([key] if key else []), "geometry"])
    keys = table[key].to_pylist() if key else range(len(table))
    lines = "".join(f"{k}\t{bytes(g).hex()}\n" for k, g in zip(keys, table["geometry"].to_pylist(), strict=True))
    cursor.execute(f"CREATE UNLOGGED TABLE {name}_{data.parcels} (k text, g geometry)")
    cursor.copy_expert(f"COPY {name}_{data.parcels} FROM STDIN", io.StringIO(lines))
    cursor.execute(f"CREATE INDEX ON {name}_{data.parcels} USING gist (g)")
    cursor.execute(f"ANALYZE {name}_{data.parcels}")
