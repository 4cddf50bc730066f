"""Everything that a site holds of one model, written: its documents, pages, charts, badges and files."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mintmark.core import layout
from mintmark.core.finding import Finding
from mintmark.core.model import Model
from mintmark.core.records import Interval, Status, VersionRecord, stored_files
from mintmark.publishing.card.model_card import CardSource, format_card
from mintmark.publishing.site.api.attention import attention, in_order, unreadable
from mintmark.publishing.site.api.badges import format_badge
from mintmark.publishing.site.api.broken import in_a_sentence
from mintmark.publishing.site.api.champion import champion_document, compared_document
from mintmark.publishing.site.api.choices import choices
from mintmark.publishing.site.api.database_rows import version_rows
from mintmark.publishing.site.api.json_text import Document, format_document
from mintmark.publishing.site.api.lineage_documents import lineage_name, model_lineage
from mintmark.publishing.site.api.model_documents import (
    channel_documents,
    curve_documents,
    index_documents,
    rollback_to,
    unreadable_documents,
    version_documents,
)
from mintmark.publishing.site.api.model_facts import ModelFacts
from mintmark.publishing.site.api.registry_documents import count_model, model_row
from mintmark.publishing.site.drawing.charts import Point, metric_chart
from mintmark.publishing.site.drawing.curve_drawing import CurveDrawing
from mintmark.publishing.site.drawing.tradeoffs import tradeoff_charts
from mintmark.publishing.site.embedded_files import published_name
from mintmark.publishing.site.frames.search import SearchEntry
from mintmark.publishing.site.model_result import ModelResult
from mintmark.publishing.site.model_source import read_source
from mintmark.publishing.site.monitored.alarm_items import alarm_items
from mintmark.publishing.site.monitored.documents import monitored
from mintmark.publishing.site.monitored.model_windows import ModelWindows, read_windows
from mintmark.publishing.site.monitored.writing import write_monitoring
from mintmark.publishing.site.pages.lost.broken_page import broken_model_page, broken_version_page
from mintmark.publishing.site.pages.lost.withdrawn_page import withdrawn_page
from mintmark.publishing.site.pages.model_page import model_page
from mintmark.publishing.site.pages.texts import plain_text
from mintmark.publishing.site.pages.version_page import version_page
from mintmark.publishing.site.site_plan import API
from mintmark.publishing.site.stored.curve_corners import NO_CORNERS
from mintmark.publishing.site.stored.summaries import read_summaries

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from mintmark.monitoring.stored.files import StoredFiles
    from mintmark.publishing.site.drawing.curve_drawing import Drawn
    from mintmark.publishing.site.model_source import ModelSource
    from mintmark.publishing.site.site_plan import SitePlan
    from mintmark.registry.derived_cache import DerivedCache
    from mintmark.registry.git import Entry
    from mintmark.registry.past.approvals import ToldTag
    from mintmark.registry.past.chronicle import ModelChronicle
    from mintmark.registry.past.notes import Reproduced

CARDS = 3  # the newest versions that have a card in a file of its own, besides those in channels


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelJob:
    """One model to be written: its files in the tree, its past, its tags, what notes say by the blob id of a record.

    `stored` are the documents of its windows. Those that end after `before` are left out.
    """

    name: str
    entries: Mapping[str, Entry]
    chronicle: ModelChronicle
    notes: Mapping[str, Reproduced]
    tags: Sequence[ToldTag] = ()
    stored: StoredFiles | None = None
    before: datetime | None = None


def write_model(plan: SitePlan, job: ModelJob, cache: DerivedCache) -> ModelResult:
    """Write one model's part of the site and return what the rest of the site tells of it."""
    source = read_source(job.name, job.entries, plan.blobs)
    _note_undeclared(plan, source)
    result = ModelResult(job.name, findings=source.findings)
    notes = {version: job.notes[oid] for version, oid in source.oids.items() if oid in job.notes}
    carried = _write_files(plan, source)  # which may find more that is wrong
    drawing = CurveDrawing(plan.files, cache, source, source.channels.get(plan.channels[-1]))
    curves = drawing.curves() if source.identity else {}
    facts = ModelFacts(
        source=source,
        chronicle=job.chronicle,
        channels=plan.channels,
        published=frozenset(carried.published),
        proved=carried.proved,
        reproduced=notes,
        tags=job.tags,
        summaries=read_summaries(plan.files, cache, source, drawing.counted) if source.identity else {},
        corners={version: drawn.corners for version, drawn in curves.items() if drawn.corners != NO_CORNERS},
    )
    seen = read_windows(job.stored, job.name, source.channels, job.before)
    documents = {document["version"]: document for document in version_documents(facts)}
    broken = {document["version"]: document for document in unreadable_documents(facts)}
    result.counts = count_model(facts)
    result.lineage = model_lineage(facts)
    for number, page in enumerate(result.lineage, start=1):
        plan.write(f"{API}/models/{source.name}/{lineage_name(number)}", format_document(page))
    result.rows = [version_rows(document) for document in documents.values()]
    used = {*source.channels.values(), source.latest}
    result.entries = [
        _model_entry(facts),
        *(_version_entry(document, searched=version in used) for version, document in documents.items()),
        *(_version_entry(document, searched=True) for document in broken.values()),
    ]
    if source.identity:
        last = plan.channels[-1]
        standing = drawing.standing(source.channels.get(last), rollback_to(facts, last))
        _write_readable(plan, facts, documents, curves, standing, seen, result)
    else:
        result.attention = list(unreadable(facts))
        result.pages = index_documents(facts, attention=result.attention)
    _write_documents(plan, facts, {**documents, **broken}, result.pages)
    _write_broken_pages(plan, result.pages[0], broken if source.identity else {**documents, **broken})
    _write_withdrawn_pages(plan, result.pages[0])
    result.broken = facts.broken
    result.findings = [*source.findings, *seen.findings]
    return result


