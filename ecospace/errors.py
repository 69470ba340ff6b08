"""What can go wrong. Every error has a code and says the fact, the consequence and what to type.

::

    EcospaceError
    ├── UsageError        E-USE    the call or command itself
    ├── StudyError        E-STUDY  study.toml and the folder around it
    ├── ReadError         E-READ   a file that cannot be read, or not wholly
    │   └── UnsafeError   E-SAFE   a file that would read other files, call the network or fill the disk
    ├── CRSError          E-CRS    coordinates: unknown, contradictory or mixed
    ├── GeometryError     E-GEO    a shape that has no one meaning
    ├── DataError         E-DATA   attributes, classes, code systems, layer contracts
    ├── BalanceError      E-SUM    parts that do not add up to their whole
    ├── RuleError         E-RULE   a rule without the number or layer it needs
    ├── MapError          E-MAP    a picture that cannot be drawn truthfully (fonts, assets, styles)
    └── WriteError        E-WRITE  an output that could not be written, or does not read back the same
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path


class EcospaceError(Exception):
    """The root of all errors of ecospace.

    Parameters
    ----------
    code : str
        Stable code, e.g. ``E-CRS-02``.
    text : str
        The fact and its consequence, in the reader's language.
    cure : str
        What to type or to change.
    file, layer : optional
        Where it was seen.
    features : sequence of str
        Ids of the features concerned.
    """

    def __init__(
        self,
        code: str,
        text: str,
        *,
        cure: str = "",
        file: str | Path | None = None,
        layer: str | None = None,
        features: Sequence[object] = (),
    ) -> None:
        self.code = code
        self.text = text
        self.cure = cure
        self.file = str(file) if file is not None else ""
        self.layer = layer or ""
        self.features = tuple(str(feature) for feature in features)
        super().__init__(str(self))

    def __str__(self) -> str:
        where = [Path(self.file).name if self.file else "", self.layer, ", ".join(self.features[:10])]
        # What the sentence names already is not said again.
        place = " / ".join(part for part in where if part and part not in self.text)
        sentence, stop = self.text.rstrip("。."), self.text[len(self.text.rstrip("。.")) :]
        fact = f"{sentence} ({place}){stop}" if place else self.text
        return f"[{self.code}] {fact} {self.cure}".rstrip()

    def __reduce__(self) -> tuple[object, ...]:
        # Keyword arguments are lost by the default pickling, and workers send errors across processes.
        return _rebuild, (type(self), self.code, self.text, self.cure, self.file, self.layer, self.features)


def _rebuild(
    kind: type[EcospaceError], code: str, text: str, cure: str, file: str, layer: str, features: tuple[str, ...]
) -> EcospaceError:
    return kind(code, text, cure=cure, file=file or None, layer=layer, features=features)


class UsageError(EcospaceError):
    """The call or the command is wrong in itself."""


class StudyError(EcospaceError):
    """study.toml or the folder around it is wrong."""


class ReadError(EcospaceError):
    """A file cannot be read, or not wholly."""


class UnsafeError(ReadError):
    """A file would read other files, call the network or fill the disk."""


class CRSError(EcospaceError):
    """Coordinates are unknown, contradictory or mixed."""


class GeometryError(EcospaceError):
    """A shape has no one meaning."""


class DataError(EcospaceError):
    """Attributes, classes, code systems or layer contracts are broken."""


class BalanceError(EcospaceError):
    """Parts do not add up to their whole."""


class RuleError(EcospaceError):
    """A rule lacks the number or the layer it needs."""


class MapError(EcospaceError):
    """A picture cannot be drawn truthfully."""


class WriteError(EcospaceError):
    """An output could not be written, or does not read back the same."""
