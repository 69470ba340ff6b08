"""Check sites against a study: `check_site` for one, `check_sites` for a batch, `Checker` to ask again and again."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import shapely
from pyproj.crs import CRS

from ecospace.check.contact import Contact, contacts
from ecospace.check.control import ControlLayer
from ecospace.check.controls import Control, Subject, joined
from ecospace.check.moving import move
from ecospace.check.office_rules import office_verdicts
from ecospace.check.prepared import FOLDER, control_layer, seal
from ecospace.check.result import SiteResult
from ecospace.check.rules import RULES, Rule
from ecospace.check.seen import Sites
from ecospace.check.settings import CheckSettings, check_settings
from ecospace.check.site import Site, on_the_ground, read_sites, shapes_of, sites_of
from ecospace.check.verdict import Level, worst
from ecospace.crs import StudyCRS, require_in_place, require_known_shift, shift_tolerance
from ecospace.errors import EcospaceError
from ecospace.files import atomic
from ecospace.language import _
from ecospace.layers.strays import find_strays, stray_findings
from ecospace.terms import label

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

    from ecospace.layers.layer import Layer
    from ecospace.study import Study

#: Layers that are listed in the report beside the rules: where the site lies, what is there now.
LISTED = ("townships", "urban_boundary", "land_use")
#: Findings that say that ground of the study area may be missing from a layer.
DOUBTS = ("E-CRS-47", "F-DATA-42")
#: Sites in a batch from which on two threads share the layers.
THREADED = 1_000


def check_site(
    site: Site | GeoDataFrame | Layer | str | Path,
    study: Study,
    *,
    activity: str | None = None,
    polluting: bool | None = None,
    width_m: float | None = None,
    radius_m: float | None = None,
    crs: str | None = None,
    rules: Sequence[Rule] = RULES,
    on: date | None = None,
) -> SiteResult:
    """Check one project site against every control layer of a study (项目选址核查).

    Parameters
    ----------
    site : Site, GeoDataFrame, Layer or path
        One site; its CRS is the one it was drawn in.
    study : Study
    activity : str, optional
        What is to be built, a code of ``activities.toml``; not stated: judged as if nothing were allowed.
    polluting : bool, optional
        Whether it discharges pollutants.
    width_m, radius_m : float, optional
        Full width of a corridor, radius around a point.
    crs : str, optional
        Only where the file does not settle it.
    rules : sequence of functions
        See `ecospace.check.rules`.
    on : date, optional
        The day of the check, which outdated layers are measured by; today by default.

    Returns
    -------
    SiteResult
        One verdict for each rule, overlaps however small, distances; never that a project is lawful.

    Raises
    ------
    EcospaceError
        What is wrong with the site itself; a faulty control layer is 无法判定 in the result.
    """
    results = check_sites(
        site,
        study,
        activity=activity,
        polluting=polluting,
        width_m=width_m,
        radius_m=radius_m,
        crs=crs,
        rules=rules,
        on=on,
    )
    return results[0]


def check_sites(
    sites: Iterable[Site] | GeoDataFrame | Layer | Site | str | Path,
    study: Study,
    *,
    activity: str | None = None,
    polluting: bool | None = None,
    width_m: float | None = None,
    radius_m: float | None = None,
    crs: str | None = None,
    rules: Sequence[Rule] = RULES,
    on: date | None = None,
) -> list[SiteResult]:
    """Check a batch of sites: as `check_site`, one result for each, in their order (批量核查)."""
    said: dict[str, Any] = {"activity": activity, "polluting": polluting, "width_m": width_m, "radius_m": radius_m}
    batch: list[Site]
    if isinstance(sites, Site):
        batch = [sites]
    elif isinstance(sites, (str, Path)):
        batch = read_sites(sites, crs=crs, **said)
    elif hasattr(sites, "geometry") or hasattr(sites, "frame"):
        batch = sites_of(cast("GeoDataFrame | Layer", sites), **said)
    else:
        batch = list(cast("Iterable[Site]", sites))
    return Checker(study, rules=rules, on=on).check(batch)


@dataclass(eq=False)
class Checker:
    """A study made ready to judge sites (核查台): layers are loaded or prepared at the first question.

    Parameters
    ----------
    study : Study
    rules : sequence of functions
    on : date, optional
        The day of the check; today by default.
    listed : bool
        Also list townships, land use and the urban boundary under the site.
    """

    study: Study
    rules: Sequence[Rule] = RULES
    on: date | None = None
    listed: bool = True
    _controls: dict[str, ControlLayer | str] = field(default_factory=dict, repr=False)
    _cures: dict[str, str] = field(default_factory=dict, repr=False)
    _standing: dict[str, tuple[list[str], Control]] = field(default_factory=dict, repr=False)
    _shifts: dict[int, tuple[CRS, dict[str, float]]] = field(default_factory=dict, repr=False)
    _known: dict[int, Any] = field(default_factory=dict, repr=False)
    _trusted: dict[int, tuple[Any, tuple[float, float, float, float]]] = field(default_factory=dict, repr=False)

    @cached_property
    def settings(self) -> CheckSettings:
        """The table [check] of study.toml."""
        return check_settings(self.study)

    @cached_property
    def crs(self) -> StudyCRS:
        """The study CRS, kept beside the prepared layers so that a check need not read the boundary for it."""
        key = str(self.study.settings.get("boundary", "boundary"))
        place = self.study.folder / FOLDER / "study.json"
        bound = ""
        if key in self.study.entries and self.study.path(key).exists():
            area = {"area": self.study.settings.get("area", "ellipsoid")}
            bound = seal(self.study.path(key), {**self.study.entries[key], **area})
            try:
                kept = json.loads(place.read_text(encoding="utf-8"))
                if kept["seal"] == bound:
                    return StudyCRS(CRS.from_wkt(kept["crs"]), CRS.from_wkt(kept["geographic"]), kept["method"])
            except (OSError, ValueError, KeyError):
                pass
        made = self.study.crs
        kept = {"seal": bound, "crs": made.crs.to_wkt(), "geographic": made.geographic.to_wkt(), "method": made.method}
        try:
            with atomic(place) as temporary:
                temporary.write_text(json.dumps(kept), encoding="utf-8")
        except OSError:
            pass  # a read-only study is checked all the same
        return made

    @cached_property
    def _asked(self) -> dict[Rule, list[str]]:
        """The roles that each rule asks for: its parameters after the site."""
        return {rule: list(inspect.signature(rule).parameters)[1:] for rule in self.rules}

    @cached_property
    def roles(self) -> tuple[str, ...]:
        """The roles that the rules ask for."""
        return tuple(dict.fromkeys(name for names in self._asked.values() for name in names))

    def check(self, sites: Sequence[Site]) -> list[SiteResult]:
        """Judge sites.

        Parameters
        ----------
        sites : sequence of Site

        Returns
        -------
        list of SiteResult
            In the order of the sites.
        """
        grounded = [on_the_ground(site, self.crs) for site in sites]
        results: list[SiteResult | None] = [None] * len(sites)
        crss = list({id(site.crs): site.crs for site in grounded}.values())
        for crs in crss:
            numbers = [i for i, site in enumerate(grounded) if site.crs is crs]
            for i, result in zip(numbers, self._check([grounded[i] for i in numbers], crs), strict=True):
                results[i] = result
        return [result for result in results if result is not None]

    def _check(self, sites: list[Site], crs: Any) -> list[SiteResult]:
        shapes = shapes_of(sites)
        seen = Sites(shapes, crs)
        self._require_place(sites, crs)
        ground = move(crs, self.crs.crs)(shapes)
        areas = shapely.area(ground)
        met = self._met(seen)
        shift_m = self._shifts_m(crs)
        out = []
        for i, site in enumerate(sites):
            subject = Subject(site, float(areas[i]), ground[i], self.settings, shift_m)
            own = {key: found[i] for key, found in met.items()}
            out.append(self._judge(subject, own))
        return out

    def _met(self, sites: Sites) -> dict[str, list[Contact]]:
        """The contacts of the sites with each layer; a large batch takes two threads, each with layers of its own."""
        layers = self._usable
        if len(sites) < THREADED or len(layers) < 2:
            return {key: contacts(sites, layer, self.crs.crs) for key, layer in layers.items()}
        # The largest layer stands alone against the rest, more or less: two heaps of nearly the same weight.
        heaps: tuple[list[str], list[str]] = ([], [])
        weights = [0, 0]
        for key in sorted(layers, key=lambda key: -len(layers[key].areas) - len(layers[key].edges)):
            lighter = weights.index(min(weights))
            heaps[lighter].append(key)
            weights[lighter] += len(layers[key].areas) + len(layers[key].edges)

        def heap(keys: list[str], own: Sites) -> dict[str, list[Contact]]:
            return {key: contacts(own, layers[key], self.crs.crs) for key in keys}

        # Sites are prepared, and a prepared geometry in two threads crashes GEOS: each thread has its own copy.
        copied = Sites(shapely.from_wkb(shapely.to_wkb(sites.shapes)), sites.crs)
        with ThreadPoolExecutor(2) as pool:
            one, other = pool.submit(heap, heaps[0], sites), pool.submit(heap, heaps[1], copied)
            found = one.result() | other.result()
        return {key: found[key] for key in layers}

    def _judge(self, subject: Subject, met: dict[str, Contact]) -> SiteResult:
        controls = {role: self._control(role, met) for role in self.roles}
        verdicts = []
        for rule, names in self._asked.items():
            verdicts += rule(subject, *[controls[name] for name in names])
        verdicts = office_verdicts(subject, self.settings, verdicts, lambda name: self._control(name, met))
        beyond = next((v.text for v in verdicts if v.rule == "within_study_area" and v.level is Level.UNDECIDED), "")
        if beyond:
            # The layers end where the study area does: what lies beyond it is clear of nothing.
            verdicts = [
                replace(v, level=Level.UNDECIDED, text=beyond) if v.level is Level.CLEAR else v for v in verdicts
            ]
        return SiteResult(
            site=subject.site, area_m2=subject.area_m2, ground=subject.ground, verdicts=tuple(verdicts), contacts=met,
            level=worst(verdict.level for verdict in verdicts), study=self._study_facts, on=self.day,
        )  # fmt: skip

    @cached_property
    def day(self) -> date:
        """The day of the check."""
        return self.on or date.today()

    @cached_property
    def _study_facts(self) -> dict[str, Any]:
        standing = {role: self._control(role, {}) for role in self.roles}
        return {
            "title": self.study.title, "notice": self.study.notice, "area_method": self.crs.describe(),
            "crs": self.crs.crs.to_wkt(), "geographic": self.crs.geographic.name,
            "missing": {role: control.missing for role, control in standing.items() if control.missing},
        }  # fmt: skip

    @cached_property
    def _keys(self) -> list[str]:
        asked = {*self.roles, *(LISTED if self.listed else ())}
        rows = {row.layer for row in self.settings.rows} | {
            name for row in self.settings.distances for name in row.layers
        }
        return [
            key for key, entry in self.study.entries.items()
            if (entry.get("role") in asked | rows or key in rows) and not self.study.is_raster(key)
        ]  # fmt: skip

    @cached_property
    def _usable(self) -> dict[str, ControlLayer]:
        """The layers that sites are checked against."""
        return {key: layer for key in self._keys if isinstance(layer := self.layer(key), ControlLayer)}

    def layer(self, key: str) -> ControlLayer | str:
        """A control layer, or the reason why it cannot be used."""
        if key not in self._controls:
            try:
                ready = control_layer(self.study, key)
                # PROJ would leave the coordinates of another datum as they are, without a word (trust.md tA08).
                require_known_shift(ready.crs, self.crs.crs, layer=key)
                made: ControlLayer | str = ready
            except EcospaceError as error:
                made = f"{self.study.title_of(key)}: {error.text}"
                self._cures[key] = error.cure or ""
            if (
                isinstance(made, ControlLayer)
                and self.study.entries[key].get("role") != "boundary"
                and not self._meets(made)
            ):
                made = _("{title} has no ground in common with the study area: misplaced, or the wrong file").format(
                    title=made.title
                )
                self._cures[key] = _("Check the file and its coordinate system: ecospace inspect {folder}").format(
                    folder=self.study.folder.name
                )
            self._controls[key] = made
            if isinstance(made, ControlLayer):
                made.facts = {**made.facts, "findings": [*made.facts["findings"], *self._astray(key, made)]}
        return self._controls[key]

    def _astray(self, key: str, layer: ControlLayer) -> list[dict[str, str]]:
        """What is said of features far from the study area, as the facts of a layer hold it."""
        boundary = self.layer(str(self.study.settings.get("boundary", "boundary")))
        if isinstance(boundary, str) or boundary is layer or self.study.entries[key].get("far_features") == "verified":
            return []
        strays = find_strays(layer.clusters, layer.crs, boundary.clusters, boundary.crs)
        found = stray_findings(strays, int(layer.facts["features"]))
        return [{"code": item.code, "text": item.text, "cure": item.cure} for item in found]

    def _doubt(self, layer: ControlLayer | str) -> tuple[str, str]:
        """Why ground may be missing from a layer, and what to do about it: then nothing is clear of it."""
        found = [] if isinstance(layer, str) else layer.facts["findings"]
        first = next((item for item in found if item["code"] in DOUBTS), None)
        if first is None or isinstance(layer, str):
            return "", ""
        return f"{layer.title}: {first['text']}", str(first.get("cure", ""))

    def _meets(self, layer: ControlLayer) -> bool:
        boundary = self.layer(str(self.study.settings.get("boundary", "boundary")))
        if isinstance(boundary, str):
            return True
        pieces = boundary.areas.shapes(np.arange(len(boundary.areas)))
        place = move(boundary.crs, layer.crs)(pieces)
        shapely.prepare(place)
        for start in range(0, len(layer.areas), 512):
            shapes = layer.areas.shapes(np.arange(start, min(start + 512, len(layer.areas))))
            tree = shapely.STRtree(shapes)
            if len(tree.query(place, predicate="intersects")[0]):
                return True
        return False

    def _control(self, name: str, met: dict[str, Contact]) -> Control:
        """What a rule sees of a role, or of one layer by its key."""
        if name not in self._standing:
            self._standing[name] = self._stand(name)
        keys, standing = self._standing[name]
        found = tuple(met[key] for key in keys if key in met)
        if not found:
            return standing
        return replace(standing, contacts=found)

    def _stand(self, name: str) -> tuple[list[str], Control]:
        """What is known of a role before any site is asked about: its layers, what is missing or outdated."""
        keys = [
            key for key, entry in self.study.entries.items()
            if name in (entry.get("role"), key) and not self.study.is_raster(key)
        ]  # fmt: skip
        layers = [self.layer(key) for key in keys]
        rasters = [key for key in self.study.keys(name) if self.study.is_raster(key)]
        missing = next((layer for layer in layers if isinstance(layer, str)), "")
        cure = next((self._cures[key] for key in keys if self._cures.get(key)), "")
        absent = name in self.settings.none and not keys and not rasters
        if not keys and not absent:
            missing = _("the study has no layer of {title}").format(title=label(name))
            cure = _(
                'Add the layer to study.toml; if the area is known to have none: [check] none = ["{name}"]'
            ).format(name=name)
        if rasters and not missing:
            missing = _("{title} is a raster; sites are not checked against it").format(
                title=self.study.title_of(rasters[0])
            )
            cure = _("Give the layer as polygons.")
        outdated, doubt_cure = next((doubt for layer in layers if (doubt := self._doubt(layer))[0]), ("", ""))
        cure = cure or doubt_cure
        usable = [layer for layer in layers if isinstance(layer, ControlLayer)]
        for layer in usable:
            until, made = layer.facts.get("valid_to"), layer.facts.get("date")
            if until and date.fromisoformat(str(until)) < self.day:
                outdated = _("{title} was valid to {date} only").format(title=layer.title, date=until)
                cure = cure or _("Put the layer in force into study.toml.")
            if made and date.fromisoformat(str(made)) > self.day:
                outdated = _("{title} is dated {date}, after the day of the check").format(title=layer.title, date=made)
                cure = cure or _("Correct date in study.toml, or give the day of the check: --on YYYY-MM-DD")
        described = joined(
            _("{title} ({date})").format(
                title=layer.title,
                date=joined([str(layer.facts.get("date") or _("no date")), *_filters(layer)]),
            )
            for layer in usable
        )
        return keys, Control(
            name, missing=missing, absent=absent, outdated=outdated, described=described, title=label(name),
            entries=(*keys, *rasters), cure=cure,
        )  # fmt: skip

    def _shifts_m(self, crs: CRS) -> dict[str, float]:
        """Tolerance of the datum pair between the CRS of sites and that of each layer."""
        if id(crs) not in self._shifts:
            # The CRS is kept, so that no other object can take its identity.
            self._shifts[id(crs)] = crs, {key: shift_tolerance(crs, layer.crs) for key, layer in self._usable.items()}
        return self._shifts[id(crs)][1]

    def _require_place(self, sites: list[Site], crs: Any) -> None:
        """Stop where the sites' own coordinates cannot be trusted: every layer would seem far away."""
        if id(crs) not in self._known:
            require_known_shift(crs, self.crs.crs)
            self._known[id(crs)] = crs
        if move(self.crs.crs, crs).same:
            return
        boundary = self.layer(str(self.study.settings.get("boundary", "boundary")))
        if id(crs) in self._trusted and not isinstance(boundary, str):
            # What lies within a study area's width of the study area needs no closer look.
            west, south, east, north = self._trusted[id(crs)][1]
            bounds = shapely.total_bounds(shapes_of(sites))
            if (bounds[:2] >= (west, south)).all() and (bounds[2:] <= (east, north)).all():
                return
        from geopandas import GeoDataFrame

        require_in_place(GeoDataFrame(geometry=shapes_of(sites), index=[site.id for site in sites], crs=crs))
        if not isinstance(boundary, str):
            pieces = boundary.areas.shapes(np.arange(len(boundary.areas)))
            west, south, east, north = shapely.total_bounds(move(boundary.crs, crs)(pieces))
            margin = max(east - west, north - south)
            self._trusted[id(crs)] = crs, (west - margin, south - margin, east + margin, north + margin)


def _filters(layer: ControlLayer) -> list[str]:
    """What a filter of study.toml took out of a layer, or lies far away: a site that is clear is clear of the rest only."""
    return [item["text"] for item in layer.facts["findings"] if item["code"] in ("F-DATA-41", "F-CRS-47")]
