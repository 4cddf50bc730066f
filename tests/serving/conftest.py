from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.judging.judged_fixture import propose_twice
from tests.scaffold.once import Once
from tests.scaffold.pipeline import LOANS, open_toy
from tests.scaffold.registry import Scratch
from tests.serving.served import mixed_version

from mintmark.serving.app import App
from mintmark.serving.limits import Limits
from mintmark.serving.served_version import ServedVersion


@pytest.fixture
def loans(once: Once, tmp_path: Path) -> Scratch:
    """A registry with two versions of `loans`; 1.0.0 is in production."""
    scratch = open_toy(LOANS, once.build("judged", propose_twice)).copy(tmp_path / "registry")
    scratch.git("merge", "--quiet", "--ff-only", "better")
    return scratch


@pytest.fixture(scope="session")
def executor() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(max_workers=1) as pool:
        yield pool


@pytest.fixture(scope="session")
def mixed(executor: ThreadPoolExecutor) -> ServedVersion:
    """A classifier of text, whole numbers, numbers, true and false, and times."""
    return mixed_version(executor)


@pytest.fixture
def app(mixed: ServedVersion) -> App:
    """The application with `mixed` as people@production."""
    from tests.serving.served import app_of

    return app_of(mixed, Limits(rows=100, bytes=100_000))
