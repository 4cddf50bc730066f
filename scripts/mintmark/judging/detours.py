"""What the commits of a change do and the change as a whole does not: what no diff between its two ends can show.

A merge that keeps the commits (`git rebase`, a fast-forward) puts each of them into the history of the base, which then
tells what nobody ever judged: that a version held a channel (R5), that a number was used (R3), that files of a version
were others once (R1), or that a version was yanked. So what a commit leaves of a version, a channel or a status has to
be what the merge leaves of it.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from mintmark.core.judgement.opinion import found
from mintmark.core.layout import OUTSIDE, channel_path, locate, model_path, status_path, version_folder
from mintmark.registry import git
from mintmark.registry.past.history import channel_target
from mintmark.registry.repository.lost_line import lost_steps, tell_lost
from mintmark.registry.repository.prefix import to_registry
from mintmark.registry.tree import GitTree
from mintmark.registry.yaml.text import MAX_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from mintmark.judging.hearing import Judging
    from mintmark.judging.span import Span

_WATCHED = [f":(glob)models/*/{name}" for name in ("channels/*.yaml", "versions/**", "status/*", "model.yaml")]
_MOST_SHOWN = 5
_AT_ONCE = 500  # paths for one question to Git
_SQUASH = "squash the commits, or the base's history would"


class Step(NamedTuple):
    """What one commit leaves at one path: an entry, or nothing."""

    commit: str
    path: str
    entry: git.Entry | None


@dataclass(frozen=True, slots=True)
class _Ends:
    """What the base has, and what the merge leaves, at the paths that some commit touches."""

    before: Mapping[str, git.Entry]
    after: Mapping[str, git.Entry]


def judge_detours(span: Span) -> Judging[None]:
    """Refuse what a commit between base and head does to a version, a channel or a status and the merge does not."""
    steps = list(read_steps(span, _WATCHED))
    if not steps:
        return
    paths = sorted({step.path for step in steps})
    ends = _Ends(_entries(span, span.base, paths), _entries(span, span.merged, paths))
    targets = _targets(span, steps, ends)
    faults = [*_channel_faults(steps, ends, targets), *_version_faults(span, steps, ends), *_other_faults(steps, ends)]
    for path, message in faults[:_MOST_SHOWN]:
        yield found("history", "fail", message, path)
    if len(faults) > _MOST_SHOWN:
        yield found("history", "fail", f"{len(faults) - _MOST_SHOWN:,} more of the kind")


def judge_line(span: Span) -> Judging[None]:
    """Warn where the base went into the head, which pushed as it is would take the base's line of commits."""
    lost = lost_steps(span.root, span.base, span.head)
    if lost:
        yield found("history", "warn", tell_lost(len(lost)))


def _channel_faults(
    steps: Iterable[Step], ends: _Ends, targets: Mapping[git.Entry | None, str | None]
) -> Iterator[tuple[str, str]]:
    """R5: who held a channel, and who was rolled back from it, is what history tells."""
    seen = set()
    for step in steps:
        place = locate(step.path)
        target, left = targets.get(step.entry), targets.get(ends.after.get(step.path))
        if place.kind != "channel" or target == left or (step.path, target) in seen:
            continue
        seen.add((step.path, target))
        moved = (
            f"points {place.name} of {place.model} to {target}" if target else f"empties {place.name} of {place.model}"
        )
        message = f"a commit {moved}, and a later one takes that back; {_SQUASH} say that it held the channel"
        yield channel_path(place.model, place.name), message if target else f"{message} no more"


