"""Merge three versions of a text by lines, as `git merge-file` does. Touches no file of the repository."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mintmark.registry.repository.running import GitError, run_git
from mintmark.temporary import TemporaryFolder

if TYPE_CHECKING:
    from pathlib import Path

_MOST_CONFLICTS = 127  # the exit code counts them up to here


@dataclass(frozen=True, kw_only=True, slots=True)
class LineMerge:
    """The merged text, and the first line of `ours` that both sides changed: None where the text is whole.

    Where it is not, it holds Git's marks around what both sides say.
    """

    text: bytes
    conflict: int | None = None


def merge_lines(root: Path, ancestor: bytes, ours: bytes, theirs: bytes, *, names: tuple[str, str]) -> LineMerge:
    """Merge what two sides made of a text; `names` are those of both sides beside the marks."""
    with TemporaryFolder("merge") as folder:
        for name, content in (("ours", ours), ("ancestor", ancestor), ("theirs", theirs)):
            (folder / name).write_bytes(content)
        labels = [part for name in (names[0], "before", names[1]) for part in ("-L", name)]
        files = [str(folder / name) for name in ("ours", "ancestor", "theirs")]
        try:
            return LineMerge(text=run_git("merge-file", "-p", "--quiet", *labels, *files, cwd=root))
        except GitError as error:
            if error.code is None or not 0 < error.code <= _MOST_CONFLICTS:
                raise
            return LineMerge(text=error.output, conflict=_line_of(error.output, ours))


def _line_of(marked: bytes, ours: bytes) -> int:
    """Return in which line of ours the first conflict lies: the text before it that is there too says so."""
    before, _, rest = marked.partition(b"<<<<<<< ")
    mine = rest.partition(b"\n")[2].partition(b"=======\n")[0]
    found = ours.find(mine) if mine else -1
    return ours.count(b"\n", 0, found) + 1 if found >= 0 else min(before.count(b"\n"), ours.count(b"\n")) + 1
