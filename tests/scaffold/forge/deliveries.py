"""What the fake GitHub says of tags, releases, deployments and the artifacts of runs."""

from __future__ import annotations

import re
from hashlib import sha256

from tests.scaffold.forge.fake_forge import BOT, Document, FakeRepository, Refusal
from tests.scaffold.forge.routing import ROUTES, Answer, Call, route

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
