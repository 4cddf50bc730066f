"""Judge what is said about models and the registry, and code: which gates and settings change. Evaluates no model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mintmark.core import layout
from mintmark.core.judgement.goalposts import described, goalposts, needs_a_person
from mintmark.core.judgement.kinds import JUDGES
from mintmark.core.judgement.review import Table
from mintmark.judging.draft import short
from mintmark.judging.fetched import note_other_rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mintmark.judging.draft import Draft
    from mintmark.judging.span import Span
    from mintmark.registry.clone import ClonedRegistry


def review_description(span: Span, draft: Draft) -> None:
    """An edited model.yaml: which gates were loosened or tightened, told in a table of before and after."""
    note_other_rows(span, draft)
    for subject in draft.subjects:
        path = layout.model_path(subject.model)
        before, after = (_document(side, path) for side in (span.before, span.after))
        if after is None:
            draft.note("model", "decide", f"{subject.model} is described no more", path)
            continue
        if before is None and span.before.tree.read(path) is not None:
            draft.note("gates", "decide", "the base's cannot be read, so look at all gates", path)
            continue
        if before is None:
            draft.note(
                "gates", "pass", f"{subject.model} is a new model; its gates hold from its first version on", path
            )
            draft.next_steps.append(f"After the merge: dvc repro, then mintmark propose {subject.model}")
            continue
        _note_goalposts(draft, path, before, after)


def _note_goalposts(draft: Draft, path: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    changes = goalposts(before, after)
    for change in changes:
        what = f"{change.field} is {change.effect}: {change.before} -> {change.after}"
        draft.note("gates", "decide" if needs_a_person(change) else "pass", what, path)
    if changes:
        rows = [(change.field, change.before, change.after, change.effect) for change in changes]
        draft.tables.append(Table(title="Gates", header=("gate", "before", "after", "effect"), rows=rows))
    texts = described(before, after)
    if texts:
        draft.tables.append(Table(title="Description", header=("field", "before", "after"), rows=texts))
    if not changes:
        draft.note("gates", "pass", "no gate, slice or behaviour test changes", path)


def _document(side: ClonedRegistry, path: str) -> Mapping[str, Any] | None:
    document = side.read("model", path)
    return None if document is None else document.data


def review_code(span: Span, draft: Draft) -> None:
    """Code, pipeline and documents; what judges is named, because it judges whatever comes next."""
    note_other_rows(span, draft)
    judges = [path for path, _ in span.paths if path.startswith(JUDGES)]
    if judges:
        shown = ", ".join(judges[:3]) + (f" and {len(judges) - 3} more" if len(judges) > 3 else "")
        draft.note("judge", "warn", f"this changes what judges every later proposal: {shown}", judges[0])
    if any(path == layout.REGISTRY for path, _ in span.paths):
        _note_settings(span, draft)


def _note_settings(span: Span, draft: Draft) -> None:
    before, after = span.before.settings, span.after.settings
    rows = []
    for name in ("channels", "trusted_types", "file_limit", "store_limit", "base_branch"):
        old, new = getattr(before, name), getattr(after, name)
        if old != new:
            rows.append((name, _setting(old), _setting(new)))
            draft.note("settings", "decide", f"{name} changes: {_setting(old)} -> {_setting(new)}", layout.REGISTRY)
    if rows:
        draft.tables.append(Table(title="Settings", header=("setting", "before", "after"), rows=rows))


def _setting(value: Any) -> str:
    if not isinstance(value, tuple):
        return str(value)
    texts = [part if isinstance(part, str) else _channel_text(part) for part in value]
    return short(", ".join(texts) or "none")


def _channel_text(rule: Any) -> str:
    return f"{rule.name} after {rule.after}" if rule.after else str(rule.name)
