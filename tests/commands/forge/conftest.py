from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.commands.forge.hosted import Hosted, host
from tests.scaffold.forge.fake_forge import FakeRepository
from tests.scaffold.registry import Scratch


@pytest.fixture
def hosted(
    released: Scratch, make_repository: Callable[..., FakeRepository], monkeypatch: pytest.MonkeyPatch
) -> Hosted:
    """1.0.0 and 1.1.0 of a model with a real pipeline; 1.1.0 is in staging and production, 1.0.0 held both before."""
    return host(released, make_repository, monkeypatch)
