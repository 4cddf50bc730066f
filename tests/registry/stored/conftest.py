"""A registry with an empty store and a cache of its own."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.scaffold.registry import Scratch, begin_committed


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scratch:
    monkeypatch.setenv("MINTMARK_CACHE", str(tmp_path / "cache"))
    return begin_committed(tmp_path / "registry")
