"""`mintmark upgrade`: bring the files that an older Mintmark wrote up to date, and keep what the team made of them."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from mintmark.about import __version__
from mintmark.beginning.place import tool_line
from mintmark.beginning.template import Wanted, render
from mintmark.beginning.upgrading import REMOVABLE, Conflict, Upgrade, plan_upgrade
from mintmark.beginning.written import WRITTEN, Written, describe_written
from mintmark.changing.commits import commit_files, require_clean, require_ready
from mintmark.changing.lock import one_at_a_time
from mintmark.commands.pull_request import conclude
from mintmark.core.announcement import message
from mintmark.core.words import numbers
from mintmark.errors import MintmarkError, UsageError
from mintmark.registry import git
from mintmark.registry.clone import ClonedRegistry
from mintmark.registry.files import read_json, write_atomically
from mintmark.registry.repository.line_merge import merge_lines
from mintmark.registry.repository.prefix import prefix_of, to_registry, to_repository

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from pathlib import Path

_LARGEST = 4_000_000  # bytes of a file that was written; none comes near
_PIPELINE = ("dvc.yaml", "scripts/")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Committed:
    """What HEAD has of some files: their bytes, which of them can be run, and what no file can be written over."""

    texts: Mapping[str, bytes]
    executable: Collection[str]
    in_the_way: Mapping[str, str]


def upgrade(root: Path, *, keep: list[str], markers: bool, here: bool, open_pr: bool, dry_run: bool) -> int:
    """Merge what this Mintmark writes into what an older one wrote and the team changed, as one commit.

    Raises `MintmarkError`, with nothing written, where a file is for a person to settle. With `markers` such a file
    gets Git's marks, and nothing is committed.
    """
    registry = ClonedRegistry(root)
    root = registry.root
    with one_at_a_time(root, "upgrade"):
        require_ready(root)
        require_clean(root)
        written = _read_written(root)
        wanted = _wanted(registry, written)
        files = render(wanted)
        _refuse_unknown(keep, files)
        committed = _committed(root, {*filter(REMOVABLE.fullmatch, written.files), *files})
        plan = plan_upgrade(
            written, files, committed.texts, keep=keep, in_the_way=committed.in_the_way,
            find=partial(_find, root, written), merge=partial(merge_lines, root, names=("yours", "Mintmark")),
        )  # fmt: skip
        marked = {item.path: item.marked for item in plan.conflicts if markers and item.marked is not None}
        _tell(plan, marked, dry_run=dry_run)
        _refuse_conflicts(root, [item for item in plan.conflicts if item.path not in marked])
        if dry_run or not plan.is_needed:
            return 0
        texts = plan.texts({**committed.texts, **marked})
        writes = {**plan.writes, WRITTEN: describe_written(files, wanted.answers, texts)}
        if marked:
            _leave_marked(root, {**writes, **marked}, plan.gone, sorted(marked))
            return 0
        with _deleted(root, plan.gone):
            made = commit_files(
                root, writes=writes, message=_announce(written, plan), include=plan.gone,
                executable=[path for path in committed.executable if path in writes],
                branch=None if here else f"upgrade/mintmark-{__version__}",
            )  # fmt: skip
        if any(path.startswith(_PIPELINE) for path in plan.writes):
            print("the pipeline changed: dvc status tells which stages will run again")
        conclude(registry, made, open_pr=open_pr)
    return 0


def _read_written(root: Path) -> Written:
    if not os.path.lexists(root / WRITTEN):
        raise MintmarkError(
            f"{root}: has no {WRITTEN}, so nothing says what mintmark init wrote here; begin a registry in an empty "
            "folder (mintmark -C FOLDER init), and compare its files with yours"
        )
    return Written.from_dict(read_json(root / WRITTEN))


def _wanted(registry: ClonedRegistry, written: Written) -> Wanted:
    """Return what the registry was to be when it began; the tool is this one."""
    told = written.answers
    name, branch, is_new = told.get("name"), told.get("branch"), told.get("is_new")
    return Wanted(
        name=name if isinstance(name, str) else registry.settings.name,
        branch=branch if isinstance(branch, str) else registry.settings.base_branch,
        tool=tool_line(),
        prefix=prefix_of(registry.root).rstrip("/"),
        is_new=is_new if isinstance(is_new, bool) else True,
        workflows=any(".github/" in path for path in written.files),
    )


def _refuse_unknown(keep: Collection[str], files: Mapping[str, bytes]) -> None:
    for path in keep:
        if path not in files:
            raise UsageError(f"--keep {path}: is no file that Mintmark writes; without --keep, it stays as it is")


def _committed(root: Path, paths: Collection[str]) -> _Committed:
    """Read what HEAD has of some paths, which may lead out of the registry, and look for what is in the way."""
    asked = {path for path in (to_repository(root, path) for path in paths) if not path.startswith("..")}
    folders = {parent for path in asked for parent in _parents(path)}
    inside = to_registry(root)
    entries: dict[str, git.Entry] = {}
    odd = dict[str, str]()
    output = git.run_git("ls-tree", "-z", "--full-tree", "HEAD", "--", *sorted(asked | folders), cwd=root)
    for line in output.decode("utf-8", "surrogateescape").split("\0")[:-1]:
        meta, _, path = line.partition("\t")
        mode, kind, oid = meta.split()
        if path in folders and kind != "tree":
            below = f"{path}/"
            odd |= {inside(name): f"{path} is no folder here" for name in asked if name.startswith(below)}
        elif path in asked and (kind != "blob" or mode in git.NO_FILES):
            odd[inside(path)] = f"is {git.NO_FILES.get(mode, 'a folder')} here"
        elif path in asked:
            entries[inside(path)] = git.Entry(mode, oid)
    for path in paths:
        if path not in entries and path not in odd and os.path.lexists(root / path):
            odd[path] = "is in the way, and not in Git"
    texts = dict(git.read_blobs(root, {entry.oid for entry in entries.values()}, limit=_LARGEST))
    return _Committed(
        texts={path: texts[entry.oid] for path, entry in entries.items()},
        executable=[path for path, entry in entries.items() if entry.mode == "100755"],
        in_the_way=odd,
    )


def _parents(path: str) -> Iterator[str]:
    while "/" in path:
        path = path.rpartition("/")[0]
        yield path


def _find(root: Path, written: Written, oid: str) -> bytes | None:
    """Return a text that was written once: it is kept beside the list, or in Git's history."""
    kept = written.text_of(oid)
    if kept is not None:
        return kept
    head, _, text = git.run_git("cat-file", "--batch", cwd=root, data=f"{oid}\n".encode()).partition(b"\n")
    kind = head.decode().split()[1]  # "missing" in a shallow clone, or where it was never committed as it was written
    return text[:-1] if kind == "blob" else None


