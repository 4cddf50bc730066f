"""The first screen of a model's page and of the home page answers what people come for, in a real Chromium."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.publishing.site.browsing.browser import visiting

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytest_plugins = ["tests.publishing.site.browsing.browser_fixtures"]

SCREENS = ((1280, 900), (375, 812))


@pytest.mark.slow
def test_the_first_screen_of_a_model_holds_the_answer_and_what_to_do(chromium: Browser, troubled: Path) -> None:
    with visiting(chromium, troubled) as visitor:
        for model in ("unsure", "recalled", "broken", "new"):
            for width, height in SCREENS:
                page = visitor.open(f"models/{model}/", size=(width, height))
                box = page.locator("#answer").bounding_box()
                assert box is not None
                assert box["y"] + box["height"] <= height, f"{model} at {width}: {box}"
                assert page.evaluate("document.documentElement.scrollWidth") == width


@pytest.mark.slow
def test_what_folds_out_of_the_answer_is_copied_and_opens(chromium: Browser, troubled: Path) -> None:
    with visiting(chromium, troubled) as visitor:
        page = visitor.open("models/unsure/", permissions=["clipboard-read", "clipboard-write"])
        page.get_by_role("button", name="Copy Python").click()
        assert page.locator("[data-copies=get-1]").inner_text() == "Copied"
        copied = page.evaluate("navigator.clipboard.readText()")
        assert copied.endswith('mintmark.load("unsure@production", path="https://acme.github.io/models/")')
        roll_back = page.locator(".mm-act", has_text="Roll back to 1.0.0")
        assert not roll_back.get_by_text("mintmark rollback").is_visible()
        roll_back.locator("summary").click()
        assert roll_back.get_by_text("mintmark rollback unsure production").is_visible()
        page = visitor.open("models/unsure/", scripts=False)
        assert not page.get_by_role("button", name="Copy Python").is_visible()
        page.get_by_text("Get it").click()
        assert page.get_by_text("mintmark.load").is_visible()
