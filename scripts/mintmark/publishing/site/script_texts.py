"""The scripts that versions were made with, as Git has them, by the md5 that records name. Writes nothing."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from typing import TYPE_CHECKING, Final

from mintmark.registry import git

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

LONGEST: Final = 100_000  # bytes of a script that is shown
_MOST_PATHS: Final = 500
_MOST_BYTES: Final = 20_000_000  # of all scripts of a site
_MD5: Final = "md5:"


def script_texts(root: Path, revision: str, named: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Yield the md5 and the text of each script that records name by path and digest, each text once.

    Only what the base branch ever had under that path is given out, and only where its bytes have that digest.
    """
    wanted: dict[str, set[str]] = defaultdict(set)
    for path, digest in sorted(named):
        if digest.startswith(_MD5) and (path in wanted or len(wanted) < _MOST_PATHS):
            wanted[path].add(digest.removeprefix(_MD5))
    if not wanted:
        return
    found = dict(_committed(root, revision, wanted))
    left = _MOST_BYTES
    for md5, content in sorted(found.items()):
        left -= len(content)
        text = _text(content)
        if text is not None and left >= 0:
            yield md5, text


def _committed(root: Path, revision: str, wanted: Mapping[str, set[str]]) -> Iterator[tuple[str, bytes]]:
    digests: dict[str, set[str]] = defaultdict(set)
    for _, changes in git.start_first_parent_log(root, revision, sorted(wanted))():
        for change in changes:
            if change.new_oid != git.NO_OBJECT and change.new_mode not in git.NO_FILES and change.path in wanted:
                digests[change.new_oid] |= wanted[change.path]
    for oid, content in git.read_blobs(root, sorted(digests), limit=LONGEST):
        md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
        if md5 in digests[oid]:
            yield md5, content


def _text(content: bytes) -> str | None:
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text
