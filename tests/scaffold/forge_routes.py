"""What the fake GitHub answers: one function for each path of its API that Mintmark uses."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlencode

from tests.scaffold.fake_forge import BOT, Document, FakeRepository, Headers, Query, Refusal

if TYPE_CHECKING:
    from tests.scaffold.forge_contract import Contract

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


# Pull requests.


def pull(repo: FakeRepository, number: int, *, whole: bool = True) -> Document:
    issue = repo.issues[number]
    inner, head = issue["pull_request"], repo.pull_head(number)
    source: FakeRepository | None = inner["source"]
    document = {
        "number": number, "id": number, "title": issue["title"], "body": issue["body"], "state": issue["state"],
        "draft": False, "user": repo.user(issue["author"]), "labels": [], "created_at": issue["created_at"],
        "html_url": f"{repo.forge.address}/{repo.name}/pull/{number}", "merged_at": inner["merged_at"],
        "merge_commit_sha": inner["merged"],
        "head": {"label": inner["head"], "ref": inner["head"], "sha": head, "user": repo.user(issue["author"]),
                 "repo": repository(source) if source is not None else None},
        "base": {"label": inner["base"], "ref": inner["base"], "sha": repo.commit(inner["base"]),
                 "user": repo.user(repo.name.partition("/")[0]), "repo": repository(repo)},
    }  # fmt: skip
    if whole:
        document |= {"merged": inner["merged"] is not None, "mergeable": repo.merge_tree(number) is not None}
    return document


def _pulls(call: Call) -> list[int]:
    return [number for number, issue in call.repository.issues.items() if "pull_request" in issue]


@route("GET", "/pulls")
def list_pulls(call: Call) -> Answer:
    repo, query, found = call.repository, call.query, []
    for number in reversed(_pulls(call)):
        issue, inner = repo.issues[number], repo.issues[number]["pull_request"]
        owner = inner["source"].name.partition("/")[0] if inner["source"] else ""
        if query.get("state", "open") not in ("all", issue["state"]):
            continue
        if query.get("head", f"{owner}:{inner['head']}") != f"{owner}:{inner['head']}":
            continue
        if query.get("base", inner["base"]) == inner["base"]:
            found.append(number)
    return 200, [pull(repo, number, whole=False) for number in call.page(found)]


@route("POST", "/pulls")
def create_pull(call: Call) -> Answer:
    repo, wanted = call.repository, call.document
    if call.actor == BOT and repo.settings.get("actions/permissions/workflow", {}).get(
        "can_approve_pull_request_reviews"
    ) is False:  # fmt: skip
        raise Refusal(403, "GitHub Actions is not permitted to create or approve pull requests.")
    if repo.commit(f"refs/heads/{wanted['head']}") is None:
        raise Refusal(422, "Validation Failed", [{"resource": "PullRequest", "field": "head", "code": "invalid"}])
    same = [number for number in _pulls(call) if repo.issues[number]["state"] == "open"
            and repo.issues[number]["pull_request"]["head"] == wanted["head"]]  # fmt: skip
    if same:
        words = f"A pull request already exists for {repo.name.partition('/')[0]}:{wanted['head']}."
        raise Refusal(422, "Validation Failed", [{"resource": "PullRequest", "code": "custom", "message": words}])
    if repo.commit(wanted["head"]) == repo.commit(wanted["base"]):
        words = f"No commits between {wanted['base']} and {wanted['head']}"
        raise Refusal(422, "Validation Failed", [{"resource": "PullRequest", "code": "custom", "message": words}])
    number = repo.open_pull_request(
        wanted["head"], wanted["base"], title=wanted["title"], body=_body(wanted), author=call.actor
    )
    return 201, pull(repo, number)


@route("GET", "/pulls/{pull_number}")
def get_pull(call: Call, number: str) -> Answer:
    if int(number) not in _pulls(call):
        raise Refusal(404, "Not Found")
    return 200, pull(call.repository, int(number))


@route("PATCH", "/pulls/{pull_number}")
def change_pull(call: Call, number: str) -> Answer:
    call.repository.issues[int(number)].update(call.document)
    return get_pull(call, number)


@route("PUT", "/pulls/{pull_number}/merge")
def merge_pull(call: Call, number: str) -> Answer:
    wanted = call.document if call.body else {}
    made = call.repository.merge(int(number), wanted.get("merge_method", "merge"))
    return 200, {"sha": made, "merged": True, "message": "Pull Request successfully merged"}


@route("GET", "/pulls/{pull_number}/reviews")
def list_reviews(call: Call, number: str) -> Answer:
    return 200, call.page(call.repository.reviews.get(int(number), []))


@route("GET", "/pulls/{pull_number}/files")
def list_files(call: Call, number: str) -> Answer:
    repo = call.repository
    head, into = repo.pull_head(int(number)), repo.issues[int(number)]["pull_request"]["base"]
    lines = repo.git("diff", "--name-status", "--no-renames", f"{into}...{head}").splitlines()
    words = {"A": "added", "M": "modified", "D": "removed", "T": "changed"}
    return 200, call.page({"filename": line[2:], "status": words[line[0]], "sha": head} for line in lines)


@route("GET", "/commits/{commit_sha}/pulls")
def pulls_of_commit(call: Call, commit: str) -> Answer:
    """As GitHub does: it knows nothing of a commit that is in a fork alone."""
    repo, found = call.repository, []
    for number in _pulls(call):
        inner = repo.issues[number]["pull_request"]
        own = inner["source"] is repo and repo.pull_head(number) == commit
        if own or inner["merged"] == commit or (inner["merged"] and repo.pull_head(number) == commit):
            found.append(number)
    return 200, [pull(repo, number, whole=False) for number in call.page(found)]


# Issues and comments.


def _body(wanted: Document) -> str:
    body = wanted.get("body") or ""
    if len(body) > 65_536:
        raise Refusal(422, "Validation Failed", [{"message": "body is too long (maximum is 65536 characters)"}])
    return body


def issue(repo: FakeRepository, number: int) -> Document:
    found = repo.issues[number]
    document = {name: found[name] for name in ("number", "title", "body", "state", "created_at", "state_reason")}
    document |= {"id": number, "user": repo.user(found["author"]), "author_association": "NONE",
                 "html_url": f"{repo.forge.address}/{repo.name}/issues/{number}",
                 "labels": [{"id": 1, "name": name} for name in found["labels"]]}  # fmt: skip
    return document | ({"pull_request": {"url": None}} if "pull_request" in found else {})


@route("GET", "/issues")
def list_issues(call: Call) -> Answer:
    repo, query = call.repository, call.query
    wanted = set(filter(None, query.get("labels", "").split(",")))
    found = [
        number
        for number, one in repo.issues.items()
        if wanted <= set(one["labels"]) and query.get("state", "open") in ("all", one["state"])
    ]
    listed = found if query.get("direction") == "asc" else found[::-1]
    return 200, [issue(repo, number) for number in call.page(listed)]


@route("POST", "/issues")
def create_issue(call: Call) -> Answer:
    repo, wanted = call.repository, call.document
    number = repo.number()
    repo.issues[number] = {
        "number": number, "title": wanted["title"], "body": _body(wanted), "state": "open", "author": call.actor,
        "labels": list(wanted.get("labels", [])), "created_at": repo.now(), "state_reason": None,
    }  # fmt: skip
    return 201, issue(repo, number)


@route("GET", "/issues/{issue_number}")
def get_issue(call: Call, number: str) -> Answer:
    if int(number) not in call.repository.issues:
        raise Refusal(404, "Not Found")
    return 200, issue(call.repository, int(number))


@route("PATCH", "/issues/{issue_number}")
def change_issue(call: Call, number: str) -> Answer:
    _body(call.document)
    call.repository.issues[int(number)].update(call.document)
    return get_issue(call, number)


def comment(repo: FakeRepository, number: int) -> Document:
    found = repo.comments[number]
    return {"id": number, "body": found["body"], "user": repo.user(found["author"]), "created_at": found["at"],
            "html_url": f"{repo.forge.address}/{repo.name}/issues/{found['issue']}", "author_association": "NONE"}  # fmt: skip


@route("GET", "/issues/{issue_number}/comments")
def list_comments(call: Call, number: str) -> Answer:
    repo = call.repository
    return 200, [
        comment(repo, one) for one in call.page(n for n, c in repo.comments.items() if c["issue"] == int(number))
    ]


@route("POST", "/issues/{issue_number}/comments")
def create_comment(call: Call, number: str) -> Answer:
    repo, made = call.repository, call.repository.number()
    if int(number) not in repo.issues:
        raise Refusal(404, "Not Found")
    repo.comments[made] = {"body": _body(call.document), "author": call.actor, "issue": int(number), "at": repo.now()}
    return 201, comment(repo, made)


@route("PATCH", "/issues/comments/{comment_id}")
def change_comment(call: Call, number: str) -> Answer:
    call.repository.comments[int(number)]["body"] = _body(call.document)
    return 200, comment(call.repository, int(number))


# Checks.


@route("POST", "/check-runs")
def create_check(call: Call) -> Answer:
    repo, wanted = call.repository, call.document
    repo.check(wanted["head_sha"], wanted["name"], wanted.get("conclusion", "success"))
    return 201, repo.checks[-1]


@route("GET", "/commits/{ref}/check-runs")
def list_checks(call: Call, revision: str) -> Answer:
    found = [
        check
        for check in call.repository.checks
        if check["head_sha"] == call.repository.commit(revision)
        and call.query.get("check_name", check["name"]) == check["name"]
    ][::-1]
    return 200, {"total_count": len(found), "check_runs": call.page(found)}


# Tags and releases.


@route("GET", "/git/ref/{ref}")
def get_ref(call: Call, ref: str) -> Answer:
    """Also for refs with a slash, which stand unquoted in the path."""
    lines = call.repository.git("for-each-ref", "--format=%(refname) %(objecttype) %(objectname)", f"refs/{ref}")
    found = [line.split() for line in lines.splitlines() if line.split()[0] == f"refs/{ref}"]
    if not found:
        raise Refusal(404, "Not Found")
    name, kind, oid = found[0]
    return 200, {"ref": name, "object": {"type": kind, "sha": oid}}


ROUTES[-1] = (*ROUTES[-1][:2], re.compile(r"/repos/[^/]+/[^/]+/git/ref/(.+)"), ROUTES[-1][3])


def release(repo: FakeRepository, number: int) -> Document:
    found = repo.releases[number]
    address = f"{repo.forge.address}/repos/{repo.name}/releases/{number}/assets{{?name,label}}"
    return {**found, "id": number, "author": repo.user(BOT), "upload_url": address, "prerelease": False,
            "immutable": not found["draft"], "assets": list(found["assets"].values()),
            "html_url": f"{repo.forge.address}/{repo.name}/releases/{found['tag_name']}"}  # fmt: skip


def _published(repo: FakeRepository, tag: str) -> list[int]:
    return [number for number, one in repo.releases.items() if one["tag_name"] == tag and not one["draft"]]


def _find(call: Call, number: str) -> Document:
    if int(number) not in call.repository.releases:
        raise Refusal(404, "Not Found")
    return call.repository.releases[int(number)]


@route("GET", "/releases")
def list_releases(call: Call) -> Answer:
    repo = call.repository
    drafts = call.actor != ""
    found = [number for number, one in reversed(repo.releases.items()) if drafts or not one["draft"]]
    return 200, [release(repo, number) for number in call.page(found)]


@route("POST", "/releases")
def create_release(call: Call) -> Answer:
    repo, wanted = call.repository, call.document
    if not wanted.get("draft") and _published(repo, wanted["tag_name"]):
        raise Refusal(
            422, "Validation Failed", [{"resource": "Release", "code": "already_exists", "field": "tag_name"}]
        )
    number = repo.number()
    repo.releases[number] = {
        "tag_name": wanted["tag_name"], "name": wanted.get("name"), "body": wanted.get("body"), "assets": {},
        "draft": wanted.get("draft", False), "created_at": repo.now(), "target_commitish": "main", "published_at": None,
    }  # fmt: skip
    return 201, release(repo, number)


@route("GET", "/releases/tags/{tag}")
def release_of_tag(call: Call, tag: str) -> Answer:
    found = _published(call.repository, tag)
    if not found:
        raise Refusal(404, "Not Found")
    return 200, release(call.repository, found[0])


@route("GET", "/releases/latest")
def latest_release(call: Call) -> Answer:
    if call.repository.latest is None:
        raise Refusal(404, "Not Found")
    return 200, release(call.repository, call.repository.latest)


@route("PATCH", "/releases/{release_id}")
def change_release(call: Call, number: str) -> Answer:
    found, wanted = _find(call, number), call.document
    if not found["draft"]:
        raise Refusal(
            422, "Validation Failed", [{"resource": "Release", "message": "Cannot update an immutable release"}]
        )
    if wanted.get("draft") is False:
        if _published(call.repository, wanted.get("tag_name", found["tag_name"])):
            raise Refusal(
                422, "Validation Failed", [{"resource": "Release", "code": "already_exists", "field": "tag_name"}]
            )
        found["published_at"] = call.repository.now()
    found.update({name: value for name, value in wanted.items() if name != "make_latest"})
    if not found["draft"] and wanted.get("make_latest", "true") == "true":
        call.repository.latest = int(number)
    return 200, release(call.repository, int(number))


@route("DELETE", "/releases/{release_id}")
def delete_release(call: Call, number: str) -> Answer:
    if not _find(call, number)["draft"]:
        raise Refusal(422, "Cannot delete an immutable release")
    del call.repository.releases[int(number)]
    return 204, None


@route("POST", "/releases/{release_id}/assets")
def upload_asset(call: Call, number: str) -> Answer:
    repo, found = call.repository, _find(call, number)
    name = re.sub(r"[^A-Za-z0-9._+-]", ".", call.query["name"]).strip(".")
    if not found["draft"]:
        raise Refusal(422, "Cannot upload assets to an immutable release.")
    if any(asset["name"] == name for asset in found["assets"].values()):
        raise Refusal(
            422, "Validation Failed", [{"resource": "ReleaseAsset", "code": "already_exists", "field": "name"}]
        )
    made = repo.number()
    found["assets"][made] = {
        "id": made, "name": name, "state": "uploaded", "size": len(call.body), "content_type": "application/octet-stream",
        "digest": f"sha256:{sha256(call.body).hexdigest()}", "created_at": repo.now(), "uploader": repo.user(BOT),
        "browser_download_url": f"{repo.forge.address}/{repo.name}/releases/download/{found['tag_name']}/{name}",
    }  # fmt: skip
    repo.files[made] = call.body
    return 201, found["assets"][made]


@route("DELETE", "/releases/assets/{asset_id}")
def delete_asset(call: Call, number: str) -> Answer:
    for found in call.repository.releases.values():
        if int(number) in found["assets"]:
            if not found["draft"]:
                raise Refusal(422, "Cannot delete assets of an immutable release")
            del found["assets"][int(number)]
            return 204, None
    raise Refusal(404, "Not Found")


# Deployments.


@route("GET", "/deployments")
def list_deployments(call: Call) -> Answer:
    wanted = {name: call.query[name] for name in ("environment", "sha", "ref", "task") if name in call.query}
    found = [one for one in call.repository.deployments.values() if wanted.items() <= one.items()]
    return 200, call.page(found[::-1])


@route("POST", "/deployments")
def create_deployment(call: Call) -> Answer:
    repo, wanted = call.repository, call.document
    commit = repo.commit(wanted["ref"])
    if commit is None:
        raise Refusal(422, f"No ref found for: {wanted['ref']}")
    passed = repo.passed(commit)
    if missing := sorted(set(wanted.get("required_contexts", repo.required_checks)) - passed):
        raise Refusal(409, "Conflict: Commit status checks failed for " + commit,
                      [{"resource": "Deployment", "field": "required_contexts", "code": "invalid", "message": missing[0]}])  # fmt: skip
    number = repo.number()
    repo.deployments[number] = {
        "id": number, "sha": commit, "ref": wanted["ref"], "task": "deploy", "payload": wanted.get("payload", ""),
        "environment": wanted.get("environment", "production"), "description": wanted.get("description"),
        "creator": repo.user(call.actor), "created_at": repo.now(), "updated_at": repo.now(),
    }  # fmt: skip
    repo.statuses[number] = []
    return 201, repo.deployments[number]


@route("GET", "/deployments/{deployment_id}/statuses")
def list_statuses(call: Call, number: str) -> Answer:
    if int(number) not in call.repository.statuses:
        raise Refusal(404, "Not Found")
    return 200, call.page(call.repository.statuses[int(number)][::-1])


@route("POST", "/deployments/{deployment_id}/statuses")
def create_status(call: Call, number: str) -> Answer:
    repo, wanted, own = call.repository, call.document, int(number)
    if own not in repo.deployments:
        raise Refusal(404, "Not Found")
    environment = repo.deployments[own]["environment"]
    if wanted["state"] == "success" and wanted.get("auto_inactive", True):
        for other, deployment in repo.deployments.items():
            last = repo.statuses[other][-1]["state"] if repo.statuses[other] else ""
            if other < own and deployment["environment"] == environment and last == "success":
                _add_status(repo, other, "inactive", "", "")
    _add_status(repo, own, wanted["state"], wanted.get("description", ""), wanted.get("log_url", ""))
    return 201, repo.statuses[own][-1]


def _add_status(repo: FakeRepository, number: int, state: str, description: str, log_url: str) -> None:
    repo.statuses[number].append({
        "id": repo.number(), "state": state, "description": description, "log_url": log_url, "created_at": repo.now(),
        "environment": repo.deployments[number]["environment"], "creator": repo.user(BOT), "target_url": "",
    })  # fmt: skip


# Artifacts.


@route("POST", "/actions/workflows/{workflow_id}/dispatches")
def start_workflow(call: Call, name: str) -> Answer:
    call.require_write()
    repo = call.repository
    if repo.commit(call.document["ref"]) is None:
        raise Refusal(422, f"No ref found for: {call.document['ref']}")
    repo.dispatched.append((name, dict(call.document["inputs"])))
    return 204, None


@route("GET", "/actions/runs/{run_id}/artifacts")
def list_artifacts(call: Call, run: str) -> Answer:
    found = [
        {name: value for name, value in one.items() if name != "run"}
        for one, _ in call.repository.artifacts.values()
        if one["run"] == int(run) and call.query.get("name", one["name"]) == one["name"]
    ]
    return 200, {"total_count": len(found), "artifacts": call.page(found)}


@route("GET", "/actions/artifacts/{artifact_id}/{archive_format}")
def download_artifact(call: Call, number: str, _: str) -> Answer:
    other = call.host.replace("127.0.0.1", "localhost")  # another host, which must not see the token
    place = f"{other}/repos/{call.repository.name}/_download/{number}?sig=secret"
    raise Refusal(302, "", headers={"Location": place}, body=b"")


@route("GET", "/_download/{id}")
def download(call: Call, number: str) -> Answer:
    if call.actor:
        raise Refusal(403, "Server failed to authenticate the request.")
    call.headers["Content-Type"] = "application/zip"
    return 200, call.repository.artifacts[int(number)][1]
