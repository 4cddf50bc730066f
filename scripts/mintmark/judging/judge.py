"""Review a change: read its kind from the diff, hold it against the rules, and hand it to what judges that kind."""

from __future__ import annotations

from functools import partial
from importlib import import_module
from itertools import chain
from typing import TYPE_CHECKING

from mintmark.about import __version__
from mintmark.core import layout
from mintmark.core.judgement.opinion import Opinion, conclude, found, found_faults
from mintmark.core.judgement.ownership import check_owner
from mintmark.core.question import TRAINING_ROWS
from mintmark.judging.deadline import begin_reproduction
from mintmark.judging.detours import judge_detours, judge_line
from mintmark.judging.hearing import attempt, ended_by, hear_out, heard
from mintmark.judging.paths import judge_paths
from mintmark.judging.span import Span
from mintmark.registry import git
from mintmark.registry.repository.merge_result import how_to_settle
from mintmark.registry.validation import validate_change

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from pathlib import Path

    from mintmark.core.judgement.review import Kind, Review, Subject
    from mintmark.judging.hearing import Judging

# Imported when it is wanted: a rollback must be green in seconds, and needs no numpy.
_JUDGES: Mapping[Kind, str] = {
    "propose": "mintmark.judging.proposals:judge_proposal",
    "promote": "mintmark.judging.proposals:judge_promotion",
    "rollback": "mintmark.judging.movements:judge_rollback",
    "withdraw": "mintmark.judging.movements:judge_withdrawal",
    "yank": "mintmark.judging.movements:judge_yank",
    "describe": "mintmark.judging.descriptions:judge_description",
    "code": "mintmark.judging.descriptions:judge_code",
}

_EVALUATES = "mintmark.judging.proposals"
_MOST_CONFLICTS = 20
_MOST_REQUESTS = 20  # of one group of a merge queue


def review_change(
    span: Span, *, author: str | None = None, teams: Collection[str] = (), reproduce: bool = False
) -> Review:
    """Return the review of what lies between base and head.

    `author` is the GitHub login of whoever asks for the change, `teams` the teams (`acme/ml`) that they belong to.
    With `reproduce`, a proposed version is made again from its recorded stages, which runs the proposal's code. Before
    the verdict, so are the training tables of versions that it concerns and that keep no digests of their rows.
    """
    return _review(lambda: span, span.base, span.head, author, teams, reproduce=reproduce)


def review_between(
    root: Path, base: str, head: str, *, author: str | None = None, teams: Collection[str] = (), reproduce: bool = False
) -> Review:
    """Return the review of what lies between two revisions, as `review_change` does, whatever goes wrong.

    What ends it early, from a revision that names no commit to a bug, is a failed check of it.
    """
    return _review(lambda: Span(root, base, head), base, head, author, teams, reproduce=reproduce)


def review_of_fault(fault: BaseException, base: str, head: str, author: str | None = None) -> Review:
    """Return the review that a fault ended before anything was looked at."""
    return conclude(ended_by(fault), kind="unknown", base=base, head=head, judge=_judge_name(base), author=author)


def _review(
    opening: Callable[[], Span],
    base: str,
    head: str,
    author: str | None,
    teams: Collection[str],
    *,
    reproduce: bool,
) -> Review:
    ends = [base, head]
    kinds: list[Kind] = []

    def judging() -> Judging[None]:
        span = opening()
        ends[:] = span.base, span.head
        kind = span.kind.kind
        kinds.append(kind)
        yield Opinion(subjects=span.kind.subjects)
        if span.conflicts:
            whole = _refuse_conflict(span)
        elif kind == "mixture":
            whole = _refuse_mixture(span)
        else:
            whole = _judge(span, author, teams, reproduce=reproduce)
        yield from heard(whole, "review", faults="record")
        yield from heard(judge_paths(span), "review")

    opinion = hear_out(judging())
    kind = kinds[0] if kinds else "unknown"
    return conclude(opinion, kind=kind, base=ends[0], head=ends[1], judge=_judge_name(ends[0]), author=author)


def _judge_name(base: str) -> str:
    return f"mintmark {__version__} by the rules of {base[:10]}"