def _write_readable(
    plan: SitePlan,
    facts: ModelFacts,
    documents: Mapping[str, Document],
    curves: Mapping[str, Drawn],
    standing: str | None,
    seen: ModelWindows,
    result: ModelResult,
) -> None:
    """Write the pages of a model whose model.yaml can be read, and of its versions; tell its row and index."""
    alarms = alarm_items(seen, facts.source.name, facts.channels)
    result.attention = in_order([*attention(facts, compared_document(facts, standing)), *alarms])
    result.pages = index_documents(
        facts,
        champion=champion_document(facts, standing),
        attention=result.attention,
        choices=choices(facts, plan.config["channels"]),
    )
    result.row = model_row(facts, standing=standing, monitored=monitored(seen, facts.channels[-1]))
    _write_model_page(plan, facts, result.pages[0], seen)
    if seen:
        result.entries.append(write_monitoring(plan, result.pages[0], seen))
    _write_version_pages(plan, facts, result.pages[0], documents, curves)
    _write_cards(plan, facts)


def _note_undeclared(plan: SitePlan, source: ModelSource) -> None:
    """Note channels that the settings do not have: no page could say what place they have among the others."""
    for channel in sorted((source.channels.keys() | source.broken_channels.keys()) - {*plan.channels}):
        message = f'this registry has no channel "{channel}"; its channels are {", ".join(plan.channels)}'
        path = layout.channel_path(source.name, channel)
        source.findings.append(Finding(path=path, line=1, message=message))


@dataclass(slots=True)
class _Carried:
    """What the site carries of a model's stored files, as version and name, and whether all of a version were right."""

    published: list[tuple[str, str]] = field(default_factory=list)
    proved: dict[str, bool] = field(default_factory=dict)


