"""A repository on GitHub: the verbs of `Forge` over its REST API."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote

from mintmark.errors import ArtifactError, ForgeError
from mintmark.forge import answers, artifacts, releases
from mintmark.forge.forge import Check, Comment
from mintmark.forge.marks import begins_marked, is_marked, marked, read_mark, renewed, shortened, without_key
from mintmark.forge.rest import RestApi

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from mintmark.forge.forge import Approval, Deployment, DeploymentState, Issue, PullRequest, Release

_REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*/[A-Za-z0-9._-]+")
_QUESTION = re.compile(r"[A-Za-z0-9._~%@/-]*")
_MOST_DESCRIPTION = 140  # characters of a deployment's description
_ACTIONS = "github-actions"
_WORKFLOWS = "github-actions[bot]"
_MOST_OPEN = 1000  # pull requests that are looked through for a commit


class GitHub:
    """One repository on GitHub, `owner/name`. See `Forge` for what each verb promises."""

    def __init__(self, repository: str, api: RestApi) -> None:
        if not _REPOSITORY.fullmatch(repository) or repository.endswith(("/.", "/..")):
            raise ForgeError("the name of the repository on GitHub is not of the form owner/name")
        self.repository = repository
        self._api = api
        self._releases = releases.Releases(repository, api)
        self._own_login: str | None = None

    def __repr__(self) -> str:
        return f"GitHub({self.repository!r}, {self._api.address!r})"

    def pull_requests_of(self, commit: str, *, head_repository: str | None = None) -> Sequence[PullRequest]:
        """See `Forge`. GitHub knows no pull request of a commit that is in a fork alone, so those open are read."""
        if head_repository is None:
            found = self._api.pages(self._path("commits", commit, "pulls"))
            return [answers.pull_request(document) for document in found]
        return [
            request
            for request in self._open_requests()
            if request.head_commit == commit and (request.head_repository or "").lower() == head_repository.lower()
        ]

    def pull_requests_from(self, branch: str) -> Sequence[PullRequest]:
        """See `Forge`."""
        query = {"state": "all", "head": f"{self.repository.partition('/')[0]}:{branch}"}
        found = [answers.pull_request(document) for document in self._api.pages(self._path("pulls"), query)]
        return [request for request in found if request.head == branch]

    def _open_requests(self) -> Iterator[PullRequest]:
        listed = self._api.pages(self._path("pulls"), {"state": "open", "sort": "updated", "direction": "desc"})
        for count, document in enumerate(listed):
            if count == _MOST_OPEN:
                return
            yield answers.pull_request(document)

    def open_pull_requests(self, prefix: str) -> Sequence[PullRequest]:
        """See `Forge`."""
        own = self.repository.lower()
        return [
            request
            for request in self._open_requests()
            if request.head.startswith(prefix) and (request.head_repository or "").lower() == own
        ]

    def approvals(self, number: int) -> Sequence[Approval]:
        """See `Forge`. On a public repository anybody may approve: whether an approval counts is not said here."""
        return answers.approvals(self._api.pages(self._path("pulls", number, "reviews")))

    def may_write(self, person: str) -> bool:
        """See `Forge`."""
        found = self._api.get(self._path("collaborators", person, "permission"))
        return found is not None and answers.Answer(found, "permission").text("permission") in ("admin", "write")

    def check(self, commit: str, name: str) -> Check | None:
        """See `Forge`. Other apps may run a check of the same name; it is that of GitHub Actions which counts."""
        path = self._path("commits", commit, "check-runs")
        for document in self._api.pages(path, {"check_name": name, "filter": "latest"}, key="check_runs"):
            found = answers.Answer(document, "check")
            app = found.part("app")
            if found.text("name") == name and app is not None and app.text("slug") == _ACTIONS:
                return Check(name=name, conclusion=found.text("conclusion") or None, url=found.text("html_url"))
        return None

    def open_pull_request(self, *, branch: str, base: str, title: str, body: str) -> PullRequest:
        """See `Forge`."""
        owner, body = self.repository.partition("/")[0], shortened(body)
        query = {"state": "open", "head": f"{owner}:{branch}", "base": base}
        found = [answers.pull_request(document) for document in self._api.pages(self._path("pulls"), query)]
        for request in found:
            if request.head != branch or request.base != base:
                continue
            if (request.title, request.body) == (title, body):
                return request
            changes = {"title": title, "body": body}
            return answers.pull_request(self._api.send("PATCH", self._path("pulls", request.number), changes))
        try:
            document = {"title": title, "head": branch, "base": base, "body": body}
            return answers.pull_request(self._api.send("POST", self._path("pulls"), document))
        except ForgeError as error:
            if "already exists" in str(error):  # another run was faster
                for request in self.pull_requests_from(branch):
                    if (request.state, request.base) == ("open", base):
                        return request
            if "not permitted to create" not in str(error):
                raise
            place = "Settings > Actions > General > Allow GitHub Actions to create and approve pull requests"
            raise ForgeError(f"{error}; an owner allows it under {place}") from None

    def comment(self, number: int, *, key: str, body: str) -> None:
        """See `Forge`."""
        text = marked(key, body)
        for document in self._api.pages(self._path("issues", number, "comments")):
            found = answers.Answer(document, "comment")
            if is_marked(key, found.text("body")) and self._is_ours(found):
                text = renewed(found.text("body"), text)
                if not _same_text(found.text("body"), text):
                    self._api.send("PATCH", self._path("issues", "comments", found.number("id")), {"body": text})
                return
        self._api.send("POST", self._path("issues", number, "comments"), {"body": text})

    def comments(self, number: int) -> Sequence[Comment]:
        """See `Forge`."""
        answered = [
            answers.Answer(each, "comment") for each in self._api.pages(self._path("issues", number, "comments"))
        ]
        listed = [(each.number("id"), read_mark(each.text("body"))) for each in answered if self._is_ours(each)]
        return [Comment(number=found, key=key) for found, key in sorted(listed) if key is not None]

    def add_comment(self, number: int, *, key: str, body: str) -> Comment:
        """See `Forge`."""
        made = self._api.send("POST", self._path("issues", number, "comments"), {"body": marked(key, body)})
        return Comment(number=answers.Answer(made, "comment").number("id"), key=key)

    def withdraw_comment(self, comment: Comment, *, reason: str) -> None:
        """See `Forge`."""
        body = without_key(marked(comment.key, reason))
        self._api.send("PATCH", self._path("issues", "comments", comment.number), {"body": body})

    def issues(self, *, label: str | None, closed: bool = False) -> Sequence[Issue]:
        """See `Forge`."""
        state = "all" if closed else "open"
        return [answers.issue(document, key) for document, key in self._marked_issues(label, state=state)]

    def _marked_issues(self, label: str | None, *, state: str) -> Iterator[tuple[object, str]]:
        query = {"state": state, **({"labels": label} if label else {}), "direction": "asc"}
        for document in self._api.pages(self._path("issues"), query):
            answer = answers.Answer(document, "issue")
            key = read_mark(answer.text("body"))
            if key is not None and answer.raw("pull_request") is None and self._is_ours(answer):
                yield document, key

    def open_issue(self, *, key: str, label: str, title: str, body: str, once: bool = False) -> Issue:
        """See `Forge`."""
        text, closed = marked(key, body), once
        found = self._first_issue(key, label, closed=closed)
        if found is not None:
            text = renewed(found.body, text)
            if not found.is_open or (found.title == title and _same_text(found.body, text)):
                return found
            changes = {"title": title, "body": text}
            return answers.issue(self._api.send("PATCH", self._path("issues", found.number), changes), key)
        document = {"title": title, "body": text, "labels": [label]}
        made = answers.issue(self._api.send("POST", self._path("issues"), document), key)
        first = self._first_issue(key, label, closed=closed)
        if first is None or first.number >= made.number:
            return made
        changes = {"body": f"This is a copy of #{first.number}.", "state": "closed", "state_reason": "not_planned"}
        self._api.send("PATCH", self._path("issues", made.number), changes)
        return first

    def _first_issue(self, key: str, label: str, *, closed: bool) -> Issue | None:
        """Return the issue with a key: of two that two runs made at once, the first.

        A person may have taken the label off, so issues without it are looked through where none has it.
        """
        for wanted in (label, None):
            for issue in self.issues(label=wanted, closed=closed):
                if issue.key == key:
                    return issue
        return None

    def close_issue(self, number: int, *, reason: str, ended: bool = False) -> None:
        """See `Forge`."""
        found = answers.Answer(self._api.get(self._path("issues", number)), "issue")
        if found.text("state") == "closed":
            return
        self.comment(number, key="closed", body=reason)
        changes = {"state": "closed", "state_reason": "completed"}
        if ended:
            changes["body"] = without_key(found.text("body"))
        self._api.send("PATCH", self._path("issues", number), changes)

    def close_pull_request(self, number: int, *, reason: str) -> None:
        """See `Forge`."""
        found = answers.pull_request(self._api.get(self._path("pulls", number)))
        if found.state == "closed":
            return
        self.comment(number, key="closed", body=reason)
        changes = {"state": "closed", "body": without_key(found.body)}
        self._api.send("PATCH", self._path("pulls", number), changes)

    def _is_ours(self, written: answers.Answer) -> bool:
        """Whether a text is by whom this token stands for, or by a bot: anybody can write a mark.

        Another bot than that of workflows may repeat what it read, so its text has to begin with the mark.
        """
        user = written.part("user")
        if user is None:
            return False
        if user.text("type") == "Bot" and user.text("login") != _WORKFLOWS:
            return begins_marked(written.text("body")) or user.text("login") == self._login()
        return user.text("login") in (_WORKFLOWS, self._login())

    def _login(self) -> str:
        if self._own_login is None:
            try:
                self._own_login = answers.Answer(self._api.get("user"), "user").text("login")
            except ForgeError:  # the token of a workflow is a bot's, and may not ask who it is
                self._own_login = ""
        return self._own_login

    def releases(self) -> Sequence[Release]:
        """See `Forge`."""
        return self._releases.list()

    def publish_release(
        self, tag: str, *, title: str, body: str, files: Sequence[Path], latest: bool, as_draft: bool = False
    ) -> Release:
        """See `Forge`."""
        return self._releases.publish(tag, title=title, body=body, files=files, latest=latest, as_draft=as_draft)

    def deploy(self, *, environment: str, commit: str, description: str, payload: Mapping[str, str]) -> Deployment:
        """See `Forge`. Which checks the commit passed was asked before: none is asked for again."""
        first = self._first_deployment(environment, commit, payload)
        if first is not None:
            return self._with_status(first)
        made = self._api.send(
            "POST",
            self._path("deployments"),
            {
                "ref": commit,
                "environment": environment,
                "description": description[:_MOST_DESCRIPTION],
                "payload": dict(payload),
                "auto_merge": False,
                "required_contexts": [],
            },
        )
        own = answers.deployment(made)
        first = self._first_deployment(environment, commit, payload)
        if first is None or first.number >= own.number:
            return own
        self.tell_deployment(own.number, "inactive", description=f"deployment {first.number} is of the same move")
        return self._with_status(first)

    def _first_deployment(self, environment: str, commit: str, payload: Mapping[str, str]) -> Deployment | None:
        """Return the deployment with this payload: of two that two runs made at once, the first."""
        listed = self._api.pages(self._path("deployments"), {"environment": environment, "sha": commit})
        found = [answers.deployment(document) for document in listed]
        same = [one for one in found if one.payload == dict(payload) and one.environment == environment]
        return min(same, key=lambda one: one.number, default=None)

    def deployments(self, environment: str | None, *, most: int) -> Sequence[Deployment]:
        """See `Forge`."""
        query = {} if environment is None else {"environment": environment}
        listed = islice(self._api.pages(self._path("deployments"), query), most)
        found = [answers.deployment(document) for document in listed]
        return [self._with_status(one) for one in found]

    def tell_deployment(self, number: int, state: DeploymentState, *, description: str, log_url: str = "") -> None:
        """See `Forge`. GitHub then makes the older successes of that environment inactive."""
        description = description[:_MOST_DESCRIPTION]
        last = self._last_status(number)
        told = None if last is None else (answers.deployment_state(last), last.text("description"))
        if last is not None and told == (state, description) and log_url in ("", last.text("log_url")):
            return
        document = {"state": state, "description": description, **({"log_url": log_url} if log_url else {})}
        self._api.send("POST", self._path("deployments", number, "statuses"), document)

    def _last_status(self, number: int) -> answers.Answer | None:
        listed = self._api.pages(self._path("deployments", number, "statuses"), {"per_page": "1"})
        first = next(iter(listed), None)
        return None if first is None else answers.Answer(first, "status of a deployment")

    def _with_status(self, one: Deployment) -> Deployment:
        last = self._last_status(one.number)
        return one if last is None else replace(one, state=answers.deployment_state(last), log_url=last.text("log_url"))

    def start_workflow(self, name: str, *, branch: str, inputs: Mapping[str, str]) -> None:
        """See `Forge`."""
        document = {"ref": branch, "inputs": dict(inputs)}
        self._api.send("POST", self._path("actions", "workflows", name, "dispatches"), document)

    def artifact(self, run: int, name: str, *, most_bytes: int) -> Mapping[str, bytes]:
        """See `Forge`."""
        listed = self._api.pages(self._path("actions", "runs", run, "artifacts"), {"name": name}, key="artifacts")
        found = [answers.Answer(document, "artifact") for document in listed]
        named = [one for one in found if one.text("name") == name and not one.flag("expired")]
        if not named:
            return {}
        newest = max(named, key=lambda one: one.number("id"))
        if newest.number("size_in_bytes") > most_bytes:
            raise ArtifactError(f"the artifact {name!r} is larger than {most_bytes:,} bytes, and is not read")
        path = self._path("actions", "artifacts", newest.number("id"), "zip")
        return artifacts.unpack(self._api.download(path, most_bytes=most_bytes), name, most_bytes=most_bytes)

    def settings(self, question: str) -> Mapping[str, object] | Sequence[object] | None:
        """See `Forge`."""
        path, _, query = question.partition("?")
        if not _QUESTION.fullmatch(path) or ".." in path.split("/"):
            raise ForgeError(f"{question!r} is no path of a setting")
        found = self._api.get(self._path(path) if path else self._path(), dict(parse_qsl(query)))
        if isinstance(found, (dict, list)) or found is None:
            return found
        raise ForgeError(f"GET {path}: the forge answered with something that is neither an object nor a list")

    def _path(self, *parts: str | int) -> str:
        """Return the path below the repository. A part is quoted whole; the one of `settings` is quoted already."""
        if len(parts) == 1 and isinstance(parts[0], str):
            return f"repos/{self.repository}/{parts[0]}"
        return "/".join([f"repos/{self.repository}", *(quote(str(part), safe="") for part in parts)])


def _same_text(one: str, other: str) -> bool:
    """Whether two texts are the same to a forge, which writes line breaks in its own way and cuts blanks at the end."""
    return one.replace("\r\n", "\n").rstrip() == other.replace("\r\n", "\n").rstrip()
