"""Archives that would leave their folder, fill the disk or hide what they hold."""

from __future__ import annotations

import stat
import zipfile
from pathlib import Path

import pytest

from ecospace.errors import ReadError, UnsafeError
from ecospace.layers.formats.archive import Limits, datasets, unpacked


def pack(path: Path, **members: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, raw in members.items():
            archive.writestr(name, raw)
    return path


def refusal(path: Path, limits: Limits | None = None) -> str:
    with pytest.raises((UnsafeError, ReadError)) as caught, unpacked(path, limits):
        pass
    return caught.value.code


@pytest.mark.parametrize("name", ["../evil.txt", "/etc/evil.txt", "a/../../evil.txt", "..\\evil.txt", "C:\\evil.txt"])
def test_tS03_a_name_that_leads_outside_is_refused(tmp_path: Path, name: str) -> None:
    assert refusal(pack(tmp_path / "a.zip", **{name: b"x"})) == "E-SAFE-10"
    assert not (tmp_path / "evil.txt").exists()


def test_tS03_a_link_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        link = zipfile.ZipInfo("red.shp")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    assert refusal(path) == "E-SAFE-11"


def test_tS04_a_bomb_is_refused_while_it_streams(tmp_path: Path) -> None:
    path = pack(tmp_path / "a.zip", zeros=bytes(30 << 20))
    assert path.stat().st_size < 40_000
    assert refusal(path) == "E-SAFE-12"
    assert refusal(pack(tmp_path / "b.zip", a=b"12345", b=b"67890"), Limits(total_bytes=9)) == "E-SAFE-12"
    assert refusal(pack(tmp_path / "c.zip", a=b"1", b=b"2", c=b"3"), Limits(members=2)) == "E-SAFE-12"


def test_a_member_that_stands_there_twice_is_refused(tmp_path: Path) -> None:
    assert refusal(pack(tmp_path / "a.zip", **{"red.shp": b"1", "RED.SHP": b"2"})) == "E-READ-24"


def test_a_cut_archive_is_refused(tmp_path: Path) -> None:
    path = pack(tmp_path / "a.zip", a=b"1" * 1000, b=b"2" * 1000)
    path.write_bytes(path.read_bytes()[:-30])
    assert refusal(path) == "E-READ-24"


def test_the_folder_is_gone_after_the_block(tmp_path: Path) -> None:
    with unpacked(pack(tmp_path / "a.zip", **{"一/red.geojson": b"{}", "readme.txt": b"x"})) as folder:
        assert [item.relative_to(folder).as_posix() for item in datasets(folder)] == ["一/red.geojson"]
    assert not folder.exists()


def test_a_text_alone_is_a_data_set_and_mac_leftovers_are_none(tmp_path: Path) -> None:
    with unpacked(pack(tmp_path / "a.zip", **{"parcel.txt": b"x", "__MACOSX/._parcel.txt": b"x"})) as folder:
        assert [item.name for item in datasets(folder)] == ["parcel.txt"]
