"""What the fake GitHub says of pull requests, issues, comments and checks."""

from __future__ import annotations

from tests.scaffold.forge.fake_forge import BOT, Document, FakeRepository, Refusal
from tests.scaffold.forge.routing import Answer, Call, repository, route

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
