"""The home page: what it says of each model, that texts stay texts, and how search and facets work in a browser."""

from __future__ import annotations

import copy
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from tests.publishing.site.browsing.in_a_browser import use_page

from mintmark.publishing.site.pages import home_page as home_page_module
from mintmark.publishing.site.pages.home_page import describe_change, home_page

HOSTILE = "</td><script>alert(1)</script><img src=x onerror=alert(1)>\"' {{7*7}} {% raw %} [a](javascript:alert(1))"
CONFIG: dict[str, Any] = {
    "name": "The registry of Acme",
    "description": "All of it.",
    "base_branch": "main",
    "repository": "https://github.com/acme/models",
    "channels": [{"name": "staging"}, {"name": "production"}],
    "documents": {
        "models": "models.json",
        "feed": "feed.xml",
        "audit": "audit.json",
        "audit_table": "audit.csv",
        "database": "registry.sqlite",
    },
}
BEFORE = {
    "version": "1.0.0",
    "value": 0.95,
    "low": 0.9,
    "high": 0.99,
    "rows": "same",
    "difference": 0.03,
    "standing": "better",
}
ROW: dict[str, Any] = {
    "name": "iris",
    "title": "Kinds of iris",
    "task": "multiclass-classification",
    "owners": ["@acme/ml"],
    "tags": ["flowers"],
    "licence": "CC0-1.0",
    "format": "skops",
    "framework": "scikit-learn",
    "metric": {"name": "accuracy", "goal": "maximize"},
    "versions": 2,
    "latest": "1.1.0",
    "channels": {"staging": "1.1.0", "production": "1.1.0"},
    "measured": "1.1.0",
    "value": 0.98,
    "low": 0.95,
    "high": 1.0,
    "compared_with": BEFORE,
    "created": "2026-06-01T09:30:00Z",
    "since": "2026-06-03T09:30:00Z",
    "badges": ["reproduced"],
    "purpose": "Tells irises apart.",
    "commit": "a" * 40,
}


def need(kind: str, model: str = "iris", **changes: Any) -> dict[str, Any]:
    """An entry of `attention` about 1.1.0 in production."""
    made = {"kind": kind, "severity": "high", "model": model, "version": "1.1.0", "channel": "production"}
    made |= {"sentence": f"something is {kind}", "since": None, "file": "models/iris/model.yaml", "line": 3}
    return {**made, **changes}


BARE = {
    **ROW,
    **dict.fromkeys(
        (
            "title",
            "format",
            "framework",
            "latest",
            "measured",
            "value",
            "low",
            "high",
            "compared_with",
            "created",
            "since",
        )
    ),
    "name": "new-one",
    "versions": 0,
    "channels": {},
    "badges": [],
    "tags": [],
}


