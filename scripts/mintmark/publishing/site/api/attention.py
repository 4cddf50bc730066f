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

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from mintmark.core.finding import Finding
    from mintmark.publishing.site.api.json_text import Document
    from mintmark.publishing.site.api.model_documents import ModelFacts

Kind = Literal["yanked", "unreadable", "unverified", "gates", "worse", "inconclusive", "stale", "waiting"]
Severity = Literal["high", "medium", "low"]
# In this order they are shown. What is served comes before what waits, and what is certain before what is not.
KINDS: Final[tuple[Kind, ...]] = (
    *("yanked", "unreadable", "unverified", "gates", "worse"),
    *("inconclusive", "stale", "waiting"),
)  # fmt: skip
_SEVERITIES: Final[tuple[Severity, ...]] = ("high", "medium", "low")
_LONGEST: Final = 200


def attention(facts: ModelFacts, before: Mapping[str, Any] | None) -> list[Document]:
    """Return what of a model needs attention; `before` is the version before the champion, as models.json has it."""
    found = [
        *unreadable(facts.source.name, facts.source.findings, facts.channels),
        *_channels(facts),
        *_standing(facts, before),
        *_waiting(facts),
    ]
    return in_order(found)


def in_order(items: Iterable[Document]) -> list[Document]:
    """Return items with the gravest first, in one order whatever order they come in."""
    return sorted(items, key=_order)


def _order(item: Document) -> tuple[Any, ...]:
    place = _SEVERITIES.index(item["severity"]), KINDS.index(item["kind"]), item["model"]
    return (*place, item["channel"] or "", item["file"] or "", item["line"] or 0, item["sentence"])


def unreadable(model: str, findings: Iterable[Finding], channels: tuple[str, ...]) -> Iterator[Document]:
    """Yield an item for each file of a model that cannot be read; grave where its champion or the model is lost."""
    by_file: dict[str, list[Finding]] = {}
    for finding in findings:
        by_file.setdefault(finding.path, []).append(finding)
    for path, (first, *others) in by_file.items():
        place = locate(path)
        channel = place.name if place.kind == "channel" and place.name in channels else None
        grave = place.kind == "model" or channel == channels[-1]
        where = f"{path}:{first.line}" if first.line else path
        message = f"{first.where}: {first.message}" if first.where else first.message
        more = f", and {count(len(others), 'more fault')}" if others else ""
        sentence = f"{where} cannot be used: {message}{more}"
        if channel and message.startswith("points to "):
            sentence = f"{channel} {message}"
        yield item(
            "unreadable",
            "high" if grave else "medium",
            model,
            sentence,
            channel=channel,
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
            reason = shorten(" ".join(str(status["reason"]).split()), _LONGEST)
            yield item("yanked", severity, source.name, f"{points}, which was yanked: {reason}", **place)
        if facts.proved.get(version) is False:
            what = "not all of whose stored files are here with the bytes that its record names"
            yield item("unverified", severity, source.name, f"{points}, {what}; mintmark verify tells which", **place)
        if missed := missed_gates(source, version):
            more = f", and {len(missed) - 1} more" if len(missed) > 1 else ""
            sentence = f"{points}, which misses a gate of today: {missed[0]}{more}"
            yield item("gates", severity, source.name, sentence, **place)


def _standing(facts: ModelFacts, before: Mapping[str, Any] | None) -> Iterator[Document]:
    if before is None or before["standing"] not in ("worse", "inconclusive"):
        return
    source, channel = facts.source, facts.channels[-1]
    version, other = source.channels[channel], before["version"]
    metric = source.identity["metric"]["name"]
    by = f"{metric} {signed(before['difference'])}, by a paired test on the same rows"
    moved = facts.last_event("channel", channel)
    place: dict[str, Any] = {"version": version, "channel": channel, "since": moved.time if moved else None}
    if before["standing"] == "worse":
        yield item("worse", "high", source.name, f"{version} in {channel} is worse than {other}: {by}", **place)
        return
    sentence = f"{version} in {channel} is neither better than {other} nor surely no worse: {by}"
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
