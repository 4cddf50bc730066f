"""Whether the branches of a registry are guarded: by rulesets, by branch protection, or by both together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from mintmark.forge.checkup.answers import Answer, Reply, named, unknown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from mintmark.forge.checkup.answers import Asking

GATE = "gate"
_ACTORS = {"RepositoryRole": "a role", "OrganizationAdmin": "organization administrators", "Team": "a team",
           "Integration": "an app", "DeployKey": "deploy keys"}  # fmt: skip
_ACTIONS = 15368  # the number of GitHub's own app "GitHub Actions", the same everywhere on github.com


@dataclass(frozen=True, kw_only=True, slots=True)
class Guard:
    """What one ruleset, or the branch protection, asks of a branch; `bypass` names who need not heed it (None: not
    known). `checks` maps each required check to the app that must report it (None: any)."""

    name: str
    bypass: tuple[str, ...] | None
    pull_request: bool = False
    approvals: int = 0
    code_owners: bool = False
    stale_dismissed: bool = False
    checks: Mapping[str, int | None]
    up_to_date: bool = False
    no_force: bool = False
    no_deletion: bool = False
    queue: bool = False


REQUIREMENTS: dict[str, tuple[Callable[[Guard], bool], str]] = {
    "a pull request": (lambda g: g.pull_request, "require a pull request before merging"),
    "an approval": (
        lambda g: g.approvals > 0,
        "require one approval: else who wrote a change merges it alone",
    ),
    f"the check {GATE}": (lambda g: GATE in g.checks, f'require the status check "{GATE}"'),
    "code owners": (lambda g: g.code_owners, "require review from code owners, who answer where a person must decide"),
    "no force push": (lambda g: g.no_force, "block force pushes: the history is the audit trail"),
    "no deletion": (lambda g: g.no_deletion, "restrict deletions of the branch"),
}


def check_base(asking: Asking, base: str) -> Iterator[Answer]:
    """Yield how the base branch is guarded."""
    address = asking.page("settings/rules")
    guards, refusal = _guards(asking, base)
    for name, (holds, remedy) in REQUIREMENTS.items():
        topic = f"branch {base}: {name}"
        meeting = [guard for guard in guards if holds(guard)]
        if meeting:
            yield _with_bypass(topic, meeting, address)
        elif refusal is not None:
            yield unknown(topic, refusal, address)
        else:
            yield Answer(topic=topic, state="missing", says=remedy, address=address)
    yield from _advice(base, guards, address)
    yield _queue(guards, refusal, address)


def _with_bypass(topic: str, meeting: list[Guard], address: str) -> Answer:
    """Return the answer for a requirement that is set; one guard that nobody may bypass is enough."""
    if any(guard.bypass == () for guard in meeting):
        return Answer(topic=topic, state="right", says=f"is required by {named([g.name for g in meeting])}")
    unsure = [guard.name for guard in meeting if guard.bypass is None]
    if unsure:
        says = f"is required by {named(unsure)}; who may bypass it is told to administrators only"
        return Answer(topic=topic, state="unknown", says=says, address=address)
    who = sorted({actor for guard in meeting for actor in guard.bypass or ()})
    says = f"is required, but may be bypassed by {named(who)}; take them off the bypass list"
    return Answer(topic=topic, state="missing", says=says, address=address)


def _advice(base: str, guards: list[Guard], address: str) -> Iterator[Answer]:
    queue = any(guard.queue for guard in guards)
    if any(GATE in guard.checks for guard in guards):
        apps = {guard.checks[GATE] for guard in guards if GATE in guard.checks}
        topic = f"branch {base}: who reports {GATE}"
        if apps <= {None, -1}:
            says = f'whoever may set a status can report "{GATE}": choose GitHub Actions as its source'
            yield Answer(topic=topic, state="advice", says=says, address=address)
        elif _ACTIONS in apps:
            yield Answer(topic=topic, state="right", says="GitHub Actions alone")
        topic = f"branch {base}: up to date"
        if queue or any(guard.up_to_date for guard in guards):
            yield Answer(topic=topic, state="right", says="what is merged is what was judged")
        else:
            says = "a green check may be of an older base: require branches to be up to date, or use the merge queue"
            yield Answer(topic=topic, state="advice", says=says, address=address)
    if any(guard.code_owners for guard in guards) and not any(guard.stale_dismissed for guard in guards):
        says = "an approval stays when more is pushed: dismiss stale approvals"
        yield Answer(topic=f"branch {base}: stale approvals", state="advice", says=says, address=address)


def _queue(guards: list[Guard], refusal: Reply | None, address: str) -> Answer:
    topic = "merge queue"
    if any(guard.queue for guard in guards):
        return Answer(topic=topic, state="right", says="is on")
    if refusal is not None:
        return unknown(topic, refusal, address)
    says = "is optional: it keeps many pull requests at once from waiting for one another"
    return Answer(topic=topic, state="advice", says=says, address=address)


def check_written(asking: Asking, branch: str) -> Iterator[Answer]:
    """Yield whether a branch that only workflows write can be rewritten or deleted."""
    guards, refusal = _guards(asking, branch)
    topic, address = f"branch {branch}", asking.page("settings/rules")
    kept = any(guard.no_force for guard in guards) and any(guard.no_deletion for guard in guards)
    if kept:
        yield Answer(topic=topic, state="right", says="can be neither rewritten nor deleted")
    elif refusal is not None:
        yield unknown(topic, refusal, address)
    else:
        says = "block force pushes and restrict deletions; leave updates open, for the workflow's token pushes there"
        yield Answer(topic=topic, state="missing", says=says, address=address)


def _guards(asking: Asking, branch: str) -> tuple[list[Guard], Reply | None]:
    """Return what guards a branch, and the reply that kept it from being known in full."""
    rules = asking.ask_all(f"rules/branches/{quote(branch, safe='')}", "")
    by_ruleset: dict[int, list[Mapping[str, Any]]] = {}
    for rule in rules.items:
        by_ruleset.setdefault(rule.get("ruleset_id", 0), []).append(rule)
    guards = [_ruleset_guard(asking, number, entries) for number, entries in sorted(by_ruleset.items())]
    protection = asking.ask_as_administrator(f"branches/{quote(branch, safe='')}/protection")
    if protection.value is not None:
        guards.append(_protection_guard(protection.mapping))
    refused = [reply for reply in (rules, protection) if reply.refusal]
    return guards, refused[0] if refused else None


def _ruleset_guard(asking: Asking, number: int, rules: list[Mapping[str, Any]]) -> Guard:
    ruleset = asking.ask(f"rulesets/{number}").mapping
    by_type = {rule.get("type"): rule.get("parameters") or {} for rule in rules}
    request, status = by_type.get("pull_request", {}), by_type.get("required_status_checks", {})
    actors = ruleset.get("bypass_actors")  # left out for who may not edit the ruleset
    return Guard(
        name=f'the ruleset "{ruleset.get("name", number)}"',
        bypass=None if actors is None else tuple(_actor(actor) for actor in actors),
        pull_request="pull_request" in by_type,
        approvals=_approvals(request),
        code_owners=request.get("require_code_owner_review") is True,
        stale_dismissed=request.get("dismiss_stale_reviews_on_push") is True,
        checks={c["context"]: c.get("integration_id") for c in status.get("required_status_checks", ())},
        up_to_date=status.get("strict_required_status_checks_policy") is True,
        no_force="non_fast_forward" in by_type,
        no_deletion="deletion" in by_type,
        queue="merge_queue" in by_type,
    )


def _approvals(request: Mapping[str, Any]) -> int:
    number = request.get("required_approving_review_count")
    return number if isinstance(number, int) else 0


def _actor(actor: Mapping[str, Any]) -> str:
    kind = _ACTORS.get(str(actor.get("actor_type")), "somebody")
    return f"{kind} ({actor['actor_id']})" if actor.get("actor_id") else kind


def _protection_guard(protection: Mapping[str, Any]) -> Guard:
    reviews = protection.get("required_pull_request_reviews")
    request = reviews if reviews is not None else {}
    status = protection.get("required_status_checks") or {}
    return Guard(
        name="the branch protection",
        bypass=tuple(_protection_bypass(protection, request)),
        pull_request=reviews is not None,
        approvals=_approvals(request),
        code_owners=request.get("require_code_owner_reviews") is True,
        stale_dismissed=request.get("dismiss_stale_reviews") is True,
        checks=dict.fromkeys(status.get("contexts", ()))
        | {check["context"]: check.get("app_id") for check in status.get("checks", ())},
        up_to_date=status.get("strict") is True,
        no_force=not _enabled(protection, "allow_force_pushes"),
        no_deletion=not _enabled(protection, "allow_deletions"),
    )


def _protection_bypass(protection: Mapping[str, Any], request: Mapping[str, Any]) -> Iterator[str]:
    if not _enabled(protection, "enforce_admins"):
        yield "administrators"
    allowances = request.get("bypass_pull_request_allowances") or {}
    for kind, key in (("users", "login"), ("teams", "slug"), ("apps", "slug")):
        yield from (f"@{actor.get(key)}" for actor in allowances.get(kind, ()))


def _enabled(protection: Mapping[str, Any], name: str) -> bool:
    return (protection.get(name) or {}).get("enabled") is True
