"""With the compiled kernels and without: the same relations, areas, distances and nearest features."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from pyproj.crs import CRS

from ecospace.check.contact import Contact, contacts
from ecospace.check.control import ControlLayer
from ecospace.check.pieces import MANY
from ecospace.check.prepared import prepare
from ecospace.check.seen import Sites
from tests.check.county import CRS_GK, X, Y, layer, star

#: South-west corner of what is drawn.
CORNER = np.array([X, Y])
CASES = {
    "small polygons": lambda random: [star(random, *random.uniform(0, 9_000, 2), 150, 12) for _ in range(900)],
    "large polygons, cut into tiles": lambda random: [
        shapely.difference(star(random, east, 3_000, 2_500, 900), star(random, east, 3_000, 600, 300))
        for east in (0, 6_000)
    ],
    "both": lambda random: [*CASES["small polygons"](random)[:50], *CASES["large polygons, cut into tiles"](random)],
    "lines": lambda random: list(
        shapely.linestrings(CORNER + np.cumsum(random.normal(0, 60, (60, 80, 2)), axis=1) + 4_000)
    ),
    "points": lambda random: list(shapely.points(CORNER + random.uniform(0, 9_000, (700, 2)))),
}  # fmt: skip


def asked(ready: ControlLayer, shapes: np.ndarray, crs: CRS, together: bool) -> list[Contact]:
    if together:
        return contacts(Sites(shapes, crs), ready, CRS_GK)
    return [contact for shape in shapes for contact in contacts(Sites(np.array([shape]), crs), ready, CRS_GK)]


@pytest.mark.parametrize("case", CASES)
def test_kernels_change_nothing(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(5)
    drawn = layer(CASES[case](random), "river" if case in ("lines", "points") else "farmland")
    shapes = np.array(
        [star(random, *random.uniform(-2_000, 11_000, 2), random.choice([5, 80, 700]), 9) for _ in range(MANY + 40)]
        + list(shapely.points(CORNER + random.uniform(0, 9_000, (30, 2))))
    )
    said = []
    for engine in ("on", "off"):
        monkeypatch.setenv("ECOSPACE_KERNELS", engine)
        # The first questions of a layer and the later ones take different ways where there are no kernels.
        for together in (True, False):
            found = asked(prepare(drawn), shapes, CRS_GK, together)
            said.append([(c.relation, c.nearest, [(m.feature, m.relation) for m in c.meetings]) for c in found])
            numbers = np.array([[c.area_m2, c.distance_m] for c in found])
            if len(said) == 1:
                first = numbers
            assert np.abs(numbers - first).max() < 1e-9 * 1e4
    relations = {relation for relation, *_rest in said[0]}
    assert {"overlap", "apart"} <= relations or case == "points"
    assert all(answers == said[0] for answers in said[1:])
