"""What of a model somebody should look at, the gravest first: the list `attention` of the documents. Pure.

Nothing here depends on today: what grows old comes with the moment since when it is so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal

from mintmark.core import layout
from mintmark.core.finding import one_line, shorten
from mintmark.core.layout import locate
from mintmark.core.words.numbers import count, signed
from mintmark.publishing.site.api.model_documents import missed_gates
from mintmark.publishing.site.pages.texts import plain_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from mintmark.core.finding import Finding
    from mintmark.publishing.site.api.json_text import Document
    from mintmark.publishing.site.api.model_facts import ModelFacts

Kind = Literal[
    "yanked",
    "unreadable",
    "unverified",
    "alarm",
    "silent",
    "drifting",
    "gates",
    "worse",
    "inconclusive",
    "stale",
    "waiting",
]
Severity = Literal["high", "medium", "low"]
# In this order they are shown. What is served comes before what waits, and what is certain before what is not.
KINDS: Final[tuple[Kind, ...]] = (
    *("yanked", "unreadable", "unverified", "alarm", "silent", "drifting"),
    *("gates", "worse", "inconclusive", "stale", "waiting"),
)  # fmt: skip
_SEVERITIES: Final[tuple[Severity, ...]] = ("high", "medium", "low")
_LONGEST: Final = 200
_SHORT: Final = 7  # letters of a commit


def attention(facts: ModelFacts, other: Mapping[str, Any] | None) -> list[Document]:
    """Return what of a model needs attention; `other` is `compared_with` of models.json."""
    found = [
        *unreadable(facts),
        *_channels(facts),
        *_standing(facts, other),
        *_waiting(facts),
    ]
    return in_order(found)


def in_order(items: Iterable[Document]) -> list[Document]:
    """Return items with the gravest first, in one order whatever order they come in."""
    return sorted(items, key=_order)


def _order(item: Document) -> tuple[Any, ...]:
    place = _SEVERITIES.index(item["severity"]), KINDS.index(item["kind"]), item["model"]
    return (*place, item["channel"] or "", item["file"] or "", item["line"] or 0, item["sentence"])


def unreadable(facts: ModelFacts) -> Iterator[Document]:
    """Yield an item for each file of a model that cannot be read; grave where its champion or the model is lost.

    A record that cannot be read is told once, with the last of the channels that point to it.
    """
    source, channels = facts.source, facts.channels
    by_file: dict[str, list[Finding]] = {}
    for finding in source.findings:
        by_file.setdefault(finding.path, []).append(finding)
    lost = {name: source.broken_channels.get(name) for name in channels}
    holding = {version: name for name, version in lost.items() if version in source.unreadable}
    held = {layout.channel_path(source.name, name) for name, version in lost.items() if version in holding}
    for path, (first, *others) in by_file.items():
        if path in held:
            continue
        place = locate(path)
        channel = place.name if place.kind == "channel" and place.name in channels else None
        version = place.name if place.kind == "version" and place.name in holding else None
        if version is not None:
            channel = holding[version]
        grave = place.kind == "model" or channel == channels[-1]
        where = f"{path}:{first.line}" if first.line else path
        message = f"{first.where}: {first.message}" if first.where else first.message
        more = f", and {count(len(others), 'more fault')}" if others else ""
        sentence = f"{where} cannot be used: {message}{more}"
        if version is not None:
            place_of = f"{path}, line {first.line or 1}"
            sentence = f"{channel} points to {version}, whose record cannot be read ({place_of}): {message}{more}"
        elif channel and lost[channel] is not None:
            sentence = f"{channel} {message}"
        cause = facts.cause(place)
        damaged = cause if cause and cause["kind"] == "damage" else None
        if damaged is not None:
            sentence += f". {damaged['by']} damaged it in {damaged['commit'][:_SHORT]}"
        yield item(
            "unreadable",
            "high" if grave else "medium",
            source.name,
            sentence,
            version=version,
            channel=channel,
            since=damaged["time"] if damaged else None,
            file=path,
            line=first.line,
        )


def item(
    kind: Kind,
    severity: Severity,
    model: str,
    sentence: str,
    *,
    version: str | None = None,
    channel: str | None = None,
    since: str | None = None,
    file: str | None = None,
    line: int | None = None,
) -> Document:
    """Return one item; `file` and `line` are where to mend it in the repository."""
    return {
        "kind": kind,
        "severity": severity,
        "model": model,
        "version": version,
        "channel": channel,
        "sentence": one_line(sentence).rstrip("."),
        "since": since,
        "file": file,
        "line": line,
    }


def _channels(facts: ModelFacts) -> Iterator[Document]:
    """Yield what is wrong with each version in a channel; one in several is told of the last of them."""
    source = facts.source
    holding = {source.channels[name]: name for name in facts.channels if name in source.channels}
    for version, channel in holding.items():
        last = channel == facts.channels[-1]
        severity: Severity = "high" if last else "medium"
        place: dict[str, Any] = {
            "version": version,
            "channel": channel,
            "file": layout.channel_path(source.name, channel),
        }
        points = f"{channel} points to {version}"
        if (status := source.statuses.get(version)) is not None:
            reason = shorten(plain_text(str(status["reason"])), _LONGEST)
            yield item("yanked", severity, source.name, f"{points}, which was yanked: {reason}", **place)
        if facts.proved.get(version) is False:
            what = "some of its stored files are missing, or are not the bytes that its record names"
            yield item(
                "unverified", severity, source.name, f"{points}, and {what}; mintmark verify tells which", **place
            )
        if missed := missed_gates(source, version):
            more = f", and {len(missed) - 1} more" if len(missed) > 1 else ""
            sentence = f"{points}, which misses a gate of today: {missed[0]}{more}"
            yield item("gates", severity, source.name, sentence, **place)


def _standing(facts: ModelFacts, other: Mapping[str, Any] | None) -> Iterator[Document]:
    if other is None or other["standing"] not in ("worse", "inconclusive"):
        return
    source, channel = facts.source, facts.channels[-1]
    version, than = source.channels[channel], other["version"]
    metric = source.identity["metric"]["name"]
    by = f"{metric} {signed(other['difference'])}, by a paired test on the same rows"
    moved = facts.last_event("channel", channel)
    place: dict[str, Any] = {"version": version, "channel": channel, "since": moved.time if moved else None}
    if other["standing"] == "worse":
        yield item("worse", "high", source.name, f"{version} in {channel} is worse than {than}: {by}", **place)
        return
    sentence = f"{version} in {channel} is neither better than {than} nor surely no worse: {by}"
    yield item("inconclusive", "medium", source.name, sentence, **place)


def _waiting(facts: ModelFacts) -> Iterator[Document]:
    """Yield a version that came into a channel and never went on into the next one; the reader sees for how long."""
    source = facts.source
    for channel, following in zip(facts.channels, facts.channels[1:], strict=False):
        version = source.channels.get(channel)
        if version is None or version in source.statuses or version == source.channels.get(following):
            continue
        moved = facts.last_event("channel", channel)
        if moved is None or moved.after != version or version in facts.chronicle.history.holders(following):
            continue
        sentence = f"{version} is in {channel} and was never in {following}"
        yield item("waiting", "low", source.name, sentence, version=version, channel=following, since=moved.time)
