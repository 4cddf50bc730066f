"""A real headless Chromium for all tests of a session, and a visitor of the site of `lively`."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.publishing.site.browsing.browser import Visitor, visiting

if TYPE_CHECKING:
    from playwright.sync_api import Browser

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
# Names of other hosts are not even looked up: this machine is all that there is.
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, driven by the package playwright, which brings none of its own along."""
    found = next((path for path in map(shutil.which, CHROMIUM) if path), None)
    if found is None:
        pytest.skip(f"there is no browser to visit the site with; install one of {', '.join(CHROMIUM)}")
    sync_api = pytest.importorskip("playwright.sync_api", reason="the package playwright is not installed")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def visitor(chromium: Browser, built: Path) -> Iterator[Visitor]:
    """A visitor of the site of `lively`."""
    with visiting(chromium, built) as found:
        yield found
