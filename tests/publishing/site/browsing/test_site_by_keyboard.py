"""The site without a mouse."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.publishing.site.browsing.browser import Visitor
from tests.publishing.site.browsing.visited import CLIPBOARD, query
from tests.publishing.site.site_pages import KINDS
from tests.scaffold.marks import first_quick

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytest_plugins = ["tests.publishing.site.browsing.browser_fixtures"]


@pytest.mark.slow
def test_the_keyboard_reaches_search_facets_and_buttons(visitor: Visitor) -> None:
    page = visitor.open()
    reached = tabbed(page, 30)
    wanted = ("search-query", "find", "Task", "Owner", "sort")
    order = [next((place for place, name in enumerate(reached) if word in name), -1) for word in wanted]
    assert order == sorted(order), reached
    assert order[0] >= 0
    page.locator('input[name="find"]').focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # opens the first facet
    page.keyboard.press("Tab")
    page.keyboard.press("Space")  # chooses its first value
    assert len(query(page)) == 1
    page.keyboard.press("Escape")
    assert page.locator(".mm-facet[open]").count() == 0


def tabbed(page: Page, times: int) -> list[str]:
    """What has the focus after each press of the Tab key."""
    found = []
    for _ in range(times):
        page.keyboard.press("Tab")
        found.append(
            page.evaluate(
                """() => { const at = document.activeElement;
                return [at.className, at.name, at.dataset.mdComponent, at.getAttribute("aria-label"),
                  at.getAttribute("href"), at.textContent].filter(Boolean).join(" "); }"""
            )
        )
    return found


@pytest.mark.slow
@pytest.mark.parametrize("kind", first_quick(["home", "model", "version", "audit", "docs"]))
def test_the_keyboard_can_skip_the_header(visitor: Visitor, kind: str) -> None:
    page = visitor.open(KINDS[kind])
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent").strip() == "Skip to content"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('article') !== null")


@pytest.mark.slow
def test_copying_and_comparing_need_no_mouse(visitor: Visitor) -> None:
    page = visitor.open("models/iris/1.1.0/", permissions=CLIPBOARD)
    page.locator("#get").evaluate("heading => { heading.tabIndex = -1; heading.focus(); }")
    for _ in range(4):
        page.keyboard.press("Tab")
        if "mm-copy" in page.evaluate("document.activeElement.className"):
            break
    assert outlined(page), "what has the focus is to be seen"
    page.keyboard.press("Enter")
    page.locator("button.mm-copy", has_text="Copied").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == "mintmark pull iris@1.1.0"

    visitor.go(page, "models/iris/")
    for version in ("1.0.0", "1.2.0"):
        page.get_by_label(f"Compare {version}", exact=True).focus()
        page.keyboard.press("Space")
    page.get_by_role("button", name="Compare them").focus()
    page.keyboard.press("Enter")
    page.locator("#compare-result table").first.wait_for()


def outlined(page: Page) -> bool:
    style = "getComputedStyle(document.activeElement)"
    return bool(page.evaluate(f"{style}.outlineStyle !== 'none' || {style}.boxShadow !== 'none'"))
