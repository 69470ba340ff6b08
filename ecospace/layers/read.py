"""One reader for every file that a planner is handed: `read_layer`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date as dates
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from ecospace.errors import CRSError, DataError, EcospaceError, GeometryError, ReadError
from ecospace.files import fingerprint
from ecospace.findings import Finding
from ecospace.language import _
from ecospace.layers.contents import Content, read_content
from ecospace.layers.gdal import local_path
from ecospace.layers.layer import Layer
from ecospace.layers.repair import MAX_CHANGE, How
from ecospace.layers.repair import assess as assessed

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from pyproj import CRS

#: No coordinate in metres or degrees is larger, zone prefixes included.
EARTH = 1e8

OnError = Literal["stop", "leave out"]

#: Keys of study.toml that only surveyors' formats know.
SURVEYED = ("swap", "angles", "declared_area", "points", "unit", "nested")
#: What a finding of level "error" is raised as, by the subject in its code.
RAISED: dict[str, type[EcospaceError]] = {
    "READ": ReadError, "GEO": GeometryError, "CRS": CRSError, "DATA": DataError,
}  # fmt: skip


def read_layer(
    path: str | Path,
    *,
    layer: str | None = None,
    crs: str | None = None,
    encoding: str | None = None,
    fields: Mapping[str, str] | None = None,
    keep: Mapping[str, Any] | None = None,
    repair: How = "safe",
    max_change: float = MAX_CHANGE,
    on_error: OnError = "stop",
    place: GeoDataFrame | None = None,
    key: str = "",
    role: str = "context",
    title: str = "",
    source: str = "",
    licence: str = "",
    date: dates | str | None = None,
    **settings: Any,
) -> Layer:
    """Read one vector layer with everything that was seen on the way (读取图层).

    Parameters
    ----------
    path : str or Path
        Shapefile, File Geodatabase, GeoPackage, GeoJSON, GeoParquet, FlatGeobuf, MapInfo, GML, KML, DXF, boundary-point
        TXT, coordinate table, or a zip with one of them. The format is found by the content, not by the name.
    layer : str, optional
        The layer inside the file; needed where it has several.
    crs : str, optional
        Only where the file does not say.
    encoding : str, optional
        Of a .dbf, where the bytes were misread.
    fields : mapping of str to str, optional
        Canonical name → the file's column: ``{"name": "HXMC", "kind": "HXLX"}``.
    keep : mapping, optional
        Only these rows: column → value, list of values, or ``{"above": …, "below": …}``. No match is an error. Rows without a
        number are left out and named, unless ``"empty"`` says that they are kept (true) or left out (false).
    repair : {"safe", "none", "all"}
        How much repair is allowed; see `ecospace.layers.repair.repair`.
    max_change : float
        Share of its area that a safe repair may change.
    on_error : {"stop", "leave out"}
        What to do with features that cannot be read or repaired: name them all and stop, or go on without them, each in
        a finding of level "error", which a site check takes as 无法判定.
    place : GeoDataFrame, optional
        The study boundary; with it a wrong central meridian or exchanged axes show.
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
    from ecospace.layers.fields import recognised
    from ecospace.layers.text import normalised

    file = local_path(path)
    options = {name: settings.get(name) for name in SURVEYED} | {"crs": crs, "place": place, "source": source or None}
    # The fingerprint is made by the other core while this one reads.
    with ThreadPoolExecutor(1) as other:
        sha256 = other.submit(fingerprint, file)
        content = read_content(path, layer=layer, encoding=encoding, options=options)
        _stop_at_errors(content.findings, on_error, key, file)
        content, seen = on_earth(content)
        findings = [*content.findings, *seen]
        _stop_at_errors(seen, on_error, key, file)
        frame, seen = placed(content, crs, place, key, file)
        findings += seen
        if settings.get("helmert") or settings.get("grid"):
            from ecospace.layers.datum import shifted_as_told

            frame, seen = shifted_as_told(frame, settings, folder=file.parent, layer=key)
            findings += seen
        frame, seen = normalised(frame)
        findings += seen
        frame, seen = assessed(frame, repair, max_change, layer=key)
        findings += seen
        # With nothing left, a layer would read as clear: then there is no going on.
        _stop_at_errors(findings if frame.empty else seen, "stop" if frame.empty else on_error, key, file)
        _require_features(frame, key, file)
        findings += unnumbered(frame, keep)
        whole, frame = len(frame), kept(frame, keep, key, file)
        if keep and len(frame) < whole:
            text = _("{count} of {all} features after the filter {keep}")
            text = text.format(count=len(frame), all=whole, keep=", ".join(f"{k} = {v}" for k, v in keep.items()))
            findings.append(Finding("F-DATA-41", "note", text, count=whole - len(frame)))
        frame, seen = named(frame, fields or {}, key, file)
        findings += seen
        frame, seen = recognised(frame, role)
        findings += seen
        _require_unit(frame, settings.get("area_unit"), key, file)
        when = date if date is None or isinstance(date, dates) else _day(str(date), key, file)
        read = Layer(
            frame=frame, path=file, key=key, role=role, title=title, layer_name=content.layer_name, source=source,
            licence=licence, date=when, sha256=sha256.result(), settings=dict(settings),
        )  # fmt: skip
    return read.with_findings(*findings)