def models(*rows: dict[str, Any], attention: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    totals = {
        "models": len(rows),
        "models_unreadable": 0,
        "champions": sum("production" in row["channels"] for row in rows),
        "champions_unreadable": 0,
        "versions": 2 * len(rows),
        "yanked": 1,
        "withdrawn": 0,
        "files_size": 12_000,
    }
    updated = "2026-06-03T09:30:00Z" if rows else None
    return {"totals": totals, "updated": updated, "attention": attention or [], "models": list(rows), "broken": []}


class Page(HTMLParser):
    """The elements and the text of a page, as a browser would read them."""

    def __init__(self, content: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(content)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    @property
    def links(self) -> list[str]:
        return [str(attributes["href"]) for tag, attributes in self.tags if tag == "a"]

    @property
    def words(self) -> str:
        return " ".join(self.text.split())


def test_a_model_is_told_in_full() -> None:
    page = Page(home_page(CONFIG, models(ROW)))
    for expected in (
        *("The registry of Acme", "iris", "Kinds of iris", "multiclass-classification", "@acme/ml", "flowers"),
        *("1.1.0", "0.98", "accuracy [0.95, 1]", "▲ 0.03 better than 1.0.0", "staging 1.1.0", "production 1.1.0"),
        *("scikit-learn", "CC0-1.0", "reproduced", "nothing found", "moved 2026-06-03", "12 kB"),
    ):
        assert expected in page.words, expected
    assert page.text.lstrip().startswith("The registry of Acme")
    assert {"models/iris/", "models/iris/1.1.0/", "api/v1/models.json", "api/v1/feed.xml"} <= set(page.links)
    assert "api/v1/registry.sqlite" in page.links


def test_a_model_without_a_version_or_outside_production_says_so() -> None:
    staged = {**ROW, "name": "staged", "channels": {"staging": "1.1.0"}, "since": None, "compared_with": None}
    words = Page(home_page(CONFIG, models(BARE, staged))).words
    assert "in production0" in words
    assert "no version" in words
    assert "no release yet" in Page(home_page(CONFIG, models({**BARE, "versions": 2}))).words  # both are pre-releases
    assert "accuracy: no value" in words
    assert "not yet; latest is 1.1.0" in words


def test_an_empty_registry_says_how_to_begin() -> None:
    page = Page(home_page(CONFIG, models()))
    assert "No models yet" in page.words
    assert "mintmark propose <name>" in page.words
    assert any(
        link.startswith("https://github.com/acme/models/new/main?filename=models%2Fnew-model") for link in page.links
    )
    assert not any(tag == "table" for tag, _ in page.tags)
    without = Page(home_page({**CONFIG, "repository": None, "description": None}, models()))
    assert not any("://" in link for link in without.links)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, ("▲ 0.03", "better", "than 1.0.0", "better")),
        ({"standing": "no worse"}, ("▲ 0.03", "no worse", "than 1.0.0", "same")),
        ({"standing": "inconclusive"}, ("▲ 0.03", "inconclusive", "against 1.0.0", "unsure")),
        ({"difference": -0.03, "standing": "worse"}, ("▼ 0.03", "worse", "than 1.0.0", "worse")),
        # Less is better: the number fell, and that is good.
        ({"difference": -2.5, "standing": "better"}, ("▼ 2.5", "better", "than 1.0.0", "better")),
        ({"difference": 0, "standing": "no worse"}, ("=", "no worse", "than 1.0.0", "same")),
        # Without a paired test there is neither an arrow nor a colour: +0.0002 of noise was once a green "better".
        ({"difference": 0.0002, "standing": None}, ("+0.0002", "", "against 1.0.0, no verdict", "aside")),
        (
            {"rows": "other", "difference": None, "standing": None},
            ("0.95", "", "in 1.0.0, measured on other rows", "aside"),
        ),
    ],
)
def test_a_change_is_an_arrow_a_word_and_a_colour(change: dict[str, Any], expected: tuple[str, ...]) -> None:
    told = describe_change({**BEFORE, **change})
    assert told is not None
    assert (told.amount, told.word, told.than, told.look) == expected


def test_no_page_but_this_one_has_the_colours_of_a_verdict() -> None:
    """Better and worse are for a paired test, and `describe_change` alone has one at hand."""
    site = Path(home_page_module.__file__).parents[1]
    files = [*site.rglob("*.html"), *site.rglob("*.js"), *site.rglob("*.py")]
    assert len(files) > 40
    assert [path.name for path in files if "mm-better" in path.read_text() or "mm-worse" in path.read_text()] == []


def test_models_with_different_metrics_have_one_order_of_change() -> None:
    gains = [
        float(told.gain)
        for told in (
            describe_change({**BEFORE, "value": 50, "difference": -5}),
            describe_change({**BEFORE, "value": 0.5, "difference": 0.01}),
            describe_change({**BEFORE, "difference": 9, "standing": None}),
            describe_change({**BEFORE, "value": 0, "difference": 0.1, "standing": "worse"}),
        )
        if told
    ]
    assert gains == sorted(gains, reverse=True)
    assert gains[0] == pytest.approx(0.1)
    assert gains[2] == 0
    assert describe_change(None) is None


def hostile_row() -> dict[str, Any]:
    row = copy.deepcopy(ROW)
    for key in ("title", "task", "licence", "framework", "measured", "latest"):
        row[key] = HOSTILE
    row |= {"owners": [HOSTILE], "tags": [HOSTILE], "channels": {HOSTILE: HOSTILE, "production": HOSTILE}}
    row["metric"] = {"name": HOSTILE, "goal": HOSTILE}
    row["compared_with"] |= {"version": HOSTILE}
    return row


