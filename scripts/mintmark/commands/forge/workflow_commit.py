"""Commit, push and open a pull request from a workflow, in the name of whoever asked for it. Judges nothing."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mintmark.commands.forge.at_forge import fit
from mintmark.errors import MintmarkError
from mintmark.forge.credentials import push_environment
from mintmark.forge.workflow import run_address
from mintmark.registry import git

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mintmark.forge.forge import Forge, PullRequest
    from mintmark.registry.clone import ClonedRegistry

BOT: Final = "github-actions[bot]"
BOT_NUMBER: Final = 41898282
_NO_CHECKS: Final = (
    "**The checks have not started.** A workflow's own token opened this, and what that does starts no other workflow. "
    "Close this pull request and open it again, and they start."
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Proposed:
    """A commit that is pushed to a branch of its own, and what it says."""

    branch: str
    commit: str
    subject: str


@contextmanager
def committing_as(login: str, number: int) -> Iterator[None]:
    """Let Git commit in the name of an account of the forge; what is committed by is the bot."""
    host = os.environ.get("GITHUB_SERVER_URL", "https://github.com").partition("://")[2]
    names = {
        "GIT_AUTHOR_NAME": login,
        "GIT_AUTHOR_EMAIL": f"{number}+{login}@users.noreply.{host}",
        "GIT_COMMITTER_NAME": BOT,
        "GIT_COMMITTER_EMAIL": f"{BOT_NUMBER}+{BOT}@users.noreply.{host}",
    }
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(names)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def require_base(registry: ClonedRegistry) -> str:
    """Return the base branch, which has to be checked out: what is asked for starts from what is registered."""
    base = registry.settings.base_branch
    present = git.current_branch(registry.root)
    if present != base:
        raise MintmarkError(f"{present or 'no branch'} is checked out, and not {base}; git switch {base}")
    return base


def base_commit(root: Path, base: str) -> str:
    """Return the commit that the base branch of the remote is at now, which is fetched."""
    git.run_git("fetch", "--quiet", _remote(root), f"refs/heads/{base}", cwd=root, environment=push_environment())
    return git.resolve_commit(root, "FETCH_HEAD")


def pushed_before(root: Path, branch: str) -> Proposed | None:
    """Return what an earlier run pushed to a branch and could not finish, None where there is no such branch."""
    remote, ref = _remote(root), f"refs/heads/{branch}"
    listed = git.run_git("ls-remote", remote, ref, cwd=root, environment=push_environment()).decode()
    if not listed:
        return None
    git.run_git("fetch", "--quiet", remote, ref, cwd=root, environment=push_environment())
    return _proposed(root, branch, listed.split()[0])


def push_head(root: Path, branch: str, *, replace: bool = False) -> Proposed:
    """Push the commit that is checked out to a branch; with `replace`, over what that branch held."""
    refspec = f"{'+' if replace else ''}HEAD:refs/heads/{branch}"
    git.run_git("push", "--quiet", _remote(root), refspec, cwd=root, environment=push_environment())
    return _proposed(root, branch, "HEAD")


def _proposed(root: Path, branch: str, revision: str) -> Proposed:
    commit, subject = git.git_text("log", "-1", "--format=%H%n%s", revision, cwd=root).split("\n", 1)
    return Proposed(branch=branch, commit=commit, subject=subject)


def open_request(forge: Forge, proposed: Proposed, *, base: str, body: str) -> PullRequest:
    """Open the pull request of a pushed branch, and say in it how its checks start."""
    app = os.environ.get("MINTMARK_APP", "").strip()
    whole = body if app else f"{body}\n\n{_NO_CHECKS}"
    return forge.open_pull_request(
        branch=proposed.branch, base=base, title=proposed.subject, body=fit(whole, run_address())
    )


def _remote(root: Path) -> str:
    remote = git.push_remote(root)
    if remote is None:
        raise MintmarkError("there is no remote to push to; git remote add origin ADDRESS")
    return remote
