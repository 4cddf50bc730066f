"""Who approved what was merged, as the messages of this clone's tags tell it. Asks neither a forge nor a remote.

Whoever may push tags may write such a message: it is shown as what a tag says, and nothing is decided by it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mintmark.core.tags.grammar import parse_tag
from mintmark.core.tags.message import Approved, parse_message
from mintmark.registry import git

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_TAGS = "refs/tags/"
_LARGEST = 1_000_000
_NOTHING = Approved()


def read_approvals(root: Path) -> Mapping[tuple[str, str], Approved]:
    """Return what tags tell of the change that a commit merged, by model and commit."""
    listed = git.git_text("for-each-ref", "--format=%(objecttype) %(objectname) %(refname)", _TAGS, cwd=root)
    oids = {}
    for line in listed.splitlines():
        kind, oid, ref = line.split(" ", 2)
        tag = parse_tag(ref.removeprefix(_TAGS)) if kind == "tag" else None
        if tag is not None:
            oids[oid] = tag.model
    found = {}
    for oid, content in git.read_blobs(root, sorted(oids), limit=_LARGEST):
        told = parse_message(content.decode("utf-8", "replace").partition("\n\n")[2])
        if told is not None and told.model == oids[oid] and told.approved != _NOTHING:
            found[told.model, told.commit] = told.approved
    return found
