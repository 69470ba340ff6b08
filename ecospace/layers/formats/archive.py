"""Zip archives, unpacked by our own rules: nothing outside the folder, no links, no bombs, checksums compared.

GDAL reads a zip without comparing its checksums, and shows Chinese names as mojibake (trust.md tC07, tS03, tS04).
"""

from __future__ import annotations

import stat
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ecospace.errors import ReadError, UnsafeError
from ecospace.language import _

BLOCK = 1 << 20


@dataclass(frozen=True)
class Limits:
    """What an archive may unpack to: members, bytes in all, and bytes for each packed byte of a member over 1 MiB."""

    members: int = 1_000
    total_bytes: int = 2 << 30
    ratio: int = 100


@contextmanager
def unpacked(path: Path, limits: Limits | None = None) -> Iterator[Path]:
    """A fresh folder with the files of a zip, gone after the block (解压).

    Parameters
    ----------
    path : Path
        The archive.
    limits : Limits, optional
        By default 1,000 members, 2 GiB, 100 to 1.

    Yields
    ------
    Path

    Raises
    ------
    UnsafeError
        A name that leads outside (E-SAFE-10), a link (E-SAFE-11), more than the limits (E-SAFE-12).
    ReadError
        A damaged archive or member (E-READ-24), one that needs a password (E-READ-25).
    """
    with tempfile.TemporaryDirectory(prefix="ecospace-") as name:
        folder = Path(name)
        _extract(path, folder, limits or Limits())
        yield folder


def member_name(member: zipfile.ZipInfo) -> str:
    """The name of a member as it was meant: UTF-8 where flagged, else UTF-8 or GB18030, never cp437."""
    if member.flag_bits & 0x800:
        return member.filename
    raw = member.filename.encode("cp437", errors="surrogateescape")
    for encoding in ("utf-8", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return member.filename


def datasets(folder: Path) -> list[Path]:
    """The data sets in a folder and below: geodatabases as one, a Shapefile by its .shp; inner archives stay shut."""
    geodatabases = [item for item in sorted(folder.rglob("*")) if item.is_dir() and any(item.glob("a*.gdbtable"))]
    wanted = {".shp", ".gpkg", ".geojson", ".json", ".kml", ".kmz", ".gml", ".dxf", ".tab", ".mif", ".fgb", ".parquet",
              ".geoparquet", ".xlsx", ".csv", ".txt"}  # fmt: skip
    inside = [
        item for item in sorted(folder.rglob("*"))
        if item.is_file() and item.suffix.lower() in wanted and not item.name.startswith(("._", "~$"))
        and "__MACOSX" not in item.parts and not any(base in item.parents for base in geodatabases)
    ]  # fmt: skip
    spatial = [item for item in inside if item.suffix.lower() not in {".csv", ".txt", ".xlsx"}]
    # A readme beside a Shapefile is no layer; a boundary-point TXT by itself is.
    return geodatabases + (spatial or ([] if geodatabases else inside))


def _extract(path: Path, folder: Path, limits: Limits) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            if len(members) > limits.members:
                raise _too_much(path, _("{count} files").format(count=len(members)))
            seen: set[str] = set()
            written = 0
            for member in members:
                target = _target(path, folder, member, seen)
                if target is not None:
                    written = _copy(archive, member, target, path, limits, written)
    except (zipfile.BadZipFile, EOFError, OSError, NotImplementedError, ValueError, zlib.error) as error:
        raise _damaged(path, str(error)) from error


def _target(path: Path, folder: Path, member: zipfile.ZipInfo, seen: set[str]) -> Path | None:
    name = member_name(member).replace("\\", "/")
    parts = PurePosixPath(name).parts
    if name.startswith("/") or ".." in parts or "\x00" in name or (parts and ":" in parts[0]):
        raise UnsafeError(
            "E-SAFE-10",
            _("the archive holds the name {name!r}, which leads outside of it.").format(name=name[:80]),
            cure=_("Do not use this archive; ask for another one."),
            file=path,
        )
    if stat.S_ISLNK(member.external_attr >> 16):
        raise UnsafeError(
            "E-SAFE-11",
            _("the archive holds a link ({name!r}) to another file.").format(name=name[:80]),
            cure=_("Do not use this archive; ask for another one."),
            file=path,
        )
    if member.flag_bits & 0x1:
        raise ReadError(
            "E-READ-25",
            _("the archive is locked with a password."),
            cure=_("Unpack it with its program and give the path of the unpacked file."),
            file=path,
        )
    if member.is_dir() or not parts:
        return None
    if name.casefold() in seen:
        raise _damaged(path, _("{name!r} is there twice").format(name=name[:80]))
    seen.add(name.casefold())
    return folder.joinpath(*parts)


def _copy(
    archive: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path, path: Path, limits: Limits, written: int
) -> int:
    """Write one member, counting real bytes: the size it declares may be a lie. Reading to the end checks its CRC."""
    target.parent.mkdir(parents=True, exist_ok=True)
    own = 0
    with archive.open(member) as source, target.open("wb") as sink:
        while block := source.read(BLOCK):
            own += len(block)
            if written + own > limits.total_bytes:
                raise _too_much(path, _("more than {size} MB").format(size=limits.total_bytes >> 20))
            if own > BLOCK and own > limits.ratio * max(member.compress_size, 1):
                raise _too_much(path, _("{name!r} swells to more than {ratio} times its size").format(
                    name=member_name(member)[:80], ratio=limits.ratio))  # fmt: skip
            sink.write(block)
    return written + own


def _too_much(path: Path, what: str) -> UnsafeError:
    return UnsafeError(
        "E-SAFE-12",
        _("the archive would fill the disk: {what}.").format(what=what),
        cure=_("Unpack it by hand if you trust it, and give the path of the file you need."),
        file=path,
    )


def _damaged(path: Path, reason: str) -> ReadError:
    return ReadError(
        "E-READ-24",
        _("the archive is damaged ({reason}), so its layers would not be those that were packed.").format(
            reason=reason
        ),
        cure=_("Copy or download it again."),
        file=path,
    )
