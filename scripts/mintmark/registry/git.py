"""The one door to Git: trees, blobs, history and commits through the `git` command. Knows nothing of models."""

from __future__ import annotations

import os
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from sys import intern
from typing import TYPE_CHECKING, NamedTuple

from mintmark.errors import MintmarkError
from mintmark.registry.repository.git_settings import git_folders
from mintmark.registry.repository.names import current_branch as current_branch
from mintmark.registry.repository.names import head_commit as head_commit
from mintmark.registry.repository.names import resolve_commit as resolve_commit
from mintmark.registry.repository.prefix import mark_of, to_registry, to_repository
from mintmark.registry.repository.running import GitError as GitError
from mintmark.registry.repository.running import ask_git as ask_git
from mintmark.registry.repository.running import git_answers as git_answers
from mintmark.registry.repository.running import git_text as git_text
from mintmark.registry.repository.running import in_background as in_background
from mintmark.registry.repository.running import run_git as run_git
from mintmark.registry.repository.running import start_fields as start_fields
from mintmark.registry.repository.running import start_git as start_git
from mintmark.registry.repository.running import try_git as try_git

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

SYMLINK = "120000"
SUBMODULE = "160000"
NO_FILES = {SYMLINK: "a symbolic link", SUBMODULE: "a submodule"}
NO_OBJECT = "0" * 40
_AT_ONCE = 500  # questions to Git: they have room in a pipe, so that nobody waits for the other
_EACH_ONCE = {"core.deltaBaseCacheLimit": "1m"}  # 96 MB of what is read only once would be kept
_LAST_SECOND = 253_402_300_799  # of the year 9999: a commit can bear any number as its time


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
    found = Path(git_folders(os.path.realpath(root))[1])
    if (found / "objects").is_dir():
        return found
    return (root / git_text("rev-parse", "--git-common-dir", cwd=root)).resolve()  # Git says what is wrong with it


def cache_folder(root: Path) -> Path:
    """Return where a registry keeps what it remembers; two registries in one repository have a folder each."""
    return common_folder(root) / f"mintmark{mark_of(root)}"


def is_shallow(root: Path) -> bool:
    """Whether the clone lacks part of its history."""
    return (common_folder(root) / "shallow").exists()


def require_history(root: Path) -> None:
    """Raise `MintmarkError` in a shallow clone: what was used or deployed before cannot be known there."""
    if is_shallow(root):
        raise MintmarkError("this is a shallow clone, and the history of the registry is needed: git fetch --unshallow")


def list_tree(
    root: Path, revision: str, *folders: str, wanted: Callable[[str], bool] | None = None, whole: bool = False
) -> dict[str, Entry]:
    """Return every file of a revision below folders (or what stands in place of one) by path; without folders, all.

    Paths are relative to `root`, and what lies outside of it is left out; so it is in all that lists a tree. `whole`
    is for a tree that is not the repository's, such as one of notes.

    With `wanted`, only those whose path it takes: of a hundred thousand versions nobody holds all files.
    """
    return dict(walk_tree(root, revision, *folders, wanted=wanted, whole=whole))


def walk_tree(
    root: Path, revision: str, *folders: str, wanted: Callable[[str], bool] | None = None, whole: bool = False
) -> Iterator[tuple[str, Entry]]:
    """Yield what `list_tree` returns, in the order of the bytes of the paths, without holding it."""
    full = ["--full-tree"] if whole else []
    arguments = ["ls-tree", "-r", "-z", *full, revision, *(["--", *folders] if any(folders) else [])]
    for lines in start_fields(*arguments, cwd=root, settings=_EACH_ONCE):
        for line in lines:
            meta, _, path = line.partition("\t")  # 100644 blob 4b825dc6...
            if wanted is None or wanted(path):
                yield path, Entry(intern(meta[:6]), meta.rpartition(" ")[2])


def list_sizes(root: Path, revision: str, folder: str) -> dict[str, int]:
    """Return the size in bytes of every plain file of a revision below a folder, by path."""
    output = run_git("ls-tree", "-r", "-l", "-z", revision, "--", folder, cwd=root)
    sizes = {}
    for line in output.decode("utf-8", "surrogateescape").split("\0")[:-1]:
        meta, _, path = line.partition("\t")  # 100644 blob 4b825dc6...    1234
        mode, _, _, size = meta.split()
        if mode not in NO_FILES:
            sizes[path] = int(size)
    return sizes


