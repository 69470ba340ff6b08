"""Beijing 54 and Xian 80 to CGCS2000, by the user's own parameters only (坐标系转换, 七参数).

PROJ takes the coordinates over unchanged and says nothing, though the datums are tens of metres to over 100 m apart
(trust.md tA08). The parameters differ from county to county, so none are shipped.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import shapely
from geopandas import GeoDataFrame
from pyproj import CRS, Transformer
from pyproj.exceptions import ProjError

from ecospace.crs import require_crs
from ecospace.errors import CRSError, ReadError
from ecospace.findings import Finding
from ecospace.language import _
from ecospace.layers.zones import system_of, systems, zone_of

Convention = Literal["coordinate_frame", "position_vector"]
#: Metres that a shift between these datums can plausibly be: outside of it a unit or a sign is wrong.
PLAUSIBLE_M = (1.0, 500.0)
LARGEST_PPM = 100.0


@dataclass(frozen=True)
class Helmert:
    """Seven parameters of a shift between two datums (布尔沙七参数).

    Parameters
    ----------
    dx, dy, dz : float
        Translation in metres.
    rx, ry, rz : float
        Rotation in seconds of arc.
    ppm : float
        Scale in parts per million.
    convention : {"coordinate_frame", "position_vector"}
        Which way the rotations turn. The Bursa–Wolf model of Chinese textbooks turns the axes (coordinate_frame, EPSG
        method 9607); other programs turn the vector, which is the same with the signs of the rotations changed.
    """

    dx: float
    dy: float
    dz: float
    rx: float
    ry: float
    rz: float
    ppm: float
    convention: Convention = "coordinate_frame"

    @classmethod
    def of(cls, parameters: Sequence[float], convention: Convention = "coordinate_frame") -> Helmert:
        """From the seven numbers of ``helmert`` in study.toml.

        Raises
        ------
        CRSError
            E-CRS-38: not seven finite numbers, or all of them zero.
        """
        try:
            numbers = [float(number) for number in parameters]
        except (TypeError, ValueError):
            numbers = []
        sense = convention in ("coordinate_frame", "position_vector")
        if len(numbers) != 7 or not all(map(math.isfinite, numbers)) or not any(numbers) or not sense:
            raise CRSError(
                "E-CRS-38",
                _("a shift of datum needs seven numbers, not all of them zero; here are {count}.").format(
                    count=len(numbers)
                ),
                cure=_("Write helmert = [dx, dy, dz, rx, ry, rz, ppm]: metres, seconds of arc, parts per million."),
            )
        dx, dy, dz, rx, ry, rz, ppm = numbers
        # A wrong scale moves heights, not places, so only its size gives it away.
        if abs(ppm) > LARGEST_PPM:
            raise CRSError(
                "E-CRS-45",
                _("a scale of {ppm:g} ppm is implausible between these datums (a few ppm).").format(ppm=ppm),
                cure=_(
                    "Check units (metres, seconds of arc, ppm), signs and direction (to CGCS2000) of the parameters."
                ),
            )
        return cls(dx, dy, dz, rx, ry, rz, ppm, convention)

    def pipeline(self, source: CRS, target: CRS) -> str:
        """The PROJ pipeline from degrees of one geographic CRS to degrees of another."""
        numbers = f"+x={self.dx} +y={self.dy} +z={self.dz} +rx={self.rx} +ry={self.ry} +rz={self.rz} +s={self.ppm}"
        return (
            "+proj=pipeline +step +proj=unitconvert +xy_in=deg +xy_out=rad "
            f"+step +proj=cart {_ellipsoid(source)} +step +proj=helmert {numbers} +convention={self.convention} "
            f"+step +inv +proj=cart {_ellipsoid(target)} +step +proj=unitconvert +xy_in=rad +xy_out=deg"
        )


def shift_datum(frame: GeoDataFrame, shift: Helmert | str | Path, *, layer: str = "") -> GeoDataFrame:
    """A layer in Beijing 54 or Xian 80 brought to CGCS2000.

    Parameters
    ----------
    frame : GeoDataFrame
        In any CRS of one of the two datums.
    shift : Helmert, str or Path
        The seven parameters of the region, or a transformation grid (NTv2 .gsb, GeoTIFF) on this machine.
    layer : str
        Its name in messages.

    Returns
    -------
    GeoDataFrame
        The same rows, every vertex shifted, in the same zone of CGCS2000 (or EPSG:4490 for degrees).
        ``attrs["findings"]`` says by how much, and that the accuracy is that of the parameters.

    Raises
    ------
    CRSError
        E-CRS-39: the layer is in neither datum; E-CRS-44: the shift is implausible (units or signs); E-CRS-46: a
        place outside the grid.
    ReadError
        E-READ-74: no such grid.
    """
    require_crs(frame, layer=layer)
    source = CRS.from_user_input(frame.crs)
    system = system_of(source)
    if system is None or system.key == "cgcs2000":
        raise CRSError(
            "E-CRS-39",
            _("the layer is in {crs}; parameters are for layers in Beijing 54 or Xian 80.").format(crs=source.name),
            cure=_("Remove helmert from this layer in study.toml, or correct its crs."),
            layer=layer,
        )
    zone = zone_of(source)
    modern = systems()[0]
    target = CRS.from_epsg(modern.geographic)
    if zone is not None:
        plane = modern.zone(zone.number) if zone.prefixed else modern.meridian(zone.central_meridian, zone.width)
        target = plane or target
    old, new = CRS.from_epsg(system.geographic), CRS.from_epsg(modern.geographic)
    between = _by_parameters(shift, old, new) if isinstance(shift, Helmert) else _by_grid(Path(shift))
    steps = [
        Transformer.from_crs(source, old, always_xy=True),
        between,
        Transformer.from_crs(new, target, always_xy=True),
    ]
    before = frame.geometry.to_numpy()
    after = shapely.transform(before, lambda points: _moved(points, steps))
    distances = _distances(before, after, source)
    if not np.isfinite(distances).all():
        raise CRSError(
            "E-CRS-46",
            _("{count} points lie outside the area of the transformation grid.").format(
                count=int((~np.isfinite(distances)).sum())
            ),
            cure=_("Ask for the grid or the parameters of this region."),
            layer=layer,
        )
    if distances.size and not PLAUSIBLE_M[0] <= distances.max() <= PLAUSIBLE_M[1]:
        raise CRSError(
            "E-CRS-44",
            _(
                "the parameters would move the layer by {distance:.1f} m; these datums are some metres to 300 m apart."
            ).format(distance=float(distances.max())),
            cure=_("Check units (metres, seconds of arc, ppm), signs and direction (to CGCS2000) of the parameters."),
            layer=layer,
        )
    out = frame.set_geometry(after).set_crs(target, allow_override=True)
    out.attrs["findings"] = [*frame.attrs.get("findings", []), _finding(system.title, shift, distances, layer)]
    return out


def shifted_as_told(
    frame: GeoDataFrame, settings: Mapping[str, Any], *, folder: Path, layer: str = ""
) -> tuple[GeoDataFrame, list[Finding]]:
    """A layer shifted by what its table in study.toml says: ``helmert`` (seven numbers) or ``grid`` (a file).

    ``helmert_convention = "position_vector"`` turns the sense of the rotations; see `Helmert`.
    """
    if settings.get("helmert"):
        convention = settings.get("helmert_convention", "coordinate_frame")
        out = shift_datum(frame, Helmert.of(settings["helmert"], convention), layer=layer)
    else:
        out = shift_datum(frame, folder / str(settings["grid"]), layer=layer)
    findings = out.attrs.pop("findings")
    return out, findings[-1:]


def _moved(points: np.ndarray[Any, Any], steps: list[Transformer]) -> np.ndarray[Any, Any]:
    x, y = points[:, 0], points[:, 1]
    # Heights are unknown; 100 m of height change a shifted place by some millimetres.
    x, y, _height = steps[1].transform(*steps[0].transform(x, y), np.zeros_like(x))
    return np.column_stack(steps[2].transform(x, y))


def _distances(before: Any, after: Any, source: CRS) -> np.ndarray[Any, Any]:
    """Metres between old and new numbers, which is what an unshifted layer would be off by."""
    one, other = shapely.get_coordinates(before), shapely.get_coordinates(after)
    scale = np.array([1.0, 1.0])
    if source.is_geographic and len(one):
        scale = 111_320 * np.array([math.cos(math.radians(float(np.nanmean(one[:, 1])))), 1.0])
    return np.asarray(np.hypot(*((other - one) * scale).T))


def _by_parameters(shift: Helmert, old: CRS, new: CRS) -> Transformer:
    return Transformer.from_pipeline(shift.pipeline(old, new))


def _by_grid(path: Path) -> Transformer:
    degrees = "+proj=unitconvert +xy_in=deg +xy_out=rad", "+proj=unitconvert +xy_in=rad +xy_out=deg"
    try:
        if not path.is_file():
            raise FileNotFoundError(path)
        return Transformer.from_pipeline(
            f'+proj=pipeline +step {degrees[0]} +step +proj=hgridshift +grids="{path.resolve()}" +step {degrees[1]}'
        )
    except (OSError, ProjError) as error:
        raise ReadError(
            "E-READ-74",
            _("the transformation grid {name} is not there or cannot be read.").format(name=path.name),
            cure=_("Give the path of the .gsb or .tif file of the surveying office."),
            file=path,
        ) from error


def _ellipsoid(crs: CRS) -> str:
    ellipsoid = crs.ellipsoid
    assert ellipsoid is not None  # the geographic CRSs of China all have one
    return f"+a={ellipsoid.semi_major_metre!r} +rf={ellipsoid.inverse_flattening!r}"


def _finding(title: str, shift: Helmert | str | Path, distances: np.ndarray[Any, Any], layer: str) -> Finding:
    said = repr(shift) if isinstance(shift, Helmert) else Path(shift).name
    text = _(
        "the layer was brought from {system} to CGCS2000 by the user's {shift}: every point moved by {low:.3f} to {high:.3f} "
        "m. How right that is depends on the parameters; compare a known point."
    )
    low, high = (float(distances.min()), float(distances.max())) if distances.size else (0.0, 0.0)
    return Finding("F-CRS-26", "warning", text.format(system=title, shift=said, low=low, high=high), layer=layer)
