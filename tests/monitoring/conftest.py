"""A real log of one day, which the tests of a log's files spoil."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tests.monitoring.real_logs import as_it_is, write_log


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_log(tmp_path_factory.mktemp("plain"), {0: as_it_is})


@pytest.fixture
def log(plain: Path, tmp_path: Path) -> Path:
    """A day as it should be, in a folder of the test's own."""
    return Path(shutil.copytree(plain, tmp_path / "log"))
