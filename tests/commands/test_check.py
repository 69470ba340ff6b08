"""ecospace check and ecospace conflicts, as they are typed: what is said, what is written, how it ends."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from ecospace.cli import main

SAMPLE = Path(__file__).resolve().parents[2] / "layers" / "sample"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample county, where prepared layers may be kept beside it."""
    place = tmp_path_factory.mktemp("sample") / "sample"
    shutil.copytree(SAMPLE, place, ignore=shutil.ignore_patterns("outputs", ".*"))
    return place


def typed(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    """Exit status, what was printed, what was complained of."""
    with pytest.raises(SystemExit) as end:
        main([str(word) for word in words])
    said = capsys.readouterr()
    return int(end.value.code or 0), said.out, said.err


def designed(folder: Path) -> list[dict[str, object]]:
    return list(json.loads((folder / "expected.json").read_text(encoding="utf-8"))["sites"])


def test_every_sample_site_ends_as_designed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ends = {"不涉及": 0, "无法判定": 11, "停止": 2}
    seen = set()
    for site in designed(folder):
        polluting = "yes" if site["polluting"] else "no"
        status, out, err = typed(
            capsys,
            "check",
            folder / str(site["file"]),
            "-s",
            folder,
            "--activity",
            site["activity"],
            "--polluting",
            polluting,
        )
        assert status == ends.get(str(site["verdict"]), 10), site
        if status == 2:
            assert "EPSG:4526" in err
        else:
            first = out.splitlines()[0]
            assert first.startswith(str(site["name"]))
            assert "合法" not in out
            assert str(site["verdict"]).split("，")[0] in out
        seen.add(status)
    assert seen == {0, 2, 10, 11}


def test_the_page_set_is_written(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    site = next(site for site in designed(folder) if site["verdict"] == "相接")
    status, out, _ = typed(
        capsys, "check", folder / str(site["file"]), "--study", folder, "-o", tmp_path / "页", "--on", "2026-01-02"
    )
    assert status == 10
    names = sorted(path.suffix for path in (tmp_path / "页").iterdir())
    assert names == [".docx", ".gpkg", ".json", ".xlsx"]
    assert out.count("→") == 4
    [result] = json.loads((tmp_path / "页" / "site-check.json").read_text(encoding="utf-8"))
    assert result["checked_on"] == "2026-01-02"
    assert result["sentence"] == out.splitlines()[0]


def test_a_batch_of_files_says_one_sentence_each(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = [folder / str(site["file"]) for site in designed(folder) if site["verdict"] != "停止"]
    status, out, _ = typed(capsys, "check", *files, "-s", folder, "-o", tmp_path / "all.json")
    assert status == 10
    assert len([line for line in out.splitlines() if "：" in line]) == len(files)
    assert len(json.loads((tmp_path / "all.json").read_text(encoding="utf-8"))) == len(files)


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (["no-such-file.txt"], "no-such-file"), (["--activity", "linear"], "E-USE-51"),
        (["--polluting", "perhaps"], "E-USE-52"), ([], "--help"),
    ],
)  # fmt: skip
def test_wrong_usage_is_two(folder: Path, capsys: pytest.CaptureFixture[str], words: list[str], what: str) -> None:
    site = str(folder / str(designed(folder)[0]["file"]))
    files = [] if not words or words[0].endswith(".txt") else [site]
    status, _, err = typed(capsys, "check", *files, *words, "-s", folder)
    assert status == 2
    assert what in err


def test_activities_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = typed(capsys, "check", "--activities")
    assert status == 0
    assert "limited-6" in out
    assert "线性基础设施" in out


def test_english(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    site = next(site for site in designed(folder) if site["verdict"] == "相接")
    status, out, _ = typed(capsys, "--lang", "en", "check", folder / str(site["file"]), "-s", folder)
    assert status == 10
    assert "touches" in out


def test_conflicts_between_the_three_lines(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = typed(capsys, "conflicts", folder, "-o", tmp_path / "c.json")
    table = json.loads((tmp_path / "c.json").read_text(encoding="utf-8"))
    expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))["farmland_conflict_m2"]
    assert sum(row["area_m2"] for row in table["values"]) == pytest.approx(expected, abs=0.5)
    assert status == (10 if expected else 0)
    assert "三条控制线不交叉重叠" in out
