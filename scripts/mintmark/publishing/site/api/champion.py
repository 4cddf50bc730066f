"""What the documents say of a model's champion, and of the version that a rollback of it goes to. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mintmark.core.comparison import basis_of
from mintmark.core.records import stored_files
from mintmark.publishing.site.api.model_documents import rollback_to, version_review, version_row
from mintmark.publishing.site.embedded_files import published_name

if TYPE_CHECKING:
    from mintmark.publishing.site.api.json_text import Document
    from mintmark.publishing.site.api.model_facts import ModelFacts


def champion_document(facts: ModelFacts, standing: str | None) -> Document | None:
    """Return what holds the last channel, for the index, with its review and row, which may stand on a further page.

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
        "review": version_review(facts, version),
        "compared_with": compared_document(facts, standing),
        "url": f"versions/{version}/{published_name(artifact)}" if carried else None,
    }


def compared_document(facts: ModelFacts, standing: str | None) -> Document | None:
    """Return the version that a rollback goes to, beside the champion; `standing` is what a paired test says."""
    source, channel = facts.source, facts.channels[-1]
    version, champion = rollback_to(facts, channel), source.channels.get(channel)
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
