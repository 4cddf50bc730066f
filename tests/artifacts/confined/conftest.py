"""A room in which programs run confined, and what this system can do."""

from __future__ import annotations

import sys
import textwrap
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.artifacts.confined.confined_runs import MANY, PATIENCE, SECRET, Run, children, processes

from mintmark.artifacts.confined.confinement import Completed, Limits, python_paths, run_confined


@pytest.fixture
def room(tmp_path: Path) -> Path:
    folder = tmp_path / "room"
    folder.mkdir()
    return folder


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A work tree with labels, beside the room."""
    folder = tmp_path / "tree"
    folder.mkdir()
    (folder / "labels.csv").write_text(SECRET)
    return folder


@pytest.fixture
def run(room: Path) -> Iterator[Run]:
    """Run a Python program in the room; afterwards no process of it may be there."""
    mark = uuid.uuid4().hex

    def confined(
        code: str, *arguments: object, readable: tuple[Path, ...] = (), network: bool = False, **limits: float
    ) -> Completed:
        done = run_confined(
            (sys.executable, "-c", textwrap.dedent(code), *map(str, arguments), mark), cwd=room,
            readable=(*python_paths(), *readable), writable=(room,), environment={}, network=network,
            limits=Limits(**{"seconds": PATIENCE, **limits}),
        )  # fmt: skip
        assert processes(mark) == []
        return done

    yield confined
    assert children() == []


@pytest.fixture(scope="session")
def isolation(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What holds on this system for one process, and what for several."""
    folder = tmp_path_factory.mktemp("isolation")
    told = [
        run_confined(
            (sys.executable, "-c", ""), cwd=folder, readable=python_paths(), writable=(), environment={},
            limits=Limits(processes=number),
        ).isolation
        for number in (1, MANY)
    ]  # fmt: skip
    return {**told[0], "processes": f"{told[0]['processes']}, {told[1]['processes']}"}


@pytest.fixture
def needs(isolation: dict[str, str]) -> Callable[[str, str], None]:
    def check(measure: str, *words: str) -> None:
        if not any(word in isolation[measure] for word in words):
            pytest.skip(f"this system has no {' or '.join(words)} ({measure}: {isolation[measure]})")

    return check
