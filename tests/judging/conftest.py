from __future__ import annotations

from pathlib import Path

import pytest
from tests.judging.judged_fixture import make_registry, propose
from tests.scaffold.once import Once
from tests.scaffold.pipeline import LOANS, open_toy
from tests.scaffold.registry import Scratch


@pytest.fixture(scope="session")
def _proposals(once: Once) -> Scratch:
    """1.0.0 in production on `main`, and two proposals of 1.1.0 on branches: `better` and `worse`."""
    return open_toy(LOANS, once.build("judged", _propose_twice))


def _propose_twice(folder: Path) -> None:
    judged = make_registry(folder)
    judged.branch("better")
    propose(judged, C=1.0)
    judged.branch("worse")
    propose(judged, "--version", "1.1.0", columns=["age", "noise"])
    judged.branch("main", "main")


@pytest.fixture
def judged(_proposals: Scratch, tmp_path: Path) -> Scratch:
    """A copy of it, on `main`."""
    return _proposals.copy(tmp_path / "registry")
