"""Every kind of page of a site under axe-core in a real Chromium: wide and narrow, light and dark, at rest and in use."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from tests.publishing.site.browsing.browser import NARROW, Visitor
from tests.publishing.site.site_pages import KINDS
from tests.scaffold.marks import first_quick, others_long
from tests.scaffold.npm_packages import npm_file

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytest_plugins = ["tests.publishing.site.browsing.browser_fixtures"]

AXE = "4.14.1"
SHA256 = "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c"
# The theme repeats the name of a page of docs/ on its group in the sidebar, which only screen readers see.
OF_THE_THEME = {"landmark-unique": "nav[data-md-level="}
RUN = """async (ofTheTheme) => {
  const {violations, passes} = await axe.run(document, {resultTypes: ["violations"]});
  const told = violations.flatMap(({id, impact, nodes}) => nodes
    .filter(({target}) => !(id in ofTheTheme && target.join(" ").startsWith(ofTheTheme[id])))
    .map(({target, html, failureSummary}) =>
      `${impact} ${id}: ${target.join(" ")}\\n    ${html.slice(0, 200)}\\n    ${failureSummary}`));
  return {told, passed: passes.length};
}"""

COMMON = ("home", "model", "version", "monitoring", "compare", "audit", "lineage", "docs")
RARE = [kind for kind in KINDS if kind not in COMMON]


@pytest.fixture(scope="module")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The script of the pinned release."""
    path = npm_file("axe-core", AXE, "axe.min.js", SHA256, tmp_path_factory.mktemp("npm"))
    return path.read_text(encoding="utf-8")


def assert_accessible(page: Page, axe: str) -> None:
    """At the width that the page has, and at that of a telephone."""
    page.evaluate(f"{axe}; undefined")
    for size in (page.viewport_size, {"width": NARROW[0], "height": NARROW[1]}):
        assert size is not None
        page.set_viewport_size(size)  # type: ignore[arg-type]
        found = page.evaluate(RUN, OF_THE_THEME)
        assert found["passed"] > 10
        if found["told"]:
            raise AssertionError("\n".join((f"{page.url} at {size['width']}", *found["told"])))


@pytest.mark.parametrize("dark", others_long([False, True]), ids=["light", "dark"])
@pytest.mark.parametrize("kind", first_quick(KINDS))
def test_a_page_is_accessible(visitor: Visitor, axe: str, kind: str, dark: bool) -> None:
    page = visitor.open(KINDS[kind], dark=dark)
    page.evaluate("for (const found of document.querySelectorAll('article details:not(.mm-facet)')) found.open = true")
    assert_accessible(page, axe)


def test_a_dark_page_is_dark_on_light_on_paper(visitor: Visitor, axe: str) -> None:
    page = visitor.open(KINDS["model"], dark=True)
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == "rgb(255, 255, 255)"
    assert not page.locator(".mm-do, .mm-table input").first.is_visible()
    assert_accessible(page, axe)


def open_facet(page: Page) -> None:
    page.locator(".mm-facet summary").first.click()
    page.locator(".mm-facet[open] input").first.check()


def find_nothing(page: Page) -> None:
    page.locator("input[name=find]").fill("nothing at all")


def compare(page: Page) -> None:
    page.locator("#compare-result details > summary").first.wait_for()
    page.evaluate("for (const found of document.querySelectorAll('#compare-result details')) found.open = true")


def choose_chart(page: Page) -> None:
    page.locator("#metric-chart select").select_option("accuracy")
    page.locator("#metric-chart .mm-metric-name", has_text="accuracy").wait_for()


def show_record(page: Page) -> None:
    page.locator("details.mm-record > summary").click()
    page.locator("details.mm-record code", has_text="reference").wait_for()


def ask(page: Page) -> None:
    page.locator(".mm-as-of > summary").click()
    page.locator(".mm-as-of form").wait_for()


def see_a_day(page: Page) -> None:
    page.locator(".mm-on-day table").first.wait_for()


def search(page: Page) -> None:
    page.locator("label.md-header__button[for=__search]:visible, .md-search__input:visible").first.click()
    page.keyboard.type("iris")
    page.locator(".md-search-result__link").first.wait_for()


USES: dict[str, tuple[str, Callable[[Page], None]]] = {
    "an open facet": ("", open_facet),
    "no model found": ("", find_nothing),
    "a comparison": ("compare/?v=iris@1.0.0&v=iris@1.2.0&v=hostile@1.0.0", compare),
    "another chart": ("models/iris/", choose_chart),
    "the raw record": ("models/iris/1.2.0/", show_record),
    "the question for a day": ("audit/", ask),
    "a model as of a day": ("models/iris/?on=2026-01-08", see_a_day),
    "the search": ("models/iris/", search),
}


@pytest.mark.slow
@pytest.mark.parametrize("dark", others_long([False, True]), ids=["light", "dark"])
@pytest.mark.parametrize("use", first_quick(USES))
def test_a_page_in_use_is_accessible(visitor: Visitor, axe: str, use: str, dark: bool) -> None:
    path, act = USES[use]
    page = visitor.open(path, dark=dark)
    act(page)
    assert_accessible(page, axe)


@pytest.mark.slow
@pytest.mark.parametrize("path", first_quick(["models/iris/", "docs/how-to/roll-back/"]))
def test_the_open_drawer_is_accessible(visitor: Visitor, axe: str, path: str) -> None:
    page = visitor.open(path, size=NARROW)
    page.locator("label.md-header__button[for=__drawer]").click()
    page.wait_for_function("document.querySelector('.md-sidebar--primary').getBoundingClientRect().left >= 0")
    assert_accessible(page, axe)


@pytest.mark.slow
def test_what_axe_finds_fails_a_test(visitor: Visitor, axe: str) -> None:
    page = visitor.open("audit/")
    page.evaluate(
        "for (const found of [document.querySelector('#mm-events select')]) found.closest('label').replaceWith(found)"
    )
    with pytest.raises(AssertionError, match="critical select-name"):
        assert_accessible(page, axe)
