"""Judge what moves channels back and what ends a version: rollback, withdraw and yank. Evaluates no model."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mintmark.core.judgement.checks import CheckVerdict
from mintmark.core.judgement.review import Subject, Table
from mintmark.errors import MintmarkError
from mintmark.judging.fetched import fetch_noted, note_other_rows

if TYPE_CHECKING:
    from mintmark.judging.draft import Draft
    from mintmark.judging.span import Span


def review_rollback(span: Span, draft: Draft) -> None:
    """R5: history proves that the version held the channel, and its bytes are there. Nothing is evaluated."""
    for subject in draft.subjects:
        model, version, channel = subject.model, subject.version, str(subject.channel)
        if version is None:
            verdict: CheckVerdict = "decide" if channel == span.settings.last_channel else "pass"
            message = f"{channel} of {model} points to no version any more, as before its first promotion"
            draft.note("history", verdict, message)
            continue
        draft.note("history", "pass", f"{model} {version} held {channel} before: this is a rollback")
        try:
            fetch_noted(span, draft, span.before, span.before.record(model, version))
        except MintmarkError as error:
            draft.note("bytes", "fail", str(error))
        back = subject.incumbent
        draft.next_steps.append(f"To return: mintmark promote {model}@{back} {channel}" if back else "Merge it")


def review_withdrawal(span: Span, draft: Draft) -> None:
    """A version that leaves the registry: who was on it, and what stands in its place."""
    subject = draft.subjects[0]
    model, version = subject.model, str(subject.version)
    note_other_rows(span, draft)
    _tell_channels(span, draft, model)
    for channel, target in span.before.channels(model).items():
        now = span.after.channel(model, channel)
        if target != version or now == version:
            continue
        if now is None and channel == span.settings.last_channel:
            draft.note("champion", "decide", f"{channel} of {model} is left without any version: the champion goes")
        elif now is not None:
            review_rollback(span, _only(draft, Subject(model=model, version=now, incumbent=version, channel=channel)))
    draft.next_steps.append(f"The number {version} is burnt: it may come back with the same files only")


def _only(draft: Draft, subject: Subject) -> Draft:
    """Return a draft about one subject that writes into the same lists."""
    return replace(draft, subjects=[subject])


def review_yank(span: Span, draft: Draft) -> None:
    """A version that nobody should use any more: who is on it, and what they should use instead."""
    for subject in draft.subjects:
        model, version = subject.model, str(subject.version)
        before, after = (side.status(model, version) for side in (span.before, span.after))
        if after is None:
            message = f"{model} {version} may be used again; it was yanked because: {before.reason if before else '?'}"
            draft.note("status", "decide", message)
            continue
        draft.note("status", "pass", f"{model} {version} is yanked: {after.reason.strip()}")
        users = [name for name, target in span.after.channels(model).items() if target == version]
        if users:
            draft.note("channels", "fail", f"{' and '.join(users)} still point to {model} {version}; roll back first")
        instead = after.replacement
        if instead is None:
            draft.next_steps.append(f"Tell those who use {model} {version} what to use instead: replacement: VERSION")
        elif str(instead) not in {str(v) for v in span.after.versions(model)} or str(instead) == version:
            draft.note("replacement", "fail", f"the replacement {instead} is not another version of {model}")
        elif str(instead) in span.after.yanked(model):
            draft.note("replacement", "fail", f"the replacement {instead} of {model} {version} is yanked as well")
        else:
            draft.next_steps.append(f"Whoever pulled {model} {version} should pull {model}@{instead}")
        _tell_channels(span, draft, model)


def _tell_channels(span: Span, draft: Draft, model: str) -> None:
    before, after = span.before.channels(model), span.after.channels(model)
    rows = [(name, before.get(name, "none"), after.get(name, "none")) for name in {**before, **after}]
    if rows:
        draft.tables.append(Table(title=f"Channels of {model}", header=("channel", "before", "after"), rows=rows))
