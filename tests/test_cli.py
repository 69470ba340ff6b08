"""The command line: fast, in two languages, with errors that say what to type and exit statuses for scripts."""

import re
import subprocess
import sys
import time

import pytest

from ecospace.cli import SUBJECTS, main
from ecospace.errors import ReadError


def run(*arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    shown = capsys.readouterr()
    return int(ended.value.code or 0), shown.out, shown.err


def test_help_in_both_languages(capsys):
    status, chinese, _errors = run("--help", capsys=capsys)
    assert status == 0
    assert "用法：" in chinese and "选项" in chinese and "命令" in chinese and "显示帮助" in chinese
    status, english, _errors = run("--lang", "en", "--help", capsys=capsys)
    assert "Usage: " in english and "Options" in english and "Commands" in english
    assert not any("一" <= sign <= "鿿" for sign in english)


@pytest.mark.parametrize("subject", SUBJECTS)
def test_every_command_has_help_with_an_example(subject, capsys):
    for language, word in (("zh", "例"), ("en", "Example")):
        status, text, _errors = run("--lang", language, subject, "--help", capsys=capsys)
        assert status == 0
        assert word in text.replace("\n", "")
        if language == "zh":
            usage = text.partition("\n\n")[0]
            assert "[选项]" in usage and not re.search(r"<[a-zA-Z]|OPTIONS|\{[a-z]", text), text
        if language == "en":
            assert not any("一" <= sign <= "鿿" for sign in text), text


@pytest.mark.parametrize(
    ("arguments", "chinese", "english"),
    [
        (["run"], "缺少", "is missing"),
        (["run", "a", "b"], "多余的参数", "argument too many"),
        (["run", "a", "--nothing"], "没有选项", "no option"),
        (["nothing"], "没有命令", "there is no command"),
        (["runn"], "没有命令 runn。是不是 run？", "there is no command runn. Did you mean run"),
        (["demo", "--seed", "x"], "的值不对：应为整数", "does not fit: it has to be a whole number"),
        (["map", "a", "--scale", "0"], "应不小于 1", "it has to be at least 1"),
        (["map", "a", "--dpi", "9999"], "应不大于 2400", "it has to be at most 2400"),
        (["convert"], "源文件", "source"),
    ],
)
def test_wrong_usage_is_said_in_both_languages(arguments, chinese, english, capsys):
    status, _out, errors = run(*arguments, capsys=capsys)
    assert status == 2 and chinese in errors and "错误" in errors
    status, _out, errors = run("--lang=en", *arguments, capsys=capsys)
    assert status == 2 and english in errors and "Error" in errors


def test_an_error_names_its_file_within_the_sentence_and_once():
    assert str(ReadError("E-READ-21", "there is no such file.", cure="Check the path.", file="a/b.txt")) == (
        "[E-READ-21] there is no such file (b.txt). Check the path."
    )
    assert (
        str(ReadError("E-READ-22", "b.txt is empty.", file="a/b.txt", layer="red"))
        == "[E-READ-22] b.txt is empty (red)."
    )


def test_an_error_has_a_code_and_a_cure(tmp_path, capsys):
    status, _out, errors = run("run", str(tmp_path), capsys=capsys)
    assert status == 2
    assert "[E-STUDY-01]" in errors and "ecospace init" in errors


def test_no_such_language(capsys):
    assert run("--lang", "fr", "--help", capsys=capsys)[0] == 2


def test_help_starts_at_once():
    """No heavy import before a command needs it."""
    heavy = [
        "geopandas",
        "pandas",
        "numpy",
        "shapely",
        "pyproj",
        "matplotlib",
        "folium",
        "rasterio",
        "pyogrio",
        "fiona",
        "scipy",
        "docx",
    ]
    code = f"""
import sys, ecospace.cli
try:
    ecospace.cli.main(["--help"])
except SystemExit:
    print([name for name in {heavy!r} if name in sys.modules])
"""
    started = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.rstrip().endswith("[]")
    assert time.perf_counter() - started < 10  # a hang, not a measurement: scripts/bench measures


def test_init_drafts_a_study_that_opens(tmp_path, capsys):
    import geopandas as gpd
    from shapely import box

    from ecospace.study import open_study

    gpd.GeoDataFrame(geometry=[box(112, 22, 113, 23)], crs=4490).to_file(tmp_path / "县界.gpkg", engine="pyogrio")
    gpd.GeoDataFrame(geometry=[box(112.2, 22.2, 112.3, 22.3)], crs=4490).to_file(
        tmp_path / "STBHHX.shp", engine="pyogrio"
    )
    gpd.GeoDataFrame(geometry=[box(112.2, 22.2, 112.3, 22.3)], crs=4490).to_file(
        tmp_path / "abc.geojson", engine="pyogrio"
    )
    status, _out, _errors = run("init", str(tmp_path), capsys=capsys)
    assert status == 0
    study = open_study(tmp_path)
    assert {key: entry["role"] for key, entry in study.entries.items()} == {
        "boundary": "boundary",
        "eco_redline": "eco_redline",
    }
    assert study.boundary.area.sum() > 1e10
    status, _out, errors = run("init", str(tmp_path), capsys=capsys)
    assert status == 2 and "--force" in errors
    status, out, _errors = run("run", str(tmp_path), capsys=capsys)
    assert status == 0
    assert "生态保护红线占国土面积比例" in out
