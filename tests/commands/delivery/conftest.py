from __future__ import annotations

from pathlib import Path

import pytest
from tests.scaffold.registry import Scratch


@pytest.fixture
def published(scratch: Scratch, tmp_path: Path) -> Scratch:
    """The template with a remote, to which main is pushed; nothing is released."""
    origin = tmp_path / "origin.git"
    scratch.git("init", "--quiet", "--bare", "-b", "main", str(origin))
    scratch.git("remote", "add", "origin", str(origin))
    scratch.git("push", "--quiet", "origin", "main")
    return scratch
