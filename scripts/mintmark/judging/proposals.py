"""Judge a version that is proposed or promoted: its records, its bytes, and its model against another one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mintmark.core import layout
from mintmark.core.comparison import PARTS, compare_records
from mintmark.core.judgement.opinion import Opinion, found, found_faults, short
from mintmark.core.judgement.review import LineageStep, Subject, Table
from mintmark.core.provenance.training import WHY_ELSEWHERE, is_trained_elsewhere, tells_training
from mintmark.core.words.numbers import capital
from mintmark.judging.agreement import check_agreement
from mintmark.judging.deadline import begin_model
from mintmark.judging.fetched import fetch_judged, judge_other_rows, names_other_rows
from mintmark.judging.hearing import attempt, heard
from mintmark.judging.record_claims import judge_record
from mintmark.judging.said_versions import judge_said
from mintmark.judging.trials.running import start_model
from mintmark.judging.uses import count_uses
from mintmark.judging.worked_out import work_out_rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mintmark.artifacts.confined.model_runner import ModelProcess
    from mintmark.core.judgement.review import Uses
    from mintmark.core.records import VersionRecord
    from mintmark.judging.fetched import FetchedVersion
    from mintmark.judging.hearing import Judging
    from mintmark.judging.span import Span
    from mintmark.judging.trials.clean_rows import TrainingRows
    from mintmark.registry.clone import ClonedRegistry


def judge_proposal(span: Span, subjects: Sequence[Subject], *, reproduce: bool = False) -> Judging[None]:
    """A new version: its record, its bytes, and its model against the champion.

    With `reproduce`, versions that it is held against and that keep no digests of training rows are asked for them.
    """
    subject = subjects[0]
    model, version = subject.model, str(subject.version)
    record = span.after.record(model, version)
    champion = yield from _standing_version(span, model, span.settings.last_channel)
    about = Subject(model=model, version=version, incumbent=champion, channel=subject.channel)
    yield Opinion(subjects=(about,), summary=record.summary)
    candidate = yield from fetch_judged(span, span.after, record)
    yield Opinion(lineage=_lineage(record), tables=_differences(span.before, champion, span.after, record))
    if candidate is None:
        return
    claims = span.after.read("metrics", layout.metrics_path(model, version))
    said_by = (claims.data or {}).get("said_by") if claims is not None else None
    if said_by:
        yield judge_said(record, said_by, channel=subject.channel)
        return
    counted = yield from judge_record(span, record, candidate.files)
    yield _training(span.before, champion, record)
    yield from judge_other_rows(span, judged=model)
    uses = count_uses(span, record, proposed=True)
    sides = (champion, span.anchor(model))
    known = (yield from work_out_rows(span, model, sides)) if reproduce else {}
    # The model's process takes a second to get ready, and so does what this process imports.
    with start_model(candidate, span.settings.trusted_names) as process:
        import mintmark.judging.trials.trial  # noqa: F401
        from mintmark.judging.stored_digests import judge_digests
        from mintmark.judging.stored_tables import judge_tables

        faults = found_faults("dvc.lock", check_agreement(span.after, record))
        agree = found("dvc.lock", "pass", "the record, dvc.lock, dvc.yaml and the files at the head agree")
        yield faults if faults.checks else agree
        yield from heard(judge_tables(span, candidate), "predictions")
        digests = yield from heard(judge_digests(span, candidate, counted), "record")
        known[candidate.name] = digests or "its digests cannot be read"
        if names_other_rows(record):
            path = layout.version_path(model, version)
            yield found("evaluation data", "fail", "the lineage names other evaluation rows than the stored ones", path)
        yield from _hold(span, candidate, process, span.after, champion, proposed=True, uses=uses, known=known)
    next_step = f"After the merge: mintmark promote {model}@{version} {_next_channel(span, subject)}"
    yield Opinion(uses=uses, next_if_passed=(next_step,))


def judge_promotion(span: Span, subjects: Sequence[Subject], *, reproduce: bool = False) -> Judging[None]:
    """A registered version that enters a channel: the same comparison, with the version that is there now.

    With `reproduce`, each side that keeps no digests of training rows is asked for them.
    """
    subject = subjects[0]
    model, version, channel = subject.model, str(subject.version), str(subject.channel)
    incumbent = yield from _standing_version(span, model, channel)
    yield Opinion(subjects=(Subject(model=model, version=version, incumbent=incumbent, channel=channel),))
    record = yield from attempt(lambda: span.before.record(model, version), "record")
    if record is None:
        return
    yield Opinion(summary=record.summary)
    candidate = yield from fetch_judged(span, span.before, record)
    yield Opinion(lineage=_lineage(record), tables=_differences(span.before, incumbent, span.before, record))
    if candidate is None:
        return
    uses = count_uses(span, record, proposed=False)
    sides = (version, incumbent, span.anchor(model))
    known = (yield from work_out_rows(span, model, sides)) if reproduce else {}
    with start_model(candidate, span.settings.trusted_names) as process:
        yield from _hold(span, candidate, process, span.before, incumbent, proposed=False, uses=uses, known=known)
    back = f"mintmark rollback {model} {channel}" if incumbent else "git revert of the merge"
    yield Opinion(uses=uses, next_if_passed=(f"To undo it after the merge: {back}",))


def _next_channel(span: Span, subject: Subject) -> str:
    names = [rule.name for rule in span.settings.channels]
    entered = subject.channel == span.settings.first_channel
    return names[1] if entered and len(names) > 1 else names[0]


def _standing_version(span: Span, model: str, channel: str) -> Judging[str | None]:
    """Return the version that a channel of the base points to."""
    target = span.before.channel(model, channel)
    if target is None or target in {str(version) for version in span.before.versions(model)}:
        return target
    message = f"{channel} of the base points to {model} {target}, which is not there to compare with"
    yield found("champion", "decide", message)
    return None


def _hold(
    span: Span,
    candidate: FetchedVersion,
    process: ModelProcess | None,
    side: ClonedRegistry,
    incumbent: str | None,
    *,
    proposed: bool,
    uses: Sequence[Uses],
    known: Mapping[str, TrainingRows | str],
) -> Judging[None]:
    from mintmark.judging.trials.cases import build_case
    from mintmark.judging.trials.trial import hold_trial

    begin_model()
    building = build_case(span, candidate, side, incumbent, proposed=proposed, uses=uses, known=known)
    case = yield from heard(building, "model")
    if case is not None:
        yield from heard(hold_trial(case, process), "model")


def _training(before: ClonedRegistry, champion: str | None, record: VersionRecord) -> Opinion:
    """R11: whose training nobody here knows of enters by a person's decision alone."""
    if tells_training(record.document["data"]):
        return Opinion()
    why = "its data.json names no training table, so nobody can tell on which rows it was trained"
    if is_trained_elsewhere(record.document):
        why = WHY_ELSEWHERE
    told = champion is not None and tells_training(before.record(record.model, champion).document["data"])
    beside = f"; {record.model}@{champion} of the base tells it" if told else ""
    message = f"{record.reference}: {why}{beside}. Approve it only if you know"
    return found("clean rows", "decide", message, layout.version_path(record.model, str(record.version)))