def _version_faults(span: Span, steps: Iterable[Step], ends: _Ends) -> Iterator[tuple[str, str]]:
    """R1 and R3: a version comes in one commit, or its number is burnt by files that it never had."""
    folders: dict[tuple[str, str], list[Step]] = defaultdict(list)
    for step in steps:
        place = locate(step.path)
        if step.path.split("/")[2:3] == ["versions"] and place.name:
            folders[place.model, place.name].append(step)
    for (model, version), touched in folders.items():
        folder = version_folder(model, version)
        before, after = (span.has_version(commit, model, version) for commit in (span.base, span.merged))
        strays = [step for step in touched if step.entry != ends.after.get(step.path)]
        writers = {step.commit for step in touched}
        if after and not before and len(writers) > 1:
            yield folder, f"{len(writers)} commits write the files of {version}; {_SQUASH} break R1 after a rebase"
        elif strays and (before or after):
            yield folder, f"a commit changes {model} {version}, and a later one takes that back; {_SQUASH} tell of it"
        elif strays:
            yield folder, f"a commit adds {model} {version}, and a later one deletes it; {_SQUASH} burn the number"


def _other_faults(steps: Iterable[Step], ends: _Ends) -> Iterator[tuple[str, str]]:
    """Whether a version was yanked, and why, and when a model came and went."""
    seen = set()
    for step in steps:
        place, left = locate(step.path), ends.after.get(step.path)
        if place.kind == "status" and step.entry != left:
            path = status_path(place.model, place.name)
            message = f"a commit says something else of {place.model} {place.name} than the merge; {_SQUASH} tell it"
        elif place.kind == "model" and (step.entry is None) != (left is None):
            path = model_path(place.model)
            message = f"a commit adds or deletes {place.model}, and a later one takes that back; {_SQUASH} tell of it"
        else:
            continue
        if path not in seen:
            seen.add(path)
            yield path, message


def _entries(span: Span, commit: str, paths: Sequence[str]) -> dict[str, git.Entry]:
    tree = GitTree(span.root, commit)
    found: dict[str, git.Entry] = {}
    for start in range(0, len(paths), _AT_ONCE):
        found |= tree.find(list(paths[start : start + _AT_ONCE]))
    return found


def _targets(span: Span, steps: Iterable[Step], ends: _Ends) -> dict[git.Entry | None, str | None]:
    """Return the version that each entry of a channel file names; a link and a broken file name none."""
    sides = [(step.path, entry) for step in steps for entry in (step.entry, ends.after.get(step.path))]
    entries = {entry for path, entry in sides if entry is not None and locate(path).kind == "channel"}
    files = {entry for entry in entries if entry.mode not in git.NO_FILES}
    blobs = dict(git.read_blobs(span.root, sorted({entry.oid for entry in files}), limit=MAX_BYTES))
    return {entry: channel_target(blobs[entry.oid]) for entry in files}


def passing_blobs(span: Span) -> dict[str, str]:
    """Return the files by blob id, and a path of each, that a commit brings and that the merge does not have."""
    kept = {entry.new_oid for entry in span.entries}
    files = (step for step in read_steps(span, [":/"]) if step.entry and step.entry.mode not in git.NO_FILES)
    files = (step for step in files if not step.path.startswith(OUTSIDE))
    return {step.entry.oid: step.path for step in files if step.entry and step.entry.oid not in kept}


def read_steps(span: Span, paths: Sequence[str], *options: str) -> Iterator[Step]:
    """Yield what every commit between base and head leaves at these paths; of a merge, what is its own."""
    output = git.run_git(
        "log", "--full-history", "--diff-merges=combined", "--raw", "-z", "--no-renames", "--no-abbrev",
        "--no-show-signature", "--no-color", "--no-follow", "--format=%x00%H", *options, f"{span.base}..{span.head}",
        "--", *paths, cwd=span.root,
    )  # fmt: skip
    fields = (field.lstrip("\n") for field in output.decode("utf-8", "surrogateescape").split("\0"))
    commit, inside = "", to_registry(span.root)
    for field in fields:
        if not field.startswith(":"):
            commit = field or commit
            continue
        parents = len(field) - len(field.lstrip(":"))
        modes, oids = field.lstrip(":").split(" ")[: parents + 1], field.split(" ")[parents + 1 : 2 * parents + 2]
        entry = None if oids[-1] == git.NO_OBJECT else git.Entry(modes[-1], oids[-1])
        yield Step(commit, inside(next(fields)), entry)
