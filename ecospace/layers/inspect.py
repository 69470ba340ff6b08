"""What is wrong with the files of a folder, before anything is measured with them (数据体检).

Every layer is read as a study would read it; what would stop the study is told with what to type, and every fault that
has a place is drawn into a GeoPackage.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ecospace.errors import DataError, EcospaceError, StudyError
from ecospace.files import atomic
from ecospace.findings import Finding, once
from ecospace.language import _
from ecospace.layers.catalog import read_study_table, require_folder
from ecospace.layers.layer import Layer
from ecospace.layers.shifted import RELATED, suspect_shift

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

    from ecospace.crs import StudyCRS

#: Keys of a layer in study.toml that the reader does not take.
NOT_READ = ("path", "role")


@dataclass(frozen=True, eq=False)
class LayerReport:
    """One layer and what is wrong with it.

    Parameters
    ----------
    key, role, file, layer_name : str
    error : EcospaceError or None
        What stops the layer.
    findings : tuple of Finding
    facts : dict
        features, left_out, shapes (types and their numbers), crs, columns, sum_m2, union_m2, gap_m2 … as far as known.
    """

    key: str
    role: str
    file: str
    layer_name: str = ""
    error: EcospaceError | None = None
    findings: tuple[Finding, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def grade(self) -> str:
        """``"error"``: it cannot be used as it is; ``"warning"``: read the remarks first; ``"ok"``."""
        if self.error is not None or any(finding.level == "error" for finding in self.findings):
            return "error"
        return "warning" if any(finding.level == "warning" for finding in self.findings) else "ok"


@dataclass(frozen=True, eq=False)
class Inspection:
    """All layers of a folder, and the places of their faults.

    Parameters
    ----------
    title : str
    layers : tuple of LayerReport
    faults : GeoDataFrame or None
        layer, code, text, features, area_m2; in the study's geographic CRS.
    """

    title: str
    layers: tuple[LayerReport, ...]
    faults: GeoDataFrame | None = None

    @property
    def headline(self) -> str:
        """The answer in one sentence."""
        counts = {grade: sum(layer.grade == grade for layer in self.layers) for grade in ("ok", "warning", "error")}
        return _(
            "{title}: {count} layers, {ok} in order, {warning} to be read with care, {error} not usable as they are."
        ).format(title=self.title, count=len(self.layers), **counts)

    def save(self, folder: str | Path) -> list[Path]:
        """Write ``inspect.html`` and, where faults have places, ``inspect.gpkg``, into a folder.

        Returns
        -------
        list of Path
            What was written.
        """
        from ecospace.layers.inspect_page import page

        target = Path(folder)
        written = [target / "inspect.html"]
        with atomic(written[0]) as temporary:
            temporary.write_text(page(self), encoding="utf-8")
        if self.faults is not None and len(self.faults):
            from ecospace.layers.gdal import vector

            written.append(target / "inspect.gpkg")
            with atomic(written[1]) as temporary:
                for kind, rows in self.faults.groupby(self.faults.geom_type.str.removeprefix("Multi")):
                    layer = {"Polygon": "places", "LineString": "outlines"}.get(str(kind), "points")
                    vector().write_dataframe(rows, temporary, layer=layer, driver="GPKG", append=temporary.exists())
        return written


def inspect(path: str | Path) -> Inspection:
    """Read every layer of a folder, a study or a file, and say what is wrong with each (数据体检).

    Parameters
    ----------
    path : str or Path
        A folder (with a study.toml, its layers as it says; without, all data sets in it) or one file.

    Returns
    -------
    Inspection
        It never stops at a bad file.

    Raises
    ------
    StudyError
        E-STUDY-11, E-STUDY-12: nothing to read, or no such folder.
    """
    place = Path(path)
    base = place.parent if place.suffix == ".toml" else place
    require_folder(base)
    entries = list(_entries(base))
    if not entries and (base / "study.toml").is_file():
        raise StudyError(
            "E-STUDY-15", _("study.toml names no layer: all its tables are comments, or it has none."),
            cure=_("Give each layer its role, and take the # signs before its lines away."), file=base / "study.toml",
        )  # fmt: skip
    if not entries:
        raise StudyError("E-STUDY-11", _("{folder} holds no layers.").format(folder=base),
                         cure=_("Put Shapefiles, GeoPackages, GeoTIFFs … there first."))  # fmt: skip
    boundary_key = next((key for key, entry in entries if entry.get("role") == "boundary"), "")
    boundary, study = _boundary(dict(entries).get(boundary_key))
    reports, faults = [], []
    related: dict[str, GeoDataFrame] = {}
    for key, entry in entries:
        report, places, metric = _report(key, entry, boundary, study)
        reports.append(report)
        faults += places
        if study is not None and metric is not None and report.role in RELATED:
            related[key] = metric
    if study is not None:
        reports = [_fitted(report, related, study) for report in reports]
    return Inspection(base.resolve().name, tuple(reports), _drawn(faults))


def _entries(base: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """The layers to look at: key, and the settings with which a study would read each; `path` is whole."""
    if (base / "study.toml").is_file():
        for key, said in read_study_table(base / "study.toml").get("layers", {}).items():
            yield str(key), {**said, "path": base / str(said.get("path", ""))}
        return
    from ecospace.layers.catalog import guess_role
    from ecospace.layers.contents import opened
    from ecospace.layers.formats.archive import datasets

    files = [base] if base.is_file() or base.suffix.lower() == ".gdb" else _files(base, datasets(base))
    for file in files:
        try:
            with opened(file) as found:
                inside = [(one.name, one.geometry) for one in found]
        except EcospaceError:
            inside = [("", "")]
        for name, geometry in inside:
            if geometry == "table":
                continue
            several = len(inside) > 1
            role = guess_role(name if several else file.stem, "") or "context"
            entry: dict[str, Any] = {"path": file, "role": role}
            yield (f"{file.stem}/{name}" if several else file.stem), (entry | {"layer": name} if several else entry)


def _files(base: Path, sets: list[Path]) -> list[Path]:
    """Data sets, archives and rasters of a folder; what ecospace wrote itself is left out."""
    others = [item for item in base.rglob("*") if item.suffix.lower() in (".zip", ".tif", ".tiff") and item.is_file()]
    texts = [item for item in base.rglob("*") if item.suffix.lower() in (".txt", ".xlsx", ".csv") and item.is_file()]
    whole = sorted({*sets, *others, *texts})
    return [item for item in whole if "outputs" not in item.relative_to(base).parts and item.name != "inspect.gpkg"]


def _boundary(entry: Mapping[str, Any] | None) -> tuple[GeoDataFrame | None, StudyCRS | None]:
    from ecospace.crs import StudyCRS

    if entry is None:
        return None, None
    try:
        frame = _read("boundary", entry).frame
        study = StudyCRS.for_boundary(frame)
        return study.bring(frame), study
    except EcospaceError:
        return None, None


def _read(key: str, entry: Mapping[str, Any], **more: Any) -> Layer:
    from ecospace.layers.read import read_layer

    settings = {name: value for name, value in entry.items() if name not in NOT_READ}
    return read_layer(entry["path"], key=key, role=str(entry.get("role", "context")), **(settings | more))


def _report(
    key: str, entry: Mapping[str, Any], boundary: GeoDataFrame | None, study: StudyCRS | None
) -> tuple[LayerReport, list[dict[str, Any]], GeoDataFrame | None]:
    """The report on one layer, the places of its faults, and its frame in the study CRS if it got so far."""
    file, role = Path(entry["path"]).name, str(entry.get("role", "context"))
    if Path(file).suffix.lower() in (".tif", ".tiff", ".img"):
        return _raster_report(key, entry), [], None
    extra: list[Finding] = []
    try:
        try:
            layer = _read(key, entry, on_error="leave out")
        except DataError as wrong_unit:
            if wrong_unit.code != "E-DATA-33":
                raise
            # The rest of the layer is worth looking at all the same.
            extra.append(Finding(wrong_unit.code, "error", wrong_unit.text, cure=wrong_unit.cure, layer=key, file=file))
            layer = _read(key, {**entry, "area_unit": None}, on_error="leave out")
    except EcospaceError as stopped:
        return LayerReport(key, role, file, str(entry.get("layer", "")), stopped), [], None
    frame = layer.frame
    facts: dict[str, Any] = {
        "features": len(frame),
        "shapes": {str(kind): int(count) for kind, count in frame.geom_type.value_counts().items()},
        "crs": frame.crs.name if frame.crs is not None else "",
        "columns": [str(name) for name in frame.columns if name != frame.geometry.name],
    }
    findings, faults = [*extra, *layer.findings], _outlines(key, entry, layer)
    error: EcospaceError | None = None
    metric: GeoDataFrame | None = None
    if frame.empty or frame.geometry.is_empty.all():
        return LayerReport(key, role, file, layer.layer_name, None, tuple(findings), facts), faults, None
    try:
        from ecospace.crs import StudyCRS
        from ecospace.layers.contract import check_contract

        own = study or StudyCRS.for_boundary(frame)
        metric = own.bring(frame, layer=key)
        findings += metric.attrs.get("findings", [])
        contract = check_contract(layer, metric, boundary=boundary if role != "boundary" else None)
        findings += contract.findings
        facts |= contract.facts
        faults += [{**place, "layer": key, "crs": own} for place in contract.faults]
        if boundary is not None and role != "boundary":
            findings += _meeting(key, metric, boundary)
            findings += _astray(entry, layer, boundary)
            findings += _shifted(key, role, layer, boundary)
    except EcospaceError as caught:
        error = caught
    seen = tuple(once(finding.of(layer=key) for finding in findings))
    return LayerReport(key, role, file, layer.layer_name, error, seen, facts), faults, metric


def _fitted(report: LayerReport, related: Mapping[str, GeoDataFrame], study: StudyCRS) -> LayerReport:
    """The report with a warning where the layer fits its neighbours better when moved back by an online map's shift."""
    if report.key not in related:
        return report
    others = {key: frame for key, frame in related.items() if key != report.key}
    finding = suspect_shift(related[report.key], others, study)
    return report if finding is None else replace(report, findings=(*report.findings, finding.of(layer=report.key)))


