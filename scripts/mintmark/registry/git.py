"""The one door to Git: trees, blobs, history and commits through the `git` command. Knows nothing of models."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from mintmark.errors import MintmarkError
from mintmark.registry.repository.git_settings import OPTIONS, git_environment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

_Result = TypeVar("_Result")
SYMLINK = "120000"
SUBMODULE = "160000"
NO_FILES = {SYMLINK: "a symbolic link", SUBMODULE: "a submodule"}
NO_OBJECT = "0" * 40
_LAST_SECOND = 253_402_300_799  # of the year 9999: a commit can bear any number as its time


_IGNORED_DAMAGE = b"ignoring broken ref"  # Git goes on without what it could not read, and exits with 0


class GitError(MintmarkError):
    """Git refused; the message holds its own words, `code` its exit code where it said nothing at all."""

    def __init__(self, message: str, code: int | None = None) -> None:
        super().__init__(message)
        self.code = code


class Entry(NamedTuple):
    """A file in a tree: its mode (`100644`, `100755`, `120000`, `160000`) and the id of its blob."""

    mode: str
    oid: str


class DiffEntry(NamedTuple):
    """One path of a raw diff; ids are all zeros where a side has no file."""

    path: str
    old_mode: str
    new_mode: str
    old_oid: str
    new_oid: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Commit:
    """A commit: full id, author (`Ada <ada@example.org>`), committer time in seconds since 1970, subject line."""

    oid: str
    author: str
    time: int
    subject: str


def run_git(
    *arguments: str, cwd: Path | str, data: bytes | None = None, environment: Mapping[str, str] | None = None
) -> bytes:
    """Run one Git command and return its output; raise `GitError` with Git's own words when it fails."""
    return start_git(*arguments, cwd=cwd, data=data, environment=environment)()


def start_git(
    *arguments: str, cwd: Path | str, data: bytes | None = None, environment: Mapping[str, str] | None = None
) -> Callable[[], bytes]:
    """Start one Git command and return the function that waits for its output, or raises as `run_git` does.

    It runs with the settings that are relied on here, whatever the user's are. `environment` is added to its variables.
    """
    import subprocess  # reading one record from the work tree needs no Git, and need not pay for it

    try:
        process = subprocess.Popen(
            ("git", *OPTIONS, *arguments),
            cwd=cwd,
            stdin=subprocess.PIPE if data is not None else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**git_environment(cwd), **(environment or {})},
        )
    except (OSError, ValueError) as error:  # a name that is too long, or holds what no name can
        raise _not_started(arguments[0], cwd, error) from None

    def wait() -> bytes:
        output, complaint = process.communicate(data)
        if process.returncode != 0 or _IGNORED_DAMAGE in complaint:
            words = " ".join(complaint.decode("utf-8", "replace").split())
            code = process.returncode if not words else None
            raise GitError(f"git {arguments[0]}: {words or f'failed with exit code {process.returncode}'}", code)
        return output

    return wait


def _not_started(command: str, cwd: Path | str, error: OSError | ValueError) -> MintmarkError:
    if not os.path.isdir(cwd):
        return MintmarkError(f"{cwd}: there is no such folder")
    if isinstance(error, FileNotFoundError):
        return MintmarkError("git is not installed, or not on the PATH; install Git 2.31 or newer")
    return GitError(f"git {command}: {error.strerror if isinstance(error, OSError) else error}")


def in_background(wait: Callable[[], _Result]) -> Callable[[], _Result]:
    """Wait in a thread while this process does something else, such as reading a pipe, which when full stops Git."""
    from threading import Thread

    output: list[_Result] = []
    faults: list[MintmarkError] = []

    def drain() -> None:
        try:
            output.append(wait())
        except MintmarkError as error:
            faults.append(error)

    thread = Thread(target=drain, daemon=True)
    thread.start()

    def result() -> _Result:
        thread.join()
        for fault in faults:
            raise fault
        return output[0]

    return result


def try_git(*arguments: str, cwd: Path | str) -> str | None:
    """Run one Git command and return its output as a stripped text, None when it fails."""
    try:
        return run_git(*arguments, cwd=cwd).decode("utf-8", "surrogateescape").strip()
    except GitError:
        return None


def ask_git(*arguments: str, cwd: Path | str) -> str | None:
    """Ask Git what it may deny, and return its answer as a stripped text; None where it denies it.

    It does that with exit code 1 and not a word. Whatever else goes wrong raises `GitError`: a question that Git
    refuses to answer has no empty answer.
    """
    try:
        return git_text(*arguments, cwd=cwd)
    except GitError as error:
        if error.code != 1:
            raise
        return None


