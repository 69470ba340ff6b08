"""One file, whatever its format: what layers it holds, and one of them as it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ecospace.errors import ReadError
from ecospace.findings import Finding
from ecospace.language import _
from ecospace.layers.formats.archive import datasets, unpacked
from ecospace.layers.formats.sniff import fits_suffix, sniff
from ecospace.layers.gdal import DRIVERS, local_path

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

    from ecospace.layers.formats.parcels import Parcels

RASTERS = ("tiff", "img")


@dataclass(frozen=True, eq=False)
class Content:
    """A layer as its file says it, before anything is judged or repaired.

    Parameters
    ----------
    frame : GeoDataFrame
        Indexed by unique text ids; CRS as the file says, or None.
    findings : tuple of Finding
        Level "error": features that are left out.
    layer_name : str
        The layer inside the file.
    crs_proposal : str
        What the numbers fit where the file says no CRS, as a line to type.
    """

    frame: GeoDataFrame
    findings: tuple[Finding, ...] = ()
    layer_name: str = ""
    crs_proposal: str = ""


@dataclass(frozen=True)
class Found:
    """A layer that a file or archive holds.

    Parameters
    ----------
    name : str
        What to write as ``layer = "…"``.
    path : Path
        The data set.
    format : str
    inner : str
        The layer inside the data set.
    geometry : str
        Geometry type; ``"table"`` for one without; empty where it is not known before reading.
    """

    name: str
    path: Path
    format: str
    inner: str = ""
    geometry: str = ""


@contextmanager
def opened(path: str | Path) -> Iterator[list[Found]]:
    """The layers of a file, which can be read as long as the block lasts; a zip is unpacked for it.

    Raises
    ------
    UnsafeError, ReadError
        See `sniff`, `unpacked`.
    """
    file = local_path(path)
    format = sniff(file)
    if format != "zip":
        yield _layers(file, format)
        return
    with unpacked(file) as folder:
        found = []
        for item in datasets(folder):
            inside = _layers(item, sniff(item))
            stem = item.relative_to(folder).with_suffix("").as_posix()
            found += [
                replace(one, name=stem if len(inside) == 1 else f"{stem}/{one.inner}") for one in inside
            ]  # fmt: skip
        if not found:
            raise ReadError(
                "E-READ-26",
                _("the archive holds no layer that can be read."),
                cure=_("Archives inside archives are not opened: unpack it first."),
                file=file,
            )
        yield found


def read_content(
    path: str | Path, *, layer: str | None = None, encoding: str | None = None, options: Mapping[str, Any] | None = None
) -> Content:
    """One layer of a file, as it is.

    Parameters
    ----------
    path : str or Path
    layer : str, optional
        Needed where the file has several.
    encoding : str, optional
        Of a .dbf, where the user knows better.
    options : mapping, optional
        For surveyors' formats: crs, swap, angles, place, declared_area, unit, nested, source.

    Raises
    ------
    ReadError
        Several layers and none chosen (E-READ-02), or none of that name (E-READ-27).
    """
    with opened(path) as found:
        chosen = _chosen(found, layer, Path(path))
        content = _read(chosen, layer, encoding, options or {})
        if (options or {}).get("swap") and (chosen.format in DRIVERS or chosen.format in ("shp", "geojson", "parquet")):
            content = replace(content, frame=_exchanged(content.frame))
        if not fits_suffix(chosen.path, chosen.format):
            note = Finding(
                "F-READ-20",
                "warning",
                _("the file is called {suffix}, but is {format}; it was read as what it is.").format(
                    suffix=chosen.path.suffix or "–", format=chosen.format
                ),
            )
            content = replace(content, findings=(note, *content.findings))
        return replace(content, layer_name=layer or chosen.inner)


def _layers(path: Path, format: str) -> list[Found]:
    if format in DRIVERS:
        from ecospace.layers.formats.vector import inner_layers

        inside = inner_layers(path, format)
        return [Found(one.name, path, format, one.name, one.geometry or "table") for one in inside]
    return [Found(path.stem, path, format)]


def _chosen(found: list[Found], layer: str | None, path: Path) -> Found:
    if layer is not None:
        wanted = layer.casefold()
        for key in (lambda one: one.name, lambda one: one.inner, lambda one: Path(one.name).name):
            fitting = [one for one in found if key(one).casefold() == wanted]
            if len(fitting) == 1:
                return fitting[0]
        if len(found) == 1 and found[0].format not in DRIVERS:
            return found[0]
        raise ReadError(
            "E-READ-27",
            _("the file has no layer {layer!r}.").format(layer=layer),
            cure=_("Layers: {names}.").format(names=", ".join(one.name for one in found[:20])),
            file=path,
        )
    drawn = [one for one in found if one.geometry != "table"] or found
    if not drawn:
        raise ReadError(
            "E-READ-57",
            _("the file holds no layer."),
            cure=_("It is damaged or unfinished: export it again."),
            file=path,
        )
    if len(drawn) > 1:
        raise ReadError(
            "E-READ-02",
            _(
                "the file has {count} layers ({names}); reading one of them by chance could leave out the others."
            ).format(count=len(drawn), names=", ".join(one.name for one in drawn[:12])),
            cure=_('Say which: layer = "{name}" in study.toml.').format(name=drawn[0].name),
            file=path,
        )
    return drawn[0]


def _read(chosen: Found, layer: str | None, encoding: str | None, options: Mapping[str, Any]) -> Content:
    path, format = chosen.path, chosen.format
    if format == "shp":
        from ecospace.layers.formats.shapefile import read_shapefile

        frame, findings = read_shapefile(path, encoding=encoding)
        return Content(frame, tuple(findings))
    if format == "geojson":
        from ecospace.layers.formats.geojson import read_geojson

        frame, findings = read_geojson(path)
        return Content(frame, tuple(findings))
    if format in DRIVERS or format == "parquet":
        from ecospace.layers.formats.vector import read_vector

        frame, findings = read_vector(path, format, chosen.inner)
        return Content(frame, tuple(findings))
    if format in RASTERS:
        raise ReadError(
            "E-READ-28",
            _("the file is a raster, not a layer of shapes."),
            cure=_("Open it with open_raster, or give the layer a raster role (dem, land_cover) in study.toml."),
            file=path,
        )
    return _surveyed(path, format, layer, options)


def _surveyed(path: Path, format: str, layer: str | None, options: Mapping[str, Any]) -> Content:
    """Formats of surveyors and drawings, which have no CRS of their own."""
    if format in ("kml", "kmz"):
        from ecospace.layers.formats.kml import read_kml

        return _content(read_kml(path, **_only(options, "crs", "swap", "place", "source")))
    if format == "dxf":
        from ecospace.layers.formats.dxf import read_dxf

        chosen: dict[str, Any] = {"layers": [layer]} if layer is not None else {}
        return _content(read_dxf(path, **chosen, **_only(options, "crs", "swap", "place", "unit", "nested")))
    if format == "xlsx" or path.suffix.lower() in (".csv", ".tsv"):
        from ecospace.layers.formats.coordinate_table import read_coordinate_table

        taken = _only(options, "crs", "swap", "place", "angles", "declared_area", "points")
        return _content(read_coordinate_table(path, sheet=layer, **taken))
    from ecospace.layers.formats.boundary_txt import read_boundary_txt

    return _content(read_boundary_txt(path, **_only(options, "crs", "swap", "place", "angles", "declared_area")))


def _exchanged(frame: GeoDataFrame) -> GeoDataFrame:
    """North and east exchanged, where the user says so: surveyors' readers do it themselves."""
    import shapely

    turned = shapely.transform(frame.geometry.to_numpy(), lambda points: points[:, ::-1])
    return frame.assign(**{frame.geometry.name: turned}).set_geometry(frame.geometry.name, crs=frame.crs)


def _only(options: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: options[name] for name in names if options.get(name) is not None}


def _content(parcels: Parcels) -> Content:
    return Content(parcels.frame, parcels.findings, crs_proposal=parcels.crs_proposal)
