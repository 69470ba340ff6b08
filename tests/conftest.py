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
