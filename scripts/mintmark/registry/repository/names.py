"""Branches, tags and commits by the names that people give them. A branch wins over a tag of its name."""

from __future__ import annotations

import re
import warnings
from typing import TYPE_CHECKING

from mintmark.errors import MintmarkError, MintmarkWarning
from mintmark.registry.repository.running import GitError, ask_git, git_text, run_git

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

HEADS, REMOTES, TAGS = "refs/heads/", "refs/remotes/", "refs/tags/"
_NAME = re.compile(r"(?!refs/|-)(?:[^\s~^:?*\[\\@]|@(?!\{))+(?=[~^]|@\{|\Z)")  # what stands before ~3, ^2 or @{1}
_IN_BRACES = re.compile(r"[^\s:^~{]*@\{([^}]*)\}")  # main@{1}, @{upstream}
_ENTRY = re.compile(r"-?[0-9]{1,8}")  # of a reflog; Git takes a longer number for seconds
_TRACKED = ("u", "upstream", "push")
_SHA1 = 40  # letters of an id
_FULL_ID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


def find_refs(root: Path, names: Iterable[str]) -> dict[str, str]:
    """Return those of the refs (`refs/heads/main`) that are there, with the id of what each names.

    Raises `GitError` where one is there and cannot be read.
    """
    wanted = list(names)
    listed = git_text("for-each-ref", "--format=%(objectname) %(refname)", "--", *wanted, cwd=root)
    found = {ref: oid for oid, _, ref in (line.partition(" ") for line in listed.splitlines())}
    return {ref: oid for ref, oid in found.items() if ref in wanted}


def resolve_commit(root: Path, revision: str) -> str:
    """Return the full id of the commit that a branch, tag or id names; raise `GitError` where it names none.

    A branch, here or at a remote, wins over a tag of its name, with a `MintmarkWarning` that says so.
    """
    found = find_commit(root, revision)
    if found is None:
        raise GitError(f'"{_short(revision)}" names no commit here; git log --oneline lists them')
    return found


def find_commit(root: Path, revision: str) -> str | None:
    """Return the full id of the commit that a revision names, None where it names none; see `resolve_commit`."""
    braces = _IN_BRACES.match(revision)
    within = braces[1].lower() if braces else ""
    if braces and within not in _TRACKED and not _ENTRY.fullmatch(within):
        raise _asks_reflog(revision)
    name = revision if within in _TRACKED else _spell_out(root, revision)  # Git tells these of short names alone
    try:
        found = ask_git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}", cwd=root)
    except GitError as error:
        if not braces or error.code is None:  # with `--quiet` it has no word for an entry that a reflog lacks
            raise
        raise GitError(f'"{_short(revision)}" is not in the reflog of this clone; git reflog lists what is') from None
    if found is None and not _FULL_ID.fullmatch(name):
        _require_object(root, name)
    return _sha1(found) if found else None


def _asks_reflog(revision: str) -> MintmarkError:
    """Return why no answer is given: Git takes the oldest entry for every moment before it, without an error."""
    return MintmarkError(
        f'"{_short(revision)}" asks when a branch was moved in this clone, and not what it held then; '
        "give the id of a commit, or the date alone where one is taken (--at 2026-06-01)"
    )


def _require_object(root: Path, name: str) -> None:
    """Raise `GitError` where a name leads to an object that is not here: it does name something."""
    oid = ask_git("rev-parse", "--verify", "--quiet", "--end-of-options", name, cwd=root)
    if oid and run_git("cat-file", "--batch-check", cwd=root, data=f"{oid}\n".encode()).endswith(b" missing\n"):
        raise GitError(_missing(name, oid))


def head_commit(root: Path) -> str | None:
    """Return the commit that HEAD stands on, None before the first; raise `GitError` where it cannot be read."""
    found = ask_git("rev-parse", "--verify", "--quiet", "HEAD^{commit}", cwd=root)
    if found:
        return _sha1(found)
    branch = ask_git("symbolic-ref", "--quiet", "HEAD", cwd=root)
    if branch is None:
        raise GitError("HEAD names a commit that is missing from this clone or damaged; git fsck tells more")
    for ref, oid in find_refs(root, [branch]).items():
        raise GitError(_missing(ref, oid))
    return None


def _sha1(oid: str) -> str:
    if len(oid) != _SHA1:
        raise MintmarkError("this repository has SHA-256 ids; Mintmark reads those of SHA-1, which is Git's default")
    return oid


def current_branch(root: Path) -> str | None:
    """Return the branch that the work tree is on, one without a commit too; None on a commit alone."""
    ref = ask_git("symbolic-ref", "--quiet", "HEAD", cwd=root)
    return ref.removeprefix(HEADS) if ref is not None else None


def _missing(ref: str, oid: str) -> str:
    return f"{ref} names {oid}, which is missing from this clone, damaged or no commit; git fsck tells more"


def _spell_out(root: Path, revision: str) -> str:
    """Return a revision with the full name of the branch that it begins with, if it does."""
    match = _NAME.match(revision)
    if match is None or match[0] == "HEAD" or _FULL_ID.fullmatch(match[0]):
        return revision
    name = match[0]
    refs = find_refs(root, [f"{HEADS}{name}", f"{REMOTES}{name}", f"{TAGS}{name}"])
    branches = [ref for ref in refs if not ref.startswith(TAGS)]
    if len(branches) > 1:
        raise GitError(f'"{name}" names a branch here and one of a remote; write {" or ".join(branches)}')
    if not branches:
        return revision
    if len(refs) > 1:
        warn(f'"{name}" names a branch and a tag; the branch counts, and {TAGS}{name} is the tag')
    return branches[0] + revision[len(name) :]


def _short(revision: str) -> str:
    return revision if len(revision) <= 100 else f"{revision[:100]}…"


def warn(message: str) -> None:
    """Say what an answer rests on that its reader may not expect."""
    warnings.warn(message, MintmarkWarning, stacklevel=3)
