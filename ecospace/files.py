"""Files on disk: written whole or not at all, and known by their content."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

from ecospace.errors import UsageError, WriteError
from ecospace.language import _

#: Suffixes by which the name of a file is told from that of a folder.
FILES = {
    ".xlsx", ".xls", ".csv", ".json", ".txt", ".docx", ".doc", ".pdf", ".pptx", ".ppt", ".html", ".png", ".jpg", ".svg", ".tif",
    ".gpkg", ".shp", ".geojson", ".kml", ".dxf", ".parquet", ".zip",
}  # fmt: skip


@contextmanager
def atomic(path: str | Path) -> Iterator[Path]:
    """A temporary path that takes the place of `path` when the block ends well.

    Parameters
    ----------
    path : str or Path
        The file (or, for a File Geodatabase, the folder) to be written.

    Yields
    ------
    Path
        A path with the same name in a fresh folder beside the target. After an exception, or a crash, the old file is
        still whole.

    Examples
    --------
    >>> import tempfile
    >>> target = Path(tempfile.mkdtemp()) / "table.csv"
    >>> with atomic(target) as temporary:
    ...     _ = temporary.write_text("a,b")
    >>> target.read_text()
    'a,b'
    """
    target = Path(path)
    with on_disk(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(mkdtemp(prefix=f".{target.stem}-", dir=target.parent))
    temporary = folder / target.name
    try:
        yield temporary
        for written in sorted(folder.rglob("*")):
            if written.is_file():
                with written.open("rb") as file:
                    os.fsync(file.fileno())
        if target.is_dir() and temporary.is_dir():
            shutil.rmtree(target)
        # A Shapefile is several files: its companions move first, the named file last.
        for companion in sorted(folder.iterdir(), key=lambda item: item == temporary):
            if companion.is_file():
                companion.chmod(0o640)
            companion.replace(target.parent / companion.name)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def on_disk(file: Path) -> Iterator[None]:
    """A full disk or a missing permission is an error of ours that names the file (E-WRITE-49)."""
    try:
        yield
    except OSError as error:
        reasons = {
            errno.ENOSPC: _("the disk is full"), errno.EACCES: _("writing there is not allowed"),
            errno.EPERM: _("writing there is not allowed"), errno.EROFS: _("writing there is not allowed"),
            errno.ENOENT: _("its folder cannot be made"), errno.ENOTDIR: _("a file stands where its folder should be"),
            errno.EEXIST: _("a file stands where its folder should be"),
        }  # fmt: skip
        raise WriteError(
            "E-WRITE-49",
            _("the file could not be written: {reason}.").format(
                reason=reasons.get(error.errno or 0, error.strerror or type(error).__name__)
            ),
            cure=_("Check free space and permissions; the old file was left as it was."),
            file=file,
        ) from error


def results_folder(asked: Path | None, default: Path) -> Path:
    """Where the results of a command go, known before it computes anything (成果文件夹).

    Parameters
    ----------
    asked : Path or None
        What the user names; it need not exist.
    default : Path
        Where nothing is named.

    Raises
    ------
    UsageError
        E-USE-25: a file of that name stands there, or the name is one of a file.

    Examples
    --------
    >>> results_folder(None, Path("outputs")).name, results_folder(Path("2026.11"), Path("outputs")).name
    ('outputs', '2026.11')
    """
    if asked is None or asked.is_dir():
        return asked or default
    if asked.exists() or asked.suffix.lower() in FILES:
        raise UsageError(
            "E-USE-25",
            _("{name} is the name of a file, but this command writes a folder of results.").format(name=asked.name),
            cure=_("Name a folder: -o {folder}").format(
                folder=asked.stem if asked.stem != asked.name else f"{asked.name}-outputs"
            ),
        )
    return asked


def sha256_of(path: str | Path) -> str:
    """The SHA-256 of a file, as hexadecimal text."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def members_of(path: str | Path) -> list[Path]:
    """Every file that belongs to a data set: the parts of a Shapefile, the files of a File Geodatabase, or itself."""
    source = Path(path)
    if source.is_dir():
        return sorted(item for item in source.rglob("*") if item.is_file())
    companions = {".shp": {".shp", ".shx", ".dbf", ".prj", ".cpg"}, ".tab": {".tab", ".dat", ".map", ".id"},
                  ".mif": {".mif", ".mid"}}  # fmt: skip
    wanted = companions.get(source.suffix.lower())
    if wanted is None:
        # What was edited while a GeoPackage is open elsewhere stands in its write-ahead log, and is read from there.
        return [item for item in (source, source.with_name(f"{source.name}-wal")) if item == source or item.is_file()]
    return sorted(item for item in source.parent.glob(f"{source.stem}.*") if item.suffix.lower() in wanted)


def fingerprint(path: str | Path) -> dict[str, str]:
    """SHA-256 of every member of a data set, by file name."""
    source = Path(path)
    base = source if source.is_dir() else source.parent
    return {member.relative_to(base).as_posix(): sha256_of(member) for member in members_of(source)}
