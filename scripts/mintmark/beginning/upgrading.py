"""Work out what brings the files of an older Mintmark up to date: what it wrote, what the team made of it, what is new.

Three texts of each file decide, as in a merge. Changes nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from mintmark.about import __version__
from mintmark.beginning.placing import GROWING, OURS_FOLLOW, STAYING
from mintmark.registry.documents import blob_oid
from mintmark.registry.yaml.faults import YamlFault
from mintmark.registry.yaml.text import parse_yaml

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from mintmark.beginning.written import Written
    from mintmark.registry.repository.line_merge import LineMerge

WHOLE: Final = ("mintmark.txt", "requirements.lock", "requirements-tool.lock")  # a mix of two would be neither
REMOVABLE: Final = re.compile(
    r"(?:\.\./)*\.github/(?:workflows|ISSUE_TEMPLATE)/[\w-]+\.yml|scripts/\w+\.py|schemas/[\w-]+\.schema\.json"
    r"|mintmark\.(?:mk|txt)|requirements(?:-\w+)?\.lock"
)  # the list says what may be deleted, whatever .mintmark.json names


@dataclass(frozen=True, kw_only=True, slots=True)
class Conflict:
    """A file that only a person can bring up to date: why, in which line, and a text with marks where there is one."""

    path: str
    why: str
    line: int | None = None
    marked: bytes | None = None


@dataclass(kw_only=True, slots=True)
class Upgrade:
    """What is to be done: files that are new, replaced and merged by path, those that go, and what is for a person.

    `stays` says of files that are left as they are why that is so. `files` is what this version writes.
    """

    files: Mapping[str, bytes]
    new: dict[str, bytes] = field(default_factory=dict)
    replaced: dict[str, bytes] = field(default_factory=dict)
    merged: dict[str, bytes] = field(default_factory=dict)
    gone: list[str] = field(default_factory=list)
    stays: dict[str, str] = field(default_factory=dict)
    conflicts: list[Conflict] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)

    @property
    def writes(self) -> dict[str, bytes]:
        """Every file that is written, by path."""
        return {**self.new, **self.replaced, **self.merged}

    @property
    def is_needed(self) -> bool:
        """Whether anything is to be done."""
        return bool(self.writes or self.gone or self.kept or self.conflicts)

    def texts(self, present: Mapping[str, bytes]) -> dict[str, str]:
        """Return what this version writes where the team's file will hold something else: the next upgrade needs it."""
        after = {**present, **self.writes}
        return {
            blob_oid(content): content.decode()
            for path, content in self.files.items()
            if path not in (*WHOLE, *GROWING) and after.get(path) not in (None, content)
        }


def plan_upgrade(
    written: Written,
    files: Mapping[str, bytes],
    present: Mapping[str, bytes],
    *,
    keep: Collection[str],
    in_the_way: Mapping[str, str],
    find: Callable[[str], bytes | None],
    merge: Callable[[bytes, bytes, bytes], LineMerge],
) -> Upgrade:
    """Return what makes of the files that an older version wrote (`written`) those of this version (`files`).

    `present` has what the team committed, `in_the_way` why a path cannot be written. `find` returns a text by its id,
    None where it is in no history; `merge` merges (before, the team's, ours).
    """
    found = Upgrade(files=files)
    for path, content in files.items():
        before, theirs = written.files.get(path), present.get(path)
        if path in in_the_way:
            found.conflicts.append(Conflict(path=path, why=in_the_way[path]))
        elif theirs == content or before == blob_oid(content):
            continue
        elif path in keep:
            found.kept.append(path)
        elif theirs is None:
            _missing(found, path, content, before)
        elif before == blob_oid(theirs):
            found.replaced[path] = content
        elif path in WHOLE or (path in STAYING and before is None):
            found.stays[path] = "you have your own"
        else:
            _combine(found, path, content, theirs, before, find, merge)
    _take_away(found, written, present)
    return found


def _take_away(found: Upgrade, written: Written, present: Mapping[str, bytes]) -> None:
    """Find what an older version wrote and this one does not."""
    for path, before in written.files.items():
        theirs = present.get(path)
        if path in found.files or theirs is None or not REMOVABLE.fullmatch(path):
            continue
        if before == blob_oid(theirs):
            found.gone.append(path)
        else:
            found.stays[path] = "this Mintmark writes no such file, and you changed it"


def _missing(found: Upgrade, path: str, content: bytes, before: str | None) -> None:
    if before is None:
        found.new[path] = content
    else:
        found.stays[path] = "you deleted it"


def _combine(
    found: Upgrade,
    path: str,
    content: bytes,
    theirs: bytes,
    before: str | None,
    find: Callable[[str], bytes | None],
    merge: Callable[[bytes, bytes, bytes], LineMerge],
) -> None:
    """Take what both sides changed since the text before; name the file where that cannot be done."""
    head, own = _own_part(theirs) if path in GROWING else (b"", theirs)
    if head and before == blob_oid(own):
        found.merged[path] = head + content
        return
    if before is None:
        found.conflicts.append(Conflict(path=path, why=f"is new in Mintmark {__version__}, and you have another one"))
        return
    ancestor = find(before)
    if ancestor is None:
        if path in STAYING:
            found.stays[path] = "you have your own"
            return
        why = "has changes of yours, and what mintmark init wrote is in no commit of this clone to tell them apart"
        found.conflicts.append(Conflict(path=path, why=why))
        return
    result = merge(ancestor, own, content)
    fault = _fault(path, result.text) if result.conflict is None and not _fault(path, own) else None
    if result.conflict is not None or fault:
        line = result.conflict + head.count(b"\n") if result.conflict is not None else None
        why = fault or f"you and Mintmark {__version__} changed the same lines"
        found.conflicts.append(Conflict(path=path, why=why, line=line, marked=head + result.text))
    elif head + result.text != theirs:
        found.merged[path] = head + result.text


def _own_part(theirs: bytes) -> tuple[bytes, bytes]:
    """Return a list of patterns as what the team had before, with our mark, and what was added behind it."""
    head, mark, own = theirs.partition(f"{OURS_FOLLOW}\n".encode())
    return (head + mark, own) if mark else (b"", theirs)


def _fault(path: str, text: bytes) -> str | None:
    """Return why a merged text cannot be read: lines that fit together need not make sense together."""
    try:
        if path.endswith((".yaml", ".yml")):
            parse_yaml(text, number_keys=True)
        elif path.endswith(".py"):
            compile(text, path, "exec", dont_inherit=True)
    except YamlFault as fault:
        return f"your changes and ours together cannot be read: line {fault.line} {fault.message}"
    except (SyntaxError, ValueError) as error:
        return f"your changes and ours together are no Python: {error}"
    return None
