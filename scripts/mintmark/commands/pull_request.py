"""What follows a commit of a writing command: push it and open a pull request, or say what to type next."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from typing import TYPE_CHECKING
from urllib.parse import quote

from mintmark.errors import MintmarkError
from mintmark.forge.credentials import push_environment
from mintmark.registry import git
from mintmark.registry.repository.git_settings import without_repository
from mintmark.temporary import TemporaryFolder

if TYPE_CHECKING:
    from pathlib import Path

    from mintmark.changing.commits import NewCommit
    from mintmark.registry.clone import ClonedRegistry

_SSH = re.compile(r"(?:ssh://)?(?:[^@/]+@)(?P<host>[^:/]+)(?::[0-9]+/|[:/])(?P<path>.+?)(?:\.git)?/?\Z")
_HTTP = re.compile(r"(?P<scheme>https?)://(?:[^@/]*@)?(?P<host>[^/]+)/(?P<path>.+?)(?:\.git)?/?\Z")


def conclude(registry: ClonedRegistry, made: NewCommit, *, open_pr: bool) -> None:
    """Print what was committed; with `open_pr` push it and open the pull request, else say what to type next.

    Raises `MintmarkError` when the push or the pull request fails; the commit stays either way.
    """
    root, base = registry.root, registry.settings.base_branch
    print(f"committed {made.oid[:10]} on {'the new branch ' if made.fresh else ''}{made.branch}: {made.subject}")
    if not open_pr:
        print(_next_step(root, made, base))
        return
    if made.branch == base:
        raise MintmarkError(f"the commit is on {base} itself, so there is no pull request to open; next: git push")
    remote = _push(root, made)
    if any(os.environ.get(name) for name in ("GITHUB_TOKEN", "GH_TOKEN")):
        from mintmark.forge.opening import open_forge

        forge = open_forge(root)
        if forge is not None:
            print(f"pushed {made.branch}")
            opened = forge.open_pull_request(branch=made.branch, base=base, title=made.subject, body=made.body)
            print(f"opened the pull request: {opened.url}")
            return
    if shutil.which("gh"):
        _create_with_gh(root, made, base)
        return
    address = compare_address(registry.settings.repository or _remote_url(root, remote), base, made.branch)
    print(f"pushed {made.branch}; next, open the pull request: {address or f'from {made.branch} to {base}'}")


def _next_step(root: Path, made: NewCommit, base: str) -> str:
    remote = git.push_remote(root)
    if remote is None:
        merge = f"git switch {base} && git merge {made.branch}"
        return "next: mintmark list shows it" if made.branch == base else f"next: {merge} (there is no remote)"
    if made.branch == base:
        return f"next: git push {remote} {base}"
    return f"next: git push -u {remote} {made.branch}, and open a pull request (--open does both)"


def _push(root: Path, made: NewCommit) -> str:
    remote = git.push_remote(root)
    if remote is None:
        raise MintmarkError(
            f"the commit stays on {made.branch}, but there is no remote to push it to; "
            f"git remote add origin ADDRESS, then git push -u origin {made.branch}"
        )
    try:
        branch = f"refs/heads/{made.branch}"  # there may be a tag of this name
        git.run_git("push", "--quiet", "-u", remote, f"{branch}:{branch}", cwd=root, environment=push_environment())
    except git.GitError as error:
        raise MintmarkError(
            f"the commit stays on {made.branch}, but it could not be pushed ({error}); "
            f"next: git push -u {remote} {made.branch}, and open a pull request"
        ) from None
    return remote


def _create_with_gh(root: Path, made: NewCommit, base: str) -> None:
    with TemporaryFolder("pull-request") as folder:
        body = folder / "body.md"
        body.write_text(made.body, "utf-8")
        command = ("gh", "pr", "create", "--base", base, "--head", made.branch, "--title", made.subject)
        result = subprocess.run(
            (*command, "--body-file", str(body)),
            cwd=root,
            env=without_repository(os.environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
    if result.returncode != 0:
        raise MintmarkError(
            f"{made.branch} is pushed, but gh could not open the pull request ({' '.join(result.stderr.split())}); "
            "next: gh auth status, then gh pr create --fill"
        )
    print(f"opened the pull request: {result.stdout.strip()}")


def _remote_url(root: Path, remote: str) -> str:
    # The address as it is written in the config, and as url.<base>.insteadOf rewrites it.
    return git.git_text("remote", "get-url", remote, cwd=root)


def compare_address(repository: str, base: str, branch: str) -> str | None:
    """Return the web page that opens a pull request, from a repository's web, https or ssh address; None for a path.

    GitHub and those that follow it have `/compare/BASE...BRANCH`; GitLab and Bitbucket have pages of their own.
    """
    match = _HTTP.match(repository) or _SSH.match(repository)
    if match is None:
        return None
    scheme = match.groupdict().get("scheme") or "https"
    page = f"{scheme}://{match['host']}/{match['path']}"
    branch = quote(branch, safe="/")
    if "gitlab" in match["host"]:
        return f"{page}/-/merge_requests/new?merge_request%5Bsource_branch%5D={quote(branch, safe='')}"
    if "bitbucket" in match["host"]:
        return f"{page}/pull-requests/new?source={quote(branch, safe='')}"
    return f"{page}/compare/{quote(base, safe='/')}...{branch}?expand=1"
