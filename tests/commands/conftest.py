"""The sample county in a folder of its own, and a command as it is typed."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ecospace.cli import main

SAMPLE = Path(__file__).resolve().parents[2] / "layers" / "sample"


@pytest.fixture
def county(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SAMPLE, tmp_path / "sample", ignore=shutil.ignore_patterns("outputs")))


def run(*arguments: object) -> int:
    """The exit status."""
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    return int(ended.value.code or 0)
