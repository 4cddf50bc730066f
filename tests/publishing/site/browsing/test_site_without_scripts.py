"""A site in a real Chromium that runs no scripts: everything can be read, and nothing is offered that would not work."""

from __future__ import annotations

import pytest
from tests.publishing.site.browsing.browser import Visitor, models_shown, rows, texts

pytest_plugins = ["tests.publishing.site.browsing.browser_fixtures"]

SECTIONS = {
    "Status", "Verdict", "Try it", "Classes", "Tuning", "Get it", "Metrics", "Gates", "Slices", "Curves", "Behaviour tests", "Permutation importance",
    "Signature", "Lineage", "Files", "Environment", "Said by the author", "Card", "Changes since its parent", "Record",
}  # fmt: skip


@pytest.mark.slow
def test_home_can_be_read_without_javascript(visitor: Visitor) -> None:
    page = visitor.open("", scripts=False)
    assert models_shown(page) == ["hostile", "iris", "price"]
    assert not page.locator("#mm-filter").is_visible(), "what would do nothing is not shown"
    assert not page.locator("article button:visible").count()


def test_a_model_can_be_read_without_javascript(visitor: Visitor) -> None:
    page = visitor.open("models/iris/", scripts=False)
    assert page.locator("#metric-chart svg").is_visible()
    assert [row[0].split()[0] for row in rows(page, ".mm-versions")] == [
        "2.0.0-rc.1", "1.3.0", "1.2.0", "1.1.0", "1.0.0",
    ]  # fmt: skip
    assert page.locator("#metric-chart a[data-metric]").count() == 2
    production = page.locator(".mm-timelines section", has=page.get_by_role("heading", name="production"))
    assert "rolled back to 1.1.0" in production.locator(".mm-move--rollback").inner_text()
    assert not page.locator("#compare-ticked, .mm-pick").first.is_visible()
    assert "mintmark compare iris@" in page.locator("body").inner_text()


@pytest.mark.slow
def test_a_version_can_be_read_without_javascript(visitor: Visitor) -> None:
    page = visitor.open("models/iris/1.1.0/", scripts=False)
    assert {text.rstrip("¶") for text in texts(page, "h2")} >= SECTIONS
    assert "0.9143" in page.locator("#metrics ~ div table >> nth=0").inner_text()
    assert "A paired test says: no worse." in page.locator("figure", has=page.locator(".mm-difference")).inner_text()
    page.locator(".mm-try > summary").click()
    assert "/models/iris/predict" in page.locator('[data-request="rows-curl"]').inner_text()
    assert not page.locator(".mm-try__form").is_visible()
    page.evaluate("scrollTo(0, 1500)")
    assert page.locator(".mm-contents").bounding_box()["y"] < 200, "contents stay in sight where there is room"
    assert page.evaluate("document.documentElement.scrollHeight") < 5000
    page.set_viewport_size({"width": 375, "height": 800})
    page.evaluate("scrollTo(0, 2500)")
    assert page.locator(".mm-contents").bounding_box()["y"] < 0, "and cover nothing where there is none"
    assert page.evaluate("document.documentElement.scrollWidth") == 375
    page.locator("summary", has=page.locator("#changes")).click()
    link = page.get_by_role("link", name="The repository from 1.0.0 to 1.1.0")
    assert "/compare/" in str(link.get_attribute("href"))
    assert (
        "shows the scripts line by line" in visitor.open("compare/", scripts=False).locator("#mm-compare").inner_text()
    )


@pytest.mark.slow
def test_the_audit_can_be_read_without_javascript(visitor: Visitor) -> None:
    page = visitor.open("audit/", scripts=False)
    assert not page.locator(".mm-as-of").count()
    assert not page.locator("#mm-events").is_visible()
    assert page.locator("a[href$='audit.csv']").first.is_visible()
    assert len(rows(page, "#mm-log")) > 10
    assert "mintmark list --at" in page.locator("#mm-audit").inner_text()
