"""The first block of a model's page: what is in production, how good and healthy it is, and what to do. Pure."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from mintmark.core.words.numbers import interval_of
from mintmark.publishing.site.monitored.channel_seen import health, last_judged
from mintmark.publishing.site.monitored.model_windows import NOTHING_SEEN, ModelWindows
from mintmark.publishing.site.pages.channel_board import closing
from mintmark.publishing.site.pages.home_page import Delta, describe_change
from mintmark.publishing.site.pages.templating import address
from mintmark.publishing.site.pages.texts import render_text
from mintmark.publishing.site.pages.version_facts import Command, download
from mintmark.publishing.site.pages.version_verdict import ShortVerdict, short_verdict
from mintmark.publishing.site.pages.write_links import WriteLink, has_file, promote_link, rollback_link

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

    `trouble` says in sentences why there is none, or why it should not be there. `change` is how its value stands to
    that of the version a rollback goes to, where its own review does not say so. `waiting` is the version that the
    channel before it holds, where that is another one, and `refused` why it may not go on. `closed` is the move that
    closed the channel.
    """

    channel: str
    row: Document | None
    held: Document | None
    measured: str
    change: Delta | None
    review: ShortVerdict
    signs: list[Sign]
    trouble: list[str]
    reason: Markup | str
    replacement: str | None
    ways: list[Command]
    actions: list[Action]
    waiting: tuple[str, str] | None
    refused: str
    closed: Document | None


def answer_of(config: Document, index: Document, seen: ModelWindows = NOTHING_SEEN) -> Answer:
    """Return what the first block of a model's page says; `seen` is what was seen of the model in production."""
    channel = config["channels"][-1]["name"]
    champion = index["champion"]
    row = champion["row"] if champion else None
    yanked = row["yanked"] if row else None
    review = short_verdict(champion["review"] if champion else None)
    waiting = _waiting(config, index, channel)
    refused = _refusal(index, channel, waiting[0]) if waiting else ""
    unreadable = [e["sentence"] for e in index["attention"] if e["kind"] == "unreadable" and e["channel"] == channel]
    return Answer(
        channel=channel,
        row=row,
        held=index["channels"].get(channel),
        measured=interval_of(row["metrics"].get(index["model"]["metric"]["name"])) if row else "",
        change=_change(index["name"], champion, review) if champion else None,
        review=review,
        signs=[*_production(seen, channel, row["version"]), *_signs(index["model"], row)] if row else [],
        trouble=unreadable,
        reason=render_text(yanked["reason"]) if yanked else "",
        replacement=yanked["replacement"] if yanked else None,
        ways=list(_ways(config, index)) if row else [],
        actions=list(_actions(config, index, channel, waiting[0] if waiting and not refused else None)),
        waiting=waiting,
        refused=refused,
        closed=None if row or unreadable else closing(index, channel),
    )


def _change(model: str, champion: Document, review: ShortVerdict) -> Delta | None:
    """Return the change that models.json tells, None where the review says the same of the same two versions."""
    other = champion["compared_with"]
    if other is not None and (review.against, review.standing) == (f"{model}@{other['version']}", other["standing"]):
        return None
    return describe_change(other)


def is_answered(entry: Document, channel: str) -> bool:
    """Whether the first block says already what an entry of `attention` does."""
    return bool(entry["channel"] == channel)


def _production(seen: ModelWindows, channel: str, version: str) -> Iterator[Sign]:
    """Yield how a version does in production, nothing where nobody watched the channel."""
    windows = seen.served(channel)
    if not windows:
        return
    own = [each for each in windows if each.version == version]
    lasting = [each for each in seen.open_alarms(channel) if each.version == version]
    look, state = health(lasting, last_judged(own))
    yield Sign(look=look, text=f"{state} in production" if own else "not watched in production yet")


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


def _actions(config: Document, index: Document, channel: str, waiting: str | None) -> Iterator[Action]:
    """Yield what may be done now: `waiting` is the version that may come next."""
    name, held = index["name"], index["channels"].get(channel)
    if waiting is not None:
        yield Action(
            name="promote",
            label=f"Promote {waiting}",
            command=f"mintmark promote {name}@{waiting} {channel}",
            link=promote_link(config, name, channel, waiting, exists=has_file(index, channel)),
        )
    if held is not None and held["rollback_to"]:
        version = held["rollback_to"]
        missed: list[str] = next((row["missed"] for row in index["versions"] if row["version"] == version), [])
        yield Action(
            name="rollback",
            label=f"Roll back to {version}",
            command=f"mintmark rollback {name} {channel}",
            link=rollback_link(config, name, channel, version),
            warning=f"{version} misses a gate of today: {'; '.join(missed)}." if missed else "",
        )


def _refusal(index: Document, channel: str, version: str) -> str:
    """Return why a version may not go into a channel, after its number; empty where nothing is known against it."""
    choices = index["choices"].get(channel, ())
    if (choice := next((each for each in choices if each["version"] == version), None)) is not None:
        return choice["refused"] or ""
    row = next((row for row in index["versions"] if row["version"] == version), None)
    if row is None:
        return "cannot be read"
    return "is yanked" if row["yanked"] else f"misses a gate: {row['missed'][0]}" if row["missed"] else ""


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
