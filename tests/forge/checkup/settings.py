"""The settings of a repository as GitHub tells them, everything right, for tests to take apart."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping, Sequence
from typing import Any

from mintmark.errors import ForgeError
from mintmark.forge.checkup.automation import SHIPPED

PAGE = "https://github.com/acme/models"
PULL_REQUEST = {
    "required_approving_review_count": 1,
    "dismiss_stale_reviews_on_push": True,
    "require_code_owner_review": True,
    "require_last_push_approval": False,
    "required_review_thread_resolution": False,
}
CHECKS = {
    "required_status_checks": [{"context": "gate", "integration_id": 15368}],
    "strict_required_status_checks_policy": True,
}
_QUEUE = {
    "check_response_timeout_minutes": 60,
    "grouping_strategy": "ALLGREEN",
    "max_entries_to_build": 5,
    "max_entries_to_merge": 5,
    "merge_method": "MERGE",
    "min_entries_to_merge": 1,
    "min_entries_to_merge_wait_minutes": 5,
}
PROTECTION: dict[str, Any] = {
    "required_status_checks": {"strict": True, "contexts": ["gate"], "checks": [{"context": "gate", "app_id": 15368}]},
    "required_pull_request_reviews": {
        "dismiss_stale_reviews": True,
        "require_code_owner_reviews": True,
        "required_approving_review_count": 1,
    },
    "enforce_admins": {"url": PAGE, "enabled": True},
    "allow_force_pushes": {"enabled": False},
    "allow_deletions": {"enabled": False},
}


_BRANCHES = {"protected_branches": True, "custom_branch_policies": False}


def rule(kind: str, ruleset: int, **parameters: Any) -> dict[str, Any]:
    about = {"ruleset_source_type": "Repository", "ruleset_source": "acme/models", "ruleset_id": ruleset}
    return {"type": kind, **about, **({"parameters": parameters} if parameters else {})}


def ruleset(number: int, name: str, *rules: str, **changes: Any) -> dict[str, Any]:
    about = {"id": number, "name": name, "target": "branch", "source_type": "Repository", "source": "acme/models"}
    return {
        **about,
        "enforcement": "active",
        "bypass_actors": [],
        "rules": [{"type": kind} for kind in rules],
        **changes,
    }


def environment(name: str, *, reviewers: bool) -> dict[str, Any]:
    reviewer = {"type": "User", "reviewer": {"login": "ada"}}
    rules = [{"id": 1, "node_id": "x", "type": "required_reviewers", "reviewers": [reviewer]}] if reviewers else []
    return {"id": 1, "name": name, "protection_rules": rules, "deployment_branch_policy": _BRANCHES}


def right() -> dict[str, Any]:
    """Return what a repository says in which nothing is missing, by the path of the question."""
    tags = {"ref_name": {"include": ["refs/tags/*@v*", "refs/tags/*#*"], "exclude": []}}
    workflows = [{"id": n, "name": name, "path": f".github/workflows/{name}", "state": "active"}
                 for n, name in enumerate(SHIPPED)]  # fmt: skip
    return copy.deepcopy(
        {
            "": {
                "html_url": PAGE,
                "default_branch": "main",
                "fork": False,
                "archived": False,
                "permissions": {"admin": True, "push": True, "pull": True},
            },
            "actions/permissions": {"enabled": True, "allowed_actions": "all"},
            "actions/permissions/workflow": {
                "default_workflow_permissions": "read",
                "can_approve_pull_request_reviews": True,
            },
            "actions/workflows": {"total_count": len(workflows), "workflows": workflows},
            "rules/branches/main": [
                rule("pull_request", 1, **PULL_REQUEST),
                rule("required_status_checks", 1, **CHECKS),
                rule("non_fast_forward", 1),
                rule("deletion", 1),
                rule("merge_queue", 1, **_QUEUE),
            ],
            "rules/branches/deploy": [rule("non_fast_forward", 2), rule("deletion", 2)],
            "rulesets": [ruleset(1, "main"), ruleset(2, "deploy"), ruleset(3, "tags", target="tag")],
            "rulesets/1": ruleset(1, "main"),
            "rulesets/2": ruleset(2, "deploy"),
            "rulesets/3": ruleset(3, "tags", "update", "deletion", target="tag", conditions=tags),
            "immutable-releases": {"enabled": True, "enforced_by_owner": False},
            "environments": {
                "total_count": 2,
                "environments": [environment(f"iris/{name}", reviewers=True) for name in ("staging", "production")],
            },
            "pages": {"build_type": "workflow", "html_url": "https://acme.github.io/models/"},
            "actions/variables/MINTMARK_APP_ID": {"name": "MINTMARK_APP_ID", "value": "1"},
            "actions/variables/MINTMARK_LOG": {"name": "MINTMARK_LOG", "value": "s3://acme/log"},
            "actions/secrets/MINTMARK_APP_KEY": {"name": "MINTMARK_APP_KEY"},
            "codeowners/errors?ref=main": {"errors": []},
        }
    )


class Told:
    """Answers the one question of the check-up, in pages as GitHub does. A text in place of a value is a refusal."""

    def __init__(self, said: Mapping[str, Any]) -> None:
        self.said, self.asked = said, list[str]()

    def settings(self, question: str) -> Mapping[str, object] | Sequence[object] | None:
        self.asked.append(question)
        if question in self.said:
            return self._value(question)
        path, _, query = question.partition("?")
        value, page = self._value(path), re.search(r"page=(\d+)$", query)
        if value is None or page is None:
            return value
        start = 100 * (int(page[1]) - 1)
        if isinstance(value, list):
            return value[start : start + 100]
        (key,) = (key for key in value if key != "total_count")
        return {"total_count": len(value[key]), key: value[key][start : start + 100]}

    def _value(self, path: str) -> Any:
        value = self.said.get(path)
        if isinstance(value, str):
            raise ForgeError(value)
        return value
