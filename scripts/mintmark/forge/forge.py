"""What Mintmark asks of a forge, as values and verbs. `forge.github` answers for GitHub; another forge can follow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal, Protocol

DeploymentState = Literal["pending", "queued", "in_progress", "success", "failure", "error", "inactive"]


@dataclass(frozen=True, kw_only=True, slots=True)
class PullRequest:
    """A pull request. `head_repository` is None where the fork is gone."""

    number: int
    title: str
    body: str
    author: str
    state: Literal["open", "closed"]
    merged: bool
    base: str
    head: str
    head_commit: str
    head_repository: str | None
    url: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Approval:
    """Who approved a pull request, at which commit and when. Only the last word of each person counts."""

    person: str
    commit: str
    moment: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Issue:
    """An issue that Mintmark opened; `key` is the one it was opened with."""

    number: int
    key: str
    title: str
    body: str
    url: str
    is_open: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Comment:
    """A comment that Mintmark wrote, with the key that it wrote it with; a later one has a larger number."""

    number: int
    key: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Release:
    """A release of a tag with the names and sizes of its files. A draft takes more files, a published one does not."""

    number: int
    tag: str
    draft: bool
    url: str
    files: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """The last run of a check on a commit: its name, how it ended (None: not yet), and where to read it."""

    name: str
    conclusion: str | None
    url: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Deployment:
    """A deployment of a commit to an environment, with the state that was told last and the run that told it."""

    number: int
    environment: str
    commit: str
    state: DeploymentState | None
    log_url: str = ""
    payload: Mapping[str, str] = field(default_factory=dict)


class Forge(Protocol):
    """A repository on a forge.

    Every verb raises `ForgeError` with one sentence (what was asked, the status, the forge's own words), and never
    with a token in it. Verbs that write find what an earlier run left and go on from there: a second call with the
    same arguments repeats nothing.
    """

    def pull_requests_of(self, commit: str, *, head_repository: str | None = None) -> Sequence[PullRequest]:
        """Return the pull requests that a commit belongs to: as head (of that repository), or by their merge."""

    def pull_requests_from(self, branch: str) -> Sequence[PullRequest]:
        """Return the pull requests of a branch of this repository, the newest first; the branch may be gone."""

    def open_pull_requests(self, prefix: str) -> Sequence[PullRequest]:
        """Return the open pull requests of the branches of this repository whose names begin with a text."""

    def approvals(self, number: int) -> Sequence[Approval]:
        """Return the approvals of a pull request that nobody took back."""

    def may_write(self, person: str) -> bool:
        """Whether a person may push to the repository; False for somebody whom the forge does not know."""

    def check(self, commit: str, name: str) -> Check | None:
        """Return the last run of a check of this name that a workflow made on a commit, None where there is none."""

    def open_pull_request(self, *, branch: str, base: str, title: str, body: str) -> PullRequest:
        """Open a pull request of a branch that is pushed already, or update the one that is open.

        Of two runs that open one at the same moment, the first wins.
        """

    def close_pull_request(self, number: int, *, reason: str) -> None:
        """Close a pull request with a comment that says why; the key in its body is free again."""

    def comment(self, number: int, *, key: str, body: str) -> None:
        """Write the one comment with this key on a pull request or issue; a second call replaces its text."""

    def comments(self, number: int) -> Sequence[Comment]:
        """Return the comments that Mintmark wrote on a pull request or issue, the oldest first."""

    def add_comment(self, number: int, *, key: str, body: str) -> Comment:
        """Write a comment, whatever others there are with this key: of two runs, the older comment tells the first."""

    def withdraw_comment(self, comment: Comment, *, reason: str) -> None:
        """Let a comment say why it counts no more; its key is free again."""

    def issues(self, *, label: str | None, closed: bool = False) -> Sequence[Issue]:
        """Return the open issues with this label that Mintmark opened, the oldest first; with `closed` those too.

        Without a label, those of any label and of none.
        """

    def open_issue(self, *, key: str, label: str, title: str, body: str, once: bool = False) -> Issue:
        """Open the one issue with this key, or update the one that is open, also where a person took its label off.

        With `once`, an issue with this key that was closed is left as it is, and no other is opened. Of two runs that
        open one at the same moment, the first wins.
        """

    def close_issue(self, number: int, *, reason: str, ended: bool = False) -> None:
        """Close an issue with a comment that says why.

        With `ended` its key is free again, also for `once`. One that somebody else closed before keeps its key.
        """

    def releases(self) -> Sequence[Release]:
        """Return all releases, the drafts among them."""

    def publish_release(
        self, tag: str, *, title: str, body: str, files: Sequence[Path], latest: bool, as_draft: bool = False
    ) -> Release:
        """Publish a release of a pushed tag: draft, upload and check each file, publish. A draft is resumed.

        With `as_draft` all but the last step is done, and a later call does that.
        """

    def deploy(self, *, environment: str, commit: str, description: str, payload: Mapping[str, str]) -> Deployment:
        """Return the deployment with this payload in this environment, which is made where it is not there yet."""

    def deployments(self, environment: str | None, *, most: int) -> Sequence[Deployment]:
        """Return the newest deployments in an environment (None: in any), the newest first."""

    def tell_deployment(self, number: int, state: DeploymentState, *, description: str, log_url: str = "") -> None:
        """Add a status to a deployment, unless the last one says the same."""

    def start_workflow(self, name: str, *, branch: str, inputs: Mapping[str, str]) -> None:
        """Start a workflow of a branch by its file's name, as somebody does who presses its button."""

    def artifact(self, run: int, name: str, *, most_bytes: int) -> Mapping[str, bytes]:
        """Return the files of an artifact of a workflow's run, none where it has no such artifact, or not any more.

        They are hostile; an artifact that is larger is an error.
        """

    def settings(self, question: str) -> Mapping[str, object] | Sequence[object] | None:
        """Return what the forge says of a setting, one page of it; None where it is not there (404).

        `question` is the path below the repository, such as `environments?per_page=100&page=2`; empty, it asks for the
        repository itself. A question that the token may not ask raises `ForgeError`.
        """
