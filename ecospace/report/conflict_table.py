"""The conflicts between control lines as a table for the file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ecospace.check.basis import cited
from ecospace.language import _
from ecospace.report.table import Table

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

    from ecospace.study import Study


def conflict_table(frame: GeoDataFrame, study: Study) -> Table:
    """The conflicts of `line_conflicts` as a table (控制线冲突表).

    Parameters
    ----------
    frame : GeoDataFrame
        As `line_conflicts` gives it, in the study CRS.
    study : Study
    """
    return (
        Table(frame.drop(columns="geometry"))
        .titled(_("Conflicts between control lines"), _("Conflicts"))
        .show("one_layer", _("Layer"))
        .show("one", _("Feature"))
        .show("other_layer", _("Overlaps with"))
        .show("other", _("Its feature"))
        .show("area_m2", _("Area"), unit="ha", decimals=4)
        .show("area_m2", _("Area"), unit="m2", decimals=2)
        .noted(study.crs.describe(), cited(["three-lines-overlap"]), study.notice)
    )
