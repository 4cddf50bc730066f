from __future__ import annotations

from pathlib import Path

import pytest
from tests.judging.judged_fixture import propose_twice
from tests.scaffold.once import Once
from tests.scaffold.pipeline import LOANS, open_toy
from tests.scaffold.registry import Scratch


@pytest.fixture(scope="session")
def _proposals(once: Once) -> Scratch:
    """1.0.0 in production on `main`, and two proposals of 1.1.0 on branches: `better` and `worse`."""
    return open_toy(LOANS, once.build("judged", propose_twice))


@pytest.fixture
def judged(_proposals: Scratch, tmp_path: Path) -> Scratch:
    """A copy of it, on `main`."""
    return _proposals.copy(tmp_path / "registry")


@pytest.fixture(autouse=True)
def _warm_programs(warm_programs: None) -> None:
    """Tests of what is judged; that DVC is started as it should be, the tests of its door say."""
