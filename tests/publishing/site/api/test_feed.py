"""The Atom feed: what RFC 4287 asks for, what a feed reader makes of it, and that no text gets out of its place."""

from __future__ import annotations

import copy
from typing import Any
from xml.etree import ElementTree as ET

import feedparser
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mintmark.core.words.events import event_sentence
from mintmark.publishing.site.api.feed import format_feed, format_model_feed

ATOM = "{http://www.w3.org/2005/Atom}"
CONFIG: dict[str, Any] = {
    "name": "Ours",
    "repository": "https://github.com/acme/models",
    "site": "https://acme.github.io/models/",
    "mintmark": "0.1.0",
}


def event(kind: str, day: int, model: str = "iris", version: str | None = None, **changes: Any) -> dict[str, Any]:
    told = {
        "kind": kind,
        "model": model,
        "version": version,
        "channel": None,
        "from": None,
        "to": None,
        "reason": None,
        "commit": f"{day:040x}",
        "by": "Ada",
        "time": f"2026-06-{day:02}T09:30:00Z",
        "subject": f"Day {day} (#{day})",
        "pull_request": day,
        **changes,
    }
    values = {name: told[name] for name in ("version", "channel", "reason")}
    return {"sentence": event_sentence(kind, **values, before=told["from"], after=told["to"]), **told}


EVENTS = [
    event("yank", 9, version="1.1.0", reason="Leaked labels."),
    event("close", 8, channel="staging", **{"from": "1.1.0"}),
    event("rollback", 7, version="1.0.0", channel="production", **{"from": "1.1.0", "to": "1.0.0"}),
    event("promote", 6, version="1.1.0", channel="production", **{"from": "1.0.0", "to": "1.1.0"}),
    event("unyank", 5, version="1.0.0"),
    event("withdraw", 4, version="0.9.0"),
    event("describe", 3),
    event("propose", 2, version="1.1.0"),
    event("propose", 2, version="0.9.0"),
    event("create", 1),
]
AUDIT: dict[str, Any] = {"commit": "a" * 40, "events": EVENTS}


def parsed(config: dict[str, Any] = CONFIG, audit: dict[str, Any] = AUDIT, **options: int) -> ET.Element:
    return ET.fromstring(format_feed(config, audit, **options))


def texts(feed: ET.Element, name: str) -> list[str | None]:
    return [entry.findtext(f"{ATOM}{name}") for entry in feed.iter(f"{ATOM}entry")]


def links(element: ET.Element) -> dict[str, str]:
    return {link.get("rel", "alternate"): link.get("href", "") for link in element.findall(f"{ATOM}link")}


def test_a_reader_sees_what_happened_to_models() -> None:
    assert texts(parsed(), "title") == [
        "iris 1.1.0 was yanked: Leaked labels.",
        "iris staging was closed; it pointed to 1.1.0",
        "iris production was rolled back from 1.1.0 to 1.0.0",
        "iris 1.1.0 was promoted to production in place of 1.0.0",
        "iris 1.0.0 is no longer yanked",
        "iris 0.9.0 was withdrawn",
        "iris 1.1.0 was registered",
        "iris 0.9.0 was registered",
    ]


def test_the_content_tells_the_rest() -> None:
    content = texts(parsed(), "content")[0]
    assert content == (
        "iris 1.1.0 was yanked: Leaked labels.\n"
        "By Ada in commit 0000000000, pull request #9: Day 9 (#9)"
    )  # fmt: skip


def test_it_holds_what_the_rfc_requires() -> None:
    feed = parsed()
    assert feed.tag == f"{ATOM}feed"
    for required in ("id", "title", "updated"):  # RFC 4287, 4.1.1
        assert len(feed.findall(f"{ATOM}{required}")) == 1
    assert feed.findtext(f"{ATOM}author/{ATOM}name") == "Ours"
    assert feed.findtext(f"{ATOM}updated") == "2026-06-09T09:30:00Z"
    entries = feed.findall(f"{ATOM}entry")
    for entry in entries:  # 4.1.2
        for required in ("id", "title", "updated", "author", "content"):
            assert len(entry.findall(f"{ATOM}{required}")) == 1
        assert entry.findtext(f"{ATOM}author/{ATOM}name") == "Ada"
        assert len([link for link in entry.findall(f"{ATOM}link") if link.get("rel") == "alternate"]) == 1
        assert entry.find(f"{ATOM}content").get("type") == "text"  # type: ignore[union-attr]
    ids = [feed.findtext(f"{ATOM}id"), *texts(feed, "id")]
    assert len(set(ids)) == len(entries) + 1
    assert all(identity and identity.startswith("urn:uuid:") for identity in ids)


