"""The forge's deployments: one for each move of a channel, from the wait for its reviewers to its end. Makes no tag.

Every deployment ends. The job that deploys tells how it went. If its reviewers refused, or it was cancelled, a later
job ends what is open (`settle_deployments`). The next run takes over or ends what a killed run left open. The last
status of a deployment leads to the run whose it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mintmark.commands.delivery.hosting import delivery_of
from mintmark.core.environments import environment
from mintmark.core.tags.grammar import ChannelTag, parse_tag
from mintmark.core.words.events import event_sentence
from mintmark.forge.workflow import run_address
from mintmark.publishing.release.deploy_branch import last_moves

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mintmark.commands.delivery.hosting import Delivery, Waiting
    from mintmark.forge.forge import Deployment, DeploymentState, Forge
    from mintmark.publishing.release.remote_tags import KnownTag
    from mintmark.publishing.release.tagging import Merged

_ENDED = ("success", "failure", "error", "inactive")
_RECENT = 10  # channels, and deployments of an environment, that are looked at for what a stopped run left
_NEWEST = 30  # deployments of the repository that are


def announce(forge: Forge, delivery: Delivery) -> None:
    """Make the deployment of a move, say that this run waits for its environment, and end what it overtakes.

    One that was refused before waits again: this run asks the reviewers again.
    """
    made = _deployment(forge, delivery)
    end_overtaken(forge, delivery, made)
    if made.state != "success":
        _tell(forge, made, "queued", f"waits for the environment {delivery.gate}")


def begin(forge: Forge, delivery: Delivery) -> Deployment:
    """Return the deployment of a move, which its environment has let through; one that has succeeded stays so."""
    made = _deployment(forge, delivery)
    if made.state != "success":
        _tell(forge, made, "in_progress", f"{delivery.tag} is being written to deploy")
    return made


def finish(forge: Forge, delivery: Delivery, made: Deployment) -> None:
    """Tell that a move is on the branch `deploy`: the deployments before it are then inactive."""
    if made.state != "success":
        _tell(forge, made, "success", f"{delivery.tag} is on deploy")


def fail(forge: Forge, delivery: Delivery, made: Deployment) -> None:
    """Tell that a move could not be written to the branch `deploy`."""
    _tell(forge, made, "failure", f"{delivery.tag} is not on deploy")


def end_overtaken(forge: Forge, delivery: Delivery, made: Deployment | None = None) -> None:
    """End the open deployments of a channel's earlier moves, and those of this move other than `made`."""
    for one in forge.deployments(environment(delivery.model, delivery.channel), most=_RECENT):
        is_twin = made is not None and one.number != made.number and one.payload == made.payload
        if _is_open(one) and (is_twin or _is_overtaken(one, delivery)):
            _tell(forge, one, "inactive", f"overtaken by {delivery.tag}")


def finish_recent(forge: Forge, merged: Merged, known: Sequence[KnownTag], waiting: Waiting) -> Iterator[str]:
    """Tell the success of moves that are on `deploy` and whose run was stopped before it told; yield their tags."""
    again = {delivery.place for delivery in waiting.deliveries}
    moves = sorted(last_moves(merged).items(), key=lambda item: item[1].time, reverse=True)
    for place, _ in moves[:_RECENT]:
        delivery = delivery_of(merged, known, place) if place in waiting.deployed - again else None
        if delivery is None:
            continue
        made = _deployment(forge, delivery)
        if made.state not in ("success", "inactive"):
            finish(forge, delivery, made)
            yield delivery.tag


def end_left_open(forge: Forge, merged: Merged, known: Sequence[KnownTag], waiting: Waiting) -> Iterator[str]:
    """End recent deployments that a stopped run left open and that no run will deploy; yield a sentence for each."""
    places = {delivery.place for delivery in waiting.deliveries}
    for one, delivery in _open_ones(forge, merged, known):
        if _is_overtaken(one, delivery) or delivery.place not in places:
            yield _end(forge, one, delivery, waiting)


def settle_deployments(
    forge: Forge, merged: Merged, known: Sequence[KnownTag], waiting: Waiting, run: str
) -> Iterator[str]:
    """End what the deploy jobs of a run left open; yield a sentence for each.

    A deployment for which another run waits by now is that run's.
    """
    recent = {one.number: (one, delivery) for one, delivery in _open_ones(forge, merged, known)}
    own = ((_deployment(forge, delivery), delivery) for delivery in waiting.deliveries)
    recent.update({one.number: (one, delivery) for one, delivery in own if _is_open(one)})
    for _, (one, delivery) in sorted(recent.items()):
        if one.log_url == run:
            yield _end(forge, one, delivery, waiting)


def _open_ones(forge: Forge, merged: Merged, known: Sequence[KnownTag]) -> Iterator[tuple[Deployment, Delivery]]:
    """Yield the newest deployments of ours that are open, each with its channel's last move."""
    for one in forge.deployments(None, most=_NEWEST):
        tag = parse_tag(one.payload.get("tag", ""))
        if not isinstance(tag, ChannelTag) or not _is_open(one):
            continue
        delivery = delivery_of(merged, known, (tag.model, tag.channel))
        if delivery is not None and one.environment == environment(tag.model, tag.channel):
            yield one, delivery


def _end(forge: Forge, one: Deployment, last: Delivery, waiting: Waiting) -> str:
    """End a deployment as what became of its move says."""
    tag = one.payload["tag"]
    state: DeploymentState
    if _is_overtaken(one, last):
        state, why = "inactive", f"{tag} was overtaken by {last.tag}"
    elif tag == last.tag and last.place in waiting.deployed:
        state, why = "success", f"{tag} is on deploy"
    elif tag == last.tag and last in waiting.deliveries:
        state, why = "failure", f"{tag} was not let through, or its job was stopped; the next release asks for it again"
    else:
        state, why = "error", f"{tag} cannot be written to deploy"
    _tell(forge, one, state, why)
    return f"{why} ({state})"


def _tell(forge: Forge, one: Deployment, state: DeploymentState, description: str) -> None:
    forge.tell_deployment(one.number, state, description=description, log_url=run_address() or "")


def _is_open(one: Deployment) -> bool:
    return one.state not in _ENDED


def _is_overtaken(one: Deployment, delivery: Delivery) -> bool:
    """Whether a deployment is of an earlier move of the channel, by the numbers of the tags, which grow."""
    mine, last = parse_tag(one.payload.get("tag", "")), parse_tag(delivery.tag)
    return isinstance(mine, ChannelTag) and isinstance(last, ChannelTag) and mine.number < last.number


def _deployment(forge: Forge, delivery: Delivery) -> Deployment:
    event = delivery.event
    return forge.deploy(
        environment=environment(delivery.model, delivery.channel),
        commit=event.commit,
        description=event_sentence(
            event.kind, version=event.version, channel=event.channel, before=event.before, after=event.after
        ),
        payload={
            "tag": delivery.tag,
            "model": delivery.model,
            "channel": delivery.channel,
            "version": event.after or "",
        },
    )