def _lineage(record: VersionRecord) -> tuple[LineageStep, ...]:
    return tuple(
        LineageStep(
            stage=name,
            command=" && ".join(stage.commands),
            inputs=tuple(sorted(stage.deps.items())),
            outputs=tuple(sorted(stage.outs.items())),
        )
        for name, stage in record.stages.items()
    )


def _differences(
    before: ClonedRegistry, other: str | None, after: ClonedRegistry, record: VersionRecord
) -> tuple[Table, ...]:
    """Return what a record differs in from another version, in the parts in which `mintmark compare` tells it."""
    if other is None or other == str(record.version):
        return ()
    changes = compare_records(
        before.record(record.model, other).document,
        record.document,
        measured=(_measured(before, record.model, other), _measured(after, record.model, str(record.version))),
    )
    tables = []
    for part, words in PARTS.items():
        rows = [(d.name, short(d.first), short(d.second)) for d in getattr(changes, part)]
        if rows:
            tables.append(Table(title=capital(words), header=(words, other, str(record.version)), rows=rows))
    return tuple(tables)


def _measured(side: ClonedRegistry, model: str, version: str) -> Mapping[str, Any] | None:
    """Return metrics.json; None for a broken one, of which the rules tell."""
    document = side.read("metrics", layout.metrics_path(model, version))
    return None if document is None else document.data
