"""A registry with a past, and its site, built once for all tests that only look at them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tests.publishing.site.samples.lively_registry import make_lively
from tests.publishing.site.samples.troubled_registry import make_troubled
from tests.scaffold.once import Once
from tests.scaffold.registry import Scratch, begin

from mintmark.publishing.site.build import build_site
from mintmark.registry.clone import ClonedRegistry


@pytest.fixture(scope="session")
def lively(once: Once) -> Scratch:
    """See `make_lively`; no test may change it."""
    return Scratch(once.build("lively", lambda folder: make_lively(begin(folder))))


@pytest.fixture(scope="session")
def built(lively: Scratch, once: Once) -> Path:
    """The site of `lively`, as `mintmark site build` writes it."""

    def build(output: Path) -> None:
        assert build_site(ClonedRegistry(lively.root), output).findings == ()

    return once.build("lively-site", build)


@pytest.fixture(scope="session")
def troubled(once: Once) -> Path:
    """The site of a registry in trouble, see `make_troubled`."""

    def build(output: Path) -> None:
        registry = Scratch(once.build("troubled", lambda folder: make_troubled(begin(folder))))
        assert build_site(ClonedRegistry(registry.root), output).findings

    return once.build("troubled-site", build)


@pytest.fixture
def own(lively: Scratch, tmp_path: Path) -> Scratch:
    """A copy of `lively` that a test may change."""
    shutil.copytree(lively.root, tmp_path / "own", symlinks=True)
    return Scratch(tmp_path / "own", lively.artifact, lively.commits)
