"""What pages may cost, written down in budgets.json, held against what a real Chromium loads and lays out."""

from __future__ import annotations

import gzip
import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.bench import synthetic
from tests.publishing.site.browser import NARROW, WIDE, Visitor, visiting

from mintmark.publishing.site.build import build_site
from mintmark.registry.clone import ClonedRegistry

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytest_plugins = ["tests.publishing.site.browser_fixtures"]

BUDGETS: dict[str, Any] = json.loads(Path(__file__).with_name("budgets.json").read_text())
PAGES = {
    "a model with 100 versions": ("many_versions", "models/model-000/"),
    "a version among 100": ("many_versions", "models/model-000/1.50.0/"),
    "the home of 100 models": ("many_models", ""),
    "the audit of 100 models": ("many_models", "audit/"),
}
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


def build(folder: Path, versions: int, models: int) -> Path:
    root = synthetic.build(folder, versions, models).root
    done = build_site(ClonedRegistry(root), folder / "site")
    assert (done.models, done.versions, done.findings) == (models, versions, ())
    return folder / "site"


@pytest.fixture(scope="module")
def many_versions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site of one model with 100 versions."""
    return build(tmp_path_factory.mktemp("versions"), 100, 1)


@pytest.fixture(scope="module")
def many_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site of 100 models with a version each."""
    return build(tmp_path_factory.mktemp("models"), 100, 100)


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


@pytest.mark.slow
@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
@pytest.mark.parametrize("page", BUDGETS["pages"])
def test_a_page_keeps_to_its_budget(
    chromium: Browser, request: pytest.FixtureRequest, page: str, size: tuple[int, int]
) -> None:
    site, path = PAGES[page]
    with visiting(chromium, request.getfixturevalue(site), "/") as visitor:
        cost = measured(visitor, path, size)
    assert cost.paint_seconds > 0
    assert exceeded(cost, BUDGETS["pages"][page]) == {}


def test_no_page_of_a_version_is_large(built: Path, many_versions: Path) -> None:
    pages = [*built.glob("models/*/*/index.html"), *many_versions.glob("models/*/*/index.html")]
    assert len(pages) > 100
    most = BUDGETS["pages"]["a version among 100"]["html_bytes"]
    assert [page for page in pages if page.stat().st_size > most] == []


@pytest.mark.slow
def test_a_page_that_grows_is_noticed(chromium: Browser, many_versions: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    shutil.copytree(many_versions, site)
    page = site / "models/model-000/index.html"
    script = "setTimeout(() => document.querySelector('h1').style.marginTop = '400px', 300)"
    (site / "assets/model.js").write_text(f"{script};\n//" + "abcdefgh" * 30_000)
    page.write_text(page.read_text().replace("</article>", "<br>" * 2000 + "</article>"))
    with visiting(chromium, site, "/") as visitor:
        cost = measured(visitor, "models/model-000/")
    assert {"nodes", "loaded_bytes", "layout_shift"} <= set(
        exceeded(cost, BUDGETS["pages"]["a model with 100 versions"])
    )
