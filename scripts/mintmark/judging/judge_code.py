"""The code that judges is the base's (R6): lays it out beside the work tree when what runs now is something else."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from mintmark.registry import git
from mintmark.registry.documents import blob_oid
from mintmark.registry.files import unix_lines
from mintmark.registry.schemas import schema_folder

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PACKAGE, SCHEMAS = "scripts/mintmark", "schemas"
_ENTRY = f"{PACKAGE}/commands/review.py"
_JUDGE = "MINTMARK_JUDGE"


def runs_base_code(root: Path, base: str) -> bool:
    """Whether this very process runs the package and the schemas that the commit `base` holds.

    So it does where `base` holds no package: then the installed one judges, which no proposal can change.
    """
    if os.environ.get(_JUDGE) == base:  # it was laid out for just this
        return True
    wanted = _code(root, base)
    if _ENTRY not in wanted:
        return True
    here = Path(__file__).parent.parent
    ours = {**_digest(here, PACKAGE, "*.py"), **_digest(schema_folder(), SCHEMAS, "*.schema.json")}
    return ours == {path: entry.oid for path, entry in wanted.items()}


def _code(root: Path, base: str) -> dict[str, git.Entry]:
    entries = {**git.list_tree(root, base, PACKAGE), **git.list_tree(root, base, SCHEMAS)}
    return {
        path: entry
        for path, entry in entries.items()
        if entry.mode not in git.NO_FILES and path.endswith((".py", ".schema.json"))
    }


def _digest(folder: Path, prefix: str, pattern: str) -> dict[str, str]:
    return {
        f"{prefix}/{path.relative_to(folder).as_posix()}": blob_oid(unix_lines(path.read_bytes()))
        for path in folder.rglob(pattern)
    }


def run_base_code(root: Path, base: str, folder: Path, arguments: Sequence[str], *, keep: int) -> int:
    """Lay the base's code out in an empty folder, and let it do this command; return its exit code.

    `keep` is an open file that the command inherits: with it, the lock on its code, should this process be killed.
    """
    wanted = _code(root, base)
    content = dict(git.read_blobs(root, {entry.oid for entry in wanted.values()}))
    for path, entry in wanted.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content[entry.oid])
    command = (sys.executable, "-P", "-m", "mintmark.cli", *arguments)
    return subprocess.run(command, env=_environment(folder, base), pass_fds=(keep,), check=False).returncode


def _environment(folder: Path, base: str) -> Mapping[str, str]:
    return {**os.environ, "PYTHONPATH": str(folder / "scripts"), _JUDGE: base}
