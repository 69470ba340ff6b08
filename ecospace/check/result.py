"""The result of a check: verdicts, every overlap, and a JSON of a stable form."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import shapely

from ecospace.check.basis import clause
from ecospace.check.contact import Contact, Meeting
from ecospace.check.grades import grade_label
from ecospace.check.site import Site
from ecospace.check.verdict import Level, Verdict
from ecospace.crs import geographic_of, moving
from ecospace.errors import BalanceError, WriteError
from ecospace.files import atomic
from ecospace.language import _

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

#: Name and version of the form of the JSON; keys are added, never renamed, within a version.
SCHEMA = "ecospace/site-check/1"
#: Exit status of the command line.
EXIT_CLEAR, EXIT_FINDINGS, EXIT_UNDECIDED = 0, 10, 11


@dataclass(frozen=True, eq=False)
class SiteResult:
    """What is said about one site (核查结论).

    Parameters
    ----------
    site : Site
    area_m2 : float
        Computed by the study's area method.
    ground : shapely Geometry
        The site in the study CRS.
    verdicts : tuple of Verdict
        One or more for each rule, in the order of the rules.
    contacts : mapping of str to Contact
        By key of the layer.
    level : Level
        The worst of the verdicts.
    study : mapping
        Title, area method, missing layers.
    on : date
        Day of the check.
    """

    site: Site
    area_m2: float
    ground: Any
    verdicts: tuple[Verdict, ...]
    contacts: Mapping[str, Contact]
    level: Level
    study: Mapping[str, Any]
    on: date

    @property
    def sentence(self) -> str:
        """The answer in one sentence, to be pasted."""
        from ecospace.check.sentences import answer

        return answer(self)

    @property
    def findings(self) -> tuple[Verdict, ...]:
        """The verdicts that say more than 不涉及, the worst first."""
        return tuple(sorted((v for v in self.verdicts if v.level is not Level.CLEAR), key=lambda v: v.level.rank))

    @property
    def depends_on_accuracy(self) -> bool:
        """Whether a site called clear is nearer to a feature than the accuracy of its source."""
        return any(verdict.level is Level.CLEAR and verdict.labels for verdict in self.verdicts)

    @property
    def meetings(self) -> tuple[tuple[str, Meeting], ...]:
        """Every feature met, with the key of its layer."""
        return tuple((key, meeting) for key, contact in self.contacts.items() for meeting in contact.meetings)

    @cached_property
    def balance(self) -> dict[str, float]:
        """For each layer, ground inside + ground outside − ground of the site, in m²: proven, or the report is refused.

        Raises
        ------
        BalanceError
            E-SUM-50
        """
        out = {}
        for key, contact in self.contacts.items():
            if not contact.overlaps or self.area_m2 <= 0 or not contact.layer.polygons:
                continue
            inside = shapely.union_all([meeting.ground for meeting in contact.overlaps])
            outside = float(shapely.difference(self.ground, inside).area)
            rest = contact.area_m2 + outside - self.area_m2
            floor = 1e-9 * self.area_m2 + contact.noise_m * float(self.ground.length + inside.length)
            # Edges of the site were made short at other places than those of the pieces: 12 micrometres between them.
            floor += 1.3e-5 * float(inside.length) if not contact.layer.in_study_crs(contact.overlaps[0].study) else 0.0
            if abs(rest) > floor:
                raise BalanceError(
                    "E-SUM-50",
                    _("inside and outside of {title} differ from the site by {rest:.3g} m²; no report is made.").format(
                        title=contact.layer.title, rest=rest),
                    cure=_("Report it with the site and the layer; do not use the areas."),
                    layer=key, features=[self.site.id],
                )  # fmt: skip
            out[key] = rest
        return out

    def as_dict(self) -> dict[str, Any]:
        """Plain values in a form that stays: see `SCHEMA`."""
        site = self.site
        drawn = site.drawn_as or site
        declared = site.declared_area_m2
        keys = sorted({key for verdict in self.verdicts for key in verdict.clauses})
        return {
            "schema": SCHEMA,
            "sentence": self.sentence,
            "level": self.level.value,
            "level_label": self.level.label,
            "depends_on_accuracy": self.depends_on_accuracy,
            "checked_on": self.on.isoformat(),
            "study": {name: value for name, value in self.study.items() if name != "crs"},
            "site": {
                "id": site.id, "name": site.name, "use": site.use, "file": site.file,
                "sha256": dict(sorted(site.sha256.items())),
                "crs": drawn.crs.name, "drawn": drawn.drawn, "width_m": site.width_m, "radius_m": site.radius_m,
                "activity": site.activity.code if site.activity else None, "polluting": site.polluting,
                "area_m2": self.area_m2, "declared_area_m2": declared,
                "difference_m2": None if declared is None else self.area_m2 - declared,
                "findings": [finding.as_dict() for finding in site.findings],
            },
            "verdicts": [verdict.as_dict() for verdict in self.verdicts],
            "layers": [_layer(contact, self.area_m2) for contact in self.contacts.values()],
            "clauses": [clause(key).as_dict() for key in keys],
        }  # fmt: skip

    def pieces(self) -> GeoDataFrame:
        """The pieces of common ground, to be drawn: in the site's geographic CRS, never in the study CRS."""
        from geopandas import GeoDataFrame
        from pyproj import CRS

        rows = [
            {"site": self.site.id, "layer": key, "title": self.contacts[key].layer.title, "feature": meeting.id,
             "name": meeting.name, "grade": grade_label(meeting.grade), "relation": meeting.relation,
             "area_m2": meeting.area_m2, "width_m": meeting.width_m, "geometry": meeting.ground}
            for key, meeting in self.meetings if meeting.relation == "overlap"
        ]  # fmt: skip
        columns = ["site", "layer", "title", "feature", "name", "grade", "relation", "area_m2", "width_m", "geometry"]
        study = CRS.from_wkt(self.study["crs"])
        degrees = geographic_of(study)
        frame = GeoDataFrame(rows, columns=columns, geometry="geometry", crs=degrees)
        # geopandas' own way out of an equal-area projection is 1.6 mm off (see `ecospace.crs`).
        return frame.set_geometry(shapely.transform(frame.geometry.to_numpy(), moving(study, degrees)), crs=degrees)


