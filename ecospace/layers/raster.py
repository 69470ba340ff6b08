"""Rasters: opened and checked, read by window, no-data and mask known, scale applied."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date as dates
from pathlib import Path
from typing import Any

import numpy as np

from ecospace.errors import CRSError, DataError, ReadError, UnsafeError
from ecospace.files import fingerprint
from ecospace.findings import Finding
from ecospace.language import _
from ecospace.layers import gdal
from ecospace.layers.formats.sniff import sniff
from ecospace.layers.layer import Provenance

Array = np.ndarray[Any, Any]

#: Rows read at a time where the whole raster is looked at.
ROWS = 512
#: Bytes that one byte of the file may stand for in a raster of more than 2 GiB: a small file can ask for all memory.
RATIO = 2_000


@dataclass(frozen=True, eq=False)
class Raster(Provenance):
    """One band of a raster with its provenance (栅格图层).

    Parameters
    ----------
    path : Path
        The file.
    crs : pyproj.CRS
        As the file says, or as study.toml says where the file's is wrong.
    transform : affine.Affine
        From (column, row) to coordinates; north-up.
    shape : (int, int)
        Rows and columns.
    nodata : float or None
        The value that means "no data", as the file or study.toml says.
    scale, offset : float
        What a stored value is multiplied by and what is added, as the file says.
    key, role, title, source, licence, date, sha256, findings, settings
        See `Provenance`.
    """

    path: Path
    crs: Any
    transform: Any
    shape: tuple[int, int]
    nodata: float | None
    band: int = 1
    scale: float = 1.0
    offset: float = 0.0

    def read(self, row: int, column: int, rows: int, columns: int) -> tuple[Array, Array]:
        """The values of a window, and which of them are data.

        Returns
        -------
        values, valid : ndarray, shape (rows, columns)
            Values with scale and offset applied (then float64). Not valid: no-data, outside the mask, not a number.

        Raises
        ------
        ReadError
            E-READ-70: the window cannot be read, the file is cut or damaged.
        """
        from rasterio.windows import Window

        window = Window(column, row, columns, rows)
        with _opened(self.path) as source:
            values = source.read(self.band, window=window)
            valid = source.read_masks(self.band, window=window) > 0
        if self.nodata is not None and not np.isnan(self.nodata):
            valid &= values != self.nodata
        valid &= np.isfinite(values)
        if self.scale != 1.0 or self.offset != 0.0:
            values = values.astype(np.float64) * self.scale + self.offset
        return values, valid

    def blocks(self) -> Iterator[tuple[Array, Array]]:
        """The whole raster, some rows at a time: see `read`."""
        for row in range(0, self.shape[0], ROWS):
            yield self.read(row, 0, min(ROWS, self.shape[0] - row), self.shape[1])

    def classes(self) -> dict[int, int]:
        """How many cells hold each value (类别统计).

        Raises
        ------
        DataError
            E-DATA-30: the values are measurements, not classes.
        """
        counts: dict[int, int] = {}
        for values, valid in self.blocks():
            data = values[valid]
            if not np.issubdtype(data.dtype, np.integer) and (data % 1 != 0).any():
                raise DataError(
                    "E-DATA-30",
                    _("the raster holds measurements (such as {value}), not classes.").format(
                        value=data[data % 1 != 0][0]
                    ),
                    cure=_("Classify it first; resample classes with nearest neighbour only."),
                    layer=self.key,
                    file=self.path,
                )
            for value, count in zip(*np.unique(data, return_counts=True), strict=True):
                counts[int(value)] = counts.get(int(value), 0) + int(count)
        return dict(sorted(counts.items()))

    def provenance(self) -> dict[str, Any]:
        """For the manifest and the 说明 sheet."""
        return self._record(self.path, self.crs, int(self.shape[0] * self.shape[1]))


def open_raster(
    path: str | Path,
    *,
    crs: str | None = None,
    nodata: float | None = None,
    band: int | None = None,
    key: str = "",
    role: str = "context",
    title: str = "",
    source: str = "",
    licence: str = "",
    date: dates | str | None = None,
    **settings: Any,
) -> Raster:
    """Open a raster and check what would give a silent wrong number (打开栅格).

    Parameters
    ----------
    path : str or Path
        A GeoTIFF, by its content.
    crs, nodata
        Only where the file does not say, or says it wrong.
    band : int, optional
        From 1; needed where the file has several.

    Raises
    ------
    UnsafeError
        Not what its name says (E-SAFE-02), or blown up to fill the memory (E-SAFE-13).
    CRSError
        No CRS (E-CRS-01).
    ReadError
        No GeoTIFF or a damaged one (E-READ-70), several bands and none chosen (E-READ-71), rotated or south-up
        (E-READ-72).
    """
    from pyproj import CRS

    file = gdal.local_path(path)
    if sniff(file) != "tiff":
        raise ReadError(
            "E-READ-70",
            _("the raster cannot be read: {reason}").format(reason=_("it is no GeoTIFF.")),
            cure=_("Export it as GeoTIFF."),
            layer=key,
            file=file,
        )
    with _opened(file) as opened:
        chosen = _band(opened.count, band, key, file)
        transform, shape = opened.transform, (opened.height, opened.width)
        stored = opened.crs.to_wkt() if opened.crs else None
        own_nodata = opened.nodatavals[chosen - 1]
        scale, offset = opened.scales[chosen - 1], opened.offsets[chosen - 1]
        kind = np.dtype(opened.dtypes[chosen - 1])
    _require_sane(shape[0] * shape[1] * kind.itemsize, key, file)
    if crs is None and stored is None:
        raise CRSError("E-CRS-01", _("the raster says no coordinate system."),
                       cure=_('Give it in study.toml: crs = "EPSG:4490".'), layer=key, file=file)  # fmt: skip
    if transform.b or transform.d or transform.e > 0:
        raise ReadError(
            "E-READ-72",
            _("the raster is rotated or upside down, so its rows are not where most programs look for them."),
            cure=_("Warp it north-up first: gdalwarp {name} north-up.tif").format(name=file.name),
            layer=key,
            file=file,
        )
    when = dates.fromisoformat(date) if isinstance(date, str) else date
    return Raster(
        path=file, crs=CRS.from_user_input(crs or stored), transform=transform, shape=shape,
        nodata=nodata if nodata is not None else own_nodata, band=chosen, scale=scale, offset=offset, key=key,
        role=role, title=title, source=source, licence=licence, date=when, sha256=fingerprint(file),
        findings=tuple(_remarks(crs, stored, nodata, own_nodata, kind, (scale, offset), key, file)),
        settings=dict(settings),
    )  # fmt: skip


def require_classes(raster: Raster, known: Iterable[object]) -> dict[int, int]:
    """The classes of a raster with their cells, all of them in a list (类别检查).

    A no-data value that the file does not declare (255 in most land cover) would count as a class (trust.md tD01).

    Raises
    ------
    DataError
        E-DATA-31: values that are in no class.
    """
    counts = raster.classes()
    listed = {str(code) for code in known}
    unknown = {value: count for value, count in counts.items() if str(value) not in listed}
    if unknown:
        share = sum(unknown.values()) / sum(counts.values())
        worst = max(unknown, key=lambda value: unknown[value])
        raise DataError(
            "E-DATA-31",
            _("the raster holds values of no class: {values} ({share:.2%} of its data).").format(
                values=", ".join(map(str, unknown)), share=share
            ),
            cure=_("If {value} means no data, write nodata = {value} in study.toml; else name the code system.").format(
                value=worst
            ),
            layer=raster.key,
            file=raster.path,
        )
    return counts


def _remarks(
    crs: str | None, stored: str | None, nodata: float | None, own_nodata: float | None, kind: np.dtype[Any],
    scaling: tuple[float, float], key: str, file: Path,
) -> Iterator[Finding]:  # fmt: skip
    from pyproj import CRS

    if crs is not None and stored is not None and CRS.from_user_input(crs) != CRS.from_user_input(stored):
        yield Finding(
            "F-CRS-20", "warning",
            _("the file says {said}, study.toml says {chosen}; study.toml counts.").format(
                said=CRS.from_user_input(stored).name, chosen=CRS.from_user_input(crs).name),
            layer=key, file=file.name,
        )  # fmt: skip
    if nodata is None and own_nodata is None and np.issubdtype(kind, np.integer):
        yield Finding(
            "F-RASTER-10", "warning",
            _("the raster declares no no-data value: every cell counts as data, also 0 and 255."),
            cure=_("If one of them means no data, write nodata = … in study.toml."), layer=key, file=file.name,
        )  # fmt: skip
    if scaling != (1.0, 0.0):
        yield Finding(
            "F-RASTER-11", "note",
            _("stored values are multiplied by {scale} and {offset} is added, as the file says.").format(
                scale=scaling[0], offset=scaling[1]),
            layer=key, file=file.name,
        )  # fmt: skip


def _band(count: int, band: int | None, key: str, file: Path) -> int:
    if band is None and count == 1:
        return 1
    if band is None or not 1 <= band <= count:
        raise ReadError(
            "E-READ-71",
            _(
                "the raster has {count} bands; reading one by chance would take another quantity for the one meant."
            ).format(count=count),
            cure=_("Write band = 1 (to {count}) in study.toml.").format(count=count),
            layer=key,
            file=file,
        )
    return band


def _require_sane(raw_bytes: int, key: str, file: Path) -> None:
    if raw_bytes > 2 << 30 and raw_bytes > RATIO * file.stat().st_size:
        raise UnsafeError(
            "E-SAFE-13",
            _("a file of {small} bytes claims a raster of {large:.0f} GB.").format(
                small=file.stat().st_size, large=raw_bytes / 1e9
            ),
            cure=_("Ask for the real file."),
            layer=key,
            file=file,
        )


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """An open dataset of rasterio; its errors become ours, and a file without georeference is no reason to warn."""
    rasterio = gdal.raster()
    from rasterio.errors import NotGeoreferencedWarning, RasterioError, RasterioIOError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            with rasterio.open(path, driver="GTiff") as source:
                yield source
    except (RasterioIOError, RasterioError) as error:
        raise ReadError(
            "E-READ-70",
            _("the raster cannot be read: {reason}").format(reason=str(error).replace(str(path), path.name)[:200]),
            cure=_("It is damaged or unfinished: copy or export it again."),
            file=path,
        ) from error
