"""The overlay tests run on both engines: the compiled kernels where there is a compiler, and GEOS alone."""

from __future__ import annotations

import pytest

from ecospace.space import kernels
from ecospace.space.native.build import compile_kernels


@pytest.fixture(params=["kernels", "geos"])
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Run the test once with each engine."""
    if request.param == "geos":
        monkeypatch.setenv("ECOSPACE_KERNELS", "off")
    elif compile_kernels() is None or not kernels.available():
        pytest.skip("no C compiler on this machine, so no kernels")
    return str(request.param)
