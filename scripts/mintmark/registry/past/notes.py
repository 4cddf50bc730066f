"""Git notes that say a version was made again, on the blob of its version.yaml. Runs no stage.

A note hangs on the blob of the record, which no squash, rebase or merge changes (R1), and says in one line of JSON what
was found. Who wrote it, and when, is what the commit of the note says.
"""

from __future__ import annotations

import json
import platform
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mintmark.core.moment import format_moment
from mintmark.registry import git

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

REF = "refs/notes/mintmark/reproduced"
_OID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_FILE_MODES = ("100644", "100755")
_MOST_BYTES = 4096
_LONGEST = 200
_LAST_SECOND = 253_402_300_799  # of the year 9999, where calendars end


@dataclass(frozen=True, kw_only=True, slots=True)
class Reproduced:
    """What a note says: the version (`iris@1.0.0`), whether every byte came out again, and the sha256 of its artifact.

    `identical` false means other bytes and the same predictions. `time` is UTC as `2026-06-01T09:30:00Z`, `author` as
    Git has it (`Ada <ada@example.org>`); `python` and `mintmark` are versions of what ran the stages.
    """

    reference: str
    identical: bool
    sha256: str
    python: str
    mintmark: str
    time: str
    author: str


def write_note(root: Path, record: str, *, reference: str, identical: bool, sha256: str) -> None:
    """Note on a record, the blob of a version.yaml, that its version was made again here; a former note is replaced."""
    from mintmark.about import __version__

    told = {
        "reference": reference,
        "identical": identical,
        "sha256": sha256,
        "python": platform.python_version(),
        "mintmark": __version__,
    }
    git.run_git("notes", f"--ref={REF}", "add", "-f", "-F", "-", record, cwd=root, data=json.dumps(told).encode())


def read_notes(root: Path) -> dict[str, Reproduced]:
    """Return what the newest note on each record says, by the id of the blob of its version.yaml.

    A note that is no JSON of the right kind is passed over: whoever can push can write one.
    """
    kind, _, listed = git.git_text("for-each-ref", "--format=%(objecttype) %(objectname)", REF, cwd=root).partition(" ")
    if kind != "commit":
        return {}
    log = git.start_git(
        "log", "--no-merges", "--reverse", "--topo-order", "--raw", "-z", "--no-renames", "--no-abbrev", "--root",
        "--no-show-signature", "--no-color", "--encoding=UTF-8", "--format=%x00%an <%ae>%x00%ct", listed, "--",
        cwd=root,
    )  # fmt: skip
    output = git.in_background(log)
    notes = git.list_tree(root, listed, whole=True)
    present = {oid for path, entry in notes.items() if (oid := _annotated(path, entry.mode))}
    written = [entry for entry in _parse_log(output()) if entry[0] in present]
    texts = dict(git.read_blobs(root, sorted({note for _, note, *_ in written}), limit=_MOST_BYTES))
    said = {note: _parse_note(text) for note, text in texts.items()}
    return {
        oid: Reproduced(**fields, time=format_moment(time), author=author)
        for oid, note, author, time in sorted(written, key=lambda entry: entry[3])
        if (fields := said[note]) is not None
    }


def _annotated(path: str, mode: str) -> str | None:
    """Return the object that a note hangs on: Git spreads many notes over folders, as `ab/cdef...`."""
    oid = path.replace("/", "")
    return oid if mode in _FILE_MODES and _OID.fullmatch(oid) else None


def _parse_log(output: bytes) -> Iterator[tuple[str, str, str, int]]:
    """Yield (object, blob of the note, author, seconds since 1970) for each note that a commit wrote."""
    fields = output.decode("utf-8", "replace").split("\0")
    place = 0
    while place < len(fields):
        if not fields[place]:  # what stands before a commit
            place += 1
            continue
        author, time = fields[place : place + 2]
        before: dict[str, str] = {}  # the blob of each note by the object that it hangs on
        after: dict[str, str] = {}
        place += 2
        while place < len(fields) and fields[place].lstrip("\n").startswith(":"):
            old_mode, mode, old, new, _ = fields[place].lstrip("\n:").split(" ")
            path = fields[place + 1]
            if (oid := _annotated(path, old_mode)) is not None:
                before[oid] = old
            if (oid := _annotated(path, mode)) is not None:
                after[oid] = new
            place += 2
        # Where Git moves notes into folders, each goes and comes again as it was; nobody wrote it then.
        if time.isdigit() and int(time) <= _LAST_SECOND:
            yield from ((oid, note, author, int(time)) for oid, note in after.items() if before.get(oid) != note)


def _parse_note(content: bytes) -> dict[str, Any] | None:
    """Return the fields of a note; of several lines, as a merge of notes leaves them, the last good one counts."""
    if len(content) > _MOST_BYTES:
        return None
    for line in reversed(content.splitlines()):
        try:
            said = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(said, dict) and _is_sound(said):
            return {key: said[key] for key in ("reference", "identical", "sha256", "python", "mintmark")}
    return None


def _is_sound(said: dict[str, Any]) -> bool:
    texts = [said.get(key) for key in ("reference", "python", "mintmark")]
    if not all(isinstance(text, str) and len(text) <= _LONGEST and text.isprintable() for text in texts):
        return False
    sha256 = said.get("sha256")
    return isinstance(said.get("identical"), bool) and isinstance(sha256, str) and bool(_SHA256.fullmatch(sha256))
