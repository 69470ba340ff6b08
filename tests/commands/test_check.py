"""ecospace check and ecospace conflicts, as they are typed: what is said, what is written, how it ends."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import geopandas as gpd
import pytest
from docx import Document

from ecospace.cli import main
from tests.check.county import CRS_GK, OTHERS, box

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
    names = sorted(path.name for path in (tmp_path / "页").iterdir())
    assert names == ["S07-相接示例.docx", "site-check.json", "选址核查.xlsx", "重叠范围.gpkg"]
    document = Document(str(tmp_path / "页" / "S07-相接示例.docx"))
    # Upright A4 throughout, every figure with its number below it, without a gap in the numbers.
    assert {(round(page.page_width.mm), round(page.page_height.mm)) for page in document.sections} == {(210, 297)}
    captions = [paragraph.text for paragraph in document.paragraphs if paragraph.text.startswith("图 ")]
    assert [caption.split("　")[0] for caption in captions] == [
        f"图 {number}" for number in range(1, len(captions) + 1)
    ]
    assert len(captions) == len(document.inline_shapes) == 5
    width = document.sections[0].page_width - document.sections[0].left_margin - document.sections[0].right_margin
    assert all(shape.width <= width and shape.height.mm < 110 for shape in document.inline_shapes)
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


@pytest.fixture
def near(tmp_path: Path) -> Path:
    """A study of one red line, ±5 m, and sites 3 m and 50 m from it."""
    gpd.GeoDataFrame({"name": ["县"]}, geometry=[box(-5000, -5000, 5000, 5000)], crs=CRS_GK).to_file(
        tmp_path / "boundary.gpkg"
    )
    gpd.GeoDataFrame({"name": ["红线"]}, geometry=[box(0, 0, 1000, 1000)], crs=CRS_GK).to_file(tmp_path / "red.gpkg")
    for name, metres in (("near", 3), ("far", 50), ("touching", 0), ("over", -1)):
        site = box(1000 + metres, 0, 1100, 100)
        gpd.GeoDataFrame({"name": [name]}, geometry=[site], crs=CRS_GK).to_file(tmp_path / f"{name}.gpkg")
    absent = ", ".join(f'"{role}"' for role in OTHERS)
    (tmp_path / "study.toml").write_text(
        f'[study]\nboundary = "boundary"\n[check]\nnone = [{absent}]\n'
        '[layers.boundary]\nrole = "boundary"\npath = "boundary.gpkg"\n'
        '[layers.red]\nrole = "eco_redline"\npath = "red.gpkg"\naccuracy_m = 5\n', encoding="utf-8",
    )  # fmt: skip
    return tmp_path


def test_only_zero_is_plain_clear(near: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A site nearer than the accuracy is 不涉及 with a second line; a script must not read that as clear."""
    ends = {}
    for name in ("far", "near", "touching", "over"):
        ends[name], out, _ = typed(capsys, "check", near / f"{name}.gpkg", "-s", near, "-o", near / f"{name}.json")
        [said] = json.loads((near / f"{name}.json").read_text(encoding="utf-8"))
        assert said["depends_on_accuracy"] == (name == "near")
        assert ("结果取决于数据精度" in out.splitlines()[0]) == (name in ("near", "over"))
        if name in ("far", "near"):
            assert said["level"] == "clear"
    assert ends == {"far": 0, "near": 10, "touching": 10, "over": 10}
    toml = near / "study.toml"
    toml.write_text(toml.read_text(encoding="utf-8").replace('"wetland", ', ""), encoding="utf-8")
    # What cannot be judged is worse than a doubt about some metres: 11 for both.
    assert [typed(capsys, "check", near / f"{name}.gpkg", "-s", near)[0] for name in ("far", "near")] == [11, 11]
    assert typed(capsys, "check", near / "far.gpkg", near / "over.gpkg", "-s", near)[0] == 10


def test_the_help_tells_the_exit_status(capsys: pytest.CaptureFixture[str]) -> None:
    said = "".join(typed(capsys, "check", "--help")[1].split())
    assert "脚本只可把0当作不涉及" in said


def test_activities_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = typed(capsys, "check", "--activities")
    assert status == 0
    assert "limited-6" in out
    assert "线性基础设施" in out


def test_what_is_not_stated_is_asked_for_and_what_is_not_verified_says_so(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    inside = next(site for site in designed(folder) if "eco_redline" in dict(site.get("overlap_m2") or {}))  # type: ignore[call-overload]
    _, out, _ = typed(capsys, "check", folder / str(inside["file"]), "-s", folder)
    assert "--activity" in out
    assert "--polluting" in out
    assert "[未核验]" in out.splitlines()[0]
    _, out, _ = typed(
        capsys, "check", folder / str(inside["file"]), "-s", folder, "--activity", "limited-9", "--polluting", "no"
    )
    assert "请补充" not in out
    assert "未提供图层，未作核查：" in out
    assert "河湖管理范围" in out


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


def test_a_site_with_x_and_y_exchanged_is_checked_as_the_message_says(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    site = folder / "sites" / "S12_demo.txt"
    end, _out, said = typed(capsys, "check", site, "--study", folder)
    assert end == 2 and "--crs EPSG:4526 --swap" in said
    end, out, _said = typed(capsys, "check", site, "--study", folder, "--crs", "EPSG:4526", "--swap")
    assert end in (0, 10) and "未涉及" in out


def test_every_file_that_cannot_be_used_is_named_before_anything_is_judged(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = [folder / "sites" / f"{name}_demo.txt" for name in ("S12", "S01", "S13")]
    end, out, said = typed(capsys, "check", *files, "--study", folder)
    assert end == 2 and not out
    assert "E-READ-97" in said and "E-CRS-28" in said and "E-CRS-22" in said and "S01_demo" not in said


def test_without_a_study_the_option_is_named(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    end, _out, said = typed(capsys, "check", folder / "sites" / "S01_demo.txt")
    assert end == 2 and "--study" in said