def git_text(*arguments: str, cwd: Path | str) -> str:
    """Run one Git command and return its output as a stripped text."""
    return run_git(*arguments, cwd=cwd).decode("utf-8", "surrogateescape").strip()


def push_remote(root: Path) -> str | None:
    """Return the remote to push to: Git's own choice, else origin, else the only one."""
    chosen = ask_git("config", "remote.pushDefault", cwd=root)
    remotes = git_text("remote", cwd=root).split()
    preferred = [name for name in (chosen, "origin") if name in remotes]
    return preferred[0] if preferred else (remotes[0] if len(remotes) == 1 else None)


def common_folder(root: Path) -> Path:
    """Return the folder that all work trees of a repository share (`.git`), without starting Git where it can."""
    git = root / ".git"
    if git.is_dir():
        return git
    return (root / git_text("rev-parse", "--git-common-dir", cwd=root)).resolve()


def is_shallow(root: Path) -> bool:
    """Whether the clone lacks part of its history."""
    return (common_folder(root) / "shallow").exists()


def require_history(root: Path) -> None:
    """Raise `MintmarkError` in a shallow clone: what was used or deployed before cannot be known there."""
    if is_shallow(root):
        raise MintmarkError("this is a shallow clone, and the history of the registry is needed: git fetch --unshallow")


def resolve_commit(root: Path, revision: str) -> str:
    """Return the full id of the commit that a branch, tag or id names; raise `GitError` where it names none."""
    found = try_git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}", cwd=root)
    if not found:
        raise GitError(f'"{revision}" names no commit here; git log --oneline lists them')
    return found


def commit_before(root: Path, moment: str, revision: str = "HEAD") -> str | None:
    """Return the last commit on the first-parent line that was there at a moment (ISO 8601), None before the first."""
    require_history(root)
    found = git_text("rev-list", "-1", "--first-parent", f"--before={moment}", revision, "--", cwd=root)
    return found or None


def list_tree(root: Path, revision: str, folder: str = "") -> dict[str, Entry]:
    """Return every file of a revision below a folder (or what stands in its place), by path."""
    arguments = ["ls-tree", "-r", "-z", "--full-tree", revision]
    output = run_git(*arguments, *(["--", folder] if folder else []), cwd=root)
    entries = {}
    for line in output.decode("utf-8", "surrogateescape").split("\0")[:-1]:
        meta, _, path = line.partition("\t")  # 100644 blob 4b825dc6...
        entries[path] = Entry(meta[:6], meta.rpartition(" ")[2])
    return entries


def list_sizes(root: Path, revision: str, folder: str) -> dict[str, int]:
    """Return the size in bytes of every plain file of a revision below a folder, by path."""
    output = run_git("ls-tree", "-r", "-l", "-z", "--full-tree", revision, "--", folder, cwd=root)
    sizes = {}
    for line in output.decode("utf-8", "surrogateescape").split("\0")[:-1]:
        meta, _, path = line.partition("\t")  # 100644 blob 4b825dc6...    1234
        mode, _, _, size = meta.split()
        if mode not in NO_FILES:
            sizes[path] = int(size)
    return sizes


def list_folder(root: Path, revision: str, folder: str) -> dict[str, tuple[str, str]]:
    """Return the direct children of a folder in a revision: name -> (`blob` or `tree`, id)."""
    output = run_git("ls-tree", "-z", "--full-tree", revision, "--", f"{folder}/" if folder else ".", cwd=root)
    children = {}
    for line in output.decode("utf-8", "surrogateescape").split("\0")[:-1]:
        meta, _, path = line.partition("\t")
        _, kind, oid = meta.split(" ")
        children[path.rpartition("/")[2]] = (kind, oid)
    return children


def changed_paths(root: Path, folders: Iterable[str], *, untracked: bool = True) -> set[str]:
    """Return the paths below folders in which the work tree or the index differ from HEAD, untracked files included."""
    return start_changed_paths(root, folders, untracked=untracked)()


def start_changed_paths(root: Path, folders: Iterable[str], *, untracked: bool = True) -> Callable[[], set[str]]:
    """Begin `changed_paths`, which takes Git a while in a large tree, and return the function that waits for it.

    Two Git processes side by side need two thirds of the time of `git status`, which confirms what they find.
    """
    wanted = list(folders)
    tracked = start_git("diff-index", "--name-only", "-z", "--no-renames", "HEAD", "--", *wanted, cwd=root)
    listing = ("ls-files", "--others", "--exclude-standard", "-z", "--", *wanted)
    others = start_git(*listing, cwd=root) if untracked else None

    def wait() -> set[str]:
        new = set(_split_paths(others())) if others is not None else set()
        try:
            suspects = _split_paths(tracked())
        except GitError:  # no commit yet
            return new | _status(root, wanted)
        if not suspects:
            return new
        return new | _status(root, suspects if len(suspects) <= _MOST_PATHS else wanted)

    return wait


