"""One reader for every file that a planner is handed: `read_layer`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date as Date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ecospace.errors import DataError, ReadError
from ecospace.files import fingerprint
from ecospace.findings import Finding
from ecospace.language import _
from ecospace.layers.layer import Layer

if TYPE_CHECKING:
    from geopandas import GeoDataFrame


def read_layer(
    path: str | Path,
    *,
    layer: str | None = None,
    crs: str | None = None,
    fields: Mapping[str, str] | None = None,
    keep: Mapping[str, Any] | None = None,
    repair: str = "safe",
    key: str = "",
    role: str = "context",
    title: str = "",
    source: str = "",
    licence: str = "",
    date: Date | str | None = None,
    **settings: Any,
) -> Layer:
    """Read one vector layer with everything that was seen on the way (读取图层).

    Parameters
    ----------
    path : str or Path
        Shapefile, File Geodatabase, GeoPackage, GeoJSON, GeoParquet, FlatGeobuf …
    layer : str, optional
        The layer inside the file; needed where it has several.
    crs : str, optional
        Only where the file does not say.
    fields : mapping of str to str, optional
        Canonical name → the file's column: ``{"name": "HXMC", "kind": "HXLX"}``.
    keep : mapping, optional
        Only these rows: column → value, list of values, or ``{"above": …, "below": …}``. No match is an error.
    repair : {"safe", "none", "all"}
        How much repair is allowed.
    key, role, title, source, licence, date
        Provenance; see `Layer`.
    **settings
        Kept in the layer: area_unit, code_system …

    Returns
    -------
    Layer

    Raises
    ------
    ReadError, CRSError, GeometryError, DataError
        With code, file, layer, feature and cure.
    """
    import pyogrio
    from geopandas import read_parquet

    from ecospace.layers.repair import repair as repaired

    file = Path(path)
    findings: list[Finding] = []
    if file.suffix.lower() in {".parquet", ".geoparquet"}:
        frame = read_parquet(file)
    else:
        names = [str(name) for name in pyogrio.list_layers(file)[:, 0]]
        if layer is None and len(names) > 1:
            raise ReadError(
                "E-READ-02",
                _("the file has {count} layers ({names}); reading one of them by chance could leave out the others.")
                .format(count=len(names), names=", ".join(names[:12])),
                cure=_('Say which: layer = "{name}" in study.toml.').format(name=names[0]),
                file=file,
            )  # fmt: skip
        frame = pyogrio.read_dataframe(file, layer=layer or names[0])
    if crs is not None:
        frame = frame.set_crs(crs, allow_override=True)
    frame = kept(frame, keep, key, file)
    frame = named(frame, fields or {}, key, file)
    frame, seen = repaired(frame, how=repair)
    findings += seen
    when = Date.fromisoformat(date) if isinstance(date, str) else date
    read = Layer(
        frame=frame, path=file, key=key, role=role, title=title, layer_name=layer or "", source=source,
        licence=licence, date=when, sha256=fingerprint(file), settings=dict(settings),
    )  # fmt: skip
    return read.with_findings(*findings)


def kept(frame: GeoDataFrame, keep: Mapping[str, Any] | None, key: str, file: Path) -> GeoDataFrame:
    """Only the rows that a filter of study.toml names; a filter that matches none is an error, never an empty layer."""
    import pandas as pd

    for column, wanted in (keep or {}).items():
        if column not in frame.columns:
            raise DataError(
                "E-DATA-01",
                _("the filter names the column {column!r}, which the layer does not have.").format(column=column),
                cure=_("Columns: {columns}.").format(columns=", ".join(map(str, frame.columns))),
                layer=key, file=file,
            )  # fmt: skip
        values = frame[column]
        if isinstance(wanted, Mapping):
            numbers = pd.to_numeric(values, errors="coerce")
            mask = numbers.gt(wanted.get("above", float("-inf"))) & numbers.lt(wanted.get("below", float("inf")))
        else:
            chosen: Sequence[Any] = wanted if isinstance(wanted, list) else [wanted]
            mask = values.isin(chosen) | values.astype(str).isin([str(item) for item in chosen])
        if not mask.any():
            raise DataError(
                "E-DATA-02",
                _("the filter {column} = {wanted} matches none of {count} rows: an empty layer would read as clear.")
                .format(column=column, wanted=wanted, count=len(frame)),
                cure=_("Values met: {values}.").format(values=", ".join(map(str, values.unique()[:8]))),
                layer=key, file=file,
            )  # fmt: skip
        frame = frame[mask]
    return frame


def named(frame: GeoDataFrame, fields: Mapping[str, str], key: str, file: Path) -> GeoDataFrame:
    """The frame with canonical columns added and unique text ids as index."""
    for canonical, column in fields.items():
        if column not in frame.columns:
            raise DataError(
                "E-DATA-03",
                _("fields says that {canonical} stands in {column!r}, which the layer does not have.").format(
                    canonical=canonical, column=column),
                cure=_("Columns: {columns}.").format(columns=", ".join(map(str, frame.columns))),
                layer=key, file=file,
            )  # fmt: skip
        if canonical != column:
            frame = frame.assign(**{canonical: frame[column]})
    if "id" in fields and frame["id"].astype(str).is_unique and frame["id"].notna().all():
        return frame.set_axis(frame["id"].astype(str).to_list(), axis=0)
    return frame.set_axis([str(number + 1) for number in range(len(frame))], axis=0)