def list_folder(root: Path, revision: str, folder: str) -> dict[str, tuple[str, str]]:
    """Return the direct children of a folder in a revision: name -> (`blob` or `tree`, id)."""
    output = run_git("ls-tree", "-z", revision, *(("--", f"{folder}/") if folder else ()), cwd=root)
    children = {}
    for line in output.decode("utf-8", "surrogateescape").split("\0")[:-1]:
        meta, _, path = line.partition("\t")
        _, kind, oid = meta.split(" ")
        children[path.rpartition("/")[2]] = (kind, oid)
    return children


def list_names(root: Path, revision: str, folders: Sequence[str], *, most: int) -> dict[str, set[str]]:
    """Return the names in the root of a revision (under "") and in those of its folders that are there.

    One Git process, whatever the number of folders; of more than `most` it lists everything.
    """
    listing = ("ls-tree", "-t", "-z", "--name-only", revision)
    paths = _split_paths(run_git(*listing, *(["-r"] if len(folders) > most else []), cwd=root))
    if 0 < len(folders) <= most:
        below = ["--", *(f"{folder}/" for folder in folders)]
        paths += _split_paths(run_git(*listing, *below, cwd=root, environment={"GIT_LITERAL_PATHSPECS": "1"}))
    names: dict[str, set[str]] = {}
    for path in paths:
        folder, _, name = path.rpartition("/")
        names.setdefault(folder, set()).add(name)
    return names


def changed_paths(root: Path, folders: Iterable[str], *, untracked: bool = True) -> set[str]:
    """Return the paths below folders in which the work tree or the index differ from HEAD, untracked files included."""
    return start_changed_paths(root, folders, untracked=untracked)()


def start_changed_paths(root: Path, folders: Iterable[str], *, untracked: bool = True) -> Callable[[], set[str]]:
    """Begin `changed_paths`, which takes Git a while in a large tree, and return the function that waits for it.

    Two Git processes side by side need two thirds of the time of `git status`, which confirms what they find.
    """
    wanted = list(folders)
    telling = ("diff-index", "--relative", "--name-only", "-z", "--no-renames", "HEAD", "--", *wanted)
    tracked = start_git(*telling, cwd=root)
    listing = ("ls-files", "--others", "--exclude-standard", "-z", "--", *wanted)
    others = start_git(*listing, cwd=root) if untracked else None

    def wait() -> set[str]:
        new = set(_split_paths(others())) if others is not None else set()
        try:
            suspects = _split_paths(tracked())
        except GitError:
            if head_commit(root) is not None:
                raise
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
    inside = to_registry(root)
    return {inside(line[3:]) for line in _split_paths(output)}


def hash_files(root: Path, paths: list[str]) -> list[Entry]:
    """Return what Git would keep of files in the work tree: their blobs with the line ends that a commit gives them."""
    if not paths:
        return []
    odd = [path for path in paths if "\n" in path]  # the one character that ends a name here
    listed = (to_repository(root, path) for path in paths if path not in odd)  # Git takes these from its own root
    given = "".join(f"{path}\n" for path in listed).encode("utf-8", "surrogateescape")
    oids = run_git("hash-object", "--stdin-paths", cwd=root, data=given).decode().split() if given else []
    known = dict(zip((path for path in paths if path not in odd), oids, strict=True))
    known |= {path: git_text("hash-object", "--", path, cwd=root) for path in odd}
    return [Entry("100644", known[path]) for path in paths]


def diff(root: Path, old: str, new: str, folders: Iterable[str] = ()) -> list[DiffEntry]:
    """Return what differs between two trees or commits, renames told as a deletion and an addition.

    Without folders, that is everything in the repository; what lies outside of `root` begins with `../`.
    """
    output = run_git(
        "diff-tree", "-r", "-z", "--raw", "--no-renames", "--no-abbrev", old, new, "--", *folders, cwd=root
    )
    return _parse_raw(output.decode("utf-8", "surrogateescape").split("\0"), to_registry(root))


def _parse_raw(fields: list[str], inside: Callable[[str], str]) -> list[DiffEntry]:
    changes = []
    for meta, path in zip(fields[::2], fields[1::2], strict=False):
        old_mode, new_mode, old_oid, new_oid, _ = meta.split(" ")
        changes.append(DiffEntry(inside(path), intern(old_mode[-6:]), intern(new_mode), old_oid, new_oid))
    return changes


def first_parent_steps(root: Path, base: str, head: str) -> tuple[str, ...]:
    """Return the commits of the first-parent line from `base`, which is left out, to `head`, oldest first."""
    return tuple(git_text("rev-list", "--first-parent", "--reverse", f"{base}..{head}", "--", cwd=root).split())


