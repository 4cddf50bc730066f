"""The settings and variables that Git is run with, whatever the user's are. Starts no Git.

Who commits here, how to sign, to reach a server and whom to trust (`user.*`, `gpg.*`, `commit.gpgSign`, `credential.*`,
`http.*`, `url.*`, `safe.directory`) stays the user's. What would change an answer is set.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_SETTINGS = {
    "color.ui": "false",
    "core.abbrev": "no",
    "core.fsmonitor": "false",  # another program's word for what has changed
    "core.ignoreStat": "false",
    "core.packedGitLimit": "96m",  # how much of the packs is mapped at a time: else as much as a walk touches
    "core.packedGitWindowSize": "16m",
    "core.quotePath": "false",
    "core.safecrlf": "false",
    "core.splitIndex": "false",  # an index is copied and put back as one file
    "diff.ignoreSubmodules": "none",
    "diff.orderFile": os.devnull,
    "diff.relative": "false",
    "diff.renames": "true",
    "fetch.prune": "false",  # would delete the notes of this clone that the remote does not have
    "fetch.pruneTags": "false",
    "i18n.commitEncoding": "UTF-8",
    "i18n.logOutputEncoding": "UTF-8",
    "log.diffMerges": "separate",
    "log.follow": "false",
    "log.showRoot": "true",
    "log.showSignature": "false",
    "merge.conflictStyle": "merge",
    "merge.directoryRenames": "conflict",
    "merge.renames": "true",
    "merge.renormalize": "false",
    "push.followTags": "false",
    "submodule.recurse": "false",
}
_VARIABLES = {
    "GIT_GRAFT_FILE": f"{os.devnull}/none",  # a graft would hide or invent history; so would a replacement
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_TRACE2": "0",  # which settings can turn on as well
    "GIT_TRACE2_EVENT": "0",
    "GIT_TRACE2_PERF": "0",
    "LANGUAGE": "",
    "LC_ALL": "C.UTF-8",
}
# What `git rev-parse --local-env-vars` names, and what else changes an answer. A hook of another repository has these.
_REPOSITORY = (
    "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_ATTR_SOURCE", "GIT_COMMON_DIR", "GIT_CONFIG", "GIT_DIFF_OPTS", "GIT_DIR",
    "GIT_EXTERNAL_DIFF", "GIT_GLOB_PATHSPECS", "GIT_GRAFT_FILE", "GIT_ICASE_PATHSPECS", "GIT_IMPLICIT_WORK_TREE",
    "GIT_INDEX_FILE", "GIT_INTERNAL_SUPER_PREFIX", "GIT_LITERAL_PATHSPECS", "GIT_NAMESPACE", "GIT_NOGLOB_PATHSPECS",
    "GIT_NOTES_REF", "GIT_OBJECT_DIRECTORY", "GIT_PREFIX", "GIT_QUARANTINE_PATH", "GIT_REPLACE_REF_BASE",
    "GIT_SHALLOW_FILE", "GIT_WORK_TREE",
)  # fmt: skip
_TRACES = "GIT_TRACE"  # words beside the answer, where a silent "no" is told from a refusal
_QUARANTINE = ("GIT_QUARANTINE_PATH", "GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES")


def git_environment(
    folder: Path | str, added: Mapping[str, str] | None = None, settings: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Return the variables for a Git command in `folder`: this process's, without those that name another repository.

    What names this one stays: the index that a commit is made of, as its hooks see it, and the objects of a push that
    its pre-receive hook has still to accept. `added` variables, and the settings that are relied on with `settings` of
    one command, come last.
    """
    own = _own(os.environ, os.path.realpath(folder))
    kept = {name: value for name, value in without_repository(os.environ).items() if not name.startswith(_TRACES)}
    return _with_settings({**kept, **own, **_VARIABLES, **(added or {})}, {**_SETTINGS, **(settings or {})})


def _with_settings(environment: dict[str, str], settings: Mapping[str, str]) -> dict[str, str]:
    """Add the settings behind all others, those that came by `git -c` too: Git takes the last one of a name."""
    count = environment.get("GIT_CONFIG_COUNT", "")
    place = int(count) if count.isdecimal() else 0
    for number, (name, value) in enumerate(settings.items(), place):
        environment |= {f"GIT_CONFIG_KEY_{number}": name, f"GIT_CONFIG_VALUE_{number}": value}
    environment["GIT_CONFIG_COUNT"] = str(place + len(settings))
    if "GIT_CONFIG_PARAMETERS" in environment:
        ours = " ".join(f"'{name}={value}'" for name, value in settings.items())
        environment["GIT_CONFIG_PARAMETERS"] += f" {ours}"
    return environment


def without_repository(environment: Mapping[str, str]) -> dict[str, str]:
    """Return variables without those by which Git, or what asks it, would read one certain repository."""
    return {name: value for name, value in environment.items() if name not in _REPOSITORY}


def _own(environment: Mapping[str, str], folder: str) -> dict[str, str]:
    """Return those of the variables that name a part of the repository in `folder`, with absolute paths."""
    named = {name: os.path.realpath(environment[name]) for name in _REPOSITORY if environment.get(name)}
    if not named:
        return {}
    own, (private, common) = {}, git_folders(folder)
    index, quarantine = named.get("GIT_INDEX_FILE"), named.get("GIT_QUARANTINE_PATH")
    if index is not None and os.path.dirname(index) == private:
        own["GIT_INDEX_FILE"] = index
    if quarantine is not None and quarantine.startswith(os.path.join(common, "objects", "")):
        own |= {name: environment[name] for name in _QUARANTINE if name in environment}
    if named.get("GIT_DIR") == folder == common:  # of a bare one, which safe.bareRepository wants to be named
        own["GIT_DIR"] = folder
    return own


def git_folders(folder: str) -> tuple[str, str]:
    """Return where Git keeps what belongs to the work tree around `folder`, and what all its work trees share.

    Both are the folder itself where it is a bare repository. Raises no error where there is no repository.
    """
    folder = around(folder)
    link = os.path.join(folder, ".git")
    if not os.path.lexists(link):
        return folder, folder
    named = "" if os.path.isdir(link) else _line(link).removeprefix("gitdir:").strip()
    private = os.path.realpath(os.path.join(folder, named) if named else link)
    shared = _line(os.path.join(private, "commondir"))
    return private, os.path.realpath(os.path.join(private, shared)) if shared else private


def around(folder: str) -> str:
    """Return the root of the repository around a folder, which may be a bare one; the folder itself without any."""
    place = folder
    while not os.path.lexists(os.path.join(place, ".git")) and not _is_bare(place):
        above = os.path.dirname(place)
        if above == place:
            return folder
        place = above
    return place


def _is_bare(folder: str) -> bool:
    if not os.path.isfile(os.path.join(folder, "HEAD")):
        return False
    return all(os.path.isdir(os.path.join(folder, name)) for name in ("objects", "refs"))


def _line(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return file.readline().strip()
    except OSError:
        return ""
