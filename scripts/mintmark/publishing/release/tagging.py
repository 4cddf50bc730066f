"""Make and push the tags that the base branch of a remote asks for: one push a tag, in order, nothing twice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mintmark.changing.commits import read_author
from mintmark.core.moment import parse_moment
from mintmark.core.tags.grammar import MOST_NUMBER, next_number
from mintmark.core.tags.message import Approved, TagMessage, format_message
from mintmark.core.words.events import event_sentence
from mintmark.errors import MintmarkError
from mintmark.publishing.release.operations import number_steps, operations_of, pending, place_versions
from mintmark.publishing.release.remote_tags import keep_local, read_tagger, read_tags, write_tag
from mintmark.registry import git
from mintmark.registry.past.chronicle import read_chronicle

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from mintmark.core.events import Event
    from mintmark.publishing.release.operations import Operation, Step
    from mintmark.publishing.release.remote import Listing, Remote
    from mintmark.publishing.release.remote_tags import KnownTag
    from mintmark.registry.past.chronicle import Chronicle

_MOST_ROUNDS = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Merged:
    """The base branch as the remote has it: its name, its last commit, and all that its history tells."""

    remote: Remote
    branch: str
    commit: str
    chronicle: Chronicle


@dataclass(frozen=True, kw_only=True, slots=True)
class TagPlan:
    """The tags to make, in the order of models and moves, and what keeps others from being made."""

    steps: tuple[Step, ...]
    left_out: tuple[str, ...]


def read_merged(remote: Remote, branch: str, listing: Listing) -> Merged:
    """Fetch the base branch of the remote and read its history; raise `MintmarkError` in a shallow clone."""
    git.require_history(remote.root)
    ref = f"refs/heads/{branch}"
    commit = listing.refs.get(ref)
    if commit is None:
        raise MintmarkError(f"{remote.name} has no branch {branch}; git push {remote.name} {branch}, and try again")
    remote.fetch({ref: commit})
    return Merged(remote=remote, branch=branch, commit=commit, chronicle=read_chronicle(remote.root, commit))


def plan_tags(merged: Merged, known: Sequence[KnownTag]) -> TagPlan:
    """Compare what history asks for with the tags that there are. One model's fault keeps no other model's tags."""
    steps: list[Step] = []
    left_out: list[str] = []
    by_model: dict[str, list[KnownTag]] = {}
    for tag in known:
        by_model.setdefault(tag.tag.model, []).append(tag)
    for model in sorted(merged.chronicle.models):
        tags = by_model.get(model, [])
        operations = list(operations_of(merged.chronicle.model(model).events))
        light = next((tag.name for tag in tags if tag.commit is None), None)
        if light is not None:
            left_out.append(_lightweight(merged.remote.name, light))
            continue
        if next_number((tag.tag for tag in tags), model) > MOST_NUMBER:
            left_out.append(_no_next(merged.remote.name, max(tags, key=lambda tag: tag.tag.number or 0).name))
            continue
        known_versions = {o.version for o in operations if o.kind == "register"}
        todo = [operation for operation in pending(operations, tags) if operation.version in known_versions]
        places = place_versions(operations, tags, lambda cause: _later(merged, cause))
        made = list(number_steps(todo, tags, places, _time))
        steps += made
        if len(made) < len(todo):
            left_out.append(_waits(todo[len(made)]))
    return TagPlan(steps=tuple(steps), left_out=tuple(left_out))


def make_tags(
    merged: Merged, known: Sequence[KnownTag], approved: Callable[[Event], Approved]
) -> Iterator[tuple[Step, str]]:
    """Push each tag that is missing, and yield it with its object once the remote has it.

    `approved` says what the forge knows of the change that a commit merged. Where another run has pushed a tag of the
    same name first, the remote's tags are read again, and what is still missing then follows.
    """
    for _ in range(_MOST_ROUNDS):
        lost = False
        steps = plan_tags(merged, known).steps
        tagger = _tagger(merged.remote.root) if steps else ""
        for step in steps:
            oid = _write(merged.remote.root, step, tagger, approved(step.operation.event))
            lost = not merged.remote.add_tag(step.name, oid)
            if lost:
                break
            yield step, oid
        known = read_tags(merged.remote, merged.remote.list())
        keep_local(merged.remote.root, list(known))
        if not lost:
            return
    raise MintmarkError(
        f"other runs took the next tag {_MOST_ROUNDS} times in a row; wait until they are done, then mintmark release"
    )


def message_of(step: Step, approved: Approved) -> TagMessage:
    """Return what the tag of a step tells."""
    operation, event = step.operation, step.operation.event
    sentence = event_sentence(
        event.kind, version=operation.version, channel=event.channel, before=event.before, after=event.after
    )
    return TagMessage(
        sentence=f"{event.model}: {sentence}.",
        kind=operation.kind,
        model=event.model,
        version=operation.version,
        commit=event.commit,
        subject=event.subject,
        time=event.time,
        channel=event.channel,
        before=event.before,
        after=event.after,
        approved=approved,
    )


def _tagger(root: Path) -> str:
    read_author(root)  # says how to tell Git who this is
    return read_tagger(root)


def _write(root: Path, step: Step, tagger: str, approved: Approved) -> str:
    message = format_message(message_of(step, approved))
    return write_tag(root, name=step.name, commit=step.commit, time=step.time, tagger=tagger, message=message)


def _time(event: Event) -> int:
    moment = parse_moment(event.time)
    return int(moment.timestamp()) if moment is not None else 0


def _later(merged: Merged, cause: str) -> list[str]:
    listed = git.git_text(
        "rev-list", "--first-parent", "--reverse", f"{cause}..{merged.commit}", "--", cwd=merged.remote.root
    )
    return listed.split()


def _lightweight(remote: str, name: str) -> str:
    return (
        f"{name} on {remote} is a lightweight tag or on no commit, so it tells nothing to GTO; whoever made it "
        f"takes it away (git push {remote} ':refs/tags/{name}'), then mintmark release makes the annotated one"
    )


def _no_next(remote: str, name: str) -> str:
    return (
        f"{name} on {remote} has so high a number that none is left for the next tag; whoever made it takes it away "
        f"(git push {remote} ':refs/tags/{name}'), then mintmark release goes on"
    )


def _waits(operation: Operation) -> str:
    event = operation.event
    return (
        f"the tags of {event.model} from {operation.version} on wait for the next commit: one commit brought several "
        "versions of it, and GTO cannot tell two versions on one commit apart"
    )