def _raster_report(key: str, entry: Mapping[str, Any]) -> LayerReport:
    from ecospace.layers.raster import open_raster

    role, file = str(entry.get("role", "context")), Path(entry["path"]).name
    settings = {name: value for name, value in entry.items() if name not in (*NOT_READ, "layer")}
    try:
        raster = open_raster(entry["path"], key=key, role=role, **settings)
    except EcospaceError as error:
        return LayerReport(key, role, file, "", error)
    facts = {"features": raster.shape[0] * raster.shape[1], "crs": raster.crs.name, "shapes": {_("cells"): 1},
             "nodata": raster.nodata}  # fmt: skip
    return LayerReport(key, role, file, "", None, raster.findings, facts)


def _meeting(key: str, frame: GeoDataFrame, boundary: GeoDataFrame) -> list[Finding]:
    """Whether the layer has any ground in common with the study area."""
    import shapely

    whole = shapely.union_all(boundary.geometry.to_numpy())
    if bool(frame.intersects(whole).any()):
        return []
    return [Finding(
        "E-STUDY-06", "error",
        _("no shape of the layer lies in the study area ({kilometres:.1f} km away): its numbers would all be 0.").format(
            kilometres=float(frame.distance(whole).min()) / 1000),
        cure=_("Check its coordinate system: wrong zone, wrong central meridian, or another place."), layer=key,
    )]  # fmt: skip


