"""Where a new registry goes: a new repository, one that is there, or a subfolder of one. Changes nothing."""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from mintmark.about import DISTRIBUTION
from mintmark.core import layout
from mintmark.errors import MintmarkError
from mintmark.registry import git
from mintmark.registry.repository.skipped import looks_bare

if TYPE_CHECKING:
    from collections.abc import Iterator

_DEFAULT_BRANCH = "main"


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """The folder of a registry to be, and the Git repository around it: None where it has to be made.

    `prefix` is the folder inside that repository, empty for its root. `is_new`: there is no commit yet.
    """

    folder: Path
    top: Path | None
    prefix: str
    branch: str
    is_new: bool


def find_place(folder: Path) -> Place:
    """Return where a registry in `folder` would be; raise `MintmarkError` where one is there, or none can be."""
    folder = folder.resolve()
    if folder.exists() and not folder.is_dir():
        raise MintmarkError(f"{folder}: is no folder; name another one")
    for around in (folder, *folder.parents):
        if looks_bare(around) or around.name == ".git":
            raise MintmarkError(f"{around} has no work tree; git clone it, and begin the registry in the clone")
        if (around / layout.REGISTRY).exists():
            raise MintmarkError(f"{around} is a registry already; mintmark add MODEL --data FILE adds a model to it")
        if (around / ".git").exists():
            prefix = folder.relative_to(around).as_posix()
            if "${{" in prefix or not prefix.isprintable():
                raise MintmarkError(f"{prefix!r}: no workflow can run in a folder of this name; choose another one")
            is_new = git.head_commit(around) is None
            branch = _base_branch(around)
            return Place(
                folder=folder, top=around, prefix="" if prefix == "." else prefix, branch=branch, is_new=is_new
            )
    return Place(folder=folder, top=None, prefix="", branch=_DEFAULT_BRANCH, is_new=True)


def _base_branch(top: Path) -> str:
    """Return the branch that the remote calls its default one, else the present one."""
    remote = git.push_remote(top)
    told = git.ask_git("symbolic-ref", "--quiet", f"refs/remotes/{remote}/HEAD", cwd=top) if remote else None
    if told:
        return told.removeprefix(f"refs/remotes/{remote}/")
    return git.current_branch(top) or _DEFAULT_BRANCH


def tool_line() -> str:
    """Return a line for pip that installs this very Mintmark anywhere, empty where none is known.

    A checkout counts where it has a remote on the web, by the commit that it stands on.
    """
    try:
        origin = json.loads(metadata.distribution(DISTRIBUTION).read_text("direct_url.json") or "{}")
    except metadata.PackageNotFoundError:
        return ""
    url = str(origin.get("url", ""))
    if "vcs_info" in origin:
        address = f"{origin['vcs_info']['vcs']}+{url}@{origin['vcs_info']['commit_id']}"
    elif "dir_info" in origin:
        address = next(_of_checkout(Path(unquote(urlsplit(url).path))), "")
    else:
        address = url if url.startswith("https://") else ""
    return f"{DISTRIBUTION} @ {address}" if address else ""


def _of_checkout(folder: Path) -> Iterator[str]:
    if not (folder / ".git").exists():
        return
    remote = git.push_remote(folder)
    url = git.ask_git("config", "--get", f"remote.{remote}.url", cwd=folder) if remote else None
    commit = git.head_commit(folder)
    if url and commit and url.startswith("https://") and "@" not in url:
        yield f"git+{url}@{commit}"
