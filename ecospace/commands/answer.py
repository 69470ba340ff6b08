"""What a command of a subject says at its end: the answer, its table, what has to be known, and the files written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ecospace.console import console
from ecospace.language import _

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ecospace.findings import Finding
    from ecospace.report.table import Table

#: Warnings shown on the terminal; all of them stand in the workbook.
SHOWN = 12


def say(answer: str, table: Table, findings: Sequence[Finding]) -> None:
    """The answer, the table, and the first of what has to be known."""
    out = console()
    if answer:
        out.print(answer, style="bold", markup=False)
    out.print(table)
    warnings = [finding for finding in findings if finding.level != "note"]
    for finding in warnings[:SHOWN]:
        out.print(f"{_('Note')}: {finding.text} {finding.cure}".rstrip(), style="yellow", markup=False)


def name_paths(paths: Sequence[Path]) -> None:
    """The files that were written, one a line."""
    for path in paths:
        console().print(f"→ {path}", markup=False, soft_wrap=True)
