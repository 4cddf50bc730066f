"""Find the forge of a clone: from a workflow's variables, else from its remote's address. Asks nothing of it."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from mintmark.registry import git

if TYPE_CHECKING:
    from pathlib import Path

    from mintmark.forge.forge import Forge

_GITHUB = "https://api.github.com"
_REMOTE = re.compile(
    r"(?:https?://(?:[^@/]*@)?|ssh://(?:[^@/]*@)?|(?:[^@/:]+@)?)"
    r"(?P<host>[A-Za-z0-9.-]+)(?::[0-9]+/|[:/]/?)(?P<path>[^/]+/[^/]+?)(?:\.git)?/?"
)


def open_forge(root: Path) -> Forge | None:
    """Return the forge of a clone, None where its remote is a plain one.

    GITHUB_API_URL and GITHUB_REPOSITORY say which it is, in a workflow and in a test; without them the remote that is
    pushed to does. The token is GITHUB_TOKEN or GH_TOKEN.
    """
    address, repository = os.environ.get("GITHUB_API_URL"), os.environ.get("GITHUB_REPOSITORY")
    if not repository:
        found = _hosted(root)
        if found is None:
            return None
        host, repository = found
        if host != "github.com" and host != urlsplit(os.environ.get("GITHUB_SERVER_URL", "")).hostname:
            return None
        address = _GITHUB if host == "github.com" else address
        if not address:
            return None
    from mintmark.forge.github import GitHub
    from mintmark.forge.rest import RestApi

    token = (os.environ.get("GITHUB_TOKEN") or os.environ.get("GH_TOKEN") or "").strip()
    return GitHub(repository, RestApi(address or _GITHUB, token or None))


def _hosted(root: Path) -> tuple[str, str] | None:
    """Return the host and the `owner/name` of the remote that is pushed to, None where its address has no such form."""
    remote = git.push_remote(root)
    if remote is None or git.ask_git("config", "--get", f"remote.{remote}.url", cwd=root) is None:
        return None
    match = _REMOTE.fullmatch(git.git_text("remote", "get-url", "--", remote, cwd=root))
    return (match["host"].lower(), match["path"]) if match else None
