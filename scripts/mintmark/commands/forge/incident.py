"""`mintmark incident`: open one issue for each recent move of a channel back to a version that held it before.

Git's history is asked, not the event: a run that was dropped, or that ran twice, changes nothing. A move has one issue
for ever; one that was closed is not opened again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from mintmark.commands.forge.at_forge import commit_link, fit, mention, require_forge
from mintmark.core.channels import ChannelStack
from mintmark.core.comparison import basis_of
from mintmark.core.version import is_version
from mintmark.core.words.numbers import count, interval, signed
from mintmark.errors import MintmarkError
from mintmark.forge.workflow import run_address
from mintmark.publishing.markdown import bullets, code, escape, quote, table
from mintmark.registry import git
from mintmark.registry.clone import ClonedRegistry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mintmark.core.channels import Move
    from mintmark.core.records import VersionRecord
    from mintmark.forge.forge import Forge
    from mintmark.registry.past.history import ModelHistory

LABEL: Final = "mintmark-incident"
_MOST_METRICS: Final = 30


@dataclass(frozen=True, kw_only=True, slots=True)
class MoveBack:
    """A move of a channel back, and the move that had brought the version that was left."""

    model: str
    move: Move
    came: Move

    @property
    def key(self) -> str:
        """What the issue is known by: a move is one commit of one channel."""
        return f"{self.model}/{self.move.channel}/{self.move.commit}"


def incident(root: Path, *, days: int) -> int:
    """Open the issues of moves back in the last `days` days that have none yet; 0 also where there is no such move."""
    registry = ClonedRegistry(root)
    registry.require_settings()
    git.require_history(registry.root)
    since = datetime.now(UTC) - timedelta(days=days)
    found = [back for model in registry.models() for back in moves_back(model, registry.history(model), since)]
    if not found:
        print(f"no channel moved back in the last {count(days, 'day')}")
        return 0
    forge = require_forge(root)
    for back in found:
        issue = forge.open_issue(
            key=back.key,
            label=LABEL,
            title=f"{back.move.channel} of {back.model} went back from {back.move.before} to {back.move.after}",
            body=fit(format_incident(registry, forge, back), run_address()),
            once=True,
        )
        print(f"{issue.title}: {issue.url}")
    return 0


def moves_back(model: str, history: ModelHistory, since: datetime) -> Iterator[MoveBack]:
    """Yield the moves of a model's channels, since a moment, to a version that held the channel before the one left.

    To return to a version that was itself rolled back from is no move back, whatever the number says.
    """
    stacks: dict[str, ChannelStack] = {}
    last: dict[str, Move] = {}
    for move in history.moves:
        stack = stacks.setdefault(move.channel, ChannelStack())
        before = last.get(move.channel)
        names_versions = all(name is not None and is_version(name) for name in (move.before, move.after))
        if names_versions and before and move.after in stack.earlier and datetime.fromisoformat(move.time) >= since:
            yield MoveBack(model=model, move=move, came=before)
        stack.move(move.after)
        last[move.channel] = move


def format_incident(registry: ClonedRegistry, forge: Forge, back: MoveBack) -> str:
    """Return what changed, who was on the version that was left and since when, and what is known of both versions."""
    move = back.move
    left, target = (_record(registry, back.model, version) for version in (move.before, move.after))
    channel, before, after = (code(str(name)) for name in (move.channel, move.before, move.after))
    parts = [
        f"{channel} of {code(back.model)} went back from {before} to {after}, which held it before.",
        _what_changed(forge, back),
        _who_was_on_it(registry, back),
        _both_versions(registry, back, left, target),
        _next(back),
        mention(registry.model(back.model).owners),
    ]
    return "\n\n".join(part for part in parts if part)


def _what_changed(forge: Forge, back: MoveBack) -> str:
    rows = [_told("Went back", back.move, forge), _told(f"Had brought {back.move.before}", back.came, forge)]
    return "### What changed\n\n" + table(("", "When", "By", "Commit", "Pull request"), rows)


def _told(what: str, move: Move, forge: Forge) -> tuple[str, ...]:
    name = move.author.rpartition(" <")[0] or move.author
    requests = [request for request in forge.pull_requests_of(move.commit) if request.merged]
    linked = ", ".join(f"#{request.number}" for request in requests)
    return escape(what, most=60), _moment(move.time), escape(name, most=80), commit_link(move.commit), linked


def _who_was_on_it(registry: ClonedRegistry, back: MoveBack) -> str:
    version, channel = str(back.move.before), back.move.channel
    held = datetime.fromisoformat(back.move.time) - datetime.fromisoformat(back.came.time)
    followed, span = code(f"{back.model}@{channel}"), f"from {_moment(back.came.time)} to {_moment(back.move.time)}"
    lines = [f"Whoever follows {followed} was on {code(version)} {span}: {_duration(held)}."]
    others = [name for name, target in registry.channels(back.model).items() if target == version and name != channel]
    lines += [f"**{code(name)} still points to {code(version)}.**" for name in others]
    return "### Who was on it, and since when\n\n" + bullets(lines)


def _duration(held: timedelta) -> str:
    if held >= timedelta(days=2):
        return count(held.days, "day")
    hours = round(held.total_seconds() / 3600)
    return count(hours, "hour") if hours else count(round(held.total_seconds() / 60), "minute")


def _both_versions(
    registry: ClonedRegistry, back: MoveBack, left: VersionRecord | None, target: VersionRecord | None
) -> str:
    """Put the metrics of both side by side as they were registered; they need not be of the same rows."""
    parts = ["### Both versions"]
    for name, record in ((back.move.before, left), (back.move.after, target)):
        if record is None:
            parts.append(f"{code(str(name))} is not there any more, or its record cannot be read.")
        else:
            made = f"{code(str(name))}, made {_moment(record.created)} by {escape(record.author, most=120)}:"
            parts.append(f"{made}\n\n{quote(record.summary, most=1_000)}")
    if left is not None and target is not None:
        parts.append(_metrics(registry, back, left, target))
    return "\n\n".join(part for part in parts if part)


def _metrics(registry: ClonedRegistry, back: MoveBack, left: VersionRecord, target: VersionRecord) -> str:
    primary = registry.model(back.model).metric.name
    names = sorted({*left.metrics, *target.metrics}, key=lambda name: (name != primary, name))[:_MOST_METRICS]
    same = basis_of(left.document, target.document) == "same rows"
    rows = []
    for name in names:
        one, other = left.metrics.get(name), target.metrics.get(name)
        cells = ["" if value is None else interval(value.value, value.low, value.high) for value in (one, other)]
        difference = signed(other.value - one.value) if one and other and same else ""
        rows.append((code(name), *cells, difference))
    if not rows:
        return ""
    grid = table(("As registered", f"{back.move.before} (left)", f"{back.move.after} (now)", "Difference"), rows)
    said = "not tested" if same else "measured on other rows, so there is no difference to tell"
    return f"{grid}\n\nThe two values of a metric are {said}."


def _next(back: MoveBack) -> str:
    reference = f"{back.model}@{back.move.before}"
    return "### What to do next\n\n" + bullets(
        [
            "Say in a comment what was seen, and what it did to those who were on the version.",
            f"Where nobody should use it any more: `mintmark yank {reference} --reason TEXT`.",
            f"`mintmark compare {reference} {back.model}@{back.move.after}` tells what made them differ.",
            "Close this issue when it is understood. It is not opened again.",
        ]
    )


def _record(registry: ClonedRegistry, model: str, version: str | None) -> VersionRecord | None:
    try:
        return registry.record(model, str(version))
    except MintmarkError:
        return None


def _moment(time: str) -> str:
    return f"{time[:10]} {time[11:16]} UTC"
