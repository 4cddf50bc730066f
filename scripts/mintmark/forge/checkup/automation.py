"""Whether the workflows are there and run, can start the checks of what they open, and whether Pages takes the site."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mintmark.core import layout
from mintmark.forge.checkup.answers import Answer, named, unknown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mintmark.core.settings import Settings
    from mintmark.forge.checkup.answers import Asking

WORKFLOWS = ".github/workflows"
SHIPPED = ("monitor.yml", "pages.yml", "pr-comment.yml", "pr.yml", "release.yml", "request.yml", "retrain.yml",
           "rollback.yml", "verify.yml")  # fmt: skip
PAGES, MONITOR = "pages.yml", "monitor.yml"
# A team may do without watching, without a site, without forms, without retraining.
OPTIONAL = (MONITOR, PAGES, "request.yml", "retrain.yml")
LOG_VARIABLE = "MINTMARK_LOG"
APP_VARIABLE, APP_SECRET = "MINTMARK_APP_ID", "MINTMARK_APP_KEY"
_WHY_OFF = {
    "disabled_inactivity": "is stale: GitHub switched it off after 60 days without a commit",
    "disabled_fork": "is stale: GitHub switches schedules off in a fork",
    "disabled_manually": "somebody switched it off",
}


def check_repository(asking: Asking, settings: Settings) -> Iterator[Answer]:
    """Yield what the repository itself says: its default branch, its address, and whether it is an archive."""
    about, base = asking.repository.mapping, settings.base_branch
    default, topic = about.get("default_branch"), "default branch"
    if default == base:
        yield Answer(topic=topic, state="right", says=f"is {base}, as models/registry.yaml says")
    else:
        says = f"is {default}, and models/registry.yaml says {base}; schedules and forms run from the default branch"
        yield Answer(topic=topic, state="missing", says=says, address=asking.page("settings"))
    if about.get("archived") is True:
        yield Answer(
            topic="archive", state="missing", says="is read-only: unarchive it", address=asking.page("settings")
        )
    yield _of_address("address of the repository", "repository", settings.repository, about.get("html_url"))


def _of_address(topic: str, key: str, said: str | None, found: object) -> Answer:
    if said is not None and said.rstrip("/").lower() == str(found).rstrip("/").lower():
        return Answer(topic=topic, state="right", says=f"is in {layout.REGISTRY}")
    says = f"write {found} as addresses.{key} into {layout.REGISTRY}: pages and messages then lead there"
    return Answer(topic=topic, state="advice", says=says)


def check_workflows(asking: Asking, present: Sequence[str], prefix: str = "") -> Iterator[Answer]:
    """Yield whether each workflow is there and switched on. `present` are the files at the root of the clone."""
    address = asking.page("actions")
    lacking = [name for name in SHIPPED if name not in present]
    yield from _of_lacking(lacking, prefix)
    reply = asking.ask_all("actions/workflows", "workflows")
    if reply.refusal:
        yield unknown("workflows", reply, address)
        return
    states = {str(entry.get("path", "")): str(entry.get("state")) for entry in reply.items}
    found = {name: states.get(f"{WORKFLOWS}/{name}") for name in SHIPPED if name in present}
    unseen = [name for name, state in found.items() if state is None]
    if unseen:
        says = f"{named(unseen, 10)} not on the default branch yet: push"
        yield Answer(topic="workflows", state="missing", says=says, address=address)
    for name, state in found.items():
        if state not in ("active", None):
            yield _of_state(name, str(state), f"{address}/workflows/{name}")
    if not lacking and set(found.values()) == {"active"}:
        yield Answer(topic="workflows", state="right", says="are there and switched on")
    if asking.repository.mapping.get("fork") is True:
        says = "this is a fork: GitHub runs no schedule in it before somebody switches it on"
        yield Answer(topic="schedules", state="advice", says=says, address=address)


def _of_lacking(lacking: Sequence[str], prefix: str) -> Iterator[Answer]:
    needed = [name for name in lacking if name not in OPTIONAL]
    if needed:
        inside = f", and let it run in {prefix.rstrip('/')} (defaults.run.working-directory)" if prefix else ""
        says = f"{named(needed, 10)} not in {WORKFLOWS}: copy what is missing from Mintmark's repository{inside}"
        yield Answer(topic="workflows", state="missing", says=says)
    elif lacking:
        yield Answer(topic="workflows", state="advice", says=f"{named(lacking)} not in {WORKFLOWS}, and not needed")


def _of_state(name: str, state: str, address: str) -> Answer:
    chosen = name in OPTIONAL and state == "disabled_manually"
    says = f"{_WHY_OFF.get(state, f'is {state}')}{'' if chosen else ': switch it on'}"
    return Answer(topic=f"workflow {name}", state="advice" if chosen else "missing", says=says, address=address)


def check_app(asking: Asking) -> Iterator[Answer]:
    """Yield whether an App's token opens pull requests, whose checks then start by themselves."""
    topic, address = "App's token", asking.page("settings/variables/actions")
    variable = asking.ask_as_administrator(f"actions/variables/{APP_VARIABLE}")
    secret = asking.ask_as_administrator(f"actions/secrets/{APP_SECRET}")
    refused = next((reply for reply in (variable, secret) if reply.refusal), None)
    if refused is not None:
        yield unknown(topic, refused, address)
    elif variable.value is not None and secret.value is not None:
        yield Answer(topic=topic, state="right", says="is set: what workflows open starts its checks")
    elif variable.value is not None or secret.value is not None:
        says = f"is half set: {APP_VARIABLE} (a variable) and {APP_SECRET} (a secret) belong together"
        yield Answer(topic=topic, state="missing", says=says, address=address)
    else:
        says = "is not set: a pull request that a workflow opens starts no checks until somebody closes and reopens it"
        yield Answer(topic=topic, state="advice", says=says, address=address)


