"""The documents of the static API that tell of the whole registry: its settings, its models, its past. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from mintmark.about import __version__
from mintmark.core.channels import STALE_AFTER
from mintmark.core.events import parse_pull_request
from mintmark.core.moment import format_moment
from mintmark.core.records import stored_files
from mintmark.core.statistics.metric_names import goal_of
from mintmark.core.words.events import approval_sentence, event_sentence
from mintmark.core.words.numbers import count
from mintmark.publishing.site.api.attention import in_order, item
from mintmark.publishing.site.api.champion import compared_document
from mintmark.publishing.site.api.model_facts import ModelFacts, committed, written
from mintmark.publishing.site.pages.texts import plain_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from mintmark.core.events import Event
    from mintmark.core.tags.message import Approved
    from mintmark.publishing.site.api.json_text import Document
    from mintmark.registry.past.chronicle import Chronicle

_FRAMEWORKS = {"skops": "scikit-learn", "onnx": "ONNX", "safetensors": "safetensors", "data": "data"}
_PURPOSE_LENGTH = 300
_TOTALS = (
    *("models", "models_unreadable", "champions", "champions_unreadable"),
    *("versions", "yanked", "withdrawn", "files_size"),
)  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Addresses:
    """Where things are: the repository on GitHub, this site, the store of the files, a server, and the runs of the
    workflow that verifies every version; each may be None. `folder` is that of the registry in its repository, with a
    final slash, empty where it is all of it."""

    repository: str | None = None
    site: str | None = None
    store: str | None = None
    server: str | None = None
    verifying: str | None = None
    folder: str = ""


def config_document(
    registry: Mapping[str, Any], addresses: Addresses, schemas: Sequence[str], commit: str | None
) -> Document:
    """Return what a reader needs to find its way: the settings, and where each document lies."""
    return {
        "$schema": "schemas/api-config.schema.json",
        "commit": commit,
        "name": registry["name"],
        "description": registry.get("description"),
        "base_branch": registry.get("base_branch", "main"),
        "repository": addresses.repository,
        **({"folder": addresses.folder} if addresses.folder else {}),
        "site": addresses.site,
        "server": addresses.server,
        "verifying": addresses.verifying,
        "channels": [
            {"name": rule["name"], "after": rule.get("after"), "description": rule.get("description")}
            for rule in registry["channels"]
        ],
        "registry": dict(registry),
        "mintmark": __version__,
        "store": {"url": addresses.store},
        "documents": {
            "models": "models.json",
            "model": "models/{model}/index.json",
            "version": "models/{model}/versions/{version}.json",
            "curves": "models/{model}/curves/{version}.json",
            "channel": "models/{model}/channels/{channel}.json",
            "code": "code/{md5}.txt",
            "audit": "audit.json",
            "audit_table": "audit.csv",
            "lineage": "lineage.json",
            "model_lineage": "models/{model}/lineage.json",
            "feed": "feed.xml",
            "model_feed": "models/{model}/feed.xml",
            "monitoring": "models/{model}/monitoring.json",
            "badge": "badges/{model}/{channel}.svg",
            "database": "registry.sqlite",
            "schemas": [f"schemas/{name}" for name in schemas],
        },
    }


def model_row(facts: ModelFacts, *, standing: str | None, monitored: Document | None = None) -> Document:
    """Return the row of a model in models.json; `standing` is that of the champion against the version before it.
    `monitored` says how it stands in production; a model that nobody watched does not have it.

    Whether a champion is stale depends on the whole registry, so `models_document` says it.
    """
    source = facts.source
    identity, last = source.identity, facts.channels[-1]
    champion = source.channels.get(last)
    targets = {**source.channels, **source.broken_channels}
    # What cannot be read has no value to tell, and no other version may stand in for it.
    measured = champion if last in targets else source.latest
    record = source.records.get(measured) if measured else None
    metric = identity["metric"]["name"]
    interval = record["metrics"].get(metric, {}) if record else {}
    moved = facts.last_event("channel", last) if champion else None
    return {
        "name": source.name,
        "title": identity.get("title"),
        "task": identity["task"],
        "owners": list(identity["owners"]),
        "tags": list(identity.get("tags", ())),
        "licence": identity["licence"],
        "format": record["artifact"]["format"] if record else None,
        "framework": _FRAMEWORKS[record["artifact"]["format"]] if record else None,
        "metric": {"name": metric, "goal": goal_of(metric)},
        "versions": len(source.records) + len(source.unreadable),
        "latest": source.latest,
        "channels": {name: targets[name] for name in facts.channels if targets.get(name)},
        "closed": _closed(facts, targets),
        "measured": measured if record else None,
        "value": interval.get("value"),
        "low": interval.get("low"),
        "high": interval.get("high"),
        "compared_with": compared_document(facts, standing),
        "created": record["created"] if record else None,
        "since": moved.time if moved and moved.after == champion else None,
        "badges": _badges(facts, measured, standing),
        "purpose": " ".join(identity["purpose"].split())[:_PURPOSE_LENGTH],
        "commit": facts.commit,
        **({"monitored": monitored} if monitored is not None else {}),
    }


def _closed(facts: ModelFacts, targets: Mapping[str, str | None]) -> Document:
    """Return when each channel that points to nothing was closed; one that never moved is not in it."""
    last = {name: facts.last_event("channel", name) for name in facts.channels if name not in targets}
    return {name: event.time for name, event in last.items() if event is not None and event.kind == "close"}


def _badges(facts: ModelFacts, measured: str | None, standing: str | None) -> list[str]:
    source = facts.source
    served = {*source.channels.values(), *source.broken_channels.values()}
    made_again = facts.reproduced.get(measured or "")
    return [
        *(["reproduced"] if made_again and made_again.identical else []),
        *(["yanked"] if source.statuses.keys() & served else []),
        *(["inconclusive"] if standing == "inconclusive" else []),
    ]


def count_model(facts: ModelFacts) -> Document:
    """Return what the totals of a registry add up of one model; sizes in bytes."""
    events = {event.version: event.kind for event in facts.chronicle.events if event.kind in ("propose", "withdraw")}
    source, last = facts.source, facts.channels[-1]
    records = source.records.values()
    return {
        "models": 1,
        "models_unreadable": int(not source.identity),
        "champions": int(last in source.channels or last in source.broken_channels),
        "champions_unreadable": int(last in source.broken_channels),
        "versions": len(source.records) + len(source.unreadable),
        "yanked": len(source.statuses.keys() & (source.records.keys() | source.unreadable)),
        "withdrawn": sum(kind == "withdraw" for kind in events.values()),
        "files_size": sum(file.size for record in records for file in stored_files(record)),
    }


def models_document(
    rows: Iterable[Document],
    counts: Iterable[Document],
    chronicle: Chronicle,
    *,
    attention: Iterable[Document] = (),
    broken: Iterable[Document] = (),
) -> Document:
    """Return every model in a row of its own, what they add up to, what needs `attention`, and what is broken."""
    totals = dict.fromkeys(_TOTALS, 0)
    for counted in counts:
        for key in totals:
            totals[key] += counted[key]
    updated = format_moment(chronicle.last.time) if chronicle.last else None
    aged = [_with_age(row, updated) for row in sorted(rows, key=lambda row: str(row["name"]))]
    return {
        "$schema": "schemas/api-models.schema.json",
        "commit": chronicle.last.oid if chronicle.last else None,
        "totals": totals,
        "updated": updated,
        "attention": in_order([*attention, *(_stale(row) for row in aged if "stale" in row["badges"])]),
        "models": aged,
        "broken": sorted(broken, key=lambda entry: (entry["path"], entry["line"], entry["message"])),
    }


def _with_age(row: Document, updated: str | None) -> Document:
    """Mark a champion that was made long before the registry last changed: nothing here depends on today's date."""
    if updated is None or row["since"] is None:
        return row
    try:
        age = datetime.fromisoformat(updated) - datetime.fromisoformat(row["created"])
    except ValueError:  # what fits the schema may still be in no calendar
        return row
    return {**row, "badges": [*row["badges"], "stale"]} if age > STALE_AFTER else row


