"""The documents of the static API that tell of one model: its index, its versions, its channels. Pure."""

from __future__ import annotations

from itertools import chain, repeat
from typing import TYPE_CHECKING

from mintmark.core.channels import rollback_target
from mintmark.core.cost import recorded_cost
from mintmark.core.events import person_name
from mintmark.core.judgement.gates import check_record
from mintmark.core.model import Gates
from mintmark.core.provenance.inputs import code_of
from mintmark.core.records import Interval, stored_files
from mintmark.core.version import parse_version
from mintmark.publishing.site.api.json_text import Document, format_around, format_document, split_rows
from mintmark.publishing.site.api.model_facts import ModelFacts, committed, committed_or_not, written
from mintmark.publishing.site.api.review_document import review_document
from mintmark.publishing.site.embedded_files import published_name
from mintmark.publishing.site.stored.summaries import NOTHING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mintmark.core.records import StoredFile
    from mintmark.publishing.site.model_source import ModelSource

PAGE_BYTES = 950_000  # an index stays below 1 MB
_ROWS_BYTES = 50_000  # what rows get at least, however long a model.yaml is
_MOVES_SHARE = 3  # a third of an index is for moves


def version_documents(facts: ModelFacts) -> Iterator[Document]:
    """Yield the document of each version whose record can be read, the highest first."""
    for version in facts.source.versions:
        yield _version_document(facts, version)


def unreadable_documents(facts: ModelFacts) -> Iterator[Document]:
    """Yield the document of each version without a readable record: it says what is broken, and leaves out the rest."""
    for version in sorted(facts.source.unreadable, key=lambda version: parse_version(version).order, reverse=True):
        touched = facts.chronicle.touched.get(version)
        yield {
            "$schema": "../../../schemas/api-version.schema.json",
            "commit": touched.oid if touched else None,
            "reference": f"{facts.source.name}@{version}",
            "model": facts.source.name,
            "version": version,
            "status": _status(facts, version),
            "registered": _registered(facts, version),
            "broken": facts.broken_in(version=version),
        }


def _version_document(facts: ModelFacts, version: str) -> Document:
    source = facts.source
    record = source.records[version]
    touched = facts.chronicle.touched.get(version)
    return {
        "$schema": "../../../schemas/api-version.schema.json",
        "commit": touched.oid if touched else None,
        "reference": f"{source.name}@{version}",
        "model": source.name,
        "version": version,
        "record": {**record, "author": person_name(record["author"])},
        "metrics": source.metrics.get(version),
        "status": _status(facts, version),
        "registered": _registered(facts, version),
        "reproduced": _reproduced(facts, version),
        "review": version_review(facts, version),
        **facts.summaries.get(version, NOTHING),
        "code": code_of(record),
        "curves": f"../curves/{version}.json" if version in facts.corners else None,
        "files": [_file(facts, version, file) for file in stored_files(record)],
        "broken": facts.broken_in(version=version),
    }


def curve_documents(facts: ModelFacts) -> Iterator[tuple[str, str]]:
    """Yield each version whose curves are known, with the text of the document that has their corners."""
    for version, corners in facts.corners.items():
        touched = facts.chronicle.touched.get(version)
        head = {
            "$schema": "../../../schemas/api-curves.schema.json",
            "commit": touched.oid if touched else None,
            "reference": f"{facts.source.name}@{version}",
            "model": facts.source.name,
            "version": version,
        }
        yield version, format_around(head, "curves", corners)


def _file(facts: ModelFacts, version: str, file: StoredFile) -> Document:
    url = f"{version}/{published_name(file.name)}" if (version, file.name) in facts.published else None
    return {"name": file.name, "size": file.size, "md5": file.md5, "sha256": file.sha256, "url": url}


def _status(facts: ModelFacts, version: str) -> Document | None:
    status = facts.source.statuses.get(version)
    if status is None:
        return None
    event = facts.last_event("status", version)
    return {
        "reason": status["reason"],
        "replacement": status.get("replacement"),
        **committed_or_not(event if event and event.kind == "yank" else None),
    }


def _registered(facts: ModelFacts, version: str) -> Document | None:
    event = facts.last_event("record", version)
    return committed(event) if event and event.kind == "propose" else None


