"""Channels that a commit of a change moves and that the change as a whole does not: what a diff cannot show.

A merge that keeps the commits (`git rebase`, a fast-forward) puts such a move into the history of the base, and with it
the proof that a version held a channel (R5), which nobody ever judged.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mintmark.core.channels import ChannelStack
from mintmark.core.judgement.opinion import found
from mintmark.core.layout import locate, version_folder
from mintmark.registry import git
from mintmark.registry.past.history import ModelHistory, channel_target, model_history
from mintmark.registry.yaml.text import MAX_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mintmark.judging.hearing import Judging
    from mintmark.judging.span import Span

_CHANNELS = ":(glob)models/*/channels/*.yaml"
_MOST_SHOWN = 5


def judge_detours(span: Span) -> Judging[None]:
    """Refuse the channels that a commit between base and head points to a version that was never in them."""
    steps = sorted(set(_steps(span)))
    oids = sorted({oid for _, oid in steps})
    targets = {oid: channel_target(content) for oid, content in git.read_blobs(span.root, oids, limit=MAX_BYTES)}
    moves = sorted({(path, target) for path, oid in steps if (target := targets[oid]) is not None})
    after = span.channel_targets(span.head, sorted({path for path, _ in moves}))
    held: dict[str, ModelHistory] = {}
    shown = []
    for path, target in moves:
        place = locate(path)
        if target == after.get(path):  # the move is judged as such
            continue
        if place.model not in held:
            held[place.model] = model_history(span.root, span.base, place.model)
        if ChannelStack(held[place.model].holders(place.name)).kind_of(target) != "rollback":
            shown.append((path, target))
    for path, target in shown[:_MOST_SHOWN]:
        place = locate(path)
        message = f"a commit points {place.name} of {place.model} to {target}, and a later one takes that back"
        remedy = "squash them, or the base's history would say that it held the channel"
        yield found("history", "fail", f"{message}; {remedy}", path)


def judge_rewrites(span: Span, model: str, version: str) -> Judging[None]:
    """Warn where several commits write the files of a new version: a rebase merge would make each a step of the base.

    The first of them would then be what the version was released with, and the last break R1.
    """
    folder = version_folder(model, version)
    number = git.git_text("rev-list", "--count", f"{span.base}..{span.head}", "--", folder, cwd=span.root)
    if int(number) > 1:
        message = f"{number} commits write the files of {version}; squash them, or merge with a merge commit"
        yield found("history", "warn", f"{message}; after a rebase the later ones would break R1", folder)


def _steps(span: Span) -> Iterator[tuple[str, str]]:
    """Yield the path and the new content of every channel file that a commit between base and head writes."""
    output = git.run_git(
        "log", "--full-history", "--diff-merges=first-parent", "--raw", "-z", "--no-renames", "--no-abbrev",
        "--no-show-signature", "--format=", f"{span.base}..{span.head}", "--", _CHANNELS, cwd=span.root,
    )  # fmt: skip
    fields = [field for field in output.decode("utf-8", "surrogateescape").split("\0") if field.strip("\n")]
    for meta, path in zip(fields[::2], fields[1::2], strict=True):
        _, mode, _, oid, _ = meta.lstrip("\n").split(" ")
        if oid != git.NO_OBJECT and mode not in git.NO_FILES:
            yield path, oid
