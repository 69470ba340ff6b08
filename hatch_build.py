"""Build hook: the Chinese texts in locale/zh_CN/*.po become one compiled catalogue, ecospace.mo."""

from __future__ import annotations

from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from hatchling.builders.hooks.plugin.interface import BuildHookInterface


def compile_catalogue(locale: Path) -> Path:
    """Compile all .po files of a locale folder into LC_MESSAGES/ecospace.mo."""
    whole = Catalog(locale=locale.name, domain="ecospace")
    for source in sorted(locale.glob("*.po")):
        with source.open("rb") as file:
            for message in read_po(file, locale=locale.name):
                if message.id and message.string:
                    whole.add(message.id, message.string)
    target = locale / "LC_MESSAGES" / "ecospace.mo"
    target.parent.mkdir(exist_ok=True)
    with target.open("wb") as file:
        write_mo(file, whole)
    return target


class CatalogueHook(BuildHookInterface):  # type: ignore[type-arg]
    """Called by hatchling for wheels, source archives and editable installs."""

    def initialize(self, version: str, build_data: dict[str, object]) -> None:
        compile_catalogue(Path(self.root) / "ecospace" / "locale" / "zh_CN")
