"""Tables of modelled corridors and networks, in the order in which a planner reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from ecospace.language import _
from ecospace.measure.connectivity import steadiness
from ecospace.report.table import Table

if TYPE_CHECKING:
    from collections.abc import Sequence

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


def protconn_table(found: pd.Series, land: str) -> Table:
    """How much of the study area is protected and connected, and by what (ProtConn)."""
    rows = [
        (_("Protected land (Prot)"), found["prot"], found["prot"] * found["region_m2"]),
        (_("Protected and connected (ProtConn)"), found["protconn"], found["equivalent_area_m2"]),
        (_("Protected, not connected"), found["protunconn"], found["protunconn"] * found["region_m2"]),
        (_("Connected of the protected (RelConn)"), found["relconn"], None),
        (_("ProtConn by moves inside protected land"), found["by_protected"], None),
        (_("ProtConn by protected land outside"), found["by_transboundary"], None),
        (_("ProtConn by moves over unprotected land"), found["by_unprotected"], None),
    ]
    return (
        Table(pd.DataFrame(rows, columns=["index", "share", "area_m2"]))
        .titled(_("Protected and connected land (ProtConn)"), "ProtConn")
        .show("index", _("Index"))
        .show("share", _("Share"), unit="%", decimals=4)
        .show("area_m2", _("Area"), unit="ha", decimals=2)
        .noted(
            _("Protected land: {land}; dispersal: {dispersal}, from edge to edge. {inside} connected parts inside, {outside} outside the "
              "study area; what lies outside is known only as far as the layers reach.").format(
                land=land, dispersal=found.name, inside=int(found["nodes"]), outside=int(found["transboundary_nodes"])),
            _("Shares of the study area; RelConn of the protected land; the last three of ProtConn, they add up to 100 %."),
        )
    )  # fmt: skip


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