def _write_files(plan: SitePlan, source: ModelSource) -> _Carried:
    """Write the stored files that the tree carries; those of a store elsewhere are neither there nor looked at."""
    wanted = set(source.records) if plan.publishes_all else {*source.channels.values(), source.latest}
    carried = _Carried()
    for version in source.versions:
        if version not in wanted:
            continue
        is_covered = version.endswith(".json") and version.removesuffix(".json") in source.records
        if is_covered:
            message = "its files have no place on a site, where the document of another version has that name"
            path = layout.version_path(source.name, version)
            source.findings.append(Finding(path=path, line=1, message=message))
        folder = f"{API}/models/{source.name}/versions/{version}"
        files = {file.name: file for file in stored_files(source.records[version])}
        placed = {name: f"{folder}/{published_name(name)}" for name in files if not is_covered and "/" not in name}
        found = [name for name, file in files.items() if plan.carry(file, placed.get(name))]
        if plan.files.is_embedded:
            carried.proved[version] = len(found) == len(files)
        carried.published += [(version, name) for name in found if name in placed]
    return carried


def _write_documents(
    plan: SitePlan, facts: ModelFacts, documents: Mapping[str, Document], pages: list[Document]
) -> None:
    folder, name = f"{API}/models/{facts.source.name}", facts.source.name
    for number, page in enumerate(pages, start=1):
        plan.write(f"{folder}/index{f'-{number}' if number > 1 else ''}.json", format_document(page))
    for version, document in documents.items():
        plan.write(f"{folder}/versions/{version}.json", format_document(document))
    for version, text in curve_documents(facts):
        plan.write(f"{folder}/curves/{version}.json", text)
    held = channel_documents(facts)
    for channel, document in held.items():
        plan.write(f"{folder}/channels/{channel}.json", format_document(document))
    for channel in facts.channels:
        plan.write(f"{API}/badges/{name}/{channel}.svg", _badge(facts, channel, held.get(channel)))


def _badge(facts: ModelFacts, channel: str, held: Document | None) -> str:
    """Return the badge of a channel; one that points to nothing has one too, or a picture in a README would break."""
    moved = facts.last_event("channel", channel)
    commit = held["commit"] if held else moved.commit if moved else None
    version = held.get("version") if held else None
    yanked = version in facts.source.statuses
    broken = "; ".join(in_a_sentence(entry) for entry in held["broken"]) if held else ""
    return format_badge(facts.source.name, channel, version, yanked=yanked, broken=broken, commit=commit)


def _write_model_page(plan: SitePlan, facts: ModelFacts, index: Document, seen: ModelWindows) -> None:
    source = facts.source
    location = f"models/{source.name}/"
    identity = source.identity
    primary, metrics = identity["metric"]["name"], _metrics(facts)
    for metric in metrics:
        plan.write(f"{location}metrics/{metric}.svg", _chart(facts, metric, standalone=True))
    charts = dict.fromkeys(metrics, "") | {primary: _chart(facts, primary)} if primary in metrics else {}
    plan.write_page(
        "model",
        location,
        title=f"{identity.get('title') or source.name} ({source.name})",
        description=identity["purpose"],
        content=model_page(plan.config, index, charts, seen, tradeoffs=_tradeoffs(facts, primary)),
    )


def carded(source: ModelSource) -> set[str]:
    """Return the versions whose card is a file of the site: those in use, and the newest."""
    return {*source.channels.values(), *source.versions[:CARDS]}


def _metrics(facts: ModelFacts) -> list[str]:
    """Return the metrics that any version has, the primary one first."""
    primary = facts.source.identity["metric"]["name"]
    names = dict.fromkeys(name for record in facts.source.records.values() for name in record["metrics"])
    return sorted(names, key=lambda name: name != primary)


def _chart(facts: ModelFacts, metric: str, *, standalone: bool = False) -> str:
    source = facts.source
    return metric_chart(
        list(_points(facts, metric, up="../" if standalone else "")),
        metric=metric,
        floor=source.identity["gates"].get("floors", {}).get(metric),
        title=f"{metric} of {source.name} by version",
        standalone=standalone,
    )


def _tradeoffs(facts: ModelFacts, metric: str) -> list[str]:
    source = facts.source
    champion = source.channels.get(facts.channels[-1])
    return tradeoff_charts(
        source.records, source.metrics, source.versions, metric=metric, champion=champion, yanked=source.statuses
    )