def _astray(entry: Mapping[str, Any], layer: Layer, boundary: GeoDataFrame) -> list[Finding]:
    """Features far from the study area that lie in it when their numbers are read another way."""
    import numpy as np
    import shapely

    from ecospace.layers.strays import clusters_of, find_strays, stray_findings

    if entry.get("far_features") == "verified":
        return []
    parts, owner = shapely.get_parts(layer.frame.geometry.to_numpy(), return_index=True)
    clusters = clusters_of(shapely.bounds(parts), owner, layer.frame.index, layer.frame.crs)
    whole = shapely.get_parts(boundary.geometry.to_numpy())
    place = clusters_of(shapely.bounds(whole), np.zeros(len(whole), int), ["boundary"], boundary.crs)
    return stray_findings(find_strays(clusters, layer.frame.crs, place, boundary.crs), len(layer.frame))


def _shifted(key: str, role: str, layer: Layer, boundary: GeoDataFrame) -> list[Finding]:
    """Whether a layer of the whole area lies off the boundary as GCJ-02 or BD-09 would (townships, land use)."""
    from ecospace.layers.contract import promise_of
    from ecospace.layers.offset import find_offset

    if not promise_of(role).tiles:
        return []
    try:
        found = find_offset(layer.frame, boundary, layer=key).finding
        return [found] if found is not None else []
    except EcospaceError as error:
        return [Finding(error.code, "warning", error.text, cure=error.cure, layer=key)]


def _outlines(key: str, entry: Mapping[str, Any], layer: Layer) -> list[dict[str, Any]]:
    """The outlines, as drawn, of shapes that findings name: for looking at them on a map."""
    import shapely

    named = {
        feature: finding for finding in layer.findings
        if finding.code.startswith(("E-GEO", "F-GEO-23", "E-READ-37", "F-READ-37")) for feature in finding.features
    }  # fmt: skip
    if not named or layer.frame.crs is None:
        return []
    from ecospace.layers.contents import read_content

    try:
        raw = read_content(entry["path"], layer=entry.get("layer"), encoding=entry.get("encoding")).frame
    except EcospaceError:
        return []
    out = []
    for feature, finding in named.items():
        shape = raw.geometry.get(feature)
        if shape is None or shape.is_empty or shapely.get_dimensions(shape) < 2:
            continue
        lines = shapely.MultiLineString([ring.coords for ring in shapely.get_rings(shape)])
        out.append({"layer": key, "code": finding.code, "text": finding.text, "features": feature,
                    "area_m2": finding.area_before_m2, "geometry": lines, "crs": layer.frame.crs})  # fmt: skip
    return out


def _drawn(faults: list[dict[str, Any]]) -> GeoDataFrame | None:
    """All places in one geographic CRS: that of the study, never the study CRS itself."""
    import shapely
    from geopandas import GeoDataFrame

    from ecospace.crs import StudyCRS, geographic_of, moving

    places: list[dict[str, Any]] = []
    target: Any = None
    for fault in faults:
        crs = fault["crs"].crs if isinstance(fault["crs"], StudyCRS) else fault["crs"]
        target = target or geographic_of(crs)
        place = {name: value for name, value in fault.items() if name != "crs"}
        places.append(place | {"geometry": shapely.transform(fault["geometry"], moving(crs, target))})
    return GeoDataFrame(places, geometry="geometry", crs=target) if places else None
