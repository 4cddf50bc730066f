from __future__ import annotations

from pathlib import Path

import pytest
from tests.judging.judged_fixture import Judged, copy_of, make_registry
from tests.scaffold.once import Once

PEOPLE = {
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@example.org",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@example.org",
}


@pytest.fixture(scope="session")
def _proposals(once: Once) -> Judged:
    """1.0.0 in production on `main`, and two proposals of 1.1.0 on branches: `better` and `worse`."""
    return Judged(once.build("judged", _propose_twice) / "registry")


def _propose_twice(folder: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MINTMARK_CACHE", str(folder / "cache"))
        for name, value in PEOPLE.items():
            patch.setenv(name, value)
        judged = make_registry(folder / "registry")
        judged.branch("better")
        judged.propose(C=1.0)
        judged.branch("worse")
        judged.propose("--version", "1.1.0", columns=["age", "noise"])
        judged.branch("main", "main")


@pytest.fixture
def judged(_proposals: Judged, tmp_path: Path) -> Judged:
    """A copy of it, on `main`."""
    return copy_of(_proposals, tmp_path / "registry")