def on_earth(content: Content) -> tuple[Content, list[Finding]]:
    """The content without shapes that lie on no map, such as a changed byte makes; they are named."""
    import shapely

    frame = content.frame
    bounds = np.asarray(shapely.bounds(frame.geometry.to_numpy())).reshape(-1, 4)
    wild = (np.abs(bounds) > EARTH).any(axis=1) & ~np.isnan(bounds).any(axis=1)
    if not wild.any():
        return content, []
    names = [str(name) for name in frame.index[wild]]
    return replace(content, frame=frame.loc[~wild]), [Finding(
        "E-GEO-31", "error",
        _("{features}: coordinates beyond the earth ({value:.3g}); the file is damaged or was written wrongly").format(
            features=", ".join(names[:5]), value=float(np.abs(bounds[wild]).max())),
        cure=_("Copy or export the file again."), features=tuple(names[:100]), count=len(names),
    )]  # fmt: skip


def placed(
    content: Content, crs: str | None, place: GeoDataFrame | None, key: str, file: Path
) -> tuple[GeoDataFrame, list[Finding]]:
    """The frame in the CRS that the file and the numbers agree on.

    Raises
    ------
    CRSError
        No CRS, or one that the numbers contradict; the cure is the line that fits them.
    """
    import shapely
    from pyproj.exceptions import ProjError

    from ecospace.layers.coordinates import judge_crs

    frame = content.frame
    bounds = np.asarray(shapely.bounds(frame.geometry.to_numpy())).reshape(-1, 4)
    corners = np.vstack([bounds[:, :2], bounds[:, 2:]])
    if not np.isfinite(corners).all(axis=1).any():
        return frame, []
    said: CRS | None = frame.crs
    findings = []
    if crs is not None:
        chosen = _user_crs(crs, key, file)
        if said is not None and said != chosen:
            findings.append(Finding(
                "F-CRS-20", "warning",
                _("the file says {said}, study.toml says {chosen}; study.toml counts.").format(
                    said=said.name, chosen=chosen.name),
            ))  # fmt: skip
        said = chosen
    try:
        judgement = judge_crs(corners, said, place=place)
    except ProjError as error:
        raise CRSError(
            "E-CRS-42",
            _("the coordinate system that the file describes cannot be computed with ({reason}).").format(reason=error),
            cure=_('Its .prj or header is damaged: write crs = "EPSG:…" in study.toml.'),
            layer=key,
            file=file,
        ) from error
    if said is None and content.crs_proposal and not judgement.proposal:
        raise CRSError(
            "E-CRS-21",
            _("the layer says no coordinate system, so neither its place nor its area is known."),
            cure=_("Write into study.toml what fits the numbers: {line}").format(line=content.crs_proposal),
            layer=key,
            file=file,
        )
    if said is not None and judgement.crs is None:
        _require_one_kind(bounds, frame, said, key, file)
    established = judgement.settled(file=file, layer=key)
    findings += [finding for finding in judgement.findings if finding.level != "error"]
    return frame.set_crs(established, allow_override=True), findings


