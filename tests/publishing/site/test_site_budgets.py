"""What pages may cost, written down in budgets.json, held against what a real Chromium loads and lays out."""

from __future__ import annotations

import gzip
import json
import re
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.bench import synthetic
from tests.publishing.site.browsing.browser import NARROW, WIDE, Visitor, visiting
from tests.publishing.site.samples.invented_lineage import HOSTILE, MODELS, digest, invented_documents, invented_lineage

from mintmark.publishing.site.api.json_text import format_document
from mintmark.publishing.site.api.registry_documents import Addresses
from mintmark.publishing.site.build import build_site
from mintmark.publishing.site.pages.whole.lineage_page import lineage_page
from mintmark.registry.clone import ClonedRegistry

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytest_plugins = ["tests.publishing.site.browsing.browser_fixtures"]

BUDGETS: dict[str, Any] = json.loads(Path(__file__).with_name("budgets.json").read_text())
PAGES = {
    "home": "",
    "model": "models/model-000/",
    "version": "models/model-000/1.50.0/",
    "audit": "audit/",
    "compare": "compare/",
    "comparison": "compare/?v=model-000@1.50.0&v=model-001@1.0.0&v=model-002@1.0.0",
    "lineage": "lineage/",
    "404": "404.html",
}
PLACES = Addresses(repository="https://github.com/acme/models", site="https://acme.github.io/models/")
# The browser tells what it painted last and what moved after it was seen.
WATCH = """
  window.seen = {shift: 0, paint: 0};
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.seen.shift += entry.value;
  }).observe({type: "layout-shift", buffered: true});
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) window.seen.paint = entry.startTime;
  }).observe({type: "largest-contentful-paint", buffered: true});
"""


@dataclass(frozen=True)
class Cost:
    """What a page costs a reader who has seen nothing of the site yet, by the names in budgets.json."""

    html_bytes: int
    loaded_bytes: int
    transferred_bytes: int
    requests: int
    nodes: int
    layout_shift: float
    paint_seconds: float


def build(folder: Path, versions: int, *, one_more: int = 0) -> Path:
    made = synthetic.build(folder, versions, 100, one_more=one_more)
    done = build_site(ClonedRegistry(made.root), folder / "site", addresses=PLACES)
    assert (done.models, done.versions, done.findings) == (100, versions + one_more, ())
    return folder / "site"


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site of 100 models, the first of which has 100 versions and the others one each."""
    return build(tmp_path_factory.mktemp("large"), 100, one_more=99)


@pytest.fixture(scope="module")
def long_lineage(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site whose lineage is that of 100 models with 100 versions each, which nobody has."""
    site = tmp_path_factory.mktemp("lineage") / "site"
    shutil.copytree(built, site)
    api, lineage = site / "api/v1", invented_lineage()
    shutil.rmtree(api / "lineage")
    for path, document in lineage.documents.items():
        (api / path).parent.mkdir(exist_ok=True)
        (api / path).write_text(format_document(document))
    for document in invented_documents():
        folder = api / "models" / document["name"]
        folder.mkdir()
        (folder / "lineage.json").write_text(format_document(document))
    page = site / "lineage/index.html"
    content = lineage_page(json.loads((api / "config.json").read_text()), lineage.entries)
    page.write_text(re.sub(r"<h1>Lineage</h1>.*?(?=</article>)", lambda _: content, page.read_text(), flags=re.S))
    return site


@pytest.mark.long
def test_a_search_of_a_long_lineage_loads_little_and_ranks_what_fits_whole_first(
    chromium: Browser, long_lineage: Path
) -> None:
    held(chromium, long_lineage, "lineage", NARROW)
    with visiting(chromium, long_lineage) as visitor:
        page = visitor.open("lineage/")
        page.wait_for_load_state("networkidle")
        for search, status, first in (
            ("numpy 1.5.1", "2 entries.", "numpy 1.5.1"),
            ('"numpy" "1.5.1"', "1 entry.", "numpy 1.5.1"),
            ("1.5.10", "61 entries.", "numpy 1.5.10"),
            (digest("model-042 training 1.7.0")[:20], "1 entry.", "models/model-042/training.parquet"),
            ("scripts/train.py", "1,010 entries.", "scripts/train.py"),
            (json.dumps(HOSTILE), "1 entry.", HOSTILE),
            ("b", "No entries. Many more hashes and releases begin so", ""),
        ):
            visitor.loaded.clear()
            page.locator("#lineage-find").fill(search)
            page.locator("#lineage-status", has_text=status).wait_for()
            if first:
                assert page.locator("#lineage-result section > p").first.inner_text().startswith(first)
            assert sum(len(answer.body()) for answer in visitor.loaded) < 400_000, search
        page.locator("#lineage-find").fill("1.5.10")
        page.locator("#lineage-result section").nth(9).wait_for()
        assert page.locator("#lineage-result section").count() == 10
        page.get_by_role("button", name="Show more").click()
        page.locator("#lineage-result section").nth(19).wait_for()
        assert page.locator("#lineage-result section > p").nth(10).inner_text().startswith("package-09 1.5.10")
        page.locator("#lineage-find").fill('"numpy" "1.5.1"')
        page.locator("#lineage-status", has_text="1 entry.").wait_for()
        assert page.locator("#lineage-result details").count() == 5
        page.locator("#lineage-result button").click()
        assert page.locator("#lineage-result details").count() == MODELS
        page.locator("#lineage-result summary", has_text="model-042").click()
        page.locator("#lineage-result details a").first.wait_for()
        assert len(page.locator("#lineage-result details a").all()) == 33


