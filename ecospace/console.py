"""The terminal: plain text where it is none, wide enough for a table."""

from __future__ import annotations

import sys
from typing import Any


def console() -> Any:
    """A rich console on standard output; colours only where a person looks."""
    from rich.console import Console

    is_terminal = sys.stdout.isatty()
    return Console(highlight=False, width=None if is_terminal else 160, no_color=not is_terminal)