def _require_one_kind(bounds: np.ndarray[Any, Any], frame: GeoDataFrame, said: CRS, key: str, file: Path) -> None:
    """Name the features whose numbers are of another kind, where it is they that contradict the CRS and not the rest."""
    from ecospace.layers.coordinates import judge_crs
    from ecospace.layers.strays import clusters_of

    finite = np.flatnonzero(np.isfinite(bounds).all(axis=1))
    clusters = clusters_of(bounds[finite], finite, frame.index, said)
    fits = [judge_crs(cluster.box, said).crs is not None for cluster in clusters]
    odd = [cluster for cluster, good in zip(clusters, fits, strict=True) if not good]
    if odd and any(fits):
        raise CRSError(
            "E-CRS-48",
            _("{count} features ({features}) have coordinates of another kind than the rest, which fit {crs}: in degrees, "
              "with X and Y exchanged, with another zone or damaged.").format(
                count=sum(cluster.count for cluster in odd), features=", ".join(odd[0].features[:5]), crs=said.name),
            cure=_("Have these features corrected at the source: where they lie is not known."),
            layer=key, file=file, features=[name for cluster in odd for name in cluster.features][:100],
        )  # fmt: skip


def kept(frame: GeoDataFrame, keep: Mapping[str, Any] | None, key: str, file: Path) -> GeoDataFrame:
    """Only the rows that a filter of study.toml names; a filter that matches none is an error, never an empty layer."""
    import pandas as pd

    for column, wanted in (keep or {}).items():
        missing = _("the filter names the column {column!r}, which the layer does not have.").format(column=column)
        _require_column(frame, column, "E-DATA-01", missing, key, file)
        values = frame[column]
        if isinstance(wanted, Mapping):
            _require_limits(wanted, column, key, file)
            numbers = pd.to_numeric(values, errors="coerce")
            mask = numbers.gt(wanted.get("above", float("-inf"))) & numbers.lt(wanted.get("below", float("inf")))
            mask |= numbers.isna() & bool(wanted.get("empty"))
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


def unnumbered(frame: GeoDataFrame, keep: Mapping[str, Any] | None) -> list[Finding]:
    """The features that a numeric filter leaves out because they have no number: whether they belong is not known."""
    import pandas as pd

    findings = []
    for column, wanted in (keep or {}).items():
        if column in frame.columns and isinstance(wanted, Mapping) and "empty" not in wanted:
            names = [str(name) for name in frame.index[pd.to_numeric(frame[column], errors="coerce").isna()]]
            if names:
                findings.append(Finding(
                    "F-DATA-42", "warning",
                    _("{count} features ({features}) have no number in {column}: the filter leaves them out, although they "
                      "may belong to the layer").format(
                        count=len(names), features=", ".join(names[:5]) + (" …" if len(names) > 5 else ""), column=column),
                    cure=_("Fill in the numbers, or say in the filter what happens to features without one: empty = true "
                           "keeps them, empty = false leaves them out."),
                    features=tuple(names[:100]), count=len(names),
                ))  # fmt: skip
    return findings


def _require_limits(wanted: Mapping[str, Any], column: str, key: str, file: Path) -> None:
    limits = [wanted.get(name, 0.0) for name in ("above", "below")]
    if set(wanted) - {"above", "below", "empty"} or not all(isinstance(value, (int, float)) for value in limits):
        raise DataError(
            "E-DATA-04",
            _("the filter {column} = {wanted} is not understood.").format(column=column, wanted=dict(wanted)),
            cure=_("Write {column} = {{ above = 0.5, below = 10, empty = false }}, any of them.").format(column=column),
            layer=key, file=file,
        )  # fmt: skip


def named(frame: GeoDataFrame, fields: Mapping[str, str], key: str, file: Path) -> tuple[GeoDataFrame, list[Finding]]:
    """The frame with the canonical columns that study.toml names, indexed by them if they are ids."""
    for canonical, column in fields.items():
        missing = _("fields says that {canonical} stands in {column!r}, which the layer does not have.").format(
            canonical=canonical, column=column
        )
        _require_column(frame, column, "E-DATA-03", missing, key, file)
        if canonical != column:
            frame = frame.assign(**{canonical: frame[column]})
    if "id" not in fields:
        return frame, []
    ids = frame["id"].astype(str)
    if ids.is_unique and frame["id"].notna().all():
        return frame.set_axis(ids.to_list(), axis=0), []
    twice = ids[ids.duplicated(keep=False)]
    return frame, [Finding(
        "F-DATA-20", "warning",
        _("{column} is not unique ({count} rows, e.g. {sample}); features are named by row number.").format(
            column=fields["id"], count=len(twice), sample=", ".join(twice.unique()[:3])),
        features=tuple(map(str, twice.index[:100])), count=len(twice),
    )]  # fmt: skip