def _tell(plan: Upgrade, marked: Mapping[str, bytes], *, dry_run: bool) -> None:
    would = "would " if dry_run else ""
    for what, paths in (
        ("add", plan.new), ("replace", plan.replaced), ("merge", plan.merged), ("delete", plan.gone), ("mark", marked)
    ):  # fmt: skip
        for path in sorted(paths):
            print(f"{would}{what} {path}")
    for path in plan.kept:
        print(f"{path} stays as it is: you asked for it")
    for path, why in sorted(plan.stays.items()):
        print(f"{path} stays as it is: {why}")
    if not plan.is_needed:
        files = "no other file differs from what" if plan.stays else "no file differs from what"
        print(f"{files} Mintmark {__version__} writes: there is nothing to do")


def _refuse_conflicts(root: Path, conflicts: Collection[Conflict]) -> None:
    if not conflicts:
        return
    lines = [f"{item.path}{f':{item.line}' if item.line else ''}: {item.why}" for item in conflicts]
    advice = ["--keep FILE leaves yours as it is"]
    if any(item.marked is not None for item in conflicts):
        advice.append("--markers writes both sides into a file, for you to settle and commit")
    if git.is_shallow(root):
        advice.append("git fetch --unshallow brings what was written, and then it may fit")
    files = numbers.count(len(conflicts), "file")
    are = "is" if len(conflicts) == 1 else "are"
    raise MintmarkError("\n".join([f"{files} {are} for you to settle, and nothing was written", *lines, *advice]))


def _leave_marked(root: Path, writes: Mapping[str, bytes], gone: Collection[str], marked: Collection[str]) -> None:
    for path, content in writes.items():
        mode = (root / path).stat().st_mode if (root / path).exists() else None
        write_atomically(root / path, content)
        if mode is not None:
            (root / path).chmod(mode)
    for path in gone:
        (root / path).unlink()
    print(f"next: settle the marks in {', '.join(marked)}, then git add --all and git commit; nothing is committed yet")


@contextmanager
def _deleted(root: Path, paths: Collection[str]) -> Iterator[None]:
    """Delete files while they are committed as deleted; bring them back where that fails."""
    contents = {path: (root / path).read_bytes() for path in paths}
    try:
        for path in paths:
            (root / path).unlink()
        yield
    except BaseException:
        for path, content in contents.items():
            write_atomically(root / path, content)
        raise


def _announce(written: Written, plan: Upgrade) -> str:
    merged = f"Merged with changes of the team's own: {', '.join(sorted(plan.merged))}." if plan.merged else ""
    stays = f"Left as they are: {', '.join(sorted({*plan.stays, *plan.kept}))}." if plan.stays or plan.kept else ""
    return message(
        f"upgrade the registry's files to Mintmark {__version__}",
        f"They were written by Mintmark {written.mintmark}.",
        merged,
        stays,
    )
