"""The audit page: what events say, and how they are filtered."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.publishing.site.browsing.in_a_browser import use_page
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
    assert sum(tag == "tr" for tag, _ in page.tags) == SHOWN + 1, "a row each, and the head"
    assert "The newest 150 of 1,234 events" in page.words
    assert {"../api/v1/audit.json", "../api/v1/audit.csv"} <= set(page.links)


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


# What was where at the end of a day: the last second of a day is that day's, the first that of the next.
STANDING = {
    "2026-05-29": {},
    "2026-05-31": {"iris": {"production": "1.0.0", "staging": "1.1.0"}},
    "2026-06-01": {"iris": {"production": "1.1.0", "staging": "1.1.0"}, "wine": {"production": "1.0.0"}},
    "2026-06-04": {"iris": {"production": "1.0.0", "staging": "1.1.0"}, "wine": {"production": "1.0.0"}},
    "2026-06-06": {"iris": {"production": "1.0.0", "staging": "1.1.0"}},
    "9999-12-31": {"iris": {"production": "1.0.0", "staging": "1.1.0"}},
}


def test_several_moves_on_a_day_leave_what_the_last_one_said(tmp_path: Path) -> None:
    script = f"""
      const {{ standing, until, isDay }} = await import('/events.js');
      const events = {json.dumps(EVENTS)};
      const on = (day) => Object.fromEntries([...standing(until(events, day)).values()].filter((m) => m.channels.size)
        .map((m) => [m.name, Object.fromEntries([...m.channels].map(([name, move]) => [name, move.to]))]));
      return [{json.dumps(list(STANDING))}.map(on), ['2026-02-28', '2026-02-30', '', 'x', '2026-13-01'].map(isDay)];"""
    found, days = use_page(tmp_path, "<p></p>", script)
    assert found == list(STANDING.values())
    assert days == [True, False, False, False, False]


@pytest.mark.slow
def test_filters_and_the_events_that_are_not_in_the_page(tmp_path: Path) -> None:
    many = [*EVENTS, *(event("describe", "2026-05-01T00:00:00Z", model="wine", by="Lin") for _ in range(SHOWN))]
    script = """
      await import('/audit.js');
      await new Promise((started) => setTimeout(started, 100));
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
      await choose('find', '');
      steps.channel = await choose('channel', 'staging');
      tell($('#mm-events [name=channel]'), '');
      steps.from = await choose('from', '2026-06-04');
      steps.days = await choose('to', '2026-06-04');
      return steps;"""
    content = audit_page(CONFIG, {"events": many}, NAMES)
    old = {"path": "audit/2025.json", "events": len(many) - 4, "from": many[-1]["time"], "to": many[4]["time"]}
    files = {
        "api/v1/audit.json": {"events": many[:4], "parts": [old]},
        "api/v1/audit/2025.json": {"events": many[4:], "parts": []},
    }
    steps = use_page(tmp_path, content, script, files=files)
    assert steps["more"][:2] == [160, "160 events"]
    assert steps["same"], "the browser writes the same words as the page"
    assert steps["by"] == [1, "1 event", "?by=gra"]
    assert steps["none"] == [0, "No events", "?kind=yank&by=gra"]
    assert steps["yanks"] == [1, "1 event", "?kind=yank"]
    assert steps["text"][0] == 1
    assert steps["text"][2] == "?find=WRONG+label"
    assert steps["channel"] == [1, "1 event", "?channel=staging"]
    wanted = [event for event in many if event["time"] >= "2026-06-04"]
    assert steps["from"] == [len(wanted), f"{len(wanted)} events", "?from=2026-06-04"]
    wanted = [event for event in wanted if event["time"] < "2026-06-05"]
    assert steps["days"][0] == len(wanted) > 0
    assert steps["days"][2] == "?from=2026-06-04&to=2026-06-04"


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
