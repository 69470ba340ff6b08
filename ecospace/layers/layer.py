"""A layer as it was read: the frame, and where it came from."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ecospace.findings import Finding

if TYPE_CHECKING:
    from geopandas import GeoDataFrame


@dataclass(frozen=True, eq=False, kw_only=True)
class Provenance:
    """Where a layer came from, and what was seen on the way: the same for vectors and rasters (来源).

    Parameters
    ----------
    key, role, title : str
        The key in study.toml, what it is (``standards/kinds.toml``), its name in tables.
    layer_name : str
        The layer inside the file.
    source, licence : str
        Who made it, in which document; under which terms it may be used.
    date : date or None
        Its state.
    sha256 : dict of str to str
        SHA-256 of every member file.
    findings : tuple of Finding
        Everything that was seen, repaired or left out while reading.
    settings : dict
        The other keys of the layer's table in study.toml.
    """

    key: str = ""
    role: str = ""
    title: str = ""
    layer_name: str = ""
    source: str = ""
    licence: str = ""
    date: date | None = None
    sha256: dict[str, str] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    settings: dict[str, Any] = field(default_factory=dict)

    def _record(self, path: Path, crs: Any, features: int) -> dict[str, Any]:
        return {
            "key": self.key, "role": self.role, "title": self.title, "file": path.name, "layer": self.layer_name,
            "source": self.source, "licence": self.licence, "date": self.date.isoformat() if self.date else None,
            "crs": crs.to_string() if crs is not None else None, "features": features, "sha256": self.sha256,
        }  # fmt: skip


@dataclass(frozen=True, eq=False)
class Layer(Provenance):
    """One layer with its provenance (图层).

    Parameters
    ----------
    frame : GeoDataFrame
        In the file's own CRS; valid 2-D geometry; indexed by unique text ids; text decoded. Attribute columns keep the
        file's names; the canonical ones (name, kind, level, code, area_m2_stated, status …) are added where the field
        synonyms or ``fields`` of study.toml say which they are.
    path : Path
        The file.
    key, role, title, layer_name, source, licence, date, sha256, findings, settings
        See `Provenance`.
    """

    frame: GeoDataFrame
    path: Path

    @property
    def crs(self) -> Any:
        """The CRS of the file."""
        return self.frame.crs

    def with_findings(self, *findings: Finding) -> Layer:
        """The same layer with more findings, each marked with its key and file."""
        marked = tuple(finding.of(layer=self.key, file=str(self.path.name)) for finding in findings)
        return replace(self, findings=self.findings + marked)

    def provenance(self) -> dict[str, Any]:
        """For the manifest and the 说明 sheet: everything but the frame."""
        return self._record(self.path, self.crs, len(self.frame))
