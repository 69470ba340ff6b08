"""The tables of a study, in the order in which a planner reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from ecospace.language import _
from ecospace.measure.cover import Cover, explain
from ecospace.measure.coverage import Coverage
from ecospace.measure.indicators import indicator_set
from ecospace.report.table import Table
from ecospace.terms import label

if TYPE_CHECKING:
    from ecospace.run import Results

#: Difference between approved and drawn area beyond which a place is flagged.
FLAGGED = 0.01
#: Share of the territory below which ground in no township is noise of its borders.
NOISE = 1e-6


def study_tables(results: Results) -> list[Table]:
    """All tables that a run gives.

    Parameters
    ----------
    results : Results

    Returns
    -------
    list of Table
        Indicators first; each with its definition, area method and source in the notes.
    """
    tables = [indicators_table(results), area_table(results)]
    covered = [item for item in results.coverages.values() if not item.places.empty]
    if covered:
        tables += [kinds_table(results, covered[0]), towns_table(results, covered[0])]
        if not covered[0].overlaps.empty:
            tables.append(overlaps_table(results, covered[0]))
        tables.append(places_table(results, covered[0]))
        tables.append(definitions_table(results))
    redline = results.coverages.get("eco-redline")
    if redline is not None and redline is not covered[0] and len(redline.units) > 1:
        tables.append(towns_table(results, redline))
    covers = list(results.covers.values())
    if covers:
        tables += [cover_table(results, covers[0]), classes_table(results, covers[0])]
        if len(covers) > 1:
            tables += [cover_definitions_table(results), explain_table(results, covers[0], covers[1])]
    return tables


def _finished(table: Table, results: Results, *notes: str) -> Table:
    study = results.study
    method = _("Area: {method}.").format(method=study.crs.describe())
    sourced = table.noted(*notes, method, study.notice)
    return sourced.sourced(str(study.settings["source"])) if study.settings.get("source") else sourced


def indicators_table(results: Results) -> Table:
    """Printed and computed values in columns of their own (指标表)."""
    study = results.study
    chosen = indicator_set(str(study.settings.get("indicators", "basic")))
    printed = _("Printed in the plan")
    if chosen.printed_year:
        printed = _("Printed in the plan ({year})").format(year=chosen.printed_year)
    frame = results.indicators.assign(
        printed_share=results.indicators["printed"].astype(float) / 100,
        required=[_threshold(value) for value in results.indicators["threshold"]],
        difference=[_points(value) for value in results.indicators["difference"]],
    )
    table = (
        Table(frame)
        .titled(_("{title}: indicators").format(title=study.title), _("Indicators"))
        .show("name", _("Indicator"))
        .show("required", _("Threshold"))
        .show("printed_share", printed, unit="%", decimals=2)
        .show("share", _("Computed, by computed area"), unit="%", decimals=2, beside="area_m2")
        .show("share_official", _("Computed, by official area"), unit="%", decimals=2)
        .show("area_m2", _("Area"), unit="ha", decimals=2)
        .show("difference", _("Computed less printed, points"))
        .show("status", _("Status"))
    )
    counted = dict(zip(frame["name"], frame["definition"], strict=True))
    terrain = study.settings.get("terrain")
    return _finished(
        table, results,
        _("Indicator set: {label} ({document}).").format(label=chosen.label, document=chosen.document),
        _("Threshold for terrain: {terrain}.").format(terrain=terrain) if terrain else "",
        *[_("{indicator}: {definition}.").format(indicator=name, definition=what) for name, what in counted.items() if what],
        _("The printed values are the plan's own; nothing here changes them."),
        *[finding.text for finding in results.area.findings],
    )  # fmt: skip


def _threshold(value: float | None) -> str:
    return "—" if value is None or value != value else f"≥{value:g}%"


def _points(value: float | None) -> str:
    return "—" if value is None or value != value else f"{round(value, 3) + 0.0:+.3f}"


def area_table(results: Results) -> Table:
    """The area of the study by each method (国土面积)."""
    area = results.area
    rows = [{"what": _("Computed ({method})").format(method=results.study.crs.describe()), "area_m2": area.area_m2,
             "ppm": 0.0},
            {"what": _("Other method ({plane})").format(plane=area.plane), "area_m2": area.plane_m2,
             "ppm": area.plane_ppm}]  # fmt: skip
    if area.official_m2 is not None:
        rows.append({"what": _("Official"), "area_m2": area.official_m2, "ppm": area.official_ppm})
    table = (
        Table(pd.DataFrame(rows))
        .titled(_("Area of the territory"), _("Area"))
        .show("what", _("Method"))
        .show("area_m2", _("Area"), unit="km2", decimals=3)
        .show("ppm", _("Difference to computed"), unit="ppm", decimals=1)
    )
    return _finished(table, results)


def kinds_table(results: Results, coverage: Coverage) -> Table:
    """From approved areas to the share, kind by kind (各类受保护地区面积)."""
    unit = coverage.units["unit"].iloc[0]
    frame = coverage.kinds[coverage.kinds["unit"] == unit].assign(part=True, total=False)
    frame["name"] = [label(kind) for kind in frame["kind"]]
    whole = coverage.whole
    total = {
        "name": _("Total"), "count": int(frame["count"].sum()), "approved_m2": frame["approved_m2"].sum(min_count=1),
        "drawn_m2": frame["drawn_m2"].sum(), "clipped_m2": frame["clipped_m2"].sum(), "net_m2": frame["net_m2"].sum(),
        "attributed_m2": whole["union_m2"], "part": False, "total": True,
    }  # fmt: skip
    frame = pd.concat([frame, pd.DataFrame([total])], ignore_index=True)
    frame["share"] = frame["attributed_m2"] / whole["area_m2"]
    how = {"unit": "ha", "decimals": 2, "parts": "part", "total": "total"}
    table = (
        Table(frame)
        .titled(_("Protected land by kind"), _("By kind"))
        .show("name", _("Kind"))
        .show("count", _("Places"))
        .show("approved_m2", _("Approved"), **how)
        .show("drawn_m2", _("As drawn"), **how)
        .show("clipped_m2", _("Inside the boundary, sum"), **how)
        .show("net_m2", _("Overlaps within the kind once"), **how)
        .show("attributed_m2", _("Attributed by rank"), **how)
        .show(
            "share", _("Share of territory"), unit="%", decimals=2, parts="part", total="total", beside="attributed_m2"
        )
    )
    within = max(float(whole["gross_m2"] - whole["net_m2"]), 0.0)
    between = max(float(whole["net_m2"] - whole["union_m2"]), 0.0)
    outside = int((coverage.places["inside_m2"] == 0).sum())
    return _finished(
        table, results, coverage.definition.statement() if coverage.definition else "",
        _("Ground claimed several times is counted once, for the kind that stands first: sum {gross:.2f} ha, of it counted twice "
          "{within:.2f} ha within a kind and {between:.2f} ha between kinds, union {union:.2f} ha.").format(
            gross=float(whole["gross_m2"]) / 1e4, within=within / 1e4, between=between / 1e4,
            union=float(whole["union_m2"]) / 1e4),
        _("{count} places of the layers lie outside the boundary and are in no column.").format(count=outside) if outside else "",
        _("Checked at run time: the parts make the union to {proof:.0e} (relative).").format(
            proof=max(max(coverage.proof.values()), 1e-16)),
    )  # fmt: skip


def towns_table(results: Results, coverage: Coverage) -> Table:
    """Area and share in each township (各乡镇面积及占比)."""
    frame = _units(coverage.units)
    title = coverage.definition.label if coverage.definition else _("Protected land")
    how = {"parts": "part", "total": "total"}
    table = (
        Table(frame)
        .titled(_("{what} by township").format(what=title), _("{what} by township").format(what=title))
        .show("name", _("Township"))
        .show("area_m2", _("Territory"), unit="ha", decimals=2, **how)
        .show("union_m2", _("Area"), unit="ha", decimals=2, **how)
        .show("union_m2", _("Area"), unit="mu", decimals=2, **how)
        .show("share", _("Share of territory"), unit="%", decimals=2, beside="union_m2")
    )
    return _finished(table, results, coverage.definition.statement() if coverage.definition else "", *_nested(frame))


def _units(units: pd.DataFrame) -> pd.DataFrame:
    """Towns, what lies in none, the total, then units across towns."""
    # Slivers between borders drawn twice are in the sums, but no row of a plan.
    slivers = (units["role"] == "remainder") & (units["area_m2"] < NOISE * units["area_m2"].iloc[0])
    units = units[~slivers]
    frame = units.assign(part=units["role"].isin(["zone", "remainder"]), total=units["role"] == "whole")
    order = {"zone": 0, "remainder": 1, "whole": 2, "nested": 3}
    frame = frame.sort_values("role", key=lambda roles: roles.map(order), kind="stable").reset_index(drop=True)
    frame["name"] = [_("Total") if total else (_("of which {name}").format(name=name) if role == "nested" else name)
                     for total, name, role in zip(frame["total"], frame["name"], frame["role"], strict=True)]  # fmt: skip
    return frame


def _nested(frame: pd.DataFrame) -> list[str]:
    if not (frame["role"] == "nested").any():
        return []
    return [_("Units marked 'of which' lie in the townships above and are not added to the total.")]


def overlaps_table(results: Results, coverage: Coverage) -> Table:
    """Ground that two kinds claim (重叠面积)."""
    unit = coverage.units["unit"].iloc[0]
    frame = coverage.overlaps[coverage.overlaps["unit"] == unit].assign(
        kind=lambda rows: [label(kind) for kind in rows["kind"]],
        other=lambda rows: [label(kind) for kind in rows["other"]],
    )
    table = (
        Table(frame)
        .titled(_("Overlaps between kinds"), _("Overlaps"))
        .show("kind", _("Kind"))
        .show("other", _("Overlaps with"))
        .show("area_m2", _("Area"), unit="ha", decimals=4)
        .show("area_m2", _("Area"), unit="m2", decimals=2)
    )
    return _finished(table, results)


def places_table(results: Results, coverage: Coverage) -> Table:
    """Every place with its approved and its drawn area (保护地名录)."""
    frame = coverage.places.assign(
        kind_label=[label(kind) for kind in coverage.places["kind"]],
        difference_m2=coverage.places["drawn_m2"] - coverage.places["approved_m2"],
    )
    relative = frame["difference_m2"] / frame["approved_m2"]
    frame["flag"] = [
        _("differs by {share:.1%}").format(share=share) if abs(share) > FLAGGED else "" for share in relative
    ]
    table = (
        Table(frame)
        .titled(_("Protected places"), _("Places"))
        .show("kind_label", _("Kind"))
        .show("name", _("Name"))
        .show("level", _("Level"))
        .show("approved_m2", _("Approved"), unit="ha", decimals=2)
        .show("drawn_m2", _("As drawn"), unit="ha", decimals=2)
        .show("difference_m2", _("Drawn less approved"), unit="ha", decimals=2)
        .show("inside_m2", _("Inside the boundary"), unit="ha", decimals=2)
        .show("flag", _("Remark"))
    )
    return _finished(table, results)


def definitions_table(results: Results) -> Table:
    """The same layers under each definition (口径对照)."""
    rows = [
        {"definition": item.definition.label, "gross_m2": item.whole["gross_m2"], "union_m2": item.union_m2,
         "share": item.share, "share_official": item.share_official}
        for item in results.coverages.values() if item.definition is not None
    ]  # fmt: skip
    table = (
        Table(pd.DataFrame(rows))
        .titled(_("The same layers under each definition"), _("Definitions"))
        .show("definition", _("Definition"))
        .show("gross_m2", _("Sum"), unit="ha", decimals=2)
        .show("union_m2", _("Overlaps once"), unit="ha", decimals=2)
        .show("share", _("Share by computed area"), unit="%", decimals=2, beside="union_m2")
        .show("share_official", _("Share by official area"), unit="%", decimals=2)
    )
    notes = [item.definition.statement() for item in results.coverages.values() if item.definition is not None]
    return _finished(table, results, *notes)


def cover_table(results: Results, cover: Cover) -> Table:
    """Forest cover by township (各乡镇森林覆盖率)."""
    frame = _units(cover.units)
    how = {"parts": "part", "total": "total"}
    table = (
        Table(frame)
        .titled(_("{what} by township").format(what=cover.definition.label), _("Forest by township"))
        .show("name", _("Township"))
        .show("area_m2", _("Territory"), unit="ha", decimals=2, **how)
        .show("counted_m2", _("Area"), unit="ha", decimals=2, **how)
        .show("counted_m2", _("Area"), unit="mu", decimals=2, **how)
        .show("share", _("Share of territory"), unit="%", decimals=2, beside="counted_m2")
    )
    undecided = [finding.text for finding in cover.findings if finding.code == "F-DATA-46"]
    return _finished(table, results, cover.definition.statement(), *undecided)


def classes_table(results: Results, cover: Cover) -> Table:
    """Area of each land class (地类面积)."""
    unit = cover.units["unit"].iloc[0]
    frame = cover.classes[cover.classes["unit"] == unit]
    frame = frame.assign(
        counts=[_("yes") if counted else _("no") for counted in frame["counted"]],
        share=frame["area_m2"] / float(cover.units["area_m2"].iloc[0]),
    )
    table = (
        Table(frame)
        .titled(_("Land classes"), _("Land classes"))
        .show("class", _("Code"))
        .show("name", _("Class"))
        .show("area_m2", _("Area"), unit="ha", decimals=2)
        .show("share", _("Share of territory"), unit="%", decimals=2, beside="area_m2")
        .show("counts", _("Counts"))
    )
    return _finished(table, results, cover.definition.statement())


def cover_definitions_table(results: Results) -> Table:
    """One place under each definition of forest (森林覆盖率口径对照)."""
    rows = [
        {"definition": cover.definition.label, "counted_m2": cover.units["counted_m2"].iloc[0], "share": cover.share,
         "share_official": cover.share_official}
        for cover in results.covers.values()
    ]  # fmt: skip
    table = (
        Table(pd.DataFrame(rows))
        .titled(_("One place under each definition of forest"), _("Forest definitions"))
        .show("definition", _("Definition"))
        .show("counted_m2", _("Area"), unit="ha", decimals=2)
        .show("share", _("Share by computed area"), unit="%", decimals=2, beside="counted_m2")
        .show("share_official", _("Share by official area"), unit="%", decimals=2)
    )
    return _finished(table, results, *[cover.definition.statement() for cover in results.covers.values()])


def explain_table(results: Results, one: Cover, other: Cover) -> Table:
    """Why two definitions differ, class by class (口径差异说明)."""
    frame = explain(one, other)
    frame = frame[frame["difference_m2"] != 0].assign(
        points=lambda rows: [_points(value * 100) for value in rows["difference_share"]]
    )
    table = (
        Table(frame)
        .titled(_("From '{one}' to '{other}', class by class").format(one=one.definition.label, other=other.definition.label),
                _("Forest difference"))
        .show("class", _("Code"))
        .show("name", _("Class"))
        .show("difference_m2", _("Area"), unit="ha", decimals=2)
        .show("points", _("Points"))
    )  # fmt: skip
    gap = (other.share - one.share) * 100
    return _finished(
        table, results, _("The classes explain the whole difference of {gap:+.3f} points.").format(gap=gap)
    )
