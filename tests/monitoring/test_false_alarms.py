"""What docs/explanation/monitoring.md promises of false alarms and of power, held by a small part of its simulation."""

from __future__ import annotations

import numpy as np
import pytest
from tests.bench.built_profiles import Reference, calm_columns
from tests.bench.monitoring import REFERENCE, texts_of
from tests.bench.production import KINDS, MIXED, TEXTS, WORLDS, Change, World

TOWNS = next(world for world in WORLDS if world.name == "towns and names")


@pytest.mark.parametrize(
    "world",
    [pytest.param(MIXED, id="all kinds"), pytest.param(TOWNS, id="towns and names", marks=pytest.mark.slow)],
)
def test_thirty_columns_that_did_not_change_are_calm(world: World) -> None:
    """Profiles as training builds them, judged as `mintmark monitor` judges them: 3 of 100 windows may say something."""
    said = 0
    for seed in range(5):
        generator = np.random.default_rng((seed, REFERENCE))
        reference = Reference(world.reference(generator, REFERENCE), texts=texts_of(world))
        said += sum(bool(reference.raised(world.draw(generator, rows))) for rows in (100, 1_000))
    assert said <= 1


@pytest.mark.parametrize("kind", ["number", "count", "category", "towns"])
def test_a_shift_of_half_a_deviation_of_one_column_among_thirty_is_found(kind: str) -> None:
    make, texts = KINDS[kind], [kind] if kind in TEXTS else []
    for seed in range(3):
        generator = np.random.default_rng((seed, REFERENCE))
        reference = Reference([{kind: make(generator.standard_normal(REFERENCE))}], texts=texts)
        window = {kind: make(Change(shift=0.5).move(generator.standard_normal(1_000)))}
        raised = reference.raised(window, calm_columns(REFERENCE, 1_000))
        assert {each.column for each in raised} == {kind}