def _stale(row: Document) -> Document:
    sentence = f"{row['measured']} was made more than {count(STALE_AFTER.days, 'day')} before the registry last changed"
    return item("stale", "medium", row["name"], sentence, version=row["measured"], since=row["created"])


def audit_document(chronicle: Chronicle, approvals: Mapping[tuple[str, str], Approved]) -> Document:
    """Return everything that happened, newest first; `approvals` has what tags tell, by model and commit."""
    events = [
        {
            "kind": event.kind,
            "model": event.model,
            "version": event.version,
            "channel": event.channel,
            "from": event.before,
            "to": event.after,
            "reason": event.reason,
            "sentence": event_sentence(
                event.kind,
                version=event.version,
                channel=event.channel,
                before=event.before,
                after=event.after,
                reason=event.reason and plain_text(event.reason),
            ),
            **committed(event),
            **_approval(event, approvals.get((event.model, event.commit))),
        }
        for event in reversed(chronicle.events)
    ]
    return {
        "$schema": "schemas/api-audit.schema.json",
        "commit": chronicle.last.oid if chronicle.last else None,
        "events": events,
    }


def _approval(event: Event, approved: Approved | None) -> Document:
    """Return what a tag tells of the change that an event came with; nothing where there is no such tag."""
    if approved is None:
        return {}
    named = parse_pull_request(event.subject)
    return {
        "pull_request": approved.pull_request if named is None else named,
        "approval": {
            "approvers": [written(name) for name in approved.approvers],
            "approved_before": [written(name) for name in approved.approved_before],
            "review": written(review) if isinstance(review := (approved.review or {}).get("conclusion"), str) else None,
            "sentence": written(approval_sentence(approved)),
        },
    }
