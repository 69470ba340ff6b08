"""Files of no study: a setting of study.toml that an error asks for is named as the option that stands for it here."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ecospace.language import _

if TYPE_CHECKING:
    from pathlib import Path

    from ecospace.layers.layer import Layer

#: A setting of study.toml inside a cure.
SETTING = re.compile(r'\b(crs|layer|points|swap) = (?:"([^"]+)"|true)')


@contextmanager
def typed() -> Iterator[None]:
    """Let an error from inside name the options to type."""
    from ecospace.errors import EcospaceError

    try:
        yield
    except EcospaceError as error:
        options: dict[str, list[str]] = {}
        for name, value in SETTING.findall(error.cure):
            options.setdefault(name, []).append(f"--{name} {shlex.quote(value)}" if value else f"--{name}")
        if options:
            said = " ".join(_(" or ").join(dict.fromkeys(values)) for values in options.values())
            error.cure += " " + _("On this command line: {option}").format(option=said)
        raise


def read_alone(source: Path, **settings: Any) -> Layer:
    """A layer of no study."""
    from ecospace.layers.read import read_layer

    with typed():
        return read_layer(source, **settings)
