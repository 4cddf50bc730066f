"""Whether the trees that a change brings are such as Git writes: each name once, and none that leads elsewhere.

A tree that is made by hand may have a name twice. Each program then takes another of the two files for the one of that
name: one is judged, and another comes out of a clone. Servers refuse such a tree only where they are set up to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mintmark.core.finding import Finding, shorten
from mintmark.judging.detours import read_steps
from mintmark.registry import git

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mintmark.judging.span import Span

_MODES: Final = {b"100644", b"100755", b"120000", b"160000", b"40000"}
_TREE: Final = "040000"
_MOST: Final = 50_000
_LONGEST: Final = 100


def tree_faults(span: Span) -> Iterator[Finding]:
    """Yield what is wrong with the trees between base and head."""
    listed = sorted(_new_trees(span))
    if len(listed) > _MOST:
        yield Finding(path=".", message=f"{len(listed):,} folders change, and {_MOST:,} may; split the change")
    sizes = git.blob_sizes(span.root, listed[:_MOST])
    for batch in git.in_batches(sizes, 32_000_000):
        for oid, content in git.read_blobs(span.root, batch):
            fault = _fault(content, len(oid) // 2)
            if fault:
                yield Finding(path=".", message=f"the tree {oid[:10]} {fault}; commit the files again with Git")


def _new_trees(span: Span) -> set[str]:
    """Return the ids of the trees that the commits between base and head bring.

    Git compares each tree with the one before, and tells of every entry that is another one. So below a tree without a
    fault no tree is left out. To ask for the objects of a range takes seconds in a large registry: it marks all of the
    base's.
    """
    roots = git.git_text("log", "--format=%T", f"{span.base}..{span.head}", "--", cwd=span.root).split()
    steps = read_steps(span, [":/"], "-t")
    return {*roots, *(step.entry.oid for step in steps if step.entry is not None and step.entry.mode == _TREE)}


def _fault(content: bytes, digest: int) -> str:
    """Return what is wrong with the entries of one tree: `mode name NUL digest`, one behind the other."""
    names: set[bytes] = set()
    position = 0
    while position < len(content):
        end = content.find(b"\0", position)
        mode, _, name = content[position:end].partition(b" ")
        shown = shorten(ascii(name.decode("utf-8", "replace")), _LONGEST)
        if end < 0 or mode not in _MODES:
            return f"has an entry of a kind that there is not ({shown})"
        if name in names:
            return f"has the name {shown} twice"
        if name.lower() in (b"", b".", b"..", b".git") or b"/" in name:
            return f"has the name {shown}, which leads elsewhere"
        names.add(name)
        position = end + 1 + digest
    return "" if position == len(content) else "breaks off"
