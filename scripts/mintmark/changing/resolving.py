"""Settle the conflicts of a merge or a rebase in files that hold an entry a model or a stage. Runs no stage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mintmark.changing.commits import under_way
from mintmark.core.finding import Finding
from mintmark.core.layout import SETTLED_BY_ENTRY
from mintmark.errors import InvalidRegistryError, MintmarkError
from mintmark.registry import git
from mintmark.registry.files import read_text_file, write_atomically
from mintmark.registry.yaml.faults import MAX_LOCK_BYTES, YamlFault
from mintmark.registry.yaml.merging import merge_yaml

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

_IGNORE = ".gitignore"
_ANCESTOR, _OURS, _THEIRS = "1", "2", "3"
_MARK = b"<<<<<<< "


@dataclass(frozen=True, kw_only=True, slots=True)
class Resolved:
    """The files that were settled and staged, and those that are still in conflict, each with why."""

    settled: tuple[str, ...]
    left: Mapping[str, str]


def resolve_conflicts(root: Path) -> Resolved:
    """Take the entries of both sides into each file in conflict that is settled by entry, and stage it.

    Raises `InvalidRegistryError`, with nothing written, that names each entry that both sides changed, and
    `MintmarkError` where no file is in conflict.
    """
    conflicts = conflicts_here(root)
    if not conflicts:
        raise MintmarkError("no file is in conflict here; git status tells what is under way")
    merged: dict[str, bytes] = {}
    left: dict[str, str] = {}
    findings: list[Finding] = []
    for path, blobs in conflicts.items():
        why = _not_ours(root, path, blobs)
        if why:
            left[path] = why
            continue
        contents = _contents(root, blobs)
        if path not in SETTLED_BY_ENTRY:
            merged[path] = _merge_lines(*contents)
            continue
        try:
            found = merge_yaml(*contents)
        except YamlFault as fault:
            findings.append(Finding(path=path, message=fault.message, line=fault.line))
            continue
        findings += [_clash(root, path, key) for key in found.clashes]
        merged[path] = found.text
    if findings:
        raise InvalidRegistryError(findings)
    for path, content in merged.items():
        write_atomically(root / path, content)
    if merged:
        git.run_git("add", "--", *(f":(literal){path}" for path in merged), cwd=root)
    return Resolved(settled=tuple(merged), left=left)


def conflicts_here(root: Path) -> dict[str, dict[str, str]]:
    """Return the files in conflict, each with the ids of its blobs: 1 of the ancestor, 2 of ours, 3 of theirs."""
    output = git.run_git("ls-files", "--unmerged", "-z", cwd=root).decode("utf-8", "surrogateescape")
    found: dict[str, dict[str, str]] = {}
    for line in output.split("\0")[:-1]:
        meta, _, path = line.partition("\t")  # 100644 4b825dc6... 2
        mode, oid, side = meta.split()
        found.setdefault(path, {})[side] = "" if mode in git.NO_FILES else oid
    return found


def _not_ours(root: Path, path: str, blobs: Mapping[str, str]) -> str:
    """Return why a file in conflict is for a person; nothing where it is not."""
    if path not in SETTLED_BY_ENTRY and path.rpartition("/")[2] != _IGNORE:
        return "is for you to settle, then git add it"
    if _OURS not in blobs or _THEIRS not in blobs:
        return "was deleted on one side and changed on the other"
    if "" in blobs.values():
        return "is no plain file on one side"
    present = read_text_file(root / path, limit=MAX_LOCK_BYTES) if (root / path).is_file() else b""
    contents = _contents(root, blobs)
    if _MARK not in present and present not in contents:
        return f"was edited since; git add it, or git checkout --merge -- {path} to have the conflict back"
    if path not in SETTLED_BY_ENTRY and not _is_list(contents):
        return "holds comments, or patterns whose order counts, so it is for you to settle, then git add it"
    return ""


def _is_list(contents: Iterable[bytes]) -> bool:
    """Whether the lines of a .gitignore mean the same in any order, as those that DVC writes do."""
    return not any(line[:1] in (b"", b"#", b"!") for content in contents for line in content.splitlines())


def _contents(root: Path, blobs: Mapping[str, str]) -> tuple[bytes, bytes, bytes]:
    found = dict(git.read_blobs(root, set(blobs.values()), limit=MAX_LOCK_BYTES))
    return found[blobs[_ANCESTOR]] if _ANCESTOR in blobs else b"", found[blobs[_OURS]], found[blobs[_THEIRS]]


def _merge_lines(ancestor: bytes, ours: bytes, theirs: bytes) -> bytes:
    """Return the lines of a list: those that neither side took away, then what each added."""
    before, mine, other = (text.splitlines() for text in (ancestor, ours, theirs))
    kept = [line for line in before if line in mine and line in other]
    added = sorted({line for line in (*mine, *other) if line not in before})
    return b"".join(line + b"\n" for line in (*kept, *added))


def _clash(root: Path, path: str, key: str) -> Finding:
    action = under_way(root)
    message = "both sides changed it; of two proposals of one model, the second begins where the first was merged"
    if action == "revert":
        return Finding(
            path=path, where=key, message=f"was changed since; git checkout HEAD -- {path} keeps what is there"
        )
    give_up = f"git {action} --abort, " if action else ""
    return Finding(path=path, where=key, message=f"{message}: {give_up}start from the base branch, and dvc repro")