_MOST_PATHS = 500


def _split_paths(output: bytes) -> list[str]:
    return output.decode("utf-8", "surrogateescape").split("\0")[:-1]


def _status(root: Path, paths: Iterable[str]) -> set[str]:
    """Return which tracked paths really differ from HEAD, and not only in the time that the index remembers."""
    literally = [f":(literal){path}" for path in paths]
    output = run_git("status", "--porcelain", "-z", "--no-renames", "--untracked-files=no", "--", *literally, cwd=root)
    return {line[3:] for line in _split_paths(output)}


def diff(root: Path, old: str, new: str, folders: Iterable[str] = ()) -> list[DiffEntry]:
    """Return what differs between two trees or commits, renames told as a deletion and an addition."""
    output = run_git(
        "diff-tree", "-r", "-z", "--raw", "--no-renames", "--no-abbrev", old, new, "--", *folders, cwd=root
    )
    return _parse_raw(output.decode("utf-8", "surrogateescape").split("\0"))


def _parse_raw(fields: list[str]) -> list[DiffEntry]:
    changes = []
    for meta, path in zip(fields[::2], fields[1::2], strict=False):
        old_mode, new_mode, old_oid, new_oid, _ = meta.split(" ")
        changes.append(DiffEntry(path, old_mode[-6:], new_mode, old_oid, new_oid))
    return changes


def start_first_parent_log(
    root: Path, revision: str, folders: Iterable[str] = ()
) -> Callable[[], Iterator[tuple[Commit, list[DiffEntry]]]]:
    """Begin to read the commits of the first-parent line that touch folders; what is returned yields them.

    They come oldest first, each with what it changed there. A merge counts as one step, told against its first parent:
    what the branch looked like to those who use it.
    """
    wait = start_git(
        "log", "--first-parent", "--diff-merges=first-parent", "--reverse", "--raw", "-z", "--no-renames",
        "--no-follow", "--no-show-signature", "--no-color", "--encoding=UTF-8", "--no-abbrev", "--root",
        "--format=%x00%H%x00%an <%ae>%x00%ct%x00%s", revision, "--", *folders, cwd=root,
    )  # fmt: skip
    output = in_background(wait)
    return lambda: _parse_log(output())


def _parse_log(output: bytes) -> Iterator[tuple[Commit, list[DiffEntry]]]:
    """Walk over fields that end in a zero byte, the one byte that no name, subject or path can hold."""
    fields = output.decode("utf-8", "surrogateescape").split("\0")
    place = 0
    while place < len(fields):
        if not fields[place]:  # what stands between two commits
            place += 1
            continue
        oid, author, time, subject = fields[place : place + 4]
        start = place = place + 4
        while place < len(fields) and fields[place].lstrip("\n").startswith(":"):
            place += 2
        moment = min(int(time), _LAST_SECOND) if time.isdecimal() else 0
        yield Commit(oid=oid, author=author, time=moment, subject=subject), _parse_raw(fields[start:place])


def read_blobs(root: Path, oids: Iterable[str], *, limit: int | None = None) -> Iterator[tuple[str, bytes]]:
    """Yield the bytes of blobs by id, through one `git cat-file --batch`; a missing one raises `GitError`.

    With `limit`, a blob that is larger comes back as that many zero bytes plus one, without being read.
    """
    wanted = list(oids)
    if not wanted:
        return
    if limit is not None:
        sizes = _blob_sizes(root, wanted)
        yield from ((oid, b"\0" * (limit + 1)) for oid in wanted if sizes[oid] > limit)
        wanted = [oid for oid in wanted if sizes[oid] <= limit]
    output = memoryview(run_git("cat-file", "--batch", cwd=root, data="\n".join([*wanted, ""]).encode()))
    position = 0
    for oid in wanted:
        end = bytes(output[position : position + 200]).index(b"\n") + position
        header = bytes(output[position:end]).decode().split(" ")
        if header[-1] == "missing":
            raise GitError(f"the object {oid} is missing from this clone; git fetch gets it")
        size = int(header[2])
        yield oid, bytes(output[end + 1 : end + 1 + size])
        position = end + 2 + size


def _blob_sizes(root: Path, oids: list[str]) -> dict[str, int]:
    output = run_git("cat-file", "--batch-check", cwd=root, data="\n".join([*oids, ""]).encode())
    sizes = {}
    for line in output.decode().splitlines():
        oid, *rest = line.split(" ")
        if rest == ["missing"]:
            raise GitError(f"the object {oid} is missing from this clone; git fetch gets it")
        sizes[oid] = int(rest[1])
    return sizes
