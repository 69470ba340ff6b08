"""Start: `ecospace --help`, beside importing geopandas alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.harness import Bar

if TYPE_CHECKING:
    from benchmarks.harness import Data


def ecospace_help(data: Data) -> dict[str, float]:
    import contextlib
    import io

    from ecospace.cli import main

    shown = io.StringIO()
    with contextlib.suppress(SystemExit), contextlib.redirect_stdout(shown):
        main(["--help"])
    return {"done": float("ecospace" in shown.getvalue())}


def import_geopandas(data: Data) -> dict[str, float]:
    import geopandas

    return {"done": float(bool(geopandas.__version__))}


OURS = {"ecospace --help": ecospace_help}
PEERS = {"import geopandas": import_geopandas}
BARS = [Bar("wall", 0.5, against="import geopandas")]
