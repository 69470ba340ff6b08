"""A first run in a fresh environment: nothing is compiled, nothing heavy is imported before it is needed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
from shapely import box

from ecospace.space import kernels, overlay_cells
from ecospace.space.native import build
from ecospace.space.overlay import cross_area

ROOT = Path(__file__).resolve().parents[2]


def in_a_fresh_process(code: str, home: Path, **environment: str) -> str:
    """Standard output of a Python that has no home, no caches and no compiler on its path."""
    clean = {"PATH": str(home), "HOME": str(home), "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    found = subprocess.run(
        [sys.executable, "-c", code], env=clean | environment, cwd=home, capture_output=True, text=True, check=True
    )
    return found.stdout.strip()


def test_no_compiler_runs_and_nothing_heavy_is_imported(tmp_path: Path) -> None:
    code = (
        "import sys, ecospace.space.stream, ecospace.space.kernels as k; k.available();"
        "print([m for m in ('numba', 'pandas', 'geopandas', 'shapely', 'rasterio', 'pyogrio', 'dask') if m in sys.modules])"
    )
    assert in_a_fresh_process(code, tmp_path) == "[]"
    assert list(tmp_path.iterdir()) == []


def test_without_the_library_the_overlay_runs_on_geos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kernels._library.cache_clear()
    monkeypatch.setattr(kernels, "library_path", lambda: tmp_path / "missing.so")
    try:
        assert not kernels.available()
        square = gpd.GeoDataFrame(geometry=[box(0, 0, 10, 10)], index=["z"], crs=4547)
        assert cross_area(square, square)["area_m2"].tolist() == [100.0]
    finally:
        monkeypatch.undo()
        kernels._library.cache_clear()


def test_a_library_of_other_sources_is_never_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for source in (*build.FOLDER.glob("*.c"), *build.FOLDER.glob("*.h")):
        (tmp_path / source.name).write_bytes(source.read_bytes())
    monkeypatch.setattr(build, "FOLDER", tmp_path)
    before = build.library_path()
    (tmp_path / "cut.c").write_text("/* changed */" + (tmp_path / "cut.c").read_text())
    assert build.library_path() != before


def test_a_machine_without_a_compiler_builds_a_plain_wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "FOLDER", tmp_path)
    monkeypatch.setattr(build, "compiler", lambda: None)
    assert build.compile_kernels() is None
    broken = tmp_path / "cc"
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setattr(build, "compiler", lambda: [str(broken)])
    assert build.compile_kernels() is None and not list(tmp_path.glob("kernels-*"))


@pytest.mark.skipif(build.compiler() is None, reason="no C compiler on this machine")
def test_the_compiler_has_nothing_to_warn_about(tmp_path: Path) -> None:
    sources = [str(path) for path in sorted(build.FOLDER.glob("*.c"))]
    command = [*(build.compiler() or []), *build.FLAGS, "-Wall", "-Wextra", "-Werror", *sources]
    done = subprocess.run([*command, "-fPIC", "-lm", "-o", str(tmp_path / "k.so")], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_grid_fits_any_layer() -> None:
    """A layer of one point's size, or along a line, must not ask for billions of cells."""
    for bounds in ((5, 5, 5, 5), (0, 0, 1e6, 0), (0, 0, 1e-9, 1e6)):
        grid = overlay_cells.fitting_grid(np.array([[*bounds, 0.0, 1e6]]))
        assert grid.columns * grid.rows < 2**24
