"""The audit page: what events say, and that the browser answers what was in a channel on a day."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.publishing.site.in_a_browser import use_page
from tests.publishing.site.pages.test_home_page import CONFIG, HOSTILE, Page

from mintmark.core.words.events import event_sentence
from mintmark.publishing.site.pages.audit_page import KINDS, SHOWN, audit_page


def event(kind: str, time: str, model: str = "iris", **values: Any) -> dict[str, Any]:
    told = dict.fromkeys(("version", "channel", "from", "to", "reason", "pull_request"))
    told |= {
        "kind": kind,
        "model": model,
        "time": time,
        "commit": f"{len(time):040x}",
        "by": "Ada",
        "subject": f"{kind} {model}",
    }
    return with_sentence(told | values)


def with_sentence(told: dict[str, Any]) -> dict[str, Any]:
    values = {name: told[name] for name in ("version", "channel", "reason")}
    return told | {"sentence": event_sentence(told["kind"], **values, before=told["from"], after=told["to"])}


def move(
    kind: str, time: str, old: str | None, new: str | None, channel: str = "production", **values: Any
) -> dict[str, Any]:
    moved = {"channel": channel, "version": new, "from": old, "to": new}
    return with_sentence(event(kind, time, **values) | moved)


EVENTS = [
    move("close", "2026-06-05T10:00:00Z", "1.0.0", None, model="wine"),
    event("yank", "2026-06-04T10:00:00Z", version="1.1.0", reason="a wrong label"),
    move("rollback", "2026-06-03T10:00:00Z", "1.1.0", "1.0.0", pull_request=12),
    move("promote", "2026-06-01T23:59:59Z", "1.0.0", "1.1.0", by="Grace"),
    move("promote", "2026-06-01T00:00:00Z", None, "1.0.0", model="wine"),
    move("promote", "2026-05-31T12:00:00Z", None, "1.1.0", channel="staging"),
    move("promote", "2026-05-30T12:00:00Z", None, "1.0.0"),
    event("propose", "2026-05-30T11:00:00Z", version="1.0.0"),
    event("create", "2026-05-30T10:00:00Z"),
    event("create", "2026-05-30T09:00:00Z", model="gone"),
]
AUDIT = {"events": EVENTS}
NAMES = ["iris", "wine"]


def test_events_are_told_in_words_with_who_when_and_where() -> None:
    page = Page(audit_page(CONFIG, AUDIT, NAMES))
    for expected in (
        *("production was closed; it pointed to 1.0.0", "1.1.0 was yanked: a wrong label", "1.0.0 was registered"),
        *(
            "production was rolled back from 1.1.0 to 1.0.0",
            "1.1.0 was promoted to production in place of 1.0.0",
            "Grace",
        ),
        *(
            "the model was created",
            "10 events",
            "1.1.0 was promoted to staging",
            "2026-06-01 23:59 UTC",
            "end in UTC",
            "mintmark list --at 2026-06-05",
        ),
    ):
        assert expected in page.words, expected
    assert "https://github.com/acme/models/pull/12" in page.links
    assert f"https://github.com/acme/models/commit/{EVENTS[0]['commit']}" in page.links
    assert "../models/iris/" in page.links
    assert "../models/gone/" not in page.links


def test_the_page_holds_the_newest_events_and_says_where_the_others_are() -> None:
    many = [event("propose", "2026-06-01T00:00:00Z", version=f"1.{number}.0") for number in range(1234)]
    page = Page(audit_page(CONFIG, {"events": many}, NAMES))
    assert sum(tag == "tr" for tag, _ in page.tags) == SHOWN + 2, "a row each, and the heads of two tables"
    assert "The newest 200 of 1,234 events" in page.words
    assert "../api/v1/audit.json" in page.links


def test_a_registry_without_history_or_repository_has_an_audit_too() -> None:
    page = Page(audit_page({**CONFIG, "repository": None}, {"events": []}, []))
    assert "Nothing has happened yet" in page.words
    assert not any("://" in link for link in page.links)


def test_texts_of_a_registry_stay_texts() -> None:
    values = {"version": HOSTILE, "reason": HOSTILE, "by": HOSTILE, "subject": HOSTILE, "channel": HOSTILE}
    events = [
        event(kind, "2026-06-01T00:00:00Z", HOSTILE, **values, **{"from": HOSTILE, "to": HOSTILE}) for kind in KINDS
    ]
    page = Page(audit_page({**CONFIG, "repository": "javascript:alert(1)//"}, {"events": events}, [HOSTILE]))
    assert {"script", "img", "style"}.isdisjoint(tag for tag, _ in page.tags)
    assert not any(name.startswith("on") for _, found in page.tags for name in found)
    values_of_attributes = [str(value) for _, found in page.tags for value in found.values()]
    assert not any(value.startswith("javascript:") for value in values_of_attributes)


ASK = """
  const answered = () => wait(() => / (had|has|have) |Choose|could not/.test($('#mm-answer-status').textContent));
  const told = () => ({said: $('#mm-answer-status').textContent, command: $('.mm-command code').textContent,
    rows: seen('#mm-answer tbody tr').map((row) => [...row.children].map((cell) => cell.innerText))});"""
ANSWERS = {
    "?on=2026-05-29": ("No models had a version in production at the end of 2026-05-29 (UTC).", []),
    "?on=2026-05-31": ("1 model had a version in production at the end of 2026-05-31 (UTC).", ["iris 1.0.0 Ada"]),
    # The last second of a day is that day's, the first that of the next.
    "?on=2026-06-01&channel=production": (
        "2 models had a version in production at the end of 2026-06-01 (UTC).",
        ["iris 1.1.0 yanked 2026-06-04 Grace", "wine 1.0.0 Ada"],
    ),
    "?on=2026-06-04": (
        "2 models had a version in production at the end of 2026-06-04 (UTC).",
        ["iris 1.0.0 Ada", "wine 1.0.0 Ada"],
    ),
    "?on=9999-12-31": ("1 model has a version in production now, as far as this site knows.", ["iris 1.0.0 Ada"]),
    "?on=2026-06-06&model=wine": ("wine had no version in production at the end of 2026-06-06 (UTC).", []),
    "?on=2026-06-06&channel=staging&model=iris": (
        "1 model had a version in staging at the end of 2026-06-06 (UTC).",
        ["iris 1.1.0 yanked 2026-06-04 Ada"],
    ),
}


def test_the_browser_answers_what_was_in_a_channel_on_a_day(tmp_path: Path) -> None:
    script = f"""{ASK}
      const answers = {{}};
      for (const at of {json.dumps(list(ANSWERS))}) {{
        history.pushState(null, "", at);
        $('#mm-answer-status').textContent = "";
        dispatchEvent(new PopStateEvent("popstate"));
        await answered();
        answers[at] = told();
      }}
      return answers;"""
    files = {"api/v1/audit.json": AUDIT}
    answers = use_page(tmp_path, audit_page(CONFIG, AUDIT, NAMES), script, at="?on=2026-05-01", files=files)
    for at, (said, rows) in ANSWERS.items():
        assert answers[at]["said"] == said
        assert [f"{model} {version} {by}" for model, version, _, by, _ in answers[at]["rows"]] == rows, at
        assert answers[at]["command"] == f"mintmark list --at {at[4:14]}"


@pytest.mark.slow
def test_asking_is_kept_in_the_address_and_names_the_commit(tmp_path: Path) -> None:
    script = f"""{ASK}
      $('#mm-ask [name=on]').value = '2026-06-04';
      $('#mm-ask button').click();
      await answered();
      return [location.search, told().rows[0], seen('#mm-answer tbody a').slice(0, 4).map((a) => a.getAttribute('href'))];"""
    files = {"api/v1/audit.json": AUDIT}
    address, row, links = use_page(tmp_path, audit_page(CONFIG, AUDIT, NAMES), script, files=files)
    assert address == "?on=2026-06-04&channel=production"
    assert row[2:] == ["2026-06-03", "Ada", "0000000 (#12)"]
    assert links[:2] == ["../models/iris/", "../models/iris/1.0.0/"]
    assert links[2].startswith("https://github.com/acme/models/commit/")
    assert links[3].endswith("/pull/12")


@pytest.mark.slow
def test_filters_and_the_events_that_are_not_in_the_page(tmp_path: Path) -> None:
    many = [*EVENTS, *(event("describe", "2026-05-01T00:00:00Z", model="wine", by="Lin") for _ in range(SHOWN))]
    script = """
      const rows = () => $$('#mm-log tbody tr').length, said = () => $('#mm-log-status').textContent;
      const texts = () => $$('#mm-log tbody tr').map((row) => row.innerText).join('|');
      const settled = async (old) => { await wait(() => said() !== old); return [rows(), said(), location.search]; };
      const steps = {}, still = texts();
      const choose = async (name, value) => {
        const old = said(); tell($(`#mm-events [name=${name}]`), value); return settled(old);
      };
      let old = said();
      $('#mm-more').click(); steps.more = await settled(old);
      steps.same = texts().startsWith(still);
      steps.by = await choose('by', 'gra');
      steps.none = await choose('kind', 'yank');
      steps.yanks = await choose('by', '');
      tell($('#mm-events [name=kind]'), '');
      steps.text = await choose('find', 'WRONG label');
      return steps;"""
    content = audit_page(CONFIG, {"events": many}, NAMES)
    steps = use_page(tmp_path, content, script, files={"api/v1/audit.json": {"events": many}})
    assert steps["more"][:2] == [210, "210 events"]
    assert steps["same"], "the browser writes the same words as the page"
    assert steps["by"] == [1, "1 event", "?by=gra"]
    assert steps["none"] == [0, "No events", "?kind=yank&by=gra"]
    assert steps["yanks"] == [1, "1 event", "?kind=yank"]
    assert steps["text"][0] == 1
    assert steps["text"][2] == "?find=WRONG+label"


@pytest.mark.slow
def test_without_its_document_the_page_says_what_to_do(tmp_path: Path) -> None:
    script = ASK + "await answered(); return told();"
    answer = use_page(tmp_path, audit_page(CONFIG, AUDIT, NAMES), script, at="?on=2026-06-04")
    assert "could not be read (HTTP 404)" in answer["said"]
    assert answer["rows"] == []


@pytest.mark.slow
def test_a_command_can_be_copied_and_a_screen_reader_hears_it(tmp_path: Path) -> None:
    script = """
      const button = $('.mm-command code + .mm-copy');
      const label = button.getAttribute('aria-label');
      button.click();
      await wait(() => button.textContent !== 'Copy');
      return [label, button.textContent, $('body > [role=status]').textContent];"""
    label, said, heard = use_page(tmp_path, audit_page(CONFIG, AUDIT, NAMES), script)
    assert label == "Copy the command"
    assert said in ("Copied", "Not copied"), "a headless browser may forbid it; it is said either way"
    assert heard == f"{said}: the command"
