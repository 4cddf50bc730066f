"""Fixtures of the fake GitHub: one server for all tests of a process, and a repository of its own for each test."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest
from tests.scaffold.forge import deliveries, requests_and_issues  # noqa: F401 - they add their routes
from tests.scaffold.forge.contract import Contract, fetch_contract
from tests.scaffold.forge.fake_forge import FakeForge, FakeRepository, serve_forge
from tests.scaffold.forge.routing import templates

_NUMBERS = count(1)


@pytest.fixture(scope="session")
def forge_contract(tmp_path_factory: pytest.TempPathFactory) -> Contract | None:
    """GitHub's description of its API, None where it cannot be fetched: then requests are answered unchecked.

    The run ends with a warning that says so, and `test_the_contract_is_held` is skipped.
    """
    try:
        return fetch_contract(templates(), tmp_path_factory.mktemp("npm"))
    except pytest.skip.Exception as why:
        warnings.warn(f"no request is held against GitHub's description of its API: {why}", stacklevel=1)
        return None


@pytest.fixture(scope="session")
def _forge_server(tmp_path_factory: pytest.TempPathFactory, forge_contract: Contract | None) -> Iterator[FakeForge]:
    with serve_forge(tmp_path_factory.mktemp("forge"), forge_contract) as forge:
        yield forge


@pytest.fixture
def fake_forge(_forge_server: FakeForge) -> Iterator[FakeForge]:
    """The server; a test fails where it, or what it tests, breaks GitHub's contract."""
    _forge_server.breaches.clear()
    _forge_server.seen_tokens.clear()
    yield _forge_server
    assert _forge_server.breaches == []


@pytest.fixture
def make_repository(fake_forge: FakeForge) -> Callable[..., FakeRepository]:
    """Make a repository on the fake GitHub, empty or as a copy of a clone (`source`)."""

    def make(source: Path | None = None) -> FakeRepository:
        return fake_forge.create(f"acme/models-{next(_NUMBERS)}", source=source)

    return make


@pytest.fixture
def on_github(make_repository: Callable[..., FakeRepository], monkeypatch: pytest.MonkeyPatch) -> FakeRepository:
    """An empty repository, to which the variables of a workflow lead."""
    repository = make_repository()
    for name, value in repository.environment.items():
        monkeypatch.setenv(name, value)
    return repository
