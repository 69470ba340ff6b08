"""Rasters: opened and checked, read by window, no-data known."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date as Date
from pathlib import Path
from typing import Any

import numpy as np

from ecospace.errors import CRSError, ReadError
from ecospace.files import fingerprint
from ecospace.findings import Finding
from ecospace.language import _

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, eq=False)
class Raster:
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
    key, role, title, source, licence, date, sha256, findings, settings
        As in `Layer`.
    """

    path: Path
    crs: Any
    transform: Any
    shape: tuple[int, int]
    nodata: float | None
    band: int = 1
    key: str = ""
    role: str = ""
    title: str = ""
    source: str = ""
    licence: str = ""
    date: Date | None = None
    sha256: dict[str, str] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    settings: dict[str, Any] = field(default_factory=dict)

    def read(self, row: int, column: int, rows: int, columns: int) -> tuple[Array, Array]:
        """The values of a window, and which of them are data.

        Returns
        -------
        values, valid : ndarray, shape (rows, columns)
        """
        import rasterio
        from rasterio.windows import Window

        with rasterio.open(self.path, driver="GTiff") as source:
            window = Window(column, row, columns, rows)
            values = source.read(self.band, window=window)
            valid = source.read_masks(self.band, window=window) > 0
        if self.nodata is not None:
            valid &= values != self.nodata
        return values, valid & np.isfinite(values)

    def provenance(self) -> dict[str, Any]:
        """For the manifest and the 说明 sheet."""
        return {
            "key": self.key, "role": self.role, "title": self.title, "file": self.path.name, "layer": "",
            "source": self.source, "licence": self.licence, "date": self.date.isoformat() if self.date else None,
            "crs": self.crs.to_string(), "features": int(self.shape[0] * self.shape[1]), "sha256": self.sha256,
        }  # fmt: skip


def open_raster(
    path: str | Path,
    *,
    crs: str | None = None,
    nodata: float | None = None,
    band: int = 1,
    key: str = "",
    role: str = "context",
    title: str = "",
    source: str = "",
    licence: str = "",
    date: Date | str | None = None,
    **settings: Any,
) -> Raster:
    """Open a raster and check what would give a silent wrong number (打开栅格).

    Raises
    ------
    CRSError
        No CRS (E-CRS-01).
    ReadError
        Rotated, or south-up (E-READ-30).
    """
    import rasterio
    from pyproj import CRS

    file = Path(path)
    with rasterio.open(file, driver="GTiff") as opened:
        transform, shape = opened.transform, (opened.height, opened.width)
        stored = opened.crs.to_wkt() if opened.crs else None
        own_nodata = opened.nodatavals[band - 1]
    if crs is None and stored is None:
        raise CRSError("E-CRS-01", _("the raster says no coordinate system."),
                       cure=_('Give it in study.toml: crs = "EPSG:4490".'), layer=key, file=file)  # fmt: skip
    if transform.b or transform.d or transform.e > 0:
        raise ReadError("E-READ-30", _("the raster is rotated or upside down."),
                        cure=_("Warp it north-up first (gdalwarp)."), layer=key, file=file)  # fmt: skip
    when = Date.fromisoformat(date) if isinstance(date, str) else date
    return Raster(
        path=file, crs=CRS.from_user_input(crs or stored), transform=transform, shape=shape,
        nodata=nodata if nodata is not None else own_nodata, band=band, key=key, role=role, title=title, source=source,
        licence=licence, date=when, sha256=fingerprint(file), settings=dict(settings),
    )  # fmt: skip
