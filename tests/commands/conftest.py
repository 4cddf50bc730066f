from __future__ import annotations

from pathlib import Path

import pytest
from tests.commands.writing_fixture import change_slope, make_candidate, release_twice
from tests.scaffold.once import Once
from tests.scaffold.pipeline import TINY, open_toy
from tests.scaffold.registry import Scratch


@pytest.fixture(scope="session")
def _built(once: Once) -> dict[str, Scratch]:
    folder = once.build("writing", _build)
    return {path.name: open_toy(TINY, path) for path in folder.iterdir() if path.is_dir()}


def _build(folder: Path) -> None:
    second = make_candidate(folder / "first").copy(folder / "second")
    second.propose()
    change_slope(second, "2.0", "2.5")
    release_twice(second.copy(folder / "released"))


@pytest.fixture
def first(_built: dict[str, Scratch], tmp_path: Path) -> Scratch:
    """A candidate, and nothing registered."""
    return _built["first"].copy(tmp_path / "registry")


@pytest.fixture
def second(_built: dict[str, Scratch], tmp_path: Path) -> Scratch:
    """1.0.0 is registered, and there is another candidate with params.yaml and dvc.lock not committed."""
    return _built["second"].copy(tmp_path / "registry")


@pytest.fixture
def released(_built: dict[str, Scratch], tmp_path: Path) -> Scratch:
    """1.0.0 and 1.1.0 are registered, 1.1.0 is in staging and production, 1.0.0 held both before; all is clean."""
    return _built["released"].copy(tmp_path / "registry")


@pytest.fixture(autouse=True)
def _warm_programs(warm_programs: None) -> None:
    """Tests of what commands do; that DVC is started as it should be, the tests of its door say."""
