"""What the documents say of a model's champion, and of the version that was there before it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mintmark.core.comparison import basis_of
from mintmark.core.records import stored_files
from mintmark.publishing.site.api.model_documents import previous_holder, version_row
from mintmark.publishing.site.embedded_files import published_name

if TYPE_CHECKING:
    from mintmark.publishing.site.api.json_text import Document
    from mintmark.publishing.site.api.model_documents import ModelFacts


def champion_document(facts: ModelFacts, standing: str | None) -> Document | None:
    """Return what holds the last channel, for the index, with its row, which may stand on a further page of it.

    `url` is where its artifact lies, relative to the index.
    """
    channel = facts.channels[-1]
    version = facts.source.channels.get(channel)
    if version is None:
        return None
    artifact = stored_files(facts.source.records[version])[0].name
    carried = (version, artifact) in facts.published
    return {
        "channel": channel,
        "version": version,
        "row": version_row(facts, version),
        "before": before_document(facts, standing),
        "url": f"versions/{version}/{published_name(artifact)}" if carried else None,
    }


def before_document(facts: ModelFacts, standing: str | None) -> Document | None:
    """Return the version before the champion beside it; `standing` is what a paired test says of the champion."""
    source, channel = facts.source, facts.channels[-1]
    version, champion = previous_holder(facts, channel), source.channels.get(channel)
    if champion is None or version is None:
        return None
    metric = source.identity["metric"]["name"]
    ours, theirs = (source.records[side]["metrics"].get(metric) for side in (champion, version))
    if not ours or theirs is None:
        return None
    same = basis_of(source.records[version], source.records[champion]) == "same rows"
    return {
        "version": version,
        "value": theirs["value"],
        "low": theirs.get("low"),
        "high": theirs.get("high"),
        "rows": "same" if same else "other",
        "difference": round(ours["value"] - theirs["value"], 10) if same else None,
        "standing": standing if same else None,
    }
