"""The whole site of a registry with a past, used in a real Chromium as a reader uses it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.publishing.site.browsing.browser import NARROW, Visitor, models_shown, rows, texts, visiting
from tests.publishing.site.browsing.visited import CLIPBOARD, query
from tests.publishing.site.site_pages import KINDS, addresses
from tests.scaffold.marks import first_quick

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytest_plugins = ["tests.publishing.site.browsing.browser_fixtures"]


@pytest.mark.parametrize("wanted", first_quick(["price", "1.1.0"]))
def test_the_search_of_the_theme_finds_models_and_versions(visitor: Visitor, wanted: str) -> None:
    page = visitor.open("docs/how-to/roll-back/")
    page.locator(".md-search__input").click()
    page.keyboard.type(wanted)
    link = page.locator(".md-search-result__link", has_text=wanted).first
    link.wait_for()
    link.click()
    page.wait_for_url(f"**/models/**/{wanted}/**" if wanted[0].isdigit() else f"**/models/{wanted}/**")
    assert wanted in page.title()
    assert page.locator("h1").first.is_visible()


def test_a_reference_leads_to_its_page_and_the_index_waits_for_the_reader(visitor: Visitor, built: Path) -> None:
    indexed = {entry["location"] for entry in json.loads((built / "search/search_index.json").read_text())["docs"]}
    assert "models/iris/1.1.0/" in indexed
    assert "models/iris/1.0.0/" not in indexed
    page = visitor.open("docs/how-to/roll-back/")
    page.wait_for_load_state("networkidle")
    assert not [answer for answer in visitor.loaded if "search_index" in answer.url]
    field = page.locator(".md-search__input")
    for typed, lands in (
        ("iris@1.0.0", "iris/1.0.0/"),
        ("iris@production", "iris/1.1.0/"),
        ("iris 1.2.0", "iris/1.2.0/"),
        ("iris 1.1", "iris/1.1.0/"),  # which is no whole version: the best that the search finds
    ):
        field.click()
        field.fill("")
        page.keyboard.type(typed)
        if typed == "iris 1.1":
            page.locator(".md-search-result__link").first.wait_for(state="attached")
        page.keyboard.press("Enter")
        page.wait_for_url(f"**/models/{lands}")
    assert [answer for answer in visitor.loaded if "search_index" in answer.url]
    field.click()
    field.fill("iris@9.9.9")
    page.keyboard.press("Enter")
    page.wait_for_function("document.querySelector('.md-search__input').validationMessage")
    assert field.evaluate("field => field.validationMessage") == "There is no iris@9.9.9 here."
    assert all("404" in fault for fault in visitor.faults)  # the browser tells of the page that is not there
    visitor.faults.clear()


def test_a_hash_and_a_package_lead_to_the_versions_made_from_them(visitor: Visitor, built: Path) -> None:
    entry = json.loads((built / "api/v1/models/iris/lineage.json").read_text())["data"][0]
    page = visitor.open(f"lineage/?find={entry['hash'].split(':')[1][:12]}")
    details = page.locator("#lineage-result details", has_text="iris").first
    details.wait_for()
    details.locator("summary").click()
    link = details.locator("p a").first
    link.wait_for()
    assert entry["versions"][0] in " ".join(details.locator("p a").all_inner_texts())
    page.locator("#lineage-find").fill("nothing-of-that-name")
    page.wait_for_function("() => document.querySelector('#lineage-status').textContent.startsWith('No entries')")
    visitor.go(page, "models/iris/1.0.0/")
    page.locator("#environment").click()
    page.locator("#environment").locator("xpath=ancestor::details").locator("a", has_text="1.6.0").click()
    page.locator("#lineage-status", has_text="1 entry.").wait_for()
    found = page.locator("#lineage-result")
    assert found.locator("section > p").inner_text().split() == ["scikit-learn", "1.6.0"]
    summaries = found.locator("summary").all_inner_texts()
    assert summaries == ["hostile: 1 version, ★ 1.0.0", "iris: 4 versions, ★ 1.1.0", "price: 1 version, ★ 1.0.0"]


@pytest.mark.slow
def test_facets_narrow_the_models_down_and_are_shareable(visitor: Visitor) -> None:
    page = visitor.open()
    assert models_shown(page) == ["hostile", "iris", "price"]
    page.locator(".mm-facet summary", has_text="Task").click()
    choice = page.locator('.mm-facet label:has(input[value="binary-classification"])')
    assert choice.locator("b").inner_text() == "2", "as many models as choosing it would leave"
    choice.click()
    assert models_shown(page) == ["hostile", "iris"]
    assert page.locator("#mm-found").inner_text() == "2 models of 3"
    page.locator('input[name="find"]').fill("flowers")
    assert models_shown(page) == ["iris"]
    assert query(page) == {"task": ["binary-classification"], "find": ["flowers"]}

    shared = visitor.page()
    shared.goto(page.url)
    assert models_shown(shared) == ["iris"]

    shared.get_by_role("button", name="Clear all").click()
    assert models_shown(shared) == ["hostile", "iris", "price"]
    assert query(shared) == {}
    shared.go_back()
    assert models_shown(shared) == ["iris"]


@pytest.mark.slow
def test_nothing_found_says_so_and_leads_back(visitor: Visitor) -> None:
    page = visitor.open("?find=no+such+model")
    assert models_shown(page) == []
    page.get_by_role("button", name="Clear search and filters").click()
    assert models_shown(page) == ["hostile", "iris", "price"]


def test_ticked_versions_are_compared_on_a_page_whose_address_says_all(visitor: Visitor) -> None:
    page = visitor.open("models/iris/")
    for version in ("1.0.0", "1.2.0"):
        page.get_by_label(f"Compare {version}", exact=True).check()
    page.get_by_role("button", name="Compare them").click()
    page.locator(".mm-forest").first.wait_for()
    assert query(page) == {"v": ["iris@1.0.0", "iris@1.2.0"]}
    roc_auc = page.locator(".mm-forest", has_text="roc_auc").inner_text()
    assert "0.7 [0.65, 1]" in roc_auc
    assert "-0.05 worse" in roc_auc, "as the review of 1.2.0 has it, whose tag keeps its paired test against 1.0.0"
    assert page.locator("#compare-result :is(.mm-better, .mm-worse)").count() == 1
    assert page.locator(".mm-forest svg line").count() >= 4
    differing = page.locator("#compare-result tbody tr").count()

    page.get_by_label("Also what is the same").check()
    compared = page.locator("#compare-result tbody tr")
    compared.nth(differing).wait_for(state="attached")
    page.locator("#compare-form [name=model]").select_option("hostile")
    offered = page.locator("#compare-form [name=version] option:first-child")
    offered.filter(has_text="1.0.0").wait_for(state="attached")
    page.get_by_role("button", name="Add").click()
    page.locator(".mm-forest", has_text="of another model").first.wait_for()
    page.go_back()
    page.locator("#compare-status", has_text="2 versions").wait_for()
    page.go_back()
    compared.nth(differing).wait_for(state="detached")
    page = visitor.open("compare/?v=iris@1.1.0&v=iris@1.2.0")
    page.locator(".mm-forest").first.wait_for()
    assert "not tested" in page.locator(".mm-forest", has_text="roc_auc").inner_text()
    assert page.locator("#compare-result :is(.mm-better, .mm-worse)").count() == 0, "colours are for a verdict"


def test_what_cannot_be_compared_is_said(visitor: Visitor) -> None:
    page = visitor.open("compare/?v=iris@1.0.0&v=iris@9.9.9&v=../../x&v=%3Cb%3E@1")
    said = page.locator("#compare-status")
    said.filter(has_text="Add another").wait_for()
    assert "2 values in the address are not of the form MODEL@VERSION and were ignored." in said.inner_text()
    assert "iris@9.9.9 could not be read: it is not on this site." in said.inner_text()
    assert page.locator("#compare-result").inner_text() == ""
    assert all("9.9.9" in fault or "404" in fault for fault in visitor.faults)
    visitor.faults.clear()


@pytest.mark.slow
def test_the_chart_of_another_metric_can_be_chosen(visitor: Visitor) -> None:
    page = visitor.open("models/iris/")
    first = page.locator("#metric-chart svg").inner_html()
    page.locator("#metric-chart").get_by_role("combobox", name="Metric").select_option("accuracy")
    page.locator("#metric-chart .mm-metric-name", has_text="accuracy").wait_for()
    assert page.locator("#metric-chart svg").inner_html() != first
    assert "accuracy" in (page.locator("#metric-chart svg").text_content() or "")
    assert query(page) == {"metric": ["accuracy"]}
    page.reload()
    page.locator("#metric-chart .mm-metric-name", has_text="accuracy").wait_for()


@pytest.mark.slow
def test_every_copy_button_of_a_version_copies_its_text(visitor: Visitor) -> None:
    page = visitor.open("models/iris/1.1.0/", permissions=CLIPBOARD)
    page.evaluate("for (const found of document.querySelectorAll('details:not(.mm-record)')) found.open = true")
    buttons = page.locator("button.mm-copy")
    labels = [str(button.get_attribute("aria-label")) for button in buttons.all()]
    assert len(labels) > 8
    assert len(set(labels)) == len(labels)
    for number, button in enumerate(buttons.all()):
        source = page.locator("[data-copy]").nth(number).text_content()
        button.click()
        page.locator("button.mm-copy", has_text="Copied").first.wait_for()
        assert page.evaluate("navigator.clipboard.readText()") == source
    assert "mintmark pull iris@1.1.0" in texts(page, "[data-copy]")


@pytest.mark.slow
def test_what_a_version_says_over_https_is_its_own_address(visitor: Visitor) -> None:
    page = visitor.open("models/iris/1.1.0/")
    for address in page.locator("[data-address]").all_inner_texts():
        assert address.startswith(visitor.root)
        assert page.request.get(address).ok
    for link in page.locator(".mm-files a").all():
        assert page.request.get(str(link.evaluate("link => link.href"))).ok


@pytest.mark.slow
def test_the_events_of_the_audit_are_filtered(visitor: Visitor) -> None:
    page = visitor.page()
    page.route(
        "**/audit.js*", lambda route: (page.locator("#mm-events [name=kind]").select_option("yank"), route.continue_())
    )
    visitor.go(page, "audit/")
    page.locator("#mm-log-status", has_text="1 event").wait_for()  # though it was chosen before the script began
    assert query(page) == {"kind": ["yank"]}
    (line,) = rows(page, "#mm-log")
    assert line[2:4] == ["yank", "iris"]
    assert "Trained on leaked labels." in line[4]
    made = page.evaluate("mintmark.make('p', {}, 'a\\u202eb \\u0645\\u06cc\\u200c\\u062e').textContent")
    assert made == "a\\u202eb \u0645\u06cc\u200c\u062e", "what would turn the text is written out, and joiners stay"


@pytest.mark.slow
def test_the_palette_can_be_changed_and_stays(visitor: Visitor) -> None:
    page = visitor.open("models/iris/")
    background = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(background)
    page.locator("form.md-header__option label:visible").click()
    dark = page.evaluate(background)
    assert dark != light
    visitor.go(page, "audit/")
    assert page.evaluate(background) == dark


@pytest.mark.slow
def test_dark_is_what_a_dark_system_gets(visitor: Visitor) -> None:
    page = visitor.open("", dark=True)
    assert page.locator("body").get_attribute("data-md-color-scheme") == "slate"


@pytest.mark.slow
def test_the_raw_record_opens_in_the_page(visitor: Visitor, built: Path) -> None:
    page = visitor.open("models/iris/1.2.0/")
    page.evaluate("for (const found of document.querySelectorAll('details:not(.mm-record)')) found.open = true")
    page.locator("details.mm-record > summary").click()
    code = page.locator("details.mm-record code")
    page.locator("details.mm-record code", has_text="reference").wait_for()
    document = (built / "api/v1/models/iris/versions/1.2.0.json").read_text()
    assert json.loads(code.inner_text()) == json.loads(document)


@pytest.mark.parametrize("kind", first_quick(KINDS))
def test_no_page_is_wider_than_a_telephone(visitor: Visitor, kind: str) -> None:
    page = visitor.open(KINDS[kind], size=NARROW)
    page.evaluate("for (const found of document.querySelectorAll('details:not(.mm-facet)')) found.open = true")
    wide = page.evaluate(
        """() => [...document.querySelectorAll("article *")]
          .filter(found => found.checkVisibility() && found.getBoundingClientRect().right > innerWidth + 1)
          .filter(found => !found.closest(".mm-scroll, .mm-contents, .mm-command, .mm-raw, .mm-drawing, .md-typeset__scrollwrap, pre"))
          .filter(found => !found.closest(".mm-hidden, .headerlink"))
          .map(found => found.outerHTML.slice(0, 120))"""
    )
    assert wide == []
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW[0]
    unseen = page.evaluate(
        """() => [...document.querySelectorAll("article .mm-page *")]
          .filter(found => found.checkVisibility() && found.scrollWidth > found.clientWidth + 1)
          .filter(found => getComputedStyle(found).overflowX === "auto" && !found.closest("pre, .mm-raw"))
          .filter(found => getComputedStyle(found).backgroundAttachment !== "local, local, scroll, scroll")
          .map(found => found.outerHTML.slice(0, 120))"""
    )
    assert unseen == [], "what scrolls sideways has no shade at its edge"


@pytest.mark.slow
def test_no_facet_makes_a_telephone_scroll_sideways(visitor: Visitor) -> None:
    page = visitor.open("", size=NARROW)
    facets = [facet for facet in page.locator(".mm-facet").all() if facet.is_visible()]
    assert len(facets) == 6
    for facet in facets:
        facet.locator("summary").click()
        assert facet.locator("fieldset").is_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= NARROW[0], facet.inner_text()
        page.keyboard.press("Escape")


@pytest.mark.slow
def test_the_drawer_of_a_narrow_page_holds_the_navigation(visitor: Visitor) -> None:
    page = visitor.open("models/iris/", size=NARROW)
    audit = page.locator(".md-nav--primary").get_by_role("link", name="Audit")
    assert not audit.is_visible() or not in_view(audit)
    page.locator("label.md-header__button[for=__drawer]").click()
    page.wait_for_function("document.querySelector('.md-sidebar--primary').getBoundingClientRect().left >= 0")
    assert in_view(audit)
    audit.click()
    page.wait_for_url("**/audit/")


def in_view(link: Any) -> bool:
    box = link.bounding_box()
    return box is not None and box["x"] >= 0


@pytest.mark.slow
def test_every_page_asks_only_its_own_site_and_complains_of_nothing(visitor: Visitor, built: Path) -> None:
    pages = addresses(built)
    assert len(pages) >= 14
    context = visitor.page().context
    tabs = []
    for path in pages:
        tabs.append(context.new_page())
        visitor.go(tabs[-1], path)
        assert tabs[-1].locator("h1").count() == 1, path
    for tab in tabs:
        tab.wait_for_load_state("networkidle")
    asked = {answer.url for answer in visitor.loaded}
    assert len(asked) > len(pages)
    assert {url for url in asked if not url.startswith(visitor.root)} == set()


@pytest.fixture
def below(chromium: Browser, built: Path) -> Iterator[Visitor]:
    """A visitor of the same site below a path that it was not built for."""
    with visiting(chromium, built, "/some/where/else/") as found:
        yield found


@pytest.mark.slow
def test_links_and_scripts_work_below_a_path(below: Visitor) -> None:
    page = below.open()
    page.locator(".mm-models a", has_text="iris").first.click()
    page.locator(".mm-versions a", has_text="1.2.0").first.click()
    assert page.url == f"{below.root}models/iris/1.2.0/"
    page.evaluate("for (const found of document.querySelectorAll('details:not(.mm-record)')) found.open = true")
    page.locator("details.mm-record > summary").click()
    page.locator("details.mm-record code", has_text="Trained on *leaked* labels.").wait_for()
    # By the keyboard: the tabs come and go while the page scrolls up to them, and a click may meet neither of both.
    page.locator(".md-tabs, .md-nav--primary").get_by_role("link", name="Audit").first.press("Enter")
    page.wait_for_url(f"{below.root}audit/")
    page.locator("#mm-log", has_text="yanked").wait_for()
    page.locator(".md-search__input").click()
    page.keyboard.type("price")
    page.locator(".md-search-result__link").first.click()
    page.wait_for_url(f"{below.root}models/price/**")


@pytest.mark.slow
def test_the_page_for_what_is_not_there_works_at_any_depth(visitor: Visitor) -> None:
    """GitHub serves 404.html under the address that was asked for, so its links hang on the site's address."""
    page = visitor.page()
    missing = f"{visitor.root}models/iris/9.9.9/"
    answer = page.goto(missing)
    assert answer is not None
    assert answer.status == 404
    page.wait_for_load_state("networkidle")
    visitor.faults = [fault for fault in visitor.faults if missing not in fault]
    assert page.evaluate("getComputedStyle(document.querySelector('.md-header')).position") == "sticky"
    page.locator(".md-tabs").get_by_role("link", name="Models").click()
    page.locator(".mm-models tbody th > a").first.wait_for()
    assert page.url == visitor.root
    assert models_shown(page) == ["hostile", "iris", "price"]
