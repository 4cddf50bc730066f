"""What a stage and the path of a file may be called in dvc.lock and dvc.yaml, and how much of them there may be.

A name is handed to other programs and a path is opened, by whoever works with the repository: neither may look like an
option, lead out of the repository, or name another machine. A positive list, so what is not of the form is refused.
"""

from __future__ import annotations

import re
from typing import Final

MOST_STAGES: Final = 200  # of one model
MOST_FILES: Final = 5_000  # that the stages of one model read, write or take parameters from, in all
_LONGEST_NAME, _LONGEST_PATH = 200, 1_000
_NAME = re.compile(r"\w[\w.-]*(@[\w.][\w.+=,-]*)?\Z")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_PRIVATE = (".git", ".dvc")


def stage_name_fault(name: object) -> str | None:
    """Return why this is no name of a stage (`train`, `train@iris`), None where it is one."""
    if not isinstance(name, str) or len(name) > _LONGEST_NAME or not _NAME.match(name):
        return "is no name of a stage here: letters, digits, _ . and - after the first, and the same after one @"
    return None


def path_fault(path: object) -> str | None:
    """Return why this is no path of a file in the repository, None where it is one."""
    if not isinstance(path, str) or not path:
        return "is no path"
    parts = path.removesuffix("/").split("/")
    faults = (
        (len(path) > _LONGEST_PATH, f"is longer than {_LONGEST_PATH:,} characters"),
        (not path.isprintable(), "has an unprintable character"),
        (path.startswith("-"), "begins with a dash, like an option"),
        (path.startswith("~"), "begins in somebody's home folder"),
        (path.startswith("/"), "is absolute"),
        ("\\" in path, "has a backslash; write forward slashes"),
        ("://" in path or _SCHEME.match(path) is not None, "is an address"),
        (".." in parts, "leads out of its folder"),
        (bool(set(parts) & {"", "."}), "has an empty part, or a dot for one"),
        (parts[0].lower() in _PRIVATE, f"lies in {parts[0]}, which is no place for what a stage reads or writes"),
    )
    return next((fault for is_so, fault in faults if is_so), None)
