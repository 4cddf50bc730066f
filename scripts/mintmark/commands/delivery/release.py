"""`mintmark release`: what the merged state leads to, made and pushed: tags, and the desired state on `deploy`."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from mintmark.changing.lock import one_at_a_time
from mintmark.commands.delivery.deployments import (
    announce,
    begin,
    end_left_open,
    end_overtaken,
    fail,
    finish,
    finish_recent,
    settle_deployments,
)
from mintmark.commands.delivery.hosting import approval_reader, delivery_of, format_matrix, waiting_deliveries
from mintmark.commands.delivery.versions import publish_versions
from mintmark.core.reference import CANDIDATE, LATEST, parse_reference
from mintmark.core.tags.message import Approved
from mintmark.core.version import Version
from mintmark.core.words.numbers import count
from mintmark.errors import MintmarkError, UsageError
from mintmark.forge.credentials import push_environment
from mintmark.forge.opening import open_forge
from mintmark.forge.workflow import run_address, write_outputs
from mintmark.publishing.release.deploy_branch import plan_desired, write_desired
from mintmark.publishing.release.remote import find_remote
from mintmark.publishing.release.remote_tags import keep_local, read_tags
from mintmark.publishing.release.tagging import make_tags, plan_tags, read_merged
from mintmark.registry.clone import ClonedRegistry

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from mintmark.core.events import Event
    from mintmark.forge.forge import Forge
    from mintmark.publishing.release.deploy_branch import Desired
    from mintmark.publishing.release.remote_tags import KnownTag
    from mintmark.publishing.release.tagging import Merged


def release(
    root: Path,
    *,
    plan: bool,
    deploy: str | None,
    settle: bool,
    move: str | None,
    bundles: Path | None,
    draft: bool,
) -> int:
    """Make and push what the remote's base branch leads to and is not there yet; with `plan`, only print it.

    On a forge, what a channel is to run is left to `deploy`, which names one: `breast-cancer@production`. `settle` ends
    the deployments that waited in this run of a workflow and that nobody let through. `bundles` is where the files of
    new releases are kept. With `draft` they stay drafts, and a call without it publishes them. A second call repeats
    nothing, and goes on where the first one was stopped. Returns 1 where something had to be left out, and says what.
    """
    if move is not None and deploy is None:
        raise UsageError("--move belongs to --deploy")
    registry = ClonedRegistry(root)
    remote = find_remote(registry.root, environment=push_environment())
    forge = None if plan else open_forge(registry.root)
    with one_at_a_time(registry.root, "release"):
        listing = remote.list()
        merged = read_merged(remote, registry.settings.base_branch, listing)
        known = read_tags(remote, listing)
        if plan:
            return _print_plan(merged, known)
        if deploy is not None:
            return _deploy(merged, known, _parse_channel(deploy), forge, move)
        if settle:
            return _settle(merged, known, forge)
        return _make(merged, known, forge, bundles, as_draft=draft)


def _make(
    merged: Merged, known: Sequence[KnownTag], forge: Forge | None, bundles: Path | None, *, as_draft: bool
) -> int:
    left_out = plan_tags(merged, known).left_out
    keep_local(merged.remote.root, list(known))
    approved = _nothing_known if forge is None else approval_reader(forge, merged.branch, _left_out)
    tags = 0
    for step, _ in make_tags(merged, known, approved):
        print(f"tagged {step.name} on {step.commit[:10]}", flush=True)
        tags += 1
    if forge is not None:
        _warn(left_out)
        return _tell_forge(merged, forge, tags, bundles, as_draft=as_draft) or (1 if left_out else 0)
    desired = write_desired(merged)
    _print_commits(desired.commits, "deployed")
    _warn((*left_out, *desired.left_out))
    print(_summary(tags, len(desired.commits)))
    print("left out: releases and deployments, which a forge keeps")
    return 1 if left_out or desired.left_out else 0


def _tell_forge(merged: Merged, forge: Forge, tags: int, bundles: Path | None, *, as_draft: bool) -> int:
    """Publish the releases, tell what is to be deployed, and hand it to the next job of the workflow."""
    known = read_tags(merged.remote, merged.remote.list())
    published, left_out = [], []
    for version in publish_versions(merged, known, forge, bundles, as_draft=as_draft):
        if version.fault is not None:
            left_out.append(version.fault)
            continue
        print(f"{'drafted' if as_draft else 'published'} the release of {version.reference}", flush=True)
        published.append(version.reference)
    waiting = waiting_deliveries(merged, known)
    for delivery in waiting.deliveries:
        announce(forge, delivery)
        print(
            f"{delivery.tag} waits for the environment {delivery.gate}; "
            f"then mintmark release --deploy {delivery.reference}",
            flush=True,
        )
    for tag in finish_recent(forge, merged, known, waiting):
        print(f"told the forge that {tag} is on deploy")
    for ended in end_left_open(forge, merged, known, waiting):
        print(ended, flush=True)
    _warn((*left_out, *waiting.left_out))
    write_outputs({"deliveries": format_matrix(waiting.deliveries), "versions": json.dumps(published)})
    counts = (
        (tags, "tag"),
        (len(published), "draft" if as_draft else "release"),
        (len(waiting.deliveries), "deployment"),
    )
    made = ", ".join(count(number, what) for number, what in counts if number)
    print(f"released: {made}" if made else "there was nothing to release")
    return 1 if left_out or waiting.left_out else 0


def _deploy(
    merged: Merged, known: Sequence[KnownTag], place: tuple[str, str], forge: Forge | None, move: str | None
) -> int:
    """Write what one channel is to run now. With `move`, nothing is written where that is not its last one.

    An environment lets one move through. What was merged since has an environment of its own to pass.
    """
    delivery = delivery_of(merged, known, place)
    if delivery is None:
        raise MintmarkError(f"no tag tells of the last move of {'@'.join(place)}; mintmark release makes it")
    if move not in (None, delivery.tag):
        if forge is not None:
            end_overtaken(forge, delivery)
        print(f"{move} was overtaken by {delivery.tag}, which its own job deploys")
        return 0
    made = begin(forge, delivery) if forge is not None else None
    try:
        desired = write_desired(merged, [place])
    except MintmarkError:
        if forge is not None and made is not None:
            fail(forge, delivery, made)
        raise
    _print_commits(desired.commits, "deployed")
    _warn(desired.left_out)
    if forge is not None and made is not None:
        (fail if desired.left_out else finish)(forge, delivery, made)
    if not desired.commits and not desired.left_out:
        print(f"{delivery.tag} is on deploy already")
    return 1 if desired.left_out else 0


def _settle(merged: Merged, known: Sequence[KnownTag], forge: Forge | None) -> int:
    run = run_address()
    if forge is None or run is None:
        raise UsageError("--settle ends what waited in a run of a workflow, and this is none")
    settled = list(settle_deployments(forge, merged, known, waiting_deliveries(merged, known), run))
    print("\n".join(settled) if settled else "nothing that waited in this run is open")
    return 0


def _parse_channel(text: str) -> tuple[str, str]:
    try:
        reference = parse_reference(text)
    except ValueError as error:
        raise UsageError(f"--deploy: {error}") from None
    if isinstance(reference.selector, Version) or reference.selector in (LATEST, CANDIDATE):
        raise UsageError(f"--deploy takes a channel, such as {reference.model}@production")
    return reference.model, reference.selector


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
        _left_out(reason)


def _left_out(reason: str) -> None:
    print(f"mintmark: left out: {reason}", file=sys.stderr)


def _nothing_known(event: Event) -> Approved:  # noqa: ARG001 - a forge is asked about the event
    return Approved()
