"""Index once, check many: a control layer is prepared once and kept beside its study, bound to its files' SHA-256.

A prepared layer whose source, settings or code differ in anything is never used; it is made anew.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from datetime import date
from difflib import get_close_matches
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from ecospace.check.control import ControlLayer
from ecospace.check.grades import grades_of
from ecospace.check.pieces import Pieces, cut, overlapping, stored
from ecospace.errors import DataError
from ecospace.files import members_of, sha256_of
from ecospace.language import _
from ecospace.layers.strays import Cluster, clusters_of
from ecospace.terms import kinds, label

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

    from ecospace.layers.layer import Layer
    from ecospace.study import Study

#: Changes whenever what is stored changes its meaning.
FORM = 5
#: Settings of a layer that have a meaning; what is nearly one of them is a typing mistake.
KNOWN = {
    "path", "role", "layer", "crs", "encoding", "fields", "keep", "repair", "max_change", "on_error", "title", "source",
    "licence", "date", "valid_to", "accuracy_m", "area_unit", "code_system", "far_features", "helmert",
    "helmert_convention", "grid", "swap", "angles", "declared_area", "points", "unit", "nested",
}  # fmt: skip
#: Where prepared layers stand, beside study.toml.
FOLDER = ".ecospace/check"
#: Folders of the package whose files a prepared layer depends on.
READ_BY = ("layers", "standards", "crs", "check")
#: Columns kept for reports, where a layer has them.
EXTRA = ("code", "code_name", "kind", "level", "layout", "pollution", "risk", "efficiency")


def prepare(layer: Layer) -> ControlLayer:
    """A layer that was read, made ready for checks.

    Parameters
    ----------
    layer : Layer

    Returns
    -------
    ControlLayer

    Raises
    ------
    DataError
        E-DATA-50: nothing is in it, or a shape is missing, empty or invalid: no site could be judged against it.
        E-DATA-59: features were left out while it was read (``on_error = "leave out"``).
        E-DATA-54: lines or points stand for ground, such as outlines exported as lines: their inside would read as clear.
        E-DATA-56: a setting is not understood.
    """
    _require_settings(layer)
    frame = layer.frame
    left_out = [finding for finding in layer.findings if finding.level == "error"]
    if left_out:
        raise DataError(
            "E-DATA-59",
            _("features of the layer were left out while it was read: a site on one of them would read as clear. {text}").format(
                text=left_out[0].text),
            cure=_("Have them repaired at the source; for checks a layer has to be whole."),
            layer=layer.key, file=layer.path, features=[name for finding in left_out for name in finding.features][:100],
        )  # fmt: skip
    shapes = np.asarray(shapely.force_2d(frame.geometry.to_numpy()), dtype=object)
    wrong = shapely.is_missing(shapes) | shapely.is_empty(shapes) | ~shapely.is_valid(shapes)
    if wrong.any() or not len(frame):
        raise DataError(
            "E-DATA-50",
            _("{count} of {all} shapes are missing, empty or invalid: a site there would read as clear.").format(
                count=int(wrong.sum()), all=len(frame)),
            cure=_("Look at them with ecospace inspect, and have them repaired at the source."),
            layer=layer.key, file=layer.path, features=list(frame.index[wrong])[:100],
        )  # fmt: skip
    _require_ground(layer, shapes)
    # Grids are sticky: a layer read with one would round every later overlay (trust.md tB21).
    shapes = shapely.set_precision(shapes, 0.0)
    areas, edges = cut(shapes)
    polygons = bool((shapely.get_dimensions(shapes) == 2).any())
    return ControlLayer(
        facts=facts_of(layer, polygons),
        wkt=frame.crs.to_wkt(),
        areas=areas,
        edges=edges,
        ids=frame.index.astype(str).to_numpy(dtype=str),
        names=_texts(frame, "name"),
        grades=np.array(grades_of(frame, layer.role), dtype=str),
        shares_ground=overlapping(areas, len(frame)) if polygons else np.zeros(len(frame), bool),
        extra={name: _texts(frame, name) for name in EXTRA if name in frame.columns},
        clusters=clusters_of(areas.bounds, areas.owner, frame.index, frame.crs),
    )


def _require_settings(layer: Layer) -> None:
    """Refuse settings that a check rests on and that say nothing: a misspelt valid_to would let an old layer pass for new."""
    settings = layer.settings
    accuracy = settings.get("accuracy_m", 0.0)
    wrong = ""
    if isinstance(accuracy, bool) or not isinstance(accuracy, (int, float)) or not 0 <= accuracy < np.inf:
        wrong, cure = f"accuracy_m = {accuracy!r}", _("Write metres: accuracy_m = 5")
    elif settings.get("valid_to") and not is_day(settings["valid_to"]):
        wrong, cure = f"valid_to = {settings['valid_to']!r}", _("Write a day: valid_to = 2030-12-31")
    elif settings.get("far_features", "verified") != "verified":
        wrong, cure = (
            f"far_features = {settings['far_features']!r}",
            _('Write far_features = "verified", or leave it out.'),
        )
    else:
        for name in sorted(set(settings) - KNOWN):
            meant = get_close_matches(name, KNOWN, n=1, cutoff=0.75)
            if meant:
                wrong, cure = f"{name} = {settings[name]!r}", _("Did you mean {name}?").format(name=meant[0])
    if wrong:
        raise DataError(
            "E-DATA-56",
            _("the setting {setting} of the layer is not understood.").format(setting=wrong), cure=cure,
            layer=layer.key, file=layer.path,
        )  # fmt: skip


def is_day(value: object) -> bool:
    """Whether a setting is a day, as TOML or as text.

    >>> is_day(date(2030, 12, 31)), is_day("2030-12-31"), is_day("长期")
    (True, True, False)
    """
    try:
        date.fromisoformat(str(value))
    except ValueError:
        return False
    return True


def _require_ground(layer: Layer, shapes: np.ndarray[Any, Any]) -> None:
    kind = kinds().get(layer.role)
    if kind is None or kind.shape != "polygon":
        return
    bare = [str(name) for name in layer.frame.index[shapely.get_dimensions(shapes) < 2]]
    if bare:
        raise DataError(
            "E-DATA-54",
            _("{count} features have lines or points where the layer should have polygons: a site inside an outline would "
              "read as clear.").format(count=len(bare)),
            cure=_("Turn the outlines into polygons at the source, or give the layer the role that it has."),
            layer=layer.key, file=layer.path, features=bare[:100],
        )  # fmt: skip


def facts_of(layer: Layer, polygons: bool) -> dict[str, Any]:
    """What a report prints about a layer."""
    settings = layer.settings
    return {
        "key": layer.key, "role": layer.role, "title": layer.title or label(layer.role), "file": layer.path.name,
        "source": layer.source, "date": layer.date.isoformat() if layer.date else None,
        "valid_to": str(settings["valid_to"]) if settings.get("valid_to") else None,
        "accuracy_m": settings.get("accuracy_m"),
        "code_system": settings.get("code_system"), "crs": layer.frame.crs.name, "features": len(layer.frame),
        "polygons": polygons, "sha256": dict(sorted(layer.sha256.items())),
        "findings": [
            {"code": finding.code, "text": finding.text, "cure": finding.cure} for finding in layer.findings
        ],
    }  # fmt: skip


def _texts(frame: GeoDataFrame, column: str) -> np.ndarray[Any, Any]:
    if column not in frame.columns:
        return np.full(len(frame), "", dtype=str)
    return np.array(["" if value is None or value != value else str(value) for value in frame[column]], dtype=str)


def control_layer(study: Study, key: str) -> ControlLayer:
    """A control layer of a study: as prepared, if its files and settings are still the same, else prepared anew.

    Raises
    ------
    EcospaceError
        What `Study.layer` and `prepare` raise: missing, empty, misplaced, unreadable.
    """
    entry = dict(study.entries.get(key, {}))
    place = study.folder / FOLDER / key
    if key in study.entries and study.path(key).exists():
        ready = _load(place, seal(study.path(key), entry))
        if ready is not None:
            return ready
    read = study.layer(key)
    made = prepare(read)
    try:
        _save(made, place, seal(read.path, entry))
    except OSError:
        # A study on a read-only disk is checked all the same, only slower.
        shutil.rmtree(place, ignore_errors=True)
    return made


def seal(path: Path, entry: Mapping[str, Any]) -> str:
    """What a prepared layer is bound to: form of storage, code and its data, settings, the SHA-256 of every member file."""
    members = members_of(path)
    if entry.get("grid"):
        members = [*members, *filter(Path.is_file, [path.parent / str(entry["grid"])])]
    with ThreadPoolExecutor(2) as pool:
        digests = list(pool.map(sha256_of, members))
    bound = [FORM, _code(), shapely.geos_version_string, sorted((name, str(value)) for name, value in entry.items()),
             [(member.name, digest) for member, digest in zip(members, digests, strict=True)]]  # fmt: skip
    return sha256(json.dumps(bound, ensure_ascii=False).encode()).hexdigest()


@lru_cache(maxsize=1)
def _code() -> list[list[object]]:
    """Size and time of the files that say how a layer is read and what its columns mean: another release reads it anew."""
    root = Path(__file__).parent.parent
    files = [item for part in READ_BY for item in (root / part).rglob("*") if item.suffix in (".py", ".toml")]
    return [[item.relative_to(root).as_posix(), item.stat().st_size, item.stat().st_mtime_ns] for item in sorted(files)]


def _save(layer: ControlLayer, place: Path, bound: str) -> None:
    arrays = {
        **{f"areas_{name}": array for name, array in stored(layer.areas).items()},
        **{f"edges_{name}": array for name, array in stored(layer.edges).items()},
        **{f"extra_{name}": array for name, array in layer.extra.items()},
        "ids": layer.ids, "names": layer.names, "grades": layer.grades, "shares_ground": layer.shares_ground,
    }  # fmt: skip
    place.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(mkdtemp(prefix=".new-", dir=place.parent))
    try:
        sizes = {}
        for name, array in arrays.items():
            np.save(folder / f"{name}.npy", array, allow_pickle=False)
            sizes[name] = (folder / f"{name}.npy").stat().st_size
        clusters = [asdict(cluster) for cluster in layer.clusters]
        head = {"seal": bound, "facts": layer.facts, "wkt": layer.wkt, "arrays": sizes, "clusters": clusters}
        (folder / "layer.json").write_text(json.dumps(head, ensure_ascii=False, default=str), encoding="utf-8")
        shutil.rmtree(place, ignore_errors=True)
        folder.replace(place)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _load(place: Path, bound: str) -> ControlLayer | None:
    try:
        head = json.loads((place / "layer.json").read_text(encoding="utf-8"))
        if head["seal"] != bound:
            return None
        if any((place / f"{name}.npy").stat().st_size != size for name, size in head["arrays"].items()):
            return None
        arrays = {
            name: np.load(place / f"{name}.npy", mmap_mode="r" if name.endswith("_blob") else None, allow_pickle=False)
            for name in head["arrays"]
        }
    except (OSError, ValueError, KeyError):
        return None
    group = {
        part: Pieces(**{name: arrays[f"{part}_{name}"] for name in ("bounds", "blob", "starts", "owner", "whole")})
        for part in ("areas", "edges")
    }
    return ControlLayer(
        facts=head["facts"], wkt=head["wkt"], areas=group["areas"], edges=group["edges"], ids=arrays["ids"],
        names=arrays["names"], grades=arrays["grades"], shares_ground=arrays["shares_ground"],
        extra={name.removeprefix("extra_"): array for name, array in arrays.items() if name.startswith("extra_")},
        clusters=tuple(Cluster(tuple(one["box"]), one["count"], tuple(one["features"])) for one in head["clusters"]),
    )  # fmt: skip