def test_several_events_of_one_commit_are_told_apart() -> None:
    both = [event("promote", 2, version="1.0.0", channel=channel, to="1.0.0") for channel in ("production", "staging")]
    others = [event("propose", 2, version="1.0.0"), event("propose", 2, "other", version="1.0.0")]
    ids = texts(parsed(audit={"commit": None, "events": both + others}), "id")
    assert len(set(ids)) == 4


def test_ids_stay_when_the_site_moves_and_more_happens() -> None:
    moved = {**CONFIG, "site": None, "repository": None, "name": "Renamed"}
    later = {"commit": "b" * 40, "events": [event("yank", 20, version="1.0.0", reason="Old."), *EVENTS]}
    assert texts(parsed(moved, later), "id")[1:] == texts(parsed(), "id")
    renamed = parsed({**CONFIG, "name": "Renamed"})
    assert renamed.findtext(f"{ATOM}id") == parsed().findtext(f"{ATOM}id")


def test_ids_are_forever() -> None:
    """Whoever changes how they are made shows every reader each old entry again as a new one."""
    assert texts(parsed(), "id")[0] == "urn:uuid:973069fb-ba41-5fa1-9be4-b83b43ae966e"


def test_links_lead_to_pages_that_exist() -> None:
    feed = parsed()
    site = "https://acme.github.io/models/"
    assert links(feed) == {"self": f"{site}api/v1/feed.xml", "alternate": f"{site}audit/"}
    pages = [links(entry)["alternate"] for entry in feed.iter(f"{ATOM}entry")]
    assert pages[0] == f"{site}models/iris/1.1.0/"
    assert pages[1] == f"{site}models/iris/", "a closed channel shows no version"
    assert pages[2] == f"{site}models/iris/1.0.0/"
    assert pages[5] == pages[7] == f"{site}models/iris/0.9.0/", "the page of a withdrawn version says what became of it"
    entry = next(feed.iter(f"{ATOM}entry"))
    assert links(entry)["related"] == f"https://github.com/acme/models/commit/{9:040x}"


def test_a_version_that_came_back_has_a_page_again() -> None:
    events = [
        event("propose", 5, version="1.0.0"),
        event("withdraw", 4, version="1.0.0"),
        event("propose", 3, version="1.0.0"),
    ]
    feed = parsed(audit={"commit": None, "events": events})
    assert {links(entry)["alternate"].rpartition("iris")[2] for entry in feed.iter(f"{ATOM}entry")} == {"/1.0.0/"}


def test_a_removed_model_has_no_page() -> None:
    feed = parsed(audit={"commit": None, "events": [event("remove", 20), *EVENTS]})
    assert {links(entry)["alternate"] for entry in feed.iter(f"{ATOM}entry")} == {
        "https://acme.github.io/models/audit/"
    }


def test_without_the_addresses_links_are_relative() -> None:
    feed = parsed({**CONFIG, "site": None, "repository": None})
    assert links(feed) == {"alternate": "../../audit/"}
    assert links(next(feed.iter(f"{ATOM}entry"))) == {"alternate": "../../models/iris/1.1.0/"}


def test_an_empty_registry_has_a_feed() -> None:
    feed = parsed(audit={"commit": None, "events": []})
    assert feed.findtext(f"{ATOM}updated") == "1970-01-01T00:00:00Z"
    assert not list(feed.iter(f"{ATOM}entry"))


def test_only_the_newest_are_in_it() -> None:
    assert texts(parsed(newest=2), "updated") == ["2026-06-09T09:30:00Z", "2026-06-08T09:30:00Z"]
    many = [event("yank", 1, version=f"1.{n}.0", reason="x") for n in range(80)]
    assert len(texts(parsed(audit={"commit": None, "events": many}), "id")) == 50


def test_updated_is_the_newest_time_even_when_clocks_disagree() -> None:
    events = [event("propose", 2, version="1.1.0"), event("propose", 9, version="1.0.0")]
    assert parsed(audit={"commit": None, "events": events}).findtext(f"{ATOM}updated") == "2026-06-09T09:30:00Z"