def _judge(span: Span, author: str | None, teams: Collection[str], *, reproduce: bool) -> Judging[None]:
    kind, subjects = span.kind.kind, span.kind.subjects
    so_far = Opinion()
    for part in chain(_judge_rules(span), _judge_owners(span, author, teams), judge_detours(span), judge_line(span)):
        so_far += part
        yield part
    if kind in _JUDGES and not (so_far.has_failed and kind == "propose"):
        for part in _load(_JUDGES[kind], reproduce=reproduce)(span, subjects):
            so_far += part
            yield part
    if reproduce and kind == "propose" and not so_far.has_failed:
        yield from _reproduce(span, subjects[0], so_far.isolation)


def _load(name: str, *, reproduce: bool) -> Callable[[Span, Sequence[Subject]], Judging[None]]:
    module, _, function = name.partition(":")
    judge: Callable[..., Judging[None]] = getattr(import_module(module), function)
    return partial(judge, reproduce=True) if reproduce and module == _EVALUATES else judge


def _judge_owners(span: Span, author: str | None, teams: Collection[str]) -> Judging[None]:
    """Say of each model whether the author owns it; owners are those of the base, and a rollback waits for nobody."""
    models = list(dict.fromkeys(subject.model for subject in span.kind.subjects))
    there = span.before.read_many("model", [layout.model_path(model) for model in models])
    for model in models:
        path = layout.model_path(model)
        if path not in there:
            continue  # a model that is described here for the first time belongs to nobody yet
        says = f"nobody knows who owns {model}, because {path} of the base cannot be read: "
        described = yield from attempt(
            partial(span.before.identity, model, there[path]), "owner", verdict="decide", says=says, path=path
        )
        if described is not None:
            urgent = span.kind.kind == "rollback"
            yield Opinion(checks=(check_owner(model, described.owners, author, teams, urgent=urgent),))


def _refuse_conflict(span: Span) -> Judging[None]:
    """R12: what cannot be merged cannot be judged."""
    for path in span.conflicts[:_MOST_CONFLICTS]:
        message = "conflicts with the base, so nobody can tell what the merge makes"
        yield found("merge", "fail", f"{message}; in a clone {how_to_settle(path)}", path)
    more = len(span.conflicts) - _MOST_CONFLICTS
    if more > 0:
        yield found("merge", "fail", f"{more:,} more files conflict with the base")
    settle = "mintmark resolve" if set(span.conflicts) <= set(layout.SETTLED_BY_ENTRY) else "settle the conflicts"
    yield Opinion(next_steps=(f"On the branch: git merge {span.base[:10]}, {settle}, and push it again",))


def _refuse_mixture(span: Span) -> Judging[None]:
    parts = span.kind.parts
    yield found("kind", "fail", f"this mixes {len(parts)} kinds of change that are judged apart; split it")
    steps = [f"Pull request {number}, {part.kind}: {part.what}" for number, part in enumerate(parts, 1)]
    yield Opinion(next_steps=(*steps, *_requests_of_group(span)))


def _requests_of_group(span: Span) -> Iterator[str]:
    """Yield how each request of a merge queue's group is reviewed, where this may be one: a line of several commits."""
    commits = git.first_parent_steps(span.root, span.base, span.head)
    if 1 < len(commits) <= _MOST_REQUESTS:
        yield "Where these are the requests of a merge queue, review each of them by itself:"
        yield from (f"mintmark review --base {commit[:10]}^ --head {commit[:10]}" for commit in commits)


def _judge_rules(span: Span) -> Judging[None]:
    report = validate_change(span.after, span.change, settings=span.settings)
    faults = found_faults("rules", report.findings)
    yield faults
    if not faults.has_failed:
        yield found("rules", "pass", "records, pointers, channels and bytes keep the rules R1 to R5 and R8 to R9")


def _reproduce(span: Span, subject: Subject, isolation: Mapping[str, str]) -> Judging[None]:
    from mintmark.judging.reproducing.reproduction import reproduce_version

    record = span.after.record(subject.model, str(subject.version))
    if "none" in (isolation.get("files"), isolation.get("network")):
        message = "this system cannot confine the proposal's code, so it was not run; use Linux, or a container"
        yield found("reproduction", "decide", message)
        return
    begin_reproduction()
    question = span.before.model(subject.model).question
    made = reproduce_version(span.root, record, span.head, config=span.config, question=question)
    yield Opinion(reproduction=made)
    if made.wrong_rows:
        path = layout.pointer_path(subject.model, str(subject.version), TRAINING_ROWS)
        yield found("reproduction", "fail", f"{made.wrong_rows}; dvc repro, and propose it again", path)
    yield found("reproduction", "pass" if made.is_same else "decide", f"{made.outcome}: {made.message}")
