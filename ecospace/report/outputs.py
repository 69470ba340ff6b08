"""The folder outputs/ of a study: the workbook, the values as JSON, and the manifest that traces every number."""

from __future__ import annotations

import json
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ecospace.files import atomic, fingerprint
from ecospace.language import _
from ecospace.report.excel import save_workbook
from ecospace.report.study_tables import study_tables

if TYPE_CHECKING:
    from ecospace.run import Results

PACKAGES = ("ecospace-toolkit", "shapely", "pyproj", "pyogrio", "rasterio", "geopandas", "numpy")


def save_outputs(results: Results, folder: str | Path | None = None) -> list[Path]:
    """Write what a run found (成果输出).

    Parameters
    ----------
    results : Results
    folder : str or Path, optional
        Default: ``outputs`` in the study's folder.

    Returns
    -------
    list of Path
        indicators.xlsx, results.json (the same inputs give the same bytes) and manifest.json.
    """
    target = Path(folder) if folder is not None else results.study.folder / "outputs"
    tables = study_tables(results)
    written = [save_workbook(tables, target / "indicators.xlsx", explanation=explanation(results))]
    for name, content in (
        ("results.json", [table.as_dict() for table in tables]),
        ("manifest.json", manifest(results)),
    ):
        with atomic(target / name) as temporary:
            temporary.write_text(json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True), encoding="utf-8")
        written.append(target / name)
    return written


def manifest(results: Results) -> dict[str, Any]:
    """Everything that the numbers rest on: inputs with SHA-256, CRS, definitions, versions, findings, errors."""
    study = results.study
    return {
        "study": study.title,
        "notice": study.notice,
        "settings": {key: str(value) for key, value in study.settings.items()},
        "study_toml_sha256": fingerprint(study.folder / "study.toml"),
        "crs": study.crs.as_dict(),
        "layers": study.provenance(),
        "definitions": {
            **{key: item.definition.statement() for key, item in results.coverages.items() if item.definition},
            **{key: item.definition.statement() for key, item in results.covers.items()},
        },
        "proofs": {key: {name: float(value) for name, value in item.proof.items()}
                   for key, item in results.coverages.items()},
        "versions": versions(),
        "findings": [finding.as_dict() for finding in results.findings],
        "errors": [{"layer": key, "code": error.code, "text": error.text, "cure": error.cure}
                   for key, error in results.errors.items()],
    }  # fmt: skip


def explanation(results: Results) -> dict[str, Any]:
    """The sheet 说明."""
    study = results.study
    area = results.area
    lines: dict[str, Any] = {
        _("Study"): study.title,
        _("Notice"): study.notice or "—",
        _("Area method"): study.crs.describe(),
        _("Study CRS"): study.crs.crs.name,
        _("Plane area beside"): f"{area.plane}: {area.plane_m2 / 1e6:.6f} km² ({area.plane_ppm:+.1f} ppm)",
        _("Rounding"): _("GB/T 8170; printed parts are balanced to the printed total (largest remainder)"),
        _("Inputs"): [[_("Layer"), _("File"), _("CRS"), _("Date"), _("Source"), _("Features"), "SHA-256"],
                      *[[item["title"] or item["key"], item["file"], item["crs"], item["date"] or "—",
                         item["source"] or "—", item["features"], " ".join(item["sha256"].values())]
                        for item in study.provenance()]],
        _("Definitions"): [item.definition.statement() for item in results.coverages.values() if item.definition]
        + [item.definition.statement() for item in results.covers.values()],
        _("Left out"): [[key, error.code, error.text, error.cure] for key, error in results.errors.items()] or "—",
        _("Findings"): [[finding.layer, finding.level, finding.code, finding.text, finding.cure]
                        for finding in results.findings] or "—",
        _("Versions"): [f"{name} {number}" for name, number in versions().items()],
    }  # fmt: skip
    return lines


def versions() -> dict[str, str]:
    """Versions of what computed the numbers."""
    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            from ecospace import __version__

            found[name] = __version__ if name == "ecospace-toolkit" else "—"
    return found