def _points(facts: ModelFacts, metric: str, *, up: str) -> Iterator[Point]:
    source = facts.source
    champion = source.channels.get(facts.channels[-1])
    for version in reversed(source.versions):
        record = source.records[version]
        interval = Interval(**record["metrics"].get(metric, {"value": float("nan")}))
        yield Point(
            version=version,
            value=interval.value,
            low=interval.low,
            high=interval.high,
            created=record["created"],
            href=f"{up}{version}/",
            yanked=version in source.statuses,
            champion=version == champion,
            channels=[channel for channel in facts.channels if source.channels.get(channel) == version],
        )


def _write_version_pages(
    plan: SitePlan,
    facts: ModelFacts,
    index: Document,
    documents: Mapping[str, Document],
    curves: Mapping[str, Drawn],
) -> None:
    source = facts.source
    champion = documents.get(source.channels.get(facts.channels[-1], ""))
    cards = carded(source) & source.metrics.keys()
    order = list(documents)  # the highest first
    for place, (version, document) in enumerate(documents.items()):
        content = version_page(
            plan.config,
            index,
            document,
            parent=documents.get(document["record"]["parent"] or ""),
            champion=champion,
            older=order[place + 1] if place + 1 < len(order) else None,
            newer=order[place - 1] if place else None,
            curves=curves[version].charts if version in curves else (),
            has_card=version in cards,
        )
        plan.write_page(
            "version",
            f"models/{source.name}/{version}/",
            title=f"{source.name} {version}",
            description=document["record"]["summary"],
            content=content,
        )


def _write_withdrawn_pages(plan: SitePlan, index: Document) -> None:
    for version in index["withdrawn"]:
        plan.write_page(
            "version",
            f"models/{index['name']}/{version['version']}/",
            title=f"{index['name']} {version['version']}",
            description="Withdrawn: this version is no longer in the registry.",
            content=withdrawn_page(plan.config, index, version),
        )


def _write_broken_pages(plan: SitePlan, index: Document, documents: Mapping[str, Document]) -> None:
    """Write the page of each version that cannot be shown, and of the model where it cannot be."""
    name = index["name"]
    for version, document in documents.items():
        plan.write_page(
            "version",
            f"models/{name}/{version}/",
            title=f"{name} {version}",
            description="This version cannot be read.",
            content=broken_version_page(plan.config, index, document),
        )
    if "model" not in index:
        content = broken_model_page(plan.config, index, documents)
        description = "This model cannot be read."
        plan.write_page("model", f"models/{name}/", title=name, description=description, content=content)


def _write_cards(plan: SitePlan, facts: ModelFacts) -> None:
    source = facts.source
    model = Model.from_dict(source.identity)
    for version in sorted(carded(source) & source.metrics.keys()):
        status = source.statuses.get(version)
        card = CardSource(
            model=model,
            record=VersionRecord.from_dict(source.records[version]),
            measured=source.metrics[version],
            channels=tuple(channel for channel, held in source.channels.items() if held == version),
            status=Status.from_dict(status) if status else None,
        )
        plan.write(f"models/{source.name}/{version}/card.md", format_card(card))


def _model_entry(facts: ModelFacts) -> SearchEntry:
    identity = facts.source.identity
    words = ["model.yaml cannot be read"]
    if identity:
        words = [plain_text(identity["purpose"]), identity["task"], *identity["owners"], *identity.get("tags", ())]
    location = layout.model_path(facts.source.name).removesuffix("model.yaml")
    title = f"{facts.source.name}: {identity['title']}" if "title" in identity else facts.source.name
    return SearchEntry(location=location, title=title, text=" ".join(" ".join(words).split())[:1000])


def _version_entry(document: Document, *, searched: bool) -> SearchEntry:
    return SearchEntry(
        location=f"models/{document['model']}/{document['version']}/",
        title=f"{document['model']} {document['version']}",
        text=plain_text(document["record"]["summary"])[:300] if "record" in document else "cannot be read",
        searched=searched,
    )
