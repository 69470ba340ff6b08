"""The demonstration, generated once for all tests that need it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

SAMPLE = Path(__file__).resolve().parents[2] / "layers" / "sample"


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small county as it is committed, where outputs may be written beside it."""
    folder = tmp_path_factory.mktemp("sample") / "sample"
    shutil.copytree(SAMPLE, folder, ignore=shutil.ignore_patterns("outputs", ".*"))
    return folder


@pytest.fixture(scope="session")
def expected(kaiping: Path) -> dict[str, Any]:
    """The numbers that the demonstration has to give."""
    table: dict[str, Any] = json.loads((kaiping / "expected.json").read_text(encoding="utf-8"))
    return table
