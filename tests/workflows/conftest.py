from __future__ import annotations

from pathlib import Path

import pytest
from tests.judging.judged_fixture import propose_twice
from tests.scaffold.once import Once
from tests.scaffold.pipeline import LOANS, open_toy
from tests.scaffold.registry import Scratch
from tests.scaffold.workflows import MAKEFILE, WORKFLOWS


@pytest.fixture
def judged(once: Once, tmp_path: Path) -> Scratch:
    """A registry with proposals on the branches `better` and `worse`; its base has the workflows of this repository."""
    scratch = open_toy(LOANS, once.build("judged", propose_twice)).copy(tmp_path / "registry")
    for path in WORKFLOWS.glob("*.yml"):
        scratch.write(f".github/workflows/{path.name}", path.read_text())
    scratch.write("Makefile", MAKEFILE)
    scratch.commit("Let GitHub run the registry")
    return scratch
