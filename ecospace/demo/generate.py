"""From a county to a study folder: every layer, the sites, the expected numbers, and study.toml."""

from __future__ import annotations

import shutil
from pathlib import Path
from tempfile import mkdtemp

from ecospace.demo.county import County
from ecospace.demo.expected import write_expected
from ecospace.demo.rasters import write_dem, write_forest_mask
from ecospace.demo.sheets import sheets
from ecospace.demo.sites import candidates, write_sites
from ecospace.demo.writing import write_sheet


def write_study(county: County, folder: Path, study_toml: str) -> None:
    """All files into a folder, through a temporary one beside it; study.toml comes last and marks the whole.

    Parameters
    ----------
    county : County
    folder : Path
        Made if it is not there. Files of the same names are replaced, others are left alone.
    study_toml : str
        Text of study.toml.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        _write(county, temporary, study_toml)
        folder.mkdir(exist_ok=True)
        for item in sorted(temporary.iterdir(), key=lambda path: path.name == "study.toml"):
            target = folder / item.name
            if target.is_dir():
                shutil.rmtree(target)
            item.replace(target)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _write(county: County, folder: Path, study_toml: str) -> None:
    place = county.place
    for sheet in sheets(county):
        write_sheet(sheet, folder, place.seed, place.design.get("one_file"))
    write_forest_mask(place, county.cover.forest, folder / "forest_30m_demo.tif")
    write_dem(place, county.relief, county.reservoirs, folder / "dem_90m_demo.tif")
    (folder / "study.toml").write_text(study_toml, encoding="utf-8")
    found = candidates(county)
    write_sites(found, folder, place.seed)
    write_expected(folder, found)
