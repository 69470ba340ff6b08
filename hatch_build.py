"""Build hook: the Chinese texts become one compiled catalogue, and the overlay kernels a library for this platform."""

from __future__ import annotations

import importlib.util
import sysconfig
from pathlib import Path
from types import ModuleType
from typing import Any

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


def kernels_build(root: Path) -> ModuleType:
    """The module that compiles the kernels, loaded by its path: ecospace's own dependencies are not there yet."""
    path = root / "ecospace" / "space" / "native" / "build.py"
    spec = importlib.util.spec_from_file_location("kernels_build", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class CatalogueHook(BuildHookInterface):  # type: ignore[type-arg]
    """Called by hatchling for wheels, source archives and editable installs."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        root = Path(self.root)
        compile_catalogue(root / "ecospace" / "locale" / "zh_CN")
        if self.target_name != "wheel":
            return
        library = kernels_build(root).compile_kernels()
        if library is None:
            return  # no C compiler: a wheel for any platform, whose overlay runs on GEOS alone
        build_data["artifacts"].append(str(library.relative_to(root)))
        build_data["pure_python"] = False
        # The library is plain C called through ctypes: it fits any Python, but only this platform.
        build_data["tag"] = f"py3-none-{sysconfig.get_platform().replace('-', '_').replace('.', '_')}"
