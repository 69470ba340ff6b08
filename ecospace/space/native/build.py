"""Compile the kernels: when a wheel is built, and by hand in a source tree: python -m ecospace.space.native.build

Uses nothing of ecospace and nothing but the standard library, so that the build hook can load it by its path.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

FOLDER = Path(__file__).parent
SUFFIX = {"win32": ".dll", "darwin": ".dylib"}.get(sys.platform, ".so")
# No -ffast-math and no fused multiply-add: the same bytes of result on every machine.
FLAGS = ("-std=c11", "-O3", "-ffp-contract=off", "-fvisibility=hidden", "-shared")


def library_path() -> Path:
    """Where the library for exactly these sources stands, or would stand: a stale one is never loaded."""
    digest = hashlib.sha256()
    for source in sorted([*FOLDER.glob("*.c"), *FOLDER.glob("*.h")]):
        digest.update(source.read_bytes())
    return FOLDER / f"kernels-{digest.hexdigest()[:12]}{SUFFIX}"


def compiler() -> list[str] | None:
    """The C compiler of this machine: $CC, cc, gcc, clang, or Zig's as a Python package; None without any."""
    for name in (os.environ.get("CC"), "cc", "gcc", "clang"):
        if name and (found := shutil.which(name)):
            return [found]
    if importlib.util.find_spec("ziglang"):
        return [sys.executable, "-m", "ziglang", "cc"]
    return None


def compile_kernels() -> Path | None:
    """Compile the kernels once (some 2 s); the library, or None where there is no compiler or it fails.

    Without them everything works and gives the same numbers, more slowly: see ecospace/space/overlay_geos.py.
    """
    target = library_path()
    command = compiler()
    if target.exists() or command is None:
        return target if target.exists() else None
    with TemporaryDirectory(dir=FOLDER) as folder:
        library = Path(folder) / target.name
        sources = [str(source) for source in sorted(FOLDER.glob("*.c"))]
        position = [] if sys.platform == "win32" else ["-fPIC", "-lm"]
        done = subprocess.run([*command, *FLAGS, *sources, "-o", str(library), *position], capture_output=True)
        if done.returncode:
            return None
        for stale in FOLDER.glob(f"kernels-*{SUFFIX}"):
            stale.unlink()
        library.replace(target)
    return target


if __name__ == "__main__":
    built = compile_kernels()
    print(built or "no C compiler: the overlay runs on GEOS alone")
    raise SystemExit(0 if built else 1)
