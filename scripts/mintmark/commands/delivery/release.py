"""`mintmark release`: what the merged state leads to, made and pushed: tags, and the desired state on `deploy`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from mintmark.changing.lock import one_at_a_time
from mintmark.core.tags.message import Approved
from mintmark.core.words.numbers import count
from mintmark.forge.credentials import push_environment
from mintmark.publishing.release.deploy_branch import plan_desired, write_desired
from mintmark.publishing.release.remote import find_remote
from mintmark.publishing.release.remote_tags import keep_local, read_tags
from mintmark.publishing.release.tagging import make_tags, plan_tags, read_merged
from mintmark.registry.clone import ClonedRegistry

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from mintmark.core.events import Event
    from mintmark.publishing.release.deploy_branch import Desired
    from mintmark.publishing.release.remote_tags import KnownTag
    from mintmark.publishing.release.tagging import Merged


def release(root: Path, *, plan: bool) -> int:
    """Make and push what the remote's base branch leads to and is not there yet; with `plan`, only print it.

    A second call repeats nothing, and goes on where the first one was stopped. Returns 1 where something had to be
    left out, and says what.
    """
    registry = ClonedRegistry(root)
    remote = find_remote(registry.root, environment=push_environment())
    with one_at_a_time(registry.root, "release"):
        listing = remote.list()
        merged = read_merged(remote, registry.settings.base_branch, listing)
        known = read_tags(remote, listing)
        return _print_plan(merged, known) if plan else _make(merged, known)


def _make(merged: Merged, known: Sequence[KnownTag]) -> int:
    left_out = plan_tags(merged, known).left_out
    keep_local(merged.remote.root, list(known))
    tags = 0
    for step, _ in make_tags(merged, known, _nothing_known):
        print(f"tagged {step.name} on {step.commit[:10]}", flush=True)
        tags += 1
    desired = write_desired(merged)
    _print_commits(desired.commits, "deployed")
    _warn((*left_out, *desired.left_out))
    print(_summary(tags, len(desired.commits)))
    print("left out: releases and deployments, which a forge keeps")
    return 1 if left_out or desired.left_out else 0


def _print_plan(merged: Merged, known: Sequence[KnownTag]) -> int:
    tags, desired = plan_tags(merged, known), plan_desired(merged)
    for step in tags.steps:
        print(f"would tag {step.name} on {step.commit[:10]}")
    _print_commits(desired.commits, "would deploy")
    _warn((*tags.left_out, *desired.left_out))
    if not tags.steps and not desired.commits:
        print("there is nothing to release")
    return 1 if tags.left_out or desired.left_out else 0


def _print_commits(commits: Iterable[Desired], verb: str) -> None:
    for commit in commits:
        print(f"{verb} on the branch deploy: {commit.message.partition(chr(10))[0]}")


def _summary(tags: int, commits: int) -> str:
    if not tags and not commits:
        return "there was nothing to release"
    return f"released: {count(tags, 'tag')}, {count(commits, 'commit')} on deploy"


def _warn(left_out: Iterable[str]) -> None:
    for reason in left_out:
        print(f"mintmark: left out: {reason}", file=sys.stderr)


def _nothing_known(event: Event) -> Approved:  # noqa: ARG001 - a forge is asked about the event
    return Approved()
