"""Take the pictures of the documentation from this repository's own site: python -m tests.publishing.site.browsing.screenshots."""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.publishing.site.browsing.browser import NARROW, WIDE, Visitor, served
from tests.publishing.site.browsing.browser_fixtures import CHROMIUM, FLAGS

from mintmark.publishing.site.api.registry_documents import Addresses
from mintmark.publishing.site.build import build_site
from mintmark.registry.clone import ClonedRegistry

if TYPE_CHECKING:
    from playwright.sync_api import Page

ROOT = Path(__file__).parents[4]
IMAGES = ROOT / "docs" / "images"
ADDRESSES = Addresses(repository="https://github.com/acme/models", site="https://acme.github.io/models/")
MODEL, VERSION, FIRST = "breast-cancer", "1.2.0", "1.1.0"


def compare(page: Page) -> None:
    """Wait for the comparison that the address asks for, and bring it into view."""
    page.locator("#compare-result table").first.wait_for()


def nothing(page: Page) -> None:
    """The page as it comes."""


PICTURES: dict[str, tuple[str, Callable[[Page], None], dict[str, Any]]] = {
    "site-home": ("", nothing, {}),
    "site-model": (f"models/{MODEL}/", nothing, {}),
    "site-version": (f"models/{MODEL}/{VERSION}/", nothing, {}),
    "site-compare": (f"compare/?v={MODEL}@{FIRST}&v={MODEL}@{VERSION}", compare, {}),
    "site-home-narrow-dark": ("", nothing, {"size": (NARROW[0], 812), "dark": True}),
}


def main() -> int:
    """Build the site, take every picture, and make each smaller where Pillow is installed."""
    from playwright.sync_api import sync_playwright

    browser_path = next(path for path in map(shutil.which, CHROMIUM) if path)
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        site = Path(folder, "site")
        build_site(ClonedRegistry(ROOT), site, addresses=ADDRESSES)
        moment = _two_weeks_later(site)
        browser = playwright.chromium.launch(executable_path=browser_path, args=list(FLAGS))
        with served(site) as root:
            visitor = Visitor(browser, root)
            for name, (path, act, options) in PICTURES.items():
                page = visitor.page(**{"size": WIDE, **options})
                page.clock.set_fixed_time(moment)  # or else every day would make other pictures
                visitor.go(page, path)
                page.wait_for_load_state("networkidle")
                act(page)
                page.screenshot(path=IMAGES / f"{name}.png")
                _pack(IMAGES / f"{name}.png")
            visitor.close()
        browser.close()
    return 0


def _two_weeks_later(site: Path) -> datetime:
    updated = json.loads((site / "api/v1/models.json").read_text())["updated"]
    return datetime.fromisoformat(updated) + timedelta(days=14)


def _pack(path: Path) -> None:
    """Keep 256 colours of a picture, which a page of text does not miss."""
    try:
        from PIL import Image
    except ModuleNotFoundError:
        print(f"{path}: install Pillow to make it smaller", file=sys.stderr)
        return
    picture = Image.open(path).convert("RGB").quantize(256, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    part = path.with_suffix(f".{os.getpid()}")
    picture.save(part, format="PNG", optimize=True)
    part.replace(path)


if __name__ == "__main__":
    sys.exit(main())
