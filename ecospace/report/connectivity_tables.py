"""Tables of modelled corridors and networks, in the order in which a planner reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from ecospace.language import _
from ecospace.measure.connectivity import steadiness
from ecospace.report.table import Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ecospace.findings import Finding
    from ecospace.measure.connectivity import Corridors
    from ecospace.space.network import Dispersal
    from ecospace.space.resistance import ResistanceTable


def corridor_tables(found: Corridors, tables: Sequence[ResistanceTable]) -> list[Table]:
    """Ways, sources, sensitivity, nodes, and the resistance tables that were used."""
    return [
        ways_table(found),
        sources_table(found),
        steadiness_table(found),
        sensitivity_table(found, tables),
        nodes_table(found),
        *(resistance_values(table) for table in tables),
    ]


def ways_table(found: Corridors) -> Table:
    """The corridors from the strongest to the weakest (廊道表)."""
    frame = pd.DataFrame(found.ways.drop(columns="geometry")).sort_values(["rank", "start", "end"])
    frame = frame.merge(pd.DataFrame(found.corridors.drop(columns="geometry")), on=["start", "end"])
    table = Table(frame).titled(_("Modelled corridors"), _("Corridors"))
    return (
        table.show("rank", _("Rank"))
        .show("start", _("From"))
        .show("end", _("To"))
        .show("length_m", _("Length"), unit="km", decimals=3)
        .show("euclidean_m", _("Straight, edge to edge"), unit="km", decimals=3)
        .show("area_m2", _("Area of the band"), unit="ha", decimals=2)
        .show("narrowest_m", _("Narrowest full width"), unit="m", decimals=0)
        .show("crossings", _("Roads and rivers crossed"))
        .show("cost", _("Cumulative resistance"), decimals=0)
        .show("cost_ratio", _("Mean resistance on the way"), decimals=2)
        .show("effective_resistance", _("Effective resistance"), decimals=2)
        .show("gravity", _("Gravity"), decimals=2)
        .noted(
            _("Resistance: {table}. Cells of {cell:g} m.").format(
                table=found.table.label, cell=max(found.resistance.cell_m)
            ),
            _("Bands are cut at {cut:.6g} cost units above the best way (metres times resistance).").format(
                cut=found.cut
            ),
            _("Gravity is a rank within this study only; it changes with the resistance table."),
            _("Modelled corridors are a proposal, not a legal extent."),
            *(finding.text for finding in found.findings),
        )
    )


def sources_table(found: Corridors) -> Table:
    """The ecological sources (源地表)."""
    frame = pd.DataFrame({"source": found.sources.index.astype(str), "area_m2": found.sources.area.to_numpy()})
    left_out, area = found.sources.attrs.get("left_out", (0, 0.0))
    note = _("{count} pieces of {area:.2f} ha in all are below the smallest area and no sources.").format(
        count=left_out, area=area / 10_000
    )
    table = Table(frame).titled(_("Ecological sources"), _("Sources"))
    return table.show("source", _("Ecological source")).show("area_m2", _("Area"), unit="ha", decimals=2).noted(
        note if left_out else ""
    )  # fmt: skip


def cores_table(table: pd.DataFrame) -> Table:
    """Core areas by edge width (核心区随边缘宽度的变化)."""
    return (
        Table(table)
        .titled(_("Core areas change with the edge width"), _("Core areas"))
        .show("edge_m", _("Edge width"), unit="m", decimals=0)
        .show("cores", _("Cores"))
        .show("core_m2", _("Area of cores"), unit="ha", decimals=2)
        .show("share", _("Share of the forest"), unit="%", decimals=2)
        .show("largest_m2", _("Largest core"), unit="ha", decimals=2)
        .show("left_out", _("Cores below the smallest area"))
    )


def steadiness_table(found: Corridors) -> Table:
    """How each corridor fares under all resistance tables (敏感性)."""
    frame = steadiness(found.sensitivity)
    return (
        Table(frame)
        .titled(_("Do the corridors hold under other resistance tables?"), _("Sensitivity"))
        .show("start", _("From"))
        .show("end", _("To"))
        .show("best_rank", _("Best rank by cost"))
        .show("worst_rank", _("Worst rank by cost"))
        .show("least_shared", _("Share of the way that stays, at least"), unit="%", decimals=1)
        .show("tables", _("Resistance tables"))
        .noted(_("A way stays where it runs within two cells of that under the first table."))
    )


def sensitivity_table(found: Corridors, tables: Sequence[ResistanceTable]) -> Table:
    """Each corridor under each resistance table."""
    labels = {table.key: table.label for table in tables}
    frame = found.sensitivity.assign(label=found.sensitivity["table"].map(labels))
    return (
        Table(frame)
        .titled(_("The corridors under each resistance table"), _("Sensitivity, in full"))
        .show("label", _("Resistance table"))
        .show("start", _("From"))
        .show("end", _("To"))
        .show("cost", _("Cumulative resistance"), decimals=0)
        .show("cost_rank", _("Rank by cost"))
        .show("length_m", _("Length"), unit="km", decimals=3)
        .show("shared", _("Share of the way that stays"), unit="%", decimals=1)
    )


def nodes_table(found: Corridors) -> Table:
    """Ecological nodes (生态节点)."""
    names = {
        "crossing": _("crossing with a road or river"),
        "junction": _("junction of corridors"),
        "pinch": _("pinch point"),
        "barrier": _("barrier"),
    }
    nodes = found.nodes
    frame = pd.DataFrame(nodes.drop(columns="geometry")).assign(
        what=nodes["kind"].map(names), x_m=nodes.geometry.x, y_m=nodes.geometry.y
    )
    return (
        Table(frame)
        .titled(_("Ecological nodes"), _("Nodes"))
        .show("what", _("Kind"))
        .show("start", _("From"))
        .show("end", _("To"))
        .show("name", _("With"))
        .show("value", _("Value"), decimals=3)
        .noted(
            _("Value: metres along the way at crossings and junctions, current (A) at pinch points, gain in resistance "
              "for each metre restored at barriers. Places are in corridors.gpkg.")
        )
    )  # fmt: skip


def resistance_values(table: ResistanceTable) -> Table:
    """A resistance table as it was used (阻力值表)."""
    shown = Table(table.as_frame()).titled(_("Resistance table: {label}").format(label=table.label), table.key)
    return (
        shown.show("name", _("Land"))
        .show("resistance", _("Resistance"), decimals=1)
        .sourced(table.document)
        .noted(
            "" if table.verified else _("These values are not verified against a publication: choose them yourself.")
        )
        .noted(_("Target species: {target}").format(target=table.target) if table.target else "")
    )


def importance_table(importance: pd.DataFrame, dispersal: Dispersal, index: str = "PC") -> Table:
    """What each patch is worth to the network (斑块重要性)."""
    frame = importance.sort_values("delta", ascending=False).reset_index()
    return (
        Table(frame)
        .titled(_("Importance of patches ({index})").format(index=index), _("Importance"))
        .show("patch", _("Patch"))
        .show("area_m2", _("Area"), unit="ha", decimals=2)
        .show("delta", f"d{index} (%)", decimals=4)
        .show("intra", f"d{index}intra (%)", decimals=4)
        .show("flux", f"d{index}flux (%)", decimals=4)
        .show("connector", f"d{index}connector (%)", decimals=4)
        .noted(_("Dispersal: {dispersal}, distances from edge to edge.").format(dispersal=dispersal))
    )


def mesh_table(mesh: pd.DataFrame, names: pd.Series) -> Table:
    """Effective mesh size by zone (有效网格面积)."""
    frame = mesh.assign(name=names.reindex(mesh.index)).reset_index()
    return (
        Table(frame)
        .titled(_("Effective mesh size of the sources by zone"), _("Mesh size"))
        .show("name", _("Zone"))
        .show("habitat_m2", _("Habitat"), unit="ha", decimals=2)
        .show("patches", _("Patches"))
        .show("mesh_m2", _("Effective mesh size, across borders"), unit="ha", decimals=2)
        .show("mesh_cut_m2", _("Effective mesh size, cut at the border"), unit="ha", decimals=2)
        .noted(_("Across borders: a patch cut by a zone's border counts with its whole area."))
    )


def change_table(change: pd.DataFrame) -> Table:
    """Connectivity before and after a project or a restoration (项目前后)."""
    return (
        Table(change)
        .titled(_("Connectivity before and after"), _("Before and after"))
        .show("distance_m", _("Dispersal distance"), unit="m", decimals=0)
        .show("probability", _("with probability"), decimals=3)
        .show("patches_before", _("Patches before"))
        .show("patches_after", _("Patches after"))
        .show("area_before_m2", _("Habitat before"), unit="ha", decimals=2)
        .show("area_after_m2", _("Habitat after"), unit="ha", decimals=2)
        .show("eca_before_m2", _("ECA before"), unit="ha", decimals=2)
        .show("eca_after_m2", _("ECA after"), unit="ha", decimals=2)
        .show("area_change", _("Change of habitat"), unit="%", decimals=2)
        .show("eca_change", _("Change of ECA"), unit="%", decimals=2)
        .show("relative_change", "rECA", decimals=2)
        .noted(_("ECA: area of one patch that would be worth as much. rECA above 1: the change weighs more for "
                 "connectivity than its area."))
    )  # fmt: skip


def catchment_table(
    place: str, basin: pd.Series, area_by_class: pd.Series, cell_m: float, findings: Sequence[Finding]
) -> Table:
    """Land in a catchment by class (集雨区土地构成)."""
    ground = float(basin["area_m2"])
    areas = area_by_class.groupby(level=0).sum().sort_values(ascending=False)
    areas = areas[areas > 0]
    classes = _with_rest(pd.DataFrame({"class": areas.index, "area_m2": areas.to_numpy()}), ground)
    return (
        Table(classes.assign(share=classes["area_m2"] / ground))
        .titled(_("Land in the catchment of {place}").format(place=place), _("Catchment"))
        .show("class", _("Land"))
        .show("area_m2", _("Area"), unit="ha", decimals=2)
        .show("share", _("Share of the catchment"), unit="%", decimals=2)
        .noted(
            _("Catchment {area:.2f} ha by the elevation model with cells of {cell:g} m; shares are of the whole "
              "catchment.").format(area=ground / 10_000, cell=cell_m),
            *(finding.text for finding in findings),
        )
    )  # fmt: skip


def visible_table(seen: pd.DataFrame, by_class: pd.DataFrame, distance_m: float, findings: Sequence[Finding]) -> Table:
    """Land seen from roads: each road, then the land of all roads together by class (可视范围)."""
    whole = float(seen.geometry.union_all().area)
    classes = _with_rest(pd.DataFrame(by_class.drop(columns="geometry")), whole)
    by_road = pd.DataFrame({"class": seen.index.astype(str), "area_m2": seen["area_m2"], "share": seen["share"]})
    frame = pd.concat([by_road, classes.assign(share=classes["area_m2"] / whole)], ignore_index=True)
    return (
        Table(frame)
        .titled(_("Land seen from roads within {metres:g} m").format(metres=distance_m), _("Visible land"))
        .show("class", _("Road, or land of all roads together"))
        .show("area_m2", _("Area"), unit="ha", decimals=2)
        .show("share", _("Share"), unit="%", decimals=1)
        .noted(
            _("Share: of all land within the distance for a road, of all visible land for a land class. Eye 1.5 m above "
              "the road, bare ground by the elevation model: trees and houses hide nothing."),
            *(finding.text for finding in findings),
        )
    )  # fmt: skip


def _with_rest(classes: pd.DataFrame, whole_m2: float) -> pd.DataFrame:
    """One more row for the ground that the land layer does not reach, so that the classes add up to the whole."""
    rest = whole_m2 - float(classes["area_m2"].sum())
    if rest <= 1e-6 * whole_m2:
        return classes
    row = pd.DataFrame({"class": [_("beyond the land layer")], "area_m2": [rest]})
    return pd.concat([classes, row], ignore_index=True)