def version_review(facts: ModelFacts, version: str) -> Document | None:
    """Return what the tag of a version says of its review, None where there is none."""
    event = facts.last_event("record", version)
    if event is None or event.kind != "propose" or not facts.tags:
        return None
    return review_document(facts.tags_of(version), version, event.commit, alone=facts.brought[event.commit] == 1)


def _reproduced(facts: ModelFacts, version: str) -> Document | None:
    found = facts.reproduced.get(version)
    if found is None:
        return None
    return {"time": found.time, "by": written(person_name(found.author)), "identical": found.identical}


def channel_documents(facts: ModelFacts) -> dict[str, Document]:
    """Return the document of each channel that points to a version, in the order of the settings.

    A channel that points to what cannot be read, or whose own file cannot be read, has one that says so (R10).
    """
    source = facts.source
    found = {}
    for channel in facts.channels:
        if channel in source.channels:
            found[channel] = _channel_document(facts, channel, source.channels[channel])
        elif channel in source.broken_channels:
            found[channel] = _broken_channel(facts, channel, source.broken_channels[channel])
    return found


def _channel_document(facts: ModelFacts, channel: str, version: str) -> Document:
    artifact = stored_files(facts.source.records[version])[0]
    published = _file(facts, version, artifact)
    url = f"../versions/{published['url']}" if published["url"] else None
    moved = _move_to(facts, channel, version)
    return {
        "$schema": "../../../schemas/api-channel.schema.json",
        "commit": moved["commit"],
        "model": facts.source.name,
        "channel": channel,
        "version": version,
        "reference": f"{facts.source.name}@{version}",
        "sha256": artifact.sha256,
        "since": moved["time"],
        "replaced": _replaced(facts, channel, version),
        "rollback_to": rollback_to(facts, channel),
        "by": moved["by"],
        "pull_request": moved["pull_request"],
        "record": f"../versions/{version}.json",
        "artifact": {"path": artifact.name, "size": artifact.size, "sha256": artifact.sha256, "url": url},
        "broken": [],
    }


def _broken_channel(facts: ModelFacts, channel: str, version: str | None) -> Document:
    """Return what is known of a channel that leads to no readable record; what is not known is left out."""
    moved = _move_to(facts, channel, version) if version else committed_or_not(facts.last_event("channel", channel))
    known = {"version": version, "reference": f"{facts.source.name}@{version}"} if version else {}
    if version in facts.source.unreadable:
        known["record"] = f"../versions/{version}.json"
    return {
        "$schema": "../../../schemas/api-channel.schema.json",
        "commit": moved["commit"],
        "model": facts.source.name,
        "channel": channel,
        **known,
        "since": moved["time"],
        "replaced": _replaced(facts, channel, version),
        "rollback_to": rollback_to(facts, channel),
        "by": moved["by"],
        "pull_request": moved["pull_request"],
        "broken": facts.broken_in(channel=channel),
    }


def _move_to(facts: ModelFacts, channel: str, version: str) -> Document:
    """Return the commit that moved a channel to where it points now; nobody's when it is not committed yet."""
    event = facts.last_event("channel", channel)
    return committed_or_not(event if event and event.after == version else None)


def _replaced(facts: ModelFacts, channel: str, version: str | None) -> str | None:
    """Return what a channel pointed to before it came to point to a version, None where that was nothing."""
    event = facts.last_event("channel", channel)
    return event.before if event and version and event.after == version else None


def rollback_to(facts: ModelFacts, channel: str) -> str | None:
    """Return the version that a roll back of a channel would bring back, None when there is none."""
    usable = facts.source.records.keys() - facts.source.statuses.keys()
    return rollback_target(facts.chronicle.history.holders(channel), usable)