def check_log(asking: Asking, present: Sequence[str]) -> Iterator[Answer]:
    """Yield whether the variable that names the prediction log is set, where the workflow that reads it is there."""
    if MONITOR not in present:
        return
    topic, address = "prediction log", asking.page("settings/variables/actions")
    reply = asking.ask_as_administrator(f"actions/variables/{LOG_VARIABLE}")
    if reply.refusal:
        yield unknown(topic, reply, address)
    elif reply.value is not None:
        yield Answer(topic=topic, state="right", says=f"is named: {MONITOR} watches what is served")
    else:
        says = f"is not named: set {LOG_VARIABLE} to its folder or address, and {MONITOR} watches what is served"
        yield Answer(topic=topic, state="advice", says=says, address=address)


def check_pages(asking: Asking, settings: Settings) -> Iterator[Answer]:
    """Yield whether Pages takes the site from a workflow."""
    topic, address = "Pages", asking.page("settings/pages")
    reply = asking.ask_as_administrator("pages")
    if reply.refusal:
        yield unknown(topic, reply, address)
    elif reply.mapping.get("build_type") == "workflow":
        found = reply.mapping.get("html_url")
        yield Answer(topic=topic, state="right", says=f"publish the site at {found}")
        yield _of_address("address of the site", "site", settings.site, found)
    else:
        says = "do not take the site from Actions: choose GitHub Actions as the source"
        yield Answer(topic=topic, state="missing", says=says, address=address)


def check_owners(asking: Asking, base: str, codeowners: str) -> Iterator[Answer]:
    """Yield which owners the forge does not know, or may not ask for a review."""
    topic = "owners"
    reply = asking.ask(f"codeowners/errors?ref={base}")
    address = asking.page(f"blob/{base}/{codeowners}")
    if reply.refusal:
        yield unknown(topic, reply, address)
        return
    if reply.value is None:
        return  # there is no such file on the base branch, which the clone's own check says
    errors = reply.mapping.get("errors", ())
    if errors:
        lines = [f"line {error.get('line')}: {error.get('kind')}" for error in errors]
        says = f"{named(lines)}; an owner must exist and have write access"
        yield Answer(topic=topic, state="missing", says=says, address=asking.page("settings/access"))
    else:
        yield Answer(topic=topic, state="right", says="exist, and may be asked for a review")
