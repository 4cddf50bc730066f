"""Read from the event of a workflow which change it is about: a base and a head. Asks Git a few questions, no network.

What an event says of branches is never used: a fork may call its branch `main`. Only commit ids count, and they come
from the forge itself.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from mintmark.errors import MintmarkError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_NOTHING = "0" * 40  # what a push says of a branch that was not there before, or is there no longer
_COMMIT = re.compile(r"[0-9a-f]{40}\Z")


@dataclass(frozen=True, slots=True)
class Ends:
    """The two ends of a change, as full commit ids; equal where nothing changed."""

    base: str
    head: str


class CloneQuestions(Protocol):
    """What an event leaves to ask the clone."""

    def has(self, commit: str) -> bool:
        """Whether the commit is here."""

    def is_shallow(self) -> bool:
        """Whether the clone lacks part of its history."""

    def parents(self, commit: str) -> Sequence[str]:
        """Return the parents of a commit that is here, the first one first."""

    def steps(self, base: str, head: str) -> Sequence[str]:
        """Return the commits of the first-parent line from `base`, which is left out, to `head`, oldest first."""

    def tip(self, branch: str) -> str | None:
        """Return the commit that a branch of the remote points to, None where there is no such branch."""


def wanted_commits(name: str, event: Mapping[str, Any], commit: str) -> tuple[str, ...]:
    """Return the commits that `find_ends` needs and that a checkout of the base may lack.

    `name` is the event's (GITHUB_EVENT_NAME), `commit` the one that it triggered on (GITHUB_SHA).
    """
    if name == "merge_group":
        return _given(event, "merge_group", "base_sha"), _given(event, "merge_group", "head_sha")
    if name == "push":
        before, after = _given(event, "before"), _given(event, "after")
        return tuple(end for end in (before, after) if end != _NOTHING)
    return (_checked(commit, "GITHUB_SHA"),)


def find_ends(name: str, event: Mapping[str, Any], commit: str, clone: CloneQuestions) -> Ends:
    """Return the base and the head of the change that an event is about.

    - `pull_request`: the commit is the merge that the forge tried. Its first parent is the base, so that what is
      judged is the tree that the merge would make (R12).
    - `merge_group`: the base is that of the group. For an entry that waits behind another one it is that one's head.
    - `push`: from where the branch was before to where it is now.
    - anything else (`workflow_dispatch`, `schedule`): from the default branch to the commit.

    Raises `MintmarkError` in a shallow clone, for a commit that is not here, and for an event that names none.
    """
    wanted = wanted_commits(name, event, commit)
    if clone.is_shallow():
        raise MintmarkError(
            "this is a shallow clone, and the history of the registry is needed: git fetch --unshallow origin; "
            "in a workflow, give actions/checkout fetch-depth: 0"
        )
    missing = [one for one in wanted if not clone.has(one)]
    if missing:
        raise MintmarkError(f"the event names commits that are not here: git fetch origin {' '.join(missing)}")
    if name == "pull_request":
        return _merged(event, wanted[0], clone)
    if name == "merge_group":
        return Ends(*wanted)
    if name == "push":
        return _pushed(event, clone)
    branch = _given(event, "repository", "default_branch", pattern=None)
    tip = clone.tip(branch)
    if tip is None:
        raise MintmarkError(f'the remote has no branch "{_shown(branch)}" here: git fetch origin')
    return Ends(tip, wanted[0])


def find_steps(ends: Ends, clone: CloneQuestions) -> tuple[Ends, ...]:
    """Return the change taken apart into what each commit of its first-parent line does.

    A group of a merge queue holds several requests, and each is one such step.
    """
    commits = clone.steps(ends.base, ends.head)
    return tuple(Ends(before, after) for before, after in zip((ends.base, *commits), commits, strict=False))


def _merged(event: Mapping[str, Any], merge: str, clone: CloneQuestions) -> Ends:
    asked = _given(event, "pull_request", "head", "sha")
    parents = clone.parents(merge)
    if len(parents) != 2 or parents[1] != asked:
        raise MintmarkError(
            f"GITHUB_SHA {merge[:10]} is not the merge of {asked[:10]} into its base; "
            "push to the pull request again, so that GitHub makes the merge anew"
        )
    return Ends(parents[0], merge)


def _pushed(event: Mapping[str, Any], clone: CloneQuestions) -> Ends:
    before, after = _given(event, "before"), _given(event, "after")
    if after == _NOTHING:
        raise MintmarkError("the push deletes a branch, so there is no change to look at")
    if before != _NOTHING:
        return Ends(before, after)
    parents = clone.parents(after)
    return Ends(parents[0] if parents else after, after)


def _given(event: Mapping[str, Any], *path: str, pattern: re.Pattern[str] | None = _COMMIT) -> str:
    value: Any = event
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    place = ".".join(path)
    if pattern is not None:
        return _checked(value, place)
    if not isinstance(value, str) or not value:
        raise MintmarkError(f"the event has no {place}; is GITHUB_EVENT_PATH the event that GITHUB_EVENT_NAME names?")
    return value


def _checked(value: object, place: str) -> str:
    if not isinstance(value, str) or not _COMMIT.match(value):
        raise MintmarkError(f"{place} is no commit id; is GITHUB_EVENT_PATH the event that GITHUB_EVENT_NAME names?")
    return value


def _shown(text: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in text[:80])