def test_it_names_its_commit_and_is_the_same_each_time() -> None:
    before = copy.deepcopy((CONFIG, AUDIT))
    text = format_feed(CONFIG, AUDIT)
    assert text.splitlines()[:2] == ['<?xml version="1.0" encoding="utf-8"?>', f"<!-- commit {'a' * 40} -->"]
    assert text.endswith("</feed>\n")
    assert text == format_feed(CONFIG, AUDIT)
    assert before == (CONFIG, AUDIT)


HOSTILE = "</content><script>alert(1)</script>]]>&lt;&#0;\x00\x1b[31m\ufffe <!-- {{ 7*7 }}"


@pytest.mark.parametrize("field", ["by", "subject", "reason"])
def test_hostile_text_stays_text(field: str) -> None:
    feed = parsed(audit={"commit": None, "events": [event("yank", 1, version="1.0.0", **{field: HOSTILE})]})
    assert {element.tag.removeprefix(ATOM) for element in feed.iter()} == {
        "feed", "id", "title", "updated", "author", "name", "generator", "link", "entry", "category", "content",
    }  # fmt: skip
    where = "author/name" if field == "by" else "content"
    told = feed.findtext(f"{ATOM}entry/" + "/".join(f"{ATOM}{part}" for part in where.split("/")))
    assert told is not None
    assert "<script>alert(1)</script>]]>&lt;" in told
    assert not set(told) & set("\x00\x1b\ufffe")


@given(st.text(st.characters(codec=None), max_size=40))
def test_any_text_gives_a_feed_that_parses(text: str) -> None:
    happened = event("yank", 1, version="1.0.0", reason=text, by=text, subject=text)
    feed = format_feed({**CONFIG, "name": text or "x"}, {"commit": None, "events": [happened]})
    entry = ET.fromstring(feed.encode("utf-8")).find(f"{ATOM}entry")
    assert entry is not None
    assert entry.findtext(f"{ATOM}author/{ATOM}name")


def test_a_feed_reader_reads_it() -> None:
    hostile = event("yank", 10, version="1.1.0", reason="<img src=x onerror=alert(1)>")
    found = feedparser.parse(format_feed(CONFIG, {"commit": None, "events": [hostile, *EVENTS]}).encode())
    assert not found.bozo
    assert found.version == "atom10"
    assert found.feed.title == "Ours: what happened"
    assert found.feed.updated_parsed[:3] == (2026, 6, 10)
    first, second, *_ = found.entries
    assert first.content[0].type == "text/plain"
    assert "iris 1.1.0 was yanked: <img src=x onerror=alert(1)>" in first.content[0].value
    assert second.title == "iris 1.1.0 was yanked: Leaked labels."
    assert second.author == "Ada"
    assert second.link == "https://acme.github.io/models/models/iris/1.1.0/"
    assert second.tags[0].term == "yank"
    assert len({entry.id for entry in found.entries}) == len(found.entries)


def test_a_feed_reader_resolves_relative_links() -> None:
    text = format_feed({**CONFIG, "site": None}, AUDIT)
    address = "https://example.org/some/prefix/api/v1/feed.xml"
    found = feedparser.parse(text.encode(), response_headers={"content-location": address})
    assert found.entries[0].link == "https://example.org/some/prefix/models/iris/1.1.0/"


def test_a_model_has_a_feed_of_its_own_that_another_model_does_not_change() -> None:
    found = format_model_feed(CONFIG, "iris", EVENTS)
    feed, whole = feedparser.parse(found), feedparser.parse(format_feed(CONFIG, AUDIT))
    assert not feed.bozo
    assert feed.feed.title == "Ours: what happened to iris"
    assert feed.feed.id != whole.feed.id
    links = {link.rel: link.href for link in feed.feed.links}
    assert links["self"] == "https://acme.github.io/models/api/v1/models/iris/feed.xml"
    assert links["alternate"] == "https://acme.github.io/models/models/iris/"
    assert [entry.id for entry in feed.entries] == [entry.id for entry in whole.entries]
    assert f"<!-- commit {EVENTS[0]['commit']} -->" in found
    relative = format_model_feed({**CONFIG, "site": None}, "iris", EVENTS)
    assert 'href="../../../../models/iris/1.1.0/"' in relative
    assert feedparser.parse(format_model_feed(CONFIG, "new", [])).entries == []
