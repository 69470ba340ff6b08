"""Figures as files: PNG, PDF with its fonts inside, SVG; the same figure gives the same bytes."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.figure import Figure

from ecospace.errors import UsageError
from ecospace.files import atomic
from ecospace.language import _
from ecospace.maps.truetype import readable_everywhere

#: Dots per inch of print.
PRINT_DPI = 300

#: Nothing of the machine or the moment goes into a file.
SETTINGS: Any = {
    "pdf.fonttype": 42,
    "ps.fonttype": 42,
    "svg.fonttype": "path",
    "svg.hashsalt": "ecospace",
    "axes.unicode_minus": False,
    "path.simplify": False,
}


def save_figure(figure: Figure, path: str | Path, *, dpi: int = PRINT_DPI) -> Path:
    """Write a figure; the suffix says how.

    Parameters
    ----------
    figure : Figure
        From `plan_figure`, or any figure of matplotlib.
    path : str or Path
        ``.png``, ``.pdf`` (fonts embedded as TrueType, subset) or ``.svg`` (letters as outlines).
    dpi : int
        Of PNG.

    Returns
    -------
    Path
        The file: byte-identical for the same figure on the same machine.

    Raises
    ------
    UsageError
        E-USE-20 for another suffix.
    """
    target = Path(path)
    kind = target.suffix.lower().removeprefix(".")
    if kind not in ("png", "pdf", "svg"):
        text = _("A figure cannot be saved as '{suffix}'.").format(suffix=target.suffix)
        raise UsageError("E-USE-20", text, cure=_("Take .png, .pdf or .svg."))
    plan = getattr(figure, "plan", None)
    facts: dict[str, str] = plan.metadata() if plan is not None else {}
    lettering = readable_everywhere(figure) if kind == "pdf" else nullcontext()
    with matplotlib.rc_context(SETTINGS), lettering, atomic(target) as temporary:
        figure.savefig(temporary, format=kind, dpi=dpi, metadata=_metadata(kind, facts))
    return target


def _metadata(kind: str, facts: dict[str, str]) -> dict[str, Any]:
    """The facts of a figure in the words of a format, and no date."""
    about = "; ".join(f"{word}: {value}" for word, value in facts.items() if word not in ("title",) and value)
    title = facts.get("title", "")
    if kind == "png":
        return {"Title": title, "Description": about, "Software": "ecospace"}
    if kind == "pdf":
        return {"Title": title, "Subject": about, "Creator": "ecospace", "Producer": "matplotlib", "CreationDate": None}
    return {"Title": title, "Description": about, "Creator": "ecospace", "Date": None}