def start_first_parent_log(
    root: Path, revision: str, folders: Iterable[str] = (), *, since: str | None = None
) -> Callable[[], Iterator[tuple[Commit, list[DiffEntry]]]]:
    """Begin to read the commits of the first-parent line that touch folders; what is returned yields them.

    They come oldest first, each with what it changed there. A merge counts as one step, told against its first parent:
    what the branch looked like to those who use it. With `since`, a commit of that line, only those after it.
    """
    revisions = [revision, *([f"^{since}"] if since else [])]
    pieces = start_fields(
        "log", "--first-parent", "--diff-merges=first-parent", "--reverse", "--raw", "-z", "--no-renames",
        "--no-follow", "--no-show-signature", "--no-color", "--encoding=UTF-8", "--no-abbrev", "--root",
        "--format=%x00%H%x00%an <%ae>%x00%ct%x00%s", *revisions, "--", *folders, cwd=root,
        environment={"GIT_LITERAL_PATHSPECS": "1"},
    )  # fmt: skip
    inside = to_registry(root)
    return lambda: _parse_log(chain.from_iterable(pieces), inside)


def _parse_log(fields: Iterator[str], inside: Callable[[str], str]) -> Iterator[tuple[Commit, list[DiffEntry]]]:
    """Walk over fields that end in a zero byte, the one byte that no name, subject or path can hold."""
    oid = next(fields, None)
    while oid is not None:
        if not oid:  # what stands between two commits
            oid = next(fields, None)
            continue
        author, time, subject = islice(fields, 3)
        moment = min(int(time), _LAST_SECOND) if time.isdecimal() else 0
        commit = Commit(oid=oid, author=intern(author), time=moment, subject=subject)
        raw: list[str] = []
        while (oid := next(fields, None)) is not None and oid.lstrip("\n").startswith(":"):
            raw += (oid, next(fields))
        yield commit, _parse_raw(raw, inside)


def read_blobs(root: Path, oids: Iterable[str], *, limit: int | None = None) -> Iterator[tuple[str, bytes]]:
    """Yield the bytes of blobs by id, through one `git cat-file`; a missing one raises `GitError`.

    With `limit`, a blob that is larger comes back as that many zero bytes plus one, without being read.
    """
    wanted = list(oids)
    if not wanted:
        return
    if limit is not None:
        yield from _read_within(root, wanted, limit)
        return
    output = memoryview(run_git("cat-file", "--batch", cwd=root, data="\n".join([*wanted, ""]).encode()))
    position = 0
    for oid in wanted:
        end = bytes(output[position : position + 200]).index(b"\n") + position
        size = _size(oid, bytes(output[position:end]))
        yield oid, bytes(output[end + 1 : end + 1 + size])
        position = end + 2 + size


def _read_within(root: Path, wanted: list[str], limit: int) -> Iterator[tuple[str, bytes]]:
    """Ask one Git process for sizes, and then for those that are small enough, a few hundred at a time."""
    with git_answers("cat-file", "--batch-command", cwd=root) as (ask, answers):
        for start in range(0, len(wanted), _AT_ONCE):
            some = wanted[start : start + _AT_ONCE]
            ask("".join(f"info {oid}\n" for oid in some))
            sizes = {oid: _size(oid, answers.readline()) for oid in some}
            yield from ((oid, b"\0" * (limit + 1)) for oid in some if sizes[oid] > limit)
            small = [oid for oid in some if sizes[oid] <= limit]
            ask("".join(f"contents {oid}\n" for oid in small))
            for oid in small:
                answers.readline()
                yield oid, answers.read(sizes[oid] + 1)[:-1]


def _size(oid: str, header: bytes) -> int:
    """Read a line of `git cat-file`, which names a blob, its type and its size."""
    words = header.decode().split()
    if words[-1:] == ["missing"]:
        raise GitError(f"the object {oid} is missing from this clone; git fetch gets it")
    return int(words[2])


def in_batches(sizes: Mapping[str, int], most: int) -> Iterator[list[str]]:
    """Yield names in batches that hold at most so many bytes together, unless a single one holds more."""
    batch: list[str] = []
    weight = 0
    for name, size in sizes.items():
        if batch and weight + size > most:
            yield batch
            batch, weight = [], 0
        batch.append(name)
        weight += size
    if batch:
        yield batch


def blob_sizes(root: Path, oids: Sequence[str]) -> dict[str, int]:
    """Return the size in bytes of blobs by id; a missing one raises `GitError`."""
    if not oids:
        return {}
    output = run_git("cat-file", "--batch-check", cwd=root, data="\n".join([*oids, ""]).encode())
    return {oid: _size(oid, line) for oid, line in zip(oids, output.splitlines(), strict=True)}
