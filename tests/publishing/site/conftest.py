"""A registry with a past, and its site, built once for all tests that only look at them."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.conftest import Scratch, _begin
from tests.publishing.site.lively_registry import make_lively

from mintmark.publishing.site.build import build_site
from mintmark.registry.clone import ClonedRegistry


@pytest.fixture(scope="session")
def lively(tmp_path_factory: pytest.TempPathFactory) -> Scratch:
    """See `make_lively`; no test may change it."""
    return make_lively(_begin(tmp_path_factory.mktemp("lively") / "registry"))


@pytest.fixture(scope="session")
def built(lively: Scratch, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site of `lively`, as `mintmark site build` writes it."""
    output = tmp_path_factory.mktemp("built") / "site"
    done = build_site(ClonedRegistry(lively.root), output)
    assert done.findings == ()
    return output
