"""What a forge adds to a release: who approved a change, and which environment lets a move of a channel through.

On a forge, the branch `deploy` and a deployment's success are written by `mintmark release --deploy`, which a workflow
runs after the reviewers of the channel's environment said yes.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mintmark.commands.forge.run_report import read_report
from mintmark.core.channels import ChannelStack
from mintmark.core.environments import environment, rollback_environment
from mintmark.core.tags.grammar import ChannelTag
from mintmark.core.tags.kept_review import keep_review
from mintmark.core.tags.message import Approved
from mintmark.errors import ForgeError
from mintmark.publishing.release.deploy_branch import deployed_places, deployed_versions, last_moves, plan_desired

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from mintmark.core.events import Event
    from mintmark.core.judgement.review import Review
    from mintmark.forge.forge import Forge
    from mintmark.publishing.release.remote_tags import KnownTag
    from mintmark.publishing.release.tagging import Merged

GATE = "gate"  # the one check that a merge waits for
_MOST_JOBS = 256
_MOST_REPORTS = 20  # of one change
_RUN = re.compile(r"/actions/runs/([0-9]{1,18})(?:/|\Z)")


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """A channel whose last move is to be deployed; `gate` is the environment whose reviewers are asked."""

    model: str
    channel: str
    gate: str
    tag: str
    event: Event

    @property
    def place(self) -> tuple[str, str]:
        """The model and the channel."""
        return self.model, self.channel

    @property
    def reference(self) -> str:
        """`breast-cancer@production`."""
        return f"{self.model}@{self.channel}"


def approval_reader(forge: Forge, branch: str, warn: Callable[[str], None]) -> Callable[[Event], Approved]:
    """Return a function that asks what the forge knows of the change that an event came with, once for a commit.

    `warn` is told where a report of a review is there and cannot be had: the tag then keeps how the gate ended, alone.
    """
    known: dict[str, tuple[Approved, list[Review]]] = {}

    def read(event: Event) -> Approved:
        if event.commit not in known:
            approved = _approved(forge, event.commit, branch)
            known[event.commit] = approved, list(_reports(forge, approved, warn))
        return _with_report(*known[event.commit], f"{event.model}@{event.version or event.after}")

    return read


def _approved(forge: Forge, commit: str, branch: str) -> Approved:
    merged = [one for one in forge.pull_requests_of(commit) if one.merged and one.base == branch]
    if not merged:
        return Approved()
    request = merged[0]
    given = [one for one in forge.approvals(request.number) if forge.may_write(one.person)]
    last = {one.person for one in given if one.commit == request.head_commit}
    check = forge.check(request.head_commit, GATE)
    return Approved(
        pull_request=request.number,
        head=request.head_commit,
        approvers=tuple(sorted(last)),
        approved_before=tuple(sorted({one.person for one in given} - last)),
        review=None if check is None else {"check": check.name, "conclusion": check.conclusion, "url": check.url},
    )


def _reports(forge: Forge, approved: Approved, warn: Callable[[str], None]) -> Iterator[Review]:
    """Yield the reports of the run whose gate let a change through: one for each of its commits that was judged."""
    run = _RUN.search(approved.review["url"]) if approved.review else None
    if run is None:
        return
    for number in range(_MOST_REPORTS):
        try:
            report = read_report(forge, int(run[1]), number)
        except ForgeError as error:
            report = str(error)
        if report is None:
            return
        if isinstance(report, str):
            warn(f"the report of the review of #{approved.pull_request}, so its tags keep its outcome alone: {report}")
            return
        yield report


def _with_report(approved: Approved, reports: list[Review], reference: str) -> Approved:
    kept = [report for report in (keep_review(report, reference) for report in reports) if report is not None]
    return replace(approved, review={**(approved.review or {}), "report": kept[-1]}) if kept else approved


@dataclass(frozen=True, kw_only=True, slots=True)
class Waiting:
    """The channels whose last move is tagged and is to be deployed, those that have theirs on the branch `deploy`, and
    what is left out."""

    deliveries: tuple[Delivery, ...]
    deployed: frozenset[tuple[str, str]]
    left_out: tuple[str, ...]


def waiting_deliveries(merged: Merged, known: Sequence[KnownTag]) -> Waiting:
    """Compare the branch `deploy` with the moves that are tagged."""
    plan = plan_desired(merged)
    places = sorted({(commit.model, commit.channel) for commit in plan.commits})
    found = [_delivery(merged, known, place, deployed_versions(merged, plan.tip, place)) for place in places]
    return Waiting(
        deliveries=tuple(one for one in found if one is not None),
        deployed=deployed_places(merged, plan.tip),
        left_out=plan.left_out,
    )


def format_matrix(deliveries: Iterable[Delivery]) -> str:
    """Return the jobs of a workflow that deploy these, as its matrix takes them: 256, and the rest the next time."""
    jobs = [{"channel": one.reference, "environment": one.gate, "move": one.tag} for one in deliveries]
    return json.dumps(jobs[:_MOST_JOBS])


def delivery_of(merged: Merged, known: Sequence[KnownTag], place: tuple[str, str]) -> Delivery | None:
    """Return the last move of a channel, None where no tag tells of it."""
    return _delivery(merged, known, place, frozenset())


def _delivery(
    merged: Merged, known: Sequence[KnownTag], place: tuple[str, str], deployed: frozenset[str]
) -> Delivery | None:
    event = last_moves(merged).get(place)
    if event is None:
        return None
    tags = [one for one in known if isinstance(one.tag, ChannelTag) and (one.tag.model, one.tag.channel) == place]
    named = [one.name for one in tags if one.told is not None and one.told.commit == event.commit]
    if not named:
        return None
    # A move back waits for nobody: back, and not to what was itself rolled back from; and only to what reviewers have
    # let through before.
    stack = ChannelStack(merged.chronicle.model(place[0]).history.holders(place[1])[:-1])
    is_back = event.after in stack.earlier and event.after in deployed
    gate = rollback_environment(*place) if is_back else environment(*place)
    return Delivery(model=place[0], channel=place[1], gate=gate, tag=named[-1], event=event)
