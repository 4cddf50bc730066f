from __future__ import annotations

from pathlib import Path

import pytest
from tests.commands.writing_fixture import (
    ENVIRONMENT,
    Scratch,
    change_slope,
    copy_of,
    make_candidate,
    release_twice,
)
from tests.scaffold.once import Once


@pytest.fixture(scope="session")
def _built(once: Once) -> dict[str, Scratch]:
    folder = once.build("writing", _build)
    return {path.name: Scratch(path) for path in folder.iterdir() if path.is_dir()}


def _build(folder: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in ENVIRONMENT.items():
            patch.setenv(name, value)
        first = make_candidate(folder / "first")
        second = copy_of(first, folder / "second")
        second.propose()
        change_slope(second, "2.0", "2.5")
        released = copy_of(second, folder / "released")
        release_twice(released)


@pytest.fixture
def _environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("MINTMARK_CACHE", str(tmp_path / "mintmark-cache"))


@pytest.fixture
def first(_built: dict[str, Scratch], _environment: None, tmp_path: Path) -> Scratch:
    """A candidate, and nothing registered."""
    return copy_of(_built["first"], tmp_path / "registry")


@pytest.fixture
def second(_built: dict[str, Scratch], _environment: None, tmp_path: Path) -> Scratch:
    """1.0.0 is registered, and there is another candidate with params.yaml and dvc.lock not committed."""
    return copy_of(_built["second"], tmp_path / "registry")


@pytest.fixture
def released(_built: dict[str, Scratch], _environment: None, tmp_path: Path) -> Scratch:
    """1.0.0 and 1.1.0 are registered, 1.1.0 is in staging and production, 1.0.0 held both before; all is clean."""
    return copy_of(_built["released"], tmp_path / "registry")