def test_texts_of_a_registry_stay_texts() -> None:
    config = {
        **CONFIG,
        "name": HOSTILE,
        "description": HOSTILE,
        "channels": [{"name": HOSTILE}, {"name": "production"}],
    }
    for content in (home_page(config, models(hostile_row())),):
        page = Page(content)
        assert {"script", "img", "style", "iframe"}.isdisjoint(tag for tag, _ in page.tags)
        assert not any(name.startswith("on") or name == "style" for _, found in page.tags for name in found)
        assert not any(re.match(r"\s*javascript:", link, re.I) for link in page.links)
        assert "{{7*7}}" in page.text
        assert "49" not in page.text


def test_what_needs_attention_is_told_with_where_to_mend_it() -> None:
    needs = [
        need("yanked"),
        need("unreadable", "gone", version=None, channel=None),
        need("unverified"),
        need("gates", channel="staging"),
        need("stale", channel=None),
        need("waiting", since="2026-06-03T09:30:00Z"),
        need("inconclusive"),
    ]
    content = home_page(CONFIG, models(ROW, attention=needs))
    page = Page(content)
    assert "Needs attention 7" in page.words
    assert "yanked iris: something is yanked. Roll back or promote" in page.words
    assert "something is waiting. Since 2026-06-03" in page.words
    assert "1 more inconclusive iris" in page.words  # folded
    for link in (
        *("models/iris/#answer", "models/iris/#change", "models/iris/1.1.0/#files"),
        "https://github.com/acme/models/blob/main/models/iris/model.yaml#L3",
    ):
        assert link in page.links, link
    assert "models/gone/" not in page.links
    health = [found["class"] for tag, found in page.tags if tag == "span" and "mm-health" in (found.get("class") or "")]
    assert len(health) == 7  # six kinds of this model, and that it was made again
    assert "Nothing needs attention" not in page.words
    assert "Nothing needs attention" in Page(home_page(CONFIG, models(ROW))).words


def test_many_models_fold_and_all_are_there() -> None:
    content = home_page(CONFIG, models(*({**ROW, "name": f"model-{number:02}"} for number in range(35))))
    page = Page(content)
    assert "5 more models" in page.words
    assert content.index("model-29") < content.index("5 more models") < content.index("model-30")
    assert [f"models/model-{number:02}/" in page.links for number in range(35)] == [True] * 35


@pytest.mark.slow
def test_more_models_are_shown_on_demand_and_found_all_the_same(tmp_path: Path) -> None:
    rows = [{**ROW, "name": f"model-{number:03}", "owners": [f"@{999 - number}"]} for number in range(75)]
    young, old = need("waiting", since="2099-01-01T00:00:00Z"), need("waiting", since="2026-01-01T00:00:00Z")
    needs = [need("yanked", "model-070"), old, young]
    script = f"""{SHOWN}
      const more = $('.mm-more button');
      const steps = [[shown().length, more.textContent, $$('.mm-rest').length, $('#mm-needs .mm-count').textContent]];
      more.click(); steps.push([shown().length, more.textContent, document.activeElement.textContent]);
      more.click(); steps.push([shown().length, $('.mm-more').hidden]);
      tell($('[name=find]'), 'model-074'); steps.push(shown());
      tell($('[name=find]'), '');
      $('[name=sort]').value = 'owner'; tell($('[name=sort]'), 'owner'); steps.push([shown().length, shown()[0]]);
      $('[name=sort]').value = 'health'; tell($('[name=sort]'), 'health'); steps.push(shown()[0]);
      return steps;"""
    assert use_page(tmp_path, home_page(CONFIG, models(*rows, attention=needs)), script) == [
        [30, "Show 30 more of 45", 0, "2"],
        [60, "Show 15 more of 15", "model-030"],
        [75, True],
        ["model-074"],
        [30, "model-074"],
        "model-070",
    ]


def test_a_thousand_models_stay_below_a_megabyte() -> None:
    rows = [{**ROW, "name": f"model-number-{number:04}", "tags": ["tabular", "health"]} for number in range(1000)]
    assert len(home_page(CONFIG, models(*rows)).encode()) < 1_000_000


ROWS = [
    {**ROW, "name": "alpha", "tags": ["fraud", "tabular"], "created": "2024-01-01T00:00:00Z"},
    {
        **ROW,
        "name": "beta",
        "tags": ["fraud"],
        "owners": ["@acme/other"],
        "created": "2026-01-01T00:00:00Z",
        "compared_with": None,
    },
    {**ROW, "name": "gamma", "tags": ["nlp"], "task": "regression", "channels": {"staging": "1.1.0"}, "since": None},
    {**BARE, "name": "delta", "tags": ["nlp"]},
]
SHOWN = "const shown = () => seen('.mm-models tbody tr').map((row) => row.querySelector('a').textContent);"


