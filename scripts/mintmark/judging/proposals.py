"""Judge a version that is proposed or promoted: its records, its bytes, and its model against another one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mintmark.core import layout
from mintmark.core.comparison import compare_records
from mintmark.core.judgement.review import LineageStep, Subject, Table
from mintmark.errors import InvalidRegistryError, MintmarkError
from mintmark.judging.agreement import check_agreement
from mintmark.judging.cases import build_case, names_other_rows
from mintmark.judging.detours import note_rewrites
from mintmark.judging.draft import short
from mintmark.judging.fetched import fetch_noted, note_other_rows
from mintmark.judging.trial import hold_trial
from mintmark.judging.uses import count_uses

if TYPE_CHECKING:
    from mintmark.core.records import VersionRecord
    from mintmark.judging.draft import Draft
    from mintmark.judging.fetched import FetchedVersion
    from mintmark.judging.span import Span
    from mintmark.registry.clone import ClonedRegistry


def review_proposal(span: Span, draft: Draft) -> None:
    """A new version: its record, its bytes, and its model against the champion."""
    subject = draft.subjects[0]
    model, version = subject.model, str(subject.version)
    record = span.after.record(model, version)
    draft.summary = record.summary
    champion = _standing_version(span, draft, model, span.settings.last_channel)
    draft.subjects = [Subject(model=model, version=version, incumbent=champion, channel=subject.channel)]
    candidate = fetch_noted(span, draft, span.after, record)
    _note_lineage(draft, record)
    _note_differences(span, draft, record, champion)
    if candidate is None:
        return
    note_other_rows(span, draft, judged=model)
    note_rewrites(span, draft, model, version)
    if draft.note_findings("dvc.lock", check_agreement(span.after, record, candidate.files)):
        draft.note("dvc.lock", "pass", "the record, dvc.lock and the files at the head agree")
    if names_other_rows(record):
        path = layout.version_path(model, version)
        draft.note("evaluation data", "fail", "the lineage names other evaluation rows than the stored ones", path)
    _hold(span, draft, candidate, span.after, champion, proposed=True)
    draft.uses += count_uses(span, record, proposed=True)
    if not draft.has_failed:
        draft.next_steps.append(f"After the merge: mintmark promote {model}@{version} {_next_channel(span, subject)}")


def review_promotion(span: Span, draft: Draft) -> None:
    """A registered version that enters a channel: the same comparison, with the version that is there now."""
    subject = draft.subjects[0]
    model, version, channel = subject.model, str(subject.version), str(subject.channel)
    incumbent = _standing_version(span, draft, model, channel)
    draft.subjects = [Subject(model=model, version=version, incumbent=incumbent, channel=channel)]
    try:
        record = span.before.record(model, version)
    except InvalidRegistryError as error:
        draft.note_findings("record", error.findings)
        return
    except MintmarkError as error:
        draft.note("record", "fail", str(error))
        return
    draft.summary = record.summary
    candidate = fetch_noted(span, draft, span.before, record)
    _note_lineage(draft, record)
    _note_differences(span, draft, record, incumbent)
    if candidate is None:
        return
    _hold(span, draft, candidate, span.before, incumbent, proposed=False)
    draft.uses += count_uses(span, record, proposed=False)
    if not draft.has_failed:
        back = f"mintmark rollback {model} {channel}" if incumbent else "git revert of the merge"
        draft.next_steps.append(f"To undo it after the merge: {back}")


def _next_channel(span: Span, subject: Subject) -> str:
    names = [rule.name for rule in span.settings.channels]
    entered = subject.channel == span.settings.first_channel
    return names[1] if entered and len(names) > 1 else names[0]


def _standing_version(span: Span, draft: Draft, model: str, channel: str) -> str | None:
    """Return the version that a channel of the base points to."""
    target = span.before.channel(model, channel)
    if target is None or target in {str(version) for version in span.before.versions(model)}:
        return target
    draft.note("champion", "decide", f"{channel} of the base points to {model} {target}, which is not there to compare")
    return None


def _hold(
    span: Span, draft: Draft, candidate: FetchedVersion, side: ClonedRegistry, incumbent: str | None, *, proposed: bool
) -> None:
    try:
        case = build_case(span, draft, candidate, side, incumbent, proposed=proposed)
        if case is None:
            return
        trial = hold_trial(case)
    except InvalidRegistryError as error:
        draft.note_findings("model", error.findings)
        return
    except MintmarkError as error:
        draft.note("model", "fail", str(error))
        return
    draft.checks += trial.checks
    draft.evaluations += trial.evaluations
    draft.behaviour += trial.behaviour
    draft.cost += trial.cost
    draft.isolation = trial.isolation


def _note_lineage(draft: Draft, record: VersionRecord) -> None:
    for name, stage in record.document["stages"].items():
        command = stage["cmd"] if isinstance(stage["cmd"], str) else " && ".join(map(str, stage["cmd"]))
        inputs, outputs = (tuple(sorted(stage.get(side, {}).items())) for side in ("deps", "outs"))
        draft.lineage.append(LineageStep(stage=name, command=command, inputs=inputs, outputs=outputs))


def _note_differences(span: Span, draft: Draft, record: VersionRecord, other: str | None) -> None:
    if other is None or other == str(record.version):
        return
    found = compare_records(span.before.record(record.model, other).document, record.document)
    for part in ("parameters", "data", "code", "environment", "signature"):
        rows = [(d.name, short(d.first), short(d.second)) for d in getattr(found, part)]
        if rows:
            draft.tables.append(Table(title=part.capitalize(), header=(part, other, str(record.version)), rows=rows))
