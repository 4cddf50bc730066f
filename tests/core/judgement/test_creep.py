"""A chain of small losses ends at the anchor: the simulation of tests/bench/creep.py, small and seeded."""

from __future__ import annotations

import pytest
from tests.bench.creep import MARGIN, PROPOSALS, losses


@pytest.mark.slow
def test_the_anchor_stops_small_losses() -> None:
    """Half a margin is lost again and again; held against the first champion as well, far less is."""
    free, anchored = (losses(8, world="lasting", rule=rule) for rule in ("without", "with it"))
    assert 2 * MARGIN < free < PROPOSALS * MARGIN / 2
    assert anchored < free
    for world in ("changed", "apart"):
        assert losses(8, world=world, rule="with it") < 2 * MARGIN
