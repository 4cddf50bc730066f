"""The first block of a model's page: what is in production, how good and healthy it is, and what to do. Pure."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from mintmark.core.words.numbers import interval_of
from mintmark.publishing.site.pages.channel_board import closing
from mintmark.publishing.site.pages.templating import address
from mintmark.publishing.site.pages.texts import render_text
from mintmark.publishing.site.pages.version_facts import Command, download
from mintmark.publishing.site.pages.write_links import WriteLink, promote_link, rollback_link

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from markupsafe import Markup

    Document = Mapping[str, Any]

_TOP: Final = "../../"  # from the page of a model to the root of the site


@dataclass(frozen=True, kw_only=True, slots=True)
class Sign:
    """One thing that tells whether a version is healthy: `met`, `unmet`, or `aside` where nobody knows."""

    look: str
    text: str
    quoted: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Action:
    """One thing that may be done about the channel: in GitHub's editor (`link`) or in a terminal (`command`)."""

    name: str
    label: str
    command: str
    link: WriteLink | None
    warning: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What is to be known of the last channel; `row` is the version in it, None where there is none to show.

    `trouble` says in sentences why there is none, or why it should not be there. `waiting` is the version that the
    channel before it holds, where that is another one. `closed` is the move that closed the channel.
    """

    channel: str
    row: Document | None
    held: Document | None
    measured: str
    signs: list[Sign]
    trouble: list[str]
    reason: Markup | str
    replacement: str | None
    ways: list[Command]
    actions: list[Action]
    waiting: tuple[str, str] | None
    closed: Document | None


def answer_of(config: Document, index: Document) -> Answer:
    """Return what the first block of a model's page says."""
    channel = config["channels"][-1]["name"]
    champion = index["champion"]
    row = champion["row"] if champion else None
    yanked = row["yanked"] if row else None
    unreadable = [e["sentence"] for e in index["attention"] if e["kind"] == "unreadable" and e["channel"] == channel]
    return Answer(
        channel=channel,
        row=row,
        held=index["channels"].get(channel),
        measured=interval_of(row["metrics"].get(index["model"]["metric"]["name"])) if row else "",
        signs=list(_signs(index["model"], row)) if row else [],
        trouble=unreadable,
        reason=render_text(yanked["reason"]) if yanked else "",
        replacement=yanked["replacement"] if yanked else None,
        ways=list(_ways(config, index)) if row else [],
        actions=list(_actions(config, index, channel)),
        waiting=_waiting(config, index, channel),
        closed=None if row or unreadable else closing(index, channel),
    )


def is_answered(entry: Document, channel: str) -> bool:
    """Whether the first block says already what an entry of `attention` does."""
    return bool(entry["channel"] == channel)


def _signs(model: Document, row: Document) -> Iterator[Sign]:
    gates = model["gates"]
    if row["missed"]:
        yield Sign(look="unmet", text=f"misses a gate of today: {'; '.join(row['missed'])}")
    elif gates.get("floors") or gates.get("cost"):
        yield Sign(look="met", text="meets the gates of today")
    else:
        yield Sign(look="aside", text="no floor and no cost is asked of it")
    match row["verified"]:
        case True:
            yield Sign(look="met", text="files verified")
        case False:
            yield Sign(look="unmet", text="files missing or not as recorded")
        case _:
            yield Sign(look="aside", text="files not checked here")
    yield _reproduced(row["reproduced"])
    yield Sign(look="aside", text="no monitoring data")


def _reproduced(found: Document | None) -> Sign:
    if found is None:
        return Sign(look="aside", text="not reproduced yet")
    if found["identical"]:
        return Sign(look="met", text="reproduced")
    return Sign(look="aside", text="reproduced with other bytes")


def _ways(config: Document, index: Document) -> Iterator[Command]:
    """Yield how to get what the channel holds; without a known address, the browser fills in that of the page."""
    champion, site = index["champion"], address(config["site"])
    artifact = champion["row"]["artifact"]
    reference = f"{index['name']}@{champion['channel']}"
    if champion["row"]["format"] != "data":
        before, after = f'import mintmark\n\nmodel = mintmark.load("{reference}", path="', '")'
        if site:
            yield Command(label="Python", text=f"{before}{site}{after}")
        else:
            yield Command(label="Python", text=before, url=_TOP, after=after)
    if champion["url"]:
        yield download(site, artifact, f"{_TOP}api/v1/models/{index['name']}/{champion['url']}", label="curl")
    command = f"mintmark pull {reference}"
    yield Command(label="Terminal", text=f"{command} --registry {shlex.quote(site)}" if site else command)


def _actions(config: Document, index: Document, channel: str) -> Iterator[Action]:
    """Yield what may be done now; a yanked version is never offered."""
    name, held = index["name"], index["channels"].get(channel)
    waiting = _waiting(config, index, channel)
    usable = {row["version"] for row in index["versions"] if not row["yanked"]}
    if waiting and waiting[0] in usable:
        version = waiting[0]
        yield Action(
            name="promote",
            label=f"Promote {version}",
            command=f"mintmark promote {name}@{version} {channel}",
            link=promote_link(config, name, channel, version, exists=held is not None),
        )
    if held is not None and held["previous"]:
        version = held["previous"]
        missed: list[str] = next((row["missed"] for row in index["versions"] if row["version"] == version), [])
        yield Action(
            name="rollback",
            label=f"Roll back to {version}",
            command=f"mintmark rollback {name} {channel}",
            link=rollback_link(config, name, channel, version),
            warning=f"{version} misses a gate of today: {'; '.join(missed)}." if missed else "",
        )


def _waiting(config: Document, index: Document, channel: str) -> tuple[str, str] | None:
    """Return the version that would come next, and the channel that it is in; none where it is there already."""
    before = config["channels"][-1].get("after") or next(
        (rule["name"] for rule in reversed(config["channels"][:-1])), None
    )
    found = index["channels"].get(before)
    held = index["channels"].get(channel)
    if before is None or found is None or (held is not None and held["version"] == found["version"]):
        return None
    return found["version"], before