def _layer(contact: Contact, site_m2: float) -> dict[str, Any]:
    layer = contact.layer
    return {
        **{name: value for name, value in layer.facts.items() if name != "findings"},
        "relation": contact.relation, "reason": contact.reason, "area_m2": contact.area_m2,
        "share": contact.area_m2 / site_m2 if site_m2 > 0 else None, "distance_m": contact.distance_m,
        "nearest": str(layer.ids[contact.nearest]) if contact.nearest is not None else None,
        "noise_m": contact.noise_m,
        "features_met": [
            {"id": meeting.id, "name": meeting.name, "grade": meeting.grade, "relation": meeting.relation,
             "area_m2": meeting.area_m2, "length_m": meeting.length_m, "pieces": len(meeting.parts),
             "largest_piece_m2": float(meeting.parts[0].area) if len(meeting.parts) else 0.0,
             "width_m": meeting.width_m}
            for meeting in contact.meetings
        ],
    }  # fmt: skip


def exit_status(results: Sequence[SiteResult]) -> int:
    """What the command line returns: 0 all 不涉及, 10 findings, 11 无法判定 where nothing is worse.

    A site that is clear by less than the accuracy of the data is a finding: 0 is what a script takes as plain clear.
    """
    levels = [result.level for result in results]
    if any(level.rank < Level.UNDECIDED.rank for level in levels):
        return EXIT_FINDINGS
    if not levels or Level.UNDECIDED in levels:
        return EXIT_UNDECIDED
    depends = any(result.depends_on_accuracy for result in results)
    return EXIT_FINDINGS if depends or Level.TOUCHES in levels else EXIT_CLEAR


def write_json(results: Sequence[SiteResult], path: str | Path) -> Path:
    """Results as JSON: a list of `SiteResult.as_dict`, the same bytes for the same inputs and day."""
    for result in results:
        _ = result.balance
    text = json.dumps([result.as_dict() for result in results], ensure_ascii=False, indent=1, sort_keys=True)
    # The three signs that could end a script element stay escaped: a page may embed the file.
    text = text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
    target = Path(path)
    with atomic(target) as temporary:
        temporary.write_text(text + "\n", encoding="utf-8", newline="\n")
    return target


def write_pieces(results: Sequence[SiteResult], path: str | Path) -> Path:
    """The pieces of common ground as a GeoPackage layer, read back and compared."""
    import pandas as pd
    from geopandas import GeoDataFrame
    from pyogrio import read_dataframe, write_dataframe

    frame = GeoDataFrame(
        pd.concat([result.pieces() for result in results], ignore_index=True), crs=results[0].pieces().crs
    )
    target = Path(path)
    with atomic(target) as temporary:
        write_dataframe(frame, temporary, layer=_("overlaps"), driver="GPKG", geometry_type="Unknown")
        back = read_dataframe(temporary)
        if len(back) != len(frame) or abs(float(back["area_m2"].sum()) - float(frame["area_m2"].sum())) > 1e-6:
            raise WriteError("E-WRITE-58", _("the overlap pieces do not read back as written."), file=target)
    return target
