"""A chain of small losses ends at the anchor: the simulation of tests/bench/creep.py, small and seeded."""

from __future__ import annotations

import numpy as np
import pytest
from tests.bench.creep import MARGIN, PROPOSALS, creep


@pytest.mark.slow
def test_the_anchor_stops_small_losses() -> None:
    """Half a margin is lost again and again; held against the first champion as well, far less is."""
    free, anchored = (
        np.mean([creep(np.random.default_rng(seed), anchored=held) for seed in range(3)]) for held in (False, True)
    )
    assert 2 * MARGIN < free < PROPOSALS * MARGIN / 2
    assert anchored < 0.85 * free
