"""Judge what is said about models and the registry, and code: which gates and settings change. Evaluates no model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mintmark.core import layout
from mintmark.core.finding import without_credentials
from mintmark.core.judgement.goalposts import described, goalposts, needs_a_person
from mintmark.core.judgement.opinion import Opinion, found, short
from mintmark.core.judgement.review import Table
from mintmark.judging.fetched import judge_other_rows
from mintmark.registry.dvc import DVC_CONFIGS, config_values

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mintmark.core.judgement.review import Subject
    from mintmark.judging.hearing import Judging
    from mintmark.judging.span import Span


def judge_description(span: Span, subjects: Sequence[Subject]) -> Judging[None]:
    """An edited model.yaml: which gates were loosened or tightened, told in a table of before and after."""
    yield from judge_other_rows(span)
    paths = [layout.model_path(subject.model) for subject in subjects]
    before, after = (side.read_many("model", paths) for side in (span.before, span.after))  # thousands may be edited
    for subject, path in zip(subjects, paths, strict=True):
        was, now = (None if document is None else document.data for document in (before.get(path), after.get(path)))
        if now is None:
            yield found("model", "decide", f"model.yaml of {subject.model} is gone", path)
        elif was is not None:
            yield from _judge_goalposts(path, was, now)
            yield from _judge_anchor(span, subject.model, path, was, now)
        elif path in before:
            yield found("gates", "decide", "model.yaml of the base cannot be read, so look at all gates", path)
            yield from _judge_anchor(span, subject.model, path, {}, now)
        else:
            message = f"{subject.model} is a new model; its gates hold from its first version on"
            yield found("gates", "pass", message, path)
            yield from _judge_anchor(span, subject.model, path, {}, now)
            yield Opinion(next_steps=(f"After the merge: dvc repro, then mintmark propose {subject.model}",))


def _judge_goalposts(path: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Judging[None]:
    changes = goalposts(before, after)
    for change in changes:
        what = f"{change.field} is {change.effect}: {change.before} -> {change.after}"
        yield found("gates", "decide" if needs_a_person(change) else "pass", what, path)
    if changes:
        rows = [(change.field, change.before, change.after, change.effect) for change in changes]
        yield Opinion(tables=(Table(title="Gates", header=("gate", "before", "after", "effect"), rows=rows),))
    texts = described(before, after)
    if texts:
        yield Opinion(tables=(Table(title="Description", header=("field", "before", "after"), rows=texts),))
    if not changes:
        yield found("gates", "pass", "no gate, slice or behaviour test changes", path)


def _judge_anchor(
    span: Span, model: str, path: str, before: Mapping[str, Any], after: Mapping[str, Any]
) -> Judging[None]:
    """An anchor moves to the present champion and nowhere else: to a weaker version it would be a goalpost."""
    champion = span.before.channel(model, span.settings.last_channel)
    first = span.history(model).first_holder(span.settings.last_channel)
    old, anchor = (document.get("anchor") or first for document in (before, after))
    if anchor not in (old, champion):
        where = f"{champion}, which holds {span.settings.last_channel}" if champion else "no version yet"
        yield found("gates", "fail", f"anchor may move to {where}, and not to {short(anchor)}", path)


def judge_code(span: Span, subjects: Sequence[Subject]) -> Judging[None]:
    """Code, pipeline and documents: the settings of the registry, and the rows of later proposals."""
    assert not subjects
    yield from judge_other_rows(span)
    if any(change.path == layout.REGISTRY for change in span.paths):
        yield from _judge_settings(span)
    for path in DVC_CONFIGS:
        if any(change.path == path for change in span.paths):
            yield from _judge_remotes(span, path)


_MOST_OPTIONS = 10
_SETTINGS = (
    "channels",
    "trusted_types",
    "trusted_operators",
    "file_limit",
    "store_limit",
    "base_branch",
    "kserve",
    "kubernetes",
)


def _judge_settings(span: Span) -> Judging[None]:
    before, after = span.before.settings, span.after.settings
    rows = []
    for name in _SETTINGS:
        old, new = getattr(before, name), getattr(after, name)
        if old != new:
            rows.append((name, _setting(old), _setting(new)))
            yield found("settings", "decide", f"{name} changes: {_setting(old)} -> {_setting(new)}", layout.REGISTRY)
    if rows:
        yield Opinion(tables=(Table(title="Settings", header=("setting", "before", "after"), rows=rows),))


def _judge_remotes(span: Span, path: str) -> Judging[None]:
    """Where bytes come from and go to is for a person; only addresses are shown, for other options may be secrets."""
    before, after = (config_values(side.tree.read(path) or b"", path) for side in (span.before, span.after))
    changed = [name for name in dict.fromkeys([*before, *after]) if before.get(name) != after.get(name)]
    for name in changed[:_MOST_OPTIONS]:
        shown = [_address(values.get(name)) for values in (before, after)] if name.endswith(".url") else []
        what = f"{short(name)} changes" + (f": {' -> '.join(shown)}" if shown else "")
        yield found("settings", "decide", what, path)
    if len(changed) > _MOST_OPTIONS:
        yield found("settings", "decide", f"{len(changed) - _MOST_OPTIONS} more options change", path)


def _address(url: str | None) -> str:
    return "none" if url is None else short(without_credentials(url))


def _setting(value: Any) -> str:
    if not isinstance(value, tuple):
        return "none" if value is None else short(str(value))
    texts = [part if isinstance(part, str) else _channel_text(part) for part in value]
    return short(", ".join(texts) or "none")


def _channel_text(rule: Any) -> str:
    return f"{rule.name} after {rule.after}" if rule.after else str(rule.name)
