"""The Atom feed (RFC 4287) of what happened in a registry. Writes no file."""

from __future__ import annotations

import re
import uuid
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

from mintmark.core.finding import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

NEWEST = 50
_ATOM = "http://www.w3.org/2005/Atom"
_EPOCH = "1970-01-01T00:00:00Z"  # an empty feed was never updated, and must name a time
_TOP = "../../"  # from api/v1/feed.xml to the top of the site
_NOT_XML = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufdcf\ufdf0-\ufffd\U00010000-\U0010ffff]")
_TOLD = ("propose", "promote", "rollback", "close", "yank", "unyank", "withdraw", "anchor", "damage", "mend")


def format_model_feed(config: Mapping[str, Any], model: str, events: Sequence[Mapping[str, Any]]) -> str:
    """Return the feed of one model, whose `events` those of `audit.json` are that tell of it; see `format_feed`."""
    commit = events[0]["commit"] if events else None
    return format_feed(config, {"commit": commit, "events": events}, model=model)


def format_feed(
    config: Mapping[str, Any], audit: Mapping[str, Any], *, model: str | None = None, newest: int = NEWEST
) -> str:
    """Return the feed of the newest events of `audit.json`, with an entry for each.

    With `model`, they are those of one model, and the feed is its own.

    The id of an entry is made of its commit, model and kind alone, so it is the same wherever and whenever the feed is
    built. Links are absolute where `config` knows the site's address, else relative to `api/v1/feed.xml`.
    """
    events = [event for event in audit["events"] if event["kind"] in _TOLD]
    pages = _Pages(audit["events"])
    site = config["site"].rstrip("/") + "/" if config["site"] else None
    place = f"models/{model}/feed.xml" if model else "feed.xml"
    top = site or _TOP + "../" * place.count("/")
    shown = events[:newest]

    feed = ET.Element("feed", xmlns=_ATOM)
    whole = config["repository"] or site or config["name"]
    _add(feed, "id", _identity(f"{whole}\n{model}" if model else whole))
    _add(feed, "title", f"{config['name']}: what happened{f' to {model}' if model else ''}")
    _add(feed, "updated", max((event["time"] for event in shown), default=_EPOCH))
    _add(_add(feed, "author"), "name", config["name"])
    _add(feed, "generator", "Mintmark", version=config["mintmark"])
    if site:
        _add(feed, "link", rel="self", type="application/atom+xml", href=f"{site}api/v1/{place}")
    page = f"models/{model}/" if model else "audit/"
    _add(feed, "link", rel="alternate", type="text/html", href=f"{top}{page}")
    for event, identity in _with_ids(shown):
        _add_entry(feed, event, identity, top + pages.page_of(event), config["repository"])
    ET.indent(feed)
    head = f'<?xml version="1.0" encoding="utf-8"?>\n<!-- commit {audit["commit"] or "none"} -->\n'
    return head + ET.tostring(feed, encoding="unicode") + "\n"


class _Pages:
    """Which pages there are: a link to a model that was removed would lead nowhere; a withdrawn version has a page."""

    def __init__(self, events: Sequence[Mapping[str, Any]]) -> None:
        self._gone: dict[str, bool] = {}
        for event in events:  # the newest first
            if event["kind"] in ("create", "remove"):
                self._gone.setdefault(event["model"], event["kind"] == "remove")

    def page_of(self, event: Mapping[str, Any]) -> str:
        model, version = event["model"], event["version"] or event["to"]
        if self._gone.get(model):
            return "audit/"
        if version is None:
            return f"models/{model}/"
        return f"models/{model}/{version}/"


def _with_ids(events: Sequence[Mapping[str, Any]]) -> Iterator[tuple[Mapping[str, Any], str]]:
    for event in events:
        parts = (event["commit"], event["model"], event["kind"], event["version"] or "", event["channel"] or "")
        yield event, _identity("\n".join(parts))


def _identity(name: str) -> str:
    return uuid.uuid5(uuid.NAMESPACE_URL, f"mintmark:{name}").urn


def _add_entry(feed: ET.Element, event: Mapping[str, Any], identity: str, page: str, repository: str | None) -> None:
    entry = _add(feed, "entry")
    sentence = one_line(f"{event['model']} {event['sentence']}")
    _add(entry, "id", identity)
    _add(entry, "title", sentence)
    _add(entry, "updated", event["time"])
    _add(_add(entry, "author"), "name", one_line(event["by"]).strip() or "unknown")
    _add(entry, "category", term=event["kind"])
    _add(entry, "link", rel="alternate", type="text/html", href=page)
    if repository:
        _add(entry, "link", rel="related", type="text/html", href=f"{repository.rstrip('/')}/commit/{event['commit']}")
    _add(entry, "content", "\n".join(_content(event, sentence)), type="text")


def _content(event: Mapping[str, Any], sentence: str) -> Iterator[str]:
    yield f"{sentence.rstrip('.')}."
    request = f", pull request #{event['pull_request']}" if event["pull_request"] else ""
    yield f"By {one_line(event['by'])} in commit {event['commit'][:10]}{request}: {one_line(event['subject'])}"


def _add(parent: ET.Element, name: str, text: str | None = None, **attributes: str) -> ET.Element:
    clean = {key: _NOT_XML.sub("", value) for key, value in attributes.items()}
    element = ET.SubElement(parent, name, clean)
    element.text = None if text is None else _NOT_XML.sub("", text)
    return element
