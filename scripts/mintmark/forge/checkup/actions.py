"""Whether GitHub Actions runs what the workflows use, and what the token of a workflow may do."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from mintmark.forge.checkup.answers import Answer, named, unknown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from mintmark.forge.checkup.answers import Asking

_GITHUB = ("actions", "github")  # whose actions are "created by GitHub"


def check_actions(asking: Asking, used: Sequence[str]) -> Iterator[Answer]:
    """Yield whether GitHub Actions is on, and what its token may do. `used` are the actions, `owner/name@commit`."""
    address = asking.page("settings/actions")
    reply = asking.ask_as_administrator("actions/permissions")
    if reply.refusal:
        yield unknown("Actions", reply, address)
    elif reply.mapping.get("enabled") is not True:
        yield Answer(topic="Actions", state="missing", says="are off: allow actions and workflows", address=address)
    elif reply.mapping.get("allowed_actions") == "local_only":
        says = "are limited to this repository: allow those that the workflows use, which are pinned"
        yield Answer(topic="Actions", state="missing", says=says, address=address)
    elif reply.mapping.get("allowed_actions") == "selected":
        yield _of_selection(asking, used, address)
    else:
        yield Answer(topic="Actions", state="right", says="are on")
    reply = asking.ask_as_administrator("actions/permissions/workflow")
    if reply.refusal:
        yield unknown("workflow token", reply, address)
        yield unknown("pull requests of workflows", reply, address)
        return
    yield _of_token(reply.mapping, address)
    yield _of_pull_requests(reply.mapping, address)


def _of_selection(asking: Asking, used: Sequence[str], address: str) -> Answer:
    """Return whether those that are selected are all that the workflows use."""
    reply = asking.ask_as_administrator("actions/permissions/selected-actions")
    if reply.refusal:
        return unknown("Actions", reply, address)
    patterns = [str(pattern) for pattern in reply.mapping.get("patterns_allowed") or ()]
    by_github = reply.mapping.get("github_owned_allowed") is True
    lacking = [name for name in used if not (by_github and _by_github(name)) and not _is_selected(name, patterns)]
    refused = sorted({name.partition("@")[0] for name in lacking})
    if not refused:
        return Answer(topic="Actions", state="right", says="are on, and all that the workflows use are selected")
    if reply.mapping.get("verified_allowed") is True and not any(_by_github(name) for name in refused):
        says = f"are on for verified creators: whether these are of one the forge does not tell: {named(refused)}"
        return Answer(topic="Actions", state="unknown", says=says, address=address)
    says = f"are limited, and the workflows use what is not selected: {named(refused)}; allow actions created by GitHub"
    says += "" if all(_by_github(name) for name in refused) else ", and the others by name"
    return Answer(topic="Actions", state="missing", says=says, address=address)


def _by_github(name: str) -> bool:
    return name.partition("/")[0].lower() in _GITHUB


def _is_selected(name: str, patterns: Iterable[str]) -> bool:
    """Whether a pattern allows an action, and none that begins with `!` blocks it."""
    matching = [pattern for pattern in patterns if _matches(name, pattern.removeprefix("!"))]
    return bool(matching) and not any(pattern.startswith("!") for pattern in matching)


def _matches(name: str, pattern: str) -> bool:
    return fnmatchcase(name.lower(), (pattern if "@" in pattern or pattern.endswith("*") else f"{pattern}@*").lower())


def _of_token(rights: Mapping[str, object], address: str) -> Answer:
    if rights.get("default_workflow_permissions") == "read":
        return Answer(topic="workflow token", state="right", says="reads unless a job says more")
    says = "may write by default: set read repository contents and packages"
    return Answer(topic="workflow token", state="missing", says=says, address=address)


def _of_pull_requests(rights: Mapping[str, object], address: str) -> Answer:
    topic = "pull requests of workflows"
    if rights.get("can_approve_pull_request_reviews") is True:
        return Answer(topic=topic, state="right", says="may be opened")
    says = "rollbacks and requests by form cannot be opened: allow Actions to create and approve pull requests"
    return Answer(topic=topic, state="missing", says=says, address=address)