def measured(visitor: Visitor, path: str, size: tuple[int, int] = WIDE) -> Cost:
    page = visitor.page(size=size)
    page.add_init_script(WATCH)
    visitor.go(page, path)
    page.wait_for_load_state("networkidle")
    loaded = [answer for answer in visitor.loaded if answer.request.resource_type != "image"]
    bodies = [answer.body() for answer in loaded]
    seen = page.evaluate("window.seen")
    return Cost(
        html_bytes=len(bodies[0]),
        loaded_bytes=sum(map(len, bodies)),
        transferred_bytes=sum(len(gzip.compress(body, 6)) for body in bodies),  # as GitHub Pages sends text
        requests=len(visitor.loaded),
        nodes=page.evaluate("document.querySelectorAll('*').length"),
        layout_shift=seen["shift"],
        paint_seconds=seen["paint"] / 1000,
    )


def exceeded(cost: Cost, budget: dict[str, float]) -> dict[str, tuple[float, float]]:
    """What costs more than it may, with both numbers."""
    spent = asdict(cost)
    assert set(budget) == set(spent) == set(BUDGETS["why"])
    return {name: (spent[name], most) for name, most in budget.items() if spent[name] > most}


def held(chromium: Browser, site: Path, page: str, size: tuple[int, int]) -> None:
    with visiting(chromium, site) as visitor:
        cost = measured(visitor, PAGES[page], size)
    assert cost.paint_seconds > 0
    assert exceeded(cost, BUDGETS["pages"][page]) == {}, (page, size, cost)


@pytest.mark.slow
@pytest.mark.parametrize("page", BUDGETS["pages"])
def test_a_page_keeps_to_its_budget(chromium: Browser, large: Path, page: str) -> None:
    # What a page weighs is the same on a telephone; what moves there moves more.
    held(chromium, large, page, NARROW)
    if page in ("home", "model"):
        held(chromium, large, page, WIDE)


@pytest.mark.long
def test_a_hundred_models_of_a_hundred_versions_keep_to_the_budgets(chromium: Browser, tmp_path: Path) -> None:
    site = build(tmp_path, 10_000)
    for page in PAGES:
        for size in (WIDE, NARROW):
            held(chromium, site, page, size)


@pytest.mark.parametrize("of", ["built", pytest.param("large", marks=pytest.mark.slow)])
def test_no_page_of_a_version_is_large(request: pytest.FixtureRequest, of: str) -> None:
    pages = [*request.getfixturevalue(of).glob("models/*/*/index.html")]
    assert len(pages) > {"built": 5, "large": 198}[of]
    most = BUDGETS["pages"]["version"]["html_bytes"]
    assert [page for page in pages if page.stat().st_size > most] == []


@pytest.mark.slow
def test_a_page_that_grows_is_noticed(chromium: Browser, large: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    shutil.copytree(large, site)
    page = site / "models/model-000/index.html"
    script = "setTimeout(() => document.querySelector('h1').style.marginTop = '400px', 300)"
    (site / "assets/model.js").write_text(f"{script};\n//" + "abcdefgh" * 30_000)
    page.write_text(page.read_text().replace("</article>", "<br>" * 2000 + "</article>"))
    with visiting(chromium, site) as visitor:
        cost = measured(visitor, PAGES["model"])
    assert {"nodes", "loaded_bytes", "layout_shift"} <= set(exceeded(cost, BUDGETS["pages"]["model"]))
