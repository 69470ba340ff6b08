"""study.toml → Study: place, CRS, layers, definitions, targets. A folder with a study.toml is the only configuration."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ecospace.errors import StudyError
from ecospace.findings import Finding
from ecospace.language import _
from ecospace.terms import kinds, label

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

    from ecospace.crs import StudyCRS
    from ecospace.layers.contract import Contract
    from ecospace.layers.layer import Layer
    from ecospace.layers.raster import Raster
    from ecospace.layers.topology import Array

#: Keys of [study] that have a meaning; another one is a typing mistake.
STUDY_KEYS = {
    "title", "boundary", "zones", "official_area_km2", "source", "terrain", "area", "indicators", "definition",
    "base_year", "demonstration", "notice", "rank", "seed", "printed", "forest", "compare",
}  # fmt: skip
#: What [study] terrain may say: the thresholds of an indicator set stand by it (2016 indicators: 山区, 丘陵, 平原).
TERRAINS = ("平原", "丘陵", "山区")
RASTER_SUFFIXES = {".tif", ".tiff", ".img", ".asc"}


@dataclass(frozen=True, eq=False)
class Study:
    """A planning area and its layers (研究区).

    Parameters
    ----------
    folder : Path
        Where study.toml and, usually, the files are.
    settings : mapping
        The table [study].
    entries : mapping of str to mapping
        The tables [layers.KEY], in the order of the file.
    """

    folder: Path
    settings: Mapping[str, Any]
    entries: Mapping[str, Mapping[str, Any]]
    _layers: dict[str, Layer] = field(default_factory=dict, repr=False)
    _frames: dict[str, GeoDataFrame] = field(default_factory=dict, repr=False)
    _rasters: dict[str, Raster] = field(default_factory=dict, repr=False)

    @property
    def title(self) -> str:
        """The title printed on everything."""
        return str(self.settings.get("title", self.folder.name))

    @property
    def notice(self) -> str:
        """What every table, map and page must say, e.g. 示例数据，非法定."""
        if self.settings.get("notice"):
            return str(self.settings["notice"])
        return _("demonstration data, not legally valid") if self.settings.get("demonstration") else ""

    @property
    def official_area_m2(self) -> float | None:
        """The official area of the whole, square metres, or None."""
        value = self.settings.get("official_area_km2")
        return None if value is None else float(value) * 1e6

    @cached_property
    def crs(self) -> StudyCRS:
        """The one CRS in which this study measures."""
        from ecospace.crs import StudyCRS

        return StudyCRS.for_boundary(self.layer(self._boundary_key).frame, str(self.settings.get("area", "ellipsoid")))

    @cached_property
    def boundary(self) -> GeoDataFrame:
        """The study area as one row, in the study CRS."""
        from geopandas import GeoDataFrame

        frame = self.crs.bring(self.layer(self._boundary_key).frame, layer=self._boundary_key)
        return GeoDataFrame(
            {"name": [self.title]}, geometry=[frame.geometry.union_all()], index=["whole"], crs=frame.crs
        )

    @cached_property
    def zones(self) -> GeoDataFrame | None:
        """Townships or other units, indexed by code, with their `name`; None where the study has none."""
        from geopandas import GeoDataFrame

        key = self.settings.get("zones")
        if not key:
            return None
        frame = self.frame(str(key))
        names = frame["name"] if "name" in frame else frame.index.astype(str)
        codes = frame["code"].astype(str) if "code" in frame else frame.index.astype(str)
        return GeoDataFrame({"name": list(names)}, geometry=frame.geometry.to_numpy(), index=list(codes), crs=frame.crs)

    @property
    def _boundary_key(self) -> str:
        key = self.settings.get("boundary", "boundary")
        if key not in self.entries:
            raise StudyError(
                "E-STUDY-03",
                _("study.toml names the boundary {key!r}, but has no layer of that key.").format(key=key),
                cure=_('Add [layers.{key}] with role = "boundary" and a path.').format(key=key),
                file=self.folder / "study.toml",
            )
        return str(key)

    def keys(self, *roles: str) -> list[str]:
        """Keys of the layers, all or those of some roles, in the order of study.toml."""
        return [key for key, entry in self.entries.items() if not roles or entry.get("role") in roles]

    def path(self, key: str) -> Path:
        """The file of a layer."""
        return self.folder / str(self._entry(key)["path"])

    def is_raster(self, key: str) -> bool:
        """Whether a layer is a raster, by its suffix."""
        return self.path(key).suffix.lower() in RASTER_SUFFIXES

    def title_of(self, key: str) -> str:
        """The title of a layer in tables: its own, or the label of its role."""
        entry = self._entry(key)
        return str(entry.get("title") or label(str(entry.get("role", key))))

    def layer(self, key: str) -> Layer:
        """A layer as read, in its own CRS, with provenance and findings.

        Raises
        ------
        StudyError
            No such key (E-STUDY-04), or no such file (E-STUDY-05).
        """
        if key not in self._layers:
            from ecospace.layers.read import read_layer

            self._require_file(key)
            self._layers[key] = read_layer(self.path(key), key=key, **_reader_settings(self._entry(key)))
        return self._layers[key]

    def raster(self, key: str) -> Raster:
        """A raster layer, opened and checked, not read."""
        if key not in self._rasters:
            from ecospace.layers.raster import open_raster

            self._require_file(key)
            self._rasters[key] = open_raster(self.path(key), key=key, **_reader_settings(self._entry(key)))
        return self._rasters[key]

    def frame(self, key: str) -> GeoDataFrame:
        """A layer in the study CRS.

        Raises
        ------
        StudyError
            The layer has no ground in common with the study area (E-STUDY-06): it is misplaced, or the wrong file.
        """
        if key not in self._frames:
            frame = self.crs.bring(self.layer(key).frame, layer=key)
            whole = self.boundary.geometry.iloc[0]
            if not frame.geometry.intersects(whole).any():
                raise StudyError(
                    "E-STUDY-06",
                    _("no shape of the layer lies in the study area ({kilometres:.1f} km away): its numbers would all "
                      "be 0.").format(kilometres=float(frame.geometry.distance(whole).min()) / 1000),
                    cure=_("Check the file and its coordinate system: ecospace inspect {folder}").format(
                        folder=self.folder.name),
                    layer=key,
                    file=self.path(key),
                )  # fmt: skip
            self._frames[key] = frame
        return self._frames[key]

    def measured_keys(self) -> list[str]:
        """Keys of the vector layers that numbers were made of so far: the boundary, and those brought into the study CRS."""
        return [key for key in self.entries if key == self._boundary_key or key in self._frames]

    def contract(self, key: str, *, loose: Array | None = None) -> Contract:
        """A layer held against what its role promises; see `ecospace.layers.contract.check_contract` (图层质检)."""
        from ecospace.layers.contract import check_contract

        boundary = None if key == self._boundary_key else self.boundary
        return check_contract(self.layer(key), self.frame(key), boundary=boundary, loose=loose)

    def provenance(self) -> list[dict[str, Any]]:
        """What was read: one record a layer, for the manifest and the 说明 sheet."""
        read: dict[str, Layer | Raster] = {**self._layers, **self._rasters}
        return [read[key].provenance() for key in self.entries if key in read]

    def findings(self, keys: Iterable[str] | None = None) -> list[Finding]:
        """Everything seen while reading the layers that were read, and while bringing them into the study CRS."""
        found: list[Finding] = []
        for key in keys if keys is not None else self.entries:
            if key in self._layers:
                found += self._layers[key].findings
            if key in self._rasters:
                found += self._rasters[key].findings
            if key in self._frames:
                found += [item.of(layer=key) for item in self._frames[key].attrs.get("findings", [])
                          if item.of(layer=key) not in found]  # fmt: skip
        return found

    def _entry(self, key: str) -> Mapping[str, Any]:
        try:
            return self.entries[key]
        except KeyError:
            raise StudyError(
                "E-STUDY-04",
                _("study.toml has no layer {key!r}; it has {keys}.").format(key=key, keys=", ".join(self.entries)),
                cure=_("Add [layers.{key}] to study.toml.").format(key=key),
                file=self.folder / "study.toml",
            ) from None

    def _require_file(self, key: str) -> None:
        path = self.path(key)
        if not path.exists():
            raise StudyError(
                "E-STUDY-05",
                _("the file {path} of layer {key!r} is not there, so what needs it is 无数据, not 0.").format(
                    path=self._entry(key)["path"], key=key
                ),
                cure=_("Make the layers of the demonstration: ecospace demo FOLDER")
                if self.settings.get("demonstration")
                else _("Put the file there, or change path in study.toml."),
                layer=key,
                file=path,
            )


def open_study(folder: str | Path) -> Study:
    """Open a study folder (打开研究区).

    Parameters
    ----------
    folder : str or Path
        A folder with a study.toml, or the study.toml itself.

    Returns
    -------
    Study
        Nothing is read yet but study.toml.

    Raises
    ------
    StudyError
        No study.toml (E-STUDY-01), or one that is not understood (E-STUDY-02).
    """
    path = Path(folder)
    path = path if path.suffix == ".toml" else path / "study.toml"
    from ecospace.layers.catalog import read_study_table, require_folder

    if not path.is_file():
        require_folder(path.parent)
        raise StudyError(
            "E-STUDY-01",
            _("the folder {folder} has no study.toml, so it is no study yet.").format(
                folder=path.parent.resolve().name or path.parent
            ),
            cure=_("Let one be written from the files of the folder: ecospace init {folder}").format(
                folder=path.parent
            ),
            file=path,
        )
    table = read_study_table(path)
    return Study(path.parent, _checked_settings(table.get("study", {}), path), _checked_entries(table, path))


def _checked_settings(settings: Mapping[str, Any], path: Path) -> Mapping[str, Any]:
    unknown = sorted(set(settings) - STUDY_KEYS)
    if unknown:
        raise StudyError(
            "E-STUDY-07",
            _("[study] has a key that means nothing: {keys}.").format(keys=", ".join(unknown)),
            cure=_("Known keys: {known}.").format(known=", ".join(sorted(STUDY_KEYS))),
            file=path,
        )
    terrain = settings.get("terrain", TERRAINS[0])
    if terrain not in TERRAINS:
        raise StudyError(
            "E-STUDY-13",
            _("terrain = {terrain!r} is none that has a threshold, so no indicator could be judged.").format(
                terrain=terrain
            ),
            cure=_("Write one of: {known}.").format(known=", ".join(f'terrain = "{word}"' for word in TERRAINS)),
            file=path,
        )
    official = settings.get("official_area_km2", 1.0)
    if isinstance(official, bool) or not isinstance(official, int | float) or not 0 < official < float("inf"):
        raise StudyError(
            "E-STUDY-14",
            _("official_area_km2 = {value!r} is no area, so no share of it can be given.").format(value=official),
            cure=_("Write the number of square kilometres, without quotes and unit: official_area_km2 = 41.22"),
            file=path,
        )
    return settings


def _checked_entries(table: Mapping[str, Any], path: Path) -> Mapping[str, Mapping[str, Any]]:
    entries: Mapping[str, Mapping[str, Any]] = table.get("layers", {})
    for key, entry in entries.items():
        role = entry.get("role")
        if "path" not in entry or role not in kinds():
            raise StudyError(
                "E-STUDY-08",
                _("[layers.{key}] needs a path and a known role; it says role = {role!r}.").format(key=key, role=role),
                cure=_("Roles: {roles}.").format(roles=", ".join(kinds())),
                file=path,
                layer=key,
            )
    return entries


def _reader_settings(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in entry.items() if key != "path"}
