"""The whole site as of a day says what `mintmark list --at` and `mintmark history` say of that day, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml
from tests.publishing.site.browsing.browser import NARROW, Visitor, rows, texts
from tests.scaffold.registry import Scratch

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytest_plugins = ["tests.publishing.site.browsing.browser_fixtures"]

# Before the first commit, of moves, a yank, a rollback, a withdrawal, another model, and one that has not come.
DAYS = ("2025-12-31", "2026-01-02", "2026-01-05", "2026-01-07", "2026-01-08", "2026-01-09", "2026-01-11", "2099-06-30")


def listed(lively: Scratch, day: str) -> list[dict[str, Any]]:
    said = lively.run("list", "--at", day, "--json")
    found: list[dict[str, Any]] = json.loads(said.out)["models"] if said.code == 0 else []
    return found


def on(visitor: Visitor, page: Page, path: str, day: str) -> None:
    visitor.go(page, f"{path}?on={day}")
    page.locator(".mm-on-day > .mm-sub").wait_for()


def test_home_says_what_the_list_of_that_day_says(visitor: Visitor, lively: Scratch) -> None:
    page = visitor.page()
    for day in DAYS:
        on(visitor, page, "", day)
        heads = [head.lower() for head in page.locator(".mm-on-day thead th").all_inner_texts()]
        found = [dict(zip(heads, row, strict=True)) for row in rows(page, ".mm-on-day table")]
        for model, row in zip(listed(lively, day), found, strict=True):
            assert row["model"] == model["model"]
            assert (row["latest"], row["versions"]) == (model["latest"] or "–", str(model["versions"])), day
            for channel in ("staging", "production"):
                assert row.get(channel, "–").split()[0] == model["channels"].get(channel, "–"), (day, channel)
        assert f"As of {day}" in page.locator(".mm-day").inner_text()
        assert ("has not come yet" in page.locator(".mm-day").inner_text()) == (day > "2090")


def test_a_day_stays_while_links_are_followed_and_ends_with_a_click(visitor: Visitor, lively: Scratch) -> None:
    page = visitor.open()
    page.locator(".mm-as-of > summary").click()
    page.locator(".mm-as-of input").fill("2026-01-07")
    page.locator(".mm-as-of button").click()
    page.locator(".mm-on-day a", has_text="iris").click()
    page.locator(".mm-on-day h2", has_text="What had happened").wait_for()
    assert parse_qs(urlsplit(page.url).query) == {"on": ["2026-01-07"]}
    (model,) = [model for model in listed(lively, "2026-01-07") if model["model"] == "iris"]
    channels, versions = page.locator(".mm-on-day table").all()
    assert {row[0]: row[1].split()[0] for row in table(channels)} == model["channels"]
    assert len(table(versions)) == model["versions"]
    said = page.locator(".mm-on-day .mm-moves").inner_text()
    widths = page.locator(".mm-on-day .mm-moves .mm-aside").evaluate_all("all => all.map((one) => one.offsetWidth)")
    assert min(widths) > 200, "when and by whom stands in a line, and not in the place of a sign"
    history = json.loads(lively.run("history", "iris", "--json").out)["moves"]
    moves = [move for move in history if move["time"][:10] <= "2026-01-07"]
    assert said.count("promoted") + said.count("rolled back") == len(moves)
    assert "yanked" not in said, "which happened later"
    visitor.go(page, "audit/")
    page.locator("#mm-log-status", has_text="event").wait_for()
    page.wait_for_function("!document.querySelector('#mm-log').innerText.includes('yank')")
    assert max(time.get_attribute("datetime") or "" for time in page.locator("#mm-log time").all()) < "2026-01-08"
    page.wait_for_load_state("networkidle")
    page.get_by_role("link", name="Back to today").click()
    page.locator("#mm-log", has_text="yanked").wait_for()
    page.wait_for_load_state("networkidle")
    assert not page.locator(".mm-day").count()
    visitor.go(page, "models/iris/")
    assert page.locator("#answer").is_visible()


def table(found: Any) -> list[list[str]]:
    return [
        [str(text).strip() for text in row.locator("th, td").all_inner_texts()]
        for row in found.locator("tbody tr").all()
    ]


def test_the_lineage_of_a_day_names_the_versions_and_champions_of_that_day(visitor: Visitor, lively: Scratch) -> None:
    page = visitor.page(size=NARROW)
    for day in ("2026-01-05", "2026-01-07"):
        commit = lively.git("rev-list", "-1", f"--before={day}T23:59:59Z", "HEAD")
        paths = lively.git("ls-tree", "-r", "--name-only", commit, "models/iris/versions").splitlines()
        there = {path.split("/")[3] for path in paths}
        champion = (
            lively.git("show", f"{commit}:models/iris/channels/production.yaml").rpartition("version: ")[2].strip()
        )
        visitor.go(page, f"lineage/?find=scikit-learn&on={day}")
        page.locator("#lineage-status", has_text=f"1 entry with versions of {day}.").wait_for()
        assert texts(page, "#lineage-result summary") == ["iris"], "price and hostile came later"
        page.locator("#lineage-result summary").click()
        page.locator("#lineage-result details a").first.wait_for()
        shown = texts(page, "#lineage-result details a")
        assert {text.removeprefix("★ ") for text in shown} == there
        assert [text for text in shown if "★" in text] == [f"★ {champion}"]
        assert f"on={day}" in (page.locator("#lineage-result details a").first.get_attribute("href") or "")
    page.locator("#lineage-find").fill("")
    page.locator("#lineage-result summary", has_text="Code").click()
    page.locator("#lineage-result .mm-found").first.wait_for()
    code = texts(page, "#lineage-result .mm-found > p:first-child")
    records = [
        yaml.safe_load(lively.git("show", f"{commit}:{path}")) for path in paths if path.endswith("version.yaml")
    ]
    assert {line.split()[-1] for line in code} == {
        digest for record in records for digest in record["stages"]["train"]["deps"].values()
    }
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW[0]


@pytest.mark.slow
def test_a_version_as_of_a_day_tells_no_more_than_was_known(visitor: Visitor) -> None:
    page = visitor.page(size=NARROW)
    seen = {}
    for path, day in (
        ("models/iris/1.2.0/", "2026-01-05"), ("models/iris/1.2.0/", "2026-01-07"), ("models/iris/1.2.0/", "2026-06-01"),
        ("models/iris/1.3.0/", "2026-01-10"), ("models/iris/1.3.0/", "2026-06-01"),
    ):  # fmt: skip
        on(visitor, page, path, day)
        seen[path, day] = page.locator(".mm-on-day").inner_text()
        assert page.evaluate("document.documentElement.scrollWidth") <= NARROW[0]
    assert "1.2.0 was not registered yet." in seen["models/iris/1.2.0/", "2026-01-05"]
    assert "Registered" in seen["models/iris/1.2.0/", "2026-01-07"]
    assert "roc_auc" in seen["models/iris/1.2.0/", "2026-01-07"]
    assert "Yanked" not in seen["models/iris/1.2.0/", "2026-01-07"]
    assert "Yanked" in seen["models/iris/1.2.0/", "2026-06-01"]
    assert "leaked" in seen["models/iris/1.2.0/", "2026-06-01"]
    assert "1.3.0 was withdrawn on" in seen["models/iris/1.3.0/", "2026-06-01"]


@pytest.mark.slow
def test_the_audit_is_downloaded_as_the_site_has_it(visitor: Visitor, built: Path) -> None:
    page = visitor.open("audit/", accept_downloads=True)
    page.locator("#mm-log-status", has_text="event").wait_for()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download as CSV").click()
    assert Path(download.value.path()).read_bytes() == (built / "api/v1/audit.csv").read_bytes()
    page.get_by_label("Kind").select_option("yank")
    page.locator("#mm-log-status", has_text="1 event").wait_for()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download as CSV").click()
    assert len(Path(download.value.path()).read_text().splitlines()) == 2
