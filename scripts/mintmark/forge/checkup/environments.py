"""Whether the environments of the channels have reviewers, and those of a move back have none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mintmark.core.environments import environment, rollback_environment
from mintmark.forge.checkup.answers import Answer, Asking, named, unknown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mintmark.core.settings import Settings

_WAITS = {"required_reviewers": "reviewers", "wait_timer": "a timer"}


def check_environments(asking: Asking, settings: Settings, models: Sequence[str]) -> Iterator[Answer]:
    """Yield one answer for each channel, and one for moves back.

    An environment that is not there is made, without reviewers, by the first job that names it.
    """
    address = asking.page("settings/environments")
    reply = asking.ask_all("environments", "environments")
    if reply.refusal:
        yield unknown("environments", reply, address)
        return
    found = {str(entry.get("name")).lower(): entry for entry in reply.items}  # their names ignore case
    for rule in settings.channels:
        names = [environment(model, rule.name) for model in models]
        yield _of_channel(rule.name, names, found, address, last=rule.name == settings.last_channel)
    yield _of_rollbacks(settings, models, found, address)


def _of_channel(
    channel: str, names: list[str], found: Mapping[str, Mapping[str, Any]], address: str, *, last: bool
) -> Answer:
    topic = f"environments of {channel}"
    without = [name for name in names if not _reviewers(found.get(name, {}))]
    open_to_all = [name for name in names if name in found and found[name].get("deployment_branch_policy") is None]
    if not without and open_to_all:
        says = f"any branch may ask the reviewers: set deployment branches of {named(open_to_all)} to the base branch"
        return Answer(topic=topic, state="advice", says=says, address=address)
    if not without:
        return Answer(topic=topic, state="right", says="have reviewers, who say yes before a move counts")
    says = f"without reviewers a merge deploys at once: {named(without)}; add required reviewers"
    return Answer(topic=topic, state="missing" if last else "advice", says=says, address=address)


def _of_rollbacks(
    settings: Settings, models: Sequence[str], found: Mapping[str, Mapping[str, Any]], address: str
) -> Answer:
    names = [rollback_environment(model, rule.name) for model in models for rule in settings.channels]
    waiting = [name for name in names if _waits_for(found.get(name, {}))]
    if not waiting:
        return Answer(topic="environments of rollbacks", state="right", says="wait for nobody")
    for_what = sorted({kind for name in waiting for kind in _waits_for(found[name])})
    says = f"a rollback would wait for {' and '.join(for_what)}: take them off {named(waiting)}"
    return Answer(topic="environments of rollbacks", state="missing", says=says, address=address)


def _reviewers(entry: Mapping[str, Any]) -> bool:
    rules = entry.get("protection_rules") or ()
    return any(rule.get("type") == "required_reviewers" and rule.get("reviewers") for rule in rules)


def _waits_for(entry: Mapping[str, Any]) -> list[str]:
    rules = entry.get("protection_rules") or ()
    return [_WAITS[rule["type"]] for rule in rules if rule.get("type") in _WAITS]