def index_documents(
    facts: ModelFacts,
    *,
    champion: Document | None = None,
    attention: Sequence[Document] = (),
    choices: Mapping[str, Sequence[Document]] | None = None,
) -> list[Document]:
    """Return the index of a model, and the further pages of it that hold what its budget did not take.

    `champion` is what `champion.champion_document` tells, `attention` what `attention.attention` does, `choices` what
    `choices.choices` does.
    """
    source = facts.source
    head = {
        "$schema": "../../schemas/api-model.schema.json",
        "commit": facts.commit,
        "name": source.name,
        **({"model": source.identity} if source.identity else {}),
        "latest": source.latest,
        "channels": _channels(facts),
        "champion": champion,
        "attention": list(attention),
        "choices": dict(choices or {}),
        "withdrawn": _withdrawn(facts),
        "broken": facts.broken,
    }
    first = max(PAGE_BYTES - len(format_document(head).encode()), _ROWS_BYTES)
    budgets = list(chain([first], repeat(PAGE_BYTES, 1000)))
    versions = split_rows(
        [version_row(facts, version) for version in source.versions], iter([n - n // _MOVES_SHARE for n in budgets])
    )
    moves = split_rows(list(_moves(facts)), iter([n // _MOVES_SHARE for n in budgets]))
    count = max(len(versions), len(moves))
    pages = [head, *({key: head[key] for key in ("$schema", "commit", "name")} for _ in range(count - 1))]
    for number, page in enumerate(pages, start=1):
        page["versions"] = versions[number - 1] if number <= len(versions) else []
        page["moves"] = moves[number - 1] if number <= len(moves) else []
        page["older"] = f"index-{number + 1}.json" if number < count else None
    return pages


def _channels(facts: ModelFacts) -> Document:
    """Return what each channel points to; one whose own file cannot be read is among what is broken alone."""
    found = {}
    for channel, document in channel_documents(facts).items():
        if "version" not in document:
            continue
        moved = _move_to(facts, channel, document["version"])
        shared = ("version", "reference", "sha256", "since", "replaced", "rollback_to", "broken")
        found[channel] = {**{key: document[key] for key in shared if key in document}, **moved}
    return found


def version_row(facts: ModelFacts, version: str) -> Document:
    """Return what the index says of one version."""
    source = facts.source
    record = source.records[version]
    artifact, *others = stored_files(record)
    return {
        "version": version,
        "reference": f"{source.name}@{version}",
        "created": record["created"],
        "author": person_name(record["author"]),
        "summary": record["summary"].strip(),
        "format": record["artifact"]["format"],
        "artifact": {"path": artifact.name, "size": artifact.size, "sha256": artifact.sha256},
        "metrics": record["metrics"],
        "size": artifact.size + sum(file.size for file in others),
        "channels": [channel for channel in facts.channels if source.channels.get(channel) == version],
        "yanked": _status(facts, version),
        "reproduced": _reproduced(facts, version),
        "verified": facts.proved.get(version),
        "missed": missed_gates(source, version) if source.identity else [],
        "registered": _registered(facts, version),
        "number": _number(facts, version),
    }


def _number(facts: ModelFacts, version: str) -> int | None:
    """Return as which version of its model it was registered, None for one that is in no commit yet."""
    known = facts.registrations.get(version)
    return known.number if known else None


def missed_gates(source: ModelSource, version: str) -> list[str]:
    """Return what a version misses of the gates that model.yaml has today, in sentences: floors and costs."""
    record = source.records[version]
    metrics = {name: Interval(**own) for name, own in record["metrics"].items()}
    cost = recorded_cost(record["artifact"]["size"], record.get("cost"), source.metrics.get(version))
    checks = check_record(metrics, cost, Gates.from_dict(source.identity["gates"]))
    return [check.message for check in checks if check.verdict == "fail"]


def _moves(facts: ModelFacts) -> Iterator[Document]:
    for event in reversed(facts.chronicle.events):
        if event.kind in ("promote", "rollback", "close"):
            move = {"channel": event.channel, "kind": event.kind, "from": event.before, "to": event.after}
            yield {**move, **committed(event)}


def _withdrawn(facts: ModelFacts) -> list[Document]:
    """Versions that are gone: their numbers are burnt (R3), and who asks for one should learn why it is not there."""
    events = facts.chronicle.events
    last = {event.version: event for event in events if event.kind in ("propose", "withdraw")}
    proposed = {event.version: committed(event) for event in events if event.kind == "propose"}
    there = facts.source.records.keys() | facts.source.unreadable
    gone = [event for event in last.values() if event.kind == "withdraw" and event.version not in there]
    return [
        {
            "version": event.version,
            **committed(event),
            "registered": proposed.get(event.version),
            "number": _number(facts, str(event.version)),
        }
        for event in sorted(gone, key=lambda event: event.time, reverse=True)
    ]
