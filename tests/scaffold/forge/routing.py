"""How the fake GitHub answers: a function for each path of its API that Mintmark uses, held against its description."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlencode

from tests.scaffold.forge.fake_forge import BOT, Document, FakeRepository, Headers, Query, Refusal

if TYPE_CHECKING:
    from tests.scaffold.forge.contract import Contract

REPOSITORY = "/repos/{owner}/{repo}"
# Settings, which a test puts into `FakeRepository.settings` by their path below the repository.
SETTINGS = [
    "", "/actions/permissions", "/actions/permissions/workflow", "/actions/workflows", "/branches/{branch}",
    "/branches/{branch}/protection", "/codeowners/errors", "/contents/{path}", "/environments",
    "/environments/{environment_name}", "/environments/{environment_name}/deployment-branch-policies",
    "/immutable-releases", "/labels", "/pages", "/rules/branches/{branch}", "/rulesets", "/rulesets/{ruleset_id}",
    "/actions/secrets/{secret_name}", "/actions/variables/{name}", "/actions/secrets", "/actions/variables", "/actions/permissions/selected-actions", "/actions/runs",
    "/actions/workflows/{workflow_id}", "/actions/workflows/{workflow_id}/runs",
]  # fmt: skip


@dataclass
class Call:
    """One request, and the headers of its answer."""

    repository: FakeRepository
    actor: str
    query: Query
    body: bytes
    headers: Headers
    host: str

    @property
    def document(self) -> Any:
        try:
            return json.loads(self.body)
        except ValueError:
            raise Refusal(400, "Problems parsing JSON") from None

    def page(self, items: Iterable[Any]) -> list[Any]:
        """One page of a list, with the Link header that leads to the next one."""
        listed = list(items)
        size = min(int(self.query.get("per_page", "30")), self.repository.page_size)
        number = int(self.query.get("page", "1"))
        if number * size < len(listed):
            query = urlencode({**self.query, "page": str(number + 1)})
            self.headers["Link"] = f'<{self.host}{self.headers.pop("path")}?{query}>; rel="next"'
        return listed[(number - 1) * size : number * size]

    def require_write(self) -> None:
        if not self.actor:
            raise Refusal(401, "Requires authentication")
        if self.actor != BOT and self.repository.people.get(self.actor) not in ("admin", "write"):
            raise Refusal(403, "Resource not accessible by integration",
                          headers={"X-Accepted-GitHub-Permissions": "contents=write"})  # fmt: skip


Answer = tuple[int, Any]
ROUTES: list[tuple[str, str, re.Pattern[str], Callable[..., Answer]]] = []


def route(method: str, path: str) -> Callable[[Callable[..., Answer]], Callable[..., Answer]]:
    template = path if path == "/user" else REPOSITORY + path
    pattern = re.compile(
        re.sub(r"\\{\w+\\}", "([^/]+)", re.escape(template)).replace("([^/]+)/([^/]+)", "[^/]+/[^/]+", 1)
    )

    def add(function: Callable[..., Answer]) -> Callable[..., Answer]:
        ROUTES.append((method, template, pattern, function))
        return function

    return add


def templates() -> dict[str, set[str]]:
    """The paths of GitHub's API that are in use here, with their methods."""
    found: dict[str, set[str]] = {}
    for method, template, _, _ in ROUTES:
        found.setdefault(template, set()).add(method)
    for tail in SETTINGS:
        found.setdefault(REPOSITORY + tail, set()).add("GET")
    found.pop(f"{REPOSITORY}/_download/{{id}}")
    return found


def dispatch(method: str, path: str, call: Call) -> tuple[int, Any]:
    """Answer a request; what breaks the contract, on either side, is kept in `FakeForge.breaches`."""
    contract, breaches = call.repository.forge.contract, call.repository.forge.breaches
    call.headers["path"] = path
    for known, template, pattern, function in ROUTES:
        match = pattern.fullmatch(path)
        if match is None or known != method:
            continue
        checked = contract if "/_download/" not in template else None
        if checked is not None:
            breaches += checked.request_faults(method, template, call.query, call.body)
        if method != "GET":
            call.require_write()
        status, answer = function(call, *(unquote(part) for part in match.groups()))
        break
    else:
        template, status, answer, checked = *_setting(path, call), contract
        if method != "GET":
            raise Refusal(404, "Not Found")
    call.headers.pop("path", None)
    return status, _held(checked, breaches, method, template, status, answer)


def _held(contract: Contract | None, breaches: list[str], method: str, template: str, status: int, answer: Any) -> Any:
    if contract is None or isinstance(answer, bytes) or not template:
        return answer
    answer = contract.complete(method, template, status, answer)
    breaches += contract.answer_faults(method, template, status, answer)
    return answer


def _setting(path: str, call: Call) -> tuple[str, int, Any]:
    tail = unquote(path.removeprefix(f"/repos/{call.repository.name}"))
    if tail.strip("/") not in call.repository.settings:
        if tail == "":
            return REPOSITORY, 200, repository(call.repository)
        raise Refusal(404, "Not Found")
    answer = call.repository.settings[tail.strip("/")]
    if isinstance(answer, Refusal):
        raise answer
    if isinstance(answer, list):
        answer = call.page(answer)
    elif "total_count" in answer:
        answer = {key: call.page(value) if isinstance(value, list) else value for key, value in answer.items()}
    if tail == "":
        answer = {**repository(call.repository), **answer}
    matching = [one for one in SETTINGS if re.fullmatch(re.sub(r"\\{\w+\\}", ".+", re.escape(one)), tail)]
    return REPOSITORY + min(matching, key=lambda one: (one.count("{"), -len(one))), 200, answer


def repository(repo: FakeRepository) -> Document:
    owner, _, name = repo.name.partition("/")
    return {
        "id": 1, "name": name, "full_name": repo.name, "owner": repo.user(owner), "private": False,
        "default_branch": "main", "html_url": f"{repo.forge.address}/{repo.name}", "fork": repo.parent is not None,
    }  # fmt: skip


@route("GET", "/user")
def who_am_i(call: Call) -> Answer:
    if call.actor == BOT:
        raise Refusal(403, "Resource not accessible by integration")
    if not call.actor:
        raise Refusal(401, "Requires authentication")
    return 200, call.repository.user(call.actor)


@route("GET", "/collaborators/{username}/permission")
def permission(call: Call, person: str) -> Answer:
    if person not in call.repository.people:
        raise Refusal(404, f"{person} is not a user")
    level = call.repository.people[person]
    return 200, {"permission": level, "role_name": level, "user": call.repository.user(person)}