def test_search_facets_and_the_address_work_in_a_browser(tmp_path: Path) -> None:
    script = f"""{SHOWN}
      const box = (facet, value) => $(`.mm-facet[data-facet=${{facet}}] input[value="${{value}}"]`);
      const counts = (facet) => Object.fromEntries($$(`.mm-facet[data-facet=${{facet}}] label:not([hidden])`)
        .map((label) => [label.querySelector('span').textContent, label.querySelector('b').textContent]));
      const steps = {{}};
      const note = (name) => {{ steps[name] = [shown().join(), location.search, $('#mm-found').textContent]; }};
      steps.counts = counts('tag');
      const check = (facet, value) => {{ box(facet, value).checked = true; tell(box(facet, value), value); }};
      check('tag', 'fraud'); note('one');
      steps.others = counts('tag');
      check('tag', 'nlp'); note('two');
      steps.tasks = counts('task');
      check('task', 'regression'); note('both');
      tell($('[name=find]'), 'no such model'); note('none');
      steps.empty = [seen('#mm-none').length, seen('.mm-models').length];
      const before = location.search;
      history.back(); await wait(() => location.search !== before); note('back');
      [...document.querySelectorAll('#mm-active button')].pop().click(); note('cleared');
      tell($('[name=find]'), 'OTHER alp'); note('words');
      return steps;"""
    seen = use_page(tmp_path, home_page(CONFIG, models(*ROWS)), script)
    assert seen == {
        "counts": {"fraud": "2", "nlp": "2", "tabular": "1"},
        "others": {"fraud": "2", "nlp": "2", "tabular": "1"},  # what choosing another one as well would add
        "one": ["alpha,beta", "?tag=fraud", "2 models of 4"],
        "two": ["alpha,beta,gamma,delta", "?tag=fraud&tag=nlp", "4 models of 4"],
        "tasks": {"multiclass-classification": "3", "regression": "1"},
        "both": ["gamma", "?task=regression&tag=fraud&tag=nlp", "1 model of 4"],
        "none": ["", "?find=no+such+model&task=regression&tag=fraud&tag=nlp", "No models of 4"],
        "empty": [1, 0],
        "back": ["alpha,beta,gamma,delta", "?tag=fraud&tag=nlp", "4 models of 4"],
        "cleared": ["alpha,beta,gamma,delta", "", "4 models"],
        "words": ["", "?find=OTHER+alp", "No models of 4"],
    }


@pytest.mark.slow
def test_an_address_opens_what_it_says_and_ages_and_order_are_told(tmp_path: Path) -> None:
    script = f"""{SHOWN}
      const time = $('.mm-models tbody time');
      return [shown(), $('#mm-active').innerText.split('\\n'), time.title, time.textContent.endsWith('ago'),
              $('.mm-facet[data-facet=tag] summary').textContent, $('#mm-verifying').textContent];"""
    at = "?tag=fraud&sort=newest&channel=production&utm=1"
    nightly = {**CONFIG, "verifying": "https://github.com/acme/models/actions/workflows/verify.yml"}
    content = home_page(nightly, {**models(*ROWS), "updated": "2020-01-01T00:00:00Z"})
    assert f'href="{nightly["verifying"]}"' in content
    assert "stale" not in content.partition('id="mm-verifying"')[2].partition("</p>")[0], "no day of the build"
    order, active, title, old, label, verifying = use_page(tmp_path, content, script, at=at)
    assert verifying.startswith("stale A schedule verifies every version each night: its runs.")
    assert "No change of the registry for" in verifying
    assert order == ["beta", "alpha"]
    assert active == ["Tag: fraud ×", "Channel: production ×", "Clear all"]
    assert (title, old, label) == ("2026-06-01", True, "Tag (1)")


@pytest.mark.slow
def test_hostile_texts_become_facets_and_stay_texts(tmp_path: Path) -> None:
    script = "return [$$('article script, article img').length, $('.mm-facet[data-facet=tag] label span').textContent];"
    found, text = use_page(
        tmp_path, home_page(CONFIG, models(hostile_row())), script, at="?tag=<img src=x onerror=alert(1)>"
    )
    assert (found, text) == (0, HOSTILE)
