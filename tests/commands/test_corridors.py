"""ecospace corridors as it is typed: the register of a study whose plan is not the one that the clauses are from."""

import json
import shutil
from pathlib import Path

import pytest

from ecospace.cli import main

SAMPLE = Path(__file__).resolve().parents[2] / "layers/sample"


@pytest.mark.slow
def test_no_foreign_clause_stands_beside_a_corridor(tmp_path, capsys):
    shutil.copytree(SAMPLE, tmp_path / "sample", ignore=shutil.ignore_patterns("outputs", ".ecospace"))
    with pytest.raises(SystemExit) as ended:
        main(["corridors", str(tmp_path / "sample"), "--step", "100"])
    assert ended.value.code in (0, 10)
    printed = capsys.readouterr().out
    assert "潭江" not in printed
    written = {path.name for path in (tmp_path / "sample/outputs").rglob("*") if path.is_file()}
    assert {"corridors.xlsx", "corridors.json", "corridors.gpkg", "corridor-register.png"} <= written
    content = (tmp_path / "sample/outputs/corridors.json").read_text(encoding="utf-8")
    assert "潭江" not in content
    assert json.loads(content)
