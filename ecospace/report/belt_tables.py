"""Tables of belts between towns, green wedges, barriers and planting ground."""

from __future__ import annotations

from collections.abc import Sequence

import geopandas as gpd
import pandas as pd

from ecospace.findings import Finding
from ecospace.language import _
from ecospace.measure.belts import Belts, Continuity
from ecospace.report.table import Table


def verdict_text(verdict: str) -> str:
    """What became of a belt, in words."""
    return {
        "merged": _("merged at the first date already"),
        "merging": _("merged since the first date"),
        "closer": _("apart, and closer than before"),
        "apart": _("apart, no closer than before"),
        "unknown": _("cannot be judged: no built-up land on one side"),
    }[verdict]


def belts_table(found: Belts, *, look_m: float, near_m: float) -> Table:
    """Every belt at every date, and what became of it (隔离带两侧连绵情况)."""
    last = ~found.table["belt"].duplicated(keep="last")
    verdict = found.table["belt"].map(found.verdicts).map(verdict_text).where(last, "")
    frame = found.table.assign(verdict=verdict)
    return (
        Table(frame)
        .titled(_("Does built-up land merge across the belts?"), _("Belts"))
        .show("name", _("Belt"))
        .show("date", _("Date"))
        .show("built_in_belt_m2", _("Built-up land in the belt"), unit="ha", decimals=2)
        .show("belt_share", _("Share of the belt"), unit="%", decimals=2, beside="built_in_belt_m2")
        .show("across_m", _("Gap across the belt, any built-up land"), unit="m", decimals=1)
        .show("gap_m", _("Gap between the main bodies"), unit="m", decimals=1)
        .show("verdict", _("Finding on the main bodies"))
        .noted(
            _("Gap: the smallest, over all ways across by built-up land, of the widest leap; other built-up land is a stepping stone. Main "
              "body: the largest piece of built-up land of a side at the first date. "
              "Looked at: ground beside the belt as long as the belt, to {look:g} m from it. Built-up land no further apart than "
              "{near:g} m counts as one.").format(look=look_m, near=near_m),
            _("Built-up land: settlement, industry, mining by the groups of this software, not compared with a published list; roads do "
              "not count."),
            *(finding.text for finding in found.findings),
        )
    )  # fmt: skip


def wedges_table(found: gpd.GeoDataFrame, city_m2: float, *, join_m: float, least_m: float, city: str) -> Table:
    """Green that reaches into the city (绿楔)."""
    frame = pd.DataFrame(found.drop(columns="geometry")).assign(
        number=[str(number) for number in range(1, len(found) + 1)], part=True, total=False
    )
    whole = {"number": _("Whole"), "inside_m2": found.area.sum(), "part": False, "total": True}
    frame = pd.concat([frame, pd.DataFrame([whole])], ignore_index=True)
    frame["share"] = frame["inside_m2"] / city_m2
    return (
        Table(frame)
        .titled(_("Green wedges"), _("Wedges"))
        .show("number", _("Number"))
        .show("depth_m", _("Depth into the city"), unit="m", decimals=0)
        .show("inside_m2", _("Area inside the city"), unit="ha", decimals=2, parts="part", total="total")
        .show("share", _("Share of the city"), unit="%", decimals=2)
        .noted(
            _("A wedge is green that hangs together from open country into the city; green no further apart than {join:g} m is one; "
              "shallower than {least:g} m is left out. Depth: distance of its deepest corner from the edge of the city.").format(
                join=join_m, least=least_m),
            _("City: {city}, {area:.2f} ha.").format(city=city, area=city_m2 / 10_000),
        )
    )  # fmt: skip


def continuity_table(found: Continuity, *, cover: str, within_m: float, least: float) -> Table:
    """How whole lines or barriers are (连续度)."""
    table = Table(found.table).titled(_("Continuity of {cover}").format(cover=cover), _("Continuity"))
    if "length_m" in found.table:
        notes = (
            _("A place on the line is covered where {cover} stands within {within:g} m; gaps below {least:g} m are left out. "
              "Continuity: covered length / length inside the study area.").format(cover=cover, within=within_m, least=least),
        )  # fmt: skip
        table = table.show("name", _("Line")).show("length_m", _("Length"), unit="km", decimals=3)
    else:
        notes = (
            _("Pieces no further apart than {within:g} m are one; pieces below {least:g} ha are no part of the barrier. Continuity: "
              "area of the largest / area of all. Gaps: the shortest set of links that would join all.").format(
                within=within_m, least=least),
        )  # fmt: skip
        table = table.show("area_m2", _("Area"), unit="ha", decimals=2).show("pieces", _("Pieces"))
    return (
        table.show("gaps", _("Gaps"))
        .show("gap_m", _("Length of the gaps"), unit="km", decimals=3)
        .show("longest_m", _("Longest gap"), unit="m", decimals=0)
        .show("continuity", _("Continuity"), unit="%", decimals=2)
        .noted(*notes)
    )


def open_stretches_table(found: Continuity) -> Table:
    """The gaps one by one, the longest first (缺口清单)."""
    frame = pd.DataFrame(found.gaps.drop(columns="geometry")).sort_values("length_m", ascending=False, kind="stable")
    table = Table(frame).titled(_("Gaps, the longest first"), _("Gaps"))
    if "length_m" in found.table:
        table = table.show("name", _("Line")).show("start", _("From")).show("end", _("To"))
    return table.show("length_m", _("Length"), unit="m", decimals=0)


def candidates_table(
    chosen: gpd.GeoDataFrame, place: str, target_m2: float, land: str, clause: str, findings: Sequence[Finding]
) -> Table:
    """Land that may be chosen round a place, the nearest first (候选林地)."""
    frame = pd.DataFrame(chosen.drop(columns="geometry"))
    frame = frame.assign(parcel=frame.index.astype(str), number=range(1, len(frame) + 1))
    kind = "code_name" if "code_name" in frame else "code" if "code" in frame else "parcel"
    return (
        Table(frame)
        .titled(_("Candidate land round {place}").format(place=place), _("Candidates"))
        .show("number", _("Number"))
        .show("parcel", _("Parcel"))
        .show(kind, _("Land"))
        .show("distance_m", _("Distance"), unit="m", decimals=0)
        .show("area_m2", _("Area"), unit="mu", decimals=2)
        .show("total_m2", _("Area so far"), unit="mu", decimals=2)
        .show("redline_m2", _("of it in the red line"), unit="mu", decimals=2)
        .noted(
            _("The nearest parcels of {land} until {target:.0f} mu are reached; parcels stay whole, so the last one goes over; the place "
              "itself does not count. Which of them need planting is decided on the ground.").format(
                land=land, target=target_m2 / (10_000 / 15)),
            clause,
            *(finding.text for finding in findings),
        )
    )  # fmt: skip
