"""Judge what moves channels back and what ends a version: rollback, withdraw and yank. Evaluates no model."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from mintmark.core import layout
from mintmark.core.judgement.opinion import Opinion, found
from mintmark.core.judgement.review import Subject, Table
from mintmark.core.words.numbers import count
from mintmark.judging.fetched import judge_other_rows
from mintmark.judging.hearing import attempt
from mintmark.registry.stored.proof import prove_bytes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mintmark.core.records import Status, VersionRecord
    from mintmark.judging.hearing import Judging
    from mintmark.judging.span import Span


def judge_rollback(span: Span, subjects: Sequence[Subject]) -> Judging[None]:
    """R5: history proves that the version held the channel, and its bytes are there. Nothing is evaluated."""
    for subject in subjects:
        model, version, channel = subject.model, subject.version, str(subject.channel)
        if version is None:
            message = f"{channel} of {model} points to no version any more, as before its first promotion"
            yield found("history", "decide" if channel == span.settings.last_channel else "pass", message)
            continue
        yield found("history", "pass", f"{model} {version} held {channel} before: this is a rollback")
        record = yield from attempt(partial(span.before.record, model, version), "record")
        if record is not None:
            yield from _prove(span, record)
        back = subject.incumbent
        yield Opinion(next_steps=(f"To return: mintmark promote {model}@{back} {channel}" if back else "Merge it",))


def _prove(span: Span, record: VersionRecord) -> Judging[None]:
    """All that a rollback is asked (R5): a remote has every file as the record says."""
    faults = prove_bytes(span.store(span.before), record)
    path = layout.version_path(record.model, str(record.version))
    for fault in faults.values():
        yield found("bytes", "fail", fault, path)
    if not faults:
        files = len(record.stored_files)
        yield found("bytes", "pass", f"all {files} files of {record.reference} are there and match their sha256")


def judge_withdrawal(span: Span, subjects: Sequence[Subject]) -> Judging[None]:
    """A version that leaves the registry: who was on it, and what stands in its place."""
    subject = subjects[0]
    yield from judge_other_rows(span)
    if subject.version is None:
        yield _farewell(span, subject.model)
        return
    model, version = subject.model, subject.version
    yield _channels(span, model)
    for channel, target in span.before.channels(model).items():
        now = span.after.channel(model, channel)
        if target != version or now == version:
            continue
        if now is None and channel == span.settings.last_channel:
            yield found("champion", "decide", f"{channel} of {model} is left without any version: the champion goes")
        elif now is not None:
            yield from judge_rollback(span, [Subject(model=model, version=now, incumbent=version, channel=channel)])
    yield Opinion(next_steps=(f"The number {version} is burnt. It may come back with the same files only.",))


def _farewell(span: Span, model: str) -> Opinion:
    """A whole model that leaves the registry, from which the rules know that no channel points to it."""
    names = [str(version) for version in span.before.versions(model)]
    message = f"{model} leaves the registry with {count(len(names), 'version')}; their numbers are burnt"
    step = f"Whoever pulls {model} by a number finds it no more. It comes back by a revert of this change only."
    return found("model", "decide", message, layout.model_path(model)) + Opinion(next_steps=(step,))


def judge_yank(span: Span, subjects: Sequence[Subject]) -> Judging[None]:
    """A version that nobody should use any more: who is on it, and what they should use instead."""
    for subject in subjects:
        model, version = subject.model, str(subject.version)
        before, after = (side.status(model, version) for side in (span.before, span.after))
        if after is None:
            was = before.reason if before else "?"
            yield found("status", "decide", f"{model} {version} may be used again; it was yanked because: {was}")
            continue
        yield found("status", "pass", f"{model} {version} is yanked: {after.reason.strip()}")
        users = [name for name, target in span.after.channels(model).items() if target == version]
        if users:
            message = f"{' and '.join(users)} still point to {model} {version}; roll back first"
            yield found("channels", "fail", message)
        yield _replacement(span, model, version, after)
        yield _channels(span, model)


def _replacement(span: Span, model: str, version: str, status: Status) -> Opinion:
    instead = status.replacement
    if instead is None:
        step = f"Tell those who use {model} {version} what to use instead: replacement: VERSION"
        return Opinion(next_steps=(step,))
    if str(instead) not in {str(v) for v in span.after.versions(model)} or str(instead) == version:
        return found("replacement", "fail", f"the replacement {instead} is not another version of {model}")
    if str(instead) in span.after.yanked(model):
        return found("replacement", "fail", f"the replacement {instead} of {model} {version} is yanked as well")
    return Opinion(next_steps=(f"Whoever pulled {model} {version} should pull {model}@{instead}",))


def _channels(span: Span, model: str) -> Opinion:
    before, after = span.before.channels(model), span.after.channels(model)
    rows = [(name, before.get(name, "none"), after.get(name, "none")) for name in {**before, **after}]
    table = Table(title=f"Channels of {model}", header=("channel", "before", "after"), rows=rows)
    return Opinion(tables=(table,) if rows else ())
