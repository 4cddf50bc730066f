"""`mintmark changes`: of what kind a change is, which models it touches, and which checks it needs."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mintmark.commands.forge.clone_answers import CloneAnswers
from mintmark.commands.forge.event import read_event
from mintmark.core.judgement.carried import is_documentation
from mintmark.core.layout import model_path
from mintmark.core.words.numbers import count
from mintmark.errors import UsageError
from mintmark.forge.event import Ends, find_ends, find_steps, wanted_commits
from mintmark.forge.workflow import plain_line, write_outputs
from mintmark.judging.paths import path_faults
from mintmark.judging.span import Span
from mintmark.registry import git
from mintmark.registry.clone import find_root

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

_QUEUE = "merge_group"
_MOST_NAMED = 3
_LONGEST_NAME = 80  # a proposal may name things as it likes


@dataclass(frozen=True, kw_only=True, slots=True)
class Needs:
    """The checks that a change needs. `reviews` are the parts that are judged apart: one, except in a merge queue."""

    ends: Ends
    whole: Span
    reviews: tuple[Span, ...]
    reproductions: tuple[Span, ...]

    @property
    def models(self) -> list[str]:
        """The models that the change touches, in the order of their names."""
        return sorted({model for span in self.reviews for model in _models(span)})


def changes(root: Path, *, base: str | None, head: str | None, as_json: bool) -> int:
    """Print the kind of a change, its models and the checks it needs; hand them on as outputs where this is a step.

    Without `base` and `head` the change is that of the workflow's event, and its head is fetched where it is not here.
    """
    top = find_root(root)
    clone = CloneAnswers(top)
    if base is not None and head is not None:
        event, ends = "", Ends(git.resolve_commit(top, base), git.resolve_commit(top, head))
    elif base is None and head is None:
        event, ends = _of_event(clone)
    else:
        raise UsageError("give both --base and --head, or neither in a workflow")
    found = _needs(top, ends, clone, in_queue=event == _QUEUE)
    outputs = _outputs(found)
    write_outputs(outputs)
    if as_json:
        print(json.dumps({key: _plain(value) for key, value in outputs.items()}, indent=2))
    else:
        print("\n".join(map(plain_line, _lines(found))))
    return 0


def _of_event(clone: CloneAnswers) -> tuple[str, Ends]:
    name, path = os.environ.get("GITHUB_EVENT_NAME"), os.environ.get("GITHUB_EVENT_PATH")
    if not name or not path:
        raise UsageError("give --base and --head; only a workflow's event names them (GITHUB_EVENT_NAME)")
    event = read_event(Path(path))
    commit = os.environ.get("GITHUB_SHA", "")
    clone.fetch(wanted_commits(name, event, commit))
    return name, find_ends(name, event, commit, clone)


def _needs(root: Path, ends: Ends, clone: CloneAnswers, *, in_queue: bool) -> Needs:
    whole = Span(root, ends.base, ends.head)
    reviews: tuple[Span, ...] = (whole,)
    if _is_documentation(whole, clone.touched(ends.base, ends.head)):
        reviews = ()
    elif in_queue:  # requests that were each judged go through the queue together
        steps = find_steps(ends, clone)
        reviews = tuple(Span(root, step.base, step.head) for step in steps) if len(steps) > 1 else reviews
    again = tuple(span for span in reviews if span.kind.kind == "propose" and _makes_again(span))
    return Needs(ends=ends, whole=whole, reviews=reviews, reproductions=again)


def _is_documentation(whole: Span, touched: Collection[str]) -> bool:
    """Whether a change is one of documents, which are what they are called and nothing that a registry refuses."""
    return all(map(is_documentation, touched)) and next(path_faults(whole), None) is None


def _makes_again(span: Span) -> bool:
    """Whether the base's model.yaml asks for its versions to be made again."""
    known = [model for model in _models(span) if span.before.tree.read(model_path(model)) is not None]
    return any(span.before.model(model).reproduce for model in known)


def _models(span: Span) -> list[str]:
    return list(dict.fromkeys(subject.model for subject in span.kind.subjects))


def _outputs(found: Needs) -> dict[str, str]:
    return {
        "kind": found.whole.kind.kind,
        "models": json.dumps([plain_line(model[:_LONGEST_NAME]) for model in found.models]),
        "base": found.ends.base,
        "head": found.ends.head,
        "validate": json.dumps(bool(found.reviews)),
        "review": json.dumps(bool(found.reviews)),
        "reproduce": json.dumps(bool(found.reproductions)),
        "reviews": _matrix(found.reviews),
        "reproductions": _matrix(found.reproductions),
    }


def _matrix(spans: Sequence[Span]) -> str:
    """Return the values of the jobs of a matrix; GitHub names each job by them, and its report has the number."""
    jobs = [
        {"models": _named(_models(span)) or span.kind.kind, "base": span.base, "head": span.head, "number": number}
        for number, span in enumerate(spans)
    ]
    return json.dumps(jobs)


def _plain(value: str) -> Any:
    try:
        return json.loads(value)
    except ValueError:
        return value


def _lines(found: Needs) -> list[str]:
    about = _named(found.models)
    lines = [f"{found.whole.kind.kind}{f': {about}' if about else ''} ({found.ends.base[:10]}..{found.ends.head[:10]})"]
    if not found.reviews:
        return [*lines, "nothing in it can touch a model, so there is nothing to check"]
    if len(found.reviews) > 1:
        lines.append(f"{count(len(found.reviews), 'request')} go through the queue together, each is judged by itself")
        lines += [f"  {span.kind.kind} {_named(_models(span))}".rstrip() for span in found.reviews]
    elif found.whole.kind.kind == "mixture":
        lines += [f"  {part.kind}: {part.what}" for part in found.whole.kind.parts]
    checks = ["validate", "review", *(["reproduce"] if found.reproductions else [])]
    return [*lines, f"needs: {', '.join(checks)}"]


def _named(models: Sequence[str]) -> str:
    shown = ", ".join(plain_line(model[:_LONGEST_NAME]) for model in models[:_MOST_NAMED])
    return f"{shown} and {len(models) - _MOST_NAMED:,} more" if len(models) > _MOST_NAMED else shown
