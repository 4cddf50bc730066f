"""One commit of a repository in a folder of its own, free of whatever lies about in the user's. Runs no stage."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from mintmark.registry.git import git_text, run_git
from mintmark.registry.repository.git_settings import around

if TYPE_CHECKING:
    from pathlib import Path

# Whoever owns the repository: Git has read it before, and the setting that says so is left behind with all others.
_UPLOAD = "git -c safe.directory=* upload-pack"
# What a user's Git may be set to do here: run a hook, convert line ends, read attributes, fetch from elsewhere.
_SETTINGS = {
    "core.hooksPath": os.devnull,
    "core.fsmonitor": "false",
    "core.attributesFile": os.devnull,
    "core.autocrlf": "false",
    "protocol.allow": "never",
    "protocol.file.allow": "always",
}


def clone_commit(root: Path, commit: str, folder: Path) -> None:
    """Check a commit out into `folder`, which must not exist, with a `.git` that holds this commit alone.

    Nothing of the user's settings, hooks, filters or work tree gets into it, and nothing is written to `root`.
    """
    environment = _environment(folder)
    kind = git_text("rev-parse", "--show-object-format", cwd=root)
    folder.mkdir()
    run_git("init", "--quiet", "--template=", f"--object-format={kind}", cwd=folder, environment=environment)
    options = ("--quiet", "--depth=1", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules")
    fetch = ("fetch", *options, f"--upload-pack={_UPLOAD}", around(os.path.realpath(root)), commit)
    run_git(*fetch, cwd=folder, environment=environment)
    run_git("checkout", "--quiet", "--detach", "--no-recurse-submodules", commit, cwd=folder, environment=environment)


def _environment(folder: Path) -> dict[str, str]:
    """Return variables that keep Git in `folder`, whichever hook or script of Git this process was started by."""
    variables = {
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_SYSTEM": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_DIR": str(folder / ".git"),
        "GIT_COMMON_DIR": str(folder / ".git"),
        "GIT_OBJECT_DIRECTORY": str(folder / ".git" / "objects"),
        "GIT_INDEX_FILE": str(folder / ".git" / "index"),
        "GIT_WORK_TREE": str(folder),
        "GIT_CONFIG_COUNT": str(len(_SETTINGS)),
    }
    for number, (name, value) in enumerate(_SETTINGS.items()):
        variables |= {f"GIT_CONFIG_KEY_{number}": name, f"GIT_CONFIG_VALUE_{number}": value}
    return variables
