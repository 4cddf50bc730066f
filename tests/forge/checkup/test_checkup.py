"""What the check-up says of each setting that is missing, and of one that may not be asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.forge.checkup.settings import PAGE, PROTECTION, PULL_REQUEST, Told, environment, right, rule

from mintmark.core.settings import ChannelRule, Settings
from mintmark.forge.checkup import actions, automation, branches, environments, tags
from mintmark.forge.checkup.answers import Answer, Asking

SETTINGS = Settings(
    name="x",
    channels=(ChannelRule(name="staging"), ChannelRule(name="production", after="staging")),
    repository=f"{PAGE}/",
    site="https://acme.github.io/models",
)


USED = ("actions/checkout@0123", "acme/scan/sub@0123")


def answers(
    said: dict[str, Any], models: tuple[str, ...] = ("iris",), workflows: tuple[str, ...] = automation.SHIPPED
) -> dict[str, Answer]:
    asking = Asking(Told(said))  # type: ignore[arg-type]

    def every() -> Iterator[Answer]:
        yield from automation.check_repository(asking, SETTINGS)
        yield from actions.check_actions(asking, USED)
        yield from automation.check_workflows(asking, workflows)
        yield from branches.check_base(asking, "main")
        yield from branches.check_written(asking, "deploy")
        yield from tags.check_tags(asking)
        yield from tags.check_releases(asking)
        yield from environments.check_environments(asking, SETTINGS, models)
        yield from automation.check_pages(asking, SETTINGS)
        yield from automation.check_app(asking)
        yield from automation.check_log(asking, workflows)
        yield from automation.check_owners(asking, "main", ".github/CODEOWNERS")

    return {answer.topic: answer for answer in every()}


def test_where_all_is_set_all_is_right():
    assert {topic: answer.state for topic, answer in answers(right()).items() if answer.state != "right"} == {}


def without(kind: str) -> Callable[[dict[str, Any]], None]:
    def take_away(said: dict[str, Any]) -> None:
        said["rules/branches/main"] = [entry for entry in said["rules/branches/main"] if entry["type"] != kind]

    return take_away


def put(path: str, *keys: str, value: Any = None) -> Callable[[dict[str, Any]], None]:
    def change(said: dict[str, Any]) -> None:
        if not keys:
            said[path] = value
            return
        place = said[path]
        for key in keys[:-1]:
            place = place[key]
        place[keys[-1]] = value

    return change


def parameter(kind: str, name: str, value: Any) -> Callable[[dict[str, Any]], None]:
    def change(said: dict[str, Any]) -> None:
        (entry,) = (entry for entry in said["rules/branches/main"] if entry["type"] == kind)
        entry["parameters"][name] = value

    return change


def workflow(state: str) -> Callable[[dict[str, Any]], None]:
    def change(said: dict[str, Any]) -> None:
        said["actions/workflows"]["workflows"][-1]["state"] = state

    return change


def selected(*patterns: str, **changes: bool) -> Callable[[dict[str, Any]], None]:
    def change(said: dict[str, Any]) -> None:
        said["actions/permissions"]["allowed_actions"] = "selected"
        about = {"github_owned_allowed": False, "verified_allowed": False, "patterns_allowed": list(patterns)}
        said["actions/permissions/selected-actions"] = about | changes

    return change


FAULTS: list[tuple[str, str, Callable[[dict[str, Any]], None], str]] = [
    ("default branch", "missing", put("", "default_branch", value="trunk"), "settings"),
    ("archive", "missing", put("", "archived", value=True), "settings"),
    ("Actions", "missing", put("actions/permissions", "enabled", value=False), "settings/actions"),
    ("Actions", "missing", put("actions/permissions", "allowed_actions", value="local_only"), "settings/actions"),
    ("Actions", "missing", selected(), "settings/actions"),
    ("Actions", "missing", selected("acme/*"), "settings/actions"),
    ("Actions", "missing", selected("actions/checkout@*", "acme/other@*"), "settings/actions"),
    ("Actions", "missing", selected("*", "!acme/scan/*"), "settings/actions"),
    ("Actions", "unknown", selected(github_owned_allowed=True, verified_allowed=True), "settings/actions"),
    ("workflow token", "missing", put("actions/permissions/workflow", "default_workflow_permissions", value="write"), "settings/actions"),
    ("pull requests of workflows", "missing", put("actions/permissions/workflow", "can_approve_pull_request_reviews", value=False), "settings/actions"),
    ("workflow verify.yml", "missing", workflow("disabled_inactivity"), "actions/workflows/verify.yml"),
    ("workflow verify.yml", "missing", workflow("disabled_fork"), "actions/workflows/verify.yml"),
    ("workflows", "missing", put("actions/workflows", "workflows", value=[]), "actions"),
    ("schedules", "advice", put("", "fork", value=True), "actions"),
    ("branch main: a pull request", "missing", without("pull_request"), "settings/rules"),
    ("branch main: code owners", "missing", parameter("pull_request", "require_code_owner_review", value=False), "settings/rules"),
    ("branch main: an approval", "missing", parameter("pull_request", "required_approving_review_count", value=0), "settings/rules"),
    ("branch main: the check gate", "missing", without("required_status_checks"), "settings/rules"),
    ("branch main: no force push", "missing", without("non_fast_forward"), "settings/rules"),
    ("branch main: no deletion", "missing", without("deletion"), "settings/rules"),
    ("branch main: stale approvals", "advice", parameter("pull_request", "dismiss_stale_reviews_on_push", value=False), "settings/rules"),
    ("branch main: who reports gate", "advice", parameter("required_status_checks", "required_status_checks", value=[{"context": "gate"}]), "settings/rules"),
    ("merge queue", "advice", without("merge_queue"), "settings/rules"),
    ("branch deploy", "missing", put("rules/branches/deploy", value=[]), "settings/rules"),
    ("tags *@v*", "missing", put("rulesets", value=[]), "settings/rules"),
    ("tags *#*", "missing", put("rulesets/3", "conditions", "ref_name", "include", value=["refs/tags/*@v*"]), "settings/rules"),
    ("tags *#*", "missing", put("rulesets/3", "conditions", "ref_name", "exclude", value=["refs/tags/iris#*"]), "settings/rules"),
    ("tags *@v*", "missing", put("rulesets/3", "rules", value=[{"type": "update"}]), "settings/rules"),
    ("tags *@v*", "missing", put("rulesets/3", "bypass_actors", value=[{"actor_type": "Team", "actor_id": 4}]), "settings/rules"),
    ("immutable releases", "missing", put("immutable-releases"), "settings"),
    ("environments of production", "missing", put("environments", "environments", value=[environment("iris/staging", reviewers=True)]), "settings/environments"),
    ("environments of staging", "advice", put("environments", "environments", value=[environment("iris/production", reviewers=True)]), "settings/environments"),
    ("Pages", "missing", put("pages"), "settings/pages"),
    ("Pages", "missing", put("pages", "build_type", value="legacy"), "settings/pages"),
    ("App's token", "missing", put("actions/secrets/MINTMARK_APP_KEY"), "settings/variables/actions"),
    ("prediction log", "advice", put("actions/variables/MINTMARK_LOG"), "settings/variables/actions"),
    ("owners", "missing", put("codeowners/errors?ref=main", "errors", value=[{"line": 3, "kind": "Unknown owner"}]), "settings/access"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("topic", "state", "take_away", "page"), FAULTS, ids=[f"{f[0]}-{n}" for n, f in enumerate(FAULTS)]
)
def test_each_setting_that_is_missing_is_told_with_its_address(topic, state, take_away, page):
    said = right()
    take_away(said)
    found = answers(said)
    assert found[topic].state == state
    assert found[topic].address == f"{PAGE}/{page}"


@pytest.mark.parametrize(
    "change",
    [selected("acme/scan/*", github_owned_allowed=True), selected("*"), selected("actions/*", "acme/scan/sub")],
)
def test_a_selection_that_has_all_that_is_used_is_right(change):
    said = right()
    change(said)
    assert answers(said)["Actions"].state == "right"


def test_a_rule_that_somebody_may_bypass_is_missing():
    said = right()
    said["rulesets/1"]["bypass_actors"] = [{"actor_type": "RepositoryRole", "actor_id": 5, "bypass_mode": "always"}]
    found = answers(said)["branch main: the check gate"]
    assert (found.state, "a role (5)" in found.says) == ("missing", True)


def test_who_may_bypass_is_not_known_where_the_forge_does_not_tell_it():
    said = right()
    del said["rulesets/1"]["bypass_actors"]
    del said["rulesets/3"]["bypass_actors"]
    found = answers(said)
    assert found["branch main: a pull request"].state == found["tags *@v*"].state == "unknown"


def test_branch_protection_does_as_well_as_a_ruleset():
    said = right()
    said["rules/branches/main"] = []
    said["branches/main/protection"] = PROTECTION
    found = answers(said)
    assert {topic for topic, answer in found.items() if answer.state != "right"} == {"merge queue"}
    said["branches/main/protection"] = {**PROTECTION, "enforce_admins": {"enabled": False}}
    asked = answers(said)["branch main: a pull request"]
    assert (asked.state, "administrators" in asked.says) == ("missing", True)


def test_one_guard_that_nobody_may_bypass_is_enough():
    said = right()
    said["branches/main/protection"] = {**PROTECTION, "enforce_admins": {"enabled": False}}
    assert answers(said)["branch main: a pull request"].state == "right"


def test_parts_may_come_from_several_rulesets():
    said = right()
    said["rules/branches/main"][0] = rule("pull_request", 2, **PULL_REQUEST)
    assert answers(said)["branch main: code owners"].state == "right"


def test_without_permission_nothing_is_called_right():
    refused = "GET environments: 403 Resource not accessible by integration"
    said = {**dict.fromkeys(right(), refused), "": {**right()[""], "permissions": {"admin": False}}}
    found = answers(said)
    assert {found.pop(topic).state for topic in ("default branch", "address of the repository")} == {"right"}
    assert {answer.state for answer in found.values()} == {"unknown"}
    found.pop("App's token")
    assert all(refused in answer.says for answer in found.values())


@pytest.mark.parametrize(
    "topic", ["Actions", "Pages", "immutable releases", "App's token", "branch main: a pull request"]
)
def test_a_404_for_who_does_not_administer_is_no_answer(topic):
    said = {"": {**right()[""], "permissions": {"admin": False}}, "rules/branches/main": []}
    assert answers(said)[topic].state == "unknown"


def test_lists_are_read_to_the_end():
    models = tuple(f"m{number}" for number in range(130))
    said = right()
    said["environments"]["environments"] = [
        environment(f"{model}/{channel}", reviewers=True) for model in models for channel in ("staging", "production")
    ]
    assert answers(said, models)["environments of production"].state == "right"
    del said["environments"]["environments"][-1]
    found = answers(said, models)["environments of production"]
    assert (found.state, "m129/production" in found.says) == ("missing", True)


def test_many_names_are_told_with_their_number():
    found = answers(right() | {"environments": {"environments": []}}, tuple(f"m{n}" for n in range(40)))
    assert found["environments of production"].says.endswith(
        "m0/production, m1/production, m2/production, m3/production, m4/production and 35 more; add required reviewers"
    )


def test_any_branch_may_ask_the_reviewers():
    said = right()
    for entry in said["environments"]["environments"]:
        entry["deployment_branch_policy"] = None
    found = answers(said)["environments of production"]
    assert (found.state, "iris/production" in found.says) == ("advice", True)


def test_a_workflow_that_is_not_there_is_missing_unless_a_team_may_do_without():
    kept = tuple(name for name in automation.SHIPPED if name not in ("request.yml", "verify.yml"))
    found = answers(right(), workflows=kept)["workflows"]
    assert (found.state, found.says.split()[0]) == ("missing", "verify.yml")
    found = answers(right(), workflows=(*kept, "verify.yml"))["workflows"]
    assert (found.state, found.says.split()[0]) == ("advice", "request.yml")


def test_a_workflow_that_somebody_switched_off_on_purpose_is_no_fault():
    said = right()
    for entry in said["actions/workflows"]["workflows"]:
        entry["state"] = "disabled_manually"
    found = answers(said)
    assert {found[f"workflow {name}"].state for name in automation.OPTIONAL} == {"advice"}
    assert found["workflow release.yml"].state == "missing"


def test_names_of_environments_ignore_case():
    said = right()
    said["environments"]["environments"][1]["name"] = "Iris/Production"
    assert answers(said)["environments of production"].state == "right"


def test_a_rule_without_a_reviewer_asks_nobody():
    said = right()
    said["environments"]["environments"][1]["protection_rules"][0]["reviewers"] = []
    assert answers(said)["environments of production"].state == "missing"


def test_an_address_that_is_another_one_is_told():
    said = right()
    said[""]["html_url"] = "https://github.com/acme/renamed"
    said["pages"]["html_url"] = "https://models.acme.example/"
    found = answers(said)
    assert "https://github.com/acme/renamed" in found["address of the repository"].says
    assert found["address of the site"].state == "advice"


def test_a_rollback_must_not_wait():
    said = right()
    said["environments"]["environments"].append(environment("iris/production/rollback", reviewers=True))
    found = answers(said)["environments of rollbacks"]
    assert (found.state, "reviewers" in found.says) == ("missing", True)


def test_a_setting_is_asked_for_once():
    told = Told(right())
    asking = Asking(told)  # type: ignore[arg-type]
    list(branches.check_base(asking, "main"))
    list(branches.check_base(asking, "main"))
    assert len(told.asked) == len(set(told.asked))
