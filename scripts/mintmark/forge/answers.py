"""Read what GitHub answers as values, and refuse what is of another form. Asks nothing."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from mintmark.errors import ForgeError
from mintmark.forge.forge import Approval, Deployment, DeploymentState, Issue, PullRequest, Release

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_STATES: tuple[DeploymentState, ...] = (
    "pending", "queued", "in_progress", "success", "failure", "error", "inactive",
)  # fmt: skip
_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


class Answer:
    """A JSON object that a forge answered, whose fields are read by name and type."""

    def __init__(self, document: object, what: str) -> None:
        if not isinstance(document, dict):
            raise ForgeError(f"the forge answered with something that is no {what}")
        self._document, self._what = document, what

    def text(self, name: str) -> str:
        """Return a text, empty where it is null."""
        value = self._document.get(name)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise self._fault(name)
        return value

    def number(self, name: str) -> int:
        """Return a whole number."""
        value = self._document.get(name)
        if not isinstance(value, int) or isinstance(value, bool):
            raise self._fault(name)
        return value

    def flag(self, name: str) -> bool:
        """Return whether something holds."""
        value = self._document.get(name)
        if not isinstance(value, (bool, type(None))):
            raise self._fault(name)
        return bool(value)

    def part(self, name: str) -> Answer | None:
        """Return an object inside, None where it is null."""
        value = self._document.get(name)
        if not isinstance(value, (dict, type(None))):
            raise self._fault(name)
        return None if value is None else Answer(value, f"{self._what} ({name})")

    def items(self, name: str) -> list[Answer]:
        """Return a list of objects."""
        value = self._document.get(name)
        if not isinstance(value, list):
            raise self._fault(name)
        return [Answer(item, f"{self._what} ({name})") for item in value]

    def raw(self, name: str) -> object:
        """Return a value of any type, None where there is none."""
        return self._document.get(name)

    def moment(self, name: str) -> datetime | None:
        """Return a time, None where it is null."""
        text = self.text(name)
        try:
            return datetime.fromisoformat(text).astimezone(UTC) if text else None
        except ValueError:
            raise self._fault(name) from None

    def commit(self, name: str) -> str:
        """Return the id of a commit."""
        text = self.text(name)
        if not _COMMIT.fullmatch(text):
            raise self._fault(name)
        return text

    def _fault(self, name: str) -> ForgeError:
        return ForgeError(f"the forge answered with a {self._what} whose {name} is of another kind than GitHub's")


def pull_request(document: object) -> PullRequest:
    """Read a pull request, from a list or by itself."""
    found = Answer(document, "pull request")
    head, into, user = found.part("head"), found.part("base"), found.part("user")
    if head is None or into is None:
        raise ForgeError("the forge answered with a pull request that has no branch")
    fork = head.part("repo")
    return PullRequest(
        number=found.number("number"),
        title=found.text("title"),
        body=found.text("body"),
        author=user.text("login") if user is not None else "",
        state="open" if found.text("state") == "open" else "closed",
        merged=found.moment("merged_at") is not None,
        base=into.text("ref"),
        head=head.text("ref"),
        head_commit=head.commit("sha"),
        head_repository=fork.text("full_name") if fork is not None else None,
        url=found.text("html_url"),
    )


def approvals(documents: Iterable[object]) -> list[Approval]:
    """Read the reviews of a pull request, oldest first, and keep who approved last and did not take it back."""
    standing: dict[str, Approval] = {}
    for document in documents:
        review = Answer(document, "review")
        user, state, moment = review.part("user"), review.text("state"), review.moment("submitted_at")
        if user is None or state not in ("APPROVED", "CHANGES_REQUESTED", "DISMISSED"):
            continue  # a comment changes no opinion
        person = user.text("login")
        standing.pop(person, None)
        if state == "APPROVED" and moment is not None:
            standing[person] = Approval(person=person, commit=review.text("commit_id"), moment=moment)
    return list(standing.values())


def issue(document: object, key: str) -> Issue:
    """Read an issue that was opened with a key."""
    found = Answer(document, "issue")
    return Issue(
        number=found.number("number"),
        key=key,
        title=found.text("title"),
        body=found.text("body"),
        url=found.text("html_url"),
        is_open=found.text("state") == "open",
    )


def release(document: object) -> Release:
    """Read a release with the files that are whole."""
    found = Answer(document, "release")
    files = {asset.text("name"): asset.number("size") for asset in found.items("assets")}
    return Release(
        number=found.number("id"),
        tag=found.text("tag_name"),
        draft=found.flag("draft"),
        url=found.text("html_url"),
        files=files,
    )


def deployment(document: object) -> Deployment:
    """Read a deployment without its statuses, whose payload is an object, or the text of one."""
    found = Answer(document, "deployment")
    return Deployment(
        number=found.number("id"),
        environment=found.text("environment"),
        commit=found.commit("sha"),
        state=None,
        payload=_payload(found.raw("payload")),
    )


def deployment_state(status: Answer) -> DeploymentState:
    """Read the state in a status of a deployment."""
    text = status.text("state")
    for state in _STATES:
        if text == state:
            return state
    raise ForgeError("the forge answered with a deployment in a state that GitHub does not have")


def _payload(value: object) -> Mapping[str, str]:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return {}
    if not isinstance(value, dict):
        return {}
    return {str(name): str(item) for name, item in value.items()}
