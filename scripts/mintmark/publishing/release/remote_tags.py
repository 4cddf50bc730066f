"""The tags of a remote as objects: what each says, and how one is made. Pushes nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mintmark.core.tags.grammar import Tag, parse_tag
from mintmark.core.tags.message import TagMessage, parse_message
from mintmark.publishing.release.remote import TAGS
from mintmark.registry import git

if TYPE_CHECKING:
    from pathlib import Path

    from mintmark.publishing.release.remote import Listing, Remote

_LARGEST = 1_000_000
_TIME = re.compile(r"[0-9]{1,11}\Z")  # a tag can bear any number as its time, and the next one has to be later


@dataclass(frozen=True, kw_only=True, slots=True)
class KnownTag:
    """A tag of the remote: its object, the commit that it is on, the tagger's time, and what its message tells.

    `commit` is None for a lightweight tag, which has neither time nor message, and for one that is on no commit.
    `told` is None where somebody else wrote the message.
    """

    name: str
    tag: Tag
    oid: str
    commit: str | None
    time: int = 0
    told: TagMessage | None = None


def read_tags(remote: Remote, listing: Listing) -> list[KnownTag]:
    """Return the remote's tags in the grammar of `core.tags.grammar`, oldest first; others are nobody's business here.

    The type of a tag is the one that the remote tells: a checkout may have made a lightweight tag of it.
    """
    found = {}
    for ref in listing.refs:
        tag = parse_tag(ref.removeprefix(TAGS)) if ref.startswith(TAGS) else None
        if tag is not None:
            found[ref] = tag
    annotated = {ref: listing.refs[ref] for ref in found if ref in listing.peeled}
    remote.fetch(annotated)
    objects = dict(git.read_blobs(remote.root, sorted(set(annotated.values())), limit=_LARGEST))
    commits = _commits_among(remote.root, {listing.peeled[ref] for ref in annotated})
    known = []
    for ref, tag in found.items():
        name, oid = ref.removeprefix(TAGS), listing.refs[ref]
        if ref not in annotated or listing.peeled[ref] not in commits:
            known.append(KnownTag(name=name, tag=tag, oid=oid, commit=None))
            continue
        time, message = _parse_object(objects[oid])
        told = parse_message(message)
        known.append(KnownTag(name=name, tag=tag, oid=oid, commit=listing.peeled[ref], time=time, told=told))
    return sorted(known, key=lambda item: (item.time, item.tag.number or 0, item.name))


def write_tag(root: Path, *, name: str, commit: str, time: int, tagger: str, message: str) -> str:
    """Write an annotated tag object, which no ref names yet, and return its id; `tagger` is `Ada <ada@example.org>`."""
    head = f"object {commit}\ntype commit\ntag {name}\ntagger {tagger} {time} +0000\n\n"
    return git.run_git("mktag", cwd=root, data=(head + message).encode()).decode().strip()


def read_tagger(root: Path) -> str:
    """Return who makes tags here; `changing.commits.read_author` says whether Git knows it."""
    return git.git_text("var", "GIT_COMMITTER_IDENT", cwd=root).rpartition(">")[0] + ">"


def keep_local(root: Path, tags: list[KnownTag]) -> None:
    """Let this clone have the tags as the remote has them: a checkout may have left lightweight ones in their place."""
    listed = git.git_text("for-each-ref", "--format=%(objectname) %(refname)", TAGS, cwd=root)
    present = {ref: oid for oid, _, ref in (line.partition(" ") for line in listed.splitlines())}
    changes = [
        f"update {TAGS}{tag.name} {tag.oid}\n"
        for tag in tags
        if tag.commit is not None and present.get(f"{TAGS}{tag.name}") != tag.oid
    ]
    if changes:
        git.run_git("update-ref", "--stdin", cwd=root, data="".join(changes).encode())


def _commits_among(root: Path, oids: set[str]) -> set[str]:
    """Return the objects that are commits: a tag may be on anything."""
    asked = "".join(f"{oid}\n" for oid in sorted(oids)).encode()
    answer = git.run_git("cat-file", "--batch-check=%(objectname) %(objecttype)", cwd=root, data=asked).decode()
    return {line.partition(" ")[0] for line in answer.splitlines() if line.endswith(" commit")}


def _parse_object(content: bytes) -> tuple[int, str]:
    """Return the tagger's time and the message of a tag object; (0, "") of one that is not as Git writes it."""
    head, _, message = content.decode("utf-8", "replace").partition("\n\n")
    tagger = next((line for line in head.splitlines() if line.startswith("tagger ")), "")
    time = tagger.rpartition("> ")[2].partition(" ")[0]
    return (int(time) if _TIME.match(time) else 0), message