def _require_features(frame: GeoDataFrame, key: str, file: Path) -> None:
    if frame.empty:
        raise ReadError(
            "E-READ-56",
            _("the layer has no feature; it would read as clear of everything."),
            cure=_("Check whether the export is complete, or take the layer out of study.toml."),
            layer=key,
            file=file,
        )


def _require_column(frame: GeoDataFrame, column: str, code: str, text: str, key: str, file: Path) -> None:
    if column not in frame.columns:
        columns = [str(name) for name in frame.columns if name != frame.geometry.name]
        bare = _(
            "The layer has no attributes at all: copy the .dbf of the same name beside the .shp, or export it again."
        )
        raise DataError(
            code,
            text,
            cure=_("Columns: {columns}.").format(columns=", ".join(columns)) if columns else bare,
            layer=key,
            file=file,
        )


def _require_unit(frame: GeoDataFrame, said: object, key: str, file: Path) -> None:
    """Refuse stated areas whose unit is not the one that study.toml says: 亩 read as hectares are 15 times too large."""
    if said is None or "approved_area" not in frame:
        return
    import shapely

    from ecospace.layers.contract import area_unit, stated_areas, unit_finding
    from ecospace.layers.repair import square_metres_per_unit

    shapes = frame.geometry.to_numpy()
    stated, _wrong = stated_areas(frame["approved_area"])
    unit = area_unit(stated, shapely.area(shapes) * square_metres_per_unit(shapes, frame.crs))
    finding = unit_finding("approved_area", unit, said) if unit is not None else None
    if finding is not None:
        raise DataError(finding.code, finding.text, cure=finding.cure, layer=key, file=file)


def _day(text: str, key: str, file: Path) -> dates:
    try:
        return dates.fromisoformat(text)
    except ValueError as error:
        raise DataError(
            "E-DATA-57",
            _("date = {text!r} is no day.").format(text=text),
            cure=_("Write it so: date = 2018-06-30"),
            layer=key,
            file=file,
        ) from error


def _user_crs(text: str, key: str, file: Path) -> CRS:
    from pyproj import CRS
    from pyproj.exceptions import CRSError as ProjError

    try:
        return CRS.from_user_input(text)
    except ProjError as error:
        raise CRSError(
            "E-CRS-41",
            _("crs = {text!r} is no coordinate system that is known.").format(text=text),
            cure=_('Write it so: crs = "EPSG:4526".'),
            layer=key,
            file=file,
        ) from error


def _stop_at_errors(findings: Sequence[Finding], on_error: str, key: str, file: Path) -> None:
    """Raise everything that would be left out, all at once, unless the user lets it be left out."""
    if on_error not in ("stop", "leave out"):
        raise ReadError(
            "E-READ-55",
            _("on_error = {value!r} is not known.").format(value=on_error),
            cure=_('Write on_error = "stop" or "leave out".'),
            file=file,
        )
    # Where a whole layer is in doubt, there are no features to leave out.
    everything = [finding for finding in findings if finding.level == "error" and finding.code.startswith("E-CRS")]
    wrong = everything or [finding for finding in findings if finding.level == "error"]
    if not wrong or (on_error == "leave out" and not everything):
        return
    first = wrong[0]
    text = first.text
    if len(wrong) > 1:
        others = "; ".join(finding.text.rstrip("。.") for finding in wrong[1:10])
        text = _("{first} And {count} more: {others}.").format(first=first.text, count=len(wrong) - 1, others=others)
    advice = _('To go on without these features, named in every result, write on_error = "leave out".')
    raise RAISED.get(first.code.split("-")[1], ReadError)(
        first.code,
        text,
        cure=first.cure if everything or "on_error" in first.cure else f"{first.cure} {advice}".strip(),
        file=file,
        layer=key,
        features=[feature for finding in wrong for feature in finding.features],
    )
