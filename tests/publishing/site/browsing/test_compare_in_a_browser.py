"""The page that compares versions, in a real Chromium: their curves, and what a kept review says of them."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from tests.publishing.site.browsing.browser import Visitor
from tests.publishing.site.samples.lively_registry import REPOSITORY
from tests.publishing.site.samples.sample_versions import review

if TYPE_CHECKING:
    from playwright.sync_api import Route

pytest_plugins = ["tests.publishing.site.browsing.browser_fixtures"]


def test_curves_lie_over_each_other_and_a_kept_review_says_better(visitor: Visitor) -> None:
    page = visitor.page()

    def reviewed(route: Route) -> None:
        document = route.fetch().json()
        kept = review()
        found = {"metric": "roc_auc", "against": "iris@1.0.0", "difference": {"value": 0.175, "standing": "better"}}
        kept["report"]["comparison"] |= found
        almost = {"value": 0.8500004, "low": 0.8, "high": 1.0}  # 1.0.0 has 0.85
        for metrics in (document["record"]["metrics"], document["metrics"]["slices"]["small"]["metrics"]):
            metrics["accuracy"] = almost
        route.fulfill(json={**document, "review": kept})

    page.route("**/iris/versions/1.1.0.json", reviewed)
    page.goto(f"{visitor.root}compare/?v=iris@1.0.0&v=iris@1.1.0&v=hostile@1.0.0&v=price@1.0.0")
    curves = page.locator(".mm-overlay")
    curves.first.wait_for()
    assert page.locator(".mm-forest .mm-better").all_inner_texts() == ["+0.175 better"], "of the judged metric alone"
    assert page.locator(".mm-forest", has_text="accuracy").locator(".mm-aside").count() > 0
    values = page.locator(".mm-forest", has_text="accuracy").locator(".mm-forest__value").all_inner_texts()
    assert [value.split("]")[0] for value in values[:2]] == ["0.85 [0.8, 1", "0.8500004 [0.8, 1"], "never printed alike"
    told = [text.replace("\n", " ") for text in page.locator(".mm-overlay figcaption").all_inner_texts()]
    assert told == [
        "ROC curve Not to be held to iris@1.0.0: hostile@1.0.0, of another model.",
        "Precision and recall Not to be held to iris@1.0.0: hostile@1.0.0, of another model.",
        "Errors of price",
    ]
    assert curves.first.locator("li").all_inner_texts() == ["iris@1.0.0", "iris@1.1.0", "hostile@1.0.0"]
    drawn = curves.first.locator("[role=img] .mm-overlay__line")
    looks = drawn.evaluate_all("lines => lines.map(getComputedStyle).map((one) => one.stroke + one.strokeDasharray)")
    assert len(set(looks)) == 3, "each version has a colour and a dash of its own"
    steps = re.findall(r"[ML]([\d.]+) ([\d.]+)", str(drawn.first.get_attribute("d")))
    assert all(a[0] == b[0] or a[1] == b[1] for a, b in pairwise(steps)), "120 rows without ties: steps"

    changed = page.locator("details", has_text="scripts/train.py, from iris@1.0.0 to iris@1.1.0")
    assert changed.locator("summary").inner_text() == (
        "scripts/train.py, from iris@1.0.0 to iris@1.1.0: 1 line new, 2 gone"
    )
    assert page.locator("tr.mm-differs", has_text="code/prepare.R").count(), "R is code as well"
    away = page.locator("p", has_text="code/prepare.R, from iris@1.0.0 to iris@1.1.0")
    assert "too large to show, or not in the history of this repository" in away.inner_text()
    assert away.locator("a").get_attribute("href").startswith(f"{REPOSITORY}/compare/")
    unknown = page.locator("p", has_text="scripts/train.py, from iris@1.0.0 to hostile@1.0.0")
    assert "too large to show, or not in the history of this repository" in unknown.inner_text()
    lines = changed.locator(".mm-diff").inner_text().splitlines()
    assert [line for line in lines if line[:1] in ("+", "-")] == ["- step(20)", "+ step(21, '<b>more</b>')", "- end()"]
    assert "… 19 lines as before" in lines
    for version in ("hostile@1.0.0", "price@1.0.0"):
        page.get_by_role("button", name=f"Leave out {version}").click()
        assert page.evaluate("document.activeElement.textContent") == "×", "the keyboard stays where it was"
    curves.first.get_by_text("Measured on the same rows.").wait_for()
    row = page.locator("tr.mm-differs", has_text="small: accuracy")
    assert row.locator("td").all_inner_texts() == ["0.85 [0.8, 1]", "0.8500004 [0.8, 1]"]
